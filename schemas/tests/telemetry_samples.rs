//! Recorded traffic of real providers and instrumentations: what is read, passed by and refused.
//!
//! The samples lie outside of the repository, in the folder that `WEIR_SAMPLES` names; without them these
//! tests say so and pass.
#![cfg(test)]

mod telemetry_support;

use std::fs;
use std::path::PathBuf;

use schemas::readers::Input;
use schemas::{Channel, Interaction};
use serde_json::Value;
use telemetry_support::{base64, read};

fn lines(file: &str) -> Option<Vec<String>> {
    let root = std::env::var_os("WEIR_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let path = root.join("telemetry").join(file);
    match fs::read_to_string(&path) {
        Ok(text) => Some(text.lines().map(str::to_owned).collect()),
        Err(_) => {
            println!("skipped: no samples");
            None
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    read: usize,
    passed_by: u32,
    rejected: usize,
}

fn tally(records: impl IntoIterator<Item = Vec<u8>>) -> (Tally, Vec<Interaction>) {
    let mut tally = Tally::default();
    let mut interactions = Vec::new();
    for record in records {
        match read(&record) {
            Ok(out) => {
                tally.read += out.inputs.len();
                tally.passed_by += out.passed_by;
                tally.rejected += out.rejected.len();
                interactions.extend(out.inputs.into_iter().filter_map(|input| match input {
                    Input::Interaction(interaction) => Some(*interaction),
                    Input::Signal(_) => None,
                }));
            }
            Err(error) => {
                println!("{error}");
                tally.rejected += 1;
            }
        }
    }
    (tally, interactions)
}

fn exchanges(folder: &str) -> Option<(Tally, Vec<Interaction>)> {
    let records = lines(&format!("{folder}/recorded.jsonl"))?;
    Some(tally(records.into_iter().map(String::into_bytes)))
}

/// Interactions without a text of the response, although nothing says that it failed.
fn unanswered(interactions: &[Interaction]) -> Vec<&Interaction> {
    let silent = |i: &&Interaction| i.error.is_none() && !i.messages.iter().any(|message| message.response);
    interactions.iter().filter(silent).collect()
}

#[test]
fn exchanges_of_every_provider_are_read() {
    // Folder, read, passed by, rejected, and interactions without an answer in text: embeddings, rankings,
    // answers that a filter withheld or a length limit left empty. Rejected are listings without a request.
    for (folder, read, passed_by, rejected, silent) in [
        ("openai_chat_completions", 125, 0, 0, 0),
        ("azure_openai", 29, 0, 0, 1),
        ("anthropic_messages", 41, 0, 0, 0),
        ("openai_compatible_chat", 27, 0, 0, 1),
        ("openai_responses", 61, 0, 0, 0),
        ("cohere", 22, 0, 0, 3),
        ("mistral", 1, 0, 0, 1),
        ("ollama", 11, 0, 0, 0),
        ("google_gemini_vertex", 46, 0, 0, 4),
        ("watsonx", 3, 0, 2, 0),
        ("writer", 6, 0, 0, 0),
        ("aws_bedrock_runtime", 67, 0, 1, 0),
    ] {
        let Some((tally, interactions)) = exchanges(folder) else { return };
        assert_eq!(tally, Tally { read, passed_by, rejected }, "{folder}");
        assert_eq!(unanswered(&interactions).len(), silent, "{folder}");
    }
}

/// What the definition of a tool says about it.
fn description(tool: &Value) -> Option<String> {
    let flat = tool.get("description").or_else(|| tool.get("function")?.get("description"));
    flat.and_then(Value::as_str).map(str::to_owned)
}

/// Every string under a key that holds text, found the slow and obvious way.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text)
                        if ["content", "text", "arguments", "thinking", "prompt"].contains(&key.as_str()) =>
                    {
                        found.push(text.clone());
                    }
                    Value::Array(tools) if ["tools", "functions"].contains(&key.as_str()) => {
                        found.extend(tools.iter().filter_map(description));
                    }
                    // Output formats are no part of the conversation; the joined tokens of `logprobs` repeat it.
                    _ if ["tools", "functions", "response_format", "logprobs", "citations", "schema"]
                        .contains(&key.as_str()) => {}
                    _ => strings(member, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| strings(element, found)),
        _ => {}
    }
}

/// Every text of a recorded stream, piece by piece.
fn pieces(stream: &str) -> Vec<String> {
    let line = |line: &str| serde_json::from_str::<Value>(line.strip_prefix("data:").unwrap_or(line).trim()).ok();
    let mut found = Vec::new();
    stream.lines().filter_map(line).for_each(|event| strings(&event, &mut found));
    found
}

#[test]
fn no_text_of_an_exchange_is_lost() {
    let mut checked = 0;
    for folder in [
        "openai_chat_completions",
        "azure_openai",
        "anthropic_messages",
        "openai_compatible_chat",
        "openai_responses",
        "cohere",
        "mistral",
        "ollama",
        "google_gemini_vertex",
        "watsonx",
        "writer",
        "aws_bedrock_runtime",
    ] {
        let Some(records) = lines(&format!("{folder}/recorded.jsonl")) else { return };
        for record in records {
            let value: Value = serde_json::from_str(&record).expect("JSON");
            let mut expected = Vec::new();
            strings(&value["request"], &mut expected);
            strings(&value["response"], &mut expected);
            let (_, interactions) = tally([record.into_bytes()]);
            let texts: Vec<&str> =
                interactions.iter().flat_map(|i| &i.messages).map(|message| message.text.expose().as_str()).collect();
            for text in expected.iter().filter(|text| !text.is_empty()) {
                // What a tool answers in JSON stays JSON.
                let quoted = serde_json::to_string(text).expect("serialisable");
                let found =
                    texts.iter().any(|whole| whole == text || whole.starts_with('{') && whole.contains(&quoted));
                assert!(found, "{folder}: {text:?} is not among {texts:?}");
                checked += 1;
            }
            for piece in value["response"].as_str().map(pieces).unwrap_or_default() {
                let found = texts.iter().any(|text| text.contains(&piece));
                assert!(found, "{folder}: the piece {piece:?} is not in {texts:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 5_000, "only {checked} texts");
}

#[test]
fn spans_in_json_and_protobuf_say_the_same() {
    let Some(json) = lines("otlp_genai_semconv_latest/traces.otlp.jsonl") else { return };
    let Some(proto) = lines("otlp_genai_semconv_latest/traces.otlp_proto.b64.txt") else { return };
    let (json_tally, json) = tally(json.into_iter().map(String::into_bytes));
    let (proto_tally, mut proto) = tally(proto.into_iter().map(|line| base64(line.as_bytes())));
    // Two of the nineteen embeddings failed, which is worth telling.
    assert_eq!(json_tally, Tally { read: 212, passed_by: 17, rejected: 0 });
    assert_eq!(proto_tally, json_tally);
    proto.iter_mut().for_each(|interaction| "otlp_json".clone_into(&mut interaction.format));
    assert_eq!(json, proto);
    let count = |channel| json.iter().flat_map(|i| &i.messages).filter(|message| message.channel == channel).count();
    // Counted from the attributes themselves, by type of part and role.
    assert_eq!(count(Channel::User), 204);
    assert_eq!(count(Channel::System), 76 + 7);
    assert_eq!(count(Channel::ToolCall), 40 + 31);
    assert_eq!(count(Channel::ToolResult), 31);
    // One of them is empty, which is no message.
    assert_eq!(count(Channel::Assistant), 162 + 10 - 1);
}
