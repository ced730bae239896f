//! What the rows of the state hold, and their bytes.
//!
//! Rows that grow with versions are MessagePack with named fields behind a version byte; those that every
//! signal writes or asks for ([`SignalRow`], [`crate::posting::Posting`], [`crate::head::Head`]) have layouts of
//! their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::{Entity, Group, IncidentUid, RelatedReason, Severity, Signal, SignalKind, SignalUid, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::aging::Aging;
use crate::clock::SourceClock;
use crate::store::StoreError;

/// The version byte of rows in MessagePack.
const ROW_VERSION: u8 = 1;

/// The number of a component within its tenant; never leaves the correlator.
pub type ComponentId = u64;

/// A row in MessagePack.
pub fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![ROW_VERSION];
    rmp_serde::encode::write_named(&mut bytes, row)?;
    Ok(bytes)
}

/// Reads what [`encode`] wrote.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&ROW_VERSION, body)) => {
            rmp_serde::from_slice(body).map_err(|error| StoreError::Damaged(error.to_string()))
        }
        Some((version, _)) => Err(StoreError::Damaged(format!("row version {version}"))),
        None => Err(StoreError::Damaged("empty row".to_owned())),
    }
}

/// A tenant's clock and the next times at which it has something to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantRow {
    /// The largest event time seen.
    #[serde(default)]
    pub newest: Timestamp,
    /// Up to when the sources have told their part.
    pub watermark: Timestamp,
    /// Up to when rules may say what is new, unusual or missing.
    #[serde(default)]
    pub decidable: Timestamp,
    /// What each source has told.
    #[serde(default)]
    pub sources: Vec<SourceClock>,
    /// Signals so far, those that came late left out.
    #[serde(default)]
    pub signals: u64,
    /// The next component's number.
    pub next_component: ComponentId,
    /// No row of the expiry table is due before.
    pub expiry_from: Option<Timestamp>,
    /// What is looked at together once it is old.
    #[serde(default)]
    pub aging: Aging,
    /// The latest instant of which a claim of an address, or a record that waits for one, was written.
    #[serde(default)]
    pub addressed_last: Option<Timestamp>,
    /// No component may be quiet before.
    pub quiet_from: Option<Timestamp>,
    /// No publication is due before.
    pub due_from: Option<Timestamp>,
    /// The latest time at which a text named a user.
    pub mentioned_last: Option<Timestamp>,
    /// No rule has to be looked at before.
    #[serde(default)]
    pub rules_from: Option<Timestamp>,
    /// Groups that rules follow.
    #[serde(default)]
    pub rule_groups: u64,
    /// The time of the newest command.
    #[serde(default)]
    pub commanded: Timestamp,
    /// Suppression rules that came by command.
    #[serde(default)]
    pub suppressions: u64,
    /// Whether a signal was ever suppressed, so that one must be asked for.
    #[serde(default)]
    pub suppresses: bool,
    /// Whether a signal was ever pinned, likewise.
    #[serde(default)]
    pub pins: bool,
}

/// A signal, or what is left of it when its incident was closed; [`crate::signal_row`] has its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalRow {
    /// The signal; absent once its incident is closed, so that a repetition is still recognised.
    pub signal: Option<Arc<Signal>>,
    /// Where it belongs.
    pub residences: Vec<Residence>,
}

/// That a signal belongs to a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residence {
    /// The component, as it was numbered when the signal joined.
    pub component: ComponentId,
    /// Steps from the nearest opener.
    pub hops: u8,
    /// Whether it reaches an opener without a hub, and so merges the components that it reaches.
    pub bridge: bool,
}

/// The revision of an incident that the world knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The incident.
    pub uid: IncidentUid,
    /// The opener that it is named after.
    pub named: SignalUid,
    /// The revision.
    pub revision: u32,
    /// The newest event at that time.
    pub time: Timestamp,
    /// The severity that was published.
    pub severity: Severity,
    /// A digest of what was published.
    pub digest: [u8; 16],
    /// Whether it was taken back with that revision.
    #[serde(default)]
    pub withdrawn: bool,
}

/// What people did to a component, as far as linking must know it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steering {
    /// An analyst closed it: it published its last revision, and nothing joins it.
    pub closed: bool,
    /// Nothing joins, merges or splits it but a command.
    pub locked: bool,
    /// Whether it has a row of the case table.
    pub has_case: bool,
    /// The merges and splits by which analysts shaped it, in order: what they put together stays together.
    pub shaped: Vec<String>,
    /// Components that an analyst took out of it, or it out of them; numbers may be old ones.
    pub apart: BTreeSet<ComponentId>,
}

impl Steering {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A component that this one is linked to and was not merged with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelatedRow {
    /// The other one; its number may be an old one.
    pub component: ComponentId,
    /// The uid that it was last known under.
    pub uid: Option<IncidentUid>,
    /// Why both are apart.
    pub reason: RelatedReason,
}

/// Where an opener stands among those that could name an incident: the earliest does. What a rule concluded stands where
/// it could be known, so that a late conclusion renames nothing; at one time detectors' alerts stand first, then the
/// order is that of native ids, as a replay reads them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "SeedRow")]
pub struct Seed {
    /// When it was known.
    pub known: Timestamp,
    /// Whether a rule concluded it.
    pub by_rule: bool,
    /// The record's own id.
    pub native_id: String,
    /// The opener.
    pub uid: SignalUid,
}

/// How seeds were and are written.
#[derive(Deserialize)]
#[serde(untagged)]
enum SeedRow {
    Now { known: Timestamp, by_rule: bool, native_id: String, uid: SignalUid },
    Before(Timestamp, SignalUid),
}

impl From<SeedRow> for Seed {
    fn from(row: SeedRow) -> Self {
        match row {
            SeedRow::Now { known, by_rule, native_id, uid } => Self { known, by_rule, native_id, uid },
            SeedRow::Before(known, uid) => Self { known, by_rule: false, native_id: String::new(), uid },
        }
    }
}

impl Seed {
    /// Where `opener` stands.
    pub fn of(opener: &Signal) -> Self {
        Self {
            known: opener.known(),
            by_rule: opener.is_match(),
            native_id: opener.native_id.clone(),
            uid: opener.uid.clone(),
        }
    }
}

/// Openers that belong together, with all that joined them: what an incident is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// The opener that names the incident.
    pub first: Seed,
    /// The highest severity of openers and vendor alerts.
    pub severity: Severity,
    /// The techniques of all members, bounded.
    pub techniques: BTreeSet<String>,
    /// The parts of the estate that members speak of.
    pub groups: BTreeSet<Group>,
    /// Vendor alerts among the members.
    pub alerts: u64,
    /// All members.
    pub members_total: u64,
    /// Members with a row in the member table.
    pub members_kept: u32,
    /// The first member's time.
    pub first_time: Timestamp,
    /// The last member's time.
    pub last_time: Timestamp,
    /// What was published last; absent before the first revision.
    pub published: Option<Published>,
    /// Incidents that were merged into this one.
    pub absorbed: Vec<IncidentUid>,
    /// The closed incident that this one takes up again, with the time of its last member.
    pub continues: Option<(Timestamp, IncidentUid)>,
    /// The incident that this one was part of.
    pub split_from: Option<IncidentUid>,
    /// Whether a link in it may rest on an entity that is spread further than was known.
    pub stale: bool,
    /// Whether an alert joined it since it was published last.
    #[serde(default)]
    pub alerted: bool,
    /// Whether it was looked at and found too light to be published.
    #[serde(default)]
    pub candidate: bool,
    /// The row of the due table.
    pub due: Option<Timestamp>,
    /// The row of the quiet table.
    pub quiet: Option<Timestamp>,
    /// What people did to it.
    #[serde(default, skip_serializing_if = "Steering::is_none")]
    pub steering: Steering,
    /// What it is linked to and apart from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedRow>,
    /// Its entities as hashes, up to one more than a merge may bring together.
    #[serde(default)]
    pub entities: BTreeSet<u32>,
    /// The configured scopes that it belongs to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
}

impl Component {
    /// A component that `opener` opens; the opener is not a member yet.
    pub fn new(opener: &Signal) -> Self {
        Self {
            first: Seed::of(opener),
            severity: opener.severity,
            techniques: BTreeSet::new(),
            groups: BTreeSet::new(),
            alerts: 0,
            members_total: 0,
            members_kept: 0,
            first_time: opener.time,
            last_time: opener.time,
            published: None,
            absorbed: Vec::new(),
            continues: None,
            split_from: None,
            stale: false,
            alerted: false,
            candidate: false,
            due: None,
            quiet: None,
            steering: Steering::default(),
            related: Vec::new(),
            entities: BTreeSet::new(),
            scopes: BTreeSet::new(),
        }
    }

    /// Takes in what a member says; repeating it changes nothing.
    pub fn take_in(&mut self, signal: &Signal) {
        if signal.kind == SignalKind::AiAlert {
            self.first = self.first.clone().min(Seed::of(signal));
        }
        if signal.kind != SignalKind::Context {
            self.severity = self.severity.max(signal.severity);
        }
        self.take_techniques(&signal.techniques);
        self.groups.insert(signal.group);
        self.count_entities(signal.entities.iter().filter(|entity| !entity.mentioned).map(entity_hash));
        self.first_time = self.first_time.min(signal.time);
        self.last_time = self.last_time.max(signal.time);
    }

    /// Takes in what another component holds, but for its members.
    pub fn take_over(&mut self, other: &Self) {
        self.first = self.first.clone().min(other.first.clone());
        self.severity = self.severity.max(other.severity);
        self.take_techniques(&other.techniques);
        self.groups.extend(&other.groups);
        self.count_entities(other.entities.iter().copied());
        self.scopes.extend(other.scopes.iter().cloned());
        self.related.extend(other.related.iter().cloned());
        self.steering.locked |= other.steering.locked;
        self.steering.has_case |= other.steering.has_case;
        self.steering.shaped.extend(other.steering.shaped.iter().cloned());
        self.steering.apart.extend(&other.steering.apart);
        self.continues = self.continues.take().max(other.continues.clone());
        self.stale |= other.stale;
        self.alerted |= other.alerted;
        self.first_time = self.first_time.min(other.first_time);
        self.last_time = self.last_time.max(other.last_time);
    }

    /// About how much memory it takes.
    pub fn weight(&self) -> usize {
        let text = |text: &str| size_of::<String>() + text.len();
        let Steering { shaped, apart, .. } = &self.steering;
        let techniques: usize = self.techniques.iter().map(|name| text(name)).sum();
        let absorbed: usize = self.absorbed.iter().map(|uid| text(uid.as_str())).sum();
        let related = self.related.iter().map(|row| row.uid.as_ref().map_or(0, |uid| text(uid.as_str())));
        let related: usize = related.map(|uid| size_of::<RelatedRow>() + uid).sum();
        let names: usize = self.scopes.iter().chain(shaped).map(|name| text(name)).sum();
        let numbers = self.entities.len() * size_of::<u32>() + apart.len() * size_of::<ComponentId>();
        size_of::<Self>() + techniques + absorbed + related + names + numbers
    }

    fn count_entities(&mut self, hashes: impl IntoIterator<Item = u32>) {
        self.entities.extend(hashes);
    }

    /// Forgets entities beyond one more than `max`: that there are more is all that is asked.
    pub fn bound_entities(&mut self, max: u32) {
        while self.entities.len() > max as usize + 1 {
            self.entities.pop_last();
        }
    }

    fn take_techniques<'a>(&mut self, techniques: impl IntoIterator<Item = &'a String>) {
        for technique in techniques {
            if !self.techniques.contains(technique) {
                self.techniques.insert(technique.clone());
            }
        }
        while self.techniques.len() > crate::fold::TECHNIQUES_MAX {
            self.techniques.pop_last();
        }
    }
}

/// One number for an entity, however many identifiers it has.
fn entity_hash(entity: &Entity) -> u32 {
    let id = entity.ids.iter().find(|id| id.contains('@')).or(entity.ids.first());
    let kind = (entity.kind as u32).wrapping_mul(0x9e37_79b9);
    id.map_or(0, |id| crate::heads::hash(id)) ^ kind
}

/// A row of the component table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ComponentRow {
    /// The component itself.
    Here(Arc<Component>),
    /// It is part of another one now.
    Merged(ComponentId),
}

/// Where a closed uid went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RedirectRow {
    /// The incident that took its members; absent where it was closed as quiet.
    pub merged_into: Option<IncidentUid>,
}

/// What a closed incident leaves behind for one of its actors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRow {
    /// The time of its last member.
    pub last: Timestamp,
    /// The incident.
    pub uid: IncidentUid,
}

/// The class of a posting: who has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// An opener.
    Opener,
    /// A member that is linked to an opener.
    Near,
    /// Anything else.
    Other,
}

impl Class {
    /// Part of the state's format.
    pub fn code(self) -> u8 {
        match self {
            Self::Opener => 0,
            Self::Near => 1,
            Self::Other => 2,
        }
    }

    /// The class of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Opener, Self::Near, Self::Other].into_iter().find(|class| class.code() == code)
    }

    /// The class of a signal that belongs to `residences`.
    pub fn of(kind: SignalKind, residences: &[Residence]) -> Self {
        match kind {
            SignalKind::AiAlert => Self::Opener,
            _ if residences.iter().any(|residence| residence.hops == 1) => Self::Near,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_of_before_are_read() {
        let (known, uid) = (Timestamp::from_millis(7).expect("a time"), SignalUid::from("u"));
        let now = Seed { known, by_rule: true, native_id: "n".to_owned(), uid: uid.clone() };
        assert_eq!(decode::<Seed>(&encode(&now).expect("encodes")).expect("reads"), now);
        let before = decode::<Seed>(&encode(&(known, uid.clone())).expect("encodes")).expect("reads");
        assert_eq!(before, Seed { known, by_rule: false, native_id: String::new(), uid });
    }

    #[test]
    fn damage_is_no_panic() {
        assert!(decode::<TenantRow>(&[9, 1]).is_err() && decode::<TenantRow>(&[]).is_err());
    }
}
