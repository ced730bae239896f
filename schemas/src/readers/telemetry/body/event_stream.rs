//! AWS event streams (`application/vnd.amazon.eventstream`), as gateways record them: base64 of the bytes.
//!
//! A frame is its length, the length of its headers and a checksum, then headers, payload and another checksum.
//! Lengths are believed only as far as there are bytes. Checksums are not verified: this is a record of
//! what was received, and a damaged one is worth reading as far as it goes.

use super::media::from_base64;

/// The prelude: two lengths and their checksum.
const PRELUDE_LEN: usize = 12;
/// The checksum behind a frame.
const CHECKSUM_LEN: usize = 4;
/// The type of a header that holds a string, the only one that Bedrock sends.
const STRING_HEADER: u8 = 7;

/// What a recorded stream holds.
#[derive(Default)]
pub(super) struct Recorded {
    /// The payloads, JSON each.
    pub events: Vec<String>,
    /// The name of the exception that ended it.
    pub exception: Option<String>,
    /// Whether it breaks off within a frame.
    pub cut: bool,
}

/// Decodes base64 of an event stream; `None` where `text` is anything else.
pub(super) fn decode(text: &str) -> Option<Recorded> {
    // The length of a frame is far below 2^24, so its first byte is zero.
    let bytes = text.starts_with("AA").then(|| from_base64(text))??;
    let mut recorded = Recorded::default();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let Some((frame, behind)) = split_frame(rest) else {
            recorded.cut = true;
            break;
        };
        recorded.add(frame);
        rest = behind;
    }
    (!recorded.events.is_empty() || recorded.exception.is_some()).then_some(recorded)
}

/// A frame without its prelude's checksum and its own: headers and payload.
struct Frame<'b> {
    headers: &'b [u8],
    payload: &'b [u8],
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

fn split_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let total = length(bytes, 0)?;
    let headers_len = length(bytes, 4)?;
    let (frame, behind) = bytes.split_at_checked(total)?;
    let content = frame.get(PRELUDE_LEN..total.checked_sub(CHECKSUM_LEN)?)?;
    let (headers, payload) = content.split_at_checked(headers_len)?;
    Some((Frame { headers, payload }, behind))
}

impl Recorded {
    fn add(&mut self, frame: Frame<'_>) {
        let exception = headers(frame.headers).find(|(name, _)| *name == b":exception-type");
        match exception {
            Some((_, name)) => self.exception = Some(String::from_utf8_lossy(name).into_owned()),
            None => self.events.push(String::from_utf8_lossy(frame.payload).into_owned()),
        }
    }
}

/// Names and values, up to the first header that is no string.
fn headers(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (name_len, rest) = bytes.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*name_len))?;
        let (&[STRING_HEADER, high, low], rest) = rest.split_first_chunk::<3>()? else { return None };
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        bytes = rest;
        Some((name, value))
    })
}
