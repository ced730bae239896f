//! Golden cases of the telemetry readers: `cases/telemetry/READER/NAME.in.json` in, `NAME.out.json` out.
//!
//! A case's record is read with `auto`, so it also shows that the right reader recognises it. Protobuf
//! stands as base64 in `NAME.in.b64`. A collection of records that belong together stands in
//! `NAME.records.json`: no reader recognises it, since it is opened before. What is called `full*` is a conversation of
//! the length that people write. `WEIR_BLESS=1` rewrites the expected outputs: deliberately.
#![cfg(test)]

mod telemetry_support;

use std::fs;
use std::path::{Path, PathBuf};

use schemas::readers::{self, Output};
use telemetry_support::{Surroundings, interactions};

fn cases() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/telemetry");
    let mut cases = Vec::new();
    for reader in fs::read_dir(root).expect("a directory of cases").map(|entry| entry.expect("an entry").path()) {
        let name = reader.file_name().expect("a name").to_string_lossy().into_owned();
        for file in fs::read_dir(&reader).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            if [".in.", ".records."].iter().any(|kind| file.to_string_lossy().contains(kind)) {
                cases.push((name.clone(), file));
            }
        }
    }
    cases.sort();
    cases
}

fn bytes_of(case: &Path) -> Vec<u8> {
    let bytes = fs::read(case).expect("a readable case");
    if case.extension().is_some_and(|extension| extension == "b64") {
        return telemetry_support::base64(&bytes);
    }
    bytes
}

#[test]
fn every_case_gives_what_stands_beside_it() {
    let cases = cases();
    assert!(cases.len() >= 8, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for (reader, case) in &cases {
        let bytes = bytes_of(case);
        let mut out = Output::default();
        let surroundings = Surroundings::default();
        readers::read(&bytes, None, &surroundings.context(), &mut out)
            .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        assert!(out.rejected.is_empty(), "{}: {:?}", case.display(), out.rejected);
        let read = interactions(out);
        assert!(read.iter().all(|interaction| interaction.format == *reader), "{}", case.display());
        let actual = serde_json::to_string_pretty(&read).expect("serialisable") + "\n";
        let name = case.file_name().expect("a name").to_string_lossy();
        let stem = name.split(".in.").flat_map(|name| name.split(".records.")).next().expect("a stem");
        let expected = case.with_file_name(format!("{stem}.out.json"));
        if std::env::var_os("WEIR_BLESS").is_some() {
            fs::write(&expected, &actual).expect("writable");
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(actual.as_str()) {
            wrong.push(format!("{}\n{actual}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "these differ (WEIR_BLESS=1 rewrites them):\n{}", wrong.join("\n"));
}

#[test]
fn every_reader_has_a_whole_record() {
    let cases = cases();
    let whole = |case: &Path| case.file_name().is_some_and(|name| name.to_string_lossy().starts_with("full"));
    for reader in readers::telemetry::READERS {
        assert!(cases.iter().any(|(name, case)| name == reader.name() && whole(case)), "none for {}", reader.name());
    }
}
