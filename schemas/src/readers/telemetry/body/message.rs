//! One message of a conversation, or one item of an OpenAI `responses` list.

use super::super::lenient::{List, Present, Raw, Text, object};
use super::part::{Content, Part};
use super::{Body, channel_of};
use crate::interaction::Channel;

object! {
    /// The function of a tool call.
    Function {
        "name" => name: Text<'a>,
        "arguments" | "parameters" | "input" => arguments: Raw<'a>,
    }
}

object! {
    /// A call of a tool: OpenAI's nests name and arguments, others have them flat.
    ToolCall {
        "id" => id: Text<'a>,
        "function" | "custom" => function: Function<'a>,
        "name" => name: Text<'a>,
        "arguments" | "parameters" | "input" | "args" => arguments: Raw<'a>,
    }
}

impl ToolCall<'_> {
    /// Adds the call.
    pub fn collect(self, body: &mut Body) {
        let name = self.function.name.or(self.name);
        body.push_call(self.id.get(), name.get(), self.function.arguments.or(self.arguments).text());
    }
}

object! {
    /// What retrieval brought along with an answer (Azure OpenAI on your data).
    Retrieval {
        "citations" | "documents" => documents: List<Part<'a>>,
    }
}

object! {
    /// A message.
    ChatMessage {
        "role" => role: Text<'a>,
        "content" | "message" => content: Content<'a>,
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "id" => id: Text<'a>,
        "tool_call_id" | "call_id" => tool_call_id: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
        "function_call" => function_call: List<ToolCall<'a>>,
        "refusal" => refusal: Text<'a>,
        "reasoning_content" | "reasoning" | "thinking" | "tool_plan" => reasoning: Text<'a>,
        "context" => context: Retrieval<'a>,
        "parts" => parts: Content<'a>,
        "images" => images: List<Present>,
        "audio" => audio: Present,
        "arguments" | "input" => arguments: Raw<'a>,
        "output" => output: Content<'a>,
        "summary" => summary: Content<'a>,
        "tool_results" => tool_results: List<ToolOutput<'a>>,
    }
    text => content
}

object! {
    /// A tool's outputs with the call that they answer (Cohere).
    ToolOutput {
        "call" => call: Function<'a>,
        "outputs" => outputs: Raw<'a>,
    }
}

impl ChatMessage<'_> {
    /// Adds the message's texts; `default` is the channel of a message without a role.
    pub fn collect(self, default: Channel, body: &mut Body) {
        match self.kind.get() {
            Some("function_call" | "mcp_call" | "custom_tool_call") => return self.collect_call(body),
            Some("function_call_output" | "custom_tool_call_output") => return self.collect_output(body),
            Some("tool_result") if self.role.get().is_none() => return self.collect_output(body),
            _ => {}
        }
        let channel = match self.kind.get() {
            Some("reasoning") => Channel::Assistant,
            _ => channel_of(self.role.get(), default),
        };
        let tool = channel == Channel::ToolResult;
        let name = if tool { self.name.owned().or_else(|| body.tool_name(self.tool_call_id.get())) } else { None };
        let name = name.as_deref();
        self.context.documents.0.into_iter().for_each(|document| document.collect_document(body));
        body.push(channel, self.reasoning.into_cow(), name);
        self.summary.collect(channel, name, body);
        self.content.collect(channel, name, body);
        self.parts.collect(channel, name, body);
        body.push(channel, self.refusal.into_cow(), name);
        self.tool_calls.0.into_iter().for_each(|call| call.collect(body));
        self.function_call.0.into_iter().for_each(|call| call.collect(body));
        for result in self.tool_results.0 {
            body.push(Channel::ToolResult, result.outputs.text(), result.call.name.get());
        }
        body.skipped.images += self.images.0.iter().map(|image| u32::from(image.0)).sum::<u32>();
        body.skipped.audio += u32::from(self.audio.0);
    }

    fn collect_call(self, body: &mut Body) {
        let id = self.tool_call_id.or(self.id);
        body.push_call(id.get(), self.name.get(), self.arguments.text());
        self.output.collect(Channel::ToolResult, self.name.get(), body);
    }

    fn collect_output(self, body: &mut Body) {
        let name = self.name.owned().or_else(|| body.tool_name(self.tool_call_id.get()));
        self.output.collect(Channel::ToolResult, name.as_deref(), body);
        self.content.collect(Channel::ToolResult, name.as_deref(), body);
    }
}
