//! The formats of feeds, and how one is recognised.
//!
//! Every parser takes whole files, is linear in their length, takes what it understands and counts the rest: one
//! odd line must not cost a feed. Refused is only what is no feed at all.

use super::indicator::Indicator;
use super::{abuse_ch, misp, plain, stix};

/// The largest feed in bytes.
pub const FEED_BYTES_MAX: usize = 256 << 20;

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV of abuse.ch: URLhaus, ThreatFox, Feodo Tracker, SSLBL, MalwareBazaar.
    AbuseCh,
    /// MISP: an event, events, attributes, or a warning list.
    Misp,
    /// One value a line: anything, comments after `#` or `;`. Tor's exit lists as well.
    Plain,
    /// STIX 2.1: a bundle, or a single indicator.
    Stix,
}

impl Format {
    /// Every format with its name in configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("abuse_ch", Self::AbuseCh), ("misp", Self::Misp), ("plain", Self::Plain), ("stix", Self::Stix)];

    /// The format called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(own, _)| *own == name).map(|(_, format)| format)
    }
}

/// What came of a feed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// What it says, in its order.
    pub indicators: Vec<Indicator>,
    /// How many entries were not understood, or speak of what no record holds.
    pub skipped: usize,
}

impl Parsed {
    /// Adds an entry, or counts it.
    pub(super) fn take(&mut self, indicator: Option<Indicator>) {
        match indicator {
            Some(indicator) => self.indicators.push(indicator),
            None => self.skipped += 1,
        }
    }
}

/// Why a file is no feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It is too large.
    #[error("it has {0} bytes: at most {FEED_BYTES_MAX} are read")]
    Size(usize),
    /// It is no text.
    #[error("it is no UTF-8 text, from byte {0} on")]
    Encoding(usize),
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error("it is JSON, but neither STIX 2.1 nor MISP")]
    Kind,
}

/// Reads a feed; without a format it is recognised.
///
/// # Errors
/// [`FeedError`] where the whole is no feed.
pub fn parse(bytes: &[u8], format: Option<Format>) -> Result<Parsed, FeedError> {
    if bytes.len() > FEED_BYTES_MAX {
        return Err(FeedError::Size(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| FeedError::Encoding(error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{FEFF}');
    match format.unwrap_or_else(|| recognised(text)) {
        Format::AbuseCh => Ok(abuse_ch::parse(text)),
        Format::Plain => Ok(plain::parse(text)),
        Format::Misp => misp::parse(text),
        Format::Stix => stix::parse(text),
    }
}

/// How much of a file tells its format, in bytes.
const HEAD_BYTES: usize = 64 << 10;

/// JSON with STIX's names is STIX, other JSON is MISP's; CSV whose header abuse.ch writes is theirs.
fn recognised(text: &str) -> Format {
    let head = crate::bounds::head(text, HEAD_BYTES);
    if head.trim_start().starts_with(['{', '[']) {
        let stix = ["\"spec_version\"", "\"bundle\"", "\"pattern\"", "\"bundle--", "\"indicator--"];
        return if stix.iter().any(|name| head.contains(name)) { Format::Stix } else { Format::Misp };
    }
    if abuse_ch::header(head).is_some() { Format::AbuseCh } else { Format::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        for (text, format) in [
            (r#"{"type":"bundle","id":"bundle--1","objects":[]}"#, Format::Stix),
            (r#"{"Event":{"Attribute":[]}}"#, Format::Misp),
            (r#"{"list":["a.example"],"type":"hostname","name":"x"}"#, Format::Misp),
            ("# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n", Format::AbuseCh),
            ("198.51.100.1\n198.51.100.2\n", Format::Plain),
            ("", Format::Plain),
        ] {
            assert_eq!(recognised(text), format, "{text}");
        }
    }

    #[test]
    fn bad_bytes_are_an_error_or_nothing_and_never_a_panic() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let pattern = format!(r#"{{"type":"indicator","pattern_type":"stix","pattern":"{}"}}"#, "(".repeat(100_000));
        let half = r#"{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '1.2.3.4"#;
        for text in
            ["{", "[]", "{}", "null", "[[[", "\u{0}\u{1}", "\"", ",,,,", &deep, &pattern, half, "[1,2]", "{\"list\":3}"]
        {
            for format in Format::ALL.map(|(_, format)| Some(format)).into_iter().chain([None]) {
                let indicators =
                    parse(text.as_bytes(), format).map(|parsed| parsed.indicators.len()).unwrap_or_default();
                assert_eq!(indicators, 0, "{format:?}: {}", crate::bounds::head(text, 60));
            }
        }
        assert!(matches!(parse(b"a\xff", None), Err(FeedError::Encoding(1))));
    }
}
