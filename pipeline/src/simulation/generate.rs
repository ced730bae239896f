//! The whole simulation: a company, its days, and how its records arrive.

use fastrand::Rng;
use schemas::Timestamp;

use super::background::background;
use super::campaign::campaigns;
use super::delivery::{Faults, deliver, through_hub};
use super::lookalike::lookalikes;
use super::organisation::Organisation;
use super::Record;

/// What is simulated. The same settings make the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// When it begins; days are those of UTC from here on.
    pub start: Timestamp,
    /// Days, at least 1.
    pub days: u32,
    /// People, at least 1.
    pub users: u32,
    /// Attack campaigns.
    pub campaigns: u32,
    /// How records are delivered.
    pub faults: Faults,
    /// Of a hundred records, how many go through one gateway that hides where they came from.
    pub hub_percent: u32,
}

/// Every record, in the order in which they arrive.
pub fn generate(settings: &Settings) -> Vec<Record> {
    let Settings { seed, start, days, .. } = *settings;
    let company = Organisation::new(&mut Rng::with_seed(seed), settings.users as usize);
    let mut drafts = background(&company, seed, start, days);
    drafts.extend(lookalikes(&company, seed, start, days));
    drafts.extend(campaigns(&company, seed, start, days, settings.campaigns as usize));
    through_hub(&mut drafts, seed, settings.hub_percent);
    deliver(drafts, seed, settings.faults)
}
