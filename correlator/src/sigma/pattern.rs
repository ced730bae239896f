//! One value of a detection rule against one value of a record.
//!
//! Text is compared in lower case unless a rule says `cased`. Wildcards and `re` become expressions of the `regex`
//! crate, which takes time linear in the record's value, whatever the record says.

use std::borrow::Cow;
use std::net::IpAddr;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::RuleError;

/// The largest compiled expression, in bytes.
const REGEX_BYTES_MAX: usize = 256 * 1024;

/// What a value must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Any value at all, or none.
    Exists(bool),
    /// Text, at a place.
    Text {
        /// In lower case unless `cased`.
        text: String,
        place: Place,
        cased: bool,
    },
    /// An expression.
    Regex(Regex),
    /// An address in a network: its bits, and how many of them count.
    Network(u128, u32),
    /// A number, compared.
    Number(Comparison, f64),
}

/// Where text must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Whole,
    Anywhere,
    Start,
    End,
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

impl Comparison {
    /// The comparison that Sigma calls `name`.
    pub fn new(name: &str) -> Option<Self> {
        Some(match name {
            "lt" => Self::Less,
            "lte" => Self::AtMost,
            "gt" => Self::More,
            "gte" => Self::AtLeast,
            "eq" => Self::Equal,
            "neq" => Self::Unequal,
            _ => return None,
        })
    }

    /// Whether `a` stands so to `b`.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
            Self::Equal => a == b,
            Self::Unequal => a != b,
        }
    }
}

impl Pattern {
    /// The pattern for `value` under `modifiers`, `all` apart.
    ///
    /// # Errors
    /// When a modifier is not known or does not go with the value.
    pub fn new(modifiers: &[&str], value: &Value) -> Result<Self, RuleError> {
        let mut place = Place::Whole;
        let (mut cased, mut ignore_case, mut special) = (false, false, None);
        for modifier in modifiers {
            match *modifier {
                "contains" => place = Place::Anywhere,
                "startswith" => place = Place::Start,
                "endswith" => place = Place::End,
                "cased" => cased = true,
                "i" => ignore_case = true,
                "re" | "cidr" | "exists" | "lt" | "lte" | "gt" | "gte" => special = Some(*modifier),
                other => return Err(RuleError::new(format!("the modifier {other} is not one that Weir reads"))),
            }
        }
        match (special, value) {
            (Some("exists"), Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
            (Some("re"), Value::String(text)) => expression(text, ignore_case).map(Self::Regex),
            (Some("cidr"), Value::String(text)) => network(text),
            (Some(name), value) => match (Comparison::new(name), number(value)) {
                (Some(comparison), Some(number)) => Ok(Self::Number(comparison, number)),
                _ => Err(RuleError::new(format!("the value {value} does not go with the modifier {name}"))),
            },
            (None, Value::Null) => Ok(Self::Exists(false)),
            (None, Value::String(text)) => text_pattern(text, place, cased),
            (None, Value::Number(number)) => Ok(Self::Number(Comparison::Equal, number.as_f64().unwrap_or(f64::NAN))),
            (None, Value::Bool(flag)) => Ok(Self::Text { text: flag.to_string(), place, cased: false }),
            (None, value) => Err(RuleError::new(format!("the value {value} is no text, number or flag"))),
        }
    }

    /// Whether one of `values` is as wanted.
    pub fn fits(&self, values: &[Cow<'_, str>]) -> bool {
        match self {
            Self::Exists(wanted) => values.is_empty() != *wanted,
            _ => values.iter().any(|value| self.fits_one(value)),
        }
    }

    fn fits_one(&self, value: &str) -> bool {
        match self {
            Self::Exists(wanted) => *wanted,
            Self::Regex(regex) => regex.is_match(value),
            Self::Number(comparison, number) => {
                value.trim().parse().is_ok_and(|value| comparison.holds(value, *number))
            }
            Self::Network(bits, prefix) => value.parse::<IpAddr>().is_ok_and(|ip| masked(ip, *prefix) == *bits),
            Self::Text { text, place, cased } => {
                let value = if *cased { Cow::Borrowed(value) } else { Cow::Owned(value.to_lowercase()) };
                match place {
                    Place::Whole => *value == *text,
                    Place::Anywhere => value.contains(text.as_str()),
                    Place::Start => value.starts_with(text.as_str()),
                    Place::End => value.ends_with(text.as_str()),
                }
            }
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// `*` and `?` stand for anything and one character, a backslash takes that from them.
fn text_pattern(text: &str, place: Place, cased: bool) -> Result<Pattern, RuleError> {
    let (mut plain, mut expression_text) = (String::new(), String::new());
    let mut wild = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let literal = match c {
            '*' | '?' => {
                wild = true;
                expression_text.push_str(if c == '*' { ".*" } else { "." });
                continue;
            }
            '\\' => characters.next_if(|next| ['*', '?', '\\'].contains(next)).unwrap_or(c),
            _ => c,
        };
        plain.push(literal);
        expression_text.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
    }
    if !wild {
        let text = if cased { plain } else { plain.to_lowercase() };
        return Ok(Pattern::Text { text, place, cased });
    }
    let start = if matches!(place, Place::Whole | Place::Start) { "^" } else { "" };
    let end = if matches!(place, Place::Whole | Place::End) { "$" } else { "" };
    expression(&format!("(?s){start}(?:{expression_text}){end}"), !cased).map(Pattern::Regex)
}

fn expression(text: &str, ignore_case: bool) -> Result<Regex, RuleError> {
    RegexBuilder::new(text)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| RuleError::new(format!("the expression {text:?} does not compile: {error}")))
}

fn network(text: &str) -> Result<Pattern, RuleError> {
    let faulty = || RuleError::new(format!("{text:?} is no network: write it like 192.0.2.0/24"));
    let (ip, prefix) = text.split_once('/').ok_or_else(faulty)?;
    let ip: IpAddr = ip.parse().map_err(|_| faulty())?;
    let bits: u32 = prefix.parse().map_err(|_| faulty())?;
    let prefix = match ip {
        IpAddr::V4(_) if bits <= 32 => bits + 96,
        IpAddr::V6(_) if bits <= 128 => bits,
        _ => return Err(faulty()),
    };
    Ok(Pattern::Network(masked(ip, prefix), prefix))
}

/// The first `prefix` bits of an address, IPv4 as mapped into IPv6.
fn masked(ip: IpAddr, prefix: u32) -> u128 {
    let bits = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    bits & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(modifiers: &[&str], pattern: Value, value: &str) -> bool {
        Pattern::new(modifiers, &pattern).expect("a pattern").fits(&[Cow::Borrowed(value)])
    }

    #[test]
    fn text_is_compared_as_sigma_says() {
        assert!(fits(&[], json!("Ab*c?"), "aBxxCd") && !fits(&[], json!("ab*c?"), "abxxc"));
        assert!(fits(&[], json!(r"a\*b"), "a*b") && !fits(&[], json!(r"a\*b"), "axb"));
        assert!(fits(&[], json!(r"c:\\*"), r"c:\windows") && fits(&[], json!(r"c:\w"), r"C:\W"));
        assert!(fits(&["contains"], json!("b.d"), "aB.Dc") && !fits(&["contains"], json!("b.d"), "abxdc"));
        assert!(fits(&["startswith"], json!("ab"), "ABC") && fits(&["endswith"], json!("bc"), "ABC"));
        assert!(!fits(&["cased"], json!("ab"), "AB") && fits(&["cased", "contains"], json!("A*B"), "xAyBz"));
        assert!(fits(&[], json!(true), "True") && fits(&[], json!(5), "5.0") && !fits(&[], json!(5), "x"));
        assert!(fits(&["re"], json!("^a+$"), "aaa") && !fits(&["re"], json!("^a+$"), "AAA"));
        assert!(fits(&["re", "i"], json!("^a+$"), "AAA"));
        assert!(fits(&["gte"], json!(10), "10") && !fits(&["gt"], json!(10), "10") && fits(&["lt"], json!("1e3"), "9"));
    }

    #[test]
    fn networks_hold_their_own_addresses() {
        assert!(
            fits(&["cidr"], json!("192.0.2.0/24"), "192.0.2.200")
                && !fits(&["cidr"], json!("192.0.2.0/24"), "192.0.3.1")
        );
        assert!(
            fits(&["cidr"], json!("2001:db8::/32"), "2001:db8:1::1") && fits(&["cidr"], json!("0.0.0.0/0"), "8.8.8.8")
        );
        assert!(!fits(&["cidr"], json!("10.0.0.0/8"), "no address"));
    }

    #[test]
    fn absence_is_a_value() {
        let none = Pattern::new(&[], &Value::Null).expect("a pattern");
        assert!(none.fits(&[]) && !none.fits(&[Cow::Borrowed("x")]));
        assert!(!Pattern::new(&["exists"], &json!(true)).expect("a pattern").fits(&[]));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (modifiers, value) in [
            (&["base64"][..], json!("x")),
            (&["re"], json!("(")),
            (&["re"], json!("(?:a{1000}){1000}")),
            (&["cidr"], json!("192.0.2.0")),
            (&["cidr"], json!("192.0.2.0/33")),
            (&["gte"], json!("many")),
            (&["exists"], json!("yes")),
            (&[], json!({"a": 1})),
        ] {
            assert!(Pattern::new(modifiers, &value).is_err(), "{modifiers:?} {value}");
        }
    }
}
