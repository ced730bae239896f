//! The reader that a configuration describes, with an invented product (`mapping/lanternfish.mapping.json`) that
//! Weir ships no reader for: its records become the signals beside it, and mappings that make no sense are refused
//! with the key and the remedy. `WEIR_BLESS=1` rewrites the signals, for a person to review.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use schemas::readers::signals::{Mapping, MappingFile};
use schemas::readers::{self, Context, Input, Limits, Output, ReadError, Reader, Reason, Tenancy};
use schemas::{Flag, Group, Severity, Signal, SignalKind, TenantId, Timestamp};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mapping")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect("a file")
}

fn lanternfish() -> &'static dyn Reader {
    static READER: OnceLock<&'static dyn Reader> = OnceLock::new();
    *READER.get_or_init(|| {
        let file: MappingFile = serde_json::from_str(&text("lanternfish.mapping.json")).expect("a mapping");
        Mapping::new("lanternfish", file).expect("a sound mapping").leak()
    })
}

fn read_with(reader: &'static dyn Reader, record: &str) -> Vec<Signal> {
    let out = try_with(reader, record).expect("a record");
    assert!(out.rejected.is_empty());
    let signal = |input| match input {
        Input::Signal(signal) => *signal,
        Input::Interaction(_) | Input::Command { .. } => panic!("a mapping gave something else"),
    };
    out.inputs.into_iter().map(signal).collect()
}

fn try_with(reader: &'static dyn Reader, record: &str) -> Result<Output, ReadError> {
    let tenancy = Tenancy { by_vendor_id: [("tenant-acme".to_owned(), TenantId::from("acme"))].into(), source: None };
    let context = Context {
        group: Group::Cloud,
        broker_time: Timestamp::from_millis(1_780_000_000_000).expect("in range"),
        envelope_time: None,
        clamp_future: true,
        tenant_header: None,
        tenancy: &tenancy,
        proxies: &[],
        lone_wrappers: false,
        // Cases have times of their own; lateness has its test with the telemetry.
        limits: Limits { late_millis_max: i64::MAX, ..Limits::default() },
        watch: None,
    };
    let mut out = Output::default();
    readers::read(record.as_bytes(), Some(reader), &context, &mut out).map(|()| out)
}

fn one(reader: &'static dyn Reader, record: &str) -> Signal {
    let mut signals = read_with(reader, record);
    assert_eq!(signals.len(), 1);
    signals.remove(0)
}

/// The mapping of the smallest sense, with `changes` over it.
fn small(changes: Value) -> Result<Mapping, String> {
    let mut file = json!({"group": "cloud", "title": "T"});
    file.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    let file: MappingFile = serde_json::from_value(file).map_err(|error| error.to_string())?;
    Mapping::new("small", file).map_err(|error| error.to_string())
}

#[test]
fn records_of_an_unknown_product_become_signals() {
    for name in ["alert", "sparse"] {
        let found = one(lanternfish(), &text(&format!("{name}.in.json")));
        let found = serde_json::to_string_pretty(&found).expect("JSON") + "\n";
        let file = folder().join(format!("{name}.out.json"));
        if std::env::var_os("WEIR_BLESS").is_some() {
            fs::write(&file, &found).expect("written");
        }
        assert_eq!(found, fs::read_to_string(&file).expect("a file"), "{name}");
    }
}

#[test]
fn no_shape_is_recognised_as_a_mappings() {
    assert!(readers::by_name("lanternfish").is_none());
    assert!(readers::reader_of(text("alert.in.json").as_bytes()).is_none());
}

#[test]
fn collections_are_opened() {
    let (record, other) = (text("alert.in.json"), text("sparse.in.json"));
    let signals = read_with(lanternfish(), &format!("{{\"records\":[{record},{other}]}}"));
    assert_eq!(signals.len(), 2);
    assert_eq!(signals[0], one(lanternfish(), &record));
}

/// What shippers write out as a text no pointer could reach, so that it is opened for a mapping too.
#[test]
fn records_are_read_in_envelopes() {
    let record = text("alert.in.json");
    let value: Value = serde_json::from_str(&record).expect("JSON");
    let expected = one(lanternfish(), &record);
    for envelope in [
        json!({"message": record, "@timestamp": "2026-05-01T12:00:09Z", "host": {"name": "logbox"}}),
        json!({"log": record, "stream": "stdout", "time": "2026-05-01T12:00:09Z"}),
        json!({"event": record, "time": 1, "host": "h"}),
        json!({"event": value, "time": 1, "host": "h"}),
        json!({"_raw": record}),
        json!({"Type": "Notification", "MessageId": "m-1", "Message": record}),
        json!({"results": [value], "has_more": false}),
    ] {
        assert_eq!(one(lanternfish(), &envelope.to_string()), expected, "{envelope}");
    }
}

#[test]
fn what_the_mapping_finds_nothing_in_is_refused() {
    for foreign in [json!({"x": 1}), json!({}), json!({"message": "words"}), json!({"message": "{\"x\": 1}"})] {
        let error = try_with(lanternfish(), &foreign.to_string()).map(|out| out.inputs.len()).expect_err("refused");
        assert_eq!(error.reason, Reason::UnrecognisedFormat, "{foreign}");
    }
    let mut element = try_with(lanternfish(), &format!("[{}, {{\"x\": 1}}]", text("alert.in.json"))).expect("a batch");
    assert_eq!((element.inputs.len(), element.rejected.remove(0).bytes), (1, b"{\"x\": 1}".to_vec()));
    // A mapping that points nowhere takes what comes.
    assert_eq!(one(small(json!({})).expect("a mapping").leak(), "{}").title, "T");
}

#[test]
fn times_are_read_as_they_are_said_to_be_written() {
    let expected = Timestamp::parse("2026-05-01T12:00:00.250Z").expect("a time");
    for (format, value) in [
        ("rfc3339", json!("2026-05-01T14:00:00.250+02:00")),
        ("epoch_seconds", json!(1_777_636_800.25)),
        ("epoch_millis", json!(1_777_636_800_250_u64)),
        ("epoch_millis", json!("1777636800250")),
        ("epoch_micros", json!(1_777_636_800_250_000_u64)),
        ("epoch_nanos", json!(1_777_636_800_250_000_000_u64)),
    ] {
        let reader = small(json!({"time": "/t", "time_format": format})).expect("a mapping").leak();
        let signal = one(reader, &json!({"t": value}).to_string());
        assert_eq!((signal.time, signal.flags.as_slice()), (expected, [Flag::DerivedId].as_slice()), "{format}");
    }
    for (format, value) in [
        ("rfc3339", json!(1_777_636_800)),
        ("rfc3339", json!("1777636800")),
        ("rfc3339", json!("soon")),
        ("epoch_seconds", json!("2026-05-01T12:00:00Z")),
        ("epoch_seconds", json!(1_777_636_800_250_u64)),
        ("epoch_millis", json!(-1)),
        ("epoch_nanos", json!(1e300)),
        ("epoch_seconds", json!([1])),
    ] {
        let reader = small(json!({"time": "/t", "time_format": format})).expect("a mapping").leak();
        let signal = one(reader, &json!({"t": value}).to_string());
        assert!(signal.flags.contains(&Flag::InvalidTime), "{format} {value}");
    }
    for (format, value) in
        [("rfc3339", json!("-")), ("rfc3339", json!(0)), ("epoch_millis", json!("0")), ("epoch_millis", json!(null))]
    {
        let reader = small(json!({"time": "/t", "time_format": format})).expect("a mapping").leak();
        let signal = one(reader, &json!({"t": value}).to_string());
        assert!(signal.flags.contains(&Flag::BrokerTime), "{format} {value}");
    }
}

#[test]
fn severities_come_from_the_table_then_from_words() {
    let table =
        json!({"severity": "/s", "severity_values": {"sev-1": "critical", "9": "high"}, "severity_default": "low"});
    let reader = small(table).expect("a mapping").leak();
    let of = |value: Value| one(reader, &json!({"s": value}).to_string()).severity;
    let found = [json!("SEV-1"), json!(9), json!("9"), json!("Medium"), json!("odd"), json!(null), json!([])].map(of);
    use Severity::*;
    assert_eq!(found, [Critical, High, High, Medium, Low, Low, Low]);
    for (kind, expected) in [("alert", Unknown), ("context", Informational)] {
        let reader = small(json!({"kind": kind})).expect("a mapping").leak();
        assert_eq!(one(reader, "{}").severity, expected);
    }
}

#[test]
fn alerts_are_told_by_a_field() {
    let mapping = json!({"alert_when": {"pointer": "/a", "values": ["YES", "true", "3"]}});
    let reader = small(mapping).expect("a mapping").leak();
    let kind = |value: Value| one(reader, &json!({"a": value}).to_string()).kind;
    for alert in [json!("yes"), json!(true), json!(3), json!(["no", "yes"])] {
        assert_eq!(kind(alert.clone()), SignalKind::Alert, "{alert}");
    }
    for context in [json!("no"), json!(false), json!(null), json!({}), json!([])] {
        assert_eq!(kind(context.clone()), SignalKind::Context, "{context}");
    }
}

/// Each wrong mapping with what the complaint must say.
#[test]
fn bad_mappings_are_refused_with_the_key() {
    for (changes, expected) in [
        (json!({"titel": "x"}), "unknown field `titel`"),
        (json!({"title": null}), "expected a string"),
        (json!({"title": " "}), "title: is empty"),
        (json!({"title": "{/a"}), "title: has a `{` that is not closed"),
        (json!({"title": "{a}"}), "title: `a` is no JSON pointer"),
        (json!({"group": "network"}), "unknown variant `network`"),
        (json!({"group": "ai"}), "group: `ai` records"),
        (json!({"kind": "ai_alert"}), "unknown variant `ai_alert`"),
        (json!({"id": "uuid"}), "id: `uuid` is no JSON pointer"),
        (json!({"id": "$.uuid"}), "id: `$.uuid` is no JSON pointer"),
        (json!({"time": "/t~2"}), "time: `/t~2` has a `~`"),
        (json!({"time": "/t", "time_format": "rfc2822"}), "unknown variant `rfc2822`"),
        (json!({"time_format": "epoch_millis"}), "time_format: there is no `time`"),
        (json!({"severity_values": {"1": "low"}}), "severity_values: there is no `severity`"),
        (json!({"severity": "/s", "severity_values": {"1": "bad"}}), "unknown variant `bad`"),
        (json!({"alert_when": {"pointer": "/a", "values": []}}), "alert_when.values: is empty"),
        (json!({"alert_when": {"pointer": "a", "values": ["x"]}}), "alert_when.pointer: `a`"),
        (json!({"alert_when": {"pointer": "/a", "value": "x"}}), "unknown field `value`"),
        (json!({"techniques": ["/a", "b"]}), "techniques[1]: `b`"),
        (json!({"entities": [{"kind": "person", "ids": ["/a"]}]}), "unknown variant `person`"),
        (json!({"entities": [{"kind": "user", "ids": []}]}), "entities[0].ids: name 1 to 8"),
        (json!({"entities": [{"kind": "user", "ids": vec!["/a"; 9]}]}), "entities[0].ids: name 1 to 8"),
        (json!({"entities": [{"kind": "user", "ids": ["a"]}]}), "entities[0].ids[0]: `a`"),
        (json!({"entities": [{"kind": "user", "ids": ["/a"], "each": "b"}]}), "entities[0].each: `b`"),
        (json!({"entities": [{"kind": "user", "ids": ["/a"], "role": "source"}]}), "entities[0].role: a user has none"),
        (json!({"entities": [{"kind": "ip", "ids": ["/a"], "role": "middle"}]}), "unknown variant `middle`"),
        (json!({"entities": vec![json!({"kind": "ip", "ids": ["/a"]}); 65]}), "entities: 65 entries, the limit is 64"),
    ] {
        let error = small(changes.clone()).expect_err(&changes.to_string());
        assert!(error.contains(expected), "{changes}: {error}");
    }
    for name in ["", "Upper", "with space", "dot.ted", "okta", &"x".repeat(65)] {
        let file: MappingFile = serde_json::from_value(json!({"group": "cloud", "title": "T"})).expect("a mapping");
        let error = Mapping::new(name, file).expect_err(name);
        assert_eq!(error.key, "name", "{name}");
    }
}

/// Whatever stands where the mapping points, the outcome is a signal that keeps the vocabulary's promises.
#[test]
fn hostile_records_give_sane_signals() {
    let wrong = [json!(null), json!(true), json!(-1e308), json!(""), json!([]), json!({}), json!([[{"a": 1}]])];
    let record: Value = serde_json::from_str(&text("alert.in.json")).expect("JSON");
    for key in record.as_object().expect("an object").keys() {
        for wrong in &wrong {
            let mut broken = record.clone();
            broken[key] = wrong.clone();
            let signal = one(lanternfish(), &broken.to_string());
            assert!(!signal.title.is_empty() && !signal.native_id.is_empty(), "{key} {wrong}");
        }
    }
    let mut crowd = record.clone();
    crowd["net"]["to"] = (0..100_000).map(|n| json!(format!("198.18.{}.{}", n / 250 % 250, n % 250))).collect();
    let signal = one(lanternfish(), &crowd.to_string());
    assert!(signal.entities.len() <= Limits::default().entities_max && signal.flags.contains(&Flag::Truncated));
}
