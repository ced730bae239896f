//! Frameworks that write what they get and give under names of their own, beside a convention's or in place of them.
//!
//! - Google's Agent Development Kit: `gcp.vertex.agent.*`, bodies of Gemini (google/adk-python, `telemetry/tracing.py`).
//! - pydantic-ai before its version 1.37 of the conventions: the events of a call as JSON in `events`
//!   (ai.pydantic.dev/logfire).
//! - Langfuse: `langfuse.observation.*` (langfuse.com/integrations/native/opentelemetry).
//! - MLflow: `mlflow.span*`, each value as JSON (mlflow.org/docs/latest/genai/tracing).
//! - LangSmith: `langsmith.span.kind`, with what a run got and gave in the conventions' first attributes
//!   (docs.langchain.com/langsmith/trace-with-opentelemetry).
//!
//! The last three say the kind of a span and give its input and its output as whatever the traced function had.

use super::super::body::Body;
use super::super::lenient::{Count, List, Raw, Text, object};
use super::openinference::collect_values;
use super::{Attributes, Call, Dialect, Role, Span, Value, chain, error, tokens};
use crate::interaction::{Channel, Tokens};

pub(super) struct Frameworks;

const ADK: [&str; 2] = ["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"];
const PYDANTIC: [&str; 4] = ["all_messages_events", "events", "pydantic_ai.all_messages", "tool_arguments"];

/// The attributes in which a framework says what a traced function is, got and gave.
struct Traced {
    kind: &'static str,
    input: &'static str,
    output: &'static str,
}

const TRACED: [Traced; 3] = [
    Traced {
        kind: "langfuse.observation.type",
        input: "langfuse.observation.input",
        output: "langfuse.observation.output",
    },
    Traced { kind: "mlflow.spanType", input: "mlflow.spanInputs", output: "mlflow.spanOutputs" },
    Traced { kind: "langsmith.span.kind", input: "gen_ai.prompt", output: "gen_ai.completion" },
];

impl Dialect for Frameworks {
    fn recognises(&self, span: &Span<'_>) -> bool {
        let has = |key: &&str| span.attributes.has(key);
        ADK.iter().any(has) || is_pydantic(&span.attributes) || is_traced(&span.attributes)
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let attributes = &span.attributes;
        let mut call = Call {
            id: attributes.owned("gen_ai.response.id"),
            model: attributes.owned("gen_ai.request.model"),
            ..Call::default()
        };
        call.body.model = attributes.owned("gen_ai.response.model");
        call.body.tokens = tokens(span);
        call.body.error = error(span);
        if ADK.iter().any(|key| attributes.has(key)) {
            collect_adk(attributes, &mut call);
        } else if let Some(traced) = TRACED.iter().find(|traced| attributes.has(traced.kind)) {
            collect_traced(attributes, traced, &mut call)?;
        } else {
            collect_pydantic(attributes, &mut call);
        }
        if call.role.surrounds() {
            call.body.tokens = Tokens::default();
        }
        (!call.body.messages.is_empty() || call.role == Role::Model && call.says_something()).then_some(call)
    }
}

/// Whether a framework says of which kind the traced function is.
pub(super) fn is_traced(attributes: &Attributes<'_>) -> bool {
    TRACED.iter().any(|traced| attributes.has(traced.kind))
}

/// Its names are plain words, which count only beside a convention's.
fn is_pydantic(attributes: &Attributes<'_>) -> bool {
    PYDANTIC.iter().any(|key| attributes.has(key)) && attributes.has_below("gen_ai.")
        || attributes.has("pydantic_ai.all_messages")
}

/// Adds one call of a tool, of which the conventions' attributes tell the rest.
fn collect_tool(attributes: &Attributes<'_>, arguments: &Value<'_>, result: Option<&Value<'_>>, call: &mut Call) {
    call.role = Role::Step;
    let name = attributes.text("gen_ai.tool.name");
    if let Some(description) = attributes.get("gen_ai.tool.description") {
        call.body.push(Channel::Document, description.json(), name.as_deref());
    }
    let id = attributes.text("gen_ai.tool.call.id");
    call.body.push_call(id.as_deref(), name.as_deref(), arguments.spelt_out());
    call.body.begin_response();
    if let Some(result) = result {
        call.body.push(Channel::ToolResult, result.spelt_out(), name.as_deref());
    }
}

object! {
    /// What the kit asks of a model.
    AdkRequest {
        "model" => model: Text<'a>,
        "config" => config: AdkConfig<'a>,
        "contents" => contents: Raw<'a>,
    }
}

object! {
    /// Its settings, with the system prompt and the tools.
    AdkConfig {
        "system_instruction" => system: Raw<'a>,
        "tools" => tools: Raw<'a>,
    }
}

object! {
    /// What the model answers.
    AdkResponse {
        "content" => content: Raw<'a>,
        "finish_reason" => finish_reason: Text<'a>,
    }
}

fn collect_adk(attributes: &Attributes<'_>, call: &mut Call) {
    call.conversation = attributes.owned("gcp.vertex.agent.session_id");
    if let Some(arguments) = attributes.get("gcp.vertex.agent.tool_call_args") {
        return collect_tool(attributes, arguments, attributes.get("gcp.vertex.agent.tool_response"), call);
    }
    decode(attributes.get("gcp.vertex.agent.llm_request"), Channel::User, call, |json, call| {
        let request: AdkRequest<'_> = serde_json::from_str(json)?;
        call.model = call.model.take().or_else(|| request.model.owned());
        let body = &mut call.body;
        request.config.system.0.map_or(Ok(()), |raw| body.collect_content(raw.get(), Channel::System))?;
        request.contents.0.map_or(Ok(()), |raw| body.collect_messages(raw.get(), Channel::User))?;
        request.config.tools.0.map_or(Ok(()), |raw| body.collect_tools(raw.get()))
    });
    call.body.begin_response();
    decode(attributes.get("gcp.vertex.agent.llm_response"), Channel::Assistant, call, |json, call| {
        let response: AdkResponse<'_> = serde_json::from_str(json)?;
        call.body.finish_reasons.extend(response.finish_reason.owned());
        response.content.0.map_or(Ok(()), |raw| call.body.collect_messages(raw.get(), Channel::Assistant))
    });
}

object! {
    /// An event of a call. A choice holds its message, others are one.
    LoggedEvent {
        "event.name" => name: Text<'a>,
        "message" => message: Raw<'a>,
        "id" => id: Raw<'a>,
        "content" => content: Raw<'a>,
    }
}

fn collect_pydantic(attributes: &Attributes<'_>, call: &mut Call) {
    if let Some(arguments) = attributes.get("tool_arguments") {
        return collect_tool(attributes, arguments, attributes.get("tool_response"), call);
    }
    if let Some(messages) = attributes.get("pydantic_ai.all_messages") {
        call.role = Role::Wrapper;
        decode(Some(messages), Channel::User, call, |json, call| call.body.collect_messages(json, Channel::User));
        return;
    }
    let run = attributes.get("all_messages_events");
    call.role = if run.is_some() { Role::Wrapper } else { Role::Model };
    decode(run.or_else(|| attributes.get("events")), Channel::User, call, |json, call| {
        let events: List<Raw<'_>> = serde_json::from_str(json)?;
        events
            .0
            .into_iter()
            .filter_map(|event| event.0)
            .try_for_each(|event| collect_event(event.get(), &mut call.body))
    });
}

fn collect_event(json: &str, body: &mut Body) -> Result<(), serde_json::Error> {
    let event: LoggedEvent<'_> = serde_json::from_str(json)?;
    let member = |raw: Raw<'_>| raw.0.map_or("null", |raw| raw.get()).to_owned();
    match event.name.get() {
        Some("gen_ai.choice") => {
            body.begin_response();
            event.message.0.map_or(Ok(()), |message| body.collect_messages(message.get(), Channel::Assistant))
        }
        Some("gen_ai.tool.message") => {
            let (id, content) = (member(event.id), member(event.content));
            let shaped = format!(r#"{{"role":"tool","tool_call_id":{id},"content":{content}}}"#);
            body.collect_messages(&shaped, Channel::ToolResult)
        }
        Some("gen_ai.system.message") => body.collect_messages(json, Channel::System),
        Some("gen_ai.assistant.message") => body.collect_messages(json, Channel::Assistant),
        _ => body.collect_messages(json, Channel::User),
    }
}

object! {
    /// What a generation cost, in Langfuse's words.
    UsageDetails {
        "input" | "prompt_tokens" => input: Count,
        "output" | "completion_tokens" => output: Count,
        "total" | "total_tokens" => total: Count,
    }
}

/// Reads what a traced function got and gave; `None` where it is none of a conversation's.
fn collect_traced(attributes: &Attributes<'_>, traced: &Traced, call: &mut Call) -> Option<()> {
    let (input, output) = (attributes.get(traced.input), attributes.get(traced.output));
    // MLflow writes its kinds as JSON, in capitals.
    let kind = attributes.get(traced.kind).map(|kind| kind.spelt_out().to_ascii_lowercase()).unwrap_or_default();
    match kind.as_str() {
        "generation" | "llm" | "chat_model" => {
            call.model = call.model.take().or_else(|| attributes.owned("langfuse.observation.model.name"));
            if let Some(usage) = attributes.get("langfuse.observation.usage_details").map(Value::json)
                && let Ok(usage) = serde_json::from_str::<UsageDetails<'_>>(&usage)
            {
                let known = &mut call.body.tokens;
                known.input = known.input.or(usage.input.0);
                known.output = known.output.or(usage.output.0);
                known.total = known.total.or(usage.total.0);
            }
            collect_values(input, output, call);
        }
        "tool" => {
            call.role = Role::Step;
            let name = attributes.text("gen_ai.tool.name").or_else(|| attributes.text("langsmith.trace.name"));
            call.body.push_call(None, name.as_deref(), input.map(Value::spelt_out).unwrap_or_default());
            call.body.begin_response();
            call.body.push(Channel::ToolResult, output.map(Value::spelt_out).unwrap_or_default(), name.as_deref());
        }
        "retriever" | "reranker" => {
            call.role = Role::Step;
            collect_handed(input, output, Channel::Document, call);
        }
        "embedding" | "evaluator" | "guardrail" | "event" | "parser" => return None,
        _ => {
            call.role = Role::Wrapper;
            call.brought = collect_handed(input, output, Channel::Assistant, call);
        }
    }
    Some(())
}

/// Adds values of no known shape, and tells whether a retrieval or a tool brought something of them.
fn collect_handed(input: Option<&Value<'_>>, output: Option<&Value<'_>>, given: Channel, call: &mut Call) -> bool {
    let body = &mut call.body;
    let mut brought = input.is_some_and(|value| chain::collect(value.spelt_out(), Channel::User, body));
    body.begin_response();
    brought |= output.is_some_and(|value| chain::collect(value.spelt_out(), given, body));
    brought
}

/// Decodes a value with `read`; one that an exporter has cut is taken as it is.
fn decode(
    value: Option<&Value<'_>>,
    channel: Channel,
    call: &mut Call,
    read: impl Fn(&str, &mut Call) -> Result<(), serde_json::Error>,
) {
    let Some(json) = value.map(Value::json) else { return };
    let known = call.body.messages.len();
    if read(&json, call).is_err() {
        call.body.messages.truncate(known);
        call.truncated |= json.trim_start().starts_with(['{', '[']);
        call.body.push(channel, json, None);
    }
}
