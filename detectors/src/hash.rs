//! The hash by which equal content is recognised without keeping it.

use schemas::Interaction;
use sha2::{Digest, Sha256};

/// SHA-256 in hex over every message's channel and text, each prefixed by its length (64 bit, big endian),
/// so that no two lists of messages run together to the same bytes.
pub fn content_hash(interaction: &Interaction) -> String {
    let mut hash = Sha256::new();
    for message in &interaction.messages {
        for part in [message.channel.as_str(), message.text.expose()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    // By table: the formatter costs as much for a digest as the hash of a short message.
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
