//! Records that could not be read, as `dead-letters.jsonl` and the dead-letter topic carry them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::readers::Rejected;
use serde::Serialize;

/// A line of `dead-letters.jsonl`.
#[derive(Serialize)]
pub struct DeadLetterLine<'a> {
    source: &'a str,
    line: u64,
    stage: &'static str,
    reason: &'static str,
    message: &'a str,
    value_base64: String,
    /// The original's length where only its beginning is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_bytes: Option<usize>,
}

/// The stage in which reading fails.
pub const STAGE_DETECT: &str = "detect";
/// The stage in which joining fails.
pub const STAGE_CORRELATE: &str = "correlate";
/// The reason code of a command about an incident that is not there to say so itself.
pub const COMMAND_REFUSED: &str = "command_refused";

impl<'a> DeadLetterLine<'a> {
    /// The dead letter for `rejected` on `line` of `source`, with at most `bytes_max` original bytes of `len`.
    pub fn new(source: &'a str, line: u64, rejected: &'a Rejected, len: usize, bytes_max: usize) -> Self {
        let kept = kept(&rejected.bytes, bytes_max);
        Self {
            source,
            line,
            stage: STAGE_DETECT,
            reason: rejected.error.reason.code(),
            message: &rejected.error.message,
            value_base64: STANDARD.encode(kept),
            value_bytes: (kept.len() < len).then_some(len),
        }
    }

    /// The dead letter for a command on `line` of `source` that no incident answers.
    pub fn refused(source: &'a str, line: u64, command: &[u8], why: &'a str) -> Self {
        Self {
            source,
            line,
            stage: STAGE_CORRELATE,
            reason: COMMAND_REFUSED,
            message: why,
            value_base64: STANDARD.encode(command),
            value_bytes: None,
        }
    }
}

/// What a dead letter keeps of the original.
pub fn kept(bytes: &[u8], bytes_max: usize) -> &[u8] {
    bytes.get(..bytes_max).unwrap_or(bytes)
}
