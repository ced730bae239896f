//! `bedrock`: the model invocation log of Amazon Bedrock.
//!
//! Source: docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. Bodies are those of the
//! Converse API or of the model, streamed ones an array of chunks. Bodies beyond 100 KB, and such that are no
//! JSON, lie in S3: the record then only names the place. It is read for what is there, and the record is also
//! rejected, so that nobody takes it for looked at. What wraps the log on its way (CloudWatch Logs) is opened
//! before.

use crate::readers::Json;

use super::body::{Body, Request, read_response};
use super::envelope::{Envelope, text};
use super::lenient::{Count, Raw, Text, object};
use crate::interaction::{Channel, FilterVerdict, Tokens};
use crate::readers::json::refuse_crowds;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason, Rejected};

/// Reads `bedrock` records.
pub struct Bedrock;

impl Reader for Bedrock {
    fn name(&self) -> &'static str {
        "bedrock"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.str("schemaType") == Some("ModelInvocationLog")
            || record.has_all(&["modelId", "operation", "requestId", "input"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        refuse_crowds(record.bytes, context.limits.values_max)?;
        let Some(object) = record.object() else {
            return Err(ReadError::new(Reason::MalformedJson, "not a JSON object"));
        };
        let mut log = Log::default();
        for (key, value) in object.members() {
            log.set(key, value).map_err(|error| ReadError::json(&error))?;
        }
        let mut body = Body::default();
        let request = log.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        if let Some(error) = log.elsewhere() {
            body.truncated = true;
            out.rejected.push(Rejected { bytes: record.bytes.to_vec(), error });
        }
        log.envelope().publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

object! {
    /// Who called.
    Identity {
        "arn" => arn: Text<'a>,
    }
}

object! {
    /// The request or the response.
    Side {
        "inputBodyJson" | "outputBodyJson" => body: Raw<'a>,
        "inputBodyS3Path" | "outputBodyS3Path" => elsewhere: Text<'a>,
        "inputTokenCount" | "outputTokenCount" => tokens: Count,
        "cacheReadInputTokenCount" => cached: Count,
    }
}

object! {
    /// Free data that applications attach. The names are those that they choose most.
    RequestMetadata {
        "application" | "app" | "application_name" => application: Text<'a>,
        "user" | "user_id" | "userId" | "end_user_id" => user: Text<'a>,
        "conversation_id" | "conversationId" | "session_id" | "sessionId" => conversation: Text<'a>,
        "tenant" | "tenant_id" => tenant: Text<'a>,
    }
}

object! {
    /// What Bedrock measured.
    Metrics {
        "latencyMs" => latency: Count,
    }
}

object! {
    /// What Bedrock itself adds to a response.
    Outcome {
        "stopReason" => stop_reason: Text<'a>,
        "amazon-bedrock-guardrailAction" => guardrail: Text<'a>,
        "metrics" => metrics: Metrics<'a>,
    }
}

#[derive(Default)]
struct Log<'a> {
    envelope: Envelope<'a>,
    identity: Identity<'a>,
    metadata: RequestMetadata<'a>,
    input: Side<'a>,
    output: Side<'a>,
    error: Text<'a>,
}

impl<'a> Log<'a> {
    fn set(&mut self, key: &str, value: Json<'a>) -> Result<(), serde_json::Error> {
        match key {
            "requestId" => self.envelope.id = text(value)?,
            "timestamp" => self.envelope.time = text(value)?,
            "accountId" => self.envelope.vendor_tenant = text(value)?,
            "modelId" => self.envelope.model = text(value)?,
            "identity" => self.identity = serde_json::from_str(value.get())?,
            "requestMetadata" => self.metadata = serde_json::from_str(value.get())?,
            "input" => self.input = serde_json::from_str(value.get())?,
            "output" => self.output = serde_json::from_str(value.get())?,
            "errorCode" => self.error = text(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Adds what was said to `body`; gives the request for what it says about the user.
    fn collect(&mut self, body: &mut Body) -> Result<Request<'a>, serde_json::Error> {
        let mut request = Request::default();
        if let Some(raw) = self.input.body.0.filter(|raw| raw.get().starts_with('{')) {
            request = serde_json::from_str(raw.get())?;
            request.collect(body)?;
        } else if let Some(raw) = self.input.body.0 {
            body.collect_content(raw.get(), Channel::User)?;
        }
        body.begin_response();
        if let Some(raw) = self.output.body.0 {
            read_response(raw, body)?;
            self.collect_outcome(raw, body)?;
        }
        let Tokens { input, output, cached, .. } = &mut body.tokens;
        *input = input.or(self.input.tokens.0);
        *output = output.or(self.output.tokens.0);
        *cached = cached.or(self.input.cached.0.filter(|count| *count > 0));
        body.error = self.error.owned().or(body.error.take());
        Ok(request)
    }

    fn collect_outcome(&mut self, raw: Json<'_>, body: &mut Body) -> Result<(), serde_json::Error> {
        let outcome: Outcome<'_> = serde_json::from_str(raw.get())?;
        self.envelope.latency_ms = outcome.metrics.latency.0;
        let intervened = outcome.guardrail.get().map(|action| action == "INTERVENED");
        let stopped = outcome.stop_reason.get() == Some("guardrail_intervened");
        if let Some(intervened) = intervened.or(stopped.then_some(true)) {
            let category = "guardrail".to_owned();
            let verdict =
                FilterVerdict { category, detected: intervened, filtered: intervened, severity: None, response: true };
            body.filters.push(verdict);
        }
        if body.finish_reasons.is_empty() {
            body.finish_reasons.extend(outcome.stop_reason.owned());
        }
        Ok(())
    }

    /// Why the record cannot be read in full.
    fn elsewhere(&self) -> Option<ReadError> {
        let fields = match (self.input.elsewhere.get(), self.output.elsewhere.get()) {
            (Some(_), Some(_)) => "`input.inputBodyS3Path` and `output.outputBodyS3Path`",
            (Some(_), None) => "`input.inputBodyS3Path`",
            (None, Some(_)) => "`output.outputBodyS3Path`",
            (None, None) => return None,
        };
        Some(ReadError::new(Reason::BodyElsewhere, format!("a body lies in S3, see {fields}; the rest is read")))
    }

    fn envelope(self) -> Envelope<'a> {
        let Self { envelope, identity, metadata, .. } = self;
        let role = identity.arn.get().and_then(role).map(str::to_owned);
        let mut envelope = Envelope {
            application: metadata.application.or(role.map(Text::from).unwrap_or_default()),
            conversation_id: metadata.conversation,
            tenant: metadata.tenant,
            provider: Text::from("bedrock"),
            ..envelope
        };
        // Whom the application names is the end user; the caller of the API then is the application's key.
        match metadata.user.get() {
            Some(_) => (envelope.user.id, envelope.api_key_id) = (metadata.user, identity.arn),
            None => {
                // Single sign-on names a role's session after the person, by their address.
                let session = identity.arn.get().and_then(session).filter(|session| session.contains('@'));
                envelope.user.name = session.map(|session| Text::from(session.to_owned())).unwrap_or_default();
                envelope.user.id = identity.arn;
            }
        }
        envelope
    }
}

/// The name of a role's session in an ARN of STS.
fn session(arn: &str) -> Option<&str> {
    role(arn).and_then(|_| arn.rsplit_once('/')).map(|(_, session)| session)
}

/// The role in an ARN of STS; a role belongs to an application, a user does not.
fn role(arn: &str) -> Option<&str> {
    let (kind, rest) = arn.rsplit(':').next()?.split_once('/')?;
    (kind == "assumed-role").then(|| rest.split('/').next()).flatten()
}
