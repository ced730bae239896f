//! `weir demo`: the whole system on this machine with nothing else installed.
//!
//! The broker is librdkafka's mock cluster, in this process and in memory. It has no transactions and
//! keeps 5 MiB a partition, so the demo is at-least-once; `--brokers` runs the same on a real Kafka,
//! exactly once. Everything else is the product: the same stages, the same detectors, the same correlator.

mod screen;
mod stage_set;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use schemas::Timestamp;
use serde_json::Value;

use self::screen::Screen;
use self::stage_set::StageSet;
use super::run::run_until;
use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::kafka::plain::produce;
use crate::shutdown;
use crate::simulation::people::APPLICATIONS;
use crate::simulation::story::story;
use crate::simulation::traffic::{Traffic, people};
use crate::simulation::{Record, Stream};

/// What the demo's people do follows from this.
const SEED: u64 = 20_260_501;
/// Interactions a second.
const RATE: u32 = 200;
/// Pause between the parts of the story, for people to follow it.
const STORY_STEP: Duration = Duration::from_millis(1500);
/// Traffic before the story begins.
const PRELUDE: Duration = Duration::from_secs(3);
/// The story is told within this time, or something is broken.
const DEADLINE: Duration = Duration::from_secs(28);
/// How far in the past the story starts, so that its last part lies before now.
const STORY_SPAN_MS: i64 = 15 * 60 * 1000;

/// Runs the command.
///
/// # Errors
/// When the broker cannot be used, or the incident does not come together in time.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    let shutdown = shutdown::on_signals()?;
    let (set, _broker) = StageSet::build(args.brokers.as_deref())?;
    let mut screen = Screen::new();
    screen.line(&format!("Weir on {}", set.describe()));
    let produced = AtomicU64::new(0);
    let result = thread::scope(|scope| {
        let stages = scope.spawn(|| run_until(&set.stages, &shutdown));
        let traffic = scope.spawn(|| {
            let result = applications(&set, &produced, &shutdown, args.follow);
            if result.is_err() {
                shutdown::now(&shutdown);
            }
            result
        });
        let told = watch(&set, &produced, &shutdown, args.follow, &mut screen);
        shutdown::now(&shutdown);
        let join =
            |result: thread::Result<anyhow::Result<()>>| result.unwrap_or_else(|_| Err(anyhow!("a thread panicked")));
        join(traffic.join()).and(join(stages.join())).and(told)
    });
    set.clean_up(args.follow);
    Ok(result?)
}

/// The applications at work: traffic at a steady rate, the story in between.
fn applications(set: &StageSet, produced: &AtomicU64, shutdown: &Arc<AtomicBool>, follow: bool) -> anyhow::Result<()> {
    let producer: BaseProducer = set.stages.client().clone().without_transactions().producer("").create()?;
    let start = now().saturating_add_millis(-STORY_SPAN_MS);
    let mut rng = fastrand::Rng::with_seed(SEED);
    let victim = people(&mut rng).into_iter().next().context("nobody works here")?;
    let agent = APPLICATIONS.iter().find(|application| application.name == "research-agent").context("no agent")?;
    let mut parts = story(&mut rng, &victim, agent, start).into_iter();
    let began = Instant::now();
    let mut traffic = Traffic::new(SEED, start, RATE);
    let mut next_part = PRELUDE;
    let mut sent = 0_u32;
    while !shutdown::requested(shutdown) {
        if began.elapsed() >= next_part {
            match parts.next() {
                Some(part) => send(set, &producer, &part, produced)?,
                None if !follow => break,
                None => {}
            }
            next_part += STORY_STEP;
        }
        thread::sleep((Duration::from_secs(1) * sent / RATE).saturating_sub(began.elapsed()));
        if let Some(record) = traffic.next() {
            sent += u32::from(record.stream == Stream::Ai);
            send(set, &producer, &record, produced)?;
        }
    }
    producer.flush(Duration::from_secs(5))?;
    Ok(())
}

fn send(set: &StageSet, producer: &BaseProducer, record: &Record, produced: &AtomicU64) -> anyhow::Result<()> {
    produce(producer, &set.input(record.stream), record.body.as_bytes())?;
    produced.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn now() -> Timestamp {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .and_then(Timestamp::from_millis)
        .unwrap_or_default()
}

/// What a SIEM would do: reads incidents and shows how they grow, until the story is whole.
fn watch(
    set: &StageSet,
    produced: &AtomicU64,
    shutdown: &Arc<AtomicBool>,
    follow: bool,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    let consumer = set.consumer()?;
    let began = Instant::now();
    let mut told = None;
    while !shutdown::requested(shutdown) {
        screen.throughput(produced.load(Ordering::Relaxed), began.elapsed());
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(error)) => return Err(error).context("cannot read incidents"),
            Some(Ok(message)) => {
                let incident: Value = serde_json::from_slice(message.payload().unwrap_or_default())?;
                screen.incident(&incident);
                if groups(&incident).len() >= 4 {
                    told = Some(incident);
                }
            }
        }
        if !follow {
            if let Some(incident) = &told {
                screen.story(incident);
                return Ok(());
            }
            if began.elapsed() > DEADLINE {
                return Err(anyhow!("the incident did not come together within {DEADLINE:?}"));
            }
        } else if let Some(incident) = told.take() {
            screen.story(&incident);
        }
    }
    Ok(())
}

/// The parts of the estate that an incident's members come from.
fn groups(incident: &Value) -> std::collections::BTreeSet<String> {
    let members = incident.get("finding_info_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    members.iter().filter_map(|member| screen::text(member, &["data_sources", "0"])).map(str::to_owned).collect()
}

impl StageSet {
    /// A reader of every incident from the first on.
    fn consumer(&self) -> anyhow::Result<BaseConsumer> {
        let mut config = self.stages.client().reader();
        config.set("group.id", "weir.demo").set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer = config.create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions() {
            list.add_partition_offset(&self.incidents(), partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        Ok(consumer)
    }
}
