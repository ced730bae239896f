//! OCSF Detection Finding (2004): one alert.
//!
//! `evidences[]` holds one entry, the interaction: who acted, from where, and under `data` the AI
//! context with the annotations. Excerpts in them are redacted already, or absent while evidence is off.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Serialize;

use super::attack::Attack;
use super::observable::{Observable, is_email, is_opaque};
use super::{Analytic, Classification, Metadata, Product, Resource, write_json};
use crate::alert::{Alert, Outcome};
use crate::annotation::{Annotation, Score};
use crate::entity::{Entity, EntityKind};
use crate::incident::Activity;
use crate::interaction::TraceContext;
use crate::severity::Severity;

#[derive(Serialize)]
struct DetectionFinding<'a> {
    #[serde(flatten)]
    classification: Classification,
    time: i64,
    severity_id: u8,
    severity: &'static str,
    confidence_id: u8,
    confidence: &'static str,
    confidence_score: u8,
    status_id: u8,
    status: &'static str,
    status_detail: &'static str,
    is_alert: bool,
    message: &'a str,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    remediation: Remediation<'a>,
    evidences: [Evidence<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable<'a>>,
    unmapped: Unmapped<'a>,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: &'a str,
    desc: &'a str,
    created_time: i64,
    types: [&'static str; 1],
    data_sources: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    analytic: Analytic<'a>,
    product: Product<'static>,
    related_events: [RelatedEvent<'a>; 1],
}

#[derive(Serialize)]
struct Remediation<'a> {
    desc: &'a str,
}

#[derive(Serialize)]
struct RelatedEvent<'a> {
    uid: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    created_time: i64,
}

#[derive(Serialize)]
struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Endpoint<'a>>,
    data: EvidenceData<'a>,
}

#[derive(Serialize)]
struct Actor<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<&'a str>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_addr: Option<&'a str>,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    ip: &'a str,
}

/// The AI context of an alert; the profile `ai_operation` does not apply to class 2004.
#[derive(Serialize)]
struct EvidenceData<'a> {
    interaction_id: &'a str,
    application: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    category: &'static str,
    score: Score,
    outcome: Outcome,
    content_hash: &'a str,
    trace: Option<&'a TraceContext>,
    annotations: &'a [Annotation],
}

#[derive(Serialize)]
struct Unmapped<'a> {
    outcome: Outcome,
    /// OCSF's disposition, which the bare class has no place for: it comes with the profile `security_control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'static str>,
    dedup_key: &'a str,
    owasp: &'a [Cow<'static, str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    defender: Option<&'a str>,
    entities: &'a [Entity],
}

/// Appends `alert` to `out` as an OCSF 1.8.0 Detection Finding, one line of JSON without the line's end.
pub fn write_detection_finding(alert: &Alert, out: &mut Vec<u8>) {
    let (confidence_id, confidence) = confidence(alert.score);
    let finding = DetectionFinding {
        classification: Classification::new(2004, "Detection Finding", Activity::Create),
        time: alert.time.millis(),
        severity_id: alert.severity.ocsf_id(),
        severity: alert.severity.caption(),
        confidence_id,
        confidence,
        confidence_score: (alert.score.value() * 100.0).round() as u8,
        status_id: 1,
        status: "New",
        status_detail: match alert.outcome {
            Outcome::Detected => "Detected; the record does not show that anything stopped it",
            Outcome::Blocked => "Blocked by the provider's filter",
        },
        is_alert: alert.severity > Severity::Informational,
        message: &alert.title,
        metadata: Metadata {
            original_event_uid: Some(alert.interaction_id.as_str()),
            ..Metadata::new(&alert.tenant, alert.uid.to_string())
        },
        finding_info: finding_info(alert),
        remediation: Remediation { desc: &alert.analytic.remediation },
        evidences: [evidence(alert)],
        resources: Resource::all(&alert.entities),
        observables: Observable::of_record(&alert.entities),
        unmapped: unmapped(alert),
    };
    write_json(&finding, out);
}

fn unmapped(alert: &Alert) -> Unmapped<'_> {
    let blocked = alert.outcome == Outcome::Blocked;
    Unmapped {
        outcome: alert.outcome,
        disposition_id: blocked.then_some(2),
        disposition: blocked.then_some("Blocked"),
        dedup_key: &alert.dedup_key,
        owasp: &alert.analytic.owasp,
        defender: alert.analytic.defender.as_deref(),
        entities: &alert.entities,
    }
}

/// OCSF's three grades of a score: High from 0.8, Medium from 0.5.
fn confidence(score: Score) -> (u8, &'static str) {
    match score.value() {
        s if s >= 0.8 => (3, "High"),
        s if s >= 0.5 => (2, "Medium"),
        _ => (1, "Low"),
    }
}

fn finding_info(alert: &Alert) -> FindingInfo<'_> {
    FindingInfo {
        uid: alert.uid.as_str(),
        title: &alert.title,
        desc: &alert.description,
        created_time: alert.time.millis(),
        types: [alert.category.as_str()],
        data_sources: ["ai"],
        attacks: Attack::all(&alert.techniques),
        analytic: Analytic::rule(&alert.analytic.uid, &alert.analytic.name, Some(&alert.analytic.description)),
        product: Product::WEIR,
        related_events: [RelatedEvent {
            uid: alert.interaction_id.as_str(),
            kind: "interaction",
            created_time: alert.time.millis(),
        }],
    }
}

fn evidence(alert: &Alert) -> Evidence<'_> {
    let user = participant(alert, EntityKind::User).map(user);
    let app_name = alert.application.as_deref();
    Evidence {
        actor: (user.is_some() || app_name.is_some()).then_some(Actor { user, app_name }),
        src_endpoint: source_ip(alert).map(|ip| Endpoint { ip }),
        data: EvidenceData {
            interaction_id: alert.interaction_id.as_str(),
            application: app_name,
            provider: alert.provider.as_deref(),
            model: alert.model.as_deref(),
            category: alert.category.as_str(),
            score: alert.score,
            outcome: alert.outcome,
            content_hash: &alert.content_hash,
            trace: alert.trace.as_ref(),
            annotations: &alert.annotations,
        },
    }
}

/// The first entity of `kind` that took part itself. What an annotation names stood in a text: an
/// address that a poisoned document mentions must not appear as where the user sits.
fn participant(alert: &Alert, kind: EntityKind) -> Option<&Entity> {
    let mentioned = |entity: &Entity| alert.annotations.iter().any(|annotation| annotation.entities.contains(entity));
    alert.entities.iter().find(|entity| entity.kind == kind && !entity.ids.is_empty() && !mentioned(entity))
}

/// The participant's address, where it is one that OCSF's `ip_t` takes.
fn source_ip(alert: &Alert) -> Option<&str> {
    let ip = participant(alert, EntityKind::Ip)?.ids.first()?;
    ip.parse::<IpAddr>().is_ok().then_some(ip.as_str())
}

fn user(entity: &Entity) -> User<'_> {
    let id = |wanted: fn(&str) -> bool| entity.ids.iter().map(String::as_str).find(|id| wanted(id));
    let email_addr = id(is_email);
    let name = entity.name.as_deref().or_else(|| id(|id| !is_opaque(id)));
    User { uid: id(is_opaque).or(entity.ids.first().map(String::as_str)), name, email_addr }
}
