//! Who made most of what a rule adds up.
//!
//! A sum names nobody: that an application answered a request 500 times says nothing of who asked. So beside the sum
//! stands how much each caller brought, and a match names the one who brought more than half. A caller is the user,
//! where signals name none the API key, and where they name neither the address.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use schemas::{Entity, EntityKind, Signal};
use serde::{Deserialize, Serialize};

/// The most callers of one timespan that are told apart; what further ones bring counts towards the whole alone.
const CALLERS_MAX: usize = 64;
/// By whom signals are told apart, the best first.
const KINDS: [EntityKind; 3] = [EntityKind::User, EntityKind::ApiKey, EntityKind::Ip];

/// Who calls in `signal`, as [`entity`] reads it; nobody where it names none of them.
pub fn caller(signal: &Signal) -> String {
    let acting = |kind| signal.entities.iter().find(move |entity| entity.kind == kind && !entity.mentioned);
    let called = |entity: &Entity| entity.ids.iter().find(|id| id.contains('@')).or(entity.ids.first()).cloned();
    let named = KINDS.into_iter().find_map(|kind| Some((kind, called(acting(kind)?)?)));
    named.map(|(kind, id)| format!("{}:{id}", kind.as_str())).unwrap_or_default()
}

/// The caller that [`caller`] wrote.
pub fn entity(caller: &str) -> Option<Entity> {
    let (kind, id) = caller.split_once(':')?;
    Entity::new(KINDS.into_iter().find(|known| known.as_str() == kind)?, [id])
}

/// How much each caller brought in each timespan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Callers(BTreeMap<i64, BTreeMap<String, f64>>);

impl Callers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what `caller` brought in the timespan of that number.
    pub fn add(&mut self, number: i64, caller: &str, brought: f64) {
        let sums = self.0.entry(number).or_default();
        let known = sums.contains_key(caller) || sums.len() < CALLERS_MAX;
        *sums.entry(if known { caller } else { "" }.to_owned()).or_default() += brought;
    }

    /// The caller who brought more than half in these timespans.
    pub fn most(&self, numbers: RangeInclusive<i64>) -> Option<String> {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        for (caller, brought) in self.0.range(numbers).flat_map(|(_, sums)| sums) {
            *sums.entry(caller).or_default() += brought;
        }
        let whole: f64 = sums.values().sum();
        let (caller, _) = sums.into_iter().find(|(caller, sum)| !caller.is_empty() && *sum * 2.0 > whole)?;
        Some(caller.to_owned())
    }

    /// Forgets timespans before that number.
    pub fn forget_before(&mut self, number: i64) {
        self.0 = self.0.split_off(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brought_more_than_half_is_named() {
        let mut callers = Callers::default();
        for (number, caller, brought) in [(6, "user:a", 9.0), (7, "user:a", 3.0), (7, "user:b", 2.0), (7, "", 1.0)] {
            callers.add(number, caller, brought);
        }
        assert_eq!(callers.most(6..=7).as_deref(), Some("user:a"));
        callers.forget_before(7);
        assert_eq!(callers.most(6..=7), None, "just half is not most");
        callers.add(7, "user:b", 9.0);
        assert_eq!(callers.most(6..=7).as_deref(), Some("user:b"));
    }

    #[test]
    fn callers_are_bounded_and_the_rest_counts_towards_the_whole() {
        let mut callers = Callers::default();
        (0..1_000).for_each(|at| callers.add(1, &format!("ip:{at}"), 1.0));
        callers.add(1, "ip:0", 499.0);
        assert_eq!(callers.most(1..=1), None);
        callers.add(1, "ip:0", 1_000.0);
        assert_eq!(callers.most(1..=1).as_deref(), Some("ip:0"));
        assert_eq!(callers.0.get(&1).map(BTreeMap::len), Some(CALLERS_MAX + 1));
    }
}
