//! The graph: which signals a new one is linked to, and what follows from that.
//!
//! # What is computed
//! - An *opener* is an AI alert. Openers whose link may make two stories one (see [`crate::link`]) are in one
//!   component.
//! - A non-opener that is linked to an opener of a component is a *near* member (1 hop). A near member
//!   whose links of that sort reach openers of two components makes them one.
//! - A non-opener that shares a solid key strong enough by itself with a near member is a *far* member
//!   (2 hops). It may belong to several components and never merges them. So is one that only a rare address
//!   links, to an opener or a near member, unless it is a near member of another component: two attackers may rent
//!   one exit. So is an alert that is expected.
//!
//! - What a rule counted belongs to its match: AI alerts become one component with it, where something that is no hub
//!   is shared as well; records that are not members anyway are far members.
//! - What must not be one ([`crate::barrier`]) is related instead, and nothing joins what an analyst closed or locked.
//!
//! All of it follows from the set of signals and the commands before each, not from the signals' order, below the caps listed here. More
//! signals add members and merges; they take links away only where an entity turns out to be spread
//! further than was known, and then what it held together is linked anew ([`crate::relink`]).
//!
//! # How it stays cheap
//! - Openers on one side of an instant that one key links solidly to it are linked among themselves, as
//!   long as the key is equally spread: so of each [`Stretch`] the nearest opener stands for all. An API key
//!   is left out, since two AI alerts of different people may share one without being linked, and so is an
//!   artefact, which alone makes no two stories one.
//! - A new opener looks only at the part of its window that no linked neighbour on the same key
//!   covers: what lies in a neighbour's reach is a near member already. The same holds for the far
//!   members of a new near member.
//! - What links only in sums is compared in full, the nearest `compared_per_key_max` of each stretch.
//!
//! # Caps, beyond which order may show
//! `compared_per_key_max`; `incidents_per_record_max`; `context_per_key_max`; `fanout_max`, since far members
//! that a key brought in before it became busy stay; those of [`crate::relink`] and of [`crate::identity`].

use std::cell::Cell;
use std::sync::Arc;

use schemas::{EntityKind, SignalKind, Timestamp};

use crate::head::Head;
use crate::heads::hash;
use crate::index::{Span, Stretch};
use crate::link::Spread;
use crate::link_key::{LinkKey, shared};
use crate::posting::Posting;
use crate::several::names_several;
use crate::state::{Class, Component, ComponentId, Residence};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// Stands for the hops of a far member that only a rare address attaches: it leaves when it turns out to be a near
/// member elsewhere. Incidents show it as the far member that it is.
pub const HOPS_BY_ADDRESS: u8 = 3;

/// A component that a signal reaches.
#[derive(Clone, Copy)]
pub struct Reach {
    /// The component.
    pub component: ComponentId,
    /// Steps from the nearest opener.
    pub hops: u8,
    /// Whether it is reached solidly.
    pub bridge: bool,
}

/// How two signals are linked.
#[derive(Clone, Copy)]
struct Tie {
    /// Steps from the opener: 1, or [`HOPS_BY_ADDRESS`].
    hops: u8,
    /// Whether solidly.
    bridge: bool,
}

/// A key through which a subject is compared with others.
struct Known<'a> {
    key: &'a LinkKey,
    /// How far what it names is spread at the subject's time, at least.
    spread: Spread,
    /// Whether nothing that the other side says makes it less.
    is_floor: bool,
    /// Whether it is spread so far that something else must be shared as well.
    needs_more: bool,
    /// The hashes of the subject's other names, where it must.
    others: Vec<u32>,
}

impl Tie {
    const SOLID: Self = Self { hops: 1, bridge: true };
}

impl<S: Store> Turn<'_, S> {
    /// Links a subject that is saved and, unless it is a new opener, posted.
    pub fn link(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        if subject.signal.kind == SignalKind::AiAlert { self.link_opener(subject) } else { self.link_context(subject) }
    }

    pub fn link_context(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        // A record that added to a near member may have brought new keys.
        let near = subject.residences.iter().filter(|residence| residence.hops == 1);
        let near: Vec<ComponentId> = near.map(|residence| residence.component).collect();
        let mut reached = self.openers_reached(subject)?;
        // Whoever is a near member somewhere is nobody's by address.
        reached.sort_by_key(|reach| reach.hops);
        for reach in reached {
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
        let mut apart = Vec::new();
        let counted = self.openers_counted(subject)?;
        for reach in self.openers_reached(subject)?.into_iter().chain(counted).filter(|reach| reach.bridge) {
            let Some(found) = self.find(reach.component)? else { continue };
            home = match home {
                _ if self.is_out_of_scope(found, &subject.signal) => {
                    apart.push(found);
                    home
                }
                Some(home) => Some(self.unite(home, found)?),
                None if self.is_sealed(found) => {
                    apart.push(found);
                    None
                }
                None => Some(found),
            };
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
        self.save(subject);
        // Now that the home has the alert, both sides say why they are apart.
        for found in apart {
            home = self.unite(home, found)?;
        }
        self.recall(home, subject)?;
        let keys = Arc::clone(&subject.keys);
        for key in keys.iter().filter(|key| self.rules.is_indexed(key)) {
            home = self.gather(subject, key, home)?;
            if let Some(other) = other_naming(key) {
                home = self.gather(subject, &other, home)?;
            }
        }
        self.gather_counted(subject, home)
    }

    /// The components of the AI alerts that a rule's match counts, where they share something that is no hub: a rule may
    /// group by the address of a whole office.
    fn openers_counted(&mut self, subject: &Subject) -> Result<Vec<Reach>, StoreError> {
        let mut reached = Vec::new();
        for uid in subject.signal.counted() {
            let Some(other) = self.subject(uid)?.filter(|other| other.signal.kind == SignalKind::AiAlert) else {
                continue;
            };
            let mut solid = false;
            for (own, its) in shared(&subject.keys, &other.keys).filter(|(own, _)| self.rules.is_indexed(own)) {
                let spread = self.spread_at(own, subject.signal.time)?.max(self.spread_at(its, other.signal.time)?);
                solid |= !spread.is_hub();
            }
            let home = other.residences.first().filter(|_| solid).map(|residence| residence.component);
            reached.extend(home.map(|component| Reach { component, hops: 1, bridge: true }));
        }
        Ok(reached)
    }

    /// Takes in the records that a rule's match counts: they bring nobody else in.
    fn gather_counted(&mut self, subject: &Subject, home: ComponentId) -> Result<(), StoreError> {
        for uid in subject.signal.counted() {
            if let Some(mut record) = self.subject(uid)?.filter(|record| record.signal.kind != SignalKind::AiAlert) {
                self.join(&mut record, &Reach { component: home, hops: 2, bridge: false })?;
            }
        }
        Ok(())
    }

    /// The components of the openers that a subject is linked to.
    fn openers_reached(&mut self, subject: &Subject) -> Result<Vec<Reach>, StoreError> {
        let mut reached: Vec<Reach> = Vec::new();
        for key in subject.keys.iter().filter(|key| self.rules.is_indexed(key)) {
            self.openers_with(key, subject, &mut reached)?;
            // Most tenants have no text that names a user near by, and need not look for one.
            if !key.mentioned && !self.may_hear_of(key.kind, subject.signal.time) {
                continue;
            }
            if let Some(other) = other_naming(key) {
                self.openers_with(&other, subject, &mut reached)?;
            }
        }
        Ok(reached)
    }

    /// Whether a text may name a user within the window around `time`.
    fn may_hear_of(&self, kind: EntityKind, time: Timestamp) -> bool {
        let heard = self.clock.mentioned_last.map(|last| last.saturating_add_millis(self.rules.window(kind)));
        heard.is_some_and(|heard| heard >= time)
    }

    fn openers_with(&mut self, key: &LinkKey, subject: &Subject, reached: &mut Vec<Reach>) -> Result<(), StoreError> {
        let Some(head) = self.known_head(key)? else { return Ok(()) };
        let span = Span::around(subject.signal.time, self.openers_within(key, subject));
        if !self.may_have(key, &head, Class::Opener, span, subject) {
            return Ok(());
        }
        let known = self.known_side(key, subject)?;
        for (posting, certain) in self.candidates(key, &head, subject)? {
            let Some(component) = self.home(&posting)? else { continue };
            if reached.iter().any(|reach| reach.component == component && reach.bridge) {
                continue;
            }
            let tie = if certain { Some(Tie::SOLID) } else { self.compare(subject, &posting, &known)? };
            reached.extend(tie.map(|Tie { hops, bridge }| Reach { component, hops, bridge }));
        }
        Ok(())
    }

    /// The nearest openers that stand for all, each with whether it is linked for certain.
    fn candidates(
        &self,
        key: &LinkKey,
        head: &Head,
        subject: &Subject,
    ) -> Result<Vec<(Arc<Posting>, bool)>, StoreError> {
        let (time, uid) = (subject.signal.time, &subject.signal.uid);
        let compared_max = self.rules.config.compared_per_key_max;
        let mut found = Vec::new();
        if !subject.keys.contains(key) || key.mentioned {
            let nearest = self.nearest(key, Class::Opener, time, compared_max, uid)?;
            found.extend(nearest.into_iter().map(|posting| (posting, false)));
            return Ok(found);
        }
        for stretch in self.stretches(key, head, Class::Opener, time)? {
            let certain = stretch.solid && key.kind != EntityKind::ApiKey && self.rules.joins_alone(key);
            // Of two scopes the nearest does not stand for all.
            let max = if certain && self.rules.config.scopes.is_empty() { 1 } else { compared_max };
            let postings = self.postings(key, Class::Opener, stretch.span, stretch.before, max, uid)?;
            found.extend(postings.into_iter().map(|posting| (posting, certain)));
        }
        found.extend(self.repeats_beyond(key, subject)?.into_iter().map(|posting| (posting, false)));
        Ok(found)
    }

    /// Lets an opener take in the context that has `key` as well; says where the opener is then.
    fn gather(&mut self, opener: &Subject, key: &LinkKey, home: ComponentId) -> Result<ComponentId, StoreError> {
        let time = opener.signal.time;
        let head = self.head(key)?;
        let span = Span::around(time, self.rules.window(key.kind));
        for class in [Class::Near, Class::Other] {
            if !self.may_have(key, &head, class, span, opener) {
                continue;
            }
            let known = self.known_side(key, opener)?;
            for (posting, certain) in self.context_of(key, &head, class, opener, home)? {
                let tie = if certain { Some(Tie::SOLID) } else { self.compare(opener, &posting, &known)? };
                let Some(Tie { hops, bridge }) = tie else { continue };
                let reach = Reach { component: home, hops, bridge };
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

    /// The context that an opener may take in through a key, each with whether it is linked for certain.
    fn context_of(
        &mut self,
        key: &LinkKey,
        head: &Head,
        class: Class,
        opener: &Subject,
        home: ComponentId,
    ) -> Result<Vec<(Arc<Posting>, bool)>, StoreError> {
        let compared_max = self.rules.config.compared_per_key_max;
        let mut found = Vec::new();
        if !opener.keys.contains(key) || key.mentioned {
            let nearest = self.nearest(key, class, opener.signal.time, compared_max, &opener.signal.uid)?;
            found.extend(nearest.into_iter().map(|posting| (posting, false)));
            return Ok(found);
        }
        let neighbours = self.neighbours(key, head, Class::Opener, opener, home)?;
        for stretch in self.stretches(key, head, class, opener.signal.time)? {
            let certain = stretch.solid && self.rules.joins_alone(key);
            let postings = if certain {
                self.context_in(key, head, class, stretch, &neighbours, opener)?
            } else {
                self.postings(key, class, stretch.span, stretch.before, compared_max, &opener.signal.uid)?
            };
            found.extend(postings.into_iter().map(|posting| (posting, certain)));
        }
        Ok(found)
    }

    /// The times of the nearest members of `component` in `class` that the key links to the subject solidly.
    pub fn neighbours(
        &mut self,
        key: &LinkKey,
        head: &Head,
        class: Class,
        subject: &Subject,
        component: ComponentId,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let component = self.find(component)?;
        let mut times = Vec::new();
        for stretch in self.stretches(key, head, class, subject.signal.time)? {
            if !stretch.solid {
                continue;
            }
            for neighbour in self.postings(key, class, stretch.span, stretch.before, 1, &subject.signal.uid)? {
                for residence in neighbour.residences.iter().filter(|residence| residence.hops <= 1) {
                    if self.find(residence.component)? == component {
                        times.push(neighbour.time);
                    }
                }
            }
        }
        Ok(times)
    }

    /// The context in a solid stretch that no neighbour reaches, at most `context_per_key_max`.
    pub fn context_in(
        &mut self,
        key: &LinkKey,
        head: &Head,
        class: Class,
        stretch: Stretch,
        neighbours: &[Timestamp],
        subject: &Subject,
    ) -> Result<Vec<Arc<Posting>>, StoreError> {
        let middle = Timestamp::from_millis(stretch.span.from.max(0)).unwrap_or_default();
        let covered: Vec<Span> = neighbours
            .iter()
            .filter_map(|time| {
                let spread: Spread = self.spread(key, head, [*time, middle]);
                Some(Span::around(*time, self.rules.reach(key, spread)?))
            })
            .collect();
        let max = self.rules.config.context_per_key_max;
        let mut found = Vec::new();
        for span in stretch.span.without(&covered) {
            let part = self.postings(key, class, span, stretch.before, max, &subject.signal.uid)?;
            self.stats.context_skipped += u64::from(part.len() == max);
            found.extend(part);
        }
        Ok(found)
    }

    /// Makes `subject` a member of a component, or a nearer one, with all that follows.
    pub fn join(&mut self, subject: &mut Subject, reach: &Reach) -> Result<(), StoreError> {
        let Some(root) = self.find(reach.component)? else { return Ok(()) };
        if self.is_sealed(root) {
            return Ok(());
        }
        // What is expected attaches and brings nobody else in, and so does what is about several people.
        let apart = names_several(&subject.signal) || self.suppressed_by(&subject.signal.uid)?.is_some();
        let hops = if apart { reach.hops.max(2) } else { reach.hops };
        let reach = &Reach { component: root, hops, bridge: reach.bridge && !apart };
        let posted = subject.residences.clone();
        self.settle(subject)?;
        if Class::of(subject.signal.kind, &posted) != Class::of(subject.signal.kind, &subject.residences) {
            self.repost(subject, &posted)?;
            self.save(subject);
        }
        let before = subject.residences.clone();
        let known = subject.residences.iter().position(|residence| residence.component == root);
        // Whoever has a home of their own only rents the same exit.
        if known.is_none() && hops == HOPS_BY_ADDRESS && is_near(subject) {
            return Ok(());
        }
        if known.is_none() && self.is_pinned(&subject.signal.uid)? {
            return Ok(());
        }
        let mut old = None;
        // Those without hubs become one below, so that they need no limit.
        let full = subject.residences.len() >= self.rules.config.incidents_per_record_max && !reach.bridge;
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
        self.save(subject);
        if reach.hops == 1 {
            let lodgings = subject.residences.iter().filter(|residence| residence.hops == HOPS_BY_ADDRESS);
            self.doubt(&lodgings.copied().collect::<Vec<_>>())?;
        }
        let nearer = reach.hops == 1 && old.is_none_or(|old| old.hops > 1);
        if nearer { self.expand(subject, root) } else { Ok(()) }
    }

    /// Makes the components one that a near member reaches without hubs.
    fn merge_bridged(&mut self, subject: &mut Subject) -> Result<(), StoreError> {
        let bridged = subject.residences.iter().filter(|residence| residence.hops == 1 && residence.bridge);
        let mut bridged = bridged.map(|residence| residence.component).collect::<Vec<_>>().into_iter();
        let Some(mut root) = bridged.next() else { return Ok(()) };
        for other in bridged {
            root = self.unite(root, other)?;
        }
        self.settle(subject)
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
    pub fn resides(&mut self, posting: &Posting, reach: &Reach) -> Result<bool, StoreError> {
        let root = self.find(reach.component)?;
        for residence in &posting.residences {
            let enough = residence.hops <= reach.hops && (residence.bridge || !reach.bridge);
            if enough && self.find(residence.component)? == root {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is known of a subject and a key before it is compared through it.
    fn known_side<'k>(&self, key: &'k LinkKey, subject: &Subject) -> Result<Known<'k>, StoreError> {
        let spread = if subject.keys.contains(key) && !key.mentioned {
            self.spread_at(key, subject.signal.time)?
        } else {
            Spread::Few
        };
        // A key in daily use counts as less spread where it comes from a new address; one of many people does not.
        let is_floor = spread > Spread::Few && (key.kind != EntityKind::ApiKey || spread == Spread::Hub);
        let needs_more = is_floor && spread == Spread::Hub && !self.rules.hub_links(key);
        let others = subject.keys.iter().filter(|own| needs_more && *own != key);
        Ok(Known { key, spread, is_floor, needs_more, others: others.map(|own| hash(&own.id)).collect() })
    }

    /// Whether an opener and another signal are linked, and if so, how; `known` is what is known of the subject and
    /// the key that both have.
    fn compare(&self, subject: &Subject, posting: &Posting, known: &Known<'_>) -> Result<Option<Tie>, StoreError> {
        // What shares a hub and nothing else is most of what is compared, and told without the other signal once it
        // was compared with one.
        if known.needs_more && posting.names.are_none_of(&known.others, &self.held.renamed) {
            return Ok(None);
        }
        let Some(other) = self.subject(posting.uid.as_str())? else { return Ok(None) };
        if known.needs_more {
            posting.names.note(&other.keys, &self.held.renamed);
            if !shared(&subject.keys, &other.keys).any(|(own, _)| own != known.key) {
                return Ok(None);
            }
        }
        let (one, its) = (subject.side(), other.side());
        let new = self.shares_new_address(subject, &other)?;
        let best = if new { Spread::Rare } else { Spread::Few };
        // More spread is never worth more: most of what shares a hub ends here, and nobody looks at how far the rest
        // is spread.
        let at_least =
            |own: &LinkKey, _: &LinkKey| Ok(if known.is_floor && own == known.key { known.spread } else { best });
        if self.rules.evidence(one, its, at_least)?.all() < self.rules.threshold {
            return Ok(None);
        }
        let attached = Cell::new(false);
        let evidence = self.rules.evidence(one, its, |own, its| {
            let spread = self.spread_at(own, subject.signal.time)?.max(self.spread_at(its, posting.time)?);
            // What comes from a new address is unusual for a key in daily use: it is part of the story, and joins none.
            let unusual =
                spread == Spread::Daily && (self.is_from_new_address(subject)? || self.is_from_new_address(&other)?);
            attached.set(attached.get() || unusual);
            Ok(if unusual { Spread::Few } else { spread })
        })?;
        let threshold = self.rules.threshold;
        Ok(match (evidence.all() >= threshold, evidence.plain() >= threshold) {
            (_, true) => {
                let joins = evidence.joins(threshold) && !attached.get();
                Some(Tie { hops: 1, bridge: joins || self.is_cause(subject, &other, &evidence)? })
            }
            (true, _) => Some(Tie { hops: HOPS_BY_ADDRESS, bridge: false }),
            _ => None,
        })
    }
}

/// Whether the signal is a near member of a component.
pub fn is_near(subject: &Subject) -> bool {
    subject.residences.iter().any(|residence| residence.hops == 1)
}

/// The key under which a user is found whom a text names where `key` stands in the record, or the reverse.
pub fn other_naming(key: &LinkKey) -> Option<LinkKey> {
    (key.kind == EntityKind::User && !key.is_alias()).then(|| LinkKey { mentioned: !key.mentioned, ..key.clone() })
}
