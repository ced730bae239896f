//! What the correlator makes of small stories, each written out.

#![cfg(test)]

mod common;

use common::{HOUR, START, check_revisions, open, run, signal};
use correlator::store::{Changes, Store, Visit};
use correlator::{Config, Correlator, MapStore, StoreError};
use schemas::EntityKind::{Agent, Application, Device, Ip, Model, Session, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{Activity, Incident, IncidentStatus, IncidentUid, Severity, Signal, SignalUid, TenantId, Timestamp};

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
    assert_eq!(incident.priority, incident.priority_factors.iter().map(|f| f.points).sum::<u8>());
    let link = incident.members[1].link.as_ref().expect("a reason");
    assert_eq!((link.to.as_str(), link.strength, link.distance_ms), ("signin", 0.9, HOUR));
    assert_eq!(link.shared[0].ids, ["laptop"]);
    assert!(incident.members[2].link.is_none());
}

#[test]
fn an_address_an_application_or_a_model_links_nothing() {
    let entities = [(Ip, "203.0.113.5"), (Application, "chat"), (Model, "gpt")];
    let incidents = open(&run(&[signal("a", AiAlert, 0, &entities), signal("b", AiAlert, 1, &entities)]));
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
    let second = signal("second", AiAlert, HOUR, &[(User, "bob")]);
    let both = signal("both", Context, 2 * HOUR, &[(User, "alice"), (User, "bob")]);
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

#[test]
fn a_hub_keeps_direct_links_but_merges_and_reaches_no_further() {
    let config = Config { fanout_max: 3, ..Config::default() };
    let run = |noise: i64| {
        let mut correlator = Correlator::new(config.clone(), MapStore::default());
        let mut revisions = Vec::new();
        for at in 0..noise {
            let noise = signal(&format!("noise{at}"), Context, 20 * HOUR + at, &[(User, "svc")]);
            revisions.extend(correlator.process(noise).expect("process"));
        }
        for signal in [
            signal("one", AiAlert, 0, &[(User, "svc")]),
            signal("two", AiAlert, 40 * HOUR, &[(User, "svc")]),
            signal("between", Context, 20 * HOUR, &[(User, "svc"), (Device, "host")]),
        ] {
            revisions.extend(correlator.process(signal).expect("process"));
        }
        check_revisions(&revisions);
        (open(&revisions), correlator.stats().hubs)
    };
    let (merged, hubs) = run(0);
    assert_eq!((merged.len(), hubs), (1, 0));
    let (apart, hubs) = run(4);
    assert_eq!((apart.len(), hubs), (2, 1));
    assert!(apart.iter().all(|incident| incident.members_total == 6), "direct links stay: {apart:#?}");
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

/// A store that counts the rows that are looked at.
#[derive(Default)]
struct Counting {
    map: MapStore,
    rows: std::cell::Cell<u64>,
}

impl Store for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<std::sync::Arc<[u8]>>, StoreError> {
        self.rows.set(self.rows.get() + 1);
        self.map.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.map.scan(from, to, reverse, &mut |key, value| {
            self.rows.set(self.rows.get() + 1);
            visit(key, value)
        })
    }

    fn write(&mut self, changes: &Changes, position: &[u8]) -> Result<(), StoreError> {
        self.map.write(changes, position)
    }
}

/// The rows that a storm looks at must grow like its size: four times the signals, far from sixteen times
/// the work.
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
        correlator.store().rows.get()
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
