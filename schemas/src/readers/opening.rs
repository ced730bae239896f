//! The way of a record from its bytes to its reader, on which everything that is wrapped around it is opened.
//!
//! In this order: collections (`{"records": [...]}`, `{"value": [...]}`, a page's `data`, `entries`, `items` or
//! `events`, a top-level array), CloudWatch's `logEvents`, objects that follow each other in one message as Splunk's
//! collector takes them, Windows events in XML, lines of syslog, and what [`shipped`] knows of shippers. Each element is read for
//! itself, so that a bad one rejects only itself. What a record means is the readers' business.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::budget::{Budget, ELEMENTS_MAX};
use super::error::{ReadError, Reason};
use super::json::{self, Json, Top};
use super::shipped::{self, Shipped};
use super::value::{Members, Value};
use super::{
    Carried, Context, Input, Limits, Output, RawRecord, Reader, Rejected, all, cloudwatch, signals, syslog, windows_xml,
};
use crate::time::Timestamp;

/// How many envelopes may lie in each other. XML in Splunk's collector in CloudWatch's envelope makes three; each level
/// is a copy of what it holds.
const ENVELOPES_MAX: usize = 4;

/// Reads one record: with `format` where the source names one, else with the reader that recognises it.
///
/// # Errors
/// When the bytes exceed the limit, are of no known format, or cannot be read, or are a collection of too
/// many elements. Elements of a collection fail one by one into [`Output::rejected`].
pub fn read(
    bytes: &[u8],
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    if bytes.len() > context.limits.record_bytes_max {
        let message = format!("{} bytes, the limit is {}", bytes.len(), context.limits.record_bytes_max);
        return Err(ReadError::new(Reason::TooLarge, message));
    }
    let budget = Budget::of(context.limits);
    Opening { format, context, budget: &budget, envelopes_left: ENVELOPES_MAX }.document(bytes, out)
}

/// The reader that takes `bytes`, or the first record in what is wrapped around it.
pub fn reader_of(bytes: &[u8]) -> Option<&'static dyn Reader> {
    reader_within(bytes, None, ENVELOPES_MAX, &Budget::of(Limits::default()))
}

/// The reader whose `record` is. A schema of everybody's comes last: shippers write its members among those of the record
/// itself, too.
fn recognise(record: &RawRecord<'_>) -> Option<&'static dyn Reader> {
    let mut common = None;
    for reader in all().filter(|reader| reader.recognises(record)) {
        if !reader.is_common_schema() {
            return Some(reader);
        }
        common = common.or(Some(reader));
    }
    common
}

/// The reader of the first record in `bytes` and what is wrapped around it; of a source that names its format only that
/// one is asked.
fn reader_within(
    bytes: &[u8],
    told: Option<&'static dyn Reader>,
    envelopes_left: usize,
    budget: &Budget,
) -> Option<&'static dyn Reader> {
    let of_element = |bytes: &[u8]| reader_of_record(&element_of(bytes).ok()?, told, envelopes_left, budget);
    match json::top_level(bytes) {
        Ok(Top::Object(object)) => match object.collection() {
            Some(elements) => of_element(elements.first()?.get().as_bytes()),
            None => match cloudwatch::open(&object, budget) {
                Some(messages) => {
                    reader_within(messages.ok()?.first()?.text.as_bytes(), told, envelopes_left.checked_sub(1)?, budget)
                }
                None => reader_of_record(&RawRecord::opened(bytes, Some(object)), told, envelopes_left, budget),
            },
        },
        Ok(Top::Array(elements)) => of_element(elements.first()?.get().as_bytes()),
        Err(_) => match (xml(bytes), Sequence::of(bytes)) {
            (Some(xml), _) => of_element(windows_xml::events(xml).ok()?.first()?.as_bytes()),
            (None, Some(sequence)) => of_element(sequence.objects.first()?.get().as_bytes()),
            (None, None) => match (line(bytes), line_of_array(bytes)) {
                (Some(message), _) => reader_within(message.as_bytes(), told, envelopes_left.checked_sub(1)?, budget),
                (None, Some(element)) => of_element(element),
                (None, None) => recognise(&RawRecord::opened(bytes, None)),
            },
        },
    }
}

fn reader_of_record(
    record: &RawRecord<'_>,
    told: Option<&'static dyn Reader>,
    envelopes_left: usize,
    budget: &Budget,
) -> Option<&'static dyn Reader> {
    let own = match told {
        Some(told) => told.recognises(record).then_some(told),
        None => recognise(record),
    };
    if own.is_some_and(|reader| !reader.may_only_carry(record)) {
        return own;
    }
    let carried = || {
        let shipped = shipped::open(record.object()?, budget)?;
        reader_within(shipped.text.as_bytes(), told, envelopes_left.checked_sub(1)?, budget)
    };
    carried().or(own)
}

/// Who reads, in which surroundings, and how many more envelopes may be opened.
#[derive(Clone, Copy)]
struct Opening<'a> {
    format: Option<&'static dyn Reader>,
    context: &'a Context<'a>,
    budget: &'a Budget,
    envelopes_left: usize,
}

impl Opening<'_> {
    /// Reads a document: a record, or several in what is wrapped around them.
    fn document(self, bytes: &[u8], out: &mut Output) -> Result<(), ReadError> {
        let result = self.outermost(bytes, out);
        match retry_mended(result, bytes, |bytes| self.outermost(bytes, out)) {
            Err(error) if error.reason == Reason::MalformedJson => match (Sequence::of(bytes), line_of_array(bytes)) {
                (Some(sequence), _) => self.sequence(&sequence, &error, out),
                (None, Some(element)) => self.outermost(element, out),
                (None, None) => Err(error),
            },
            result => result,
        }
    }

    fn outermost(self, bytes: &[u8], out: &mut Output) -> Result<(), ReadError> {
        if self.format.is_some() && json::is_lone_object(bytes) {
            return self.record(RawRecord::new(bytes), out);
        }
        match json::top_level(bytes) {
            Ok(Top::Object(object)) => match object.collection() {
                Some(elements) => self.elements(&elements, out),
                None => match cloudwatch::open(&object, self.budget) {
                    Some(messages) => self.messages(&messages?, out),
                    None => self.record(RawRecord::opened(bytes, Some(object)), out),
                },
            },
            Ok(Top::Array(elements)) => self.elements(&elements, out),
            Err(error) => match (xml(bytes), line(bytes)) {
                (Some(xml), _) => self.events(&windows_xml::events(xml)?, out),
                (None, Some(message)) => {
                    let written = json::text_of(bytes).ok().and_then(syslog::time);
                    self.opened()?.written(written, message.as_bytes(), out)
                }
                (None, None) => {
                    let record = RawRecord::opened(bytes, None).within(self.context.limits);
                    let reader = self.format.or_else(|| recognise(&record)).ok_or(error)?;
                    self.read_as(reader, &record, out)
                }
            },
        }
    }

    /// Reads the elements of a collection, each for itself.
    fn elements(self, elements: &[Json<'_>], out: &mut Output) -> Result<(), ReadError> {
        self.budget.elements(elements.len())?;
        // An empty batch is a record like any other: what became of it is counted.
        out.passed_by = out.passed_by.saturating_add(u32::from(elements.is_empty()));
        let mut rows: BTreeMap<&'static str, (&'static dyn Reader, Vec<RawRecord<'_>>)> = BTreeMap::new();
        let from = out.inputs.len();
        for (number, element) in elements.iter().enumerate() {
            let bytes = element.get().as_bytes();
            let result = match element_of(bytes).map(|record| record.within(self.context.limits)) {
                Ok(record) => match self.format.or_else(|| recognise(&record)) {
                    Some(reader) if reader.joins_rows() && json::refuse_depth(bytes).is_ok() => {
                        rows.entry(reader.name()).or_insert_with(|| (reader, Vec::new())).1.push(record);
                        continue;
                    }
                    reader => self.record_of(reader, &record, out),
                },
                Err(error) => Err(error),
            };
            let again = |bytes: &[u8]| self.record(element_of(bytes)?, out);
            if let Err(error) = retry_mended(result, bytes, again) {
                out.rejected.push(Rejected { bytes: bytes.to_vec(), error: of_element_number(number, &error) });
            }
        }
        for (reader, records) in rows.into_values() {
            reader.read_rows(&records, self.context, out);
        }
        signals::fold_alerts(&mut out.inputs, from, self.context.limits.entities_max);
        Ok(())
    }

    /// Reads the objects that follow each other in one message; what comes after them is rejected with `error`.
    fn sequence(self, sequence: &Sequence<'_>, error: &ReadError, out: &mut Output) -> Result<(), ReadError> {
        self.elements(&sequence.objects, out)?;
        if !sequence.rest.is_empty() {
            out.rejected.push(Rejected { bytes: sequence.rest.as_bytes().to_vec(), error: error.clone() });
        }
        Ok(())
    }

    /// Reads the messages of CloudWatch's envelope, each a document of its own.
    fn messages(self, messages: &[Carried], out: &mut Output) -> Result<(), ReadError> {
        self.budget.elements(messages.len())?;
        let opened = self.opened()?;
        if messages.is_empty() {
            out.passed_by = out.passed_by.saturating_add(1);
        }
        for (number, message) in messages.iter().enumerate() {
            let bytes = message.text.as_bytes();
            if let Err(error) = opened.written(message.written, bytes, out) {
                out.rejected.push(Rejected { bytes: bytes.to_vec(), error: of_element_number(number, &error) });
            }
        }
        Ok(())
    }

    /// Reads the events of an XML document. A single one is the record itself.
    fn events(self, events: &[String], out: &mut Output) -> Result<(), ReadError> {
        self.budget.elements(events.len())?;
        if let [event] = events {
            return self.record(element_of(event.as_bytes())?, out);
        }
        out.passed_by = out.passed_by.saturating_add(u32::from(events.is_empty()));
        for (number, event) in events.iter().enumerate() {
            let bytes = event.as_bytes();
            if let Err(error) = element_of(bytes).and_then(|record| self.record(record, out)) {
                out.rejected.push(Rejected { bytes: bytes.to_vec(), error: of_element_number(number, &error) });
            }
        }
        Ok(())
    }

    fn record(self, record: RawRecord<'_>, out: &mut Output) -> Result<(), ReadError> {
        let record = record.within(self.context.limits);
        self.record_of(self.format.or_else(|| recognise(&record)), &record, out)
    }

    /// Reads a record with its reader, unless it carries another's.
    fn record_of(
        self,
        reader: Option<&'static dyn Reader>,
        record: &RawRecord<'_>,
        out: &mut Output,
    ) -> Result<(), ReadError> {
        json::refuse_depth(record.bytes)?;
        let result = match (reader, self.carried(reader, record)) {
            (_, Some(shipped)) => return self.shipped(record, &shipped, out),
            (Some(reader), None) => self.read_as(reader, record, out),
            (None, None) => {
                let message = "no reader recognises the shape of this object";
                let unknown = ReadError::new(Reason::UnrecognisedFormat, message);
                return Err(self.budget.refusal().unwrap_or(unknown));
            }
        };
        // A reader of telemetry that is told its format learns by failing that the record is an envelope.
        let carried = |reader: &'static dyn Reader| {
            let envelope = || shipped::open(record.object()?, self.budget);
            if reader.recognises(record) { None } else { envelope() }
        };
        match (result, self.format) {
            (Err(error), Some(reader)) => match carried(reader) {
                Some(shipped) => self.shipped(record, &shipped, out),
                None => Err(error),
            },
            (result, _) => result,
        }
    }

    /// Has `reader` read a record. Readers of signals are forgiving, and one that is told its format would make an empty
    /// signal of any object: a record that has not its shape and names nothing to it is another's.
    fn read_as(self, reader: &'static dyn Reader, record: &RawRecord<'_>, out: &mut Output) -> Result<(), ReadError> {
        let from = out.inputs.len();
        reader.read(record, self.context, out)?;
        // Shippers put their time among a record's members, too.
        let timeless = out.inputs.get(from..).unwrap_or_default().iter().any(Input::lacks_time);
        if let Some(time) = record.object().filter(|_| timeless).and_then(shipped::time_of) {
            out.inputs.truncate(from);
            reader.read(record, &Context { envelope_time: Some(time), ..*self.context }, out)?;
        }
        let forgiving = self.format.is_some() && reader.format().is_some();
        let empty = |input: &Input| matches!(input, Input::Signal(signal) if signal.entities.is_empty());
        if forgiving && out.inputs.iter().skip(from).all(empty) && !reader.recognises(record) {
            out.inputs.truncate(from);
            let message = format!("nothing of `{}` is in this object", reader.name());
            return Err(ReadError::new(Reason::UnrecognisedFormat, message));
        }
        self.read_carried(out);
        Ok(())
    }

    /// Reads what a reader found of others' in a record of its own.
    fn read_carried(self, out: &mut Output) {
        for carried in std::mem::take(&mut out.carried) {
            let bytes = carried.text.as_bytes();
            let known =
                self.envelopes_left > 0 && reader_within(bytes, None, self.envelopes_left - 1, self.budget).is_some();
            // What no reader knows is a line in a log of something else.
            let result = match self.opened() {
                Ok(opened) if known => Self { format: None, ..opened }.written(carried.written, bytes, out),
                _ => {
                    out.passed_by = out.passed_by.saturating_add(1);
                    Ok(())
                }
            };
            if let Err(error) = result {
                out.rejected.push(Rejected { bytes: bytes.to_vec(), error });
            }
        }
    }

    /// What `record` carries instead of being `reader`'s own.
    fn carried<'r>(self, reader: Option<&'static dyn Reader>, record: &'r RawRecord<'_>) -> Option<Shipped<'r>> {
        let open = || shipped::open(record.object()?, self.budget);
        let Some(reader) = reader else { return open() };
        if self.format.is_some() {
            // A reader of signals decodes the record anyway, and would read anything.
            let envelope = |value: &Value<'_>| shipped::is_envelope(value) && !is_own(reader, value);
            if !(reader.format().is_some() && record.value().is_ok_and(envelope)) {
                return None;
            }
            if !reader.recognises(record) {
                return open();
            }
        }
        let known = |shipped: &Shipped<'_>| {
            reader_within(shipped.text.as_bytes(), self.format, self.envelopes_left, self.budget).is_some()
        };
        if reader.may_only_carry(record) { open().filter(known) } else { None }
    }

    /// Reads what the envelope `record` holds.
    fn shipped(self, record: &RawRecord<'_>, shipped: &Shipped<'_>, out: &mut Output) -> Result<(), ReadError> {
        let written = record.object().and_then(shipped::time_of);
        self.opened()?.written(written, shipped.text.as_bytes(), out).map_err(|error| {
            let message = format!("within `{}`: {}", shipped.member, error.message);
            ReadError { message, ..error }
        })
    }

    /// Reads a document that its envelope says was `written` then; where it does not, one further out may.
    fn written(self, written: Option<Timestamp>, bytes: &[u8], out: &mut Output) -> Result<(), ReadError> {
        let context = Context { envelope_time: written.or(self.context.envelope_time), ..*self.context };
        Opening { context: &context, ..self }.document(bytes, out)
    }

    /// The same, one envelope further in.
    fn opened(self) -> Result<Self, ReadError> {
        let refused = || ReadError::new(Reason::TooDeep, format!("more than {ENVELOPES_MAX} envelopes in each other"));
        Ok(Self { envelopes_left: self.envelopes_left.checked_sub(1).ok_or_else(refused)?, ..self })
    }
}

/// Whether a record with something under `event` is of `reader`'s format as it stands.
fn is_own(reader: &dyn Reader, record: &Value<'_>) -> bool {
    let under_event = |members: &Members<'_, _>| matches!(members.get("event"), Some(Value::Object(_)));
    reader.stands_under_event() && matches!(record, Value::Object(members) if under_event(members))
}

/// `error` about an element, with its place among those of its collection.
fn of_element_number(number: usize, error: &ReadError) -> ReadError {
    ReadError::new(error.reason, format!("element {}: {}", number + 1, error.message))
}

/// Reads `bytes` again after a first `result`, without the lone surrogates and the numbers where they made it no JSON.
fn retry_mended(
    result: Result<(), ReadError>,
    bytes: &[u8],
    mut read: impl FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    match result {
        Err(error) if error.reason == Reason::MalformedJson => {
            match std::str::from_utf8(bytes).ok().and_then(json::mend) {
                Some(mended) => read(mended.as_bytes()),
                None => Err(error),
            }
        }
        result => result,
    }
}

/// Objects that follow each other, with or without white space between them.
struct Sequence<'a> {
    /// At least two.
    objects: Vec<Json<'a>>,
    /// What comes after the last whole one.
    rest: &'a str,
}

impl<'a> Sequence<'a> {
    /// What stands in `bytes`; `None` where that is no two objects. A single one that is followed by something else is
    /// a broken record.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = json::text_of(bytes).ok()?;
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json<'_>>();
        let mut objects = Vec::new();
        let mut end = 0;
        while let Some(Ok(value)) = values.next() {
            if !value.get().starts_with('{') || objects.len() > ELEMENTS_MAX {
                break;
            }
            objects.push(value);
            end = values.byte_offset();
        }
        (objects.len() > 1).then_some(Self { objects, rest: text.get(end..)?.trim() })
    }
}

/// The record in `bytes` where they are a line of syslog, or a JSON string: a producer wrote out what was written out.
fn line(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = json::text_of(bytes).ok()?.trim();
    if text.starts_with('"') {
        shipped::written_out(text).map(Cow::Owned)
    } else {
        syslog::object(text).map(Cow::Borrowed)
    }
}

/// The object that is one line of an array, whose comma a shipper of lines took for a part of it.
fn line_of_array(bytes: &[u8]) -> Option<&[u8]> {
    let element = bytes.trim_ascii_end().strip_suffix(b",")?;
    element.trim_ascii_end().ends_with(b"}").then_some(element)
}

/// `bytes` as text where they begin like a Windows event in XML.
fn xml(bytes: &[u8]) -> Option<&str> {
    json::text_of(bytes).ok().map(str::trim).filter(|text| windows_xml::begins(text))
}

/// An element of a collection.
fn element_of(bytes: &[u8]) -> Result<RawRecord<'_>, ReadError> {
    match json::top_level(bytes)? {
        Top::Object(object) => Ok(RawRecord::opened(bytes, Some(object))),
        Top::Array(_) => Err(ReadError::new(Reason::UnrecognisedFormat, "an array within a collection")),
    }
}
