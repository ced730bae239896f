//! Okta's System Log.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::{Value, json};

use super::Written;
use crate::simulation::Stream;
use crate::simulation::organisation::Person;
use crate::simulation::people::uuid;

/// An event: its type and message, who did it from where, and in which session.
pub struct Event<'a> {
    /// Such as `user.session.start`.
    pub kind: &'a str,
    /// For people.
    pub message: &'a str,
    /// Who.
    pub actor: &'a Person,
    /// From where.
    pub ip: &'a str,
    /// In which session.
    pub session: &'a str,
    /// Whom it was done to, if not to oneself.
    pub target: Option<&'a Person>,
    /// Whether it worked.
    pub success: bool,
}

impl Event<'_> {
    /// The record.
    pub fn written(&self, rng: &mut Rng, time: Timestamp) -> Written {
        let id = uuid(rng);
        let user = |person: &Person| -> Value {
            json!({ "id": person.okta_id, "type": "User", "alternateId": person.upn, "displayName": person.name })
        };
        let body = json!({
            "uuid": id,
            "published": time.to_string(),
            "eventType": self.kind,
            "version": "0",
            "severity": "INFO",
            "displayMessage": self.message,
            "actor": user(self.actor),
            "client": { "ipAddress": self.ip, "device": "Computer" },
            "authenticationContext": { "externalSessionId": self.session },
            "outcome": { "result": if self.success { "SUCCESS" } else { "FAILURE" } },
            "target": self.target.map(|person| vec![user(person)]).unwrap_or_default(),
            "request": { "ipChain": [{ "ip": self.ip }] },
        });
        Written::new(Stream::Identity, id, body)
    }
}
