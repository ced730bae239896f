//! A protobuf message as OTLP's JSON: for people who want to see what is in it by name.
//!
//! Only what the reader of spans and logs could look at: resources, scopes, spans, log records, events, attributes.

use opentelemetry_proto::tonic::common::v1::any_value::Value as ProtoValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use serde_json::{Value, json};

/// The traces as JSON.
pub(super) fn traces(data: &TracesData) -> Value {
    let scope = |scope: &opentelemetry_proto::tonic::trace::v1::ScopeSpans| json!({"scope": scope.scope.as_ref().map(named), "spans": scope.spans.iter().map(span).collect::<Vec<_>>()});
    let resources = data.resource_spans.iter().map(|spans| {
        let scopes: Vec<_> = spans.scope_spans.iter().map(scope).collect();
        json!({"resource": spans.resource.as_ref().map(resource), "scopeSpans": scopes})
    });
    json!({"resourceSpans": resources.collect::<Vec<_>>()})
}

/// The logs as JSON.
pub(super) fn logs(data: &LogsData) -> Value {
    let scope = |scope: &opentelemetry_proto::tonic::logs::v1::ScopeLogs| {
        let records: Vec<_> = scope.log_records.iter().map(log_record).collect();
        json!({"scope": scope.scope.as_ref().map(named), "logRecords": records})
    };
    let resources = data.resource_logs.iter().map(|logs| {
        let scopes: Vec<_> = logs.scope_logs.iter().map(scope).collect();
        json!({"resource": logs.resource.as_ref().map(resource), "scopeLogs": scopes})
    });
    json!({"resourceLogs": resources.collect::<Vec<_>>()})
}

fn resource(resource: &Resource) -> Value {
    json!({"attributes": pairs(&resource.attributes)})
}

fn named(scope: &InstrumentationScope) -> Value {
    json!({"name": scope.name, "version": scope.version})
}

fn span(span: &Span) -> Value {
    let event = |event: &opentelemetry_proto::tonic::trace::v1::span::Event| {
        json!({"name": event.name, "timeUnixNano": event.time_unix_nano.to_string(),
            "attributes": pairs(&event.attributes)})
    };
    json!({
        "traceId": hex(&span.trace_id), "spanId": hex(&span.span_id), "parentSpanId": hex(&span.parent_span_id),
        "name": span.name, "kind": span.kind, "flags": span.flags,
        "startTimeUnixNano": span.start_time_unix_nano.to_string(),
        "endTimeUnixNano": span.end_time_unix_nano.to_string(),
        "attributes": pairs(&span.attributes), "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "status": span.status.as_ref().map(|status| json!({"code": status.code, "message": status.message})),
    })
}

fn log_record(record: &LogRecord) -> Value {
    json!({
        "traceId": hex(&record.trace_id), "spanId": hex(&record.span_id), "eventName": record.event_name,
        "timeUnixNano": record.time_unix_nano.to_string(),
        "observedTimeUnixNano": record.observed_time_unix_nano.to_string(),
        "severityText": record.severity_text, "flags": record.flags,
        "body": record.body.as_ref().map(any), "attributes": pairs(&record.attributes),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pairs(pairs: &[KeyValue]) -> Vec<Value> {
    pairs.iter().map(|pair| json!({"key": pair.key, "value": pair.value.as_ref().map(any)})).collect()
}

fn any(value: &AnyValue) -> Value {
    match &value.value {
        Some(ProtoValue::StringValue(text)) => json!({"stringValue": text}),
        Some(ProtoValue::BoolValue(flag)) => json!({"boolValue": flag}),
        Some(ProtoValue::IntValue(number)) => json!({"intValue": number.to_string()}),
        Some(ProtoValue::DoubleValue(number)) => json!({"doubleValue": number}),
        Some(ProtoValue::ArrayValue(list)) => {
            json!({"arrayValue": {"values": list.values.iter().map(any).collect::<Vec<_>>()}})
        }
        Some(ProtoValue::KvlistValue(list)) => json!({"kvlistValue": {"values": pairs(&list.values)}}),
        _ => json!({}),
    }
}
