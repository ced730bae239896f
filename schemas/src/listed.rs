//! A list of words that is asked about texts of which nearly none stands in it.
//!
//! Identifiers, titles and names of members are held against such lists by the dozen for each record. What a text's
//! first byte and its length say is enough to tell that it is not listed, nearly always.

/// Words, none longer than 63 bytes.
pub(crate) struct Listed<const N: usize> {
    words: [&'static str; N],
    /// For the low bits of a first byte, in which the case of a letter has no part, a bit for each length.
    lengths: [u64; FIRST_BYTES],
}

const FIRST_BYTES: usize = 32;

impl<const N: usize> Listed<N> {
    pub(crate) const fn new(words: [&'static str; N]) -> Self {
        let mut lengths = [0; FIRST_BYTES];
        let mut at = 0;
        while at < N {
            let word = words[at].as_bytes();
            lengths[word[0] as usize % FIRST_BYTES] |= 1 << word.len();
            at += 1;
        }
        Self { words, lengths }
    }

    /// Whether `text` is one of the words.
    #[inline]
    pub(crate) fn has(&self, text: &str) -> bool {
        self.may_have(text) && self.words.contains(&text)
    }

    /// Whether `text` is one of the words, in any case.
    #[inline]
    pub(crate) fn has_in_any_case(&self, text: &str) -> bool {
        self.may_have(text) && self.words.iter().any(|word| word.eq_ignore_ascii_case(text))
    }

    #[inline]
    fn may_have(&self, text: &str) -> bool {
        let first = text.as_bytes().first().map_or(0, |byte| usize::from(*byte));
        text.len() < u64::BITS as usize && self.lengths[first % FIRST_BYTES] >> text.len() & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_listed_and_nothing_else() {
        const WORDS: Listed<4> = Listed::new(["a", "Ab", "n/a", "гость"]);
        for word in WORDS.words {
            assert!(WORDS.has(word) && WORDS.has_in_any_case(&word.to_ascii_uppercase()), "{word}");
        }
        let long = "a".repeat(65);
        for other in ["", "b", "ab", "a ", "n-a", "x/a", &long] {
            assert!(!WORDS.has(other), "{other}");
        }
        assert!(WORDS.has_in_any_case("aB") && !WORDS.has_in_any_case("ac"));
    }
}
