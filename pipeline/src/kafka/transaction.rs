//! The producer of a worker and its transactions: which error means what.
//!
//! librdkafka sorts the errors of its transactional calls into three classes; `rust-rdkafka` adds a
//! fourth case, since its commit flushes first and reports a flush that timed out as an error of its own.
//! After an outcome that is unknown or late the producer must not be used again: a commit request that
//! is still under way could end the next transaction (librdkafka has no KIP-890).

use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::TopicPartitionList;
use tracing::warn;

use super::TRANSACTION_TIMEOUT_MS;
use super::client::Client;

/// The longest that one transactional call may block.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that all retries of one call may take together.
const DEADLINE: Duration = Duration::from_millis(TRANSACTION_TIMEOUT_MS);
/// How long a flush waits between looks whether it is done: at first, and at most.
const FLUSH_STEP_FIRST: Duration = Duration::from_millis(1);
const FLUSH_STEP_LAST: Duration = Duration::from_millis(32);
/// A commit that takes longer than this may have been retried inside librdkafka.
const LATE: Duration = Duration::from_secs(10);
/// How long a full queue may drain before the next try.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// What to do after a transactional call failed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// The transaction is lost; abort it and read its input again.
    #[error("the transaction must be aborted: {0}")]
    Abort(KafkaError),
    /// The outcome is unknown, or the producer is beyond use; start over with new clients.
    #[error("the producer must be created anew: {0}")]
    Recreate(KafkaError),
    /// Another producer took over this transactional id.
    #[error("another producer uses the same transactional id: {0}")]
    Fenced(KafkaError),
}

/// How a commit ended well.
#[derive(Debug, PartialEq, Eq)]
pub enum Committed {
    /// At once: the producer can be used on.
    Clean,
    /// Late or after retries: it is committed, but the producer must be created anew.
    Late,
}

/// A producer that writes in transactions, or plainly where the broker has none.
pub struct Transactions {
    /// Polled by a thread of its own: an abort waits for the reports of what it drops.
    producer: ThreadedProducer<DefaultProducerContext>,
    transactional: bool,
    open: bool,
}

impl Transactions {
    /// Connects and ends what an earlier producer of the same id left open.
    ///
    /// # Errors
    /// [`TransactionError`] when the broker cannot be reached in time or refuses.
    pub fn new(client: &Client, transactional_id: &str) -> Result<Self, TransactionError> {
        let producer: ThreadedProducer<DefaultProducerContext> =
            client.producer(transactional_id).create().map_err(TransactionError::Recreate)?;
        if client.transactional {
            retry(|| producer.init_transactions(CALL_TIMEOUT))?;
        }
        Ok(Self { producer, transactional: client.transactional, open: false })
    }

    /// Whether records were sent since the last commit.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Opens a transaction, unless one is open.
    ///
    /// # Errors
    /// [`TransactionError`]: the producer is beyond use.
    pub fn begin(&mut self) -> Result<(), TransactionError> {
        if self.transactional && !self.open {
            self.producer.begin_transaction().map_err(classify)?;
        }
        self.open = true;
        Ok(())
    }

    /// Queues `record`; waits while the queue is full.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] for a record that Kafka would refuse, which is the record's fault, else
    /// [`SendError::Transaction`].
    pub fn send(&self, record: BaseRecord<'_, [u8], [u8]>) -> Result<(), SendError> {
        let mut record = record;
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < deadline =>
                {
                    std::thread::sleep(QUEUE_FULL_WAIT);
                    record = back;
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    return Err(SendError::TooLarge);
                }
                Err((error, _)) => return Err(SendError::Transaction(classify(error))),
            }
        }
    }

    /// Commits everything sent together with `offsets`.
    ///
    /// # Errors
    /// [`TransactionError`]: nothing is committed, unless it is [`TransactionError::Recreate`], after
    /// which only the broker knows.
    pub fn commit(
        &mut self,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<Committed, TransactionError> {
        let started = Instant::now();
        // Not resumable (librdkafka 1.9 notes), so it is tried once.
        self.producer.send_offsets_to_transaction(offsets, group, CALL_TIMEOUT).map_err(classify)?;
        self.drain()?;
        let tries = retry(|| self.producer.commit_transaction(CALL_TIMEOUT))?;
        self.open = false;
        Ok(if tries == 1 && started.elapsed() < LATE { Committed::Clean } else { Committed::Late })
    }

    /// Without transactions: waits until everything sent has arrived.
    ///
    /// # Errors
    /// [`TransactionError::Recreate`] when it does not in time.
    pub fn flush(&mut self) -> Result<(), TransactionError> {
        self.drain()?;
        self.open = false;
        Ok(())
    }

    /// Waits until everything sent has arrived. In short steps: `rust-rdkafka`'s flush sleeps up to
    /// 100 ms between looks where successes are not reported, which would be added to every commit.
    fn drain(&self) -> Result<(), TransactionError> {
        let deadline = Instant::now() + DEADLINE;
        let mut step = FLUSH_STEP_FIRST;
        loop {
            match self.producer.flush(step) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) if Instant::now() < deadline => {
                    step = (step * 2).min(FLUSH_STEP_LAST);
                }
                Err(error) if self.transactional => return Err(classify(error)),
                Err(error) => return Err(TransactionError::Recreate(error)),
            }
        }
    }

    /// Whether commits are transactions.
    pub fn transactional(&self) -> bool {
        self.transactional
    }

    /// Drops everything sent since the last commit.
    ///
    /// # Errors
    /// [`TransactionError`] when the producer must be created anew; the broker then aborts by itself.
    pub fn abort(&mut self) -> Result<(), TransactionError> {
        if self.transactional && self.open {
            retry(|| self.producer.abort_transaction(CALL_TIMEOUT))?;
        }
        self.open = false;
        Ok(())
    }
}

/// Why a record was not queued.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It is larger than Kafka takes.
    #[error("larger than Kafka takes")]
    TooLarge,
    /// The transaction is lost.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

/// Repeats a resumable call while the error says that this helps; returns the number of tries.
fn retry(mut call: impl FnMut() -> Result<(), KafkaError>) -> Result<u32, TransactionError> {
    let deadline = Instant::now() + DEADLINE;
    let mut tries = 0;
    loop {
        tries += 1;
        match call() {
            Ok(()) => return Ok(tries),
            Err(error) if is_retriable(&error) && Instant::now() < deadline => {
                warn!(%error, tries, "transactional call is tried again");
            }
            Err(error) => return Err(classify(error)),
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        KafkaError::Flush(code) => *code == RDKafkaErrorCode::OperationTimedOut,
        _ => false,
    }
}

fn classify(error: KafkaError) -> TransactionError {
    let fenced = matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced | RDKafkaErrorCode::InvalidProducerEpoch)
    );
    match &error {
        _ if fenced => TransactionError::Fenced(error),
        KafkaError::Transaction(inner) if inner.txn_requires_abort() => TransactionError::Abort(error),
        // A flush that does not end: the records are still queued, nothing was committed.
        KafkaError::Flush(_) => TransactionError::Abort(error),
        _ => TransactionError::Recreate(error),
    }
}
