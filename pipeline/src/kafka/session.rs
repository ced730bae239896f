//! One life of a worker's clients: batch after batch until something ends it.
//!
//! [`super::worker`] describes the loop and decides what happens after an end; here each batch is polled,
//! handed to the stage, and committed or lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;
use tracing::{debug, info, warn};

use super::assignment::{Assigned, Assignment, Rebalance};
use super::stage::{BatchLimits, Positions, Stage, StageError};
use super::transaction::{Committed, TransactionError, Transactions};

/// How long an idle worker waits for a record before it looks around.
const IDLE_POLL: Duration = Duration::from_millis(100);
/// How long a stage must be idle before it is told so.
const IDLE_AFTER: Duration = Duration::from_secs(5);
/// The longest wait for a seek.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a session ended.
pub(super) enum SessionEnd {
    /// As asked.
    Shutdown,
    /// New clients may help.
    Restart(anyhow::Error),
    /// Another producer took over.
    Fenced(anyhow::Error),
}

pub(super) fn end_of(error: TransactionError) -> SessionEnd {
    match error {
        TransactionError::Fenced(_) => SessionEnd::Fenced(error.into()),
        _ => SessionEnd::Restart(error.into()),
    }
}

/// A batch in the making.
struct Batch {
    started: Instant,
    records: usize,
    bytes: usize,
    /// The next offset of each partition seen. A list, since a worker owns few, and the last one first,
    /// since records come in runs: no allocation and one comparison a record.
    next: Vec<(String, i32, i64)>,
}

impl Batch {
    fn new() -> Self {
        Self { started: Instant::now(), records: 0, bytes: 0, next: Vec::new() }
    }

    fn add(&mut self, message: &BorrowedMessage<'_>) {
        if self.records == 0 {
            self.started = Instant::now();
        }
        self.records += 1;
        self.bytes += message.payload_len();
        let (topic, partition, next) = (message.topic(), message.partition(), message.offset() + 1);
        let known = self.next.iter().position(|(name, number, _)| *number == partition && name == topic);
        match known {
            Some(index) => {
                self.next.swap(0, index);
                if let Some(first) = self.next.first_mut() {
                    first.2 = next;
                }
            }
            None => self.next.insert(0, (topic.to_owned(), partition, next)),
        }
    }

    fn positions(self) -> Positions {
        self.next.into_iter().map(|(topic, partition, next)| ((topic, partition), next)).collect()
    }

    /// How long the next poll may wait; `None` when the batch is due.
    fn wait(&self, limits: &BatchLimits) -> Option<Duration> {
        if self.records == 0 {
            return Some(IDLE_POLL);
        }
        if self.records >= limits.records_max || self.bytes >= limits.bytes_max {
            return None;
        }
        limits.interval.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }
}

/// How a batch ended.
enum BatchEnd {
    Committed,
    /// Committed, but the producer must be made anew.
    CommittedLate,
    /// Lost; read again from the committed offsets.
    Aborted,
}

/// A worker's clients at work.
pub(super) struct Session<'a, S> {
    pub(super) stage: &'a mut S,
    consumer: &'a BaseConsumer<Assignment>,
    producer: Transactions,
    limits: BatchLimits,
    shutdown: &'a AtomicBool,
    /// Where each owned partition stands after the last commit.
    committed: Positions,
    idle_since: Instant,
}

impl<'a, S: Stage> Session<'a, S> {
    pub(super) fn new(
        stage: &'a mut S,
        consumer: &'a BaseConsumer<Assignment>,
        producer: Transactions,
        limits: BatchLimits,
        shutdown: &'a AtomicBool,
    ) -> Self {
        Self { stage, consumer, producer, limits, shutdown, committed: Positions::new(), idle_since: Instant::now() }
    }

    /// Works until shutdown or until the clients are beyond use. The error is one that only an operator
    /// can mend.
    pub(super) fn run(&mut self) -> anyhow::Result<SessionEnd> {
        while !self.shutdown.load(Ordering::Relaxed) {
            match self.batch() {
                Ok(BatchEnd::Committed) => {}
                Ok(BatchEnd::Aborted) => {
                    if let Err(error) = self.rewind() {
                        return Ok(SessionEnd::Restart(error));
                    }
                }
                Ok(BatchEnd::CommittedLate) => return Ok(SessionEnd::Restart(anyhow!("a commit was late"))),
                Err(StageError::Fatal(error)) => return Err(error),
                Err(error @ StageError::TooLarge) => return Err(error.into()),
                Err(StageError::Restart(error)) => {
                    self.stage.aborted();
                    return Ok(SessionEnd::Restart(error));
                }
                Err(StageError::Transaction(error)) => {
                    self.stage.aborted();
                    return Ok(end_of(error));
                }
            }
        }
        Ok(SessionEnd::Shutdown)
    }

    fn batch(&mut self) -> Result<BatchEnd, StageError> {
        let mut batch = Batch::new();
        while let Some(wait) = batch.wait(&self.limits)
            && !self.shutdown.load(Ordering::Relaxed)
        {
            let polled = self.consumer.poll(wait);
            // Rebalances happen inside poll, before the record that it returns: that one is of the new
            // assignment, and the batch of the old one is gone.
            if self.rebalanced()? {
                batch = Batch::new();
            }
            match polled {
                None if batch.records == 0 => {
                    if let Some(end) = self.idle()? {
                        return Ok(end);
                    }
                }
                None => {}
                Some(Err(error)) => self.consumer_error(&error)?,
                Some(Ok(message)) => {
                    self.producer.begin()?;
                    if let Err(error) = self.stage.record(&message, &self.producer) {
                        return self.lost(error);
                    }
                    batch.add(&message);
                }
            }
        }
        if batch.records == 0 {
            return Ok(BatchEnd::Committed);
        }
        if let Err(error) = self.stage.ending(&self.producer) {
            return self.lost(error);
        }
        let (records, filled) = (batch.records, batch.started.elapsed());
        let committing = Instant::now();
        let end = self.commit(batch.positions());
        debug!(stage = self.stage.name(), records, ?filled, committed = ?committing.elapsed(), "batch");
        end
    }

    /// Serves rebalances; true where the batch in the making is lost to one.
    fn rebalanced(&mut self) -> Result<bool, StageError> {
        let mut lost = false;
        for rebalance in self.consumer.context().take() {
            match rebalance {
                Rebalance::Revoked => {
                    lost |= self.producer.is_open();
                    self.stage.aborted();
                    self.stage.revoked();
                    self.committed.clear();
                    self.producer.abort()?;
                }
                Rebalance::Assigned(partitions) => {
                    self.stage.assigned(&partitions)?;
                    for Assigned { topic, partition, start, .. } in partitions {
                        self.committed.insert((topic, partition), start);
                    }
                }
                Rebalance::Failed(error) => {
                    return Err(TransactionError::Recreate(error).into());
                }
            }
        }
        Ok(lost)
    }

    /// Tells a stage that nothing comes, and commits what it does about that; `None` where it does nothing.
    fn idle(&mut self) -> Result<Option<BatchEnd>, StageError> {
        if self.idle_since.elapsed() < IDLE_AFTER {
            return Ok(None);
        }
        self.idle_since = Instant::now();
        self.stage.idle(&mut self.producer)?;
        if self.producer.is_open() { self.commit(Positions::new()).map(Some) } else { Ok(None) }
    }

    fn commit(&mut self, positions: Positions) -> Result<BatchEnd, StageError> {
        self.idle_since = Instant::now();
        let offsets = offsets(&positions).map_err(TransactionError::Recreate)?;
        let committed = if self.producer.transactional() {
            // Read right before its use: it goes stale when the generation changes.
            let Some(group) = self.consumer.group_metadata() else {
                return self.lost(TransactionError::Abort(KafkaError::NoMessageReceived).into());
            };
            self.producer.commit(&offsets, &group)
        } else {
            self.producer.flush().and_then(|()| {
                self.consumer.commit(&offsets, CommitMode::Sync).map_err(TransactionError::Recreate)?;
                Ok(Committed::Clean)
            })
        };
        match committed {
            Ok(committed) => {
                self.stage.committed(&positions)?;
                self.committed.extend(positions);
                Ok(if committed == Committed::Clean { BatchEnd::Committed } else { BatchEnd::CommittedLate })
            }
            Err(error) => self.lost(error.into()),
        }
    }

    /// Ends a batch that cannot be committed.
    fn lost(&mut self, error: StageError) -> Result<BatchEnd, StageError> {
        match error {
            StageError::Transaction(TransactionError::Abort(cause)) => {
                warn!(error = %cause, stage = self.stage.name(), "transaction aborted, its input is read again");
                self.stage.aborted();
                self.producer.abort()?;
                Ok(BatchEnd::Aborted)
            }
            other => Err(other),
        }
    }

    /// Goes back to where the last commit ended. By seeking: assigning anew would answer a rebalance that
    /// is still to be served, with partitions of the generation before.
    fn rewind(&self) -> anyhow::Result<()> {
        let sought = self.consumer.seek_partitions(offsets(&self.committed)?, SEEK_TIMEOUT)?;
        // A partition that cannot be sought is being taken away, or worse: new clients start at the
        // committed offsets by themselves.
        sought.elements().iter().try_for_each(|element| Ok(element.error()?))
    }

    fn consumer_error(&self, error: &KafkaError) -> Result<(), StageError> {
        let code = error.rdkafka_error_code();
        match code {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                Err(StageError::Fatal(anyhow!(
                    "a committed offset of group {} is no longer retained: records are lost to this group. \
                     Set its offsets by hand, knowing what is skipped, and start again ({error})",
                    self.stage.name()
                )))
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                Err(StageError::Fatal(anyhow!("an input topic is gone: {error}; `weir topics apply` creates it")))
            }
            Some(
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed,
            ) => Err(StageError::Fatal(anyhow!("the broker refuses this client: {error}"))),
            Some(RDKafkaErrorCode::Fatal) => Err(TransactionError::Recreate(error.clone()).into()),
            _ => {
                info!(%error, "the consumer reports, and goes on");
                Ok(())
            }
        }
    }
}

fn offsets(positions: &Positions) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for ((topic, partition), offset) in positions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}
