//! Bodies of requests and responses, whatever provider's: read by what is in them, not by a name.
//!
//! Providers copy each other's shapes and gateways mix them, so there is one permissive shape for a
//! request, a response, a message and a part, and what a body holds decides how it is read. A body of
//! a provider that nobody has heard of still gives every text that stands where one of the known
//! shapes has it. Nothing here fails on a field; only broken JSON is an error.
//!
//! A reader starts with `Body::default()` and adds what its format brings, in this order:
//!
//! | of | by |
//! |---|---|
//! | a request's body | [`Request`], decoded by serde, then [`Request::collect`] |
//! | messages, content or tools that stand alone | [`Body::collect_messages`], [`Body::collect_content`], [`Body::collect_tools`] |
//! | a response's body: an object, an array of chunks, a string of events or lines | [`read_response`] |
//! | more of a response, piece by piece | [`Body::begin_response`], then as above |
//!
//! Then the fields of [`Body`] hold what was said, counted and judged. Text that comes through a tool, a document
//! or a search has that channel whatever role it was given. Where the same text is given twice, such as the
//! prompt that a response repeats, it is read once.

pub(super) mod azure;
mod bedrock;
mod document;
mod event;
mod event_stream;
mod gemini;
mod item;
mod leaves;
mod media;
mod message;
mod part;
mod pieces;
mod recorded;
mod request;
mod response;
mod stream;
mod tool;
mod usage;

use std::borrow::Cow;
use std::collections::HashMap;

use message::ChatMessage;
use part::Content;
pub(super) use part::Part;
pub(super) use recorded::{RecordedResponse, read_response};
pub(super) use request::Request;

use super::lenient::{List, Text};
use crate::interaction::{Channel, FilterVerdict, Message, Skipped, Tokens};
use crate::readers::json::mend;

/// How many of the latest verdicts a repeat is looked for in; Azure has a dozen categories.
const VERDICTS_COMPARED_MAX: usize = 32;

/// What coding agents and LiteLLM write in place of a text that is not to be told.
const REDACTED: [&str; 3] = ["<REDACTED>", "[REDACTED]", "redacted-by-litellm"];

/// What the bodies of one exchange say, in the order in which the model saw it.
#[derive(Default)]
pub(super) struct Body {
    pub messages: Vec<Message>,
    pub tokens: Tokens,
    pub filters: Vec<FilterVerdict>,
    pub finish_reasons: Vec<String>,
    pub error: Option<String>,
    pub skipped: Skipped,
    /// Whether a limit left something out.
    pub truncated: bool,
    /// The model that answered.
    pub model: Option<String>,
    /// The conversation that the provider keeps, as the answer names it.
    pub conversation: Option<String>,
    /// Milliseconds that the provider measured.
    pub latency_ms: Option<u64>,
    /// Whether what is added now comes from the response.
    response: bool,
    /// How many answers of tools are being read, one within the other.
    answers_open: u8,
    /// What the request offers to the model.
    offered: tool::Offered,
    /// Names of the tools by the id of their call, to name the results.
    tools: HashMap<String, String>,
}

impl Body {
    /// Whether nothing in the bodies told of an exchange.
    pub fn says_nothing(&self) -> bool {
        self.messages.is_empty()
            && self.filters.is_empty()
            && self.finish_reasons.is_empty()
            && self.error.is_none()
            && self.model.is_none()
            && self.skipped == Skipped::default()
            && self.tokens == Tokens::default()
    }

    /// From here on, everything comes from the response.
    pub fn begin_response(&mut self) {
        self.response = true;
    }

    /// Adds a text unless it is empty, or stands for one that is not to be told.
    pub fn push(&mut self, channel: Channel, text: Cow<'_, str>, name: Option<&str>) {
        if text.is_empty() || REDACTED.contains(&text.as_ref()) {
            return;
        }
        let message = Message::request(channel, text).named(name);
        self.messages.push(Message { response: self.response, ..message });
    }

    /// Adds a call of a tool. One without arguments is still a call, so its text is an empty object.
    pub fn push_call(&mut self, id: Option<&str>, name: Option<&str>, arguments: Cow<'_, str>) {
        self.note_tool(id, name);
        let arguments = if arguments.is_empty() { Cow::Borrowed("{}") } else { arguments };
        self.push(Channel::ToolCall, arguments, name);
    }

    /// Adds messages that stand in a JSON array of their own; `default` is the channel of those without a role.
    ///
    /// # Errors
    /// When the JSON does not decode.
    pub fn collect_messages(&mut self, json: &str, default: Channel) -> Result<(), serde_json::Error> {
        let messages: List<ChatMessage<'_>> = serde_json::from_str(json)?;
        messages.0.into_iter().for_each(|message| message.collect(default, self));
        Ok(())
    }

    /// Adds content that stands in a JSON value of its own.
    ///
    /// # Errors
    /// When the JSON does not decode.
    pub fn collect_content(&mut self, json: &str, channel: Channel) -> Result<(), serde_json::Error> {
        serde_json::from_str::<Content<'_>>(json)?.collect(channel, None, self);
        Ok(())
    }

    /// Adds the descriptions of tools that stand in a JSON array of their own.
    ///
    /// # Errors
    /// When the JSON does not decode.
    pub fn collect_tools(&mut self, json: &str) -> Result<(), serde_json::Error> {
        tool::collect_definitions(serde_json::from_str(json)?, self);
        Ok(())
    }

    /// The names of the tools that the request offers; none where others may be among them.
    pub fn take_tools_offered(&mut self) -> Vec<String> {
        std::mem::take(&mut self.offered).names()
    }

    /// Decodes JSON within a string once more where lone surrogates or numbers were in the way, which mending the whole
    /// record does not reach; tells whether that helped.
    pub fn retry_mended(
        &mut self,
        json: &str,
        decode: impl Fn(&str, &mut Self) -> Result<(), serde_json::Error>,
    ) -> bool {
        mend(json).is_some_and(|mended| decode(&mended, self).is_ok())
    }

    /// Remembers which tool the call `id` goes to.
    fn note_tool(&mut self, id: Option<&str>, name: Option<&str>) {
        if let (Some(id), Some(name)) = (id, name) {
            self.tools.insert(id.to_owned(), name.to_owned());
        }
    }

    /// Adds a verdict. A streamed answer repeats its verdicts in every chunk.
    fn judge(&mut self, verdict: FilterVerdict) {
        if !self.filters.iter().rev().take(VERDICTS_COMPARED_MAX).any(|known| *known == verdict) {
            self.filters.push(verdict);
        }
    }

    /// The name of the tool that the call `id` went to.
    pub fn tool_name(&self, id: Option<&str>) -> Option<String> {
        self.tools.get(id?).cloned()
    }

    /// Takes over the model that answered, where it is named.
    fn answered_by(&mut self, model: &Text<'_>) {
        if self.model.as_deref() != model.get() {
            self.model = model.owned().or(self.model.take());
        }
    }

    /// Adds why the model stopped. Chunks of watsonx say each time that it has not.
    fn finish(&mut self, reason: Option<String>) {
        self.finish_reasons.extend(reason.filter(|reason| reason != "not_finished"));
    }
}

/// The channel of a role in any case; `default` for a role that is absent.
pub(super) fn channel_of(role: Option<&str>, default: Channel) -> Channel {
    let Some(role) = role else { return default };
    let is = |names: &[&str]| names.iter().any(|name| role.eq_ignore_ascii_case(name));
    if is(&["user", "human"]) {
        Channel::User
    } else if is(&["assistant", "model", "ai", "chatbot", "bot", "agent", "thinking", "reasoning"]) {
        Channel::Assistant
    } else if is(&["system", "developer"]) {
        Channel::System
    } else if is(&["tool", "function", "tool_result", "tool_response", "ipython", "observation"]) {
        Channel::ToolResult
    } else if is(&["document", "documents", "context", "retrieval"]) {
        Channel::Document
    } else {
        // An unknown role may carry what a user wrote, and nothing else is checked more strictly.
        Channel::User
    }
}
