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
mod pointer;

use serde_json::Value;

pub use file::{AlertFile, EntityFile, KindFile, MappingFile, TimeFormat};

use self::pointer::{Pointer, Template};
use super::draft::Draft;
use super::fields::Node;
use super::things;
use crate::entity::{Entity, EntityKind, IDS_PER_ENTITY_MAX, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, parse_value};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};
use crate::time::Timestamp;

/// The longest name of a mapping in bytes; it is the product of every signal.
const NAME_BYTES_MAX: usize = 64;
/// The most entities and techniques that one mapping points at.
const POINTERS_MAX: usize = 64;
/// The most elements of one array that are looked at, each a thing; more than any signal keeps.
const ELEMENTS_MAX: usize = 256;

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
        Box::leak(Box::new(MappingReader { name: Box::leak(self.name.clone().into_boxed_str()), mapping: self }))
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

/// A mapping with the name that every reader has for ever.
struct MappingReader {
    name: &'static str,
    mapping: Mapping,
}

impl Reader for MappingReader {
    fn name(&self) -> &'static str {
        self.name
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.object.is_some()
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = parse_value(record.bytes)?;
        let mapping = &self.mapping;
        let mut draft = Draft::context(self.name, mapping.group);
        draft.kind = mapping.kind_of(&root);
        draft.severity = mapping.severity_of(&root, draft.kind);
        let text = |pointer: &Option<Pointer>| pointer.as_ref().and_then(|at| at.at(&root).text()).map(String::from);
        draft.native_id = text(&mapping.id);
        draft.vendor_tenant = text(&mapping.tenant);
        draft.time = mapping.time.as_ref().and_then(|(pointer, format)| time(pointer.at(&root), *format));
        mapping.techniques.iter().for_each(|pointer| draft.add_techniques_at(pointer.at(&root)));
        mapping.entities.iter().for_each(|thing| thing.add(&root, &mut draft));
        draft.title = mapping.title.fill(&root);
        if draft.title.trim().is_empty() {
            draft.title = format!("{} record", self.name);
        }
        draft.publish(record, context, out)
    }
}

impl Mapping {
    fn kind_of(&self, root: &Value) -> SignalKind {
        let Some((pointer, values)) = &self.alert_when else { return self.kind };
        let said = |word: &str| values.iter().any(|value| value.eq_ignore_ascii_case(word));
        let node = pointer.at(root);
        let alert = node.flag().map_or_else(
            || node.items().take(ELEMENTS_MAX).filter_map(Node::word).any(|word| said(&word)),
            |flag| said(if flag { "true" } else { "false" }),
        );
        if alert { SignalKind::Alert } else { self.kind }
    }

    fn severity_of(&self, root: &Value, kind: SignalKind) -> Severity {
        let nothing = if kind == SignalKind::Alert { Severity::Unknown } else { Severity::Informational };
        let otherwise = self.severity_default.unwrap_or(nothing);
        let word = self.severity.as_ref().and_then(|pointer| pointer.at(root).word());
        let Some(word) = word else { return otherwise };
        let listed = self.severity_values.iter().find(|(value, _)| value.eq_ignore_ascii_case(&word));
        let known = listed.map_or_else(|| Severity::from_word(&word), |(_, severity)| *severity);
        if known == Severity::Unknown { otherwise } else { known }
    }
}

/// The instant at `node`; a number in text is a number too.
fn time(node: Node<'_>, format: TimeFormat) -> Option<Timestamp> {
    const NANOS_PER_MILLI: u128 = 1_000_000;
    let nanos_per_unit = match format {
        TimeFormat::Rfc3339 => return node.time().filter(|_| node.number().is_none()),
        TimeFormat::EpochSeconds => 1_000 * NANOS_PER_MILLI,
        TimeFormat::EpochMillis => NANOS_PER_MILLI,
        TimeFormat::EpochMicros => 1_000,
        TimeFormat::EpochNanos => 1,
    };
    // Nanoseconds have more digits than a float keeps; only a fraction needs one.
    let millis = match node.word()?.parse::<u64>() {
        Ok(whole) => u128::from(whole) * nanos_per_unit / NANOS_PER_MILLI,
        Err(_) => (node.number()? * (nanos_per_unit as f64 / NANOS_PER_MILLI as f64)).round() as u128,
    };
    // Zero is how sources write that there is none; a cast of what is no number gives zero too.
    i64::try_from(millis).ok().and_then(Timestamp::from_millis).filter(|time| time.millis() > 0)
}

impl Thing {
    fn add(&self, root: &Value, draft: &mut Draft) {
        match &self.each {
            None => draft.add(self.entity(root)),
            Some(each) => {
                let elements = each.at(root).items().filter_map(Node::value);
                elements.take(ELEMENTS_MAX).for_each(|element| draft.add(self.entity(element)));
            }
        }
    }

    /// The thing that `root` names. An array of identifiers names one thing in several ways.
    fn entity(&self, root: &Value) -> Option<Entity> {
        let ids = self.ids.iter().flat_map(|pointer| pointer.at(root).items().take(IDS_PER_ENTITY_MAX));
        let ids: Vec<Node<'_>> = ids.collect();
        let entity = match self.kind {
            EntityKind::Device => things::device(&ids),
            EntityKind::File | EntityKind::Process => {
                let is_path = |node: &&Node<'_>| node.text().is_some_and(|text| text.contains(['/', '\\']));
                let path = ids.iter().find(is_path).copied().unwrap_or(Node::absent());
                let hashes: Vec<_> = ids.iter().filter(|node| !is_path(node)).copied().collect();
                things::image(self.kind, &hashes, path, Node::absent())
            }
            EntityKind::Url => ids.first().and_then(|node| things::url_or_domain(*node)),
            kind => {
                let ids: Vec<_> = ids.iter().filter_map(|node| node.text()).collect();
                Entity::new(kind, ids.iter().map(AsRef::as_ref))
            }
        }?;
        let name = self.name.as_ref().and_then(|pointer| pointer.at(root).text());
        let entity = if name.is_some() { entity.named(name.as_deref()) } else { entity };
        Some(match self.role {
            Some(role) => entity.in_role(role),
            None => entity,
        })
    }
}
