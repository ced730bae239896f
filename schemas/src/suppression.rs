//! Which alerts are expected: a condition, why, and until when.
//!
//! A suppressed alert is still an alert on its topic and still joins the story that it belongs to, but it
//! neither opens an incident nor raises one's severity. Here are the rule and its words; the correlator applies it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::annotation::Category;
use crate::entity::EntityKind;
use crate::severity::Severity;
use crate::signal::Signal;
use crate::time::Timestamp;

/// The most patterns in one rule.
pub const TERMS_MAX: usize = 64;
/// How deep `all` and `any` may be nested.
pub const DEPTH_MAX: usize = 4;
/// The longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 256;

/// A text in which `*` stands for anything; case does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Pattern(String);

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self(text.to_lowercase())
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl Pattern {
    /// Whether the whole of `text` is meant.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

/// Patterns of which one must match; a single one may be written without brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Patterns(pub Vec<Pattern>);

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(Pattern),
            Many(Vec<Pattern>),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::One(pattern) => Self(vec![pattern]),
            Written::Many(patterns) => Self(patterns),
        })
    }
}

impl Patterns {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn hold(&self, mut matches: impl FnMut(&Pattern) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(&mut matches)
    }
}

/// What an alert must be: everything that stands here must hold, and of each list one pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// All of these must hold as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Condition>,
    /// And one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Condition>,
    /// The application's id or name.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub application: Patterns,
    /// The threat: `jailbreak`.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub category: Patterns,
    /// Who or what takes part, `kind:id`: `user:scanner@*`.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub entity: Patterns,
    /// The source: `weir`, `defender_alert`.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub product: Patterns,
    /// A detection rule that the record matched, or whose alert it is, by name.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub rule: Patterns,
    /// The severity: `low`.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub severity: Patterns,
    /// A MITRE id.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub technique: Patterns,
    /// The alert's title, which of a rule's alert is the rule's.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub title: Patterns,
}

impl Condition {
    fn lists(&self) -> [&Patterns; 8] {
        let Self { application, category, entity, product, rule, severity, technique, title, all: _, any: _ } = self;
        [application, category, entity, product, rule, severity, technique, title]
    }

    /// Whether the alert is meant.
    pub fn matches(&self, signal: &Signal) -> bool {
        let entity = |pattern: &Pattern| {
            let ids = signal.entities.iter().flat_map(|e| e.ids.iter().map(move |id| (e.kind, id)));
            ids.into_iter().any(|(kind, id)| pattern.matches(&format!("{}:{id}", kind.as_str())))
        };
        let application = |pattern: &Pattern| {
            let mut applications = signal.entities.iter().filter(|e| e.kind == EntityKind::Application);
            applications.any(|e| e.ids.iter().chain(&e.name).any(|text| pattern.matches(text)))
        };
        self.category.hold(|p| signal.category.is_some_and(|category: Category| p.matches(category.as_str())))
            && self.severity.hold(|p| p.matches(severity_word(signal.severity)))
            && self.product.hold(|p| p.matches(&signal.product))
            && self.rule.hold(|p| signal.facts.rules.iter().any(|rule| p.matches(rule)))
            && self.title.hold(|p| p.matches(&signal.title))
            && self.technique.hold(|p| signal.techniques.iter().any(|technique| p.matches(technique)))
            && self.application.hold(application)
            && self.entity.hold(entity)
            && self.all.iter().all(|condition| condition.matches(signal))
            && (self.any.is_empty() || self.any.iter().any(|condition| condition.matches(signal)))
    }

    /// Refuses a condition that means everything, or is larger than its bounds.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn check(&self) -> Result<(), String> {
        match self.size(DEPTH_MAX) {
            None => Err(format!("conditions are nested more than {DEPTH_MAX} deep")),
            Some((_, true)) => Err(format!("a pattern is longer than {PATTERN_BYTES_MAX} bytes")),
            Some((0, _)) => Err("the condition has no pattern: it would suppress everything".to_owned()),
            Some((terms, _)) if terms > TERMS_MAX => Err(format!("{terms} patterns, the limit is {TERMS_MAX}")),
            // One branch without a pattern makes the whole `any` true.
            Some(_) if self.is_vacuous() => Err("an `any` has a branch without a pattern".to_owned()),
            Some(_) => Ok(()),
        }
    }

    /// How many patterns there are and whether one is too long; `None` below the depth.
    fn size(&self, depth: usize) -> Option<(usize, bool)> {
        let own = self.lists().into_iter().flat_map(|list| &list.0);
        let mut size = own.fold((0, false), |(n, long), p| (n + 1, long || p.0.len() > PATTERN_BYTES_MAX));
        for inner in self.all.iter().chain(&self.any) {
            let (terms, long) = inner.size(depth.checked_sub(1)?)?;
            size = (size.0 + terms, size.1 || long);
        }
        Some(size)
    }

    /// Whether it holds of every alert, whatever its patterns.
    fn is_vacuous(&self) -> bool {
        let all_any = self.any.is_empty() || self.any.iter().any(Self::is_vacuous);
        self.lists().iter().all(|list| list.0.is_empty()) && self.all.iter().all(Self::is_vacuous) && all_any
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Informational => "informational",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
        Severity::Fatal => "fatal",
    }
}

/// A rule about alerts that are expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Which alerts.
    pub when: Condition,
    /// Why: whoever reads it in a year wants to know.
    pub reason: String,
    /// The tenant whose alerts they are; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Alerts from this instant on are not suppressed any more, by their own time.
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether it applies; `false` keeps the rule in the file.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Suppression {
    /// Whether it applies to the alert.
    pub fn covers(&self, signal: &Signal) -> bool {
        self.enabled
            && self.tenant.as_deref().is_none_or(|tenant| tenant == signal.tenant.as_str())
            && self.expires.is_none_or(|expires| signal.time < expires)
            && self.when.matches(signal)
    }

    /// Refuses a rule without a reason or with a condition that [`Condition::check`] refuses.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn check(&self) -> Result<(), String> {
        if self.reason.trim().is_empty() {
            return Err("the reason is empty".to_owned());
        }
        self.when.check()
    }
}

/// RFC 3339 in text, as people write it in configuration and commands; an epoch number is read too.
mod instant {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};
    use serde::de::Error as _;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(f64),
    }

    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let time = match Option::<Written>::deserialize(deserializer)? {
            None => return Ok(None),
            Some(Written::Text(text)) => Timestamp::parse(&text),
            Some(Written::Number(number)) => Timestamp::from_epoch_number(number),
        };
        time.map(Some).ok_or_else(|| D::Error::custom("expires is no instant: write 2026-06-01T00:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_case_does_not_count() {
        let matches = |pattern: &str, text: &str| Pattern::from(pattern.to_owned()).matches(text);
        for (pattern, text) in
            [("*", ""), ("user:Scan*@x", "user:scanner@X"), ("*b*b*", "abcb"), ("a", "A"), ("a*a", "aa"), ("**", "é")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*a", "a"), ("*b*b*", "b"), ("x*", "ax")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        let hostile = "a".repeat(100_000);
        assert!(!matches(&"a*".repeat(100), &"b".repeat(100_000)) && !matches("a*a*a*b", &hostile));
    }

    #[test]
    fn what_means_everything_or_is_too_large_is_refused() {
        let condition = |json: &str| serde_json::from_str::<Condition>(json).expect("a condition").check();
        assert!(condition(r#"{"category":"jailbreak","any":[{"title":["a*","b"]},{"severity":"low"}]}"#).is_ok());
        assert!(condition("{}").is_err());
        assert!(condition(r#"{"any":[{"title":"a"},{}]}"#).is_err());
        assert!(condition(r#"{"all":[{"all":[{"all":[{"all":[{"all":[{"title":"a"}]}]}]}]}]}"#).is_err());
        let many = serde_json::json!({ "title": vec!["a"; TERMS_MAX + 1] }).to_string();
        assert!(condition(&many).is_err());
        let long = serde_json::json!({ "title": "a".repeat(PATTERN_BYTES_MAX + 1) }).to_string();
        assert!(condition(&long).is_err());
        assert!(serde_json::from_str::<Condition>(r#"{"titel":"a"}"#).is_err());
    }

    #[test]
    fn a_rule_comes_back_from_its_text() {
        let text = r#"{"when":{"title":"a"},"reason":"r","expires":"2026-06-01T00:00:00Z"}"#;
        let rule: Suppression = serde_json::from_str(text).expect("a rule");
        let again: Suppression =
            serde_json::from_str(&serde_json::to_string(&rule).expect("JSON")).expect("the same rule");
        assert_eq!(rule, again);
        assert!(serde_json::from_str::<Suppression>(r#"{"when":{},"reason":"r","expires":"soon"}"#).is_err());
    }
}
