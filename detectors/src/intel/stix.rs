//! STIX 2.1 indicators: bundles, lists and single objects.
//!
//! Of patterns the subset that lists values: single comparisons with `=` or `IN`, joined by `OR`, one observation or
//! several joined by `OR`. What needs two things at once (`AND`, `FOLLOWEDBY`) or a likeness (`LIKE`, `MATCHES`) names
//! no single value that is bad by itself: such patterns are counted. Revoked indicators are left out.

use schemas::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::format::{FeedError, Parsed};
use super::indicator::{Indicator, Observable};

#[derive(Deserialize)]
struct Object {
    pattern: String,
    #[serde(default)]
    pattern_type: Option<String>,
    #[serde(default)]
    valid_until: Option<String>,
    #[serde(default)]
    confidence: Option<u8>,
    #[serde(default)]
    revoked: bool,
}

/// The longest pattern in bytes.
const PATTERN_BYTES_MAX: usize = 64 << 10;

pub(super) fn parse(text: &str) -> Result<Parsed, FeedError> {
    let value: Value = serde_json::from_str(text)?;
    let one = std::slice::from_ref(&value);
    let objects = value.get("objects").unwrap_or(&value).as_array().map_or(one, Vec::as_slice);
    let typed = |object: &Value| object.get("type").is_some_and(Value::is_string);
    if !objects.is_empty() && !objects.iter().any(typed) {
        return Err(FeedError::Kind);
    }
    let mut parsed = Parsed::default();
    for object in objects.iter().filter(|object| object.get("type").and_then(Value::as_str) == Some("indicator")) {
        match Object::deserialize(object) {
            Ok(object) => indicator(&object, &mut parsed),
            Err(_) => parsed.skipped += 1,
        }
    }
    Ok(parsed)
}

fn indicator(object: &Object, parsed: &mut Parsed) {
    let stix = object.pattern_type.as_deref().is_none_or(|kind| kind == "stix");
    let values = if stix && object.pattern.len() <= PATTERN_BYTES_MAX { values(&object.pattern) } else { None };
    if object.revoked {
        return;
    }
    let valid_until = object.valid_until.as_deref().and_then(Timestamp::parse);
    match values {
        Some(values) if !values.is_empty() => {
            for observable in values {
                parsed.take(Some(Indicator { observable, confidence: object.confidence, valid_until }));
            }
        }
        _ => parsed.skipped += 1,
    }
}

/// One word of a pattern.
#[derive(Debug, PartialEq)]
enum Token {
    Path(String),
    Text(String),
    Sign(char),
}

/// The values that a pattern lists; `None` where it asks for more than one value at a time.
fn values(pattern: &str) -> Option<Vec<Observable>> {
    let tokens = tokens(pattern)?;
    let mut found = Vec::new();
    let mut rest = tokens.iter().filter(|token| !matches!(token, Token::Sign('[' | ']' | '(' | ')' | ',')));
    loop {
        let Token::Path(path) = rest.next()? else { return None };
        let mut next = rest.next()?;
        let list = matches!(next, Token::Path(word) if word.eq_ignore_ascii_case("IN"));
        if !list && *next != Token::Sign('=') {
            return None;
        }
        next = rest.next()?;
        loop {
            let Token::Text(value) = next else { return None };
            found.extend(observable(path, value));
            match rest.next() {
                None => return Some(found),
                Some(Token::Path(word)) if word.eq_ignore_ascii_case("OR") => break,
                Some(token) if list => next = token,
                Some(_) => return None,
            }
        }
    }
}

/// What a comparison of an object's path with a value means.
fn observable(path: &str, value: &str) -> Option<Observable> {
    let path = path.to_ascii_lowercase();
    match path.as_str() {
        "ipv4-addr:value" | "ipv6-addr:value" => Observable::network(value),
        "domain-name:value" => Observable::domain(value),
        "url:value" => Observable::url(value),
        "email-addr:value" | "email-message:from_ref.value" => Observable::email(value),
        _ if path.starts_with("file:hashes") => Observable::hash(value),
        _ if path.contains("request_header.'user-agent'") || path.contains("request_header.user-agent") => {
            Observable::user_agent(value)
        }
        _ => None,
    }
}

/// The words of a pattern; `None` where a text has no end or a character no place.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' => tokens.push(Token::Text(text(&mut chars)?)),
            '[' | ']' | '(' | ')' | ',' | '=' => tokens.push(Token::Sign(c)),
            c if c.is_alphanumeric() => {
                let mut word = String::from(c);
                // A key in quotes is part of the path: `file:hashes.'SHA-256'`.
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || "-_:.*'".contains(*c)) {
                    word.push(c);
                }
                tokens.push(Token::Path(word));
            }
            _ => return None,
        }
    }
    Some(tokens)
}

/// The rest of a text in quotes, with `\'` and `\\` undone.
fn text(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_list_values_are_read() {
        let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (pattern, expected) in [
            ("[ipv4-addr:value = '198.51.100.0/24']".to_owned(), vec![Observable::network("198.51.100.0/24")]),
            (
                "[domain-name:value = 'evil.example' OR url:value = 'http://evil.example/it\\'s']".to_owned(),
                vec![Observable::domain("evil.example"), Observable::url("http://evil.example/it's")],
            ),
            (
                "([ipv4-addr:value IN ('198.51.100.1','198.51.100.2')]) OR [domain-name:value='b.example']".to_owned(),
                vec![
                    Observable::network("198.51.100.1"),
                    Observable::network("198.51.100.2"),
                    Observable::domain("b.example"),
                ],
            ),
            (format!("[file:hashes.'SHA-256' = '{sha}']"), vec![Observable::hash(sha)]),
            (
                "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'EvilBot/1.0']"
                    .to_owned(),
                vec![Observable::user_agent("evilbot/1.0")],
            ),
        ] {
            let found: Option<Vec<_>> = values(&pattern).map(|found| found.into_iter().map(Some).collect());
            assert_eq!(found, Some(expected), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_ask_for_more_are_none() {
        for pattern in [
            "",
            "[",
            "[ipv4-addr:value = '198.51.100.1' AND domain-name:value = 'a.example']",
            "[ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY [domain-name:value = 'a.example']",
            "[domain-name:value LIKE '%.example']",
            "[ipv4-addr:value != '198.51.100.1']",
            "[ipv4-addr:value = '198.51.100.1",
            "[ipv4-addr:value = 198]",
            "[domain-name:value NOT = 'a.example']",
        ] {
            assert_eq!(values(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn bundles_are_read_with_expiry_and_without_what_is_revoked() {
        let text = r#"{"type":"bundle","objects":[
            {"type":"identity"},
            {"type":"indicator","pattern":"[domain-name:value = 'a.example']","pattern_type":"stix","valid_until":"2026-05-01T00:00:00Z","confidence":40},
            {"type":"indicator","pattern":"[domain-name:value = 'b.example']","revoked":true},
            {"type":"indicator","pattern":"rule x {}","pattern_type":"yara"},
            {"type":"indicator"}]}"#;
        let parsed = parse(text).expect("STIX");
        let [indicator] = parsed.indicators.as_slice() else { panic!("{:?}", parsed.indicators) };
        assert_eq!(indicator.valid_until, Timestamp::parse("2026-05-01T00:00:00Z"));
        assert_eq!((indicator.confidence, parsed.skipped), (Some(40), 2));
    }
}
