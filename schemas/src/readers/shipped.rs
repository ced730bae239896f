//! What log shippers and event buses put around a record of somebody else's.
//!
//! An envelope either holds the record as a member of its own or has it written out as a text, in JSON or as the XML
//! of a Windows event. [`ENVELOPES`] lists them in the order in which they are looked for. Only one level is
//! opened here: how many may lie in each other, and what stands within, is decided by `opening`, and an envelope is
//! looked for only where no reader knows the record itself, so that no entry here can take a record from a reader.

use std::borrow::Cow;

use super::json::{Json, Object};
use super::value::{Members, Value};
use super::windows_xml;

/// One kind of envelope.
struct Envelope {
    /// The member that holds the record, and the member within it after a dot; a shipper may also write both as one
    /// name.
    path: &'static str,
    holds: Holds,
}

/// How the record stands in its envelope.
enum Holds {
    /// As an object beside one of these members.
    ObjectBeside(&'static [&'static str]),
    /// As an object beside nothing but these members.
    ObjectAmong(&'static [&'static str]),
    /// Written out as a text.
    Text,
}

/// Splunk's HTTP Event Collector: what may stand beside `event`.
/// Source: help.splunk.com, "Format events for HTTP Event Collector".
const COLLECTOR: &[&str] = &["event", "fields", "host", "index", "source", "sourcetype", "time"];

/// CloudEvents, in its own words and in those of Okta's event hooks.
/// Source: cloudevents.io, JSON event format 1.0; developer.okta.com/docs/concepts/event-hooks.
const CLOUD_EVENTS: &[&str] = &["cloudEventsVersion", "specversion"];

/// Every envelope. Amazon EventBridge and CloudEvents come before texts, since what they hold may have texts too.
const ENVELOPES: &[Envelope] = &[
    Envelope { path: "detail", holds: Holds::ObjectBeside(&["detail-type"]) },
    Envelope { path: "data", holds: Holds::ObjectBeside(CLOUD_EVENTS) },
    Envelope { path: "event", holds: Holds::ObjectAmong(COLLECTOR) },
    Envelope { path: "event", holds: Holds::Text },
    // Filebeat, Elastic Agent and Logstash; the original comes before a message that a pipeline may have rewritten.
    Envelope { path: "event.original", holds: Holds::Text },
    Envelope { path: "message", holds: Holds::Text },
    // Splunk's own exports, and Cribl.
    Envelope { path: "_raw", holds: Holds::Text },
    // Fluent Bit and Docker.
    Envelope { path: "log", holds: Holds::Text },
    // Filebeat's parser of JSON, where it is told a place.
    Envelope { path: "json", holds: Holds::ObjectBeside(&["@timestamp", "agent", "ecs", "input", "log"]) },
    // Notifications of Amazon SNS.
    Envelope { path: "Message", holds: Holds::Text },
];

/// What was in an envelope.
pub(super) struct Shipped<'a> {
    /// The member that holds it, for people.
    pub(super) member: &'static str,
    /// The record, or several.
    pub(super) text: Cow<'a, str>,
}

/// What `object` holds, where it is an envelope.
pub(super) fn open<'a>(object: &Object<'a>) -> Option<Shipped<'a>> {
    ENVELOPES.iter().find_map(|envelope| {
        let member = object.get(envelope.path).or_else(|| within(object, envelope.path))?;
        let fits = match envelope.holds {
            Holds::ObjectBeside(keys) => keys.iter().any(|key| object.get(key).is_some()),
            Holds::ObjectAmong(keys) => object.keys().all(|key| keys.contains(&key)),
            Holds::Text => return written_out(member).map(|text| Shipped { member: envelope.path, text }),
        };
        let is_record = fits && member.get().starts_with('{');
        is_record.then_some(Shipped { member: envelope.path, text: Cow::Borrowed(member.get()) })
    })
}

/// The member behind a `path` of two steps.
fn within<'a>(object: &Object<'a>, path: &str) -> Option<Json<'a>> {
    let (outer, inner) = path.split_once('.')?;
    let members: Members<'a, Json<'a>> = serde_json::from_str(object.get(outer)?.get()).ok()?;
    members.get(inner).copied()
}

/// The record in a member that is a text.
fn written_out(member: Json<'_>) -> Option<Cow<'_, str>> {
    // Most messages are prose, which is not worth decoding; an escape may stand for anything.
    let may_begin = |text: &str| text.trim_start().starts_with(['{', '[', '<', '\\', '\u{feff}']);
    if !member.get().strip_prefix('"').is_some_and(may_begin) {
        return None;
    }
    let text: String = serde_json::from_str(member.get()).ok()?;
    is_document(&text).then_some(Cow::Owned(text))
}

/// Whether a text may be a record that somebody wrote out. Prose likes to begin with a bracket as well.
fn is_document(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let array = text.strip_prefix('[').is_some_and(|elements| elements.trim_start().starts_with('{'));
    array || text.starts_with('{') || windows_xml::begins(text)
}

/// Whether a decoded record has the shape of an envelope, at the cost of looking up a few names: what is asked of each
/// record for a reader that is told its format, before the reader takes it for its own.
pub(super) fn is_envelope(record: &Value<'_>) -> bool {
    let Value::Object(members) = record else { return false };
    ENVELOPES.iter().any(|envelope| match (members.get(envelope.path), &envelope.holds) {
        (Some(Value::Object(_)), Holds::ObjectBeside(keys)) => keys.iter().any(|key| members.get(key).is_some()),
        (Some(Value::Object(_)), Holds::ObjectAmong(keys)) => members.iter().all(|(key, _)| keys.contains(&key)),
        (None, Holds::Text) => envelope.path.split_once('.').is_some_and(|(outer, inner)| {
            let inner = match members.get(outer) {
                Some(Value::Object(members)) => members.get(inner),
                _ => None,
            };
            matches!(inner, Some(Value::String(text)) if is_document(text))
        }),
        (Some(Value::String(text)), Holds::Text) => is_document(text),
        _ => false,
    })
}
