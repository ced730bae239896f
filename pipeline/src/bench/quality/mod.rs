//! `weir bench quality`: simulate, replay, compare with the truth, over many seeds at one operating point.
//!
//! What is measured is what a SIEM reads: the incidents that `weir replay` writes. The replay sees records only;
//! the truth is compared afterwards, by the records' own ids. Attacks that the detectors miss are no signals and
//! are counted apart, since no correlation can join what was never raised.
//!
//! The method of each figure stands with its function in [`score`]; intervals are bootstrapped over the seeds.

mod clustering;
mod order;
mod overlap;
mod score;
mod story;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser as _;
use fastrand::Rng;
use schemas::Timestamp;

use self::order::Order;
use self::score::Score;
use self::story::Told;
use super::meter::Meter;
use crate::cli::{Cli, Command};
use crate::command::{replay, simulate};
use crate::config::Config;
use crate::failure::Failure;
use crate::simulation::{Faults, Record, Settings, Stream, generate, registered};

/// The operating point where no other is asked for: what Weir ships with, all members of an incident listed.
const OPERATING_POINT: &str = include_str!("operating_point.toml");
/// A Monday.
const START: &str = "2026-05-04T00:00:00Z";
const DAYS: u32 = 5;
const USERS: u32 = 100;
const CAMPAIGNS: u32 = 8;
/// Of a hundred records, how many come from one farm of virtual desktops in the second table.
const HUB_PERCENT: u32 = 10;
/// Resamples of a bootstrap.
const RESAMPLES: usize = 2000;

/// Runs the benchmark over `seeds` seeds, with the configuration at `config` or the shipped operating point.
///
/// # Errors
/// When the configuration does not hold, or files cannot be written.
pub fn run(seeds: u32, config: Option<&Path>) -> Result<(), Failure> {
    let folder = tempfile::tempdir().context("cannot create a directory for the replays")?;
    let (config, name) = match config {
        Some(path) => (path.to_owned(), path.display().to_string()),
        None => {
            let path = folder.path().join("operating_point.toml");
            fs::write(&path, OPERATING_POINT).context("cannot write the operating point")?;
            (path, "pipeline/src/bench/quality/operating_point.toml".to_owned())
        }
    };
    let checked = Config::load(&config)?;
    println!(
        "method   {seeds} seeds; {USERS} people, {DAYS} days, {CAMPAIGNS} campaigns, usual faults; {name}; \
         means over seeds with 95 % bootstrap intervals"
    );
    let meter = Meter::start();
    let bench = Bench { folder: folder.path().to_owned() };
    let registered = with_inventory(folder.path(), &config)?;
    for hub_percent in [0, HUB_PERCENT] {
        let mut scores = Vec::new();
        for seed in 1..=u64::from(seeds) {
            let records = generate(&settings(seed, hub_percent)?);
            let mut score = bench.score(&records, &config)?;
            if hub_percent == 0 {
                let known = bench.score(&records, &registered)?;
                known.get(score::BENIGN).into_iter().for_each(|value| score.set(score::BENIGN_REGISTERED, value));
                let order = Order::new(&checked, &records)?;
                score.set("ARI, as delivered against in order", order.delivered()?);
                score.set("ARI, 6 h of jitter against in order", order.jittered(seed)?);
            }
            scores.push(score);
        }
        match hub_percent {
            0 => println!("\nas simulated"),
            percent => println!("\n{percent} % of the records from virtual desktops that all look the same"),
        }
        print(&scores);
    }
    println!("\n{:.0} s of CPU time", meter.read().cpu.as_secs_f64());
    Ok(())
}

fn settings(seed: u64, hub_percent: u32) -> Result<Settings, Failure> {
    let start = Timestamp::parse(START).context("the start is no time")?;
    Ok(Settings { seed, start, days: DAYS, users: USERS, campaigns: CAMPAIGNS, faults: Faults::Usual, hub_percent })
}

/// The configuration at `config` with an inventory in which the simulated company registers its tests.
fn with_inventory(folder: &Path, config: &Path) -> anyhow::Result<PathBuf> {
    let (inventory, path) = (folder.join("inventory.jsonl"), folder.join("registered.toml"));
    let assets: Vec<String> = registered().iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    fs::write(&inventory, assets.join("\n")).context("cannot write the inventory")?;
    let mut written: toml::Table = fs::read_to_string(config).context("cannot read the configuration")?.parse()?;
    let file = inventory.display().to_string();
    written.insert("inventory".to_owned(), toml::Table::from_iter([("file".to_owned(), file.into())]).into());
    fs::write(&path, written.to_string()).context("cannot write the configuration")?;
    Ok(path)
}

struct Bench {
    folder: PathBuf,
}

impl Bench {
    /// Replays the records and compares what comes of them with the truth.
    fn score(&self, records: &[Record], config: &Path) -> Result<Score, Failure> {
        let (input, out) = (self.folder.join("input"), self.folder.join("out"));
        simulate::into_files(records.iter().cloned(), &input)?;
        let mut line = vec!["weir".to_owned(), "replay".to_owned()];
        for stream in Stream::ALL {
            let kind = stream.file().trim_end_matches(".jsonl");
            line.extend(["--input".to_owned(), format!("{kind}={}", input.join(stream.file()).display())]);
        }
        for (option, path) in [("--out", out.as_path()), ("--config", config)] {
            line.extend([option.to_owned(), path.display().to_string()]);
        }
        // As a user types it: what replaying is stays the replay's.
        let Command::Replay(args) = Cli::try_parse_from(line).context("cannot replay")?.command else {
            return Err(Failure::usage("cannot replay"));
        };
        replay::run(&args)?;
        Ok(Score::of(records, &Told::read(&out)?, DAYS))
    }
}

fn print(scores: &[Score]) {
    println!("{:<46} {:>9}   {:^19}   goal", "", "mean", "95 %");
    for (name, goal) in score::FIGURES {
        let values: Vec<f64> = scores.iter().filter_map(|score| score.get(name)).collect();
        if let Some((low, high)) = bootstrap(&values) {
            println!("{name:<46} {:>9.3}   {low:>8.3} … {high:<8.3}   {goal}", mean(&values));
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The interval that holds the middle 95 % of the means of resamples; `None` without values.
fn bootstrap(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    let mut rng = Rng::with_seed(20_260_501);
    let mut resample = || {
        let drawn: Vec<f64> = values.iter().filter_map(|_| values.get(rng.usize(..values.len())).copied()).collect();
        mean(&drawn)
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means.get((share * (RESAMPLES - 1) as f64) as usize).copied();
    at(0.025).zip(at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_the_mean_and_narrows_with_more_values() {
        let few = [0.0, 1.0, 0.0, 1.0];
        let many: Vec<f64> = few.iter().copied().cycle().take(400).collect();
        let (low, high) = bootstrap(&few).unwrap();
        let (low_many, high_many) = bootstrap(&many).unwrap();
        assert!(low <= 0.5 && 0.5 <= high && low_many <= 0.5 && 0.5 <= high_many);
        assert!(high_many - low_many < high - low);
        assert_eq!(bootstrap(&[]), None);
        assert_eq!(bootstrap(&[1.0; 5]), Some((1.0, 1.0)));
    }

    #[test]
    fn the_operating_point_is_a_configuration() {
        Config::parse(OPERATING_POINT).unwrap();
    }
}
