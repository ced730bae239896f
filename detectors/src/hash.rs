//! The hash by which equal content is recognised without keeping it.

use std::fmt::Write;

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
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
