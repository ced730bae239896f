//! Who has a key: postings by class and time.
//!
//! Most signals have nothing to do with any opener, and the counters of their keys ([`crate::heads`]) say so
//! without a scan. Only where an opener is near does a scan happen.
//!
//! A key that only a text names has postings of its own: those of a solid key that lie within its reach
//! are linked for certain, which [`crate::graph`] relies on.

use std::ops::ControlFlow;
use std::sync::Arc;

use schemas::{Signal, SignalKind, SignalUid, Timestamp};

use crate::head::Head;
use crate::heads::Neighbours;
use crate::link_key::LinkKey;
use crate::posting::{HELD_MAX, Names, Posting, PostingList};
use crate::state::{Class, Residence};
use crate::store::keys::{Key, Parts, Table};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

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

/// What a key's rows are named after: part of the state's format, as is the order of the kinds.
pub fn kind_code(key: &LinkKey) -> u8 {
    if key.mentioned { u8::MAX } else { key.kind as u8 }
}

impl<S: Store> Turn<'_, S> {
    /// The start of the rows of a key's postings.
    pub fn postings_key(&self, key: &LinkKey) -> Key {
        self.key(Table::Posting).byte(kind_code(key)).name(&key.id)
    }

    /// The window-sized stretch of time that an instant lies in, by which a key's signals are counted.
    pub fn bucket(&self, key: &LinkKey, millis: i64) -> i64 {
        millis.div_euclid(self.rules.window(key.kind))
    }

    /// The span of a bucket.
    pub fn bucket_span(&self, key: &LinkKey, bucket: i64) -> Span {
        let window = self.rules.window(key.kind);
        let from = bucket.saturating_mul(window);
        Span { from, to: from.saturating_add(window - 1) }
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
        if subject.keys.iter().any(|key| key.mentioned) {
            let last = self.clock.mentioned_last.max(Some(subject.signal.time));
            self.clock.mentioned_last = last;
        }
        let neighbours = Neighbours::of(&subject.signal);
        self.count_in(subject, Some(class), &neighbours)?;
        self.put_postings(subject, class, &neighbours);
        Ok(())
    }

    fn put_postings(&mut self, subject: &Subject, class: Class, neighbours: &Neighbours) {
        let Subject { signal, residences, keys } = subject;
        for key in keys.iter().filter(|key| self.rules.is_posted(key)) {
            let prefix = self.postings_key(key).byte(class.code());
            self.change_list(key, &prefix, |list| {
                let names = Names::default();
                list.put(Posting { uid: signal.uid.clone(), time: signal.time, residences: residences.clone(), names });
            });
            let row = prefix.time(signal.time.millis()).uid(signal.uid.as_str());
            self.db.put(row, Posting::value(residences, neighbours.meeting(key)));
        }
    }

    fn delete_posting(&mut self, key: &LinkKey, class: Class, signal: &Signal) {
        let prefix = self.postings_key(key).byte(class.code());
        self.change_list(key, &prefix, |list| list.remove(signal.time, &signal.uid));
        self.db.delete(prefix.time(signal.time.millis()).uid(signal.uid.as_str()));
    }

    /// Changes the list of a key and class, which `name` names, where it is held.
    fn change_list(&self, key: &LinkKey, name: &Key, change: impl FnOnce(&mut PostingList)) {
        if self.may_be_counted(key) {
            self.held.postings.borrow_mut().adjust(name.bytes(), |list| change(Arc::make_mut(list)));
        }
    }

    /// The latest postings of a key that is not cold, from memory where they were asked for lately.
    fn list(&self, key: &LinkKey, class: Class) -> Result<Arc<PostingList>, StoreError> {
        let prefix = self.postings_key(key).byte(class.code());
        let skip = prefix.length();
        if let Some(list) = self.held.postings.borrow_mut().get(prefix.bytes()).flatten() {
            return Ok(list);
        }
        let (name, end) = prefix.prefix_range();
        let mut latest = Vec::new();
        self.db.scan(&name, &end, true, &mut |row, value| {
            latest.extend(Posting::read(Parts::after(row, skip), value).map(Arc::new));
            if latest.len() > HELD_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let list = Arc::new(PostingList::new(latest));
        self.held.postings.borrow_mut().learn(name, Some(Arc::clone(&list)));
        Ok(list)
    }

    /// Holds what was read of all postings of a key that has counters from now on: whoever counts a key asks for them
    /// next, and to find nothing in the store costs as much as to find something.
    pub fn hold_lists(&self, key: &LinkKey, by_class: [Vec<Arc<Posting>>; 3]) {
        let prefix = self.postings_key(key);
        let mut held = self.held.postings.borrow_mut();
        for (code, mut rows) in (0..).zip(by_class) {
            let name = prefix.clone().byte(code).done();
            // Of more than that, those that were read are the earliest.
            if rows.len() <= HELD_MAX && held.get(&name).is_none() {
                rows.reverse();
                held.learn(name, Some(Arc::new(PostingList::new(rows))));
            }
        }
    }

    /// Takes the subject out of the index; `residences` are those with which it was posted.
    pub fn unpost(&mut self, subject: &Subject, residences: &[Residence]) -> Result<(), StoreError> {
        let class = Class::of(subject.signal.kind, residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
            if self.known_head(key)?.is_some() {
                let bucket = self.bucket(key, subject.signal.time.millis());
                self.change_head(key, |head| head.remove(bucket, class))?;
            }
            self.delete_posting(key, class, &subject.signal);
        }
        Ok(())
    }

    /// Posts the subject again after its residences changed from `before`.
    pub fn repost(&mut self, subject: &Subject, before: &[Residence]) -> Result<(), StoreError> {
        let (old, new) = (Class::of(subject.signal.kind, before), Class::of(subject.signal.kind, &subject.residences));
        if old != new {
            for key in subject.keys.iter().filter(|key| self.rules.is_posted(key)) {
                let bucket = self.bucket(key, subject.signal.time.millis());
                self.change_head(key, |head| {
                    // In this order the bucket never empties, and keeps its neighbours.
                    head.add(bucket, new);
                    head.remove(bucket, old);
                })?;
                self.delete_posting(key, old, &subject.signal);
            }
        }
        self.put_postings(subject, new, &Neighbours::of(&subject.signal));
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
    ) -> Result<Vec<Arc<Posting>>, StoreError> {
        if self.may_be_counted(key) {
            if let Some(found) = self.list(key, class)?.within(span, reverse, max, except) {
                return Ok(found);
            }
        } else if class != Class::Other {
            // A cold key's postings are of the rest alone.
            return Ok(Vec::new());
        }
        let prefix = self.postings_key(key).byte(class.code());
        let skip = prefix.length();
        let (from, to) = (prefix.clone().time(span.from).done(), prefix.time(span.to.saturating_add(1)).done());
        let mut found = Vec::new();
        self.db.scan(&from, &to, reverse, &mut |row, value| {
            let posting = Posting::read(Parts::after(row, skip), value);
            found.extend(posting.filter(|posting| posting.uid != *except).map(Arc::new));
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
    ) -> Result<Vec<Arc<Posting>>, StoreError> {
        let reach = Span::around(time, self.rules.window(key.kind));
        let before = Span { from: reach.from, to: time.millis() };
        let after = Span { from: time.millis().saturating_add(1), to: reach.to };
        let mut found = self.postings(key, class, before, true, max, except)?;
        found.extend(self.postings(key, class, after, false, max, except)?);
        Ok(found)
    }
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
