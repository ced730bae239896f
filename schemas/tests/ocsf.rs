//! The bytes of the OCSF records are pinned: consumers deduplicate and parse by them, so a change must be
//! seen and meant. `tests/ocsf/*.json` is the vocabulary, `*.ocsf.json` the bytes, with `@VERSION@` for the
//! product's version. `WEIR_BLESS=1` writes them anew.
//!
//! That the bytes are valid OCSF is checked in the crate `tests`, against the published schema.

#![cfg(test)]

use std::path::PathBuf;

use schemas::ocsf::{write_detection_finding, write_incident_finding, write_rule_finding};
use schemas::{Alert, Incident};
use serde::de::DeserializeOwned;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ocsf").join(name)
}

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(path(name)).expect(name)).expect(name)
}

fn assert_pinned(name: &str, written: &[u8]) {
    let written = std::str::from_utf8(written).expect("UTF-8");
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let written = written.replace(&version, "\"version\":\"@VERSION@\"") + "\n";
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(path(name), &written).expect(name);
    }
    assert_eq!(written, std::fs::read_to_string(path(name)).expect(name));
}

#[test]
fn the_bytes_of_an_alert_are_pinned() {
    let mut out = b"what was there before stays: ".to_vec();
    write_detection_finding(&fixture("alert.json"), &mut out);
    assert_pinned("alert.ocsf.json", out.strip_prefix(b"what was there before stays: ").expect("appended"));
}

#[test]
fn the_bytes_of_an_alert_of_a_rule_are_pinned() {
    let mut out = Vec::new();
    write_rule_finding(&fixture("rule_alert.json"), &mut out);
    assert_pinned("rule_alert.ocsf.json", &out);
}

#[test]
fn the_bytes_of_an_incident_are_pinned() {
    let mut out = Vec::new();
    write_incident_finding(&fixture("incident.json"), &mut out);
    assert_pinned("incident.ocsf.json", &out);
}

#[test]
fn what_the_contract_names_is_where_it_says() {
    let incident: Incident = fixture("incident.json");
    let mut out = Vec::new();
    write_incident_finding(&incident, &mut out);
    let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let at = |pointer: &str| value.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
    assert_eq!(at("/metadata/product/name"), "Weir");
    assert_eq!(at("/metadata/tenant_uid"), "acme");
    assert_eq!(at("/metadata/correlation_uid"), incident.uid.as_str());
    assert_eq!(at("/metadata/sequence"), 3);
    assert_eq!(at("/activity_id"), 2);
    assert_eq!(at("/finding_info_list/0/related_events/0/uid"), incident.members[0].signal.native_id.as_str());
    assert_eq!(at("/finding_info_list/1/attacks/0/technique/uid"), "AML.T0051");
    assert_eq!(at("/unmapped/context"), serde_json::json!([incident.members[0].signal.uid]));
    assert_eq!(at("/unmapped/priority"), 82);
    assert_eq!(value.pointer("/unmapped/merged_into"), None);
}

#[test]
fn an_address_from_a_text_is_not_where_the_user_sits() {
    let mut alert: Alert = fixture("alert.json");
    let ip = alert.entities[1].clone();
    alert.annotations[0].entities = vec![ip];
    let mut out = Vec::new();
    write_detection_finding(&alert, &mut out);
    let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(value.pointer("/evidences/0/src_endpoint"), None);
    assert!(value.pointer("/evidences/0/actor/user/name").is_some());
}
