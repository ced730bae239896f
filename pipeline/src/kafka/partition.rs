//! One partition of signals and the correlator that owns it: what a record does, live or when state is rebuilt.
//!
//! Analysts' commands stand among the signals: one topic, one order, so that a rebuild does them where they were
//! done. Reading a second topic beside it would need an order between both that no offset tells.

use correlator::{Answer, Correlator, RocksStore};
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use schemas::avro::{self, AvroError};
use schemas::readers::{ReadError, Reason};
use schemas::{Command, Signal};

use super::detect::COMMAND_TYPE;
use super::output;
use crate::framing::{FrameError, Framing};
use crate::schema_registry::RegistryError;

/// `ce_type` of ticks.
const TICK_TYPE: &str = "io.weir.tick.v1";

/// The correlator of one partition.
pub type PartitionState = Correlator<RocksStore>;

/// What a record of signals does to the correlator. Live and rebuilt state go through here alike.
///
/// # Errors
/// [`RecordError::Unreadable`] for bytes that are no signal, else what the store says.
pub fn apply(
    state: &mut PartitionState,
    message: &BorrowedMessage<'_>,
    framing: &Framing,
) -> Result<Answer, RecordError> {
    let bytes = message.payload().unwrap_or_default();
    let revisions = match output::header_text(message.headers(), "ce_type") {
        Some(TICK_TYPE) => state.flush()?,
        Some(COMMAND_TYPE) => return Ok(state.command(&command(bytes)?)?),
        _ => state.process(signal(bytes, framing)?)?,
    };
    Ok(Answer { revisions, refused: None })
}

fn command(bytes: &[u8]) -> Result<Command, RecordError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let error = ReadError::json(&error);
        RecordError::Unreadable(error.reason, error.message)
    })
}

fn signal(bytes: &[u8], framing: &Framing) -> Result<Signal, RecordError> {
    let object = framing.unframe(bytes).map_err(|error| match error {
        FrameError::Unknown(why) => RecordError::Unreadable(Reason::UnknownSchema, why),
        FrameError::Registry(error) => RecordError::Registry(error),
    })?;
    avro::decode(&object).map_err(|error| {
        let reason = match error {
            AvroError::UnknownSchema { .. } => Reason::UnknownSchema,
            _ => Reason::MalformedAvro,
        };
        RecordError::Unreadable(reason, error.to_string())
    })
}

/// Why a record changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is no signal.
    #[error("{1}")]
    Unreadable(Reason, String),
    /// The schema registry cannot be asked now.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] correlator::StoreError),
}

/// The record that moves waiting revisions on where no signal does.
pub fn tick(topic: &str, partition: i32) -> BaseRecord<'_, [u8], [u8]> {
    let headers = OwnedHeaders::new().insert(Header { key: "ce_type", value: Some(TICK_TYPE.as_bytes()) });
    BaseRecord::to(topic).partition(partition).payload(&[][..]).headers(headers)
}
