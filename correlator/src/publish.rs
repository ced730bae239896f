//! When a revision is published, and what its number and neighbours are.
//!
//! An incident's uid follows from its earliest opener ([`crate::state::Seed`]). When that changes, by a merge or because an
//! earlier opener came late, the old uid gets a last revision that names the new one. A uid that were fixed at the
//! first publication would depend on who arrived first; only if nothing were published before the watermark had
//! passed it would it not, and an alert would wait for the slowest source. A candidate, of which nobody was told,
//! gives its name to nothing that was published, until an entity that turns out to be a hub has its links looked at
//! anew. Small incidents
//! publish every change; large ones at most once in `coalesce_secs` of event time, and where only records joined that
//! are no alerts, once they lasted an eighth longer, so that what a busy person does all day costs few snapshots. A merge
//! of two published incidents and a higher severity are told at once. What is too light to be anybody's business stays a candidate:
//! kept, counted, and published when something joins it. What was published and turns out to be as light is *withdrawn*:
//! one last word, resolved, and then nothing more until something joins it, or an analyst takes it up. So what stands in
//! the end follows from the records and not from who came first, and what is grave is told at once all the same.
//! An earlier opener of a large incident waits,
//! so that a storm in descending order of time does not renumber the incident with every alert.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::{Activity, Incident, IncidentStatus, IncidentUid, SignalUid, Timestamp};
use uuid::Uuid;

use crate::component::MemberRow;
use crate::link::millis;
use crate::snapshot::{Listed, snapshot};
use crate::state::{ComponentId, Published, RedirectRow, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::surfacing::surfaces;
use crate::turn::{Subject, Turn, earliest};

/// Alerts of an incident of which it is looked at whether they are new about their actor.
const NEW_LOOKED_AT_MAX: usize = 16;
/// Of how long an incident lasted, the part by which it lasts longer before records that are no alerts are told.
const CONTEXT_SHARE: i64 = 8;
/// Splits and merges of one story after which a closed uid is used again.
const GENERATIONS_MAX: u32 = 1_000;

impl<S: Store> Turn<'_, S> {
    /// Publishes what this turn changed, or notes when it will be due.
    pub fn publish_changes(&mut self) -> Result<(), StoreError> {
        // What is linked anew on the way may merge again, and a new uid is told to those that name it.
        while !self.closes.is_empty() || !self.dirty.is_empty() {
            self.publish_round()?;
        }
        Ok(())
    }

    fn publish_round(&mut self) -> Result<(), StoreError> {
        let closes = std::mem::take(&mut self.closes);
        for (incident, id) in &closes {
            // What falls apart again within this turn must not take the uid that it had.
            self.put_redirect(&incident.uid, None)?;
            if let Some(root) = self.find(*id)? {
                self.absorb(root, incident.uid.clone());
                self.urgent.insert(root);
            }
        }
        while let Some(id) = self.dirty.pop_first() {
            let Some(root) = self.find(id)? else { continue };
            self.watch_quiet(root);
            // What an analyst closed says something new only where an analyst does.
            let closed = self.component(root).is_some_and(|component| component.steering.closed);
            if closed && !self.urgent.contains(&root) {
                continue;
            }
            if self.is_at_once(root) { self.release(root)? } else { self.postpone(root) }
        }
        for (mut incident, id) in closes {
            let root = self.find(id)?;
            let survivor = root.and_then(|root| self.component(root)).and_then(|c| c.published.clone());
            incident.merged_into = survivor.map(|published| published.uid);
            self.put_redirect(&incident.uid, incident.merged_into.clone())?;
            self.hand_out(incident);
        }
        Ok(())
    }

    /// Publishes a component, and where it falls apart, what becomes of it.
    pub fn release(&mut self, id: ComponentId) -> Result<(), StoreError> {
        let mut parts = BTreeSet::new();
        for part in self.relink(id)? {
            // Linking may itself find who lodged too far away. Looked at once more; what is still in doubt then waits
            // until it publishes again.
            if let Some(part) = self.find(part)? {
                parts.extend(self.relink(part)?);
            }
        }
        for part in parts {
            let Some(part) = self.find(part)? else { continue };
            self.watch_quiet(part);
            self.publish(part)?;
        }
        Ok(())
    }

    fn is_at_once(&self, id: ComponentId) -> bool {
        let Some(component) = self.component(id) else { return false };
        let small = component.members_total < self.rules.config.coalesce_after_members;
        let known = component.published.as_ref();
        small || self.urgent.contains(&id) || known.is_none_or(|known| component.severity > known.severity)
    }

    /// Notes that a component has something to publish when its time has come.
    fn postpone(&mut self, id: ComponentId) {
        let wait = millis(self.rules.config.coalesce_secs);
        let Some(component) = self.component(id) else { return };
        let lasted = component.last_time.abs_diff(component.first_time);
        let wait = if component.alerted { wait } else { wait.max(lasted / CONTEXT_SHARE) };
        let last = component.published.as_ref().map_or(component.last_time, |published| published.time);
        let due = last.saturating_add_millis(wait);
        if component.due.is_some_and(|known| known <= due) {
            return;
        }
        self.forget_due(id);
        if let Some(component) = self.component_mut(id) {
            component.due = Some(due);
        }
        let row = self.key(Table::Due).time(due.millis()).number(id).done();
        self.db.put(row, Vec::new());
        self.clock.due_from = earliest(self.clock.due_from, due);
    }

    /// Publishes the component as it stands, under the uid that it has now.
    pub fn publish(&mut self, id: ComponentId) -> Result<(), StoreError> {
        self.forget_due(id);
        let Some(component) = self.component(id) else { return Ok(()) };
        let (named, mut known) = (component.first.uid.clone(), component.published.clone());
        let uid = match known.as_ref().filter(|known| known.named == named) {
            Some(known) => known.uid.clone(),
            None => self.unused_uid(&named)?,
        };
        let mut incident = self.compose(id, uid.clone())?;
        let steering = self.component(id).map(|c| c.steering.clone()).unwrap_or_default();
        if incident.withdrawn && self.says_nothing(id, known.as_ref(), &uid) {
            return Ok(());
        }
        let surfaced = known.is_none() && self.component(id).is_some_and(|component| component.candidate);
        self.stats.candidates_over += u64::from(surfaced);
        if let Some(old) = known.take_if(|old| old.uid != uid) {
            let last = Incident {
                uid: old.uid.clone(),
                revision: old.revision.saturating_add(1),
                activity: Activity::Close,
                status: IncidentStatus::Closed,
                merged_into: Some(uid.clone()),
                withdrawn: false,
                ..incident.clone()
            };
            self.stats.incidents_merged += 1;
            self.put_redirect(&old.uid, Some(uid.clone()))?;
            self.hand_out(last);
            self.absorb(id, old.uid);
            incident.absorbed = self.component(id).map(|c| c.absorbed.clone()).unwrap_or_default();
        }
        let digest = digest(&mut incident)?;
        if known.as_ref().is_some_and(|known| known.digest == digest) {
            self.stats.revisions_equal += 1;
            return Ok(());
        }
        self.stats.incidents_created += u64::from(known.is_none());
        self.stats.incidents_withdrawn += u64::from(incident.withdrawn);
        incident.revision = known.as_ref().map_or(1, |known| known.revision.saturating_add(1));
        incident.activity = match known {
            None => Activity::Create,
            Some(_) if steering.closed => Activity::Close,
            Some(_) => Activity::Update,
        };
        let Incident { revision, time, severity, withdrawn, .. } = incident;
        if known.is_none() {
            let row = self.key(Table::Incident).tail(uid.as_str());
            self.db.put(row, encode(&id)?);
            self.tell_related(id)?;
        }
        if let Some(component) = self.component_mut(id) {
            component.published = Some(Published { uid, named, revision, time, severity, digest, withdrawn });
            component.alerted = false;
        }
        self.hand_out(incident);
        Ok(())
    }

    /// Whether a component that is too light to be anybody's business stays as it is: a candidate, or withdrawn already.
    fn says_nothing(&mut self, id: ComponentId, known: Option<&Published>, uid: &IncidentUid) -> bool {
        let Some(known) = known else {
            if let Some(component) = self.component_mut(id).filter(|component| !component.candidate) {
                component.candidate = true;
                self.stats.candidates += 1;
            }
            return true;
        };
        known.withdrawn && known.uid == *uid
    }

    /// The last revision of a component's incident, where it was published; `merged_into` stays open.
    pub fn close_into(&mut self, id: ComponentId) -> Result<Option<Incident>, StoreError> {
        let Some(known) = self.component(id).and_then(|component| component.published.clone()) else { return Ok(None) };
        let incident = self.compose(id, known.uid)?;
        self.stats.incidents_merged += 1;
        Ok(Some(Incident {
            revision: known.revision.saturating_add(1),
            activity: Activity::Close,
            status: IncidentStatus::Closed,
            withdrawn: false,
            ..incident
        }))
    }

    /// A snapshot of the component, withdrawn where it is too light to be published and no analyst took it up; revision
    /// and activity are the caller's.
    pub fn compose(&mut self, id: ComponentId, uid: IncidentUid) -> Result<Incident, StoreError> {
        let mut incident = self.snapshot_of(id, uid)?;
        self.tell_case(id, &mut incident)?;
        let has_case = self.component(id).is_some_and(|component| component.steering.has_case);
        if !has_case && !surfaces(&incident, &self.rules.config) {
            (incident.withdrawn, incident.status) = (true, IncidentStatus::Resolved);
        }
        Ok(incident)
    }

    fn snapshot_of(&self, id: ComponentId, uid: IncidentUid) -> Result<Incident, StoreError> {
        let Some(component) = self.component(id) else {
            return Err(StoreError::Damaged(format!("component {id} is missing")));
        };
        let mut listed = Vec::new();
        for MemberRow { uid, hops, .. } in self.members_to_list(id, self.rules.config.members_listed_max)? {
            let Some(subject) = self.subject(uid.as_str())? else { continue };
            // The first rows are the first alerts.
            let looked_at = hops == 0 && listed.len() < NEW_LOOKED_AT_MAX;
            let is_new = looked_at && self.is_new(&subject.signal)?;
            let Subject { signal, keys, .. } = subject;
            let spreads = keys.iter().map(|key| self.spread_at(key, signal.time));
            let spreads = spreads.collect::<Result<_, _>>()?;
            listed.push(Listed { signal: Arc::unwrap_or_clone(signal), hops, keys, spreads, is_new });
        }
        Ok(snapshot(self.rules, &self.tenant, self.now(), uid, component, listed))
    }

    /// The time of what happens now: the newest event's or command's.
    pub fn now(&self) -> Timestamp {
        self.clock.newest.max(self.clock.commanded)
    }

    /// The uid of an incident that is named after `first`. A uid that was closed, or that another
    /// part of a split story keeps, is never used again, so a story that was merged away and split off again gets a
    /// further one: what was published before a hub was found shows in the uids of the parts that it leaves, and so does
    /// the order of arrival that led there.
    fn unused_uid(&self, first: &SignalUid) -> Result<IncidentUid, StoreError> {
        let mut uid = IncidentUid::derive(&self.tenant, first);
        for generation in 1..=GENERATIONS_MAX {
            let was_closed = self.db.get(&self.key(Table::Redirect).tail(uid.as_str()))?.is_some();
            if !was_closed && self.db.get(&self.key(Table::Incident).tail(uid.as_str()))?.is_none() {
                break;
            }
            uid = IncidentUid::derive(&self.tenant, &SignalUid::new(format!("{first}#{generation}")));
        }
        Ok(uid)
    }

    fn absorb(&mut self, id: ComponentId, uid: IncidentUid) {
        let listed_max = self.rules.config.absorbed_listed_max;
        let Some(component) = self.component_mut(id) else { return };
        if !component.absorbed.contains(&uid) {
            component.absorbed.push(uid);
        }
        let surplus = component.absorbed.len().saturating_sub(listed_max);
        component.absorbed.drain(..surplus);
    }

    /// Remembers where a closed uid went.
    pub fn put_redirect(&mut self, uid: &IncidentUid, merged_into: Option<IncidentUid>) -> Result<(), StoreError> {
        let row = self.key(Table::Redirect).tail(uid.as_str());
        self.db.put(row, encode(&RedirectRow { merged_into })?);
        let due = self.clock.watermark.saturating_add_millis(millis(self.rules.config.redirect_secs));
        self.expire_at(due, crate::timers::Aged::Redirect, uid.as_str());
        Ok(())
    }

    /// Gives a revision to the caller.
    pub fn hand_out(&mut self, incident: Incident) {
        self.stats.revisions += 1;
        self.revisions.push(incident);
    }
}

/// What two revisions must differ in to be worth publishing: everything but number, activity and time.
///
/// These are left out for as long as it takes: a copy of an incident costs more than its digest.
fn digest(incident: &mut Incident) -> Result<[u8; 16], StoreError> {
    let apart = (incident.revision, incident.activity, incident.time);
    (incident.revision, incident.activity, incident.time) = (0, Activity::Update, Timestamp::default());
    let bytes = rmp_serde::to_vec(incident);
    (incident.revision, incident.activity, incident.time) = apart;
    let bytes = bytes?;
    Ok(Uuid::new_v5(&schemas::ids::NAMESPACE, &bytes).into_bytes())
}
