//! The graph: which signals a new one is linked to, and what follows from that.
//!
//! # What is computed
//! - An *opener* is an AI alert. Openers that are linked are in one component.
//! - A non-opener that is linked to an opener of a component is a *near* member (1 hop). A near member
//!   whose links without hub keys reach openers of two components makes them one.
//! - A non-opener that shares a strong key, not a hub, with a near member is a *far* member (2 hops).
//!   It may belong to several components and never merges them.
//!
//! Each rule only ever adds members and merges, so the outcome depends on the set of signals and not
//! on their order, below the caps listed here.
//!
//! # How it stays cheap
//! - Openers of one strong key within a window are linked, so those before an instant and those after
//!   it are two chains: the nearest opener on each side stands for all.
//! - A new opener looks only at the part of its window that no linked neighbour on the same key
//!   covers: what lies in a neighbour's window is a near member already. The same holds for the far
//!   members of a new near member.
//! - Weak keys link only in sums: the nearest [`WEAK_NEIGHBOURS_MAX`] on each side are compared in full.
//!
//! # Caps, beyond which order may show
//! [`WEAK_NEIGHBOURS_MAX`]; [`RESIDENCES_MAX`]; [`CONTEXT_PER_KEY_MAX`]; `fanout_max`, since a key that
//! becomes a hub keeps what it linked before.

use schemas::{SignalKind, Timestamp};

use crate::index::{Posting, Span};
use crate::link::{LinkKey, shared};
use crate::state::{Class, Component, ComponentId, Head, Residence};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// Neighbours on each side that are compared in full through a weak key.
pub const WEAK_NEIGHBOURS_MAX: usize = 32;
/// Components that one signal may belong to.
pub const RESIDENCES_MAX: usize = 8;
/// Context that a new opener looks at through one key, on each side of it, the nearest first.
pub const CONTEXT_PER_KEY_MAX: usize = 1_024;

/// A component that a signal reaches.
struct Reach {
    component: ComponentId,
    hops: u8,
    bridge: bool,
}

impl<S: Store> Turn<'_, S> {
    /// Links a subject that is saved and, unless it is a new opener, posted.
    pub fn link(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        if subject.signal.kind == SignalKind::AiAlert { self.link_opener(subject) } else { self.link_context(subject) }
    }

    fn link_context(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        // A record that added to a near member may have brought new keys.
        let near = subject.residences.iter().filter(|residence| residence.hops == 1);
        let near: Vec<ComponentId> = near.map(|residence| residence.component).collect();
        for reach in self.openers_reached(subject)? {
            self.join(subject, &reach)?;
        }
        if self.rules.config.hops_max >= 2 {
            for reach in self.near_members_reached(subject)? {
                self.join(subject, &reach)?;
            }
        }
        for component in near {
            self.expand(subject, component)?;
        }
        Ok(())
    }

    fn link_opener(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        let mut home = match subject.residences.first() {
            Some(residence) => self.find(residence.component)?,
            None => None,
        };
        let known = home.is_some();
        for reach in self.openers_reached(subject)? {
            let Some(found) = self.find(reach.component)? else { continue };
            home = Some(match home {
                Some(home) => self.union(home, found)?,
                None => found,
            });
        }
        let mut home = match home {
            Some(home) => home,
            None => self.add_component(Component::new(&subject.signal)),
        };
        let before = std::mem::take(&mut subject.residences);
        subject.residences = vec![Residence { component: home, hops: 0, bridge: true }];
        if known {
            self.repost(subject, &before)?;
        } else {
            self.add_member(home, subject, 0)?;
            self.post(subject)?;
        }
        self.save(subject)?;
        let keys = subject.keys.clone();
        for key in keys.iter().filter(|key| self.rules.is_indexed(key)) {
            home = self.gather(subject, key, home)?;
        }
        Ok(())
    }

    /// The components of the openers that a subject is linked to.
    fn openers_reached(&mut self, subject: &Subject) -> Result<Vec<Reach>, StoreError> {
        let time = subject.signal.time;
        let mut reached: Vec<Reach> = Vec::new();
        for key in subject.keys.iter().filter(|key| self.rules.is_indexed(key)) {
            let head = self.head(key)?;
            if !self.may_have(key, &head, Class::Opener, Span::around(time, self.rules.window(key.kind)), subject) {
                continue;
            }
            let strong = self.rules.is_strong(key);
            let max = if strong { 1 } else { WEAK_NEIGHBOURS_MAX };
            for posting in self.nearest(key, Class::Opener, time, max, &subject.signal.uid)? {
                let Some(component) = self.home(&posting)? else { continue };
                let known = reached.iter().any(|reach| reach.component == component && reach.bridge);
                if known {
                    continue;
                }
                let bridge = if strong {
                    Some(!self.is_hub(key, &head, time) && !self.is_hub(key, &head, posting.time))
                } else {
                    self.compare(subject, &posting)?
                };
                reached.extend(bridge.map(|bridge| Reach { component, hops: 1, bridge }));
            }
        }
        Ok(reached)
    }

    /// The components whose near members share a strong key with the subject.
    fn near_members_reached(&mut self, subject: &Subject) -> Result<Vec<Reach>, StoreError> {
        let time = subject.signal.time;
        let mut reached: Vec<Reach> = Vec::new();
        for key in subject.keys.iter().filter(|key| self.rules.is_strong(key)) {
            let head = self.head(key)?;
            let span = Span::around(time, self.rules.window(key.kind));
            if !self.may_have(key, &head, Class::Near, span, subject) || self.is_hub(key, &head, time) {
                continue;
            }
            for posting in self.postings(key, Class::Near, span, false, usize::MAX, &subject.signal.uid)? {
                if self.is_hub(key, &head, posting.time) {
                    continue;
                }
                for residence in posting.residences.iter().filter(|residence| residence.hops == 1) {
                    let Some(component) = self.find(residence.component)? else { continue };
                    if reached.iter().all(|reach| reach.component != component) {
                        reached.push(Reach { component, hops: 2, bridge: false });
                    }
                }
            }
        }
        Ok(reached)
    }

    /// Lets an opener take in the context that shares `key` with it; says where the opener is then.
    fn gather(&mut self, opener: &Subject, key: &LinkKey, home: ComponentId) -> Result<ComponentId, StoreError> {
        let time = opener.signal.time;
        let head = self.head(key)?;
        let span = Span::around(time, self.rules.window(key.kind));
        let strong = self.rules.is_strong(key);
        for class in [Class::Near, Class::Other] {
            if !self.may_have(key, &head, class, span, opener) {
                continue;
            }
            let postings = if strong {
                let spans = self.uncovered(key, &head, Class::Opener, opener, home)?;
                self.context_in(key, class, &spans, opener)?
            } else {
                self.nearest(key, class, time, WEAK_NEIGHBOURS_MAX, &opener.signal.uid)?
            };
            for posting in postings {
                let bridge = if strong {
                    Some(!self.is_hub(key, &head, time) && !self.is_hub(key, &head, posting.time))
                } else {
                    self.compare(opener, &posting)?
                };
                let Some(bridge) = bridge else { continue };
                let reach = Reach { component: home, hops: 1, bridge };
                if self.resides(&posting, &reach)? {
                    continue;
                }
                if let Some(mut context) = self.subject(posting.uid.as_str())? {
                    self.join(&mut context, &reach)?;
                }
            }
        }
        Ok(self.find(home)?.unwrap_or(home))
    }

    /// The parts of a subject's window on `key` that no neighbour of `class` in the same component
    /// covers.
    fn uncovered(
        &mut self,
        key: &LinkKey,
        head: &Head,
        class: Class,
        subject: &Subject,
        component: ComponentId,
    ) -> Result<Vec<Span>, StoreError> {
        let window = self.rules.window(key.kind);
        let span = Span::around(subject.signal.time, window);
        if !self.may_have(key, head, class, span, subject) {
            return Ok(vec![span]);
        }
        let component = self.find(component)?;
        let mut covered = Vec::new();
        for neighbour in self.nearest(key, class, subject.signal.time, 1, &subject.signal.uid)? {
            for residence in neighbour.residences.iter().filter(|residence| residence.hops <= 1) {
                if self.find(residence.component)? == component {
                    covered.push(Span::around(neighbour.time, window));
                }
            }
        }
        Ok(span.without(&covered))
    }

    /// The context in `spans`, at most [`CONTEXT_PER_KEY_MAX`] on each side of the subject.
    fn context_in(
        &mut self,
        key: &LinkKey,
        class: Class,
        spans: &[Span],
        subject: &Subject,
    ) -> Result<Vec<Posting>, StoreError> {
        let at = subject.signal.time.millis();
        let mut found = Vec::new();
        for span in spans {
            let before = Span { from: span.from, to: span.to.min(at) };
            let after = Span { from: span.from.max(at.saturating_add(1)), to: span.to };
            for (side, reverse) in [(before, true), (after, false)] {
                if side.from > side.to {
                    continue;
                }
                let side = self.postings(key, class, side, reverse, CONTEXT_PER_KEY_MAX, &subject.signal.uid)?;
                self.stats.context_skipped += u64::from(side.len() == CONTEXT_PER_KEY_MAX);
                found.extend(side);
            }
        }
        Ok(found)
    }

    /// Makes `subject` a member of a component, or a nearer one, with all that follows.
    fn join(&mut self, subject: &mut Subject, reach: &Reach) -> Result<(), StoreError> {
        let Some(root) = self.find(reach.component)? else { return Ok(()) };
        let posted = subject.residences.clone();
        self.settle(subject)?;
        if Class::of(subject.signal.kind, &posted) != Class::of(subject.signal.kind, &subject.residences) {
            self.repost(subject, &posted)?;
            self.save(subject)?;
        }
        let before = subject.residences.clone();
        let known = subject.residences.iter().position(|residence| residence.component == root);
        let mut old = None;
        // Those without hubs become one below, so that they need no limit.
        let full = subject.residences.len() >= RESIDENCES_MAX && !reach.bridge;
        match known.and_then(|at| subject.residences.get_mut(at)) {
            Some(residence) => {
                let was = *residence;
                residence.hops = was.hops.min(reach.hops);
                residence.bridge |= reach.bridge;
                if *residence == was {
                    return Ok(());
                }
                if reach.hops < was.hops {
                    self.bring_nearer(root, subject, was.hops, reach.hops)?;
                }
                old = Some(was);
            }
            None if full => {
                self.stats.memberships_dropped += 1;
                return Ok(());
            }
            None => {
                subject.residences.push(Residence { component: root, hops: reach.hops, bridge: reach.bridge });
                self.add_member(root, subject, reach.hops)?;
            }
        }
        self.repost(subject, &before)?;
        if reach.bridge {
            self.merge_bridged(subject)?;
        }
        self.save(subject)?;
        let nearer = reach.hops == 1 && old.is_none_or(|old| old.hops > 1);
        if nearer { self.expand(subject, root) } else { Ok(()) }
    }

    /// Makes the components one that a near member reaches without hubs.
    fn merge_bridged(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        let bridged = subject.residences.iter().filter(|residence| residence.hops == 1 && residence.bridge);
        let mut bridged = bridged.map(|residence| residence.component).collect::<Vec<_>>().into_iter();
        let Some(mut root) = bridged.next() else { return Ok(()) };
        for other in bridged {
            root = self.union(root, other)?;
        }
        self.settle(subject)
    }

    /// Lets a near member bring its own neighbours in as far members.
    fn expand(&mut self, near: &Subject, component: ComponentId) -> Result<(), StoreError> {
        if self.rules.config.hops_max < 2 {
            return Ok(());
        }
        let time = near.signal.time;
        for key in near.keys.iter().filter(|key| self.rules.is_strong(key)) {
            let head = self.head(key)?;
            if self.is_hub(key, &head, time) {
                continue;
            }
            let span = Span::around(time, self.rules.window(key.kind));
            let classes = [Class::Near, Class::Other].into_iter();
            let classes: Vec<Class> = classes.filter(|class| self.may_have(key, &head, *class, span, near)).collect();
            if classes.is_empty() {
                continue;
            }
            let spans = self.uncovered(key, &head, Class::Near, near, component)?;
            for class in classes {
                for posting in self.context_in(key, class, &spans, near)? {
                    let reach = Reach { component, hops: 2, bridge: false };
                    if self.is_hub(key, &head, posting.time) || self.resides(&posting, &reach)? {
                        continue;
                    }
                    if let Some(mut far) = self.subject(posting.uid.as_str())? {
                        self.join(&mut far, &reach)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Names a subject's components by their present numbers, each once; closed ones fall away.
    pub fn settle(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        let mut settled: Vec<Residence> = Vec::new();
        for residence in std::mem::take(&mut subject.residences) {
            let Some(component) = self.find(residence.component)? else { continue };
            match settled.iter_mut().find(|known| known.component == component) {
                Some(known) => {
                    known.hops = known.hops.min(residence.hops);
                    known.bridge |= residence.bridge;
                }
                None => settled.push(Residence { component, ..residence }),
            }
        }
        subject.residences = settled;
        Ok(())
    }

    /// The component of an opener's posting.
    fn home(&mut self, posting: &Posting) -> Result<Option<ComponentId>, StoreError> {
        match posting.residences.first() {
            Some(residence) => self.find(residence.component),
            None => Ok(None),
        }
    }

    /// Whether the posting says that its signal is where `reach` would bring it.
    fn resides(&mut self, posting: &Posting, reach: &Reach) -> Result<bool, StoreError> {
        let root = self.find(reach.component)?;
        for residence in &posting.residences {
            let enough = residence.hops <= reach.hops && (residence.bridge || !reach.bridge);
            if enough && self.find(residence.component)? == root {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether two signals are linked, and if so, whether without hub keys too.
    fn compare(&self, subject: &Subject, posting: &Posting) -> Result<Option<bool>, StoreError> {
        let Some(other) = self.subject(posting.uid.as_str())? else { return Ok(None) };
        let distance = subject.signal.time.abs_diff(posting.time);
        if self.rules.strength(&subject.keys, &other.keys, distance, |_| true) < self.rules.threshold {
            return Ok(None);
        }
        let mut hubs = Vec::new();
        for key in shared(&subject.keys, &other.keys).filter(|key| self.rules.is_indexed(key)) {
            let head = self.head(key)?;
            let at = |time: Timestamp| self.is_hub(key, &head, time);
            if at(subject.signal.time) || at(posting.time) {
                hubs.push(key.clone());
            }
        }
        let strength = self.rules.strength(&subject.keys, &other.keys, distance, |key| !hubs.contains(key));
        Ok(Some(strength >= self.rules.threshold))
    }
}
