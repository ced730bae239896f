//! What each output record looks like on Kafka: topic, key, headers.
//!
//! Headers are CloudEvents 1.0 in the Kafka binding's binary mode, plus `traceparent` where the
//! application's telemetry carried one. Records of SIEM topics are plain JSON without a magic byte.

use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use schemas::readers::ReadError;

use super::transaction::{SendError, Transactions};
use crate::config::Config;
use crate::dead_letter;

/// The names of Weir's own topics.
#[derive(Clone, Debug)]
pub struct Topics {
    /// Annotated interactions.
    pub annotated: String,
    /// Alerts, for the SIEM.
    pub alerts: String,
    /// What the correlator joins.
    pub signals: String,
    /// Every revision of every incident, for the SIEM.
    pub incidents: String,
    /// The newest revision of each incident.
    pub latest: String,
    /// What could not be read.
    pub dead_letters: String,
}

impl Topics {
    /// The names under the configured prefix.
    pub fn new(config: &Config) -> Self {
        Self {
            annotated: config.topic("annotated"),
            alerts: config.topic("alerts"),
            signals: config.topic("signals"),
            incidents: config.topic("incidents"),
            latest: config.topic("incidents.latest"),
            dead_letters: config.topic("dead-letters"),
        }
    }
}

/// What a record is, in CloudEvents' terms.
pub struct Event<'a> {
    /// `ce_id`: unique for the type.
    pub id: &'a str,
    /// `ce_type`.
    pub kind: &'static str,
    /// `ce_source`: the stage.
    pub source: &'static str,
    /// `ce_time`, RFC 3339.
    pub time: &'a str,
    /// `content-type`.
    pub content_type: &'static str,
    /// `traceparent`.
    pub traceparent: Option<&'a str>,
}

/// Avro in single-object encoding.
pub const AVRO: &str = "avro/binary";
/// One JSON object.
pub const JSON: &str = "application/json";

impl Event<'_> {
    fn headers(&self) -> OwnedHeaders {
        let headers = OwnedHeaders::new_with_capacity(7)
            .insert(header("ce_specversion", "1.0"))
            .insert(header("ce_id", self.id))
            .insert(header("ce_type", self.kind))
            .insert(header("ce_source", self.source))
            .insert(header("ce_time", self.time))
            .insert(header("content-type", self.content_type));
        match self.traceparent {
            Some(traceparent) => headers.insert(header("traceparent", traceparent)),
            None => headers,
        }
    }
}

fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a [u8]> {
    Header { key, value: Some(value.as_bytes()) }
}

/// Sends `payload` as `event` to `topic`.
///
/// # Errors
/// [`SendError`]; [`SendError::TooLarge`] is the record's own fault.
pub fn send(output: &Transactions, topic: &str, key: &str, payload: &[u8], event: &Event<'_>) -> Result<(), SendError> {
    output.send(BaseRecord::to(topic).key(key.as_bytes()).payload(payload).headers(event.headers()))
}

/// The most bytes of a source key that a dead letter keeps.
const DEAD_LETTER_KEY_BYTES_MAX: usize = 4096;

/// Sends the original of `message`, or the part `bytes` of it, to the dead letters. What is too long is cut,
/// with its length in a header, so that the dead letter itself can always be sent.
///
/// # Errors
/// [`SendError`].
pub fn dead_letter(
    output: &Transactions,
    topic: &str,
    message: &BorrowedMessage<'_>,
    bytes: &[u8],
    error: (&str, &str),
    stage: &'static str,
    bytes_max: usize,
) -> Result<(), SendError> {
    let value = dead_letter::kept(bytes, bytes_max);
    let key = message.key().map(|key| dead_letter::kept(key, DEAD_LETTER_KEY_BYTES_MAX));
    let key_len = message.key().map_or(0, <[u8]>::len);
    let (partition, offset) = (message.partition().to_string(), message.offset().to_string());
    let (original, original_key) = (bytes.len().to_string(), key_len.to_string());
    let mut headers = OwnedHeaders::new_with_capacity(8)
        .insert(header("source_topic", message.topic()))
        .insert(header("source_partition", &partition))
        .insert(header("source_offset", &offset))
        .insert(header("stage", stage))
        .insert(header("reason", error.0))
        .insert(header("message", error.1));
    if value.len() < bytes.len() {
        headers = headers.insert(header("original_bytes", &original));
    }
    if key.map_or(0, <[u8]>::len) < key_len {
        headers = headers.insert(header("original_key_bytes", &original_key));
    }
    let record = BaseRecord::to(topic).payload(value).headers(headers);
    output.send(match key {
        Some(key) => record.key(key),
        None => record,
    })
}

/// The text of the header `name`; the last where it repeats.
pub fn header_text<'a>(headers: Option<&'a BorrowedHeaders>, name: &str) -> Option<&'a str> {
    let header = headers?.iter().filter(|header| header.key == name).last()?;
    std::str::from_utf8(header.value?).ok()
}

/// Reason and message of `error`, as headers carry them.
pub fn reason(error: &ReadError) -> (&str, &str) {
    (error.reason.code(), &error.message)
}
