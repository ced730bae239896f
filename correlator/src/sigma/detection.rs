//! A detection rule: what one record must be like.

use std::borrow::Cow;

use schemas::Signal;
use serde_json::{Map, Value};

use super::RuleError;
use super::attribute::Attribute;
use super::condition::Condition;
use super::file::RuleFile;
use super::pattern::Pattern;

/// The most values that one rule compares.
const PATTERNS_MAX: usize = 20_000;

/// A detection rule, ready to be asked.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The reader whose records it looks at; `None` for all.
    pub product: Option<String>,
    /// The group whose records it looks at; `None` for all.
    pub group: Option<String>,
    selections: Vec<Selection>,
    conditions: Vec<Condition>,
}

/// What one selection asks: one of its rows must hold, of a row all items.
#[derive(Clone, Debug)]
struct Selection(Vec<Vec<Item>>);

/// One field and what it must be.
#[derive(Clone, Debug)]
struct Item {
    attribute: Attribute,
    patterns: Vec<Pattern>,
    /// Whether all patterns must fit, each some value.
    all: bool,
}

/// Sigma's names of log sources, and the readers of Weir that read them.
const LOGSOURCES: [(&str, Option<&str>, &str); 14] = [
    ("aws", Some("cloudtrail"), "aws_cloudtrail"),
    ("aws", Some("guardduty"), "aws_guardduty"),
    ("azure", Some("activitylogs"), "azure_activity"),
    ("azure", Some("auditlogs"), "entra_audit"),
    ("azure", Some("riskdetection"), "entra_risk"),
    ("azure", Some("signinlogs"), "entra_signin"),
    ("gcp", None, "gcp_audit"),
    ("github", Some("audit"), "github_audit"),
    ("kubernetes", None, "kubernetes_audit"),
    ("m365", None, "office_activity"),
    ("okta", None, "okta"),
    ("onelogin", None, "onelogin"),
    ("slack", None, "slack_audit"),
    ("windows", None, "windows_event"),
];

impl Detection {
    /// The rule in `file`.
    ///
    /// # Errors
    /// When its detection cannot be read.
    pub fn new(file: &RuleFile) -> Result<Self, RuleError> {
        let told = |error: RuleError| error.of(&file.title);
        let members = file.detection.as_ref().ok_or_else(|| told(RuleError::new("it has no detection")))?;
        let mut names = Vec::new();
        let mut selections = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| !["condition", "timeframe"].contains(&name.as_str())) {
            selections.push(Selection::new(value).map_err(|error| told(error.of(name)))?);
            names.push(name.clone());
        }
        if selections.iter().map(Selection::patterns).sum::<usize>() > PATTERNS_MAX {
            return Err(told(RuleError::new(format!("it compares more than {PATTERNS_MAX} values"))));
        }
        let texts = match members.get("condition") {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if texts.is_empty() {
            return Err(told(RuleError::new("it has no condition")));
        }
        let conditions = texts.into_iter().map(|text| Condition::parse(text, &names)).collect::<Result<_, _>>();
        Ok(Self {
            product: product(file),
            group: file.logsource.category.clone(),
            selections,
            conditions: conditions.map_err(told)?,
        })
    }

    /// Whether `signal` is as wanted.
    pub fn fits(&self, signal: &Signal) -> bool {
        let of_source = self.product.as_deref().is_none_or(|product| product == signal.product)
            && self.group.as_deref().is_none_or(|group| group == signal.group.as_str());
        let selection = |number: usize| self.selections.get(number).is_some_and(|selection| selection.fits(signal));
        of_source && self.conditions.iter().any(|condition| condition.holds(&selection))
    }

    /// The fields of original records that it asks for.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let items = self.selections.iter().flat_map(|selection| selection.0.iter().flatten());
        items.filter_map(|item| item.attribute.field())
    }
}

/// Whose records a rule looks at, in Weir's words.
fn product(file: &RuleFile) -> Option<String> {
    let product = file.logsource.product.as_deref()?;
    let service = file.logsource.service.as_deref();
    let known =
        LOGSOURCES.iter().find(|(name, part, _)| *name == product && part.is_none_or(|part| Some(part) == service));
    Some(known.map_or(product, |(_, _, reader)| reader).to_owned())
}

impl Selection {
    fn new(value: &Value) -> Result<Self, RuleError> {
        let row = |members: &Map<String, Value>| -> Result<Vec<Item>, RuleError> {
            members.iter().map(|(key, value)| Item::new(key, value)).collect()
        };
        let rows: Result<Vec<Vec<Item>>, RuleError> = match value {
            Value::Object(members) => row(members).map(|row| vec![row]),
            Value::Array(elements) => elements
                .iter()
                .map(|element| match element {
                    Value::Object(members) => row(members),
                    _ => Err(RuleError::new("keywords without a field are not read: name a field")),
                })
                .collect(),
            _ => Err(RuleError::new("a selection is a map of fields, or a list of such maps")),
        };
        let rows = rows?;
        if rows.iter().any(Vec::is_empty) || rows.is_empty() {
            return Err(RuleError::new("a selection that asks nothing fits everything"));
        }
        Ok(Self(rows))
    }

    fn fits(&self, signal: &Signal) -> bool {
        self.0.iter().any(|row| row.iter().all(|item| item.fits(signal)))
    }

    fn patterns(&self) -> usize {
        self.0.iter().flatten().map(|item| item.patterns.len()).sum()
    }
}

impl Item {
    fn new(key: &str, value: &Value) -> Result<Self, RuleError> {
        let mut parts = key.split('|');
        let attribute = Attribute::new(parts.next().unwrap_or_default())?;
        let mut modifiers: Vec<&str> = parts.collect();
        let all = modifiers.contains(&"all");
        modifiers.retain(|modifier| *modifier != "all");
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        if values.is_empty() {
            return Err(RuleError::new(format!("{key}: an empty list fits nothing")));
        }
        let patterns = values.iter().map(|value| Pattern::new(&modifiers, value)).collect::<Result<_, _>>();
        Ok(Self { attribute, patterns: patterns.map_err(|error| error.of(key))?, all })
    }

    fn fits(&self, signal: &Signal) -> bool {
        let values: Vec<Cow<'_, str>> = self.attribute.values(signal);
        let mut patterns = self.patterns.iter();
        if self.all {
            patterns.all(|pattern| pattern.fits(&values))
        } else {
            patterns.any(|pattern| pattern.fits(&values))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::file::documents;
    use crate::sigma::sample::signal;

    fn detection(text: &str) -> Result<Detection, RuleError> {
        let document = documents(text).expect("YAML").pop().expect("a document");
        Detection::new(&RuleFile::new(document).expect("a rule"))
    }

    #[test]
    fn a_record_fits_or_not() {
        let rule = detection(
            "title: T\nlogsource: {product: azure, service: signinlogs}\ndetection:\n  failed: {status.errorCode: [50126, 50053]}\n  \
             names:\n    - actor|startswith: adm\n    - actor|contains|all: [o, t]\n  known: {weir.user: ada@contoso.example}\n  \
             condition: failed and names and not known\n",
        )
        .expect("a rule");
        let mut signal = signal("s", 0);
        signal.product = "entra_signin".to_owned();
        signal.facts.set("status.errorCode", ["50126".to_owned()]);
        assert!(!rule.fits(&signal), "no actor");
        signal.facts.set("actor", ["Robot".to_owned()]);
        assert!(rule.fits(&signal));
        signal.entities =
            schemas::Entity::new(schemas::EntityKind::User, ["Ada@contoso.example"]).into_iter().collect();
        assert!(!rule.fits(&signal), "the filter");
        signal.entities.clear();
        signal.product = "okta".to_owned();
        assert!(!rule.fits(&signal), "another source");
        let fields: Vec<&str> = rule.fields().collect();
        assert_eq!(fields, ["status.errorCode", "actor", "actor"]);
    }

    #[test]
    fn faults_name_their_place() {
        for (text, part) in [
            ("title: T\ndetection: {a: {x: 1}}", "condition"),
            ("title: T\ndetection: {a: [one, two], condition: a}", "keywords"),
            ("title: T\ndetection: {a: {x|base64: y}, condition: a}", "base64"),
            ("title: T\ndetection: {a: {weir.usr: y}, condition: a}", "weir.usr"),
            ("title: T\ndetection: {a: {}, condition: a}", "everything"),
            ("title: T\ndetection: {a: {x: []}, condition: a}", "empty"),
            ("title: T\ndetection: {a: {x: 1}, condition: b}", "no selection"),
            ("title: T", "no detection"),
        ] {
            let error = detection(text).expect_err(text).to_string();
            assert!(error.contains(part) && error.starts_with('T'), "{error}");
        }
    }
}
