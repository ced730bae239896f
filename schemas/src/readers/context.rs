//! What the surroundings of a record say about it: when the broker took it, whose it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::network::Network;
use super::watch::Watch;
use crate::ids::TenantId;
use crate::signal::{Flag, Group};
use crate::time::Timestamp;

/// Bounds on one record.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest record in bytes; larger ones are dead letters.
    pub record_bytes_max: usize,
    /// The most messages that one interaction keeps; the newest are kept and the rest is flagged.
    pub messages_max: usize,
    /// The most entities that one signal keeps.
    pub entities_max: usize,
    /// The most strings, arrays and objects (which count twice) that are decoded from one record, and the most spans,
    /// events and attributes of a protobuf message. Tiny ones take a hundred times their size in memory.
    pub values_max: usize,
    /// How far a record's time may lie after the broker's, in milliseconds, before the broker's counts instead.
    pub ahead_millis_max: i64,
    /// How far it may lie before the broker's, in milliseconds, before it is flagged.
    pub late_millis_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes_max: 8 * 1024 * 1024,
            messages_max: 4096,
            entities_max: 64,
            values_max: 512 * 1024,
            ahead_millis_max: 5 * 60 * 1000,
            late_millis_max: 24 * 60 * 60 * 1000,
        }
    }
}

/// Which tenant a record belongs to, as configured.
#[derive(Clone, Debug, Default)]
pub struct Tenancy {
    /// From a vendor's tenant, organisation or account id to the tenant.
    pub by_vendor_id: BTreeMap<String, TenantId>,
    /// The tenant of records that bring none, where the source's configuration names one.
    pub source: Option<TenantId>,
}

/// What a record says about when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// Nothing.
    Absent,
    /// Something that is no instant between 1970 and 9999.
    Unreadable,
    /// When.
    At(Timestamp),
}

impl From<Option<Timestamp>> for EventTime {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Absent, Self::At)
    }
}

impl EventTime {
    /// This time, else `other`: what is unreadable stays so only where nothing else says when.
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match (self, other) {
            (Self::At(_), _) => self,
            (Self::Absent, other) => other(),
            (Self::Unreadable, other) => match other() {
                Self::At(time) => Self::At(time),
                _ => Self::Unreadable,
            },
        }
    }

    /// What a field said that is there, of which `time` was made.
    pub fn written(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Unreadable, Self::At)
    }

    /// What `written` says; blank is nothing.
    pub fn parse(written: Option<&str>) -> Self {
        match written.map(str::trim).filter(|written| !written.is_empty()) {
            Some(written) => Self::written(Timestamp::parse(written)),
            None => Self::Absent,
        }
    }
}

/// Everything about a record that does not stand in its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The part of the estate that the source belongs to; a reader that knows better says so itself.
    pub group: Group,
    /// When the broker took the record, or for files the time of the record before it.
    pub broker_time: Timestamp,
    /// When the envelope around the record says that it was written, which counts where the record says nothing.
    pub envelope_time: Option<Timestamp>,
    /// Whether [`Self::broker_time`] is a clock's, against which times in the future and far in the past show.
    pub clamp_future: bool,
    /// The Kafka header `weir-tenant`.
    pub tenant_header: Option<&'a str>,
    /// Whose records are whose.
    pub tenancy: &'a Tenancy,
    /// Networks of proxies that `x-forwarded-for` passes.
    pub proxies: &'a [Network],
    /// Whether spans of agents, chains and workflows whose models show in no span beside them are read.
    pub lone_wrappers: bool,
    /// Bounds.
    pub limits: Limits,
    /// What rules ask for beyond what every signal has; `None` for nothing.
    pub watch: Option<&'a Watch>,
}

impl Context<'_> {
    /// The tenant: the record's own, else the header's, else the vendor id's where it is mapped, else
    /// the source's, else `default`.
    pub fn tenant(&self, own: Option<&str>, vendor_id: Option<&str>) -> TenantId {
        let own = own.map(str::trim).filter(|tenant| !tenant.is_empty());
        if let Some(tenant) = own.or(self.tenant_header) {
            return TenantId::from(tenant);
        }
        vendor_id
            .and_then(|id| self.tenancy.by_vendor_id.get(id))
            .or(self.tenancy.source.as_ref())
            .cloned()
            .unwrap_or_default()
    }

    /// The record's time, else its envelope's, or the broker's where there is none, none that can be read, or one in
    /// the future; says so in `flags`. A time far in the past is flagged and kept: backfills and queues that stood still bring old
    /// records, and what they tell did happen then.
    pub fn time(&self, own: impl Into<EventTime>, flags: &mut Vec<Flag>) -> Timestamp {
        let (flag, time) = match own.into().or_else(|| self.envelope_time.into()) {
            EventTime::Absent => (Flag::BrokerTime, self.broker_time),
            EventTime::Unreadable => (Flag::InvalidTime, self.broker_time),
            EventTime::At(time) if self.clamp_future && self.is_ahead(time) => (Flag::FutureTime, self.broker_time),
            EventTime::At(time) if self.clamp_future && self.is_late(time) => (Flag::LateTime, time),
            EventTime::At(time) => return time,
        };
        flags.push(flag);
        time
    }

    /// What stands for the id of a record that has none: `hash`, of its content, and the time of its envelope where
    /// its own says nothing, since the same may be said twice.
    pub fn derived_id(&self, hash: String, own: EventTime) -> String {
        match (own, self.envelope_time) {
            (EventTime::Absent, Some(time)) => format!("{hash}-{}", time.millis()),
            _ => hash,
        }
    }

    fn is_ahead(&self, time: Timestamp) -> bool {
        time > self.broker_time.saturating_add_millis(self.limits.ahead_millis_max)
    }

    fn is_late(&self, time: Timestamp) -> bool {
        time.saturating_add_millis(self.limits.late_millis_max) < self.broker_time
    }

    /// The true client behind `x-forwarded-for`: the rightmost address that is not a configured proxy.
    pub fn client_ip(&self, forwarded_for: &str) -> Option<String> {
        forwarded_for
            .rsplit(',')
            .filter_map(|hop| crate::entity::canonical_id(crate::EntityKind::Ip, hop))
            .find(|hop| !hop.parse::<IpAddr>().is_ok_and(|ip| self.proxies.iter().any(|proxy| proxy.contains(ip))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_rightmost_address_that_is_no_proxys() {
        let tenancy = Tenancy::default();
        let networks = ["10.0.0.0/8", "2001:db8:1::/48", "198.51.100.7"];
        let proxies: Vec<Network> = networks.iter().map(|text| text.parse().expect("a network")).collect();
        let context = Context {
            group: Group::Ai,
            broker_time: Timestamp::default(),
            envelope_time: None,
            clamp_future: false,
            tenant_header: None,
            tenancy: &tenancy,
            proxies: &proxies,
            lone_wrappers: false,
            limits: Limits::default(),
            watch: None,
        };
        for (hops, client) in [
            ("203.0.113.9, 10.200.0.1", Some("203.0.113.9")),
            ("192.0.2.1, 203.0.113.9, 2001:db8:1::5, 198.51.100.7", Some("203.0.113.9")),
            ("203.0.113.9, 198.51.100.8, 10.0.0.1", Some("198.51.100.8")),
            ("2001:db8:2::1, ::ffff:10.0.0.1", Some("2001:db8:2::1")),
            ("10.0.0.1", None),
        ] {
            assert_eq!(context.client_ip(hops).as_deref(), client, "{hops}");
        }
    }
}
