//! Hosts that read like somebody else's name.
//!
//! By shape: letters of other scripts, also in punycode, and then one letter of them may be another; digits and pairs of
//! letters that look like one (`0` for `o`, `rn` for `m`). By claim: the name with a word such as "login", hyphenated. By
//! slip: one letter more, less, other or in another place, which covers the names that a flipped bit makes of a name in
//! memory. Against a short list of brands that phishing imitates, and the operator's own domains.
//!
//! Not here: what else is odd about a URL ([`crate::malicious_url`]).

use crate::fold::fold;
use crate::punycode::decoded;
use crate::site::site;

/// Brands that phishing imitates, and the domains that are theirs.
const BRANDS: [(&str, &[&str]); 14] = [
    ("microsoft", &["microsoft.com", "microsoftonline.com"]),
    ("microsoftonline", &["microsoftonline.com"]),
    ("office365", &["office365.com"]),
    ("google", &["google.com", "withgoogle.com"]),
    ("apple", &["apple.com"]),
    ("icloud", &["icloud.com"]),
    ("paypal", &["paypal.com"]),
    ("amazon", &["amazon.com"]),
    ("github", &["github.com"]),
    ("facebook", &["facebook.com"]),
    ("okta", &["okta.com"]),
    ("openai", &["openai.com"]),
    ("netflix", &["netflix.com"]),
    ("dropbox", &["dropbox.com"]),
];
/// The shortest name of which a slip is told from another word.
const SLIP_CHARS_MIN: usize = 6;
/// The longest label that is compared (RFC 1035).
const LABEL_CHARS_MAX: usize = 63;

/// The names that are protected: the brands and an operator's own.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a [String]);

impl Names<'_> {
    /// Whether `label` is a protected name.
    fn has(self, label: &str) -> bool {
        self.all().any(|name| name == label)
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        BRANDS.iter().map(|(brand, _)| *brand).chain(self.0.iter().map(|domain| name_of(domain)))
    }

    fn domains(&self) -> impl Iterator<Item = &str> {
        BRANDS.iter().flat_map(|(_, owns)| owns.iter().copied()).chain(self.0.iter().map(String::as_str))
    }
}

/// The first label of a domain: what people know it by.
fn name_of(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// How surely `host` imitates one of `names`, by subtype and weight.
pub fn imitation(host: &str, names: Names<'_>) -> Option<(&'static str, f32)> {
    let host = host.to_lowercase();
    if names.domains().any(|own| host == own || host.strip_suffix(own).is_some_and(|sub| sub.ends_with('.'))) {
        return None;
    }
    by_shape(&host, names).or_else(|| by_slip(&host, names)).or_else(|| by_claim(&host, names))
}

/// Words that phishing puts beside a name in a domain: `brand-verify.example`.
const CLAIMS: [&str; 20] = [
    "account",
    "alert",
    "auth",
    "billing",
    "check",
    "confirm",
    "helpdesk",
    "invoice",
    "login",
    "logon",
    "password",
    "recovery",
    "secure",
    "security",
    "signin",
    "sso",
    "unlock",
    "update",
    "verification",
    "verify",
];

/// A name and such a word, hyphenated, in a domain that is not the name's.
fn by_claim(host: &str, names: Names<'_>) -> Option<(&'static str, f32)> {
    let (label, _) = site(host).split_once('.').filter(|(label, _)| label.contains('-'))?;
    let parts = || label.split('-');
    (parts().any(|part| names.has(part)) && parts().any(|part| CLAIMS.contains(&part)))
        .then_some(("lookalike_host", 0.65))
}

/// A name whose letters only look like another's, in Unicode, in punycode or with digits for letters.
fn by_shape(host: &str, names: Names<'_>) -> Option<(&'static str, f32)> {
    // What an ordinary host lacks altogether needs no closer look.
    let plain = host.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'-'));
    if plain && !["rn", "vv", "xn--"].iter().any(|sign| host.contains(sign)) {
        return None;
    }
    let read: Vec<String> = host.split('.').map(|label| decoded(label).unwrap_or_else(|| label.to_owned())).collect();
    let imitates = |spelling: &dyn Fn(&str) -> String| {
        read.iter().flat_map(|label| label.split('-')).any(|label| {
            let read = spelling(label);
            read != label && names.has(&read)
        })
    };
    let digits = |label: &str| label.chars().map(|c| digit_as_letter(c).unwrap_or(c)).collect();
    let pairs = |label: &str| label.replace("rn", "m").replace("vv", "w");
    if imitates(&|label| fold(label).text) {
        return Some(("lookalike_host", 0.9));
    }
    if imitates(&digits) || imitates(&pairs) {
        return Some(("lookalike_host", 0.75));
    }
    // Chrome's warnings compare what names look like too, and let one letter differ.
    if plain_names(host).any(|drawn| names.all().any(|name| is_slip(&drawn, name))) {
        return Some(("lookalike_host", 0.65));
    }
    let mixed = read.iter().any(|label| {
        label.bytes().any(|b| b.is_ascii_alphabetic()) && label.chars().any(|c| c.is_alphabetic() && !is_latin(c))
    });
    // Punycode is how honest names in other scripts travel, so alone it weighs little; what is no punycode behind its
    // mark was never registered so.
    let mut punycode = host.split('.').filter(|label| label.starts_with("xn--")).peekable();
    match (mixed, punycode.peek().is_some(), punycode.any(|label| decoded(label).is_none())) {
        (true, ..) | (.., true) => Some(("lookalike_host", 0.5)),
        (_, true, _) => Some(("lookalike_host", 0.35)),
        _ => None,
    }
}

/// The plain names that labels of `host` are drawn like, where these are written in other letters.
pub fn plain_names(host: &str) -> impl Iterator<Item = String> {
    host.split('.').filter_map(|label| {
        let read = decoded(label).or_else(|| (!label.is_ascii()).then(|| label.to_owned()))?;
        Some(fold(&read).text).filter(|plain| {
            plain.len() >= SLIP_CHARS_MIN && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    })
}

/// Latin letters with and without marks stand beside each other in honest names.
fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

fn digit_as_letter(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' => 'l',
        '3' => 'e',
        '5' => 's',
        _ => return None,
    })
}

/// A registrable name one slip away from another.
fn by_slip(host: &str, names: Names<'_>) -> Option<(&'static str, f32)> {
    let (label, _) = site(host).split_once('.')?;
    names.all().any(|name| is_slip(label, name)).then_some(("typosquat", 0.55))
}

/// Whether `written` is one slip away from a name that is long enough to tell.
fn is_slip(written: &str, name: &str) -> bool {
    one_slip(written, name) && name.chars().count() >= SLIP_CHARS_MIN
}

/// Whether one insertion, deletion, substitution or swap of neighbours makes `written` of `name`
/// (Damerau and Levenshtein's distance 1).
fn one_slip(written: &str, name: &str) -> bool {
    // Most are told apart by their lengths: no character has more than four bytes, and none of ASCII more than one.
    let one_char = if written.is_ascii() && name.is_ascii() { 1 } else { char::MAX.len_utf8() };
    if written.len().abs_diff(name.len()) > one_char || written.len() > LABEL_CHARS_MAX * 4 {
        return false;
    }
    let (a, b) = (written.chars().count(), name.chars().count());
    let same = written.chars().zip(name.chars()).take_while(|(x, y)| x == y).count();
    let alike = written.chars().rev().zip(name.chars().rev()).take_while(|(x, y)| x == y).count();
    let swapped = || {
        let pair = |text: &str| text.chars().nth(same).zip(text.chars().nth(same + 1));
        matches!((pair(written), pair(name)), (Some((p, q)), Some((r, s))) if p == s && q == r)
    };
    match a.abs_diff(b) {
        0 => same < a && (same + alike + 1 >= a || same + alike + 2 == a && swapped()),
        1 => same + alike >= a.min(b),
        _ => false,
    }
}

/// `microsoft.com.account-verify.example`: the name stands where it does not decide.
pub fn in_subdomain(host: &str, names: Names<'_>) -> bool {
    // A protected domain and a foreign one have two labels each.
    if host.split('.').count() < 4 {
        return false;
    }
    let host = host.to_ascii_lowercase();
    let foreign = |own: &str| {
        host.split_once(own).is_some_and(|(before, after)| {
            let apart = before.is_empty() || before.ends_with(['.', '-']);
            apart && after.starts_with('.') && after.split('.').filter(|label| !label.is_empty()).count() >= 2
        })
    };
    names.domains().any(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitations_are_seen_by_shape_and_by_slip() {
        let own = ["contoso.example".to_owned()];
        for (host, subtype) in [
            ("xn--pple-43d.com", "lookalike_host"),
            ("раypal.com", "lookalike_host"),
            ("login.paypa1.example", "lookalike_host"),
            ("rnicrosoft.com", "lookalike_host"),
            ("xn--cntoso-3ya.files.test", "lookalike_host"),
            ("cüntoso.test", "lookalike_host"),
            ("paypal-security-check.com", "lookalike_host"),
            ("login.contoso-verify.test", "lookalike_host"),
            ("c0ntoso.example", "lookalike_host"),
            ("gooogle.com", "typosquat"),
            ("micosoft.com", "typosquat"),
            ("githbu.com", "typosquat"),
            ("mhcrosoft.com", "typosquat"),
            ("www.micosoft.co.uk", "typosquat"),
            ("login.contosso.example", "typosquat"),
        ] {
            assert_eq!(imitation(host, Names(&own)).map(|(subtype, _)| subtype), Some(subtype), "{host}");
        }
    }

    #[test]
    fn names_themselves_and_other_words_are_none() {
        let own = ["contoso.example".to_owned()];
        for host in [
            "login.microsoft.com",
            "contoso.example",
            "hr.contoso.example",
            "gitlab.com",
            "google-analytics.com",
            "security-check.test",
            "apples.com",
            "okra.com",
            "learn.example",
            "",
            ".",
            "modern.example",
        ] {
            assert_eq!(imitation(host, Names(&own)), None, "{host}");
        }
        let honest = imitation("xn--mnchen-3ya.example", Names(&[]));
        assert!(honest.is_none_or(|(_, weight)| weight < 0.5));
    }

    #[test]
    fn one_slip_is_one() {
        for (written, name, slip) in [
            ("abcdef", "abcdef", false),
            ("abdef", "abcdef", true),
            ("abccdef", "abcdef", true),
            ("abxdef", "abcdef", true),
            ("abdcef", "abcdef", true),
            ("bacdfe", "abcdef", false),
            ("abcd", "abcdef", false),
            ("", "a", true),
            ("aa", "aaa", true),
            ("aab", "aba", true),
            ("äbcdef", "abcdef", true),
        ] {
            assert_eq!(one_slip(written, name), slip, "{written}");
        }
    }
}
