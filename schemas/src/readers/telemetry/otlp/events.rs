//! The GenAI conventions up to version 1.36: the messages of a conversation in events.
//!
//! An event is a log record (`gen_ai.user.message` with the message as its body) or an event of the span, where
//! the message stands in the attribute `gen_ai.event.content` as JSON or in attributes named as its members.
//! The very first conventions had two events with JSON in `gen_ai.prompt` and `gen_ai.completion`, before them spans
//! had these attributes themselves. Later ones write the whole call into one event, [`DETAILS`], whose attributes are
//! those of [`super::latest`]. Amazon's distribution moves the texts of any dialect out of the span into a log record
//! whose body has the sides `input` and `output` ([`sides`]).
//!
//! Instrumentations of other dialects write events too: whatever side of a conversation a span leaves out is
//! completed from its events. By default none of them holds a text; the call is then read for what it cost.

use std::borrow::Cow;

use super::super::body::Body;
use super::super::lenient::{Raw, Text, object};
use super::openinference::collect_values;
use super::{Call, Dialect, Event, Role, Span, Value, agents, error, frameworks, guardrail, sides, tokens};
use crate::interaction::Channel;

pub(super) struct Events;

/// The event that stands for a whole call, from 1.37 on.
pub(super) const DETAILS: &str = "gen_ai.client.inference.operation.details";

const CHOICE: &str = "gen_ai.choice";
const PROMPT: &str = "gen_ai.content.prompt";
const COMPLETION: &str = "gen_ai.content.completion";

/// What the spans of the first conventions have.
const FIRST: [&str; 3] = ["gen_ai.system", "gen_ai.prompt", "gen_ai.completion"];

/// The operations that answer in words.
const OPERATIONS: [&str; 4] = ["chat", "generate_content", "text_completion", "invoke_model"];

/// Whether the event is one of a GenAI call.
pub(super) fn is_of_genai(event: &Event<'_>) -> bool {
    [CHOICE, PROMPT, COMPLETION, DETAILS].contains(&event.name.as_ref())
        || channel(event).is_some()
        || guardrail::is_finding(event)
        || sides::are_in(event)
        || agents::is_agents(event)
}

/// The channel of a message of the request; `None` for any other event.
fn channel(event: &Event<'_>) -> Option<Channel> {
    let role = event.name.strip_prefix("gen_ai.")?.strip_suffix(".message")?;
    Some(match role {
        "system" | "developer" => Channel::System,
        "assistant" => Channel::Assistant,
        "tool" => Channel::ToolResult,
        _ => Channel::User,
    })
}

impl Dialect for Events {
    fn recognises(&self, span: &Span<'_>) -> bool {
        FIRST.iter().any(|key| span.attributes.has(key)) || span.events.iter().any(is_of_genai)
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let mut call = Call {
            id: span.owned("gen_ai.response.id"),
            provider: span.owned("gen_ai.system"),
            model: span.owned("gen_ai.request.model"),
            role: if runs_tool(span) { Role::Step } else { Role::Model },
            ..Call::default()
        };
        call.body.model = span.owned("gen_ai.response.model");
        call.body.tokens = tokens(span);
        call.body.finish_reasons = span.get("gen_ai.response.finish_reasons").map(Value::texts).unwrap_or_default();
        call.body.error = error(span);
        complete(span, &mut call);
        if call.body.messages.is_empty() && !runs_tool(span) && !frameworks::is_traced(&span.attributes) {
            collect_values(span.attributes.get("gen_ai.prompt"), span.attributes.get("gen_ai.completion"), &mut call);
        }
        let operation = span.text("gen_ai.operation.name").unwrap_or_default();
        let speaks = OPERATIONS.contains(&operation.as_ref());
        let silent = call.body.messages.is_empty() && call.body.error.is_none();
        let costs = operation != "embeddings" && call.says_something();
        (speaks && !span.orphaned || !silent || costs).then_some(call)
    }
}

/// Whether the span is that of a tool and not of a model.
fn runs_tool(span: &Span<'_>) -> bool {
    span.attributes.text("gen_ai.operation.name").is_some_and(|operation| operation == "execute_tool")
}

/// Adds the side of the conversation that `call` lacks, as far as the span's events hold it.
pub(super) fn complete(span: &Span<'_>, call: &mut Call) {
    let has = |response: bool| call.body.messages.iter().any(|message| message.response == response);
    let (request, response) = (has(false), has(true));
    if request && response || !span.events.iter().any(is_of_genai) {
        return;
    }
    let mut found = Body::default();
    let tool = span.text("gen_ai.tool.name");
    let (choices, others): (Vec<_>, Vec<_>) = span.events.iter().partition(|event| event.name == CHOICE);
    if !request && runs_tool(span) {
        others.iter().for_each(|event| collect_step(event, tool.as_deref(), &mut found));
    } else if !request {
        span.events.iter().for_each(|event| collect_request(event, &mut found));
    }
    found.begin_response();
    if !response && runs_tool(span) {
        choices.iter().for_each(|event| collect_step(event, tool.as_deref(), &mut found));
    } else if !response {
        span.events.iter().for_each(|event| collect_response(event, &mut found));
    }
    let answers = found.messages.iter().position(|message| message.response).unwrap_or(found.messages.len());
    let answers = found.messages.split_off(answers);
    found.messages.append(&mut call.body.messages);
    found.messages.extend(answers);
    call.body.messages = found.messages;
    if call.body.finish_reasons.is_empty() {
        call.body.finish_reasons = found.finish_reasons;
    }
    call.body.skipped.images += found.skipped.images;
    call.body.skipped.audio += found.skipped.audio;
    call.body.skipped.files += found.skipped.files;
}

/// The message as JSON, or as bare text, wherever the event holds it.
fn payload<'e>(event: &'e Event<'_>) -> Cow<'e, str> {
    match (&event.body, event.attributes.get("gen_ai.event.content")) {
        (Value::Empty, Some(content)) => content.json(),
        (Value::Empty, None) => event.attributes.unfolded_json(is_written_out),
        (body, _) => body.json(),
    }
}

/// Whether an attribute holds what its convention structures, written out as JSON. A text of the user's own may look
/// like an object, so that only lists of parts count as content.
fn is_written_out(name: &str, text: &str) -> bool {
    let text = text.trim_start();
    let list = text.strip_prefix('[').is_some_and(|elements| elements.trim_start().starts_with('{'));
    match name {
        "content" => list,
        "message" | "tool_calls" => list || text.starts_with('{'),
        _ => false,
    }
}

/// Adds what an event of a span that runs a tool says: there the message is what the tool is given, and the choice
/// what it gave.
fn collect_step(event: &Event<'_>, tool: Option<&str>, body: &mut Body) {
    let value = |name: &str| event.attributes.get(name);
    if event.name == CHOICE {
        let json = value("message").map(Value::json).unwrap_or_else(|| payload(event));
        if !decodes(&json, body, |json, body| body.collect_content(json, Channel::ToolResult)) {
            body.push(Channel::ToolResult, json, tool);
        }
    } else if channel(event) == Some(Channel::ToolResult) {
        let arguments = value("content").map(Value::spelt_out).unwrap_or_else(|| payload(event));
        body.push_call(event.attributes.text("id").as_deref(), tool, arguments);
    }
}

fn collect_request(event: &Event<'_>, body: &mut Body) {
    if event.name == PROMPT {
        if let Some(value) = event.attributes.get("gen_ai.prompt").or(Some(&event.body)) {
            let json = value.json();
            if !decodes(&json, body, |json, body| body.collect_messages(json, Channel::User)) {
                body.push(Channel::User, json, None);
            }
        }
    } else if sides::are_in(event) {
        sides::collect_input(event, body);
    } else if let Some(channel) = channel(event) {
        let json = payload(event);
        let decode = |json: &str, body: &mut Body| match channel {
            Channel::ToolResult => collect_tool_message(json, body),
            _ => body.collect_messages(json, channel),
        };
        if !decodes(&json, body, decode) {
            body.push(channel, json, None);
        }
    }
}

fn collect_response(event: &Event<'_>, body: &mut Body) {
    let json = match event.name.as_ref() {
        CHOICE => payload(event),
        COMPLETION => event.attributes.get("gen_ai.completion").unwrap_or(&event.body).json(),
        _ if sides::are_in(event) => return sides::collect_output(event, body),
        _ => return,
    };
    let decode = |json: &str, body: &mut Body| match event.name == CHOICE {
        true => collect_choice(json, body),
        false => body.collect_messages(json, Channel::Assistant),
    };
    if !decodes(&json, body, decode) {
        body.push(Channel::Assistant, json, None);
    }
}

/// Decodes JSON that is structured, also with lone surrogates in it; what fails has added nothing.
fn decodes(json: &str, body: &mut Body, decode: impl Fn(&str, &mut Body) -> Result<(), serde_json::Error>) -> bool {
    let known = body.messages.len();
    if !matches!(json.trim_start().as_bytes().first(), Some(b'{' | b'[')) {
        return false;
    }
    let decoded = decode(json, body).is_ok() || body.retry_mended(json, &decode);
    if !decoded {
        body.messages.truncate(known);
    }
    decoded
}

object! {
    /// A tool's answer. Its id is that of the call.
    ToolMessage {
        "id" => id: Raw<'a>,
        "content" => content: Raw<'a>,
    }
}

fn collect_tool_message(json: &str, body: &mut Body) -> Result<(), serde_json::Error> {
    let message: ToolMessage<'_> = serde_json::from_str(json)?;
    let member = |raw: Raw<'_>| raw.0.map_or("null", |raw| raw.get()).to_owned();
    let (id, content) = (member(message.id), member(message.content));
    let shaped = format!(r#"{{"role":"tool","tool_call_id":{id},"content":{content}}}"#);
    body.collect_messages(&shaped, Channel::ToolResult)
}

object! {
    /// One of the answers. Its tool calls stand beside the message by the convention, in it in practice.
    Choice {
        "message" => message: Raw<'a>,
        "content" => content: Raw<'a>,
        "tool_calls" => tool_calls: Raw<'a>,
        "finish_reason" => finish_reason: Text<'a>,
    }
}

fn collect_choice(json: &str, body: &mut Body) -> Result<(), serde_json::Error> {
    let choice: Choice<'_> = serde_json::from_str(json)?;
    if let Some(message) = choice.message.or(choice.content).0 {
        // Some write the parts of the message and no message around them.
        match message.get().starts_with('[') {
            true => body.collect_content(message.get(), Channel::Assistant)?,
            false => body.collect_messages(message.get(), Channel::Assistant)?,
        }
    }
    if let Some(calls) = choice.tool_calls.0 {
        body.collect_messages(&format!(r#"{{"tool_calls":{}}}"#, calls.get()), Channel::Assistant)?;
    }
    body.finish_reasons.extend(choice.finish_reason.owned());
    Ok(())
}
