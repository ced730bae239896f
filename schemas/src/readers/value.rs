//! A decoded JSON record that borrows its texts from the bytes, with members that are found in any case.
//!
//! A reader asks for a hundred names that vendors may use, of which a record has ten, so what counts is the cost
//! of a name that is not there. Each name has a [`tag`], blind to case; an object knows which tags it may have at
//! all, which ends most looks at once, and the others compare tags before texts. A map would hash or sort the names
//! of each record for the few that are asked for. Of repeated names the last counts, as with most parsers, so that Weir
//! sees what the application saw.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::readers) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Members<'a, Value<'a>>),
}

/// The members of a JSON object in the order written, repeated names included.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::readers) struct Members<'a, T> {
    list: Vec<Member<'a, T>>,
    /// A bit for each tag.
    tags: [u64; 2],
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member<'a, T> {
    tag: u32,
    name: Cow<'a, str>,
    value: T,
}

impl<'a, T> Member<'a, T> {
    #[inline]
    pub(super) fn new(name: Cow<'a, str>, value: T) -> Self {
        Self { tag: tag(&name), name, value }
    }
}

/// A name that tables hold, with its tag.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    tag: u32,
}

impl Key {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, tag: tag(name) }
    }
}

/// What names that differ only in case have in common, and others seldom: the length and three of the letters.
#[inline(always)]
const fn tag(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let [.., last] = bytes else { return 0 };
    let (first, middle) = (bytes[0], bytes[bytes.len() / 2]);
    let lower = [first.to_ascii_lowercase(), middle.to_ascii_lowercase(), last.to_ascii_lowercase()];
    u32::from_le_bytes([bytes.len() as u8, lower[0], lower[1], lower[2]])
}

/// The word of a tag and its bit: the upper seven bits of a product, in which all of the tag's have a part.
#[inline(always)]
fn bit(tag: u32) -> (usize, u64) {
    let place = tag.wrapping_mul(0x9e37_79b1) >> 25;
    ((place >> 6) as usize, 1 << (place & 63))
}

impl<'a, T> Members<'a, T> {
    /// No members, with room for `capacity`.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { list: Vec::with_capacity(capacity), tags: [0; 2] }
    }

    /// The members in `list`, in the order written.
    pub(super) fn of(list: Vec<Member<'a, T>>) -> Self {
        let mut tags = [0; 2];
        for member in &list {
            let (word, bit) = bit(member.tag);
            tags[word] |= bit;
        }
        Self { list, tags }
    }

    /// The same members with what `decode` makes of their values.
    pub(super) fn try_map<U>(&self, mut decode: impl FnMut(&T) -> Option<U>) -> Option<Members<'a, U>> {
        let mut list = Vec::with_capacity(self.list.len());
        for Member { tag, name, value } in &self.list {
            list.push(Member { tag: *tag, name: name.clone(), value: decode(value)? });
        }
        Some(Members { list, tags: self.tags })
    }

    /// The member called exactly `name`.
    #[inline(always)]
    pub(in crate::readers) fn get(&self, name: &str) -> Option<&T> {
        let tag = tag(name);
        if self.may_have(tag) { self.find(tag, name) } else { None }
    }

    /// The member called exactly `key`, where that is not a literal.
    #[inline(always)]
    pub(super) fn get_key(&self, key: Key) -> Option<&T> {
        if self.may_have(key.tag) { self.find(key.tag, key.name) } else { None }
    }

    #[inline(never)]
    fn find(&self, tag: u32, name: &str) -> Option<&T> {
        self.of_tag(tag).find(|member| member.name == name).map(|member| &member.value)
    }

    /// The member called `name` in any case, since lakes lower names (`eventtype`, `calleripaddress`). Of those
    /// that differ only in case the exact one counts, else the first in the order of bytes.
    #[inline(always)]
    pub(in crate::readers) fn get_in_any_case(&self, name: &str) -> Option<&T> {
        // Most names that are asked for are not there, and are literals, whose tag is made by the compiler.
        let tag = tag(name);
        if self.may_have(tag) { self.find_in_any_case(tag, name) } else { None }
    }

    #[inline(never)]
    fn find_in_any_case(&self, tag: u32, name: &str) -> Option<&T> {
        let mut first_by_bytes: Option<&Member<'a, T>> = None;
        for member in self.of_tag(tag) {
            if member.name == name {
                return Some(&member.value);
            }
            let before = first_by_bytes.is_none_or(|first| member.name < first.name);
            if before && member.name.eq_ignore_ascii_case(name) {
                first_by_bytes = Some(member);
            }
        }
        first_by_bytes.map(|member| &member.value)
    }

    #[inline(always)]
    fn may_have(&self, tag: u32) -> bool {
        let (word, bit) = bit(tag);
        self.tags[word] & bit != 0
    }

    /// The members that have `tag`, from the last to the first.
    #[inline]
    fn of_tag(&self, tag: u32) -> impl Iterator<Item = &Member<'a, T>> {
        let list = if self.may_have(tag) { self.list.as_slice() } else { &[] };
        list.iter().rev().filter(move |member| member.tag == tag)
    }

    #[inline]
    pub(super) fn push(&mut self, name: Cow<'a, str>, value: T) {
        let member = Member::new(name, value);
        let (word, bit) = bit(member.tag);
        self.tags[word] |= bit;
        self.list.push(member);
    }

    /// The members in the order written, repeated names included.
    pub(in crate::readers) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.list.iter().map(|member| (member.name.as_ref(), &member.value))
    }

    /// The members in an order that does not depend on how they were written, each name once: cheaper than
    /// [`Self::sorted`], for those whom names in their order do not help.
    pub(in crate::readers) fn in_one_order(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        let mut members: Vec<_> = self.list.iter().rev().collect();
        members.sort_by(|a, b| a.tag.cmp(&b.tag).then_with(|| a.name.cmp(&b.name)));
        members.dedup_by(|a, b| a.name == b.name);
        members.into_iter().map(|member| (member.name.as_ref(), &member.value))
    }

    /// The members in the order of their names, each name once.
    pub(in crate::readers) fn sorted(&self) -> Vec<(&str, &T)> {
        let mut members: Vec<_> = self.list.iter().rev().map(|member| (member.name.as_ref(), &member.value)).collect();
        members.sort_by_key(|(name, _)| *name);
        members.dedup_by_key(|(name, _)| *name);
        members
    }
}

impl<'a, T> FromIterator<(Cow<'a, str>, T)> for Members<'a, T> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, T)>>(pairs: I) -> Self {
        Self::of(pairs.into_iter().map(|(name, value)| Member::new(name, value)).collect())
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::String(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A name that borrows unless it has escapes; a bare `Cow` would always own.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Members<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<'a, T>(std::marker::PhantomData<Members<'a, T>>);

        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<'a, T> {
            type Value = Members<'a, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                members(map)
            }
        }

        deserializer.deserialize_map(MembersVisitor(std::marker::PhantomData))
    }
}

fn members<'de: 'a, 'a, T: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Members<'a, T>, A::Error> {
    let mut members = Members::with_capacity(0);
    while let Some(Name(name)) = map.next_key()? {
        // Most objects have several members, and an empty one takes nothing.
        if members.list.is_empty() {
            members.list.reserve(8);
        }
        members.push(name, map.next_value()?);
    }
    Ok(members)
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor<'a>(std::marker::PhantomData<Value<'a>>);

        impl<'de: 'a, 'a> Visitor<'de> for ValueVisitor<'a> {
            type Value = Value<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(Value::Bool(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Value::Number(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Value::Number(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Value::String(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Value::from(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut array = Vec::new();
                while let Some(element) = elements.next_element()? {
                    array.push(element);
                }
                Ok(Value::Array(array))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                members(map).map(Value::Object)
            }
        }

        deserializer.deserialize_any(ValueVisitor(std::marker::PhantomData))
    }
}

/// What tests write with `json!`.
#[cfg(test)]
impl From<serde_json::Value> for Value<'static> {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(flag),
            Json::Number(number) => Self::Number(number),
            Json::String(text) => Self::from(text),
            Json::Array(elements) => Self::Array(elements.into_iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (Cow::Owned(name), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Value<'_> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            r#"{"a": [1, -2, 3.5, 1e400, 18446744073709551615], "b": {"c": null, "d": true}, "e\n": "é\u00e9"}"#,
            r#"[[], {}, "", "plain", "\ud83d\ude00"]"#,
            "{\"$serde_json::private::RawValue\": 1}",
        ] {
            match serde_json::from_str::<serde_json::Value>(text) {
                Ok(theirs) => assert_eq!(parsed(text), Value::from(theirs), "{text}"),
                Err(_) => assert!(text.contains("1e400") || text.contains("private"), "{text}"),
            }
        }
        assert!(matches!(parsed(r#""plain""#), Value::String(Cow::Borrowed("plain"))));
    }

    #[test]
    fn names_are_found_in_any_case_and_the_last_counts() {
        let record = parsed(r#"{"Ab": 1, "aB": 2, "AB": 3, "ab": 4, "ab": 5, "": 6, "x": 7}"#);
        let Value::Object(members) = &record else { panic!("an object") };
        let number = |found: Option<&Value<'_>>| match found {
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        for (name, exact, any) in [("ab", 5, 5), ("aB", 2, 2), ("", 6, 6)] {
            let exact = (Some(exact), Some(any));
            assert_eq!((number(members.get(name)), number(members.get_in_any_case(name))), exact, "{name}");
        }
        assert_eq!((members.get("X"), number(members.get_in_any_case("X"))), (None, Some(7)));
        assert_eq!(members.get_in_any_case("abc"), None);
        let names: Vec<_> = members.sorted().into_iter().map(|(name, value)| (name, number(Some(value)))).collect();
        let expected = [("", 6), ("AB", 3), ("Ab", 1), ("aB", 2), ("ab", 5), ("x", 7)];
        assert_eq!(names, expected.map(|(name, number)| (name, Some(number))));
    }
}
