//! The body of a request.

use super::super::lenient::{List, Present, Raw, Text, object};
use super::Body;
use super::azure::SecurityContext;
use super::document::Retrieval;
use super::message::{ChatMessage, ToolOutput};
use super::part::{Content, Part};
use super::tool::{ToolDefinition, collect_definitions, collect_settings};
use crate::interaction::Channel;

object! {
    /// Free data that applications attach; Anthropic's names the user.
    Metadata {
        "user_id" => user_id: Text<'a>,
    }
}

object! {
    /// The conversation that the provider keeps for the caller.
    Conversation {
        "id" => id: Text<'a>,
    }
    text => id
}

object! {
    /// A conversation that a run of an assistant begins (OpenAI's Assistants).
    Thread {
        "messages" => messages: List<ChatMessage<'a>>,
    }
}

object! {
    /// A request of any provider.
    Request {
        "model" | "modelId" | "model_id" => model: Text<'a>,
        "system" | "instructions" | "instruction" | "preamble" | "system_instruction" | "systemInstruction"
            | "system_prompt" => system: Content<'a>,
        "template" | "additional_instructions" => template: Content<'a>,
        "data_sources" | "dataSources" => data_sources: List<DataSource<'a>>,
        "messages" | "additional_messages" => messages: List<ChatMessage<'a>>,
        "chat_history" => history: List<ChatMessage<'a>>,
        "contents" => contents: List<ChatMessage<'a>>,
        "thread" => thread: Thread<'a>,
        "instances" => instances: List<Instance<'a>>,
        "documents" => documents: List<Part<'a>>,
        "context" => context: Retrieval<'a>,
        "prediction" => prediction: Content<'a>,
        "prompt" | "query" | "message" | "inputText" | "text_input" | "retrievalQuery" | "userPrompt"
            | "question" => prompt: Content<'a>,
        "content" => content: Content<'a>,
        "requests" => requests: List<Part<'a>>,
        "texts" => texts: Content<'a>,
        "textToImageParams" | "text_prompts" => image_prompt: Content<'a>,
        "promptVariables" => variables: Content<'a>,
        "input" => input: Raw<'a>,
        "inputs" => inputs: Raw<'a>,
        "suffix" => suffix: Text<'a>,
        "text" => text: Text<'a>,
        "tool_results" => tool_results: List<ToolOutput<'a>>,
        "tools" => tools: List<ToolDefinition<'a>>,
        "functions" => functions: List<ToolDefinition<'a>>,
        "toolConfig" | "tool_config" => tool_config: List<ToolDefinition<'a>>,
        "conversation" | "conversation_id" => conversation: Conversation<'a>,
        "agent_id" | "agentId" | "assistant_id" => agent: Text<'a>,
        "user" => user: Text<'a>,
        "safety_identifier" => safety_identifier: Text<'a>,
        "user_security_context" => security: SecurityContext<'a>,
        "metadata" => metadata: Metadata<'a>,
        "images" | "image" => images: List<Present>,
        "file" => file: Present,
    }
}

object! {
    /// An element of a request to Vertex AI's older interface, which embeddings still use.
    Instance {
        "content" | "prompt" => content: Content<'a>,
        "context" => context: Content<'a>,
        "messages" => messages: List<ChatMessage<'a>>,
        "title" => title: Text<'a>,
    }
    text => content
}

object! {
    /// A search index that Azure OpenAI consults, and what it tells the model about its role.
    DataSource {
        "parameters" => parameters: DataSourceParameters<'a>,
    }
}

object! {
    /// Of the settings of a search index, the one that the model reads.
    DataSourceParameters {
        "role_information" | "roleInformation" => role: Text<'a>,
    }
}

impl<'a> Request<'a> {
    /// Adds the request's texts, in the order in which the model sees them.
    ///
    /// # Errors
    /// When `input` holds JSON that does not decode.
    pub fn collect(&mut self, body: &mut Body) -> Result<(), serde_json::Error> {
        let (input, inputs) = (self.input, self.inputs);
        self.collect_members(body);
        collect_input(input, body, true)?;
        collect_input(inputs, body, true)?;
        self.collect_tools(body);
        Ok(())
    }

    fn collect_members(&mut self, body: &mut Body) {
        let take = std::mem::take::<Content<'a>>;
        take(&mut self.system).collect(Channel::System, None, body);
        take(&mut self.template).collect(Channel::System, None, body);
        for source in std::mem::take(&mut self.data_sources.0) {
            body.push(Channel::System, source.parameters.role.into_cow(), None);
        }
        std::mem::take(&mut self.documents.0).into_iter().for_each(|document| document.collect_document(body));
        std::mem::take(&mut self.context).collect(body);
        take(&mut self.prediction).collect(Channel::Document, Some("prediction"), body);
        let conversation = std::mem::take(&mut self.history.0).into_iter().chain(std::mem::take(&mut self.messages.0));
        let conversation = conversation.chain(std::mem::take(&mut self.contents.0));
        let conversation = conversation.chain(std::mem::take(&mut self.thread.messages.0));
        conversation.for_each(|message| message.collect(Channel::User, body));
        std::mem::take(&mut self.instances.0).into_iter().for_each(|instance| instance.collect(body));
        for member in
            [&mut self.prompt, &mut self.content, &mut self.texts, &mut self.image_prompt, &mut self.variables]
        {
            take(member).collect(Channel::User, None, body);
        }
        let requests = std::mem::take(&mut self.requests.0).into_iter();
        requests.for_each(|request| request.collect(Channel::User, None, body));
        for text in [&mut self.text, &mut self.suffix] {
            body.push(Channel::User, std::mem::take(text).into_cow(), None);
        }
        std::mem::take(&mut self.tool_results.0).into_iter().for_each(|result| result.collect(body));
        body.skipped.images += self.images.0.iter().map(|image| u32::from(image.0)).sum::<u32>();
        body.skipped.files += u32::from(self.file.0);
    }

    /// Behind all else, so that the positions of the conversation stay what they are.
    fn collect_tools(&mut self, body: &mut Body) {
        let tools = [&mut self.tools, &mut self.functions].into_iter();
        collect_definitions(List(tools.flat_map(|tools| std::mem::take(&mut tools.0)).collect()), body);
        collect_settings(std::mem::take(&mut self.tool_config), body);
    }
}

impl Instance<'_> {
    fn collect(self, body: &mut Body) {
        self.context.collect(Channel::System, None, body);
        self.messages.0.into_iter().for_each(|message| message.collect(Channel::User, body));
        body.push(Channel::User, self.title.into_cow(), None);
        self.content.collect(Channel::User, None, body);
    }
}

/// Adds `input`: a string, strings, the items of a conversation, or a whole request within the request, which
/// is looked into once. Arrays of numbers are token ids, which have no text.
fn collect_input(input: Raw<'_>, body: &mut Body, outer: bool) -> Result<(), serde_json::Error> {
    let Some(raw) = input.0 else { return Ok(()) };
    let json = raw.get();
    let inner = json.strip_prefix('[').map(str::trim_start);
    if inner.is_some_and(|inner| inner.starts_with('{')) {
        return body.collect_messages(json, Channel::User);
    }
    let before = body.messages.len();
    if outer && json.starts_with('{') {
        let mut request: Request<'_> = serde_json::from_str(json)?;
        request.collect_members(body);
        collect_input(request.input, body, false)?;
        request.collect_tools(body);
    }
    if body.messages.len() == before {
        body.collect_content(json, Channel::User)?;
    }
    Ok(())
}
