//! What only the words before it tell: names of people, postal addresses, codes of banks, conditions of patients.
//!
//! One automaton finds the words that introduce such things, and only what follows them is looked at, within a
//! bounded distance. Names and addresses without such words are not found, on purpose: a text is full of
//! capitalised words, and calling each a person would drown those that are.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;

use super::information_type::Confidence;
use super::types::worldwide::{HEALTH_CONDITION, PERSON_NAME, POSTAL_ADDRESS, SWIFT_BIC};
use crate::bounds::head;
use crate::view::Text;
use crate::work::work;

/// How many introductions of one text are followed.
pub const INTRODUCTIONS_MAX: usize = 256;
/// How far behind its introduction a thing may stand, in bytes.
const DISTANCE_BYTES_MAX: usize = 96;
/// How many words a name has.
const NAME_WORDS_MAX: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    /// A name, also of one word.
    Name,
    /// A name of at least two words.
    FullName,
    Address,
    Bic,
    Condition,
}

const INTRODUCTIONS: &[(&str, Thing)] = &[
    ("my name is ", Thing::Name),
    ("name is ", Thing::FullName),
    ("full name", Thing::FullName),
    ("billing name", Thing::FullName),
    ("cardholder", Thing::FullName),
    ("customer name", Thing::FullName),
    ("employee name", Thing::FullName),
    ("patient name", Thing::FullName),
    ("patient: ", Thing::FullName),
    ("mr. ", Thing::Name),
    ("mrs. ", Thing::Name),
    ("ms. ", Thing::Name),
    ("mein name ist ", Thing::Name),
    ("je m'appelle ", Thing::Name),
    ("me llamo ", Thing::Name),
    ("mi chiamo ", Thing::Name),
    ("meu nome e ", Thing::Name),
    ("address", Thing::Address),
    ("adresse", Thing::Address),
    ("anschrift", Thing::Address),
    ("direccion", Thing::Address),
    ("indirizzo", Thing::Address),
    ("endereco", Thing::Address),
    ("lives at", Thing::Address),
    ("lives on", Thing::Address),
    ("live at", Thing::Address),
    ("living at", Thing::Address),
    ("resides at", Thing::Address),
    ("ship to", Thing::Address),
    ("deliver to", Thing::Address),
    ("swift", Thing::Bic),
    ("bic", Thing::Bic),
    ("diagnosed with ", Thing::Condition),
    ("diagnosis of ", Thing::Condition),
    ("diagnosis: ", Thing::Condition),
    ("suffers from ", Thing::Condition),
    ("treated for ", Thing::Condition),
    ("tested positive for ", Thing::Condition),
    ("diagnose: ", Thing::Condition),
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| automaton(INTRODUCTIONS.iter().map(|(word, _)| *word)));

static CONDITION: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(CONDITIONS));

fn automaton(words: impl IntoIterator<Item = &'static str>) -> Option<AhoCorasick> {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).kind(Some(AhoCorasickKind::DFA)).build(words).ok()
}

/// Something that was introduced, in raw bytes.
pub struct Introduced {
    /// The type's id.
    pub id: &'static str,
    /// Where it stands.
    pub range: Range<usize>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// What a text introduces, and whether that is all.
pub fn introduced(text: &Text<'_>) -> (Vec<Introduced>, bool) {
    let folded = text.folded();
    let hits = AUTOMATON.iter().flat_map(|automaton| automaton.find_iter(folded));
    let mut found = Vec::new();
    for (count, hit) in hits.enumerate() {
        if count == INTRODUCTIONS_MAX {
            return (found, false);
        }
        let begins = hit
            .start()
            .checked_sub(1)
            .and_then(|at| folded.as_bytes().get(at))
            .is_none_or(|b| !b.is_ascii_alphanumeric());
        let Some((_, thing)) = INTRODUCTIONS.get(hit.pattern().as_usize()).filter(|_| begins) else { continue };
        let introduced = match thing {
            Thing::Name => name(text, hit.end(), 1),
            Thing::FullName => name(text, hit.end(), 2),
            Thing::Address => address(text, hit.end()),
            Thing::Bic => bic(text, hit.end()),
            Thing::Condition => condition(text, hit.end()),
        };
        found.extend(introduced);
    }
    (found, true)
}

/// One to four capitalised words, or a few letters of a script without case.
fn name(text: &Text<'_>, end: usize, words_min: usize) -> Option<Introduced> {
    let raw = text.raw();
    let behind = text.raw_at(end);
    let rest = head(raw.get(behind..)?, DISTANCE_BYTES_MAX);
    let lead = rest.len() - rest.trim_start_matches([' ', ':', '=', '"', '\'', '\t']).len();
    let lead = if rest.get(lead..)?.starts_with("is ") { lead + 3 } else { lead };
    let rest = rest.get(lead..)?;
    let (mut length, mut count) = (0, 0);
    for word in rest.split(' ').take(NAME_WORDS_MAX) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphabetic());
        if !is_name(bare) {
            break;
        }
        (length, count) = (length + usize::from(count > 0) + bare.len(), count + 1);
        if bare.len() < word.len() && !(word.len() == bare.len() + 1 && bare.chars().count() == 1) {
            break;
        }
        length += word.len() - bare.len();
    }
    let one = rest.get(..length).is_some_and(|name| name.chars().all(|c| !c.is_lowercase() && !c.is_uppercase()));
    let enough = count >= words_min || count == 1 && one;
    let start = behind + lead;
    enough.then(|| Introduced { id: PERSON_NAME, range: start..start + length, confidence: Confidence::Low })
}

fn is_name(word: &str) -> bool {
    let mut chars = word.chars();
    let Some(first) = chars.next() else { return false };
    let uncased = word.chars().all(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase());
    let cased = first.is_uppercase() && chars.all(|c| c.is_alphabetic() || matches!(c, '\'' | '-' | '’' | '.'));
    cased || uncased && (2..=5).contains(&word.chars().count())
}

/// Words for streets, folded, and endings of words for streets.
const STREETS: [&str; 46] = [
    "allee",
    "apt",
    "ave",
    "avenida",
    "avenue",
    "blvd",
    "boulevard",
    "caddesi",
    "calle",
    "carrer",
    "chemin",
    "corso",
    "court",
    "crescent",
    "drive",
    "gasse",
    "highway",
    "katu",
    "lane",
    "ln",
    "paseo",
    "piazza",
    "place",
    "platz",
    "plaza",
    "praca",
    "rd",
    "road",
    "rua",
    "rue",
    "sokak",
    "square",
    "st",
    "str",
    "strasse",
    "street",
    "suite",
    "terrace",
    "travessa",
    "turnpike",
    "ul",
    "ulica",
    "utca",
    "via",
    "viale",
    "weg",
];
const STREET_ENDINGS: [&str; 10] =
    ["strasse", "str", "straat", "gatan", "vagen", "gade", "vej", "katu", "weg", "gasse"];

/// How far a house number and the word for the street may stand apart, in words.
const ADDRESS_WORDS: usize = 3;

/// A word behind an introduction.
struct AddressWord {
    range: Range<usize>,
    number: bool,
    street: bool,
}

/// A house number with a word for a street within three words.
fn address(text: &Text<'_>, end: usize) -> Option<Introduced> {
    let window = head(text.folded().get(end..)?, DISTANCE_BYTES_MAX);
    if !window.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    work(window.len());
    // The words around the one that is looked at: three before it and three behind it.
    let mut near: VecDeque<AddressWord> = VecDeque::with_capacity(2 * ADDRESS_WORDS + 2);
    let mut words = address_words(window);
    near.extend(words.by_ref().take(ADDRESS_WORDS));
    let mut at = 0;
    loop {
        near.extend(words.next());
        let street = near.get(at)?.street;
        if street && near.iter().any(|word| word.number) {
            break;
        }
        if at < ADDRESS_WORDS { at += 1 } else { _ = near.pop_front() }
    }
    let ranges = near.iter().filter(|word| word.number || word.street).map(|word| &word.range);
    let (first, last) = (ranges.clone().map(|r| r.start).min()?, ranges.map(|r| r.end).max()?);
    let range = text.raw_at(end + first)..text.raw_at(end + last);
    Some(Introduced { id: POSTAL_ADDRESS, range, confidence: Confidence::Medium })
}

fn address_words(window: &str) -> impl Iterator<Item = AddressWord> {
    window.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ':' | ';' | '"')).map(|word| {
        let start = word.as_ptr() as usize - window.as_ptr() as usize;
        let number = word.len() <= 6 && word.starts_with(|c: char| c.is_ascii_digit());
        let street = STREETS.binary_search(&word).is_ok()
            || word.len() > 6 && STREET_ENDINGS.iter().any(|ending| word.ends_with(ending));
        AddressWord { range: start..start + word.len(), number, street }
    })
}

/// Eight or eleven characters: four letters of the bank, two of a country, two or five of place and branch.
fn bic(text: &Text<'_>, end: usize) -> Option<Introduced> {
    let start = text.raw_at(end);
    let window = head(text.raw().get(start..)?, DISTANCE_BYTES_MAX);
    let code = |word: &&str| {
        let letters = |part: Option<&str>| part.is_some_and(|part| part.bytes().all(|b| b.is_ascii_uppercase()));
        matches!(word.len(), 8 | 11)
            && letters(word.get(..6))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && matches!(word.as_bytes(), [_, _, _, _, a, b, ..] if memmem::find(COUNTRIES, &[b' ', *a, *b]).is_some())
    };
    work(window.len());
    let word = window.split(|c: char| !c.is_ascii_alphanumeric()).find(code)?;
    let at = start + (word.as_ptr() as usize - window.as_ptr() as usize);
    Some(Introduced { id: SWIFT_BIC, range: at..at + word.len(), confidence: Confidence::Medium })
}

/// Countries with banks in SWIFT (ISO 3166-1), as far as an everyday word does not read so.
const COUNTRIES: &[u8] = b" AD AE AF AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BJ BM BN BO BR BS BW BY CA CD CG CH CI CL \
    CM CN CO CR CU CV CY CZ DE DK DO DZ EC EE EG ES ET FI FJ FR GA GB GE GG GH GI GR GT HK HN HR HU ID IE IL IM IN IQ IR \
    IS IT JE JM JO JP KE KG KH KR KW KY KZ LA LB LI LK LT LU LV LY MA MC MD ME MG MK ML MM MN MO MR MT MU MV MW MX MY MZ \
    NA NE NG NI NL NO NP NZ OM PA PE PG PH PK PL PR PS PT PY QA RO RS RU RW SA SC SD SE SG SI SK SM SN SV SY TG TH TN TR \
    TT TW TZ UA UG US UY UZ VA VE VG VN YE ZA ZM ZW";

/// Conditions that the law protects more than others, folded.
const CONDITIONS: [&str; 34] = [
    "aids",
    "alzheimer",
    "anorexia",
    "anxiety",
    "arthritis",
    "asthma",
    "autism",
    "bipolar",
    "bulimia",
    "cancer",
    "carcinoma",
    "cirrhosis",
    "copd",
    "covid",
    "crohn",
    "dementia",
    "depression",
    "diabetes",
    "epilepsy",
    "gonorrhea",
    "hepatitis",
    "hiv",
    "hypertension",
    "leukemia",
    "lupus",
    "lymphoma",
    "melanoma",
    "multiple sclerosis",
    "parkinson",
    "psychosis",
    "ptsd",
    "schizophrenia",
    "syphilis",
    "tuberculosis",
];

fn condition(text: &Text<'_>, end: usize) -> Option<Introduced> {
    let window = head(text.folded().get(end..)?, DISTANCE_BYTES_MAX / 2);
    work(window.len());
    let named = CONDITION.as_ref()?.find(window)?;
    let range = text.raw_at(end + named.start())..text.raw_at(end + named.end());
    Some(Introduced { id: HEALTH_CONDITION, range, confidence: Confidence::Medium })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!(STREETS.is_sorted() && CONDITIONS.is_sorted());
    }
}
