//! Weir's own interactions in Avro, as gateways write them that embed the schema.
//!
//! A record is a single object of `schemas/avro/interaction.avsc` (see [`crate::avro`]). A record in a schema
//! registry's frame (a zero byte, then the schema's id) is recognised but not read: which schema an id means
//! is known to the registry alone, and asking it is no reader's business: where one is configured, the stage
//! asks and hands the record over as a single object.

use super::envelope::keep_newest;
use crate::avro::{self, AvroError};
use crate::ids::TenantId;
use crate::interaction::Interaction;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};
use crate::time::Timestamp;

/// Reads `avro` records.
pub struct Avro;

/// The first byte of the registry's frame, and the length of the frame.
const REGISTRY_MAGIC: u8 = 0;
const REGISTRY_FRAME_BYTES: usize = 5;

fn in_registry_frame(bytes: &[u8]) -> bool {
    bytes.first() == Some(&REGISTRY_MAGIC) && bytes.len() > REGISTRY_FRAME_BYTES
}

impl Reader for Avro {
    fn name(&self) -> &'static str {
        "avro"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.bytes.starts_with(&avro::MAGIC) || in_registry_frame(record.bytes)
    }

    fn is_binary(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        if in_registry_frame(record.bytes) {
            let message = "in the frame of a schema registry, and no registry is configured";
            return Err(ReadError::new(Reason::UnknownSchema, message));
        }
        let mut interaction: Interaction = avro::decode(record.bytes).map_err(read_error)?;
        if interaction.id.as_str().is_empty() {
            return Err(ReadError::new(Reason::MissingField, "`id` is empty"));
        }
        let Some(time) = Timestamp::from_millis(interaction.time.millis()) else {
            return Err(ReadError::new(Reason::InvalidField, "`time` lies outside of 1970 to 9999"));
        };
        interaction.time = context.time(Some(time), &mut interaction.flags);
        let own = Some(interaction.tenant.as_str()).filter(|tenant| *tenant != TenantId::DEFAULT);
        interaction.tenant = context.tenant(own, None);
        interaction.format = self.name().to_owned();
        interaction.messages.retain(|message| !message.text.expose().is_empty());
        keep_newest(&mut interaction, context.limits.messages_max);
        out.interaction(interaction);
        Ok(())
    }
}

fn read_error(error: AvroError) -> ReadError {
    let reason = match error {
        AvroError::UnknownSchema { .. } => Reason::UnknownSchema,
        _ => Reason::MalformedAvro,
    };
    ReadError::new(reason, error.to_string())
}
