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
//! It is decided by what had arrived, and nothing that was published is taken back: where an earlier record that comes
//! late shows that an address was no new one, the incident that surfaced for it stays. What a rule concluded, mostly from
//! several records, is never lone. Candidates are kept and counted ([`crate::publish`]).

use schemas::{Category, Incident, Member, Severity, Signal, SignalKind};

use crate::config::Config;
use crate::sigma::attribute::CHANNEL;
use crate::snapshot::{NEW_ADDRESS, TWO_PLACES};

/// Whether an incident that was never published is worth somebody's look.
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
    if is_attempt(alert) && others().filter(|member| is_everyday(member)).count() >= config.surface_known_records_min {
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

/// Whether a member is a record of what the people in the incident do anyway.
fn is_everyday(member: &Member) -> bool {
    member.signal.kind == SignalKind::Context && member.hops == 1
}
