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
//! incidents. Sources beyond `sources_max` are taken for one.
//!
//! Rules cannot wait for a day, and who says nothing has mostly nothing to say: an endpoint product that raised one
//! alert is not behind. So they have a time of their own, up to which what happened is *decidable*: each active source
//! holds it back by no more than it was seen to *lag*, and `source_idle_secs` more. Its lag is how far its events came
//! behind the newest one, the largest of the last two `source_lag_secs`. The first batch of a source that comes a day
//! late finds that rules went on without it; the next ones are waited for.

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::link::millis;
use crate::state::TenantRow;

/// What the clock of all further ones is called.
const OTHERS: &str = "";

/// What one source has told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceClock {
    name: String,
    /// Its newest event.
    newest: Timestamp,
    /// The tenant's count of signals when it came.
    signals: u64,
    /// How far its events came behind the tenant's newest one, in milliseconds.
    lag: i64,
    /// The tenant's newest event when they did.
    lagged: Timestamp,
}

impl SourceClock {
    fn hear(&mut self, time: Timestamp, tenant: &TenantRow, lag_max: i64) {
        (self.newest, self.signals) = (self.newest.max(time), tenant.signals);
        let lag = tenant.newest.millis().saturating_sub(time.millis()).clamp(0, lag_max);
        let forgotten = self.lagged.saturating_add_millis(lag_max.saturating_mul(2)) < tenant.newest;
        if lag >= self.lag || forgotten {
            (self.lag, self.lagged) = (lag, tenant.newest);
        }
    }

    /// Up to when it has told its part.
    fn reached(&self, newest: Timestamp, idle: i64) -> Timestamp {
        let behind = self.lag.saturating_add(idle);
        self.newest.max(newest.saturating_add_millis(behind.saturating_neg()))
    }
}

impl TenantRow {
    /// Takes note of an event of a source.
    pub fn advance(&mut self, source: &str, time: Timestamp, config: &Config) {
        self.signals += 1;
        self.newest = self.newest.max(time);
        let lag_max = millis(config.source_lag_secs);
        let mut sources = std::mem::take(&mut self.sources);
        let known = sources.iter().position(|clock| clock.name == source);
        let others = sources.iter().position(|clock| clock.name == OTHERS);
        match known.or(others.filter(|_| sources.len() >= config.sources_max)).and_then(|at| sources.get_mut(at)) {
            Some(clock) => clock.hear(time, self, lag_max),
            None => {
                let name = if sources.len() + 1 < config.sources_max { source } else { OTHERS };
                let (lag, lagged) = (0, self.newest);
                let mut clock = SourceClock { name: name.to_owned(), newest: time, signals: self.signals, lag, lagged };
                clock.hear(time, self, lag_max);
                sources.push(clock);
            }
        }
        let active = |clock: &&SourceClock| self.signals - clock.signals <= u64::from(config.source_idle_signals);
        let active = sources.iter().filter(active);
        let (newest, idle) = (self.newest, millis(config.source_idle_secs));
        let held_back = newest.saturating_add_millis(lag_max.saturating_neg());
        let least = active.clone().map(|clock| clock.newest).min().unwrap_or(newest);
        self.watermark = self.watermark.max(least.max(held_back));
        let reached = active.map(|clock| clock.reached(newest, idle)).min().unwrap_or(newest);
        self.decidable = self.decidable.max(reached.max(held_back));
        self.sources = sources;
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

    /// Whoever said one thing and fell silent is not behind.
    #[test]
    fn a_source_that_is_silent_is_waited_for_as_long_as_it_ever_lagged() {
        let mut clock = TenantRow::default();
        clock.advance("edr", at(100 * HOUR), &config());
        clock.advance("ai", at(102 * HOUR), &config());
        assert_eq!(clock.decidable, at(102 * HOUR - 1_800_000));
        clock.advance("export", at(100 * HOUR), &config());
        let mut told = Vec::new();
        for hour in [103, 120, 170] {
            clock.advance("ai", at(hour * HOUR), &config());
            clock.signals = 0;
            clock.sources.iter_mut().for_each(|source| source.signals = 0);
            told.push(clock.decidable.millis());
        }
        assert_eq!(told, [102 * HOUR - 1_800_000, 118 * HOUR - 1_800_000, 168 * HOUR - 1_800_000]);
        clock.advance("export", at(120 * HOUR), &config());
        clock.advance("ai", at(200 * HOUR), &config());
        assert_eq!(clock.decidable, at(176 * HOUR), "nobody holds it back by more than a day");
        // What was two days ago says nothing of today.
        clock.advance("ai", at(250 * HOUR), &config());
        clock.advance("export", at(250 * HOUR), &config());
        clock.advance("ai", at(251 * HOUR), &config());
        assert_eq!(clock.decidable, at(251 * HOUR - 1_800_000));
    }

    #[test]
    fn sources_without_end_are_one() {
        let mut clock = TenantRow::default();
        for number in 0..1_000 {
            clock.advance(&format!("source-{number}"), at(number), &config());
        }
        assert_eq!((clock.sources.len(), clock.newest), (config().sources_max, at(999)));
        clock.advance("source-0", Timestamp::MAX, &config());
        clock.advance("source-0", at(0), &config());
        assert_eq!((clock.sources.len(), clock.newest), (config().sources_max, Timestamp::MAX));
    }

    /// Of two that share a clock the faster one speaks for both.
    #[test]
    fn sources_beyond_the_bound_hold_nothing_back() {
        let slowest = |sources_max: usize| {
            let (mut clock, config) = (TenantRow::default(), Config { sources_max, ..config() });
            for (source, hours) in [("a", 10), ("slow", 1), ("b", 10), ("a", 12)] {
                clock.advance(source, at(100 * HOUR + hours * HOUR), &config);
            }
            clock.sources.iter().map(|source| source.newest.millis() / HOUR - 100).min()
        };
        assert_eq!([3, 2].map(slowest), [Some(1), Some(10)]);
    }
}
