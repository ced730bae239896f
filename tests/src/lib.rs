//! What the end-to-end tests share: a real Kafka to talk to ([`kafka`]), its secured listeners and one more
//! to kill ([`broker`]), the published schema to judge records by ([`ocsf`]), the product as a user runs it
//! ([`weir`]), and whole deployments of it ([`deployment`]).
//!
//! Both come from the set-up of `make test`, which names them in the environment. A test that is run
//! without it (`cargo test` alone) finds what an earlier set-up left behind, or says that it skips; under
//! `make test` nothing is skipped: what is missing is a failure.
//!
//! Deliberately absent: anything that the product itself could use.

pub mod broker;
pub mod deployment;
pub mod kafka;
pub mod ocsf;
pub mod weir;

use std::path::PathBuf;

/// Where set-up steps keep what they fetched: `$WEIR_CACHE`, else `~/.cache/weir`.
pub fn cache_dir() -> Option<PathBuf> {
    let named = std::env::var_os("WEIR_CACHE").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/weir")))
}

/// Says that a test does not look, and why. `make test` must never print it.
#[allow(clippy::print_stdout, reason = "the test harness shows it beside the test's name")]
pub fn skipped(why: &str) {
    println!("skipped: {why}");
}
