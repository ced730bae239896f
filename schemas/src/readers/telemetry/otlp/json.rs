//! `otlp_json`: traces and logs as the Collector's exporter writes them with encoding `otlp_json`.
//!
//! Structures of its own instead of the library's: exporters write enums by name or number, 64-bit numbers
//! as strings or numbers, ids in hex or (as plain proto3 JSON would) base64, and keys in camel or snake case,
//! of which the library's decoder refuses some. They borrow from the record, which the library's do not.
//!
//! Gateways log a span, and Amazon CloudWatch keeps each span and each log record, without the message around it; there
//! attributes and bodies are plain JSON.
//! Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html.

use std::borrow::Cow;

use base64::Engine;
use serde::Deserialize;

use super::super::lenient::{Count, List, Member, Switch, Text, object};
use super::value::{Attributes, Members, Value};
use super::{Event, Export, LogRecord, Place, Span, read_export};
use crate::readers::json::{decode, refuse_crowds};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `otlp_json` records.
pub struct OtlpJson;

const TRACES: [&str; 2] = ["resourceSpans", "resource_spans"];
const LOGS: [&str; 2] = ["resourceLogs", "resource_logs"];
/// What holds no texts, and comes on the same topic where a collector exports all that it has.
const METRICS: [&str; 2] = ["resourceMetrics", "resource_metrics"];

impl Reader for OtlpJson {
    fn name(&self) -> &'static str {
        "otlp_json"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.has_any(&TRACES)
            || record.has_any(&LOGS)
            || record.has_any(&METRICS)
            || is_lone_span(record)
            || is_lone_log_record(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        refuse_crowds(record.bytes, context.limits.values_max)?;
        let mut export = Export::default();
        let traces: Option<List<ResourceSpans<'_>>> = root(record, &TRACES)?;
        let logs: Option<List<ResourceLogs<'_>>> = root(record, &LOGS)?;
        let values_max = context.limits.values_max;
        if is_lone_span(record) {
            export.spans.push(span(decode(record.bytes, values_max)?, 0));
            export.resources.push(resource_of(decode(record.bytes, values_max)?));
        } else if is_lone_log_record(record) {
            export.records.push(log_record(decode(record.bytes, values_max)?, 0));
            export.resources.push(resource_of(decode(record.bytes, values_max)?));
        } else if traces.is_none() && logs.is_none() && !record.has_any(&METRICS) {
            return Err(ReadError::new(Reason::MissingField, "`resourceSpans` and `resourceLogs` are absent"));
        }
        traces.unwrap_or_default().0.into_iter().for_each(|resource| add_spans(resource, &mut export));
        logs.unwrap_or_default().0.into_iter().for_each(|resource| add_records(resource, &mut export));
        read_export(export, self.name(), context, out);
        Ok(())
    }
}

/// Whether the record says where in a trace it stands.
fn is_placed(record: &RawRecord<'_>) -> bool {
    record.has_all(&["traceId", "spanId"]) || record.has_all(&["trace_id", "span_id"])
}

/// Whether the record is a span without the message around it.
fn is_lone_span(record: &RawRecord<'_>) -> bool {
    let Some(attributes) = record.field("attributes") else { return false };
    let listed = attributes.get().starts_with('[');
    let plain = || attributes.get().starts_with('{') && record.has_any(&["startTimeUnixNano", "start_time_unix_nano"]);
    record.str("name").is_some()
        && (listed || plain())
        && (is_placed(record) || record.str("kind").is_some_and(|kind| kind.starts_with("SPAN_KIND_")))
}

/// Whether the record is a log record without the message around it.
fn is_lone_log_record(record: &RawRecord<'_>) -> bool {
    let times = ["timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano"];
    record.has_all(&["body", "attributes"]) && record.has_any(&times) && is_placed(record)
}

/// The array under the first of `keys` that is there.
fn root<'a, T: Deserialize<'a>>(record: &RawRecord<'a>, keys: &[&str]) -> Result<Option<List<T>>, ReadError> {
    let Some((key, raw)) = keys.iter().find_map(|key| Some((key, record.field(key)?))) else { return Ok(None) };
    if !raw.get().starts_with('[') {
        return Err(ReadError::new(Reason::InvalidField, format!("`{key}` is no array")));
    }
    serde_json::from_str(raw.get()).map(Some).map_err(|error| ReadError::json(&error))
}

object! {
    /// A value, in the one member that is set, or as plain JSON.
    AnyValue {
        "stringValue" | "string_value" => text: Text<'a>,
        "boolValue" | "bool_value" => switch: Switch,
        "intValue" | "int_value" => int: Text<'a>,
        "doubleValue" | "double_value" => double: Text<'a>,
        "arrayValue" | "array_value" => array: ArrayValue<'a>,
        "kvlistValue" | "kvlist_value" => map: KeyValueList<'a>,
    }
    text => text
    rest => plain
}

object! {
    /// A list.
    ArrayValue {
        "values" => values: Option<List<AnyValue<'a>>>,
    }
}

object! {
    /// A map.
    KeyValueList {
        "values" => values: Option<List<KeyValue<'a>>>,
    }
}

object! {
    /// An attribute; where attributes are plain JSON, all of them.
    KeyValue {
        "key" => key: Text<'a>,
        "value" => value: AnyValue<'a>,
    }
    rest => plain
}

object! {
    /// The attributes of what sent the spans.
    Resource {
        "attributes" => attributes: List<KeyValue<'a>>,
    }
}

object! {
    /// Spans of one resource.
    ResourceSpans {
        "resource" => resource: Resource<'a>,
        "scopeSpans" | "scope_spans" | "instrumentationLibrarySpans" => scopes: List<ScopeSpans<'a>>,
    }
}

object! {
    /// Spans of one instrumentation.
    ScopeSpans {
        "spans" => spans: List<JsonSpan<'a>>,
    }
}

object! {
    /// A span.
    JsonSpan {
        "traceId" | "trace_id" => trace_id: Text<'a>,
        "spanId" | "span_id" => span_id: Text<'a>,
        "parentSpanId" | "parent_span_id" => parent_span_id: Text<'a>,
        "startTimeUnixNano" | "start_time_unix_nano" => start: Text<'a>,
        "endTimeUnixNano" | "end_time_unix_nano" => end: Count,
        "flags" => flags: Count,
        "kind" => kind: Text<'a>,
        "attributes" => attributes: List<KeyValue<'a>>,
        "events" => events: List<JsonEvent<'a>>,
        "status" => status: Status<'a>,
    }
}

object! {
    /// Something that happened within a span.
    JsonEvent {
        "name" => name: Text<'a>,
        "timeUnixNano" | "time_unix_nano" => time: Count,
        "attributes" => attributes: List<KeyValue<'a>>,
    }
}

object! {
    /// Whether the span failed.
    Status {
        "code" => code: Text<'a>,
    }
}

object! {
    /// Log records of one resource.
    ResourceLogs {
        "resource" => resource: Resource<'a>,
        "scopeLogs" | "scope_logs" | "instrumentationLibraryLogs" => scopes: List<ScopeLogs<'a>>,
    }
}

object! {
    /// Log records of one instrumentation.
    ScopeLogs {
        "logRecords" | "log_records" | "logs" => records: List<JsonLogRecord<'a>>,
    }
}

object! {
    /// A log record.
    JsonLogRecord {
        "traceId" | "trace_id" => trace_id: Text<'a>,
        "spanId" | "span_id" => span_id: Text<'a>,
        "timeUnixNano" | "time_unix_nano" => time: Text<'a>,
        "observedTimeUnixNano" | "observed_time_unix_nano" => observed: Text<'a>,
        "eventName" | "event_name" => name: Text<'a>,
        "flags" => flags: Count,
        "body" => body: AnyValue<'a>,
        "attributes" => attributes: List<KeyValue<'a>>,
    }
}

object! {
    /// Of a span or a log record that stands alone, what sent it.
    Lone {
        "resource" => resource: Resource<'a>,
    }
}

fn add_spans<'a>(resource: ResourceSpans<'a>, export: &mut Export<'a>) {
    let position = export.resources.len();
    export.resources.push(attributes(resource.resource.attributes));
    let spans = resource.scopes.0.into_iter().flat_map(|scope| scope.spans.0);
    export.spans.extend(spans.map(|json| span(json, position)));
}

/// What sent a span or a log record that stands alone.
fn resource_of(lone: Lone<'_>) -> Attributes<'_> {
    attributes(lone.resource.attributes)
}

fn add_records<'a>(resource: ResourceLogs<'a>, export: &mut Export<'a>) {
    let position = export.resources.len();
    export.resources.push(attributes(resource.resource.attributes));
    let records = resource.scopes.0.into_iter().flat_map(|scope| scope.records.0);
    export.records.extend(records.map(|json| log_record(json, position)));
}

fn span(json: JsonSpan<'_>, resource: usize) -> Span<'_> {
    Span {
        place: place(&json.trace_id, &json.span_id),
        parent_span_id: span_id(&json.parent_span_id),
        start_nanos: nanos(&json.start).unwrap_or(0),
        start_unreadable: json.start.get().is_some() && nanos(&json.start).is_none(),
        end_nanos: json.end.0.unwrap_or(0),
        flags: flags(json.flags),
        failed: matches!(json.status.code.get(), Some("2" | "STATUS_CODE_ERROR" | "ERROR")),
        remote: matches!(
            json.kind.get(),
            Some("3" | "4" | "SPAN_KIND_CLIENT" | "SPAN_KIND_PRODUCER" | "CLIENT" | "PRODUCER")
        ),
        attributes: attributes(json.attributes),
        events: json.events.0.into_iter().map(event).collect(),
        resource,
        orphaned: false,
        details: None,
    }
}

/// Nanoseconds since 1970, as text or as a number that a producer has rounded; absent where it is no such number.
fn nanos(text: &Text<'_>) -> Option<u64> {
    let text = text.get()?.trim();
    let rounded = || text.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| number as u64);
    text.parse().ok().or_else(rounded)
}

fn event(json: JsonEvent<'_>) -> Event<'_> {
    Event {
        name: json.name.into_cow(),
        nanos: json.time.0.unwrap_or(0),
        attributes: attributes(json.attributes),
        body: Value::Empty,
    }
}

fn log_record(json: JsonLogRecord<'_>, resource: usize) -> LogRecord<'_> {
    let attributes = attributes(json.attributes);
    let times = [&json.time, &json.observed];
    let known = times.iter().find_map(|text| nanos(text).filter(|nanos| *nanos > 0));
    let odd = |text: &&Text<'_>| text.get().is_some() && nanos(text).is_none();
    let time_unreadable = known.is_none() && times.iter().any(odd);
    let event = Event { name: json.name.into_cow(), nanos: known.unwrap_or(0), attributes, body: value(json.body) };
    let place = place(&json.trace_id, &json.span_id);
    LogRecord { event: event.with_older_name(), place, flags: flags(json.flags), resource, time_unreadable }
}

fn flags(count: Count) -> u32 {
    count.0.and_then(|flags| u32::try_from(flags).ok()).unwrap_or(0)
}

fn place(trace: &Text<'_>, span: &Text<'_>) -> Place {
    Place { trace_id: id(trace, 16).unwrap_or(0), span_id: span_id(span) }
}

fn span_id(text: &Text<'_>) -> u64 {
    id(text, 8).and_then(|id| u64::try_from(id).ok()).unwrap_or(0)
}

/// An id of so many bytes, whether it came in hex or base64.
fn id(text: &Text<'_>, bytes: usize) -> Option<u128> {
    let text = text.get()?;
    if text.len() == bytes * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return u128::from_str_radix(text, 16).ok();
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    (decoded.len() == bytes).then(|| super::number(&decoded))
}

fn attributes(list: List<KeyValue<'_>>) -> Attributes<'_> {
    Attributes::new(members(list))
}

fn members(list: List<KeyValue<'_>>) -> Members<'_> {
    let mut members = Members::with_capacity(list.0.len());
    for pair in list.0 {
        if pair.key.get().is_none() && !pair.plain.is_empty() {
            members.extend(plain_members(pair.plain));
        } else {
            members.push((pair.key.into_cow(), value(pair.value)));
        }
    }
    members
}

/// Members that are plain JSON.
fn plain_members<'a>(members: Vec<Member<'a>>) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
    members.into_iter().map(|(name, raw)| {
        // What was checked with the record decodes.
        let plain = raw.0.and_then(|raw| serde_json::from_str::<serde_json::Value>(raw.get()).ok());
        (Cow::Owned(name.as_str().to_owned()), plain.map_or(Value::Empty, Value::from))
    })
}

fn value(any: AnyValue<'_>) -> Value<'_> {
    if any.text.0.is_some() {
        return Value::Text(any.text.into_cow());
    }
    if let Some(number) = any.int.get().and_then(|text| text.trim().parse().ok()) {
        return Value::Int(number);
    }
    if let Some(number) = any.double.get().and_then(|text| text.trim().parse().ok()) {
        return Value::Double(number);
    }
    if let Some(switch) = any.switch.0 {
        return Value::Bool(switch);
    }
    if let Some(values) = any.array.values {
        return Value::List(values.0.into_iter().map(value).collect());
    }
    match any.map.values {
        Some(values) => Value::Map(members(values)),
        None if any.plain.is_empty() => Value::Empty,
        None => Value::Map(plain_members(any.plain).collect()),
    }
}
