//! What a compacted topic says of threat intelligence: for each key its newest value.
//!
//! A value is a STIX 2.1 indicator or bundle, anything else that is a feed by itself, or plain JSON: `{"value":
//! "evil.example", "confidence": 80, "valid_until": "2026-06-01T00:00:00Z"}`. A record without a value takes its key
//! back. What cannot be read takes the key back as well, so that what stands after a restart is the same. Not here:
//! Kafka ([`crate::kafka::feeds`]), and what a look-up says.

use std::collections::BTreeMap;

use detectors::intel::{Format, Indicator, Observable, Parsed, parse};
use schemas::Timestamp;
use serde::Deserialize;

/// How many keys one topic may have; what comes beyond is left out and counted.
const KEYS_MAX: usize = 1 << 20;
/// The largest value in bytes.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// An indicator in plain JSON.
#[derive(Deserialize)]
struct Plain {
    value: String,
    #[serde(default)]
    confidence: Option<u8>,
    #[serde(default)]
    valid_until: Option<String>,
}

/// The newest values of one topic.
#[derive(Debug, Default)]
pub struct FeedTable {
    by_key: BTreeMap<Vec<u8>, Vec<Indicator>>,
    /// Values, and entries of values, that were not understood.
    pub skipped: usize,
    /// Keys that the limit kept out.
    pub left_out: usize,
}

impl FeedTable {
    /// Takes a record; `None` is a tombstone. Without a key nothing could ever take a record back: it is skipped.
    pub fn apply(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, format: Option<Format>) {
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            self.skipped += 1;
            return;
        };
        match value.map(|value| parsed(value, format)) {
            None => _ = self.by_key.remove(key),
            Some(None) => {
                self.skipped += 1;
                self.by_key.remove(key);
            }
            Some(Some(parsed)) if self.by_key.len() < KEYS_MAX || self.by_key.contains_key(key) => {
                self.skipped += parsed.skipped;
                self.by_key.insert(key.to_vec(), parsed.indicators);
            }
            Some(Some(_)) => self.left_out += 1,
        }
    }

    /// What stands, in the order of the keys.
    pub fn indicators(&self) -> impl Iterator<Item = Indicator> {
        self.by_key.values().flatten().cloned()
    }
}

/// What a value lists; `None` where it is none, too large, or lists nothing that a record may hold.
fn parsed(value: &[u8], format: Option<Format>) -> Option<Parsed> {
    if value.len() > VALUE_BYTES_MAX {
        return None;
    }
    if let Ok(plain) = serde_json::from_slice::<Plain>(value) {
        return plain.indicator().map(|indicator| Parsed { indicators: vec![indicator], skipped: 0 });
    }
    parse(value, format).ok()
}

impl Plain {
    /// `None` where the value is nothing that a record may hold, or a bound makes no sense.
    fn indicator(self) -> Option<Indicator> {
        let valid_until = match self.valid_until {
            Some(time) => Some(Timestamp::parse(&time)?),
            None => None,
        };
        let confidence = match self.confidence {
            Some(confidence) if confidence > 100 => return None,
            confidence => confidence,
        };
        Some(Indicator { observable: Observable::guess(&self.value)?, confidence, valid_until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(records: &[(&str, Option<&str>)]) -> (Vec<String>, usize) {
        let mut table = FeedTable::default();
        for (key, value) in records {
            table.apply(Some(key.as_bytes()), value.map(str::as_bytes), None);
        }
        let host = |indicator: Indicator| match indicator.observable {
            Observable::Domain(host) => host,
            other => format!("{other:?}"),
        };
        (table.indicators().map(host).collect(), table.skipped)
    }

    const STIX: &str = r#"{"type": "indicator", "spec_version": "2.1", "id": "indicator--1", "pattern_type": "stix",
        "pattern": "[domain-name:value = 'stix.example']", "valid_from": "2026-01-01T00:00:00Z"}"#;

    #[test]
    fn the_newest_value_of_a_key_stands_until_it_is_taken_back() {
        let plain = r#"{"value": "plain.example", "confidence": 80, "valid_until": "2026-06-01T00:00:00Z"}"#;
        let other = r#"{"value": "other.example"}"#;
        assert_eq!(hosts(&[("b", Some(STIX)), ("a", Some(plain))]).0, ["plain.example", "stix.example"]);
        assert_eq!(hosts(&[("a", Some(plain)), ("a", Some(other))]).0, ["other.example"]);
        assert_eq!(hosts(&[("a", Some(plain)), ("b", Some(STIX)), ("a", None)]).0, ["stix.example"]);
        assert_eq!(hosts(&[("a", None)]), (vec![], 0));
        assert_eq!(hosts(&[("a", Some("text.example\n"))]).0, ["text.example"]);
    }

    #[test]
    fn what_cannot_be_read_takes_its_key_back_and_is_counted() {
        for wrong in [
            "{",
            r#"{"value": "two words"}"#,
            r#"{"value": "a.example", "confidence": 101}"#,
            r#"{"value": "a.example", "valid_until": "soon"}"#,
            r#"{"type": "note"}"#,
        ] {
            let (left, skipped) = hosts(&[("a", Some(r#"{"value": "a.example"}"#)), ("a", Some(wrong))]);
            assert_eq!((left, skipped), (vec![], 1), "{wrong}");
        }
        let half = hosts(&[("a", Some("left.example\ntwo words\n"))]);
        assert_eq!(half, (vec!["left.example".to_owned()], 1));
        let mut table = FeedTable::default();
        table.apply(None, Some(STIX.as_bytes()), None);
        table.apply(Some(b"a"), Some(&vec![b'x'; VALUE_BYTES_MAX + 1]), None);
        assert_eq!((table.indicators().count(), table.skipped), (0, 2));
    }
}
