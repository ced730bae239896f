//! What two signals share, and what that is worth.
//!
//! Every identifier of every entity of a signal is a *link key*. What sharing one is worth is
//!
//! ```text
//! weight of the kind  ×  share left by its spread  ×  recency
//! ```
//!
//! *Spread*: how many others have the entity in the same window of time, in three steps ([`Spread`]). A
//! *hub* (NAT, a service account, a shared host) keeps so little that it links only together with a second
//! kind. *Recency*: falls evenly from 1 to a floor at the end of the kind's window, and is nothing beyond.
//!
//! A kind counts once, with its best shared key; the sum over kinds is the *strength*. Techniques in the order
//! of an attack ([`crate::tactic`]) add to it, where something that is no hub is shared as well. Two sums
//! matter: of *all* that is shared, which decides whether two signals are linked, and of what is *solid*
//! (neither a hub nor merely mentioned in a text), which decides whether the link may make two stories one.
//!
//! Alerts that name nobody (no user, as an application writes that sends none along) have an address at most: the
//! same threat from the same address, no hub, is a *repeat* and adds to it, so that a flood is one story, and a scan of
//! every night too ([`crate::repeat`]).
//!
//! A hub attaches only together with a second, *independent* kind: what one thing is called twice (a computer
//! and its address, a person and the mailbox, a program and its file) counts once where a hub is among it.
//! Two stories become one through a *causal sequence*: what one actor (user, mailbox, session, API key,
//! device) does one after another, or techniques in the order of an attack around an artefact; otherwise only
//! through two independent kinds. An artefact alone (a file, a URL, a cloud resource) attaches and no more: two
//! attacks may use one tool.
//!
//! An address that the tenant has only just met and that hardly anybody has ([`Spread::Rare`]) says much more than
//! that of an office: whoever comes from it beside an alert or a near member belongs to the story. It *attaches*
//! records, as far members that bring nobody else in, and never joins: two attackers may rent one exit.
//!
//! An API key with more records than `calls_per_key_max` in its window is in daily use, and a hub: of what is done with it
//! only what comes from a rare address is unusual, and is taken as if the key were nobody else's.
//!
//! Two signals that name users, but none in common, are about different people: then where people meet
//! (address, agent, application, tool, model; between AI alerts also the API key, which is the application's)
//! says nothing by itself, or every story behind one NAT would be one.
//!
//! Everything is in thousandths and whole numbers, so that sums are exact on every machine.
//!
//! Not every key has to be found by looking it up. Keys of the lightest kinds that together stay
//! below the threshold cannot link by themselves, so a linked pair always shares a key of one of the
//! other kinds: only those are *indexed*, and an application or a tool costs no index row. How far such a
//! light kind is spread is not known, and it always counts as rare: its weight says already that it is not.

use std::cmp::Ordering;

use schemas::{Category, Entity, EntityKind, Signal, SignalKind, Timestamp, is_private_ip};

use crate::config::Config;
use crate::evidence::{Evidence, KINDS, Worth, is_actor};
use crate::link_key::{LinkKey, is_generic, names_user, shared};
use crate::repeat::is_repeat;
use crate::store::StoreError;
use crate::tactic::stage;

/// How many others have an entity in a window, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spread {
    /// Hardly anybody, and nobody before: an address that the tenant has only just met.
    Rare,
    /// At most half as many as make a hub.
    Few,
    /// More than that.
    Many,
    /// Few have it, and use it all day: an API key of a job. As much as a hub, but for what is unusual about a record.
    Daily,
    /// More than the configured number.
    Hub,
}

impl Spread {
    /// Whether sharing it says next to nothing.
    pub fn is_hub(self) -> bool {
        self >= Self::Daily
    }
}

/// What a signal brings into a comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What it may do.
    pub kind: SignalKind,
    /// Its keys, sorted.
    pub keys: &'a [LinkKey],
    /// When it happened.
    pub time: Timestamp,
    /// How far along an attack its techniques are.
    pub stage: Option<u8>,
    /// Of an AI alert, the threat.
    pub threat: Option<Category>,
}

impl<'a> Side<'a> {
    /// What `signal`, which has `keys`, brings.
    pub fn of(signal: &Signal, keys: &'a [LinkKey]) -> Self {
        let threat = signal.category.filter(|_| signal.kind == SignalKind::AiAlert);
        Self { kind: signal.kind, keys, time: signal.time, stage: stage(&signal.techniques), threat }
    }
}

/// [`Config`] in the units in which the correlator computes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The configuration itself.
    pub config: Config,
    /// The link threshold in thousandths.
    pub threshold: u32,
    weights: [u32; KINDS],
    windows: [i64; KINDS],
    indexed: [bool; KINDS],
    user_generic: u32,
    user_mentioned: u32,
    ip_private: u32,
    /// What is left of a name that stands for several.
    pub ambiguous: u32,
    sequence_bonus: u32,
    repeat_bonus: u32,
    shares: [u32; 5],
    rare: u32,
    recency_lost: u32,
}

/// A share of 1 in thousandths.
pub const WHOLE: u32 = 1_000;

fn thousandths(number: f32) -> u32 {
    (number * 1_000.0).round() as u32
}

/// Seconds as milliseconds, clamped.
pub fn millis(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1_000)
}

/// Weight, share and recency, each in thousandths, multiplied.
fn worth(weight: u32, share: u32, recency: u32) -> u32 {
    let product = u64::from(weight) * u64::from(share) * u64::from(recency);
    u32::try_from(product / 1_000_000).unwrap_or(u32::MAX)
}

fn window_secs(config: &Config, kind: EntityKind) -> u64 {
    match kind {
        EntityKind::Ip => config.ip_window_secs,
        EntityKind::ApiKey | EntityKind::CloudResource | EntityKind::Domain | EntityKind::File | EntityKind::Url => {
            config.artifact_window_secs
        }
        _ => config.window_secs,
    }
}

/// The kinds that have index rows: all but the lightest that together stay below the threshold.
fn indexed(config: &Config, threshold: u32) -> [bool; KINDS] {
    let weight = |kind: EntityKind| thousandths(config.weights.largest(kind));
    let mut kinds = EntityKind::ALL;
    kinds.sort_by_key(|kind| (weight(*kind), *kind));
    let mut sum = 0;
    let mut indexed = [true; KINDS];
    for kind in kinds {
        sum += weight(kind);
        if let Some(indexed) = indexed.get_mut(kind as usize).filter(|_| sum < threshold) {
            *indexed = false;
        }
    }
    indexed
}

impl Rules {
    /// The rules that `config` means.
    pub fn new(config: Config) -> Self {
        let threshold = thousandths(config.link_threshold);
        let hub = thousandths(config.hub_factor);
        Self {
            threshold,
            weights: EntityKind::ALL.map(|kind| thousandths(config.weights.of(kind))),
            windows: EntityKind::ALL.map(|kind| millis(window_secs(&config, kind)).max(1)),
            indexed: indexed(&config, threshold),
            user_generic: thousandths(config.weights.user_generic),
            user_mentioned: thousandths(config.weights.user_mentioned),
            ip_private: thousandths(config.weights.ip_private),
            ambiguous: thousandths(config.weights.ambiguous),
            sequence_bonus: thousandths(config.sequence_bonus),
            repeat_bonus: thousandths(config.repeat_bonus),
            shares: [WHOLE, WHOLE, thousandths(config.shared_factor), hub, hub],
            rare: thousandths(config.rare_factor),
            recency_lost: WHOLE.saturating_sub(thousandths(config.recency_floor)),
            config,
        }
    }

    /// How far apart two signals may be for sharing this kind to count, in milliseconds, at least 1.
    pub fn window(&self, kind: EntityKind) -> i64 {
        self.windows.get(kind as usize).copied().unwrap_or(1)
    }

    /// How far apart two signals may be so that this key alone links them solidly; `None` where it cannot.
    pub fn reach(&self, key: &LinkKey, spread: Spread) -> Option<i64> {
        let share = if spread == Spread::Rare && self.may_be_rare(key) { self.rare } else { self.share(spread) };
        let full = u64::from(key.weight) * u64::from(share);
        if key.mentioned || spread.is_hub() || full == 0 {
            return None;
        }
        let needed = (u64::from(self.threshold) * 1_000_000).div_ceil(full);
        let lost_max = u64::from(WHOLE).checked_sub(needed)?;
        let window = self.window(key.kind);
        if self.recency_lost == 0 {
            return Some(window);
        }
        // `recency` rounds the loss down: the first distance at which one thousandth too much is lost.
        let too_far = (lost_max + 1).saturating_mul(window.unsigned_abs()).div_ceil(u64::from(self.recency_lost));
        let reach = i64::try_from(too_far).unwrap_or(i64::MAX).saturating_sub(1);
        Some(reach.min(window))
    }

    /// Whether the key alone can link, wherever few have it.
    pub fn is_strong(&self, key: &LinkKey) -> bool {
        self.reach(key, Spread::Few).is_some()
    }

    /// Whether the key alone can bring in a far member, where it is as rare as can be.
    pub fn is_telling(&self, key: &LinkKey) -> bool {
        self.reach(key, Spread::Rare).is_some()
    }

    /// Whether a key of which the entity is a hub may link alone.
    pub fn hub_links(&self, key: &LinkKey) -> bool {
        worth(key.weight, self.share(Spread::Hub), WHOLE) >= self.threshold
    }

    /// Whether the key has index rows.
    pub fn is_indexed(&self, key: &LinkKey) -> bool {
        self.indexed(key.kind)
    }

    fn indexed(&self, kind: EntityKind) -> bool {
        self.indexed.get(kind as usize).copied().unwrap_or(false)
    }

    /// Whether a signal that has the key has an index row for it.
    pub fn is_posted(&self, key: &LinkKey) -> bool {
        self.is_indexed(key) && !key.is_alias()
    }

    /// Whether a solid link by this key alone makes two stories one.
    pub fn joins_alone(&self, key: &LinkKey) -> bool {
        is_actor(key.kind)
    }

    /// Neighbours of an entity beyond which it is a hub.
    pub fn neighbours_max(&self, kind: EntityKind) -> usize {
        let max = match kind {
            EntityKind::User => self.config.devices_per_user_max,
            EntityKind::Device => self.config.users_per_device_max,
            EntityKind::Ip => self.config.users_per_ip_max,
            _ => self.config.users_per_entity_max,
        };
        max as usize
    }

    /// What `neighbours` and the inventory say about an entity.
    pub fn spread(&self, key: &LinkKey, neighbours: usize) -> Spread {
        let max = self.neighbours_max(key.kind);
        match neighbours {
            _ if self.config.inventory.is_shared(key.kind, &key.id) => Spread::Hub,
            n if n > max => Spread::Hub,
            n if n > max / 2 => Spread::Many,
            _ => Spread::Few,
        }
    }

    fn share(&self, spread: Spread) -> u32 {
        self.shares.get(spread as usize).copied().unwrap_or(WHOLE)
    }

    /// Whether the key is an address of the internet, which is worth more where it is rare.
    pub fn may_be_rare(&self, key: &LinkKey) -> bool {
        self.rare > WHOLE && key.kind == EntityKind::Ip && !is_private_ip(&key.id)
    }

    /// Windows of an address within which it is new.
    pub fn new_ip_buckets(&self) -> i64 {
        millis(self.config.new_ip_secs) / self.window(EntityKind::Ip)
    }

    /// What a distance in time leaves of a kind's weight; `None` beyond its window.
    pub fn recency(&self, kind: EntityKind, distance_ms: i64) -> Option<u32> {
        let window = self.window(kind);
        let distance = distance_ms.saturating_abs();
        let lost = i64::from(self.recency_lost).saturating_mul(distance) / window;
        (distance <= window).then(|| WHOLE.saturating_sub(u32::try_from(lost).unwrap_or(WHOLE)))
    }

    /// The keys that a signal itself names, the weightiest kept, sorted by kind and id; and how many were dropped.
    pub fn keys(&self, signal: &Signal) -> (Vec<LinkKey>, usize) {
        let mut keys: Vec<LinkKey> = signal.entities.iter().flat_map(|entity| self.entity_keys(entity)).collect();
        keys.sort_unstable();
        // Of a key that stands in the record and in a text the first sorts first, and weighs more.
        keys.dedup_by(|later, first| later.cmp_name(first) == Ordering::Equal);
        let dropped = keys.len().saturating_sub(self.config.keys_per_signal_max);
        if dropped > 0 {
            keys.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.cmp(b)));
            keys.truncate(self.config.keys_per_signal_max);
            keys.sort_unstable();
        }
        (keys, dropped)
    }

    fn entity_keys<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = LinkKey> + 'a {
        let kind = entity.kind;
        // What a text names is an artefact like any other, but a person in a text is not who acted.
        let mentioned = entity.mentioned && kind == EntityKind::User;
        entity.ids.iter().filter_map(move |id| {
            let weight = match kind {
                EntityKind::Ip if is_private_ip(id) => self.ip_private,
                EntityKind::User if is_generic(id) => self.user_generic,
                _ => self.weights.get(kind as usize).copied().unwrap_or(0),
            };
            let weight = if mentioned { weight.min(self.user_mentioned) } else { weight };
            (weight > 0).then(|| LinkKey { kind, id: id.clone(), mentioned, weight, via: Vec::new() })
        })
    }

    /// The weight of a kind in thousandths.
    pub fn weight(&self, kind: EntityKind) -> u32 {
        self.weights.get(kind as usize).copied().unwrap_or(0)
    }

    /// What two signals share; `spread` says how many have what the first and the second call by their keys.
    pub fn evidence(
        &self,
        a: Side<'_>,
        b: Side<'_>,
        mut spread: impl FnMut(&LinkKey, &LinkKey) -> Result<Spread, StoreError>,
    ) -> Result<Evidence, StoreError> {
        let mut evidence = Evidence::default();
        let mut same_person = false;
        let openers = [a, b].map(|side| side.kind == SignalKind::AiAlert);
        let (distance_ms, repeat) = (a.time.abs_diff(b.time), is_repeat(a, b));
        for (x, y) in shared(a.keys, b.keys) {
            let mentioned = x.mentioned || y.mentioned;
            same_person |= x.kind == EntityKind::User && !mentioned;
            let recency =
                if repeat { self.recency_of_repeat(x, distance_ms) } else { self.recency(x.kind, distance_ms) };
            let Some(recency) = recency else { continue };
            let spread = if self.is_indexed(x) { spread(x, y)? } else { Spread::Few };
            let attaches = spread == Spread::Rare && self.may_be_rare(x) && openers != [true; 2];
            let (weight, plain) = (x.weight.min(y.weight), self.share(spread));
            let share = if attaches { self.rare } else { plain };
            let (alias, hub) = (x.is_alias() || y.is_alias(), spread.is_hub());
            let sum = worth(weight, share, recency);
            let rarity = sum - worth(weight, plain, recency);
            let worth = Worth { sum, rarity, weight, share, recency, mentioned, alias, hub };
            evidence.count(x, worth, !mentioned && !hub);
        }
        let different_people = !same_person && names_user(a.keys) && names_user(b.keys);
        let meets = |(kind, _)| is_meeting_place(kind, openers == [true; 2]);
        if different_people && evidence.kinds().all(meets) {
            if !evidence.has_rare() {
                return Ok(Evidence::default());
            }
            evidence = evidence.of_strangers();
        }
        let evidence = evidence.without_dependent().without_implied();
        // Without an indexed kind nobody would look, and a hub says nothing about an order.
        let particular = |(kind, worth): (EntityKind, Worth)| self.indexed(kind) && !worth.hub;
        let ordered = in_order(a, b) && evidence.kinds().any(particular);
        let evidence = if ordered { evidence.in_sequence(self.sequence_bonus) } else { evidence };
        let from_one = evidence.kinds().any(|(kind, worth)| kind == EntityKind::Ip && !worth.hub);
        Ok(if from_one && repeat { evidence.repeated(self.repeat_bonus) } else { evidence })
    }
}

/// Whether the techniques of what happened first stand before those of what happened then.
fn in_order(a: Side<'_>, b: Side<'_>) -> bool {
    let (first, then) = if a.time <= b.time { (a, b) } else { (b, a) };
    first.time < then.time && first.stage.zip(then.stage).is_some_and(|(first, then)| first < then)
}

/// Whether people who have nothing to do with each other share the kind.
fn is_meeting_place(kind: EntityKind, openers: bool) -> bool {
    use EntityKind::{Agent, ApiKey, Application, Ip, Model, Tool};
    matches!(kind, Agent | Application | Ip | Model | Tool) || (openers && kind == ApiKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntityKind as K;

    const HOUR: i64 = 3_600_000;

    fn keys(rules: &Rules, entities: &[(EntityKind, &[&str])]) -> Vec<LinkKey> {
        let entities = entities.iter().filter_map(|(kind, ids)| Entity::new(*kind, ids.iter().copied()));
        let mut keys: Vec<LinkKey> = entities.flat_map(|e| rules.entity_keys(&e).collect::<Vec<_>>()).collect();
        keys.sort_unstable();
        keys
    }

    fn side(keys: &[LinkKey]) -> Side<'_> {
        Side { kind: SignalKind::AiAlert, keys, time: Timestamp::default(), stage: None, threat: None }
    }

    fn after(side: Side<'_>, distance: i64) -> Side<'_> {
        Side { time: Timestamp::from_millis(distance).expect("a time"), ..side }
    }

    /// The strength of two signals that have `keys` both, and whether it makes two stories one.
    fn strength(rules: &Rules, keys: &[LinkKey], distance: i64, spread: Spread) -> (u32, bool) {
        let (first, then) = (side(keys), after(side(keys), distance));
        let evidence = rules.evidence(first, then, |_, _| Ok(spread)).expect("no store");
        (evidence.all(), evidence.joins(rules.threshold))
    }

    #[test]
    fn only_what_names_an_actor_or_an_artefact_links_alone() {
        let rules = Rules::new(Config::default());
        let links = |entities: &[(K, &[&str])], distance| {
            strength(&rules, &keys(&rules, entities), distance, Spread::Few).0 >= rules.threshold
        };
        for kind in [K::User, K::Session, K::Device, K::Mailbox] {
            assert!(links(&[(kind, &["a1"])], 24 * HOUR), "{kind:?}");
            assert!(!links(&[(kind, &["a1"])], 24 * HOUR + 1), "{kind:?}");
        }
        assert!(links(&[(K::ApiKey, &["a1"])], 48 * HOUR) && !links(&[(K::ApiKey, &["a1"])], 48 * HOUR + 1));
        for kind in [K::File, K::Url, K::CloudResource] {
            assert!(links(&[(kind, &["a1"])], 19 * HOUR), "{kind:?}");
            assert!(!links(&[(kind, &["a1"])], 21 * HOUR), "{kind:?}");
        }
        for kind in [K::Agent, K::Application, K::Domain, K::Model, K::Process, K::Tool] {
            assert!(!links(&[(kind, &["a1", "a2", "a3"])], 0), "{kind:?}");
        }
        assert!(!links(&[(K::Ip, &["203.0.113.7"]), (K::Application, &["chat"])], 0));
        assert!(links(&[(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"])], 2 * HOUR));
        assert!(!links(&[(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"])], 3 * HOUR));
        for private in ["10.1.2.3", "100.64.0.1", "fd00::1"] {
            assert!(!links(&[(K::Ip, &[private]), (K::Agent, &["helper"])], 0), "{private}");
        }
        assert!(links(&[(K::Ip, &["100.128.0.1"]), (K::Agent, &["helper"])], 0));
    }

    #[test]
    fn a_kind_counts_once_with_its_weightiest_key() {
        let rules = Rules::new(Config::default());
        let keys = keys(&rules, &[(K::Ip, &["10.0.0.1", "203.0.113.7"]), (K::Ip, &["203.0.113.8"])]);
        assert_eq!(strength(&rules, &keys, 0, Spread::Few), (350, false));
    }

    /// How far a key links alone is where its worth falls below the threshold, to the millisecond.
    #[test]
    fn the_reach_ends_where_the_strength_falls_below_the_threshold() {
        let mut rules = Rules::new(Config::default());
        for (weight, floor, secs) in [(600, 0.6, 172_800), (501, 0.0, 86_400), (999, 0.37, 7), (1_000, 1.0, 50)] {
            let config = Config { window_secs: secs, recency_floor: floor, ..Config::default() };
            rules = Rules::new(config);
            let key = LinkKey { kind: K::Device, id: "d".into(), mentioned: false, weight, via: Vec::new() };
            let reach = rules.reach(&key, Spread::Few).expect("a reach");
            let at = |distance| strength(&rules, std::slice::from_ref(&key), distance, Spread::Few).0;
            assert!(at(reach) >= rules.threshold && at(reach + 1) < rules.threshold, "{weight} {floor}: {reach}");
        }
        let weak = LinkKey { kind: K::Device, id: "d".into(), mentioned: false, weight: 499, via: Vec::new() };
        assert_eq!((rules.reach(&weak, Spread::Few), rules.reach(&weak, Spread::Hub)), (None, None));
    }

    #[test]
    fn a_hub_needs_a_second_independent_kind_and_is_never_solid() {
        let rules = Rules::new(Config::default());
        let of = |entities: &[(K, &[&str])]| strength(&rules, &keys(&rules, entities), 0, Spread::Hub);
        for kind in K::ALL {
            assert!(of(&[(kind, &["a1"])]).0 < rules.threshold, "{kind:?}");
        }
        let (all, joins) = of(&[(K::User, &["svc"]), (K::Device, &["host"])]);
        assert!(all >= rules.threshold && !joins);
        for one_thing in [
            [(K::Device, ["host"].as_slice()), (K::Ip, &["203.0.113.7"])],
            [(K::User, &["svc"]), (K::Mailbox, &["svc"])],
            [(K::File, &["a"]), (K::Process, &["a"])],
        ] {
            assert!(of(&one_thing).0 < rules.threshold, "{one_thing:?}");
        }
        let many = keys(&rules, &[(K::Device, &["host"])]);
        assert_eq!(strength(&rules, &many, 0, Spread::Many), (630, true));
    }

    #[test]
    fn stories_become_one_by_an_actor_by_two_kinds_or_by_a_sequence() {
        let rules = Rules::new(Config::default());
        let joins = |entities: &[(K, &[&str])], stages: [Option<u8>; 2]| {
            let keys = keys(&rules, entities);
            let first = Side { stage: stages[0], ..side(&keys) };
            let then = Side { stage: stages[1], ..after(side(&keys), 1_000) };
            let evidence = rules.evidence(first, then, |_, _| Ok(Spread::Few)).expect("no store");
            assert!(evidence.all() >= rules.threshold, "{entities:?}");
            evidence.joins(rules.threshold)
        };
        for actor in [K::User, K::Mailbox, K::Session, K::ApiKey, K::Device] {
            assert!(joins(&[(actor, &["a1"])], [None; 2]), "{actor:?}");
        }
        for artefact in [K::File, K::Url, K::CloudResource] {
            assert!(!joins(&[(artefact, &["a1"])], [None; 2]), "{artefact:?}");
            assert!(!joins(&[(artefact, &["a1"]), (K::Application, &["chat"])], [None; 2]), "{artefact:?}");
            assert!(!joins(&[(artefact, &["a1"])], [Some(3), Some(3)]), "{artefact:?}");
            assert!(!joins(&[(artefact, &["a1"])], [Some(4), Some(3)]), "{artefact:?}");
            assert!(joins(&[(artefact, &["a1"])], [Some(3), Some(4)]), "{artefact:?}");
            assert!(joins(&[(artefact, &["a1"]), (K::Ip, &["10.0.0.1"])], [None; 2]), "{artefact:?}");
        }
        assert!(!joins(&[(K::Url, &["a1"]), (K::Domain, &["d"])], [None; 2]), "both are one place");
        assert!(joins(&[(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"])], [None; 2]));
    }

    #[test]
    fn an_order_adds_only_to_what_is_shared_already() {
        let rules = Rules::new(Config::default());
        let all = |entities: &[(K, &[&str])], spread| {
            let keys = keys(&rules, entities);
            let first = Side { stage: Some(2), ..side(&keys) };
            let then = Side { stage: Some(8), ..after(side(&keys), 1) };
            let evidence = rules.evidence(first, then, |_, _| Ok(spread)).expect("no store");
            (evidence.all(), evidence.sequence())
        };
        assert_eq!(all(&[(K::Ip, &["203.0.113.7"])], Spread::Few), (450, 100));
        assert_eq!(all(&[(K::Application, &["chat"])], Spread::Few), (100, 0));
        assert_eq!(all(&[(K::User, &["svc"])], Spread::Hub), (350, 0));
        assert_eq!(all(&[], Spread::Few), (0, 0));
    }

    #[test]
    fn different_people_in_one_place_are_not_linked() {
        let rules = Rules::new(Config::default());
        let place: [(K, &[&str]); 3] = [(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"]), (K::ApiKey, &["k1"])];
        let with = |extra: &[(K, &'static [&'static str])]| keys(&rules, &[&place, extra].concat());
        let (alice, bob, nobody) = (with(&[(K::User, &["alice"])]), with(&[(K::User, &["bob"])]), with(&[]));
        let all = |a: Side<'_>, b: Side<'_>| rules.evidence(a, b, |_, _| Ok(Spread::Few)).expect("no store").all();
        assert_eq!(all(side(&alice), side(&bob)), 0);
        assert_eq!(all(side(&alice), side(&nobody)), 1_550);
        assert_eq!(all(side(&alice), side(&alice)), 2_550);
        let used = Side { kind: SignalKind::Context, ..side(&bob) };
        assert_eq!(all(side(&alice), used), 1_550, "a key that an alert names and others use is no meeting place");
    }

    #[test]
    fn generic_accounts_and_mentioned_users_weigh_less() {
        let rules = Rules::new(Config::default());
        for id in ["admin", "user", "42"] {
            let alone = keys(&rules, &[(K::User, &[id])]);
            assert!(strength(&rules, &alone, 0, Spread::Few).0 < rules.threshold, "{id}");
            let at_home = keys(&rules, &[(K::User, &[id]), (K::Application, &["bot"])]);
            assert!(strength(&rules, &at_home, 0, Spread::Few).0 >= rules.threshold, "{id}");
        }
        let user = Entity::new(K::User, ["bob@contoso.example"]).expect("a user");
        let acting: Vec<_> = rules.entity_keys(&user).collect();
        let mentioned: Vec<_> = rules.entity_keys(&user.clone().mentioned()).collect();
        let evidence = rules.evidence(side(&mentioned), side(&acting), |_, _| Ok(Spread::Few)).expect("no store");
        assert_eq!((evidence.all(), evidence.joins(rules.threshold)), (700, false));
        assert_eq!(rules.reach(&mentioned[0], Spread::Few), None);
    }

    #[test]
    fn kinds_without_index_rows_cannot_link_together() {
        let rules = Rules::new(Config::default());
        let light = EntityKind::ALL.iter().filter(|kind| !rules.indexed[**kind as usize]);
        let sum: u32 = light.map(|kind| thousandths(rules.config.weights.largest(*kind))).sum();
        assert!(sum < rules.threshold);
        assert!(!rules.indexed[K::Application as usize]);
        assert!(rules.indexed[K::Ip as usize]);
    }
}
