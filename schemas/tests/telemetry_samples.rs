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

fn path(name: &str) -> PathBuf {
    let root = std::env::var_os("WEIR_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    root.join("telemetry").join(name)
}

fn folder(name: &str) -> Option<PathBuf> {
    let folder = Some(path(name)).filter(|path| path.is_dir());
    if folder.is_none() {
        println!("skipped: no samples");
    }
    folder
}

fn lines(file: &str) -> Option<Vec<String>> {
    match fs::read_to_string(path(file)) {
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
                    Input::Signal(_) | Input::Command { .. } => None,
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

/// The values of the JSON lines of a file under `key`, or the lines themselves.
fn records(file: &str, key: Option<&str>) -> Option<Vec<Vec<u8>>> {
    let unwrap = |line: String| match key {
        Some(key) => serde_json::from_str::<Value>(&line).expect("JSON")[key].to_string().into_bytes(),
        None => line.into_bytes(),
    };
    Some(lines(file)?.into_iter().map(unwrap).collect())
}

fn texts(interactions: &[Interaction], channel: Channel, response: bool) -> usize {
    let wanted = |message: &&schemas::Message| message.channel == channel && message.response == response;
    interactions.iter().flat_map(|i| &i.messages).filter(wanted).count()
}

/// Texts of the request and of the response by channel, counted from the samples by another program.
#[derive(Debug, PartialEq)]
struct Texts {
    system: usize,
    user: usize,
    assistant: (usize, usize),
    tool_call: (usize, usize),
    tool_result: usize,
    document: usize,
}

impl Texts {
    fn of(interactions: &[Interaction]) -> Self {
        let both = |channel| (texts(interactions, channel, false), texts(interactions, channel, true));
        Self {
            system: texts(interactions, Channel::System, false),
            user: texts(interactions, Channel::User, false),
            assistant: both(Channel::Assistant),
            tool_call: both(Channel::ToolCall),
            tool_result: texts(interactions, Channel::ToolResult, false),
            document: texts(interactions, Channel::Document, false),
        }
    }
}

/// Whose interactions carry their tokens, and how many images stand in all of them.
fn tokens_and_images(interactions: &[Interaction]) -> (usize, u32) {
    let counted = interactions.iter().filter(|interaction| interaction.tokens.input.is_some_and(|count| count > 0));
    (counted.count(), interactions.iter().map(|interaction| interaction.skipped.images).sum())
}

#[test]
fn events_of_the_older_conventions_are_read_without_their_spans() {
    let Some(logs) = records("otlp_genai_semconv_1_30_events/logs.otlp.jsonl", None) else { return };
    let (tally_of_logs, read) = tally(logs.iter().cloned());
    // Three answers say nothing but that they ended.
    assert_eq!(tally_of_logs, Tally { read: 472, passed_by: 3, rejected: 0 });
    let texts =
        Texts { system: 58 + 6, user: 228, assistant: (4, 108), tool_call: (17, 30), tool_result: 29, document: 0 };
    assert_eq!(Texts::of(&read), texts);
    assert!(read.iter().all(|interaction| interaction.trace.is_some() && interaction.provider.is_some()));
    // By default neither the spans nor their events hold a text; what the calls cost is told.
    let Some(spans) = records("otlp_genai_semconv_1_30_events/traces.otlp.jsonl", None) else { return };
    let (tally, read) = tally(spans);
    assert_eq!(tally, Tally { read: 212, passed_by: 17, rejected: 0 });
    assert_eq!(tokens_and_images(&read), (163, 0));
}

/// All records of a file as one message: its resources under one another.
fn one_message(records: &[Vec<u8>], key: &str) -> Value {
    let resources = records.iter().flat_map(|record| {
        let mut value: Value = serde_json::from_slice(record).expect("JSON");
        value[key].take().as_array().expect("resources").clone()
    });
    Value::Array(resources.collect())
}

#[test]
fn events_are_joined_to_their_spans_within_a_message() {
    let Some(logs) = records("otlp_genai_semconv_1_30_events/logs.otlp.jsonl", None) else { return };
    let Some(spans) = records("otlp_genai_semconv_1_30_events/traces.otlp.jsonl", None) else { return };
    let message = serde_json::json!({
        "resourceSpans": one_message(&spans, "resourceSpans"),
        "resourceLogs": one_message(&logs, "resourceLogs"),
    });
    let (_, alone) = tally(logs);
    let (_, joined) = tally([message.to_string().into_bytes()]);
    assert_eq!(Texts::of(&joined), Texts::of(&alone));
    let told =
        joined.iter().filter(|interaction| !interaction.messages.is_empty() && interaction.tokens.input.is_some());
    assert!(told.count() > 100, "texts and tokens of one call are one interaction");
}

#[test]
fn openinference_is_read() {
    let Some(spans) = records("otlp_openinference/traces.otlp.jsonl", None) else { return };
    let (tally, read) = tally(spans);
    assert_eq!(tally, Tally { read: 124, passed_by: 0, rejected: 0 });
    // Seven refusals stand in the raw response only.
    let texts = Texts {
        system: 33,
        user: 118,
        assistant: (0, 99 + 7),
        tool_call: (24, 26),
        tool_result: 24,
        document: 26 + 25,
    };
    assert_eq!((Texts::of(&read), tokens_and_images(&read)), (texts, (89, 3)));
}

#[test]
fn openllmetry_is_read() {
    let Some(spans) = records("otlp_openllmetry/traces.otlp.jsonl", None) else { return };
    let (tally, read) = tally(spans);
    assert_eq!(tally, Tally { read: 142, passed_by: 0, rejected: 0 });
    let texts = Texts {
        system: 40 + 6,
        user: 137,
        assistant: (1, 109 + 7),
        tool_call: (26, 33),
        tool_result: 26,
        document: 36 + 32,
    };
    assert_eq!((Texts::of(&read), tokens_and_images(&read)), (texts, (105, 2)));
}

#[test]
fn protobuf_of_every_instrumentation_is_read() {
    for (folder, read, passed_by) in [
        ("otlp_genai_semconv_1_30_events", 212, 17),
        ("otlp_genai_semconv_latest", 212, 17),
        ("otlp_openinference", 125, 0),
        ("otlp_openllmetry", 168, 0),
    ] {
        let Some(lines) = lines(&format!("{folder}/traces.otlp_proto.b64.txt")) else { return };
        let (tally, _) = tally(lines.into_iter().map(|line| base64(line.as_bytes())));
        assert_eq!(tally, Tally { read, passed_by, rejected: 0 }, "{folder}");
    }
}

#[test]
fn single_spans_of_a_gateway_are_read() {
    let Some(folder) = folder("otlp_openinference_envoy_recorded") else { return };
    let spans = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let mut read = Vec::new();
    let mut passed_by = 0;
    for path in spans.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let span: Value = serde_json::from_slice(&fs::read(&path).expect("a span")).expect("JSON");
        let message = serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
        let (of_message, _) = tally([message.to_string().into_bytes()]);
        // A gateway logs it without the message around it.
        let (of_span, mut interactions) = tally([span.to_string().into_bytes()]);
        assert_eq!(of_span, of_message, "{}", path.display());
        assert_eq!(of_span.rejected, 0, "{}", path.display());
        passed_by += of_span.passed_by;
        read.append(&mut interactions);
    }
    // Four embeddings; of the rest, four failed and three ended at their limit before they said anything.
    assert_eq!((read.len(), passed_by), (16, 4));
    assert_eq!(read.iter().filter(|interaction| interaction.error.is_some()).count(), 4);
    assert_eq!(unanswered(&read).len(), 3);
}

#[test]
fn payloads_of_litellm_are_read() {
    let Some(payloads) = records("litellm_standard_logging_payload/replayed.jsonl", None) else { return };
    let (tally, read) = tally(payloads);
    assert_eq!(tally, Tally { read: 119, passed_by: 0, rejected: 0 });
    let texts = Texts {
        system: 29,
        user: 110 + 3,
        assistant: (0, 92 + 7),
        tool_call: (20, 26),
        tool_result: 20,
        document: 26 + 25,
    };
    assert_eq!(Texts::of(&read), texts);
    assert_eq!(read.iter().filter(|interaction| interaction.error.is_some()).count(), 2);
    assert!(unanswered(&read).is_empty());
}

#[test]
fn invocations_of_bedrock_are_read() {
    for (file, expected) in [("panther_tests.jsonl", 4), ("real_log.jsonl", 1)] {
        let Some(logs) = records(&format!("aws_bedrock_invocation_log/{file}"), Some("log")) else { return };
        let (tally, read) = tally(logs);
        assert_eq!(tally, Tally { read: expected, passed_by: 0, rejected: 0 }, "{file}");
        assert_eq!((texts(&read, Channel::User, false), texts(&read, Channel::Assistant, true)), (expected, expected));
        assert!(read.iter().all(|interaction| interaction.who.user.is_some()));
    }
}

#[test]
fn invocations_of_bedrock_in_cloudtrail_are_signals() {
    let Some(events) = records("aws_cloudtrail_bedrock/panther_tests.jsonl", Some("log")) else { return };
    for event in events {
        assert_eq!(schemas::readers::reader_of(&event).map(|reader| reader.name()), Some("aws_cloudtrail"));
    }
}
