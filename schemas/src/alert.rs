//! What policy raises to the SOC: one alert a category and interaction, under the rule that it is of.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::annotation::{Annotation, Category, Score};
use crate::entity::Entity;
use crate::ids::{InteractionId, SignalUid, TenantId};
use crate::interaction::TraceContext;
use crate::severity::Severity;
use crate::time::Timestamp;

/// Whether the attempt went through, as far as the record shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Seen; the record does not say that anything stopped it.
    #[default]
    Detected,
    /// The provider's own filter stopped the exchange.
    Blocked,
}

/// The rule that an alert is of, as the detectors' catalogue describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analytic {
    /// Weir's own id, which stays: `weir.jailbreak.role_play`.
    pub uid: Cow<'static, str>,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// What it means and why it matters.
    pub description: Cow<'static, str>,
    /// What to do about it.
    pub remediation: Cow<'static, str>,
    /// Entries of the OWASP Top 10 for LLM Applications: `LLM01:2025`.
    pub owasp: Vec<Cow<'static, str>>,
    /// The id of the alert of Microsoft Defender for AI services that says the same, where one does.
    pub defender: Option<Cow<'static, str>>,
}

/// Annotations of one category in one interaction that policy raises, or the verdict of the provider's filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable: the same interaction and category have the same uid on every run.
    pub uid: SignalUid,
    /// The interaction's time.
    pub time: Timestamp,
    /// Whose it is.
    pub tenant: TenantId,
    /// The interaction that it is about.
    pub interaction_id: InteractionId,
    /// One line for an analyst.
    pub title: String,
    /// What was seen and why it matters, without content.
    pub description: String,
    /// The threat.
    pub category: Category,
    /// The rule that it is of.
    pub analytic: Analytic,
    /// The same for alerts of one rule about one actor and one application, whatever the text: what a SIEM folds
    /// repeats by. 32 hex digits of a SHA-256.
    pub dedup_key: String,
    /// The highest severity of the annotations, one step less where it was blocked.
    pub severity: Severity,
    /// The highest score of the annotations.
    pub score: Score,
    /// Whether it was blocked.
    pub outcome: Outcome,
    /// What it rests on; empty where only the provider's filter speaks.
    pub annotations: Vec<Annotation>,
    /// MITRE ATLAS and ATT&CK ids, sorted, without repeats.
    pub techniques: Vec<String>,
    /// Who and what took part.
    pub entities: Vec<Entity>,
    /// SHA-256 of the interaction's content.
    pub content_hash: String,
    /// The application's name.
    pub application: Option<String>,
    /// The provider.
    pub provider: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The application's trace.
    pub trace: Option<TraceContext>,
}
