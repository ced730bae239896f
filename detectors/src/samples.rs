//! Measures the detectors on sample data, where it is present; see [`report`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use schemas::{Channel, Message};

use crate::cases::talk;
use crate::{Detectors, Settings};

fn samples() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    std::env::var_os("WEIR_SAMPLES").map_or_else(|| PathBuf::from(default), PathBuf::from)
}
