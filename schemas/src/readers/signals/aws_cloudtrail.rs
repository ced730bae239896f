//! AWS CloudTrail events, alone, in EventBridge's envelope, or as rows of Log Analytics' table `AWSCloudTrail`.
//!
//! Source: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
//! Every event is context: CloudTrail judges nothing, and of an Insights event that a count is unusual. S3's event
//! notifications have the same members. Digests are not read.

use std::borrow::Cow;

use super::aws::{add_identity, caller, user_arn};
use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_all, has_any};
use super::format::Format;
use super::things;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

/// S3's name in its event notifications.
const NOTIFIER: &str = "aws:s3";
/// The most elements of one list of an Insights event that are looked at.
const LIST_MAX: usize = 64;

const FORMAT: Format = Format {
    vendor: "AWS CloudTrail, Insights events, S3 event notifications",
    recognised_by: "`insightDetails`; `eventName` with `eventSource`, `awsRegion` or `userIdentity`, rows of `AWSCloudTrail`; EventBridge's `detail-type` … via CloudTrail",
    native_id: "`eventID`, in rows `AwsEventId`; S3's notifications have none",
    time: "`eventTime`, else `TimeGenerated`",
    severity: "always context: CloudTrail judges nothing",
    entities: "caller by ARN, principal id and session e-mail; access keys, used, created, changed and deleted; ip; instances; resources by ARN; Bedrock models, agents, guardrails; models and packages of SageMaker's registry",
};

/// Reads CloudTrail events.
pub(super) struct AwsCloudtrail;

impl Reader for AwsCloudtrail {
    fn name(&self) -> &'static str {
        "aws_cloudtrail"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let event = has(record, "eventName") && has_any(record, &["eventSource", "awsRegion", "userIdentity"]);
        // Streams and queues hand their records to functions with the same members around them.
        let source = discriminator(record, "eventSource");
        let delivered = source.starts_with("aws:") && source != NOTIFIER;
        let bridged = has(record, "detail") && discriminator(record, "detail-type").ends_with("via CloudTrail");
        ((event || has_all(record, &["eventID", "insightDetails"])) && !delivered) || bridged
    }

    /// A row of the event history has the event itself as a text, and only its beginning beside it.
    fn may_only_carry(&self, record: &RawRecord<'_>) -> bool {
        has(record, "CloudTrailEvent")
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let own = root.get("eventName").exists() || root.get("insightDetails").exists();
        let event = if own { root } else { root.get("detail") };
        let flat = event.get("AwsEventId").exists();
        let identity = if flat { Cow::Owned(identity_of_row(event)) } else { event.get("userIdentity").unfolded() };
        let identity = Node::new(&identity);
        let request = event.get("requestParameters").unfolded();
        let response = event.get("responseElements").unfolded();
        let account = event.get("recipientAccountId").text().or_else(|| identity.get("accountId").text());
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.first(&["eventID", "AwsEventId"]).text().map(Into::into);
        draft.time = first_time(&[event.get("eventTime"), event.get("TimeGenerated")]);
        draft.vendor_tenant = account.as_deref().map(str::to_owned);
        if event.get("eventSource").is(NOTIFIER) {
            add_notification(event, &mut draft);
        } else {
            add_identity(identity, account.as_deref(), &mut draft);
        }
        // Who signs in to Identity Center is named beside the identity.
        let signed_in = things::address(event.at("additionalEventData.UserName"));
        draft.add(things::user(&[signed_in, identity.at("onBehalfOf.userId")]).filter(|_| signed_in.exists()));
        add_insight(event.get("insightDetails"), &mut draft);
        draft.add_ips_as(Role::Source, [event.get("sourceIPAddress")]);
        add_credentials(Node::new(&request), Node::new(&response), &mut draft);
        let source = event.get("eventSource").text().unwrap_or_default();
        if source.eq_ignore_ascii_case("iam.amazonaws.com") {
            let name = request_user(&request);
            let arn = account.as_deref().zip(name).map(|(account, name)| user_arn(account, &name));
            draft.add(arn.and_then(|arn| Entity::new(EntityKind::User, [arn.as_str()])));
        }
        let service = source.to_ascii_lowercase();
        if service.starts_with("sagemaker") {
            add_registered(Node::new(&request), &mut draft);
        }
        if service.starts_with("bedrock") {
            add_bedrock(Node::new(&request), Node::new(&response), &mut draft);
        }
        add_resources(event, Node::new(&request), Node::new(&response), &mut draft);
        draft.title = title(event, identity, &source);
        draft.publish(record, context, out)
    }
}

/// The identity in a row of Log Analytics' table `AWSCloudTrail`, which has a column for each member.
/// Source: learn.microsoft.com/azure/azure-monitor/reference/tables/awscloudtrail.
fn identity_of_row<'v>(row: Node<'v>) -> Value<'v> {
    const COLUMNS: [(&str, &str); 6] = [
        ("accessKeyId", "UserIdentityAccessKeyId"),
        ("accountId", "UserIdentityAccountId"),
        ("arn", "UserIdentityArn"),
        ("principalId", "UserIdentityPrincipalid"),
        ("type", "UserIdentityType"),
        ("userName", "UserIdentityUserName"),
    ];
    let members = COLUMNS.map(|(member, column)| (Cow::Borrowed(member), Value::from(row.get(column).text())));
    Value::Object(members.into_iter().collect())
}

/// Who did what to a bucket, as S3's event notifications say it: the caller stands behind `AWS:`, and other caller ids are
/// accounts that own the bucket.
fn add_notification(event: Node<'_>, draft: &mut Draft) {
    let principal = event.at("userIdentity.principalId").text();
    let principal = principal.as_deref().and_then(|id| id.strip_prefix("AWS:")).map(str::to_owned);
    let identity = Value::Object([(Cow::Borrowed("principalId"), Value::from(principal))].into_iter().collect());
    add_identity(Node::new(&identity), None, draft);
    draft.add_ips_as(Role::Source, [event.at("requestParameters.sourceIPAddress")]);
    draft.add_one(EntityKind::CloudResource, event.at("s3.bucket.arn"));
}

/// Whose calls an Insights event counted.
fn add_insight(insight: Node<'_>, draft: &mut Draft) {
    let attributions = insight.at("insightContext.attributions").items().take(LIST_MAX);
    for attribution in attributions.filter(|attribution| attribution.get("attribute").is("userIdentityArn")) {
        for counted in attribution.get("insight").items().take(LIST_MAX) {
            draft.add(things::user(&[counted.get("value")]));
        }
    }
}

fn request_user(request: &Value<'_>) -> Option<String> {
    Node::new(request).get("userName").text().map(Into::into)
}

/// The key that a call is about, and the keys and the session that it brought into being: whoever uses them later
/// continues here.
fn add_credentials(request: Node<'_>, response: Node<'_>, draft: &mut Draft) {
    // `DeleteAccessKey`, `UpdateAccessKey`, `GetAccessKeyLastUsed`.
    draft.add_one(EntityKind::ApiKey, request.get("accessKeyId"));
    draft.add_one(EntityKind::ApiKey, response.at("accessKey.accessKeyId"));
    // Long-term API keys of Bedrock are credentials of a user for one service.
    draft.add_one(EntityKind::ApiKey, request.get("serviceSpecificCredentialId"));
    draft.add_one(EntityKind::ApiKey, response.at("serviceSpecificCredential.serviceSpecificCredentialId"));
    draft.add_one(EntityKind::ApiKey, response.at("credentials.accessKeyId"));
    let assumed = response.get("assumedRoleUser");
    draft.add(things::user(&[assumed.get("arn"), assumed.get("assumedRoleId")]));
}

/// The models of SageMaker's registry, which are known by the name of their group.
fn add_registered(request: Node<'_>, draft: &mut Draft) {
    for name in ["modelName", "modelPackageGroupName"] {
        draft.add_one(EntityKind::Model, request.get(name));
    }
    // `arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION`, or a name without a group.
    let package = request.first(&["modelPackageArn", "modelPackageName"]).text();
    let name = package.as_deref().and_then(|arn| arn.rsplit(":model-package/").next()?.split('/').next());
    draft.add(Entity::new(EntityKind::Model, name));
}

/// The models, agents, knowledge bases and guardrails of Bedrock.
fn add_bedrock(request: Node<'_>, response: Node<'_>, draft: &mut Draft) {
    for model in [request.get("modelId"), request.get("modelIdentifier")].iter().filter_map(|node| node.text()) {
        let bare = model.rsplit_once('/').map(|(_, bare)| bare);
        draft.add(Entity::new(EntityKind::Model, bare.into_iter().chain([&*model])));
    }
    draft.add_one(EntityKind::Model, request.get("modelName"));
    for node in [request.get("agentId"), response.at("agent.agentId")] {
        draft.add_one(EntityKind::Agent, node);
    }
    draft.add_one(EntityKind::Session, request.get("sessionId"));
    let guardrails = [request.get("guardrailIdentifier"), response.get("guardrailId"), response.get("guardrailArn")];
    let guardrails: Vec<_> = guardrails.iter().filter_map(|node| node.text()).collect();
    draft.add(Entity::new(EntityKind::CloudResource, guardrails.iter().map(AsRef::as_ref)));
    draft.add_one(EntityKind::CloudResource, request.get("knowledgeBaseId"));
}

fn add_resources(event: Node<'_>, request: Node<'_>, response: Node<'_>, draft: &mut Draft) {
    for resource in event.get("resources").items() {
        draft.add_one(EntityKind::CloudResource, resource.get("ARN"));
    }
    if let Some(bucket) = request.get("bucketName").text() {
        let arn = format!("arn:aws:s3:::{bucket}");
        draft.add(Entity::new(EntityKind::CloudResource, [arn.as_str()]));
    }
    draft.add_one(EntityKind::CloudResource, request.get("secretId"));
    draft.add_one(EntityKind::Device, request.get("instanceId"));
    for instance in [request, response].into_iter().flat_map(|side| side.at("instancesSet.items").items()) {
        draft.add_one(EntityKind::Device, instance.get("instanceId"));
    }
    // Systems Manager's `StartSession` and `SendCommand`; a target of other kinds is no instance.
    let targets = [request.get("target")].into_iter().chain(request.get("instanceIds").items());
    for target in targets.filter(|target| target.text().is_some_and(|id| id.starts_with("i-") || id.starts_with("mi-")))
    {
        draft.add_one(EntityKind::Device, target);
    }
}

fn title(event: Node<'_>, identity: Node<'_>, source: &str) -> String {
    let insight = event.get("insightDetails");
    if let Some(kind) = insight.get("insightType").text() {
        let counted = insight.get("eventName").text().map(|name| format!(": {name}")).unwrap_or_default();
        let state = insight.get("state").text().map(|state| format!(", {state}")).unwrap_or_default();
        return format!("{kind}{counted}{state}");
    }
    let name = event.get("eventName").text().unwrap_or("API call".into());
    let mut title = name.into_owned();
    let service = source.strip_prefix("aws:").unwrap_or(source).split('.').next().unwrap_or_default();
    if !service.is_empty() {
        title.push_str(&format!(" on {service}"));
    }
    if let Some(who) = caller(identity) {
        title.push_str(&format!(" by {who}"));
    }
    if let Some(address) = event.get("sourceIPAddress").text() {
        title.push_str(&format!(" from {address}"));
    }
    let login = event.at("responseElements.ConsoleLogin").text().filter(|result| *result != "Success");
    if let Some(error) = event.get("errorCode").text().or(login) {
        title.push_str(&format!(": {error}"));
    }
    title
}
