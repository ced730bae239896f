//! One partition of signals and the correlator that owns it: what a record does, live or when state is rebuilt.

use correlator::{Correlator, RocksStore};
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use schemas::{Incident, avro};

use super::output;

/// `ce_type` of ticks.
const TICK_TYPE: &str = "io.weir.tick.v1";

/// The correlator of one partition.
pub type PartitionState = Correlator<RocksStore>;

/// What a record of signals does to the correlator. Live and rebuilt state go through here alike.
///
/// # Errors
/// [`RecordError::Unreadable`] for bytes that are no signal, else what the store says.
pub fn apply(state: &mut PartitionState, message: &BorrowedMessage<'_>) -> Result<Vec<Incident>, RecordError> {
    if output::header_text(message.headers(), "ce_type") == Some(TICK_TYPE) {
        return Ok(state.flush()?);
    }
    let signal = avro::decode(message.payload().unwrap_or_default())
        .map_err(|error| RecordError::Unreadable(error.to_string()))?;
    Ok(state.process(signal)?)
}

/// Why a record changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is no signal.
    #[error("{0}")]
    Unreadable(String),
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] correlator::StoreError),
}

/// The record that moves waiting revisions on where no signal does.
pub fn tick(topic: &str, partition: i32) -> BaseRecord<'_, [u8], [u8]> {
    let headers = OwnedHeaders::new().insert(Header { key: "ce_type", value: Some(TICK_TYPE.as_bytes()) });
    BaseRecord::to(topic).partition(partition).payload(&[][..]).headers(headers)
}
