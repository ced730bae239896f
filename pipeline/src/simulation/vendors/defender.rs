//! Microsoft Defender XDR: alerts as Graph gives them, tables of advanced hunting as they are streamed; Office 365.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{Device, NT_DOMAIN, Person, hex};
use crate::simulation::people::uuid;

/// What an alert says.
pub struct Finding<'a> {
    /// The title.
    pub title: &'a str,
    /// The category, such as `CredentialAccess`.
    pub category: &'a str,
    /// `informational`, `low`, `medium`, `high`.
    pub severity: &'a str,
    /// The ATT&CK technique.
    pub technique: &'a str,
    /// The service: `microsoftDefenderForEndpoint`, `microsoftDefenderForIdentity` ...
    pub service: &'a str,
}

/// An alert with its evidence.
pub fn alert(rng: &mut Rng, time: Timestamp, finding: &Finding<'_>, evidence: Vec<Value>) -> Written {
    let id = format!("da{}_{}", hex(rng, 18), rng.u32(1..));
    let body = json!({
        "id": id,
        "providerAlertId": id,
        "title": finding.title,
        "category": finding.category,
        "severity": finding.severity,
        "status": "new",
        "serviceSource": finding.service,
        "detectionSource": finding.service,
        "createdDateTime": time.saturating_add_millis(90_000).to_string(),
        "firstActivityDateTime": time.to_string(),
        "lastActivityDateTime": time.to_string(),
        "mitreTechniques": [finding.technique],
        "evidence": evidence,
    });
    Written::new(Stream::Endpoint, id, body)
}

/// A device as evidence, with who was logged on.
pub fn device_evidence(device: &Device, person: Option<&Person>) -> Value {
    let users: Vec<Value> =
        person.iter().map(|person| json!({ "accountName": person.account, "domainName": NT_DOMAIN })).collect();
    json!({
        "@odata.type": "#microsoft.graph.security.deviceEvidence",
        "mdeDeviceId": device.defender_id,
        "azureAdDeviceId": device.entra_id,
        "deviceDnsName": device.host,
        "osPlatform": "Windows11",
        "loggedOnUsers": users,
    })
}

/// A user as evidence.
pub fn user_evidence(person: &Person) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.security.userEvidence",
        "userAccount": {
            "accountName": person.account,
            "domainName": NT_DOMAIN,
            "userSid": person.sid,
            "azureAdUserId": person.object_id,
            "userPrincipalName": person.upn,
        },
    })
}

/// A file as evidence, by path and SHA-256.
pub fn file_evidence(file: (&str, &str)) -> Value {
    let (folder, name) = file.0.rsplit_once('\\').unwrap_or(("", file.0));
    json!({
        "@odata.type": "#microsoft.graph.security.fileEvidence",
        "fileDetails": { "fileName": name, "filePath": folder, "sha256": file.1 },
    })
}

/// An address as evidence.
pub fn ip_evidence(ip: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": ip })
}

/// A URL as evidence.
pub fn url_evidence(url: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.security.urlEvidence", "url": url })
}

fn hunting(rng: &mut Rng, time: Timestamp, table: &str, mut properties: Value) -> Written {
    let id = rng.u32(1_000_000..).to_string() + &rng.u32(1_000_000..).to_string();
    if let Some(object) = properties.as_object_mut() {
        object.insert("Timestamp".to_owned(), json!(time.to_string()));
        object.insert("ReportId".to_owned(), json!(id));
    }
    let body = json!({
        "time": time.saturating_add_millis(30_000).to_string(),
        "tenantId": "c0470500-0000-4000-8000-000000000001",
        "operationName": "Publish",
        "category": format!("AdvancedHunting-{table}"),
        "properties": properties,
    });
    Written::new(Stream::Endpoint, id, body)
}

/// A process start: image path, SHA-256 and command line.
pub fn process(
    rng: &mut Rng,
    time: Timestamp,
    on: (&Person, &Device),
    image: (&str, &str),
    command_line: &str,
) -> Written {
    let (person, device) = on;
    let name = image.0.rsplit('\\').next().unwrap_or_default();
    hunting(
        rng,
        time,
        "DeviceProcessEvents",
        json!({
            "DeviceId": device.defender_id,
            "DeviceName": device.host,
            "ActionType": "ProcessCreated",
            "FileName": name,
            "FolderPath": image.0,
            "SHA256": image.1,
            "ProcessCommandLine": command_line,
            "AccountDomain": NT_DOMAIN.to_lowercase(),
            "AccountName": person.account,
            "AccountSid": person.sid,
            "AccountUpn": person.upn,
            "AccountObjectId": person.object_id,
            "InitiatingProcessFileName": "explorer.exe",
            "InitiatingProcessAccountName": person.account,
            "InitiatingProcessAccountDomain": NT_DOMAIN.to_lowercase(),
        }),
    )
}

/// A connection to `remote`: address and URL.
pub fn connection(
    rng: &mut Rng,
    time: Timestamp,
    on: (&Person, &Device),
    local_ip: &str,
    remote: (&str, &str),
) -> Written {
    let (person, device) = on;
    hunting(
        rng,
        time,
        "DeviceNetworkEvents",
        json!({
            "DeviceId": device.defender_id,
            "DeviceName": device.host,
            "ActionType": "ConnectionSuccess",
            "LocalIP": local_ip,
            "RemoteIP": remote.0,
            "RemotePort": 443,
            "RemoteUrl": remote.1,
            "InitiatingProcessFileName": "msedge.exe",
            "InitiatingProcessAccountName": person.account,
            "InitiatingProcessAccountDomain": NT_DOMAIN.to_lowercase(),
            "InitiatingProcessAccountUpn": person.upn,
        }),
    )
}

/// An operation in Exchange or SharePoint, as Office 365's Management Activity API gives it.
pub fn office(rng: &mut Rng, time: Timestamp, person: &Person, ip: &str, operation: (&str, &str, Value)) -> Written {
    let (workload, operation, details) = operation;
    let id = uuid(rng);
    let mut body = json!({
        "Id": id,
        "CreationTime": time.to_string(),
        "RecordType": if workload == "Exchange" { 50 } else { 6 },
        "Operation": operation,
        "OrganizationId": "c0470500-0000-4000-8000-000000000001",
        "UserType": 0,
        "Workload": workload,
        "UserId": person.upn,
        "UserKey": person.object_id,
        "ClientIP": ip,
        "ResultStatus": "Succeeded",
    });
    if let (Some(object), Value::Object(details)) = (body.as_object_mut(), details) {
        object.extend(details);
    }
    Written::new(Stream::Cloud, id, body)
}
