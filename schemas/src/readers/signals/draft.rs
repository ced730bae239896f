//! A signal while a reader fills it, and what all signals have in common.
//!
//! Here stand the uid, the content hash of records without an id, the bounds on text and on the number
//! of entities, and the union of entities that turn out to be one thing. What a field means is the
//! reader's business.

use sha2::{Digest, Sha256};

use super::fields::Node;
use super::things::{self, SystemFiles};
use crate::entity::{Entity, EntityKind, ID_BYTES_MAX, IDS_PER_ENTITY_MAX, Role};
use crate::facts::Facts;
use crate::ids::SignalUid;
use crate::readers::value::Value;
use crate::readers::{Context, EventTime, Output, RawRecord, ReadError};
use crate::severity::Severity;
use crate::signal::{Flag, Group, Signal, SignalKind};

/// The longest title in characters; a title is one line for people.
const TITLE_CHARS_MAX: usize = 240;
/// The most entities that are looked at; each is held against those before it, so that a record of a hundred
/// thousand would take the square of that. More than any signal keeps.
const ENTITIES_SEEN_MAX: usize = 256;
/// The most techniques that one signal keeps.
pub(super) const TECHNIQUES_MAX: usize = 64;
/// How much content most records have for their hash, with the lengths before it.
const CONTENT_BYTES_USUAL: usize = 4096;
/// The most techniques that are looked at, repeats included.
const TECHNIQUES_SEEN_MAX: usize = 4096;

/// A signal in the making.
pub(super) struct Draft {
    /// The source's name, part of the uid.
    pub(super) product: &'static str,
    pub(super) group: Group,
    pub(super) kind: SignalKind,
    pub(super) severity: Severity,
    pub(super) title: String,
    /// The vendor's id; without one the content's hash.
    pub(super) native_id: Option<String>,
    /// What the uid is derived from where the vendor's id alone is not unique.
    pub(super) unique_id: Option<String>,
    pub(super) time: EventTime,
    /// The vendor's tenant, organisation or account.
    pub(super) vendor_tenant: Option<String>,
    techniques: Vec<String>,
    entities: Vec<Entity>,
    /// Entities came beyond the bound.
    overflowed: bool,
}

impl Draft {
    /// A record that is no alert.
    pub(super) fn context(product: &'static str, group: Group) -> Self {
        Self {
            product,
            group,
            kind: SignalKind::Context,
            severity: Severity::Informational,
            title: String::new(),
            native_id: None,
            unique_id: None,
            time: EventTime::Absent,
            vendor_tenant: None,
            techniques: Vec::new(),
            entities: Vec::new(),
            overflowed: false,
        }
    }

    /// A vendor's alert.
    pub(super) fn alert(product: &'static str, group: Group, severity: Severity) -> Self {
        Self { kind: SignalKind::Alert, severity, ..Self::context(product, group) }
    }

    /// Adds what took part. Entities of one kind that share an identifier are one thing.
    pub(super) fn add(&mut self, entity: Option<Entity>) {
        let Some(entity) = entity else { return };
        self.overflowed |= !unite(&mut self.entities, entity);
    }

    /// Adds the thing of `kind` whose one identifier stands at `node`.
    pub(super) fn add_one(&mut self, kind: EntityKind, node: Node<'_>) {
        if let Some(id) = node.text() {
            self.add(Entity::new(kind, [&*id]));
        }
    }

    /// Adds the addresses at `nodes`.
    pub(super) fn add_ips<'v>(&mut self, nodes: impl IntoIterator<Item = Node<'v>>) {
        for node in nodes {
            self.add_one(EntityKind::Ip, node);
        }
    }

    /// Adds the addresses at `nodes`, each of which was that end of the traffic.
    pub(super) fn add_ips_as<'v>(&mut self, role: Role, nodes: impl IntoIterator<Item = Node<'v>>) {
        for text in nodes.into_iter().filter_map(Node::text) {
            self.add(Entity::new(EntityKind::Ip, [&*text]).map(|address| address.in_role(role)));
        }
    }

    /// Adds the file or process image that [`things::image`] makes of these.
    pub(super) fn add_image(&mut self, kind: EntityKind, hashes: &[Node<'_>], folder: Node<'_>, file: Node<'_>) {
        self.add(things::image(kind, hashes, folder, file, self.system_files()));
    }

    /// What the operating system's files are to this signal, whose kind must be known by now.
    pub(super) fn system_files(&self) -> SystemFiles {
        if self.kind == SignalKind::Context { SystemFiles::NameNothing } else { SystemFiles::HaveHashes }
    }

    /// Adds every MITRE ATT&CK or ATLAS technique that `text` names.
    pub(super) fn add_techniques(&mut self, text: &str) {
        let room = TECHNIQUES_SEEN_MAX.saturating_sub(self.techniques.len());
        self.techniques.extend(techniques_in(text).take(TECHNIQUES_MAX.min(room)));
    }

    /// Adds every technique that the texts at or in `node` name.
    pub(super) fn add_techniques_at(&mut self, node: Node<'_>) {
        for text in node.items().filter_map(Node::word) {
            self.add_techniques(&text);
        }
    }

    /// Completes the signal and hands it over.
    ///
    /// # Errors
    /// When the content of a record without an id cannot be read for its hash.
    pub(super) fn publish(
        mut self,
        record: &RawRecord<'_>,
        context: &Context<'_>,
        out: &mut Output,
    ) -> Result<(), ReadError> {
        let mut flags = Vec::new();
        let native_id = match self.native_id.take().filter(|id| id.len() <= ID_BYTES_MAX) {
            Some(id) => id,
            None => {
                flags.push(Flag::DerivedId);
                context.derived_id(content_hash(record.value()?), self.time)
            }
        };
        let time = context.time(self.time, &mut flags);
        if self.overflowed || self.entities.len() > context.limits.entities_max {
            self.entities.truncate(context.limits.entities_max);
            flags.push(Flag::Truncated);
        }
        self.techniques.sort_unstable();
        self.techniques.dedup();
        self.techniques.truncate(TECHNIQUES_MAX);
        let mut facts = Facts::default();
        if let Some(watch) = context.watch {
            facts.fields = watch.fields(self.product, record.value()?);
        }
        let tenant = context.tenant(None, self.vendor_tenant.as_deref());
        out.signal(Signal {
            uid: SignalUid::derive(&tenant, self.product, self.unique_id.as_deref().unwrap_or(&native_id)),
            native_id,
            tenant,
            time,
            group: self.group,
            product: self.product.to_owned(),
            kind: self.kind,
            title: one_line(self.title),
            severity: self.severity,
            category: None,
            techniques: self.techniques,
            entities: self.entities,
            flags,
            facts,
        });
        Ok(())
    }
}

/// Adds `entity` to `entities`, as one with those of its kind that share an identifier; false where there is no room.
pub(super) fn unite(entities: &mut Vec<Entity>, mut entity: Entity) -> bool {
    if entities.len() >= ENTITIES_SEEN_MAX {
        return false;
    }
    let mut place = entities.len();
    let mut index = 0;
    entities.retain_mut(|known| {
        let same = known.kind == entity.kind && known.ids.iter().any(|id| entity.ids.contains(id));
        if same {
            place = place.min(index);
            entity.ids.append(&mut known.ids);
            entity.name = known.name.take().or(entity.name.take());
            entity.role = Role::of_both(entity.role, known.role);
        }
        index += 1;
        !same
    });
    entity.ids.sort_unstable();
    entity.ids.dedup();
    entity.ids.truncate(IDS_PER_ENTITY_MAX);
    entities.insert(place.min(entities.len()), entity);
    true
}

/// One line of bounded length: runs of white space and control characters become one space.
fn one_line(text: String) -> String {
    // Nearly all are that already.
    let (bytes, printable) = (text.as_bytes(), |byte: &u8| byte.is_ascii_graphic() || *byte == b' ');
    let spaced = bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ') || text.contains("  ");
    if bytes.len() <= TITLE_CHARS_MAX && !spaced && bytes.iter().all(printable) {
        return text;
    }
    let mut line = String::with_capacity(text.len().min(TITLE_CHARS_MAX));
    let mut gap = false;
    for (kept, c) in text.trim().chars().enumerate() {
        if kept >= TITLE_CHARS_MAX {
            line.push('…');
            break;
        }
        if c.is_whitespace() || c.is_control() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
        }
        line.push(c);
    }
    line
}

/// Technique ids within `text`: `T1218.010`, `AML.T0051`. What letters or digits enclose is no id.
fn techniques_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter_map(|word| {
        let word = word.trim_matches('.');
        let (atlas, id) = match word.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("AML.") => ("AML.", word.get(4..)?),
            _ => ("", word),
        };
        let mut parts = id.strip_prefix(['T', 't'])?.split('.');
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        let technique = parts.next().filter(|part| digits(part, 4))?;
        match (parts.next(), parts.next()) {
            (None, None) => Some(format!("{atlas}T{technique}")),
            (Some(sub), None) if digits(sub, 3) => Some(format!("{atlas}T{technique}.{sub}")),
            _ => None,
        }
    })
}

/// SHA-256 over a record's content in hexadecimal digits, blind to white space and to the order of members. The content
/// is copied together first: a hash that is fed in pieces of nine bytes takes longer than the copy.
pub(super) fn content_hash(value: &Value<'_>) -> String {
    let mut content = Vec::with_capacity(CONTENT_BYTES_USUAL);
    feed(&mut content, value);
    let hash = Sha256::digest(&content);
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
    let digits = hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect();
    String::from_utf8(digits).unwrap_or_default()
}

/// Every value with its type and length before it, so that no two contents give the same bytes.
fn feed(content: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => content.push(b'n'),
        Value::Bool(flag) => content.extend_from_slice(&[b'b', u8::from(*flag)]),
        Value::Number(number) => match number.as_u64() {
            Some(number) => digits(content, b'd', number),
            None => text(content, b'd', &number.to_string()),
        },
        Value::String(string) => text(content, b's', string),
        Value::Array(elements) => {
            begin(content, b'a', elements.len());
            elements.iter().for_each(|element| feed(content, element));
        }
        Value::Object(members) => {
            let members = members.in_one_order();
            begin(content, b'o', members.len());
            for (name, member) in members {
                text(content, b's', name);
                feed(content, member);
            }
        }
    }
}

fn text(content: &mut Vec<u8>, tag: u8, text: &str) {
    begin(content, tag, text.len());
    content.extend_from_slice(text.as_bytes());
}

/// The digits of an integer, which most numbers are; what prints any number takes several times as long.
fn digits(content: &mut Vec<u8>, tag: u8, mut number: u64) {
    let mut digits = [0; u64::MAX.ilog10() as usize + 1];
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        first -= 1;
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(first..).unwrap_or_default();
    begin(content, tag, digits.len());
    content.extend_from_slice(digits);
}

/// The type of a value and how long it is, in as few bytes as that takes.
#[inline(always)]
fn begin(content: &mut Vec<u8>, tag: u8, length: usize) {
    match u8::try_from(length) {
        Ok(length @ ..0x80) => content.extend_from_slice(&[tag, length]),
        _ => {
            content.push(tag);
            prost::encoding::encode_varint(length as u64, content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_hashed_as_they_print() {
        for number in [0, 9, 10, 909, u64::MAX] {
            let mut contents = [Vec::new(), Vec::new()];
            digits(&mut contents[0], b'd', number);
            text(&mut contents[1], b'd', &number.to_string());
            assert_eq!(contents[0], contents[1], "{number}");
        }
    }

    #[test]
    fn finds_techniques_in_prose() {
        let text =
            "[\"Regsvr32 (T1218.010)\",\"T1059\"], aml.t0051.000; XT1059 T10590 T1059.01 technique_id=T1003,x T1.2.3";
        let found: Vec<_> = techniques_in(text).collect();
        assert_eq!(found, ["T1218.010", "T1059", "AML.T0051.000", "T1003"]);
    }

    #[test]
    fn entities_that_share_an_identifier_are_one() {
        let mut draft = Draft::context("x", Group::Identity);
        for ids in [["a@example.com", "s-1-5-21-1"], ["b@example.com", "o2"], ["s-1-5-21-1", "o1"], ["o1", "o2"]] {
            draft.add(Entity::new(EntityKind::User, ids));
        }
        draft.add(Entity::new(EntityKind::Device, ["o1"]));
        assert_eq!(draft.entities.len(), 2);
        assert_eq!(draft.entities[0].ids, ["a@example.com", "b@example.com", "o1", "o2", "s-1-5-21-1"]);
    }

    #[test]
    fn titles_are_one_bounded_line() {
        assert_eq!(one_line(" a\r\n\u{0}b  c ".to_owned()), "a b c");
        for text in ["a b", "", "é", "a  b", " a", "a "] {
            assert_eq!(one_line(text.to_owned()), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        assert_eq!(one_line("x".repeat(1000)).chars().count(), TITLE_CHARS_MAX + 1);
    }

    #[test]
    fn the_hash_sees_content_and_nothing_else() {
        let hash = |text| content_hash(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(hash(r#"{"a":1,"b":[2]}"#), hash(r#"{ "b": [2], "a": 1 }"#));
        assert_ne!(hash(r#"{"a":"1"}"#), hash(r#"{"a":1}"#));
        assert_ne!(hash(r#"[["a"],"b"]"#), hash(r#"[["a","b"]]"#));
        assert_eq!(hash("null").len(), 64);
    }
}
