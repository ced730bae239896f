//! Stories that begin again after they were closed.
//!
//! A closed incident leaves a *trace* for each actor of its alerts: a key that links alone. A new alert of
//! the same actor, within `reopen_secs` of the closed incident's last member, opens an incident of its own,
//! since the closed one was dealt with, and names that one as what it continues. Which of the two came to
//! the correlator first makes no difference: closing looks for alerts that came since, opening for traces.

use std::collections::BTreeSet;

use schemas::{Incident, IncidentUid, SignalKind, Timestamp};

use crate::index::Span;
use crate::link::millis;
use crate::link_key::LinkKey;
use crate::state::{Class, Component, ComponentId, TraceRow, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::{Subject, Turn};

/// Later alerts of an actor that are told of a story that was closed, the next ones.
const FOLLOWERS_MAX: usize = 8;

impl<S: Store> Turn<'_, S> {
    /// Notes which closed story a new opener of `home` takes up again.
    pub fn recall(&mut self, home: ComponentId, opener: &Subject) -> Result<(), StoreError> {
        let reopen = millis(self.rules.config.reopen_secs);
        for key in self.actors(opener)? {
            let Some(row) = self.db.get(&self.key(Table::Trace).tail(&name(&key)))? else { continue };
            let trace: TraceRow = decode(&row)?;
            if opener.signal.time <= trace.last.saturating_add_millis(reopen) {
                self.continue_from(home, trace.last, trace.uid);
            }
        }
        Ok(())
    }

    /// Notes that a component takes a closed story up again.
    pub fn continue_from(&mut self, id: ComponentId, last: Timestamp, uid: IncidentUid) {
        let closed = Some((last, uid));
        // What an analyst or a hub took out of a story that went on says so, and does not continue it.
        let of_it =
            |part: &Component| part.split_from.is_some() && part.split_from == closed.as_ref().map(|c| c.1.clone());
        if self.component(id).is_some_and(|component| component.continues < closed && !of_it(component))
            && let Some(component) = self.component_mut(id)
        {
            component.continues = closed;
            self.dirty.insert(id);
        }
    }

    /// Leaves traces of an incident that is being closed, whose members are still there.
    pub fn leave_traces(&mut self, id: ComponentId, closed: &Incident) -> Result<(), StoreError> {
        let mut keys = BTreeSet::new();
        for member in closed.members.iter().filter(|member| member.signal.kind == SignalKind::AiAlert) {
            if let Some(subject) = self.subject(member.signal.uid.as_str())? {
                keys.extend(self.actors(&subject)?);
            }
        }
        let reopen = millis(self.rules.config.reopen_secs);
        let until = closed.last_time.saturating_add_millis(reopen);
        for key in keys.into_iter().take(self.rules.config.traces_per_incident_max) {
            let row = self.key(Table::Trace).tail(&name(&key));
            let known = self.db.get(&row)?.map(|bytes| decode::<TraceRow>(&bytes)).transpose()?;
            let trace = TraceRow { last: closed.last_time, uid: closed.uid.clone() };
            if known.is_none_or(|known| (known.last, &known.uid) < (trace.last, &trace.uid)) {
                self.db.put(row, encode(&trace)?);
                self.expire_at(until, Aged::Trace, &name(&key));
            }
            let since = Span { from: closed.last_time.millis().saturating_add(1), to: until.millis() };
            let uid = &closed.uid;
            for posting in self.postings(&key, Class::Opener, since, false, FOLLOWERS_MAX, &"".into())? {
                let Some(residence) = posting.residences.first() else { continue };
                if let Some(follower) = self.find(residence.component)?.filter(|follower| *follower != id) {
                    self.continue_from(follower, closed.last_time, uid.clone());
                }
            }
        }
        Ok(())
    }

    /// The keys of an opener that link alone where it stands.
    fn actors(&self, opener: &Subject) -> Result<Vec<LinkKey>, StoreError> {
        let mut actors = Vec::new();
        for key in opener.keys.iter().filter(|key| self.rules.is_strong(key)) {
            if !self.spread_at(key, opener.signal.time)?.is_hub() {
                actors.push(key.clone());
            }
        }
        Ok(actors)
    }

    /// Removes a trace whose time is over, unless a later incident renewed it.
    pub fn forget_trace(&mut self, name: &str) -> Result<(), StoreError> {
        let row = self.key(Table::Trace).tail(name);
        let Some(bytes) = self.db.get(&row)? else { return Ok(()) };
        let until = decode::<TraceRow>(&bytes)?.last.saturating_add_millis(millis(self.rules.config.reopen_secs));
        if until <= self.clock.watermark {
            self.db.delete(row);
        }
        Ok(())
    }
}

/// How an actor is called in the table of traces.
fn name(key: &LinkKey) -> String {
    format!("{}/{}", key.kind.as_str(), key.id)
}
