//! The evidence of a Defender XDR alert, from `@odata.type` to entities.
//!
//! Source: learn.microsoft.com/graph/api/resources/security-alertevidence and its derived types. Types that
//! name nothing to link by (security groups, container registries) are left out.

use super::draft::Draft;
use super::fields::Node;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind};

/// Adds what one element of `evidence` names.
pub(super) fn add_evidence(evidence: Node<'_>, draft: &mut Draft) {
    // Some lakes cannot have `@` in a key and spell it out.
    let kind = evidence.first(&["at_sign_odata_type", "odata_type", "odataType"]).text();
    let kind = evidence.get("@odata.type").text().or(kind).unwrap_or_default().to_ascii_lowercase();
    match kind.rsplit('.').next().unwrap_or_default() {
        "userevidence" => draft.add(account(evidence.get("userAccount"))),
        "deviceevidence" => add_device(evidence, draft),
        "ipevidence" => draft.add_ips([evidence.get("ipAddress")]),
        "fileevidence" => draft.add(file(EntityKind::File, evidence.get("fileDetails"))),
        "processevidence" => {
            draft.add(file(EntityKind::Process, evidence.get("imageFile")));
            draft.add(account(evidence.get("userAccount")));
        }
        "urlevidence" => draft.add(things::url_or_domain(evidence.get("url"))),
        "dnsevidence" => draft.add_one(EntityKind::Domain, evidence.get("domainName")),
        "mailboxevidence" => add_mailbox(evidence, draft),
        "analyzedmessageevidence" => add_message(evidence, draft),
        "cloudapplicationevidence" | "oauthapplicationevidence" => draft.add(things::microsoft_application(
            &[evidence.get("objectId"), evidence.get("appId"), evidence.get("saasAppId")],
            evidence.get("displayName"),
        )),
        "azureresourceevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("resourceId")),
        "amazonresourceevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("amazonResourceId")),
        "googlecloudresourceevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("fullResourceName")),
        "blobevidence" => draft.add_one(EntityKind::CloudResource, evidence.get("url")),
        "cloudlogonsessionevidence" => {
            draft.add_one(EntityKind::Session, evidence.get("sessionId"));
            draft.add(account(evidence.at("account.userAccount")));
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

fn file(kind: EntityKind, details: Node<'_>) -> Option<Entity> {
    let hashes = [details.get("sha256"), details.get("sha1")];
    things::image(kind, &hashes, details.get("filePath"), details.get("fileName"))
}

/// The mailbox and whose it is.
fn add_mailbox(evidence: Node<'_>, draft: &mut Draft) {
    draft.add_one(EntityKind::Mailbox, evidence.get("primaryAddress"));
    draft.add(things::user(&[evidence.get("upn"), evidence.get("primaryAddress")]));
    draft.add(account(evidence.get("userAccount")));
}

/// A message: the recipient is a user of the estate, the sender most often is not.
fn add_message(evidence: Node<'_>, draft: &mut Draft) {
    draft.add(things::user(&[evidence.get("recipientEmailAddress")]));
    for sender in ["p1Sender.emailAddress", "p2Sender.emailAddress"] {
        draft.add_one(EntityKind::Mailbox, evidence.at(sender));
    }
    draft.add_ips([evidence.get("senderIp")]);
    for url in evidence.get("urls").items() {
        draft.add(things::url_or_domain(url));
    }
}
