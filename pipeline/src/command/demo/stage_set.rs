//! What the demo plays on: a broker, topics, the stages, a directory for their state.

use std::fmt::Write as _;

use anyhow::Context as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tempfile::TempDir;
use tracing::warn;

use crate::config::Config;
use crate::failure::Failure;
use crate::kafka::client::Client;
use crate::kafka::topics;
use crate::simulation::Stream;
use crate::stages::Stages;

/// Enough for the demo's rate; the mock broker keeps 5 MiB of each.
const PARTITIONS: i32 = 2;

/// A broker in this process. Not shared between threads, so it stands beside the stage, not in it.
pub type Broker = MockCluster<'static, DefaultProducerContext>;

/// A stage to play on.
pub struct StageSet {
    /// Both stages.
    pub stages: Stages,
    prefix: String,
    topics: Vec<String>,
    real: bool,
    /// Keeps the state's directory until the end.
    _state: TempDir,
}

impl StageSet {
    /// The stages on the Kafka at `brokers`, or on a broker in this process, which lives as long as it
    /// is held.
    pub fn build(brokers: Option<&str>) -> Result<(Self, Option<Broker>), Failure> {
        let mock = match brokers {
            Some(_) => None,
            None => Some(MockCluster::new(1).context("cannot start the broker in this process")?),
        };
        let address = match (&mock, brokers) {
            (Some(mock), _) => mock.bootstrap_servers(),
            (None, brokers) => brokers.unwrap_or_default().to_owned(),
        };
        let state = tempfile::Builder::new().prefix("weir-demo-").tempdir().context("cannot create a directory")?;
        // Topics of its own for each demo: nothing that is there is touched.
        let prefix = if mock.is_some() { String::new() } else { format!("weir-demo-{}.", std::process::id()) };
        let config = Config::parse(&config_text(&address, &prefix, state.path()))
            .map_err(|message| Failure::usage(format!("--brokers: {message}")))?;
        let wanted = topics::wanted(&config);
        let names: Vec<String> = wanted.iter().map(|topic| topic.name.clone()).collect();
        let mut client = Client::new(&config, None);
        match &mock {
            Some(mock) => {
                client = client.without_transactions();
                for name in &names {
                    mock.create_topic(name, PARTITIONS, 1).context("cannot create a topic")?;
                }
            }
            None => topics::create(&client, &wanted.iter().collect::<Vec<_>>(), 0)?,
        }
        let stages = Stages::new(config, client, true, true)?;
        Ok((Self { stages, prefix, topics: names, real: mock.is_none(), _state: state }, mock))
    }

    /// Where it plays, for people.
    pub fn describe(&self) -> String {
        let place = if self.real {
            format!("the Kafka at {}, exactly once", self.stages.client().brokers())
        } else {
            "a broker in this process (in memory, at least once)".to_owned()
        };
        format!("{place}; five applications, one attack")
    }

    /// The input topic of `stream`.
    pub fn input(&self, stream: Stream) -> String {
        format!("{}{}", self.prefix, stream.topic())
    }

    /// The topic of incidents.
    pub fn incidents(&self) -> String {
        format!("{}weir.incidents", self.prefix)
    }

    /// Partitions of each topic.
    pub fn partitions(&self) -> i32 {
        PARTITIONS
    }

    /// Removes the topics of a real Kafka, unless they are to be looked at.
    pub fn clean_up(&self, keep: bool) {
        if self.real && !keep {
            let names: Vec<&str> = self.topics.iter().map(String::as_str).collect();
            if let Err(error) = topics::delete(self.stages.client(), &names) {
                warn!(error = format!("{error:#}"), "the demo's topics are left behind");
            }
        }
    }
}

fn config_text(brokers: &str, prefix: &str, state: &std::path::Path) -> String {
    let mut text = format!(
        "[kafka]\nbrokers = {brokers:?}\ntopic_prefix = {:?}\napplication = {:?}\n\
         [topics]\npartitions = {PARTITIONS}\n[correlate]\nstate_dir = {:?}\n",
        format!("{prefix}weir."),
        format!("{prefix}weir"),
        state.display().to_string()
    );
    for stream in Stream::ALL {
        let group = format!("{stream:?}").to_lowercase();
        // Writing to a String cannot fail.
        let _ = write!(text, "[[source]]\ntopic = \"{prefix}{}\"\ngroup = {group:?}\n", stream.topic());
    }
    text
}
