//! Records without a time of their own: their envelopes say when they were written, and tell those apart that are alike.
#![cfg(test)]

mod telemetry_support;

use schemas::signal::Flag;
use serde_json::{Value, json};
use telemetry_support::read_one;

const BODY: &str = r#"{"model":"gpt-5","messages":[{"role":"user","content":"Hi"}]}"#;

/// 2026-05-01T11:58:00Z, two minutes before the broker's time.
const MILLIS: i64 = 1_777_636_680_000;

/// [`BODY`] in envelopes that say when it was written.
fn envelopes() -> Vec<(&'static str, String)> {
    let rfc3339 = "2026-05-01T11:58:00Z";
    let body: Value = serde_json::from_str(BODY).expect("JSON");
    [
        ("splunk", json!({"time": 1_777_636_680.0, "sourcetype": "ai", "event": body})),
        ("docker", json!({"log": BODY, "stream": "stdout", "time": rfc3339})),
        ("filebeat", json!({"@timestamp": rfc3339, "message": BODY})),
        ("fluent bit", json!({"date": 1_777_636_680.0, "log": BODY})),
        ("journal", json!({"__REALTIME_TIMESTAMP": "1777636680000000", "MESSAGE": BODY})),
        ("cloud logging", json!({"insertId": "a", "logName": "b", "timestamp": rfc3339, "jsonPayload": body})),
        ("event bridge", json!({"detail-type": "AI", "time": rfc3339, "detail": body})),
        ("cloud event", json!({"specversion": "1.0", "time": rfc3339, "data": body})),
        ("notification", json!({"Type": "Notification", "Timestamp": rfc3339, "Message": BODY})),
        ("queue", json!({"messageId": "a", "body": BODY, "attributes": {"SentTimestamp": "1777636680000"}})),
        ("cloudwatch", json!({"logGroup": "a", "logEvents": [{"id": "1", "timestamp": MILLIS, "message": BODY}]})),
        (
            "collector",
            json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
                {"timeUnixNano": "1777636680000000000", "body": {"stringValue": BODY}}]}]}]}),
        ),
    ]
    .into_iter()
    .map(|(name, envelope)| (name, envelope.to_string()))
    .chain([
        ("RFC 5424", format!("<14>1 2026-05-01T11:58:00Z host app - - - {BODY}")),
        ("relay", format!("2026-05-01T11:58:00+00:00 host app: {BODY}")),
    ])
    .collect()
}

#[test]
fn the_envelopes_time_counts_where_the_record_has_none() {
    for (name, envelope) in envelopes() {
        let read = read_one(envelope.as_bytes());
        assert_eq!(read.time.millis(), MILLIS, "{name}");
        assert_eq!(read.flags, [Flag::DerivedId], "{name}");
    }
}

#[test]
fn what_is_said_twice_is_two_interactions_and_what_is_delivered_twice_one() {
    let line = |time: &str| read_one(json!({"log": BODY, "stream": "stdout", "time": time}).to_string().as_bytes()).id;
    assert_eq!(line("2026-05-01T11:58:00Z"), line("2026-05-01T11:58:00.000Z"));
    assert_ne!(line("2026-05-01T11:58:00Z"), line("2026-05-01T11:58:01Z"));
    let dated = BODY.replace("{\"model\"", "{\"time\":\"2026-05-01T11:00:00Z\",\"model\"");
    let line = |time: &str| read_one(json!({"log": dated, "time": time}).to_string().as_bytes());
    assert_eq!(line("2026-05-01T11:58:00Z").id, line("2026-05-01T11:58:01Z").id);
    assert_eq!(line("2026-05-01T11:58:00Z").time.millis(), MILLIS - 58 * 60 * 1000);
}

#[test]
fn an_envelopes_time_is_held_to_the_brokers_clock() {
    let line = |time: Value| read_one(json!({"log": BODY, "time": time}).to_string().as_bytes()).flags;
    assert_eq!(line(json!("2031-01-01T00:00:00Z")), [Flag::DerivedId, Flag::FutureTime]);
    for unknown in [json!("soon"), json!(0), json!(5), json!(null), json!({"at": 1})] {
        assert_eq!(line(unknown.clone()), [Flag::DerivedId, Flag::BrokerTime], "{unknown}");
    }
}

#[test]
fn the_nearest_envelope_that_says_a_time_counts() {
    let inner = json!({"log": BODY, "time": "2026-05-01T11:58:00Z"}).to_string();
    let outer = |inner: &str| json!({"@timestamp": "2026-05-01T11:59:00Z", "message": inner}).to_string();
    assert_eq!(read_one(outer(&inner).as_bytes()).time.millis(), MILLIS);
    let silent = json!({"log": BODY}).to_string();
    assert_eq!(read_one(outer(&silent).as_bytes()).time.millis(), MILLIS + 60_000);
}

#[test]
fn a_shippers_time_counts_among_the_members_of_the_record_too() {
    for member in ["@timestamp", "_time", "date", "ts", "request_time"] {
        let mut record: Value = serde_json::from_str(BODY).expect("JSON");
        record[member] = json!("2026-05-01T11:58:00Z");
        assert_eq!(read_one(record.to_string().as_bytes()).time.millis(), MILLIS, "{member}");
    }
}
