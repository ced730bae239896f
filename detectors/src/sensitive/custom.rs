//! An operator's own sensitive information types: the text of a TOML file, checked and compiled.
//!
//! Each `[[type]]` has an `id` and a `name`, and a `regex`, or `words` alone, which are then the values themselves.
//! `check` names a check digit scheme for what the expression finds; `words` speak for it within `distance_max`
//! characters. Where words are required, the expression runs only around them; where a type says with `alone` how
//! sure it is without, over the whole text, in linear time. The crate reads no files: the text comes in
//! [`crate::Settings`].

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::checks::Scheme;
use super::information_type::{Check, Confidence, Family, InformationType};
use super::words::{DISTANCE_MAX, reach};
use super::{Value, checks};
use crate::fold::fold;
use crate::view::Text;

/// The longest file, in bytes.
pub const SOURCE_BYTES_MAX: usize = 1 << 20;
/// The most types.
pub const TYPES_MAX: usize = 200;
/// The most words of one type.
pub const WORDS_MAX: usize = 1000;
/// The largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 2 << 20;
/// How many values of one type in one text are looked at.
const VALUES_MAX: usize = 256;

/// What is wrong with a file of types.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustomTypesError {
    /// Too long to be read.
    #[error("the types have {0} bytes, more than {SOURCE_BYTES_MAX}")]
    Long(usize),
    /// Too many types.
    #[error("there are {0} types, more than {TYPES_MAX}")]
    Many(usize),
    /// No TOML, or a key that means nothing.
    #[error("the types cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// An id that is empty, no snake case, or one that Weir or another type has.
    #[error("type {0:?}: the id must be new, of small letters, digits and underscores")]
    Id(String),
    /// One type that says nothing, or says it wrongly.
    #[error("type {id:?}: {problem}")]
    Type {
        /// The type.
        id: String,
        /// What is wrong, with the remedy.
        problem: String,
    },
    /// The words do not compile.
    #[error("the words do not compile: {0}")]
    Words(#[from] aho_corasick::BuildError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypesFile {
    #[serde(default, rename = "type")]
    types: Vec<TypeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeFile {
    id: String,
    name: String,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    check: Option<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    distance_max: Option<usize>,
    #[serde(default)]
    with_words: Option<Level>,
    #[serde(default)]
    alone: Option<Level>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Low,
    Medium,
    High,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

#[derive(Debug)]
struct CustomType {
    kind: &'static InformationType,
    regex: Option<Regex>,
    words: Option<AhoCorasick>,
    distance_max: usize,
    with_words: Confidence,
}

/// An operator's compiled types. Equal when they were written alike.
#[derive(Debug)]
pub struct CustomTypes {
    source: String,
    types: Vec<CustomType>,
}

impl PartialEq for CustomTypes {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl CustomTypes {
    /// Compiles the text of a file of types. Their names live as long as the process, as configuration does.
    ///
    /// # Errors
    /// Says which type is wrong and how.
    pub fn parse(source: &str) -> Result<Self, CustomTypesError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(CustomTypesError::Long(source.len()));
        }
        let file: TypesFile = toml::from_str(source)?;
        if file.types.len() > TYPES_MAX {
            return Err(CustomTypesError::Many(file.types.len()));
        }
        let mut ids: BTreeSet<String> = super::types::all().map(|kind| kind.id.to_owned()).collect();
        let mut types = Vec::new();
        for kind in file.types {
            let legal = kind.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !legal || kind.id.is_empty() || !ids.insert(kind.id.clone()) {
                return Err(CustomTypesError::Id(kind.id));
            }
            types.push(compiled(kind)?);
        }
        Ok(Self { source: source.to_owned(), types })
    }

    /// Gives what the types find in a text; `false` where a limit ended the search.
    pub(crate) fn find(&self, text: &Text<'_>, mut give: impl FnMut(Value)) -> bool {
        let cut = self.types.iter().filter(|kind| !kind.find(text, &mut give)).count();
        cut == 0
    }
}

impl CustomType {
    fn find(&self, text: &Text<'_>, give: &mut impl FnMut(Value)) -> bool {
        let folded = text.folded();
        let hits = self.words.iter().flat_map(|words| words.find_iter(folded));
        let words: Vec<Range<usize>> =
            hits.map(|hit| hit.range()).filter(|range| whole(folded, range)).take(VALUES_MAX + 1).collect();
        let value = |range: Range<usize>, confidence| Value { kind: self.kind, range, confidence: Some(confidence) };
        let Some(regex) = &self.regex else {
            words.iter().take(VALUES_MAX).for_each(|word| give(value(super::raw_range(text, word), self.with_words)));
            return words.len() <= VALUES_MAX;
        };
        let mut near: Vec<Range<usize>> = Vec::new();
        for word in &words {
            let part = super::raw_range(text, &reach(folded, word, self.distance_max));
            match near.last_mut() {
                Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                _ => near.push(part),
            }
        }
        let everywhere = std::iter::once(0..text.raw().len()).filter(|_| self.kind.alone.is_some());
        let around = near.iter().filter(|_| self.kind.alone.is_none()).cloned();
        let mut count = 0;
        for part in everywhere.chain(around) {
            let found = regex.find_iter(text.raw().get(part.clone()).unwrap_or_default());
            for found in found.filter(|found| !found.is_empty() && self.holds(found.as_str())) {
                let range = part.start + found.start()..part.start + found.end();
                let worded = near.iter().any(|near| near.start <= range.start && range.end <= near.end);
                if let Some(confidence) = if worded { Some(self.with_words) } else { self.kind.alone } {
                    count += 1;
                    if count > VALUES_MAX {
                        return false;
                    }
                    give(value(range, confidence));
                }
            }
        }
        words.len() <= VALUES_MAX
    }

    fn holds(&self, found: &str) -> bool {
        let Check::Digits(check) = self.kind.check else { return true };
        let compact: Vec<u8> =
            found.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
        check(&compact)
    }
}

fn compiled(file: TypeFile) -> Result<CustomType, CustomTypesError> {
    let wrong = |problem: String| CustomTypesError::Type { id: file.id.clone(), problem };
    if file.regex.is_none() && file.words.is_empty() {
        return Err(wrong("give it a regex, or words".to_owned()));
    }
    if file.regex.is_some() && file.words.is_empty() && file.alone.is_none() {
        return Err(wrong(
            "without words nothing would be found: give it words, or say with `alone` how sure it is".to_owned(),
        ));
    }
    if file.words.len() > WORDS_MAX || file.words.iter().any(|word| fold(word).text.trim().is_empty()) {
        return Err(wrong(format!("words must be 1 to {WORDS_MAX}, none empty")));
    }
    let check = match file.check.as_deref() {
        None => Check::Words,
        Some(name) => Check::Digits(scheme(name).ok_or_else(|| {
            let known: Vec<&str> = SCHEMES.iter().map(|(name, _)| *name).collect();
            wrong(format!("no check is called {name:?}: known are {}", known.join(", ")))
        })?),
    };
    let distance_max = file.distance_max.unwrap_or(DISTANCE_MAX);
    if !(1..=DISTANCE_MAX).contains(&distance_max) {
        return Err(wrong(format!("distance_max is {distance_max}: it must be 1 to {DISTANCE_MAX}")));
    }
    let regex = file.regex.as_deref().map(|written| {
        let built = RegexBuilder::new(written).size_limit(REGEX_BYTES_MAX).build();
        built.map_err(|error| {
            wrong(format!("{written:?} is no regular expression: {}", error.to_string().replace('\n', " ")))
        })
    });
    let words = file.words.iter().map(|word| fold(word).text);
    let words = (!file.words.is_empty())
        .then(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words))
        .transpose()?;
    let regex = regex.transpose()?;
    // An annotation's subtype is a constant everywhere else: a bounded number of names, read once, is left for ever.
    let (id, name) = (&*file.id.leak(), &*file.name.leak());
    let mut kind = InformationType::new(Family::Custom, id, name, &[], check).source("configuration");
    kind.alone = file.alone.map(Confidence::from);
    let with_words = file.with_words.map_or(Confidence::High, Confidence::from);
    Ok(CustomType { kind: Box::leak(Box::new(kind)), regex, words, distance_max, with_words })
}

/// The schemes that configuration may name.
const SCHEMES: [(&str, Scheme); 6] = [
    ("icao", checks::icao),
    ("luhn", checks::luhn),
    ("mod_11_10", checks::mod_11_10),
    ("mod_11_2", checks::mod_11_2),
    ("mod_97_10", mod_97_10),
    ("verhoeff", checks::verhoeff),
];

fn scheme(name: &str) -> Option<Scheme> {
    SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// ISO/IEC 7064 MOD 97-10: the last two digits check what stands before them.
fn mod_97_10(number: &[u8]) -> bool {
    checks::mod_97(number.iter().copied()) == 1
}

/// Whether a word is no part of a longer one.
fn whole(text: &str, range: &Range<usize>) -> bool {
    let word = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
    (!word(range.start.checked_sub(1)) || !word(Some(range.start)))
        && (!word(Some(range.end)) || !word(Some(range.end - 1)))
}

#[cfg(test)]
mod tests {
    use schemas::{Channel, Message};

    use super::*;
    use crate::cases::talk;
    use crate::lexicon::Lexicon;
    use crate::view::View;

    const TYPES: &str = r#"
[[type]]
id = "contoso_badge"
name = "Contoso badge number"
regex = 'CB-\d{6}'
words = ["badge", "Ausweis"]
distance_max = 40
[[type]]
id = "contoso_account"
name = "Contoso account"
regex = '\b7\d{7}\b'
check = "luhn"
alone = "low"
words = ["account"]
with_words = "medium"
[[type]]
id = "contoso_project"
name = "Contoso's secret projects"
words = ["Blue Heron"]
"#;

    fn found(text: &str) -> Vec<(String, String, Confidence)> {
        let types = CustomTypes::parse(TYPES).expect("parses");
        let interaction = talk(vec![Message::request(Channel::User, text)]);
        let lexicon = Lexicon::new().expect("compiles");
        let view = View::new(&interaction, &lexicon);
        let mut found = Vec::new();
        let give = |value: Value| {
            found.push((
                value.kind.id.to_owned(),
                text.get(value.range).expect("a place").to_owned(),
                value.confidence.expect("sure"),
            ))
        };
        assert!(types.find(&view.messages[0].texts[0], give));
        found
    }

    #[test]
    fn types_find_what_they_say() {
        let one = |id: &str, text: &str, confidence| vec![(id.to_owned(), text.to_owned(), confidence)];
        assert_eq!(found("my badge is CB-123456"), one("contoso_badge", "CB-123456", Confidence::High));
        assert_eq!(found("CB-123456"), []);
        assert_eq!(found(&format!("badge {} CB-123456", "x".repeat(60))), []);
        assert_eq!(found("see 79927397"), [], "the check digit is wrong");
        assert_eq!(found("see 79927398"), one("contoso_account", "79927398", Confidence::Low));
        assert_eq!(found("account 79927398"), one("contoso_account", "79927398", Confidence::Medium));
        assert_eq!(found("about BLUE heron"), one("contoso_project", "BLUE heron", Confidence::High));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| CustomTypes::parse(text).expect_err("wrong").to_string();
        let of = |rest: &str| error(&format!("[[type]]\nid = 'a'\nname = 'A'\n{rest}"));
        assert!(error("type = 3").starts_with("the types cannot be read"));
        assert!(error("[[type]]\nid='us_ssn'\nname='x'\nwords=['x']").contains("must be new"));
        assert!(error("[[type]]\nid='A-B'\nname='x'\nwords=['x']").contains("small letters"));
        assert!(of("").contains("give it a regex, or words"));
        assert!(of("regex = 'x'").contains("without words nothing would be found"));
        assert!(of("regex = '(x'\nalone = 'low'").contains("is no regular expression"));
        assert!(of("words = ['x']\ncheck = 'crc'").contains("known are icao, luhn"));
        assert!(of("words = ['x']\ndistance_max = 9999").contains("1 to 300"));
        assert!(of("words = ['']").contains("none empty"));
        assert!(of("wordz = ['x']").contains("wordz"));
        assert!(CustomTypes::parse(&" ".repeat(SOURCE_BYTES_MAX + 1)).is_err());
    }
}
