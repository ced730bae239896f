//! Rules over signals: Sigma's detection rules, which a record fits or not, and its correlation rules, which speak
//! of many records in time.
//!
//! The two halves stand in different stages. *Detection* ([`detection`]) needs a record's own fields and no memory:
//! the detect stage asks [`RuleSet::note`], which writes into a signal's facts which rules it fits, with the values
//! that correlation rules need and nothing else. *Correlation* ([`correlation`]) needs memory and no fields: the
//! correlator keeps for each rule and group a [`memory`], decides on event time ([`engine`]), and takes every match
//! in as an alert of its own, so that rules build on rules and incidents on both.
//!
//! What of Sigma is read is said in [`file`](mod@file), what Weir adds to it in [`correlation`]; [`attribute`] names
//! what rules may ask of a signal. [`shipped`] lists the rules that come with Weir, [`case`] runs the cases beside
//! them, [`panther`] reads another engine's rules.

pub mod attribute;
mod caller;
pub mod case;
mod condition;
mod correlation;
mod detection;
mod engine;
pub mod file;
mod group;
mod habit;
mod memory;
pub mod panther;
mod pattern;
mod rule_set;
#[cfg(test)]
mod sample;
pub mod shipped;
mod window;

pub use correlation::Heading;
pub use engine::{Limits, Matches, Sigma};
pub use rule_set::{RuleError, RuleSet};
