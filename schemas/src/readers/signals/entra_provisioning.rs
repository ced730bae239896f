//! Entra ID's provisioning of accounts into other systems: Graph `auditLogs/provisioning`, Azure Monitor's category
//! `ProvisioningLogs`, rows of the Log Analytics table `AADProvisioningLogs`.
//!
//! Source: learn.microsoft.com/graph/api/resources/provisioningobjectsummary. Every record is context. Groups are not
//! entities: everyone in them shares them.

use super::draft::Draft;
use super::entra::{EntraRecord, is_table};
use super::fields::{Node, has_all, is_one_of};
use super::format::Format;
use super::things::{self, address};
use super::title::{Title, words};
use crate::entity::Entity;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const TABLES: [&str; 2] = ["AADProvisioningLogs", "ProvisioningLogs"];
/// How long a GUID is as text.
const GUID_CHARS: usize = 36;

const FORMAT: Format = Format {
    vendor: "Entra ID provisioning: Graph, Azure Monitor, Log Analytics",
    recognised_by: "`activityDateTime` with `sourceIdentity` and `targetIdentity`; `category` or `Type` `ProvisioningLogs` or `AADProvisioningLogs`",
    native_id: "`id`",
    time: "`activityDateTime`",
    severity: "always context",
    entities: "who started it; the user at either end by id and UPN; the application that is provisioned into",
};

/// Reads Entra ID's provisioning logs.
pub(super) struct EntraProvisioning;

impl Reader for EntraProvisioning {
    fn name(&self) -> &'static str {
        "entra_provisioning"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let graph = has_all(record, &["activityDateTime", "sourceIdentity", "targetIdentity"]);
        graph || is_table(record, |name| is_one_of(name, &TABLES))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let properties = Node::new(root).get("properties").unfolded();
        let entra = EntraRecord::new(root, &properties);
        // In Log Analytics objects are text.
        let parts = ["initiatedBy", "sourceIdentity", "targetIdentity", "servicePrincipal", "targetSystem"];
        let parts = parts.map(|part| entra.body.get(part).unfolded());
        let [starter, source, target, service, system] = parts.each_ref().map(|part| Node::new(part).single());
        let status = entra.body.first(&["provisioningStatusInfo", "statusInfo"]).unfolded();
        let status = Node::new(&status);
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = entra.id();
        draft.time = entra.time(&["activityDateTime"]);
        draft.vendor_tenant = entra.tenant();
        if starter.first(&["initiatorType", "initiatingType"]).is("user") {
            draft.add(things::person(&[starter.get("id")], starter.first(&["displayName", "name"])));
        }
        draft.add(account(source));
        draft.add(account(target));
        let ids = [service.get("id"), system.at("details.ServicePrincipalId"), system.at("details.ApplicationId")];
        let name = service.first(&["displayName", "name"]);
        draft.add(things::microsoft_application(&ids, name));
        let action = entra.body.first(&["provisioningAction", "action"]).text();
        let upn = source.at("details.UserPrincipalName");
        let failed = status.get("status").is("failure");
        let reason = if failed { status.at("errorInformation.errorCode") } else { Node::absent() };
        draft.title = Title::of("Provisioning")
            .with_text(": ", action.map(|action| words(&action).to_lowercase()).as_deref())
            .with_text(" ", [upn, source.get("name"), target.get("id")].iter().find_map(|who| who.text()).as_deref())
            .with_text(" in ", system.first(&["displayName", "name"]).text().as_deref())
            .with_text("", failed.then_some(" (failed)"))
            .outcome(&[reason])
            .done();
        draft.publish(record, context, out)
    }
}

/// A user at one end. An id that is neither Entra's own nor an address is unique in its system alone.
fn account(identity: Node<'_>) -> Option<Entity> {
    if !identity.get("identityType").is("User") {
        return None;
    }
    let id = identity.get("id");
    let unique = id.text().is_some_and(|id| id.len() == GUID_CHARS || id.contains('@'));
    let id = if unique { id } else { Node::absent() };
    let details = identity.get("details");
    let ids = [id, address(identity.first(&["displayName", "name"])), details.get("UserPrincipalName")];
    things::person(&ids, details.get("DisplayName"))
}
