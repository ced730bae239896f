//! What records said before: signals whose names teach nothing and have no other names, told without a look at any row.
//!
//! Nearly every record names its user and device as the last one did, and that all of these names are known to be one,
//! and that there are no others, stands in a row for each name ([`crate::identity`]). Of millions of people these rows
//! are on disk; so what was found once is kept here, as 96 bits of hash, until one of the names changes or the day
//! does. In memory only, and seeded by the process, so that nobody can make two sets of names collide.
//!
//! What stands beside each other has rows that say so, and when these change it is heeded at once. Most names that
//! change are new, and nobody said anything with them: of those that were ever said alone, and may have no row, a filter
//! knows, else whoever is new would make doubtful what is known of all others.
//!
//! What is known lies in sets of [`WAYS`], two lines of the CPU's cache each, by the first bits of its hash, so that to
//! look up one of millions touches one place of memory. The sets double in number as they fill, up to [`SETS_MAX`], which
//! have room for what ten million users and devices say; then the newest of a set pushes out the oldest.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::quality::RandomState;
use schemas::{Entity, EntityKind};

use crate::key_filter::{self, KeyFilter};
use crate::renamed::Renamed;

/// Sayings of a set.
const WAYS: usize = 8;
/// Sets to begin with, 80 KiB.
const SETS_MIN: usize = 640;
/// The most sets, 80 MiB: five million sayings.
const SETS_MAX: usize = SETS_MIN << 10;
/// Names for which the filter has room, 8 MiB of them. It forgets none, and with more all is forgotten.
const NAMES_MAX: usize = 1 << 21;
/// Parts in which changes are told apart: of millions of new names the filter takes some thousands for known ones, and
/// each makes doubtful what shares its part. Eight MiB, once there are so many.
const RENAMED_PARTS: usize = 1 << 20;

/// The names of a record's users and devices, on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saying([u32; 3]);

impl Saying {
    /// Its set among so many, in the order of its first bits.
    fn set(self, sets: usize) -> usize {
        ((u64::from(self.0[0]) * sets as u64) >> 32) as usize
    }
}

/// What is known of a saying.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    saying: Saying,
    /// One more than there had been changes of names when it was found to say nothing new; zero where there is none.
    made: u32,
}

/// What was said, and how many changes of names there had been when it was found to be nothing new.
pub struct Said {
    seeds: [RandomState; 2],
    sets: Vec<[Known; WAYS]>,
    /// Sayings in all sets.
    count: usize,
    /// The names that were said alone.
    alone: KeyFilter,
    renamed: Renamed,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            seeds: Default::default(),
            sets: vec![Default::default(); SETS_MIN],
            count: 0,
            alone: KeyFilter::with_room_for(NAMES_MAX),
            renamed: Renamed::in_parts(RENAMED_PARTS),
        }
    }
}

/// A name of an entity of `tenant`, as a hash.
pub fn name_hash(tenant: &str, kind: EntityKind, name: &str) -> u64 {
    key_filter::hash(tenant, kind as u8, name)
}

impl Said {
    /// What `entities` of `tenant` say on a day.
    pub fn saying<'a>(&self, tenant: &str, day: i64, entities: impl Iterator<Item = &'a Entity> + Clone) -> Saying {
        let [one, other] = self.seeds.each_ref().map(|seed| {
            let mut hasher = seed.build_hasher();
            (tenant, day).hash(&mut hasher);
            entities.clone().for_each(|entity| (entity.kind as u8, entity.mentioned, &entity.ids).hash(&mut hasher));
            hasher.finish()
        });
        Saying([one as u32, (one >> 32) as u32, other as u32])
    }

    /// Whether it was said before, and none of its `names`, as hashes, has changed since.
    pub fn is_known(&self, saying: Saying, mut names: impl Iterator<Item = u64>) -> bool {
        let known = self.sets.get(saying.set(self.sets.len())).into_iter().flatten();
        let made = known.filter(|known| known.saying == saying).find_map(|known| known.made.checked_sub(1));
        made.is_some_and(|made| names.all(|name| self.renamed.is_as_made(name as u32, u64::from(made))))
    }

    /// Notes that it says nothing new; `alone` are those of its names, as hashes, that stand beside no other.
    pub fn note(&mut self, saying: Saying, alone: impl Iterator<Item = u64>) {
        let changes = u32::try_from(self.renamed.now() + 1);
        let (Ok(made), false) = (changes, self.alone.is_full()) else {
            *self = Self::default();
            return;
        };
        alone.for_each(|name| self.alone.add(name));
        if self.count >= self.sets.len() * WAYS / 2 && self.sets.len() < SETS_MAX {
            self.double();
        }
        self.count += usize::from(self.put(Known { saying, made }));
    }

    /// Puts it before the others of its set, in the place of what was known of it, or of the oldest; says whether there
    /// is one more.
    fn put(&mut self, known: Known) -> bool {
        let at = known.saying.set(self.sets.len());
        let Some(set) = self.sets.get_mut(at) else { return false };
        let is_place = |other: &Known| other.made == 0 || other.saying == known.saying;
        let place = set.iter().position(is_place);
        let before = set.get_mut(..=place.unwrap_or(WAYS - 1)).unwrap_or_default();
        before.rotate_right(1);
        before.first_mut().is_some_and(|first| std::mem::replace(first, known).made == 0)
    }

    fn double(&mut self) {
        let twice = vec![Default::default(); self.sets.len() * 2];
        // The oldest first, so that they stay the oldest.
        for set in std::mem::replace(&mut self.sets, twice) {
            for known in set.into_iter().rev().filter(|known| known.made > 0) {
                self.put(known);
            }
        }
    }

    /// Notes that what a name, as a hash, stands for has changed; `has_row` where others stood beside it until now.
    pub fn rename(&mut self, name: u64, has_row: bool) {
        if has_row || self.alone.may_have(name) {
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
        said.note(saying, names(&[]));
        assert!(said.is_known(saying, names(&ids)));
        let others = [("u", 7, entity(&ids)), ("t", 8, alice.clone())];
        let more = [("t", 7, entity(&ids[..1])), ("t", 7, entity(&["alice@contoso.exampleoid-1"]))];
        for (tenant, day, entities) in others.into_iter().chain(more) {
            assert_ne!(said.saying(tenant, day, entities.iter()), saying);
        }
        names(&["bob"]).for_each(|name| said.rename(name, false));
        assert!(said.is_known(saying, names(&ids)), "nobody said anything of bob");
        names(&["oid-1"]).for_each(|name| said.rename(name, true));
        assert!(!said.is_known(saying, names(&ids)));
        said.note(saying, names(&[]));
        assert!(said.is_known(saying, names(&ids)));
    }

    /// Of a name that has no row it is known that it was said.
    #[test]
    fn a_name_that_was_said_alone_and_gets_another_is_doubtful() {
        let mut said = Said::default();
        let ws = Entity::new(EntityKind::User, ["ws-1"]).expect("an entity");
        let saying = said.saying("t", 1, std::iter::once(&ws));
        said.note(saying, names(&["ws-1"]));
        assert!(said.is_known(saying, names(&["ws-1"])));
        names(&["ws-1"]).for_each(|name| said.rename(name, false));
        assert!(!said.is_known(saying, names(&["ws-1"])));
    }

    /// As long as there is room most of what was said is known.
    #[test]
    fn sets_double_and_hold_nearly_all() {
        let mut said = Said::default();
        let name = |number: usize| name_hash("t", EntityKind::User, &number.to_string());
        let saying = |number: usize| Saying([number as u32, 7, 9].map(|part| part.wrapping_mul(0x9e37_79b9)));
        let noted = 1 << 20;
        (0..noted).for_each(|number| said.note(saying(number), std::iter::empty()));
        assert!(said.sets.len() < SETS_MAX && said.count <= said.sets.len() * WAYS);
        let known = (0..noted).filter(|number| said.is_known(saying(*number), [name(*number)].into_iter())).count();
        assert!(known > noted / 100 * 97, "{known} of {noted}");
    }

    #[test]
    fn the_newest_of_a_set_pushes_out_the_oldest() {
        let mut said = Said { sets: vec![Default::default()], ..Said::default() };
        let name = |number: usize| name_hash("t", EntityKind::User, &number.to_string());
        let saying = |number: usize| Saying([number as u32, 0, 0]);
        let known = |said: &Said, number: usize| said.is_known(saying(number), [name(number)].into_iter());
        for number in 0..2 * WAYS {
            assert_eq!(said.put(Known { saying: saying(number), made: 1 }), number < WAYS);
        }
        for number in 0..2 * WAYS {
            assert_eq!(known(&said, number), number >= WAYS, "{number}");
        }
        said.rename(name(WAYS), true);
        assert!(!known(&said, WAYS) && known(&said, WAYS + 1));
        assert!(!said.put(Known { saying: saying(WAYS), made: 2 }));
        assert!(known(&said, WAYS) && known(&said, WAYS + 1));
    }

    /// With more names than the filter tells apart all begins anew.
    #[test]
    fn too_many_names_are_forgotten() {
        let mut said = Said::default();
        let mut number = 0_u32;
        while said.count == number as usize {
            let saying = Saying([number.wrapping_mul(0x9e37_79b9), number, 1]);
            let names = (0..10_000_u64).map(|at| (u64::from(number) * 10_000 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            said.note(saying, names);
            number += 1;
        }
        assert!(said.count < number as usize && number > 100 && number < 1_000, "{number}");
    }
}
