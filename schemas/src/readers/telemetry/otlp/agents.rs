//! What coding agents write into log records: Claude Code, Codex, Gemini CLI and what was made of it.
//!
//! Each says in an event of its own what its user typed, which tool ran and what a call of the model cost; texts are there
//! where whoever set it up asked for them: a prompt, a tool's input and output, an answer, or the whole bodies of a call.
//! Sources: docs.anthropic.com/en/docs/claude-code/monitoring-usage; github.com/openai/codex, `codex-rs/otel`;
//! github.com/google-gemini/gemini-cli, `docs/cli/telemetry.md`.

use std::borrow::Cow;

use super::super::body::{Request, read_response};
use super::{Call, Dialect, Event, Span, Value};
use crate::interaction::{Channel, Tokens};
use crate::readers::Json;

pub(super) struct Agents;

/// How the agents call themselves in the names of their events, and who provides their models.
const AGENTS: [(&str, &str); 4] =
    [("claude_code.", "anthropic"), ("codex.", "openai"), ("gemini_cli.", "gcp.gemini"), ("qwen-code.", "alibaba")];

/// The agent's provider and what happened. Claude Code has its own name in the record's body alone.
fn told<'e>(event: &'e Event<'_>) -> Option<(&'static str, &'e str)> {
    let of = |name: &'e str| AGENTS.iter().find_map(|(agent, provider)| Some((*provider, name.strip_prefix(agent)?)));
    let body = || match &event.body {
        Value::Text(text) => of(text),
        _ => None,
    };
    let (provider, what) = of(&event.name).or_else(body)?;
    EVENTS.contains(&what).then_some((provider, what))
}

/// The events that say something about an exchange with a model.
const EVENTS: [&str; 10] = [
    "user_prompt",
    "tool_result",
    "tool_call",
    "api_request",
    "api_request_body",
    "api_response",
    "api_response_body",
    "assistant_response",
    "api_error",
    "sse_event",
];

/// Whether the event is one of a coding agent.
pub(super) fn is_agents(event: &Event<'_>) -> bool {
    told(event).is_some()
}

impl Dialect for Agents {
    fn recognises(&self, span: &Span<'_>) -> bool {
        span.events.iter().any(is_agents)
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let mut call = Call::default();
        for (event, (provider, what)) in span.events.iter().filter_map(|event| Some((event, told(event)?))) {
            call.provider = Some(provider.to_owned());
            call.model = event.attributes.owned("model").or(call.model);
            collect(event, what, &mut call);
        }
        call.says_something().then_some(call)
    }
}

fn collect(event: &Event<'_>, what: &str, call: &mut Call) {
    let body = &mut call.body;
    match what {
        "user_prompt" => body.push(Channel::User, text(event, &["prompt"]).unwrap_or_default(), None),
        "tool_result" | "tool_call" => {
            let name = event.attributes.text("tool_name").or_else(|| event.attributes.text("function_name"));
            let id = event.attributes.text("call_id").or_else(|| event.attributes.text("tool_use_id"));
            if let Some(arguments) = text(event, &["arguments", "tool_input", "tool_parameters", "function_args"]) {
                body.push_call(id.as_deref(), name.as_deref(), arguments);
            }
            body.push(
                Channel::ToolResult,
                text(event, &["output", "tool_output"]).unwrap_or_default(),
                name.as_deref(),
            );
        }
        "api_request" => {
            let request = event.attributes.get("request_text").map(Value::json).unwrap_or_default();
            if body.collect_messages(&request, Channel::User).is_err() {
                body.push(Channel::User, request, None);
            }
        }
        "api_request_body" => {
            let request = event.attributes.get("body").map(Value::json).unwrap_or_default();
            let decoded =
                serde_json::from_str(&request).is_ok_and(|mut request: Request<'_>| request.collect(body).is_ok());
            if !decoded {
                // Bodies are cut where they are long.
                body.truncated = true;
                body.push(Channel::User, request, None);
            }
        }
        "api_response" | "api_response_body" | "assistant_response" => {
            body.begin_response();
            let response = ["response_text", "body", "response"].iter().find_map(|name| event.attributes.get(name));
            let response = response.map(Value::json).unwrap_or_default();
            let decoded = serde_json::from_str::<Json<'_>>(&response).is_ok_and(|raw| read_response(raw, body).is_ok());
            if !decoded {
                body.push(Channel::Assistant, response, None);
            }
        }
        "api_error" => body.error = event.attributes.owned("error_type").or_else(|| event.attributes.owned("error")),
        _ => {}
    }
    add_counts(event, &mut body.tokens);
}

/// The text of the first of these attributes that has one.
fn text<'e>(event: &'e Event<'_>, names: &[&str]) -> Option<Cow<'e, str>> {
    let of = |name: &&str| event.attributes.get(name).map(Value::spelt_out).filter(|text| !text.is_empty());
    names.iter().find_map(of)
}

fn add_counts(event: &Event<'_>, tokens: &mut Tokens) {
    let count = |names: &[&str]| names.iter().find_map(|name| event.attributes.get(name).and_then(Value::count));
    let told = Tokens {
        input: count(&["input_tokens", "input_token_count"]),
        output: count(&["output_tokens", "output_token_count"]),
        total: count(&["total_token_count"]),
        cached: count(&["cache_read_tokens", "cached_token_count", "cached_content_token_count"]),
        reasoning: count(&["reasoning_token_count", "thoughts_token_count"]),
    };
    let sum = |one: Option<u64>, other: Option<u64>| one.map(|one| one.saturating_add(other.unwrap_or(0))).or(other);
    *tokens = Tokens {
        input: sum(tokens.input, told.input),
        output: sum(tokens.output, told.output),
        total: sum(tokens.total, told.total),
        cached: sum(tokens.cached, told.cached),
        reasoning: sum(tokens.reasoning, told.reasoning),
    };
}
