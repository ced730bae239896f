//! OpenInference: every member of a message an attribute of its own, the kind of span in
//! `openinference.span.kind`.
//!
//! `llm.input_messages.N.message.*` and `llm.output_messages.N.message.*` hold the conversation of a chat,
//! `llm.prompts.N` and `llm.choices.N` that of a completion. Where an instrumentation writes neither, the
//! bodies of request and response stand in `input.value` and `output.value`. Tools have their arguments and
//! results there, retrievers their documents in `retrieval.documents.N`, rerankers theirs in
//! `reranker.output_documents.N`; chains and agents whatever they get and give (see [`chain`]). What guardrails and evaluators say
//! about a conversation is no part of it; embeddings have no words.

use crate::readers::Json;

use super::super::body::{Request, read_response};
use super::flat::{self, FlatMessage, FlatPart};
use super::{Call, Dialect, Role, Span, Value, chain, error};
use crate::interaction::{Channel, Skipped, Tokens};
use crate::readers::RawRecord;

pub(super) struct OpenInference;

impl Dialect for OpenInference {
    fn recognises(&self, span: &Span<'_>) -> bool {
        span.attributes.has("openinference.span.kind") || span.attributes.has_below("llm.input_messages.")
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let attributes = &span.attributes;
        let kind = attributes.text("openinference.span.kind").unwrap_or("LLM".into());
        let mut call = Call {
            provider: attributes.owned("llm.provider").or_else(|| attributes.owned("llm.system")),
            // A session of OpenInference is a conversation: the turns of one user with one application.
            conversation: attributes.owned("session.id"),
            ..Call::default()
        };
        call.body.model = attributes.owned("llm.response.model_name").or_else(|| attributes.owned("llm.model_name"));
        call.model = attributes.owned("llm.request.model_name").or_else(|| attributes.owned("gen_ai.request.model"));
        call.body.tokens = tokens(span);
        call.body.error = error(span);
        match kind.to_ascii_uppercase().as_str() {
            "LLM" => collect_model(span, &mut call),
            "TOOL" => collect_tool(span, &mut call),
            "RETRIEVER" => collect_retrieval(span, &["retrieval.documents."], &mut call),
            "RERANKER" => {
                collect_retrieval(span, &["reranker.output_documents.", "reranker.input_documents."], &mut call);
            }
            kind @ ("AGENT" | "CHAIN" | "UNKNOWN") => {
                call.role = if kind == "UNKNOWN" { Role::Outer } else { Role::Wrapper };
                collect_handed(span, &mut call);
                call.body.tokens = Tokens::default();
                return (!call.body.messages.is_empty()).then_some(call);
            }
            _ => return None,
        }
        (call.role == Role::Model || call.says_something()).then_some(call)
    }
}

fn tokens(span: &Span<'_>) -> Tokens {
    let count = |key| span.attributes.get(key).and_then(Value::count);
    Tokens {
        input: count("llm.token_count.prompt"),
        output: count("llm.token_count.completion"),
        total: count("llm.token_count.total"),
        cached: count("llm.token_count.prompt_details.cache_read"),
        reasoning: count("llm.token_count.completion_details.reasoning"),
    }
}

fn collect_model(span: &Span<'_>, call: &mut Call) {
    let attributes = &span.attributes;
    let body = &mut call.body;
    for message in flat::messages(attributes, "llm.input_messages.", set) {
        message.collect(Channel::User, body);
    }
    for prompt in flat::messages(attributes, "llm.prompts.", set) {
        prompt.collect(Channel::User, body);
    }
    let known = !body.messages.is_empty();
    if known {
        for (name, value) in attributes.below("llm.tools.") {
            if name.ends_with(".tool.json_schema") && body.collect_tools(&value.json()).is_err() {
                body.push(Channel::Document, value.json(), None);
            }
        }
    }
    body.begin_response();
    for message in flat::messages(attributes, "llm.output_messages.", set) {
        message.collect(Channel::Assistant, body);
    }
    for choice in flat::messages(attributes, "llm.choices.", set) {
        choice.collect(Channel::Assistant, body);
    }
    body.finish_reasons.extend(attributes.owned("llm.finish_reason"));
    if !known || !body.messages.iter().any(|message| message.response) {
        complete_from_values(span, known, call);
    }
}

/// Puts a member of a message, of a prompt or of a choice into it.
fn set<'s>(message: &mut FlatMessage<'s>, member: &'s str, value: &'s Value<'_>) {
    let text = || Some(value.json());
    let member = member.strip_prefix("message.").unwrap_or(member);
    match member {
        "role" => message.role = text(),
        "content" | "prompt.text" | "completion.text" => message.content = text(),
        "name" => message.name = text(),
        "tool_call_id" => message.tool_call_id = text(),
        "function_call_name" => message.function.name = text(),
        "function_call_arguments_json" => message.function.arguments = text(),
        _ => set_nested(message, member, value),
    }
}

fn set_nested<'s>(message: &mut FlatMessage<'s>, member: &'s str, value: &'s Value<'_>) {
    if let Some((number, member)) = member.strip_prefix("contents.").and_then(flat::numbered) {
        let part = match member.strip_prefix("message_content.").unwrap_or_default() {
            "text" => FlatPart::Text(value.json()),
            "image" | "image.image.url" | "image.url" => FlatPart::Image,
            "audio" | "audio.audio.url" | "audio.url" => FlatPart::Audio,
            _ => return,
        };
        message.parts.insert(number, part);
    } else if let Some((number, member)) = member.strip_prefix("tool_calls.").and_then(flat::numbered) {
        let call = message.calls.entry(number).or_default();
        match member.strip_prefix("tool_call.").unwrap_or_default() {
            "id" => call.id = Some(value.json()),
            "function.name" => call.name = Some(value.json()),
            "function.arguments" => call.arguments = Some(value.json()),
            _ => {}
        }
    }
}

/// Reads the raw request where the span has no messages of it, and the raw response likewise.
fn complete_from_values(span: &Span<'_>, request_known: bool, call: &mut Call) {
    let mut raw = Call::default();
    collect_values(span.attributes.get("input.value"), span.attributes.get("output.value"), &mut raw);
    let answered = call.body.messages.iter().any(|message| message.response);
    let wanted = |response: bool| if response { !answered } else { !request_known };
    raw.body.messages.retain(|message| wanted(message.response));
    raw.body.messages.append(&mut call.body.messages);
    // Texts of the request first, which a stable sort by this one bit does.
    raw.body.messages.sort_by_key(|message| message.response);
    call.body.messages = raw.body.messages;
    call.body.model = call.body.model.take().or(raw.body.model);
    if call.body.skipped == Skipped::default() {
        call.body.skipped = raw.body.skipped;
    }
    call.truncated |= raw.truncated;
    if call.body.finish_reasons.is_empty() {
        call.body.finish_reasons = raw.body.finish_reasons;
    }
    call.body.error = call.body.error.take().or(raw.body.error);
    if call.body.tokens == Tokens::default() {
        call.body.tokens = raw.body.tokens;
    }
}

/// Reads `input` as a request and `output` as a response; what is no JSON is a text, and JSON of no provider's shape is
/// a framework's.
pub(super) fn collect_values(input: Option<&Value<'_>>, output: Option<&Value<'_>>, call: &mut Call) {
    let silent = |call: &Call, before: usize| {
        call.body.messages.len() == before && call.body.skipped == Skipped::default() && call.body.error.is_none()
    };
    let structured = |json: &str| matches!(json.trim_start().as_bytes().first(), Some(b'{' | b'['));
    let before = call.body.messages.len();
    if let Some(input) = input.map(Value::json) {
        let known = structured(&input)
            && match serde_json::from_str::<Request<'_>>(&input) {
                Ok(mut request) => request.collect(&mut call.body).is_ok(),
                Err(_) => false,
            };
        if !known {
            call.truncated |= structured(&input);
            call.body.push(Channel::User, input, None);
        } else if silent(call, before) {
            chain::collect(input, Channel::User, &mut call.body);
        }
    }
    call.body.begin_response();
    let before = call.body.messages.len();
    if let Some(output) = output.map(Value::json) {
        let known = structured(&output)
            && serde_json::from_str::<Json<'_>>(&output).is_ok_and(|raw| read_response(raw, &mut call.body).is_ok());
        if !known {
            call.truncated |= structured(&output);
            call.body.push(Channel::Assistant, output, None);
        } else if silent(call, before) && call.body.tokens == Tokens::default() {
            chain::collect(output, Channel::Assistant, &mut call.body);
        }
    }
}

/// Reads what a chain or an agent gets and gives: bodies of a provider where it hands them through, else
/// whatever shape its framework has.
fn collect_handed(span: &Span<'_>, call: &mut Call) {
    let value = |key: &str| span.attributes.get(key);
    let is_body = |key: &str, marks: &[&str]| {
        value(key).is_some_and(|value| RawRecord::new(value.json().as_bytes()).has_any(marks))
    };
    if is_body("input.value", &["model"]) || is_body("output.value", &["candidates", "choices"]) {
        collect_values(value("input.value"), value("output.value"), call);
        return;
    }
    if let Some(input) = value("input.value") {
        call.brought |= chain::collect(input.spelt_out(), Channel::User, &mut call.body);
    }
    call.body.begin_response();
    if let Some(output) = value("output.value") {
        call.brought |= chain::collect(output.spelt_out(), Channel::Assistant, &mut call.body);
    }
}

fn collect_tool(span: &Span<'_>, call: &mut Call) {
    call.role = Role::Step;
    let attributes = &span.attributes;
    let name = attributes.text("tool.name");
    if let Some(description) = attributes.get("tool.description") {
        call.body.push(Channel::Document, description.json(), name.as_deref());
    }
    let arguments = attributes.get("input.value").or_else(|| attributes.get("tool.parameters"));
    if let Some(arguments) = arguments {
        call.body.push_call(None, name.as_deref(), arguments.spelt_out());
    }
    call.body.begin_response();
    if let Some(result) = attributes.get("output.value") {
        call.body.push(Channel::ToolResult, result.spelt_out(), name.as_deref());
    }
}

/// Reads a query and the documents below the first of `prefixes` that has some, else those in the raw output.
fn collect_retrieval(span: &Span<'_>, prefixes: &[&str], call: &mut Call) {
    call.role = Role::Step;
    if let Some(query) = span.attributes.get("reranker.query").or_else(|| span.attributes.get("input.value")) {
        chain::collect(query.spelt_out(), Channel::User, &mut call.body);
    }
    call.body.begin_response();
    let set = |document: &mut FlatMessage<'_>, member: &str, value: &Value<'_>| {
        let text = || Some(value.json().into_owned().into());
        match member {
            "document.content" => document.content = text(),
            "document.id" => document.name = text(),
            _ => {}
        }
    };
    let documents = prefixes.iter().map(|prefix| flat::messages(&span.attributes, prefix, set));
    let documents = documents.into_iter().find(|documents| documents.iter().any(|one| one.content.is_some()));
    for document in documents.iter().flatten() {
        let content = document.content.as_deref().unwrap_or_default();
        call.body.push(Channel::Document, content.into(), document.name.as_deref());
    }
    if documents.is_none()
        && let Some(output) = span.attributes.get("output.value")
    {
        chain::collect(output.spelt_out(), Channel::Document, &mut call.body);
    }
}
