//! Bounded ends of a text, cut where a character ends.

/// The longest start of `text` of at most `bytes_max` bytes.
pub fn head(text: &str, bytes_max: usize) -> &str {
    let mut at = bytes_max.min(text.len());
    // A character has at most four bytes, so this looks back at most three times.
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.get(..at).unwrap_or_default()
}

/// The longest end of `text` of at most `bytes_max` bytes.
pub fn tail(text: &str, bytes_max: usize) -> &str {
    let mut at = text.len().saturating_sub(bytes_max);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole() {
        assert_eq!((head("aé€", 2), head("aé€", 3), head("aé€", 9)), ("a", "aé", "aé€"));
        assert_eq!((tail("aé€", 2), tail("aé€", 4), tail("aé€", 9)), ("", "€", "aé€"));
    }
}
