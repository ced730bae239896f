//! A correlation rule: what records must have to do with each other.
//!
//! Sigma's types: `event_count`, `value_count`, `value_sum`, `value_avg`, `value_percentile`, `temporal` and
//! `temporal_ordered`. Weir adds, under the same key:
//!
//! | type | meaning | keys |
//! |---|---|---|
//! | `absence` | a record of the first rules without one of the last rule within the timespan | `direction`: `after`, `before`, `around` |
//! | `first_seen` | a value of `field` (or a combination of several) that the group never had within the timespan | `learning` |
//! | `baseline` | the sum of `field` in one timespan lies far above the group's own mean | `learning`, `deviations`, `minimum` |
//!
//! and `counts`, how many records of a rule a `temporal` needs.
//!
//! **When a rule decides.** Where more records can only make a condition true (`gt` and `gte` over counts and sums,
//! `temporal`), it decides as soon as it holds, over the timespan up to any record. All else could be undone by the
//! next record and is decided when the watermark has passed the end by the configured lateness: averages,
//! percentiles and other comparisons over windows that start at multiples of the timespan, absence at its deadline,
//! first seen and baselines behind the watermark.
//!
//! **One match a window.** A match is named by rule, group and the multiple of the timespan in which its condition
//! first held; whatever else holds in that window belongs to it.

use schemas::{EntityKind, Severity, Timestamp};
use serde_json::Value;

use super::RuleError;
use super::attribute::Attribute;
use super::file::{CorrelationFile, RuleFile, duration};
use super::pattern::Comparison;
use super::window::EVENTS_MAX;

/// The most rules that one correlation is over.
const STEPS_MAX: usize = 32;
/// The most timespans that a baseline learns over, whose sums it keeps.
const BASELINE_WINDOWS_MAX: i64 = 1_000;
/// Normal traffic strays by two or three deviations every few days.
const DEVIATIONS: f64 = 6.0;
/// A week holds every day's rhythm.
const LEARNING: &str = "7d";

/// What every rule says of itself.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Stable id.
    pub id: String,
    /// By what others refer to it.
    pub name: String,
    /// One line.
    pub title: String,
    /// What and why.
    pub description: String,
    /// How bad.
    pub severity: Severity,
    /// MITRE ids.
    pub techniques: Vec<String>,
}

impl Heading {
    /// What `file` says of itself.
    ///
    /// # Errors
    /// When it has no name or an unknown level.
    pub fn new(file: &RuleFile) -> Result<Self, RuleError> {
        let name = file.name()?.to_owned();
        Ok(Self {
            id: file.id.clone().unwrap_or_else(|| name.clone()),
            name,
            title: file.title.clone(),
            description: file.description.trim().to_owned(),
            severity: file.severity()?,
            techniques: file.techniques(),
        })
    }
}

/// A correlation rule, ready to be asked.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// What it says of itself.
    pub heading: Heading,
    /// The rules that it is over, by name, in their order.
    pub steps: Vec<String>,
    /// What records must have in common, each with its attribute in each step.
    pub group_by: Vec<(String, Vec<Attribute>)>,
    /// The timespan in milliseconds.
    pub timespan: i64,
    /// What must hold.
    pub test: Test,
    /// Whether the rules that it is over raise alerts as well.
    pub generate: bool,
}

/// What must hold.
#[derive(Clone, Debug)]
pub enum Test {
    /// The number of records.
    Count(Vec<Bound>),
    /// The number of different values.
    Distinct(Measured, Vec<Bound>),
    /// The sum of values; where it decides at once, negative ones count as nothing.
    Sum(Measured, Vec<Bound>),
    /// Their mean.
    Average(Measured, Vec<Bound>),
    /// Their percentile, by nearest rank.
    Percentile(Measured, f64, Vec<Bound>),
    /// So many records of each step, in the order of steps or in any.
    Together { counts: Vec<u32>, steps_min: usize, ordered: bool },
    /// No record of the last step within so many milliseconds before and after one of the others.
    Absent { before: i64, after: i64 },
    /// A combination of values that is new to the group.
    FirstSeen { of: Vec<Measured>, learning: i64 },
    /// A sum that is far above the group's own mean.
    Baseline { of: Measured, learning: i64, deviations: f64, minimum: f64 },
}

/// An attribute in each step.
pub type Measured = Vec<Attribute>;

/// One comparison.
pub type Bound = (Comparison, f64);

impl Correlation {
    /// The rule in `file`.
    ///
    /// # Errors
    /// When what it says does not hold together.
    pub fn new(file: &RuleFile) -> Result<Self, RuleError> {
        let told = |error: RuleError| error.of(&file.title);
        let of = file.correlation.as_ref().ok_or_else(|| told(RuleError::new("it has no correlation")))?;
        Self::read(file, of).map_err(told)
    }

    fn read(file: &RuleFile, of: &CorrelationFile) -> Result<Self, RuleError> {
        if of.rules.is_empty() || of.rules.len() > STEPS_MAX {
            return Err(RuleError::new(format!("it is over {} rules; 1 to {STEPS_MAX} are possible", of.rules.len())));
        }
        let timespan = duration(&of.timespan)?;
        let group_by = of.group_by.iter().map(|name| Ok((name.clone(), measured(of, name)?)));
        Ok(Self {
            heading: Heading::new(file)?,
            steps: of.rules.clone(),
            group_by: group_by.collect::<Result<_, RuleError>>()?,
            timespan,
            test: test(of, timespan)?,
            generate: of.generate,
        })
    }

    /// Whether more records can only make it hold, so that it need not wait.
    pub fn decides_at_once(&self) -> bool {
        let growing = |bounds: &[Bound]| {
            bounds.iter().all(|(comparison, _)| matches!(comparison, Comparison::More | Comparison::AtLeast))
        };
        match &self.test {
            Test::Count(bounds) | Test::Distinct(_, bounds) | Test::Sum(_, bounds) => growing(bounds),
            Test::Together { .. } => true,
            _ => false,
        }
    }

    /// When all has come that a match of `time` depends on, where late records are waited for by `lateness`
    /// milliseconds; at once where it need not wait.
    pub fn known(&self, time: Timestamp, lateness: i64) -> Timestamp {
        match self.test {
            _ if self.decides_at_once() => time,
            Test::FirstSeen { .. } => time.saturating_add_millis(lateness),
            _ => time.saturating_add_millis(self.timespan.saturating_add(lateness)),
        }
    }

    /// What it asks of records beside their group.
    pub fn measured(&self) -> impl Iterator<Item = &Measured> {
        let (one, many): (Option<&Measured>, &[Measured]) = match &self.test {
            Test::Distinct(of, _) | Test::Sum(of, _) | Test::Average(of, _) | Test::Percentile(of, _, _) => {
                (Some(of), &[])
            }
            Test::Baseline { of, .. } => (Some(of), &[]),
            Test::FirstSeen { of, .. } => (None, of),
            Test::Count(_) | Test::Together { .. } | Test::Absent { .. } => (None, &[]),
        };
        one.into_iter().chain(many)
    }

    /// The kind of entity that each part of the group names.
    pub fn group_kinds(&self) -> impl Iterator<Item = Option<EntityKind>> {
        self.group_by.iter().map(|(_, attributes)| attributes.first().and_then(Attribute::entity_kind))
    }
}

/// The attribute `name` in each step: an alias, else the same in all.
fn measured(of: &CorrelationFile, name: &str) -> Result<Measured, RuleError> {
    let Some(alias) = of.aliases.get(name) else {
        return Ok(vec![Attribute::new(name)?; of.rules.len()]);
    };
    let step = |rule: &String| match alias.get(rule) {
        Some(field) => Attribute::new(field),
        None => Err(RuleError::new(format!("the alias {name} says nothing of the rule {rule}"))),
    };
    of.rules.iter().map(step).collect()
}

fn test(of: &CorrelationFile, timespan: i64) -> Result<Test, RuleError> {
    let field = || -> Result<Measured, RuleError> {
        let field = of.condition.get("field").and_then(Value::as_str);
        measured(of, field.ok_or_else(|| RuleError::new(format!("{} needs a field", of.r#type)))?)
    };
    let learning = || duration(of.learning.as_deref().unwrap_or(LEARNING));
    Ok(match of.r#type.as_str() {
        "event_count" => match some_bounds(of)? {
            bounds if bounds.iter().all(|(_, number)| *number < EVENTS_MAX as f64) => Test::Count(bounds),
            _ => {
                let what = format!("{EVENTS_MAX} records or more are not counted one by one: sum weir.usage.requests");
                return Err(RuleError::new(what));
            }
        },
        "value_count" => Test::Distinct(field()?, some_bounds(of)?),
        "value_sum" => Test::Sum(field()?, some_bounds(of)?),
        "value_avg" => Test::Average(field()?, some_bounds(of)?),
        "value_percentile" => Test::Percentile(field()?, percentile(of)?, some_bounds(of)?),
        "temporal" => together(of, false)?,
        "temporal_ordered" => together(of, true)?,
        "absence" => absent(of, timespan)?,
        "first_seen" => {
            let fields = match of.condition.get("field") {
                Some(Value::String(field)) => vec![field.as_str()],
                Some(Value::Array(fields)) => fields.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            if fields.is_empty() {
                return Err(RuleError::new("first_seen needs a field"));
            }
            let of_steps = fields.into_iter().map(|field| measured(of, field)).collect::<Result<_, _>>()?;
            Test::FirstSeen { of: of_steps, learning: learning()? }
        }
        "baseline" => {
            let learning = learning()?;
            if learning / timespan < 2 || learning / timespan > BASELINE_WINDOWS_MAX {
                let what = format!("a baseline learns over 2 to {BASELINE_WINDOWS_MAX} timespans");
                return Err(RuleError::new(what));
            }
            let (deviations, minimum) = (of.deviations.unwrap_or(DEVIATIONS), of.minimum.unwrap_or(0.0));
            Test::Baseline { of: field()?, learning, deviations, minimum }
        }
        other => return Err(RuleError::new(format!("the correlation type {other:?} is not known"))),
    })
}

fn together(of: &CorrelationFile, ordered: bool) -> Result<Test, RuleError> {
    if let Some(name) = of.counts.keys().find(|name| !of.rules.contains(name)) {
        return Err(RuleError::new(format!("counts speaks of {name}, which is none of its rules")));
    }
    let counts: Vec<u32> = of.rules.iter().map(|rule| of.counts.get(rule).copied().unwrap_or(1)).collect();
    if counts.contains(&0) || counts.iter().map(|count| *count as usize).sum::<usize>() >= EVENTS_MAX {
        return Err(RuleError::new(format!("counts must be 1 or more, and together less than {EVENTS_MAX}")));
    }
    let steps = of.rules.len();
    let steps_min = match bounds(of)?.as_slice() {
        [] => steps,
        // The number of rules that must match, where not all have to.
        [(Comparison::AtLeast, number)] if !ordered && (1.0..=steps as f64).contains(number) => *number as usize,
        _ => {
            return Err(RuleError::new(
                "a temporal takes gte with at most the number of its rules, an ordered one none",
            ));
        }
    };
    Ok(Test::Together { counts, steps_min, ordered })
}

fn absent(of: &CorrelationFile, timespan: i64) -> Result<Test, RuleError> {
    if of.rules.len() < 2 {
        return Err(RuleError::new("absence is over two rules or more, the last of which must not come"));
    }
    match of.direction.as_deref() {
        None | Some("after") => Ok(Test::Absent { before: 0, after: timespan }),
        Some("before") => Ok(Test::Absent { before: timespan, after: 0 }),
        Some("around") => Ok(Test::Absent { before: timespan, after: timespan }),
        Some(other) => Err(RuleError::new(format!("the direction {other:?} is none of after, before, around"))),
    }
}

fn percentile(of: &CorrelationFile) -> Result<f64, RuleError> {
    let number = of.condition.get("percentile").and_then(Value::as_f64).filter(|p| *p > 0.0 && *p <= 100.0);
    number.ok_or_else(|| RuleError::new("value_percentile needs a percentile above 0, at most 100"))
}

/// The comparisons of the condition, at least one.
fn some_bounds(of: &CorrelationFile) -> Result<Vec<Bound>, RuleError> {
    let bounds = bounds(of)?;
    if bounds.is_empty() {
        return Err(RuleError::new(format!("the condition of {} compares nothing", of.r#type)));
    }
    Ok(bounds)
}

fn bounds(of: &CorrelationFile) -> Result<Vec<Bound>, RuleError> {
    let mut bounds = Vec::new();
    for (key, value) in of.condition.iter().filter(|(key, _)| !["field", "percentile"].contains(&key.as_str())) {
        match (Comparison::new(key), value.as_f64()) {
            (Some(comparison), Some(number)) => bounds.push((comparison, number)),
            _ => return Err(RuleError::new(format!("the condition {key}: {value} is no comparison with a number"))),
        }
    }
    Ok(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::file::documents;

    fn rule(correlation: &str) -> Result<Correlation, RuleError> {
        let text = format!("title: T\nname: t\ncorrelation: {correlation}\n");
        let document = documents(&text).expect("YAML").pop().expect("a document");
        Correlation::new(&RuleFile::new(document)?)
    }

    #[test]
    fn growing_conditions_decide_at_once() {
        for (correlation, at_once) in [
            ("{type: event_count, rules: a, timespan: 1h, condition: {gte: 5}}", true),
            ("{type: event_count, rules: a, timespan: 1h, condition: {gte: 5, lt: 9}}", false),
            ("{type: event_count, rules: a, timespan: 1h, condition: {neq: 5}}", false),
            ("{type: value_count, rules: a, timespan: 1h, condition: {field: x, gt: 5}}", true),
            ("{type: value_sum, rules: a, timespan: 1h, condition: {field: x, gt: 5}}", true),
            ("{type: value_avg, rules: a, timespan: 1h, condition: {field: x, gt: 5}}", false),
            ("{type: value_percentile, rules: a, timespan: 1h, condition: {field: x, percentile: 95, gt: 5}}", false),
            ("{type: temporal, rules: [a, b], timespan: 1h}", true),
            ("{type: temporal_ordered, rules: [a, b], timespan: 1h, counts: {a: 5}}", true),
            ("{type: absence, rules: [a, b], timespan: 1h}", false),
            ("{type: first_seen, rules: a, timespan: 1h, condition: {field: [x, y]}}", false),
            ("{type: baseline, rules: a, timespan: 1h, condition: {field: x}}", false),
        ] {
            assert_eq!(rule(correlation).expect(correlation).decides_at_once(), at_once, "{correlation}");
        }
    }

    #[test]
    fn aliases_name_a_field_in_each_step() {
        let rule = rule(
            "{type: temporal, rules: [a, b], timespan: 1h, group-by: who, aliases: {who: {a: actor.id, b: weir.user}}}",
        );
        let rule = rule.expect("a rule");
        let attributes = &rule.group_by[0].1;
        assert_eq!(attributes[0], Attribute::Field("actor.id".to_owned()));
        assert_eq!(attributes[1].entity_kind(), Some(EntityKind::User));
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        for bad in [
            "{type: event_count, rules: [], timespan: 1h, condition: {gte: 1}}",
            "{type: event_count, rules: a, timespan: 1h}",
            "{type: event_count, rules: a, timespan: 1h, condition: {gte: 512}}",
            "{type: event_count, rules: a, timespan: soon, condition: {gte: 1}}",
            "{type: event_count, rules: a, timespan: 1h, condition: {gte: many}}",
            "{type: event_count, rules: a, timespan: 1h, condition: {above: 1}}",
            "{type: value_count, rules: a, timespan: 1h, condition: {gte: 1}}",
            "{type: value_percentile, rules: a, timespan: 1h, condition: {field: x, gte: 1, percentile: 101}}",
            "{type: temporal, rules: [a, b], timespan: 1h, counts: {c: 1}}",
            "{type: temporal, rules: [a, b], timespan: 1h, counts: {a: 0}}",
            "{type: temporal, rules: [a, b], timespan: 1h, condition: {gte: 3}}",
            "{type: temporal_ordered, rules: [a, b], timespan: 1h, condition: {gte: 1}}",
            "{type: temporal, rules: [a, b], timespan: 1h, group-by: w, aliases: {w: {a: x}}}",
            "{type: temporal, rules: [a, b], timespan: 1h, group-by: weir.usr}",
            "{type: absence, rules: [a], timespan: 1h}",
            "{type: absence, rules: [a, b], timespan: 1h, direction: sideways}",
            "{type: first_seen, rules: a, timespan: 1h}",
            "{type: baseline, rules: a, timespan: 7d, learning: 7d, condition: {field: x}}",
            "{type: near, rules: a, timespan: 1h}",
        ] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
