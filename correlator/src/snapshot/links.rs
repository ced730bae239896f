//! Why each member belongs: links as a pure function of the listed members.
//!
//! Links are not those that once admitted a member, since these depend on who came first. Members are
//! placed breadth-first from the canonical first opener over pairwise links; each gets its strongest,
//! then nearest, link to a member placed before it. So openers that only a context joins are linked to
//! that context. Cost: the square of the listed members, which are bounded. A member whose connection
//! is not among the listed ones is not listed either: nobody could be told why it belongs.

use schemas::{Entity, Link, LinkFactor};

use super::Listed;
use crate::evidence::Worth;
use crate::link::Rules;

/// A link for each of `listed`, which stand in the order of hops, time and uid; members to whom none leads
/// leave the list, unless the incident was shaped `by_hand`: then an analyst is the reason.
pub fn links(rules: &Rules, listed: &mut Vec<Listed>, by_hand: bool) -> Vec<Option<Link>> {
    let strengths = strengths(rules, listed);
    let strength = |one: usize, other: usize| strengths.get(one).and_then(|row| row.get(other)).copied().unwrap_or(0);
    let order = placing_order(rules, &strengths, by_hand);
    let mut links: Vec<Option<Link>> = listed.iter().map(|_| None).collect();
    for (position, at) in order.iter().enumerate().skip(1) {
        let Some(member) = listed.get(*at) else { continue };
        let placed = order.iter().take(position).filter(|other| strength(*at, **other) >= rules.threshold);
        let best = placed.min_by_key(|other| {
            let distance = listed.get(**other).map_or(i64::MAX, |other| other.signal.time.abs_diff(member.signal.time));
            (std::cmp::Reverse(strength(*at, **other)), distance, **other)
        });
        let other = best.and_then(|best| listed.get(*best));
        if let (Some(other), Some(link)) = (other, links.get_mut(*at)) {
            *link = Some(describe(rules, member, other));
        }
    }
    let mut told = (0..listed.len()).map(|at| order.contains(&at));
    listed.retain(|_| told.next().unwrap_or(false));
    let mut told = (0..links.len()).map(|at| order.contains(&at));
    links.retain(|_| told.next().unwrap_or(false));
    links
}

/// The strength of every pair, in thousandths.
fn strengths(rules: &Rules, listed: &[Listed]) -> Vec<Vec<u32>> {
    let mut strengths = vec![vec![0; listed.len()]; listed.len()];
    for (at, member) in listed.iter().enumerate() {
        for (other_at, other) in listed.iter().enumerate().take(at) {
            let strength = member.evidence(rules, other).all();
            for (row, column) in [(at, other_at), (other_at, at)] {
                if let Some(cell) = strengths.get_mut(row).and_then(|row| row.get_mut(column)) {
                    *cell = strength;
                }
            }
        }
    }
    strengths
}

/// Breadth-first from the first member, within a depth as listed; who is not reached is left out or, `by_hand`,
/// placed in turn.
fn placing_order(rules: &Rules, strengths: &[Vec<u32>], by_hand: bool) -> Vec<usize> {
    let mut waiting: Vec<usize> = (1..strengths.len()).collect();
    let mut order: Vec<usize> = (0..strengths.len().min(1)).collect();
    let mut depth_start = 0;
    loop {
        let front: Vec<usize> = order.iter().skip(depth_start).copied().collect();
        depth_start = order.len();
        let is_next = |member: &usize| {
            let row = strengths.get(*member);
            front.iter().any(|placed| row.and_then(|row| row.get(*placed)).is_some_and(|s| *s >= rules.threshold))
        };
        let (next, rest): (Vec<usize>, Vec<usize>) = waiting.iter().partition(|member| is_next(member));
        waiting = rest;
        order.extend(next);
        if order.len() == depth_start {
            if !by_hand || waiting.is_empty() {
                return order;
            }
            order.push(waiting.remove(0));
        }
    }
}

/// What `member` shares with `other`.
fn describe(rules: &Rules, member: &Listed, other: &Listed) -> Link {
    let evidence = member.evidence(rules, other);
    let distance_ms = member.signal.time.millis().saturating_sub(other.signal.time.millis());
    let counts = |entity: &Entity, id: &String| {
        let of_other = other.keys.iter().any(|key| key.kind == entity.kind && key.id == *id);
        of_other && evidence.kinds().any(|(kind, _)| kind == entity.kind)
    };
    let mut entities: Vec<Entity> = Vec::new();
    for entity in &member.signal.entities {
        let ids: Vec<String> = entity.ids.iter().filter(|id| counts(entity, id)).cloned().collect();
        if !ids.is_empty() {
            entities.push(Entity { ids, ..entity.clone() });
        }
    }
    entities.sort_unstable();
    entities.dedup_by(|later, first| later.kind == first.kind && later.ids == first.ids);
    Link {
        to: other.signal.uid.clone(),
        shared: entities,
        factors: evidence.kinds().map(|(kind, worth)| factor(kind, worth)).collect(),
        sequence: evidence.sequence() as f32 / 1_000.0,
        repeat: evidence.repeat() as f32 / 1_000.0,
        counted: evidence.counted() as f32 / 1_000.0,
        strength: evidence.all() as f32 / 1_000.0,
        distance_ms,
    }
}

fn factor(kind: schemas::EntityKind, worth: Worth) -> LinkFactor {
    let number = |thousandths: u32| thousandths as f32 / 1_000.0;
    LinkFactor {
        kind,
        weight: number(worth.weight),
        rarity: number(worth.share),
        recency: number(worth.recency),
        mentioned: worth.mentioned,
        alias: worth.alias,
    }
}
