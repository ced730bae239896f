//! Every case of telemetry and of signals against every reader: its own recognises it and no other does.
//!
//! Readers are asked in the order of a list, so that two which claim one record would let the list decide.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use schemas::readers::{self, RawRecord};
use serde_json::{Map, Value};

/// The cases of `cases/<kind>` with the name of the reader whose they are.
fn cases(kind: &str) -> Vec<(String, PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(kind);
    let mut cases = Vec::new();
    for folder in fs::read_dir(root).expect("cases").map(|entry| entry.expect("a folder").path()) {
        let reader = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").path()) {
            if file.to_string_lossy().contains(".in.") {
                let bytes = bytes_of(&file);
                cases.push((reader.clone(), file, bytes));
            }
        }
    }
    assert!(!cases.is_empty(), "no cases of {kind}");
    cases
}

/// The record of a case; what is no text stands as base64.
fn bytes_of(file: &Path) -> Vec<u8> {
    let mut bytes = fs::read(file).expect("a readable case");
    if file.extension().is_some_and(|extension| extension == "b64") {
        bytes.retain(|byte| !byte.is_ascii_whitespace());
        return base64::engine::general_purpose::STANDARD.decode(bytes).expect("base64");
    }
    bytes
}

fn recognising(bytes: &[u8]) -> Vec<&'static str> {
    let record = RawRecord::new(bytes);
    readers::all().filter(|reader| reader.recognises(&record)).map(|reader| reader.name()).collect()
}

#[test]
fn one_reader_recognises_each_case() {
    for (reader, file, bytes) in cases("telemetry").into_iter().chain(cases("signals")) {
        assert_eq!(recognising(&bytes), [reader.as_str()], "{}", file.display());
        assert_eq!(readers::reader_of(&bytes).map(|reader| reader.name()), Some(reader.as_str()));
    }
}

/// Lakes lower the keys of the outermost level; `event` in lower case is another vendor's wrapper.
#[test]
fn one_reader_recognises_each_signal_with_lowered_keys() {
    for (reader, file, bytes) in cases("signals") {
        let case: Map<String, Value> = serde_json::from_slice(&bytes).expect("an object");
        let lowered: Map<_, _> = case.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
        if !lowered.contains_key("event") {
            let lowered = Value::from(lowered).to_string();
            assert_eq!(recognising(lowered.as_bytes()), [reader.as_str()], "{} lowered", file.display());
        }
    }
}
