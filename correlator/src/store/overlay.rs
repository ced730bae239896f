//! The changes of the batch under way, above what is committed.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::keys::Table;
use super::{Changes, LooseChanges, Store, StoreError, Visit};

/// Tables into which every signal writes and of which few ask.
const SELDOM_READ: [Table; 2] = [Table::Expiry, Table::Posting];

/// The place of a key's table among those.
fn seldom_read(key: &[u8]) -> Option<usize> {
    SELDOM_READ.iter().position(|table| key.first() == Some(&table.code()))
}

/// A store whose changes stay in memory until they are committed.
#[derive(Debug)]
pub struct Overlay<S> {
    store: S,
    changes: RefCell<Changes>,
    /// Changes of tables that are seldom read, as they came. They are put in order when somebody asks, which for
    /// most is never.
    unread: [RefCell<LooseChanges>; SELDOM_READ.len()],
}

impl<S: Store> Overlay<S> {
    /// No changes above `store`.
    pub fn new(store: S) -> Self {
        Self { store, changes: RefCell::default(), unread: Default::default() }
    }

    /// The value of `key` as the batch sees it.
    pub fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.order_for(key);
        match self.changes.borrow().get(key) {
            Some(value) => Ok(value.as_deref().map(Arc::from)),
            None => self.store.get(key),
        }
    }

    fn order_for(&self, key: &[u8]) {
        if let Some(unread) = seldom_read(key).and_then(|at| self.unread.get(at)) {
            self.changes.borrow_mut().extend(unread.borrow_mut().drain(..));
        }
    }

    /// Sets `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.change(key, None);
    }

    fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        match seldom_read(&key).and_then(|at| self.unread.get_mut(at)) {
            Some(unread) => unread.get_mut().push((key, value)),
            None => drop(self.changes.get_mut().insert(key, value)),
        }
    }

    /// Visits rows as [`Store::scan`] does, changes included.
    pub fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        self.order_for(from);
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

    /// Writes the changes, what else the caller held back, and `position` in one step. After an error the
    /// changes are incomplete.
    pub fn commit(&mut self, mut held: LooseChanges, position: &[u8]) -> Result<(), StoreError> {
        for unread in self.unread.iter_mut().map(RefCell::get_mut) {
            // Of two changes of a key the later one counts, and stays the later one.
            unread.sort_by(|(a, _), (b, _)| a.cmp(b));
            held.append(unread);
        }
        self.store.write(self.changes.get_mut(), &held, position)?;
        self.rollback();
        Ok(())
    }

    /// Forgets the changes.
    pub fn rollback(&mut self) {
        self.changes.get_mut().clear();
        self.unread.iter_mut().for_each(|unread| unread.get_mut().clear());
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
        overlay.commit(LooseChanges::new(), b"1").expect("commit");
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
        overlay.commit(LooseChanges::new(), b"1").expect("commit");
        let expected = [("P\u{2}", "again"), ("P\u{3}", "last")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(rows(&overlay, b"P", b"Q", false, 9), expected);
        overlay.delete(key(2));
        assert_eq!(overlay.get(&key(2)).expect("get"), None);
        overlay.rollback();
        assert!(overlay.get(&key(2)).expect("get").is_some());
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
