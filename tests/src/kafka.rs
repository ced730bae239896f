//! A real Kafka for end-to-end tests: topics of a test's own, records in, committed records out.
//!
//! `tests/kafka/kafka` starts it. Every wait has a limit and fails with what it waited for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::{cache_dir, skipped};

/// The variable with which `make test`, or a user, names the broker.
pub(crate) const BROKERS_VARIABLE: &str = "KAFKA_BROKERS";
/// How long one request to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// One record as it went in or came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The partition; `None` on the way in lets the key decide.
    pub partition: Option<i32>,
    /// The offset; ignored on the way in.
    pub offset: i64,
    /// Milliseconds since the epoch; `None` on the way in is now.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values, in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    /// A record with a value and nothing else.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The same record with a key.
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    fn read(message: &BorrowedMessage<'_>) -> Self {
        let headers = message
            .headers()
            .map(|headers| headers.iter().map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect());
        Self {
            partition: Some(message.partition()),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
        }
    }
}

/// A broker that answers.
pub struct Kafka {
    /// The bootstrap address, `host:port`.
    pub brokers: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Kafka {
    /// The broker of the set-up; `None`, and a line that says so, where none runs.
    ///
    /// # Errors
    /// A broker that is named but does not answer: under `make test` nothing passes by absence.
    pub fn connect() -> Result<Option<Self>> {
        if let Ok(brokers) = std::env::var(BROKERS_VARIABLE) {
            return Self::at(&brokers).map(Some);
        }
        let started = running_state("brokers").and_then(|brokers| Self::within(&brokers, Duration::from_secs(3)).ok());
        if started.is_none() {
            skipped("no Kafka (make kafka-start)");
        }
        Ok(started)
    }

    /// The broker at `brokers`.
    pub(crate) fn at(brokers: &str) -> Result<Self> {
        Self::within(brokers, REQUEST_TIMEOUT)
    }

    fn within(brokers: &str, timeout: Duration) -> Result<Self> {
        let admin: AdminClient<_> = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            // Silent while it tries: what matters comes back as an error.
            .set("log_level", "0")
            .create()?;
        let metadata = admin.inner().fetch_metadata(None, timeout);
        metadata.with_context(|| format!("no Kafka answers at {brokers}"))?;
        Ok(Self { brokers: brokers.to_owned(), admin })
    }

    /// Creates `name` with `partitions` and broker settings such as `("cleanup.policy", "compact")`.
    ///
    /// # Errors
    /// The broker refuses, for instance since the topic exists.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let options =
            AdminOptions::new().operation_timeout(Some(REQUEST_TIMEOUT)).request_timeout(Some(REQUEST_TIMEOUT));
        for created in block_on(self.admin.create_topics([&topic], &options))? {
            created.map_err(|(name, code)| anyhow::anyhow!("cannot create topic {name}: {code}"))?;
        }
        self.await_leaders(name, partitions)
    }

    /// The controller answers before the broker leads: a producer that is quicker would see an unknown topic.
    fn await_leaders(&self, name: &str, partitions: i32) -> Result<()> {
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        loop {
            let metadata = self.admin.inner().fetch_metadata(Some(name), REQUEST_TIMEOUT)?;
            let led = metadata.topics().first().map_or(0, |topic| {
                topic.partitions().iter().filter(|p| p.leader() >= 0 && p.error().is_none()).count()
            });
            if i32::try_from(led)? == partitions {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "topic {name} has {led} of {partitions} leaders");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Creates a topic whose name begins with `purpose` and is used by nobody else.
    ///
    /// # Errors
    /// As for [`Self::create_topic`].
    pub fn topic(&self, purpose: &str, partitions: i32) -> Result<String> {
        let name = unique(purpose);
        self.create_topic(&name, partitions, &[])?;
        Ok(name)
    }

    /// Writes `records` in order and waits until the broker has them all.
    ///
    /// # Errors
    /// The broker did not take all of them in time.
    pub fn produce(&self, topic: &str, records: impl IntoIterator<Item = Record>) -> Result<()> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("enable.idempotence", "true")
            .set("message.max.bytes", "8000000")
            .set("message.timeout.ms", "30000")
            .create()?;
        for record in records {
            send(&producer, topic, &record)?;
        }
        producer.flush(Duration::from_secs(40)).with_context(|| format!("not all records reached {topic}"))
    }

    /// Every committed record of `topic`, by partition and offset, up to its present end.
    ///
    /// Records of open and aborted transactions, and what lies behind an open transaction, are not committed.
    ///
    /// # Errors
    /// The broker does not answer in time.
    pub fn read_committed(&self, topic: &str) -> Result<Vec<Record>> {
        let (consumer, partitions) = self.consumer(topic)?;
        let (mut records, mut ended) = (Vec::new(), vec![false; partitions]);
        let mut deadline = Instant::now() + REQUEST_TIMEOUT;
        while ended.contains(&false) {
            match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    records.push(Record::read(&message));
                    deadline = Instant::now() + REQUEST_TIMEOUT;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    let ended = ended.get_mut(usize::try_from(partition)?);
                    *ended.context("an end of a partition that the topic does not have")? = true;
                }
                Some(Err(error)) => bail!("reading {topic}: {error}"),
                None => ensure!(Instant::now() < deadline, "{topic} did not reach its end"),
            }
        }
        records.sort_by_key(|record| (record.partition, record.offset));
        Ok(records)
    }

    /// Reads committed records of `topic` as they come until `done` says that they are enough.
    ///
    /// # Errors
    /// `limit` passes first; the message tells how many records had come.
    pub fn read_until(&self, topic: &str, limit: Duration, done: impl Fn(&[Record]) -> bool) -> Result<Vec<Record>> {
        let (consumer, _) = self.consumer(topic)?;
        let (mut records, deadline) = (Vec::new(), Instant::now() + limit);
        while !done(&records) {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(
                !left.is_zero(),
                "{topic} did not fulfil the condition within {limit:?}: {} records",
                records.len()
            );
            match consumer.poll(left.min(Duration::from_millis(200))) {
                Some(Ok(message)) => records.push(Record::read(&message)),
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => bail!("reading {topic}: {error}"),
            }
        }
        Ok(records)
    }

    /// The sum over all partitions of what `group` has committed; `None` for partitions counts as 0.
    ///
    /// # Errors
    /// The broker does not answer in time.
    pub fn committed_offsets(&self, group: &str, topic: &str) -> Result<i64> {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", &self.brokers).set("group.id", group).create()?;
        let list = whole_topic(&consumer, topic)?;
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        let committed = loop {
            // A broker that has just started, or started again, is looking for its coordinators.
            match consumer.committed_offsets(list.clone(), REQUEST_TIMEOUT) {
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
                answer => break answer?,
            }
        };
        let offsets = committed.elements();
        Ok(offsets.iter().filter_map(|element| element.offset().to_raw()).filter(|offset| *offset > 0).sum())
    }

    /// A consumer at the beginning of every partition, and how many those are.
    fn consumer(&self, topic: &str) -> Result<(BaseConsumer, usize)> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            // Assigned by hand: the group is never joined and nothing is committed.
            .set("group.id", "tests")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .create()?;
        let list = whole_topic(&consumer, topic)?;
        consumer.assign(&list)?;
        let partitions = list.count();
        Ok((consumer, partitions))
    }
}

/// A name that begins with `purpose` and that no other test, and no earlier run, has used: for topics,
/// topic prefixes, consumer groups and transactional ids.
pub fn unique(purpose: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{purpose}-{:x}-{}-{nth}", since_epoch.as_nanos(), std::process::id())
}

/// What `tests/kafka/kafka start` wrote down about the broker that it left running.
pub(crate) fn running_state(key: &str) -> Option<String> {
    let state = std::fs::read_to_string(cache_dir()?.join("kafka/state")).ok()?;
    state.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned)
}

fn whole_topic(consumer: &BaseConsumer, topic: &str) -> Result<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(Some(topic), REQUEST_TIMEOUT)?;
    let partitions = metadata.topics().first().map_or(&[][..], |topic| topic.partitions());
    ensure!(!partitions.is_empty(), "topic {topic} does not exist");
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    Ok(list)
}

/// Queues one record, and waits while the queue is full.
fn send(producer: &BaseProducer, topic: &str, record: &Record) -> Result<()> {
    let headers = record
        .headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
    let mut queued: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).headers(headers);
    queued.key = record.key.as_deref();
    queued.payload = record.value.as_deref();
    queued.partition = record.partition;
    queued.timestamp = record.timestamp_ms;
    let deadline = Instant::now() + REQUEST_TIMEOUT;
    while let Err((error, returned)) = producer.send(queued) {
        let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
        ensure!(full && Instant::now() < deadline, "cannot produce to {topic}: {error}");
        producer.poll(Duration::from_millis(50));
        queued = returned;
    }
    producer.poll(Duration::ZERO);
    Ok(())
}
