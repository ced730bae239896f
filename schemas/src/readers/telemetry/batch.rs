//! `batch`: lines of the files that providers take for and give back from their batch interfaces.
//!
//! | provider | request | answer |
//! |---|---|---|
//! | OpenAI, Azure OpenAI, Mistral and their like | `body` | `response.body` |
//! | Anthropic | `params`, alone or as it is sent, one of `requests` | `result.message` |
//! | Amazon Bedrock | `modelInput` | `modelOutput`, beside the request |
//! | Gemini | (an `exchange`) | `response` or `error`, beside a `key`, which may stand in `metadata` |
//!
//! Sources: platform.openai.com/docs/guides/batch, docs.anthropic.com (message batches), ai.google.dev (batch mode),
//! docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html. Request and answer mostly come in two files,
//! and each is an interaction: what was asked is worth a look before it is answered. The name that the caller gave a
//! line (`custom_id`, `recordId`, `key`) is unique within its file only, and is no id.

use super::body::{Body, Request, read_response};
use super::common_schema::is_of_schema;
use super::envelope::Envelope;
use super::lenient::{Raw, Text, object};
use crate::readers::json::{decode, elements};
use crate::readers::{Context, Json, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `batch` records.
pub struct Batch;

/// How a caller names a line, and what stands beside each name.
const LINES: [(&str, &[&str]); 2] =
    [("custom_id", &["body", "params", "response", "result"]), ("recordId", &["modelInput", "modelOutput"])];

impl Reader for Batch {
    fn name(&self) -> &'static str {
        "batch"
    }

    /// What has a `request` is an exchange.
    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let is_object = |member: &&str| record.field(member).is_some_and(|value| value.get().starts_with('{'));
        let is_line = |(name, beside): &(&str, &[&str])| record.field(name).is_some() && beside.iter().any(is_object);
        // `response` is null then.
        let unanswered = || record.has_all(&["custom_id", "error", "response"]);
        (LINES.iter().any(is_line) || unanswered() || is_of_gemini(record) || sent_at_once(record).is_some())
            && record.field("request").is_none()
            && !is_of_schema(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let Some(lines) = sent_at_once(record) else {
            return self.line(record.bytes, context, out);
        };
        let lines = elements(lines.get()).map_err(|error| ReadError::json(&error))?;
        lines.into_iter().try_for_each(|line| self.line(line.get().as_bytes(), context, out))
    }
}

/// Whether a record is an answer of Gemini: its caller's name for it and what came of it.
fn is_of_gemini(record: &RawRecord<'_>) -> bool {
    let within = |member: &str, word: &str| {
        let value = record.field(member).map_or("", Json::get);
        value.starts_with('{') && value.contains(word)
    };
    let is_alone = || record.object().is_some_and(|object| object.keys().count() == 2);
    let named = record.field("key").is_some() || within("metadata", "\"key\"");
    named && (within("response", "\"candidates\"") || is_alone() && within("error", "\"message\""))
}

/// The lines of a batch that is sent to Anthropic in one request.
fn sent_at_once<'r>(record: &RawRecord<'r>) -> Option<Json<'r>> {
    let requests = record.field("requests").filter(|requests| requests.get().starts_with('['))?;
    (requests.get().contains("\"custom_id\"") && requests.get().contains("\"params\"")).then_some(requests)
}

impl Batch {
    fn line(&self, bytes: &[u8], context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let line: Line<'_> = decode(bytes, context.limits.values_max)?;
        let mut body = Body::default();
        let request = line.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        if body.says_nothing() && request.model.get().is_none() {
            let message = "neither the request nor the answer holds a text or the name of a model";
            return Err(ReadError::new(Reason::UnrecognisedFormat, message));
        }
        line.envelope().publish(self.name(), &request, body, bytes, context, out);
        Ok(())
    }
}

object! {
    /// A message of HTTP with its body; of an answer that comes without one, neither is there.
    Answer {
        "request_id" => id: Text<'a>,
        "body" => body: Raw<'a>,
    }
}

object! {
    /// What a provider notes of its answer.
    Noted {
        "id" => id: Text<'a>,
        "created" | "created_at" => time: Text<'a>,
    }
}

object! {
    /// What became of a request to Anthropic: `succeeded`, `errored`, `canceled` or `expired`.
    Outcome {
        "type" => kind: Text<'a>,
        "message" => message: Raw<'a>,
        "error" => error: Raw<'a>,
    }
}

object! {
    /// Why there is no answer.
    Failure {
        "code" | "errorCode" => code: Text<'a>,
        "message" | "errorMessage" => message: Text<'a>,
    }
}

object! {
    /// A line of a batch.
    Line {
        "id" => id: Text<'a>,
        "recordId" => bedrock: Text<'a>,
        "body" | "params" | "modelInput" => request: Raw<'a>,
        "response" => response: Raw<'a>,
        "modelOutput" => output: Raw<'a>,
        "result" => outcome: Outcome<'a>,
        "error" => failure: Failure<'a>,
    }
}

impl<'a> Line<'a> {
    /// Adds what was said to `body`; gives the request for what it says about the user.
    fn collect(&self, body: &mut Body) -> Result<Request<'a>, serde_json::Error> {
        let mut request: Request<'a> =
            self.request.0.map_or(Ok(Request::default()), |raw| serde_json::from_str(raw.get()))?;
        request.collect(body)?;
        body.begin_response();
        let outcome = &self.outcome;
        for raw in [self.answer(), outcome.error].into_iter().filter_map(|raw| raw.0) {
            read_response(raw, body)?;
        }
        let unanswered = || matches!(outcome.kind.get(), Some("canceled" | "expired"));
        let failed = || self.failure.message.get().map(|_| "error".to_owned());
        let known = body.error.take().or_else(|| self.failure.code.owned()).or_else(failed);
        body.error = known.or_else(|| outcome.kind.owned().filter(|_| unanswered()));
        Ok(request)
    }

    fn http(&self) -> Answer<'a> {
        self.response.0.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// The body of the answer; Gemini's has nothing of HTTP around it.
    fn answer(&self) -> Raw<'a> {
        self.http().body.or(self.response).or(self.output).or(self.outcome.message)
    }

    fn envelope(self) -> Envelope<'a> {
        let of_anthropic = self.outcome.kind.get().is_some();
        let provider = match (self.bedrock.get(), of_anthropic) {
            (Some(_), _) => Text::from("bedrock"),
            (None, true) => Text::from("anthropic"),
            (None, false) => Text::default(),
        };
        let noted: Noted<'a> = self.answer().0.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let http = self.http();
        Envelope { id: self.id.or(http.id).or(noted.id), time: noted.time, provider, ..Envelope::default() }
    }
}
