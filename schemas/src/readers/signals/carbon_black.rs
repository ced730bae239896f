//! VMware Carbon Black Cloud: alerts (v7, and forwarder schema 2), endpoint events and watchlist hits of the Data
//! Forwarder, and audit logs of either API.
//!
//! Source: developer.carbonblack.com (Alerts API v7, Data Forwarder schemas, Audit Log). The device's outer address
//! is left out: everyone in an office shares it.

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any};
use super::format::Format;
use super::things::{self, Account};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const PRODUCT: &str = "carbon_black";

/// Types of records that the Data Forwarder writes beside alerts.
const EVENT_TYPES: [&str; 3] = ["endpoint.event.", "watchlist.hit", "auth.event"];

/// The most indicators of one alert that are looked at.
const INDICATORS_MAX: usize = 64;

const FORMAT: Format = Format {
    vendor: "VMware Carbon Black Cloud: alerts, endpoint events and watchlist hits of the Data Forwarder, audit logs",
    recognised_by: "`org_key` with `id` and an alert's times; a `type` such as `endpoint.event.procstart`; `loginName`, `orgName` and `eventId`; `actor`, `actor_ip` and `org_key`",
    native_id: "`id`, `event_id`, `eventId`; forwarded events have none",
    time: "`first_event_timestamp` (v6 `first_event_time`), `detection_timestamp`; `device_timestamp`; `eventTime`, `create_time` (watchlist hits too); else `backend_timestamp`",
    severity: "1 to 10 for alerts and watchlist hits, flagged audit entries medium; alert records are alerts, all else context",
    entities: "device, users of the device and of processes, images and files by hash and path, netconn's two ends, domains",
};

/// Reads Carbon Black Cloud records.
pub(super) struct CarbonBlack;

impl Reader for CarbonBlack {
    fn name(&self) -> &'static str {
        PRODUCT
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_alert(record) || is_event(record) || is_audit(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let draft = if is_event(record) {
            event(root)
        } else if is_alert(record) {
            alert(root)
        } else {
            audit(root)
        };
        draft.publish(record, context, out)
    }
}

fn is_alert(record: &RawRecord<'_>) -> bool {
    // The last is the older schema's, of the v6 API and the first forwarder.
    const TIMES: [&str; 4] = ["detection_timestamp", "first_event_timestamp", "backend_timestamp", "first_event_time"];
    has(record, "org_key") && has(record, "id") && has_any(record, &TIMES)
}

fn is_event(record: &RawRecord<'_>) -> bool {
    let kind = discriminator(record, "type");
    has_any(record, &["org_key", "device_id"]) && EVENT_TYPES.iter().any(|start| kind.starts_with(start))
}

fn is_audit(record: &RawRecord<'_>) -> bool {
    let named = has(record, "loginName") && has(record, "orgName") && has(record, "eventId");
    named || (has(record, "actor_ip") && has(record, "actor") && has(record, "org_key"))
}

/// 1 to 10; the console shows from 4 as medium, from 6 as high, from 9 as critical.
fn severity_of(number: Node<'_>) -> Severity {
    number.number().map_or(Severity::Unknown, |number| Severity::from_score(number, [2.0, 4.0, 6.0, 9.0]))
}

fn common(mut draft: Draft, root: Node<'_>) -> Draft {
    draft.vendor_tenant = root.get("org_key").text().map(Into::into);
    draft.add(things::device(&[device_id(root), root.get("device_name")]));
    for user in ["device_username", "process_username", "parent_username", "childproc_username"] {
        // Linux processes may run under several names.
        for name in root.get(user).items() {
            draft.add(Account { ids: &[], domain: Node::absent(), name, display: Node::absent() }.entity());
        }
    }
    draft
}

/// The number that the organisation gives a device, which is at least seven digits long in the cloud product.
fn device_id(root: Node<'_>) -> Node<'_> {
    let id = root.get("device_id");
    if id.word().is_some_and(|id| id.len() >= 4) { id } else { Node::absent() }
}

/// Adds the image that the keys which begin with `prefix` name.
fn add_image(kind: EntityKind, root: Node<'_>, prefix: &str, draft: &mut Draft) {
    let key = |name: &str| root.get(&[prefix, "_", name].concat());
    // Events list MD5 and SHA-256 in one array, alerts give each a key.
    let mut hashes = vec![key("sha256"), key("md5")];
    hashes.extend(key("hash").items().take(2));
    let path = [key("path"), key("name")].into_iter().find(|path| path.exists()).unwrap_or(Node::absent());
    draft.add_image(kind, &hashes, path, Node::absent());
}

fn alert(root: Node<'_>) -> Draft {
    let mut draft = common(Draft::alert(PRODUCT, Group::Endpoint, severity_of(root.get("severity"))), root);
    draft.native_id = root.get("id").text().map(Into::into);
    draft.time = first_time(
        &["first_event_timestamp", "first_event_time", "detection_timestamp", "create_time", "backend_timestamp"]
            .map(|key| root.get(key)),
    );
    draft.add_techniques_at(root.get("attack_technique"));
    // Watchlists' reports name techniques among their tags.
    draft.add_techniques_at(root.get("report_tags"));
    // The older schema has tags and images by process.
    let indicators = || root.get("threat_indicators").items().take(INDICATORS_MAX);
    let tags = indicators().flat_map(|indicator| indicator.get("ttps").items());
    for tag in root.get("ttps").items().chain(tags).filter_map(Node::word) {
        draft.add_techniques(&technique_of_tag(&tag));
    }
    for indicator in indicators() {
        let (hash, name) = (indicator.get("sha256"), indicator.get("process_name"));
        draft.add_image(EntityKind::Process, &[hash], Node::absent(), name);
    }
    for process in ["process", "parent", "childproc", "threat_cause_actor"] {
        add_image(EntityKind::Process, root, process, &mut draft);
    }
    add_image(EntityKind::File, root, "blocked", &mut draft);
    draft.add_ips_as(Role::Source, [root.get("device_internal_ip"), root.get("netconn_local_ip")]);
    draft.add_ips_as(Role::Destination, [root.get("netconn_remote_ip")]);
    draft.add(things::url_or_domain(root.get("netconn_remote_domain")));
    let reason = root.first(&["reason", "report_name", "rule_name", "type"]).text();
    draft.title = reason.unwrap_or("Carbon Black alert".into()).into_owned();
    if let Some(host) = root.get("device_name").text() {
        draft.title.push_str(&format!(" on {host}"));
    }
    draft
}

/// `MITRE_T1059_001_POWERSHELL` as `T1059.001`; other tags as they are.
fn technique_of_tag(tag: &str) -> String {
    let mut words = tag.strip_prefix("MITRE_").unwrap_or_default().split('_');
    let technique = words.next().unwrap_or_default();
    match words.next() {
        Some(sub) if sub.len() == 3 && sub.bytes().all(|b| b.is_ascii_digit()) => format!("{technique}.{sub}"),
        _ => technique.to_owned(),
    }
}

fn event(root: Node<'_>) -> Draft {
    let kind = root.get("type").text().unwrap_or_default();
    let mut draft = common(Draft::context(PRODUCT, Group::Endpoint), root);
    if kind.starts_with("watchlist") {
        draft.severity = severity_of(root.get("severity"));
    }
    if kind.starts_with("auth") {
        draft.group = Group::Identity;
    }
    draft.native_id = root.get("event_id").text().map(Into::into);
    draft.time = first_time(
        &["device_timestamp", "auth_event_timestamp", "create_time", "backend_timestamp"].map(|key| root.get(key)),
    );
    add_image(EntityKind::Process, root, "process", &mut draft);
    for process in ["parent", "childproc", "crossproc"] {
        add_image(EntityKind::Process, root, process, &mut draft);
    }
    for file in ["filemod", "modload", "scriptload", "fileless_scriptload"] {
        add_image(EntityKind::File, root, file, &mut draft);
    }
    let (domain, name) = (root.get("auth_domain_name"), root.get("auth_username"));
    draft.add(Account { ids: &[root.get("auth_user_id")], domain, name, display: Node::absent() }.entity());
    // `true`, or `inbound` as text in older schemas.
    let inbound = root.get("netconn_inbound").is_true();
    let (near, far) = if inbound { (Role::Destination, Role::Source) } else { (Role::Source, Role::Destination) };
    let own = ["local_ip", "netconn_local_ipv4", "netconn_local_ipv6", "device_internal_ip"];
    draft.add_ips_as(near, own.map(|key| root.get(key)));
    draft.add_ips_as(far, ["remote_ip", "netconn_remote_ipv4", "netconn_remote_ipv6"].map(|key| root.get(key)));
    draft.add_ips_as(Role::Source, ["auth_remote_ipv4", "auth_remote_ipv6"].map(|key| root.get(key)));
    draft.add(things::device(&[root.get("auth_remote_device")]));
    for domain in ["netconn_domain", "netconn_proxy_domain"] {
        draft.add(things::url_or_domain(root.get(domain)));
    }
    draft.title = event_title(root, &kind);
    draft
}

fn event_title(root: Node<'_>, kind: &str) -> String {
    let what = root.first(&["report_name"]).text().unwrap_or(kind.into());
    let mut title = what.strip_prefix("endpoint.event.").unwrap_or(&what).to_owned();
    if let Some(path) = root.first(&["childproc_name", "filemod_name", "modload_name", "process_path"]).text() {
        title.push_str(&format!(": {}", things::file_name(&path)));
    }
    if let Some(user) = root.first(&["process_username", "auth_username"]).text() {
        title.push_str(&format!(" by {user}"));
    }
    if let Some(host) = root.get("device_name").text() {
        title.push_str(&format!(" on {host}"));
    }
    if let Some(far) = root.first(&["netconn_domain", "remote_ip"]).text() {
        title.push_str(&format!(" to {far}"));
    }
    title
}

/// An entry of the console's audit log.
fn audit(root: Node<'_>) -> Draft {
    let mut draft = Draft::context(PRODUCT, Group::Endpoint);
    if root.get("flagged").is_true() {
        draft.severity = Severity::Medium;
    }
    draft.native_id = root.first(&["eventId", "event_id"]).text().map(Into::into);
    draft.time = first_time(&["eventTime", "create_time"].map(|key| root.get(key)));
    draft.vendor_tenant = root.first(&["org_key", "orgName"]).text().map(Into::into);
    let actor = root.first(&["loginName", "actor"]);
    draft.add(things::user(&[actor]));
    draft.add_ips_as(Role::Source, [root.first(&["clientIp", "actor_ip"])]);
    let what = root.get("description").text().unwrap_or("Carbon Black audit entry".into());
    draft.title = match actor.text() {
        Some(actor) => format!("{what} by {actor}"),
        None => what.into_owned(),
    };
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_techniques() {
        for (tag, technique) in [
            ("MITRE_T1059_001_POWERSHELL", "T1059.001"),
            ("MITRE_T1059_CMD_LINE_OR_SCRIPT_INTER", "T1059"),
            ("MITRE_T1486_DATA_ENCRYPT_FOR_IMPACT", "T1486"),
            ("RUN_CMD_SHELL", ""),
            ("MITRE_", ""),
        ] {
            assert_eq!(technique_of_tag(tag), technique, "{tag}");
        }
    }
}
