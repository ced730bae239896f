//! Any document of the Elastic Common Schema, nested or with keys that have dots, detection alerts included.
//!
//! Source: elastic.co/docs/reference/ecs. `related.*` is left out: it repeats what the typed fields say, without
//! what it was.

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any, has_object, is_one_of, member, within};
use super::format::Format;
use super::product_group;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

/// The fields by which an `event` is known for ECS's.
const EVENT_FIELDS: [&str; 7] = ["action", "category", "code", "dataset", "kind", "module", "provider"];

/// Where the time stands. `@timestamp` of an alert is when its rule ran, minutes or hours after the event.
const TIMES: [&str; 4] = ["kibana.alert.original_time", "signal.original_time", "@timestamp", "event.created"];

/// Field sets that say what a document is about. What else shippers put there (`agent`, `host`, `input`, `log`) says
/// where a line lay, of which nobody knows what it means.
const FIELD_SETS: [&str; 24] = [
    "client",
    "destination",
    "dll",
    "dns",
    "email",
    "file",
    "gen_ai",
    "group",
    "http",
    "kibana",
    "network",
    "observer",
    "process",
    "registry",
    "related",
    "rule",
    "server",
    "signal",
    "source",
    "threat",
    "tls",
    "url",
    "user",
    "vulnerability",
];

/// What shippers put around every line: where it lay, who read it, on which machine.
const BASE: [&str; 21] = [
    "@metadata",
    "@timestamp",
    "@version",
    "agent",
    "cloud",
    "container",
    "data_stream",
    "docker",
    "ecs",
    "event",
    "fields",
    "fileset",
    "host",
    "input",
    "kubernetes",
    "log",
    "message",
    "service",
    "stream",
    "tags",
    "type",
];

/// The most elements of one list that are looked at.
const LIST_MAX: usize = 64;

const FORMAT: Format = Format {
    vendor: "Any document of the Elastic Common Schema, detection alerts included",
    recognised_by: "`@timestamp` with an `event` that has one of its fields or a dotted `event.` key, or with `ecs` and a field set that says something, unless it is winlogbeat's or has a vendor's own shape; plain lines and metrics are passed by",
    native_id: "`event.id`, `kibana.alert.uuid`, `_id`",
    time: "`@timestamp`, of detection alerts `kibana.alert.original_time`",
    severity: "the rule's word, else `event.risk_score` or `event.severity` on Elastic's scale of 100; alerts where `event.kind` is `alert` or `signal`",
    entities: "`user`, `source`, `destination`, `client`, `server`, `host`, `process`, `file`, `dll`, `url`, `dns`, `email`, `cloud`",
};

/// Reads ECS documents.
pub(super) struct Ecs;

impl Reader for Ecs {
    fn name(&self) -> &'static str {
        "ecs"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn is_common_schema(&self) -> bool {
        true
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        if !has(record, "@timestamp") || has_any(record, &["winlog", "class_uid"]) {
            return false;
        }
        let dotted = ["event.kind", "event.category", "event.action", "event.dataset", "kibana.alert.uuid"];
        let nested = || within(record, "event").is_some_and(|event| has_any(&event, &EVENT_FIELDS));
        let marked = || has_any(record, &["ecs", "ecs.version"]) && (has_field_set(record) || is_a_shippers(record));
        has_any(record, &dotted) || nested() || marked()
    }

    /// Filebeat and Elastic Agent put `ecs` and where a line came from around every line that they ship, and call it an
    /// event.
    fn may_only_carry(&self, record: &RawRecord<'_>) -> bool {
        !says_what(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        if says_nothing(record) {
            refuse_unknown(record)?;
            out.passed_by = out.passed_by.saturating_add(1);
            return Ok(());
        }
        let root = Document::new(Node::new(record.value()?));
        let mut draft = Draft::context(self.name(), group_of(root, context.group));
        let kind = root.dotted("event.kind").word().unwrap_or_default();
        if is_one_of(&kind, &["alert", "signal"]) || root.dotted("kibana.alert.uuid").exists() {
            draft.kind = SignalKind::Alert;
            draft.severity = severity_of(root);
        }
        draft.native_id = root.first_dotted(&["event.id", "kibana.alert.uuid", "_id"]).text().map(Into::into);
        draft.time = first_time(&TIMES.map(|path| root.dotted(path)));
        let tenant = ["organization.id", "cloud.account.id", "azure.tenant_id"];
        draft.vendor_tenant = root.first_dotted(&tenant).text().map(Into::into);
        add_techniques(root, &mut draft);
        add_users(root, &mut draft);
        add_cloud_caller(root, &mut draft);
        add_hosts(root, &mut draft);
        add_files(root, &mut draft);
        add_network(root, &mut draft);
        draft.title = title(root);
        draft.publish(record, context, out)
    }
}

/// Whether a record says what happened.
fn says_what(record: &RawRecord<'_>) -> bool {
    let dotted = ["event.action", "event.category", "event.code", "kibana.alert.uuid"];
    has_any(record, &dotted)
        || within(record, "event").is_some_and(|event| has_any(&event, &["action", "category", "code"]))
        || is_one_of(kind_of(record), &["alert", "signal"])
}

fn kind_of<'r>(record: &'r RawRecord<'_>) -> &'r str {
    let nested = within(record, "event").map(|event| discriminator(&event, "kind"));
    nested.unwrap_or_else(|| discriminator(record, "event.kind"))
}

/// Whether all members of a record are what shippers put around a line.
fn is_a_shippers(record: &RawRecord<'_>) -> bool {
    let is_base = |key: &str| BASE.contains(&key.split('.').next().unwrap_or(key));
    record.object().is_some_and(|object| object.keys().all(is_base))
}

/// Whether a document is a measurement, or a line of text of which nobody has taken anything yet.
fn says_nothing(record: &RawRecord<'_>) -> bool {
    let metric = has(record, "metricset") || is_one_of(kind_of(record), &["metric"]);
    metric || (is_a_shippers(record) && !says_what(record))
}

/// Refuses a line that is a record of its own, which is asked for only after all readers have been: somebody's, and
/// not just words.
fn refuse_unknown(record: &RawRecord<'_>) -> Result<(), ReadError> {
    let message = member(record, "message").map_or("", |message| message.get());
    if message.trim_start_matches(['"', ' ']).starts_with('{') {
        let message = "within `message`: no reader recognises the shape of this object";
        return Err(ReadError::new(Reason::UnrecognisedFormat, message));
    }
    Ok(())
}

/// Whether a record has one of [`FIELD_SETS`], nested or with names that have dots.
fn has_field_set(record: &RawRecord<'_>) -> bool {
    let dotted = |name: &str| name.split_once('.').is_some_and(|(set, _)| FIELD_SETS.contains(&set));
    FIELD_SETS.iter().any(|set| has_object(record, set))
        || record.object().is_some_and(|object| object.keys().any(dotted))
}

/// A document, nested or with names that have dots. Most are nested all through, which one look over the names tells
/// and which saves trying every way to split a path.
#[derive(Clone, Copy)]
struct Document<'v> {
    root: Node<'v>,
    nested: bool,
}

impl<'v> Document<'v> {
    fn new(root: Node<'v>) -> Self {
        Self { root, nested: !root.has_dotted_names() }
    }

    /// What stands at `path`. Elasticsearch keeps every field as a list, and what exports it may write lists of one.
    fn dotted(self, path: &str) -> Node<'v> {
        if self.nested { self.root.at(path).single() } else { self.root.dotted(path).single() }
    }

    fn first_dotted(self, paths: &[&str]) -> Node<'v> {
        if self.nested { self.root.first(paths).single() } else { self.root.first_dotted(paths).single() }
    }

    /// Whether there may be fields below `path`.
    fn may_have(self, path: &str) -> bool {
        !self.nested || self.root.at(path).exists()
    }
}

/// By what happened; of findings and whatever has no category of its own, by the product that saw it.
fn group_of(root: Document<'_>, otherwise: Group) -> Group {
    let categories: Vec<_> = root.dotted("event.category").items().take(LIST_MAX).filter_map(Node::word).collect();
    let any = |words: &[&str]| categories.iter().any(|category| is_one_of(category, words));
    let product = || {
        ["event.module", "event.dataset", "event.provider", "observer.product", "observer.vendor"]
            .iter()
            .find_map(|path| product_group::of(&root.dotted(path).word()?))
    };
    if any(&["authentication", "iam", "session"]) {
        Group::Identity
    } else if any(&["api", "configuration", "database", "email", "web"]) {
        Group::Cloud
    } else if any(&["driver", "file", "host", "library", "malware", "network", "package", "process", "registry"]) {
        Group::Endpoint
    } else {
        // Agents on virtual machines write `cloud.provider` too, so that it says the least.
        let in_cloud = || root.dotted("cloud.provider").exists().then_some(Group::Cloud);
        product().or_else(in_cloud).unwrap_or(otherwise)
    }
}

fn severity_of(root: Document<'_>) -> Severity {
    let word = root.first_dotted(&["kibana.alert.severity", "signal.rule.severity", "log.level"]).word();
    let known = word.map(|word| Severity::from_word(&word)).filter(|known| *known != Severity::Unknown);
    let score = root.first_dotted(&["kibana.alert.risk_score", "event.risk_score"]).number();
    let score = score.map(|score| Severity::from_score(score, [1.0, 22.0, 48.0, 74.0]));
    known.or(score).or_else(|| own_severity(root)).unwrap_or_default()
}

/// `event.severity` is on whatever scale its source has: Elastic's of 100, unless the source is known for another.
fn own_severity(root: Document<'_>) -> Option<Severity> {
    let number = root.dotted("event.severity").number()?;
    // Suricata's falls from 1, the gravest.
    let falls = root.dotted("event.module").is("suricata") && number <= 4.0;
    let (score, steps) =
        if falls { (4.0 - number, [1.0, 2.0, 3.0, f64::INFINITY]) } else { (number, [1.0, 22.0, 48.0, 74.0]) };
    Some(Severity::from_score(score, steps))
}

fn add_techniques(root: Document<'_>, draft: &mut Draft) {
    for threat in root.dotted("threat").items().chain(root.dotted("kibana.alert.rule.threat").items()).take(LIST_MAX) {
        for technique in threat.get("technique").items().take(LIST_MAX) {
            draft.add_techniques_at(technique.get("id"));
            technique.get("subtechnique").items().take(LIST_MAX).for_each(|sub| draft.add_techniques_at(sub.get("id")));
        }
    }
    for path in ["threat.technique.id", "threat.technique.subtechnique.id"] {
        draft.add_techniques_at(root.dotted(path));
    }
}

fn add_users(root: Document<'_>, draft: &mut Draft) {
    const USERS: [&str; 8] = [
        "user",
        "user.target",
        "user.effective",
        "user.changes",
        "source.user",
        "client.user",
        "destination.user",
        "server.user",
    ];
    for user in USERS.iter().filter(|user| root.may_have(user)) {
        let key = |name: &str| root.dotted(&[user, ".", name].concat());
        let ids = [things::unless_posix_uid(key("id")), key("email")];
        let account = Account { ids: &ids, domain: key("domain"), name: key("name"), display: key("full_name") };
        draft.add(account.entity());
    }
    for address in ["email.to.address", "email.cc.address"] {
        root.dotted(address).items().take(LIST_MAX).for_each(|to| draft.add(things::user(&[to])));
    }
    for from in root.dotted("email.from.address").items().take(LIST_MAX) {
        draft.add_one(EntityKind::Mailbox, from);
    }
}

/// The caller as Elastic's own integration with CloudTrail keeps it beside ECS's fields.
fn add_cloud_caller(root: Document<'_>, draft: &mut Draft) {
    draft.add_one(EntityKind::ApiKey, root.dotted("aws.cloudtrail.user_identity.access_key_id"));
    let arn = root.dotted("aws.cloudtrail.user_identity.arn");
    if arn.is_text() {
        draft.add(things::user(&[arn, root.dotted("user.id")]));
    }
}

fn add_hosts(root: Document<'_>, draft: &mut Draft) {
    let own = |path: &str| root.dotted(path);
    // Of an event that was forwarded the instance is the shipper's, on which nothing happened.
    let forwarded = own("tags").items().take(LIST_MAX).any(|tag| tag.is("forwarded"));
    let instance = if forwarded { Node::absent() } else { own("cloud.instance.id") };
    let ids = [own("host.id"), own("host.name"), instance, own("device.id"), own("device.serial_number")];
    draft.add(things::device_in_domain(&ids, own("host.hostname"), own("host.domain")));
    draft.add_ips(own("host.ip").items().take(LIST_MAX));
    draft.add_one(EntityKind::CloudResource, own("orchestrator.resource.id"));
    draft.add_one(EntityKind::Agent, own("gen_ai.agent.id"));
}

fn add_files(root: Document<'_>, draft: &mut Draft) {
    const IMAGES: [(EntityKind, &str, &str); 4] = [
        (EntityKind::Process, "process", "executable"),
        (EntityKind::Process, "process.parent", "executable"),
        (EntityKind::File, "file", "path"),
        (EntityKind::File, "dll", "path"),
    ];
    for (kind, place, path) in IMAGES.into_iter().filter(|(_, place, _)| root.may_have(place)) {
        let key = |name: &str| root.dotted(&[place, ".", name].concat());
        let hashes = [key("hash.sha256"), key("hash.sha1"), key("hash.md5")];
        draft.add_image(kind, &hashes, key(path), Node::absent());
    }
}

fn add_network(root: Document<'_>, draft: &mut Draft) {
    const ENDS: [(Role, &str); 5] = [
        (Role::Source, "source.ip"),
        (Role::Source, "client.ip"),
        (Role::Destination, "destination.ip"),
        (Role::Destination, "server.ip"),
        (Role::Proxy, "source.nat.ip"),
    ];
    for (role, path) in ENDS {
        draft.add_ips_as(role, root.dotted(path).items().take(LIST_MAX));
    }
    for path in ["url.full", "destination.domain", "server.domain", "dns.question.name"] {
        draft.add(things::url_or_domain(root.dotted(path)));
    }
    let session = root.first_dotted(&["session.id"]).text();
    draft.add(session.and_then(|session| Entity::new(EntityKind::Session, [&*session])));
}

fn title(root: Document<'_>) -> String {
    let own = |paths: &[&str]| root.first_dotted(paths).text();
    let what =
        own(&["kibana.alert.rule.name", "rule.name", "event.action", "event.code", "event.dataset", "event.module"]);
    let mut title = what.unwrap_or("ECS event".into()).into_owned();
    if let Some(file) = own(&["file.name", "process.name"]) {
        title.push_str(&format!(": {file}"));
    }
    if let Some(user) = own(&["user.email", "user.name", "source.user.name"]) {
        title.push_str(&format!(" by {user}"));
    }
    if let Some(host) = own(&["host.name", "host.hostname"]) {
        title.push_str(&format!(" on {host}"));
    }
    if let Some(from) = own(&["source.ip", "client.ip"]) {
        title.push_str(&format!(" from {from}"));
    }
    if let Some(outcome) = own(&["event.outcome"]) {
        title.push_str(&format!(": {outcome}"));
    }
    title
}
