//! Whose computer a private address was when something came from it.
//!
//! DHCP lends an address to one computer after another, so the address itself says next to nothing ([`crate::link`]).
//! Records that give a device together with its own private address *claim* it for the device: those that say no
//! direction, as endpoint products do of a computer and DHCP servers of a lease, and sign-ins, which come from where the
//! device is. A record that names a private address and no device is then of the device that claimed the address last
//! before it, at most `lease_secs` before: it gets that device as a record that names it has it. What the inventory
//! says of a device's addresses holds always and goes first.
//!
//! # What is nobody's
//! A public address, which a router lends to all behind it. The target of a connection. An address that two devices
//! claim in turns within [`STRETCH_MS`], or more than [`CLAIMS_MAX`] one after another: that is a gateway's.
//!
//! # Order
//! Claims add up whatever their order, to the minute. A claim that comes after records that lie behind it in time gives
//! them their device then, up to [`LET_LATE_MAX`]; one that would take a device away again comes too late for that.
//!
//! # How it stays cheap
//! Most claims are the first of their stretch, and most records name their device: [`crate::recent`] says where neither
//! a claim nor a record can be found, and nobody looks.

use std::ops::ControlFlow;

use schemas::entity::IDS_PER_ENTITY_MAX;
use schemas::{Entity, EntityKind, Group, Role, Signal, Timestamp, is_private_ip};

use crate::fold::canonical;
use crate::index::Span;
use crate::key_filter;
use crate::link::millis;
use crate::link_key::LinkKey;
use crate::state::Class;
use crate::store::keys::{Key, Parts, Table};
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::Turn;

/// The stretches of time in which claims stand together.
const STRETCH_MS: i64 = 15 * 60 * 1_000;
/// Devices that may claim an address one after another within a stretch.
const CLAIMS_MAX: usize = 4;
/// Addresses of its own that a record gives for a device.
const ADDRESSES_MAX: usize = 4;
/// Records behind a late claim, of each class, that get its device.
const LET_LATE_MAX: usize = 256;
const MINUTE_MS: i64 = 60 * 1_000;
/// What is noted of an address: that it was claimed in a stretch, that a record waits for a claim.
const CLAIMED: u8 = 0;
const WAITING: u8 = 1;

/// That a device had an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    /// The device's names, sorted.
    ids: Vec<String>,
    /// The first and the last minute.
    first: i64,
    last: i64,
}

/// Who claimed an address in a stretch, in the order of names; one more than [`CLAIMS_MAX`] at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct LeaseRow(Vec<Claim>);

impl LeaseRow {
    /// Its bytes: of each claim both minutes, the number of names, and the names. Nearly every signal writes one.
    fn bytes(&self) -> Vec<u8> {
        let claims = self.0.iter().fold(Key::default(), |row, claim| {
            let names = u8::try_from(claim.ids.len()).unwrap_or(u8::MAX);
            let row = row.time(claim.first).time(claim.last).byte(names);
            claim.ids.iter().take(usize::from(names)).fold(row, |row, id| row.name(id))
        });
        claims.done()
    }

    /// Reads what [`Self::bytes`] wrote.
    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let (mut rest, mut claims) = (Parts::after(bytes, 0), Vec::new());
        while !rest.is_empty() {
            let minutes = (rest.time(), rest.time(), rest.byte());
            let (Some(first), Some(last), Some(names)) = minutes else { return Err(damaged()) };
            let names = (0..names).map(|_| rest.name().map(str::to_owned));
            let ids: Vec<String> = names.collect::<Option<_>>().ok_or_else(damaged)?;
            claims.push(Claim { ids, first, last });
        }
        Ok(Self(claims))
    }

    /// Adds a claim; says whether it reaches further back in time than what was claimed.
    fn add(&mut self, ids: &[String], minute: i64) -> bool {
        let mut whole = Claim { ids: ids.to_vec(), first: minute, last: minute };
        let mut earliest = i64::MAX;
        self.0.retain(|claim| {
            let same = claim.ids.iter().any(|id| ids.contains(id));
            if same {
                earliest = earliest.min(claim.first);
                whole.ids.extend(claim.ids.iter().cloned());
                (whole.first, whole.last) = (whole.first.min(claim.first), whole.last.max(claim.last));
            }
            !same
        });
        whole.ids.sort_unstable();
        whole.ids.dedup();
        whole.ids.truncate(IDS_PER_ENTITY_MAX);
        self.0.push(whole);
        self.0.sort_unstable_by(|a, b| a.ids.cmp(&b.ids));
        self.0.truncate(CLAIMS_MAX + 1);
        minute < earliest
    }

    /// Who had the address last at `minute`: nothing where nobody claimed it by then, nobody where several did.
    fn holder(&self, minute: i64) -> Option<Option<&Claim>> {
        if self.0.len() > CLAIMS_MAX {
            return Some(None);
        }
        let mut by_then: Vec<&Claim> = self.0.iter().filter(|claim| claim.first <= minute).collect();
        by_then.sort_unstable_by_key(|claim| claim.last);
        let last = by_then.pop()?;
        // A lease that ends within the minute in which the next begins is no sharing.
        let alone = by_then.iter().all(|before| before.last <= last.first);
        Some(Some(last).filter(|_| alone))
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged("a claim of an address that does not read".to_owned())
}

fn minute(time: Timestamp) -> i64 {
    time.millis().div_euclid(MINUTE_MS)
}

fn stretch(time: Timestamp) -> i64 {
    time.millis().div_euclid(STRETCH_MS).saturating_mul(STRETCH_MS)
}

/// The devices that a record itself names.
fn devices(signal: &Signal) -> impl Iterator<Item = &Entity> {
    signal.entities.iter().filter(|entity| entity.kind == EntityKind::Device && !entity.mentioned)
}

/// The private addresses that something came from.
fn sources(signal: &Signal) -> impl Iterator<Item = (&str, Option<Role>)> {
    let ips = signal.entities.iter().filter(|entity| entity.kind == EntityKind::Ip && !entity.mentioned);
    let sources = ips.filter(|ip| matches!(ip.role, None | Some(Role::Source)));
    let named = sources.flat_map(|ip| ip.ids.iter().map(|id| (id.as_str(), ip.role)));
    named.filter(|(id, _)| is_private_ip(id))
}

/// The private address that something came from, where there is one alone.
fn only_source(signal: &Signal) -> Option<(String, Option<Role>)> {
    let mut ips = sources(signal);
    let (ip, role) = ips.next()?;
    ips.next().is_none().then(|| (ip.to_owned(), role))
}

/// The device and the addresses that a record says it has.
fn claimed(signal: &Signal) -> Option<(&Entity, Vec<String>)> {
    let mut devices = devices(signal);
    let device = devices.next()?;
    let own = |role: Option<Role>| role.is_none() || signal.group == Group::Identity;
    let ips: Vec<String> =
        sources(signal).filter(|(_, role)| own(*role)).map(|(ip, _)| ip.to_owned()).take(ADDRESSES_MAX).collect();
    let named_once = devices.next().is_none() && device.role.is_none_or(|role| role == Role::Source);
    (named_once && !ips.is_empty()).then_some((device, ips))
}

impl<S: Store> Turn<'_, S> {
    /// Learns from a record, as its source gave it, which device had which address.
    pub fn learn_leases(&mut self, signal: &Signal) -> Result<(), StoreError> {
        if self.rules.config.lease_secs == 0 {
            return Ok(());
        }
        let Some((device, ips)) = claimed(signal) else { return Ok(()) };
        for ip in ips {
            let start = stretch(signal.time);
            let since = Timestamp::from_millis(start.max(0)).unwrap_or_default();
            let key = self.key(Table::Lease).name(&ip).time(start).done();
            let name = format!("{start}/{ip}");
            let noted = key_filter::hash(self.tenant.as_str(), CLAIMED, &name);
            let may_be_known = self.held.recent.borrow().may_have(noted, since);
            let known = if may_be_known { self.db.get(&key)? } else { None };
            let known = known.map(|bytes| LeaseRow::read(&bytes)).transpose()?;
            let mut row = known.clone().unwrap_or_default();
            let earlier = row.add(&device.ids, minute(signal.time));
            if known.as_ref() == Some(&row) {
                continue;
            }
            self.db.put(key, row.bytes());
            if known.is_none() {
                let kept = millis(self.rules.config.retention_secs).saturating_add(STRETCH_MS);
                self.expire_together_at(since.saturating_add_millis(kept), Aged::Lease, &name);
                self.note(noted, since);
            }
            if earlier && self.may_wait(&ip, signal.time) {
                self.let_late(&ip, signal.time)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, hash: u64, time: Timestamp) {
        self.held.recent.borrow_mut().note(hash, time);
        self.clock.addressed_last = self.clock.addressed_last.max(Some(time));
    }

    /// Notes that a record may get its device from a claim that comes later, if that is so; before it is posted.
    pub fn note_waiting(&mut self, signal: &Signal) {
        if devices(signal).next().is_none()
            && let Some((ip, _)) = only_source(signal)
        {
            self.note(key_filter::hash(self.tenant.as_str(), WAITING, &ip), signal.time);
        }
    }

    /// Whether a record about `time`, or later, may wait for a claim of the address.
    fn may_wait(&self, ip: &str, time: Timestamp) -> bool {
        let noted = key_filter::hash(self.tenant.as_str(), WAITING, ip);
        self.held.recent.borrow().may_have(noted, time)
    }

    /// Forgets who claimed an address in a stretch.
    pub fn forget_lease(&mut self, name: &str) {
        let Some((start, ip)) = name.split_once('/') else { return };
        let row = self.key(Table::Lease).name(ip).time(start.parse().unwrap_or_default()).done();
        self.db.delete(row);
    }

    /// The names of the device that had an address at a time.
    fn holder(&self, ip: &str, time: Timestamp) -> Result<Option<Vec<String>>, StoreError> {
        if let Some(ids) = self.rules.config.inventory.device_at(ip) {
            return Ok(Some(ids.to_vec()));
        }
        let oldest = time.saturating_add_millis(millis(self.rules.config.lease_secs).saturating_neg());
        let from = self.key(Table::Lease).name(ip).time(stretch(oldest)).done();
        let to = self.key(Table::Lease).name(ip).time(time.millis().saturating_add(1)).done();
        let mut found: Result<Option<Vec<String>>, StoreError> = Ok(None);
        self.db.scan(&from, &to, true, &mut |_, bytes| {
            let row = match LeaseRow::read(bytes) {
                Ok(row) => row,
                Err(error) => {
                    found = Err(error);
                    return ControlFlow::Break(());
                }
            };
            let Some(holder) = row.holder(minute(time)) else { return ControlFlow::Continue(()) };
            let valid = holder.filter(|claim| claim.last >= minute(oldest));
            found = Ok(valid.map(|claim| claim.ids.clone()));
            ControlFlow::Break(())
        })?;
        found
    }

    /// The record with the device that had its private address, where it names none.
    pub fn with_device(&self, mut signal: Signal) -> Result<Signal, StoreError> {
        if self.rules.config.lease_secs == 0 || devices(&signal).next().is_some() {
            return Ok(signal);
        }
        let Some((ip, role)) = only_source(&signal) else { return Ok(signal) };
        let Some(ids) = self.holder(&ip, signal.time)? else { return Ok(signal) };
        let device = Entity::new(EntityKind::Device, ids.iter().map(String::as_str));
        signal.entities.extend(device.map(|device| Entity { role, ..device }));
        Ok(canonical(signal))
    }

    /// Gives records that came before a claim and lie behind it in time their device.
    fn let_late(&mut self, ip: &str, time: Timestamp) -> Result<(), StoreError> {
        let (kind, weight) = (EntityKind::Ip, self.rules.weight(EntityKind::Ip));
        let key = LinkKey { kind, id: ip.to_owned(), mentioned: false, weight, via: Vec::new() };
        let until = time.saturating_add_millis(millis(self.rules.config.lease_secs));
        let span = Span { from: time.millis(), to: until.millis() };
        for class in [Class::Opener, Class::Near, Class::Other] {
            let behind = self.postings(&key, class, span, false, LET_LATE_MAX, &"".into())?;
            self.stats.leases_skipped += u64::from(behind.len() == LET_LATE_MAX);
            for posting in behind {
                let Some(known) = self.subject(posting.uid.as_str())? else { continue };
                let with = self.with_device(Signal::clone(&known.signal))?;
                if with != *known.signal {
                    self.add_to(&known.signal, &with)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The layout is the state's format.
    #[test]
    fn a_row_comes_back_and_damage_is_no_panic() {
        let mut row = LeaseRow::default();
        row.add(&ids(&["pc-b", "é"]), 29_626_667);
        row.add(&ids(&["pc-a"]), 3);
        let minutes = |first: u8| [0, 0, 0, 0, 0, first, 0, 0, 0, 0, 0, first, 1];
        assert_eq!(LeaseRow(vec![row.0[0].clone()]).bytes(), [minutes(3).as_slice(), b"\x04pc-a"].concat());
        let bytes = row.bytes();
        assert_eq!(LeaseRow::read(&bytes).expect("a row"), row);
        let cut = (0..bytes.len()).filter(|length| LeaseRow::read(&bytes[..*length]).is_ok());
        assert_eq!(cut.collect::<Vec<_>>(), [0, 18], "between two claims");
        assert!(LeaseRow::read(&[0xff; 64]).is_err());
    }

    #[test]
    fn an_address_is_of_who_claimed_it_last() {
        let (a, b) = (ids(&["pc-a"]), ids(&["pc-b", "pc-b.contoso.example"]));
        let mut row = LeaseRow::default();
        assert!(row.add(&a, 10) && !row.add(&a, 12) && row.add(&b, 13));
        assert!(!row.add(&ids(&["pc-b"]), 14) && row.add(&a, 9));
        let holder = |row: &LeaseRow, minute| row.holder(minute).map(|holder| holder.map(|claim| claim.ids[0].clone()));
        assert_eq!(holder(&row, 8), None);
        assert_eq!(holder(&row, 12), Some(Some("pc-a".to_owned())));
        assert_eq!(holder(&row, 14), Some(Some("pc-b".to_owned())));
        row.add(&a, 15);
        assert_eq!(holder(&row, 15), Some(None), "both have it in turns: it is a gateway's");
        for other in 0..10 {
            row.add(&ids(&[&format!("x{other}")]), 15);
        }
        assert_eq!((holder(&row, 15), row.0.len()), (Some(None), CLAIMS_MAX + 1));
    }
}
