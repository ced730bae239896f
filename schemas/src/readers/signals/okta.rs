//! Okta System Log.
//!
//! Source: developer.okta.com/docs/api/openapi/okta-management (LogEvent) and the catalogue of event
//! types. Most events are context; those with which Okta itself reports a threat, or whose request it suspects,
//! are alerts.

use super::draft::Draft;
use super::fields::{Node, has, has_any, is_one_of};
use super::format::Format;
use super::things;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

/// Event types with which Okta reports a threat.
const ALERTS: [&str; 8] = [
    "app.oauth2.as.token.detect_reuse",
    "app.oauth2.token.detect_reuse",
    "security.attack.start",
    "security.breached_credential.detected",
    "security.threat.detected",
    "user.account.report_suspicious_activity_by_enduser",
    "user.risk.detect",
    "user.session.hijack.detected",
];

const FORMAT: Format = Format {
    vendor: "Okta System Log",
    recognised_by: "`eventType` with `displayMessage`, `actor` or `debugContext`, and `published`, `uuid` or `outcome`",
    native_id: "`uuid`",
    time: "`published`",
    severity: "`severity` by its word; the risk level of `debugData.risk`; an alert where the event type, `threatSuspected` or a declined phishing attempt says that Okta itself saw a threat",
    entities: "actor and targets: users by id and login, applications, devices; ip, session, API tokens",
};

/// The most hops of a request that are looked at.
const HOPS_MAX: usize = 16;

/// Reads the Okta System Log.
pub(super) struct Okta;

impl Reader for Okta {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has(record, "eventType")
            && has_any(record, &["legacyEventType", "displayMessage", "actor", "securityContext", "debugContext"])
            && has_any(record, &["published", "uuid", "outcome", "version"])
            && !has_any(record, &["eventSource", "eventName"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let event_type = event.get("eventType").text().unwrap_or_default();
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.severity = Severity::from_word(&event.get("severity").word().unwrap_or_default()).max(draft.severity);
        let debug = event.at("debugContext.debugData");
        draft.severity = draft.severity.max(risk(debug.get("risk").word().unwrap_or_default().as_ref()));
        // ThreatInsight marks the events of an address that it takes for an attacker's, and FastPass declines to
        // sign in to a site that is not the one it knows.
        let phishing = event.at("outcome.reason").text().is_some_and(|reason| reason.contains("declined phishing"));
        if is_one_of(&event_type, &ALERTS) || debug.get("threatSuspected").is_true() || phishing {
            draft.kind = SignalKind::Alert;
            draft.severity = draft.severity.max(Severity::Medium);
        }
        draft.native_id = event.get("uuid").text().map(Into::into);
        draft.time = event.get("published").time();
        draft.add(party(event.get("actor")));
        event.get("target").items().for_each(|target| draft.add(party(target)));
        // The client, then the proxies that the request passed.
        let mut chain = event.at("request.ipChain").items().take(HOPS_MAX).map(|hop| hop.get("ip"));
        let first = chain.next();
        let client = event.at("client.ipAddress");
        draft.add_ips_as(Role::Source, if client.text().is_some() { Some(client) } else { first });
        draft.add_ips_as(Role::Proxy, chain);
        let authentication = event.get("authenticationContext");
        let sessions = [authentication.get("externalSessionId").text(), authentication.get("rootSessionId").text()];
        draft.add(Entity::new(EntityKind::Session, sessions.iter().flatten().map(AsRef::as_ref)));
        // The OAuth client that asks.
        draft.add_one(EntityKind::Application, event.at("client.id"));
        let device = event.get("device");
        draft.add(things::device(&[device.get("id"), device.get("name")]));
        draft.add_one(EntityKind::ApiKey, event.at("transaction.detail.requestApiTokenId"));
        draft.title = title(event, &event_type);
        draft.publish(record, context, out)
    }
}

/// Okta's risk engine writes `{reasons=…, level=HIGH}`.
fn risk(risk: &str) -> Severity {
    let level = risk.split_once("level=").map_or("", |(_, level)| level);
    Severity::from_word(level.split([',', '}', ' ']).next().unwrap_or_default())
}

/// The actor or a target. Okta's own principals stand in every log and are left out.
fn party(party: Node<'_>) -> Option<Entity> {
    let (id, login, name) = (party.get("id"), party.get("alternateId"), party.get("displayName"));
    let kind = party.get("type").text().unwrap_or_default();
    // A person may well be called so: administrators' accounts are.
    let own = !kind.eq_ignore_ascii_case("User") && name.text().is_some_and(|name| name.starts_with("Okta "));
    if own || login.is("system@okta.com") {
        return None;
    }
    let email = login.text().filter(|login| login.contains('@'));
    let entity = match kind.to_ascii_lowercase().as_str() {
        // The id of an AppUser is that of the account within the application.
        "appuser" => Entity::new(EntityKind::User, [&*email?])?,
        "user" => match (id.text(), email) {
            (None, None) => Entity::new(EntityKind::User, [&*login.text()?])?,
            (id, email) => Entity::new(EntityKind::User, id.as_deref().into_iter().chain(email.as_deref()))?,
        },
        "appinstance" | "publicclientapp" | "oauth2client" => Entity::new(EntityKind::Application, [&*id.text()?])?,
        "token" => Entity::new(EntityKind::ApiKey, [&*id.text()?])?,
        "device" => things::device(&[id, name])?,
        _ => return None,
    };
    Some(entity.named(name.text().as_deref()))
}

fn title(event: Node<'_>, event_type: &str) -> String {
    let what = event.get("displayMessage").text().unwrap_or(event_type.into());
    let mut title = if what.is_empty() { "Okta event".to_owned() } else { what.into_owned() };
    if let Some(who) = event.get("actor").first(&["alternateId", "displayName", "id"]).text() {
        title.push_str(&format!(" by {who}"));
    }
    let user = |target: &Node<'_>| target.get("type").is("User");
    if let Some(whom) = event.get("target").items().find(user).and_then(|target| target.get("alternateId").text()) {
        title.push_str(&format!(" on {whom}"));
    }
    if let Some(result) = event.at("outcome.result").text() {
        title.push_str(&format!(": {result}"));
        if let Some(reason) = event.at("outcome.reason").text() {
            title.push_str(&format!(" ({reason})"));
        }
    }
    title
}
