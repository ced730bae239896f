//! Readers of identity, endpoint and cloud records: each turns a record of one format into signals.

use super::Reader;

/// Every signal reader, alphabetically.
pub const READERS: &[&dyn Reader] = &[];
