//! What keeps two incidents apart that solid evidence would make one, and the relation that they get instead.
//!
//! The conditions are those under which Defender XDR does not merge: one is closed, different people deal with
//! them, they were found to be different things, together they would have too many entities, they belong to
//! different scopes; and here also: one is locked, or an analyst took one out of the other. Both sides then name
//! each other in `related`, and when the condition falls they become one after all.
//!
//! A relation holds on components, which outlive the uids of incidents. An incident belongs to the scopes of its AI
//! alerts, since what others did beside it must not open it to their scopes; an alert of another scope joins as little
//! as an incident of one would. A single alert does not crowd an incident, so the entity cap holds merges apart and no
//! alerts out. What depends on who came first: the entity cap, as every cap does, and with whom of two scopes an alert
//! without one goes. The other conditions change with commands, whose place in the log is everyone's.

use std::collections::{BTreeMap, BTreeSet};

use schemas::suppression::Patterns;
use schemas::{Entity, IncidentUid, Related, RelatedReason, Signal, SignalKind};

use crate::state::{ComponentId, RelatedRow};
use crate::store::{Store, StoreError};
use crate::turn::Turn;

impl<S: Store> Turn<'_, S> {
    /// Makes two components one, or where they must not be, relates them; says which one holds `a` then.
    pub fn unite(&mut self, a: ComponentId, b: ComponentId) -> Result<ComponentId, StoreError> {
        let (Some(a), Some(b)) = (self.find(a)?, self.find(b)?) else { return Ok(a) };
        if a == b {
            return Ok(a);
        }
        match self.barrier(a, b, false)? {
            None => self.union(a, b),
            Some(reason) => {
                self.stats.merges_barred += 1;
                self.relate(a, b, reason)?;
                Ok(a)
            }
        }
    }

    /// Whether nothing joins the component.
    pub fn is_sealed(&self, id: ComponentId) -> bool {
        self.component(id).is_some_and(|component| component.steering.closed || component.steering.locked)
    }

    /// Why two components must not become one; a command is not held up by what commands themselves set.
    pub fn barrier(
        &mut self,
        a: ComponentId,
        b: ComponentId,
        by_command: bool,
    ) -> Result<Option<RelatedReason>, StoreError> {
        let (Some(one), Some(other)) = (self.component(a), self.component(b)) else { return Ok(None) };
        if one.steering.closed || other.steering.closed {
            return Ok(Some(RelatedReason::Closed));
        }
        let locked = one.steering.locked || other.steering.locked;
        let known = one.steering.has_case && other.steering.has_case;
        let disjoint = !one.scopes.is_empty() && !other.scopes.is_empty() && one.scopes.is_disjoint(&other.scopes);
        let crowded = one.entities.union(&other.entities).nth(self.rules.config.entities_per_incident_max as usize);
        let crowded = crowded.is_some();
        if !by_command && self.is_apart(a, b)? {
            return Ok(Some(RelatedReason::Split));
        }
        if !by_command && locked {
            return Ok(Some(RelatedReason::Locked));
        }
        if known && let Some(reason) = self.decided_differently(a, b)? {
            return Ok(Some(reason));
        }
        Ok(match (disjoint, crowded) {
            (true, _) => Some(RelatedReason::DifferentScopes),
            (_, true) => Some(RelatedReason::EntityCap),
            _ => None,
        })
    }

    fn is_apart(&mut self, a: ComponentId, b: ComponentId) -> Result<bool, StoreError> {
        for (own, other) in [(a, b), (b, a)] {
            for apart in self.component(own).map(|c| c.steering.apart.clone()).unwrap_or_default() {
                if self.find(apart)? == Some(other) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn decided_differently(&self, a: ComponentId, b: ComponentId) -> Result<Option<RelatedReason>, StoreError> {
        let (one, other) = (self.case(a)?.handling, self.case(b)?.handling);
        let differ = |differ: bool, reason| differ.then_some(reason);
        let both = one.assignee.is_some() && other.assignee.is_some();
        let verdicts = one.classification.zip(other.classification).is_some_and(|(a, b)| a != b)
            || one.determination.zip(other.determination).is_some_and(|(a, b)| a != b);
        Ok(differ(both && one.assignee != other.assignee, RelatedReason::DifferentAssignees)
            .or(differ(verdicts, RelatedReason::DifferentClassifications)))
    }

    /// Notes on both sides that they are linked, and why they are not one.
    pub fn relate(&mut self, a: ComponentId, b: ComponentId, reason: RelatedReason) -> Result<(), StoreError> {
        for (own, other) in [(a, b), (b, a)] {
            self.relate_to(own, other, reason)?;
            // Evidence that leads to a closed story takes it up again.
            let closed = self.component(other).filter(|other| other.steering.closed);
            let last = closed.and_then(|c| Some((c.last_time, c.published.as_ref()?.uid.clone())));
            if let Some((time, uid)) = last.filter(|_| !self.is_closed(own)) {
                self.continue_from(own, time, uid);
            }
        }
        Ok(())
    }

    fn is_closed(&self, id: ComponentId) -> bool {
        self.component(id).is_some_and(|component| component.steering.closed)
    }

    fn relate_to(&mut self, own: ComponentId, other: ComponentId, reason: RelatedReason) -> Result<(), StoreError> {
        let uid = self.component(other).and_then(|c| c.published.as_ref()).map(|published| published.uid.clone());
        let row = RelatedRow { component: other, uid, reason };
        let mut known = None;
        let rows = self.component(own).map(|c| c.related.clone()).unwrap_or_default();
        for (at, row) in rows.iter().enumerate() {
            if self.find(row.component)? == Some(other) {
                known = Some(at);
            }
        }
        if known.and_then(|at| rows.get(at)) == Some(&row) {
            return Ok(());
        }
        let full = rows.len() >= self.rules.config.related_max && known.is_none();
        self.stats.related_dropped += u64::from(full);
        if let Some(component) = self.component_mut(own).filter(|_| !full) {
            match known.and_then(|at| component.related.get_mut(at)) {
                Some(known) => *known = row,
                None => component.related.push(row),
            }
            self.dirty.insert(own);
        }
        Ok(())
    }

    /// The incidents that a component is related to, under the uids that they have now.
    pub fn related(&mut self, id: ComponentId) -> Result<Vec<Related>, StoreError> {
        let rows = self.component(id).map(|c| c.related.clone()).unwrap_or_default();
        let (mut kept, mut related) = (Vec::new(), BTreeMap::<IncidentUid, RelatedReason>::new());
        for mut row in rows.iter().cloned() {
            match self.find(row.component)? {
                Some(root) if root == id => continue,
                Some(root) => {
                    let published = self.component(root).and_then(|c| c.published.as_ref());
                    row = RelatedRow { component: root, uid: published.map(|p| p.uid.clone()), reason: row.reason };
                }
                // It is over and gone; what it was called last stays true.
                None => {}
            }
            if let Some(uid) = row.uid.clone() {
                related.entry(uid).and_modify(|reason| *reason = row.reason.min(*reason)).or_insert(row.reason);
            }
            if kept.iter().all(|known: &RelatedRow| known.component != row.component) {
                kept.push(row);
            }
        }
        let surplus = kept.len().saturating_sub(self.rules.config.related_max);
        self.stats.related_dropped += surplus as u64;
        kept.truncate(self.rules.config.related_max);
        if kept != rows
            && let Some(component) = self.component_mut(id)
        {
            component.related = kept;
        }
        Ok(related
            .into_iter()
            .take(self.rules.config.related_max)
            .map(|(uid, reason)| Related { uid, reason })
            .collect())
    }

    /// Lets those that name this component look at it again, since it has a new uid.
    pub fn tell_related(&mut self, id: ComponentId) -> Result<(), StoreError> {
        for row in self.component(id).map(|c| c.related.clone()).unwrap_or_default() {
            if let Some(root) = self.find(row.component)?.filter(|root| *root != id) {
                self.dirty.insert(root);
            }
        }
        Ok(())
    }

    /// Merges a component with those from which nothing keeps it apart any more.
    pub fn reconsider(&mut self, id: ComponentId) -> Result<(), StoreError> {
        let mut own = id;
        for row in self.component(id).map(|c| c.related.clone()).unwrap_or_default() {
            let (Some(root), Some(other)) = (self.find(own)?, self.find(row.component)?) else { continue };
            own = root;
            if own == other {
                continue;
            }
            match self.barrier(own, other, false)? {
                None => own = self.union(own, other)?,
                Some(reason) => self.relate(own, other, reason)?,
            }
        }
        Ok(())
    }

    /// The configured scopes that an AI alert brings into its component.
    pub fn note_scopes(&mut self, id: ComponentId, signal: &Signal) {
        if self.rules.config.scopes.is_empty() || signal.kind != SignalKind::AiAlert {
            return;
        }
        let scopes = self.scopes_of(signal);
        if let Some(component) = self.component_mut(id).filter(|_| !scopes.is_empty()) {
            component.scopes.extend(scopes);
        }
    }

    fn scopes_of(&self, signal: &Signal) -> BTreeSet<String> {
        let has = |patterns: &Patterns| {
            let named = |entity: &Entity| {
                let mut texts = entity.ids.iter().map(|id| format!("{}:{id}", entity.kind.as_str()));
                texts.any(|text| patterns.0.iter().any(|pattern| pattern.matches(&text)))
            };
            signal.entities.iter().any(named)
        };
        let scopes = self.rules.config.scopes.iter().filter(|(_, patterns)| has(patterns));
        scopes.map(|(name, _)| name.clone()).collect()
    }

    /// Whether an alert belongs to other scopes than a component.
    pub fn is_out_of_scope(&self, id: ComponentId, signal: &Signal) -> bool {
        let Some(component) = self.component(id).filter(|component| !component.scopes.is_empty()) else { return false };
        let scopes = self.scopes_of(signal);
        !scopes.is_empty() && scopes.is_disjoint(&component.scopes)
    }
}
