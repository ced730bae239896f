//! What two signals share, and what that is worth.
//!
//! Every identifier of every entity of a signal is a *link key*. A kind counts once, with its
//! weightiest shared key, and only within the kind's window; the sum of the kinds that count is the
//! *strength*. Weights are thousandths in whole numbers, so that sums are exact on every machine.
//!
//! Not every key has to be found by looking it up. Keys of the lightest kinds that together stay
//! below the threshold cannot link by themselves, so a linked pair always shares a key of one of the
//! other kinds: only those are *indexed*, and an application or a tool costs no index row.

use std::net::IpAddr;

use schemas::{Entity, EntityKind, Signal};

use crate::config::Config;

/// An identifier through which signals are linked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkKey {
    /// What it identifies.
    pub kind: EntityKind,
    /// The canonical identifier.
    pub id: String,
    /// Thousandths.
    pub weight: u32,
}

/// [`Config`] in the units in which the correlator computes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The configuration itself.
    pub config: Config,
    /// The link threshold in thousandths.
    pub threshold: u32,
    /// The widest window, in milliseconds.
    pub window_ms: i64,
    indexed: Vec<EntityKind>,
}

fn thousandths(number: f32) -> u32 {
    (number * 1_000.0).round() as u32
}

/// Seconds as milliseconds, clamped.
pub fn millis(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1_000)
}

impl Rules {
    /// The rules that `config` means.
    pub fn new(config: Config) -> Self {
        let threshold = thousandths(config.link_threshold);
        let mut kinds: Vec<(u32, EntityKind)> = EntityKind::ALL
            .iter()
            .map(|kind| {
                let weight = config.weights.of(*kind, false).max(config.weights.of(*kind, true));
                (thousandths(weight), *kind)
            })
            .collect();
        kinds.sort_unstable();
        let mut sum = 0;
        let light = kinds.iter().take_while(|(weight, _)| {
            sum += weight;
            sum < threshold
        });
        let light = light.count();
        let indexed = kinds.iter().skip(light).map(|(_, kind)| *kind).collect();
        Self { threshold, window_ms: millis(config.window_secs), indexed, config }
    }

    /// How far apart two signals may be for sharing this kind to count, in milliseconds.
    pub fn window(&self, kind: EntityKind) -> i64 {
        if kind == EntityKind::Ip { millis(self.config.ip_window_secs) } else { self.window_ms }
    }

    /// Whether sharing this key alone links.
    pub fn is_strong(&self, key: &LinkKey) -> bool {
        key.weight >= self.threshold
    }

    /// Whether the key has index rows.
    pub fn is_indexed(&self, key: &LinkKey) -> bool {
        self.indexed.contains(&key.kind)
    }

    /// The keys of a signal, the weightiest kept, sorted by kind and id; and how many were dropped.
    pub fn keys(&self, signal: &Signal) -> (Vec<LinkKey>, usize) {
        let mut keys: Vec<LinkKey> = signal.entities.iter().flat_map(|entity| self.entity_keys(entity)).collect();
        keys.sort_unstable();
        keys.dedup();
        let dropped = keys.len().saturating_sub(self.config.keys_per_signal_max);
        if dropped > 0 {
            keys.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.cmp(b)));
            keys.truncate(self.config.keys_per_signal_max);
            keys.sort_unstable();
        }
        (keys, dropped)
    }

    fn entity_keys<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = LinkKey> + 'a {
        entity.ids.iter().filter_map(|id| {
            let weight = thousandths(self.config.weights.of(entity.kind, is_private(entity.kind, id)));
            (weight > 0).then(|| LinkKey { kind: entity.kind, id: id.clone(), weight })
        })
    }

    /// What two sorted key lists share at a distance of `distance_ms`, counting only keys that
    /// `counts` accepts.
    pub fn strength(&self, a: &[LinkKey], b: &[LinkKey], distance_ms: i64, counts: impl Fn(&LinkKey) -> bool) -> u32 {
        let mut sum = 0;
        let mut kind_best: Option<(EntityKind, u32)> = None;
        let (mut agent, mut application, mut url, mut domain) = (0, 0, 0, 0);
        let mut count = |kind: EntityKind, weight: u32| match kind {
            EntityKind::Agent => agent = weight,
            EntityKind::Application => application = weight,
            EntityKind::Url => url = weight,
            EntityKind::Domain => domain = weight,
            _ => sum += weight,
        };
        for key in shared(a, b) {
            if distance_ms.abs() > self.window(key.kind) || !counts(key) {
                continue;
            }
            match &mut kind_best {
                Some((kind, best)) if *kind == key.kind => *best = (*best).max(key.weight),
                _ => {
                    if let Some((kind, best)) = kind_best.replace((key.kind, key.weight)) {
                        count(kind, best);
                    }
                }
            }
        }
        if let Some((kind, best)) = kind_best {
            count(kind, best);
        }
        // An agent implies its application and a URL its domain: one fact, counted once.
        sum + agent.max(application) + url.max(domain)
    }
}

/// The keys in both of two sorted lists, in order.
pub fn shared<'a>(a: &'a [LinkKey], b: &'a [LinkKey]) -> impl Iterator<Item = &'a LinkKey> {
    let mut others = b.iter().peekable();
    a.iter().filter(move |key| {
        while others.next_if(|other| other < key).is_some() {}
        others.peek().is_some_and(|other| other == key)
    })
}

/// Whether `id` is an address that every network has: RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193.
fn is_private(kind: EntityKind, id: &str) -> bool {
    if kind != EntityKind::Ip {
        return false;
    }
    match id.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || matches!(ip.octets(), [100, second, ..] if second & 0xc0 == 64),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(rules: &Rules, entities: &[(EntityKind, &[&str])]) -> Vec<LinkKey> {
        let entities = entities.iter().filter_map(|(kind, ids)| Entity::new(*kind, ids.iter().copied()));
        let mut keys: Vec<LinkKey> = entities.flat_map(|e| rules.entity_keys(&e).collect::<Vec<_>>()).collect();
        keys.sort_unstable();
        keys
    }

    const HOUR: i64 = 3_600_000;

    #[test]
    fn only_what_names_an_actor_links_alone() {
        use EntityKind as K;
        let rules = Rules::new(Config::default());
        let links = |entities: &[(K, &[&str])], distance| {
            let keys = keys(&rules, entities);
            rules.strength(&keys, &keys, distance, |_| true) >= rules.threshold
        };
        for kind in [K::User, K::Session, K::ApiKey, K::Device, K::Mailbox, K::File, K::Url, K::CloudResource] {
            assert!(links(&[(kind, &["a1"])], 24 * HOUR), "{kind:?}");
            assert!(!links(&[(kind, &["a1"])], 24 * HOUR + 1), "{kind:?}");
        }
        for kind in [K::Agent, K::Application, K::Domain, K::Model, K::Process, K::Tool] {
            assert!(!links(&[(kind, &["a1", "a2", "a3"])], 0), "{kind:?}");
        }
        assert!(!links(&[(K::Ip, &["203.0.113.7"]), (K::Application, &["chat"])], 0));
        assert!(links(&[(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"])], HOUR));
        assert!(!links(&[(K::Ip, &["203.0.113.7"]), (K::Agent, &["helper"])], HOUR + 1));
        for private in ["10.1.2.3", "100.64.0.1", "fd00::1"] {
            assert!(!links(&[(K::Ip, &[private]), (K::Agent, &["helper"])], 0), "{private}");
        }
        assert!(links(&[(K::Ip, &["100.128.0.1"]), (K::Agent, &["helper"])], 0));
    }

    #[test]
    fn a_kind_counts_once_with_its_weightiest_key() {
        let rules = Rules::new(Config::default());
        let keys = keys(&rules, &[(EntityKind::Ip, &["10.0.0.1", "203.0.113.7"]), (EntityKind::Ip, &["203.0.113.8"])]);
        assert_eq!(rules.strength(&keys, &keys, 0, |_| true), 350);
    }

    #[test]
    fn kinds_without_index_rows_cannot_link_together() {
        let rules = Rules::new(Config::default());
        let light = EntityKind::ALL.iter().filter(|kind| !rules.indexed.contains(kind));
        let sum: u32 = light.map(|kind| thousandths(rules.config.weights.of(*kind, false))).sum();
        assert!(sum < rules.threshold);
        assert!(!rules.indexed.contains(&EntityKind::Application));
        assert!(rules.indexed.contains(&EntityKind::Ip));
    }
}
