//! How Avro records say which schema wrote them: by fingerprint (single-object encoding), or by a registry's id.
//!
//! With a registry every Avro record that Weir writes carries the Confluent frame: a zero byte, the id in
//! big endian, the datum. A record in that frame is turned into a single object on its way in, so that
//! readers and correlator know one frame only and never ask anybody: the id's schema is looked up once and
//! known by its fingerprint from then on. A fingerprint that this version has no schema for is told by whoever
//! decodes, here and there alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use schemas::avro::{self, AvroError, Record};
use schemas::{AnnotatedInteraction, Signal};

use crate::config::Config;
use crate::schema_registry::{RegistryError, SchemaRegistry};

/// The first byte of the registry's frame, and its length.
const MAGIC: u8 = 0;
const FRAME_BYTES: usize = 5;
/// How many ids are remembered. A registry has a handful for topics that Weir reads; garbage has more.
const IDS_MAX: usize = 1024;
/// How long an id that the registry does not know is not asked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// A schema that Weir writes, with the subject that holds it.
pub struct Subject {
    /// `<topic>-value`.
    pub name: String,
    /// The record's name.
    pub record: &'static str,
    /// The schema in JSON.
    pub schema: &'static str,
}

/// The schemas of Weir's Avro topics.
pub fn subjects(config: &Config) -> [Subject; 2] {
    [subject::<AnnotatedInteraction>(&config.topic("annotated")), subject::<Signal>(&config.topic("signals"))]
}

fn subject<T: Record>(topic: &str) -> Subject {
    Subject { name: format!("{topic}-value"), record: T::NAME, schema: T::SCHEMA }
}

/// Why a record in a registry's frame is not read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Nobody knows the id: the record's own fault.
    #[error("{0}")]
    Unknown(String),
    /// The registry cannot be asked now.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// The frame in force.
pub struct Framing {
    registered: Option<Registered>,
}

/// A registry with the ids of what Weir writes.
struct Registered {
    registry: SchemaRegistry,
    ids: Vec<(&'static str, u32)>,
    known: Mutex<HashMap<u32, Known>>,
}

/// What an id means.
#[derive(Clone, Copy)]
enum Known {
    Fingerprint(u64),
    Nothing(Instant),
}

impl Framing {
    /// Single-object encoding.
    pub fn single_object() -> Self {
        Self { registered: None }
    }

    /// The frame of `config`. With a registry, every schema that Weir writes must be there already: a stage
    /// has no right to register.
    ///
    /// # Errors
    /// When the registry does not answer, refuses, or lacks a schema; with the remedy.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let Some(settings) = &config.registry else { return Ok(Self::single_object()) };
        let registry = SchemaRegistry::new(settings)?;
        let mut ids = Vec::new();
        for Subject { name, record, schema } in subjects(config) {
            let id = registry.lookup(&name, schema)?;
            let missing =
                || format!("the schema registry has no {name} like this version's: `weir topics apply` registers it");
            ids.push((record, id.with_context(missing)?));
        }
        Ok(Self { registered: Some(Registered { registry, ids, known: Mutex::default() }) })
    }

    /// Appends `record` to `out` in the frame in force.
    ///
    /// # Errors
    /// As [`avro::encode`].
    pub fn encode<T: Record>(&self, record: &T, out: &mut Vec<u8>) -> Result<(), AvroError> {
        let Some(Registered { ids, .. }) = &self.registered else { return avro::encode(record, out) };
        let Some((_, id)) = ids.iter().find(|(name, _)| *name == T::NAME) else {
            return Err(AvroError::Schema(T::NAME));
        };
        out.push(MAGIC);
        out.extend_from_slice(&id.to_be_bytes());
        avro::encode_datum(record, out)
    }

    /// `bytes` as a single object where they are in the registry's frame, else as they are.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn unframe<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, FrameError> {
        let Some(registered) = &self.registered else { return Ok(Cow::Borrowed(bytes)) };
        let Some((id, datum)) = split(bytes) else { return Ok(Cow::Borrowed(bytes)) };
        let Some(fingerprint) = registered.fingerprint(id)? else {
            return Err(FrameError::Unknown(format!("the schema registry has no Avro schema with the id {id}")));
        };
        Ok(Cow::Owned([&avro::MAGIC[..], &fingerprint.to_le_bytes(), datum].concat()))
    }
}

/// The id and the datum of a registry's frame. JSON and protobuf never begin with a zero byte.
fn split(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (frame, datum) = bytes.split_first_chunk::<FRAME_BYTES>()?;
    let [MAGIC, id @ ..] = frame else { return None };
    Some((u32::from_be_bytes(*id), datum))
}

impl Registered {
    fn fingerprint(&self, id: u32) -> Result<Option<u64>, RegistryError> {
        let known = self.lock().get(&id).copied();
        match known {
            Some(Known::Fingerprint(fingerprint)) => return Ok(Some(fingerprint)),
            Some(Known::Nothing(since)) if since.elapsed() < UNKNOWN_FOR => return Ok(None),
            _ => {}
        }
        // Without the lock: a slow registry holds up this worker only.
        let schema = self.registry.schema(id)?;
        let fingerprint = schema.as_deref().and_then(avro::fingerprint_of_text);
        let mut known = self.lock();
        if known.len() >= IDS_MAX {
            known.retain(|_, known| matches!(known, Known::Fingerprint(_)));
        }
        if known.len() < IDS_MAX {
            known.insert(id, fingerprint.map_or_else(|| Known::Nothing(Instant::now()), Known::Fingerprint));
        }
        Ok(fingerprint)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
