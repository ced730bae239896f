//! `weir check --sample`: what each line of a file is read as, what was taken of it and what was left.
//!
//! The first thing to run on a stream that already exists. Detectors do not run, nothing is written. Texts
//! are counted, not shown: the file may hold what people wrote. What was left is found without the reader's
//! help, by looking for every value of the line among what came of it, so that a field that a reader forgets
//! shows as well as one that it cannot use.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use schemas::readers::{self, Context, Input, Output, ReadError, Reader, Reason};
use schemas::{Command, Flag, Group, Interaction, Message, Signal, SignalKind, Skipped};

use super::leftover::Leftover;
use crate::config::Config;
use crate::failure::Failure;
use crate::lines::{Line, Lines};
use crate::logging::tell;

/// Describes every line of the file at `path`, read by the format called `format`.
///
/// # Errors
/// [`Failure::Usage`] for a file that cannot be opened or a format that there is not; [`Failure::Run`] where a
/// line, or a part of one, cannot be read.
pub(super) fn describe_file(config: &Config, path: &Path, format: &str) -> Result<(), Failure> {
    let format = config.format(format).map_err(|message| Failure::usage(format!("--format: {message}")))?;
    let mut lines = Lines::open(path, config.limits.record_bytes_max)
        .map_err(|error| Failure::usage(format!("--sample: {error:#}")))?;
    let tenancy = config.tenancy(None);
    let context = config.context_of_files(Group::Ai, &tenancy);
    let mut totals = Totals::default();
    while let Some(line) = lines.next_line()? {
        let out = read(&line, format, &context);
        let reader = format.or_else(|| readers::reader_of(line.bytes)).map_or("no reader", |reader| reader.name());
        totals.count(&out);
        io::stdout().write_all(describe(&line, reader, &out).as_bytes())?;
    }
    tell(format_args!("{}", totals.summary(&lines.name)));
    match totals.rejected {
        0 => Ok(()),
        1 => Err(anyhow::anyhow!("1 record cannot be read").into()),
        rejected => Err(anyhow::anyhow!("{rejected} records cannot be read").into()),
    }
}

fn read(line: &Line<'_>, format: Option<&'static dyn Reader>, context: &Context<'_>) -> Output {
    let mut out = Output::default();
    let result = if line.len > line.bytes.len() {
        let message = format!("{} bytes, the limit is {}", line.len, line.bytes.len());
        Err(ReadError::new(Reason::TooLarge, message))
    } else {
        readers::read(line.bytes, format, context, &mut out)
    };
    if let Err(error) = result {
        out.rejected.push(readers::Rejected { bytes: Vec::new(), error });
    }
    out
}

/// What the whole file came to.
#[derive(Default)]
struct Totals {
    /// Records read, by reader.
    read: BTreeMap<String, usize>,
    passed_by: u64,
    rejected: usize,
}

impl Totals {
    fn count(&mut self, out: &Output) {
        for input in &out.inputs {
            let reader = match input {
                Input::Interaction(read) => read.format.as_str(),
                Input::Signal(read) => read.product.as_str(),
                Input::Command { .. } => readers::COMMAND.name(),
            };
            *self.read.entry(reader.to_owned()).or_default() += 1;
        }
        self.passed_by += u64::from(out.passed_by);
        self.rejected += out.rejected.len();
    }

    fn summary(&self, name: &str) -> String {
        let read: usize = self.read.values().sum();
        let by_reader: Vec<String> = self.read.iter().map(|(reader, count)| format!("{count} {reader}")).collect();
        let by_reader = if by_reader.is_empty() { String::new() } else { format!(" ({})", by_reader.join(", ")) };
        format!("{name}: {read} read{by_reader}, {} passed by, {} rejected", self.passed_by, self.rejected)
    }
}

fn describe(line: &Line<'_>, reader: &str, out: &Output) -> String {
    let number = line.number;
    let mut text = String::new();
    for input in &out.inputs {
        let (reader, what, took) = match input {
            Input::Interaction(read) => (read.format.as_str(), interaction_head(read), interaction_body(read)),
            Input::Signal(read) => (read.product.as_str(), signal_head(read), signal_body(read)),
            Input::Command { command, .. } => (readers::COMMAND.name(), command_head(command), Vec::new()),
        };
        _ = writeln!(text, "{number}: {reader}: {what}");
        took.iter().for_each(|detail| _ = writeln!(text, "    {detail}"));
    }
    if out.passed_by > 0 {
        _ = writeln!(text, "{number}: {reader}: {} passed by: nothing in it to look at", out.passed_by);
    }
    for rejected in &out.rejected {
        _ = writeln!(text, "{number}: {reader}: rejected: {}", escape(&rejected.error.to_string()));
    }
    if !out.inputs.is_empty()
        && let Some(left) = Leftover::of(line.bytes, &out.inputs).describe()
    {
        _ = writeln!(text, "    left out: {}", escape(&left));
    }
    text
}

fn command_head(command: &Command) -> String {
    format!(
        "command {} at {}, tenant {}, by {}, {} of incident {}",
        escape(&command.id),
        command.time,
        escape(command.tenant.as_str()),
        escape(&command.by),
        command.action.verb(),
        escape(command.incident.as_ref().map_or("-", |uid| uid.as_str())),
    )
}

fn interaction_head(interaction: &Interaction) -> String {
    let who = &interaction.who;
    let user = who.user.as_ref().and_then(|user| user.name.as_deref().or(user.id.as_deref()));
    format!(
        "interaction {} at {}, tenant {}, application {}, user {}, model {}",
        escape(interaction.id.as_str()),
        interaction.time,
        escape(interaction.tenant.as_str()),
        escape(who.application.as_deref().unwrap_or("-")),
        escape(user.unwrap_or("-")),
        escape(interaction.model.as_deref().unwrap_or("-")),
    )
}

fn interaction_body(interaction: &Interaction) -> Vec<String> {
    let mut details = vec![format!("texts: {}", texts(&interaction.messages))];
    let tokens = &interaction.tokens;
    if tokens.input.is_some() || tokens.output.is_some() {
        let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        details.push(format!("tokens: {} in, {} out", count(tokens.input), count(tokens.output)));
    }
    let verdicts = &interaction.filters;
    if !verdicts.is_empty() {
        details.push(format!("verdicts of the provider's filters: {}", verdicts.len()));
    }
    if let Some(error) = &interaction.error {
        details.push(format!("error: {}", escape(error)));
    }
    details.extend(skipped(&interaction.skipped));
    details.extend(interaction.flags.iter().map(|flag| assumption(*flag).to_owned()));
    details
}

/// How many texts there are of each channel, and how long.
fn texts(messages: &[Message]) -> String {
    let mut channels: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for message in messages {
        let (count, characters) = channels.entry(message.channel).or_default();
        *count += 1;
        *characters += message.text.expose().chars().count();
    }
    let texts: Vec<String> = channels
        .into_iter()
        .map(|(channel, (count, characters))| format!("{count} {} ({characters} characters)", channel.as_str()))
        .collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

fn skipped(skipped: &Skipped) -> Option<String> {
    let kinds = [
        (skipped.images, "images"),
        (skipped.audio, "audio"),
        (skipped.files, "files"),
        (skipped.embeddings, "embeddings"),
    ];
    let kinds: Vec<String> =
        kinds.into_iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    (!kinds.is_empty()).then(|| format!("counted, not looked into: {}", kinds.join(", ")))
}

fn signal_head(signal: &Signal) -> String {
    let kind = if signal.kind == SignalKind::Context { "context" } else { "alert" };
    format!(
        "{} {kind} {} at {}, {}, \"{}\"",
        signal.group.as_str(),
        escape(&signal.native_id),
        signal.time,
        signal.severity.caption(),
        escape(&signal.title),
    )
}

fn signal_body(signal: &Signal) -> Vec<String> {
    let entities: Vec<String> = signal
        .entities
        .iter()
        .map(|entity| format!("{}={}", entity.kind.as_str(), escape(&entity.ids.join("|"))))
        .collect();
    let entities = if entities.is_empty() { "none".to_owned() } else { entities.join(" ") };
    let mut details = vec![format!("entities: {entities}")];
    if !signal.techniques.is_empty() {
        details.push(format!("techniques: {}", escape(&signal.techniques.join(" "))));
    }
    details.extend(signal.flags.iter().map(|flag| assumption(*flag).to_owned()));
    details
}

/// What a flag means to whoever owns the source.
fn assumption(flag: Flag) -> &'static str {
    match flag {
        Flag::DerivedId => "it brings no id: a hash of its content stands for it",
        Flag::BrokerTime => "it brings no time: the broker's counts",
        Flag::FutureTime => "its time lies in the future: the broker's counts",
        Flag::Truncated => "something is missing: a limit cut it off, or it lies elsewhere",
    }
}

/// A record must not write to the terminal in its own voice.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
