//! What a revision says: a pure function of a component and its listed members.

mod entities;
mod links;
mod parts;
mod priority;
mod title;

pub use priority::{NEW_ADDRESS, TWO_PLACES};

use std::sync::Arc;

use schemas::{
    Activity, Handling, Incident, IncidentStatus, IncidentUid, Member, Signal, SignalKind, TenantId, Timestamp,
};

use crate::evidence::Evidence;
use crate::link::{Rules, Side, Spread};
use crate::link_key::LinkKey;
use crate::state::Component;

/// A member that the revision lists.
pub struct Listed {
    /// The signal.
    pub signal: Signal,
    /// Steps from the nearest opener.
    pub hops: u8,
    /// Its link keys, sorted.
    pub keys: Arc<[LinkKey]>,
    /// How far each of them is spread at its time.
    pub spreads: Vec<Spread>,
    /// Whether it is an alert that was not raised about its actor on the days before.
    pub is_new: bool,
}

impl Listed {
    fn spread(&self, key: &LinkKey) -> Spread {
        let at = self.keys.binary_search_by(|own| (own.kind, own.id.as_str()).cmp(&(key.kind, key.id.as_str())));
        at.ok().and_then(|at| self.spreads.get(at)).copied().unwrap_or(Spread::Few)
    }

    /// Whether it is a record, no alert of Weir's, from an address that is new at its time.
    fn is_from_new_address(&self) -> bool {
        self.signal.kind != SignalKind::AiAlert && self.spreads.contains(&Spread::Rare)
    }

    /// Its addresses of the internet, each with how far it is spread.
    fn addresses(&self, rules: &Rules) -> impl Iterator<Item = (&LinkKey, Spread)> {
        self.keys.iter().zip(self.spreads.iter().copied()).filter(|(key, _)| rules.may_be_rare(key))
    }

    fn side(&self) -> Side<'_> {
        Side::of(&self.signal, &self.keys)
    }

    /// What it shares with another member.
    fn evidence(&self, rules: &Rules, other: &Self) -> Evidence {
        let unusual = self.is_from_new_address() || other.is_from_new_address();
        let spread = |own: &LinkKey, its: &LinkKey| {
            let spread = self.spread(own).max(other.spread(its));
            Ok(if spread == Spread::Daily && unusual { Spread::Few } else { spread })
        };
        // Only a look into the store can fail, and here is none.
        let evidence = rules.evidence(self.side(), other.side(), spread).unwrap_or_default();
        let counted = self.counts(other) || other.counts(self);
        if counted { evidence.counting(rules.threshold) } else { evidence }
    }

    fn counts(&self, other: &Self) -> bool {
        self.signal.counted().iter().any(|uid| uid == other.signal.uid.as_str())
    }

    /// The order in which members are placed in the story.
    fn order(&self) -> (u8, Timestamp, &str) {
        (self.hops, self.signal.time, self.signal.uid.as_str())
    }
}

/// The incident `uid` as it stands; revision 0, since numbering is not its business.
pub fn snapshot(
    rules: &Rules,
    tenant: &TenantId,
    time: Timestamp,
    uid: IncidentUid,
    component: &Component,
    mut listed: Vec<Listed>,
) -> Incident {
    listed.sort_by(|a, b| a.order().cmp(&b.order()));
    let links = links::links(rules, &mut listed, !component.steering.shaped.is_empty());
    let entities = entities::most_shared(&listed, rules.config.entities_listed_max);
    let parts = parts::parts(&listed, &entities);
    let title = title::title(&listed, component, &entities, &parts);
    let (priority, priority_factors) = priority::priority(rules, component, &listed);
    let mut members: Vec<Member> = listed
        .into_iter()
        .zip(links)
        .map(|(listed, link)| Member { signal: listed.signal, hops: listed.hops.min(2), link })
        .collect();
    members.sort_by(|a, b| (a.signal.time, &a.signal.uid).cmp(&(b.signal.time, &b.signal.uid)));
    Incident {
        uid,
        tenant: tenant.clone(),
        revision: 0,
        activity: Activity::Update,
        status: IncidentStatus::New,
        title,
        severity: component.severity,
        time,
        first_time: component.first_time,
        last_time: component.last_time,
        members,
        members_total: component.members_total,
        techniques: component.techniques.iter().cloned().collect(),
        entities,
        parts,
        priority,
        priority_factors,
        merged_into: None,
        absorbed: component.absorbed.clone(),
        continues: component.continues.as_ref().map(|(_, uid)| uid.clone()),
        split_from: component.split_from.clone(),
        related: Vec::new(),
        suppressed: Vec::new(),
        withdrawn: false,
        handling: Handling::default(),
    }
}
