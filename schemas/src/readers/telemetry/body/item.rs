//! Items that stand between the messages of a conversation: calls of tools, their results, and what the
//! provider reports about tools that it runs itself.
//!
//! OpenAI's `responses` has the most of them, Mistral's conversations and Google's interactions some. They are
//! told by the ending of their type, so that a tool which comes next year is read like those of today: all that
//! ends in `_call` is a call, all that ends in `_output` a result.

use super::super::lenient::{List, Raw, Text, object};
use super::Body;
use super::leaves::leaves;
use super::message::ChatMessage;
use super::part::Part;
use super::tool::collect_definitions;
use crate::interaction::{Channel, FilterVerdict};

/// Adds `message` where it is an item; gives it back where it is a message.
pub(super) fn collect<'a>(message: ChatMessage<'a>, body: &mut Body) -> Option<ChatMessage<'a>> {
    let kind = match message.kind.get() {
        Some(kind) if message.role.get().is_none() => kind,
        _ => return Some(message),
    };
    match kind {
        "image_generation_call" => {
            body.skipped.images += 1;
            body.push(Channel::ToolCall, message.other("revised_prompt").text(), Some("image_generation"));
        }
        "image" | "input_image" | "image_url" => body.skipped.images += 1,
        "audio" | "input_audio" => body.skipped.audio += 1,
        "file" | "input_file" | "video" => body.skipped.files += 1,
        "item_reference" | "compaction" => {}
        "mcp_list_tools" => message.collect_tools(body),
        "mcp_approval_request" | "function.call" | "tool.execution" => message.collect_call(body),
        "tool_result" | "function_result" | "function.result" => message.collect_output(body),
        _ if kind.ends_with("_call") => message.collect_call(body),
        _ if kind.ends_with("_output") => message.collect_output(body),
        _ => return Some(message),
    }
    None
}

object! {
    /// What Mistral tells of code that ran.
    Ran {
        "code" => code: Text<'a>,
        "code_output" => output: Text<'a>,
    }
}

object! {
    /// A warning of the provider's about what a computer that the model uses has shown.
    SafetyCheck {
        "code" => code: Text<'a>,
    }
}

impl<'a> ChatMessage<'a> {
    /// The member `key` among those that messages do not have.
    pub fn other(&self, key: &str) -> Raw<'a> {
        self.rest.iter().rev().find(|(name, _)| name.as_str() == key).map_or(Raw(None), |(_, value)| *value)
    }

    /// The name of the tool: its own, else that of the call that it answers, else that of the kind of item.
    fn tool(&self, body: &Body) -> Option<String> {
        let answered = || body.tool_name(self.tool_call_id.get());
        let kind = || {
            let kind = self.kind.get()?;
            let kind = kind.strip_suffix("_output").unwrap_or(kind);
            kind.strip_suffix("_call").filter(|tool| !["function", "custom_tool"].contains(tool)).map(str::to_owned)
        };
        self.name.owned().or_else(answered).or_else(kind)
    }

    fn collect_call(self, body: &mut Body) {
        let name = self.tool(body);
        let name = name.as_deref();
        let asked = ["action", "code", "operation", "queries"].map(|key| self.other(key));
        let arguments = asked.into_iter().fold(self.arguments, Raw::or);
        let id = self.tool_call_id.get().or(self.id.get());
        body.push_call(id, name, arguments.text());
        self.collect_checks("pending_safety_checks", body);
        for key in ["results", "outputs", "error"] {
            collect_results(self.other(key), name, body);
        }
        let ran = self.other("info").0.and_then(|raw| serde_json::from_str::<Ran<'_>>(raw.get()).ok());
        let ran = ran.unwrap_or_default();
        body.push(Channel::ToolCall, ran.code.into_cow(), name);
        body.push(Channel::ToolResult, ran.output.into_cow(), name);
        self.output.collect(Channel::ToolResult, name, body);
    }

    fn collect_output(self, body: &mut Body) {
        let name = self.tool(body);
        let name = name.as_deref();
        self.collect_checks("acknowledged_safety_checks", body);
        let before = body.messages.len();
        collect_results(self.other("result"), name, body);
        self.output.collect(Channel::ToolResult, name, body);
        self.content.collect(Channel::ToolResult, name, body);
        self.text.collect(Channel::ToolResult, name, body);
        if body.messages.len() == before {
            body.push(Channel::ToolResult, leaves(&self.rest).into(), name);
        }
    }

    /// The tools that a remote server offers.
    fn collect_tools(self, body: &mut Body) {
        if let Some(tools) = self.other("tools").0.and_then(|raw| serde_json::from_str(raw.get()).ok()) {
            collect_definitions(tools, body);
        }
        collect_results(self.other("error"), self.name.get(), body);
    }

    fn collect_checks(&self, key: &str, body: &mut Body) {
        let checks = self.other(key).0.and_then(|raw| serde_json::from_str::<List<SafetyCheck<'_>>>(raw.get()).ok());
        for check in checks.unwrap_or_default().0 {
            if let Some(category) = check.code.owned() {
                body.judge(FilterVerdict { category, detected: true, filtered: false, severity: None, response: true });
            }
        }
    }
}

/// Adds what a tool gave: found documents where it is a list of objects, else whatever it says.
fn collect_results(results: Raw<'_>, name: Option<&str>, body: &mut Body) {
    let Some(raw) = results.0 else { return };
    let objects = raw.get().strip_prefix('[').is_some_and(|inner| inner.trim_start().starts_with('{'));
    match objects.then(|| serde_json::from_str::<List<Part<'_>>>(raw.get())) {
        Some(Ok(parts)) => parts.0.into_iter().for_each(|part| part.collect_found(name, body)),
        _ => body.push(Channel::ToolResult, results.text(), name),
    }
}

impl Part<'_> {
    /// Adds one of the results of a search or of a run of code.
    fn collect_found(self, tool: Option<&str>, body: &mut Body) {
        match self.kind.get() {
            Some("image") => body.skipped.images += 1,
            Some(_) => body.push(Channel::ToolResult, leaves(&self.rest).into(), tool),
            None => self.collect_document(body),
        }
    }
}
