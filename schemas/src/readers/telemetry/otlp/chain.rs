//! What chains, tasks and agents get and give: values of which no convention says the shape.
//!
//! Frameworks write the arguments and the results of their own functions: a question beside the passages that were
//! retrieved for it, the state of a graph with its messages, the steps of an agent with what tools returned. Whose
//! a text is shows in its shape (a message with a role, a document with its page) or in the name of what holds
//! it. What a retrieval or a tool brought has that channel, whatever stands around it; the rest has the channel of
//! the side that it stands on. Where nothing tells texts apart, all of the value is one text.

use std::borrow::Cow;

use super::super::body::{Body, channel_of};
use crate::interaction::Channel;
use crate::readers::Limits;
use crate::readers::json::decode;
use crate::readers::value::{Members, Value};

/// Words in the names of members that hold what was retrieved, and what tools returned. Compared without
/// case and separators.
const RETRIEVED: [&str; 13] = [
    "chunk",
    "citation",
    "context",
    "document",
    "evidence",
    "knowledge",
    "passage",
    "reference",
    "retriev",
    "searchresult",
    "snippet",
    "sourcenode",
    "vectorstore",
];
const RETURNED: [&str; 8] = [
    "functionresponse",
    "functionresult",
    "intermediatestep",
    "observation",
    "toolmessage",
    "tooloutput",
    "toolresponse",
    "toolresult",
];
/// Names that say the same as a whole.
const RETRIEVED_ALONE: [&str; 5] = ["docs", "hits", "matches", "nodes", "sources"];

/// Names of what a person asks, on either side, and of what an application tells its model.
const ASKED: [&str; 6] = ["humaninput", "input", "prompt", "query", "question", "userinput"];
const TOLD: [&str; 5] = ["developerprompt", "instructions", "systeminstruction", "systemmessage", "systemprompt"];

/// Members that hold no text: ids, types, settings.
const SILENT: [&str; 10] =
    ["callbacks", "classname", "id", "lc", "metadata", "model", "runid", "score", "tags", "type"];

/// The channel that the name of a member, or of a task, gives to what it holds.
pub(super) fn brought_by(name: &str) -> Option<Channel> {
    let name = plain(name);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&RETURNED) {
        Some(Channel::ToolResult)
    } else if has(&RETRIEVED) || RETRIEVED_ALONE.contains(&name.as_str()) {
        Some(Channel::Document)
    } else {
        None
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Adds what `value` says; what nothing tells apart has the channel `default`. Tells whether something in it was
/// brought by a retrieval or a tool that no message with a role carries: only here does that show.
pub(super) fn collect(value: Cow<'_, str>, default: Channel, body: &mut Body) -> bool {
    let structured = matches!(value.trim_start().as_bytes().first(), Some(b'{' | b'['));
    let decoded = structured.then(|| decode::<Value<'_>>(value.as_bytes(), Limits::default().values_max));
    match decoded {
        None => body.push(default, value, None),
        // An exporter's length limit breaks JSON. What is in the rest of it cannot be told apart any more, and a
        // document is what is trusted least.
        Some(Err(_)) => {
            body.truncated = true;
            let names = value.split('"').skip(1).step_by(2);
            let channel = names.filter_map(brought_by).next().unwrap_or(default);
            body.push(channel, value, None);
        }
        Some(Ok(tree)) => {
            let mut walk = Walk { default, loose: Vec::new(), brought: false, told: false, body };
            walk.value(&tree, default, None);
            return walk.finish(value);
        }
    }
    false
}

/// A value that is being read.
struct Walk<'b> {
    default: Channel,
    /// Texts that nothing tells apart, since the last one that something did.
    loose: Vec<String>,
    brought: bool,
    /// Whether anything was told apart.
    told: bool,
    body: &'b mut Body,
}

impl Walk<'_> {
    fn finish(mut self, whole: Cow<'_, str>) -> bool {
        match self.told || self.loose.len() <= 1 {
            true => self.flush(),
            false => self.body.push(self.default, whole, None),
        }
        self.brought
    }

    /// Adds the loose texts, a line each.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.loose).join("\n");
        self.body.push(self.default, text.into(), None);
    }

    fn push(&mut self, channel: Channel, text: &str, name: Option<&str>) {
        if text.is_empty() {
            return;
        }
        let brought = matches!(channel, Channel::Document | Channel::ToolResult);
        if channel == self.default && !brought {
            return self.loose.push(text.to_owned());
        }
        self.flush();
        self.told = true;
        self.brought |= brought;
        self.body.push(channel, text.into(), name);
    }

    fn value(&mut self, value: &Value<'_>, channel: Channel, name: Option<&str>) {
        match value {
            Value::String(text) => self.push(channel, text, name),
            Value::Array(elements) => elements.iter().for_each(|element| self.value(element, channel, name)),
            Value::Object(members) => self.object(members, channel),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, members: &Members<'_, Value<'_>>, channel: Channel) {
        let inside = matches!(channel, Channel::Document | Channel::ToolResult);
        // LangChain's constructors: the class in `id`, its arguments in `kwargs`.
        if let (Some(Value::Array(path)), Some(Value::Object(arguments))) = (members.get("id"), members.get("kwargs")) {
            let class = path.last().and_then(text_of).unwrap_or_default();
            return match role_of(class).filter(|_| !inside) {
                Some(role) => self.message(role, arguments),
                None => self.object(arguments, channel),
            };
        }
        let content = ["content", "parts", "tool_calls"].iter().any(|key| members.get(key).is_some());
        let role = ["role", "type"].iter().find_map(|key| role_of(text_of(members.get(key)?)?));
        if let Some(role) = role.filter(|_| content && !inside) {
            return self.message(role, members);
        }
        if let Some((text, name)) = document(members) {
            let channel = if channel == Channel::ToolResult { channel } else { Channel::Document };
            return self.value(text, channel, name);
        }
        if let (Some(tool), Some(input)) = (members.get("tool").and_then(text_of), members.get("tool_input")) {
            self.flush();
            self.told = true;
            return self.body.push_call(None, Some(tool), json(input));
        }
        for (key, member) in members.iter() {
            let plain = plain(key);
            let own = match brought_by(key) {
                _ if inside => channel,
                Some(brought) => brought,
                None if SILENT.contains(&plain.as_str()) => continue,
                None if TOLD.contains(&plain.as_str()) => Channel::System,
                None if ASKED.contains(&plain.as_str()) => Channel::User,
                None => channel,
            };
            self.value(member, own, None);
        }
    }

    /// Adds a message with a role: what it carries, such as calls and results of tools, is read as anywhere else.
    fn message(&mut self, role: &str, members: &Members<'_, Value<'_>>) {
        self.flush();
        self.told = true;
        let kept = members.sorted().into_iter().filter(|(key, _)| !["role", "type"].contains(key));
        let members = kept.map(|(key, value)| format!("{}:{}", serde_json::Value::from(key), encoded(value)));
        let members: Vec<String> = std::iter::once(format!(r#""role":"{role}""#)).chain(members).collect();
        let shaped = format!("{{{}}}", members.join(","));
        // What was decoded a moment ago decodes again.
        let _ = self.body.collect_messages(&shaped, channel_of(Some(role), self.default));
    }
}

fn text_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The role of a message by its `role`, its `type` or its class: `human`, `ToolMessage`, `AIMessageChunk`.
fn role_of(name: &str) -> Option<&'static str> {
    let name = plain(name);
    let class = name.strip_suffix("chunk").unwrap_or(&name);
    match class.strip_suffix("message").unwrap_or(class) {
        "human" | "user" => Some("user"),
        "ai" | "assistant" | "model" => Some("assistant"),
        "system" | "developer" => Some("system"),
        "tool" | "function" => Some("tool"),
        _ => None,
    }
}

/// The text and the name of a document in the shapes of LangChain, LlamaIndex and Haystack.
fn document<'v, 'a>(members: &'v Members<'a, Value<'a>>) -> Option<(&'v Value<'a>, Option<&'v str>)> {
    if let Some(Value::Object(node)) = members.get("node") {
        return document(node).or_else(|| Some((node.get("text")?, None)));
    }
    let marked = ["metadata", "meta", "score", "doc_id", "node_id", "document_id", "embedding", "extra_info"];
    let marked = || marked.iter().any(|key| members.get(key).is_some());
    let role = members.get("role").is_some();
    let text = ["page_content", "pageContent"].iter().find_map(|key| members.get(key));
    let text =
        text.or_else(|| ["text", "content"].iter().find_map(|key| members.get(key)).filter(|_| marked() && !role))?;
    let about = ["metadata", "meta"].iter().find_map(|key| match members.get(key) {
        Some(Value::Object(about)) => {
            ["title", "source", "file_name", "url"].iter().find_map(|key| text_of(about.get(key)?))
        }
        _ => None,
    });
    Some((text, about.or_else(|| members.get("id").and_then(text_of))))
}

/// The value as text: of a string its content, of anything else its JSON.
fn json<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(encoded(other)),
    }
}

/// The value as JSON.
fn encoded(value: &Value<'_>) -> String {
    let joined = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => serde_json::Value::from(text.as_ref()).to_string(),
        Value::Array(elements) => format!("[{}]", joined(elements.iter().map(encoded).collect())),
        Value::Object(members) => {
            let member =
                |(key, value): (&str, &Value<'_>)| format!("{}:{}", serde_json::Value::from(key), encoded(value));
            format!("{{{}}}", joined(members.iter().map(member).collect()))
        }
    }
}
