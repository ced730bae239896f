//! Whether a value that something calls a password or a token can be one: no reference, call, path or name of a
//! thing, and as varied as secrets are.
//!
//! Not here: placeholders and examples, which [`crate::credential::verify`] knows.

use super::VALUE_BYTES_MAX;
use super::structured::is_usual;
use super::verify::{Look, entropy_bits, look};

/// What marks code, a reference or a path instead of a value.
pub fn is_reference(value: &str) -> bool {
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

/// Whether a value is words with slashes between, as paths and routes are: `sites/passwords#update`.
pub fn is_path(value: &str) -> bool {
    value.contains('/') && value.split(['/', '#', '_', '-']).all(is_name_like)
}

/// Names of algorithms, formats and types that hold a digit.
pub fn is_technical(value: &str) -> bool {
    const WORDS: [&str; 16] = [
        "sha1", "sha256", "sha512", "md5", "base64", "base32", "utf8", "utf-8", "aes256", "aes-256", "oauth2",
        "oauth1", "hs256", "rs256", "ed25519", "x25519",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// What a value is made of.
pub struct Made {
    /// Letters.
    pub letters: bool,
    /// Digits.
    pub digits: bool,
    /// Signs that passwords have.
    pub signs: bool,
    /// Letters of both cases.
    pub mixed: bool,
}

/// What `value` is made of.
pub fn made(value: &str) -> Made {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|b| test(&b));
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let signs = value
        .bytes()
        .any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'~' | b'?' | b'+' | b'/'));
    Made { letters: upper || lower, digits: has(u8::is_ascii_digit), signs, mixed: upper && lower }
}

/// How sure it is that a value behind a word for passwords is one.
pub fn password_score(value: &str, quoted: bool) -> Option<f32> {
    const LENGTH_MIN: usize = 5;
    const LENGTH_MAX: usize = 128;
    let length = value.chars().count();
    let opened = value.starts_with(['$', '/', '<', '{', '[', '.', '\'', '"']) || value.contains(['{', '}', '<']);
    // A sign in front is a comment's or an option's, unless what follows is as good as random.
    let strong = value.get(1..).is_some_and(|rest| length >= 8 && made(rest).digits && !is_name_like(rest));
    let signed = strong && value.starts_with(['#', '!', '?', '@', '-', '&']);
    let reference = match quoted && made(value).signs && made(value).digits || signed {
        true => opened || value.contains("://"),
        false => is_reference(value) || value.starts_with(['\'', '"']),
    };
    let reference = reference || is_path(value);
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
pub fn is_label(value: &str) -> bool {
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
pub fn token_score(value: &str, quoted: bool) -> Option<f32> {
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
pub fn is_name_like(value: &str) -> bool {
    const LENGTH_MAX: usize = 40;
    let parts = || value.split(['.', '_', '-', '/']).filter(|part| !part.is_empty());
    let spoken = parts().filter(|part| part.bytes().all(|b| b.is_ascii_alphabetic())).count();
    let numbered = parts().filter(|part| part.len() < 5 && part.bytes().any(|b| b.is_ascii_digit())).count();
    let some = spoken > 0 && spoken * 2 >= numbered && value.len() < LENGTH_MAX;
    spoken + numbered == parts().count() && (numbered == 0 || some)
}

/// Whether a value is written as a UUID.
pub fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
