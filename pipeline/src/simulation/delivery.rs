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
const HOSTS: [&str; 4] =
    ["/ComputerName", "/evidence/0/deviceDnsName", "/properties/DeviceName", "/winlog/computer_name"];
/// The address of the virtual desktops.
const HUB_IP: &str = "198.51.100.80";
/// Where records name a computer or the address that it comes from, and what the virtual desktops show there.
const HUB: [(&str, &str); 16] = [
    ("/ClientIP", HUB_IP),
    ("/ComputerName", "vdi-01"),
    ("/actor_ip", HUB_IP),
    ("/client/ipAddress", HUB_IP),
    ("/deviceDetail/deviceId", "7d1f0000-0000-4000-8000-000000000001"),
    ("/deviceDetail/displayName", "vdi-01"),
    ("/evidence/0/azureAdDeviceId", "7d1f0000-0000-4000-8000-000000000001"),
    ("/evidence/0/deviceDnsName", "vdi-01"),
    ("/evidence/0/mdeDeviceId", "7d1f000000000000000000000000000000000001"),
    ("/ipAddress", HUB_IP),
    ("/properties/DeviceId", "7d1f000000000000000000000000000000000001"),
    ("/properties/DeviceName", "vdi-01"),
    ("/requester_ip_address", HUB_IP),
    ("/sourceIPAddress", HUB_IP),
    ("/source_ip", HUB_IP),
    ("/winlog/event_data/IpAddress", HUB_IP),
];

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

/// Moves `percent` of a hundred records onto a farm of virtual desktops, which are clones of one image and so show
/// one host name, one id and one address whoever works on them. Of records that name neither, others go for them.
pub fn through_hub(drafts: &mut [Draft], seed: u64, percent: u32) {
    let mut rng = Rng::with_seed(seed ^ 0x4b0b_4b0b);
    let named = |draft: &Draft| HUB.iter().any(|(at, _)| draft.body.pointer(at).is_some_and(is_told));
    let eligible = drafts.iter().filter(|draft| named(draft)).count();
    let share = f64::from(percent) / 100.0 * drafts.len() as f64 / eligible.max(1) as f64;
    for draft in drafts.iter_mut().filter(|draft| named(draft)) {
        if rng.f64() >= share {
            continue;
        }
        for (at, name) in HUB {
            if let Some(field) = draft.body.pointer_mut(at).filter(|field| is_told(field)) {
                *field = name.into();
            }
        }
    }
}

fn is_told(field: &Value) -> bool {
    field.as_str().is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::simulation::Label;

    fn drafts(count: usize) -> Vec<Draft> {
        let time = Timestamp::from_millis(1_777_852_800_000).unwrap();
        let draft = |number: usize| {
            let time = time.saturating_add_millis(number as i64 * 60_000);
            let body = json!({ "winlog": { "computer_name": format!("ws-{}.corp", number % 40) },
                "@timestamp": time.to_string(), "sourceIPAddress": "192.0.2.1" });
            Draft { stream: Stream::Endpoint, id: number.to_string(), time, body, label: Label::background() }
        };
        (0..count).map(draft).collect()
    }

    #[test]
    fn without_faults_everything_comes_once_in_order_and_as_it_was() {
        let delivered = deliver(drafts(200), 1, Faults::None);
        assert!(delivered.is_sorted_by_key(|record| record.time));
        assert_eq!(delivered.len(), 200);
        let bodies: Vec<String> = drafts(200).iter().map(|draft| draft.body.to_string()).collect();
        assert!(delivered.iter().map(|record| &record.body).eq(&bodies));
    }

    #[test]
    fn faults_repeat_reorder_skew_and_leave_out_but_lose_nothing() {
        for faults in [Faults::Usual, Faults::Harsh] {
            let delivered = deliver(drafts(4000), 1, faults);
            let ids: std::collections::BTreeSet<&str> =
                delivered.iter().map(|record| record.truth.id.as_str()).collect();
            assert_eq!(ids.len(), 4000);
            assert!(delivered.len() > 4000, "some come twice");
            assert!(!delivered.is_sorted_by_key(|record| record.time), "some come late");
            let bodies = || delivered.iter().map(|record| serde_json::from_str::<Value>(&record.body).unwrap());
            assert!(bodies().any(|body| body["sourceIPAddress"].is_null()), "some lack a field");
            let wrong = delivered.iter().filter(|record| record.time.millis() % 60_000 != 0);
            assert!(wrong.clone().count() > 0, "some clocks are wrong");
            assert!(wrong.clone().all(|record| record.body.contains(&record.time.to_string())), "and the body says so");
        }
    }

    #[test]
    fn the_hub_takes_its_share() {
        let mut moved = drafts(2000);
        through_hub(&mut moved, 1, 10);
        let count = moved.iter().filter(|draft| draft.body["sourceIPAddress"] == HUB_IP).count();
        assert!((150..250).contains(&count), "{count}");
    }
}
