//! The things that an alert of Defender for Endpoint's own API names, or of Defender XDR's own API of incidents, which
//! Graph writes as typed evidence.
//!
//! Source: learn.microsoft.com/defender-endpoint/api/alerts and learn.microsoft.com/defender-xdr/api-list-incidents.
//! [`super::defender_alert`] reads what an alert is in either.

use super::draft::Draft;
use super::fields::Node;
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind};

/// The most elements of one list that are looked at.
const LIST_MAX: usize = 256;

/// Adds the device, its users and the evidence of `alert`.
pub(super) fn add_things(alert: Node<'_>, draft: &mut Draft) {
    draft.add(things::device(&[alert.get("machineId"), alert.get("computerDnsName")]));
    for device in alert.get("devices").items().take(LIST_MAX) {
        let ids = ["aadDeviceId", "mdatpDeviceId", "deviceDnsName"].map(|key| device.get(key));
        draft.add(things::device(&ids));
        add_users(device.get("loggedOnUsers"), draft);
    }
    let related = alert.get("relatedUser");
    draft.add(account(related, related.get("userName")));
    add_users(alert.get("loggedOnUsers"), draft);
    for evidence in alert.first(&["evidence", "entities"]).items().take(LIST_MAX) {
        let kind = if evidence.get("entityType").is("Process") { EntityKind::Process } else { EntityKind::File };
        let hashes = [evidence.get("sha256"), evidence.get("sha1")];
        draft.add_image(kind, &hashes, evidence.get("filePath"), evidence.get("fileName"));
        let (path, name) = (evidence.get("parentProcessFilePath"), evidence.get("parentProcessFileName"));
        draft.add_image(EntityKind::Process, &[], path, name);
        draft.add(account(evidence, evidence.get("accountName")));
        draft.add_ips([evidence.get("ipAddress")]);
        draft.add(things::url_or_domain(evidence.get("url")));
        // Of a message the recipient is a user of the estate, the sender most often is not.
        draft.add(things::user(&[evidence.get("recipient")]));
        for address in ["mailboxAddress", "sender"] {
            draft.add_one(EntityKind::Mailbox, evidence.get(address));
        }
    }
}

fn add_users(users: Node<'_>, draft: &mut Draft) {
    for user in users.items().take(LIST_MAX) {
        draft.add(account(user, user.get("accountName")));
    }
}

fn account(user: Node<'_>, name: Node<'_>) -> Option<Entity> {
    let ids = [user.get("aadUserId"), user.get("userPrincipalName"), user.get("userSid")];
    Account { ids: &ids, domain: user.get("domainName"), name, display: Node::absent() }.entity()
}
