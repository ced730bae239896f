//! Analysts' commands: what each does to an incident, what is refused, what is taken back, and that the log decides.

#![cfg(test)]

mod common;

use common::desk::{
    Desk, assign, bridge, classify, command, comment, merge, name, named, patterns, split, status, two, uids,
};
use common::{HOUR, START, check_revisions, signal};
use correlator::Config;
use schemas::EntityKind::{Agent, Application, Device, Ip, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::{
    Action, Activity, Classification, Command, CommandOutcome, Condition, Determination, IncidentStatus, IncidentUid,
    Severity, Signal, Suppression, TenantId, Timestamp,
};

const DAY: i64 = 24 * HOUR;

#[test]
fn what_people_decide_stands_on_the_incident() {
    let mut desk = Desk::new();
    desk.take(two());
    let (a, b) = (named("a"), named("b"));
    desk.give(&a, status(IncidentStatus::InProgress));
    desk.give(&a, assign("bob"));
    desk.give(
        &a,
        Action::Classification {
            classification: Some(Classification::TruePositive),
            determination: Some(Determination::CompromisedUser),
        },
    );
    desk.give(&a, comment("seen before"));
    desk.give(&a, Action::Tag { tags: vec!["vip".to_owned(), "red".to_owned()], remove: vec![] });
    desk.give(&a, name("The Alice affair"));
    let incident = desk.last(&a);
    let handling = &incident.handling;
    assert_eq!((incident.status, incident.title.as_str()), (IncidentStatus::InProgress, "The Alice affair"));
    assert_eq!(handling.assignee.as_deref(), Some("bob"));
    assert_eq!(handling.classification, Some(Classification::TruePositive));
    assert_eq!(handling.determination, Some(Determination::CompromisedUser));
    assert_eq!((handling.comments[0].text.as_str(), handling.comments_total), ("seen before", 1));
    assert_eq!(handling.tags.iter().map(String::as_str).collect::<Vec<_>>(), ["red", "vip"]);
    let verbs: Vec<&str> = handling.commands.iter().map(|entry| entry.verb.as_str()).collect();
    assert_eq!(verbs, ["status", "assign", "classification", "comment", "tag", "name"]);
    assert_eq!((incident.revision, incident.activity), (7, Activity::Update));
    assert_eq!(desk.last(&b).revision, 1, "the other incident hears nothing");
    check_revisions(&desk.said);
}

#[test]
fn the_same_id_again_does_nothing_and_a_strange_uid_is_refused() {
    let mut desk = Desk::new();
    desk.take(two());
    let twice = command("c", HOUR, &named("a"), comment("once"));
    assert_eq!((desk.obey(&twice), desk.obey(&twice)), (None, None));
    assert_eq!(desk.last(&named("a")).handling.comments_total, 1);
    let revisions = desk.said.len();
    let refused = desk.obey(&command("d", HOUR, &named("nobody's"), comment("x"))).expect("refused");
    assert!(refused.contains("no incident"), "{refused}");
    let foreign = Command { tenant: TenantId::from("acme2"), ..command("e", HOUR, &named("a"), comment("x")) };
    assert!(desk.obey(&foreign).is_some(), "tenants never meet");
    assert_eq!(desk.said.len(), revisions);
    assert_eq!(desk.correlator.stats().commands_rejected, 2);
}

#[test]
fn a_name_comments_tags_and_trail_survive_a_merge() {
    let (a, b) = (named("a"), named("b"));
    let mut desk = Desk::new();
    desk.take(two());
    desk.give(&b, name("Bob's"));
    desk.give(&b, comment("of bob"));
    desk.give(&b, Action::Tag { tags: vec!["vip".to_owned()], remove: vec![] });
    desk.give(&a, comment("of alice"));
    desk.take([bridge(5 * HOUR)]);
    let survivor = desk.last(&a);
    assert_eq!(desk.last(&b).merged_into.as_ref(), Some(&a));
    assert_eq!((survivor.title.as_str(), survivor.handling.comments_total), ("Bob's", 2));
    assert!(survivor.handling.tags.contains("vip") && survivor.handling.commands.len() == 4);
    // New members and the merged incident's own uid change nothing about it.
    desk.take([signal("c", AiAlert, 6 * HOUR, &[(User, "bob")])]);
    desk.give(&b, comment("by the uid that was merged away"));
    let survivor = desk.last(&a);
    assert_eq!((survivor.title.as_str(), survivor.handling.comments_total), ("Bob's", 3));
    // The survivor's own name wins.
    let mut desk = Desk::new();
    desk.take(two());
    desk.give(&a, name("Alice's"));
    desk.give(&b, name("Bob's"));
    desk.take([bridge(5 * HOUR)]);
    assert_eq!(desk.last(&a).title, "Alice's");
}

#[test]
fn undo_restores_what_was_there_unless_something_came_since() {
    let mut desk = Desk::new();
    desk.take(two());
    let a = named("a");
    let first = desk.give(&a, assign("ann"));
    let second = desk.give(&a, assign("bob"));
    let remark = desk.give(&a, comment("oops"));
    let tagging = desk.give(&a, Action::Tag { tags: vec!["x".to_owned()], remove: vec![] });
    let verdict = desk.give(&a, classify(Classification::FalsePositive));
    desk.undo(&first);
    assert!(desk.rejected(&a).contains("later command"));
    desk.undo(&second);
    assert_eq!(desk.last(&a).handling.assignee.as_deref(), Some("ann"));
    desk.undo(&second);
    assert!(desk.rejected(&a).contains("already"));
    desk.undo(&first);
    for taken_back in [&remark, &tagging, &verdict] {
        desk.undo(taken_back);
    }
    let handling = &desk.last(&a).handling;
    assert_eq!((&handling.assignee, handling.classification), (&None, None));
    assert!(handling.tags.is_empty() && handling.comments[0].text.is_empty());
    let undone = handling.commands.iter().filter(|entry| entry.outcome == CommandOutcome::Undone);
    assert_eq!(undone.count(), 5);
    assert!(desk.obey(&command("z", 20 * HOUR, &a, Action::Undo { command: "never".to_owned() })).is_some());
}

fn rule(when: Condition) -> Suppression {
    Suppression { when, reason: "red team".to_owned(), tenant: None, expires: None, enabled: true }
}

#[test]
fn a_suppressed_alert_is_listed_and_neither_opens_nor_raises() {
    let sandbox = [(User, "alice"), (Application, "sandbox")];
    let loud = |uid: &str, at| Signal { severity: Severity::Critical, ..signal(uid, AiAlert, at, &sandbox) };
    let mut desk = Desk::new();
    let either = [
        Condition { application: patterns(&["SAND*"]), ..Condition::default() },
        Condition { title: patterns(&["x"]), ..Condition::default() },
    ];
    let when = Condition { category: patterns(&["jailbreak"]), any: either.into(), ..Condition::default() };
    let suppression = Suppression { expires: Timestamp::from_millis(START + DAY), ..rule(when) };
    suppression.check().expect("a rule that holds");
    let suppress = Command {
        incident: None,
        ..command("mute", 0, &"".into(), Action::Suppress { suppression: suppression.into() })
    };
    assert_eq!(desk.obey(&suppress), None);
    desk.take([loud("m", HOUR)]);
    assert!(desk.said.is_empty(), "it opens nothing");
    desk.take([signal("edr", Alert, HOUR, &[(User, "alice")])]);
    desk.take([signal("a", AiAlert, 2 * HOUR, &[(User, "alice"), (Application, "shop")])]);
    let incident = desk.last(&named("a"));
    assert_eq!((uids(incident), incident.severity), (vec!["edr", "m", "a"], Severity::High));
    assert_eq!(incident.suppressed.len(), 1);
    assert_eq!((incident.suppressed[0].uid.as_str(), incident.suppressed[0].rule.as_str()), ("m", "mute"));
    assert_eq!(desk.correlator.stats().suppressed, 1);
    // A repetition changes nothing; what happened before the rule or after its end is not meant.
    let revisions = desk.said.len();
    desk.take([loud("m", HOUR)]);
    assert_eq!(desk.said.len(), revisions);
    desk.take([loud("after", DAY + HOUR)]);
    assert_eq!(desk.last(&named("a")).severity, Severity::Critical);
    // Taken back, the next alert opens again.
    let mut desk = Desk::new();
    desk.obey(&suppress);
    desk.obey(&command("un", HOUR, &"".into(), Action::Undo { command: "mute".to_owned() }));
    desk.take([loud("m", 2 * HOUR)]);
    assert_eq!(desk.open().len(), 1);
}

#[test]
fn what_contradicts_itself_is_rejected_and_changes_nothing() {
    let mut desk = Desk::new();
    desk.take(two());
    let a = named("a");
    let verdict = |classification, determination| Action::Classification {
        classification: Some(classification),
        determination: Some(determination),
    };
    desk.give(&a, verdict(Classification::FalsePositive, Determination::Malware));
    assert!(desk.rejected(&a).contains("another classification"));
    assert_eq!((desk.last(&a).handling.classification, desk.last(&a).handling.determination), (None, None));
    desk.give(&a, verdict(Classification::TruePositive, Determination::Malware));
    desk.give(&a, Action::Determination { determination: Some(Determination::Clean) });
    assert!(desk.rejected(&a).contains("another classification"));
    // Another classification lets go of a determination that is none of its own.
    desk.give(&a, Action::Classification { classification: Some(Classification::FalsePositive), determination: None });
    let handling = &desk.last(&a).handling;
    assert_eq!((handling.classification, handling.determination), (Some(Classification::FalsePositive), None));

    let when = Condition { application: patterns(&["sandbox"]), ..Condition::default() };
    let over = Suppression { expires: Timestamp::from_millis(START - DAY), ..rule(when) };
    let mute =
        Command { incident: None, ..command("mute", DAY, &"".into(), Action::Suppress { suppression: over.into() }) };
    assert!(desk.obey(&mute).expect("refused").contains("expires before"));
}

#[test]
fn a_rule_of_the_configuration_is_a_tenants_own() {
    let when = Condition { entity: patterns(&["user:alice"]), ..Condition::default() };
    let suppression = Suppression { tenant: Some("acme".to_owned()), ..rule(when) };
    let off = Suppression { enabled: false, ..suppression.clone() };
    for (rule, opened) in [(suppression, 1), (off, 2)] {
        let config = Config { suppression: [("r".to_owned(), rule)].into(), ..Config::default() };
        let mut desk = Desk::with(config);
        let theirs = Signal { tenant: TenantId::from("acme2"), ..signal("t", AiAlert, 0, &[(User, "alice")]) };
        desk.take([signal("a", AiAlert, 0, &[(User, "alice")]), theirs]);
        assert_eq!(desk.open().len(), opened);
    }
    let config = Config { suppression: [("r".to_owned(), rule(Condition::default()))].into(), ..Config::default() };
    assert!(config.validate().is_err_and(|message| message.starts_with("suppression.r: ")));
}

/// A log of signals out of order with commands, each after what it speaks of, and the same by time.
#[test]
fn the_log_and_a_replay_by_time_agree_where_commands_come_after_what_they_speak_of() {
    let one = |uid: &str, at: i64, user: &str| signal(uid, AiAlert, at, &[(User, user)]);
    let (a, b, c) = (named("a1"), named("b1"), named("c1"));
    #[expect(clippy::large_enum_variant, reason = "fifteen of them")]
    enum Entry {
        Signal(Signal),
        Command(Command),
    }
    use Entry::{Command as C, Signal as S};
    let log = vec![
        S(one("b1", 2_000, "bob")),
        S(one("a1", 1_000, "alice")),
        S(signal("as", Context, 500, &[(User, "alice"), (Device, "laptop")])),
        S(one("c1", 3_000, "carol")),
        C(command("1", HOUR, &a, assign("ann"))),
        C(command("2", HOUR + 1, &b, assign("bob"))),
        S(one("d1", HOUR + 5, "dave")),
        S(bridge(HOUR + 3)),
        S(signal("alice+bob", AiAlert, HOUR + 4, &[(User, "alice"), (User, "bob")])),
        C(command("3", 2 * HOUR, &c, status(IncidentStatus::Closed))),
        S(one("c3", 3 * HOUR, "carol")),
        S(one("c2", 2 * HOUR + 1, "carol")),
        C(command("4", 4 * HOUR, &c, comment("gone on"))),
        C(command("5", 5 * HOUR, &named("c2"), merge(&[&named("d1")]))),
        C(command("6", 6 * HOUR, &b, Action::Undo { command: "2".to_owned() })),
    ];
    let mut runs = Vec::new();
    for by_time in [false, true] {
        let mut entries: Vec<&Entry> = log.iter().collect();
        if by_time {
            entries.sort_by_key(|entry| match entry {
                S(signal) => (signal.time, 0),
                C(command) => (command.time, 1),
            });
        }
        let mut desk = Desk::new();
        for entry in entries {
            match entry {
                S(signal) => drop(desk.take([signal.clone()])),
                C(command) => assert_eq!(desk.obey(command), None),
            }
        }
        check_revisions(&desk.said);
        let last = |uid: &IncidentUid| desk.last(uid).clone();
        runs.push((common::essence(desk.open()), common::essence(vec![last(&a), last(&b), last(&c)])));
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0].0.len(), 2, "alice with bob, carol's second with dave");
}

/// A rebuild repeats the log, and state that was written and read again is the same state.
#[test]
fn commands_survive_a_commit_and_repeat_themselves() {
    let run = |commits: bool| {
        let mut desk = Desk::new();
        let (a, b) = (named("a"), named("b"));
        let step = |desk: &mut Desk| {
            if commits {
                desk.correlator.commit(b"at").expect("commit");
            }
        };
        desk.take(two());
        step(&mut desk);
        desk.give(&a, Action::Lock { locked: true });
        step(&mut desk);
        desk.take([bridge(HOUR), signal("c", AiAlert, 2 * HOUR, &[(User, "alice")])]);
        step(&mut desk);
        let merging = desk.give(&a, merge(&[&b, &named("c")]));
        step(&mut desk);
        desk.give(&a, Action::Lock { locked: false });
        desk.give(&a, split(&["c"]));
        step(&mut desk);
        desk.undo(&merging);
        desk.give(&b, name("still b"));
        step(&mut desk);
        desk.take([signal("d", AiAlert, 20 * HOUR, &[(User, "alice"), (Ip, "203.0.113.9"), (Agent, "x")])]);
        check_revisions(&desk.said);
        desk.said
    };
    let said = run(false);
    assert_eq!(run(true), said);
    assert!(said.iter().any(|incident| incident.title == "still b"));
}

#[test]
fn a_thousand_comments_leave_a_bounded_revision() {
    let mut desk = Desk::new();
    desk.take(two());
    let a = named("a");
    let long = "x".repeat(30_000);
    for n in 0..1_000 {
        let at = command(&format!("n{n}"), HOUR + n, &a, comment(&long));
        desk.correlator.command(&at).expect("command");
    }
    desk.give(&a, comment("the last"));
    let handling = &desk.last(&a).handling;
    assert_eq!((handling.comments_total, handling.commands_total), (1_001, 1_001));
    assert_eq!(handling.comments.last().map(|comment| comment.text.as_str()), Some("the last"));
    assert!(handling.comments.iter().map(|c| c.text.len()).sum::<usize>() <= schemas::handling::COMMENTS_BYTES_MAX);
    assert_eq!(handling.commands.len(), schemas::handling::COMMANDS_MAX);
}

/// What an analyst closed is forgotten in its time like any other, and says nothing more.
#[test]
fn the_state_of_a_closed_incident_goes() {
    let mut desk = Desk::new();
    desk.take([signal("a", AiAlert, 0, &[(User, "alice")])]);
    desk.give(&named("a"), status(IncidentStatus::Closed));
    let revisions = desk.said.len();
    desk.correlator.commit(b"").expect("commit");
    let rows = desk.correlator.store().len();
    desk.take((1..30).map(|day| signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")])));
    assert_eq!(desk.said.len(), revisions);
    let refused = desk.obey(&command("late", 31 * DAY, &named("a"), comment("x")));
    assert!(refused.is_some_and(|why| why.contains("its state is gone")));
    assert_eq!(desk.said.len(), revisions);
    desk.take((90..130).map(|day| signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")])));
    desk.correlator.commit(b"").expect("commit");
    assert!(desk.correlator.store().len() < rows + 60, "{} rows after {rows}", desk.correlator.store().len());
}

/// What was closed as quiet is told on when somebody says what it was, for a while; what would need its members is
/// rejected with the reason.
#[test]
fn people_say_what_an_incident_was_that_was_closed_as_quiet() {
    let mut desk = Desk::new();
    desk.take([signal("a", AiAlert, 0, &[(User, "alice")])]);
    desk.take((1..6).map(|day| signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")])));
    let a = named("a");
    let closed = desk.last(&a).clone();
    assert_eq!((closed.activity, closed.status), (Activity::Close, IncidentStatus::Closed));
    let give = |desk: &mut Desk, at: i64, action| desk.obey(&command(&format!("c{at}"), 5 * DAY + at, &a, action));
    for (at, action) in [
        comment("a false alarm"),
        assign("ann"),
        classify(Classification::FalsePositive),
        Action::Tag { tags: vec!["training".to_owned()], remove: Vec::new() },
        status(IncidentStatus::Resolved),
        status(IncidentStatus::InProgress),
        comment("a false alarm"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(give(&mut desk, at as i64, action), None);
    }
    let last = desk.last(&a);
    assert_eq!((last.revision, last.activity), (closed.revision + 7, Activity::Close));
    assert_eq!(last.status, IncidentStatus::Resolved, "it is not taken up again");
    assert_eq!(last.handling.assignee.as_deref(), Some("ann"));
    assert_eq!(last.handling.classification, Some(Classification::FalsePositive));
    assert_eq!((last.handling.comments.len(), last.handling.tags.len(), last.members.len()), (2, 1, 1));
    let rejected: Vec<_> = last.handling.commands.iter().filter(|c| c.outcome == CommandOutcome::Rejected).collect();
    assert!(matches!(rejected.as_slice(), [one] if one.verb == "status" && one.reason.is_some()), "{rejected:?}");
    // The same command again does nothing, and after a time nothing is left to speak of.
    let said = desk.said.len();
    assert_eq!(give(&mut desk, 0, comment("a false alarm")), None);
    assert_eq!(desk.said.len(), said);
    desk.take((6..20).map(|day| signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")])));
    assert!(give(&mut desk, 15 * DAY, comment("late")).is_some_and(|why| why.contains("its state is gone")));
    check_revisions(&desk.said);
}
