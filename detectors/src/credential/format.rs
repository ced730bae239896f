//! What a format of credentials is: how it starts, what it is made of, how long it is, and what else holds it to
//! account.
//!
//! A table instead of regular expressions: a prefix, an alphabet and a length are enough for every token that
//! a vendor designed to be found, and cost one comparison where a word may start. The tables are
//! [`crate::credential::prefixes`] and [`crate::credential::services`].

/// The characters that a token is made of. One bit each in [`CLASSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Alphabet {
    /// 0 to 9.
    Digits,
    /// Lower-case hexadecimal.
    Hex,
    /// Hexadecimal of either case.
    AnyHex,
    /// Lower-case hexadecimal and hyphens, as UUIDs are written.
    Uuid,
    /// A to Z, 2 to 7.
    Base32,
    /// Lower-case letters and digits.
    Lower,
    /// Upper-case letters and digits.
    Upper,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    UrlSafe,
    /// Letters, digits, `_`, `-` and `.`.
    Dotted,
    /// Base64 with padding.
    Base64,
    /// Everything that a URL leaves as it is, save `:` and `@`.
    Wide,
    /// What a URL has behind its host.
    Url,
}

impl Alphabet {
    /// How many alphabets there are.
    pub const COUNT: usize = 13;

    /// Whether a byte belongs.
    pub fn has(self, b: u8) -> bool {
        CLASSES[usize::from(b)] & (1 << self as u8) != 0
    }
}

/// The alphabets of every byte.
const CLASSES: [u16; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = classes(at as u8);
        at += 1;
    }
    table
};

const fn classes(b: u8) -> u16 {
    use Alphabet::{Alphanumeric, AnyHex, Base32, Base64, Digits, Dotted, Hex, Lower, Upper, Url, UrlSafe, Uuid, Wide};
    let (digit, lower, upper) = (b.is_ascii_digit(), b.is_ascii_lowercase(), b.is_ascii_uppercase());
    let (hex, word) = (digit || matches!(b, b'a'..=b'f'), b.is_ascii_alphanumeric());
    let safe = word || matches!(b, b'_' | b'-');
    let wide = safe || matches!(b, b'.' | b'/' | b'+' | b'=' | b'~' | b'%' | b'!' | b'$' | b'*');
    let all = [
        (Digits, digit),
        (Hex, hex),
        (AnyHex, hex || matches!(b, b'A'..=b'F')),
        (Uuid, hex || b == b'-'),
        (Base32, upper || matches!(b, b'2'..=b'7')),
        (Lower, lower || digit),
        (Upper, upper || digit),
        (Alphanumeric, word),
        (UrlSafe, safe),
        (Dotted, safe || b == b'.'),
        (Base64, word || matches!(b, b'+' | b'/' | b'=')),
        (Wide, wide),
        (Url, wide || matches!(b, b'@' | b':' | b'?' | b'&')),
    ];
    let (mut bits, mut at) = (0, 0);
    while at < all.len() {
        if all[at].1 {
            bits |= 1 << all[at].0 as u8;
        }
        at += 1;
    }
    bits
}

/// What must hold besides alphabet and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing.
    None,
    /// The last six characters are the CRC-32 of the rest in base62: sure where it holds, doubtful where not.
    Crc32,
    /// An access key id of AWS, whose characters hold an account number.
    AwsKeyId,
    /// Groups of digits before the last part, as in Slack's tokens.
    SlackParts,
    /// So many parts, separated by full stops.
    Parts(u8),
    /// Groups of five or six characters, separated by hyphens.
    Groups,
    /// "AA" at the end.
    EndsInAa,
    /// Letters without a digit are a token too.
    Letters,
    /// A digest of a password, with its parameters and its salt.
    Digest,
}

/// One format with a prefix.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The annotation's subtype.
    pub subtype: &'static str,
    /// How it starts, case-sensitive.
    pub prefix: &'static str,
    /// What follows the prefix.
    pub alphabet: Alphabet,
    /// The least and the most characters after the prefix.
    pub length: (u16, u16),
    /// How sure a match is, in percent.
    pub percent: u8,
    /// What else must hold.
    pub check: Check,
    /// Whether it is an identifier that is no secret by itself.
    pub public: bool,
}

impl Format {
    /// A format that needs no further check.
    pub const fn new(
        subtype: &'static str,
        prefix: &'static str,
        alphabet: Alphabet,
        min: u16,
        max: u16,
        percent: u8,
    ) -> Self {
        Self { subtype, prefix, alphabet, length: (min, max), percent, check: Check::None, public: false }
    }

    /// The same with a check.
    pub const fn with(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// The same, as an identifier.
    pub const fn public(mut self) -> Self {
        self.public = true;
        self
    }
}

/// Where runs of each alphabet end, remembered between places of one text: each byte is looked at once an
/// alphabet, however many prefixes stand before it.
#[derive(Debug, Default)]
pub struct Ends {
    /// For each alphabet a run, from where it was asked for to its end.
    runs: [(usize, usize); Alphabet::COUNT],
}

impl Ends {
    /// The end of the run of `alphabet` that holds `at`, at most the end of `bytes`.
    pub fn of(&mut self, bytes: &[u8], alphabet: Alphabet, at: usize) -> usize {
        let Some(run) = self.runs.get_mut(alphabet as usize) else { return at };
        if !(run.0..run.1).contains(&at) {
            let rest = bytes.get(at..).unwrap_or_default();
            *run = (at, at + rest.iter().take_while(|b| alphabet.has(**b)).count());
        }
        run.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_agree_with_counting() {
        let bytes = b"abc-123.DEF/ghi=%zz~.-_";
        let mut ends = Ends::default();
        for at in 0..bytes.len() {
            for alphabet in [Alphabet::Hex, Alphabet::Lower, Alphabet::UrlSafe, Alphabet::Wide, Alphabet::Base64] {
                let counted = at + bytes[at..].iter().take_while(|b| alphabet.has(**b)).count();
                assert_eq!(ends.of(bytes, alphabet, at), counted, "{alphabet:?} at {at}");
            }
        }
    }
}
