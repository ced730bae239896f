//! Which values of a record make no difference to what is read of it.
//!
//! For people who try a sample: a name among them may be a field that matters to them. Found by trying: each field in
//! turn gets another value, and where the reader then says the same, it does not look there. So a field that a
//! reader recodes (the pieces of a stream, JSON within text) or that only says how to read the rest (roles, types)
//! counts as taken, and one whose value happens to stand elsewhere too does not. What a reader takes only where a
//! better field is absent is told apart from what it never takes: the same is tried without each of the fields that
//! were taken. Nothing here judges.

use std::collections::HashMap;

use schemas::readers::{Input, Output, ReadError, parse_json};
use schemas::{Flag, Interaction, Signal};
use serde_json::{Number, Value};

/// The most bytes that are read for one record: each field costs a few times the record. Ten seconds at worst.
const TRIED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// The most fields that are named.
const NAMED_MAX: usize = 64;

/// What was left of one record.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    /// Paths of the values, of array elements by the array, each once.
    fields: Vec<String>,
    /// Those that would be read if a better field were absent.
    fallbacks: Vec<String>,
    /// How many fields were not tried, for the size of the record.
    untried: usize,
}

/// Words that readers tell apart, so that what holds one of a vocabulary shows as taken.
const WORDS: [&str; 2] = ["system", "image"];

impl Leftover {
    /// What `read` does not look at in the JSON record `bytes`.
    pub(super) fn of(bytes: &[u8], read: impl Fn(&[u8]) -> (Output, Result<(), ReadError>)) -> Self {
        let Ok(record) = parse_json(bytes) else { return Self::default() };
        let said = |record: &Value| {
            let (output, result) = read(record.to_string().as_bytes());
            fingerprint(&output, &result)
        };
        let whole = said(&record);
        let mut left = Self::default();
        let (mut tried, mut taken) = (0_usize, Vec::new());
        for (path, kind) in fields(&record) {
            if tried > TRIED_BYTES_MAX {
                left.untried += 1;
                continue;
            }
            let differs = |other: &Value| {
                tried += bytes.len();
                said(&with(&record, &|at| at == path, other)) != whole
            };
            if others(kind).iter().any(differs) {
                taken.push(path);
            } else {
                left.fields.push(path);
            }
        }
        for path in taken {
            if tried > TRIED_BYTES_MAX || left.fields.is_empty() {
                break;
            }
            let without = with(&record, &|at| at == path, &Value::Null);
            tried += left.find_fallbacks(&without, &said) * bytes.len();
        }
        left
    }

    /// Finds which of the fields that were left `record` is read by, which lacks one that was taken. Gives how often it
    /// tried: most fields have no other in their place, which one look at the record without all of the rest tells.
    fn find_fallbacks(&mut self, record: &Value, said: &impl Fn(&Value) -> String) -> usize {
        let whole = said(record);
        let spare = with(record, &|at| self.fields.iter().any(|field| field == at), &Value::Null);
        if said(&spare) == whole {
            return 2;
        }
        let tried = self.fields.len() + 2;
        let (used, left) = std::mem::take(&mut self.fields)
            .into_iter()
            .partition(|field| said(&with(record, &|at| at == field, &Value::Null)) != whole);
        self.fallbacks.extend::<Vec<String>>(used);
        self.fields = left;
        tried
    }

    /// The fallbacks by name, the first few; `None` where there are none.
    pub(super) fn describe_fallbacks(&self) -> Option<String> {
        Some(named(&self.fallbacks)).filter(|text| !text.is_empty())
    }

    /// The fields by name, the first few; `None` where nothing was left.
    pub(super) fn describe(&self) -> Option<String> {
        let mut text = named(&self.fields);
        if self.untried > 0 {
            let gap = if text.is_empty() { "" } else { "; " };
            text.push_str(&format!("{gap}{} fields not tried, the record is too large", self.untried));
        }
        Some(text).filter(|text| !text.is_empty())
    }
}

/// The first few of `fields`, and how many more there are.
fn named(fields: &[String]) -> String {
    let mut text = fields.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = fields.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// `record` with another value in the fields whose path `is_one` of them.
fn with(record: &Value, is_one: &dyn Fn(&str) -> bool, other: &Value) -> Value {
    let mut changed = record.clone();
    each_leaf(&mut changed, &mut String::new(), &mut |at, leaf| {
        if is_one(at) {
            *leaf = changed_to(leaf, other);
        }
    });
    changed
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Scalar,
}

/// Every field that holds something, with what it holds first, in the order of the record.
fn fields(record: &Value) -> Vec<(String, Kind)> {
    let mut known = HashMap::new();
    let mut fields = Vec::new();
    each_leaf(&mut record.clone(), &mut String::new(), &mut |path, leaf| {
        let kind = if leaf.is_string() { Kind::Text } else { Kind::Scalar };
        let blank = leaf.is_null() || leaf.as_str().is_some_and(|text| text.trim().is_empty());
        if !blank && known.insert(path.to_owned(), ()).is_none() {
            fields.push((path.to_owned(), kind));
        }
    });
    fields
}

/// What to try in the place of a value: another one, none, and for texts the words that readers tell apart.
fn others(kind: Kind) -> Vec<Value> {
    let mut others = vec![Value::from("weir-another-value"), Value::Null];
    if kind == Kind::Text {
        others.extend(WORDS.map(Value::from));
    }
    others
}

/// `other`, or for a number or a switch another of its kind where `other` is a text.
fn changed_to(leaf: &Value, other: &Value) -> Value {
    match (leaf, other) {
        (Value::Bool(flag), Value::String(_)) => Value::Bool(!flag),
        (Value::Number(number), Value::String(_)) => {
            let integer = number.as_i64().map(|number| Value::from(number.wrapping_add(1)));
            let float = || number.as_f64().and_then(|number| Number::from_f64(number + 1.0)).map(Value::Number);
            integer.or_else(float).unwrap_or(Value::Null)
        }
        _ => other.clone(),
    }
}

/// Members that name an element of a list of pairs, and those that hold its value.
const PAIR_NAMES: [&str; 4] = ["key", "Key", "name", "Name"];
const PAIR_VALUES: [&str; 4] = ["value", "Value", "#text", "stringValue"];
/// What OTLP puts around a value to say its type.
const TYPED: [&str; 8] =
    ["arrayValue", "boolValue", "bytesValue", "doubleValue", "intValue", "kvlistValue", "stringValue", "values"];

/// The name of a pair in a list of names and values, and which member holds the value.
fn pair(element: &Value) -> Option<(String, &'static str)> {
    let members = element.as_object().filter(|members| members.len() <= 3)?;
    let name = PAIR_NAMES.iter().find_map(|key| members.get(*key)?.as_str())?;
    let value = PAIR_VALUES.iter().find(|key| members.contains_key(**key))?;
    Some((name.to_owned(), value))
}

/// Calls `visit` for each value that is neither an array nor an object, with its path: the names of the members
/// above it, and in a list of names and values the name. As deep as the parser went, which has a limit.
fn each_leaf(value: &mut Value, path: &mut String, visit: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                match pair(element) {
                    Some((name, key)) => {
                        let inner = element.get_mut(key);
                        inner.into_iter().for_each(|inner| below(&name, inner, path, visit));
                    }
                    None => each_leaf(element, path, visit),
                }
            }
        }
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| below(key, member, path, visit)),
        leaf => visit(path, leaf),
    }
}

fn below(name: &str, value: &mut Value, path: &mut String, visit: &mut dyn FnMut(&str, &mut Value)) {
    let end = path.len();
    if !TYPED.contains(&name) {
        if end > 0 {
            path.push('.');
        }
        path.push_str(name);
    }
    each_leaf(value, path, visit);
    path.truncate(end);
}

/// All that was read, less ids that are a hash of everything.
fn fingerprint(output: &Output, result: &Result<(), ReadError>) -> String {
    let mut text = format!("{result:?} {}", output.passed_by);
    for rejected in &output.rejected {
        text.push_str(&rejected.error.to_string());
    }
    for input in &output.inputs {
        let json = match input {
            Input::Interaction(read) if read.flags.contains(&Flag::DerivedId) => {
                serde_json::to_string(&Interaction { id: "".into(), ..(**read).clone() })
            }
            Input::Interaction(read) => serde_json::to_string(read),
            Input::Signal(read) if read.flags.contains(&Flag::DerivedId) => {
                serde_json::to_string(&Signal { uid: "".into(), native_id: String::new(), ..(**read).clone() })
            }
            Input::Signal(read) => serde_json::to_string(read),
            Input::Command { command, .. } => serde_json::to_string(command),
        };
        text.push_str(&json.unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use schemas::Group;
    use schemas::readers;

    use super::*;
    use crate::config::Config;

    fn left_of(record: &Value) -> Vec<String> {
        leftover_of(record).fields
    }

    fn leftover_of(record: &Value) -> Leftover {
        let config = Config::defaults().expect("the defaults hold");
        let tenancy = config.tenancy(None);
        let context = config.context_of_files(Group::Ai, &tenancy, None);
        let read = |bytes: &[u8]| {
            let mut out = Output::default();
            let result = readers::read(bytes, None, &context, &mut out);
            (out, result)
        };
        let bytes = record.to_string();
        assert!(read(bytes.as_bytes()).1.is_ok(), "{bytes}");
        Leftover::of(bytes.as_bytes(), read)
    }

    #[test]
    fn what_stands_in_for_a_better_field_is_told_apart() {
        let record = serde_json::json!({
            "id": "da-1", "title": "T", "severity": "high", "serviceSource": "x", "colour": "red",
            "firstActivityDateTime": "2026-05-01T12:00:00Z", "createdDateTime": "2026-05-01T12:05:00Z" });
        let left = leftover_of(&record);
        assert_eq!(left.fallbacks, ["createdDateTime"]);
        assert!(left.fields.contains(&"colour".to_owned()), "{:?}", left.fields);
        assert!(!left.fields.contains(&"createdDateTime".to_owned()), "{:?}", left.fields);
    }

    #[test]
    fn what_was_taken_is_not_left() {
        let record = serde_json::json!({
            "id": "i-1", "time": "2026-05-01T12:00:00Z", "user": { "id": "Anna@Contoso.example" },
            "request": { "model": "m-1", "messages": [{ "role": "user", "content": [
                { "type": "text", "text": "Hello there" }, { "type": "image_url", "image_url": { "url": "data:x" } }] }] },
            "response": "data: {\"choices\":[{\"delta\":{\"content\":\"Good \"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"day\"}}]}\n" });
        // The image is counted, wherever it lies.
        assert_eq!(left_of(&record), ["request.messages.content.image_url.url"]);
    }

    #[test]
    fn what_nobody_reads_is_named_once_even_where_its_value_stands_elsewhere() {
        let record = serde_json::json!({
            "id": "i-1", "time": 1_777_636_800_000_i64, "cost_centre": "Hello", "retries": 7, "billed": true,
            "labels": [{ "team": "blue-whale" }, { "team": "red-fox" }],
            "request": { "prompt": "Hello", "temperature": 0.25 }, "response": { "usage": { "prompt_tokens": 7 } } });
        assert_eq!(left_of(&record), ["billed", "cost_centre", "labels.team", "request.temperature", "retries"]);
    }

    #[test]
    fn a_record_without_an_id_is_compared_without_its_hash() {
        let record = serde_json::json!({"noise": "x", "request": {"prompt": "Hello"}});
        assert_eq!(left_of(&record), ["noise"]);
    }

    #[test]
    fn attributes_of_otlp_are_named_by_their_keys() {
        let text = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
        let span = serde_json::json!({"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
            "startTimeUnixNano": "1777636800000000000", "name": "chat", "attributes": [
                text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
                text("gen_ai.input.messages", "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hi\"}]}]"),
                text("server.address", "api.openai.com"), text("gen_ai.output.type", "text")] });
        let record =
            serde_json::json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "s"}, "spans": [span]}]}]});
        let left = left_of(&record);
        let spans = |name: &str| format!("resourceSpans.scopeSpans.spans.{name}");
        let expected = ["attributes.server.address", "attributes.gen_ai.output.type", "name"].map(spans);
        assert!(expected.iter().all(|path| left.contains(path)), "{left:?}");
        assert!(left.contains(&"resourceSpans.scopeSpans.scope.name".to_owned()), "{left:?}");
        assert!(!left.iter().any(|path| path.contains("input.messages") || path.contains("traceId")), "{left:?}");
    }

    #[test]
    fn the_list_is_short() {
        let fields = (0..NAMED_MAX + 4).map(|n| format!("f{n}")).collect();
        let text = Leftover { fields, ..Leftover::default() }.describe().expect("something");
        assert!(text.starts_with("f0, f1, ") && text.ends_with("f63 and 4 more"), "{text}");
        assert_eq!(Leftover::default().describe(), None);
    }
}
