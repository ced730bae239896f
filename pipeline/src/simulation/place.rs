//! Where somebody is on a day, and under which addresses they are seen.
//!
//! In an office and over the VPN the internet sees the address of a NAT, which everybody there shares; what runs
//! inside sees the address that DHCP leases for the day, which is somebody else's on another day. At home without
//! the VPN both see the home's.

use fastrand::Rng;
use schemas::Timestamp;

use super::organisation::{OFFICE_NAT, Person, VPN_NAT};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 3600 * 1000;
/// Of a hundred days, how many somebody works in the office; the rest is divided evenly between VPN and home.
const OFFICE_PERCENT: u32 = 60;

/// The addresses of somebody on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What services on the internet see.
    pub public_ip: String,
    /// What services inside see.
    pub inner_ip: String,
    /// The city and country of the public address.
    pub city: (&'static str, &'static str),
}

impl Place {
    /// Where `person` is at `time`; the same all day.
    pub fn of(person: &Person, time: Timestamp, seed: u64) -> Self {
        let day = time.millis() / DAY_MS;
        let mut rng = Rng::with_seed(seed ^ ((person.number as u64) << 32) ^ day.unsigned_abs());
        let city = [("Hamburg", "DE"), ("Porto", "PT")].get(person.office).copied().unwrap_or_default();
        let roll = rng.u32(..100);
        if roll < OFFICE_PERCENT {
            let nat = OFFICE_NAT.get(person.office).copied().unwrap_or_default();
            Self { public_ip: nat.to_owned(), inner_ip: lease(20 + person.office, person.number, day), city }
        } else if roll.is_multiple_of(2) {
            let nat = VPN_NAT.get(person.number % VPN_NAT.len()).copied().unwrap_or_default();
            Self { public_ip: nat.to_owned(), inner_ip: lease(99, person.number, day), city }
        } else {
            Self { public_ip: person.home_ip.clone(), inner_ip: person.home_ip.clone(), city }
        }
    }
}

/// The address that is leased to the number on the day: the pool turns by a few places every night, so that
/// no two have one on the same day and everybody has other people's in the course of time.
fn lease(net: usize, number: usize, day: i64) -> String {
    const POOL: u64 = 60_000;
    let at = (number as u64 + day.unsigned_abs() * 7) % POOL;
    format!("10.{net}.{}.{}", at / 250, at % 250 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::organisation::Organisation;

    #[test]
    fn a_lease_is_one_persons_today_and_anothers_next_week() {
        let company = Organisation::new(&mut Rng::with_seed(1), 200);
        let time = |day: i64| Timestamp::from_millis(1_777_852_800_000 + day * DAY_MS).unwrap();
        let leases = |day: i64| -> Vec<String> {
            company.people.iter().map(|person| Place::of(person, time(day), 1).inner_ip).collect()
        };
        let mut distinct = leases(0);
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), company.people.len(), "nobody shares a lease");
        let reused =
            leases(7).iter().zip(leases(0)).filter(|(then, now)| *then != now && distinct.contains(then)).count();
        assert!(reused > 0, "leases change hands");
    }
}
