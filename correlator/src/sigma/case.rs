//! Cases of rules: records, and which rules raise alerts over them.
//!
//! A file of cases stands beside the file of its rules (`NAME.yml`, `NAME.test.yml`). It is a list under `cases`; a
//! case has a `name`, `records`, and under `raises` the names of the rules that raise alerts, each as often as it
//! does, none for silence. A record has `at` (a timespan after the start, `90s`, `2d`), the attributes of
//! [`super::attribute`] and fields of the original record, each a value or a list; `times` and `every` repeat it. At the
//! end time goes on by `until`, or by so long that everything is decided.
//!
//! A record is noted by the same rules and goes through the same correlator as in production.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::{
    Category, Entity, EntityKind, Facts, Group, Role, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp,
    Usage,
};
use serde::Deserialize;
use serde_json::Value;

use super::file::{documents, duration};
use super::{Limits, RuleError, RuleSet, Sigma};
use crate::{Config, Correlator, MapStore};

/// The most signals of one case.
const SIGNALS_MAX: u32 = 10_000;
/// Midnight of the first of May 2026, when every case starts.
pub(super) const START_MILLIS: i64 = 1_777_593_600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile {
    cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    records: Vec<RecordFile>,
    raises: Vec<String>,
    #[serde(default)]
    until: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct RecordFile {
    at: String,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    every: Option<String>,
    #[serde(flatten)]
    values: BTreeMap<String, Value>,
}

fn once() -> u32 {
    1
}

/// The cases in a text.
///
/// # Errors
/// When it is no file of cases.
pub fn cases(text: &str) -> Result<Vec<Case>, RuleError> {
    let mut cases = Vec::new();
    for document in documents(text)? {
        let file: CasesFile = serde_json::from_value(document).map_err(|error| RuleError::new(error.to_string()))?;
        cases.extend(file.cases);
    }
    Ok(cases)
}

impl Case {
    /// Runs the case. What differs from what it expects is the error's text.
    ///
    /// # Errors
    /// When a record cannot be read or the rules raise something else.
    pub fn run(&self, rules: &Arc<RuleSet>) -> Result<(), RuleError> {
        let told = |error: RuleError| error.of(&self.name);
        let signals = self.signals().map_err(told)?;
        let raised = raised(rules, signals, self.until()?).map_err(told)?;
        let mut expected = self.raises.clone();
        expected.sort_unstable();
        if raised == expected {
            return Ok(());
        }
        Err(told(RuleError::new(format!("the rules raise {raised:?}, the case expects {expected:?}"))))
    }

    /// The names of the rules that it expects to raise alerts.
    pub fn raises(&self) -> &[String] {
        &self.raises
    }

    fn until(&self) -> Result<i64, RuleError> {
        self.until.as_deref().map_or(Ok(LONG_MILLIS), duration)
    }

    fn signals(&self) -> Result<Vec<Signal>, RuleError> {
        let mut signals = Vec::new();
        for (number, record) in self.records.iter().enumerate() {
            let at = if record.at == "0s" { 0 } else { duration(&record.at)? };
            let every = record.every.as_deref().map_or(Ok(1_000), duration)?;
            if record.times > SIGNALS_MAX {
                return Err(RuleError::new(format!("a record is repeated {SIGNALS_MAX} times at most")));
            }
            for time in 0..record.times {
                let uid = format!("{number}-{time}");
                let millis = START_MILLIS + at + i64::from(time) * every;
                signals.push(signal(&uid, Timestamp::from_millis(millis).unwrap_or_default(), &record.values)?);
            }
        }
        signals.sort_by(|a, b| (a.time, &a.uid).cmp(&(b.time, &b.uid)));
        Ok(signals)
    }
}

/// Longer than any rule waits unless a case says otherwise.
const LONG_MILLIS: i64 = 3 * 86_400_000;

/// The names of the rules that raise alerts over `signals`, sorted, each once a match, when time goes on to `until`
/// milliseconds after the last one.
///
/// # Errors
/// When the correlator fails, which it does not in memory.
pub fn raised(rules: &Arc<RuleSet>, signals: Vec<Signal>, until: i64) -> Result<Vec<String>, RuleError> {
    let sigma = Sigma { rules: Arc::clone(rules), limits: Limits::default() };
    let mut correlator = Correlator::new(Config::default(), MapStore::default()).with_rules(sigma);
    let mut names: BTreeMap<SignalUid, String> = BTreeMap::new();
    let last = signals.last().map(|signal| signal.time).unwrap_or_default();
    let hour = 3_600_000;
    // What many windows await is decided a bounded number a turn, so time goes on in steps.
    let clock = (1..=(until / hour).max(1)).map(|step| nobody(last.saturating_add_millis(step * hour)));
    for mut signal in signals.into_iter().chain(clock) {
        rules.note(&mut signal);
        correlator.process(signal).map_err(|error| RuleError::new(error.to_string()))?;
        names.extend(correlator.take_alerts().into_iter().map(|alert| (alert.uid, alert.rule_name)));
    }
    let mut names: Vec<String> = names.into_values().collect();
    names.sort_unstable();
    Ok(names)
}

/// A record of nobody, which only moves time.
fn nobody(time: Timestamp) -> Signal {
    blank(&format!("clock-{}", time.millis()), time)
}

/// A context signal that says nothing yet.
pub(super) fn blank(uid: &str, time: Timestamp) -> Signal {
    Signal {
        uid: SignalUid::from(uid),
        native_id: uid.to_owned(),
        tenant: TenantId::default(),
        time,
        group: Group::Identity,
        product: "case".to_owned(),
        kind: SignalKind::Context,
        title: String::new(),
        severity: Severity::Informational,
        category: None,
        techniques: Vec::new(),
        entities: Vec::new(),
        flags: Vec::new(),
        facts: Facts::default(),
    }
}

fn signal(uid: &str, time: Timestamp, values: &BTreeMap<String, Value>) -> Result<Signal, RuleError> {
    let mut signal = blank(uid, time);
    for (name, value) in values {
        let values = match value {
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        set(&mut signal, name, values)?;
    }
    Ok(signal)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Sets what the attribute `name` would say.
fn set(signal: &mut Signal, name: &str, values: Vec<String>) -> Result<(), RuleError> {
    let first = values.first().cloned().unwrap_or_default();
    let faulty = || RuleError::new(format!("{name}: {first:?} is no such thing"));
    let own = name.strip_prefix("weir.").filter(|_| !super::attribute::ALERT_FIELDS.contains(&name));
    let kind = |name: &str| EntityKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    match own {
        None => signal.facts.set(name, values),
        Some("product") => signal.product = first,
        Some("title") => signal.title = first,
        Some("category") => {
            let found = Category::ALL.into_iter().find(|category| category.as_str() == first);
            signal.category = Some(found.ok_or_else(faulty)?);
        }
        Some("group") => {
            let groups = [Group::Ai, Group::Identity, Group::Endpoint, Group::Cloud, Group::Model];
            signal.group = groups.into_iter().find(|group| group.as_str() == first).ok_or_else(faulty)?;
        }
        Some("kind") => {
            signal.kind = match first.as_str() {
                "ai_alert" => SignalKind::AiAlert,
                "alert" => SignalKind::Alert,
                "context" => SignalKind::Context,
                _ => return Err(faulty()),
            }
        }
        Some("severity") => {
            let all = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
            signal.severity = all.into_iter().find(|s| s.caption().eq_ignore_ascii_case(&first)).ok_or_else(faulty)?;
        }
        Some("technique") => signal.techniques = values,
        Some("source_ip") => add(signal, EntityKind::Ip, &values, |ip| ip.in_role(Role::Source)),
        Some("destination_ip") => add(signal, EntityKind::Ip, &values, |ip| ip.in_role(Role::Destination)),
        Some(own) => match own.split_once('.') {
            Some(("usage", used)) => {
                let usage = signal.facts.usage.get_or_insert_default();
                set_usage(usage, used, values).ok_or_else(faulty)?;
            }
            Some(("mentioned", named)) => add(signal, kind(named).ok_or_else(faulty)?, &values, Entity::mentioned),
            _ => add(signal, kind(own).ok_or_else(faulty)?, &values, |entity| entity),
        },
    }
    Ok(())
}

/// Adds one entity that goes by all of `ids`.
fn add(signal: &mut Signal, kind: EntityKind, ids: &[String], finish: fn(Entity) -> Entity) {
    signal.entities.extend(Entity::new(kind, ids.iter().map(String::as_str)).map(finish));
}

fn set_usage(usage: &mut Usage, name: &str, values: Vec<String>) -> Option<()> {
    let first = values.first().cloned().unwrap_or_default();
    let count = || first.parse::<i64>().ok();
    match name {
        "requests" => usage.requests = count()?,
        "tokens" | "input_tokens" => usage.input_tokens = count()?,
        "output_tokens" => usage.output_tokens = count()?,
        "refusals" => usage.refusals = count()?,
        "errors" => usage.errors = count()?,
        "client" => usage.client = Some(first),
        "auth" => usage.auth = Some(first),
        "tool" => usage.tools = values,
        "sensitive" => usage.sensitive = values,
        "request" => {
            let distinct: BTreeSet<&String> = values.iter().collect();
            let count = |hash: &String| values.iter().filter(|value| *value == hash).count() as i64;
            usage.repeats = distinct.into_iter().map(|hash| (hash.clone(), count(hash))).collect();
        }
        _ => return None,
    }
    Some(())
}
