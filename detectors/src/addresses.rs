//! URLs, host names and e-mail addresses as they stand in text: where they end and what they consist of.
//!
//! Bounded, and as strict as prose and code around them demand. Not here: whether one is dangerous
//! ([`crate::malicious_url`]) or links records ([`crate::text_entities`]).

use std::borrow::Cow;
use std::ops::Range;

use crate::bounds::{head, tail};

/// The longest URL that is looked at, in bytes.
const URL_BYTES_MAX: usize = 2048;
/// The longest host name, in bytes (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;
/// The longest local part of an e-mail address, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// A URL taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'t> {
    /// What stands before the first colon.
    pub scheme: &'t str,
    /// What stands before the `@`.
    pub userinfo: Option<&'t str>,
    /// The host, without the brackets of an IPv6 address.
    pub host: &'t str,
    /// The host as written, with brackets and port.
    pub host_and_port: &'t str,
    /// From the first slash on.
    pub path: &'t str,
    /// Behind the question mark.
    pub query: &'t str,
}

/// The URL that starts at a place, without the punctuation of the sentence around it.
pub fn url_at(raw: &str, start: usize) -> Option<&str> {
    let rest = raw.get(start..)?;
    let ends = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ')' | ']' | '|' | '\\')
    };
    let window = head(rest, URL_BYTES_MAX);
    let url = window.split(ends).next()?;
    let url = before_wide_sign(url).trim_end_matches(['.', ',', ';', ':', '!', '?', '*']);
    url.contains(':').then_some(url)
}

/// The part of a URL before the punctuation of Chinese or Japanese, which goes on without a blank. Its full stop in front
/// of a letter of ASCII is read as a dot by browsers (UTS 46), and stays.
fn before_wide_sign(url: &str) -> &str {
    let ends = |(at, c): (usize, char)| {
        let behind = url.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        match c {
            '。' | '．' | '｡' => !behind.is_some_and(|c| c.is_ascii_alphanumeric()),
            '，' | '、' | '；' | '！' | '？' | '：' | '）' | '」' | '』' | '】' | '》' | '”' => true,
            _ => false,
        }
    };
    if url.is_ascii() {
        return url;
    }
    let end = url.char_indices().find(|place| ends(*place)).map_or(url.len(), |(at, _)| at);
    url.get(..end).unwrap_or(url)
}

/// A host as browsers read it: the full stops of other scripts are dots (UTS 46, section 4).
pub fn dotted(host: &str) -> Cow<'_, str> {
    if host.is_ascii() { host.into() } else { host.replace(['。', '．', '｡'], ".").into() }
}

/// Takes a URL apart, as far as it goes.
pub fn parts(url: &str) -> Parts<'_> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let rest = rest.trim_start_matches('/');
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
    let (userinfo, host_and_port) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let host = match host_and_port.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host_and_port.split(':').next().unwrap_or(host_and_port),
    };
    let tail = tail.split('#').next().unwrap_or(tail);
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    Parts { scheme, userinfo, host, host_and_port, path, query }
}

/// Whether a URL leads to the web, also when it is written so that nobody clicks it.
pub fn is_web(parts: &Parts<'_>) -> bool {
    ["http", "https", "ftp", "hxxp", "hxxps"].iter().any(|scheme| parts.scheme.eq_ignore_ascii_case(scheme))
}

/// Whether a text can be a host name with a domain: labels of letters, digits and dashes, the last no number.
pub fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= HOST_BYTES_MAX
        && text.contains('.')
        && text.split('.').all(label)
        && last.len() >= 2
        && last.starts_with(char::is_alphabetic)
}

/// The e-mail address around the `@` at a place.
pub fn email_at(raw: &str, at: usize) -> Option<Range<usize>> {
    let in_local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b);
    let in_domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let local = tail(raw.get(..at)?, LOCAL_BYTES_MAX).bytes().rev().take_while(in_local).count();
    let rest = raw.get(at + 1..)?;
    let domain = rest.bytes().take(HOST_BYTES_MAX).take_while(in_domain).count();
    let domain = rest.get(..domain)?.trim_end_matches(['.', '-']);
    (local > 0 && domain.contains('.')).then(|| at - local..at + 1 + domain.len())
}

/// The endings of host names that are taken for such without a scheme. Few, since most others are also
/// file types or members in code: `main.py`, `logger.info`, `java.io`.
const BARE_ENDINGS: [&str; 8] = ["biz", "cn", "com", "icu", "net", "org", "ru", "xyz"];

/// The host names in a text that stand alone, without scheme, path or `@`, in lower case as people write them.
pub fn bare_hosts(raw: &str) -> impl Iterator<Item = Range<usize>> {
    let in_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let alone = move |range: &Range<usize>| {
        let before = raw.get(..range.start).and_then(|text| text.chars().next_back());
        let after = raw.get(range.end..).and_then(|text| text.chars().next());
        let host = raw.get(range.clone()).unwrap_or_default();
        // A letter is one of another script here, and the name in truth a longer one.
        !before.is_some_and(|c| matches!(c, '@' | '_' | '/' | '\\' | '$') || c.is_alphabetic())
            && !after.is_some_and(|c| matches!(c, '@' | '_' | '\\' | '(' | '=') || c.is_alphabetic())
            && !host.bytes().any(|b| b.is_ascii_uppercase())
            && host.rsplit('.').next().is_some_and(|ending| BARE_ENDINGS.contains(&ending))
            && is_host_name(host)
    };
    let runs = raw.split(move |c: char| !u8::try_from(c).is_ok_and(in_host)).filter(|run| run.contains('.'));
    let base = raw.as_ptr() as usize;
    runs.map(move |run| {
        let start = run.as_ptr() as usize - base;
        let host = run.trim_start_matches(['.', '-']);
        let start = start + run.len() - host.len();
        start..start + host.trim_end_matches(['.', '-']).len()
    })
    .filter(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        let url = url_at("see https://a:b@Shop.example:8443/x/y?q=1#top, then", 4).expect("a URL");
        let expected = Parts {
            scheme: "https",
            userinfo: Some("a:b"),
            host: "Shop.example",
            host_and_port: "Shop.example:8443",
            path: "/x/y",
            query: "q=1",
        };
        assert_eq!(parts(url), expected);
    }

    #[test]
    fn wide_punctuation_ends_a_url_and_wide_dots_do_not() {
        assert_eq!(url_at("https://a.example。然后", 0), Some("https://a.example"));
        assert_eq!(url_at("https://a.example/x，再", 0), Some("https://a.example/x"));
        let hidden = url_at("https://bank.example。evil.test/x", 0).expect("a URL");
        assert_eq!(dotted(parts(hidden).host), "bank.example.evil.test");
    }

    #[test]
    fn hosts_have_labels() {
        for host in ["a.example", "xn--mnchen-3ya.example", "münchen.example", "a-b.c.example"] {
            assert!(is_host_name(host), "{host}");
        }
        for text in ["example", ".example", "a..example", "-a.example", "1.2.3.4", "a b.example", "a.b", "a[.]example"]
        {
            assert!(!is_host_name(text), "{text}");
        }
    }

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        let text = "Ask bob.o@mail.example. Not @example.com or bob@localhost.";
        let found: Vec<_> = text.match_indices('@').filter_map(|(at, _)| email_at(text, at)).collect();
        assert_eq!(found.into_iter().filter_map(|range| text.get(range)).collect::<Vec<_>>(), ["bob.o@mail.example"]);
    }

    #[test]
    fn bare_hosts_are_no_files_members_or_mail_domains() {
        let hosts = |text: &'static str| bare_hosts(text).filter_map(|range| text.get(range)).collect::<Vec<_>>();
        assert_eq!(
            hosts("post it to drop.evil-cdn.com, c2.example.net/x and a.org:8080."),
            ["drop.evil-cdn.com", "c2.example.net", "a.org"]
        );
        for text in [
            "System.Net and ASP.NET",
            "main.py e.g. v1.2.com3",
            "bob@corp.com",
            "x/api.com",
            "f.com(1)",
            "my_a.com",
            "р.com",
            "рay.com",
        ] {
            assert_eq!(hosts(text), Vec::<&str>::new(), "{text}");
        }
    }
}
