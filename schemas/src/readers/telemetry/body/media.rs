//! What a body carries along that is no text: images, sound, files.
//!
//! They are counted, not looked into, with one exception: a file of plain text (`text/plain`, Markdown, CSV and
//! the like), which the model reads as it stands, is decoded and is a document. PDF and office formats are not
//! opened.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::lenient::{Text, object};
use super::Body;
use crate::interaction::Channel;

object! {
    /// Data within the body, or a reference to it. A bare string is the data, often a `data:` URL.
    Blob {
        "mimeType" | "mime_type" | "media_type" | "format" => mime: Text<'a>,
        "data" | "bytes" | "file_data" => data: Text<'a>,
        "filename" | "displayName" | "display_name" | "name" => name: Text<'a>,
    }
    text => data
}

object! {
    /// A sound, and what is said in it where the provider wrote that down.
    Clip {
        "transcript" => transcript: Text<'a>,
    }
}

impl Blob<'_> {
    /// Adds the text of a file of plain text; anything else is counted, and its name is all there is to read.
    pub fn collect(self, name: Option<&str>, body: &mut Body) {
        let (mime, data) = split(self.mime.get(), self.data.get().unwrap_or_default());
        match decode(mime, data) {
            Some(text) => body.push(Channel::Document, text.into(), self.name.get().or(name)),
            None => {
                count(mime, body);
                body.push(Channel::Document, self.name.into_cow(), None);
            }
        }
    }
}

/// Adds to the count that a type of media belongs to.
fn count(mime: &str, body: &mut Body) {
    let skipped = &mut body.skipped;
    match mime.split('/').next() {
        Some("image") => skipped.images += 1,
        Some("audio") => skipped.audio += 1,
        _ => skipped.files += 1,
    }
}

/// Type and data, of a `data:` URL those within it.
fn split<'b>(mime: Option<&'b str>, data: &'b str) -> (&'b str, &'b str) {
    let url = data.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    let (within, data) = url.map_or((None, data), |(head, data)| (head.split(';').next(), data));
    (mime.or(within).unwrap_or_default(), data)
}

/// Base64 of both alphabets' common part, padded or not.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The bytes of base64 in either alphabet.
pub(super) fn from_base64(data: &str) -> Option<Vec<u8>> {
    STANDARD.decode(data).or_else(|_| URL_SAFE.decode(data)).ok()
}

/// The text of base64 data whose type, or the ending that stands for it, says that it is plain text.
pub(super) fn decode(mime: &str, data: &str) -> Option<String> {
    let plain = mime.starts_with("text/")
        || ["application/json", "application/xml", "csv", "html", "md", "txt"].contains(&mime);
    let bytes = plain.then(|| from_base64(data))??;
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}
