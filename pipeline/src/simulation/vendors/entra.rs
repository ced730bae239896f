//! Entra ID as its Graph API gives it: sign-ins, risk detections, directory audit.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{Device, Person};
use crate::simulation::people::uuid;

/// The facts of a sign-in.
pub struct SignIn<'a> {
    /// Who.
    pub person: &'a Person,
    /// The device, where it is one of the directory.
    pub device: Option<&'a Device>,
    /// The client's address.
    pub ip: &'a str,
    /// City and country of the address.
    pub city: (&'a str, &'a str),
    /// The session, which a stolen cookie brings along.
    pub session: &'a str,
    /// What they sign in to.
    pub application: &'a str,
    /// `none`, `low`, `medium`, `high`.
    pub risk: &'a str,
    /// 0 for success, 50126 for a wrong password.
    pub error: u32,
}

impl SignIn<'_> {
    /// The record.
    pub fn written(&self, rng: &mut Rng, time: Timestamp) -> Written {
        let id = uuid(rng);
        let device = match self.device {
            Some(device) => {
                json!({ "deviceId": device.entra_id, "displayName": device.host, "operatingSystem": "Windows 11" })
            }
            // A stranger's browser is no device of the directory.
            None => json!({ "deviceId": "", "displayName": null, "operatingSystem": "Linux" }),
        };
        let body = json!({
            "id": id,
            "createdDateTime": time.to_string(),
            "userDisplayName": self.person.name,
            "userPrincipalName": self.person.upn,
            "userId": self.person.object_id,
            "appDisplayName": self.application,
            "appId": "00000002-0000-0ff1-ce00-000000000000",
            "ipAddress": self.ip,
            "clientAppUsed": "Browser",
            "conditionalAccessStatus": "success",
            "isInteractive": true,
            "riskLevelDuringSignIn": self.risk,
            "riskState": if self.risk == "none" { "none" } else { "atRisk" },
            "status": { "errorCode": self.error, "failureReason": if self.error == 0 { "Other." } else { "Invalid username or password." } },
            "deviceDetail": device,
            "location": { "city": self.city.0, "countryOrRegion": self.city.1 },
            "sessionId": self.session,
        });
        Written::new(Stream::Identity, id, body)
    }
}

/// A detection of ID Protection, such as `unfamiliarFeatures` or `anonymizedIPAddress`.
pub fn risk(rng: &mut Rng, time: Timestamp, person: &Person, ip: &str, kind: (&str, &str)) -> Written {
    let id = uuid(rng);
    let body = json!({
        "id": id,
        "requestId": uuid(rng),
        "riskEventType": kind.0,
        "riskState": "atRisk",
        "riskLevel": kind.1,
        "riskDetail": "none",
        "source": "IdentityProtection",
        "detectionTimingType": "realtime",
        "activity": "signin",
        "ipAddress": ip,
        "activityDateTime": time.to_string(),
        "detectedDateTime": time.saturating_add_millis(120_000).to_string(),
        "userId": person.object_id,
        "userDisplayName": person.name,
        "userPrincipalName": person.upn,
    });
    Written::new(Stream::Identity, id, body)
}

/// A user as the target of a directory change.
pub fn user_target(person: &Person) -> Value {
    json!({ "id": person.object_id, "displayName": person.name, "userPrincipalName": person.upn, "type": "User" })
}

/// A service principal as the target of a directory change.
pub fn principal_target(id: &str, name: &str) -> Value {
    json!({ "id": id, "displayName": name, "type": "ServicePrincipal" })
}

/// A change in the directory, by `actor` from `ip`.
pub fn audit(rng: &mut Rng, time: Timestamp, actor: &Person, ip: &str, change: (&str, Vec<Value>)) -> Written {
    let id = format!("Directory_{}", uuid(rng));
    let body = json!({
        "id": id,
        "category": "ApplicationManagement",
        "correlationId": uuid(rng),
        "result": "success",
        "activityDisplayName": change.0,
        "activityDateTime": time.to_string(),
        "loggedByService": "Core Directory",
        "initiatedBy": {
            "user": {
                "id": actor.object_id,
                "displayName": actor.name,
                "userPrincipalName": actor.upn,
                "ipAddress": ip,
            },
            "app": null,
        },
        "targetResources": change.1,
    });
    Written::new(Stream::Identity, id, body)
}
