//! The broker dies in the middle of the work, twice, and comes back with its data: what is committed is what
//! undisturbed work commits.

#![cfg(test)]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::broker::OwnBroker;
use tests::deployment::{
    Deployment, STREAMS, copy_signals, count, open_stories, replayed_stories, settled, simulation,
};

/// How long the broker stays away: longer than a transactional call, so that calls fail and are not only slow.
const AWAY: Duration = Duration::from_secs(7);

#[test]
#[ignore = "in some runs nothing more is committed within 90 s after the first loss; not explained yet"]
fn a_broker_that_is_killed_changes_nothing_in_what_is_committed() -> Result<()> {
    let Some(broker) = OwnBroker::start()? else { return Ok(()) };
    let kafka = broker.connect()?;
    let files = simulation()?;
    let interactions = count(&files, &["ai"])?;
    let inputs = STREAMS.map(|(stream, _)| stream);

    let calm = Deployment::new(&kafka, "calm")?;
    calm.produce(&files)?;
    let detect = calm.start("detect", "a")?;
    settled(&calm, "detect", &inputs)?;
    detect.stop()?;

    // Transactions so small that the work outlasts both losses.
    let lost = Deployment::with_batches_of(4, &kafka, "lost")?;
    lost.produce(&files)?;
    let both = lost.start("all", "a")?;
    for round in 1..=2 {
        lost.wait("annotated", interactions * round / 5).with_context(|| lost.logs().unwrap_or_default())?;
        broker.crash()?;
        std::thread::sleep(AWAY);
        broker.resume()?;
        let done = lost.values("annotated")?.len();
        ensure!(
            done < interactions,
            "round {round}: the work was done before the broker died, so this test saw nothing"
        );
    }
    lost.wait("annotated", interactions).with_context(|| lost.logs().unwrap_or_default())?;
    settled(&lost, "detect", &inputs)?;
    settled(&lost, "correlate", &["signals"])?;
    both.stop()?;
    // The correlate stage's ticks are empty records among the signals: where it waited is its own affair.
    let values = |deployment: &Deployment<'_>, topic: &str| -> Result<Vec<Vec<u8>>> {
        Ok(deployment.values(topic)?.into_iter().filter(|value| !value.is_empty()).collect())
    };
    for topic in ["annotated", "alerts", "signals", "dead-letters"] {
        let (expected, found) = (values(&calm, topic)?, values(&lost, topic)?);
        ensure!(
            expected == found,
            "{topic}: {} committed calmly, {} after the loss: {}",
            expected.len(),
            found.len(),
            lost.logs()?
        );
    }

    // The same signals in the same order, calmly, make the same revisions to the byte.
    let again = Deployment::new(&kafka, "again")?;
    ensure!(copy_signals(&lost, &again)? > 0, "the traffic has signals in it");
    let correlate = again.start("correlate", "a")?;
    settled(&again, "correlate", &["signals"])?;
    correlate.stop()?;
    for topic in ["incidents", "incidents.latest"] {
        ensure!(again.values(topic)? == lost.values(topic)?, "{topic} differ after the loss");
    }
    ensure!(open_stories(&lost.revisions()?)? == replayed_stories(&files)?, "the incidents tell other stories");
    Ok(())
}
