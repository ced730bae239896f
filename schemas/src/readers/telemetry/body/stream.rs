//! A response that was recorded as it was streamed: server-sent events, one JSON document a line, an array of
//! chunks, or an AWS event stream.
//!
//! Pieces are joined per answer, and within it per text, refusal, reasoning, or tool call ([`Pieces`]). The events
//! of all providers are told apart by what they hold. A string that holds no event is an answer in plain text. An
//! event that breaks off is left out and flagged: of a text in the middle of its escapes no half can be trusted.

use crate::readers::Json;

use super::super::lenient::{List, Rare, Raw, Text};
use super::Body;
use super::azure::{collect_filters, collect_prompt_filters};
use super::document::collect_citations;
use super::event::{BlockStart, ChoiceDelta, Delta, Event, FunctionDelta, Start};
use super::event_stream::{self, Recorded};
use super::gemini::collect_ratings;
use super::media::from_base64;
use super::message::ChatMessage;
use super::part::{Content, Part};
use super::pieces::{CallPiece, Pieces, Slot, Sort};
use super::response::{collect_embedded, guardrail_verdict};
use super::usage::collect_counts;
use crate::interaction::{Channel, Skipped, Tokens};
use crate::readers::json::{mend, whole_elements};

/// Adds what the recorded stream `text` says.
pub(super) fn collect(text: &str, body: &mut Body) {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    let (truncated, told) = (body.truncated, told(body));
    let known = if is_event_stream(trimmed) {
        collect_lines(trimmed, body)
    } else if trimmed.starts_with('{') {
        collect_embedded(trimmed, body) || collect_events(trimmed.lines().map(str::trim), body)
    } else if trimmed.starts_with('[') {
        let (chunks, cut) = whole_elements(trimmed);
        let known = collect_events(chunks.into_iter().map(Json::get), body);
        body.truncated |= known && cut.is_some();
        known
    } else if let Some(events) = after_cut_line(trimmed) {
        body.truncated = true;
        collect_lines(events, body)
    } else {
        event_stream::decode(trimmed).map(|recorded| collect_recorded(recorded, body)).is_some()
    };
    // A model that was asked for JSON answers with an object of nobody's shape.
    if !known || trimmed.starts_with(['{', '[']) && self::told(body) == told {
        body.truncated = truncated;
        body.push(Channel::Assistant, text.into(), None);
    }
}

/// How much the body says already.
fn told(body: &Body) -> (usize, usize, usize, bool, Tokens, Skipped) {
    let Body { messages, filters, finish_reasons, error, tokens, skipped, .. } = body;
    (messages.len(), filters.len(), finish_reasons.len(), error.is_some(), *tokens, *skipped)
}

/// Adds what a list of pieces says: chunks, or the lines as a client took them off the connection.
pub(super) fn collect_chunks(chunks: Vec<Json<'_>>, body: &mut Body) {
    if !chunks.first().is_some_and(|first| first.get().starts_with('"')) {
        collect_events(chunks.into_iter().map(Json::get), body);
        return;
    }
    let lines: Vec<_> = chunks.into_iter().map(|chunk| Raw(Some(chunk)).text()).collect();
    // Anything else is an answer in pieces, which brings its own line feeds.
    let are_lines = lines.first().is_some_and(|line| line.starts_with('{') || is_event_stream(line));
    collect(&lines.join(if are_lines { "\n" } else { "" }), body);
}

/// What follows the first line where the head of server-sent events was cut off, as a buffer of fixed size does that
/// keeps the newest: the rest of a line, and below it fields alone.
fn after_cut_line(text: &str) -> Option<&str> {
    const FIELD_MAX: usize = 40;
    let (cut, events) = text.split_once('\n')?;
    let cut = cut.trim_end();
    let rest_of_line = cut.ends_with('}') || cut.len() <= FIELD_MAX && cut.split(' ').count() <= 2;
    let mut lines = lines_of(events).filter(|line| !line.is_empty());
    (rest_of_line && lines.all(is_event_stream)).then(|| events.trim_start())
}

/// Adds what a decoded AWS event stream says.
pub(super) fn collect_recorded(recorded: Recorded, body: &mut Body) {
    body.truncated |= recorded.cut;
    collect_events(recorded.events.iter().map(String::as_str), body);
    body.error = body.error.take().or(recorded.exception);
}

/// Whether the text begins like server-sent events (WHATWG HTML, section 9.2).
fn is_event_stream(text: &str) -> bool {
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| text.starts_with(field))
}

/// Adds what server-sent events say. Nearly all providers write a line of JSON each; the data of an event over
/// several lines is put together at its end.
fn collect_lines(text: &str, body: &mut Body) -> bool {
    let mut stream = Stream::default();
    let mut lines = String::new();
    for line in lines_of(text) {
        let data = line.strip_prefix("data:").map(|data| data.strip_prefix(' ').unwrap_or(data).trim_end());
        match data {
            // An object within one that spans several lines is indented.
            Some(data) if data.starts_with('{') && stream.read(data, body) => {}
            Some(data) => {
                lines.push_str(data);
                lines.push('\n');
            }
            None if line.is_empty() => stream.read_or_flag(&std::mem::take(&mut lines), body),
            None => {}
        }
    }
    stream.read_or_flag(&lines, body);
    stream.finish(body)
}

/// The lines of server-sent events, which end in a line feed, in a carriage return, or in both.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Adds what the events say, each a JSON document, and tells whether one of them was.
pub(super) fn collect_events<'e>(events: impl Iterator<Item = &'e str>, body: &mut Body) -> bool {
    let mut stream = Stream::default();
    events.for_each(|json| stream.read_or_flag(json, body));
    stream.finish(body)
}

/// A stream that is being read.
#[derive(Default)]
struct Stream {
    pieces: Pieces,
    /// The whole answer, where an event holds it, as JSON.
    whole: Option<String>,
    /// Whether anything was an event.
    any: bool,
}

impl Stream {
    /// Reads one event; tells whether it was one.
    fn read(&mut self, json: &str, body: &mut Body) -> bool {
        json.starts_with('{')
            && (self.try_read(json, body) || mend(json).is_some_and(|mended| self.try_read(&mended, body)))
    }

    fn try_read(&mut self, json: &str, body: &mut Body) -> bool {
        let Ok(event) = serde_json::from_str(json) else { return false };
        self.collect(json, event, body);
        self.any = true;
        true
    }

    /// Reads one event. What is lost with one that is broken is said.
    fn read_or_flag(&mut self, json: &str, body: &mut Body) {
        body.truncated |= json.starts_with('{') && !self.read(json, body);
    }

    /// An event that holds the whole answer makes its pieces superfluous, if there is an answer in it.
    fn finish(self, body: &mut Body) -> bool {
        let before = body.messages.len();
        let whole = self.whole.is_some_and(|whole| collect_embedded(&whole, body));
        if !whole || body.messages.len() == before {
            self.pieces.finish(body);
        }
        self.any
    }

    fn collect(&mut self, json: &str, mut event: Event<'_>, body: &mut Body) {
        if event.output.0 || event.kind.get() == Some("message") {
            // A response, not a piece of one.
            self.pieces.whole(0, body, |body| {
                collect_embedded(json, body);
            });
            return;
        }
        if let Some(wrapped) = event.wrapped.0
            && let Ok(inner) = serde_json::from_str::<Event<'_>>(wrapped.get())
            && inner.wrapped.0.is_none()
        {
            self.collect(wrapped.get(), inner, body);
        }
        if event.bytes.get().is_some() {
            return self.collect_bytes(event, body);
        }
        collect_about(&mut event, body);
        let index = event.index.0.unwrap_or(0);
        let kind = event.kind.get().unwrap_or_default();
        if kind.starts_with("response.") {
            return self.collect_item(event, body);
        }
        for choice in event.choices.0 {
            collect_choice(choice, &mut self.pieces, body);
        }
        let pieces = &mut self.pieces;
        pieces.whole(0, body, |body| event.documents.0.into_iter().for_each(|found| found.collect_document(body)));
        pieces.say(0, Slot::Reasoning, &event.thinking);
        if let Some(message) = event.message.0 {
            collect_message(*message, pieces, body);
        }
        pieces.content(0, Slot::Text, event.content, body);
        // A server that sends the whole text at last has sent its tokens before.
        let text = if event.token.is_empty() { event.text.or(event.generated) } else { Text::default() };
        // Cohere says with the tools that it plans to use what it has said in pieces.
        if !kind.starts_with("tool-calls") {
            pieces.say(0, Slot::Text, &text);
        }
        pieces.content(0, Slot::Text, event.token, body);
        pieces.whole(0, body, |body| event.tool_calls.0.into_iter().for_each(|call| call.collect(body)));
        match event.response.0.map(Json::get) {
            Some(json) if json.starts_with('{') => self.whole = Some(json.to_owned()),
            Some(_) => pieces.say(0, Slot::Text, &Text(Some(event.response.text()))),
            None => {}
        }
        collect_start(index, event.block, event.start, pieces, body);
        collect_delta(index, event.delta, pieces, body);
    }

    /// Bedrock's clients and agents hand on bytes: an event of the model's own, or plain text.
    fn collect_bytes(&mut self, event: Event<'_>, body: &mut Body) {
        let bytes = event.bytes.get().and_then(from_base64).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        match serde_json::from_str::<Event<'_>>(&text) {
            Ok(inner) if text.starts_with('{') && inner.bytes.get().is_none() => self.collect(&text, inner, body),
            _ => self.pieces.add(0, Slot::Text, Channel::Assistant, &text),
        }
        self.pieces.whole(0, body, |body| collect_citations(event.attribution.take().citations, body));
    }

    /// An event of OpenAI's `responses`. Pieces belong to an item, which comes once more when it is done; the
    /// last event has the whole answer, those before it the answer so far.
    fn collect_item(&mut self, event: Event<'_>, body: &mut Body) {
        let group = event.output_index.0.unwrap_or(0);
        let kind = event.kind.get().unwrap_or_default();
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.whole = event.response.0.map(|response| response.get().to_owned());
            }
            "response.output_item.done" | "response.output_item.added" => {
                let Some(item) = event.item.0 else { return };
                let Ok(item) = serde_json::from_str::<ChatMessage<'_>>(item.get()) else { return };
                if kind.ends_with("done") {
                    let sort = match item.kind.get() {
                        Some("message") => Sort::Message,
                        Some("reasoning") => Sort::Reasoning,
                        _ => Sort::Call,
                    };
                    self.pieces.complete(group, sort, body, |body| item.collect(Channel::Assistant, body));
                } else if let Some(name) = item.name.get() {
                    self.pieces.call(group, 0, &CallPiece { id: None, name: Some(name), arguments: "" });
                }
            }
            _ => {
                let Content::Text(text) = event.delta.content else { return };
                match kind {
                    "response.output_text.delta" => self.pieces.add(group, Slot::Text, Channel::Assistant, &text),
                    "response.refusal.delta" => self.pieces.add(group, Slot::Refusal, Channel::Assistant, &text),
                    _ if kind.starts_with("response.reasoning") => {
                        self.pieces.add(group, Slot::Reasoning, Channel::Assistant, &text);
                    }
                    _ if kind.contains("transcript") => {
                        self.pieces.add(group, Slot::Transcript, Channel::Assistant, &text);
                    }
                    // Arguments, code and input of calls.
                    _ if kind.contains("call") => {
                        self.pieces.call(group, 0, &CallPiece { id: None, name: None, arguments: &text });
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What an event says besides pieces of text.
fn collect_about(event: &mut Event<'_>, body: &mut Body) {
    body.answered_by(&event.model);
    if let Some(usage) = event.usage.0.take() {
        usage.collect(&mut body.tokens);
    }
    collect_counts(event.input_tokens, event.output_tokens, &mut body.tokens);
    if let Some(error) = event.error.0.take() {
        error.collect(body);
    } else if event.kind.get() == Some("error") {
        let code = event.code.owned().or_else(|| Some("error".to_owned()));
        body.error = body.error.take().or(code);
    }
    collect_prompt_filters(std::mem::take(&mut event.prompt_filters), body);
    if let Some(feedback) = event.feedback.0.take() {
        feedback.collect(body);
    }
    let verdicts = body.filters.len();
    if let Some(trace) = event.trace.0.take() {
        trace.collect(body);
    }
    if event.guardrail.get() == Some("INTERVENED") && body.filters.len() == verdicts {
        body.judge(guardrail_verdict());
    }
    // Where the whole answer follows, its reason does.
    if !event.response.0.is_some_and(|response| response.get().starts_with('{')) {
        body.finish(event.finish_reason.owned());
    }
}

fn collect_choice(choice: ChoiceDelta<'_>, pieces: &mut Pieces, body: &mut Body) {
    let group = choice.index.0.unwrap_or(0);
    let delta = choice.delta;
    pieces.whole(group, body, |body| {
        if let Some(grounding) = choice.grounding.0 {
            grounding.collect(body);
        }
        if let Some(context) = delta.context.0 {
            context.collect(body);
        }
        collect_citations(delta.citations, body);
    });
    let reasoning = if delta.reasoning.is_empty() { delta.reasoning_details } else { delta.reasoning };
    pieces.content(group, Slot::Reasoning, reasoning, body);
    pieces.content(group, Slot::Text, delta.content, body);
    pieces.content(group, Slot::Text, choice.content, body);
    pieces.say(group, Slot::Text, &choice.text);
    pieces.say(group, Slot::Refusal, &delta.refusal);
    if let Some(audio) = delta.audio.0 {
        pieces.say(group, Slot::Transcript, &audio.transcript);
    }
    for call in &delta.tool_calls.0 {
        collect_function(group, call.index.0.unwrap_or(0), call.id.get(), &call.function, pieces);
    }
    if let Some(call) = &delta.function_call.0 {
        collect_function(group, 0, None, call, pieces);
    }
    body.finish(choice.finish_reason.owned());
    collect_filters(choice.filters, true, body);
    collect_ratings(choice.ratings, true, body);
    collect_counts(choice.input_tokens, choice.output_tokens, &mut body.tokens);
}

/// What the start of an answer says, or a piece of a message.
fn collect_message(message: Start<'_>, pieces: &mut Pieces, body: &mut Body) {
    body.answered_by(&message.model);
    message.usage.take().collect(&mut body.tokens);
    pieces.say(0, Slot::Reasoning, &message.thinking);
    pieces.content(0, Slot::Text, message.content, body);
    pieces.whole(0, body, |body| message.tool_calls.0.into_iter().for_each(|call| call.collect(body)));
}

fn collect_function(group: u64, index: u64, id: Option<&str>, function: &FunctionDelta<'_>, pieces: &mut Pieces) {
    let name = function.name.get();
    let arguments = function.arguments.text();
    if name.is_some() || !arguments.is_empty() {
        pieces.call(group, index, &CallPiece { id, name, arguments: &arguments });
    }
}

/// The start of one of the blocks of Anthropic or Bedrock. Results of tools that the provider runs come whole, and so
/// do arguments where the server does not stream them.
fn collect_start(index: u64, block: List<Part<'_>>, start: Rare<BlockStart<'_>>, pieces: &mut Pieces, body: &mut Body) {
    for call in start.take().tool_use.0 {
        collect_call_start(index, &call, pieces, body);
    }
    for block in block.0 {
        match block.kind.get().unwrap_or_default() {
            "text" | "thinking" => pieces.content(0, Slot::Block(index), Content::Parts(vec![block]), body),
            kind if kind.ends_with("tool_use") => collect_call_start(index, &block, pieces, body),
            _ => pieces.whole(0, body, |body| block.collect(Channel::Assistant, None, body)),
        }
    }
}

fn collect_call_start(index: u64, call: &Part<'_>, pieces: &mut Pieces, body: &mut Body) {
    body.note_tool(call.id.get(), call.name.get());
    let arguments = call.input.text();
    let arguments = if arguments == "{}" { "" } else { &arguments };
    pieces.call(0, index, &CallPiece { id: call.id.get(), name: call.name.get(), arguments });
}

/// A piece outside of `choices`: of a block of Anthropic's or Bedrock's, or of Cohere's answer.
fn collect_delta(index: u64, delta: Delta<'_>, pieces: &mut Pieces, body: &mut Body) {
    let slot = Slot::Block(index);
    pieces.whole(0, body, |body| collect_citations(delta.citations, body));
    pieces.content(0, slot, delta.content, body);
    pieces.content(0, slot, delta.reasoning, body);
    if let Some(arguments) = delta.partial_json.get() {
        pieces.call(0, index, &CallPiece { id: None, name: None, arguments });
    }
    if let Some(call) = &delta.tool_use.0 {
        collect_function(0, index, None, call, pieces);
    }
    if let Some(message) = delta.message.0 {
        pieces.content(0, slot, message.content, body);
        pieces.say(0, Slot::Reasoning, &message.tool_plan);
        for call in &message.tool_calls.0 {
            collect_function(0, index, call.id.get(), &call.function, pieces);
        }
    }
    if let Some(usage) = delta.usage.0 {
        usage.collect(&mut body.tokens);
    }
    body.finish(delta.stop_reason.owned());
}
