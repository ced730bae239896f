//! Windows events: security log, Sysmon, Defender Antivirus, AD FS and SQL Server audits.
//!
//! - Recognised by `EventID` or `EventCode` with a computer, by `winlog`, by `Event` as an object, by `System` with
//!   `EventData`, by `ProviderName`, `MachineName` and `Id` as PowerShell names them.
//! - Native id: computer, channel and record number; else the id that the log store gave.
//! - Time: the event's creation. Severity: Defender Antivirus' own; other events are informational.
//! - Alerts: Defender Antivirus' findings.
//! - Entities: subject, target and member accounts, the computer, images and files by hash and path, both ends of
//!   a connection, the logon session.
//!
//! One reader for all channels, since what tells them apart lies below the top level; [`super::windows_shape`]
//! knows how shippers write them. Only Defender Antivirus' findings are alerts.

use super::draft::Draft;
use super::fields::{Node, has, has_all, has_any};
use super::format::Format;
use super::things::{self, Account};
use super::windows_files::add_files;
use super::windows_shape::{WindowsRecord, named_data};
use super::windows_titles as titles;
use crate::entity::{Entity, EntityKind, Role, canonical_id};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Windows security, Sysmon, Defender Antivirus, AD FS: Log Analytics, winlogbeat, XML as JSON, flat, `Get-WinEvent`",
    recognised_by: "`EventID` or `EventCode` with a computer; `winlog`; `Event.System`; `ProviderName`, `MachineName` and `Id`",
    native_id: "record id with computer and channel, else the event's own id",
    time: "`TimeCreated`, else `TimeGenerated`",
    severity: "context, except Defender Antivirus' findings by their severity; technique in Sysmon's `RuleName`",
    entities: "device, accounts by SID and domain name, ips, files and processes by hash and path",
};

/// Reads Windows events.
pub(super) struct WindowsEvent;

impl Reader for WindowsEvent {
    fn name(&self) -> &'static str {
        "windows_event"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let flat = has_any(record, &["EventID", "EventCode"])
            && has_any(record, &["Computer", "ComputerName", "Hostname", "host"])
            && !has(record, "eventName");
        // `event` in lower case is another vendor's: only XML made into JSON has a capital.
        let xml = record.field("Event").is_some_and(|event| event.get().starts_with('{')) && !has(record, "metadata");
        let powershell = has_all(record, &["ProviderName", "MachineName", "Id"]);
        flat || xml || powershell || has(record, "winlog") || (has(record, "System") && has(record, "EventData"))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let named = named_data(root);
        let event = WindowsRecord::new(root, &named);
        let id = event.event_id();
        let sysmon = event.is_sysmon();
        let mut draft = new_draft(&event, id, sysmon);
        draft.native_id = native_id(&event);
        draft.time = event.time();
        draft.vendor_tenant = event.tenant();
        draft.add_techniques_at(event.data("RuleName"));
        draft.add(things::device(&[event.computer()]));
        add_accounts(&event, id, &mut draft);
        add_claims(&event, id, &mut draft);
        add_network(&event, &mut draft);
        add_files(&event, id, sysmon, &mut draft);
        draft.title = title(&event, id, sysmon);
        draft.publish(record, context, out)
    }
}

fn new_draft(event: &WindowsRecord<'_>, id: u32, sysmon: bool) -> Draft {
    let antivirus = event.provider().is_some_and(|provider| provider.ends_with("Windows Defender"));
    if antivirus && matches!(id, 1006 | 1015 | 1116 | 1117) {
        return Draft::alert("windows_event", Group::Endpoint, antivirus_severity(event));
    }
    Draft::context(if sysmon { "sysmon" } else { "windows_event" }, Group::Endpoint)
}

/// Defender Antivirus' word, else its number: 1 low, 2 moderate, 4 high, 5 severe.
/// Source: learn.microsoft.com/windows/win32/wmi/msft-mpthreat, `SeverityID`.
fn antivirus_severity(event: &WindowsRecord<'_>) -> Severity {
    let word = event.data("Severity Name").word().unwrap_or_default();
    let known = if word.eq_ignore_ascii_case("severe") { Severity::High } else { Severity::from_word(&word) };
    match event.data("Severity ID").number() {
        Some(number) if known == Severity::Unknown && number >= 1.0 => {
            Severity::from_score(number, [1.0, 2.0, 4.0, f64::INFINITY])
        }
        _ => known,
    }
}

/// The record's number is unique within a log of a computer.
fn native_id(event: &WindowsRecord<'_>) -> Option<String> {
    let computer = event.computer().text();
    let numbered = computer.zip(event.channel()).zip(event.record_id());
    let numbered = numbered.map(|((computer, channel), number)| format!("{computer}/{channel}/{number}"));
    numbered.or_else(|| event.origin_id().map(Into::into))
}

/// Events whose target is a group, so that `Target*` names no account.
fn targets_group(id: u32) -> bool {
    matches!(id, 4727..=4737 | 4754..=4758 | 4764 | 4799)
}

fn account_of(event: &WindowsRecord<'_>, prefix: &str) -> Option<Entity> {
    let key = |name: &str| event.data(&[prefix, name].concat());
    let sid = if key("UserSid").text().is_some() { key("UserSid") } else { key("Sid") };
    Account { ids: &[sid], domain: key("DomainName"), name: key("UserName"), display: Node::absent() }.entity()
}

/// Who was locked out and where that was tried: what other events have as the target's domain is here the calling
/// computer's name. Source: learn.microsoft.com/windows/security/threat-protection/auditing/event-4740.
fn add_locked_out(event: &WindowsRecord<'_>, draft: &mut Draft) {
    let name = event.data("TargetUserName");
    let account = Account { ids: &[event.data("TargetSid")], domain: Node::absent(), name, display: Node::absent() };
    draft.add(account.entity());
    draft.add(things::device(&[event.data("TargetDomainName")]));
}

fn add_accounts(event: &WindowsRecord<'_>, id: u32, draft: &mut Draft) {
    draft.add(account_of(event, "Subject"));
    match id {
        4740 => add_locked_out(event, draft),
        id if targets_group(id) => {}
        _ => draft.add(account_of(event, "Target")),
    }
    if id == 4769 {
        // Whose ticket was asked for: the account behind a service, which its password's hash encrypts.
        let name = event.data("ServiceName");
        let ids = [event.data("ServiceSid")];
        draft.add(Account { ids: &ids, domain: Node::absent(), name, display: Node::absent() }.entity());
    }
    draft.add(event.security_user());
    draft.add(things::user(&[event.data("MemberSid")]));
    let names = ["User", "SourceUser", "TargetUser", "Detection User", "Account", "UserName"];
    for name in names.map(|key| event.data(key)) {
        if name.text().is_some_and(|name| name.contains(['\\', '@'])) {
            let account = Account { ids: &[], domain: Node::absent(), name, display: Node::absent() };
            draft.add(account.entity());
        }
    }
}

/// The principals of AD FS and SQL Server audits, which stand in lists and prose.
fn add_claims(event: &WindowsRecord<'_>, id: u32, draft: &mut Draft) {
    let data = event.unnamed_data();
    let claims: Vec<Node<'_>> = Node::new(&data).items().collect();
    let claim = |end: &str| {
        let pair = claims
            .windows(2)
            .find(|pair| pair.first().and_then(|name| name.text()).is_some_and(|name| name.ends_with(end)));
        pair.and_then(|pair| pair.last().copied()).unwrap_or(Node::absent())
    };
    let upn = claim("/claims/upn");
    let name = [event.data("ClaimsName"), claim("/claims/name")].into_iter().find(|name| name.text().is_some());
    let ids = [claim("/claims/primarysid"), upn];
    let account = Account { ids: &ids, domain: Node::absent(), name: name.unwrap_or(upn), display: Node::absent() };
    draft.add(account.entity());
    if id == 33205 {
        let prose = event.prose().unwrap_or_default();
        let principal =
            prose.split_once(" server_principal_name:").and_then(|(_, rest)| rest.split_whitespace().next());
        let principal = Value::from(principal.filter(|name| name.contains('\\')));
        let name = Node::new(&principal);
        draft.add(Account { ids: &[], domain: Node::absent(), name, display: Node::absent() }.entity());
    }
}

fn add_network(event: &WindowsRecord<'_>, draft: &mut Draft) {
    const FROM: [&str; 5] = ["IpAddress", "SourceIp", "SourceAddress", "ClientAddress", "Source Network Address"];
    const TO: [&str; 3] = ["DestinationIp", "DestAddress", "DestinationAddress"];
    draft.add_ips_as(Role::Source, FROM.map(|key| event.data(key)));
    draft.add_ips_as(Role::Destination, TO.map(|key| event.data(key)));
    draft.add(things::device(&[event.first(&["WorkstationName", "Workstation"])]));
    // Where somebody's credentials were used (4648).
    draft.add(things::device(&[event.data("TargetServerName")]).map(|host| host.in_role(Role::Destination)));
    for name in ["DestinationHostname", "QueryName"] {
        draft.add(things::url_or_domain(event.data(name)));
    }
    let session = event.first(&["LogonGuid", "LogonGuid_string"]).text();
    let session = session.map(|guid| guid.trim_matches(['{', '}']).to_ascii_lowercase());
    draft.add(session.and_then(|guid| Entity::new(EntityKind::Session, [guid.as_str()])));
}

fn title(event: &WindowsRecord<'_>, id: u32, sysmon: bool) -> String {
    let known = if sysmon { titles::sysmon(id) } else { titles::windows(id) };
    let mut title = known.map_or_else(|| format!("Windows event {id}"), str::to_owned);
    let image = event.first(&["Image", "NewProcessName", "SourceImage"]).text();
    let what = image.as_deref().map(things::file_name).map(str::to_owned);
    let (subject, target) = (event.data("SubjectUserName"), event.data("TargetUserName"));
    let to_account = titles::is_done_to_an_account(id);
    let done_to = to_account || targets_group(id);
    let whom = target.text().filter(|_| done_to);
    if let Some(what) = what.or_else(|| event.data("Threat Name").text().or(whom).map(Into::into)) {
        title.push_str(&format!(": {what}"));
    }
    // A logon's subject is the service that asked for it; a machine that acts for itself is named below.
    let actor = if titles::is_done_by_the_target(id) { Node::absent() } else { subject };
    let actor = if actor.text().is_some_and(|name| name.ends_with('$')) { Node::absent() } else { actor };
    let target = if done_to { Node::absent() } else { target };
    let who = [actor, target, subject, event.data("ClaimsName"), event.data("User"), event.data("SourceUser")];
    let who = who.into_iter().filter_map(Node::text).find(|who| !(to_account && who.ends_with('$')));
    if let Some(who) = who {
        title.push_str(&format!(" by {who}"));
    }
    if let Some(computer) = event.computer().text() {
        title.push_str(&format!(" on {computer}"));
    }
    if let Some(far) = event.first(&["IpAddress", "DestinationIp", "DestAddress", "QueryName"]).text() {
        let way = if event.data("IpAddress").text().is_some() { "from" } else { "to" };
        let bare = canonical_id(EntityKind::Ip, &far);
        title.push_str(&format!(" {way} {}", bare.as_deref().unwrap_or(&far)));
    }
    title
}
