//! What is rare and what is everyday: new addresses, keys in daily use, light alerts, registered tests.

#![cfg(test)]

mod common;

use std::sync::Arc;

use common::{HOUR, check_revisions, essence, open, run, run_with, signal};
use correlator::inventory::Expected;
use correlator::{Asset, Config, Correlator, Inventory, MapStore};
use schemas::EntityKind::{ApiKey, Device, Ip, User};
use schemas::SignalKind::{AiAlert, Context};
use schemas::{Entity, EntityKind, Incident, Severity, Signal, SignalKind, Timestamp};

const EXIT: &str = "203.0.113.9";
const MINUTE: i64 = 60_000;

fn uids(incident: &Incident) -> Vec<(&str, u8)> {
    incident.members.iter().map(|m| (m.signal.uid.as_str(), m.hops)).collect()
}

/// The incidents that are open in the end, which must be the same whichever way the signals come.
fn in_any_order(signals: &[Signal]) -> Vec<Incident> {
    let forth = essence(open(&run(signals)));
    let mut turned = signals.to_vec();
    for _ in 0..signals.len().min(6) {
        turned.rotate_left(signals.len().div_ceil(6));
        assert_eq!(essence(open(&run(&turned))), forth);
        let reversed: Vec<Signal> = turned.iter().rev().cloned().collect();
        assert_eq!(essence(open(&run(&reversed))), forth);
    }
    forth
}

fn of_alice() -> Signal {
    signal("alert", AiAlert, 0, &[(User, "alice"), (Ip, EXIT)])
}

#[test]
fn a_new_address_attaches_what_comes_from_it_and_joins_no_stories() {
    let mut signals = vec![of_alice(), signal("put", Context, 20 * MINUTE, &[(User, "svc"), (Ip, EXIT)])];
    let incidents = in_any_order(&signals);
    assert_eq!(incidents.iter().map(uids).collect::<Vec<_>>(), [[("alert", 0), ("put", 2)]]);
    let link = incidents[0].members[1].link.as_ref().expect("a link");
    assert!(link.strength > 0.5 && link.factors[0].rarity == 2.4, "{link:?}");
    // What is done with the account otherwise is not brought in.
    signals.push(signal("usual", Context, HOUR, &[(User, "svc"), (Device, "build")]));
    assert_eq!(in_any_order(&signals)[0].members_total, 2);
    // Another attacker rents the same exit.
    signals.push(signal("other", AiAlert, HOUR, &[(User, "bob"), (Ip, EXIT)]));
    let incidents = in_any_order(&signals);
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().all(|incident| uids(incident).contains(&("put", 2))), "{incidents:#?}");
}

/// A near member from the exit does as well as the alert, which may not know where its user was.
#[test]
fn a_new_address_of_a_near_member_attaches_too() {
    let signals = [
        signal("alert", AiAlert, 0, &[(User, "alice")]),
        signal("failed", Context, HOUR, &[(User, "alice"), (Ip, EXIT)]),
        signal("put", Context, 2 * HOUR, &[(User, "svc"), (Ip, EXIT)]),
    ];
    let incidents = in_any_order(&signals);
    assert_eq!(incidents.iter().map(uids).collect::<Vec<_>>(), [[("alert", 0), ("failed", 1), ("put", 2)]]);
}

#[test]
fn an_address_that_was_known_or_that_many_have_attaches_nothing() {
    let put = signal("put", Context, 20 * MINUTE, &[(User, "svc"), (Ip, EXIT)]);
    let before = |hours: i64| signal("before", Context, -hours * HOUR, &[(User, "carol"), (Ip, EXIT)]);
    let members = |signals: &[Signal]| in_any_order(signals).iter().map(|i| i.members_total).collect::<Vec<_>>();
    assert_eq!(members(&[of_alice(), put.clone(), before(40)]), [1]);
    assert_eq!(members(&[of_alice(), put.clone(), before(10)]), [2]);
    let users = ["carol", "dan", "erin"];
    let others = (0..3).map(|n| signal(users[n], Context, -(n as i64) * HOUR, &[(User, users[n]), (Ip, EXIT)]));
    let crowd: Vec<Signal> = [of_alice(), put].into_iter().chain(others).collect();
    assert_eq!(members(&crowd), [1]);
    // A branch office on the first day: one of four people tries a jailbreak, and the others work.
    let colleagues = (0..3).map(|n| signal(users[n], Context, n as i64 * MINUTE, &[(User, users[n]), (Ip, EXIT)]));
    assert_eq!(members(&[of_alice()].into_iter().chain(colleagues).collect::<Vec<_>>()), [1]);
    let private = |uid, kind, user| signal(uid, kind, 0, &[(User, user), (Ip, "10.1.2.3")]);
    assert_eq!(members(&[private("alert", AiAlert, "alice"), private("put", Context, "svc")]), [1]);
}

/// That an incident was closed makes no address new that it had.
#[test]
fn an_address_of_a_closed_incident_is_known() {
    const DAY: i64 = 24 * HOUR;
    let put = |at: i64| signal("put", Context, at, &[(User, "svc"), (Ip, EXIT)]);
    let again = |at: i64| signal("again", AiAlert, at, &[(User, "bob"), (Ip, EXIT)]);
    let quiet = |day: i64| signal(&format!("day{day}"), Context, day * DAY, &[(User, "carol")]);
    let members = |days: i64| {
        let mut signals = vec![of_alice()];
        signals.extend((1..=days).map(quiet));
        signals.extend([again(days * DAY), put(days * DAY + HOUR)]);
        open(&run(&signals)).iter().map(|incident| incident.members_total).collect::<Vec<_>>()
    };
    assert_eq!(members(5), [1], "the first incident was closed two days ago");
    assert_eq!(members(9), [2], "nobody knows it any more");
}

/// Of a key that a job uses all day, only what is unusual is part of the story.
#[test]
fn a_key_in_daily_use_attaches_what_comes_from_a_new_address() {
    let call = |uid: &str, at: i64, ip: &str| signal(uid, Context, at, &[(ApiKey, "AKIAJOB"), (Ip, ip)]);
    let mut signals: Vec<Signal> =
        (-288..48).map(|n| call(&format!("job{n}"), n * 30 * MINUTE, "198.51.100.40")).collect();
    signals.push(signal("leak", AiAlert, 0, &[(User, "alice"), (ApiKey, "AKIAJOB")]));
    signals.extend((0..4).map(|n| call(&format!("theft{n}"), 5 * HOUR + n * MINUTE, EXIT)));
    let incidents = in_any_order(&signals);
    let expected = [("leak", 0), ("theft0", 1), ("theft1", 1), ("theft2", 1), ("theft3", 1)];
    assert_eq!(incidents.iter().map(uids).collect::<Vec<_>>(), [expected]);
    // A key that hardly anybody uses is the attacker's, wherever the calls come from.
    let forgotten: Vec<Signal> = signals.into_iter().filter(|s| !s.uid.as_str().starts_with("job")).collect();
    assert_eq!(in_any_order(&forgotten)[0].members_total, 5);
}

/// Alerts are no use of a key: neither does a flood of them make it everyday, nor is it forgotten how it was used when
/// they are linked anew.
#[test]
fn a_flood_through_a_key_is_one_story() {
    let alert = |n: i64| signal(&format!("alert{n:03}"), AiAlert, n * 10_000, &[(ApiKey, "k1"), (Ip, "198.51.100.40")]);
    let flood: Vec<Signal> = (0..200).map(alert).collect();
    let turned: Vec<Signal> = flood.iter().rev().cloned().collect();
    for signals in [&flood, &turned] {
        let incidents = open(&run(signals));
        assert_eq!(incidents.iter().map(|incident| incident.members_total).collect::<Vec<_>>(), [200]);
    }
}

/// Calls that were taken in before the key came into daily use leave, however many alerts stand about it.
#[test]
fn a_key_that_comes_into_daily_use_lets_early_calls_go() {
    let call =
        |n: i64| signal(&format!("call{n:03}"), Context, n * 2 * MINUTE, &[(ApiKey, "AKIAJOB"), (Device, "job")]);
    let alert =
        |n: i64| signal(&format!("alert{n}"), AiAlert, n * 60 * MINUTE, &[(User, "alice"), (ApiKey, "AKIAJOB")]);
    let mut signals: Vec<Signal> = (0..70).map(call).collect();
    signals.extend((0..3).map(alert));
    let incidents = in_any_order(&signals);
    assert_eq!(incidents.iter().map(uids).collect::<Vec<_>>(), [[("alert0", 0), ("alert1", 0), ("alert2", 0)]]);
}

/// Who floods an application without an account is one story by address, and two who do something else are not.
#[test]
fn the_same_threat_from_one_address_is_one_story_where_nobody_is_named() {
    let alert = |uid: &str, at: i64| signal(uid, AiAlert, at, &[(EntityKind::Application, "chat"), (Ip, EXIT)]);
    let flood: Vec<Signal> = (0..100).map(|n| alert(&format!("alert{n:02}"), n * MINUTE)).collect();
    let incidents = in_any_order(&flood);
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].members[1].link.as_ref().is_some_and(|link| link.repeat == 0.2));
    let other = Signal { category: Some(schemas::Category::CredentialLeak), ..alert("other", MINUTE) };
    assert_eq!(in_any_order(&[alert("one", 0), other]).len(), 2);
    let named = |uid: &str, user: &str| signal(uid, AiAlert, 0, &[(User, user), (Ip, EXIT)]);
    assert_eq!(in_any_order(&[named("one", "alice"), named("two", "bob")]).len(), 2);
}

fn at_chat(uid: &str, at: i64, ip: &str) -> Signal {
    signal(uid, AiAlert, at, &[(EntityKind::Application, "chat"), (Ip, ip)])
}

/// How many members the incidents have, the smallest first.
fn sizes(signals: &[Signal]) -> Vec<u64> {
    let mut sizes: Vec<u64> = in_any_order(signals).iter().map(|incident| incident.members_total).collect();
    sizes.sort_unstable();
    sizes
}

/// Who scans every night is one story, as long as it is the same from the same address of the internet.
#[test]
fn who_comes_back_every_night_is_one_story() {
    let nights = |ip: &str| (0..3).map(|n| at_chat(&format!("night{n}"), n * 25 * HOUR, ip)).collect::<Vec<_>>();
    assert_eq!(sizes(&nights(EXIT)), [3]);
    assert_eq!(sizes(&nights("10.1.2.3")), [1; 3], "another machine has it the next day");
    assert_eq!(sizes(&[at_chat("one", 0, EXIT), at_chat("two", 49 * HOUR, EXIT)]), [1; 2]);
    // Whoever has a name is known by that, and not by the address.
    let named = nights(EXIT).into_iter().map(|mut alert| {
        alert.entities.extend(Entity::new(User, ["alice"]));
        alert
    });
    assert_eq!(sizes(&named.collect::<Vec<_>>()), [1; 3]);
}

/// A scan of every night hides nothing that comes of it: another threat from there is an incident of its own.
#[test]
fn what_comes_of_a_scan_is_told() {
    let mut signals: Vec<Signal> = (0..3).map(|n| at_chat(&format!("scan{n}"), n * 24 * HOUR, EXIT)).collect();
    let leak = at_chat("leak", 48 * HOUR + MINUTE, EXIT);
    signals.push(Signal { category: Some(schemas::Category::CredentialLeak), ..leak });
    assert_eq!(sizes(&signals), [1, 3]);
}

/// A key that a whole company uses says nothing, wherever a record of it comes from.
#[test]
fn a_key_of_many_people_attaches_nothing_from_a_new_address() {
    let call = |n: i64| {
        let user = format!("user{n}");
        signal(&format!("call{n}"), Context, n * MINUTE, &[(User, &user), (ApiKey, "AKIAAPP")])
    };
    let alert = |uid: &str, user: &str| signal(uid, AiAlert, 0, &[(User, user), (ApiKey, "AKIAAPP")]);
    let mut signals: Vec<Signal> = (1..40).map(call).collect();
    signals.extend([alert("one", "alice"), alert("two", "bob")]);
    signals.push(signal("abroad", Context, MINUTE, &[(User, "carol"), (ApiKey, "AKIAAPP"), (Ip, EXIT)]));
    let alone: Vec<u64> = run(&signals).iter().map(|incident| incident.members_total).collect();
    assert_eq!(alone, [1, 1]);
}

/// What an address alone brought to a story is taken back when a hub lets it go to its own.
#[test]
fn who_lodges_by_address_goes_home_when_a_hub_falls_apart() {
    let near = |uid: &str, user: &str, at: i64| signal(uid, AiAlert, at, &[(User, user), (Device, "shared")]);
    let alice = signal("one", AiAlert, 0, &[(User, "alice"), (Ip, EXIT), (Device, "shared")]);
    let record = signal("record", Context, 2 * MINUTE, &[(User, "bob"), (Ip, EXIT)]);
    let mut signals = vec![alice, near("two", "bob", MINUTE), record];
    signals.extend((0..40).map(|n| {
        let user = format!("user{n}");
        signal(&format!("sign-in{n}"), Context, 3 * MINUTE + n, &[(User, &user), (Device, "shared")])
    }));
    let incidents = open(&run(&signals));
    let told = |story: &Incident| story.members.iter().map(|m| m.signal.uid.to_string()).collect::<Vec<_>>();
    let mut stories: Vec<_> = incidents.iter().map(told).collect();
    stories.sort();
    assert_eq!(stories, [vec!["one"], vec!["two", "record"]]);
}

fn light(uid: &str, at: i64) -> Signal {
    Signal { severity: Severity::Medium, ..signal(uid, AiAlert, at, &[(User, "alice")]) }
}

#[test]
fn a_light_alert_waits_for_something_beside_it() {
    let sign_in = |uid: &str, at: i64| signal(uid, Context, at, &[(User, "alice"), (Device, "laptop")]);
    let everyday = [light("light", 0), sign_in("usual", HOUR)];
    assert!(run(&everyday).is_empty());
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    for signal in everyday.clone() {
        assert!(correlator.process(signal).expect("process").is_empty());
    }
    assert_eq!((correlator.stats().candidates, correlator.stats().candidates_over), (1, 0));
    let technique = Signal { techniques: vec!["T1098".to_owned()], ..sign_in("changed", 2 * HOUR) };
    let abroad = signal("abroad", Context, 2 * HOUR, &[(User, "alice"), (Ip, EXIT)]);
    for beside in [light("second", 2 * HOUR), technique, abroad] {
        let signals = [&everyday[..], std::slice::from_ref(&beside)].concat();
        let revisions = run(&signals);
        assert_eq!((revisions.len(), revisions[0].revision, revisions[0].members_total), (1, 1, 3), "{beside:?}");
        check_revisions(&revisions);
        assert_eq!(in_any_order(&signals).len(), 1);
    }
    let grave = Signal { severity: Severity::High, ..light("grave", 0) };
    assert_eq!(run(&[grave]).len(), 1);
    let of_a_rule = Signal { category: None, ..light("rule", 0) };
    assert_eq!(run(&[of_a_rule]).len(), 1);
    let all = Config { surface_lone_severity_min: Severity::Unknown, ..Config::default() };
    assert_eq!(run_with(&all, &everyday).len(), 2);
}

/// What a known user asked for once is nobody's business, however grave; it is with anything independent beside it.
#[test]
fn a_lone_attempt_waits_for_something_independent() {
    const HOME: &str = "198.51.100.7";
    let asked = |uid: &str, at: i64, channel: &str| {
        let mut made = signal(uid, AiAlert, at, &[(User, "alice"), (Ip, HOME)]);
        made.facts.set("weir.channel", [channel.to_owned()]);
        made
    };
    let record = |uid: &str, at: i64, ip: &str| signal(uid, Context, at, &[(User, "alice"), (Ip, ip)]);
    // Where alice is every day, so that the address is no new one.
    let known = record("known", -40 * HOUR, HOME);
    let usual =
        [record("usual-1", -3 * HOUR, HOME), record("usual-2", -2 * HOUR, HOME), record("usual-3", -HOUR, HOME)];
    let everyday = [&usual[..], &[known.clone(), asked("asked", 0, "user")]].concat();
    assert!(run(&everyday).is_empty());
    assert_eq!(run(&everyday[1..]).len(), 1, "two records make no everyday");
    let with = |beside: Signal| run(&[&everyday[..], &[beside]].concat()).len();
    let noise = |severity| Signal { severity, kind: SignalKind::Alert, ..record("noise", HOUR, HOME) };
    assert_eq!(with(noise(Severity::Low)), 0, "a vendor's low alert is everyday");
    assert_eq!(with(record("later", 12 * HOUR, EXIT)), 0, "another place half a day later is a journey");
    let technique = Signal { techniques: vec!["T1098".to_owned()], ..record("changed", HOUR, HOME) };
    for beside in [noise(Severity::Medium), technique, record("abroad", HOUR, EXIT), asked("again", HOUR, "user")] {
        assert_eq!(with(beside.clone()), 1, "{beside:?}");
    }
    // What the application said or brought is no attempt, and of whom nothing is known nothing is everyday.
    let leaked = [&usual[..], &[known.clone(), asked("asked", 0, "assistant")]].concat();
    assert_eq!(run(&leaked).len(), 1);
    assert_eq!(run(&[known, asked("asked", 0, "user")]).len(), 1);
    let grave = |severity| Config { surface_lone_attempt_severity_min: severity, ..Config::default() };
    assert_eq!(run_with(&grave(Severity::High), &everyday).len(), 1);
}

#[test]
fn a_registered_test_opens_nothing_while_it_is_valid() {
    let hour = |hour: i64| Timestamp::from_millis(common::START + hour * HOUR);
    let tester = Asset {
        kind: EntityKind::User,
        ids: vec!["red".to_owned()],
        addresses: Vec::new(),
        shared_as: None,
        criticality: 0.0,
        expected: Some(Expected::AuthorisedTest),
        expected_from: hour(0),
        expected_until: hour(10),
    };
    let inventory = Arc::new(Inventory::new(vec![tester]).expect("an inventory"));
    let config = Config { inventory, ..Config::default() };
    let test = |uid: &str, at: i64| signal(uid, AiAlert, at * HOUR, &[(User, "red")]);
    assert!(run_with(&config, &[test("a", 1), test("b", 2)]).is_empty());
    // What comes after the test is an alert, to which the expected ones are listed.
    let revisions = run_with(&config, &[test("a", 1), test("b", 2), test("c", 11)]);
    let last = revisions.last().expect("an incident");
    assert_eq!(uids(last), [("a", 2), ("b", 2), ("c", 0)]);
    let why: Vec<&str> = last.suppressed.iter().map(|suppressed| suppressed.rule.as_str()).collect();
    assert_eq!(why, ["inventory: user red is an authorised_test"; 2]);
}
