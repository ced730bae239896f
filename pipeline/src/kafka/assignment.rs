//! Where a partition starts when it is assigned: at the group's committed offset, else where the
//! configuration says.
//!
//! librdkafka's own reset policy cannot tell "never committed" from "committed offset is gone": with it a
//! group whose offsets expired would silently skip or repeat. So the committed offsets are asked for
//! here, and the reset policy is `error`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tracing::{error, info};

use crate::config::Start;

/// The longest wait for the group's committed offsets. They wait for the previous owner's transaction,
/// which its timeout ends.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(30);

/// A partition that this worker owns from now on.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The group's committed offset; `None` where it never committed.
    pub committed: Option<i64>,
    /// Where consumption starts: the committed offset, else an end of what is retained.
    pub start: i64,
}

/// What a rebalance did.
#[derive(Debug)]
pub enum Rebalance {
    /// These partitions are owned now.
    Assigned(Vec<Assigned>),
    /// Nothing is owned any more.
    Revoked,
    /// The committed offsets could not be read, so nothing was assigned.
    Failed(KafkaError),
}

/// Collects rebalances for the loop that polls; they happen inside `poll`, on its thread.
pub struct Assignment {
    start: Start,
    leaving: AtomicBool,
    rebalances: Mutex<Vec<Rebalance>>,
}

impl Assignment {
    /// Partitions without a committed offset start at `start`.
    pub fn new(start: Start) -> Self {
        Self { start, leaving: AtomicBool::new(false), rebalances: Mutex::new(Vec::new()) }
    }

    /// What happened since the last call.
    pub fn take(&self) -> Vec<Rebalance> {
        std::mem::take(&mut *self.lock())
    }

    /// From now on partitions are declined. To be called before the consumer is dropped: closing serves the
    /// rebalances that wait, and a group that is being left answers no question about committed offsets,
    /// so that an assignment among them would wait for [`COMMITTED_TIMEOUT`].
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Rebalance>> {
        self.rebalances.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> Rebalance {
        let result = self.start_offsets(consumer, partitions).and_then(|(list, assigned)| {
            consumer.assign(&list)?;
            Ok(assigned)
        });
        match result {
            Ok(assigned) => Rebalance::Assigned(assigned),
            Err(error) => Rebalance::Failed(error),
        }
    }

    fn start_offsets(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &TopicPartitionList,
    ) -> Result<(TopicPartitionList, Vec<Assigned>), KafkaError> {
        let committed = consumer.committed_offsets(partitions.clone(), COMMITTED_TIMEOUT)?;
        let mut list = TopicPartitionList::new();
        let mut assigned = Vec::new();
        for element in committed.elements() {
            element.error()?;
            let committed = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let (topic, partition) = (element.topic(), element.partition());
            let start = match committed {
                Some(offset) => offset,
                None => {
                    let (earliest, latest) = consumer.fetch_watermarks(topic, partition, COMMITTED_TIMEOUT)?;
                    if self.start == Start::Earliest { earliest } else { latest }
                }
            };
            list.add_partition_offset(topic, partition, Offset::Offset(start))?;
            assigned.push(Assigned { topic: topic.to_owned(), partition, committed, start });
        }
        Ok((list, assigned))
    }
}

impl ClientContext for Assignment {}

impl ConsumerContext for Assignment {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if self.leaving.load(Ordering::Relaxed) {
            return give_back(consumer);
        }
        let rebalance = if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            info!(partitions = partitions.count(), "partitions assigned");
            self.assign(consumer, partitions)
        } else {
            info!(partitions = partitions.count(), "partitions revoked");
            give_back(consumer);
            Rebalance::Revoked
        };
        self.lock().push(rebalance);
    }
}

fn give_back(consumer: &BaseConsumer<Assignment>) {
    if let Err(error) = consumer.unassign() {
        error!(%error, "cannot give partitions back");
    }
}
