//! The body of a response, whole or recorded as a stream.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::lenient::{Count, List, Present, Text, object, pass_over};
use super::azure::{Filters, PromptFilters, collect_filters, collect_prompt_filters};
use super::message::{ChatMessage, ToolCall};
use super::part::{Content, Part};
use super::{Body, stream};
use crate::interaction::{Channel, Tokens};
use crate::readers::json::mend_surrogates;

object! {
    /// Details of a token count.
    TokenDetails {
        "cached_tokens" => cached: Count,
        "reasoning_tokens" => reasoning: Count,
    }
}

object! {
    /// Token counts, in the spellings of OpenAI, Anthropic and Gemini.
    Usage {
        "prompt_tokens" | "input_tokens" | "inputTokens" | "promptTokenCount" => input: Count,
        "completion_tokens" | "output_tokens" | "outputTokens" | "candidatesTokenCount" => output: Count,
        "total_tokens" | "totalTokens" | "totalTokenCount" => total: Count,
        "cache_read_input_tokens" | "cachedContentTokenCount" => cached: Count,
        "prompt_tokens_details" | "input_tokens_details" => input_details: TokenDetails<'a>,
        "completion_tokens_details" | "output_tokens_details" => output_details: TokenDetails<'a>,
        "thoughtsTokenCount" => reasoning: Count,
        "tokens" => cohere: CohereTokens<'a>,
    }
}

object! {
    /// Cohere's counts.
    CohereTokens {
        "input_tokens" => input: Count,
        "output_tokens" => output: Count,
    }
}

impl Usage<'_> {
    /// Takes over the counts that are given, so that a later event of a stream adds to an earlier one.
    pub fn collect(self, tokens: &mut Tokens) {
        let take = |slot: &mut Option<u64>, counts: [Count; 2]| {
            *slot = counts.into_iter().find_map(|count| count.0).or(*slot);
        };
        take(&mut tokens.input, [self.input, self.cohere.input]);
        take(&mut tokens.output, [self.output, self.cohere.output]);
        take(&mut tokens.total, [self.total, Count(None)]);
        take(&mut tokens.cached, [self.cached, self.input_details.cached]);
        take(&mut tokens.reasoning, [self.reasoning, self.output_details.reasoning]);
    }
}

object! {
    /// What a filter that blocked a request adds to the error.
    InnerError {
        "content_filter_result" | "content_filter_results" => filters: Filters<'a>,
    }
}

object! {
    /// Why a request failed.
    Failure {
        "code" => code: Text<'a>,
        "type" | "status" => kind: Text<'a>,
        "message" => message: Text<'a>,
        "innererror" | "inner_error" => inner: InnerError<'a>,
        "content_filter_result" | "content_filter_results" => filters: Filters<'a>,
    }
    text => code
}

impl Failure<'_> {
    /// Takes over the error's code, else its type. Its message may quote the prompt and stays out.
    pub fn collect(self, body: &mut Body) {
        let unnamed = self.message.get().map(|_| "error".to_owned());
        let code = self.code.owned().or_else(|| self.kind.owned()).or(unnamed);
        body.error = body.error.take().or(code);
        collect_filters(self.inner.filters, false, body);
        collect_filters(self.filters, false, body);
    }
}

object! {
    /// One of the answers.
    Choice {
        "message" | "content" => message: ChatMessage<'a>,
        "text" | "generated_text" => text: Text<'a>,
        "finish_reason" | "finishReason" | "stop_reason" => finish_reason: Text<'a>,
        "content_filter_results" => filters: Filters<'a>,
    }
}

object! {
    /// An element of a list response: an embedding, an image.
    Datum {
        "embedding" => embedding: Present,
        "b64_json" | "url" => image: Present,
    }
}

object! {
    /// A response of any provider.
    Response {
        "model" | "modelVersion" | "model_id" => model: Text<'a>,
        "choices" | "candidates" | "results" => choices: List<Choice<'a>>,
        "role" => role: Text<'a>,
        "content" => content: Content<'a>,
        "stop_reason" | "finish_reason" | "done_reason" => stop_reason: Text<'a>,
        "usage" | "usageMetadata" | "meta" => usage: Usage<'a>,
        "error" => error: Failure<'a>,
        "output" | "outputs" | "steps" => output: List<ChatMessage<'a>>,
        "output_text" | "completion" | "generation" | "response" => text: Text<'a>,
        "message" => message: List<ChatMessage<'a>>,
        "text" => bare_text: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
        "documents" => documents: List<Part<'a>>,
        "prompt_filter_results" | "prompt_annotations" => prompt_filters: List<PromptFilters<'a>>,
        "content_filters" => content_filters: List<PromptFilters<'a>>,
        "data" => data: List<Datum<'a>>,
        "embeddings" | "embedding" => embeddings: Present,
        "prompt_eval_count" => ollama_input: Count,
        "eval_count" => ollama_output: Count,
    }
}

/// A response as it was recorded: a JSON document, its stream in a string or an array, or nothing.
#[derive(Default)]
pub(in crate::readers::telemetry) enum RecordedResponse<'a> {
    #[default]
    Absent,
    Object(Box<Response<'a>>),
    Stream(Cow<'a, str>),
    Chunks(Vec<&'a RawValue>),
}

impl<'a> Deserialize<'a> for RecordedResponse<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordedVisitor)
    }
}

struct RecordedVisitor;

impl<'a> Visitor<'a> for RecordedVisitor {
    type Value = RecordedResponse<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        let response = Response::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RecordedResponse::Object(Box::new(response)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(RecordedResponse::Stream(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(RecordedResponse::Stream(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut chunks = Vec::new();
        while let Some(chunk) = seq.next_element()? {
            chunks.push(chunk);
        }
        Ok(RecordedResponse::Chunks(chunks))
    }

    pass_over!(number, bool, null);
}

impl RecordedResponse<'_> {
    /// Adds what the response says.
    pub fn collect(self, body: &mut Body) {
        body.begin_response();
        match self {
            Self::Absent => {}
            Self::Object(response) => response.collect(body),
            Self::Stream(text) => stream::collect(&text, body),
            Self::Chunks(chunks) => {
                stream::collect_events(chunks.into_iter().map(RawValue::get), body);
            }
        }
    }
}

/// Adds what a response says that stands in a JSON value of its own.
///
/// # Errors
/// When the value does not decode.
pub fn read_response(raw: &RawValue, body: &mut Body) -> Result<(), serde_json::Error> {
    serde_json::from_str::<RecordedResponse<'_>>(raw.get())?.collect(body);
    Ok(())
}

/// Adds what a response object says.
pub(super) fn collect_object(json: &str, body: &mut Body) -> Result<(), serde_json::Error> {
    let response: Response<'_> = serde_json::from_str(json)?;
    response.collect(body);
    Ok(())
}

/// Adds what a response object within a string says, which a reader of the whole record cannot mend.
pub(super) fn collect_embedded(json: &str, body: &mut Body) -> bool {
    collect_object(json, body).is_ok() || mend_surrogates(json).is_some_and(|json| collect_object(&json, body).is_ok())
}

impl Response<'_> {
    fn collect(self, body: &mut Body) {
        body.model = self.model.owned().or(body.model.take());
        self.usage.collect(&mut body.tokens);
        let ollama = Usage { input: self.ollama_input, output: self.ollama_output, ..Usage::default() };
        ollama.collect(&mut body.tokens);
        self.error.collect(body);
        collect_prompt_filters(self.prompt_filters, body);
        collect_prompt_filters(self.content_filters, body);
        self.documents.0.into_iter().for_each(|document| document.collect_document(body));
        for choice in self.choices.0 {
            choice.message.collect(Channel::Assistant, body);
            body.push(Channel::Assistant, choice.text.into_cow(), None);
            body.finish(choice.finish_reason.owned());
            collect_filters(choice.filters, true, body);
        }
        self.content.collect(Channel::Assistant, None, body);
        // Some clients add the joined text of the items beside them.
        if self.output.0.is_empty() {
            body.push(Channel::Assistant, self.text.into_cow(), None);
        }
        body.push(Channel::Assistant, self.bare_text.into_cow(), None);
        self.output.0.into_iter().chain(self.message.0).for_each(|item| item.collect(Channel::Assistant, body));
        self.tool_calls.0.into_iter().for_each(|call| call.collect(body));
        body.finish(self.stop_reason.owned());
        for datum in self.data.0 {
            body.skipped.embeddings += u32::from(datum.embedding.0);
            body.skipped.images += u32::from(datum.image.0);
        }
        body.skipped.embeddings += u32::from(self.embeddings.0);
    }
}
