//! How bad something is, on OCSF's scale.

use serde::{Deserialize, Serialize};

/// OCSF `severity_id`, ordered from harmless to fatal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 0: the source says nothing, or nothing that is known.
    #[default]
    Unknown,
    /// 1: no action needed.
    Informational,
    /// 2: worth knowing.
    Low,
    /// 3: needs a look.
    Medium,
    /// 4: needs action now.
    High,
    /// 5: needs action now, and the scope is broad.
    Critical,
    /// 6: the damage is done.
    Fatal,
}

impl Severity {
    /// All of them; the place of each is its OCSF `severity_id`.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical, Self::Fatal];

    /// The OCSF 1.8 `severity_id`.
    pub fn ocsf_id(self) -> u8 {
        self as u8
    }

    /// One step less, but never below low: what was stopped still tells who tried.
    pub fn lowered(self) -> Self {
        match self {
            Self::Fatal => Self::Critical,
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium => Self::Low,
            other => other,
        }
    }

    /// The OCSF 1.8 caption of [`Self::ocsf_id`].
    pub fn caption(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
            Self::Fatal => "Fatal",
        }
    }

    /// Reads a vendor's number for it: `from` holds the least score of low, medium, high and critical. What lies
    /// below is informational.
    pub fn from_score(score: f64, from: [f64; 4]) -> Self {
        const STEPS: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let reached = from.iter().zip(STEPS).rev().find(|(least, _)| score >= **least);
        reached.map_or(Self::Informational, |(_, severity)| severity)
    }

    /// Reads a vendor's word for it, in any case; words that are not known are [`Self::Unknown`].
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "informational" | "info" | "information" | "debug" | "none" => Self::Informational,
            "low" | "notice" => Self::Low,
            "medium" | "moderate" | "warn" | "warning" => Self::Medium,
            "high" | "error" => Self::High,
            "critical" => Self::Critical,
            "fatal" => Self::Fatal,
            _ => Self::Unknown,
        }
    }
}
