//! Feeds of threat intelligence that are compacted topics: read to their end before the stages start, and followed.
//!
//! Every process reads every partition by itself, outside of any group, since each needs the whole. What stands when a
//! record is processed decides, as with files; so detection is exactly once with regard to its input and as of now with
//! regard to intelligence.
//!
//! A topic that goes away leaves what it said standing: whoever deletes one to make it anew must not switch detection
//! off meanwhile. Once it is there again it is read from its beginning, and what it said before is forgotten. Not seen
//! is a topic that was made anew between two requests and holds more records already than the old one did: the broker
//! answers as if nothing had been. Not here: what a value means ([`crate::config::FeedStore`]).

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use tracing::{info, warn};

use super::client::Client;
use crate::config::FeedStore;
use crate::shutdown;

/// The longest wait for the cluster, and for the next record before the end of a topic.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long one look for records takes, and so how late a change and a stop are seen.
const LOOK: Duration = Duration::from_millis(200);
/// How often a topic that went away is asked for.
const RETRY: Duration = Duration::from_secs(2);

/// One topic, from its beginning.
struct FeedTopic {
    name: String,
    consumer: BaseConsumer,
    /// Partitions whose end was not reached yet.
    ahead: BTreeSet<i32>,
    /// Since when the topic has not been what it was, or when it was last asked for.
    lost: Option<Instant>,
    /// Whether it is read once more, beside what it said before.
    anew: bool,
}

/// The topics that feeds name.
pub struct FeedTopics(Vec<FeedTopic>);

impl FeedTopics {
    /// Opens the topics of `feeds` and reads them to their ends.
    ///
    /// # Errors
    /// When a topic does not exist or cannot be read to its end in time.
    pub fn open(client: &Client, feeds: &FeedStore, stop: &AtomicBool) -> anyhow::Result<Self> {
        let mut topics = Vec::new();
        for name in feeds.topics() {
            let mut topic = FeedTopic::open(client, name)?;
            topic.catch_up(feeds, stop)?;
            topics.push(topic);
        }
        if !topics.is_empty() {
            refresh(feeds);
        }
        Ok(Self(topics))
    }

    /// Follows the topics until told to stop; returns at once where there are none.
    pub fn follow(mut self, feeds: &FeedStore, stop: &AtomicBool) {
        while !self.0.is_empty() && !shutdown::requested(stop) {
            let mut changed = false;
            for topic in &mut self.0 {
                changed |= topic.take(feeds) | topic.find_again(feeds);
            }
            if changed {
                refresh(feeds);
            }
        }
    }
}

fn refresh(feeds: &FeedStore) {
    match feeds.refresh() {
        Ok(None) => {}
        Ok(Some(loaded)) => info!(loaded.indicators, loaded.skipped, loaded.left_out, "feeds read anew"),
        Err(message) => warn!(message, "feeds stay as they were"),
    }
}

impl FeedTopic {
    fn open(client: &Client, name: &str) -> anyhow::Result<Self> {
        let mut config = client.reader();
        config.set("enable.partition.eof", "true").set("group.id", "weir.feeds");
        let consumer: BaseConsumer = config.create().context("cannot create a consumer")?;
        let mut topic = Self { name: name.to_owned(), consumer, ahead: BTreeSet::new(), lost: None, anew: false };
        if !topic.begin(TIMEOUT)? {
            bail!("[[intel.feed]] names the topic {name}, which does not exist: `weir topics apply` creates it");
        }
        Ok(topic)
    }

    /// Starts to read every partition from its beginning; `false` where there is no such topic.
    fn begin(&mut self, timeout: Duration) -> anyhow::Result<bool> {
        let name = self.name.as_str();
        let seen = self.consumer.fetch_metadata(Some(name), timeout).with_context(|| format!("cannot see {name}"))?;
        let topics = seen.topics().iter().filter(|topic| topic.name() == name && topic.error().is_none());
        self.ahead = topics.flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
        let mut list = TopicPartitionList::new();
        for partition in &self.ahead {
            list.add_partition_offset(name, *partition, Offset::Beginning)?;
        }
        self.consumer.assign(&list).with_context(|| format!("cannot read {name}"))?;
        Ok(!self.ahead.is_empty())
    }

    /// Asks now and then for a topic that went away, and reads it anew once it is there; whether that is done.
    fn find_again(&mut self, feeds: &FeedStore) -> bool {
        if self.lost.is_some_and(|since| since.elapsed() >= RETRY) {
            self.lost = Some(Instant::now());
            match self.begin(RETRY) {
                Ok(false) => {}
                Ok(true) => {
                    info!(topic = self.name, "a feed topic is there again: it is read from its beginning");
                    feeds.begin_anew(&self.name);
                    (self.lost, self.anew) = (None, true);
                }
                Err(error) => warn!(%error, topic = self.name, "a feed topic cannot be read now"),
            }
        }
        let done = self.anew && self.lost.is_none() && self.ahead.is_empty();
        if done {
            feeds.end_anew(&self.name);
            self.anew = false;
        }
        done
    }

    /// Reads until every partition's end was seen once.
    fn catch_up(&mut self, feeds: &FeedStore, stop: &AtomicBool) -> anyhow::Result<()> {
        let mut progress = Instant::now();
        while !self.ahead.is_empty() && !shutdown::requested(stop) {
            let ahead = self.ahead.len();
            if self.take(feeds) || self.ahead.len() < ahead {
                progress = Instant::now();
            } else if progress.elapsed() > TIMEOUT {
                bail!("the feed topic {} was not read to its end: nothing came for {TIMEOUT:?}", self.name);
            }
        }
        Ok(())
    }

    /// Takes what comes within [`LOOK`]; whether a record was among it.
    fn take(&mut self, feeds: &FeedStore) -> bool {
        let until = Instant::now() + LOOK;
        let mut changed = false;
        while Instant::now() < until {
            match self.consumer.poll(LOOK) {
                Some(Ok(record)) => {
                    feeds.apply(&self.name, record.key(), record.payload());
                    changed = true;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => _ = self.ahead.remove(&partition),
                Some(Err(error)) => {
                    if is_lost(&error) {
                        self.lost.get_or_insert_with(Instant::now);
                    }
                    warn!(%error, topic = self.name, "a feed topic cannot be read now");
                }
                None => break,
            }
        }
        changed
    }
}

/// Whether an error says that the topic is not the one that was opened: it, its partition or the place in it is gone.
fn is_lost(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicId
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    use rdkafka::types::RDKafkaRespErr;
    use schemas::Timestamp;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_topic_that_was_away_is_read_from_its_beginning() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("intel", 1, 1).unwrap();
        // That a topic is gone is looked for at once, and believed at once.
        let text = format!(
            "[kafka]\nbrokers = {:?}\n[kafka.client]\n\"topic.metadata.refresh.interval.ms\" = \"100\"\n\
             \"topic.metadata.propagation.max.ms\" = \"0\"\n[[intel.feed]]\ntopic = \"intel\"\n",
            cluster.bootstrap_servers()
        );
        let config = Config::parse(&text).unwrap();
        let (client, feeds, stop) = (Client::new(&config, None), config.feeds.clone(), AtomicBool::new(false));
        let producer: BaseProducer = client.base().create().unwrap();
        let record = BaseRecord::to("intel").key("1").payload(r#"{"value": "new.example"}"#);
        producer.send(record).unwrap();
        producer.flush(TIMEOUT).unwrap();
        // What the topic of before said, and the one of now does not.
        feeds.apply("intel", Some(b"0"), Some(br#"{"value": "old.example"}"#));
        let mut topics = FeedTopics::open(&client, &feeds, &stop).unwrap();
        let knows = |host: &str| feeds.current().host(host, Timestamp::default()).is_some();
        assert!(knows("old.example") && knows("new.example"));
        let topic = &mut topics.0[0];
        let until = |done: &mut dyn FnMut() -> bool| {
            let start = Instant::now();
            while !done() {
                assert!(start.elapsed() < TIMEOUT);
            }
        };
        cluster.topic_error("intel", RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).unwrap();
        until(&mut || {
            topic.take(&feeds);
            topic.lost.is_some()
        });
        cluster.topic_error("intel", RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();
        until(&mut || {
            topic.take(&feeds);
            topic.find_again(&feeds)
        });
        refresh(&feeds);
        assert!(!knows("old.example") && knows("new.example"));
    }
}
