//! Readers of identity, endpoint and cloud records, one file a vendor format.

use super::Reader;

/// Every reader of signals, alphabetically.
pub const READERS: &[&dyn Reader] = &[];
