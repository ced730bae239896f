//! Which incidents are worth somebody's look: the gate before the first revision.
//!
//! An incident of one alert of a detector, with nothing beside it but the everyday records of the same people, is *lone*.
//! What is beside it decides, and what the alert is about:
//! - An *attempt* is what a user asked for: to drop the rules, to show the instructions, to say what it can do. Everybody
//!   who is curious does so once, and so do trainings. Where the user is known, that is, where some records of their
//!   everyday stand in the incident, it waits for something independent: a second alert of Weir's, a record of at least medium
//!   severity, one with a technique of an attack, or one that shows the user in two places. Where nobody knows the user
//!   there is nothing to judge by, and it counts as what follows.
//! - Anything else says that something happened: a credential left, a document carried orders. It waits where it is light
//!   only, and for anything out of the ordinary, a vendor's low alert or an address that is new included.
//!
//! Records of their everyday are near ones, and of those a step further the user's own: who worked here yesterday is
//! known this morning.
//!
//! It is a function of the incident as it stands. What surfaced before it could be seen how ordinary it is, since an
//! earlier record comes late or the day has only begun, is withdrawn ([`crate::publish`]). What a rule concluded, mostly
//! from several records, is never lone. Candidates are kept and counted.

use std::collections::BTreeSet;

use schemas::{Category, EntityKind, Incident, Member, Severity, Signal, SignalKind};

use crate::config::Config;
use crate::several::names_several;
use crate::sigma::attribute::CHANNEL;
use crate::snapshot::{NEW_ADDRESS, TWO_PLACES};

/// Whether an incident is worth somebody's look.
pub fn surfaces(incident: &Incident, config: &Config) -> bool {
    incident.priority >= config.surface_priority_min
        && lone(incident).is_none_or(|alert| stands(alert, incident, config))
}

/// The one alert of a detector that there is.
fn lone(incident: &Incident) -> Option<&Signal> {
    let mut alerts = incident.members.iter().map(|m| &m.signal).filter(|signal| signal.kind == SignalKind::AiAlert);
    let first = alerts.next().filter(|alert| alert.category.is_some());
    first.filter(|_| alerts.next().is_none())
}

fn stands(alert: &Signal, incident: &Incident, config: &Config) -> bool {
    let others = || incident.members.iter().filter(|member| member.signal.uid != alert.uid);
    let has = |name: &str| incident.priority_factors.iter().any(|factor| factor.name == name);
    let tells_more = |signal: &Signal| signal.techniques.iter().any(|technique| !alert.techniques.contains(technique));
    if is_attempt(alert) && everyday(alert, incident) >= config.surface_known_records_min {
        let grave = |signal: &Signal| signal.severity >= Severity::Medium;
        let unusual = |signal: &Signal| signal.kind == SignalKind::Context && tells_more(signal);
        return incident.severity >= config.surface_lone_attempt_severity_min
            || others().any(|member| grave(&member.signal) || unusual(&member.signal))
            || has(TWO_PLACES);
    }
    incident.severity >= config.surface_lone_severity_min
        || others().any(|member| member.signal.kind == SignalKind::Alert)
        || incident.techniques.iter().any(|technique| !alert.techniques.contains(technique))
        || has(NEW_ADDRESS)
}

/// Whether an alert is about what a user asked for, and nothing that the application said or brought.
fn is_attempt(alert: &Signal) -> bool {
    let asks = [Category::InstructionLeak, Category::Jailbreak, Category::Reconnaissance];
    let channels = alert.facts.fields.get(CHANNEL);
    alert.category.is_some_and(|category| asks.contains(&category))
        && channels.is_some_and(|channels| channels.iter().all(|channel| channel == "user"))
}

/// How many records there are of what the alert's user does anyway.
fn everyday(alert: &Signal, incident: &Incident) -> usize {
    let context = || incident.members.iter().filter(|member| member.signal.kind == SignalKind::Context);
    let (near, far): (Vec<&Member>, Vec<&Member>) = context().partition(|member| member.hops == 1);
    // Near records bring the names that the user has elsewhere.
    let mut names: BTreeSet<&str> = users(alert).collect();
    for member in &near {
        if users(&member.signal).any(|id| names.contains(id)) {
            names.extend(users(&member.signal));
        }
    }
    let is_own = |signal: &Signal| !names_several(signal) && users(signal).any(|id| names.contains(id));
    near.len() + far.into_iter().filter(|member| is_own(&member.signal)).count()
}

/// The identifiers of users who took part in what a signal tells.
fn users(signal: &Signal) -> impl Iterator<Item = &str> {
    let acting = signal.entities.iter().filter(|entity| entity.kind == EntityKind::User && !entity.mentioned);
    acting.flat_map(|entity| entity.ids.iter().map(String::as_str))
}
