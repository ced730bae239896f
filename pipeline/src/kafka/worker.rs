//! The loop of one worker: consume, process, produce, exactly once.
//!
//! ```text
//! begin ─ poll until the batch is full or old ─ the stage processes and produces ─ flush ─
//! offsets into the transaction ─ commit ─ the stage writes its state ─ again
//! ```
//!
//! One OS thread, one consumer, one transactional producer. Every call blocks, which a thread says
//! openly. Whatever goes wrong ends in one of three ways, decided where the error is born: a record that
//! cannot be read is an output (dead letter); a transaction that is lost is aborted and its input read
//! again from the committed offsets; clients that are beyond use are dropped and made anew. On a
//! rebalance the open transaction is aborted: its records go to whoever owns the partition next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;
use tracing::{info, warn};

use super::assignment::{Assigned, Assignment, Rebalance};
use super::client::Client;
use super::transaction::{Committed, SendError, TransactionError, Transactions};
use crate::config::Start;

/// How long an idle worker waits for a record before it looks around.
const IDLE_POLL: Duration = Duration::from_millis(100);
/// How long a stage must be idle before it is told so.
const IDLE_AFTER: Duration = Duration::from_secs(5);
/// The first pause before clients are made anew; doubles up to the last.
const BACK_OFF_FIRST: Duration = Duration::from_millis(500);
const BACK_OFF_LAST: Duration = Duration::from_secs(10);
/// How often within [`FENCED_WITHIN`] a worker may be fenced before it gives up.
const FENCED_MAX: usize = 3;
const FENCED_WITHIN: Duration = Duration::from_secs(60);

/// The next offset of each partition.
pub type Positions = BTreeMap<(String, i32), i64>;

/// Why a stage cannot go on with a batch.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Its outputs cannot be sent.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// One of its outputs is larger than Kafka takes.
    #[error("an output is larger than Kafka takes")]
    TooLarge,
    /// Its state cannot be read or written, or contradicts the broker: an operator must look.
    #[error("{0:#}")]
    Fatal(anyhow::Error),
}

impl From<SendError> for StageError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Transaction(error) => Self::Transaction(error),
            SendError::TooLarge => Self::TooLarge,
        }
    }
}

/// What a worker carries: the stateless detect stage or the stateful correlate stage.
pub trait Stage {
    /// The stage's name in groups, transactional ids and dead letters.
    fn name(&self) -> &'static str;

    /// The topics to consume.
    fn inputs(&self) -> Vec<String>;

    /// Partitions are owned from now on; called before any of their records.
    ///
    /// # Errors
    /// When the state for them cannot be had.
    fn assigned(&mut self, partitions: &[Assigned]) -> Result<(), StageError>;

    /// Nothing is owned any more.
    fn revoked(&mut self);

    /// Processes one record and produces what comes of it.
    ///
    /// # Errors
    /// When outputs cannot be sent or state cannot be read; a record that cannot be read is no error.
    fn record(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError>;

    /// Nothing came for a while. A stage that waits for time to pass may produce what moves it on.
    ///
    /// # Errors
    /// When that cannot be sent.
    fn idle(&mut self, _output: &mut Transactions) -> Result<(), StageError> {
        Ok(())
    }

    /// The batch is committed up to `positions`: the time to write state.
    ///
    /// # Errors
    /// When state cannot be written.
    fn committed(&mut self, positions: &Positions) -> Result<(), StageError>;

    /// The batch is lost and will come again: forget what it changed.
    fn aborted(&mut self);
}

/// Bounds of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// The most records.
    pub records_max: usize,
    /// The most input bytes.
    pub bytes_max: usize,
    /// The longest that it stays open.
    pub interval: Duration,
}

/// A stage with its clients.
pub struct Worker<'a, S> {
    client: Client,
    stage: S,
    start: Start,
    limits: BatchLimits,
    transactional_id: String,
    shutdown: &'a AtomicBool,
}

/// Why a session ended.
enum SessionEnd {
    Shutdown,
    Restart(anyhow::Error),
    Fenced(anyhow::Error),
}

impl<'a, S: Stage> Worker<'a, S> {
    /// Worker number `number` of `stage`; runs until `shutdown` is set.
    pub fn new(
        client: Client,
        stage: S,
        number: usize,
        start: Start,
        limits: BatchLimits,
        shutdown: &'a AtomicBool,
    ) -> Self {
        let transactional_id = client.transactional_id(stage.name(), number);
        Self { client, stage, start, limits, transactional_id, shutdown }
    }

    /// Runs until shutdown.
    ///
    /// # Errors
    /// When only an operator can help; everything else is tried again.
    pub fn run(mut self) -> anyhow::Result<()> {
        let mut back_off = BACK_OFF_FIRST;
        let mut fenced = VecDeque::new();
        loop {
            let started = Instant::now();
            let error = match self.session()? {
                SessionEnd::Shutdown => return Ok(()),
                SessionEnd::Restart(error) => error,
                SessionEnd::Fenced(error) => {
                    fenced.push_back(Instant::now());
                    fenced.retain(|at: &Instant| at.elapsed() < FENCED_WITHIN);
                    if fenced.len() >= FENCED_MAX {
                        return Err(error.context(format!(
                            "another process uses the transactional id {}: give each process its own [kafka] instance",
                            self.transactional_id
                        )));
                    }
                    error
                }
            };
            if started.elapsed() > BACK_OFF_LAST {
                back_off = BACK_OFF_FIRST;
            }
            warn!(error = format!("{error:#}"), stage = self.stage.name(), "clients are made anew");
            self.pause(back_off);
            back_off = (back_off * 2).min(BACK_OFF_LAST);
        }
    }

    fn pause(&self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until && !self.stopping() {
            std::thread::sleep(IDLE_POLL.min(duration));
        }
    }

    fn stopping(&self) -> bool {
        self.shutdown.load(Ordering::Relaxed)
    }

    /// One life of the clients. The error is one that only an operator can mend.
    fn session(&mut self) -> anyhow::Result<SessionEnd> {
        if self.stopping() {
            return Ok(SessionEnd::Shutdown);
        }
        let producer = match Transactions::new(&self.client, &self.transactional_id) {
            Ok(producer) => producer,
            Err(error) => return Ok(end_of(error)),
        };
        let consumer: BaseConsumer<Assignment> = self
            .client
            .group_consumer(self.stage.name())
            .create_with_context(Assignment::new(self.start))
            .context("cannot create a consumer")?;
        let topics = self.stage.inputs();
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).context("cannot subscribe")?;
        let mut session = Session {
            stage: &mut self.stage,
            consumer: &consumer,
            producer,
            limits: self.limits,
            shutdown: self.shutdown,
            committed: Positions::new(),
            idle_since: Instant::now(),
        };
        let end = session.run();
        session.stage.revoked();
        end
    }
}

fn end_of(error: TransactionError) -> SessionEnd {
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

    fn is_due(&self, limits: &BatchLimits) -> bool {
        self.records >= limits.records_max
            || self.bytes >= limits.bytes_max
            || (self.records > 0 && self.started.elapsed() >= limits.interval)
    }

    fn poll_timeout(&self, limits: &BatchLimits) -> Duration {
        if self.records == 0 { IDLE_POLL } else { limits.interval.saturating_sub(self.started.elapsed()) }
    }
}

/// How a batch ended.
enum BatchEnd {
    Committed,
    /// Committed, but the producer must be made anew.
    CommittedLate,
    /// Lost; read again from the committed offsets.
    Aborted,
    /// Given away by a rebalance.
    Revoked,
}

struct Session<'a, S> {
    stage: &'a mut S,
    consumer: &'a BaseConsumer<Assignment>,
    producer: Transactions,
    limits: BatchLimits,
    shutdown: &'a AtomicBool,
    /// Where each owned partition stands after the last commit.
    committed: Positions,
    idle_since: Instant,
}

impl<S: Stage> Session<'_, S> {
    fn run(&mut self) -> anyhow::Result<SessionEnd> {
        while !self.shutdown.load(Ordering::Relaxed) {
            match self.batch() {
                Ok(BatchEnd::Committed | BatchEnd::Revoked) => {}
                Ok(BatchEnd::Aborted) => {
                    if let Err(error) = self.rewind() {
                        return Ok(SessionEnd::Restart(error.into()));
                    }
                }
                Ok(BatchEnd::CommittedLate) => return Ok(SessionEnd::Restart(anyhow!("a commit was late"))),
                Err(StageError::Fatal(error)) => return Err(error),
                Err(error @ StageError::TooLarge) => return Err(error.into()),
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
        while !batch.is_due(&self.limits) && !self.shutdown.load(Ordering::Relaxed) {
            let polled = self.consumer.poll(batch.poll_timeout(&self.limits));
            // Rebalances happen inside poll, before the record that it returns.
            if self.rebalanced()? {
                return Ok(BatchEnd::Revoked);
            }
            match polled {
                None if batch.records == 0 => self.idle()?,
                None => {}
                Some(Err(error)) => self.consumer_error(&error)?,
                Some(Ok(message)) => {
                    self.producer.begin()?;
                    if let Err(error) = self.stage.record(&message, &self.producer) {
                        return self.lost(error);
                    }
                    batch.add(&message);
                    self.producer.poll();
                }
            }
        }
        if batch.records == 0 { Ok(BatchEnd::Committed) } else { self.commit(batch.positions()) }
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
        // The record that this poll returned is of the new assignment, but the loop has let go of it:
        // it is read again from the committed offset.
        if lost {
            self.rewind().map_err(TransactionError::Recreate)?;
        }
        Ok(lost)
    }

    fn idle(&mut self) -> Result<(), StageError> {
        if self.idle_since.elapsed() < IDLE_AFTER {
            return Ok(());
        }
        self.idle_since = Instant::now();
        self.stage.idle(&mut self.producer)?;
        if self.producer.is_open() {
            self.commit(Positions::new())?;
        }
        Ok(())
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

    /// Goes back to where the last commit ended. Assigning anew instead of seeking: it works in every
    /// state of the fetchers, and drops what they prefetched.
    fn rewind(&self) -> Result<(), KafkaError> {
        self.consumer.assign(&offsets(&self.committed)?)
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

/// Checks that the cluster answers and that `topics` exist, before any worker starts.
///
/// # Errors
/// With the remedy.
pub fn preflight(client: &Client, topics: &[String]) -> anyhow::Result<()> {
    let consumer: BaseConsumer = client.reader().create().context("cannot create a client")?;
    for topic in topics {
        let metadata = consumer
            .fetch_metadata(Some(topic), Duration::from_secs(10))
            .with_context(|| format!("cannot reach Kafka at {}", client.brokers()))?;
        let found = metadata.topics().iter().any(|found| found.name() == topic && !found.partitions().is_empty());
        if !found {
            bail!("the topic {topic} does not exist: create it, or let `weir topics apply --config FILE` do it");
        }
    }
    Ok(())
}
