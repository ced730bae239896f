//! AWS GuardDuty findings, alone or in EventBridge's envelope.
//!
//! Source: docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html; severity from 1.0 to
//! 8.9, attack sequences up to 10.

use super::aws::user_arn;
use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any};
use super::format::Format;
use super::things;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

/// The most elements of one list that are looked at.
const LIST_MAX: usize = 64;

const FORMAT: Format = Format {
    vendor: "AWS GuardDuty findings",
    recognised_by: "`accountId`, `type`, `severity`, `service`; EventBridge's `source` `aws.guardduty`",
    native_id: "`id`",
    time: "`service.eventFirstSeen`, else `updatedAt`",
    severity: "1 to 10: low below 4, medium below 7, high below 9, critical above; always an alert",
    entities: "access key and its user, instance, buckets, functions, clusters; both ends' ips with direction, domains, processes",
};

/// Reads GuardDuty findings.
pub(super) struct AwsGuardduty;

impl Reader for AwsGuardduty {
    fn name(&self) -> &'static str {
        "aws_guardduty"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let finding = ["accountId", "type", "severity", "service"].iter().all(|key| has(record, key));
        let finding = finding && has_any(record, &["schemaVersion", "partition", "resource"]);
        finding || (has(record, "detail") && discriminator(record, "source") == "aws.guardduty")
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let finding = if root.get("service").exists() { root } else { root.get("detail") };
        let account = finding.get("accountId").text();
        let service = finding.get("service");
        let mut draft = Draft::alert(self.name(), Group::Cloud, severity(finding.get("severity").number()));
        draft.native_id = finding.get("id").text().map(Into::into);
        draft.time = first_time(&[service.get("eventFirstSeen"), finding.get("updatedAt")]);
        draft.vendor_tenant = account.as_deref().map(str::to_owned);
        add_resource(finding.get("resource"), account.as_deref(), &mut draft);
        add_action(service.get("action"), &mut draft);
        add_process(service.at("runtimeDetails.process"), &mut draft);
        add_scans(service, &mut draft);
        add_sequence(service.at("detection.sequence"), &mut draft);
        let title = finding.first(&["title", "type"]).text();
        draft.title = title.unwrap_or("GuardDuty finding".into()).into_owned();
        draft.publish(record, context, out)
    }
}

/// AWS's bands: low below 4, medium below 7, high below 9, critical from there.
fn severity(number: Option<f64>) -> Severity {
    match number {
        Some(n) if n >= 9.0 => Severity::Critical,
        Some(n) if n >= 7.0 => Severity::High,
        Some(n) if n >= 4.0 => Severity::Medium,
        Some(n) if n >= 1.0 => Severity::Low,
        Some(_) => Severity::Informational,
        None => Severity::Unknown,
    }
}

fn add_resource(resource: Node<'_>, account: Option<&str>, draft: &mut Draft) {
    let key = resource.get("accessKeyDetails");
    draft.add_one(EntityKind::ApiKey, key.get("accessKeyId"));
    draft.add(principal(key, account));
    let instance = resource.get("instanceDetails");
    draft.add_one(EntityKind::Device, instance.get("instanceId"));
    for interface in instance.get("networkInterfaces").items() {
        draft.add_ips([interface.get("privateIpAddress"), interface.get("publicIp")]);
        draft.add_ips(interface.get("ipv6Addresses").items().take(LIST_MAX));
    }
    for bucket in resource.get("s3BucketDetails").items() {
        draft.add_one(EntityKind::CloudResource, bucket.get("arn"));
    }
    for arn in [
        "lambdaDetails.functionArn",
        "eksClusterDetails.arn",
        "ecsClusterDetails.arn",
        "rdsDbInstanceDetails.dbInstanceArn",
    ] {
        draft.add_one(EntityKind::CloudResource, resource.at(arn));
    }
    draft.add(things::user(&[resource.at("kubernetesDetails.kubernetesUserDetails.username")]));
}

/// The user or the role's session behind an access key, named as CloudTrail names them.
fn principal(key: Node<'_>, account: Option<&str>) -> Option<Entity> {
    let (name, id) = (key.get("userName").text(), key.get("principalId").text());
    let kind = key.get("userType").text().unwrap_or_default();
    let session = id.as_deref().and_then(|id| id.split_once(':')).map(|(_, session)| session.to_owned());
    let arn = account.zip(name.as_deref()).and_then(|(account, name)| match (&*kind, &session) {
        ("IAMUser", _) => Some(user_arn(account, name)),
        ("AssumedRole", Some(session)) => Some(format!("arn:aws:sts::{account}:assumed-role/{name}/{session}")),
        _ => None,
    });
    let email = session.as_deref().filter(|session| session.contains('@'));
    let acting = id.as_deref().filter(|_| kind == "IAMUser" || session.is_some());
    let entity = Entity::new(EntityKind::User, arn.as_deref().into_iter().chain(acting).chain(email));
    entity.map(|user| user.named(session.as_deref().or(name.as_deref())))
}

/// The other end: addresses and domains of the action, and the resources that it touched.
fn add_action(action: Node<'_>, draft: &mut Draft) {
    for (_, detail) in action.members() {
        // Calls, logins and probes come from the other end; connections say their direction.
        let outbound = detail.get("connectionDirection").is("OUTBOUND");
        let (near, far) = if outbound { (Role::Source, Role::Destination) } else { (Role::Destination, Role::Source) };
        let places = std::iter::once(detail).chain(detail.get("portProbeDetails").items().take(LIST_MAX));
        for place in places {
            for version in ["ipAddressV4", "ipAddressV6"] {
                draft.add_ips_as(far, [place.get("remoteIpDetails").get(version)]);
                draft.add_ips_as(near, [place.get("localIpDetails").get(version)]);
            }
        }
        draft.add_one(EntityKind::Domain, detail.get("domain"));
        for (_, resource) in detail.get("affectedResources").members() {
            let names = resource.text().unwrap_or_default();
            for name in names.split(',') {
                draft.add(Entity::new(EntityKind::CloudResource, [name]));
            }
        }
    }
}

fn add_process(process: Node<'_>, draft: &mut Draft) {
    let path = process.get("executablePath");
    draft.add_image(EntityKind::Process, &[process.get("executableSha256")], path, Node::absent());
}

/// What malware scans found: the files by hash.
fn add_scans(service: Node<'_>, draft: &mut Draft) {
    for path in ["ebsVolumeScanDetails", "malwareScanDetails"] {
        let found = service.at(path);
        let names = found.at("scanDetections.threatDetectedByName.threatNames").items().take(LIST_MAX);
        for file in names.flat_map(|name| name.get("filePaths").items().take(LIST_MAX)) {
            draft.add_image(EntityKind::File, &[file.get("hash")], Node::absent(), file.get("fileName"));
        }
        for threat in found.get("threats").items().take(LIST_MAX) {
            for file in threat.get("itemPaths").items().take(LIST_MAX) {
                draft.add_image(EntityKind::File, &[file.get("hash")], Node::absent(), Node::absent());
            }
        }
    }
}

/// An attack sequence: its actors, endpoints, resources, and the techniques among its indicators.
fn add_sequence(sequence: Node<'_>, draft: &mut Draft) {
    for actor in sequence.get("actors").items() {
        draft.add(things::user(&[actor.at("user.uid"), email(actor.at("user.name"))]));
        draft.add_one(EntityKind::Session, actor.at("session.uid"));
        draft.add_one(EntityKind::ApiKey, actor.at("user.credentialUid"));
    }
    draft.add_ips(sequence.get("endpoints").items().map(|endpoint| endpoint.get("ip")));
    for resource in sequence.get("resources").items() {
        let uid = resource.get("uid");
        let kind = resource.get("resourceType").text().unwrap_or_default();
        match &*kind {
            "ACCESS_KEY" => draft.add_one(EntityKind::ApiKey, resource.first(&["name", "uid"])),
            "EC2_INSTANCE" => draft.add_one(EntityKind::Device, resource.first(&["name", "uid"])),
            _ => draft.add_one(EntityKind::CloudResource, uid),
        }
    }
    let indicators = sequence.first(&["sequenceIndicators", "indicators"]);
    for indicator in indicators.items() {
        draft.add_techniques_at(indicator.get("values"));
    }
}

fn email(node: Node<'_>) -> Node<'_> {
    if node.text().is_some_and(|text| text.contains('@')) { node } else { Node::absent() }
}
