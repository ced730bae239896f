//! Kubernetes audit events, as the API server writes them and as AKS streams them (`kube-audit`).
//!
//! Source: kubernetes.io/docs/reference/config-api/apiserver-audit.v1. Every event is context. GKE writes its
//! own format, which [`super::gcp_audit`] reads. The cluster's own components are not entities; what a
//! request did to which object stands in the title, since names of objects repeat from cluster to cluster.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_all, has_any};
use super::format::Format;
use super::things::user;
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Kubernetes audit (API server, EKS, AKS)",
    recognised_by: "`kind` `Event` with `apiVersion` `audit.k8s.io/*` or with `verb` and `objectRef`, `requestURI` or `responseStatus`; Azure's category `kube-audit*`",
    native_id: "`auditID`; unique with the stage",
    time: "`stageTimestamp`, else `requestReceivedTimestamp`",
    severity: "always context",
    entities: "caller and impersonated user by name, IAM ARN and access key (EKS); service accounts outside `kube-*`; first source ip; object by uid",
};

/// Reads Kubernetes audit events.
pub(super) struct KubernetesAudit;

impl Reader for KubernetesAudit {
    fn name(&self) -> &'static str {
        "kubernetes_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let versioned = discriminator(record, "apiVersion").starts_with("audit.k8s.io/");
        // The elements of an `EventList`, as the API server's webhook sends it, have no kind of their own.
        let listed = !has(record, "kind") && has_all(record, &["auditID", "stage", "verb", "user"]);
        let event = (discriminator(record, "kind") == "Event" || listed)
            && (versioned || (has(record, "verb") && has_any(record, &["objectRef", "requestURI", "responseStatus"])))
            && !has_any(record, &["involvedObject", "properties"]);
        event || (has(record, "properties") && discriminator(record, "category").starts_with("kube-audit"))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let log = root.at("properties.log").unfolded();
        let log = Node::new(&log);
        let event = if log.is_object() { log } else { root };
        let (caller, object) = (event.get("user"), event.get("objectRef"));
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.get("auditID").text().map(Cow::into_owned);
        // One request is reported at each of its stages under one id.
        let stage = event.get("stage").text();
        draft.unique_id = event.get("auditID").text().zip(stage).map(|(id, stage)| format!("{id} {stage}"));
        let times = [event.get("stageTimestamp"), event.get("requestReceivedTimestamp"), root.get("time")];
        draft.time = first_time(&times);
        add_caller(caller, &mut draft);
        draft.add(principal(event.at("impersonatedUser.username")));
        // The first address is the client's, the others are proxies.
        draft.add_ips_as(Role::Source, event.get("sourceIPs").items().take(1));
        // What a request creates has its uid in the answer alone.
        let uid = [object.get("uid"), event.at("responseObject.metadata.uid")].into_iter().find(|uid| uid.is_text());
        draft.add_one(EntityKind::CloudResource, uid.unwrap_or(Node::absent()));
        let code = event.at("responseStatus.code").number().filter(|code| *code >= 400.0);
        let verb = event.get("verb").text();
        draft.title = Title::of(verb.map_or("Request".to_owned(), |verb| words(&verb)))
            .with_text(" ", what(event).as_deref())
            .by(&[caller.get("username"), caller.get("uid")])
            .from(&[event.get("sourceIPs").items().next().unwrap_or(Node::absent())])
            .with_text(": ", code.map(|code| code.to_string()).as_deref())
            .done();
        draft.publish(record, context, out)
    }
}

/// The caller with what EKS knows of them beyond the name in the cluster, which is an alias of many there.
fn add_caller(caller: Node<'_>, draft: &mut Draft) {
    let extra = |key: &str| caller.get("extra").get(key).items().next().unwrap_or(Node::absent());
    draft.add_one(EntityKind::ApiKey, extra("accessKeyId"));
    let name = caller.get("username");
    let known = user(&[extra("arn"), extra("canonicalArn"), extra("principalId")]);
    match known {
        Some(known) => draft.add(Some(known.named(name.text().as_deref()))),
        None => draft.add(principal(name)),
    }
}

/// Whom a user name in a cluster stands for. The cluster's components (`system:node:…`, `eks:…`, `aks:…`) and
/// the service accounts of its own namespaces act for no one.
fn principal(name: Node<'_>) -> Option<Entity> {
    let text = name.text()?;
    let own = ["system:", "eks:", "aks:", "gke-"].iter().any(|prefix| text.starts_with(prefix));
    let clusters_own = ["aksService", "masterclient", "kubernetes-admin", "kube-apiserver", "hcpService"];
    if (own && !is_service_account(&text)) || clusters_own.iter().any(|known| text.eq_ignore_ascii_case(known)) {
        return None;
    }
    user(&[name])
}

/// Whether a user name in a cluster is that of a service account outside the cluster's own namespaces.
pub(super) fn is_service_account(name: &str) -> bool {
    name.strip_prefix("system:serviceaccount:").is_some_and(|account| !account.starts_with("kube-"))
}

/// `pods/exec web in production`, or the path of a request that is about no object.
fn what(event: Node<'_>) -> Option<String> {
    let object = event.get("objectRef");
    let Some(resource) = object.get("resource").text() else {
        return event.get("requestURI").text().map(Cow::into_owned);
    };
    let mut what = resource.into_owned();
    for (link, key) in [("/", "subresource"), (" ", "name"), (" in ", "namespace")] {
        if let Some(part) = object.get(key).text() {
            what.push_str(link);
            what.push_str(&part);
        }
    }
    Some(what)
}
