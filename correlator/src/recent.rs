//! Which rows about an instant were written lately, so that most need not be looked for.
//!
//! Nearly every claim of an address ([`crate::lease`]) is the first of its stretch of time, and behind nearly none lies
//! a record that waits for it. To find nothing in the store costs more than all else that is done for a signal; a filter
//! in memory says so at once. It cannot know what was written before the state was opened, nor can it keep everything:
//! so it knows from which instant on it misses nothing, and answers "maybe" for all that lies before. What it answers
//! changes no result.
//!
//! Two generations bound it: when the young one is full it becomes the old one, and what was old is forgotten.

use schemas::Timestamp;

use crate::key_filter::KeyFilter;

/// Names of one tenant, each about an instant.
pub struct Recent {
    young: Generation,
    old: Generation,
    /// The latest instant that something is about that neither generation has.
    forgotten: Option<Timestamp>,
}

struct Generation {
    names: KeyFilter,
    /// The latest instant that one of them is about.
    last: Option<Timestamp>,
}

impl Generation {
    fn with_room_for(names: usize) -> Self {
        Self { names: KeyFilter::with_room_for(names), last: None }
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self { young: Generation::with_room_for(0), old: Generation::with_room_for(0), forgotten: None }
    }
}

impl Recent {
    /// Takes note of a name, by its hash ([`crate::key_filter::hash`]), about `time`.
    pub fn note(&mut self, hash: u64, time: Timestamp) {
        if self.young.names.is_full() {
            // As many more as came until now.
            let young = Generation::with_room_for(self.young.names.keys());
            let old = std::mem::replace(&mut self.old, std::mem::replace(&mut self.young, young));
            self.forgotten = self.forgotten.max(old.last);
        }
        self.young.names.add(hash);
        self.young.last = self.young.last.max(Some(time));
    }

    /// Notes that something about `time`, or before, may have been written that this knows nothing of.
    pub fn miss(&mut self, time: Timestamp) {
        self.forgotten = self.forgotten.max(Some(time));
    }

    /// Whether something of that name about `time`, or about any instant after it, may have been noted.
    pub fn may_have(&self, hash: u64, time: Timestamp) -> bool {
        let is_whole = self.forgotten.is_none_or(|forgotten| forgotten < time);
        !is_whole || self.young.names.may_have(hash) || self.old.names.may_have(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).expect("a time")
    }

    /// What was noted is never denied, whatever was forgotten; and most of what was not is.
    #[test]
    fn what_was_noted_is_never_denied() {
        let hash = |name: i64| crate::key_filter::hash("t", 1, &name.to_string());
        let mut recent = Recent::default();
        recent.miss(at(9));
        assert!(recent.may_have(hash(1), at(9)) && !recent.may_have(hash(1), at(10)));
        for name in 10..200_000 {
            // Not quite in order.
            let time = |name: i64| at(name + name % 7 * 100);
            recent.note(hash(name), time(name));
            assert!(recent.may_have(hash(name), time(name)) && recent.may_have(hash(name), at(9)));
            let earlier = (name / 2).max(10);
            assert!(recent.may_have(hash(earlier), time(earlier)), "{earlier} of {name}");
        }
        let wrong = (200_000..300_000).filter(|name| recent.may_have(hash(*name), at(200_000))).count();
        assert!(wrong < 4_000, "{wrong} of 100,000");
        assert!(recent.forgotten > Some(at(9)));
    }
}
