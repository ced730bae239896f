//! What records can share: users, devices, addresses, keys and the like.
//!
//! An entity is one thing with all the identifiers that a record gives for it, so that a user known
//! by object id here and by UPN there is found by either. Identifiers are canonical: trimmed, lower
//! case, and never one of the placeholders with which vendors write "nothing" ([`is_placeholder`]).

use serde::{Deserialize, Serialize};

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
    /// Whether only a text names it: whoever wrote the text chose it, so it says less than what a record
    /// itself states about who took part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentioned: bool,
}

impl Entity {
    /// The entity with those of `ids` that identify something; `None` when none does.
    pub fn new<'a>(kind: EntityKind, ids: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut ids: Vec<String> = ids.into_iter().filter_map(|id| canonical_id(kind, id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(IDS_PER_ENTITY_MAX);
        (!ids.is_empty()).then_some(Self { kind, ids, name: None, mentioned: false })
    }

    /// The same entity with a name for people, unless that is a placeholder.
    pub fn named(mut self, name: Option<&str>) -> Self {
        self.name = name.map(str::trim).filter(|name| !is_placeholder(name)).map(str::to_owned);
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
    let id = id.trim();
    if is_placeholder(id) || id.len() > ID_BYTES_MAX {
        return None;
    }
    match kind {
        EntityKind::Ip => canonical_ip(id),
        EntityKind::User => canonical_user(id),
        EntityKind::Device => canonical_device(id),
        // Paths of a URL are case-sensitive, and so are key ids and session ids.
        EntityKind::Url | EntityKind::ApiKey | EntityKind::Session => Some(id.to_owned()),
        _ => Some(id.to_lowercase()),
    }
}

/// Whether `text` is one of the ways in which sources write "nothing".
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    // All zeros and punctuation: zero GUIDs, 0.0.0.0, 0x0, 00:00:00:00, "-", "::", "-\-".
    let body = text.strip_prefix("0x").unwrap_or(text);
    if body.chars().all(|c| c == '0' || (!c.is_alphanumeric() && c.is_ascii())) {
        return true;
    }
    const WORDS: [&str; 14] = [
        "n/a",
        "na",
        "null",
        "none",
        "nil",
        "unknown",
        "undefined",
        "not available",
        "not applicable",
        "(null)",
        "<null>",
        "anonymous",
        "empty",
        "redacted",
    ];
    text.len() <= 16 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Addresses in their shortest form, IPv4-mapped IPv6 as IPv4, ports and zones cut off; loopback,
/// unspecified, link-local, multicast and broadcast addresses name no one.
fn canonical_ip(id: &str) -> Option<String> {
    use std::net::{IpAddr, SocketAddr};
    let bare = id.trim_start_matches('[').split(['%', ']']).next().unwrap_or(id);
    let ip = bare.parse::<IpAddr>().or_else(|_| id.parse::<SocketAddr>().map(|s| s.ip())).ok()?.to_canonical();
    let nobody = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    (!nobody && !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()).then(|| ip.to_string())
}

/// Machine and built-in accounts act for no person and stand on every machine alike.
fn canonical_user(id: &str) -> Option<String> {
    let id = id.to_lowercase();
    let (domain, account) = id.rsplit_once('\\').unwrap_or(("", &id));
    const BUILT_IN: [&str; 12] = [
        "system",
        "local service",
        "network service",
        "localsystem",
        "anonymous logon",
        "root",
        "guest",
        "everyone",
        "iusr",
        "nobody",
        "not found",
        "window manager",
    ];
    let well_known_sid = id.starts_with("s-1-") && !id.starts_with("s-1-5-21-") && !id.starts_with("s-1-12-1-");
    let machine = account.ends_with('$') || account.split_once('@').is_some_and(|(name, _)| name.ends_with('$'));
    let session_account = account.starts_with("dwm-") || account.starts_with("umfd-");
    // Windows makes up these domains for services, which have no person behind them.
    let service = ["nt authority", "nt service", "iis apppool", "font driver host", "window manager"].contains(&domain);
    let nothing = machine
        || service
        || session_account
        || well_known_sid
        || is_placeholder(account)
        || BUILT_IN.contains(&account);
    (!nothing).then_some(id)
}

/// Host names without the trailing dot; `localhost` is every machine and so none.
fn canonical_device(id: &str) -> Option<String> {
    let id = id.trim_end_matches('.').trim_start_matches("\\\\").to_lowercase();
    let nobody = id == "localhost" || id.starts_with("localhost.") || is_placeholder(&id);
    (!nobody).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_never_entities() {
        for text in [
            "",
            "-",
            "N/A",
            "unknown",
            "null",
            "00000000-0000-0000-0000-000000000000",
            "0.0.0.0",
            "::",
            "0x0",
            "-\\-",
            "(null)",
            "None",
            "  ",
        ] {
            for kind in [EntityKind::User, EntityKind::Device, EntityKind::Ip, EntityKind::Session] {
                assert_eq!(Entity::new(kind, [text]), None, "{kind:?} {text:?}");
            }
        }
    }

    #[test]
    fn built_in_accounts_are_no_users() {
        for account in [
            "NT AUTHORITY\\SYSTEM",
            "ADFS01$",
            "ADFS01$@simulandlabs.com",
            "NT SERVICE\\MSSQLSERVER",
            "S-1-5-18",
            "SYSTEM",
            "Window Manager\\DWM-2",
            "S-1-0-0",
        ] {
            assert_eq!(Entity::new(EntityKind::User, [account]), None, "{account}");
        }
        let user = Entity::new(EntityKind::User, ["Wardog@SimuLandLabs.com", "S-1-5-21-1-2-3-500"]).expect("a user");
        assert_eq!(user.ids, ["s-1-5-21-1-2-3-500", "wardog@simulandlabs.com"]);
    }

    #[test]
    fn addresses_have_one_form() {
        for text in ["::ffff:192.168.2.5", "192.168.2.5:443", " 192.168.2.5 "] {
            assert_eq!(canonical_id(EntityKind::Ip, text).as_deref(), Some("192.168.2.5"), "{text}");
        }
        for text in ["127.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "999.1.1.1", "AWS Internal"] {
            assert_eq!(canonical_id(EntityKind::Ip, text), None, "{text}");
        }
    }
}
