//! The stages on Kafka.
//!
//! [`worker`] is the loop: poll, hand over to the stage, commit outputs and offsets in one transaction;
//! [`session`] is one life of its clients. [`stage`] is the seam, [`detect`] and [`correlate`] are the
//! stages. [`client`] turns configuration into librdkafka's, [`assignment`] decides where a partition starts,
//! [`transaction`] knows which error means what, [`output`] gives each record its topic, key and headers,
//! [`partition`] and [`restore`] keep the correlator's state; [`feeds`] follows the topics of threat intelligence.

pub mod assignment;
pub mod client;
pub mod correlate;
pub mod detect;
pub mod feeds;
pub mod output;
pub mod partition;
pub mod plain;
pub mod reach;
pub mod restore;
mod session;
pub mod stage;
pub mod topics;
pub mod transaction;
pub mod worker;

/// How long the broker lets a transaction stay open. A transaction that is stuck holds back every
/// read_committed reader of the partitions that it touched, so this is short (Kafka's default: 60 s).
pub const TRANSACTION_TIMEOUT_MS: u64 = 15_000;
