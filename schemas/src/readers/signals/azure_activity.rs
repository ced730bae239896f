//! Azure's control and data plane: the activity log as Azure Monitor streams it, as its REST API gives it and
//! as the Log Analytics table `AzureActivity`, and the resource logs of storage accounts, key vaults and of the models
//! of Azure Machine Learning, which are registered past the activity log.
//!
//! Source: learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema, and reference/tables/amlmodelsevent,
//! amlregistrywriteeventslog. Operations are context; the category `Security` carries Defender for Cloud's alerts.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_all, has_any, is_one_of};
use super::format::Format;
use super::things::{self, address, user};
use super::title::Title;
use crate::entity::{Entity, EntityKind, Role, canonical_id};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Azure activity log (Azure Monitor, REST, Log Analytics `AzureActivity`), resource logs of storage, key vaults, Azure OpenAI and models of Azure Machine Learning",
    recognised_by: "`operationName` with a `category` of the activity log or `Storage*`, `AuditEvent`, `Audit`, `RequestResponse`; without one, `resourceId` of a subscription and `callerIpAddress`; `eventDataId`; `OperationNameValue`; `AmlModelName` with `OperationName`; `RegistryResourceId` with `AssetName`",
    native_id: "`eventDataId`; streamed records have none (`correlationId` names the operation, not the record)",
    time: "`eventTimestamp`, else `time`, else `TimeGenerated`",
    severity: "context; category `Security` is an alert by its `severity`",
    entities: "caller by object id, UPN and application id from the claims or the requester; ip, session, device; resource, blob; model; who was given a role",
};

/// Categories of the activity log, of its older export, and of the resource logs that are read.
const CATEGORIES: [&str; 18] = [
    "Action",
    "Administrative",
    "Alert",
    "AmlModelsEvent",
    "Audit",
    "AuditEvent",
    "Autoscale",
    "Delete",
    "Policy",
    "Recommendation",
    "RequestResponse",
    "ResourceHealth",
    "Security",
    "ServiceHealth",
    "StorageDelete",
    "StorageRead",
    "StorageWrite",
    "Write",
];

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const DEVICE: &str = "http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";

/// Reads Azure's activity log.
pub(super) struct AzureActivity;

/// The model that a resource of Azure Machine Learning is, in a workspace or a registry: `…/models/NAME/versions/2`.
fn registered_model(resource: Node<'_>) -> Option<String> {
    let id = resource.text()?.to_lowercase();
    let (_, path) = id.split_once("/microsoft.machinelearningservices/")?;
    path.split('/').skip_while(|segment| *segment != "models").nth(1).map(str::to_owned)
}

impl Reader for AzureActivity {
    fn name(&self) -> &'static str {
        "azure_activity"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let category = discriminator(record, "category");
        let resource = discriminator(record, "resourceId");
        let of_subscription = resource.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"));
        let placed = of_subscription || (resource.is_empty() && has(record, "callerIpAddress"));
        let streamed = is_one_of(category, &CATEGORIES) && placed;
        let bare = !has(record, "category") && of_subscription && has(record, "callerIpAddress");
        let rest = has_all(record, &["eventDataId", "operationName"]);
        let row = has(record, "OperationNameValue") && has_any(record, &["CategoryValue", "Caller", "EventDataId"]);
        // Rows of `AmlModelsEvent`, and of `AmlRegistryWriteEventsLog` and its like for reading.
        let model = has_all(record, &["AmlModelName", "OperationName"])
            || has_all(record, &["RegistryResourceId", "AssetName"]);
        row || rest || model || (has(record, "operationName") && (streamed || bare))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let properties = event.first(&["properties", "Properties_d"]).unfolded();
        let properties = Node::new(&properties);
        let mut draft = Draft::context(self.name(), Group::Cloud);
        if event.first(&["category.value", "category", "CategoryValue"]).is("Security") {
            draft.kind = SignalKind::Alert;
            draft.severity = Severity::from_word(&properties.get("severity").word().unwrap_or_default());
        }
        draft.native_id = event.get("eventDataId").text().map(Cow::into_owned);
        draft.time = first_time(&["eventTimestamp", "time", "TimeGenerated"].map(|key| event.get(key)));
        // `TenantId` of a row is the Log Analytics workspace.
        let tenant = event.first(&["AadTenantId", "RegistryTenantId", "tenantId"]);
        draft.vendor_tenant = tenant.text().map(Cow::into_owned);
        let claims = claims(event);
        let claims = Node::new(&claims);
        let who = add_caller(event, claims, properties, &mut draft);
        draft.add_ips_as(
            Role::Source,
            [event.get("callerIpAddress"), event.at("httpRequest.clientIpAddress"), claims.get("ipaddr")],
        );
        draft.add_one(EntityKind::Session, claims.get("sid"));
        draft.add_one(EntityKind::Device, claims.get(DEVICE));
        let resource = event.first(&["resourceId", "_ResourceId", "RegistryResourceId", "uri", "properties.objectKey"]);
        draft.add_one(EntityKind::CloudResource, resource);
        add_blob(event, &mut draft);
        let deployment = properties.get("modelDeploymentName");
        let model = properties.first(&["modelName", "modelDeploymentName"]);
        draft.add(things::named(EntityKind::Model, model, deployment));
        draft.add_one(EntityKind::Model, event.first(&["AmlModelName", "AssetName"]));
        draft.add(registered_model(resource).and_then(|name| Entity::new(EntityKind::Model, [name.as_str()])));
        add_assignment(properties, &mut draft);
        let operation =
            ["operationName.localizedValue", "OperationNameValue", "operationName", "OperationName", "Type"];
        draft.title = Title::new(&[properties.get("alertDisplayName"), event.first(&operation)], "Azure operation")
            .with_text(" by ", who.as_deref())
            .with_text(" on ", resource.text().as_deref().map(things::file_name))
            .with_text(" from ", address_of(event).as_deref())
            .with_text(": ", outcome(event, properties).as_deref())
            .done();
        draft.publish(record, context, out)
    }
}

/// Where the call came from, without the port that storage accounts write behind it.
fn address_of(event: Node<'_>) -> Option<String> {
    let caller = event.get("callerIpAddress").text().or_else(|| event.at("httpRequest.clientIpAddress").text())?;
    canonical_id(EntityKind::Ip, &caller).or_else(|| Some(caller.into_owned()))
}

/// What was read or written in a storage account, named as Defender names it: without port and query.
fn add_blob(event: Node<'_>, draft: &mut Draft) {
    let uri = event.get("uri").text().filter(|uri| uri.contains("://"));
    let bare = uri.as_deref().and_then(|uri| uri.split('?').next()).map(|uri| uri.replacen(":443/", "/", 1));
    draft.add(bare.and_then(|uri| Entity::new(EntityKind::CloudResource, [uri.as_str()])));
}

fn claims<'v>(event: Node<'v>) -> Cow<'v, Value<'v>> {
    let places = ["identity.claims", "identity.claim", "claims", "Claims_d"].map(|path| event.at(path));
    places.into_iter().find(|place| place.exists()).unwrap_or(Node::absent()).unfolded()
}

/// Adds who called; gives their name. A token for an application has no UPN, and its object id is the
/// service principal's.
fn add_caller(event: Node<'_>, claims: Node<'_>, properties: Node<'_>, draft: &mut Draft) -> Option<String> {
    let requester = event.at("identity.requester");
    let objects = [
        claims.first_of(&[OBJECT_ID, "oid"]),
        requester.get("objectId"),
        properties.get("objectId"),
        event.get("UserObjectId"),
    ];
    let object = objects.into_iter().find(|object| object.is_text()).unwrap_or(Node::absent());
    let names = [
        requester.get("upn"),
        claims.get(UPN),
        claims.get("upn"),
        address(claims.get(NAME)),
        address(claims.get("name")),
        address(event.get("caller")),
        address(event.get("UserName")),
    ];
    let applications = [claims.get("appid"), requester.get("appId")];
    let application = applications.into_iter().find(|id| id.is_text()).unwrap_or(Node::absent());
    let person = names.iter().any(|name| name.text().is_some());
    if person {
        draft.add(user(&[&[object], names.as_slice()].concat()));
        draft.add(things::microsoft_application(&[application], Node::absent()));
    } else if application.text().is_some() {
        draft.add(things::microsoft_application(&[application, object], Node::absent()));
    } else {
        draft.add(user(&[object]));
    }
    let evidence = event.at("identity.authorization.evidence");
    if evidence.get("principalType").is("User") {
        let principal = evidence.get("principalId").text().map(|id| dashed(&id));
        draft.add(principal.and_then(|id| Entity::new(EntityKind::User, [id.as_str()])));
    }
    let labels = [names.as_slice(), &[event.get("caller"), application, event.get("UserName"), object]].concat();
    labels.iter().find_map(|label| label.text()).map(Cow::into_owned)
}

/// A GUID in its usual form; here it comes without dashes.
fn dashed(id: &str) -> String {
    match (id.get(..8), id.get(8..12), id.get(12..16), id.get(16..20), id.get(20..32)) {
        (Some(a), Some(b), Some(c), Some(d), Some(e)) if id.len() == 32 => [a, b, c, d, e].join("-"),
        _ => id.to_owned(),
    }
}

/// The principal that a role assignment is for, where the request's body tells.
fn add_assignment(properties: Node<'_>, draft: &mut Draft) {
    let body = properties.get("requestbody").unfolded();
    let assigned = Node::new(&body).get("Properties");
    let principal = assigned.get("PrincipalId");
    let entity = match assigned.get("PrincipalType").text().as_deref() {
        Some("User") => user(&[principal]),
        Some("ServicePrincipal") => things::microsoft_application(&[principal], Node::absent()),
        _ => None::<Entity>,
    };
    draft.add(entity);
}

/// What a title says of the end, unless the operation simply succeeded or has only begun.
fn outcome(event: Node<'_>, properties: Node<'_>) -> Option<String> {
    let result = event.first(&["resultType", "ResultType", "ActivityStatusValue", "status.value"]);
    let result = result.text().or_else(|| properties.get("metricResponseType").text())?;
    let quiet = ["Success", "Succeeded", "Start", "Started", "Accept", "Accepted"];
    (!is_one_of(&result, &quiet)).then(|| result.into_owned())
}
