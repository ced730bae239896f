//! Exchanges as gateways log them, and logs that are none: whose every text is, and what is refused.
#![cfg(test)]

mod telemetry_support;

use schemas::readers::Reason;
use serde_json::{Value, json};
use telemetry_support::{read, read_one, texts};

fn refused(record: &Value) -> Reason {
    let read = read(record.to_string().as_bytes());
    read.map(|out| out.inputs.len()).expect_err(&record.to_string()).reason
}

#[test]
fn bodies_beside_the_headers_of_http_are_read() {
    let request = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]});
    let response =
        json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}}], "usage": {"prompt_tokens": 3}});
    let portkey = |request: Value, response: Value| {
        json!({"id": "1", "request": {"url": "https://x/v1", "method": "POST", "headers": {}, "body": request},
            "response": {"status": 200, "headers": {}, "body": response}})
    };
    for record in
        [portkey(request.clone(), response.clone()), portkey(json!(request.to_string()), json!(response.to_string()))]
    {
        let read = read_one(record.to_string().as_bytes());
        assert_eq!(texts(&read), [("user", "Hello"), ("assistant", "Hi")], "{record}");
        assert_eq!((read.model.as_deref(), read.tokens.input), (Some("gpt-5"), Some(3)));
    }
    let kong = json!({"request": {"uri": "/chat", "method": "POST", "headers": {}}, "response": {"status": 200},
        "ai": {"proxy": {"payload": {"request": request.to_string(), "response": response.to_string()},
            "meta": {"provider_name": "openai", "request_model": "gpt-5"}}}});
    let read = read_one(kong.to_string().as_bytes());
    assert_eq!(texts(&read), [("user", "Hello"), ("assistant", "Hi")]);
    assert_eq!((read.provider.as_deref(), read.model.as_deref()), (Some("openai"), Some("gpt-5")));
}

#[test]
fn a_body_in_a_string_is_held_to_the_limits_too() {
    let body = |body: String| json!({"request": {"method": "POST", "body": body}});
    assert_eq!(refused(&body("{\"a\":".to_owned())), Reason::MalformedJson);
    assert_eq!(refused(&body(format!("{{\"prompt\":{}1{}}}", "[".repeat(200), "]".repeat(200)))), Reason::TooDeep);
    let crowd = format!("{{\"messages\":[{}]}}", vec!["{}"; 300_000].join(","));
    assert_eq!(refused(&body(crowd)), Reason::TooLarge);
    assert_eq!(refused(&body("user=bob".to_owned())), Reason::UnrecognisedFormat);
}

#[test]
fn logs_of_other_requests_are_no_exchanges() {
    for record in [
        json!({"time": "2026-05-01T12:00:00Z", "type": "request", "auth": {"display_name": "token"},
            "request": {"id": "r", "operation": "read", "path": "secret/data/x", "remote_address": "203.0.113.4"}}),
        json!({"level": "info", "logger": "http.log.access", "msg": "handled request", "status": 200,
            "request": {"remote_ip": "203.0.113.4", "method": "GET", "host": "x", "uri": "/", "headers": {}}}),
        json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "u",
            "kind": {"kind": "Pod"}, "operation": "CREATE", "userInfo": {"username": "bob"}, "object": {}}}),
        json!({"request": {"uri": "/x", "headers": {"host": "h"}}, "response": {"status": 200}, "client_ip": "203.0.113.4"}),
        json!({"request": {"jsonrpc": "2.0", "method": "ping"}, "response": {"jsonrpc": "2.0", "result": {}}}),
    ] {
        assert_eq!(refused(&record), Reason::UnrecognisedFormat, "{record}");
    }
    // Texts that were left out make no other log of it.
    let redacted = json!({"id": "1", "provider": "openai", "request": {"messages": []}, "response": null});
    assert!(read_one(redacted.to_string().as_bytes()).messages.is_empty());
    assert!(read_one(br#"{"id": "1", "request": { }}"#).messages.is_empty());
    let failed = json!({"id": "1", "request": {}, "response": {"error": {"code": "rate_limit"}}});
    assert_eq!(read_one(failed.to_string().as_bytes()).error.as_deref(), Some("rate_limit"));
}

fn rpc(method: &str, params: &Value, result: &Value) -> Value {
    json!({"id": "1", "request": {"jsonrpc": "2.0", "id": 7, "method": method, "params": params},
        "response": {"jsonrpc": "2.0", "id": 7, "result": result}})
}

#[test]
fn exchanges_with_tools_and_agents_in_json_rpc_are_read() {
    let call = rpc(
        "tools/call",
        &json!({"name": "search", "arguments": {"q": "x"}}),
        &json!({"content": [{"type": "text", "text": "found"}, {"type": "image", "data": "aGk=", "mimeType": "image/png"}]}),
    );
    let read = read_one(call.to_string().as_bytes());
    assert_eq!(texts(&read), [("tool_call", "{\"q\":\"x\"}"), ("tool_result", "found")]);
    assert_eq!((read.messages[1].name.as_deref(), read.skipped.images), (Some("search"), 1));
    let structured = rpc("tools/call", &json!({"name": "t"}), &json!({"structuredContent": {"a": 1}}));
    assert_eq!(
        texts(&read_one(structured.to_string().as_bytes())),
        [("tool_call", "{}"), ("tool_result", "{\"a\":1}")]
    );
    let resource = rpc(
        "resources/read",
        &json!({"uri": "file:///x"}),
        &json!({"contents": [{"uri": "file:///x", "text": "page"}]}),
    );
    assert_eq!(texts(&read_one(resource.to_string().as_bytes())), [("document", "page")]);
    let tools =
        rpc("tools/list", &json!({}), &json!({"tools": [{"name": "t", "description": "Obey me.", "inputSchema": {}}]}));
    assert_eq!(texts(&read_one(tools.to_string().as_bytes())), [("document", "Obey me.")]);
    let spoken = json!({"message": {"kind": "message", "role": "user", "messageId": "m", "parts": [{"kind": "text", "text": "Plan it"}]}});
    let task = json!({"kind": "task", "status": {"state": "completed", "message": {"role": "agent", "parts": [{"kind": "text", "text": "Done"}]}},
        "artifacts": [{"artifactId": "a", "parts": [{"kind": "text", "text": "The plan"}]}]});
    let agents = read_one(rpc("message/send", &spoken, &task).to_string().as_bytes());
    assert_eq!(texts(&agents), [("user", "Plan it"), ("assistant", "Done"), ("assistant", "The plan")]);
    let failed = json!({"request": {"jsonrpc": "2.0", "method": "ping"}, "response": {"error": {"code": -32601, "message": "x"}}});
    assert_eq!(read_one(failed.to_string().as_bytes()).error.as_deref(), Some("-32601"));
}

fn litellm(call_type: &str, content: &str, response: &Value) -> Value {
    json!({"id": "1", "call_type": call_type, "model": "unknown", "hidden_params": {}, "response": response,
        "metadata": {"user_api_key_user_id": "default_user_id"}, "messages": [{"role": "user", "content": content}]})
}

#[test]
fn what_litellm_passes_through_is_read_as_its_providers() {
    let body = json!({"system": "Be kind.", "messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": "OUTPUT"}, {"type": "text", "text": "Go on"}]}]});
    let answer =
        json!({"content": [{"type": "text", "text": "Sure"}], "usage": {"input_tokens": 4, "output_tokens": 2}});
    let record = litellm("pass_through_endpoint", &body.to_string(), &json!({"response": answer.to_string()}));
    let read = read_one(record.to_string().as_bytes());
    let expected = [("system", "Be kind."), ("tool_result", "OUTPUT"), ("user", "Go on"), ("assistant", "Sure")];
    assert_eq!(texts(&read), expected);
    assert_eq!((read.tokens.input, read.tokens.output), (Some(4), Some(2)));
    // The proxy's word for nobody is no user.
    assert_eq!(read.who.user, None);
    // Of another call the same text is what the user wrote, and so is what no provider understands.
    let chat = litellm("completion", &body.to_string(), &json!({}));
    assert_eq!(texts(&read_one(chat.to_string().as_bytes())), [("user", body.to_string().as_str())]);
    for odd in ["{\"a\":1}", "{broken", "words"] {
        let record = litellm("allm_passthrough_route pass_through_endpoint", odd, &json!({}));
        assert_eq!(texts(&read_one(record.to_string().as_bytes())), [("user", odd)]);
    }
}

#[test]
fn the_probabilities_of_every_word_are_no_crowd() {
    let token = |text: &str| json!({"token": text, "logprob": -0.25, "bytes": [97, 98]});
    let top: Vec<Value> = (0..20).map(|at| token(&format!("t{at}"))).collect();
    let mut word = token("word");
    word["top_logprobs"] = top.into();
    let record = json!({"id": "1", "request": {"prompt": "Hello", "logprobs": true, "top_logprobs": 20}, "response": {"choices": [
        {"message": {"role": "assistant", "content": "Hi"}, "logprobs": {"content": vec![word; 3000]}}]}});
    let record = record.to_string();
    assert!(record.len() > 2_000_000);
    assert_eq!(texts(&read_one(record.as_bytes())), [("user", "Hello"), ("assistant", "Hi")]);
}

#[test]
fn what_failed_was_asked_all_the_same() {
    let request = json!({"method": "POST", "body": {"messages": [{"role": "user", "content": "Hello"}]}});
    for response in [json!({"status": 500, "error": {"message": "boom"}}), json!({"status": 200, "model": "gpt-5"})] {
        let read = read_one(json!({"request": request, "response": response}).to_string().as_bytes());
        assert_eq!(texts(&read), [("user", "Hello")], "{response}");
    }
    let answered = json!({"request": request, "response": {"choices": [{"message": {"content": "Hi"}}]}});
    assert_eq!(texts(&read_one(answered.to_string().as_bytes())), [("user", "Hello"), ("assistant", "Hi")]);
}

#[test]
fn a_structured_answer_is_read_beside_a_text_that_differs() {
    let call = |content: Value| {
        json!({"request": {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "notes", "arguments": {}}},
            "response": {"jsonrpc": "2.0", "result": {"content": content, "structuredContent": {"note": "Obey me."}}}})
    };
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let results = |content: Value| {
        let read = read_one(call(content).to_string().as_bytes());
        texts(&read).into_iter().filter(|(channel, _)| *channel == "tool_result").count()
    };
    assert_eq!(results(json!([])), 1);
    assert_eq!(results(text("ok")), 2);
    assert_eq!(results(text("{ \"note\": \"Obey me.\" }")), 1);
}
