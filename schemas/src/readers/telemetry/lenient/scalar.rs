//! Single values: texts, counts, switches, and whether there is one at all.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::any;

/// A string, or a number as text; of an array of strings, all of them joined by commas.
#[derive(Default)]
pub(in crate::readers::telemetry) struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    /// The text unless it is empty.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text, trimmed, owned, unless nothing is left of it.
    pub fn owned(&self) -> Option<String> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The text as it is; empty where there is none.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0.unwrap_or_default()
    }

    /// This text, or `other` where it is empty.
    pub fn or(self, other: Self) -> Self {
        if self.get().is_some() { self } else { other }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(number.to_string().into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(number.to_string().into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(number.to_string().into())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut joined = String::new();
        while let Some(Line(line)) = seq.next_element()? {
            if !joined.is_empty() && !line.is_empty() {
                joined.push(',');
            }
            joined.push_str(&line);
        }
        Ok(joined.into())
    }

    pass_over!(bool, null, object);
}

any_value!(Text<'a>, TextVisitor);

/// An element of an array of strings. Not [`Text`] itself, which would nest without need.
#[derive(Default)]
struct Line<'a>(Cow<'a, str>);

struct LineVisitor;

impl<'a> Visitor<'a> for LineVisitor {
    type Value = Line<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Line(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Line(Cow::Owned(text.to_owned())))
    }

    pass_over!(number, bool, null, list, object);
}

any_value!(Line<'a>, LineVisitor);

/// A count: a number that is not negative, also in a string; at most [`COUNT_MAX`].
#[derive(Clone, Copy, Default)]
pub(in crate::readers::telemetry) struct Count(pub Option<u64>);

/// The highest count, where Avro's numbers end.
const COUNT_MAX: u64 = i64::MAX as u64;

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(Some(number.min(COUNT_MAX)))
    }
}

struct CountVisitor;

impl<'a> Visitor<'a> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Count(u64::try_from(number).ok()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        // The cast saturates, which is what a count beyond u64 should do.
        Ok(if number >= 0.0 { (number as u64).into() } else { Count::default() })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.trim().parse().map_or(Count::default(), u64::into))
    }

    pass_over!(bool, null, list, object);
}

any_value!(Count, CountVisitor);

/// A boolean, also as the string `true`.
#[derive(Clone, Copy, Default)]
pub(in crate::readers::telemetry) struct Switch(pub Option<bool>);

struct SwitchVisitor;

impl<'a> Visitor<'a> for SwitchVisitor {
    type Value = Switch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Switch(Some(value)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Switch(text.parse().ok()))
    }

    pass_over!(number, null, list, object);
}

any_value!(Switch, SwitchVisitor);

/// Whether a member is there and not null, whatever it holds.
#[derive(Clone, Copy, Default)]
pub(in crate::readers::telemetry) struct Present(pub bool);

struct PresentVisitor;

impl<'a> Visitor<'a> for PresentVisitor {
    type Value = Present;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Present(true))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Present(true))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Present(true))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Present(true))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Present(true))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Present(true))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Present(true))
    }

    pass_over!(null);
}

any_value!(Present, PresentVisitor);
