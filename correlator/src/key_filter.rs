//! Which link keys may have counters: a Bloom filter in memory.
//!
//! Of a hundred signals ninety-nine have keys that no alert ever had; they must not cost a look into the store.
//! The filter says "no" for certain and "yes" wrongly now and then, which costs a read and changes nothing. It
//! only ever gains keys, and is made anew from the store when it is crowded or the state is opened.
//!
//! A key sets [`BITS_PER_KEY`] bits of one word, so that asking touches one line of the cache.

/// Bits that a key sets.
const BITS_PER_KEY: u32 = 4;
/// Keys per word from which the filter is crowded: at four, about one wrong "yes" in two hundred.
const KEYS_PER_WORD_MAX: usize = 4;
/// The smallest filter, 8 KiB.
const WORDS_MIN: usize = 1 << 10;
/// The largest one, 8 MiB: four million keys; beyond, wrong answers become more frequent, nothing else.
const WORDS_MAX: usize = 1 << 20;

/// The filter.
#[derive(Debug)]
pub struct KeyFilter {
    words: Vec<u64>,
    keys: usize,
}

impl KeyFilter {
    /// A filter with room for twice as many as `keys`, within its limits.
    pub fn with_room_for(keys: usize) -> Self {
        let words = (keys * 2).div_ceil(KEYS_PER_WORD_MAX).next_power_of_two().clamp(WORDS_MIN, WORDS_MAX);
        Self { words: vec![0; words], keys: 0 }
    }

    /// Adds a key by its hash.
    pub fn add(&mut self, hash: u64) {
        let (at, bits) = self.place(hash);
        if let Some(word) = self.words.get_mut(at).filter(|word| **word & bits != bits) {
            *word |= bits;
            self.keys += 1;
        }
    }

    /// Whether the key may have been added.
    pub fn may_have(&self, hash: u64) -> bool {
        let (at, bits) = self.place(hash);
        self.words.get(at).is_some_and(|word| word & bits == bits)
    }

    /// Whether it should be made anew, larger.
    pub fn is_crowded(&self) -> bool {
        self.words.len() < WORDS_MAX && self.is_full()
    }

    /// Whether more keys would make wrong answers frequent.
    pub fn is_full(&self) -> bool {
        self.keys > self.words.len() * KEYS_PER_WORD_MAX
    }

    /// How many keys it has, about.
    pub fn keys(&self) -> usize {
        self.keys
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let bits = (0..BITS_PER_KEY).fold(0, |bits, at| bits | 1 << ((hash >> (6 * at)) & 63));
        ((hash >> 32) as usize & (self.words.len() - 1), bits)
    }
}

/// The hash of the key that `code` and `id` name within `tenant`, eight bytes a step; in memory only, so no
/// part of any format.
pub fn hash(tenant: &str, code: u8, id: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    // Both halves of the product, so that every bit follows from all: names are numbered, and look alike.
    let step = |hash: u64, word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(FACTOR);
        wide as u64 ^ (wide >> 64) as u64
    };
    let text = |hash: u64, text: &str| {
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        let tail = rest.iter().fold(text.len() as u64, |tail, byte| tail << 8 | u64::from(*byte));
        words.iter().map(|word| u64::from_le_bytes(*word)).chain([tail]).fold(hash, step)
    };
    text(step(text(FACTOR, tenant), u64::from(code)), id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let forms: [fn(u32) -> String; 3] = [
            |number| format!("user{number}@contoso.example"),
            |number| format!("oid-{number:08}"),
            |number| format!("ws-{number}"),
        ];
        for form in forms {
            let key = |number: u32| hash("default", 14, &form(number));
            let mut filter = KeyFilter::with_room_for(1 << 17);
            let mut added = 0;
            while !filter.is_crowded() {
                filter.add(key(added));
                added += 1;
            }
            assert!((0..added).all(|number| filter.may_have(key(number))));
            let wrong = (added..added + 100_000).filter(|number| filter.may_have(key(*number))).count();
            assert!(wrong < 1_000, "{wrong} of 100,000 in a full filter");
            assert!(!KeyFilter::with_room_for(filter.keys).is_crowded());
        }
    }
}
