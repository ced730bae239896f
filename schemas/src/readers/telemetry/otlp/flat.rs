//! Messages in flat attributes: `PREFIX.N.role`, `PREFIX.N.content`, as OpenInference and OpenLLMetry write them.
//!
//! Attributes are sorted by name, which puts 10 before 2: messages, parts and calls are ordered by their number.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::body::{Body, channel_of};
use super::super::lenient::{List, Text, object};
use super::{Attributes, Value};
use crate::interaction::Channel;

/// A name's number and what follows it.
pub(super) fn numbered(name: &str) -> Option<(u64, &str)> {
    let (number, rest) = name.split_once('.').unwrap_or((name, ""));
    Some((number.parse().ok()?, rest))
}

/// A call of a tool.
#[derive(Default)]
pub(super) struct FlatCall<'s> {
    pub id: Option<Cow<'s, str>>,
    pub name: Option<Cow<'s, str>>,
    pub arguments: Option<Cow<'s, str>>,
}

/// A part of a message's content.
pub(super) enum FlatPart<'s> {
    Text(Cow<'s, str>),
    Image,
    Audio,
}

/// A message in the making.
#[derive(Default)]
pub(super) struct FlatMessage<'s> {
    pub role: Option<Cow<'s, str>>,
    pub content: Option<Cow<'s, str>>,
    pub reasoning: Option<Cow<'s, str>>,
    pub name: Option<Cow<'s, str>>,
    pub tool_call_id: Option<Cow<'s, str>>,
    pub finish_reason: Option<Cow<'s, str>>,
    pub parts: BTreeMap<u64, FlatPart<'s>>,
    pub calls: BTreeMap<u64, FlatCall<'s>>,
    /// What was called before there were tool calls.
    pub function: FlatCall<'s>,
}

/// The messages below `prefix` in the order of their numbers. `set` puts the value of a member into a message.
pub(super) fn messages<'s, 'a>(
    attributes: &'s Attributes<'a>,
    prefix: &'s str,
    set: impl Fn(&mut FlatMessage<'s>, &'s str, &'s Value<'a>),
) -> Vec<FlatMessage<'s>> {
    let mut messages: BTreeMap<u64, FlatMessage<'s>> = BTreeMap::new();
    for (name, value) in attributes.below(prefix) {
        if let Some((number, member)) = numbered(name) {
            set(messages.entry(number).or_default(), member, value);
        }
    }
    messages.into_values().collect()
}

impl FlatMessage<'_> {
    /// Adds the message's texts; `default` is the channel of a message without a role.
    pub fn collect(self, default: Channel, body: &mut Body) {
        let channel = channel_of(self.role.as_deref(), default);
        let tool = channel == Channel::ToolResult;
        let called = || body.tool_name(self.tool_call_id.as_deref());
        let name = if tool { self.name.map(Cow::into_owned).or_else(called) } else { None };
        let name = name.as_deref();
        body.push(Channel::Assistant, self.reasoning.unwrap_or_default(), name);
        let before = body.messages.len();
        collect_content(self.content.unwrap_or_default(), channel, name, body);
        // Calls that stand among the parts may stand beside them once more.
        let called = body.messages.iter().skip(before).any(|message| message.channel == Channel::ToolCall);
        for part in self.parts.into_values() {
            match part {
                FlatPart::Text(text) => body.push(channel, text, name),
                FlatPart::Image => body.skipped.images += 1,
                FlatPart::Audio => body.skipped.audio += 1,
            }
        }
        let function = self.function.name.is_some().then_some(self.function);
        for call in self.calls.into_values().chain(function).filter(|_| !called) {
            body.push_call(call.id.as_deref(), call.name.as_deref(), call.arguments.unwrap_or_default());
        }
        body.finish_reasons.extend(self.finish_reason.map(Cow::into_owned));
    }
}

object! {
    /// A part of which only the type matters.
    TypedPart {
        "type" => kind: Text<'a>,
    }
}

/// The types of parts in whose place nothing else is lost when they are read as parts.
const PART_TYPES: [&str; 19] = [
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "web_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "document",
    "input_text",
    "output_text",
    "image_url",
    "input_image",
    "image",
    "input_audio",
    "audio",
    "file",
    "input_file",
];

/// Adds a content, which is a text or the JSON of its parts. Users write JSON too: what does not look like
/// parts throughout is a text.
fn collect_content(content: Cow<'_, str>, channel: Channel, name: Option<&str>, body: &mut Body) {
    let parts = content.starts_with("[{")
        && serde_json::from_str::<List<TypedPart<'_>>>(&content).is_ok_and(|parts| {
            parts.0.iter().all(|part| part.kind.get().is_some_and(|kind| PART_TYPES.contains(&kind)))
        });
    if !parts || body.collect_content(&content, channel).is_err() {
        body.push(channel, content, name);
    }
}
