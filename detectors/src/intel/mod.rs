//! Threat intelligence: what feeds know about addresses, names, files and clients.
//!
//! A feed's bytes are parsed into [`Indicator`]s ([`parse`]), the indicators of all feeds compiled into [`Feeds`],
//! and detectors ask those about what they find in texts and about the caller. The pipeline reads files and topics,
//! compiles anew when one changes and hands the current [`Feeds`] to each interaction: what they held then decides,
//! and `weir replay` goes by the files that it is given. Expiry is judged at the interaction's own time.
//!
//! Not here: I/O, clocks, and what a match means for the SOC, which the detectors say.

mod abuse_ch;
mod feeds;
mod format;
mod indicator;
mod mentions;
mod misp;
mod plain;
mod stix;

#[cfg(test)]
pub mod fixture;

pub use feeds::{Feeds, FeedsBuilder, Match};
pub use format::{FEED_BYTES_MAX, FeedError, Format, Parsed, parse};
pub use indicator::{Indicator, Observable, Standing};
pub(crate) use mentions::mentions;
