//! The body of a request.

use super::super::lenient::{List, Present, Raw, Text, object};
use super::Body;
use super::azure::SecurityContext;
use super::message::ChatMessage;
use super::part::{Content, Part};
use super::tool::{ToolDefinition, collect_definitions};
use crate::interaction::Channel;

object! {
    /// Free data that applications attach; Anthropic's names the user.
    Metadata {
        "user_id" => user_id: Text<'a>,
    }
}

object! {
    /// A request of any provider.
    Request {
        "model" => model: Text<'a>,
        "system" | "instructions" | "preamble" | "system_instruction" | "systemInstruction" => system: Content<'a>,
        "messages" => messages: List<ChatMessage<'a>>,
        "chat_history" => history: List<ChatMessage<'a>>,
        "contents" => contents: List<ChatMessage<'a>>,
        "documents" => documents: List<Part<'a>>,
        "context" => context: Retrieval<'a>,
        "prompt" | "query" | "message" | "inputText" => prompt: Content<'a>,
        "input" => input: Raw<'a>,
        "suffix" => suffix: Text<'a>,
        "tool_results" => tool_results: List<Part<'a>>,
        "tools" => tools: List<ToolDefinition<'a>>,
        "functions" => functions: List<ToolDefinition<'a>>,
        "toolConfig" | "tool_config" => tool_config: List<ToolDefinition<'a>>,
        "user" => user: Text<'a>,
        "safety_identifier" => safety_identifier: Text<'a>,
        "user_security_context" => security: SecurityContext<'a>,
        "metadata" => metadata: Metadata<'a>,
        "file" => file: Present,
    }
}

object! {
    /// Retrieved documents.
    Retrieval {
        "citations" | "documents" => documents: List<Part<'a>>,
    }
}

impl<'a> Request<'a> {
    /// Adds the request's texts, in the order in which the model sees them.
    ///
    /// # Errors
    /// When `input` holds JSON that does not decode.
    pub fn collect(&mut self, body: &mut Body) -> Result<(), serde_json::Error> {
        std::mem::take(&mut self.system).collect(Channel::System, None, body);
        let documents = std::mem::take(&mut self.documents.0);
        documents
            .into_iter()
            .chain(std::mem::take(&mut self.context.documents.0))
            .for_each(|d| d.collect_document(body));
        let conversation = std::mem::take(&mut self.history.0).into_iter().chain(std::mem::take(&mut self.messages.0));
        let conversation = conversation.chain(std::mem::take(&mut self.contents.0));
        conversation.for_each(|message| message.collect(Channel::User, body));
        std::mem::take(&mut self.prompt).collect(Channel::User, None, body);
        body.push(Channel::User, std::mem::take(&mut self.suffix).into_cow(), None);
        collect_input(self.input, body)?;
        body.skipped.files += u32::from(self.file.0);
        let tools = [&mut self.tools, &mut self.functions, &mut self.tool_config].into_iter();
        collect_definitions(List(tools.flat_map(|tools| std::mem::take(&mut tools.0)).collect()), body);
        Ok(())
    }
}

/// Adds `input`: a string, strings, or the items of a `responses` conversation. Arrays of numbers are
/// token ids, which have no text.
fn collect_input(input: Raw<'_>, body: &mut Body) -> Result<(), serde_json::Error> {
    let Some(raw) = input.0 else { return Ok(()) };
    let json = raw.get();
    let inner = json.strip_prefix('[').map(str::trim_start);
    if inner.is_some_and(|inner| inner.starts_with('{')) {
        let items: List<ChatMessage<'_>> = serde_json::from_str(json)?;
        items.0.into_iter().for_each(|item| item.collect(Channel::User, body));
    } else {
        serde_json::from_str::<Content<'_>>(json)?.collect(Channel::User, None, body);
    }
    Ok(())
}
