//! Values that a setting or a sentence calls secret: `password = ...`, `"apiKey": "..."`, `<pwd>...</pwd>`,
//! `Authorization: Bearer ...`, `get("API_KEY", "...")`.
//!
//! The search goes by the signs that assign, not by the words: the sign is rare in prose, and the name before
//! it is short. What a value must look like is [`crate::credential::likely`]'s; sentences are [`crate::credential::said`]'s.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

use super::likely::{is_reference, is_uuid, password_score, token_score};
use super::names::{Word, is_name, name_word};
use super::structured::is_usual;
use super::verify::{Look, entropy_bits, look};
use super::words::MADE_UP_SCORE;
use super::{Budget, Kind, NAME_BYTES_MAX, SECRETS_MAX, Secret, VALUE_BYTES_MAX};
use crate::bounds::{head, tail};

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
    for comma in memchr_iter(b',', bytes) {
        // A blank may stand before the comma.
        let blank = comma.checked_sub(1).is_some_and(|at| bytes.get(at) == Some(&b' '));
        let Some(at) = comma.checked_sub(1 + usize::from(blank)) else { continue };
        let Some(quote) = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\'')) else { continue };
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
            && let Some((_, Some(_))) = value_start(bytes, comma + 1)
        {
            found.extend(setting(text, name, word, comma));
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
    // A literal within a literal, as in what generates code: `'"value"'`.
    let nested = value.len() > 2 && value.starts_with('"') && value.ends_with('"');
    let start = start + usize::from(nested);
    value = if nested { value.trim_matches('"') } else { value };
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
    judged(called, word, value, quote.is_some() || shell, range.clone()).or_else(|| {
        let cast = start.checked_sub(1).and_then(|at| text.as_bytes().get(at)) == Some(&b'(');
        let weak = word == Word::Password && !cast && is_weak(value) && login_before(text, start);
        let (subtype, score, kind) = ("named_password", MADE_UP_SCORE, Kind::MadeUp);
        weak.then_some(Secret { subtype, score, range, id: None, kind })
    })
}

/// Whether a value that looks like no secret may be a password all the same, where a login stands beside it: a word.
fn is_weak(value: &str) -> bool {
    const NOTHING: [&str; 5] = ["nil", "undefined", "required", "string", "hidden"];
    let plain = value.is_ascii() && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    let code = value.contains(['$', '{', '}', '(', ')', '[', ']', '<', '>', '%', '#', '/', '\\', '*', '.']);
    let nothing = NOTHING.iter().any(|known| known.eq_ignore_ascii_case(value)) || is_usual(value);
    (4..=64).contains(&value.len())
        && plain
        && !code
        && !nothing
        && !is_reference(value)
        && look(value) != Look::Placeholder
}

/// Whether a setting shortly before `at` names who logs in: `User ID=bob;Password=`.
fn login_before(text: &str, at: usize) -> bool {
    const LOGIN_BYTES: usize = 128;
    const NAME_TAIL_MAX: usize = 8;
    let before = tail(text.get(..at).unwrap_or_default(), LOGIN_BYTES).to_ascii_lowercase();
    ["user", "uid", "login"].iter().any(|known| {
        before.match_indices(known).any(|(place, _)| {
            let rest = before.get(place + known.len()..).unwrap_or_default();
            let name =
                rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'"' | b'\''));
            let name = name.count();
            name <= NAME_TAIL_MAX && rest.get(name..).is_some_and(|sign| sign.starts_with(['=', ':']))
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        settings(text, &mut Budget::of(text), &mut found);
        let real = found.into_iter().filter(|secret| secret.kind == Kind::Secret);
        real.map(|secret| text.get(secret.range).unwrap_or_default()).collect()
    }

    fn made_up(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        settings(text, &mut Budget::of(text), &mut found);
        let made_up = found.into_iter().filter(|secret| secret.kind == Kind::MadeUp);
        made_up.map(|secret| text.get(secret.range).unwrap_or_default()).collect()
    }

    #[test]
    fn weak_passwords_count_beside_a_login() {
        for text in [
            "Server=db;User Id=app;Password=sunflower;",
            "user = ann\npassword = sunflower\n",
            "$user = \"ann\"; $password = sunflower;",
        ] {
            assert_eq!(made_up(text), ["sunflower"], "{text}");
        }
        for text in [
            "password = sunflower",
            "user = ann\npassword = $SECRET",
            "user: string, password: string",
            "Uid=ann;Pwd={secret};",
            "user = (char *) p; pwd = (char *) q;",
            "user = form.user; password = form.password;",
            "username: ann\npassword: <your password>",
        ] {
            assert!(made_up(text).is_empty(), "{text}");
        }
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
        assert_eq!(values("resValue 'string' , 'API_KEY' , '\"8fK2mQx9zT4v7Lp3\"'"), ["8fK2mQx9zT4v7Lp3"]);
        assert_eq!(values("Server=a;Uid=b;Password=#k7Lmz2qR;"), ["#k7Lmz2qR"]);
        assert_eq!(
            values("SECRET_KEY = 'django-insecure-k3%(q9!w(x)z^5m&t8@r2#v7b$n4c1_h6'"),
            ["django-insecure-k3%(q9!w(x)z^5m&t8@r2#v7b$n4c1_h6"]
        );
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
            "export DB_PASSWORD=\"'$CI_PASSWORD_2!'\"",
            "put '/forgot-password' => \"cms/sites/passwords#update\"",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }
}
