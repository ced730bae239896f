//! A store that counts what it is asked for.

use std::cell::Cell;
use std::sync::Arc;

use correlator::store::{Changes, LooseChanges, MapStore, Store, StoreError, Visit};

#[derive(Default)]
pub struct Counting {
    map: MapStore,
    rows: Cell<u64>,
    asked: Cell<u64>,
}

impl Counting {
    /// Rows that were looked at, those that are not there among them.
    pub fn rows(&self) -> u64 {
        self.rows.get()
    }

    /// How often a row or a range was asked for.
    pub fn asked(&self) -> u64 {
        self.asked.get()
    }
}

impl Store for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.asked.set(self.asked.get() + 1);
        self.rows.set(self.rows.get() + 1);
        self.map.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.asked.set(self.asked.get() + 1);
        self.map.scan(from, to, reverse, &mut |key, value| {
            self.rows.set(self.rows.get() + 1);
            visit(key, value)
        })
    }

    fn write(&mut self, changes: &Changes, loose: &LooseChanges, position: &[u8]) -> Result<(), StoreError> {
        self.map.write(changes, loose, position)
    }
}
