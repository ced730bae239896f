//! Feeds of threat intelligence that are compacted topics: read to their end before the stages start, and followed.
//!
//! Every process reads every partition by itself, outside of any group, since each needs the whole. What stands when a
//! record is processed decides, as with files; so detection is exactly once with regard to its input and as of now with
//! regard to intelligence. Not here: what a value means ([`crate::config::FeedStore`]).

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
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

/// One topic, from its beginning.
struct FeedTopic {
    name: String,
    consumer: BaseConsumer,
    /// Partitions whose end was not reached yet.
    ahead: BTreeSet<i32>,
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
                changed |= topic.take(feeds);
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
        let metadata = consumer.fetch_metadata(Some(name), TIMEOUT).with_context(|| format!("cannot see {name}"))?;
        let partitions = metadata.topics().iter().filter(|topic| topic.name() == name && topic.error().is_none());
        let ahead: BTreeSet<i32> = partitions.flat_map(|topic| topic.partitions()).map(|p| p.id()).collect();
        if ahead.is_empty() {
            bail!("[[intel.feed]] names the topic {name}, which does not exist: `weir topics apply` creates it");
        }
        let mut list = TopicPartitionList::new();
        for partition in &ahead {
            list.add_partition_offset(name, *partition, Offset::Beginning)?;
        }
        consumer.assign(&list).with_context(|| format!("cannot read {name}"))?;
        Ok(Self { name: name.to_owned(), consumer, ahead })
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
                Some(Err(error)) => warn!(%error, topic = self.name, "a feed topic cannot be read now"),
                None => break,
            }
        }
        changed
    }
}
