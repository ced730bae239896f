//! Alerts that come every day: what an actor did on most days before is no news by itself.
//!
//! A red team's sandbox, a scanner, a job with a bad prompt raise the same alert about the same actor day after
//! day. Such an alert is *common*: it still joins what it belongs to, but an incident of common alerts alone is
//! a candidate, kept and counted and not published, until something else joins it. An alert is common when the
//! same product has raised one of the same title about one of its actors (user, mailbox, device, API key) on at
//! least `common_days_min` of the seven days before its own. Severities above medium never are: a serious attack
//! does not become harmless by going on.
//!
//! Days are those of event time, so which alerts are common follows from the set of them. An incident that was
//! published before earlier days came in late stays published. An alert that none of the seven days knows is new,
//! which raises the priority. Absent: a count within a day, since whoever
//! floods must not make an attack look usual.

use schemas::{EntityKind, Severity, Signal, SignalKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::evidence::is_actor;
use crate::heads::hash;
use crate::index::Span;
use crate::link::millis;
use crate::link_key::LinkKey;
use crate::state::{Class, ComponentId, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::{Subject, Turn};

/// Days before an alert's own that are looked at.
pub const DAYS: u32 = 7;
/// Actors of an alert that have habits, the first in their order.
const ACTORS_MAX: usize = 4;
/// Alerts of an incident that are looked at before it is published for the first time, and later ones of an actor
/// that are looked at again when an earlier day comes in late.
const OPENERS_MAX: usize = 64;
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Days that a row remembers: those that matter to what may still come late.
const BITS: u32 = u64::BITS;

/// On which days something was raised: the last one, and a bit for it and each day before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DaysRow {
    last: i64,
    bits: u64,
}

impl DaysRow {
    fn add(self, day: i64) -> Self {
        let ahead = u32::try_from(day.abs_diff(self.last)).unwrap_or(BITS);
        match (self.bits, day > self.last) {
            (0, _) => Self { last: day, bits: 1 },
            (bits, true) => Self { last: day, bits: bits.checked_shl(ahead).unwrap_or(0) | 1 },
            (bits, false) => Self { bits: bits | 1u64.checked_shl(ahead).unwrap_or(0), ..self },
        }
    }

    /// How many of the days before `day` it has.
    fn before(self, day: i64) -> u32 {
        let has = |day: i64| {
            let back = u32::try_from(self.last.saturating_sub(day)).ok();
            back.and_then(|back| self.bits.checked_shr(back)).is_some_and(|bits| bits & 1 == 1)
        };
        (1..=i64::from(DAYS)).filter(|back| has(day.saturating_sub(*back))).count() as u32
    }
}

fn day_of(time: Timestamp) -> i64 {
    time.millis().div_euclid(DAY_MS)
}

fn actors(subject: &Subject) -> impl Iterator<Item = &LinkKey> {
    let acts =
        |key: &&LinkKey| is_actor(key.kind) && key.kind != EntityKind::Session && !key.mentioned && !key.is_alias();
    subject.keys.iter().filter(acts).take(ACTORS_MAX)
}

/// What a row is called. Titles are as long as vendors like; two that share a hash share a habit.
fn name_of(signal: &Signal, actor: &LinkKey) -> String {
    format!("{:08x}/{}/{}/{}", hash(&signal.title), signal.product, actor.kind.as_str(), actor.id)
}

fn may_be_common(signal: &Signal) -> bool {
    signal.kind == SignalKind::AiAlert && signal.severity <= Severity::Medium
}

impl<S: Store> Turn<'_, S> {
    /// Notes the day of an alert.
    pub fn note_habit(&mut self, subject: &Subject) -> Result<(), StoreError> {
        if subject.signal.kind != SignalKind::AiAlert {
            return Ok(());
        }
        let day = day_of(subject.signal.time);
        for actor in actors(subject) {
            let row = self.key(Table::Habit).tail(&name_of(&subject.signal, actor));
            let known = self.db.get(&row)?.map_or(Ok(DaysRow::default()), |bytes| decode(&bytes))?;
            let days = known.add(day);
            if known.bits == 0 {
                self.expire_habit_at(day, &name_of(&subject.signal, actor));
            }
            if days == known {
                continue;
            }
            self.db.put(row, encode(&days)?);
            // Later alerts that came first are looked at again: they may be less new than they seemed.
            let from = (day + 1).saturating_mul(DAY_MS);
            let span = Span { from, to: from.saturating_add(i64::from(DAYS) * DAY_MS) };
            for posting in self.postings(actor, Class::Opener, span, false, OPENERS_MAX, &"".into())? {
                self.explain_again(&posting.residences)?;
            }
        }
        Ok(())
    }

    fn expire_habit_at(&mut self, day: i64, name: &str) {
        let last = Timestamp::from_millis(day.saturating_mul(DAY_MS).max(0)).unwrap_or_default();
        let kept = millis(self.rules.config.retention_secs).saturating_add((i64::from(DAYS) + 1) * DAY_MS);
        self.expire_at(last.saturating_add_millis(kept), Aged::Habit, name);
    }

    /// Forgets days to which nothing that may still come looks back, or looks again later.
    pub fn expire_habit(&mut self, name: &str) -> Result<(), StoreError> {
        let row = self.key(Table::Habit).tail(name);
        let Some(bytes) = self.db.get(&row)? else { return Ok(()) };
        let days: DaysRow = decode(&bytes)?;
        let kept = millis(self.rules.config.retention_secs).saturating_add((i64::from(DAYS) + 1) * DAY_MS);
        if days.last.saturating_mul(DAY_MS).saturating_add(kept) <= self.clock.watermark.millis() {
            self.db.delete(row);
        } else {
            self.expire_habit_at(days.last, name);
        }
        Ok(())
    }

    fn is_common(&self, subject: &Subject) -> Result<bool, StoreError> {
        if !may_be_common(&subject.signal) {
            return Ok(false);
        }
        Ok(self.days_before(subject)? >= self.rules.config.common_days_min)
    }

    /// On how many of the seven days before it an alert was raised about the same actor, at most.
    pub fn days_before(&self, subject: &Subject) -> Result<u32, StoreError> {
        let mut most = 0;
        for actor in actors(subject) {
            let row = self.db.get(&self.key(Table::Habit).tail(&name_of(&subject.signal, actor)))?;
            let days: DaysRow = row.map_or(Ok(DaysRow::default()), |bytes| decode(&bytes))?;
            most = most.max(days.before(day_of(subject.signal.time)));
        }
        Ok(most)
    }

    /// Whether a component holds nothing but common alerts and context.
    pub fn is_all_common(&self, id: ComponentId) -> Result<bool, StoreError> {
        for row in self.members(id, false, OPENERS_MAX)? {
            let Some(subject) = self.subject(row.uid.as_str())? else { continue };
            if subject.signal.kind != SignalKind::Context && !self.is_common(&subject)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_once_in_any_order() {
        let of = |days: &[i64]| days.iter().fold(DaysRow::default(), |row, day| row.add(*day));
        let row = of(&[10, 11, 11, 13, 20]);
        assert_eq!(row, of(&[20, 13, 11, 10, 11]));
        let before: Vec<u32> = [10, 11, 12, 13, 14, 20, 21, 27, 28].map(|day| row.before(day)).to_vec();
        assert_eq!(before, [0, 1, 2, 2, 3, 1, 1, 1, 0]);
        assert_eq!(of(&[0, 1_000_000]).before(1_000_001), 1);
        assert_eq!(of(&[1_000_000, 0]).before(1), 0, "too long ago to be remembered");
        assert_eq!(of(&[i64::MAX, i64::MIN]).before(i64::MIN), 0);
    }
}
