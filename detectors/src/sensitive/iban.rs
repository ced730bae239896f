//! International bank account numbers: the country's length (SWIFT IBAN Registry) and ISO 7064 MOD 97-10.

use std::ops::Range;

use super::checks::mod_97;

/// Countries and the lengths of their numbers, alphabetically. From the registry, release 99, and the partial list
/// of countries that use the scheme unregistered.
const LENGTHS: [(&[u8; 2], usize); 110] = [
    (b"ad", 24),
    (b"ae", 23),
    (b"al", 28),
    (b"ao", 25),
    (b"at", 20),
    (b"az", 28),
    (b"ba", 20),
    (b"be", 16),
    (b"bf", 28),
    (b"bg", 22),
    (b"bh", 22),
    (b"bi", 27),
    (b"bj", 28),
    (b"br", 29),
    (b"by", 28),
    (b"cf", 27),
    (b"cg", 27),
    (b"ch", 21),
    (b"ci", 28),
    (b"cm", 27),
    (b"cr", 22),
    (b"cv", 25),
    (b"cy", 28),
    (b"cz", 24),
    (b"de", 22),
    (b"dj", 27),
    (b"dk", 18),
    (b"do", 28),
    (b"dz", 26),
    (b"ee", 20),
    (b"eg", 29),
    (b"es", 24),
    (b"fi", 18),
    (b"fk", 18),
    (b"fo", 18),
    (b"fr", 27),
    (b"ga", 27),
    (b"gb", 22),
    (b"ge", 22),
    (b"gi", 23),
    (b"gl", 18),
    (b"gq", 27),
    (b"gr", 27),
    (b"gt", 28),
    (b"gw", 25),
    (b"hn", 28),
    (b"hr", 21),
    (b"hu", 28),
    (b"ie", 22),
    (b"il", 23),
    (b"iq", 23),
    (b"ir", 26),
    (b"is", 26),
    (b"it", 27),
    (b"jo", 30),
    (b"km", 27),
    (b"kw", 30),
    (b"kz", 20),
    (b"lb", 28),
    (b"lc", 32),
    (b"li", 21),
    (b"lt", 20),
    (b"lu", 20),
    (b"lv", 21),
    (b"ly", 25),
    (b"ma", 28),
    (b"mc", 27),
    (b"md", 24),
    (b"me", 22),
    (b"mg", 27),
    (b"mk", 19),
    (b"ml", 28),
    (b"mn", 20),
    (b"mr", 27),
    (b"mt", 31),
    (b"mu", 30),
    (b"mz", 25),
    (b"ne", 28),
    (b"ni", 28),
    (b"nl", 18),
    (b"no", 15),
    (b"om", 23),
    (b"pk", 24),
    (b"pl", 28),
    (b"ps", 29),
    (b"pt", 25),
    (b"qa", 29),
    (b"ro", 24),
    (b"rs", 22),
    (b"ru", 33),
    (b"sa", 24),
    (b"sc", 31),
    (b"sd", 18),
    (b"se", 24),
    (b"si", 19),
    (b"sk", 24),
    (b"sm", 27),
    (b"sn", 28),
    (b"so", 23),
    (b"st", 25),
    (b"sv", 28),
    (b"td", 27),
    (b"tg", 28),
    (b"tl", 23),
    (b"tn", 24),
    (b"tr", 26),
    (b"ua", 29),
    (b"va", 22),
    (b"vg", 24),
    (b"xk", 20),
];

/// The number that begins at `start` of a folded text, with single spaces or dashes between its groups.
pub fn at(text: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let country: &[u8; 2] = rest.first_chunk()?;
    if !rest.get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = LENGTHS.binary_search_by_key(&country, |(country, _)| country).ok()?;
    let length = LENGTHS.get(length)?.1;
    let mut compact = [0; 34];
    let (mut count, mut at, mut gap) = (0, 0, true);
    while count < length {
        let b = *rest.get(at)?;
        if b.is_ascii_alphanumeric() {
            *compact.get_mut(count)? = b;
            count += 1;
            gap = false;
        } else if matches!(b, b' ' | b'-') && !gap {
            gap = true;
        } else {
            return None;
        }
        at += 1;
    }
    let (head, tail) = compact.get(..length)?.split_at_checked(4)?;
    let whole = !rest.get(at).is_some_and(u8::is_ascii_alphanumeric);
    (whole && mod_97(tail.iter().chain(head).copied()) == 1).then(|| start..start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_check_digits_hold() {
        assert!(LENGTHS.is_sorted_by_key(|(country, _)| *country));
        // The examples of the registry.
        for text in [
            "gb29nwbk60161331926819",
            "de89 3704 0044 0532 0130 00",
            "fr14 2004 1010 0505 0001 3m02 606",
            "no93 8601 1117 947",
        ] {
            assert_eq!(at(text.as_bytes(), 0), Some(0..text.len()), "{text}");
        }
        assert_eq!(at(b"de89 3704 0044 0532 0130 00 is mine", 0), Some(0..27));
        for text in [
            "de88370400440532013000",
            "de8937040044053201300",
            "zz89370400440532013000",
            "de89370400440532013000x",
            "de",
            "de89  3704",
        ] {
            assert_eq!(at(text.as_bytes(), 0), None, "{text}");
        }
    }
}
