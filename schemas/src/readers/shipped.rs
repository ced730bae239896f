//! What log shippers, queues and event buses put around a record of somebody else's.
//!
//! An envelope either holds the record as a member of its own or has it written out as a text: in JSON, as a line of
//! syslog around JSON, as the XML of a Windows event, or any of these in base64. [`ENVELOPES`] lists them in the order
//! in which they are looked for. Only one level is opened here: how many may lie in each other, and what stands within,
//! is decided by `opening`, and an envelope is looked for only where no reader knows the record itself, so that no
//! entry here can take a record from a reader.

use std::borrow::Cow;

use super::budget::Budget;
use super::json::{self, Json, Object};
use super::value::{Key, Members, Value};
use super::{syslog, windows_xml};
use crate::time::Timestamp;

/// One kind of envelope.
struct Envelope {
    /// The member that holds the record.
    member: Key,
    /// The member within that one which holds it, where it lies one step further in.
    inner: Option<&'static str>,
    holds: Holds,
}

impl Envelope {
    const fn new(member: &'static str, holds: Holds) -> Self {
        Self { member: Key::new(member), inner: None, holds }
    }

    const fn within(member: &'static str, inner: &'static str, holds: Holds) -> Self {
        Self { member: Key::new(member), inner: Some(inner), holds }
    }
}

/// How the record stands in its envelope.
enum Holds {
    /// As an object beside one of these members.
    ObjectBeside(&'static [&'static str]),
    /// As an object beside nothing but these members.
    ObjectAmong(&'static [&'static str]),
    /// Written out as a text.
    Text,
    /// Written out as a text, and that in base64, beside one of these members.
    EncodedBeside(&'static [&'static str]),
    /// The same with nothing beside it.
    EncodedAlone,
}

/// Splunk's HTTP Event Collector: what may stand beside `event`.
/// Source: help.splunk.com, "Format events for HTTP Event Collector".
const COLLECTOR: &[&str] = &["event", "fields", "host", "index", "source", "sourcetype", "time"];

/// CloudEvents, in its own words, in those of Okta's event hooks, and in those of Azure Event Grid's schema.
/// What is no JSON stands in `data_base64`.
/// Source: cloudevents.io, JSON event format 1.0; developer.okta.com/docs/concepts/event-hooks;
/// learn.microsoft.com/azure/event-grid/event-schema.
const CLOUD_EVENTS: &[&str] = &["cloudEventsVersion", "dataVersion", "specversion"];

/// Kafka Connect's JsonConverter with schemas, which is its default. Source: kafka.apache.org, JsonConverter.
const CONNECT: &[&str] = &["payload", "schema"];

/// What Elasticsearch tells of a document that it gives. Source: elastic.co, search API.
const HIT: &[&str] = &["_id", "_index"];

/// What Splunk tells of a result that it exports or alerts with. Source: help.splunk.com, search/v2/jobs/export and
/// webhook alert actions.
const RESULT: &[&str] = &["lastrow", "preview", "search_name", "sid"];

/// An entry of Google Cloud Logging. Source: docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry.
const LOG_ENTRY: &[&str] = &["insertId", "logName"];

/// A record of Amazon Kinesis or Firehose, as a function gets it.
/// Source: docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and firehose/latest/dev/data-transformation.html.
const STREAMED: &[&str] = &["approximateArrivalTimestamp", "eventSource", "kinesisRecordMetadata", "recordId"];

/// A message of Azure Event Hubs, as its capture keeps it. Source: learn.microsoft.com, Event Hubs Capture.
const CAPTURED: &[&str] = &["EnqueuedTimeUtc"];

/// A message that Google Pub/Sub pushes, or one of those that are pulled, and the message within by itself.
/// Source: docs.cloud.google.com/pubsub/docs/push and reference/rest/v1/PubsubMessage.
const PUSHED: &[&str] = &["ackId", "subscription"];
const PUBLISHED: &[&str] = &["message_id", "messageId", "publishTime", "publish_time"];

/// Every envelope. Objects come before texts, since what they hold may have texts too.
const ENVELOPES: &[Envelope] = &[
    Envelope::new("detail", Holds::ObjectBeside(&["detail-type"])),
    Envelope::new("data", Holds::ObjectBeside(CLOUD_EVENTS)),
    Envelope::new("event", Holds::ObjectAmong(COLLECTOR)),
    Envelope::new("payload", Holds::ObjectAmong(CONNECT)),
    Envelope::new("_source", Holds::ObjectBeside(HIT)),
    Envelope::new("result", Holds::ObjectBeside(RESULT)),
    Envelope::new("jsonPayload", Holds::ObjectBeside(LOG_ENTRY)),
    // Filebeat's parser of JSON, where it is told a place.
    Envelope::new("json", Holds::ObjectBeside(&["@timestamp", "agent", "ecs", "input", "log"])),
    Envelope::new("event", Holds::Text),
    // Filebeat, Elastic Agent and Logstash; the original comes before a message that a pipeline may have rewritten.
    Envelope::within("event", "original", Holds::Text),
    Envelope::new("event.original", Holds::Text),
    Envelope::new("message", Holds::Text),
    // The journal of systemd, and syslog-ng's JSON.
    Envelope::new("MESSAGE", Holds::Text),
    // Splunk's own exports, and Cribl.
    Envelope::new("_raw", Holds::Text),
    // Fluent Bit and Docker.
    Envelope::new("log", Holds::Text),
    // Notifications of Amazon SNS, alone and as a function gets them, and messages of Amazon SQS.
    Envelope::new("Message", Holds::Text),
    Envelope::within("Sns", "Message", Holds::Text),
    Envelope::new("body", Holds::Text),
    Envelope::new("payload", Holds::Text),
    Envelope::new("textPayload", Holds::Text),
    // Graylog (GELF): the short message is the one that has to be there.
    Envelope::new("full_message", Holds::Text),
    Envelope::new("short_message", Holds::Text),
    Envelope::new("Body", Holds::Text),
    // CloudTrail's event history: docs.aws.amazon.com/awscloudtrail, LookupEvents.
    Envelope::new("CloudTrailEvent", Holds::Text),
    Envelope::new("Body", Holds::EncodedBeside(CAPTURED)),
    Envelope::new("data", Holds::EncodedBeside(STREAMED)),
    // Kinesis' GetRecords.
    Envelope::new("Data", Holds::EncodedBeside(&["PartitionKey", "SequenceNumber"])),
    // Firehose's request to an endpoint of HTTP: docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html.
    Envelope::new("data", Holds::EncodedAlone),
    Envelope::within("kinesis", "data", Holds::EncodedBeside(STREAMED)),
    Envelope::new("data_base64", Holds::EncodedBeside(CLOUD_EVENTS)),
    Envelope::within("message", "data", Holds::EncodedBeside(PUSHED)),
    Envelope::new("data", Holds::EncodedBeside(PUBLISHED)),
];

/// Where envelopes say when what they hold was written, by the names that their sources give above; the journal of
/// systemd has microseconds (systemd.journal-fields), OpenTelemetry's and Kinesis' numbers show their unit in their size.
const TIMES: [&str; 24] = [
    "@timestamp",
    "timestamp",
    "time",
    "_time",
    "date",
    "Timestamp",
    "eventTime",
    "EventTime",
    "receiveTimestamp",
    "__REALTIME_TIMESTAMP",
    "publishTime",
    "publish_time",
    "EnqueuedTimeUtc",
    "ApproximateArrivalTimestamp",
    "approximateArrivalTimestamp",
    "ISODATE",
    "SentTimestamp",
    // What loggers and databases write beside a record that has no time of its own.
    "@t",
    "createdAt",
    "datetime",
    "request_time",
    "startTime",
    "started_at",
    "ts",
];

/// The members of envelopes in which the record and its time lie one step further in.
const WITHIN: [&str; 5] = ["message", "Sns", "kinesis", "kinesisRecordMetadata", "attributes"];

/// 2000-01-01, before which no log was shipped: what is less counts something else.
const EARLIEST_MILLIS: i64 = 946_684_800_000;

/// When an envelope says that what it holds was written.
pub(super) fn time_of(object: &Object<'_>) -> Option<Timestamp> {
    let time = |value: Json<'_>| {
        let text = value.get().trim_matches('"');
        Timestamp::parse(text).filter(|time| time.millis() > EARLIEST_MILLIS)
    };
    let own = || TIMES.iter().find_map(|name| object.get(name).and_then(time));
    let inner = || {
        let objects = WITHIN.iter().filter_map(|name| object.get(name).filter(|value| value.get().starts_with('{')));
        objects.into_iter().find_map(|value| {
            let members: Members<'_, Json<'_>> = serde_json::from_str(value.get()).ok()?;
            TIMES.iter().find_map(|name| members.get(name).copied().and_then(time))
        })
    };
    own().or_else(inner)
}

/// What was in an envelope.
pub(super) struct Shipped<'a> {
    /// The member that holds it, for people.
    pub(super) member: Cow<'static, str>,
    /// The record, or several.
    pub(super) text: Cow<'a, str>,
}

/// What `object` holds, where it is an envelope. What is compressed inflates within `budget`.
pub(super) fn open<'a>(object: &Object<'a>, budget: &Budget) -> Option<Shipped<'a>> {
    ENVELOPES.iter().find_map(|envelope| {
        let member = object.get_key(envelope.member)?;
        let member = envelope.inner.map_or(Some(member), |inner| json::member(member, inner))?;
        let beside = |keys: &[&str]| keys.iter().any(|key| object.get(key).is_some());
        let as_object = || member.get().starts_with('{').then_some(Cow::Borrowed(member.get()));
        let text = match envelope.holds {
            Holds::ObjectBeside(keys) => as_object().filter(|_| beside(keys)),
            Holds::ObjectAmong(keys) => as_object().filter(|_| object.keys().all(|key| keys.contains(&key))),
            Holds::Text => written_out(member.get()).map(Cow::Owned),
            Holds::EncodedBeside(keys) => beside(keys).then(|| decoded(member, budget)).flatten().map(Cow::Owned),
            Holds::EncodedAlone => {
                (object.keys().count() == 1).then(|| decoded(member, budget)).flatten().map(Cow::Owned)
            }
        }?;
        let path = envelope.inner.map(|inner| Cow::Owned(format!("{}.{inner}", envelope.member.name)));
        Some(Shipped { member: path.unwrap_or(Cow::Borrowed(envelope.member.name)), text })
    })
}

/// The record in a member that is a text; its JSON is given.
pub(super) fn written_out(json: &str) -> Option<String> {
    // Most messages are prose, which is not worth decoding; an escape may stand for anything.
    let may_begin = |text: &str| {
        text.trim_start().starts_with(['{', '[', '<', '\\', '\u{feff}'])
            || text.contains('{') && syslog::may_begin(text)
    };
    if !json.strip_prefix('"').is_some_and(may_begin) {
        return None;
    }
    cut_out(serde_json::from_str(json).ok()?)
}

/// The record in a member that is a text in base64.
fn decoded(member: Json<'_>, budget: &Budget) -> Option<String> {
    let text: Cow<'_, str> = serde_json::from_str(member.get()).ok()?;
    cut_out(budget.text(&text).ok()?)
}

/// The record that may be all of `text`, or the message in it where that is a line of syslog: its end in either case.
pub(in crate::readers) fn record_in(text: &str) -> Option<&str> {
    if is_document(text) { Some(text) } else { syslog::object(text) }
}

/// The same of a text that nobody else needs.
fn cut_out(mut text: String) -> Option<String> {
    let before = text.len() - record_in(&text)?.len();
    Some(if before == 0 { text } else { text.split_off(before) })
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
    let beside = |keys: &[&str]| keys.iter().any(|key| members.get(key).is_some());
    ENVELOPES.iter().any(|envelope| {
        let member = match (members.get_key(envelope.member), envelope.inner) {
            (Some(Value::Object(within)), Some(inner)) => within.get(inner),
            (_, Some(_)) => None,
            (member, None) => member,
        };
        match (member, &envelope.holds) {
            (Some(Value::Object(_)), Holds::ObjectBeside(keys)) => beside(keys),
            (Some(Value::Object(_)), Holds::ObjectAmong(keys)) => members.iter().all(|(key, _)| keys.contains(&key)),
            (Some(Value::String(text)), Holds::Text) => record_in(text).is_some(),
            (Some(Value::String(_)), Holds::EncodedBeside(keys)) => beside(keys),
            (Some(Value::String(_)), Holds::EncodedAlone) => members.iter().count() == 1,
            _ => false,
        }
    })
}
