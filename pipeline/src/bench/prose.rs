//! Text that is worth as much as what people write, as far as a compressor can tell.
//!
//! A benchmark that fills its records with one sentence measures the broker at transporting nothing: lz4
//! makes a fiftieth of it. Words of a vocabulary as large as a conversation's, each as rare as its rank says
//! (Zipf), come out at less than half their size, as English prose does.

use fastrand::Rng;

const WORDS: usize = 4000;
const ONSETS: [&str; 16] = ["", "b", "d", "f", "g", "l", "m", "n", "p", "r", "s", "st", "t", "th", "tr", "w"];
const NUCLEI: [&str; 7] = ["a", "e", "i", "o", "u", "ea", "ou"];
const CODAS: [&str; 7] = ["", "", "n", "r", "s", "t", "l"];

/// An endless text, the same for the same seed.
pub(super) struct Prose {
    words: Vec<String>,
    rng: Rng,
}

impl Prose {
    /// A text of its own vocabulary.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let words = (0..WORDS).map(|rank| word(rank, &mut rng)).collect();
        Self { words, rng }
    }

    /// The next words, cut to `bytes`.
    pub(super) fn take(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            let rank = (WORDS as f64).powf(self.rng.f64()) as usize;
            text.push_str(self.words.get(rank - 1).map_or("", String::as_str));
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}

/// A word; the rarer, the longer.
fn word(rank: usize, rng: &mut Rng) -> String {
    let syllables = 1 + usize::from(rank > 60) + usize::from(rank > 1500);
    let mut pick = |list: &[&'static str]| rng.choice(list).copied().unwrap_or_default();
    (0..syllables).flat_map(|_| [pick(&ONSETS), pick(&NUCLEI), pick(&CODAS)]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_texts_are_alike_and_a_seed_repeats_them() {
        let texts = |seed| {
            let mut prose = Prose::new(seed);
            (0..100).map(|_| prose.take(1000)).collect::<Vec<_>>()
        };
        assert_eq!(texts(1), texts(1));
        assert_eq!(texts(1).into_iter().collect::<HashSet<_>>().len(), 100);
        assert!(texts(1).iter().all(|text| text.len() == 1000));
    }

    #[test]
    fn its_words_are_as_varied_as_those_of_people() {
        let text = Prose::new(1).take(100_000);
        let words: Vec<_> = text.split(' ').collect();
        let kinds = words.iter().collect::<HashSet<_>>().len();
        assert!(kinds > words.len() / 20 && kinds < words.len() / 2, "{kinds} kinds of {} words", words.len());
    }
}
