//! State in RocksDB, one directory a partition.
//!
//! Reads go through a bounded cache of rows that also remembers which rows do not exist, since most
//! look-ups of a correlator are for things it has never seen. The write-ahead log stays on without
//! syncing: a killed process loses nothing, and a power loss leaves an older consistent prefix,
//! whose position tells the caller from where to read again.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache as RowCache;
use rocksdb::{BlockBasedOptions, Cache, DB, DBCompressionType, Options, ReadOptions, WriteBatch};

use super::{Changes, FORMAT, FORMAT_VERSION, POSITION, Store, StoreError, Visit};

/// What one partition's state may take of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RocksConfig {
    /// Decompressed blocks, indexes and filters, in bytes.
    pub block_cache_bytes: usize,
    /// One write buffer, in bytes; there are at most two.
    pub write_buffer_bytes: usize,
    /// Rows read before, in bytes.
    pub row_cache_bytes: u64,
    /// Open files.
    pub open_files_max: i32,
}

impl Default for RocksConfig {
    fn default() -> Self {
        Self {
            block_cache_bytes: 64 << 20,
            write_buffer_bytes: 32 << 20,
            row_cache_bytes: 32 << 20,
            open_files_max: 256,
        }
    }
}

/// What a cached row costs beside its bytes.
const CACHED_ROW_OVERHEAD_BYTES: u64 = 96;
/// Rows above this size leave the cache when they are written: they are signals, read rarely again,
/// and would push out the counters of keys, which every signal reads.
const ROW_CACHED_BYTES_MAX: usize = 512;
/// A row of the usual size, from which the cache estimates how many it will hold.
const ROW_BYTES_TYPICAL: u64 = 256;

#[derive(Clone, Debug)]
struct RowWeight;

impl Weighter<Vec<u8>, Option<Arc<[u8]>>> for RowWeight {
    fn weight(&self, key: &Vec<u8>, value: &Option<Arc<[u8]>>) -> u64 {
        (key.len() + value.as_ref().map_or(0, |value| value.len())) as u64 + CACHED_ROW_OVERHEAD_BYTES
    }
}

/// A [`Store`] in a RocksDB directory.
pub struct RocksStore {
    db: DB,
    rows: RowCache<Vec<u8>, Option<Arc<[u8]>>, RowWeight>,
}

impl RocksStore {
    /// Opens or creates the state in `path`; the parent directory must exist.
    pub fn open(path: &Path, config: RocksConfig) -> Result<Self, StoreError> {
        refuse_foreign_files(path)?;
        let db = DB::open(&options(config), path).map_err(|source| StoreError::Open { path: path.into(), source })?;
        check_format(&db, path)?;
        let estimated = (config.row_cache_bytes / ROW_BYTES_TYPICAL).max(16) as usize;
        Ok(Self { db, rows: RowCache::with_weighter(estimated, config.row_cache_bytes, RowWeight) })
    }
}

fn options(config: RocksConfig) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(config.block_cache_bytes));
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    // The two youngest levels are small and read most: there, decompression would cost more than it saves.
    options.set_compression_type(DBCompressionType::Lz4);
    let levels = [[DBCompressionType::None; 2].as_slice(), [DBCompressionType::Lz4; 5].as_slice()].concat();
    options.set_compression_per_level(&levels);
    options.set_write_buffer_size(config.write_buffer_bytes);
    options.set_max_write_buffer_number(2);
    options.set_max_open_files(config.open_files_max);
    options.set_paranoid_checks(true);
    options.set_keep_log_file_num(2);
    options
}

/// RocksDB would happily create a database among files that belong to something else.
fn refuse_foreign_files(path: &Path) -> Result<(), StoreError> {
    let foreign = |what: String| Err(StoreError::Foreign { path: path.into(), what });
    if !path.exists() || path.join("CURRENT").is_file() {
        return Ok(());
    }
    match std::fs::read_dir(path).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => foreign("it holds other files".to_owned()),
        Err(error) => foreign(error.to_string()),
    }
}

fn check_format(db: &DB, path: &Path) -> Result<(), StoreError> {
    let foreign = |what: String| StoreError::Foreign { path: path.into(), what };
    match db.get(FORMAT)? {
        Some(version) if version == FORMAT_VERSION.as_bytes() => Ok(()),
        Some(version) => {
            let version = String::from_utf8_lossy(&version).into_owned();
            Err(foreign(format!("its format is {version:?}, this version reads {FORMAT_VERSION:?}")))
        }
        None if db.iterator(rocksdb::IteratorMode::Start).next().is_none() => {
            Ok(db.put(FORMAT, FORMAT_VERSION.as_bytes())?)
        }
        None => Err(foreign("it is a RocksDB database without Weir's format row".to_owned())),
    }
}

impl Store for RocksStore {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(value) = self.rows.get(key) {
            return Ok(value);
        }
        let value: Option<Arc<[u8]>> = self.db.get_pinned(key)?.map(|bytes| Arc::from(&*bytes));
        self.rows.insert(key.to_vec(), value.clone());
        Ok(value)
    }

    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let mut read = ReadOptions::default();
        read.set_iterate_lower_bound(from);
        read.set_iterate_upper_bound(to);
        let mut rows = self.db.raw_iterator_opt(read);
        if reverse {
            rows.seek_to_last()
        } else {
            rows.seek_to_first()
        }
        while let Some((key, value)) = rows.item() {
            if visit(key, value) == ControlFlow::Break(()) {
                return Ok(());
            }
            if reverse { rows.prev() } else { rows.next() }
        }
        Ok(rows.status()?)
    }

    fn write(&mut self, changes: &Changes, position: &[u8]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        batch.put(POSITION, position);
        self.db.write(batch)?;
        self.rows.remove(POSITION);
        for (key, value) in changes {
            if value.as_ref().is_some_and(|value| value.len() > ROW_CACHED_BYTES_MAX) {
                self.rows.remove(key.as_slice());
            } else if self.rows.contains_key(key.as_slice()) {
                self.rows.insert(key.clone(), value.as_deref().map(Arc::from));
            }
        }
        Ok(())
    }
}
