//! The long words of a text and the tokens in them: the path that every byte takes.
//!
//! A credential that a vendor designed is a word of sixteen characters or more, and ordinary text has few of
//! those. So a text is not read from left to right: one looks sixteen bytes ahead and walks back to the last
//! byte that ends a word; where that is not the start, the search goes on behind it. About a third of the
//! bytes of prose are looked at. Only within long words the prefixes of [`FORMATS`] are looked up, by their
//! first two bytes.
//!
//! Not here: what the text around a word says about it ([`crate::credential::context`]).

use std::ops::Range;
use std::sync::LazyLock;

use super::format::{Alphabet, Check, Ends, Format};
use super::prefixes::FORMATS;
use super::verify::{Look, aws_account, crc32_holds, look};
use super::{Kind, Secret};
use crate::work::work;

/// The shortest word that is looked into.
pub const WORD_BYTES_MIN: usize = 16;

/// Whether a byte is part of a word: what is printed, save quotes, brackets, comma, semicolon and backslash.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 256 {
        let b = at as u8;
        table[at] = b.is_ascii_graphic()
            && !matches!(
                b,
                b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b',' | b';' | b'\\'
            );
        at += 1;
    }
    table
};

/// Whether a byte is part of a word.
pub fn is_word(b: u8) -> bool {
    IS_WORD[usize::from(b)]
}

/// The next word of at least [`WORD_BYTES_MIN`] bytes from `at` on, where a word may start.
pub fn next_word(bytes: &[u8], mut at: usize) -> Option<Range<usize>> {
    loop {
        let window = bytes.get(at..at + WORD_BYTES_MIN)?;
        match window.iter().rposition(|b| !is_word(*b)) {
            Some(gap) => at += gap + 1,
            None => {
                let rest = bytes.get(at + WORD_BYTES_MIN..)?;
                let end = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
                return Some(at..at + WORD_BYTES_MIN + end);
            }
        }
    }
}

/// The formats by their first two bytes, longer prefixes first.
struct Index {
    /// Where the formats of each pair of bytes begin; one more entry ends the last.
    starts: Vec<u16>,
    formats: Vec<Start>,
}

/// A format with the first four bytes of its prefix: most are told apart without a look at the rest.
#[derive(Clone, Copy)]
struct Start {
    bytes: u32,
    mask: u32,
    format: &'static Format,
}

fn four(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, b| number << 8 | u32::from(*b)) << (8 * 4_usize.saturating_sub(bytes.len()))
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut formats: Vec<&Format> = FORMATS.iter().collect();
    formats.sort_by_key(|format| (slot(format.prefix.as_bytes()), std::cmp::Reverse(format.prefix.len())));
    let count = |at: usize| formats.partition_point(|format| slot(format.prefix.as_bytes()) < at) as u16;
    let starts = (0..=SLOTS).map(count).collect();
    let start = |format: &&'static Format| {
        let mask = u32::MAX << (8 * 4_usize.saturating_sub(format.prefix.len()));
        Start { bytes: four(format.prefix.as_bytes()), mask, format }
    };
    Index { starts, formats: formats.iter().map(start).collect() }
});

const SLOTS: usize = 1 << 14;

fn slot(bytes: &[u8]) -> usize {
    let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or_default() & 127);
    byte(0) << 7 | byte(1)
}

impl Index {
    fn of(&self, rest: &[u8]) -> impl Iterator<Item = &'static Format> {
        let at = slot(rest);
        let bound = |at: usize| usize::from(self.starts.get(at).copied().unwrap_or_default());
        let first = four(rest);
        let near = self.formats.get(bound(at)..bound(at + 1)).unwrap_or_default().iter();
        near.filter(move |start| first & start.mask == start.bytes).map(|start| start.format)
    }
}

/// The tokens of [`FORMATS`] in the word `word` of `text`.
pub fn tokens(text: &str, word: Range<usize>, ends: &mut Ends, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    let mut at = word.start;
    while at + 8 < word.end {
        work(1);
        if starts_token(bytes, at)
            && let Some(rest) = bytes.get(at..word.end)
        {
            let secret = INDEX.of(rest).find_map(|format| token(text, at, rest, format, ends)).or_else(|| {
                let near = rest.len() <= BROKEN_BYTES_MAX;
                INDEX.of(rest).filter(|_| near).find_map(|format| broken_token(text, at, word.end, format, ends))
            });
            if let Some((secret, end)) = secret {
                found.extend(secret);
                at = end;
                continue;
            }
        }
        at += 1;
    }
}

/// Whether a token may start at `at`: behind what is no letter or digit, or behind an escape.
fn starts_token(bytes: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    match before(1) {
        Some(b'n' | b'r' | b't') if before(2) == Some(b'\\') => true,
        Some(b) if b.is_ascii_hexdigit() && before(3) == Some(b'%') => true,
        Some(b) => !b.is_ascii_alphanumeric(),
        None => true,
    }
}

/// The token of `format` at `at`, with the place behind it. `(None, end)` is one that is a placeholder.
fn token(text: &str, at: usize, rest: &[u8], format: &Format, ends: &mut Ends) -> Option<(Option<Secret>, usize)> {
    work(1);
    if !rest.starts_with(format.prefix.as_bytes()) {
        return None;
    }
    let body_start = at + format.prefix.len();
    let mut end = ends.of(text.as_bytes(), format.alphabet, body_start);
    if matches!(format.alphabet, Alphabet::Dotted | Alphabet::Wide | Alphabet::Url) {
        let tail = text.as_bytes().get(body_start..end)?.iter().rev();
        end -= tail.take_while(|b| matches!(b, b'.' | b'/' | b'!' | b'*' | b':' | b'?')).count();
    }
    let length = end - body_start;
    let fits = length >= usize::from(format.length.0) && length <= usize::from(format.length.1);
    if !fits || text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let score = judge(format, text.get(at..end)?, text.get(body_start..end)?)?;
    let secret = score.map(|(score, kind)| {
        let id = (format.check == Check::AwsKeyId).then_some(at..end);
        Secret { subtype: format.subtype, score, range: at..end, id, kind }
    });
    Some((secret, end))
}

/// How far before the end of a word a token may start that the next line goes on with, in bytes.
const BROKEN_BYTES_MAX: usize = 128;
/// Over how many lines a token may go.
const LINES_MAX: usize = 4;

/// The token of `format` at `at` that line breaks cut into at most [`LINES_MAX`] where the word ends. Only lengths that
/// the vendor fixes tell whether the next line belongs to it.
fn broken_token(
    text: &str,
    at: usize,
    word_end: usize,
    format: &Format,
    ends: &mut Ends,
) -> Option<(Option<Secret>, usize)> {
    const PREFIX_MIN: usize = 4;
    const INDENT_MAX: usize = 16;
    let (bytes, body_start) = (text.as_bytes(), at + format.prefix.len());
    let exact = format.length.0 == format.length.1 && format.prefix.len() >= PREFIX_MIN;
    let cut = exact
        && bytes.get(at..)?.starts_with(format.prefix.as_bytes())
        && matches!(bytes.get(word_end)?, b'\n' | b'\r' | b'\\');
    let first = ends.of(bytes, format.alphabet, body_start) - body_start;
    let length = usize::from(format.length.0);
    if !cut || body_start + first != word_end || first >= length {
        return None;
    }
    let (mut body, mut end) = (text.get(body_start..word_end)?.to_owned(), word_end);
    for _ in 1..LINES_MAX {
        let is_gap = |b: &&u8| b.is_ascii_whitespace() || **b == b'\\';
        let gap = bytes.get(end..)?.iter().take(INDENT_MAX).take_while(is_gap).count();
        let left = bytes.get(end + gap..)?.iter().take(length - body.len());
        let line = left.take_while(|b| format.alphabet.has(**b)).count();
        body.push_str(text.get(end + gap..end + gap + line)?);
        end += gap + line;
        if body.len() == length || !matches!(bytes.get(end), Some(b'\n' | b'\r' | b'\\')) {
            break;
        }
    }
    let whole = body.len() == length && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    let score = whole.then(|| judge(format, &[format.prefix, &body].concat(), &body))??;
    let secret = score.map(|(score, kind)| Secret { subtype: format.subtype, score, range: at..end, id: None, kind });
    Some((secret, end))
}

/// The access key id of AWS at `start`.
pub fn key_id(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(start..)?;
    let mut formats = INDEX.of(rest).filter(|format| format.check == Check::AwsKeyId);
    formats.find_map(|format| token(text, start, rest, format, &mut Ends::default())).map(|(_, end)| start..end)
}

/// How sure the token is and of which kind; `None` where a check says that it is none, `Some(None)` where it
/// is a placeholder.
fn judge(format: &Format, token: &str, body: &str) -> Option<Option<(f32, Kind)>> {
    work(body.len());
    let base = f32::from(format.percent) / 100.0;
    // Letters without a digit are prose that happens to follow a short prefix, unless no prose is written so. An
    // access key id of AWS has none in one of thirty.
    let lettered = match format.check {
        Check::Letters | Check::AwsKeyId => true,
        Check::Crc32 => crc32_holds(body),
        _ => is_shuffled(body),
    };
    if !lettered && !body.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let score = match format.check {
        Check::Crc32 if crc32_holds(body) => 0.98,
        Check::Crc32 => base - 0.25,
        Check::AwsKeyId if aws_account(token).is_some() => base + 0.1,
        Check::SlackParts => has_slack_parts(format.prefix, body).then_some(base)?,
        Check::Parts(parts) => {
            let whole = body.split('.').count() == usize::from(parts) && !body.contains("..");
            whole.then_some(base)?
        }
        Check::Groups => has_groups(body).then_some(base)?,
        Check::EndsInAa => body.ends_with("AA").then_some(base)?,
        Check::Digest => return Some(Some((base, Kind::Secret))),
        Check::None | Check::Letters | Check::AwsKeyId => base,
    };
    Some(match look(body) {
        Look::Placeholder => None,
        Look::Sequence => Some((MADE_UP_SCORE, Kind::MadeUp)),
        Look::Plausible if format.public => Some((score, Kind::Public)),
        Look::Plausible => Some((score, Kind::Secret)),
    })
}

/// Whether the case of letters changes as often as chance has it, which is every second time; names in camel case
/// change it twice a word.
pub fn is_shuffled(body: &str) -> bool {
    const LETTERS_MIN: usize = 16;
    let bytes = body.as_bytes();
    let changes = bytes.windows(2).filter(|pair| match pair {
        [a, b] => {
            a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && a.is_ascii_lowercase() != b.is_ascii_lowercase()
        }
        _ => false,
    });
    bytes.len() >= LETTERS_MIN && changes.count() * 3 > bytes.len()
}

/// The score of a value that has a vendor's shape and whose characters stand in order: it counts by default and
/// no longer where a tenant raises the threshold.
pub const MADE_UP_SCORE: f32 = 0.5;

/// Numbers of workspace and user before a last part that is random.
fn has_slack_parts(prefix: &str, body: &str) -> bool {
    let Some((ids, last)) = body.rsplit_once('-') else { return false };
    let short = matches!(prefix, "xoxe-" | "xoxa-" | "xoxr-" | "xoxs-" | "xoxo-");
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let long = ids.split('-').any(|part| part.len() >= 8);
    ids.split('-').all(digits) && (long || short) && last.len() >= 8
}

/// The groups of a 1Password secret key behind its version.
fn has_groups(body: &str) -> bool {
    let upper = body.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    let mut lengths = [0; 8];
    for (length, part) in lengths.iter_mut().zip(body.split('-')) {
        *length = part.len();
    }
    upper && matches!(lengths, [6, 11, 5, 5, 5, 0, ..] | [6, 6, 5, 5, 5, 5, 0, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, Range<usize>)> {
        let (mut found, mut ends, mut at) = (Vec::new(), Ends::default(), 0);
        while let Some(word) = next_word(text.as_bytes(), at) {
            at = word.end;
            tokens(text, word, &mut ends, &mut found);
        }
        found.into_iter().map(|secret| (secret.subtype, secret.range)).collect()
    }

    #[test]
    fn words_agree_with_splitting() {
        let text =
            "a bb abcdefghijklmnop,qrstuvwxyz0123456789 é_____0123456789abcde\"0123456789abcdef\" x0123456789abcd";
        let split =
            text.split(|c: char| !c.is_ascii() || !is_word(c as u8)).filter(|word| word.len() >= WORD_BYTES_MIN);
        let (mut words, mut at) = (Vec::new(), 0);
        while let Some(word) = next_word(text.as_bytes(), at) {
            at = word.end;
            words.push(text.get(word).unwrap_or_default());
        }
        assert_eq!(words, split.collect::<Vec<_>>());
        assert_eq!(words.len(), 4);
    }

    #[test]
    fn every_format_is_found_by_its_shape() {
        for format in FORMATS.iter().filter(|format| {
            !matches!(format.check, Check::Parts(_) | Check::SlackParts | Check::Groups | Check::EndsInAa)
        }) {
            let letters = b"k3Q7zB9xW2mT5vLrF4nHc8JdP6sGyKf1";
            let fits: Vec<u8> = letters.iter().copied().filter(|b| format.alphabet.has(*b)).collect();
            let length = usize::from(format.length.0).max(16);
            let body: String =
                (0..length).map(|at| char::from(fits[(at * at * 5 + at * 3 + at / 4) % fits.len()])).collect();
            let text = format!("set {}{body} now", format.prefix);
            if usize::from(format.length.0) == length {
                let found = found(&text);
                assert!(found.iter().any(|(_, range)| *range == (4..text.len() - 4)), "{format:?} {text} {found:?}");
            }
        }
    }

    #[test]
    fn lengths_are_exact() {
        let token = format!("npm_{}", "a1B2c3xK9".repeat(4));
        assert_eq!(found(&format!("x={token} y")), [("npm_token", 2..42)]);
        assert_eq!(found(&format!("x={token}Z")), []);
        assert_eq!(found(token.get(..39).expect("ASCII")), []);
        assert_eq!(found(&format!("line\\n{token}")), [("npm_token", 6..46)]);
    }

    #[test]
    fn a_line_break_within_is_crossed_where_the_length_is_known() {
        let (first, second) = ("npm_a1B2c3xK9a1B2c3", "xK9a1B2c3xK9a1B2c3xK9");
        for gap in ["\n", "\r\n    ", "\\\n  "] {
            let text = format!("x={first}{gap}{second} y");
            assert_eq!(found(&text), [("npm_token", 2..text.len() - 2)]);
        }
        assert_eq!(found(&format!("x={first}\n{second}Z")), []);
        assert_eq!(found(&format!("x={first} {second}")), []);
    }

    #[test]
    fn there_are_many_formats_and_none_twice() {
        assert!(FORMATS.len() >= 300, "{}", FORMATS.len());
        let mut keys: Vec<_> = FORMATS.iter().map(|f| (f.prefix, f.alphabet as u8, f.length)).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
