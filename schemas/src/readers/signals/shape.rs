//! What recognition asks of an object: which members it has, and what kind of value they are.
//!
//! A record's own level is looked at undecoded. Where a format shows only in an object within, the record is decoded for
//! it, once for all who ask and for the reader that comes after: by then no reader of telemetry has known the record.

use crate::readers::value::{Members, Value};
use crate::readers::{Json, RawRecord};

/// An object of which the members are known, in any case of their names.
pub(super) trait Shape<'v> {
    /// The first byte of the member `key`, as JSON writes it; nobody tells apart what is no text, object or array.
    fn begins(&self, key: &str) -> Option<u8>;

    /// The text at `key`, as far as it has no escapes where it is undecoded.
    fn text(&self, key: &str) -> Option<&'v str>;

    /// The object at `key`.
    fn nested(&self, key: &str) -> Option<Inner<'_>>;
}

/// An object within a record.
pub(super) enum Inner<'v> {
    Decoded(&'v Members<'v, Value<'v>>),
    /// Of a record that cannot be decoded, which its reader is to say.
    Undecoded(RawRecord<'v>),
}

impl<'v> Inner<'v> {
    /// The object at `key` among decoded `members`.
    fn of(members: &'v Members<'v, Value<'v>>, key: &str) -> Option<Self> {
        match members.get_in_any_case(key)? {
            Value::Object(members) => Some(Self::Decoded(members)),
            _ => None,
        }
    }
}

impl<'v> Shape<'v> for Inner<'v> {
    #[inline]
    fn begins(&self, key: &str) -> Option<u8> {
        match self {
            Self::Undecoded(record) => record.begins(key),
            Self::Decoded(members) => Some(match members.get_in_any_case(key)? {
                Value::String(_) => b'"',
                Value::Object(_) => b'{',
                Value::Array(_) => b'[',
                Value::Number(_) | Value::Bool(_) | Value::Null => b'0',
            }),
        }
    }

    fn text(&self, key: &str) -> Option<&'v str> {
        match self {
            Self::Undecoded(record) => record.text(key),
            Self::Decoded(members) => match members.get_in_any_case(key)? {
                Value::String(text) => Some(text),
                _ => None,
            },
        }
    }

    fn nested(&self, key: &str) -> Option<Inner<'_>> {
        match self {
            Self::Undecoded(record) => record.nested(key),
            Self::Decoded(members) => Inner::of(members, key),
        }
    }
}

impl<'a> Shape<'a> for RawRecord<'a> {
    #[inline(always)]
    fn begins(&self, key: &str) -> Option<u8> {
        self.object()?.get_in_any_case(key)?.get().bytes().next()
    }

    #[inline(always)]
    fn text(&self, key: &str) -> Option<&'a str> {
        self.object()?.get_in_any_case(key)?.get().strip_prefix('"')?.strip_suffix('"')
    }

    fn nested(&self, key: &str) -> Option<Inner<'_>> {
        let object = member(self, key).filter(|member| member.get().starts_with('{'))?;
        match self.value() {
            Ok(Value::Object(members)) => Inner::of(members, key),
            _ => Some(Inner::Undecoded(RawRecord::new(object.get().as_bytes()))),
        }
    }
}

/// The top-level member `key` of a record in any case, undecoded.
#[inline]
pub(super) fn member<'a>(record: &RawRecord<'a>, key: &str) -> Option<Json<'a>> {
    record.object()?.get_in_any_case(key)
}

/// Whether an object has the member `key` in any case.
#[inline(always)]
pub(super) fn has<'v>(shape: &impl Shape<'v>, key: &str) -> bool {
    shape.begins(key).is_some()
}

/// Whether an object has one of the members `keys` in any case.
#[inline]
pub(super) fn has_any<'v>(shape: &impl Shape<'v>, keys: &[&str]) -> bool {
    keys.iter().any(|key| has(shape, key))
}

/// Whether an object has all of the members `keys` in any case.
#[inline]
pub(super) fn has_all<'v>(shape: &impl Shape<'v>, keys: &[&str]) -> bool {
    keys.iter().all(|key| has(shape, key))
}

/// Whether the member `key` is an object.
#[inline]
pub(super) fn has_object<'v>(shape: &impl Shape<'v>, key: &str) -> bool {
    shape.begins(key) == Some(b'{')
}

/// Whether the member `key` is a string.
#[inline]
pub(super) fn has_string<'v>(shape: &impl Shape<'v>, key: &str) -> bool {
    shape.begins(key) == Some(b'"')
}

/// The object at the member `key`, for records in a wrapper and what only an object within tells.
pub(super) fn within<'s, 'v>(shape: &'s impl Shape<'v>, key: &str) -> Option<Inner<'s>> {
    shape.nested(key)
}

/// The discriminator `key`: a string without escapes, or empty.
#[inline(always)]
pub(super) fn discriminator<'v>(shape: &impl Shape<'v>, key: &str) -> &'v str {
    shape.text(key).unwrap_or_default()
}
