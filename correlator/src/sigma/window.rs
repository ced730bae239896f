//! Events within a timespan: counts, values, sequences, absence.
//!
//! Rules that decide at once look at the timespan up to each event; an event that comes in order is compared with
//! those before it, a late one is followed by a look at what comes after it, and a window that has its match is not
//! looked at again. Other rules decide whole windows behind the watermark.
//!
//! Bounded by [`EVENTS_MAX`]; the oldest events give way. Values and steps of which one record is as good as many need
//! far fewer: of three in one window the middle one says nothing, and goes ([`Window::thin`]).

use std::collections::{BTreeMap, BTreeSet};

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use super::caller::Callers;
use super::correlation::{Bound, Correlation, Test};
use super::memory::{Clock, Event, Found, MEMBERS_MAX, Taken, bucket, start_of};

/// The most events of one window. A row is read and written for each event, so this is also what one may cost.
pub const EVENTS_MAX: usize = 512;
/// From how many events on a window is thinned.
const THIN_FROM: usize = 64;

/// The events of one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// In the order of time, signal, step, value.
    events: Vec<Event>,
    /// Matches by the window that they are named after.
    found: BTreeMap<i64, Found>,
    /// Who brought what of the sums.
    #[serde(default, skip_serializing_if = "Callers::is_empty")]
    callers: Callers,
}

fn key(event: &Event) -> (Timestamp, &str, u16, &str) {
    (event.time, &event.uid, event.step, &event.value)
}

impl Window {
    /// Takes an event in.
    pub fn take(&mut self, rule: &Correlation, event: Event, clock: &Clock) -> Taken {
        if self.is_late(rule, &event, clock) {
            return Taken { late: true, ..Taken::default() };
        }
        let time = event.time;
        if !event.by.is_empty() {
            self.callers.add(bucket(time, rule.timespan), &event.by, event.number);
        }
        if !self.insert(event) {
            return Taken::default();
        }
        self.forget(rule, clock);
        let dropped = self.bound(rule);
        let found = if rule.decides_at_once() { self.look_from(rule, time) } else { Vec::new() };
        Taken { found, late: false, dropped }
    }

    /// Whether what the event belongs to was decided already.
    fn is_late(&self, rule: &Correlation, event: &Event, clock: &Clock) -> bool {
        match &rule.test {
            Test::Absent { after, .. } => {
                !is_last_step(rule, event) && clock.has_passed(event.time.saturating_add_millis(*after))
            }
            _ if rule.decides_at_once() => forgotten_at(rule, event.time, clock) <= clock.watermark,
            _ => clock.has_passed(start_of(bucket(event.time, rule.timespan) + 1, rule.timespan)),
        }
    }

    /// Adds an event, or to it where it is there; false where that changes nothing.
    fn insert(&mut self, event: Event) -> bool {
        // A signal that is known better may have another time.
        if !event.uid.is_empty() {
            let same = |known: &Event| known.uid == event.uid && known.step == event.step && known.value == event.value;
            if let Some(at) = self.events.iter().position(same) {
                if self.events.get(at) == Some(&event) {
                    return false;
                }
                self.events.remove(at);
            }
        }
        match self.events.binary_search_by(|known| key(known).cmp(&key(&event))) {
            Ok(at) => {
                let Some(known) = self.events.get_mut(at) else { return false };
                known.number += event.number;
                event.number != 0.0
            }
            Err(at) => {
                self.events.insert(at, event);
                true
            }
        }
    }

    fn bound(&mut self, rule: &Correlation) -> bool {
        if self.events.len() > THIN_FROM {
            self.thin(rule);
        }
        let surplus = self.events.len().saturating_sub(events_max(rule));
        let found = &self.found;
        // A window that has its match lacks nothing.
        let lacks = |event: &Event| !found.contains_key(&bucket(event.time, rule.timespan));
        self.events.drain(..surplus).filter(lacks).count() > 0
    }

    /// Drops each event between two of the same value, or step, in the same window: whatever timespan holds it holds
    /// one of them, and where the condition holds at its time it holds at that of the event before it in that window.
    /// Where the order of steps matters, only usage between usage of the same step, with nothing else among it: what is
    /// used all day must not push out what it is compared with. A late record among it meets the next that is left.
    fn thin(&mut self, rule: &Correlation) {
        let by_value = matches!(rule.test, Test::Distinct(..));
        let once = |counts: &[u32]| counts.iter().all(|count| *count == 1);
        let by_step = matches!(&rule.test, Test::Together { counts, ordered: false, .. } if once(counts));
        if matches!(&rule.test, Test::Together { counts, ordered: true, .. } if once(counts)) {
            self.thin_runs(rule);
        }
        if !by_value && !by_step {
            return;
        }
        let same = |event: &Event| {
            let value = if by_value { (0, event.value.clone()) } else { (event.step, String::new()) };
            (bucket(event.time, rule.timespan), value)
        };
        let mut last: BTreeMap<_, (Timestamp, String)> = BTreeMap::new();
        for event in &self.events {
            last.insert(same(event), (event.time, event.uid.clone()));
        }
        let mut first = BTreeSet::new();
        self.events.retain(|event| {
            let same = same(event);
            let is_last = last.get(&same).is_some_and(|(time, uid)| (*time, uid) == (event.time, &event.uid));
            first.insert(same) || is_last
        });
    }

    fn thin_runs(&mut self, rule: &Correlation) {
        let run = |event: &Event| (bucket(event.time, rule.timespan), event.step);
        let mut kept: Vec<Event> = Vec::with_capacity(THIN_FROM);
        for event in std::mem::take(&mut self.events) {
            let last = kept.len();
            let same = |known: &&Event| known.uid.is_empty() && run(known) == run(&event);
            let before = |back: usize| last.checked_sub(back).and_then(|at| kept.get(at)).filter(same).is_some();
            if event.uid.is_empty() && before(1) && before(2) {
                kept.pop();
            }
            kept.push(event);
        }
        self.events = kept;
    }

    /// Looks at the timespans up to `from` and to the events that it may matter to, for what holds first in each
    /// window.
    fn look_from(&mut self, rule: &Correlation, from: Timestamp) -> Vec<Found> {
        let until = from.saturating_add_millis(rule.timespan - 1);
        let mut changed = Vec::new();
        for number in bucket(from, rule.timespan)..=bucket(until, rule.timespan) {
            let known = self.found.get(&number);
            let last = start_of(number + 1, rule.timespan).saturating_add_millis(-1).min(until);
            let last = known.map_or(last, |known| known.time.min(last));
            let first = start_of(number, rule.timespan).max(from);
            let begin = self.events.partition_point(|event| event.time < first);
            let end = self.events.partition_point(|event| event.time <= last);
            let Some(found) = (begin..end).find_map(|at| self.holds_at(rule, at, number)) else { continue };
            if known != Some(&found) {
                self.found.insert(number, found.clone());
                changed.push(found);
            }
        }
        changed
    }

    /// What holds over the timespan that ends with the event at that place.
    fn holds_at(&self, rule: &Correlation, at: usize, number: i64) -> Option<Found> {
        let last = self.events.get(at)?;
        let begin = self.events.partition_point(|event| event.time.millis() <= last.time.millis() - rule.timespan);
        let events = self.events.get(begin..=at)?;
        // What a timespan holds began in the window before.
        let by = || self.callers.most(number - 1..=number);
        holds(rule, events).then(|| Found { by: by(), ..found(number, last.time, events.iter()) })
    }

    /// Decides what the watermark has passed and forgets the rest in time.
    pub fn decide(&mut self, rule: &Correlation, clock: &Clock) -> Vec<Found> {
        let decided = match rule.test {
            Test::Absent { before, after } => self.decide_absence(rule, clock, before, after),
            _ if rule.decides_at_once() => Vec::new(),
            _ => self.decide_windows(rule, clock),
        };
        self.forget(rule, clock);
        decided
    }

    /// Whether it waits to decide.
    pub fn awaits(&self, rule: &Correlation) -> bool {
        match rule.test {
            Test::Absent { .. } => self.events.iter().any(|event| !is_last_step(rule, event)),
            _ => !rule.decides_at_once() && !self.events.is_empty(),
        }
    }

    fn forget(&mut self, rule: &Correlation, clock: &Clock) {
        let forgotten = |time| forgotten_at(rule, time, clock) <= clock.watermark;
        let surplus = self.events.partition_point(|event| forgotten(event.time));
        self.events.drain(..surplus);
        let first = self.events.first().map_or(i64::MAX, |event| bucket(event.time, rule.timespan));
        self.callers.forget_before(first);
        while let Some((number, _)) = self.found.first_key_value() {
            if !forgotten(start_of(number + 1, rule.timespan)) {
                break;
            }
            self.found.pop_first();
        }
    }

    fn decide_windows(&mut self, rule: &Correlation, clock: &Clock) -> Vec<Found> {
        let mut decided = Vec::new();
        while let Some(first) = self.events.first() {
            let number = bucket(first.time, rule.timespan);
            let end = start_of(number + 1, rule.timespan);
            if !clock.has_passed(end) {
                break;
            }
            let rest = self.events.split_off(self.events.partition_point(|event| event.time < end));
            let events = std::mem::replace(&mut self.events, rest);
            if let Some(last) = events.last().filter(|_| holds(rule, &events)) {
                let by = self.callers.most(number..=number);
                decided.push(Found { by, ..found(number, last.time, events.iter()) });
            }
        }
        decided
    }

    fn decide_absence(&mut self, rule: &Correlation, clock: &Clock, before: i64, after: i64) -> Vec<Found> {
        let ripe =
            |event: &Event| !is_last_step(rule, event) && clock.has_passed(event.time.saturating_add_millis(after));
        let answers: Vec<Timestamp> =
            self.events.iter().filter(|event| is_last_step(rule, event)).map(|event| event.time).collect();
        let answered = |time: Timestamp| {
            let from = answers.partition_point(|answer| answer.millis() < time.millis() - before);
            answers.get(from).is_some_and(|answer| *answer <= time.saturating_add_millis(after))
        };
        let mut decided = Vec::new();
        for event in self.events.iter().filter(|event| ripe(event) && !answered(event.time)) {
            let number = bucket(event.time, rule.timespan);
            if let std::collections::btree_map::Entry::Vacant(place) = self.found.entry(number) {
                decided.push(place.insert(found(number, event.time, [event].into_iter())).clone());
            }
        }
        self.events.retain(|event| !ripe(event));
        decided
    }

    /// When to look next.
    pub fn due(&self, rule: &Correlation, clock: &Clock) -> Option<Timestamp> {
        let forgotten = |event: &Event| forgotten_at(rule, event.time, clock);
        match rule.test {
            Test::Absent { after, .. } => {
                let ripens = |event: &Event| match is_last_step(rule, event) {
                    true => forgotten(event),
                    false => clock.passes(event.time.saturating_add_millis(after)),
                };
                self.events.iter().map(ripens).min()
            }
            // Forgotten in one go when the newest is of no use, which spares a look for every event.
            _ if rule.decides_at_once() => self.events.last().map(forgotten),
            _ => {
                let first = self.events.first()?;
                Some(clock.passes(start_of(bucket(first.time, rule.timespan) + 1, rule.timespan)))
            }
        }
    }
}

/// When an event of `time` can no longer matter.
fn forgotten_at(rule: &Correlation, time: Timestamp, clock: &Clock) -> Timestamp {
    clock.passes(time.saturating_add_millis(rule.timespan).saturating_add_millis(clock.memory))
}

/// A count needs no more events than it counts, for which ever window of a storm is the next.
fn events_max(rule: &Correlation) -> usize {
    match &rule.test {
        Test::Count(bounds) if rule.decides_at_once() => {
            let most = bounds.iter().map(|(_, number)| *number).fold(0.0, f64::max);
            (2 * most as usize + 2 * THIN_FROM).min(EVENTS_MAX)
        }
        _ => EVENTS_MAX,
    }
}

fn is_last_step(rule: &Correlation, event: &Event) -> bool {
    usize::from(event.step) + 1 == rule.steps.len()
}

fn found<'e>(number: i64, time: Timestamp, events: impl Iterator<Item = &'e Event>) -> Found {
    let mut members: Vec<String> = Vec::new();
    for event in events.filter(|event| !event.uid.is_empty()) {
        if members.len() >= MEMBERS_MAX {
            break;
        }
        if !members.contains(&event.uid) {
            members.push(event.uid.clone());
        }
    }
    Found { identity: number.to_string(), time, members, by: None }
}

/// Whether the rule's condition holds over `events`, which are in order.
fn holds(rule: &Correlation, events: &[Event]) -> bool {
    let numbers = || events.iter().map(|event| event.number);
    match &rule.test {
        Test::Count(bounds) => all(bounds, events.len() as f64),
        Test::Distinct(_, bounds) => {
            all(bounds, events.iter().map(|event| event.value.as_str()).collect::<BTreeSet<_>>().len() as f64)
        }
        // What is decided at once must not be undone by what comes next.
        Test::Sum(_, bounds) if rule.decides_at_once() => all(bounds, numbers().map(|number| number.max(0.0)).sum()),
        Test::Sum(_, bounds) => all(bounds, numbers().sum()),
        Test::Average(_, bounds) => all(bounds, numbers().sum::<f64>() / events.len().max(1) as f64),
        Test::Percentile(_, percentile, bounds) => all(bounds, nearest_rank(numbers().collect(), *percentile)),
        Test::Together { counts, ordered: true, .. } => in_order(counts, events),
        Test::Together { counts, steps_min, .. } => {
            let enough = |(step, count): (usize, &u32)| {
                events.iter().filter(|event| usize::from(event.step) == step).count() >= *count as usize
            };
            counts.iter().enumerate().filter(|step| enough(*step)).count() >= *steps_min
        }
        Test::Absent { .. } | Test::FirstSeen { .. } | Test::Baseline { .. } => false,
    }
}

fn all(bounds: &[Bound], measured: f64) -> bool {
    bounds.iter().all(|(comparison, bound)| comparison.holds(measured, *bound))
}

/// The smallest of `numbers` that `percentile` of them do not exceed.
fn nearest_rank(mut numbers: Vec<f64>, percentile: f64) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let rank = (percentile / 100.0 * numbers.len() as f64).ceil().max(1.0) as usize;
    numbers.get(rank.min(numbers.len()).saturating_sub(1)).copied().unwrap_or_default()
}

/// Whether the last event is of the last step and the steps before it came in their order, each as often as asked
/// and no signal twice. Going back and taking the latest that fits leaves the most room for those before.
fn in_order(counts: &[u32], events: &[Event]) -> bool {
    let mut wanted = counts.iter().enumerate().rev().flat_map(|(step, count)| (0..*count).map(move |_| step));
    let Some(mut step) = wanted.next() else { return false };
    if events.last().is_none_or(|last| usize::from(last.step) != step) {
        return false;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for event in events.iter().rev() {
        if usize::from(event.step) != step || (!event.uid.is_empty() && used.contains(event.uid.as_str())) {
            continue;
        }
        used.insert(&event.uid);
        match wanted.next() {
            Some(next) => step = next,
            None => return true,
        }
    }
    false
}
