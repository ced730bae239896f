//! What one detector says about a span of text, and the annotated interaction that carries it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity::Entity;
use crate::ids::{InteractionId, TenantId};
use crate::interaction::{Channel, Interaction, Named, Tokens, User};
use crate::severity::Severity;
use crate::time::Timestamp;

/// What kind of threat an annotation is about. The names are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Hidden text in code points that people do not see.
    AsciiSmuggling,
    /// A credential in text.
    CredentialLeak,
    /// Text meant to corrupt training data, memory or a knowledge base.
    DataPoisoning,
    /// Instructions to the model in text that only brings data.
    IndirectInjection,
    /// The application's own instructions, asked for or disclosed.
    InstructionLeak,
    /// The user tries to change the rules of the model.
    Jailbreak,
    /// A link that harms or carries data out.
    MaliciousUrl,
    /// Questions that map the system, its tools and its limits.
    Reconnaissance,
    /// Personal or otherwise regulated data.
    SensitiveData,
    /// Access by a client or from a place that does not fit.
    SuspiciousAccess,
    /// A tool called with harmful arguments.
    ToolAbuse,
}

impl Category {
    /// Every category, alphabetically.
    pub const ALL: [Self; 11] = [
        Self::AsciiSmuggling,
        Self::CredentialLeak,
        Self::DataPoisoning,
        Self::IndirectInjection,
        Self::InstructionLeak,
        Self::Jailbreak,
        Self::MaliciousUrl,
        Self::Reconnaissance,
        Self::SensitiveData,
        Self::SuspiciousAccess,
        Self::ToolAbuse,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsciiSmuggling => "ascii_smuggling",
            Self::CredentialLeak => "credential_leak",
            Self::DataPoisoning => "data_poisoning",
            Self::IndirectInjection => "indirect_injection",
            Self::InstructionLeak => "instruction_leak",
            Self::Jailbreak => "jailbreak",
            Self::MaliciousUrl => "malicious_url",
            Self::Reconnaissance => "reconnaissance",
            Self::SensitiveData => "sensitive_data",
            Self::SuspiciousAccess => "suspicious_access",
            Self::ToolAbuse => "tool_abuse",
        }
    }
}

/// How sure a detector is: 0 (not at all) to 1 (certain).
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(f32);

impl Score {
    /// A score, clamped to 0..=1 and rounded to four digits, which is more than any detector knows;
    /// not-a-number counts as 0.
    pub fn new(value: f32) -> Self {
        Self(if value.is_nan() { 0.0 } else { (value.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0 })
    }

    /// The number.
    pub fn value(self) -> f32 {
        self.0
    }
}

/// What one detector says about a span of one message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// The detector's name.
    pub detector: String,
    /// The threat.
    pub category: Category,
    /// The detector's finer distinction, such as `role_play` or `aws_access_key`.
    pub subtype: String,
    /// How sure it is.
    pub score: Score,
    /// How bad it is if true.
    pub severity: Severity,
    /// The channel of the message.
    pub channel: Channel,
    /// The message's position in the interaction.
    pub message_index: u32,
    /// Start and end of the text in Unicode scalar values, end exclusive.
    pub span: (u32, u32),
    /// A redacted excerpt; absent while evidence is off.
    #[serde(default)]
    pub evidence: Option<String>,
    /// MITRE ATLAS and ATT&CK ids.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Keyed hashes (`hmac:` and 64 hex digits) of the values that were found, sorted, none twice: what stays to
    /// recognise a value by where no text leaves. Empty where the span is no value, and where no key is configured.
    #[serde(default)]
    pub value_hashes: Vec<String>,
    /// What the text names and other records may share: a URL, a domain, the id of a key.
    #[serde(default)]
    pub entities: Vec<Entity>,
}

/// An interaction's metadata with its annotations; never its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnnotatedInteraction {
    /// The interaction's id.
    pub id: InteractionId,
    /// When it happened.
    pub time: Timestamp,
    /// Whose it is.
    pub tenant: TenantId,
    /// The application's name.
    #[serde(default)]
    pub application: Option<String>,
    /// The end user.
    #[serde(default)]
    pub user: Option<User>,
    /// The agent that acted.
    #[serde(default)]
    pub agent: Option<Named>,
    /// The end user's address.
    #[serde(default)]
    pub source_ip: Option<String>,
    /// The conversation.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// The provider.
    #[serde(default)]
    pub provider: Option<String>,
    /// The model.
    #[serde(default)]
    pub model: Option<String>,
    /// The dialect that it was read from.
    pub format: String,
    /// The application's trace id.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// Token counts.
    #[serde(default)]
    pub tokens: Tokens,
    /// What detectors say, in the order of message, span and detector.
    #[serde(default)]
    pub annotations: Vec<Annotation>,
    /// Every detector's raw score; only on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<BTreeMap<String, Score>>,
    /// Where a limit ended the search, so that there may be more than is annotated: names of detectors, `text` for
    /// texts that were not looked at or decoded as a whole, `record` for what the reader left out. Sorted, none twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<String>,
    /// SHA-256 over the channels and texts, in hex: equal content is recognised without keeping it.
    pub content_hash: String,
}

impl AnnotatedInteraction {
    /// The metadata of `interaction` with what detectors said about it.
    pub fn new(
        interaction: &Interaction,
        annotations: Vec<Annotation>,
        scores: Option<BTreeMap<String, Score>>,
        content_hash: String,
    ) -> Self {
        let who = &interaction.who;
        Self {
            id: interaction.id.clone(),
            time: interaction.time,
            tenant: interaction.tenant.clone(),
            application: who.application.clone(),
            user: who.user.clone(),
            agent: who.agent.clone(),
            source_ip: who.source_ip.clone(),
            conversation_id: who.conversation_id.clone(),
            provider: interaction.provider.clone(),
            model: interaction.model.clone(),
            format: interaction.format.clone(),
            trace_id: interaction.trace.as_ref().map(|t| t.trace_id.clone()),
            tokens: interaction.tokens,
            annotations,
            scores,
            incomplete: Vec::new(),
            content_hash,
        }
    }
}
