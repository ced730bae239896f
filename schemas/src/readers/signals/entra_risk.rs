//! Entra ID Protection: risk detections and risky users or service principals, in Graph, Azure Monitor
//! and Log Analytics form.
//!
//! Source: learn.microsoft.com/graph/api/resources/riskdetection and riskyuser. A risk that was dismissed
//! or remediated is context; any other is an alert.

use super::draft::Draft;
use super::entra::{EntraRecord, is_table};
use super::fields::{Node, has, has_any, is_one_of};
use super::format::Format;
use super::things;
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const TABLES: [&str; 8] = [
    "AADRiskyServicePrincipals",
    "AADRiskyUsers",
    "AADServicePrincipalRiskEvents",
    "AADUserRiskEvents",
    "RiskyServicePrincipals",
    "RiskyUsers",
    "ServicePrincipalRiskEvents",
    "UserRiskEvents",
];

const FORMAT: Format = Format {
    vendor: "Entra ID Protection: risk detections, risky users, risky workload identities: Graph, Azure Monitor, Log Analytics",
    recognised_by: "`riskLevel` with `riskEventType` or `riskState`; `category` or `Type` `UserRiskEvents`, `RiskyUsers` and their kin",
    native_id: "`id`",
    time: "`activityDateTime`, else `detectedDateTime`, else `riskLastUpdatedDateTime`",
    severity: "`riskLevel` by its word; an alert unless dismissed, remediated or confirmed safe; `mitreTechniques` of `additionalInfo`",
    entities: "user by id and UPN, service principal and its key ids, ip, session",
};

/// Reads Entra ID Protection's records.
pub(super) struct EntraRisk;

impl Reader for EntraRisk {
    fn name(&self) -> &'static str {
        "entra_risk"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let level = has(record, "riskLevel") && !has_any(record, &["properties", "Type", "riskLevelDuringSignIn"]);
        let detection =
            has_any(record, &["riskEventType", "riskType"]) && has_any(record, &["riskState", "riskDetail"]);
        let entity = has(record, "riskState") && has_any(record, &["riskLastUpdatedDateTime", "isDeleted"]);
        (level && (detection || entity)) || is_table(record, |name| is_one_of(name, &TABLES))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let properties = Node::new(root).get("properties").unfolded();
        let entra = EntraRecord::new(root, &properties);
        let body = entra.body;
        let mut draft = Draft::alert(self.name(), Group::Identity, severity(body));
        if is_one_of(
            &body.get("riskState").word().unwrap_or_default(),
            &["dismissed", "remediated", "confirmedSafe", "none"],
        ) {
            draft.kind = SignalKind::Context;
            draft.severity = Severity::Informational;
        }
        draft.native_id = entra.id();
        draft.vendor_tenant = entra.tenant();
        draft.time = entra.time(&["activityDateTime", "detectedDateTime", "riskLastUpdatedDateTime"]);
        let event = body.first(&["riskEventType", "riskType"]).text();
        if event.is_none() {
            // The id of a risky user is the user's: only with the time does it name this record.
            let updated = body.get("riskLastUpdatedDateTime").text();
            draft.unique_id = entra.id().zip(updated).map(|(id, updated)| format!("{id} {updated}"));
            let workload = body.get("appId").exists() || body.get("servicePrincipalType").exists();
            if !workload {
                draft.add(things::user(&[body.get("id"), body.get("userPrincipalName")]));
            } else {
                draft.add(things::microsoft_application(&[body.get("id"), body.get("appId")], body.get("displayName")));
            }
        }
        draft.add(entra.user());
        draft.add(things::microsoft_application(
            &[body.get("servicePrincipalId"), body.get("appId")],
            body.first(&["servicePrincipalDisplayName", "displayName"]),
        ));
        for key in body.get("keyIds").items() {
            draft.add_one(EntityKind::ApiKey, key);
        }
        draft.add_ips_as(Role::Source, [body.get("ipAddress")]);
        draft.add_one(EntityKind::Session, body.get("sessionId"));
        draft.add_techniques_at(body.get("additionalInfo"));
        draft.title = title(body, event.as_deref());
        draft.publish(record, context, out)
    }
}

/// Entra's risk level; `hidden` needs a licence and so says nothing.
fn severity(body: Node<'_>) -> Severity {
    let level = body.get("riskLevel").word().unwrap_or_default();
    if level.eq_ignore_ascii_case("none") { Severity::Informational } else { Severity::from_word(&level) }
}

fn title(body: Node<'_>, event: Option<&str>) -> String {
    let who =
        body.first(&["userPrincipalName", "userDisplayName", "servicePrincipalDisplayName", "displayName", "userId"]);
    let who = who.text().unwrap_or("someone".into());
    let mut title = match event {
        Some(event) => format!("Risk detection {event} for {who}"),
        None => format!("Risk of {who}"),
    };
    if let Some(state) = body.get("riskState").text() {
        title.push_str(&format!(" ({state})"));
    }
    title
}
