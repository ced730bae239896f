//! The lexicon: words and phrases that carry meaning for detectors, found in one pass.
//!
//! Detectors do not look for phrases each on their own. They name concepts ("to override", "the rules
//! given before"), the lexicon lists how people write them in several languages ([`crate::terms`]), and
//! one Aho-Corasick automaton over the folded text finds all of them together. Rules then ask for
//! concepts near each other ([`crate::rules`]).

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::concept::Concepts;
use crate::terms::{Term, TermsError, terms};

/// One term in a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// First byte.
    pub start: u32,
    /// Past the last byte.
    pub end: u32,
    /// What it means.
    pub concepts: Concepts,
}

/// Why the lexicon does not compile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// The files of terms are wrong.
    #[error("the lexicon cannot be read: {0}")]
    Terms(#[from] TermsError),
    /// Too many or too long terms for the automaton's state ids.
    #[error("the lexicon does not compile: {0}")]
    Automaton(#[from] aho_corasick::BuildError),
}

/// The compiled terms.
#[derive(Debug)]
pub struct Lexicon {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

#[derive(Clone, Copy, Debug)]
struct Meaning {
    concepts: Concepts,
    /// The term may go on, as `ignor*` does.
    open: bool,
    /// A word may end directly before it, as in scripts without spaces.
    glued: bool,
}

impl Lexicon {
    /// Reads and compiles the terms.
    ///
    /// # Errors
    /// Where the terms are wrong or too many; the tests rule both out for those that ship.
    pub fn new() -> Result<Self, LexiconError> {
        let mut terms: Vec<(String, Meaning)> = terms()?.into_iter().map(compiled).collect();
        terms.sort_by(|a, b| a.0.cmp(&b.0));
        terms.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1.concepts = first.1.concepts.or(next.1.concepts);
                first.1.open |= next.1.open;
            }
            same
        });
        inherit(&mut terms);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(terms.iter().map(|(text, _)| text))?;
        Ok(Self { automaton, meanings: terms.into_iter().map(|(_, meaning)| meaning).collect() })
    }

    /// The terms in a folded text, in order, not overlapping, whole words only.
    pub fn hits(&self, folded: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for found in self.automaton.find_iter(folded) {
            let Some(meaning) = self.meanings.get(found.pattern().as_usize()) else { continue };
            if whole(folded, found.start(), found.end(), *meaning) {
                let (start, end) = (found.start() as u32, found.end() as u32);
                hits.push(Hit { start, end, concepts: meaning.concepts });
            }
        }
        hits
    }
}

/// Gives each phrase the concepts of the terms within it: the automaton reports only the longest term at a
/// place, and "your instructions" must still count as "instructions".
fn inherit(terms: &mut [(String, Meaning)]) {
    let all: Vec<(String, Meaning)> = terms.to_vec();
    for (phrase, meaning) in terms.iter_mut().filter(|(phrase, _)| phrase.contains(' ')) {
        for (term, inner) in all.iter().filter(|(term, _)| term.len() < phrase.len()) {
            let inside = phrase.match_indices(term.as_str()).any(|(at, _)| whole(phrase, at, at + term.len(), *inner));
            if inside {
                meaning.concepts = meaning.concepts.or(inner.concepts);
            }
        }
    }
}

/// Whether a term at `start..end` is not a part of a longer word.
fn whole(text: &str, start: usize, end: usize, meaning: Meaning) -> bool {
    let word = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let starts = meaning.glued || !word(start.checked_sub(1)) || !word(Some(start));
    let ends = meaning.open || !word(Some(end)) || !word(end.checked_sub(1));
    starts && ends
}

fn compiled(term: Term) -> (String, Meaning) {
    let glued = term.text.chars().next().is_some_and(|c| !c.is_ascii());
    (term.text, Meaning { concepts: Concepts::of(&[term.concept]), open: term.open, glued })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concept::Concept;

    #[test]
    fn words_are_found_whole_and_prefixes_open() {
        let lexicon = Lexicon::new().expect("compiles");
        let concepts = |text: &str| lexicon.hits(text).iter().fold(Concepts::NONE, |all, hit| all.or(hit.concepts));
        assert!(concepts("ignoring it").has(Concept::Override));
        assert!(!concepts("the ruler").has(Concept::Instruction));
        assert!(concepts("the rules.").has(Concept::Instruction));
    }

    #[test]
    fn every_term_is_findable() {
        let lexicon = Lexicon::new().expect("compiles");
        for term in terms().expect("parse") {
            let hits = lexicon.hits(&term.text);
            assert!(hits.iter().any(|hit| hit.concepts.has(term.concept)), "{term:?} is shadowed");
        }
    }
}
