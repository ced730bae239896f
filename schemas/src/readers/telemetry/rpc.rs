//! Exchanges with tools and agents in JSON-RPC: the Model Context Protocol and Agent2Agent.
//!
//! Sources: modelcontextprotocol.io/specification (tools, resources, prompts); a2a-protocol.org/latest/specification
//! (`message/send`, `message/stream`). The request's method decides: what a tool is given and gives, what a resource
//! holds, which tools a server offers, and what two agents say to each other. Other methods say nothing that a model
//! reads.

use super::body::Body;
use super::lenient::{List, Raw, Text, object};
use crate::interaction::Channel;

object! {
    /// Both sides of one call.
    Exchanged {
        "request" => request: Call<'a>,
        "response" => response: Answer<'a>,
    }
}

object! {
    /// A call.
    Call {
        "jsonrpc" => version: Text<'a>,
        "method" => method: Text<'a>,
        "params" => parameters: Parameters<'a>,
    }
}

object! {
    /// What is called for.
    Parameters {
        "name" => name: Text<'a>,
        "arguments" => arguments: Raw<'a>,
        "message" => message: Raw<'a>,
    }
}

object! {
    /// What came of it.
    Answer {
        "result" => result: Outcome<'a>,
        "error" => failure: Failure<'a>,
    }
}

object! {
    /// Why nothing came of it.
    Failure {
        "code" => code: Text<'a>,
    }
}

object! {
    /// The result of any method: of a tool, a resource, a prompt, a list of tools, a message or a task.
    Outcome {
        "content" => content: Raw<'a>,
        "structuredContent" => structured: Raw<'a>,
        "contents" => contents: List<Resource<'a>>,
        "messages" => messages: Raw<'a>,
        "tools" => tools: Raw<'a>,
        "parts" => parts: Raw<'a>,
        "message" => message: Spoken<'a>,
        "status" => status: Status<'a>,
        "artifacts" => artifacts: List<Spoken<'a>>,
    }
}

object! {
    /// What a resource holds.
    Resource {
        "text" => text: Text<'a>,
        "uri" => uri: Text<'a>,
    }
}

object! {
    /// Where a task stands.
    Status {
        "message" => message: Spoken<'a>,
    }
}

object! {
    /// A message or a work of an agent.
    Spoken {
        "parts" => parts: Raw<'a>,
    }
}

/// What some editors begin a text with, in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Adds what an exchange in JSON-RPC says; nothing where `record` holds none.
///
/// # Errors
/// When the record does not decode.
pub(super) fn collect(record: &[u8], body: &mut Body) -> Result<(), serde_json::Error> {
    let Exchanged { request, response, .. } =
        serde_json::from_slice(record.strip_prefix(BYTE_ORDER_MARK).unwrap_or(record))?;
    if request.version.get().is_none() {
        return Ok(());
    }
    let method = request.method.get().unwrap_or_default();
    let name = request.parameters.name.get();
    match method {
        "tools/call" => body.push_call(None, name, request.parameters.arguments.text()),
        "message/send" | "message/stream" => collect_raw(request.parameters.message, Channel::User, body)?,
        _ => {}
    }
    body.begin_response();
    let result = response.result;
    match method {
        "tools/call" => collect_tool(&result, name, body)?,
        "resources/read" => {
            for resource in result.contents.0 {
                body.push(Channel::Document, resource.text.into_cow(), resource.uri.get());
            }
        }
        "prompts/get" => collect_raw(result.messages, Channel::User, body)?,
        "tools/list" => result.tools.0.map_or(Ok(()), |tools| body.collect_tools(tools.get()))?,
        "message/send" | "message/stream" => {
            let spoken = [result.parts, result.message.parts, result.status.message.parts];
            let works = result.artifacts.0.iter().map(|work| work.parts);
            for parts in spoken.into_iter().chain(works).filter_map(|parts| parts.0) {
                body.collect_content(parts.get(), Channel::Assistant)?;
            }
        }
        _ => {}
    }
    if let Some(code) = response.failure.code.owned() {
        body.error = body.error.take().or(Some(code));
    }
    Ok(())
}

fn collect_raw(messages: Raw<'_>, channel: Channel, body: &mut Body) -> Result<(), serde_json::Error> {
    messages.0.map_or(Ok(()), |messages| body.collect_messages(messages.get(), channel))
}

/// Whether one of the texts in `content` is the same JSON as `structured`.
fn says_the_same(content: &str, structured: &str) -> bool {
    let parse = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
    let Some(structured) = parse(structured) else { return false };
    let Some(serde_json::Value::Array(parts)) = parse(content) else { return false };
    let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
    texts.filter_map(parse).any(|text| text == structured)
}

/// Adds what a tool returned. Its structured form mostly says the same once more.
fn collect_tool(result: &Outcome<'_>, name: Option<&str>, body: &mut Body) -> Result<(), serde_json::Error> {
    let structured = result.structured.text();
    let Some(content) = result.content.0 else {
        body.push(Channel::ToolResult, structured, name);
        return Ok(());
    };
    // A server should repeat the structured answer as text, and one that means harm does not.
    if !says_the_same(content.get(), &structured) {
        body.push(Channel::ToolResult, structured, name);
    }
    let name = name.map_or(serde_json::Value::Null, serde_json::Value::from);
    body.collect_messages(
        &format!(r#"{{"role":"tool","name":{name},"content":{}}}"#, content.get()),
        Channel::ToolResult,
    )
}
