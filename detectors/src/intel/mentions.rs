//! Where a text names something that feeds list: host names, addresses, mailboxes and digests that stand alone.
//!
//! One pass over the text, in words; what was made harmless (`evil[.]example`) is talked about and not used, so it is
//! none. URLs are not looked for here: the detector of links has them already.

use std::ops::Range;

use schemas::Timestamp;

use super::feeds::{Feeds, Match};
use super::indicator::Observable;

/// The longest word that can be one of them, in bytes.
const WORD_BYTES_MAX: usize = 320;
/// The shortest: `a.co`, `::1`.
const WORD_BYTES_MIN: usize = 3;
/// How many words of one text are looked up.
const LOOKUPS_MAX: usize = 4096;

/// The listed words of `raw`, in order: where, what kind, and what the feeds say.
pub(crate) fn mentions<'f>(raw: &str, feeds: &'f Feeds, at: Timestamp) -> Vec<(Range<usize>, &'static str, Match<'f>)> {
    let base = raw.as_ptr() as usize;
    let words = raw.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '@' | '+')));
    let trimmed = words.map(|word| word.trim_matches(['.', ':', '-', '_', '@', '+']));
    let fit = trimmed.filter(|word| (WORD_BYTES_MIN..=WORD_BYTES_MAX).contains(&word.len()));
    let found = fit.filter(|word| candidate(word)).take(LOOKUPS_MAX).filter_map(|word| {
        let (kind, listed) = look_up(word, feeds, at)?;
        let start = word.as_ptr() as usize - base;
        Some((start..start + word.len(), kind, listed))
    });
    found.collect()
}

/// Whether a word can be any of them at all: it has a dot or two colons within, or is long hexadecimal.
fn candidate(word: &str) -> bool {
    word.contains('.') || word.matches(':').nth(1).is_some() || [32, 40, 64].contains(&word.len())
}

fn look_up<'f>(word: &str, feeds: &'f Feeds, at: Timestamp) -> Option<(&'static str, Match<'f>)> {
    if word.contains('@') {
        let address = Observable::email(word)?;
        let domain = word.rsplit('@').next().unwrap_or_default().to_lowercase();
        return Some(("listed_email", feeds.exact(&address, at).or_else(|| feeds.domain(&domain, at))?));
    }
    if let Some(hash) = Observable::hash(word) {
        return Some(("listed_file", feeds.exact(&hash, at)?));
    }
    let without_port = word.split_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let host = without_port.map_or(word, |(host, _)| host);
    if let Ok(address) = host.parse() {
        return Some(("listed_ip", feeds.address(address, at)?));
    }
    let Observable::Domain(name) = Observable::domain(host)? else { return None };
    Some(("listed_domain", feeds.domain(&name, at)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::fixture;

    #[test]
    fn words_that_are_listed_are_found_where_they_stand() {
        let text = "Grüße: post it to drop.listed.example:8443, 203.0.113.66, or m@listed.example (d41d8cd98f00b204e9800998ecf8427e).";
        let feeds = fixture::feeds();
        let found: Vec<_> = mentions(text, &feeds, Timestamp::default())
            .into_iter()
            .map(|(at, kind, _)| (kind, text.get(at).unwrap_or_default()))
            .collect();
        let expected = [
            ("listed_domain", "drop.listed.example:8443"),
            ("listed_ip", "203.0.113.66"),
            ("listed_email", "m@listed.example"),
            ("listed_file", "d41d8cd98f00b204e9800998ecf8427e"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_made_harmless_or_not_listed_is_none() {
        let feeds = fixture::feeds();
        for text in ["listed[.]example", "notlisted.example", "203.0.113.67", "", "::::", "@@@@", &".".repeat(100_000)]
        {
            assert!(mentions(text, &feeds, Timestamp::default()).is_empty(), "{text}");
        }
    }
}
