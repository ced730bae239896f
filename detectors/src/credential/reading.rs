//! A text as somebody would copy it: with what hides a token from a scanner undone.
//!
//! Undone are invisible characters, full-width and mathematical letters, `\u0041`, `\x41` and `&#65;`, strings
//! that are put together (`"abc" + "def"`, `"abc" "def"`) and letters that are spaced out or have a line each. Case
//! stays: tokens need it, which is why [`crate::fold`] does not serve. Each position leads back to the text. Encodings of whole words are
//! the view's ([`crate::decode`]); a text without any of these signs costs a few searches and no copy.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};
use unicode_normalization::UnicodeNormalization;

use crate::fold::is_invisible;

/// A text, as it is or with what hides tokens undone.
#[derive(Debug)]
pub struct Reading<'t> {
    text: std::borrow::Cow<'t, str>,
    /// For each byte where it stands in the original, and the original's length; `None` where both are equal.
    back: Option<Vec<u32>>,
}

/// The fewest escapes that are worth a reading of their own.
const ESCAPES_MIN: usize = 4;
/// The fewest letters in a row, each with a space behind it, that are taken for a word.
const SPACED_MIN: usize = 16;

impl<'t> Reading<'t> {
    /// The text as it is.
    pub fn plain(raw: &'t str) -> Self {
        Self { text: raw.into(), back: None }
    }

    /// The text with what hides tokens undone; `None` where nothing does.
    pub fn undone(raw: &str) -> Option<Self> {
        if !(is_hidden(raw) || is_escaped(raw) || is_joined(raw) || is_spaced(raw.as_bytes())) {
            return None;
        }
        let (mut text, mut back) = (String::with_capacity(raw.len()), Vec::with_capacity(raw.len() + 1));
        let mut push = |at: usize, c: char| {
            text.push(c);
            back.extend(std::iter::repeat_n(at as u32, c.len_utf8()));
        };
        let (bytes, mut at) = (raw.as_bytes(), 0);
        while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = bytes.get(at..).unwrap_or_default();
            if is_plain(rest) {
                push(at, c);
                at += 1;
                continue;
            }
            if let Some(length) = joint(rest).or_else(|| adjacent(bytes, at)) {
                at += length;
                continue;
            }
            if let Some(Apart { count, step }) = spaced(bytes, at) {
                let letters = rest.iter().step_by(step).take(count).enumerate();
                letters.for_each(|(place, b)| push(at + place * step, char::from(*b)));
                // What parts the last letter from the word that follows stays.
                at += (count - 1) * step + 1;
                continue;
            }
            match escape(rest) {
                Some((meant, length)) => {
                    push(at, meant);
                    at += length;
                    continue;
                }
                None if is_invisible(c) => {}
                None if is_disguised(c) => std::iter::once(c).nfkd().for_each(|plain| push(at, plain)),
                None => push(at, c),
            }
            at += c.len_utf8();
        }
        back.push(raw.len() as u32);
        Some(Self { text: text.into(), back: Some(back) })
    }

    /// The text to read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A range of the text in the original.
    pub fn raw_range(&self, range: &Range<usize>) -> Range<usize> {
        let Some(back) = &self.back else { return range.clone() };
        let place = |at: usize| back.get(at).or(back.last()).map_or(0, |place| *place as usize);
        // The last character may be longer in the original; what was dropped behind it belongs to nobody.
        place(range.start)..place(range.end.saturating_sub(1)).max(place(range.start)) + 1
    }

    /// The place in the text of a place in the original.
    pub fn place_of(&self, raw: usize) -> usize {
        match &self.back {
            None => raw,
            Some(back) => back.partition_point(|place| (*place as usize) < raw).min(self.text.len()),
        }
    }
}

/// Whether nothing can begin with the first byte of `rest`: ASCII that neither quotes nor escapes, with no blank behind
/// it that might space letters out.
fn is_plain(rest: &[u8]) -> bool {
    let ordinary = rest.first().is_some_and(|b| b.is_ascii() && !is_quote(*b) && !matches!(b, b'\\' | b'&'));
    ordinary && !matches!(rest, [_, b' ' | b'\n' | b'\r', ..])
}

/// Whether invisible or disguised characters stand where they can hide a token: behind ASCII, or, being letters
/// themselves, anywhere. An emoji's selector and the punctuation of Chinese hide nothing.
fn is_hidden(raw: &str) -> bool {
    let mut before = ' ';
    !raw.is_ascii()
        && raw.chars().any(|c| {
            let behind_ascii = std::mem::replace(&mut before, c).is_ascii_graphic();
            !c.is_ascii()
                && (is_disguised(c) && (behind_ascii || c.is_alphanumeric()) || behind_ascii && is_invisible(c))
        })
}

/// Letters, digits and signs in another dress: full width, mathematical, circled.
fn is_disguised(c: char) -> bool {
    matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{1D400}'..='\u{1D7FF}' | '\u{2460}'..='\u{24FF}')
}

fn is_escaped(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let coded = |lead: u8| {
        let places = memchr_iter(lead, bytes).filter(|at| escape(bytes.get(*at..).unwrap_or_default()).is_some());
        places.take(ESCAPES_MIN).count() >= ESCAPES_MIN
    };
    coded(b'\\') || coded(b'&')
}

/// What an escape at the start of `rest` means, when it is printed ASCII, and its length.
fn escape(rest: &[u8]) -> Option<(char, usize)> {
    let (digits, radix, length) = match rest {
        [b'\\', b'u', b'{', ..] | [b'\\', b'x', b'{', ..] => return None,
        [b'\\', b'u', digits @ ..] => (digits.get(..4)?, 16, 6),
        [b'\\', b'x', digits @ ..] => (digits.get(..2)?, 16, 4),
        [b'&', b'#', b'x' | b'X', digits @ ..] => {
            let count = digits.iter().take(5).position(|b| *b == b';')?;
            (digits.get(..count)?, 16, count + 4)
        }
        [b'&', b'#', digits @ ..] => {
            let count = digits.iter().take(5).position(|b| *b == b';')?;
            (digits.get(..count)?, 10, count + 3)
        }
        _ => return None,
    };
    let number = digits.iter().try_fold(0_u32, |number, b| Some(number * radix + char::from(*b).to_digit(radix)?))?;
    let meant = char::from_u32(number).filter(|c| c.is_ascii_graphic())?;
    (!digits.is_empty()).then_some((meant, length))
}

/// Whether two strings are put together anywhere.
fn is_joined(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let joins = |at: usize| {
        // Only what ends a word can end a string that is half a token.
        let ends = at
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(|b| b.is_ascii_graphic() && !is_quote(*b));
        ends && (joint(bytes.get(at..).unwrap_or_default()).is_some() || adjacent(bytes, at).is_some())
    };
    memchr3_iter(b'"', b'\'', b'`', bytes).any(joins)
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// The length of a joint of two strings at `at` without a sign: a quote and the same again, or with a blank between, and
/// long words on both sides. So do C and Python put strings together, and shells.
fn adjacent(bytes: &[u8], at: usize) -> Option<usize> {
    const WORD_BYTES_MIN: usize = 6;
    let quote = *bytes.get(at).filter(|b| is_quote(**b))?;
    let rest = bytes.get(at + 1..)?;
    let gap = rest.iter().take(16).take_while(|b| matches!(b, b' ' | b'\n' | b'\r')).count();
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let behind = rest.get(gap + 1..).filter(|_| rest.get(gap) == Some(&quote))?;
    let behind = behind.iter().take(WORD_BYTES_MIN).take_while(|b| is_part(b)).count();
    let before = bytes.get(at.saturating_sub(WORD_BYTES_MIN)..at)?;
    let long = behind == WORD_BYTES_MIN && before.len() == WORD_BYTES_MIN && before.iter().all(is_part);
    long.then_some(gap + 2)
}

/// The length of a joint of two strings at the start of `rest`: a quote, a sign, the same quote.
fn joint(rest: &[u8]) -> Option<usize> {
    const JOINT_BYTES_MAX: usize = 48;
    let (quote, tail) = rest.split_first().filter(|(b, _)| is_quote(**b))?;
    let tail = tail.get(..tail.len().min(JOINT_BYTES_MAX)).unwrap_or_default();
    let blank = |tail: &[u8]| tail.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\\')).count();
    let first = blank(tail);
    let sign = match tail.get(first..)? {
        [b'+' | b'.' | b'&', ..] => 1,
        [b'|', b'|', ..] => 2,
        // `name += "..."` on the next line or behind a semicolon.
        more => appends(more)?,
    };
    let second = first + sign + blank(tail.get(first + sign..)?);
    (tail.get(second) == Some(quote)).then_some(second + 2)
}

/// The length of `; name +=` at the start of `rest`, with or without the semicolon.
fn appends(rest: &[u8]) -> Option<usize> {
    const NAME_BYTES_MAX: usize = 24;
    let gap = rest.iter().take_while(|b| matches!(b, b';' | b' ' | b'\n' | b'\r')).count();
    let name = rest.get(gap..)?.iter().take(NAME_BYTES_MAX).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
    let name = gap + name.count();
    let blank = rest.get(name..)?.iter().take_while(|b| **b == b' ').count();
    (name > gap && rest.get(name + blank..)?.starts_with(b"+=")).then_some(name + blank + 2)
}

/// Whether a run of spaced letters may be anywhere: looks closer only where half of sixteen bytes are blank.
fn is_spaced(bytes: &[u8]) -> bool {
    const BLANKS_MIN: usize = SPACED_MIN / 2 - 1;
    bytes.chunks(SPACED_MIN).enumerate().any(|(at, chunk)| {
        let blanks = chunk.iter().filter(|b| is_blank(**b)).count();
        let letters = chunk.iter().any(u8::is_ascii_graphic);
        let start = (at * SPACED_MIN).saturating_sub(SPACED_MIN);
        blanks >= BLANKS_MIN && letters && (start..start + SPACED_MIN).any(|place| spaced(bytes, place).is_some())
    })
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r')
}

/// A run of letters from a place on, each with the same gap behind it.
struct Apart {
    /// How many letters.
    count: usize,
    /// From one to the next, in bytes.
    step: usize,
}

/// A run of at least [`SPACED_MIN`] letters from `at` on, each with the same gap behind it: a blank or two, or a line's
/// end.
fn spaced(bytes: &[u8], at: usize) -> Option<Apart> {
    const SPACED_MAX: usize = 512;
    let rest = bytes.get(at..)?;
    let starts = at.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|b| !b.is_ascii_graphic());
    if !starts || !rest.first().is_some_and(u8::is_ascii_graphic) || !rest.get(1).is_some_and(|b| is_blank(*b)) {
        return None;
    }
    let gaps: [&[u8]; 4] = [b"  ", b"\r\n", b" ", b"\n"];
    let gap = gaps.into_iter().find(|gap| rest.get(1..).is_some_and(|rest| rest.starts_with(gap)))?;
    let step = gap.len() + 1;
    let units = rest.chunks_exact(step).take(SPACED_MAX);
    let parted = units.take_while(|unit| unit.first().is_some_and(u8::is_ascii_graphic) && unit.get(1..) == Some(gap));
    let parted = parted.count();
    let last = rest.get(parted * step).is_some_and(u8::is_ascii_graphic)
        && rest.get(parted * step + 1).is_none_or(|b| !b.is_ascii_graphic());
    (parted >= SPACED_MIN).then_some(Apart { count: parted + usize::from(last), step })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(raw: &str) -> Option<String> {
        Reading::undone(raw).map(|reading| reading.text().to_owned())
    }

    #[test]
    fn disguises_are_undone_and_case_stays() {
        let word = "Zk3Lq8Wm2Xr7Tn5Vb9";
        let wide: String = word.bytes().filter_map(|b| char::from_u32(0xFEE0 + u32::from(b))).collect();
        let escaped: String = word.bytes().map(|b| format!("\\u{:04x}", u32::from(b))).collect();
        let entities: String = word.bytes().map(|b| format!("&#{b};")).collect();
        let invisible: String = word.chars().flat_map(|c| [c, '\u{200B}']).collect();
        let apart: String = word.chars().flat_map(|c| [c, ' ']).collect();
        let (a, b) = word.split_at(7);
        let forms = [
            wide,
            escaped,
            entities,
            invisible,
            apart.trim().to_owned(),
            format!("{a}\" + \"{b}"),
            format!("{a}' +\n  '{b}"),
            format!("{a}' || '{b}"),
            format!("{a}\" \"{b}"),
            format!("{a}''{b}"),
            format!("{a}\"\n  \"{b}"),
            format!("{a}\"; key += \"{b}"),
            word.chars().map(String::from).collect::<Vec<_>>().join("\n"),
            word.chars().map(String::from).collect::<Vec<_>>().join("  "),
        ];
        for form in forms {
            assert_eq!(undone(&form).as_deref(), Some(word), "{form}");
        }
        let apart = format!("{} thanks", apart.trim());
        assert_eq!(undone(&apart), Some(format!("{word} thanks")));
        for text in [
            "plain text, nothing else",
            "a + b",
            "\"a\" + b",
            "I a m",
            "\"first\" \"second\"",
            "it's 'so' said",
            "\\n\\n\\n\\n\\n",
            "Grüße",
        ] {
            assert_eq!(undone(text), None, "{text}");
        }
    }

    #[test]
    fn places_lead_back() {
        let raw = "x\u{200B}y \"ab\" + \"cd\" \u{FF21}";
        let reading = Reading::undone(raw).expect("disguised");
        assert_eq!(reading.text(), "xy \"abcd\" A");
        let at = reading.text().find("cd").expect("there");
        assert_eq!(raw.get(reading.raw_range(&(at..at + 2))), Some("cd"));
        assert_eq!(reading.place_of(raw.find("cd").expect("there")), at);
        let last = reading.text().len() - 1;
        assert_eq!(reading.raw_range(&(last..last + 1)).start, raw.len() - 3);
    }
}
