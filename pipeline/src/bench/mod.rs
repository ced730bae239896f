//! The benchmarks that the README quotes.
//!
//! Each prints the machine, the commit and its method, runs several rounds and reports medians, because
//! the machines that they run on are shared. What is compared is compared within one run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command's output is what it is for")]

mod correlate;
mod detect;
mod meter;
mod pipeline;
mod prose;
mod quality;
mod readers;

use crate::cli::{BenchArgs, BenchWhat};
use crate::failure::Failure;

/// Runs the benchmark.
///
/// # Errors
/// When its parts cannot be set up.
pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    meter::print_machine();
    match &args.what {
        BenchWhat::Detect { count } => detect::run(*count)?,
        BenchWhat::Correlate { count, entities, signals } => correlate::run(*count, *entities, signals.as_deref())?,
        BenchWhat::Pipeline { brokers, count } => pipeline::run(brokers, *count)?,
        BenchWhat::Quality { seeds, config } => quality::run(*seeds, config.as_deref())?,
        BenchWhat::Readers { cases, samples } => readers::run(cases, samples.as_deref())?,
    }
    Ok(())
}
