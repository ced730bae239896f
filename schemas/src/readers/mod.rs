//! From the bytes of a record to what it means: one reader a format, one file a reader.
//!
//! A reader says by the shape of a record whether it is its own ([`Reader::recognises`]) and turns it
//! into interactions or signals ([`Reader::read`]). [`telemetry::READERS`] and [`signals::READERS`] are the
//! explicit lists; the next format is a file, a line there and a directory of cases. Where a source names its
//! format, only that reader is asked. What no reader recognises is an error with a reason, never silence.
//!
//! What shippers and APIs wrap around records is opened by `opening` before a reader sees them, so that a bad
//! element of a collection rejects only itself.

mod budget;
mod cloudwatch;
pub mod command;
mod context;
mod encoded;
mod error;
mod json;
mod network;
mod opening;
mod plain;
mod scan;
mod shipped;
pub mod signals;
mod syslog;
pub mod telemetry;
mod value;
mod watch;
mod windows_xml;

use std::cell::OnceCell;

pub use context::{Context, EventTime, Limits, Tenancy};
pub use error::{ReadError, Reason};
pub use json::{Json, Object, mend_surrogates, parse_json};
pub use network::{Network, NetworkError};
pub use opening::{read, reader_of};

use self::value::Value;
pub use self::watch::Watch;
use crate::command::Command;
use crate::interaction::Interaction;
use crate::signal::{Flag, Signal};
use crate::time::Timestamp;

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
    #[inline]
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
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = match self.object.get() {
            Some(Some(object)) => json::tree_of(self.bytes, object, self.values_max)?,
            _ => json::tree(self.bytes, self.values_max)?,
        };
        Ok(self.value.get_or_init(|| value))
    }

    /// The member `key` of the JSON object, undecoded.
    #[inline(always)]
    pub fn field(&self, key: &str) -> Option<Json<'a>> {
        self.object().and_then(|object| object.get(key))
    }

    /// Whether the record is a JSON object with all of `keys`.
    #[inline]
    pub fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.field(key).is_some())
    }

    /// Whether the record is a JSON object with one of `keys`.
    #[inline]
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

impl Input {
    /// Whether its time is the broker's, since nothing says another.
    fn lacks_time(&self) -> bool {
        match self {
            Self::Interaction(interaction) => interaction.flags.contains(&Flag::BrokerTime),
            Self::Signal(signal) => signal.flags.contains(&Flag::BrokerTime),
            Self::Command { .. } => false,
        }
    }
}

/// An element of a collection that could not be read.
#[derive(Debug)]
pub struct Rejected {
    /// The element's own bytes.
    pub bytes: Vec<u8>,
    /// Why.
    pub error: ReadError,
}

/// A document within a record that may be a record of somebody else's.
#[derive(Debug)]
struct Carried {
    text: String,
    /// When it was written, where what is around it says so.
    written: Option<Timestamp>,
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
    /// Documents within the record that may be records of somebody else's, on their way to a reader.
    carried: Vec<Carried>,
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
    /// reader recognises a record, schemas of everybody's aside; a test holds every case against every reader.
    fn recognises(&self, record: &RawRecord<'_>) -> bool;

    /// Whether the format is a schema that any product may write. Shippers put such a schema's members beside a
    /// vendor's own, so that where a reader of the vendor knows a record it is the vendor's.
    fn is_common_schema(&self) -> bool {
        false
    }

    /// Whether `record`, which this reader recognises, may be no more than what a shipper put around a record of
    /// somebody else's. Where it holds one that a reader knows, that one is read instead.
    fn may_only_carry(&self, _record: &RawRecord<'_>) -> bool {
        false
    }

    /// Whether the format's own records may stand under `event`, with something of their own beside it: a source that
    /// names the format means such a record, not one that a collector put there.
    fn stands_under_event(&self) -> bool {
        false
    }

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
