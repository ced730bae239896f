//! Which workers a process runs, made from the configuration.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::config::{Config, CorrelateFile, StageFile, Start};
use crate::framing::Framing;
use crate::kafka::client::Client;
use crate::kafka::correlate::CorrelateStage;
use crate::kafka::detect::{DetectStage, Shared};
use crate::kafka::output::Topics;
use crate::kafka::stage::BatchLimits;
use crate::kafka::worker::Worker;

/// A worker's thread name and its work.
pub type Work<'a> = (String, Box<dyn FnOnce() -> anyhow::Result<()> + Send + 'a>);

/// The stages of one process.
pub struct Stages {
    client: Client,
    topics: Topics,
    framing: Arc<Framing>,
    inputs: Vec<String>,
    start: Start,
    detect: Option<(Arc<Shared>, StageFile)>,
    correlate: Option<(Config, CorrelateFile)>,
}

impl Stages {
    /// The stages that are wanted, on `client`'s cluster.
    ///
    /// # Errors
    /// When the detectors cannot be compiled, or a schema registry is configured and cannot be used.
    pub fn new(config: Config, client: Client, detect: bool, correlate: bool) -> anyhow::Result<Self> {
        let topics = Topics::new(&config);
        let framing = Arc::new(Framing::of(&config)?);
        let inputs = config.inputs.iter().map(|input| input.topic.clone()).collect();
        let start = config.file.kafka.start;
        let correlate = correlate.then(|| (config.clone(), config.file.correlate.clone()));
        let limits = config.file.detect;
        let detect =
            if detect { Some((Shared::new(config, topics.clone(), Arc::clone(&framing))?, limits)) } else { None };
        Ok(Self { client, topics, framing, inputs, start, detect, correlate })
    }

    /// The cluster.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Every topic that must exist.
    pub fn topics(&self) -> Vec<String> {
        let topics = &self.topics;
        let mut all = vec![topics.signals.clone(), topics.dead_letters.clone()];
        if self.detect.is_some() {
            all.extend(self.inputs.iter().cloned());
            all.extend([topics.annotated.clone(), topics.alerts.clone()]);
        }
        if self.correlate.is_some() {
            all.extend([topics.incidents.clone(), topics.latest.clone()]);
            // Alerts of rules go where the other alerts go.
            all.extend(self.detect.is_none().then(|| topics.alerts.clone()));
        }
        all
    }

    /// The workers, each ready to run on a thread of its own.
    pub fn workers<'a>(&'a self, shutdown: &'a AtomicBool) -> Vec<Work<'a>> {
        let mut all: Vec<Work<'a>> = Vec::new();
        if let Some((shared, limits)) = &self.detect {
            for number in 0..limits.workers {
                let batch = BatchLimits {
                    records_max: limits.batch_records_max,
                    bytes_max: limits.batch_bytes_max,
                    interval: Duration::from_millis(limits.commit_interval_ms),
                };
                all.push((
                    format!("detect-{number}"),
                    Box::new(move || {
                        let stage = DetectStage::new(Arc::clone(shared));
                        Worker::new(self.client.clone(), stage, number, self.start, batch, shutdown).run()
                    }),
                ));
            }
        }
        if let Some((config, limits)) = &self.correlate {
            for number in 0..limits.workers {
                let batch = BatchLimits {
                    records_max: limits.batch_records_max,
                    bytes_max: StageFile::BATCH_BYTES_MAX,
                    interval: Duration::from_millis(limits.commit_interval_ms),
                };
                all.push((
                    format!("correlate-{number}"),
                    Box::new(move || {
                        let stage = CorrelateStage::new(
                            config,
                            self.client.clone(),
                            self.topics.clone(),
                            Arc::clone(&self.framing),
                            shutdown,
                        );
                        // A correlator that skipped signals would tell half of a story.
                        Worker::new(self.client.clone(), stage, number, Start::Earliest, batch, shutdown).run()
                    }),
                ));
            }
        }
        all
    }
}
