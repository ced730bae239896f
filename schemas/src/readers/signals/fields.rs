//! Walking a vendor's record: absent where anything on the way is absent, never an error.
//!
//! Keys match in any case, since lakes lower them ([`Members::get_in_any_case`]).
//!
//! [`Members::get_in_any_case`]: crate::readers::value::Members::get_in_any_case

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub(super) use super::shape::{discriminator, has, has_all, has_any, has_object, has_string, member, within};
use crate::placeholder::{is_placeholder, trimmed};
use crate::readers::EventTime;
use crate::readers::value::Value;
use crate::time::Timestamp;

/// A place in a record, which may be empty.
#[derive(Clone, Copy)]
pub(super) struct Node<'v>(Option<&'v Value<'v>>);

impl<'v> Node<'v> {
    #[inline]
    pub(super) fn new(value: &'v Value<'v>) -> Self {
        Self(Some(value).filter(|value| !matches!(value, Value::Null)))
    }

    /// Nowhere.
    #[inline]
    pub(super) fn absent() -> Self {
        Self(None)
    }

    /// The member `key` in any case; a `null` is as good as absent.
    #[inline(always)]
    pub(super) fn get(self, key: &str) -> Self {
        let Some(Value::Object(members)) = self.0 else { return Self(None) };
        members.get_in_any_case(key).map_or(Self(None), Self::new)
    }

    /// The member behind `path`, whose steps dots separate.
    #[inline]
    pub(super) fn at(self, path: &str) -> Self {
        let (mut node, mut path) = (self, path);
        // A path is a word or two: a search for one byte in it takes longer to begin than to look at each.
        while let Some(dot) = path.bytes().position(|byte| byte == b'.').filter(|_| node.exists()) {
            node = node.get(path.get(..dot).unwrap_or_default());
            path = path.get(dot + 1..).unwrap_or_default();
        }
        node.get(path)
    }

    /// The member behind `path`, whose steps may also stand together in one key: `{"event.kind": …}` as much
    /// as `{"event": {"kind": …}}`. The longest key counts.
    pub(super) fn dotted(self, path: &str) -> Self {
        let whole = self.get(path);
        if whole.exists() {
            return whole;
        }
        let dots = path.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.');
        let splits = dots.filter_map(|(at, _)| Some((path.get(..at)?, path.get(at + 1..)?)));
        let found = splits.map(|(key, rest)| (self.get(key), rest)).filter(|(node, _)| node.exists());
        found.map(|(node, rest)| node.dotted(rest)).find(|node| node.exists()).unwrap_or(Self(None))
    }

    /// The first of `paths` that says something, read as [`Self::dotted`].
    pub(super) fn first_dotted(self, paths: &[&str]) -> Self {
        paths.iter().map(|path| self.dotted(path)).find(|node| node.says_something()).unwrap_or(Self(None))
    }

    /// The first of `paths` that says something.
    pub(super) fn first(self, paths: &[&str]) -> Self {
        paths.iter().map(|path| self.at(path)).find(|node| node.says_something()).unwrap_or(Self(None))
    }

    /// The first of the members `keys` that says something; dots belong to the keys.
    pub(super) fn first_of(self, keys: &[&str]) -> Self {
        keys.iter().map(|key| self.get(key)).find(|node| node.says_something()).unwrap_or(Self(None))
    }

    /// Whether anything stands here but one of the ways to write "nothing".
    #[inline]
    pub(super) fn says_something(self) -> bool {
        match self.0 {
            None => false,
            Some(Value::String(text)) => !is_placeholder(text),
            Some(_) => true,
        }
    }

    /// Whether [`Self::word`] finds something.
    pub(super) fn is_word(self) -> bool {
        match self.0 {
            Some(Value::String(text)) => !text.trim().is_empty(),
            value => matches!(value, Some(Value::Number(_))),
        }
    }

    /// Whether [`Self::text`] finds something; zero is a way to write "nothing".
    pub(super) fn is_text(self) -> bool {
        match self.0 {
            Some(Value::String(text)) => !is_placeholder(text),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            _ => false,
        }
    }

    #[inline]
    pub(super) fn exists(self) -> bool {
        self.0.is_some()
    }

    #[inline]
    pub(super) fn is_object(self) -> bool {
        matches!(self.0, Some(Value::Object(_)))
    }

    /// The text or number, as written.
    #[inline]
    pub(super) fn word(self) -> Option<Cow<'v, str>> {
        match self.0? {
            Value::String(text) => Some(Cow::Borrowed(trimmed(text))).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// The text or number, unless it is one of the ways to write "nothing".
    #[inline]
    pub(super) fn text(self) -> Option<Cow<'v, str>> {
        self.word().filter(|text| !is_placeholder(text))
    }

    /// Whether the text or number is `expected`, in any case.
    pub(super) fn is(self, expected: &str) -> bool {
        self.word().is_some_and(|word| word.eq_ignore_ascii_case(expected))
    }

    /// The value there, for what walks it on by itself.
    pub(super) fn value(self) -> Option<&'v Value<'v>> {
        self.0
    }

    /// The boolean.
    pub(super) fn flag(self) -> Option<bool> {
        match self.0? {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Whether this is `true`, as a boolean or spelt out.
    pub(super) fn is_true(self) -> bool {
        self.flag() == Some(true) || self.is("true")
    }

    /// Whether this is `false`, as a boolean or spelt out.
    pub(super) fn is_false(self) -> bool {
        self.flag() == Some(false) || self.is("false")
    }

    pub(super) fn number(self) -> Option<f64> {
        match self.0? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// When it was; the epoch itself and placeholders are how sources write that they do not know.
    pub(super) fn time(self) -> EventTime {
        let time = match self.0 {
            Some(Value::String(text)) if is_origin(text) => return EventTime::Absent,
            Some(Value::String(text)) => {
                Timestamp::parse(text).or_else(|| spaced_time(text)).or_else(|| calendar_time(text))
            }
            Some(Value::Number(number)) => number.as_f64().and_then(Timestamp::from_epoch_number),
            _ => None,
        };
        match time {
            Some(time) if time.millis() > 0 => EventTime::At(time),
            None if self.says_something() => EventTime::Unreadable,
            _ => EventTime::Absent,
        }
    }

    /// The only element of an array; anything else is itself.
    pub(super) fn single(self) -> Self {
        match self.0 {
            Some(Value::Array(elements)) => elements.first().filter(|_| elements.len() == 1).map_or(self, Self::new),
            _ => self,
        }
    }

    /// The elements of an array; anything else is its own only element.
    pub(super) fn items(self) -> impl Iterator<Item = Node<'v>> {
        let (array, single) = match self.0 {
            Some(Value::Array(elements)) => (elements.as_slice(), None),
            single => (Default::default(), single),
        };
        array.iter().chain(single).map(Node::new)
    }

    /// Whether an object in here has a name with a dot, so that only [`Self::dotted`] finds everything.
    pub(super) fn has_dotted_names(self) -> bool {
        match self.0 {
            Some(Value::Object(members)) => {
                members.iter().any(|(name, value)| name.contains('.') || Node::new(value).has_dotted_names())
            }
            Some(Value::Array(elements)) => elements.iter().any(|element| Node::new(element).has_dotted_names()),
            _ => false,
        }
    }

    /// The members of an object in the order of their names.
    pub(super) fn members(self) -> impl Iterator<Item = (&'v str, Node<'v>)> {
        let members = match self.0 {
            Some(Value::Object(members)) => members.sorted(),
            _ => Vec::new(),
        };
        members.into_iter().map(|(name, value)| (name, Node::new(value)))
    }

    /// The value, opened where a log store flattened it into JSON within a string.
    pub(super) fn unfolded(self) -> Cow<'v, Value<'v>> {
        match self.0 {
            None => Cow::Owned(Value::Null),
            Some(Value::String(text)) if text.trim_start().starts_with(['{', '[']) => {
                serde_json::from_str(text).map_or(Cow::Owned(Value::Null), Cow::Owned)
            }
            Some(value) => Cow::Borrowed(value),
        }
    }
}

/// Whether `text` is where .NET and Windows begin to count, which they write for no time at all.
fn is_origin(text: &str) -> bool {
    ["0001-01-01", "1601-01-01"].iter().any(|origin| text.trim_start().starts_with(origin))
}

/// A time whose zone stands apart: `2026-05-01 12:00:00 +0000`, `2026-05-01 12:00:00 UTC`, or both at once. Each
/// step cuts a word off what [`Timestamp::parse`] would refuse by its length anyway.
fn spaced_time(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.trim().rsplit_once(' ').filter(|(time, _)| time.len() <= 64)?;
    match zone {
        "UTC" | "GMT" | "Z" => Timestamp::parse(time).or_else(|| spaced_time(time)),
        zone if zone.starts_with(['+', '-']) => Timestamp::parse(&format!("{time}{zone}")),
        _ => None,
    }
}

/// `Tue Sep  1 16:14:21 2026`, as C's `ctime` writes it, in UTC.
fn calendar_time(text: &str) -> Option<Timestamp> {
    let civil = text.trim().trim_end_matches(" UTC");
    let civil = DateTime::strptime("%a %b %d %H:%M:%S %Y", civil).ok()?;
    Timestamp::from_millis(TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

/// The first of `places` that holds a time.
pub(super) fn first_time(places: &[Node<'_>]) -> EventTime {
    places.iter().fold(EventTime::Absent, |time, place| time.or_else(|| place.time()))
}

/// Whether `text` is one of `words`, in any case.
pub(super) fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn walks_in_any_case_and_through_anything() {
        let value =
            json!({"a": {"B": [1, {"c": " x "}]}, "n": null, "flat": "{\"k\":[2]}", "zero": "0", "bad": "{"}).into();
        let root = Node::new(&value);
        assert_eq!(root.at("A.b").items().count(), 2);
        assert_eq!(root.at("a.b.c.d").text(), None);
        assert!(!root.get("n").exists());
        assert_eq!(root.at("a.b").items().nth(1).and_then(|node| node.get("C").text()).as_deref(), Some("x"));
        let flat = root.get("flat").unfolded();
        assert_eq!(Node::new(&flat).get("k").items().next().and_then(Node::word).as_deref(), Some("2"));
        assert_eq!((root.get("zero").word().as_deref(), root.get("zero").text()), (Some("0"), None));
        assert_eq!(*root.get("bad").unfolded(), Value::Null);
        for value in
            [json!(0), json!(-0.0), json!(7), json!(""), json!(" "), json!("-"), json!("x"), json!([1]), json!(true)]
        {
            let value = Value::from(value);
            let node = Node::new(&value);
            assert_eq!((node.is_word(), node.is_text()), (node.word().is_some(), node.text().is_some()), "{value:?}");
        }
    }

    #[test]
    fn keys_with_dots_are_paths() {
        let value = json!({"a.b": {"c": 1}, "a": {"b": {"d": 2}, "e.f": 3}, "x.y.z": 4}).into();
        let number = |path: &str| Node::new(&value).dotted(path).number();
        assert_eq!(["a.b.c", "a.b.d", "a.e.f", "x.y.z"].map(number), [Some(1.0), Some(2.0), Some(3.0), Some(4.0)]);
        assert_eq!(["a.b.x", "x.y", "", ".", "a..b"].map(number), [None; 5]);
    }

    #[test]
    fn times_may_have_their_zone_apart() {
        let expected = Timestamp::parse("2026-05-01T12:00:00Z");
        for text in [
            "2026-05-01 12:00:00 +0000",
            "2026-05-01 14:00:00 +02:00",
            "2026-05-01 12:00:00 UTC",
            "2026-05-01 12:00:00 +0000 UTC",
            "Fri May 01 12:00:00 2026 UTC",
            "Fri May  1 12:00:00 2026",
        ] {
            assert_eq!(Node::new(&text.into()).time(), EventTime::from(expected), "{text}");
        }
        for nothing in
            [json!(0), json!("0"), json!("1970-01-01T00:00:00Z"), json!(" "), json!("-"), json!("0001-01-01T00:00:00Z")]
                .map(Value::from)
        {
            assert_eq!(Node::new(&nothing).time(), EventTime::Absent, "{nothing:?}");
        }
        for odd in [
            json!("12:00 noon"),
            json!("2026-05-01 12:00:00 CEST"),
            json!("Fri May 1"),
            json!("Fri May 1 12:00:00 99999"),
            json!(-5),
            json!(1e40),
            json!(true),
            json!({}),
        ] {
            assert_eq!(Node::new(&odd.into()).time(), EventTime::Unreadable);
        }
        let record = json!({"odd": "soon", "none": "-", "later": 1_777_636_800}).into();
        let first = |keys: &[&str]| first_time(&keys.iter().map(|key| Node::new(&record).get(key)).collect::<Vec<_>>());
        assert_eq!(first(&["odd", "later"]), EventTime::from(expected));
        assert_eq!((first(&["none", "odd", "absent"]), first(&["none"])), (EventTime::Unreadable, EventTime::Absent));
    }
}
