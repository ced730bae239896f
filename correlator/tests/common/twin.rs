//! The slow, obvious twin: incidents straight from their definition, comparing every pair of signals.
//! It knows neither an index nor caps, and shares no code with the crate but `schemas`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use schemas::{Entity, EntityKind, IncidentUid, Severity, Signal, SignalKind, SignalUid};

use super::HOUR;

/// What the definition says about an incident.
#[derive(Debug, PartialEq)]
pub struct Expected {
    pub uid: IncidentUid,
    pub members: BTreeMap<SignalUid, u8>,
    pub severity: Severity,
    pub techniques: BTreeSet<String>,
}

fn weight(entity: &Entity, id: &str) -> u64 {
    let weight = match entity.kind {
        EntityKind::User if id == "admin" => 400,
        EntityKind::User | EntityKind::Session | EntityKind::ApiKey => 1_000,
        EntityKind::Device | EntityKind::Mailbox => 900,
        EntityKind::File | EntityKind::Url | EntityKind::CloudResource => 600,
        EntityKind::Process => 300,
        EntityKind::Agent | EntityKind::Domain => 200,
        EntityKind::Application | EntityKind::Tool => 100,
        EntityKind::Model => 0,
        EntityKind::Ip => match id.parse() {
            Ok(IpAddr::V4(ip)) if ip.is_private() => 200,
            _ => 350,
        },
    };
    if is_mention(entity) { weight.min(700) } else { weight }
}

fn is_mention(entity: &Entity) -> bool {
    entity.mentioned && entity.kind == EntityKind::User
}

fn window(kind: EntityKind) -> i64 {
    match kind {
        EntityKind::Ip => 4 * HOUR,
        EntityKind::ApiKey | EntityKind::CloudResource | EntityKind::Domain | EntityKind::File | EntityKind::Url => {
            48 * HOUR
        }
        _ => 24 * HOUR,
    }
}

/// All signals of one tenant, how many neighbours make a hub, and what every pair shares.
pub struct World<'a> {
    signals: &'a [Signal],
    neighbours_max: usize,
    strengths: BTreeMap<(&'a str, &'a str), Strength>,
}

/// What two signals share: in all, and what is neither a hub nor only mentioned.
#[derive(Clone, Copy)]
pub struct Strength {
    pub all: u64,
    solid: u64,
    /// Whether one kind alone links solidly.
    alone: bool,
}

impl<'a> World<'a> {
    pub fn new(signals: &'a [Signal], neighbours_max: usize) -> Self {
        let mut world = Self { signals, neighbours_max, strengths: BTreeMap::new() };
        let pairs = signals.iter().flat_map(|a| signals.iter().map(move |b| (a, b)));
        world.strengths = pairs.map(|(a, b)| ((a.uid.as_str(), b.uid.as_str()), world.shared(a, b))).collect();
        world
    }

    pub fn strength(&self, a: &Signal, b: &Signal) -> Strength {
        self.strengths[&(a.uid.as_str(), b.uid.as_str())]
    }

    /// The thousandths that are left because others have the entity in the same window.
    fn share(&self, kind: EntityKind, id: &str, time: i64) -> u64 {
        // Kinds that cannot link even together are not counted.
        let unspread = [EntityKind::Agent, EntityKind::Application, EntityKind::Model, EntityKind::Tool];
        let window = window(kind);
        let same = |signal: &&Signal| signal.time.millis().div_euclid(window) == time.div_euclid(window);
        let has = |signal: &&Signal| {
            signal.entities.iter().any(|e| e.kind == kind && !is_mention(e) && e.ids.iter().any(|own| own == id))
        };
        let beside = if kind == EntityKind::User { EntityKind::Device } else { EntityKind::User };
        let mut neighbours = BTreeSet::new();
        for entity in self.signals.iter().filter(same).filter(has).flat_map(|signal| &signal.entities) {
            if entity.kind == beside && !entity.mentioned {
                neighbours.insert(entity.ids[0].clone());
            }
        }
        match neighbours.len() {
            _ if unspread.contains(&kind) => 1_000,
            n if n > self.neighbours_max => 350,
            n if n > self.neighbours_max / 2 => 700,
            _ => 1_000,
        }
    }

    fn shared(&self, a: &Signal, b: &Signal) -> Strength {
        let (mut all, mut solid): (BTreeMap<EntityKind, u64>, BTreeMap<EntityKind, u64>) = Default::default();
        let distance = a.time.abs_diff(b.time);
        let acts = |signal: &Signal, id: &str| {
            signal.entities.iter().any(|e| e.kind == EntityKind::User && !e.mentioned && e.ids.iter().any(|i| i == id))
        };
        let mut same_person = false;
        for (x, y) in a.entities.iter().flat_map(|x| b.entities.iter().map(move |y| (x, y))) {
            for id in x.ids.iter().filter(|id| x.kind == y.kind && y.ids.contains(id)) {
                // A user who acts in a record and is mentioned in its text as well acts.
                let mention = x.kind == EntityKind::User && !(acts(a, id) && acts(b, id));
                same_person |= x.kind == EntityKind::User && !mention;
                if distance > window(x.kind) {
                    continue;
                }
                let acting = |signal: &Signal, e: &Entity| {
                    weight(&Entity { mentioned: e.mentioned && !acts(signal, id), ..e.clone() }, id)
                };
                let weight = acting(a, x).min(acting(b, y));
                let share = self.share(x.kind, id, a.time.millis()).min(self.share(x.kind, id, b.time.millis()));
                let recency = 1_000 - (400 * distance / window(x.kind)) as u64;
                let worth = weight * share * recency / 1_000_000;
                let best = all.entry(x.kind).or_default();
                *best = worth.max(*best);
                if !mention && share > 350 {
                    let best = solid.entry(x.kind).or_default();
                    *best = worth.max(*best);
                }
            }
        }
        let names_user = |signal: &Signal| signal.entities.iter().any(|e| e.kind == EntityKind::User && !e.mentioned);
        let alerts = a.kind == SignalKind::AiAlert && b.kind == SignalKind::AiAlert;
        let meeting_place = |kind: &EntityKind| match kind {
            EntityKind::Agent | EntityKind::Application | EntityKind::Ip | EntityKind::Model | EntityKind::Tool => true,
            EntityKind::ApiKey => alerts,
            _ => false,
        };
        all.retain(|_, worth| *worth > 0);
        if !same_person && names_user(a) && names_user(b) && all.keys().all(meeting_place) {
            return Strength { all: 0, solid: 0, alone: false };
        }
        Strength { alone: solid.values().any(|worth| *worth >= 500), all: total(&all), solid: total(&solid) }
    }

    fn links(&self, a: &Signal, b: &Signal) -> bool {
        self.strength(a, b).all >= 500
    }

    fn joins(&self, a: &Signal, b: &Signal) -> bool {
        self.strength(a, b).solid >= 500
    }

    /// The open incidents.
    pub fn incidents(&self) -> Vec<Expected> {
        let is_opener = |signal: &&Signal| signal.kind == SignalKind::AiAlert;
        let (openers, others): (Vec<&Signal>, Vec<&Signal>) = self.signals.iter().partition(is_opener);
        let mut name: Vec<usize> = (0..openers.len()).collect();
        let mut merge = |a: usize, b: usize| {
            let (a, b) = (name[a], name[b]);
            name.iter_mut().filter(|n| **n == b).for_each(|n| *n = a);
        };
        for a in 0..openers.len() {
            for b in 0..openers.len() {
                let direct = self.joins(openers[a], openers[b]);
                let through = |c: &&&Signal| self.joins(openers[a], c) && self.joins(openers[b], c);
                if direct || others.iter().any(|c| through(&c)) {
                    merge(a, b);
                }
            }
        }
        let names: BTreeSet<usize> = name.iter().copied().collect();
        names.into_iter().map(|own| self.incident(&openers, &others, |at| name[at] == own)).collect()
    }

    fn incident(&self, openers: &[&Signal], others: &[&Signal], is_own: impl Fn(usize) -> bool) -> Expected {
        let own: Vec<&Signal> = openers.iter().enumerate().filter(|(at, _)| is_own(*at)).map(|(_, s)| *s).collect();
        let near: Vec<&Signal> = others.iter().filter(|c| own.iter().any(|o| self.links(o, c))).copied().collect();
        let far = others.iter().filter(|d| near.iter().any(|c| self.strength(c, d).alone)).copied();
        let far: Vec<&Signal> = far.collect();
        let mut members: BTreeMap<SignalUid, u8> = BTreeMap::new();
        for (hops, signals) in [(2, &far), (1, &near), (0, &own)] {
            members.extend(signals.iter().map(|signal| (signal.uid.clone(), hops)));
        }
        let all = || own.iter().chain(&near).chain(&far);
        let alerts = all().filter(|signal| signal.kind != SignalKind::Context);
        let first = own.iter().min_by_key(|o| (o.time, o.uid.clone())).expect("an opener");
        Expected {
            uid: IncidentUid::derive(&first.tenant, &first.uid),
            severity: alerts.map(|signal| signal.severity).max().expect("an opener"),
            techniques: all().flat_map(|signal| signal.techniques.iter().cloned()).collect(),
            members,
        }
    }
}

/// The sum over kinds; of what one implies in the other only the weightier counts.
fn total(kinds: &BTreeMap<EntityKind, u64>) -> u64 {
    let worth = |kind: EntityKind| kinds.get(&kind).copied().unwrap_or(0);
    let implied = |one: EntityKind, other: EntityKind| worth(one).min(worth(other));
    kinds.values().sum::<u64>()
        - implied(EntityKind::Agent, EntityKind::Application)
        - implied(EntityKind::Url, EntityKind::Domain)
}
