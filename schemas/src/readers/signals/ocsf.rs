//! Any event of the Open Cybersecurity Schema Framework.
//!
//! Source: schema.ocsf.io, 1.8.0. Older versions differ in classes that were renamed, not in these fields. Which
//! observable is what stands in [`super::ocsf_observable`].

use super::draft::Draft;
use super::fields::{Node, first_time, has, has_any};
use super::format::Format;
use super::ocsf_observable::observable;
use super::product_group;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind, Role, is_private_ip};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

/// The most elements of one list that are looked at.
const LIST_MAX: usize = 64;

/// Security, Detection, Incident and Data Security Finding.
const ALERT_CLASSES: [u32; 4] = [2001, 2004, 2005, 2006];

const FORMAT: Format = Format {
    vendor: "Any event of the Open Cybersecurity Schema Framework",
    recognised_by: "`class_uid` and `metadata` with `type_uid`, `category_uid` or `activity_id`",
    native_id: "`metadata.uid`, else `finding_info.uid` or `finding.uid`",
    time: "`time`, `time_dt`",
    severity: "`severity_id`, else the word in `severity`; alerts are Security, Detection, Incident and Data Security Findings and whatever says `is_alert`",
    entities: "`actor`, `user`, `device`, endpoints with their role, `process`, `file`, `resources`, `url`, `query`, `email`, `session`, the same within `evidences`, and `observables` by type",
};

/// Reads OCSF events.
pub(super) struct Ocsf;

impl Reader for Ocsf {
    fn name(&self) -> &'static str {
        "ocsf"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn is_common_schema(&self) -> bool {
        true
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has(record, "class_uid")
            && has(record, "metadata")
            && has_any(record, &["type_uid", "category_uid", "activity_id"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let class =
            event.get("class_uid").number().filter(|class| (1.0..1e9).contains(class)).unwrap_or_default() as u32;
        let mut draft = Draft::context(self.name(), group_of(event, class, context.group));
        draft.severity = severity_of(event);
        if ALERT_CLASSES.contains(&class) || event.get("is_alert").is_true() {
            draft.kind = SignalKind::Alert;
        }
        draft.native_id = event.first(&["metadata.uid", "finding_info.uid", "finding.uid"]).text().map(Into::into);
        draft.time = first_time(&[event.get("time"), event.get("time_dt")]);
        let tenant = ["metadata.tenant_uid", "cloud.org.uid", "cloud.account.uid"];
        draft.vendor_tenant = event.first(&tenant).text().map(Into::into);
        for attacks in ["finding_info.attacks", "finding.attacks", "attacks"] {
            event.at(attacks).items().take(LIST_MAX).for_each(|attack| add_attack(attack, &mut draft));
        }
        add_objects(event, &mut draft);
        for evidence in event.get("evidences").items().take(LIST_MAX) {
            add_objects(evidence, &mut draft);
        }
        for resource in event.get("resources").items().take(LIST_MAX) {
            draft.add_one(EntityKind::CloudResource, resource.first(&["uid", "name"]));
            draft.add(user(resource.get("owner")));
        }
        event.get("observables").items().take(LIST_MAX).for_each(|thing| draft.add(observable(thing, event)));
        draft.title = title(event, class);
        draft.publish(record, context, out)
    }
}

fn severity_of(event: Node<'_>) -> Severity {
    let word = || event.get("severity").word().map(|word| Severity::from_word(&word)).unwrap_or_default();
    // 99 is "other", which the word explains.
    let id = event.get("severity_id").number().and_then(|id| Severity::ALL.get(id as usize).copied());
    id.filter(|id| *id != Severity::Unknown).unwrap_or_else(word)
}

/// By category, the thousands of a class; findings by the product that found it, else by what they are about.
fn group_of(event: Node<'_>, class: u32, otherwise: Group) -> Group {
    let product = || {
        ["metadata.product.feature.name", "metadata.product.name", "metadata.product.vendor_name"]
            .iter()
            .find_map(|path| product_group::of(&event.at(path).word()?))
    };
    match class / 1000 {
        1 | 4 | 5 => Group::Endpoint,
        3 => Group::Identity,
        6 => Group::Cloud,
        2 => product().unwrap_or_else(|| match event {
            event if event.at("cloud.provider").exists() => Group::Cloud,
            event if event.get("device").is_object() => Group::Endpoint,
            _ => otherwise,
        }),
        _ => otherwise,
    }
}

fn add_attack(attack: Node<'_>, draft: &mut Draft) {
    // A sub-technique names its technique; both are techniques of the event.
    draft.add_techniques_at(attack.at("technique.uid"));
    draft.add_techniques_at(attack.at("sub_technique.uid"));
}

fn user(user: Node<'_>) -> Option<Entity> {
    // Single sign-on makes a person's address the name of their session in a role of AWS.
    let uid = user.get("uid").text().filter(|uid| uid.contains(":assumed-role/"));
    let session = uid.as_deref().and_then(|uid| uid.rsplit_once('/')).map(|(_, session)| session);
    let session = Value::from(session.filter(|session| session.contains('@')).map(str::to_owned));
    let ids = [
        Node::new(&session),
        things::unless_posix_uid(user.get("uid")),
        user.get("uid_alt"),
        user.get("email_addr"),
        user.at("ldap_person.email_addr"),
    ];
    Account { ids: &ids, domain: user.get("domain"), name: user.get("name"), display: user.get("full_name") }.entity()
}

/// The typed objects, which an event and each of its evidences may have.
fn add_objects(event: Node<'_>, draft: &mut Draft) {
    for path in ["actor.user", "user", "actor.process.user", "process.user", "user_result"] {
        let user_object = event.at(path);
        draft.add(user(user_object));
        draft.add_one(EntityKind::ApiKey, user_object.get("credential_uid"));
    }
    draft.add_one(EntityKind::ApiKey, event.at("actor.session.credential_uid"));
    for session in ["actor.session.uid", "session.uid"] {
        let session = event.at(session).text();
        draft.add(session.and_then(|uid| Entity::new(EntityKind::Session, [&*uid])));
    }
    draft.add_one(EntityKind::Application, event.at("actor.app_uid"));
    let model = event.get("ai_model");
    let model = [model.get("name"), model.get("uid")];
    let model: Vec<_> = model.iter().filter_map(|id| id.text()).collect();
    draft.add(Entity::new(EntityKind::Model, model.iter().map(AsRef::as_ref)));
    let client = event.at("message_context.application");
    draft.add(things::named(EntityKind::Application, client.first(&["uid", "name"]), client.get("name")));
    let agent = event.get("ai_agent");
    draft.add_one(EntityKind::Agent, agent.first(&["uid", "name"]));
    add_device(event.get("device"), None, draft);
    add_device(event.get("src_endpoint"), Some(Role::Source), draft);
    add_device(event.get("dst_endpoint"), Some(Role::Destination), draft);
    add_device(event.get("proxy_endpoint"), Some(Role::Proxy), draft);
    for process in ["process", "actor.process", "process.parent_process"] {
        add_file(EntityKind::Process, event.at(process).get("file"), draft);
    }
    for path in ["file", "file_result", "module.file", "driver.file"] {
        add_file(EntityKind::File, event.at(path), draft);
    }
    for url in ["url", "http_request.url"] {
        draft.add(things::url_or_domain(event.at(url).first(&["url_string", "hostname"])));
    }
    draft.add(things::url_or_domain(event.at("query.hostname")));
    for to in ["email.to", "email.delivered_to"] {
        event.at(to).items().take(LIST_MAX).for_each(|to| draft.add(things::user(&[to])));
    }
    draft.add_one(EntityKind::Mailbox, event.at("email.from"));
}

/// Whether an end of the traffic is a device that somebody manages: it has an id or a private address. Any other
/// host is the internet's, and the first word of its name is nobody's.
fn is_of_the_estate(end: Node<'_>, ids: &[Node<'_>]) -> bool {
    let service = end.get("svc_name").text().is_some() && end.get("hostname").text().is_none();
    let known = ids.iter().any(|id| id.text().is_some()) || end.get("ip").text().is_some_and(|ip| is_private_ip(&ip));
    known && !service
}

/// A device or an end of the traffic.
fn add_device(device: Node<'_>, role: Option<Role>, draft: &mut Draft) {
    let ids = ["uid", "uid_alt", "instance_uid", "hw_info.serial_number", "hw_info.uuid"].map(|path| device.at(path));
    let host = device.first(&["hostname", "name"]);
    if role.is_none() || is_of_the_estate(device, &ids) {
        let found = things::device_in_domain(&ids, host, device.get("domain"));
        draft.add(found.map(|device| role.map_or(device.clone(), |role| device.in_role(role))));
    } else {
        draft.add(things::url_or_domain(host));
    }
    draft.add(user(device.get("owner")));
    let addresses = [device.get("ip")].into_iter().chain(device.get("intermediate_ips").items().take(LIST_MAX));
    match role {
        Some(role) => draft.add_ips_as(role, addresses),
        None => draft.add_ips(addresses),
    }
}

fn add_file(kind: EntityKind, file: Node<'_>, draft: &mut Draft) {
    let fingerprints = file.get("hashes").items().take(LIST_MAX);
    let mut hashes: Vec<_> = fingerprints.map(|hash| hash.get("value")).collect();
    // Before 1.0, an object by algorithm.
    hashes.extend(["sha256", "sha1", "md5"].map(|hash| file.at("hashes").get(hash)));
    draft.add_image(kind, &hashes, file.get("path"), file.get("name"));
}

/// The class in words, where the event does not say it.
fn class_name(class: u32) -> Option<&'static str> {
    Some(match class {
        1001 => "File System Activity",
        1002 => "Kernel Extension Activity",
        1003 => "Kernel Activity",
        1004 => "Memory Activity",
        1005 => "Module Activity",
        1006 => "Scheduled Job Activity",
        1007 => "Process Activity",
        1008 => "Event Log Activity",
        1009 => "Script Activity",
        2001 => "Security Finding",
        2002 => "Vulnerability Finding",
        2003 => "Compliance Finding",
        2004 => "Detection Finding",
        2005 => "Incident Finding",
        2006 => "Data Security Finding",
        2007 => "Application Security Posture Finding",
        3001 => "Account Change",
        3002 => "Authentication",
        3003 => "Authorize Session",
        3004 => "Entity Management",
        3005 => "User Access Management",
        3006 => "Group Management",
        4001 => "Network Activity",
        4002 => "HTTP Activity",
        4003 => "DNS Activity",
        4004 => "DHCP Activity",
        4005 => "RDP Activity",
        4006 => "SMB Activity",
        4007 => "SSH Activity",
        4008 => "FTP Activity",
        4009 => "Email Activity",
        4010 => "Network File Activity",
        4011 => "Email File Activity",
        4012 => "Email URL Activity",
        6001 => "Web Resources Activity",
        6002 => "Application Lifecycle",
        6003 => "API Activity",
        6005 => "Datastore Activity",
        6006 => "File Hosting Activity",
        _ => return None,
    })
}

/// What happened, in the words that fit the class, then who, where and to whom.
fn title(event: Node<'_>, class: u32) -> String {
    let own = |paths: &[&str]| event.first(paths).text();
    let name = own(&["class_name"]).or_else(|| class_name(class).map(Into::into));
    let name = name.map_or_else(|| format!("OCSF event {class}"), Into::into);
    let mut title = match own(&["finding_info.title", "finding.title"]) {
        Some(finding) => finding.into_owned(),
        None => own(&["activity_name"]).map_or_else(|| name.clone(), |activity| format!("{name}: {activity}")),
    };
    let object: &[&str] = match class {
        1001 | 1005 | 4010 | 6006 => &["file.name", "module.file.name"],
        1007 => &["process.name", "process.file.name"],
        3001 | 3005 | 3006 => &["user.email_addr", "user.name", "group.name"],
        4002 => &["http_request.url.hostname", "http_request.url.url_string"],
        4003 => &["query.hostname"],
        6003 => &["api.operation"],
        _ => &[],
    };
    if let Some(object) = own(object) {
        title.push_str(&format!(" {object}"));
    }
    const ACTOR: [&str; 3] = ["actor.user.email_addr", "actor.user.name", "actor.user.uid"];
    const USER: [&str; 2] = ["user.email_addr", "user.name"];
    // Who logs in is the user; the actor is the service that lets them in.
    let (first, then): (&[&str], &[&str]) = if class == 3002 { (&USER, &ACTOR) } else { (&ACTOR, &USER) };
    if let Some(who) = own(first).or_else(|| own(then)) {
        title.push_str(&format!(" by {who}"));
    }
    if let Some(device) = own(&["device.hostname", "device.name"]) {
        title.push_str(&format!(" on {device}"));
    }
    if let Some(from) = own(&["src_endpoint.ip"]) {
        title.push_str(&format!(" from {from}"));
    }
    if let Some(to) = own(&["dst_endpoint.hostname", "dst_endpoint.ip"]) {
        title.push_str(&format!(" to {to}"));
    }
    let failed = |status: &str| status.eq_ignore_ascii_case("failure");
    if let Some(status) = own(&["status"]).filter(|status| (3000..4000).contains(&class) || failed(status)) {
        title.push_str(&format!(": {status}"));
    }
    title
}
