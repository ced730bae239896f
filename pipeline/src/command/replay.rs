//! `weir replay`: files in, incidents out, without any broker.
//!
//! Three steps. Read ([`reading`]): every line goes through the detect stage as it does on Kafka. Order: what came
//! out is sorted by event time, ties by native id, so that neither the order of lines nor that of files shows;
//! commands of analysts come after what happened at the same instant. Correlate: signals and commands go through
//! the correlator in that order. Records without a time of their own come last, at the latest time of the input:
//! files have no broker to ask. With `--as-of` that instant stands in for the broker's clock: records without a time
//! get it, and times after it are in the future as they are for the stages. The machine's own clock is never asked,
//! so that a replay says tomorrow what it says today.
//!
//! Between reading and ordering the results are held in memory, about a kilobyte an interaction: a
//! million interactions take about a gigabyte. Larger histories are replayed through Kafka.
//!
//! With `--what-if` the same input is replayed a second time with a changed configuration, and [`what_if`] says
//! what becomes of the incidents.

mod outputs;
mod reading;
mod what_if;

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use correlator::{RocksConfig, RocksStore, Stats};
use schemas::{Group, Incident, readers};

use self::outputs::{Outputs, Revisions};
pub(super) use self::reading::read_line;
use self::reading::{Item, Lane, Reading, Replayed};
use self::what_if::Stories;
use crate::cli::{Input, InputKind, ReplayArgs};
use crate::config::Config;
use crate::dead_letter::DeadLetterLine;
use crate::failure::Failure;
use crate::lines::{STDIN, files};
use crate::logging::tell;

/// Signals between commits of the correlator's state.
const SIGNALS_PER_COMMIT: usize = 4096;

/// Runs the command.
///
/// # Errors
/// When an input cannot be opened, or the output cannot be written.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    let changed = match &args.what_if {
        Some(changes) => Some((changes, Config::load_changed(args.config.as_deref(), changes)?)),
        None => None,
    };
    let inputs = expand(&args.input, &config)?;
    if changed.is_some() && inputs.iter().any(|(_, path)| path.as_os_str() == STDIN) {
        return Err(Failure::usage("--what-if reads the input twice: name files, standard input is gone after once"));
    }
    fs::create_dir_all(&args.out).with_context(|| format!("cannot create {}", args.out.display()))?;
    let told = replay(args, &config, &inputs, Outputs::create(&args.out)?)?;
    tell(format_args!("{}", told.summary()));
    if let Some((changes, config)) = changed {
        let inputs = expand(&args.input, &config)?;
        let after = replay(args, &config, &inputs, Outputs::nowhere())?;
        let difference = what_if::difference(&told.stories, &after.stories);
        what_if::write(&args.out.join("what-if.jsonl"), &difference)?;
        let suppressed = [&told, &after].map(|told| told.stats.suppressed);
        tell(format_args!("{}", what_if::summary(changes, &difference, suppressed)));
    }
    Ok(())
}

/// What a replay came to.
struct Told {
    replayed: Replayed,
    stories: Stories,
    stats: Stats,
    /// Groups of which rules would have said something, had time gone on.
    undecided: u64,
}

/// What the correlator came to.
struct Correlated {
    stories: Stories,
    stats: Stats,
    undecided: u64,
}

impl Told {
    fn summary(&self) -> String {
        let Replayed { records, interactions, alerts, signals, passed_by, rejected, commands, .. } = &self.replayed;
        let mut text = format!(
            "{records} records: {interactions} interactions, {alerts} alerts, {signals} signals, {passed_by} passed by, \
             {rejected} dead letters; {} alerts of rules, {} incident revisions",
            self.stats.rule_alerts, self.stats.revisions
        );
        if self.undecided > 0 {
            text.push_str(&format!("; rules wait for later records to decide about {} groups", self.undecided));
        }
        let left_out: Vec<String> = self.stats.left_out().map(|(what, count)| format!("{count} {what}")).collect();
        if !left_out.is_empty() {
            text.push_str(&format!("; left out: {}", left_out.join(", ")));
        }
        if *commands > 0 {
            text.push_str(&format!("; {commands} commands, {} rejected", self.stats.commands_rejected));
        }
        text
    }
}

fn replay(
    args: &ReplayArgs,
    config: &Config,
    inputs: &[(Lane, PathBuf)],
    mut outputs: Outputs,
) -> Result<Told, Failure> {
    let mut reading = Reading::new(config, args)?;
    for (lane, path) in inputs {
        reading.file(*lane, path, &mut outputs)?;
    }
    reading.timeless(&mut outputs)?;
    reading.used();
    let mut replayed = reading.replayed;
    let mut items = std::mem::take(&mut replayed.items);
    if let Some(days) = args.days {
        let latest = items.iter().map(|item| item.time).max().unwrap_or_default();
        let from = latest.saturating_add_millis(-i64::from(days) * 24 * 60 * 60 * 1000);
        items.retain(|item| item.time >= from);
    }
    items.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
    let correlated = correlate(config, items, &mut outputs)?;
    outputs.finish()?;
    let Correlated { stories, stats, undecided } = correlated;
    Ok(Told { replayed, stories, stats, undecided })
}

fn expand(inputs: &[Input], config: &Config) -> Result<Vec<(Lane, PathBuf)>, Failure> {
    let mut all = Vec::new();
    for input in inputs {
        let format = match (input.kind, input.format.as_deref()) {
            // Commands are never known by their shape: who names the kind names the reader.
            (InputKind::Commands, None) => Ok(Some(readers::COMMAND)),
            (_, Some(name)) => config.format(name),
            (_, None) => Ok(None),
        };
        let format = format.map_err(|message| Failure::usage(format!("--input: {message}")))?;
        for file in files(&input.path).map_err(|error| Failure::usage(format!("--input: {error:#}")))? {
            all.push((Lane { kind: input.kind, format }, file));
        }
    }
    Ok(all)
}

/// Writes what was read in its order and what the correlator makes of it.
fn correlate(config: &Config, items: Vec<Item>, outputs: &mut Outputs) -> anyhow::Result<Correlated> {
    let state = tempfile::tempdir().context("cannot create a directory for the state")?;
    let store = RocksStore::open(state.path(), RocksConfig::default())?;
    let mut correlator = config.rulebook.correlator(store);
    let mut stories = Stories::default();
    let mut revisions = Revisions::default();
    let mut tell = |incidents: Vec<Incident>, outputs: &mut Outputs| {
        incidents.iter().for_each(|incident| stories.note(incident));
        revisions.add(incidents, outputs)
    };
    let mut since_commit = 0;
    for item in items {
        outputs.annotated.bytes(&item.annotated)?;
        outputs.alerts.bytes(&item.alerts)?;
        for signal in item.signals {
            let incidents = correlator.process(signal)?;
            outputs.rule_alerts(&correlator.take_alerts())?;
            tell(incidents, outputs)?;
            since_commit += 1;
        }
        if let Some(given) = item.command {
            let answer = correlator.command(&given.command)?;
            if let Some(why) = &answer.refused {
                outputs.dead_letters.line(&DeadLetterLine::refused(&given.source, given.line, &given.bytes, why))?;
            }
            outputs.rule_alerts(&correlator.take_alerts())?;
            tell(answer.revisions, outputs)?;
            since_commit += 1;
        }
        if since_commit >= SIGNALS_PER_COMMIT {
            correlator.commit(b"replay")?;
            since_commit = 0;
        }
    }
    tell(correlator.flush()?, outputs)?;
    revisions.write(outputs)?;
    Ok(Correlated { stories, stats: correlator.stats(), undecided: correlator.undecided()? })
}

impl InputKind {
    /// The part of the estate whose readers are asked first.
    fn group(self) -> Group {
        match self {
            Self::Ai => Group::Ai,
            Self::Identity => Group::Identity,
            Self::Endpoint => Group::Endpoint,
            Self::Cloud | Self::Commands => Group::Cloud,
            Self::Model => Group::Model,
        }
    }
}
