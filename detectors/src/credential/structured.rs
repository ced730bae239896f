//! Credentials with a structure of their own: PEM keys, JSON Web Tokens, URLs with a password, pairs of an AWS
//! key id and its secret, and tokens that carry a mark within.
//!
//! Every search is bounded in length; a mark is looked for once a word.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem;

use super::format::Alphabet;
use super::verify::{Look, entropy_bits, is_jwt_body, is_jwt_head, is_placeholder, is_snowflake, look};
use super::words::MADE_UP_SCORE;
use super::{Budget, Kind, SECRETS_MAX, Secret};
use crate::bounds::{head, tail};
use crate::work::work;

fn secret(subtype: &'static str, score: f32, range: Range<usize>) -> Secret {
    Secret { subtype, score, range, id: None, kind: Kind::Secret }
}

/// Private keys in armour.
pub fn pem(text: &str, found: &mut Vec<Secret>) {
    let mut from = 0;
    for start in memmem::find_iter(text.as_bytes(), b"-----BEGIN").take(SECRETS_MAX) {
        if start < from {
            continue;
        }
        let Some(length) = text.get(start..).and_then(pem_length) else { continue };
        from = start + length;
        const ACCOUNT_BYTES: usize = 1024;
        let before = tail(text.get(..start).unwrap_or_default(), ACCOUNT_BYTES);
        let account = before.contains("\"service_account\"") || before.contains("private_key_id");
        found.push(secret(if account { "gcp_service_account" } else { "private_key" }, 0.95, start..from));
    }
}

/// The length of a PEM private key whose body is more than a placeholder.
fn pem_length(rest: &str) -> Option<usize> {
    const PEM_BYTES_MAX: usize = 16 << 10;
    const LETTERS_MIN: usize = 32;
    let window = head(rest, PEM_BYTES_MAX);
    let head_end = head(window.get(10..)?, 80).find("-----")? + 15;
    let title = window.get(..head_end)?;
    if !title.contains("PRIVATE KEY") {
        return None;
    }
    let body = window.get(head_end..)?;
    // Armour ends at the next line of dashes, whatever it says: so no byte is read for two keys.
    let end = body.find("-----").unwrap_or(body.len());
    work(head_end + end);
    let key = body.get(..end)?;
    let letters = key.bytes().filter(u8::is_ascii_alphanumeric).count();
    (letters >= LETTERS_MIN && !key.contains("...") && entropy_bits(key) > 4.0).then_some(head_end + end)
}

/// How far the end of a URL's authority is looked for, in bytes.
const AUTHORITY_BYTES_MAX: usize = 300;

/// Passwords in URLs.
pub fn urls(text: &str, budget: &mut Budget, found: &mut Vec<Secret>) {
    let mut stop = 0;
    for at in memmem::find_iter(text.as_bytes(), b"://") {
        // An authority without an `@` has no password, and most have none. What ends one is looked for once.
        if stop <= at {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            stop = at + rest.iter().position(|b| !b.is_ascii_graphic() || *b == b'@').unwrap_or(rest.len());
        }
        if text.as_bytes().get(stop) != Some(&b'@') {
            continue;
        }
        if found.len() >= SECRETS_MAX || !budget.spend(2000) {
            break;
        }
        found.extend(url_password(text, at));
    }
}

/// Passwords of manuals and defaults: whoever writes one of these shows a form.
pub const USUAL: [&str; 29] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "postgres",
    "root",
    "admin",
    "guest",
    "user",
    "test",
    "token",
    "mypassword",
    "changeme",
    "username",
    "userpass",
    "dbpass",
    "dbpassword",
    "mysecretpassword",
    "pw",
    "key",
    "apikey",
    "api_key",
    "string",
    "yyy",
    "xxx",
    "null",
    "none",
    "true",
    "false",
];

/// Whether a value is one of [`USUAL`].
pub fn is_usual(value: &str) -> bool {
    USUAL.iter().any(|usual| usual.eq_ignore_ascii_case(value))
}

/// The password in `scheme://user:password@host`, whose `://` stands at `at`.
fn url_password(text: &str, at: usize) -> Option<Secret> {
    let start = at + 3;
    let window = head(text.get(start..)?, AUTHORITY_BYTES_MAX);
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '(' | ')');
    let authority = window.split(ends).next()?;
    // A password may hold an `@`, a host may not.
    let (credentials, host) = authority.split_once('@')?;
    let (credentials, host) = match host.split(['/', '?', ',']).next()?.rsplit_once('@') {
        Some((more, host)) => (window.get(..credentials.len() + 1 + more.len())?, host),
        None => (credentials, host),
    };
    let (user, password) = credentials.split_once(':')?;
    let path =
        user.contains(['/', '?', '#']) || password.contains('/') || host.is_empty() || host.starts_with(['$', '{']);
    let variable = password.starts_with(['$', '%', '[', '{', '*']) || password.contains("}}");
    if path || variable || password.len() < 3 || is_usual(password) || is_placeholder(password) {
        return None;
    }
    let scheme_start =
        tail(text.get(..at)?, 16).rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'));
    let scheme = tail(text.get(..at)?, 16).get(scheme_start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let subtype = if is_database(scheme) { "database_url" } else { "url_password" };
    let end = start + credentials.len();
    let range = end - password.len()..end;
    // Hosts and passwords of manuals: it has the shape of a login and opens nothing.
    if host.contains("example") || password == "secret" {
        return Some(Secret { kind: Kind::MadeUp, ..secret(subtype, MADE_UP_SCORE, range) });
    }
    Some(secret(subtype, 0.85, range))
}

fn is_database(scheme: &str) -> bool {
    const SCHEMES: [&str; 14] = [
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "mongodb",
        "redis",
        "rediss",
        "amqp",
        "amqps",
        "mssql",
        "sqlserver",
        "clickhouse",
        "oracle",
        "cockroachdb",
    ];
    let base = scheme.split('+').next().unwrap_or(scheme);
    SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(base))
}

/// Tokens that carry a mark within: the mark, what stands before and behind it, and the lengths of both.
struct Marked {
    subtype: &'static str,
    mark: &'static str,
    alphabet: Alphabet,
    before: (usize, usize),
    behind: (usize, usize),
    score: f32,
}

const fn m(
    subtype: &'static str,
    mark: &'static str,
    alphabet: Alphabet,
    before: (usize, usize),
    behind: (usize, usize),
    score: f32,
) -> Marked {
    Marked { subtype, mark, alphabet, before, behind, score }
}

/// The formats with a mark within, from the vendors' documentation.
#[rustfmt::skip]
const MARKED: [Marked; 20] = [
    m("openai_key", "T3BlbkFJ", Alphabet::UrlSafe, (20, 80), (20, 80), 0.95),
    m("azure_openai_key", "JQQJ99", Alphabet::Alphanumeric, (52, 52), (26, 26), 0.95),
    m("azure_devops_token", "AZDO", Alphabet::Alphanumeric, (76, 76), (4, 4), 0.95),
    m("azure_storage_key", "+ASt", Alphabet::Base64, (76, 76), (6, 8), 0.95),
    m("azure_function_key", "AzFu", Alphabet::UrlSafe, (44, 44), (6, 8), 0.9),
    m("azure_search_key", "AzSe", Alphabet::Alphanumeric, (42, 42), (6, 6), 0.9),
    m("azure_cosmos_key", "ACDb", Alphabet::Base64, (76, 76), (6, 8), 0.95),
    m("azure_batch_key", "+ABa", Alphabet::Base64, (76, 76), (6, 8), 0.95),
    m("azure_registry_key", "+ACR", Alphabet::Base64, (42, 42), (6, 6), 0.95),
    m("azure_hub_key", "+AEh", Alphabet::Base64, (32, 34), (6, 8), 0.9),
    m("azure_hub_key", "AIoT", Alphabet::Base64, (33, 34), (5, 8), 0.85),
    m("azure_client_secret", "Q~", Alphabet::Wide, (4, 4), (31, 34), 0.95),
    m("mailchimp_key", "-us", Alphabet::Hex, (32, 32), (1, 2), 0.9),
    m("maxmind_key", "_mmk", Alphabet::UrlSafe, (36, 36), (0, 0), 0.9),
    m("newrelic_license", "NRAL", Alphabet::Lower, (36, 36), (0, 0), 0.92),
    m("telegram_token", ":AA", Alphabet::UrlSafe, (8, 10), (32, 34), 0.92),
    m("thingsboard_token", "/attributes", Alphabet::Alphanumeric, (20, 20), (0, 0), 0.8),
    m("thingsboard_token", "/rpc", Alphabet::Alphanumeric, (20, 20), (0, 0), 0.8),
    m("thingsboard_token", "/telemetry", Alphabet::Alphanumeric, (20, 20), (0, 0), 0.8),
    m("terraform_token", ".atlasv1.", Alphabet::UrlSafe, (14, 14), (60, 70), 0.95),
];

/// One automaton for all marks; the tests of the formats need it to build.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(MARKED.iter().map(|marked| marked.mark)).ok()
});
/// How many marks of one word are looked at.
const MARKS_MAX: usize = 64;

/// The word of at least this length is searched for marks.
const MARKED_BYTES_MIN: usize = 32;

/// Tokens with a structure in the word `word`.
pub fn in_word(text: &str, word: Range<usize>, found: &mut Vec<Secret>) {
    let Some(part) = text.get(word.clone()).filter(|part| part.len() >= MARKED_BYTES_MIN) else { return };
    if !part.bytes().any(|b| b.is_ascii_digit()) {
        return;
    }
    for hit in MARKS.iter().flat_map(|marks| marks.find_overlapping_iter(part)).take(MARKS_MAX) {
        let marked = MARKED.get(hit.pattern().as_usize());
        found.extend(marked.and_then(|marked| marked_token(text, word.start + hit.start(), marked)));
    }
    found.extend(discord_token(part, word.start));
    found.extend(facebook_token(part, word.start));
    found.extend(telegram_token(part, word.start));
    found.extend(truenas_token(part, word.start));
    let mut from = 0;
    while let Some(at) = part.get(from..).and_then(|rest| memmem::find(rest.as_bytes(), b"eyJ")) {
        let start = from + at;
        let apart = start == 0 || !part.as_bytes().get(start - 1).is_some_and(u8::is_ascii_alphanumeric);
        let token = part.get(start..).filter(|_| apart).map_or(Err(3), jwt_length);
        if let Ok((length, signed)) = token {
            let range = word.start + start..word.start + start + length;
            let whole = secret("json_web_token", 0.75, range.clone());
            let opens = signed && text.get(range).is_some_and(|token| look(token) != Look::Placeholder);
            found.push(if opens { whole } else { Secret { kind: Kind::MadeUp, score: MADE_UP_SCORE, ..whole } });
        }
        let (Ok((length, _)) | Err(length)) = token;
        from = start + length;
    }
}

fn marked_token(text: &str, at: usize, marked: &Marked) -> Option<Secret> {
    let bytes = text.as_bytes();
    let (until, behind_start) = (bytes.get(..at)?, at + marked.mark.len());
    let before = until.iter().rev().take(marked.before.1 + 1).take_while(|b| marked.alphabet.has(**b)).count();
    let behind =
        bytes.get(behind_start..)?.iter().take(marked.behind.1 + 1).take_while(|b| marked.alphabet.has(**b)).count();
    let digits = until.iter().rev().take(marked.before.1).take_while(|b| b.is_ascii_digit()).count();
    let of_bot =
        marked.subtype == "telegram_token" && until.get(..at - digits).is_some_and(|url| url.ends_with(b"/bot"));
    let before = if of_bot { digits } else { before };
    let before = if before > marked.before.1 && marked.before.0 == marked.before.1 { marked.before.0 } else { before };
    let fits =
        (marked.before.0..=marked.before.1).contains(&before) && (marked.behind.0..=marked.behind.1).contains(&behind);
    let (start, end) = (at - before.min(at), behind_start + behind);
    let apart = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_none_or(|b| !b.is_ascii_alphanumeric());
    let token = text.get(start..end)?;
    let telegram = marked.subtype != "telegram_token" || until.iter().rev().take(before).all(u8::is_ascii_digit);
    // In the URLs of Telegram's interface `bot` stands in front.
    let stands = fits && telegram && (of_bot || apart(start.checked_sub(1))) && apart(Some(end));
    let stands = stands && (!marked.mark.starts_with('/') || until.get(..start)?.ends_with(b"/api/v1/"));
    // Only the start is random in all of them: reserved letters follow in the tokens of Azure DevOps.
    const RANDOM_BYTES: usize = 48;
    // A part of a path is no part of the token before it.
    let end = if marked.mark.starts_with('/') { at } else { end };
    let whole = secret(marked.subtype, marked.score, start..end);
    match look(head(token, RANDOM_BYTES)) {
        Look::Plausible if stands => Some(whole),
        Look::Sequence if stands => Some(Secret { kind: Kind::MadeUp, score: MADE_UP_SCORE, ..whole }),
        _ => None,
    }
}

/// A bot's token of Telegram that does not begin with the letters that today's do: its number, a colon, 35 characters.
fn telegram_token(part: &str, base: usize) -> Option<Secret> {
    const SECRET_LENGTH: usize = 35;
    let bytes = part.as_bytes();
    let colon = memchr::memrchr(b':', bytes)?;
    let digits = bytes.get(..colon)?.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let apart = bytes.get(..colon - digits)?.last().is_none_or(|b| !b.is_ascii_alphanumeric());
    let key = part.get(colon + 1..)?;
    let mixed = key.bytes().any(|b| b.is_ascii_lowercase()) && key.bytes().any(|b| b.is_ascii_uppercase());
    let fits = matches!(digits, 8..=10) && apart && key.len() == SECRET_LENGTH && mixed && !key.starts_with("AA");
    (fits && key.bytes().all(|b| Alphabet::UrlSafe.has(b)) && look(key) == Look::Plausible)
        .then(|| secret("telegram_token", 0.7, base + colon - digits..base + part.len()))
}

/// A key of TrueNAS: its number, a hyphen, 64 letters and digits ("API Keys" in its documentation).
fn truenas_token(part: &str, base: usize) -> Option<Secret> {
    let (number, key) = part.split_once('-').filter(|(number, key)| number.len() < 4 && key.len() == 64)?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let mixed = key.bytes().any(|b| b.is_ascii_lowercase()) && key.bytes().any(|b| b.is_ascii_uppercase());
    let fits = is_number && mixed && key.bytes().all(|b| b.is_ascii_alphanumeric());
    (fits && look(key) == Look::Plausible).then(|| secret("truenas_key", 0.7, base..base + part.len()))
}

/// A bot's token of Discord: its id in base64, a time and a signature.
fn discord_token(part: &str, base: usize) -> Option<Secret> {
    let start = part.rfind(['=', ':']).map_or(0, |at| at + 1);
    let token = part.get(start..)?;
    let mut parts = token.split('.');
    let (id, time, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let safe = |part: &str| part.bytes().all(|b| Alphabet::UrlSafe.has(b));
    let fits = matches!(id.len(), 23..=28) && time.len() == 6 && matches!(signature.len(), 27..=40);
    let shaped = parts.next().is_none()
        && fits
        && id.starts_with(['M', 'N', 'O'])
        && [id, time, signature].into_iter().all(safe);
    let whole = secret("discord_token", 0.9, base + start..base + part.len());
    match shaped {
        true if is_snowflake(id) => Some(whole),
        // The lengths of today's numbers in base64, and no number: somebody has changed letters of a token.
        true if matches!(id.len(), 24..=26) => Some(Secret { kind: Kind::MadeUp, score: MADE_UP_SCORE, ..whole }),
        _ => None,
    }
}

/// An application's token of Facebook: its id, a bar, its secret.
fn facebook_token(part: &str, base: usize) -> Option<Secret> {
    let bar = memchr::memchr2(b'|', b'%', part.as_bytes())?;
    let plain = part.as_bytes().get(bar) == Some(&b'|');
    if !plain && !part.get(bar..)?.starts_with("%7C") {
        return None;
    }
    let secret_start = bar + if plain { 1 } else { 3 };
    let digits = part.as_bytes().get(..bar)?.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let length = part.get(secret_start..)?.bytes().take_while(|b| Alphabet::UrlSafe.has(*b)).count();
    (matches!(digits, 15..=16) && length == 27)
        .then(|| secret("facebook_token", 0.9, base + bar - digits..base + secret_start + length))
}

/// The length of three or five parts of base64url, the first a header that names its algorithm (RFC 7519, RFC
/// 7516), or of two that are objects, and whether it is whole: without its signature it shows claims and opens
/// nothing. Else how far on the next one may start, so that no byte is read for many.
fn jwt_length(rest: &str) -> Result<(usize, bool), usize> {
    const JWT_BYTES_MAX: usize = 8 << 10;
    const HEAD_BYTES_MAX: usize = 2 << 10;
    const SIGNATURE_MIN: usize = 20;
    let window = head(rest, HEAD_BYTES_MAX);
    let first = window.split('.').next().unwrap_or_default();
    if first.len() < 16 || first.len() == window.len() || !is_jwt_head(first) {
        return Err(first.len().max(3));
    }
    let length = rest.bytes().take(JWT_BYTES_MAX).take_while(|b| Alphabet::Dotted.has(*b)).count();
    let token = rest.get(..length).unwrap_or_default().trim_end_matches('.');
    let mut parts = token.split('.').skip(1);
    let (body, signature) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let more = parts.count();
    let signed = more == 0 && body.len() >= 4 && signature.len() >= SIGNATURE_MIN;
    match (more, signature.is_empty()) {
        _ if signed || more == 2 => Ok((token.len(), true)),
        (0, true) if is_jwt_body(body) => Ok((token.len(), false)),
        _ => Err(length.max(3)),
    }
}

/// How far from an AWS access key id its secret is looked for, in bytes.
const AWS_SECRET_DISTANCE_MAX: usize = 200;

/// Gives each AWS access key id the secret that stands near: then the two are one find.
pub fn pair(text: &str, found: &mut [Secret]) {
    for id in found.iter_mut().filter(|find| find.id.is_some() && find.subtype == "aws_access_key_id") {
        let Some(range) = id.id.clone() else { continue };
        let behind = head(text.get(range.end..).unwrap_or_default(), AWS_SECRET_DISTANCE_MAX + 40);
        let before = tail(text.get(..range.start).unwrap_or_default(), AWS_SECRET_DISTANCE_MAX + 40);
        let place = aws_secret(behind)
            .map(|at| range.end + at)
            .or_else(|| aws_secret(before).map(|at| range.start - before.len() + at));
        if let Some(start) = place {
            *id = Secret { id: Some(range), ..secret("aws_secret_access_key", 0.98, start..start + 40) };
        }
    }
}

/// Where 40 characters of base64 stand that are as good as random.
fn aws_secret(near: &str) -> Option<usize> {
    const ENTROPY_MIN: f32 = 4.0;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let mut at = 0;
    for word in near.split(|c| !is_part(c)) {
        if word.len() == 40 && entropy_bits(word) > ENTROPY_MIN && look(word) == Look::Plausible {
            return Some(at);
        }
        at += word.len() + near.get(at + word.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        urls(text, &mut Budget::of(text), &mut found);
        found
            .into_iter()
            .filter(|secret| secret.kind == Kind::Secret)
            .map(|secret| text.get(secret.range).unwrap_or_default())
            .collect()
    }

    #[test]
    fn passwords_in_urls() {
        assert_eq!(passwords("postgres://app:f8Kd2mQx9z@db.internal:5432/main"), ["f8Kd2mQx9z"]);
        assert_eq!(passwords("amqp://u:x7!kQ2@a.test, redis://:s3cr3tV4lue@r.test"), ["x7!kQ2", "s3cr3tV4lue"]);
        for text in [
            "https://host.test:8080/a@b",
            "https://user@host.test/",
            "http://u:${PW}@h.test",
            "http://u:password@h.test",
            "https://a.test/?x=b:c@d",
            "mongodb://<user>:<password>@h.test",
        ] {
            assert!(passwords(text).is_empty(), "{text}");
        }
    }

    fn in_words(text: &str) -> Vec<(&'static str, Kind, &str)> {
        let mut found = Vec::new();
        let word = crate::credential::words::next_word(text.as_bytes(), 0).expect("a long word");
        in_word(text, word, &mut found);
        found.into_iter().map(|s| (s.subtype, s.kind, text.get(s.range).unwrap_or_default())).collect()
    }

    #[test]
    fn structure_tells_tokens_from_their_look_alikes() {
        let (time, signature) = ("GkT3xQ", "Zp4mVw9KtR2sYb7LcN8xJf5HdQ3");
        let bot = format!("ODE0Mzk3MjA1NTE2ODI3NDkz.{time}.{signature}");
        assert_eq!(in_words(&bot), [("discord_token", Kind::Secret, bot.as_str())]);
        let changed = format!("ODE0Mzk3MjA1NTE2ODI3NDkx0Q.{time}.{signature}");
        assert!(in_words(&changed).iter().all(|(_, kind, _)| *kind == Kind::MadeUp));
        assert!(in_words(&format!("M2FiY2RlZmdoaWprbG1ub3A.{time}.{signature}")).is_empty());
        let old = "48213907:kR7mZ2vQx9LtWb4NcY8sJf5HdGp3TqKe1Ua";
        assert_eq!(in_words(old), [("telegram_token", Kind::Secret, old)]);
        let device = "https://iot.test/api/v1/w8k2mz7qv4tx9rb3nc5f/telemetry";
        assert_eq!(in_words(device), [("thingsboard_token", Kind::Secret, "w8k2mz7qv4tx9rb3nc5f")]);
        let nas = "7-kR7mZ2vQx9LtWb4NcY8sJf5HdGp3TqKe1UaVz6Mw2Xr8Bt4Ny7Cj5Fh3Dg9Ps1Lq";
        assert_eq!(in_words(nas).first().map(|found| found.0), Some("truenas_key"));
    }

    #[test]
    fn a_web_token_without_its_signature_opens_nothing() {
        let head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let body = "eyJzdWIiOiI3NDIiLCJyb2xlIjoiYWRtaW4ifQ";
        let kinds = |text: &str| in_words(text).into_iter().map(|found| found.1).collect::<Vec<_>>();
        assert_eq!(kinds(&format!("{head}.{body}.Zp4mVw9KtR2sYb7LcN8xJf5HdQ3")), [Kind::Secret]);
        assert_eq!(kinds(&format!("{head}.{body}")), [Kind::MadeUp]);
        assert_eq!(kinds(&format!("{}.{body}.Zp4mVw9KtR2sYb7LcN8xJf5HdQ3", head.get(..35).unwrap_or_default())), []);
        assert_eq!(kinds(&format!("{head}.notanobject")), []);
    }

    #[test]
    fn a_secret_is_found_before_and_behind_its_id() {
        let value = "k9Qw2Zt7Lx4Vb1Nm8Rf5Hj3Ds6Gp0Yc/Ue+TaBiO";
        assert_eq!(aws_secret(&format!("secret: {value}, region")), Some(8));
        assert_eq!(aws_secret(&format!("é {value}")), Some(3));
        assert_eq!(aws_secret("3f786850e387550fdab836ed7e6dc881de23001b"), None);
    }
}
