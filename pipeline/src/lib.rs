//! The only crate that touches the world: Kafka, files, configuration, the command line.
//!
//! Start at [`process`]: it shows the path of one record on one screen. [`kafka::worker`] is the loop
//! that carries it exactly once, [`kafka::detect`] and [`kafka::correlate`] are the two stages.
//!
//! Deliberately absent: detection and correlation logic, an async runtime in the stages (every call of a
//! transaction blocks, and a thread a worker says so), a metrics endpoint (it comes with operations).

pub mod bench;
pub mod cli;
pub mod command;
pub mod config;
pub mod dead_letter;
pub mod failure;
pub mod framing;
pub mod kafka;
pub mod lines;
pub mod logging;
pub mod process;
pub mod progress;
pub mod schema_registry;
pub mod second_stage;
pub mod shutdown;
pub mod simulation;
pub mod stages;
pub mod usage;
pub mod version;
