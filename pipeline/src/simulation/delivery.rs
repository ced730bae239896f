//! What happens to records on their way: delay, outages, repetition, wrong clocks, fields that are missing.
//!
//! Delays are those that vendors tell of: audit logs of clouds come minutes after the call, sign-ins within a few
//! minutes, sensors and applications within seconds. What is left of a record after that is what Weir gets.

use clap::ValueEnum;
use fastrand::Rng;
use schemas::Timestamp;
use serde_json::Value;

use super::people::pick;
use super::scene::Draft;
use super::{Record, Stream};

/// How badly records are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Faults {
    /// In order, at once, complete.
    None,
    /// As in a well-kept estate.
    #[default]
    Usual,
    /// As in a bad week.
    Harsh,
}

/// How often and how much, by [`Faults`].
struct Rates {
    duplicates_per_mille: u32,
    late_per_mille: u32,
    late_secs_max: i64,
    missing_per_mille: u32,
    /// Of a hundred computers, how many have a wrong clock.
    skewed_percent: u32,
    skew_secs_max: i64,
    outage_secs: i64,
}

impl Faults {
    fn rates(self) -> Option<Rates> {
        match self {
            Self::None => None,
            Self::Usual => Some(Rates {
                duplicates_per_mille: 10,
                late_per_mille: 3,
                late_secs_max: 6 * 3600,
                missing_per_mille: 15,
                skewed_percent: 5,
                skew_secs_max: 120,
                outage_secs: 3600,
            }),
            Self::Harsh => Some(Rates {
                duplicates_per_mille: 60,
                late_per_mille: 25,
                late_secs_max: 24 * 3600,
                missing_per_mille: 60,
                skewed_percent: 20,
                skew_secs_max: 600,
                outage_secs: 6 * 3600,
            }),
        }
    }
}

/// Where records name the address that the other side came from.
const SOURCE_ADDRESSES: [&str; 8] = [
    "/ClientIP",
    "/actor_ip",
    "/client/ipAddress",
    "/ipAddress",
    "/requester_ip_address",
    "/sourceIPAddress",
    "/source_ip",
    "/winlog/event_data/IpAddress",
];
/// Fields that sources leave out now and then.
const OPTIONAL: [&str; 14] = [
    "/ClientIP",
    "/SHA256HashData",
    "/UserName",
    "/client",
    "/conversation_id",
    "/deviceDetail",
    "/ipAddress",
    "/properties/AccountUpn",
    "/properties/SHA256",
    "/sessionId",
    "/sourceIPAddress",
    "/source_ip",
    "/user_agent",
    "/userPrincipalName",
];
/// Where records name the computer whose clock they go by.
const HOSTS: [&str; 4] = ["/ComputerName", "/evidence/0/deviceDnsName", "/properties/DeviceName", "/winlog/computer_name"];
/// The address of the gateway that [`through_hub`] sends records through.
const HUB_IP: &str = "198.51.100.80";

/// The records in the order in which they arrive.
pub fn deliver(drafts: Vec<Draft>, seed: u64, faults: Faults) -> Vec<Record> {
    let mut rng = Rng::with_seed(seed ^ 0xde11_7e41);
    let mut arrivals: Vec<(Timestamp, Record)> = match faults.rates() {
        None => drafts.into_iter().map(|draft| (draft.time, record(draft))).collect(),
        Some(rates) => faulty(drafts, seed, &rates, &mut rng),
    };
    arrivals.sort_by(|(a, first), (b, second)| (a, &first.truth.id).cmp(&(b, &second.truth.id)));
    arrivals.into_iter().map(|(_, record)| record).collect()
}

fn faulty(drafts: Vec<Draft>, seed: u64, rates: &Rates, rng: &mut Rng) -> Vec<(Timestamp, Record)> {
    let times = || drafts.iter().map(|draft| draft.time.millis());
    let (first, last) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let outage = Outage {
        stream: pick(rng, &Stream::ALL).copied().unwrap_or(Stream::Cloud),
        from: rng.i64(first..=last),
        millis: rates.outage_secs * 1000,
    };
    let mut arrivals = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        skew(&mut draft, seed, rates);
        if rng.u32(..1000) < rates.missing_per_mille {
            leave_out(&mut draft.body, rng);
        }
        let mut arrival = draft.time.saturating_add_millis(delay_ms(draft.stream, rng));
        if rng.u32(..1000) < rates.late_per_mille {
            arrival = arrival.saturating_add_millis(rng.i64(0..rates.late_secs_max) * 1000);
        }
        arrival = outage.held(draft.stream, arrival);
        let record = record(draft);
        if rng.u32(..1000) < rates.duplicates_per_mille {
            arrivals.push((arrival.saturating_add_millis(rng.i64(0..600_000)), record.clone()));
        }
        arrivals.push((arrival, record));
    }
    arrivals
}

fn record(draft: Draft) -> Record {
    Record::new(draft.stream, draft.id, draft.time, draft.body.to_string(), draft.label)
}

/// The usual time from the event to the record.
fn delay_ms(stream: Stream, rng: &mut Rng) -> i64 {
    match stream {
        Stream::Ai => rng.i64(500..5_000),
        Stream::Endpoint => rng.i64(3_000..60_000),
        Stream::Identity => rng.i64(5_000..300_000),
        Stream::Cloud => rng.i64(60_000..900_000),
    }
}

/// A source that is silent for a while and then delivers everything at once.
struct Outage {
    stream: Stream,
    from: i64,
    millis: i64,
}

impl Outage {
    fn held(&self, stream: Stream, arrival: Timestamp) -> Timestamp {
        let end = self.from.saturating_add(self.millis);
        let held = stream == self.stream && (self.from..end).contains(&arrival.millis());
        if held { arrival.saturating_add_millis(end - arrival.millis()) } else { arrival }
    }
}

/// Moves the times that a computer with a wrong clock wrote; those that the vendor's servers wrote stay.
fn skew(draft: &mut Draft, seed: u64, rates: &Rates) {
    let Some(host) = HOSTS.iter().find_map(|at| draft.body.pointer(at)?.as_str()) else { return };
    let name = host.split('.').next().unwrap_or_default();
    let mut rng = Rng::with_seed(name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into())));
    if rng.u32(..100) >= rates.skewed_percent {
        return;
    }
    let skewed = draft.time.saturating_add_millis(rng.i64(-rates.skew_secs_max..=rates.skew_secs_max) * 1000);
    for spelling in [rfc3339, epoch_millis, epoch_seconds] {
        replace(&mut draft.body, &spelling(draft.time), &spelling(skewed));
    }
    draft.time = skewed;
}

fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}

fn epoch_millis(time: Timestamp) -> String {
    time.millis().to_string()
}

fn epoch_seconds(time: Timestamp) -> String {
    format!("{}.{:03}", time.millis() / 1000, time.millis() % 1000)
}

fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, old, new)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, old, new)),
        _ => {}
    }
}

/// Makes one of the optional fields that are there null.
fn leave_out(body: &mut Value, rng: &mut Rng) {
    let there: Vec<&str> = OPTIONAL.into_iter().filter(|at| body.pointer(at).is_some()).collect();
    if let Some(field) = pick(rng, &there).and_then(|at| body.pointer_mut(at)) {
        *field = Value::Null;
    }
}

/// Sends `percent` of a hundred records through one gateway, whose address is all that they then show.
pub fn through_hub(drafts: &mut [Draft], seed: u64, percent: u32) {
    let mut rng = Rng::with_seed(seed ^ 0x4b0b_4b0b);
    for draft in drafts {
        if rng.u32(..100) >= percent {
            continue;
        }
        for at in SOURCE_ADDRESSES {
            if let Some(address) = draft.body.pointer_mut(at).filter(|address| address.is_string()) {
                *address = HUB_IP.into();
            }
        }
    }
}
