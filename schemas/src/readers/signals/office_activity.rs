//! Office 365: records of the Management Activity API and rows of the Log Analytics table `OfficeActivity`.
//!
//! Source: learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema and
//! copilot-schema there. Microsoft's own verdict on what was asked of Copilot, or on a document that it read, is an alert.

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any, is_one_of};
use super::format::Format;
use super::things::{self, Account, address};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Office 365 Management Activity API, Log Analytics `OfficeActivity`",
    recognised_by: "`Operation` with `Workload` and `RecordType` or `UserType`, or with `OfficeWorkload`",
    native_id: "`OfficeId`, else `Id`",
    time: "`CreationTime`, else `TimeGenerated`",
    severity: "context; an interaction with Copilot that Microsoft flags (`JailbreakDetected`, `XPIADetected`) is an alert, medium",
    entities: "actor by UPN, object id or SID; mailbox and its owner; target, whom something is shared with or mail forwarded to, ips, session, device, application, agent, model, URL",
};

/// The most parameters of a cmdlet, and the most addresses in one, that are looked at.
const PARAMETERS_MAX: usize = 64;

/// Reads Office 365 activity.
pub(super) struct OfficeActivity;

impl Reader for OfficeActivity {
    fn name(&self) -> &'static str {
        "office_activity"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let row = has(record, "OfficeWorkload") || discriminator(record, "Type").eq_ignore_ascii_case("OfficeActivity");
        let api = has(record, "Workload") && has_any(record, &["RecordType", "UserType"]);
        has(record, "Operation") && (row || api)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let row = Node::new(root);
        let workload = row.first(&["Workload", "OfficeWorkload"]).text().unwrap_or("Office 365".into());
        let directory = workload.eq_ignore_ascii_case("AzureActiveDirectory");
        let mut draft = Draft::context(self.name(), if directory { Group::Identity } else { Group::Cloud });
        draft.native_id = row.first(&["OfficeId", "SourceRecordId", "Id"]).text().map(Into::into);
        draft.time = first_time(&[row.get("CreationTime"), row.get("TimeGenerated")]);
        draft.vendor_tenant = row.first(&["OrganizationId", "OfficeTenantId"]).text().map(Into::into);
        add_actor(row, &mut draft);
        add_mailbox(row, &mut draft);
        for target in row.get("Target").items() {
            draft.add(party(target));
        }
        draft.add_ips_as(
            Role::Source,
            ["ClientIP", "Client_IPAddress", "ClientIPAddress", "ActorIpAddress"].map(|key| row.get(key)),
        );
        for session in ["SessionId", "AppAccessContext.AADSessionId"] {
            draft.add_one(EntityKind::Session, row.at(session));
        }
        for application in ["ClientAppId", "AppId", "ApplicationId", "AppAccessContext.ClientAppId"] {
            draft.add(things::microsoft_application(&[row.at(application)], Node::absent()));
        }
        draft.add(things::named(EntityKind::Agent, row.get("AgentId"), row.get("AgentName")));
        add_sign_in(row, &mut draft);
        let flagged = add_interaction(row, &mut draft);
        // With whom something was shared, and where mail is to go from now on.
        draft.add(things::user(&[address(row.get("TargetUserOrGroupName"))]));
        add_forwarding(row, &mut draft);
        let object = row.first(&["ObjectId", "OfficeObjectId"]);
        if object.text().is_some_and(|object| object.contains("://")) {
            draft.add(things::url_or_domain(object));
        }
        draft.title = title(row, &workload, flagged);
        draft.publish(record, context, out)
    }
}

fn add_actor(row: Node<'_>, draft: &mut Draft) {
    let id = row.get("UserId").text().unwrap_or_default();
    if let Some(application) = id.strip_prefix("ServicePrincipal_") {
        draft.add(Entity::new(EntityKind::Application, [application]));
    } else if id.contains('@') || id.contains('\\') || id.starts_with("S-1-5-21-") {
        let ids = [row.get("LogonUserSid")];
        let account = Account { ids: &ids, domain: Node::absent(), name: row.get("UserId"), display: Node::absent() };
        draft.add(account.entity());
    }
    // In directory records the actor's object id stands beside their UPN, not in it.
    let actors: Vec<_> = row.get("Actor").items().filter_map(|actor| actor.get("ID").text()).collect();
    let names = actors.iter().map(AsRef::as_ref).filter(|id: &&str| id.contains('@') || is_guid(id));
    let named = actors.iter().any(|actor| actor.eq_ignore_ascii_case(&id));
    draft.add(Entity::new(EntityKind::User, names).filter(|_| named));
}

/// The mailbox and its owner.
fn add_mailbox(row: Node<'_>, draft: &mut Draft) {
    let (guid, owner) = (row.get("MailboxGuid"), row.get("MailboxOwnerUPN"));
    let (guid, upn) = (guid.text(), owner.text());
    draft.add(Entity::new(EntityKind::Mailbox, guid.as_deref().into_iter().chain(upn.as_deref())));
    draft.add(things::user(&[owner, row.get("MailboxOwnerSid")]));
}

/// Where a mailbox or a rule sends mail on to, by the parameters of Exchange's cmdlets.
fn add_forwarding(row: Node<'_>, draft: &mut Draft) {
    const FORWARDING: [&str; 5] =
        ["ForwardAsAttachmentTo", "ForwardTo", "ForwardingAddress", "ForwardingSmtpAddress", "RedirectTo"];
    let parameters = row.get("Parameters").unfolded();
    for parameter in Node::new(&parameters).items().take(PARAMETERS_MAX) {
        let forwards = parameter.get("Name").text().is_some_and(|name| is_one_of(&name, &FORWARDING));
        let to = parameter.get("Value").text().filter(|_| forwards).unwrap_or_default();
        for to in to.split(';').take(PARAMETERS_MAX).filter(|to| to.contains('@')) {
            let bare = to.split_once(':').map_or(to, |(_, bare)| bare);
            draft.add(Entity::new(EntityKind::Mailbox, [bare]));
        }
    }
}

/// The device and the session of a sign-in, which stand in a list of names and values.
fn add_sign_in(row: Node<'_>, draft: &mut Draft) {
    let properties = row.get("DeviceProperties").unfolded();
    let properties: Vec<_> = Node::new(&properties).items().take(PARAMETERS_MAX).collect();
    let value = |name: &str| {
        let named = properties.iter().find(|property| property.get("Name").is(name));
        named.map_or(Node::absent(), |property| property.get("Value"))
    };
    draft.add(things::device(&[value("Id"), value("DisplayName")]));
    draft.add_one(EntityKind::Session, value("SessionId"));
}

/// What an interaction with Copilot touched. Gives what Microsoft found in it, which makes it an alert.
pub(super) fn add_interaction(row: Node<'_>, draft: &mut Draft) -> Option<&'static str> {
    let data = row.get("CopilotEventData").unfolded();
    let data = Node::new(&data);
    draft.add_one(EntityKind::Session, data.get("ThreadId"));
    for model in data.get("ModelTransparencyDetails").items().take(PARAMETERS_MAX) {
        draft.add_one(EntityKind::Model, model.get("ModelName"));
    }
    let resources = || data.get("AccessedResources").items().take(PARAMETERS_MAX);
    for place in resources().map(|resource| resource.first(&["SiteUrl", "ID"])) {
        draft.add(things::url_or_domain(place).filter(|place| place.kind == EntityKind::Url));
    }
    let injected = resources().any(|resource| resource.get("XPIADetected").is_true());
    let mut messages = data.get("Messages").items().take(PARAMETERS_MAX);
    let jailbroken = messages.any(|message| message.get("JailbreakDetected").is_true());
    let (technique, found) = match (injected, jailbroken) {
        (true, _) => ("AML.T0051.001", "indirect prompt injection detected"),
        (false, true) => ("AML.T0054", "jailbreak detected"),
        (false, false) => return None,
    };
    draft.kind = SignalKind::Alert;
    draft.severity = Severity::Medium;
    draft.add_techniques(technique);
    Some(found)
}

fn party(party: Node<'_>) -> Option<Entity> {
    let id = party.get("ID").text().filter(|id| id.contains('@') && !id.contains(' '))?;
    Entity::new(EntityKind::User, [&*id])
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Exchange writes `True`, directories `Success`, SharePoint `Succeeded`.
fn is_success(result: &str) -> bool {
    result.eq_ignore_ascii_case("true") || result.to_ascii_lowercase().starts_with("succe")
}

fn title(row: Node<'_>, workload: &str, flagged: Option<&str>) -> String {
    let operation = row.get("Operation").text().unwrap_or("Activity".into());
    let mut title = format!("{operation} in {workload}");
    if let Some(user) = row.get("UserId").text() {
        title.push_str(&format!(" by {user}"));
    }
    if let Some(owner) = row.get("MailboxOwnerUPN").text().filter(|owner| !row.get("UserId").is(owner)) {
        title.push_str(&format!(" on the mailbox of {owner}"));
    }
    if let Some(result) = row.get("ResultStatus").text().filter(|result| !is_success(result)) {
        title.push_str(&format!(": {result}"));
    }
    if let Some(flagged) = flagged {
        title.push_str(&format!(": {flagged}"));
    }
    title
}
