//! `body`: a provider's request or answer with nothing around it, and logs that put both into one object.
//!
//! Applications write what they send and get into a topic or a file as it is, lists of stored completions hold answers,
//! and data for fine-tuning is a conversation a line. Members of `exchange` that stand beside are read as there.
//! Told by what the bodies of providers have in common, and last of all: any product may have such members too.

use std::borrow::Cow;

use super::body::{Body, RecordedResponse, Request};
use super::common_schema::is_of_schema;
use super::exchange::Fields;
use super::litellm::LiteLlm;
use crate::interaction::Channel;
use crate::readers::json::decode;
use crate::readers::{Context, Json, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `body` records.
pub struct Bare;

impl Reader for Bare {
    fn name(&self) -> &'static str {
        "body"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let told = is_request(record) || is_answer(record) || is_message(record);
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
        let (asked, answered, messages) = (asked(record), answered(record), written_out(record));
        if is_request(record) {
            request = decode(asked.as_bytes(), values_max)?;
            request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        }
        let said = if is_message(record) { Some(&*asked) } else { messages.as_deref() };
        if let Some(said) = said {
            body.collect_messages(said, Channel::User).map_err(|error| ReadError::json(&error))?;
        }
        // An answer may have a text of that name.
        if !is_answer(record) {
            response.collect(&mut body);
        }
        decode::<RecordedResponse<'_>>(answered.as_bytes(), values_max)?.collect(&mut body);
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

/// What asks a model, beside which the `message` of a log's line is the line's own.
const QUESTIONS: [&str; 5] = ["contents", "input", "inputs", "messages", "prompt"];

/// What of a record the request is read from. Messages are read for themselves where they are [`written_out`].
fn asked<'r>(record: &RawRecord<'r>) -> Cow<'r, str> {
    let is_text = |member: &str| begins(record, member, &['"']);
    match record.has_any(&QUESTIONS) {
        true => members(record, |member| member != "message" && !(member == "messages" && is_text(member))),
        false => whole(record),
    }
}

/// What the answer is read from: all of a record that is one, of another what a log has beside the request. A chunk of a
/// stream is a stream of one.
fn answered<'r>(record: &RawRecord<'r>) -> Cow<'r, str> {
    if record.str("object") == Some("chat.completion.chunk") {
        Cow::Owned(format!("[{}]", whole(record)))
    } else if !is_answer(record) {
        members(record, |member| ANSWERS.contains(&member) || ABOUT_ANSWERS.contains(&member))
    } else if (record.has_any(&QUESTIONS) || record.field("choices").is_some()) && begins(record, "message", &['"']) {
        members(record, |member| member != "message")
    } else {
        whole(record)
    }
}

fn whole<'r>(record: &RawRecord<'r>) -> Cow<'r, str> {
    Cow::Borrowed(std::str::from_utf8(record.bytes).unwrap_or_default())
}

/// The record with only those members that `keep` names.
fn members(record: &RawRecord<'_>, keep: impl Fn(&str) -> bool) -> Cow<'static, str> {
    let members = record.object().into_iter().flat_map(|object| object.members()).filter(|(key, _)| keep(key));
    let members = members.map(|(key, value)| format!("{}:{}", serde_json::Value::from(key), value.get()));
    Cow::Owned(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
}

/// The messages where a log has them as JSON in a string.
fn written_out(record: &RawRecord<'_>) -> Option<String> {
    let written = record.field("messages").filter(|value| value.get().starts_with('"'))?;
    let messages: String = serde_json::from_str(written.get()).ok()?;
    (messages.trim_start().starts_with('[') && messages.contains("\"role\"")).then_some(messages)
}

/// What logs call the answer, where it is no `response` as an `exchange` has it.
const ANSWERS: [&str; 7] =
    ["answer", "assistant_response", "completion", "generated_text", "output", "output_text", "response_text"];

/// What logs say about an answer.
const ABOUT_ANSWERS: [&str; 5] = ["error", "finish_reason", "stop_reason", "tool_calls", "usage"];

/// What a request sets beside its text; one with nothing of it is told by having no more than its model and its text.
const SETTINGS: [&str; 18] = [
    "format",
    "instructions",
    "keep_alive",
    "options",
    "parameters",
    "raw",
    "reasoning",
    "seed",
    "stop",
    "stop_sequences",
    "store",
    "stream",
    "suffix",
    "system",
    "temperature",
    "tools",
    "top_p",
    "user",
];

/// How long an answer may be, which only a model is told.
const LENGTHS: [&str; 8] = [
    "maxTokens",
    "max_completion_tokens",
    "max_gen_len",
    "max_new_tokens",
    "max_output_tokens",
    "max_tokens",
    "max_tokens_to_sample",
    "n_predict",
];

fn is_request(record: &RawRecord<'_>) -> bool {
    let text = |member: &str| begins(record, member, &['"']);
    let asks = || begins(record, "input", &['"', '[']) || begins(record, "prompt", &['"', '[']);
    let of_model = || record.has_any(&["model", "modelId", "model_id"]);
    let is_alone = || record.object().is_some_and(|object| object.keys().count() == 2);
    let is_set = || record.has_any(&SETTINGS) || record.has_any(&LENGTHS);
    let answers = || ANSWERS.iter().chain(&["response"]);
    let is_answered = || answers().chain(&ABOUT_ANSWERS).any(|member| record.field(member).is_some());
    lists(record, "messages", "\"role\"")
        || written_out(record).is_some()
        || lists(record, "contents", "\"parts\"")
        || of_model() && asks() && (is_alone() || is_set() || is_answered())
        || text("prompt") && (record.has_any(&LENGTHS) || answers().any(|answer| text(answer)))
        // Cohere, Amazon Titan, Hugging Face.
        || text("message") && (lists(record, "chat_history", "\"message\"") || of_model() && (is_alone() || is_set()))
        || text("inputText") && begins(record, "textGenerationConfig", &['{'])
        || text("inputs") && begins(record, "parameters", &['{'])
}

/// Whether a record is one message of a conversation, as lists of stored ones hold them; an answer is more.
fn is_message(record: &RawRecord<'_>) -> bool {
    let role = record.str("role").filter(|role| ["assistant", "developer", "system", "tool", "user"].contains(role));
    role.is_some() && begins(record, "content", &['"', '[']) && !is_answer(record) && !is_request(record)
}

/// Whether a record is what a provider answers where it does not answer: an error and nothing of anybody else's.
fn is_failure(record: &RawRecord<'_>) -> bool {
    let error = record.field("error").map_or("", Json::get);
    let of_answer = |key: &str| ["error", "id", "request_id", "status", "type"].contains(&key);
    error.starts_with('{')
        && error.contains("\"message\"")
        && record.object().is_some_and(|it| it.keys().all(of_answer))
}

fn is_answer(record: &RawRecord<'_>) -> bool {
    let of_openai = ["chat.completion", "chat.completion.chunk", "embedding", "response", "text_completion"];
    let of_assistant = || record.str("type") == Some("message") && record.str("role") == Some("assistant");
    let counted = || record.has_any(&["created", "id", "model", "usage", "usageMetadata", "modelVersion"]);
    record.str("object").is_some_and(|object| of_openai.contains(&object))
        || of_assistant()
        || is_failure(record)
        || lists(record, "data", "\"b64_json\"") && record.field("created").is_some()
        || lists(record, "choices", "\"message\"") && counted()
        || lists(record, "candidates", "\"content\"") && counted()
        || lists(record, "results", "\"generated_text\"")
        // Amazon Titan, Bedrock's Converse, Ollama, Cohere, Anthropic's older interface.
        || lists(record, "results", "\"outputText\"")
        || begins(record, "output", &['{']) && record.field("stopReason").is_some()
        || record.has_all(&["done", "model"]) && (begins(record, "message", &['{']) || begins(record, "response", &['"']))
        || begins(record, "message", &['{']) && record.has_all(&["finish_reason", "id"])
        || begins(record, "completion", &['"']) && record.has_all(&["model", "stop_reason"])
}
