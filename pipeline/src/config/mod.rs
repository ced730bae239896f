//! The configuration that the stages run on: read, checked, with secrets resolved.
//!
//! Written ([`ConfigFile`]) and checked ([`Config`]) are two types, so that no stage meets a value
//! that was not looked at. Every complaint names the file, the key and the remedy.

mod feed_table;
mod file;
mod intel;
mod inventory;
mod registry;
mod rules;
mod secret;
mod settings;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use schemas::readers::signals::Mapping;
use schemas::readers::{self, Context, Limits, Network, NetworkError, Reader, Tenancy};
use schemas::{Group, TenantId, Timestamp};

pub use file::{
    ConfigFile, CorrelateFile, KafkaFile, LimitsFile, SecondStageFile, SourceFile, StageFile, Start, TopicsFile,
};
pub use intel::FeedStore;
pub use registry::RegistryConfig;
pub use rules::{Rulebook, run_cases};
pub use secret::Secret;
pub use settings::TenantSettings;

use crate::failure::Failure;

/// Where records come from, and so how they are read.
#[derive(Clone)]
pub struct Source {
    /// The part of the estate.
    pub group: Group,
    /// The only reader to ask; `None` goes by each record's shape.
    pub format: Option<&'static dyn Reader>,
    /// Whose records are whose.
    pub tenancy: Tenancy,
}

/// An input topic with how its records are read.
#[derive(Clone)]
pub struct InputTopic {
    /// The topic's name.
    pub topic: String,
    /// How its records are read.
    pub source: Source,
}

/// A checked configuration.
#[derive(Clone)]
pub struct Config {
    /// As written, for printing and for plain numbers that need no checking.
    pub file: ConfigFile,
    /// The input topics.
    pub inputs: Vec<InputTopic>,
    /// The readers of `[mapping.NAME]`, by name.
    mappings: Mappings,
    /// Detection settings by tenant.
    pub tenants: TenantSettings,
    /// Threat intelligence as it stands.
    pub feeds: FeedStore,
    /// What correlators work by.
    pub rulebook: Rulebook,
    /// Networks of proxies that `x-forwarded-for` passes.
    pub proxies: Vec<Network>,
    /// Bounds on one record.
    pub limits: Limits,
    /// Secret properties of librdkafka.
    pub kafka_secrets: BTreeMap<String, Secret>,
    /// The schema registry, where one is configured.
    pub registry: Option<RegistryConfig>,
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming the file, the key and the remedy.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("{}: cannot read it: {error}", path.display())))?;
        Self::parse(&text).map_err(|message| Failure::usage(format!("{}: {message}", path.display())))
    }

    /// Checks the configuration in `text`.
    ///
    /// # Errors
    /// A message that names the key and the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (file, unknown) = unknown::parse(text).map_err(|error| on_one_line(text, &error))?;
        match unknown.first() {
            Some(path) => Err(unknown::message(path)),
            None => Self::check(file),
        }
    }

    /// The configuration at `path`, or the defaults, with what the file at `changes` says instead: its tables are
    /// laid over those that are there, key by key.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming the file, the key and the remedy.
    pub fn load_changed(path: Option<&Path>, changes: &Path) -> Result<Self, Failure> {
        let read = |path: &Path| {
            fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{}: cannot read it: {error}", path.display())))
        };
        let usage = |message: String| Failure::usage(format!("{}: {message}", changes.display()));
        let text = read(changes)?;
        let (_, unknown) = unknown::parse(&text).map_err(|error| usage(on_one_line(&text, &error)))?;
        if let Some(path) = unknown.first() {
            return Err(usage(unknown::message(path)));
        }
        let mut table = match path {
            Some(path) => read(path)?.parse::<toml::Table>().unwrap_or_default(),
            None => toml::Table::new(),
        };
        lay_over(&mut table, text.parse().unwrap_or_default());
        Self::parse(&table.to_string()).map_err(usage)
    }

    /// The configuration with every default, for commands that run without a file.
    ///
    /// # Errors
    /// Never, unless a default contradicts a check.
    pub fn defaults() -> Result<Self, Failure> {
        Self::check(ConfigFile::default()).map_err(Failure::usage)
    }

    fn check(mut file: ConfigFile) -> Result<Self, String> {
        file.correlation.inventory = inventory::read(&file.inventory.file)?;
        file.correlation.validate().map_err(|message| format!("[correlation]: {message}"))?;
        check_stages(&file)?;
        check_sources(&file)?;
        let mappings = mappings(&file)?;
        let mut inputs: Vec<_> =
            file.source.iter().map(|source| input(source, &file, &mappings)).collect::<Result<_, _>>()?;
        inputs.extend(file.commands.enabled.then(|| commands(&file)));
        Ok(Self {
            inputs,
            mappings,
            tenants: TenantSettings::new(&file)?,
            feeds: FeedStore::new(&file.intel)?,
            rulebook: Rulebook::new(&file)?,
            proxies: file.network.trusted_proxies.iter().map(|text| proxy(text)).collect::<Result<_, _>>()?,
            limits: limits(&file.limits),
            kafka_secrets: kafka_secrets(&file.kafka)?,
            registry: RegistryConfig::of(&file.schema_registry)?,
            file,
        })
    }

    /// The name of Weir's own topic `name`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.file.kafka.topic_prefix)
    }

    /// The reader called `name`: one that Weir brings, or `mapping:NAME`; `None` for `auto`.
    ///
    /// # Errors
    /// When nothing is called so, with what there is.
    pub fn format(&self, name: &str) -> Result<Option<&'static dyn Reader>, String> {
        format_named(name, &self.mappings)
    }

    /// How records that come from no configured topic are read.
    pub fn tenancy(&self, source: Option<TenantId>) -> Tenancy {
        tenancy(&self.file, source)
    }

    /// The surroundings of a record that comes from a file and brings its own time, read `as_of` an instant where
    /// one is given.
    pub fn context_of_files<'a>(&'a self, group: Group, tenancy: &'a Tenancy, as_of: Option<Timestamp>) -> Context<'a> {
        Context {
            group,
            broker_time: as_of.unwrap_or_default(),
            envelope_time: None,
            clamp_future: as_of.is_some(),
            tenant_header: None,
            tenancy,
            proxies: &self.proxies,
            lone_wrappers: self.file.telemetry.lone_wrappers,
            limits: self.limits,
            watch: Some(self.rulebook.rules.watch()),
        }
    }

    /// Complaints that matter only where Kafka is used.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the key and the remedy.
    pub fn require_kafka(&self) -> Result<(), Failure> {
        if self.file.kafka.brokers.trim().is_empty() {
            return Err(Failure::usage("[kafka] brokers is not set: name at least one `host:port`"));
        }
        if self.file.source.is_empty() {
            return Err(Failure::usage("no [[source]] is configured: name at least one input topic"));
        }
        Ok(())
    }
}

/// Lays `changes` over `table`: tables key by key, everything else as a whole.
fn lay_over(table: &mut toml::Table, changes: toml::Table) {
    for (key, value) in changes {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(changes)) => lay_over(known, changes),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// The most workers of a stage: each is a thread with clients of its own.
const WORKERS_MAX: usize = 256;

/// What Weir writes, less the prefix.
const OWN_TOPICS: [&str; 8] = [
    "alerts",
    "annotated",
    "commands",
    "correlator.changelog",
    "dead-letters",
    "incidents",
    "incidents.latest",
    "signals",
];

/// Refuses sources that would read what another source or Weir itself has: a topic is read once, and never in a
/// circle.
fn check_sources(file: &ConfigFile) -> Result<(), String> {
    let mut topics = BTreeSet::new();
    for SourceFile { topic, .. } in &file.source {
        if !topics.insert(topic) {
            return Err(format!("[[source]] {topic} stands twice: one source reads a topic, whatever its formats"));
        }
        let own = topic.strip_prefix(file.kafka.topic_prefix.as_str());
        if own.is_some_and(|name| OWN_TOPICS.contains(&name)) {
            return Err(format!("[[source]] {topic} is what Weir itself writes: name a topic of your own"));
        }
    }
    Ok(())
}

fn check_stages(file: &ConfigFile) -> Result<(), String> {
    for (key, workers) in [("[detect]", file.detect.workers), ("[correlate]", file.correlate.workers)] {
        if workers > WORKERS_MAX {
            return Err(format!("{key} workers is {workers}: it must be at most {WORKERS_MAX}, a thread each"));
        }
    }
    let numbers = [
        ("[detect] workers", file.detect.workers),
        ("[detect] batch_records_max", file.detect.batch_records_max),
        ("[detect] batch_bytes_max", file.detect.batch_bytes_max),
        ("[correlate] workers", file.correlate.workers),
        ("[correlate] batch_records_max", file.correlate.batch_records_max),
        ("[limits] record_bytes_max", file.limits.record_bytes_max),
        ("[limits] values_max", file.limits.values_max),
        ("[topics] partitions", file.topics.partitions as usize),
        ("[topics] retention_hours", file.topics.retention_hours as usize),
    ];
    if let Some((key, _)) = numbers.iter().find(|(_, value)| *value == 0) {
        return Err(format!("{key} is 0: it must be at least 1"));
    }
    let (letter, ceiling) = (file.limits.dead_letter_bytes_max, LimitsFile::DEAD_LETTER_BYTES_CEILING);
    if letter == 0 || letter > ceiling {
        return Err(format!("[limits] dead_letter_bytes_max is {letter}: it must be 1 to {ceiling}"));
    }
    // A transaction that stays open longer than a tenth of its timeout risks being aborted under load.
    let interval_max_ms = crate::kafka::TRANSACTION_TIMEOUT_MS / 10;
    for (key, value) in
        [("[detect]", file.detect.commit_interval_ms), ("[correlate]", file.correlate.commit_interval_ms)]
    {
        if value == 0 || value > interval_max_ms {
            return Err(format!("{key} commit_interval_ms is {value}: it must be 1 to {interval_max_ms}"));
        }
    }
    for (key, text) in [("application", &file.kafka.application), ("instance", &file.kafka.instance)] {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if text.is_empty() || !text.chars().all(legal) {
            return Err(format!("[kafka] {key} is {text:?}: use letters, digits, '.', '_' and '-'"));
        }
    }
    Ok(())
}

type Mappings = BTreeMap<String, &'static dyn Reader>;

fn mappings(file: &ConfigFile) -> Result<Mappings, String> {
    let reader = |(name, mapping): (&String, &_)| {
        let mapping = Mapping::new(name, Clone::clone(mapping)).map_err(|error| format!("[mapping.{name}] {error}"))?;
        Ok((name.clone(), mapping.leak()))
    };
    file.mapping.iter().map(reader).collect()
}

fn input(source: &SourceFile, file: &ConfigFile, mappings: &Mappings) -> Result<InputTopic, String> {
    let format =
        format_named(&source.format, mappings).map_err(|message| format!("[[source]] {}: {message}", source.topic))?;
    if source.topic.trim().is_empty() {
        return Err("[[source]] topic is empty: name a topic".to_owned());
    }
    let tenant = source.tenant.as_deref().map(TenantId::from);
    let source_read = Source { group: source.group, format, tenancy: tenancy(file, tenant) };
    Ok(InputTopic { topic: source.topic.clone(), source: source_read })
}

/// The topic of analysts' commands, which nothing but commands is read from.
fn commands(file: &ConfigFile) -> InputTopic {
    // A command belongs to no part of the estate; the group is never asked for.
    let source = Source { group: Group::Ai, format: Some(readers::COMMAND), tenancy: tenancy(file, None) };
    InputTopic { topic: format!("{}commands", file.kafka.topic_prefix), source }
}

fn format_named(name: &str, mappings: &Mappings) -> Result<Option<&'static dyn Reader>, String> {
    if name == file::AUTO {
        return Ok(None);
    }
    let found = match name.strip_prefix(file::MAPPING_PREFIX) {
        Some(mapping) => mappings.get(mapping).copied(),
        None => readers::by_name(name),
    };
    let names = || {
        let own = mappings.keys().map(|name| format!("{}{name}", file::MAPPING_PREFIX));
        let known = readers::all().chain([readers::COMMAND]).map(|reader| reader.name().to_owned());
        let all: Vec<String> = known.chain(own).collect();
        all.join(", ")
    };
    found.map(Some).ok_or_else(|| format!("no format is called `{name}`: use `auto` or one of {}", names()))
}

fn tenancy(file: &ConfigFile, source: Option<TenantId>) -> Tenancy {
    let by_vendor_id = file.tenants.iter().map(|(id, name)| (id.clone(), TenantId::from(name.as_str()))).collect();
    Tenancy { by_vendor_id, source }
}

fn proxy(text: &str) -> Result<Network, String> {
    text.parse().map_err(|error: NetworkError| format!("[network] trusted_proxies: {text:?} is {error}"))
}

fn limits(file: &LimitsFile) -> Limits {
    Limits {
        record_bytes_max: file.record_bytes_max,
        values_max: file.values_max,
        ahead_millis_max: i64::from(file.ahead_secs_max) * 1000,
        late_millis_max: i64::from(file.late_secs_max) * 1000,
        ..Limits::default()
    }
}

/// Properties that Weir sets itself, because exactly-once rests on them.
const OWN_PROPERTIES: [&str; 9] = [
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "group.id",
    "isolation.level",
    "transaction.timeout.ms",
    "transactional.id",
];

fn kafka_secrets(kafka: &KafkaFile) -> Result<BTreeMap<String, Secret>, String> {
    for key in kafka.client.keys() {
        if secret::SECRET_PROPERTIES.contains(&key.as_str()) {
            return Err(format!(
                "[kafka.client] {key} is secret: move it to [kafka.secrets] as \"{key}\" = {{ file = \"...\" }} or {{ env = \"...\" }}"
            ));
        }
        if OWN_PROPERTIES.contains(&key.as_str()) {
            return Err(format!("[kafka.client] {key} is set by Weir, exactly-once rests on it: remove it"));
        }
    }
    let read = |(key, file): (&String, &file::SecretFile)| {
        let secret = file.read().map_err(|message| format!("[kafka.secrets] {key}: {message}"))?;
        Ok((key.clone(), secret))
    };
    kafka.secrets.iter().map(read).collect()
}

/// A TOML error on one line: where, at which key, what. The value itself is not shown, it may be a secret.
fn on_one_line(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.lines().last().unwrap_or_default();
    let key = line.split_once('=').map(|(key, _)| format!(" {}:", key.trim())).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    format!("line {number}:{key} {}", error.message().replace('\n', " "))
}
