//! The reader for sources that Weir does not know: a mapping in the configuration says where things stand.
//!
//! - Recognised by nothing: a source asks for it by name (`format = "mapping:NAME"`).
//! - Native id, time, severity, title, techniques, entities: where [`MappingFile`] points. A record that lacks them
//!   gets what any record gets: the content's hash, the broker's time, and the flag that says so.
//!
//! What names a thing is still decided by `things` and the entity's own rules, so that a mapping cannot make a
//! user of `SYSTEM` or link by a program that every machine has. Not here: conditions beyond [`AlertFile`], text
//! surgery, joins of fields. Whoever needs those writes a reader.

mod file;
mod mapped;
mod pointer;

pub use file::{AlertFile, EntityFile, KindFile, MappingFile, TimeFormat};

use self::mapped::MappedReader;
use self::pointer::{Pointer, Template};
use crate::entity::{EntityKind, IDS_PER_ENTITY_MAX, Role};
use crate::readers::Reader;
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

/// The longest name of a mapping in bytes; it is the product of every signal.
const NAME_BYTES_MAX: usize = 64;
/// The most entities and techniques that one mapping points at.
const POINTERS_MAX: usize = 64;

/// Why a mapping is refused: the key and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct MappingError {
    /// The key, as written.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

impl MappingError {
    fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// A checked mapping: every pointer parsed, every bound kept.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: String,
    group: Group,
    kind: SignalKind,
    alert_when: Option<(Pointer, Vec<String>)>,
    id: Option<Pointer>,
    time: Option<(Pointer, TimeFormat)>,
    severity: Option<Pointer>,
    severity_values: Vec<(String, Severity)>,
    severity_default: Option<Severity>,
    title: Template,
    tenant: Option<Pointer>,
    techniques: Vec<Pointer>,
    entities: Vec<Thing>,
}

/// A checked [`EntityFile`].
#[derive(Clone, Debug)]
struct Thing {
    kind: EntityKind,
    each: Option<Pointer>,
    ids: Vec<Pointer>,
    name: Option<Pointer>,
    role: Option<Role>,
}

impl Mapping {
    /// Checks the mapping called `name`.
    ///
    /// # Errors
    /// The first key that is wrong, with the remedy.
    pub fn new(name: &str, file: MappingFile) -> Result<Self, MappingError> {
        check(name, &file)?;
        let kind = match file.kind {
            KindFile::Alert => SignalKind::Alert,
            KindFile::Context => SignalKind::Context,
        };
        let alert_when = file.alert_when.map(|when| {
            let pointer = Pointer::parse(&when.pointer);
            let pointer = pointer.map_err(|message| MappingError::new("alert_when.pointer", message))?;
            Ok((pointer, when.values))
        });
        let time = optional("time", file.time.as_deref())?;
        Ok(Self {
            name: name.to_owned(),
            group: file.group,
            kind,
            alert_when: alert_when.transpose()?,
            id: optional("id", file.id.as_deref())?,
            time: time.map(|pointer| (pointer, file.time_format.unwrap_or_default())),
            severity: optional("severity", file.severity.as_deref())?,
            severity_values: file.severity_values.into_iter().collect(),
            severity_default: file.severity_default,
            title: Template::parse(&file.title).map_err(|message| MappingError::new("title", message))?,
            tenant: optional("tenant", file.tenant.as_deref())?,
            techniques: pointers("techniques", &file.techniques)?,
            entities: file.entities.iter().enumerate().map(|(at, file)| thing(at, file)).collect::<Result<_, _>>()?,
        })
    }

    /// The reader of this mapping, for as long as the program runs.
    ///
    /// Readers are shared by every thread and named in sources as `&'static dyn Reader`, which all that Weir ships
    /// are. A configuration is read once, at the start, and holds for the life of the process, so its few mappings
    /// are leaked instead of making every holder of a reader count references.
    pub fn leak(self) -> &'static dyn Reader {
        Box::leak(Box::new(MappedReader { name: Box::leak(self.name.clone().into_boxed_str()), mapping: self }))
    }
}

/// What no pointer's own syntax says.
fn check(name: &str, file: &MappingFile) -> Result<(), MappingError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(legal) {
        return Err(MappingError::new("name", "use lower-case letters, digits and `_`, at most 64"));
    }
    if crate::readers::by_name(name).is_some() {
        return Err(MappingError::new("name", format!("`{name}` is a reader that Weir brings: choose another")));
    }
    if file.group == Group::Ai {
        return Err(MappingError::new("group", "`ai` records are interactions, not signals: send them as `exchange`"));
    }
    if file.time.is_none() && file.time_format.is_some() {
        return Err(MappingError::new("time_format", "there is no `time` that it would be the format of"));
    }
    if file.severity.is_none() && !file.severity_values.is_empty() {
        return Err(MappingError::new("severity_values", "there is no `severity` whose values they would be"));
    }
    if file.alert_when.as_ref().is_some_and(|when| when.values.is_empty()) {
        return Err(MappingError::new("alert_when.values", "is empty: name the values that mean an alert"));
    }
    let counts = [
        ("entities", file.entities.len()),
        ("severity_values", file.severity_values.len()),
        ("techniques", file.techniques.len()),
        ("alert_when.values", file.alert_when.as_ref().map_or(0, |when| when.values.len())),
    ];
    match counts.iter().find(|(_, count)| *count > POINTERS_MAX) {
        Some((key, count)) => Err(MappingError::new(*key, format!("{count} entries, the limit is {POINTERS_MAX}"))),
        None => Ok(()),
    }
}

fn optional(key: &str, text: Option<&str>) -> Result<Option<Pointer>, MappingError> {
    text.map(|text| Pointer::parse(text).map_err(|message| MappingError::new(key, message))).transpose()
}

fn pointers(key: &str, texts: &[String]) -> Result<Vec<Pointer>, MappingError> {
    let parse = |(at, text): (usize, &String)| {
        Pointer::parse(text).map_err(|message| MappingError::new(format!("{key}[{at}]"), message))
    };
    texts.iter().enumerate().map(parse).collect()
}

fn thing(at: usize, file: &EntityFile) -> Result<Thing, MappingError> {
    let key = |name: &str| format!("entities[{at}].{name}");
    if file.ids.is_empty() || file.ids.len() > IDS_PER_ENTITY_MAX {
        return Err(MappingError::new(key("ids"), format!("name 1 to {IDS_PER_ENTITY_MAX} pointers")));
    }
    if file.role.is_some() && !matches!(file.kind, EntityKind::Ip | EntityKind::Device) {
        return Err(MappingError::new(key("role"), format!("a {} has none: only ip and device", file.kind.as_str())));
    }
    Ok(Thing {
        kind: file.kind,
        each: optional(&key("each"), file.each.as_deref())?,
        ids: pointers(&key("ids"), &file.ids)?,
        name: optional(&key("name"), file.name.as_deref())?,
        role: file.role,
    })
}
