//! `weir replay`: files in, incidents out, without any broker.
//!
//! Three steps. Read: every line goes through the detect stage as it does on Kafka. Order: what came out
//! is sorted by event time, ties by native id, so that neither the order of lines nor that of files
//! shows. Correlate: signals go through the correlator in that order. Records without a time of their
//! own come last, at the latest time of the input: files have no broker to ask. With `--as-of` that instant stands
//! in for the broker's clock: records without a time get it, and times after it are in the future as they are for
//! the stages. The machine's own clock is never asked, so that a replay says tomorrow what it says today.
//!
//! Between reading and ordering the results are held in memory, about a kilobyte an interaction: a
//! million interactions take about a gigabyte. Larger histories are replayed through Kafka.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use correlator::{RocksConfig, RocksStore};
use schemas::readers::{ReadError, Reader, Reason, Rejected};
use schemas::{Group, Incident, RuleAlert, Signal, Timestamp, ocsf};

use crate::cli::{Input, InputKind, ReplayArgs};
use crate::config::{Config, Source};
use crate::dead_letter::DeadLetterLine;
use crate::failure::Failure;
use crate::lines::{Line, Lines, files};
use crate::logging::tell;
use crate::process::{Delivery, Outcome, Processor};
use crate::progress::Progress;
use crate::usage::Fold;

/// Signals between commits of the correlator's state.
const SIGNALS_PER_COMMIT: usize = 4096;

/// Runs the command.
///
/// # Errors
/// When an input cannot be opened, or the output cannot be written.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    let inputs = expand(&args.input, &config)?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot create {}", args.out.display()))?;
    let mut outputs = Outputs::create(&args.out)?;
    let mut reading = Reading::new(&config, args)?;
    for (lane, path) in &inputs {
        reading.file(*lane, path, &mut outputs)?;
    }
    reading.timeless(&mut outputs)?;
    reading.used();
    let mut replayed = reading.replayed;
    replayed.items.sort_unstable_by(|a, b| (a.time, &a.native_id, &a.tie).cmp(&(b.time, &b.native_id, &b.tie)));
    let Correlated { revisions, raised } = correlate(&config, replayed.items, &mut outputs)?;
    outputs.finish()?;
    tell(format_args!(
        "{} records: {} interactions, {} alerts, {} signals, {} passed by, {} dead letters; {raised} alerts of rules, {revisions} incident revisions",
        replayed.records,
        replayed.interactions,
        replayed.alerts,
        replayed.signals,
        replayed.passed_by,
        replayed.rejected
    ));
    Ok(())
}

/// How the lines of an input are read.
#[derive(Clone, Copy)]
struct Lane {
    kind: InputKind,
    /// The only reader to ask; `None` goes by each record's shape.
    format: Option<&'static dyn Reader>,
}

fn expand(inputs: &[Input], config: &Config) -> Result<Vec<(Lane, PathBuf)>, Failure> {
    let mut all = Vec::new();
    for input in inputs {
        if input.kind == InputKind::Commands {
            return Err(Failure::usage(
                "--input commands=...: this version takes no analyst commands yet: leave it out",
            ));
        }
        let format = input.format.as_deref().map_or(Ok(None), |name| config.format(name));
        let format = format.map_err(|message| Failure::usage(format!("--input: {message}")))?;
        for file in files(&input.path).map_err(|error| Failure::usage(format!("--input: {error:#}")))? {
            all.push((Lane { kind: input.kind, format }, file));
        }
    }
    Ok(all)
}

/// What one part of a record became, with what it is sorted by.
struct Item {
    time: Timestamp,
    native_id: String,
    /// Orders parts of equal time and id: their own bytes, which no order of input can change.
    tie: Vec<u8>,
    annotated: Vec<u8>,
    alerts: Vec<u8>,
    signals: Vec<Signal>,
}

#[derive(Default)]
struct Replayed {
    items: Vec<Item>,
    records: u64,
    interactions: u64,
    alerts: u64,
    signals: u64,
    passed_by: u64,
    rejected: u64,
}

/// A line whose time is not known before everything else was read.
struct Timeless {
    lane: Lane,
    source: String,
    line: u64,
    bytes: Vec<u8>,
}

struct Reading<'a> {
    config: &'a Config,
    processor: Processor,
    tenant: Option<schemas::TenantId>,
    as_of: Option<Timestamp>,
    timeless: Vec<Timeless>,
    usage: Fold,
    replayed: Replayed,
}

impl<'a> Reading<'a> {
    fn new(config: &'a Config, args: &ReplayArgs) -> anyhow::Result<Self> {
        let processor = Processor::new(config, config.tenants.clone())?;
        let tenant = args.tenant.as_deref().map(schemas::TenantId::from);
        Ok(Self {
            config,
            processor,
            tenant,
            as_of: args.as_of,
            timeless: Vec::new(),
            usage: Fold::default(),
            replayed: Replayed::default(),
        })
    }

    fn file(&mut self, lane: Lane, path: &Path, outputs: &mut Outputs) -> anyhow::Result<()> {
        let mut lines = Lines::open(path, self.config.limits.record_bytes_max)?;
        let name = lines.name.clone();
        let mut progress = Progress::new(&name);
        let source = self.source(lane);
        while let Some(line) = lines.next_line()? {
            progress.tick();
            let outcome = self.line(&line, &source);
            if outcome.time_missing && self.as_of.is_none() {
                let bytes = line.bytes.to_vec();
                self.timeless.push(Timeless { lane, source: name.clone(), line: line.number, bytes });
            } else {
                self.take(outcome, &name, &line, outputs)?;
            }
        }
        Ok(())
    }

    fn source(&self, lane: Lane) -> Source {
        Source { group: lane.kind.group(), format: lane.format, tenancy: self.config.tenancy(self.tenant.clone()) }
    }

    fn line(&self, line: &Line<'_>, source: &Source) -> Outcome {
        read_line(&self.processor, line, source, Delivery::from_file(self.as_of))
    }

    /// Lines without a time, at the latest time of all that have one.
    fn timeless(&mut self, outputs: &mut Outputs) -> anyhow::Result<()> {
        let latest = self.replayed.items.iter().map(|item| item.time).max().unwrap_or_default();
        for Timeless { lane, source: name, line: number, bytes } in std::mem::take(&mut self.timeless) {
            let line = Line { number, bytes: &bytes, len: bytes.len() };
            let delivery = Delivery { time: latest, ..Delivery::from_file(None) };
            let outcome = read_line(&self.processor, &line, &self.source(lane), delivery);
            self.take(outcome, &name, &line, outputs)?;
        }
        Ok(())
    }

    /// What was used, each minute as a whole.
    fn used(&mut self) {
        for mut signal in self.usage.take() {
            if self.processor.note_usage(&mut signal) {
                self.replayed.items.push(signal_item(signal));
            }
        }
    }

    fn take(&mut self, outcome: Outcome, name: &str, line: &Line<'_>, outputs: &mut Outputs) -> anyhow::Result<()> {
        let replayed = &mut self.replayed;
        replayed.records += 1;
        replayed.passed_by += u64::from(outcome.passed_by);
        for rejected in &outcome.rejected {
            replayed.rejected += 1;
            let bytes_max = self.config.file.limits.dead_letter_bytes_max;
            let len = if rejected.bytes.len() == line.bytes.len() { line.len } else { rejected.bytes.len() };
            outputs.dead_letters.line(&DeadLetterLine::new(name, line.number, rejected, len, bytes_max))?;
        }
        for mut processed in outcome.interactions {
            replayed.interactions += 1;
            replayed.alerts += processed.alerts.len() as u64;
            if let Some(contribution) = processed.usage.take() {
                self.usage.add_as_a_whole(contribution);
            }
            replayed.items.push(interaction_item(&processed)?);
        }
        for signal in outcome.signals {
            replayed.signals += 1;
            replayed.items.push(signal_item(signal));
        }
        Ok(())
    }
}

/// One line through the detect stage; a line that was cut is not read at all.
pub(super) fn read_line(processor: &Processor, line: &Line<'_>, source: &Source, delivery: Delivery<'_>) -> Outcome {
    if line.len > line.bytes.len() {
        let message = format!("{} bytes, the limit is {}", line.len, line.bytes.len());
        let error = ReadError::new(Reason::TooLarge, message);
        return Outcome { rejected: vec![Rejected { bytes: line.bytes.to_vec(), error }], ..Outcome::default() };
    }
    processor.process(line.bytes, source, delivery)
}

fn interaction_item(processed: &crate::process::Processed) -> anyhow::Result<Item> {
    let annotated = json_line(&processed.annotated)?;
    let mut alerts = Vec::new();
    for alert in &processed.alerts {
        ocsf::write_detection_finding(alert, &mut alerts);
        alerts.push(b'\n');
    }
    Ok(Item {
        time: processed.annotated.time,
        native_id: processed.annotated.id.to_string(),
        tie: [&annotated[..], &alerts].concat(),
        annotated,
        alerts,
        signals: processed.signals.clone(),
    })
}

fn signal_item(signal: Signal) -> Item {
    Item {
        time: signal.time,
        native_id: signal.native_id.clone(),
        tie: format!("{signal:?}").into_bytes(),
        annotated: Vec::new(),
        alerts: Vec::new(),
        signals: vec![signal],
    }
}

fn json_line(value: &impl serde::Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes what was read in its order and what the correlator makes of it.
fn correlate(config: &Config, items: Vec<Item>, outputs: &mut Outputs) -> anyhow::Result<Correlated> {
    let state = tempfile::tempdir().context("cannot create a directory for the state")?;
    let store = RocksStore::open(state.path(), RocksConfig::default())?;
    let mut correlator = config.rulebook.correlator(store);
    let mut revisions = Revisions::default();
    let (mut since_commit, mut raised) = (0, 0);
    for item in items {
        outputs.annotated.bytes(&item.annotated)?;
        outputs.alerts.bytes(&item.alerts)?;
        for signal in item.signals {
            let incidents = correlator.process(signal)?;
            raised += write_alerts(&correlator.take_alerts(), outputs)?;
            revisions.add(incidents, outputs)?;
            since_commit += 1;
        }
        if since_commit >= SIGNALS_PER_COMMIT {
            correlator.commit(b"replay")?;
            since_commit = 0;
        }
    }
    revisions.add(correlator.flush()?, outputs)?;
    revisions.write(outputs)?;
    Ok(Correlated { revisions: revisions.written, raised })
}

/// What the correlator made.
struct Correlated {
    revisions: u64,
    /// Alerts of rules.
    raised: u64,
}

fn write_alerts(alerts: &[RuleAlert], outputs: &mut Outputs) -> anyhow::Result<u64> {
    let mut bytes = Vec::new();
    for alert in alerts {
        ocsf::write_rule_finding(alert, &mut bytes);
        bytes.push(b'\n');
    }
    outputs.alerts.bytes(&bytes)?;
    Ok(alerts.len() as u64)
}

/// Revisions in event-time order, ties by incident uid: those of one instant wait for its end.
#[derive(Default)]
struct Revisions {
    waiting: Vec<Incident>,
    written: u64,
}

impl Revisions {
    fn add(&mut self, incidents: Vec<Incident>, outputs: &mut Outputs) -> anyhow::Result<()> {
        for incident in incidents {
            if self.waiting.last().is_some_and(|last| last.time != incident.time) {
                self.write(outputs)?;
            }
            self.waiting.push(incident);
        }
        Ok(())
    }

    fn write(&mut self, outputs: &mut Outputs) -> anyhow::Result<()> {
        self.waiting.sort_by(|a, b| (a.time, &a.uid, a.revision).cmp(&(b.time, &b.uid, b.revision)));
        let mut bytes = Vec::new();
        for incident in self.waiting.drain(..) {
            ocsf::write_incident_finding(&incident, &mut bytes);
            bytes.push(b'\n');
            self.written += 1;
        }
        outputs.incidents.bytes(&bytes)?;
        Ok(())
    }
}

/// The four files of a replay.
struct Outputs {
    annotated: Output,
    alerts: Output,
    incidents: Output,
    dead_letters: Output,
}

impl Outputs {
    fn create(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            annotated: Output::create(directory.join("annotated.jsonl"))?,
            alerts: Output::create(directory.join("alerts.jsonl"))?,
            incidents: Output::create(directory.join("incidents.jsonl"))?,
            dead_letters: Output::create(directory.join("dead-letters.jsonl"))?,
        })
    }

    fn finish(self) -> anyhow::Result<()> {
        [self.annotated, self.alerts, self.incidents, self.dead_letters].into_iter().try_for_each(Output::finish)
    }
}

struct Output {
    path: PathBuf,
    writer: BufWriter<File>,
}

impl Output {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path, writer: BufWriter::new(file) })
    }

    fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.checked(|writer| writer.write_all(bytes))
    }

    fn line(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let bytes = json_line(value)?;
        self.bytes(&bytes)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.checked(BufWriter::flush)
    }

    fn checked(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> anyhow::Result<()> {
        write(&mut self.writer).with_context(|| format!("cannot write {}", self.path.display()))
    }
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
