//! A whole deployment of Weir on a real Kafka: topics, state and names of its own, fed with simulated traffic.
//!
//! For tests that compare what two deployments commit. What they do to one of them is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use schemas::{Signal, avro};
use serde_json::Value;
use tempfile::TempDir;

use crate::kafka::{Kafka, Record, unique};
use crate::weir::{Running, final_incidents, json_lines, source_ids, weir_ok};

/// The simulated company and its day: enough for many transactions, little enough for two cores, and no incident of
/// more members than a revision lists, since which are listed then depends on their order. What is delivered badly is
/// another test's matter.
const SIMULATION: [&str; 8] = ["--seed", "11", "--users", "200", "--days", "1", "--faults", "none"];
/// Topics are read side by side, so signals come out of order by as much as the whole day: bounds on lateness that
/// hold that. Nothing is coalesced, so that what is published when a test looks is all there is, and nothing waits
/// at the gate, which judges by what had arrived; `stages.rs` has the rest.
const LATENESS: &str = "[correlation]
source_idle_secs = 172800
source_lag_secs = 172800
coalesce_after_members = 10000
surface_lone_severity_min = \"unknown\"
surface_lone_attempt_severity_min = \"unknown\"
[rules]
lateness_secs = 172800
";
/// How long a stage may take to work through them, restarts included.
pub const LIMIT: Duration = Duration::from_secs(90);
/// The input topics of the simulation, by file.
pub const STREAMS: [(&str, &str); 4] =
    [("ai", "ai"), ("identity", "identity"), ("endpoint", "endpoint"), ("cloud", "cloud")];
/// Partitions of every topic.
pub const PARTITIONS: i32 = 4;

/// A deployment of its own on the shared broker.
pub struct Deployment<'a> {
    /// Its broker.
    pub kafka: &'a Kafka,
    /// What its topics, groups and transactional ids begin with.
    pub prefix: String,
    /// Configurations, state directories and logs.
    pub folder: TempDir,
}

impl<'a> Deployment<'a> {
    /// Creates its topics.
    ///
    /// # Errors
    /// When they cannot be created.
    pub fn new(kafka: &'a Kafka, purpose: &str) -> Result<Self> {
        Self::with_batches_of(50, kafka, purpose)
    }

    /// The same with another bound on the records of one transaction of the detect stage.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_batches_of(records: usize, kafka: &'a Kafka, purpose: &str) -> Result<Self> {
        let deployment = Self { kafka, prefix: format!("{}.", unique(purpose)), folder: tempfile::tempdir()? };
        for process in ["a", "b"] {
            fs::write(deployment.config(process), deployment.config_text(process, records))?;
        }
        weir_ok(&["topics", "apply", "--config", &deployment.config("a").display().to_string()])?;
        Ok(deployment)
    }

    /// The configuration of process `a` or `b`.
    pub fn config(&self, process: &str) -> PathBuf {
        self.folder.path().join(format!("{process}.toml"))
    }

    /// Small transactions, so that a kill falls into one; a state directory for each process.
    fn config_text(&self, process: &str, records: usize) -> String {
        let mut text = format!(
            "[kafka]\nbrokers = {:?}\ntopic_prefix = {:?}\napplication = {:?}\n[topics]\npartitions = {PARTITIONS}\n\
             [detect]\nworkers = 2\nbatch_records_max = {records}\n[correlate]\nworkers = 2\nbatch_records_max = 20\nstate_dir = {:?}\n",
            self.kafka.brokers,
            self.prefix,
            self.prefix,
            self.folder.path().join(format!("state-{process}")),
        );
        text.push_str(LATENESS);
        for (stream, group) in STREAMS {
            let _ = write!(text, "[[source]]\ntopic = \"{}{stream}\"\ngroup = {group:?}\n", self.prefix);
        }
        text
    }

    /// The full name of a topic.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Starts `weir run` for `stage` as process `a` or `b`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, stage: &str, process: &str) -> Result<Running> {
        Running::start(
            &self.config(process),
            stage,
            process,
            &self.folder.path().join(format!("{stage}-{process}.log")),
        )
    }

    /// What all processes of this deployment said.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn logs(&self) -> Result<String> {
        let mut all = String::new();
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "log") {
                let _ = write!(all, "\n{}:\n{}", path.display(), fs::read_to_string(&path)?);
            }
        }
        Ok(all)
    }

    /// Produces the simulation's files, each line a record that lands on a partition by its number.
    ///
    /// # Errors
    /// When the broker does not take them.
    pub fn produce(&self, files: &TempDir) -> Result<()> {
        for (stream, _) in STREAMS {
            let text = fs::read_to_string(files.path().join(format!("{stream}.jsonl")))?;
            let records = text
                .lines()
                .enumerate()
                .map(|(number, line)| Record { partition: Some(number as i32 % PARTITIONS), ..Record::new(line) });
            self.kafka.produce(&self.topic(stream), records)?;
        }
        Ok(())
    }

    /// Waits until `count` records are committed to `topic`.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait(&self, topic: &str, count: usize) -> Result<Vec<Record>> {
        self.kafka.read_until(&self.topic(topic), LIMIT, |records| records.len() >= count)
    }

    /// The values of a topic, sorted: what was committed, whatever the order of partitions. Usage signals come added
    /// up, since how a minute is spread over batches is no part of what was committed.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn values(&self, topic: &str) -> Result<Vec<Vec<u8>>> {
        let records = self.kafka.read_committed(&self.topic(topic))?;
        let mut values = usage_added_up(records.into_iter().filter_map(|record| record.value));
        values.sort_unstable();
        Ok(values)
    }

    /// Every revision of every incident, in order of partitions and offsets.
    ///
    /// # Errors
    /// When one is not JSON.
    pub fn revisions(&self) -> Result<Vec<Value>> {
        let records = self.kafka.read_committed(&self.topic("incidents"))?;
        records
            .iter()
            .filter_map(|record| record.value.as_deref())
            .map(|value| Ok(serde_json::from_slice(value)?))
            .collect()
    }
}

/// Values as they are, but for usage signals: of those, one text a caller and minute with their sums.
fn usage_added_up(values: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut kept = Vec::new();
    let mut sums: BTreeMap<String, [i64; 5]> = BTreeMap::new();
    for value in values {
        let signal: Option<Signal> = avro::decode(&value).ok();
        let Some((usage, signal)) = signal.and_then(|mut signal| Some((signal.facts.usage.take()?, signal))) else {
            kept.push(value);
            continue;
        };
        let key = format!("{:?}", (&signal.tenant, signal.time, &signal.entities, &usage.client, &usage.auth));
        let counts = [usage.requests, usage.input_tokens, usage.output_tokens, usage.refusals, usage.errors];
        let sum = sums.entry(key).or_default();
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    kept.extend(sums.into_iter().map(|(key, sum)| format!("usage {key} {sum:?}").into_bytes()));
    kept
}

/// Files of simulated traffic with attacks in it.
///
/// # Errors
/// When they cannot be made.
pub fn simulation() -> Result<TempDir> {
    let files = tempfile::tempdir()?;
    let folder = files.path().display().to_string();
    weir_ok(&[&["simulate", "--out", &folder], &SIMULATION[..]].concat())?;
    Ok(files)
}

/// How many records the files `names` hold.
///
/// # Errors
/// When one cannot be read.
pub fn count(files: &TempDir, names: &[&str]) -> Result<usize> {
    names.iter().map(|name| Ok(fs::read_to_string(files.path().join(format!("{name}.jsonl")))?.lines().count())).sum()
}

/// Lets the records of `from` be read in the same order by the correlator of `to`.
///
/// # Errors
/// When the broker does not answer.
pub fn copy_signals(from: &Deployment<'_>, to: &Deployment<'_>) -> Result<usize> {
    let records = from.kafka.read_committed(&from.topic("signals"))?;
    let count = records.len();
    to.kafka.produce(&to.topic("signals"), records)?;
    Ok(count)
}

/// Which records each incident that is not closed tells of.
///
/// # Errors
/// When revisions have gaps.
pub fn open_stories(revisions: &[Value]) -> Result<Vec<(String, BTreeSet<String>)>> {
    let last = final_incidents(revisions)?;
    let open = last.into_iter().filter(|(_, incident)| incident.get("status_id").and_then(Value::as_u64) != Some(5));
    Ok(open.map(|(uid, incident)| (uid, source_ids(&incident))).collect())
}

/// [`open_stories`] of a replay of `files`, without any broker.
///
/// # Errors
/// When the replay fails.
pub fn replayed_stories(files: &TempDir) -> Result<Vec<(String, BTreeSet<String>)>> {
    let out = tempfile::tempdir()?;
    let input = |stream: &str| format!("{stream}={}", files.path().join(format!("{stream}.jsonl")).display());
    let inputs = STREAMS.map(|(stream, _)| input(stream));
    let folder = out.path().display().to_string();
    let config = out.path().join("replay.toml");
    fs::write(&config, LATENESS)?;
    let config = config.display().to_string();
    let mut args = vec!["replay", "--config", &config, "--out", &folder];
    inputs.iter().for_each(|input| args.extend(["--input", input]));
    weir_ok(&args)?;
    open_stories(&json_lines(&out.path().join("incidents.jsonl"))?)
}

/// Waits until a process says `what`.
///
/// # Errors
/// When it does not in time.
pub fn logged(process: &Running, what: &str) -> Result<()> {
    let until = std::time::Instant::now() + LIMIT;
    while !process.log()?.contains(what) {
        ensure!(std::time::Instant::now() < until, "nobody said {what:?} within {LIMIT:?}: {}", process.log()?);
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Waits until the group of `stage` has committed everything in `topics`.
///
/// # Errors
/// When it does not in time.
pub fn settled(deployment: &Deployment<'_>, stage: &str, topics: &[&str]) -> Result<()> {
    let group = format!("{}.{stage}", deployment.prefix);
    let until = std::time::Instant::now() + LIMIT;
    for topic in topics {
        let topic = deployment.topic(topic);
        // The last record's offset and one: markers of transactions behind it are nobody's to commit.
        let mut ends = BTreeMap::new();
        for record in deployment.kafka.read_committed(&topic)? {
            let end = ends.entry(record.partition.unwrap_or_default()).or_insert(0);
            *end = record.offset.max(*end - 1) + 1;
        }
        let wanted: i64 = ends.values().sum();
        while deployment.kafka.committed_offsets(&group, &topic)? < wanted {
            ensure!(
                std::time::Instant::now() < until,
                "{group} did not reach the end of {topic} within {LIMIT:?}: {}",
                deployment.logs()?
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}
