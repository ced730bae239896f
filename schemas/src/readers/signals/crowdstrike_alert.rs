//! CrowdStrike Falcon alerts as the Alerts API gives them (`/alerts/entities/alerts/v2`), identity ones included.
//!
//! Source: falcon.crowdstrike.com/documentation (Alerts API). The alert has the uid of the detection summary that
//! Event Streams sends for it, since both name the composite id.

use super::crowdstrike::{PRODUCT, severity_of};
use super::draft::Draft;
use super::fields::{Node, first_time, has, has_all, has_any};
use super::format::Format;
use super::things::{self, Account};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "CrowdStrike Falcon alerts (Alerts API), identity included; detections of the older Detects API",
    recognised_by: "`composite_id` with `cid`, `aggregate_id` or `agent_id`; `detection_id` with `behaviors`",
    native_id: "`composite_id`, `detection_id`",
    time: "`timestamp`, else `start_time`, `first_behavior`, `created_timestamp`",
    severity: "`severity_name` or `max_severity_displayname`, else `severity` or `max_severity` 1 to 100; always an alert",
    entities: "device, accounts, process and parent, written files, addresses, domains; of NG-SIEM correlations the lists of hosts, users and addresses of either end",
};

/// The most behaviours of one detection that are looked at.
const BEHAVIORS_MAX: usize = 32;
/// The most elements of one list that are looked at.
const LIST_MAX: usize = 64;

/// Reads Falcon alerts.
pub(super) struct CrowdstrikeAlert;

impl Reader for CrowdstrikeAlert {
    fn name(&self) -> &'static str {
        "crowdstrike_alert"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        (has(record, "composite_id") && has_any(record, &["cid", "aggregate_id", "agent_id"]))
            || has_all(record, &["detection_id", "behaviors"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let alert = Node::new(root);
        let severity = severity_of(
            alert.first(&["severity_name", "max_severity_displayname"]),
            alert.first(&["severity", "max_severity"]),
        );
        let product = alert.get("product").text().unwrap_or_default().to_ascii_lowercase();
        let mut draft = Draft::alert(PRODUCT, group_of(&product), severity);
        draft.native_id = alert.first(&["composite_id", "detection_id"]).text().map(Into::into);
        draft.time =
            first_time(&["timestamp", "start_time", "first_behavior", "created_timestamp"].map(|key| alert.get(key)));
        draft.vendor_tenant = alert.get("cid").text().map(Into::into);
        draft.add_techniques_at(alert.get("technique_id"));
        alert.get("mitre_attack").items().for_each(|attack| draft.add_techniques_at(attack.get("technique_id")));
        let domain = alert.at("device.machine_domain");
        add_accounts(alert, domain, &mut draft);
        add_devices(alert, &mut draft);
        add_files(alert, &mut draft);
        add_network(alert, &mut draft);
        add_indicators(alert, &mut draft);
        add_correlated(alert, &mut draft);
        for behavior in alert.get("behaviors").items().take(BEHAVIORS_MAX) {
            draft.add_techniques_at(behavior.get("technique_id"));
            add_accounts(behavior, domain, &mut draft);
            add_files(behavior, &mut draft);
            add_indicators(behavior, &mut draft);
        }
        let behavior = alert.get("behaviors").items().next().unwrap_or(Node::absent());
        const NAMES: [&str; 4] = ["display_name", "name", "description", "pattern_name"];
        let title = alert.first(&NAMES).text().or_else(|| behavior.first(&NAMES).text());
        draft.title = title.unwrap_or("Falcon alert".into()).into_owned();
        if let Some(host) = alert.first(&["device.hostname", "source_endpoint_host_name", "hostname"]).text() {
            draft.title.push_str(&format!(" on {host}"));
        }
        draft.publish(record, context, out)
    }
}

fn group_of(product: &str) -> Group {
    match product {
        "idp" => Group::Identity,
        "cwpp" | "cspm" | "saas-security" => Group::Cloud,
        _ => Group::Endpoint,
    }
}

fn add_accounts(alert: Node<'_>, of_machine: Node<'_>, draft: &mut Draft) {
    // The SID stands in either, by the product that alerts.
    let ids = [alert.get("user_principal"), alert.get("user_sid"), alert.get("user_id")];
    let domain = if alert.get("logon_domain").is_text() { alert.get("logon_domain") } else { of_machine };
    draft.add(Account { ids: &ids, domain, name: alert.get("user_name"), display: Node::absent() }.entity());
    for end in ["source", "target"] {
        let key = |name: &str| alert.get(&[end, "_account_", name].concat());
        let ids = [key("object_sid"), key("object_guid"), key("azure_id"), key("upn")];
        draft.add(Account { ids: &ids, domain: key("domain"), name: key("name"), display: Node::absent() }.entity());
    }
}

fn add_devices(alert: Node<'_>, draft: &mut Draft) {
    let device = alert.get("device");
    let ids = [device.get("device_id"), alert.get("agent_id"), device.get("serial_number"), device.get("instance_id")];
    draft.add(things::device_in_domain(&ids, device.get("hostname"), device.get("machine_domain")));
    for end in ["source", "target"] {
        let key = |name: &str| alert.get(&[end, "_endpoint_", name].concat());
        draft.add(things::device(&[key("sensor_id"), key("host_name"), key("account_object_guid")]));
    }
}

fn add_files(alert: Node<'_>, draft: &mut Draft) {
    for process in [alert, alert.get("parent_details"), alert.get("grandparent_details")] {
        // Of the parent the older API knows hashes alone.
        let hashes = ["sha256", "sha1", "md5", "parent_sha256", "parent_md5"].map(|hash| process.get(hash));
        draft.add_image(EntityKind::Process, &hashes, process.get("filepath"), process.get("filename"));
    }
    for file in ["files_written", "files_accessed"].iter().flat_map(|key| alert.get(key).items()) {
        draft.add_image(EntityKind::File, &[file.get("sha256")], file.get("filepath"), file.get("filename"));
    }
}

/// The indicators that matched, whatever they are, and the files that were locked away.
fn add_indicators(alert: Node<'_>, draft: &mut Draft) {
    for indicator in alert.get("ioc_context").items().chain([alert]).take(LIST_MAX) {
        let value = indicator.get("ioc_value");
        match indicator.get("ioc_type").text().unwrap_or_default().as_ref() {
            "hash_sha256" | "hash_md5" => draft.add_one(EntityKind::File, value),
            "domain" => draft.add(things::url_or_domain(value)),
            "ipv4" | "ipv6" => draft.add_ips([value]),
            _ => {}
        }
    }
    for file in alert.get("quarantined_files").items().take(LIST_MAX) {
        draft.add_image(EntityKind::File, &[file.get("sha256")], file.first(&["filename", "paths"]), Node::absent());
    }
}

/// What a correlation rule of NG-SIEM found in the events of any product, in lists (`type` `correlation-detection`).
fn add_correlated(alert: Node<'_>, draft: &mut Draft) {
    let listed = |key: &str| alert.get(key).items().take(LIST_MAX);
    let mut known = Vec::new();
    for user in listed("users") {
        let (ids, name) = ([user.get("sid"), user.get("idp_id")], user.get("user_name"));
        let account =
            Account { ids: &ids, domain: Node::absent(), name, display: user.first(&["full_name", "user_name"]) };
        draft.add(account.entity());
        known.extend(name.text());
    }
    // The same people once more, by name alone.
    for name in listed("user_names").filter(|name| !name.text().is_some_and(|name| known.contains(&name))) {
        draft.add(Account { ids: &[], domain: Node::absent(), name, display: Node::absent() }.entity());
    }
    listed("host_names").for_each(|host| draft.add(things::device(&[host])));
    for (role, end) in [(Role::Source, "source"), (Role::Destination, "destination")] {
        for host in listed(&[end, "_hosts"].concat()) {
            draft.add(things::device(&[host]).map(|host| host.in_role(role)));
        }
        draft.add_ips_as(role, listed(&[end, "_ips"].concat()));
    }
}

fn add_network(alert: Node<'_>, draft: &mut Draft) {
    draft.add_ips_as(
        Role::Source,
        ["device.local_ip", "source_endpoint_ip_address", "source_endpoint_address_ip4"].map(|path| alert.at(path)),
    );
    draft.add_ips_as(
        Role::Destination,
        ["target_endpoint_ip_address", "target_endpoint_address_ip4"].map(|key| alert.get(key)),
    );
    for access in alert.get("network_accesses").items() {
        // 1 is inbound.
        let inbound = access.get("connection_direction").is("1") || access.get("connection_direction").is("inbound");
        let (near, far) = if inbound { (Role::Destination, Role::Source) } else { (Role::Source, Role::Destination) };
        draft.add_ips_as(near, [access.get("local_address")]);
        draft.add_ips_as(far, [access.get("remote_address")]);
    }
    for request in alert.get("dns_requests").items() {
        draft.add(things::url_or_domain(request.get("domain_name")));
    }
}
