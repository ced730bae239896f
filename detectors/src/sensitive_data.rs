//! Sensitive data: numbers, addresses and names that identify people, move money or tell of an illness.
//!
//! **Finds**, in any channel, the types of the table in [`crate::sensitive`]: payment cards, bank accounts, crypto
//! wallets, and the identity, tax, health, passport, driving licence and VAT numbers of more than seventy countries by
//! their published check digits and the words beside them; telephone numbers and e-mail addresses; names, postal
//! addresses and diagnoses where words introduce them; and what an operator describes.
//!
//! **Why**: a model that hands out records of people is a data breach, whoever asked.
//!
//! **Example**: an answer with `Steuer-ID: 12 345 678 903`, or a customer list.
//!
//! **Does not find**: names and addresses that nothing introduces, numbers without check digits that no word
//! explains. Confidence is 0.65, 0.75 or 0.85, as Microsoft Purview grades it; what is graded low raises no alert
//! unless the model discloses it.
//!
//! **References**: OWASP LLM02:2025 Sensitive Information Disclosure; MITRE ATLAS AML.T0057; Microsoft Purview,
//! "Sensitive information type entity definitions". Each type names its own source.

use std::collections::HashSet;

use schemas::{Category, Channel, Severity};

use crate::detector::{Detector, Mask, Scene, Sighting, Sightings};
use crate::sensitive::find;
use crate::sensitive::information_type::{Confidence, Family, InformationType};
use crate::sensitive::types::worldwide::SWIFT_BIC;
use crate::view::{Layer, MessageView};

/// See the file's head.
#[derive(Debug)]
pub struct SensitiveData;

/// From how many different values on contacts are a list of people.
const CONTACTS_MIN: usize = 5;
/// From how many different values on any other type is a list.
const VALUES_MIN: usize = 10;
/// Of more values the whole stretch is masked at once, which bounds the work.
const MASKS_MAX: usize = 256;
/// The score of what has right check digits and nothing else that speaks for it: hidden in excerpts, no match.
const HIDDEN_SCORE: f32 = 0.3;
/// Numbers that manuals print to show what one looks like, compact and in lower case: cards of Stripe and Adyen, the
/// IBANs of Germany and the United Kingdom in Wikipedia and in the registry's examples.
const PUBLISHED: [&str; 8] = [
    "378282246310005",
    "4000056655665556",
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "de89370400440532013000",
    "gb29nwbk60161331926819",
    "gb82west12345698765432",
];
/// What stands in an excerpt for a number that may be of many types.
const NUMBER: &str = "number";

impl Detector for SensitiveData {
    fn name(&self) -> &'static str {
        "sensitive_data"
    }

    fn category(&self) -> Category {
        Category::SensitiveData
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0057"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        let found: Vec<(&MessageView<'_>, Vec<Find>)> =
            scene.view.messages.iter().map(|message| (message, finds(message, scene, out))).collect();
        let of_user = found.iter().filter(|(message, _)| message.channel == Channel::User);
        let supplied: HashSet<&str> = of_user.flat_map(|(_, finds)| finds.iter().map(|f| f.value.as_str())).collect();
        for (message, finds) in &found {
            for group in groups(finds) {
                report(message, scene, &group, &supplied, out);
            }
        }
    }
}

/// One value of a message.
#[derive(Debug)]
struct Find {
    /// `None` for what is only hidden.
    kind: Option<(&'static InformationType, Confidence)>,
    /// Without separators, in lower case, so that two ways of writing it meet.
    value: String,
    span: (u32, u32),
}

fn finds(message: &MessageView<'_>, scene: &Scene<'_>, out: &mut Sightings) -> Vec<Find> {
    let mut finds = Vec::new();
    for text in message.texts.iter().filter(|text| text.layer != Layer::Leet) {
        let found = find(text, scene.settings.sensitive_types.as_deref());
        if !found.complete {
            out.cut_off();
        }
        let ranges: Vec<_> = found.values.iter().map(|value| value.range.clone()).collect();
        for (value, span) in found.values.into_iter().zip(text.raw_spans(&ranges)) {
            let written = text.raw().get(value.range).unwrap_or_default();
            let kind = value.confidence.map(|confidence| (value.kind, confidence));
            let value = written.chars().filter(|c| c.is_alphanumeric() || *c == '@').flat_map(char::to_lowercase);
            finds.push(Find { kind, value: value.collect(), span });
        }
    }
    finds
}

/// The values of a message by type, in the order in which types come up.
fn groups(finds: &[Find]) -> Vec<Vec<&Find>> {
    let mut groups: Vec<Vec<&Find>> = Vec::new();
    let id = |find: &Find| find.kind.map(|(kind, _)| kind.id);
    for find in finds {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| id(first) == id(find))) {
            Some(group) => group.push(find),
            None => groups.push(vec![find]),
        }
    }
    groups
}

/// Reports the values of one type: a few one by one, many as one list.
fn report(
    message: &MessageView<'_>,
    scene: &Scene<'_>,
    group: &[&Find],
    supplied: &HashSet<&str>,
    out: &mut Sightings,
) {
    let Some(kind) = group.first().and_then(|find| find.kind) else { return hide(message, group, out) };
    let (kind, _) = kind;
    let different: HashSet<&str> = group.iter().map(|find| find.value.as_str()).collect();
    let list_min = if kind.family == Family::Contact { CONTACTS_MIN } else { VALUES_MIN };
    let many = different.len() >= list_min;
    let origin = |find: &Find| match message.channel {
        Channel::User => Origin::User,
        _ if supplied.contains(find.value.as_str()) => Origin::User,
        _ if message.response => Origin::Disclosed,
        _ => Origin::Brought,
    };
    let sighting = |finds: &[&Find]| {
        let confidence = finds.iter().filter_map(|find| find.kind).map(|(_, confidence)| confidence).max()?;
        let origin = finds.iter().map(|find| origin(find)).max()?;
        let severity = match finds.iter().all(|find| PUBLISHED.contains(&find.value.as_str())) {
            true => Severity::Informational,
            false => severity(kind, confidence, many, origin),
        };
        let span = stretch(finds)?;
        let mut sighting = Sighting::new(message, kind.id, confidence.score(), severity, span);
        sighting.masks = masks(finds, span, kind.id);
        Some(sighting.of_values(finds.iter().filter_map(|find| scene.value_hash(&find.value))))
    };
    if group.len() >= list_min {
        sighting(group).into_iter().for_each(|sighting| out.push(sighting));
    } else {
        group.iter().filter_map(|find| sighting(&[find])).for_each(|sighting| out.push(sighting));
    }
}

/// Reports what is no match, for its masks alone.
fn hide(message: &MessageView<'_>, group: &[&Find], out: &mut Sightings) {
    let Some(span) = stretch(group) else { return };
    let mut sighting = Sighting::new(message, NUMBER, HIDDEN_SCORE, Severity::Informational, span);
    sighting.masks = masks(group, span, NUMBER);
    out.push(sighting);
}

fn stretch(finds: &[&Find]) -> Option<(u32, u32)> {
    Some((finds.iter().map(|find| find.span.0).min()?, finds.iter().map(|find| find.span.1).max()?))
}

fn masks(finds: &[&Find], stretch: (u32, u32), id: &'static str) -> Vec<(u32, u32, Mask)> {
    if finds.len() > MASKS_MAX {
        return vec![(stretch.0, stretch.1, Mask::Sensitive(id))];
    }
    finds.iter().map(|find| (find.span.0, find.span.1, Mask::Sensitive(id))).collect()
}

/// Whose hands a value came from, worse ones last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// The user wrote it, and people write their own data.
    User,
    /// A tool, a document or the application brought it.
    Brought,
    /// The model told it, and the user had not.
    Disclosed,
}

fn severity(kind: &InformationType, confidence: Confidence, many: bool, origin: Origin) -> Severity {
    // One contact, company number or diagnosis stands in every second text; a list of them is a data set. The code of a
    // bank stands on every invoice.
    let everyday = matches!(kind.family, Family::Contact | Family::Medical | Family::Vat) || kind.id == SWIFT_BIC;
    match (everyday, many, origin) {
        (true, false, _) => Severity::Informational,
        (true, true, Origin::User) => Severity::Low,
        (true, true, _) => Severity::Medium,
        (false, false, Origin::Disclosed) if confidence == Confidence::Low => Severity::Low,
        (false, false, _) if confidence == Confidence::Low => Severity::Informational,
        (false, false, Origin::User) => Severity::Low,
        (false, true, Origin::User) | (false, false, Origin::Brought) => Severity::Medium,
        (false, true, Origin::Brought) | (false, _, Origin::Disclosed) => Severity::High,
    }
}
