//! The content of a message: a string, or parts of text, media, tool calls, tool results, documents.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::lenient::{List, Present, Rare, Raw, Switch, Text, object, pass_over};
use super::Body;
use super::document::{Citation, Source, collect_citations};
use super::leaves::leaves;
use super::media::{self, Blob, Clip};
use crate::interaction::Channel;

/// A string, an array of parts, or a single part.
#[derive(Default)]
pub(in crate::readers::telemetry) enum Content<'a> {
    #[default]
    Empty,
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

struct ContentVisitor;

impl<'a> Visitor<'a> for ContentVisitor {
    type Value = Content<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element()? {
            parts.push(part);
        }
        Ok(Content::Parts(parts))
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        let part = Part::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(Content::Parts(vec![part]))
    }

    pass_over!(number, bool, null);
}

impl<'a> Deserialize<'a> for Content<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Content<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl Content<'_> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Content::Empty => true,
            Content::Text(text) => text.is_empty(),
            Content::Parts(parts) => parts.is_empty(),
        }
    }

    /// Adds every text in it, in `channel` unless a part says better.
    pub fn collect(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        match self {
            Content::Empty => {}
            Content::Text(text) => body.push(channel, text, name),
            Content::Parts(parts) => parts.into_iter().for_each(|part| part.collect(channel, name, body)),
        }
    }
}

object! {
    /// One part of a message's content, or one document of a list.
    Part {
        "type" => kind: Text<'a>,
        "text" | "snippet" | "value" => text: Content<'a>,
        "content" | "output" | "contents" | "parts" => content: Content<'a>,
        "response" | "result" | "json" => response: Raw<'a>,
        "modality" => modality: Text<'a>,
        "data" => data: Raw<'a>,
        "format" | "mime_type" => format: Text<'a>,
        "refusal" => refusal: Text<'a>,
        "thinking" | "reasoning" | "reasoningText" | "reasoningContent" => reasoning: Content<'a>,
        "thought" => thought: Switch,
        "summary" => summary: Content<'a>,
        "name" => name: Text<'a>,
        "title" | "filename" | "file_name" | "document_name" => title: Text<'a>,
        "url" | "uri" | "filepath" => url: Text<'a>,
        "id" | "call_id" | "toolUseId" => id: Text<'a>,
        "tool_use_id" | "tool_call_id" => tool_use_id: Text<'a>,
        "input" | "arguments" | "args" => input: Raw<'a>,
        "source" => source: Rare<Source<'a>>,
        "image_url" | "image" => image: Present,
        "input_audio" | "audio" => audio: List<Clip<'a>>,
        "transcript" => transcript: Text<'a>,
        "file" | "file_data" | "file_id" | "inline_data" | "inlineData" | "fileData" | "video" => file: List<Blob<'a>>,
        "functionCall" | "toolUse" | "function_call" => call: List<Part<'a>>,
        "functionResponse" | "toolResult" | "function_response" => result: List<Part<'a>>,
        "document" | "searchResult" => document: List<Part<'a>>,
        "guardContent" | "citationsContent" => wrapped: Content<'a>,
        "qualifiers" => qualifiers: Rare<List<Text<'a>>>,
        "executableCode" | "executable_code" => code: List<Code<'a>>,
        "codeExecutionResult" | "code_execution_result" => ran: List<Part<'a>>,
        "citations" | "annotations" => citations: List<Citation<'a>>,
    }
    text => text
    rest => rest
}

object! {
    /// Code that the provider runs for the model.
    Code {
        "code" => code: Text<'a>,
    }
}

/// The name of the tool that runs code, which not every provider names.
const CODE_TOOL: &str = "code_execution";

/// What Bedrock's guardrails are told of the retrieved text by which an answer is judged.
const GROUNDING: &str = "grounding_source";

impl Part<'_> {
    /// Adds every text in the part, in `channel` unless its type says better.
    pub fn collect(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        let kind = self.kind.get().unwrap_or_default();
        match kind {
            "text" | "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
                self.text.collect(channel, name, body);
                self.content.collect(channel, name, body);
                collect_citations(self.citations, body);
            }
            "" => self.collect_untyped(channel, name, body),
            "refusal" | "thinking" | "reasoning" | "redacted_thinking" | "reasoning.text" | "reasoning.summary"
            | "thought" => self.collect_reasoning(name, body),
            "function_call" | "tool_call" | "tool-call" | "mcp_call" | "custom_tool_call" | "server_tool_call" => {
                self.collect_call(body);
            }
            "tool_call_response" | "tool-result" | "server_tool_call_response" => self.collect_result(body),
            "document" | "search_result" | "web_search_result" | "web_fetch_result" => self.collect_document(body),
            "image" | "image_url" | "input_image" | "output_image" | "image_file" => body.skipped.images += 1,
            "audio" | "input_audio" | "output_audio" | "audio_url" => {
                body.skipped.audio += 1;
                self.collect_transcripts(channel, name, body);
            }
            "blob" | "uri" => match self.modality.get() {
                Some("image") => body.skipped.images += 1,
                Some("audio") => body.skipped.audio += 1,
                _ => self.collect_blob(name, body),
            },
            "file" | "input_file" | "document_url" => self.collect_file(body),
            "tool_reference" => body.push(Channel::Document, self.title.into_cow(), self.url.get()),
            "video" | "video_url" | "container_upload" => body.skipped.files += 1,
            _ if kind.ends_with("tool_use") => self.collect_call(body),
            _ if kind.ends_with("tool_result") || kind.ends_with("_output") => self.collect_result(body),
            _ => self.collect_untyped(channel, name, body),
        }
    }

    /// A file in base64, which is a document where it is plain text.
    fn collect_blob(self, name: Option<&str>, body: &mut Body) {
        let encoded = match &self.content {
            Content::Text(text) => text.as_ref(),
            _ => "",
        };
        match media::decode(self.format.get().unwrap_or_default(), encoded) {
            Some(text) => body.push(Channel::Document, text.into(), name),
            None => body.skipped.files += 1,
        }
    }

    fn collect_reasoning(self, name: Option<&str>, body: &mut Body) {
        self.reasoning.collect(Channel::Assistant, name, body);
        self.text.collect(Channel::Assistant, name, body);
        body.push(Channel::Assistant, self.refusal.into_cow(), name);
        self.content.collect(Channel::Assistant, name, body);
        self.summary.collect(Channel::Assistant, name, body);
    }

    fn collect_transcripts(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        let clips = self.audio.0.into_iter().map(|clip| clip.transcript);
        clips.chain([self.transcript]).for_each(|said| body.push(channel, said.into_cow(), name));
    }

    /// A file is a document where its text can be read.
    fn collect_file(self, body: &mut Body) {
        let name = self.title.or(self.name);
        let before = body.messages.len();
        body.skipped.files += u32::from(self.file.0.is_empty());
        self.file.0.into_iter().for_each(|file| file.collect(name.get(), body));
        if body.messages.len() == before {
            body.push(Channel::Document, name.into_cow(), None);
        }
    }

    fn collect_untyped(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        let before = body.messages.len();
        let skipped = body.skipped;
        let channel = if self.thought.0 == Some(true) { Channel::Assistant } else { channel };
        let grounding = |qualifier: &Text<'_>| qualifier.get() == Some(GROUNDING);
        let channel = if self.qualifiers.take().0.iter().any(grounding) { Channel::Document } else { channel };
        self.text.collect(channel, name, body);
        self.reasoning.collect(Channel::Assistant, name, body);
        body.push(channel, self.refusal.into_cow(), name);
        self.content.collect(channel, name, body);
        self.wrapped.collect(channel, name, body);
        self.call.0.into_iter().for_each(|call| call.collect_call(body));
        for code in self.code.0 {
            body.push_call(None, Some(CODE_TOOL), code.code.into_cow());
        }
        self.result.0.into_iter().for_each(|result| result.collect_result(body));
        for ran in self.ran.0 {
            ran.content.collect(Channel::ToolResult, Some(CODE_TOOL), body);
        }
        self.document.0.into_iter().for_each(|document| document.collect_document(body));
        collect_citations(self.citations, body);
        body.skipped.images += u32::from(self.image.0);
        for clip in self.audio.0 {
            body.skipped.audio += 1;
            body.push(channel, clip.transcript.into_cow(), name);
        }
        let label = self.title.or(self.name);
        self.file.0.into_iter().for_each(|file| file.collect(label.get(), body));
        if body.messages.len() == before && body.skipped == skipped {
            collect_answer(self.response, channel, name, body);
            body.push(channel, leaves(&self.rest).into(), name);
            let silent = body.messages.len() == before && self.kind.get().is_some();
            body.skipped.files += u32::from(silent);
        }
    }

    /// Adds a call of a tool. Calls that the provider runs itself bring their result along.
    pub fn collect_call(self, body: &mut Body) {
        let mut arguments = self.input.text();
        if arguments.is_empty() {
            arguments = leaves(&self.rest).into();
        }
        body.push_call(self.id.get(), self.name.get(), arguments);
        self.content.collect(Channel::ToolResult, self.name.get(), body);
    }

    /// Adds a call that the server has already run; Groq names the tool by its type.
    pub fn collect_executed(mut self, body: &mut Body) {
        self.name = std::mem::take(&mut self.name).or(std::mem::take(&mut self.kind));
        self.collect_call(body);
    }

    fn collect_result(self, body: &mut Body) {
        let id = self.tool_use_id.or(self.id);
        let name = self.name.owned().or_else(|| body.tool_name(id.get()));
        let name = name.as_deref();
        let before = body.messages.len();
        self.text.collect(Channel::ToolResult, name, body);
        self.content.collect(Channel::ToolResult, name, body);
        collect_answer(self.response, Channel::ToolResult, name, body);
        if body.messages.len() == before {
            body.push(Channel::ToolResult, leaves(&self.rest).into(), name);
        }
    }
}

/// How deep answers of tools within answers of tools are opened. Each is decoded when it is reached, so that
/// nothing else bounds their depth, and without a bound a text of brackets would exhaust the stack.
const ANSWERS_DEPTH_MAX: u8 = 4;

/// Adds what a tool answered: parts where it is made of them, else whatever JSON it is.
fn collect_answer(answer: Raw<'_>, channel: Channel, name: Option<&str>, body: &mut Body) {
    let before = body.messages.len();
    if let Some(json) = answer.0.map(|raw| raw.get()).filter(|json| json.starts_with('['))
        && body.answers_open < ANSWERS_DEPTH_MAX
        && let Ok(parts) = serde_json::from_str::<Content<'_>>(json)
    {
        body.answers_open += 1;
        parts.collect(channel, name, body);
        body.answers_open -= 1;
    }
    if body.messages.len() == before {
        body.push(channel, answer.text(), name);
    }
}
