//! Microsoft Defender XDR advanced hunting: the streaming envelope (`AdvancedHunting-*`), rows of the
//! tables as Log Analytics keeps them, and bare rows as the portal exports them.
//!
//! - Recognised by `category` `AdvancedHunting-*` with `properties`, or by the columns of a row.
//! - Native id: `AlertId` for rows of `AlertInfo` and `AlertEvidence`, else `ReportId`. Time: `Timestamp`.
//! - Severity: `Severity` of alerts; other rows are informational.
//! - Entities: accounts, devices, processes, files, both ends of a connection, URLs, mailboxes, applications,
//!   agents and their conversations, cloud resources.
//!
//! Source: learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables. Columns have the same meaning
//! in every table, so one walk over the known columns reads them all. Rows of `AlertInfo` and
//! `AlertEvidence` become the signal of their alert: within a message they are folded here ([`super::fold`]),
//! across messages by their uid in the correlator.

use super::defender_alert::{PRODUCT as ALERT, group_of};
use super::defender_evidence::model_of;
use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any};
use super::format::Format;
use super::office_activity;
use super::things::{self, Account, address};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const PREFIX: &str = "advancedhunting-";

/// The most elements of one list that are looked at.
const LIST_MAX: usize = 64;

/// How long a GUID is as text.
const GUID_CHARS: usize = 36;

const FORMAT: Format = Format {
    vendor: "Microsoft Defender XDR advanced hunting: streamed, Log Analytics rows, exported rows",
    recognised_by: "`category` `AdvancedHunting-*`; `Timestamp` with `ActionType` and `ReportId`; `AlertId` with `EntityType` or `Title`",
    native_id: "`ReportId`, `BehaviorId`, `RequestId`; rows of alerts: `AlertId`",
    time: "`Timestamp`",
    severity: "rows of `AlertInfo` and `AlertEvidence` are one alert by `Severity`; what Microsoft flags in Copilot is an alert, medium; all others context, sign-ins by `RiskLevelDuringSignIn`; `AttackTechniques`",
    entities: "accounts by object id, SID, UPN and domain name; devices, files, processes, ips, URLs, applications",
};

/// Reads advanced hunting rows.
pub(super) struct DefenderHunting;

impl Reader for DefenderHunting {
    fn name(&self) -> &'static str {
        "defender_hunting"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        if has(record, "properties") {
            return discriminator(record, "category").to_ascii_lowercase().starts_with(PREFIX);
        }
        let timed = has_any(record, &["Timestamp", "TimeGenerated"]);
        let event =
            has(record, "ActionType") && has_any(record, &["ReportId", "ReportId_long", "DeviceId", "AccountObjectId"]);
        let alert = has(record, "AlertId") && has_any(record, &["EntityType", "Title", "AttackTechniques"]);
        let mail = has(record, "NetworkMessageId") && has(record, "ReportId");
        let row = group_of_table(discriminator(record, "Type")).is_some() && has(record, "ReportId");
        timed && (event || alert || mail || row)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let envelope = Node::new(root);
        let properties = envelope.get("properties").unfolded();
        let properties = Node::new(&properties);
        let row = if properties.is_object() { properties } else { envelope };
        let mut draft = match row.get("AlertId").text() {
            Some(id) => alert(row, id.into_owned(), context.group),
            None => event(self.name(), envelope, row, context.group),
        };
        draft.time = first_time(&[row.get("Timestamp"), row.get("TimeGenerated"), envelope.get("time")]);
        draft.vendor_tenant = envelope.first(&["tenantId", "AADTenantId"]).text().map(Into::into);
        for techniques in ["AttackTechniques", "AdditionalFields.AttackTechniques"] {
            draft.add_techniques_at(row.at(techniques));
        }
        add_accounts(row, &mut draft);
        add_devices(row, &mut draft);
        add_files(row, &mut draft);
        add_network(row, &mut draft);
        add_cloud(row, &mut draft);
        let activity = row.get("RawEventData").unfolded();
        if let Some(found) = office_activity::add_interaction(Node::new(&activity), &mut draft) {
            draft.title.push_str(&format!(": {found}"));
        }
        draft.publish(record, context, out)
    }
}

/// A row of `AlertInfo` or `AlertEvidence`.
fn alert(row: Node<'_>, id: String, otherwise: Group) -> Draft {
    let service = row.first(&["ServiceSource", "DetectionSource"]).text().unwrap_or_default();
    let severity = Severity::from_word(&row.get("Severity").word().unwrap_or_default());
    let mut draft = Draft::alert(ALERT, group_of(&service, otherwise), severity);
    draft.native_id = Some(id);
    let kind = row.get("EntityType").text().map(|kind| format!("Evidence of an alert: {kind}"));
    let title = row.first(&["Title", "Category"]).text().map(Into::into).or(kind);
    draft.title = title.unwrap_or("Defender alert".to_owned());
    draft
}

/// A row of any other table.
fn event(product: &'static str, envelope: Node<'_>, row: Node<'_>, otherwise: Group) -> Draft {
    let category = envelope.get("category").text().unwrap_or_default();
    let named = category.split_at_checked(PREFIX.len()).filter(|(prefix, _)| prefix.eq_ignore_ascii_case(PREFIX));
    let table = named.map(|(_, table)| table.to_owned());
    let table = table.or_else(|| row.get("Type").text().map(Into::into)).unwrap_or_default();
    let group = group_of_table(&table).unwrap_or_else(|| group_of_columns(row, otherwise));
    let mut draft = Draft::context(product, group);
    // A behavior's things are rows of their own under its id.
    let own = if row.get("EntityType").exists() { "RequestId" } else { "BehaviorId" };
    let report = row.first(&["ReportId", "ReportId_long", own, "RequestId"]).text().map(String::from);
    if report.as_deref().is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit())) {
        // A device numbers its reports itself; with its name and the time the number is unique.
        let device = row.first(&["DeviceId", "DeviceName"]).text().unwrap_or_default();
        let time = row.first(&["Timestamp", "TimeGenerated"]).text().unwrap_or_default();
        draft.unique_id = report.as_deref().map(|id| format!("{device} {time} {id}"));
    }
    draft.native_id = report;
    draft.title = title(row, &table);
    draft.severity = draft.severity.max(sign_in_risk(row));
    draft
}

/// What Entra ID held of a sign-in: 10 is low, 50 medium, 100 high.
/// Source: learn.microsoft.com/defender-xdr/advanced-hunting-entraidsigninevents-table.
fn sign_in_risk(row: Node<'_>) -> Severity {
    let risk = row.get("RiskLevelDuringSignIn");
    match risk.number().map(|level| level as u32) {
        Some(10) => Severity::Low,
        Some(50) => Severity::Medium,
        Some(100) => Severity::High,
        _ => Severity::Unknown,
    }
}

/// The part of the estate that a table is about.
fn group_of_table(table: &str) -> Option<Group> {
    let table = table.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| table.starts_with(word));
    if starts(&["device"]) {
        Some(Group::Endpoint)
    } else if starts(&["identity", "aadsignin", "entraid", "aadspnsignin"]) {
        Some(Group::Identity)
    } else if starts(&["cloud", "email", "urlclick", "message", "behavior", "oauthapp", "graphapi"]) {
        Some(Group::Cloud)
    } else {
        None
    }
}

fn group_of_columns(row: Node<'_>, otherwise: Group) -> Group {
    // Exports of several tables at once give every row all columns, empty ones too.
    let has = |key: &str| row.first(&[key]).exists();
    if has("NetworkMessageId") || has("ActivityType") || has("RawEventData") {
        Group::Cloud
    } else if has("DestinationDeviceName") || row.get("Application").is("Active Directory") {
        Group::Identity
    } else if has("DeviceId") || has("InitiatingProcessFileName") {
        Group::Endpoint
    } else {
        otherwise
    }
}

fn account_of<'v>(row: Node<'v>, prefix: &str) -> Option<Entity> {
    let key = |name: &str| row.get(&[prefix, name].concat());
    let ids: [Node<'v>; 4] = [key("ObjectId"), key("Upn"), key("Sid"), Node::absent()];
    Account { ids: &ids, domain: key("Domain"), name: key("Name"), display: key("DisplayName") }.entity()
}

fn add_accounts(row: Node<'_>, draft: &mut Draft) {
    let object = row.get("AccountObjectId");
    let raw = row.get("RawEventData").unfolded();
    let raw = Node::new(&raw);
    // The activity's own record names its actor by UPN.
    let actor = address(raw.get("UserId"));
    let application = row.get("OAuthAppId").text().or_else(|| row.get("ClientId").text());
    let acts_itself = object.text().is_some_and(|id| application.as_deref() == Some(&*id));
    if acts_itself || row.get("AccountType").is("Application") {
        draft.add(things::microsoft_application(&[object], row.get("AccountDisplayName")));
    } else {
        draft.add(account_of(row, "Account"));
        // `AccountId` of `CloudAppEvents` is an object id, a UPN, or what an application numbers its users with.
        let account = row.get("AccountId");
        let own = account.text().is_some_and(|id| id.contains('@') || id.len() == GUID_CHARS);
        let account = if own { account } else { Node::absent() };
        draft.add(things::user(&[object, account, address(row.get("UserId")), actor]));
    }
    draft.add(account_of(row, "InitiatingProcessAccount"));
    draft.add(account_of(row, "TargetAccount"));
    // Who wrote a file over the network.
    draft.add(account_of(row, "RequestAccount"));
    // Whom attack disruption contained.
    let source = |name: &str| row.get(&["SourceUser", name].concat());
    let (ids, domain) = ([source("Sid")], source("DomainName"));
    draft.add(Account { ids: &ids, domain, name: source("Name"), display: Node::absent() }.entity());
    // All names of one person, in the table that is there for that.
    let known = ["AccountObjectId", "AccountUpn", "OnPremSid", "CloudSid"].map(|key| row.get(key));
    let [object_id, upn, sid, cloud_sid] = known;
    if sid.exists() || cloud_sid.exists() {
        draft.add(things::user(&[object_id, upn, sid, cloud_sid, address(row.get("EmailAddress"))]));
    }
    draft.add(things::user(&[raw.at("userIdentity.arn")]));
    if actor.exists() {
        draft.add(things::user(&[actor, raw.get("LogonUserSid")]));
    }
    let owner = raw.get("MailboxOwnerUPN");
    draft.add(things::user(&[owner, raw.get("MailboxOwnerSid")]));
    let mailbox = [raw.get("MailboxGuid").text(), owner.text()];
    draft.add(Entity::new(EntityKind::Mailbox, mailbox.iter().flatten().map(AsRef::as_ref)));
    let objects = row.get("ActivityObjects").unfolded();
    Node::new(&objects).items().for_each(|object| draft.add(involved_user(object)));
}

/// A user among an activity's objects: whose mailbox an application opened stands only here with their object
/// id. Applications within an application number their users, and such a number is not unique.
fn involved_user(object: Node<'_>) -> Option<Entity> {
    let id = object.get("Id").text().filter(|id| id.contains('@') || id.len() == GUID_CHARS)?;
    if !object.get("Type").is("User") {
        return None;
    }
    Some(Entity::new(EntityKind::User, [&*id])?.named(object.get("Name").text().as_deref()))
}

/// The device, and who is logged on to it.
fn add_devices(row: Node<'_>, draft: &mut Draft) {
    let logged_on = row.get("LoggedOnUsers").unfolded();
    for user in Node::new(&logged_on).items() {
        let (domain, name) = (user.get("DomainName"), user.get("UserName"));
        draft.add(Account { ids: &[user.get("Sid")], domain, name, display: Node::absent() }.entity());
    }
    let ids = ["DeviceId", "AadDeviceId", "EntraIdDeviceId", "DeviceName"].map(|key| row.get(key));
    draft.add(things::device(&ids));
    for name in ["DestinationDeviceName", "TargetDeviceName", "RemoteDeviceName"] {
        draft.add(things::device(&[row.get(name)]));
    }
}

fn add_files(row: Node<'_>, draft: &mut Draft) {
    let process = row.get("ActionType").is("ProcessCreated") || row.get("EntityType").is("Process");
    let kind = if process { EntityKind::Process } else { EntityKind::File };
    let hashes = [row.get("SHA256"), row.get("SHA1")];
    draft.add_image(kind, &hashes, row.get("FolderPath"), row.get("FileName"));
    let hashes = [row.get("InitiatingProcessSHA256"), row.get("InitiatingProcessSHA1")];
    let (path, name) = (row.get("InitiatingProcessFolderPath"), row.get("InitiatingProcessFileName"));
    draft.add_image(EntityKind::Process, &hashes, path, name);
}

fn add_network(row: Node<'_>, draft: &mut Draft) {
    const CLIENT: [&str; 6] =
        ["IPAddress", "SenderIPv4", "SenderIPv6", "ClientIP", "RequestSourceIP", "SourceIpAddress"];
    draft.add_ips_as(Role::Source, CLIENT.map(|key| row.get(key)));
    let own = row.get("IPAddresses").unfolded();
    draft.add_ips(Node::new(&own).items().take(LIST_MAX).map(|address| address.get("IPAddress")));
    let ends = [row.get("RemoteIP"), row.get("LocalIP")];
    match ends_of(row) {
        Some(roles) => roles.into_iter().zip(ends).for_each(|(role, end)| draft.add_ips_as(role, [end])),
        None => draft.add_ips(ends),
    }
    draft.add_ips_as(Role::Destination, [row.get("DestinationIPAddress")]);
    draft.add_ips([row.get("FileOriginIP")]);
    for url in ["RemoteUrl", "Url", "UrlDomain", "FileOriginUrl"] {
        draft.add(things::url_or_domain(row.get(url)));
    }
    draft.add(things::user(&[row.get("RecipientEmailAddress"), row.get("RecipientObjectId")]));
    let recipients = row.get("RecipientDetails").unfolded();
    for recipient in Node::new(&recipients).items() {
        draft.add(things::user(&[recipient.get("RecipientSmtpAddress"), recipient.get("RecipientObjectId")]));
    }
    let sender = row.first(&["SenderFromAddress", "SenderMailFromAddress", "SenderEmailAddress"]);
    match row.get("SenderObjectId").text() {
        Some(_) => draft.add(things::user(&[sender, row.get("SenderObjectId")])),
        None => draft.add_one(EntityKind::Mailbox, sender),
    }
}

fn add_cloud(row: Node<'_>, draft: &mut Draft) {
    add_agent(row, draft);
    for id in ["OAuthAppId", "OAuthApplicationId", "AppId"] {
        draft.add(things::microsoft_application(&[row.get(id)], row.get("OAuthApplicationName")));
    }
    let service = [row.get("ServicePrincipalId"), row.get("ApplicationId")];
    draft.add(things::microsoft_application(&service, row.get("ServicePrincipalName")));
    draft.add_one(EntityKind::Session, row.get("SessionId"));
    for id in ["AzureResourceId", "ResourceId", "ResourceID", "AwsResourceName", "GcpFullResourceName"] {
        draft.add_one(EntityKind::CloudResource, row.get(id));
    }
    for id in ["AzureResourceId", "ResourceId", "ResourceID"] {
        draft.add(row.get(id).text().and_then(|id| model_of(&id)));
    }
}

fn is_inbound(row: Node<'_>) -> bool {
    let action = row.get("ActionType").word().unwrap_or_default();
    action.starts_with("Inbound") || action.starts_with("Logon")
}

/// The roles of the remote and of the local address. Of an alert's evidence only Defender knows.
fn ends_of(row: Node<'_>) -> Option<[Role; 2]> {
    let outbound = [Role::Destination, Role::Source];
    let inbound = [Role::Source, Role::Destination];
    if row.get("AlertId").exists() {
        let direction = row.get("EvidenceDirection");
        return if direction.is("Source") { Some(inbound) } else { direction.is("Destination").then_some(outbound) };
    }
    Some(if is_inbound(row) { inbound } else { outbound })
}

/// The AI agent of an activity, the conversation and the tool, which stand in the activity's own record.
fn add_agent(row: Node<'_>, draft: &mut Draft) {
    let raw = row.get("RawEventData").unfolded();
    let raw = Node::new(&raw);
    let agent = raw.get("AgentId").text().and_then(|id| Entity::new(EntityKind::Agent, [&*id]));
    draft.add(agent.map(|agent| agent.named(raw.get("AgentName").text().as_deref())));
    draft.add(things::named(EntityKind::Agent, row.get("AIAgentId"), row.get("AIAgentName")));
    for owners in ["OwnerAccountUpns", "LastModifiedByUpn"] {
        let owners = row.get(owners).unfolded();
        Node::new(&owners).items().take(LIST_MAX).for_each(|owner| draft.add(things::user(&[address(owner)])));
    }
    draft.add_one(EntityKind::Session, raw.get("ConversationId"));
    draft.add_one(EntityKind::Tool, raw.get("ToolName"));
}

fn title(row: Node<'_>, table: &str) -> String {
    let request = row.get("RequestMethod").text().zip(row.get("RequestUri").text());
    let request = request.map(|(method, uri)| format!("{method} {uri}"));
    let what = row.get("ActionType").text().map(Into::into).or(request).unwrap_or_else(|| table.to_owned());
    let mut title = if what.is_empty() { "Defender event".to_owned() } else { what };
    let program = row.get("FileName").text().filter(|_| row.get("ActionType").is("ProcessCreated"));
    if let Some(program) = program.or_else(|| row.get("InitiatingProcessFileName").text()) {
        title.push_str(&format!(": {program}"));
    }
    let users = ["AccountUpn", "InitiatingProcessAccountUpn", "UserId", "AccountName", "AccountDisplayName"];
    let user = row.first(&users).text().or_else(|| row.get("InitiatingProcessAccountName").text());
    if let Some(user) = user {
        title.push_str(&format!(" by {user}"));
    }
    if let Some(device) = row.get("DeviceName").text() {
        title.push_str(&format!(" on {device}"));
    }
    const TARGETS: [&str; 5] = ["DestinationDeviceName", "RemoteUrl", "Url", "RecipientEmailAddress", "RemoteIP"];
    if let Some(target) = row.first(&TARGETS).text() {
        let way = if is_inbound(row) && !row.get("DestinationDeviceName").exists() { "from" } else { "to" };
        title.push_str(&format!(" {way} {target}"));
    }
    title
}
