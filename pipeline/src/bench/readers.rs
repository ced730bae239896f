//! Every reader over records of its format: bytes in, interactions or signals out, on one thread.
//!
//! Three kinds of record, told apart because the cost of a record and that of a byte are two things. The goal of
//! [`GOAL_MB_PER_S`] is for whole records, as vendors document them or a conversation of usual length makes them, which
//! every format has among its golden cases (`full*`). All cases together are small on purpose, a few hundred bytes, and
//! hold little but what a reader looks for: they show what any record costs. Samples, where there are some, are what was
//! found of each vendor, rows of rules' tests cut to a few members among them. Each is read twice: by the reader that the
//! source names, and by whichever recognises it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::Group;
use schemas::readers::{self, Output, Reader};
use serde_json::Value;

use super::meter::{Meter, ROUNDS, median};
use crate::config::Config;
use crate::failure::Failure;

/// What one round reads of each format, again and again.
const ROUND_BYTES: usize = 16 * 1024 * 1024;

/// What a reader should read of whole records, in MB (10^6 bytes) a second on one core.
const GOAL_MB_PER_S: f64 = 150.0;

/// Records by the reader that takes them.
type Formatted = BTreeMap<(usize, &'static str), Vec<Vec<u8>>>;

/// Runs the benchmark over the cases below `cases`, as the repository has them in `schemas/cases`, and over the
/// samples below `samples`.
///
/// # Errors
/// When there are no cases, or a file cannot be read.
pub fn run(cases: &Path, samples: Option<&Path>) -> Result<(), Failure> {
    let config = Config::defaults()?;
    println!(
        "method   {} MiB a round, one thread, CPU time, median of {ROUNDS} rounds; `told` is read by the named reader, \
         `auto` by whichever recognises the record",
        ROUND_BYTES >> 20
    );
    measure_all("whole records", &load_cases(cases, "full")?, &config)?;
    measure_all("all golden cases", &load_cases(cases, "")?, &config)?;
    match samples {
        Some(samples) => measure_all("samples", &load_samples(samples, &config)?, &config)?,
        None => println!("\nno samples: --samples or WEIR_SAMPLES names their folder"),
    }
    Ok(())
}

fn measure_all(what: &str, records: &Formatted, config: &Config) -> anyhow::Result<()> {
    println!(
        "\n{:<20} {:>7} {:>7} {:>10} {:>10} {:>10}",
        what, "records", "bytes", "told MB/s", "auto MB/s", "told µs"
    );
    let mut slow = Vec::new();
    for ((_, name), records) in records {
        let reader = readers::by_name(name);
        let bytes: usize = records.iter().map(Vec::len).sum();
        let told = seconds_a_pass(records, reader, config)?;
        let auto = seconds_a_pass(records, None, config)?;
        let mb_per_s = |seconds: f64| bytes as f64 / seconds / 1e6;
        println!(
            "{name:<20} {:>7} {:>7} {:>10.0} {:>10.0} {:>10.2}",
            records.len(),
            bytes / records.len().max(1),
            mb_per_s(told),
            mb_per_s(auto),
            told / records.len() as f64 * 1e6,
        );
        if mb_per_s(told) < GOAL_MB_PER_S {
            slow.push(*name);
        }
    }
    let below = format!("{} of {} below {GOAL_MB_PER_S} MB/s, told", slow.len(), records.len());
    println!("{below}{}{}", if slow.is_empty() { "" } else { ": " }, slow.join(", "));
    Ok(())
}

/// The CPU time in which all of `records` are read once.
fn seconds_a_pass(records: &[Vec<u8>], format: Option<&'static dyn Reader>, config: &Config) -> anyhow::Result<f64> {
    let bytes: usize = records.iter().map(Vec::len).sum();
    let passes = ROUND_BYTES.div_ceil(bytes.max(1));
    let round = || -> anyhow::Result<f64> {
        let meter = Meter::start();
        for record in std::iter::repeat_n(records, passes).flatten() {
            read(format, record, config)?;
        }
        Ok(meter.read().cpu.as_secs_f64())
    };
    Ok(median((0..ROUNDS).map(|_| round()).collect::<Result<_, _>>()?) / passes as f64)
}

fn read(format: Option<&'static dyn Reader>, record: &[u8], config: &Config) -> anyhow::Result<()> {
    let tenancy = config.tenancy(None);
    let context = config.context_of_files(Group::Ai, &tenancy, None);
    let mut out = Output::default();
    readers::read(record, format, &context, &mut out).map_err(|error| anyhow!("{error}"))
}

/// The place of a reader in the list of all, so that telemetry comes first.
fn key_of(reader: &'static dyn Reader) -> (usize, &'static str) {
    let place = readers::all().position(|known| known.name() == reader.name());
    (place.unwrap_or_default(), reader.name())
}

/// The inputs of every reader's cases whose names begin with `kind`, without the white space that makes them legible.
fn load_cases(cases: &Path, kind: &str) -> anyhow::Result<Formatted> {
    let mut all = Formatted::new();
    for folder in ["telemetry", "signals"].map(|group| cases.join(group)) {
        let folders =
            folders(&folder).with_context(|| format!("no cases in {}: --cases names the folder", folder.display()))?;
        for path in folders {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let reader = readers::by_name(name).ok_or_else(|| anyhow!("no reader is called {name}"))?;
            let is_input = |file: &PathBuf| {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(kind) && [".in.", ".records."].iter().any(|input| name.contains(input))
            };
            for file in entries(&path)?.into_iter().filter(is_input) {
                all.entry(key_of(reader)).or_default().extend(records(&file)?);
            }
        }
    }
    Ok(all)
}

/// The samples that a reader takes, in the folders `signals` and `telemetry`.
fn load_samples(samples: &Path, config: &Config) -> anyhow::Result<Formatted> {
    let mut all = Formatted::new();
    for folder in ["telemetry", "signals"].map(|group| samples.join(group)) {
        let folders = folders(&folder)
            .with_context(|| format!("no samples in {}: --samples names the folder", folder.display()))?;
        for file in folders.iter().map(|path| entries(path)).collect::<Result<Vec<_>, _>>()?.concat() {
            for record in records(&file)? {
                let reader = readers::reader_of(&record).filter(|_| read(None, &record, config).is_ok());
                if let Some(reader) = reader {
                    all.entry(key_of(reader)).or_default().push(record);
                }
            }
        }
    }
    Ok(all)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

/// The records of a file: a document, a line each, or protobuf in base64. Rows of a rule's tests have the record in
/// `log`.
fn records(file: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let name = file.to_string_lossy();
    let text = match name.ends_with(".json") || name.ends_with(".jsonl") || name.contains(".b64") {
        true => fs::read_to_string(file)?,
        false => return Ok(Vec::new()),
    };
    if name.ends_with(".b64") {
        return Ok(vec![STANDARD.decode(text.split_whitespace().collect::<String>())?]);
    }
    if name.contains(".b64") {
        return text.lines().map(|line| Ok(STANDARD.decode(line.trim())?)).collect();
    }
    let record = |row: Value| -> anyhow::Result<Vec<u8>> {
        let of_a_rule = row.get("log").filter(|_| row.get("rule_id").is_some());
        Ok(serde_json::to_vec(of_a_rule.unwrap_or(&row))?)
    };
    match serde_json::from_str(&text) {
        Ok(document) => Ok(vec![record(document)?]),
        Err(_) => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| record(serde_json::from_str(line)?))
            .collect(),
    }
}
