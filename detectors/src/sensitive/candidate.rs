//! Where in a text a number may stand: one pass that jumps from digit to digit.
//!
//! An *atom* is a run of ASCII letters and digits. A number is one atom, or several with one space, dash, dot or
//! slash between each two. From every atom that holds a digit numbers of every length are offered, and from a
//! short word of letters before it. What is part of something longer (a version, a path, a UUID, a decimal) is
//! offered as such. Each atom is joined with at most [`ATOMS_MAX`] others, so the work is linear in the text.
//!
//! Not here: what a number means.

use std::ops::Range;

use super::form::NUMBER_BYTES_MAX;
use crate::work::work;

/// How many atoms a number may be written in: a French social security number has seven.
const ATOMS_MAX: usize = 8;
/// How many of them may be single characters.
const SINGLES_MAX: usize = 2;
/// The shortest atom that begins a number within something longer.
const INNER_BYTES_MIN: usize = 3;
/// The longest word of letters that begins or ends a number.
const WORD_BYTES_MAX: usize = 3;
/// How many bytes are looked at together for a digit; the compiler makes vector instructions of it.
const CHUNK_BYTES: usize = 32;

/// A number without its separators.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact {
    bytes: [u8; NUMBER_BYTES_MAX],
    length: usize,
    letters: u32,
    separators: u32,
}

impl Compact {
    /// How many characters it has.
    pub fn len(&self) -> usize {
        self.length
    }

    /// The characters.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Which characters are letters, a bit each.
    pub fn letters(&self) -> u32 {
        self.letters
    }

    /// Before which characters a separator stood, a bit each.
    pub fn separators(&self) -> u32 {
        self.separators
    }

    /// Adds an atom; `false` where it does not fit.
    fn add(&mut self, atom: &[u8]) -> bool {
        let Some(room) = self.bytes.get_mut(self.length..self.length + atom.len()) else { return false };
        room.copy_from_slice(atom);
        if self.length > 0 {
            self.separators |= 1 << self.length;
        }
        for (at, b) in (self.length..).zip(atom) {
            self.letters |= u32::from(b.is_ascii_alphabetic()) << at;
        }
        self.length += atom.len();
        true
    }
}

/// What is done with what the pass comes by.
pub trait Visitor {
    /// A number that may end here; `range` includes its separators, `whole` says that it is no part of more.
    fn number(&mut self, range: Range<usize>, number: &Compact, whole: bool);
    /// An atom that holds a digit, before its numbers; where it was taken for something longer, its end.
    fn atom(&mut self, atom: Range<usize>) -> Option<usize>;
}

/// Passes over a folded text once.
pub fn scan(text: &[u8], visitor: &mut impl Visitor) {
    let mut at = 0;
    while let Some(digit) = next_digit(text, at) {
        let start = digit
            - text
                .get(at..digit)
                .map_or(0, |before| before.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count());
        let atom = atom_at(text, start);
        at = match visitor.atom(atom.clone()) {
            Some(end) => end.max(atom.end),
            None => {
                if let Some(word) = word_before(text, &atom) {
                    numbers_from(text, word, visitor);
                }
                numbers_from(text, atom.clone(), visitor);
                atom.end
            }
        };
    }
}

fn next_digit(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = text.get(at..at + CHUNK_BYTES) {
        if chunk.iter().fold(false, |any, b| any | b.is_ascii_digit()) {
            break;
        }
        at += CHUNK_BYTES;
    }
    text.get(at..)?.iter().position(u8::is_ascii_digit).map(|offset| at + offset)
}

fn atom_at(text: &[u8], start: usize) -> Range<usize> {
    start..start + text.get(start..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count())
}

/// Whether a byte may part a number.
fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b'-' | b'.' | b'/' | b'(')
}

/// Whether a number may begin at `start`: not within a path, a decimal, a version, an amount, an address.
pub fn begins(text: &[u8], start: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).copied();
    match before(1) {
        Some(b'-' | b'.' | b'/') => before(2).is_none_or(|b| !b.is_ascii_alphanumeric() && b != b'/'),
        Some(b':') => before(2).is_none_or(|b| !b.is_ascii_digit()),
        Some(b'+' | b'$' | b'%' | b'@' | b'\\' | b'&' | b'~' | b'_') => false,
        _ => true,
    }
}

/// Whether a number may end before `end`.
pub fn ends(text: &[u8], end: usize) -> bool {
    let after = |on: usize| text.get(end + on).copied();
    match after(0) {
        Some(b'-' | b'.') => after(1).is_none_or(|b| !b.is_ascii_alphanumeric()),
        Some(b'@' | b'%' | b'_') => false,
        _ => true,
    }
}

/// The short word of letters, one separator before an atom that starts with a digit.
fn word_before(text: &[u8], atom: &Range<usize>) -> Option<Range<usize>> {
    let gap = atom.start.checked_sub(1)?;
    if !text.get(atom.start)?.is_ascii_digit() || !matches!(text.get(gap)?, b' ' | b'-' | b'.') {
        return None;
    }
    let letters = text.get(..gap)?.iter().rev().take(WORD_BYTES_MAX + 1).take_while(|b| b.is_ascii_alphanumeric());
    let length = letters.clone().count();
    let fits = (1..=WORD_BYTES_MAX).contains(&length) && letters.clone().all(u8::is_ascii_alphabetic);
    (fits && begins(text, gap - length)).then(|| gap - length..gap)
}

/// Offers the numbers that begin with `first`.
fn numbers_from(text: &[u8], first: Range<usize>, visitor: &mut impl Visitor) {
    let (mut number, mut atom, start) = (Compact::default(), first.clone(), first.start);
    let whole = begins(text, start);
    if !whole && first.len() < INNER_BYTES_MIN {
        return;
    }
    let mut singles = 0;
    for _ in 0..ATOMS_MAX {
        let Some(bytes) = text.get(atom.clone()) else { return };
        singles += usize::from(bytes.len() == 1);
        work(1);
        if singles > SINGLES_MAX || !number.add(bytes) {
            return;
        }
        visitor.number(start..atom.end, &number, whole && ends(text, atom.end));
        if !text.get(atom.end).is_some_and(|b| is_separator(*b)) {
            return;
        }
        let next = atom_at(text, atom.end + 1);
        let letters = text.get(next.clone()).is_some_and(|bytes| bytes.iter().all(u8::is_ascii_alphabetic));
        if next.is_empty() || letters && next.len() > WORD_BYTES_MAX {
            return;
        }
        atom = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen {
        whole: Vec<String>,
        work: usize,
    }

    impl Visitor for Seen {
        fn number(&mut self, _: Range<usize>, number: &Compact, whole: bool) {
            self.work += 1;
            if whole {
                self.whole.push(String::from_utf8_lossy(number.bytes()).into_owned());
            }
        }

        fn atom(&mut self, _: Range<usize>) -> Option<usize> {
            self.work += 1;
            None
        }
    }

    fn seen(text: &str) -> Vec<String> {
        let mut seen = Seen::default();
        scan(text.as_bytes(), &mut seen);
        seen.whole
    }

    #[test]
    fn numbers_come_in_every_length() {
        assert_eq!(seen("call 12-34 now"), ["1234", "1234now"]);
        assert_eq!(seen("qq 12 34 c"), ["qq", "qq12", "qq1234", "qq1234c", "12", "1234", "1234c", "34", "34c"]);
    }

    #[test]
    fn parts_of_something_longer_are_not_whole() {
        for text in ["10.2.787.1-rc1", "$1234", "a/1234", "x_1234", "1234@contoso.example", "1234%", "-a-1234-b"] {
            assert_eq!(
                seen(text).iter().filter(|number| number.as_str() == "1234" || number.as_str() == "787").count(),
                0,
                "{text}"
            );
        }
    }

    #[test]
    fn work_is_linear_in_the_text() {
        for piece in ["4 ", "12 34 ", "1234567890", "a1 ", "1-", "1.2 ", "ab 12 ", "9(", "x1y2z3 "] {
            let work = |bytes: usize| {
                let mut seen = Seen::default();
                scan(piece.repeat(bytes / piece.len()).as_bytes(), &mut seen);
                seen.work
            };
            let (small, large) = (work(1 << 16), work(1 << 20));
            assert!(large <= small * 17 && large <= (1 << 20) * 6, "{piece:?}: {small} {large}");
        }
    }
}
