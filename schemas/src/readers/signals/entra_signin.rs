//! Entra ID sign-ins: Graph `signIn`, the diagnostic categories `*SignInLogs`, the tables of the same name.
//!
//! Source: learn.microsoft.com/graph/api/resources/signin. A sign-in is context also where Entra calls it
//! risky: the risk detection is a record of its own.

use super::draft::Draft;
use super::entra::{EntraRecord, is_table};
use super::fields::{Node, has, has_any};
use super::format::Format;
use super::things;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Entra ID sign-ins, interactive or not, of users, service principals and managed identities: Graph, Azure Monitor, Log Analytics",
    recognised_by: "`createdDateTime` with `userPrincipalName` or `servicePrincipalId` and `ipAddress` or `appDisplayName`; `category` or `Type` `*SignInLogs`",
    native_id: "`id`",
    time: "`createdDateTime`",
    severity: "`riskLevelDuringSignIn`; always context: the risk detection is a record of its own",
    entities: "user by id and UPN, application and service principal, its credential's key id, AI agent, ip, session, device",
};

/// Reads Entra ID sign-ins.
pub(super) struct EntraSignin;

impl Reader for EntraSignin {
    fn name(&self) -> &'static str {
        "entra_signin"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let graph = has(record, "createdDateTime")
            && has_any(record, &["userPrincipalName", "servicePrincipalId", "userId"])
            && has_any(record, &["ipAddress", "clientAppUsed", "conditionalAccessStatus", "appDisplayName"])
            && !has_any(record, &["properties", "Type", "riskEventType", "evidence"]);
        graph || is_table(record, |name| name.to_ascii_lowercase().ends_with("signinlogs"))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let properties = Node::new(root).get("properties").unfolded();
        let entra = EntraRecord::new(root, &properties);
        let body = entra.body;
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = entra.id();
        draft.time = entra.time(&["createdDateTime"]);
        draft.vendor_tenant = entra.tenant();
        draft.severity = severity(body);
        draft.add(entra.user());
        draft.add(things::microsoft_application(
            &[body.get("servicePrincipalId"), body.get("appId")],
            body.first(&["servicePrincipalName", "appDisplayName"]),
        ));
        draft.add_one(EntityKind::ApiKey, body.get("servicePrincipalCredentialKeyId"));
        draft.add(agent(body));
        draft.add_ips_as(Role::Source, [body.get("ipAddress"), entra.envelope.get("callerIpAddress")]);
        draft.add_one(EntityKind::Session, body.get("sessionId"));
        let detail = body.get("deviceDetail").unfolded();
        let detail = Node::new(&detail);
        draft.add(device(detail));
        draft.title = title(&entra);
        draft.publish(record, context, out)
    }
}

/// An AI agent signs in with an identity of its own, which is a service principal of a kind.
fn agent(body: Node<'_>) -> Option<Entity> {
    let agent = body.get("agent").unfolded();
    let kind = Node::new(&agent).get("agentType").text()?;
    let ids = [body.get("servicePrincipalId").text(), body.get("appId").text()];
    let entity = Entity::new(EntityKind::Agent, ids.iter().flatten().map(AsRef::as_ref));
    let name = body.first(&["servicePrincipalName", "appDisplayName"]).text();
    entity.filter(|_| !kind.eq_ignore_ascii_case("notAgentic")).map(|agent| agent.named(name.as_deref()))
}

fn device(detail: Node<'_>) -> Option<Entity> {
    things::device(&[detail.get("deviceId"), detail.get("displayName")])
}

/// Entra's own verdict on the sign-in's risk, where it has one.
fn severity(body: Node<'_>) -> Severity {
    let level = body.first(&["riskLevelDuringSignIn", "riskLevel", "riskLevelAggregated"]).text();
    level.map_or(Severity::Unknown, |level| Severity::from_word(&level)).max(Severity::Informational)
}

fn title(entra: &EntraRecord<'_>) -> String {
    let body = entra.body;
    let who = body.first(&["userPrincipalName", "servicePrincipalName", "userDisplayName", "appDisplayName", "userId"]);
    let who = who.text().unwrap_or("someone".into());
    let status = body.get("status").unfolded();
    let status = Node::new(&status);
    let code = [status.get("errorCode"), body.get("resultType"), entra.envelope.get("resultType")];
    let failed = code.iter().find_map(|code| code.word()).is_some_and(|code| !is_success(&code));
    let mut title = format!("{} of {who}", if failed { "Failed sign-in" } else { "Sign-in" });
    if let Some(resource) = body.first(&["resourceDisplayName", "appDisplayName"]).text() {
        title.push_str(&format!(" to {resource}"));
    }
    if let Some(ip) = body.get("ipAddress").text().or_else(|| entra.envelope.get("callerIpAddress").text()) {
        title.push_str(&format!(" from {ip}"));
    }
    let place = body.first(&["location", "locationDetails"]).unfolded();
    let place = Node::new(&place);
    // Rows of Log Analytics have the country alone.
    if let Some(country) = place.get("countryOrRegion").text().or_else(|| place.text()) {
        title.push_str(&format!(" ({country})"));
    }
    let reason = status.get("failureReason").text().or_else(|| body.get("resultDescription").text());
    if let Some(reason) = reason.filter(|reason| failed && !reason.starts_with("Other")) {
        title.push_str(&format!(": {reason}"));
    }
    title
}

fn is_success(code: &str) -> bool {
    code == "0" || code.eq_ignore_ascii_case("success")
}
