//! Disguises: how people hide what they write from filters, and how they mistype without meaning to.

use base64::Engine;

use crate::random::Random;

/// The disguises, in the order of [`disguise`].
const DISGUISES: usize = 13;

/// How many of them change what is read: the rest is decoded, and judged by what it says.
const READ: usize = 9;

/// `text` in one of the disguises; `read` says that only those count which are not decoded before anything is judged.
pub fn disguise(text: &str, read: bool, random: &mut Random) -> String {
    match random.below(if read { READ } else { DISGUISES }) {
        0 => map(text, |c, random| leet(c).filter(|_| random.percent(70)).unwrap_or(c), random),
        1 => text.chars().flat_map(|c| [c, ' ']).collect(),
        2 => map(text, |c, random| lookalike(c).filter(|_| random.percent(50)).unwrap_or(c), random),
        3 => text.chars().flat_map(|c| [c, '\u{200B}']).collect(),
        4 => text.to_uppercase(),
        5 => text.chars().filter(|c| !c.is_whitespace()).collect(),
        6 => text.split(' ').collect::<Vec<_>>().join(["_", "-", ".", "  "][random.below(4)]),
        7 => text.chars().enumerate().map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c }).collect(),
        8 => typos(text, 12, random),
        9 => hex(text),
        10 => bits(text),
        11 => percent(text),
        _ => rot(text),
    }
}

/// Writes a text in an encoding.
pub type Encode = fn(&str) -> String;

/// What people write text in so that others decode it, by the names that templates give it.
pub const ENCODINGS: [(&str, Encode); 6] = [
    ("base64", |text| base64::engine::general_purpose::STANDARD.encode(text)),
    ("hex", hex),
    ("bits", bits),
    ("percent", percent),
    ("rot", rot),
    ("reversed", |text| text.chars().rev().collect()),
];

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn bits(text: &str) -> String {
    text.bytes().map(|b| format!("{b:08b}")).collect::<Vec<_>>().join(" ")
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn rot(text: &str) -> String {
    text.chars().map(rotated).collect()
}

fn map(text: &str, change: impl Fn(char, &mut Random) -> char, random: &mut Random) -> String {
    text.chars().map(|c| change(c, random)).collect()
}

/// Swaps or drops a letter in some words.
pub fn typos(text: &str, percent: usize, random: &mut Random) -> String {
    let words = text.split(' ').map(|word| {
        let mut letters: Vec<char> = word.chars().collect();
        if letters.len() > 3 && random.percent(percent) {
            let at = 1 + random.below(letters.len() - 2);
            if random.percent(50) {
                letters.swap(at, at + 1);
            } else {
                letters.remove(at);
            }
        }
        letters.into_iter().collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn leet(c: char) -> Option<char> {
    Some(match c.to_ascii_lowercase() {
        'o' => '0',
        'i' => '1',
        'e' => '3',
        'a' => '4',
        's' => '5',
        't' => '7',
        _ => return None,
    })
}

fn lookalike(c: char) -> Option<char> {
    Some(match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        _ => return None,
    })
}

fn rotated(c: char) -> char {
    let turn = |base: u8| char::from((c as u8 - base + 13) % 26 + base);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}
