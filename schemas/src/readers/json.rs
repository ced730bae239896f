//! The top level of a JSON record, without decoding what lies below.
//!
//! Recognition needs keys only, and telemetry is decoded straight into its own structures, so a full
//! tree of values is built for no telemetry record. Of repeated keys the last counts, as with most
//! parsers, so that Weir sees what the application saw.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{ReadError, Reason};

/// The members of a JSON object, undecoded, in the order written.
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// The member `key`; of repeated keys the last.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// The members' names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The elements, where this object is nothing but a wrapper around an array of records.
    pub(super) fn collection(&self) -> Option<Vec<&'a RawValue>> {
        const WRAPPERS: [&str; 3] = ["records", "Records", "value"];
        let wrapper = WRAPPERS.iter().find_map(|key| self.get(key))?;
        // `value` beside other fields is a member like any other; Graph adds only `@odata.*`.
        let bare = self.keys().all(|key| WRAPPERS.contains(&key) || key.starts_with("@odata."));
        if !bare || !wrapper.get().starts_with('[') {
            return None;
        }
        serde_json::from_str(wrapper.get()).ok()
    }
}

pub(super) enum Top<'a> {
    Object(Object<'a>),
    Array(Vec<&'a RawValue>),
}

/// Looks at the outermost level of `bytes`.
pub(super) fn top_level(bytes: &[u8]) -> Result<Top<'_>, ReadError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => {
            let message = format!("not UTF-8 at byte {}", error.valid_up_to());
            return Err(ReadError::new(Reason::InvalidUtf8, message));
        }
    };
    match text.trim_start().as_bytes().first() {
        None => Err(ReadError::new(Reason::Empty, "nothing but white space")),
        Some(b'{') => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let object = deserializer.deserialize_map(ObjectVisitor).map_err(|error| ReadError::json(&error))?;
            deserializer.end().map_err(|error| ReadError::json(&error))?;
            Ok(Top::Object(object))
        }
        Some(b'[') => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let elements = deserializer.deserialize_seq(ArrayVisitor).map_err(|error| ReadError::json(&error))?;
            deserializer.end().map_err(|error| ReadError::json(&error))?;
            Ok(Top::Array(elements))
        }
        Some(_) => Err(ReadError::new(Reason::UnrecognisedFormat, "neither a JSON object nor an array")),
    }
}

/// Decodes a whole record into a tree, for sources of low volume.
///
/// # Errors
/// When `bytes` are not JSON, or nested deeper than 128 levels.
pub fn parse_value(bytes: &[u8]) -> Result<Value, ReadError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError::new(Reason::InvalidUtf8, format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| ReadError::json(&error))
}

struct ObjectVisitor;

impl<'a> Visitor<'a> for ObjectVisitor {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(key) = map.next_key::<Key<'a>>()? {
            members.push((key.0, map.next_value::<&'a RawValue>()?));
        }
        Ok(Object(members))
    }
}

struct ArrayVisitor;

impl<'a> Visitor<'a> for ArrayVisitor {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(elements)
    }
}

/// A key that borrows unless it has escapes; a bare `Cow` would always own.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
