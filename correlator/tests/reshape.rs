//! What keeps incidents apart, what an analyst merges, splits, closes and opens again, and random logs of it all.

#![cfg(test)]

mod common;

use std::collections::BTreeSet;

use common::desk::{
    Desk, assign, bridge, classify, command, comment, merge, name, named, patterns, split, status, two, uids,
};
use common::{Dice, HOUR, check_revisions, signal};
use correlator::Config;
use schemas::EntityKind::{Device, Session, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{
    Action, Activity, Classification, Determination, Incident, IncidentStatus, IncidentUid, RelatedReason, Severity,
    Signal, SignalUid, TenantId,
};

/// Each of the conditions under which Defender XDR does not merge, and the lock.
#[test]
fn what_forbids_a_merge_gives_a_relation_on_both() {
    use RelatedReason::{Closed, DifferentAssignees, DifferentClassifications, Locked};
    let (a, b) = (named("a"), named("b"));
    type Given<'a> = Vec<(&'a IncidentUid, Action)>;
    let cases: [(Given<'_>, Option<RelatedReason>); 7] = [
        (vec![(&a, assign("ann")), (&b, assign("bob"))], Some(DifferentAssignees)),
        (vec![(&a, assign("ann")), (&b, assign("ann"))], None),
        (vec![(&a, assign("ann"))], None),
        (
            vec![
                (&a, classify(Classification::TruePositive)),
                (&b, classify(Classification::InformationalExpectedActivity)),
            ],
            Some(DifferentClassifications),
        ),
        (
            vec![
                (&a, Action::Determination { determination: Some(Determination::Phishing) }),
                (&b, Action::Determination { determination: Some(Determination::Malware) }),
            ],
            Some(DifferentClassifications),
        ),
        (vec![(&b, Action::Lock { locked: true })], Some(Locked)),
        (vec![(&b, status(IncidentStatus::Resolved))], Some(Closed)),
    ];
    for (commands, expected) in cases {
        let mut desk = Desk::new();
        desk.take(two());
        for (uid, action) in commands {
            desk.give(uid, action);
        }
        desk.take([bridge(5 * HOUR)]);
        // A locked or closed incident takes no member, so an alert has to find both.
        desk.take([signal("c", AiAlert, 6 * HOUR, &[(User, "alice"), (User, "bob")])]);
        check_revisions(&desk.said);
        match expected {
            None => assert_eq!(desk.last(&b).merged_into.as_ref(), Some(&a)),
            Some(Closed) => {
                assert_eq!(desk.related(&a), [(b.clone(), Closed)]);
                assert_eq!(desk.last(&a).continues, Some(b.clone()));
                assert_eq!(uids(desk.last(&b)), ["b"], "a closed incident is not extended");
                assert_eq!((desk.last(&b).activity, desk.last(&b).status), (Activity::Close, IncidentStatus::Resolved));
            }
            Some(reason) => {
                assert_eq!(desk.related(&a), [(b.clone(), reason)], "{reason:?}");
                assert_eq!(desk.related(&b), [(a.clone(), reason)], "{reason:?}");
            }
        }
    }
}

#[test]
fn too_many_entities_or_different_scopes_forbid_a_merge() {
    let config = Config { entities_per_incident_max: 2, ..Config::default() };
    let mut desk = Desk::with(config);
    let [a, b] = two();
    let device = signal("d", Context, 2, &[(User, "bob"), (Device, "laptop")]);
    desk.take([a, b, device, bridge(HOUR)]);
    assert_eq!(desk.related(&named("a")), [(named("b"), RelatedReason::EntityCap)]);
    assert_eq!(desk.related(&named("b")), [(named("a"), RelatedReason::EntityCap)]);

    let mut desk = Desk::with(scoped());
    desk.take(two()).take([bridge(HOUR), bridge(2 * HOUR)]);
    // What others do beside both opens neither of them to the other's scope.
    assert_eq!(desk.related(&named("a")), [(named("b"), RelatedReason::DifferentScopes)]);
    let mut desk = Desk::with(scoped());
    desk.take([
        signal("a", AiAlert, 0, &[(User, "alice"), (Session, "s1")]),
        signal("b", AiAlert, 1, &[(User, "bob"), (Session, "s2")]),
        signal("c", Context, 2, &[(Session, "s1"), (Session, "s2")]),
    ]);
    assert_eq!(desk.related(&named("a")), [(named("b"), RelatedReason::DifferentScopes)]);
    assert_eq!(desk.related(&named("b")), [(named("a"), RelatedReason::DifferentScopes)]);
}

/// An alert of another scope joins as little as an incident of one would, whichever comes first.
#[test]
fn an_alert_of_another_scope_is_related_in_any_order() {
    let carl = |uid: &str, at, device| signal(uid, AiAlert, at, &[(User, "carl"), (Device, device)]);
    let scopes = [("finance", patterns(&["device:fin-*"])), ("staff", patterns(&["device:hr-*"]))];
    let config = Config { scopes: scopes.map(|(name, of)| (name.to_owned(), of)).into(), ..Config::default() };
    let signals = [carl("f1", 0, "fin-1"), carl("h1", 1, "hr-1"), carl("f2", 2, "fin-2"), carl("h2", 3, "hr-2")];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let mut desk = Desk::with(config.clone());
        desk.take(order.map(|at: usize| signals[at].clone()));
        let told: Vec<Vec<String>> =
            desk.open().iter().map(|incident| uids(incident).into_iter().map(str::to_owned).collect()).collect();
        assert_eq!(
            BTreeSet::from_iter(told),
            [["f1", "f2"], ["h1", "h2"]].map(|uids| uids.map(str::to_owned).to_vec()).into()
        );
        assert_eq!(desk.related(&named("f1")), [(named("h1"), RelatedReason::DifferentScopes)]);
        assert_eq!(desk.related(&named("h1")), [(named("f1"), RelatedReason::DifferentScopes)]);
    }
}

/// Alice belongs to one part of the estate, Bob and all computers to another.
fn scoped() -> Config {
    let scopes = [("finance", patterns(&["user:alice"])), ("plant", patterns(&["device:*", "user:bob"]))];
    Config { scopes: scopes.map(|(name, of)| (name.to_owned(), of)).into(), ..Config::default() }
}

/// When what kept two apart falls, they become one after all.
#[test]
fn a_condition_that_falls_lets_them_merge() {
    let (a, b) = (named("a"), named("b"));
    for way in 0..2 {
        let mut desk = Desk::new();
        desk.take(two());
        desk.give(&a, assign("ann"));
        let other = desk.give(&b, assign("bob"));
        desk.take([bridge(5 * HOUR)]);
        assert_eq!(desk.open().len(), 2);
        if way == 0 {
            desk.undo(&other);
        } else {
            desk.give(&b, assign("ann"));
        }
        assert_eq!(desk.last(&b).merged_into.as_ref(), Some(&a));
        assert_eq!(uids(desk.last(&a)), ["a", "b", "both"]);
        assert!(desk.related(&a).is_empty());
        check_revisions(&desk.said);
    }
}

/// What came while nothing could join is found again when something can.
#[test]
fn what_came_meanwhile_joins_when_an_incident_opens_again() {
    let alice = |uid: &str, at| signal(uid, Context, at, &[(User, "alice")]);
    for closing in [true, false] {
        let mut desk = Desk::new();
        desk.take([signal("a", AiAlert, 0, &[(User, "alice")])]);
        let a = named("a");
        let shut = if closing { status(IncidentStatus::Closed) } else { Action::Lock { locked: true } };
        let shut = desk.give(&a, shut);
        desk.take([alice("meanwhile", 2 * HOUR)]);
        assert_eq!(uids(desk.last(&a)), ["a"]);
        desk.undo(&shut);
        let incidents = desk.open();
        assert_eq!((incidents.len(), uids(&incidents[0])), (1, vec!["a", "meanwhile"]));
        assert_eq!(incidents[0].continues.is_some(), closing);
        check_revisions(&desk.said);
    }
}

#[test]
fn a_closed_incident_is_continued_commented_and_reopened_under_a_new_uid() {
    let mut desk = Desk::new();
    let a = named("a");
    desk.take([signal("a", AiAlert, 0, &[(User, "alice")]), signal("s", Context, 1, &[(User, "alice")])]);
    let closing = desk.give(&a, status(IncidentStatus::Resolved));
    let closed = desk.last(&a).clone();
    assert_eq!((closed.activity, closed.status), (Activity::Close, IncidentStatus::Resolved));
    assert_eq!(desk.correlator.resolve(&TenantId::from("acme"), &a).expect("resolve"), None);

    desk.take([signal("late", Context, 2 * HOUR, &[(User, "alice")])]);
    assert_eq!(desk.last(&a).revision, closed.revision, "nothing joins it");
    desk.take([signal("n", AiAlert, 3 * HOUR, &[(User, "alice")])]);
    let next = named("n");
    assert_eq!((desk.last(&next).continues.as_ref(), desk.last(&next).revision), (Some(&a), 1));
    assert_eq!(uids(desk.last(&next)), ["s", "late", "n"], "what explains the new alert is told again");

    desk.give(&a, comment("closed too early"));
    let commented = desk.last(&a);
    assert_eq!((commented.revision, commented.activity), (closed.revision + 1, Activity::Close));
    assert_eq!(commented.handling.comments.len(), 1);
    desk.give(&a, merge(&[&next]));
    assert!(desk.rejected(&a).contains("closed"), "{}", desk.rejected(&a));

    // Reopened, it is a new incident with the members of the closed one, and the newer one is part of it again.
    desk.undo(&closing);
    let incidents = desk.open();
    let [reopened] = incidents.as_slice() else { panic!("{incidents:#?}") };
    assert!(reopened.uid != a && reopened.uid != next);
    assert_eq!((reopened.continues.as_ref(), reopened.status), (Some(&a), IncidentStatus::New));
    assert_eq!(uids(reopened), ["a", "s", "late", "n"]);
    assert_eq!(desk.last(&next).merged_into.as_ref(), Some(&reopened.uid));
    assert_eq!(reopened.handling.comments.len(), 1);
    let reopened = reopened.uid.clone();
    desk.give(&a, name("by its old uid"));
    assert_eq!(desk.last(&reopened).title, "by its old uid");
}

/// Sign-ins of an account on so many hosts that it becomes a hub.
fn spread(user: &str, at: i64) -> Vec<Signal> {
    let host = |n: i64| {
        let device = format!("host{n}");
        signal(&format!("noise{n}"), Context, at + n, &[(User, user), (Device, &device)])
    };
    (0..40).map(host).collect()
}

#[test]
fn a_merge_by_hand_holds_against_hubs_and_is_taken_back() {
    let (a, b) = (named("a"), named("b"));
    let mut desk = Desk::new();
    desk.take(two());
    desk.give(&b, comment("kept"));
    let merging = desk.give(&a, merge(&[&b]));
    assert_eq!((desk.last(&b).merged_into.as_ref(), uids(desk.last(&a))), (Some(&a), vec!["a", "b"]));
    assert_eq!(desk.last(&a).handling.comments.len(), 1);
    desk.take(spread("bob", 3 * HOUR));
    assert_eq!(desk.correlator.stats().incidents_split, 0, "what an analyst put together stays together");
    desk.undo(&merging);
    let incidents = desk.open();
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    let part = incidents.iter().find(|incident| incident.uid != a).expect("the part");
    assert_eq!((part.split_from.as_ref(), part.uid != b), (Some(&a), true));
    assert!(uids(part).contains(&"b") && !uids(desk.last(&a)).contains(&"b"));
    check_revisions(&desk.said);
}

#[test]
fn a_merge_by_hand_follows_the_same_rules() {
    let users: Vec<String> = (0..7).map(|n| format!("user{n}")).collect();
    let signals = users.iter().enumerate().map(|(n, user)| signal(user, AiAlert, n as i64, &[(User, user)]));
    let mut desk = Desk::new();
    desk.take(signals);
    let uid: Vec<IncidentUid> = users.iter().map(|user| named(user)).collect();
    desk.give(&uid[0], assign("ann"));
    desk.give(&uid[1], assign("bob"));
    desk.give(&uid[0], merge(&[&uid[1]]));
    assert!(desk.rejected(&uid[0]).contains("different people"));
    desk.give(&uid[0], merge(&[&uid[0]]));
    assert!(desk.rejected(&uid[0]).contains("one incident already"));
    desk.give(&uid[0], merge(&[&named("nobody")]));
    assert!(desk.rejected(&uid[0]).contains("no incident"));
    desk.give(&uid[6], merge(&[&uid[2], &uid[3], &uid[4], &uid[5]]));
    // The survivor is the one that began first, whoever was named.
    assert_eq!(desk.last(&uid[2]).members_total, 5);
    assert_eq!(desk.last(&uid[6]).merged_into.as_ref(), Some(&uid[2]));
    assert_eq!(desk.open().len(), 3);
    check_revisions(&desk.said);
}

#[test]
fn a_split_by_hand_holds_against_new_evidence_and_is_taken_back() {
    let mut desk = Desk::new();
    let alice = [(User, "alice")];
    desk.take([
        signal("a", AiAlert, 0, &alice),
        signal("b", AiAlert, 1, &alice),
        signal("s", Context, 2, &alice),
        signal("t", Context, 3, &alice),
    ]);
    let a = named("a");
    let parting = desk.give(&a, split(&["b", "t"]));
    let incidents = desk.open();
    let part = incidents.iter().find(|incident| incident.uid != a).expect("the part").uid.clone();
    assert_eq!((uids(desk.last(&a)), uids(desk.last(&part))), (vec!["a", "s"], vec!["b", "t"]));
    assert_eq!(desk.last(&part).split_from.as_ref(), Some(&a));
    assert_eq!(desk.related(&a), [(part.clone(), RelatedReason::Split)]);
    assert_eq!(desk.related(&part), [(a.clone(), RelatedReason::Split)]);
    // Evidence that would join them changes neither.
    desk.take([signal("u", Context, 3 * HOUR, &alice), signal("c", AiAlert, 4 * HOUR, &alice)]);
    assert_eq!(desk.open().len(), 2);
    assert!(!uids(desk.last(&a)).contains(&"t") && !uids(desk.last(&a)).contains(&"b"));

    desk.undo(&parting);
    let incidents = desk.open();
    assert_eq!((incidents.len(), &incidents[0].uid), (1, &a));
    assert_eq!(uids(&incidents[0]), ["a", "b", "s", "t", "u", "c"]);
    assert_eq!(desk.last(&part).merged_into.as_ref(), Some(&a));
    check_revisions(&desk.said);
}

/// What was split off is a story beside the one that it came from, and does not continue it when that one is closed.
#[test]
fn a_part_continues_nothing_when_the_rest_is_closed() {
    let mut desk = Desk::new();
    let of_alice = |uid: &str, at: i64| signal(uid, AiAlert, at, &[(User, "alice")]);
    desk.take([of_alice("a", 0), of_alice("b", HOUR)]);
    let a = named("a");
    desk.give(&a, split(&["b"]));
    desk.give(&a, status(IncidentStatus::Resolved));
    desk.take([signal("more", Context, 2 * HOUR, &[(User, "alice")])]);
    let parts = desk.open();
    let [part] = parts.as_slice() else { panic!("{} open incidents", parts.len()) };
    assert_eq!((part.split_from.as_ref(), part.continues.as_ref()), (Some(&a), None));
}

#[test]
fn parts_of_a_split_hold_against_hubs() {
    let mut desk = Desk::new();
    let alice = [(User, "alice")];
    desk.take(["a", "b", "c", "d"].map(|uid| signal(uid, AiAlert, 0, &alice)));
    let a = named("a");
    desk.give(&a, split(&["c", "d"]));
    desk.take(spread("alice", HOUR));
    let incidents = desk.open();
    let openers = |incident: &Incident| uids(incident).iter().filter(|uid| uid.len() == 1).count();
    assert_eq!(incidents.iter().map(openers).collect::<Vec<_>>(), [2, 2]);
    check_revisions(&desk.said);
}

/// The part that keeps the uid keeps it, whoever leaves.
#[test]
fn an_incident_keeps_its_uid_when_its_first_alert_leaves() {
    let mut desk = Desk::new();
    let alice = [(User, "alice")];
    let mut high = signal("a", AiAlert, 0, &alice);
    high.severity = Severity::Critical;
    desk.take([high, signal("b", AiAlert, HOUR, &alice), signal("s", Context, HOUR, &alice)]);
    let a = named("a");
    desk.give(&a, split(&["a"]));
    assert_eq!((uids(desk.last(&a)), desk.last(&a).severity), (vec!["b", "s"], Severity::High));
    let incidents = desk.open();
    let part = incidents.iter().find(|incident| incident.uid != a).expect("the part");
    assert_eq!((uids(part), part.severity), (vec!["a"], Severity::Critical));
    for (members, why) in [
        (vec!["s"], "none of the members"),
        (vec!["b"], "no alert that opens an incident would stay"),
        (vec!["a"], "no member"),
        (vec!["nobody"], "no member"),
    ] {
        desk.give(&a, split(&members));
        assert!(desk.rejected(&a).contains(why), "{members:?}: {}", desk.rejected(&a));
    }
    check_revisions(&desk.said);
}

/// Evidence that must not merge two incidents costs no more, and publishes no more, for coming ten thousand times.
#[test]
fn a_storm_of_barred_merges_stays_bounded() {
    let (a, b) = (named("a"), named("b"));
    let mut desk = Desk::new();
    desk.take(two());
    desk.give(&a, assign("ann"));
    desk.give(&b, assign("bob"));
    desk.take(
        (0..10_000)
            .map(|at| signal(&format!("s{at:05}"), Context, 3 * HOUR + at, &[(User, "alice"), (Session, "bobs")])),
    );
    desk.said.extend(desk.correlator.flush().expect("flush"));
    check_revisions(&desk.said);
    assert_eq!((desk.last(&a).members_total, desk.last(&b).members_total), (10_001, 10_001));
    assert_eq!(desk.last(&a).members.len(), 200);
    assert!(desk.said.len() < 400, "{} revisions", desk.said.len());
    assert_eq!(desk.related(&a).len(), 1);
    assert_eq!(desk.correlator.stats().merges_barred, 10_000);
}

/// A random log: few people, so that much is linked, and commands about whatever was published.
fn random_log(seed: u64, commits: bool) -> Vec<Incident> {
    let mut dice = Dice(seed);
    let mut desk = Desk::new();
    for at in 0..150i64 {
        let user = |dice: &mut Dice| format!("user{}", dice.below(6));
        let time = at * HOUR / 4;
        if dice.below(3) > 0 || desk.said.is_empty() {
            let kind = [AiAlert, Alert, Context][dice.below(3) as usize];
            let (one, other) = (user(&mut dice), user(&mut dice));
            let device = format!("device{}", dice.below(12));
            let mut entities = vec![(User, one.as_str()), (Device, device.as_str())];
            entities.extend((dice.below(4) == 0).then_some((User, other.as_str())));
            desk.take([signal(&format!("s{at:03}"), kind, time, &entities)]);
        } else {
            let known: Vec<IncidentUid> = desk.said.iter().map(|incident| incident.uid.clone()).collect();
            let pick = |dice: &mut Dice| known[dice.below(known.len() as u64) as usize].clone();
            let (uid, other) = (pick(&mut dice), pick(&mut dice));
            let member = desk.last(&uid).members[0].signal.uid.clone();
            let action = random_action(&mut dice, other, &member, at);
            desk.obey(&command(&format!("c{at:03}"), time, &uid, action));
        }
        if commits {
            desk.correlator.commit(b"at").expect("commit");
        }
    }
    desk.said.extend(desk.correlator.flush().expect("flush"));
    check_revisions(&desk.said);
    desk.said
}

fn random_action(dice: &mut Dice, other: IncidentUid, member: &SignalUid, at: i64) -> Action {
    let states = [IncidentStatus::New, IncidentStatus::InProgress, IncidentStatus::Resolved];
    match dice.below(9) {
        0 => assign(["ann", "bob"][dice.below(2) as usize]),
        1 => classify([Classification::TruePositive, Classification::FalsePositive][dice.below(2) as usize]),
        2 => Action::Lock { locked: dice.below(2) == 0 },
        3 | 4 => merge(&[&other]),
        5 => split(&[member.as_str()]),
        6 => status(states[dice.below(3) as usize]),
        7 => comment("random"),
        _ => Action::Undo { command: format!("c{:03}", dice.below(at as u64 + 1)) },
    }
}

/// Whatever people do, revisions count without gaps, merges resolve, a log repeats itself and a commit at every step
/// changes nothing.
#[test]
fn random_logs_repeat_themselves() {
    let (mut merges, mut splits, mut related) = (0, 0, 0);
    for seed in 0..20 {
        let said = random_log(seed, false);
        assert_eq!(random_log(seed, true), said, "log {seed}");
        merges += said.iter().filter(|incident| incident.merged_into.is_some()).count();
        splits += said.iter().filter(|incident| incident.split_from.is_some()).count();
        related += said.iter().filter(|incident| !incident.related.is_empty()).count();
        members_are_in_one_place(seed, &said);
    }
    assert!(merges > 20 && splits > 20 && related > 20, "the logs are too tame: {merges}, {splits}, {related}");
}

/// An alert that opens incidents is a member of one open incident, however often it was moved.
fn members_are_in_one_place(seed: u64, said: &[Incident]) {
    let mut homes = std::collections::BTreeMap::new();
    for incident in common::open(said) {
        for member in incident.members.iter().filter(|member| member.signal.kind == AiAlert) {
            let before = homes.insert(member.signal.uid.clone(), incident.uid.clone());
            assert_eq!(before, None, "log {seed}: {} is in two open incidents", member.signal.uid);
        }
    }
}
