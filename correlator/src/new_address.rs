//! What an address says that the tenant has only just met.
//!
//! Who comes from one beside an alert belongs to its story ([`crate::link`]). And whoever had an artefact in their hands
//! from such an address before an alert about it is taken for its cause: a stranger changes a document, and the day
//! after the assistant that reads it to somebody else does as the document says. There the artefact, which otherwise
//! joins no two stories, makes what the stranger did and what came of it one.

use schemas::SignalKind;

use crate::evidence::Evidence;
use crate::link::Spread;
use crate::link_key::shared;
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

impl<S: Store> Turn<'_, S> {
    /// Whether both have an address that is new where each of them stands. Asked first, since most that meet
    /// behind one address have nothing else in common, and it takes two looks.
    pub fn shares_new_address(&self, one: &Subject, other: &Subject) -> Result<bool, StoreError> {
        for (own, its) in shared(&one.keys, &other.keys).filter(|(own, _)| self.rules.may_be_rare(own)) {
            let spread = self.spread_at(own, one.signal.time)?;
            if spread == Spread::Rare && self.spread_at(its, other.signal.time)? == Spread::Rare {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a record that is no opener comes from an address that is new at its time.
    pub fn is_from_new_address(&self, subject: &Subject) -> Result<bool, StoreError> {
        if subject.signal.kind == SignalKind::AiAlert {
            return Ok(false);
        }
        for key in subject.keys.iter().filter(|key| self.rules.may_be_rare(key)) {
            if self.spread_at(key, subject.signal.time)? == Spread::Rare {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether of an alert and a record that are linked the record came first, from a new address, and had the artefact
    /// that they share.
    pub fn is_cause(&self, one: &Subject, other: &Subject, evidence: &Evidence) -> Result<bool, StoreError> {
        let (record, alert) = if one.signal.kind == SignalKind::AiAlert { (other, one) } else { (one, other) };
        let before = record.signal.time < alert.signal.time;
        Ok(before && evidence.has_artefact() && self.is_from_new_address(record)?)
    }
}
