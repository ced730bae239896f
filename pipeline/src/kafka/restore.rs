//! The state of a partition when it is assigned: taken from disk where it agrees with the broker, rebuilt
//! from the retained signals where it does not.
//!
//! Rebuilding repeats the input up to the committed offset and drops what comes out, since it was
//! published already. It is as complete as what the topic retains, and says so.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use correlator::{RocksConfig, RocksStore, StoreError};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;
use tracing::{info, warn};

use super::assignment::Assigned;
use super::client::Client;
use super::partition::{PartitionState, RecordError, apply};
use crate::config::Rulebook;
use crate::framing::Framing;

/// The longest wait for an answer of the broker.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a rebuild waits without a record or the partition's end: an open transaction of a
/// previous owner holds the end back, at most until its timeout.
const STALL_MAX: Duration = Duration::from_secs(60);
/// The longest wait for the previous owner of a directory to close it, and how often to look.
const HAND_OVER_MAX: Duration = Duration::from_secs(10);
const HAND_OVER_STEP: Duration = Duration::from_millis(50);
/// Signals between commits of a rebuild.
const SIGNALS_PER_COMMIT: usize = 4096;

/// What the state of `partition` reflects, as it stands in the store.
pub fn position(topic: &str, partition: i32, offset: i64) -> Vec<u8> {
    format!("{topic}/{partition}@{offset}").into_bytes()
}

/// Shutdown came before the state was whole. What there is of it reflects no committed offset, so that the next
/// start rebuilds it anew.
#[derive(Debug, thiserror::Error)]
#[error("stopped before the state was rebuilt")]
pub struct Interrupted;

/// Opens the state of `assigned`, rebuilding it where it does not match the committed offset.
///
/// # Errors
/// When the store cannot be opened, the signals cannot be read, or the group lost its offsets while state
/// exists, which an operator must decide; [`Interrupted`] when `shutdown` comes first.
pub fn state(
    assigned: &Assigned,
    client: &Client,
    framing: &Framing,
    rules: &Rulebook,
    state_dir: &Path,
    shutdown: &AtomicBool,
) -> anyhow::Result<PartitionState> {
    let directory = directory(state_dir, &assigned.topic, assigned.partition);
    std::fs::create_dir_all(state_dir).with_context(|| format!("cannot create {}", state_dir.display()))?;
    let opened = open(&directory, rules).and_then(|state| Ok((state.position()?, state)));
    let (reflects, state) = match opened {
        Ok(opened) => opened,
        Err(error) if error.is_damage() => {
            discard(&assigned.topic, assigned.partition, state_dir, &error)?;
            (None, open(&directory, rules)?)
        }
        Err(error) => return Err(error.into()),
    };
    match (reflects, assigned.committed) {
        (None, None) => Ok(state),
        (Some(reflects), Some(committed)) if reflects == position(&assigned.topic, assigned.partition, committed) => {
            Ok(state)
        }
        (Some(reflects), None) => bail!(
            "the state in {} reflects {}, but the consumer group has no committed offset there: its offsets expired or \
             were deleted. Remove the directory to start over from what is retained, or restore the offset",
            directory.display(),
            String::from_utf8_lossy(&reflects)
        ),
        (reflects, Some(committed)) => {
            let reflects = reflects.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            warn!(
                topic = assigned.topic,
                partition = assigned.partition,
                committed,
                state = reflects.as_deref().unwrap_or("none"),
                "state does not match the committed offset: it is rebuilt from the retained signals"
            );
            drop(state);
            std::fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
            rebuild(assigned, committed, client, framing, open(&directory, rules)?, shutdown)
        }
    }
}

fn directory(state_dir: &Path, topic: &str, partition: i32) -> PathBuf {
    state_dir.join(format!("{topic}-{partition}"))
}

/// Removes state that is `damaged` beyond reading, and says so. It must be closed.
///
/// # Errors
/// When the directory cannot be removed.
pub fn discard(topic: &str, partition: i32, state_dir: &Path, damaged: &StoreError) -> anyhow::Result<()> {
    warn!(topic, partition, error = %damaged, "state is damaged: it is discarded and rebuilt");
    let directory = directory(state_dir, topic, partition);
    std::fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))
}

fn open(directory: &Path, rules: &Rulebook) -> Result<PartitionState, StoreError> {
    let until = Instant::now() + HAND_OVER_MAX;
    loop {
        match RocksStore::open(directory, RocksConfig::default()) {
            Ok(store) => return Ok(rules.correlator(store)),
            // Another worker of this process, or a process that is just ending, still closes it.
            Err(error @ StoreError::Open { .. }) if !error.is_damage() && Instant::now() < until => {
                std::thread::sleep(HAND_OVER_STEP);
            }
            Err(error) => return Err(error),
        }
    }
}

fn rebuild(
    assigned: &Assigned,
    committed: i64,
    client: &Client,
    framing: &Framing,
    mut state: PartitionState,
    shutdown: &AtomicBool,
) -> anyhow::Result<PartitionState> {
    let Assigned { topic, partition, .. } = assigned;
    let mut config = client.reader();
    config.set("enable.partition.eof", "true").set("group.id", "weir.restore");
    let consumer: BaseConsumer = config.create().context("cannot create a consumer")?;
    let (low, _) = consumer.fetch_watermarks(topic, *partition, BROKER_TIMEOUT).context("cannot read the offsets")?;
    if low > 0 {
        warn!(
            topic,
            partition,
            from = low,
            "signals before this offset are no longer retained: what they told is lost"
        );
    }
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, *partition, Offset::Offset(low))?;
    consumer.assign(&list)?;
    let mut signals = 0_u64;
    let mut heard = Instant::now();
    let mut next = low;
    while next < committed {
        if shutdown.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        match consumer.poll(Duration::from_millis(500)) {
            _ if heard.elapsed() > STALL_MAX => {
                let what = format!("no signal of {topic}/{partition} before offset {committed} for {STALL_MAX:?}");
                return Err(anyhow::Error::from(KafkaError::NoMessageReceived).context(what));
            }
            None => {}
            Some(Ok(message)) if message.offset() >= committed => break,
            Some(Ok(message)) => {
                heard = Instant::now();
                next = message.offset() + 1;
                replay(&mut state, &message, framing)?;
                signals += 1;
                if signals.is_multiple_of(SIGNALS_PER_COMMIT as u64) {
                    state.commit(&position(topic, *partition, next))?;
                }
            }
            // Transaction markers take offsets too: the end can lie behind the last record.
            Some(Err(KafkaError::PartitionEOF(_))) if reached(&consumer, topic, *partition, committed) => break,
            Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                return Err(error).context("cannot read the retained signals");
            }
            // librdkafka reconnects by itself; a broker that stays away ends in the stall above.
            Some(Err(error)) => warn!(%error, "the rebuild waits"),
        }
    }
    state.commit(&position(topic, *partition, committed))?;
    info!(topic, partition, signals, "state is rebuilt");
    Ok(state)
}

fn replay(state: &mut PartitionState, message: &BorrowedMessage<'_>, framing: &Framing) -> anyhow::Result<()> {
    match apply(state, message, framing) {
        // Published, or refused, when they were made, and so were the alerts of rules.
        Ok(_answer) => {
            state.take_alerts();
            Ok(())
        }
        // A dead letter when it came.
        Err(RecordError::Unreadable(..)) => Ok(()),
        Err(RecordError::Registry(error)) => Err(error.into()),
        Err(RecordError::Store(error)) => Err(error.into()),
    }
}

fn reached(consumer: &BaseConsumer, topic: &str, partition: i32, committed: i64) -> bool {
    let position = consumer.position().ok().and_then(|list| list.find_partition(topic, partition).map(|e| e.offset()));
    // Without a record read the position is not set; then the partition holds none before its end.
    let watermark = || consumer.fetch_watermarks(topic, partition, BROKER_TIMEOUT).map(|(_, high)| high);
    match position {
        Some(Offset::Offset(offset)) if offset >= committed => true,
        _ => watermark().is_ok_and(|high| high >= committed),
    }
}
