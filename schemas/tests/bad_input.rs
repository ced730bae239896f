//! Every kind of bad input against every reader: each case of telemetry and of signals is spoilt in each way and
//! read as it would be from a topic. The outcome is an error with its reason, or what the sound record gives.
//!
//! What spoils only one format (broken streams, cut-off spans, wrong types) stands in `telemetry_bad.rs` and
//! `signals.rs`.
#![cfg(test)]

mod telemetry_support;

use std::fs;
use std::path::Path;

use schemas::Timestamp;
use schemas::readers::{Input, Output, ReadError, Reason};
use telemetry_support::{BROKER_MILLIS, base64, read};

/// Name and bytes of every case.
fn cases() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut cases = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.contains(".in.") {
                let bytes = fs::read(path).expect("a readable case");
                cases.push((name.clone(), if name.ends_with(".b64") { base64(&bytes) } else { bytes }));
            }
        }
    }
    assert!(cases.len() > 40, "only {} cases", cases.len());
    cases
}

/// The cases in JSON, as text without white space at its end.
fn json_cases() -> impl Iterator<Item = (String, String)> {
    let json = |(name, bytes): (String, Vec<u8>)| Some((name, String::from_utf8(bytes).ok()?.trim_end().to_owned()));
    cases().into_iter().filter_map(json).filter(|(_, text)| text.starts_with('{'))
}

/// `record` with `members` behind its own.
fn with(record: &str, members: &str) -> String {
    format!("{},{members}}}", record.strip_suffix('}').expect("an object"))
}

fn reason(result: Result<Output, ReadError>) -> Reason {
    result.expect_err("refused").reason
}

/// What a record says, without what its own bytes decide: the id of one that brings none.
fn essence(out: Output) -> Vec<String> {
    assert!(out.rejected.is_empty());
    let essence = |input| match input {
        Input::Interaction(mut interaction) => {
            if interaction.flags.contains(&schemas::Flag::DerivedId) {
                interaction.id = "derived".into();
            }
            serde_json::to_string(&interaction).expect("JSON")
        }
        Input::Signal(mut signal) => {
            if signal.flags.contains(&schemas::Flag::DerivedId) {
                signal.native_id = "derived".to_owned();
                signal.uid = schemas::SignalUid::derive(&signal.tenant, "derived", "derived");
            }
            serde_json::to_string(&signal).expect("JSON")
        }
        Input::Command { .. } => panic!("a command that no source was named for"),
    };
    out.inputs.into_iter().map(essence).collect()
}

/// Holds a spoilt record against the sound one.
fn assert_same(spoilt: &str, sound: &str, name: &str) {
    let spoilt = read(spoilt.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(essence(spoilt), essence(read(sound.as_bytes()).expect("sound")), "{name}");
}

#[test]
fn what_is_empty_or_no_record() {
    for (bytes, expected) in [
        (&b""[..], Reason::Empty),
        (b" \r\n\t", Reason::Empty),
        (b"\xef\xbb\xbf", Reason::Empty),
        (b"{}", Reason::UnrecognisedFormat),
        (b"null", Reason::UnrecognisedFormat),
        (b"7", Reason::UnrecognisedFormat),
        (b"\"text\"", Reason::UnrecognisedFormat),
        (b"plain words", Reason::UnrecognisedFormat),
        (b"<Event/>", Reason::UnrecognisedFormat),
        (b"{'id': 1}", Reason::MalformedJson),
        (b"{\"id\": NaN}", Reason::UnrecognisedFormat),
        (b"\0\0\0\0", Reason::UnrecognisedFormat),
        (b"\x1f\x8b\x08\0\0", Reason::InvalidUtf8),
    ] {
        assert_eq!(reason(read(bytes)), expected, "{bytes:?}");
    }
    for nothing in ["[]", "{\"records\":[]}", "{\"value\":[]}"] {
        let out = read(nothing.as_bytes()).expect("an empty collection");
        assert!(out.inputs.is_empty() && out.rejected.is_empty(), "{nothing}");
    }
}

#[test]
fn records_that_break_off() {
    for (name, text) in json_cases() {
        for end in (1..text.len()).step_by(13) {
            let Some(cut) = text.get(..end) else { continue };
            assert_eq!(reason(read(cut.as_bytes())), Reason::MalformedJson, "{name} at {end}");
        }
    }
    for (name, bytes) in cases().into_iter().filter(|(name, _)| name.ends_with(".b64")) {
        let whole = read(&bytes).expect("sound").inputs.len();
        // What ends within the first length is not yet known for what it is.
        for end in 4..bytes.len() {
            match read(&bytes[..end]) {
                Ok(out) => assert!(out.inputs.len() < whole, "{name} at {end}"),
                Err(error) => assert!(
                    matches!(error.reason, Reason::MalformedProtobuf | Reason::MalformedAvro),
                    "{name} at {end}: {error}"
                ),
            }
        }
    }
}

#[test]
fn ten_thousand_levels() {
    for (name, text) in json_cases() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("\"deep\":{}0{}", open.repeat(10_000), close.repeat(10_000));
            match read(with(&text, &deep).as_bytes()) {
                Ok(out) => assert_eq!(essence(out), essence(read(text.as_bytes()).expect("sound")), "{name}"),
                Err(error) => assert_eq!(error.reason, Reason::TooDeep, "{name}"),
            }
        }
    }
}

#[test]
fn a_hundred_megabytes_are_refused_unread() {
    let (telemetry, signals): (Vec<_>, Vec<_>) = json_cases().partition(|(name, _)| name.contains("cases/telemetry/"));
    for (name, text) in [&telemetry[0], &signals[0]] {
        let mut huge = with(text, &format!("\"x\":\"{}\"", "y".repeat(100_000_000))).into_bytes();
        // Whoever looked at the bytes would say something else.
        huge.push(0xff);
        let error = read(&huge).expect_err("refused");
        assert_eq!(error.reason, Reason::TooLarge, "{name}");
        assert!(error.message.ends_with("8388608"), "the limit is said: {error}");
    }
}

#[test]
fn countless_values_within_the_limit() {
    let crowd = vec!["{\"a\":1}"; 900_000].join(",");
    for (name, text) in json_cases() {
        let result = read(with(&text, &format!("\"crowd\":[{crowd}]")).as_bytes());
        assert_eq!(reason(result), Reason::TooLarge, "{name}");
    }
    assert_eq!(reason(read(format!("[{crowd}]").as_bytes())), Reason::TooLarge);
    assert_eq!(reason(read(format!("{{\"records\":[{crowd}]}}").as_bytes())), Reason::TooLarge);
}

#[test]
fn bytes_that_are_no_utf_8() {
    for (name, text) in json_cases() {
        let at = text.find(':').expect("a member");
        for wrong in [&b"\xff"[..], b"\xc3\x28", b"\xed\xa0\xbd", b"\xf5\x80\x80\x80"] {
            let bytes = [&text.as_bytes()[..at], wrong, &text.as_bytes()[at..]].concat();
            let error = read(&bytes).expect_err("refused");
            assert_eq!(error.reason, Reason::InvalidUtf8, "{name}");
            assert!(error.message.ends_with(&format!("byte {at}")), "{name}: {error}");
        }
    }
}

#[test]
fn nul_bytes() {
    for (name, text) in json_cases() {
        assert_eq!(reason(read(with(&text, "\"n\":\"a\0b\"").as_bytes())), Reason::MalformedJson, "{name}");
        assert_eq!(reason(read(format!("{text}\0").as_bytes())), Reason::MalformedJson, "{name}");
        assert_same(&with(&text, "\"n\":\"a\\u0000b\""), &text, &name);
    }
}

#[test]
fn lone_surrogates() {
    for (name, text) in json_cases() {
        assert_same(&with(&text, r#""odd":"\ud83d \udc00\ud83d","odd\udead":["\ud800"]"#), &text, &name);
    }
}

#[test]
fn of_duplicate_keys_the_last_counts() {
    for (name, text) in json_cases() {
        let rest = text.strip_prefix('{').expect("an object");
        let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        let wrong: Vec<_> = keys.keys().map(|key| format!("{}:null", serde_json::Value::from(key.as_str()))).collect();
        assert_same(&format!("{{{},{rest}", wrong.join(",")), &text, &name);
    }
}

#[test]
fn unknown_fields_change_nothing() {
    for (name, text) in json_cases() {
        let unknown = r#""zz_unknown":{"a":[1,null,true,"x"]},"zz_number":-12345678901234567890123,"":0,"zz":1e300"#;
        assert_same(&with(&text, unknown), &text, &name);
    }
}

/// Numbers that no decoder holds, and those that other languages write, hide nothing.
#[test]
fn numbers_out_of_range() {
    for (name, text) in json_cases() {
        for number in ["1e400", "-1e999", "NaN", "-Infinity"] {
            assert_same(&with(&text, &format!("\"zz\":[{number}]")), &text, &name);
        }
    }
}

/// Every field that says when, set to what no clock should say: the time is the record's or the broker's.
#[test]
fn times_of_1970_and_2099_and_of_no_calendar() {
    // The clock of a source may run ahead by five minutes.
    let latest = Timestamp::from_millis(BROKER_MILLIS + 5 * 60 * 1000).expect("in range");
    for (name, text) in json_cases() {
        let sound: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        for wrong in ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "9999999-01-01", "0000-00-00T00:00:00Z", "-1"] {
            let mut record = sound.clone();
            for (key, value) in &mut record {
                let says_when = |word: &&str| key.to_lowercase().contains(*word) && key != "candidates";
                if ["time", "date", "published", "created"].iter().any(says_when) {
                    *value = wrong.into();
                }
            }
            let out = read(serde_json::to_string(&record).expect("JSON").as_bytes());
            for input in out.unwrap_or_else(|error| panic!("{name} at {wrong}: {error}")).inputs {
                let time = match input {
                    Input::Interaction(interaction) => interaction.time,
                    Input::Signal(signal) => signal.time,
                    Input::Command { .. } => panic!("a command that no source was named for"),
                };
                assert!(time <= latest, "{name} at {wrong}: {time}");
            }
        }
    }
}

#[test]
fn a_bad_element_rejects_only_itself() {
    for (name, text) in json_cases() {
        let elements = format!("{text},7,[],null,{{\"x\":1}},{text}");
        let sound = read(text.as_bytes()).expect("sound").inputs;
        // An alert that comes twice in one message is one alert.
        let alert = |input: &Input| matches!(input, Input::Signal(signal) if signal.kind == schemas::SignalKind::Alert);
        let expected: usize = sound.iter().map(|input| if alert(input) { 1 } else { 2 }).sum();
        for record in [format!("[{elements}]"), format!("{{\"records\":[{elements}]}}")] {
            let out = read(record.as_bytes()).expect("a collection");
            // Rows that belong together are one interaction, and the same row twice is one row.
            let joined = name.contains("/azure_gateway/");
            assert_eq!(out.inputs.len(), if joined { sound.len() } else { expected }, "{name}");
            let rejected: Vec<_> =
                out.rejected.iter().map(|r| String::from_utf8_lossy(&r.bytes).into_owned()).collect();
            assert_eq!(rejected, ["7", "[]", "null", "{\"x\":1}"], "{name}");
        }
    }
}
