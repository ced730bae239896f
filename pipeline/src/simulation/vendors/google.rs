//! Google Workspace activities, as the Reports API gives them.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::Person;

/// An activity of `application` (`login`, `token`, `drive`) with one event and its parameters.
pub fn activity(
    rng: &mut Rng,
    time: Timestamp,
    person: &Person,
    ip: &str,
    event: (&str, &str, &[(&str, &str)]),
) -> Written {
    let (application, name, parameters) = event;
    let id = format!("-{}", rng.u64(1_000_000_000_000_000_000..8_000_000_000_000_000_000));
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let body = json!({
        "kind": "admin#reports#activity",
        "id": {
            "time": time.to_string(),
            "uniqueQualifier": id,
            "applicationName": application,
            "customerId": "C0fabrikam",
        },
        "actor": { "callerType": "USER", "email": person.upn, "profileId": person.google_id },
        "ipAddress": ip,
        "events": [{ "type": application, "name": name, "parameters": parameters }],
    });
    Written::new(Stream::Identity, id, body)
}
