//! `otlp_proto`: traces and logs as the Collector's exporter writes them by default, one `TracesData` or
//! `LogsData` a message.
//!
//! Decoded by the library's generated types, which bound nesting to 100 levels.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::any_value::Value as ProtoValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord as ProtoLogRecord, LogsData};
use opentelemetry_proto::tonic::trace::v1::span::{Event as ProtoEvent, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span as ProtoSpan, TracesData};
use prost::encoding::{WireType, decode_key, decode_varint};

use super::value::{Attributes, Members, Value};
use super::{Event, Export, LogRecord, Place, Span, number, read_export, spelt};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `otlp_proto` records.
pub struct OtlpProto;

/// Field 1, length-delimited: `resource_spans` of `TracesData`, `resource` of `ResourceSpans`.
const FIELD_1: u8 = 0x0a;
/// Fields 2 and 3 of `ResourceSpans`: `scope_spans` and `schema_url`. Those of logs have the same numbers.
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
        match decode_varint(&mut rest) {
            Ok(_) => rest.first().is_none_or(|tag| *tag == FIELD_1 || FIELDS_2_AND_3.contains(tag)),
            Err(_) => false,
        }
    }

    fn is_binary(&self) -> bool {
        true
    }

    fn spelt_as_json(&self, record: &[u8]) -> Option<String> {
        let json = match holds_logs(record) {
            true => spelt::logs(&decode(record, "LogsData").ok()?),
            false => spelt::traces(&decode(record, "TracesData").ok()?),
        };
        Some(json.to_string())
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let crowd = count_fields(record.bytes, LEVELS_COUNTED);
        // An empty one takes two bytes here and some hundred once it is decoded.
        let fields_max = context.limits.values_max;
        if crowd > fields_max {
            let message = format!("{crowd} spans, records, events and attributes, the limit is {fields_max}");
            return Err(ReadError::new(Reason::TooLarge, message));
        }
        // The decoded message owns the texts that are borrowed from it here.
        let (traces, logs);
        let mut export = Export::default();
        if holds_logs(record.bytes) {
            logs = decode::<LogsData>(record.bytes, "LogsData")?;
            add_records(&logs, &mut export);
        } else {
            traces = decode::<TracesData>(record.bytes, "TracesData")?;
            add_spans(&traces, &mut export);
        }
        read_export(export, self.name(), context, out);
        Ok(())
    }
}

fn decode<T: prost::Message + Default>(bytes: &[u8], kind: &str) -> Result<T, ReadError> {
    T::decode(bytes).map_err(|_| {
        let message = format!("{} bytes that are no {kind}: cut off, damaged or of another type", bytes.len());
        ReadError::new(Reason::MalformedProtobuf, message)
    })
}

/// The levels on which spans, log records, events and attributes stand: resources, scopes, records, and what belongs to one of these.
const LEVELS_COUNTED: u32 = 4;

/// How many fields with content stand on the outermost `levels` of a message. Only the second field of each level
/// leads on to records; what is in the others is counted and not looked into. On each level a byte is looked at
/// once at most, since content is skipped.
fn count_fields(bytes: &[u8], levels: u32) -> usize {
    let Some(below) = levels.checked_sub(1) else { return 0 };
    let leads_on = |field: &Field<'_>| levels == LEVELS_COUNTED || field.number == 2;
    let fields = fields(bytes).filter(|field| field.wire == WireType::LengthDelimited);
    fields.map(|field| 1 + count_fields(field.content, if leads_on(&field) { below } else { below.min(1) })).sum()
}

/// Whether the message holds logs. Both kinds have the same outer three levels, and nothing names the kind; but
/// most fields of a span and of a log record differ in type under the same number, and every record has one of
/// them.
fn holds_logs(bytes: &[u8]) -> bool {
    fn second(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        fields(bytes).filter(|field| field.number == 2).map(|field| field.content)
    }
    let kind = |field: Field<'_>| match (field.number, field.wire) {
        (1 | 11, WireType::SixtyFourBit) | (2 | 7, WireType::Varint) | (8, WireType::ThirtyTwoBit) => Some(true),
        (6 | 10 | 12, WireType::LengthDelimited) => Some(true),
        (1 | 2 | 4 | 11 | 13, WireType::LengthDelimited) | (6 | 10 | 12, WireType::Varint) => Some(false),
        (7 | 8, WireType::SixtyFourBit) => Some(false),
        _ => None,
    };
    let resources = fields(bytes).filter(|field| field.number == 1);
    let records = resources.flat_map(|resource| second(resource.content)).flat_map(second);
    records.flat_map(fields).find_map(kind).unwrap_or(false)
}

/// A field of a message, undecoded.
struct Field<'a> {
    number: u32,
    wire: WireType,
    /// What a length-delimited field holds.
    content: &'a [u8],
}

/// The fields of the message in `rest`, up to where it is damaged.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let (number, wire) = decode_key(&mut rest).ok()?;
        let length = match wire {
            WireType::Varint => decode_varint(&mut rest).map(|_| 0).ok()?,
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => usize::try_from(decode_varint(&mut rest).ok()?).ok()?,
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        // A record that is cut off in the middle is still told by its beginning.
        let (content, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        Some(Field { number, wire, content })
    })
}

fn add_spans<'a>(traces: &'a TracesData, export: &mut Export<'a>) {
    for resource in &traces.resource_spans {
        let position = export.resources.len();
        export.resources.push(resource.resource.as_ref().map(|r| attributes(&r.attributes)).unwrap_or_default());
        let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
        export.spans.extend(spans.map(|proto| span(proto, position)));
    }
}

fn add_records<'a>(logs: &'a LogsData, export: &mut Export<'a>) {
    for resource in &logs.resource_logs {
        let position = export.resources.len();
        export.resources.push(resource.resource.as_ref().map(|r| attributes(&r.attributes)).unwrap_or_default());
        let records = resource.scope_logs.iter().flat_map(|scope| &scope.log_records);
        export.records.extend(records.map(|proto| log_record(proto, position)));
    }
}

fn span(proto: &ProtoSpan, resource: usize) -> Span<'_> {
    Span {
        place: place(&proto.trace_id, &proto.span_id),
        parent_span_id: span_id(&proto.parent_span_id),
        start_nanos: proto.start_time_unix_nano,
        start_unreadable: false,
        end_nanos: proto.end_time_unix_nano,
        flags: proto.flags,
        failed: proto.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32),
        remote: [SpanKind::Client as i32, SpanKind::Producer as i32].contains(&proto.kind),
        attributes: attributes(&proto.attributes),
        events: proto.events.iter().map(event).collect(),
        resource,
        orphaned: false,
        details: None,
    }
}

fn event(proto: &ProtoEvent) -> Event<'_> {
    Event {
        name: Cow::Borrowed(&proto.name),
        nanos: proto.time_unix_nano,
        attributes: attributes(&proto.attributes),
        body: Value::Empty,
    }
}

fn log_record(proto: &ProtoLogRecord, resource: usize) -> LogRecord<'_> {
    let event = Event {
        name: Cow::Borrowed(&proto.event_name),
        nanos: if proto.time_unix_nano > 0 { proto.time_unix_nano } else { proto.observed_time_unix_nano },
        attributes: attributes(&proto.attributes),
        body: value(proto.body.as_ref()),
    };
    let place = place(&proto.trace_id, &proto.span_id);
    LogRecord { event: event.with_older_name(), place, flags: proto.flags, resource, time_unreadable: false }
}

fn place(trace: &[u8], span: &[u8]) -> Place {
    Place { trace_id: if trace.len() == 16 { number(trace) } else { 0 }, span_id: span_id(span) }
}

/// Zero where the bytes are no id of a span.
fn span_id(bytes: &[u8]) -> u64 {
    bytes.try_into().map(u64::from_be_bytes).unwrap_or(0)
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
