//! Telemetry of AI applications: `exchange`, LiteLLM, OTLP spans, Bedrock's invocation log.

use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{AWS_ACCOUNT, Agent, Person};
use crate::simulation::people::{Application, Carrier, Provider};

/// One exchange with an application.
pub struct Exchange<'a> {
    /// The record's id: 32 hexadecimal digits and hyphens.
    pub id: &'a str,
    /// When.
    pub time: Timestamp,
    /// Who asks.
    pub asker: Asker<'a>,
    /// The address that the application sees.
    pub source_ip: &'a str,
    /// What the client calls itself.
    pub user_agent: &'a str,
    /// Whom.
    pub application: &'a Application,
    /// The agent, where the application is one.
    pub agent: Option<&'a Agent>,
    /// In which conversation.
    pub conversation: &'a str,
    /// What was said.
    pub turn: &'a Turn,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum Asker<'a> {
    /// Somebody of the company.
    Person(&'a Person),
    /// A customer, by the number that the application gives them.
    Customer(&'a str),
    /// A job, by its account's name.
    Service(&'a str),
}

impl Asker<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Person(person) => &person.object_id,
            Self::Customer(id) | Self::Service(id) => id,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Person(person) => Some(&person.upn),
            Self::Customer(_) | Self::Service(_) => None,
        }
    }
}

/// A prompt and its answer.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What the user says.
    pub prompt: String,
    /// A tool that the model calls before it answers.
    pub tool: Option<ToolCall>,
    /// The answer.
    pub answer: String,
}

/// A call of a tool and what came of it.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool.
    pub name: &'static str,
    /// Its arguments, an object.
    pub arguments: Value,
    /// What it brought.
    pub result: String,
}

impl Turn {
    /// A prompt and its answer without tools.
    pub fn new(prompt: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { prompt: prompt.into(), tool: None, answer: answer.into() }
    }
}

impl Exchange<'_> {
    /// The record as the application's carrier writes it.
    pub fn written(&self) -> Written {
        let body = match self.application.carrier {
            Carrier::Exchange => self.exchange(),
            Carrier::LiteLlm => self.litellm(),
            Carrier::Otlp => self.otlp(),
            Carrier::Bedrock => self.bedrock(),
        };
        Written::new(Stream::Ai, self.id, body)
    }

    /// The native JSON of the contract with the provider's bodies.
    pub fn exchange(&self) -> Value {
        let (provider, request, response) = match self.application.provider {
            Provider::OpenAi => ("openai", self.openai_request(), self.openai_response()),
            Provider::AzureOpenAi => ("azure_openai", self.openai_request(), self.openai_response()),
            Provider::Anthropic => ("anthropic", self.anthropic_request(), self.anthropic_response()),
        };
        let mut body = json!({
            "id": self.id,
            "time": self.time.to_string(),
            "application": self.application.name,
            "conversation_id": self.conversation,
            "user": { "id": self.asker.id(), "name": self.asker.name(), "type": "entra" },
            "source_ip": self.source_ip,
            "user_agent": self.user_agent,
            "provider": provider,
            "model": self.application.model,
            "request": request,
            "response": response,
        });
        if let (Some(agent), Some(object)) = (self.agent, body.as_object_mut()) {
            object.insert("agent".to_owned(), json!({ "id": agent.id, "name": agent.name }));
            object.insert("api_key_id".to_owned(), json!(agent.key_id));
        }
        body
    }

    fn openai_messages(&self) -> Vec<Value> {
        let turn = self.turn;
        let mut messages = vec![
            json!({ "role": "system", "content": self.application.system }),
            json!({ "role": "user", "content": turn.prompt }),
        ];
        if let Some(tool) = &turn.tool {
            let function = json!({ "name": tool.name, "arguments": tool.arguments.to_string() });
            let call = json!({ "id": "call_1", "type": "function", "function": function });
            messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] }));
            messages.push(json!({ "role": "tool", "tool_call_id": "call_1", "content": tool.result }));
        }
        messages
    }

    fn openai_request(&self) -> Value {
        json!({ "model": self.application.model, "messages": self.openai_messages() })
    }

    fn openai_response(&self) -> Value {
        let (input, output) = self.tokens();
        json!({
            "id": format!("chatcmpl-{}", self.id),
            "object": "chat.completion",
            "model": self.application.model,
            "choices": [{
                "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": self.turn.answer } }],
            "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output },
        })
    }

    fn anthropic_request(&self) -> Value {
        let mut messages = vec![json!({ "role": "user", "content": self.turn.prompt })];
        if let Some(tool) = &self.turn.tool {
            messages.push(json!({ "role": "assistant", "content": [
                { "type": "tool_use", "id": "toolu_1", "name": tool.name, "input": tool.arguments } ] }));
            messages.push(json!({ "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": tool.result } ] }));
        }
        json!({
            "model": self.application.model,
            "max_tokens": 1024,
            "system": self.application.system,
            "messages": messages,
        })
    }

    fn anthropic_response(&self) -> Value {
        let (input, output) = self.tokens();
        json!({
            "id": format!("msg_{}", self.id),
            "type": "message",
            "role": "assistant",
            "model": self.application.model,
            "content": [{ "type": "text", "text": self.turn.answer }],
            "stop_reason": "end_turn",
            "usage": { "input_tokens": input, "output_tokens": output },
        })
    }

    /// LiteLLM rewrites every provider's exchange in OpenAI's shape.
    fn litellm(&self) -> Value {
        let (input, output) = self.tokens();
        let seconds = self.time.millis() as f64 / 1e3;
        let key = match self.asker {
            Asker::Person(person) => person.gateway_key.as_str(),
            Asker::Customer(id) | Asker::Service(id) => id,
        };
        json!({
            "id": self.id,
            "litellm_call_id": self.id,
            "session_id": self.conversation,
            "call_type": "acompletion",
            "status": "success",
            "custom_llm_provider": "anthropic",
            "startTime": seconds,
            "endTime": seconds + 1.5,
            "model": self.application.model,
            "model_group": self.application.model,
            "response_cost": 0.0001,
            "prompt_tokens": input,
            "completion_tokens": output,
            "total_tokens": input + output,
            "requester_ip_address": self.source_ip,
            "user_agent": self.user_agent,
            "metadata": {
                "user_api_key_hash": key,
                "user_api_key_user_id": self.asker.id(),
                "user_api_key_user_email": self.asker.name(),
                "requester_metadata": { "application": self.application.name },
            },
            "messages": self.openai_messages(),
            "response": self.openai_response(),
            "model_parameters": {},
            "hidden_params": {},
        })
    }

    /// A span of the GenAI conventions, as the Collector's exporter wraps it.
    fn otlp(&self) -> Value {
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let messages = |role: &str, content: &str| {
            json!([{ "role": role, "parts": [{ "type": "text", "content": content }] }]).to_string()
        };
        let (input, output) = self.tokens();
        let number = |key: &str, value: usize| json!({ "key": key, "value": { "intValue": value.to_string() } });
        let mut attributes = vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", self.application.model),
            text("gen_ai.response.id", self.id),
            text("gen_ai.conversation.id", self.conversation),
            text("gen_ai.input.messages", &messages("user", &self.turn.prompt)),
            text("gen_ai.output.messages", &messages("assistant", &self.turn.answer)),
            number("gen_ai.usage.input_tokens", input),
            number("gen_ai.usage.output_tokens", output),
            text("user.id", self.asker.id()),
            text("client.address", self.source_ip),
        ];
        attributes.extend(self.asker.name().map(|name| text("user.name", name)));
        let digits: String = self.id.chars().filter(char::is_ascii_hexdigit).collect();
        let span: String = digits.chars().take(16).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": [text("service.name", self.application.name)] },
            "scopeSpans": [{ "scope": { "name": "gen_ai" }, "spans": [{
                "traceId": digits,
                "spanId": span,
                "name": format!("chat {}", self.application.model),
                "kind": 3,
                "startTimeUnixNano": format!("{}000000", self.time.millis()),
                "endTimeUnixNano": format!("{}000000", self.time.millis() + 1500),
                "attributes": attributes,
                "status": {},
            }] }],
        }] })
    }

    fn bedrock(&self) -> Value {
        let block = |text: &str| json!([{ "text": text }]);
        let (input, output) = self.tokens();
        json!({
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": self.time.to_string(),
            "accountId": AWS_ACCOUNT,
            "identity": { "arn": format!("arn:aws:sts::{AWS_ACCOUNT}:assumed-role/{}/app", self.application.name) },
            "region": "eu-central-1",
            "requestId": self.id,
            "operation": "Converse",
            "modelId": self.application.model,
            "requestMetadata": {
                "application": self.application.name,
                "user": self.asker.name().unwrap_or(self.asker.id()),
                "conversation_id": self.conversation,
            },
            "input": {
                "inputContentType": "application/json",
                "inputBodyJson": {
                    "system": block(self.application.system),
                    "messages": [{ "role": "user", "content": block(&self.turn.prompt) }],
                },
                "inputTokenCount": input,
            },
            "output": {
                "outputContentType": "application/json",
                "outputBodyJson": {
                    "output": { "message": { "role": "assistant", "content": block(&self.turn.answer) } },
                    "stopReason": "end_turn",
                    "metrics": { "latencyMs": 900 },
                    "usage": { "inputTokens": input, "outputTokens": output, "totalTokens": input + output },
                },
                "outputTokenCount": output,
            },
        })
    }

    /// Tokens in and out: about four bytes each, as tokenizers of English make.
    fn tokens(&self) -> (usize, usize) {
        (self.turn.prompt.len() / 4 + 1, self.turn.answer.len() / 4 + 1)
    }
}
