//! When names began or ceased to stand for one thing, so that it is known which link keys follow from them still.
//!
//! Keys are held with the signals that they were made of ([`crate::held`]), and through aliases
//! ([`crate::identity`]) they depend on what other records say. In memory only.

use std::cell::{Cell, RefCell};

use crate::heads::hash;
use crate::link_key::LinkKey;

/// Parts in which changes of names are told apart.
const RENAMED_PARTS: usize = 4_096;

/// Which names began or ceased to stand for one thing since when. Names share one of a few parts each, so that
/// memory is bounded: a change makes some keys anew that stayed as they are.
pub struct Renamed {
    /// Counts the changes.
    now: Cell<u64>,
    /// The last change in each.
    parts: RefCell<Vec<u64>>,
}

impl Default for Renamed {
    fn default() -> Self {
        Self::in_parts(RENAMED_PARTS)
    }
}

impl Renamed {
    /// No changes, to be told apart in `parts`.
    pub fn in_parts(parts: usize) -> Self {
        Self { now: Cell::new(0), parts: RefCell::new(vec![0; parts]) }
    }

    /// Notes that what `name` stands for has changed.
    pub fn note(&self, name: &str) {
        self.note_hash(hash(name));
    }

    /// The same of a name of which the hash is known.
    pub fn note_hash(&self, name: u32) {
        self.now.update(|now| now + 1);
        let mut parts = self.parts.borrow_mut();
        let at = name as usize % parts.len();
        parts.get_mut(at).into_iter().for_each(|part| *part = self.now.get());
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

    /// Whether what the name with this hash stands for is as it was when there were `then` changes.
    pub fn is_as_made(&self, name: u32, then: u64) -> bool {
        let parts = self.parts.borrow();
        parts.get(name as usize % parts.len()).is_none_or(|part| *part <= then)
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
