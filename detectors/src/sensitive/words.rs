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
use super::type_set::{TYPES_MAX, TypeSet};
use crate::fold::fold;
use crate::work::work;

/// How far from a number a word may stand, in characters: as in Microsoft Purview.
pub const DISTANCE_MAX: usize = 300;

/// For whom a word speaks.
#[derive(Debug, Default)]
struct Meaning {
    types: TypeSet,
    /// A bit a family.
    families: u32,
}

struct Vocabulary {
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

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut meanings: BTreeMap<String, Meaning> = BTreeMap::new();
    for (at, kind) in (0..).zip(&FORMS.types) {
        for word in kind.words {
            meanings.entry(fold(word).text).or_default().types.insert(at);
        }
        for word in kind.family.words() {
            meanings.entry(fold(word).text).or_default().families |= kind.family.bit();
        }
    }
    // Where it does not build no word would be found, and the tests would fail.
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(meanings.keys()).ok();
    Vocabulary { automaton, meanings: meanings.into_values().collect() }
});

/// The part of a text within reach of a place.
pub fn reach(text: &str, place: &Range<usize>, characters: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    before(bytes, place.start, characters)..after(bytes, place.end, characters)
}

/// How many bytes are counted together; the compiler makes vector instructions of it.
const CHUNK_BYTES: usize = 32;

/// Whether a byte begins a character.
fn begins_character(b: u8) -> bool {
    b & 0xC0 != 0x80
}

fn characters_in(chunk: &[u8]) -> usize {
    usize::from(chunk.iter().map(|b| u8::from(begins_character(*b))).sum::<u8>())
}

/// The place `characters` before `at`, or the start.
fn before(bytes: &[u8], mut at: usize, mut characters: usize) -> usize {
    while let Some(chunk) = at.checked_sub(CHUNK_BYTES).and_then(|start| bytes.get(start..at)) {
        let count = characters_in(chunk);
        if count >= characters {
            break;
        }
        (at, characters) = (at - CHUNK_BYTES, characters - count);
    }
    let start = at.saturating_sub(CHUNK_BYTES);
    let rest = bytes.get(start..at).unwrap_or_default().iter().enumerate().rev().filter(|(_, b)| begins_character(**b));
    rest.take(characters).last().map_or(at, |(offset, _)| start + offset)
}

/// The place `characters` behind `at`, or the end.
fn after(bytes: &[u8], mut at: usize, mut characters: usize) -> usize {
    while let Some(chunk) = bytes.get(at..at + CHUNK_BYTES) {
        let count = characters_in(chunk);
        if count > characters {
            break;
        }
        (at, characters) = (at + CHUNK_BYTES, characters - count);
    }
    let rest = bytes.get(at..).unwrap_or_default().iter().enumerate().filter(|(_, b)| begins_character(**b));
    rest.map(|(offset, _)| at + offset).nth(characters).unwrap_or(bytes.len())
}

/// The words in some parts of a text.
#[derive(Debug, Default)]
pub struct Words {
    by_start: Vec<Word>,
    by_end: Vec<Word>,
}

/// What the words near a place say.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// How far the nearest word of each type is, in bytes.
    distances: [u16; TYPES_MAX],
    /// For which families any word speaks, a bit each.
    families: u32,
}

impl Said {
    /// How far the nearest word of the type at `kind` is, in bytes, and whether a word speaks for its family.
    pub fn of(&self, kind: u16) -> (Option<usize>, bool) {
        let own = self.distances.get(usize::from(kind)).filter(|distance| **distance != u16::MAX);
        let family = FORMS.types.get(usize::from(kind)).map_or(0, |kind| kind.family.bit());
        (own.map(|distance| usize::from(*distance)), self.families & family != 0)
    }

    /// Takes note of words as they come, nearer ones first.
    fn listen(&mut self, wanted: &TypeSet, words: impl Iterator<Item = (usize, &'static Meaning, bool)>) {
        let mut left = *wanted;
        for (distance, meaning, within) in words {
            work(1);
            self.families |= meaning.families;
            let heard = left.and(&meaning.types);
            if !within || heard.is_empty() {
                continue;
            }
            left = left.without(&heard);
            let distance = u16::try_from(distance).unwrap_or(u16::MAX - 1);
            for kind in heard.iter() {
                work(1);
                let own = &mut self.distances[usize::from(kind)];
                *own = (*own).min(distance);
            }
        }
    }
}

impl Words {
    /// Searches parts of a text, which come in order and may overlap.
    pub fn new(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Self {
        let mut by_end = Vec::new();
        let mut done = 0;
        let mut open: Option<Range<usize>> = None;
        for part in parts {
            let part = part.start.max(done)..part.end;
            open = match open.take() {
                Some(before) if part.start <= before.end => Some(before.start..before.end.max(part.end)),
                before => {
                    if let Some(before) = before {
                        done = before.end;
                        search(text, before, &mut by_end);
                    }
                    Some(part)
                }
            };
        }
        if let Some(last) = open {
            search(text, last, &mut by_end);
        }
        let mut by_start = by_end.clone();
        by_start.sort_by_key(|word| word.start);
        Self { by_start, by_end }
    }

    /// What words within `reach` of `place` say about the types in `wanted`.
    pub fn said(&self, place: &Range<usize>, reach: &Range<usize>, wanted: &TypeSet) -> Said {
        let mut said = Said { distances: [u16::MAX; TYPES_MAX], families: 0 };
        let until = self.by_end.partition_point(|word| word.end <= place.start);
        let before = self.by_end.iter().take(until).rev().take_while(|word| word.end > reach.start);
        let before = before.filter(|word| word.start >= reach.start);
        said.listen(wanted, before.map(|word| (place.start - word.end, word.meaning, true)));
        let from = self.by_start.partition_point(|word| word.start < place.end);
        let after = self.by_start.iter().skip(from).take_while(|word| word.start < reach.end);
        said.listen(wanted, after.map(|word| (word.start - place.end, word.meaning, word.end <= reach.end)));
        said
    }

    /// Whether a word of the type at `kind` introduces a place: it stands before it, at most `distance_max` bytes
    /// away, and no other number stands between.
    pub fn introduce(&self, text: &str, place: &Range<usize>, kind: u16, distance_max: usize) -> bool {
        let until = self.by_end.partition_point(|word| word.end <= place.start);
        let near = self.by_end.iter().take(until).rev().take_while(|word| word.end + distance_max >= place.start);
        // Where a number stands behind the nearest, it stands behind those further away as well.
        near.inspect(|_| work(1)).find(|word| word.meaning.types.has(kind)).is_some_and(|word| {
            let between = text.get(word.end..place.start).unwrap_or_default();
            !between.bytes().any(|b| b.is_ascii_digit())
        })
    }
}

/// Adds the words of one part, in the order of their ends.
fn search(text: &str, part: Range<usize>, found: &mut Vec<Word>) {
    let (Some(automaton), Some(piece)) = (&WORDS.automaton, text.get(part.clone())) else { return };
    work(piece.len());
    for hit in automaton.find_overlapping_iter(piece) {
        let (start, end) = (part.start + hit.start(), part.start + hit.end());
        let meaning = WORDS.meanings.get(hit.pattern().as_usize());
        if let Some(meaning) = meaning.filter(|_| whole(text, start, end)) {
            found.push(Word { start, end, meaning });
        }
    }
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
        Words::new(text, std::iter::once(0..text.len())).by_start.len()
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
        assert_eq!(Words::new(&text, parts).by_start.len(), found(&text));
    }

    #[test]
    fn reach_is_counted_in_characters() {
        for text in ["a".repeat(90), "é".repeat(90), "身a".repeat(45), "é𝐚a".repeat(30)] {
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            for characters in [0, 1, 5, 31, 32, 33, 64, 100] {
                for (at, place) in starts.iter().enumerate() {
                    let expected =
                        starts[at.saturating_sub(characters)]..starts[(at + characters).min(starts.len() - 1)];
                    assert_eq!(reach(&text, &(*place..*place), characters), expected, "{text} {place} {characters}");
                }
            }
        }
    }
}
