//! What a rule may ask of a signal: `weir.*` for what every signal has in common, any other name for a field of the
//! original record.
//!
//! | name | what |
//! |---|---|
//! | `weir.product`, `weir.group`, `weir.kind`, `weir.title`, `weir.severity`, `weir.category`, `weir.technique` | of the signal |
//! | `weir.user`, `weir.device`, `weir.ip` and every other kind of entity | identifiers of those that took part |
//! | `weir.source_ip`, `weir.destination_ip` | addresses by their end of the traffic |
//! | `weir.network` | the /24 or /48 of each source address |
//! | `weir.mentioned.KIND` | identifiers that only a text names |
//! | `weir.outcome`, `weir.subtype`, `weir.detector`, `weir.channel` | of Weir's alerts on interactions |
//! | `weir.usage.requests`, `.tokens`, `.input_tokens`, `.output_tokens`, `.refusals`, `.errors` | sums of usage signals |
//! | `weir.usage.client`, `.auth`, `.tool`, `.sensitive`, `.request` | who used what, and how |
//!
//! The match of a rule has what the rule groups by as well, whatever it is.
//!
//! An attribute may have many values or none. A signal without a value is in no group of a rule that groups by it:
//! nothing is not the same as nothing.

use std::borrow::Cow;
use std::net::IpAddr;

use schemas::{Entity, EntityKind, Role, Signal, SignalKind};

use super::RuleError;

/// How an attempt ended: `blocked` or `detected`.
pub const OUTCOME: &str = "weir.outcome";
/// In which parts of a conversation an alert's evidence stands: `user`, `assistant`, `document`, ...
pub const CHANNEL: &str = "weir.channel";
/// The names that Weir's alerts carry in their facts beside those that a signal has itself.
pub const ALERT_FIELDS: [&str; 4] = [CHANNEL, "weir.detector", OUTCOME, "weir.subtype"];
/// The start of the names of what signals have in common.
const PREFIX: &str = "weir.";

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Of the signal itself.
    Signal(Common),
    /// Identifiers of entities.
    Entity(EntityKind, Which),
    /// The networks of source addresses.
    Network,
    /// Of a usage signal.
    Usage(Used),
    /// A field of the original record, or one of [`ALERT_FIELDS`].
    Field(String),
}

/// What every signal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Common {
    Product,
    Group,
    Kind,
    Title,
    Severity,
    Category,
    Technique,
}

/// Which entities of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that took part.
    Acting,
    /// Those that took part and were not said to be the target or stand in between.
    Source,
    /// Those that were said to be the target.
    Destination,
    /// Those that only a text names.
    Mentioned,
}

/// What a usage signal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Used {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
    Refusals,
    Errors,
    Client,
    Auth,
    Tool,
    Sensitive,
    Request,
}

const COMMON: [(&str, Common); 7] = [
    ("category", Common::Category),
    ("group", Common::Group),
    ("kind", Common::Kind),
    ("product", Common::Product),
    ("severity", Common::Severity),
    ("technique", Common::Technique),
    ("title", Common::Title),
];

const USED: [(&str, Used); 11] = [
    ("auth", Used::Auth),
    ("client", Used::Client),
    ("errors", Used::Errors),
    ("input_tokens", Used::InputTokens),
    ("output_tokens", Used::OutputTokens),
    ("refusals", Used::Refusals),
    ("request", Used::Request),
    ("requests", Used::Requests),
    ("sensitive", Used::Sensitive),
    ("tokens", Used::Tokens),
    ("tool", Used::Tool),
];

impl Attribute {
    /// The attribute called `name`.
    ///
    /// # Errors
    /// When a name starts like Weir's own and is none.
    pub fn new(name: &str) -> Result<Self, RuleError> {
        let Some(own) = name.strip_prefix(PREFIX).filter(|_| !ALERT_FIELDS.contains(&name)) else {
            return Ok(Self::Field(name.to_owned()));
        };
        let kind = |name: &str| EntityKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        let of = |table: &[(&str, Common)]| table.iter().find(|(known, _)| *known == own).map(|(_, common)| *common);
        let attribute = match own {
            "source_ip" => Some(Self::Entity(EntityKind::Ip, Which::Source)),
            "destination_ip" => Some(Self::Entity(EntityKind::Ip, Which::Destination)),
            "network" => Some(Self::Network),
            _ => of(&COMMON).map(Self::Signal).or_else(|| match own.split_once('.') {
                Some(("usage", used)) => {
                    USED.iter().find(|(known, _)| *known == used).map(|(_, used)| Self::Usage(*used))
                }
                Some(("mentioned", named)) => kind(named).map(|kind| Self::Entity(kind, Which::Mentioned)),
                _ => kind(own).map(|kind| Self::Entity(kind, Which::Acting)),
            }),
        };
        attribute.ok_or_else(|| RuleError::new(format!("{name} is nothing that signals have")))
    }

    /// The kind of entity that a value of this names.
    pub fn entity_kind(&self) -> Option<EntityKind> {
        match self {
            Self::Entity(kind, _) => Some(*kind),
            Self::Usage(Used::Tool) => Some(EntityKind::Tool),
            _ => None,
        }
    }

    /// The field of the original record, or of the facts, that has to be carried for this.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            _ => None,
        }
    }

    /// The values in `signal`.
    pub fn values<'s>(&self, signal: &'s Signal) -> Vec<Cow<'s, str>> {
        if let Some(values) = self.grouped_by(signal) {
            return values.iter().map(|value| Cow::Borrowed(value.as_str())).collect();
        }
        match self {
            Self::Signal(common) => common.values(signal),
            Self::Entity(kind, which) => {
                let fitting = signal.entities.iter().filter(|entity| entity.kind == *kind && which.fits(entity));
                fitting.flat_map(|entity| &entity.ids).map(|id| Cow::Borrowed(id.as_str())).collect()
            }
            Self::Network => {
                let sources = Self::Entity(EntityKind::Ip, Which::Source).values(signal);
                let mut networks: Vec<_> = sources.iter().filter_map(|ip| network(ip)).map(Cow::Owned).collect();
                networks.sort_unstable();
                networks.dedup();
                networks
            }
            Self::Usage(used) => used.values(signal),
            Self::Field(name) => {
                signal.facts.fields.get(name).into_iter().flatten().map(|value| Cow::Borrowed(value.as_str())).collect()
            }
        }
    }
}

impl Attribute {
    /// What the match of a rule has of this because the rule groups by it: the match has it among its fields under
    /// Weir's own name, which no field of a record has.
    fn grouped_by<'s>(&self, signal: &'s Signal) -> Option<&'s Vec<String>> {
        if signal.facts.fields.is_empty() {
            return None;
        }
        let name = match self {
            Self::Signal(common) => {
                COMMON.iter().find(|(_, known)| known == common).map(|(name, _)| (*name).to_owned())
            }
            Self::Usage(used) => USED.iter().find(|(_, known)| known == used).map(|(name, _)| format!("usage.{name}")),
            Self::Network => Some("network".to_owned()),
            Self::Entity(..) | Self::Field(_) => None,
        };
        signal.facts.fields.get(&format!("{PREFIX}{}", name?))
    }
}

impl Common {
    fn values(self, signal: &Signal) -> Vec<Cow<'_, str>> {
        match self {
            Self::Product => vec![Cow::Borrowed(signal.product.as_str())],
            Self::Group => vec![Cow::Borrowed(signal.group.as_str())],
            Self::Title => vec![Cow::Borrowed(signal.title.as_str())],
            Self::Severity => vec![Cow::Borrowed(signal.severity.caption())],
            Self::Category => signal.category.into_iter().map(|category| Cow::Borrowed(category.as_str())).collect(),
            Self::Technique => signal.techniques.iter().map(|id| Cow::Borrowed(id.as_str())).collect(),
            Self::Kind => vec![Cow::Borrowed(match signal.kind {
                _ if signal.facts.usage.is_some() => "usage",
                SignalKind::AiAlert => "ai_alert",
                SignalKind::Alert => "alert",
                SignalKind::Context => "context",
            })],
        }
    }
}

impl Which {
    /// Whether the entity is one of these.
    pub fn fits(self, entity: &Entity) -> bool {
        match self {
            Self::Acting => !entity.mentioned,
            Self::Source => !entity.mentioned && matches!(entity.role, None | Some(Role::Source)),
            Self::Destination => !entity.mentioned && entity.role == Some(Role::Destination),
            Self::Mentioned => entity.mentioned,
        }
    }
}

impl Used {
    fn values(self, signal: &Signal) -> Vec<Cow<'_, str>> {
        let Some(usage) = &signal.facts.usage else { return Vec::new() };
        let count = |count: i64| vec![Cow::Owned(count.to_string())];
        let names = |names: &'_ [String]| names.iter().map(|name| Cow::Owned(name.clone())).collect();
        match self {
            Self::Requests => count(usage.requests),
            Self::Tokens => count(usage.input_tokens.saturating_add(usage.output_tokens)),
            Self::InputTokens => count(usage.input_tokens),
            Self::OutputTokens => count(usage.output_tokens),
            Self::Refusals => count(usage.refusals),
            Self::Errors => count(usage.errors),
            Self::Client => usage.client.as_deref().map(Cow::Borrowed).into_iter().collect(),
            Self::Auth => usage.auth.as_deref().map(Cow::Borrowed).into_iter().collect(),
            Self::Tool => names(&usage.tools),
            Self::Sensitive => names(&usage.sensitive),
            Self::Request => usage.repeats.keys().map(|hash| Cow::Borrowed(hash.as_str())).collect(),
        }
    }
}

/// The /24 of an IPv4 address, the /48 of an IPv6 address.
fn network(ip: &str) -> Option<String> {
    match ip.parse::<IpAddr>().ok()? {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::sample::signal;

    #[test]
    fn names_are_checked() {
        for good in
            ["weir.user", "weir.source_ip", "weir.usage.tokens", "weir.mentioned.api_key", "weir.outcome", "a.b"]
        {
            assert!(Attribute::new(good).is_ok(), "{good}");
        }
        for bad in ["weir.users", "weir.usage.cost", "weir.mentioned.x", "weir."] {
            assert!(Attribute::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mentioned_and_target_are_no_source() {
        let mut signal = signal("s", 0);
        signal.entities = [
            Entity::new(EntityKind::Ip, ["192.0.2.1"]),
            Entity::new(EntityKind::Ip, ["192.0.2.2"]).map(|ip| ip.in_role(Role::Destination)),
            Entity::new(EntityKind::Ip, ["2001:db8:7::3"]).map(|ip| ip.in_role(Role::Source)),
            Entity::new(EntityKind::Ip, ["192.0.2.4"]).map(Entity::mentioned),
        ]
        .into_iter()
        .flatten()
        .collect();
        let values = |name| Attribute::new(name).expect("a name").values(&signal).join(" ");
        assert_eq!(values("weir.source_ip"), "192.0.2.1 2001:db8:7::3");
        assert_eq!(values("weir.destination_ip"), "192.0.2.2");
        assert_eq!(values("weir.ip"), "192.0.2.1 192.0.2.2 2001:db8:7::3");
        assert_eq!(values("weir.mentioned.ip"), "192.0.2.4");
        assert_eq!(values("weir.network"), "192.0.2.0/24 2001:db8:7::/48");
        assert_eq!(values("weir.user"), "");
    }
}
