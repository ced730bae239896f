//! What a rule raises to the SOC: signals that together are a threat, though none may be one by itself.

use serde::{Deserialize, Serialize};

use crate::entity::Entity;
use crate::facts::Facts;
use crate::ids::{SignalUid, TenantId};
use crate::severity::Severity;
use crate::signal::{Group, Signal, SignalKind};
use crate::time::Timestamp;

/// One match of a rule. A match that later signals change is handed out again under its uid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleAlert {
    /// Stable: the same rule, group and window have the same uid on every run.
    pub uid: SignalUid,
    /// Whose it is.
    pub tenant: TenantId,
    /// When the rule's condition first held in the window.
    pub time: Timestamp,
    /// Up to when records had to be awaited before that could be said; the same as `time` for a rule that need not wait.
    #[serde(default)]
    pub known: Timestamp,
    /// The rule's stable id.
    pub rule_id: String,
    /// The name by which other rules refer to it.
    pub rule_name: String,
    /// One line for an analyst.
    pub title: String,
    /// What was seen and why it matters.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
    /// MITRE ATLAS and ATT&CK ids, sorted, without repeats.
    pub techniques: Vec<String>,
    /// What the rule groups by, with the values of this match.
    pub group: Vec<(String, String)>,
    /// Who and what took part.
    pub entities: Vec<Entity>,
    /// The signals that made it, the earliest first, bounded; usage signals are sums and not listed.
    pub signals: Vec<SignalUid>,
}

/// The fact that holds the uids of the signals that a rule's match counts.
const COUNTED: &str = "weir.counted";
/// The fact that holds when a rule's match was known, where that is later than its time.
const KNOWN: &str = "weir.known";

impl Signal {
    /// Whether it is what a rule concluded, and no record.
    pub fn is_match(&self) -> bool {
        self.kind == SignalKind::AiAlert && self.category.is_none() && self.product == Self::WEIR
    }

    /// The uids of the signals that it counts, where it is a rule's match; bounded.
    pub fn counted(&self) -> &[String] {
        let counted = self.facts.fields.get(COUNTED).filter(|_| self.is_match());
        counted.map(Vec::as_slice).unwrap_or_default()
    }

    /// When it could be known: its time, but for a rule's match that had to wait.
    pub fn known(&self) -> Timestamp {
        let told = self.facts.fields.get(KNOWN).filter(|_| self.is_match()).and_then(|times| times.first());
        told.and_then(|millis| Timestamp::from_millis(millis.parse().ok()?)).unwrap_or(self.time)
    }
}

impl From<&RuleAlert> for Signal {
    fn from(alert: &RuleAlert) -> Self {
        let mut facts = Facts { rules: vec![alert.rule_name.clone()], ..Facts::default() };
        facts.set(COUNTED, alert.signals.iter().map(ToString::to_string));
        if alert.known > alert.time {
            facts.set(KNOWN, [alert.known.millis().to_string()]);
        }
        Self {
            uid: alert.uid.clone(),
            native_id: alert.uid.to_string(),
            tenant: alert.tenant.clone(),
            time: alert.time,
            group: Group::Ai,
            product: Self::WEIR.to_owned(),
            kind: SignalKind::AiAlert,
            title: alert.title.clone(),
            severity: alert.severity,
            category: None,
            techniques: alert.techniques.clone(),
            entities: alert.entities.clone(),
            flags: Vec::new(),
            facts,
        }
    }
}
