//! What sharing an entity says, by kind: part of [`crate::config`].

use schemas::EntityKind;
use serde::{Deserialize, Serialize};

/// How much sharing an entity of each kind says, from 0 (nothing) to 1 (the same actor).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// A person or service account.
    pub user: f32,
    /// A user id that every application has, such as `admin`: it links within one application.
    pub user_generic: f32,
    /// A user whom only a text names: an attacker may name a victim, so it never joins two stories.
    pub user_mentioned: f32,
    /// A user or device name that turned out to stand for several.
    pub ambiguous: f32,
    /// A login session or conversation.
    pub session: f32,
    /// An API or access key.
    pub api_key: f32,
    /// A computer.
    pub device: f32,
    /// A mailbox.
    pub mailbox: f32,
    /// A process image: the same on many computers.
    pub process: f32,
    /// A file.
    pub file: f32,
    /// A URL.
    pub url: f32,
    /// A cloud resource.
    pub cloud_resource: f32,
    /// An address of the internet: often a proxy's.
    pub ip_public: f32,
    /// An address of RFC 1918, RFC 6598 or RFC 4193: the same in every network.
    pub ip_private: f32,
    /// An AI agent: shared by all who use it.
    pub agent: f32,
    /// A domain.
    pub domain: f32,
    /// An application: shared by all who use it.
    pub application: f32,
    /// A tool: shared by many agents.
    pub tool: f32,
    /// A model: shared by everyone.
    pub model: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            user: 1.0,
            user_generic: 0.4,
            user_mentioned: 0.7,
            ambiguous: 0.4,
            session: 1.0,
            api_key: 1.0,
            device: 0.9,
            mailbox: 0.9,
            process: 0.3,
            file: 0.6,
            url: 0.6,
            cloud_resource: 0.6,
            ip_public: 0.35,
            ip_private: 0.2,
            agent: 0.2,
            domain: 0.2,
            application: 0.1,
            tool: 0.1,
            model: 0.0,
        }
    }
}

impl Weights {
    /// All of them by the names of their keys.
    pub fn named(&self) -> [(&'static str, f32); 19] {
        [
            ("user", self.user),
            ("user_generic", self.user_generic),
            ("user_mentioned", self.user_mentioned),
            ("ambiguous", self.ambiguous),
            ("session", self.session),
            ("api_key", self.api_key),
            ("device", self.device),
            ("mailbox", self.mailbox),
            ("process", self.process),
            ("file", self.file),
            ("url", self.url),
            ("cloud_resource", self.cloud_resource),
            ("ip_public", self.ip_public),
            ("ip_private", self.ip_private),
            ("agent", self.agent),
            ("domain", self.domain),
            ("application", self.application),
            ("tool", self.tool),
            ("model", self.model),
        ]
    }

    /// The largest weight that an entity of a kind may have.
    pub fn largest(&self, kind: EntityKind) -> f32 {
        match kind {
            EntityKind::Ip => self.ip_public.max(self.ip_private),
            EntityKind::User => self.user.max(self.user_generic).max(self.user_mentioned),
            _ => self.of(kind),
        }
    }

    /// The weight of a kind; of an address, a public one, of a user, one that a record names.
    pub fn of(&self, kind: EntityKind) -> f32 {
        match kind {
            EntityKind::Agent => self.agent,
            EntityKind::ApiKey => self.api_key,
            EntityKind::Application => self.application,
            EntityKind::CloudResource => self.cloud_resource,
            EntityKind::Device => self.device,
            EntityKind::Domain => self.domain,
            EntityKind::File => self.file,
            EntityKind::Ip => self.ip_public,
            EntityKind::Mailbox => self.mailbox,
            EntityKind::Model => self.model,
            EntityKind::Process => self.process,
            EntityKind::Session => self.session,
            EntityKind::Tool => self.tool,
            EntityKind::Url => self.url,
            EntityKind::User => self.user,
        }
    }
}
