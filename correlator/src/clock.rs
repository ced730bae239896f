//! A tenant's time: the newest event, and the watermark up to which its sources have told their part.
//!
//! Sources deliver at their own pace: one is seconds old, another hours, and after an outage or in a rebuild one
//! is a day ahead of the rest. So the watermark is the least of what the *active* sources have reached, and never
//! goes back. It decides what must not happen too early: that an incident is quiet, that a signal is late, that
//! state is old. Coalesced revisions go by the newest event instead, since telling early what is known harms
//! nobody.
//!
//! A source is idle once the tenant has had `source_idle_signals` signals since its last one; counting signals
//! rather than seconds needs no wall clock, so a replay of the same log decides alike. Whatever a source does, it
//! holds the watermark back by no more than `source_lag_secs`, so that a tenant of few signals closes its
//! incidents. Sources beyond [`SOURCES_MAX`] are taken for one.

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::link::millis;
use crate::state::TenantRow;

/// Sources with a clock of their own.
const SOURCES_MAX: usize = 64;
/// What the clock of all further ones is called.
const OTHERS: &str = "";

/// What one source has told: its name, its newest event, and the tenant's count of signals then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceClock(String, Timestamp, u64);

impl TenantRow {
    /// Takes note of an event of a source.
    pub fn advance(&mut self, source: &str, time: Timestamp, config: &Config) {
        self.signals += 1;
        self.newest = self.newest.max(time);
        let known = self.sources.iter().position(|clock| clock.0 == source);
        let others = self.sources.iter().position(|clock| clock.0 == OTHERS);
        match known.or(others.filter(|_| self.sources.len() >= SOURCES_MAX)).and_then(|at| self.sources.get_mut(at)) {
            Some(clock) => (clock.1, clock.2) = (clock.1.max(time), self.signals),
            None => {
                let name = if self.sources.len() + 1 < SOURCES_MAX { source } else { OTHERS };
                self.sources.push(SourceClock(name.to_owned(), time, self.signals));
            }
        }
        let active = |clock: &&SourceClock| self.signals - clock.2 <= u64::from(config.source_idle_signals);
        let least = self.sources.iter().filter(active).map(|clock| clock.1).min().unwrap_or(self.newest);
        let held_back = self.newest.saturating_add_millis(millis(config.source_lag_secs).saturating_neg());
        self.watermark = self.watermark.max(least.max(held_back));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).expect("a time")
    }

    fn config() -> Config {
        Config { source_idle_signals: 3, source_lag_secs: 24 * 3_600, ..Config::default() }
    }

    #[test]
    fn the_slowest_active_source_holds_the_watermark_back_for_a_while() {
        let mut clock = TenantRow::default();
        let mut told = Vec::new();
        for (source, hours) in [("a", 10), ("b", 1), ("a", 12), ("b", 2), ("a", 13), ("a", 14), ("a", 15), ("a", 16)] {
            clock.advance(source, at(100 * HOUR + hours * HOUR), &config());
            told.push(clock.watermark.millis() / HOUR - 100);
        }
        // The first one alone is all there is; then `b` lags behind what is told already, until it is idle.
        assert_eq!(told, [10, 10, 10, 10, 10, 10, 10, 16]);
        assert_eq!(clock.newest, at(116 * HOUR));
        clock.advance("b", at(103 * HOUR), &config());
        assert_eq!(clock.watermark, at(116 * HOUR), "it never goes back");
        clock.advance("a", at(200 * HOUR), &config());
        assert_eq!(clock.watermark, at(176 * HOUR), "nobody holds it back by more than a day");
    }

    #[test]
    fn sources_without_end_are_one() {
        let mut clock = TenantRow::default();
        for number in 0..1_000 {
            clock.advance(&format!("source-{number}"), at(number), &config());
        }
        assert_eq!((clock.sources.len(), clock.newest), (SOURCES_MAX, at(999)));
        clock.advance("source-0", Timestamp::MAX, &config());
        clock.advance("source-0", at(0), &config());
        assert_eq!((clock.sources.len(), clock.newest), (SOURCES_MAX, Timestamp::MAX));
    }
}
