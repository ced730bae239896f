//! The shape of the repository is checked, not remembered: which crate may know which, what lies at the
//! top, how long a file may be, and that nothing that is registered lacks its cases.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use schemas::readers::{signals, telemetry};
use serde_json::Value;

/// The longest file, in lines. 400 is the rule; up to here a linear text may exceed it.
const LINES_PER_FILE_MAX: usize = 600;

/// Which workspace crates a crate may depend on.
const ARROWS: [(&str, &[&str]); 6] = [
    ("schemas", &[]),
    ("detectors", &["schemas"]),
    ("correlator", &["schemas"]),
    ("pipeline", &["correlator", "detectors", "schemas"]),
    ("tests", &["correlator", "detectors", "pipeline", "schemas"]),
    // Makes the weights of the learned scorer, by hand and offline: it needs the features exactly as the detectors
    // read them, and nothing that runs needs it.
    ("trainer", &["detectors", "schemas"]),
];

/// Dependencies that touch the world, and the only crates that may have them. `tests` may have anything.
const OWNERS: [(&str, &[&str]); 16] = [
    ("axum", &["pipeline"]),
    ("clap", &["pipeline"]),
    ("crossterm", &["pipeline"]),
    ("hyper", &["pipeline"]),
    ("nix", &["pipeline"]),
    ("opentelemetry", &["pipeline"]),
    ("opentelemetry_sdk", &["pipeline"]),
    ("ort", &["pipeline"]),
    ("rdkafka", &["pipeline"]),
    ("reqwest", &["pipeline"]),
    ("rocksdb", &["correlator"]),
    ("signal-hook", &["pipeline"]),
    ("tempfile", &["pipeline"]),
    ("tokenizers", &["pipeline"]),
    ("tokio", &["pipeline"]),
    ("tracing", &["pipeline"]),
];

/// What may lie at the top of the repository; files of tools begin with a dot.
const TOP_LEVEL: [&str; 12] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "correlator",
    "deploy",
    "detectors",
    "pipeline",
    "schemas",
    "trainer",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The direct dependencies of every workspace crate, those for tests and build scripts apart.
fn dependencies() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline", "--locked"];
    let output = std::process::Command::new(cargo).args(arguments).current_dir(root()).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let mut all = BTreeMap::new();
    for package in metadata["packages"].as_array().context("packages")? {
        let direct = package["dependencies"].as_array().context("dependencies")?;
        let names = direct.iter().filter(|d| d["kind"].is_null()).filter_map(|d| d["name"].as_str());
        let package = package["name"].as_str().context("name")?;
        all.insert(package.to_owned(), names.map(str::to_owned).collect());
    }
    Ok(all)
}

/// What breaks the rules of [`ARROWS`] and [`OWNERS`] in `crates`.
fn broken_arrows(crates: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut broken = Vec::new();
    for (package, dependencies) in crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == package) else {
            broken.push(format!("{package} is no crate of the design"));
            continue;
        };
        for dependency in dependencies {
            let of_workspace = crates.contains_key(dependency);
            if of_workspace && !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{package} must not know {dependency}"));
            }
            let owners = OWNERS.iter().find(|(name, _)| name == dependency).map(|(_, owners)| *owners);
            if package != "tests" && owners.is_some_and(|owners| !owners.contains(&package.as_str())) {
                broken.push(format!("{package} must not depend on {dependency}"));
            }
        }
    }
    broken
}

/// Every file below `folder` whose name ends in one of `endings`.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            files(&path, endings, found)?;
        } else if path.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    Ok(())
}

/// The source files below `folder` that implement `interface`, once each time that they do.
fn implementations(folder: &Path, interface: &str) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    files(folder, &[".rs"], &mut sources)?;
    let mut found = Vec::new();
    for path in sources {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path)?;
        // Those of test modules are indented.
        let times = text.lines().filter(|line| line.starts_with(&format!("impl {interface} for "))).count();
        found.extend(std::iter::repeat_n(stem, times));
    }
    found.sort();
    Ok(found)
}

/// Those of `names` without a directory in `cases` that is called after them and holds something.
fn without_cases<'a>(names: impl IntoIterator<Item = &'a str>, cases: &Path) -> Vec<&'a str> {
    let has_case = |name: &&str| fs::read_dir(cases.join(name)).is_ok_and(|mut entries| entries.next().is_some());
    names.into_iter().filter(|name| !has_case(name)).collect()
}

#[test]
fn crates_know_only_whom_they_may() -> Result<()> {
    let crates = dependencies()?;
    assert_eq!(crates.len(), ARROWS.len(), "{:?}", crates.keys());
    assert_eq!(broken_arrows(&crates), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_wrong_arrow_is_seen() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let crates = BTreeMap::from([
        ("schemas".to_owned(), set(&["serde", "rdkafka"])),
        ("detectors".to_owned(), set(&["schemas", "correlator"])),
        ("correlator".to_owned(), set(&["schemas", "rocksdb", "tokio"])),
        ("utils".to_owned(), set(&[])),
    ]);
    let expected = [
        "correlator must not depend on tokio",
        "detectors must not know correlator",
        "schemas must not depend on rdkafka",
        "utils is no crate of the design",
    ];
    assert_eq!(broken_arrows(&crates), expected);
}

#[test]
fn nothing_else_lies_at_the_top() -> Result<()> {
    // `target` is where cargo builds when no other folder is named; git ignores it.
    let allowed =
        |name: &str| name.starts_with('.') || ["target", "tests"].contains(&name) || TOP_LEVEL.contains(&name);
    let entries = fs::read_dir(root())?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let unexpected: Vec<_> = entries.filter(|name| !allowed(name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    Ok(())
}

#[test]
fn no_file_is_too_long() -> Result<()> {
    let mut sources = Vec::new();
    files(&root(), &[".rs", ".sh", ".py"], &mut sources)?;
    assert!(sources.len() > 20, "looked in the wrong place: {sources:?}");
    let mut long = Vec::new();
    for path in sources {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LINES_PER_FILE_MAX {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
    Ok(())
}

#[test]
fn every_source_file_says_what_it_is() -> Result<()> {
    let mut sources = Vec::new();
    files(&root(), &[".rs"], &mut sources)?;
    let silent = sources.into_iter().filter(|path| !fs::read_to_string(path).is_ok_and(|text| text.starts_with("//!")));
    let silent: Vec<_> = silent.collect();
    assert!(silent.is_empty(), "{silent:#?}");
    Ok(())
}

#[test]
fn every_detector_is_registered_and_has_cases() -> Result<()> {
    let sources = root().join("detectors/src");
    let detectors = implementations(&sources, "Detector")?;
    let list = fs::read_to_string(sources.join("lib.rs"))?;
    let unlisted: Vec<_> = detectors.iter().filter(|name| !list.contains(&format!("    &{name}::"))).collect();
    assert!(unlisted.is_empty(), "not in DETECTORS: {unlisted:?}");
    let names = detectors.iter().map(String::as_str);
    assert_eq!(without_cases(names, &root().join("tests/cases")), Vec::<&str>::new());
    Ok(())
}

/// The reader that a configuration describes: sources name it, and no shape is its own. Its cases lie in
/// `schemas/tests/mapping`.
const UNLISTED_READER: &str = "mapped";

#[test]
fn every_reader_is_registered_and_has_cases() -> Result<()> {
    for (group, list) in [("telemetry", telemetry::READERS), ("signals", signals::READERS)] {
        let mut written = implementations(&root().join("schemas/src/readers").join(group), "Reader")?;
        written.retain(|name| name != UNLISTED_READER);
        assert_eq!(written.len(), list.len(), "readers of {group} in {written:?} that the list does not have");
        let names = list.iter().map(|reader| reader.name());
        let missing = without_cases(names, &root().join("schemas/cases").join(group));
        assert!(missing.is_empty(), "readers of {group} without cases: {missing:?}");
    }
    Ok(())
}

#[test]
fn a_missing_case_is_seen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for made in ["with", "empty"] {
        fs::create_dir(folder.path().join(made))?;
    }
    fs::write(folder.path().join("with/one.json"), "{}")?;
    assert_eq!(without_cases(["with", "empty", "without"], folder.path()), ["empty", "without"]);

    fs::write(folder.path().join("two.rs"), "impl Reader for A {\n}\nimpl Reader for B {\n    impl Reader for C {")?;
    assert_eq!(implementations(folder.path(), "Reader")?, ["two", "two"]);
    Ok(())
}
