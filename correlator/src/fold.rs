//! One signal out of several records with the same uid.
//!
//! Vendors send an alert in parts (AdvancedHunting's AlertInfo and AlertEvidence rows), and topics
//! deliver records twice. Folding is commutative, associative and idempotent, so that neither order
//! nor repetition shows in the signal: sets are united, the rest is decided by an order on values.
//! The time is the earliest; links that were made at a later time of the same record stay.

use std::cmp::Reverse;

use schemas::entity::IDS_PER_ENTITY_MAX;
use schemas::{Entity, Role, Signal};

/// The most entities that a signal keeps, the first in their order.
pub const ENTITIES_PER_SIGNAL_MAX: usize = 128;
/// The most techniques that a signal or an incident keeps.
pub const TECHNIQUES_MAX: usize = 128;

/// Brings a signal to its one form: sets sorted, without repeats, bounded.
pub fn canonical(mut signal: Signal) -> Signal {
    signal.entities = united(std::mem::take(&mut signal.entities));
    signal.techniques.sort_unstable();
    signal.techniques.dedup();
    signal.techniques.truncate(TECHNIQUES_MAX);
    signal.flags.sort_unstable();
    signal.flags.dedup();
    signal
}

/// `a` and `b`, two canonical records of one signal, as one.
pub fn fold(a: &Signal, b: &Signal) -> Signal {
    let both = |of: fn(&Signal) -> &str| smallest(of(a), of(b)).to_owned();
    canonical(Signal {
        uid: a.uid.clone(),
        native_id: both(|s| &s.native_id),
        tenant: a.tenant.clone(),
        time: a.time.min(b.time),
        group: a.group.of_both(b.group),
        product: both(|s| &s.product),
        kind: a.kind.min(b.kind),
        title: gravest(a, b).title.clone(),
        severity: a.severity.max(b.severity),
        category: a.category.into_iter().chain(b.category).min(),
        techniques: a.techniques.iter().chain(&b.techniques).cloned().collect(),
        entities: a.entities.iter().chain(&b.entities).cloned().collect(),
        flags: a.flags.iter().chain(&b.flags).copied().collect(),
        facts: a.facts.united(&b.facts),
    })
}

/// The one whose title counts: the graver, since rows of evidence (Defender's AlertEvidence) bring no severity and a
/// title made up of what they are evidence of, while the row with the severity has the vendor's. Of two that are as
/// grave the one whose title says something and is smaller. An order on both, so that it can be folded.
fn gravest<'a>(a: &'a Signal, b: &'a Signal) -> &'a Signal {
    let rank = |s: &'a Signal| (s.severity, !s.title.is_empty(), Reverse(&s.title));
    if rank(b) > rank(a) { b } else { a }
}

/// The smaller of two texts; an empty one says nothing.
fn smallest<'a>(a: &'a str, b: &'a str) -> &'a str {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a,
        _ => a.min(b),
    }
}

/// Entities by what they identify, each with its smallest name and role.
fn united(mut entities: Vec<Entity>) -> Vec<Entity> {
    for entity in &mut entities {
        entity.ids.sort_unstable();
        entity.ids.dedup();
        entity.ids.truncate(IDS_PER_ENTITY_MAX);
    }
    entities.retain(|entity| !entity.ids.is_empty());
    entities.sort_unstable_by(|a, b| (a.kind, &a.ids).cmp(&(b.kind, &b.ids)));
    entities.dedup_by(|later, first| {
        let same = (later.kind, &later.ids) == (first.kind, &first.ids);
        if same {
            first.name = first.name.take().into_iter().chain(later.name.take()).min();
            first.role = Role::of_both(first.role, later.role);
            first.mentioned &= later.mentioned;
        }
        same
    });
    entities.truncate(ENTITIES_PER_SIGNAL_MAX);
    entities
}

#[cfg(test)]
mod tests {
    use schemas::{Group, Severity, SignalKind, SignalUid, TenantId, Timestamp};

    use super::*;

    fn row(title: &str, severity: Severity) -> Signal {
        let tenant = TenantId::default();
        Signal {
            uid: SignalUid::derive(&tenant, "defender_alert", "da1"),
            native_id: "da1".to_owned(),
            tenant,
            time: Timestamp::default(),
            group: Group::Endpoint,
            product: "defender_alert".to_owned(),
            kind: SignalKind::Alert,
            title: title.to_owned(),
            severity,
            category: None,
            techniques: Vec::new(),
            entities: Vec::new(),
            flags: Vec::new(),
            facts: Default::default(),
        }
    }

    #[test]
    fn title_and_severity_come_from_the_same_row_in_any_order() {
        let rows = [
            row("Evidence of an alert: Ip", Severity::Unknown),
            row("Suspicious upload", Severity::High),
            row("A title of earlier days", Severity::Low),
            row("", Severity::High),
            row("Suspicious upload to the cloud", Severity::High),
        ];
        for first in 0..rows.len() {
            for step in 1..rows.len() {
                // Steps of a prime count of rows visit all of them, and some twice.
                let order = (0..2 * rows.len()).map(|at| &rows[(first + at * step) % rows.len()]);
                let whole = order.fold(rows[first].clone(), |whole, row| fold(&whole, row));
                assert_eq!((whole.title.as_str(), whole.severity), ("Suspicious upload", Severity::High));
            }
        }
    }
}
