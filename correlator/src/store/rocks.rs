//! State in RocksDB, one directory a partition.
//!
//! Three column families, because their rows are asked for in three ways: *signals*, once by their uid to learn
//! that they are new, which a filter answers; *postings*, in ranges of time of one link key, where a filter says that a
//! key has none; and the rest, small and asked for often. Indexes and filters are cut into blocks and live in the block cache
//! with everything else, so that memory does not grow with the state.
//!
//! The write-ahead log stays on without syncing: a killed process loses nothing, and a power loss leaves an
//! older consistent prefix, whose position tells the caller from where to read again.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType,
    LruCacheOptions, Options, ReadOptions, SliceTransform, WriteBatch, WriteOptions,
};

use super::keys::{Table, list_name};
use super::{Change, Changes, FORMAT, FORMAT_VERSION, LooseChanges, POSITION, Store, StoreError, Visit};

/// What one partition's state may take of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RocksConfig {
    /// Decompressed blocks, indexes and filters, in bytes.
    pub block_cache_bytes: usize,
    /// Changes that are not yet in files, of all families together, in bytes.
    pub write_buffers_bytes: usize,
    /// Open files.
    pub open_files_max: i32,
}

impl Default for RocksConfig {
    fn default() -> Self {
        Self { block_cache_bytes: 64 << 20, write_buffers_bytes: 64 << 20, open_files_max: 256 }
    }
}

/// What a batch takes beside its rows, and a row beside its key and value, at most: so that it is allocated once.
const BATCH_BYTES: usize = 256;
const ROW_BYTES: usize = 16;
const SIGNALS: &str = "signals";
const POSTINGS: &str = "postings";
/// What RocksDB calls the part of a posting's key that names its list.
const LISTS: &str = "weir.lists";
/// Bits of a filter a row: one look in a hundred goes to a file in vain.
const FILTER_BITS: f64 = 10.0;
/// The share of a write buffer that says which rows it does not have.
const MEMTABLE_FILTER_SHARE: f64 = 0.03;
/// The cache has few shards: a lookup locks one, and there is one thread to ask.
const CACHE_SHARD_BITS: i32 = 2;
/// Write buffers of a family.
const BUFFERS: usize = 4;
/// Log of changes after which buffers are flushed that hold it back, in write buffers.
const LOG_BUFFERS: u64 = 4;

/// What went to RocksDB and came from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Rows written or deleted.
    pub rows_written: u64,
    /// Bytes of their keys and values.
    pub bytes_written: u64,
    /// Rows and ranges asked for.
    pub asked: u64,
    /// Rows found.
    pub rows_read: u64,
    /// Bytes of their keys and values.
    pub bytes_read: u64,
}

/// A [`Store`] in a RocksDB directory.
pub struct RocksStore {
    db: DB,
    traffic: Cell<Traffic>,
}

impl RocksStore {
    /// Opens or creates the state in `path`; the parent directory must exist.
    pub fn open(path: &Path, config: RocksConfig) -> Result<Self, StoreError> {
        refuse_foreign_files(path)?;
        let mut lru = LruCacheOptions::default();
        lru.set_capacity(config.block_cache_bytes);
        lru.set_num_shard_bits(CACHE_SHARD_BITS);
        let cache = Cache::new_lru_cache_opts(&lru);
        let families = [rocksdb::DEFAULT_COLUMN_FAMILY_NAME, SIGNALS, POSTINGS];
        let families = families.map(|name| ColumnFamilyDescriptor::new(name, family(config, &cache, name)));
        let db = DB::open_cf_descriptors(&options(config), path, families)
            .map_err(|source| StoreError::Open { path: path.into(), source })?;
        check_format(&db, path)?;
        Ok(Self { db, traffic: Cell::default() })
    }

    /// What was written and read since it was opened.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    fn count_read(&self, rows: u64, bytes: usize) {
        self.traffic.update(|traffic| Traffic {
            asked: traffic.asked + 1,
            rows_read: traffic.rows_read + rows,
            bytes_read: traffic.bytes_read + bytes as u64,
            ..traffic
        });
    }

    /// The family of a row, by the table with which every key starts.
    fn family(&self, key: &[u8]) -> Result<&ColumnFamily, StoreError> {
        let name = match key.first() {
            Some(&first) if first == Table::Signal.code() => SIGNALS,
            Some(&first) if first == Table::Posting.code() => POSTINGS,
            _ => rocksdb::DEFAULT_COLUMN_FAMILY_NAME,
        };
        self.db.cf_handle(name).ok_or_else(|| StoreError::Damaged(format!("no column family {name}")))
    }
}

fn options(config: RocksConfig) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_db_write_buffer_size(config.write_buffers_bytes);
    options.set_max_total_wal_size(config.write_buffers_bytes as u64 * LOG_BUFFERS);
    options.set_max_open_files(config.open_files_max);
    options.set_paranoid_checks(true);
    // One thread writes, and nobody reads meanwhile: what this gives up is not missed, and it alone lets a batch, which
    // comes in order, find the place of each row from that of the row before.
    options.set_unordered_write(true);
    options.set_keep_log_file_num(2);
    options
}

fn family(config: RocksConfig, cache: &Cache, name: &str) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_pin_top_level_index_and_filter(true);
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_bloom_filter(FILTER_BITS, false);
    table.set_partition_filters(true);
    let by_list = name == POSTINGS;
    table.set_whole_key_filtering(!by_list);
    let mut options = Options::default();
    options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_SHARE);
    options.set_memtable_whole_key_filtering(!by_list);
    if by_list {
        let list = |key: &'static [u8]| list_name(key).unwrap_or(key);
        options.set_prefix_extractor(SliceTransform::create(LISTS, list, Some(|key| list_name(key).is_some())));
    }
    options.set_block_based_table_factory(&table);
    // The two youngest levels are small and read most: there, decompression would cost more than it saves.
    options.set_compression_type(DBCompressionType::Lz4);
    let levels = [[DBCompressionType::None; 2].as_slice(), [DBCompressionType::Lz4; 5].as_slice()].concat();
    options.set_compression_per_level(&levels);
    // Rows come in no order, and finding their place costs less among few: more buffers, smaller ones.
    options.set_write_buffer_size(config.write_buffers_bytes / BUFFERS);
    options.set_max_write_buffer_number(BUFFERS as i32);
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
        let found = self.db.get_pinned_cf(self.family(key)?, key)?;
        self.count_read(u64::from(found.is_some()), found.as_ref().map_or(0, |bytes| key.len() + bytes.len()));
        Ok(found.map(|bytes| Arc::from(&*bytes)))
    }

    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let mut read = ReadOptions::default();
        read.set_iterate_lower_bound(from);
        read.set_iterate_upper_bound(to);
        if from.first() == Some(&Table::Posting.code()) {
            let list = list_name(from);
            // The end of a reverse scan is looked up in the filter, so it has to name the list as well.
            let of_one = list.is_some() && (!reverse || list == list_name(to));
            read.set_prefix_same_as_start(of_one);
            read.set_total_order_seek(!of_one);
        }
        let mut rows = self.db.raw_iterator_cf_opt(self.family(from)?, read);
        if reverse {
            rows.seek_to_last()
        } else {
            rows.seek_to_first()
        }
        let (mut found, mut bytes) = (0, 0);
        while let Some((key, value)) = rows.item() {
            found += 1;
            bytes += key.len() + value.len();
            if visit(key, value) == ControlFlow::Break(()) {
                self.count_read(found, bytes);
                return Ok(());
            }
            if reverse { rows.prev() } else { rows.next() }
        }
        self.count_read(found, bytes);
        Ok(rows.status()?)
    }

    fn write(&mut self, changes: &Changes, loose: &LooseChanges, position: &[u8]) -> Result<(), StoreError> {
        let rows = || changes.iter().map(|(key, value)| -> Change<'_> { (key, value.as_deref()) }).chain(loose.iter());
        let sizes = rows().map(|(key, value)| key.len() + value.map_or(0, <[u8]>::len));
        let (count, bytes) = sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
        let mut batch = WriteBatch::with_capacity_bytes(BATCH_BYTES + count * ROW_BYTES + bytes);
        self.traffic.update(|traffic| Traffic {
            rows_written: traffic.rows_written + count as u64,
            bytes_written: traffic.bytes_written + bytes as u64,
            ..traffic
        });
        let mut last = None;
        for (key, value) in rows() {
            // Changes of a table stand together: a family is looked up once a table.
            let family = match last {
                Some((table, family)) if table == key.first() => family,
                _ => self.family(key)?,
            };
            last = Some((key.first(), family));
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        batch.put(POSITION, position);
        let mut options = WriteOptions::default();
        options.set_memtable_insert_hint_per_batch(true);
        Ok(self.db.write_opt(batch, &options)?)
    }
}
