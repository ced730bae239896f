//! The credential formats that are known by their shape, and how to tell a real one from a placeholder.
//!
//! A table instead of regular expressions: a prefix, an alphabet and a length are enough for every token
//! that a vendor designed to be found, and cost one comparison where the lexicon saw the prefix.
//! Sources: the vendors' own documentation of their token formats.

/// The characters that a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// A to Z, 2 to 7.
    Base32,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    UrlSafe,
    /// Letters, digits, `_`, `-`, `.` and `/`.
    Dotted,
    /// Base64 with padding.
    Base64,
    /// Lower-case hexadecimal.
    Hex,
}

impl Alphabet {
    fn has(self, b: u8) -> bool {
        match self {
            Self::Base32 => b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b),
            Self::Alphanumeric => b.is_ascii_alphanumeric(),
            Self::UrlSafe => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            Self::Dotted => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'),
            Self::Base64 => b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='),
            Self::Hex => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        }
    }
}

/// One format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The annotation's subtype.
    pub subtype: &'static str,
    /// How it starts, case-sensitive.
    pub prefix: &'static str,
    /// What follows the prefix.
    pub alphabet: Alphabet,
    /// The least and the most characters after the prefix.
    pub length: (usize, usize),
    /// How sure a match is.
    pub score: f32,
}

const fn format(
    subtype: &'static str,
    prefix: &'static str,
    alphabet: Alphabet,
    length: (usize, usize),
    score: f32,
) -> Format {
    Format { subtype, prefix, alphabet, length, score }
}

use Alphabet::{Alphanumeric, Base32, Base64, Dotted, Hex, UrlSafe};

/// The table; longer prefixes before the shorter ones that they begin with.
pub const FORMATS: &[Format] = &[
    format("aws_access_key_id", "AKIA", Base32, (16, 16), 0.6),
    format("aws_access_key_id", "ASIA", Base32, (16, 16), 0.6),
    format("github_token", "ghp_", Alphanumeric, (36, 36), 0.9),
    format("github_token", "gho_", Alphanumeric, (36, 36), 0.9),
    format("github_token", "ghu_", Alphanumeric, (36, 36), 0.9),
    format("github_token", "ghs_", Alphanumeric, (36, 36), 0.9),
    format("github_token", "ghr_", Alphanumeric, (36, 76), 0.9),
    format("github_fine_grained_token", "github_pat_", UrlSafe, (82, 82), 0.95),
    format("gitlab_token", "glpat-", Dotted, (20, 300), 0.9),
    format("slack_token", "xoxb-", UrlSafe, (20, 120), 0.9),
    format("slack_token", "xoxp-", UrlSafe, (20, 120), 0.9),
    format("slack_token", "xoxa-", UrlSafe, (20, 120), 0.9),
    format("slack_token", "xoxr-", UrlSafe, (20, 120), 0.9),
    format("slack_token", "xoxs-", UrlSafe, (20, 120), 0.9),
    format("slack_token", "xapp-", UrlSafe, (30, 200), 0.9),
    format("slack_webhook", "hooks.slack.com/services/", Dotted, (40, 90), 0.9),
    format("stripe_key", "sk_live_", Alphanumeric, (16, 247), 0.95),
    format("stripe_key", "rk_live_", Alphanumeric, (16, 247), 0.95),
    format("stripe_test_key", "sk_test_", Alphanumeric, (16, 247), 0.5),
    format("anthropic_key", "sk-ant-", UrlSafe, (60, 160), 0.95),
    format("openai_key", "sk-proj-", UrlSafe, (40, 200), 0.95),
    format("openai_key", "sk-svcacct-", UrlSafe, (40, 200), 0.95),
    format("openai_key", "sk-admin-", UrlSafe, (40, 200), 0.95),
    format("openrouter_key", "sk-or-v1-", Hex, (64, 64), 0.95),
    format("openai_key", "sk-", Alphanumeric, (32, 64), 0.8),
    format("google_api_key", "AIza", UrlSafe, (35, 35), 0.9),
    format("google_oauth_secret", "GOCSPX-", UrlSafe, (28, 28), 0.95),
    format("google_access_token", "ya29.", UrlSafe, (30, 400), 0.85),
    format("npm_token", "npm_", Alphanumeric, (36, 36), 0.9),
    format("pypi_token", "pypi-AgEI", UrlSafe, (50, 300), 0.95),
    format("azure_storage_key", "AccountKey=", Base64, (86, 88), 0.95),
    format("azure_shared_access_key", "SharedAccessKey=", Base64, (43, 44), 0.9),
    format("huggingface_token", "hf_", Alphanumeric, (34, 40), 0.9),
    format("sendgrid_key", "SG.", Dotted, (60, 70), 0.9),
    format("docker_token", "dckr_pat_", UrlSafe, (27, 36), 0.9),
    format("shopify_token", "shpat_", Hex, (32, 32), 0.9),
    format("vault_token", "hvs.", UrlSafe, (24, 200), 0.85),
    format("digitalocean_token", "dop_v1_", Hex, (64, 64), 0.95),
    format("grafana_token", "glsa_", UrlSafe, (40, 60), 0.9),
];

impl Format {
    /// The length of the token at the start of `text`, prefix included, when it has this format and ends there.
    pub fn matches(&self, text: &str) -> Option<usize> {
        let rest = text.strip_prefix(self.prefix)?.as_bytes();
        let length = rest.iter().take(self.length.1 + 1).take_while(|b| self.alphabet.has(**b)).count();
        let length = if self.alphabet == Dotted { without_final_dots(rest, length) } else { length };
        (self.length.0..=self.length.1).contains(&length).then_some(self.prefix.len() + length)
    }
}

/// A full stop that ends a sentence is no part of a token.
fn without_final_dots(bytes: &[u8], length: usize) -> usize {
    let dots = bytes.iter().take(length).rev().take_while(|b| matches!(b, b'.' | b'/' | b'-')).count();
    length - dots
}

/// Whether a value is one of the ways in which people write "put your secret here".
pub fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 26] = [
        "example",
        "sample",
        "your",
        "xxxx",
        "****",
        "....",
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "dummy",
        "redacted",
        "insert",
        "replace",
        "<",
        "{{",
        "${",
        "todo",
        "fake",
        "12345678",
        "abcdefgh",
        "deadbeef",
        "00000000",
        "____",
        "not-a-real",
        "notreal",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || repeats(value) || (value.len() >= 16 && entropy_bits(value) < 2.5)
}

/// Whether one character fills a third of a value in a row.
fn repeats(value: &str) -> bool {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for b in value.bytes() {
        run = if last == Some(b) { run + 1 } else { 1 };
        last = Some(b);
        longest = longest.max(run);
    }
    longest >= 5 && longest * 3 >= value.len()
}

/// Shannon entropy of the bytes, in bits each.
pub fn entropy_bits(value: &str) -> f32 {
    let mut counts = [0_u32; 256];
    for b in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(b)) {
            *count += 1;
        }
    }
    let total = value.len().max(1) as f32;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| *count as f32 / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// Whether a GitHub token's last six characters are the CRC-32 of the rest in base62 (GitHub, "Behind GitHub's
/// new authentication token formats", 2021).
pub fn github_checksum_holds(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    let Some((random, checksum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    base62(crc32(random.as_bytes())) == checksum
}

fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for place in digits.iter_mut().rev() {
        *place = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().map(|b| char::from(*b)).collect()
}

/// CRC-32 (ISO 3309), bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_and_base62_agree_with_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(base62(0), "000000");
        assert_eq!(base62(62 * 62 + 61), "00010z");
    }

    #[test]
    fn lengths_are_exact() {
        let npm = FORMATS.iter().find(|format| format.prefix == "npm_").expect("listed");
        let token = format!("npm_{}", "a1B2".repeat(9));
        assert_eq!(npm.matches(&format!("{token} x")), Some(40));
        assert_eq!(npm.matches(&format!("{token}Z")), None);
        assert_eq!(npm.matches(token.get(..39).expect("ASCII")), None);
    }

    #[test]
    fn placeholders_are_known() {
        for value in
            ["AKIAIOSFODNN7EXAMPLE", "your-api-key", "sk-xxxxxxxxxxxxxxxxxxxxxxxx", "${SECRET}", "aaaaaaaaaaaaaaaaaaaa"]
        {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("AKIAZ7QWERTY5UIOPLKJ"));
    }
}
