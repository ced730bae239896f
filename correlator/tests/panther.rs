//! Panther's correlation rules with their own tests, read as they are, against the correlator.
//!
//! They lie among the samples (`WEIR_SAMPLES`); without those the test says that it was skipped.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use correlator::sigma::case::raised;
use correlator::sigma::{RuleSet, panther};
use schemas::{Facts, Group, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp};
use serde_json::Value;

const START_MILLIS: i64 = 1_717_236_000_000;
const MINUTE_MILLIS: i64 = 60_000;

fn samples() -> Option<Vec<Value>> {
    let folder = std::env::var_os("WEIR_SAMPLES").map(PathBuf::from)?;
    let text = std::fs::read_to_string(folder.join("signals/panther_correlation/correlation_rules.jsonl")).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// What Panther's rules raised, as records that name the rule and the value that it matched on.
fn signals(rule: &Value, test: &Value) -> Vec<Signal> {
    let steps = rule["Detection"][0]["Group"].as_array().expect("a group");
    let mut signals = Vec::new();
    for output in test["RuleOutputs"].as_array().expect("outputs") {
        let step = steps.iter().find(|step| step["ID"] == output["ID"]).expect("a step");
        for (field, values) in output["Matches"].as_object().expect("matches") {
            for (value, times) in values.as_object().expect("values") {
                for time in times.as_array().expect("times") {
                    let uid = format!("{}", signals.len());
                    signals.push(signal(&uid, time_of(time), step["RuleID"].as_str().expect("an id"), field, value));
                }
            }
        }
    }
    signals.sort_by_key(|signal| signal.time);
    signals
}

/// Minutes after the start, or an instant.
fn time_of(time: &Value) -> Timestamp {
    match time.as_i64() {
        Some(minutes) => Timestamp::from_millis(START_MILLIS + minutes * MINUTE_MILLIS).expect("a time"),
        None => Timestamp::parse(time.as_str().expect("text")).expect("a time"),
    }
}

fn signal(uid: &str, time: Timestamp, rule: &str, field: &str, value: &str) -> Signal {
    let mut facts = Facts::default();
    facts.set(panther::RULE_FIELD, [rule.to_owned()]);
    facts.set(field, [value.to_owned()]);
    Signal {
        uid: SignalUid::from(uid),
        native_id: uid.to_owned(),
        tenant: TenantId::default(),
        time,
        group: Group::Cloud,
        product: "panther".to_owned(),
        kind: SignalKind::Alert,
        title: rule.to_owned(),
        severity: Severity::Medium,
        category: None,
        techniques: Vec::new(),
        entities: Vec::new(),
        flags: Vec::new(),
        facts,
    }
}

/// Every verdict is Panther's own.
#[test]
fn all_verdicts_are_as_expected() {
    let Some(rules) = samples() else {
        eprintln!("skipped: WEIR_SAMPLES names no folder with signals/panther_correlation");
        return;
    };
    let (mut tests, mut wrong) = (0, Vec::new());
    for rule in &rules {
        let text = rule.to_string();
        let set = RuleSet::new([("panther", text.as_str())], &BTreeSet::new()).expect("a rule set");
        let set = Arc::new(set);
        for test in rule["Tests"].as_array().expect("tests") {
            tests += 1;
            let until = 2 * 1_800 * MINUTE_MILLIS;
            let raised = raised(&set, signals(rule, test), until).expect("a run");
            if raised.is_empty() == test["ExpectedResult"].as_bool().expect("a verdict") {
                wrong.push(format!("{}: {}: {raised:?}", rule["RuleID"], test["Name"]));
            }
        }
    }
    assert_eq!((rules.len(), tests), (28, 82));
    assert!(wrong.is_empty(), "{} verdicts differ:\n{}", wrong.len(), wrong.join("\n"));
}
