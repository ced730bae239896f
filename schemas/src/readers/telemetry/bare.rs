//! `body`: a provider's request or answer with nothing around it, and logs that put both into one object.
//!
//! Applications write what they send and get into a topic or a file as it is, lists of stored completions hold answers,
//! and data for fine-tuning is a conversation a line. Members of `exchange` that stand beside are read as there.
//! Told by what the bodies of providers have in common, and last of all: any product may have such members too.

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
        told && record.field("request").is_none() && !LiteLlm.recognises(record)
    }

    fn is_common_schema(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let values_max = context.limits.values_max;
        let (envelope, _, response) = decode::<Fields<'_>>(record.bytes, values_max)?.split();
        let mut body = Body::default();
        let mut request = Request::default();
        if is_request(record) {
            request = decode(record.bytes, values_max)?;
            request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        }
        if is_answer(record) {
            decode::<RecordedResponse<'_>>(record.bytes, values_max)?.collect(&mut body);
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

fn is_request(record: &RawRecord<'_>) -> bool {
    let asked = |member: &&str| begins(record, member, &['"', '[']);
    lists(record, "messages", "\"role\"")
        || lists(record, "contents", "\"parts\"")
        || record.field("model").is_some() && ["input", "prompt"].iter().any(asked) && !is_answer(record)
}

fn is_answer(record: &RawRecord<'_>) -> bool {
    let of_openai = ["chat.completion", "chat.completion.chunk", "text_completion", "response"];
    let of_assistant = || record.str("type") == Some("message") && record.str("role") == Some("assistant");
    record.str("object").is_some_and(|object| of_openai.contains(&object))
        || of_assistant()
        || lists(record, "choices", "\"message\"")
        || lists(record, "candidates", "\"content\"")
        || lists(record, "results", "\"generated_text\"")
        // Bedrock's Converse, Ollama, Cohere, Anthropic's older interface.
        || begins(record, "output", &['{']) && record.field("stopReason").is_some()
        || record.field("done").is_some() && record.has_any(&["message", "response"])
        || begins(record, "message", &['{']) && record.field("finish_reason").is_some()
        || begins(record, "completion", &['"']) && record.field("stop_reason").is_some()
}
