//! What `weir --version` prints.

use std::sync::LazyLock;

/// The version, the commit, and the versions of librdkafka and RocksDB.
pub fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
        format!(
            "{}\ncommit {}\nlibrdkafka {librdkafka}\nRocksDB {}",
            env!("CARGO_PKG_VERSION"),
            commit(),
            env!("WEIR_ROCKSDB_VERSION")
        )
    });
    &LONG
}

/// The commit that this binary was built from, or `unknown` outside a checkout.
pub fn commit() -> &'static str {
    env!("WEIR_COMMIT")
}
