//! Addresses of crypto currencies by their checksums: Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash,
//! and XRP with an alphabet of its own), Bech32 and Bech32m (BIP 173, BIP 350), and Ethereum's (EIP-55).
//!
//! An Ethereum address in one case carries no checksum and is none here: hashes look alike.

use sha2::{Digest, Sha256};

use crate::work::work;

/// The shortest and the longest address.
pub const ADDRESS_BYTES: std::ops::RangeInclusive<usize> = 25..=90;

/// What each character of an alphabet is worth, [`NO_DIGIT`] where it has none.
type Alphabet = [u8; 256];
const NO_DIGIT: u8 = u8::MAX;

static BITCOIN: Alphabet = alphabet(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
static RIPPLE: Alphabet = alphabet(b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz");
static BECH32_DIGITS: Alphabet = alphabet(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l");

const fn alphabet(characters: &[u8]) -> Alphabet {
    let mut values = [NO_DIGIT; 256];
    let mut at = 0;
    while at < characters.len() {
        values[characters[at] as usize] = at as u8;
        at += 1;
    }
    values
}
/// Prefixes of Bech32 addresses (SLIP-173).
const BECH32: [&str; 4] = ["bc1", "tb1", "ltc1", "addr1"];

/// Whether a word, as it was written, is an address.
pub fn is_address(word: &str) -> bool {
    if !ADDRESS_BYTES.contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    match word.as_bytes() {
        [b'0', b'x', hex @ ..] => hex.len() == 40 && eip55(hex),
        _ if BECH32.iter().any(|prefix| lower.starts_with(prefix)) => {
            (lower == word || word.to_ascii_uppercase() == word) && bech32(&lower)
        }
        [b'r', ..] => word.len() <= 35 && base58check(word, &RIPPLE, &[0]),
        // Version bytes: Bitcoin 0 and 5, Litecoin 48 and 50, Dogecoin 30 and 22, Dash 76 and 16, Tron 65.
        [b'1' | b'3' | b'L' | b'M' | b'D' | b'9' | b'A' | b'X' | b'7' | b'T', ..] => {
            word.len() <= 35 && base58check(word, &BITCOIN, &[0, 5, 48, 50, 30, 22, 76, 16, 65])
        }
        _ => false,
    }
}

/// 25 bytes: a version, a hash of 20, and four of the hash of the hash of both.
fn base58check(word: &str, alphabet: &Alphabet, versions: &[u8]) -> bool {
    work(word.len());
    // Seven limbs of 32 bits, the greatest first: three bytes more than an address has.
    let mut limbs = [0_u32; 7];
    for c in word.bytes() {
        let digit = alphabet[usize::from(c)];
        let mut carry = u64::from(digit);
        for limb in limbs.iter_mut().rev() {
            carry += u64::from(*limb) * 58;
            *limb = carry as u32;
            carry >>= 32;
        }
        if digit == NO_DIGIT || carry != 0 {
            return false;
        }
    }
    let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_be_bytes()).collect();
    let (Some([0, 0, 0]), Some(payload), Some(check)) = (bytes.first_chunk::<3>(), bytes.get(3..24), bytes.get(24..))
    else {
        return false;
    };
    payload.first().is_some_and(|version| versions.contains(version))
        && Sha256::digest(Sha256::digest(payload)).starts_with(check)
}

/// The checksum's polynomial over GF(32); 1 for Bech32, another constant for Bech32m.
fn bech32(word: &str) -> bool {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let Some((prefix, data)) = word.rsplit_once('1') else { return false };
    let mut check: u32 = 1;
    let mut step = |value: u32| {
        let top = check >> 25;
        check = (check & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            check ^= if top >> bit & 1 == 1 { *generator } else { 0 };
        }
    };
    prefix.bytes().for_each(|b| step(u32::from(b) >> 5));
    step(0);
    prefix.bytes().for_each(|b| step(u32::from(b) & 31));
    for c in data.bytes() {
        match BECH32_DIGITS[usize::from(c)] {
            NO_DIGIT => return false,
            value => step(u32::from(value)),
        }
    }
    data.len() >= 6 && matches!(check, 1 | 0x2bc8_30a3)
}

/// The case of each letter says a bit of the Keccak-256 hash of the lower-case address.
fn eip55(hex: &[u8]) -> bool {
    let mixed = hex.iter().any(u8::is_ascii_lowercase) && hex.iter().any(u8::is_ascii_uppercase);
    if !mixed || !hex.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let hash = keccak_256(&hex.to_ascii_lowercase());
    hex.iter().enumerate().all(|(at, c)| {
        let nibble = hash.get(at / 2).map_or(0, |byte| if at % 2 == 0 { byte >> 4 } else { byte & 15 });
        c.is_ascii_digit() || c.is_ascii_uppercase() == (nibble >= 8)
    })
}

/// Keccak-256 as Ethereum uses it, with the padding from before FIPS 202, of a message shorter than one block.
fn keccak_256(message: &[u8]) -> [u8; 32] {
    const RATE: usize = 136;
    let mut block = [0_u8; RATE];
    for (to, from) in block.iter_mut().zip(message.iter().take(RATE - 1).chain(&[1])) {
        *to = *from;
    }
    block[RATE - 1] |= 0x80;
    let mut state = [0_u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane = bytes.iter().rev().fold(0, |lane, b| lane << 8 | u64::from(*b));
    }
    keccak_f(&mut state);
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(state.iter().flat_map(|lane| lane.to_le_bytes())) {
        *to = from;
    }
    hash
}

/// The permutation of FIPS 202, section 3.3, on 25 lanes of 64 bits.
fn keccak_f(state: &mut [u64; 25]) {
    const ROTATIONS: [u32; 24] =
        [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
    const LANES: [usize; 24] = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
    let mut register: u8 = 1;
    for _ in 0..24 {
        let parity: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |all, y| all ^ state[x + 5 * y]));
        for (at, lane) in state.iter_mut().enumerate() {
            *lane ^= parity[(at + 4) % 5] ^ parity[(at + 1) % 5].rotate_left(1);
        }
        let mut moved = state[1];
        for (rotation, lane) in ROTATIONS.into_iter().zip(LANES) {
            moved = std::mem::replace(&mut state[lane], moved.rotate_left(rotation));
        }
        for row in state.chunks_exact_mut(5) {
            let old: [u64; 5] = std::array::from_fn(|x| row[x]);
            for x in 0..5 {
                row[x] = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        // The round constant comes from a linear feedback shift register of eight bits.
        for bit in 0..7 {
            if register & 1 == 1 {
                state[0] ^= 1 << ((1_u32 << bit) - 1);
            }
            register = register << 1 ^ if register & 0x80 == 0 { 0 } else { 0x71 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_one_character_breaks_them() {
        // Bitcoin wiki, BIP 173, BIP 350, EIP-55, XRPL documentation.
        let addresses = [
            "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        ];
        for address in addresses {
            assert!(is_address(address), "{address}");
            let shorter: String = address.char_indices().filter(|(at, _)| *at != 10).map(|(_, c)| c).collect();
            assert!(!is_address(&shorter) && !is_address(&format!("{address}a")), "{address}");
            let other = |(at, c): (usize, char)| if at == 12 { if c == '4' { '5' } else { '4' } } else { c };
            let wrong: String = address.char_indices().map(other).collect();
            assert!(!is_address(&wrong), "{wrong}");
        }
        assert!(!is_address(&addresses[5].to_ascii_lowercase()), "one case carries no checksum");
        assert!(!is_address("8f953371d3e85eddb89b05ed6b9e680791055315c73e1025ab5dba7bb2aee189"));
    }
}
