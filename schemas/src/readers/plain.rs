//! Where a text in a JSON document is interrupted: at the first quote, backslash or control character, else with the
//! document. Most of a record's bytes are looked at here, a word or two at a time.

/// Where the text that begins at `from` is interrupted, for texts with many escapes, between which few letters lie.
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = interrupted(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / u8::BITS) as usize;
        }
        at += chunk.len();
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// The same for what is probably a whole text: two words at once are as long as most names and values, and prose is
/// passed twice as fast.
#[inline(never)]
pub(super) fn first_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let words = u128::from_le_bytes(*chunk);
        let (first, second) = (interrupted(words as u64), interrupted((words >> u64::BITS) as u64));
        if first | second != 0 {
            let bits = if first != 0 { first.trailing_zeros() } else { u64::BITS + second.trailing_zeros() };
            return at + (bits / u8::BITS) as usize;
        }
        at += chunk.len();
    }
    plain_end(bytes, at)
}

/// The bytes of `word` at which a text is interrupted: the lowest bit that is set is the highest of such a byte.
#[inline(always)]
fn interrupted(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // A byte's high bit is set where it is zero, and may be where a lower byte is: the lowest one set is right.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c))) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_a_loop_over_its_bytes_ends() {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        for length in 0..40 {
            for (at, byte) in
                (0..length).flat_map(|at| [0, 0x1f, b'"', b'\\', 0x20, 0x7f, 0x80, 0xff].map(|byte| (at, byte)))
            {
                let mut bytes = vec![b'!'; length];
                bytes[at] = byte;
                for from in 0..length {
                    let slow = bytes.iter().skip(from).position(special).map_or(length, |place| from + place);
                    assert_eq!(
                        (plain_end(&bytes, from), first_end(&bytes, from)),
                        (slow, slow),
                        "{bytes:?} from {from}"
                    );
                }
            }
        }
    }
}
