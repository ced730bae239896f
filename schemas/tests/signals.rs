//! The signal readers against cases that anyone can write: `cases/signals/<reader>/<name>.in.json` is a
//! vendor's record, `<name>.out.json` the signal that it must become. `WEIR_BLESS=1` rewrites the latter,
//! for a person to review; `full*` are whole records as the vendor documents them. Then what hostile records
//! may not do: panic, or give a signal that breaks the vocabulary's promises. That no two readers recognise one
//! record is tested in `recognition.rs`.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use schemas::readers::{self, Context, Input, Limits, Output, Reader, Tenancy, signals::READERS};
use schemas::{Entity, EntityKind, Flag, Group, Signal, SignalUid, TenantId, Timestamp};
use serde_json::{Value, json};

const BROKER_MILLIS: i64 = 1_780_000_000_000;

fn tenancy() -> Tenancy {
    let acme = TenantId::from("acme");
    let ids = ["tenant-acme", "72f988bf-0000-4000-8000-00000000acme", "111122223333"];
    Tenancy { by_vendor_id: ids.map(|id| (id.to_owned(), acme.clone())).into(), source: None }
}

fn with_context<T>(run: impl FnOnce(&Context<'_>) -> T) -> T {
    let tenancy = tenancy();
    run(&Context {
        group: Group::Endpoint,
        broker_time: Timestamp::from_millis(BROKER_MILLIS).expect("in range"),
        envelope_time: None,
        clamp_future: true,
        tenant_header: None,
        tenancy: &tenancy,
        proxies: &[],
        lone_wrappers: false,
        // Cases have times of their own; lateness has its test with the telemetry.
        limits: Limits { late_millis_max: i64::MAX, ..Limits::default() },
        watch: None,
    })
}

/// The signals of one record, by the reader that recognises it.
fn read(bytes: &[u8]) -> Result<Vec<Signal>, String> {
    with_context(|context| {
        let mut out = Output::default();
        readers::read(bytes, None, context, &mut out).map_err(|error| error.to_string())?;
        assert!(out.rejected.is_empty() && out.passed_by == 0);
        Ok(signals(out))
    })
}

fn signals(out: Output) -> Vec<Signal> {
    let signal = |input| match input {
        Input::Signal(signal) => *signal,
        Input::Interaction(_) | Input::Command { .. } => panic!("a signal reader gave something else"),
    };
    out.inputs.into_iter().map(signal).collect()
}

fn read_value(value: &Value) -> Result<Signal, String> {
    let mut signals = read(value.to_string().as_bytes())?;
    assert_eq!(signals.len(), 1);
    signals.pop().ok_or_else(|| "no signal".to_owned())
}

/// The cases of a reader: the file and what it holds.
fn cases(reader: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/signals").join(reader);
    let entries = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{} is missing", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".in.json"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).expect("text"))).collect()
}

fn all_cases() -> Vec<(&'static str, PathBuf, String)> {
    let of = |reader: &&'static dyn Reader| {
        let name = reader.name();
        cases(name).into_iter().map(move |(file, text)| (name, file, text)).collect::<Vec<_>>()
    };
    READERS.iter().flat_map(of).collect()
}

#[test]
fn every_case_becomes_its_signal() {
    let bless = std::env::var_os("WEIR_BLESS").is_some();
    for (_, file, text) in all_cases() {
        let signals = read(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(signals.len(), 1, "{}", file.display());
        let found = serde_json::to_string_pretty(&signals[0]).expect("JSON") + "\n";
        let expected_file = PathBuf::from(file.to_string_lossy().replace(".in.json", ".out.json"));
        if bless {
            fs::write(&expected_file, &found).expect("written");
        }
        let expected = fs::read_to_string(&expected_file)
            .unwrap_or_else(|_| panic!("{} is missing; WEIR_BLESS=1 writes it", expected_file.display()));
        assert_eq!(found, expected, "{}", file.display());
    }
}

#[test]
fn every_reader_has_cases_and_every_folder_a_reader() {
    for reader in READERS {
        let cases = cases(reader.name());
        let whole = cases
            .iter()
            .any(|(file, _)| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("full")));
        assert!(cases.len() >= 2 && whole, "{} needs two cases, one of them `full*`", reader.name());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/signals");
    for entry in fs::read_dir(folder).expect("cases") {
        let name = entry.expect("a folder").file_name().into_string().expect("a name");
        assert!(readers::by_name(&name).is_some(), "{name} has cases and no reader");
    }
}

#[test]
fn the_list_is_alphabetical() {
    let names: Vec<_> = READERS.iter().map(|reader| reader.name()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}

/// What every signal promises, whatever the record.
fn assert_sane(signal: &Signal, about: &str) {
    assert!(!signal.title.is_empty() && signal.title.chars().count() <= 241, "{about}: {}", signal.title);
    assert!(!signal.title.contains(|c: char| c.is_control()), "{about}");
    assert!(!signal.native_id.is_empty() && signal.native_id.len() <= 4096, "{about}");
    assert!(signal.entities.len() <= Limits::default().entities_max, "{about}");
    for entity in &signal.entities {
        let again = Entity::new(entity.kind, entity.ids.iter().map(String::as_str)).expect("still an entity");
        assert_eq!(again.ids, entity.ids, "{about}: not canonical");
    }
    assert!(signal.techniques.is_sorted_by(|a, b| a < b), "{about}");
}

#[test]
fn wrong_types_anywhere_give_an_error_or_a_sane_signal() {
    let wrong =
        [json!(null), json!(true), json!(-1e308), json!(""), json!("-"), json!([]), json!({}), json!([[{"a": 1}]])];
    for (name, _, text) in all_cases() {
        let case: Value = serde_json::from_str(&text).expect("JSON");
        for pointer in pointers(&case) {
            for wrong in &wrong {
                let mut broken = case.clone();
                *broken.pointer_mut(&pointer).expect("a place") = wrong.clone();
                if let Ok(signal) = read_value(&broken) {
                    assert_sane(&signal, &format!("{name} {pointer} {wrong}"));
                }
            }
        }
    }
}

#[test]
fn missing_members_give_an_error_or_a_sane_signal() {
    for (name, _, text) in all_cases() {
        let case: Value = serde_json::from_str(&text).expect("JSON");
        for pointer in pointers(&case) {
            let (parent, key) = pointer.rsplit_once('/').expect("not the root");
            let mut broken = case.clone();
            if let Some(Value::Object(members)) = broken.pointer_mut(parent) {
                members.remove(&key.replace("~1", "/").replace("~0", "~"));
                if let Ok(signal) = read_value(&broken) {
                    assert_sane(&signal, &format!("{name} without {pointer}"));
                }
            }
        }
    }
}

/// The JSON pointers of everything below the root.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return Vec::new(),
    };
    let below = |(key, value): (String, &Value)| {
        let deeper = pointers(value).into_iter().map(|rest| format!("/{key}{rest}")).collect::<Vec<_>>();
        std::iter::once(format!("/{key}")).chain(deeper).collect::<Vec<_>>()
    };
    children.into_iter().flat_map(below).collect()
}

#[test]
fn nesting_is_bounded() {
    for (name, _, text) in all_cases() {
        for depth in [126, 127, 128, 10_000] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let hostile =
                text.trim_end().strip_suffix('}').expect("an object").to_owned() + &format!(",\"deep\":{deep}}}");
            match read(hostile.as_bytes()) {
                Ok(signals) => assert!(depth <= 127 && signals.len() == 1, "{name} at {depth}"),
                Err(error) => assert!(depth >= 127 && error.starts_with("too_deep"), "{name} at {depth}: {error}"),
            }
        }
    }
}

fn signin(created: Value) -> Value {
    json!({"id": "s-1", "createdDateTime": created, "userPrincipalName": "eve@contoso.example", "ipAddress": "192.0.2.1"})
}

#[test]
fn times_beyond_reason_fall_back_to_the_broker() {
    let flagged = |created| {
        let signal = read_value(&signin(created)).expect("a signal");
        (signal.time.millis(), signal.flags)
    };
    assert_eq!(flagged(json!("1970-01-01T00:00:01Z")), (1000, vec![]));
    assert_eq!(flagged(json!("1970-01-01T00:00:00Z")), (BROKER_MILLIS, vec![Flag::BrokerTime]));
    assert_eq!(flagged(json!("2099-01-01T00:00:00Z")), (BROKER_MILLIS, vec![Flag::FutureTime]));
    for nothing in [json!(null), json!(""), json!("-"), json!(0), json!("0001-01-01T00:00:00Z")] {
        assert_eq!(flagged(nothing.clone()), (BROKER_MILLIS, vec![Flag::BrokerTime]), "{nothing}");
    }
    for nonsense in [json!("1969-12-31T23:59:59Z"), json!(-1), json!(1e300), json!("soon"), json!({"a": 1})] {
        assert_eq!(flagged(nonsense.clone()), (BROKER_MILLIS, vec![Flag::InvalidTime]), "{nonsense}");
    }
}

/// A source whose format is wrong must not become a stream of empty signals.
#[test]
fn a_reader_that_is_told_its_format_refuses_what_has_nothing_of_it() {
    for reader in READERS {
        for foreign in ["{\"foo\": 1}", "{}", "{\"foo\": {\"bar\": \"2026-05-01T12:00:00Z\"}}"] {
            let refused = with_context(|context| {
                let mut out = Output::default();
                let result = readers::read(foreign.as_bytes(), Some(*reader), context, &mut out);
                result.map_err(|error| (error.reason, out.inputs.len()))
            });
            assert_eq!(refused, Err((readers::Reason::UnrecognisedFormat, 0)), "{} {foreign}", reader.name());
        }
    }
}

/// A name that nobody has is not the name of everybody whose sign-in failed.
#[test]
fn a_hidden_name_is_nobodys() {
    let record = |name: &str| {
        json!({"eventID": "c-1", "eventVersion": "1.08", "eventTime": "2026-05-01T12:00:00Z", "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin", "sourceIPAddress": "192.0.2.1",
            "userIdentity": {"type": "IAMUser", "accountId": "123456789012", "accessKeyId": "", "userName": name}})
    };
    let users = |name| {
        let signal = read_value(&record(name)).expect("a signal");
        signal.entities.iter().filter(|entity| entity.kind == EntityKind::User).count()
    };
    assert_eq!((users("HIDDEN_DUE_TO_SECURITY_REASONS"), users("ada")), (0, 1));
}

#[test]
fn a_record_without_an_id_is_known_by_its_content() {
    let mut row = signin(json!("2026-05-01T12:00:00Z"));
    row["id"] = json!("");
    let first = read_value(&row).expect("a signal");
    assert_eq!((first.native_id.len(), first.flags.as_slice()), (64, [Flag::DerivedId].as_slice()));
    let spaced = serde_json::to_string_pretty(&row).expect("JSON");
    assert_eq!(read(spaced.as_bytes()).expect("a signal")[0].uid, first.uid);
    row["ipAddress"] = json!("192.0.2.2");
    assert_ne!(read_value(&row).expect("a signal").uid, first.uid);
}

#[test]
fn an_alert_has_one_uid_however_it_comes() {
    let graph = json!({"id": "da1", "title": "T", "severity": "high", "serviceSource": "x", "createdDateTime": "2026-05-01T12:00:00Z"});
    let info = json!({"AlertId": "da1", "Timestamp": "2026-05-01T12:00:00Z", "Title": "T", "Severity": "High"});
    let evidence =
        json!({"AlertId": "da1", "Timestamp": "2026-05-01T12:00:01Z", "EntityType": "Ip", "RemoteIP": "192.0.2.1"});
    let streamed = json!({"category": "AdvancedHunting-AlertInfo", "time": "2026-05-01T12:00:00Z", "properties": info});
    let expected = SignalUid::derive(&TenantId::default(), "defender_alert", "da1");
    for record in [graph, info, evidence, streamed] {
        assert_eq!(read_value(&record).expect("a signal").uid, expected, "{record}");
    }
}

#[test]
fn a_falcon_alert_has_one_uid_by_either_api() {
    let case = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/signals").join(name);
        read(&fs::read(file).expect("a case")).expect("a signal").remove(0)
    };
    let (streamed, fetched) =
        (case("crowdstrike/stream_detection.in.json"), case("crowdstrike_alert/endpoint.in.json"));
    assert_eq!((streamed.uid, streamed.native_id), (fetched.uid, fetched.native_id));
}

/// Each entity is held against those before it, so that without a bound a record would take the square of their number.
#[test]
fn a_crowd_of_entities_takes_linear_time() {
    let evidence: Vec<_> =
        (0..50_000).map(|n| json!({"@odata.type": "ipEvidence", "ipAddress": format!("2001:db8::{n:x}")})).collect();
    let alert = json!({"id": "da3", "title": "T", "serviceSource": "x", "createdDateTime": "2026-05-01T12:00:00Z", "evidence": evidence});
    let signal = read_value(&alert).expect("a signal");
    assert_eq!((signal.entities.len(), signal.flags), (Limits::default().entities_max, vec![Flag::Truncated]));
}

/// The rows of an alert are one signal where they come together, and the same one where they do not.
#[test]
fn rows_of_an_alert_in_one_message_are_one_signal() {
    let row = |category: &str, properties: Value| json!({"category": category, "time": "2026-05-01T12:00:09Z", "properties": properties});
    let evidence = |key: &str, value: &str| {
        let columns = json!({"AlertId": "da7", "Timestamp": "2026-05-01T12:00:00Z", "EntityType": "Any", key: value});
        row("AdvancedHunting-AlertEvidence", columns)
    };
    let info = json!({"AlertId": "da7", "Timestamp": "2026-05-01T12:00:05Z", "Title": "Upload", "Severity": "High",
        "ServiceSource": "Microsoft Defender for Endpoint", "AttackTechniques": "[\"Exfiltration (T1567)\"]"});
    let other = json!({"AlertId": "da8", "Timestamp": "2026-05-01T12:00:05Z", "Title": "Other", "Severity": "Low"});
    let rows = [
        evidence("RemoteIP", "203.0.113.7"),
        row("AdvancedHunting-AlertInfo", info),
        evidence("AccountUpn", "eve@contoso.example"),
        row("AdvancedHunting-AlertInfo", other),
        evidence("RemoteIP", "203.0.113.7"),
    ];
    let mut signals = read(json!({"records": rows}).to_string().as_bytes()).expect("signals");
    assert_eq!(signals.iter().map(|signal| signal.native_id.as_str()).collect::<Vec<_>>(), ["da7", "da8"]);
    let whole = signals.remove(0);
    assert_eq!(
        (whole.title.as_str(), whole.severity, whole.group),
        ("Upload", schemas::Severity::High, Group::Endpoint)
    );
    assert_eq!(whole.time.to_string(), "2026-05-01T12:00:00.000Z");
    assert_eq!(whole.techniques, ["T1567"]);
    let ids: Vec<_> = whole.entities.iter().flat_map(|entity| entity.ids.clone()).collect();
    assert_eq!(ids, ["203.0.113.7", "eve@contoso.example"]);
    for row in rows.iter().filter(|row| row["properties"]["AlertId"] == "da7") {
        let alone = read_value(row).expect("a signal");
        assert_eq!((&alone.native_id, &alone.uid), (&whole.native_id, &whole.uid));
    }
}

#[test]
fn reports_of_two_devices_with_one_number_are_two() {
    let report = |device: &str| json!({"Timestamp": "2026-05-01T12:00:00Z", "DeviceName": device, "ActionType": "LdapSearch", "ReportId": 7});
    let (first, second) = (read_value(&report("a")).expect("a signal"), read_value(&report("b")).expect("a signal"));
    assert_eq!((first.native_id.as_str(), second.native_id.as_str()), ("7", "7"));
    assert_ne!(first.uid, second.uid);
}

#[test]
fn entities_are_bounded_and_the_loss_is_said() {
    let evidence: Vec<_> = (0..200)
        .map(
            |n| json!({"@odata.type": "#microsoft.graph.security.urlEvidence", "url": format!("https://{n}.example/")}),
        )
        .collect();
    let alert = json!({"id": "da2", "title": "T", "serviceSource": "x", "createdDateTime": "2026-05-01T12:00:00Z", "evidence": evidence});
    let signal = read_value(&alert).expect("a signal");
    assert_eq!(signal.entities.len(), Limits::default().entities_max);
    assert_eq!(signal.flags, [Flag::Truncated]);
    assert!(signal.entities.iter().all(|entity| entity.kind == EntityKind::Url));
}

#[test]
fn other_vendors_stay_unrecognised() {
    for other in [
        json!({"eventType": "x", "actor": {}}),
        json!({"event": {"id": 1}, "metadata": {}}),
        json!({"category": "FunctionAppLogs", "operationName": "x", "resourceId": "/subscriptions/1", "properties": {}}),
        json!({"kind": "Event", "apiVersion": "v1", "involvedObject": {}, "verb": "create"}),
        json!({"action": "opened", "actor": "x"}),
        json!({"event": {"type": "x", "timestamp": 1}, "time": 1}),
        json!({"data": {"type": "x", "date": 1, "user_id": 7}}),
        json!({"id": 1, "type": "x", "created_at": "2026-05-01", "organization_id": 2, "actor": {"type": "user"}}),
        json!({"action": "created", "actor": {"name": "x"}, "entity": {"id": 1}}),
        json!({"event": "click", "code": "200", "time": "2026-05-01T12:00:00Z", "uid": "7"}),
        json!({"id": 1, "object": "charge", "new": {}, "old": null, "type": "update"}),
        json!({"title": "a page", "severity": "high"}),
        json!({"Type": "Heartbeat", "TimeGenerated": "2026-05-01T12:00:00Z", "Computer": "ws07"}),
        json!({"request": "GET / HTTP/1.1", "status": 200}),
    ] {
        assert!(read_value(&other).is_err_and(|error| error.starts_with("unrecognised_format")), "{other}");
    }
}
