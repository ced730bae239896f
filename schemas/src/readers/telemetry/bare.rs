//! `body`: a provider's request or answer with nothing around it, and logs that put both into one object.
//!
//! Applications write what they send and get into a topic or a file as it is, lists of stored completions hold answers,
//! and data for fine-tuning is a conversation a line. Members of `exchange` that stand beside are read as there.
//! Told by what the bodies of providers have in common, and last of all: any product may have such members too.

use std::borrow::Cow;

use super::body::{Body, RecordedResponse, Request};
use super::exchange::Fields;
use super::litellm::LiteLlm;
use crate::readers::json::decode;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `body` records.
pub struct Bare;

impl Reader for Bare {
    fn name(&self) -> &'static str {
        "body"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let told = is_request(record) || is_answer(record);
        told && record.field("request").is_none() && !is_of_schema(record) && !LiteLlm.recognises(record)
    }

    fn is_common_schema(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let values_max = context.limits.values_max;
        let (envelope, _, response) = decode::<Fields<'_>>(record.bytes, values_max)?.split();
        let mut body = Body::default();
        let mut request = Request::default();
        let [asked, answered] = sides(record);
        if is_request(record) {
            request = decode(asked.as_bytes(), values_max)?;
            request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        }
        if is_answer(record) {
            decode::<RecordedResponse<'_>>(answered.as_bytes(), values_max)?.collect(&mut body);
        } else {
            response.collect(&mut body);
        }
        if body.says_nothing() {
            let message = "the members of a model's request or answer hold neither a text nor a count";
            return Err(ReadError::new(Reason::UnrecognisedFormat, message));
        }
        envelope.publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

/// Whether a member begins like one of these JSON values.
fn begins(record: &RawRecord<'_>, member: &str, with: &[char]) -> bool {
    record.field(member).is_some_and(|value| value.get().starts_with(with))
}

/// Whether a member is an array that speaks of `word` somewhere.
fn lists(record: &RawRecord<'_>, member: &str, word: &str) -> bool {
    record.field(member).is_some_and(|value| value.get().starts_with('[') && value.get().contains(word))
}

/// Members by which a record is of a schema that any product writes, models' among them: OCSF, ECS.
pub(super) fn is_of_schema(record: &RawRecord<'_>) -> bool {
    record.has_any(&["class_uid", "ecs", "ecs.version", "event.kind"]) || begins(record, "event", &['{'])
}

/// What of a record the request may be read from, and what the answer: the line of a log has a `message` of its own
/// beside the messages, and where that is an object it is an answer. A chunk of a stream is a stream of one.
fn sides<'r>(record: &RawRecord<'r>) -> [Cow<'r, str>; 2] {
    let whole = Cow::Borrowed(std::str::from_utf8(record.bytes).unwrap_or_default());
    let lists_messages = record.has_any(&["contents", "messages"]);
    let asked = if lists_messages { without_message(record) } else { None };
    let logged = record.has_any(&["choices", "contents", "messages"]) && begins(record, "message", &['"']);
    let answered = if record.str("object") == Some("chat.completion.chunk") {
        Some(format!("[{whole}]"))
    } else if logged {
        without_message(record)
    } else {
        None
    };
    [asked, answered].map(|side| side.map_or(whole.clone(), Cow::Owned))
}

/// The record without its member `message`, where it has one.
fn without_message(record: &RawRecord<'_>) -> Option<String> {
    let object = record.object().filter(|object| object.get("message").is_some())?;
    let others = object.members().filter(|(key, _)| *key != "message");
    let others: Vec<String> =
        others.map(|(key, value)| format!("{}:{}", serde_json::Value::from(key), value.get())).collect();
    Some(format!("{{{}}}", others.join(",")))
}

/// Settings of models of which a request has one; one that has none says no more than its model and its text.
const SETTINGS: [&str; 20] = [
    "format",
    "instructions",
    "keep_alive",
    "max_output_tokens",
    "max_tokens",
    "max_tokens_to_sample",
    "options",
    "raw",
    "reasoning",
    "response",
    "stop",
    "stop_sequences",
    "store",
    "stream",
    "suffix",
    "system",
    "temperature",
    "tools",
    "top_p",
    "usage",
];

fn is_request(record: &RawRecord<'_>) -> bool {
    let asked = |member: &&str| begins(record, member, &['"', '[']);
    let is_alone = || record.object().is_some_and(|object| object.keys().count() == 2);
    lists(record, "messages", "\"role\"")
        || lists(record, "contents", "\"parts\"")
        || record.field("model").is_some()
            && ["input", "prompt"].iter().any(asked)
            && (is_alone() || record.has_any(&SETTINGS))
}

fn is_answer(record: &RawRecord<'_>) -> bool {
    let of_openai = ["chat.completion", "chat.completion.chunk", "text_completion", "response"];
    let of_assistant = || record.str("type") == Some("message") && record.str("role") == Some("assistant");
    let counted = || record.has_any(&["created", "id", "model", "usage", "usageMetadata", "modelVersion"]);
    record.str("object").is_some_and(|object| of_openai.contains(&object))
        || of_assistant()
        || lists(record, "choices", "\"message\"") && counted()
        || lists(record, "candidates", "\"content\"") && counted()
        || lists(record, "results", "\"generated_text\"")
        // Bedrock's Converse, Ollama, Cohere, Anthropic's older interface.
        || begins(record, "output", &['{']) && record.field("stopReason").is_some()
        || record.has_all(&["done", "model"]) && (begins(record, "message", &['{']) || begins(record, "response", &['"']))
        || begins(record, "message", &['{']) && record.has_all(&["finish_reason", "id"])
        || begins(record, "completion", &['"']) && record.has_all(&["model", "stop_reason"])
}
