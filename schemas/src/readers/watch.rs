//! Which of a record's own fields rules ask for, and their values.
//!
//! A reader takes what every signal has in common; rules may ask for more. What they ask for is known when they are
//! loaded, so that nothing else of a record is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::value::Value;
use crate::facts::{FIELD_VALUES_MAX, Facts};

/// The fields that rules ask for, by the product whose records have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    by_product: BTreeMap<String, BTreeSet<String>>,
    everywhere: BTreeSet<String>,
}

impl Watch {
    /// Asks for `field`, a path whose steps dots separate, of records of `product`, or of all records.
    pub fn add(&mut self, product: Option<&str>, field: &str) {
        let fields = match product {
            Some(product) => self.by_product.entry(product.to_owned()).or_default(),
            None => &mut self.everywhere,
        };
        fields.insert(field.to_owned());
    }

    /// The values in `record`, by field; most records are of products that no rule asks about.
    pub(in crate::readers) fn fields(&self, product: &str, record: &Value<'_>) -> BTreeMap<String, Vec<String>> {
        let mut facts = Facts::default();
        for field in self.by_product.get(product).into_iter().flatten().chain(&self.everywhere) {
            let mut values = Vec::new();
            collect(record, field, &mut values);
            facts.set(field, values);
        }
        facts.fields
    }
}

/// The texts, numbers and flags behind `path`, whose steps may also stand together in one key, through arrays. A path
/// has few steps, so this ends soon however deep the record is.
fn collect(value: &Value<'_>, path: &str, found: &mut Vec<String>) {
    if found.len() >= FIELD_VALUES_MAX {
        return;
    }
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, path, found)),
        Value::Object(members) => {
            if let Some(member) = members.get_in_any_case(path) {
                return leaves(member, found);
            }
            let dots = path.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.');
            for (at, _) in dots {
                let (Some(key), Some(rest)) = (path.get(..at), path.get(at + 1..)) else { continue };
                if let Some(member) = members.get_in_any_case(key) {
                    return collect(member, rest, found);
                }
            }
        }
        _ => {}
    }
}

fn leaves(value: &Value<'_>, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => {
            let room = FIELD_VALUES_MAX.saturating_sub(found.len());
            elements.iter().take(room).for_each(|element| {
                if !matches!(element, Value::Array(_)) {
                    leaves(element, found);
                }
            });
        }
        Value::String(text) => found.push(text.trim().to_owned()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Bool(flag) => found.push(flag.to_string()),
        Value::Null | Value::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(record: &str, paths: &[&str]) -> BTreeMap<String, Vec<String>> {
        let mut watch = Watch::default();
        paths.iter().for_each(|path| watch.add(Some("okta"), path));
        watch.fields("okta", &serde_json::from_str(record).expect("JSON"))
    }

    #[test]
    fn finds_values_behind_paths_in_any_case_and_through_arrays() {
        let record = r#"{"eventType":"a","actor":{"AlternateId":"ada"},"target":[{"id":1},{"id":true},{}],"x.y":{"z":["p","q"]}}"#;
        let found = fields(record, &["eventtype", "actor.alternateId", "target.id", "x.y.z", "absent.path", "actor"]);
        assert_eq!(found["eventtype"], ["a"]);
        assert_eq!(found["actor.alternateId"], ["ada"]);
        assert_eq!(found["target.id"], ["1", "true"]);
        assert_eq!(found["x.y.z"], ["p", "q"]);
        assert_eq!(found.len(), 4, "what is absent or no value stays away");
    }

    #[test]
    fn only_the_product_that_is_asked_about_is_looked_at() {
        let mut watch = Watch::default();
        watch.add(Some("okta"), "a");
        watch.add(None, "b");
        let record = serde_json::from_str(r#"{"a":1,"b":2}"#).expect("JSON");
        assert_eq!(watch.fields("duo", &record).into_keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(watch.fields("okta", &record).len(), 2);
    }

    #[test]
    fn hostile_records_are_bounded() {
        let many = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(100_000));
        assert!(fields(&many, &["a"])["a"].len() <= FIELD_VALUES_MAX);
        let deep = format!("{}1{}", r#"{"a":"#.repeat(50), "}".repeat(50));
        assert!(fields(&deep, &["a.a.a"]).is_empty());
    }
}
