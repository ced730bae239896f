//! Attribute values, from either encoding.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The value of an attribute.
#[derive(Default)]
pub(super) enum Value<'a> {
    /// No value, or bytes.
    #[default]
    Empty,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    List(Vec<Value<'a>>),
    Map(Members<'a>),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Double(number) => serializer.serialize_f64(*number),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl Value<'_> {
    /// The value as JSON: of a text the text itself, since exporters put JSON into strings where the
    /// convention wants structure.
    pub fn json(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(serde_json::to_string(other).unwrap_or_default()),
        }
    }
}

/// Names with their values, in the order written.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Attributes of a span or a resource, sorted by name: every span looks into its parents and its resource, so
/// a search through all of them would make a hostile message take quadratic time.
#[derive(Default)]
pub(super) struct Attributes<'a>(Members<'a>);

impl<'a> Attributes<'a> {
    /// Attributes from what was written.
    pub fn new(mut members: Members<'a>) -> Self {
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(members)
    }

    /// The value of `key`; of repeated keys the last.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        let after = self.0.partition_point(|(name, _)| name.as_ref() <= key);
        self.0.get(after.checked_sub(1)?).filter(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether `key` has a value.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A scalar as text, unless it is empty.
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        let text = match self.get(key)? {
            Value::Text(text) => Cow::Borrowed(text.trim()),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Double(number) => Cow::Owned(number.to_string()),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The same, owned.
    pub fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(Cow::into_owned)
    }

    /// A count; absent where it is negative or no number.
    pub fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Double(number) if *number >= 0.0 => Some(*number as u64),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Texts of a list, or a single text.
    pub fn texts(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some(Value::Text(text)) if !text.is_empty() => vec![text.to_string()],
            Some(Value::List(values)) => values
                .iter()
                .filter_map(|value| match value {
                    Value::Text(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
