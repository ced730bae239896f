//! What records can share: users, devices, addresses, keys and the like.
//!
//! An entity is one thing with all the identifiers that a record gives for it, so that a user known
//! by object id here and by UPN there is found by either. Identifiers are canonical: trimmed, lower
//! case, and never one of the placeholders with which vendors write "nothing" ([`is_placeholder`]).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::placeholder;
pub use crate::placeholder::is_placeholder;

/// The kinds of entity that link records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An AI agent.
    Agent,
    /// The id of an API or access key, or the keyed hash of a secret one.
    ApiKey,
    /// An application.
    Application,
    /// A cloud resource, by ARN or resource id.
    CloudResource,
    /// A computer, by id, host name or FQDN.
    Device,
    /// A domain name.
    Domain,
    /// A file, by hash or path.
    File,
    /// An IP address.
    Ip,
    /// A mailbox.
    Mailbox,
    /// A model.
    Model,
    /// A process, by hash or image path.
    Process,
    /// A login session or conversation.
    Session,
    /// A tool that a model may call.
    Tool,
    /// A URL.
    Url,
    /// A person or service account, by id, UPN, e-mail address or SID.
    User,
}

impl EntityKind {
    /// Every kind, alphabetically.
    pub const ALL: [Self; 15] = [
        Self::Agent,
        Self::ApiKey,
        Self::Application,
        Self::CloudResource,
        Self::Device,
        Self::Domain,
        Self::File,
        Self::Ip,
        Self::Mailbox,
        Self::Model,
        Self::Process,
        Self::Session,
        Self::Tool,
        Self::Url,
        Self::User,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::ApiKey => "api_key",
            Self::Application => "application",
            Self::CloudResource => "cloud_resource",
            Self::Device => "device",
            Self::Domain => "domain",
            Self::File => "file",
            Self::Ip => "ip",
            Self::Mailbox => "mailbox",
            Self::Model => "model",
            Self::Process => "process",
            Self::Session => "session",
            Self::Tool => "tool",
            Self::Url => "url",
            Self::User => "user",
        }
    }
}

/// Which end of a connection or request a thing was; records name it for addresses and devices.
///
/// It is said for people and rules and never links: one address is one thing, whichever way the traffic went.
/// Whether an address is public or private stands in the address itself ([`is_private_ip`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Where it came from: the client, the sender, who acts.
    Source,
    /// Where it went: the server, the target.
    Destination,
    /// What stood between the two: a reverse proxy, a gateway, a NAT.
    Proxy,
}

impl Role {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Proxy => "proxy",
        }
    }

    /// The role of what two records name in a role each: the first in the order above, whichever comes first,
    /// so that neither order nor repetition of records shows.
    pub fn of_both(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        a.into_iter().chain(b).min()
    }
}

/// The most identifiers that one entity keeps; further ones are dropped.
pub const IDS_PER_ENTITY_MAX: usize = 8;
/// The longest identifier, in bytes; longer ones are dropped, since they are content, not names.
pub const ID_BYTES_MAX: usize = 1024;

/// One thing that a record names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its canonical identifiers, sorted, at least one.
    pub ids: Vec<String>,
    /// A name for people; never used to link.
    #[serde(default)]
    pub name: Option<String>,
    /// Which end it was, where the record says so; never used to link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether only a text names it: whoever wrote the text chose it, so it says less than what a record
    /// itself states about who took part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentioned: bool,
}

impl Entity {
    /// The entity with those of `ids` that identify something; `None` when none does.
    pub fn new<'a>(kind: EntityKind, ids: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        Self::of_canonical_ids(kind, ids.into_iter().filter_map(|id| canonical_id(kind, id)).collect())
    }

    /// The entity with `ids`, each of which [`canonical_id`] made; `None` when there are none.
    pub(crate) fn of_canonical_ids(kind: EntityKind, mut ids: Vec<String>) -> Option<Self> {
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(IDS_PER_ENTITY_MAX);
        (!ids.is_empty()).then_some(Self { kind, ids, name: None, role: None, mentioned: false })
    }

    /// The same entity with a name for people, unless that is a placeholder.
    pub fn named(mut self, name: Option<&str>) -> Self {
        self.name = name.map(str::trim).filter(|name| !is_placeholder(name)).map(str::to_owned);
        self
    }

    /// The same entity in a role.
    pub fn in_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The same entity as one that only a text names.
    pub fn mentioned(self) -> Self {
        Self { mentioned: true, ..self }
    }

    /// How people should see it: the name, else the first identifier.
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.ids.first().map(String::as_str)).unwrap_or_default()
    }
}

/// The canonical form of an identifier, or `None` where it identifies nothing.
pub fn canonical_id(kind: EntityKind, id: &str) -> Option<String> {
    // Fixed-width fields end in NULs; within a name a control character is none of its letters.
    let graphic = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    let plain = graphic(id.as_bytes().first()) && graphic(id.as_bytes().last());
    let id = if plain { id } else { id.trim_matches(|c: char| c.is_whitespace() || c.is_control()) };
    if is_placeholder(id) || id.len() > ID_BYTES_MAX || has_control(id) {
        return None;
    }
    match kind {
        EntityKind::Ip => canonical_ip(id),
        EntityKind::User => canonical_user(id),
        EntityKind::Device => canonical_device(id),
        EntityKind::File | EntityKind::Process => canonical_file(id),
        // Paths of a URL are case-sensitive, and so are key ids and session ids.
        EntityKind::Url | EntityKind::ApiKey | EntityKind::Session => Some(id.to_owned()),
        _ => Some(id.to_lowercase()),
    }
}

fn has_control(id: &str) -> bool {
    let plain = |plain, byte: u8| plain & (0x20..0x7f).contains(&byte);
    !id.bytes().fold(true, plain) && id.chars().any(char::is_control)
}

/// Addresses in their shortest form, IPv4-mapped IPv6 as IPv4, ports and zones cut off; loopback,
/// unspecified, link-local, multicast and broadcast addresses name no one.
fn canonical_ip(id: &str) -> Option<String> {
    // Of IPv4 there is one spelling that parses, with a port behind it or none.
    let host = id.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(id, |(host, _)| host);
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return (!names_nobody(IpAddr::V4(v4))).then(|| host.to_owned());
    }
    let bare = id.trim_start_matches('[').split(['%', ']']).next().unwrap_or(id);
    let ip = bare.parse::<IpAddr>().or_else(|_| id.parse::<SocketAddr>().map(|s| s.ip())).ok()?.to_canonical();
    (!names_nobody(ip)).then(|| ip.to_string())
}

/// Addresses at which every machine of a platform finds the platform itself: Azure's agent, DNS and health probes
/// (learn.microsoft.com, "What is IP address 168.63.129.16"), Tailscale's resolver (tailscale.com/kb/1381).
const OF_PLATFORMS: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 100), Ipv4Addr::new(168, 63, 129, 16)];

/// Whether an address is every machine's own, or everybody's.
fn names_nobody(ip: IpAddr) -> bool {
    let local = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0 || OF_PLATFORMS.contains(&v4),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    local || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast()
}

/// Whether `ip` is an address that means something only within a network: RFC 1918, carrier-grade NAT, unique
/// local IPv6. Other texts are none.
pub fn is_private_ip(ip: &str) -> bool {
    match ip.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || matches!(ip.octets(), [100, second, ..] if second & 0xc0 == 64),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local(),
        Err(_) => false,
    }
}

/// Machine and built-in accounts act for no person and stand on every machine alike.
fn canonical_user(id: &str) -> Option<String> {
    let id = id.to_lowercase();
    let id = if id.contains('#') { guest_at_home(id) } else { id };
    let (domain, account) = id.rsplit_once('\\').unwrap_or(("", &id));
    let (name, realm) = account.split_once('@').unwrap_or((account, ""));
    let nothing = name.ends_with('$')
        || id.starts_with('@')
        || id.ends_with('@')
        || placeholder::is_built_in_domain(domain)
        || placeholder::is_built_in_domain(realm)
        || is_placeholder(name) && is_placeholder(realm)
        || placeholder::is_built_in_sid(&id)
        || placeholder::is_built_in_account(account)
        || (domain.is_empty() && placeholder::is_default_account(account));
    (!nothing).then_some(id)
}

/// A guest by the address with which they sign in at home: `bob_fabrikam.com#ext#@contoso.onmicrosoft.com` is how Entra
/// makes a name of `bob@fabrikam.com`, `urn:spo:guest#bob@fabrikam.com` how SharePoint does.
/// Source: learn.microsoft.com/entra/external-id/user-properties.
fn guest_at_home(id: String) -> String {
    if let Some(address) = id.strip_prefix("urn:spo:guest#") {
        return address.to_owned();
    }
    let home = id.split_once("#ext#").and_then(|(name, _)| name.rsplit_once('_'));
    match home.filter(|(name, domain)| !name.is_empty() && domain.contains('.')) {
        Some((name, domain)) => format!("{name}@{domain}"),
        None => id,
    }
}

/// Host names without the trailing dot; `localhost` is every machine and so none, and an address is none either.
fn canonical_device(id: &str) -> Option<String> {
    let bare = id.trim_end_matches('.').trim_start_matches("\\\\");
    if bare.len() < id.len() && is_placeholder(bare) {
        return None;
    }
    let id = bare.to_lowercase();
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%');
    let address = || id.bytes().all(of_address) && id.parse::<IpAddr>().is_ok();
    (!placeholder::is_default_device(&id) && !address()).then_some(id)
}

/// Hashes and paths in lower case; the hash of nothing is every empty file's.
fn canonical_file(id: &str) -> Option<String> {
    Some(id.to_lowercase()).filter(|id| !placeholder::is_empty_hash(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_who_they_are_at_home() {
        for (id, home) in [
            ("Bob_Jones_fabrikam.com#EXT#@contoso.onmicrosoft.com", "bob_jones@fabrikam.com"),
            ("urn:spo:guest#carl@fabrikam.com", "carl@fabrikam.com"),
            ("ada_x#EXT#@contoso.example", "ada_x#ext#@contoso.example"),
        ] {
            assert_eq!(canonical_id(EntityKind::User, id).as_deref(), Some(home));
        }
    }

    #[test]
    fn of_two_roles_the_first_counts_in_any_order() {
        use Role::{Destination, Proxy, Source};
        for (a, b, both) in [
            (None, None, None),
            (Some(Source), None, Some(Source)),
            (Some(Destination), Some(Source), Some(Source)),
            (Some(Proxy), Some(Destination), Some(Destination)),
        ] {
            assert_eq!((Role::of_both(a, b), Role::of_both(b, a)), (both, both));
        }
    }

    #[test]
    fn private_addresses_are_known() {
        for ip in ["10.0.0.1", "172.31.255.1", "192.168.2.5", "100.64.0.1", "100.127.0.1", "fd00::1"] {
            assert!(is_private_ip(ip), "{ip}");
        }
        for ip in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "", "ws07"] {
            assert!(!is_private_ip(ip), "{ip}");
        }
    }

    #[test]
    fn addresses_have_one_form() {
        for text in ["::ffff:192.168.2.5", "192.168.2.5:443", "[::ffff:192.168.2.5]:443", " 192.168.2.5 "] {
            assert_eq!(canonical_id(EntityKind::Ip, text).as_deref(), Some("192.168.2.5"), "{text}");
        }
        for text in ["127.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "999.1.1.1", "10.0.0.1:99999"] {
            assert_eq!(canonical_id(EntityKind::Ip, text), None, "{text}");
        }
    }
}
