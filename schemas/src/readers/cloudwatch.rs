//! CloudWatch Logs on their way to somewhere else: the envelope of subscription filters, and its compressed form.
//!
//! Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html. Each event's message is a
//! record of its own, whatever service wrote it: Bedrock's invocations and CloudTrail's events travel like this.
//! Firehose hands the envelope on as JSON; a function gets it in `awslogs.data`, compressed with gzip, as base64.

use std::borrow::Cow;

use serde::Deserialize;

use super::Carried;
use super::budget::Budget;
use super::error::{ReadError, Reason};
use super::json::{Json, Object, Top, elements, refuse_crowds, top_level};
use crate::time::Timestamp;

/// The members of the envelope, and of what wraps it.
pub(super) const KEYS: [&str; 7] =
    ["awslogs", "logEvents", "logGroup", "logStream", "messageType", "owner", "subscriptionFilters"];

/// What wraps the envelope for a function.
#[derive(Deserialize)]
struct Compressed<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// The records in the envelope `object`; `None` where it is none. A control message holds none.
///
/// # Errors
/// When the envelope cannot be opened, or holds more than `budget` allows.
pub(super) fn open(object: &Object<'_>, budget: &Budget) -> Option<Result<Vec<Carried>, ReadError>> {
    let values_max = budget.limits().values_max;
    if let Some(wrapped) = object.get("awslogs") {
        return Some(inflate(wrapped, budget).and_then(|json| match top_level(json.as_bytes())? {
            Top::Object(object) => messages(&object, values_max),
            Top::Array(_) => Err(ReadError::new(Reason::InvalidField, "`awslogs.data` holds an array")),
        }));
    }
    let known = object.get("logEvents").is_some() && object.get("logGroup").is_some();
    known.then(|| messages(object, values_max))
}

/// What the events say. One without a message stands for itself, to be rejected like any other record.
fn messages(object: &Object<'_>, values_max: usize) -> Result<Vec<Carried>, ReadError> {
    if object.get("messageType").is_some_and(|kind| kind.get() == "\"CONTROL_MESSAGE\"") {
        return Ok(Vec::new());
    }
    let events = object.get("logEvents").map_or("[]", Json::get);
    refuse_crowds(events.as_bytes(), values_max)?;
    let events: Vec<Json<'_>> = elements(events).map_err(|error| ReadError::json(&error))?;
    let known = |event: Json<'_>| match top_level(event.get().as_bytes()) {
        Ok(Top::Object(event)) => {
            let written = event.get("timestamp").and_then(|time| Timestamp::parse(time.get()));
            Some(Carried { text: serde_json::from_str(event.get("message")?.get()).ok()?, written })
        }
        _ => None,
    };
    Ok(events
        .into_iter()
        .map(|event| known(event).unwrap_or_else(|| Carried { text: event.get().to_owned(), written: None }))
        .collect())
}

fn inflate(wrapped: Json<'_>, budget: &Budget) -> Result<String, ReadError> {
    let wrapped: Compressed<'_> = serde_json::from_str(wrapped.get()).map_err(|error| ReadError::json(&error))?;
    budget
        .inflated(&wrapped.data)
        .map_err(|error| ReadError { message: format!("`awslogs.data` {}", error.message), ..error })
}
