//! Bodies of every provider: no text of the golden cases is lost, and nothing that can be done to them is more
//! than a body with less in it.
//!
//! The cases of `exchange` are taken apart: each text is exchanged for another and looked for in what was read,
//! each value for one of a wrong type, each stream is cut off everywhere.
#![cfg(test)]

mod telemetry_support;

use std::fs;
use std::path::Path;

use base64::Engine;
use schemas::Interaction;
use schemas::signal::Flag;
use serde_json::{Value, json};
use telemetry_support::{interactions, read, read_one, texts};

/// The golden cases of `exchange` by name.
fn cases() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/telemetry/exchange");
    let mut cases = Vec::new();
    for path in fs::read_dir(root).expect("cases").map(|entry| entry.expect("an entry").path()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".in.json") {
            let record = serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
            cases.push((name.to_owned(), unrolled(record)));
        }
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// The record with a stream in text as an array of its events, so that these can be changed.
fn unrolled(mut record: Value) -> Value {
    if let Some(text) = record["response"].as_str() {
        let line = |line: &str| serde_json::from_str(line.strip_prefix("data:").unwrap_or(line).trim()).ok();
        let events: Vec<Value> = text.lines().filter_map(line).filter(Value::is_object).collect();
        if !events.is_empty() {
            record["response"] = Value::from(events);
        }
    }
    record
}

/// Pointers to every value below `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |key: &str, value: &Value| {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(place.clone());
        places(value, &place, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value));
        }
        _ => {}
    }
}

/// Members that name, type, place or measure something, or set how the model answers.
const SETTINGS: [&str; 73] = [
    "EndUserTenantId",
    "action",
    "agentId",
    "amazon-bedrock-guardrailAction",
    "anthropic_version",
    "approval_request_id",
    "blockReasonMessage",
    "bytes",
    "call_id",
    "chunk_id",
    "connector",
    "container_id",
    "conversation_id",
    "date",
    "detail",
    "document_ids",
    "effort",
    "encrypted_content",
    "encrypted_index",
    "end_user_id",
    "end_user_tenant_id",
    "endpoint",
    "entity",
    "event_type",
    "file_id",
    "filepath",
    "format",
    "generation_id",
    "graph_ids",
    "id",
    "index_name",
    "invocationType",
    "knowledgeBaseId",
    "language",
    "license",
    "match",
    "media_type",
    "mimeType",
    "mime_type",
    "modality",
    "model",
    "name",
    "object",
    "outcome",
    "p",
    "page_age",
    "param",
    "project_id",
    "regex",
    "resolution",
    "result_format",
    "retrieved_at",
    "author",
    "role",
    "schemaVersion",
    "server_label",
    "server_name",
    "server_url",
    "sessionId",
    "signature",
    "source_ip",
    "source_type",
    "status",
    "task_type",
    "thoughtSignature",
    "timestamp",
    "tool",
    "toolUseId",
    "tool_call_id",
    "tool_use_id",
    "traceId",
    "type",
    "version",
];

/// What is left out with all that is in it: settings, what is encoded, notes of the provider, and what the provider
/// says of an error, which may quote the prompt and stands beside a code that is read. Descriptions of the parameters
/// of tools are not read, as `tool.rs` says.
const APART: [&str; 16] = [
    "/response/base64",
    "/content_filter_results/error/",
    "/details/",
    "/error/message",
    "/generationConfig",
    "/guardrailConfig",
    "/inlineData/data",
    "/innererror/",
    "/location/",
    "/metadata/",
    "/parameters/properties/",
    "/pending_safety_checks",
    "/acknowledged_safety_checks",
    "/qualifiers/",
    "/request/source",
    "/system/warnings",
];

/// How addresses and encoded data begin in the cases.
const ENCODED: [&str; 14] = [
    "AA==",
    "AAAA",
    "EmwK",
    "Eo8B",
    "EqQB",
    "JVBERi0",
    "UklGRg",
    "data:",
    "gAAA",
    "gs://",
    "http",
    "iVBORw0KGgo",
    "s3://",
    "file-",
];

/// Whether a text at `place` is one that a model reads or writes.
fn is_text(place: &str, text: &str) -> bool {
    let key = place.rsplit('/').find(|key| key.parse::<usize>().is_err()).unwrap_or_default();
    // Where the answer stands, vLLM has the message of an error.
    place != "/response/message"
        && !text.is_empty()
        && !SETTINGS.contains(&key)
        && !APART.iter().any(|apart| place.contains(apart))
        && !ENCODED.iter().any(|start| text.starts_with(start))
}

/// Everything that was read, as JSON without its escapes.
fn said(read: &[Interaction]) -> String {
    let messages = read.iter().flat_map(|interaction| &interaction.messages);
    let mut said: String =
        messages.map(|m| format!("{}\n{}\n", m.text.expose(), m.name.as_deref().unwrap_or_default())).collect();
    for interaction in read {
        let who = serde_json::to_string(&interaction.who).expect("serialisable");
        let about = format!("{:?}{:?}{who}", interaction.finish_reasons, interaction.filters);
        said += &format!("{about}{:?}{:?}{:?}", interaction.model, interaction.error, interaction.tokens);
    }
    said
}

/// What is read goes to a topic in Avro.
#[test]
fn counts_end_where_avros_numbers_do() {
    for count in ["18446744073709551615", "1e300", "\"18446744073709551615\""] {
        let record = format!(
            r#"{{"request":{{"prompt":"Hi"}},"response":{{"usage":{{"prompt_tokens":{count},"completion_tokens":7}}}}}}"#
        );
        let tokens = read_one(record.as_bytes()).tokens;
        assert_eq!((tokens.input, tokens.output), (Some(i64::MAX.unsigned_abs()), Some(7)), "{count}");
    }
}

#[test]
fn no_text_of_a_case_is_lost() {
    let (mut checked, mut lost) = (0, Vec::new());
    for (name, record) in cases() {
        let mut found = Vec::new();
        places(&record["request"], "/request", &mut found);
        places(&record["response"], "/response", &mut found);
        for place in found {
            let Some(text) = record.pointer(&place).and_then(Value::as_str).filter(|text| is_text(&place, text)) else {
                continue;
            };
            let mut changed = record.clone();
            let marker = format!("marked-{checked}");
            *changed.pointer_mut(&place).expect("a place") = marker.clone().into();
            let read = interactions(read(changed.to_string().as_bytes()).expect("read"));
            let said = said(&read);
            // A text that stands there twice, such as one that the response repeats, is read once.
            if !said.contains(&marker) && !said.contains(text) {
                lost.push(format!("{name} {place}: {text}"));
            }
            checked += 1;
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(checked > 400, "only {checked} texts");
}

#[test]
fn a_wrong_type_anywhere_is_no_error() {
    let wrong =
        [json!(null), json!(7), json!(true), json!("text"), json!([]), json!({}), json!([[1]]), json!({"a": [1]})];
    let mut checked = 0;
    for (name, record) in cases() {
        let mut found = Vec::new();
        places(&record["request"], "/request", &mut found);
        places(&record["response"], "/response", &mut found);
        for place in found {
            for value in &wrong {
                let mut changed = record.clone();
                *changed.pointer_mut(&place).expect("a place") = value.clone();
                if let Err(error) = read(changed.to_string().as_bytes()) {
                    panic!("{name} {place} as {value}: {error}");
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000, "only {checked}");
}

/// The texts of the model, of an answer recorded as `response`.
fn answer(response: &str) -> Interaction {
    read_one(json!({"request": {"prompt": "x"}, "response": response}).to_string().as_bytes())
}

#[test]
fn a_stream_may_end_anywhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/telemetry/exchange");
    let mut streams = 0;
    for path in fs::read_dir(root).expect("cases").map(|entry| entry.expect("an entry").path()) {
        let record: Value = serde_json::from_slice(&fs::read(&path).expect("readable")).unwrap_or_default();
        let Some(stream) = record["response"].as_str().filter(|_| path.to_string_lossy().contains(".in.")) else {
            continue;
        };
        streams += 1;
        for start in (0..stream.len()).step_by(7).filter_map(|end| stream.get(..end)) {
            let read = answer(start);
            assert!(read.messages.iter().all(|message| !message.text.expose().is_empty()));
        }
    }
    assert!(streams >= 10, "only {streams} streams");
}

#[test]
fn an_event_that_breaks_off_is_flagged_and_hides_no_other() {
    let start = "data: {\"choices\":[{\"delta\":{\"content\":\"whole\"}}]}\n\n";
    let read = answer(&format!("{start}data: {{\"choices\":[{{\"delta\":{{\"content\":\" ha"));
    assert_eq!(texts(&read)[1..], [("assistant", "whole")]);
    assert!(read.flags.contains(&Flag::Truncated));
    let broken = "data: {\"choices\":[{\n";
    assert_eq!(texts(&answer(&format!("{start}{broken}{start}")))[1..], [("assistant", "wholewhole")]);
    assert!(!answer(&format!("{start}data: [DONE]\n\n")).flags.contains(&Flag::Truncated));
}

/// A buffer of fixed size keeps the end of a stream: the first line is what is left of one.
#[test]
fn a_stream_whose_head_is_cut_is_joined_from_its_first_whole_event() {
    let event = |text: &str| format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}}]}));
    for cut in ["ent\":\" lost\"}}]}\n\n", "vent: delta\n", "\u{feff}"] {
        let read = answer(&format!("{cut}{}{}", event("still "), event("here")));
        assert_eq!(texts(&read)[1..], [("assistant", "still here")], "{cut}");
        assert_eq!(read.flags.contains(&Flag::Truncated), cut != "\u{feff}", "{cut}");
    }
    for prose in ["This is how a stream looks:\ndata: {\"a\": 1}", "{\"a\": 1}\ndata: x\nand so on"] {
        assert_eq!(texts(&answer(prose))[1..], [("assistant", prose)]);
    }
}

#[test]
fn an_array_of_chunks_that_breaks_off_is_read_as_far_as_it_goes() {
    let chunk = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}}]}).to_string();
    let whole = format!("[{},\n{}]", chunk("still "), chunk("here"));
    assert_eq!(texts(&answer(&whole))[1..], [("assistant", "still here")]);
    let cut = answer(whole.strip_suffix("\"}]}}]}]").expect("its end"));
    assert_eq!(texts(&cut)[1..], [("assistant", "still ")]);
    assert!(cut.flags.contains(&Flag::Truncated));
    assert_eq!(texts(&answer("[1, 2"))[1..], [("assistant", "[1, 2")]);
}

/// As clients take a stream off the connection, and as gateways log it.
#[test]
fn pieces_of_a_stream_are_joined_wherever_they_lie() {
    let chunk = |text: &str| json!({"choices": [{"delta": {"content": text}}]});
    let line = |text: &str| format!("data: {}", chunk(text));
    let stream = format!("{}\n\n{}\n\ndata: [DONE]\n\n", line("still "), line("here"));
    for response in [
        json!([line("still "), "", line("here"), "data: [DONE]"]),
        json!([chunk("still ").to_string(), chunk("here").to_string()]),
        json!(["still ", "he", "re"]),
        json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": stream}),
        json!({"statusCode": 200, "body": json!({"choices": [{"message": {"content": "still here"}}]}).to_string()}),
        json!({"chunks": [chunk("still "), chunk("here")]}),
        json!({"events": [line("still "), line("here")]}),
    ] {
        let record = json!({"request": {"prompt": "x"}, "response": response});
        assert_eq!(texts(&read_one(record.to_string().as_bytes()))[1..], [("assistant", "still here")], "{record}");
    }
}

#[test]
fn errors_within_a_stream_are_read() {
    for (event, error) in [
        (json!({"type": "error", "code": "server_error", "message": "x", "param": null}), "server_error"),
        (json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), "overloaded_error"),
        (json!({"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}), "UNAVAILABLE"),
        (json!({"error": "model not found"}), "model not found"),
    ] {
        let start = json!({"type": "response.output_text.delta", "delta": "so far"});
        let read = answer(&format!("data: {start}\n\ndata: {event}\n\n"));
        assert_eq!(texts(&read)[1..], [("assistant", "so far")], "{event}");
        assert_eq!(read.error.as_deref(), Some(error));
    }
}

#[test]
fn what_the_request_left_out_stays_flagged_beside_a_plain_answer() {
    let tools = vec![json!({"name": "t", "description": "d"}); 300];
    let record = json!({"request": {"prompt": "x", "tools": tools}, "response": "{plain"});
    assert!(read_one(record.to_string().as_bytes()).flags.contains(&Flag::Truncated));
}

#[test]
fn an_event_over_several_lines_is_one() {
    let read = answer("data: {\"choices\": [\ndata:   {\"delta\": {\"content\": \"joined\"}}\ndata: ]}\n\n");
    assert_eq!(texts(&read)[1..], [("assistant", "joined")]);
    assert!(!read.flags.contains(&Flag::Truncated));
}

/// A frame of an AWS event stream with `payload` and no headers.
fn frame(payload: &[u8]) -> Vec<u8> {
    let total = u32::try_from(16 + payload.len()).expect("short");
    [&total.to_be_bytes()[..], &[0; 8], payload, &[0; 4]].concat()
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn damaged_event_streams_are_read_as_far_as_they_go() {
    let good = frame(br#"{"contentBlockIndex":0,"delta":{"text":"good"}}"#);
    let cut = [good.clone(), good[..20].to_vec()].concat();
    let read = answer(&base64(&cut));
    assert_eq!(texts(&read)[1..], [("assistant", "good")]);
    assert!(read.flags.contains(&Flag::Truncated));

    let no_utf8 = frame(b"{\"contentBlockIndex\":0,\"delta\":{\"text\":\"\xff!\"}}");
    assert_eq!(texts(&answer(&base64(&[good.clone(), no_utf8].concat())))[1..], [("assistant", "good\u{fffd}!")]);

    for lengths in [[0xff; 8], [0; 8], [0, 0, 0, 16, 0xff, 0xff, 0xff, 0xff], [0, 0, 0, 3, 0, 0, 0, 0]] {
        let lying = [&lengths[..], &good[8..]].concat();
        let read = answer(&base64(&[good.clone(), lying].concat()));
        assert_eq!(texts(&read)[1..], [("assistant", "good")], "{lengths:?}");
    }
    // What only looks like base64 is an answer in plain text.
    assert_eq!(texts(&answer("AAAA"))[1..], [("assistant", "AAAA")]);
}

#[test]
fn countless_parts_and_pieces_are_read() {
    let parts = vec![json!({"type": "text", "text": "a"}); 50_000];
    let read = read_one(json!({"request": {"messages": [{"role": "user", "content": parts}]}}).to_string().as_bytes());
    assert!(read.flags.contains(&Flag::Truncated) && read.messages.len() == 4096);

    let piece = |n: usize| format!("data: {{\"choices\":[{{\"index\":{n},\"delta\":{{\"content\":\"a\"}}}}]}}\n\n");
    let one: String = (0..100_000).map(|_| piece(0)).collect();
    assert_eq!(answer(&one).messages[1].text.expose().len(), 100_000);
    let many: String = (0..20_000).map(piece).collect();
    assert_eq!(answer(&many).messages.len(), 4096);
    let call = |n: usize| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"{n}\",\"function\":{{\"name\":\"f\"}}}}]}}}}]}}\n\n"
        )
    };
    assert_eq!(answer(&(0..3_000).map(call).collect::<String>()).messages.len(), 3_001);
}

#[test]
fn parts_within_unknown_parts_within_unknown_parts() {
    let deep = |levels: usize| {
        let part = format!("{}\"deep\"{}", r#"{"inner":"#.repeat(levels), "}".repeat(levels));
        let record =
            format!(r#"{{"request":{{"messages":[{{"role":"user","content":[{{"type":"odd","x":{part}}}]}}]}}}}"#);
        texts(&read_one(record.as_bytes())).iter().map(|(_, text)| (*text).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(deep(10), ["deep"]);
    assert_eq!(deep(100), ["deep"]);
}

#[test]
fn towers_within_strings_overflow_no_stack() {
    // Within a string, no limit of the record's applies.
    for (open, close) in [
        (r#"[{"result":"#, "}]"),
        (r#"[{"type":"tool_result","result":"#, "}]"),
        (r#"[{"content":"#, "}]"),
        (r#"{"thinking":"#, "}"),
        (r#"[{"type":"document","data":"#, "}]"),
        (r#"{"output":"#, "}"),
        (r#"{"chunk":"#, "}"),
    ] {
        for levels in [50, 120, 50_000] {
            let tower = format!("{}\"x\"{}", open.repeat(levels), close.repeat(levels));
            for event in [
                format!(r#"{{"choices":[{{"delta":{{"content":{tower}}}}}]}}"#),
                format!(r#"{{"content_block":{{"type":"a_tool_result","content":{tower}}}}}"#),
                format!(r#"{{"type":"response.output_item.done","item":{{"type":"a_call","results":{tower}}}}}"#),
                format!(r#"{{"chunk":{tower}}}"#),
            ] {
                answer(&format!("data: {event}\n\n"));
            }
        }
    }
}

#[test]
fn of_repeated_members_the_last_counts_in_bodies_too() {
    let record = br#"{"request":{"contents":[{"parts":[{"text":"a","text":"b"}],"parts":[{"text":"c","functionCall":{"name":"f","args":{},"name":"g"}}]}]},
        "response":{"candidates":[{"content":{"parts":[{"text":"no"}]},"content":{"parts":[{"text":"yes"}]}}]}}"#;
    assert_eq!(texts(&read_one(record)), [("user", "c"), ("tool_call", "{}"), ("assistant", "yes")]);
}

#[test]
fn requests_within_requests_end() {
    let nested = format!("{}\"deep\"{}", r#"{"input":"#.repeat(60), "}".repeat(60));
    let read = read(format!(r#"{{"request":{{"prompt":"hi","input":{nested}}}}}"#).as_bytes()).expect("read");
    assert_eq!(texts(&interactions(read)[0])[0], ("user", "hi"));
}
