//! AWS: CloudTrail and GuardDuty.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::AWS_ACCOUNT;
use crate::simulation::people::uuid;

const REGION: &str = "eu-central-1";

/// An API call by an IAM user with an access key.
pub struct Call<'a> {
    /// The IAM user.
    pub user: &'a str,
    /// The access key id.
    pub key_id: &'a str,
    /// The caller's address.
    pub ip: &'a str,
    /// The service, such as `s3.amazonaws.com`.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// `requestParameters`.
    pub request: Value,
    /// `responseElements`.
    pub response: Value,
    /// `AccessDenied` and the like.
    pub error: Option<&'a str>,
}

impl Call<'_> {
    /// The record.
    pub fn written(&self, rng: &mut Rng, time: Timestamp) -> Written {
        let id = uuid(rng);
        let mut body = json!({
            "eventVersion": "1.09",
            "eventID": id,
            "eventTime": time.to_string(),
            "eventSource": self.service,
            "eventName": self.operation,
            "awsRegion": REGION,
            "sourceIPAddress": self.ip,
            "userAgent": "aws-cli/2.17.0",
            "eventType": "AwsApiCall",
            "recipientAccountId": AWS_ACCOUNT,
            "userIdentity": {
                "type": "IAMUser",
                "accountId": AWS_ACCOUNT,
                "userName": self.user,
                "arn": format!("arn:aws:iam::{AWS_ACCOUNT}:user/{}", self.user),
                "accessKeyId": self.key_id,
            },
            "requestParameters": self.request,
            "responseElements": self.response,
        });
        if let (Some(error), Some(object)) = (self.error, body.as_object_mut()) {
            object.insert("errorCode".to_owned(), json!(error));
        }
        Written::new(Stream::Cloud, id, body)
    }
}

/// A finding about an access key that was used from `ip`: its type and its severity of 10.
pub fn key_finding(rng: &mut Rng, time: Timestamp, key: (&str, &str), ip: &str, finding: (&str, f64)) -> Written {
    let id = uuid(rng).replace('-', "");
    // No two users have one principal id; here it is the key's, under the prefix of users.
    let principal = key.1.replacen("AKIA", "AIDA", 1);
    let body = json!({
        "schemaVersion": "2.0",
        "accountId": AWS_ACCOUNT,
        "region": REGION,
        "partition": "aws",
        "id": id,
        "arn": format!("arn:aws:guardduty:{REGION}:{AWS_ACCOUNT}:detector/d1/finding/{id}"),
        "type": finding.0,
        "resource": {
            "resourceType": "AccessKey",
            "accessKeyDetails": { "accessKeyId": key.1, "principalId": principal, "userType": "IAMUser", "userName": key.0 },
        },
        "service": {
            "serviceName": "guardduty",
            "action": {
                "actionType": "AWS_API_CALL",
                "awsApiCallAction": { "api": "GetCallerIdentity", "remoteIpDetails": { "ipAddressV4": ip } },
            },
            "eventFirstSeen": time.to_string(),
            "eventLastSeen": time.to_string(),
        },
        "severity": finding.1,
        "createdAt": time.saturating_add_millis(300_000).to_string(),
        "updatedAt": time.saturating_add_millis(300_000).to_string(),
        "title": finding.0,
    });
    Written::new(Stream::Cloud, id, body)
}
