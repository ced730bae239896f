//! One message of a conversation.

use super::super::lenient::{List, Present, Rare, Raw, Text, object};
use super::document::{Citation, Retrieval, collect_citations};
use super::leaves::leaves;
use super::media::Clip;
use super::part::{Content, Part};
use super::{Body, channel_of, item};
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
    /// A message, or an item of a list that mixes messages with calls and results ([`item`]).
    ChatMessage {
        "role" | "author" => role: Text<'a>,
        "content" | "message" => content: Content<'a>,
        "text" | "value" => text: Content<'a>,
        "type" => kind: Text<'a>,
        "name" | "tool_name" => name: Text<'a>,
        "id" => id: Text<'a>,
        "tool_call_id" | "call_id" => tool_call_id: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
        "function_call" => function_call: List<ToolCall<'a>>,
        "refusal" => refusal: Text<'a>,
        "reasoning_content" | "reasoning" | "thinking" | "tool_plan" => reasoning: Content<'a>,
        "reasoning_details" => reasoning_details: List<Part<'a>>,
        "context" | "graph_data" => context: Rare<Retrieval<'a>>,
        "parts" => parts: Content<'a>,
        "images" => images: List<Present>,
        "audio" => audio: List<Clip<'a>>,
        "annotations" | "citations" => citations: List<Citation<'a>>,
        "arguments" | "input" => arguments: Raw<'a>,
        "output" => output: Content<'a>,
        "summary" => summary: Content<'a>,
        "tool_results" => tool_results: List<ToolOutput<'a>>,
        "executed_tools" => executed: List<Part<'a>>,
        "stop_reason" => stop_reason: Text<'a>,
    }
    text => content
    rest => rest
}

object! {
    /// A tool's outputs with the call that they answer (Cohere).
    ToolOutput {
        "call" => call: Function<'a>,
        "outputs" => outputs: Raw<'a>,
    }
}

impl ToolOutput<'_> {
    /// Adds the outputs.
    pub fn collect(self, body: &mut Body) {
        body.push(Channel::ToolResult, self.outputs.text(), self.call.name.get());
    }
}

impl ChatMessage<'_> {
    /// Adds the message's texts; `default` is the channel of a message without a role.
    pub fn collect(self, default: Channel, body: &mut Body) {
        let Some(message) = item::collect(self, body) else { return };
        let before = body.messages.len();
        let skipped = body.skipped;
        let channel = match message.kind.get() {
            Some("reasoning" | "thought") => Channel::Assistant,
            _ => channel_of(message.role.get(), default),
        };
        let tool = channel == Channel::ToolResult;
        let name = || message.name.owned().or_else(|| body.tool_name(message.tool_call_id.get()));
        let name = if tool { name() } else { None };
        let name = name.as_deref();
        if let Some(context) = message.context.0 {
            context.collect(body);
        }
        if message.reasoning.is_empty() {
            message.reasoning_details.0.into_iter().for_each(|detail| detail.collect(Channel::Assistant, name, body));
        }
        message.reasoning.collect(channel, name, body);
        message.summary.collect(channel, name, body);
        message.content.collect(channel, name, body);
        message.text.collect(channel, name, body);
        message.parts.collect(channel, name, body);
        body.push(channel, message.refusal.into_cow(), name);
        for clip in message.audio.0 {
            body.skipped.audio += 1;
            body.push(channel, clip.transcript.into_cow(), name);
        }
        message.tool_calls.0.into_iter().for_each(|call| call.collect(body));
        message.function_call.0.into_iter().for_each(|call| call.collect(body));
        message.executed.0.into_iter().for_each(|call| call.collect_executed(body));
        message.tool_results.0.into_iter().for_each(|result| result.collect(body));
        collect_citations(message.citations, body);
        body.skipped.images += message.images.0.iter().map(|image| u32::from(image.0)).sum::<u32>();
        if body.messages.len() == before && body.skipped == skipped && message.kind.get().is_some() {
            body.push(channel, leaves(&message.rest).into(), name);
        }
    }
}
