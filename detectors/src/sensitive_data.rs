//! Sensitive data: numbers and addresses that identify people or move money.
//!
//! **Finds**, in answers, tool calls, tool results and documents, and with a lower score in user text:
//! payment card numbers (issuer prefix and Luhn check), IBANs (ISO 13616 check digits), US social security
//! numbers (rules of the SSA since 2011), lists of e-mail addresses and of telephone numbers.
//!
//! **Why**: a model that hands out records of people is a data breach, whoever asked.
//!
//! **Example**: an answer with `4111 1111 1111 1111`-like numbers or a customer list.
//!
//! **Does not find**: names, addresses and health data, single e-mail addresses and telephone numbers
//! (they are everywhere), identity numbers of other countries.
//!
//! **References**: OWASP LLM02:2025 Sensitive Information Disclosure; MITRE ATLAS AML.T0057; ISO/IEC 7812;
//! ISO 13616; SSA, "Social Security Number Randomization".

use std::collections::BTreeSet;
use std::ops::Range;

use schemas::{Category, Channel, Severity};

use crate::addresses::email_at;
use crate::detector::{Detector, Mask, Scene, Sighting, Sightings};
use crate::view::{Layer, MessageView, Text};

/// See the file's head.
#[derive(Debug)]
pub struct SensitiveData;

/// How many different e-mail addresses make a list.
const EMAILS_MIN: usize = 5;
/// How many different telephone numbers make a list.
const PHONES_MIN: usize = 5;
/// What user text keeps of a score: people write their own data.
const USER_FACTOR: f32 = 0.6;

impl Detector for SensitiveData {
    fn name(&self) -> &'static str {
        "sensitive_data"
    }

    fn category(&self) -> Category {
        Category::SensitiveData
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0057"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        const CHANNELS: &[Channel] =
            &[Channel::User, Channel::Assistant, Channel::ToolCall, Channel::ToolResult, Channel::Document];
        for message in scene.view.on(CHANNELS) {
            for text in message.texts.iter().filter(|text| text.layer != Layer::Leet) {
                numbers(message, text, out);
                ibans(message, text, out);
                emails(message, text, out);
            }
        }
    }
}

fn report(
    message: &MessageView<'_>,
    text: &Text<'_>,
    subtype: &'static str,
    score: f32,
    places: &[Range<usize>],
    out: &mut Sightings,
) {
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
    let score = if message.channel == Channel::User { score * USER_FACTOR } else { score };
    let mut sighting = Sighting::new(message, subtype, score, Severity::Medium, text.raw_span(first.start..last.end));
    // Of a long list the whole stretch is masked at once, which bounds the work.
    if places.len() > crate::detector::SIGHTINGS_PER_MESSAGE_MAX {
        sighting = sighting.masked(Mask::PersonalData);
    } else {
        sighting.masks =
            places.iter().map(|place| text.raw_span(place.clone())).map(|(a, b)| (a, b, Mask::PersonalData)).collect();
    }
    out.push(sighting);
}

/// Card numbers, social security numbers and telephone numbers: groups of digits with single separators.
fn numbers(message: &MessageView<'_>, text: &Text<'_>, out: &mut Sightings) {
    let mut phones: Vec<Range<usize>> = Vec::new();
    let mut different = BTreeSet::new();
    for (range, digits) in digit_groups(text.raw()) {
        let written = text.raw().get(range.clone()).unwrap_or_default();
        if is_card(&digits) {
            report(message, text, "payment_card", 0.85, &[range], out);
        } else if is_ssn(written, &digits) {
            report(message, text, "us_ssn", 0.7, &[range], out);
        } else if is_phone(text.raw(), &range, written, &digits) {
            different.insert(digits);
            phones.push(range);
        }
    }
    if different.len() >= PHONES_MIN {
        report(message, text, "phone_list", 0.6, &phones, out);
    }
}

/// Digits with at most one space, dash, dot or bracket between them, 9 to 19 in all, with their range.
fn digit_groups(raw: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let bytes = raw.as_bytes();
    let word =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let (start, mut end) = (at, at + 1);
        let mut digits = String::from(char::from(*byte));
        loop {
            let skip = usize::from(matches!(bytes.get(end), Some(b' ' | b'-' | b'.')));
            match bytes.get(end + skip) {
                Some(digit) if digit.is_ascii_digit() => {
                    digits.push(char::from(*digit));
                    end += skip + 1;
                }
                _ => break,
            }
        }
        if (9..=19).contains(&digits.len()) && !word(start.checked_sub(1)) && !word(Some(end)) {
            found.push((start..end, digits));
        }
        at = end;
    }
    found
}

/// Issuer prefixes and lengths of Visa, Mastercard, American Express, Discover, Diners, JCB; Luhn; not one digit repeated.
fn is_card(digits: &str) -> bool {
    let prefix = |length: usize| digits.get(..length).and_then(|p| p.parse::<u32>().ok()).unwrap_or_default();
    let issuer = match digits.len() {
        13 | 19 => prefix(1) == 4,
        14 => (300..=305).contains(&prefix(3)) || matches!(prefix(2), 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || (51..=55).contains(&prefix(2))
                || (2221..=2720).contains(&prefix(4))
                || matches!(prefix(4), 6011 | 3528..=3589)
                || (644..=649).contains(&prefix(3))
                || prefix(2) == 65
        }
        _ => false,
    };
    issuer && luhn(digits) && digits.bytes().collect::<BTreeSet<_>>().len() >= 2
}

/// ISO/IEC 7812 annex B.
fn luhn(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = values.enumerate().map(|(at, d)| if at % 2 == 0 { d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    sum.is_multiple_of(10)
}

/// `AAA-GG-SSSS`: no area 000, 666 or 9xx, no group 00, no serial 0000, and not the numbers of advertisements.
fn is_ssn(written: &str, digits: &str) -> bool {
    let mut parts = written.split('-');
    let (Some(area), Some(group), Some(serial), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let shape = area.len() == 3 && group.len() == 2 && serial.len() == 4;
    let known = ["078051120", "219099999", "123456789", "111111111", "222222222", "987654321"].contains(&digits);
    shape && !known && area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// Ten to fifteen digits, grouped, or with a plus sign.
fn is_phone(raw: &str, range: &Range<usize>, written: &str, digits: &str) -> bool {
    let plus = raw.get(..range.start).is_some_and(|before| before.ends_with('+'));
    let groups = written.split(|c: char| !c.is_ascii_digit()).count();
    (10..=15).contains(&digits.len())
        && (plus || (3..=5).contains(&groups) && digits.len() <= 11 && !written.contains(". "))
}

/// IBANs: two letters, two check digits, 11 to 30 letters or digits in groups of four; remainder 1 modulo 97.
fn ibans(message: &MessageView<'_>, text: &Text<'_>, out: &mut Sightings) {
    let bytes = text.raw().as_bytes();
    for (at, four) in bytes.windows(4).enumerate() {
        let shape = matches!(four, [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
        let inside = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        if shape
            && !inside
            && let Some(length) = iban_length(text.raw().get(at..).unwrap_or_default())
        {
            report(message, text, "iban", 0.85, std::slice::from_ref(&(at..at + length)), out);
        }
    }
}

fn iban_length(rest: &str) -> Option<usize> {
    let (mut compact, mut length, mut last) = (String::new(), 0, None);
    for (at, b) in rest.bytes().enumerate().take(42) {
        if b.is_ascii_digit() || b.is_ascii_uppercase() {
            compact.push(char::from(b));
            length = at + 1;
        } else if b != b' ' || compact.len() % 4 != 0 {
            last = Some(b);
            break;
        }
        // Words may follow after a space: the shortest prefix with a valid length of its country would need a table.
        if (15..=34).contains(&compact.len())
            && mod_97(&compact) == Some(1)
            && !rest.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            return Some(length);
        }
    }
    let ended = last.is_none_or(|b| !b.is_ascii_lowercase());
    (ended && (15..=34).contains(&compact.len()) && mod_97(&compact) == Some(1)).then_some(length)
}

/// ISO 7064 MOD 97-10 with the first four characters moved to the end and letters as 10 to 35.
fn mod_97(compact: &str) -> Option<u32> {
    let (head, tail) = compact.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some(if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
    })
}

/// Lists of e-mail addresses.
fn emails(message: &MessageView<'_>, text: &Text<'_>, out: &mut Sightings) {
    let raw = text.raw();
    if raw.bytes().filter(|b| *b == b'@').count() < EMAILS_MIN {
        return;
    }
    let (mut places, mut different) = (Vec::new(), BTreeSet::new());
    for (at, _) in raw.match_indices('@') {
        if let Some(place) = email_at(raw, at) {
            different.insert(raw.get(place.clone()).unwrap_or_default().to_ascii_lowercase());
            places.push(place);
        }
    }
    if different.len() >= EMAILS_MIN {
        report(message, text, "email_list", 0.6, &places, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(is_card("4111111111111111") && !is_card("4111111111111112") && !is_card("0000000000000000"));
        assert_eq!(mod_97("GB82WEST12345698765432"), Some(1));
        assert_eq!(iban_length("DE89 3704 0044 0532 0130 00 is mine"), Some(27));
        assert_eq!(iban_length("DE88 3704 0044 0532 0130 00"), None);
        assert!(
            is_ssn("536-90-4399", "536904399")
                && !is_ssn("666-12-3456", "666123456")
                && !is_ssn("536904399", "536904399")
        );
    }
}
