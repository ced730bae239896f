//! Values that a sentence calls secret: "the password for the staging database is ...", in the languages of the
//! lexicon, and the `.netrc` that looks like one.
//!
//! The lexicon finds the words; here the few words between them and a value are read. Bounded to a window behind
//! each word.

use super::likely::{is_label, is_name_like, is_path, is_reference, is_technical, made};
use super::names::{Word, is_name, name_word};
use super::structured::is_usual;
use super::verify::{Look, entropy_bits, look};
use super::words::MADE_UP_SCORE;
use super::{Kind, NAME_BYTES_MAX, Secret, VALUE_BYTES_MAX};
use crate::bounds::{head, tail};

/// How far behind a word such as "password" its value may start, in bytes.
const SAID_DISTANCE_MAX: usize = 64;

/// The value that a sentence names from `at` on, behind a word such as "password".
pub fn said(text: &str, at: usize) -> Option<Secret> {
    // Where the word is a part of a longer name, the name decides.
    let bytes = text.as_bytes();
    let rest = bytes.get(at..)?.iter().take(NAME_BYTES_MAX).take_while(|b| is_name(**b) && **b != b'.').count();
    let back = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at)?;
    let back = back.iter().rev().take_while(|b| is_name(**b)).count();
    let foreign = at.checked_sub(back + 1).and_then(|at| bytes.get(at)).is_some_and(|b| !b.is_ascii());
    let word = name_word(bytes, at - back..at + rest);
    let longer = rest > 0 || bytes.get(at - back..at)?.iter().any(|b| matches!(b, b'_' | b'-'));
    if longer && !foreign && word.is_none() {
        return None;
    }
    if let Some(secret) = login(text, at) {
        return Some(secret);
    }
    let window = head(text.get(at..)?, SAID_DISTANCE_MAX + VALUE_BYTES_MAX);
    let place = below(window)
        .or_else(|| said_start(window))
        .or_else(|| beside(window).filter(|_| word == Some(Word::Password)))?;
    let rest = window.get(place..)?;
    let end = rest.find(|c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '|' | '。' | '，' | '」' | '»' | '”')
    });
    let value = rest.get(..end.unwrap_or(rest.len()))?.trim_end_matches(['.', ')', '!', '?', ':', '*', ']', '}', '\\']);
    // Letters alone are a password where a sentence quotes them.
    let quoted = place > 0 && window.as_bytes().get(place - 1).is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'));
    if quoted && word == Some(Word::Password) && value.bytes().all(|b| b.is_ascii_alphabetic()) {
        let real = (6..=32).contains(&value.len()) && !is_label(value) && !is_usual(value);
        let range = at + place..at + place + value.len();
        let plausible = real && look(value) == Look::Plausible;
        return plausible.then_some(Secret {
            subtype: "named_password",
            score: 0.5,
            range,
            id: None,
            kind: Kind::Secret,
        });
    }
    let made = made(value);
    let shouted = value.len() < 8 && !value.bytes().any(|b| b.is_ascii_lowercase());
    let varied =
        made.letters && made.digits && value.len() >= 6 && !shouted || made.letters && made.signs && value.len() >= 8;
    let name = is_name_like(value) && !made.signs || is_path(value);
    let real = varied && !name && value.is_ascii() && value.len() < VALUE_BYTES_MAX && !is_reference(value);
    let plausible = real && !is_technical(value) && !is_usual(value) && look(value) == Look::Plausible;
    let counted = value.split_once('-').is_some_and(|(count, unit)| {
        count.bytes().all(|b| b.is_ascii_digit()) && unit.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
    });
    let ordinal = counted
        || value.bytes().next().is_some_and(|b| b.is_ascii_digit()) && !made.signs && value.len() < 10 && !made.mixed;
    let code = value.contains('(') || value.contains(['{', '[', '\\', '=']) && value.len() < 24;
    (plausible && !ordinal && !code && entropy_bits(value) >= 2.2).then(|| Secret {
        subtype: "named_secret",
        score: 0.7,
        range: at + place..at + place + value.len(),
        id: None,
        kind: Kind::Secret,
    })
}

/// The password of a `.netrc`: `machine host login name password value`.
fn login(text: &str, at: usize) -> Option<Secret> {
    const LINE_BYTES: usize = 160;
    let before = tail(text.get(..at)?, LINE_BYTES);
    if !before.contains("machine ") || !before.contains("login ") {
        return None;
    }
    let rest = head(text.get(at..)?, 130);
    let value = rest.split_ascii_whitespace().next()?;
    let start = at + rest.find(value)?;
    let (score, kind) = match look(value) {
        Look::Placeholder => return None,
        Look::Sequence => (MADE_UP_SCORE, Kind::MadeUp),
        Look::Plausible => (0.75, Kind::Secret),
    };
    let real = value.len() >= 6 && !is_usual(value) && !is_reference(value);
    let range = start..start + value.len();
    real.then_some(Secret { subtype: "named_password", score, range, id: None, kind })
}

/// What links a word to its value in a sentence, in the languages of the lexicon.
const LINKS: [&str; 48] = [
    "is",
    "was",
    "are",
    "will",
    "be",
    "now",
    "to",
    "set",
    "changed",
    "reset",
    "lautet",
    "ist",
    "war",
    "est",
    "etait",
    "es",
    "era",
    "e",
    "foi",
    "sera",
    "становится",
    "это",
    "теперь",
    "jest",
    "to",
    "je",
    "is:",
    "on",
    "är",
    "er",
    "becomes",
    "remains",
    "still",
    "currently",
    "aktuell",
    "será",
    "wurde",
    "auf",
    "geändert",
    "as",
    "adalah",
    "là",
    "คือ",
    "है",
    "هي",
    "היא",
    "는",
    "은",
];

/// Where the value starts that stands beside the word for it without a link, as in `log in with the password X`: only
/// letters, digits and signs together, or letters and digits in quotes, are no next word of the sentence.
fn beside(window: &str) -> Option<usize> {
    const VALUE_BYTES_MIN: usize = 8;
    let is_gap = |c: char| matches!(c, ' ' | '"' | '\'' | '`' | '“' | '„' | '«');
    let rest = window.trim_start_matches(is_gap);
    let value = rest.split(|c: char| c.is_whitespace() || is_gap(c) || matches!(c, ',' | ';' | '”' | '»')).next()?;
    let value = value.trim_end_matches(['.', '!', '?', ':', ')']);
    let made = made(value);
    let quoted =
        window.get(..window.len() - rest.len()).is_some_and(|gap| gap.ends_with(['"', '\'', '`', '“', '„', '«']));
    let strong = made.letters && made.digits && (made.signs || quoted) && value.len() >= VALUE_BYTES_MIN;
    (strong && rest.len() < window.len()).then_some(window.len() - rest.len())
}

/// Words between a secret's name and its link: "for the staging database".
const FILLERS: usize = 6;

/// Where the value starts in a window behind the word that names it: behind a link, few words on.
fn said_start(window: &str) -> Option<usize> {
    let is_gap = |c: char| {
        c.is_whitespace() && c != '\n' || matches!(c, '"' | '\'' | '`' | '*' | ')' | '(' | '“' | '„' | '«' | '「' | '_')
    };
    let mut at = 0;
    let mut words = 0;
    let mut linked = false;
    while at <= SAID_DISTANCE_MAX && words <= FILLERS {
        let rest = window.get(at..)?;
        let trimmed = rest.trim_start_matches(is_gap);
        at += rest.len() - trimmed.len();
        let first = trimmed.chars().next()?;
        if matches!(first, ':' | '=' | '：' | '是' | '为' | 'は' | '→')
            || trimmed.starts_with("->")
            || trimmed.starts_with("=>")
        {
            let sign = if first == '-' || trimmed.starts_with("=>") { 2 } else { first.len_utf8() };
            (linked, at) = (true, at + sign);
            continue;
        }
        let word = trimmed.split(|c: char| c.is_whitespace() || is_gap(c)).next()?;
        let plain = word.trim_end_matches([':', ',']);
        if LINKS.iter().any(|link| link.eq_ignore_ascii_case(plain))
            || matches!(plain, "é" | "è" | "была" | "était" | "está")
        {
            (linked, at) = (true, at + word.len());
            words += 1;
            continue;
        }
        if linked {
            return Some(at);
        }
        if first == '\n'
            || word.contains(['.', ';', '?', '!'])
            || !plain.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '@'))
        {
            return None;
        }
        words += 1;
        at += word.len() - usize::from(word.ends_with(':'));
    }
    None
}

/// Where the value starts that has a line of its own below the sentence that names it, as installers print it.
fn below(window: &str) -> Option<usize> {
    const VALUE_BYTES_MIN: usize = 16;
    const LINES_MAX: usize = 2;
    let sentence = head(window, SAID_DISTANCE_MAX).split_once('\n').map(|(sentence, _)| sentence.trim_end())?;
    let rest = window.get(sentence.len()..).filter(|_| sentence.ends_with(':'))?;
    let value = rest.trim_start();
    let gap = rest.len() - value.len();
    let line = value.lines().next()?.trim_end();
    let made = made(line);
    let alone = !line.contains(char::is_whitespace) && made.letters && made.digits && line.len() >= VALUE_BYTES_MIN;
    (alone && rest.get(..gap)?.matches('\n').count() <= LINES_MAX).then_some(sentence.len() + gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_values() {
        let find = |text: &str, word: &str| {
            let at = text.find(word).expect("there") + word.len();
            said(text, at).map(|secret| text.get(secret.range).unwrap_or_default().to_owned())
        };
        for (text, word) in [
            ("the admin password is V7kq2Lmz.", "password"),
            ("The password for the staging database is V7kq2Lmz, use it.", "password"),
            ("Das Passwort lautet V7kq2Lmz.", "Passwort"),
            ("La contraseña es: V7kq2Lmz", "contraseña"),
            ("пароль: V7kq2Lmz", "пароль"),
            ("密码是V7kq2Lmz。", "密码"),
            ("관리자 비밀번호는 V7kq2Lmz 입니다", "비밀번호"),
            ("kata sandinya adalah V7kq2Lmz", "sandinya"),
            ("password was changed to \"V7kq2Lmz\"", "password"),
        ] {
            assert_eq!(find(text, word).as_deref(), Some("V7kq2Lmz"), "{text}");
        }
        let beside = find("log in as ann with the password \"V7kq2Lmz!4\"", "password");
        assert_eq!(beside.as_deref(), Some("V7kq2Lmz!4"));
        let statement = find("ALTER ROLE app WITH PASSWORD 'V7kq2Lmz';", "PASSWORD");
        assert_eq!(statement.as_deref(), Some("V7kq2Lmz"));
        let printed = "Use the following password to proceed:\n\n3f9c1e7ab05d48e2a6c4f8b1d2e7903a\n\nIt may";
        assert_eq!(find(printed, "password").as_deref(), Some("3f9c1e7ab05d48e2a6c4f8b1d2e7903a"));
        for text in [
            "password rules:\n\nat least 12 letters",
            "password protect1on is on",
            "password is not working",
            "password is case-sensitive",
            "password, and then 8characters",
            "password is 8-character long",
        ] {
            assert_eq!(find(text, "password"), None, "{text}");
        }
    }
}
