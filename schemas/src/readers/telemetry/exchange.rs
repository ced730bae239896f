//! The native format `exchange`: one JSON object an interaction, with the provider's own bodies.
//!
//! Stands first on the path of every gateway that records requests and responses. Only `request` must be
//! there. Fields of a wrong type count as absent and unknown fields are ignored: a record is refused only
//! when it is no JSON. The top level is already split into members; bodies are decoded straight into what
//! is looked for (see [`super::body`]).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Body, Request, read_response};
use super::envelope::{Envelope, text};
use crate::readers::json::refuse_crowds;
use crate::readers::{Context, Object, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `exchange` records.
pub struct Exchange;

impl Reader for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    /// By `request`, whatever body it holds: a provider that nobody has heard of is read too. Okta's events
    /// have a `request` as well, the addresses that a request passed, and are known by what stands beside it.
    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let request = record.field("request").is_some_and(|request| request.get().starts_with('{'));
        request && !record.object.as_ref().is_some_and(is_audit_event)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        refuse_crowds(record.bytes)?;
        let Some(object) = &record.object else {
            return Err(ReadError::new(Reason::MalformedJson, "not a JSON object"));
        };
        let mut fields = Fields::default();
        for (key, value) in object.members() {
            fields.set(key, value).map_err(|error| ReadError::json(&error))?;
        }
        let Some(request) = fields.request.filter(|request| request.get().starts_with('{')) else {
            return Err(ReadError::new(Reason::MissingField, "`request` is absent or no object"));
        };
        let mut body = Body::default();
        let mut request: Request<'_> = parse(request)?;
        request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        if let Some(response) = fields.response {
            read_response(response, &mut body).map_err(|error| ReadError::json(&error))?;
        }
        fields.envelope.publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

/// Members of Okta's events that no exchange has. Whatever the Okta reader recognises has two of them.
const AUDIT_KEYS: [&str; 8] = [
    "actor",
    "debugContext",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "securityContext",
];

/// Whether two of [`AUDIT_KEYS`] are there, in any case since lakes lower them. One alone may be a field that
/// an application adds to its exchanges.
fn is_audit_event(object: &Object<'_>) -> bool {
    let present = |key: &&&str| object.keys().any(|name| name.eq_ignore_ascii_case(key));
    AUDIT_KEYS.iter().filter(present).nth(1).is_some()
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, ReadError> {
    serde_json::from_str(raw.get()).map_err(|error| ReadError::json(&error))
}

/// The members of the record, of repeated ones the last.
#[derive(Default)]
struct Fields<'a> {
    envelope: Envelope<'a>,
    request: Option<&'a RawValue>,
    response: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    fn set(&mut self, key: &str, value: &'a RawValue) -> Result<(), serde_json::Error> {
        let envelope = &mut self.envelope;
        match key {
            "id" => envelope.id = text(value)?,
            "time" => envelope.time = text(value)?,
            "tenant" => envelope.tenant = text(value)?,
            "application" => envelope.application = text(value)?,
            "conversation_id" => envelope.conversation_id = text(value)?,
            "traceparent" => envelope.traceparent = text(value)?,
            "user" => envelope.user = serde_json::from_str(value.get())?,
            "source_ip" => envelope.source_ip = text(value)?,
            "user_agent" => envelope.user_agent = text(value)?,
            "headers" => envelope.headers = serde_json::from_str(value.get())?,
            "api_key_id" => envelope.api_key_id = text(value)?,
            "agent" => envelope.agent = serde_json::from_str(value.get())?,
            "session_id" => envelope.session_id = text(value)?,
            "device" => envelope.device = serde_json::from_str(value.get())?,
            "provider" => envelope.provider = text(value)?,
            "model" => envelope.model = text(value)?,
            "request" => self.request = Some(value),
            "response" => self.response = Some(value),
            _ => {}
        }
        Ok(())
    }
}
