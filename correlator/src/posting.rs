//! What the index keeps of a signal under a key, and the few of one key held in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemas::{SignalUid, Timestamp};

use crate::state::{ComponentId, Residence};
use crate::store::keys::Parts;

/// A residence in a posting: the component, hops and bridge.
const RESIDENCE_BYTES: usize = 10;
/// What a held posting takes beside its residences: a node's share, the suffix and the uid.
const HELD_BYTES: usize = 200;
/// The most postings of one key that are held; of those that have more, the store is asked.
pub const HELD_MAX: usize = 256;

/// A signal that has a key, as the index knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// The signal.
    pub uid: SignalUid,
    /// Its time.
    pub time: Timestamp,
    /// Where it belongs; numbers may be old ones.
    pub residences: Vec<Residence>,
}

impl Posting {
    /// The posting of a row: what follows in its key on the class, and its value.
    pub fn read(mut suffix: Parts<'_>, value: &[u8]) -> Option<Self> {
        let time = suffix.time().and_then(Timestamp::from_millis)?;
        Some(Self { uid: suffix.uid()?, time, residences: Self::residences(value) })
    }

    /// The value of a posting's row: the number of residences, these, then the hashes of the neighbours that the
    /// signal brings to the key, of which counting anew wants to know.
    pub fn value(residences: &[Residence], neighbours: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + residences.len() * RESIDENCE_BYTES + neighbours.len() * 4);
        bytes.push(u8::try_from(residences.len()).unwrap_or(u8::MAX));
        for residence in residences.iter().take(usize::from(u8::MAX)) {
            bytes.extend_from_slice(&residence.component.to_be_bytes());
            bytes.extend_from_slice(&[residence.hops, u8::from(residence.bridge)]);
        }
        neighbours.iter().for_each(|hash| bytes.extend_from_slice(&hash.to_be_bytes()));
        bytes
    }

    fn parts(value: &[u8]) -> (&[u8], &[u8]) {
        let Some((count, rest)) = value.split_first() else { return (&[], &[]) };
        rest.split_at_checked(usize::from(*count) * RESIDENCE_BYTES).unwrap_or((rest, &[]))
    }

    fn residences(value: &[u8]) -> Vec<Residence> {
        let (residences, _) = Self::parts(value);
        let rows = residences.as_chunks::<RESIDENCE_BYTES>().0.iter();
        let residence = rows.filter_map(|row| match row.split_first_chunk::<8>() {
            Some((component, [hops, bridge])) => {
                let component = ComponentId::from_be_bytes(*component);
                Some(Residence { component, hops: *hops, bridge: *bridge != 0 })
            }
            _ => None,
        });
        residence.collect()
    }

    /// The neighbours that the signal of a posting brings to its key.
    pub fn neighbours(value: &[u8]) -> Vec<u32> {
        let (_, neighbours) = Self::parts(value);
        neighbours.as_chunks::<4>().0.iter().map(|hash| u32::from_be_bytes(*hash)).collect()
    }
}

/// All postings of a key, by what follows in their rows' keys on the key's name, or that there are too many.
#[derive(Clone, Debug, Default)]
pub struct PostingList {
    rows: BTreeMap<Vec<u8>, Posting>,
    too_many: bool,
}

impl PostingList {
    /// Whether there are more than are held.
    pub fn is_cut(&self) -> bool {
        self.too_many
    }

    /// Adds a posting, or puts it in the place of the one that stands there.
    pub fn put(&mut self, suffix: Vec<u8>, posting: Posting) -> ControlFlow<()> {
        if !self.too_many {
            self.rows.insert(suffix, posting);
            if self.rows.len() > HELD_MAX {
                *self = Self { rows: BTreeMap::new(), too_many: true };
            }
        }
        if self.too_many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes a posting out.
    pub fn remove(&mut self, suffix: &[u8]) {
        self.rows.remove(suffix);
    }

    /// Those from `from` (included) to `to` (excluded), in order or, with `reverse`, against it.
    pub fn between(&self, from: Vec<u8>, to: Vec<u8>, reverse: bool) -> Box<dyn Iterator<Item = &Posting> + '_> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let range = self.rows.range(from..to).map(|(_, posting)| posting);
        if reverse { Box::new(range.rev()) } else { Box::new(range) }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        self.rows.len() * HELD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postings_value_comes_back_and_damage_is_no_panic() {
        let residences = [
            Residence { component: 1, hops: 1, bridge: true },
            Residence { component: u64::MAX, hops: 2, bridge: false },
        ];
        let value = Posting::value(&residences, &[7, u32::MAX]);
        assert_eq!(Posting::residences(&value), residences);
        assert_eq!(Posting::neighbours(&value), [7, u32::MAX]);
        assert_eq!(Posting::neighbours(&Posting::value(&[], &[1])), [1]);
        for length in 0..value.len() {
            let cut = &value[..length];
            assert!(Posting::residences(cut).len() + Posting::neighbours(cut).len() < 4, "{length}");
        }
    }

    #[test]
    fn a_list_holds_all_or_says_that_it_does_not() {
        let posting = Posting { uid: "u".into(), time: Timestamp::default(), residences: Vec::new() };
        let mut list = PostingList::default();
        for at in 0..HELD_MAX {
            assert!(list.put(vec![1, at as u8], posting.clone()).is_continue());
        }
        assert_eq!(list.between(vec![1, 3], vec![1, 7], true).count(), 4);
        assert_eq!(list.between(vec![1, 7], vec![1, 3], false).count(), 0);
        list.remove(&[1, 4]);
        assert_eq!(list.between(vec![1, 3], vec![1, 7], false).count(), 3);
        assert!(list.put(vec![1, 4], posting.clone()).is_continue());
        assert!(list.put(vec![2], posting.clone()).is_break() && list.is_cut());
        assert!(list.put(vec![3], posting).is_break() && list.weight() == 0);
    }
}
