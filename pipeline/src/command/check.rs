//! `weir check`: a configuration with every default filled in, and what a file's lines are read as.

use std::io::{self, Write};
use std::path::Path;

use schemas::readers::{self, Rejected};
use schemas::{Group, Signal, Timestamp};

use super::replay::read_line;
use crate::cli::CheckArgs;
use crate::config::{Config, Source, TenantSettings};
use crate::failure::Failure;
use crate::lines::Lines;
use crate::process::{Outcome, Processed, Processor};

/// Runs the command.
///
/// # Errors
/// [`Failure::Usage`] for a configuration that does not hold; [`Failure::Run`] for a sample with a line
/// that no reader takes.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    if args.config.is_some() {
        io::stdout().write_all(effective(&config)?.as_bytes())?;
        eprintln!("the configuration holds");
    }
    match &args.sample {
        Some(path) => sample(&config, path, &args.format),
        None => Ok(()),
    }
}

/// The configuration with every default. Secrets are named by where they stand, never by what they are.
fn effective(config: &Config) -> anyhow::Result<String> {
    Ok(toml::to_string(&config.file)?)
}

fn sample(config: &Config, path: &Path, format: &str) -> Result<(), Failure> {
    let processor = Processor::new(config, TenantSettings::without_detection())?;
    let format = config.format(format).map_err(|message| Failure::usage(format!("--format: {message}")))?;
    let source = Source { group: Group::Ai, format, tenancy: config.tenancy(None) };
    let mut lines = Lines::open(path, config.limits.record_bytes_max)
        .map_err(|error| Failure::usage(format!("--sample: {error:#}")))?;
    let (mut read, mut rejected) = (0_u64, 0_u64);
    while let Some(line) = lines.next_line()? {
        let outcome = read_line(&processor, &line, &source, Timestamp::default());
        rejected += outcome.rejected.len() as u64;
        read += (outcome.interactions.len() + outcome.signals.len()) as u64;
        let reader = format.or_else(|| readers::reader_of(line.bytes)).map_or("no reader", |reader| reader.name());
        describe(line.number, reader, &outcome, &mut io::stdout().lock())?;
    }
    eprintln!("{}: {read} read, {rejected} rejected", path.display());
    if rejected > 0 {
        return Err(anyhow::anyhow!("{rejected} records cannot be read").into());
    }
    Ok(())
}

fn describe(number: u64, reader: &str, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    for processed in &outcome.interactions {
        writeln!(out, "{number}: {reader}: {}", interaction(processed))?;
    }
    for signal in &outcome.signals {
        writeln!(out, "{number}: {reader}: {}", describe_signal(signal))?;
    }
    if outcome.passed_by > 0 {
        writeln!(out, "{number}: {reader}: {} passed by: nothing in it to look at", outcome.passed_by)?;
    }
    for Rejected { error, .. } in &outcome.rejected {
        writeln!(out, "{number}: {reader}: rejected: {error}")?;
    }
    Ok(())
}

fn interaction(processed: &Processed) -> String {
    let annotated = &processed.annotated;
    let user = annotated.user.as_ref().and_then(|user| user.name.as_deref().or(user.id.as_deref()));
    format!(
        "interaction {} at {}, tenant {}, application {}, user {}, model {}",
        escape(annotated.id.as_str()),
        annotated.time,
        escape(annotated.tenant.as_str()),
        escape(annotated.application.as_deref().unwrap_or("-")),
        escape(user.unwrap_or("-")),
        escape(annotated.model.as_deref().unwrap_or("-")),
    )
}

fn describe_signal(signal: &Signal) -> String {
    let entities: Vec<String> = signal
        .entities
        .iter()
        .map(|entity| format!("{}={}", entity.kind.as_str(), escape(&entity.ids.join("|"))))
        .collect();
    format!(
        "{} signal {} at {}, {}, \"{}\", entities {}",
        signal.group.as_str(),
        escape(&signal.native_id),
        signal.time,
        signal.severity.caption(),
        escape(&signal.title),
        if entities.is_empty() { "none".to_owned() } else { entities.join(" ") },
    )
}

/// A record must not write to the terminal in its own voice.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
