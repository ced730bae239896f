//! The neighbourhood of a value: which service that is named before it issues such values.
//!
//! Not here: how names are read ([`crate::credential::names`]), and what a value must look like to count without a
//! service ([`crate::credential::assigned`]).

use std::ops::Range;

use super::format::Alphabet;
use super::names::{Entries, Meaning, names, tail_is_harmless};
use super::services::{OTHERS_LENGTH, SERVICES, Service};
use super::verify::{Look, look};
use super::words::{MADE_UP_SCORE, is_shuffled};
use super::{Kind, Secret};

/// How far behind a service or a word its value may start, in bytes.
const DISTANCE_MAX: usize = 48;

/// The value at the end of `word` when a service that issues such values stands before it.
pub fn beside(text: &str, word: Range<usize>) -> Option<Secret> {
    let bytes = text.as_bytes();
    let body = bytes.get(word.clone())?;
    let end = word.end - body.iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!' | b'?' | b'*')).count();
    // A name needs a letter, a value a digit or the look of chance, and the first of the two stands before the second.
    let body = bytes.get(word.start..end)?;
    if !body.iter().any(u8::is_ascii_digit) && !text.get(word.start..end).is_some_and(is_lettered) {
        return None;
    }
    // An address without a query carries no key.
    if memchr::memmem::find(body.get(..body.len().min(12))?, b"://").is_some() && memchr::memchr(b'=', body).is_none() {
        return None;
    }
    let mut services = [(0_usize, 0_usize, Entries { first: 0, count: 0 }); 4];
    let mut words = [(0_usize, 0_usize); 8];
    let (mut service_count, mut word_count) = (0, 0);
    let from = word.start.saturating_sub(DISTANCE_MAX + 24);
    names(bytes, from, end.min(word.start + 48), |named| match named.meaning {
        Meaning::Service(range) => {
            if let Some(slot) = services.get_mut(service_count % 4) {
                *slot = (named.start, named.end, range);
            }
            service_count += 1;
        }
        Meaning::Word(..) => {
            if let Some(slot) = words.get_mut(word_count % 8) {
                *slot = (named.start, named.end);
            }
            word_count += 1;
        }
    });
    let words = words.get(..word_count.min(8)).unwrap_or_default();
    for (start, name_end, range) in services.iter().take(service_count.min(4)).rev().copied() {
        let shapes = usize::from(range.first)..usize::from(range.first + range.count);
        let shapes = SERVICES.get(shapes).unwrap_or_default();
        let own = shapes.iter().find_map(|shape| Some((shape.subtype, tail(bytes, &word, end, shape)?)));
        let word_end = words.iter().filter(|(_, end)| *end > start).map(|(_, end)| *end).max();
        // A shape that takes the name in too is none of the value.
        let value = own.filter(|(_, start)| *start >= name_end).or_else(|| {
            let named = word_end.unwrap_or(name_end).max(name_end);
            Some(("service_key", any_tail(bytes, &word, end, named)?))
        });
        let Some((subtype, value_start)) = value else { continue };
        if value_start < name_end || value_start - name_end > DISTANCE_MAX {
            continue;
        }
        let near = words.iter().filter(|(_, end)| *end > start && *end <= value_start).map(|(_, end)| *end).max();
        let linked = match near {
            Some(word_end) => only_links(bytes, word_end..value_start) && tail_allows(bytes, word_end, value_start),
            None => assigns(bytes, name_end..value_start, subtype != "service_key", end - value_start),
        };
        if linked {
            return judged(text, subtype, value_start..end);
        }
    }
    None
}

/// Whether letters alone can be a value: their case changes as chance has it, or they count through the alphabet.
fn is_lettered(word: &str) -> bool {
    let value = word.rsplit(['=', ':']).next().unwrap_or(word);
    let ascends = |run: &[u8]| run.windows(2).all(|pair| matches!(pair, [a, b] if *b == a.wrapping_add(1)));
    is_shuffled(value) || value.as_bytes().windows(4).any(ascends) && look(value) == Look::Sequence
}

/// The start of the last part of a word that has a service's shape.
fn tail(bytes: &[u8], word: &Range<usize>, end: usize, service: &Service) -> Option<usize> {
    let within = bytes.get(word.start..end)?;
    let length = within.iter().rev().take_while(|b| service.alphabet.has(**b)).count();
    let (min, max) = (usize::from(service.length.0), usize::from(service.length.1));
    // What the alphabet lacks may still be a letter: then the run is the end of something longer.
    let apart = |length: usize| {
        let before = end.checked_sub(length + 1).and_then(|at| bytes.get(at));
        before.is_none_or(|b| !b.is_ascii_alphanumeric())
    };
    if (min..=max).contains(&length) {
        return apart(length).then_some(end - length);
    }
    // The name may be glued to the value by a sign that the alphabet has: "key-3f78...".
    (length > max && min == max && apart(max)).then(|| end - max)
}

/// The start of what stands behind the last sign that assigns and behind the names, `named`.
fn any_tail(bytes: &[u8], word: &Range<usize>, end: usize, named: usize) -> Option<usize> {
    let within = bytes.get(word.start..end)?;
    let length = within.iter().rev().take_while(|b| Alphabet::Wide.has(**b)).count();
    let padding = within.iter().rev().take_while(|b| **b == b'=').count();
    let sign = within.get(..within.len() - padding)?.iter().rposition(|b| matches!(b, b'=' | b':'));
    let start = (end - length).max(word.start + sign.map_or(0, |at| at + 1));
    let start = if named > start && named < end { named } else { start };
    let gap = bytes.get(start..end)?.iter().take_while(|b| matches!(b, b'-' | b'_' | b'.' | b'=')).count();
    let start = start + gap;
    (usize::from(OTHERS_LENGTH.0)..=usize::from(OTHERS_LENGTH.1)).contains(&(end - start)).then_some(start)
}

/// Whether between a word and a value stands nothing but what links them.
fn only_links(bytes: &[u8], between: Range<usize>) -> bool {
    let between = bytes.get(between).unwrap_or_default();
    let (mut letters, mut signs, mut breaks) = (0, 0, 0);
    for (at, b) in between.iter().enumerate() {
        match b {
            b'=' | b':' if between.get(at + 1) == Some(&b'/') => return false,
            b'=' | b':' => signs += 1,
            b'\n' => breaks += 1,
            b'/' | b'#' | b'@' | b'%' => return false,
            _ if b.is_ascii_alphanumeric() => letters += 1,
            _ => {}
        }
    }
    breaks <= 1 && letters <= if signs > 0 { 16 } else { 8 }
}

/// Whether the rest of the name that holds the word leaves it what it says.
fn tail_allows(bytes: &[u8], word_end: usize, value_start: usize) -> bool {
    let rest = bytes.get(word_end..value_start).unwrap_or_default();
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    length < 3 && !rest.get(..length).is_some_and(|tail| tail.eq_ignore_ascii_case(b"id"))
        || length == rest.len()
        || tail_is_harmless(bytes, word_end..word_end + length)
}

/// Parts of names that say what a service's value is, when it is no secret.
const NO_SECRETS: [&str; 22] = [
    "id", "url", "uri", "host", "name", "account", "project", "domain", "version", "hash", "commit", "sha", "user",
    "username", "org", "team", "env", "region", "path", "file", "endpoint", "ref",
];

/// Whether the text between a service and a value assigns the one to the other: a sign and, where the value has
/// the service's `own` shape, a few letters of a name; or nothing but a blank before a long value.
fn assigns(bytes: &[u8], between: Range<usize>, own: bool, value_length: usize) -> bool {
    const ADJACENT_MIN: usize = 24;
    const LETTERS_MAX: usize = 12;
    let between = bytes.get(between).unwrap_or_default();
    if between.len() <= 3 && between.iter().all(|b| matches!(b, b' ' | b'"' | b'\'' | b'-')) {
        return !between.is_empty() && value_length >= ADJACENT_MIN;
    }
    let name_end = between.iter().position(|b| matches!(b, b'=' | b':' | b' ' | b'"' | b'\'')).unwrap_or(between.len());
    let (name, link) = between.split_at_checked(name_end).unwrap_or((between, &[]));
    let signs = link.iter().filter(|b| matches!(b, b'=' | b':' | b',')).count();
    let only = link.iter().all(|b| matches!(b, b'=' | b':' | b' ' | b'"' | b'\'' | b'>' | b',' | b'('));
    let letters = name.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let parts = name.split(|b| !b.is_ascii_alphanumeric());
    let harmless = parts.clone().any(|part| {
        NO_SECRETS.iter().any(|known| {
            let tail = part.len().checked_sub(known.len()).and_then(|at| part.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(known.as_bytes()))
        })
    });
    signs > 0 && only && !harmless && letters <= if own { LETTERS_MAX } else { 0 }
}

/// A service's value, by its looks.
fn judged(text: &str, subtype: &'static str, range: Range<usize>) -> Option<Secret> {
    let value = text.get(range.clone())?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 && !is_lettered(value) {
        return None;
    }
    let named = subtype != "service_key";
    let letters = digits < value.len() || subtype == "cloudinary_key";
    let path = value.contains("//") || value.starts_with(['/', '.']) || value.matches(['/', '.']).count() > 3;
    match look(value) {
        Look::Placeholder => None,
        Look::Sequence => Some(Secret { subtype, score: MADE_UP_SCORE, range, id: None, kind: Kind::MadeUp }),
        Look::Plausible if named || letters && !path => {
            Some(Secret { subtype, score: if named { 0.8 } else { 0.65 }, range, id: None, kind: Kind::Secret })
        }
        Look::Plausible => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::services::OTHERS;

    #[test]
    fn services_are_those_beside_the_value() {
        let find = |text: &str| {
            let word = crate::credential::words::next_word(text.as_bytes(), 0)?;
            beside(text, word).map(|secret| (secret.subtype, text.get(secret.range).unwrap_or_default().to_owned()))
        };
        let value = "9f3c1e7ab05d48e2a6c4f8b1d2e7903a";
        for text in ["ipstack access key {}", "IPSTACK_KEY={}", "ipstack: {}", "ipstack_token = '{}'"] {
            let text = text.replace("{}", value);
            assert_eq!(find(&text), Some(("ipstack_key", value.to_owned())), "{text}");
        }
        assert_eq!(find(&format!("see ipstack.com/docs/{value}")), None);
        let lettered = "DrQvTnXbKwLpZmHcYsJfGdRe";
        assert_eq!(find(&format!("jira_key = {lettered}")), Some(("atlassian_token", lettered.to_owned())));
        assert_eq!(find("jira key internationalisation"), None);
        assert_eq!(find("jira key AbstractSingletonProxyFactory"), None);
        assert_eq!(find(&format!("circuits {value}")), None);
    }

    #[test]
    fn services_of_a_name_stand_together() {
        let mut names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
        let runs = names.chunk_by(|a, b| a == b).count();
        names.sort_unstable();
        names.dedup();
        assert_eq!(runs, names.len());
        let twice: Vec<_> = OTHERS.iter().enumerate().filter(|(at, name)| OTHERS[..*at].contains(name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
