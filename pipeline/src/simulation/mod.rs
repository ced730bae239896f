//! Traffic as five applications and their users make it, with attacks in it and the truth beside it.
//!
//! Everything follows from the seed: the same seed makes the same bytes. [`traffic`] is the stream,
//! [`story`] one attack over all sources, [`people`] who takes part, [`records`] the vendors' shapes.

pub mod people;
pub mod records;
pub mod story;
pub mod traffic;

use schemas::Timestamp;
use serde::Serialize;

/// Where a simulated record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// What is true about a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The record's own id.
    pub id: String,
    /// Its time.
    pub time: String,
    /// Whether it is part of an attack.
    pub attack: bool,
    /// The category of contract, where an interaction is the attack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'static str>,
    /// The campaign: records of one attack share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
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
