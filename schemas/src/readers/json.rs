//! The top level of a JSON record, without decoding what lies below.
//!
//! Recognition needs keys only, and telemetry is decoded straight into its own structures, so a full
//! tree of values is built for no telemetry record.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::cloudwatch;
use super::context::Limits;
use super::error::{ReadError, Reason};
use super::plain::plain_end;
use super::scan;
use super::value::{Key, Members, Value};
use crate::listed::Listed;

/// A JSON value within a record, checked and undecoded, without white space around it.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    written: &'a str,
    /// Whether it is known to be a text without escapes.
    plain: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(written: &'a str, plain: bool) -> Self {
        Self { written, plain }
    }

    /// The value as it was written.
    #[inline]
    pub fn get(self) -> &'a str {
        self.written
    }

    /// The text, where the value is known to be one without escapes.
    pub(super) fn plain(self) -> Option<&'a str> {
        if self.plain { self.written.strip_prefix('"')?.strip_suffix('"') } else { None }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self::new(raw.get(), false))
    }
}

/// The members of a JSON object, undecoded, in the order written.
pub struct Object<'a>(Members<'a, Json<'a>>);

impl<'a> Object<'a> {
    /// The member `key`; of repeated keys the last.
    #[inline(always)]
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        self.0.get(key).copied()
    }

    /// The member `key` of a table.
    #[inline(always)]
    pub(super) fn get_key(&self, key: Key) -> Option<Json<'a>> {
        self.0.get_key(key).copied()
    }

    /// The member `key` in any case; of several the exact one.
    #[inline(always)]
    pub fn get_in_any_case(&self, key: &str) -> Option<Json<'a>> {
        self.0.get_in_any_case(key).copied()
    }

    /// The members' names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The members in the order written, repeated keys included.
    pub fn members(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (name, *value))
    }

    /// The elements, where this object is nothing but a wrapper around an array of records.
    pub(super) fn collection(&self) -> Option<Vec<Json<'a>>> {
        // `value` or `data` beside other fields is a member like any other.
        // A record may begin with its time; Firehose's comes second.
        if !self.keys().all(|key| is_of_wrapper(key) || key == "timestamp") {
            return self.found();
        }
        let array = |key: &&str| self.get(key).filter(|member| member.get().starts_with('['));
        if let Some(wrapper) = WRAPPERS.iter().find_map(array) {
            return elements(wrapper.get()).ok();
        }
        let Some(page) = PAGES.iter().find_map(array) else { return self.connection() };
        let page = elements(page.get()).ok()?;
        page.iter().all(|element| element.get().starts_with('{')).then_some(page)
    }

    /// What a search of Elasticsearch or OpenSearch found. Source: elastic.co, search API.
    fn found(&self) -> Option<Vec<Json<'a>>> {
        let hits = self.get("hits").filter(|_| self.get("took").is_some())?;
        elements(member(hits, "hits").or_else(|| member(hits, "events"))?.get()).ok()
    }

    /// The nodes of a GraphQL connection, the answer to a query for one list. Source: relay.dev, Cursor Connections.
    fn connection(&self) -> Option<Vec<Json<'a>>> {
        let data: Members<'a, Json<'a>> = serde_json::from_str(self.get("data")?.get()).ok()?;
        let mut lists = data.iter();
        let (Some((_, list)), None) = (lists.next(), lists.next()) else { return None };
        if let Some(nodes) = member(*list, "nodes") {
            return elements(nodes.get()).ok();
        }
        let edges = elements(member(*list, "edges")?.get()).ok()?;
        edges.into_iter().map(|edge| member(edge, "node")).collect()
    }
}

/// The member `key` of an object.
pub(super) fn member<'a>(object: Json<'a>, key: &str) -> Option<Json<'a>> {
    let members: Members<'a, Json<'a>> = serde_json::from_str(object.get()).ok()?;
    members.get(key).copied()
}

/// Members that hold the records of a collection.
const WRAPPERS: [&str; 3] = ["records", "Records", "value"];

/// Members that hold the records of a page of an API's answer, or of a list of Kubernetes.
const PAGES: [&str; 14] = [
    "Events",
    "Findings",
    "Messages",
    "Results",
    "data",
    "entries",
    "events",
    "findings",
    "items",
    "logs",
    "receivedMessages",
    "resources",
    "result",
    "results",
];

/// What stands beside them: which list it is, how long, whether it went well, and where it goes on.
static PAGE_KEYS: Listed<58> = Listed::new([
    "MillisBehindLatest",
    "NextShardIterator",
    "NextToken",
    "ResponseMetadata",
    "Schema",
    "Stats",
    "apiVersion",
    "cursor",
    "deliveryStreamArn",
    "errors",
    "etag",
    "fields",
    "first_id",
    "has_more",
    "highlighted",
    "init_offset",
    "invocationId",
    "kind",
    "last_id",
    "length",
    "limit",
    "log_type",
    "messages",
    "meta",
    "metadata",
    "next",
    "nextBackwardToken",
    "nextForwardToken",
    "nextLink",
    "nextPageToken",
    "nextToken",
    "next_cursor",
    "next_page",
    "node_key",
    "num_available",
    "num_found",
    "object",
    "offset",
    "ok",
    "page_info",
    "pagination",
    "post_process_count",
    "preview",
    "region",
    "requestId",
    "request_id",
    "response_metadata",
    "schema",
    "searchedLogStreams",
    "selfLink",
    "sourceKinesisStreamArn",
    "start",
    "stat",
    "status",
    "tailnet",
    "tailnetId",
    "total",
    "version",
]);

/// Whether a wrapper around records may have the member `key`; Graph adds `@odata.*`.
fn is_of_wrapper(key: &str) -> bool {
    PAGE_KEYS.has(key) || WRAPPERS.contains(&key) || PAGES.contains(&key) || key.starts_with("@odata.")
}

/// Whether `bytes` begin like an object that is no collection, by the name of its first member: enough to leave
/// the record to a reader that is told its format. A doubtful case is none.
pub(super) fn is_lone_object(bytes: &[u8]) -> bool {
    let first_key = || {
        let key = bytes.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
        let end = key.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        (key.get(end) == Some(&b'"')).then_some(std::str::from_utf8(key.get(..end)?).ok()?)
    };
    let is_of_search = |key: &str| ["_scroll_id", "hits", "took"].contains(&key);
    first_key().is_some_and(|key| !is_of_wrapper(key) && !cloudwatch::KEYS.contains(&key) && !is_of_search(key))
}

pub(super) enum Top<'a> {
    Object(Object<'a>),
    Array(Vec<Json<'a>>),
}

/// Looks at the outermost level of `bytes`.
pub(super) fn top_level(bytes: &[u8]) -> Result<Top<'_>, ReadError> {
    let text = text_of(bytes)?;
    match text.trim_start().as_bytes().first() {
        None => Err(ReadError::new(Reason::Empty, "nothing but white space")),
        Some(b'{') => {
            let members = scan::members(text).map_or_else(|| serde_json::from_str(text), Ok);
            members.map(|members| Top::Object(Object(members))).map_err(|error| ReadError::json(&error))
        }
        Some(b'[') => elements(text).map(Top::Array).map_err(|error| ReadError::json(&error)),
        Some(_) => Err(ReadError::new(Reason::UnrecognisedFormat, "neither a JSON object nor an array")),
    }
}

/// The elements of the JSON array `text`, undecoded.
pub(super) fn elements(text: &str) -> Result<Vec<Json<'_>>, serde_json::Error> {
    scan::elements(text).map_or_else(|| serde_json::from_str(text), Ok)
}

/// The elements of the JSON array `text` that are whole, and what is left of it where it is not: an exporter's length
/// limit, or a connection that broke, cuts it anywhere.
pub(in crate::readers) fn whole_elements(text: &str) -> (Vec<Json<'_>>, Option<&str>) {
    if let Ok(elements) = elements(text) {
        return (elements, None);
    }
    let mut found = Vec::new();
    let mut rest = text.trim_start().strip_prefix('[').unwrap_or_default();
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json<'_>>();
        let Some(Ok(element)) = values.next() else { return (found, Some(rest)) };
        // What is cut in the middle of a number or a word looks whole.
        let after = rest.get(values.byte_offset()..).unwrap_or_default().trim_start();
        let Some(next) = after.strip_prefix(',').or(after.strip_prefix(']')) else { return (found, Some(rest)) };
        found.push(element);
        rest = next;
    }
}

/// Decodes a whole record into the tree that readers walk.
///
/// # Errors
/// As [`parse_json`], where more than `values_max` are too many values.
pub(super) fn tree(bytes: &[u8], values_max: usize) -> Result<Value<'_>, ReadError> {
    refuse_crowds(bytes, values_max)?;
    let text = text_of(bytes)?;
    scan::tree(text).map_or_else(|| serde_json::from_str(text), Ok).map_err(|error| ReadError::json(&error))
}

/// The same where the record's top level is known.
///
/// # Errors
/// As [`tree`].
pub(super) fn tree_of<'a>(bytes: &'a [u8], object: &Object<'a>, values_max: usize) -> Result<Value<'a>, ReadError> {
    refuse_crowds(bytes, values_max)?;
    scan::tree_of(&object.0).map_or_else(|| tree(bytes, values_max), Ok)
}

/// Decodes a whole record into a tree, for those who walk it without a reader.
///
/// # Errors
/// When `bytes` are not JSON, nested deeper than 128 levels, or of too many values for a tree.
pub fn parse_json(bytes: &[u8]) -> Result<serde_json::Value, ReadError> {
    decode(bytes, Limits::default().values_max)
}

/// Decodes a whole record into `T`, of which the types say what is looked for.
///
/// # Errors
/// As [`parse_json`], where more than `values_max` are too many values.
pub(in crate::readers) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], values_max: usize) -> Result<T, ReadError> {
    refuse_crowds(bytes, values_max)?;
    serde_json::from_str(text_of(bytes)?).map_err(|error| ReadError::json(&error))
}

/// The record as text, without the mark that some programs put before it.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, ReadError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}')),
        Err(error) => {
            let message = format!("not UTF-8 at byte {}", error.valid_up_to());
            Err(ReadError::new(Reason::InvalidUtf8, message))
        }
    }
}

/// The most levels that a record may nest, which is also where serde_json stops decoding.
const DEPTH_MAX: usize = 128;

/// Refuses records that nest deeper than any producer writes. Readers skip what they do not look for, and a
/// text below such a tower would be skipped with it.
pub(in crate::readers) fn refuse_depth(record: &[u8]) -> Result<(), ReadError> {
    // Nearly all records have too few of either bracket to be scanned. `{` and `[` differ in one bit, and a
    // chunk's count fits a byte, so that this is a few vector instructions a chunk.
    let count = |chunk: &[u8]| chunk.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(byte & 0xDF == b'[')));
    let brackets: usize = record.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(count(chunk))).sum();
    if brackets <= DEPTH_MAX {
        return Ok(());
    }
    let (mut depth, mut position) = (0_usize, 0_usize);
    while let Some(byte) = record.get(position) {
        match byte {
            b'"' => position = string_end(record, position + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            let message = format!("nested deeper than {DEPTH_MAX} levels at byte {position}");
            return Err(ReadError::new(Reason::TooDeep, message));
        }
        position += 1;
    }
    Ok(())
}

/// Where the string ends whose first letter is at `from`: at its closing quote, else with the record.
fn string_end(record: &[u8], from: usize) -> usize {
    let mut at = plain_end(record, from);
    while let Some(byte) = record.get(at).filter(|byte| **byte != b'"') {
        at = plain_end(record, at + if *byte == b'\\' { 2 } else { 1 });
    }
    at
}

/// Whether the string before `rest` is the name of a member.
fn is_name(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Refuses a record of so many tiny values that decoding would take a hundred times its size: `{},{},{}` costs
/// three bytes an object here and some hundred in memory. An object counts twice, since it keeps room for members, and
/// their names count nothing. Texts may be as long as they like.
///
/// # Errors
/// When the record holds more than `values_max` of them.
pub(in crate::readers) fn refuse_crowds(record: &[u8], values_max: usize) -> Result<(), ReadError> {
    // Nothing counts for more than its bytes, so that small records, which are nearly all, are not scanned.
    if record.len() <= values_max {
        return Ok(());
    }
    let (mut values, mut position) = (0_usize, 0_usize);
    while let Some(byte) = record.get(position) {
        position += 1;
        match byte {
            b'"' => {
                position = string_end(record, position) + 1;
                values += usize::from(!is_name(record.get(position..).unwrap_or_default()));
            }
            b'[' => values += 1,
            b'{' => values += 2,
            _ => {}
        }
    }
    if values > values_max {
        let message = format!("{values} strings, arrays and objects, the limit ([limits] values_max) is {values_max}");
        return Err(ReadError::new(Reason::TooLarge, message));
    }
    Ok(())
}

/// A copy of the JSON document `text` without what programs write and a decoder cannot hold: lone surrogates
/// ([`mend_surrogates`]) and numbers ([`mend_numbers`]); `None` where there is none.
pub(in crate::readers) fn mend(text: &str) -> Option<String> {
    let mended = mend_surrogates(text);
    mend_numbers(mended.as_deref().unwrap_or(text)).or(mended)
}

/// A copy of the JSON document `text` with null for each number that is none in JSON, as Python and JavaScript write them
/// (`NaN`, `Infinity`), or that no `f64` holds (`1e400`: RFC 8259 section 6 leaves the range to the reader); `None` where
/// there is none.
fn mend_numbers(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b'"') || byte.is_ascii_whitespace();
    let mut mended: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1) + 1,
            b'-' | b'0'..=b'9' | b'N' | b'I' => {
                let rest = bytes.get(at..)?;
                let end = at + rest.iter().position(is_end).unwrap_or(rest.len());
                let number = text.get(at..end)?;
                let beyond =
                    || number.ends_with(|c: char| c.is_ascii_digit()) && number.parse().is_ok_and(f64::is_infinite);
                if matches!(number, "NaN" | "Infinity" | "-Infinity") || beyond() {
                    let mended = mended.get_or_insert_with(|| String::with_capacity(text.len()));
                    mended.push_str(text.get(copied..at)?);
                    mended.push_str("null");
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    let mut mended = mended?;
    mended.push_str(text.get(copied..)?);
    Some(mended)
}

/// A copy of the JSON document `text` in which U+FFFD stands for each lone surrogate; `None` where there is none.
///
/// Python and JavaScript write half of a pair as `\ud83d` where a program has cut a string in the middle
/// of an emoji. Rust's strings cannot hold it, and one such letter must not hide a record.
pub fn mend_surrogates(text: &str) -> Option<String> {
    let mut mended: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        let unit = |from: usize| {
            let digits = text.get(from..)?.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok()
        };
        match unit(at) {
            Some(0xd800..=0xdbff) if unit(at + 6).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => at += 12,
            Some(0xd800..=0xdfff) => {
                let mended = mended.get_or_insert_with(|| String::with_capacity(text.len()));
                mended.push_str(text.get(copied..at)?);
                mended.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // Whatever is escaped: two bytes on, or one letter on, where the record is broken anyway.
            _ => at += 1 + text.get(at + 1..)?.chars().next().map_or(0, char::len_utf8),
        }
    }
    let mut mended = mended?;
    mended.push_str(text.get(copied..)?);
    Some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_become_null_and_texts_stay() {
        let mended =
            mend_numbers(r#"{"a":NaN,"b":[-Infinity, 1e400,-1e400, 12, -0.5e3],"c":"NaN, \"1e400","d": Infinity}"#);
        let expected = r#"{"a":null,"b":[null, null,null, 12, -0.5e3],"c":"NaN, \"1e400","d": null}"#;
        assert_eq!(mended.as_deref(), Some(expected));
        for same in [r#"{"a":[1,2e30],"N":"I"}"#, "NaNs", "[inf,-inf]", "-", "1e400x", ""] {
            assert_eq!(mend_numbers(same), None, "{same}");
        }
    }

    #[test]
    fn names_count_nothing_and_colons_make_no_record_smaller() {
        let members = r#"{"a" : "b", "c": {"d": [1]}}"#;
        assert_eq!(refuse_crowds(members.as_bytes(), 6), Ok(()), "two objects, an array and a string");
        assert!(refuse_crowds(members.as_bytes(), 5).is_err());
        let broken = format!("[{}{}", "{},".repeat(100), ":".repeat(1_000));
        assert!(refuse_crowds(broken.as_bytes(), 200).is_err());
    }
}
