//! What tells a real credential from one that was made up to show where a real one goes, and what vendors
//! put into their tokens so that they can be checked.
//!
//! Not here: asking the vendor.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bounds::head;

/// How a value looks to somebody who asks whether it can be real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// "Put your secret here", one character over and over, a reference to a variable.
    Placeholder,
    /// Runs of the alphabet and of digits in order: somebody typed a token's shape.
    Sequence,
    /// As good as random.
    Plausible,
}

/// Words of people who write "put your secret here". Lower case.
const WORDS: [&str; 34] = [
    "example",
    "sample",
    "your",
    "xxxx",
    "****",
    "....",
    "changeme",
    "change_me",
    "change-me",
    "placehold",
    "dummy",
    "redacted",
    "insert",
    "replace",
    "<",
    "{{",
    "${",
    "$(",
    "todo",
    "_here",
    "-here",
    "goeshere",
    "____",
    "----",
    "notreal",
    "not-a-real",
    "not_a_real",
    "invalid",
    "abcdabcd",
    "foobar",
    "mytoken",
    "mysecret",
    "my-secret",
    "my_secret",
];

/// What stands in vendors' manuals in the place of a key and looks like one: the beginnings of Stripe's test key, of
/// the signature of jwt.io's token, of the key of Azure's storage emulator. Lower case.
const PUBLISHED: [&str; 3] = ["4ec39hqlyjwd", "sflkxwrjsmekkf2q", "eby8vdm02xnocqfl"];

/// One automaton for all words; where it did not build nothing would be plausible, and the tests would fail.
static WORDS_AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(WORDS.iter().chain(&PUBLISHED))
        .ok()
});

/// The longest value that is searched for such words, in bytes; the words of a longer one stand in front.
const WORDS_WITHIN_MAX: usize = 512;

/// How `value` looks.
pub fn look(value: &str) -> Look {
    let start = head(value, WORDS_WITHIN_MAX);
    let worded = WORDS_AUTOMATON.as_ref().is_none_or(|words| words.is_match(start));
    if worded || interpolates(start) || repeats(value) || poor(value) {
        return Look::Placeholder;
    }
    if in_sequence(value) || spelt(start) { Look::Sequence } else { Look::Plausible }
}

/// Whether a value puts something in by its name, as Python does: `%(name)s`. Random signs hold `%(` too.
fn interpolates(value: &str) -> bool {
    let named = |rest: &str| {
        let name = rest.split(')').next().unwrap_or_default();
        !name.is_empty() && name.len() < rest.len() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    value.split("%(").skip(1).any(named)
}

/// Whether a value holds the words that people spell in hexadecimal digits.
fn spelt(value: &str) -> bool {
    const SPELT: [&[u8]; 2] = [b"deadbeef", b"d3adbeef"];
    value.as_bytes().windows(8).any(|word| SPELT.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Whether a value is one of the ways in which people write "put your secret here".
pub fn is_placeholder(value: &str) -> bool {
    look(value) == Look::Placeholder
}

/// Whether one character fills a third of a value in a row.
fn repeats(value: &str) -> bool {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for b in value.bytes() {
        run = if last == Some(b) { run + 1 } else { 1 };
        last = Some(b);
        longest = longest.max(run);
    }
    longest >= 4 && longest * 3 >= value.len() || longest >= 9
}

/// Whether a long value uses hardly any characters.
fn poor(value: &str) -> bool {
    value.len() >= 16 && entropy_bits(value) < 2.2
}

/// Whether more than half of a value follows the alphabet, the digits or a row of the keyboard. A value that
/// pairs letters with digits in step ("a1b2c3") counts too.
fn in_sequence(value: &str) -> bool {
    let bytes = value.as_bytes();
    let steps = |gap: usize, run_min: usize| {
        let (mut covered, mut run) = (0, 0);
        for at in 0..bytes.len() {
            let follows = bytes.get(at + gap).zip(bytes.get(at)).is_some_and(|(next, this)| {
                let (next, this) = (next.to_ascii_lowercase(), this.to_ascii_lowercase());
                next == this.wrapping_add(1)
                    || this == b'9' && (next == b'0' || next == b'a')
                    || this == b'0' && next == b'a'
            });
            run = if follows { run + 1 } else { 0 };
            covered += match run {
                _ if run + 1 < run_min => 0,
                _ if run + 1 == run_min => run_min,
                _ => 1,
            };
        }
        covered
    };
    bytes.len() >= 8 && (steps(1, 4) * 2 > bytes.len() || steps(2, 4) * 4 > bytes.len() * 3)
}

/// Shannon entropy of the bytes, in bits each.
pub fn entropy_bits(value: &str) -> f32 {
    let mut counts = [0_u32; 128];
    for b in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(b & 127)) {
            *count += 1;
        }
    }
    let total = value.len().max(1) as f32;
    let terms = counts.iter().filter(|count| **count > 0).map(|count| *count as f32 * (*count as f32).log2());
    total.log2() - terms.sum::<f32>() / total
}

/// Whether the last six characters of `body` are the CRC-32 of those before in base62 (GitHub, "Behind GitHub's
/// new authentication token formats", 2021; npm took the same design over).
pub fn crc32_holds(body: &str) -> bool {
    let split = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at));
    split.is_some_and(|(random, checksum)| base62(crc32(random.as_bytes())).as_slice() == checksum.as_bytes())
}

/// Six digits of base62.
pub fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for place in digits.iter_mut().rev() {
        *place = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits
}

/// CRC-32 (ISO 3309), bit by bit: tokens are short.
pub fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    !crc
}

/// The account number in an AWS access key id: 40 bits behind the first bit of what follows the prefix. `None`
/// for what is no number of twelve digits; ids made before 2019 hold none either.
pub fn aws_account(id: &str) -> Option<u64> {
    let bits = id.bytes().skip(4).take(10).try_fold(0_u64, |bits, b| {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        Some(bits << 5 | u64::from(value))
    })?;
    // 50 bits: one that marks new ids, 40 of the account, the rest of the id's own.
    let account = bits >> 9 & ((1 << 40) - 1);
    (bits >> 49 == 1 && account < 1_000_000_000_000).then_some(account)
}

/// The header of a JSON Web Token, as far as it must be there.
#[derive(serde::Deserialize)]
struct JwtHead {
    /// How the token is signed or encrypted.
    #[serde(rename = "alg")]
    _algorithm: serde::de::IgnoredAny,
}

/// Whether a part of a JSON Web Token is a header: an object that names its algorithm (RFC 7515, section 4.1.1).
pub fn is_jwt_head(part: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    bytes.is_ok_and(|bytes| serde_json::from_slice::<JwtHead>(&bytes).is_ok())
}

/// Whether a part of a JSON Web Token is an object, as claims are (RFC 7519, section 3).
pub fn is_jwt_body(part: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    bytes.is_ok_and(|bytes| bytes.starts_with(b"{") && bytes.trim_ascii_end().ends_with(b"}"))
}

/// Whether a part of a Discord token is the number of an account in base64: a snowflake, 17 to 19 digits (Discord,
/// "API Reference", snowflakes).
pub fn is_snowflake(part: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    bytes.is_ok_and(|bytes| matches!(bytes.len(), 17..=19) && bytes.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_and_base62_agree_with_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(&base62(0), b"000000");
        assert_eq!(&base62(62 * 62 + 61), b"00010z");
    }

    #[test]
    fn placeholders_and_sequences_are_known() {
        for value in
            ["AKIAIOSFODNN7EXAMPLE", "your-api-key", "sk-xxxxxxxxxxxxxxxxxxxxxxxx", "${SECRET}", "aaaaaaaaaaaaaaaaaaaa"]
        {
            assert_eq!(look(value), Look::Placeholder, "{value}");
        }
        for value in [
            "1234567890abcdef1234567890abcdef",
            "ABCDEFGHIJKLMNOPQRST",
            "abcdefghijklmnopqrstuvwxyz123456",
            "a1b2c3d4e5f6g7h8",
            "AKIADEADBEEFDEADBEEF",
        ] {
            assert_eq!(look(value), Look::Sequence, "{value}");
        }
        for value in
            ["AKIAZ7QWERTY5UIOPLKJ", "f3786850e387550fdab836ed7e6dc881de23001b", "Tr0ub4dor&3xK", "k3%(q9!w(x)z"]
        {
            assert_eq!(look(value), Look::Plausible, "{value}");
        }
    }

    #[test]
    fn the_account_is_in_the_id() {
        // 1 bit set, the account 123456789012, nine bits of anything, then six characters of anything.
        let bits = 1_u64 << 49 | 123_456_789_012 << 9 | 0b1_0110_1001;
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let body: String = (0..10).rev().map(|at| char::from(digits[(bits >> (at * 5) & 31) as usize])).collect();
        assert_eq!(aws_account(&format!("AKIA{body}QWERTY")), Some(123_456_789_012));
        assert_eq!(aws_account("AKIAAAAAAAAAAAAAAAAA"), None);
    }

    #[test]
    fn a_jwt_head_names_its_algorithm() {
        assert!(is_jwt_head(&URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256"}"#)));
        for text in [r#"{"typ":"JWT"}"#, r#"{"alg":"HS256","typ":"JWT""#, "not json", "[]"] {
            assert!(!is_jwt_head(&URL_SAFE_NO_PAD.encode(text)), "{text}");
        }
        assert!(is_jwt_body(&URL_SAFE_NO_PAD.encode(r#"{"sub":"7"}"#)) && !is_jwt_body("eyJ"));
    }

    #[test]
    fn a_snowflake_is_a_number() {
        assert!(is_snowflake(&URL_SAFE_NO_PAD.encode("198622483471925248")));
        assert!(!is_snowflake(&URL_SAFE_NO_PAD.encode("19862248347192524x")) && !is_snowflake("MTk4"));
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy_bits("aabb") - 1.0).abs() < 1e-5 && entropy_bits("aaaa").abs() < 1e-5);
        assert!((entropy_bits("abcdefgh") - 3.0).abs() < 1e-5);
    }
}
