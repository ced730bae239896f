//! What signals cost, in looks into the store: a count, since a clock says more about the machine.
//! `weir bench correlate` has the clock.

#![cfg(test)]

mod common;

use common::counting::Counting;
use common::signal;
use correlator::{Config, Correlator};
use schemas::EntityKind::{ApiKey, Device, User};
use schemas::SignalKind::{AiAlert, Context};
use schemas::{EntityKind, SignalKind};

const PER_COMMIT: u64 = 100;

/// Feeds what `of` says about each of `count` signals and says how many rows were looked at, and how often the
/// store was asked, in each of ten parts of the run.
fn looks(count: u64, of: impl Fn(u64) -> (SignalKind, Vec<(EntityKind, String)>)) -> Vec<(u64, u64)> {
    let mut correlator = Correlator::new(Config::default(), Counting::default());
    let mut parts = Vec::new();
    let mut before = (0, 0);
    for at in 0..count {
        let (kind, entities) = of(at);
        let entities: Vec<(EntityKind, &str)> = entities.iter().map(|(kind, id)| (*kind, id.as_str())).collect();
        let uid = format!("00000000-0000-5000-8000-{at:012x}");
        correlator.process(signal(&uid, kind, at as i64 * 100, &entities)).expect("process");
        if (at + 1) % PER_COMMIT == 0 {
            correlator.commit(&at.to_be_bytes()).expect("commit");
        }
        if (at + 1) % (count / 10) == 0 {
            let now = (correlator.store().rows(), correlator.store().asked());
            parts.push((now.0 - before.0, now.1 - before.1));
            before = now;
        }
    }
    parts
}

/// A tenant whose every signal has one entity in common stays linear: late signals cost what early ones did.
#[test]
fn a_hub_of_everything_costs_no_more_as_it_grows() {
    for hub in [ApiKey, Device, User] {
        let parts = looks(20_000, |at| {
            let kind = if at.is_multiple_of(100) { AiAlert } else { Context };
            let own = if hub == User { Device } else { User };
            (kind, vec![(hub, "the-one".to_owned()), (own, format!("own-{}", at % 5_000))])
        });
        let (early, late) = (parts[2], parts[9]);
        assert!(late.0 < early.0 * 2 && late.1 < early.1 * 2, "{hub:?}: {parts:?}");
        assert!(late.0 < 2_000 * 64, "{hub:?}: {parts:?}");
    }
}

/// Context that nobody is linked to asks whether it is new, and for one signal in 256 what its keys had before;
/// once for each name, in the first part, whether it has others.
#[test]
fn context_that_links_to_nothing_asks_once() {
    let parts =
        looks(20_000, |at| (Context, vec![(User, format!("u{}", at % 500)), (Device, format!("d{}", at % 500))]));
    for (rows, asked) in parts.into_iter().skip(1) {
        assert!(asked < 2_000 * 5 / 4 && rows < 2_000 * 3, "{rows} rows, asked {asked} times for 2,000 signals");
    }
}
