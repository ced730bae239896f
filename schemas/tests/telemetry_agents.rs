//! Coding agents' log records: bodies of calls, and who wrote what is alike.
#![cfg(test)]

mod telemetry_support;

use schemas::Interaction;
use serde_json::{Value, json};
use telemetry_support::{interactions, read, texts};

/// What a log record of Claude Code says, with these attributes.
fn told(event: &str, attributes: &[(&str, &str)]) -> Vec<Interaction> {
    let attributes: Vec<Value> =
        attributes.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect();
    let record =
        json!({"timeUnixNano": "1777636800000000000", "body": {"stringValue": event}, "attributes": attributes});
    let export = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
    interactions(read(export.to_string().as_bytes()).expect("an export"))
}

#[test]
fn bodies_of_calls_are_read_as_their_providers() {
    let request = json!({"model": "claude-sonnet-5", "messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": "a page"}, {"type": "text", "text": "Go on"}]}]});
    let read = told("claude_code.api_request_body", &[("body", &request.to_string())]);
    assert_eq!(texts(&read[0]), [("tool_result", "a page"), ("user", "Go on")]);
    let answer = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Done."}]});
    let read = told("claude_code.api_response_body", &[("body", &answer.to_string())]);
    assert_eq!(texts(&read[0]), [("assistant", "Done.")]);
    let read = told("claude_code.assistant_response", &[("response", "Done.")]);
    assert_eq!(texts(&read[0]), [("assistant", "Done.")]);
}

#[test]
fn a_body_that_was_cut_is_a_text_and_says_so() {
    let read = told("claude_code.api_request_body", &[("body", r#"{"messages":[{"role":"user","content":"Go o"#)]);
    assert_eq!(texts(&read[0]), [("user", r#"{"messages":[{"role":"user","content":"Go o"#)]);
    assert_eq!(read[0].flags.len(), 2, "{:?}", read[0].flags);
}

#[test]
fn what_two_people_do_at_one_moment_is_two_interactions() {
    let prompt = |user: &str| told("claude_code.user_prompt", &[("user.email", user), ("prompt", "yes")])[0].id.clone();
    assert_eq!(prompt("mira@contoso.example"), prompt("mira@contoso.example"));
    assert_ne!(prompt("mira@contoso.example"), prompt("noor@contoso.example"));
    let cost = |session: &str| {
        told("claude_code.api_request", &[("session.id", session), ("input_tokens", "7")])[0].id.clone()
    };
    assert_ne!(cost("a"), cost("b"));
}

#[test]
fn what_is_not_to_be_told_is_no_prompt() {
    assert!(told("claude_code.user_prompt", &[("prompt", "<REDACTED>")]).is_empty());
    assert!(told("claude_code.tool_decision", &[("tool_name", "Bash")]).is_empty());
}
