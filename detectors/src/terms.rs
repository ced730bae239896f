//! How people write the concepts of the lexicon: the files in `terms/`, compiled in, and their format.
//!
//! A file is a group of concepts. A line without indentation that ends in a colon names a concept of
//! [`Concept`]; the indented lines below are its terms, one each. Lines that start with `#` are comments,
//! empty lines mean nothing. In a term `*` at the end lets the word go on, and `\n`, `\s` and `\\` stand
//! for a line break, a space (editors cut spaces that end a line) and a backslash.
//!
//! Terms are written as people write them and folded when they are compiled. A term may stand under
//! several concepts, a concept in one place only. Keep single words where a rule can ask for neighbours,
//! phrases only where the phrase itself is the sign.

use std::collections::HashSet;

use crate::concept::Concept;
use crate::fold::fold;

/// The files, by name.
const FILES: [(&str, &str); 10] = [
    ("commands", include_str!("../terms/commands.txt")),
    ("credentials", include_str!("../terms/credentials.txt")),
    ("encoding", include_str!("../terms/encoding.txt")),
    ("injection", include_str!("../terms/injection.txt")),
    ("instructions", include_str!("../terms/instructions.txt")),
    ("links", include_str!("../terms/links.txt")),
    ("personas", include_str!("../terms/personas.txt")),
    ("poisoning", include_str!("../terms/poisoning.txt")),
    ("reconnaissance", include_str!("../terms/reconnaissance.txt")),
    ("rules", include_str!("../terms/rules.txt")),
];

/// One way in which people write a concept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// What it means.
    pub concept: Concept,
    /// The folded text.
    pub text: String,
    /// Whether the word may go on, as after `ignor`.
    pub open: bool,
}

/// What is wrong with the terms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// A line of a file.
    #[error("terms/{file}.txt:{line}: {problem}")]
    Line {
        /// The file's name without its ending.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: Problem,
    },
    /// A concept that no file lists.
    #[error("{0} is in no file of terms")]
    Missing(&'static str),
}

/// What may be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Neither a comment nor a concept nor indented.
    #[error("{0:?} is neither `Concept:` nor an indented term")]
    Line(String),
    /// A concept that the code does not know.
    #[error("{0:?} is no concept of src/concept.rs")]
    UnknownConcept(String),
    /// A concept whose terms stand elsewhere already.
    #[error("{0} has its terms in two places")]
    RepeatedConcept(&'static str),
    /// A concept that no term stands below.
    #[error("{0} has no terms")]
    EmptyConcept(&'static str),
    /// A term before the first concept.
    #[error("the term {0:?} stands below no concept")]
    Homeless(String),
    /// Nothing to look for, or a backslash before something else than `n`, `s` or a backslash.
    #[error("{0:?} is no term")]
    Term(String),
    /// A term that the concept has already, in the same or another spelling that folds alike.
    #[error("{0} has the term {1:?} twice")]
    RepeatedTerm(&'static str, String),
}

/// The terms of every file.
///
/// # Errors
/// The first thing that is wrong; the tests rule that out for the files that ship.
pub fn terms() -> Result<Vec<Term>, TermsError> {
    let mut reader = Reader::default();
    for (file, text) in FILES {
        reader.file(text).map_err(|(line, problem)| TermsError::Line { file, line, problem })?;
    }
    match Concept::ALL.iter().find(|concept| !reader.listed.contains(concept)) {
        Some(concept) => Err(TermsError::Missing(concept.name())),
        None => Ok(reader.terms),
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    terms: Vec<Term>,
    listed: Vec<Concept>,
    known: HashSet<(Concept, String)>,
}

impl Reader {
    /// Reads one file; an error comes with its line, from 1.
    fn file(&mut self, text: &str) -> Result<(), (usize, Problem)> {
        // The concept that is being listed, where it began, and the terms before it.
        let mut open: Option<(Concept, usize, usize)> = None;
        for (line, content) in (1..).zip(text.lines()) {
            let at = |problem| (line, problem);
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if let Some(written) = content.strip_prefix("  ") {
                let (concept, ..) = open.ok_or_else(|| at(Problem::Homeless(written.to_owned())))?;
                self.term(concept, written).map_err(at)?;
            } else {
                self.close(open)?;
                open = Some((self.heading(content).map_err(at)?, line, self.terms.len()));
            }
        }
        self.close(open)
    }

    /// A concept has at least one term.
    fn close(&self, open: Option<(Concept, usize, usize)>) -> Result<(), (usize, Problem)> {
        match open {
            Some((concept, line, before)) if before == self.terms.len() => {
                Err((line, Problem::EmptyConcept(concept.name())))
            }
            _ => Ok(()),
        }
    }

    fn heading(&mut self, content: &str) -> Result<Concept, Problem> {
        let name = content.strip_suffix(':').ok_or_else(|| Problem::Line(content.to_owned()))?;
        let concept = Concept::ALL.iter().copied().find(|concept| concept.name() == name);
        let concept = concept.ok_or_else(|| Problem::UnknownConcept(name.to_owned()))?;
        if self.listed.contains(&concept) {
            return Err(Problem::RepeatedConcept(concept.name()));
        }
        self.listed.push(concept);
        Ok(concept)
    }

    fn term(&mut self, concept: Concept, written: &str) -> Result<(), Problem> {
        let open = written.ends_with('*');
        let text = unescape(written.strip_suffix('*').unwrap_or(written)).map(|text| fold(&text).text);
        // Space at an end that nobody sees is a mistake; where it is meant it is escaped.
        let text = text
            .filter(|text| !text.is_empty() && written.trim() == written)
            .ok_or_else(|| Problem::Term(written.to_owned()))?;
        if !self.known.insert((concept, text.clone())) {
            return Err(Problem::RepeatedTerm(concept.name(), written.to_owned()));
        }
        self.terms.push(Term { concept, text, open });
        Ok(())
    }
}

/// The text with its escapes resolved; `None` where it holds another escape.
fn unescape(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                's' => ' ',
                '\\' => '\\',
                _ => return None,
            },
            _ => c,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_parse() {
        let terms = terms().unwrap_or_else(|error| panic!("{error}"));
        for concept in Concept::ALL {
            assert!(terms.iter().any(|term| term.concept == *concept), "{concept:?}");
        }
        let has = |text: &str, open| terms.iter().any(|term| term.text == text && term.open == open);
        assert!(has("ignor", true) && has("rm -rf / ", false) && has("\nuser:", true) && has("..\\..\\", true));
    }

    #[test]
    fn every_file_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/terms");
        let entries = std::fs::read_dir(folder).expect("terms/").map(|entry| entry.expect("entry").file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        assert_eq!(names, FILES.map(|(name, _)| format!("{name}.txt")));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = |text: &str| Reader::default().file(text).expect_err("wrong");
        assert_eq!(error("# x\n  ignore\n"), (2, Problem::Homeless("ignore".into())));
        assert_eq!(error("Override\n"), (1, Problem::Line("Override".into())));
        assert_eq!(error("Overide:\n  ignore\n"), (1, Problem::UnknownConcept("Overide".into())));
        assert_eq!(error("\nOverride:\n\nPrior:\n  before\n"), (2, Problem::EmptyConcept("Override")));
        assert_eq!(error("Url:\n  http://*\nImage:\n"), (3, Problem::EmptyConcept("Image")));
        assert_eq!(error("Url:\n  a\nUrl:\n  b\n"), (3, Problem::RepeatedConcept("Url")));
        assert_eq!(error("Url:\n  a\n  Á*\n"), (3, Problem::RepeatedTerm("Url", "Á*".into())));
        for term in ["a\\t", "a\\", "a ", " a", "*", ""] {
            assert_eq!(error(&format!("Url:\n  {term}\n")), (2, Problem::Term(term.into())), "{term:?}");
        }
    }
}
