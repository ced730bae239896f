//! `otlp_json`: traces as the Collector's exporter writes them with encoding `otlp_json`.
//!
//! Structures of its own instead of the library's: exporters write enums by name or number, 64-bit numbers
//! as strings or numbers, ids in hex or (as plain proto3 JSON would) base64, and keys in camel or snake case,
//! of which the library's decoder refuses some. They borrow from the record, which the library's do not.

use base64::Engine;

use super::super::lenient::{Count, List, Switch, Text, object};
use super::value::{Attributes, Members, Value};
use super::{Span, Trace, read_trace};
use crate::readers::json::refuse_crowds;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `otlp_json` records.
pub struct OtlpJson;

const ROOTS: [&str; 2] = ["resourceSpans", "resource_spans"];

impl Reader for OtlpJson {
    fn name(&self) -> &'static str {
        "otlp_json"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.has_any(&ROOTS)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        refuse_crowds(record.bytes)?;
        let Some(root) = ROOTS.iter().find_map(|key| record.field(key)) else {
            return Err(ReadError::new(Reason::MissingField, "`resourceSpans` is absent"));
        };
        if !root.get().starts_with('[') {
            return Err(ReadError::new(Reason::InvalidField, "`resourceSpans` is no array"));
        }
        let resources: List<ResourceSpans<'_>> =
            serde_json::from_str(root.get()).map_err(|error| ReadError::json(&error))?;
        read_trace(&trace(resources), self.name(), context, out);
        Ok(())
    }
}

object! {
    /// A value, in the one member that is set.
    AnyValue {
        "stringValue" | "string_value" => text: Text<'a>,
        "boolValue" | "bool_value" => switch: Switch,
        "intValue" | "int_value" => int: Text<'a>,
        "doubleValue" | "double_value" => double: Text<'a>,
        "arrayValue" | "array_value" => array: ArrayValue<'a>,
        "kvlistValue" | "kvlist_value" => map: KeyValueList<'a>,
    }
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
    /// An attribute.
    KeyValue {
        "key" => key: Text<'a>,
        "value" => value: AnyValue<'a>,
    }
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
        "startTimeUnixNano" | "start_time_unix_nano" => start: Count,
        "endTimeUnixNano" | "end_time_unix_nano" => end: Count,
        "flags" => flags: Count,
        "attributes" => attributes: List<KeyValue<'a>>,
    }
}

fn trace(resources: List<ResourceSpans<'_>>) -> Trace<'_> {
    let mut trace = Trace::default();
    for resource in resources.0 {
        let position = trace.resources.len();
        trace.resources.push(attributes(resource.resource.attributes));
        let spans = resource.scopes.0.into_iter().flat_map(|scope| scope.spans.0);
        trace.spans.extend(spans.map(|json| span(json, position)));
    }
    trace
}

fn span(json: JsonSpan<'_>, resource: usize) -> Span<'_> {
    Span {
        trace_id: id(&json.trace_id, 16),
        span_id: id(&json.span_id, 8),
        parent_span_id: id(&json.parent_span_id, 8),
        start_nanos: json.start.0.unwrap_or(0),
        end_nanos: json.end.0.unwrap_or(0),
        flags: json.flags.0.and_then(|flags| u32::try_from(flags).ok()).unwrap_or(0),
        attributes: attributes(json.attributes),
        resource,
    }
}

/// An id in lower-case hex, whether it came in hex or base64; empty where it is neither.
fn id(text: &Text<'_>, bytes: usize) -> String {
    let Some(text) = text.get() else { return String::new() };
    if text.len() == bytes * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return text.to_ascii_lowercase();
    }
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(decoded) if decoded.len() == bytes => super::proto::hex(&decoded),
        _ => String::new(),
    }
}

fn attributes(list: List<KeyValue<'_>>) -> Attributes<'_> {
    Attributes::new(members(list))
}

fn members(list: List<KeyValue<'_>>) -> Members<'_> {
    list.0.into_iter().map(|pair| (pair.key.into_cow(), value(pair.value))).collect()
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
        None => Value::Empty,
    }
}
