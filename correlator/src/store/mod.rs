//! Where the correlator's state lives between signals: an ordered map of bytes to bytes.
//!
//! [`Store`] is what is committed; [`Overlay`] holds the changes of the batch under way above it, but for the rows
//! that [`crate::held`] keeps decoded until then, so that a batch either becomes state as a whole, together with the position that it reflects, or
//! leaves no trace. [`keys`] knows how rows are named. Deliberately absent: what the rows mean.

pub mod keys;
mod loose;
mod map;
mod overlay;
mod rocks;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

pub use loose::{Change, LooseChanges};
pub use map::MapStore;
pub use overlay::Overlay;
pub use rocks::{RocksConfig, RocksStore, Traffic};

/// Changes of a batch, in the order of their keys: the new value of each, or `None` where the key goes.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a scan calls for each row; it breaks to end the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// The row under which the caller's position is kept; no table starts with a zero byte.
const POSITION: &[u8] = b"\0position";
/// The row that says what the directory is.
const FORMAT: &[u8] = b"\0format";
/// The layout of rows that this version reads and writes.
const FORMAT_VERSION: &str = "weir-correlator 7";

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory holds something that Weir did not write.
    #[error("{path} is not a correlator's state: {what}; point the state directory at an empty or a Weir directory")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What was found there.
        what: String,
    },
    /// The database cannot be opened.
    #[error(
        "cannot open the correlator's state in {path}: {source}; remove the directory to rebuild it from the input"
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// What RocksDB says.
        source: rocksdb::Error,
    },
    /// Reading or writing failed; the store must be opened again.
    #[error("the correlator's state cannot be read or written: {0}")]
    Io(#[from] rocksdb::Error),
    /// A row does not read as what its table holds.
    #[error("a row of the correlator's state is damaged: {0}")]
    Damaged(String),
    /// A row cannot be written down.
    #[error("a row of the correlator's state cannot be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
}

impl StoreError {
    /// Whether what lies on disk is broken, so that only a rebuild helps. Everything else may pass: a lock
    /// that another process still holds, a full disk, a missing permission.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Io(error) | Self::Open { source: error, .. } => error.kind() == rocksdb::ErrorKind::Corruption,
            Self::Foreign { .. } | Self::Encode(_) => false,
        }
    }
}

/// An ordered map on which batches become visible at once.
pub trait Store {
    /// The committed value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError>;

    /// Visits the committed rows from `from` (included) to `to` (excluded), in ascending order or,
    /// with `reverse`, in descending order, until `visit` breaks. Both bounds lie in one table.
    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// Makes `changes`, then `loose` and `position` the committed state, all or nothing: a key that stands in both gets
    /// the value that stands in `loose`.
    fn write(&mut self, changes: &Changes, loose: &LooseChanges, position: &[u8]) -> Result<(), StoreError>;

    /// The position of the last [`Self::write`].
    fn position(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(POSITION)?.map(|bytes| bytes.to_vec()))
    }
}
