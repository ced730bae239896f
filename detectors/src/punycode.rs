//! Punycode (RFC 3492): what an `xn--` label reads like.

/// The parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const BIAS_FIRST: u32 = 72;
const CODE_FIRST: u32 = 128;
/// The longest label (RFC 1035, section 2.3.4); also what bounds the cost of inserting.
const LABEL_BYTES_MAX: usize = 63;

/// The label in Unicode, where `label` starts with `xn--` and is well formed.
pub fn decoded(label: &str) -> Option<String> {
    let prefix = label.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("xn--"))?;
    let rest = label.get(prefix.len()..).filter(|_| label.is_ascii() && label.len() <= LABEL_BYTES_MAX)?;
    let (basic, digits) = rest.rsplit_once('-').unwrap_or(("", rest));
    let mut out: Vec<char> = basic.chars().collect();
    let (mut code, mut place, mut bias) = (CODE_FIRST, 0_u32, BIAS_FIRST);
    let mut digits = digits.bytes().peekable();
    while digits.peek().is_some() {
        let before = place;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = value(digits.next()?)?;
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let length = out.len() as u32 + 1;
        bias = adapted(place - before, length, before == 0);
        code = code.checked_add(place / length)?;
        place %= length;
        out.insert(place as usize, char::from_u32(code)?);
        place += 1;
    }
    Some(out.into_iter().collect())
}

fn value(digit: u8) -> Option<u32> {
    match digit {
        b'a'..=b'z' => Some(u32::from(digit - b'a')),
        b'A'..=b'Z' => Some(u32::from(digit - b'A')),
        b'0'..=b'9' => Some(u32::from(digit - b'0') + 26),
        _ => None,
    }
}

/// The bias after a delta (RFC 3492, section 6.1).
fn adapted(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of RFC 3492, section 7.1, and of registered names.
    #[test]
    fn labels_read_as_the_standard_says() {
        for (label, text) in [
            ("xn--mnchen-3ya", "münchen"),
            ("XN--mnchen-3ya", "münchen"),
            ("xn--bcher-kva", "bücher"),
            ("xn--ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"),
            ("xn--e1afmkfd", "пример"),
            ("xn--pple-43d", "аpple"),
        ] {
            assert_eq!(decoded(label).as_deref(), Some(text), "{label}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_none() {
        for label in ["", "xn-", "example", "xn--é", "xn--a-9", "xn--99999999999", "xn--\u{0}", "éxn--a"] {
            assert_eq!(decoded(label), None, "{label}");
        }
        assert_eq!(decoded(&format!("xn--{}", "a".repeat(1000))), None);
    }
}
