//! Every text within a JSON value that no known shape covers.
//!
//! Providers add kinds of parts and tools faster than readers follow, and search engines and shops give their
//! documents whatever fields they like. What the model read there must be seen all the same. Deliberately left
//! out are names, ids, addresses, settings and encoded data, by the names of their members.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::lenient::{Key, Member, Raw};

/// Members that hold no text: what names, types, places or encodes something.
const SILENT: [&str; 47] = [
    "_excludes",
    "acknowledged_safety_checks",
    "approval_request_id",
    "b64_json",
    "bytes",
    "cachePoint",
    "cache_control",
    "chunk_id",
    "container_id",
    "created_at",
    "data",
    "date",
    "detail",
    "document_id",
    "embedding",
    "encrypted_content",
    "encrypted_index",
    "etag",
    "fileUri",
    "file_id",
    "file_uri",
    "format",
    "id",
    "language",
    "location",
    "logprobs",
    "media_type",
    "metadata",
    "mimeType",
    "mime_type",
    "object",
    "outcome",
    "page_age",
    "pending_safety_checks",
    "qualifiers",
    "retrieved_at",
    "role",
    "signature",
    "status",
    "thoughtSignature",
    "thought_signature",
    "timestamp",
    "type",
    "updated_at",
    "uri",
    "url",
    "version",
];

/// Whether the member called `key` holds no text.
pub(super) fn is_silent(key: &str) -> bool {
    SILENT.binary_search(&key).is_ok()
}

/// The texts within `members`, a line each. A value that nests too deeply to be decoded counts as its JSON.
pub(super) fn leaves(members: &[Member<'_>]) -> String {
    let mut found = String::new();
    for (_, raw) in members.iter().filter(|(key, _)| !is_silent(key.as_str())) {
        let Some(raw) = raw.0 else { continue };
        let before = found.len();
        let mut json = serde_json::Deserializer::from_str(raw.get());
        if Leaves::all(&mut found).deserialize(&mut json).is_err() {
            found.truncate(before);
            add(&mut found, raw.get());
        }
    }
    found
}

/// The descriptions of parameters within `schema`, a line each: what the model reads of a tool beside the tool's own. A
/// schema that nests too deeply to be decoded counts as its JSON.
///
/// Source: json-schema.org/draft/2020-12, section 9.1 of the validation vocabulary.
pub(super) fn descriptions(schema: Raw<'_>) -> String {
    let mut found = String::new();
    // Most schemas have none; a name may be written with escapes.
    let may_have = |text: &str| text.contains(DESCRIPTION) || text.contains('\\');
    let Some(raw) = schema.0.filter(|raw| may_have(raw.get())) else { return found };
    let mut json = serde_json::Deserializer::from_str(raw.get());
    let texts = Leaves { found: &mut found, only: Some(DESCRIPTION), taken: false };
    if texts.deserialize(&mut json).is_err() {
        raw.get().clone_into(&mut found);
    }
    found
}

const DESCRIPTION: &str = "description";

fn add(found: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !found.is_empty() {
        found.push('\n');
    }
    found.push_str(text);
}

/// Adds the texts of one value.
struct Leaves<'f> {
    found: &'f mut String,
    /// The members whose texts are taken; `None` for all that may hold some.
    only: Option<&'static str>,
    /// Whether this value is one of theirs.
    taken: bool,
}

impl<'f> Leaves<'f> {
    fn all(found: &'f mut String) -> Self {
        Self { found, only: None, taken: true }
    }

    /// The same for a value within this one, which is the member `key` where this is an object.
    fn within(&mut self, key: Option<&str>) -> Leaves<'_> {
        let taken = match (self.only, key) {
            (Some(only), Some(key)) => only == key,
            _ => self.taken,
        };
        Leaves { found: self.found, only: self.only, taken }
    }
}

impl<'de> DeserializeSeed<'de> for Leaves<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Leaves<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.taken {
            add(self.found, text);
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.within(None))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if self.only.is_none() && is_silent(key.as_str()) {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(self.within(Some(key.as_str())))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_members_are_found() {
        let mut sorted = SILENT;
        sorted.sort_unstable();
        assert_eq!(sorted, SILENT);
        assert!(is_silent("thoughtSignature") && !is_silent("text"));
    }

    #[test]
    fn descriptions_are_found_at_any_depth_and_nothing_else() {
        let text = |json: &str| descriptions(serde_json::from_str(json).expect("JSON"));
        let schema = r#"{"type": "object", "description": "one", "required": ["description"], "properties": {
            "description": {"type": "string", "description": "two"},
            "all": {"anyOf": [{"type": "null"}, {"items": {"description": "three", "enum": ["x"]}}]}}}"#;
        assert_eq!(text(schema), "one\ntwo\nthree");
        assert_eq!(text("null") + &text("true") + &text(r#"{"type": "object"}"#), "");
        let tower = format!("{}{{\"description\": 1}}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(text(&tower), tower, "too deep to decode, and not lost");
    }
}
