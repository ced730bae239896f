//! Readers of inference telemetry: each turns a record of one format into interactions.
//!
//! # What a dialect cannot tell
//!
#![doc = include_str!("dialects.md")]

mod avro;
mod azure_gateway;
mod bare;
mod batch;
mod bedrock;
mod body;
mod common_schema;
mod envelope;
mod exchange;
mod lenient;
mod litellm;
mod logged;
mod otlp;
mod rpc;
mod vertex;

use super::Reader;

/// Every telemetry reader, alphabetically.
pub const READERS: &[&dyn Reader] = &[
    &avro::Avro,
    &azure_gateway::AzureGateway,
    &batch::Batch,
    &bedrock::Bedrock,
    &bare::Bare,
    &exchange::Exchange,
    &litellm::LiteLlm,
    &otlp::OtlpJson,
    &otlp::OtlpProto,
    &vertex::Vertex,
];
