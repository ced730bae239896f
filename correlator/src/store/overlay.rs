//! The changes of the batch under way, above what is committed.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::keys::{asked_as, is_mostly_unread, list_name};
use super::{Change, Changes, LooseChanges, Store, StoreError, Visit};

/// Rows that were written and that nobody asked for since. Every signal writes some ([`asked_as`]), and most are never
/// asked for before they are committed.
#[derive(Debug, Default)]
struct Unread {
    /// As they came.
    rows: LooseChanges,
    /// For each the one before it that is asked for together with it, counted from one.
    before: Vec<usize>,
    /// Those that somebody asked for, which were put in order.
    taken: HashSet<usize, RandomState>,
    /// The last one of those that are asked for together, by the hash of their name, likewise.
    last: HashMap<u64, usize, RandomState>,
}

impl Unread {
    fn hash(&self, name: &[u8]) -> u64 {
        self.last.hasher().hash_one(name)
    }

    fn push(&mut self, name: &[u8], key: &[u8], value: Option<&[u8]>) {
        let name = self.hash(name);
        self.rows.push(key, value);
        self.before.push(self.last.insert(name, self.rows.count()).unwrap_or_default());
    }

    /// Moves all changes to `changes`.
    fn put_all_in_order(&mut self, changes: &mut Changes) {
        changes.extend(self.rest().map(owned));
        self.clear();
    }

    /// Moves those that are asked for by `name`.
    fn put_in_order(&mut self, name: &[u8], changes: &mut Changes) {
        let mut last = self.last.remove(&self.hash(name)).unwrap_or_default();
        let mut found = Vec::new();
        while let Some((at, row)) = last.checked_sub(1).and_then(|at| Some((at, self.rows.get(at)?))) {
            found.push(owned(row));
            self.taken.insert(at);
            last = self.before.get(at).copied().unwrap_or_default();
        }
        // Of two changes of a row the later one counts.
        changes.extend(found.into_iter().rev());
    }

    /// Those that nobody asked for, as they came.
    fn rest(&self) -> impl Iterator<Item = Change<'_>> {
        let rows = self.rows.iter().enumerate().filter(|(at, _)| self.taken.is_empty() || !self.taken.contains(at));
        rows.map(|(_, row)| row)
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.before.clear();
        self.taken.clear();
        self.last.clear();
    }
}

fn owned((key, value): Change<'_>) -> (Vec<u8>, Option<Vec<u8>>) {
    (key.to_vec(), value.map(<[u8]>::to_vec))
}

/// A store whose changes stay in memory until they are committed.
#[derive(Debug)]
pub struct Overlay<S> {
    store: S,
    changes: RefCell<Changes>,
    unread: RefCell<Unread>,
    /// What the caller held back until now; the buffer stays, since every commit fills it.
    held_back: LooseChanges,
}

impl<S: Store> Overlay<S> {
    /// No changes above `store`.
    pub fn new(store: S) -> Self {
        Self { store, changes: RefCell::default(), unread: RefCell::default(), held_back: LooseChanges::default() }
    }

    /// The value of `key` as the batch sees it.
    pub fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(name) = asked_as(key) {
            self.unread.borrow_mut().put_in_order(name, &mut self.changes.borrow_mut());
        }
        match self.changes.borrow().get(key) {
            Some(value) => Ok(value.as_deref().map(Arc::from)),
            None => self.store.get(key),
        }
    }

    /// Sets `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let unread = self.unread.get_mut();
        match asked_as(&key) {
            Some(name) => unread.push(name, &key, Some(&value)),
            None => drop(self.changes.get_mut().insert(key, Some(value))),
        }
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: Vec<u8>) {
        let unread = self.unread.get_mut();
        match asked_as(&key) {
            Some(name) => unread.push(name, &key, None),
            None => drop(self.changes.get_mut().insert(key, None)),
        }
    }

    /// Visits rows as [`Store::scan`] does, changes included. One of rows of lists stays within the list that `from`
    /// names, where it names one.
    pub fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        match list_name(from) {
            Some(name) => self.unread.borrow_mut().put_in_order(name, &mut self.changes.borrow_mut()),
            None if is_mostly_unread(from) => {
                self.unread.borrow_mut().put_all_in_order(&mut self.changes.borrow_mut());
            }
            None => {}
        }
        let changes = self.changes.borrow();
        let range = changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let changed: Box<dyn Iterator<Item = _>> = if reverse { Box::new(range.rev()) } else { Box::new(range) };
        let mut changed = changed.peekable();
        let mut ended = false;
        self.store.scan(from, to, reverse, &mut |key, value| {
            while let Some((next, change)) = changed.peek() {
                let order = if reverse { key.cmp(next) } else { next.as_slice().cmp(key) };
                let step = match (order, change) {
                    (Ordering::Greater, _) => break,
                    (_, Some(change)) => visit(next, change),
                    (_, None) => ControlFlow::Continue(()),
                };
                changed.next();
                if step.is_break() {
                    ended = true;
                    return ControlFlow::Break(());
                }
                if order == Ordering::Equal {
                    return ControlFlow::Continue(());
                }
            }
            let step = visit(key, value);
            ended = step.is_break();
            step
        })?;
        for (key, change) in changed {
            if ended {
                break;
            }
            if let Some(change) = change {
                ended = visit(key, change).is_break();
            }
        }
        Ok(())
    }

    /// Where the caller puts changes that it held back, before it commits: they count more than what was set here.
    pub fn held_back(&mut self) -> &mut LooseChanges {
        self.end_unread();
        &mut self.held_back
    }

    /// Nobody will ask any more.
    fn end_unread(&mut self) {
        let from = self.held_back.count();
        let unread = self.unread.get_mut();
        unread.rest().for_each(|(key, value)| self.held_back.push(key, value));
        unread.clear();
        // The store takes rows in best in the order of their keys.
        self.held_back.sort_from(from);
    }

    /// Writes the changes, those held back, and `position` in one step. After an error the changes are incomplete.
    pub fn commit(&mut self, position: &[u8]) -> Result<(), StoreError> {
        self.end_unread();
        self.store.write(self.changes.get_mut(), &self.held_back, position)?;
        self.rollback();
        Ok(())
    }

    /// Forgets the changes.
    pub fn rollback(&mut self) {
        self.changes.get_mut().clear();
        self.unread.get_mut().clear();
        self.held_back.clear();
    }

    /// The position of the last commit.
    pub fn position(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.position()
    }

    /// What is committed.
    pub fn store(&self) -> &S {
        &self.store
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MapStore;
    use crate::store::keys::{Key, Table};

    fn rows<S: Store>(
        overlay: &Overlay<S>,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        max: usize,
    ) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        overlay
            .scan(from, to, reverse, &mut |key, value| {
                rows.push((String::from_utf8_lossy(key).into(), String::from_utf8_lossy(value).into()));
                if rows.len() == max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .expect("a map cannot fail");
        rows
    }

    #[test]
    fn a_scan_sees_what_a_merged_map_holds() {
        let mut overlay = Overlay::new(MapStore::default());
        for key in ["b", "d", "f", "h"] {
            overlay.put(key.into(), b"old".to_vec());
        }
        overlay.commit(b"1").expect("commit");
        overlay.put("a".into(), b"new".to_vec());
        overlay.put("d".into(), b"new".to_vec());
        overlay.delete("f".into());
        overlay.put("i".into(), b"new".to_vec());
        let expected = [("a", "new"), ("b", "old"), ("d", "new"), ("h", "old"), ("i", "new")];
        for max in 1..=6 {
            let forward: Vec<_> = expected.iter().take(max).map(|(k, v)| (k.to_string(), v.to_string())).collect();
            assert_eq!(rows(&overlay, b"a", b"z", false, max), forward, "{max}");
            let back: Vec<_> = expected.iter().rev().take(max).map(|(k, v)| (k.to_string(), v.to_string())).collect();
            assert_eq!(rows(&overlay, b"a", b"z", true, max), back, "{max}");
        }
        assert_eq!(rows(&overlay, b"b", b"d", false, 9), [("b".to_owned(), "old".to_owned())]);
        assert_eq!(rows(&overlay, b"z", b"a", false, 9), []);
    }

    /// What is put in order only when somebody asks, or never, is what it would be in a map.
    #[test]
    fn changes_that_nobody_read_are_there_when_somebody_does() {
        let key = |at: u8| vec![Table::Posting.code(), at];
        let mut overlay = Overlay::new(MapStore::default());
        overlay.put(key(3), b"first".to_vec());
        overlay.put(key(1), b"one".to_vec());
        overlay.put(key(3), b"last".to_vec());
        let expected = [("P\u{1}", "one"), ("P\u{3}", "last")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(rows(&overlay, b"P", b"Q", false, 9), expected);
        overlay.delete(key(1));
        overlay.put(key(2), b"two".to_vec());
        overlay.put(key(2), b"again".to_vec());
        overlay.commit(b"1").expect("commit");
        let expected = [("P\u{2}", "again"), ("P\u{3}", "last")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(rows(&overlay, b"P", b"Q", false, 9), expected);
        overlay.delete(key(2));
        assert_eq!(overlay.get(&key(2)).expect("get"), None);
        overlay.rollback();
        assert!(overlay.get(&key(2)).expect("get").is_some());
    }

    /// A key is put in order by itself, as often as somebody asks, and the rest stays as it came.
    #[test]
    fn a_scan_of_postings_sees_all_of_its_key_and_only_of_it() {
        let posting = |id: &str, at: i64| Key::new(Table::Posting, "t").byte(1).name(id).time(at).tail("u");
        let scanned = |overlay: &Overlay<MapStore>, id: &str| {
            let (from, to) = Key::new(Table::Posting, "t").byte(1).name(id).prefix_range();
            rows(overlay, &from, &to, false, 99).into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        let mut overlay = Overlay::new(MapStore::default());
        for round in 0..3 {
            for id in ["alice", "alic", "bob"] {
                overlay.put(posting(id, 2), format!("{id} 2 {round}").into_bytes());
                overlay.put(posting(id, 1), format!("{id} 1 {round}").into_bytes());
            }
            overlay.delete(posting("bob", 1));
            assert_eq!(scanned(&overlay, "alice"), [format!("alice 1 {round}"), format!("alice 2 {round}")]);
            assert_eq!(scanned(&overlay, "bob"), [format!("bob 2 {round}")]);
            assert_eq!(scanned(&overlay, "carol"), Vec::<String>::new());
            assert_eq!(overlay.get(&posting("bob", 1)).expect("get"), None);
            if round == 1 {
                overlay.commit(b"1").expect("commit");
            }
        }
        assert_eq!(scanned(&overlay, "alic"), ["alic 1 2", "alic 2 2"]);
        overlay.rollback();
        assert_eq!(scanned(&overlay, "alic"), ["alic 1 1", "alic 2 1"]);
        assert_eq!(scanned(&overlay, "bob"), ["bob 2 1"]);
    }

    #[test]
    fn rollback_leaves_no_trace() {
        let mut overlay = Overlay::new(MapStore::default());
        overlay.put("a".into(), vec![0; 100]);
        assert_eq!(overlay.get(b"a").expect("get").map(|value| value.len()), Some(100));
        overlay.rollback();
        assert_eq!(overlay.get(b"a").expect("get"), None);
        assert_eq!(rows(&overlay, b"a", b"z", false, 9), []);
        assert_eq!(overlay.position().expect("position"), None);
    }
}
