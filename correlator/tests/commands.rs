//! Analysts' commands: what each does to an incident, what keeps incidents apart, and that the log decides.

#![cfg(test)]

mod common;

use common::{HOUR, START, check_revisions, open, signal};
use correlator::{Config, Correlator, MapStore};
use schemas::EntityKind::{Agent, Application, Device, Ip, Session, User};
use schemas::SignalKind::{AiAlert, Alert, Context};
use schemas::suppression::Patterns;
use schemas::{
    Action, Activity, Classification, Command, CommandOutcome, Condition, Determination, Incident, IncidentStatus,
    IncidentUid, Pattern, RelatedReason, Severity, Signal, SignalUid, Suppression, TenantId, Timestamp,
};

const DAY: i64 = 24 * HOUR;

/// A correlator with everything that it said.
struct Desk {
    correlator: Correlator<MapStore>,
    said: Vec<Incident>,
    given: u32,
}

impl Desk {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        config.validate().expect("a configuration");
        Self { correlator: Correlator::new(config, MapStore::default()), said: Vec::new(), given: 0 }
    }

    fn take(&mut self, signals: impl IntoIterator<Item = Signal>) -> &mut Self {
        for signal in signals {
            self.said.extend(self.correlator.process(signal).expect("process"));
        }
        self
    }

    /// Gives a command about an incident, an hour after the last one; its id.
    fn give(&mut self, incident: &IncidentUid, action: Action) -> String {
        self.given += 1;
        let command = command(&format!("c{:02}", self.given), i64::from(self.given) * HOUR, incident, action);
        self.obey(&command);
        command.id
    }

    fn obey(&mut self, command: &Command) -> Option<String> {
        let answer = self.correlator.command(command).expect("command");
        self.said.extend(answer.revisions);
        answer.refused
    }

    fn undo(&mut self, command: &str) -> String {
        self.give(&"none".into(), Action::Undo { command: command.to_owned() })
    }

    /// The newest revision of an incident.
    fn last(&self, uid: &IncidentUid) -> &Incident {
        self.said.iter().rev().find(|incident| incident.uid == *uid).expect("an incident of that uid")
    }

    fn open(&self) -> Vec<Incident> {
        open(&self.said)
    }

    /// Why the newest command about an incident was rejected.
    fn rejected(&self, uid: &IncidentUid) -> &str {
        let entry = self.last(uid).handling.commands.last().expect("a command");
        assert_eq!(entry.outcome, CommandOutcome::Rejected, "{entry:?}");
        entry.reason.as_deref().expect("a reason")
    }

    fn related(&self, uid: &IncidentUid) -> Vec<(IncidentUid, RelatedReason)> {
        self.last(uid).related.iter().map(|related| (related.uid.clone(), related.reason)).collect()
    }
}

fn command(id: &str, at: i64, incident: &IncidentUid, action: Action) -> Command {
    Command {
        id: id.to_owned(),
        time: Timestamp::from_millis(START + at).expect("a time"),
        tenant: TenantId::from("acme"),
        by: "ann@contoso.example".to_owned(),
        incident: Some(incident.clone()),
        action,
    }
}

fn named(opener: &str) -> IncidentUid {
    IncidentUid::derive(&TenantId::from("acme"), &SignalUid::from(opener))
}

fn assign(to: &str) -> Action {
    Action::Assign { assignee: Some(to.to_owned()) }
}

fn classify(classification: Classification) -> Action {
    Action::Classification { classification: Some(classification), determination: None }
}

fn status(status: IncidentStatus) -> Action {
    Action::Status { status }
}

fn name(name: &str) -> Action {
    Action::Name { name: Some(name.to_owned()) }
}

fn comment(comment: &str) -> Action {
    Action::Comment { comment: comment.to_owned() }
}

fn merge(others: &[&IncidentUid]) -> Action {
    Action::Merge { incidents: others.iter().map(|uid| (*uid).clone()).collect() }
}

fn split(members: &[&str]) -> Action {
    Action::Split { members: members.iter().map(|uid| SignalUid::from(*uid)).collect() }
}

fn uids(incident: &Incident) -> Vec<&str> {
    incident.members.iter().map(|m| m.signal.uid.as_str()).collect()
}

/// Two incidents, of Alice and of Bob.
fn two() -> [Signal; 2] {
    [signal("a", AiAlert, 0, &[(User, "alice")]), signal("b", AiAlert, 1, &[(User, "bob")])]
}

/// What would make them one.
fn bridge(at: i64) -> Signal {
    signal("both", Context, at, &[(User, "alice"), (User, "bob")])
}

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

/// Each of the conditions under which Defender XDR does not merge, and the lock.
#[test]
fn what_forbids_a_merge_gives_a_relation_on_both() {
    use RelatedReason::{Closed, DifferentAssignees, DifferentClassifications, Locked};
    let (a, b) = (named("a"), named("b"));
    let cases: [(Vec<(&IncidentUid, Action)>, Option<RelatedReason>); 7] = [
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
    desk.take(two()).take([bridge(HOUR)]);
    // The bridge brought each of them into both scopes: from then on they have a common one.
    assert_eq!(desk.open().len(), 1);
    let mut desk = Desk::with(scoped());
    desk.take([
        signal("a", AiAlert, 0, &[(User, "alice"), (Session, "s1")]),
        signal("b", AiAlert, 1, &[(User, "bob"), (Session, "s2")]),
        signal("c", Context, 2, &[(Session, "s1"), (Session, "s2")]),
    ]);
    assert_eq!(desk.related(&named("a")), [(named("b"), RelatedReason::DifferentScopes)]);
    assert_eq!(desk.related(&named("b")), [(named("a"), RelatedReason::DifferentScopes)]);
}

/// Alice belongs to one part of the estate, Bob and all computers to another.
fn scoped() -> Config {
    let scopes = [("finance", patterns(&["user:alice"])), ("plant", patterns(&["device:*", "user:bob"]))];
    Config { scopes: scopes.map(|(name, of)| (name.to_owned(), of)).into(), ..Config::default() }
}

fn patterns(texts: &[&str]) -> Patterns {
    Patterns(texts.iter().map(|text| Pattern::from((*text).to_owned())).collect())
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
    assert_eq!((uids(desk.last(&a)), desk.last(&a).severity), (vec!["b", "s"], Severity::Medium));
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
    let suppress = Command { incident: None, ..command("mute", 0, &"".into(), Action::Suppress { suppression }) };
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

/// Evidence that must not merge two incidents costs no more, and publishes no more, for coming ten thousand times.
#[test]
fn a_storm_of_barred_merges_stays_bounded() {
    let (a, b) = (named("a"), named("b"));
    let mut desk = Desk::new();
    desk.take(two());
    desk.give(&a, assign("ann"));
    desk.give(&b, assign("bob"));
    desk.take(
        (0..10_000).map(|at| signal(&format!("s{at:05}"), Context, 3 * HOUR + at, &[(User, "alice"), (User, "bob")])),
    );
    desk.said.extend(desk.correlator.flush().expect("flush"));
    check_revisions(&desk.said);
    assert_eq!((desk.last(&a).members_total, desk.last(&b).members_total), (10_001, 10_001));
    assert_eq!(desk.last(&a).members.len(), 200);
    assert!(desk.said.len() < 400, "{} revisions", desk.said.len());
    assert_eq!(desk.related(&a).len(), 1);
    assert_eq!(desk.correlator.stats().merges_barred, 10_000);
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
    desk.take((90..130).map(|day| signal(&format!("tick{day}"), Context, day * DAY, &[(User, "bob")])));
    desk.correlator.commit(b"").expect("commit");
    assert!(desk.correlator.store().len() < rows + 60, "{} rows after {rows}", desk.correlator.store().len());
}
