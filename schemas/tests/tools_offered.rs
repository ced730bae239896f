//! Which tools a request offers, in the words of every provider, and that nothing is said where not all are known.
#![cfg(test)]

mod telemetry_support;

use serde_json::{Value, json};
use telemetry_support::read_one;

fn offered(request: Value) -> Vec<String> {
    let mut request = request;
    request["messages"] = json!([{ "role": "user", "content": "Hello." }]);
    read_one(json!({ "id": "1", "request": request }).to_string().as_bytes()).tools_offered
}

#[test]
fn tools_are_named_as_providers_write_them() {
    let parameters = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    for request in [
        json!({ "tools": [
            { "type": "function", "function": { "name": "a", "parameters": parameters } },
            { "type": "function", "name": "b", "description": "B", "parameters": parameters },
        ] }),
        json!({ "functions": [{ "name": "a" }, { "name": "b" }] }),
        json!({ "tools": [{ "name": "a", "input_schema": parameters }, { "type": "custom", "name": "b" }] }),
        json!({ "toolConfig": { "tools": [{ "toolSpec": { "name": "a" } }, { "toolSpec": { "name": "b" } }],
            "toolChoice": { "auto": {} } } }),
        json!({ "tools": [{ "functionDeclarations": [{ "name": "a" }, { "name": "b" }] }],
            "toolConfig": { "functionCallingConfig": { "mode": "AUTO" } } }),
    ] {
        assert_eq!(offered(request.clone()), ["a", "b"], "{request}");
    }
}

#[test]
fn nothing_is_said_where_others_may_be_offered() {
    let own = json!({ "type": "function", "function": { "name": "a" } });
    for other in [
        json!({ "type": "mcp", "server_label": "files", "server_url": "https://mcp.example" }),
        json!({ "type": "web_search" }),
        json!({ "type": "code_execution_20250522", "name": "code_execution" }),
        json!({ "googleSearch": {} }),
    ] {
        assert_eq!(offered(json!({ "tools": [own, other] })), Vec::<String>::new(), "{other}");
    }
    let many: Vec<Value> = (0..300).map(|at| json!({ "name": format!("tool-{at}") })).collect();
    assert_eq!(offered(json!({ "tools": many })), Vec::<String>::new());
    assert_eq!(offered(json!({})), Vec::<String>::new());
}
