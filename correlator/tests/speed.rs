//! How fast the correlator is; run by hand: `cargo test -p correlator --test speed -- --ignored --nocapture`.

#![cfg(test)]

mod common;

use std::time::Instant;

use common::{Dice, signal};
use correlator::{Config, Correlator, RocksConfig, RocksStore};
use schemas::{EntityKind, Signal, SignalKind};

const SIGNALS: u64 = 200_000;
const USERS: u64 = 20_000;
const COMMIT_EVERY: u64 = 1_000;

/// Sign-ins and endpoint records of 20,000 users over a day; one in a hundred is an AI alert.
fn stream(dice: &mut Dice, at: u64) -> Signal {
    let user = dice.below(USERS);
    let kind = match dice.below(1_000) {
        0..10 => SignalKind::AiAlert,
        10..20 => SignalKind::Alert,
        _ => SignalKind::Context,
    };
    let day = 24 * common::HOUR as u64;
    let name = format!("user{user}@contoso.example");
    let address = format!("203.0.{}.{}", user % 16, user % 200);
    let device = format!("laptop-{user}");
    let application = format!("chat-{}", user % 5);
    let entities: &[(EntityKind, &str)] = match kind {
        SignalKind::AiAlert => &[
            (EntityKind::User, &name),
            (EntityKind::Ip, &address),
            (EntityKind::Application, &application),
            (EntityKind::Model, "gpt"),
        ],
        _ if at.is_multiple_of(2) => {
            &[(EntityKind::User, &name), (EntityKind::Ip, &address), (EntityKind::Application, "mail")]
        }
        _ => &[
            (EntityKind::User, &name),
            (EntityKind::Device, &device),
            (EntityKind::Process, "c:\\windows\\explorer.exe"),
        ],
    };
    let uid = format!("00000000-0000-5000-8000-{at:012x}");
    signal(&uid, kind, (at * day / SIGNALS) as i64, entities)
}

/// CPU time of this process, all threads, in microseconds.
fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) * 10_000
}

#[test]
#[ignore = "a measurement, not a check"]
fn signals_a_second() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = RocksStore::open(directory.path(), RocksConfig::default()).expect("a store");
    let mut correlator = Correlator::new(Config::default(), store);
    let mut dice = Dice(1);
    let signals: Vec<Signal> = (0..SIGNALS).map(|at| stream(&mut dice, at)).collect();
    let (start, cpu) = (Instant::now(), cpu_micros());
    let (mut revisions, mut commit) = (0, std::time::Duration::ZERO);
    for (at, signal) in signals.into_iter().enumerate() {
        revisions += correlator.process(signal).expect("process").len();
        if (at as u64 + 1).is_multiple_of(COMMIT_EVERY) {
            let start = Instant::now();
            correlator.commit(&at.to_be_bytes()).expect("commit");
            commit += start.elapsed();
        }
    }
    let (wall, cpu) = (start.elapsed(), cpu_micros() - cpu);
    println!(
        "{:.0} signals/s wall, {:.1} us CPU a signal (all threads), commit {:.1} us wall a signal, {revisions} revisions, {:?}",
        SIGNALS as f64 / wall.as_secs_f64(),
        cpu as f64 / SIGNALS as f64,
        commit.as_micros() as f64 / SIGNALS as f64,
        correlator.stats()
    );
}
