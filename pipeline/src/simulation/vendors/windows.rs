//! Windows' security log and Sysmon, as winlogbeat ships them.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{Device, NT_DOMAIN, Person};

const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");
const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");

fn event(rng: &mut Rng, time: Timestamp, device: &Device, source: (&str, &str), event: (u32, Value)) -> Written {
    let number = rng.u64(1_000_000..1_000_000_000_000);
    let body = json!({
        "@timestamp": time.to_string(),
        "host": { "name": device.host },
        "winlog": {
            "channel": source.0,
            "provider_name": source.1,
            "computer_name": device.host,
            "event_id": event.0.to_string(),
            "record_id": number,
            "event_data": event.1,
        },
    });
    Written::new(Stream::Endpoint, format!("{}/{}/{number}", device.host, source.0), body)
}

/// A logon from another computer's address: 4624, type 3 or 10.
pub fn logon(rng: &mut Rng, time: Timestamp, person: &Person, onto: &Device, ip: &str) -> Written {
    let data = json!({
        "TargetUserName": person.account,
        "TargetDomainName": NT_DOMAIN,
        "TargetUserSid": person.sid,
        "TargetLogonId": format!("0x{:x}", rng.u32(0x10000..)),
        "LogonType": "10",
        "IpAddress": ip,
        "IpPort": "49812",
        "WorkstationName": person.device.short(),
    });
    event(rng, time, onto, SECURITY, (4624, data))
}

/// A process start: Sysmon 1.
pub fn process(rng: &mut Rng, time: Timestamp, on: (&Person, &Device), image: (&str, &str), command: &str) -> Written {
    let (person, device) = on;
    let data = json!({
        "UtcTime": time.to_string(),
        "Image": image.0,
        "Hashes": format!("SHA256={}", image.1),
        "CommandLine": command,
        "User": format!("{NT_DOMAIN}\\{}", person.account),
        "ProcessGuid": format!("{{5a1c6f3e-{:04x}-{:04x}-0000-{:012x}}}", rng.u16(..), rng.u16(..), rng.u32(..)),
    });
    event(rng, time, device, SYSMON, (1, data))
}
