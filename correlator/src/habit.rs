//! Alerts that come every day: what somebody did on other days before is no news by itself.
//!
//! A red team's sandbox, a scanner, a job with a bad prompt raise the same alert about the same actor day after
//! day. Such an alert is *common*: it attaches to the stories that it is linked to, and neither opens one nor
//! extends it nor makes two one ([`crate::command`] treats it as it treats what a rule suppresses). An alert is
//! common when the same rule (of Weir's own alerts, the threat) was raised on at least `common_days_min` of the
//! seven days before its own about its actor, and on as many about the application that it names: those days are
//! what it takes to learn, and on each of them it was an alert like any other. Who the actor is says the first of
//! user, mailbox, device, address, API key and agent that the alert names; an account that every application has is
//! nobody in particular. So what is common of one person or place is not common of another one. Severities above
//! medium never are: a serious attack does not become harmless by going on.
//!
//! Days are those of event time. Whether an alert is common is decided when it comes, by the days before it that
//! are known: one that comes before a day that it repeats is an alert like any other. An alert that none of the
//! seven days knows is new, which raises the priority. Absent: a count within a day, since whoever floods must not
//! make an attack look usual.

use schemas::{Entity, EntityKind, Severity, Signal, SignalKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::heads::hash;
use crate::index::Span;
use crate::link::millis;
use crate::link_key::{LinkKey, is_generic};
use crate::state::{Class, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::Turn;

/// Days before an alert's own that are looked at.
pub const DAYS: u32 = 7;
/// Names of one kind in an alert that have habits, the first in their order.
const NAMES_MAX: usize = 4;
/// Later alerts of an actor that are explained again when an earlier day comes in late.
const OPENERS_MAX: usize = 64;
/// Who acts, the likeliest first: what stands later is shared by those who stand before.
const ACTORS: [EntityKind; 6] =
    [EntityKind::User, EntityKind::Mailbox, EntityKind::Device, EntityKind::Ip, EntityKind::ApiKey, EntityKind::Agent];
/// Those of them whose later alerts are found again when an earlier day comes in late.
const FOUND: usize = 5;
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

/// What an alert names of a kind.
fn names(signal: &Signal, kind: EntityKind) -> impl Iterator<Item = &str> {
    signal.entities.iter().filter(move |entity| is_actor(entity, kind)).flat_map(ids).take(NAMES_MAX)
}

fn is_actor(entity: &Entity, kind: EntityKind) -> bool {
    entity.kind == kind && !entity.mentioned
}

/// What an entity is called and only it.
fn ids(entity: &Entity) -> impl Iterator<Item = &str> {
    let ids = entity.ids.iter().map(String::as_str);
    ids.filter(|id| entity.kind != EntityKind::User || !is_generic(id))
}

/// What a row is called. Titles of rules are as long as people like; two that share a hash share a habit.
fn name_of(signal: &Signal, kind: EntityKind, id: &str) -> String {
    let rule: &str = signal.category.map_or(signal.title.as_str(), |category| category.as_str());
    format!("{:08x}/{}/{}/{id}", hash(rule), signal.product, kind.as_str())
}

fn may_be_common(signal: &Signal) -> bool {
    signal.kind == SignalKind::AiAlert && signal.severity <= Severity::Medium
}

impl<S: Store> Turn<'_, S> {
    /// Notes the day of an alert.
    pub fn note_habit(&mut self, signal: &Signal) -> Result<(), StoreError> {
        if signal.kind != SignalKind::AiAlert {
            return Ok(());
        }
        let day = day_of(signal.time);
        let kinds = ACTORS.into_iter().chain([EntityKind::Application]);
        for (kind, id) in kinds.flat_map(|kind| names(signal, kind).map(move |id| (kind, id))) {
            let name = name_of(signal, kind, id);
            let row = self.key(Table::Habit).tail(&name);
            let known = self.db.get(&row)?.map_or(Ok(DaysRow::default()), |bytes| decode(&bytes))?;
            let days = known.add(day);
            if known.bits == 0 {
                self.expire_habit_at(day, &name);
            }
            if days == known {
                continue;
            }
            self.db.put(row, encode(&days)?);
            // Later alerts that came first are looked at again: they are less new than they seemed.
            let from = (day + 1).saturating_mul(DAY_MS);
            let span = Span { from, to: from.saturating_add(i64::from(DAYS) * DAY_MS) };
            let key = LinkKey { kind, id: id.to_owned(), mentioned: false, weight: 0, via: Vec::new() };
            for posting in self.postings(&key, Class::Opener, span, false, OPENERS_MAX, &"".into())? {
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

    /// Why an alert is common, where it is.
    pub fn common(&self, signal: &Signal) -> Result<Option<String>, StoreError> {
        if !may_be_common(signal) {
            return Ok(None);
        }
        let days = match self.days_of(signal, EntityKind::Application)? {
            Some(days) => days.min(self.days_about(signal, &ACTORS)?),
            None => self.days_about(signal, &ACTORS)?,
        };
        let common = days >= self.rules.config.common_days_min;
        Ok(common.then(|| format!("common: raised about the same on {days} of the {DAYS} days before")))
    }

    /// Whether no alert of its rule was raised about the same actor on the seven days before.
    pub fn is_new(&self, signal: &Signal) -> Result<bool, StoreError> {
        Ok(self.days_about(signal, ACTORS.split_at(FOUND).0)? == 0)
    }

    /// On how many of the seven days before it one was raised about the first of `actors` that it names.
    fn days_about(&self, signal: &Signal, actors: &[EntityKind]) -> Result<u32, StoreError> {
        for kind in actors {
            if let Some(days) = self.days_of(signal, *kind)? {
                return Ok(days);
            }
        }
        Ok(0)
    }

    /// The same about what it names of a kind, and of several about the one that has least of it: what is common of one
    /// is not of another. `None` where it names nothing of the kind.
    fn days_of(&self, signal: &Signal, kind: EntityKind) -> Result<Option<u32>, StoreError> {
        let mut least = None;
        for entity in signal.entities.iter().filter(|entity| is_actor(entity, kind)) {
            let mut most = None;
            for id in ids(entity).take(NAMES_MAX) {
                let row = self.db.get(&self.key(Table::Habit).tail(&name_of(signal, kind, id)))?;
                let days: DaysRow = row.map_or(Ok(DaysRow::default()), |bytes| decode(&bytes))?;
                most = most.max(Some(days.before(day_of(signal.time))));
            }
            least = [least, most].into_iter().flatten().min();
        }
        Ok(least)
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
