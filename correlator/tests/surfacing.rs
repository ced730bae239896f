//! Which incidents stand in the end is a function of the records: what surfaced before it could be seen how ordinary it
//! is, is withdrawn, and told anew when something joins it.

#![cfg(test)]

mod common;

use common::desk::{Desk, comment, named};
use common::{Dice, HOUR, check_revisions, essence, open, run, signal};
use schemas::EntityKind::{Device, Ip, Session, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{Activity, Entity, Incident, IncidentStatus, Severity, Signal};

const HOME: &str = "198.51.100.7";
const EXIT: &str = "203.0.113.9";
const DAY: i64 = 24 * HOUR;
/// What was there before the day of the story, so that home is no new address.
const BEFORE: i64 = -40 * HOUR;

/// What alice asked for at `at`.
fn asked(uid: &str, at: i64) -> Signal {
    let mut made = signal(uid, AiAlert, at, &[(User, "alice"), (Ip, HOME)]);
    made.facts.set("weir.channel", ["user".to_owned()]);
    made
}

fn record(uid: &str, at: i64, ip: &str) -> Signal {
    signal(uid, Context, at, &[(User, "alice"), (Ip, ip)])
}

/// Somebody else at home long before.
fn before() -> Signal {
    signal("before", Context, BEFORE, &[(User, "carol"), (Ip, HOME)])
}

fn everyday() -> [Signal; 3] {
    [record("usual-1", HOUR, HOME), record("usual-2", 2 * HOUR, HOME), record("usual-3", 3 * HOUR, HOME)]
}

/// A vendor's alert of medium severity.
fn grave(uid: &str, at: i64) -> Signal {
    Signal { severity: Severity::Medium, ..signal(uid, Alert, at, &[(User, "alice"), (Ip, HOME)]) }
}

fn said(incident: &Incident) -> (u32, Activity, IncidentStatus, bool) {
    (incident.revision, incident.activity, incident.status, incident.withdrawn)
}

#[test]
fn what_later_records_explain_is_withdrawn_and_told_anew_when_something_joins_it() {
    let mut desk = Desk::new();
    desk.take([before(), asked("asked", 0)]).take(everyday());
    desk.take([record("usual-4", 4 * HOUR, HOME), record("usual-5", 5 * HOUR, HOME)]);
    let uid = named("asked");
    use IncidentStatus::{New, Resolved};
    let told: Vec<_> = desk.said.iter().map(said).collect();
    let expected = [
        (1, Activity::Create, New, false),
        (2, Activity::Update, New, false),
        (3, Activity::Update, New, false),
        (4, Activity::Update, Resolved, true),
    ];
    assert_eq!(told, expected, "and nothing more of what is withdrawn");
    assert_eq!(desk.correlator.stats().incidents_withdrawn, 1);
    desk.take([grave("grave", 6 * HOUR)]);
    assert_eq!(said(desk.last(&uid)), (5, Activity::Update, New, false));
    assert_eq!(desk.last(&uid).members_total, 7);
    check_revisions(&desk.said);
}

/// What somebody took up is theirs, before and after it would be withdrawn.
#[test]
fn what_an_analyst_took_up_stays() {
    let uid = named("asked");
    let mut desk = Desk::new();
    desk.take([before(), asked("asked", 0)]);
    desk.give(&uid, comment("I look into it"));
    desk.take(everyday());
    assert!(!desk.last(&uid).withdrawn && desk.last(&uid).status == IncidentStatus::New);
    let mut late = Desk::new();
    late.take([before(), asked("asked", 0)]).take(everyday());
    assert!(late.last(&uid).withdrawn);
    late.give(&uid, comment("no, wait"));
    assert_eq!(said(late.last(&uid)), (5, Activity::Update, IncidentStatus::New, false));
    for desk in [desk, late] {
        check_revisions(&desk.said);
    }
}

/// A record that comes late may show that an address was no new one.
#[test]
fn an_address_that_was_known_after_all_takes_the_reason_away() {
    let light = Signal { severity: Severity::Medium, ..signal("light", AiAlert, 0, &[(User, "alice")]) };
    let abroad = signal("abroad", Context, HOUR, &[(User, "alice"), (Ip, EXIT)]);
    let late = signal("late", Context, BEFORE, &[(User, "dan"), (Ip, EXIT)]);
    let mut desk = Desk::new();
    desk.take([light, abroad]);
    assert_eq!(desk.open().len(), 1);
    desk.take([late]);
    assert!(desk.open().is_empty(), "{:#?}", desk.said);
    assert!(desk.last(&named("light")).withdrawn);
}

/// Who worked here yesterday is known this morning; what others did, or what was done to several, is no everyday of hers.
#[test]
fn who_was_here_the_day_before_is_known() {
    let seen = signal("seen", Context, -3 * HOUR, &[(User, "alice"), (Session, "s1")]);
    let morning = [before(), seen, record("morning", -2 * HOUR, HOME), asked("asked", 0)];
    let yesterday = |uid: &str, user: &str| {
        let mut made = signal(uid, Context, -25 * HOUR, &[(User, user)]);
        made.entities.extend(Entity::new(Session, ["s1"]));
        made
    };
    let with = |further: &[Signal]| open(&run(&[&morning[..], further].concat())).len();
    assert_eq!(with(&[]), 1, "two records");
    assert_eq!(with(&[yesterday("of-alice", "alice")]), 0);
    assert_eq!(with(&[yesterday("of-bob", "bob")]), 1);
    let mut several = yesterday("of-both", "alice");
    several.entities.extend(Entity::new(User, ["helpdesk"]));
    assert_eq!(with(&[several]), 1);
}

/// A story that follows on what was withdrawn continues nothing: in another order nobody would have heard of it.
#[test]
fn what_was_withdrawn_leaves_no_traces() {
    let quiet = (1..12).map(|day| signal(&format!("day{day}"), Context, day * DAY, &[(User, "dave")]));
    let again = signal("again", AiAlert, 6 * DAY, &[(User, "alice"), (Device, "laptop")]);
    let mut signals = vec![before(), asked("asked", 0)];
    signals.extend(everyday());
    signals.extend(quiet.take(5));
    signals.push(again.clone());
    let revisions = run(&signals);
    let closed = revisions.iter().rfind(|incident| incident.uid == named("asked")).expect("an incident");
    assert_eq!((closed.activity, closed.status, closed.withdrawn), (Activity::Close, IncidentStatus::Closed, true));
    let open = open(&revisions);
    assert_eq!(
        open.iter().map(|incident| (&incident.uid, &incident.continues)).collect::<Vec<_>>(),
        [(&named("again"), &None)]
    );
}

/// Of records around the gate, every order ends in the same incidents.
#[test]
fn what_surfaces_is_the_same_in_every_order() {
    let known = [&everyday()[..], &[before(), asked("asked", 0)]].concat();
    let with = |further: &[Signal]| [&known[..], further].concat();
    let light = Signal { severity: Severity::Medium, ..signal("light", AiAlert, 0, &[(User, "alice")]) };
    let worlds = [
        (with(&[]), 0),
        (with(&[grave("grave", 4 * HOUR)]), 1),
        (with(&[record("abroad", HOUR, EXIT)]), 1),
        (with(&[record("abroad", HOUR, EXIT), signal("late", Context, BEFORE, &[(User, "dan"), (Ip, EXIT)])]), 0),
        (known[1..].to_vec(), 1),
        (vec![light.clone(), record("abroad", HOUR, EXIT)], 1),
        (vec![light, record("abroad", HOUR, EXIT), signal("late", Context, BEFORE, &[(User, "dan"), (Ip, EXIT)])], 0),
    ];
    let mut withdrawn = 0;
    for (number, (signals, standing)) in worlds.iter().enumerate() {
        for order in orders(signals) {
            let revisions = run(&order);
            withdrawn += revisions.iter().filter(|incident| incident.withdrawn).count();
            assert_eq!(open(&revisions).len(), *standing, "world {number}: {order:#?}");
        }
    }
    assert!(withdrawn > 100, "the orders are too tame: {withdrawn}");
}

/// All orders of a few signals.
fn orders(signals: &[Signal]) -> Vec<Vec<Signal>> {
    let Some((first, rest)) = signals.split_first() else { return vec![Vec::new()] };
    let put = |order: Vec<Signal>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, first.clone());
            order
        })
    };
    orders(rest).into_iter().flat_map(put).collect()
}

/// Attempts and records of few people, some at home and some abroad, over three days.
fn world(dice: &mut Dice) -> Vec<Signal> {
    let made = |at: u64, dice: &mut Dice| {
        let uid = format!("s{at:02}");
        let time = dice.below(72 * 4) as i64 * HOUR / 4;
        let user = ["alice", "bob"][dice.below(2) as usize];
        let ip = [HOME, HOME, "198.51.100.8", EXIT, "203.0.113.10"][dice.below(5) as usize];
        let mut made = match dice.below(8) {
            0..2 => Signal { severity: Severity::High, ..asked(&uid, time) },
            2 => Signal { severity: Severity::Medium, ..signal(&uid, AiAlert, time, &[]) },
            3 => Signal { severity: Severity::Low, ..signal(&uid, Alert, time, &[]) },
            _ => signal(&uid, Context, time, &[]),
        };
        made.entities = Entity::new(User, [user]).into_iter().chain(Entity::new(Ip, [ip])).collect();
        made
    };
    (0..2 + dice.below(14)).map(|at| made(at, dice)).collect()
}

#[test]
fn what_surfaces_is_the_same_in_many_worlds() {
    let (mut standing, mut withdrawn) = (0, 0);
    for number in 0..400 {
        let mut dice = Dice(number);
        let mut signals = world(&mut dice);
        let mut reference: Option<Vec<Incident>> = None;
        for _ in 0..6 {
            dice.shuffle(&mut signals);
            let revisions = run(&signals);
            withdrawn += revisions.iter().filter(|incident| incident.withdrawn).count();
            let incidents: Vec<Incident> = open(&revisions).into_iter().map(unnamed).collect();
            standing += incidents.len();
            assert_eq!(reference.get_or_insert_with(|| essence(incidents.clone())), &essence(incidents), "{number}");
        }
    }
    assert!(standing > 100 && withdrawn > 20, "the worlds are too tame: {standing} stand, {withdrawn} withdrawn");
}

/// A candidate gives its name to nothing that was published, so that the name shows what was published when.
fn unnamed(incident: Incident) -> Incident {
    let members: Vec<&str> = incident.members.iter().map(|member| member.signal.uid.as_str()).collect();
    Incident { uid: members.join(" ").as_str().into(), ..incident }
}
