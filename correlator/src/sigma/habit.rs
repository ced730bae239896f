//! What a group usually does: values that it had before, sums that it reaches.
//!
//! Both learn for a while before they speak, decide behind the watermark, and know each group by itself. A group that
//! falls silent for long is forgotten and learnt anew.

use std::collections::BTreeMap;

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use super::caller::Callers;
use super::correlation::{Correlation, Test};
use super::memory::{Clock, Event, Found, Taken, bucket, start_of};

/// The most values of one group. A group that has more has something new every day, and its rule says nothing of it.
pub const VALUES_MAX: usize = 256;
/// The most timespans of one group that are open: a tenant's sources lag at most so many behind each other that a rule
/// over an hour or more follows them all.
const OPEN_MAX: usize = 1_000;
/// The least deviation that counts, as a part of the mean: traffic that was even for a week may still grow a little.
const DEVIATION_MIN: f64 = 0.1;
/// What is learnt at least from a timespan that was unusual, as a part of the minimum: a group that did nothing for a
/// week has a bound of nothing, and would never get used to anything.
const LEARNT_OF_MINIMUM: f64 = 0.25;

/// Values that a group had, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The group's first event.
    since: Option<Timestamp>,
    values: BTreeMap<String, Spell>,
    /// Whether there were more values than are kept.
    full: bool,
}

/// How long a value has been there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Spell {
    first: Timestamp,
    last: Timestamp,
    /// The signal that brought it; empty for usage.
    uid: String,
    decided: bool,
}

impl Seen {
    /// Takes a value in.
    pub fn take(&mut self, rule: &Correlation, event: Event, clock: &Clock) -> Taken {
        let late = clock.has_passed(event.time) && !self.values.contains_key(&event.value);
        self.since = self.since.into_iter().chain([event.time]).min();
        if self.values.len() >= VALUES_MAX && !self.values.contains_key(&event.value) {
            self.full = true;
            return Taken { late, dropped: true, ..Taken::default() };
        }
        let spell = Spell { first: event.time, last: event.time, uid: event.uid, decided: false };
        let known = self.values.entry(event.value).or_insert_with(|| spell.clone());
        if event.time.millis() - known.last.millis() > rule.timespan {
            *known = spell;
        } else {
            if (event.time, &spell.uid) < (known.first, &known.uid) {
                (known.first, known.uid) = (spell.first, spell.uid);
            }
            known.last = known.last.max(event.time);
        }
        Taken { late, ..Taken::default() }
    }

    /// Whether it waits to decide.
    pub fn awaits(&self) -> bool {
        self.values.values().any(|spell| !spell.decided)
    }

    /// Says which values were new.
    pub fn decide(&mut self, rule: &Correlation, clock: &Clock) -> Vec<Found> {
        let Test::FirstSeen { learning, .. } = rule.test else { return Vec::new() };
        let knows_from = self.since.unwrap_or_default().saturating_add_millis(learning);
        let mut found = Vec::new();
        for (value, spell) in &mut self.values {
            if spell.decided || !clock.has_passed(spell.first) {
                continue;
            }
            spell.decided = true;
            if spell.first >= knows_from && !self.full {
                let members = Some(spell.uid.clone()).filter(|uid| !uid.is_empty()).into_iter().collect();
                found.push(Found {
                    identity: format!("{value}@{}", spell.first.millis()),
                    time: spell.first,
                    members,
                    by: None,
                });
            }
        }
        self.values
            .retain(|_, spell| !spell.decided || spell.last.saturating_add_millis(rule.timespan) > clock.watermark);
        found
    }

    /// When to look next: at the first undecided value, else when the last one is forgotten.
    pub fn due(&self, rule: &Correlation, clock: &Clock) -> Option<Timestamp> {
        let undecided =
            self.values.values().filter(|spell| !spell.decided).map(|spell| clock.passes(spell.first)).min();
        undecided.or_else(|| self.values.values().map(|spell| spell.last.saturating_add_millis(rule.timespan)).max())
    }
}

/// Sums of past timespans.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The group's first event.
    since: Option<Timestamp>,
    /// Timespans that are not over.
    open: BTreeMap<i64, f64>,
    /// Those that are, by number, as far back as the rule learns; those without events are not there. What was far
    /// above the mean counts as the bound that it broke, so that an attack does not become the habit.
    past: BTreeMap<i64, f64>,
    /// Who brought what in those that are not over.
    #[serde(default, skip_serializing_if = "Callers::is_empty")]
    callers: Callers,
}

impl Baseline {
    /// Takes a number in.
    pub fn take(&mut self, rule: &Correlation, event: &Event, clock: &Clock) -> Taken {
        let number = bucket(event.time, rule.timespan);
        if clock.has_passed(start_of(number + 1, rule.timespan)) {
            return Taken { late: true, ..Taken::default() };
        }
        if self.open.len() >= OPEN_MAX && !self.open.contains_key(&number) {
            return Taken { dropped: true, ..Taken::default() };
        }
        self.since = self.since.into_iter().chain([event.time]).min();
        *self.open.entry(number).or_default() += event.number.max(0.0);
        if !event.by.is_empty() {
            self.callers.add(number, &event.by, event.number.max(0.0));
        }
        Taken::default()
    }

    /// Whether it waits to decide.
    pub fn awaits(&self) -> bool {
        !self.open.is_empty()
    }

    /// Says which timespans that are over were unusual.
    pub fn decide(&mut self, rule: &Correlation, clock: &Clock) -> Vec<Found> {
        let Test::Baseline { learning, deviations, minimum, .. } = rule.test else { return Vec::new() };
        let span = learning / rule.timespan;
        let mut found = Vec::new();
        while let Some((&number, &sum)) = self.open.first_key_value() {
            let start = start_of(number, rule.timespan);
            if !clock.has_passed(start_of(number + 1, rule.timespan)) {
                break;
            }
            self.open.pop_first();
            self.past = self.past.split_off(&(number - span));
            let since = self.since.unwrap_or(start);
            let known = (number - bucket(since, rule.timespan)).min(span);
            let bound = bound(self.past.values(), known, deviations);
            let learnt = since.saturating_add_millis(learning) <= start;
            let unusual = learnt && sum > bound && sum >= minimum;
            if unusual {
                let by = self.callers.most(number..=number);
                found.push(Found { identity: number.to_string(), time: start, members: Vec::new(), by });
            }
            self.past.insert(number, if unusual { bound.max(minimum * LEARNT_OF_MINIMUM) } else { sum });
        }
        self.callers.forget_before(self.open.first_key_value().map_or(i64::MAX, |(number, _)| *number));
        if self.open.is_empty() && self.forgotten(rule, learning).is_none_or(|time| time <= clock.watermark) {
            self.past.clear();
        }
        found
    }

    /// When to look next: at the end of the first open timespan, else when all that was learnt is too old.
    pub fn due(&self, rule: &Correlation, clock: &Clock) -> Option<Timestamp> {
        let Test::Baseline { learning, .. } = rule.test else { return None };
        match self.open.first_key_value() {
            Some((number, _)) => Some(clock.passes(start_of(number + 1, rule.timespan))),
            None => self.forgotten(rule, learning),
        }
    }

    /// When nothing that was learnt is of use any more.
    fn forgotten(&self, rule: &Correlation, learning: i64) -> Option<Timestamp> {
        let (number, _) = self.past.last_key_value()?;
        Some(start_of(number + 1, rule.timespan).saturating_add_millis(learning))
    }
}

/// What `known` timespans of which `sums` had any may reach.
fn bound<'n>(sums: impl Iterator<Item = &'n f64> + Clone, known: i64, deviations: f64) -> f64 {
    let known = known.max(1) as f64;
    let mean = sums.clone().sum::<f64>() / known;
    let squares: f64 = sums.map(|sum| sum * sum).sum();
    let deviation = (squares / known - mean * mean).max(0.0).sqrt();
    mean + deviations * deviation.max(mean * DEVIATION_MIN)
}
