//! Entra ID directory audits: Graph `directoryAudit`, the diagnostic category `AuditLogs` and the others
//! that stand in for its `category` member, the table `AuditLogs`.
//!
//! Source: learn.microsoft.com/graph/api/resources/directoryaudit. Intune writes a category `AuditLogs`
//! of its own, which goes to [`super::intune`].

use super::draft::Draft;
use super::entra::{EntraRecord, is_table};
use super::fields::{Node, discriminator, has, has_any, is_one_of};
use super::format::Format;
use super::{intune, things};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

/// The activity categories that Entra also writes in the envelope's place.
const CATEGORIES: [&str; 19] = [
    "AdministrativeUnit",
    "ApplicationManagement",
    "AttributeManagement",
    "AuditLogs",
    "Authentication",
    "Authorization",
    "AuthorizationPolicy",
    "Contact",
    "CrossTenantAccessSettings",
    "Device",
    "DeviceConfiguration",
    "DirectoryManagement",
    "EntitlementManagement",
    "GroupManagement",
    "KerberosDomain",
    "Policy",
    "ResourceManagement",
    "RoleManagement",
    "UserManagement",
];

const FORMAT: Format = Format {
    vendor: "Entra ID directory audit: Graph, Azure Monitor, Log Analytics",
    recognised_by: "`activityDisplayName` with `initiatedBy` or `targetResources`; `category` or `Type` `AuditLogs` and the categories that stand for it",
    native_id: "`id`",
    time: "`activityDateTime`",
    severity: "always context",
    entities: "actor and targets: users by id and UPN, applications and service principals, devices; ip; keys that an application gained or lost",
};

/// The most additional details that are looked at.
const DETAILS_MAX: usize = 64;

/// Reads Entra ID directory audits.
pub(super) struct EntraAudit;

impl Reader for EntraAudit {
    fn name(&self) -> &'static str {
        "entra_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let own = has(record, "activityDisplayName") && has_any(record, &["initiatedBy", "targetResources"]);
        let envelope = has(record, "properties") && is_one_of(discriminator(record, "category"), &CATEGORIES);
        let resource = discriminator(record, "resourceId");
        let activity = resource.is_empty() || resource.to_ascii_lowercase().contains("microsoft.aadiam");
        let audit = discriminator(record, "category").eq_ignore_ascii_case("AuditLogs");
        let row = !has(record, "properties") && is_table(record, |name| name.eq_ignore_ascii_case("AuditLogs"));
        own || row || (envelope && (activity || audit))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let properties = Node::new(root).get("properties").unfolded();
        let entra = EntraRecord::new(root, &properties);
        if intune::is_audit(entra.body) {
            return intune::read_value(root, record, context, out);
        }
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = entra.id();
        draft.time = entra.time(&["activityDateTime"]);
        draft.vendor_tenant = entra.tenant();
        let initiated = entra.body.get("initiatedBy").unfolded();
        let actor = add_actor(Node::new(&initiated), &mut draft);
        draft.add_ips_as(Role::Source, [entra.envelope.get("callerIpAddress")]);
        let targets = entra.body.get("targetResources").unfolded();
        let details = entra.body.get("additionalDetails").unfolded();
        let application = application_id(Node::new(&targets), Node::new(&details));
        let mut target_name = None;
        for target in Node::new(&targets).items() {
            target_name = target_name.or(target.first(&["userPrincipalName", "displayName"]).text());
            add_target(target, application, &mut draft);
            target.get("modifiedProperties").items().take(DETAILS_MAX).for_each(|change| add_keys(change, &mut draft));
        }
        let activity = entra.body.first(&["activityDisplayName", "operationName"]).text();
        let activity = activity.or_else(|| entra.envelope.get("operationName").text());
        draft.title = activity.unwrap_or("Directory change".into()).into_owned();
        if let Some(actor) = actor {
            draft.title.push_str(&format!(" by {actor}"));
        }
        if let Some(name) = target_name {
            draft.title.push_str(&format!(" on {name}"));
        }
        if entra.body.first(&["result", "resultType"]).is("failure") {
            draft.title.push_str(" (failed)");
        }
        draft.publish(record, context, out)
    }
}

/// Adds who did it; gives their name.
fn add_actor(initiated: Node<'_>, draft: &mut Draft) -> Option<String> {
    let (user, app) = (initiated.get("user"), initiated.get("app"));
    let person = things::user(&[user.get("id"), user.get("userPrincipalName")]);
    draft.add(person.map(|person| person.named(user.get("displayName").text().as_deref())));
    draft.add_ips_as(Role::Source, [user.get("ipAddress")]);
    let ids = [app.get("servicePrincipalId"), app.get("appId")];
    draft.add(things::microsoft_application(&ids, app.get("displayName")));
    let name = user.first(&["userPrincipalName", "displayName", "id"]).text();
    name.or_else(|| app.first(&["displayName", "servicePrincipalName", "appId"]).text()).map(Into::into)
}

/// Adds the keys that an application gained or lost, which its sign-ins name.
fn add_keys(change: Node<'_>, draft: &mut Draft) {
    if !change.get("displayName").is("KeyDescription") {
        return;
    }
    let [old, new] = ["oldValue", "newValue"].map(|key| change.get(key).text().unwrap_or_default());
    let changed = |keys: &str, others: &str, draft: &mut Draft| {
        for key in keys.split("KeyIdentifier=").skip(1).take(DETAILS_MAX) {
            let key = key.split([',', ']']).next().unwrap_or_default();
            if !others.contains(key) {
                draft.add(Entity::new(EntityKind::ApiKey, [key]));
            }
        }
    };
    changed(&new, &old, draft);
    changed(&old, &new, draft);
}

fn is_application(target: Node<'_>) -> bool {
    target.get("type").text().is_some_and(|kind| is_one_of(&kind, &["Application", "ServicePrincipal"]))
}

/// By which id the application signs in that a change is about: targets have the directory object's alone. Of a change
/// to several it cannot be told whose it is.
fn application_id<'v>(targets: Node<'v>, details: Node<'v>) -> Node<'v> {
    let single = targets.items().filter(|target| is_application(*target)).count() == 1;
    let mut named = details.items().take(DETAILS_MAX).filter(|detail| single && detail.get("key").is("AppId"));
    named.next().map_or(Node::absent(), |detail| detail.get("value"))
}

fn add_target(target: Node<'_>, application: Node<'_>, draft: &mut Draft) {
    let (id, name) = (target.get("id"), target.get("displayName"));
    let entity = match target.get("type").text().as_deref() {
        Some("User") => {
            let user = things::user(&[id, target.get("userPrincipalName")]);
            user.map(|user| user.named(name.text().as_deref()))
        }
        Some("Application" | "ServicePrincipal") => things::microsoft_application(&[id, application], name),
        Some("Device") => things::device(&[id, name]),
        // Whoever gains a role shares it with every administrator before them.
        Some("Role" | "Directory" | "Other") => None,
        _ => return draft.add_one(EntityKind::CloudResource, id),
    };
    draft.add(entity);
}
