//! Order must not show: incidents are compared with their definition over random worlds and shuffles.

#![cfg(test)]

mod common;

use common::{Dice, HOUR, essence, open, run, signal, twin};
use schemas::{Entity, EntityKind, Incident, Severity, Signal, SignalKind};

const KINDS: [EntityKind; 9] = [
    EntityKind::User,
    EntityKind::Device,
    EntityKind::Session,
    EntityKind::Ip,
    EntityKind::Process,
    EntityKind::Agent,
    EntityKind::Domain,
    EntityKind::Application,
    EntityKind::Model,
];

/// A small world: few names, so that much is shared; times on a grid, so that windows are met exactly.
fn world(dice: &mut Dice) -> Vec<Signal> {
    let count = 2 + dice.below(22);
    let names = 2 + dice.below(8);
    let hours = [2, 20, 60][dice.below(3) as usize];
    (0..count)
        .map(|at| {
            let kind = match dice.below(10) {
                0..3 => SignalKind::AiAlert,
                3..5 => SignalKind::Alert,
                _ => SignalKind::Context,
            };
            let time = dice.below(hours * 4) as i64 * HOUR / 4;
            let mut made = signal(&format!("s{at:02}"), kind, time, &[]);
            for _ in 0..1 + dice.below(4) {
                let kind = KINDS[dice.below(KINDS.len() as u64) as usize];
                let id = |dice: &mut Dice| match (kind, dice.below(names)) {
                    (EntityKind::Ip, n) if n % 2 == 0 => format!("10.0.0.{}", n + 1),
                    (EntityKind::Ip, n) => format!("203.0.113.{}", n + 1),
                    (_, n) => format!("{}-{n}", kind.as_str()),
                };
                let ids = [id(dice), id(dice)];
                let ids = ids.iter().take(1 + dice.below(2) as usize).map(String::as_str);
                made.entities.extend(Entity::new(kind, ids));
            }
            made.severity = [Severity::Low, Severity::Medium, Severity::High][dice.below(3) as usize];
            made.techniques = vec![format!("T{}", dice.below(5))];
            made
        })
        .collect()
}

/// A record in parts with the same uid and time, as AdvancedHunting writes alerts.
fn in_parts(dice: &mut Dice, signals: &[Signal]) -> Vec<Signal> {
    let mut parts = Vec::new();
    for signal in signals {
        match dice.below(4) {
            0 => {
                let at = dice.below(signal.entities.len() as u64 + 1) as usize;
                let (first, second) = signal.entities.split_at(at.min(signal.entities.len()));
                let kind = if signal.kind == SignalKind::AiAlert { signal.kind } else { SignalKind::Context };
                parts.push(Signal { entities: first.to_vec(), kind, severity: Severity::Unknown, ..signal.clone() });
                parts.push(Signal { entities: second.to_vec(), techniques: Vec::new(), ..signal.clone() });
            }
            1 => parts.extend([signal.clone(), signal.clone()]),
            _ => parts.push(signal.clone()),
        }
    }
    parts
}

fn compare(world: u64, signals: &[Signal], incidents: &[Incident]) {
    let mut expected = twin::incidents(signals);
    expected.sort_by(|a, b| a.uid.cmp(&b.uid));
    let found: Vec<twin::Expected> = incidents
        .iter()
        .map(|incident| twin::Expected {
            uid: incident.uid.clone(),
            members: incident.members.iter().map(|m| (m.signal.uid.clone(), m.hops)).collect(),
            severity: incident.severity,
            techniques: incident.techniques.iter().cloned().collect(),
        })
        .collect();
    assert_eq!(found, expected, "world {world}");
    for incident in incidents {
        assert_eq!(incident.members_total, incident.members.len() as u64, "world {world}");
        let first =
            incident.members.iter().filter(|m| m.hops == 0).min_by_key(|m| (m.signal.time, m.signal.uid.clone()));
        for member in &incident.members {
            let Some(link) = &member.link else {
                assert_eq!(
                    Some(&member.signal.uid),
                    first.map(|m| &m.signal.uid),
                    "world {world}: a member without a reason"
                );
                continue;
            };
            let other = incident.members.iter().find(|m| m.signal.uid == link.to).expect("a link to a member");
            assert_eq!(link.strength, twin::strength(&member.signal, &other.signal) as f32 / 100.0, "world {world}");
            assert_eq!(link.distance_ms, member.signal.time.millis() - other.signal.time.millis());
            assert!(link.strength >= 0.5 && !link.shared.is_empty());
        }
    }
}

#[test]
fn incidents_are_what_their_definition_says_in_any_order() {
    let mut merges = 0;
    for world_number in 0..600 {
        let mut dice = Dice(world_number);
        let signals = world(&mut dice);
        let mut reference: Option<Vec<Incident>> = None;
        for _ in 0..4 {
            let mut parts = in_parts(&mut dice, &signals);
            dice.shuffle(&mut parts);
            let revisions = run(&parts);
            merges += revisions.iter().filter(|incident| incident.merged_into.is_some()).count();
            let incidents = essence(open(&revisions));
            compare(world_number, &signals, &incidents);
            assert_eq!(reference.get_or_insert_with(|| incidents.clone()), &incidents, "world {world_number}");
        }
    }
    assert!(merges > 100, "the worlds are too tame: {merges} merges");
}
