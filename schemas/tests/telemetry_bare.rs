//! Requests and answers with nothing around them, logs that flatten both, and lines of batches.
#![cfg(test)]

mod telemetry_support;

use serde_json::json;
use telemetry_support::{interactions, read, read_one, texts};

#[test]
fn requests_alone_are_read_whoever_made_them() {
    for request in [
        json!({"message": "Hi", "chat_history": [{"role": "USER", "message": "Hey"}]}),
        json!({"model": "command-r", "message": "Hi", "temperature": 0}),
        json!({"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 10}}),
        json!({"inputs": "Hi", "parameters": {"max_new_tokens": 10}}),
        json!({"model_id": "ibm/granite", "input": "Hi", "parameters": {"max_new_tokens": 10}}),
        json!({"prompt": "Hi", "max_gen_len": 10}),
        json!({"model": "m", "prompt": "Hi"}),
        json!({"model": "m", "prompt": "Hi", "seed": 7}),
        json!({"messages": r#"[{"role":"user","content":"Hi"}]"#, "ts": 1}),
    ] {
        let interaction = read_one(request.to_string().as_bytes());
        assert_eq!(interaction.format, "body", "{request}");
        assert_eq!(texts(&interaction).last(), Some(&("user", "Hi")), "{request}");
    }
}

#[test]
fn both_sides_of_a_flat_log_are_read() {
    for member in
        ["answer", "assistant_response", "completion", "generated_text", "output", "response", "response_text"]
    {
        for (asked, question) in [
            ("messages", json!([{"role": "user", "content": "Hi"}])),
            ("messages", json!(r#"[{"role":"user","content":"Hi"}]"#)),
            ("prompt", json!("Hi")),
            ("input", json!("Hi")),
        ] {
            let record = json!({asked: question, member: "Hello.", "model": "m", "message": "request done"});
            let interaction = read_one(record.to_string().as_bytes());
            assert_eq!(texts(&interaction), [("user", "Hi"), ("assistant", "Hello.")], "{record}");
        }
    }
}

#[test]
fn what_failed_is_told_beside_the_prompt() {
    let record = json!({"model": "m", "prompt": "Hi", "error": {"type": "rate_limit_error", "message": "slow down"}});
    let interaction = read_one(record.to_string().as_bytes());
    assert_eq!(texts(&interaction), [("user", "Hi")]);
    assert_eq!(interaction.error.as_deref(), Some("rate_limit_error"));
}

#[test]
fn logs_of_anything_else_are_no_bodies() {
    for record in [
        json!({"prompt": "Continue?", "choice": "yes"}),
        json!({"inputs": "a.csv", "outputs": "b.csv"}),
        json!({"message": "disk full", "level": "error"}),
        json!({"question": "example.org.", "answer": "192.0.2.1"}),
        json!({"messages": "3 queued", "queue": "mail"}),
        json!({"key": "a", "error": {"message": "no such file"}, "host": "db-1"}),
        json!({"error": {"message": "no such file"}, "host": "db-1"}),
        json!({"role": "admin", "content": "Hi"}),
    ] {
        assert!(read(record.to_string().as_bytes()).is_err(), "{record}");
    }
}

#[test]
fn texts_that_become_vectors_are_documents() {
    for record in [
        json!({"model": "text-embedding-3-small", "input": "Hi"}),
        json!({"custom_id": "1", "method": "POST", "url": "/v1/embeddings",
            "body": {"model": "text-embedding-3-small", "input": "Hi"}}),
    ] {
        assert_eq!(texts(&read_one(record.to_string().as_bytes())), [("document", "Hi")], "{record}");
    }
}

#[test]
fn batches_are_read_as_they_are_sent() {
    let line = |id: &str, text: &str| json!({"custom_id": id, "params": {"model": "claude-sonnet-5", "messages": [{"role": "user", "content": text}]}});
    let batch = json!({"requests": [line("a", "one"), line("b", "two")]});
    let read = interactions(read(batch.to_string().as_bytes()).expect("a batch"));
    assert_eq!(read.iter().flat_map(texts).collect::<Vec<_>>(), [("user", "one"), ("user", "two")]);
    assert_ne!(read[0].id, read[1].id);
}

#[test]
fn answers_of_geminis_batches_are_known_by_their_key() {
    let answer = json!({"candidates": [{"content": {"parts": [{"text": "Hello."}]}}]});
    let interaction = read_one(json!({"metadata": {"key": "a"}, "response": answer}).to_string().as_bytes());
    assert_eq!(texts(&interaction), [("assistant", "Hello.")]);
    let failed = json!({"key": "a", "error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}});
    assert!(read_one(failed.to_string().as_bytes()).error.is_some());
}

#[test]
fn answers_that_are_none_are_read_alone() {
    let refused = json!({"error": {"code": "content_filter", "message": "The prompt was filtered", "innererror": {
        "code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {"detected": true, "filtered": true}}}}});
    let interaction = read_one(refused.to_string().as_bytes());
    assert_eq!((interaction.error.as_deref(), interaction.filters.len()), (Some("content_filter"), 1));
    let failed =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"});
    assert_eq!(read_one(failed.to_string().as_bytes()).error.as_deref(), Some("overloaded_error"));
    for wordless in [
        json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}]}),
        json!({"created": 1_777_636_800, "data": [{"b64_json": "AA"}]}),
    ] {
        let out = read(wordless.to_string().as_bytes()).expect("recognised");
        assert_eq!((out.inputs.len(), out.passed_by), (0, 1), "{wordless}");
    }
}

#[test]
fn messages_alone_are_read_by_their_roles() {
    for (message, channel) in [
        (json!({"role": "user", "content": "Hi"}), "user"),
        (
            json!({"id": "m", "type": "message", "role": "system", "content": [{"type": "input_text", "text": "Hi"}]}),
            "system",
        ),
        (json!({"role": "tool", "tool_call_id": "c", "content": "Hi"}), "tool_result"),
    ] {
        assert_eq!(texts(&read_one(message.to_string().as_bytes())), [(channel, "Hi")], "{message}");
    }
}

#[test]
fn what_is_not_to_be_told_is_no_text() {
    let record = json!({"model": "m", "messages": [{"role": "user", "content": "redacted-by-litellm"}],
        "usage": {"prompt_tokens": 3}});
    let interaction = read_one(record.to_string().as_bytes());
    assert_eq!((texts(&interaction).len(), interaction.tokens.input), (0, Some(3)));
}
