//! What rules need to know of a signal beyond what everybody needs: which detection rules matched, the values
//! of the fields that correlation rules group by, and what was used.
//!
//! The detect stage fills it, so that the correlator never sees a record's own fields. Not here: the rules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The most detection rules that one signal names.
pub const RULES_MAX: usize = 64;
/// The most values that one field keeps, the first in their order.
pub const FIELD_VALUES_MAX: usize = 16;
/// The longest value in bytes; a longer one is content, not a name, and is dropped.
pub const VALUE_BYTES_MAX: usize = 1024;
/// The most names in each list of a usage signal, the first in their order.
pub const USAGE_NAMES_MAX: usize = 32;

/// What rules need of a signal beyond the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Names of the detection rules that matched, sorted, without repeats.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Values of the fields that loaded rules group by or aggregate, sorted, without repeats.
    #[serde(default)]
    pub fields: BTreeMap<String, Vec<String>>,
    /// For usage signals, what was used.
    #[serde(default)]
    pub usage: Option<Usage>,
}

impl Facts {
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.fields.is_empty() && self.usage.is_none()
    }

    /// What two records of one signal say together; neither order nor repetition shows.
    pub fn united(&self, other: &Self) -> Self {
        let rules: BTreeSet<&String> = self.rules.iter().chain(&other.rules).collect();
        let mut fields = self.fields.clone();
        for (name, values) in &other.fields {
            let known = fields.entry(name.clone()).or_default();
            known.extend(values.iter().cloned());
            bound(known);
        }
        Self {
            rules: rules.into_iter().take(RULES_MAX).cloned().collect(),
            fields,
            usage: self.usage.clone().max(other.usage.clone()),
        }
    }

    /// Sets a field to those of `values` that fit; without any, the field stays away.
    pub fn set(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let mut values: Vec<String> =
            values.into_iter().filter(|value| !value.is_empty() && value.len() <= VALUE_BYTES_MAX).collect();
        bound(&mut values);
        if !values.is_empty() {
            self.fields.insert(name.to_owned(), values);
        }
    }
}

fn bound(values: &mut Vec<String>) {
    values.sort_unstable();
    values.dedup();
    values.truncate(FIELD_VALUES_MAX);
}

/// Interactions of one caller with one application in one minute of event time, added up. Counts are signed since
/// Avro knows no others; they are never negative.
///
/// Several signals may speak of the same minute; their sum is what counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usage {
    /// Interactions.
    #[serde(default)]
    pub requests: i64,
    /// Tokens of prompts.
    #[serde(default)]
    pub input_tokens: i64,
    /// Tokens of answers.
    #[serde(default)]
    pub output_tokens: i64,
    /// Interactions that the model or the provider's filter refused.
    #[serde(default)]
    pub refusals: i64,
    /// Interactions that failed.
    #[serde(default)]
    pub errors: i64,
    /// The family of the client's user agent: names without versions.
    #[serde(default)]
    pub client: Option<String>,
    /// How the caller is known: `api_key`, `user` or `both`.
    #[serde(default)]
    pub auth: Option<String>,
    /// Names of tools that the model called, sorted.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Types of sensitive data in answers, sorted.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// Interactions by the hash of their request.
    #[serde(default)]
    pub repeats: BTreeMap<String, i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_records_say_is_united_in_any_order() {
        let facts = |rule: &str, value: &str| {
            let mut facts = Facts { rules: vec![rule.to_owned()], ..Facts::default() };
            facts.set("actor", [value.to_owned(), String::new(), "x".repeat(VALUE_BYTES_MAX + 1)]);
            facts
        };
        let (a, b) = (facts("r2", "bob"), facts("r1", "ada"));
        assert_eq!(a.united(&b), b.united(&a));
        assert_eq!(a.united(&a), a);
        assert_eq!(a.united(&b).fields["actor"], ["ada", "bob"]);
        assert_eq!(a.united(&b).rules, ["r1", "r2"]);
    }

    #[test]
    fn values_are_bounded() {
        let mut facts = Facts::default();
        facts.set("many", (0..1000).map(|number| number.to_string()));
        facts.set("none", [String::new()]);
        assert_eq!(facts.fields["many"].len(), FIELD_VALUES_MAX);
        assert!(!facts.fields.contains_key("none"));
    }
}
