//! Alerts in the schema that Microsoft Sentinel and Defender for Cloud share: rows of the table `SecurityAlert`, Defender
//! for Cloud's continuous export, and its REST API.
//!
//! Source: learn.microsoft.com/azure/sentinel/security-alert-schema, learn.microsoft.com/azure/sentinel/entities-reference
//! and learn.microsoft.com/azure/defender-for-cloud/alerts-schemas. What an alert is about stands in a list of entities
//! that refer to each other by number. Rows of `SecurityIncident` name alerts and nothing else, and are not read.

use std::borrow::Cow;

use super::defender_alert::group_of;
use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_any};
use super::format::Format;
use super::product_group;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;

/// The most entities of one alert that are looked at; a reference is looked for among as many.
const ENTITIES_MAX: usize = 128;

const FORMAT: Format = Format {
    vendor: "Microsoft Sentinel and Defender for Cloud alerts: table `SecurityAlert`, continuous export, REST API",
    recognised_by: "`SystemAlertId` with a start time and `AlertSeverity`, `Severity` or `AlertType`; `type` `Microsoft.Security/…/alerts` with `properties`",
    native_id: "`SystemAlertId`",
    time: "`StartTime`, `StartTimeUtc`, else `TimeGenerated`",
    severity: "`AlertSeverity` or `Severity` by its word; always an alert; `Techniques`, `SubTechniques`",
    entities: "everything in `Entities`: accounts, hosts, ips, files, processes, URLs, mailboxes, applications, resources",
};

/// Reads alerts of Sentinel and Defender for Cloud.
pub(super) struct SecurityAlert;

impl Reader for SecurityAlert {
    fn name(&self) -> &'static str {
        "security_alert"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let row = has(record, "SystemAlertId")
            && has_any(record, &["StartTime", "StartTimeUtc"])
            && has_any(record, &["AlertSeverity", "Severity", "AlertType"]);
        let kind = discriminator(record, "type").to_ascii_lowercase();
        row || (has(record, "properties") && kind.starts_with("microsoft.security/") && kind.ends_with("/alerts"))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let properties = root.get("properties");
        let alert = if properties.is_object() { properties } else { root };
        let product = alert.first(&["ProductName", "ProviderName"]).text().unwrap_or_default();
        let group = group_of(&product, product_group::of(&product).unwrap_or(context.group));
        let severity = Severity::from_word(&alert.first(&["AlertSeverity", "Severity"]).word().unwrap_or_default());
        let mut draft = Draft::alert(self.name(), group, severity);
        draft.native_id = alert.get("SystemAlertId").text().map(Cow::into_owned);
        draft.time =
            first_time(&["StartTime", "StartTimeUtc", "TimeGenerated", "TimeGeneratedUtc"].map(|key| alert.get(key)));
        for techniques in ["Techniques", "SubTechniques"] {
            draft.add_techniques_at(alert.get(techniques));
        }
        let identifiers = alert.get("ResourceIdentifiers").unfolded();
        let identifiers = Node::new(&identifiers);
        // What a row of Log Analytics calls its tenant is the workspace.
        let tenant = identifiers.items().find_map(|resource| resource.get("AadTenantId").text());
        draft.vendor_tenant = tenant.or_else(|| alert.get("TenantId").text()).map(Cow::into_owned);
        let entities = alert.get("Entities").unfolded();
        let entities: Vec<_> = Node::new(&entities).items().take(ENTITIES_MAX).collect();
        entities.iter().for_each(|entity| add_entity(*entity, &entities, &mut draft));
        let resources = identifiers.items().take(ENTITIES_MAX).map(|resource| resource.get("AzureResourceId"));
        for resource in resources.chain([alert.get("AzureResourceId"), alert.get("ResourceId")]) {
            draft.add_one(EntityKind::CloudResource, resource);
        }
        let title = alert.first(&["AlertDisplayName", "DisplayName", "AlertName", "AlertType"]).text();
        draft.title = title.unwrap_or("Microsoft security alert".into()).into_owned();
        draft.publish(record, context, out)
    }
}

/// What `node` is, or the one of `entities` that it refers to.
fn resolved<'v>(node: Node<'v>, entities: &[Node<'v>]) -> Node<'v> {
    match node.get("$ref").text() {
        Some(number) => entities.iter().copied().find(|e| e.get("$id").is(&number)).unwrap_or(Node::absent()),
        None => node,
    }
}

fn add_entity(entity: Node<'_>, entities: &[Node<'_>], draft: &mut Draft) {
    let key = |name: &str| entity.get(name);
    match key("Type").text().unwrap_or_default().to_ascii_lowercase().as_str() {
        "account" => draft.add(account(entity)),
        "host" => add_host(entity, draft),
        "ip" => draft.add_ips([key("Address")]),
        "file" => add_file(EntityKind::File, entity, entities, draft),
        "filehash" => draft.add_one(EntityKind::File, key("Value")),
        "process" => {
            add_file(EntityKind::Process, resolved(key("ImageFile"), entities), entities, draft);
            draft.add(account(resolved(key("Account"), entities)));
        }
        "url" => draft.add(things::url_or_domain(key("Url"))),
        "dns" | "dnsresolution" => {
            draft.add(things::url_or_domain(key("DomainName")));
            draft.add_ips(addresses(&["IpAddress", "IpAddresses", "HostIpAddress"], entity, entities));
        }
        "network-connection" => {
            draft.add_ips_as(Role::Source, addresses(&["SourceAddress"], entity, entities));
            draft.add_ips_as(Role::Destination, addresses(&["DestinationAddress"], entity, entities));
        }
        "k8s-cluster" => {
            draft.add_one(EntityKind::CloudResource, resolved(key("CloudResource"), entities).get("ResourceId"));
        }
        "azure-resource" => draft.add_one(EntityKind::CloudResource, key("ResourceId")),
        "amazon-resource" => draft.add_one(EntityKind::CloudResource, key("AmazonResourceId")),
        "gcp-resource" => draft.add_one(EntityKind::CloudResource, key("FullResourceName")),
        "blob" | "blob-container" => draft.add_one(EntityKind::CloudResource, key("Url")),
        "oauth-application" | "service-principal" => {
            let ids = ["OAuthAppId", "AppId", "ServicePrincipalObjectId"].map(key);
            draft.add(things::microsoft_application(&ids, entity.first(&["OAuthAppName", "Name"])));
        }
        "cloud-logon-session" => {
            draft.add_one(EntityKind::Session, key("SessionId"));
            draft.add(account(resolved(key("Account"), entities)));
        }
        "mailbox" => {
            draft.add_one(EntityKind::Mailbox, key("MailboxPrimaryAddress"));
            let ids = [key("Upn"), key("MailboxPrimaryAddress"), key("ExternalDirectoryObjectId")];
            draft.add(things::user(&ids));
        }
        "mailmessage" => add_message(entity, draft),
        "ai-agent" => draft.add(things::named(EntityKind::Agent, key("AgentId"), key("AgentName"))),
        _ => {}
    }
}

/// The addresses at `keys`, each an entity or a list of such.
fn addresses<'v>(keys: &[&str], entity: Node<'v>, entities: &[Node<'v>]) -> Vec<Node<'v>> {
    let at = |key: &&str| entity.get(key).items().take(ENTITIES_MAX).collect::<Vec<_>>();
    keys.iter().flat_map(at).map(|address| resolved(address, entities).get("Address")).collect()
}

fn account(account: Node<'_>) -> Option<Entity> {
    let upn = account.get("Name").text().zip(account.get("UPNSuffix").text());
    let upn = Value::from(upn.filter(|(name, _)| !name.contains('@')).map(|(name, suffix)| format!("{name}@{suffix}")));
    let ids = [account.get("AadUserId"), account.get("UserPrincipalName"), Node::new(&upn), account.get("Sid")];
    let domain = account.first(&["NTDomain", "DnsDomain"]);
    Account { ids: &ids, domain, name: account.get("Name"), display: account.get("DisplayName") }.entity()
}

fn add_host(host: Node<'_>, draft: &mut Draft) {
    let name = host.first(&["HostName", "NetBiosName"]);
    let ids = [host.get("OMSAgentID"), host.get("FQDN"), host.get("AadDeviceId"), host.get("MdatpDeviceId")];
    draft.add(things::device_in_domain(&ids, name, host.get("DnsDomain")));
    draft.add_one(EntityKind::CloudResource, host.get("AzureID"));
}

fn add_file(kind: EntityKind, file: Node<'_>, entities: &[Node<'_>], draft: &mut Draft) {
    let hashes = file.get("FileHashes").items().take(8).map(|hash| resolved(hash, entities).get("Value"));
    let hashes: Vec<_> = hashes.collect();
    draft.add_image(kind, &hashes, file.get("Directory"), file.get("Name"));
}

/// A message: the recipient is a user of the estate, the sender most often is not.
fn add_message(message: Node<'_>, draft: &mut Draft) {
    draft.add(things::user(&[message.get("Recipient")]));
    for sender in ["Sender", "P1Sender", "P2Sender"] {
        draft.add_one(EntityKind::Mailbox, message.get(sender));
    }
    draft.add_ips_as(Role::Source, [message.get("SenderIP")]);
    for url in message.get("Urls").items().take(ENTITIES_MAX) {
        draft.add(things::url_or_domain(url));
    }
}
