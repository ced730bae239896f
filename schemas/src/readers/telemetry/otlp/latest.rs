//! The GenAI conventions from version 1.37 on: whole conversations in attributes of the span.
//!
//! `gen_ai.input.messages`, `gen_ai.output.messages` and `gen_ai.system_instructions` hold messages of typed
//! parts, in practice as JSON in a string, by the convention as structured values: both are read. Spans of
//! `execute_tool` bring the arguments and the result of one tool, spans of `retrieval` documents. Spans of
//! earlier versions (`gen_ai.system`, content in log events) are of another dialect.

use super::super::body::{Body, Part};
use super::super::lenient::List;
use super::{Call, Dialect, Span, Value};
use crate::interaction::{Channel, Named, Tokens};

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
        MARKS.iter().any(|key| span.attributes.has(key)) || tool()
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let attributes = &span.attributes;
        let mut call = Call {
            id: attributes.owned("gen_ai.response.id"),
            provider: attributes.owned("gen_ai.provider.name"),
            model: attributes.owned("gen_ai.request.model"),
            conversation: attributes.owned("gen_ai.conversation.id"),
            agent: Named { id: attributes.owned("gen_ai.agent.id"), name: attributes.owned("gen_ai.agent.name") },
            ..Call::default()
        };
        call.body.model = attributes.owned("gen_ai.response.model");
        call.body.tokens = tokens(span);
        call.body.finish_reasons = attributes.texts("gen_ai.response.finish_reasons");
        call.body.error = attributes.owned("error.type");
        collect_texts(span, &mut call);
        let body = &call.body;
        let embeds = attributes.text("gen_ai.operation.name").is_some_and(|name| name == "embeddings");
        let silent = body.messages.is_empty() && body.error.is_none();
        (!silent || !embeds && body.tokens != Tokens::default()).then_some(call)
    }
}

fn tokens(span: &Span<'_>) -> Tokens {
    let count = |key| span.attributes.count(key);
    Tokens {
        input: count("gen_ai.usage.input_tokens"),
        output: count("gen_ai.usage.output_tokens"),
        total: count("gen_ai.usage.total_tokens"),
        cached: count("gen_ai.usage.cache_read.input_tokens"),
        reasoning: count("gen_ai.usage.reasoning.output_tokens"),
    }
}

fn collect_texts(span: &Span<'_>, call: &mut Call) {
    let attributes = &span.attributes;
    let tool = attributes.owned("gen_ai.tool.name");
    if let Some(value) = attributes.get("gen_ai.system_instructions") {
        collect(value, Channel::System, call, |json, body| body.collect_content(json, Channel::System));
    }
    if let Some(value) = attributes.get("gen_ai.input.messages") {
        collect(value, Channel::User, call, |json, body| body.collect_messages(json, Channel::User));
    }
    if let Some(value) = attributes.get("gen_ai.tool.definitions") {
        collect(value, Channel::Document, call, |json, body| body.collect_tools(json));
    }
    if let Some(value) = attributes.get("gen_ai.tool.call.arguments") {
        call.body.push_call(attributes.text("gen_ai.tool.call.id").as_deref(), tool.as_deref(), value.json());
    }
    call.body.begin_response();
    if let Some(value) = attributes.get("gen_ai.retrieval.documents") {
        collect(value, Channel::Document, call, |json, body| {
            let documents: List<Part<'_>> = serde_json::from_str(json)?;
            documents.0.into_iter().for_each(|document| document.collect_document(body));
            Ok(())
        });
    }
    if let Some(value) = attributes.get("gen_ai.output.messages") {
        collect(value, Channel::Assistant, call, |json, body| body.collect_messages(json, Channel::Assistant));
    }
    if let Some(value) = attributes.get("gen_ai.tool.call.result") {
        call.body.push(Channel::ToolResult, value.json(), tool.as_deref());
    }
}

/// Decodes a value with `decode`. Exporters cut long values, which breaks the JSON in them: the text is then
/// taken as it is, so that length hides nothing.
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
    call.body.push(channel, json, None);
}
