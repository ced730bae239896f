//! The changes of the batch under way, above what is committed.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::{Changes, LooseChanges, Store, StoreError, Visit};

/// A store whose changes stay in memory until they are committed.
#[derive(Debug)]
pub struct Overlay<S> {
    store: S,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<S: Store> Overlay<S> {
    /// No changes above `store`.
    pub fn new(store: S) -> Self {
        Self { store, changes: Changes::new() }
    }

    /// The value of `key` as the batch sees it.
    pub fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.as_deref().map(Arc::from)),
            None => self.store.get(key),
        }
    }

    /// Sets `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Visits rows as [`Store::scan`] does, changes included.
    pub fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let range = self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
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
    /// changes are still pending.
    pub fn commit(&mut self, loose: &LooseChanges, position: &[u8]) -> Result<(), StoreError> {
        self.store.write(&self.changes, loose, position)?;
        self.rollback();
        Ok(())
    }

    /// Forgets the changes.
    pub fn rollback(&mut self) {
        self.changes.clear();
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
        overlay.commit(&LooseChanges::new(), b"1").expect("commit");
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
