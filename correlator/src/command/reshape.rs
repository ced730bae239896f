//! Merges and splits by hand.
//!
//! What an analyst put together is not taken apart when an entity turns out to be a hub, and what an analyst took
//! apart is not merged again by evidence: the pair is kept apart, the members that were moved are pinned where
//! they are. Everything else goes on: both parts take members and merge with third incidents.

use std::collections::BTreeSet;

use schemas::{Command, IncidentUid, RelatedReason, SignalKind, SignalUid};

use super::rows::{CaseRow, Undo};
use super::{Halt, NO_INCIDENT, entry, refuse};
use crate::state::{Component, ComponentId, Residence};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// Merges and splits by hand of one incident.
const SHAPED_MAX: usize = 64;

impl<S: Store> Turn<'_, S> {
    /// Makes the incidents one with `id`. What forbids a merge by evidence forbids this one, but for locks and
    /// splits, which analysts set themselves.
    pub(super) fn merge(&mut self, id: ComponentId, name: &str, others: &[IncidentUid]) -> Result<Undo, Halt> {
        self.refuse_many(id)?;
        let mut parts = vec![id];
        for uid in others {
            let Some(part) = self.component_of(uid)? else { return refuse(format!("{uid}: {NO_INCIDENT}")) };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.len() == 1 {
            return refuse("they are one incident already");
        }
        for (at, one) in parts.iter().enumerate() {
            for other in parts.iter().skip(at + 1) {
                if let Some(reason) = self.barrier(*one, *other, true)? {
                    return refuse(why_not(reason));
                }
            }
        }
        let mut whole = id;
        for part in &parts {
            self.bring_together(whole, *part)?;
            whole = self.union(whole, *part)?;
        }
        if let Some(component) = self.component_mut(whole) {
            component.steering.shaped.push(name.to_owned());
        }
        Ok(Undo::Merge)
    }

    fn refuse_many(&self, id: ComponentId) -> Result<(), Halt> {
        match self.component(id) {
            Some(component) if component.steering.shaped.len() >= SHAPED_MAX => {
                refuse(format!("an incident is merged and split by hand at most {SHAPED_MAX} times"))
            }
            _ => Ok(()),
        }
    }

    /// Takes back that two components were to stay apart.
    pub(super) fn bring_together(&mut self, a: ComponentId, b: ComponentId) -> Result<(), StoreError> {
        for (own, other) in [(a, b), (b, a)] {
            let apart = self.component(own).map(|c| c.steering.apart.clone()).unwrap_or_default();
            let mut kept = BTreeSet::new();
            for id in &apart {
                if self.find(*id)? != Some(other) {
                    kept.insert(*id);
                }
            }
            if kept != apart
                && let Some(component) = self.component_mut(own)
            {
                component.steering.apart = kept;
            }
        }
        Ok(())
    }

    /// Makes `members` of `id` an incident of their own. Both parts need an alert that opens one.
    pub(super) fn split(&mut self, id: ComponentId, command: &Command, members: &[SignalUid]) -> Result<Undo, Halt> {
        if self.component(id).is_some_and(|component| component.steering.closed) {
            return refuse("the incident is closed");
        }
        self.refuse_many(id)?;
        let wanted: BTreeSet<&SignalUid> = members.iter().collect();
        let mut moved = Vec::new();
        for uid in &wanted {
            match self.member(id, uid)? {
                Some(member) => moved.push(member),
                None => return refuse(format!("{uid} is no member of the incident")),
            }
        }
        let openers = moved.iter().filter(|(subject, _)| subject.signal.kind == SignalKind::AiAlert);
        let Some((first, _)) = openers.min_by_key(|(s, _)| (s.signal.time, s.signal.uid.clone())) else {
            return refuse("none of the members is an alert that opens an incident");
        };
        let rows = self.members(id, false, usize::MAX)?;
        if !rows.iter().any(|row| row.rank == 0 && !wanted.contains(&row.uid)) {
            return refuse("no alert that opens an incident would stay");
        }
        let split_from = self.component(id).and_then(|c| c.published.as_ref()).map(|published| published.uid.clone());
        let into = self.add_component(Component { split_from, ..Component::new(&first.signal) });
        for (subject, residence) in moved {
            self.transfer(subject, residence, into)?;
        }
        self.recount(id)?;
        for (own, other) in [(id, into), (into, id)] {
            if let Some(component) = self.component_mut(own) {
                component.steering.shaped.push(command.id.clone());
                component.steering.apart.insert(other);
            }
        }
        self.relate(id, into, RelatedReason::Split)?;
        let mut case = CaseRow::default();
        case.handling.enter(entry(command, None));
        self.put_case(into, &case)?;
        self.stats.incidents_split += 1;
        self.dirty.insert(into);
        self.urgent.insert(into);
        Ok(Undo::Split { members: wanted.into_iter().cloned().collect(), into })
    }

    /// A signal with its place in a component, where it is a member.
    fn member(&mut self, id: ComponentId, uid: &SignalUid) -> Result<Option<(Subject, Residence)>, StoreError> {
        let Some(mut subject) = self.subject(uid.as_str())? else { return Ok(None) };
        let posted = subject.residences.clone();
        self.settle(&mut subject)?;
        self.repost(&subject, &posted)?;
        let residence = subject.residences.iter().find(|residence| residence.component == id).copied();
        Ok(residence.map(|residence| (subject, residence)))
    }

    fn transfer(&mut self, mut subject: Subject, from: Residence, into: ComponentId) -> Result<(), StoreError> {
        let before = subject.residences.clone();
        self.remove_member(from.component, &subject, from.hops)?;
        subject.residences.retain(|residence| residence.component != from.component);
        subject.residences.push(Residence { component: into, ..from });
        self.add_member(into, &subject, from.hops)?;
        self.repost(&subject, &before)?;
        self.save(&subject);
        self.clock.pins = true;
        let pin = self.key(Table::Pin).tail(subject.signal.uid.as_str());
        self.db.put(pin, Vec::new());
        Ok(())
    }

    /// Sums a component up anew after members left it. It keeps its uid, whoever left.
    fn recount(&mut self, id: ComponentId) -> Result<(), StoreError> {
        let entities_max = self.rules.config.entities_per_incident_max;
        let mut sum: Option<Component> = None;
        // Openers come first, in order of time.
        for row in self.members(id, false, usize::MAX)? {
            let Some(Subject { signal, .. }) = self.subject(row.uid.as_str())? else { continue };
            let sum = sum.get_or_insert_with(|| Component::new(&signal));
            sum.take_in(&signal);
            sum.bound_entities(entities_max);
        }
        if let (Some(sum), Some(component)) = (sum, self.component_mut(id)) {
            if let Some(published) = &mut component.published {
                published.named.clone_from(&sum.first.uid);
            }
            component.first = sum.first;
            component.severity = sum.severity;
            component.techniques = sum.techniques;
            component.groups = sum.groups;
            component.entities = sum.entities;
            component.first_time = sum.first_time;
            component.last_time = sum.last_time;
        }
        Ok(())
    }

    /// Whether an analyst put the signal where it is.
    pub fn is_pinned(&self, uid: &SignalUid) -> Result<bool, StoreError> {
        Ok(self.clock.pins && self.db.get(&self.key(Table::Pin).tail(uid.as_str()))?.is_some())
    }

    /// Lets a signal join what it is linked to again.
    pub(super) fn unpin(&mut self, uid: &SignalUid) {
        let row = self.key(Table::Pin).tail(uid.as_str());
        self.db.delete(row);
    }
}

pub(super) fn why_not(reason: RelatedReason) -> &'static str {
    match reason {
        RelatedReason::Closed => "one of them is closed: reopen it first",
        RelatedReason::DifferentAssignees => "different people deal with them: assign both to one first",
        RelatedReason::DifferentClassifications => "they are classified differently: classify them alike first",
        RelatedReason::DifferentScopes => "they belong to different scopes",
        RelatedReason::EntityCap => "together they have more entities than an incident may",
        RelatedReason::Locked | RelatedReason::Split => "they are to stay apart",
    }
}
