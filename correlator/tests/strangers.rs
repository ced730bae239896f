//! What strangers have to do with each other: records about several people, and what somebody left for another to find.

#![cfg(test)]

mod common;

use common::{HOUR, open, run, signal};
use schemas::EntityKind::{Application, CloudResource, Device, Ip, Url, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{Entity, Incident, Signal};

const MINUTE: i64 = 60_000;
const EXIT: &str = "203.0.113.9";
const PAGE: &str = "https://contoso.example/procedures.docx";

/// The incidents that are open in the end, each as the ids of its members, whichever way the signals come.
fn stories(signals: &[Signal]) -> Vec<Vec<String>> {
    let forth = told(signals);
    let mut turned = signals.to_vec();
    for _ in 0..signals.len().min(6) {
        turned.rotate_left(signals.len().div_ceil(6));
        let back: Vec<Signal> = turned.iter().rev().cloned().collect();
        for order in [&turned, &back] {
            assert_eq!(told(order), forth);
        }
    }
    forth
}

fn told(signals: &[Signal]) -> Vec<Vec<String>> {
    let members = |incident: &Incident| incident.members.iter().map(|m| m.signal.uid.to_string()).collect();
    let mut stories: Vec<Vec<String>> = open(&run(signals)).iter().map(members).collect();
    stories.sort();
    stories
}

/// Who resets whose password is in both their stories, brings neither's other records into the other's, and makes no
/// two one; nor does a vendor's alert that lists everybody.
#[test]
fn a_record_about_several_people_joins_no_stories() {
    let victim = |at: i64| format!("v{at}@contoso.example");
    let reset = |at: i64| {
        let people = [(User, "admin@contoso.example"), (User, &*victim(at))].map(|(kind, id)| (kind, id.to_owned()));
        let people: Vec<_> = people.iter().map(|(kind, id)| (*kind, id.as_str())).collect();
        signal(&format!("reset{at}"), Context, at * MINUTE, &people)
    };
    let jailbreak = |at: i64| signal(&format!("ai{at}"), AiAlert, HOUR + at * MINUTE, &[(User, &victim(at))]);
    let mut signals: Vec<Signal> = (0..5).flat_map(|at| [reset(at), jailbreak(at)]).collect();
    signals.push(signal("admin", AiAlert, 2 * HOUR, &[(User, "admin@contoso.example")]));
    let mut list = signal("list", Alert, 3 * HOUR, &[]);
    list.entities = (0..5).filter_map(|at| Entity::new(User, [victim(at).as_str()])).collect();
    signals.push(list);
    let mut expected: Vec<Vec<String>> =
        (0..5).map(|at| vec![format!("reset{at}"), format!("ai{at}"), "list".to_owned()]).collect();
    expected.push((0..5).map(|at| format!("reset{at}")).chain(["admin".to_owned()]).collect());
    expected.sort();
    assert_eq!(stories(&signals), expected);
}

/// What calls one person by two names is about one, and so is what comes in parts of which each has one person.
#[test]
fn a_record_about_one_person_joins_what_it_always_did() {
    let mut one = signal("one", Context, HOUR, &[(Device, "laptop")]);
    one.entities.extend(Entity::new(User, ["alice@contoso.example", "s-1-5-21-1-1-1-7"]));
    one.entities.extend(Entity::new(User, ["s-1-5-21-1-1-1-7"]));
    let alerts = [("ai-user", User, "alice@contoso.example"), ("ai-laptop", Device, "laptop")];
    let alerts = alerts.map(|(uid, kind, id)| signal(uid, AiAlert, 0, &[(kind, id)]));
    assert_eq!(stories(&[&alerts[..], std::slice::from_ref(&one)].concat()).len(), 1);
    // A second person that a later part names takes it back.
    let more = signal("one", Context, HOUR, &[(User, "bob@contoso.example")]);
    assert_eq!(stories(&[&alerts[..], &[one, more]].concat()).len(), 2);
}

/// A stranger changes a page; a day later the assistant brings it to somebody else. Both are one story. What a colleague
/// did with the page, and what the stranger did with it after, makes none.
#[test]
fn what_came_from_a_new_address_and_what_came_of_it_are_one_story() {
    let planted = signal("planted", AiAlert, 0, &[(User, "alice"), (Ip, EXIT)]);
    let change = |at: i64, ip: &str| signal("change", Context, at, &[(User, "alice"), (Ip, ip), (Url, PAGE)]);
    let found = |at: i64| signal("found", AiAlert, at, &[(User, "bob"), (Application, "chat"), (Url, PAGE)]);
    let whole = vec![vec!["planted".to_owned(), "change".to_owned(), "found".to_owned()]];
    assert_eq!(stories(&[planted.clone(), change(HOUR, EXIT), found(12 * HOUR)]), whole);
    assert_eq!(stories(&[planted.clone(), change(HOUR, "10.1.2.3"), found(12 * HOUR)]).len(), 2);
    assert_eq!(stories(&[planted.clone(), change(HOUR, EXIT), found(30 * MINUTE)]).len(), 2);
    // An address that turns out to be known takes it back.
    let before = signal("before", Context, -40 * HOUR, &[(User, "carol"), (Ip, EXIT)]);
    assert_eq!(stories(&[planted.clone(), change(HOUR, EXIT), found(12 * HOUR), before]).len(), 2);
    // What two alerts name, without anybody who had it before, attaches nothing.
    let bucket = |uid: &str, user: &str| signal(uid, AiAlert, 0, &[(User, user), (CloudResource, "arn:aws:s3:::b")]);
    assert_eq!(stories(&[bucket("one", "alice"), bucket("two", "bob")]).len(), 2);
}
