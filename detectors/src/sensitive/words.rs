//! The words that speak for types, found in one pass over the neighbourhoods of numbers.
//!
//! Most texts hold no number that could be of a type, and are not searched at all. Not here: what follows
//! from a word ([`InformationType::confidence`]).
//!
//! [`InformationType::confidence`]: super::information_type::InformationType::confidence

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::form::FORMS;
use super::information_type::Family;
use crate::fold::fold;

/// How far from a number a word may stand, in characters: as in Microsoft Purview.
pub const DISTANCE_MAX: usize = 300;

/// For whom a word speaks.
#[derive(Debug, Default)]
struct Meaning {
    types: Vec<u16>,
    families: Vec<Family>,
}

struct Words {
    automaton: Option<AhoCorasick>,
    meanings: Vec<Meaning>,
}

/// A word in a folded text.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    start: usize,
    end: usize,
    meaning: &'static Meaning,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut meanings: BTreeMap<String, Meaning> = BTreeMap::new();
    for (at, kind) in (0..).zip(&FORMS.types) {
        for word in kind.words {
            meanings.entry(fold(word).text).or_default().types.push(at);
        }
        for word in kind.family.words() {
            let families = &mut meanings.entry(fold(word).text).or_default().families;
            if !families.contains(&kind.family) {
                families.push(kind.family);
            }
        }
    }
    // Where it does not build no word would be found, and the tests would fail.
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(meanings.keys()).ok();
    Words { automaton, meanings: meanings.into_values().collect() }
});

/// The part of a text within reach of a place.
pub fn reach(text: &str, place: &Range<usize>, characters: usize) -> Range<usize> {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let start = before.char_indices().rev().take(characters).last().map_or(place.start, |(at, _)| at);
    let end = after.char_indices().nth(characters).map_or(text.len(), |(at, _)| place.end + at);
    start..end
}

/// The words in some parts of a text, which come in order; parts may overlap.
pub fn words(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Vec<Word> {
    let mut found = Vec::new();
    let mut done = 0;
    let mut open: Option<Range<usize>> = None;
    let mut search = |part: Range<usize>| {
        let Some(automaton) = &WORDS.automaton else { return };
        let Some(piece) = text.get(part.clone()) else { return };
        for hit in automaton.find_overlapping_iter(piece) {
            let (start, end) = (part.start + hit.start(), part.start + hit.end());
            let meaning = WORDS.meanings.get(hit.pattern().as_usize());
            if let Some(meaning) = meaning.filter(|_| whole(text, start, end)) {
                found.push(Word { start, end, meaning });
            }
        }
    };
    for part in parts {
        let part = part.start.max(done)..part.end;
        open = match open.take() {
            Some(before) if part.start <= before.end => Some(before.start..before.end.max(part.end)),
            before => {
                if let Some(before) = before {
                    done = before.end;
                    search(before);
                }
                Some(part)
            }
        };
    }
    open.map(search);
    found.sort_by_key(|word| word.start);
    found
}

/// What words say about a number of the type at `kind`: the least distance of one of its own, and whether one
/// speaks for its family.
pub fn said(words: &[Word], place: &Range<usize>, reach: &Range<usize>, kind: u16) -> (Option<usize>, bool) {
    let family = FORMS.types.get(usize::from(kind)).map(|kind| kind.family);
    let from = words.partition_point(|word| word.start < reach.start);
    let near = words.iter().skip(from).take_while(|word| word.start < reach.end);
    let (mut own, mut general) = (None::<usize>, false);
    for word in near.filter(|word| word.end <= place.start || word.start >= place.end) {
        let distance = place.start.saturating_sub(word.end).max(word.start.saturating_sub(place.end));
        if word.end <= reach.end && word.meaning.types.contains(&kind) {
            own = Some(own.map_or(distance, |own| own.min(distance)));
        }
        general |= family.is_some_and(|family| word.meaning.families.contains(&family));
    }
    (own, general)
}

/// Whether a word of the type at `kind` introduces a place: it stands before it, at most `distance_max` bytes away,
/// and no other number stands between.
pub fn introduces(words: &[Word], text: &str, place: &Range<usize>, kind: u16, distance_max: usize) -> bool {
    let until = words.partition_point(|word| word.start < place.start);
    let before = words.iter().take(until).rev().take_while(|word| word.start + 2 * distance_max >= place.start);
    before.filter(|word| word.end <= place.start && word.end + distance_max >= place.start).any(|word| {
        let between = text.get(word.end..place.start).unwrap_or_default();
        word.meaning.types.contains(&kind) && !between.bytes().any(|b| b.is_ascii_digit())
    })
}

/// Whether a word is no part of a longer one. Scripts without spaces have no such parts.
fn whole(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    (!letter(start.checked_sub(1)) || !letter(Some(start))) && (!letter(Some(end)) || !letter(Some(end - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        words(text, std::iter::once(0..text.len())).len()
    }

    #[test]
    fn words_are_whole_and_in_many_languages() {
        assert_eq!(found("the signals"), 0);
        for text in [
            "ssn",
            fold("Steuer-ID").text.as_str(),
            fold("身份证号").text.as_str(),
            fold("ИНН").text.as_str(),
            fold("주민등록번호").text.as_str(),
        ] {
            assert!(found(text) > 0, "{text}");
        }
    }

    #[test]
    fn parts_that_overlap_are_searched_once() {
        let text = "ssn ".repeat(100);
        let parts = (0..100).map(|at| at * 4..(at * 4 + 40).min(400));
        assert_eq!(words(&text, parts).len(), found(&text));
    }
}
