//! What event time brings about: coalesced revisions, quiet incidents, old state.
//!
//! A tenant's time is its watermark, for coalesced revisions the newest event ([`crate::clock`]). Each turn
//! does a bounded share of what is due, the rest waits for the next turns; nothing here reads a wall clock,
//! so a replay does the same. A tenant that sends nothing keeps its state until it does.

use std::ops::ControlFlow;

use schemas::{Activity, Incident, IncidentStatus, Timestamp};

use crate::aging::{self, Aging, Block};
use crate::link::millis;
use crate::state::ComponentId;
use crate::store::keys::{Parts, Table};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn, earliest};

/// Coalesced publications, and looks at quiet incidents, in one turn.
const INCIDENTS_PER_TURN: usize = 16;
/// Signals whose age is looked at in one turn.
const AGED_PER_TURN: usize = 64;

/// What the expiry table names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aged {
    /// A signal.
    Signal,
    /// A closed uid.
    Redirect,
    /// What a closed incident left behind.
    Trace,
    /// A command.
    Command,
    /// What other names stand beside a name.
    Identity,
    /// On which days an alert was raised.
    Habit,
    /// What is left of an incident whose state is gone.
    Closed,
    /// Who claimed an address.
    Lease,
    /// That an address was there.
    Address,
}

/// A row of the expiry table.
struct AgedRow {
    key: Vec<u8>,
    due: Option<Timestamp>,
    what: Option<Aged>,
    /// What it names: several where they grow old together.
    names: Vec<String>,
}

impl Aged {
    const ALL: [Self; 9] = [
        Self::Signal,
        Self::Redirect,
        Self::Trace,
        Self::Command,
        Self::Identity,
        Self::Habit,
        Self::Closed,
        Self::Lease,
        Self::Address,
    ];

    fn code(self) -> u8 {
        match self {
            Self::Signal => 0,
            Self::Redirect => 1,
            Self::Trace => 2,
            Self::Command => 3,
            Self::Identity => 4,
            Self::Habit => 5,
            Self::Closed => 6,
            Self::Lease => 7,
            Self::Address => 8,
        }
    }
}

impl<S: Store> Turn<'_, S> {
    /// Does what is due.
    pub fn run_timers(&mut self) -> Result<(), StoreError> {
        if self.clock.due_from.is_some_and(|due| due <= self.clock.newest) {
            self.publish_due(self.clock.newest, INCIDENTS_PER_TURN)?;
        }
        if self.is_due(self.clock.quiet_from) {
            self.close_quiet()?;
        }
        if self.is_due(self.clock.expiry_from) { self.expire() } else { Ok(()) }
    }

    fn is_due(&self, time: Option<Timestamp>) -> bool {
        time.is_some_and(|time| time <= self.clock.watermark)
    }

    /// Publishes all that waits, due or not.
    pub fn publish_waiting(&mut self) -> Result<(), StoreError> {
        while self.clock.due_from.is_some() {
            self.publish_due(Timestamp::MAX, usize::MAX)?;
        }
        Ok(())
    }

    fn publish_due(&mut self, until: Timestamp, max: usize) -> Result<(), StoreError> {
        for (due, id) in self.timed(Table::Due, until, max)? {
            match self.find(id)? {
                Some(root) => self.release(root)?,
                None => {
                    let row = self.key(Table::Due).time(due.millis()).number(id).done();
                    self.db.delete(row);
                }
            }
        }
        // Those that name what has a uid since.
        self.publish_changes()?;
        self.clock.due_from = self.first_time(Table::Due)?;
        Ok(())
    }

    /// The rows of a table of times and components, up to `until`.
    fn timed(&self, table: Table, until: Timestamp, max: usize) -> Result<Vec<(Timestamp, ComponentId)>, StoreError> {
        let prefix = self.key(table);
        let skip = prefix.clone().done().len();
        let to = prefix.clone().time(until.millis().saturating_add(1)).done();
        let mut rows = Vec::new();
        self.db.scan(&prefix.done(), &to, false, &mut |key, _| {
            let mut parts = Parts::after(key, skip);
            if let (Some(time), Some(id)) = (parts.time().and_then(Timestamp::from_millis), parts.number()) {
                rows.push((time, id));
            }
            if rows.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(rows)
    }

    fn first_time(&self, table: Table) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.timed(table, Timestamp::MAX, 1)?.first().map(|(time, _)| *time))
    }

    /// Takes a component's row out of the due table.
    pub fn forget_due(&mut self, id: ComponentId) {
        let Some(due) = self.component(id).and_then(|component| component.due) else { return };
        let row = self.key(Table::Due).time(due.millis()).number(id).done();
        self.db.delete(row);
        if let Some(component) = self.component_mut(id) {
            component.due = None;
        }
    }

    /// Takes a component out of all tables of times.
    pub fn forget_timers(&mut self, id: ComponentId) {
        self.forget_due(id);
        let Some(quiet) = self.component(id).and_then(|component| component.quiet) else { return };
        let row = self.key(Table::Quiet).time(quiet.millis()).number(id).done();
        self.db.delete(row);
        if let Some(component) = self.component_mut(id) {
            component.quiet = None;
        }
    }

    /// Makes sure that somebody will look whether the component is quiet. The row may be earlier than
    /// need be; whoever finds it looks again later, so that joining costs no row.
    pub fn watch_quiet(&mut self, id: ComponentId) {
        let wait = millis(self.rules.config.quiet_secs);
        let Some(component) = self.component(id).filter(|component| component.quiet.is_none()) else { return };
        let quiet = component.last_time.saturating_add_millis(wait);
        if let Some(component) = self.component_mut(id) {
            component.quiet = Some(quiet);
        }
        let row = self.key(Table::Quiet).time(quiet.millis()).number(id).done();
        self.db.put(row, Vec::new());
        self.clock.quiet_from = earliest(self.clock.quiet_from, quiet);
    }

    fn close_quiet(&mut self) -> Result<(), StoreError> {
        let wait = millis(self.rules.config.quiet_secs);
        for (_, id) in self.timed(Table::Quiet, self.clock.watermark, INCIDENTS_PER_TURN)? {
            let Some(root) = self.find(id)? else { continue };
            let Some(last) = self.component(root).map(|component| component.last_time) else { continue };
            self.forget_quiet(root);
            let stale = self.component(root).is_some_and(|component| component.stale);
            if stale {
                self.release(root)?;
            } else if last.saturating_add_millis(wait) <= self.clock.watermark {
                self.close(root)?;
            } else {
                self.watch_quiet(root);
            }
        }
        self.clock.quiet_from = self.first_time(Table::Quiet)?;
        // Stories that go on after one that was closed now say so.
        self.publish_changes()
    }

    fn forget_quiet(&mut self, id: ComponentId) {
        let Some(quiet) = self.component(id).and_then(|component| component.quiet) else { return };
        let row = self.key(Table::Quiet).time(quiet.millis()).number(id).done();
        self.db.delete(row);
        if let Some(component) = self.component_mut(id) {
            component.quiet = None;
        }
    }

    /// Publishes the last revision of a quiet incident and removes its state.
    fn close(&mut self, id: ComponentId) -> Result<(), StoreError> {
        // What an analyst closed had its last revision.
        let closed = self.component(id).is_some_and(|component| component.steering.closed);
        if !closed {
            self.settle_name(id)?;
        }
        match self.last_revision(id)? {
            Some(last) if !closed => {
                self.stats.incidents_closed += 1;
                self.put_redirect(&last.uid, None)?;
                // What was explained has nothing that could go on.
                if !last.withdrawn {
                    self.leave_traces(id, &last)?;
                }
                self.keep_closed(&last)?;
                self.hand_out(last);
            }
            Some(last) => {
                let status = self.case(id)?.status;
                self.keep_closed(&Incident { revision: last.revision - 1, status, ..last })?;
            }
            None => {}
        }
        for member in self.members(id, false, usize::MAX)? {
            if let Some(subject) = self.subject(member.uid.as_str())? {
                self.let_go(id, subject)?;
            }
        }
        let (from, to) = self.key(Table::Member).number(id).prefix_range();
        let mut rows = Vec::new();
        self.db.scan(&from, &to, false, &mut |key, _| {
            rows.push(key.to_vec());
            ControlFlow::Continue(())
        })?;
        rows.into_iter().for_each(|row| self.db.delete(row));
        self.dissolve(id)?;
        Ok(())
    }

    fn last_revision(&mut self, id: ComponentId) -> Result<Option<Incident>, StoreError> {
        let Some(known) = self.component(id).and_then(|c| c.published.clone()) else { return Ok(None) };
        let incident = self.compose(id, known.uid)?;
        Ok(Some(Incident {
            revision: known.revision.saturating_add(1),
            activity: Activity::Close,
            status: IncidentStatus::Closed,
            ..incident
        }))
    }

    /// Ends a signal's part in a component that is closed. Where it has no other, only its uid stays,
    /// so that a repetition is still recognised until it is too late for one.
    fn let_go(&mut self, id: ComponentId, mut subject: Subject) -> Result<(), StoreError> {
        let before = subject.residences.clone();
        self.settle(&mut subject)?;
        subject.residences.retain(|residence| residence.component != id);
        if !subject.residences.is_empty() {
            self.repost(&subject, &before)?;
            self.save(&subject);
            return Ok(());
        }
        self.unpost(&subject, &before)?;
        self.stay_known(&subject)?;
        self.save_gone(subject.signal.uid.as_str());
        Ok(())
    }

    /// Has something looked at when the watermark reaches `due`.
    pub fn expire_at(&mut self, due: Timestamp, what: Aged, name: &str) {
        let row = self.key(Table::Expiry).time(due.millis()).byte(what.code()).tail(name);
        self.db.put(row, Vec::new());
        self.expect_expiry(due);
    }

    /// The same of what many others of its kind are due with.
    pub fn expire_together_at(&mut self, due: Timestamp, what: Aged, name: &str) {
        if let Some(block) = self.clock.aging.add(what.code(), due, name) {
            self.put_block(block);
        }
        self.expect_expiry(due);
    }

    /// Has a signal looked at when the watermark has passed `horizon`.
    pub fn expire_signal_at(&mut self, horizon: Timestamp, uid: &str) {
        self.expire_together_at(Aging::due(horizon), Aged::Signal, uid);
    }

    fn put_block(&mut self, block: Block) {
        let row = self.key(Table::Expiry).time(block.due.millis()).byte(block.what);
        self.db.put(row.number(block.number).done(), block.names);
    }

    /// The first rows of the expiry table, as many as one turn looks at and one more, or up to the first that is not due.
    fn aged_rows(&self) -> Result<Vec<AgedRow>, StoreError> {
        let prefix = self.key(Table::Expiry);
        let skip = prefix.clone().done().len();
        let (from, to) = prefix.prefix_range();
        let (mut rows, mut named) = (Vec::new(), 0);
        self.db.scan(&from, &to, false, &mut |key, value| {
            let mut parts = Parts::after(key, skip);
            let due = parts.time().and_then(Timestamp::from_millis);
            let code = parts.byte();
            let what = Aged::ALL.into_iter().find(|what| Some(what.code()) == code);
            let names: Vec<String> = match what {
                Some(Aged::Signal | Aged::Identity | Aged::Lease) => {
                    aging::read(value).into_iter().map(|uid| uid.as_str().to_owned()).collect()
                }
                _ => parts.tail().map(str::to_owned).into_iter().collect(),
            };
            let is_enough = named >= AGED_PER_TURN || due.is_some_and(|due| due > self.clock.watermark);
            named += names.len().max(1);
            rows.push(AgedRow { key: key.to_vec(), due, what, names });
            if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(rows)
    }

    fn expire(&mut self) -> Result<(), StoreError> {
        for block in self.clock.aging.take_due(self.clock.watermark) {
            self.put_block(block);
        }
        let rows = self.aged_rows()?;
        self.clock.expiry_from = self.clock.aging.first_due();
        let mut looked = 0;
        for AgedRow { key, due, what, names } in rows {
            if looked >= AGED_PER_TURN || due.is_some_and(|due| due > self.clock.watermark) {
                self.expect_expiry(due.unwrap_or_default());
                break;
            }
            looked += names.len().max(1);
            self.db.delete(key);
            for name in names {
                self.look_at_aged(what, &name)?;
            }
        }
        Ok(())
    }

    fn look_at_aged(&mut self, what: Option<Aged>, name: &str) -> Result<(), StoreError> {
        match what {
            Some(Aged::Signal) => self.expire_signal(name)?,
            Some(Aged::Trace) => self.forget_trace(name)?,
            Some(Aged::Command) => self.forget_command(name),
            Some(Aged::Identity) => self.expire_identity(name)?,
            Some(Aged::Habit) => self.expire_habit(name)?,
            Some(Aged::Closed) => self.forget_closed(name),
            Some(Aged::Lease) => self.forget_lease(name),
            Some(Aged::Address) => self.forget_address(name)?,
            Some(Aged::Redirect) => {
                for table in [Table::Redirect, Table::Incident] {
                    let row = self.key(table).tail(name);
                    self.db.delete(row);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Removes a signal unless an open incident keeps it; then it is looked at again later.
    fn expire_signal(&mut self, uid: &str) -> Result<(), StoreError> {
        if let Some(mut subject) = self.subject(uid)? {
            let before = subject.residences.clone();
            self.settle(&mut subject)?;
            for residence in &subject.residences {
                if self.keeps(residence.component, &subject, residence.hops)? {
                    let again = millis(self.rules.config.retention_secs);
                    self.expire_signal_at(self.clock.watermark.saturating_add_millis(again), uid);
                    return Ok(());
                }
            }
            self.unpost(&subject, &before)?;
        }
        self.stats.expired += 1;
        self.forget_marks(uid);
        self.remove_signal(uid);
        Ok(())
    }
}
