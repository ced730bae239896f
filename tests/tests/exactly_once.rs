//! The stages on a real Kafka: what is committed is the same whether processes live, die or share the work.

#![cfg(test)]

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::deployment::{
    Deployment, STREAMS, copy_signals, count, logged, open_stories, replayed_stories, settled, simulation,
};
use tests::kafka::Kafka;
use tests::ocsf::OcsfSchemas;
use tests::weir::Running;

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
    let replayed = BTreeSet::from_iter(replayed_stories(files)?);
    let differing = |revisions: &[Value]| -> Result<Vec<_>> {
        let stories = BTreeSet::from_iter(open_stories(revisions)?);
        Ok(replayed.symmetric_difference(&stories).cloned().collect())
    };
    let calm = differing(&calm.revisions()?)?;
    ensure!(calm.is_empty(), "Kafka and replay end in different incidents: {calm:#?}");
    let reordered = differing(reordered)?;
    ensure!(reordered.is_empty(), "another order of arrival ends in different incidents: {reordered:#?}");
    Ok(())
}
