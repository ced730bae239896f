//! How urgent an incident is, and what that rests on.
//!
//! Each factor counts up to its maximum, and the maxima add up to 100. The severity leads; the rest says how
//! much of the estate is in it, how far it got and what depends on it. The points are judgements.
//!
//! How it *ended* moves the sum, within 0 to 100: where the provider's own filter blocked every AI alert it loses
//! `blocked_points`; where one came through after another was blocked, which is how attackers search for a way, it
//! gains `breakthrough_points`. What the records say of the outcome of vendors' alerts is not comparable and not asked.

use std::collections::BTreeSet;

use schemas::incident::PriorityFactor;
use schemas::{EntityKind, Severity, Signal, SignalKind};

use super::Listed;
use crate::link::{Rules, Spread};
use crate::link_key::{LinkKey, shared};
use crate::sigma::attribute::OUTCOME;
use crate::state::Component;
use crate::tactic::stage;

/// By the number of further parts of the estate.
const DIVERSITY_POINTS: [u8; 4] = [0, 6, 10, 12];
/// For a record from an address that the tenant has only just met.
const NEW_ADDRESS_POINTS: u8 = 2;
/// The factor's name.
pub const NEW_ADDRESS: &str = "new_address";
/// For somebody who comes from such an address while they are seen at another one.
const TWO_PLACES_POINTS: u8 = 2;
/// The factor's name.
pub const TWO_PLACES: &str = "two_places";
const CATEGORY_POINTS: usize = 2;
const CATEGORY_POINTS_MAX: usize = 6;
const TECHNIQUE_POINTS: usize = 1;
const TECHNIQUE_POINTS_MAX: usize = 4;
const ALERT_POINTS: usize = 4;
const ALERT_POINTS_MAX: usize = 8;
/// For each step along the attack that alerts took in order.
const PROGRESS_POINTS: usize = 2;
const PROGRESS_POINTS_MAX: usize = 6;
/// For an alert that is new about its actor.
const RARITY_POINTS: u8 = 5;
/// For an asset of criticality 1.
const CRITICALITY_POINTS: f32 = 10.0;

/// The priority, 0 to 100, and the factors that added something to it.
pub fn priority(rules: &Rules, component: &Component, listed: &[Listed]) -> (u8, Vec<PriorityFactor>) {
    let openers = listed.iter().filter(|listed| listed.signal.kind == SignalKind::AiAlert);
    let categories: BTreeSet<_> = openers.filter_map(|listed| listed.signal.category).collect();
    let further_groups = component.groups.len().saturating_sub(1).min(DIVERSITY_POINTS.len() - 1);
    let alerts = usize::try_from(component.alerts).unwrap_or(usize::MAX);
    let counted = |count: usize, points: usize, max: usize| count.saturating_mul(points).min(max) as u8;
    let gained = |points: u8| i8::try_from(points).unwrap_or(i8::MAX);
    let factors: Vec<PriorityFactor> = [
        ("severity", severity_points(component.severity)),
        ("source_diversity", DIVERSITY_POINTS.get(further_groups).copied().unwrap_or_default()),
        ("rarity", if listed.iter().any(|listed| listed.is_new) { RARITY_POINTS } else { 0 }),
        (NEW_ADDRESS, if listed.iter().any(Listed::is_from_new_address) { NEW_ADDRESS_POINTS } else { 0 }),
        (TWO_PLACES, if is_in_two_places(rules, listed) { TWO_PLACES_POINTS } else { 0 }),
        ("asset_criticality", (criticality(rules, listed) * CRITICALITY_POINTS).round() as u8),
        ("threat_categories", counted(categories.len().saturating_sub(1), CATEGORY_POINTS, CATEGORY_POINTS_MAX)),
        ("vendor_alerts", counted(alerts, ALERT_POINTS, ALERT_POINTS_MAX)),
        ("techniques", counted(component.techniques.len(), TECHNIQUE_POINTS, TECHNIQUE_POINTS_MAX)),
        ("attack_progress", counted(progress(listed), PROGRESS_POINTS, PROGRESS_POINTS_MAX)),
    ]
    .into_iter()
    .map(|(name, points)| (name, gained(points)))
    .chain(outcome(rules, listed))
    .filter(|(_, points)| *points != 0)
    .map(|(name, points)| PriorityFactor { name: name.to_owned(), points })
    .collect();
    let sum: i32 = factors.iter().map(|factor| i32::from(factor.points)).sum();
    (sum.clamp(0, 100) as u8, factors)
}

/// Whether a user comes from an address of the internet that is new and, within the window of an address, from another
/// one that is known: somebody else may be at work under their name.
fn is_in_two_places(rules: &Rules, listed: &[Listed]) -> bool {
    let near: Vec<&Listed> = listed.iter().filter(|listed| listed.hops <= 1).collect();
    let abroad = near.iter().filter(|listed| listed.addresses(rules).any(|(_, spread)| spread == Spread::Rare));
    let at_home = |abroad: &Listed, other: &Listed| {
        let at_once = other.signal.time.abs_diff(abroad.signal.time) <= rules.window(EntityKind::Ip);
        let mut elsewhere = other.addresses(rules).peekable();
        let is_one = |key: &LinkKey| abroad.addresses(rules).any(|(own, _)| own.id == key.id);
        at_once
            && elsewhere.peek().is_some()
            && elsewhere.all(|(key, spread)| spread != Spread::Rare && !is_one(key))
            && shared(&abroad.keys, &other.keys).any(|(own, its)| is_same_person(own, its))
    };
    abroad.into_iter().any(|abroad| near.iter().any(|other| at_home(abroad, other)))
}

fn is_same_person(own: &LinkKey, its: &LinkKey) -> bool {
    own.kind == EntityKind::User && !own.mentioned && !its.mentioned
}

/// What it says that attempts were blocked, or that one came through after others were.
fn outcome(rules: &Rules, listed: &[Listed]) -> Option<(&'static str, i8)> {
    let openers = listed.iter().map(|listed| &listed.signal).filter(|signal| signal.kind == SignalKind::AiAlert);
    // A rule's alert is a conclusion and no attempt.
    let attempts = openers.filter(|signal| signal.category.is_some());
    let (blocked, through): (Vec<&Signal>, Vec<&Signal>) = attempts.partition(|signal| is_blocked(signal));
    let first = blocked.iter().map(|signal| signal.time).min()?;
    let points = |points: u8| i8::try_from(points).unwrap_or(i8::MAX);
    if through.is_empty() {
        Some(("blocked", -points(rules.config.blocked_points)))
    } else if through.iter().any(|signal| signal.time > first) {
        Some(("breakthrough", points(rules.config.breakthrough_points)))
    } else {
        None
    }
}

fn is_blocked(signal: &Signal) -> bool {
    let told = signal.facts.fields.get(OUTCOME);
    told.is_some_and(|values| !values.is_empty() && values.iter().all(|value| value == "blocked"))
}

/// How much depends on the most critical asset that an alert names.
fn criticality(rules: &Rules, listed: &[Listed]) -> f32 {
    let inventory = &rules.config.inventory;
    let alerts = listed.iter().filter(|listed| listed.signal.kind != SignalKind::Context);
    let entities = alerts.flat_map(|listed| &listed.signal.entities);
    let named = entities.flat_map(|entity| entity.ids.iter().map(|id| inventory.criticality(entity.kind, id)));
    named.fold(0.0, f32::max)
}

/// Steps along an attack that alerts took one after another: the longest ascent of stages in order of time.
fn progress(listed: &[Listed]) -> usize {
    let alerts = listed.iter().map(|listed| &listed.signal).filter(|signal| signal.kind != SignalKind::Context);
    let mut staged: Vec<_> = alerts.filter_map(|signal| Some((signal.time, stage(&signal.techniques)?))).collect();
    // Of what happened at one time the later stage first, so that it is no ascent.
    staged.sort_unstable_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
    // The lowest stage at which an ascent of each length ends.
    let mut ends: Vec<u8> = Vec::new();
    for (_, stage) in staged {
        let length = ends.partition_point(|end| *end < stage);
        match ends.get_mut(length) {
            Some(end) => *end = stage,
            None => ends.push(stage),
        }
    }
    ends.len().saturating_sub(1)
}

fn severity_points(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Informational => 5,
        Severity::Low => 11,
        Severity::Medium => 22,
        Severity::High => 34,
        Severity::Critical => 42,
        Severity::Fatal => 45,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maxima_add_up_to_a_hundred() {
        let counted = CATEGORY_POINTS_MAX + TECHNIQUE_POINTS_MAX + ALERT_POINTS_MAX + PROGRESS_POINTS_MAX;
        let places = NEW_ADDRESS_POINTS + TWO_PLACES_POINTS;
        let rest = severity_points(Severity::Fatal) + DIVERSITY_POINTS[3] + RARITY_POINTS + places;
        assert_eq!(counted + usize::from(rest) + CRITICALITY_POINTS as usize, 100);
    }
}
