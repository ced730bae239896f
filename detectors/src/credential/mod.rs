//! What a text holds of credentials: the machinery of [`crate::credential_leak`].
//!
//! The path of one text: [`reading`] undoes what hides a token from the eye; [`words`] jumps from long word to
//! long word and looks up the [`prefixes`] of vendors; [`structured`] knows what has a structure of its own
//! (keys, tokens that are JSON, URLs with a password); [`command`] knows command lines; [`assigned`] what
//! settings and sentences call a secret; [`context`] which words of the neighbourhood name a service of
//! [`services`]. [`verify`] tells what is real from what was made up for a manual.
//!
//! Linear in the text: every byte is looked at a bounded number of times, every look around a place is bounded,
//! and nothing is allocated a format. Not here: who disclosed what to whom.

pub mod assigned;
pub mod command;
pub mod context;
pub mod format;
pub mod prefixes;
pub mod reading;
pub mod services;
pub mod structured;
pub mod verify;
pub mod words;

#[cfg(test)]
mod cost;

use std::ops::Range;

use format::Ends;
use reading::Reading;

/// How many secrets of one text are reported at most; a message keeps fewer.
pub const SECRETS_MAX: usize = 256;

/// What a find is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opens something.
    Secret,
    /// Names a key or an account, and is no secret alone.
    Public,
    /// Has a vendor's shape, but its characters stand in order: most likely from a manual.
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

/// The secrets in a reading of a text, the surest ways of knowing them first; `named` are the places behind
/// words that name a secret in prose, in raw bytes.
pub fn secrets(reading: &Reading<'_>, named: impl Iterator<Item = usize>) -> Vec<Secret> {
    let (text, bytes) = (reading.text(), reading.text().as_bytes());
    let (mut found, mut later) = (Vec::new(), Vec::new());
    let (mut ends, mut at) = (Ends::default(), 0);
    structured::pem(text, &mut found);
    structured::urls(text, &mut found);
    while let Some(word) = words::next_word(bytes, at) {
        at = word.end;
        if found.len() + later.len() >= SECRETS_MAX {
            break;
        }
        let before = found.len();
        words::tokens(text, word.clone(), &mut ends, &mut found);
        structured::in_word(text, word.clone(), &mut found);
        if found.len() == before {
            later.extend(context::beside(text, word));
        }
    }
    structured::pair(text, &mut found);
    command::arguments(text, &mut found);
    assigned::settings(text, &mut found);
    for place in named {
        if found.len() >= SECRETS_MAX {
            break;
        }
        found.extend(assigned::said(text, reading.from_raw(place)));
    }
    found.append(&mut later);
    found
}
