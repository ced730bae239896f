//! Signals in, incident revisions out: which alerts and records belong to one story.
//!
//! [`Correlator`] takes [`schemas::Signal`]s of any tenants in any order and returns
//! [`schemas::Incident`] revisions. It is the stateful half of Weir: `&mut self`, one owner a
//! partition. What it computes is defined over the *set* of signals (see [`graph`]), so the order in
//! which they come does not show in the incidents, below the documented caps; how many revisions lead
//! there does depend on the order.
//!
//! The path of a signal: [`correlate`] (late? known? new?) → [`index`] (who has the same keys, [`identity`]: under which names) →
//! [`graph`] (who is linked) → [`component`] (members, merges) → [`publish`] (which revisions) →
//! [`snapshot`] (what a revision says); [`timers`] does what event time brings about, [`relink`] takes back
//! what rested on an entity that turned out to be everybody's. [`sigma`] holds the rules: a match of one is an
//! alert that is taken in like any other. The path of an analyst's command: [`command`] (what it does) →
//! [`barrier`] (what must not be merged any more) → [`publish`]. All state is in
//! [`store`], with an overlay that becomes state by [`Correlator::commit`] alone; rows that are asked for again
//! and again stay decoded above it ([`held`]), and keys that matter to nobody are not even counted ([`heads`]).
//!
//! Times are taken as they come: a caller must clamp event times that lie in the future, since they move a
//! tenant's [`clock`] on.
//!
//! Deliberately absent: Kafka, wall clocks, async, randomness, and everything that depends on the
//! iteration order of a hash map.

mod aging;
mod barrier;
mod clock;
mod command;
mod component;
pub mod config;
mod continuation;
pub mod correlate;
mod evidence;
mod far;
mod fold;
mod graph;
mod habit;
mod head;
mod heads;
mod held;
mod identity;
mod index;
pub mod inventory;
mod key_filter;
mod lease;
mod link;
mod link_key;
mod new_address;
mod posting;
mod publish;
mod recent;
mod relink;
mod renamed;
mod repeat;
mod said;
mod several;
pub mod sigma;
mod signal_row;
mod snapshot;
mod state;
mod stats;
pub mod store;
mod surfacing;
mod tactic;
mod timers;
mod turn;
mod weights;

pub use command::Answer;
pub use config::Config;
pub use correlate::Correlator;
pub use inventory::{Asset, Inventory};
pub use stats::Stats;
pub use store::{MapStore, RocksConfig, RocksStore, Store, StoreError};
