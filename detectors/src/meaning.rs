//! Meanings: everyday words of two dozen languages by what they mean, for the learned scorer.
//!
//! The lexicon ([`crate::lexicon`]) lists what attacks say; this lists the ordinary words around it: to send,
//! to delete, before, the user, a file. Features over their order ([`crate::features`]) let what was learned of
//! one language or wording hold in another, which runs of letters cannot. One table of hashes is built
//! once from `meanings.txt`; the reader already has the hash of each word and of its first letters, so that a
//! word costs two look-ups. A meaning is no sign of anything by itself, and no rule asks for one.

use std::sync::LazyLock;

use crate::fold::fold;

/// The words.
const FILE: &str = include_str!("meanings.txt");
/// How many letters make the stem of a word: enough to tell meanings apart, too few to hold most endings.
pub const STEM_LETTERS: u32 = 5;
/// The first scalar of the scripts that write words without spaces or with endings glued on: from Thai on.
pub const DENSE_FROM: u32 = 0x0E00;
/// Korean is folded to its single letters, which make words with spaces as Latin ones do.
const JAMO: std::ops::Range<u32> = 0x1100..0x1200;
/// The longest run of characters that is looked up in dense scripts.
const RUN_MAX: usize = 4;
/// Slots of the table, several for each word, so that most of what it does not hold ends at the first.
const SLOTS: usize = 1 << 15;

static TABLE: LazyLock<Meanings> = LazyLock::new(|| Meanings::read(FILE));

/// What is looked up: the same letters may be a word, the start of one, or a run inside one.
#[derive(Clone, Copy)]
pub enum Part {
    /// A whole word.
    Word = 1,
    /// The first [`STEM_LETTERS`] letters of a longer word.
    Stem,
    /// Characters in a row of a script without spaces.
    Run,
}

/// The start of a hash over scalars.
pub const START: u32 = 0x811C_9DC5;

/// One step of FNV-1a (Fowler, Noll, Vo), over scalars instead of bytes.
pub const fn step(hash: u32, value: u32) -> u32 {
    (hash ^ value).wrapping_mul(0x0100_0193)
}

/// The hash of `scalars`.
pub fn hash(scalars: impl IntoIterator<Item = u32>) -> u32 {
    scalars.into_iter().fold(START, step)
}

/// The table: a key and the number of a meaning from 1, 0 where a slot is free.
#[derive(Debug)]
pub struct Meanings {
    slots: Vec<(u32, u8)>,
}

impl Meanings {
    /// The words that ship.
    pub fn shipped() -> &'static Self {
        &TABLE
    }

    fn read(file: &str) -> Self {
        let mut meanings = Self { slots: vec![(0, 0); SLOTS] };
        for (at, (_, words)) in lines(file).enumerate() {
            // Beyond a byte there is no meaning; a test counts them.
            let Ok(number) = u8::try_from(at + 1) else { break };
            for key in words.flat_map(keys) {
                meanings.insert(key, number);
            }
        }
        meanings
    }

    /// What words of two meanings share, such as a stem, stays with the first.
    fn insert(&mut self, key: u32, number: u8) {
        let from = place(key);
        for at in (from..SLOTS).chain(0..from) {
            let Some(slot) = self.slots.get_mut(at) else { return };
            if slot.1 == 0 {
                *slot = (key, number);
            }
            if slot.0 == key {
                return;
            }
        }
    }

    /// The number of the meaning of what hashes to `hash` as `part`, from 1.
    pub fn of(&self, part: Part, hash: u32) -> Option<u8> {
        let key = key(part, hash);
        let mut at = place(key);
        loop {
            match self.slots.get(at)? {
                (_, 0) => return None,
                (own, number) if *own == key => return Some(*number),
                _ => at = (at + 1) % SLOTS,
            }
        }
    }

    /// A number that changes with the words.
    pub fn fingerprint(&self) -> u32 {
        self.slots.iter().fold(START, |all, (key, number)| step(step(all, *key), u32::from(*number)))
    }
}

fn key(part: Part, hash: u32) -> u32 {
    (hash ^ (part as u32).wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B)
}

fn place(key: u32) -> usize {
    (key >> (u32::BITS - SLOTS.ilog2())) as usize
}

/// The meanings of a file in their order: name and words.
fn lines(file: &str) -> impl Iterator<Item = (&str, std::str::SplitAsciiWhitespace<'_>)> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(':')).map(|(name, words)| (name, words.split_ascii_whitespace()))
}

/// The keys of a word as it stands in the file.
fn keys(word: &str) -> impl Iterator<Item = u32> {
    let open = word.ends_with('*');
    let letters: Vec<u32> = fold(word.trim_end_matches('*')).text.chars().map(u32::from).collect();
    let first = letters.first().copied().unwrap_or_default();
    let korean = JAMO.contains(&first);
    let stem = STEM_LETTERS as usize;
    let run = first >= DENSE_FROM && !korean;
    let prefix = |length: usize| hash(letters.iter().copied().take(length));
    let whole = (!run && (!open || letters.len() <= stem)).then(|| key(Part::Word, prefix(letters.len())));
    let start = (!run && (open || korean) && letters.len() >= stem).then(|| key(Part::Stem, prefix(stem)));
    let inside = run.then(|| key(Part::Run, prefix(RUN_MAX)));
    whole.into_iter().chain(start).chain(inside)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn number(part: Part, text: &str) -> Option<u8> {
        Meanings::shipped().of(part, hash(fold(text).text.chars().map(u32::from)))
    }

    #[test]
    fn words_of_many_languages_mean_the_same() {
        let send = number(Part::Word, "send");
        assert!(send.is_some());
        assert_eq!(number(Part::Word, "schicke"), None, "known by its stem");
        for (part, text) in [
            (Part::Stem, "schic"),
            (Part::Word, "envoie"),
            (Part::Word, "отправь"),
            (Part::Run, "发送"),
            (Part::Word, "भेजो"),
        ] {
            let found = if text == "отправь" { number(Part::Stem, "отпра") } else { number(part, text) };
            assert_eq!(found, send, "{text}");
        }
        assert_ne!(number(Part::Word, "delete"), send);
        assert_eq!(number(Part::Word, "lantern"), None);
    }

    #[test]
    fn every_word_can_be_found_and_stands_once() {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut found = BTreeSet::new();
        for (name, words) in lines(FILE) {
            for word in words {
                assert!(keys(word).next().is_some(), "{word}");
                assert_eq!(seen.insert(word, name), None, "{word} under {name}");
                found.extend(keys(word));
            }
        }
        let meanings = lines(FILE).count();
        assert!(meanings < 250 && found.len() < SLOTS / 2, "{meanings} meanings, {} keys", found.len());
    }

    #[test]
    fn what_is_not_listed_has_no_meaning() {
        let x = hash([u32::from('x')]);
        let small = Meanings::read("# a comment\nfirst: y\nsecond: x\n");
        assert_eq!((small.of(Part::Word, x), small.of(Part::Stem, x), small.of(Part::Run, x)), (Some(2), None, None));
        assert_eq!(Meanings::read("").of(Part::Word, x), None);
    }
}
