//! Hands the commit and RocksDB's version to the binary: neither crate tells at run time.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rustc-env=WEIR_COMMIT={}", commit().unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rustc-env=WEIR_ROCKSDB_VERSION={}", rocksdb_version().unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rerun-if-changed=../Cargo.lock");
    // Rebuilt when HEAD moves, where there is a checkout to move in.
    for path in ["../.git/HEAD", "../.git/logs/HEAD"] {
        if Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The crate's version carries RocksDB's as build metadata: `0.19.0+11.8.1`.
fn rocksdb_version() -> Option<String> {
    let lock = std::fs::read_to_string("../Cargo.lock").ok()?;
    let (_, entry) = lock.split_once("name = \"librocksdb-sys\"")?;
    let version = entry.lines().find_map(|line| line.strip_prefix("version = \""))?.trim_end_matches('"');
    Some(version.split_once('+').map_or(version, |(_, rocksdb)| rocksdb).to_owned())
}
