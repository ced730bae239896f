//! Rows held decoded: those that the batch under way changed, and those that were read or changed lately.
//!
//! One signal asks for the same rows many times, and signals that follow each other ask for the same counters
//! and stories. A row is decoded when it is first asked for and encoded once, when the batch is committed.
//!
//! Two generations bound what is kept: what is asked for moves to the young one; when that has grown to its
//! limit, its committed rows become the old one, and what was old is forgotten. Changed rows stay until they are
//! committed; the caller bounds them by the number of signals that it takes into one batch.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::head::Head;
use crate::identity::IdentityRow;
use crate::key_filter::KeyFilter;
use crate::link_key::LinkKey;
use crate::posting::PostingList;
use crate::recent::Recent;
use crate::renamed::Renamed;
use crate::said::Said;
use crate::signal_row;
use crate::state::{ComponentRow, SignalRow, TenantRow, encode};
use crate::store::{LooseChanges, StoreError};

/// What the young generation of one table may take of memory, in bytes; the old one may take as much again.
pub const YOUNG_BYTES_MAX: usize = 16 << 20;
/// What a held row costs beside what its value says: the slot and two heap blocks.
const SLOT_BYTES: usize = 96;

/// What is held.
pub trait Weigh: Clone {
    /// About how many bytes of memory it takes.
    fn weight(&self) -> usize;

    /// Whether it may be asked for again once it is committed.
    fn is_worth_holding(&self) -> bool {
        true
    }
}

/// A value of a row.
pub trait Row: Weigh {
    /// What is written.
    fn encoded(&self) -> Result<Vec<u8>, StoreError>;
}

struct Slot<V> {
    /// Absent where the row is known not to be there.
    value: Option<V>,
    weight: usize,
}

type Slots<V> = HashMap<Vec<u8>, Slot<V>, RandomState>;

/// The held rows of one table, by their keys in the store. A row stands in one of the three.
pub struct Rows<V> {
    /// What the batch under way changed.
    changed: Slots<V>,
    young: Slots<V>,
    old: Slots<V>,
    /// What the young rows take.
    young_bytes: usize,
}

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Self { changed: Slots::default(), young: Slots::default(), old: Slots::default(), young_bytes: 0 }
    }
}

impl<V: Weigh> Rows<V> {
    /// The row, where it is held; `Some(None)` where it is known not to be there.
    pub fn get(&mut self, key: &[u8]) -> Option<Option<V>> {
        if let Some(slot) = self.changed.get(key).or_else(|| self.young.get(key)) {
            return Some(slot.value.clone());
        }
        let (key, slot) = self.old.remove_entry(key)?;
        let value = slot.value.clone();
        self.young_bytes += slot.weight;
        self.young.insert(key, slot);
        Some(value)
    }

    /// Holds what was read; the row must not be held already.
    pub fn learn(&mut self, key: Vec<u8>, value: Option<V>) {
        if self.young_bytes > YOUNG_BYTES_MAX {
            self.age();
        }
        let weight = weight(&key, value.as_ref());
        self.young_bytes += weight;
        self.young.insert(key, Slot { value, weight });
    }

    /// Sets the row, or with `None` removes it.
    pub fn put(&mut self, key: Vec<u8>, value: Option<V>) {
        if let Some(slot) = self.changed.get_mut(&key) {
            slot.value = value;
            return;
        }
        self.take(&key);
        self.changed.insert(key, Slot { value, weight: 0 });
    }

    /// Forgets a row, whose value the caller has written.
    pub fn forget(&mut self, key: &[u8]) {
        if self.changed.remove(key).is_none() {
            self.take(key);
        }
    }

    /// Changes a row, where it is held.
    pub fn change(&mut self, key: &[u8], change: impl FnOnce(&mut Option<V>)) {
        if let Some(slot) = self.changed.get_mut(key) {
            change(&mut slot.value);
        } else if let Some((key, mut slot)) = self.take(key) {
            change(&mut slot.value);
            self.changed.insert(key, slot);
        }
    }

    /// Follows a change of what a held value was made from; says nothing to the store.
    pub fn adjust(&mut self, key: &[u8], change: impl FnOnce(&mut V)) {
        if let Some(slot) = self.changed.get_mut(key) {
            if let Some(value) = &mut slot.value {
                change(value);
            }
        } else if let Some(Slot { value: Some(value), weight: before }) = self.young.get_mut(key) {
            change(value);
            let after = weight(key, Some(value));
            self.young_bytes = (self.young_bytes + after).saturating_sub(*before);
            *before = after;
        } else {
            // Not asked for lately: it is made anew when it is.
            self.old.remove(key);
        }
    }

    /// The keys of the rows that are there, of those that are held.
    pub fn present(&self) -> impl Iterator<Item = &[u8]> {
        let slots = self.changed.iter().chain(&self.young).chain(&self.old);
        slots.filter(|(_, slot)| slot.value.is_some()).map(|(key, _)| key.as_slice())
    }

    fn take(&mut self, key: &[u8]) -> Option<(Vec<u8>, Slot<V>)> {
        let Some(young) = self.young.remove_entry(key) else { return self.old.remove_entry(key) };
        self.young_bytes = self.young_bytes.saturating_sub(young.1.weight);
        Some(young)
    }

    /// Lets the young rows grow old; those that were old are forgotten.
    fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
        self.young_bytes = 0;
    }
}

impl<V: Row> Rows<V> {
    /// Adds every changed row to `changes`; then they are as if they had been read.
    fn settle(&mut self, changes: &mut LooseChanges) -> Result<(), StoreError> {
        let from = changes.count();
        for (key, mut slot) in self.changed.drain() {
            let bytes = slot.value.as_ref().map(V::encoded).transpose()?;
            if slot.value.as_ref().is_none_or(V::is_worth_holding) {
                changes.push(&key, bytes.as_deref());
                slot.weight = weight(&key, slot.value.as_ref());
                self.young_bytes += slot.weight;
                self.young.insert(key, slot);
            } else {
                changes.push(&key, bytes.as_deref());
            }
        }
        // The order of the table's keys, in which the store takes rows in best; a map has none.
        changes.sort_from(from);
        if self.young_bytes > YOUNG_BYTES_MAX {
            self.age();
        }
        Ok(())
    }
}

fn weight<V: Weigh>(key: &[u8], value: Option<&V>) -> usize {
    key.len() + SLOT_BYTES + value.map_or(0, V::weight)
}

/// The held rows of all tables that have any, and which counters there are at all.
#[derive(Default)]
pub struct Held {
    /// Signals.
    pub signals: RefCell<Rows<HeldSignal>>,
    /// Counters of link keys.
    pub heads: RefCell<Rows<Arc<Head>>>,
    /// The postings of keys that have few; made from the store, never written.
    pub postings: RefCell<Rows<Arc<PostingList>>>,
    /// Components.
    pub components: RefCell<Rows<ComponentRow>>,
    /// Which names stand for one thing.
    pub identities: RefCell<Rows<Arc<IdentityRow>>>,
    /// When that changed: link keys that were held before are made anew.
    pub renamed: Renamed,
    /// Tenants.
    pub tenants: RefCell<Rows<TenantRow>>,
    /// Which sets of names are known to say nothing new.
    pub said: RefCell<Said>,
    /// Which claims of addresses were written lately, and which addresses had records that no claim was known for.
    pub recent: RefCell<Recent>,
    /// The link keys that have counters, and a few more; absent until they were looked through.
    pub counted: RefCell<Option<KeyFilter>>,
}

impl Held {
    /// Adds the changed rows to `changes`, for the caller to commit; from here on they are held as committed.
    pub fn settle(&mut self, changes: &mut LooseChanges) -> Result<(), StoreError> {
        self.signals.get_mut().settle(changes)?;
        self.heads.get_mut().settle(changes)?;
        self.components.get_mut().settle(changes)?;
        self.identities.get_mut().settle(changes)?;
        self.tenants.get_mut().settle(changes)
    }
}

/// A signal's row with the link keys that follow from it.
#[derive(Clone)]
pub struct HeldSignal {
    /// The row.
    pub row: SignalRow,
    /// The keys; none where the signal is gone.
    pub keys: Arc<[LinkKey]>,
    /// How many names had changed when the keys were made.
    pub made: u64,
}

impl HeldSignal {
    /// Whether the keys are still those that follow from the row.
    pub fn is_as_made(&self, renamed: &Renamed) -> bool {
        renamed.are_as_made(&self.keys, self.made)
    }
}

impl Weigh for HeldSignal {
    fn weight(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| size_of::<LinkKey>() + key.id.len()).sum();
        keys + self.row.signal.as_ref().map_or(0, |signal| signal_row::weight(signal))
    }

    /// Of most signals nothing is asked again; those of a story are asked for with every revision of it.
    fn is_worth_holding(&self) -> bool {
        !self.row.residences.is_empty()
    }
}

impl Row for HeldSignal {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        Ok(signal_row::bytes(&self.row))
    }
}

impl Weigh for Arc<Head> {
    fn weight(&self) -> usize {
        Head::weight(self)
    }
}

impl Row for Arc<Head> {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.bytes())
    }
}

impl Weigh for Arc<PostingList> {
    fn weight(&self) -> usize {
        PostingList::weight(self)
    }
}

impl Weigh for ComponentRow {
    fn weight(&self) -> usize {
        match self {
            Self::Here(component) => component.weight(),
            Self::Merged(_) => 0,
        }
    }
}

impl Row for ComponentRow {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        encode(self)
    }
}

impl Weigh for Arc<IdentityRow> {
    fn weight(&self) -> usize {
        IdentityRow::weight(self)
    }
}

impl Row for Arc<IdentityRow> {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        encode(self.as_ref())
    }
}

impl Weigh for TenantRow {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.aging.weight()
    }
}

impl Row for TenantRow {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        encode(self)
    }
}

#[cfg(test)]
impl<V> Rows<V> {
    fn bytes(&self) -> usize {
        self.young.values().chain(self.old.values()).map(|slot| slot.weight).sum()
    }
}

#[cfg(test)]
impl Held {
    /// What the table that takes most of memory takes, in bytes, once everything is committed.
    pub fn most_bytes(&self) -> usize {
        let sums = [
            self.signals.borrow().bytes(),
            self.heads.borrow().bytes(),
            self.postings.borrow().bytes(),
            self.components.borrow().bytes(),
            self.identities.borrow().bytes(),
            self.tenants.borrow().bytes(),
        ];
        sums.into_iter().max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for u8 {
        fn weight(&self) -> usize {
            usize::from(*self) << 13
        }
    }

    impl Row for u8 {
        fn encoded(&self) -> Result<Vec<u8>, StoreError> {
            Ok(vec![*self])
        }
    }

    fn settled(rows: &mut Rows<u8>) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut written = LooseChanges::default();
        rows.settle(&mut written).expect("nothing is written");
        written.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect()
    }

    #[test]
    fn a_changed_row_is_written_once_and_held_on() {
        let mut rows = Rows::default();
        rows.learn(b"read".to_vec(), Some(1));
        rows.put(b"put".to_vec(), Some(2));
        rows.put(b"put".to_vec(), Some(3));
        rows.put(b"gone".to_vec(), None);
        rows.change(b"read", |value| *value = value.map(|value| value + 4));
        let row = |key: &[u8], value: Option<u8>| (key.to_vec(), value.map(|value| vec![value]));
        assert_eq!(settled(&mut rows), [row(b"gone", None), row(b"put", Some(3)), row(b"read", Some(5))]);
        assert_eq!(settled(&mut rows), []);
        assert_eq!((rows.get(b"put"), rows.get(b"gone"), rows.get(b"other")), (Some(Some(3)), Some(None), None));
    }

    /// What is committed is bounded however much is read; what is not is kept.
    #[test]
    fn reading_forgets_what_was_not_asked_for_lately() {
        let mut rows = Rows::default();
        rows.put(b"changed".to_vec(), Some(1));
        for number in 0..100_u32 {
            rows.learn(number.to_be_bytes().to_vec(), Some(255));
            assert_eq!(rows.get(&0_u32.to_be_bytes()), Some(Some(255)), "what is asked for stays");
        }
        assert!(rows.get(&99_u32.to_be_bytes()).is_some() && rows.get(&1_u32.to_be_bytes()).is_none());
        assert!(rows.bytes() < 3 * YOUNG_BYTES_MAX, "{}", rows.bytes());
        assert_eq!(settled(&mut rows), [(b"changed".to_vec(), Some(vec![1]))]);
    }
}
