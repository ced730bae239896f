//! What happens to one tenant when one signal is handled: typed access to that tenant's rows.
//!
//! A turn knows one tenant and builds every key with it, so that tenants cannot meet. The graph
//! ([`crate::graph`]), components ([`crate::component`]), the index ([`crate::index`]), timers
//! ([`crate::timers`]) and publication ([`crate::publish`]) are its methods, a file each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use schemas::{Incident, TenantId, Timestamp};

use crate::index::HeldHead;
use crate::link::{Rules, Side};
use crate::link_key::LinkKey;
use crate::state::{Component, ComponentId, ComponentRow, SignalRow, SignalRowRef, TenantRow, decode, encode};
use crate::stats::Stats;
use crate::store::keys::{Key, Table};
use crate::store::{Overlay, Store, StoreError};
use crate::tactic::stage;

/// One tenant's turn.
pub struct Turn<'a, S> {
    /// The rules.
    pub rules: &'a Rules,
    /// The state.
    pub db: &'a mut Overlay<S>,
    /// The counters.
    pub stats: &'a mut Stats,
    /// Whose turn it is.
    pub tenant: TenantId,
    /// The tenant's clock.
    pub clock: TenantRow,
    /// Components that changed and have to be looked at for publication.
    pub dirty: BTreeSet<ComponentId>,
    /// Components that took over a published incident and must publish at once.
    pub urgent: BTreeSet<ComponentId>,
    /// Last revisions of incidents that were merged away, with the component that has them now.
    pub closes: Vec<(Incident, ComponentId)>,
    /// Revisions to hand out.
    pub revisions: Vec<Incident>,
    /// Keys that turned out to be shared by more than was known, and in which of their buckets.
    pub respread: Vec<(LinkKey, i64)>,
    /// Heads of keys read in this turn.
    pub heads: RefCell<BTreeMap<LinkKey, HeldHead>>,
    /// Components read in this turn.
    components: BTreeMap<ComponentId, Component>,
    changed: BTreeSet<ComponentId>,
}

/// A signal with all that is needed to link it.
pub struct Subject {
    /// The signal; a subject always has one.
    pub signal: schemas::Signal,
    /// Where it belongs.
    pub residences: Vec<crate::state::Residence>,
    /// Its link keys, sorted.
    pub keys: Vec<LinkKey>,
}

impl Subject {
    /// What it brings into a comparison.
    pub fn side(&self) -> Side<'_> {
        let stage = stage(&self.signal.techniques);
        Side { kind: self.signal.kind, keys: &self.keys, time: self.signal.time, stage }
    }
}

impl<'a, S: Store> Turn<'a, S> {
    /// The turn of `tenant`.
    pub fn start(
        rules: &'a Rules,
        db: &'a mut Overlay<S>,
        stats: &'a mut Stats,
        tenant: TenantId,
    ) -> Result<Self, StoreError> {
        let row = db.get(&Key::new(Table::Tenant, tenant.as_str()).done())?;
        let clock = row.map_or(Ok(TenantRow::default()), |bytes| decode(&bytes))?;
        Ok(Self {
            rules,
            db,
            stats,
            tenant,
            clock,
            dirty: BTreeSet::new(),
            urgent: BTreeSet::new(),
            closes: Vec::new(),
            revisions: Vec::new(),
            respread: Vec::new(),
            heads: RefCell::default(),
            components: BTreeMap::new(),
            changed: BTreeSet::new(),
        })
    }

    /// Writes down what the turn changed and hands out its revisions.
    pub fn end(mut self) -> Result<Vec<Incident>, StoreError> {
        self.put_heads();
        let clock = encode(&self.clock)?;
        let key = self.key(Table::Tenant).done();
        self.db.put(key, clock);
        for id in std::mem::take(&mut self.changed) {
            let Some(component) = self.components.remove(&id) else { continue };
            let key = self.key(Table::Component).number(id).done();
            self.db.put(key, encode(&ComponentRow::Here(Box::new(component)))?);
        }
        in_order(&mut self.revisions);
        Ok(self.revisions)
    }

    /// The start of this tenant's keys in `table`.
    pub fn key(&self, table: Table) -> Key {
        Key::new(table, self.tenant.as_str())
    }

    /// The row of a signal.
    pub fn signal_row(&self, uid: &str) -> Result<Option<SignalRow>, StoreError> {
        let row = self.db.get(&self.key(Table::Signal).tail(uid))?;
        row.map(|bytes| decode(&bytes)).transpose()
    }

    /// Writes the row of a signal.
    pub fn put_signal_row(&mut self, uid: &str, row: SignalRowRef<'_>) -> Result<(), StoreError> {
        self.db.put(self.key(Table::Signal).tail(uid), encode(&row)?);
        Ok(())
    }

    /// The signal with its keys, where it is there and its incident was not closed.
    pub fn subject(&self, uid: &str) -> Result<Option<Subject>, StoreError> {
        let Some(SignalRow { signal: Some(signal), residences }) = self.signal_row(uid)? else { return Ok(None) };
        let (keys, _) = self.keys_of(&signal)?;
        Ok(Some(Subject { signal, residences, keys }))
    }

    /// Writes a subject down.
    pub fn save(&mut self, subject: &Subject) -> Result<(), StoreError> {
        let row = SignalRowRef { signal: Some(&subject.signal), residences: &subject.residences };
        self.put_signal_row(subject.signal.uid.as_str(), row)
    }

    /// The component that holds what `id` was, and its number; `None` where it was closed.
    pub fn find(&mut self, id: ComponentId) -> Result<Option<ComponentId>, StoreError> {
        let mut at = id;
        loop {
            if self.components.contains_key(&at) {
                return Ok(Some(at));
            }
            let Some(row) = self.db.get(&self.key(Table::Component).number(at).done())? else { return Ok(None) };
            match decode(&row)? {
                ComponentRow::Here(component) => {
                    self.components.insert(at, *component);
                    return Ok(Some(at));
                }
                // A merged component always points to a younger fact, so the walk ends.
                ComponentRow::Merged(next) => at = next,
            }
        }
    }

    /// The component numbered `id`, after [`Self::find`] has named it.
    pub fn component(&self, id: ComponentId) -> Option<&Component> {
        self.components.get(&id)
    }

    /// The same, to change it.
    pub fn component_mut(&mut self, id: ComponentId) -> Option<&mut Component> {
        self.changed.insert(id);
        self.components.get_mut(&id)
    }

    /// Adds a component and says its number.
    pub fn add_component(&mut self, component: Component) -> ComponentId {
        let id = self.clock.next_component;
        self.clock.next_component += 1;
        self.components.insert(id, component);
        self.changed.insert(id);
        id
    }

    /// Takes a component out of the state.
    pub fn remove_component(&mut self, id: ComponentId) -> Option<Component> {
        self.dirty.remove(&id);
        self.urgent.remove(&id);
        let key = self.key(Table::Component).number(id).done();
        self.db.delete(key);
        self.changed.remove(&id);
        self.components.remove(&id)
    }

    /// Where merged components point, written at once since nobody keeps them.
    pub fn put_merged(&mut self, id: ComponentId, into: ComponentId) -> Result<(), StoreError> {
        let key = self.key(Table::Component).number(id).done();
        self.db.put(key, encode(&ComponentRow::Merged(into))?);
        Ok(())
    }

    /// Makes sure that the expiry table is looked at from `due` on.
    pub fn expect_expiry(&mut self, due: Timestamp) {
        self.clock.expiry_from = earliest(self.clock.expiry_from, due);
    }
}

/// The earlier of a time that may be absent and one that is not.
pub fn earliest(time: Option<Timestamp>, other: Timestamp) -> Option<Timestamp> {
    Some(time.map_or(other, |time| time.min(other)))
}

/// The order in which revisions are handed out: event time, those that close an incident into another
/// before the rest, uid, number.
pub fn in_order(revisions: &mut [Incident]) {
    let key = |incident: &Incident| (incident.time, incident.merged_into.is_none());
    revisions.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| (&a.uid, a.revision).cmp(&(&b.uid, b.revision))));
}
