//! `weir detect`: the stateless half alone, one annotated interaction a line, in input order.

use std::io::{self, BufWriter, Write};

use schemas::Group;
use schemas::readers::Rejected;
use serde::Serialize;

use super::replay::read_line;
use crate::cli::DetectArgs;
use crate::config::Source;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::logging::tell;
use crate::process::{Delivery, Processor};
use crate::progress::Progress;

/// A line that could not be read, as standard error carries it.
#[derive(Serialize)]
struct RejectedLine<'a> {
    line: u64,
    reason: &'static str,
    message: &'a str,
}

#[derive(Default)]
struct Counts {
    lines: u64,
    interactions: u64,
    signals: u64,
    passed_by: u64,
    rejected: u64,
    faults: u64,
}

/// Runs the command.
///
/// # Errors
/// When the input cannot be opened or read, or standard output is closed for another reason than a
/// reader that has seen enough.
pub fn run(args: &DetectArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    let tenants = if args.scores { config.tenants.clone().with_scores() } else { config.tenants.clone() };
    let processor = Processor::new(&config, tenants)?;
    let source = Source { group: Group::Ai, format: None, tenancy: config.tenancy(None) };
    let mut lines = Lines::open(&args.path, config.limits.record_bytes_max)
        .map_err(|error| Failure::usage(format!("{error:#}")))?;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut counts = Counts::default();
    let mut progress = Progress::new(&lines.name);
    while let Some(line) = lines.next_line()? {
        progress.tick();
        let outcome = read_line(&processor, &line, &source, Delivery::from_file(args.as_of));
        counts.lines += 1;
        counts.signals += outcome.signals.len() as u64;
        counts.passed_by += u64::from(outcome.passed_by);
        counts.faults += u64::from(outcome.faults);
        for rejected in &outcome.rejected {
            counts.rejected += 1;
            report(line.number, rejected)?;
        }
        for processed in &outcome.interactions {
            counts.interactions += 1;
            serde_json::to_writer(&mut out, &processed.annotated)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    drop(progress);
    summary(&counts);
    Ok(())
}

fn report(line: u64, rejected: &Rejected) -> anyhow::Result<()> {
    let line = RejectedLine { line, reason: rejected.error.reason.code(), message: &rejected.error.message };
    tell(format_args!("{}", serde_json::to_string(&line)?));
    Ok(())
}

fn summary(counts: &Counts) {
    tell(format_args!(
        "{} lines: {} interactions, {} signals, {} passed by, {} rejected, {} detector faults",
        counts.lines, counts.interactions, counts.signals, counts.passed_by, counts.rejected, counts.faults
    ));
}
