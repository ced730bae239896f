//! Features: what the learned scorer sees of a folded text, as a stream of hashes cut into chunks.
//!
//! Words and their neighbours, stems, short runs of letters, signs and what stands beside them, the
//! lexicon's concepts and the meanings of everyday words ([`crate::meaning`]) in their order. One pass
//! over the characters, a bounded number of hashes for each and nothing stored, so the scorer can add up
//! weights as they come and the trainer can collect them. A chunk is about a sentence; windows over
//! neighbouring chunks are the reader's business.
//!
//! The hashes belong to the weights: whoever changes one line here has to train again, and a test says so
//! ([`crate::model`]).

use crate::concept::Concept::{self, *};
use crate::concept::Concepts;
use crate::lexicon::Hit;
use crate::meaning::{DENSE_FROM, Meanings, Part, START, STEM_LETTERS, step};

/// The run of signs that is a single `@`.
const AT: u32 = step(START, '@' as u32);

/// Takes the features of one text in the order of the text.
pub trait Sink {
    /// One feature, by what it looks at. Any bits of the hash may be used, the high ones are mixed best.
    fn feature(&mut self, aspect: Aspect, hash: u32);
    /// The chunk that began at the end of the last one ends before byte `end`.
    fn chunk(&mut self, end: usize);
}

/// What a feature looks at. To score, that does not matter; a learner may look at one aspect without another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Words as they are written, with their neighbours and the signs beside them.
    Words,
    /// Short runs of letters.
    Letters,
    /// Concepts and meanings in their order, and signs by themselves.
    Meanings,
}

/// From how many bytes on a chunk ends with its sentence or line.
const CHUNK_BYTES_MIN: usize = 48;
/// From how many bytes on it ends with any word.
const CHUNK_BYTES_SOFT: usize = 200;
/// Where it ends whatever comes.
const CHUNK_BYTES_MAX: usize = 400;
/// How many single letters in a row are read as one word that somebody spelled out.
const SPELLED_LETTERS_MIN: u32 = 3;
/// Stands in the order of meanings where a sentence, a line or a quoted value begins. No meaning has its number.
const OPENING: u8 = u8::MAX;
/// Stands there for what follows an `@`: an address of whatever kind.
const ADDRESS: u8 = u8::MAX - 1;

/// The concepts that tell orders from talk; what others look for would only push these apart.
const CONCEPTS: Concepts = Concepts::of(&[
    Override,
    Prior,
    Your,
    Instruction,
    PriorText,
    Disable,
    Without,
    Safety,
    Unrestricted,
    Role,
    Beyond,
    Mode,
    WeakMode,
    Template,
    Turn,
    NoRefusal,
    Persona,
    Decode,
    Cipher,
    Obey,
    Show,
    Prompt,
    About,
    Assistant,
    Act,
    Answer,
    Secretly,
    Hidden,
    Memory,
    Remember,
    Authority,
    Tool,
    Image,
]);

/// The kinds of features: hashes of different kinds never meet on purpose.
#[derive(Clone, Copy)]
enum Kind {
    Word = 1,
    Pair,
    Triple,
    Skip,
    Stem,
    StemPair,
    Letters,
    DensePair,
    DenseTriple,
    Sign,
    WordSign,
    SignWord,
    Meaning,
    MeaningPair,
    MeaningTriple,
    Sense,
    SensePair,
    SenseTriple,
    SenseSkip,
    SenseFirst,
}

impl Kind {
    const fn aspect(self) -> Aspect {
        match self {
            Self::Word | Self::Pair | Self::Triple | Self::Skip | Self::Stem | Self::StemPair => Aspect::Words,
            Self::WordSign | Self::SignWord => Aspect::Words,
            Self::Letters | Self::DensePair | Self::DenseTriple => Aspect::Letters,
            Self::Sign | Self::Meaning | Self::MeaningPair | Self::MeaningTriple => Aspect::Meanings,
            Self::Sense | Self::SensePair | Self::SenseTriple | Self::SenseSkip | Self::SenseFirst => Aspect::Meanings,
        }
    }
}

/// Two or three hashes of one kind as one, well mixed.
fn mix(kind: Kind, a: u32, b: u32) -> u32 {
    let joined = (u64::from(a) << 32 | u64::from(b)) ^ (kind as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = joined.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    ((mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as u32
}

/// A hash for each concept, from its name, so that the order of the enum does not matter.
const CONCEPT_HASHES: [u32; 128] = {
    let mut table = [0; 128];
    let mut at = 0;
    while at < Concept::ALL.len() {
        let name = Concept::ALL[at].name().as_bytes();
        let (mut hash, mut byte) = (START, 0);
        while byte < name.len() {
            hash = step(hash, name[byte] as u32);
            byte += 1;
        }
        table[at] = hash;
        at += 1;
    }
    table
};

fn concepts_hash(concepts: Concepts) -> u32 {
    concepts.bits().fold(0, |all, bit| all ^ CONCEPT_HASHES[bit as usize & 127])
}

/// Sends the features of a folded text with its lexicon hits to `sink`.
pub fn extract(text: &str, hits: &[Hit], sink: &mut impl Sink) {
    let mut reader = Reader::new(sink, hits);
    for (at, c) in text.char_indices() {
        reader.take(at, c);
    }
    reader.end(text.len());
}

/// What a character is to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    /// Stands inside words without parting them.
    Joint,
    Space,
    Sign,
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' => Class::Letter,
        '0'..='9' => Class::Digit,
        '\'' => Class::Joint,
        '\n' => Class::Sign,
        _ if c.is_ascii_whitespace() => Class::Space,
        '\0'..='\x7F' => Class::Sign,
        // Vowel signs and viramas belong to words, so everything is a letter that is no space and no sign.
        '\u{A0}'..='\u{BF}' | '\u{2000}'..='\u{2BFF}' | '\u{3000}'..='\u{303F}' | '\u{FE10}'..='\u{FE6F}' => {
            if c.is_whitespace() { Class::Space } else { Class::Sign }
        }
        '\u{60C}' | '\u{61B}' | '\u{61F}' | '\u{964}' | '\u{965}' | '\u{1F000}'..='\u{1FAFF}' => Class::Sign,
        _ => Class::Letter,
    }
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\n' | ';' | '|' | '\u{3002}' | '\u{61F}' | '\u{964}')
}

fn opens_value(c: char) -> bool {
    matches!(c, ':' | '"' | '>' | '[' | '#' | '*')
}

struct Reader<'s, 'h, S> {
    sink: &'s mut S,
    hits: std::slice::Iter<'h, Hit>,
    meanings: &'static Meanings,
    /// Hashes of the last two concept sets.
    concepts: [u32; 2],
    /// The last three meanings, the latest first.
    senses: [u8; 3],
    /// Whether the next word opens a sentence, a line or a quoted value.
    opening: bool,
    chunk_start: usize,
    /// The word that is being read.
    word: u32,
    stem: u32,
    letters: u32,
    /// The last three words, the latest first, and the last stem.
    words: [u32; 3],
    last_stem: u32,
    /// Letters that stand alone, as one word.
    spelled: u32,
    spelled_letters: u32,
    /// Characters since the last word.
    gap: u32,
    /// The run of signs before the next word.
    signs: u32,
    /// The last four characters, one space for whatever parts words.
    recent: [u32; 4],
    sentence_over: bool,
}

impl<'s, 'h, S: Sink> Reader<'s, 'h, S> {
    fn new(sink: &'s mut S, hits: &'h [Hit]) -> Self {
        Self {
            sink,
            hits: hits.iter(),
            meanings: Meanings::shipped(),
            concepts: [0; 2],
            senses: [0; 3],
            opening: true,
            chunk_start: 0,
            word: START,
            stem: START,
            letters: 0,
            words: [0; 3],
            last_stem: 0,
            spelled: START,
            spelled_letters: 0,
            gap: 0,
            signs: step(START, '\n' as u32),
            recent: [' ' as u32; 4],
            sentence_over: false,
        }
    }

    fn take(&mut self, at: usize, c: char) {
        let class = class(c);
        match class {
            Class::Letter | Class::Digit => {
                self.sentence_over = false;
                self.letter(if class == Class::Digit { '0' } else { c });
            }
            Class::Joint if self.letters > 0 => {}
            _ => {
                self.end_word();
                self.gap += 1;
                if class != Class::Space {
                    self.signs = step(self.signs, c as u32);
                    self.sentence_over |= ends_sentence(c);
                    self.opening |= ends_sentence(c) || opens_value(c);
                }
            }
        }
        let length = at - self.chunk_start;
        if length < CHUNK_BYTES_MIN {
            return;
        }
        let over = self.letters == 0 && (self.sentence_over || length >= CHUNK_BYTES_SOFT);
        if over || length >= CHUNK_BYTES_MAX {
            self.end_chunk(at + c.len_utf8());
        }
    }

    fn letter(&mut self, c: char) {
        let value = c as u32;
        if self.letters == 0 {
            self.start_word();
        } else if c == '0' && self.recent[0] == value {
            // All numbers of two digits and more are one.
            return;
        }
        self.word = step(self.word, value);
        self.letters += 1;
        if self.letters == STEM_LETTERS {
            self.stem = self.word;
        }
        self.shift(value);
    }

    /// Lets a character into the recent ones and sends the runs that it completes.
    fn shift(&mut self, value: u32) {
        let [a, b, c, _] = self.recent;
        self.recent = [value, a, b, c];
        if value >= DENSE_FROM {
            self.send(Kind::DensePair, a, value);
            self.send(Kind::DenseTriple, b.rotate_left(16) ^ a, value);
            self.run([value, a, b, c]);
        }
        self.send(Kind::Letters, c.rotate_left(16) ^ b, a.rotate_left(16) ^ value);
    }

    fn start_word(&mut self) {
        if self.recent[0] != ' ' as u32 {
            self.shift(' ' as u32);
        }
    }

    fn end_word(&mut self) {
        if self.letters == 0 {
            return;
        }
        let (word, letters) = (self.word, self.letters);
        let stem = if letters > STEM_LETTERS { self.stem } else { word };
        (self.word, self.letters) = (START, 0);
        self.sense_of_word(word, (letters > STEM_LETTERS).then_some(stem));
        if letters == 1 && (self.spelled_letters == 0 || self.gap == 1) {
            self.spelled = step(self.spelled, self.recent[0]);
            self.spelled_letters += 1;
        } else {
            self.end_spelled();
        }
        self.push_word(word, stem);
        if self.signs != START {
            self.send(Kind::Sign, self.signs, 0);
            self.send(Kind::SignWord, self.signs, word);
            self.send(Kind::WordSign, self.words[1], self.signs);
        }
        (self.signs, self.gap) = (START, 0);
    }

    /// The meaning of a word, if it has one: of the whole, else of its stem.
    fn sense_of_word(&mut self, word: u32, stem: Option<u32>) {
        let first = std::mem::take(&mut self.opening);
        if first {
            self.senses = [OPENING, self.senses[0], self.senses[1]];
        }
        let address = self.signs == AT;
        let of = |part, hash| self.meanings.of(part, hash);
        let sense = of(Part::Word, word).or_else(|| stem.and_then(|stem| of(Part::Stem, stem)));
        if let Some(sense) = address.then_some(ADDRESS).or(sense) {
            self.push_sense(sense);
            if first {
                self.send(Kind::SenseFirst, u32::from(sense), 0);
            }
        }
    }

    /// The meaning of the longest run of characters that ends here, the latest character first.
    fn run(&mut self, [d, c, b, a]: [u32; 4]) {
        let pair = step(step(START, c), d);
        let triple = step(step(step(START, b), c), d);
        let four = step(step(step(step(START, a), b), c), d);
        let of = |hash| self.meanings.of(Part::Run, hash);
        if let Some(sense) = of(four).or_else(|| of(triple)).or_else(|| of(pair)) {
            self.push_sense(sense);
        }
    }

    /// Sends a meaning with those before it. The same twice in a row is one, as in "word for word".
    fn push_sense(&mut self, sense: u8) {
        let [a, b, c] = self.senses;
        if sense == a {
            return;
        }
        self.senses = [sense, a, b];
        let [sense, a, b, c] = [sense, a, b, c].map(u32::from);
        self.send(Kind::Sense, sense, 0);
        self.send(Kind::SensePair, a, sense);
        self.send(Kind::SenseTriple, b << 8 | a, sense);
        self.send(Kind::SenseSkip, b, sense);
        self.send(Kind::SenseSkip, c, sense);
    }

    fn push_word(&mut self, word: u32, stem: u32) {
        let [a, b, c] = self.words;
        self.send(Kind::Word, word, 0);
        self.send(Kind::Pair, a, word);
        self.send(Kind::Triple, b.rotate_left(9) ^ a, word);
        self.send(Kind::Skip, b, word);
        self.send(Kind::Skip, c, word);
        self.send(Kind::Stem, stem, 0);
        self.send(Kind::StemPair, self.last_stem, stem);
        self.words = [word, a, b];
        self.last_stem = stem;
    }

    fn end_spelled(&mut self) {
        if self.spelled_letters >= SPELLED_LETTERS_MIN {
            self.push_word(self.spelled, self.spelled);
        }
        (self.spelled, self.spelled_letters) = (START, 0);
    }

    fn end_chunk(&mut self, end: usize) {
        while let Some(hit) = self.hits.as_slice().first().filter(|hit| (hit.start as usize) < end) {
            self.hits.next();
            if !hit.concepts.meets(CONCEPTS) {
                continue;
            }
            let [a, b] = self.concepts;
            let concept = concepts_hash(hit.concepts);
            self.send(Kind::Meaning, concept, 0);
            self.send(Kind::MeaningPair, a, concept);
            self.send(Kind::MeaningTriple, b.rotate_left(9) ^ a, concept);
            self.concepts = [concept, a];
        }
        self.chunk_start = end;
        self.sentence_over = false;
        self.sink.chunk(end);
    }

    fn end(&mut self, length: usize) {
        self.end_word();
        self.end_spelled();
        if length > self.chunk_start {
            self.end_chunk(length);
        }
    }

    fn send(&mut self, kind: Kind, a: u32, b: u32) {
        self.sink.feature(kind.aspect(), mix(kind, a, b));
    }
}
