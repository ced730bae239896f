//! One exchange with a model, an agent or a tool, whatever dialect it was recorded in.

use serde::{Deserialize, Serialize};

use crate::ids::{InteractionId, TenantId};
use crate::redacted::Redacted;
use crate::signal::Flag;
use crate::time::Timestamp;

/// Where a text comes from, which decides what it may ask of the model.
///
/// Text that arrives through a tool, a document or a retrieval has that channel, whatever role its
/// provider gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Instructions of the application: system and developer messages.
    System,
    /// What the end user wrote.
    User,
    /// What the model answered, reasoning included.
    Assistant,
    /// The arguments with which the model calls a tool.
    ToolCall,
    /// What a tool returned.
    ToolResult,
    /// A retrieved or attached document.
    Document,
}

impl Channel {
    /// Every channel, in the order of the Avro enum.
    pub const ALL: [Self; 6] =
        [Self::System, Self::User, Self::Assistant, Self::ToolCall, Self::ToolResult, Self::Document];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::Document => "document",
        }
    }
}

/// One text of an interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Where the text comes from.
    pub channel: Channel,
    /// The text. Empty texts are not messages.
    pub text: Redacted<String>,
    /// The tool's or the document's name, where there is one.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether this interaction's response brought the text; false for the request and its history.
    #[serde(default)]
    pub response: bool,
}

impl Message {
    /// A message of the request.
    pub fn request(channel: Channel, text: impl Into<String>) -> Self {
        Self { channel, text: Redacted::new(text.into()), name: None, response: false }
    }

    /// A message of the response.
    pub fn response(channel: Channel, text: impl Into<String>) -> Self {
        Self { response: true, ..Self::request(channel, text) }
    }

    /// The same message with a tool's or document's name.
    pub fn named(mut self, name: Option<impl Into<String>>) -> Self {
        self.name = name.map(Into::into);
        self
    }
}

/// A person or service as the application knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The identifier: an Entra object id, an e-mail address, or the application's own.
    #[serde(default)]
    pub id: Option<String>,
    /// The display name or UPN.
    #[serde(default)]
    pub name: Option<String>,
    /// The identity provider's tenant of the user, not Weir's.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// `entra`, `google` or `other`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// Something that has an id, a name, or both: an agent, a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The identifier.
    #[serde(default)]
    pub id: Option<String>,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
}

/// Who took part in an interaction, on the calling side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The end user.
    #[serde(default)]
    pub user: Option<User>,
    /// The application's name.
    #[serde(default)]
    pub application: Option<String>,
    /// The agent that acted.
    #[serde(default)]
    pub agent: Option<Named>,
    /// The end user's address, past proxies.
    #[serde(default)]
    pub source_ip: Option<String>,
    /// The end user's client.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The identifier of the API key in use, never the key.
    #[serde(default)]
    pub api_key_id: Option<String>,
    /// The conversation, as the application names it.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// The login or browser session.
    #[serde(default)]
    pub session_id: Option<String>,
    /// The end user's device.
    #[serde(default)]
    pub device: Option<Named>,
}

/// Token counts as the provider reports them; absent where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens of the prompt.
    #[serde(default, with = "count")]
    pub input: Option<u64>,
    /// Tokens of the answer.
    #[serde(default, with = "count")]
    pub output: Option<u64>,
    /// The provider's own total.
    #[serde(default, with = "count")]
    pub total: Option<u64>,
    /// Prompt tokens that a cache served.
    #[serde(default, with = "count")]
    pub cached: Option<u64>,
    /// Answer tokens spent on reasoning.
    #[serde(default, with = "count")]
    pub reasoning: Option<u64>,
}

/// Counts travel as signed numbers: Avro has no unsigned ones. What is beyond 2^63 is cut to it.
mod count {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(count: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        let count = Option::<i64>::deserialize(deserializer)?;
        Ok(count.and_then(|count| u64::try_from(count).ok()))
    }
}

/// What the provider's own filter or guardrail said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterVerdict {
    /// What it looked for, in the provider's word: `jailbreak`, `indirect_attack`, `hate`.
    pub category: String,
    /// Whether it saw it.
    pub detected: bool,
    /// Whether it blocked the exchange because of it.
    pub filtered: bool,
    /// The provider's severity word, where it gives one.
    #[serde(default)]
    pub severity: Option<String>,
    /// Whether it judged the response; false for the prompt.
    #[serde(default)]
    pub response: bool,
}

/// W3C trace context: where this interaction stands in the application's own trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// 32 lower-case hex digits.
    pub trace_id: String,
    /// 16 lower-case hex digits.
    pub span_id: String,
    /// Whether the caller sampled it.
    #[serde(default)]
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent` header (W3C Trace Context, version 00 and later).
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len: usize| {
            text.len() == len
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                && text.bytes().any(|b| b != b'0')
        };
        if version.len() != 2 || version == "ff" || !hex(trace, 32) || !hex(span, 16) {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace_id: trace.to_owned(), span_id: span.to_owned(), sampled: flags & 1 == 1 })
    }
}

/// What a record carried that has no text, recorded as present and counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Image parts.
    #[serde(default)]
    pub images: u32,
    /// Audio parts.
    #[serde(default)]
    pub audio: u32,
    /// Files and other parts without text.
    #[serde(default)]
    pub files: u32,
    /// Embedding vectors.
    #[serde(default)]
    pub embeddings: u32,
}

/// One exchange with a model, agent or tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// The producer's id, or one derived from the content ([`Flag::DerivedId`]).
    pub id: InteractionId,
    /// When it happened.
    pub time: Timestamp,
    /// Whose it is.
    pub tenant: TenantId,
    /// The dialect that it was read from, by its name in the contract: `exchange`, `otlp_json`.
    pub format: String,
    /// The calling side.
    #[serde(default)]
    pub who: Who,
    /// The model's provider: `openai`, `anthropic`.
    #[serde(default)]
    pub provider: Option<String>,
    /// The model that answered, else the one that was asked for.
    #[serde(default)]
    pub model: Option<String>,
    /// Every text, request first, in the order in which the model saw them.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// The names of the tools that the request offered to the model; empty where it offered none, or not only tools
    /// that it names: a remote server or a provider's own tool may bring others.
    #[serde(default)]
    pub tools_offered: Vec<String>,
    /// Token counts.
    #[serde(default)]
    pub tokens: Tokens,
    /// Milliseconds from request to the end of the response.
    #[serde(default, with = "count")]
    pub latency_ms: Option<u64>,
    /// The provider's filter verdicts.
    #[serde(default)]
    pub filters: Vec<FilterVerdict>,
    /// Why the model stopped, in the provider's words.
    #[serde(default)]
    pub finish_reasons: Vec<String>,
    /// The provider's error code or type, where the exchange failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The application's trace.
    #[serde(default)]
    pub trace: Option<TraceContext>,
    /// What was present and has no text.
    #[serde(default)]
    pub skipped: Skipped,
    /// What the reader had to assume.
    #[serde(default)]
    pub flags: Vec<Flag>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_strictly() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = TraceContext::parse(good).expect("valid");
        assert_eq!(context.span_id, "00f067aa0ba902b7");
        assert!(context.sampled);
        for bad in [
            "",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn debug_of_a_message_hides_the_text() {
        let message = Message::request(Channel::User, "my secret plan");
        assert!(!format!("{message:?}").contains("secret"));
    }
}
