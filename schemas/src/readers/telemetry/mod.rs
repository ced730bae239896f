//! Readers of inference telemetry: each turns a record of one format into interactions.

mod avro;
mod body;
mod exchange;
mod lenient;
mod otlp;

use super::Reader;

/// Every telemetry reader, alphabetically.
pub const READERS: &[&dyn Reader] = &[&avro::Avro, &exchange::Exchange, &otlp::OtlpJson, &otlp::OtlpProto];
