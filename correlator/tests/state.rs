//! State: what is committed, what is not, and that the store makes no difference.

#![cfg(test)]

mod common;

use std::path::Path;

use common::{Dice, HOUR, check_revisions, open, signal};
use correlator::store::Store;
use correlator::{Config, Correlator, MapStore, RocksConfig, RocksStore, StoreError};
use schemas::{Entity, EntityKind, Incident, Signal, SignalKind, TenantId};

fn open_rocks(path: &Path) -> Result<RocksStore, StoreError> {
    // Small enough that rows are read from files as well.
    let config = RocksConfig { block_cache_bytes: 20_000, write_buffers_bytes: 256 << 10, ..RocksConfig::default() };
    RocksStore::open(path, config)
}

/// A few hundred signals of three sources over ten days, so that incidents merge, close and expire; users have
/// two names, by either or both.
fn stream(seed: u64) -> Vec<Signal> {
    let mut dice = Dice(seed);
    (0..600)
        .map(|at| {
            let kind = [SignalKind::AiAlert, SignalKind::Alert, SignalKind::Context][dice.below(3) as usize];
            let jitter = dice.below(12) as i64 * HOUR;
            let user = dice.below(40);
            let names = [format!("user{user}@contoso.example"), format!("s-1-5-21-1-1-1-{user}")];
            let names = [&names[..1], &names[1..], &names[..]][dice.below(3) as usize].iter().map(String::as_str);
            let device = format!("device{}", dice.below(40));
            let time = at * HOUR * 2 / 5 + jitter;
            let mut made = signal(&format!("s{at}"), kind, time, &[(EntityKind::Device, &device)]);
            made.entities.extend(Entity::new(EntityKind::User, names));
            made.product = ["weir", "okta", "windows"][dice.below(3) as usize].to_owned();
            made
        })
        .collect()
}

/// Processes with a commit every `every` signals.
fn feed<S: Store>(correlator: &mut Correlator<S>, signals: &[Signal], every: usize) -> Vec<Incident> {
    let mut revisions = Vec::new();
    for (at, signal) in signals.iter().enumerate() {
        revisions.extend(correlator.process(signal.clone()).expect("process"));
        if (at + 1) % every == 0 {
            correlator.commit(&(at + 1).to_be_bytes()).expect("commit");
        }
    }
    revisions
}

#[test]
fn a_map_and_rocksdb_give_the_same_revisions() {
    for seed in 0..3 {
        let directory = tempfile::tempdir().expect("a directory");
        let signals = stream(seed);
        let mut map = Correlator::new(Config::default(), MapStore::default());
        let mut rocks = Correlator::new(Config::default(), open_rocks(directory.path()).expect("a store"));
        let expected = feed(&mut map, &signals, 7);
        assert_eq!(feed(&mut rocks, &signals, 50), expected);
        assert!(expected.iter().any(|i| i.merged_into.is_some()), "no merge");
        let stats = map.stats();
        assert!(stats.incidents_closed > 0 && stats.expired > 0 && stats.aliases > 10, "{stats:?}");
        check_revisions(&expected);
    }
}

/// What one tenant sees does not depend on who else is there, nor on how their signals lie among each other.
#[test]
fn tenants_do_not_show_in_each_other() {
    let of = |tenant: &str, seed| -> Vec<Signal> {
        stream(seed).into_iter().map(|s| Signal { tenant: TenantId::from(tenant), ..s }).collect()
    };
    let (ours, theirs) = (of("ours", 21), of("theirs", 22));
    let mut both: Vec<Signal> = Vec::new();
    let (mut dice, mut left) = (Dice(5), [ours.as_slice(), theirs.as_slice()]);
    while left.iter().any(|rest| !rest.is_empty()) {
        if let Some((first, rest)) = left[dice.below(2) as usize].split_first() {
            both.push(first.clone());
            *left.iter_mut().find(|left| left.first() == Some(first)).expect("one of both") = rest;
        }
    }
    let alone = |signals: &[Signal]| feed(&mut Correlator::new(Config::default(), MapStore::default()), signals, 9);
    let together = alone(&both);
    for (tenant, signals) in [("ours", &ours), ("theirs", &theirs)] {
        let seen: Vec<Incident> = together.iter().filter(|i| i.tenant.as_str() == tenant).cloned().collect();
        assert_eq!(seen, alone(signals));
    }
}

#[test]
fn a_rollback_or_a_crash_leaves_no_trace() {
    let directory = tempfile::tempdir().expect("a directory");
    let signals = stream(9);
    let mut undisturbed = Correlator::new(Config::default(), MapStore::default());
    let expected = feed(&mut undisturbed, &signals, 10);
    let mut committed = Vec::new();
    let mut next = 0;
    let mut dice = Dice(4);
    while next < signals.len() {
        let mut correlator = Correlator::new(Config::default(), open_rocks(directory.path()).expect("a store"));
        let position = correlator.position().expect("position").map(|bytes| bytes.len());
        assert_eq!(position, (next > 0).then_some(next), "the position is that of the state");
        for _ in 0..4 {
            let end = (next + 1 + dice.below(20) as usize).min(signals.len());
            let revisions: Vec<Incident> =
                signals[next..end].iter().flat_map(|s| correlator.process(s.clone()).expect("process")).collect();
            if dice.below(3) == 0 {
                correlator.rollback();
                let position = correlator.position().expect("position").map(|bytes| bytes.len());
                assert_eq!(position, (next > 0).then_some(next), "nothing of the batch is left");
                continue;
            }
            correlator.commit(&vec![1; end]).expect("commit");
            committed.extend(revisions);
            next = end;
        }
        // Dropped with a batch under way, as in a crash.
        if let Some(signal) = signals.get(next) {
            correlator.process(signal.clone()).expect("process");
        }
    }
    assert_eq!(committed, expected);
    assert_eq!(open(&committed).len(), open(&expected).len());
}

#[test]
fn a_directory_that_is_not_ours_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("notes.txt"), "mine").expect("write");
    let refused = open_rocks(directory.path()).err().expect("refused");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");

    let directory = tempfile::tempdir().expect("a directory");
    let foreign = rocksdb::DB::open_default(directory.path()).expect("a database");
    foreign.put(b"theirs", b"1").expect("put");
    drop(foreign);
    let refused = open_rocks(directory.path()).err().expect("refused");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
}

#[test]
fn a_damaged_directory_gives_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(open_rocks(directory.path()).expect("a store"));
    std::fs::write(directory.path().join("CURRENT"), "MANIFEST-999999\n").expect("write");
    let refused = open_rocks(directory.path()).err().expect("refused");
    assert!(matches!(refused, StoreError::Open { .. }), "{refused}");
    assert!(refused.to_string().contains(&directory.path().display().to_string()), "{refused}");
}
