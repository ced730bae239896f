//! Values that a setting or a sentence calls secret: `password = ...`, `"apiKey": "..."`, `<pwd>...</pwd>`,
//! `Authorization: Bearer ...`, "the password is ...".
//!
//! The search goes by the signs that assign, not by the words: the sign is rare in prose, and the name before
//! it is short. A value must look like one: not a reference, a call, a path or a word of the language.
//! Sentences come from the lexicon, which knows the words in several languages.

use std::ops::Range;

use memchr::{memchr3_iter, memmem};

use super::context::{Word, is_name, name_word};
use super::structured::is_usual;
use super::verify::{Look, entropy_bits, look};
use super::words::MADE_UP_SCORE;
use super::{Budget, Kind, SECRETS_MAX, Secret};
use crate::bounds::{head, tail};

/// The longest name that is looked at, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The longest value that is taken for a secret, in bytes.
const VALUE_BYTES_MAX: usize = 512;
/// How much may stand between a sign and its value, in bytes.
const BLANK_BYTES_MAX: usize = 24;

/// The values that the settings of a text call secret.
pub fn settings(text: &str, budget: &mut Budget, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for at in memchr3_iter(b'=', b':', b'>', bytes) {
        if found.len() >= SECRETS_MAX {
            break;
        }
        if at < from {
            continue;
        }
        if !budget.spend(120) {
            break;
        }
        if let Some(name) = name_before(bytes, at).and_then(|name| attribute(bytes, name))
            && let Some(word) = name_word(bytes, name.clone())
            && budget.spend(6000)
            && let Some(secret) = setting(text, name, word, at)
        {
            from = secret.range.end;
            found.push(secret);
        }
    }
    arguments(text, budget, found);
}

/// The name itself; of an attribute called `value` the one that the attribute before it holds, as in
/// `<add key="Password" value="...">`.
fn attribute(bytes: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    if !bytes.get(name.clone())?.ends_with(b" value") && bytes.get(name.clone())? != b"value" {
        return Some(name);
    }
    let before = bytes.get(name.end.saturating_sub(NAME_BYTES_MAX + 8)..name.end.checked_sub(6)?)?;
    let base = name.end - 6 - before.len();
    let close = before.iter().rposition(|b| matches!(b, b'"' | b'\''))?;
    let open = before.get(..close)?.iter().rposition(|b| matches!(b, b'"' | b'\''))?;
    Some(base + open + 1..base + close)
}

/// Values that are an argument behind the name of what they are: `get("API_KEY", "...")`.
fn arguments(text: &str, budget: &mut Budget, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    for quote in [b'"', b'\''] {
        for at in memmem::find_iter(bytes, &[quote, b',']) {
            if found.len() >= SECRETS_MAX || !budget.spend(200) {
                return;
            }
            let before = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at).unwrap_or_default();
            let Some(open) = before.iter().rposition(|b| !is_name(*b)) else { continue };
            let name = at - before.len() + open + 1..at;
            if before.get(open) != Some(&quote) {
                continue;
            }
            // `Credential("name", "password")` names its second argument by what it is called with.
            let login = before.get(..open).is_some_and(|call| {
                let call = call.strip_suffix(b"(").unwrap_or_default();
                [&b"Credential"[..], b"Credentials", b"login", b"Login"].iter().any(|known| call.ends_with(known))
            });
            let word = if login { Some(Word::Password) } else { name_word(bytes, name.clone()) };
            if let Some(word) = word
                && let Some((_, Some(_))) = value_start(bytes, at + 2)
            {
                found.extend(setting(text, name, word, at + 1));
            }
        }
    }
}

/// The name before the sign at `at`, if one stands there.
fn name_before(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let window = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at)?;
    let base = at - window.len();
    let is_gap = |b: &u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'`' | b']' | b')' | b':' | b'*' | b'-' | b'\\');
    let end = window.iter().rposition(|b| !is_gap(b))? + 1;
    let window = window.get(..end)?;
    // The last words of a label with spaces still name it: "Unseal Key 2:".
    let part = |b: &u8| is_name(*b) || *b == b' ';
    let start = window.iter().rposition(|b| !part(b)).map_or(0, |place| place + 1);
    let name = window.get(start..)?;
    let name = name.get(name.len().saturating_sub(40)..)?.trim_ascii_start();
    (name.len() >= 3).then_some(base + end - name.len()..base + end)
}

/// The value behind the sign at `at`, when it looks like a secret of the kind that the name `word` says.
fn setting(text: &str, name: Range<usize>, word: Word, at: usize) -> Option<Secret> {
    let (start, quote) = value_start(text.as_bytes(), at + 1)?;
    let rest = head(text.get(start..)?, VALUE_BYTES_MAX);
    let end = match quote {
        Some(quote) => rest.find(|c| c == char::from(quote) || c == '\n'),
        None => {
            rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '|' | '&'))
        }
    };
    let mut value = rest.get(..end.unwrap_or(rest.len()))?;
    if quote.is_none() {
        value = value.trim_end_matches(['.', ')', '!', '?', ':', '*', ']', '}', '\\']);
    }
    // What names the scheme of a header is no part of its value.
    let schemes =
        ["Bearer ", "bearer ", "Token ", "token ", "Basic ", "basic ", "ApiKey ", "Api-Token ", "SSWS ", "Bot "];
    let scheme = schemes.iter().find(|scheme| value.starts_with(**scheme));
    let skipped = scheme.map_or(0, |scheme| scheme.len());
    if quote.is_none() && skipped == 0 {
        let bare = schemes.iter().find(|scheme| rest.starts_with(**scheme));
        if let Some(scheme) = bare {
            return header(text, start + scheme.len());
        }
    }
    let value = value.get(skipped..)?;
    let range = start + skipped..start + skipped + value.len();
    // What opens may close: then the text between two strings is no value.
    if quote.is_some() && value.starts_with([',', ')', ';', '}', ']', ':', '+']) {
        return None;
    }
    let called = text.get(name)?;
    // Environment files write bare words: `DB_PASSWORD=word`.
    let shell = text.as_bytes().get(at) == Some(&b'=')
        && start == at + 1
        && called.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    judged(called, word, value, quote.is_some() || shell, range)
}

/// The value of an authorization header behind its scheme.
fn header(text: &str, start: usize) -> Option<Secret> {
    let rest = head(text.get(start..)?, VALUE_BYTES_MAX);
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>'));
    let value = rest.get(..end.unwrap_or(rest.len()))?;
    judged("authorization", Word::Token, value, true, start..start + value.len())
}

/// Where a value starts from `at` on, and the quote before it.
fn value_start(bytes: &[u8], at: usize) -> Option<(usize, Option<u8>)> {
    let rest = bytes.get(at..(at + BLANK_BYTES_MAX).min(bytes.len()))?;
    let mut breaks = 0;
    for (offset, b) in rest.iter().enumerate() {
        match b {
            b'"' | b'\'' | b'`' => {
                // An escaped or doubled quote opens too; what closes is looked for in the value.
                let next = rest.get(offset + 1);
                if next == Some(b) {
                    return None;
                }
                return Some((at + offset + 1, Some(*b)));
            }
            b' ' | b'\t' | b'=' | b'>' | b'\\' | b'(' | b'[' | b'*' | b'\r' => {}
            b'\n' if breaks == 0 => breaks += 1,
            b'@' | b'r' | b'b' | b'f' | b'L' | b'u' if matches!(rest.get(offset + 1), Some(b'"' | b'\'')) => {}
            _ if breaks > 0 => return None,
            _ => return Some((at + offset, None)),
        }
    }
    None
}

/// A value that a name calls secret, by its looks.
fn judged(name: &str, word: Word, value: &str, quoted: bool, range: Range<usize>) -> Option<Secret> {
    let score = match word {
        Word::Password => password_score(value, quoted)?,
        Word::Token => token_score(value, quoted)?,
        Word::Weak => token_score(value, quoted).filter(|_| value.len() >= 16 && !is_uuid(value))? - 0.05,
    };
    let aws = value.len() == 40 && name.to_ascii_lowercase().contains("secret") && entropy_bits(value) > 4.2;
    let subtype = match word {
        _ if aws && name.to_ascii_lowercase().contains("aws") => "aws_secret_access_key",
        Word::Password => "named_password",
        _ => "named_secret",
    };
    Some(Secret { subtype, score, range, id: None, kind: Kind::Secret })
}

/// What marks code, a reference or a path instead of a value.
fn is_reference(value: &str) -> bool {
    value.contains("://")
        || value.contains("::")
        || value.contains("${")
        || value.contains("{{")
        || value.contains("->")
        || value.contains("$(")
        || value.contains("()")
        || value.contains("env.")
        || value.starts_with(['$', '%', '/', '.', '-', '&', '<', '{', '[', '(', '@', '=', '#', '!', '|', '?'])
        || value.starts_with("arn:")
        || value.starts_with("process.")
        || value.starts_with("os.")
}

/// Names of algorithms, formats and types that hold a digit.
fn is_technical(value: &str) -> bool {
    const WORDS: [&str; 16] = [
        "sha1", "sha256", "sha512", "md5", "base64", "base32", "utf8", "utf-8", "aes256", "aes-256", "oauth2",
        "oauth1", "hs256", "rs256", "ed25519", "x25519",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

struct Made {
    letters: bool,
    digits: bool,
    signs: bool,
    mixed: bool,
}

fn made(value: &str) -> Made {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|b| test(&b));
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let signs = value
        .bytes()
        .any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'~' | b'?' | b'+' | b'/'));
    Made { letters: upper || lower, digits: has(u8::is_ascii_digit), signs, mixed: upper && lower }
}

/// How sure it is that a value behind a word for passwords is one.
fn password_score(value: &str, quoted: bool) -> Option<f32> {
    const LENGTH_MIN: usize = 5;
    const LENGTH_MAX: usize = 128;
    let length = value.chars().count();
    let opened = value.starts_with(['$', '/', '<', '{', '[', '.', '\'', '"']) || value.contains(['{', '}', '<']);
    let reference = match quoted && made(value).signs && made(value).digits {
        true => opened || value.contains("://"),
        false => is_reference(value),
    };
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) || reference || is_usual(value) || is_technical(value) {
        return None;
    }
    if value.contains(char::is_whitespace) || look(value) != Look::Plausible {
        return None;
    }
    let made = made(value);
    let dotted =
        value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'[' | b']' | b'(' | b')'))
            && value.contains(['.', '[', '(']);
    match (made.digits, made.signs, made.letters) {
        _ if !quoted && dotted => None,
        (true, true, _) => Some(0.75),
        (true, _, true) => Some(if length >= 8 { 0.7 } else { 0.6 }),
        (_, true, true) => Some(0.6),
        // Letters alone are a password only where a setting quotes them, and no word that speaks of passwords.
        (false, false, true) if quoted && length >= 8 && !is_label(value) => Some(0.5),
        (true, _, false) if length >= 6 && entropy_bits(value) > 1.5 => Some(0.55),
        _ => None,
    }
}

/// Whether letters are a word that programs use about passwords: a type, a message, a key of a table.
fn is_label(value: &str) -> bool {
    const WORDS: [&str; 22] = [
        "pass",
        "pwd",
        "required",
        "optional",
        "undefined",
        "incorrect",
        "forgot",
        "confirm",
        "string",
        "text",
        "hidden",
        "object",
        "secret",
        "token",
        "user",
        "login",
        "credential",
        "admin",
        "default",
        "value",
        "field",
        "input",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || value.contains(['_', '.', '-'])
}

/// How sure it is that a value behind a word for keys and tokens is one.
fn token_score(value: &str, quoted: bool) -> Option<f32> {
    const LENGTH_MIN: usize = 8;
    let length = value.len();
    // A long quoted value may start with any sign, as the keys of web frameworks do.
    let long = quoted && length >= 40 && !value.starts_with(['$', '/', '<', '{', '[']) && !value.contains("://");
    if !(LENGTH_MIN..VALUE_BYTES_MAX).contains(&length) || !value.is_ascii() || is_reference(value) && !long {
        return None;
    }
    if value.contains(char::is_whitespace) || is_technical(value) || look(value) != Look::Plausible {
        return None;
    }
    let made = made(value);
    let code = !quoted && value.contains(['(', '{', '[', '\\']) || value.contains("../");
    let name = is_name_like(value);
    let file = value
        .rsplit_once('.')
        .is_some_and(|(_, end)| (2..=4).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase()));
    if code || name || file || !made.letters || !(made.digits || made.signs) {
        return None;
    }
    let entropy = entropy_bits(value);
    match length {
        _ if entropy < 2.7 => None,
        20.. => Some(0.75),
        16.. => Some(0.7),
        _ if made.digits && (made.mixed || made.signs) => Some(0.6),
        12.. if made.digits => Some(0.5),
        _ => None,
    }
}

/// Whether a value is words put together, with a number here and there, as names of things are.
fn is_name_like(value: &str) -> bool {
    const LENGTH_MAX: usize = 40;
    let parts = || value.split(['.', '_', '-', '/']).filter(|part| !part.is_empty());
    let spoken = parts().filter(|part| part.bytes().all(|b| b.is_ascii_alphabetic())).count();
    let numbered = parts().filter(|part| part.len() < 5 && part.bytes().any(|b| b.is_ascii_digit())).count();
    let some = spoken > 0 && spoken * 2 >= numbered && value.len() < LENGTH_MAX;
    spoken + numbered == parts().count() && (numbered == 0 || some)
}

/// Whether a value is written as a UUID.
fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

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
    let place = said_start(window)?;
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
    let name = is_name_like(value) && !made.signs;
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
const LINKS: [&str; 40] = [
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
];

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

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        settings(text, &mut Budget::of(text), &mut found);
        found.into_iter().map(|secret| text.get(secret.range).unwrap_or_default()).collect()
    }

    #[test]
    fn settings_of_every_style() {
        for text in [
            "password = \"V7!kq2Lm\"",
            "db.password=V7!kq2Lm",
            "{\"dbPassword\": \"V7!kq2Lm\"}",
            "<password>V7!kq2Lm</password>",
            "PASS='V7!kq2Lm'",
            "$config['password'] = 'V7!kq2Lm';",
            "Server=a;Password=V7!kq2Lm;",
            "passwort: V7!kq2Lm",
            "define('DB_PASSWORD') = V7!kq2Lm",
            "my $pwd => 'V7!kq2Lm'",
            "AdminPassword: |\n  V7!kq2Lm",
        ] {
            let expected: &[&str] = if text.contains('|') { &[] } else { &["V7!kq2Lm"] };
            assert_eq!(values(text), expected, "{text}");
        }
        assert_eq!(values("Authorization: Bearer mF9xB5fq41JqMz7"), ["mF9xB5fq41JqMz7"]);
        assert_eq!(values("-H 'X-Api-Key: 8fK2mQx9zT4v'"), ["8fK2mQx9zT4v"]);
    }

    #[test]
    fn code_and_labels_are_no_values() {
        for text in [
            "password = os.environ['DB_PASSWORD']",
            "token = getToken(user)",
            "api_key: ${API_KEY}",
            "password: required",
            "token_type: bearer",
            "password = \"password\"",
            "key: value1",
            "secret: arn:aws:secretsmanager:eu-west-1:x",
            "token: undefined",
            "Password:\n\nEnter2It",
            "keyLength = XSalsa20.key_length",
            "password = config.password2",
            "apiUrl=apigee.corp7.test",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

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
            ("password was changed to \"V7kq2Lmz\"", "password"),
        ] {
            assert_eq!(find(text, word).as_deref(), Some("V7kq2Lmz"), "{text}");
        }
        for text in [
            "password is not working",
            "password is case-sensitive",
            "password, and then 8characters",
            "password is 8-character long",
        ] {
            assert_eq!(find(text, "password"), None, "{text}");
        }
    }
}
