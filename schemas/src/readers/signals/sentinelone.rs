//! SentinelOne: threats and custom-rule alerts of the management API, unified alerts, its activity log, and Deep
//! Visibility events as Cloud Funnel writes them (keys with dots) or as the older API gives them.
//!
//! Source: the management console's API documentation (Threats, Alerts, Activities, Deep Visibility) and the Cloud
//! Funnel 2.0 schema. The agent's outer address is left out: everyone in an office shares it. What a unified alert
//! holds stands in [`super::sentinelone_unified`].

use super::draft::Draft;
use super::fields::{Node, first_time, has, has_any, is_one_of};
use super::format::Format;
use super::sentinelone_unified;
use super::things::{self, Account};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

/// The product of every record, however it came.
pub(super) const PRODUCT: &str = "sentinelone";

/// Activity types that report a threat or an alert: threats mitigated and not, suspicious ones, custom rules,
/// and what intelligence and SentinelOne's analysts mark.
const ALERTS: [&str; 8] = ["18", "19", "3608", "4003", "4108", "4109", "4110", "4111"];

const FORMAT: Format = Format {
    vendor: "SentinelOne: threats, custom-rule alerts, unified alerts, activities, Deep Visibility",
    recognised_by: "`threatInfo` or `alertInfo` with `agentDetectionInfo` or `agentRealtimeInfo`; `detectedAt` and `detectionSource` with `analystVerdict`, `attackSurfaces` or `detectionTime`; `activityType` with `primaryDescription`; `event.type` with `agent.uuid`, `endpoint.name` or a `src.process`; `eventType`, `agentName` and `trueContext` or `processName`",
    native_id: "`id`, else `alertInfo.alertId`, `event.id`",
    time: "`threatInfo.identifiedAt`, `alertInfo.createdAt`, `detectedAt`, `createdAt`, `event.time`, `eventTime`",
    severity: "the rule's or the activity's word, else malicious is high, suspicious medium; threats, custom-rule and unified alerts and the activities that report either are alerts",
    entities: "the agent's device, the logged-on user and the process's, who acts in the console, target and attacker of a unified alert, files and processes by hash and path, addresses, domains, URLs",
};

/// Reads SentinelOne records.
pub(super) struct Sentinelone;

impl Reader for Sentinelone {
    fn name(&self) -> &'static str {
        PRODUCT
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let agent = has_any(record, &["agentDetectionInfo", "agentRealtimeInfo"]);
        let finding = has_any(record, &["threatInfo", "alertInfo"]) && agent;
        let activity = has(record, "activityType") && has(record, "primaryDescription");
        let funnel = has(record, "event.type")
            && has_any(record, &["agent.uuid", "endpoint.name", "src.process.name", "src.process.image.path"]);
        let older =
            has(record, "eventType") && has(record, "agentName") && has_any(record, &["trueContext", "processName"]);
        finding || activity || funnel || older || sentinelone_unified::recognises(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let draft = if root.get("threatInfo").is_object() {
            threat(root)
        } else if root.get("alertInfo").is_object() {
            rule_alert(root)
        } else if sentinelone_unified::recognises(record) {
            sentinelone_unified::alert(root)
        } else if root.get("activityType").exists() {
            activity(root)
        } else {
            event(root)
        };
        draft.publish(record, context, out)
    }
}

/// The word for the severity, else the confidence that it is malicious.
pub(super) fn severity_of(word: Node<'_>, confidence: Node<'_>) -> Severity {
    let word = word.word().unwrap_or_default();
    let known = Severity::from_word(word.strip_prefix("E_").unwrap_or(&word));
    match confidence.word().unwrap_or_default().to_ascii_lowercase().as_str() {
        _ if known != Severity::Unknown => known,
        "malicious" => Severity::High,
        "suspicious" => Severity::Medium,
        _ => Severity::Unknown,
    }
}

/// Hashes of whatever `node` describes, whose keys begin with `prefix`.
fn hashes<'v>(node: Node<'v>, prefix: &str) -> [Node<'v>; 3] {
    ["Sha256", "Sha1", "Md5"].map(|hash| node.get(&[prefix, hash].concat()))
}

/// The agent's device and the user who was logged on.
fn add_agent(root: Node<'_>, draft: &mut Draft) {
    let (then, now) = (root.get("agentDetectionInfo"), root.get("agentRealtimeInfo"));
    let ids = [then.first(&["agentUuid", "uuid"]), now.get("agentUuid"), now.get("agentId"), root.get("agentId")];
    let host = [now.get("agentComputerName"), then.get("name")].into_iter().find(|host| host.exists());
    let domain = [then.get("agentDomain"), now.get("agentDomain")].into_iter().find(|domain| domain.text().is_some());
    let absent = Node::absent();
    draft.add(things::device_in_domain(&ids, host.unwrap_or(absent), domain.unwrap_or(absent)));
    let ids = [then.get("agentLastLoggedInUpn"), then.get("agentLastLoggedInUserMail")];
    let name = then.get("agentLastLoggedInUserName");
    draft.add(Account { ids: &ids, domain: domain.unwrap_or(absent), name, display: absent }.entity());
    draft.add_ips(now.get("networkInterfaces").items().flat_map(|interface| interface.get("inet").items()));
    draft.add_ips(now.get("networkInterfaces").items().flat_map(|interface| interface.get("inet6").items()));
    draft.add_ips([then.get("agentIpV4")]);
}

fn threat(root: Node<'_>) -> Draft {
    let info = root.get("threatInfo");
    let severity = severity_of(Node::absent(), info.get("confidenceLevel"));
    let mut draft = Draft::alert(PRODUCT, Group::Endpoint, severity);
    draft.native_id = root.get("id").text().or_else(|| info.get("threatId").text()).map(Into::into);
    draft.time = first_time(&["identifiedAt", "createdAt"].map(|key| info.get(key)));
    draft.vendor_tenant = root.at("agentDetectionInfo.accountId").text().map(Into::into);
    for tactic in root.get("indicators").items().flat_map(|indicator| indicator.get("tactics").items()) {
        tactic.get("techniques").items().for_each(|technique| draft.add_techniques_at(technique.get("name")));
    }
    add_agent(root, &mut draft);
    let user = info.get("processUser");
    draft.add(Account { ids: &[], domain: Node::absent(), name: user, display: Node::absent() }.entity());
    let hashes = ["sha256", "sha1", "md5"].map(|hash| info.get(hash));
    draft.add_image(EntityKind::File, &hashes, info.get("filePath"), Node::absent());
    let name = info.get("threatName").text().unwrap_or("Threat".into());
    draft.title = match info.get("classification").text() {
        Some(class) => format!("{class}: {name}"),
        None => name.into_owned(),
    };
    if let Some(host) = root.at("agentRealtimeInfo.agentComputerName").text() {
        draft.title.push_str(&format!(" on {host}"));
    }
    draft
}

/// An alert of a custom detection rule.
fn rule_alert(root: Node<'_>) -> Draft {
    let (info, rule) = (root.get("alertInfo"), root.get("ruleInfo"));
    let mut draft = Draft::alert(PRODUCT, Group::Endpoint, severity_of(rule.get("severity"), Node::absent()));
    draft.native_id = root.get("id").text().or_else(|| info.get("alertId").text()).map(Into::into);
    draft.time = first_time(&["createdAt", "reportedAt"].map(|key| info.get(key)));
    draft.vendor_tenant = root.at("agentDetectionInfo.accountId").text().map(Into::into);
    draft.add_techniques_at(rule.get("name"));
    draft.add_techniques_at(rule.get("description"));
    add_agent(root, &mut draft);
    for process in [root.get("sourceProcessInfo"), root.get("targetProcessInfo")] {
        let user = process.get("user");
        draft.add(Account { ids: &[], domain: Node::absent(), name: user, display: Node::absent() }.entity());
        let path = process.get("filePath");
        draft.add_image(EntityKind::Process, &hashes(process, "fileHash"), path, Node::absent());
    }
    let target = root.get("targetProcessInfo");
    let path = target.get("tgtFilePath");
    draft.add_image(EntityKind::File, &hashes(target, "tgtFileHash"), path, Node::absent());
    draft.add(things::user(&[info.get("loginAccountSid")]));
    draft.add_ips_as(Role::Source, [info.get("srcIp"), info.get("srcMachineIp")]);
    draft.add_ips_as(Role::Destination, [info.get("dstIp")]);
    draft.add(things::url_or_domain(info.get("dnsRequest")));
    draft.title = rule.get("name").text().unwrap_or("SentinelOne alert".into()).into_owned();
    if let Some(host) = root.at("agentDetectionInfo.name").text() {
        draft.title.push_str(&format!(" on {host}"));
    }
    draft
}

fn activity(root: Node<'_>) -> Draft {
    let data = root.get("data");
    let kind = root.get("activityType").word().unwrap_or_default();
    let mut draft = if is_one_of(&kind, &ALERTS) {
        let confidence = data.get("confidenceLevel");
        Draft::alert(PRODUCT, Group::Endpoint, severity_of(data.get("severity"), confidence))
    } else {
        Draft::context(PRODUCT, Group::Endpoint)
    };
    draft.native_id = root.first(&["id", "activityUuid"]).text().map(Into::into);
    draft.time = root.get("createdAt").time();
    draft.vendor_tenant = root.get("accountId").text().map(Into::into);
    draft.add(things::device(&[root.get("agentId"), data.get("computerName")]));
    // Who acts in the console has an id; `username` beside `byUser` is whom it was done to.
    let actor = data.first(&["byUser", "username"]);
    draft.add(things::person(&[root.get("userId"), things::address(actor)], actor));
    for user in [data.get("userName"), data.get("byUser"), data.get("username")] {
        draft.add(things::user(&[user]).filter(|user| user.ids.iter().any(|id| id.contains('@'))));
    }
    // Either digest may stand there, told apart by nothing but its length.
    let hash = data.get("fileContentHash");
    draft.add_image(EntityKind::File, &[hash], data.get("filePath"), data.get("fileDisplayName"));
    draft.add_ips([data.get("agentIpV4")]);
    draft.add_ips_as(Role::Source, [data.get("ipAddress")]);
    draft.add_ips_as(Role::Destination, [data.get("dstIp")]);
    draft.add(things::url_or_domain(data.get("dnsRequest")));
    let title = root.get("primaryDescription").text();
    draft.title = title.map_or_else(|| format!("SentinelOne activity {kind}"), Into::into);
    draft
}

/// A Deep Visibility event; Cloud Funnel's names first, then the older API's.
fn event(root: Node<'_>) -> Draft {
    let own = |keys: &[&str]| root.first_dotted(keys);
    let mut draft = Draft::context(PRODUCT, Group::Endpoint);
    draft.native_id = own(&["event.id", "id"]).text().map(Into::into);
    draft.time = first_time(&["event.time", "eventTime", "createdAt"].map(|path| root.dotted(path)));
    draft.vendor_tenant = own(&["account.id", "accountId"]).text().map(Into::into);
    draft.add_techniques_at(own(&["indicator.metadata", "indicator.description", "indicatorMetadata"]));
    let ids = [own(&["agent.uuid", "agentUuid"]), own(&["agentId"])];
    draft.add(things::device_in_domain(&ids, own(&["endpoint.name", "agentName"]), own(&["agentDomain"])));
    for user in ["src.process.user", "tgt.process.user", "processUserName", "user"] {
        let name = root.dotted(user);
        draft.add(Account { ids: &[], domain: Node::absent(), name, display: Node::absent() }.entity());
    }
    let ids = [own(&["event.login.accountSid"])];
    let (domain, name) = (own(&["event.login.accountDomain"]), own(&["event.login.userName", "loginsUserName"]));
    draft.add(Account { ids: &ids, domain, name, display: Node::absent() }.entity());
    add_event_files(root, &mut draft);
    let inbound = own(&["event.network.direction", "networkMethod"]).is("INCOMING");
    let (near, far) = if inbound { (Role::Destination, Role::Source) } else { (Role::Source, Role::Destination) };
    draft.add_ips_as(near, [own(&["src.ip.address", "srcIp"])]);
    draft.add_ips_as(far, [own(&["dst.ip.address", "dstIp"])]);
    draft.add_ips_as(Role::Source, [own(&["src.endpoint.ip.address"])]);
    for url in [own(&["url.address", "networkUrl"]), own(&["event.dns.request", "dnsRequest"])] {
        draft.add(things::url_or_domain(url));
    }
    draft.title = event_title(root);
    draft
}

fn add_event_files(root: Node<'_>, draft: &mut Draft) {
    const IMAGES: [(EntityKind, &str, &str); 5] = [
        (EntityKind::Process, "src.process.image.", "src.process.image.path"),
        (EntityKind::Process, "tgt.process.image.", "tgt.process.image.path"),
        (EntityKind::File, "tgt.file.", "tgt.file.path"),
        (EntityKind::File, "module.", "module.path"),
        (EntityKind::File, "file", "fileFullName"),
    ];
    for (kind, prefix, path) in IMAGES {
        let hashes = ["sha256", "sha1", "md5"].map(|hash| root.dotted(&[prefix, hash].concat()));
        draft.add_image(kind, &hashes, root.dotted(path), Node::absent());
    }
    let hashes = [root.get("processImageSha256Hash"), root.get("processImageSha1Hash")];
    draft.add_image(EntityKind::Process, &hashes, root.get("processImagePath"), Node::absent());
}

fn event_title(root: Node<'_>) -> String {
    let own = |keys: &[&str]| root.first_dotted(keys).text();
    let mut title =
        own(&["indicator.name", "event.type", "eventType"]).unwrap_or("SentinelOne event".into()).into_owned();
    if let Some(process) = own(&["tgt.process.name", "src.process.name", "processName"]) {
        title.push_str(&format!(": {process}"));
    }
    if let Some(user) = own(&["event.login.userName", "src.process.user", "processUserName", "user"]) {
        title.push_str(&format!(" by {user}"));
    }
    if let Some(host) = own(&["endpoint.name", "agentName"]) {
        title.push_str(&format!(" on {host}"));
    }
    if let Some(far) = own(&["url.address", "event.dns.request", "dst.ip.address", "networkUrl", "dnsRequest", "dstIp"])
    {
        title.push_str(&format!(" to {far}"));
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn confidence_stands_in_for_a_missing_severity() {
        let of = |word, confidence| severity_of(Node::new(&json!(word).into()), Node::new(&json!(confidence).into()));
        assert_eq!(of("E_CRITICAL", "suspicious"), Severity::Critical);
        assert_eq!(of("Low", ""), Severity::Low);
        assert_eq!((of("", "malicious"), of("", "Suspicious")), (Severity::High, Severity::Medium));
        assert_eq!(of("?", "n/a"), Severity::Unknown);
    }
}
