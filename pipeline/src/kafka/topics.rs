//! The topics that Weir reads and writes, and how they are created.
//!
//! `weir run` never creates or changes topics, so that its principal needs no right to: this is a command
//! of its own, run by someone who may.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Client;
use super::reach::Probe;
use crate::config::Config;

/// The longest wait for the cluster.
const TIMEOUT: Duration = Duration::from_secs(15);
const HOUR_MS: u64 = 60 * 60 * 1000;

/// What happens to old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Kept for the configured time.
    Delete,
    /// The newest of each key is kept.
    Compact,
}

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The name.
    pub name: String,
    /// How many partitions.
    pub partitions: u32,
    /// What happens to old records.
    pub cleanup: Cleanup,
    /// For [`Cleanup::Delete`], how long they are kept.
    pub retention_hours: u32,
}

/// Every topic of `config`: its inputs, then Weir's own.
pub fn wanted(config: &Config) -> Vec<Topic> {
    let topics = config.file.topics;
    let topic = |name: String, cleanup| Topic {
        name,
        partitions: topics.partitions,
        cleanup,
        retention_hours: topics.retention_hours,
    };
    let mut all: Vec<Topic> = config.inputs.iter().map(|input| topic(input.topic.clone(), Cleanup::Delete)).collect();
    for name in ["annotated", "alerts", "signals", "incidents", "dead-letters"] {
        all.push(topic(config.topic(name), Cleanup::Delete));
    }
    all.push(topic(config.topic("incidents.latest"), Cleanup::Compact));
    all.extend(config.feeds.topics().into_iter().map(|name| topic(name.to_owned(), Cleanup::Compact)));
    all
}

/// How many partitions each existing topic has.
///
/// # Errors
/// When the cluster cannot be reached.
pub fn existing(client: &Client) -> anyhow::Result<BTreeMap<String, usize>> {
    let metadata = Probe::new(client)?.metadata(None)?;
    Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect())
}

/// Creates `topics`; one that exists meanwhile is no error.
///
/// # Errors
/// When the cluster cannot be reached or refuses.
pub fn create(client: &Client, topics: &[&Topic], replication_factor: u32) -> anyhow::Result<()> {
    let replication = if replication_factor == 0 { -1 } else { i32::try_from(replication_factor)? };
    let retention: Vec<String> =
        topics.iter().map(|topic| (u64::from(topic.retention_hours) * HOUR_MS).to_string()).collect();
    let mut new = Vec::new();
    for (topic, retention) in topics.iter().zip(&retention) {
        let partitions = i32::try_from(topic.partitions)?;
        let wish = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(replication));
        new.push(match topic.cleanup {
            Cleanup::Delete => wish.set("cleanup.policy", "delete").set("retention.ms", retention),
            Cleanup::Compact => wish.set("cleanup.policy", "compact"),
        });
    }
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
    let results = block_on(admin(client)?.create_topics(&new, &options))
        .with_context(|| format!("cannot create topics at {}", client.brokers()))?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => bail!("cannot create the topic {topic}: {code}"),
        }
    }
    Ok(())
}

/// Deletes `topics`.
///
/// # Errors
/// When the cluster cannot be reached.
pub fn delete(client: &Client, topics: &[&str]) -> anyhow::Result<()> {
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
    block_on(admin(client)?.delete_topics(topics, &options)).context("cannot delete topics")?;
    Ok(())
}

fn admin(client: &Client) -> anyhow::Result<AdminClient<DefaultClientContext>> {
    client.base().create().context("cannot create an admin client")
}
