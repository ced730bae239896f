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
        EntityKind::Ip => 8 * HOUR,
        EntityKind::ApiKey | EntityKind::CloudResource | EntityKind::Domain | EntityKind::File | EntityKind::Url => {
            48 * HOUR
        }
        _ => 24 * HOUR,
    }
}

/// What the definition takes from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Neighbours beyond which an entity is a hub.
    pub neighbours_max: usize,
    /// Names beside one name beyond which it is ambiguous.
    pub aliases_max: usize,
}

/// All signals of one tenant, which names stand beside which, and what every pair shares.
pub struct World<'a> {
    signals: &'a [Signal],
    caps: Caps,
    beside: BTreeMap<(EntityKind, &'a str), BTreeSet<&'a str>>,
    strengths: BTreeMap<(&'a str, &'a str), Strength>,
}

/// What two signals share: in all, what techniques add to it, and whether it makes two stories one.
#[derive(Clone, Copy, Default)]
pub struct Strength {
    pub all: u64,
    pub sequence: u64,
    /// The strength without what a rare address adds.
    plain: u64,
    joins: bool,
    /// Whether one kind alone links solidly.
    alone: bool,
    /// Whether a rare address is shared.
    rare: bool,
}

/// The best that two signals share of a kind.
#[derive(Clone, Copy, Default)]
struct Best {
    worth: u64,
    rarity: u64,
    hub: bool,
}

/// Kinds that cannot link even together, whose spread nobody counts.
const LIGHT: [EntityKind; 4] = [EntityKind::Agent, EntityKind::Application, EntityKind::Model, EntityKind::Tool];
/// The techniques of the worlds, in the order of an attack.
pub const ATTACK: [&str; 5] = ["T1566", "T1059", "T1110", "T1021", "T1048"];

impl<'a> World<'a> {
    pub fn new(signals: &'a [Signal], caps: Caps) -> Self {
        let mut world = Self { signals, caps, beside: BTreeMap::new(), strengths: BTreeMap::new() };
        let named = signals.iter().flat_map(|signal| &signal.entities).filter(|entity| !entity.mentioned);
        for entity in named.filter(|e| matches!(e.kind, EntityKind::User | EntityKind::Device)) {
            let names: Vec<&str> = entity.ids.iter().map(String::as_str).filter(|id| *id != "admin").collect();
            for (one, other) in names.iter().flat_map(|one| names.iter().map(move |other| (*one, *other))) {
                if one != other {
                    world.beside.entry((entity.kind, one)).or_default().insert(other);
                }
            }
        }
        let pairs = signals.iter().flat_map(|a| signals.iter().map(move |b| (a, b)));
        world.strengths = pairs.map(|(a, b)| ((a.uid.as_str(), b.uid.as_str()), world.shared(a, b))).collect();
        world
    }

    pub fn strength(&self, a: &Signal, b: &Signal) -> Strength {
        self.strengths[&(a.uid.as_str(), b.uid.as_str())]
    }

    fn is_ambiguous(&self, kind: EntityKind, id: &str) -> bool {
        let Some(beside) = self.beside.get(&(kind, id)) else { return false };
        let sids = beside.iter().filter(|name| name.starts_with("s-1-5-21-")).count();
        beside.len() > self.caps.aliases_max || (sids > 1 && !id.starts_with("s-1-"))
    }

    fn is_alias(&self, kind: EntityKind, one: &str, other: &str) -> bool {
        let ambiguous = self.is_ambiguous(kind, one) || self.is_ambiguous(kind, other);
        !ambiguous && self.beside.get(&(kind, one)).is_some_and(|beside| beside.contains(other))
    }

    fn weight(&self, entity: &Entity, id: &str) -> u64 {
        let own = weight(entity, id);
        if self.is_ambiguous(entity.kind, id) && !is_mention(entity) { own.min(400) } else { own }
    }

    /// The thousandths that are left because others have the entity in the same window.
    fn share(&self, kind: EntityKind, id: &str, time: i64) -> u64 {
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
            _ if LIGHT.contains(&kind) => 1_000,
            n if n > self.caps.neighbours_max => 350,
            n if n > self.caps.neighbours_max / 2 => 700,
            _ => 1_000,
        }
    }

    /// Whether an address of the internet was first seen less than a day before, with few users ever since.
    fn is_rare(&self, kind: EntityKind, id: &str, time: i64) -> bool {
        let own = time.div_euclid(window(kind));
        let names = |signal: &&Signal| signal.entities.iter().any(|e| e.kind == kind && e.ids.iter().any(|i| i == id));
        let bucket = |signal: &&Signal| signal.time.millis().div_euclid(window(kind));
        let seen = || self.signals.iter().filter(names).filter(|signal| bucket(signal) <= own);
        let users = seen().flat_map(|s| &s.entities).filter(|e| e.kind == EntityKind::User && !e.mentioned);
        let users: BTreeSet<&str> = users.map(|user| user.ids[0].as_str()).collect();
        let few = self.share(kind, id, time) == 1_000 && users.len() <= 3;
        kind == EntityKind::Ip && id.starts_with("203.") && few && seen().all(|signal| own - bucket(&signal) <= 3)
    }

    fn shared(&self, a: &Signal, b: &Signal) -> Strength {
        let (mut all, mut solid): (BTreeMap<EntityKind, Best>, BTreeMap<EntityKind, u64>) = Default::default();
        let distance = a.time.abs_diff(b.time);
        let mut same_person = false;
        let names_user = |signal: &Signal| signal.entities.iter().any(|e| e.kind == EntityKind::User && !e.mentioned);
        let alerts = a.kind == SignalKind::AiAlert && b.kind == SignalKind::AiAlert;
        let again = alerts && a.category == b.category && !names_user(a) && !names_user(b);
        for (x, y) in a.entities.iter().flat_map(|x| b.entities.iter().map(move |y| (x, y))) {
            let pairs = x.ids.iter().flat_map(|i| y.ids.iter().map(move |j| (i, j)));
            for (i, j) in pairs.filter(|_| x.kind == y.kind) {
                // A user who acts in a record and is mentioned in its text as well acts.
                let mention = x.kind == EntityKind::User && !(acts(a, i) && acts(b, j));
                if i != j && (mention || !self.is_alias(x.kind, i, j)) {
                    continue;
                }
                same_person |= x.kind == EntityKind::User && !mention;
                let lasting = again && x.kind == EntityKind::Ip && i.starts_with("203.");
                let window = if lasting { 48 * HOUR } else { window(x.kind) };
                if distance > window {
                    continue;
                }
                let acting = |signal: &Signal, e: &Entity, id: &str| {
                    self.weight(&Entity { mentioned: e.mentioned && !acts(signal, id), ..e.clone() }, id)
                };
                let weight = acting(a, x, i).min(acting(b, y, j));
                let share = self.share(x.kind, i, a.time.millis()).min(self.share(x.kind, j, b.time.millis()));
                let recency = if lasting { 1_000 } else { 1_000 - (400 * distance / window) as u64 };
                let worth = weight * share * recency / 1_000_000;
                let rare = self.is_rare(x.kind, i, a.time.millis()) && self.is_rare(x.kind, j, b.time.millis());
                let attaches = rare && !(a.kind == SignalKind::AiAlert && b.kind == SignalKind::AiAlert);
                let boosted = if attaches { weight * 2_400 * recency / 1_000_000 } else { worth };
                let best = all.entry(x.kind).or_default();
                if boosted > best.worth {
                    *best = Best { worth: boosted, rarity: boosted - worth, hub: share == 350 };
                }
                if !mention && share > 350 {
                    let best = solid.entry(x.kind).or_default();
                    *best = worth.max(*best);
                }
            }
        }
        let meeting_place = |kind: &EntityKind| match kind {
            EntityKind::Agent | EntityKind::Application | EntityKind::Ip | EntityKind::Model | EntityKind::Tool => true,
            EntityKind::ApiKey => alerts,
            _ => false,
        };
        all.retain(|_, best| best.worth > 0);
        solid.retain(|_, worth| *worth > 0);
        let rare = all.values().any(|best| best.rarity > 0);
        let strangers = !same_person && names_user(a) && names_user(b) && all.keys().all(meeting_place);
        if strangers && !rare {
            return Strength::default();
        }
        let alone = solid.values().any(|worth| *worth >= 500);
        if strangers {
            solid.clear();
        }
        for (one, other) in [
            (EntityKind::Device, EntityKind::Ip),
            (EntityKind::Mailbox, EntityKind::User),
            (EntityKind::File, EntityKind::Process),
        ] {
            let hub = |kind| all.get(&kind).is_some_and(|best| best.hub);
            if hub(one) || hub(other) {
                all.remove(lesser(|kind| all.get(&kind).map_or(0, |best| best.worth), one, other));
            }
        }
        for (one, other) in [(EntityKind::Agent, EntityKind::Application), (EntityKind::Url, EntityKind::Domain)] {
            all.remove(lesser(|kind| all.get(&kind).map_or(0, |best| best.worth), one, other));
            solid.remove(lesser(|kind| solid.get(&kind).copied().unwrap_or(0), one, other));
        }
        let particular = all.iter().any(|(kind, best)| !best.hub && !LIGHT.contains(kind));
        let sequence = if particular && in_order(a, b) { 100 } else { 0 };
        let artefact =
            [EntityKind::File, EntityKind::Url, EntityKind::CloudResource].iter().any(|k| solid.contains_key(k));
        let from_one = all.get(&EntityKind::Ip).is_some_and(|best| !best.hub);
        let repeat = if again && from_one { 200 } else { 0 };
        let bonus = sequence + repeat;
        let plain = all.values().map(|best| best.worth - best.rarity).sum::<u64>() + bonus;
        Strength {
            all: all.values().map(|best| best.worth).sum::<u64>() + bonus,
            sequence,
            plain: if strangers { 0 } else { plain },
            joins: joins(&solid, bonus) || (!strangers && plain >= 500 && artefact && self.is_cause(a, b)),
            alone,
            rare,
        }
    }

    /// Whether of an alert and a record the record came first, from a new address.
    fn is_cause(&self, a: &Signal, b: &Signal) -> bool {
        let (alert, record) = if a.kind == SignalKind::AiAlert { (a, b) } else { (b, a) };
        let named = record.entities.iter().flat_map(|e| e.ids.iter().map(|id| (e.kind, id.as_str())));
        let mut named = named.filter(|_| alert.kind == SignalKind::AiAlert && record.kind != SignalKind::AiAlert);
        record.time < alert.time && named.any(|(kind, id)| self.is_rare(kind, id, record.time.millis()))
    }

    fn links(&self, a: &Signal, b: &Signal) -> bool {
        self.strength(a, b).plain >= 500
    }

    fn joins(&self, a: &Signal, b: &Signal) -> bool {
        self.strength(a, b).joins
    }

    /// Whether a record and an opener make one story: not where the record is about several people.
    fn bridges(&self, opener: &Signal, record: &Signal) -> bool {
        self.joins(opener, record) && !is_about_several(record)
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
                let through = |c: &&&Signal| self.bridges(openers[a], c) && self.bridges(openers[b], c);
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
        let linked = |d: &&&Signal| own.iter().any(|o| self.links(o, d));
        let near = others.iter().filter(|c| linked(c) && !is_about_several(c)).copied();
        let near: Vec<&Signal> = near.collect();
        let beside = |d: &&&Signal| linked(d) || near.iter().any(|c| self.strength(c, d).alone);
        let homeless = |d: &&&Signal| is_about_several(d) || openers.iter().all(|o| !self.links(o, d));
        let by_address = |d: &&&Signal| {
            near.iter().any(|c| self.strength(c, d).rare) || own.iter().any(|o| self.strength(o, d).all >= 500)
        };
        let far = others.iter().filter(|d| beside(d) || (homeless(d) && by_address(d))).copied();
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

/// Whether a record names more than one person: entities of users that no chain of shared names makes one.
fn is_about_several(signal: &Signal) -> bool {
    let users = signal.entities.iter().filter(|e| e.kind == EntityKind::User && !e.mentioned);
    let mut people: Vec<BTreeSet<&str>> = Vec::new();
    for user in users {
        let mut own: BTreeSet<&str> = user.ids.iter().map(String::as_str).collect();
        let (same, rest): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| !person.is_disjoint(&own));
        own.extend(same.into_iter().flatten());
        people = rest;
        people.push(own);
    }
    signal.kind != SignalKind::AiAlert && people.len() > 1
}

/// Whether the signal names the user itself.
fn acts(signal: &Signal, id: &str) -> bool {
    signal.entities.iter().any(|e| e.kind == EntityKind::User && !e.mentioned && e.ids.iter().any(|own| own == id))
}

fn lesser(worth: impl Fn(EntityKind) -> u64, one: EntityKind, other: EntityKind) -> &'static EntityKind {
    let lesser = if worth(one) < worth(other) { one } else { other };
    &EntityKind::ALL[lesser as usize]
}

/// Whether the techniques of what came first stand before those of what came then.
fn in_order(a: &Signal, b: &Signal) -> bool {
    let stage = |signal: &Signal| signal.techniques.iter().filter_map(|id| ATTACK.iter().position(|t| t == id)).max();
    let (first, then) = if a.time <= b.time { (a, b) } else { (b, a) };
    first.time < then.time && stage(first).zip(stage(then)).is_some_and(|(first, then)| first < then)
}

/// Whether what is solid makes two stories one: an actor, a sequence or a repeat around one thing, or two things.
fn joins(solid: &BTreeMap<EntityKind, u64>, bonus: u64) -> bool {
    use EntityKind::*;
    let mut things = BTreeSet::new();
    for kind in solid.keys() {
        things.insert(match kind {
            User | Mailbox => "person",
            Device | Ip => "machine",
            File | Process => "program",
            Url | Domain => "site",
            Application | Model | Tool => continue,
            ApiKey => "key",
            Session => "session",
            CloudResource => "resource",
            Agent => "agent",
        });
    }
    let actor = solid.keys().any(|kind| matches!(kind, User | Mailbox | Device | ApiKey | Session));
    let held = actor || things.len() > 1 || (things.len() == 1 && bonus > 0);
    held && solid.values().sum::<u64>() + bonus >= 500
}
