//! Vercel's AI SDK: `ai.*` attributes, whose messages have parts of the SDK's own.
//!
//! Source: ai-sdk.dev/docs/ai-sdk-core/telemetry, versions 4 to 6. `ai.generateText` and its like surround the spans of
//! their calls (`ai.generateText.doGenerate`) and repeat them; `ai.toolCall` is one call of a tool. Embeddings have no
//! conversation.

use std::borrow::Cow;

use super::super::body::{Body, channel_of};
use super::super::lenient::{List, Raw, Text, object};
use super::{Call, Dialect, Role, Span, Value, error, tokens};
use crate::interaction::{Channel, Tokens};

pub(super) struct Vercel;

const OPERATION: &str = "ai.operationId";

impl Dialect for Vercel {
    fn recognises(&self, span: &Span<'_>) -> bool {
        span.attributes.has(OPERATION) || span.attributes.has("ai.prompt.messages")
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let attributes = &span.attributes;
        let operation = attributes.text(OPERATION).unwrap_or("doGenerate".into());
        let mut call = Call {
            id: attributes.owned("gen_ai.response.id").or_else(|| attributes.owned("ai.response.id")),
            provider: attributes.owned("ai.model.provider"),
            model: attributes.owned("ai.model.id"),
            ..Call::default()
        };
        call.body.error = error(span);
        if operation == "ai.toolCall" {
            call.role = Role::Step;
            collect_tool(span, &mut call.body);
        } else if operation.contains("embed") {
            return None;
        } else {
            let called = ["doGenerate", "doStream"].iter().any(|end| operation.ends_with(end));
            call.role = if called { Role::Model } else { Role::Wrapper };
            call.body.model = attributes.owned("ai.response.model");
            call.body.tokens = if called { counts(span) } else { Tokens::default() };
            call.body.finish_reasons.extend(attributes.owned("ai.response.finishReason"));
            collect_request(span, &mut call);
            call.body.begin_response();
            collect_response(span, &mut call.body);
        }
        (call.role == Role::Model || !call.body.messages.is_empty()).then_some(call)
    }
}

/// Token counts: the conventions', else the SDK's own in its names over time.
fn counts(span: &Span<'_>) -> Tokens {
    let known = tokens(span);
    let count = |keys: [&str; 2]| keys.iter().find_map(|key| span.attributes.get(key).and_then(Value::count));
    Tokens {
        input: known.input.or_else(|| count(["ai.usage.inputTokens", "ai.usage.promptTokens"])),
        output: known.output.or_else(|| count(["ai.usage.outputTokens", "ai.usage.completionTokens"])),
        total: known.total.or_else(|| count(["ai.usage.totalTokens", "ai.usage.tokens"])),
        cached: known
            .cached
            .or_else(|| count(["ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"])),
        reasoning: known
            .reasoning
            .or_else(|| count(["ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"])),
    }
}

fn collect_request(span: &Span<'_>, call: &mut Call) {
    let attributes = &span.attributes;
    if let Some(messages) = attributes.get("ai.prompt.messages") {
        read(messages, Channel::User, call, |json, body| {
            let messages: List<Message<'_>> = serde_json::from_str(json)?;
            messages.0.into_iter().try_for_each(|message| message.collect(body))
        });
    } else if let Some(prompt) = attributes.get("ai.prompt") {
        // What the application handed over: a system prompt, a prompt or messages.
        read(prompt, Channel::User, call, |json, body| serde_json::from_str::<Handed<'_>>(json)?.collect(body));
    }
    // Each tool is a JSON text of its own.
    for tool in attributes.get("ai.prompt.tools").map(Value::texts).unwrap_or_default() {
        if call.body.collect_tools(&tool).is_err() {
            call.body.push(Channel::Document, tool.into(), None);
        }
    }
}

fn collect_response(span: &Span<'_>, body: &mut Body) {
    for key in ["ai.response.reasoning", "ai.response.text", "ai.response.object"] {
        if let Some(value) = span.attributes.get(key) {
            body.push(Channel::Assistant, value.json(), None);
        }
    }
    let calls = span.attributes.get("ai.response.toolCalls").map(Value::json).unwrap_or_default();
    match serde_json::from_str::<List<Part<'_>>>(&calls) {
        Ok(calls) => calls.0.into_iter().for_each(|call| call.collect_call(body)),
        Err(_) => body.push(Channel::ToolCall, calls, None),
    }
}

fn collect_tool(span: &Span<'_>, body: &mut Body) {
    let attributes = &span.attributes;
    let name = attributes.text("ai.toolCall.name");
    if let Some(arguments) = attributes.get("ai.toolCall.args").or_else(|| attributes.get("ai.toolCall.input")) {
        body.push_call(attributes.text("ai.toolCall.id").as_deref(), name.as_deref(), arguments.spelt_out());
    }
    body.begin_response();
    if let Some(result) = attributes.get("ai.toolCall.result").or_else(|| attributes.get("ai.toolCall.output")) {
        body.push(Channel::ToolResult, result.spelt_out(), name.as_deref());
    }
}

/// Decodes a value with `decode`; one that an exporter has cut is taken as it is.
fn read(
    value: &Value<'_>,
    channel: Channel,
    call: &mut Call,
    decode: impl Fn(&str, &mut Body) -> Result<(), serde_json::Error>,
) {
    let json = value.json();
    let known = call.body.messages.len();
    if decode(&json, &mut call.body).is_err() {
        call.body.messages.truncate(known);
        call.truncated |= json.trim_start().starts_with(['{', '[']);
        call.body.push(channel, json, None);
    }
}

object! {
    /// What an application hands to the SDK.
    Handed {
        "system" => system: Raw<'a>,
        "prompt" => prompt: Raw<'a>,
        "messages" => messages: List<Message<'a>>,
    }
}

object! {
    /// A message of the SDK.
    Message {
        "role" => role: Text<'a>,
        "content" => content: Raw<'a>,
    }
}

object! {
    /// A part of a message, or a call of a tool that stands alone.
    Part {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "toolCallId" => id: Text<'a>,
        "toolName" => name: Text<'a>,
        "args" | "input" => arguments: Raw<'a>,
        "result" | "output" => result: Raw<'a>,
    }
}

object! {
    /// What a tool returned, with its kind beside it.
    Returned {
        "type" => kind: Text<'a>,
        "value" => value: Raw<'a>,
    }
}

impl Handed<'_> {
    /// Adds the system prompt and what comes after it, of which `prompt` may be messages, too.
    fn collect(self, body: &mut Body) -> Result<(), serde_json::Error> {
        body.push(Channel::System, self.system.text(), None);
        match self.prompt.0.filter(|prompt| prompt.get().starts_with('[')) {
            Some(prompt) => {
                let messages: List<Message<'_>> = serde_json::from_str(prompt.get())?;
                messages.0.into_iter().try_for_each(|message| message.collect(body))?;
            }
            None => body.push(Channel::User, self.prompt.text(), None),
        }
        self.messages.0.into_iter().try_for_each(|message| message.collect(body))
    }
}

impl Message<'_> {
    fn collect(self, body: &mut Body) -> Result<(), serde_json::Error> {
        let channel = channel_of(self.role.get(), Channel::User);
        let Some(content) = self.content.0 else { return Ok(()) };
        if content.get().starts_with('"') {
            body.push(channel, self.content.text(), None);
            return Ok(());
        }
        let parts: List<Part<'_>> = serde_json::from_str(content.get())?;
        parts.0.into_iter().for_each(|part| part.collect(channel, body));
        Ok(())
    }
}

impl Part<'_> {
    fn collect(self, channel: Channel, body: &mut Body) {
        match self.kind.get() {
            Some("tool-call") => self.collect_call(body),
            Some("tool-result") => {
                let name = self.name.owned().or_else(|| body.tool_name(self.id.get()));
                body.push(Channel::ToolResult, returned(self.result), name.as_deref());
            }
            Some("image") => body.skipped.images += 1,
            Some("file") => body.skipped.files += 1,
            _ => body.push(channel, self.text.into_cow(), None),
        }
    }

    fn collect_call(self, body: &mut Body) {
        body.push_call(self.id.get(), self.name.get(), self.arguments.text());
    }
}

/// What a tool returned, out of the SDK's `{"type": "text", "value": ...}`.
fn returned(result: Raw<'_>) -> Cow<'_, str> {
    let shaped = result.0.and_then(|raw| serde_json::from_str::<Returned<'_>>(raw.get()).ok());
    match shaped {
        Some(Returned { kind, value, .. }) if kind.get().is_some() && value.0.is_some() => value.text(),
        _ => result.text(),
    }
}
