//! CrowdStrike Falcon: alerts of the Alerts API, process starts of the Data Replicator.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::json;

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{NT_DOMAIN, Person};
use crate::simulation::people::uuid;

/// The customer's id.
const CUSTOMER: &str = "9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a";

/// An alert on somebody's computer: name, severity of 100, technique, and the file with its SHA-256.
pub fn alert(
    rng: &mut Rng,
    time: Timestamp,
    person: &Person,
    finding: (&str, u8, &str),
    file: (&str, &str),
) -> Written {
    let (name, severity, technique) = finding;
    let agent = &person.device.falcon_id;
    let id = format!("{CUSTOMER}:ind:{agent}:{}-10304-2220", rng.u32(1_000_000..));
    let severity_name = match severity {
        0..20 => "Informational",
        20..40 => "Low",
        40..60 => "Medium",
        60..80 => "High",
        _ => "Critical",
    };
    let body = json!({
        "composite_id": id,
        "aggregate_id": format!("aggind:{agent}:{}", rng.u32(1_000_000..)),
        "cid": CUSTOMER,
        "agent_id": agent,
        "product": "epp",
        "type": "ldt",
        "display_name": name,
        "severity": severity,
        "severity_name": severity_name,
        "technique_id": technique,
        "timestamp": time.to_string(),
        "created_timestamp": time.saturating_add_millis(60_000).to_string(),
        "user_name": person.account,
        "user_id": person.sid,
        "user_principal": person.upn,
        "logon_domain": NT_DOMAIN,
        "filename": file.0.rsplit('\\').next().unwrap_or_default(),
        "filepath": file.0,
        "sha256": file.1,
        "device": { "device_id": agent, "hostname": person.device.short(), "machine_domain": "fabrikam.example" },
    });
    Written::new(Stream::Endpoint, id, body)
}

/// A process start.
pub fn process(rng: &mut Rng, time: Timestamp, person: &Person, image: (&str, &str), command_line: &str) -> Written {
    let id = uuid(rng);
    let body = json!({
        "event_simpleName": "ProcessRollup2",
        "name": "ProcessRollup2V19",
        "aid": person.device.falcon_id,
        "cid": CUSTOMER,
        "id": id,
        "event_platform": "Win",
        "timestamp": time.millis().to_string(),
        "ContextTimeStamp": format!("{}.{:03}", time.millis() / 1000, time.millis() % 1000),
        "ComputerName": person.device.short(),
        "ImageFileName": image.0,
        "CommandLine": command_line,
        "SHA256HashData": image.1,
        "UserSid": person.sid,
        "UserName": person.account,
        "RawProcessId": rng.u32(1_000..60_000).to_string(),
        "ParentBaseFileName": "explorer.exe",
    });
    Written::new(Stream::Endpoint, id, body)
}
