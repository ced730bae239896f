//! The slow, obvious twin: incidents straight from their definition, comparing every pair of signals.
//! It knows neither an index nor hubs nor caps, and shares no code with the crate but `schemas`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use schemas::{EntityKind, IncidentUid, Severity, Signal, SignalKind, SignalUid};

use super::HOUR;

/// What the definition says about an incident.
#[derive(Debug, PartialEq)]
pub struct Expected {
    pub uid: IncidentUid,
    pub members: BTreeMap<SignalUid, u8>,
    pub severity: Severity,
    pub techniques: BTreeSet<String>,
}

fn weight(kind: EntityKind, id: &str) -> u32 {
    match kind {
        EntityKind::User | EntityKind::Session | EntityKind::ApiKey => 100,
        EntityKind::Device | EntityKind::Mailbox => 90,
        EntityKind::File | EntityKind::Url => 60,
        EntityKind::CloudResource => 50,
        EntityKind::Process => 30,
        EntityKind::Agent | EntityKind::Domain => 20,
        EntityKind::Application | EntityKind::Tool => 10,
        EntityKind::Model => 0,
        EntityKind::Ip => match id.parse() {
            Ok(IpAddr::V4(ip)) if ip.is_private() => 20,
            _ => 35,
        },
    }
}

fn shared(a: &Signal, b: &Signal) -> BTreeMap<EntityKind, u32> {
    let mut kinds: BTreeMap<EntityKind, u32> = BTreeMap::new();
    let distance = a.time.abs_diff(b.time);
    for (x, y) in a.entities.iter().flat_map(|x| b.entities.iter().map(move |y| (x, y))) {
        let window = if x.kind == EntityKind::Ip { HOUR } else { 24 * HOUR };
        for id in x.ids.iter().filter(|id| x.kind == y.kind && y.ids.contains(id) && distance <= window) {
            let best = kinds.entry(x.kind).or_default();
            *best = (*best).max(weight(x.kind, id));
        }
    }
    kinds
}

pub fn strength(a: &Signal, b: &Signal) -> u32 {
    let kinds = shared(a, b);
    let weight = |kind: EntityKind| kinds.get(&kind).copied().unwrap_or(0);
    let sum: u32 = kinds.values().sum();
    // Of what one implies in the other only the weightier counts.
    let implied = |one: EntityKind, other: EntityKind| weight(one).min(weight(other));
    sum - implied(EntityKind::Agent, EntityKind::Application) - implied(EntityKind::Url, EntityKind::Domain)
}

fn strongly(a: &Signal, b: &Signal) -> bool {
    shared(a, b).values().any(|weight| *weight >= 50)
}

/// The open incidents of a set of signals of one tenant.
pub fn incidents(signals: &[Signal]) -> Vec<Expected> {
    let is_opener = |signal: &Signal| signal.kind == SignalKind::AiAlert;
    let openers: Vec<&Signal> = signals.iter().filter(|signal| is_opener(signal)).collect();
    let others: Vec<&Signal> = signals.iter().filter(|signal| !is_opener(signal)).collect();
    let mut name: Vec<usize> = (0..openers.len()).collect();
    let mut merge = |a: usize, b: usize| {
        let (a, b) = (name[a], name[b]);
        name.iter_mut().filter(|n| **n == b).for_each(|n| *n = a);
    };
    for a in 0..openers.len() {
        for b in 0..openers.len() {
            let direct = strength(openers[a], openers[b]) >= 50;
            let through = |c: &&&Signal| strength(openers[a], c) >= 50 && strength(openers[b], c) >= 50;
            if direct || others.iter().any(|c| through(&c)) {
                merge(a, b);
            }
        }
    }
    let names: BTreeSet<usize> = name.iter().copied().collect();
    names.into_iter().map(|own| incident(&openers, &others, |at| name[at] == own)).collect()
}

fn incident(openers: &[&Signal], others: &[&Signal], is_own: impl Fn(usize) -> bool) -> Expected {
    let own: Vec<&Signal> = openers.iter().enumerate().filter(|(at, _)| is_own(*at)).map(|(_, s)| *s).collect();
    let near: Vec<&Signal> = others.iter().filter(|c| own.iter().any(|o| strength(o, c) >= 50)).copied().collect();
    let far: Vec<&Signal> = others.iter().filter(|d| near.iter().any(|c| strongly(c, d))).copied().collect();
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
