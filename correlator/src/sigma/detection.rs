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
    /// The readers whose records it looks at; none for all.
    pub products: Vec<String>,
    /// The group whose records it looks at; `None` for all.
    pub group: Option<String>,
    /// The kinds of events that it looks at, by reader and event id; none for all.
    events: Vec<(&'static str, &'static str)>,
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

/// Sigma's names of log sources, and the readers of Weir that read them: those of the first row that fits.
const LOGSOURCES: [(&str, Option<&str>, &[&str]); 18] = [
    ("aws", Some("cloudtrail"), &["aws_cloudtrail"]),
    ("aws", Some("guardduty"), &["aws_guardduty"]),
    ("aws", None, &["aws_cloudtrail"]),
    ("azure", Some("activitylogs"), &["azure_activity"]),
    ("azure", Some("auditlogs"), &["entra_audit"]),
    ("azure", Some("riskdetection"), &["entra_risk"]),
    ("azure", Some("signinlogs"), &["entra_signin"]),
    ("azure", None, &["azure_activity", "entra_audit", "entra_risk", "entra_signin"]),
    ("gcp", None, &["gcp_audit"]),
    ("github", None, &["github_audit", "github_webhook"]),
    ("kubernetes", None, &["kubernetes_audit"]),
    ("m365", None, &["office_activity"]),
    ("okta", None, &["okta"]),
    ("onelogin", None, &["onelogin"]),
    ("slack", None, &["slack_audit"]),
    ("windows", Some("security"), &["windows_event"]),
    ("windows", Some("sysmon"), &["sysmon"]),
    ("windows", None, &["sysmon", "windows_event"]),
];

/// The field with the kind of a Windows event.
const EVENT_ID: &str = "EventID";
/// Sigma's categories of events, and what kinds of events those are on Windows. Any other category is a part of the
/// estate in Weir's words.
const EVENTS: [(&str, &str, &[&str]); 16] = [
    ("create_remote_thread", "sysmon", &["8"]),
    ("dns_query", "sysmon", &["22"]),
    ("driver_load", "sysmon", &["6"]),
    ("file_delete", "sysmon", &["23", "26"]),
    ("file_event", "sysmon", &["11"]),
    ("image_load", "sysmon", &["7"]),
    ("network_connection", "sysmon", &["3"]),
    ("pipe_created", "sysmon", &["17", "18"]),
    ("process_access", "sysmon", &["10"]),
    ("process_creation", "sysmon", &["1"]),
    ("process_creation", "windows_event", &["4688"]),
    ("process_termination", "sysmon", &["5"]),
    ("ps_script", "windows_event", &["4104"]),
    ("registry_add", "sysmon", &["12"]),
    ("registry_event", "sysmon", &["12", "13", "14"]),
    ("registry_set", "sysmon", &["13"]),
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
        let category = file.logsource.category.as_deref();
        let events = EVENTS.iter().filter(|(name, ..)| Some(*name) == category);
        let events: Vec<_> = events.flat_map(|(_, product, ids)| ids.iter().map(|id| (*product, *id))).collect();
        Ok(Self {
            products: products(file),
            group: category.filter(|_| events.is_empty()).map(str::to_owned),
            events,
            selections,
            conditions: conditions.map_err(told)?,
        })
    }

    /// Whether `signal` is as wanted.
    pub fn fits(&self, signal: &Signal) -> bool {
        let of_source =
            self.is_of_source(signal) && self.group.as_deref().is_none_or(|group| group == signal.group.as_str());
        let selection = |number: usize| self.selections.get(number).is_some_and(|selection| selection.fits(signal));
        of_source && self.conditions.iter().any(|condition| condition.holds(&selection))
    }

    fn is_of_source(&self, signal: &Signal) -> bool {
        let of_product = self.products.is_empty() || self.products.contains(&signal.product);
        let is_event = |(product, id): &(&str, &str)| {
            let ids = signal.facts.fields.get(EVENT_ID);
            *product == signal.product && ids.is_some_and(|ids| ids.iter().any(|own| own == id))
        };
        of_product && (self.events.is_empty() || self.events.iter().any(is_event))
    }

    /// The fields of original records that it asks for.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let items = self.selections.iter().flat_map(|selection| selection.0.iter().flatten());
        let kind = Some(EVENT_ID).filter(|_| !self.events.is_empty());
        items.filter_map(|item| item.attribute.field()).chain(kind)
    }
}

/// Whose records a rule looks at, in Weir's words.
fn products(file: &RuleFile) -> Vec<String> {
    let service = file.logsource.service.as_deref();
    let Some(product) = file.logsource.product.as_deref() else {
        // Sigma's categories of events mean the products that have them.
        let of_events = EVENTS.iter().filter(|(name, ..)| Some(*name) == file.logsource.category.as_deref());
        return of_events.map(|(_, product, _)| (*product).to_owned()).collect();
    };
    let known =
        LOGSOURCES.iter().find(|(name, part, _)| *name == product && part.is_none_or(|part| Some(part) == service));
    let readers = known.map(|(_, _, readers)| readers.iter().map(|reader| (*reader).to_owned()).collect());
    readers.unwrap_or_else(|| vec![product.to_owned()])
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

    /// The heads of most rules for Windows: what Sysmon tells, and what the security log tells of the same.
    #[test]
    fn log_sources_are_those_of_the_readers() {
        let fits = |logsource: &str, product: &str, id: &str| {
            let text = format!("title: T\nlogsource: {logsource}\ndetection: {{a: {{CommandLine: x}}, condition: a}}");
            let rule = detection(&text).expect("a rule");
            let mut signal = signal("s", 0);
            (signal.product, signal.group) = (product.to_owned(), schemas::Group::Endpoint);
            signal.facts.set("CommandLine", ["x".to_owned()]);
            signal.facts.set("EventID", [id.to_owned()]);
            rule.fits(&signal)
        };
        for (logsource, sysmon, security, other) in [
            ("{product: windows, category: process_creation}", true, true, false),
            ("{category: process_creation}", true, true, false),
            ("{product: windows}", true, true, false),
            ("{product: windows, service: sysmon}", true, false, false),
            ("{product: windows, service: security}", false, true, false),
            ("{product: windows, category: image_load}", false, false, false),
            ("{category: endpoint}", true, true, true),
            ("{}", true, true, true),
        ] {
            let told = [
                fits(logsource, "sysmon", "1"),
                fits(logsource, "windows_event", "4688"),
                fits(logsource, "osquery", "1"),
            ];
            assert_eq!(told, [sysmon, security, other], "{logsource}");
        }
        assert!(fits("{product: azure}", "entra_signin", "") && !fits("{product: azure}", "okta", ""));
    }
}
