//! AWS CloudTrail events, alone or in EventBridge's envelope.
//!
//! Source: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
//! Every event is context: CloudTrail judges nothing. Digests and Insights are not read.

use super::aws::{add_identity, caller, user_arn};
use super::draft::Draft;
use super::fields::{Node, discriminator, has, has_any};
use super::format::Format;
use super::things;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "AWS CloudTrail",
    recognised_by: "`eventName` with `eventSource`, `awsRegion` or `userIdentity`; EventBridge's `detail-type` … via CloudTrail",
    native_id: "`eventID`",
    time: "`eventTime`",
    severity: "always context: CloudTrail judges nothing",
    entities: "caller by ARN, principal id and session e-mail; access keys, used and created; ip; instances; resources by ARN; Bedrock models, agents, guardrails",
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
        let handed = source.starts_with("aws:") && source != "aws:s3";
        let bridged = has(record, "detail") && discriminator(record, "detail-type").ends_with("via CloudTrail");
        event && !handed || bridged
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let event = if root.get("eventName").exists() { root } else { root.get("detail") };
        let identity = event.get("userIdentity").unfolded();
        let identity = Node::new(&identity);
        let request = event.get("requestParameters").unfolded();
        let response = event.get("responseElements").unfolded();
        let account = event.get("recipientAccountId").text().or_else(|| identity.get("accountId").text());
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.get("eventID").text().map(Into::into);
        draft.time = event.get("eventTime").time();
        draft.vendor_tenant = account.as_deref().map(str::to_owned);
        add_identity(identity, account.as_deref(), &mut draft);
        draft.add_ips_as(Role::Source, [event.get("sourceIPAddress")]);
        add_credentials(Node::new(&response), &mut draft);
        let source = event.get("eventSource").text().unwrap_or_default();
        if source.eq_ignore_ascii_case("iam.amazonaws.com") {
            let name = request_user(&request);
            let arn = account.as_deref().zip(name).map(|(account, name)| user_arn(account, &name));
            draft.add(arn.and_then(|arn| Entity::new(EntityKind::User, [arn.as_str()])));
        }
        if source.to_ascii_lowercase().starts_with("bedrock") {
            add_bedrock(Node::new(&request), Node::new(&response), &mut draft);
        }
        add_resources(event, Node::new(&request), &mut draft);
        draft.title = title(event, identity, &source);
        draft.publish(record, context, out)
    }
}

fn request_user(request: &Value<'_>) -> Option<String> {
    Node::new(request).get("userName").text().map(Into::into)
}

/// The keys and the session that a call brought into being: whoever uses them later continues here.
fn add_credentials(response: Node<'_>, draft: &mut Draft) {
    draft.add_one(EntityKind::ApiKey, response.at("accessKey.accessKeyId"));
    draft.add_one(EntityKind::ApiKey, response.at("credentials.accessKeyId"));
    let assumed = response.get("assumedRoleUser");
    draft.add(things::user(&[assumed.get("arn"), assumed.get("assumedRoleId")]));
}

/// The models, agents, knowledge bases and guardrails of Bedrock.
fn add_bedrock(request: Node<'_>, response: Node<'_>, draft: &mut Draft) {
    for model in [request.get("modelId"), request.get("modelIdentifier")].iter().filter_map(|node| node.text()) {
        let bare = model.rsplit_once('/').map(|(_, bare)| bare);
        draft.add(Entity::new(EntityKind::Model, bare.into_iter().chain([&*model])));
    }
    for node in [request.get("agentId"), response.at("agent.agentId")] {
        draft.add_one(EntityKind::Agent, node);
    }
    draft.add_one(EntityKind::Session, request.get("sessionId"));
    let guardrails = [request.get("guardrailIdentifier"), response.get("guardrailId"), response.get("guardrailArn")];
    let guardrails: Vec<_> = guardrails.iter().filter_map(|node| node.text()).collect();
    draft.add(Entity::new(EntityKind::CloudResource, guardrails.iter().map(AsRef::as_ref)));
    draft.add_one(EntityKind::CloudResource, request.get("knowledgeBaseId"));
}

fn add_resources(event: Node<'_>, request: Node<'_>, draft: &mut Draft) {
    for resource in event.get("resources").items() {
        draft.add_one(EntityKind::CloudResource, resource.get("ARN"));
    }
    if let Some(bucket) = request.get("bucketName").text() {
        let arn = format!("arn:aws:s3:::{bucket}");
        draft.add(Entity::new(EntityKind::CloudResource, [arn.as_str()]));
    }
    draft.add_one(EntityKind::CloudResource, request.get("secretId"));
    draft.add_one(EntityKind::Device, request.get("instanceId"));
    for instance in request.at("instancesSet.items").items() {
        draft.add_one(EntityKind::Device, instance.get("instanceId"));
    }
}

fn title(event: Node<'_>, identity: Node<'_>, source: &str) -> String {
    let name = event.get("eventName").text().unwrap_or("API call".into());
    let mut title = name.into_owned();
    let service = source.split('.').next().unwrap_or_default();
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
