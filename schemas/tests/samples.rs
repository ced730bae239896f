//! What becomes of every sample, folder by folder: the table in README.md, held exactly.
//!
//! The samples lie outside of the repository, in the folder that `WEIR_SAMPLES` names; without them this test
//! says so and passes. `WEIR_BLESS=1` writes the table anew.
#![cfg(test)]

mod telemetry_support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use telemetry_support::{base64, read};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const BEGIN: &str = "<!-- samples -->\n";
const END: &str = "<!-- end of samples -->\n";

/// Rules about records, not records.
const NO_RECORDS: [&str; 1] = ["signals/panther_correlation"];

fn root() -> PathBuf {
    std::env::var_os("WEIR_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from)
}

/// The folders of records, sorted.
fn folders(root: &Path) -> Vec<String> {
    let mut folders = Vec::new();
    for group in ["signals", "telemetry"] {
        for entry in fs::read_dir(root.join(group)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = format!("{group}/{}", path.file_name().expect("a name").to_string_lossy());
            if path.is_dir() && !NO_RECORDS.contains(&name.as_str()) {
                folders.push(name);
            }
        }
    }
    folders.sort();
    folders
}

/// The records of a folder: a line each, or a file each where a file is one document.
fn records(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn of_file(file: &Path) -> Vec<Vec<u8>> {
    let name = file.to_string_lossy();
    if name.ends_with(".b64.txt") {
        let text = fs::read_to_string(file).expect("text");
        return text.lines().map(|line| base64(line.as_bytes())).collect();
    }
    if !name.ends_with(".json") && !name.ends_with(".jsonl") {
        return Vec::new();
    }
    let text = fs::read_to_string(file).expect("text");
    if let Ok(document) = serde_json::from_str::<Value>(&text) {
        return vec![record(document)];
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| record(serde_json::from_str(line).expect("JSON"))).collect()
}

/// The record itself, out of the row of a rule's tests that wraps some of them.
fn record(row: Value) -> Vec<u8> {
    row.get("log").unwrap_or(&row).to_string().into_bytes()
}

fn table(root: &Path) -> String {
    let mut table = "| samples | records | read | passed by | rejected |\n|---|--:|--:|--:|--:|\n".to_owned();
    for folder in folders(root) {
        let records = records(&root.join(&folder));
        let (mut inputs, mut passed_by, mut rejected) = (0, 0, 0);
        for record in &records {
            match read(record) {
                Ok(out) => {
                    inputs += out.inputs.len();
                    passed_by += out.passed_by;
                    rejected += out.rejected.len();
                }
                Err(error) => {
                    println!("{folder}: {error}");
                    rejected += 1;
                }
            }
        }
        _ = writeln!(table, "| `{folder}` | {} | {inputs} | {passed_by} | {rejected} |", records.len());
    }
    table
}

#[test]
fn the_table_says_what_becomes_of_every_sample() {
    let root = root();
    if !root.is_dir() {
        println!("skipped: no samples");
        return;
    }
    let readme = fs::read_to_string(README).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("the table's beginning");
    let (shown, after) = rest.split_once(END).expect("the table's end");
    let table = table(&root);
    if std::env::var_os("WEIR_BLESS").is_some() {
        fs::write(README, format!("{before}{BEGIN}{table}{END}{after}")).expect("README.md is written");
    } else {
        assert_eq!(shown, table, "README.md says otherwise: WEIR_BLESS=1 writes it anew");
    }
}
