//! How urgent an incident is, and what that rests on.

use std::collections::BTreeSet;

use schemas::incident::PriorityFactor;
use schemas::{Severity, SignalKind};

use super::Listed;
use crate::state::Component;

/// A factor counts up to its maximum; the maxima add up to 100.
const DIVERSITY_POINTS: [u8; 4] = [0, 8, 15, 20];
const CATEGORY_POINTS: usize = 4;
const CATEGORY_POINTS_MAX: usize = 12;
const TECHNIQUE_POINTS: usize = 1;
const TECHNIQUE_POINTS_MAX: usize = 8;
const ALERT_POINTS: usize = 5;
const ALERT_POINTS_MAX: usize = 10;

/// The priority, 0 to 100, and the factors that added something to it.
pub fn priority(component: &Component, listed: &[Listed]) -> (u8, Vec<PriorityFactor>) {
    let openers = listed.iter().filter(|listed| listed.signal.kind == SignalKind::AiAlert);
    let categories: BTreeSet<_> = openers.filter_map(|listed| listed.signal.category).collect();
    let further_groups = component.groups.len().saturating_sub(1).min(DIVERSITY_POINTS.len() - 1);
    let alerts = usize::try_from(component.alerts).unwrap_or(usize::MAX);
    let counted = |count: usize, points: usize, max: usize| count.saturating_mul(points).min(max) as u8;
    let factors: Vec<PriorityFactor> = [
        ("severity", severity_points(component.severity)),
        ("source_diversity", DIVERSITY_POINTS.get(further_groups).copied().unwrap_or_default()),
        ("threat_categories", counted(categories.len().saturating_sub(1), CATEGORY_POINTS, CATEGORY_POINTS_MAX)),
        ("techniques", counted(component.techniques.len(), TECHNIQUE_POINTS, TECHNIQUE_POINTS_MAX)),
        ("vendor_alerts", counted(alerts, ALERT_POINTS, ALERT_POINTS_MAX)),
    ]
    .into_iter()
    .filter(|(_, points)| *points > 0)
    .map(|(name, points)| PriorityFactor { name: name.to_owned(), points })
    .collect();
    let sum: u32 = factors.iter().map(|factor| u32::from(factor.points)).sum();
    (sum.min(100) as u8, factors)
}

fn severity_points(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Informational => 5,
        Severity::Low => 12,
        Severity::Medium => 24,
        Severity::High => 38,
        Severity::Critical => 46,
        Severity::Fatal => 50,
    }
}
