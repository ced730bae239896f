//! What rules conclude, among the members of incidents; and which opener names an incident.
#![cfg(test)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{HOUR, check_revisions, open, run_with, signal};
use correlator::sigma::{Limits, RuleSet, Sigma};
use correlator::{Config, Correlator, MapStore, Stats};
use schemas::EntityKind::{Application, Ip, Model, Session, User};
use schemas::SignalKind::{AiAlert, Context};
use schemas::{Entity, EntityKind, Incident, IncidentUid, Severity, Signal, SignalUid, Usage};

const MINUTE: i64 = 60_000;

/// The revisions that `signals` bring about under rules.
fn under(rules: &str, signals: Vec<Signal>) -> (Vec<Incident>, Stats) {
    let rules = Arc::new(RuleSet::new([("test", rules)], &BTreeSet::new()).expect("rules"));
    let sigma = Sigma { rules: Arc::clone(&rules), limits: Limits::default() };
    let mut correlator = Correlator::new(Config::default(), MapStore::default()).with_rules(sigma);
    let mut revisions = Vec::new();
    for mut signal in signals {
        rules.note(&mut signal);
        revisions.extend(correlator.process(signal).expect("a map cannot fail"));
    }
    revisions.extend(correlator.flush().expect("a map cannot fail"));
    check_revisions(&revisions);
    (revisions, correlator.stats())
}

fn members(incident: &Incident) -> Vec<&str> {
    incident.members.iter().map(|member| member.signal.uid.as_str()).collect()
}

fn uids(revisions: &[Incident]) -> BTreeSet<&IncidentUid> {
    revisions.iter().map(|incident| &incident.uid).collect()
}

const SPRAY: &str = "title: A\nname: a\ndetection: {s: {weir.kind: context}, condition: s}\n---\n\
    title: Spray\nname: spray\nlevel: high\ncorrelation: {type: value_count, rules: a, group-by: weir.ip, \
    timespan: 1h, condition: {field: weir.user, gte: 5}}\n";

/// Five people fail to sign in from one address: the incident holds all five records, none of which shares enough
/// with the match, and what the people did elsewhere stays away.
#[test]
fn what_a_rule_counted_is_in_its_incident() {
    let mut signals = Vec::new();
    for at in 0..5_i64 {
        let user = format!("u{at}@contoso.example");
        signals.push(signal(&format!("own{at}"), Context, at * MINUTE, &[(User, &user)]));
        let both: [(EntityKind, &str); 2] = [(User, &user), (Ip, "10.1.1.1")];
        signals.push(signal(&format!("try{at}"), Context, (10 + at) * MINUTE, &both));
    }
    // The rule is over every record, so that it would count an own one too, had it the address.
    let (revisions, _) = under(SPRAY, signals);
    let incidents = open(&revisions);
    assert_eq!(incidents.len(), 1);
    let tried: Vec<String> = (0..5).map(|at| format!("try{at}")).collect();
    let listed: Vec<&str> = members(&incidents[0]).into_iter().filter(|uid| uid.starts_with('t')).collect();
    assert_eq!(listed, tried);
    assert_eq!(incidents[0].members_total, 6, "{:?}", members(&incidents[0]));
    let counted = incidents[0].members.iter().filter_map(|member| member.link.as_ref());
    assert!(counted.clone().all(|link| link.counted == 0.5) && counted.count() == 5);
}

const THREE: &str = "title: A\nname: a\ndetection: {s: {weir.kind: ai_alert, weir.category: jailbreak}, condition: s}\n---\n\
    title: Three\nname: three\nlevel: high\ncorrelation: {type: event_count, rules: a, group-by: weir.ip, \
    timespan: 1h, condition: {gte: 3}}\n";

/// A rule that counts alerts of several people by an address makes them one attack, but not where the address is
/// that of a whole office.
#[test]
fn alerts_that_a_rule_counts_become_one_where_they_share_no_hub() {
    let alerts = |ip: &str| -> Vec<Signal> {
        let alert = |at: i64| {
            let user = format!("u{at}@contoso.example");
            signal(&format!("j{at}"), AiAlert, (30 + at) * MINUTE, &[(User, &user), (Ip, ip)])
        };
        (0..3).map(alert).collect()
    };
    let (revisions, _) = under(THREE, alerts("10.1.1.1"));
    let incidents = open(&revisions);
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].members_total, 4);
    let colleague = |at: i64| {
        let user = format!("v{at}@contoso.example");
        signal(&format!("c{at}"), Context, at * MINUTE, &[(User, &user), (Ip, "10.1.1.1")])
    };
    let crowd: Vec<Signal> = (0..20).map(colleague).chain(alerts("10.1.1.1")).collect();
    let (revisions, _) = under(THREE, crowd);
    assert_eq!(open(&revisions).iter().filter(|incident| incident.members_total == 1).count(), 4);
}

/// A conclusion that had to wait is of an earlier time than the alerts that were published meanwhile, and renames
/// nothing.
#[test]
fn a_late_conclusion_renames_nothing() {
    let rules = "title: A\nname: a\ndetection: {s: {weir.kind: context}, condition: s}\n---\n\
        title: New\nname: new\ncorrelation: {type: first_seen, rules: a, group-by: weir.user, timespan: 30d, \
        learning: 1d, condition: {field: weir.ip}}\n";
    let eve = "eve@contoso.example";
    let seen = |uid: &str, millis: i64, ip: &str| signal(uid, Context, millis, &[(User, eve), (Ip, ip)]);
    let signals = vec![
        seen("a", 0, "10.0.0.1"),
        seen("b", 48 * HOUR, "10.0.0.2"),
        signal("j", AiAlert, 48 * HOUR + MINUTE, &[(User, eve)]),
        seen("c", 50 * HOUR, "10.0.0.1"),
        seen("d", 52 * HOUR, "10.0.0.1"),
    ];
    let (revisions, stats) = under(rules, signals);
    assert_eq!(stats.rule_alerts, 1);
    let incidents = open(&revisions);
    assert_eq!((incidents.len(), uids(&revisions).len()), (1, 1));
    assert!(incidents[0].members.iter().any(|member| member.signal.is_match()));
}

/// Alerts of one instant name the incident in the order in which a replay reads them, whatever their uids.
#[test]
fn alerts_of_one_instant_rename_nothing_in_a_replay() {
    let alert = |uid: &str, native: &str| {
        let alert = signal(uid, AiAlert, 0, &[(User, "eve@contoso.example")]);
        Signal { native_id: native.to_owned(), ..alert }
    };
    let signals = [alert("z", "1"), alert("m", "2"), alert("a", "3")];
    let revisions = run_with(&Config::default(), &signals);
    let named = IncidentUid::derive(&signals[0].tenant, &SignalUid::from("z"));
    assert_eq!(uids(&revisions), [&named].into());
    let backwards: Vec<Signal> = signals.into_iter().rev().collect();
    assert_eq!(open(&run_with(&Config::default(), &backwards))[0].uid, named);
}

/// An alert too light to be published takes no name from an incident that was: what surfaced first survives.
#[test]
fn a_candidate_takes_no_name_from_what_surfaced() {
    let light = Signal { severity: Severity::Medium, ..signal("l", AiAlert, 0, &[(User, "eve@a.example")]) };
    let grave = signal("g", AiAlert, 100_000, &[(User, "eve@b.example")]);
    let mut both = signal("names", Context, HOUR, &[]);
    both.entities.extend(Entity::new(User, ["eve@a.example", "eve@b.example"]));
    let revisions = run_with(&Config::default(), &[light, grave.clone(), both]);
    let named = IncidentUid::derive(&grave.tenant, &grave.uid);
    assert_eq!(uids(&revisions), [&named].into());
    assert_eq!(open(&revisions)[0].members_total, 3);
}

/// What is used all day gives way to itself and not to what came before it.
#[test]
fn a_sequence_over_what_is_used_all_day_loses_nothing() {
    let rules = "title: A\nname: a\ndetection: {s: {weir.session|exists: true}, condition: s}\n---\n\
        title: B\nname: b\ndetection: {s: {weir.usage.requests|gt: 0}, condition: s}\n---\n\
        title: Ordered\nname: ordered\ncorrelation: {type: temporal_ordered, rules: [a, b], group-by: weir.model, \
        timespan: 7d}\n";
    let used = |at: i64| {
        let mut used = signal(&format!("use{at:04}"), Context, at * MINUTE, &[(Model, "m"), (Application, "app")]);
        used.facts.usage = Some(Usage { requests: 1, ..Usage::default() });
        used
    };
    let before = signal("scan", Context, 30_000, &[(Model, "m"), (Session, "s")]);
    let mut signals: Vec<Signal> = (1..2_000).map(used).collect();
    signals.push(before);
    let (_, stats) = under(rules, signals);
    assert_eq!((stats.rule_events_dropped, stats.rule_alerts), (0, 1));
}

/// Who makes an application's owner pay is named, and the match joins what else that user did; where nobody made most
/// of the requests, nobody is.
#[test]
fn a_sum_names_who_made_most_of_it() {
    let rules = "title: A\nname: a\ndetection: {s: {weir.usage.request|exists: true}, condition: s}\n---\n\
        title: Wallet\nname: wallet\nlevel: medium\ncorrelation: {type: value_sum, rules: a, group-by: \
        [weir.application, weir.usage.request], timespan: 1h, condition: {field: weir.usage.requests, gte: 500}}\n";
    let eve = "eve@contoso.example";
    let used = |at: i64, user: &str| {
        let mut used = signal(&format!("use{at}-{user}"), Context, at * MINUTE, &[(User, user), (Application, "desk")]);
        let repeats = [("aa".to_owned(), 10)].into();
        used.facts.usage = Some(Usage { requests: 10, repeats, ..Usage::default() });
        used
    };
    let jailbreak = || signal("j", AiAlert, 0, &[(User, eve), (Application, "desk")]);
    let others = |at: i64| format!("u{}@contoso.example", at % 10);
    let alone = (1..55).map(|at| used(at, if at % 5 == 0 { "bob@contoso.example" } else { eve }));
    let (revisions, _) = under(rules, [jailbreak()].into_iter().chain(alone).collect());
    let incidents = open(&revisions);
    assert_eq!(incidents.len(), 1);
    let told = incidents[0].members.iter().find(|member| member.signal.is_match()).expect("a match");
    let users = told.signal.entities.iter().filter(|entity| entity.kind == User).map(Entity::label);
    assert_eq!(users.collect::<Vec<_>>(), [eve]);
    let (revisions, _) =
        under(rules, [jailbreak()].into_iter().chain((1..55).map(|at| used(at, &others(at)))).collect());
    assert_eq!(open(&revisions).len(), 2);
}
