//! CrowdStrike Falcon events: Falcon Data Replicator (flat, and as lakes nest it under `event`), detection
//! summaries that come with it, and the Event Streams envelope (`metadata`, `event`).
//!
//! Source: falcon.crowdstrike.com/documentation (Events Data Dictionary, Streaming API Event Dictionary). The
//! sensor's outer address (`aip`) is left out: everyone in an office shares it. Alerts of the Alerts API are
//! [`super::crowdstrike_alert`]'s.

use super::draft::Draft;
use super::fields::{Node, first_time, has_any, member};
use super::format::Format;
use super::things::{self, Account};
use crate::entity::{EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, EventTime, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

/// The product of every Falcon alert, however it came: its composite id is the same everywhere.
pub(super) const PRODUCT: &str = "crowdstrike";

const FORMAT: Format = Format {
    vendor: "CrowdStrike Falcon: Falcon Data Replicator, detection summaries, Event Streams",
    recognised_by: "`event_simpleName`, `fdr_event_type`, `ExternalApiType` or `unknown_payload` with an agent's or customer's id; `metadata.customerIDString`",
    native_id: "`CompositeId`, else `id`, `event_id`, the detection's or incident's own; audit events have none",
    time: "`UTCTimestamp`, `ContextTimeStamp`, `timestamp`, `StartTime`, `StartTimeEpoch`, else `metadata.eventCreationTime`",
    severity: "`SeverityName`, else `Severity` on Falcon's scale; detection and incident summaries are alerts, all else context",
    entities: "the sensor's device, accounts, images and files by hash and path, local and remote addresses, domains; of XDR detections the lists of hosts, users, e-mail addresses, addresses, domains and hashes",
};

/// The most elements of one list of an XDR detection that are looked at.
const LIST_MAX: usize = 64;

/// Reads Falcon events.
pub(super) struct Crowdstrike;

impl Reader for Crowdstrike {
    fn name(&self) -> &'static str {
        PRODUCT
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        const TYPES: [&str; 4] = ["event_simpleName", "fdr_event_type", "ExternalApiType", "unknown_payload"];
        let replicated = has_any(record, &TYPES) && has_any(record, &["aid", "cid", "AgentIdString"]);
        let streamed = |metadata: crate::readers::Json<'_>| {
            has_any(&RawRecord::new(metadata.get().as_bytes()), &["customerIDString"])
        };
        replicated || member(record, "metadata").is_some_and(streamed)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let falcon = Falcon::new(Node::new(root));
        let name = falcon.event_name();
        let mut draft = if is_alert(&name) {
            let word = falcon.first(&["SeverityName"]);
            Draft::alert(PRODUCT, falcon.group(&name), severity_of(word, falcon.first(&["Severity"])))
        } else {
            Draft::context(PRODUCT, falcon.group(&name))
        };
        draft.native_id = falcon.native_id();
        draft.time = falcon.time();
        draft.vendor_tenant = falcon.first(&["cid", "CustomerIdString", "customerIDString"]).text().map(Into::into);
        for techniques in ["Technique", "TechniqueId", "TechniqueIds", "MitreAttack"] {
            draft.add_techniques_at(falcon.first(&[techniques]));
        }
        for attack in falcon.first(&["MitreAttack"]).items() {
            draft.add_techniques_at(attack.get("TechniqueID"));
        }
        add_accounts(falcon, &mut draft);
        add_devices(falcon, &mut draft);
        add_network(falcon, &name, &mut draft);
        add_files(falcon, &name, &mut draft);
        add_lists(falcon, &mut draft);
        draft.title = title(falcon, &name);
        draft.publish(record, context, out)
    }
}

/// An event with what lies around it; a field may stand in either.
#[derive(Clone, Copy)]
struct Falcon<'v> {
    outer: Node<'v>,
    event: Node<'v>,
    /// What lies around the event: nothing where it is not wrapped, and the metadata.
    around: [Node<'v>; 2],
}

impl<'v> Falcon<'v> {
    fn new(outer: Node<'v>) -> Self {
        let wrapped = [outer.get("event"), outer.get("unknown_payload")].into_iter().find(|inner| inner.is_object());
        let around = [wrapped.map_or(Node::absent(), |_| outer), outer.get("metadata")];
        Self { outer, event: wrapped.unwrap_or(outer), around }
    }

    fn first(self, keys: &[&str]) -> Node<'v> {
        let mut places = std::iter::once(self.event).chain(self.around).map(|place| place.first_of(keys));
        places.find(|place| place.exists()).unwrap_or(Node::absent())
    }

    /// `DnsRequest`, `EppDetectionSummaryEvent`.
    fn event_name(self) -> String {
        // `EventType` of a detection that comes with the replicator says no more than that it is one.
        let name = self.outer.at("metadata.eventType").text();
        let name = name.or_else(|| self.first(&["ExternalApiType"]).text());
        let name = name.or_else(|| self.first(&["event_simpleName", "fdr_event_type"]).text());
        let name = name.unwrap_or_default();
        name.strip_prefix("Event_").unwrap_or(&name).to_owned()
    }

    fn group(self, name: &str) -> Group {
        let identity = name.starts_with("Idp") || name.starts_with("IdentityProtection") || name.starts_with("Auth");
        if identity {
            Group::Identity
        } else if name.starts_with("CSPM") || name.starts_with("Cloud") {
            Group::Cloud
        } else {
            Group::Endpoint
        }
    }

    fn native_id(self) -> Option<String> {
        const IDS: [&str; 8] = [
            "CompositeId",
            "id",
            "event_id",
            "DetectId",
            "DetectionId",
            "IncidentID",
            "IdentityProtectionIncidentId",
            "EventUUID",
        ];
        self.first(&IDS).text().map(Into::into)
    }

    fn time(self) -> EventTime {
        const TIMES: [&str; 9] = [
            "UTCTimestamp",
            "ContextTimeStamp",
            "timestamp",
            "StartTimestamp",
            "StartTime",
            "StartTimeEpoch",
            "IncidentStartTime",
            "EventCreatedTimestamp",
            "eventCreationTime",
        ];
        first_time(&TIMES.map(|key| self.first(&[key])))
    }
}

/// The most connections and names of a detection that are looked at.
const ACCESSES_MAX: usize = 16;

fn is_alert(name: &str) -> bool {
    name.ends_with("DetectionSummaryEvent")
        || matches!(name, "CSPMIOAStreamingEvent" | "IdentityProtectionEvent" | "IncidentSummaryEvent")
}

/// Falcon's word for the severity, else its number: 1 to 5 in older events, 1 to 100 in newer ones.
pub(super) fn severity_of(word: Node<'_>, number: Node<'_>) -> Severity {
    let known = word.word().map(|word| Severity::from_word(&word)).filter(|known| *known != Severity::Unknown);
    known.unwrap_or_else(|| match number.number() {
        Some(number) if number > 5.0 => Severity::from_score(number, [20.0, 40.0, 60.0, 80.0]),
        Some(number) if number >= 1.0 => Severity::from_score(number, [2.0, 3.0, 4.0, 5.0]),
        _ => Severity::Unknown,
    })
}

fn add_accounts(falcon: Falcon<'_>, draft: &mut Draft) {
    let own = |keys: &[&str]| falcon.first(keys);
    // Newer detections have the SID where Falcon's own users have their address.
    let number = own(&["UserId"]);
    let is_sid = number.text().is_some_and(|id| id.starts_with("S-1-"));
    let sid = if is_sid { number } else { own(&["UserSid"]) };
    let ids = [sid, own(&["UserPrincipal"]), own(&["UserUUID"])];
    let domain = own(&["LogonDomain", "UserDomain", "MachineDomain"]);
    draft.add(Account { ids: &ids, domain, name: own(&["UserName"]), display: Node::absent() }.entity());
    for end in ["Source", "Target"] {
        let key = |name: &str| falcon.first(&[&[end, "Account", name].concat()]);
        let ids = [key("ObjectSid"), key("ObjectGuid"), key("AzureId"), key("Upn")];
        draft.add(Account { ids: &ids, domain: key("Domain"), name: key("Name"), display: Node::absent() }.entity());
    }
    // Falcon's own users are e-mail addresses; API clients stand there by id.
    let pairs = falcon.event.get("AuditKeyValues").items();
    let named = pairs
        .filter(|pair| ["target_name", "action_target_name", "actor_user"].iter().any(|key| pair.get("Key").is(key)));
    for user in [own(&["UserId"])].into_iter().chain(named.map(|pair| pair.get("ValueString"))) {
        if user.text().is_some_and(|user| user.contains('@')) {
            draft.add(things::user(&[user]));
        }
    }
}

fn add_devices(falcon: Falcon<'_>, draft: &mut Draft) {
    let own = |keys: &[&str]| falcon.first(keys);
    // Event Streams calls a firewall's sensor a device; the replicator's devices are what was plugged in.
    let streamed = falcon.outer.at("metadata.eventType").exists();
    let device = if streamed { own(&["DeviceId"]) } else { Node::absent() };
    let ids = [own(&["aid", "AgentIdString", "SensorId", "AgentId", "HostID"]), device];
    let host = own(&["ComputerName", "Hostname", "HostnameField"]);
    draft.add(things::device_in_domain(&ids, host, own(&["MachineDomain"])));
    for end in ["Source", "Target"] {
        let key = |name: &str| falcon.first(&[&[end, "Endpoint", name].concat()]);
        draft.add(things::device(&[key("SensorId"), key("HostName"), key("AccountObjectGuid")]));
    }
    for other in ["EndpointName", "ClientComputerName", "RemoteAccountHostName"] {
        draft.add(things::device(&[own(&[other])]));
    }
}

fn add_network(falcon: Falcon<'_>, name: &str, draft: &mut Draft) {
    const LOCAL: [&str; 4] = ["LocalAddressIP4", "LocalAddressIP6", "LocalIP", "LocalAddress"];
    const REMOTE: [&str; 3] = ["RemoteAddressIP4", "RemoteAddressIP6", "RemoteAddress"];
    const CLIENT: [&str; 6] = [
        "UserIp",
        "UserSourceIp",
        "SourceEndpointIpAddress",
        "SourceEndpointAddressIP4",
        "EndpointIp",
        "OriginSourceIpAddress",
    ];
    let inbound = falcon.first(&["ConnectionDirection"]).is("1") || name.starts_with("UserLogon");
    let (near, far) = if inbound { (Role::Destination, Role::Source) } else { (Role::Source, Role::Destination) };
    draft.add_ips_as(near, LOCAL.map(|key| falcon.first(&[key])));
    draft.add_ips_as(far, REMOTE.map(|key| falcon.first(&[key])));
    draft.add_ips_as(Role::Source, CLIENT.map(|key| falcon.first(&[key])));
    for address in ["TargetEndpointIpAddress", "TargetEndpointAddressIP4"] {
        draft.add_ips_as(Role::Destination, [falcon.first(&[address])]);
    }
    for url in ["DomainName", "HttpUrl"] {
        draft.add(things::url_or_domain(falcon.first(&[url])));
    }
    // What of a customer's own list was met.
    let (kind, value) = (falcon.first(&["IOCType"]).word().unwrap_or_default(), falcon.first(&["IOCValue"]));
    if kind.contains("domain") {
        draft.add(things::url_or_domain(value));
    } else if kind.contains("ip") {
        draft.add_ips_as(Role::Destination, [value]);
    } else if !kind.is_empty() {
        draft.add_one(EntityKind::File, value);
    }
    for access in falcon.event.get("NetworkAccesses").items().take(ACCESSES_MAX) {
        draft.add_ips_as(Role::Destination, [access.get("RemoteAddress")]);
    }
    for request in falcon.event.get("DnsRequests").items().take(ACCESSES_MAX) {
        draft.add(things::url_or_domain(request.get("DomainName")));
    }
}

fn add_files(falcon: Falcon<'_>, name: &str, draft: &mut Draft) {
    let own = |keys: &[&str]| falcon.first(keys);
    let hashes = [
        own(&["SHA256HashData", "SHA256String"]),
        own(&["SHA1HashData", "SHA1String"]),
        own(&["MD5HashData", "MD5String"]),
    ];
    let target = own(&["TargetFileName", "TargetImageFileName"]);
    if target.exists() {
        // The hashes of an event are those of the file that it is about.
        draft.add_image(EntityKind::File, &hashes, target, Node::absent());
        draft.add_image(EntityKind::Process, &[], own(&["ImageFileName", "ContextImageFileName"]), Node::absent());
        return;
    }
    let process = name.contains("ProcessRollup") || is_alert(name);
    let kind = if process { EntityKind::Process } else { EntityKind::File };
    let (path, file) = (own(&["ImageFileName", "FilePath"]), own(&["FileName"]));
    draft.add_image(kind, &hashes, path, file);
}

/// What an XDR detection names, many of a kind in one text.
fn add_lists(falcon: Falcon<'_>, draft: &mut Draft) {
    let listed = |key: &str| -> Vec<Value<'_>> {
        let texts: Vec<_> = falcon.first(&[key]).items().take(LIST_MAX).filter_map(Node::text).collect();
        texts.iter().flat_map(|text| text.split(',')).take(LIST_MAX).map(|one| one.to_owned().into()).collect()
    };
    for host in listed("HostNames") {
        draft.add(things::device(&[Node::new(&host)]));
    }
    for name in ["UserNames", "Users"].into_iter().flat_map(listed) {
        let name = Node::new(&name);
        draft.add(Account { ids: &[], domain: Node::absent(), name, display: Node::absent() }.entity());
    }
    for address in listed("EmailAddresses") {
        draft.add(things::user(&[things::address(Node::new(&address))]));
    }
    for address in ["IPv4Addresses", "IPv6Addresses"].into_iter().flat_map(listed) {
        draft.add_one(EntityKind::Ip, Node::new(&address));
    }
    for domain in listed("DomainNames") {
        draft.add(things::url_or_domain(Node::new(&domain)));
    }
    for hash in ["SHA256Hashes", "MD5Hashes"].into_iter().flat_map(listed) {
        draft.add_one(EntityKind::File, Node::new(&hash));
    }
}

fn title(falcon: Falcon<'_>, name: &str) -> String {
    let own = |keys: &[&str]| falcon.first(keys).text();
    let what = if is_alert(name) {
        own(&["Name", "DetectName", "DetectDescription", "Description", "PolicyStatement"])
    } else {
        own(&["OperationName"])
    };
    let mut title = what.map_or_else(|| name.to_owned(), Into::into);
    if title.is_empty() {
        title.push_str("Falcon event");
    }
    if let Some(file) = own(&["TargetFileName", "FileName", "ImageFileName"]) {
        title.push_str(&format!(": {}", things::file_name(&file)));
    }
    if let Some(user) = own(&["UserName", "SourceAccountName", "UserPrincipal", "UserId", "UserNames", "Users"]) {
        title.push_str(&format!(" by {user}"));
    }
    const HOSTS: [&str; 6] =
        ["ComputerName", "Hostname", "HostnameField", "SourceEndpointHostName", "EndpointName", "HostNames"];
    if let Some(host) = own(&HOSTS) {
        title.push_str(&format!(" on {host}"));
    }
    if let Some(far) = own(&["DomainName", "RemoteAddressIP4", "RemoteAddressIP6", "RemoteAddress"]) {
        title.push_str(&format!(" to {far}"));
    }
    title
}
