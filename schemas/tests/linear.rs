//! What reading costs grows with the size of a message and no faster: four times the messages, spans, records or things
//! take four times the allocations and four times the bytes allocated, with some room for what doubles as it grows.
//!
//! Counted, not timed, so that the outcome is the same on every machine. A comparison of each with each that allocates
//! nothing does not show here; those are bounded by the constants at their loops.
#![cfg(test)]

mod telemetry_support;

use allocation_counter::{AllocationInfo, measure};
use serde_json::{Value, json};
use telemetry_support::read;

/// How often a small message of a shape has its part, and how often a large one.
const SMALL: usize = 1_000;
const LARGE: usize = 4 * SMALL;

fn cost(message: &str) -> (AllocationInfo, usize) {
    let mut things = 0;
    let info = measure(|| {
        let out = read(message.as_bytes()).expect("sound");
        assert!(out.rejected.is_empty(), "{:?}", out.rejected.first());
        things = out.inputs.len();
    });
    (info, things)
}

/// Holds the cost of `message(LARGE)` against that of `message(SMALL)`.
fn assert_linear(about: &str, message: impl Fn(usize) -> String) {
    let ((small, few), (large, many)) = (cost(&message(SMALL)), cost(&message(LARGE)));
    assert!(few > 0 && many >= few, "{about}: {few} and {many} inputs");
    for (what, small, large) in [
        ("allocations", small.count_total, large.count_total),
        ("bytes allocated", small.bytes_total, large.bytes_total),
    ] {
        assert!(2 * large <= 9 * small, "{about}: {small} {what} for {SMALL}, {large} for {LARGE}");
    }
}

fn repeated(count: usize, part: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(part).collect()
}

fn okta(at: usize) -> Value {
    json!({"uuid": format!("okta-{at}"), "published": "2026-05-01T12:00:01Z", "eventType": "user.session.start",
        "displayMessage": "Login", "actor": {"id": format!("00u{at}"), "type": "User", "alternateId": "eve@contoso.example"}})
}

fn alert_row(at: usize) -> Value {
    json!({"category": "AdvancedHunting-AlertEvidence", "time": "2026-05-01T12:00:09Z", "properties": {
        "AlertId": format!("da{}", at % 7), "Timestamp": "2026-05-01T12:00:00Z", "EntityType": "Ip", "RemoteIP": format!("2001:db8::{at:x}")}})
}

fn span(at: usize) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let messages = r#"[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]"#;
    json!({"traceId": "5b8efff798038103d269b633813fc60c", "spanId": format!("{:016x}", at + 1),
        "parentSpanId": format!("{at:016x}"), "name": "chat", "startTimeUnixNano": "1777636800000000000",
        "attributes": [text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
            text("gen_ai.input.messages", messages)]})
}

#[test]
fn messages_of_an_interaction() {
    assert_linear("messages", |count| {
        let messages = repeated(count, |at| json!({"role": "user", "content": format!("Message {at}")}));
        json!({"id": "i-1", "request": {"messages": messages}}).to_string()
    });
}

#[test]
fn spans_of_a_request() {
    assert_linear("spans", |count| {
        json!({"resourceSpans": [{"scopeSpans": [{"spans": repeated(count, span)}]}]}).to_string()
    });
}

#[test]
fn records_of_a_collection() {
    assert_linear("records", |count| json!({"records": repeated(count, okta)}).to_string());
    assert_linear("rows of alerts", |count| json!({"records": repeated(count, alert_row)}).to_string());
    assert_linear("objects in a row", |count| repeated(count, okta).iter().map(Value::to_string).collect());
    assert_linear("messages of CloudWatch", |count| {
        let events = repeated(count, |at| json!({"message": okta(at).to_string()}));
        json!({"logGroup": "g", "logEvents": events}).to_string()
    });
    assert_linear("events in XML", |count| {
        let event = |at| format!("<Event><System><EventID>1</EventID><Computer>ws{at}</Computer></System></Event>");
        format!("<Events>{}</Events>", (0..count).map(event).collect::<String>())
    });
}

#[test]
fn things_of_a_record() {
    assert_linear("evidence", |count| {
        let evidence =
            repeated(count, |at| json!({"@odata.type": "ipEvidence", "ipAddress": format!("2001:db8::{at:x}")}));
        json!({"id": "da1", "title": "T", "serviceSource": "x", "createdDateTime": "2026-05-01T12:00:00Z", "evidence": evidence})
            .to_string()
    });
    assert_linear("members", |count| {
        let mut record = okta(1);
        (0..count).for_each(|at| record[format!("unknown{at}")] = json!(at));
        record.to_string()
    });
}
