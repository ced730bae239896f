//! What log shippers and event buses put around records. `cases/envelopes/<name>.json` (or `.xml`) is a message as a
//! shipper writes it, `<name>.inputs.jsonl` what must come of it, one input a line; `WEIR_BLESS=1` rewrites the latter,
//! for a person to review. Then every case of every reader of signals in every envelope, and what hostile envelopes
//! may not do.
#![cfg(test)]

mod telemetry_support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use schemas::readers::{self, Input, Output, ReadError, Reason};
use serde_json::{Value, json};
use telemetry_support::{Surroundings, read};

fn cases(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// Every input as a line of JSON.
fn lines(out: &Output) -> Vec<String> {
    assert!(out.rejected.is_empty() && out.passed_by == 0, "{:?}", out.rejected);
    let line = |input: &Input| match input {
        Input::Interaction(interaction) => serde_json::to_string(interaction),
        Input::Signal(signal) => serde_json::to_string(signal),
        Input::Command { .. } => panic!("a command that no source was named for"),
    };
    out.inputs.iter().map(|input| line(input).expect("JSON")).collect()
}

/// Whether what was read in an envelope is what the record alone gives, but for what follows from the envelope's time
/// where the record has none.
fn are_alike(found: &[String], alone: &[String]) -> bool {
    let without_time = |line: &String| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        let members = line.as_object_mut().expect("an object");
        ["uid", "native_id", "time", "flags"].iter().for_each(|member| drop(members.remove(*member)));
        line
    };
    let timeless = |line: &String| line.contains("\"broker_time\"");
    found.len() == alone.len()
        && found
            .iter()
            .zip(alone)
            .all(|(found, alone)| found == alone || timeless(alone) && without_time(found) == without_time(alone))
}

fn read_as(bytes: &[u8], format: &str) -> Result<Output, ReadError> {
    let mut out = Output::default();
    let reader = readers::by_name(format).expect("a reader");
    readers::read(bytes, Some(reader), &Surroundings::default().context(), &mut out).map(|()| out)
}

#[test]
fn every_message_gives_what_it_carries() {
    let messages = files(&cases("envelopes")).into_iter().filter(|file| !file.to_string_lossy().ends_with(".jsonl"));
    for file in messages {
        let out = read(&fs::read(&file).expect("a case")).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let found = lines(&out).join("\n") + "\n";
        let expected = file.with_extension("inputs.jsonl");
        if std::env::var_os("WEIR_BLESS").is_some() {
            fs::write(&expected, &found).expect("written");
        }
        assert_eq!(found, fs::read_to_string(&expected).expect("an expectation"), "{}", file.display());
    }
}

/// `record` in every envelope, each with a name for people.
fn envelopes(record: &str) -> Vec<(&'static str, String)> {
    let value: Value = serde_json::from_str(record).expect("JSON");
    let bridge = json!({"version": "0", "id": "e-1", "detail-type": "Event", "source": "x", "detail": value});
    let original = json!({"@timestamp": "2026-05-01T12:00:00Z", "@version": "1", "event": {"original": record}});
    vec![
        ("bridge", bridge.to_string()),
        ("cloud event", json!({"specversion": "1.0", "type": "x", "source": "y", "id": "z", "data": value}).to_string()),
        (
            "cloud event, encoded",
            json!({"specversion": "1.0", "type": "x", "source": "y", "id": "z",
                "data_base64": base64::engine::general_purpose::STANDARD.encode(record)})
            .to_string(),
        ),
        ("collector", json!({"time": 1, "host": "h", "event": value}).to_string()),
        ("collector's text", json!({"event": record, "fields": {"a": "b"}}).to_string()),
        ("original", original.to_string()),
        ("dotted original", json!({"event.original": record}).to_string()),
        ("message", json!({"message": format!(" {record}\n"), "host": "h"}).to_string()),
        ("raw", json!({"_raw": record, "_time": "1"}).to_string()),
        ("log", json!({"log": record, "stream": "stdout"}).to_string()),
        ("notification", json!({"Type": "Notification", "Message": record}).to_string()),
        ("two of them", json!({"log": json!({"event": value, "time": 1}).to_string()}).to_string()),
        ("collection", json!({"records": [{"message": record}]}).to_string()),
        (
            "CloudWatch",
            json!({"logGroup": "g", "logEvents": [{"message": json!({"event": value}).to_string()}]}).to_string(),
        ),
        (
            "Filebeat's JSON",
            json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "agent": {"id": "a"},
                "log": {"file": {"path": "/x"}}, "json": value})
            .to_string(),
        ),
        (
            "Filebeat",
            json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "agent": {"id": "a"}, "message": record})
                .to_string(),
        ),
    ]
}

/// `record` in the envelopes of queues, streams and stores, each with a name for people.
fn deliveries(record: &str) -> Vec<(&'static str, String)> {
    let value: Value = serde_json::from_str(record).expect("JSON");
    let encoded = base64::engine::general_purpose::STANDARD.encode(record);
    let compressed = base64::engine::general_purpose::STANDARD.encode(gzip(record));
    let kinesis = |data: &str| {
        json!({"Records": [{"kinesis": {"partitionKey": "p", "data": data}, "eventSource": "aws:kinesis",
            "eventVersion": "1.0", "eventID": "shardId-000:1", "eventName": "aws:kinesis:record",
            "awsRegion": "eu-central-1", "invokeIdentityArn": "arn:aws:iam::111122223333:role/r"}]})
    };
    let firehose = json!({"invocationId": "i", "deliveryStreamArn": "arn:aws:firehose:eu-central-1:1:deliverystream/s",
        "region": "eu-central-1", "records": [{"recordId": "49", "approximateArrivalTimestamp": 1, "data": encoded}]});
    let endpoint = json!({"requestId": "r", "timestamp": 1_777_636_800_000_i64, "records": [{"data": encoded}]});
    let queue = json!({"Records": [{"messageId": "m", "receiptHandle": "h", "body": record, "attributes": {},
        "messageAttributes": {}, "md5OfBody": "x", "eventSource": "aws:sqs", "awsRegion": "eu-central-1"}]});
    let topic = json!({"Records": [{"EventVersion": "1.0", "EventSource": "aws:sns", "EventSubscriptionArn": "arn",
        "Sns": {"Type": "Notification", "MessageId": "m", "Subject": null, "Message": record}}]});
    let entry = |key: &str, held: Value| {
        json!({"insertId": "i", "logName": "projects/p/logs/l", "resource": {"type": "global"}, key: held,
            "timestamp": "2026-05-01T12:00:00Z"})
    };
    let hit = json!({"_index": "logs", "_id": "1", "_score": 1.0, "_source": value});
    let gelf = json!({"version": "1.1", "host": "h", "short_message": record, "timestamp": 1.5, "_facility": "f"});
    let header = "2026-05-01T12:00:00Z host app - - -";
    [
        ("Connect", json!({"schema": {"type": "struct"}, "payload": value})),
        ("Connect's text", json!({"schema": {"type": "string", "optional": false}, "payload": record})),
        ("Elasticsearch", hit),
        ("Splunk's export", json!({"preview": false, "offset": 0, "result": {"_raw": record, "_time": "1"}})),
        ("Cloud Logging", entry("jsonPayload", value)),
        ("Cloud Logging's text", entry("textPayload", json!(record))),
        ("SQS", queue),
        ("SNS", topic),
        ("Kinesis", kinesis(&encoded)),
        ("Kinesis, compressed", kinesis(&compressed)),
        ("Firehose", firehose),
        ("Firehose to an endpoint", endpoint),
        (
            "Event Hubs",
            json!({"SequenceNumber": 1, "Offset": "1", "EnqueuedTimeUtc": "5/1/2026 12:00:00 PM", "Body": record}),
        ),
        ("Event Hubs, encoded", json!({"EnqueuedTimeUtc": "5/1/2026 12:00:00 PM", "Body": encoded})),
        (
            "Pub/Sub",
            json!({"message": {"data": encoded, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}),
        ),
        ("Pub/Sub's message", json!({"data": encoded, "messageId": "1", "publishTime": "2026-05-01T12:00:00Z"})),
        (
            "Pub/Sub's pull",
            json!({"receivedMessages": [{"ackId": "a", "message": {"data": encoded, "messageId": "1"}}]}),
        ),
        ("the journal", json!({"__REALTIME_TIMESTAMP": "1777636800000000", "_PID": "7", "MESSAGE": record})),
        (
            "CloudTrail's history",
            json!({"Events": [{"EventId": "e", "EventName": "x", "EventSource": "y", "CloudTrailEvent": record}]}),
        ),
        ("GELF", gelf),
        ("syslog in a message", json!({"message": format!("<14>1 {header} {record}"), "host": "h"})),
        ("a marked message", json!({"message": format!("@cee: {record}")})),
    ]
    .map(|(name, envelope)| (name, envelope.to_string()))
    .into_iter()
    .chain([
        ("syslog", format!("<14>1 {header} {record}")),
        ("syslog over a stream", format!("{} <14>1 {header} {record}", record.len() + header.len() + 6)),
        ("written out twice", json!(record).to_string()),
        ("syslog of old", format!("<13>May  1 12:00:00 host app[1]: {record}")),
        ("syslog in a file", format!("May  1 12:00:00 host app: @cee:{record}")),
        ("a line of an array", format!("{record},")),
    ])
    .collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// Filebeat can also be told to mix its own members with the record's.
#[test]
fn what_a_shipper_mixes_its_members_into_is_still_the_vendors() {
    for reader in ["github_audit", "google_workspace", "kubernetes_audit", "okta", "slack_audit", "teleport"] {
        for file in
            files(&cases("signals").join(reader)).iter().filter(|file| file.to_string_lossy().ends_with(".in.json"))
        {
            let mut record: Value = serde_json::from_slice(&fs::read(file).expect("a case")).expect("JSON");
            record["@timestamp"] = json!("2026-05-02T00:00:00Z");
            record["ecs"] = json!({"version": "8.0.0"});
            record["host"] = json!({"name": "logbox"});
            record["input"] = json!({"type": "log"});
            let text = record.to_string();
            assert_eq!(
                readers::reader_of(text.as_bytes()).map(|reader| reader.name()),
                Some(reader),
                "{}",
                file.display()
            );
        }
    }
}

fn log_record(body: Value) -> String {
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1777636800000000000", "body": body}]}]}]})
        .to_string()
}

/// A value of OTLP that says what `value` says.
fn any_value(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": any_value(value)});
            json!({"kvlistValue": {"values": members.iter().map(pair).collect::<Vec<_>>()}})
        }
        Value::Array(values) => json!({"arrayValue": {"values": values.iter().map(any_value).collect::<Vec<_>>()}}),
        Value::String(text) => json!({"stringValue": text}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Null => json!({}),
    }
}

#[test]
fn what_a_collector_has_as_the_body_of_a_log_record_is_read() {
    for reader in ["aws_cloudtrail", "entra_signin", "okta"] {
        for file in
            files(&cases("signals").join(reader)).iter().filter(|file| file.to_string_lossy().ends_with(".in.json"))
        {
            let record = fs::read_to_string(file).expect("a case");
            let expected = lines(&read(record.as_bytes()).expect("sound"));
            let value: Value = serde_json::from_str(&record).expect("JSON");
            for body in [json!({"stringValue": record}), any_value(&value)] {
                for out in
                    [read(log_record(body.clone()).as_bytes()), read_as(log_record(body).as_bytes(), "otlp_json")]
                {
                    assert!(are_alike(&lines(&out.expect("sound")), &expected), "{}", file.display());
                }
            }
        }
    }
    let exchange = json!({"stringValue": r#"{"id":"i-1","request":{"prompt":"Hello"}}"#});
    let out = read(log_record(exchange).as_bytes()).expect("sound");
    assert_eq!((out.inputs.len(), out.passed_by), (1, 0));
    // What nobody knows is a log of other software; what a reader knows and cannot read is not passed by.
    for (body, passed_by, rejected) in
        [(r#"{"level":"info"}"#, 1, 0), ("started", 1, 0), (r#"{"request":"{oops"}"#, 0, 1)]
    {
        let out = read(log_record(json!({"stringValue": body})).as_bytes()).expect("sound");
        assert_eq!((out.inputs.len(), out.passed_by, out.rejected.len()), (0, passed_by, rejected), "{body}");
    }
    // A log record in a log record, and so on, ends.
    let nested = (0..12).fold(r#"{"level":"info"}"#.to_owned(), |inner, _| log_record(json!({"stringValue": inner})));
    let out = read(nested.as_bytes()).expect("sound");
    assert_eq!((out.inputs.len(), out.passed_by + out.rejected.len() as u32), (0, 1));
}

/// Readers whose records look like Splunk's collector or EventBridge by themselves take these as their own.
fn is_own(reader: &str, envelope: &str, text: &str) -> bool {
    let own = readers::reader_of(text.as_bytes()).is_some_and(|own| own.name() == reader);
    own && matches!(envelope, "bridge" | "cloud event" | "collector")
}

#[test]
fn every_signal_is_read_in_every_envelope() {
    for folder in files(&cases("signals")) {
        let reader = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in files(&folder).into_iter().filter(|file| file.to_string_lossy().ends_with(".in.json")) {
            let record = fs::read_to_string(&file).expect("a case");
            let expected = lines(&read(record.as_bytes()).expect("sound"));
            let record = record.trim();
            for (envelope, text) in envelopes(record).into_iter().chain(deliveries(record)) {
                let about = format!("{} in {envelope}", file.display());
                for out in [read(text.as_bytes()), read_as(text.as_bytes(), &reader)] {
                    let found = lines(&out.unwrap_or_else(|error| panic!("{about}: {error}")));
                    assert!(are_alike(&found, &expected) || is_own(&reader, envelope, &text), "{about}: {found:?}");
                }
                assert_eq!(readers::reader_of(text.as_bytes()).map(|reader| reader.name()), Some(&*reader), "{about}");
            }
        }
    }
}

/// Filebeat's `ndjson` parser may put the members of a record beside its own.
#[test]
fn every_signal_is_its_vendors_among_the_members_of_a_shipper() {
    let base = json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "host": {"name": "logbox"},
        "agent": {"type": "filebeat"}, "input": {"type": "log"}, "log": {"file": {"path": "/x"}}});
    let base = base.as_object().expect("an object");
    let mut read_beside = 0;
    for folder in files(&cases("signals")) {
        let reader = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in files(&folder).into_iter().filter(|file| file.to_string_lossy().ends_with(".in.json")) {
            let record: Value = serde_json::from_slice(&fs::read(&file).expect("a case")).expect("JSON");
            let record = record.as_object().expect("an object");
            if record.keys().any(|key| base.contains_key(key)) {
                continue;
            }
            let beside = Value::from(record.clone().into_iter().chain(base.clone()).collect::<serde_json::Map<_, _>>());
            let found = readers::reader_of(beside.to_string().as_bytes()).map(|reader| reader.name());
            assert_eq!(found, Some(&*reader), "{}", file.display());
            read_beside += 1;
        }
    }
    assert!(read_beside > 80, "only {read_beside} cases have no member of a shipper's name");
}

const EXCHANGE: &str = r#"{"id":"i-1","time":"2026-05-01T12:00:00Z","request":{"prompt":"Hello"}}"#;

#[test]
fn telemetry_is_read_in_every_envelope() {
    let expected = lines(&read(EXCHANGE.as_bytes()).expect("sound"));
    for (envelope, text) in envelopes(EXCHANGE).into_iter().chain(deliveries(EXCHANGE)) {
        assert_eq!(lines(&read(text.as_bytes()).expect(envelope)), expected, "{envelope}");
        assert_eq!(lines(&read_as(text.as_bytes(), "exchange").expect(envelope)), expected, "{envelope}, told so");
    }
}

#[test]
fn what_is_known_for_itself_is_no_envelope() {
    let document = json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "event": {"action": "login"},
        "user": {"name": "eve"}, "message": EXCHANGE});
    assert!(matches!(read(document.to_string().as_bytes()).expect("ECS").inputs.as_slice(), [Input::Signal(_)]));
}

/// Where a line lay is no event: nobody knows what happened.
#[test]
fn a_shippers_own_members_are_no_event() {
    let line = |message: &str| {
        json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"},
        "host": {"name": "logbox"}, "agent": {"type": "filebeat"}, "log": {"file": {"path": "/x"}},
        "event": {"dataset": "app.log"}, "message": message})
    };
    let metric = json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "host": {"name": "logbox"},
        "event": {"dataset": "system.cpu", "module": "system"}, "metricset": {"name": "cpu"}, "system": {"cpu": {}}});
    for plain in [line("GET / 200"), metric] {
        let out = read(plain.to_string().as_bytes()).expect("known");
        assert_eq!((out.inputs.len(), out.rejected.len(), out.passed_by), (0, 0, 1), "{plain}");
    }
    let unknown = json!({"@timestamp": "2026-05-01T12:00:00Z", "ecs": {"version": "8"}, "host": {"name": "logbox"},
        "alarm": "7", "who": "eve"});
    for record in [line("{\"level\": \"info\"}"), unknown] {
        assert_eq!(refused(&record.to_string()).reason, Reason::UnrecognisedFormat, "{record}");
    }
}

#[test]
fn an_original_is_read_where_the_event_only_says_that_it_is_one() {
    let original = r#"{"eventType":"user.session.start","uuid":"ok-1","published":"2026-05-01T12:00:00Z","actor":{}}"#;
    let document = json!({"@timestamp": "2026-05-01T12:00:09Z", "ecs": {"version": "8"},
        "event": {"kind": "event", "original": original}});
    assert_eq!(readers::reader_of(document.to_string().as_bytes()).map(|reader| reader.name()), Some("okta"));
}

fn refused(text: &str) -> ReadError {
    read(text.as_bytes()).map(|out| out.inputs.len()).expect_err(text)
}

#[test]
fn an_envelope_around_nothing_known_is_rejected_whole() {
    for (text, reason) in [
        (json!({"message": "plain words"}), Reason::UnrecognisedFormat),
        (json!({"message": "[2026-05-01] something"}), Reason::UnrecognisedFormat),
        (json!({"message": "{\"level\": \"info\"}"}), Reason::UnrecognisedFormat),
        (json!({"message": "{\"request\": "}), Reason::MalformedJson),
        (json!({"message": 7, "event": [1], "_raw": null, "log": {}}), Reason::UnrecognisedFormat),
        (json!({"event": {"id": 1}, "host": "h"}), Reason::UnrecognisedFormat),
        (json!({"detail": {"eventType": "x"}}), Reason::UnrecognisedFormat),
        (json!({"event": "<Event><System/>"}), Reason::MalformedXml),
        (json!({"event": "<Event><Other/></Event>"}), Reason::UnrecognisedFormat),
        (json!({"_raw": "<!DOCTYPE Event []><Event><System/></Event>"}), Reason::UnrecognisedFormat),
        (json!({"_raw": "<?xml version='1.0'?><!DOCTYPE Event []><Event><System/></Event>"}), Reason::MalformedXml),
    ] {
        assert_eq!(refused(&text.to_string()).reason, reason, "{text}");
    }
    assert!(refused(&json!({"message": "{\"a\": 1}"}).to_string()).message.starts_with("within `message`: "));
}

#[test]
fn what_a_queue_carries_and_nobody_can_open_is_rejected() {
    let encoded = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let bomb = gzip(&" ".repeat(16 * 1024 * 1024));
    let cut = gzip(EXCHANGE);
    for data in
        [encoded(b"plain"), encoded(&[0xff, 0xfe]), encoded(&bomb), encoded(&cut[..cut.len() / 2]), "%".to_owned()]
    {
        let record =
            json!({"kinesis": {"data": data}, "eventSource": "aws:kinesis", "eventName": "aws:kinesis:record"});
        assert_eq!(refused(&record.to_string()).reason, Reason::UnrecognisedFormat, "{data}");
    }
    // No stream's record: base64 is looked into only where one says so, or where there is nothing else.
    let other = json!({"data": encoded(EXCHANGE.as_bytes()), "x": 1});
    assert_eq!(refused(&other.to_string()).reason, Reason::UnrecognisedFormat);
    assert_eq!(refused("<14>1 2026-05-01T00:00:00Z h a - - - {\"a\":").reason, Reason::MalformedJson);
    assert_eq!(refused("<14>1 2026-05-01T00:00:00Z h a - - - words").reason, Reason::UnrecognisedFormat);
}

#[test]
fn envelopes_in_each_other_are_bounded() {
    let wrapped = |levels: usize| (0..levels).fold(EXCHANGE.to_owned(), |text, _| json!({"_raw": text}).to_string());
    assert_eq!(read(wrapped(4).as_bytes()).expect("four levels").inputs.len(), 1);
    let error = refused(&wrapped(5));
    assert_eq!((error.reason, error.message.ends_with("more than 4 envelopes in each other")), (Reason::TooDeep, true));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(
        refused(&json!({"_raw": format!(r#"{{"request":{{}},"x":{deep}}}"#)}).to_string()).reason,
        Reason::TooDeep
    );
}

#[test]
fn objects_that_follow_each_other_are_a_batch() {
    for (text, inputs, rejected) in [
        (format!("{EXCHANGE}{EXCHANGE}"), 2, vec![]),
        (format!("\u{feff}{EXCHANGE}\n {EXCHANGE}\r\n{EXCHANGE}\n"), 3, vec![]),
        (format!(r#"{{"event":{EXCHANGE}}}{{"event":{EXCHANGE}}}"#), 2, vec![]),
        (format!(r#"{EXCHANGE}{{"a":1}}{EXCHANGE}"#), 2, vec![r#"{"a":1}"#]),
        (format!("{EXCHANGE}{EXCHANGE}{{\"id\":"), 2, vec!["{\"id\":"]),
        (format!("{EXCHANGE}{EXCHANGE}7 {EXCHANGE}"), 2, vec![&*format!("7 {EXCHANGE}")]),
    ] {
        for out in [read(text.as_bytes()), read_as(text.as_bytes(), "exchange")] {
            let out = out.unwrap_or_else(|error| panic!("{text}: {error}"));
            let left: Vec<_> = out.rejected.iter().map(|rejected| String::from_utf8_lossy(&rejected.bytes)).collect();
            // Told its format, the reader tries what looks like none of its records, and fails.
            assert_eq!(
                (out.inputs.len(), left),
                (inputs, rejected.iter().map(|text| (*text).into()).collect()),
                "{text}"
            );
        }
    }
    for text in [format!("{EXCHANGE}{{"), format!("{EXCHANGE} trailing"), format!("{EXCHANGE}\0")] {
        assert_eq!(refused(&text).reason, Reason::MalformedJson, "{text}");
    }
}
