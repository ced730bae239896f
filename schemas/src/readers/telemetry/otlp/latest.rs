//! The GenAI conventions from version 1.37 on: whole conversations in attributes of the span.
//!
//! `gen_ai.input.messages`, `gen_ai.output.messages` and `gen_ai.system_instructions` hold messages of typed
//! parts, in practice as JSON in a string, by the convention as structured values: both are read. Spans of
//! `execute_tool` bring the arguments and the result of one tool, spans of `retrieval` documents. Spans of
//! earlier versions (`gen_ai.system`, content in log events) are of another dialect.

use super::super::body::{Body, Part, channel_of};
use super::super::lenient::List;
use super::{Call, Dialect, Role, Span, Value, error, tokens};
use crate::interaction::{Channel, Tokens};
use crate::readers::Json;
use crate::readers::json::whole_elements;

pub(super) struct Latest;

const MARKS: [&str; 7] = [
    "gen_ai.provider.name",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.retrieval.documents",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
];

impl Dialect for Latest {
    fn recognises(&self, span: &Span<'_>) -> bool {
        let tool = || span.attributes.text("gen_ai.operation.name").is_some_and(|name| name == "execute_tool");
        MARKS.iter().any(|key| span.attributes.has(key)) || tool() || span.details.is_some()
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let operation = span.text("gen_ai.operation.name").unwrap_or_default();
        let mut call = Call {
            id: span.owned("gen_ai.response.id"),
            provider: span.owned("gen_ai.provider.name").or_else(|| span.owned("gen_ai.system")),
            model: span.owned("gen_ai.request.model"),
            role: match operation.as_ref() {
                "execute_tool" | "retrieval" => Role::Step,
                // An agent of a service: its models' spans, if there are any, are the service's.
                "invoke_agent" | "create_agent" if span.remote => Role::Outer,
                "invoke_agent" | "create_agent" | "invoke_workflow" => Role::Wrapper,
                _ => Role::Model,
            },
            ..Call::default()
        };
        call.body.model = span.owned("gen_ai.response.model");
        // What an agent's calls cost together is counted with each of them.
        call.body.tokens = if call.role.surrounds() { Tokens::default() } else { tokens(span) };
        call.body.finish_reasons = span.get("gen_ai.response.finish_reasons").map(Value::texts).unwrap_or_default();
        call.body.error = error(span);
        collect_texts(span, &mut call);
        let silent = call.body.messages.is_empty() && (call.body.error.is_none() || call.role.surrounds());
        let speaks = call.role == Role::Model && operation != "embeddings" && call.says_something();
        let chat = ["chat", "generate_content", "text_completion"].contains(&operation.as_ref());
        (!silent || speaks || chat).then_some(call)
    }
}

fn collect_texts(span: &Span<'_>, call: &mut Call) {
    let tool = span.owned("gen_ai.tool.name");
    if let Some(value) = span.get("gen_ai.system_instructions") {
        collect(value, Channel::System, call, |json, body| body.collect_content(json, Channel::System));
    }
    if let Some(value) = span.get("gen_ai.input.messages") {
        collect(value, Channel::User, call, |json, body| body.collect_messages(json, Channel::User));
    }
    if let Some(query) = span.get("gen_ai.retrieval.query.text") {
        call.body.push(Channel::User, query.json(), None);
    }
    if let Some(value) = span.get("gen_ai.tool.definitions") {
        collect(value, Channel::Document, call, |json, body| body.collect_tools(json));
    }
    // Alone, it leaves the call to whatever dialect has the rest of it.
    let called = ["gen_ai.tool.call.arguments", "gen_ai.tool.call.result"].iter().any(|key| span.get(key).is_some());
    if let Some(description) = span.get("gen_ai.tool.description").filter(|_| called) {
        call.body.push(Channel::Document, description.json(), tool.as_deref());
    }
    if let Some(value) = span.get("gen_ai.tool.call.arguments") {
        call.body.push_call(span.text("gen_ai.tool.call.id").as_deref(), tool.as_deref(), value.spelt_out());
    }
    call.body.begin_response();
    if let Some(value) = span.get("gen_ai.retrieval.documents") {
        collect(value, Channel::Document, call, |json, body| {
            let documents: List<Part<'_>> = serde_json::from_str(json)?;
            documents.0.into_iter().for_each(|document| document.collect_document(body));
            Ok(())
        });
    }
    if let Some(value) = span.get("gen_ai.output.messages") {
        collect(value, Channel::Assistant, call, |json, body| body.collect_messages(json, Channel::Assistant));
    }
    if let Some(value) = span.get("gen_ai.tool.call.result") {
        call.body.push(Channel::ToolResult, value.spelt_out(), tool.as_deref());
    }
}

/// Decodes a value with `decode`. Exporters cut long values, which breaks the JSON in them: of a list what is whole is
/// then read, and the rest is taken as it is, so that length hides nothing.
fn collect(
    value: &Value<'_>,
    channel: Channel,
    call: &mut Call,
    decode: impl Fn(&str, &mut Body) -> Result<(), serde_json::Error>,
) {
    let json = value.json();
    let structured = matches!(json.trim_start().as_bytes().first(), Some(b'[' | b'{'));
    let known = call.body.messages.len();
    if structured && (decode(&json, &mut call.body).is_ok() || call.body.retry_mended(&json, &decode)) {
        return;
    }
    call.body.messages.truncate(known);
    call.truncated |= structured;
    let (elements, rest) = if json.trim_start().starts_with('[') { whole_elements(&json) } else { (Vec::new(), None) };
    let whole: Vec<_> = elements.into_iter().map(Json::get).collect();
    match rest.filter(|_| !whole.is_empty() && decode(&format!("[{}]", whole.join(",")), &mut call.body).is_ok()) {
        Some(rest) => call.body.push(channel_of(role_in(rest), channel), rest.into(), None),
        None => call.body.push(channel, json, None),
    }
}

/// The role that the beginning of a message names.
fn role_in(cut: &str) -> Option<&str> {
    let (_, value) = cut.split_once("\"role\"")?;
    value.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()
}
