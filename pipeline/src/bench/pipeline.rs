//! How much of librdkafka's own speed the detect stage keeps.
//!
//! Two loops over the same records on the same broker in one run, turn about: librdkafka alone, which
//! copies each record from one topic to another in transactions, and the detect stage with detectors
//! off, which reads, decodes, annotates nothing and writes the annotated interaction. The ratio of their
//! rates is the figure; the rates themselves say more about the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseRecord, Producer};

use super::detect::interactions;
use super::meter::{Meter, ROUNDS, Reading, median, peak_rss_mib};
use super::prose::Prose;
use crate::config::{Config, Start, TenantSettings};
use crate::framing::Framing;
use crate::kafka::assignment::Assigned;
use crate::kafka::client::Client;
use crate::kafka::detect::{DetectStage, Shared};
use crate::kafka::output::Topics;
use crate::kafka::plain::produce;
use crate::kafka::stage::{BatchLimits, Positions, Stage, StageError};
use crate::kafka::topics;
use crate::kafka::transaction::Transactions;
use crate::kafka::worker::Worker;

/// As in the figures that librdkafka alone was measured with.
const PARTITIONS: u32 = 4;
const BATCH: BatchLimits =
    BatchLimits { records_max: 100_000, bytes_max: 256 * 1024 * 1024, interval: Duration::from_millis(200) };
/// The longest that one round may take.
const ROUND_MAX: Duration = Duration::from_secs(120);
/// Each record is filled up to this size with more conversation.
const RECORD_BYTES: usize = 1600;

/// Runs the benchmark over `count` records.
///
/// # Errors
/// When the broker cannot be used.
pub fn run(brokers: &str, count: u64) -> anyhow::Result<()> {
    println!(
        "method   {count} exchanges of {RECORD_BYTES} bytes that compress like prose, {PARTITIONS} partitions, lz4, transactions of {:?}, \
         a worker a core ({} workers), broker on this machine, both loops in turn, median of {ROUNDS} rounds",
        BATCH.interval,
        workers()
    );
    let prefix = format!("weir-bench-{}.", std::process::id());
    let config = config(brokers, &prefix)?;
    let client = Client::new(&config, None);
    let wanted = topics::wanted(&config);
    topics::create(&client, &wanted.iter().collect::<Vec<_>>(), 0)?;
    let result = fill(&client, &format!("{prefix}in"), count).and_then(|()| rounds(&config, &client, &prefix, count));
    let names: Vec<&str> = wanted.iter().map(|topic| topic.name.as_str()).collect();
    topics::delete(&client, &names)?;
    result
}

fn config(brokers: &str, prefix: &str) -> anyhow::Result<Config> {
    let text = format!(
        "[kafka]\nbrokers = {brokers:?}\ntopic_prefix = {prefix:?}\napplication = {prefix:?}\n[topics]\npartitions = \
         {PARTITIONS}\n[detection]\ndetection = false\n[[source]]\ntopic = \"{prefix}in\"\ngroup = \"ai\"\nformat = \"exchange\"\n"
    );
    Config::parse(&text).map_err(|message| anyhow!(message))
}

/// Puts the records into the input topic.
fn fill(client: &Client, topic: &str, count: u64) -> anyhow::Result<()> {
    let producer: rdkafka::producer::BaseProducer = client.clone().without_transactions().producer("").create()?;
    let mut prose = Prose::new(1);
    for body in interactions(count) {
        produce(&producer, topic, padded(&body, &mut prose).as_bytes())?;
    }
    producer.flush(Duration::from_secs(30)).context("cannot fill the input topic")
}

/// The same exchange with a longer history, up to the benchmark's size.
fn padded(body: &str, prose: &mut Prose) -> String {
    let turn = prose.take(RECORD_BYTES.saturating_sub(body.len() + 40));
    body.replacen("\"messages\":[", &format!("\"messages\":[{{\"content\":\"{turn}\",\"role\":\"user\"}},"), 1)
}

fn rounds(config: &Config, client: &Client, prefix: &str, count: u64) -> anyhow::Result<()> {
    let topics = Topics::new(config);
    let (mut copies, mut detects, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let copy = || Copy { input: format!("{prefix}in"), output: topics.alerts.clone() };
        let copied = measure(client, copy, &format!("{prefix}copy-{round}"), count)?;
        let framing = Arc::new(Framing::single_object());
        let shared =
            Shared::with_settings(config.clone(), topics.clone(), TenantSettings::without_detection(), framing)?;
        let detect = || DetectStage::new(Arc::clone(&shared));
        let detected = measure(client, detect, &format!("{prefix}detect-{round}"), count)?;
        ratios.push(detected.rate() / copied.rate());
        copies.push(copied);
        detects.push(detected);
    }
    for (name, rounds) in [("librdkafka", &copies), ("detect stage", &detects)] {
        println!(
            "{name:<14} {:>9.0} records/s  {:>6.2} µs CPU a record, broker not counted",
            median(rounds.iter().map(Round::rate).collect()),
            median(rounds.iter().map(Round::cpu_micros).collect()),
        );
    }
    println!("ratio          {:>9.2} of librdkafka's rate (rounds: {})", median(ratios.clone()), list(&ratios));
    println!("peak RSS {:.0} MiB", peak_rss_mib());
    Ok(())
}

fn list(ratios: &[f64]) -> String {
    ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(" ")
}

/// One a core: what a machine can do, not what a thread can.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What was done while all workers were at it.
struct Round {
    records: f64,
    reading: Reading,
}

impl Round {
    fn rate(&self) -> f64 {
        self.records / self.reading.wall.as_secs_f64()
    }

    fn cpu_micros(&self) -> f64 {
        self.reading.cpu.as_secs_f64() / self.records * 1e6
    }
}

/// All workers at the whole topic.
fn measure<S: Stage + Send>(
    client: &Client,
    stage: impl Fn() -> S,
    application: &str,
    count: u64,
) -> anyhow::Result<Round> {
    let shutdown = AtomicBool::new(false);
    let counter = Arc::new(Counter::default());
    let client = client.clone().with_application(application);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers())
            .map(|number| {
                let counted = Counted { stage: stage(), counter: Arc::clone(&counter), records: 0, at_work: false };
                let worker = Worker::new(client.clone(), counted, number, Start::Earliest, BATCH, &shutdown);
                scope.spawn(|| worker.run())
            })
            .collect();
        let since = Instant::now();
        let committed = || counter.committed.load(Ordering::Relaxed);
        let wait = |done: &dyn Fn() -> bool| {
            while !done() && since.elapsed() < ROUND_MAX && !workers.iter().any(thread::ScopedJoinHandle::is_finished) {
                thread::sleep(Duration::from_millis(1));
            }
        };
        // Joining the group and running dry are not what is measured: the window opens when every worker
        // has committed since it last joined, and closes before the first can run out of records.
        let most = count - count / 5;
        wait(&|| counter.at_work.load(Ordering::Relaxed) == workers.len() || committed() >= most);
        let (before, meter) = (committed(), Meter::start());
        wait(&|| committed() >= most);
        let (records, reading) = (committed() - before, meter.read());
        shutdown.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().map_err(|_| anyhow!("a worker panicked"))??;
        }
        match records {
            0 => Err(anyhow!("too few records to measure in {ROUND_MAX:?}: {} committed of {count}", committed())),
            records => Ok(Round { records: records as f64, reading }),
        }
    })
}

#[derive(Default)]
struct Counter {
    /// Workers that have committed since they last joined the group.
    at_work: AtomicUsize,
    /// Records committed.
    committed: AtomicU64,
}

/// A stage that is watched.
struct Counted<S> {
    stage: S,
    counter: Arc<Counter>,
    /// Records of the batch in the making.
    records: u64,
    /// Whether this worker has committed since it last joined.
    at_work: bool,
}

impl<S: Stage> Stage for Counted<S> {
    fn name(&self) -> &'static str {
        self.stage.name()
    }

    fn inputs(&self) -> Vec<String> {
        self.stage.inputs()
    }

    fn assigned(&mut self, partitions: &[Assigned]) -> Result<(), StageError> {
        self.stage.assigned(partitions)
    }

    fn revoked(&mut self) {
        if std::mem::take(&mut self.at_work) {
            self.counter.at_work.fetch_sub(1, Ordering::Relaxed);
        }
        self.stage.revoked();
    }

    fn record(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError> {
        self.records += 1;
        self.stage.record(message, output)
    }

    fn committed(&mut self, positions: &Positions) -> Result<(), StageError> {
        self.counter.committed.fetch_add(std::mem::take(&mut self.records), Ordering::Relaxed);
        if !std::mem::replace(&mut self.at_work, true) {
            self.counter.at_work.fetch_add(1, Ordering::Relaxed);
        }
        self.stage.committed(positions)
    }

    fn aborted(&mut self) {
        self.records = 0;
        self.stage.aborted();
    }
}

/// librdkafka alone: each record goes out as it came in.
struct Copy {
    input: String,
    output: String,
}

impl Stage for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn inputs(&self) -> Vec<String> {
        vec![self.input.clone()]
    }

    fn assigned(&mut self, _partitions: &[Assigned]) -> Result<(), StageError> {
        Ok(())
    }

    fn revoked(&mut self) {}

    fn record(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError> {
        let record = BaseRecord::to(&self.output)
            .key(message.key().unwrap_or_default())
            .payload(message.payload().unwrap_or_default());
        Ok(output.send(record)?)
    }

    fn committed(&mut self, _positions: &Positions) -> Result<(), StageError> {
        Ok(())
    }

    fn aborted(&mut self) {}
}
