//! A mapping as people write it: in the configuration, under `[mapping.NAME]`.
//!
//! Nothing is checked here beyond types; [`super::Mapping`] is what reads records. Keys that nobody knows are
//! refused by name, since a misspelt key would be a field that silently stays empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity::{EntityKind, Role};
use crate::severity::Severity;
use crate::signal::Group;

/// How the records of a source that Weir has no reader for become signals. Fields are JSON pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// The part of the estate: `identity`, `endpoint`, `cloud` or `model`.
    pub group: Group,
    /// Whether records are alerts.
    #[serde(default)]
    pub kind: KindFile,
    /// Which records are alerts, where not all are: `kind` is then that of the others.
    #[serde(default)]
    pub alert_when: Option<AlertFile>,
    /// The record's own id. Without one the content's hash.
    #[serde(default)]
    pub id: Option<String>,
    /// When it happened. Without one the broker's time.
    #[serde(default)]
    pub time: Option<String>,
    /// How `time` is written. Default: `rfc3339`.
    #[serde(default)]
    pub time_format: Option<TimeFormat>,
    /// The source's severity.
    #[serde(default)]
    pub severity: Option<String>,
    /// From the source's word or number to Weir's. Without an entry, Weir's own words.
    #[serde(default)]
    pub severity_values: BTreeMap<String, Severity>,
    /// The severity of records that say nothing that is known.
    #[serde(default)]
    pub severity_default: Option<Severity>,
    /// A pointer, or a text with pointers in braces: `Upload of {/file/name} by {/user}`.
    pub title: String,
    /// The vendor's tenant, organisation or account id, for `[tenants]`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Where MITRE ATT&CK or ATLAS ids stand, alone, in text or in arrays.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Who and what took part.
    #[serde(default)]
    pub entities: Vec<EntityFile>,
}

/// What records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindFile {
    /// A vendor's alert: joins an incident and raises its severity.
    Alert,
    /// No alert: joins an incident that it belongs to.
    #[default]
    Context,
}

/// Which records are alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertFile {
    /// The field that says it.
    pub pointer: String,
    /// Its words or numbers that mean an alert, in any case; `true` is a word too.
    pub values: Vec<String>,
}

/// How a source writes instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339; without a zone UTC is meant.
    #[default]
    Rfc3339,
    /// Seconds since 1970, with a fraction or without.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// Microseconds since 1970.
    EpochMicros,
    /// Nanoseconds since 1970.
    EpochNanos,
}

/// One thing, or one for each element of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityFile {
    /// What it is: `user`, `device`, `ip`, …
    pub kind: EntityKind,
    /// An array: each element is a thing, and the pointers below start at the element (`""` is the element itself).
    #[serde(default)]
    pub each: Option<String>,
    /// Its identifiers: all name one thing.
    pub ids: Vec<String>,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Which end of the traffic it was; for addresses and devices.
    #[serde(default)]
    pub role: Option<Role>,
}
