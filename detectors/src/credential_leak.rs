//! Credential leak: a secret in text that a model read or wrote.
//!
//! **Finds**, in any channel: the formats of [`FORMATS`], an AWS key id with its secret, JSON Web Tokens,
//! PEM private keys, database URLs with a password, and prose or settings of the kind `password is ...`
//! whose value looks random.
//!
//! **Why**: a secret that a model discloses opens other systems; that is where an AI incident becomes an
//! identity or cloud incident. High when the response discloses a secret that the user did not supply.
//!
//! **Example**: "The deploy key is ghp_…" in an answer.
//!
//! **Does not find**: placeholders and documentation examples (on purpose), secrets without a known form
//! and without a word that names them, secrets in images. It does not ask the vendor whether one is valid.
//!
//! **References**: MITRE ATLAS AML.T0057 (LLM Data Leakage), ATT&CK T1552 (Unsecured Credentials);
//! OWASP LLM02:2025 Sensitive Information Disclosure; the vendors' token formats.

use std::ops::Range;

use schemas::{Category, Channel, Entity, EntityKind, Severity};

use crate::bounds::head;
use crate::concept::Concept;
use crate::concept::Concepts;
use crate::credential_formats::{FORMATS, entropy_bits, github_checksum_holds, is_placeholder};
use crate::detector::{Detector, Mask, Scene, Sighting, Sightings};
use crate::view::{Layer, Text};

/// See the file's head.
#[derive(Debug)]
pub struct CredentialLeak;

/// How many places of a text are looked at for each way in which secrets are recognised.
const CANDIDATES_MAX: usize = 512;

/// One secret in a text, in raw bytes.
struct Secret {
    subtype: &'static str,
    score: f32,
    range: Range<usize>,
    /// An identifier that is not secret, such as an access key id.
    id: Option<Range<usize>>,
    /// Whether the range is nothing but such an identifier.
    public: bool,
}

impl Detector for CredentialLeak {
    fn name(&self) -> &'static str {
        "credential_leak"
    }

    fn category(&self) -> Category {
        Category::CredentialLeak
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0057", "T1552"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        for message in &scene.view.messages {
            let mut done: Vec<Range<usize>> = Vec::new();
            for text in message.texts.iter().filter(|text| text.layer != Layer::Leet) {
                done.clear();
                for secret in secrets(text, out) {
                    let overlaps =
                        |other: &Range<usize>| other.start < secret.range.end && secret.range.start < other.end;
                    if done.iter().any(overlaps) || !out.room(message.index) {
                        continue;
                    }
                    done.push(secret.range.clone());
                    let Some(value) = text.raw().get(secret.range.clone()) else { continue };
                    let disclosed = message.response && message.channel != Channel::User && !supplied(scene, value);
                    let severity = match (secret.public, disclosed) {
                        (true, _) => Severity::Low,
                        (_, true) => Severity::High,
                        _ => Severity::Medium,
                    };
                    let id = secret.id.and_then(|range| Entity::new(EntityKind::ApiKey, text.raw().get(range)));
                    let hashed = if secret.public { None } else { scene.secret_entity(value) };
                    let span = text.raw_span(secret.range);
                    let sighting = Sighting::new(message, secret.subtype, secret.score, severity, span);
                    out.push(sighting.naming(id).naming(hashed).masked(Mask::Credential));
                }
            }
        }
    }
}

/// Whether the user wrote the secret first: then the response only repeats it.
fn supplied(scene: &Scene<'_>, value: &str) -> bool {
    scene.view.on(&[Channel::User]).any(|message| message.texts.iter().any(|text| text.raw().contains(value)))
}

/// The secrets in a text, the surest form at each place first.
fn secrets(text: &Text<'_>, out: &mut Sightings) -> Vec<Secret> {
    let wanted = Concepts::of(&[Concept::Credential, Concept::SecretWord]);
    if !text.concepts.meets(wanted) && !text.raw().contains("://") {
        return Vec::new();
    }
    if text.hits.iter().filter(|hit| hit.concepts.meets(wanted)).count() > CANDIDATES_MAX {
        out.cut_off();
    }
    let mut found = Vec::new();
    for hit in text.hits.iter().filter(|hit| hit.concepts.has(Concept::Credential)).take(CANDIDATES_MAX) {
        let start = text.raw_at(hit.start as usize);
        found.extend(known_format(text.raw(), start).or_else(|| structured(text.raw(), start)));
    }
    for hit in text.hits.iter().filter(|hit| hit.concepts.has(Concept::SecretWord)).take(CANDIDATES_MAX) {
        found.extend(named_value(text.raw(), text.raw_at(hit.end as usize)));
    }
    found
}

/// A token of [`FORMATS`] at `start`.
fn known_format(raw: &str, start: usize) -> Option<Secret> {
    let rest = raw.get(start..)?;
    let (format, length) = FORMATS.iter().find_map(|format| Some((format, format.matches(rest)?)))?;
    let token = rest.get(..length)?;
    if is_placeholder(token) {
        return None;
    }
    let range = start..start + length;
    if format.subtype == "aws_access_key_id" {
        return Some(aws(raw, range));
    }
    // Letters without a digit are prose that happens to follow a short prefix.
    if !token.get(format.prefix.len()..)?.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let score = match format.subtype {
        "github_token" if token.len() == 40 && !github_checksum_holds(token) => 0.7,
        "github_token" => 0.98,
        _ => format.score,
    };
    Some(Secret { subtype: format.subtype, score, range, id: None, public: false })
}

/// How far behind an AWS access key id its secret is looked for, in bytes.
const AWS_SECRET_DISTANCE_MAX: usize = 200;

/// An AWS access key id, with the secret when 40 base64 characters stand near.
fn aws(raw: &str, id: Range<usize>) -> Secret {
    let after = raw.get(id.end..).unwrap_or_default();
    let near = head(after, AWS_SECRET_DISTANCE_MAX + 40);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let secret =
        near.split(|c| !is_part(c)).find(|word| word.len() == 40 && entropy_bits(word) > 4.0 && !is_placeholder(word));
    let place = secret.and_then(|secret| near.find(secret));
    match place {
        Some(at) => {
            let start = id.end + at;
            Secret {
                subtype: "aws_secret_access_key",
                score: 0.98,
                range: start..start + 40,
                id: Some(id),
                public: false,
            }
        }
        None => Secret { subtype: "aws_access_key_id", score: 0.6, range: id.clone(), id: Some(id), public: true },
    }
}

/// PEM keys, JSON Web Tokens and database URLs.
fn structured(raw: &str, start: usize) -> Option<Secret> {
    let rest = raw.get(start..)?;
    let found = |subtype, score, range: Range<usize>| {
        Some(Secret { subtype, score, range: start + range.start..start + range.end, id: None, public: false })
    };
    if rest.starts_with("-----BEGIN") {
        return found("private_key", 0.95, 0..pem_length(rest)?);
    }
    if rest.starts_with("eyJ") {
        return found("json_web_token", 0.75, 0..jwt_length(rest)?);
    }
    found("database_url", 0.85, url_password(rest)?)
}

/// The length of a PEM private key whose body is more than a placeholder.
fn pem_length(rest: &str) -> Option<usize> {
    const PEM_BYTES_MAX: usize = 16 << 10;
    let window = head(rest, PEM_BYTES_MAX);
    let head_end = window.get(10..)?.find("-----")? + 15;
    let head = window.get(..head_end)?;
    if !head.contains("PRIVATE KEY") || head.len() > 64 {
        return None;
    }
    let body = window.get(head_end..)?;
    let end = body.find("-----END").unwrap_or(body.len());
    let key = body.get(..end)?;
    let letters = key.bytes().filter(u8::is_ascii_alphanumeric).count();
    (letters >= 64 && !key.contains("...") && entropy_bits(key) > 4.0).then_some(head_end + end)
}

/// Three parts of base64url, the first two of them JSON objects (`eyJ`).
fn jwt_length(rest: &str) -> Option<usize> {
    const JWT_BYTES_MAX: usize = 8 << 10;
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let length = rest.bytes().take(JWT_BYTES_MAX).take_while(|b| is_part(b)).count();
    let token = rest.get(..length)?.trim_end_matches('.');
    let mut parts = token.split('.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    (head.len() >= 16 && body.starts_with("eyJ") && signature.len() >= 20 && parts.next().is_none())
        .then_some(token.len())
}

/// The password in `scheme://user:password@host`.
fn url_password(rest: &str) -> Option<Range<usize>> {
    let authority_start = head(rest, 16).find("://")? + 3;
    let window = head(rest.get(authority_start..)?, 300);
    let authority = window.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '?' | '<')).next()?;
    let (credentials, host) = authority.rsplit_once('@')?;
    let (_, password) = credentials.split_once(':')?;
    let usual = ["password", "pass", "pwd", "secret", "postgres", "root", "admin", "guest", "user", "test"]
        .contains(&password.to_ascii_lowercase().as_str());
    let real = password.len() >= 5
        && !usual
        && !is_placeholder(password)
        && !password.starts_with(['$', '%', '['])
        && !host.contains("example");
    let end = authority_start + credentials.len();
    real.then_some(end - password.len()..end)
}

/// How far behind a word such as "password" its value may start, in bytes.
const VALUE_DISTANCE_MAX: usize = 24;
/// The longest value that is taken for a secret, in bytes.
const VALUE_BYTES_MAX: usize = 200;

/// The value behind `password is`, `api_key =` and the like, when it looks random.
fn named_value(raw: &str, word_end: usize) -> Option<Secret> {
    let rest = raw.get(word_end..)?;
    let window = head(rest, VALUE_DISTANCE_MAX + VALUE_BYTES_MAX);
    let value_start = value_start(window)?;
    let value: &str = window
        .get(value_start..)?
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '|'))
        .next()?;
    let value = value.trim_end_matches(['.', ')', '!', '?', ':', '*', ']', '}']);
    let start = word_end + value_start;
    looks_random(value).then(|| Secret {
        subtype: "named_secret",
        score: 0.7,
        range: start..start + value.len(),
        id: None,
        public: false,
    })
}

/// Where the value starts behind the word that names it: after `is`, `=`, `:` and quotes, and nothing else.
fn value_start(window: &str) -> Option<usize> {
    let mut rest = window.trim_start_matches(['"', '\'', '`', '*', ' ', '\t', ')']);
    let mut linked = false;
    for _ in 0..3 {
        let before = rest.len();
        for link in
            ["is ", "was ", "to ", "ist ", "est ", "es ", ":=", "=>", "->", "=", ":", "set to ", "for prod is ", "now "]
        {
            if let Some(next) = rest.strip_prefix(link) {
                (rest, linked) = (next, true);
                break;
            }
        }
        rest = rest.trim_start_matches(['"', '\'', '`', '*', ' ', '\t']);
        if rest.len() == before {
            break;
        }
    }
    // `Bearer` is followed by its value directly.
    let start = window.len() - rest.len();
    (linked && start <= VALUE_DISTANCE_MAX).then_some(start)
}

/// Letters with digits or signs, varied, and no code, path, reference or ordinary word.
fn looks_random(value: &str) -> bool {
    if !(8..=VALUE_BYTES_MAX - 1).contains(&value.len()) || !value.is_ascii() || is_placeholder(value) {
        return false;
    }
    let code = value.contains(['(', '{', '[', '\\'])
        || value.starts_with(['$', '%', '/', '.', '-', '&'])
        || value.contains("://")
        || value.contains("env.")
        || value.contains("::");
    let has = |test: fn(&u8) -> bool| value.bytes().any(|b| test(&b));
    let letters = has(u8::is_ascii_alphabetic);
    let digits = has(u8::is_ascii_digit);
    let mixed_case = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let signs = value.bytes().any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'~' | b'?'));
    let name = value.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    !code
        && !name
        && letters
        && (digits || signs)
        && (mixed_case || signs || value.len() >= 16)
        && entropy_bits(value) >= 2.7
}
