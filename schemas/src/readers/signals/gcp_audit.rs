//! Google Cloud audit logs, GKE's among them: a `LogEntry` whose `protoPayload` is an `AuditLog`.
//!
//! Source: cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog. Every entry is
//! context. Google's own service agents, which act in every project, are not entities.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, first_time, has_object};
use super::format::Format;
use super::kubernetes_audit::is_service_account;
use super::things;
use super::title::Title;
use crate::entity::{Entity, EntityKind, Role, canonical_id};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Google Cloud audit logs (GKE's included)",
    recognised_by: "a `protoPayload` object",
    native_id: "`insertId`; unique with log and time",
    time: "`timestamp`, else `receiveTimestamp`",
    severity: "always context",
    entities: "caller by e-mail or subject, in a cluster also service accounts outside `kube-*`, whom they act for, who gains or loses a role, service account key, ip, resource, Vertex AI models and agents",
};

/// The most changes of a policy that are looked at.
const DELTAS_MAX: usize = 64;

/// Reads Google Cloud audit logs.
pub(super) struct GcpAudit;

impl Reader for GcpAudit {
    fn name(&self) -> &'static str {
        "gcp_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has_object(record, "protoPayload")
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let entry = Node::new(root);
        let payload = entry.get("protoPayload");
        let who = payload.get("authenticationInfo");
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = entry.get("insertId").text().map(Cow::into_owned);
        let parts = [entry.get("insertId"), entry.get("logName"), entry.get("timestamp")];
        let parts: Vec<_> = parts.iter().filter_map(|part| part.text()).collect();
        draft.unique_id = entry.get("insertId").text().map(|_| parts.join(" "));
        draft.time = first_time(&[entry.get("timestamp"), entry.get("receiveTimestamp")]);
        draft.vendor_tenant = entry.at("resource.labels.project_id").text().map(Cow::into_owned);
        draft.add(principal(who.get("principalEmail"), who.get("principalSubject")));
        for delegation in who.get("serviceAccountDelegationInfo").items() {
            let first = delegation.get("firstPartyPrincipal").get("principalEmail");
            draft.add(principal(first, delegation.get("principalSubject")));
        }
        // `//iam.googleapis.com/projects/…/serviceAccounts/…/keys/ID`
        let key = who.get("serviceAccountKeyName").text();
        draft.add(key.and_then(|key| Entity::new(EntityKind::ApiKey, [things::file_name(&key)])));
        draft.add_ips_as(Role::Source, [payload.at("requestMetadata.callerIp")]);
        let resource = payload.get("resourceName");
        add_resource(resource, &mut draft);
        for change in payload.at("serviceData.policyDelta.bindingDeltas").items().take(DELTAS_MAX) {
            draft.add(member(change.get("member")));
        }
        // Google's own addresses have words in their place.
        let caller = payload.at("requestMetadata.callerIp");
        let internal = caller.text().is_some_and(|ip| canonical_id(EntityKind::Ip, &ip).is_none());
        let caller = if internal { Node::absent() } else { caller };
        let failed = payload.at("status.code").number().is_some_and(|code| code != 0.0);
        let reason = if failed { payload.at("status.message") } else { Node::absent() };
        draft.title = Title::new(&[payload.get("methodName")], "API call")
            .by(&[who.get("principalEmail"), who.get("principalSubject"), who.get("authoritySelector")])
            .on(&[resource])
            .from(&[caller])
            .outcome(&[reason, payload.at("status.code")])
            .done();
        draft.publish(record, context, out)
    }
}

/// Who gains or loses a role: people and service accounts, not groups and domains.
fn member(member: Node<'_>) -> Option<Entity> {
    let acts = member.text().is_some_and(|it| it.starts_with("user:") || it.starts_with("serviceAccount:"));
    principal(Node::absent(), if acts { member } else { Node::absent() })
}

/// A person or a project's service account. Subjects carry the e-mail address behind a prefix.
fn principal(email: Node<'_>, subject: Node<'_>) -> Option<Entity> {
    let (email, subject) = (email.text(), subject.text());
    // A federated identity has a path for its subject: `principal://iam.googleapis.com/…/subject/ID`.
    let federated = subject.as_deref().filter(|subject| subject.contains("://"));
    let own = federated.and_then(|subject| subject.split_once("/subject/")).map(|(_, own)| own);
    let subject = match federated {
        Some(_) => federated,
        // `system:serviceaccount:prod:deployer` is one name.
        None if subject.as_deref().is_some_and(|subject| subject.starts_with("system:")) => subject.as_deref(),
        None => subject.as_deref().map(|subject| subject.rsplit_once(':').map_or(subject, |(_, bare)| bare)),
    };
    let own = own.filter(|own| own.contains('@'));
    let ids: Vec<&str> = email.as_deref().into_iter().chain(subject).chain(own).collect();
    let of_google = |id: &&str| {
        let domain = id.rsplit_once('@').map_or("", |(_, domain)| domain);
        (id.starts_with("system:") && !is_service_account(id))
            || domain.starts_with("gcp-sa-")
            || is_service_domain(domain)
    };
    if ids.iter().any(of_google) {
        return None;
    }
    Entity::new(EntityKind::User, ids)
}

/// The domains of service agents that Google runs in every project.
fn is_service_domain(domain: &str) -> bool {
    let agents = [
        "cloudservices.gserviceaccount.com",
        "container-engine-robot.iam.gserviceaccount.com",
        "system.gserviceaccount.com",
    ];
    agents.contains(&domain)
}

/// The resource; models and agents of Vertex AI under the names by which telemetry knows them.
fn add_resource(resource: Node<'_>, draft: &mut Draft) {
    let Some(name) = resource.text() else { return };
    let last = things::file_name(&name);
    match name.rsplit('/').nth(1) {
        Some("models") => draft.add(Entity::new(EntityKind::Model, [last, &*name])),
        Some("reasoningEngines" | "agents") => draft.add(Entity::new(EntityKind::Agent, [last, &*name])),
        // Objects within a cluster have no cluster in their name.
        _ if name.starts_with("core/") || !name.contains('/') || is_cluster_object(&name) => {}
        // A project, folder or organisation is the tenant, which all of its records share.
        Some("projects" | "folders" | "organizations") => {}
        _ => draft.add(Entity::new(EntityKind::CloudResource, [&*name])),
    }
}

fn is_cluster_object(name: &str) -> bool {
    name.split('/')
        .next()
        .is_some_and(|group| group.ends_with(".k8s.io") || ["apps", "batch", "extensions"].contains(&group))
}
