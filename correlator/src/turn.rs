//! What happens to one tenant when one signal is handled: typed access to that tenant's rows.
//!
//! A turn knows one tenant and builds every key with it, so that tenants cannot meet. The graph
//! ([`crate::graph`]), components ([`crate::component`]), the index ([`crate::index`]), timers
//! ([`crate::timers`]) and publication ([`crate::publish`]) are its methods, a file each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::{Incident, RuleAlert, Signal, TenantId, Timestamp};

use crate::held::{Held, HeldSignal, Weigh as _};
use crate::link::{Rules, Side};
use crate::link_key::LinkKey;
use crate::sigma::Sigma;
use crate::signal_row;
use crate::state::{Component, ComponentId, ComponentRow, Residence, SignalRow, TenantRow, decode, encode};
use crate::stats::Stats;
use crate::store::keys::{Key, Table};
use crate::store::{Overlay, Store, StoreError};

/// One tenant's turn.
pub struct Turn<'a, S> {
    /// The rules of linking.
    pub rules: &'a Rules,
    /// The rules that raise alerts.
    pub sigma: &'a Sigma,
    /// The state, but for rows of the tables that `held` holds, which it has as they were committed.
    pub db: &'a mut Overlay<S>,
    /// The rows that are held decoded.
    pub held: &'a Held,
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
    /// Alerts of rules to hand out.
    pub alerts: &'a mut Vec<RuleAlert>,
    /// Revisions to hand out.
    pub revisions: Vec<Incident>,
    /// Keys that turned out to be shared by more than was known, and in which of their buckets.
    pub respread: Vec<(LinkKey, i64)>,
    /// Components read in this turn.
    components: BTreeMap<ComponentId, Arc<Component>>,
    changed: BTreeSet<ComponentId>,
}

/// A signal with all that is needed to link it.
pub struct Subject {
    /// The signal; a subject always has one.
    pub signal: Arc<Signal>,
    /// Where it belongs.
    pub residences: Vec<Residence>,
    /// Its link keys, sorted.
    pub keys: Arc<[LinkKey]>,
}

impl Subject {
    /// What it brings into a comparison.
    pub fn side(&self) -> Side<'_> {
        Side::of(&self.signal, &self.keys)
    }
}

impl<'a, S: Store> Turn<'a, S> {
    /// The turn of `tenant`.
    pub fn start(
        rules: &'a Rules,
        sigma: &'a Sigma,
        db: &'a mut Overlay<S>,
        held: &'a Held,
        stats: &'a mut Stats,
        alerts: &'a mut Vec<RuleAlert>,
        tenant: TenantId,
    ) -> Result<Self, StoreError> {
        let key = Key::new(Table::Tenant, tenant.as_str()).done();
        // The clock is out of its row while the turn has it, and comes back at the end.
        let mut known = None;
        held.tenants.borrow_mut().change(&key, |row| known = row.take());
        let clock = match known {
            Some(clock) => clock,
            None => match db.get(&key)? {
                Some(bytes) => {
                    let clock: TenantRow = decode(&bytes)?;
                    clock.addressed_last.inspect(|last| held.recent.borrow_mut().miss(*last));
                    clock
                }
                None => {
                    // So that a look through the tenants finds it before it is committed.
                    db.put(key, encode(&TenantRow::default())?);
                    TenantRow::default()
                }
            },
        };
        let turn = Self {
            rules,
            sigma,
            db,
            held,
            stats,
            alerts,
            tenant,
            clock,
            dirty: BTreeSet::new(),
            urgent: BTreeSet::new(),
            closes: Vec::new(),
            revisions: Vec::new(),
            respread: Vec::new(),
            components: BTreeMap::new(),
            changed: BTreeSet::new(),
        };
        if turn.held.counted.borrow().is_none() {
            turn.list_counted()?;
        }
        Ok(turn)
    }

    /// Writes down what the turn changed and hands out its revisions.
    pub fn end(mut self) -> Result<Vec<Incident>, StoreError> {
        let key = self.key(Table::Tenant).done();
        self.held.tenants.borrow_mut().put(key, Some(std::mem::take(&mut self.clock)));
        for id in std::mem::take(&mut self.changed) {
            let Some(component) = self.components.remove(&id) else { continue };
            self.put_component_row(id, Some(ComponentRow::Here(component)));
        }
        in_order(&mut self.revisions);
        Ok(self.revisions)
    }

    /// The start of this tenant's keys in `table`.
    pub fn key(&self, table: Table) -> Key {
        Key::new(table, self.tenant.as_str())
    }

    /// The row of a signal with its keys.
    fn held_signal(&self, uid: &str) -> Result<Option<HeldSignal>, StoreError> {
        let key = self.key(Table::Signal).uid(uid);
        let known = self.held.signals.borrow_mut().get(&key);
        let row = match known {
            Some(Some(held)) if held.is_as_made(&self.held.renamed) => return Ok(Some(held)),
            Some(Some(held)) => held.row,
            Some(None) => return Ok(None),
            None => {
                let Some(bytes) = self.db.get(&key)? else { return Ok(None) };
                signal_row::read(&bytes, &self.tenant, uid)?
            }
        };
        let made = self.held.renamed.now();
        let keys = row.signal.as_ref().map(|signal| self.keys_of(signal)).transpose()?.unwrap_or_default().0;
        let held = HeldSignal { row, keys: keys.into(), made };
        let mut signals = self.held.signals.borrow_mut();
        match signals.get(&key) {
            Some(_) => signals.adjust(&key, |known| known.clone_from(&held)),
            None => signals.learn(key, Some(held.clone())),
        }
        Ok(Some(held))
    }

    /// The row of a signal.
    pub fn signal_row(&self, uid: &str) -> Result<Option<SignalRow>, StoreError> {
        Ok(self.held_signal(uid)?.map(|held| held.row))
    }

    /// The signal with its keys, where it is there and its incident was not closed.
    pub fn subject(&self, uid: &str) -> Result<Option<Subject>, StoreError> {
        let Some(HeldSignal { row: SignalRow { signal: Some(signal), residences }, keys, .. }) =
            self.held_signal(uid)?
        else {
            return Ok(None);
        };
        Ok(Some(Subject { signal, residences, keys }))
    }

    /// Writes a subject down.
    pub fn save(&mut self, subject: &Subject) {
        let row = SignalRow { signal: Some(Arc::clone(&subject.signal)), residences: subject.residences.clone() };
        let held = HeldSignal { row, keys: Arc::clone(&subject.keys), made: self.held.renamed.now() };
        self.put_signal(subject.signal.uid.as_str(), Some(held));
    }

    /// Forgets what a signal said but not that it was there.
    pub fn save_gone(&mut self, uid: &str) {
        let row = SignalRow { signal: None, residences: Vec::new() };
        self.put_signal(uid, Some(HeldSignal { row, keys: Arc::default(), made: self.held.renamed.now() }));
    }

    /// Forgets a signal.
    pub fn remove_signal(&mut self, uid: &str) {
        self.put_signal(uid, None);
    }

    /// Of what belongs to no story nothing is asked again, as a rule: it is written at once, and its memory is free for
    /// the next signal. A row that is held as changed is younger than the one that was written.
    fn put_signal(&mut self, uid: &str, held: Option<HeldSignal>) {
        let key = self.key(Table::Signal).uid(uid);
        let mut signals = self.held.signals.borrow_mut();
        match held {
            Some(held) if !held.is_worth_holding() => {
                signals.forget(&key);
                self.db.put(key, signal_row::bytes(&held.row));
            }
            held => signals.put(key, held),
        }
    }

    /// The component that holds what `id` was, and its number; `None` where it was closed.
    pub fn find(&mut self, id: ComponentId) -> Result<Option<ComponentId>, StoreError> {
        let mut at = id;
        loop {
            if self.components.contains_key(&at) {
                return Ok(Some(at));
            }
            match self.component_row(at)? {
                Some(ComponentRow::Here(component)) => {
                    self.components.insert(at, component);
                    return Ok(Some(at));
                }
                // A merged component always points to a younger fact, so the walk ends.
                Some(ComponentRow::Merged(next)) => at = next,
                None => return Ok(None),
            }
        }
    }

    fn component_row(&self, id: ComponentId) -> Result<Option<ComponentRow>, StoreError> {
        let key = self.key(Table::Component).number(id).done();
        if let Some(known) = self.held.components.borrow_mut().get(&key) {
            return Ok(known);
        }
        let row: Option<ComponentRow> = self.db.get(&key)?.map(|bytes| decode(&bytes)).transpose()?;
        self.held.components.borrow_mut().learn(key, row.clone());
        Ok(row)
    }

    fn put_component_row(&self, id: ComponentId, row: Option<ComponentRow>) {
        self.held.components.borrow_mut().put(self.key(Table::Component).number(id).done(), row);
    }

    /// The component numbered `id`, after [`Self::find`] has named it.
    pub fn component(&self, id: ComponentId) -> Option<&Component> {
        self.components.get(&id).map(Arc::as_ref)
    }

    /// The same, to change it.
    pub fn component_mut(&mut self, id: ComponentId) -> Option<&mut Component> {
        self.changed.insert(id);
        self.components.get_mut(&id).map(Arc::make_mut)
    }

    /// Adds a component and says its number.
    pub fn add_component(&mut self, component: Component) -> ComponentId {
        let id = self.clock.next_component;
        self.clock.next_component += 1;
        self.components.insert(id, Arc::new(component));
        self.changed.insert(id);
        id
    }

    /// Takes a component out of the state.
    pub fn remove_component(&mut self, id: ComponentId) -> Option<Component> {
        self.dirty.remove(&id);
        self.urgent.remove(&id);
        self.put_component_row(id, None);
        self.changed.remove(&id);
        self.components.remove(&id).map(Arc::unwrap_or_clone)
    }

    /// Where merged components point, written at once since nobody keeps them.
    pub fn put_merged(&mut self, id: ComponentId, into: ComponentId) {
        self.put_component_row(id, Some(ComponentRow::Merged(into)));
    }

    /// Forgets where a merged component pointed.
    pub fn remove_merged(&mut self, id: ComponentId) {
        self.put_component_row(id, None);
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
