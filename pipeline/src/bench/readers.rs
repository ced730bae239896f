//! Every reader over its golden cases: bytes in, interactions or signals out, on one thread.
//!
//! The cases are of the sizes in which vendors write, a few hundred bytes to a few kilobytes, so the rate is
//! that of many small records, not of one large text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::Group;
use schemas::readers::{self, Output, Reader};

use super::meter::{Meter, ROUNDS, median};
use crate::config::Config;
use crate::failure::Failure;

/// What one round reads of each format, again and again.
const ROUND_BYTES: usize = 16 * 1024 * 1024;

/// A format's reader and records.
type Formatted = (&'static dyn Reader, Vec<Vec<u8>>);

/// Runs the benchmark over the cases below `cases`, as the repository has them in `schemas/cases`.
///
/// # Errors
/// When there are none, or one cannot be read.
pub fn run(cases: &Path) -> Result<(), Failure> {
    let config = Config::defaults()?;
    println!(
        "method   each reader over its golden cases, {} MiB a round, one thread, CPU time, median of {ROUNDS} rounds",
        ROUND_BYTES >> 20
    );
    for (reader, records) in load(cases)? {
        let bytes: usize = records.iter().map(Vec::len).sum();
        let passes = ROUND_BYTES.div_ceil(bytes.max(1));
        let round = || -> anyhow::Result<f64> {
            let meter = Meter::start();
            for record in std::iter::repeat_n(&records, passes).flatten() {
                read(reader, record, &config)?;
            }
            Ok(meter.read().cpu.as_secs_f64())
        };
        let cpu = median((0..ROUNDS).map(|_| round()).collect::<Result<_, _>>()?);
        println!(
            "{:<20} {:>7.0} MB/s  {:>7.2} µs a record of {:>6} bytes",
            reader.name(),
            (bytes * passes) as f64 / cpu / 1e6,
            cpu / (records.len() * passes) as f64 * 1e6,
            bytes / records.len().max(1),
        );
    }
    Ok(())
}

fn read(reader: &'static dyn Reader, record: &[u8], config: &Config) -> anyhow::Result<()> {
    let tenancy = config.tenancy(None);
    let context = config.context_of_files(Group::Ai, &tenancy, None);
    let mut out = Output::default();
    readers::read(record, Some(reader), &context, &mut out).map_err(|error| anyhow!("{}: {error}", reader.name()))
}

/// The inputs of every reader's cases, without the white space that makes them legible.
fn load(cases: &Path) -> anyhow::Result<Vec<Formatted>> {
    let mut all = BTreeMap::new();
    for group in ["telemetry", "signals"] {
        let folder = cases.join(group);
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("no cases in {}: --cases names the folder", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let reader = readers::by_name(&name).ok_or_else(|| anyhow!("no reader is called {name}"))?;
            all.insert((group, name), (reader, records(&path)?));
        }
    }
    Ok(all.into_values().collect())
}

fn records(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".in.json") {
            let value: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
            records.push(serde_json::to_vec(&value)?);
        } else if name.ends_with(".in.b64") {
            let text: String = fs::read_to_string(&path)?.split_whitespace().collect();
            records.push(STANDARD.decode(text)?);
        }
    }
    Ok(records)
}
