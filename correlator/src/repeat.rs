//! The same threat again, from one address, where nobody is named.
//!
//! An application that sends no user along leaves nothing to know an attacker by but the address. An address changes
//! hands within hours ([`crate::config::IP_WINDOW_SECS`]); that the same threat comes from it again says that it has not.
//! So of a *repeat* the address does not age, and is looked through as long as an artefact is: who scans every night is
//! one story, not one a night. Only an address of the internet is: a private one is a lease, or a proxy's that stands
//! before everybody.
//!
//! Two threats from one address make no repeat, nor do alerts that name users, who are known by that.

use std::sync::Arc;

use schemas::{EntityKind, is_private_ip};

use crate::index::Span;
use crate::link::{Rules, Side, WHOLE, millis};
use crate::link_key::{LinkKey, names_user};
use crate::posting::Posting;
use crate::state::Class;
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn};

/// Whether both are AI alerts of the same threat that name nobody.
pub fn is_repeat(a: Side<'_>, b: Side<'_>) -> bool {
    a.threat == b.threat && is_of_nobody(a) && is_of_nobody(b)
}

fn is_of_nobody(side: Side<'_>) -> bool {
    side.threat.is_some() && !names_user(side.keys)
}

fn lasts(key: &LinkKey) -> bool {
    key.kind == EntityKind::Ip && !is_private_ip(&key.id)
}

impl Rules {
    /// How far apart repeats are one story, in milliseconds.
    fn repeat_window(&self) -> i64 {
        millis(self.config.artifact_window_secs)
    }

    /// What a distance in time leaves of the weight of a key that repeats share; `None` beyond its window.
    pub fn recency_of_repeat(&self, key: &LinkKey, distance_ms: i64) -> Option<u32> {
        let ageless = lasts(key) && distance_ms <= self.repeat_window();
        if ageless { Some(WHOLE) } else { self.recency(key.kind, distance_ms) }
    }
}

impl<S: Store> Turn<'_, S> {
    /// How far from the subject openers may lie that it is linked to by a key, in milliseconds.
    pub fn openers_within(&self, key: &LinkKey, subject: &Subject) -> i64 {
        let window = self.rules.window(key.kind);
        let may_repeat = lasts(key) && is_of_nobody(subject.side());
        if may_repeat { window.max(self.rules.repeat_window()) } else { window }
    }

    /// The nearest openers with the key on either side of the subject that only a repeat links to it, since they lie
    /// beyond the key's own window.
    pub fn repeats_beyond(&self, key: &LinkKey, subject: &Subject) -> Result<Vec<Arc<Posting>>, StoreError> {
        let (near, far) = (self.rules.window(key.kind), self.openers_within(key, subject));
        if near == far {
            return Ok(Vec::new());
        }
        let (at, uid) = (subject.signal.time.millis(), &subject.signal.uid);
        let max = self.rules.config.compared_per_key_max;
        let before = Span { from: at.saturating_sub(far), to: at.saturating_sub(near + 1) };
        let after = Span { from: at.saturating_add(near + 1), to: at.saturating_add(far) };
        let mut found = self.postings(key, Class::Opener, before, true, max, uid)?;
        found.extend(self.postings(key, Class::Opener, after, false, max, uid)?);
        Ok(found)
    }
}
