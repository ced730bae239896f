//! Hosts that are numbers: every notation that browsers and `inet_aton` take for an IPv4 address.
//!
//! `169.254.169.254` is also `2852039166`, `0xA9FEA9FE`, `0251.0376.0251.0376` and `169.254.43518`. The links that are
//! looked at and the arguments of tools both read them here. Not here: what an address is good for.

use std::net::Ipv4Addr;

/// The address that `host` stands for, and whether it is written in the one usual way.
///
/// One to four numbers, decimal, octal with a leading `0` or hexadecimal with `0x`; the last fills what is left
/// (WHATWG URL, section 3.5).
pub fn ipv4(host: &str) -> Option<(Ipv4Addr, bool)> {
    if let Ok(address) = host.parse() {
        return Some((address, true));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    // Fifteen digits in octal notation and their dots, with room for leading zeros.
    if host.is_empty() || host.len() > 64 || !host.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let numbers: Vec<u32> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    if first.len() > 3 || first.iter().any(|number| *number > 255) {
        return None;
    }
    let room = 32 - 8 * first.len() as u32;
    if room < 32 && u64::from(*last) >= 1 << room {
        return None;
    }
    let high = first.iter().fold(0_u64, |all, number| all << 8 | u64::from(*number)) << room;
    u32::try_from(high | u64::from(*last)).ok().map(|bits| (Ipv4Addr::from_bits(bits), false))
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let clean = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_alphanumeric());
    if clean { u32::from_str_radix(digits, radix).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_one_address() {
        for host in [
            "169.254.169.254",
            "2852039166",
            "0xA9FEA9FE",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.16689662",
            "0251.254.0xa9.254",
            "2852039166.",
        ] {
            let (address, usual) = ipv4(host).unwrap_or_else(|| panic!("{host}"));
            assert_eq!((address.to_string().as_str(), usual), ("169.254.169.254", host == "169.254.169.254"), "{host}");
        }
    }

    #[test]
    fn names_and_numbers_that_do_not_fit_are_none() {
        for host in [
            "",
            ".",
            "example",
            "1.example",
            "256.1.1.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "08.1.1.1",
            "4294967296",
            "1..2",
            "0x",
            "1.16777216",
            "+1",
            "1,2",
        ] {
            assert_eq!(ipv4(host), None, "{host}");
        }
        assert_eq!(ipv4(&"1".repeat(100_000)), None);
    }
}
