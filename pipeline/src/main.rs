//! The binary `weir`: reads the command line, hands over to the command, turns failures into exit codes.
//!
//! The path of one record: a worker of [`pipeline::kafka::worker`] polls it and opens a transaction, the
//! stage ([`pipeline::kafka::detect`] or [`pipeline::kafka::correlate`]) hands its bytes to
//! [`pipeline::process`] or to the correlator and produces what comes back, and the worker commits
//! outputs, dead letters and offsets together.

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use pipeline::cli::{Cli, Command};
use pipeline::logging::tell;

/// A record is a few dozen small allocations that another thread may free: glibc's allocator takes a
/// fifth of the detect stage for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // `run` tells its life; the other commands have a screen or a summary of their own.
    pipeline::logging::init(if matches!(cli.command, Command::Run(_)) { "info" } else { "warn" });
    match pipeline::command::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as with `| head`.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            tell(format_args!("weir: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Help as it is; a complaint on one line, with the remedy.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever closed the pipe does not want it.
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<&str> = lines.take_while(|line| !line.starts_with("For more information")).collect();
    tell(format_args!("weir: {}; see --help", told.join(" ").trim_start_matches("error: ")));
    ExitCode::from(2)
}
