//! The head of a key: how many signals have it in each window of time, and with how many others.
//!
//! One small row a key that matters ([`crate::heads`]). It says without a scan whether anybody is
//! there to be linked, and how far the entity is spread: its *neighbours* are the users that records name
//! together with it, of a user the devices. They are kept as hashes, exactly up to the number that makes a
//! hub; beyond that nothing more is asked, so that a row stays small whatever a hub sees.
//!
//! Neighbours belong to a window of time and go with its signals, so that a spread is that of the time at
//! which something happened, and yesterday's hub is an ordinary entity today.

use std::collections::BTreeSet;

use crate::state::Class;

/// One window of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bucket {
    number: i64,
    counts: [u32; 3],
    neighbours: Vec<u32>,
}

impl Bucket {
    fn total(&self) -> u32 {
        self.counts.iter().fold(0, |sum: u32, count| sum.saturating_add(*count))
    }
}

/// The counters of a key, by window-sized bucket of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head(Vec<Bucket>);

/// Number, counts and the number of neighbours.
const BUCKET_BYTES: usize = 22;
const NEIGHBOUR_BYTES: usize = 4;

impl Head {
    /// Reads what [`Self::bytes`] wrote.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut buckets = Vec::new();
        while let Some((fixed, rest)) = bytes.split_first_chunk::<BUCKET_BYTES>() {
            let number = |at: usize| {
                let bytes = fixed.get(at..).and_then(|rest| rest.first_chunk::<4>());
                bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
            };
            let time = fixed.first_chunk::<8>().map_or(0, |bytes| i64::from_be_bytes(*bytes));
            let count = fixed.last_chunk::<2>().map_or(0, |bytes| u16::from_be_bytes(*bytes));
            let Some((hashes, rest)) = rest.split_at_checked(usize::from(count) * NEIGHBOUR_BYTES) else { break };
            let hashes = hashes.as_chunks::<NEIGHBOUR_BYTES>().0.iter().map(|hash| u32::from_be_bytes(*hash));
            let counts = [number(8), number(12), number(16)];
            buckets.push(Bucket { number: time, counts, neighbours: hashes.collect() });
            bytes = rest;
        }
        Self(buckets)
    }

    /// Its bytes; empty where nothing is counted.
    pub fn bytes(&self) -> Vec<u8> {
        let neighbours: usize = self.0.iter().map(|bucket| bucket.neighbours.len()).sum();
        let mut bytes = Vec::with_capacity(self.0.len() * BUCKET_BYTES + neighbours * NEIGHBOUR_BYTES);
        for bucket in &self.0 {
            bytes.extend_from_slice(&bucket.number.to_be_bytes());
            bucket.counts.iter().for_each(|count| bytes.extend_from_slice(&count.to_be_bytes()));
            let count = u16::try_from(bucket.neighbours.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&count.to_be_bytes());
            let kept = bucket.neighbours.iter().take(usize::from(count));
            kept.for_each(|hash| bytes.extend_from_slice(&hash.to_be_bytes()));
        }
        bytes
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let neighbours: usize = self.0.iter().map(|bucket| bucket.neighbours.len()).sum();
        self.0.len() * size_of::<Bucket>() + neighbours * NEIGHBOUR_BYTES
    }

    fn place(&self, number: i64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |bucket| bucket.number)
    }

    fn bucket(&self, number: i64) -> Option<&Bucket> {
        self.place(number).ok().and_then(|at| self.0.get(at))
    }

    /// One more signal of `class`.
    pub fn add(&mut self, number: i64, class: Class) {
        let counts = self.opened(number).and_then(|bucket| bucket.counts.get_mut(usize::from(class.code())));
        if let Some(count) = counts {
            *count = count.saturating_add(1);
        }
    }

    fn opened(&mut self, number: i64) -> Option<&mut Bucket> {
        let at = self.place(number).unwrap_or_else(|at| {
            self.0.insert(at, Bucket { number, ..Bucket::default() });
            at
        });
        self.0.get_mut(at)
    }

    /// Notes neighbours; keeps at most one more than `max`.
    pub fn meet(&mut self, number: i64, neighbours: &[u32], max: usize) {
        if neighbours.is_empty() {
            return;
        }
        let Some(bucket) = self.opened(number) else { return };
        for hash in neighbours {
            if bucket.neighbours.len() > max {
                return;
            }
            if let Err(at) = bucket.neighbours.binary_search(hash) {
                bucket.neighbours.insert(at, *hash);
            }
        }
    }

    /// Notes that the entity was there, though none of its signals is kept.
    pub fn know(&mut self, number: i64) {
        self.opened(number);
    }

    /// Forgets that, unless there are signals.
    pub fn forget(&mut self, number: i64) {
        if let Ok(at) = self.place(number)
            && self.total(number) == 0
        {
            self.0.remove(at);
        }
    }

    /// One signal less.
    pub fn remove(&mut self, number: i64, class: Class) {
        let Ok(at) = self.place(number) else { return };
        let Some(bucket) = self.0.get_mut(at) else { return };
        if let Some(count) = bucket.counts.get_mut(usize::from(class.code())) {
            *count = count.saturating_sub(1);
        }
        if bucket.total() == 0 {
            self.0.remove(at);
        }
    }

    /// How many signals of all classes the bucket holds.
    pub fn total(&self, number: i64) -> u32 {
        self.bucket(number).map_or(0, Bucket::total)
    }

    /// How many signals the bucket holds that are no openers.
    pub fn used(&self, number: i64) -> u32 {
        self.total(number).saturating_sub(self.count(Class::Opener, number, number))
    }

    /// How many neighbours the bucket has seen, at most one more than make a hub.
    pub fn neighbours(&self, number: i64) -> usize {
        self.bucket(number).map_or(0, |bucket| bucket.neighbours.len())
    }

    /// Whether no bucket before `since` knows the entity, and those from there to `number` name at most
    /// `neighbours_max` with it.
    pub fn is_new(&self, number: i64, since: i64, neighbours_max: usize) -> bool {
        let known_before = self.0.first().is_some_and(|bucket| bucket.number < since);
        let until_then = self.0.iter().take_while(|bucket| bucket.number <= number);
        let neighbours: BTreeSet<u32> = until_then.flat_map(|bucket| bucket.neighbours.iter().copied()).collect();
        !known_before && neighbours.len() <= neighbours_max
    }

    /// The buckets after `number`: what was told before what happened earlier.
    pub fn later(&self, number: i64) -> impl Iterator<Item = i64> {
        let start = self.0.partition_point(|bucket| bucket.number <= number);
        self.0.iter().skip(start).map(|bucket| bucket.number)
    }

    /// How many of `class` the buckets from `first` to `last` hold.
    pub fn count(&self, class: Class, first: i64, last: i64) -> u32 {
        let start = self.0.partition_point(|bucket| bucket.number < first);
        let within = self.0.iter().skip(start).take_while(|bucket| bucket.number <= last);
        let counts = within.filter_map(|bucket| bucket.counts.get(usize::from(class.code())));
        counts.fold(0, |sum: u32, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_counts_and_comes_back() {
        let mut head = Head::default();
        for (bucket, class) in [(7, Class::Other), (7, Class::Opener), (3, Class::Near)] {
            head.add(bucket, class);
        }
        head.meet(7, &[5, 2, 5], 8);
        assert_eq!(Head::read(&head.bytes()), head);
        assert_eq!((head.total(7), head.total(3), head.total(5)), (2, 1, 0));
        assert_eq!((head.neighbours(7), head.neighbours(3), head.neighbours(5)), (2, 0, 0));
        assert_eq!(
            (head.count(Class::Near, 2, 4), head.count(Class::Near, 4, 9), head.count(Class::Opener, 4, 9)),
            (1, 0, 1)
        );
        head.remove(7, Class::Other);
        assert_eq!(head.neighbours(7), 2);
        head.remove(7, Class::Opener);
        head.remove(3, Class::Near);
        assert!(head.bytes().is_empty());
    }

    #[test]
    fn a_hub_stays_small_and_damage_is_no_panic() {
        let mut head = Head::default();
        head.add(1, Class::Other);
        (0..1_000).for_each(|hash| head.meet(1, &[hash], 16));
        assert_eq!(head.neighbours(1), 17);
        let bytes = head.bytes();
        for length in 0..bytes.len() {
            assert_eq!(Head::read(&bytes[..length]), Head::default());
        }
    }
}
