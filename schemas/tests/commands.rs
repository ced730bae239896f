//! Analysts' commands as they are written: every verb, every kind of bad input, and that no other record is
//! taken for one.

#![cfg(test)]

use schemas::readers::{self, Context, Input, Limits, Output, ReadError, Reason, Tenancy};
use schemas::{Action, Classification, Command, Determination, Group, IncidentStatus, Timestamp};
use serde_json::{Value, json};

const BROKER_MILLIS: i64 = 1_777_636_800_000;

fn read_as(bytes: &[u8], format: Option<&'static dyn readers::Reader>) -> Result<Output, ReadError> {
    let tenancy = Tenancy::default();
    let context = Context {
        group: Group::Ai,
        broker_time: Timestamp::from_millis(BROKER_MILLIS).expect("a time"),
        envelope_time: None,
        clamp_future: true,
        tenant_header: Some("acme"),
        tenancy: &tenancy,
        proxies: &[],
        lone_wrappers: false,
        limits: Limits::default(),
        watch: None,
    };
    let mut out = Output::default();
    readers::read(bytes, format, &context, &mut out).map(|()| out)
}

fn read(record: &Value) -> Result<Command, ReadError> {
    let out = read_as(record.to_string().as_bytes(), Some(readers::COMMAND))?;
    match out.inputs.into_iter().next() {
        Some(Input::Command { command, .. }) => Ok(*command),
        other => panic!("{other:?}"),
    }
}

/// A command with the members of `more`.
fn with(more: Value) -> Value {
    let mut record = json!({
        "id": "c-1", "time": "2026-05-01T12:00:00Z", "tenant": "contoso", "by": "ann@contoso.example",
        "incident": "0b7e3f4e-0000-5000-8000-000000000001", "something": { "else": [1] },
    });
    let (Some(object), Value::Object(more)) = (record.as_object_mut(), more) else { panic!("no objects") };
    object.extend(more);
    record
}

fn action(more: Value) -> Action {
    read(&with(more)).expect("a command").action
}

fn refused(more: Value) -> (Reason, String) {
    let error = read(&with(more)).expect_err("refused");
    (error.reason, error.message)
}

#[test]
fn every_verb_is_read() {
    let command = read(&with(json!({ "verb": "assign", "assignee": "bob" }))).expect("a command");
    assert_eq!(
        (command.id.as_str(), command.tenant.as_str(), command.by.as_str()),
        ("c-1", "contoso", "ann@contoso.example")
    );
    assert_eq!(command.time.to_string(), "2026-05-01T12:00:00.000Z");
    assert_eq!(command.action, Action::Assign { assignee: Some("bob".to_owned()) });
    assert_eq!(action(json!({ "verb": "assign", "assignee": null })), Action::Assign { assignee: None });
    for (word, status) in [
        ("new", IncidentStatus::New),
        ("in_progress", IncidentStatus::InProgress),
        ("inProgress", IncidentStatus::InProgress),
        ("on_hold", IncidentStatus::OnHold),
        ("resolved", IncidentStatus::Resolved),
        ("closed", IncidentStatus::Closed),
    ] {
        assert_eq!(action(json!({ "verb": "status", "status": word })), Action::Status { status });
    }
    assert_eq!(
        action(
            json!({ "verb": "classification", "classification": "truePositive", "determination": "multiStagedAttack" })
        ),
        Action::Classification {
            classification: Some(Classification::TruePositive),
            determination: Some(Determination::MultiStagedAttack)
        }
    );
    assert_eq!(
        action(json!({ "verb": "determination", "determination": "unknown" })),
        Action::Determination { determination: None }
    );
    let comment = "é".repeat(30_000);
    assert_eq!(action(json!({ "verb": "comment", "comment": comment })), Action::Comment { comment });
    assert_eq!(action(json!({ "verb": "lock" })), Action::Lock { locked: true });
    assert_eq!(action(json!({ "verb": "lock", "locked": false })), Action::Lock { locked: false });
    assert_eq!(action(json!({ "verb": "name", "name": null })), Action::Name { name: None });
    let merge = action(json!({ "verb": "merge", "incidents": ["a", "b", "c", "d", "e"] }));
    assert!(matches!(merge, Action::Merge { incidents } if incidents.len() == 5));
    let shouted = read(&with(json!({ "incident": "8EAD2D72-0000-5000-8000-00000000ABCD", "verb": "lock" })));
    let incident = shouted.expect("a command").incident.expect("an incident");
    assert_eq!(incident.as_str(), "8ead2d72-0000-5000-8000-00000000abcd");
    let split = action(json!({ "verb": "split", "members": ["m"] }));
    assert!(matches!(split, Action::Split { members } if members.len() == 1));
    let tag = action(json!({ "verb": "tag", "remove": ["x"] }));
    assert_eq!(tag, Action::Tag { tags: Vec::new(), remove: vec!["x".to_owned()] });
    let undo = read(&json!({ "id": "u", "by": "ann", "verb": "undo", "command": "c-1" })).expect("no incident needed");
    assert_eq!((undo.incident, undo.tenant.as_str(), undo.time.millis()), (None, "acme", BROKER_MILLIS));
    let suppress = read(&json!({
        "by": "ann", "verb": "suppress", "reason": "red team", "expires": "2026-06-01T00:00:00Z",
        "when": { "category": "jailbreak", "any": [{ "application": "sandbox*" }, { "entity": ["user:a", "user:b"] }] },
    }));
    let Action::Suppress { suppression } = suppress.expect("a command").action else { panic!("another verb") };
    assert!(suppression.expires.is_some() && suppression.when.any.len() == 2);
}

/// A command in the log is the command that was read.
#[test]
fn a_command_comes_back_from_its_json() {
    for more in [
        json!({ "verb": "assign", "assignee": null }),
        json!({ "verb": "classification", "classification": "falsePositive" }),
        json!({ "verb": "merge", "incidents": ["a"] }),
        json!({ "verb": "split", "members": ["a"] }),
        json!({ "verb": "status", "status": "resolved" }),
        json!({ "verb": "suppress", "reason": "r", "when": { "title": "a*" }, "expires": "2026-06-01T00:00:00Z" }),
        json!({ "verb": "tag", "tags": ["a"] }),
        json!({ "verb": "undo", "command": "c" }),
    ] {
        let command = read(&with(more)).expect("a command");
        let json = serde_json::to_vec(&command).expect("JSON");
        assert_eq!(serde_json::from_slice::<Command>(&json).expect("the same"), command);
    }
}

#[test]
fn without_an_id_the_content_names_it_and_a_future_time_is_the_brokers() {
    let one = json!({ "by": "ann", "incident": "i", "verb": "lock" });
    let other = json!({ "by": "bob", "incident": "i", "verb": "lock" });
    let id = |record: &Value| read(record).expect("a command").id;
    assert_eq!(id(&one), id(&one));
    assert_ne!(id(&one), id(&other));
    let future = read(&with(json!({ "time": "2099-01-01T00:00:00Z", "verb": "lock" }))).expect("a command");
    assert_eq!(future.time.millis(), BROKER_MILLIS);
}

#[test]
fn what_is_half_understood_is_refused_and_never_quoted() {
    use Reason::{InvalidField, MissingField};
    let long = "secret".repeat(10_000);
    let many: Vec<String> = (0..6).map(|n| n.to_string()).collect();
    let deep = json!({ "all": [{ "all": [{ "all": [{ "all": [{ "all": [{ "title": "a" }] }] }] }] }] });
    for (more, reason, key) in [
        (json!({}), MissingField, "verb"),
        (json!({ "verb": "secret" }), InvalidField, "verb"),
        (json!({ "verb": "lock", "by": null }), MissingField, "by"),
        (json!({ "verb": "lock", "by": "  " }), InvalidField, "by"),
        (json!({ "verb": "lock", "incident": null }), MissingField, "incident"),
        (json!({ "verb": "lock", "id": long }), InvalidField, "id"),
        (json!({ "verb": "lock", "time": "secret" }), InvalidField, "time"),
        (json!({ "verb": "lock", "time": {} }), InvalidField, "time"),
        (json!({ "verb": "assign" }), MissingField, "assignee"),
        (json!({ "verb": "status" }), MissingField, "status"),
        (json!({ "verb": "status", "status": "secret" }), InvalidField, "status"),
        (json!({ "verb": "classification", "classification": "apt" }), InvalidField, "classification"),
        (json!({ "verb": "comment" }), MissingField, "comment"),
        (json!({ "verb": "comment", "comment": long }), InvalidField, "comment"),
        (json!({ "verb": "merge", "incidents": [] }), InvalidField, "incidents"),
        (json!({ "verb": "merge", "incidents": many }), InvalidField, "incidents"),
        (json!({ "verb": "split", "members": vec!["m"; 1_001] }), InvalidField, "members"),
        (json!({ "verb": "tag" }), MissingField, "tags"),
        (json!({ "verb": "tag", "tags": [long] }), InvalidField, "tags"),
        (json!({ "verb": "undo" }), MissingField, "command"),
        (json!({ "verb": "suppress", "reason": "r" }), MissingField, "when"),
        (json!({ "verb": "suppress", "when": { "title": "a" } }), MissingField, "reason"),
        (json!({ "verb": "suppress", "reason": "r", "when": {} }), InvalidField, "everything"),
        (json!({ "verb": "suppress", "reason": "r", "when": { "secret": "a" } }), InvalidField, "when"),
        (json!({ "verb": "suppress", "reason": "r", "when": deep }), InvalidField, "nested"),
        (json!({ "verb": "suppress", "reason": "r", "when": { "title": "a" }, "expires": 7 }), InvalidField, "expires"),
    ] {
        let (found, message) = refused(more.clone());
        assert!(found == reason && message.contains(key), "{more:.200}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn bytes_that_are_no_command_are_refused() {
    let sound = with(json!({ "verb": "lock" })).to_string();
    for end in 0..sound.len() {
        let error = read_as(&sound.as_bytes()[..end], Some(readers::COMMAND)).expect_err("cut off");
        assert!(matches!(error.reason, Reason::MalformedJson | Reason::Empty), "{end}: {error}");
    }
    let deep = format!("{{\"verb\":\"lock\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let huge = format!("{{\"x\":\"{}\"}}", "y".repeat(9_000_000));
    for (bytes, reason) in [
        (deep.as_bytes(), Reason::TooDeep),
        (huge.as_bytes(), Reason::TooLarge),
        (b"{\"id\":7}", Reason::MalformedJson),
        (b"\xff\xfe", Reason::InvalidUtf8),
        (b"7", Reason::MalformedJson),
    ] {
        let error = read_as(bytes, Some(readers::COMMAND)).expect_err("refused");
        assert_eq!(error.reason, reason, "{error}");
    }
    let page = format!("[{sound},7,{sound}]");
    let out = read_as(page.as_bytes(), Some(readers::COMMAND)).expect("a page");
    assert_eq!((out.inputs.len(), out.rejected.len()), (2, 1));
}

/// Whoever may write telemetry must not be able to close an incident about it.
#[test]
fn a_command_is_read_only_where_a_source_names_the_format() {
    let record = with(json!({ "verb": "status", "status": "closed" })).to_string();
    let error = read_as(record.as_bytes(), None).expect_err("nobody's");
    assert_eq!(error.reason, Reason::UnrecognisedFormat);
    assert!(readers::all().all(|reader| reader.name() != "command"));
    assert!(readers::by_name("command").is_some());
}
