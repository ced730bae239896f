//! Google Workspace activities (Admin SDK, Reports API), with their events inside or one event a row.
//!
//! Source: developers.google.com/admin-sdk/reports/reference/rest/v1/activities and the appendix of events.
//! Activities are context, except the login events with which Google itself warns of an attack.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has, has_any, has_object, is_one_of, within};
use super::format::Format;
use super::things::{self, address, named, user};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Google Workspace activities (Reports API)",
    recognised_by: "`kind` `admin#reports#activity`, or an `id` object with `applicationName`",
    native_id: "`id.uniqueQualifier`; unique with time, application and customer",
    time: "`id.time`",
    severity: "context; events with which Google warns (suspicious login, hijacked or leaked account, government-backed attack, compromised device, malware or an unsafe site in Chrome) are alerts, high or medium; a login that Google found unusual is low",
    entities: "actor by e-mail and profile id, ip, users acted on, OAuth applications, documents, devices by id and serial number",
};

/// Events, in lower case, with which Google reports that an account is or may be in other hands.
const ATTACKS: [&str; 4] = [
    "account_disabled_hijacked",
    "account_disabled_password_leak",
    "gov_attack_warning",
    "risky_sensitive_action_allowed",
];
/// Events with which Google reports a suspicion.
const SUSPICIONS: [&str; 11] = [
    "account_disabled_generic",
    "account_disabled_spamming",
    "account_disabled_spamming_through_relay",
    "malware_transfer",
    "password_breach",
    "risky_sensitive_action_blocked",
    "suspicious_activity_event",
    "suspicious_login",
    "suspicious_login_less_secure_app",
    "suspicious_programmatic_login",
    "unsafe_site_visit",
];
/// The most parameters of one event that are looked at.
const PARAMETERS_MAX: usize = 128;
/// The most events of one activity that are looked at.
const EVENTS_MAX: usize = 64;

/// Reads Google Workspace activities.
pub(super) struct GoogleWorkspace;

impl Reader for GoogleWorkspace {
    fn name(&self) -> &'static str {
        "google_workspace"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let kind = discriminator(record, "kind").ends_with("reports#activity");
        has_object(record, "id")
            && (kind || within(record, "id").is_some_and(|id| has(&id, "applicationName")))
            && !has_any(record, &["detail", "service"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let activity = Node::new(root);
        let (id, actor) = (activity.get("id"), activity.get("actor"));
        let application = id.get("applicationName").text().unwrap_or("Google Workspace".into());
        let directory = is_one_of(&application, &["admin", "login", "user_accounts", "token", "saml"]);
        let mut draft = Draft::context(self.name(), if directory { Group::Identity } else { Group::Cloud });
        draft.native_id = id.get("uniqueQualifier").word().map(Cow::into_owned);
        draft.unique_id = unique_id(activity);
        draft.time = id.get("time").time();
        draft.vendor_tenant = id.get("customerId").text().map(Cow::into_owned);
        draft.add(user(&[actor.get("email"), actor.get("profileId")]));
        draft.add_ips_as(Role::Source, [activity.get("ipAddress")]);
        let through = actor.get("applicationInfo");
        draft.add(named(EntityKind::Application, through.get("oauthClientId"), through.get("applicationName")));
        let mut whom = None;
        for event in events(activity) {
            let parameters = Parameters::of(event);
            judge(event, &parameters, &mut draft);
            whom = whom.or(add_parameters(&parameters, &mut draft));
        }
        let first = events(activity).next().unwrap_or(Node::absent());
        let name = first.first(&["name", "type"]).text();
        draft.title = Title::of(name.map_or("Activity".to_owned(), |name| words(&name)))
            .with_text(" in ", Some(&application))
            .by(&[actor.get("email"), actor.get("profileId"), actor.get("key")])
            .with_text(" on ", whom.as_deref())
            .from(&[activity.get("ipAddress")])
            .done();
        draft.publish(record, context, out)
    }
}

/// The events of an activity, or the row itself where a lake has made a row of each.
fn events(activity: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let events = activity.get("events");
    (if events.exists() { events } else { activity }).items().take(EVENTS_MAX)
}

/// A qualifier is unique only among records of one time, application and customer; rows of one activity
/// differ in the event.
fn unique_id(activity: Node<'_>) -> Option<String> {
    let id = activity.get("id");
    let qualifier = id.get("uniqueQualifier").word()?;
    let parts = [id.get("time"), id.get("applicationName"), id.get("customerId"), activity.get("name")];
    let parts: Vec<_> = parts.iter().map(|part| part.word().unwrap_or_default()).collect();
    Some(format!("{qualifier} {}", parts.join(" ")))
}

fn judge(event: Node<'_>, parameters: &Parameters<'_>, draft: &mut Draft) {
    let name = event.get("name").text().unwrap_or_default().to_ascii_lowercase();
    let compromised =
        name == "device_compromised_event" && parameters.get("DEVICE_COMPROMISED_STATE").is("COMPROMISED");
    let severity = if ATTACKS.contains(&name.as_str()) || compromised {
        Severity::High
    } else if SUSPICIONS.contains(&name.as_str()) {
        Severity::Medium
    } else {
        // Google found the login unusual and let it pass: nothing to alert on by itself.
        if parameters.get("is_suspicious").is_true() {
            draft.severity = draft.severity.max(Severity::Low);
        }
        return;
    };
    draft.kind = SignalKind::Alert;
    draft.severity = draft.severity.max(severity);
}

/// What an event says in detail.
struct Parameters<'v>(Vec<(Cow<'v, str>, Node<'v>)>);

impl<'v> Parameters<'v> {
    /// In either form: a list of names and values, or an object.
    fn of(event: Node<'v>) -> Self {
        let parameters = event.get("parameters");
        if parameters.is_object() {
            return Self(parameters.members().map(|(name, value)| (Cow::Borrowed(name), value)).collect());
        }
        let value = |parameter: Node<'v>| parameter.first(&["value", "intValue", "boolValue", "multiValue"]);
        let pair = |parameter: Node<'v>| Some((parameter.get("name").text()?, value(parameter)));
        Self(parameters.items().take(PARAMETERS_MAX).filter_map(pair).collect())
    }

    fn get(&self, name: &str) -> Node<'v> {
        let named = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map_or(Node::absent(), |(_, value)| *value)
    }
}

/// Adds what the event's parameters name. Gives the user that was acted on.
fn add_parameters(parameters: &Parameters<'_>, draft: &mut Draft) -> Option<String> {
    let get = |name: &str| parameters.get(name);
    let mut whom = None;
    for name in ["target_user", "USER_EMAIL", "affected_email_address", "TRIGGER_USER"] {
        let email = address(get(name));
        whom = whom.or(email.text().map(Cow::into_owned));
        draft.add(user(&[email]));
    }
    draft.add(named(EntityKind::Application, get("client_id"), get("app_name")));
    draft.add(named(EntityKind::CloudResource, get("doc_id"), get("doc_title")));
    draft.add(things::url_or_domain(get("URL")));
    draft.add_one(EntityKind::File, get("CONTENT_HASH"));
    let ids = ["DEVICE_ID", "SERIAL_NUMBER", "DEVICE_SERIAL_NUMBER", "DEVICE_NAME"].map(get);
    let device = things::device(&ids);
    draft.add(device.map(|device: Entity| device.named(get("DEVICE_MODEL").text().as_deref())));
    whom.or_else(|| get("app_name").text().map(Cow::into_owned))
}
