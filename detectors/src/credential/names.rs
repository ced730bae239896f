//! What a name says about its value.
//!
//! Names are read as people write them: `API_KEY`, `apiKey`, `api-key` and "api key" are one word. The word
//! that says "secret" must end the name, save for what numbers or stages it (`password2`, `token_prod`):
//! a `token_type` or `key_length` is none. One automaton knows all words and services; it is run only over
//! bounded windows around places that may hold a value.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::services::{OTHERS, SERVICES};

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
const HARMLESS: [&str; 45] = [
    "public",
    "pub",
    "foreign",
    "partition",
    "sort",
    "idempotency",
    "csrf",
    "authenticity",
    "antiforgery",
    "requestverification",
    "request_verification",
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
    /// The letters of words, none of which has all letters of another: a name without any of these sets holds no word.
    letters: Vec<u32>,
}

/// What a pattern stands for.
#[derive(Clone, Copy)]
pub enum Meaning {
    /// A word that says "secret"; whether it must begin its part of the name.
    Word(Word, bool),
    /// The name of a service.
    Service(Entries),
}

/// Which entries of [`SERVICES`] have a name; empty for those of [`OTHERS`].
#[derive(Clone, Copy)]
pub struct Entries {
    /// The first of them.
    pub first: u16,
    /// How many.
    pub count: u16,
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
    let mut letters: Vec<u32> = Vec::new();
    for set in WORDS.iter().map(|(word, ..)| letters_of(word.as_bytes())) {
        if !letters.iter().any(|other| set & other == *other) {
            letters.retain(|other| other & set != set);
            letters.push(set);
        }
    }
    Some(Names { automaton, meanings: patterns.into_iter().map(|(_, meaning)| meaning).collect(), letters })
});

/// Which letters occur, a bit each, in whatever case; what is no letter shares its bit with one.
fn letters_of(name: &[u8]) -> u32 {
    name.iter().fold(0, |set, b| set | 1 << (b & 31))
}

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
    /// One that holds nothing; filled where it stands, since copying it costs as much as searching it.
    const EMPTY: Self = Self { letters: [0; WINDOW_BYTES], places: [0; WINDOW_BYTES], length: 0, base: 0 };

    fn fill(&mut self, bytes: &[u8], range: Range<usize>) {
        self.base = range.start.max(range.end.saturating_sub(WINDOW_BYTES));
        for (at, b) in (0..).zip(bytes.get(self.base..range.end).unwrap_or_default()) {
            if matches!(b, b'_' | b'-' | b'.' | b' ') {
                continue;
            }
            if let (Some(letter), Some(place)) = (self.letters.get_mut(self.length), self.places.get_mut(self.length)) {
                (*letter, *place) = (b.to_ascii_lowercase(), at);
            }
            self.length += 1;
        }
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
pub struct Named {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it stands for.
    pub meaning: Meaning,
}

/// The names before `until`, from `from` on, in order.
pub fn names(bytes: &[u8], from: usize, until: usize, mut each: impl FnMut(Named)) {
    let Some(names) = NAMES.as_ref() else { return };
    let mut window = Window::EMPTY;
    window.fill(bytes, from..until);
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
    // Most names of a document are told by their letters alone.
    let letters = letters_of(bytes.get(name.clone())?);
    if !NAMES.as_ref()?.letters.iter().any(|word| letters & word == *word) {
        return None;
    }
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
pub fn tail_is_harmless(bytes: &[u8], tail: Range<usize>) -> bool {
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
}
