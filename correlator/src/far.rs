//! Far members: what is linked to a near member and through it belongs to the story.
//!
//! Only a key that links solidly by itself, or a rare address, brings a far member in, and only one that is not *busy*: of a
//! computer's ten thousand records the near ones are told, the rest would bury them. See [`crate::graph`].

use crate::graph::{HOPS_BY_ADDRESS, Reach};
use crate::head::Head;
use crate::index::Span;
use crate::link_key::LinkKey;
use crate::posting::Posting;
use crate::state::{Class, ComponentId};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

impl<S: Store> Turn<'_, S> {
    /// The components whose near members share a strong key with the subject.
    pub fn near_members_reached(&mut self, subject: &Subject) -> Result<Vec<Reach>, StoreError> {
        let time = subject.signal.time;
        let mut reached: Vec<Reach> = Vec::new();
        for key in subject.keys.iter().filter(|key| self.rules.is_telling(key)) {
            let Some(head) = self.known_head(key)? else { continue };
            let span = Span::around(time, self.rules.window(key.kind));
            if !self.may_have(key, &head, Class::Near, span, subject) || self.is_busy(key, &head, time) {
                continue;
            }
            for stretch in self.stretches(key, &head, Class::Near, time)?.into_iter().filter(|stretch| stretch.solid) {
                for posting in
                    self.postings(key, Class::Near, stretch.span, stretch.before, usize::MAX, &subject.signal.uid)?
                {
                    if self.is_busy(key, &head, posting.time) {
                        continue;
                    }
                    for residence in posting.residences.iter().filter(|residence| residence.hops == 1) {
                        let Some(component) = self.find(residence.component)? else { continue };
                        if reached.iter().all(|reach| reach.component != component || reach.hops > self.hops_by(key)) {
                            reached.push(Reach { component, hops: self.hops_by(key), bridge: false });
                        }
                    }
                }
            }
        }
        Ok(reached)
    }

    /// The hops of a far member that the key brings in.
    fn hops_by(&self, key: &LinkKey) -> u8 {
        if self.rules.is_strong(key) { 2 } else { HOPS_BY_ADDRESS }
    }

    /// Lets a near member bring its own neighbours in as far members.
    pub fn expand(&mut self, near: &Subject, component: ComponentId) -> Result<(), StoreError> {
        if self.rules.config.hops_max < 2 {
            return Ok(());
        }
        let time = near.signal.time;
        for key in near.keys.iter().filter(|key| self.rules.is_telling(key)) {
            let head = self.head(key)?;
            if self.is_busy(key, &head, time) {
                continue;
            }
            let span = Span::around(time, self.rules.window(key.kind));
            let classes = [Class::Near, Class::Other].into_iter();
            let classes: Vec<Class> = classes.filter(|class| self.may_have(key, &head, *class, span, near)).collect();
            if classes.is_empty() {
                continue;
            }
            let neighbours = self.neighbours(key, &head, Class::Near, near, component)?;
            for class in classes {
                for stretch in self.stretches(key, &head, class, time)?.into_iter().filter(|stretch| stretch.solid) {
                    for posting in self.context_in(key, &head, class, stretch, &neighbours, near)? {
                        self.take_far(key, &head, &posting, component)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn take_far(
        &mut self,
        key: &LinkKey,
        head: &Head,
        posting: &Posting,
        component: ComponentId,
    ) -> Result<(), StoreError> {
        let reach = Reach { component, hops: self.hops_by(key), bridge: false };
        if self.is_busy(key, head, posting.time) || self.resides(posting, &reach)? {
            return Ok(());
        }
        match self.subject(posting.uid.as_str())? {
            Some(mut far) => self.join(&mut far, &reach),
            None => Ok(()),
        }
    }
}
