//! What the surroundings of a record say about it: when the broker took it, whose it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes_max: 8 * 1024 * 1024, messages_max: 4096, entities_max: 64 }
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

/// How far a record's time may lie after the broker's before it is taken for a clock that is wrong.
pub const CLOCK_SKEW_MAX_MILLIS: i64 = 5 * 60 * 1000;

/// Everything about a record that does not stand in its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The part of the estate that the source belongs to; a reader that knows better says so itself.
    pub group: Group,
    /// When the broker took the record, or for files the time of the record before it.
    pub broker_time: Timestamp,
    /// Whether [`Self::broker_time`] is a real broker's, against which future times show.
    pub clamp_future: bool,
    /// The Kafka header `weir-tenant`.
    pub tenant_header: Option<&'a str>,
    /// Whose records are whose.
    pub tenancy: &'a Tenancy,
    /// Addresses of proxies that `x-forwarded-for` passes.
    pub proxies: &'a [IpAddr],
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

    /// The record's time, or the broker's where there is none or it lies in the future; says so in `flags`.
    pub fn time(&self, own: Option<Timestamp>, flags: &mut Vec<Flag>) -> Timestamp {
        match own {
            None => {
                flags.push(Flag::BrokerTime);
                self.broker_time
            }
            Some(time) if self.clamp_future && time > self.broker_time.saturating_add_millis(CLOCK_SKEW_MAX_MILLIS) => {
                flags.push(Flag::FutureTime);
                self.broker_time
            }
            Some(time) => time,
        }
    }

    /// The true client behind `x-forwarded-for`: the rightmost address that is not a configured proxy.
    pub fn client_ip(&self, forwarded_for: &str) -> Option<String> {
        forwarded_for
            .rsplit(',')
            .filter_map(|hop| crate::entity::canonical_id(crate::EntityKind::Ip, hop))
            .find(|hop| !hop.parse::<IpAddr>().is_ok_and(|ip| self.proxies.contains(&ip)))
    }
}
