//! What records said before: signals whose names teach nothing and have no other names, told without a look at any row.
//!
//! Nearly every record names its user and device as the last one did, and that all of these names are known to be one,
//! and that there are no others, stands in a row for each name ([`crate::identity`]). Of millions of people these rows
//! are on disk; so what was found once is kept here, as 128 bits of hash, until one of the names changes or the day
//! does. In memory only, and seeded by the process, so that nobody can make two sets of names collide.
//!
//! Most names that change are new, and nobody said anything with them: a filter tells, else whoever is new would make
//! doubtful what is known of all others. Two generations bound it: when the young one is full it becomes the old one,
//! and what was old is forgotten.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::quality::RandomState;
use schemas::{Entity, EntityKind};

use crate::key_filter::{self, KeyFilter};
use crate::renamed::Renamed;

/// Names for which the first generation has room, a MiB; later ones are larger, until they have room for four million.
const NAMES_MIN: usize = 1 << 18;

/// Parts in which changes are told apart: of millions of new names the filter takes some thousands for known ones, and
/// each makes doubtful what shares its part. Eight MiB, once there are so many.
const RENAMED_PARTS: usize = 1 << 20;

/// The names of a record's users and devices, on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Saying([u64; 2]);

/// What was said, and how many changes of names there had been when it was found to be nothing new.
pub struct Said {
    seeds: [RandomState; 2],
    young: Option<Generation>,
    old: Option<Generation>,
    renamed: Renamed,
}

impl Default for Said {
    fn default() -> Self {
        let renamed = Renamed::in_parts(RENAMED_PARTS);
        Self { seeds: Default::default(), young: None, old: None, renamed }
    }
}

struct Generation {
    known: HashMap<Saying, u64, foldhash::fast::RandomState>,
    /// All names in them.
    names: KeyFilter,
}

impl Generation {
    fn with_room_for(names: usize) -> Self {
        Self { known: HashMap::default(), names: KeyFilter::with_room_for(names) }
    }
}

/// A name of an entity of `tenant`, as a hash.
pub fn name_hash(tenant: &str, kind: EntityKind, name: &str) -> u64 {
    key_filter::hash(tenant, kind as u8, name)
}

impl Said {
    /// What `entities` of `tenant` say on a day.
    pub fn saying<'a>(&self, tenant: &str, day: i64, entities: impl Iterator<Item = &'a Entity> + Clone) -> Saying {
        Saying(self.seeds.each_ref().map(|seed| {
            let mut hasher = seed.build_hasher();
            (tenant, day).hash(&mut hasher);
            entities.clone().for_each(|entity| (entity.kind as u8, entity.mentioned, &entity.ids).hash(&mut hasher));
            hasher.finish()
        }))
    }

    /// Whether it was said before, and none of its `names`, as hashes, has changed since.
    pub fn is_known(&mut self, saying: Saying, mut names: impl Iterator<Item = u64>) -> bool {
        let known = [&self.young, &self.old].into_iter().flatten().find_map(|said| said.known.get(&saying));
        known.is_some_and(|made| names.all(|name| self.renamed.is_as_made(name as u32, *made)))
    }

    /// Notes that it says nothing new.
    pub fn note(&mut self, saying: Saying, names: impl Iterator<Item = u64>) {
        let young = match self.young.take() {
            Some(full) if full.names.is_full() => {
                let next = Generation::with_room_for(full.names.keys());
                self.old = Some(full);
                next
            }
            Some(young) => young,
            None => Generation::with_room_for(NAMES_MIN),
        };
        let young = self.young.insert(young);
        names.for_each(|name| young.names.add(name));
        young.known.insert(saying, self.renamed.now());
    }

    /// Notes that what a name, as a hash, stands for has changed.
    pub fn rename(&mut self, name: u64) {
        if [&self.young, &self.old].into_iter().flatten().any(|said| said.names.may_have(name)) {
            self.renamed.note_hash(name as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ids: &[&str]) -> impl Iterator<Item = u64> {
        ids.iter().map(|id| name_hash("t", EntityKind::User, id)).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn what_was_said_is_known_until_a_name_changes() {
        let entity = |ids: &[&str]| vec![Entity::new(EntityKind::User, ids.iter().copied()).expect("an entity")];
        let mut said = Said::default();
        let ids = ["alice@contoso.example", "oid-1"];
        let alice = entity(&ids);
        let saying = said.saying("t", 7, alice.iter());
        assert!(!said.is_known(saying, names(&ids)));
        said.note(saying, names(&ids));
        assert!(said.is_known(saying, names(&ids)));
        let others = [("u", 7, entity(&ids)), ("t", 8, alice.clone())];
        let more = [("t", 7, entity(&ids[..1])), ("t", 7, entity(&["alice@contoso.exampleoid-1"]))];
        for (tenant, day, entities) in others.into_iter().chain(more) {
            assert_ne!(said.saying(tenant, day, entities.iter()), saying);
        }
        names(&["bob"]).for_each(|name| said.rename(name));
        assert!(said.is_known(saying, names(&ids)), "nobody said anything of bob");
        names(&["oid-1"]).for_each(|name| said.rename(name));
        assert!(!said.is_known(saying, names(&ids)));
        said.note(saying, names(&ids));
        assert!(said.is_known(saying, names(&ids)));
    }

    /// However many there are, what is known is bounded, and a change of any name is heeded.
    #[test]
    fn generations_follow_each_other() {
        let mut said = Said::default();
        let of = |said: &Said, number: usize| {
            let entity = Entity::new(EntityKind::User, [format!("u{number}").as_str()]).expect("an entity");
            said.saying("t", 1, std::iter::once(&entity))
        };
        let count = 4 * NAMES_MIN;
        for number in 0..count {
            let saying = of(&said, number);
            said.note(saying, names(&[&format!("u{number}")]));
        }
        assert!(said.old.is_some());
        let last = count - 1;
        let (saying, name) = (of(&said, last), format!("u{last}"));
        assert!(said.is_known(saying, names(&[&name])));
        names(&[&name]).for_each(|name| said.rename(name));
        assert!(!said.is_known(saying, names(&[&name])));
    }
}
