//! Check digit schemes that several countries share. Numbers come as ASCII, letters in lower case; what is no
//! digit where one belongs counts as wrong, never as a panic.

/// A scheme: whether a number's check digits are right.
pub type Scheme = fn(&[u8]) -> bool;

/// The digit at a place, or something that no scheme accepts.
pub fn digit(number: &[u8], at: usize) -> u32 {
    number.get(at).map_or(u32::MAX >> 8, |b| u32::from(b.wrapping_sub(b'0')))
}

/// The value of some digits.
pub fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value: u64, b| value.wrapping_mul(10).wrapping_add(u64::from(b.wrapping_sub(b'0'))))
}

/// The sum of the first digits, each times its weight.
pub fn weighted(number: &[u8], weights: &[u32]) -> u32 {
    number.iter().zip(weights).map(|(b, weight)| u32::from(b.wrapping_sub(b'0')) * weight).sum()
}

/// Luhn's formula: ISO/IEC 7812-1, annex B.
pub fn luhn(number: &[u8]) -> bool {
    let digits = number.iter().rev().map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = digits.enumerate().map(|(at, d)| if at % 2 == 0 { d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064 MOD 11,10: the last digit checks the others.
pub fn mod_11_10(number: &[u8]) -> bool {
    let Some((last, others)) = number.split_last() else { return false };
    let product = others.iter().fold(10, |product, b| {
        let sum = (product + u32::from(b.wrapping_sub(b'0'))) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(last.wrapping_sub(b'0'))
}

/// ISO/IEC 7064 MOD 11-2: the last character, `x` for 10, checks the digits before it.
pub fn mod_11_2(number: &[u8]) -> bool {
    let Some((last, others)) = number.split_last() else { return false };
    let sum = others.iter().fold(0, |sum, b| (sum + u32::from(b.wrapping_sub(b'0'))) * 2 % 11);
    let last = if *last == b'x' { 10 } else { u32::from(last.wrapping_sub(b'0')) };
    (sum + last) % 11 == 1
}

/// ISO/IEC 7064 MOD 97-10 over digits and letters as 10 to 35.
pub fn mod_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        _ => (rest * 100 + u32::from(c.to_ascii_lowercase().wrapping_sub(b'a')) + 10) % 97,
    })
}

/// Verhoeff, "Error Detecting Decimal Codes" (1969): the dihedral group of order ten.
pub fn verhoeff(number: &[u8]) -> bool {
    // Products in the group: rotations are 0 to 4, reflections 5 to 9.
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted =
        |d: u32, times: usize| (0..times % 8).fold(d, |d, _| PERMUTATION.get(d as usize).copied().unwrap_or_default());
    let digits = number.iter().rev().map(|b| u32::from(b.wrapping_sub(b'0')) % 10);
    digits.enumerate().fold(0, |sum, (at, d)| product(sum, permuted(d, at))) == 0
}

/// Machine-readable travel documents (ICAO 9303, part 3): weights 7, 3, 1, letters as 10 to 35, last digit checks.
pub fn icao(number: &[u8]) -> bool {
    let Some((last, others)) = number.split_last() else { return false };
    icao_sum(others) == u32::from(last.wrapping_sub(b'0'))
}

/// The check digit of ICAO 9303 for `characters`.
pub fn icao_sum(characters: &[u8]) -> u32 {
    let sum: u32 =
        characters.iter().zip([7, 3, 1].into_iter().cycle()).map(|(b, weight)| alphanumeric(*b) * weight).sum();
    sum % 10
}

/// Digits as themselves, letters as 10 to 35.
pub fn alphanumeric(b: u8) -> u32 {
    if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b.wrapping_sub(b'a')) + 10 }
}

/// Whether two digits each are a month and a day; the year is not asked for.
pub fn month_day(month: u32, day: u32) -> bool {
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// The two digits at a place.
pub fn two(number: &[u8], at: usize) -> u32 {
    number.get(at..at + 2).map_or(u32::MAX, |two| value(two) as u32)
}

/// Whether a number starts with a date as `yymmdd`.
pub fn yymmdd(number: &[u8]) -> bool {
    month_day(two(number, 2), two(number, 4))
}

/// Whether a number starts with a date as `ddmmyy`.
pub fn ddmmyy(number: &[u8]) -> bool {
    month_day(two(number, 2), two(number, 0))
}

/// Whether all characters are the same: nobody is issued such a number, and many schemes accept it.
pub fn repeats(number: &[u8]) -> bool {
    number.iter().all(|b| Some(b) == number.first())
}

/// 11 less the rest modulo 11, as many schemes want it: 11 counts as 0, and 10 is left to the caller.
pub fn complement_11(sum: u32) -> u32 {
    (11 - sum % 11) % 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_accept_their_published_examples_and_nothing_one_digit_away() {
        // ISO/IEC 7812: 7992739871 with 3. ISO/IEC 7064: 0794 with 5 (11,10) and 0 (11-2). Verhoeff: 236 with 3.
        let cases: [(Scheme, &[u8]); 5] = [
            (luhn, b"79927398713"),
            (mod_11_10, b"07945"),
            (mod_11_2, b"07940"),
            (verhoeff, b"2363"),
            (icao, b"l898902c36"),
        ];
        for (check, number) in cases {
            assert!(check(number), "{number:?}");
            for at in 0..number.len() {
                for other in b'0'..=b'9' {
                    let mut wrong = number.to_vec();
                    if number[at].is_ascii_digit() && number[at] != other {
                        wrong[at] = other;
                        // ICAO's weights share factors with ten: it misses some, by design.
                        assert!(!check(&wrong) || number.len() == 10, "{wrong:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_panics_on_what_is_no_number() {
        for number in [&b""[..], b"a", b"zz", b"\xff\xff\xff", b"99999999999999999999999999999999"] {
            let _ = (luhn(number), mod_11_10(number), mod_11_2(number), verhoeff(number), icao(number));
            let _ = (value(number), yymmdd(number), ddmmyy(number), digit(number, 9), repeats(number));
        }
    }
}
