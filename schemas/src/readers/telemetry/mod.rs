//! Readers of inference telemetry, one file a format.

use super::Reader;

/// Every reader of telemetry, alphabetically.
pub const READERS: &[&dyn Reader] = &[];
