//! What grows old together: one row of the expiry table for many signals, names or claims.
//!
//! Every signal has to be looked at once it is as old as state is kept. A row each would be a sixth of all rows that
//! signals cost, so those that are due within the same [`STEP_MS`] share one, up to [`NAMES_PER_BLOCK`]; and so do the
//! names of one day ([`crate::identity`]) and the claims of one stretch of time ([`crate::lease`]), which are due at one
//! instant anyway. The few blocks that still take some in stand in the tenant's row ([`crate::state::TenantRow`]), the others in the table
//! ([`crate::timers`]). Which signals share a block follows from the order in which they came and never from when a
//! batch ended, so that a replay does the same.
//!
//! A signal is looked at up to a step late and never early. Whether one *comes* late is told by its own time, to the
//! millisecond.

use schemas::{SignalUid, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::keys::{Key, Parts};

/// What one row names; as many as one turn looks at.
pub const NAMES_PER_BLOCK: u32 = 64;
/// How far apart in time two signals of a block may be: at rates at which rows matter, a minute fills many blocks.
const STEP_MS: i64 = 60_000;
/// Blocks of a kind that take some in at a time: sources tell of different minutes, a handful of them in turns.
const OPEN_MAX: usize = 8;

/// What is due at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What they are, by the code that the expiry table has for it.
    pub what: u8,
    /// When all of them are due.
    pub due: Timestamp,
    /// Which of the tenant's blocks it is.
    pub number: u64,
    count: u32,
    /// Their names, a uid's as any other; [`read`] reads them.
    pub names: Vec<u8>,
}

/// The blocks of a tenant that take some in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aging {
    open: Vec<Block>,
    blocks: u64,
}

impl Aging {
    /// When a signal is looked at that is as old as state is kept from `horizon` on.
    pub fn due(horizon: Timestamp) -> Timestamp {
        let steps = horizon.millis().saturating_add(STEP_MS - 1).div_euclid(STEP_MS);
        Timestamp::from_millis(steps.saturating_mul(STEP_MS)).unwrap_or(Timestamp::MAX)
    }

    /// Adds what is due at `due`, for a signal as [`Self::due`] says; hands out the block that takes none any more from
    /// then on, where there is one.
    pub fn add(&mut self, what: u8, due: Timestamp, name: &str) -> Option<Block> {
        let mut closed = None;
        let at = self.open.iter().position(|block| (block.what, block.due) == (what, due)).unwrap_or_else(|| {
            let of_kind = || self.open.iter().enumerate().filter(|(_, block)| block.what == what);
            if of_kind().count() >= OPEN_MAX {
                let earliest = of_kind().min_by_key(|(_, block)| block.due).map(|(at, _)| at);
                closed = earliest.map(|at| self.open.remove(at));
            }
            self.open.push(Block { what, due, number: self.blocks, ..Block::default() });
            self.blocks += 1;
            self.open.len() - 1
        });
        let block = self.open.get_mut(at)?;
        block.names = Key::after(std::mem::take(&mut block.names)).one_of_uids(name).done();
        block.count += 1;
        if block.count < NAMES_PER_BLOCK { closed } else { Some(self.open.remove(at)) }
    }

    /// About how much memory the blocks take.
    pub fn weight(&self) -> usize {
        self.open.iter().map(|block| size_of::<Block>() + block.names.capacity()).sum()
    }

    /// When the first of those that are in no row yet are due.
    pub fn first_due(&self) -> Option<Timestamp> {
        self.open.iter().map(|block| block.due).min()
    }

    /// Hands out the blocks that are due until `watermark`.
    pub fn take_due(&mut self, watermark: Timestamp) -> Vec<Block> {
        self.open.extract_if(.., |block| block.due <= watermark).collect()
    }
}

/// The names of a block; what does not read ends the list.
pub fn read(names: &[u8]) -> Vec<SignalUid> {
    let mut rest = Parts::after(names, 0);
    std::iter::from_fn(|| rest.one_of_uids()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).expect("a time")
    }

    #[test]
    fn what_is_due_is_never_early_and_less_than_a_step_late() {
        for millis in [0, 1, STEP_MS - 1, STEP_MS, STEP_MS + 1, 1_777_600_000_123] {
            let due = Aging::due(at(millis)).millis();
            assert!((millis..millis + STEP_MS).contains(&due), "{millis}: {due}");
        }
        assert_eq!(Aging::due(Timestamp::MAX), Timestamp::MAX);
    }

    /// Every signal is in one block, at its time, whatever the times are; few blocks are open.
    #[test]
    fn no_signal_is_lost_and_blocks_stay_small() {
        for times in [1, 3, 8, 9, 100] {
            let mut aging = Aging::default();
            let mut closed = Vec::new();
            for signal in 0..1_000_i64 {
                let uid = format!("{signal:08x}-0000-5000-8000-000000000000");
                let due = at(signal % times * STEP_MS);
                closed.extend(aging.add(0, due, &uid));
                assert!(aging.open.len() <= OPEN_MAX);
            }
            let last = at(50 * STEP_MS);
            closed.extend(aging.take_due(last));
            assert!(aging.open.iter().all(|block| block.due > last));
            closed.extend(aging.take_due(Timestamp::MAX));
            let mut seen = Vec::new();
            let mut numbers: Vec<u64> = closed.iter().map(|block| block.number).collect();
            for block in &closed {
                let uids = read(&block.names);
                assert!((1..=NAMES_PER_BLOCK as usize).contains(&uids.len()));
                for uid in uids {
                    let digits = uid.as_str().get(..8).expect("eight digits");
                    let signal = i64::from_str_radix(digits, 16).expect("a number");
                    assert_eq!(block.due, at(signal % times * STEP_MS));
                    seen.push(signal);
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
            numbers.sort_unstable();
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "a number twice");
            assert!(times > OPEN_MAX as i64 || closed.len() <= 1_000 / NAMES_PER_BLOCK as usize + OPEN_MAX);
        }
    }

    #[test]
    fn uids_of_any_form_come_back_and_damage_is_no_panic() {
        let uids = ["0b4c1f6e-9c3d-5a51-8f27-d0a0b5a4f3c2", "s1", "", "é", &"x".repeat(200)];
        let mut aging = Aging::default();
        for uid in uids {
            assert_eq!(aging.add(0, at(0), uid), None);
        }
        let bytes = aging.take_due(at(0)).pop().expect("a block").names;
        assert_eq!(read(&bytes), uids.map(SignalUid::from));
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).len() < uids.len());
        }
    }
}
