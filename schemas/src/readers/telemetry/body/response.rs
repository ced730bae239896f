//! The body of a response, whole or recorded as a stream.

use serde::{Deserialize, Deserializer};

use super::super::lenient::{Count, List, Present, Rare, Switch, Text, object};
use super::azure::{Analysis, Filters, PromptFilters, Shield, collect_filters, collect_prompt_filters};
use super::bedrock::{Assessment, Trace};
use super::document::{Citation, Subquery, collect_citations};
use super::gemini::{Grounding, PromptFeedback, SafetyRating, collect_ratings};
use super::message::{ChatMessage, ToolCall};
use super::part::{Content, Part};
use super::recorded::RecordedResponse;
use super::usage::{Usage, collect_counts};
use super::{Body, event_stream, stream};
use crate::interaction::{Channel, FilterVerdict};
use crate::readers::json::mend;

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
    /// Takes over the error's code, else its type; a bare number says less than the type beside it. Its message
    /// may quote the prompt and stays out.
    pub fn collect(self, body: &mut Body) {
        let unnamed = self.message.get().map(|_| "error".to_owned());
        let number = self.code.get().is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let (first, second) = if number { (self.kind, self.code) } else { (self.code, self.kind) };
        let code = first.owned().or_else(|| second.owned()).or(unnamed);
        body.error = body.error.take().or(code);
        collect_filters(self.inner.filters, false, body);
        collect_filters(self.filters, false, body);
    }
}

object! {
    /// What a moderation of watsonx found in a text, by its kind.
    Moderation {
        "input" => input: Switch,
    }
}

object! {
    /// The moderations of watsonx.
    Moderations {
        "hap" => hap: List<Moderation<'a>>,
        "pii" => pii: List<Moderation<'a>>,
    }
}

impl Moderations<'_> {
    /// Adds a verdict for each hit.
    fn collect(self, body: &mut Body) {
        for (category, hits) in [("hap", self.hap), ("pii", self.pii)] {
            for hit in hits.0 {
                let response = hit.input.0 == Some(false);
                let category = category.to_owned();
                body.judge(FilterVerdict { category, detected: true, filtered: false, severity: None, response });
            }
        }
    }
}

object! {
    /// One of the answers.
    Choice {
        "message" | "content" => message: ChatMessage<'a>,
        "messages" => messages: List<ChatMessage<'a>>,
        "text" | "generated_text" | "outputText" => text: Text<'a>,
        // Of Vertex AI's older chat, each with an author.
        "candidates" => candidates: List<ChatMessage<'a>>,
        "data" => data: Content<'a>,
        "document" => documents: List<Part<'a>>,
        "finish_reason" | "finishReason" | "stop_reason" | "completionReason" => finish_reason: Reason<'a>,
        "content_filter_results" | "content_filter_result" => filters: Filters<'a>,
        "safetyRatings" | "safety_ratings" => ratings: List<SafetyRating<'a>>,
        "groundingMetadata" | "grounding_metadata" => grounding: Rare<Grounding<'a>>,
        "moderations" => moderations: Rare<Moderations<'a>>,
        "error" => error: Rare<Failure<'a>>,
        "embeddings" => embeddings: Present,
        "input_token_count" => input_tokens: Count,
        "generated_token_count" | "tokenCount" => output_tokens: Count,
    }
}

object! {
    /// Why an answer ended: a word, with AI21 an object around it.
    Reason {
        "reason" => word: Text<'a>,
    }
    text => word
}

impl Choice<'_> {
    fn collect(self, body: &mut Body) {
        if let Some(grounding) = self.grounding.0 {
            grounding.collect(body);
        }
        // Their authors are called as the application likes.
        let candidates = self.candidates.0.into_iter().map(|answer| ChatMessage { role: Text::default(), ..answer });
        let messages = self.messages.0.into_iter().chain(candidates).chain([self.message]);
        messages.for_each(|message| message.collect(Channel::Assistant, body));
        body.push(Channel::Assistant, self.text.into_cow(), None);
        self.data.collect(Channel::Assistant, None, body);
        self.documents.0.into_iter().for_each(|document| document.collect_document(body));
        body.finish(self.finish_reason.word.owned());
        collect_filters(self.filters, true, body);
        collect_ratings(self.ratings, true, body);
        if let Some(moderations) = self.moderations.0 {
            moderations.collect(body);
        }
        if let Some(error) = self.error.0 {
            error.collect(body);
        }
        body.skipped.embeddings += u32::from(self.embeddings.0);
        collect_counts(self.input_tokens, self.output_tokens, &mut body.tokens);
    }
}

object! {
    /// An element of a list response: an embedding, an image.
    Datum {
        "embedding" => embedding: Present,
        "b64_json" | "url" => image: Present,
        "revised_prompt" => prompt: Text<'a>,
    }
}

object! {
    /// A response of any provider.
    Response {
        "model" | "modelVersion" | "model_version" | "model_id" => model: Text<'a>,
        "choices" | "candidates" | "results" | "generations" | "completions" | "predictions" => choices: List<Choice<'a>>,
        "content" => content: Content<'a>,
        "stop_reason" | "finish_reason" | "done_reason" | "stopReason" => stop_reason: Text<'a>,
        "incomplete_details" => incomplete: Reason<'a>,
        "usage" | "usageMetadata" | "usage_metadata" | "meta" => usage: Usage<'a>,
        "error" => error: Rare<Failure<'a>>,
        "object" => object: Text<'a>,
        "type" | "__type" => kind: Text<'a>,
        "output" | "outputs" | "steps" => output: List<ChatMessage<'a>>,
        "output_text" | "completion" | "generation" | "response" | "generated_text" | "text_output" | "outputText"
            | "suggestion" | "answer" | "response_text" | "assistant_response" => text: Text<'a>,
        "thinking" => thinking: Text<'a>,
        "message" => message: List<ChatMessage<'a>>,
        "text" => bare_text: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
        "documents" | "retrievalResults" | "sources" => documents: List<Part<'a>>,
        "subqueries" => subqueries: List<Subquery<'a>>,
        "pages" => pages: List<Page<'a>>,
        "search_results" => found: List<SearchResult<'a>>,
        "search_queries" => queries: List<Part<'a>>,
        "citations" => citations: List<Citation<'a>>,
        "prompt_filter_results" | "prompt_annotations" => prompt_filters: List<PromptFilters<'a>>,
        "content_filters" => content_filters: List<PromptFilters<'a>>,
        "promptFeedback" | "prompt_feedback" => feedback: Rare<PromptFeedback<'a>>,
        "trace" | "amazon-bedrock-trace" => trace: Rare<Trace<'a>>,
        "userPromptAnalysis" | "jailbreakAnalysis" => shield: Shield<'a>,
        "documentsAnalysis" => shields: List<Shield<'a>>,
        "categoriesAnalysis" => analyses: List<Analysis<'a>>,
        "amazon-bedrock-guardrailAction" | "action" => guardrail: Text<'a>,
        "assessments" => assessments: List<Assessment<'a>>,
        "data" => data: List<Datum<'a>>,
        "images" | "artifacts" => images: List<Present>,
        "embeddings" | "embedding" => embeddings: Present,
        "prompt_eval_count" | "inputTextTokenCount" | "prompt_token_count" => input_tokens: Count,
        "eval_count" | "generation_token_count" => output_tokens: Count,
        "base64" => recorded: Text<'a>,
        "body" | "chunks" | "events" | "stream" => within: Within<'a>,
        "conversation_id" | "thread_id" => conversation: Text<'a>,
        "metrics" => metrics: Metrics<'a>,
    }
}

object! {
    /// What Bedrock's Converse measured.
    Metrics {
        "latencyMs" => latency: Count,
    }
}

/// A response within what was logged around it: a message of HTTP, a list of the pieces.
#[derive(Default)]
pub(in crate::readers::telemetry) struct Within<'a>(Option<Box<RecordedResponse<'a>>>);

impl<'a> Deserialize<'a> for Within<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        RecordedResponse::deserialize(deserializer).map(|response| Self(Some(Box::new(response))))
    }
}

object! {
    /// A page of a document that a model has made readable (Mistral OCR).
    Page {
        "markdown" => text: Text<'a>,
    }
}

object! {
    /// What a search found; with Cohere, which query found what.
    SearchResult {
        "search_query" => query: Present,
        "title" => title: Text<'a>,
        "url" => url: Text<'a>,
        "snippet" | "content" => text: Text<'a>,
    }
}

/// Adds what a response object says.
pub(super) fn collect_object(json: &str, body: &mut Body) -> Result<(), serde_json::Error> {
    let response: Response<'_> = serde_json::from_str(json)?;
    response.collect(body);
    Ok(())
}

/// Adds what a response object within a string says, which a reader of the whole record cannot mend.
pub(super) fn collect_embedded(json: &str, body: &mut Body) -> bool {
    collect_object(json, body).is_ok() || mend(json).is_some_and(|json| collect_object(&json, body).is_ok())
}

impl Response<'_> {
    pub fn collect(mut self, body: &mut Body) {
        if let Some(recorded) = self.recorded.get().and_then(event_stream::decode) {
            return stream::collect_recorded(recorded, body);
        }
        let before = body.messages.len();
        let within = std::mem::take(&mut self.within);
        self.collect_members(body);
        if let Some(response) = within.0.filter(|_| body.messages.len() == before) {
            response.collect(body);
        }
    }

    fn collect_members(mut self, body: &mut Body) {
        self.collect_failure(body);
        self.collect_verdicts(body);
        body.answered_by(&self.model);
        body.conversation = body.conversation.take().or_else(|| self.conversation.owned());
        body.latency_ms = body.latency_ms.or(self.metrics.latency.0);
        self.usage.collect(&mut body.tokens);
        collect_counts(self.input_tokens, self.output_tokens, &mut body.tokens);
        self.queries.0.into_iter().for_each(|query| query.text.collect(Channel::ToolCall, Some("search"), body));
        self.documents.0.into_iter().for_each(|document| document.collect_document(body));
        self.found.0.into_iter().for_each(|found| found.collect(body));
        self.subqueries.0.into_iter().for_each(|asked| asked.collect(body));
        self.pages.0.into_iter().for_each(|page| body.push(Channel::Document, page.text.into_cow(), None));
        self.choices.0.into_iter().for_each(|choice| choice.collect(body));
        body.push(Channel::Assistant, self.thinking.into_cow(), None);
        self.content.collect(Channel::Assistant, None, body);
        // Some clients add the joined text of the items beside them.
        if self.output.0.is_empty() {
            body.push(Channel::Assistant, self.text.into_cow(), None);
        }
        body.push(Channel::Assistant, self.bare_text.into_cow(), None);
        for item in self.output.0.into_iter().chain(self.message.0) {
            body.finish(item.stop_reason.owned());
            // Alibaba's models have their choices within the output.
            let choices =
                item.other("choices").0.and_then(|raw| serde_json::from_str::<List<Choice<'_>>>(raw.get()).ok());
            choices.unwrap_or_default().0.into_iter().for_each(|choice| choice.collect(body));
            item.collect(Channel::Assistant, body);
        }
        self.tool_calls.0.into_iter().for_each(|call| call.collect(body));
        collect_citations(self.citations, body);
        body.finish(self.stop_reason.owned());
        body.finish(self.incomplete.word.owned());
        for datum in self.data.0 {
            body.skipped.embeddings += u32::from(datum.embedding.0);
            body.skipped.images += u32::from(datum.image.0);
            body.push(Channel::Assistant, datum.prompt.into_cow(), None);
        }
        body.skipped.images += self.images.0.iter().map(|image| u32::from(image.0)).sum::<u32>();
        body.skipped.embeddings += u32::from(self.embeddings.0);
    }

    /// Some servers have the error's members where others have the answer's. What they say is about the request
    /// and may quote it.
    fn collect_failure(&mut self, body: &mut Body) {
        if let Some(error) = self.error.0.take() {
            error.collect(body);
        }
        if self.object.get() == Some("error") {
            self.message.0.clear();
            body.error = body.error.take().or_else(|| self.kind.owned()).or_else(|| Some("error".to_owned()));
        }
    }

    fn collect_verdicts(&mut self, body: &mut Body) {
        collect_prompt_filters(std::mem::take(&mut self.prompt_filters), body);
        collect_prompt_filters(std::mem::take(&mut self.content_filters), body);
        std::mem::take(&mut self.shield).collect("jailbreak", body);
        std::mem::take(&mut self.shields.0).into_iter().for_each(|shield| shield.collect("indirect_attack", body));
        std::mem::take(&mut self.analyses.0).into_iter().for_each(|analysis| analysis.collect(body));
        if let Some(feedback) = self.feedback.0.take() {
            feedback.collect(body);
        }
        let before = body.filters.len();
        if let Some(trace) = self.trace.0.take() {
            trace.collect(body);
        }
        std::mem::take(&mut self.assessments.0).into_iter().for_each(|assessment| assessment.collect(false, body));
        let intervened = matches!(self.guardrail.get(), Some("INTERVENED" | "GUARDRAIL_INTERVENED"));
        if intervened && body.filters.len() == before {
            body.judge(guardrail_verdict());
        }
    }
}

/// What is known when a guardrail stepped in and its trace is off.
pub(super) fn guardrail_verdict() -> FilterVerdict {
    FilterVerdict { category: "guardrail".to_owned(), detected: true, filtered: true, severity: None, response: false }
}

impl SearchResult<'_> {
    fn collect(self, body: &mut Body) {
        if self.query.0 {
            return;
        }
        let titled = self.text.get().is_none();
        let (text, name) = if titled { (self.title, self.url) } else { (self.text, self.title.or(self.url)) };
        body.push(Channel::Document, text.into_cow(), name.get());
    }
}
