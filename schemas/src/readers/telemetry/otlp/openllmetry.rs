//! OpenLLMetry's own attributes, from before it wrote those of the conventions.
//!
//! `gen_ai.prompt.N.*` and `gen_ai.completion.N.*` (in its first versions `llm.prompts.N.*` and
//! `llm.completions.N.*`) hold the conversation, `llm.request.functions.N.*` the tools, `traceloop.span.kind`
//! and `traceloop.entity.*` what workflows, tasks, agents and tools got and gave. Vector databases write what they
//! found into events. Its newer versions write the attributes of [`super::latest`], with a few of these beside them.

use super::super::body::Body;
use super::flat::{self, FlatMessage};
use super::{Call, Dialect, Role, Span, Value, chain, error, tokens};
use crate::interaction::{Channel, Tokens};

pub(super) struct OpenLlmetry;

const PROMPTS: [&str; 2] = ["gen_ai.prompt.", "llm.prompts."];
const COMPLETIONS: [&str; 2] = ["gen_ai.completion.", "llm.completions."];

impl Dialect for OpenLlmetry {
    fn recognises(&self, span: &Span<'_>) -> bool {
        let attributes = &span.attributes;
        attributes.has("traceloop.span.kind")
            || attributes.has("llm.request.type")
            || finds_documents(span)
            || PROMPTS.iter().chain(&COMPLETIONS).any(|prefix| attributes.has_below(prefix))
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let attributes = &span.attributes;
        let either = |one, other| attributes.owned(one).or_else(|| attributes.owned(other));
        let mut call = Call {
            id: attributes.owned("gen_ai.response.id"),
            provider: either("gen_ai.system", "llm.vendor"),
            model: either("gen_ai.request.model", "llm.request.model"),
            ..Call::default()
        };
        call.body.model = either("gen_ai.response.model", "llm.response.model");
        call.body.tokens = tokens(span);
        call.body.error = error(span);
        match attributes.text("traceloop.span.kind").as_deref() {
            _ if finds_documents(span) => collect_documents(span, &mut call),
            Some("tool") => collect_tool(span, &mut call),
            Some("task") if retrieves(span) => collect_retrieval(span, &mut call),
            Some("workflow" | "task" | "agent") => return read_wrapper(span, call),
            _ => collect_model(span, &mut call),
        }
        let kind = attributes.text("llm.request.type");
        let silent = call.body.messages.is_empty() && call.body.error.is_none();
        let embeds = kind.as_deref().is_some_and(|kind| kind == "embedding" || kind == "rerank");
        let speaks = kind.is_some() && !embeds;
        (speaks || !silent || !embeds && call.body.tokens != Tokens::default()).then_some(call)
    }
}

/// Workflows, tasks and agents hand the conversation on as JSON of their functions' arguments.
fn read_wrapper(span: &Span<'_>, mut call: Call) -> Option<Call> {
    call.role = Role::Wrapper;
    call.body.tokens = Tokens::default();
    call.brought = collect_handed(span, Channel::Assistant, &mut call.body);
    (!call.body.messages.is_empty()).then_some(call)
}

/// Adds what a function got and gave, and tells whether a retrieval or a tool brought something of it.
fn collect_handed(span: &Span<'_>, output: Channel, body: &mut Body) -> bool {
    let mut brought = false;
    if let Some(value) = span.attributes.get("traceloop.entity.input") {
        brought |= chain::collect(value.spelt_out(), Channel::User, body);
    }
    body.begin_response();
    if let Some(value) = span.attributes.get("traceloop.entity.output") {
        brought |= chain::collect(value.spelt_out(), output, body);
    }
    brought
}

/// Whether a task is a retrieval, which only its name tells: `retrieve.task`, `search_documents`.
fn retrieves(span: &Span<'_>) -> bool {
    let name = span.attributes.text("traceloop.entity.name").unwrap_or_default();
    let rank = || ["rerank", "search"].iter().any(|word| name.to_lowercase().contains(word));
    rank() || chain::brought_by(&name) == Some(Channel::Document)
}

fn collect_retrieval(span: &Span<'_>, call: &mut Call) {
    call.role = Role::Step;
    collect_handed(span, Channel::Document, &mut call.body);
}

/// What a vector database found, an event each.
const RESULT: &str = "db.query.result";

fn finds_documents(span: &Span<'_>) -> bool {
    span.events.iter().any(|event| event.name == RESULT && event.attributes.has("db.query.result.document"))
}

fn collect_documents(span: &Span<'_>, call: &mut Call) {
    call.role = Role::Step;
    call.body.begin_response();
    for attributes in span.events.iter().filter(|event| event.name == RESULT).map(|event| &event.attributes) {
        if let Some(document) = attributes.get("db.query.result.document") {
            call.body.push(Channel::Document, document.json(), attributes.text("db.query.result.id").as_deref());
        }
    }
}

fn collect_tool(span: &Span<'_>, call: &mut Call) {
    call.role = Role::Step;
    let name = span.attributes.text("traceloop.entity.name");
    if let Some(value) = span.attributes.get("traceloop.entity.input") {
        call.body.push(Channel::ToolCall, value.spelt_out(), name.as_deref());
    }
    call.body.begin_response();
    if let Some(value) = span.attributes.get("traceloop.entity.output") {
        call.body.push(Channel::ToolResult, value.spelt_out(), name.as_deref());
    }
}

fn collect_model(span: &Span<'_>, call: &mut Call) {
    let attributes = &span.attributes;
    let body = &mut call.body;
    for message in PROMPTS.iter().flat_map(|prefix| flat::messages(attributes, prefix, set)) {
        message.collect(Channel::User, body);
    }
    for tool in flat::messages(attributes, "llm.request.functions.", set) {
        body.push(Channel::Document, tool.content.unwrap_or_default(), tool.name.as_deref());
    }
    body.begin_response();
    for message in COMPLETIONS.iter().flat_map(|prefix| flat::messages(attributes, prefix, set)) {
        message.collect(Channel::Assistant, body);
    }
    if body.finish_reasons.is_empty() {
        body.finish_reasons = attributes.get("gen_ai.response.finish_reasons").map(Value::texts).unwrap_or_default();
    }
}

/// Puts a member of a message, or of a tool's definition, into it.
fn set<'s>(message: &mut FlatMessage<'s>, member: &'s str, value: &'s Value<'_>) {
    let text = || Some(value.json());
    match member {
        "role" => message.role = text(),
        "content" | "description" => message.content = text(),
        "reasoning" | "reasoning_content" => message.reasoning = text(),
        "name" => message.name = text(),
        "tool_call_id" => message.tool_call_id = text(),
        "finish_reason" => message.finish_reason = text(),
        "function_call.name" => message.function.name = text(),
        "function_call.arguments" => message.function.arguments = text(),
        _ => {
            let Some((number, member)) = member.strip_prefix("tool_calls.").and_then(flat::numbered) else { return };
            let call = message.calls.entry(number).or_default();
            match member {
                "id" => call.id = text(),
                "name" => call.name = text(),
                "arguments" => call.arguments = text(),
                _ => {}
            }
        }
    }
}
