//! What the bounds do that an operator may set: nothing below them, and above them what their keys say.

#![cfg(test)]

mod common;

use common::desk::Desk;
use common::{HOUR, open, run_with, signal};
use correlator::Config;
use schemas::EntityKind::{Device, Ip, User};
use schemas::SignalKind::{AiAlert, Context};
use schemas::{Entity, Incident, Signal, SignalKind};

const DAY: i64 = 24 * HOUR;
const HOME: &str = "198.51.100.7";

fn uids(incident: &Incident) -> Vec<&str> {
    incident.members.iter().map(|m| m.signal.uid.as_str()).collect()
}

/// From how many records on somebody is known.
#[test]
fn as_many_records_as_the_operator_says_are_an_everyday() {
    let record = |uid: &str, at: i64| signal(uid, Context, at, &[(User, "alice"), (Ip, HOME)]);
    let mut asked = signal("asked", AiAlert, 0, &[(User, "alice"), (Ip, HOME)]);
    asked.facts.set("weir.channel", ["user".to_owned()]);
    // Beyond her window and beyond that of an address, so that home is known and these are no members.
    let signals = [record("before", -40 * HOUR), record("one", HOUR), record("two", 2 * HOUR), asked.clone()];
    let standing = |min: usize, signals: &[Signal]| {
        open(&run_with(&Config { surface_known_records_min: min, ..Config::default() }, signals)).len()
    };
    assert_eq!([1, 2, 3, 4].map(|min| standing(min, &signals)), [0, 0, 1, 1]);
    assert_eq!([0, 1].map(|min| standing(min, std::slice::from_ref(&asked))), [0, 1], "with none, everybody is known");
}

/// A closed incident is remembered for so many of its actors, and a new one of another actor continues nothing.
#[test]
fn so_many_actors_of_a_closed_incident_are_remembered() {
    let both = signal("both", AiAlert, 0, &[(User, "alice"), (Device, "laptop")]);
    let quiet = (1..6).map(|day| signal(&format!("day{day}"), Context, day * DAY, &[(User, "dave")]));
    let again = [signal("of-user", AiAlert, 5 * DAY, &[(User, "alice")])];
    let on_device = [signal("on-device", AiAlert, 5 * DAY, &[(Device, "laptop")])];
    let signals: Vec<Signal> = [both].into_iter().chain(quiet).chain(again).chain(on_device).collect();
    let continuing = |max: usize| {
        let incidents = open(&run_with(&Config { traces_per_incident_max: max, ..Config::default() }, &signals));
        let mut told: Vec<&str> = incidents.iter().filter(|i| i.continues.is_some()).flat_map(uids).collect();
        told.sort_unstable();
        told.join(" ")
    };
    assert_eq!([1, 2].map(continuing), ["on-device", "of-user on-device"], "the first in the order of keys");
}

/// Names that turn out to be one person's have so many records linked anew, the latest; the rest is counted.
#[test]
fn so_many_records_of_a_name_are_linked_anew() {
    const OBJECT_ID: &str = "5c1a1f52-2d8f-4c9c-9b5e-0f6f2f0a7d11";
    const SID: &str = "s-1-5-21-1004336348-1177238915-682003330-1104";
    let person = |uid: &str, kind: SignalKind, at: i64, names: &[&str]| {
        let mut made = signal(uid, kind, at, &[]);
        made.entities.extend(Entity::new(User, names.iter().copied()));
        made
    };
    let signals = [
        person("early", AiAlert, 0, &[OBJECT_ID]),
        person("early-logon", Context, HOUR, &[SID]),
        person("late", AiAlert, 60 * HOUR, &[OBJECT_ID]),
        person("late-logon", Context, 61 * HOUR, &[SID]),
        person("between", Context, 30 * HOUR, &[OBJECT_ID, SID]),
    ];
    let told = |max: usize| {
        let mut desk = Desk::with(Config { aliased_per_name_max: max, ..Config::default() });
        desk.take(signals.clone());
        let mut stories: Vec<String> = desk.open().iter().map(|incident| uids(incident).join(" ")).collect();
        stories.sort_unstable();
        (stories, desk.correlator.stats().aliased_skipped > 0)
    };
    assert_eq!(told(16), (vec!["early early-logon".to_owned(), "late late-logon".to_owned()], false));
    assert_eq!(told(1), (vec!["early".to_owned(), "late late-logon".to_owned()], true));
}
