//! Attribute values, from either encoding.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::lenient::Raw;

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

impl From<serde_json::Value> for Value<'_> {
    fn from(plain: serde_json::Value) -> Self {
        use serde_json::Value as Plain;
        match plain {
            Plain::Null => Self::Empty,
            Plain::Bool(value) => Self::Bool(value),
            Plain::Number(number) => {
                number.as_i64().map_or_else(|| Self::Double(number.as_f64().unwrap_or_default()), Self::Int)
            }
            Plain::String(text) => Self::Text(text.into()),
            Plain::Array(elements) => Self::List(elements.into_iter().map(Self::from).collect()),
            Plain::Object(members) => {
                Self::Map(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
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
            Self::Map(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl Value<'_> {
    /// Whether there is nothing in it that could be told.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(values) => values.iter().all(|value| !matches!(value, Value::Text(text) if !text.is_empty())),
            _ => false,
        }
    }

    /// A scalar as text, trimmed, unless it is empty; of a list its texts, joined by commas.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Text(text) => Cow::Borrowed(text.trim()),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Double(number) => Cow::Owned(number.to_string()),
            Self::List(_) => Cow::Owned(self.texts().join(",")),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A count; absent where it is negative or no number.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Int(number) => u64::try_from(*number).ok(),
            Self::Double(number) if *number >= 0.0 => Some(*number as u64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Texts of a list, or a single text.
    pub fn texts(&self) -> Vec<String> {
        let text = |value: &Value<'_>| match value {
            Value::Text(text) if !text.is_empty() => Some(text.to_string()),
            _ => None,
        };
        match self {
            Self::List(values) => values.iter().filter_map(text).collect(),
            value => text(value).into_iter().collect(),
        }
    }

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

impl Value<'_> {
    /// The value as text for a detector: JSON with its escapes spelt out, a JSON string without its quotes, since
    /// instrumentations encode what tools get and give once more.
    pub fn spelt_out(&self) -> Cow<'_, str> {
        let json = self.json();
        let structured = matches!(json.as_bytes().first(), Some(b'{' | b'[' | b'"'));
        match serde_json::from_str::<Raw<'_>>(&json) {
            Ok(raw) if structured => Cow::Owned(raw.text().into_owned()),
            _ => json,
        }
    }
}

/// A value, or the JSON that is written out in it.
struct Unfolded<'v>(&'v Value<'v>, Option<&'v RawValue>);

impl Serialize for Unfolded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Some(raw) => raw.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

/// Names with their values, in the order written.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Attributes of a span or a resource, sorted by name: every span looks into its parents and its resource, so
/// a search through all of them would make a hostile message take quadratic time.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    members: Members<'a>,
    /// The [`mark`]s of all names. Dialects ask for dozens of names that a span does not have, and this tells
    /// nine of ten of them without a search.
    marks: u128,
}

/// One bit for a name, chosen by its length and the letters in which names of conventions differ most.
fn mark(name: &str) -> u128 {
    let letters = name.as_bytes();
    let letter = |back: usize| letters.len().checked_sub(back).and_then(|at| letters.get(at)).copied().unwrap_or(0);
    let mixed = letters.len().wrapping_mul(37) ^ usize::from(letter(1)).wrapping_mul(5) ^ usize::from(letter(5));
    1 << (mixed % 128)
}

impl<'a> Attributes<'a> {
    /// Attributes from what was written.
    pub fn new(mut members: Members<'a>) -> Self {
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        let marks = members.iter().fold(0, |marks, (name, _)| marks | mark(name));
        Self { members, marks }
    }

    /// The value of `key`; of repeated keys the last.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        if self.marks & mark(key) == 0 {
            return None;
        }
        let after = self.members.partition_point(|(name, _)| name.as_ref() <= key);
        self.members.get(after.checked_sub(1)?).filter(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether `key` has a value.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The text of `key`'s value, see [`Value::text`].
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Value::text)
    }

    /// The same, owned.
    pub fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(Cow::into_owned)
    }

    /// Whether a name begins with `prefix`.
    pub fn has_below(&self, prefix: &str) -> bool {
        self.below(prefix).next().is_some()
    }

    /// What follows `prefix` in the names that begin with it, with their values.
    pub fn below<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = (&'s str, &'s Value<'a>)> {
        let from = self.members.partition_point(|(name, _)| name.as_ref() < prefix);
        let members = self.members.get(from..).unwrap_or_default().iter();
        members.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    /// All of them as a JSON object, the texts that `is_json` finds to be written out as what they say; nothing where
    /// there are none.
    pub fn unfolded_json(&self, is_json: impl Fn(&str, &str) -> bool) -> Cow<'_, str> {
        if self.members.is_empty() {
            return Cow::Borrowed("");
        }
        let mut json = Vec::new();
        let members = self.members.iter().map(|(key, value)| match value {
            Value::Text(text) if is_json(key, text) => (key, Unfolded(value, serde_json::from_str(text).ok())),
            value => (key, Unfolded(value, None)),
        });
        // Neither writing to memory nor serialising these values can fail.
        let _ = serde_json::Serializer::new(&mut json).collect_map(members);
        String::from_utf8(json).unwrap_or_default().into()
    }
}
