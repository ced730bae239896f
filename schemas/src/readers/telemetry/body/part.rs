//! The content of a message: a string, or parts of text, media, tool calls, tool results, documents.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::lenient::{List, Present, Raw, Text, object, pass_over};
use super::Body;
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
    /// Where a document or an image comes from.
    Source {
        "type" => kind: Text<'a>,
        "data" => data: Text<'a>,
        "content" => content: Content<'a>,
    }
}

object! {
    /// One part of a message's content, or one document of a list.
    Part {
        "type" => kind: Text<'a>,
        "text" | "snippet" => text: Text<'a>,
        "content" | "output" | "contents" => content: Content<'a>,
        "response" | "result" => response: Raw<'a>,
        "modality" => modality: Text<'a>,
        "data" => data: Raw<'a>,
        "refusal" | "thinking" | "reasoning" => thought: Text<'a>,
        "summary" => summary: Content<'a>,
        "name" => name: Text<'a>,
        "title" | "filename" | "file_name" => title: Text<'a>,
        "id" | "call_id" | "toolUseId" => id: Text<'a>,
        "tool_use_id" | "tool_call_id" => tool_use_id: Text<'a>,
        "input" | "arguments" | "args" => input: Raw<'a>,
        "source" => source: Source<'a>,
        "image_url" | "image" => image: Present,
        "input_audio" | "audio" => audio: Present,
        "file" | "file_data" | "file_id" | "inline_data" | "inlineData" | "fileData" => file: Present,
        "functionCall" | "toolUse" | "function_call" => call: List<Part<'a>>,
        "functionResponse" | "toolResult" | "function_response" => result: List<Part<'a>>,
        "document" => document: List<Part<'a>>,
    }
    text => text
}

impl<'a> Part<'a> {
    /// Adds every text in the part, in `channel` unless its type says better.
    pub fn collect(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        let kind = self.kind.get().unwrap_or_default();
        match kind {
            "text" | "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
                body.push(channel, self.text.into_cow(), name);
                self.content.collect(channel, name, body);
            }
            "" => self.collect_untyped(channel, name, body),
            "refusal" | "thinking" | "reasoning" | "redacted_thinking" => {
                body.push(Channel::Assistant, self.thought.or(self.text).into_cow(), name);
                self.content.collect(Channel::Assistant, name, body);
                self.summary.collect(Channel::Assistant, name, body);
            }
            "tool_use" | "server_tool_use" | "mcp_tool_use" | "function_call" | "tool_call" | "tool-call"
            | "mcp_call" | "custom_tool_call" => self.collect_call(body),
            "tool_result"
            | "function_call_output"
            | "tool_call_response"
            | "tool-result"
            | "mcp_tool_result"
            | "custom_tool_call_output" => self.collect_result(body),
            _ if kind.ends_with("_tool_result") => self.collect_result(body),
            "document" | "search_result" | "web_search_result" => self.collect_document(body),
            "image" | "image_url" | "input_image" | "output_image" | "image_file" => body.skipped.images += 1,
            "audio" | "input_audio" | "output_audio" | "audio_url" => body.skipped.audio += 1,
            "blob" | "uri" => match self.modality.get() {
                Some("image") => body.skipped.images += 1,
                Some("audio") => body.skipped.audio += 1,
                _ => body.skipped.files += 1,
            },
            "file" | "input_file" | "video" | "video_url" | "container_upload" => body.skipped.files += 1,
            _ => self.collect_untyped(channel, name, body),
        }
    }

    fn collect_untyped(self, channel: Channel, name: Option<&str>, body: &mut Body) {
        let before = body.messages.len();
        body.push(channel, self.text.into_cow(), name);
        body.push(channel, self.thought.into_cow(), name);
        self.content.collect(channel, name, body);
        self.call.0.into_iter().for_each(|call| call.collect_call(body));
        self.result.0.into_iter().for_each(|result| result.collect_result(body));
        self.document.0.into_iter().for_each(|document| document.collect_document(body));
        body.skipped.images += u32::from(self.image.0);
        body.skipped.audio += u32::from(self.audio.0);
        let other = !self.image.0 && !self.audio.0 && body.messages.len() == before && self.kind.get().is_some();
        body.skipped.files += u32::from(self.file.0 || other);
    }

    fn collect_call(self, body: &mut Body) {
        let arguments = self.input.text();
        body.push_call(self.id.get(), self.name.get(), arguments);
        // Calls that the provider runs itself bring their result along.
        let name = self.name.get();
        self.content.collect(Channel::ToolResult, name, body);
    }

    fn collect_result(self, body: &mut Body) {
        let id = self.tool_use_id.or(self.id);
        let name = self.name.owned().or_else(|| body.tool_name(id.get()));
        body.push(Channel::ToolResult, self.text.into_cow(), name.as_deref());
        self.content.collect(Channel::ToolResult, name.as_deref(), body);
        collect_answer(self.response, name.as_deref(), body);
    }

    /// Adds a document: its text, wherever the provider puts it.
    pub fn collect_document(self, body: &mut Body) {
        let before = body.messages.len();
        let name = self.title.or(self.name).or(self.id);
        let name = name.get();
        body.push(Channel::Document, self.text.into_cow(), name);
        self.content.collect(Channel::Document, name, body);
        if self.source.kind.get().is_none_or(|kind| kind == "text") {
            body.push(Channel::Document, self.source.data.into_cow(), name);
        }
        self.source.content.collect(Channel::Document, name, body);
        body.push(Channel::Document, self.data.text(), name);
        body.skipped.files += u32::from(body.messages.len() == before);
    }
}

/// Adds what a tool answered: parts where it is made of them, else whatever JSON it is.
fn collect_answer(answer: Raw<'_>, name: Option<&str>, body: &mut Body) {
    let before = body.messages.len();
    if let Some(json) = answer.0.map(|raw| raw.get()).filter(|json| json.starts_with('['))
        && let Ok(parts) = serde_json::from_str::<Content<'_>>(json)
    {
        parts.collect(Channel::ToolResult, name, body);
    }
    if body.messages.len() == before {
        body.push(Channel::ToolResult, answer.text(), name);
    }
}
