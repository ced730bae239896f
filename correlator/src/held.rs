//! Rows held decoded: those that the batch under way changed, and those that were read or changed lately.
//!
//! One signal asks for the same rows many times, and signals that follow each other ask for the same counters
//! and stories. A row is decoded when it is first asked for and encoded once, when the batch is committed.
//!
//! Two generations bound what is kept: what is asked for moves to the young one; when that has grown to its
//! limit, its committed rows become the old one, and what was old is forgotten. Changed rows stay until they are
//! committed; the caller bounds them by the number of signals that it takes into one batch.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use crate::head::Head;
use crate::identity::IdentityRow;
use crate::key_filter::KeyFilter;
use crate::link_key::LinkKey;
use crate::posting::PostingList;
use crate::signal_row;
use crate::state::{ComponentRow, SignalRow, TenantRow, encode};
use crate::store::{LooseChanges, StoreError};

/// What the young generation of one table may take of memory, in bytes; the old one may take as much again.
const YOUNG_BYTES_MAX: usize = 16 << 20;
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
    changed: bool,
    weight: usize,
}

/// The held rows of one table, by their keys in the store.
pub struct Rows<V> {
    young: HashMap<Vec<u8>, Slot<V>>,
    old: HashMap<Vec<u8>, Slot<V>>,
    /// What the young rows that are committed take.
    settled_bytes: usize,
    changed_bytes: usize,
}

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), settled_bytes: 0, changed_bytes: 0 }
    }
}

impl<V: Weigh> Rows<V> {
    /// The row, where it is held; `Some(None)` where it is known not to be there.
    pub fn get(&mut self, key: &[u8]) -> Option<Option<V>> {
        if let Some(slot) = self.young.get(key) {
            return Some(slot.value.clone());
        }
        let (key, slot) = self.old.remove_entry(key)?;
        let value = slot.value.clone();
        self.settled_bytes += slot.weight;
        self.young.insert(key, slot);
        Some(value)
    }

    /// Holds what was read; the row must not be held already.
    pub fn learn(&mut self, key: Vec<u8>, value: Option<V>) {
        if self.settled_bytes > YOUNG_BYTES_MAX {
            self.age();
        }
        let weight = weight(&key, value.as_ref());
        self.settled_bytes += weight;
        self.young.insert(key, Slot { value, changed: false, weight });
    }

    /// Sets the row, or with `None` removes it.
    pub fn put(&mut self, key: Vec<u8>, value: Option<V>) {
        let weight = weight(&key, value.as_ref());
        self.old.remove(&key);
        self.changed_bytes += weight;
        if let Some(before) = self.young.insert(key, Slot { value, changed: true, weight }) {
            let bytes = if before.changed { &mut self.changed_bytes } else { &mut self.settled_bytes };
            *bytes = bytes.saturating_sub(before.weight);
        }
    }

    /// Changes a row that [`Self::get`] has just found, in place.
    pub fn change(&mut self, key: &[u8], change: impl FnOnce(&mut Option<V>)) {
        let Some(slot) = self.young.get_mut(key) else { return };
        let bytes = if slot.changed { &mut self.changed_bytes } else { &mut self.settled_bytes };
        *bytes = bytes.saturating_sub(slot.weight);
        change(&mut slot.value);
        slot.weight = weight(key, slot.value.as_ref());
        slot.changed = true;
        self.changed_bytes += slot.weight;
    }

    /// Follows a change of what a held value was made from; says nothing to the store.
    pub fn adjust(&mut self, key: &[u8], change: impl FnOnce(&mut V)) {
        let Some(slot) = self.young.get_mut(key) else {
            // Not asked for lately: it is made anew when it is.
            self.old.remove(key);
            return;
        };
        let Some(value) = &mut slot.value else { return };
        change(value);
        let bytes = if slot.changed { &mut self.changed_bytes } else { &mut self.settled_bytes };
        *bytes = bytes.saturating_sub(slot.weight);
        slot.weight = weight(key, slot.value.as_ref());
        *bytes += slot.weight;
    }

    /// The keys of the rows that are there, of those that are held.
    pub fn present(&self) -> impl Iterator<Item = &[u8]> {
        let slots = self.young.iter().chain(&self.old);
        slots.filter(|(_, slot)| slot.value.is_some()).map(|(key, _)| key.as_slice())
    }

    /// Hands every changed row to `write`; then they are as if they had been read.
    fn settle(&mut self, mut write: impl FnMut(&[u8], Option<&V>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for (key, slot) in self.young.iter_mut().filter(|(_, slot)| slot.changed) {
            write(key, slot.value.as_ref())?;
            slot.changed = false;
        }
        self.settled_bytes += std::mem::take(&mut self.changed_bytes);
        let settled_bytes = &mut self.settled_bytes;
        self.young.retain(|_, slot| {
            let holds = slot.value.as_ref().is_none_or(V::is_worth_holding);
            *settled_bytes = settled_bytes.saturating_sub(if holds { 0 } else { slot.weight });
            holds
        });
        if self.settled_bytes > YOUNG_BYTES_MAX {
            self.age();
        }
        Ok(())
    }

    /// Lets the committed rows grow old; those that were old are forgotten.
    fn age(&mut self) {
        let (changed, settled) = std::mem::take(&mut self.young).into_iter().partition(|(_, slot)| slot.changed);
        (self.young, self.old) = (changed, settled);
        self.settled_bytes = 0;
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
    /// How often that changed: link keys that were held before are made anew.
    pub names_version: Cell<u64>,
    /// Tenants.
    pub tenants: RefCell<Rows<TenantRow>>,
    /// The link keys that have counters, and a few more; absent until they were looked through.
    pub counted: RefCell<Option<KeyFilter>>,
}

impl Held {
    /// The changed rows, for the caller to commit; from here on they are held as committed.
    pub fn settle(&mut self) -> Result<LooseChanges, StoreError> {
        let mut changes = LooseChanges::new();
        settle(self.signals.get_mut(), &mut changes)?;
        settle(self.heads.get_mut(), &mut changes)?;
        settle(self.components.get_mut(), &mut changes)?;
        settle(self.identities.get_mut(), &mut changes)?;
        settle(self.tenants.get_mut(), &mut changes)?;
        Ok(changes)
    }
}

fn settle<V: Row>(rows: &mut Rows<V>, changes: &mut LooseChanges) -> Result<(), StoreError> {
    rows.settle(|key, value| {
        changes.push((key.to_vec(), value.map(V::encoded).transpose()?));
        Ok(())
    })
}

/// A signal's row with the link keys that follow from it.
#[derive(Clone)]
pub struct HeldSignal {
    /// The row.
    pub row: SignalRow,
    /// The keys; none where the signal is gone.
    pub keys: Arc<[LinkKey]>,
    /// Under which version of the names the keys were made.
    pub names_version: u64,
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
        size_of::<Self>()
    }
}

impl Row for TenantRow {
    fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        encode(self)
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

    fn settled(rows: &mut Rows<u8>) -> Vec<(Vec<u8>, Option<u8>)> {
        let mut written = Vec::new();
        let settled = rows.settle(|key, value| {
            written.push((key.to_vec(), value.copied()));
            Ok(())
        });
        settled.expect("nothing is written");
        written.sort();
        written
    }

    #[test]
    fn a_changed_row_is_written_once_and_held_on() {
        let mut rows = Rows::default();
        rows.learn(b"read".to_vec(), Some(1));
        rows.put(b"put".to_vec(), Some(2));
        rows.put(b"put".to_vec(), Some(3));
        rows.put(b"gone".to_vec(), None);
        rows.change(b"read", |value| *value = value.map(|value| value + 4));
        let expected = [(b"gone".to_vec(), None), (b"put".to_vec(), Some(3)), (b"read".to_vec(), Some(5))];
        assert_eq!(settled(&mut rows), expected);
        assert_eq!((settled(&mut rows), rows.changed_bytes), (Vec::new(), 0));
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
        let held: usize = rows.young.values().chain(rows.old.values()).map(|slot| slot.weight).sum();
        assert!(held < 3 * YOUNG_BYTES_MAX, "{held}");
        assert_eq!(settled(&mut rows), [(b"changed".to_vec(), Some(1))]);
    }
}
