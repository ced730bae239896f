//! The stateless half of Weir: an interaction in, annotations and alerts out.
//!
//! The path of one interaction: the view folds and decodes its texts and finds the terms of the
//! lexicon; each [`Detector`] of [`DETECTORS`] reports [`Sighting`]s; [`Detectors::annotate`] applies
//! the tenant's thresholds and writes annotations, each with what the text around it names;
//! [`policy::alerts`] raises what the SOC should see.
//!
//! Everything is pure: `&self`, no I/O, no clock, no state between interactions, linear time.
//! Deliberately absent: anything that needs memory, such as rates, repeats and first-seen access. Those
//! are the correlator's rules.
//!
//! Adding a detector touches three places: its file, its line in [`DETECTORS`], its directory in `tests/cases/`.
//! Adding a term touches one: the file in `terms/` that lists its concept.

mod addresses;
mod annotate;
mod ascii_smuggling;
mod bounds;
mod carried;
pub mod catalogue;
mod ciphers;
mod concept;
mod credential;
mod credential_leak;
mod data_poisoning;
mod decode;
mod detector;
mod drive;
mod evidence;
pub mod features;
mod filter;
mod fold;
mod hash;
mod indirect_injection;
mod instruction_leak;
pub mod intel;
mod invisible;
mod jailbreak;
mod lexicon;
mod lookalike;
mod malicious_url;
mod meaning;
pub mod model;
mod numeric_host;
pub mod policy;
mod punycode;
mod reconnaissance;
mod rules;
mod second_stage;
mod sensitive;
mod sensitive_data;
mod settings;
mod shared_hosts;
mod site;
mod structure;
mod suspicious_access;
mod terms;
mod text_entities;
mod tool_abuse;
mod tool_arguments;
mod tool_destination;
mod tool_sql;
mod view;
mod work;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod linear;
#[cfg(test)]
#[path = "../benches/pieces/mod.rs"]
mod pieces;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;

pub use annotate::{Detection, Detectors};
pub use credential::user_rules::{UserRules, UserRulesError};
pub use detector::{Detector, Mask, Scene, Sighting, Sightings};
pub use hash::content_hash;
pub use lexicon::{Lexicon, LexiconError};
pub use second_stage::{Classifier, SecondStage, Zone};
pub use sensitive::custom::{CustomTypes, CustomTypesError};
pub use sensitive::information_type::{Check, Confidence, Family, InformationType};
pub use sensitive::types::all as information_types;
pub use settings::{AlertSettings, DetectorSettings, HashKey, Settings};
pub use site::is_domain;
pub use terms::{Problem as TermProblem, TermsError};
pub use view::{Layer, MessageView, Text, View};

/// Every detector, alphabetically.
pub const DETECTORS: &[&dyn Detector] = &[
    &ascii_smuggling::AsciiSmuggling,
    &credential_leak::CredentialLeak,
    &data_poisoning::DataPoisoning,
    &indirect_injection::IndirectInjection,
    &instruction_leak::InstructionLeak,
    &jailbreak::Jailbreak,
    &malicious_url::MaliciousUrl,
    &reconnaissance::Reconnaissance,
    &sensitive_data::SensitiveData,
    &suspicious_access::SuspiciousAccess,
    &tool_abuse::ToolAbuse,
];

/// Where rules matched in a text on `channel` that texts about attacks do not meet as well, in folded bytes: the
/// learned scorer weighs it. Beside it the least that the text scores.
pub fn telling(channel: schemas::Channel, text: &Text<'_>) -> (Vec<std::ops::Range<usize>>, f32) {
    let verdict =
        if model::head_of(channel) == 0 { jailbreak::verdict(text) } else { indirect_injection::verdict(text) };
    verdict.map(|verdict| (verdict.telling, verdict.floor)).unwrap_or_default()
}

/// The names of the detectors, alphabetically, for validating configuration.
pub fn names() -> impl Iterator<Item = &'static str> {
    DETECTORS.iter().map(|detector| detector.name())
}
