//! What Weir writes as OCSF is valid against the published schema, whatever stands in it.

#![cfg(test)]

use std::path::Path;

use anyhow::{Context, Result};
use schemas::entity::{Entity, EntityKind};
use schemas::ocsf::{write_detection_finding, write_incident_finding, write_rule_finding};
use schemas::{
    Activity, Alert, Classification, CommandEntry, CommandOutcome, Comment, Determination, Handling, Incident,
    IncidentStatus, Outcome, Related, RelatedReason, RuleAlert, Score, Severity, Suppressed, Timestamp,
};
use serde_json::{Value, json};
use tests::ocsf::OcsfSchemas;

const HOSTILE: [&str; 8] =
    ["", "\u{0}", "\"}{\\", "not an address", "\u{202e}\u{e0041}", "999.1.1.1", "a@@b", "\u{10ffff}\n\r\t"];

fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> Result<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/tests/ocsf").join(name);
    serde_json::from_slice(&std::fs::read(&path)?).with_context(|| name.to_owned())
}

fn alert_bytes(alert: &Alert) -> Vec<u8> {
    let mut out = Vec::new();
    write_detection_finding(alert, &mut out);
    out
}

fn incident_bytes(incident: &Incident) -> Vec<u8> {
    let mut out = Vec::new();
    write_incident_finding(incident, &mut out);
    out
}

/// Every kind of entity with every hostile text as its id, past the checks of `Entity::new`.
fn hostile_entities() -> Vec<Entity> {
    let entity = |kind, id: &str| Entity {
        kind,
        ids: vec![id.to_owned()],
        name: Some(id.to_owned()),
        role: None,
        mentioned: false,
    };
    let mut all: Vec<_> = EntityKind::ALL.iter().flat_map(|kind| HOSTILE.map(|id| entity(*kind, id))).collect();
    all.push(Entity { kind: EntityKind::User, ids: Vec::new(), name: None, role: None, mentioned: true });
    all
}

#[test]
fn alerts_are_valid() -> Result<()> {
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    let alert: Alert = fixture("alert.json")?;
    schemas.check(&alert_bytes(&alert))?;

    let severities = [Severity::Unknown, Severity::Informational, Severity::Low, Severity::Critical, Severity::Fatal];
    for (severity, score) in severities.into_iter().zip([0.0, 0.3, 0.5, 0.8, f32::NAN]) {
        schemas.check(&alert_bytes(&Alert { severity, score: Score::new(score), ..alert.clone() }))?;
    }
    let bare = Alert {
        annotations: Vec::new(),
        techniques: Vec::new(),
        entities: Vec::new(),
        application: None,
        provider: None,
        model: None,
        trace: None,
        outcome: Outcome::Blocked,
        ..alert.clone()
    };
    schemas.check(&alert_bytes(&bare))?;
    for entity in hostile_entities() {
        let hostile = Alert {
            title: entity.label().to_owned(),
            techniques: vec![entity.label().to_owned()],
            entities: vec![entity],
            ..alert.clone()
        };
        schemas.check(&alert_bytes(&hostile))?;
    }
    Ok(())
}

#[test]
fn alerts_of_rules_are_valid() -> Result<()> {
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    let alert = |text: &str, entities: Vec<Entity>| RuleAlert {
        uid: "uid".into(),
        tenant: "contoso".into(),
        time: Timestamp::MAX,
        known: Timestamp::MAX,
        rule_id: text.to_owned(),
        rule_name: text.to_owned(),
        title: text.to_owned(),
        description: text.to_owned(),
        severity: Severity::High,
        techniques: vec!["AML.T0054".to_owned(), text.to_owned()],
        group: vec![("weir.user".to_owned(), text.to_owned())],
        entities,
        signals: vec!["s1".into(), text.into()],
    };
    let check = |alert: &RuleAlert| {
        let mut bytes = Vec::new();
        write_rule_finding(alert, &mut bytes);
        schemas.check(&bytes)
    };
    let value = check(&alert("weir_jailbreak_repeated", Vec::new()))?;
    assert_eq!(value["finding_info"]["analytic"]["uid"], "weir_jailbreak_repeated");
    assert_eq!(value["finding_info"]["related_events"][0]["uid"], "s1");
    for entity in hostile_entities() {
        check(&alert(entity.label(), vec![entity.clone()]))?;
    }
    check(&RuleAlert { signals: Vec::new(), techniques: Vec::new(), ..alert("x", hostile_entities()) })?;
    Ok(())
}

#[test]
fn incidents_are_valid() -> Result<()> {
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    let incident: Incident = fixture("incident.json")?;
    schemas.check(&incident_bytes(&incident))?;

    for (activity, type_uid) in [(Activity::Create, 200_501), (Activity::Update, 200_502), (Activity::Close, 200_503)] {
        let value = schemas.check(&incident_bytes(&Incident { activity, ..incident.clone() }))?;
        assert_eq!(value["type_uid"], type_uid);
    }
    let merged = Incident {
        status: IncidentStatus::Closed,
        activity: Activity::Close,
        merged_into: Some("survivor".into()),
        members: Vec::new(),
        entities: hostile_entities(),
        techniques: HOSTILE.map(str::to_owned).to_vec(),
        priority: 255,
        ..incident.clone()
    };
    let value = schemas.check(&incident_bytes(&merged))?;
    assert_eq!((&value["status"], &value["unmapped"]["merged_into"]), (&json!("Closed"), &json!("survivor")));
    let withdrawn = Incident { status: IncidentStatus::Resolved, withdrawn: true, ..incident.clone() };
    let value = schemas.check(&incident_bytes(&withdrawn))?;
    let told = (&value["status_id"], &value["status_detail"]);
    assert_eq!(told, (&json!(4), &json!("Withdrawn: later records explain it")));

    let mut hostile = incident;
    for member in &mut hostile.members {
        member.signal.entities = hostile_entities();
        if let Some(link) = &mut member.link {
            (link.shared, link.strength, link.distance_ms) = (hostile_entities(), f32::NAN, i64::MIN);
        }
    }
    schemas.check(&incident_bytes(&hostile))?;
    Ok(())
}

/// What people decided is valid in every combination, and stands where OCSF has a place for it.
#[test]
fn handled_incidents_are_valid() -> Result<()> {
    use Classification::{FalsePositive, InformationalExpectedActivity, TruePositive};
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    let incident: Incident = fixture("incident.json")?;
    let text = |text: &str| text.to_owned();
    let comment = |time, words: &str| Comment { time, command: text("c"), by: text("ann"), text: text(words) };
    let entry = |outcome, reason: Option<&str>| CommandEntry {
        time: incident.time,
        id: text("c"),
        by: text("ann"),
        verb: text("assign"),
        outcome,
        reason: reason.map(text),
    };
    let handling = Handling {
        assignee: Some(text("bob")),
        classification: Some(TruePositive),
        determination: Some(Determination::CompromisedUser),
        tags: ["vip".to_owned()].into(),
        name: Some(text("a name")),
        locked: true,
        comments: vec![comment(incident.time, "first"), comment(incident.time, "")],
        comments_total: 2,
        commands: vec![entry(CommandOutcome::Applied, None), entry(CommandOutcome::Rejected, Some("no"))],
        commands_total: 2,
    };
    let handled = Incident {
        handling: handling.clone(),
        related: vec![Related { uid: "other".into(), reason: RelatedReason::DifferentAssignees }],
        suppressed: vec![Suppressed { uid: "s".into(), rule: text("r") }],
        ..incident.clone()
    };
    let value = schemas.check(&incident_bytes(&handled))?;
    for (pointer, expected) in [
        ("/assignee/name", json!("bob")),
        ("/assignee_group", Value::Null),
        ("/verdict_id", json!(2)),
        ("/is_suspected_breach", json!(true)),
        ("/comment", json!("first")),
        ("/unmapped/classification", json!("true_positive")),
        ("/unmapped/determination", json!("compromised_user")),
        ("/unmapped/tags", json!(["vip"])),
        ("/unmapped/locked", json!(true)),
        ("/unmapped/commands/1/outcome", json!("rejected")),
        ("/unmapped/commands/1/reason", json!("no")),
        ("/unmapped/related/0/reason", json!("different_assignees")),
        ("/unmapped/suppressed/0/rule", json!("r")),
    ] {
        assert_eq!(value.pointer(pointer).cloned().unwrap_or_default(), expected, "{pointer}");
    }
    for (status, id) in [
        (IncidentStatus::New, 1),
        (IncidentStatus::InProgress, 2),
        (IncidentStatus::OnHold, 3),
        (IncidentStatus::Resolved, 4),
        (IncidentStatus::Closed, 5),
    ] {
        let value = schemas.check(&incident_bytes(&Incident { status, ..incident.clone() }))?;
        assert_eq!(value["status_id"], id);
    }
    for (classification, determination, verdict) in [
        (Some(FalsePositive), None, json!(1)),
        (Some(InformationalExpectedActivity), None, json!(5)),
        (Some(InformationalExpectedActivity), Some(Determination::SecurityTesting), json!(6)),
        (None, Some(Determination::InsufficientData), json!(7)),
        (None, None, Value::Null),
    ] {
        let handling = Handling { classification, determination, ..handling.clone() };
        let value = schemas.check(&incident_bytes(&Incident { handling, ..incident.clone() }))?;
        assert_eq!(value.get("verdict_id").cloned().unwrap_or_default(), verdict);
    }
    Ok(())
}

/// A validator that accepts everything would pass the tests above.
#[test]
fn what_is_wrong_is_refused() -> Result<()> {
    let Some(schemas) = OcsfSchemas::load()? else { return Ok(()) };
    let finding: Value = serde_json::from_slice(&alert_bytes(&fixture("alert.json")?))?;
    let incident: Value = serde_json::from_slice(&incident_bytes(&fixture("incident.json")?))?;
    let wrong: [(&Value, &str, Value); 9] = [
        (&finding, "/time", json!("2026-05-01T12:00:00Z")),
        (&finding, "/severity_id", json!(7)),
        (&finding, "/type_uid", json!(200_501)),
        (&finding, "/finding_info", json!({"title": "no uid"})),
        (&finding, "/evidences/0", json!({})),
        (&finding, "/evidences/0/src_endpoint/ip", json!("somewhere")),
        (&incident, "/status_id", json!(9)),
        (&incident, "/metadata/product", json!({"vendor_name": "no name"})),
        (&incident, "/class_uid", json!(6003)),
    ];
    for (record, pointer, value) in wrong {
        let mut record = record.clone();
        *record.pointer_mut(pointer).with_context(|| pointer.to_owned())? = value;
        assert!(!schemas.errors(&record).is_empty(), "{pointer} went through");
    }
    let mut nobody = incident.clone();
    nobody.as_object_mut().context("an object")?.remove("assignee_group");
    assert!(!schemas.errors(&nobody).is_empty(), "an incident without an assignee went through");
    let mut unknown = incident;
    unknown.as_object_mut().context("an object")?.insert("tokens".to_owned(), json!(1));
    assert!(!schemas.errors(&unknown).is_empty(), "an unknown field went through");
    Ok(())
}
