//! Taking links back: what an entity held together that turned out to be everybody's.
//!
//! How far an entity is spread is known only as signals come in. When it crosses a step ([`Spread`]), links
//! that rest on it may be too weak; the components that hold one are *stale*. Before a stale component is
//! published, all its members are let go and its openers are linked anew, in the order of time: the same work
//! that the members would have caused had they come after. So the outcome is that of the set of signals.
//!
//! The part with the earliest opener goes on as the incident that was; every other part is a new incident
//! that says where it was split from. An entity crosses at most two steps in a window, and a large component
//! is looked at only as often as it publishes, so a flood of entities that spread costs no flood of work.
//!
//! # Caps, beyond which order may show
//! What an analyst closed, locked, merged or split stays as it is. `relink_members_max`: a larger component keeps its links, and so does one that no longer keeps all of
//! its members.
//!
//! [`Spread`]: crate::link::Spread

use std::collections::BTreeSet;

use schemas::{SignalKind, SignalUid};

use crate::component::MemberRow;
use crate::graph::{is_near, other_naming};
use crate::heads::Neighbours;
use crate::state::{Class, Component, ComponentId, Residence, Seed, Steering};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

impl<S: Store> Turn<'_, S> {
    /// Marks the components with a signal that has a key where it was found to be spread.
    pub fn mark_stale(&mut self) -> Result<(), StoreError> {
        for (key, bucket) in std::mem::take(&mut self.respread) {
            let span = self.bucket_span(&key, bucket);
            for key in [other_naming(&key), Some(key)].into_iter().flatten() {
                for class in [Class::Opener, Class::Near, Class::Other] {
                    for posting in self.postings(&key, class, span, false, usize::MAX, &SignalUid::from(""))? {
                        self.doubt(&posting.residences)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Marks the components that a signal belongs to as stale.
    pub fn doubt(&mut self, residences: &[Residence]) -> Result<(), StoreError> {
        for residence in residences {
            let Some(root) = self.find(residence.component)? else { continue };
            if let Some(component) = self.component_mut(root) {
                component.stale = true;
            }
            self.dirty.insert(root);
        }
        Ok(())
    }

    /// Links the members of a stale component anew and says into which components it fell.
    pub fn relink(&mut self, id: ComponentId) -> Result<Vec<ComponentId>, StoreError> {
        let Some(old) = self.component(id).filter(|component| component.stale).cloned() else { return Ok(vec![id]) };
        let Steering { closed, locked, shaped, .. } = &old.steering;
        let held = *closed || *locked || !shaped.is_empty();
        let large = old.members_total > self.rules.config.relink_members_max
            || u64::from(old.members_kept) != old.members_total;
        if held || large {
            self.stats.relinks_skipped += 1;
            if let Some(component) = self.component_mut(id) {
                component.stale = false;
            }
            return Ok(vec![id]);
        }
        self.stats.relinked += 1;
        let (openers, near) = self.let_all_go(id)?;
        self.forget_timers(id);
        self.remove_component(id);
        for (at, uid) in openers.iter().enumerate() {
            let Some(mut subject) = self.subject(uid.as_str())? else { continue };
            if at == 0 {
                self.carry_on(id, &old, &mut subject)?;
            }
            self.link(&mut subject)?;
        }
        // Who has no home any more may be somebody's by address.
        for uid in near {
            if let Some(mut subject) = self.subject(uid.as_str())?.filter(|subject| !is_near(subject)) {
                self.link_context(&mut subject)?;
            }
        }
        // Linking posted them again, which says nothing new about how far anything is spread.
        self.respread.clear();
        let mut parts = BTreeSet::new();
        for uid in &openers {
            parts.extend(self.home_of(uid)?);
        }
        let first = openers.first().map(|uid| self.home_of(uid)).transpose()?.flatten();
        for part in parts.iter().copied().filter(|part| Some(*part) != first) {
            self.stats.incidents_split += 1;
            let split_from = old.published.as_ref().map(|published| published.uid.clone());
            if let Some(component) = self.component_mut(part).filter(|part| part.published.is_none()) {
                component.split_from = split_from;
            }
        }
        parts.iter().for_each(|part| {
            self.dirty.remove(part);
        });
        Ok(parts.into_iter().collect())
    }

    /// Takes every member out of a component; the openers are named in the order of time, and the near members that
    /// have an address which may be rare.
    fn let_all_go(&mut self, id: ComponentId) -> Result<(Vec<SignalUid>, Vec<SignalUid>), StoreError> {
        let (mut openers, mut near) = (Vec::new(), Vec::new());
        let first = self.component(id).map(|component| component.first.clone());
        for row in self.members(id, false, usize::MAX)? {
            self.drop_member(id, &row);
            let Some(mut subject) = self.subject(row.uid.as_str())? else { continue };
            let before = subject.residences.clone();
            self.settle(&mut subject)?;
            subject.residences.retain(|residence| residence.component != id);
            if subject.signal.kind == SignalKind::AiAlert {
                self.unpost(&subject, &before)?;
                self.count_in(&subject, None, &Neighbours::of(&subject.signal))?;
                subject.residences.clear();
                // What a rule counts stands before the match.
                openers.push((
                    Some(Seed::of(&subject.signal)) != first,
                    subject.signal.time,
                    Seed::of(&subject.signal),
                ));
            } else {
                self.repost(&subject, &before)?;
                if row.hops == 1 && subject.keys.iter().any(|key| self.rules.may_be_rare(key)) {
                    near.push(subject.signal.uid.clone());
                }
            }
            self.save(&subject);
        }
        openers.sort_unstable();
        Ok((openers.into_iter().map(|(.., seed)| seed.uid).collect(), near))
    }

    fn drop_member(&mut self, id: ComponentId, row: &MemberRow) {
        let key = self.member_key(id, row);
        self.db.delete(key);
    }

    /// Opens a component that goes on as the incident that `old`, numbered `id`, was.
    fn carry_on(&mut self, id: ComponentId, old: &Component, first: &mut Subject) -> Result<(), StoreError> {
        let home = self.add_component(Component {
            published: old.published.clone(),
            absorbed: old.absorbed.clone(),
            split_from: old.split_from.clone(),
            // A story that an analyst took up again continues the one that it was, whoever its actors are.
            continues: old.continues.clone().filter(|_| old.published.is_none()),
            steering: old.steering.clone(),
            related: old.related.clone(),
            ..Component::new(&first.signal)
        });
        self.move_case(id, home)?;
        self.put_merged(id, home);
        self.move_aliases(id, home);
        first.residences = vec![Residence { component: home, hops: 0, bridge: true }];
        self.add_member(home, first, 0)?;
        self.post(first)?;
        self.save(first);
        Ok(())
    }

    fn home_of(&mut self, opener: &SignalUid) -> Result<Option<ComponentId>, StoreError> {
        let row = self.signal_row(opener.as_str())?;
        match row.and_then(|row| row.residences.first().copied()) {
            Some(residence) => self.find(residence.component),
            None => Ok(None),
        }
    }
}
