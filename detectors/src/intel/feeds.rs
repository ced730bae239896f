//! All indicators, compiled for look-up.
//!
//! A look-up costs the same whatever the feeds hold: one hash for a URL, a digest or a user agent, one for each label
//! of a host name, one for each length of prefix that occurs (33 for IPv4 and 129 for IPv6 at most) for an address.
//! Where lists disagree the more precise entry counts, and of two equally precise the one that allows.
//!
//! Bounded: [`INDICATORS_MAX`]; what goes beyond is left out in the order of the feeds and counted.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use schemas::Timestamp;

use super::indicator::{Indicator, Observable, Standing, masked, url_key};

/// The most indicators in memory. An entry costs its text and some hundred bytes.
pub const INDICATORS_MAX: usize = 2_000_000;
/// The confidence of feeds that name none, 0 to 100.
pub const CONFIDENCE_DEFAULT: u8 = 75;

/// What the feeds say about something that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'f> {
    /// What it means.
    pub standing: Standing,
    /// How sure the feed is, 0 to 100.
    pub confidence: u8,
    /// The feed's name.
    pub feed: &'f str,
}

impl Match<'_> {
    /// The confidence as a score.
    pub fn score(&self) -> f32 {
        f32::from(self.confidence.min(100)) / 100.0
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    standing: Standing,
    confidence: u8,
    feed: u16,
    valid_until: Option<Timestamp>,
}

impl Entry {
    /// What counts of two about the same thing: to allow, then the worse, then the surer, then the longer.
    fn rank(&self) -> (bool, Standing, u8, Timestamp) {
        let end = self.valid_until.unwrap_or(Timestamp::MAX);
        (self.standing == Standing::Allowed, self.standing, self.confidence, end)
    }
}

/// The feeds as they stand. Cheap to share, never changed.
#[derive(Debug, Default)]
pub struct Feeds {
    names: Vec<String>,
    /// Everything but networks.
    values: HashMap<Observable, Entry>,
    /// By length of the prefix, the longest first.
    networks: BTreeMap<std::cmp::Reverse<u8>, HashMap<IpAddr, Entry>>,
    left_out: usize,
}

/// Compiles feeds.
#[derive(Debug, Default)]
pub struct FeedsBuilder(Feeds);

impl FeedsBuilder {
    /// Adds the indicators of the feed `name`, with its confidence where they name none.
    pub fn add(
        &mut self,
        name: &str,
        standing: Standing,
        confidence: Option<u8>,
        indicators: impl IntoIterator<Item = Indicator>,
    ) {
        let Ok(feed) = u16::try_from(self.0.names.len()) else { return };
        self.0.names.push(name.to_owned());
        for indicator in indicators {
            let sure = indicator.confidence.or(confidence).unwrap_or(CONFIDENCE_DEFAULT).min(100);
            let entry = Entry { standing, confidence: sure, feed, valid_until: indicator.valid_until };
            self.0.insert(indicator.observable, entry);
        }
    }

    /// The feeds, ready to be asked.
    pub fn build(self) -> Arc<Feeds> {
        Arc::new(self.0)
    }
}

impl Feeds {
    fn insert(&mut self, observable: Observable, entry: Entry) {
        let full = self.len() >= INDICATORS_MAX;
        let better = |known: &mut Entry| {
            if entry.rank() > known.rank() {
                *known = entry;
            }
        };
        match observable {
            Observable::Network { first, bits } => {
                let table = self.networks.entry(std::cmp::Reverse(bits)).or_default();
                match table.get_mut(&first) {
                    Some(known) => better(known),
                    None if full => self.left_out += 1,
                    None => drop(table.insert(first, entry)),
                }
            }
            value => match self.values.get_mut(&value) {
                Some(known) => better(known),
                None if full => self.left_out += 1,
                None => drop(self.values.insert(value, entry)),
            },
        }
    }

    /// How many indicators there are.
    pub fn len(&self) -> usize {
        self.values.len() + self.networks.values().map(HashMap::len).sum::<usize>()
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.networks.is_empty()
    }

    /// How many indicators [`INDICATORS_MAX`] kept out.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What the feeds say about an address.
    pub fn address(&self, address: IpAddr, at: Timestamp) -> Option<Match<'_>> {
        let address = address.to_canonical();
        let is_v4 = address.is_ipv4();
        let fits = self.networks.iter().filter(|(bits, _)| !is_v4 || bits.0 <= 32);
        let found = fits.filter_map(|(bits, table)| table.get(&masked(address, bits.0)));
        self.first(found, at)
    }

    /// What the feeds say about a host name in lower case, or about one above it.
    pub fn domain(&self, name: &str, at: Timestamp) -> Option<Match<'_>> {
        let name = name.trim_end_matches('.');
        // From the right: labels in front, however many, must not hide a name.
        let above: Vec<usize> = name.rmatch_indices('.').map(|(dot, _)| dot + 1).take(DOMAIN_LABELS_MAX).collect();
        let starts = std::iter::once(0).chain(above.into_iter().rev());
        let names = starts.filter_map(|start| name.get(start..)).filter(|name| name.len() <= NAME_BYTES_MAX);
        self.first(names.filter_map(|name| self.values.get(&Observable::Domain(name.to_owned()))), at)
    }

    /// What the feeds say about a URL: itself, itself without its query, or its host.
    pub fn url(&self, url: &str, host: &str, at: Timestamp) -> Option<Match<'_>> {
        let key = url_key(url);
        let bare = key.split_once('?').map(|(bare, _)| bare.to_owned());
        let keys = std::iter::once(key).chain(bare);
        let exact = self.first(keys.filter_map(|key| self.values.get(&Observable::Url(key))), at);
        exact.or_else(|| self.host(host, at))
    }

    /// What the feeds say about a host, by name or by address.
    pub fn host(&self, host: &str, at: Timestamp) -> Option<Match<'_>> {
        match host.parse() {
            Ok(address) => self.address(address, at),
            Err(_) => self.domain(&host.to_lowercase(), at),
        }
    }

    /// What the feeds say about anything else, exactly.
    pub fn exact(&self, observable: &Observable, at: Timestamp) -> Option<Match<'_>> {
        self.first(self.values.get(observable).into_iter(), at)
    }

    /// The first that still counts; nothing where that one allows.
    fn first<'f>(&'f self, mut found: impl Iterator<Item = &'f Entry>, at: Timestamp) -> Option<Match<'f>> {
        let entry = found.find(|entry| entry.valid_until.is_none_or(|end| at < end))?;
        let feed = self.names.get(usize::from(entry.feed)).map_or("", String::as_str);
        let Entry { standing, confidence, .. } = *entry;
        (standing != Standing::Allowed).then_some(Match { standing, confidence, feed })
    }
}

/// The most names that a look-up of one host asks for besides itself: nobody lists that deep.
const DOMAIN_LABELS_MAX: usize = 16;
/// The longest name (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Indicator {
        Indicator { observable: Observable::guess(text).expect(text), confidence: None, valid_until: None }
    }

    fn feeds(lists: &[(Standing, &[&str])]) -> Arc<Feeds> {
        let mut builder = FeedsBuilder::default();
        for (standing, values) in lists {
            builder.add("test", *standing, Some(90), values.iter().map(|text| listed(text)));
        }
        builder.build()
    }

    fn now() -> Timestamp {
        Timestamp::default()
    }

    #[test]
    fn names_below_and_addresses_within_are_found() {
        let feeds =
            feeds(&[(Standing::Malicious, &["evil.example", "198.51.100.0/24", "2001:db8::/32", "kit.example/a?b=1"])]);
        let host = |host: &str| feeds.host(host, now()).is_some();
        assert!(host("evil.example") && host("A.b.Evil.example") && host("198.51.100.9") && host("2001:db8::9"));
        assert!(host("::ffff:198.51.100.9"));
        assert!(!host("notevil.example") && !host("example") && !host("198.51.101.9") && !host("2001:db9::9"));
        let url = |url: &str| feeds.url(url, crate::addresses::parts(url).host, now()).is_some();
        assert!(url("https://kit.example/a?b=1#x") && url("http://x.evil.example/anything"));
        assert!(!url("https://kit.example/a?b=2") && !url("https://kit.example/"));
    }

    #[test]
    fn the_more_precise_entry_counts_and_of_equals_the_one_that_allows() {
        let feeds = feeds(&[
            (Standing::Malicious, &["host.example", "bad.good.example", "10.0.0.0/8", "same.example", "192.0.2.7"]),
            (Standing::Allowed, &["safe.host.example", "good.example", "10.1.0.0/16", "same.example", "192.0.2.0/24"]),
        ]);
        for (host, found) in [
            ("x.host.example", true),
            ("a.safe.host.example", false),
            ("bad.good.example", true),
            ("good.example", false),
            ("same.example", false),
            ("10.2.0.1", true),
            ("10.1.0.1", false),
            ("192.0.2.7", true),
        ] {
            assert_eq!(feeds.host(host, now()).is_some(), found, "{host}");
        }
    }

    #[test]
    fn what_has_expired_at_the_interactions_time_counts_no_more() {
        let end = Timestamp::default().saturating_add_millis(1000);
        let mut builder = FeedsBuilder::default();
        builder.add(
            "short",
            Standing::Malicious,
            None,
            [Indicator { valid_until: Some(end), ..listed("evil.example") }],
        );
        let feeds = builder.build();
        assert!(feeds.host("evil.example", now()).is_some());
        assert!(feeds.host("evil.example", end).is_none());
        let found = feeds.host("evil.example", now()).expect("listed");
        assert_eq!((found.feed, found.confidence), ("short", CONFIDENCE_DEFAULT));
    }

    #[test]
    fn hostile_names_cost_no_more() {
        let feeds = feeds(&[(Standing::Malicious, &["evil.example"])]);
        assert!(feeds.host(&format!("{}evil.example", "a.".repeat(5)), now()).is_some());
        assert!(feeds.host(&format!("{}evil.example", "a.".repeat(100)), now()).is_some());
        for host in ["", ".", &"a.".repeat(100_000), "....", "\u{0}"] {
            assert!(feeds.host(host, now()).is_none());
        }
    }
}
