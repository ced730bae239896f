//! One person, one machine, many names: which names of users and devices are the same, and until when.
//!
//! Sources call one person by object id, UPN, e-mail address, SID or account name, one machine by id, serial,
//! host name or FQDN. A record that gives several of them for one entity says that they are one; so does the
//! operator's [`crate::inventory`]. Such *aliases* are kept by name. A record then has, beside the keys that it
//! names itself, one for each direct alias ([`LinkKey::via`]), under which it is looked for but not posted: so
//! learning that two names are one writes a row for each name and none for the records that have it.
//!
//! # What counts
//! - Two records share an identity where a name in the one *is*, or is a direct alias of, a name in the other.
//!   Only direct ones: chains grow into everybody, and which chain was known when would show.
//! - The worth of an alias is that of the name, with the spread of the more widely spread of both names. It
//!   is found from either side.
//! - A name that stands beside more than `aliases_per_id_max` others is *ambiguous*, and so is a bare account
//!   name of two SIDs or two object ids: it weighs `weights.ambiguous`, and no alias leads to it or from it. So
//!   is it for a name that is everybody's to begin with, such as `admin`; that one is not even learned.
//! - What only a text names teaches nothing: whoever wrote the text chose it.
//!
//! # Order
//! Which aliases there are follows from the set of records, and so does who is ambiguous; both only grow, until
//! they are forgotten. A record that teaches one has the alerts and near members of both names linked anew, up
//! to `aliased_per_name_max` of each, the latest first; a name that turns out to be ambiguous has what it
//! held together, the latest [`DOUBTED_PER_NAME_MAX`], looked at by [`crate::relink`]. An alias is forgotten `alias_secs` after it was last seen, by
//! the watermark; links that it made stay.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::{Entity, EntityKind, Signal, Timestamp};
use serde::{Deserialize, Serialize};

use crate::index::Span;
use crate::link::millis;
use crate::link_key::{LinkKey, is_generic};
use crate::said::name_hash;
use crate::sigma::Matches;
use crate::state::{Class, Residence, decode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::Turn;

/// Signals of a name, of each class, whose incidents are looked at when it turns out to be ambiguous.
pub const DOUBTED_PER_NAME_MAX: usize = 65_536;
/// How exactly it is noted when an alias was seen last: a row is written at most once a day.
const DAY_MS: i64 = 24 * 3_600 * 1_000;
const ALWAYS: Span = Span { from: 0, to: i64::MAX - 1 };

/// A name and the day on which some record last gave it beside the row's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Alias {
    name: String,
    day: i64,
    /// Whether it is ambiguous.
    dead: bool,
}

/// What stands beside a name: at most one more than make it ambiguous.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IdentityRow(Vec<Alias>);

impl IdentityRow {
    /// About how much memory it takes.
    pub fn weight(&self) -> usize {
        self.0.iter().map(|alias| size_of::<Alias>() + alias.name.len()).sum()
    }

    /// Whether the same names stand here, whenever they were seen.
    fn names_as(&self, other: &Self) -> bool {
        let says = |alias: &Alias, other: &Alias| (&alias.name, alias.dead) == (&other.name, other.dead);
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(alias, other)| says(alias, other))
    }

    fn alias(&mut self, name: &str) -> Option<&mut Alias> {
        self.0.iter_mut().find(|alias| alias.name == name)
    }

    /// Whether `own`, whose row this is, stands for several.
    fn is_ambiguous(&self, own: &str, max: usize) -> bool {
        let several = |form: fn(&str) -> bool| self.0.iter().filter(|alias| form(&alias.name)).count() > 1;
        self.0.len() > max || (is_bare(own) && (several(is_sid) || several(is_guid)))
    }

    /// Notes that a record gives `name` too; says whether that is new.
    fn add(&mut self, name: &str, day: i64, max: usize) -> bool {
        let room = self.0.len() <= max;
        match self.alias(name) {
            Some(alias) => {
                alias.day = alias.day.max(day);
                false
            }
            None if room => {
                self.0.push(Alias { name: name.to_owned(), day, dead: false });
                self.0.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                true
            }
            None => false,
        }
    }
}

/// Whether entities of the kind have several names for one thing, and records that give them together.
fn has_aliases(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::User | EntityKind::Device)
}

fn day_of(signal: &Signal) -> i64 {
    signal.time.millis().div_euclid(DAY_MS)
}

/// The names of which a signal says that they are one, two or more of each.
fn taught(signal: &Signal) -> impl Iterator<Item = (EntityKind, Vec<&String>)> {
    let named = signal.entities.iter().filter(|entity| has_aliases(entity.kind) && !entity.mentioned);
    let names = named.map(|entity| (entity.kind, taught_by(entity).collect::<Vec<_>>()));
    names.filter(|(_, names)| names.len() > 1)
}

/// The names of an entity that are somebody's in particular.
fn taught_by(entity: &Entity) -> impl Iterator<Item = &String> {
    entity.ids.iter().filter(|id| !is_generic(id))
}

fn is_sid(name: &str) -> bool {
    name.starts_with("s-1-5-21-")
}

fn is_guid(name: &str) -> bool {
    let dashes = |at| matches!(at, 8 | 13 | 18 | 23);
    let is_part = |(at, byte): (usize, u8)| if dashes(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    name.len() == 36 && name.bytes().enumerate().all(is_part)
}

/// Whether the name is an account's without its domain, which many domains may have.
fn is_bare(name: &str) -> bool {
    !name.contains(['@', '\\']) && !name.starts_with("s-1-") && !is_guid(name)
}

/// Which of two names of one thing stands for it: an address before a name, a name before an identifier.
pub fn by_chief(a: &str, b: &str) -> Ordering {
    let rank = |name: &str| (!name.contains('@'), is_sid(name) || is_guid(name));
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

impl<S: Store> Turn<'_, S> {
    fn identity(&self, kind: EntityKind, name: &str) -> Result<Arc<IdentityRow>, StoreError> {
        let key = self.key(Table::Identity).name(kind.as_str()).tail(name);
        if let Some(known) = self.held.identities.borrow_mut().get(&key) {
            return Ok(known.unwrap_or_default());
        }
        let row = self.db.get(&key)?.map(|bytes| decode(&bytes)).transpose()?.map(Arc::new);
        self.held.identities.borrow_mut().learn(key, row.clone());
        Ok(row.unwrap_or_default())
    }

    fn put_identity(&mut self, kind: EntityKind, name: &str, row: Option<IdentityRow>) {
        let key = self.key(Table::Identity).name(kind.as_str()).tail(name);
        self.held.identities.borrow_mut().put(key, row.map(Arc::new));
    }

    /// Notes that what a name stands for has changed, from what `row` says.
    fn rename(&self, kind: EntityKind, name: &str, row: &IdentityRow) {
        self.held.renamed.note(name);
        self.held.said.borrow_mut().rename(name_hash(self.tenant.as_str(), kind, name), !row.0.is_empty());
    }

    fn aliases_max(&self) -> usize {
        self.rules.config.aliases_per_id_max as usize
    }

    /// The keys of a signal, those through aliases included, sorted; and how many were dropped.
    pub fn keys_of(&self, signal: &Signal) -> Result<(Vec<LinkKey>, usize), StoreError> {
        let (mut keys, dropped) = self.rules.keys(signal);
        let more = self.add_aliases(&mut keys, false)?;
        Ok((keys, dropped + more))
    }

    /// Learns from a new signal which names are one, before it is linked; hands out what [`Self::keys_of`] does.
    pub fn learn_and_keys_of(&mut self, signal: &Signal) -> Result<(Vec<LinkKey>, usize), StoreError> {
        let said = signal.entities.iter().filter(|entity| has_aliases(entity.kind));
        let tenant = self.tenant.clone();
        let hash = |kind, id: &String| name_hash(tenant.as_str(), kind, id);
        let names = said.clone().flat_map(|entity| entity.ids.iter().map(|id| hash(entity.kind, id)));
        let saying = self.held.said.borrow().saying(tenant.as_str(), day_of(signal), said.clone());
        let is_known = self.held.said.borrow().is_known(saying, names);
        if is_known {
            let (mut keys, dropped) = self.rules.keys(signal);
            let more = self.add_aliases(&mut keys, true)?;
            return Ok((keys, dropped + more));
        }
        self.learn(signal)?;
        let (keys, dropped) = self.keys_of(signal)?;
        let named = self.rules.keys(signal).0;
        let is_plain = || keys.len() == named.len() && keys.iter().zip(&named).all(|(a, b)| a.weight == b.weight);
        if dropped == 0 && is_plain() && self.teaches_nothing(signal)? {
            let alone = said.filter(|entity| entity.mentioned || taught_by(entity).nth(1).is_none());
            let alone = alone.flat_map(|entity| entity.ids.iter().map(|id| hash(entity.kind, id)));
            self.held.said.borrow_mut().note(saying, alone);
        }
        Ok((keys, dropped))
    }

    /// Whether all names in a signal that stand for one thing are known to.
    fn teaches_nothing(&self, signal: &Signal) -> Result<bool, StoreError> {
        for (kind, names) in taught(signal) {
            if !self.is_known(kind, &names, day_of(signal))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Visits the direct aliases of a name, those of the inventory first; says whether records say that it stands for
    /// several, which has none but those. Nothing but the inventory is asked where it `is_plain`.
    fn visit_beside(
        &self,
        kind: EntityKind,
        name: &str,
        is_plain: bool,
        mut visit: impl FnMut(&str),
    ) -> Result<bool, StoreError> {
        self.rules.config.inventory.other_names(kind, name).for_each(&mut visit);
        if is_plain || !has_aliases(kind) || is_generic(name) {
            return Ok(false);
        }
        let row = self.identity(kind, name)?;
        let ambiguous = row.is_ambiguous(name, self.aliases_max());
        if !ambiguous {
            row.0.iter().filter(|alias| !alias.dead).for_each(|alias| visit(&alias.name));
        }
        Ok(ambiguous)
    }

    /// The direct aliases of a name, those of the inventory first.
    pub fn names_beside(&self, kind: EntityKind, name: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        self.visit_beside(kind, name, false, |name| names.push(name.to_owned()))?;
        Ok(names)
    }

    /// The one of a name and its direct aliases that stands for all of them: what people read, else the first.
    pub fn chief_name(&self, kind: EntityKind, name: &str) -> Result<String, StoreError> {
        let names = self.names_beside(kind, name)?.into_iter().chain([name.to_owned()]);
        Ok(names.min_by(|a, b| by_chief(a, b)).unwrap_or_default())
    }

    /// Adds the keys through aliases to those that a signal itself names, which are sorted, and weighs ambiguous names;
    /// says how many there was no room for. Where names are known to be plain only the inventory has other ones.
    fn add_aliases(&self, keys: &mut Vec<LinkKey>, are_plain: bool) -> Result<usize, StoreError> {
        let mut aliases: BTreeMap<(EntityKind, String), Vec<String>> = BTreeMap::new();
        for at in 0..keys.len() {
            let Some(key) = keys.get(at).filter(|key| !key.mentioned) else { continue };
            let known = |name: &str| {
                // Most signals name all that they are known under.
                let own = keys.binary_search_by(|own| (own.kind, own.id.as_str()).cmp(&(key.kind, name))).is_ok();
                if !own {
                    aliases.entry((key.kind, name.to_owned())).or_default().push(key.id.clone());
                }
            };
            let ambiguous = self.visit_beside(key.kind, &key.id, are_plain, known)?;
            if let Some(key) = keys.get_mut(at).filter(|_| ambiguous) {
                key.weight = key.weight.min(self.rules.ambiguous);
            }
        }
        let mut dropped = 0;
        for ((kind, id), mut via) in aliases {
            if keys.len() >= self.rules.config.keys_per_signal_max {
                dropped += 1;
                continue;
            }
            via.dedup();
            keys.push(LinkKey { kind, id, mentioned: false, weight: self.rules.weight(kind), via });
        }
        keys.sort_unstable();
        Ok(dropped)
    }

    /// Learns from a signal which names are one, before it is linked itself.
    pub fn learn(&mut self, signal: &Signal) -> Result<(), StoreError> {
        let (mut risen, mut fallen) = (BTreeSet::new(), BTreeSet::new());
        let day = day_of(signal);
        for (kind, names) in taught(signal) {
            if self.is_known(kind, &names, day)? {
                continue;
            }
            for (at, one) in names.iter().enumerate() {
                for other in names.iter().skip(at + 1) {
                    let pair = [one.as_str(), other.as_str()];
                    if self.pair(kind, pair, day, &mut fallen)? {
                        risen.insert((kind, pair.map(str::to_owned)));
                    }
                }
            }
        }
        for (kind, name) in &fallen {
            self.stats.identities_ambiguous += 1;
            self.doubt_all(*kind, name)?;
        }
        for (kind, pair) in risen {
            if pair.iter().all(|name| !fallen.contains(&(kind, name.clone()))) {
                self.stats.aliases += 1;
                self.link_names(kind, &pair)?;
            }
        }
        Ok(())
    }

    /// Whether all of the names are known to be one since today; most records say what was said before.
    fn is_known(&self, kind: EntityKind, names: &[&String], day: i64) -> Result<bool, StoreError> {
        for name in names {
            let row = self.identity(kind, name)?;
            let has = |other: &&&String| row.0.iter().any(|alias| alias.name == ***other && alias.day >= day);
            if names.iter().filter(|other| *other != name).filter(has).count() + 1 < names.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes that two names stand for one thing. Says whether that is a new alias; names that are ambiguous
    /// now and were not before go to `fallen`.
    fn pair(
        &mut self,
        kind: EntityKind,
        names: [&str; 2],
        day: i64,
        fallen: &mut BTreeSet<(EntityKind, String)>,
    ) -> Result<bool, StoreError> {
        let max = self.aliases_max();
        let old = [self.identity(kind, names[0])?, self.identity(kind, names[1])?];
        let mut rows = old.clone().map(Arc::unwrap_or_clone);
        let mut new = false;
        let [one, other] = &mut rows;
        for (row, name) in [(&mut *one, names[1]), (&mut *other, names[0])] {
            new |= row.add(name, day, max);
        }
        let was = [old[0].is_ambiguous(names[0], max), old[1].is_ambiguous(names[1], max)];
        let is = [one.is_ambiguous(names[0], max), other.is_ambiguous(names[1], max)];
        for (row, name, dead) in [(one, names[1], is[1]), (other, names[0], is[0])] {
            if let Some(alias) = row.alias(name) {
                alias.dead |= dead;
            }
        }
        for at in 0..2 {
            if rows[at] != *old[at] {
                self.put_identity(kind, names[at], Some(rows[at].clone()));
            }
            // That they were seen again changes nothing that follows from them.
            if !rows[at].names_as(&old[at]) {
                self.rename(kind, names[at], &old[at]);
            }
            if old[at].0.is_empty() {
                self.expire_identity_at(day, kind, names[at]);
            }
        }
        for at in (0..2).filter(|at| is[*at] && !was[*at]) {
            self.forsake(kind, names[at], &rows[at])?;
            fallen.insert((kind, names[at].to_owned()));
        }
        Ok(new && is == [false; 2])
    }

    /// Tells all who stand beside a name that it is ambiguous.
    fn forsake(&mut self, kind: EntityKind, name: &str, row: &IdentityRow) -> Result<(), StoreError> {
        for beside in &row.0 {
            let mut row = Arc::unwrap_or_clone(self.identity(kind, &beside.name)?);
            if let Some(alias) = row.alias(name).filter(|alias| !alias.dead) {
                alias.dead = true;
                self.rename(kind, &beside.name, &row);
                self.put_identity(kind, &beside.name, Some(row));
            }
        }
        Ok(())
    }

    fn named(&self, kind: EntityKind, name: &str) -> LinkKey {
        LinkKey { kind, id: name.to_owned(), mentioned: false, weight: self.rules.weight(kind), via: Vec::new() }
    }

    /// Marks all components with a signal that gives the name.
    fn doubt_all(&mut self, kind: EntityKind, name: &str) -> Result<(), StoreError> {
        let key = self.named(kind, name);
        for class in [Class::Opener, Class::Near, Class::Other] {
            for posting in self.postings(&key, class, ALWAYS, true, DOUBTED_PER_NAME_MAX, &"".into())? {
                self.doubt(&posting.residences)?;
            }
        }
        Ok(())
    }

    /// Links what two names have kept apart. Every link has an alert or a near member at one end; the others
    /// may be explained in other words from now on.
    ///
    /// Rules are asked again about all of them: a group is of every name that its records have.
    fn link_names(&mut self, kind: EntityKind, names: &[String; 2]) -> Result<(), StoreError> {
        let max = self.rules.config.aliased_per_name_max;
        let mut matched = Matches::default();
        for name in names {
            let key = self.named(kind, name);
            for posting in self.postings(&key, Class::Other, ALWAYS, true, max, &"".into())? {
                self.explain_again(&posting.residences)?;
                self.ask_again(&posting.uid, kind, &mut matched)?;
            }
            for class in [Class::Opener, Class::Near] {
                let found = self.postings(&key, class, ALWAYS, true, max, &"".into())?;
                self.stats.aliased_skipped += u64::from(found.len() == max);
                for posting in found {
                    self.explain_again(&posting.residences)?;
                    self.ask_again(&posting.uid, kind, &mut matched)?;
                    if let Some(mut subject) = self.subject(posting.uid.as_str())? {
                        self.link(&mut subject)?;
                    }
                }
            }
        }
        self.raise_matches(matched)
    }

    /// Has the components of a signal published again where that says something new.
    pub fn explain_again(&mut self, residences: &[Residence]) -> Result<(), StoreError> {
        for residence in residences {
            if let Some(root) = self.find(residence.component)? {
                self.dirty.insert(root);
            }
        }
        Ok(())
    }

    fn expire_identity_at(&mut self, day: i64, kind: EntityKind, name: &str) {
        let seen = Timestamp::from_millis(day.saturating_mul(DAY_MS).max(0)).unwrap_or_default();
        let due = seen.saturating_add_millis(millis(self.rules.config.alias_secs).saturating_add(DAY_MS));
        self.expire_together_at(due, Aged::Identity, &format!("{}/{name}", kind.as_str()));
    }

    /// Forgets the aliases of a name that were not seen for `alias_secs`, and looks again later at the rest.
    pub fn expire_identity(&mut self, row_name: &str) -> Result<(), StoreError> {
        let Some((kind, name)) = row_name.split_once('/') else { return Ok(()) };
        let Some(kind) = EntityKind::ALL.into_iter().find(|known| known.as_str() == kind) else { return Ok(()) };
        let mut row = Arc::unwrap_or_clone(self.identity(kind, name)?);
        let kept = millis(self.rules.config.alias_secs);
        let now = self.clock.watermark.millis();
        self.rename(kind, name, &row);
        row.0.retain(|alias| (alias.day + 1).saturating_mul(DAY_MS).saturating_add(kept) > now);
        match row.0.iter().map(|alias| alias.day).min() {
            Some(day) => {
                self.expire_identity_at(day, kind, name);
                self.put_identity(kind, name, Some(row));
            }
            None => self.put_identity(kind, name, None),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_names_are_told_apart() {
        assert!(is_sid("s-1-5-21-1-2-3-1104") && !is_sid("s-1-12-1-1-2-3-4") && !is_sid("sid"));
        assert!(is_guid("11111111-2222-3333-4444-55555555aaaa") && !is_guid("11111111-2222-3333-4444-55555555aaa"));
        for bare in ["alice", "svc-backup", "00u1ab"] {
            assert!(is_bare(bare), "{bare}");
        }
        for full in ["alice@contoso.example", "contoso\\alice", "s-1-12-1-1-2", "11111111-2222-3333-4444-55555555aaaa"]
        {
            assert!(!is_bare(full), "{full}");
        }
    }

    #[test]
    fn a_row_stays_small_and_says_when_it_is_too_many() {
        let mut row = IdentityRow::default();
        for number in 0..1_000 {
            assert_eq!(row.add(&format!("n{number}"), number, 4), number < 5);
        }
        assert_eq!(row.0.len(), 5);
        assert!(row.is_ambiguous("a@b.example", 4) && !row.is_ambiguous("a@b.example", 5));
        let mut row = IdentityRow::default();
        row.add("s-1-5-21-1-1-1-1104", 0, 9);
        assert!(!row.is_ambiguous("alice", 9));
        row.add("s-1-5-21-2-2-2-1104", 0, 9);
        assert!(row.is_ambiguous("alice", 9) && !row.is_ambiguous("contoso\\alice", 9));
    }
}
