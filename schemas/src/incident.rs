//! A story that joins signals, as one revision of it stands.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityKind};
use crate::handling::Handling;
use crate::ids::{IncidentUid, SignalUid, TenantId};
use crate::severity::Severity;
use crate::signal::Signal;
use crate::time::Timestamp;

/// What a revision does, OCSF `activity_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// 1: the first revision.
    Create,
    /// 2: something changed.
    Update,
    /// 3: the last revision.
    Close,
}

/// Where an incident stands, OCSF `status_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// 1: nobody has taken it.
    #[default]
    New,
    /// 2: somebody works on it.
    InProgress,
    /// 3: it waits for something.
    OnHold,
    /// 4: dealt with.
    Resolved,
    /// 5: over, merged away, quiet or closed by an analyst.
    Closed,
}

impl IncidentStatus {
    /// Whether nothing may join the incident any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// Why a member belongs to the story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The member that it is linked to.
    pub to: SignalUid,
    /// What both share: the entities with the identifiers that matched.
    pub shared: Vec<Entity>,
    /// What each kind of them adds to the strength, and why so much.
    #[serde(default)]
    pub factors: Vec<LinkFactor>,
    /// What techniques in the order of an attack add to the strength.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub sequence: f32,
    /// What it adds that both are alerts of the same threat from one address and name nobody.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub repeat: f32,
    /// What it adds that one of both is a rule's match and counts the other.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub counted: f32,
    /// How strongly: the sum of the factors, of `sequence`, `repeat` and `counted`, at least the configured threshold.
    pub strength: f32,
    /// Milliseconds from the other member to this one; negative when this one came first.
    pub distance_ms: i64,
}

fn is_nothing(number: &f32) -> bool {
    *number == 0.0
}

/// What sharing entities of one kind adds to a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkFactor {
    /// The kind.
    pub kind: EntityKind,
    /// The configured weight of the kind.
    pub weight: f32,
    /// What is left of it because others have the entity too: 1 for few, more for an address that is new and rare.
    pub rarity: f32,
    /// What is left of it because of the time between both: 1 for none.
    pub recency: f32,
    /// Whether one of both only mentions the entity in a text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentioned: bool,
    /// Whether both have names of their own for it, which other records or the inventory say are one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alias: bool,
}

/// A signal in an incident, with the reason why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The signal.
    pub signal: Signal,
    /// Steps from the nearest alert that opens incidents: 0 for such an alert itself.
    pub hops: u8,
    /// Why it belongs; absent for the canonical first alert, and where an analyst is the reason.
    pub link: Option<Link>,
}

/// What an entity did in the story, as far as its alerts say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It attacked.
    Attacker,
    /// It was used to attack.
    Tool,
    /// It was attacked, or acted in somebody else's hands.
    Victim,
}

/// An entity with its part in the story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityPart {
    /// What it is.
    pub kind: EntityKind,
    /// The first of its identifiers in the incident's entities.
    pub id: String,
    /// Its part.
    pub part: Part,
}

/// One factor of an incident's priority.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorityFactor {
    /// What counted: `severity`, `source_diversity`.
    pub name: String,
    /// What it added to the priority, or, below 0, took from it.
    pub points: i8,
}

/// Why two incidents that share solid evidence are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelatedReason {
    /// An analyst took one out of the other.
    Split,
    /// One of them is over.
    Closed,
    /// One of them is locked.
    Locked,
    /// Different people deal with them.
    DifferentAssignees,
    /// They were found to be different things.
    DifferentClassifications,
    /// They belong to different scopes.
    DifferentScopes,
    /// Together they would have more entities than an incident may.
    EntityCap,
}

/// An incident that this one is linked to without being merged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Related {
    /// The other incident.
    pub uid: IncidentUid,
    /// What keeps both apart.
    pub reason: RelatedReason,
}

/// A listed member that a suppression rule keeps from opening or raising the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The member.
    pub uid: SignalUid,
    /// The rule's name, of a rule that came by command the command's id.
    pub rule: String,
}

/// One revision of an incident, a full snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Stable: derived from the tenant and the canonical first alert.
    pub uid: IncidentUid,
    /// Whose it is.
    pub tenant: TenantId,
    /// The revision, counting from 1 without gaps.
    pub revision: u32,
    /// What this revision does.
    pub activity: Activity,
    /// Where the incident stands.
    pub status: IncidentStatus,
    /// What happened to whom.
    pub title: String,
    /// The highest severity of the alerts.
    pub severity: Severity,
    /// The event time at which this revision was made.
    pub time: Timestamp,
    /// The first member's time.
    pub first_time: Timestamp,
    /// The last member's time.
    pub last_time: Timestamp,
    /// The attack story: members in order of time, at most the configured number, the most telling kept.
    pub members: Vec<Member>,
    /// How many members there are, listed or not.
    pub members_total: u64,
    /// MITRE ATLAS and ATT&CK ids over all members, sorted.
    pub techniques: Vec<String>,
    /// Who and what took part, the most shared first, bounded.
    pub entities: Vec<Entity>,
    /// Who attacked, who suffered, with what; in the order of the entities.
    #[serde(default)]
    pub parts: Vec<EntityPart>,
    /// 0 (can wait) to 100 (drop everything).
    pub priority: u8,
    /// What the priority rests on.
    pub priority_factors: Vec<PriorityFactor>,
    /// The incident that this one was merged into: then this is its last revision.
    pub merged_into: Option<IncidentUid>,
    /// Incidents that were merged into this one.
    pub absorbed: Vec<IncidentUid>,
    /// The closed incident whose story this one takes up again.
    pub continues: Option<IncidentUid>,
    /// The incident that this one was part of, until what held both together turned out to be shared by many.
    #[serde(default)]
    pub split_from: Option<IncidentUid>,
    /// Incidents that it is linked to and must not be merged with, by uid, bounded.
    #[serde(default)]
    pub related: Vec<Related>,
    /// Listed members whose alert is suppressed.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// Whether it was taken back: what came after it was published explains it, and nobody had taken it up. It is resolved,
    /// and new again as soon as something joins it that makes it somebody's business.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// What people decided about it.
    #[serde(default)]
    pub handling: Handling,
}
