//! MISP's JSON: an event or several, bare attributes, and warning lists.
//!
//! Of events only attributes marked for detection (`to_ids`) count, as MISP means it. Warning lists hold names,
//! texts or networks; those of regular expressions and of parts of words say nothing about a single value and are
//! counted.

use serde::Deserialize;
use serde_json::Value;

use super::format::{FeedError, Parsed};
use super::indicator::{Indicator, Observable};

/// One attribute of an event.
#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    #[serde(default = "yes")]
    to_ids: Value,
}

fn yes() -> Value {
    Value::Bool(true)
}

pub(super) fn parse(text: &str) -> Result<Parsed, FeedError> {
    let value: Value = serde_json::from_str(text)?;
    let mut parsed = Parsed::default();
    if let Some(list) = value.get("list").and_then(Value::as_array) {
        warning_list(list, value.get("type").and_then(Value::as_str).unwrap_or("string"), &mut parsed);
        return Ok(parsed);
    }
    let response = value.get("response").unwrap_or(&value);
    let one = std::slice::from_ref(response);
    let items = response.as_array().map_or(one, Vec::as_slice);
    let mut known = items.is_empty();
    for item in items {
        let event = item.get("Event").unwrap_or(item);
        for name in ["Attribute", "Object"] {
            let Some(list) = event.get(name).and_then(Value::as_array) else { continue };
            known = true;
            for entry in list {
                match entry.get("Attribute").and_then(Value::as_array) {
                    Some(attributes) => attributes.iter().for_each(|attribute| take(attribute, &mut parsed)),
                    None => take(entry, &mut parsed),
                }
            }
        }
        if event.get("type").is_some() && event.get("value").is_some() {
            known = true;
            take(event, &mut parsed);
        }
    }
    if known { Ok(parsed) } else { Err(FeedError::Kind) }
}

fn take(attribute: &Value, parsed: &mut Parsed) {
    let Ok(attribute) = Attribute::deserialize(attribute) else {
        parsed.skipped += 1;
        return;
    };
    if matches!(&attribute.to_ids, Value::Bool(false)) || matches!(attribute.to_ids.as_str(), Some("0" | "false")) {
        return;
    }
    let mut any = false;
    for observable in observables(&attribute.kind, &attribute.value) {
        any = true;
        parsed.take(Some(Indicator { observable, confidence: None, valid_until: None }));
    }
    parsed.skipped += usize::from(!any);
}

/// What an attribute's value says by its type; composite types hold two values around a bar.
fn observables(kind: &str, value: &str) -> Vec<Observable> {
    if let (Some((first, second)), Some((one, other))) = (kind.split_once('|'), value.split_once('|')) {
        return [(first, one), (second, other)]
            .into_iter()
            .filter_map(|(kind, value)| observable(kind, value))
            .collect();
    }
    observable(kind, value).into_iter().collect()
}

fn observable(kind: &str, value: &str) -> Option<Observable> {
    match kind {
        "ip-src" | "ip-dst" | "ip" => Observable::network(value),
        "domain" | "hostname" => Observable::domain(value),
        "url" | "uri" | "link" => Observable::url(value),
        "md5" | "sha1" | "sha256" => Observable::hash(value),
        "user-agent" | "http-user-agent" => Observable::user_agent(value),
        "email" | "email-src" | "email-dst" | "email-reply-to" => Observable::email(value),
        _ => None,
    }
}

fn warning_list(list: &[Value], kind: &str, parsed: &mut Parsed) {
    let read = |text: &str| match kind {
        "cidr" => Observable::network(text),
        "hostname" => Observable::domain(text.trim_start_matches('.')),
        "string" => Observable::guess(text),
        _ => None,
    };
    for entry in list {
        let observable = entry.as_str().and_then(read);
        parsed.take(observable.map(|observable| Indicator { observable, confidence: None, valid_until: None }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_events_and_objects_are_read_by_type() {
        let text = r#"{"response":[{"Event":{"Attribute":[
            {"type":"ip-dst","value":"198.51.100.7","to_ids":true},
            {"type":"domain|ip","value":"evil.example|203.0.113.9","to_ids":"1"},
            {"type":"filename|sha256","value":"a.exe|E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"},
            {"type":"comment","value":"nothing to find"},
            {"type":"url","value":"http://evil.example/kit","to_ids":false},
            {"value":7}],
            "Object":[{"Attribute":[{"type":"user-agent","value":"EvilBot/1.0"},{"type":"email-src","value":"M@Evil.example"}]}]}}]}"#;
        let parsed = parse(text).expect("MISP");
        let found: Vec<_> = parsed.indicators.iter().map(|indicator| indicator.observable.clone()).collect();
        let expected = [
            Observable::network("198.51.100.7"),
            Observable::domain("evil.example"),
            Observable::network("203.0.113.9"),
            Observable::hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            Observable::user_agent("evilbot/1.0"),
            Observable::email("m@evil.example"),
        ];
        assert_eq!(found.into_iter().map(Some).collect::<Vec<_>>(), expected);
        assert_eq!(parsed.skipped, 2);
    }

    #[test]
    fn warning_lists_are_read_by_type_and_what_is_no_value_is_counted() {
        let of = |kind: &str, value: &str| {
            let parsed = parse(&format!(r#"{{"type":"{kind}","list":["{value}",3]}}"#)).expect("a warning list");
            (parsed.indicators.len(), parsed.skipped)
        };
        assert_eq!(of("cidr", "10.0.0.0/8"), (1, 1));
        assert_eq!(of("hostname", ".example.org"), (1, 1));
        assert_eq!(of("string", "evil.example"), (1, 1));
        assert_eq!(of("regex", "a.*b"), (0, 2));
    }
}
