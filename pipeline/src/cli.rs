//! The command line, as the contract describes it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use schemas::Timestamp;

use crate::simulation::Faults;

/// Threat protection for AI applications, as a stream.
#[derive(Parser)]
#[command(name = "weir", version, long_version = crate::version::long(), about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Measure: the figures that the README quotes
    #[command(after_help = "Example:\n  weir bench detect")]
    Bench(BenchArgs),
    /// Validate a configuration and print it with every default, or say what a file's lines are read as
    #[command(
        after_help = "Examples:\n  weir check --config weir.toml\n  weir check --sample exported.jsonl\n  weir check --sample message.bin --format otlp_proto"
    )]
    Check(CheckArgs),
    /// The whole system on this machine: a broker in this process, applications, an attack, an incident
    #[command(after_help = "Examples:\n  weir demo\n  weir demo --brokers 127.0.0.1:9092 --follow")]
    Demo(DemoArgs),
    /// Annotate interactions: JSON lines in, one annotated interaction a line out
    #[command(after_help = "Examples:\n  weir detect telemetry.jsonl\n  cat telemetry.jsonl | weir detect --scores -")]
    Detect(DetectArgs),
    /// Files in, incidents out, without any broker; the same input gives the same bytes
    #[command(
        after_help = "Examples:\n  weir replay --input ai=telemetry.jsonl --input identity=okta/ --out story/\n  weir replay --input ai=week/ --out story/ --what-if rules.toml --days 7"
    )]
    Replay(ReplayArgs),
    /// The stages on Kafka, exactly once
    #[command(after_help = "Example:\n  weir run --config weir.toml --stage detect")]
    Run(RunArgs),
    /// Make realistic traffic with attacks in it, and the truth about them in a file beside it
    #[command(
        after_help = "Examples:\n  weir simulate --out traffic/ --seed 7 --users 200 --days 3\n  weir simulate --brokers 127.0.0.1:9092 --seed 7 --rate 500"
    )]
    Simulate(SimulateArgs),
    /// Show or create the topics
    #[command(after_help = "Examples:\n  weir topics plan --config weir.toml\n  weir topics apply --config weir.toml")]
    Topics(TopicsArgs),
}

/// Arguments of `weir replay`.
#[derive(Args)]
pub struct ReplayArgs {
    /// KIND=PATH with KIND one of ai, identity, endpoint, cloud, model, commands; PATH a JSONL file, a directory of
    /// them, or -. KIND:FORMAT=PATH names the reader, as a source does: cloud:mapping:NAME=PATH
    #[arg(long, required = true, value_name = "KIND=PATH")]
    pub input: Vec<Input>,
    /// Where annotated.jsonl, alerts.jsonl, incidents.jsonl and dead-letters.jsonl are written
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The tenant of records that bring none
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Replay a second time with what this TOML file says laid over the configuration, and say which incidents are
    /// added, removed, merged and split: a summary, and what-if.jsonl in DIR. The other files are of the first run
    #[arg(long, value_name = "RULES.toml")]
    pub what_if: Option<PathBuf>,
    /// Look only at the last so many days of the input
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: Option<u32>,
    /// Read as of this instant (RFC 3339): later times count as in the future, as they do for the stages, and it
    /// is the time of records that have none. Without it no time is in the future: files have no broker's clock
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub as_of: Option<Timestamp>,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("{text:?} is no instant: write 2026-05-01T12:00:00Z"))
}

/// What a replay's input is, which decides the readers that are asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputKind {
    /// Telemetry of AI applications
    Ai,
    /// Sign-ins, directory changes, risk
    Identity,
    /// Computers
    Endpoint,
    /// Cloud control planes and SaaS
    Cloud,
    /// Model files and registries
    Model,
    /// Commands of analysts
    Commands,
}

/// `KIND=PATH`, `KIND:FORMAT=PATH`.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// The reader's name; `None` goes by each record's shape.
    pub format: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, path) = text.split_once('=').ok_or("write KIND=PATH, such as ai=telemetry.jsonl")?;
        let (kind, format) =
            kind.split_once(':').map_or((kind, None), |(kind, format)| (kind, Some(format.to_owned())));
        let kind = InputKind::from_str(kind, false)
            .map_err(|_| format!("no kind is called {kind:?}: use ai, identity, endpoint, cloud, model or commands"))?;
        if path.is_empty() {
            return Err("the path is empty".to_owned());
        }
        Ok(Self { kind, format, path: PathBuf::from(path) })
    }
}

/// Arguments of `weir detect`.
#[derive(Args)]
pub struct DetectArgs {
    /// A JSONL file, or - for standard input
    #[arg(default_value = "-")]
    pub path: PathBuf,
    /// Add every detector's raw score, also below its threshold
    #[arg(long)]
    pub scores: bool,
    /// Read as of this instant (RFC 3339): later times count as in the future, as they do for the stages, and it
    /// is the time of records that have none. Without it no time is in the future: files have no broker's clock
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub as_of: Option<Timestamp>,
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `weir run`.
#[derive(Args)]
pub struct RunArgs {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The stages to run
    #[arg(long, default_value = "all")]
    pub stage: StageChoice,
    /// What tells this process from its siblings; wins over the configuration
    #[arg(long, value_name = "NAME", env = "WEIR_INSTANCE")]
    pub instance: Option<String>,
}

/// Which stages a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageChoice {
    /// Telemetry and vendors' records in, alerts and signals out
    Detect,
    /// Signals in, incidents out
    Correlate,
    /// Both
    All,
}

/// Arguments of `weir demo`.
#[derive(Args)]
pub struct DemoArgs {
    /// A real Kafka instead of the broker in this process
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// Run on after the story is told, until interrupted
    #[arg(long)]
    pub follow: bool,
}

/// Arguments of `weir check`.
#[derive(Args)]
pub struct CheckArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", required_unless_present = "sample")]
    pub config: Option<PathBuf>,
    /// Say for each line of this file which reader takes it, what it took and why a line is rejected
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// The reader for the sample, as a source names it: `auto`, a reader's name or `mapping:NAME`
    #[arg(long, value_name = "NAME", default_value = "auto", requires = "sample")]
    pub format: String,
    /// Read as of this instant (RFC 3339): later times count as in the future, as they do for the stages, and it
    /// is the time of records that have none. Without it no time is in the future: files have no broker's clock
    #[arg(long, value_name = "TIME", value_parser = instant, requires = "sample")]
    pub as_of: Option<Timestamp>,
}

/// Arguments of `weir topics`.
#[derive(Args)]
pub struct TopicsArgs {
    /// What to do with the topics.
    #[command(subcommand)]
    pub action: TopicsAction,
}

/// What to do with the topics.
#[derive(Subcommand)]
pub enum TopicsAction {
    /// Show the topics and what they lack
    Plan(TopicsConfig),
    /// Create what is missing
    Apply(TopicsConfig),
}

/// Arguments of both actions.
#[derive(Args)]
pub struct TopicsConfig {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Arguments of `weir simulate`.
#[derive(Args)]
pub struct SimulateArgs {
    /// Write ai.jsonl, identity.jsonl, endpoint.jsonl, cloud.jsonl and truth.jsonl here
    #[arg(long, value_name = "DIR", required_unless_present = "brokers", conflicts_with = "brokers")]
    pub out: Option<PathBuf>,
    /// Produce to the input topics of this Kafka; the truth goes to --truth
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// Where the truth is written with --brokers
    #[arg(long, value_name = "FILE", default_value = "truth.jsonl")]
    pub truth: PathBuf,
    /// The same seed and options make the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How fast records are sent with --brokers: interactions a second; what is sent does not depend on it
    #[arg(long, value_name = "R", allow_negative_numbers = true, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: u32,
    /// People of the company
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub users: u32,
    /// Days that are simulated
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Attack campaigns; each kind once before any comes again
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub campaigns: u32,
    /// Duplicates, disorder, lateness, wrong clocks and missing fields
    #[arg(long, value_name = "LEVEL", default_value = "usual")]
    pub faults: Faults,
    /// Of a hundred records, how many come from one farm of virtual desktops that all look the same
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub hub: u32,
    /// Stop after so many interactions
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// When the simulated time starts
    #[arg(long, value_name = "TIME", default_value = "2026-05-04T00:00:00Z")]
    pub start: String,
}

/// Arguments of `weir bench`.
#[derive(Args)]
pub struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub what: BenchWhat,
}

/// What to measure.
#[derive(Subcommand)]
pub enum BenchWhat {
    /// The detect stage without its carrier
    Detect {
        /// Interactions in one round
        #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
    },
    /// The correlator on a real RocksDB
    Correlate {
        /// Signals
        #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
        /// Entities that are live; each three cost a signal before the clock runs
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(3..=100_000_000))]
        entities: u64,
        /// A file to write the signals of the first round to, a JSON object each, for others to be measured on
        #[arg(long, value_name = "FILE")]
        signals: Option<PathBuf>,
    },
    /// librdkafka alone against the detect stage with detectors off, on a real Kafka
    Pipeline {
        /// The Kafka to use
        #[arg(long, value_name = "HOST:PORT", env = "KAFKA_BROKERS")]
        brokers: String,
        /// Records in one round
        #[arg(long, default_value_t = 800_000, value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
    },
    /// Simulated attacks in a simulated estate: do their records come together, and nothing else
    Quality {
        /// Simulations, each from a seed of its own
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        seeds: u32,
        /// The configuration that is measured
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Every reader over its golden cases, and over samples of what vendors write
    Readers {
        /// The folder of the cases: `schemas/cases` of the repository
        #[arg(long, value_name = "DIR", default_value = "schemas/cases")]
        cases: PathBuf,
        /// The folder of the samples, with `signals` and `telemetry` in it
        #[arg(long, value_name = "DIR", env = "WEIR_SAMPLES")]
        samples: Option<PathBuf>,
    },
}
