//! The stages on a real Kafka: what is committed is the same whether processes live, die or share the work.

#![cfg(test)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::kafka::{Kafka, Record, unique};
use tests::ocsf::OcsfSchemas;
use tests::weir::{Running, final_incidents, json_lines, source_ids, weir_ok};

/// Simulated interactions in each test: enough for many transactions, little enough for two cores.
const INTERACTIONS: &str = "4000";
/// How long a stage may take to work through them, restarts included.
const LIMIT: Duration = Duration::from_secs(90);
/// The input topics of the simulation, by file.
const STREAMS: [(&str, &str); 4] =
    [("ai", "ai"), ("identity", "identity"), ("endpoint", "endpoint"), ("cloud", "cloud")];
/// Partitions of every topic.
const PARTITIONS: i32 = 4;

/// A deployment of its own on the shared broker.
struct Deployment<'a> {
    kafka: &'a Kafka,
    prefix: String,
    folder: TempDir,
}

impl<'a> Deployment<'a> {
    fn new(kafka: &'a Kafka, purpose: &str) -> Result<Self> {
        let deployment = Self { kafka, prefix: format!("{}.", unique(purpose)), folder: tempfile::tempdir()? };
        for process in ["a", "b"] {
            fs::write(deployment.config(process), deployment.config_text(process))?;
        }
        weir_ok(&["topics", "apply", "--config", &deployment.config("a").display().to_string()])?;
        Ok(deployment)
    }

    fn config(&self, process: &str) -> PathBuf {
        self.folder.path().join(format!("{process}.toml"))
    }

    /// Small transactions, so that a kill falls into one; a state directory for each process.
    fn config_text(&self, process: &str) -> String {
        let mut text = format!(
            "[kafka]\nbrokers = {:?}\ntopic_prefix = {:?}\napplication = {:?}\n[topics]\npartitions = {PARTITIONS}\n\
             [detect]\nworkers = 2\nbatch_records_max = 50\n[correlate]\nworkers = 2\nbatch_records_max = 20\nstate_dir = {:?}\n",
            self.kafka.brokers,
            self.prefix,
            self.prefix,
            self.folder.path().join(format!("state-{process}")),
        );
        for (stream, group) in STREAMS {
            let _ = write!(text, "[[source]]\ntopic = \"{}{stream}\"\ngroup = {group:?}\n", self.prefix);
        }
        text
    }

    fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn start(&self, stage: &str, process: &str) -> Result<Running> {
        Running::start(
            &self.config(process),
            stage,
            process,
            &self.folder.path().join(format!("{stage}-{process}.log")),
        )
    }

    /// What all processes of this deployment said.
    fn logs(&self) -> Result<String> {
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
    fn produce(&self, files: &TempDir) -> Result<()> {
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
    fn wait(&self, topic: &str, count: usize) -> Result<Vec<Record>> {
        self.kafka.read_until(&self.topic(topic), LIMIT, |records| records.len() >= count)
    }

    /// The values of a topic, sorted: what was committed, whatever the order of partitions.
    fn values(&self, topic: &str) -> Result<Vec<Vec<u8>>> {
        let records = self.kafka.read_committed(&self.topic(topic))?;
        let mut values: Vec<Vec<u8>> = records.into_iter().filter_map(|record| record.value).collect();
        values.sort_unstable();
        Ok(values)
    }

    fn revisions(&self) -> Result<Vec<Value>> {
        let records = self.kafka.read_committed(&self.topic("incidents"))?;
        records
            .iter()
            .filter_map(|record| record.value.as_deref())
            .map(|value| Ok(serde_json::from_slice(value)?))
            .collect()
    }
}

fn simulation() -> Result<TempDir> {
    let files = tempfile::tempdir()?;
    weir_ok(&["simulate", "--seed", "11", "--count", INTERACTIONS, "--out", &files.path().display().to_string()])?;
    Ok(files)
}

fn count(files: &TempDir, names: &[&str]) -> Result<usize> {
    names.iter().map(|name| Ok(fs::read_to_string(files.path().join(format!("{name}.jsonl")))?.lines().count())).sum()
}

/// Lets the records of `from` be read in the same order by the correlator of `to`.
fn copy_signals(from: &Deployment<'_>, to: &Deployment<'_>) -> Result<usize> {
    let records = from.kafka.read_committed(&from.topic("signals"))?;
    let count = records.len();
    to.kafka.produce(&to.topic("signals"), records)?;
    Ok(count)
}

#[test]
fn killed_and_shared_work_commits_what_undisturbed_work_commits() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let files = simulation()?;
    let interactions = count(&files, &["ai"])?;
    let calm = Deployment::new(&kafka, "calm")?;
    calm.produce(&files)?;
    let detect = calm.start("detect", "a")?;
    calm.wait("annotated", interactions)?;
    settled(&calm, "detect", &STREAMS.map(|(stream, _)| stream))?;
    detect.stop()?;

    let killed = Deployment::new(&kafka, "killed")?;
    killed.produce(&files)?;
    for round in 1..=4 {
        let victim = killed.start("detect", "a")?;
        killed.wait("annotated", interactions * round / 8)?;
        victim.kill()?;
    }
    let survivors = [killed.start("detect", "a")?, killed.start("detect", "b")?];
    killed.wait("annotated", interactions)?;
    settled(&killed, "detect", &STREAMS.map(|(stream, _)| stream))?;
    survivors.into_iter().try_for_each(Running::stop)?;

    for topic in ["annotated", "alerts", "signals", "dead-letters"] {
        let (expected, found) = (calm.values(topic)?, killed.values(topic)?);
        ensure!(expected == found, "{topic}: {} committed calmly, {} after kills", expected.len(), found.len());
    }
    ensure!(!calm.values("alerts")?.is_empty(), "the traffic has attacks in it");
    correlators_agree(&calm, &killed, &files)
}

/// The correlators of both deployments read the same signals in the same order; one of them dies often.
fn correlators_agree(calm: &Deployment<'_>, killed: &Deployment<'_>, files: &TempDir) -> Result<()> {
    let kafka = calm.kafka;
    let again = Deployment::new(kafka, "again")?;
    let signals = copy_signals(calm, &again)?;
    let correlate = calm.start("correlate", "a")?;
    settled(calm, "correlate", &["signals"])?;
    correlate.stop()?;
    let expected = calm.revisions()?;
    ensure!(!expected.is_empty(), "{signals} signals make incidents");

    let total = kafka.read_committed(&calm.topic("incidents"))?.len();
    for round in 1..=2 {
        let victim = again.start("correlate", "a")?;
        again.wait("incidents", total * round / 5)?;
        victim.kill()?;
    }
    // The other process never had the partition's state: it must rebuild it before it goes on.
    let victim = again.start("correlate", "b")?;
    logged(&victim, "state is rebuilt")?;
    victim.kill()?;
    let survivors = [again.start("correlate", "a")?, again.start("correlate", "b")?];
    settled(&again, "correlate", &["signals"])?;
    survivors.into_iter().try_for_each(Running::stop)?;
    for topic in ["incidents", "incidents.latest"] {
        ensure!(calm.values(topic)? == again.values(topic)?, "{topic} differ after kills");
    }
    valid(calm)?;
    same_as_replay(calm, &killed_revisions(killed)?, files)
}

/// The killed deployment's own signals came in another order: its correlator runs undisturbed.
fn killed_revisions(killed: &Deployment<'_>) -> Result<Vec<Value>> {
    let correlate = killed.start("correlate", "a")?;
    settled(killed, "correlate", &["signals"])?;
    correlate.stop()?;
    killed.revisions()
}

/// Every record that a SIEM reads is valid OCSF.
fn valid(deployment: &Deployment<'_>) -> Result<()> {
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    for topic in ["alerts", "incidents"] {
        for value in deployment.values(topic)? {
            schemas.check(&value)?;
        }
    }
    Ok(())
}

/// Other orders of arrival, and no broker at all, end in the same incidents.
fn same_as_replay(calm: &Deployment<'_>, reordered: &[Value], files: &TempDir) -> Result<()> {
    let out = tempfile::tempdir()?;
    let input = |stream: &str| format!("{stream}={}", files.path().join(format!("{stream}.jsonl")).display());
    let inputs = STREAMS.map(|(stream, _)| input(stream));
    let folder = out.path().display().to_string();
    let mut args = vec!["replay", "--out", &folder];
    inputs.iter().for_each(|input| args.extend(["--input", input]));
    weir_ok(&args)?;
    let replayed = open_stories(&json_lines(&out.path().join("incidents.jsonl"))?)?;
    ensure!(open_stories(&calm.revisions()?)? == replayed, "Kafka and replay end in different incidents");
    ensure!(open_stories(reordered)? == replayed, "another order of arrival ends in different incidents");
    Ok(())
}

/// Which records each incident that is not closed tells of.
fn open_stories(revisions: &[Value]) -> Result<Vec<(String, std::collections::BTreeSet<String>)>> {
    let last = final_incidents(revisions)?;
    let open = last.into_iter().filter(|(_, incident)| incident.get("status_id").and_then(Value::as_u64) != Some(5));
    Ok(open.map(|(uid, incident)| (uid, source_ids(&incident))).collect())
}

/// Waits until a process says `what`.
fn logged(process: &Running, what: &str) -> Result<()> {
    let until = std::time::Instant::now() + LIMIT;
    while !process.log()?.contains(what) {
        ensure!(std::time::Instant::now() < until, "nobody said {what:?} within {LIMIT:?}: {}", process.log()?);
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Waits until the group of `stage` has committed everything in `topics`.
fn settled(deployment: &Deployment<'_>, stage: &str, topics: &[&str]) -> Result<()> {
    let group = format!("{}.{stage}", deployment.prefix);
    let until = std::time::Instant::now() + LIMIT;
    for topic in topics {
        let topic = deployment.topic(topic);
        // The last record's offset and one: markers of transactions behind it are nobody's to commit.
        let mut ends = std::collections::BTreeMap::new();
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
