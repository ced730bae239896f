//! The loop of one worker: consume, process, produce, exactly once.
//!
//! ```text
//! begin ─ poll until the batch is full or old ─ the stage processes and produces ─ flush ─
//! offsets into the transaction ─ commit ─ the stage writes its state ─ again
//! ```
//!
//! One OS thread, one consumer, one transactional producer. Every call blocks, which a thread says
//! openly. Whatever goes wrong ends in one of three ways, decided where the error is born: a record that
//! cannot be read is an output (dead letter); a transaction that is lost is aborted and its input read
//! again from the committed offsets; clients that are beyond use are dropped and made anew. On a
//! rebalance the open transaction is aborted: its records go to whoever owns the partition next.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tracing::warn;

use super::assignment::Assignment;
use super::client::Client;
use super::reach::Probe;
use super::session::{Session, SessionEnd, end_of};
use super::stage::{BatchLimits, Stage};
use super::transaction::Transactions;
use crate::config::Start;

/// How often a pausing worker looks whether it should stop.
const PAUSE_STEP: Duration = Duration::from_millis(100);
/// The first pause before clients are made anew; doubles up to the last.
const BACK_OFF_FIRST: Duration = Duration::from_millis(500);
const BACK_OFF_LAST: Duration = Duration::from_secs(10);
/// How often within [`FENCED_WITHIN`] a worker may be fenced before it gives up.
const FENCED_MAX: usize = 3;
const FENCED_WITHIN: Duration = Duration::from_secs(60);

/// A stage with its clients.
pub struct Worker<'a, S> {
    client: Client,
    stage: S,
    start: Start,
    limits: BatchLimits,
    transactional_id: String,
    shutdown: &'a AtomicBool,
}

impl<'a, S: Stage> Worker<'a, S> {
    /// Worker number `number` of `stage`; runs until `shutdown` is set.
    pub fn new(
        client: Client,
        stage: S,
        number: usize,
        start: Start,
        limits: BatchLimits,
        shutdown: &'a AtomicBool,
    ) -> Self {
        let transactional_id = client.transactional_id(stage.name(), number);
        Self { client, stage, start, limits, transactional_id, shutdown }
    }

    /// Runs until shutdown.
    ///
    /// # Errors
    /// When only an operator can help; everything else is tried again.
    pub fn run(mut self) -> anyhow::Result<()> {
        let mut back_off = BACK_OFF_FIRST;
        let mut fenced = VecDeque::new();
        loop {
            let started = Instant::now();
            let error = match self.session()? {
                SessionEnd::Shutdown => return Ok(()),
                SessionEnd::Restart(_) if self.stopping() => return Ok(()),
                SessionEnd::Restart(error) => error,
                SessionEnd::Fenced(error) => {
                    fenced.push_back(Instant::now());
                    fenced.retain(|at: &Instant| at.elapsed() < FENCED_WITHIN);
                    if fenced.len() >= FENCED_MAX {
                        return Err(error.context(format!(
                            "another process uses the transactional id {}: give each process its own [kafka] instance",
                            self.transactional_id
                        )));
                    }
                    error
                }
            };
            if started.elapsed() > BACK_OFF_LAST {
                back_off = BACK_OFF_FIRST;
            }
            warn!(error = format!("{error:#}"), stage = self.stage.name(), "clients are made anew");
            self.pause(back_off);
            back_off = (back_off * 2).min(BACK_OFF_LAST);
        }
    }

    fn pause(&self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until && !self.stopping() {
            std::thread::sleep(PAUSE_STEP.min(duration));
        }
    }

    fn stopping(&self) -> bool {
        self.shutdown.load(Ordering::Relaxed)
    }

    /// One life of the clients. The error is one that only an operator can mend.
    fn session(&mut self) -> anyhow::Result<SessionEnd> {
        if self.stopping() {
            return Ok(SessionEnd::Shutdown);
        }
        let producer = match Transactions::new(&self.client, &self.transactional_id) {
            Ok(producer) => producer,
            Err(error) => return Ok(end_of(error)),
        };
        let consumer: BaseConsumer<Assignment> = self
            .client
            .group_consumer(self.stage.name())
            .create_with_context(Assignment::new(self.start))
            .context("cannot create a consumer")?;
        let topics = self.stage.inputs();
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).context("cannot subscribe")?;
        let mut session = Session::new(&mut self.stage, &consumer, producer, self.limits, self.shutdown);
        let end = session.run();
        session.stage.revoked();
        consumer.context().leave();
        end
    }
}

/// Checks that the cluster answers and that `topics` exist, before any worker starts.
///
/// # Errors
/// With the remedy.
pub fn preflight(client: &Client, topics: &[String]) -> anyhow::Result<()> {
    let probe = Probe::new(client)?;
    for topic in topics {
        let metadata = probe.metadata(Some(topic))?;
        let found = metadata.topics().iter().any(|found| found.name() == topic && !found.partitions().is_empty());
        if !found {
            bail!("the topic {topic} does not exist: create it, or let `weir topics apply --config FILE` do it");
        }
    }
    Ok(())
}
