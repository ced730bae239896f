//! Credential leak: a secret in text that a model read or wrote.
//!
//! **Finds**, in any channel: the tokens of several hundred services by their shape, keys of services that are
//! named beside them, AWS key ids with their secrets, JSON Web Tokens, private keys, URLs with a password,
//! command lines, settings and sentences that call a random value a secret, and what a user's own gitleaks
//! rules describe. Also where invisible characters, other alphabets, escapes, spaces or string joints hide one.
//!
//! **Why**: a secret that a model discloses opens other systems; that is where an AI incident becomes an
//! identity or cloud incident. High when the response discloses a secret that the user did not supply.
//!
//! **Example**: "The deploy key is ghp_…" in an answer.
//!
//! **Does not find**: placeholders and documentation examples (on purpose), secrets without a known form
//! and without a word that names them, secrets in images. It does not ask the vendor whether one is valid. A
//! value that has a vendor's shape but counts through the alphabet is reported as informational: no alert.
//!
//! **References**: MITRE ATLAS AML.T0057 (LLM Data Leakage), ATT&CK T1552 (Unsecured Credentials);
//! OWASP LLM02:2025 Sensitive Information Disclosure; the vendors' token formats.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use schemas::{Category, Channel, Entity, EntityKind, Severity};

use crate::bounds::{head, tail};
use crate::concept::Concept;
use crate::credential::reading::Reading;
use crate::credential::{Kind, Secret, secrets};
use crate::detector::{Detector, Mask, Scene, Sighting, Sightings};
use crate::fold::fold;
use crate::view::{Layer, MessageView, Text};

/// See the file's head.
#[derive(Debug)]
pub struct CredentialLeak;

/// How many places of a text are looked at where a word names a secret.
const NAMED_MAX: usize = 512;

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
        let found: Vec<(&MessageView<'_>, Vec<Find>)> =
            scene.view.messages.iter().map(|message| (message, finds(message, scene, out))).collect();
        let supplied: HashSet<String> = found
            .iter()
            .filter(|(message, _)| message.channel == Channel::User)
            .flat_map(|(_, finds)| finds.iter().map(|find| find.value.clone()))
            .collect();
        for (message, finds) in found {
            for find in finds {
                if out.room(message.index) {
                    out.push(sighting(message, scene, &supplied, find));
                }
            }
        }
    }
}

/// One secret of a message.
struct Find {
    secret: Secret,
    /// As it is used: with what hides it undone.
    value: String,
    /// The identifier of a pair.
    id: Option<String>,
    span: (u32, u32),
}

fn sighting(message: &MessageView<'_>, scene: &Scene<'_>, supplied: &HashSet<String>, find: Find) -> Sighting {
    let Find { secret, value, id, span } = find;
    let answered = message.response && message.channel != Channel::User;
    let severity = match secret.kind {
        Kind::MadeUp => Severity::Informational,
        Kind::Public => Severity::Low,
        // Made up on request: nobody's yet, and in a log from now on.
        Kind::Secret if answered && is_named(secret.subtype) && made_on_request(scene, message, &value) => {
            Severity::Low
        }
        Kind::Secret if answered && !supplied.contains(&value) && !written_by_user(scene, &value) => Severity::High,
        Kind::Secret => Severity::Medium,
    };
    let id = id.and_then(|id| Entity::new(EntityKind::ApiKey, [id.as_str()]));
    let hashed = if secret.kind == Kind::Secret { scene.secret_entity(&value) } else { None };
    let sighting = Sighting::new(message, secret.subtype, secret.score, severity, span);
    let sighting = sighting.of_values(scene.value_hash(&value).into_iter());
    sighting.naming(id).naming(hashed).masked(Mask::Credential)
}

/// Whether a word names the value and nothing about its form: so are secrets that a model makes up.
fn is_named(subtype: &str) -> bool {
    matches!(subtype, "named_password" | "named_secret")
}

/// Whether the model made the value up because it was asked to.
fn made_on_request(scene: &Scene<'_>, message: &MessageView<'_>, value: &str) -> bool {
    asked_to_make(scene, message) && !read_before(scene, message, value)
}

/// Whether the last thing that the user wrote before `message` asks for a new secret: a verb of making close to the
/// word for it.
fn asked_to_make(scene: &Scene<'_>, message: &MessageView<'_>) -> bool {
    const DISTANCE_BYTES_MAX: usize = 48;
    const WORDS_MAX: usize = 8;
    let asked = scene.view.on(&[Channel::User]).filter(|asked| asked.index < message.index).last();
    let Some(text) = asked.and_then(|asked| asked.texts.first()) else { return false };
    let words = text.hits.iter().filter(|hit| hit.concepts.has(Concept::SecretWord)).take(WORDS_MAX);
    words.map(|hit| (hit.start as usize, hit.end as usize)).any(|(start, end)| {
        let before = tail(text.folded().get(..start).unwrap_or_default(), DISTANCE_BYTES_MAX);
        let behind = head(text.folded().get(end..).unwrap_or_default(), DISTANCE_BYTES_MAX);
        MAKE.iter().any(|verb| before.contains(verb.as_str()) || behind.contains(verb.as_str()))
    })
}

/// Verbs of making, folded, in the languages of the lexicon.
static MAKE: LazyLock<Vec<String>> = LazyLock::new(|| {
    const VERBS: [&str; 18] = [
        "generat",
        "generi",
        "genera",
        "créer",
        "crée ",
        "create ",
        "crie ",
        "gerar",
        "suggest",
        "come up with",
        "erzeug",
        "generuj",
        "придумай",
        "создай",
        "сгенерир",
        "生成",
        "作って",
        "만들어",
    ];
    VERBS.iter().map(|verb| fold(verb).text).collect()
});

/// Whether the value stands anywhere before `message`, so that the model has read it and did not make it up.
fn read_before(scene: &Scene<'_>, message: &MessageView<'_>, value: &str) -> bool {
    let before = scene.view.messages.iter().filter(|other| other.index < message.index);
    before.flat_map(|other| &other.texts).any(|text| text.raw().contains(value))
}

/// Whether the user wrote the value first, where nothing said that it is a secret: then the response repeats it.
fn written_by_user(scene: &Scene<'_>, value: &str) -> bool {
    scene.view.on(&[Channel::User]).any(|message| message.texts.iter().any(|text| text.raw().contains(value)))
}

/// The secrets of a message, none twice at a place, the surest kind at each place.
fn finds(message: &MessageView<'_>, scene: &Scene<'_>, out: &mut Sightings) -> Vec<Find> {
    let mut finds: Vec<Find> = Vec::new();
    for text in message.texts.iter().filter(|text| text.layer != Layer::Leet) {
        let mut done: Vec<Range<usize>> = Vec::new();
        let readings = [Some(Reading::plain(text.raw())), Reading::undone(text.raw())];
        for reading in readings.into_iter().flatten() {
            let found = secrets(&reading, scene.settings.credential_rules.as_deref(), named(text, out));
            if !found.complete {
                out.cut_off();
            }
            for secret in found.secrets {
                let raw = reading.raw_range(&secret.range);
                let overlaps = |other: &Range<usize>| other.start < raw.end && raw.start < other.end;
                let Some(value) = reading.text().get(secret.range.clone()) else { continue };
                if done.iter().any(overlaps) {
                    continue;
                }
                done.extend(secret.id.as_ref().map(|id| reading.raw_range(id)));
                done.push(raw.clone());
                if finds.len() > crate::detector::SIGHTINGS_PER_MESSAGE_MAX {
                    out.cut_off();
                    break;
                }
                let id = secret.id.clone().and_then(|range| reading.text().get(range)).map(str::to_owned);
                // A token that is cut by a line break is used without it; keys in armour need theirs.
                let cut = value.contains('\n') && !value.starts_with("-----");
                let value = if cut {
                    value.split(|c: char| c.is_whitespace() || c == '\\').collect()
                } else {
                    value.to_owned()
                };
                finds.push(Find { value, id, span: text.raw_span(raw), secret });
            }
        }
    }
    finds
}

/// The places behind words that name a secret, in raw bytes.
fn named<'t>(text: &'t Text<'_>, out: &mut Sightings) -> impl Iterator<Item = usize> + 't {
    let hits = || text.hits.iter().filter(|hit| hit.concepts.has(Concept::SecretWord));
    if hits().nth(NAMED_MAX).is_some() {
        out.cut_off();
    }
    hits().take(NAMED_MAX).map(|hit| text.raw_at(hit.end as usize))
}
