//! The correlator on a real RocksDB: signals in, incident revisions out, a commit every few thousand.
//!
//! Before the clock runs every entity is seen once, so that all of them are live while it does. Two rounds: in
//! the first, users share nothing; in the second, every signal of the tenant has one API key in common.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use correlator::store::Traffic;
use correlator::{Correlator, RocksConfig, RocksStore};
use fastrand::Rng;
use schemas::{Entity, EntityKind, Group, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp};

use super::meter::{Meter, peak_rss_mib, resident_mib, thread_cpu};

/// A user, a device and an address each; the user has two identifiers.
const ENTITIES_PER_USER: u64 = 3;
const ALERTS_PERCENT: u32 = 1;
const SIGNALS_PER_COMMIT: u64 = 2_000;
const START_MILLIS: i64 = 1_777_600_000_000;
/// The event time that a round spans: within the window of every kind of entity but an address.
const ROUND_MILLIS: u64 = 12 * 3_600_000;
const SEED: u64 = 1;
const SHARED_KEY: &str = "key-of-all";

/// Runs the benchmark over `count` signals while `entities` are live; writes the signals of the first round to
/// `listed`.
///
/// # Errors
/// When the store cannot be used, or the file.
pub fn run(count: u64, entities: u64, listed: Option<&Path>) -> anyhow::Result<()> {
    println!(
        "method   {count} signals of random users while {entities} entities are live (a user with a device and an \
         address each, all seen once before, which is not counted), {ALERTS_PERCENT} % AI alerts, RocksDB on disk, \
         a commit every {SIGNALS_PER_COMMIT}, one thread and the store's own"
    );
    let users = (entities / ENTITIES_PER_USER).max(1);
    if let Some(path) = listed {
        let world = World { users, count, shared: None };
        list(&world, path).with_context(|| format!("cannot write the signals to {}", path.display()))?;
    }
    for shared in [None, Some(SHARED_KEY)] {
        round(&World { users, count, shared })?;
    }
    println!("peak RSS {:.0} MiB", peak_rss_mib());
    Ok(())
}

/// Writes what is processed in a round, what comes before the clock runs first.
fn list(world: &World, path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut rng = Rng::with_seed(SEED);
    for number in 0..world.users + world.count {
        let signal = world.signal(&mut rng, number);
        let of = |kind| signal.entities.iter().find(|entity| entity.kind == kind).and_then(|entity| entity.ids.first());
        let line = serde_json::json!({
            "time": signal.time.millis(),
            "timed": number >= world.users,
            "title": signal.title,
            "user": of(EntityKind::User),
            "device": of(EntityKind::Device),
            "ip": of(EntityKind::Ip),
        });
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}

fn round(world: &World) -> anyhow::Result<()> {
    let directory = tempfile::tempdir().context("cannot create a directory for the state")?;
    let store = RocksStore::open(directory.path(), RocksConfig::default())?;
    let mut correlator = Correlator::new(correlator::Config::default(), store);
    let mut rng = Rng::with_seed(SEED);
    feed(&mut correlator, world, &mut rng, 0..world.users)?;
    let before = correlator.store().traffic();
    let meter = Meter::start();
    let spent = feed(&mut correlator, world, &mut rng, world.users..world.users + world.count)?;
    let busy = meter.read().cpu.saturating_sub(spent.making);
    let each = |time: Duration| time.as_secs_f64() / world.count as f64 * 1e6;
    println!(
        "{:<24} {:>9.0} signals/CPU-s  {:>6.1} µs each  {} revisions  {:.0} MiB resident",
        if world.shared.is_some() { "one key in all signals" } else { "nothing shared" },
        world.count as f64 / busy.as_secs_f64(),
        each(busy),
        spent.revisions,
        resident_mib(),
    );
    println!(
        "{:<24} {:.1} µs to process, {:.1} µs to commit, {:.1} µs in the store's threads",
        "",
        each(spent.processing),
        each(spent.committing),
        each(busy.saturating_sub(spent.processing + spent.committing)),
    );
    print_traffic(before, correlator.store().traffic(), world.count);
    Ok(())
}

fn print_traffic(before: Traffic, after: Traffic, count: u64) {
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / count as f64;
    println!(
        "{:<24} {:.2} rows of {:.0} bytes written, {:.2} times asked, {:.2} rows of {:.0} bytes read, each",
        "",
        each(before.rows_written, after.rows_written),
        each(before.bytes_written, after.bytes_written),
        each(before.asked, after.asked),
        each(before.rows_read, after.rows_read),
        each(before.bytes_read, after.bytes_read),
    );
}

/// What came out of signals, and the CPU time of this thread that went into them.
#[derive(Default)]
struct Spent {
    revisions: u64,
    making: Duration,
    processing: Duration,
    committing: Duration,
}

/// Makes and processes the signals with these numbers.
fn feed(
    correlator: &mut Correlator<RocksStore>,
    world: &World,
    rng: &mut Rng,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<Spent> {
    let mut spent = Spent::default();
    let mut last = thread_cpu();
    let mut lap = || {
        let now = thread_cpu();
        now.saturating_sub(std::mem::replace(&mut last, now))
    };
    for from in numbers.clone().step_by(SIGNALS_PER_COMMIT as usize) {
        let to = numbers.end.min(from + SIGNALS_PER_COMMIT);
        let batch: Vec<Signal> = (from..to).map(|number| world.signal(rng, number)).collect();
        spent.making += lap();
        for signal in batch {
            spent.revisions += correlator.process(signal)?.len() as u64;
        }
        spent.processing += lap();
        correlator.commit(&to.to_be_bytes())?;
        spent.committing += lap();
    }
    Ok(spent)
}

/// Whose signals come, how many, and what they have in common.
struct World {
    users: u64,
    count: u64,
    shared: Option<&'static str>,
}

impl World {
    /// Each user once, in order, then random ones.
    fn signal(&self, rng: &mut Rng, number: u64) -> Signal {
        let user = if number < self.users { number } else { rng.u64(..self.users) };
        let alert = rng.u32(..100) < ALERTS_PERCENT;
        let tenant = TenantId::default();
        let native_id = format!("record-{number}");
        let millis = START_MILLIS + (number * ROUND_MILLIS / (self.users + self.count)) as i64;
        let upn = format!("user{user}@contoso.example");
        let address = format!("10.{}.{}.{}", user >> 16 & 255, user >> 8 & 255, user & 255);
        let entities = [
            Entity::new(EntityKind::User, [upn.as_str(), format!("oid-{user:08}").as_str()]),
            Entity::new(EntityKind::Device, [format!("ws-{user}").as_str()]),
            Entity::new(EntityKind::Ip, [address.as_str()]),
            self.shared.and_then(|key| Entity::new(EntityKind::ApiKey, [key])),
        ];
        Signal {
            uid: SignalUid::derive(&tenant, "bench", &native_id),
            native_id,
            tenant,
            time: Timestamp::from_millis(millis).unwrap_or_default(),
            group: if alert { Group::Ai } else { Group::Identity },
            product: "bench".to_owned(),
            kind: if alert { SignalKind::AiAlert } else { SignalKind::Context },
            title: if alert { "Jailbreak attempt" } else { "Sign-in" }.to_owned(),
            severity: if alert { Severity::High } else { Severity::Informational },
            category: alert.then_some(schemas::Category::Jailbreak),
            techniques: Vec::new(),
            entities: entities.into_iter().flatten().collect(),
            flags: Vec::new(),
            facts: schemas::Facts::default(),
        }
    }
}
