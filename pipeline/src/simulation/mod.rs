//! A company at work, attacks on it, what resembles attacks, and the truth about each record beside it.
//!
//! Everything follows from the seed: the same seed makes the same bytes. [`generate()`] tells what a whole
//! estate reports over days, in vendors' own shapes; [`traffic`] and [`story`] are the demo's, compressed into
//! seconds. What is modelled, and after what, stands in `README.md` beside this file.
//!
//! It decides nothing about detection: prompts are written as people write them, and those that the detectors
//! miss are missed.

pub mod background;
pub mod campaign;
pub mod delivery;
pub mod generate;
pub mod lookalike;
pub mod organisation;
pub mod people;
pub mod phrases;
pub mod place;
pub mod scene;
pub mod story;
pub mod traffic;
pub mod vendors;

pub use delivery::Faults;
pub use generate::{Settings, generate};
pub use lookalike::registered;

use schemas::Timestamp;
use serde::Serialize;

/// Where a simulated record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Telemetry of AI applications.
    Ai,
    /// Sign-ins.
    Identity,
    /// Computers.
    Endpoint,
    /// Cloud control planes.
    Cloud,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 4] = [Self::Ai, Self::Identity, Self::Endpoint, Self::Cloud];

    /// The file that `weir simulate --out` writes.
    pub fn file(self) -> &'static str {
        match self {
            Self::Ai => "ai.jsonl",
            Self::Identity => "identity.jsonl",
            Self::Endpoint => "endpoint.jsonl",
            Self::Cloud => "cloud.jsonl",
        }
    }

    /// The input topic of the contract.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Ai => "ai.telemetry",
            Self::Identity => "signals.identity",
            Self::Endpoint => "signals.endpoint",
            Self::Cloud => "signals.cloud",
        }
    }
}

/// What a record is part of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Label {
    /// Whether it is part of an attack.
    pub attack: bool,
    /// The category of contract, where an interaction is the attack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'static str>,
    /// The campaign: records of one attack share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The step of the campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    /// What the record is, where it resembles an attack and is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benign: Option<&'static str>,
}

impl Label {
    /// Everyday work.
    pub fn background() -> Self {
        Self::default()
    }

    /// Something that resembles an attack and is none.
    pub fn lookalike(kind: &'static str) -> Self {
        Self { benign: Some(kind), ..Self::default() }
    }

    /// An attack by itself, of nobody's campaign.
    pub fn lone(category: &'static str, id: &str) -> Self {
        Self { attack: true, category: Some(category), campaign: Some(format!("single-{id}")), ..Self::default() }
    }
}

/// What is true about a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The record's own id.
    pub id: String,
    /// The stream that it is on.
    pub stream: Stream,
    /// Its time.
    pub time: String,
    /// What it is part of.
    #[serde(flatten)]
    pub label: Label,
}

/// A simulated record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it belongs.
    pub stream: Stream,
    /// When it happened.
    pub time: Timestamp,
    /// The vendor's JSON.
    pub body: String,
    /// What is true about it.
    pub truth: Truth,
}

impl Record {
    /// The record `id` of `stream` that says `body`.
    pub fn new(stream: Stream, id: String, time: Timestamp, body: String, label: Label) -> Self {
        Self { stream, time, body, truth: Truth { id, stream, time: time.to_string(), label } }
    }
}
