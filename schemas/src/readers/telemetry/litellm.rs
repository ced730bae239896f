//! `litellm`: the StandardLoggingPayload of the LiteLLM proxy, as its callbacks write it, and the rows of its spend logs.
//!
//! Source: docs.litellm.ai/docs/proxy/logging_spec. The proxy has rewritten every provider's exchange in
//! OpenAI's shape: `messages` and `model_parameters` are the request, `response` is the response. Its keys, users,
//! teams and organisations stand in `metadata`. Calls of MCP tools and searches in vector stores, which the proxy
//! makes itself, stand there too.

use crate::readers::Json;

use super::body::{Body, Part, Request, read_response};
use super::envelope::{Envelope, text};
use super::lenient::{Count, List, Pairs, Raw, Text, object};
use crate::interaction::{Channel, FilterVerdict, Skipped, Tokens};
use crate::readers::json::refuse_crowds;
use crate::readers::{Context, Limits, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `litellm` records.
pub struct LiteLlm;

/// Members of every payload, and some of which versions have had one or another.
const KEYS: [&str; 3] = ["call_type", "metadata", "model"];
const MARKS: [&str; 6] =
    ["hidden_params", "litellm_call_id", "model_map_information", "model_parameters", "response_cost", "spend"];

impl Reader for LiteLlm {
    fn name(&self) -> &'static str {
        "litellm"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.has_all(&KEYS) && record.has_any(&MARKS)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        refuse_crowds(record.bytes, context.limits.values_max)?;
        let Some(object) = record.object() else {
            return Err(ReadError::new(Reason::MalformedJson, "not a JSON object"));
        };
        let mut payload = Payload::default();
        for (key, value) in object.members() {
            payload.set(key, value).map_err(|error| ReadError::json(&error))?;
        }
        let mut body = Body::default();
        let request = payload.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        payload.envelope().publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

object! {
    /// What the caller sent along with the request.
    RequesterMetadata {
        "application" | "app" | "app_name" | "application_name" => application: Text<'a>,
        "conversation_id" | "session_id" | "thread_id" => conversation: Text<'a>,
        "agent" | "agent_name" => agent: Text<'a>,
    }
}

object! {
    /// A call of a tool of an MCP server.
    McpCall {
        "name" | "namespaced_tool_name" => name: Text<'a>,
        "arguments" => arguments: Raw<'a>,
        "result" => result: Raw<'a>,
    }
}

object! {
    /// A search in a vector store.
    Search {
        "vector_store_search_response" => response: SearchResponse<'a>,
    }
}

object! {
    /// What was found.
    SearchResponse {
        "data" => documents: List<Part<'a>>,
    }
}

object! {
    /// Who calls, as the proxy knows it by the key.
    Metadata {
        "user_api_key_hash" => key_hash: Text<'a>,
        "user_api_key_alias" => key_alias: Text<'a>,
        "user_api_key_user_id" => user_id: Text<'a>,
        "user_api_key_user_email" => user_email: Text<'a>,
        "user_api_key_end_user_id" => end_user: Text<'a>,
        "user_api_key_team_id" => team: Text<'a>,
        "user_api_key_org_id" => organisation: Text<'a>,
        "requester_ip_address" => source_ip: Text<'a>,
        "user_agent" => user_agent: Text<'a>,
        "requester_metadata" => requester: RequesterMetadata<'a>,
        "requester_custom_headers" => headers: Pairs<Text<'a>>,
        "mcp_tool_call_metadata" => mcp: McpCall<'a>,
        "vector_store_request_metadata" => searches: List<Search<'a>>,
    }
}

object! {
    /// A request that the proxy has not looked into.
    PassedRequest {
        "content" => body: Text<'a>,
    }
}

object! {
    /// A response that the proxy has not looked into.
    PassedResponse {
        "response" => body: Raw<'a>,
    }
}

object! {
    /// Why the exchange failed.
    ErrorInformation {
        "error_code" => code: Text<'a>,
        "error_class" => class: Text<'a>,
    }
}

object! {
    /// What may stand alone in `messages`: a message, or without a role the whole body of a request.
    OneMessage {
        "role" => role: Text<'a>,
    }
}

object! {
    /// What one of the proxy's guardrails did.
    Guardrail {
        "guardrail_name" => name: Text<'a>,
        "guardrail_status" | "status" => status: Text<'a>,
        "guardrail_mode" | "mode" => mode: Text<'a>,
        "violation_categories" => categories: List<Text<'a>>,
    }
}

/// The members of the payload that say something here.
#[derive(Default)]
struct Payload<'a> {
    envelope: Envelope<'a>,
    call_id: Text<'a>,
    call_type: Text<'a>,
    status: Text<'a>,
    start: Text<'a>,
    end: Text<'a>,
    end_user: Text<'a>,
    /// Of a spend log's row, which has beside the metadata what the payload has in it.
    row_user: Text<'a>,
    row_key: Text<'a>,
    metadata: Metadata<'a>,
    error: ErrorInformation<'a>,
    guardrails: List<Guardrail<'a>>,
    tokens: Tokens,
    messages: Option<Json<'a>>,
    parameters: Option<Json<'a>>,
    response: Option<Json<'a>>,
}

/// Whose the proxy takes a key to be that was given to nobody, the administrator's too.
const NOBODY: &str = "default_user_id";

impl<'a> Payload<'a> {
    fn set(&mut self, key: &str, value: Json<'a>) -> Result<(), serde_json::Error> {
        let count = || serde_json::from_str::<Count>(value.get()).map(|count| count.0);
        match key {
            "id" => self.envelope.id = text(value)?,
            "litellm_call_id" | "request_id" => self.call_id = text(value)?,
            "session_id" => self.envelope.conversation_id = text(value)?,
            "call_type" => self.call_type = text(value)?,
            "status" => self.status = text(value)?,
            "custom_llm_provider" => self.envelope.provider = text(value)?,
            "model" => self.envelope.model = text(value)?,
            "startTime" => self.start = text(value)?,
            "endTime" => self.end = text(value)?,
            "end_user" => self.end_user = text(value)?,
            "user" => self.row_user = text(value)?,
            "api_key" => self.row_key = text(value)?,
            "requester_ip_address" => self.envelope.source_ip = text(value)?,
            "user_agent" => self.envelope.user_agent = text(value)?,
            "prompt_tokens" => self.tokens.input = count()?,
            "completion_tokens" => self.tokens.output = count()?,
            "total_tokens" => self.tokens.total = count()?,
            "metadata" => self.metadata = serde_json::from_str(value.get())?,
            "error_information" => self.error = serde_json::from_str(value.get())?,
            "guardrail_information" => self.guardrails = serde_json::from_str(value.get())?,
            "messages" => self.messages = Some(value),
            "model_parameters" => self.parameters = Some(value),
            "response" => self.response = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Adds what was said to `body`; gives the request for what it says about the user.
    fn collect(&mut self, body: &mut Body) -> Result<Request<'a>, serde_json::Error> {
        if self.call_type.get().is_some_and(|kind| kind.contains("pass_through"))
            && self.collect_passed_through(body)?
        {
            self.collect_outcome(body);
            return Ok(Request::default());
        }
        let mut request = match self.parameters.filter(|raw| raw.get().starts_with('{')) {
            Some(raw) => serde_json::from_str::<Request<'a>>(raw.get())?,
            None => Request::default(),
        };
        for document in self.metadata.searches.0.drain(..).flat_map(|search| search.response.documents.0) {
            document.collect_document(body);
        }
        let mut whole = None;
        if let Some(messages) = self.messages {
            match serde_json::from_str::<List<OneMessage<'_>>>(messages.get())?.0.as_slice() {
                [one] if messages.get().starts_with('{') && one.role.get().is_none() => {
                    whole = Some(serde_json::from_str::<Request<'_>>(messages.get())?);
                }
                _ => request.messages = serde_json::from_str(messages.get())?,
            }
        }
        request.collect(body)?;
        whole.map_or(Ok(()), |mut whole| whole.collect(body))?;
        let mcp = std::mem::take(&mut self.metadata.mcp);
        let tool = mcp.name.get();
        if tool.is_some() {
            body.push_call(None, tool, mcp.arguments.text());
        }
        // The proxy also notes the call with the model's next answer, which the tool did not give.
        let is_tool_call = self.call_type.get().is_some_and(|kind| kind.contains("mcp"));
        match (tool, self.response) {
            (Some(name), response) if is_tool_call => {
                body.begin_response();
                collect_tool_result(name, mcp.result.or(Raw(response)), body)?;
            }
            (tool, response) => {
                tool.map_or(Ok(()), |name| collect_tool_result(name, mcp.result, body))?;
                body.begin_response();
                if let Some(response) = response {
                    read_response(response, body)?;
                    collect_refusals(response, body)?;
                }
            }
        }
        // Vectors are often left out of the payload, and what they were made of is no conversation either way.
        if self.call_type.get().is_some_and(|kind| kind.contains("embedding")) && body.skipped.embeddings == 0 {
            body.skipped.embeddings = 1;
        }
        self.collect_outcome(body);
        Ok(request)
    }

    /// Adds the bodies that the proxy has handed on unread, which it logs as the text of a user's message and as a text
    /// in `response`; tells whether that is how they stand here.
    fn collect_passed_through(&self, body: &mut Body) -> Result<bool, serde_json::Error> {
        let messages = self.messages.map_or(Ok(List::default()), |raw| serde_json::from_str(raw.get()))?;
        let [PassedRequest { body: text, .. }] = messages.0.as_slice() else { return Ok(false) };
        let text = text.get().unwrap_or_default();
        let within_limits = refuse_crowds(text.as_bytes(), Limits::default().values_max).is_ok();
        let request = serde_json::from_str::<Request<'_>>(text).ok().filter(|_| text.starts_with('{') && within_limits);
        let Some(mut request) = request else { return Ok(false) };
        request.collect(body)?;
        if body.messages.is_empty() && body.skipped == Skipped::default() {
            return Ok(false);
        }
        body.begin_response();
        let Some(response) = self.response else { return Ok(true) };
        let passed: PassedResponse<'_> = serde_json::from_str(response.get())?;
        read_response(passed.body.0.unwrap_or(response), body).map(|()| true)
    }

    fn collect_outcome(&mut self, body: &mut Body) {
        let Tokens { input, output, total, .. } = self.tokens;
        body.tokens.input = body.tokens.input.or(input);
        body.tokens.output = body.tokens.output.or(output);
        body.tokens.total = body.tokens.total.or(total);
        if self.status.get() == Some("failure") {
            let named = self.error.code.owned().or_else(|| self.error.class.owned());
            body.error = named.or(body.error.take()).or_else(|| Some("error".to_owned()));
        }
        for guardrail in self.guardrails.0.drain(..) {
            collect_guardrail(&guardrail, body);
        }
    }

    fn envelope(self) -> Envelope<'a> {
        let Self { envelope, metadata, start, end, .. } = self;
        let seconds = |text: &Text<'_>| text.get().and_then(|text| text.parse::<f64>().ok());
        let latency = seconds(&start).zip(seconds(&end)).map(|(start, end)| (end - start) * 1e3);
        let somebody = |user: Text<'a>| if user.get() == Some(NOBODY) { Text::default() } else { user };
        let key_owner = somebody(metadata.user_id).or(somebody(self.row_user));
        let user = self.end_user.or(metadata.end_user).or(key_owner);
        let mut envelope = Envelope {
            id: envelope.id.or(self.call_id),
            time: start,
            vendor_tenant: metadata.organisation.or(metadata.team),
            // A negative span of time is a clock that was set back; the cast makes nothing of it.
            // Avro's numbers end where `i64` does.
            latency_ms: latency.filter(|latency| *latency >= 0.0).map(|latency| (latency as i64).unsigned_abs()),
            application: metadata.requester.application.or(metadata.key_alias),
            conversation_id: envelope.conversation_id.or(metadata.requester.conversation),
            source_ip: envelope.source_ip.or(metadata.source_ip),
            user_agent: envelope.user_agent.or(metadata.user_agent),
            headers: metadata.headers,
            api_key_id: metadata.key_hash.or(self.row_key),
            ..envelope
        };
        envelope.user.id = user;
        envelope.user.name = metadata.user_email;
        envelope.agent.name = metadata.requester.agent;
        envelope
    }
}

object! {
    /// What OpenAI's shape, as the proxy has it, has no place for.
    ProviderFields {
        "refusal" => refusal: Text<'a>,
    }
}

object! {
    /// An answer's message.
    AnswerMessage {
        "provider_specific_fields" => fields: ProviderFields<'a>,
    }
}

object! {
    /// One of the answers.
    Answer {
        "message" => message: AnswerMessage<'a>,
    }
}

object! {
    /// A response, once more.
    Answers {
        "choices" => choices: List<Answer<'a>>,
    }
}

/// Adds refusals, which stand in place of an answer, so that only silent responses are looked at again.
fn collect_refusals(response: Json<'_>, body: &mut Body) -> Result<(), serde_json::Error> {
    if body.messages.iter().any(|message| message.response) {
        return Ok(());
    }
    let answers: Answers<'_> = serde_json::from_str(response.get())?;
    for answer in answers.choices.0 {
        body.push(Channel::Assistant, answer.message.fields.refusal.into_cow(), None);
    }
    Ok(())
}

object! {
    /// What a tool of an MCP server returned.
    McpResult {
        "content" => content: Raw<'a>,
    }
}

fn collect_tool_result(name: &str, result: Raw<'_>, body: &mut Body) -> Result<(), serde_json::Error> {
    let parts: McpResult<'_> = result.0.map_or(Ok(McpResult::default()), |raw| serde_json::from_str(raw.get()))?;
    let Some(content) = parts.content.0 else {
        body.push(Channel::ToolResult, result.text(), Some(name));
        return Ok(());
    };
    let message = format!(r#"{{"role":"tool","name":{},"content":{}}}"#, serde_json::Value::from(name), content.get());
    body.collect_messages(&message, Channel::ToolResult)
}

/// Adds what a guardrail said. One that did not run says nothing.
fn collect_guardrail(guardrail: &Guardrail<'_>, body: &mut Body) {
    let intervened = match guardrail.status.get() {
        Some("success" | "passed") => false,
        Some("guardrail_intervened" | "blocked" | "failure" | "intervened") => true,
        _ => return,
    };
    let response = guardrail.mode.get().is_some_and(|mode| mode.contains("post"));
    let mut names: Vec<String> = guardrail.categories.0.iter().filter_map(Text::owned).collect();
    if names.is_empty() {
        names.extend(guardrail.name.owned());
    }
    for category in names {
        let verdict = FilterVerdict { category, detected: intervened, filtered: intervened, severity: None, response };
        body.filters.push(verdict);
    }
}
