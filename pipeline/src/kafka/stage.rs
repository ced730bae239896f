//! What a worker carries: the seam between the exactly-once loop and the two stages.
//!
//! A stage knows nothing of transactions beyond the producer that it sends to, and the loop nothing of
//! records beyond their offsets.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::message::BorrowedMessage;

use super::assignment::Assigned;
use super::transaction::{SendError, TransactionError, Transactions};

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
    /// New clients may help: state that was found damaged is rebuilt on assignment, a registry comes back.
    #[error("{0:#}")]
    Restart(anyhow::Error),
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

    /// The batch is full: the time to produce what came of all of its records together.
    ///
    /// # Errors
    /// When that cannot be sent.
    fn ending(&mut self, _output: &Transactions) -> Result<(), StageError> {
        Ok(())
    }

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
