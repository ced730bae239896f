//! What the index keeps of a signal under a key, and the latest of one key held in memory.

use std::sync::{Arc, OnceLock};

use schemas::{SignalUid, Timestamp};

use crate::heads::hash;
use crate::index::Span;
use crate::link_key::LinkKey;
use crate::renamed::Renamed;
use crate::state::{ComponentId, Residence};
use crate::store::keys::Parts;

/// A residence in a posting: the component, hops and bridge.
const RESIDENCE_BYTES: usize = 10;
/// What a held posting takes: its place, itself, a residence or two, the uid, the hashes of its names.
const HELD_BYTES: usize = 256;
/// The most postings of one key and class that are held; for earlier ones the store is asked.
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
    /// Its signal's names, once somebody compared it.
    pub names: Names,
}

/// The names of a signal's link keys, those through aliases included, as hashes; a memory, so that what shares a hub
/// with thousands of others is not decoded to see that it shares nothing else.
#[derive(Clone, Debug, Default)]
pub struct Names(OnceLock<(u64, Box<[u32]>)>);

impl Names {
    /// Notes them from the signal's keys as they are now.
    pub fn note(&self, keys: &[LinkKey], renamed: &Renamed) {
        self.0.get_or_init(|| (renamed.now(), keys.iter().map(|key| hash(&key.id)).collect()));
    }

    /// Whether they are known, and none of them is among `others`.
    pub fn are_none_of(&self, others: &[u32], renamed: &Renamed) -> bool {
        self.0.get().is_some_and(|(made, names)| {
            names.iter().all(|name| !others.contains(name)) && renamed.are_names_as_made(names, *made)
        })
    }
}

/// A memory makes no difference.
impl PartialEq for Names {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Posting {
    /// The posting of a row: what follows in its key on the class, and its value.
    pub fn read(mut suffix: Parts<'_>, value: &[u8]) -> Option<Self> {
        let time = suffix.time().and_then(Timestamp::from_millis)?;
        Some(Self { uid: suffix.uid()?, time, residences: Self::residences(value), names: Names::default() })
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

/// The latest postings of a key and class, at most [`HELD_MAX`], by time and uid.
#[derive(Clone, Debug)]
pub struct PostingList {
    rows: Vec<Arc<Posting>>,
    /// Of what is this late or later none is missing.
    from: i64,
}

impl PostingList {
    /// The list that holds `latest`, the latest first. Where there are more than [`HELD_MAX`], some may be missing.
    pub fn new(mut latest: Vec<Arc<Posting>>) -> Self {
        let is_whole = latest.len() <= HELD_MAX;
        latest.reverse();
        let mut list = Self { rows: latest, from: i64::MIN };
        if !is_whole {
            list.forget(1);
        }
        list
    }

    fn place(&self, time: Timestamp, uid: &SignalUid) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| (row.time, &row.uid).cmp(&(time, uid)))
    }

    /// Adds a posting, or puts it in the place of the one that stands there.
    pub fn put(&mut self, posting: Posting) {
        if posting.time.millis() < self.from {
            return;
        }
        match self.place(posting.time, &posting.uid) {
            Ok(at) => self.rows.iter_mut().skip(at).take(1).for_each(|row| *row = Arc::new(posting.clone())),
            Err(at) => self.rows.insert(at, Arc::new(posting)),
        }
        if self.rows.len() > HELD_MAX {
            // Half of them at once, so that a busy key does not move all for each that comes.
            self.forget(HELD_MAX / 2);
        }
    }

    /// Forgets the earliest `count`, and those of the same instant as the last of them.
    fn forget(&mut self, count: usize) {
        let Some(last) = self.rows.get(count.saturating_sub(1)).map(|row| row.time) else { return };
        self.rows.drain(..self.rows.partition_point(|row| row.time <= last));
        self.from = last.millis().saturating_add(1);
    }

    /// Takes a posting out.
    pub fn remove(&mut self, time: Timestamp, uid: &SignalUid) {
        if let Ok(at) = self.place(time, uid) {
            self.rows.remove(at);
        }
    }

    /// Up to `max` of those within `span`, but for that of `except`, in order or, with `reverse`, against it; `None`
    /// where some of them may be missing.
    pub fn within(&self, span: Span, reverse: bool, max: usize, except: &SignalUid) -> Option<Vec<Arc<Posting>>> {
        let is_whole = span.from >= self.from;
        if !is_whole && !reverse {
            return None;
        }
        let start = self.rows.partition_point(|row| row.time.millis() < span.from);
        let end = self.rows.partition_point(|row| row.time.millis() <= span.to);
        let others = self.rows.get(start..end).unwrap_or_default().iter().filter(|row| row.uid != *except).cloned();
        let found: Vec<_> = if reverse { others.rev().take(max).collect() } else { others.take(max).collect() };
        (is_whole || found.len() == max).then_some(found)
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

    fn posting(millis: i64, uid: &str) -> Posting {
        let time = Timestamp::from_millis(millis).expect("a time");
        Posting { uid: uid.into(), time, residences: Vec::new(), names: Names::default() }
    }

    /// What a list answers is what all postings would; where it cannot know, it says so.
    #[test]
    fn a_list_answers_for_the_latest_and_says_where_it_cannot() {
        let mut list = PostingList::new(Vec::new());
        let mut all: Vec<Posting> = Vec::new();
        let mut answered = 0;
        for at in 0..3 * HELD_MAX as i64 {
            // Two of an instant, some of them late, one in seven taken out again.
            let one = posting((at / 2 * 37) % 1_000 + at, &format!("u{at}"));
            list.put(one.clone());
            all.push(one.clone());
            if at % 7 == 0 {
                list.remove(one.time, &one.uid);
                all.pop();
            }
            all.sort_by(|a, b| (a.time, &a.uid).cmp(&(b.time, &b.uid)));
            let span = Span { from: at / 2, to: 1_000 + at / 3 };
            for (reverse, max) in [(true, 5), (false, 5), (true, usize::MAX), (false, usize::MAX)] {
                let Some(found) = list.within(span, reverse, max, &"u9".into()) else { continue };
                let mut expected: Vec<Posting> = all
                    .iter()
                    .filter(|row| (span.from..=span.to).contains(&row.time.millis()) && row.uid.as_str() != "u9")
                    .cloned()
                    .collect();
                if reverse {
                    expected.reverse();
                }
                expected.truncate(max);
                let found: Vec<Posting> = found.iter().map(|row| Posting::clone(row)).collect();
                assert_eq!(found, expected);
                answered += 1;
            }
        }
        assert!(answered > 100 && list.rows.len() <= HELD_MAX && list.from > 0, "{answered}");
    }

    #[test]
    fn a_list_that_is_read_says_from_when_on_it_is_whole() {
        let rows = |count: i64| (0..count).rev().map(|at| Arc::new(posting(at / 2, &format!("{at:04}")))).collect();
        let always = Span { from: 0, to: 1_000 };
        let found = |list: &PostingList, max| list.within(always, true, max, &"".into()).map(|found| found.len());
        let whole = PostingList::new(rows(HELD_MAX as i64));
        assert_eq!(found(&whole, usize::MAX), Some(HELD_MAX));
        let cut = PostingList::new(rows(HELD_MAX as i64 + 1));
        assert_eq!((found(&cut, usize::MAX), found(&cut, 32)), (None, Some(32)));
        assert!(cut.within(Span { from: 1, to: 9 }, false, 1, &"".into()).is_some());
        assert!(cut.within(Span { from: 0, to: 9 }, false, 1, &"".into()).is_none());
    }
}
