//! Who has a key: postings by class and time, and the counters that say when to look at all.
//!
//! Most signals have nothing to do with any opener, and the counters of a key ([`Head`], one cached
//! read) say so without a scan. Only where an opener is near does a scan happen.
//!
//! A key that only a text names has postings of its own: those of a solid key that lie within its reach
//! are linked for certain, which [`crate::graph`] relies on.

use std::ops::ControlFlow;
use std::rc::Rc;

use schemas::{EntityKind, Signal, SignalKind, SignalUid, Timestamp};

use crate::graph::other_naming;
use crate::head::Head;
use crate::link::Spread;
use crate::link_key::LinkKey;
use crate::state::{Class, Residence, decode_residences, encode_residences};
use crate::store::keys::{Key, Parts, Table};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// A signal that has a key, as the index knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// The signal.
    pub uid: SignalUid,
    /// Its time.
    pub time: Timestamp,
    /// Where it belongs; numbers may be old ones.
    pub residences: Vec<Residence>,
}

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: i64,
    /// The last instant.
    pub to: i64,
}

impl Span {
    /// Everything within `reach` of `time`.
    pub fn around(time: Timestamp, reach: i64) -> Self {
        Self { from: time.millis().saturating_sub(reach), to: time.millis().saturating_add(reach) }
    }

    /// The part of this span that lies within `other`.
    pub fn within(self, other: Self) -> Option<Self> {
        let part = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (part.from <= part.to).then_some(part)
    }

    /// What is left of this span when `covered` is taken out.
    pub fn without(self, covered: &[Span]) -> Vec<Self> {
        let mut left = vec![self];
        for hole in covered {
            left = left
                .into_iter()
                .flat_map(|span| {
                    let before = Self { from: span.from, to: span.to.min(hole.from.saturating_sub(1)) };
                    let after = Self { from: span.from.max(hole.to.saturating_add(1)), to: span.to };
                    [before, after]
                })
                .filter(|span| span.from <= span.to)
                .collect();
            left.dedup();
        }
        left
    }
}

/// A head as the turn knows it.
pub struct HeldHead {
    head: Rc<Head>,
    changed: bool,
}

/// A part of a subject's window on a key: on one side of it, in one bucket.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The part.
    pub span: Span,
    /// Whether it lies before the subject, or at its time.
    pub before: bool,
    /// Whether the key alone links what lies there, and solidly.
    pub solid: bool,
}

/// The entities that make another one spread, as hashes.
struct Neighbours {
    users: Vec<u32>,
    devices: Vec<u32>,
}

impl Neighbours {
    fn of(signal: &Signal) -> Self {
        let hashes = |kind: EntityKind| {
            let named = signal.entities.iter().filter(|entity| entity.kind == kind && !entity.mentioned);
            // Sources name one user by different sets of identifiers; most of them have the address.
            let ids = named.filter_map(|e| e.ids.iter().find(|id| id.contains('@')).or(e.ids.first()));
            ids.map(|id| hash(id)).collect()
        };
        Self { users: hashes(EntityKind::User), devices: hashes(EntityKind::Device) }
    }

    /// Those that count for an entity of `kind`.
    fn meeting(&self, kind: EntityKind) -> &[u32] {
        if kind == EntityKind::User { &self.devices } else { &self.users }
    }
}

/// FNV-1a, folded: part of the state's format, and the same on every machine.
pub fn hash(id: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)) as u32
}

impl<S: Store> Turn<'_, S> {
    fn posting_key(&self, key: &LinkKey, class: Class) -> Key {
        self.key(Table::Posting).name(table_name(key)).name(&key.id).byte(class.code())
    }

    fn head_key(&self, key: &LinkKey) -> Vec<u8> {
        self.key(Table::Head).name(table_name(key)).name(&key.id).done()
    }

    fn bucket(&self, key: &LinkKey, millis: i64) -> i64 {
        millis.div_euclid(self.rules.window(key.kind))
    }

    /// The span of a bucket.
    pub fn bucket_span(&self, key: &LinkKey, bucket: i64) -> Span {
        let window = self.rules.window(key.kind);
        let from = bucket.saturating_mul(window);
        Span { from, to: from.saturating_add(window - 1) }
    }

    /// The counters of a key; read once a turn, since every step of linking asks for them.
    pub fn head(&self, key: &LinkKey) -> Result<Rc<Head>, StoreError> {
        if let Some(known) = self.heads.borrow().get(key) {
            return Ok(Rc::clone(&known.head));
        }
        let row = self.db.get(&self.head_key(key))?;
        let head = Rc::new(row.map_or_else(Head::default, |bytes| Head::read(&bytes)));
        self.heads.borrow_mut().insert(key.clone(), HeldHead { head: Rc::clone(&head), changed: false });
        Ok(head)
    }

    fn change_head(&mut self, key: &LinkKey, change: impl FnOnce(&mut Head)) -> Result<(), StoreError> {
        self.head(key)?;
        if let Some(held) = self.heads.get_mut().get_mut(key) {
            change(Rc::make_mut(&mut held.head));
            held.changed = true;
        }
        Ok(())
    }

    /// Writes down the counters that the turn changed.
    pub fn put_heads(&mut self) {
        for (key, held) in std::mem::take(self.heads.get_mut()) {
            if !held.changed {
                continue;
            }
            let row = self.head_key(&key);
            match held.head.bytes() {
                bytes if bytes.is_empty() => self.db.delete(row),
                bytes => self.db.put(row, bytes),
            }
        }
    }

    /// Whether so many records had the key around `time` that all they name would bury the story.
    pub fn is_busy(&self, key: &LinkKey, head: &Head, time: Timestamp) -> bool {
        head.total(self.bucket(key, time.millis())) > self.rules.config.fanout_max
    }

    fn spread_in(&self, key: &LinkKey, head: &Head, bucket: i64) -> Spread {
        self.rules.spread(key, head.neighbours(bucket))
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

    /// The parts of the window around `time` in which signals of `class` have the key, which is solid.
    pub fn stretches(
        &self,
        key: &LinkKey,
        head: &Head,
        class: Class,
        time: Timestamp,
    ) -> Result<Vec<Stretch>, StoreError> {
        let (at, window) = (time.millis(), self.rules.window(key.kind));
        let own = self.spread_at(key, time)?;
        let sides = [
            (true, Span { from: at.saturating_sub(window), to: at }),
            (false, Span { from: at + 1, to: at.saturating_add(window) }),
        ];
        let mut stretches = Vec::new();
        for bucket in self.bucket(key, at.saturating_sub(window))..=self.bucket(key, at.saturating_add(window)) {
            if head.count(class, bucket, bucket) == 0 {
                continue;
            }
            let spread = own.max(self.spread_in(key, head, bucket));
            let near = self.rules.reach(key, spread).map(|reach| Span::around(time, reach));
            for (before, side) in sides {
                let side = side.within(self.bucket_span(key, bucket));
                let solid = near.and_then(|near| side?.within(near));
                let rest = side.map(|side| side.without(solid.as_slice())).unwrap_or_default();
                stretches.extend(solid.map(|span| Stretch { span, before, solid: true }));
                stretches.extend(rest.into_iter().map(|span| Stretch { span, before, solid: false }));
            }
        }
        Ok(stretches)
    }

    /// Whether another signal of `class` than the subject may have the key within `span`.
    pub fn may_have(&self, key: &LinkKey, head: &Head, class: Class, span: Span, subject: &Subject) -> bool {
        // A new opener looks for its component before it is posted.
        let posted = subject.signal.kind != SignalKind::AiAlert || !subject.residences.is_empty();
        let posted = posted && Class::of(subject.signal.kind, &subject.residences) == class;
        let own = u32::from(posted && !key.is_alias() && subject.keys.contains(key));
        head.count(class, self.bucket(key, span.from), self.bucket(key, span.to)) > own
    }

    /// Adds the subject to the index under its class.
    pub fn post(&mut self, subject: &Subject) -> Result<(), StoreError> {
        let class = Class::of(subject.signal.kind, &subject.residences);
        self.put_postings(subject, class);
        if subject.keys.iter().any(|key| key.mentioned) {
            let last = self.clock.mentioned_last.max(Some(subject.signal.time));
            self.clock.mentioned_last = last;
        }
        self.count_in(subject, Some(class))
    }

    fn put_postings(&mut self, subject: &Subject, class: Class) {
        let value = encode_residences(&subject.residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            let row = self.posting_key(key, class).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.put(row, value.clone());
        }
    }

    /// Notes who stands beside whom, and that `class` has one more where one is given. An opener is linked
    /// before it is posted, and what it shares must be known to be spread by then.
    pub fn count_in(&mut self, subject: &Subject, class: Option<Class>) -> Result<(), StoreError> {
        let neighbours = Neighbours::of(&subject.signal);
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            let bucket = self.bucket(key, subject.signal.time.millis());
            let (neighbours, max) = (neighbours.meeting(key.kind), self.rules.neighbours_max(key.kind));
            let before = self.spread_in(key, &*self.head(key)?, bucket);
            self.change_head(key, |head| {
                if let Some(class) = class {
                    head.add(bucket, class);
                }
                if !key.mentioned {
                    head.meet(bucket, neighbours, max);
                }
            })?;
            let after = self.spread_in(key, &*self.head(key)?, bucket);
            if after > before {
                self.stats.hubs += u64::from(after == Spread::Hub);
                self.respread.push((key.clone(), bucket));
            }
        }
        Ok(())
    }

    /// Takes the subject out of the index; `residences` are those with which it was posted.
    pub fn unpost(&mut self, subject: &Subject, residences: &[Residence]) -> Result<(), StoreError> {
        let class = Class::of(subject.signal.kind, residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            let row = self.posting_key(key, class).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.delete(row);
            let bucket = self.bucket(key, subject.signal.time.millis());
            self.change_head(key, |head| head.remove(bucket, class))?;
        }
        Ok(())
    }

    /// Posts the subject again after its residences changed from `before`.
    pub fn repost(&mut self, subject: &Subject, before: &[Residence]) -> Result<(), StoreError> {
        let (old, new) = (Class::of(subject.signal.kind, before), Class::of(subject.signal.kind, &subject.residences));
        self.put_postings(subject, new);
        if old == new {
            return Ok(());
        }
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            let row = self.posting_key(key, old).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.delete(row);
            let bucket = self.bucket(key, subject.signal.time.millis());
            self.change_head(key, |head| {
                // In this order the bucket never empties, and keeps its neighbours.
                head.add(bucket, new);
                head.remove(bucket, old);
            })?;
        }
        Ok(())
    }

    /// Up to `max` postings of a key within `span`, in order of time or, with `reverse`, against it,
    /// but for that of `except`.
    pub fn postings(
        &self,
        key: &LinkKey,
        class: Class,
        span: Span,
        reverse: bool,
        max: usize,
        except: &SignalUid,
    ) -> Result<Vec<Posting>, StoreError> {
        let prefix = self.posting_key(key, class);
        let skip = prefix.clone().done().len();
        let from = prefix.clone().time(span.from).done();
        let to = prefix.time(span.to.saturating_add(1)).done();
        let mut found = Vec::new();
        self.db.scan(&from, &to, reverse, &mut |row, value| {
            let mut parts = Parts::after(row, skip);
            let (Some(time), Some(uid)) = (parts.time().and_then(Timestamp::from_millis), parts.tail()) else {
                return ControlFlow::Continue(());
            };
            if uid != except.as_str() {
                found.push(Posting { uid: SignalUid::from(uid), time, residences: decode_residences(value) });
            }
            if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// The nearest `max` postings at or before `time` and the nearest `max` after it, within the
    /// key's window.
    pub fn nearest(
        &self,
        key: &LinkKey,
        class: Class,
        time: Timestamp,
        max: usize,
        except: &SignalUid,
    ) -> Result<Vec<Posting>, StoreError> {
        let reach = Span::around(time, self.rules.window(key.kind));
        let before = Span { from: reach.from, to: time.millis() };
        let after = Span { from: time.millis().saturating_add(1), to: reach.to };
        let mut found = self.postings(key, class, before, true, max, except)?;
        found.extend(self.postings(key, class, after, false, max, except)?);
        Ok(found)
    }
}

/// What a key's rows are named after.
fn table_name(key: &LinkKey) -> &'static str {
    if key.mentioned { "user_mentioned" } else { key.kind.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_without_what_is_covered() {
        let span = |from, to| Span { from, to };
        assert_eq!(span(0, 10).without(&[]), [span(0, 10)]);
        assert_eq!(span(0, 10).without(&[span(-5, 3)]), [span(4, 10)]);
        assert_eq!(span(0, 10).without(&[span(-5, 3), span(6, 20)]), [span(4, 5)]);
        assert_eq!(span(0, 10).without(&[span(3, 4)]), [span(0, 2), span(5, 10)]);
        assert_eq!(span(0, 10).without(&[span(-5, 20)]), []);
        assert_eq!(span(0, 10).without(&[span(20, 30)]), [span(0, 10)]);
    }
}
