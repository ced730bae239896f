//! Who has a key: postings by class and time, and the counters that say when to look at all.
//!
//! Most signals have nothing to do with any opener, and the counters of a key ([`Head`], one cached
//! read) say so without a scan. Only where an opener is near does a scan happen.

use std::ops::ControlFlow;

use schemas::{SignalKind, SignalUid, Timestamp};

use crate::link::LinkKey;
use crate::state::{Class, Head, Residence, decode_residences, encode_residences};
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

impl<S: Store> Turn<'_, S> {
    fn posting_key(&self, key: &LinkKey, class: Class) -> Key {
        self.key(Table::Posting).name(key.kind.as_str()).name(&key.id).byte(class.code())
    }

    fn head_key(&self, key: &LinkKey) -> Vec<u8> {
        self.key(Table::Head).name(key.kind.as_str()).name(&key.id).done()
    }

    fn bucket(&self, key: &LinkKey, millis: i64) -> i64 {
        millis.div_euclid(self.rules.window(key.kind).max(1))
    }

    /// The counters of a key.
    pub fn head(&self, key: &LinkKey) -> Result<Head, StoreError> {
        let row = self.db.get(&self.head_key(key))?;
        Ok(row.map_or_else(Head::default, |bytes| Head::read(&bytes)))
    }

    /// Whether so many records had the key around `time` that it says little.
    pub fn is_hub(&self, key: &LinkKey, head: &Head, time: Timestamp) -> bool {
        head.total(self.bucket(key, time.millis())) > self.rules.config.fanout_max
    }

    /// Whether another signal of `class` than the subject may have the key within `span`.
    pub fn may_have(&self, key: &LinkKey, head: &Head, class: Class, span: Span, subject: &Subject) -> bool {
        // A new opener looks for its component before it is posted.
        let posted = subject.signal.kind != SignalKind::AiAlert || !subject.residences.is_empty();
        let own = u32::from(posted && Class::of(subject.signal.kind, &subject.residences) == class);
        head.count(class, self.bucket(key, span.from), self.bucket(key, span.to)) > own
    }

    /// Adds the subject to the index under its class.
    pub fn post(&mut self, subject: &Subject) -> Result<(), StoreError> {
        let class = Class::of(subject.signal.kind, &subject.residences);
        let value = encode_residences(&subject.residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_indexed(key)) {
            let row = self.posting_key(key, class).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.put(row, value.clone());
            let mut head = self.head(key)?;
            let total = head.add(self.bucket(key, subject.signal.time.millis()), class);
            if total == self.rules.config.fanout_max.saturating_add(1) {
                self.stats.hubs += 1;
            }
            let row = self.head_key(key);
            self.db.put(row, head.bytes());
        }
        Ok(())
    }

    /// Takes the subject out of the index; `residences` are those with which it was posted.
    pub fn unpost(&mut self, subject: &Subject, residences: &[Residence]) -> Result<(), StoreError> {
        let class = Class::of(subject.signal.kind, residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_indexed(key)) {
            let row = self.posting_key(key, class).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.delete(row);
            let mut head = self.head(key)?;
            head.remove(self.bucket(key, subject.signal.time.millis()), class);
            let row = self.head_key(key);
            match head.bytes() {
                bytes if bytes.is_empty() => self.db.delete(row),
                bytes => self.db.put(row, bytes),
            }
        }
        Ok(())
    }

    /// Posts the subject again after its residences changed from `before`.
    pub fn repost(&mut self, subject: &Subject, before: &[Residence]) -> Result<(), StoreError> {
        if Class::of(subject.signal.kind, before) != Class::of(subject.signal.kind, &subject.residences) {
            self.unpost(subject, before)?;
            return self.post(subject);
        }
        let class = Class::of(subject.signal.kind, before);
        let value = encode_residences(&subject.residences);
        for key in subject.keys.iter().filter(|key| self.rules.is_indexed(key)) {
            let row = self.posting_key(key, class).time(subject.signal.time.millis()).tail(subject.signal.uid.as_str());
            self.db.put(row, value.clone());
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
