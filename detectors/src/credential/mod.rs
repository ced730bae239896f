//! What a text holds of credentials: the machinery of [`crate::credential_leak`].
//!
//! The path of one text: [`reading`] undoes what hides a token from the eye; [`words`] jumps from long word to
//! long word and looks up the [`prefixes`] of vendors; [`structured`] knows what has a structure of its own
//! (keys, tokens that are JSON, URLs with a password); [`command`] knows command lines; [`assigned`] and
//! [`said`] what settings and sentences call a secret; [`user_rules`] what a user adds; [`context`] which service of
//! [`services`] the neighbourhood names, as [`names`] reads it. [`verify`] tells what is real from
//! what was made up for a manual.
//!
//! Linear in the text: every byte is looked at a bounded number of times, every look around a place is bounded,
//! and nothing is allocated a format. Not here: who disclosed what to whom.

pub mod assigned;
pub mod command;
pub mod context;
pub mod format;
pub mod likely;
pub mod names;
pub mod prefixes;
pub mod reading;
pub mod said;
pub mod services;
pub mod structured;
pub mod user_rules;
pub mod verify;
pub mod words;

use std::ops::Range;

use format::Ends;
use reading::Reading;
use user_rules::UserRules;

use crate::work::work;

/// The longest name that is looked at, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The longest value that is taken for a secret, in bytes.
const VALUE_BYTES_MAX: usize = 512;
/// How many secrets of one text are reported at most; a message keeps fewer.
pub const SECRETS_MAX: usize = 256;

/// What looking closely may cost in one text, so that a text of nothing but bait is given up in time that is
/// linear in its length. The unit is about a nanosecond. Known formats cost none: their search is linear as it is.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    const PER_BYTE: usize = 24;
    const LEAST: usize = 1 << 18;

    fn of(text: &str) -> Self {
        Self(Self::LEAST + text.len() * Self::PER_BYTE)
    }

    /// Whether `cost` is left; takes it.
    pub fn spend(&mut self, cost: usize) -> bool {
        work(cost);
        let enough = self.0 >= cost;
        self.0 = self.0.saturating_sub(cost);
        enough
    }
}

/// What a find is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opens something.
    Secret,
    /// Names a key or an account, and is no secret alone.
    Public,
    /// Has the shape of a secret, but its characters stand in order, it is one of the passwords of manuals, or what
    /// makes it valid is missing: most likely it opens nothing.
    MadeUp,
}

/// One secret in a text, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    /// The annotation's subtype.
    pub subtype: &'static str,
    /// How sure it is.
    pub score: f32,
    /// Where it stands.
    pub range: Range<usize>,
    /// An identifier that is not secret, such as an access key id.
    pub id: Option<Range<usize>>,
    /// What it is.
    pub kind: Kind,
}

/// The secrets of a text.
#[derive(Debug)]
pub struct Found {
    /// The surest ways of knowing first; ranges may overlap.
    pub secrets: Vec<Secret>,
    /// Whether no limit ended the search.
    pub complete: bool,
}

/// The secrets in a reading of a text, the surest ways of knowing them first; `named` are the places behind
/// words that name a secret in prose, in raw bytes.
pub fn secrets(reading: &Reading<'_>, rules: Option<&UserRules>, named: impl Iterator<Item = usize>) -> Found {
    let (text, bytes) = (reading.text(), reading.text().as_bytes());
    let (mut found, mut later) = (Vec::new(), Vec::new());
    let (mut ends, mut at, mut budget) = (Ends::default(), 0, Budget::of(text));
    structured::pem(text, &mut found);
    structured::urls(text, &mut budget, &mut found);
    while let Some(word) = words::next_word(bytes, at) {
        at = word.end;
        if found.len() + later.len() >= SECRETS_MAX {
            break;
        }
        let before = found.len();
        words::tokens(text, word.clone(), &mut ends, &mut found);
        structured::in_word(text, word.clone(), &mut found);
        if found.len() == before && budget.spend(300) {
            later.extend(context::beside(text, word));
        }
    }
    structured::pair(text, &mut found);
    command::arguments(text, &mut budget, &mut found);
    assigned::settings(text, &mut budget, &mut found);
    for place in named {
        if found.len() >= SECRETS_MAX || !budget.spend(200) {
            break;
        }
        found.extend(said::said(text, reading.place_of(place)));
    }
    found.append(&mut later);
    if let Some(rules) = rules {
        rules.secrets(text, &mut found);
    }
    Found { complete: found.len() < SECRETS_MAX && budget.0 > 0, secrets: found }
}
