//! The correlator's state directory goes missing, breaks, falls behind or runs ahead: each time the state is
//! rebuilt from the retained signals, the log says so, and what is published goes on as if nothing had been.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tests::deployment::{Deployment, STREAMS, settled, simulation};
use tests::kafka::{Kafka, Record};

/// The signals of the test, in the order in which every deployment reads them.
fn signals(kafka: &Kafka) -> Result<Vec<Record>> {
    let files = simulation()?;
    let source = Deployment::new(kafka, "state-source")?;
    source.produce(&files)?;
    let detect = source.start("detect", "a")?;
    settled(&source, "detect", &STREAMS.map(|(stream, _)| stream))?;
    detect.stop()?;
    kafka.read_committed(&source.topic("signals"))
}

/// Runs the correlator over everything that its topic holds by now.
fn correlate(deployment: &Deployment<'_>) -> Result<()> {
    let running = deployment.start("correlate", "a")?;
    settled(deployment, "correlate", &["signals"])?;
    running.stop()
}

fn state_dir(deployment: &Deployment<'_>) -> PathBuf {
    deployment.folder.path().join("state-a")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(drop)?
        }
    }
    Ok(())
}

/// Every file of RocksDB that holds state or says where it is.
fn overwrite(folder: &Path, is_victim: fn(&str) -> bool) -> Result<usize> {
    let mut victims = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            victims += overwrite(&path, is_victim)?;
        } else if is_victim(&name) {
            let length = fs::metadata(&path)?.len() as usize;
            fs::write(&path, vec![0x5a; length])?;
            victims += 1;
        }
    }
    Ok(victims)
}

/// Sets the group of the correlate stage to `offsets`, as an operator does with Kafka's tools.
fn set_offsets(deployment: &Deployment<'_>, offsets: &TopicPartitionList) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &deployment.kafka.brokers)
        .set("group.id", format!("{}.correlate", deployment.prefix))
        .set("enable.auto.commit", "false")
        .create()?;
    Ok(consumer.commit(offsets, CommitMode::Sync)?)
}

#[test]
fn state_that_cannot_be_used_is_rebuilt_and_the_log_says_so() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let signals = signals(&kafka)?;
    let half = signals.len() / 2;
    ensure!(half > 10, "{} signals are too few to see anything", signals.len());
    let calm = Deployment::new(&kafka, "state-calm")?;
    kafka.produce(&calm.topic("signals"), signals.clone())?;
    correlate(&calm)?;
    let expected = calm.values("incidents")?;
    ensure!(!calm.logs()?.contains("rebuilt"), "nothing was wrong: {}", calm.logs()?);

    type Harm = fn(&Deployment<'_>) -> Result<()>;
    let cases: [(&str, Harm, &str); 3] = [
        ("missing", |deployment| Ok(fs::remove_dir_all(state_dir(deployment))?), "state does not match"),
        (
            "manifest",
            |deployment| {
                let victims = overwrite(&state_dir(deployment), |name| name.starts_with("MANIFEST"))?;
                ensure!(victims > 0, "no manifest was found");
                Ok(())
            },
            "state is damaged",
        ),
        (
            "current",
            |deployment| {
                let victims = overwrite(&state_dir(deployment), |name| name == "CURRENT")?;
                ensure!(victims > 0, "no CURRENT was found");
                Ok(())
            },
            "state is damaged",
        ),
    ];
    for (name, harm, said) in cases {
        let harmed = Deployment::new(&kafka, &format!("state-{name}"))?;
        let (first, second) = signals.split_at(half);
        kafka.produce(&harmed.topic("signals"), first.to_vec())?;
        correlate(&harmed)?;
        harm(&harmed)?;
        kafka.produce(&harmed.topic("signals"), second.to_vec())?;
        correlate(&harmed)?;
        let log = harmed.logs()?;
        ensure!(log.contains(said) && log.contains("state is rebuilt"), "{name}: no {said:?} in {log}");
        ensure!(harmed.values("incidents")? == expected, "{name}: incidents differ after the rebuild");
    }
    Ok(())
}

/// A backup of an earlier state, and a state from which the group was set back: neither is believed.
#[test]
fn state_of_another_time_is_rebuilt() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let signals = signals(&kafka)?;
    let (first, second) = signals.split_at(signals.len() / 2);
    let deployment = Deployment::new(&kafka, "state-time")?;
    kafka.produce(&deployment.topic("signals"), first.to_vec())?;
    correlate(&deployment)?;
    let backup = deployment.folder.path().join("backup");
    copy(&state_dir(&deployment), &backup)?;
    let topic = deployment.topic("signals");
    let half_way = committed(&deployment, &topic)?;
    kafka.produce(&topic, second.to_vec())?;
    correlate(&deployment)?;
    let published = deployment.values("incidents")?;
    ensure!(!deployment.logs()?.contains("rebuilt"), "nothing was wrong yet: {}", deployment.logs()?);

    // Behind: the backup is put back.
    fs::remove_dir_all(state_dir(&deployment))?;
    copy(&backup, &state_dir(&deployment))?;
    correlate_again(&deployment, "behind")?;
    ensure!(deployment.values("incidents")? == published, "what was published is not published again");

    // Ahead: the group is set back, which asks for the second half once more.
    set_offsets(&deployment, &half_way)?;
    let before = deployment.logs()?.matches("state is rebuilt").count();
    correlate(&deployment)?;
    let log = deployment.logs()?;
    ensure!(log.matches("state is rebuilt").count() > before, "a state that is ahead was believed: {log}");
    let repeated = deployment.values("incidents")?;
    let distinct: std::collections::BTreeSet<_> = repeated.iter().collect();
    ensure!(
        repeated.len() > published.len() && distinct.len() == published.len(),
        "the repeat is the same to the byte"
    );
    Ok(())
}

/// A start that must rebuild, and nothing else.
fn correlate_again(deployment: &Deployment<'_>, why: &str) -> Result<()> {
    let running = deployment.start("correlate", "a")?;
    tests::deployment::logged(&running, "state is rebuilt").context(why.to_owned())?;
    running.stop()
}

fn committed(deployment: &Deployment<'_>, topic: &str) -> Result<TopicPartitionList> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &deployment.kafka.brokers)
        .set("group.id", format!("{}.correlate", deployment.prefix))
        .create()?;
    let mut asked = TopicPartitionList::new();
    for partition in 0..tests::deployment::PARTITIONS {
        asked.add_partition(topic, partition);
    }
    let limit = std::time::Duration::from_secs(20);
    let mut known = TopicPartitionList::new();
    for element in consumer.committed_offsets(asked, limit)?.elements() {
        if let Offset::Offset(offset) = element.offset() {
            known.add_partition_offset(topic, element.partition(), Offset::Offset(offset))?;
        }
    }
    ensure!(known.count() > 0, "the correlator committed nothing");
    Ok(known)
}
