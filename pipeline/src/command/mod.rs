//! One file a command; each reads its arguments, runs, and says how it went.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command's output is what it is for")]

mod check;
mod demo;
mod detect;
mod leftover;
pub(crate) mod replay;
mod run;
mod sample;
mod sample_fault;
mod sample_file;
pub(crate) mod simulate;
mod topics;

use std::path::Path;

use crate::bench;
use crate::cli::Command;
use crate::config::Config;
use crate::failure::Failure;

/// Runs `command` to its end.
///
/// # Errors
/// [`Failure`], which knows its exit code.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Bench(args) => bench::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Detect(args) => detect::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Topics(args) => topics::run(&args.action),
    }
}

fn config_or_defaults(path: Option<&Path>) -> Result<Config, Failure> {
    path.map_or_else(Config::defaults, Config::load)
}
