//! Windows events: security log, Sysmon, Defender Antivirus, AD FS and SQL Server audits.
//!
//! - Recognised by `EventID` or `EventCode` with a computer, by `winlog`, by `Event` as an object, by `System` with
//!   `EventData`.
//! - Native id: computer, channel and record number; else the id that the log store gave.
//! - Time: the event's creation. Severity: Defender Antivirus' own; other events are informational.
//! - Alerts: Defender Antivirus' findings.
//! - Entities: subject, target and member accounts, the computer, images and files by hash and path, both ends of
//!   a connection, the logon session.
//!
//! One reader for all channels, since what tells them apart lies below the top level; [`super::windows_shape`]
//! knows how shippers write them. Only Defender Antivirus' findings are alerts.

use super::draft::Draft;
use super::fields::{Node, has, has_any};
use super::format::Format;
use super::things::{self, Account};
use super::windows_shape::{WindowsRecord, named_data};
use super::windows_titles as titles;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Windows security, Sysmon, Defender Antivirus, AD FS: Log Analytics, winlogbeat, XML as JSON, flat",
    recognised_by: "`EventID` or `EventCode` with a computer; `winlog`; `Event.System`",
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
        flat || xml || has(record, "winlog") || (has(record, "System") && has(record, "EventData"))
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
        let word = event.data("Severity Name").word().unwrap_or_default();
        let severity = if word.eq_ignore_ascii_case("severe") { Severity::High } else { Severity::from_word(&word) };
        return Draft::alert("windows_event", Group::Endpoint, severity);
    }
    Draft::context(if sysmon { "sysmon" } else { "windows_event" }, Group::Endpoint)
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

/// Events about an account, which `Target*` names; who did it stands in `Subject*`.
fn is_about_account(id: u32) -> bool {
    matches!(id, 4720 | 4722..=4726 | 4738 | LOCKED_OUT | 4767 | 4781 | 4798)
}

/// The event that an account was locked out: `TargetDomainName` is the computer where the passwords were tried, and the
/// subject the domain controller.
/// Source: learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4740.
const LOCKED_OUT: u32 = 4740;

fn account_of(event: &WindowsRecord<'_>, prefix: &str) -> Option<Entity> {
    let key = |name: &str| event.data(&[prefix, name].concat());
    let sid = if key("UserSid").text().is_some() { key("UserSid") } else { key("Sid") };
    Account { ids: &[sid], domain: key("DomainName"), name: key("UserName"), display: Node::absent() }.entity()
}

fn add_accounts(event: &WindowsRecord<'_>, id: u32, draft: &mut Draft) {
    draft.add(account_of(event, "Subject"));
    if id == LOCKED_OUT {
        let (sid, name) = (event.data("TargetSid"), event.data("TargetUserName"));
        draft.add(Account { ids: &[sid], domain: Node::absent(), name, display: Node::absent() }.entity());
        draft.add(things::device(&[event.data("TargetDomainName")]));
    } else if !targets_group(id) {
        draft.add(account_of(event, "Target"));
    }
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
    for name in ["DestinationHostname", "QueryName"] {
        draft.add(things::url_or_domain(event.data(name)));
    }
    let session = event.first(&["LogonGuid", "LogonGuid_string"]).text();
    let session = session.map(|guid| guid.trim_matches(['{', '}']).to_ascii_lowercase());
    draft.add(session.and_then(|guid| Entity::new(EntityKind::Session, [guid.as_str()])));
}

fn add_files(event: &WindowsRecord<'_>, id: u32, sysmon: bool, draft: &mut Draft) {
    let written = event.first(&["Hashes", "Hash"]).word().unwrap_or_default();
    let hashes: Vec<Value<'_>> = hashes_in(&written).map(Value::from).collect();
    let hashes: Vec<Node<'_>> = hashes.iter().map(Node::new).collect();
    let absent = Node::absent();
    let image = event.first(&["Image", "NewProcessName", "ProcessName", "SourceImage"]);
    let loaded = event.data("ImageLoaded");
    // The hashes of an event are those of the file that it is about: the process only when it starts.
    let process_hashes = if sysmon && id == 1 { hashes.as_slice() } else { &[] };
    draft.add_image(EntityKind::Process, process_hashes, image, absent);
    let file = if loaded.text().is_some() { loaded } else { event.first(&["TargetFilename", "Path"]) };
    let file_hashes = if sysmon && matches!(id, 6 | 7 | 15 | 23 | 26..=29) { hashes.as_slice() } else { &[] };
    if let Some(path) = file.text() {
        let path = Value::from(scanned_path(&path));
        draft.add_image(EntityKind::File, file_hashes, Node::new(&path), absent);
    }
}

/// The hashes of the content in Sysmon's `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`. The last is one of imports, which many
/// files share.
fn hashes_in(written: &str) -> impl Iterator<Item = &str> {
    let pairs = written.split(',').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(kind, _)| matches!(*kind, "MD5" | "SHA1" | "SHA256")).map(|(_, hash)| hash)
}

/// The first file in what Defender Antivirus writes: `containerfile:_C:\\a.zip; file:_C:\\a.zip->b.exe`.
fn scanned_path(written: &str) -> &str {
    let resource = written.split("; ").next().unwrap_or_default();
    let path = resource.split_once(":_").map_or(resource, |(_, path)| path);
    path.split("->").next().unwrap_or_default()
}

/// The event that somebody signed in as somebody else, whom `Target*` names.
const EXPLICIT_CREDENTIALS: u32 = 4648;

fn title(event: &WindowsRecord<'_>, id: u32, sysmon: bool) -> String {
    let known = if sysmon { titles::sysmon(id) } else { titles::windows(id) };
    let mut title = known.map_or_else(|| format!("Windows event {id}"), str::to_owned);
    let image = event.first(&["Image", "NewProcessName"]).text();
    let what = image.as_deref().map(things::file_name).map(str::to_owned);
    let target = event.data("TargetUserName");
    let object = target.text().filter(|_| targets_group(id) || is_about_account(id));
    if let Some(what) = what.or_else(|| event.data("Threat Name").text().or(object).map(Into::into)) {
        title.push_str(&format!(": {what}"));
    }
    let subject = event.data("SubjectUserName");
    let (first, second) = match id {
        LOCKED_OUT => (Node::absent(), Node::absent()),
        EXPLICIT_CREDENTIALS => (subject, target),
        id if targets_group(id) || is_about_account(id) => (subject, Node::absent()),
        _ => (target, subject),
    };
    let who = [first, second, event.data("ClaimsName"), event.data("User")];
    if let Some(who) = who.iter().find_map(|node| node.text()) {
        title.push_str(&format!(" by {who}"));
    }
    if let Some(computer) = event.computer().text() {
        title.push_str(&format!(" on {computer}"));
    }
    if let Some(address) = event.first(&["IpAddress", "DestinationIp", "DestAddress"]).text() {
        let way = if event.data("IpAddress").text().is_some() { "from" } else { "to" };
        title.push_str(&format!(" {way} {address}"));
    }
    title
}
