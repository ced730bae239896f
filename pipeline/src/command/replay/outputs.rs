//! The files of a replay.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use schemas::{Incident, RuleAlert, ocsf};

use super::reading::json_line;

/// Revisions in event-time order, ties by incident uid: those of one instant wait for its end.
#[derive(Default)]
pub struct Revisions {
    waiting: Vec<Incident>,
}

impl Revisions {
    /// Takes revisions in the order in which they were made.
    pub fn add(&mut self, incidents: Vec<Incident>, outputs: &mut Outputs) -> anyhow::Result<()> {
        for incident in incidents {
            if self.waiting.last().is_some_and(|last| last.time != incident.time) {
                self.write(outputs)?;
            }
            self.waiting.push(incident);
        }
        Ok(())
    }

    /// Writes those that still wait.
    pub fn write(&mut self, outputs: &mut Outputs) -> anyhow::Result<()> {
        self.waiting.sort_by(|a, b| (a.time, &a.uid, a.revision).cmp(&(b.time, &b.uid, b.revision)));
        let mut bytes = Vec::new();
        for incident in self.waiting.drain(..) {
            ocsf::write_incident_finding(&incident, &mut bytes);
            bytes.push(b'\n');
        }
        outputs.incidents.bytes(&bytes)?;
        Ok(())
    }
}

/// The four files of a replay.
pub struct Outputs {
    pub annotated: Output,
    pub alerts: Output,
    pub incidents: Output,
    pub dead_letters: Output,
}

impl Outputs {
    /// Files in `directory`, which is there.
    pub fn create(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            annotated: Output::create(directory.join("annotated.jsonl"))?,
            alerts: Output::create(directory.join("alerts.jsonl"))?,
            incidents: Output::create(directory.join("incidents.jsonl"))?,
            dead_letters: Output::create(directory.join("dead-letters.jsonl"))?,
        })
    }

    /// For a run of which only the incidents matter.
    pub fn nowhere() -> Self {
        Self {
            annotated: Output::nowhere(),
            alerts: Output::nowhere(),
            incidents: Output::nowhere(),
            dead_letters: Output::nowhere(),
        }
    }

    /// Appends what rules raised.
    pub fn rule_alerts(&mut self, alerts: &[RuleAlert]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for alert in alerts {
            ocsf::write_rule_finding(alert, &mut bytes);
            bytes.push(b'\n');
        }
        self.alerts.bytes(&bytes)
    }

    /// Writes what is still held.
    pub fn finish(self) -> anyhow::Result<()> {
        [self.annotated, self.alerts, self.incidents, self.dead_letters].into_iter().try_for_each(Output::finish)
    }
}

/// One file.
pub struct Output {
    path: PathBuf,
    writer: Box<dyn Write>,
}

impl Output {
    /// A new file.
    pub fn create(path: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path, writer: Box::new(BufWriter::new(file)) })
    }

    fn nowhere() -> Self {
        Self { path: PathBuf::new(), writer: Box::new(io::sink()) }
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.checked(|writer| writer.write_all(bytes))
    }

    /// Appends a value as one line of JSON.
    pub fn line(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let bytes = json_line(value)?;
        self.bytes(&bytes)
    }

    /// Writes what is still held.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.checked(|writer| writer.flush())
    }

    fn checked(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        write(&mut *self.writer).with_context(|| format!("cannot write {}", self.path.display()))
    }
}
