//! One indicator: an observable, and what a feed says about it.

use std::net::IpAddr;

use schemas::Timestamp;

use crate::addresses::{is_host_name, parts};

/// What may be observed, in the form in which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Observable {
    /// An e-mail address in lower case.
    Email(String),
    /// MD5, SHA-1 or SHA-256 of a file in lower-case hexadecimal.
    Hash(String),
    /// A host name in lower case; those below it are meant as well.
    Domain(String),
    /// Addresses that share their first `bits`.
    Network {
        /// The first address.
        first: IpAddr,
        /// How many bits count: 32 or 128 for a single address.
        bits: u8,
    },
    /// A URL without scheme and fragment, its host in lower case.
    Url(String),
    /// A user agent, whole, in lower case.
    UserAgent(String),
}

/// What it means to be on a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Known as harmless; wins over any other list that says no more precise thing.
    Allowed,
    /// Hides who uses it: exits of Tor, open proxies.
    Anonymizer,
    /// Belongs to an attacker.
    #[default]
    Malicious,
}

/// What one feed says about one observable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// What it is about.
    pub observable: Observable,
    /// How sure the feed is, 0 to 100; `None` where it does not say.
    pub confidence: Option<u8>,
    /// From when on it does not count any more.
    pub valid_until: Option<Timestamp>,
}

/// The longest observable in bytes: longer ones are cut off in texts, too.
const OBSERVABLE_BYTES_MAX: usize = 2048;

impl Observable {
    /// Reads a value whose kind nobody names, as lists hold it; dots in brackets and `hxxp` are undone.
    pub fn guess(text: &str) -> Option<Self> {
        let text = refanged(text)?;
        Self::network(&text)
            .or_else(|| text.contains("://").then(|| Self::url(&text))?)
            .or_else(|| Self::hash(&text))
            .or_else(|| Self::email(&text))
            .or_else(|| Self::domain(&text))
            .or_else(|| text.contains('/').then(|| Self::url(&text))?)
    }

    /// An address or a network; bits behind the prefix are cleared, as feeds are careless about them.
    pub fn network(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim().trim_matches(['[', ']']).parse().ok()?;
        let canonical = address.to_canonical();
        let full = width(canonical);
        let bits = match prefix {
            None => full,
            Some(prefix) => prefix.trim().parse::<u8>().ok()?.checked_sub(width(address) - full)?,
        };
        (bits <= full).then(|| Self::Network { first: masked(canonical, bits), bits })
    }

    /// A host name.
    pub fn domain(text: &str) -> Option<Self> {
        let name = text.trim().trim_start_matches("*.").trim_matches('.').to_lowercase();
        is_host_name(&name).then_some(Self::Domain(name))
    }

    /// An e-mail address.
    pub fn email(text: &str) -> Option<Self> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let plain = !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':'));
        (plain && is_host_name(domain)).then_some(Self::Email(address))
    }

    /// A digest of MD5's, SHA-1's or SHA-256's length.
    pub fn hash(text: &str) -> Option<Self> {
        let text = text.trim();
        let digest = [32, 40, 64].contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        digest.then(|| Self::Hash(text.to_ascii_lowercase()))
    }

    /// A URL with or without a scheme. What is only a host is that host.
    pub fn url(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let parts = parts(&text);
        if parts.host.is_empty() || text.contains(char::is_whitespace) {
            return None;
        }
        let bare = parts.query.is_empty() && matches!(parts.path, "" | "/");
        if bare && let Some(host) = Self::network(parts.host).or_else(|| Self::domain(parts.host)) {
            return Some(host);
        }
        Some(Self::Url(url_key(&text)))
    }

    /// A user agent.
    pub fn user_agent(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        (!text.is_empty() && text.len() <= OBSERVABLE_BYTES_MAX).then_some(Self::UserAgent(text))
    }
}

/// How a URL is looked up: host in lower case without the scheme's own port, path and query as they are.
pub(super) fn url_key(url: &str) -> String {
    let parts = parts(url);
    let host = parts.host_and_port.to_lowercase();
    let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(&host);
    let path = if parts.path.is_empty() { "/" } else { parts.path };
    let mark = if parts.query.is_empty() { "" } else { "?" };
    format!("{host}{path}{mark}{}", parts.query)
}

/// The text as it was before somebody made it harmless; `None` for what is too long or empty.
fn refanged(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= OBSERVABLE_BYTES_MAX;
    let plain = |text: &str| text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("hxxp", "http");
    fits.then(|| plain(text))
}

pub(super) fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `address` with its first `bits` alone.
pub(super) fn masked(address: IpAddr, bits: u8) -> IpAddr {
    let rest = u32::from(width(address).saturating_sub(bits));
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(rest).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(rest).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_and_normalised() {
        let network = |first: &str, bits| Observable::Network { first: first.parse().expect(first), bits };
        for (text, expected) in [
            ("198.51.100.7", network("198.51.100.7", 32)),
            ("198.51.100.7/24", network("198.51.100.0", 24)),
            ("::ffff:198.51.100.7", network("198.51.100.7", 32)),
            ("2001:db8::1/32", network("2001:db8::", 32)),
            ("0.0.0.0/0", network("0.0.0.0", 0)),
            ("hxxps://Evil[.]example:443/A?b=1#c", Observable::Url("evil.example/A?b=1".into())),
            ("https://evil.example/", Observable::Domain("evil.example".into())),
            ("*.Evil.example.", Observable::Domain("evil.example".into())),
            ("evil.example/kit", Observable::Url("evil.example/kit".into())),
            ("Mallory@Evil.example", Observable::Email("mallory@evil.example".into())),
            ("D41D8CD98F00B204E9800998ECF8427E", Observable::Hash("d41d8cd98f00b204e9800998ecf8427e".into())),
        ] {
            assert_eq!(Observable::guess(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        for text in [
            "",
            " ",
            "word",
            "two words.example",
            "1.2.3.4/33",
            "1.2.3.4/-1",
            "http://",
            "@evil.example",
            "é/",
            "[",
            "d41d8c",
        ] {
            assert!(
                !matches!(
                    Observable::guess(text),
                    Some(
                        Observable::Domain(_) | Observable::Network { .. } | Observable::Hash(_) | Observable::Email(_)
                    )
                ),
                "{text}"
            );
        }
        assert_eq!(Observable::guess(&"a".repeat(OBSERVABLE_BYTES_MAX + 1)), None);
    }
}
