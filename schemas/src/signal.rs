//! Anything that the correlator joins: an alert of Weir, or a normalised record of a vendor.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::annotation::Category;
use crate::entity::Entity;
use crate::facts::Facts;
use crate::ids::{SignalUid, TenantId};
use crate::severity::Severity;
use crate::time::Timestamp;

/// Which part of the estate a record speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// AI applications: Weir's own alerts.
    Ai,
    /// Sign-ins, directory changes, risk.
    Identity,
    /// Computers and what runs on them.
    Endpoint,
    /// Cloud control planes and SaaS.
    Cloud,
    /// Model files and registries.
    Model,
}

impl Group {
    /// The group of a thing that two records put into these: only Weir's own alerts are of AI applications, so that with
    /// any other the record just did not say.
    pub fn of_both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ai, group) | (group, Self::Ai) => group,
            (one, other) => one.min(other),
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Identity => "identity",
            Self::Endpoint => "endpoint",
            Self::Cloud => "cloud",
            Self::Model => "model",
        }
    }
}

/// What a signal may do to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// Opens an incident: an alert of Weir's detectors or rules.
    AiAlert,
    /// A vendor's alert: joins an incident and raises its severity.
    Alert,
    /// A record that is no alert: joins an incident that it belongs to.
    Context,
}

/// What a reader had to assume about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The record brought no id: it is a hash of the content.
    DerivedId,
    /// The record brought no time: it is the broker's.
    BrokerTime,
    /// The record's time lay in the future: it is the broker's.
    FutureTime,
    /// A limit cut something off.
    Truncated,
    /// The record's time could not be read: it is the broker's.
    InvalidTime,
    /// The record's time lies far before the broker's.
    LateTime,
}

/// One thing that the correlator joins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Stable: the same record has the same uid on every run.
    pub uid: SignalUid,
    /// The source record's own id.
    pub native_id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it happened.
    pub time: Timestamp,
    /// The part of the estate.
    pub group: Group,
    /// The reader's name for the source: `entra_signin`, `okta`, `weir`.
    pub product: String,
    /// What it may do to an incident.
    pub kind: SignalKind,
    /// One line for an analyst.
    pub title: String,
    /// The source's severity.
    pub severity: Severity,
    /// For Weir's alerts, the threat.
    #[serde(default)]
    pub category: Option<Category>,
    /// MITRE ATLAS and ATT&CK ids, sorted, without repeats.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Who and what took part.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// What the reader had to assume.
    #[serde(default)]
    pub flags: Vec<Flag>,
    /// What rules need beyond the rest.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

impl Signal {
    /// The product name of Weir's own alerts.
    pub const WEIR: &'static str = "weir";
}

impl From<&Alert> for Signal {
    fn from(alert: &Alert) -> Self {
        Self {
            uid: alert.uid.clone(),
            native_id: alert.interaction_id.to_string(),
            tenant: alert.tenant.clone(),
            time: alert.time,
            group: Group::Ai,
            product: Self::WEIR.to_owned(),
            kind: SignalKind::AiAlert,
            title: alert.title.clone(),
            severity: alert.severity,
            category: Some(alert.category),
            techniques: alert.techniques.clone(),
            entities: alert.entities.clone(),
            flags: Vec::new(),
            facts: Facts::default(),
        }
    }
}
