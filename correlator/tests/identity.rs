//! One person by many names: what is learned from records, what the inventory says, and what is everybody's.

#![cfg(test)]

mod common;

use common::{HOUR, open, run, run_with, signal};
use correlator::inventory::SharedAs;
use correlator::{Asset, Config, Correlator, Inventory, MapStore};
use schemas::EntityKind::{Device, Ip, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{Entity, Incident, Signal, SignalKind};

const DAY: i64 = 24 * HOUR;

fn uids(incident: &Incident) -> Vec<(&str, u8)> {
    incident.members.iter().map(|m| (m.signal.uid.as_str(), m.hops)).collect()
}

/// A signal of one user with all of `names`.
fn person(uid: &str, kind: SignalKind, at: i64, names: &[&str]) -> Signal {
    let mut made = signal(uid, kind, at, &[]);
    made.entities.extend(Entity::new(User, names.iter().copied()));
    made
}

/// One person by object id here and by SID there, until a third record says that both are one.
fn one_person_by_two_names() -> [Signal; 3] {
    const OBJECT_ID: &str = "5c1a1f52-2d8f-4c9c-9b5e-0f6f2f0a7d11";
    const SID: &str = "s-1-5-21-1004336348-1177238915-682003330-1104";
    [
        person("ai", AiAlert, HOUR, &[OBJECT_ID]),
        person("logon", Context, 2 * HOUR, &[SID, "contoso\\alice"]),
        person("between", Context, 3 * DAY / 2, &[OBJECT_ID, SID]),
    ]
}

#[test]
fn a_third_record_says_that_two_names_are_one_person() {
    let [ai, logon, between] = one_person_by_two_names();
    assert_eq!(open(&run(&[ai.clone(), logon.clone()]))[0].members_total, 1);
    for signals in [[&ai, &logon, &between], [&between, &logon, &ai], [&logon, &between, &ai], [&ai, &between, &logon]]
    {
        let incidents = open(&run(&signals.map(Signal::clone)));
        let [incident] = incidents.as_slice() else { panic!("{incidents:#?}") };
        // The record between lies beyond the window of a user: it links, and is no member.
        assert_eq!(uids(incident), [("ai", 0), ("logon", 1)]);
        let link = incident.members[1].link.as_ref().expect("a reason");
        assert_eq!(link.shared[0].ids, ["s-1-5-21-1004336348-1177238915-682003330-1104"]);
        assert!(link.factors[0].alias && link.factors[0].kind == User && !link.factors[0].mentioned);
    }
}

/// A record that names an address of the house alone is of the device that had it then, and not of the next one.
#[test]
fn an_address_is_leased_to_a_device_for_a_time() {
    const LAPTOP: &str = "10.20.0.5";
    let has = |uid: &str, kind, at, device| signal(uid, kind, at, &[(Device, device), (Ip, LAPTOP)]);
    let claims = [has("beacon", Alert, HOUR, "pc-a"), has("boot", Context, 6 * HOUR, "pc-b")];
    let jailbreak = |at| signal("ai", AiAlert, at, &[(Ip, LAPTOP)]);
    let members = |signals: &[Signal]| {
        open(&run(signals)).iter().flat_map(uids).map(|(uid, _)| uid.to_owned()).collect::<Vec<_>>()
    };
    for (at, expected) in [
        (0, &["ai"][..]),
        (2 * HOUR, &["beacon", "ai"]),
        (7 * HOUR, &["boot", "ai"]),
        // Nobody had it for so long that anybody may have it.
        (15 * HOUR, &["ai"]),
    ] {
        let [first, second] = claims.clone();
        let ai = jailbreak(at);
        for order in [[&first, &second, &ai], [&ai, &second, &first], [&second, &first, &ai]] {
            assert_eq!(members(&order.map(Signal::clone)), expected, "{at}");
        }
    }
    // A gateway's address is had by all in turns, and the end of a connection has nothing to do with who began it.
    let turns = (0..6).map(|n| has(&format!("turn{n}"), Context, HOUR + n * 60_000, ["pc-a", "pc-b"][n as usize % 2]));
    let signals: Vec<Signal> = turns.chain([jailbreak(2 * HOUR)]).collect();
    assert_eq!(members(&signals), ["ai"]);
    let mut target = has("target", Alert, HOUR, "pc-a");
    target.entities.iter_mut().filter(|e| e.kind == Ip).for_each(|ip| ip.role = Some(schemas::Role::Destination));
    assert_eq!(members(&[target, jailbreak(2 * HOUR)]), ["ai"]);
    let public = |uid, kind, at, with: &[(schemas::EntityKind, &str)]| signal(uid, kind, at, with);
    let nat = public("nat", Alert, HOUR, &[(Device, "pc-a"), (Ip, "198.51.100.7")]);
    // Beyond the reach of a new address, within that of a lease.
    let config = Config { ip_window_secs: 4 * 3_600, ..Config::default() };
    let late = open(&run_with(&config, &[nat, public("ai", AiAlert, 6 * HOUR, &[(Ip, "198.51.100.7")])]));
    assert_eq!(late.iter().flat_map(uids).map(|(uid, _)| uid).collect::<Vec<_>>(), ["ai"]);
}

/// What the inventory says of a device's addresses holds always.
#[test]
fn the_inventory_knows_addresses() {
    let server = Asset {
        kind: Device,
        ids: vec!["build-1".to_owned(), "build-1.contoso.example".to_owned()],
        addresses: vec!["10.9.9.9".to_owned()],
        shared_as: None,
        criticality: 0.0,
        expected: None,
        expected_from: None,
        expected_until: None,
    };
    assert!(Inventory::new(vec![Asset { addresses: vec!["198.51.100.7".to_owned()], ..server.clone() }]).is_err());
    assert!(Inventory::new(vec![Asset { kind: User, ..server.clone() }]).is_err());
    let config = Config { inventory: Inventory::new(vec![server]).expect("an inventory").into(), ..Config::default() };
    let signals = [
        signal("edr", Alert, 0, &[(Device, "build-1.contoso.example")]),
        signal("ai", AiAlert, 20 * HOUR, &[(Ip, "10.9.9.9")]),
    ];
    assert_eq!(open(&run_with(&config, &signals))[0].members_total, 2);
}

#[test]
fn the_inventory_names_and_judges() {
    let [ai, logon, _] = one_person_by_two_names();
    let asset = |ids: &[&str], shared_as| Asset {
        kind: User,
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        addresses: Vec::new(),
        shared_as,
        criticality: 0.0,
        expected: None,
        expected_from: None,
        expected_until: None,
    };
    let ids = ["5C1A1F52-2D8F-4C9C-9B5E-0F6F2F0A7D11", "CONTOSO\\Alice"];
    let with = |shared_as| {
        let inventory = Inventory::new(vec![asset(&ids, shared_as)]).expect("an inventory");
        let config = Config { inventory: inventory.into(), ..Config::default() };
        open(&run_with(&config, &[ai.clone(), logon.clone()]))[0].members_total
    };
    assert_eq!(with(None), 2);
    assert_eq!(with(Some(SharedAs::ServiceAccount)), 1, "what many share links nothing alone");
}

#[test]
fn a_name_of_several_holds_nothing_together() {
    let sid = |number: u32| format!("s-1-5-21-1-1-{number}-1104");
    let mut signals = vec![
        person("ai-1", AiAlert, 0, &["alice", &sid(1)]),
        person("ai-2", AiAlert, 1, &["alice@contoso.example", "alice"]),
        person("logon", Context, 2, &["alice"]),
    ];
    assert_eq!(open(&run(&signals)).len(), 1);
    signals.push(person("elsewhere", Context, 3, &["alice", &sid(2)]));
    assert_eq!(open(&run(&signals)).len(), 2, "the account of two SIDs is nobody in particular");
    signals.rotate_right(1);
    assert_eq!(open(&run(&signals)).len(), 2);
}

/// Names without end beside one name: rows stay small, work stays bounded, and nothing is joined.
#[test]
fn names_without_end_are_bounded() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    for at in 0..500i64 {
        let kind = if at % 5 == 0 { AiAlert } else { Context };
        let names = ["helpdesk@contoso.example", &format!("user-{at}@contoso.example")];
        correlator.process(person(&format!("s{at:03}"), kind, at, &names)).expect("process");
    }
    let stats = correlator.stats();
    assert_eq!((stats.identities_ambiguous, stats.aliases, stats.keys_dropped), (1, 16, 0), "{stats:?}");
}

/// A name is forgotten a month after it was seen last, and its rows with it.
#[test]
fn names_are_forgotten() {
    let mut correlator = Correlator::new(Config::default(), MapStore::default());
    for day in 0..10 {
        let names = [format!("a{day}@contoso.example"), format!("contoso\\a{day}")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        correlator.process(person(&format!("s{day}"), Context, day * DAY, &names)).expect("process");
    }
    correlator.commit(b"").expect("commit");
    let rows = correlator.store().len();
    for day in 10..60 {
        correlator.process(signal(&format!("tick{day}"), Context, day * DAY, &[(Ip, "10.0.0.1")])).expect("process");
    }
    correlator.commit(b"").expect("commit");
    assert!(correlator.store().len() < rows, "{} rows of {rows}", correlator.store().len());
    // Two months later the names are learned anew, and so is what they join.
    let before = correlator.stats().aliases;
    correlator.process(person("again", Context, 60 * DAY, &["a1@contoso.example", "contoso\\a1"])).expect("process");
    assert_eq!(correlator.stats().aliases, before + 1);
}
