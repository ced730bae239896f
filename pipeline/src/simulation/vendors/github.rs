//! GitHub's audit log.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::json;

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::{Person, alphanumeric};

/// An action of somebody in a repository, such as `git.clone`.
pub fn action(rng: &mut Rng, time: Timestamp, person: &Person, ip: &str, action: (&str, &str)) -> Written {
    let id = alphanumeric(rng, 22);
    let body = json!({
        "@timestamp": time.millis(),
        "_document_id": id,
        "action": action.0,
        "actor": person.account.replace('.', "-"),
        "actor_id": 100_000 + person.number,
        "actor_ip": ip,
        "actor_is_bot": false,
        "business": "contoso",
        "created_at": time.millis(),
        "external_identity_nameid": person.upn,
        "org": "contoso",
        "repo": action.1,
        "user_agent": "git/2.44",
    });
    Written::new(Stream::Cloud, id, body)
}
