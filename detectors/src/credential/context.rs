//! The neighbourhood of a value: whether a name says that it is secret, and which service issued it.
//!
//! Names are read as people write them: `API_KEY`, `apiKey`, `api-key` and "api key" are one word. The word
//! that says "secret" must end the name, save for what numbers or stages it (`password2`, `token_prod`):
//! a `token_type` or `key_length` is none. One automaton knows all words and services; it is run only over
//! bounded windows around places that may hold a value.
//!
//! Not here: what a value must look like to count without a service ([`crate::credential::assigned`]).

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::format::Alphabet;
use super::services::{OTHERS, OTHERS_LENGTH, SERVICES, Service};
use super::verify::{Look, look};
use super::words::MADE_UP_SCORE;
use super::{Kind, Secret};

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It may be secret: a key, an access.
    Weak,
    /// It is a secret for machines.
    Token,
    /// It is a secret for people.
    Password,
}

/// The words, lower case and without separators; `true` where the word must begin its part of the name.
const WORDS: [(&str, Word, bool); 63] = [
    ("accesskey", Word::Token, false),
    ("accesstoken", Word::Token, false),
    ("apikey", Word::Token, false),
    ("apisecret", Word::Token, false),
    ("apitoken", Word::Token, false),
    ("authkey", Word::Token, false),
    ("authtoken", Word::Token, false),
    ("bearer", Word::Token, true),
    ("clientsecret", Word::Token, false),
    ("connectionstring", Word::Token, false),
    ("consumerkey", Word::Token, false),
    ("credential", Word::Token, true),
    ("credentials", Word::Token, true),
    ("encryptionkey", Word::Token, false),
    ("licensekey", Word::Token, false),
    ("masterkey", Word::Token, false),
    ("privatekey", Word::Token, false),
    ("presharedkey", Word::Token, false),
    ("secret", Word::Token, false),
    ("secretkey", Word::Token, false),
    ("secretaccesskey", Word::Token, false),
    ("sessionkey", Word::Token, false),
    ("signingkey", Word::Token, false),
    ("sshkey", Word::Token, false),
    ("subscriptionkey", Word::Token, false),
    ("token", Word::Token, false),
    ("unsealkey", Word::Token, false),
    ("webhooksecret", Word::Token, false),
    ("pat", Word::Token, true),
    ("jelszo", Word::Password, true),
    ("contrasena", Word::Password, false),
    ("geslo", Word::Password, true),
    ("haslo", Word::Password, true),
    ("heslo", Word::Password, true),
    ("kennwort", Word::Password, false),
    ("lozinka", Word::Password, true),
    ("losenord", Word::Password, true),
    ("motdepasse", Word::Password, false),
    ("parola", Word::Password, true),
    ("passcode", Word::Password, true),
    ("passphrase", Word::Password, false),
    ("passwd", Word::Password, false),
    ("password", Word::Password, false),
    ("passwort", Word::Password, false),
    ("passw", Word::Password, true),
    ("pass", Word::Password, true),
    ("pwd", Word::Password, true),
    ("pswd", Word::Password, true),
    ("senha", Word::Password, true),
    ("sifre", Word::Password, true),
    ("wachtwoord", Word::Password, false),
    ("access", Word::Weak, true),
    ("apicode", Word::Weak, true),
    ("auth", Word::Weak, true),
    ("authorization", Word::Token, true),
    ("cred", Word::Token, true),
    ("creds", Word::Token, true),
    ("key", Word::Weak, true),
    ("keys", Word::Weak, true),
    ("private", Word::Weak, true),
    ("salt", Word::Weak, true),
    ("sig", Word::Weak, true),
    ("signature", Word::Weak, true),
];

/// What may stand behind the word in its name, without separators.
const TAILS: [&str; 34] = [
    "value",
    "string",
    "str",
    "data",
    "text",
    "raw",
    "base64",
    "b64",
    "plain",
    "plaintext",
    "prod",
    "production",
    "dev",
    "test",
    "staging",
    "live",
    "default",
    "new",
    "old",
    "current",
    "env",
    "var",
    "primary",
    "secondary",
    "hash",
    "field",
    "main",
    "backup",
    "root",
    "admin",
    "s",
    "header",
    "sid",
    "param",
];

/// Parts of names whose keys and tokens are no secrets.
const HARMLESS: [&str; 41] = [
    "public",
    "pub",
    "foreign",
    "partition",
    "sort",
    "idempotency",
    "csrf",
    "xsrf",
    "bucket",
    "schema",
    "sequence",
    "cache",
    "kms",
    "page",
    "next",
    "continuation",
    "sync",
    "cancel",
    "max",
    "min",
    "num",
    "count",
    "total",
    "site",
    "anon",
    "publishable",
    "object",
    "row",
    "map",
    "group",
    "incident",
    "index",
    "lookup",
    "registry",
    "unique",
    "composite",
    "routing",
    "shard",
    "translation",
    "locale",
    "message",
];

/// The automaton of all words and services, and what each pattern is.
struct Names {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

#[derive(Clone, Copy)]
enum Meaning {
    Word(Word, bool),
    Service(Entries),
}

/// Which entries of [`SERVICES`] have a name; empty for those of [`OTHERS`].
#[derive(Clone, Copy)]
struct Entries {
    first: u16,
    count: u16,
}

static NAMES: LazyLock<Option<Names>> = LazyLock::new(|| {
    let mut patterns: Vec<(String, Meaning)> =
        WORDS.iter().map(|(word, meaning, start)| ((*word).to_owned(), Meaning::Word(*meaning, *start))).collect();
    let mut at = 0;
    while let Some(service) = SERVICES.get(at) {
        let count = SERVICES.iter().skip(at).take_while(|other| other.name == service.name).count();
        let range = Entries { first: at as u16, count: count as u16 };
        patterns.push((service.name.replace(' ', ""), Meaning::Service(range)));
        at += count;
    }
    let none = Meaning::Service(Entries { first: 0, count: 0 });
    patterns.extend(OTHERS.iter().map(|name| (name.replace(' ', ""), none)));
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(patterns.iter().map(|(name, _)| name))
        .ok()?;
    Some(Names { automaton, meanings: patterns.into_iter().map(|(_, meaning)| meaning).collect() })
});

/// How much text before a value is searched for names, in bytes.
const WINDOW_BYTES: usize = 96;

/// A window without separators and in lower case, with the way back.
struct Window {
    letters: [u8; WINDOW_BYTES],
    places: [u8; WINDOW_BYTES],
    length: usize,
    base: usize,
}

impl Window {
    fn new(bytes: &[u8], range: Range<usize>) -> Self {
        let base = range.start.max(range.end.saturating_sub(WINDOW_BYTES));
        let mut window = Self { letters: [0; WINDOW_BYTES], places: [0; WINDOW_BYTES], length: 0, base };
        for (at, b) in (0..).zip(bytes.get(base..range.end).unwrap_or_default()) {
            if matches!(b, b'_' | b'-' | b'.' | b' ') {
                continue;
            }
            if let (Some(letter), Some(place)) =
                (window.letters.get_mut(window.length), window.places.get_mut(window.length))
            {
                (*letter, *place) = (b.to_ascii_lowercase(), at);
            }
            window.length += 1;
        }
        window
    }

    fn letters(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }

    /// The byte of the text at which letter `at` stands.
    fn place(&self, at: usize) -> usize {
        self.base + usize::from(self.places.get(at).copied().unwrap_or_default())
    }
}

/// A name in a window, in bytes of the text.
struct Named {
    start: usize,
    end: usize,
    meaning: Meaning,
}

/// The names before `until`, from `from` on, in order.
fn names(bytes: &[u8], from: usize, until: usize, mut each: impl FnMut(Named)) {
    let Some(names) = NAMES.as_ref() else { return };
    let window = Window::new(bytes, from..until);
    for found in names.automaton.find_iter(window.letters()) {
        let (start, end) = (window.place(found.start()), window.place(found.end() - 1) + 1);
        let Some(meaning) = names.meanings.get(found.pattern().as_usize()).copied() else { continue };
        let short = match meaning {
            Meaning::Word(_, must) => must,
            Meaning::Service(_) => found.len() < 7,
        };
        if !short || begins(bytes, start) {
            each(Named { start, end, meaning });
        }
    }
}

/// Whether a part of a name begins at `at`: behind no letter, or as a capital behind a small one.
fn begins(bytes: &[u8], at: usize) -> bool {
    let (before, this) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at));
    // A letter behind a hyphen is an option: `-Dname=value`.
    if at.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'-') {
        return true;
    }
    match (before, this) {
        (Some(before), Some(this)) => {
            !before.is_ascii_alphabetic() || before.is_ascii_lowercase() && this.is_ascii_uppercase()
        }
        _ => true,
    }
}

/// What the name `name` says about its value; `None` where it says nothing or that it is no secret.
pub fn name_word(bytes: &[u8], name: Range<usize>) -> Option<Word> {
    let mut last: Option<(Word, Range<usize>)> = None;
    names(bytes, name.start, name.end, |named| {
        if let Meaning::Word(word, _) = named.meaning {
            let stronger = last.as_ref().is_none_or(|(other, _)| word >= *other || word != Word::Weak);
            if stronger {
                last = Some((word, named.start..named.end));
            }
        }
    });
    let (word, place) = last?;
    let tail = place.end..name.end;
    (tail_is_harmless(bytes, tail) && !harmless(bytes, name.start..place.start)).then_some(word)
}

/// Whether what follows the word only numbers or stages it.
fn tail_is_harmless(bytes: &[u8], tail: Range<usize>) -> bool {
    let tail = bytes.get(tail).unwrap_or_default();
    let mut parts = tail.split(|b| matches!(b, b'_' | b'-' | b'.' | b' ')).filter(|part| !part.is_empty());
    parts.all(|part| {
        part.iter().all(u8::is_ascii_digit) || TAILS.iter().any(|known| part.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// Whether the part of a name before the word says that it is no secret.
fn harmless(bytes: &[u8], before: Range<usize>) -> bool {
    let part = bytes.get(before.start.max(before.end.saturating_sub(16))..before.end).unwrap_or_default();
    let end = part.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
    let part = part.get(..end).unwrap_or_default();
    HARMLESS.iter().any(|word| {
        part.len() >= word.len()
            && part.get(part.len() - word.len()..).is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// How far behind a service or a word its value may start, in bytes.
const DISTANCE_MAX: usize = 48;

/// The value at the end of `word` when a service that issues such values stands before it.
pub fn beside(text: &str, word: Range<usize>) -> Option<Secret> {
    let bytes = text.as_bytes();
    let body = bytes.get(word.clone())?;
    let end = word.end - body.iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!' | b'?' | b'*')).count();
    // A name needs a letter, a value a digit, and the first of the two stands before the second.
    let body = bytes.get(word.start..end)?;
    if !body.iter().any(u8::is_ascii_digit) {
        return None;
    }
    // An address without a query carries no key.
    if memchr::memmem::find(body.get(..body.len().min(12))?, b"://").is_some() && memchr::memchr(b'=', body).is_none() {
        return None;
    }
    let mut services = [(0_usize, 0_usize, Entries { first: 0, count: 0 }); 4];
    let mut words = [(0_usize, 0_usize); 8];
    let (mut service_count, mut word_count) = (0, 0);
    let from = word.start.saturating_sub(DISTANCE_MAX + 24);
    names(bytes, from, end.min(word.start + 48), |named| match named.meaning {
        Meaning::Service(range) => {
            if let Some(slot) = services.get_mut(service_count % 4) {
                *slot = (named.start, named.end, range);
            }
            service_count += 1;
        }
        Meaning::Word(..) => {
            if let Some(slot) = words.get_mut(word_count % 8) {
                *slot = (named.start, named.end);
            }
            word_count += 1;
        }
    });
    let words = words.get(..word_count.min(8)).unwrap_or_default();
    for (start, name_end, range) in services.iter().take(service_count.min(4)).rev().copied() {
        let shapes = usize::from(range.first)..usize::from(range.first + range.count);
        let shapes = SERVICES.get(shapes).unwrap_or_default();
        let own = shapes.iter().find_map(|shape| Some((shape.subtype, tail(bytes, &word, end, shape)?)));
        let word_end = words.iter().filter(|(_, end)| *end > start).map(|(_, end)| *end).max();
        // A shape that takes the name in too is none of the value.
        let value = own.filter(|(_, start)| *start >= name_end).or_else(|| {
            let named = word_end.unwrap_or(name_end).max(name_end);
            Some(("service_key", any_tail(bytes, &word, end, named)?))
        });
        let Some((subtype, value_start)) = value else { continue };
        if value_start < name_end || value_start - name_end > DISTANCE_MAX {
            continue;
        }
        let near = words.iter().filter(|(_, end)| *end > start && *end <= value_start).map(|(_, end)| *end).max();
        let linked = match near {
            Some(word_end) => only_links(bytes, word_end..value_start) && tail_allows(bytes, word_end, value_start),
            None => assigns(bytes, name_end..value_start, subtype != "service_key", end - value_start),
        };
        if linked {
            return judged(text, subtype, value_start..end);
        }
    }
    None
}

/// The start of the last part of a word that has a service's shape.
fn tail(bytes: &[u8], word: &Range<usize>, end: usize, service: &Service) -> Option<usize> {
    let within = bytes.get(word.start..end)?;
    let length = within.iter().rev().take_while(|b| service.alphabet.has(**b)).count();
    let (min, max) = (usize::from(service.length.0), usize::from(service.length.1));
    // What the alphabet lacks may still be a letter: then the run is the end of something longer.
    let apart = |length: usize| {
        let before = end.checked_sub(length + 1).and_then(|at| bytes.get(at));
        before.is_none_or(|b| !b.is_ascii_alphanumeric())
    };
    if (min..=max).contains(&length) {
        return apart(length).then_some(end - length);
    }
    // The name may be glued to the value by a sign that the alphabet has: "key-3f78...".
    (length > max && min == max && apart(max)).then(|| end - max)
}

/// The start of what stands behind the last sign that assigns and behind the names, `named`.
fn any_tail(bytes: &[u8], word: &Range<usize>, end: usize, named: usize) -> Option<usize> {
    let within = bytes.get(word.start..end)?;
    let length = within.iter().rev().take_while(|b| Alphabet::Wide.has(**b)).count();
    let padding = within.iter().rev().take_while(|b| **b == b'=').count();
    let sign = within.get(..within.len() - padding)?.iter().rposition(|b| matches!(b, b'=' | b':'));
    let start = (end - length).max(word.start + sign.map_or(0, |at| at + 1));
    let start = if named > start && named < end { named } else { start };
    let gap = bytes.get(start..end)?.iter().take_while(|b| matches!(b, b'-' | b'_' | b'.' | b'=')).count();
    let start = start + gap;
    (usize::from(OTHERS_LENGTH.0)..=usize::from(OTHERS_LENGTH.1)).contains(&(end - start)).then_some(start)
}

/// Whether between a word and a value stands nothing but what links them.
fn only_links(bytes: &[u8], between: Range<usize>) -> bool {
    let between = bytes.get(between).unwrap_or_default();
    let (mut letters, mut signs, mut breaks) = (0, 0, 0);
    for (at, b) in between.iter().enumerate() {
        match b {
            b'=' | b':' if between.get(at + 1) == Some(&b'/') => return false,
            b'=' | b':' => signs += 1,
            b'\n' => breaks += 1,
            b'/' | b'#' | b'@' | b'%' => return false,
            _ if b.is_ascii_alphanumeric() => letters += 1,
            _ => {}
        }
    }
    breaks <= 1 && letters <= if signs > 0 { 16 } else { 8 }
}

/// Whether the rest of the name that holds the word leaves it what it says.
fn tail_allows(bytes: &[u8], word_end: usize, value_start: usize) -> bool {
    let rest = bytes.get(word_end..value_start).unwrap_or_default();
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    length < 3 && !rest.get(..length).is_some_and(|tail| tail.eq_ignore_ascii_case(b"id"))
        || length == rest.len()
        || tail_is_harmless(bytes, word_end..word_end + length)
}

/// Parts of names that say what a service's value is, when it is no secret.
const NO_SECRETS: [&str; 22] = [
    "id", "url", "uri", "host", "name", "account", "project", "domain", "version", "hash", "commit", "sha", "user",
    "username", "org", "team", "env", "region", "path", "file", "endpoint", "ref",
];

/// Whether the text between a service and a value assigns the one to the other: a sign and, where the value has
/// the service's `own` shape, a few letters of a name; or nothing but a blank before a long value.
fn assigns(bytes: &[u8], between: Range<usize>, own: bool, value_length: usize) -> bool {
    const ADJACENT_MIN: usize = 24;
    const LETTERS_MAX: usize = 12;
    let between = bytes.get(between).unwrap_or_default();
    if between.len() <= 3 && between.iter().all(|b| matches!(b, b' ' | b'"' | b'\'' | b'-')) {
        return !between.is_empty() && value_length >= ADJACENT_MIN;
    }
    let name_end = between.iter().position(|b| matches!(b, b'=' | b':' | b' ' | b'"' | b'\'')).unwrap_or(between.len());
    let (name, link) = between.split_at_checked(name_end).unwrap_or((between, &[]));
    let signs = link.iter().filter(|b| matches!(b, b'=' | b':' | b',')).count();
    let only = link.iter().all(|b| matches!(b, b'=' | b':' | b' ' | b'"' | b'\'' | b'>' | b',' | b'('));
    let letters = name.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let parts = name.split(|b| !b.is_ascii_alphanumeric());
    let harmless = parts.clone().any(|part| {
        NO_SECRETS.iter().any(|known| {
            let tail = part.len().checked_sub(known.len()).and_then(|at| part.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(known.as_bytes()))
        })
    });
    signs > 0 && only && !harmless && letters <= if own { LETTERS_MAX } else { 0 }
}

/// A service's value, by its looks.
fn judged(text: &str, subtype: &'static str, range: Range<usize>) -> Option<Secret> {
    let value = text.get(range.clone())?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let named = subtype != "service_key";
    let letters = digits < value.len() || subtype == "cloudinary_key";
    let path = value.contains("//") || value.starts_with(['/', '.']) || value.matches(['/', '.']).count() > 3;
    match look(value) {
        Look::Placeholder => None,
        Look::Sequence => Some(Secret { subtype, score: MADE_UP_SCORE, range, id: None, kind: Kind::MadeUp }),
        Look::Plausible if named || letters && !path => {
            Some(Secret { subtype, score: if named { 0.8 } else { 0.65 }, range, id: None, kind: Kind::Secret })
        }
        Look::Plausible => None,
    }
}

/// Whether the byte is part of a name.
pub fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(name: &str) -> Option<Word> {
        name_word(name.as_bytes(), 0..name.len())
    }

    #[test]
    fn names_are_read_in_every_style() {
        for name in
            ["API_KEY", "apiKey", "api-key", "x-api-key", "my api key", "OPENAI_API_KEY", "token2", "authTokenProd"]
        {
            assert_eq!(word(name), Some(Word::Token), "{name}");
        }
        for name in ["password", "DB_PASS", "dbPassword", "spring.datasource.password", "userPwd"] {
            assert_eq!(word(name), Some(Word::Password), "{name}");
        }
        for name in [
            "token_type",
            "keyLength",
            "monkey",
            "public_key",
            "bypass",
            "csrf-token",
            "passwordField2Id",
            "max_tokens_per_run",
        ] {
            assert_eq!(word(name), None, "{name}");
        }
    }

    #[test]
    fn services_are_those_beside_the_value() {
        let find = |text: &str| {
            let word = crate::credential::words::next_word(text.as_bytes(), 0)?;
            beside(text, word).map(|secret| (secret.subtype, text.get(secret.range).unwrap_or_default().to_owned()))
        };
        let value = "9f3c1e7ab05d48e2a6c4f8b1d2e7903a";
        for text in ["ipstack access key {}", "IPSTACK_KEY={}", "ipstack: {}", "ipstack_token = '{}'"] {
            let text = text.replace("{}", value);
            assert_eq!(find(&text), Some(("ipstack_key", value.to_owned())), "{text}");
        }
        assert_eq!(find(&format!("see ipstack.com/docs/{value}")), None);
        assert_eq!(find(&format!("circuits {value}")), None);
    }

    #[test]
    fn services_of_a_name_stand_together() {
        let mut names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
        let runs = names.chunk_by(|a, b| a == b).count();
        names.sort_unstable();
        names.dedup();
        assert_eq!(runs, names.len());
        let twice: Vec<_> = OTHERS.iter().enumerate().filter(|(at, name)| OTHERS[..*at].contains(name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
