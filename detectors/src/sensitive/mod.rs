//! What a text holds of sensitive information types: the machinery of [`crate::sensitive_data`].
//!
//! The path of one text: [`candidate`] jumps from digit to digit and offers what may be a number; [`form`] says by
//! length and shape which [`types`] it may be of, and their check digits ([`checks`]) which it can be. [`iban`],
//! [`wallet`] and [`phone`] know forms that are no fixed pattern, [`worded`] what only words introduce. Where
//! anything is left, [`words`] are looked for around it, and both together give a confidence
//! ([`information_type`]). [`custom`] adds what an operator describes. Of what overlaps the surest is kept.
//!
//! Everything but the names of people and the case of wallets is read from the folded text, so full-width digits
//! and zero-width characters hide nothing. No regular expression runs over a text, save an operator's own. Linear:
//! the work a number is bounded, and so are the numbers of a text. Not here: who disclosed what to whom.

pub mod candidate;
pub mod checks;
pub mod custom;
pub mod form;
pub mod iban;
pub mod information_type;
pub mod phone;
mod type_set;
pub mod types;
pub mod wallet;
pub mod worded;
pub mod words;

#[cfg(test)]
pub mod numbers;

use std::ops::Range;
use std::sync::LazyLock;

use candidate::{Compact, Visitor, scan};
use custom::CustomTypes;
use form::FORMS;
use information_type::{Check, Confidence, InformationType};
use type_set::TypeSet;
use types::worldwide::{CRYPTO_WALLET, EMAIL_ADDRESS, IBAN, PAYMENT_CARD, PHONE_NUMBER};
use words::Words;

use crate::addresses::{email_at, is_host_name};
use crate::view::Text;
use crate::work::work;

/// How many places of one text are weighed; a text with more is searched no further, and says so.
pub const PLACES_MAX: usize = 2048;
/// How near a word must be to speak for a number that proves nothing itself, in bytes.
const BESIDE_BYTES: usize = 60;

/// One value of a type, in raw bytes of its text.
#[derive(Clone, Debug)]
pub struct Value {
    /// What it is.
    pub kind: &'static InformationType,
    /// Where it stands.
    pub range: Range<usize>,
    /// How sure that is; `None` for what has right check digits and nothing else: no match, and yet never shown.
    pub confidence: Option<Confidence>,
}

/// The values of a text, in order, none overlapping.
#[derive(Debug)]
pub struct Found {
    /// The values.
    pub values: Vec<Value>,
    /// Whether no limit ended the search.
    pub complete: bool,
}

/// What is known of a place before words are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// As the type says.
    Type,
    /// Nothing: a word of the type must introduce it.
    Introduced,
    /// It is part of something longer, and no match.
    Inner,
}

/// A place in the folded text that may hold a value.
#[derive(Debug)]
struct Place {
    range: Range<usize>,
    kind: u16,
    proof: Proof,
}

/// A value with what ranks it among others of the same place, better ones first.
struct Ranked {
    value: Value,
    rank: (Option<Confidence>, bool, Option<Confidence>, std::cmp::Reverse<usize>, usize, std::cmp::Reverse<u16>),
}

/// The values in a text.
pub fn find(text: &Text<'_>, custom: Option<&CustomTypes>) -> Found {
    let mut search = Search { text, places: Vec::new(), complete: true };
    scan(text.folded().as_bytes(), &mut search);
    search.emails();
    let Search { mut places, mut complete, .. } = search;
    places.sort_by_key(|place| place.range.start);
    let mut ranked = weighed(text, &places);
    let (introduced, all) = worded::introduced(text);
    complete &= all;
    let named = introduced.into_iter().filter_map(|thing| {
        let at = FORMS.place(thing.id)?;
        let value =
            Value { kind: FORMS.types.get(usize::from(at))?, range: thing.range, confidence: Some(thing.confidence) };
        Some(Ranked::new(value, None, at))
    });
    ranked.extend(named);
    if let Some(custom) = custom {
        complete &= custom.find(text, |value| ranked.push(Ranked::new(value, Some(0), 0)));
    }
    Found { values: surest(ranked), complete }
}

impl Ranked {
    fn new(value: Value, word_distance: Option<usize>, at: u16) -> Self {
        use std::cmp::Reverse;
        let checked = matches!(value.kind.check, Check::Digits(_));
        let nearest = Reverse(word_distance.unwrap_or(usize::MAX));
        let rank = (value.confidence, checked, value.kind.alone, nearest, value.range.len(), Reverse(at));
        Self { value, rank }
    }
}

/// The places of the types that finders of their own know.
struct Ids {
    iban: Option<u16>,
    wallet: Option<u16>,
    email: Option<u16>,
    phone: Option<u16>,
}

static IDS: LazyLock<Ids> = LazyLock::new(|| {
    let place = |id| FORMS.place(id);
    Ids { iban: place(IBAN), wallet: place(CRYPTO_WALLET), email: place(EMAIL_ADDRESS), phone: place(PHONE_NUMBER) }
});

struct Search<'t, 'a> {
    text: &'t Text<'a>,
    places: Vec<Place>,
    complete: bool,
}

impl Search<'_, '_> {
    fn add(&mut self, range: Range<usize>, kind: Option<u16>, proof: Proof) {
        if self.places.len() == PLACES_MAX {
            self.complete = false;
        } else if let Some(kind) = kind {
            self.places.push(Place { range, kind, proof });
        }
    }

    fn emails(&mut self) {
        let folded = self.text.folded();
        let beside =
            |at: Option<usize>| at.and_then(|at| folded.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
        for at in memchr::memchr_iter(b'@', folded.as_bytes()) {
            if !beside(Some(at + 1)) || !beside(at.checked_sub(1)) {
                continue;
            }
            let address = email_at(folded, at).inspect(|range| work(range.len())).filter(|range| {
                let domain = folded.get(at + 1..range.end).unwrap_or_default();
                is_host_name(domain)
                    && !["png", "jpg", "jpeg", "gif", "svg", "webp"].iter().any(|file| domain.ends_with(file))
            });
            if let Some(range) = address {
                self.add(range, IDS.email, Proof::Type);
            }
            if !self.complete {
                return;
            }
        }
    }
}

impl Visitor for Search<'_, '_> {
    fn atom(&mut self, atom: Range<usize>) -> Option<usize> {
        let bytes = self.text.folded().as_bytes();
        let first = *bytes.get(atom.start)?;
        if !self.complete {
            return None;
        }
        if first.is_ascii_alphabetic()
            && let Some(range) = iban::at(bytes, atom.start)
        {
            let end = range.end;
            self.add(range, IDS.iban, Proof::Type);
            return Some(end);
        }
        if wallet::ADDRESS_BYTES.contains(&atom.len()) {
            let raw = self.text.raw().get(self.text.raw_at(atom.start)..self.text.raw_at(atom.end)).unwrap_or_default();
            if wallet::is_address(raw) {
                self.add(atom.clone(), IDS.wallet, Proof::Type);
            }
            return Some(atom.end);
        }
        if first.is_ascii_digit()
            && let Some((range, form)) = phone::at(bytes, atom.start)
        {
            let end = range.end;
            let proof = if form == phone::Form::National { Proof::Introduced } else { Proof::Type };
            let plus = bytes.get(range.start) == Some(&b'+');
            self.add(range, IDS.phone, proof);
            return plus.then_some(end);
        }
        None
    }

    fn number(&mut self, range: Range<usize>, number: &Compact, whole: bool) {
        if !self.complete {
            return;
        }
        for kind in FORMS.matching(number) {
            let holds = FORMS.types.get(usize::from(kind)).is_some_and(|kind| match kind.check {
                Check::Digits(check) => check(number.bytes()),
                Check::Rules(check) => whole && check(number.bytes()),
                Check::Words => whole,
            });
            if holds {
                self.add(range.clone(), Some(kind), if whole { Proof::Type } else { Proof::Inner });
            }
        }
    }
}

/// Whether a text in lower case holds anything, wherever it stands, that has the form and the check digits of a type:
/// for what is shown by itself, where no words around it say what it is.
pub fn may_identify(folded: &str) -> bool {
    let mut any = Any { bytes: folded.as_bytes(), seen: false };
    scan(folded.as_bytes(), &mut any);
    any.seen
}

/// The shortest number that identifies without a word beside it, in characters.
const IDENTIFYING_BYTES_MIN: usize = 8;

struct Any<'t> {
    bytes: &'t [u8],
    seen: bool,
}

impl Visitor for Any<'_> {
    fn atom(&mut self, atom: Range<usize>) -> Option<usize> {
        self.seen |= iban::at(self.bytes, atom.start).is_some();
        None
    }

    fn number(&mut self, _: Range<usize>, number: &Compact, _: bool) {
        self.seen |= number.len() >= IDENTIFYING_BYTES_MIN
            && FORMS.matching(number).any(|kind| match FORMS.types.get(usize::from(kind)).map(|kind| kind.check) {
                Some(Check::Digits(check) | Check::Rules(check)) => check(number.bytes()),
                _ => false,
            });
    }
}

/// The places that words, or their own proof, make values, and those that must not be shown.
fn weighed(text: &Text<'_>, places: &[Place]) -> Vec<Ranked> {
    if places.is_empty() {
        return Vec::new();
    }
    let folded = text.folded();
    // Most places share their range with others; each range is measured once.
    let groups = || places.chunk_by(|a, b| a.range == b.range);
    let reaches = groups().filter_map(|group| Some(words::reach(folded, &group.first()?.range, words::DISTANCE_MAX)));
    let reaches: Vec<Range<usize>> = reaches.collect();
    let words = Words::new(folded, reaches.iter().cloned());
    let mut ranked = Vec::new();
    for (group, reach) in groups().zip(&reaches) {
        let mut wanted = TypeSet::default();
        group.iter().for_each(|place| wanted.insert(place.kind));
        let Some(first) = group.first() else { continue };
        let said = words.said(&first.range, reach, &wanted);
        for place in group {
            let Some(kind) = FORMS.types.get(usize::from(place.kind)) else { continue };
            let (own, general) = said.of(place.kind);
            let confidence = match place.proof {
                Proof::Type => kind.confidence(own.map(|distance| distance <= BESIDE_BYTES), general),
                Proof::Introduced => {
                    words.introduce(folded, &place.range, place.kind, BESIDE_BYTES).then_some(Confidence::Medium)
                }
                Proof::Inner => None,
            };
            // One in ten numbers of a card's length passes its check: without groups and words it may be an order's.
            let bare =
                kind.id == PAYMENT_CARD && own.is_none() && !general && place.range.len() == compact_len(folded, place);
            let confidence = if bare { confidence.map(|_| Confidence::Low) } else { confidence };
            if confidence.is_some() || kind.worded || matches!(kind.check, Check::Digits(_)) {
                let value = Value { kind, range: raw_range(text, &place.range), confidence };
                ranked.push(Ranked::new(value, own, place.kind));
            }
        }
    }
    ranked
}

/// How many digits a place holds.
fn compact_len(folded: &str, place: &Place) -> usize {
    folded.get(place.range.clone()).map_or(0, |number| number.bytes().filter(u8::is_ascii_digit).count())
}

/// A folded range in raw bytes, its last character included.
fn raw_range(text: &Text<'_>, folded: &Range<usize>) -> Range<usize> {
    let start = text.raw_at(folded.start);
    let last = text.raw_at(folded.end.saturating_sub(1)).max(start);
    let width = text.raw().get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..last + width
}

/// Of values that overlap the best, in the order of the text.
fn surest(mut ranked: Vec<Ranked>) -> Vec<Value> {
    ranked.sort_by(|a, b| b.rank.cmp(&a.rank).then_with(|| a.value.range.start.cmp(&b.value.range.start)));
    let mut taken: std::collections::BTreeMap<usize, Value> = std::collections::BTreeMap::new();
    for Ranked { value, .. } in ranked {
        let before = taken.range(..value.range.end).next_back();
        if before.is_none_or(|(_, other)| other.range.end <= value.range.start) {
            taken.insert(value.range.start, value);
        }
    }
    taken.into_values().collect()
}
