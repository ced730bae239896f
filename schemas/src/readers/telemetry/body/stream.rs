//! A response that was recorded as it was streamed: server-sent events, or one JSON document a line.
//!
//! Pieces are joined per answer, and within it per text, refusal, reasoning, or tool call. The events of
//! OpenAI (chat and `responses`), Azure OpenAI, Anthropic, Cohere and Ollama are told apart by what they
//! hold. A string that holds no event is an answer in plain text.

use std::collections::BTreeMap;

use super::super::lenient::{Count, List, Raw, Text, object};
use super::Body;
use super::azure::{Filters, PromptFilters, collect_filters, collect_prompt_filters};
use super::message::ChatMessage;
use super::part::{Content, Part};
use super::response::{Failure, Usage, collect_embedded};
use crate::interaction::Channel;
use crate::readers::json::mend_surrogates;

object! {
    /// A piece of a function's name or arguments.
    FunctionDelta {
        "name" => name: Text<'a>,
        "arguments" => arguments: Text<'a>,
    }
}

object! {
    /// A piece of one of several tool calls.
    CallDelta {
        "index" => index: Count,
        "function" => function: FunctionDelta<'a>,
    }
}

object! {
    /// Retrieved documents that an answer brings along.
    Retrieval {
        "citations" => citations: List<Part<'a>>,
    }
}

object! {
    /// A piece of an answer; a bare string is a piece of text.
    Delta {
        "content" | "text" => content: Content<'a>,
        "message" => message: DeltaMessage<'a>,
        "reasoning_content" | "reasoning" | "thinking" => reasoning: Text<'a>,
        "refusal" => refusal: Text<'a>,
        "partial_json" => partial_json: Text<'a>,
        "tool_calls" => tool_calls: List<CallDelta<'a>>,
        "function_call" => function_call: FunctionDelta<'a>,
        "stop_reason" | "finish_reason" => stop_reason: Text<'a>,
        "usage" => usage: Usage<'a>,
        "context" => context: Retrieval<'a>,
    }
    text => content
}

object! {
    /// Cohere wraps its pieces once more.
    DeltaMessage {
        "content" => content: Content<'a>,
        "tool_plan" => tool_plan: Text<'a>,
        "tool_calls" => tool_calls: List<CallDelta<'a>>,
    }
}

object! {
    /// A piece of one of the answers.
    ChoiceDelta {
        "index" => index: Count,
        "delta" | "message" => delta: Delta<'a>,
        "text" | "generated_text" => text: Text<'a>,
        "finish_reason" => finish_reason: Text<'a>,
        "content_filter_results" => filters: Filters<'a>,
    }
}

object! {
    /// The start of a block of Anthropic's.
    Block {
        "type" => kind: Text<'a>,
        "text" | "thinking" => text: Text<'a>,
        "name" => name: Text<'a>,
        "content" => content: Content<'a>,
    }
}

object! {
    /// What the start of an answer of Anthropic's says; elsewhere a message.
    Start {
        "model" => model: Text<'a>,
        "usage" => usage: Usage<'a>,
        "content" => content: Content<'a>,
    }
}

object! {
    /// One event of any provider.
    Event {
        "type" | "event_type" => kind: Text<'a>,
        "model" | "model_id" => model: Text<'a>,
        "index" => index: Count,
        "choices" | "results" => choices: List<ChoiceDelta<'a>>,
        "delta" => delta: Delta<'a>,
        "content_block" => block: Block<'a>,
        "message" => message: Start<'a>,
        "response" => response: Raw<'a>,
        "text" => text: Text<'a>,
        "completion" => completion: Text<'a>,
        "usage" => usage: Usage<'a>,
        "error" => error: Failure<'a>,
        "prompt_filter_results" => prompt_filters: List<PromptFilters<'a>>,
        "finish_reason" | "done_reason" | "stop_reason" => finish_reason: Text<'a>,
        "candidates" => candidates: Raw<'a>,
        "item" => item: Raw<'a>,
    }
}

/// What a piece belongs to, in the order in which an answer is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Reasoning,
    Text,
    Refusal,
    Call(u64),
    Block(u64),
}

/// A text in the making.
struct Piece {
    channel: Channel,
    name: Option<String>,
    text: String,
}

/// Everything that is in the making.
#[derive(Default)]
struct Pieces {
    /// By answer and slot.
    texts: BTreeMap<(u64, Slot), Piece>,
    /// Finished items of `responses`, as JSON.
    items: Vec<String>,
}

impl Pieces {
    fn at(&mut self, choice: u64, slot: Slot, channel: Channel) -> &mut Piece {
        self.texts.entry((choice, slot)).or_insert_with(|| Piece { channel, name: None, text: String::new() })
    }

    fn add(&mut self, choice: u64, slot: Slot, channel: Channel, text: Text<'_>) {
        if let Some(text) = text.get() {
            self.at(choice, slot, channel).text.push_str(text);
        }
    }

    fn add_function(&mut self, choice: u64, index: u64, function: &FunctionDelta<'_>) {
        let name = function.name.get();
        let arguments = function.arguments.get();
        if name.is_none() && arguments.is_none() {
            return;
        }
        let piece = self.at(choice, Slot::Call(index), Channel::ToolCall);
        if let Some(name) = name {
            piece.name.get_or_insert_default().push_str(name);
        }
        piece.text.push_str(arguments.unwrap_or_default());
    }

    /// Adds content that comes in pieces. What is no text, such as an image, is counted at once.
    fn add_content(&mut self, choice: u64, slot: Slot, content: Content<'_>, body: &mut Body) {
        match content {
            Content::Empty => {}
            Content::Text(text) => self.at(choice, slot, Channel::Assistant).text.push_str(&text),
            Content::Parts(parts) => {
                for part in parts {
                    match part.kind.get() {
                        None | Some("text" | "output_text") => self.add(choice, slot, Channel::Assistant, part.text),
                        Some(_) => part.collect(Channel::Assistant, None, body),
                    }
                }
            }
        }
    }

    fn finish(self, body: &mut Body) {
        for piece in self.texts.into_values() {
            match piece.channel {
                Channel::ToolCall => body.push_call(None, piece.name.as_deref(), piece.text.into()),
                channel => body.push(channel, piece.text.into(), piece.name.as_deref()),
            }
        }
        for item in self.items {
            // It decoded as part of its event; a message's text came in pieces already.
            if let Ok(item) = serde_json::from_str::<ChatMessage<'_>>(&item)
                && item.kind.get() != Some("message")
            {
                item.collect(Channel::Assistant, body);
            }
        }
    }
}

/// Adds what the recorded stream `text` says.
pub(super) fn collect(text: &str, body: &mut Body) {
    let trimmed = text.trim();
    let known = if is_event_stream(trimmed) {
        collect_events(data_of_events(trimmed), body)
    } else {
        trimmed.starts_with('{')
            && (collect_embedded(trimmed, body) || collect_events(trimmed.lines().map(str::trim), body))
    };
    if !known {
        body.push(Channel::Assistant, text.into(), None);
    }
}

/// Whether the text begins like server-sent events (WHATWG HTML, section 9.2).
fn is_event_stream(text: &str) -> bool {
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| text.starts_with(field))
}

/// The data of every event. Providers write one line of JSON each, so lines are not joined.
fn data_of_events(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim)
}

/// Adds what the events say, each a JSON document, and tells whether one of them was.
pub(super) fn collect_events<'e>(events: impl Iterator<Item = &'e str>, body: &mut Body) -> bool {
    let mut pieces = Pieces::default();
    let mut whole = None;
    let mut any = false;
    for json in events.filter(|json| json.starts_with('{')) {
        any |= match serde_json::from_str(json) {
            Ok(event) => {
                collect_event(event, &mut pieces, &mut whole, body);
                true
            }
            Err(_) => mend_surrogates(json).is_some_and(|mended| match serde_json::from_str(&mended) {
                Ok(event) => {
                    collect_event(event, &mut pieces, &mut whole, body);
                    true
                }
                Err(_) => false,
            }),
        };
    }
    // An event that holds the whole answer makes its pieces superfluous.
    if !whole.is_some_and(|whole| collect_embedded(&whole, body)) {
        pieces.finish(body);
    }
    any
}

fn collect_event(event: Event<'_>, pieces: &mut Pieces, whole: &mut Option<String>, body: &mut Body) {
    let kind = event.kind.get().unwrap_or_default();
    if let Some(response) = event.response.0 {
        collect_response(kind, response.get(), pieces, whole);
    }
    if kind == "response.output_item.done" {
        pieces.items.extend(event.item.0.map(|item| item.get().to_owned()));
    }
    body.model = event.model.owned().or_else(|| event.message.model.owned()).or(body.model.take());
    event.message.usage.collect(&mut body.tokens);
    event.usage.collect(&mut body.tokens);
    event.error.collect(body);
    collect_prompt_filters(event.prompt_filters, body);
    for choice in event.choices.0 {
        collect_choice(choice, pieces, body);
    }
    pieces.add_content(0, Slot::Text, event.message.content, body);
    if kind == "text-generation" {
        pieces.add(0, Slot::Text, Channel::Assistant, event.text);
    }
    pieces.add(0, Slot::Text, Channel::Assistant, event.completion);
    if let Some(candidates) = event.candidates.0 {
        collect_embedded(&format!("{{\"candidates\":{}}}", candidates.get()), body);
    }
    body.finish(event.finish_reason.owned());
    collect_block(event.index.0, event.block, pieces, body);
    collect_delta(kind, event.index.0, event.delta, pieces, body);
}

/// `response` is the whole answer in an event that ends one of OpenAI's `responses`, the answer so far in
/// its other events, and a piece of text with Ollama.
fn collect_response(kind: &str, json: &str, pieces: &mut Pieces, whole: &mut Option<String>) {
    match kind {
        "response.completed" | "response.incomplete" | "response.failed" => *whole = Some(json.to_owned()),
        "" => {
            if let Ok(text) = serde_json::from_str::<Text<'_>>(json) {
                pieces.add(0, Slot::Text, Channel::Assistant, text);
            }
        }
        _ => {}
    }
}

fn collect_choice(choice: ChoiceDelta<'_>, pieces: &mut Pieces, body: &mut Body) {
    let index = choice.index.0.unwrap_or(0);
    let delta = choice.delta;
    delta.context.citations.0.into_iter().for_each(|citation| citation.collect_document(body));
    pieces.add(index, Slot::Reasoning, Channel::Assistant, delta.reasoning);
    pieces.add_content(index, Slot::Text, delta.content, body);
    pieces.add(index, Slot::Text, Channel::Assistant, choice.text);
    pieces.add(index, Slot::Refusal, Channel::Assistant, delta.refusal);
    for call in &delta.tool_calls.0 {
        pieces.add_function(index, call.index.0.unwrap_or(0), &call.function);
    }
    pieces.add_function(index, 0, &delta.function_call);
    body.finish(choice.finish_reason.owned());
    collect_filters(choice.filters, true, body);
}

/// The start of one of Anthropic's blocks; results of tools that the provider runs come whole.
fn collect_block(index: Option<u64>, block: Block<'_>, pieces: &mut Pieces, body: &mut Body) {
    let Some(kind) = block.kind.get() else { return };
    let slot = Slot::Block(index.unwrap_or(0));
    if kind.ends_with("tool_use") {
        pieces.at(0, slot, Channel::ToolCall).name = block.name.owned();
    } else if kind.ends_with("tool_result") {
        block.content.collect(Channel::ToolResult, block.name.get(), body);
    } else {
        pieces.add(0, slot, Channel::Assistant, block.text);
    }
}

/// A piece outside of `choices`: of Anthropic's blocks, of OpenAI's `responses`, or of Cohere's answer.
fn collect_delta(kind: &str, index: Option<u64>, delta: Delta<'_>, pieces: &mut Pieces, body: &mut Body) {
    let index = index.unwrap_or(0);
    match kind {
        "response.output_text.delta" | "response.refusal.delta" => {
            pieces.add_content(0, Slot::Text, delta.content, body);
        }
        // The other pieces of `responses` come once more in the finished item.
        _ if kind.starts_with("response.") => {}
        _ => {
            let slot = Slot::Block(index);
            pieces.add_content(0, slot, delta.content, body);
            pieces.add(0, slot, Channel::Assistant, delta.reasoning);
            pieces.add(0, slot, Channel::ToolCall, delta.partial_json);
            pieces.add_content(0, slot, delta.message.content, body);
            pieces.add(0, Slot::Reasoning, Channel::Assistant, delta.message.tool_plan);
            for call in &delta.message.tool_calls.0 {
                pieces.add_function(0, index, &call.function);
            }
            delta.usage.collect(&mut body.tokens);
            body.finish(delta.stop_reason.owned());
        }
    }
}
