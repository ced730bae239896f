//! From the bytes of a record to what it means: one reader a format, one file a reader.
//!
//! A reader says by the shape of a record whether it is its own ([`Reader::recognises`]) and turns it
//! into interactions or signals ([`Reader::read`]). [`telemetry::READERS`] and [`signals::READERS`] are the
//! explicit lists; the next format is a file, a line there and a directory of cases. Where a source names its
//! format, only that reader is asked. What no reader recognises is an error with a reason, never silence.
//!
//! Collections that shippers and APIs wrap around records (`{"records": [...]}`, `{"Records": [...]}`,
//! `{"value": [...]}`, a page's `data`, `entries` or `items`, a top-level array, CloudWatch's `logEvents`) are
//! opened here, so that a bad element rejects only itself.

mod cloudwatch;
pub mod command;
mod context;
mod error;
mod json;
mod network;
pub mod signals;
pub mod telemetry;
mod value;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

pub use context::{Context, EventTime, Limits, Tenancy};
pub use error::{ReadError, Reason};
pub use json::{Object, mend_surrogates, parse_json};
pub use network::{Network, NetworkError};

use self::value::Value;
use crate::command::Command;
use crate::interaction::Interaction;
use crate::signal::Signal;

/// One record as it came: its bytes, and its top level where it is a JSON object.
pub struct RawRecord<'a> {
    /// The original bytes.
    pub bytes: &'a [u8],
    object: OnceCell<Option<Object<'a>>>,
    value: OnceCell<Value<'a>>,
    /// The most values that [`Self::value`] decodes.
    values_max: usize,
}

impl<'a> RawRecord<'a> {
    /// The record in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        let values_max = Limits::default().values_max;
        Self { bytes, object: OnceCell::new(), value: OnceCell::new(), values_max }
    }

    /// The record in `bytes`, whose top level is known.
    fn opened(bytes: &'a [u8], object: Option<Object<'a>>) -> Self {
        Self { object: OnceCell::from(object), ..Self::new(bytes) }
    }

    /// The same record, to be read within `limits`.
    fn within(self, limits: Limits) -> Self {
        Self { values_max: limits.values_max, ..self }
    }

    /// The top-level members, undecoded; `None` where the bytes are no JSON object. Looked for when first
    /// asked, since a reader that is told its format decodes the record in one go.
    pub fn object(&self) -> Option<&Object<'a>> {
        let look = || match json::top_level(self.bytes) {
            Ok(json::Top::Object(object)) => Some(object),
            _ => None,
        };
        self.object.get_or_init(look).as_ref()
    }

    /// The record as a tree, decoded when first asked: the reader walks it, and the hash of a record without an id
    /// is taken over it.
    pub(in crate::readers) fn value(&self) -> Result<&Value<'a>, ReadError> {
        match self.value.get() {
            Some(value) => Ok(value),
            None => json::decode(self.bytes, self.values_max).map(|value| self.value.get_or_init(|| value)),
        }
    }

    /// The member `key` of the JSON object, undecoded.
    pub fn field(&self, key: &str) -> Option<&'a RawValue> {
        self.object().and_then(|object| object.get(key))
    }

    /// Whether the record is a JSON object with all of `keys`.
    pub fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.field(key).is_some())
    }

    /// Whether the record is a JSON object with one of `keys`.
    pub fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.field(key).is_some())
    }

    /// The member `key` where it is a string without escapes, as discriminators are.
    pub fn str(&self, key: &str) -> Option<&'a str> {
        self.field(key)?.get().strip_prefix('"')?.strip_suffix('"')
    }
}

/// What a reader made of a record.
#[derive(Debug)]
pub enum Input {
    /// An exchange with a model, for the detectors.
    Interaction(Box<Interaction>),
    /// A vendor's record, for the correlator.
    Signal(Box<Signal>),
    /// What an analyst wants of an incident, for the correlator.
    Command {
        /// The command.
        command: Box<Command>,
        /// Whether its time is the broker's.
        timeless: bool,
    },
}

/// An element of a collection that could not be read.
#[derive(Debug)]
pub struct Rejected {
    /// The element's own bytes.
    pub bytes: Vec<u8>,
    /// Why.
    pub error: ReadError,
}

/// Everything that came out of one record.
#[derive(Debug, Default)]
pub struct Output {
    /// What was read.
    pub inputs: Vec<Input>,
    /// What was recognised and holds nothing to look at: spans of other software, embeddings.
    pub passed_by: u32,
    /// Elements of a collection that could not be read.
    pub rejected: Vec<Rejected>,
}

impl Output {
    /// Adds an interaction.
    pub fn interaction(&mut self, interaction: Interaction) {
        self.inputs.push(Input::Interaction(Box::new(interaction)));
    }

    /// Adds a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.inputs.push(Input::Signal(Box::new(signal)));
    }

    /// Adds a command; `timeless` where its time is the broker's.
    pub fn command(&mut self, command: Command, timeless: bool) {
        self.inputs.push(Input::Command { command: Box::new(command), timeless });
    }
}

/// Reads one format.
pub trait Reader: Sync {
    /// The format's name in configuration and in dead letters.
    fn name(&self) -> &'static str;

    /// What people should know of the format. Every reader of signals says it, and README shows it; those of
    /// telemetry have the contract.
    fn format(&self) -> Option<&'static signals::Format> {
        None
    }

    /// Whether `record` has this format's shape. Cheap: only the top level, no decoding. At most one
    /// reader recognises a record; a test holds every case against every reader.
    fn recognises(&self, record: &RawRecord<'_>) -> bool;

    /// Turns `record` into what it means.
    ///
    /// # Errors
    /// When the record has the shape but cannot be read; `out` then holds nothing of it.
    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError>;

    /// Whether a record is bytes that are no text, so that lines of a file do not separate records.
    fn is_binary(&self) -> bool {
        false
    }

    /// A binary record as the JSON of the same format, for people; `None` where there is no such form or the record
    /// does not decode.
    fn spelt_as_json(&self, _record: &[u8]) -> Option<String> {
        None
    }

    /// Whether several records of one collection may be parts of one interaction.
    fn joins_rows(&self) -> bool {
        false
    }

    /// Reads the records of one collection that are this reader's. What cannot be read is rejected one by one.
    fn read_rows(&self, records: &[RawRecord<'_>], context: &Context<'_>, out: &mut Output) {
        for record in records {
            if let Err(error) = self.read(record, context, out) {
                out.rejected.push(Rejected { bytes: record.bytes.to_vec(), error });
            }
        }
    }
}

/// Every reader, alphabetically within telemetry and signals.
pub fn all() -> impl Iterator<Item = &'static dyn Reader> {
    telemetry::READERS.iter().chain(signals::READERS).copied()
}

/// The reader of analysts' commands, which is asked only where a source names it.
pub const COMMAND: &dyn Reader = &command::CommandReader;

/// The reader called `name`.
pub fn by_name(name: &str) -> Option<&'static dyn Reader> {
    all().chain([COMMAND]).find(|reader| reader.name() == name)
}

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
    read_mended(bytes, |bytes| read_record(bytes, format, context, out))
}

/// Reads `bytes`, and where they are no JSON because of lone surrogates, a copy without them.
fn read_mended(bytes: &[u8], mut read: impl FnMut(&[u8]) -> Result<(), ReadError>) -> Result<(), ReadError> {
    let result = read(bytes);
    retry_mended(result, bytes, read)
}

/// The second half of it, after a first `result`.
fn retry_mended(
    result: Result<(), ReadError>,
    bytes: &[u8],
    mut read: impl FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    match result {
        Err(error) if error.reason == Reason::MalformedJson => {
            match std::str::from_utf8(bytes).ok().and_then(json::mend_surrogates) {
                Some(mended) => read(mended.as_bytes()),
                None => Err(error),
            }
        }
        result => result,
    }
}

fn read_record(
    bytes: &[u8],
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    if format.is_some() && json::is_lone_object(bytes) {
        return read_one(RawRecord::new(bytes), format, context, out);
    }
    match json::top_level(bytes) {
        Ok(json::Top::Object(object)) => match object.collection() {
            Some(elements) => read_elements(&elements, format, context, out),
            None => match cloudwatch::open(&object, context.limits) {
                Some(messages) => read_messages(&messages?, format, context, out),
                None => read_one(RawRecord::opened(bytes, Some(object)), format, context, out),
            },
        },
        Ok(json::Top::Array(elements)) => read_elements(&elements, format, context, out),
        Err(error) => {
            let record = RawRecord::opened(bytes, None).within(context.limits);
            match format.or_else(|| recognise(&record)) {
                Some(reader) => reader.read(&record, context, out),
                None => Err(error),
            }
        }
    }
}

fn recognise(record: &RawRecord<'_>) -> Option<&'static dyn Reader> {
    all().find(|reader| reader.recognises(record))
}

/// The reader that takes `bytes`, or their first element where they are a collection.
pub fn reader_of(bytes: &[u8]) -> Option<&'static dyn Reader> {
    let of_element = |bytes: &[u8]| recognise(&element_of(bytes).ok()?);
    match json::top_level(bytes) {
        Ok(json::Top::Object(object)) => match object.collection() {
            Some(elements) => of_element(elements.first()?.get().as_bytes()),
            None => match cloudwatch::open(&object, Limits::default()) {
                Some(messages) => of_element(messages.ok()?.first()?.as_bytes()),
                None => recognise(&RawRecord::opened(bytes, Some(object))),
            },
        },
        Ok(json::Top::Array(elements)) => of_element(elements.first()?.get().as_bytes()),
        Err(_) => recognise(&RawRecord::opened(bytes, None)),
    }
}

/// The most elements of a collection. The largest record that is accepted leaves each of them 128 bytes, less
/// than any format takes; of smaller ones, each would become a dead letter larger than itself.
const ELEMENTS_MAX: usize = 64 * 1024;

fn refuse_many(elements: usize) -> Result<(), ReadError> {
    if elements > ELEMENTS_MAX {
        let message = format!("a collection of {elements} elements, the limit is {ELEMENTS_MAX}");
        return Err(ReadError::new(Reason::TooLarge, message));
    }
    Ok(())
}

fn read_elements(
    elements: &[&RawValue],
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    refuse_many(elements.len())?;
    // An empty batch is a record like any other: what became of it is counted.
    out.passed_by = out.passed_by.saturating_add(u32::from(elements.is_empty()));
    let mut rows: BTreeMap<&'static str, (&'static dyn Reader, Vec<RawRecord<'_>>)> = BTreeMap::new();
    let from = out.inputs.len();
    for element in elements {
        let bytes = element.get().as_bytes();
        let result = match element_of(bytes).map(|record| record.within(context.limits)) {
            Ok(record) => match format.or_else(|| recognise(&record)) {
                Some(reader) if reader.joins_rows() && json::refuse_depth(bytes).is_ok() => {
                    rows.entry(reader.name()).or_insert_with(|| (reader, Vec::new())).1.push(record);
                    continue;
                }
                reader => read_with(reader, &record, context, out),
            },
            Err(error) => Err(error),
        };
        let again = |bytes: &[u8]| read_one(element_of(bytes)?, format, context, out);
        if let Err(error) = retry_mended(result, bytes, again) {
            out.rejected.push(Rejected { bytes: bytes.to_vec(), error });
        }
    }
    for (reader, records) in rows.into_values() {
        reader.read_rows(&records, context, out);
    }
    signals::fold_alerts(&mut out.inputs, from, context.limits.entities_max);
    Ok(())
}

/// An element of a collection.
fn element_of(bytes: &[u8]) -> Result<RawRecord<'_>, ReadError> {
    match json::top_level(bytes)? {
        json::Top::Object(object) => Ok(RawRecord::opened(bytes, Some(object))),
        json::Top::Array(_) => Err(ReadError::new(Reason::UnrecognisedFormat, "an array within a collection")),
    }
}

fn read_one(
    record: RawRecord<'_>,
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    let record = record.within(context.limits);
    read_with(format.or_else(|| recognise(&record)), &record, context, out)
}

fn read_with(
    reader: Option<&'static dyn Reader>,
    record: &RawRecord<'_>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    json::refuse_depth(record.bytes)?;
    match reader {
        Some(reader) => reader.read(record, context, out),
        None => Err(ReadError::new(Reason::UnrecognisedFormat, "no reader recognises the shape of this object")),
    }
}

/// Reads the messages of CloudWatch's envelope, each a record of its own.
fn read_messages(
    messages: &[String],
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    refuse_many(messages.len())?;
    if messages.is_empty() {
        out.passed_by = out.passed_by.saturating_add(1);
    }
    for message in messages {
        let bytes = message.as_bytes();
        let result = read_mended(bytes, |bytes| read_one(element_of(bytes)?, format, context, out));
        if let Err(error) = result {
            out.rejected.push(Rejected { bytes: bytes.to_vec(), error });
        }
    }
    Ok(())
}
