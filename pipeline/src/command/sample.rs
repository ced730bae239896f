//! `weir check --sample`: what each line of a file is read as, what was taken of it and what was left.
//!
//! The first thing to run on a stream that already exists. Detectors do not run, nothing is written. Texts
//! are counted, not shown: the file may hold what people wrote. What was left is found without the reader's
//! help, so that a field that a reader forgets shows as well as one that it cannot use (see [`super::leftover`]).
//! A body that lies elsewhere, such as Bedrock's in S3, is said and is no fault of the sample. In a replay or on a
//! topic it is a dead letter beside what the record holds itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use schemas::interaction::Named;
use schemas::readers::{self, Context, Input, Output, ReadError, Reader, Reason, Rejected};
use schemas::{Command, Flag, Group, Interaction, Message, Signal, SignalKind, Skipped, Timestamp};

use super::leftover::Leftover;
use super::sample_fault;
use super::sample_file::SampleFile;
use crate::cli::CheckArgs;
use crate::config::Config;
use crate::failure::Failure;
use crate::lines::Line;
use crate::logging::tell;

/// Describes every line of the file at `path`, read by the format called `format`.
///
/// # Errors
/// [`Failure::Usage`] for a file that cannot be opened or a format that there is not; [`Failure::Run`] where a
/// line, or a part of one, cannot be read.
pub(super) fn describe_file(config: &Config, path: &Path, args: &CheckArgs) -> Result<(), Failure> {
    let format = config.format(&args.format).map_err(|message| Failure::usage(format!("--format: {message}")))?;
    let binary = format.is_some_and(Reader::is_binary);
    let mut sample = SampleFile::open(path, binary, config.limits.record_bytes_max)
        .map_err(|error| Failure::usage(format!("--sample: {error:#}")))?;
    let tenancy = config.tenancy(None);
    let context = config.context_of_files(Group::Ai, &tenancy, args.as_of);
    let mut totals = Totals::default();
    while let Some(line) = sample.next_record()? {
        let out = read(&line, format, &context);
        let reader = format.or_else(|| readers::reader_of(line.bytes));
        let name = reader.map_or("no reader", |reader| reader.name());
        totals.count(&out);
        totals.remedy = totals.remedy.or_else(|| sample_fault::remedy(line.bytes));
        let mut text = describe(&line, name, &out);
        if !out.inputs.is_empty() {
            let left = leftover(&line, reader, format, &context);
            if let Some(fallbacks) = left.describe_fallbacks() {
                _ = writeln!(text, "    not needed, a better field says it: {}", escape(&fallbacks));
            }
            if let Some(left) = left.describe() {
                _ = writeln!(text, "    left out: {}", escape(&left));
            }
        }
        io::stdout().write_all(text.as_bytes())?;
    }
    tell(format_args!("{}", totals.summary(sample.name())));
    if totals.binary {
        let remedy = totals.remedy.unwrap_or("of a binary format, name it with --format otlp_proto or avro");
        tell(format_args!("some lines are no text: {remedy}"));
    }
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
        out.rejected.push(Rejected { bytes: line.bytes.to_vec(), error });
    }
    out
}

/// What of the record makes no difference. A binary one is looked at in its JSON form, where there is one.
fn leftover(
    line: &Line<'_>,
    reader: Option<&'static dyn Reader>,
    format: Option<&'static dyn Reader>,
    context: &Context<'_>,
) -> Leftover {
    let spelt = reader.and_then(|reader| reader.spelt_as_json(line.bytes));
    let format = if spelt.is_some() { None } else { format };
    let bytes = spelt.as_deref().map_or(line.bytes, str::as_bytes);
    Leftover::of(bytes, |bytes| {
        let mut out = Output::default();
        let result = readers::read(bytes, format, context, &mut out);
        (out, result)
    })
}

/// What the whole file came to.
#[derive(Default)]
struct Totals {
    /// Records read, by reader.
    read: BTreeMap<String, usize>,
    passed_by: u64,
    /// Parts that lie elsewhere, of records that are otherwise read: nothing is wrong with the sample.
    elsewhere: usize,
    rejected: usize,
    /// Whether a line was no text.
    binary: bool,
    /// What is to be done about lines that are no text, where their first bytes tell.
    remedy: Option<&'static str>,
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
        let elsewhere = out.rejected.iter().filter(|rejected| is_elsewhere(rejected)).count();
        self.elsewhere += elsewhere;
        self.rejected += out.rejected.len() - elsewhere;
        self.binary |= out.rejected.iter().any(|rejected| rejected.error.reason == Reason::InvalidUtf8);
    }

    fn summary(&self, name: &str) -> String {
        let read: usize = self.read.values().sum();
        let by_reader: Vec<String> = self.read.iter().map(|(reader, count)| format!("{count} {reader}")).collect();
        let by_reader = if by_reader.is_empty() { String::new() } else { format!(" ({})", by_reader.join(", ")) };
        let elsewhere = match self.elsewhere {
            0 => String::new(),
            parts => format!(", {parts} parts lie elsewhere"),
        };
        format!("{name}: {read} read{by_reader}, {} passed by, {} rejected{elsewhere}", self.passed_by, self.rejected)
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
        // Of spans it is not known here which of the two it was.
        let spans = if reader.starts_with("otlp") { ", or it repeats spans of models (`lone_wrappers`)" } else { "" };
        _ = writeln!(text, "{number}: {reader}: {} passed by: nothing in it to look at{spans}", out.passed_by);
    }
    for rejected in &out.rejected {
        let what = if is_elsewhere(rejected) { "not in the record" } else { "rejected" };
        let unknown = rejected.error.reason == Reason::UnrecognisedFormat;
        let reader = if unknown { "no reader" } else { reader };
        _ = writeln!(text, "{number}: {reader}: {what}: {}", escape(&rejected.error.to_string()));
        if let Some(members) = sample_fault::members_of(&rejected.bytes).filter(|_| unknown) {
            _ = writeln!(text, "    {}", escape(&members));
        }
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

fn is_elsewhere(rejected: &Rejected) -> bool {
    rejected.error.reason == Reason::BodyElsewhere
}

fn interaction_head(interaction: &Interaction) -> String {
    let who = &interaction.who;
    let user = who.user.as_ref().and_then(|user| user.name.as_deref().or(user.id.as_deref()));
    format!(
        "interaction {} at {}, tenant {}, application {}, user {}, model {}",
        escape(interaction.id.as_str()),
        when(interaction.time, &interaction.flags),
        escape(interaction.tenant.as_str()),
        escape(who.application.as_deref().unwrap_or("-")),
        escape(user.unwrap_or("-")),
        escape(interaction.model.as_deref().unwrap_or("-")),
    )
}

fn interaction_body(interaction: &Interaction) -> Vec<String> {
    let mut details = vec![format!("texts: {}", texts(&interaction.messages))];
    details.extend(who(interaction));
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

/// When a record happened. A file has no broker whose time could stand for one that is not there.
fn when(time: Timestamp, flags: &[Flag]) -> String {
    let unknown = flags.iter().any(|flag| matches!(flag, Flag::BrokerTime | Flag::InvalidTime));
    if unknown && time == Timestamp::default() { "the broker's time".to_owned() } else { time.to_string() }
}

/// What else is known of who took part, which says whether the client was found behind its proxies.
fn who(interaction: &Interaction) -> Option<String> {
    let who = &interaction.who;
    let named = |named: &Option<Named>| named.as_ref().and_then(|named| named.name.clone().or(named.id.clone()));
    let known = [
        ("provider", interaction.provider.clone()),
        ("source ip", who.source_ip.clone()),
        ("user agent", who.user_agent.clone()),
        ("conversation", who.conversation_id.clone()),
        ("session", who.session_id.clone()),
        ("api key", who.api_key_id.clone()),
        ("agent", named(&who.agent)),
        ("device", named(&who.device)),
        ("trace", interaction.trace.as_ref().map(|trace| trace.trace_id.clone())),
    ];
    let known = known.into_iter().filter_map(|(what, text)| Some(format!("{what} {}", escape(&text?))));
    let known: Vec<String> = known.collect();
    (!known.is_empty()).then(|| format!("also: {}", known.join(", ")))
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
    // No vendor's record is of the AI group: where it says nothing the source's configuration does.
    let group = if signal.group == Group::Ai { "(the source's group)" } else { signal.group.as_str() };
    format!(
        "{group} {kind} {} at {}, {}, \"{}\"",
        escape(&signal.native_id),
        when(signal.time, &signal.flags),
        signal.severity.caption(),
        escape(&signal.title),
    )
}

fn signal_body(signal: &Signal) -> Vec<String> {
    let entities: Vec<String> = signal
        .entities
        .iter()
        .map(|entity| {
            let role = entity.role.map_or(String::new(), |role| format!("({})", role.as_str()));
            format!("{}{role}={}", entity.kind.as_str(), escape(&entity.ids.join("|")))
        })
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
        Flag::InvalidTime => "its time cannot be read: the broker's counts",
        Flag::LateTime => "its time lies far in the past",
        Flag::Truncated => "something is missing: a limit cut it off, or it lies elsewhere",
    }
}

/// A record must not write to the terminal in its own voice.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
