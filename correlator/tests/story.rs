//! What the correlator makes of small stories, each written out.

#![cfg(test)]

mod common;

use common::counting::Counting;
use common::{HOUR, START, check_revisions, open, run, signal};
use correlator::{Config, Correlator, MapStore};
use schemas::EntityKind::{Agent, Application, Device, Ip, Model, Session, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{
    Activity, Category, Entity, EntityKind, Incident, IncidentStatus, IncidentUid, Severity, Signal, SignalUid,
    TenantId, Timestamp,
};

const DAY: i64 = 24 * HOUR;

fn uids(incident: &Incident) -> Vec<(&str, u8)> {
    incident.members.iter().map(|m| (m.signal.uid.as_str(), m.hops)).collect()
}

fn named(opener: &str) -> IncidentUid {
    IncidentUid::derive(&TenantId::from("acme"), &SignalUid::from(opener))
}

#[test]
fn context_alone_opens_nothing_and_what_came_before_joins() {
    let before = signal("signin", Context, 0, &[(User, "alice"), (Device, "laptop")]);
    let endpoint = signal("edr", Alert, HOUR, &[(Device, "laptop")]);
    assert!(run(&[before.clone(), endpoint.clone()]).is_empty());

    let opener = signal("ai", AiAlert, 2 * HOUR, &[(User, "alice")]);
    let other = signal("bob", Context, HOUR, &[(User, "bob")]);
    let revisions = run(&[before, endpoint, other, opener]);
    let [incident] = revisions.as_slice() else { panic!("{revisions:#?}") };
    assert_eq!((incident.revision, incident.activity, incident.status), (1, Activity::Create, IncidentStatus::New));
    assert_eq!(uids(incident), [("signin", 1), ("edr", 2), ("ai", 0)]);
    assert_eq!(incident.severity, Severity::High);
    assert_eq!(incident.title, "Jailbreak on user alice: AI, identity and endpoint activity");
    assert_eq!(incident.uid, named("ai"));
    let points: i32 = incident.priority_factors.iter().map(|f| i32::from(f.points)).sum();
    assert_eq!(i32::from(incident.priority), points);
    let link = incident.members[1].link.as_ref().expect("a reason");
    // Of a device's 0.9 an hour leaves 1 - 0.4 / 24.
    assert_eq!((link.to.as_str(), link.strength, link.distance_ms), ("signin", 0.885, HOUR));
    assert_eq!(link.shared[0].ids, ["laptop"]);
    let [factor] = link.factors.as_slice() else { panic!("{link:?}") };
    assert_eq!((factor.kind, factor.weight, factor.rarity, factor.recency), (Device, 0.9, 1.0, 0.984));
    assert!(incident.members[2].link.is_none());
}

/// What happened, to whom, and by whom where that is somebody else.
#[test]
fn the_title_names_the_attacker_where_it_is_not_the_victim() {
    let title = |signals: &[Signal]| open(&run(signals))[0].title.clone();
    let jailbreak = || signal("ai", AiAlert, 0, &[(User, "alice"), (Ip, "203.0.113.9")]);
    assert_eq!(title(&[jailbreak()]), "Jailbreak on user alice: AI activity");
    let stolen = signal("risk", Alert, 60_000, &[(User, "alice"), (Ip, "203.0.113.9")]);
    assert_eq!(
        title(&[jailbreak(), stolen]),
        "Jailbreak on user alice by address 203.0.113.9: AI and endpoint activity"
    );
    let mut story = signal("rule", AiAlert, HOUR, &[(User, "alice")]);
    (story.category, story.severity) = (None, Severity::Critical);
    story.title = "A stolen session: identity alert, jailbreak, bulk retrieval".to_owned();
    assert_eq!(title(&[jailbreak(), story]), "A stolen session on user alice by address 203.0.113.9: AI activity");
}

/// Who was stopped each time is less urgent than who was not, and who got through in the end is more so.
#[test]
fn what_became_of_the_attempts_counts() {
    let alert = |uid: &str, at, outcome: &str| {
        let mut alert = signal(uid, AiAlert, at, &[(User, "alice")]);
        alert.facts.set("weir.outcome", [outcome.to_owned()]);
        alert
    };
    let factors = |outcomes: [&str; 2]| {
        let incidents = open(&run(&[alert("one", 0, outcomes[0]), alert("two", HOUR, outcomes[1])]));
        let of = |name: &str| incidents[0].priority_factors.iter().find(|f| f.name == name).map(|f| f.points);
        (incidents[0].priority, of("blocked"), of("breakthrough"))
    };
    let (plain, ..) = factors(["detected", "detected"]);
    assert_eq!(factors(["blocked", "blocked"]), (plain - 10, Some(-10), None));
    assert_eq!(factors(["blocked", "detected"]), (plain + 8, None, Some(8)));
    assert_eq!(factors(["detected", "blocked"]), (plain, None, None));
}

#[test]
fn an_address_an_application_or_a_model_links_nothing() {
    let entities = [(Ip, "203.0.113.5"), (Application, "chat"), (Model, "gpt")];
    let other = Signal { category: Some(Category::CredentialLeak), ..signal("b", AiAlert, 1, &entities) };
    let incidents = open(&run(&[signal("a", AiAlert, 0, &entities), other]));
    assert_eq!(incidents.len(), 2);
    let entities = [(Ip, "203.0.113.5"), (Agent, "helper")];
    let incidents = open(&run(&[signal("a", AiAlert, 0, &entities), signal("b", AiAlert, HOUR, &entities)]));
    assert_eq!(incidents.len(), 1);
}

#[test]
fn a_third_step_is_no_member() {
    let signals = [
        signal("ai", AiAlert, 0, &[(User, "alice")]),
        signal("one", Context, 1, &[(User, "alice"), (Device, "laptop")]),
        signal("two", Context, 2, &[(Device, "laptop"), (Session, "s2")]),
        signal("three", Context, 3, &[(Session, "s2")]),
    ];
    assert_eq!(uids(&open(&run(&signals))[0]), [("ai", 0), ("one", 1), ("two", 2)]);
}

#[test]
fn a_shared_context_merges_and_the_earlier_incident_survives() {
    let first = signal("first", AiAlert, 0, &[(User, "alice")]);
    let second = signal("second", AiAlert, HOUR, &[(User, "bob"), (Session, "s2")]);
    let both = signal("both", Context, 2 * HOUR, &[(User, "alice"), (Session, "s2")]);
    let revisions = run(&[first, second, both]);
    let [_, _, closed, survivor] = revisions.as_slice() else { panic!("{revisions:#?}") };
    assert_eq!((closed.activity, closed.status, closed.revision), (Activity::Close, IncidentStatus::Closed, 2));
    assert_eq!((&closed.uid, &closed.merged_into), (&named("second"), &Some(named("first"))));
    assert_eq!(closed.members.len(), 2);
    assert_eq!((&survivor.uid, survivor.revision), (&named("first"), 2));
    assert_eq!(survivor.absorbed, [named("second")]);
    let link_of = |uid: &str| {
        let member = survivor.members.iter().find(|m| m.signal.uid.as_str() == uid).expect("a member");
        member.link.as_ref().map(|link| link.to.as_str())
    };
    assert_eq!((link_of("first"), link_of("both"), link_of("second")), (None, Some("first"), Some("both")));
}

#[test]
fn a_late_earlier_opener_renames_the_incident() {
    let late = signal("a-late", AiAlert, 0, &[(User, "alice")]);
    let early = signal("b-early", AiAlert, HOUR, &[(User, "alice")]);
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let mut revisions = correlator.process(early).expect("process");
    revisions.extend(correlator.process(late).expect("process"));
    check_revisions(&revisions);
    let [_, closed, renamed] = revisions.as_slice() else { panic!("{revisions:#?}") };
    assert_eq!((&closed.uid, &closed.merged_into), (&named("b-early"), &Some(named("a-late"))));
    assert_eq!((&renamed.uid, renamed.revision, renamed.activity), (&named("a-late"), 1, Activity::Create));
    let tenant = TenantId::from("acme");
    assert_eq!(correlator.resolve(&tenant, &named("b-early")).expect("resolve"), Some(named("a-late")));
    assert_eq!(correlator.resolve(&tenant, &named("a-late")).expect("resolve"), Some(named("a-late")));
}

#[test]
fn tenants_never_meet() {
    let ours = signal("ai", AiAlert, 0, &[(User, "alice")]);
    let theirs = Signal { tenant: TenantId::from("acme2"), ..signal("signin", Context, 1, &[(User, "alice")]) };
    let same_uid = Signal { tenant: TenantId::from("acme2"), ..ours.clone() };
    let incidents = open(&run(&[ours, theirs, same_uid]));
    let sizes: Vec<_> = incidents.iter().map(|i| (i.tenant.as_str(), i.members_total)).collect();
    assert_eq!(incidents.len(), 2);
    assert!(sizes.contains(&("acme", 1)) && sizes.contains(&("acme2", 2)), "{sizes:?}");
}

#[test]
fn a_repetition_changes_nothing_and_a_second_part_relinks() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let info = signal("edr", Alert, 0, &[(Device, "laptop")]);
    let evidence = Signal { title: String::new(), ..signal("edr", Context, 0, &[(User, "alice")]) };
    correlator.process(signal("ai", AiAlert, 1, &[(User, "alice")])).expect("process");
    assert!(correlator.process(info.clone()).expect("process").is_empty());
    let revisions = correlator.process(evidence.clone()).expect("process");
    assert_eq!(uids(&revisions[0]), [("edr", 1), ("ai", 0)]);
    assert_eq!(revisions[0].members[0].signal.title, "title of edr");
    for repeated in [info, evidence] {
        assert!(correlator.process(repeated).expect("process").is_empty());
    }
    assert_eq!((correlator.stats().duplicates, correlator.stats().folded), (2, 1));
}

/// Sign-ins of a service account on so many hosts that it is a hub within the same day.
fn service_on_hosts(count: usize) -> Vec<Signal> {
    let host = |at: usize| {
        let name = format!("host{at}");
        signal(&format!("noise{at}"), Context, 10 * HOUR + at as i64, &[(User, "svc"), (Device, &name)])
    };
    (0..count).map(host).collect()
}

#[test]
fn a_hub_links_only_together_with_a_second_kind() {
    let story = [
        signal("one", AiAlert, 11 * HOUR, &[(User, "svc"), (Session, "s1")]),
        signal("two", AiAlert, 12 * HOUR, &[(User, "svc"), (Session, "s2")]),
        signal("alone", Context, 13 * HOUR, &[(User, "svc")]),
        signal("both", Context, 13 * HOUR, &[(User, "svc"), (Session, "s2")]),
    ];
    let known = open(&run(&[&service_on_hosts(33)[..], &story].concat()));
    let mut sizes: Vec<_> = known.iter().map(uids).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [vec![("one", 0)], vec![("two", 0), ("both", 1)]]);
    let few = open(&run(&[&service_on_hosts(16)[..], &story].concat()));
    assert_eq!((few.len(), few[0].members_total), (1, 20));
}

#[test]
fn an_incident_that_only_a_hub_held_together_is_split() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let mut revisions = Vec::new();
    let story = [
        signal("one", AiAlert, 11 * HOUR, &[(User, "svc"), (User, "alice")]),
        signal("two", AiAlert, 12 * HOUR, &[(User, "svc"), (User, "bob")]),
        signal("after-one", Context, 13 * HOUR, &[(User, "alice")]),
        signal("after-two", Context, 13 * HOUR, &[(User, "bob")]),
    ];
    for signal in story.into_iter().chain(service_on_hosts(40)) {
        revisions.extend(correlator.process(signal).expect("process"));
    }
    check_revisions(&revisions);
    let incidents = open(&revisions);
    let [first, second] = incidents.as_slice() else { panic!("{incidents:#?}") };
    let (parent, part) = if first.split_from.is_none() { (first, second) } else { (second, first) };
    assert_eq!((&parent.uid, uids(parent)), (&named("one"), vec![("one", 0), ("after-one", 1)]));
    assert_eq!((&part.split_from, uids(part)), (&Some(named("one")), vec![("two", 0), ("after-two", 1)]));
    assert_eq!((part.uid.clone(), part.revision), (named("two"), 1));
    assert_eq!((correlator.stats().incidents_split, correlator.stats().hubs), (1, 1));
}

/// A uid that was closed by a merge is not used again when the merge is taken back.
#[test]
fn a_split_takes_back_a_merge_under_a_new_uid() {
    let story = [
        signal("one", AiAlert, 11 * HOUR, &[(User, "alice"), (Session, "s1")]),
        signal("two", AiAlert, 12 * HOUR, &[(User, "bob")]),
        signal("bridge", Context, 13 * HOUR, &[(Session, "s1"), (User, "bob"), (Device, "a")]),
    ];
    let more = (0..40).map(|at| {
        let host = format!("host{at}");
        signal(&format!("noise{at}"), Context, 13 * HOUR + at, &[(User, "bob"), (Device, &host)])
    });
    let signals: Vec<Signal> = story.into_iter().chain(more).collect();
    let revisions = run(&signals);
    let closed = revisions.iter().find(|incident| incident.merged_into.is_some()).expect("a merge");
    assert_eq!((&closed.uid, &closed.merged_into), (&named("two"), &Some(named("one"))));
    let incidents = open(&revisions);
    let part = incidents.iter().find(|incident| incident.split_from.is_some()).expect("a split");
    assert_eq!((uids(part), &part.split_from), (vec![("two", 0)], &Some(named("one"))));
    assert!(part.uid != named("two") && part.uid != named("one"));
}

/// Everyone in an office has the address of its NAT, and the assistant is everyone's too.
#[test]
fn two_campaigns_behind_one_nat_are_two_incidents() {
    let shared = [(Ip, "203.0.113.5"), (Agent, "helper"), (Application, "chat")];
    let with = |uid: &str, kind, at, own: &[(EntityKind, &str)]| signal(uid, kind, at, &[&shared, own].concat());
    let mut signals = Vec::new();
    for (who, start) in [("alice", 0), ("bob", 60_000)] {
        let device = format!("{who}-laptop");
        for at in 0..3i64 {
            let at = start + at * 600_000;
            signals.push(with(&format!("{who}-ai-{at}"), AiAlert, at, &[(User, who)]));
            signals.push(with(&format!("{who}-signin-{at}"), Context, at + 1, &[(User, who), (Device, &device)]));
        }
        signals.push(signal(&format!("{who}-edr"), Alert, start + HOUR, &[(Device, &device)]));
    }
    let incidents = open(&run(&signals));
    assert_eq!(incidents.iter().map(|i| i.members_total).collect::<Vec<_>>(), [7, 7], "{incidents:#?}");
    for incident in &incidents {
        let owners: std::collections::BTreeSet<&str> =
            uids(incident).iter().filter_map(|(uid, _)| uid.split('-').next()).collect();
        assert_eq!(owners.len(), 1, "{owners:?}");
    }
}

/// An attacker may write a victim's address into a prompt: it may bring the victim's records in, but never
/// the victim's own incident.
#[test]
fn a_mentioned_user_attaches_but_never_merges() {
    let mut attack = signal("attack", AiAlert, 0, &[(User, "mallory@contoso.example")]);
    let victim = Entity::new(User, ["alice@contoso.example"]).expect("a user");
    attack.entities.push(victim.mentioned());
    let own = signal("own", AiAlert, HOUR, &[(User, "alice@contoso.example")]);
    let signin = signal("signin", Context, HOUR, &[(User, "alice@contoso.example")]);
    let incidents = open(&run(&[attack, own, signin]));
    let mut members: Vec<_> = incidents.iter().map(uids).collect();
    members.sort_unstable();
    assert_eq!(members, [vec![("attack", 0), ("signin", 1)], vec![("own", 0), ("signin", 1)]]);
    let link =
        incidents.iter().flat_map(|i| &i.members).filter_map(|m| m.link.as_ref()).find(|l| l.factors[0].mentioned);
    assert_eq!(link.map(|link| link.to.as_str()), Some("attack"));
}

/// Two attacks with one tool are two; with a second thing in common they are one.
#[test]
fn an_artefact_alone_makes_no_two_stories_one() {
    let with = |uid: &str, kind, own: &[(EntityKind, &str)]| {
        signal(uid, kind, 0, &[&[(EntityKind::File, "a5f1c0ffee")], own].concat())
    };
    let openers = [with("a", AiAlert, &[(User, "alice")]), with("b", AiAlert, &[(User, "bob")])];
    let scan = with("scan", Context, &[]);
    let incidents = open(&run(&[openers[0].clone(), openers[1].clone(), scan]));
    assert_eq!(incidents.iter().map(|i| i.members_total).collect::<Vec<_>>(), [2, 2]);
    let second = [("a", "alice"), ("b", "bob")]
        .map(|(uid, user)| with(uid, AiAlert, &[(User, user), (EntityKind::Url, "https://evil.example/x")]));
    assert_eq!(open(&run(&second)).len(), 1);
}

/// Everything that a tenant sends has one address, one application and one agent in common.
#[test]
fn one_entity_in_every_signal_joins_nothing() {
    let mut signals = Vec::new();
    for at in 0..600i64 {
        let user = format!("user{}", at % 60);
        let kind = if at % 3 == 0 { AiAlert } else { Context };
        signals.push(signal(
            &format!("s{at:03}"),
            kind,
            at * 60_000,
            &[(User, &user), (Ip, "198.51.100.1"), (Application, "chat"), (Agent, "helper")],
        ));
    }
    let incidents = open(&run(&signals));
    assert!(incidents.iter().all(|incident| incident.members_total == 10), "{:#?}", incidents[0]);
    assert_eq!(incidents.len(), 20);
}

/// A source that is ahead closes nothing and makes nothing late while others are still telling.
#[test]
fn a_source_that_runs_ahead_waits_for_the_others() {
    let from = |product: &str, uid: &str, at| Signal {
        product: product.to_owned(),
        ..signal(uid, if uid.starts_with("ai") { AiAlert } else { Context }, at, &[(User, "alice")])
    };
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let mut revisions = Vec::new();
    for signal in [
        from("weir", "ai", 0),
        from("okta", "okta-1", HOUR),
        // Three and a half days ahead: the incident would be quiet.
        from("entra", "entra-1", 7 * DAY / 2),
        from("okta", "okta-2", 2 * HOUR),
    ] {
        revisions.extend(correlator.process(signal).expect("process"));
    }
    assert!(revisions.iter().all(|incident| incident.activity != Activity::Close), "{revisions:#?}");
    assert_eq!((open(&revisions)[0].members_total, correlator.stats().late), (3, 0));
    // Nobody holds the others back for more than a day.
    revisions.extend(correlator.process(from("entra", "entra-2", 5 * DAY)).expect("process"));
    assert_eq!(revisions.last().map(|incident| incident.activity), Some(Activity::Close));
}

#[test]
fn accounts_that_every_application_has_do_not_link_two_of_them() {
    let alert = |uid: &str, application: &str| signal(uid, AiAlert, 0, &[(User, "admin"), (Application, application)]);
    let incidents = open(&run(&[alert("a", "shop"), alert("b", "shop"), alert("c", "hr")]));
    assert_eq!(incidents.len(), 2);
}

#[test]
fn a_candidate_is_published_once_it_matters() {
    let config = Config { surface_priority_min: 52, ..Config::default() };
    let mut correlator = Correlator::new(config, MapStore::default());
    let signals = [
        signal("ai", AiAlert, 0, &[(User, "alice")]),
        signal("signin", Context, 1, &[(User, "alice"), (Device, "laptop")]),
        signal("edr", Alert, 2, &[(Device, "laptop")]),
    ];
    let mut published = Vec::new();
    for signal in signals {
        published.push(correlator.process(signal).expect("process"));
    }
    assert_eq!(published.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1], "{published:#?}");
    assert_eq!((correlator.stats().candidates, correlator.stats().candidates_over), (1, 1));
    let incident = &published[2][0];
    assert_eq!((incident.revision, incident.members_total, &incident.uid), (1, 3, &named("ai")));
    assert!(incident.priority >= 52);
}

/// What comes every day opens nothing and keeps nothing going; it is told where it belongs.
#[test]
fn common_alerts_attach_and_open_nothing() {
    let daily = |day: i64, severity| {
        let made = signal(&format!("a{day}"), AiAlert, day * DAY, &[(User, "sandbox")]);
        Signal { severity, ..made }
    };
    let days = |severity| (0..7).map(|day| daily(day, severity)).collect::<Vec<Signal>>();
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let published = days(Severity::Medium).into_iter().map(|s| correlator.process(s).expect("process").len());
    // The first is light and waits, five days are learned, and the sixth is attached to the fifth.
    assert_eq!(published.collect::<Vec<_>>(), [0, 1, 1, 1, 1, 1, 0]);
    assert_eq!((correlator.stats().candidates, correlator.stats().common), (1, 2));
    let grave = signal("grave", AiAlert, 6 * DAY + HOUR, &[(User, "sandbox")]);
    let revisions = correlator.process(grave).expect("process");
    let last = revisions.last().expect("an incident");
    assert_eq!(uids(last), [("a6", 2), ("grave", 0)]);
    assert_eq!(last.suppressed[0].rule, "common: raised about the same on 6 of the 7 days before");

    assert_eq!(open(&run(&days(Severity::High)))[0].members_total, 7);
    let mut elsewhere = days(Severity::Medium);
    for (signal, application) in elsewhere.iter_mut().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        signal.entities.extend(schemas::Entity::new(Application, [application]));
    }
    assert_eq!(open(&run(&elsewhere))[0].members_total, 7);
}

/// A flood of alerts must not hide the records that explain it.
#[test]
fn a_storm_leaves_room_for_what_explains_it() {
    let mut signals: Vec<Signal> =
        (0..500).map(|at| signal(&format!("a{at:03}"), AiAlert, at * 1_000, &[(User, "alice")])).collect();
    for at in 0..100 {
        signals.push(signal(&format!("c{at:02}"), Context, at * 1_000, &[(User, "alice"), (Device, "laptop")]));
        signals.push(signal(&format!("e{at:02}"), Alert, at * 1_000, &[(Device, "laptop")]));
    }
    let incidents = open(&run(&signals));
    let [incident] = incidents.as_slice() else { panic!("{} incidents", incidents.len()) };
    let listed = |first: char| incident.members.iter().filter(|m| m.signal.uid.as_str().starts_with(first)).count();
    // Half of 200 for alerts of the AI, a quarter for the vendor's, three sixteenths for context; what is left
    // over, since there is no far context, goes to the first.
    assert_eq!((listed('a'), listed('e'), listed('c')), (112, 50, 38));
    assert_eq!(incident.members_total, 700);
    let told = |to: &SignalUid| incident.members.iter().any(|member| member.signal.uid == *to);
    let links = incident.members.iter().filter_map(|member| member.link.as_ref());
    assert_eq!(links.filter(|link| told(&link.to)).count(), 199);
}

#[test]
fn a_story_that_begins_again_continues_the_closed_one() {
    let first = signal("first", AiAlert, 0, &[(User, "alice")]);
    let tick = signal("tick", Context, 4 * DAY, &[(User, "carol")]);
    let again = signal("again", AiAlert, 2 * DAY, &[(User, "alice"), (Device, "laptop")]);
    let other = signal("other", AiAlert, 2 * DAY, &[(User, "bob")]);
    // Before the first one is closed, after it, and with the second incident's alerts in both orders.
    for signals in [
        vec![first.clone(), again.clone(), other.clone(), tick.clone()],
        vec![first.clone(), tick.clone(), other.clone(), again.clone()],
        vec![again.clone(), first.clone(), other.clone(), tick.clone()],
    ] {
        let revisions = run(&signals);
        let closed = revisions.iter().find(|i| i.activity == Activity::Close).expect("a closed incident");
        assert_eq!((&closed.uid, &closed.merged_into), (&named("first"), &None));
        let incidents = open(&revisions);
        let continues: Vec<_> = incidents.iter().map(|i| (i.uid.clone(), i.continues.clone())).collect();
        let mut expected = vec![(named("again"), Some(named("first"))), (named("other"), None)];
        expected.sort_unstable();
        assert_eq!(continues, expected);
    }
    let late = signal("late", AiAlert, 9 * DAY, &[(User, "alice")]);
    let incidents = open(&run(&[first, tick, late]));
    assert_eq!(incidents[0].continues, None, "more than a week later it is another story");
}

#[test]
fn quiet_incidents_close_and_their_state_goes() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    let opener = signal("ai", AiAlert, 0, &[(User, "alice")]);
    correlator.process(opener.clone()).expect("process");
    correlator.process(signal("signin", Context, HOUR, &[(User, "alice")])).expect("process");
    let still = correlator.process(signal("x1", Context, 3 * DAY, &[(User, "bob")])).expect("process");
    assert!(still.is_empty(), "the last member is not three days old");
    let closed = correlator.process(signal("x2", Context, 3 * DAY + HOUR, &[(User, "bob")])).expect("process");
    let [last] = closed.as_slice() else { panic!("{closed:#?}") };
    assert_eq!((last.activity, last.revision, last.members_total), (Activity::Close, 3, 2));
    assert_eq!((&last.merged_into, last.status), (&None, IncidentStatus::Closed));
    // A repetition of the opener must not open the closed uid again.
    assert!(correlator.process(opener.clone()).expect("process").is_empty());
    assert_eq!(correlator.resolve(&TenantId::from("acme"), &last.uid).expect("resolve"), None);
    correlator.commit(b"").expect("commit");
    let rows = correlator.store().len();
    for day in 4..200 {
        let signal = signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")]);
        assert!(correlator.process(signal).expect("process").is_empty());
    }
    correlator.commit(b"").expect("commit");
    assert!(correlator.store().len() < rows + 60, "{} rows after {rows}", correlator.store().len());
    let late = correlator.process(opener).expect("process");
    assert!(late.is_empty() && correlator.stats().late == 1);
}

#[test]
fn an_open_incident_keeps_its_members_beyond_retention() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    correlator.process(signal("ai", AiAlert, 0, &[(User, "alice")])).expect("process");
    let mut last = Vec::new();
    for at in 1..30 {
        let opener = signal(&format!("b{at:02}"), AiAlert, at * DAY, &[(User, "alice")]);
        last = correlator.process(opener).expect("process");
    }
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].members.len(), last[0].revision, &last[0].uid), (30, 30, &named("ai")));
}

#[test]
fn times_at_both_ends_are_no_trouble() {
    let at = |uid: &str, millis: i64| Signal {
        time: Timestamp::from_millis(millis).expect("a time"),
        ..signal(uid, AiAlert, 0, &[(User, "alice"), (Ip, "203.0.113.1"), (Agent, "a")])
    };
    let signals =
        [at("epoch", 0), at("now", START), at("y2099", 4_070_908_800_000), at("end", Timestamp::MAX.millis())];
    let revisions = run(&signals);
    assert_eq!(revisions.iter().filter(|incident| incident.activity == Activity::Create).count(), 4);
    let mut backwards = Correlator::new(Config::default(), MapStore::default());
    for signal in signals.into_iter().rev() {
        backwards.process(signal).expect("process");
    }
    assert_eq!(backwards.stats().late, 3);
}

/// A storm into one incident: linear work, bounded revisions, whatever the order of times.
#[test]
fn a_storm_publishes_few_revisions() {
    for backwards in [false, true] {
        let mut correlator = Correlator::new(Config::default(), MapStore::default());
        let mut revisions = Vec::new();
        for at in 0..10_000i64 {
            let at = if backwards { 9_999 - at } else { at };
            let opener = signal(&format!("a{at:05}"), AiAlert, at * 100, &[(User, "alice"), (Session, "s")]);
            revisions.extend(correlator.process(opener).expect("process"));
        }
        revisions.extend(correlator.flush().expect("flush"));
        check_revisions(&revisions);
        let incidents = open(&revisions);
        assert_eq!((incidents.len(), incidents[0].members_total, incidents[0].members.len()), (1, 10_000, 200));
        assert_eq!(incidents[0].uid, named("a00000"));
        assert!(revisions.len() < 200, "{} revisions", revisions.len());
        assert!(correlator.flush().expect("flush").is_empty());
    }
}

/// The rows that a storm looks at must grow like its size: four times the signals, far from sixteen times
/// the work.
/// What a person does all day beside one alert is told now and then, an alert within a minute.
#[test]
fn a_busy_person_publishes_few_revisions() {
    let usual = |n: i64| signal(&format!("usual{n:04}"), Context, n * 30_000, &[(User, "alice")]);
    let mut signals = vec![signal("ai", AiAlert, 0, &[(User, "alice")])];
    signals.extend((1..2_880).map(usual));
    let revisions = run(&signals);
    assert!(revisions.len() < 120, "{}", revisions.len());
    assert_eq!(revisions.last().map(|last| last.members_total), Some(2_880));
    signals.insert(2_000, signal("again", AiAlert, 2_000 * 30_000 - 1, &[(User, "alice")]));
    let told = run(&signals).into_iter().find(|i| i.members.iter().any(|m| m.signal.uid.as_str() == "again"));
    let after = told.expect("a revision").time.millis() - common::START - 2_000 * 30_000;
    assert!((-1..=90_000).contains(&after), "{after}");
}

#[test]
fn a_storm_is_linear() {
    let rows = |count: i64| {
        let mut correlator = Correlator::new(Config::default(), Counting::default());
        for at in 0..count {
            let kind = if at % 2 == 0 { AiAlert } else { Context };
            let signal = signal(&format!("a{at:05}"), kind, at, &[(User, "alice"), (Device, "laptop")]);
            correlator.process(signal).expect("process");
            correlator.commit(&at.to_be_bytes()).expect("commit");
        }
        correlator.store().rows()
    };
    let (small, large) = (rows(2_500), rows(10_000));
    assert!(small > 0 && large < small * 6, "2,500 signals looked at {small} rows, 10,000 at {large}");
}

#[test]
fn a_full_incident_keeps_the_most_telling_and_counts_the_rest() {
    let config = Config { members_listed_max: 5, members_per_incident_max: 5, ..Config::default() };
    let mut correlator = Correlator::new(config, MapStore::default());
    let mut last = Vec::new();
    for at in (0..20).rev() {
        let kind = if at % 4 == 0 { AiAlert } else { Context };
        last = correlator.process(signal(&format!("s{at:02}"), kind, at, &[(User, "alice")])).expect("process");
    }
    let incident = last.last().expect("a revision");
    assert_eq!(incident.members_total, 20);
    assert_eq!(uids(incident), [("s00", 0), ("s04", 0), ("s08", 0), ("s12", 0), ("s16", 0)]);
    assert!(correlator.stats().members_counted_only > 0);
}
