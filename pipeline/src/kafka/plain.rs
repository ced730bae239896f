//! Producing without transactions, as applications do: for the simulation, the demo and the benchmarks.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord};

/// The longest wait for room in the queue, or for the last records to arrive.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// Queues a record without a key; waits while the queue is full.
///
/// # Errors
/// When the queue stays full, or the record can never be sent.
pub fn produce(producer: &BaseProducer, topic: &str, payload: &[u8]) -> anyhow::Result<()> {
    let mut record = BaseRecord::<(), [u8]>::to(topic).payload(payload);
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match producer.send(record) {
            Ok(()) => break,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if Instant::now() < deadline => {
                producer.poll(Duration::from_millis(100));
                record = back;
            }
            Err((error, _)) => return Err(error).with_context(|| format!("cannot produce to {topic}")),
        }
    }
    producer.poll(Duration::ZERO);
    Ok(())
}
