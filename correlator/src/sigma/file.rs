//! Rules as they are written: YAML in Sigma's form (specification 2.1), several documents a file.
//!
//! Read are of every rule `title`, `id`, `name`, `description`, `level`, `tags` (`attack.t1078`, `atlas.aml.t0051`),
//! of detection rules `logsource` and `detection`, of correlation rules `correlation`. Other keys of Sigma speak to
//! people. Keys within `correlation` that nobody knows are errors, since a rule that is half read is worse than none.
//!
//! Not read: `action: global`, filters, placeholders, keywords without a field, and modifiers beyond those of
//! [`super::pattern`].

use std::collections::BTreeMap;

use schemas::Severity;
use serde::Deserialize;
use serde_json::Value;

use super::RuleError;

/// The largest rule file in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// One document.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleFile {
    /// One line for an analyst.
    pub title: String,
    /// Stable for ever: what alerts are derived from.
    #[serde(default)]
    pub id: Option<String>,
    /// By what other rules refer to it; else the id.
    #[serde(default)]
    pub name: Option<String>,
    /// What is seen and why it matters.
    #[serde(default)]
    pub description: String,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    #[serde(default)]
    pub level: Option<String>,
    /// Techniques, among others.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whose records a detection rule looks at.
    #[serde(default)]
    pub logsource: LogsourceFile,
    /// Selections and their condition.
    #[serde(default)]
    pub detection: Option<BTreeMap<String, Value>>,
    /// What records must have to do with each other.
    #[serde(default)]
    pub correlation: Option<CorrelationFile>,
}

/// Whose records a detection rule looks at.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LogsourceFile {
    /// A reader's name, or Sigma's word for a product.
    #[serde(default)]
    pub product: Option<String>,
    /// Sigma's word for the part of a product.
    #[serde(default)]
    pub service: Option<String>,
    /// Weir's group: `ai`, `identity`, `endpoint`, `cloud` or `model`.
    #[serde(default)]
    pub category: Option<String>,
}

/// A correlation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CorrelationFile {
    /// Which one.
    pub r#type: String,
    /// The rules that it is over, by name or id.
    #[serde(deserialize_with = "one_or_many")]
    pub rules: Vec<String>,
    /// What records must have in common.
    #[serde(default, deserialize_with = "one_or_many")]
    pub group_by: Vec<String>,
    /// Within how much time: `90s`, `10m`, `1h`, `7d`.
    pub timespan: String,
    /// Comparisons, all of which must hold, with `field` and `percentile`.
    #[serde(default)]
    pub condition: BTreeMap<String, Value>,
    /// Names for fields that differ from rule to rule.
    #[serde(default)]
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the rules that it is over raise alerts of their own as well.
    #[serde(default)]
    pub generate: bool,
    /// Weir: how many records of a rule a `temporal` needs, where more than one.
    #[serde(default)]
    pub counts: BTreeMap<String, u32>,
    /// Weir: where `absence` looks: `after` (unless said otherwise), `before` or `around`.
    #[serde(default)]
    pub direction: Option<String>,
    /// Weir: for how long `first_seen` and `baseline` only learn.
    #[serde(default)]
    pub learning: Option<String>,
    /// Weir: how many standard deviations above the mean a `baseline` allows.
    #[serde(default)]
    pub deviations: Option<f64>,
    /// Weir: the sum below which a `baseline` says nothing.
    #[serde(default)]
    pub minimum: Option<f64>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    })
}

/// The documents of a YAML text.
///
/// # Errors
/// When it is too large or no YAML; the parser bounds depth, aliases and events.
pub fn documents(text: &str) -> Result<Vec<Value>, RuleError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(RuleError::new(format!("{} bytes; a file of rules has {FILE_BYTES_MAX} at most", text.len())));
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| RuleError::new(error.to_string()))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

impl RuleFile {
    /// The rule in a document.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(document: Value) -> Result<Self, RuleError> {
        if !document.is_object() {
            return Err(RuleError::new("a rule is a map of keys"));
        }
        let title = document.get("title").and_then(Value::as_str).unwrap_or("a rule without title").to_owned();
        serde_json::from_value(document).map_err(|error| RuleError::new(format!("{title}: {error}")))
    }

    /// By what others refer to it.
    pub fn name(&self) -> Result<&str, RuleError> {
        let name = self.name.as_deref().or(self.id.as_deref());
        name.ok_or_else(|| RuleError::new(format!("{}: it has neither name nor id", self.title)))
    }

    /// Its severity.
    pub fn severity(&self) -> Result<Severity, RuleError> {
        Ok(match self.level.as_deref() {
            None | Some("medium") => Severity::Medium,
            Some("informational" | "info") => Severity::Informational,
            Some("low") => Severity::Low,
            Some("high") => Severity::High,
            Some("critical") => Severity::Critical,
            Some(other) => return Err(RuleError::new(format!("{}: the level {other:?} is not known", self.title))),
        })
    }

    /// The techniques among its tags.
    pub fn techniques(&self) -> Vec<String> {
        let technique = |tag: &String| {
            let tag = tag.to_ascii_uppercase();
            let id = tag.strip_prefix("ATTACK.").or_else(|| tag.strip_prefix("ATLAS."))?;
            let digits = id.strip_prefix("AML.").unwrap_or(id).strip_prefix('T')?;
            digits.starts_with(|c: char| c.is_ascii_digit()).then(|| id.to_owned())
        };
        let mut techniques: Vec<String> = self.tags.iter().filter_map(technique).collect();
        techniques.sort_unstable();
        techniques.dedup();
        techniques
    }
}

/// A duration such as `90s`, `10m`, `36h`, `14d`, in milliseconds.
///
/// # Errors
/// When it is none, is zero, or is longer than ten years.
pub fn duration(text: &str) -> Result<i64, RuleError> {
    const DECADE_SECS: i64 = 10 * 366 * 86_400;
    let faulty = || RuleError::new(format!("{text:?} is no timespan: write it like 90s, 10m, 36h or 14d"));
    let unit = text.chars().next_back().ok_or_else(faulty)?;
    let secs = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(faulty()),
    };
    let number: i64 = text.strip_suffix(unit).and_then(|digits| digits.trim().parse().ok()).ok_or_else(faulty)?;
    let secs = number.checked_mul(secs).filter(|secs| (1..=DECADE_SECS).contains(secs)).ok_or_else(faulty)?;
    Ok(secs * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read() {
        let text = "title: T\nid: x\ntags: [attack.initial-access, attack.t1078.004, atlas.aml.t0051, tlp.red]\n---\ntitle: U\n";
        let mut documents = documents(text).expect("YAML").into_iter().map(RuleFile::new);
        let rule = documents.next().expect("a document").expect("a rule");
        assert_eq!(rule.techniques(), ["AML.T0051", "T1078.004"]);
        assert_eq!((rule.name().expect("a name"), rule.severity().expect("a level")), ("x", Severity::Medium));
        assert!(documents.next().expect("a document").expect("a rule").name().is_err());
    }

    #[test]
    fn durations_are_read_strictly() {
        for (text, millis) in [("90s", 90_000), ("10m", 600_000), ("1h", 3_600_000), ("2d", 172_800_000)] {
            assert_eq!(duration(text).expect(text), millis);
        }
        for bad in ["", "h", "0m", "-1h", "1.5h", "1w", "1 hour", "99999999999999999999d", "9999999d", "1é"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hostile_yaml_is_an_error() {
        let bomb = format!("a: &a [x]\n{}", (0..40).map(|n| format!("b{n}: &b{n} [*a, *a]\n")).collect::<String>());
        assert!(documents(&bomb).is_ok_and(|documents| documents.len() == 1), "aliases are bounded, not refused");
        let laughs = (0..30).fold("l0: &l0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
            format!("{text}l{}: &l{} [{}*l{n}]\n", n + 1, n + 1, format!("*l{n},").repeat(9))
        });
        let deep = "[".repeat(100_000);
        let large = "x".repeat(FILE_BYTES_MAX + 1);
        for bad in [laughs.as_str(), &deep, &large, "a: b: c", "{"] {
            assert!(documents(bad).is_err(), "{} bytes", bad.len());
        }
        for bad in [
            "[1, 2]",
            "title: 5\ncorrelation: 1",
            "just text",
            "\t- x",
            "title: T\ncorrelation: {type: event_count, rules: a, timespan: 1h, unknown: 1}",
        ] {
            let read = documents(bad).expect("YAML").into_iter().map(RuleFile::new).collect::<Result<Vec<_>, _>>();
            assert!(read.is_err(), "{bad}");
        }
    }
}
