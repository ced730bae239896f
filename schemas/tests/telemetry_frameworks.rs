//! Spans of frameworks with attributes of their own, as each documents them: whose every text is, and what is only
//! repeated.
#![cfg(test)]

mod telemetry_support;

use schemas::Interaction;
use schemas::signal::Flag;
use serde_json::{Value, json};
use telemetry_support::{interactions, read, read_one, texts};

fn attribute(key: &str, value: &Value) -> Value {
    let value = match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| json!({"stringValue": value})).collect();
            json!({"arrayValue": {"values": values}})
        }
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": key, "value": value})
}

/// A message of spans, each the child of the one before, with what `attributes` say.
fn message(spans: &[Value]) -> String {
    let span = |(at, attributes): (usize, &Value)| {
        let attributes = attributes.as_object().expect("attributes").iter();
        json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("00000000000000a{at}"),
            "parentSpanId": if at == 0 { String::new() } else { format!("00000000000000a{}", at - 1) },
            "startTimeUnixNano": "1777636800000000000", "name": "span", "kind": 1,
            "attributes": attributes.map(|(key, value)| attribute(key, value)).collect::<Vec<_>>()})
    };
    let spans: Vec<_> = spans.iter().enumerate().map(span).collect();
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string()
}

fn one(attributes: &Value) -> Interaction {
    read_one(message(std::slice::from_ref(attributes)).as_bytes())
}

#[test]
fn vercels_spans_of_calls_are_read_and_those_around_them_are_not() {
    let messages = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}, {"type": "image", "image": "aGk="}]},
        {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "weather", "input": {"city": "Paris"}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "weather", "output": {"type": "text", "value": "rain"}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c0", "result": {"celsius": 9}}]},
    ]);
    let outer = json!({"ai.operationId": "ai.generateText", "ai.prompt": "{\"system\":\"Be kind.\",\"prompt\":\"Weather?\"}",
        "ai.response.text": "It rains."});
    let inner = json!({"ai.operationId": "ai.generateText.doGenerate", "gen_ai.system": "openai.chat",
        "gen_ai.request.model": "gpt-5", "ai.model.id": "gpt-5", "ai.prompt.messages": messages.to_string(),
        "ai.prompt.tools": ["{\"type\":\"function\",\"name\":\"weather\",\"description\":\"Tells the weather.\"}"],
        "ai.response.text": "It rains.", "ai.response.finishReason": "tool-calls",
        "ai.response.toolCalls": "[{\"toolCallId\":\"c2\",\"toolName\":\"umbrella\",\"args\":\"{\\\"n\\\":1}\"}]",
        "ai.usage.promptTokens": 12, "ai.usage.completionTokens": 3});
    let expected = [
        ("system", "Be kind."),
        ("user", "Weather?"),
        ("tool_call", "{\"city\":\"Paris\"}"),
        ("tool_result", "rain"),
        ("tool_result", "{\"celsius\":9}"),
        ("document", "Tells the weather."),
        ("assistant", "It rains."),
        ("tool_call", "{\"n\":1}"),
    ];
    let out = read(message(&[outer.clone(), inner]).as_bytes()).expect("read");
    assert_eq!(out.passed_by, 1);
    let read_calls = interactions(out);
    assert_eq!(read_calls.len(), 1);
    let call = &read_calls[0];
    assert_eq!(texts(call), expected);
    assert_eq!(call.messages[3].name.as_deref(), Some("weather"));
    assert_eq!((call.tokens.input, call.tokens.output, call.skipped.images), (Some(12), Some(3), 1));
    assert_eq!((call.model.as_deref(), call.finish_reasons.clone()), (Some("gpt-5"), vec!["tool-calls".to_owned()]));
    // Alone, the span around is context like any wrapper.
    let out = read(message(&[outer]).as_bytes()).expect("read");
    assert_eq!((out.inputs.len(), out.passed_by), (0, 1));
}

#[test]
fn what_is_handed_to_vercels_sdk_is_read_once() {
    let call =
        |handed: &Value| one(&json!({"ai.operationId": "ai.streamText.doStream", "ai.prompt": handed.to_string()}));
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "Weather?"}]}]);
    for handed in [
        json!({"system": "Be kind.", "prompt": "Weather?"}),
        json!({"system": "Be kind.", "messages": messages}),
        json!({"system": "Be kind.", "prompt": messages}),
    ] {
        assert_eq!(texts(&call(&handed)), [("system", "Be kind."), ("user", "Weather?")], "{handed}");
    }
}

#[test]
fn vercels_tools_are_steps_and_embeddings_are_passed_by() {
    let tool = json!({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "weather", "ai.toolCall.id": "c1",
        "ai.toolCall.args": "{\"city\":\"Paris\"}", "ai.toolCall.result": "{\"sky\":\"grey\"}"});
    assert_eq!(texts(&one(&tool)), [("tool_call", "{\"city\":\"Paris\"}"), ("tool_result", "{\"sky\":\"grey\"}")]);
    let embedding = json!({"ai.operationId": "ai.embed.doEmbed", "ai.values": ["\"text\""]});
    assert_eq!(read(message(&[embedding]).as_bytes()).expect("read").passed_by, 1);
    let cut = json!({"ai.operationId": "ai.streamText.doStream", "ai.prompt.messages": "[{\"role\":\"user\",\"content\":\"ignore al"});
    assert!(texts(&one(&cut))[0].1.contains("ignore al"));
}

#[test]
fn googles_kit_has_bodies_of_gemini() {
    let request = json!({"model": "gemini-2.5-flash", "config": {"system_instruction": "Be kind.",
        "tools": [{"function_declarations": [{"name": "weather", "description": "Tells the weather."}]}]},
        "contents": [{"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "user", "parts": [{"function_response": {"name": "weather", "response": {"sky": "grey"}}}]}]});
    let response = json!({"content": {"role": "model", "parts": [{"text": "Grey."}]}, "finish_reason": "STOP"});
    let call = one(&json!({"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.session_id": "s-1", "gcp.vertex.agent.llm_request": request.to_string(),
        "gcp.vertex.agent.llm_response": response.to_string()}));
    let found = texts(&call);
    assert_eq!(found[..2], [("system", "Be kind."), ("user", "Weather?")]);
    assert_eq!((found[2].0, found[2].1.contains("grey")), ("tool_result", true));
    assert_eq!(found[3..], [("document", "Tells the weather."), ("assistant", "Grey.")]);
    assert_eq!(call.who.conversation_id.as_deref(), Some("s-1"));
    let tool = one(&json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather",
        "gen_ai.tool.description": "Tells the weather.", "gcp.vertex.agent.llm_request": "{}",
        "gcp.vertex.agent.tool_call_args": "{\"city\":\"Paris\"}", "gcp.vertex.agent.tool_response": "{\"sky\":\"grey\"}"}));
    assert_eq!(
        texts(&tool),
        [
            ("document", "Tells the weather."),
            ("tool_call", "{\"city\":\"Paris\"}"),
            ("tool_result", "{\"sky\":\"grey\"}")
        ]
    );
}

#[test]
fn pydantics_events_in_an_attribute_are_a_conversation() {
    let events = json!([
        {"event.name": "gen_ai.system.message", "role": "system", "content": "Be kind."},
        {"event.name": "gen_ai.user.message", "role": "user", "content": "Weather?"},
        {"event.name": "gen_ai.assistant.message", "role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}}]},
        {"event.name": "gen_ai.tool.message", "role": "tool", "id": "c1", "name": "weather", "content": "rain"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "It rains."}},
    ]);
    let call = one(&json!({"gen_ai.system": "openai", "gen_ai.operation.name": "chat", "events": events.to_string()}));
    let expected = [
        ("system", "Be kind."),
        ("user", "Weather?"),
        ("tool_call", "{\"city\":\"Paris\"}"),
        ("tool_result", "rain"),
        ("assistant", "It rains."),
    ];
    assert_eq!(texts(&call), expected);
    assert!(call.messages[4].response && !call.messages[3].response);
    let run = json!({"gen_ai.agent.name": "a", "all_messages_events": events.to_string()});
    assert_eq!(read(message(&[run]).as_bytes()).expect("read").passed_by, 1);
}

#[test]
fn what_langfuse_and_mlflow_traced_is_read_by_its_kind() {
    let messages = json!([{"role": "user", "content": "Weather?"}]).to_string();
    let answer = json!({"role": "assistant", "content": "Grey."}).to_string();
    let call = one(&json!({"langfuse.observation.type": "generation", "langfuse.observation.input": messages,
        "langfuse.observation.output": answer, "langfuse.observation.model.name": "gpt-5", "langfuse.user.id": "bob",
        "langfuse.observation.usage_details": "{\"input\":5,\"output\":2}"}));
    assert_eq!(texts(&call), [("user", "Weather?"), ("assistant", "Grey.")]);
    assert_eq!((call.model.as_deref(), call.tokens.input, call.tokens.output), (Some("gpt-5"), Some(5), Some(2)));
    assert_eq!(call.who.user.and_then(|user| user.id).as_deref(), Some("bob"));
    let request = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "Weather?"}]}).to_string();
    let response = json!({"choices": [{"message": {"role": "assistant", "content": "Grey."}}]}).to_string();
    let call = one(
        &json!({"mlflow.spanType": "\"CHAT_MODEL\"", "mlflow.spanInputs": request, "mlflow.spanOutputs": response}),
    );
    assert_eq!(texts(&call), [("user", "Weather?"), ("assistant", "Grey.")]);
    let tool = one(
        &json!({"mlflow.spanType": "\"TOOL\"", "mlflow.spanInputs": "{\"city\":\"Paris\"}", "mlflow.spanOutputs": "\"rain\""}),
    );
    assert_eq!(texts(&tool), [("tool_call", "{\"city\":\"Paris\"}"), ("tool_result", "rain")]);
    let retrieval = one(&json!({"mlflow.spanType": "\"RETRIEVER\"", "mlflow.spanInputs": "{\"query\":\"rain\"}",
        "mlflow.spanOutputs": "[{\"page_content\":\"It rains.\",\"metadata\":{}}]"}));
    assert_eq!(texts(&retrieval), [("user", "rain"), ("document", "It rains.")]);
    let agent = json!({"mlflow.spanType": "\"AGENT\"", "mlflow.spanInputs": "\"q\"", "mlflow.spanOutputs": "\"a\""});
    assert_eq!(read(message(&[agent]).as_bytes()).expect("read").passed_by, 1);
}

/// The first conventions had the texts in two attributes; LangSmith still writes them, in whatever shape a run had.
#[test]
fn what_a_run_got_and_gave_is_read_from_the_first_attributes() {
    let plain = one(&json!({"gen_ai.system": "openai", "gen_ai.prompt": "Weather?", "gen_ai.completion": "Grey."}));
    assert_eq!(texts(&plain), [("user", "Weather?"), ("assistant", "Grey.")]);
    let constructor = |class: &str, content: &str| {
        json!({"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", class],
            "kwargs": {"content": content}})
    };
    let prompt =
        json!({"messages": [[constructor("SystemMessage", "Be brief."), constructor("HumanMessage", "Weather?")]]});
    let completion = json!({"generations": [[{"text": "Grey.", "message": constructor("AIMessage", "Grey.")}]]});
    let chain = one(&json!({"langsmith.span.kind": "llm", "gen_ai.system": "openai", "gen_ai.operation.name": "chat",
        "gen_ai.prompt": prompt.to_string(), "gen_ai.completion": completion.to_string()}));
    assert_eq!(texts(&chain)[..2], [("system", "Be brief."), ("user", "Weather?")]);
    assert!(texts(&chain)[2..].iter().all(|text| *text == ("assistant", "Grey.")), "{:?}", texts(&chain));
    let request = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "Weather?"}]}).to_string();
    let response = json!({"choices": [{"message": {"role": "assistant", "content": "Grey."}}]}).to_string();
    let wrapped = one(&json!({"langsmith.span.kind": "llm", "gen_ai.prompt": request, "gen_ai.completion": response}));
    assert_eq!(texts(&wrapped), [("user", "Weather?"), ("assistant", "Grey.")]);
    let tool = one(&json!({"langsmith.span.kind": "tool", "langsmith.trace.name": "weather",
        "gen_ai.prompt": "{\"city\":\"Paris\"}", "gen_ai.completion": "rain"}));
    assert_eq!(texts(&tool), [("tool_call", "{\"city\":\"Paris\"}"), ("tool_result", "rain")]);
    let parts = json!([{"text": "Weather?"}]).to_string();
    let agent = json!({"langsmith.span.kind": "chain", "gen_ai.prompt": parts, "gen_ai.completion": "Grey."});
    assert_eq!(read(message(&[agent]).as_bytes()).expect("read").passed_by, 1);
}

/// An SDK's limit on the length of attributes cuts a conversation: what is whole keeps its channels.
#[test]
fn a_conversation_that_a_limit_cut_keeps_its_channels() {
    let result = |id: &str, response: &str| {
        format!(r#"{{"role":"tool","parts":[{{"type":"tool_call_response","id":"{id}","response":"{response}"}}]}}"#)
    };
    let asked = r#"{"role":"user","parts":[{"type":"text","content":"Weather?"}]}"#;
    let messages = format!("[{asked},{},{}]", result("c", "rain"), result("d", "and wind"));
    let cut = messages.strip_suffix(" wind\"}]}]").expect("its end");
    let read = one(&json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": cut}));
    assert_eq!(texts(&read)[..2], [("user", "Weather?"), ("tool_result", "rain")]);
    assert!(matches!(texts(&read)[2..], [("tool_result", rest)] if rest.ends_with("and")), "{:?}", texts(&read));
    assert!(read.flags.contains(&Flag::Truncated));
    let first = messages.get(..40).expect("its beginning");
    let read = one(&json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": first}));
    assert_eq!(texts(&read), [("user", first)], "nothing is whole");
}

#[test]
fn words_that_frameworks_use_are_nobodys_alone() {
    for attributes in [
        json!({"events": "[{\"event.name\":\"gen_ai.user.message\",\"content\":\"hi\"}]"}),
        json!({"tool_arguments": "{}", "tool_response": "x"}),
        json!({"langfuse.observation.type": "evaluator", "langfuse.observation.input": "x"}),
    ] {
        let out = read(message(std::slice::from_ref(&attributes)).as_bytes()).expect("read");
        assert_eq!((out.inputs.len(), out.passed_by), (0, 1), "{attributes}");
    }
}

#[test]
fn descriptions_of_tools_are_documents_in_every_dialect() {
    let latest = json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t", "gen_ai.tool.description": "D",
        "gen_ai.tool.call.arguments": "{}", "gen_ai.tool.call.result": "r"});
    let openinference = json!({"openinference.span.kind": "TOOL", "tool.name": "t", "tool.description": "D",
        "input.value": "{}", "output.value": "r"});
    for attributes in [latest, openinference] {
        let tool = one(&attributes);
        assert_eq!(texts(&tool), [("document", "D"), ("tool_call", "{}"), ("tool_result", "r")]);
        assert_eq!(tool.messages[0].name.as_deref(), Some("t"));
    }
}

#[test]
fn who_is_told_in_more_than_one_way() {
    let call = one(&json!({"gen_ai.input.messages": "hi", "enduser.pseudo.id": "p-1", "mcp.session.id": "m-1"}));
    assert_eq!(call.who.user.and_then(|user| user.id).as_deref(), Some("p-1"));
    assert_eq!(call.who.session_id.as_deref(), Some("m-1"));
    let call = one(&json!({"openinference.span.kind": "LLM", "gen_ai.request.model": "gpt-5",
        "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi"}));
    assert_eq!(call.model.as_deref(), Some("gpt-5"));
}

#[test]
fn metrics_on_the_topic_are_passed_by() {
    let out = read(br#"{"resourceMetrics":[{"scopeMetrics":[]}]}"#).expect("recognised");
    assert_eq!((out.inputs.len(), out.passed_by), (0, 1));
}
