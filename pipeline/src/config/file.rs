//! The configuration as it is written: one TOML file, every key optional but the brokers.
//!
//! Nothing is checked here beyond types; [`super::Config`] is what the stages run on. Every default is
//! a named constant of the type that it belongs to, and `deploy/config/weir.toml` documents each key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use correlator::sigma::Limits;
use detectors::SecondStage;
use schemas::Group;
use schemas::readers::signals::MappingFile;
use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigFile {
    /// How to reach Kafka.
    pub kafka: KafkaFile,
    /// The input topics.
    pub source: Vec<SourceFile>,
    /// How sources that Weir has no reader for are read, by the name that a source's `format` gives.
    pub mapping: BTreeMap<String, MappingFile>,
    /// From a vendor's tenant, organisation or account id to Weir's tenant.
    pub tenants: BTreeMap<String, String>,
    /// Detection for tenants without a section of their own.
    pub detection: DetectionFile,
    /// Detection by tenant; what a section leaves out comes from `detection`.
    pub tenant: BTreeMap<String, DetectionFile>,
    /// A classifier that is asked where the learned scorer is in doubt.
    pub second_stage: SecondStageFile,
    /// What analysts may do.
    pub commands: CommandsFile,
    /// The detect stage.
    pub detect: StageFile,
    /// The correlate stage.
    pub correlate: CorrelateFile,
    /// How incidents are put together.
    pub correlation: correlator::Config,
    /// Threat intelligence.
    pub intel: IntelFile,
    /// Which rules raise alerts.
    pub rules: RulesFile,
    /// What is known about the estate.
    pub inventory: InventoryFile,
    /// What stands around the telemetry.
    pub network: NetworkFile,
    /// How telemetry is read.
    pub telemetry: TelemetryFile,
    /// What keeps secrets comparable without keeping them.
    pub privacy: PrivacyFile,
    /// Bounds on one record.
    pub limits: LimitsFile,
    /// Where schemas are registered, if anywhere.
    pub schema_registry: SchemaRegistryFile,
    /// What `weir topics apply` creates.
    pub topics: TopicsFile,
}

/// How to reach Kafka.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct KafkaFile {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// The prefix of Weir's own topics.
    pub topic_prefix: String,
    /// The prefix of consumer groups and transactional ids: one for each deployment on a cluster.
    pub application: String,
    /// What tells this process from its siblings; stable over restarts, unique in the deployment.
    pub instance: String,
    /// Where a stage starts on a partition that it never committed: `earliest` or `latest`.
    pub start: Start,
    /// Properties that go to librdkafka as they are: TLS, SASL, timeouts.
    pub client: BTreeMap<String, String>,
    /// Properties that are secret, each from a file or an environment variable.
    pub secrets: BTreeMap<String, SecretFile>,
}

impl KafkaFile {
    /// The prefix of Weir's own topics.
    pub const TOPIC_PREFIX: &'static str = "weir.";
    /// The prefix of consumer groups and transactional ids.
    pub const APPLICATION: &'static str = "weir";
    /// The instance of a deployment of one process.
    pub const INSTANCE: &'static str = "0";
}

impl Default for KafkaFile {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            topic_prefix: Self::TOPIC_PREFIX.to_owned(),
            application: Self::APPLICATION.to_owned(),
            instance: Self::INSTANCE.to_owned(),
            start: Start::Earliest,
            client: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }
    }
}

/// Where a stage starts on a partition that it never committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The oldest record that is retained.
    Earliest,
    /// Records that come from now on.
    Latest,
}

/// Where a secret stands. Exactly one of both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretFile {
    /// A file whose content, less trailing line ends, is the secret.
    pub file: Option<PathBuf>,
    /// An environment variable.
    pub env: Option<String>,
}

/// One input topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceFile {
    /// The topic's name.
    pub topic: String,
    /// The part of the estate: `ai`, `identity`, `endpoint`, `cloud` or `model`.
    pub group: Group,
    /// A reader's name, `mapping:NAME`, or `auto` to go by each record's shape.
    #[serde(default = "auto")]
    pub format: String,
    /// The tenant of records that bring none.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// The format that goes by each record's shape.
pub const AUTO: &str = "auto";

/// What stands before the name of a mapping in a source's format.
pub const MAPPING_PREFIX: &str = "mapping:";

fn auto() -> String {
    AUTO.to_owned()
}

/// Threat intelligence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct IntelFile {
    /// How often `weir run` looks whether a feed's file has changed, in seconds; 0 for never.
    pub reload_secs: u64,
    /// The feeds.
    pub feed: Vec<FeedFile>,
}

impl IntelFile {
    /// Feeds change by the hour; a look costs a system call a file.
    pub const RELOAD_SECS: u64 = 60;
}

impl Default for IntelFile {
    fn default() -> Self {
        Self { reload_secs: Self::RELOAD_SECS, feed: Vec::new() }
    }
}

/// One feed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedFile {
    /// The file. Relative to the working directory. Either this or `topic`.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// A compacted topic of the same cluster: the key is an indicator's id, the value a STIX indicator or plain JSON
    /// (`value`, `confidence`, `valid_until`), and a record without a value takes its key back.
    #[serde(default)]
    pub topic: Option<String>,
    /// `abuse_ch`, `misp`, `plain`, `stix`, or `auto` to go by its content.
    #[serde(default = "auto")]
    pub format: String,
    /// What it means to be on it: `malicious`, `anonymizer`, or `allow` for what is known as harmless.
    #[serde(default = "malicious")]
    pub list: String,
    /// How sure the feed is where it does not say itself, 0 to 100. Default: 75.
    #[serde(default)]
    pub confidence: Option<u8>,
}

fn malicious() -> String {
    "malicious".to_owned()
}

/// Detection for one tenant, or for all that have no section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectionFile {
    /// Whether detectors run at all. Default: true.
    pub detection: Option<bool>,
    /// Whether annotations carry redacted excerpts. Default: false.
    pub evidence: Option<bool>,
    /// A gitleaks configuration whose rules are added to the built-in formats of credentials. Relative to the
    /// working directory. Default: none.
    pub credential_rules: Option<PathBuf>,
    /// A file of `[[type]]` sections that describe sensitive information types of one's own. Relative to the
    /// working directory. Default: none.
    pub sensitive_types: Option<PathBuf>,
    /// The operator's own domains, which links may imitate. Default: none.
    pub protected_domains: Option<Vec<String>>,
    /// Single detectors.
    pub detectors: BTreeMap<String, DetectorFile>,
    /// Single kinds of alerts, by their ids.
    pub alerts: BTreeMap<String, AlertFile>,
    /// Detection of single applications of the tenant, by name; what a section leaves out is the tenant's.
    pub applications: BTreeMap<String, DetectionFile>,
}

/// One kind of alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertFile {
    /// Whether it is raised. Default: true.
    pub enabled: Option<bool>,
    /// `informational`, `low`, `medium`, `high` or `critical`. Default: that of what was found.
    pub severity: Option<String>,
}

/// One detector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorFile {
    /// Whether it runs. Default: true.
    pub enabled: Option<bool>,
    /// The score from which it annotates, 0 to 1. Default: the detector's own.
    pub threshold: Option<f32>,
}

/// An ONNX classifier of one's own, for all tenants. Paths are relative to the working directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondStageFile {
    /// The model. Default: none, and then there is no second stage.
    pub model: Option<PathBuf>,
    /// The `tokenizer.json` that came with it.
    pub tokenizer: Option<PathBuf>,
    /// The library of ONNX Runtime. Default: what the environment variable `ORT_DYLIB_PATH` names.
    pub library: Option<PathBuf>,
    /// Which of its labels is an attack, from 0.
    pub label: usize,
    /// Between which probabilities what users write is in doubt.
    pub direct_zone: [f64; 2],
    /// The same for what documents and tools bring.
    pub indirect_zone: [f64; 2],
    /// How many tokens it reads at once, 8 to 8192; longer texts are shown in windows.
    pub tokens_max: usize,
    /// How many bytes of one interaction it is shown, by each of the two detectors that ask.
    pub bytes_max: usize,
}

impl SecondStageFile {
    /// From where a few in a hundred benign texts reach it, to where hardly any does.
    pub const ZONE: [f64; 2] = [0.1, 0.9];
    /// The second of two, as most such models have it.
    pub const LABEL: usize = 1;
    /// What BERT and its kin read.
    pub const TOKENS_MAX: usize = 512;
    /// Less is no sentence.
    pub const TOKENS_MIN: usize = 8;
    /// Attention costs the square of this.
    pub const TOKENS_LIMIT: usize = 8192;
}

impl Default for SecondStageFile {
    fn default() -> Self {
        Self {
            model: None,
            tokenizer: None,
            library: None,
            label: Self::LABEL,
            direct_zone: Self::ZONE,
            indirect_zone: Self::ZONE,
            tokens_max: Self::TOKENS_MAX,
            bytes_max: SecondStage::BYTES_MAX,
        }
    }
}

/// Commands of analysts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandsFile {
    /// Whether `weir.commands` is read.
    pub enabled: bool,
}

impl CommandsFile {
    /// An incident that nobody can close or correct is half a product.
    pub const ENABLED: bool = true;
}

impl Default for CommandsFile {
    fn default() -> Self {
        Self { enabled: Self::ENABLED }
    }
}

/// A stage on Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StageFile {
    /// Workers in this process, each with a thread, a consumer and a producer of its own.
    pub workers: usize,
    /// The most records of one transaction.
    pub batch_records_max: usize,
    /// The most input bytes of one transaction.
    pub batch_bytes_max: usize,
    /// The longest that a transaction stays open, in milliseconds.
    pub commit_interval_ms: u64,
}

impl StageFile {
    /// One worker: scale out by processes first, they fail apart.
    pub const WORKERS: usize = 1;
    /// Enough to amortise a transaction's fixed cost, little enough to redo after a crash.
    pub const BATCH_RECORDS_MAX: usize = 20_000;
    /// Bounds memory together with the producer's queue.
    pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
    /// Latency against cost: Kafka Streams uses the same 100 ms for exactly-once.
    pub const COMMIT_INTERVAL_MS: u64 = 100;
}

impl Default for StageFile {
    fn default() -> Self {
        Self {
            workers: Self::WORKERS,
            batch_records_max: Self::BATCH_RECORDS_MAX,
            batch_bytes_max: Self::BATCH_BYTES_MAX,
            commit_interval_ms: Self::COMMIT_INTERVAL_MS,
        }
    }
}

/// The correlate stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct CorrelateFile {
    /// Workers in this process.
    pub workers: usize,
    /// The most signals of one transaction.
    pub batch_records_max: usize,
    /// The longest that a transaction stays open, in milliseconds.
    pub commit_interval_ms: u64,
    /// Where the state lives: one RocksDB directory a partition. Not shared between processes.
    pub state_dir: PathBuf,
}

impl CorrelateFile {
    /// Signals are a thousandth of the interactions.
    pub const BATCH_RECORDS_MAX: usize = 2_000;
    /// Relative to the working directory.
    pub const STATE_DIR: &'static str = "weir-state";
}

impl Default for CorrelateFile {
    fn default() -> Self {
        Self {
            workers: StageFile::WORKERS,
            batch_records_max: Self::BATCH_RECORDS_MAX,
            commit_interval_ms: StageFile::COMMIT_INTERVAL_MS,
            state_dir: PathBuf::from(Self::STATE_DIR),
        }
    }
}

/// Which rules raise alerts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesFile {
    /// Whether the rules that come with Weir are loaded. Default: true.
    pub shipped: bool,
    /// Files of rules, and directories of which every `*.yml` and `*.yaml` is one. Files named `*.test.yml` hold cases.
    pub paths: Vec<PathBuf>,
    /// Rules to leave out, by id or name.
    pub disable: Vec<String>,
    /// Whether the detect stage adds up what is used, for rules about volume and access. Default: true.
    pub usage: bool,
    /// How long a decision waits for late records, in seconds of event time.
    pub lateness_secs: u64,
    /// How long events are kept beyond a rule's timespan, so that late ones revise, in seconds.
    pub memory_secs: u64,
    /// The most groups of a tenant that rules follow.
    pub groups_max: u64,
}

impl Default for RulesFile {
    fn default() -> Self {
        Self {
            shipped: true,
            paths: Vec::new(),
            disable: Vec::new(),
            usage: true,
            lateness_secs: Limits::LATENESS_SECS,
            memory_secs: Limits::MEMORY_SECS,
            groups_max: Limits::GROUPS_MAX,
        }
    }
}

/// What stands around the telemetry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkFile {
    /// Addresses and networks (`10.0.0.0/8`, `2001:db8::/32`) of reverse proxies that append to `x-forwarded-for`.
    pub trusted_proxies: Vec<String>,
}

/// What is known about the estate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InventoryFile {
    /// A TOML file of `[[asset]]` tables, or JSONL; empty where there is none.
    pub file: PathBuf,
}

/// How telemetry is read.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetryFile {
    /// Whether spans of agents, chains and workflows are read where no span of a model stands beside them in the
    /// message. Default: false, since such a span repeats what its models' spans tell, which may come in another
    /// message; true is for applications whose models are not instrumented.
    pub lone_wrappers: bool,
}

/// What keeps secrets comparable without keeping them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PrivacyFile {
    /// The key of the hashes by which leaked credentials are recognised again.
    pub hash_key: SecretFile,
}

/// Bounds on one record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitsFile {
    /// The largest record in bytes; larger ones are dead letters.
    pub record_bytes_max: usize,
    /// The most bytes of the original that a dead letter keeps.
    pub dead_letter_bytes_max: usize,
    /// The most strings, arrays and objects (which count twice) of a record in JSON, and the most spans, events and
    /// attributes of one in protobuf.
    pub values_max: usize,
    /// How far a record's time may lie after the broker's, in seconds; further ahead the broker's counts.
    pub ahead_secs_max: u32,
    /// How far a record's time may lie before the broker's, in seconds, without being flagged.
    pub late_secs_max: u32,
}

impl LimitsFile {
    /// Ten thousand spans in one message, or the probabilities of every word of the longest answers; tiny values take a
    /// hundred times their size in memory.
    pub const VALUES_MAX: usize = 512 * 1024;
    /// Five minutes: what clocks without synchronisation drift apart in weeks.
    pub const AHEAD_SECS_MAX: u32 = 5 * 60;
    /// A day: vendors' batches and outages of a night lie within it.
    pub const LATE_SECS_MAX: u32 = 24 * 60 * 60;
    /// What fits into one Kafka record of the default `max.message.bytes` with room for headers.
    pub const DEAD_LETTER_BYTES_MAX: usize = 900_000;
    /// What still fits with a key, headers and framing beside it.
    pub const DEAD_LETTER_BYTES_CEILING: usize = 980_000;
}

impl Default for LimitsFile {
    fn default() -> Self {
        Self {
            record_bytes_max: schemas::readers::Limits::default().record_bytes_max,
            dead_letter_bytes_max: Self::DEAD_LETTER_BYTES_MAX,
            values_max: Self::VALUES_MAX,
            ahead_secs_max: Self::AHEAD_SECS_MAX,
            late_secs_max: Self::LATE_SECS_MAX,
        }
    }
}

/// Where schemas are registered, if anywhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SchemaRegistryFile {
    /// Its address; empty for none.
    pub url: String,
    /// The user of HTTP basic authentication.
    pub username: String,
    /// The user's password.
    pub password: SecretFile,
    /// A bearer token, instead of a user.
    pub token: SecretFile,
    /// Certificates in PEM to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

/// What `weir topics apply` creates.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TopicsFile {
    /// Partitions of each topic.
    pub partitions: u32,
    /// Copies of each partition; 0 leaves it to the broker's default.
    pub replication_factor: u32,
    /// How long signals, alerts and incidents are kept, in hours. State is rebuilt from signals, so
    /// this is also how far back a rebuilt correlator remembers.
    pub retention_hours: u32,
}

impl TopicsFile {
    /// Room to scale out without repartitioning soon.
    pub const PARTITIONS: u32 = 6;
    /// Two weeks: twice the correlator's retention.
    pub const RETENTION_HOURS: u32 = 14 * 24;
}

impl Default for TopicsFile {
    fn default() -> Self {
        Self { partitions: Self::PARTITIONS, replication_factor: 0, retention_hours: Self::RETENTION_HOURS }
    }
}
