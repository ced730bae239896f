//! The correlator on a real RocksDB: signals in, incident revisions out, a commit every few thousand.

use std::time::Duration;

use anyhow::Context as _;
use correlator::{Correlator, RocksConfig, RocksStore};
use fastrand::Rng;
use schemas::{Entity, EntityKind, Group, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp};

use super::meter::{Meter, peak_rss_mib};

const USERS: u64 = 20_000;
const ALERTS_PERCENT: u32 = 1;
const SIGNALS_PER_COMMIT: usize = 2_000;
const START_MILLIS: i64 = 1_777_600_000_000;
/// Mean distance of two signals in event time.
const STEP_MILLIS: i64 = 100;

/// Runs the benchmark over `count` signals.
///
/// # Errors
/// When the store cannot be used.
pub fn run(count: u64) -> anyhow::Result<()> {
    println!(
        "method   {count} signals of {USERS} users with a device and an address each, {ALERTS_PERCENT} % AI alerts, \
         RocksDB on disk, a commit every {SIGNALS_PER_COMMIT}, one thread"
    );
    let directory = tempfile::tempdir().context("cannot create a directory for the state")?;
    let mut correlator =
        Correlator::new(correlator::Config::default(), RocksStore::open(directory.path(), RocksConfig::default())?);
    let mut rng = Rng::with_seed(1);
    let (mut revisions, mut busy) = (0_u64, Duration::ZERO);
    let meter = Meter::start();
    let mut made = Duration::ZERO;
    for number in 0..count {
        let making = Meter::start();
        let signal = signal(&mut rng, number);
        made += making.read().wall;
        revisions += correlator.process(signal)?.len() as u64;
        if (number as usize + 1).is_multiple_of(SIGNALS_PER_COMMIT) {
            correlator.commit(&number.to_be_bytes())?;
        }
    }
    busy += meter.read().cpu.saturating_sub(made);
    println!(
        "correlate      {:>9.0} signals/CPU-s  {:>6.1} µs each  {revisions} revisions  {:.0} signals/s of wall time",
        count as f64 / busy.as_secs_f64(),
        busy.as_secs_f64() / count as f64 * 1e6,
        count as f64 / meter.read().wall.as_secs_f64(),
    );
    println!("peak RSS {:.0} MiB", peak_rss_mib());
    Ok(())
}

fn signal(rng: &mut Rng, number: u64) -> Signal {
    let user = rng.u64(..USERS);
    let alert = rng.u32(..100) < ALERTS_PERCENT;
    let tenant = TenantId::default();
    let native_id = format!("record-{number}");
    let millis = START_MILLIS + number as i64 * STEP_MILLIS;
    let entities = [
        Entity::new(
            EntityKind::User,
            [format!("user{user}@contoso.example").as_str(), format!("oid-{user:08}").as_str()],
        ),
        Entity::new(EntityKind::Device, [format!("ws-{user}").as_str()]),
        Entity::new(EntityKind::Ip, [format!("10.{}.{}.{}", user >> 16, (user >> 8) & 255, user & 255).as_str()]),
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
        severity: if alert { Severity::Medium } else { Severity::Informational },
        category: alert.then_some(schemas::Category::Jailbreak),
        techniques: Vec::new(),
        entities: entities.into_iter().flatten().collect(),
        flags: Vec::new(),
        facts: schemas::Facts::default(),
    }
}
