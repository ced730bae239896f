//! The evidence of a Defender XDR alert, from `@odata.type` to entities.
//!
//! Source: learn.microsoft.com/graph/api/resources/security-alertevidence and its derived types, v1.0 and beta.
//! Evidence may hold evidence (a pod its address, malware its files), which is followed. Types that name nothing to
//! link by are left out: registry keys and values, security groups, mail clusters, container images and
//! registries, namespaces, sign-in requests.

use super::draft::Draft;
use super::fields::Node;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::value::Value;

/// Adds what one element of `evidence` names, and what the evidence within it does. Each step goes a level down, and
/// records nest 128 levels at most.
pub(super) fn add_evidence(evidence: Node<'_>, draft: &mut Draft) {
    add_typed(&kind_of(evidence), evidence, draft);
}

fn add_typed(kind: &str, evidence: Node<'_>, draft: &mut Draft) {
    add_own(kind, evidence, draft);
    // The resolver that answered is everybody's.
    let members = evidence.members().filter(|(name, _)| !name.eq_ignore_ascii_case("dnsServerIp"));
    for (name, inner) in members.flat_map(|(name, member)| member.items().map(move |inner| (name, inner))) {
        let kind = kind_of(inner);
        if kind.ends_with("evidence") {
            add_typed(&kind, inner, draft);
        } else if let Some(declared) = declared_kind(name).filter(|_| kind.is_empty() && inner.is_object()) {
            add_typed(declared, inner, draft);
        }
    }
}

/// The type that a member of evidence has by its declaration, which OData leaves out where nothing more special stands
/// there.
fn declared_kind(member: &str) -> Option<&'static str> {
    const DECLARED: [(&str, &str); 12] = [
        ("cluster", "kubernetesclusterevidence"),
        ("files", "fileevidence"),
        ("hostIpAddress", "ipevidence"),
        ("ipAddress", "ipevidence"),
        ("ipAddresses", "ipevidence"),
        ("namespace", "kubernetesnamespaceevidence"),
        ("pod", "kubernetespodevidence"),
        ("podIp", "ipevidence"),
        ("processes", "processevidence"),
        ("serviceAccount", "kubernetesserviceaccountevidence"),
        ("storageResource", "azureresourceevidence"),
        ("urls", "urlevidence"),
    ];
    DECLARED.iter().find(|(name, _)| name.eq_ignore_ascii_case(member)).map(|(_, kind)| *kind)
}

/// The last part of `@odata.type` in lower case: `userevidence`.
fn kind_of(evidence: Node<'_>) -> String {
    // Some lakes cannot have `@` in a key and spell it out.
    let spelt = evidence.first(&["at_sign_odata_type", "odata_type", "odataType"]).text();
    let kind = evidence.get("@odata.type").text().or(spelt).unwrap_or_default();
    kind.rsplit('.').next().unwrap_or_default().to_ascii_lowercase()
}

/// Which end of the traffic an address was, by the roles that Defender gives it.
fn role_of(evidence: Node<'_>) -> Option<Role> {
    let is = |word: &str| evidence.get("roles").items().any(|role| role.is(word));
    if is("source") || is("attacker") {
        Some(Role::Source)
    } else {
        (is("destination") || is("commandAndControl")).then_some(Role::Destination)
    }
}

fn add_own(kind: &str, evidence: Node<'_>, draft: &mut Draft) {
    match kind {
        "userevidence" => draft.add(account(evidence.get("userAccount"))),
        "deviceevidence" => add_device(evidence, draft),
        "ipevidence" => match role_of(evidence) {
            Some(role) => draft.add_ips_as(role, [evidence.get("ipAddress")]),
            None => draft.add_ips([evidence.get("ipAddress")]),
        },
        "networkconnectionevidence" => {
            draft.add_ips_as(Role::Source, [evidence.at("sourceAddress.ipAddress")]);
            draft.add_ips_as(Role::Destination, [evidence.at("destinationAddress.ipAddress")]);
        }
        "fileevidence" => add_file(EntityKind::File, evidence.get("fileDetails"), draft),
        "filehashevidence" => draft.add_one(EntityKind::File, evidence.get("value")),
        "processevidence" => {
            add_file(EntityKind::Process, evidence.get("imageFile"), draft);
            add_file(EntityKind::Process, evidence.get("parentProcessImageFile"), draft);
            draft.add(account(evidence.get("userAccount")));
        }
        "urlevidence" => draft.add(things::url_or_domain(evidence.get("url"))),
        "dnsevidence" => draft.add_one(EntityKind::Domain, evidence.get("domainName")),
        "mailboxevidence" => add_mailbox(evidence, draft),
        "analyzedmessageevidence" | "submissionmailevidence" | "teamsmessageevidence" => add_message(evidence, draft),
        "cloudapplicationevidence" | "oauthapplicationevidence" | "serviceprincipalevidence" => {
            let ids = ["objectId", "appId", "saasAppId", "servicePrincipalObjectId"].map(|key| evidence.get(key));
            let name = evidence.first(&["displayName", "servicePrincipalName"]);
            draft.add(things::microsoft_application(&ids, name));
        }
        "githubuserevidence" => {
            draft.add(things::user(&["email", "login", "userId"].map(|key| evidence.get(key))));
        }
        "containerevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("containerId")),
        "kubernetesserviceaccountevidence" => {
            // As the audit log of a cluster names it.
            let account = evidence.at("namespace.name").text().zip(evidence.get("name").text());
            let account = account.map(|(namespace, name)| format!("system:serviceaccount:{namespace}:{name}"));
            draft.add(things::user(&[Node::new(&Value::from(account))]));
        }
        "iotdeviceevidence" => {
            let ids = ["deviceId", "deviceName", "serialNumber"].map(|key| evidence.get(key));
            draft.add(things::device(&ids));
        }
        "azureresourceevidence" => {
            let resource = evidence.get("resourceId");
            draft.add_one(EntityKind::CloudResource, resource);
            draft.add(resource.text().and_then(|id| model_of(&id)));
        }
        "amazonresourceevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("amazonResourceId")),
        "googlecloudresourceevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("fullResourceName")),
        "blobevidence" | "blobcontainerevidence" => {
            draft.add_one(EntityKind::CloudResource, evidence.get("url"));
            for hash in evidence.get("fileHashes").items() {
                draft.add_one(EntityKind::File, hash.get("value"));
            }
        }
        "cloudlogonsessionevidence" => {
            draft.add_one(EntityKind::Session, evidence.get("sessionId"));
            draft.add(account(evidence.at("account.userAccount")));
            draft.add(things::device(&[evidence.get("deviceName")]));
        }
        "hostlogonsessionevidence" => {
            draft.add(account(evidence.at("account.userAccount")));
            add_device(evidence.get("host"), draft);
        }
        "aiagentevidence" => {
            let agent = evidence.get("agentId").text();
            let agent = agent.and_then(|id| Entity::new(EntityKind::Agent, [&*id]));
            draft.add(agent.map(|agent| agent.named(evidence.get("agentName").text().as_deref())));
        }
        _ => {}
    }
}

/// The model that an Azure resource id names, as those of workspaces and registries of Azure Machine Learning do:
/// `.../registries/r/models/support-llm/versions/3`. Applications call it by that name.
pub(super) fn model_of(resource_id: &str) -> Option<Entity> {
    let mut parts = resource_id.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("models"))?;
    Entity::new(EntityKind::Model, [parts.next()?])
}

/// A Graph `userAccount`.
fn account(account: Node<'_>) -> Option<Entity> {
    let ids = [account.get("azureAdUserId"), account.get("userPrincipalName"), account.get("userSid")];
    Account {
        ids: &ids,
        domain: account.get("domainName"),
        name: account.get("accountName"),
        display: account.get("displayName"),
    }
    .entity()
}

/// The device and who was logged on. Its external address is the office's, which everyone there shares.
fn add_device(device: Node<'_>, draft: &mut Draft) {
    let ids = ["azureAdDeviceId", "mdeDeviceId", "deviceDnsName", "hostName"].map(|key| device.get(key));
    draft.add(things::device(&ids));
    for logged_on in device.get("loggedOnUsers").items() {
        draft.add(account(logged_on));
    }
    draft.add_ips([device.get("lastIpAddress")]);
    draft.add_ips(device.get("ipInterfaces").items());
}

fn add_file(kind: EntityKind, details: Node<'_>, draft: &mut Draft) {
    let hashes = [details.get("sha256"), details.get("sha1"), details.get("md5")];
    draft.add_image(kind, &hashes, details.get("filePath"), details.get("fileName"));
}

/// The mailbox and whose it is.
fn add_mailbox(evidence: Node<'_>, draft: &mut Draft) {
    draft.add_one(EntityKind::Mailbox, evidence.get("primaryAddress"));
    draft.add(things::user(&[evidence.get("upn"), evidence.get("primaryAddress")]));
    draft.add(account(evidence.get("userAccount")));
}

/// A message: the recipient is a user of the estate, the sender most often is not.
fn add_message(evidence: Node<'_>, draft: &mut Draft) {
    for recipient in [evidence.get("recipientEmailAddress"), evidence.get("recipient")] {
        draft.add(things::user(&[recipient]));
    }
    evidence.get("recipients").items().for_each(|recipient| draft.add(things::user(&[recipient])));
    for sender in ["p1Sender.emailAddress", "p2Sender.emailAddress", "sender", "senderFromAddress"] {
        draft.add_one(EntityKind::Mailbox, evidence.at(sender));
    }
    draft.add_ips_as(Role::Source, [evidence.get("senderIp")]);
    for url in evidence.get("urls").items() {
        draft.add(things::url_or_domain(url));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_s_resource_names_a_model() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/r/models/Support-LLM";
        for id in [id.to_owned(), format!("{id}/versions/3"), id.replace("models", "Models")] {
            assert_eq!(model_of(&id), Entity::new(EntityKind::Model, ["support-llm"]), "{id}");
        }
        for id in ["/subscriptions/s/models/", "/subscriptions/s/models", "models of mine", ""] {
            assert_eq!(model_of(id), None, "{id}");
        }
    }
}
