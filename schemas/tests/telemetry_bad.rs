//! Bad and odd telemetry: an error with the right reason or the texts all the same, never a panic.
#![cfg(test)]

mod telemetry_support;

use schemas::readers::{self, Limits, Output, Reason};
use schemas::signal::Flag;
use serde_json::{Value, json};
use telemetry_support::{BROKER_MILLIS, Surroundings, interactions, read, read_one, texts};

fn reason(bytes: &[u8]) -> Reason {
    read(bytes).expect_err("refused").reason
}

fn exchange(fields: &str) -> String {
    format!(
        r#"{{"id":"x","time":"2026-05-01T12:00:00Z","request":{{"messages":[{{"role":"user","content":"hello"}}]}}{fields}}}"#
    )
}

#[test]
fn what_is_no_record_is_refused_with_a_reason() {
    assert_eq!(reason(b""), Reason::Empty);
    assert_eq!(reason(b" \n"), Reason::Empty);
    assert_eq!(reason(b"hello"), Reason::UnrecognisedFormat);
    assert_eq!(reason(b"{\"request\":{\"messages\":["), Reason::MalformedJson);
    assert_eq!(reason(b"{\"request\":\"text\"}"), Reason::UnrecognisedFormat);
    assert_eq!(reason(b"{\"request\":null}"), Reason::UnrecognisedFormat);
    assert_eq!(reason(b"{\"request\":{}}garbage"), Reason::MalformedJson);
    assert_eq!(reason(b"{\"request\":{\"prompt\":\"\xff\"}}"), Reason::InvalidUtf8);
    assert_eq!(reason(b"{\"request\":{\"prompt\":\"a\0b\"}}"), Reason::MalformedJson);
    assert_eq!(reason(b"{\"resourceSpans\":7}"), Reason::InvalidField);
    assert_eq!(reason(b"\0\0\0\0\x07datum"), Reason::UnknownSchema);
    assert_eq!(reason(b"\xc3\x01\0\0\0\0\0\0\0\0datum"), Reason::UnknownSchema);
    assert_eq!(reason(b"\xc3\x01"), Reason::MalformedAvro);
}

#[test]
fn an_escaped_nul_is_a_letter_like_any_other() {
    let read = read_one(br#"{"request":{"prompt":"a\u0000b"}}"#);
    assert_eq!(texts(&read), [("user", "a\0b")]);
}

#[test]
fn records_beyond_the_limit_are_refused_before_parsing() {
    let huge = exchange(&format!(",\"x\":\"{}\"", "y".repeat(100 * 1024 * 1024)));
    assert_eq!(reason(huge.as_bytes()), Reason::TooLarge);
}

#[test]
fn records_of_countless_tiny_values_are_refused_before_they_fill_memory() {
    for element in ["{}", "\"a\"", "[]"] {
        let many = vec![element; 2_000_000].join(",");
        for body in [format!(r#"{{"messages":[{many}]}}"#), format!(r#"{{"messages":[{{"content":[{many}]}}]}}"#)] {
            assert_eq!(reason(format!(r#"{{"request":{body}}}"#).as_bytes()), Reason::TooLarge, "{element}");
        }
    }
    // A long text may hold as many braces and quotes as it likes.
    let text = "{\\\"a\\\":{}},".repeat(400_000);
    let read = read_one(format!(r#"{{"request":{{"prompt":"{text}"}}}}"#).as_bytes());
    assert_eq!(read.messages.len(), 1);
}

#[test]
fn deep_nesting_overflows_no_stack() {
    for (open, close) in [("[", "]"), ("{\"content\":", "}"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for place in [
            format!(r#"{{"request":{{"messages":[{{"role":"user","content":"hi"}}],"unknown":{deep}}}}}"#),
            format!(r#"{{"request":{{"messages":[{{"role":"user","content":"hi"}},{{"content":{deep}}}]}}}}"#),
            format!(r#"{{"request":{{"messages":{deep},"prompt":"hi"}}}}"#),
            format!(r#"{{"request":{{"prompt":"hi"}},"response":{deep}}}"#),
            format!(r#"{{"request":{{"prompt":"hi"}},"user":{deep}}}"#),
        ] {
            match read(place.as_bytes()) {
                Ok(out) => assert_eq!(texts(&interactions(out)[0]), [("user", "hi")]),
                Err(error) => assert_eq!(error.reason, Reason::TooDeep),
            }
        }
    }
    let value = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(5_000), "]}}".repeat(5_000));
    let span = format!(r#"{{"attributes":[{{"key":"gen_ai.input.messages","value":{value}}}]}}"#);
    let record = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
    assert_eq!(reason(record.as_bytes()), Reason::TooDeep);
}

#[test]
fn deep_protobuf_overflows_no_stack() {
    let mut value = vec![0x0a, 1, b'x'];
    for _ in 0..2_000 {
        let nested = field(1, &value);
        value = field(5, &nested);
    }
    let attribute = [field(1, b"gen_ai.input.messages"), field(2, &value)].concat();
    let span = field(9, &attribute);
    let record = field(1, &field(2, &field(2, &span)));
    assert_eq!(reason(&record), Reason::MalformedProtobuf);
}

/// A length-delimited field.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

#[test]
fn protobuf_that_is_cut_off_is_known_as_such() {
    let base64 = include_bytes!("../cases/telemetry/otlp_proto/tool_calls.in.b64");
    let whole = telemetry_support::base64(base64);
    for end in (4..whole.len()).step_by(37) {
        let error = read(&whole[..end]).expect_err("cut off");
        assert_eq!(error.reason, Reason::MalformedProtobuf, "{end}");
        assert!(error.message.contains("cut off"), "{error}");
    }
}

#[test]
fn wrong_types_everywhere_cost_nothing_but_themselves() {
    let wrong =
        [json!(null), json!(7), json!(-1.5), json!(true), json!([]), json!([[1]]), json!({}), json!({"a": [1]})];
    let top = [
        "id",
        "time",
        "tenant",
        "application",
        "conversation_id",
        "traceparent",
        "user",
        "source_ip",
        "headers",
        "user_agent",
        "api_key_id",
        "agent",
        "session_id",
        "device",
        "provider",
        "model",
        "response",
    ];
    let request = [
        "model",
        "system",
        "documents",
        "context",
        "input",
        "suffix",
        "user",
        "user_security_context",
        "metadata",
        "tools",
        "tool_results",
        "chat_history",
        "contents",
        "safety_identifier",
        "stream",
    ];
    let message =
        ["role", "name", "tool_calls", "function_call", "refusal", "parts", "type", "images", "audio", "context"];
    for value in &wrong {
        let base = json!({"request": {"messages": [{"role": "user", "content": "hello"}]}});
        let with = |path: &str, key: &str| {
            let mut record = base.clone();
            record.pointer_mut(path).expect("a place")[key] = value.clone();
            record
        };
        let records = (top.iter().map(|key| with("", key)))
            .chain(request.iter().map(|key| with("/request", key)))
            .chain(message.iter().map(|key| with("/request/messages/0", key)));
        for record in records {
            let read = read_one(record.to_string().as_bytes());
            assert!(texts(&read).contains(&("user", "hello")), "{record}");
        }
    }
}

#[test]
fn wrong_types_in_a_response_hide_no_answer() {
    let wrong = [json!(null), json!(7), json!("text"), json!(true), json!([]), json!({}), json!([{"a": 1}])];
    for value in &wrong {
        for key in ["usage", "model", "id", "prompt_filter_results", "error", "data", "output_text_", "stop_reason"] {
            let mut response = json!({"choices": [{"message": {"role": "assistant", "content": "answer"}}]});
            response[key] = value.clone();
            let record = json!({"request": {}, "response": response});
            let read = read_one(record.to_string().as_bytes());
            assert_eq!(texts(&read), [("assistant", "answer")], "{record}");
        }
    }
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    for (escaped, expected) in [
        (r"a\ud83d", "a\u{fffd}"),
        (r"\udE00b", "\u{fffd}b"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\\ud83d \ud83dx", "\\ud83d \u{fffd}x"),
    ] {
        let record = format!(r#"{{"request":{{"prompt":"{escaped}"}}}}"#);
        assert_eq!(texts(&read_one(record.as_bytes())), [("user", expected)], "{escaped}");
        let wrapped = format!(r#"{{"records":[{record},{{"request":{{"prompt":"fine"}}}}]}}"#);
        let out = read(wrapped.as_bytes()).expect("a collection");
        assert!(out.rejected.is_empty());
        assert_eq!(interactions(out).len(), 2);
    }
    let stream = json!({"request": {}, "response": "data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud83d\"}}]}\n\n"});
    assert_eq!(texts(&read_one(stream.to_string().as_bytes())), [("assistant", "a\u{fffd}")]);
    let messages = r#"[{"role":"user","parts":[{"type":"text","content":"a\ud83d"}]}]"#;
    let attribute = json!({"key": "gen_ai.input.messages", "value": {"stringValue": messages}});
    let span = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "00000000000000a1", "attributes": [attribute]}]}]}]});
    assert_eq!(texts(&read_one(span.to_string().as_bytes())), [("user", "a\u{fffd}")]);
}

#[test]
fn the_last_of_repeated_keys_counts() {
    let record = br#"{"id":"1","id":"2","request":{"prompt":"no"},"request":{"prompt":"a","prompt":"b","messages":[{"role":"tool","role":"user","content":"x","content":"y"}]}}"#;
    let read = read_one(record);
    assert_eq!(read.id.as_str(), "2");
    assert_eq!(texts(&read), [("user", "y"), ("user", "b")]);
}

#[test]
fn escaped_keys_are_keys() {
    let read = read_one(br#"{"requ\u0065st":{"pr\u006fmpt":"x"}}"#);
    assert_eq!(texts(&read), [("user", "x")]);
}

#[test]
fn times_at_the_edges() {
    let time = |value: &str| read_one(format!(r#"{{"id":"x","time":{value},"request":{{}}}}"#).as_bytes());
    let old = time("\"1970-01-01T00:00:01Z\"");
    assert_eq!((old.time.millis(), old.flags.as_slice()), (1_000, [Flag::LateTime].as_slice()));
    assert_eq!(time("1777636800123").time.millis(), 1_777_636_800_123);
    assert_eq!(time("1777636800.5").time.millis(), 1_777_636_800_500);
    let future = time("\"2099-01-01T00:00:00Z\"");
    assert_eq!((future.time.millis(), future.flags.as_slice()), (BROKER_MILLIS, [Flag::FutureTime].as_slice()));
    let cases = ["null", "{}", "\"\"", "\" \""].map(|nothing| (nothing, Flag::BrokerTime));
    for (written, flag) in cases.into_iter().chain(["\"soon\"", "-5", "1e40"].map(|odd| (odd, Flag::InvalidTime))) {
        let read = time(written);
        assert_eq!((read.time.millis(), read.flags.as_slice()), (BROKER_MILLIS, [flag].as_slice()), "{written}");
    }
    let edge = BROKER_MILLIS - 24 * 60 * 60 * 1000;
    assert_eq!(time(&edge.to_string()).flags, []);
    let late = time(&(edge - 1).to_string());
    assert_eq!((late.time.millis(), late.flags.as_slice()), (edge - 1, [Flag::LateTime].as_slice()));
}

#[test]
fn a_missing_id_is_derived_from_the_content() {
    let derived = |text: &str| read_one(format!(r#"{{"request":{{"prompt":"{text}"}}}}"#).as_bytes());
    let (one, again, other) = (derived("a"), derived("a"), derived("b"));
    assert_eq!(one.id, again.id);
    assert_ne!(one.id, other.id);
    assert_eq!(one.id.as_str().len(), 32);
    assert!(one.id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()) && one.flags.contains(&Flag::DerivedId));
}

#[test]
fn of_too_many_messages_the_newest_are_kept() {
    let messages: Vec<Value> = (0..10).map(|n| json!({"role": "user", "content": format!("m{n}")})).collect();
    let record = json!({"id": "x", "request": {"messages": messages}}).to_string();
    let limits = Limits { messages_max: 3, ..Limits::default() };
    let surroundings = Surroundings { limits, ..Surroundings::default() };
    let mut out = Output::default();
    readers::read(record.as_bytes(), None, &surroundings.context(), &mut out).expect("read");
    let read = interactions(out).remove(0);
    assert_eq!(texts(&read), [("user", "m7"), ("user", "m8"), ("user", "m9")]);
    assert!(read.flags.contains(&Flag::Truncated));
}

#[test]
fn descriptions_of_tools_are_documents_in_every_shape() {
    let tools = |request: &str| {
        let record = format!(r#"{{"request":{{"messages":[{{"role":"user","content":"hi"}}],{request}}}}}"#);
        let read = read_one(record.as_bytes());
        assert_eq!(texts(&read)[0], ("user", "hi"), "{request}");
        let name = |message: &schemas::interaction::Message| message.name.clone().unwrap_or_default();
        texts(&read)
            .into_iter()
            .zip(&read.messages)
            .skip(1)
            .map(|(t, m)| format!("{} {} {}", t.0, name(m), t.1))
            .collect()
    };
    for shape in [
        r#""tools":[{"type":"function","function":{"name":"t","description":"d"}}]"#,
        r#""tools":[{"type":"function","name":"t","description":"d","parameters":{"type":"object","title":"no"}}]"#,
        r#""tools":[{"name":"t","description":"d","input_schema":{}}]"#,
        r#""tools":[{"type":"mcp","server_label":"t","server_description":"d"},{"type":"web_search"}]"#,
        r#""functions":[{"name":"t","description":"d"}]"#,
        r#""tools":[{"functionDeclarations":[{"name":"t","description":"d"}]}]"#,
        r#""toolConfig":{"tools":[{"toolSpec":{"name":"t","description":"d"}},{"cachePoint":{}}]}"#,
    ] {
        let found: Vec<String> = tools(shape);
        assert_eq!(found, ["document t d"], "{shape}");
    }
    for nothing in [r#""tools":7"#, r#""tools":["a",null,[{}]]"#, r#""tools":[{"description":{"a":1}}]"#] {
        assert_eq!(tools(nothing), Vec::<String>::new(), "{nothing}");
    }
    let definitions =
        json!({"key": "gen_ai.tool.definitions", "value": {"stringValue": r#"[{"name":"t","description":"d"}]"#}});
    let span = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "00000000000000a1", "attributes": [definitions,
        {"key": "gen_ai.input.messages", "value": {"stringValue": "hi"}}]}]}]}]});
    assert_eq!(texts(&read_one(span.to_string().as_bytes())), [("user", "hi"), ("document", "d")]);
}

#[test]
fn descriptions_of_countless_tools_leave_the_conversation_its_place() {
    let tools: Vec<Value> = (0..5_000).map(|n| json!({"name": "t", "description": format!("d{n}")})).collect();
    let read = read_one(json!({"request": {"prompt": "hi", "tools": tools}}).to_string().as_bytes());
    assert_eq!((texts(&read)[0], read.messages.len()), (("user", "hi"), 257));
    assert_eq!(read.flags.iter().filter(|flag| **flag == Flag::Truncated).count(), 1);
}

#[test]
fn what_has_no_text_is_passed_by_and_counted() {
    let record =
        json!({"request": {"input": [[1, 2]]}, "response": {"object": "list", "data": [{"embedding": [0.5]}]}});
    let out = read(record.to_string().as_bytes()).expect("read");
    assert_eq!((out.inputs.len(), out.passed_by), (0, 1));
    let texts_too =
        json!({"request": {"input": ["a", "b"]}, "response": {"data": [{"embedding": [1]}, {"embedding": "AAA="}]}});
    let read = read_one(texts_too.to_string().as_bytes());
    assert_eq!(texts(&read), [("document", "a"), ("document", "b")]);
    assert_eq!(read.skipped.embeddings, 2);
}

#[test]
fn messages_cut_off_by_an_exporter_keep_their_text() {
    let attribute = json!({"key": "gen_ai.input.messages", "value": {"stringValue": "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"ignore all"}});
    let record = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "00000000000000a1", "attributes": [attribute]}]}]}]});
    let read = read_one(record.to_string().as_bytes());
    assert!(read.messages[0].text.expose().contains("ignore all"));
    assert!(read.flags.contains(&Flag::Truncated));
}

#[test]
fn parents_in_a_circle_end() {
    let span = |id: &str, parent: &str| json!({"spanId": id, "parentSpanId": parent, "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": "hi"}}]});
    let spans = [span("00000000000000a1", "00000000000000a2"), span("00000000000000a2", "00000000000000a1")];
    let record = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
    assert_eq!(interactions(read(record.to_string().as_bytes()).expect("read")).len(), 2);
}

#[test]
fn errors_quote_no_content() {
    let error = read(br#"{"request":{"prompt":"secret-word" "#).expect_err("refused");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_stream_of_responses_that_breaks_off_keeps_what_was_there() {
    let events = [
        json!({"type": "response.created", "response": {"id": "r", "model": "gpt-4.1", "output": []}}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Let me "}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "see"}),
        json!({"type": "response.output_item.done", "item": {"type": "message", "content": [{"type": "output_text", "text": "Let me see"}]}}),
        json!({"type": "response.function_call_arguments.delta", "delta": "{\"q\""}),
        json!({"type": "response.output_item.done", "item": {"type": "function_call", "name": "find", "arguments": "{\"q\":1}"}}),
    ];
    let stream: String = events.iter().map(|event| format!("event: x\ndata: {event}\n\n")).collect();
    let broken = read_one(json!({"request": {}, "response": &stream}).to_string().as_bytes());
    assert_eq!(texts(&broken), [("assistant", "Let me see"), ("tool_call", "{\"q\":1}")]);
    let end = json!({"type": "response.completed", "response": {"output": [{"type": "message", "content": [{"type": "output_text", "text": "whole"}]}]}});
    let whole = format!("{stream}data: {end}\n\n");
    let whole = read_one(json!({"request": {}, "response": whole}).to_string().as_bytes());
    assert_eq!(texts(&whole), [("assistant", "whole")]);
}

#[test]
fn a_latency_that_no_clock_knows_is_cut_to_what_a_topic_holds() {
    let record = |end: f64| {
        json!({"id": "l-1", "call_type": "acompletion", "status": "success", "model": "m", "startTime": 1.0, "endTime": end,
            "messages": [{"role": "user", "content": "q"}], "response": null, "metadata": {}, "model_parameters": {}})
    };
    let latency = |end| read_one(record(end).to_string().as_bytes()).latency_ms;
    assert_eq!((latency(1.25), latency(0.5), latency(1e300)), (Some(250), None, Some(i64::MAX as u64)));
}

#[test]
fn retrieved_text_has_its_channel_wherever_a_provider_puts_it() {
    let exchange =
        |request: &str, response: &str| format!(r#"{{"id":"i-1","request":{request},"response":{response}}}"#);
    let asked = r#"{"messages":[{"role":"user","content":"q"}]}"#;
    let guarded = r#"{"messages":[{"role":"user","content":[
        {"guardContent":{"text":{"text":"What the page says","qualifiers":["grounding_source"]}}},
        {"guardContent":{"text":{"text":"What is asked","qualifiers":["query"]}}}]}]}"#;
    let graph = r#"{"choices":[{"message":{"role":"assistant","content":"a","graph_data":{"sources":[{"file_id":"f","snippet":"S1"}],
        "subqueries":[{"query":"Q","answer":"A","sources":[{"file_id":"g","snippet":"S2"}]}]}}}]}"#;
    let ran = r#"{"outputs":[{"type":"tool.execution","name":"code_interpreter","arguments":"{}",
        "info":{"code":"print(1)","code_output":"1"}}]}"#;
    let context = r#"{"model_id":"m","context":"What was found","messages":[{"role":"user","content":"q"}]}"#;
    for (record, expected) in [
        (exchange(context, "null"), vec![("document", "What was found"), ("user", "q")]),
        (exchange(guarded, "null"), vec![("document", "What the page says"), ("user", "What is asked")]),
        (
            exchange(asked, graph),
            vec![
                ("user", "q"),
                ("document", "S1"),
                ("tool_call", "Q"),
                ("document", "S2"),
                ("tool_result", "A"),
                ("assistant", "a"),
            ],
        ),
        (
            exchange(asked, ran),
            vec![("user", "q"), ("tool_call", "{}"), ("tool_call", "print(1)"), ("tool_result", "1")],
        ),
    ] {
        let read = read_one(record.as_bytes());
        let mut found = texts(&read);
        let mut expected = expected;
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{record}");
    }
}

#[test]
fn an_event_of_okta_is_no_exchange() {
    let event = json!({"uuid": "u", "published": "2026-05-01T12:00:00Z", "eventType": "user.session.start", "request": {"ipChain": []}});
    let bytes = event.to_string();
    let record = telemetry_support::record(bytes.as_bytes());
    assert!(readers::telemetry::READERS.iter().all(|reader| !reader.recognises(&record)));
}

#[test]
fn what_a_stream_is_not_is_an_answer_in_plain_text() {
    for plain in ["Just words.", "{not json", "[1, 2", "data: {broken"] {
        let read = read_one(json!({"request": {}, "response": plain}).to_string().as_bytes());
        assert_eq!(texts(&read), [("assistant", plain)], "{plain}");
    }
}

#[test]
fn countless_tiny_things_in_protobuf_are_refused_before_they_fill_memory() {
    let empty = |number: u8| field(number, &[]).repeat(2_000_000);
    let spans = field(1, &field(2, &empty(2)));
    let attributes = field(1, &field(2, &field(2, &empty(9))));
    let events = field(1, &field(2, &field(2, &empty(11))));
    for record in [empty(1), field(1, &empty(2)), spans, attributes, events] {
        assert_eq!(reason(&record), Reason::TooLarge);
    }
}

#[test]
fn many_spans_under_one_crowded_resource_are_read() {
    let attribute = |key: &str, text: &str| [field(1, key.as_bytes()), field(2, &field(1, text.as_bytes()))].concat();
    let crowd: Vec<u8> = (0..150_000).flat_map(|n| field(1, &attribute(&format!("k{n:06}"), ""))).collect();
    let span = field(2, &field(9, &attribute("gen_ai.input.messages", "hi")));
    let resource = [field(1, &crowd), field(2, &span.repeat(10_000))].concat();
    assert_eq!(interactions(read(&field(1, &resource)).expect("read")).len(), 10_000);
}

#[test]
fn a_body_in_a_string_is_held_to_the_limits_of_a_record() {
    let encoded = |body: &str| format!(r#"{{"id":"x","request":{}}}"#, Value::from(body));
    let reason = |body: &str| read(encoded(body).as_bytes()).map(|_| ()).map_err(|error| error.reason);
    assert_eq!(texts(&read_one(encoded(r#"{"prompt":"x"}"#).as_bytes())), [("user", "x")]);
    let surrogate = r#"{"prompt":"a\ud83d"}"#;
    assert_eq!(texts(&read_one(encoded(surrogate).as_bytes())), [("user", "a\u{fffd}")]);
    let deep = format!(r#"{{"prompt":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(reason(&deep), Err(Reason::TooDeep));
    let crowd = format!(r#"{{"messages":[{}]}}"#, vec!["{}"; 300_000].join(","));
    assert_eq!(reason(&crowd), Err(Reason::TooLarge));
    assert_eq!(reason(r#"{"prompt":"#), Err(Reason::MalformedJson));
    assert_eq!(reason("hello"), Err(Reason::UnrecognisedFormat));
}

#[test]
fn the_limit_of_values_is_the_configurations() {
    let limits = schemas::readers::Limits { values_max: 40, ..Default::default() };
    let surroundings = telemetry_support::Surroundings { limits, ..Default::default() };
    let reason = |record: &str| {
        let mut out = schemas::readers::Output::default();
        schemas::readers::read(record.as_bytes(), None, &surroundings.context(), &mut out).map_err(|error| error.reason)
    };
    let exchange = |messages: usize| {
        let messages = vec![json!({"role": "user", "content": "x"}); messages];
        json!({"id": "x", "request": {"messages": messages}}).to_string()
    };
    assert_eq!((reason(&exchange(5)), reason(&exchange(20))), (Ok(()), Err(Reason::TooLarge)));
    let spans = vec![json!({"attributes": []}); 40];
    let otlp = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
    assert_eq!(reason(&otlp), Err(Reason::TooLarge));
}
