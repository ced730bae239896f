//! Records as a mapping reads them.
//!
//! No list of readers has this one, and it is asked only by sources that name it: a record is its own where a pointer
//! finds something.

use super::pointer::Pointer;
use super::{Mapping, Thing, TimeFormat};
use crate::entity::{Entity, EntityKind, IDS_PER_ENTITY_MAX};
use crate::readers::signals::draft::Draft;
use crate::readers::signals::fields::Node;
use crate::readers::signals::format::Format;
use crate::readers::signals::things;
use crate::readers::value::Value;
use crate::readers::{Context, EventTime, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::SignalKind;
use crate::time::Timestamp;

/// The most elements of one array that are looked at, each a thing; more than any signal keeps.
const ELEMENTS_MAX: usize = 256;

/// What holds for every mapping, whose own table is the configuration.
const FORMAT: Format = Format {
    vendor: "what a mapping of the configuration describes",
    recognised_by: "being named by a source; something stands where the mapping points",
    native_id: "`id` of the mapping",
    time: "`time` of the mapping",
    severity: "`severity` and `alert_when` of the mapping",
    entities: "`entities` of the mapping",
};

/// A mapping with the name that every reader has for ever.
pub(super) struct MappedReader {
    pub(super) name: &'static str,
    pub(super) mapping: Mapping,
}

impl Reader for MappedReader {
    fn name(&self) -> &'static str {
        self.name
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.value().is_ok_and(|root| self.mapping.finds_something(root))
    }

    /// Shippers have times, hosts and names of their own, so that what lacks the surest mark may be one's.
    fn may_only_carry(&self, record: &RawRecord<'_>) -> bool {
        record.value().is_ok_and(|root| !self.mapping.finds_the_surest(root))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let mapping = &self.mapping;
        let mut draft = Draft::context(self.name, mapping.group);
        draft.kind = mapping.kind_of(root);
        draft.severity = mapping.severity_of(root, draft.kind);
        let text = |pointer: &Option<Pointer>| pointer.as_ref().and_then(|at| at.at(root).text()).map(String::from);
        draft.native_id = text(&mapping.id);
        draft.vendor_tenant = text(&mapping.tenant);
        draft.time =
            mapping.time.as_ref().map_or(EventTime::Absent, |(pointer, format)| time(pointer.at(root), *format));
        mapping.techniques.iter().for_each(|pointer| draft.add_techniques_at(pointer.at(root)));
        mapping.entities.iter().for_each(|thing| thing.add(root, &mut draft));
        draft.title = mapping.title.fill(root);
        if draft.title.trim().is_empty() {
            draft.title = format!("{} record", self.name);
        }
        draft.publish(record, context, out)
    }
}

impl Mapping {
    /// Whether anything stands where the mapping points; it may point nowhere and take every object.
    fn finds_something(&self, root: &Value<'_>) -> bool {
        let single = [&self.id, &self.severity, &self.tenant].into_iter().flatten();
        let paired = self.time.iter().map(|(pointer, _)| pointer).chain(self.alert_when.iter().map(|(at, _)| at));
        let things = self.entities.iter().flat_map(Thing::pointers);
        let mut all =
            single.chain(paired).chain(&self.techniques).chain(things).chain(self.title.pointers()).peekable();
        all.peek().is_none() || all.any(|pointer| pointer.leads_somewhere(root))
    }

    /// Whether what tells a record of this product from a shipper's is there: the id, else one that took part.
    fn finds_the_surest(&self, root: &Value<'_>) -> bool {
        match &self.id {
            Some(id) => id.leads_somewhere(root),
            None => self.entities.iter().flat_map(Thing::pointers).any(|pointer| pointer.leads_somewhere(root)),
        }
    }

    fn kind_of(&self, root: &Value<'_>) -> SignalKind {
        let Some((pointer, values)) = &self.alert_when else { return self.kind };
        let said = |word: &str| values.iter().any(|value| value.eq_ignore_ascii_case(word));
        let node = pointer.at(root);
        let alert = node.flag().map_or_else(
            || node.items().take(ELEMENTS_MAX).filter_map(Node::word).any(|word| said(&word)),
            |flag| said(if flag { "true" } else { "false" }),
        );
        if alert { SignalKind::Alert } else { self.kind }
    }

    fn severity_of(&self, root: &Value<'_>, kind: SignalKind) -> Severity {
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
fn time(node: Node<'_>, format: TimeFormat) -> EventTime {
    const NANOS_PER_MILLI: u128 = 1_000_000;
    let nanos_per_unit = match format {
        TimeFormat::Rfc3339 if node.number().is_some_and(|number| number != 0.0) => return EventTime::Unreadable,
        TimeFormat::Rfc3339 => return node.time(),
        TimeFormat::EpochSeconds => 1_000 * NANOS_PER_MILLI,
        TimeFormat::EpochMillis => NANOS_PER_MILLI,
        TimeFormat::EpochMicros => 1_000,
        TimeFormat::EpochNanos => 1,
    };
    // Nanoseconds have more digits than a float keeps; only a fraction needs one.
    let whole = node.word().and_then(|word| word.parse::<u64>().ok());
    let fraction = || node.number().filter(|number| *number >= 0.0);
    let millis = match whole {
        Some(whole) => Some(u128::from(whole) * nanos_per_unit / NANOS_PER_MILLI),
        None => fraction().map(|number| (number * (nanos_per_unit as f64 / NANOS_PER_MILLI as f64)).round() as u128),
    };
    match millis {
        // Zero is how sources write that there is none.
        Some(0) => EventTime::Absent,
        Some(millis) => EventTime::written(i64::try_from(millis).ok().and_then(Timestamp::from_millis)),
        None if node.says_something() => EventTime::Unreadable,
        None => EventTime::Absent,
    }
}

impl Thing {
    /// Where it stands in a record.
    fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let ids = if self.each.is_some() { &[] } else { self.ids.as_slice() };
        self.each.iter().chain(ids)
    }

    fn add(&self, root: &Value<'_>, draft: &mut Draft) {
        match &self.each {
            None => draft.add(self.entity(root, draft)),
            Some(each) => {
                let elements = each.at(root).items().filter_map(Node::value);
                elements.take(ELEMENTS_MAX).for_each(|element| draft.add(self.entity(element, draft)));
            }
        }
    }

    /// The thing that `root` names. An array of identifiers names one thing in several ways.
    fn entity(&self, root: &Value<'_>, draft: &Draft) -> Option<Entity> {
        let ids = self.ids.iter().flat_map(|pointer| pointer.at(root).items().take(IDS_PER_ENTITY_MAX));
        let ids: Vec<Node<'_>> = ids.collect();
        let entity = match self.kind {
            EntityKind::Device => things::device(&ids),
            EntityKind::File | EntityKind::Process => {
                let is_path = |node: &&Node<'_>| node.text().is_some_and(|text| text.contains(['/', '\\']));
                let path = ids.iter().find(is_path).copied().unwrap_or(Node::absent());
                let hashes: Vec<_> = ids.iter().filter(|node| !is_path(node)).copied().collect();
                things::image(self.kind, &hashes, path, Node::absent(), draft.system_files())
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
