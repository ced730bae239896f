//! The counters of keys: which keys have any, and when a key's spread grows.
//!
//! Most keys are those of context that nobody is linked to, and nothing is counted for them: they are *cold*. A
//! key is counted once it matters, that is when an AI alert or a member next to one has it, when somebody asks
//! how far it is spread, and for one signal in [`COUNTED_ONE_IN`] whatever it is. Then its postings are gone
//! through once, and counted on from there. So a cold key has postings of [`Class::Other`] alone and no link
//! rests on it; a signal of which all keys are cold is linked to nothing, and the store is not asked. One in
//! [`COUNTED_ONE_IN`] keeps the counting cheap: who is everywhere is counted early, before there is much to
//! go through.

use std::ops::ControlFlow;
use std::sync::Arc;

use schemas::{EntityKind, Signal, Timestamp};

use crate::graph::other_naming;
use crate::head::Head;
use crate::index::kind_code;
use crate::key_filter::{self, KeyFilter};
use crate::link::{Spread, millis};
use crate::link_key::LinkKey;
use crate::posting::{HELD_MAX, Posting};
use crate::state::Class;
use crate::store::keys::{Parts, Table, table_range};
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::{Subject, Turn};

/// Of so many signals one has its keys counted though nothing is linked to it.
const COUNTED_ONE_IN: u32 = 256;

/// The postings of a key by the code of their class, in order, each class up to one more than is held of it.
type ByClass = [Vec<Arc<Posting>>; 3];

/// The entities that make another one spread, as hashes.
pub struct Neighbours {
    users: Vec<u32>,
    devices: Vec<u32>,
}

impl Neighbours {
    /// Those that `signal` names.
    pub fn of(signal: &Signal) -> Self {
        let hashes = |kind: EntityKind| {
            let named = signal.entities.iter().filter(|entity| entity.kind == kind && !entity.mentioned);
            // Sources name one user by different sets of identifiers; most of them have the address.
            let ids = named.filter_map(|e| e.ids.iter().find(|id| id.contains('@')).or(e.ids.first()));
            ids.map(|id| hash(id)).collect()
        };
        Self { users: hashes(EntityKind::User), devices: hashes(EntityKind::Device) }
    }

    /// Those that count for the entity of `key`; whom a text names meets nobody.
    pub fn meeting(&self, key: &LinkKey) -> &[u32] {
        match key.kind {
            _ if key.mentioned => &[],
            EntityKind::User => &self.devices,
            _ => &self.users,
        }
    }
}

/// FNV-1a, folded: part of the state's format, and the same on every machine.
pub fn hash(id: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)) as u32
}

/// Lists the key of a row of counters.
fn list(counted: &mut KeyFilter, row: &[u8]) {
    let mut parts = Parts::after(row, 1);
    if let (Some(tenant), Some(code), Some(id)) = (parts.name(), parts.byte(), parts.name()) {
        counted.add(key_filter::hash(tenant, code, id));
    }
}

impl<S: Store> Turn<'_, S> {
    fn head_key(&self, key: &LinkKey) -> Vec<u8> {
        self.key(Table::Head).byte(kind_code(key)).name(&key.id).done()
    }

    /// The counters of a key; `None` where it is cold.
    pub fn known_head(&self, key: &LinkKey) -> Result<Option<Arc<Head>>, StoreError> {
        if self.may_be_counted(key) { self.known(&self.head_key(key)) } else { Ok(None) }
    }

    fn known(&self, row: &[u8]) -> Result<Option<Arc<Head>>, StoreError> {
        if let Some(known) = self.held.heads.borrow_mut().get(row) {
            return Ok(known);
        }
        let head = self.db.get(row)?.map(|bytes| Arc::new(Head::read(&bytes)));
        self.held.heads.borrow_mut().learn(row.to_vec(), head.clone());
        Ok(head)
    }

    /// Whether a key may have counters; one that does not is cold.
    pub fn may_be_counted(&self, key: &LinkKey) -> bool {
        let hash = key_filter::hash(self.tenant.as_str(), kind_code(key), &key.id);
        self.held.counted.borrow().as_ref().is_none_or(|counted| counted.may_have(hash))
    }

    /// The counters of a key; they are made where it is cold.
    pub fn head(&self, key: &LinkKey) -> Result<Arc<Head>, StoreError> {
        if let Some(head) = self.known_head(key)? {
            return Ok(head);
        }
        let (head, lists) = self.count_postings(key)?;
        let head = Arc::new(head);
        if !head.is_empty() {
            self.put_head(self.head_key(key), Arc::clone(&head))?;
            self.hold_lists(key, lists);
        }
        Ok(head)
    }

    /// What the postings of a key add up to; and these, by class, as far as they are held.
    fn count_postings(&self, key: &LinkKey) -> Result<(Head, ByClass), StoreError> {
        let (mut head, mut lists) = (Head::default(), ByClass::default());
        if !self.rules.is_indexed(key) {
            return Ok((head, lists));
        }
        let max = self.rules.neighbours_max(key.kind);
        let prefix = self.postings_key(key);
        let skip = prefix.clone().done().len();
        let (from, to) = prefix.prefix_range();
        self.db.scan(&from, &to, false, &mut |row, value| {
            let mut parts = Parts::after(row, skip);
            let Some(class) = parts.byte().and_then(Class::from_code) else { return ControlFlow::Continue(()) };
            let suffix = parts;
            if let Some(millis) = parts.time() {
                let bucket = self.bucket(key, millis);
                head.add(bucket, class);
                head.meet(bucket, &Posting::neighbours(value), max);
            }
            if let Some(list) = lists.get_mut(usize::from(class.code())).filter(|list| list.len() <= HELD_MAX) {
                list.extend(Posting::read(suffix, value).map(Arc::new));
            }
            ControlFlow::Continue(())
        })?;
        Ok((head, lists))
    }

    fn put_head(&self, row: Vec<u8>, head: Arc<Head>) -> Result<(), StoreError> {
        let crowded = self.held.counted.borrow_mut().as_mut().is_some_and(|counted| {
            list(counted, &row);
            counted.is_crowded()
        });
        self.held.heads.borrow_mut().put(row, Some(head));
        if crowded { self.list_counted() } else { Ok(()) }
    }

    /// Looks through all keys that have counters.
    pub fn list_counted(&self) -> Result<(), StoreError> {
        let mut rows: Vec<Vec<u8>> = self.held.heads.borrow().present().map(<[u8]>::to_vec).collect();
        let mut stored = 0;
        let (from, to) = table_range(Table::Head);
        let mut count = |_: &[u8], _: &[u8]| {
            stored += 1;
            ControlFlow::Continue(())
        };
        self.db.scan(&from, &to, false, &mut count)?;
        let mut counted = KeyFilter::with_room_for(stored + rows.len());
        self.db.scan(&from, &to, false, &mut |row, _| {
            list(&mut counted, row);
            ControlFlow::Continue(())
        })?;
        rows.drain(..).for_each(|row| list(&mut counted, &row));
        self.held.counted.replace(Some(counted));
        // A key that has gone cold is told of no change from here on.
        self.held.postings.take();
        Ok(())
    }

    /// Changes the counters of a key that is not cold, or from now on is not.
    pub fn change_head(&self, key: &LinkKey, change: impl FnOnce(&mut Head)) -> Result<(), StoreError> {
        let row = self.head_key(key);
        if self.known_head(key)?.is_none() {
            let (head, lists) = self.count_postings(key)?;
            self.put_head(row.clone(), Arc::new(head))?;
            self.hold_lists(key, lists);
        }
        self.held.heads.borrow_mut().change(&row, |head| {
            if let Some(held) = head {
                change(Arc::make_mut(held));
            }
            head.take_if(|head| head.is_empty());
        });
        Ok(())
    }

    /// How far the entity of a key is spread in a bucket.
    pub fn spread_in(&self, key: &LinkKey, head: &Head, bucket: i64) -> Spread {
        match self.rules.spread(key, head.neighbours(bucket)) {
            Spread::Hub => Spread::Hub,
            _ if key.kind == EntityKind::ApiKey && self.is_in_daily_use(head, bucket) => Spread::Daily,
            Spread::Few if self.is_new_address(key, head, bucket) => Spread::Rare,
            spread => spread,
        }
    }

    /// Notes the addresses of a signal that goes with its incident: what was there within `retention_secs` is not new.
    pub fn stay_known(&mut self, subject: &Subject) -> Result<(), StoreError> {
        for key in subject.keys.iter().filter(|key| self.rules.may_be_rare(key) && !key.is_alias()) {
            let bucket = self.bucket(key, subject.signal.time.millis());
            self.change_head(key, |head| head.know(bucket))?;
            let end = Timestamp::from_millis(self.bucket_span(key, bucket).to.max(0)).unwrap_or_default();
            let due = end.saturating_add_millis(millis(self.rules.config.retention_secs));
            self.expire_at(due, Aged::Address, &format!("{bucket}/{}", key.id));
        }
        Ok(())
    }

    /// Forgets that an address was there.
    pub fn forget_address(&mut self, name: &str) -> Result<(), StoreError> {
        let Some((bucket, id)) = name.split_once('/') else { return Ok(()) };
        let (kind, bucket) = (EntityKind::Ip, bucket.parse().unwrap_or_default());
        let key =
            LinkKey { kind, id: id.to_owned(), mentioned: false, weight: self.rules.weight(kind), via: Vec::new() };
        if self.known_head(&key)?.is_some() {
            self.change_head(&key, |head| head.forget(bucket))?;
        }
        Ok(())
    }

    /// Whether an API key has many records in its window or the one before, so that it does not matter where one ends.
    /// Weir's own alerts are no use of it: else a storm of them would make everyday what it attacks.
    fn is_in_daily_use(&self, head: &Head, bucket: i64) -> bool {
        head.used(bucket).max(head.used(bucket - 1)) > self.rules.config.calls_per_key_max
    }

    /// Whether the tenant first met an address within the time before, and hardly anybody has it.
    fn is_new_address(&self, key: &LinkKey, head: &Head, bucket: i64) -> bool {
        let since = bucket.saturating_sub(self.rules.new_ip_buckets());
        self.rules.may_be_rare(key) && head.is_new(bucket, since, self.rules.config.users_per_new_ip_max as usize)
    }

    /// How far what the signal itself names is spread at a time of its own: of several names, the least.
    pub fn spread_at(&self, key: &LinkKey, time: Timestamp) -> Result<Spread, StoreError> {
        let bucket = self.bucket(key, time.millis());
        if !key.is_alias() {
            let solid = other_naming(key).filter(|_| key.mentioned);
            let head = self.head(solid.as_ref().unwrap_or(key))?;
            return Ok(self.spread_in(key, &head, bucket));
        }
        let mut least = Spread::Hub;
        for name in &key.via {
            let named = LinkKey { id: name.clone(), via: Vec::new(), ..key.clone() };
            least = least.min(self.spread_in(&named, &*self.head(&named)?, bucket));
        }
        Ok(least)
    }

    /// How far the key's entity is spread at the earlier or the later of two times, whichever is more.
    pub fn spread(&self, key: &LinkKey, head: &Head, times: [Timestamp; 2]) -> Spread {
        let [a, b] = times.map(|time| self.spread_in(key, head, self.bucket(key, time.millis())));
        a.max(b)
    }

    /// How far what is judged by what came before is spread in the buckets after one.
    fn spreads_after(&self, key: &LinkKey, head: &Head, bucket: i64) -> Vec<(i64, Spread)> {
        let looks_back = key.kind == EntityKind::ApiKey || self.rules.may_be_rare(key);
        let later = head.later(bucket).filter(|_| looks_back);
        later.map(|later| (later, self.spread_in(key, head, later))).collect()
    }

    /// Whether so many records had the key around `time` that all they name would bury the story.
    pub fn is_busy(&self, key: &LinkKey, head: &Head, time: Timestamp) -> bool {
        head.total(self.bucket(key, time.millis())) > self.rules.config.fanout_max
    }

    /// Notes who stands beside whom, and that `class` has one more where one is given, before the subject is
    /// posted. An opener is linked before it is posted, and what it shares must be known to be spread by then.
    pub fn count_in(
        &mut self,
        subject: &Subject,
        class: Option<Class>,
        neighbours: &Neighbours,
    ) -> Result<(), StoreError> {
        let counts_all =
            class != Some(Class::Other) || hash(subject.signal.uid.as_str()).is_multiple_of(COUNTED_ONE_IN);
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            let known = self.known_head(key)?;
            if known.is_none() && !counts_all {
                continue;
            }
            let bucket = self.bucket(key, subject.signal.time.millis());
            // No link rests on what was cold.
            let before = known.as_ref().map(|head| self.spread_in(key, head, bucket));
            let later = known.as_ref().map_or_else(Vec::new, |head| self.spreads_after(key, head, bucket));
            drop(known);
            let max = self.rules.neighbours_max(key.kind);
            self.change_head(key, |head| {
                match class {
                    Some(class) => head.add(bucket, class),
                    // What it has is no longer new once it is posted, nor while it is linked.
                    None => head.know(bucket),
                }
                head.meet(bucket, neighbours.meeting(key), max);
            })?;
            let head = self.head(key)?;
            let after = self.spread_in(key, &head, bucket);
            for (bucket, before) in later {
                if before < self.spread_in(key, &head, bucket) {
                    self.respread.push((key.clone(), bucket));
                }
            }
            if before.is_none_or(|before| before < after) {
                self.stats.hubs += u64::from(after.is_hub());
            }
            if before.is_some_and(|before| before < after) {
                self.respread.push((key.clone(), bucket));
            }
        }
        Ok(())
    }
}
