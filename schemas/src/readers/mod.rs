//! From the bytes of a record to what it means: one reader a format, one file a reader.
//!
//! A reader says by the shape of a record whether it is its own ([`Reader::recognises`]) and turns it
//! into interactions or signals ([`Reader::read`]). [`telemetry::READERS`] and [`signals::READERS`] are the
//! explicit lists; the next format is a file, a line there and a directory of cases. Where a source names its format, only that reader
//! is asked. What no reader recognises is an error with a reason, never silence.
//!
//! Collections that shippers wrap around records (`{"records": [...]}`, `{"Records": [...]}`,
//! `{"value": [...]}`, a top-level array) are opened here, so that a bad element rejects only itself.

mod context;
mod error;
mod json;
pub mod signals;
pub mod telemetry;

use serde_json::value::RawValue;

pub use context::{Context, Limits, Tenancy};
pub use error::{ReadError, Reason};
pub use json::{Object, mend_surrogates, parse_value};

use crate::interaction::Interaction;
use crate::signal::Signal;

/// One record as it came: its bytes, and its top level where it is a JSON object.
pub struct RawRecord<'a> {
    /// The original bytes.
    pub bytes: &'a [u8],
    /// The top-level members, undecoded; `None` where the bytes are no JSON object.
    pub object: Option<Object<'a>>,
}

impl<'a> RawRecord<'a> {
    /// The record in `bytes`, with its top level where that is a JSON object.
    pub fn new(bytes: &'a [u8]) -> Self {
        let object = match json::top_level(bytes) {
            Ok(json::Top::Object(object)) => Some(object),
            _ => None,
        };
        Self { bytes, object }
    }

    /// The member `key` of the JSON object, undecoded.
    pub fn field(&self, key: &str) -> Option<&'a RawValue> {
        self.object.as_ref().and_then(|object| object.get(key))
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
}

/// Reads one format.
pub trait Reader: Sync {
    /// The format's name in configuration and in dead letters.
    fn name(&self) -> &'static str;

    /// Whether `record` has this format's shape. Cheap: only the top level, no decoding. At most one
    /// reader recognises a record; a test holds every case against every reader.
    fn recognises(&self, record: &RawRecord<'_>) -> bool;

    /// Turns `record` into what it means.
    ///
    /// # Errors
    /// When the record has the shape but cannot be read; `out` then holds nothing of it.
    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError>;
}

/// Every reader, alphabetically within telemetry and signals.
pub fn all() -> impl Iterator<Item = &'static dyn Reader> {
    telemetry::READERS.iter().chain(signals::READERS).copied()
}

/// The reader called `name`.
pub fn by_name(name: &str) -> Option<&'static dyn Reader> {
    all().find(|reader| reader.name() == name)
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
    match read(bytes) {
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
    match json::top_level(bytes) {
        Ok(json::Top::Object(object)) => match object.collection() {
            Some(elements) => read_elements(&elements, format, context, out),
            None => read_one(&RawRecord { bytes, object: Some(object) }, format, context, out),
        },
        Ok(json::Top::Array(elements)) => read_elements(&elements, format, context, out),
        Err(error) => {
            let record = RawRecord { bytes, object: None };
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
    let first = match json::top_level(bytes) {
        Ok(json::Top::Object(object)) => match object.collection() {
            Some(elements) => elements.first().copied()?,
            None => return recognise(&RawRecord { bytes, object: Some(object) }),
        },
        Ok(json::Top::Array(elements)) => elements.first().copied()?,
        Err(_) => return recognise(&RawRecord { bytes, object: None }),
    };
    match json::top_level(first.get().as_bytes()) {
        Ok(json::Top::Object(object)) => recognise(&RawRecord { bytes: first.get().as_bytes(), object: Some(object) }),
        _ => None,
    }
}

/// The most elements of a collection. The largest record that is accepted leaves each of them 128 bytes, less
/// than any format takes; of smaller ones, each would become a dead letter larger than itself.
const ELEMENTS_MAX: usize = 64 * 1024;

fn read_elements(
    elements: &[&RawValue],
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    if elements.len() > ELEMENTS_MAX {
        let message = format!("a collection of {} elements, the limit is {ELEMENTS_MAX}", elements.len());
        return Err(ReadError::new(Reason::TooLarge, message));
    }
    let from = out.inputs.len();
    for element in elements {
        let bytes = element.get().as_bytes();
        let result = read_mended(bytes, |bytes| match json::top_level(bytes)? {
            json::Top::Object(object) => read_one(&RawRecord { bytes, object: Some(object) }, format, context, out),
            json::Top::Array(_) => Err(ReadError::new(Reason::UnrecognisedFormat, "an array within a collection")),
        });
        if let Err(error) = result {
            out.rejected.push(Rejected { bytes: bytes.to_vec(), error });
        }
    }
    signals::fold_alerts(&mut out.inputs, from, context.limits.entities_max);
    Ok(())
}

fn read_one(
    record: &RawRecord<'_>,
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    json::refuse_depth(record.bytes)?;
    match format.or_else(|| recognise(record)) {
        Some(reader) => reader.read(record, context, out),
        None => Err(ReadError::new(Reason::UnrecognisedFormat, "no reader recognises the shape of this object")),
    }
}
