//! The first half of a replay: files through the detect stage, into parts that can be put in order.

use std::path::Path;

use schemas::readers::{ReadError, Reader, Reason, Rejected};
use schemas::{Command, Signal, Timestamp, ocsf};

use super::outputs::Outputs;
use crate::cli::{InputKind, ReplayArgs};
use crate::config::{Config, Source};
use crate::dead_letter::DeadLetterLine;
use crate::lines::{Line, Lines};
use crate::process::{Delivery, Outcome, Processor};
use crate::progress::Progress;
use crate::usage::Fold;

/// How the lines of an input are read.
#[derive(Clone, Copy)]
pub struct Lane {
    pub kind: InputKind,
    /// The only reader to ask; `None` goes by each record's shape.
    pub format: Option<&'static dyn Reader>,
}

/// What one part of a record became, with what it is sorted by.
pub struct Item {
    pub time: Timestamp,
    native_id: String,
    /// Orders parts of equal time and id: their own bytes, which no order of input can change.
    tie: Vec<u8>,
    pub annotated: Vec<u8>,
    pub alerts: Vec<u8>,
    pub signals: Vec<Signal>,
    pub command: Option<Given>,
}

/// A command with where it stands, for a dead letter where no incident answers it.
pub struct Given {
    pub command: Command,
    pub source: String,
    pub line: u64,
    pub bytes: Vec<u8>,
}

impl Item {
    /// By time, at one time commands last; ties by native id, then by all of it.
    pub fn order(&self) -> (Timestamp, bool, &str, &[u8]) {
        (self.time, self.command.is_some(), &self.native_id, &self.tie)
    }
}

/// What the input came to.
#[derive(Default)]
pub struct Replayed {
    pub items: Vec<Item>,
    pub records: u64,
    pub interactions: u64,
    pub alerts: u64,
    pub signals: u64,
    pub commands: u64,
    pub passed_by: u64,
    pub rejected: u64,
}

/// A line whose time is not known before everything else was read.
struct Timeless {
    lane: Lane,
    source: String,
    line: u64,
    bytes: Vec<u8>,
}

/// Reads files.
pub struct Reading<'a> {
    config: &'a Config,
    processor: Processor,
    tenant: Option<schemas::TenantId>,
    as_of: Option<Timestamp>,
    timeless: Vec<Timeless>,
    usage: Fold,
    pub replayed: Replayed,
}

impl<'a> Reading<'a> {
    /// A reader of files as `config` wants them read.
    pub fn new(config: &'a Config, args: &ReplayArgs) -> anyhow::Result<Self> {
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

    /// Reads one file.
    pub fn file(&mut self, lane: Lane, path: &Path, outputs: &mut Outputs) -> anyhow::Result<()> {
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
    pub fn timeless(&mut self, outputs: &mut Outputs) -> anyhow::Result<()> {
        let latest = latest(self.replayed.items.iter().map(|item| item.time), self.config.limits.late_millis_max);
        for Timeless { lane, source: name, line: number, bytes } in std::mem::take(&mut self.timeless) {
            let line = Line { number, bytes: &bytes, len: bytes.len() };
            let delivery = Delivery { time: latest, ..Delivery::from_file(None) };
            let outcome = read_line(&self.processor, &line, &self.source(lane), delivery);
            self.take(outcome, &name, &line, outputs)?;
        }
        Ok(())
    }

    /// What was used, each minute as a whole.
    pub fn used(&mut self) {
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
        for command in outcome.commands {
            replayed.commands += 1;
            replayed.items.push(command_item(command, name, line)?);
        }
        Ok(())
    }
}

/// One line through the detect stage; a line that was cut is not read at all.
pub fn read_line(processor: &Processor, line: &Line<'_>, source: &Source, delivery: Delivery<'_>) -> Outcome {
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
        command: None,
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
        command: None,
    }
}

fn command_item(command: Command, source: &str, line: &Line<'_>) -> anyhow::Result<Item> {
    Ok(Item {
        time: command.time,
        native_id: command.id.clone(),
        tie: serde_json::to_vec(&command)?,
        annotated: Vec::new(),
        alerts: Vec::new(),
        signals: Vec::new(),
        command: Some(Given { command, source: source.to_owned(), line: line.number, bytes: line.bytes.to_vec() }),
    })
}

/// One value as one line of JSON.
pub fn json_line(value: &impl serde::Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The latest of `times`. One that stands alone, further ahead of all others than records come late, is of a clock that
/// is wrong.
fn latest(times: impl Iterator<Item = Timestamp>, apart_millis_max: i64) -> Timestamp {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    // One record may bring several of one time.
    times.dedup();
    let accompanied = times.windows(2).find_map(|pair| match pair {
        [later, earlier] if later.abs_diff(*earlier) <= apart_millis_max => Some(*later),
        _ => None,
    });
    accompanied.or(times.first().copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_moves_nothing() {
        let times = |hours: &[i64]| {
            let times: Vec<_> = hours.iter().filter_map(|hour| Timestamp::from_millis(hour * 3_600_000)).collect();
            latest(times.into_iter(), 24 * 3_600_000).millis() / 3_600_000
        };
        assert_eq!(times(&[5, 900_000, 7, 6]), 7);
        assert_eq!(times(&[5, 30, 7, 6]), 30, "within a day");
        assert_eq!(times(&[5]), 5);
        assert_eq!(times(&[5, 500]), 500, "nothing says which is wrong");
        assert_eq!(times(&[]), 0);
    }
}
