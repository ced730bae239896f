//! Components: who is a member, and how two become one.
//!
//! The member table of a component stands in the order in which members tell a story (openers, vendor
//! alerts, near context, far context; then time and uid), so that the first rows are the members to
//! list and the last row is the one to give up when a component is full. Merging moves the rows of
//! the smaller component into the larger one, so a member moves at most as often as its component
//! doubles; which *incident* survives is another question, answered by the earliest opener.

use std::ops::ControlFlow;

use schemas::{SignalKind, SignalUid, Timestamp};

use crate::state::{Component, ComponentId};
use crate::store::keys::{Key, Parts, Table};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// A row of the member table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// How telling: 0 opener, 1 vendor alert, 2 near context, 3 far context.
    pub rank: u8,
    /// The member's time.
    pub time: Timestamp,
    /// The member.
    pub uid: SignalUid,
    /// Steps from the nearest opener.
    pub hops: u8,
}

/// The sixteenths of a revision's list that each rank has for itself.
const ROOM: [usize; 4] = [8, 4, 3, 1];
const RANK_ALERT: u8 = 1;
const RANK_NEAR: u8 = 2;
const RANK_FAR: u8 = 3;

/// How telling a member is.
fn rank(kind: SignalKind, hops: u8) -> u8 {
    match (kind, hops) {
        (SignalKind::AiAlert, _) => 0,
        (SignalKind::Alert, _) => RANK_ALERT,
        (SignalKind::Context, 0 | 1) => RANK_NEAR,
        (SignalKind::Context, _) => RANK_FAR,
    }
}

impl MemberRow {
    fn of(subject: &Subject, hops: u8) -> Self {
        let signal = &subject.signal;
        Self { rank: rank(signal.kind, hops), time: signal.time, uid: signal.uid.clone(), hops }
    }
}

impl<S: Store> Turn<'_, S> {
    /// The start of a component's rows in the member table.
    pub fn members_key(&self, id: ComponentId) -> Key {
        self.key(Table::Member).number(id)
    }

    /// The key of a member's row.
    pub fn member_key(&self, id: ComponentId, row: &MemberRow) -> Vec<u8> {
        self.members_key(id).byte(row.rank).time(row.time.millis()).tail(row.uid.as_str())
    }

    /// The first `max` members, the most telling first; with `reverse`, the last ones.
    pub fn members(&self, id: ComponentId, reverse: bool, max: usize) -> Result<Vec<MemberRow>, StoreError> {
        self.members_from(id, self.members_key(id), reverse, max)
    }

    /// The members that a revision lists: each rank has a part of the room and gets what others leave, so
    /// that a storm of alerts does not hide the sign-in that explains it.
    pub fn members_to_list(&self, id: ComponentId, max: usize) -> Result<Vec<MemberRow>, StoreError> {
        // Where there is room for all, one scan finds them in the same order.
        if self.component(id).is_some_and(|component| component.members_kept as usize <= max) {
            return self.members(id, false, max);
        }
        let mut ranks = Vec::with_capacity(ROOM.len());
        for (rank, _) in (0..).zip(ROOM) {
            ranks.push(self.members_from(id, self.members_key(id).byte(rank), false, max)?);
        }
        let room = |sixteenths: usize| (max * sixteenths).div_ceil(16);
        let mut taken: Vec<usize> = ranks.iter().zip(ROOM).map(|(rows, part)| rows.len().min(room(part))).collect();
        // Rounding up gave away at most one place a rank, which the least telling give back.
        let mut left = max.saturating_sub(taken.iter().sum());
        let mut surplus = taken.iter().sum::<usize>().saturating_sub(max);
        for taken in taken.iter_mut().rev() {
            let back = surplus.min(*taken);
            (*taken, surplus) = (*taken - back, surplus - back);
        }
        for (rows, taken) in ranks.iter().zip(&mut taken) {
            let more = left.min(rows.len() - *taken);
            (*taken, left) = (*taken + more, left - more);
        }
        Ok(ranks.into_iter().zip(taken).flat_map(|(rows, taken)| rows.into_iter().take(taken)).collect())
    }

    fn members_from(
        &self,
        id: ComponentId,
        prefix: Key,
        reverse: bool,
        max: usize,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let skip = self.members_key(id).done().len();
        let (from, to) = prefix.prefix_range();
        let mut rows = Vec::new();
        self.db.scan(&from, &to, reverse, &mut |key, value| {
            let mut parts = Parts::after(key, skip);
            let rank = parts.byte();
            let time = parts.time().and_then(Timestamp::from_millis);
            if let (Some(rank), Some(time), Some(uid), Some(hops)) = (rank, time, parts.tail(), value.first()) {
                rows.push(MemberRow { rank, time, uid: SignalUid::from(uid), hops: *hops });
            }
            if rows.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(rows)
    }

    /// Whether the component keeps a row for the member.
    pub fn keeps(&self, id: ComponentId, subject: &Subject, hops: u8) -> Result<bool, StoreError> {
        Ok(self.db.get(&self.member_key(id, &MemberRow::of(subject, hops)))?.is_some())
    }

    /// Makes the subject a member at `hops`.
    pub fn add_member(&mut self, id: ComponentId, subject: &Subject, hops: u8) -> Result<(), StoreError> {
        let entities_max = self.rules.config.entities_per_incident_max;
        if let Some(component) = self.component_mut(id) {
            component.members_total += 1;
            component.alerts += u64::from(subject.signal.kind == SignalKind::Alert);
            component.alerted |= subject.signal.kind != SignalKind::Context;
            component.take_in(&subject.signal);
            component.bound_entities(entities_max);
        }
        self.note_scopes(id, &subject.signal);
        self.dirty.insert(id);
        self.keep_row(id, &MemberRow::of(subject, hops))
    }

    /// Takes a member back, before it is added again with another time or kind.
    pub fn remove_member(&mut self, id: ComponentId, subject: &Subject, hops: u8) -> Result<(), StoreError> {
        let kept = self.keeps(id, subject, hops)?;
        if kept {
            let key = self.member_key(id, &MemberRow::of(subject, hops));
            self.db.delete(key);
        }
        if let Some(component) = self.component_mut(id) {
            component.members_total = component.members_total.saturating_sub(1);
            component.alerts = component.alerts.saturating_sub(u64::from(subject.signal.kind == SignalKind::Alert));
            component.members_kept = component.members_kept.saturating_sub(u32::from(kept));
        }
        Ok(())
    }

    /// Moves a member to a smaller distance.
    pub fn bring_nearer(&mut self, id: ComponentId, subject: &Subject, from: u8, to: u8) -> Result<(), StoreError> {
        let (old, new) = (MemberRow::of(subject, from), MemberRow::of(subject, to));
        self.dirty.insert(id);
        if self.drop_row(id, &old)? { self.keep_row(id, &new) } else { Ok(()) }
    }

    fn drop_row(&mut self, id: ComponentId, row: &MemberRow) -> Result<bool, StoreError> {
        let key = self.member_key(id, row);
        if self.db.get(&key)?.is_none() {
            return Ok(false);
        }
        self.db.delete(key);
        if let Some(component) = self.component_mut(id) {
            component.members_kept = component.members_kept.saturating_sub(1);
        }
        Ok(true)
    }

    /// Keeps a row; a full component gives up its least telling one.
    fn keep_row(&mut self, id: ComponentId, row: &MemberRow) -> Result<(), StoreError> {
        let full = self.component(id).is_none_or(|c| c.members_kept >= self.rules.config.members_per_incident_max);
        if full {
            self.stats.members_counted_only += 1;
            let Some(last) = self.members(id, true, 1)?.pop() else { return Ok(()) };
            if (last.rank, last.time, &last.uid) <= (row.rank, row.time, &row.uid) {
                return Ok(());
            }
            self.drop_row(id, &last)?;
        }
        let key = self.member_key(id, row);
        self.db.put(key, vec![row.hops]);
        if let Some(component) = self.component_mut(id) {
            component.members_kept += 1;
        }
        Ok(())
    }

    /// Makes two components one and says which number holds it.
    pub fn union(&mut self, a: ComponentId, b: ComponentId) -> Result<ComponentId, StoreError> {
        let (Some(a), Some(b)) = (self.find(a)?, self.find(b)?) else { return Ok(a) };
        if a == b {
            return Ok(a);
        }
        let order = |turn: &Self, id| turn.component(id).map(|c| (c.first.clone(), c.members_kept));
        let (Some((a_first, a_kept)), Some((b_first, b_kept))) = (order(self, a), order(self, b)) else { return Ok(a) };
        let (survivor, loser) = if a_first <= b_first { (a, b) } else { (b, a) };
        // Nobody was told of a candidate: it takes no name from an incident that was.
        let unheard = self.is_candidate(survivor) && self.component(loser).is_some_and(|c| c.published.is_some());
        let (survivor, loser) = if unheard { (loser, survivor) } else { (survivor, loser) };
        let named = self.component(survivor).map(|c| c.first.clone()).filter(|_| unheard);
        let (large, small) = if (b_kept, a) < (a_kept, b) { (a, b) } else { (b, a) };
        self.stats.candidates_over += u64::from(self.is_candidate(a) || self.is_candidate(b));
        let last_revision = self.close_into(loser)?;
        let published = self.component(survivor).and_then(|c| c.published.clone());
        let absorbed = self.component(survivor).map(|c| c.absorbed.clone()).unwrap_or_default();
        let split_from = self.component(survivor).and_then(|c| c.split_from.clone());
        if let Some(incident) = last_revision {
            self.closes.push((incident, large));
            self.urgent.insert(large);
        }
        self.join_cases(survivor, loser, large)?;
        let forced = self.urgent.contains(&small);
        self.move_members(small, large)?;
        self.forget_timers(small);
        let entities_max = self.rules.config.entities_per_incident_max;
        if let Some(gone) = self.remove_component(small)
            && let Some(component) = self.component_mut(large)
        {
            component.take_over(&gone);
            component.bound_entities(entities_max);
            component.first = named.unwrap_or_else(|| component.first.clone());
            component.published = published;
            component.absorbed = absorbed;
            component.split_from = split_from;
        }
        self.put_merged(small, large);
        self.move_aliases(small, large);
        if forced {
            self.urgent.insert(large);
        }
        self.dirty.insert(large);
        Ok(large)
    }

    /// Whether the component was found too light to be published, and never was.
    fn is_candidate(&self, id: ComponentId) -> bool {
        self.component(id).is_some_and(|component| component.candidate && component.published.is_none())
    }

    /// Moves member rows; a member of both counts once, at its smaller distance.
    fn move_members(&mut self, small: ComponentId, large: ComponentId) -> Result<(), StoreError> {
        let rows = self.members(small, false, usize::MAX)?;
        let (total, alerts) = self.component(small).map_or((0, 0), |c| (c.members_total, c.alerts));
        let (mut twice, mut alerts_twice) = (0, 0);
        for mut row in rows {
            let key = self.member_key(small, &row);
            self.db.delete(key);
            let ranks = if row.rank >= RANK_NEAR { vec![RANK_NEAR, RANK_FAR] } else { vec![row.rank] };
            for rank in ranks {
                let other = MemberRow { rank, ..row.clone() };
                let Some(value) = self.db.get(&self.member_key(large, &other))? else { continue };
                twice += 1;
                alerts_twice += u64::from(rank == RANK_ALERT);
                row.hops = row.hops.min(value.first().copied().unwrap_or(row.hops));
                row.rank = row.rank.min(rank);
                self.drop_row(large, &other)?;
            }
            self.keep_row(large, &row)?;
        }
        if let Some(component) = self.component_mut(large) {
            component.members_total += total.saturating_sub(twice);
            component.alerts += alerts.saturating_sub(alerts_twice);
        }
        Ok(())
    }

    /// Lets all numbers that point to one component point to another.
    pub fn move_aliases(&mut self, small: ComponentId, large: ComponentId) {
        let aliases = self.aliases(small).unwrap_or_default();
        for alias in aliases.into_iter().chain([small]) {
            let (old, new) = (self.alias_key(small, alias), self.alias_key(large, alias));
            self.db.delete(old);
            self.db.put(new, Vec::new());
        }
    }

    fn alias_key(&self, id: ComponentId, alias: ComponentId) -> Vec<u8> {
        self.key(Table::Alias).number(id).number(alias).done()
    }

    /// The numbers that point to a component.
    fn aliases(&self, id: ComponentId) -> Result<Vec<ComponentId>, StoreError> {
        let prefix = self.key(Table::Alias).number(id);
        let skip = prefix.clone().done().len();
        let (from, to) = prefix.prefix_range();
        let mut aliases = Vec::new();
        self.db.scan(&from, &to, false, &mut |key, _| {
            aliases.extend(Parts::after(key, skip).number());
            ControlFlow::Continue(())
        })?;
        Ok(aliases)
    }

    /// Takes a closed component and all numbers that point to it out of the state.
    pub fn dissolve(&mut self, id: ComponentId) -> Result<Option<Component>, StoreError> {
        for alias in self.aliases(id)? {
            let row = self.alias_key(id, alias);
            self.db.delete(row);
            self.remove_merged(alias);
        }
        self.forget_timers(id);
        self.forget_case(id);
        Ok(self.remove_component(id))
    }
}
