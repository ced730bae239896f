//! When names began or ceased to stand for one thing, so that it is known which link keys follow from them still.
//!
//! Keys are held with the signals that they were made of ([`crate::held`]), and through aliases
//! ([`crate::identity`]) they depend on what other records say. In memory only.

use std::cell::Cell;

use crate::heads::hash;
use crate::link_key::LinkKey;

/// Parts in which changes of names are told apart.
const RENAMED_PARTS: usize = 4_096;

/// Which names began or ceased to stand for one thing since when. Names share one of a few parts each, so that
/// memory is bounded: a change makes some keys anew that stayed as they are.
pub struct Renamed {
    /// Counts the changes.
    now: Cell<u64>,
    parts: Vec<Cell<u64>>,
}

impl Default for Renamed {
    fn default() -> Self {
        Self { now: Cell::new(0), parts: vec![Cell::new(0); RENAMED_PARTS] }
    }
}

impl Renamed {
    fn part(&self, name: u32) -> Option<&Cell<u64>> {
        self.parts.get(name as usize % RENAMED_PARTS)
    }

    /// Notes that what `name` stands for has changed.
    pub fn note(&self, name: &str) {
        self.now.update(|now| now + 1);
        self.part(hash(name)).inspect(|part| part.set(self.now.get()));
    }

    /// How many changes there were.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Whether keys that were made when there were `then` changes are as they would be made now.
    pub fn are_as_made(&self, keys: &[LinkKey], then: u64) -> bool {
        then == self.now.get() || keys.iter().all(|key| self.is_as_made(hash(&key.id), then))
    }

    /// The same of keys of which the names' hashes are known.
    pub fn are_names_as_made(&self, names: &[u32], then: u64) -> bool {
        then == self.now.get() || names.iter().all(|name| self.is_as_made(*name, then))
    }

    fn is_as_made(&self, name: u32, then: u64) -> bool {
        self.part(name).is_none_or(|part| part.get() <= then)
    }
}

#[cfg(test)]
mod tests {
    use schemas::EntityKind;

    use super::*;

    /// A key is made anew when its name changed, and stays when another one did.
    #[test]
    fn keys_stay_until_their_names_change() {
        let key = |id: &str| LinkKey {
            kind: EntityKind::User,
            id: id.to_owned(),
            mentioned: false,
            weight: 1,
            via: Vec::new(),
        };
        let renamed = Renamed::default();
        let (keys, then) = ([key("alice"), key("bob")], renamed.now());
        assert!(renamed.are_as_made(&keys, then));
        renamed.note("carol");
        assert!(renamed.are_as_made(&keys, then));
        renamed.note("bob");
        assert!(!renamed.are_as_made(&keys, then) && renamed.are_as_made(&keys, renamed.now()));
    }
}
