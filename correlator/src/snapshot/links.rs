//! Why each member belongs: links as a pure function of the listed members.
//!
//! Links are not those that once admitted a member, since these depend on who came first. Members are
//! placed breadth-first from the canonical first opener over pairwise links; each gets its strongest,
//! then nearest, link to a member placed before it. So openers that only a context joins are linked to
//! that context. Cost: the square of the listed members, which are bounded. A member whose connection
//! is not among the listed ones is placed after all others and may have no link.

use schemas::{Entity, Link};

use super::Listed;
use crate::link::{Rules, shared};

/// A link for each of `listed`, which stand in the order of hops, time and uid.
pub fn links(rules: &Rules, listed: &[Listed]) -> Vec<Option<Link>> {
    let strengths = strengths(rules, listed);
    let order = placing_order(rules, &strengths);
    let mut links: Vec<Option<Link>> = listed.iter().map(|_| None).collect();
    for (position, at) in order.iter().enumerate() {
        let Some(member) = listed.get(*at) else { continue };
        let strength_to = |other: usize| strengths.get(*at).and_then(|row| row.get(other)).copied().unwrap_or(0);
        let placed = order.iter().take(position).filter(|other| strength_to(**other) >= rules.threshold);
        let best = placed.min_by_key(|other| {
            let distance = listed.get(**other).map_or(i64::MAX, |other| other.signal.time.abs_diff(member.signal.time));
            (std::cmp::Reverse(strength_to(**other)), distance, **other)
        });
        let Some(best) = best.copied() else { continue };
        if let (Some(other), Some(link)) = (listed.get(best), links.get_mut(*at)) {
            *link = Some(describe(rules, member, other, strength_to(best)));
        }
    }
    links
}

/// The strength of every pair, in thousandths.
fn strengths(rules: &Rules, listed: &[Listed]) -> Vec<Vec<u32>> {
    let mut strengths = vec![vec![0; listed.len()]; listed.len()];
    for (at, member) in listed.iter().enumerate() {
        for (other_at, other) in listed.iter().enumerate().take(at) {
            let distance = member.signal.time.abs_diff(other.signal.time);
            let strength = rules.strength(&member.keys, &other.keys, distance, |_| true);
            for (row, column) in [(at, other_at), (other_at, at)] {
                if let Some(cell) = strengths.get_mut(row).and_then(|row| row.get_mut(column)) {
                    *cell = strength;
                }
            }
        }
    }
    strengths
}

/// Breadth-first from the first member; within a depth, and for what is not reached, as listed.
fn placing_order(rules: &Rules, strengths: &[Vec<u32>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(strengths.len());
    let mut waiting: Vec<usize> = (0..strengths.len()).collect();
    let mut depth_start = 0;
    while !waiting.is_empty() {
        let front: Vec<usize> = order.iter().skip(depth_start).copied().collect();
        depth_start = order.len();
        let is_next = |member: &usize| {
            let row = strengths.get(*member);
            front.iter().any(|placed| row.and_then(|row| row.get(*placed)).is_some_and(|s| *s >= rules.threshold))
        };
        let (next, rest): (Vec<usize>, Vec<usize>) = waiting.iter().partition(|member| is_next(member));
        waiting = rest;
        if next.is_empty() {
            order.push(waiting.remove(0));
        }
        order.extend(next);
    }
    order
}

/// What `member` shares with `other`.
fn describe(rules: &Rules, member: &Listed, other: &Listed, strength: u32) -> Link {
    let distance_ms = member.signal.time.millis().saturating_sub(other.signal.time.millis());
    let counting: Vec<_> =
        shared(&member.keys, &other.keys).filter(|key| distance_ms.abs() <= rules.window(key.kind)).collect();
    let mut entities: Vec<Entity> = Vec::new();
    for entity in &member.signal.entities {
        let matches = |id: &&String| counting.iter().any(|key| key.kind == entity.kind && key.id == **id);
        let ids: Vec<String> = entity.ids.iter().filter(matches).cloned().collect();
        if !ids.is_empty() {
            entities.push(Entity { kind: entity.kind, ids, name: entity.name.clone(), role: entity.role });
        }
    }
    entities.sort_unstable();
    entities.dedup_by(|later, first| later.kind == first.kind && later.ids == first.ids);
    Link { to: other.signal.uid.clone(), shared: entities, strength: strength as f32 / 1_000.0, distance_ms }
}
