//! One conversation in every dialect: the same interaction, but for the losses in `telemetry/dialects.md`.
#![cfg(test)]

mod telemetry_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use schemas::Interaction;
use serde_json::{Value, json};
use telemetry_support::{interactions, read};

/// The dialect that everything is held against: it has a place for all of it but one. A conversation of a few words, and
/// one of the length that people write, with a document from a tool: they lose the same.
const REFERENCES: [&str; 2] = ["exchange/same_conversation", "exchange/full"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<(String, BTreeSet<String>, BTreeSet<String>)> {
    let text = fs::read_to_string(root().join("src/readers/telemetry/dialects.md")).expect("the table");
    let set = |cell: &str| cell.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains('/')).map(cells);
    rows.map(|cells| (cells[0].clone(), set(&cells[1]), set(&cells[2]))).collect()
}

/// The interaction of a case, by path. Messages are compared channel by channel.
fn flat(case: &str) -> BTreeMap<String, Value> {
    let folder = root().join("cases/telemetry");
    let file = ["in", "records"].map(|kind| folder.join(format!("{case}.{kind}.json")));
    let bytes = file.iter().find_map(|file| fs::read(file).ok()).unwrap_or_else(|| panic!("no case {case}"));
    let mut read = interactions(read(&bytes).unwrap_or_else(|error| panic!("{case}: {error}")));
    assert_eq!(read.len(), 1, "{case}");
    flatten(&read.remove(0))
}

fn flatten(interaction: &Interaction) -> BTreeMap<String, Value> {
    let mut value = serde_json::to_value(interaction).expect("JSON");
    let members = value.as_object_mut().expect("an object");
    let mut paths = BTreeMap::new();
    for message in members.remove("messages").expect("messages").as_array().expect("an array") {
        let path = format!("messages.{}", message["channel"].as_str().expect("a channel"));
        let of_channel = paths.entry(path).or_insert_with(|| json!([]));
        of_channel.as_array_mut().expect("an array").push(message.clone());
    }
    members.remove("format");
    let mut open: Vec<(String, Value)> = members.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                open.extend(members.into_iter().map(|(key, value)| (format!("{path}.{key}"), value)));
            }
            Value::Null => {}
            Value::Array(elements) if elements.is_empty() => {}
            value => {
                paths.insert(path, value);
            }
        }
    }
    paths
}

#[test]
fn the_same_conversation_is_the_same_interaction_but_for_the_documented_losses() {
    let mut wrong = Vec::new();
    for reference in REFERENCES {
        let mut whole = flat(reference);
        assert!(!whole.contains_key("latency_ms"), "the native format has a place for it: drop this line");
        whole.insert("latency_ms".to_owned(), json!(250));
        for (case, lost, otherwise) in rows() {
            let Some(read) = in_length_of(reference, &case).map(|case| flat(&case)) else { continue };
            let missing: BTreeSet<_> = whole.keys().filter(|path| !read.contains_key(*path)).cloned().collect();
            let different = |(path, value): (&String, &Value)| (whole.get(path) != Some(value)).then(|| path.clone());
            let different: BTreeSet<_> = read.iter().filter_map(different).collect();
            if (&missing, &different) != (&lost, &otherwise) {
                let line = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
                wrong.push(format!("{reference}: | {case} | {} | {} |", line(missing), line(different)));
            }
        }
    }
    assert!(wrong.is_empty(), "the table says otherwise:\n{}", wrong.join("\n"));
}

/// The case of the table's row `case` that has the conversation of `reference`; not every one has the long one.
fn in_length_of(reference: &str, case: &str) -> Option<String> {
    let (_, length) = reference.split_once('/').expect("a reader and a case");
    let case = case.replace("same_conversation", length);
    let file = |kind| root().join("cases/telemetry").join(format!("{case}.{kind}.json"));
    ["in", "records"].iter().any(|kind| file(kind).exists()).then_some(case)
}

#[test]
fn every_such_case_in_json_has_its_row() {
    let mut cases = BTreeSet::new();
    for reader in fs::read_dir(root().join("cases/telemetry")).expect("cases").map(|entry| entry.expect("a folder")) {
        for file in fs::read_dir(reader.path()).expect("a folder").map(|entry| entry.expect("a file").file_name()) {
            let file = file.to_string_lossy().into_owned();
            if file.starts_with("same_conversation")
                && [".in.json", ".records.json"].iter().any(|end| file.ends_with(end))
            {
                let stem = file.split('.').next().expect("a stem");
                cases.insert(format!("{}/{stem}", reader.file_name().to_string_lossy()));
            }
        }
    }
    let rows: BTreeSet<_> = rows().into_iter().map(|(case, ..)| case).collect();
    assert_eq!(rows, cases);
}
