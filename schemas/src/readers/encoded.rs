//! Texts that travel as base64, compressed with gzip or not: what queues and streams make of the bytes in them.

use std::io::Read;

use base64::Engine;
use flate2::read::MultiGzDecoder;

use super::error::{ReadError, Reason};

/// The first bytes of whatever gzip has compressed (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text that `encoded` stands for.
///
/// # Errors
/// When that is no base64, no text, or inflates to more than `bytes_max`.
pub(super) fn text(encoded: &str, bytes_max: usize) -> Result<String, ReadError> {
    let bytes = bytes(encoded)?;
    if bytes.starts_with(&GZIP) {
        return inflate(&bytes, bytes_max);
    }
    String::from_utf8(bytes).map_err(|_| ReadError::new(Reason::InvalidField, "is no text"))
}

/// The text that `encoded` stands for, which gzip has compressed.
///
/// # Errors
/// As [`text`], and when it is not compressed.
pub(super) fn inflated(encoded: &str, bytes_max: usize) -> Result<String, ReadError> {
    inflate(&bytes(encoded)?, bytes_max)
}

fn bytes(encoded: &str) -> Result<Vec<u8>, ReadError> {
    let engine = base64::engine::general_purpose::STANDARD;
    engine.decode(encoded.as_bytes()).map_err(|_| ReadError::new(Reason::InvalidField, "is no base64"))
}

fn inflate(compressed: &[u8], bytes_max: usize) -> Result<String, ReadError> {
    // A megabyte of zeros takes a kilobyte: what is inflated has the limit of what is received.
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    let read = MultiGzDecoder::new(compressed).take(limit).read_to_string(&mut text);
    if text.len() > bytes_max {
        return Err(ReadError::new(Reason::TooLarge, format!("inflates to more than {bytes_max} bytes")));
    }
    read.map_err(|_| ReadError::new(Reason::InvalidField, "is no gzip of text"))?;
    Ok(text)
}
