//! Order must not show: incidents are compared with their definition over random worlds and shuffles.

#![cfg(test)]

mod common;

use common::{Dice, HOUR, essence, open, run_with, signal, twin};
use correlator::Config;
use schemas::{Entity, EntityKind, Incident, Severity, Signal, SignalKind};

const KINDS: [EntityKind; 11] = [
    EntityKind::User,
    EntityKind::ApiKey,
    EntityKind::File,
    EntityKind::Device,
    EntityKind::Session,
    EntityKind::Ip,
    EntityKind::Process,
    EntityKind::Agent,
    EntityKind::Domain,
    EntityKind::Application,
    EntityKind::Model,
];

/// Kinds that hold stories together, and the address.
const ACTING: [EntityKind; 4] = [EntityKind::User, EntityKind::Device, EntityKind::Session, EntityKind::Ip];

/// By what names a world calls its entities.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// One for each.
    One,
    /// Some have two.
    Two,
    /// Some have two, and some users have SIDs.
    Sids,
}

/// A small world: few names, so that much is shared; times on a grid, so that windows are met exactly.
fn world(dice: &mut Dice, called: Names) -> Vec<Signal> {
    let count = 2 + dice.below(22);
    let names = 2 + dice.below(8);
    let hours = [2, 20, 60][dice.below(3) as usize];
    let kinds = if called == Names::One && dice.below(2) == 0 { ACTING.as_slice() } else { &KINDS };
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
                let kind = kinds[dice.below(kinds.len() as u64) as usize];
                let id = |dice: &mut Dice| match (kind, dice.below(names)) {
                    (EntityKind::Ip, n) if n % 2 == 0 => format!("10.0.0.{}", n + 1),
                    (EntityKind::Ip, n) => format!("203.0.113.{}", n + 1),
                    (EntityKind::User, 1) => "admin".to_owned(),
                    (EntityKind::User, n @ 2..=4) if called == Names::Sids => format!("s-1-5-21-9-9-9-{n}"),
                    (_, n) => format!("{}-{n}", kind.as_str()),
                };
                let ids = [id(dice), id(dice)];
                let two = called != Names::One && dice.below(2) == 0;
                let ids = ids.iter().take(1 + usize::from(two)).map(String::as_str);
                let entity = Entity::new(kind, ids);
                let mentioned = kind == EntityKind::User && made.kind == SignalKind::AiAlert && dice.below(3) == 0;
                made.entities.extend(if mentioned { entity.map(Entity::mentioned) } else { entity });
            }
            made.title = format!("title {}", dice.below(3));
            made.severity = [Severity::Low, Severity::Medium, Severity::High][dice.below(3) as usize];
            let techniques = [&twin::ATTACK[..], &["T9999"]].concat();
            made.techniques = vec![techniques[dice.below(6) as usize].to_owned()];
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

/// Compares incidents with their definition; `named` says whether uids are those of the definition, which
/// they are unless a closed uid could not be used again.
fn compare(number: u64, world: &twin::World<'_>, incidents: &[Incident], named: bool) {
    let mut expected = world.incidents();
    let mut found: Vec<twin::Expected> = incidents
        .iter()
        .map(|incident| twin::Expected {
            uid: incident.uid.clone(),
            members: incident.members.iter().map(|m| (m.signal.uid.clone(), m.hops)).collect(),
            severity: incident.severity,
            techniques: incident.techniques.iter().cloned().collect(),
        })
        .collect();
    if !named {
        expected.iter_mut().chain(&mut found).for_each(|incident| incident.uid = "".into());
    }
    for incidents in [&mut expected, &mut found] {
        incidents.sort_by(|a, b| a.uid.cmp(&b.uid).then_with(|| a.members.cmp(&b.members)));
    }
    assert_eq!(found, expected, "world {number}");
    for incident in incidents {
        assert_eq!(incident.members_total, incident.members.len() as u64, "world {number}");
        explained(number, world, incident);
    }
}

/// Every member but the first is linked to another one, as strongly as the definition says.
fn explained(number: u64, world: &twin::World<'_>, incident: &Incident) {
    let first = incident.members.iter().filter(|m| m.hops == 0).min_by_key(|m| (m.signal.time, m.signal.uid.clone()));
    for member in &incident.members {
        let Some(link) = &member.link else {
            let is_first = Some(&member.signal.uid) == first.map(|m| &m.signal.uid);
            assert!(is_first, "world {number}: a member without a reason");
            continue;
        };
        let other = incident.members.iter().find(|m| m.signal.uid == link.to).expect("a link to a member");
        let strength = world.strength(&member.signal, &other.signal);
        assert_eq!(link.strength, strength.all as f32 / 1_000.0, "world {number}");
        assert_eq!(link.sequence, strength.sequence as f32 / 1_000.0, "world {number}");
        assert_eq!(link.distance_ms, member.signal.time.millis() - other.signal.time.millis());
        assert!(link.strength >= 0.5 && !link.shared.is_empty());
        let product = |f: &schemas::LinkFactor| (f.weight * f.rarity * f.recency * 1_000.0 + 1e-3).floor() / 1_000.0;
        let sum: f32 = link.factors.iter().map(product).sum::<f32>() + link.sequence + link.repeat;
        assert!((sum - link.strength).abs() < 0.004, "world {number}: {sum} of {link:?}");
    }
}

/// Runs `worlds` in several orders with the same configuration; says how many merges and splits there were.
fn shuffled(worlds: std::ops::Range<u64>, caps: twin::Caps, called: Names, named: bool) -> (usize, usize) {
    let neighbours_max = caps.neighbours_max as u32;
    let config = Config {
        // Leases follow from records, and have tests of their own.
        lease_secs: 0,
        devices_per_user_max: neighbours_max,
        users_per_device_max: neighbours_max,
        users_per_ip_max: neighbours_max,
        users_per_entity_max: neighbours_max,
        aliases_per_id_max: caps.aliases_max as u32,
        surface_lone_severity_min: Severity::Unknown,
        ..Config::default()
    };
    let (mut merges, mut splits) = (0, 0);
    for number in worlds {
        let mut dice = Dice(number);
        let signals = world(&mut dice, called);
        let world = twin::World::new(&signals, caps);
        let mut reference: Option<Vec<Incident>> = None;
        for _ in 0..4 {
            let mut parts = in_parts(&mut dice, &signals);
            dice.shuffle(&mut parts);
            let revisions = run_with(&config, &parts);
            merges += revisions.iter().filter(|incident| incident.merged_into.is_some()).count();
            splits += revisions.iter().filter(|incident| incident.split_from.is_some()).count();
            let mut incidents = essence(open(&revisions));
            compare(number, &world, &incidents, named);
            if !named {
                let unnamed = |i: Incident| Incident { uid: "".into(), split_from: None, ..i };
                incidents = incidents.into_iter().map(unnamed).collect();
                incidents.sort_by_key(|i| i.members.iter().map(|m| m.signal.uid.clone()).collect::<Vec<_>>());
            }
            assert_eq!(reference.get_or_insert_with(|| incidents.clone()), &incidents, "world {number}");
        }
    }
    (merges, splits)
}

#[test]
fn incidents_are_what_their_definition_says_in_any_order() {
    let (merges, splits) = shuffled(0..600, twin::Caps { neighbours_max: 1_000, aliases_max: 1_000 }, Names::Two, true);
    assert!(merges > 100 && splits == 0, "the worlds are too tame: {merges} merges, {splits} splits");
}

/// What was linked before an entity was known to be a hub falls apart as if it had been known.
#[test]
fn hubs_that_show_late_are_no_different_from_hubs_that_were_known() {
    let (mut merges, mut splits) = (0, 0);
    for neighbours_max in 1..5 {
        let worlds = neighbours_max as u64 * 1_000;
        let caps = twin::Caps { neighbours_max, aliases_max: 1_000 };
        for (called, worlds) in [(Names::One, worlds..worlds + 300), (Names::Two, worlds + 400..worlds + 450)] {
            let (merged, split) = shuffled(worlds, caps, called, false);
            (merges, splits) = (merges + merged, splits + split);
        }
    }
    assert!(merges > 100 && splits > 10, "the worlds are too tame: {merges} merges, {splits} splits");
}

/// A name that turns out to stand for several holds nothing together any more, whenever that is learned.
#[test]
fn names_that_stand_for_several_are_no_different_when_it_shows_late() {
    let (mut merges, mut splits) = (0, 0);
    for aliases_max in 1..4 {
        let worlds = aliases_max as u64 * 10_000;
        let caps = twin::Caps { neighbours_max: 1 + aliases_max * 2, aliases_max };
        let (merged, split) = shuffled(worlds..worlds + 250, caps, Names::Sids, false);
        (merges, splits) = (merges + merged, splits + split);
    }
    assert!(merges > 100 && splits > 10, "the worlds are too tame: {merges} merges, {splits} splits");
}
