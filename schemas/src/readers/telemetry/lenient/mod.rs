//! Decoding that takes what it understands and never fails on what it does not.
//!
//! Bodies come from many providers and gateways: a field may have another type than documented, be
//! null, or be repeated. None of that may hide the text beside it, so every type here accepts any
//! JSON value and is empty where the value means nothing to it. Of repeated keys the last counts, as
//! in the application that wrote the record; serde's derive would refuse them. All of it borrows from
//! the record and decodes in one pass: no tree of values, no second look at a sub-tree.
//!
//! Depth is bounded by serde_json (128 typed levels, then an error); what is not understood is skipped
//! without recursion.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::readers::Json;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Visitor methods that accept the named kinds of value and make nothing of them.
macro_rules! pass_over {
    ($($kind:ident),+) => { $($crate::readers::telemetry::lenient::pass_over!(@ $kind);)+ };
    (@ text) => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ number) => {
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ bool) => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ null) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ list) => {
        fn visit_seq<A: serde::de::SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (@ object) => {
        fn visit_map<A: serde::de::MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}
pub(super) use pass_over;

/// Declares a JSON object of which only the named members are read. Other values read as its default;
/// with `text => field`, a bare string reads as an object with just that field; with `rest => field`, that
/// field keeps the members that no other names, undecoded.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $($key:literal)|+ => $field:ident: $type:ty,)+ }
        $(text => $bare:ident)? $(rest => $rest:ident)?) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(in crate::readers::telemetry) struct $name<'a> {
            $($(#[$doc])* pub $field: $type,)+
            $(pub $rest: Vec<$crate::readers::telemetry::lenient::Member<'a>>,)?
            pub record: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> serde::Deserialize<'a> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'a> serde::de::Visitor<'a> for Members {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("any value")
                    }
                    fn visit_map<A: serde::de::MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<$crate::readers::telemetry::lenient::Key<'a>>()? {
                            match key.as_str() {
                                $($($key)|+ => object.$field = map.next_value()?,)+
                                _ => { $crate::readers::telemetry::lenient::object!(@rest object map key $($rest)?); }
                            }
                        }
                        Ok(object)
                    }
                    $crate::readers::telemetry::lenient::object!(@bare $name $($bare)?);
                    $crate::readers::telemetry::lenient::pass_over!(number, bool, null, list);
                }
                deserializer.deserialize_any(Members)
            }
        }
    };
    (@rest $object:ident $map:ident $key:ident) => { $map.next_value::<serde::de::IgnoredAny>()? };
    (@rest $object:ident $map:ident $key:ident $rest:ident) => {
        $object.$rest.push(($key, $map.next_value::<$crate::readers::telemetry::lenient::Raw<'a>>()?))
    };
    (@bare $name:ident) => { $crate::readers::telemetry::lenient::pass_over!(text); };
    (@bare $name:ident $bare:ident) => {
        fn visit_borrowed_str<E: serde::de::Error>(self, text: &'a str) -> Result<Self::Value, E> {
            Ok($name { $bare: text.into(), ..$name::default() })
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok($name { $bare: text.to_owned().into(), ..$name::default() })
        }
    };
}
pub(super) use object;

/// Implements `Deserialize` by a visitor that accepts any value.
macro_rules! any_value {
    ($name:ty, $visitor:expr) => {
        impl<'a> Deserialize<'a> for $name {
            fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    };
}

mod scalar;

pub(super) use scalar::{Count, Present, Switch, Text};

fn any(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("any value")
}

/// A member's name, borrowed unless it has escapes.
pub(super) struct Key<'a>(Cow<'a, str>);

impl Key<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// A member that no field names: its name and its value, undecoded.
pub(super) type Member<'a> = (Key<'a>, Raw<'a>);

struct KeyVisitor;

impl<'a> Visitor<'a> for KeyVisitor {
    type Value = Key<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'a> Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A value as its JSON text, undecoded; absent where it is null.
#[derive(Clone, Copy, Default)]
pub(super) struct Raw<'a>(pub Option<Json<'a>>);

impl<'a> Deserialize<'a> for Raw<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Json<'a>>::deserialize(deserializer)?;
        Ok(Self((raw.get() != "null").then_some(raw)))
    }
}

impl<'a> Raw<'a> {
    /// The value as text for a detector: of a string its content, of anything else its JSON, with
    /// escaped letters spelt out so that `\u0072m` does not pass for something other than `rm`.
    pub fn text(self) -> Cow<'a, str> {
        let Some(raw) = self.0 else { return Cow::Borrowed("") };
        let json = raw.get();
        if json.starts_with('"') {
            return serde_json::from_str::<Text<'a>>(json).map(Text::into_cow).unwrap_or(Cow::Borrowed(json));
        }
        if !json.contains("\\u") {
            return Cow::Borrowed(json);
        }
        match serde_json::from_str::<serde_json::Value>(json) {
            Ok(value) => Cow::Owned(value.to_string()),
            Err(_) => Cow::Borrowed(json),
        }
    }

    /// This value, or `other` where it is absent.
    pub fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

/// An array; a single value counts as an array of one, null as an empty one.
pub(super) struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'a, T: Deserialize<'a>> Visitor<'a> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
        }
        Ok(List(list))
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|one| List(vec![one]))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        T::deserialize(serde::de::value::BorrowedStrDeserializer::new(text)).map(|one| List(vec![one]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(serde::de::value::StrDeserializer::new(text)).map(|one| List(vec![one]))
    }

    pass_over!(number, bool, null);
}

impl<'a, T: Deserialize<'a>> Deserialize<'a> for List<T> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// A value that most records lack, kept aside so that what holds it stays small and cheap to move.
pub(super) struct Rare<T>(pub Option<Box<T>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'a, T: Deserialize<'a>> Deserialize<'a> for Rare<T> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| Self(value.map(Box::new)))
    }
}

impl<T: Default> Rare<T> {
    /// The value, or an empty one.
    pub fn take(self) -> T {
        self.0.map(|value| *value).unwrap_or_default()
    }
}

/// Members of an object as pairs, in the order written; any other value has none.
pub(super) struct Pairs<T>(pub Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct PairsVisitor<T>(PhantomData<T>);

impl<'a, T: Deserialize<'a>> Visitor<'a> for PairsVisitor<T> {
    type Value = Pairs<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        any(f)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Key<'a>>()? {
            pairs.push((key.into_string(), map.next_value()?));
        }
        Ok(Pairs(pairs))
    }

    pass_over!(text, number, bool, null, list);
}

impl<'a, T: Deserialize<'a>> Deserialize<'a> for Pairs<T> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor(PhantomData))
    }
}
