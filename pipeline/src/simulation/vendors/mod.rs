//! The shapes in which applications and vendors write, filled with simulated facts.
//!
//! One file a vendor. A writer gets the facts and gives the vendor's JSON with the id that the contract calls the
//! record's own; it decides nothing. What the vendors publish about their shapes is cited in the readers.

pub mod aws;
pub mod crowdstrike;
pub mod defender;
pub mod entra;
pub mod github;
pub mod google;
pub mod okta;
pub mod telemetry;
pub mod windows;

use serde_json::Value;

use super::Stream;

/// A vendor's record.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Where it belongs.
    pub stream: Stream,
    /// Its own id.
    pub id: String,
    /// The vendor's JSON.
    pub body: Value,
}

impl Written {
    fn new(stream: Stream, id: impl Into<String>, body: Value) -> Self {
        Self { stream, id: id.into(), body }
    }
}
