//! What an operator may set: plain numbers, each with a named default, checked in one place.

use schemas::EntityKind;
use serde::{Deserialize, Serialize};

/// The sum of weights from which two signals are linked.
pub const LINK_THRESHOLD: f32 = 0.5;
/// Two signals further apart than a day are linked through others or not at all.
pub const WINDOW_SECS: u64 = 24 * 3600;
/// Addresses change hands: within an hour an address is likely the same machine.
pub const IP_WINDOW_SECS: u64 = 3600;
/// Opener, context, context of the context: beyond that every story is about everything.
pub const HOPS_MAX: u8 = 2;
/// Records of one key in one window beyond which the key says little about who acted.
pub const FANOUT_MAX: u32 = 256;
/// Incidents with fewer members publish every change at once.
pub const COALESCE_AFTER_MEMBERS: u64 = 64;
/// Larger incidents publish at most once in so many seconds of event time.
pub const COALESCE_SECS: u64 = 60;
/// Members in a revision; what a person can read.
pub const MEMBERS_LISTED_MAX: usize = 200;
/// Entities in a revision.
pub const ENTITIES_LISTED_MAX: usize = 64;
/// Members that an incident keeps; further ones are counted only.
pub const MEMBERS_PER_INCIDENT_MAX: u32 = 10_000;
/// Link keys of one signal; the strongest are kept.
pub const KEYS_PER_SIGNAL_MAX: usize = 64;
/// How far behind the newest event time a signal may come, and how long state is kept.
pub const RETENTION_SECS: u64 = 7 * 24 * 3600;
/// An incident without a new member for so long is over.
pub const QUIET_SECS: u64 = 3 * 24 * 3600;
/// How long the uid of an incident that was merged away or closed resolves here.
pub const REDIRECT_SECS: u64 = 90 * 24 * 3600;

/// How much sharing an entity of each kind says, from 0 (nothing) to 1 (the same actor).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// A person or service account.
    pub user: f32,
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
            session: 1.0,
            api_key: 1.0,
            device: 0.9,
            mailbox: 0.9,
            process: 0.3,
            file: 0.6,
            url: 0.6,
            cloud_resource: 0.5,
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
    fn named(&self) -> [(&'static str, f32); 16] {
        [
            ("user", self.user),
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

    /// The weight of a kind; for addresses, of a public or a private one.
    pub fn of(&self, kind: EntityKind, private: bool) -> f32 {
        match kind {
            EntityKind::Agent => self.agent,
            EntityKind::ApiKey => self.api_key,
            EntityKind::Application => self.application,
            EntityKind::CloudResource => self.cloud_resource,
            EntityKind::Device => self.device,
            EntityKind::Domain => self.domain,
            EntityKind::File => self.file,
            EntityKind::Ip if private => self.ip_private,
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

/// How signals are joined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What sharing an entity says, by kind.
    pub weights: Weights,
    /// The sum of shared weights that links two signals, above 0.
    pub link_threshold: f32,
    /// Signals further apart are not linked, in seconds.
    pub window_secs: u64,
    /// The same for sharing an address, at most `window_secs`.
    pub ip_window_secs: u64,
    /// Steps from an opener to a member, 1 or 2.
    pub hops_max: u8,
    /// Records of a key in one window beyond which it is a hub.
    pub fanout_max: u32,
    /// From so many members on, revisions are coalesced.
    pub coalesce_after_members: u64,
    /// The event time between two coalesced revisions, in seconds.
    pub coalesce_secs: u64,
    /// Members in a revision, 1 to 1,000.
    pub members_listed_max: usize,
    /// Entities in a revision.
    pub entities_listed_max: usize,
    /// Members that an incident keeps.
    pub members_per_incident_max: u32,
    /// Link keys of a signal, 1 to 1,024.
    pub keys_per_signal_max: usize,
    /// How late a signal may come and how long state is kept, in seconds.
    pub retention_secs: u64,
    /// An incident without new members for so long is closed, in seconds.
    pub quiet_secs: u64,
    /// How long closed uids resolve, in seconds.
    pub redirect_secs: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            link_threshold: LINK_THRESHOLD,
            window_secs: WINDOW_SECS,
            ip_window_secs: IP_WINDOW_SECS,
            hops_max: HOPS_MAX,
            fanout_max: FANOUT_MAX,
            coalesce_after_members: COALESCE_AFTER_MEMBERS,
            coalesce_secs: COALESCE_SECS,
            members_listed_max: MEMBERS_LISTED_MAX,
            entities_listed_max: ENTITIES_LISTED_MAX,
            members_per_incident_max: MEMBERS_PER_INCIDENT_MAX,
            keys_per_signal_max: KEYS_PER_SIGNAL_MAX,
            retention_secs: RETENTION_SECS,
            quiet_secs: QUIET_SECS,
            redirect_secs: REDIRECT_SECS,
        }
    }
}

/// A century: longer windows are a mistake in the unit.
const SECS_MAX: u64 = 100 * 366 * 24 * 3600;

impl Config {
    /// Checks what types cannot; the message names the key.
    pub fn validate(&self) -> Result<(), String> {
        for (name, weight) in self.weights.named() {
            check(&format!("weights.{name}"), (0.0..=1.0).contains(&weight), "a number from 0 to 1")?;
        }
        check("link_threshold", self.link_threshold >= 0.001 && self.link_threshold <= 16.0, "above 0, at most 16")?;
        for (name, secs) in [
            ("window_secs", self.window_secs),
            ("ip_window_secs", self.ip_window_secs),
            ("coalesce_secs", self.coalesce_secs),
            ("retention_secs", self.retention_secs),
            ("quiet_secs", self.quiet_secs),
            ("redirect_secs", self.redirect_secs),
        ] {
            check(name, (1..=SECS_MAX).contains(&secs), "1 second to 100 years")?;
        }
        check("ip_window_secs", self.ip_window_secs <= self.window_secs, "at most window_secs")?;
        check("quiet_secs", self.quiet_secs > self.window_secs, "more than window_secs")?;
        check("retention_secs", self.retention_secs >= self.quiet_secs, "at least quiet_secs")?;
        check("redirect_secs", self.redirect_secs >= self.retention_secs, "at least retention_secs")?;
        check("hops_max", (1..=2).contains(&self.hops_max), "1 or 2")?;
        check("fanout_max", self.fanout_max >= 1, "at least 1")?;
        check("coalesce_after_members", self.coalesce_after_members >= 1, "at least 1")?;
        check("members_listed_max", (1..=1_000).contains(&self.members_listed_max), "1 to 1,000")?;
        check("entities_listed_max", (1..=1_000).contains(&self.entities_listed_max), "1 to 1,000")?;
        let listed = self.members_listed_max as u64;
        check(
            "members_per_incident_max",
            (listed..=1_000_000).contains(&u64::from(self.members_per_incident_max)),
            "members_listed_max to 1,000,000",
        )?;
        check("keys_per_signal_max", (1..=1_024).contains(&self.keys_per_signal_max), "1 to 1,024")
    }
}

fn check(key: &str, holds: bool, wanted: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{key} must be {wanted}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_every_mistake_names_its_key() {
        assert_eq!(Config::default().validate(), Ok(()));
        let with = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.validate().expect_err("a mistake")
        };
        assert!(with(|c| c.weights.user = f32::NAN).starts_with("weights.user "));
        assert!(with(|c| c.link_threshold = 0.0).starts_with("link_threshold "));
        assert!(with(|c| c.ip_window_secs = WINDOW_SECS + 1).starts_with("ip_window_secs "));
        assert!(with(|c| c.quiet_secs = WINDOW_SECS).starts_with("quiet_secs "));
        assert!(with(|c| c.retention_secs = WINDOW_SECS).starts_with("retention_secs "));
        assert!(with(|c| c.hops_max = 3).starts_with("hops_max "));
        assert!(with(|c| c.members_listed_max = 0).starts_with("members_listed_max "));
    }
}
