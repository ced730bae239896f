//! `otlp_proto`: traces as the Collector's exporter writes them by default, one `TracesData` a message.
//!
//! Decoded by the library's generated types, which bound nesting to 100 levels.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::any_value::Value as ProtoValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span as ProtoSpan, TracesData};
use prost::Message;

use super::value::{Attributes, Members, Value};
use super::{Span, Trace, read_trace};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `otlp_proto` records.
pub struct OtlpProto;

/// Field 1, length-delimited: `resource_spans` of `TracesData`, `resource` of `ResourceSpans`.
const FIELD_1: u8 = 0x0a;
/// Fields 2 and 3 of `ResourceSpans`: `scope_spans` and `schema_url`.
const FIELDS_2_AND_3: [u8; 2] = [0x12, 0x1a];

impl Reader for OtlpProto {
    fn name(&self) -> &'static str {
        "otlp_proto"
    }

    /// By the tags of the outer two levels, so that a message that was cut off is still known for what it is.
    /// The first byte is also a line feed, hence the look at the second level.
    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        if record.object().is_some() || record.bytes.first() != Some(&FIELD_1) {
            return false;
        }
        let mut rest = record.bytes.get(1..).unwrap_or_default();
        match prost::encoding::decode_varint(&mut rest) {
            Ok(_) => rest.first().is_none_or(|tag| *tag == FIELD_1 || FIELDS_2_AND_3.contains(tag)),
            Err(_) => false,
        }
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let traces = TracesData::decode(record.bytes).map_err(|_| {
            let message =
                format!("{} bytes that are no TracesData: cut off, damaged or of another type", record.bytes.len());
            ReadError::new(Reason::MalformedProtobuf, message)
        })?;
        read_trace(&trace(&traces), self.name(), context, out);
        Ok(())
    }
}

fn trace(traces: &TracesData) -> Trace<'_> {
    let mut trace = Trace::default();
    for resource in &traces.resource_spans {
        let position = trace.resources.len();
        trace.resources.push(resource.resource.as_ref().map(|r| attributes(&r.attributes)).unwrap_or_default());
        let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
        trace.spans.extend(spans.map(|proto| span(proto, position)));
    }
    trace
}

fn span(proto: &ProtoSpan, resource: usize) -> Span<'_> {
    Span {
        trace_id: hex(&proto.trace_id),
        span_id: hex(&proto.span_id),
        parent_span_id: hex(&proto.parent_span_id),
        start_nanos: proto.start_time_unix_nano,
        end_nanos: proto.end_time_unix_nano,
        flags: proto.flags,
        attributes: attributes(&proto.attributes),
        resource,
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn attributes(pairs: &[KeyValue]) -> Attributes<'_> {
    Attributes::new(members(pairs))
}

fn members(pairs: &[KeyValue]) -> Members<'_> {
    pairs.iter().map(|pair| (Cow::Borrowed(pair.key.as_str()), value(pair.value.as_ref()))).collect()
}

fn value(any: Option<&AnyValue>) -> Value<'_> {
    match any.and_then(|any| any.value.as_ref()) {
        Some(ProtoValue::StringValue(text)) => Value::Text(Cow::Borrowed(text)),
        Some(ProtoValue::BoolValue(value)) => Value::Bool(*value),
        Some(ProtoValue::IntValue(number)) => Value::Int(*number),
        Some(ProtoValue::DoubleValue(number)) => Value::Double(*number),
        Some(ProtoValue::ArrayValue(list)) => Value::List(list.values.iter().map(|any| value(Some(any))).collect()),
        Some(ProtoValue::KvlistValue(list)) => Value::Map(members(&list.values)),
        _ => Value::Empty,
    }
}
