//! The Avro form of what crosses topics inside: [`Interaction`], [`AnnotatedInteraction`], [`Signal`].
//!
//! A record is framed as a *single object* (Avro specification, "Single-object encoding"): the bytes C3 01,
//! the CRC-64-AVRO fingerprint of the writer's schema in little endian, the datum. With a schema registry
//! the datum goes into the registry's own frame instead ([`encode_datum`], [`decode_datum`]); the registry's
//! client does not live here.
//!
//! Encoding and decoding go straight between bytes and types (apache-avro's serde paths). That path does not
//! resolve a reader's schema, so evolution rests on names: a datum is decoded with the schema that wrote it,
//! fields that this version does not know are skipped, fields that the writer did not know take serde's
//! default. The rule for a change of `schemas/avro/*.avsc` follows, and `tests/avro_evolution.rs` holds to it:
//!
//! 1. A new field has a default in the schema and `#[serde(default)]` in the type.
//! 2. No record or field changes its name or type, no field without a default goes away, and no symbol leaves
//!    an enum.
//! 3. Consumers are upgraded before producers: a new enum symbol is an error for an older reader.
//! 4. The schema as it was goes to `schemas/avro/history/` and into the `HISTORY` of its type, for as long
//!    as a topic may hold it.
//!
//! Not here: container files, compression, and schemas that are known only at run time.

use std::marker::PhantomData;
use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::annotation::AnnotatedInteraction;
use crate::interaction::Interaction;
use crate::signal::Signal;

/// The first two bytes of a single object.
pub const MAGIC: [u8; 2] = [0xc3, 0x01];

/// Magic and fingerprint.
const HEADER_BYTES: usize = 10;

/// The longest string that is decoded, in bytes: a longer one is a length that lies. Above any record limit
/// that makes sense, and small enough that one lie cannot exhaust memory.
pub const STRING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a record has no Avro form, or bytes hold no record. Messages never quote content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AvroError {
    /// A schema of this program does not parse.
    #[error("the schema of {0} does not parse")]
    Schema(&'static str),
    /// A value does not fit its schema.
    #[error("a value of {0} does not fit its schema")]
    Encode(&'static str),
    /// The bytes do not begin like a single object.
    #[error("no Avro single object: it begins with C3 01 and a fingerprint")]
    NotSingleObject,
    /// The bytes were written with a schema that this version does not know.
    #[error("no schema of {name} has the fingerprint {fingerprint:016x}")]
    UnknownSchema {
        /// The record's type.
        name: &'static str,
        /// What the bytes say.
        fingerprint: u64,
    },
    /// The bytes are cut off or do not fit the schema.
    #[error("the {name} does not decode; the fault shows at byte {at} of the datum")]
    Decode {
        /// The record's type.
        name: &'static str,
        /// How many bytes were taken before it.
        at: usize,
    },
    /// The bytes go on after the record.
    #[error("{0} bytes follow the record")]
    Trailing(usize),
}

/// A type with an Avro schema of its own.
pub trait Record: Serialize + DeserializeOwned + sealed::Coded {
    /// The schema's name.
    const NAME: &'static str;
    /// The schema in JSON, as files and registries hold it.
    const SCHEMA: &'static str;
    /// Earlier schemas that topics may still hold, newest first.
    const HISTORY: &'static [&'static str];
}

mod sealed {
    pub trait Coded: Sized + 'static {
        fn codec() -> Result<&'static super::Codec<Self>, super::AvroError>;
    }
}

macro_rules! record {
    ($type:ident, $name:literal, $schema:literal, $history:expr) => {
        impl Record for $type {
            const NAME: &'static str = $name;
            const SCHEMA: &'static str = include_str!(concat!("../avro/", $schema));
            const HISTORY: &'static [&'static str] = &$history;
        }

        impl sealed::Coded for $type {
            fn codec() -> Result<&'static Codec<Self>, AvroError> {
                static CODEC: LazyLock<Result<Codec<$type>, AvroError>> = LazyLock::new(Codec::new);
                CODEC.as_ref().map_err(Clone::clone)
            }
        }
    };
}

record!(
    AnnotatedInteraction,
    "io.weir.AnnotatedInteraction",
    "annotated.avsc",
    [
        include_str!("../avro/history/annotated-3.avsc"),
        include_str!("../avro/history/annotated-2.avsc"),
        include_str!("../avro/history/annotated-1.avsc")
    ]
);
record!(
    Interaction,
    "io.weir.Interaction",
    "interaction.avsc",
    [include_str!("../avro/history/interaction-1.avsc"), include_str!("../avro/history/interaction-2.avsc")]
);
record!(
    Signal,
    "io.weir.Signal",
    "signal.avsc",
    [include_str!("../avro/history/signal-2.avsc"), include_str!("../avro/history/signal-1.avsc")]
);

/// What is prepared once per type: parsed schemas, the writer, and a reader for each known schema.
#[doc(hidden)]
pub struct Codec<T> {
    fingerprint: u64,
    writer: GenericDatumWriter<'static>,
    readers: Vec<(u64, GenericDatumReader<'static>)>,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Codec<T> {
    fn new() -> Result<Self, AvroError> {
        let faulty = |_| AvroError::Schema(T::NAME);
        apache_avro::util::max_allocation_bytes(STRING_BYTES_MAX);
        let mut readers = Vec::new();
        let mut writer = None;
        for text in std::iter::once(&T::SCHEMA).chain(T::HISTORY) {
            // Schemas live as long as the program: a handful, parsed once, borrowed by every reader.
            let schema: &'static Schema = Box::leak(Box::new(Schema::parse_str(text).map_err(faulty)?));
            let fingerprint = fingerprint_of(schema);
            let reader = GenericDatumReader::builder(schema).human_readable(false).build().map_err(faulty)?;
            readers.push((fingerprint, reader));
            if writer.is_none() {
                let built = GenericDatumWriter::builder(schema).human_readable(false).build().map_err(faulty)?;
                writer = Some((fingerprint, built));
            }
        }
        let (fingerprint, writer) = writer.ok_or(AvroError::Schema(T::NAME))?;
        Ok(Self { fingerprint, writer, readers, record: PhantomData })
    }
}

/// The CRC-64-AVRO fingerprint of the schema's canonical form, which leaves out documentation and defaults.
fn fingerprint_of(schema: &Schema) -> u64 {
    let bytes = schema.fingerprint::<Rabin>().bytes;
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The fingerprint of a schema in JSON, as registries hand it out; `None` where it is none.
pub fn fingerprint_of_text(text: &str) -> Option<u64> {
    Schema::parse_str(text).ok().as_ref().map(fingerprint_of)
}

/// The fingerprint of the current schema of `T`.
///
/// # Errors
/// When the schema does not parse, which a test excludes.
pub fn fingerprint<T: Record>() -> Result<u64, AvroError> {
    T::codec().map(|codec| codec.fingerprint)
}

/// Appends `record` to `out` as a single object; on an error `out` is as it was.
///
/// # Errors
/// When a value does not fit the schema, such as a count beyond 2^63.
pub fn encode<T: Record>(record: &T, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let before = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&T::codec()?.fingerprint.to_le_bytes());
    encode_datum(record, out).inspect_err(|_| out.truncate(before))
}

/// Appends `record` to `out` without a frame; on an error `out` is as it was.
///
/// # Errors
/// As [`encode`].
pub fn encode_datum<T: Record>(record: &T, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let before = out.len();
    let written = T::codec()?.writer.write_ser(out, record);
    written.map(|_| ()).map_err(|_| {
        out.truncate(before);
        AvroError::Encode(T::NAME)
    })
}

/// Reads a single object.
///
/// # Errors
/// When the frame is missing, the writer's schema is not known, or the bytes do not decode or go on.
pub fn decode<T: Record>(bytes: &[u8]) -> Result<T, AvroError> {
    let fingerprint = frame(bytes).ok_or(AvroError::NotSingleObject)?;
    decode_datum(bytes.get(HEADER_BYTES..).unwrap_or_default(), fingerprint)
}

/// Reads a datum without a frame that was written with the schema of that fingerprint.
///
/// # Errors
/// As [`decode`].
pub fn decode_datum<T: Record>(datum: &[u8], fingerprint: u64) -> Result<T, AvroError> {
    let mut readers = T::codec()?.readers.iter();
    let Some((_, reader)) = readers.find(|(known, _)| *known == fingerprint) else {
        return Err(AvroError::UnknownSchema { name: T::NAME, fingerprint });
    };
    let mut rest = datum;
    let record = reader.read_deser(&mut rest);
    let at = datum.len() - rest.len();
    let record = record.map_err(|_| AvroError::Decode { name: T::NAME, at })?;
    if rest.is_empty() { Ok(record) } else { Err(AvroError::Trailing(rest.len())) }
}

/// The fingerprint in the frame of a single object; `None` where there is no such frame.
pub fn frame(bytes: &[u8]) -> Option<u64> {
    let fingerprint = bytes.strip_prefix(&MAGIC)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*fingerprint))
}
