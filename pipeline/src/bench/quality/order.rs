//! Whether the order of arrival shows in the incidents: the same signals in the order of event time, as they were
//! delivered, and with hours of jitter.

use std::collections::{BTreeMap, BTreeSet};

use correlator::{Correlator, MapStore};
use fastrand::Rng;
use schemas::{Group, Incident, Signal, SignalUid, Timestamp};

use super::clustering::adjusted_rand;
use crate::config::{Config, Source};
use crate::process::{Delivery, Processor};
use crate::simulation::{Record, Stream};

/// How long a record is held at most in the jittered run, in milliseconds.
const JITTER_MS: i64 = 6 * 3600 * 1000;

/// The signals of one simulation and the incidents that they become in order.
pub struct Order<'a> {
    config: &'a Config,
    signals: Vec<Signal>,
    in_order: Homes,
}

/// In which incident each signal ends.
type Homes = BTreeMap<SignalUid, String>;

impl<'a> Order<'a> {
    /// The signals of `records`, which are taken as delivered.
    ///
    /// # Errors
    /// When the detectors or the store fail.
    pub fn new(config: &'a Config, records: &[Record]) -> anyhow::Result<Self> {
        let signals = signals(config, records)?;
        let mut in_order = signals.clone();
        in_order.sort_by(|a, b| (a.time, &a.native_id, &a.uid).cmp(&(b.time, &b.native_id, &b.uid)));
        let in_order = homes(config, in_order)?;
        Ok(Self { config, signals, in_order })
    }

    /// How far the incidents of the signals as they were delivered agree with those in order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn delivered(&self) -> anyhow::Result<f64> {
        self.agreement(self.signals.clone())
    }

    /// The same where each signal comes up to six hours after its time.
    ///
    /// # Errors
    /// As for [`Self::delivered`].
    pub fn jittered(&self, seed: u64) -> anyhow::Result<f64> {
        let mut rng = Rng::with_seed(seed);
        let held = |signal: &Signal| (signal.time.saturating_add_millis(rng.i64(0..JITTER_MS)), signal.clone());
        let mut late: Vec<(Timestamp, Signal)> = self.signals.iter().map(held).collect();
        late.sort_by(|(a, first), (b, second)| (a, &first.uid).cmp(&(b, &second.uid)));
        self.agreement(late.into_iter().map(|(_, signal)| signal).collect())
    }

    /// The adjusted Rand index of both partitions of the signals that either run puts into an incident.
    fn agreement(&self, arrived: Vec<Signal>) -> anyhow::Result<f64> {
        let other = homes(self.config, arrived)?;
        let uids: BTreeSet<&SignalUid> = self.in_order.keys().chain(other.keys()).collect();
        // A signal in no incident is by itself, under its own name.
        let home = |homes: &'_ Homes, uid: &SignalUid| homes.get(uid).cloned().unwrap_or_else(|| uid.to_string());
        let labels: Vec<(String, String)> =
            uids.iter().map(|uid| (home(&self.in_order, uid), home(&other, uid))).collect();
        let labels: Vec<(&str, &str)> = labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        Ok(adjusted_rand(&labels))
    }
}

fn signals(config: &Config, records: &[Record]) -> anyhow::Result<Vec<Signal>> {
    let processor = Processor::new(config, config.tenants.clone())?;
    let mut signals = Vec::new();
    for record in records {
        let source = Source { group: record.stream.group(), format: None, tenancy: config.tenancy(None) };
        let delivery = Delivery { time: record.time, clamp_future: false, tenant: None };
        let outcome = processor.process(record.body.as_bytes(), &source, delivery);
        signals.extend(outcome.interactions.iter().flat_map(|processed| processed.alerts.iter().map(Signal::from)));
        signals.extend(outcome.signals);
    }
    Ok(signals)
}

/// In which incident each signal ends: of several, the one that it is nearest to.
fn homes(config: &Config, signals: Vec<Signal>) -> anyhow::Result<Homes> {
    let mut correlator = Correlator::new(config.file.correlation.clone(), MapStore::default());
    let mut last: BTreeMap<String, Incident> = BTreeMap::new();
    let mut keep = |incidents: Vec<Incident>| {
        last.extend(incidents.into_iter().map(|incident| (incident.uid.to_string(), incident)));
    };
    for (number, signal) in signals.into_iter().enumerate() {
        keep(correlator.process(signal)?);
        if number % 4096 == 0 {
            correlator.commit(b"order")?;
        }
    }
    keep(correlator.flush()?);
    let mut homes: BTreeMap<SignalUid, (u8, String)> = BTreeMap::new();
    // What was withdrawn is as if it had never been told.
    let stands = |incident: &Incident| incident.merged_into.is_none() && !incident.withdrawn;
    for (uid, incident) in last.into_iter().filter(|(_, incident)| stands(incident)) {
        for member in incident.members {
            let home = (member.hops, uid.clone());
            let known = homes.entry(member.signal.uid).or_insert_with(|| home.clone());
            if home < *known {
                *known = home;
            }
        }
    }
    Ok(homes.into_iter().map(|(uid, (_, home))| (uid, home)).collect())
}

impl Stream {
    fn group(self) -> Group {
        match self {
            Self::Ai => Group::Ai,
            Self::Identity => Group::Identity,
            Self::Endpoint => Group::Endpoint,
            Self::Cloud => Group::Cloud,
        }
    }
}
