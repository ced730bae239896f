//! `weir check --sample` as users meet it: what a file's lines are, and files that are none of text.

#![cfg(test)]

mod command_line;

use std::fs;
use std::io::Write as _;

use command_line::{stderr, weir};

#[test]
fn check_says_for_each_line_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample.jsonl");
    fs::write(
        &sample,
        "{\"id\":\"x\",\"request\":{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}}\n{\"who\":\"knows\"}\n",
    )
    .unwrap();
    let output = weir(&["check", "--sample", sample.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "a line cannot be read");
    assert!(text.contains("1: exchange: interaction x"), "{text}");
    assert!(text.contains("2: no reader: rejected: unrecognised_format"), "{text}");
    assert!(text.contains("its members: who\n"), "{text}");
}

#[test]
fn check_says_what_a_record_can_be_joined_by() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample.jsonl");
    let exchange =
        r#"{"id":"x","headers":{"x-forwarded-for":"203.0.113.9"},"api_key_id":"k-1","request":{"prompt":"hi"}}"#;
    let alert = r#"{"@timestamp":"2026-05-01T12:00:00Z","ecs":{"version":"8"},"event":{"kind":"alert","category":["intrusion_detection"]},"source":{"ip":"203.0.113.9"},"destination":{"ip":"10.0.0.5"}}"#;
    let batch = r#"{"records":[{"eventType":"user.session.start","uuid":"ok-1","published":"2026-05-01T12:00:00Z","actor":{}},{"category":"FooLogs"}]}"#;
    fs::write(&sample, [exchange, alert, batch].join("\n")).unwrap();
    let output = weir(&["check", "--sample", sample.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for said in [
        "1: exchange: interaction x at the broker's time",
        "source ip 203.0.113.9, api key k-1",
        "2: ecs: (the source's group) alert ",
        "ip(source)=203.0.113.9 ip(destination)=10.0.0.5",
        "3: no reader: rejected: unrecognised_format: ",
        "its members: category; category is `FooLogs`",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn check_says_how_to_make_a_file_readable() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("trail.json");
    fs::write(&sample, b"{\"name\":\"Ren\xe9\"}\n").unwrap();
    let output = weir(&["check", "--sample", sample.to_str().unwrap()]);
    assert!(stderr(&output).contains("iconv -f LATIN1"), "{}", stderr(&output));
}

/// Stores of objects deliver it so: compressed, in a folder with other things.
#[test]
fn compressed_files_are_read_and_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let compressed = folder.path().join("a.JSONL.gz");
    let file = fs::File::create(&compressed).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(b"{\"id\":\"x\",\"request\":{\"prompt\":\"Hello\"}}\n").unwrap();
    encoder.finish().unwrap();
    fs::write(folder.path().join("notes.txt"), "words").unwrap();
    let out = folder.path().join("out");
    let output =
        weir(&["replay", "--input", &format!("ai={}", folder.path().display()), "--out", out.to_str().unwrap()]);
    let said = stderr(&output);
    assert!(said.contains("1 records: 1 interactions"), "{said}");
    assert!(said.contains("1 entries end in none of .json, .jsonl and .ndjson"), "{said}");

    let bytes = fs::read(&compressed).unwrap();
    fs::write(&compressed, &bytes[..bytes.len() / 2]).unwrap();
    let output = weir(&["check", "--sample", compressed.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("a.JSONL.gz"), "{}", stderr(&output));
}

#[test]
fn check_reads_binary_messages_and_names_what_it_leaves_of_them() {
    use base64::Engine;
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/cases/telemetry/otlp_proto/tool_calls.in.b64");
    let wrapped = fs::read_to_string(case).unwrap().split_whitespace().collect::<String>();
    let message = base64::engine::general_purpose::STANDARD.decode(&wrapped).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (binary, lines) = (folder.path().join("message.bin"), folder.path().join("messages.b64"));
    fs::write(&binary, &message).unwrap();
    fs::write(&lines, format!("{wrapped}\n{wrapped}\n")).unwrap();
    for (file, read) in [(&binary, 1), (&lines, 2)] {
        let output = weir(&["check", "--sample", file.to_str().unwrap(), "--format", "otlp_proto"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(text.contains(&format!("{read}: otlp_proto: interaction")), "{text}");
        assert!(text.contains("left out: ") && !text.contains("gen_ai.input.messages"), "{text}");
    }
    let output = weir(&["check", "--sample", binary.to_str().unwrap()]);
    assert!(stderr(&output).contains("--format otlp_proto"), "{}", stderr(&output));
}

#[test]
fn check_reads_avro_and_says_which_fields_only_stand_in_for_others() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/cases/telemetry/avro");
    let mut files = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let avro = files.find(|file| file.to_string_lossy().ends_with(".in.b64")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (messages, alert) = (folder.path().join("messages.b64"), folder.path().join("alert.jsonl"));
    fs::write(&messages, fs::read_to_string(avro).unwrap().split_whitespace().collect::<String>()).unwrap();
    let output = weir(&["check", "--sample", messages.to_str().unwrap(), "--format", "avro"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1: avro: interaction"), "{text} {}", stderr(&output));
    fs::write(
        &alert,
        r#"{"id":"da-1","title":"T","severity":"high","serviceSource":"x","firstActivityDateTime":"2026-05-01T12:00:00Z","createdDateTime":"2026-05-01T12:05:00Z","colour":"red"}"#,
    )
    .unwrap();
    let output = weir(&["check", "--sample", alert.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("not needed, a better field says it: createdDateTime\n"), "{text}");
    assert!(text.contains("left out: ") && text.contains("colour"), "{text}");
}

#[test]
fn a_body_that_lies_elsewhere_is_said_and_does_not_fail_the_check() {
    let record = r#"{"schemaType":"ModelInvocationLog","timestamp":"2026-05-01T12:00:00Z","requestId":"r-1","operation":"Converse","modelId":"m","input":{"inputBodyJson":{"messages":[{"role":"user","content":[{"text":"hi"}]}]}},"output":{"outputBodyS3Path":"s3://logs.example.com/o.gz"}}"#;
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("bedrock.jsonl");
    fs::write(&sample, format!("{record}\n")).unwrap();
    let output = weir(&["check", "--sample", sample.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("1: bedrock: not in the record: body_elsewhere"), "{text}");
    assert!(stderr(&output).contains("0 rejected, 1 parts lie elsewhere"), "{}", stderr(&output));
}
