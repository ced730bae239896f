//! The lexicon: words and phrases that carry meaning for detectors, found in one pass.
//!
//! Detectors do not look for phrases each on their own. They name concepts ("to override", "the rules
//! given before"), the lexicon lists how people write them in several languages ([`crate::terms`]), and
//! one Aho-Corasick automaton over the folded text finds all of them together. Rules then ask for
//! concepts near each other ([`crate::rules`]).

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::fold::fold;
use crate::terms::TERMS;

/// What a term means. One bit each, so fewer than 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Concept {
    /// To ignore, forget, override.
    Override,
    /// Previous, above, given before.
    Prior,
    /// Your, all, any.
    Your,
    /// Instructions, rules, guidelines.
    Instruction,
    /// "Everything above", "the text before".
    PriorText,
    /// To bypass, disable, circumvent.
    Disable,
    /// Without, free of, no.
    Without,
    /// Safety, guardrails, filters, ethics.
    Safety,
    /// Unrestricted, uncensored, amoral.
    Unrestricted,
    /// You are now, act as, pretend to be.
    Role,
    /// Outside of, exempt from.
    Beyond,
    /// Names of known jailbreaks and made-up modes.
    Mode,
    /// A made-up mode that also has an honest meaning.
    WeakMode,
    /// Tokens of chat templates.
    Template,
    /// The start of a line in a pretended conversation.
    Turn,
    /// "Never refuse", "no disclaimers".
    NoRefusal,
    /// "Stay in character", "two responses".
    Persona,
    /// Decode, decipher.
    Decode,
    /// Base64, rot13 and the like.
    Cipher,
    /// Follow it, execute it.
    Obey,
    /// Show, reveal, repeat.
    Show,
    /// The system prompt, the instructions given to the model.
    Prompt,
    /// The start of a question or request about a subject: explain, what is, how do I prevent.
    About,
    /// An AI or assistant that is addressed.
    Assistant,
    /// To send, reply, include, call.
    Act,
    /// "In your response", "your answer".
    Answer,
    /// "Do not tell the user", silently.
    Secretly,
    /// Styles and markup that hide text.
    Hidden,
    /// Memory of the assistant as a target.
    Memory,
    /// To remember, to store.
    Remember,
    /// Authority that a document claims: "system update", "new instructions".
    Authority,
    /// Tool, function, API.
    Tool,
    /// Prefixes of credential formats.
    Credential,
    /// Words that name a secret.
    SecretWord,
    /// Whenever, every time.
    Whenever,
    /// Always answer, must respond.
    Always,
    /// Asked, sees, mentions.
    Trigger,
    /// As a fact, as true.
    Fact,
    /// Training data, fine-tuning, knowledge base.
    Training,
    /// Poison, backdoor, trigger phrase.
    Poison,
    /// The start of a URL.
    Url,
    /// A Markdown image.
    Image,
    /// Which, what, list.
    Ask,
    /// What an attacker maps: tools, model version, endpoints, permissions.
    Surface,
    /// "You have", "can you access", "available to you".
    YouHave,
    /// Commands that destroy.
    Destroy,
    /// Commands that fetch.
    Fetch,
    /// "| sh".
    PipeShell,
    /// Reverse shells.
    ReverseShell,
    /// Paths of credentials.
    SecretPath,
    /// Cloud metadata services.
    Metadata,
    /// SQL that destroys.
    SqlDestroy,
    /// Rules that forward or delete mail.
    MailRule,
    /// Up the directory tree.
    Traversal,
    /// To send data out of a host.
    Upload,
}

/// A set of concepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concepts(u128);

impl Concepts {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of `concepts`.
    pub const fn of(concepts: &[Concept]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < concepts.len() {
            bits |= 1 << concepts[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// Whether the sets share a member.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `concept` is a member.
    pub const fn has(self, concept: Concept) -> bool {
        self.0 & (1 << concept as u8) != 0
    }

    /// Members of either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

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

/// The lexicon does not compile: too many or too long terms for the automaton's state ids.
#[derive(Debug, thiserror::Error)]
#[error("the lexicon does not compile: {0}")]
pub struct LexiconError(#[from] aho_corasick::BuildError);

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
    /// Compiles [`TERMS`].
    pub fn new() -> Result<Self, LexiconError> {
        let mut terms: Vec<(String, Meaning)> = Vec::new();
        for (concept, words) in TERMS {
            for word in *words {
                add(&mut terms, Concepts::of(&[*concept]), word);
            }
        }
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

fn add(terms: &mut Vec<(String, Meaning)>, concepts: Concepts, word: &str) {
    let open = word.ends_with('*');
    let text = fold(word.strip_suffix('*').unwrap_or(word)).text;
    let glued = text.chars().next().is_some_and(|c| !c.is_ascii());
    terms.push((text, Meaning { concepts, open, glued }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_prefixes_open() {
        let lexicon = Lexicon::new().expect("compiles");
        let concepts = |text: &str| lexicon.hits(text).iter().fold(Concepts::NONE, |all, hit| all.or(hit.concepts));
        assert!(concepts("ignoring it").has(Concept::Override));
        assert!(!concepts("the ruler").has(Concept::Instruction));
        assert!(concepts("the rules.").has(Concept::Instruction));
    }

    #[test]
    fn every_concept_has_terms_and_every_term_is_findable() {
        let lexicon = Lexicon::new().expect("compiles");
        for (concept, words) in TERMS {
            assert!(!words.is_empty(), "{concept:?}");
            for word in *words {
                let text = fold(word.strip_suffix('*').unwrap_or(word)).text;
                let hits = lexicon.hits(&text);
                assert!(hits.iter().any(|hit| hit.concepts.has(*concept)), "{concept:?} {word:?} is shadowed");
            }
        }
    }
}
