//! State in memory, for tests and for replays that keep nothing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Change, Changes, LooseChanges, POSITION, Store, StoreError, Visit};

/// A [`Store`] in a `BTreeMap`: unbounded, gone with the process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapStore {
    rows: BTreeMap<Vec<u8>, Arc<[u8]>>,
}

impl MapStore {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Store for MapStore {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let range = self.rows.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to)));
        let mut each = |(key, value): (&Vec<u8>, &Arc<[u8]>)| visit(key, value);
        let _: ControlFlow<()> =
            if reverse { range.rev().try_for_each(&mut each) } else { { range }.try_for_each(each) };
        Ok(())
    }

    fn write(&mut self, changes: &Changes, loose: &LooseChanges, position: &[u8]) -> Result<(), StoreError> {
        let changes = changes.iter().map(|(key, value)| -> Change<'_> { (key, value.as_deref()) });
        for (key, value) in changes.chain(loose.iter()) {
            match value {
                Some(value) => self.rows.insert(key.to_vec(), Arc::from(value)),
                None => self.rows.remove(key),
            };
        }
        self.rows.insert(POSITION.to_vec(), Arc::from(position));
        Ok(())
    }
}
