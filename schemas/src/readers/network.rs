//! A range of addresses as configurations write it: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
//!
//! Proxies come and go within the networks of load balancers and content delivery, which publish ranges, not
//! addresses. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address on both sides.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address of the range.
    first: IpAddr,
    /// How many leading bits are fixed: 0 to 32, or to 128 for IPv6.
    bits: u8,
}

/// Why a text is no network, as a clause for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// What stands before the slash is no address.
    Address,
    /// What stands behind the slash is no number, or more than the address has bits.
    Prefix,
    /// Bits behind the prefix are set: probably another network or another prefix is meant.
    HostBits,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "no IP address, nor a network such as 10.0.0.0/8",
            Self::Prefix => "no network: the prefix is 0 to 32, or to 128 for IPv6",
            Self::HostBits => "no network: bits behind the prefix are set",
        })
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// Whether `address` is one of the network's.
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.bits) == Some(self.first)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, bits: width(first) }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let written: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let Some(prefix) = prefix else { return Ok(written.into()) };
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u8 = prefix.parse().ok().filter(|_| digits).ok_or(NetworkError::Prefix)?;
        let first = written.to_canonical();
        // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
        let bits = bits.checked_sub(width(written) - width(first)).ok_or(NetworkError::Prefix)?;
        match masked(first, bits).ok_or(NetworkError::Prefix)? {
            network if network == first => Ok(Self { first, bits }),
            _ => Err(NetworkError::HostBits),
        }
    }
}

/// How many bits an address has.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `address` with its first `bits` alone; `None` where it has fewer.
fn masked(address: IpAddr, bits: u8) -> Option<IpAddr> {
    let rest = u32::from(width(address).checked_sub(bits)?);
    Some(match address {
        IpAddr::V4(v4) => IpAddr::from((v4.to_bits() & u32::MAX.checked_shl(rest).unwrap_or(0)).to_be_bytes()),
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() & u128::MAX.checked_shl(rest).unwrap_or(0)).to_be_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_addresses_of_its_range_and_no_other() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"][..], &["11.0.0.0", "9.255.255.255"][..]),
            ("192.0.2.128/25", &["192.0.2.128", "192.0.2.255"], &["192.0.2.127", "192.0.3.128"]),
            ("192.0.2.1", &["192.0.2.1", "::ffff:192.0.2.1"], &["192.0.2.2"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::1"]),
            ("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "10.0.0.1"]),
            ("2001:db8::1", &["2001:db8::1"], &["2001:db8::2"]),
            ("::/0", &["::", "2001:db8::1"], &["10.0.0.1"]),
            ("::ffff:10.0.0.0/104", &["10.200.0.1"], &["11.0.0.1"]),
        ] {
            let network: Network = network.parse().expect(network);
            let holds = |address: &&str| network.contains(address.parse().expect("an address"));
            assert!(inside.iter().all(holds) && !outside.iter().any(holds), "{network:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_network() {
        use NetworkError::*;
        for (text, error) in [
            ("", Address),
            ("proxy.example.com", Address),
            ("10.0.0/8", Address),
            ("10.0.0.0/", Prefix),
            ("10.0.0.0/33", Prefix),
            ("10.0.0.0/+8", Prefix),
            ("10.0.0.0/8/8", Prefix),
            ("2001:db8::/129", Prefix),
            ("::ffff:10.0.0.0/8", Prefix),
            ("10.0.0.1/8", HostBits),
            ("2001:db8::1/32", HostBits),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text}");
        }
    }
}
