//! What an operator may set: plain numbers, each with a named default, checked in one place.
//!
//! The defaults are judgements, not measurements. What they rest on: Defender XDR joins alerts that share
//! entities or artefacts *within a time frame* and publishes neither frames nor weights; its incident
//! patterns for clouds join by user, service principal, resource and address, so these are the identities
//! that link alone here. That an entity shared by many says less is the inverse document frequency of
//! information retrieval, here in three steps, so that a link changes at most twice as an entity spreads.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::suppression::{Patterns, Suppression};
use schemas::{EntityKind, Severity};
use serde::{Deserialize, Serialize};

use crate::inventory::Inventory;
pub use crate::weights::Weights;

/// The sum of weights from which two signals are linked.
pub const LINK_THRESHOLD: f32 = 0.5;
/// Two signals further apart than a day are linked through others or not at all.
pub const WINDOW_SECS: u64 = 24 * 3600;
/// Addresses change hands: DHCP leases and mobile networks keep them for hours rather than days. A working day's, so that
/// an intruder who comes back in the evening still comes from the same one.
pub const IP_WINDOW_SECS: u64 = 8 * 3600;
/// A file, a link or a stolen key is the same thing tomorrow, whoever has it.
pub const ARTIFACT_WINDOW_SECS: u64 = 48 * 3600;
/// What sharing an entity is still worth at its window's end; it falls evenly from 1. Six tenths leave an
/// actor (0.9 and more) a link of its own for the whole window, and an artefact (0.6) for two fifths of it.
pub const RECENCY_FLOOR: f32 = 0.6;
/// Devices of one user in a window beyond which it is a hub: administrators reach a dozen, services hundreds.
pub const DEVICES_PER_USER_MAX: u32 = 32;
/// Users of one device in a window beyond which it is a hub: a terminal server, not somebody's computer.
pub const USERS_PER_DEVICE_MAX: u32 = 8;
/// Users of one address in a window beyond which it is a hub: NAT of an office, a proxy. A household has fewer.
pub const USERS_PER_IP_MAX: u32 = 16;
/// Users of any other entity in a window beyond which it is a hub.
pub const USERS_PER_ENTITY_MAX: u32 = 16;
/// The weight left to an entity that more than half as many share as make a hub.
pub const SHARED_FACTOR: f32 = 0.7;
/// The weight left to a hub: of the heaviest kind too little to link alone, with a second kind enough.
pub const HUB_FACTOR: f32 = 0.35;
/// How much more an address of the internet says that hardly anybody has and nobody had before: an attacker's exit
/// rather than an office's. It attaches a record to an alert for the whole of `ip_window_secs`; it joins no stories.
pub const RARE_FACTOR: f32 = 2.4;
/// For how long an address is new: exits are rented for an evening, offices stay.
pub const NEW_IP_SECS: u64 = 24 * 3600;
/// Users of an address beyond which it is not rare: an attacker acts under two names or three, a branch office on its
/// first day and a hotel are had by more.
pub const USERS_PER_NEW_IP_MAX: u32 = 3;
/// What techniques in the order of an attack add to what is shared: an address and an application that two
/// records share link them together with it, no single light kind does.
pub const SEQUENCE_BONUS: f32 = 0.1;
/// What the same threat from the same address adds where alerts name nobody: whoever floods an endpoint without an
/// account is one story, for some two hours from one attempt to the next.
pub const REPEAT_BONUS: f32 = 0.2;
/// Names that may stand beside one name before it counts as ambiguous. A person has a dozen: object id, two
/// SIDs, UPN, e-mail addresses, account name, an id in each SaaS.
pub const ALIASES_PER_ID_MAX: u32 = 16;
/// How long an alias is remembered after it was seen last; names change hands after weeks rather than days.
pub const ALIAS_SECS: u64 = 30 * 24 * 3600;
/// How long a private address stays a device's after a record gave both: Windows' DHCP server lends for days, but
/// laptops leave at noon.
pub const LEASE_SECS: u64 = 8 * 3600;
/// Opener, context, context of the context: beyond that every story is about everything.
pub const HOPS_MAX: u8 = 2;
/// Records of one key in one window beyond which it brings in no far members: they would bury the story.
pub const FANOUT_MAX: u32 = 256;
/// Records of one API key in its window, alerts of Weir's left out, beyond which it is in daily use: a person makes fewer in two days, a job more.
pub const CALLS_PER_KEY_MAX: u32 = 64;
/// What the priority loses where every AI alert was blocked: it is worth a look, not a night.
pub const BLOCKED_POINTS: u8 = 10;
/// What the priority gains where one came through after another was blocked: somebody tried until it worked.
pub const BREAKTHROUGH_POINTS: u8 = 8;
/// Incidents with fewer members publish every change at once.
pub const COALESCE_AFTER_MEMBERS: u64 = 64;
/// Larger incidents publish at most once in so many seconds of event time.
pub const COALESCE_SECS: u64 = 60;
/// On so many of the seven days before, the same alert about the same actor makes one common: what stood on the desk
/// every day of a working week is known.
pub const COMMON_DAYS_MIN: u32 = 5;
/// The priority from which an incident is published at all; who is tired of more sets it higher.
pub const SURFACE_PRIORITY_MIN: u8 = 0;
/// The severity from which one alert with only everyday records beside it is published: what needs action now is somebody's to see.
pub const SURFACE_LONE_SEVERITY_MIN: Severity = Severity::High;
/// The same of an attempt by somebody whose everyday stands beside it: what people try once, out of curiosity or in a
/// training, is nothing that an analyst can act on.
pub const SURFACE_LONE_ATTEMPT_SEVERITY_MIN: Severity = Severity::Critical;
/// Default of [`Config::surface_known_records_min`]: one sign-in is no everyday.
pub const SURFACE_KNOWN_RECORDS_MIN: usize = 3;
/// Members in a revision; what a person can read.
pub const MEMBERS_LISTED_MAX: usize = 200;
/// Entities in a revision.
pub const ENTITIES_LISTED_MAX: usize = 64;
/// Members that an incident keeps; further ones are counted only.
pub const MEMBERS_PER_INCIDENT_MAX: u32 = 10_000;
/// Link keys of one signal; the strongest are kept.
pub const KEYS_PER_SIGNAL_MAX: usize = 64;
/// Entities beyond which two incidents are not merged: nobody reads more. Defender XDR's cap was 50 in 2024 and is
/// not published any more; an attack on a department names a few hundred.
pub const ENTITIES_PER_INCIDENT_MAX: u32 = 256;
/// Records that a new AI alert looks at through one key on each side of it, the nearest first; others may still come by
/// another key.
pub const CONTEXT_PER_KEY_MAX: usize = 1_024;
/// Records on each side that are compared in full through a key that does not link alone.
pub const COMPARED_PER_KEY_MAX: usize = 32;
/// Incidents that one record may belong to.
pub const INCIDENTS_PER_RECORD_MAX: usize = 8;
/// The largest incident that is linked anew when an entity turns out to be a hub.
pub const RELINK_MEMBERS_MAX: u64 = 2_000;
/// Incidents that one is related to.
pub const RELATED_MAX: usize = 64;
/// Uids of merged incidents that a revision lists, the latest kept.
pub const ABSORBED_LISTED_MAX: usize = 64;
/// Actors for whom a closed incident is remembered, so that a new one of theirs continues it; the first in their order.
pub const TRACES_PER_INCIDENT_MAX: usize = 64;
/// Records of each of two names that are linked anew when the names turn out to be one's, the latest.
pub const ALIASED_PER_NAME_MAX: usize = 1_024;
/// Sources of a tenant whose clocks are kept; further ones share one.
pub const SOURCES_MAX: usize = 64;
/// How far behind the newest event time a signal may come, and how long state is kept.
pub const RETENTION_SECS: u64 = 7 * 24 * 3600;
/// Signals of a tenant without one of a source after which the source is idle and holds nothing back: several
/// times a batch, so that sources that are read in turns are none of them idle.
pub const SOURCE_IDLE_SIGNALS: u32 = 10_000;
/// How much longer than it ever lagged rules wait for a source that says nothing: shippers poll every few minutes.
pub const SOURCE_IDLE_SECS: u64 = 30 * 60;
/// How long a source that lags may hold a tenant's watermark back: batch exports come daily.
pub const SOURCE_LAG_SECS: u64 = 24 * 3600;
/// An incident without a new member for so long is over.
pub const QUIET_SECS: u64 = 3 * 24 * 3600;
/// A story of the same actor within so long of a closed one's last member continues it.
pub const REOPEN_SECS: u64 = 7 * 24 * 3600;
/// How long the uid of an incident that was merged away or closed resolves here.
pub const REDIRECT_SECS: u64 = 90 * 24 * 3600;

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
    /// The same for sharing an artefact: an API key, a cloud resource, a domain, a file, a URL.
    pub artifact_window_secs: u64,
    /// What sharing an entity is still worth at its window's end, 0 to 1.
    pub recency_floor: f32,
    /// Devices of a user in one window beyond which it is a hub.
    pub devices_per_user_max: u32,
    /// Users of a device in one window beyond which it is a hub.
    pub users_per_device_max: u32,
    /// Users of an address in one window beyond which it is a hub.
    pub users_per_ip_max: u32,
    /// Users of any other entity in one window beyond which it is a hub.
    pub users_per_entity_max: u32,
    /// The share of its weight that an entity keeps which more than half as many have as make a hub.
    pub shared_factor: f32,
    /// The share of its weight that a hub keeps; with it no kind may link alone.
    pub hub_factor: f32,
    /// The factor on the weight of an address that is new and rare, 1 to 16; 1 for none.
    pub rare_factor: f32,
    /// How long an address is new after it was seen first, in seconds.
    pub new_ip_secs: u64,
    /// Users of a new address beyond which it is not rare.
    pub users_per_new_ip_max: u32,
    /// What techniques in the order of an attack add to what is shared, less than `link_threshold`.
    pub sequence_bonus: f32,
    /// What it adds that two alerts name no user, the same threat and the same address, less than `link_threshold`.
    pub repeat_bonus: f32,
    /// Names beside one name before it counts as ambiguous.
    pub aliases_per_id_max: u32,
    /// How long an alias is remembered after it was seen last, in seconds.
    pub alias_secs: u64,
    /// How long after a record gave a device with a private address a record with that address alone is the device's,
    /// in seconds, at most `retention_secs`; 0 for never.
    pub lease_secs: u64,
    /// What the operator knows about the estate; not part of the written configuration.
    #[serde(skip)]
    pub inventory: Arc<Inventory>,
    /// Steps from an opener to a member, 1 or 2.
    pub hops_max: u8,
    /// Records of a key in one window beyond which it brings in no far members.
    pub fanout_max: u32,
    /// Records of an API key in one window beyond which it is in daily use, and links alone only what comes from a
    /// new address.
    pub calls_per_key_max: u32,
    /// Points that the priority loses where all AI alerts were blocked and none came through, 0 to 50.
    pub blocked_points: u8,
    /// Points that it gains where an AI alert came through after another one was blocked, 0 to 50.
    pub breakthrough_points: u8,
    /// From so many members on, revisions are coalesced.
    pub coalesce_after_members: u64,
    /// The event time between two coalesced revisions, in seconds.
    pub coalesce_secs: u64,
    /// Of the seven days before an alert's own, those with the same one about the same actor from which it is
    /// common: it attaches, and neither opens nor extends an incident nor makes two one; 8 for never.
    pub common_days_min: u32,
    /// An incident of lower priority is a candidate: kept and counted, not published until it has reached this.
    pub surface_priority_min: u8,
    /// An incident of one detector's alert of lower severity is a candidate too, until a second alert, a record from a new
    /// address or another technique joins it; `unknown` for never.
    pub surface_lone_severity_min: Severity,
    /// The same where the alert is about what a known user asked for, whatever its severity below this: until a second
    /// alert, a record of medium severity or one that shows the user in two places joins it; `unknown` for never.
    pub surface_lone_attempt_severity_min: Severity,
    /// Everyday records in the incident from which its user is known; fewer leave nothing to judge by.
    pub surface_known_records_min: usize,
    /// Members in a revision, 2 to 1,000: whether an alert stands alone is seen by them.
    pub members_listed_max: usize,
    /// Entities in a revision.
    pub entities_listed_max: usize,
    /// Members that an incident keeps.
    pub members_per_incident_max: u32,
    /// Entities beyond which a merge does not take an incident, 1 to 1,024.
    pub entities_per_incident_max: u32,
    /// Link keys of a signal, 1 to 1,024.
    pub keys_per_signal_max: usize,
    /// Records that a new AI alert looks at through one key on each side of it, the nearest first; others may still come by
    /// another key.
    pub context_per_key_max: usize,
    /// Records on each side that are compared in full through a key that does not link alone.
    pub compared_per_key_max: usize,
    /// Incidents that one record may belong to.
    pub incidents_per_record_max: usize,
    /// The largest incident that is linked anew when an entity turns out to be a hub.
    pub relink_members_max: u64,
    /// Incidents that one is related to.
    pub related_max: usize,
    /// Uids of merged incidents that a revision lists, the latest kept.
    pub absorbed_listed_max: usize,
    /// Actors of a closed incident whose next one continues it.
    pub traces_per_incident_max: usize,
    /// Records of each name and kind that are linked anew when two names turn out to be one's, the latest.
    pub aliased_per_name_max: usize,
    /// Sources of a tenant whose clocks are kept; further ones count as one. At least 2.
    pub sources_max: usize,
    /// How late a signal may come and how long state is kept, in seconds.
    pub retention_secs: u64,
    /// Signals of a tenant without one of a source after which the source is idle.
    pub source_idle_signals: u32,
    /// How much longer than it lagged lately rules wait for a source without signals, in seconds, at most
    /// `source_lag_secs`.
    pub source_idle_secs: u64,
    /// How long a source that lags may hold back what closes, ages and comes late, in seconds.
    pub source_lag_secs: u64,
    /// An incident without new members for so long is closed, in seconds.
    pub quiet_secs: u64,
    /// A new incident within so long of a closed one's last member continues it, in seconds.
    pub reopen_secs: u64,
    /// How long closed uids resolve, in seconds.
    pub redirect_secs: u64,
    /// Parts of the estate whose incidents are not merged: by name, patterns of entities as `kind:id`. An incident
    /// belongs to every scope of which it has an entity; two without a common one are only related.
    pub scopes: BTreeMap<String, Patterns>,
    /// Alerts that are expected, by name.
    pub suppression: BTreeMap<String, Suppression>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            link_threshold: LINK_THRESHOLD,
            window_secs: WINDOW_SECS,
            ip_window_secs: IP_WINDOW_SECS,
            artifact_window_secs: ARTIFACT_WINDOW_SECS,
            recency_floor: RECENCY_FLOOR,
            devices_per_user_max: DEVICES_PER_USER_MAX,
            users_per_device_max: USERS_PER_DEVICE_MAX,
            users_per_ip_max: USERS_PER_IP_MAX,
            users_per_entity_max: USERS_PER_ENTITY_MAX,
            shared_factor: SHARED_FACTOR,
            hub_factor: HUB_FACTOR,
            rare_factor: RARE_FACTOR,
            new_ip_secs: NEW_IP_SECS,
            users_per_new_ip_max: USERS_PER_NEW_IP_MAX,
            sequence_bonus: SEQUENCE_BONUS,
            repeat_bonus: REPEAT_BONUS,
            aliases_per_id_max: ALIASES_PER_ID_MAX,
            alias_secs: ALIAS_SECS,
            lease_secs: LEASE_SECS,
            inventory: Arc::default(),
            hops_max: HOPS_MAX,
            fanout_max: FANOUT_MAX,
            calls_per_key_max: CALLS_PER_KEY_MAX,
            blocked_points: BLOCKED_POINTS,
            breakthrough_points: BREAKTHROUGH_POINTS,
            coalesce_after_members: COALESCE_AFTER_MEMBERS,
            coalesce_secs: COALESCE_SECS,
            common_days_min: COMMON_DAYS_MIN,
            surface_priority_min: SURFACE_PRIORITY_MIN,
            surface_lone_severity_min: SURFACE_LONE_SEVERITY_MIN,
            surface_lone_attempt_severity_min: SURFACE_LONE_ATTEMPT_SEVERITY_MIN,
            surface_known_records_min: SURFACE_KNOWN_RECORDS_MIN,
            members_listed_max: MEMBERS_LISTED_MAX,
            entities_listed_max: ENTITIES_LISTED_MAX,
            members_per_incident_max: MEMBERS_PER_INCIDENT_MAX,
            entities_per_incident_max: ENTITIES_PER_INCIDENT_MAX,
            keys_per_signal_max: KEYS_PER_SIGNAL_MAX,
            context_per_key_max: CONTEXT_PER_KEY_MAX,
            compared_per_key_max: COMPARED_PER_KEY_MAX,
            incidents_per_record_max: INCIDENTS_PER_RECORD_MAX,
            relink_members_max: RELINK_MEMBERS_MAX,
            related_max: RELATED_MAX,
            absorbed_listed_max: ABSORBED_LISTED_MAX,
            traces_per_incident_max: TRACES_PER_INCIDENT_MAX,
            aliased_per_name_max: ALIASED_PER_NAME_MAX,
            sources_max: SOURCES_MAX,
            retention_secs: RETENTION_SECS,
            source_idle_signals: SOURCE_IDLE_SIGNALS,
            source_idle_secs: SOURCE_IDLE_SECS,
            source_lag_secs: SOURCE_LAG_SECS,
            quiet_secs: QUIET_SECS,
            reopen_secs: REOPEN_SECS,
            redirect_secs: REDIRECT_SECS,
            scopes: BTreeMap::new(),
            suppression: BTreeMap::new(),
        }
    }
}

/// Scopes, and suppression rules, of a configuration; and rules of one tenant that came by command.
pub const RULES_MAX: usize = 256;

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
            ("artifact_window_secs", self.artifact_window_secs),
            ("coalesce_secs", self.coalesce_secs),
            ("retention_secs", self.retention_secs),
            ("quiet_secs", self.quiet_secs),
            ("reopen_secs", self.reopen_secs),
            ("redirect_secs", self.redirect_secs),
            ("alias_secs", self.alias_secs),
            ("source_lag_secs", self.source_lag_secs),
            ("source_idle_secs", self.source_idle_secs),
            ("new_ip_secs", self.new_ip_secs),
        ] {
            check(name, (1..=SECS_MAX).contains(&secs), "1 second to 100 years")?;
        }
        check("ip_window_secs", self.ip_window_secs <= self.window_secs, "at most window_secs")?;
        let widest = self.window_secs.max(self.artifact_window_secs);
        check("quiet_secs", self.quiet_secs > widest, "more than window_secs and artifact_window_secs")?;
        self.validate_factors()?;
        check("retention_secs", self.retention_secs >= self.quiet_secs, "at least quiet_secs")?;
        check("reopen_secs", self.reopen_secs >= self.quiet_secs, "at least quiet_secs")?;
        check("redirect_secs", self.redirect_secs >= self.retention_secs, "at least retention_secs")?;
        check("alias_secs", self.alias_secs >= self.retention_secs, "at least retention_secs")?;
        check("lease_secs", self.lease_secs <= self.retention_secs, "at most retention_secs")?;
        check("hops_max", (1..=2).contains(&self.hops_max), "1 or 2")?;
        check("source_idle_signals", self.source_idle_signals >= 1, "at least 1")?;
        check("source_idle_secs", self.source_idle_secs <= self.source_lag_secs, "at most source_lag_secs")?;
        let known_for = self.new_ip_secs.saturating_add(self.ip_window_secs);
        check("new_ip_secs", known_for <= self.retention_secs, "at most retention_secs less ip_window_secs")?;
        for (name, points) in
            [("blocked_points", self.blocked_points), ("breakthrough_points", self.breakthrough_points)]
        {
            check(name, points <= 50, "0 to 50")?;
        }
        check("fanout_max", self.fanout_max >= 1, "at least 1")?;
        check("calls_per_key_max", self.calls_per_key_max >= 1, "at least 1")?;
        check("common_days_min", (1..=8).contains(&self.common_days_min), "1 to 8")?;
        check("surface_priority_min", self.surface_priority_min <= 100, "0 to 100")?;
        check("coalesce_after_members", self.coalesce_after_members >= 1, "at least 1")?;
        check("members_listed_max", (2..=1_000).contains(&self.members_listed_max), "2 to 1,000")?;
        check("entities_listed_max", (1..=1_000).contains(&self.entities_listed_max), "1 to 1,000")?;
        let listed = self.members_listed_max as u64;
        check(
            "members_per_incident_max",
            (listed..=1_000_000).contains(&u64::from(self.members_per_incident_max)),
            "members_listed_max to 1,000,000",
        )?;
        check("entities_per_incident_max", (1..=1_024).contains(&self.entities_per_incident_max), "1 to 1,024")?;
        check("scopes", self.scopes.len() <= RULES_MAX, "at most 256")?;
        check("suppression", self.suppression.len() <= RULES_MAX, "at most 256")?;
        for (name, rule) in &self.suppression {
            rule.check().map_err(|message| format!("suppression.{name}: {message}"))?;
        }
        check("keys_per_signal_max", (1..=1_024).contains(&self.keys_per_signal_max), "1 to 1,024")
    }
}

impl Config {
    fn validate_factors(&self) -> Result<(), String> {
        for (name, share) in [
            ("recency_floor", self.recency_floor),
            ("shared_factor", self.shared_factor),
            ("hub_factor", self.hub_factor),
        ] {
            check(name, (0.0..=1.0).contains(&share), "a number from 0 to 1")?;
        }
        check("rare_factor", (1.0..=16.0).contains(&self.rare_factor), "a number from 1 to 16")?;
        check("shared_factor", self.shared_factor >= self.hub_factor, "at least hub_factor")?;
        let heaviest = EntityKind::ALL.iter().map(|kind| self.weights.largest(*kind)).fold(0.0, f32::max);
        check("weights.ambiguous", self.weights.ambiguous < self.link_threshold, "less than link_threshold")?;
        for (name, bonus) in [("sequence_bonus", self.sequence_bonus), ("repeat_bonus", self.repeat_bonus)] {
            check(name, (0.0..self.link_threshold).contains(&bonus), "from 0 to less than link_threshold")?;
        }
        let alone = heaviest * self.hub_factor < self.link_threshold;
        check("hub_factor", alone, "so small that no weight times it reaches link_threshold")?;
        let caps = [
            ("context_per_key_max", self.context_per_key_max, 65_536),
            ("compared_per_key_max", self.compared_per_key_max, 1_024),
            ("incidents_per_record_max", self.incidents_per_record_max, 64),
            ("related_max", self.related_max, 1_024),
            ("absorbed_listed_max", self.absorbed_listed_max, 1_024),
            ("traces_per_incident_max", self.traces_per_incident_max, 1_024),
            ("aliased_per_name_max", self.aliased_per_name_max, 65_536),
        ];
        check("sources_max", (2..=1_024).contains(&self.sources_max), "2 to 1,024")?;
        for (name, cap, most) in caps {
            check(name, (1..=most).contains(&cap), &format!("1 to {most}"))?;
        }
        check("relink_members_max", (1..=100_000).contains(&self.relink_members_max), "1 to 100000")?;
        for (name, count) in [
            ("devices_per_user_max", self.devices_per_user_max),
            ("users_per_device_max", self.users_per_device_max),
            ("users_per_ip_max", self.users_per_ip_max),
            ("users_per_entity_max", self.users_per_entity_max),
            ("users_per_new_ip_max", self.users_per_new_ip_max),
            ("aliases_per_id_max", self.aliases_per_id_max),
        ] {
            check(name, (1..=1_024).contains(&count), "1 to 1,024")?;
        }
        Ok(())
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
        assert!(with(|c| c.artifact_window_secs = QUIET_SECS).starts_with("quiet_secs "));
        assert!(with(|c| c.recency_floor = 1.5).starts_with("recency_floor "));
        assert!(with(|c| c.shared_factor = 0.1).starts_with("shared_factor "));
        assert!(with(|c| c.rare_factor = 0.9).starts_with("rare_factor "));
        assert!(with(|c| c.new_ip_secs = 0).starts_with("new_ip_secs "));
        assert!(with(|c| c.new_ip_secs = c.retention_secs).starts_with("new_ip_secs "));
        assert!(with(|c| c.source_idle_secs = c.source_lag_secs + 1).starts_with("source_idle_secs "));
        assert!(with(|c| c.repeat_bonus = 0.5).starts_with("repeat_bonus "));
        assert!(with(|c| c.users_per_new_ip_max = 0).starts_with("users_per_new_ip_max "));
        assert!(with(|c| c.hub_factor = 0.5).starts_with("hub_factor "));
        assert!(with(|c| c.users_per_ip_max = 0).starts_with("users_per_ip_max "));
        assert!(with(|c| c.weights.ambiguous = 0.5).starts_with("weights.ambiguous "));
        assert!(with(|c| c.sequence_bonus = 0.5).starts_with("sequence_bonus "));
        assert!(with(|c| c.aliases_per_id_max = 0).starts_with("aliases_per_id_max "));
        assert!(with(|c| c.lease_secs = c.retention_secs + 1).starts_with("lease_secs "));
        assert!(with(|c| c.alias_secs = 1).starts_with("alias_secs "));
        assert!(with(|c| c.traces_per_incident_max = 0).starts_with("traces_per_incident_max "));
        assert!(with(|c| c.aliased_per_name_max = 0).starts_with("aliased_per_name_max "));
        assert!(with(|c| c.sources_max = 1).starts_with("sources_max "));
        assert!(with(|c| c.common_days_min = 9).starts_with("common_days_min "));
        assert!(with(|c| c.source_idle_signals = 0).starts_with("source_idle_signals "));
        assert!(with(|c| c.source_lag_secs = 0).starts_with("source_lag_secs "));
        assert!(with(|c| c.surface_priority_min = 101).starts_with("surface_priority_min "));
        assert!(with(|c| c.calls_per_key_max = 0).starts_with("calls_per_key_max "));
        assert!(with(|c| c.hops_max = 3).starts_with("hops_max "));
        assert!(with(|c| c.incidents_per_record_max = 65).starts_with("incidents_per_record_max "));
        assert!(with(|c| c.relink_members_max = 0).starts_with("relink_members_max "));
        assert!(with(|c| c.members_listed_max = 1).starts_with("members_listed_max "));
    }
}
