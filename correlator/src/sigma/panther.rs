//! Panther's correlation rules, as its rule packs hold them: `AnalysisType: correlation_rule`.
//!
//! A group of rules within a lookback becomes a `temporal`; `MinMatchCount` becomes `counts`; a group marked
//! `Absence` makes it an `absence` on both sides, since Panther asks whether there was one in its lookback at all.
//! `EventEvaluationOrder` says how Panther walks through a group and asks for no order of its rules: a rule of
//! Panther's that says `Chronological` has a test of its own that matches in the other order. A `Sequence` is refused.
//! `MatchCriteria` becomes the group, with an alias for each rule; without them the lookback alone holds the rules
//! together. The rules that it refers to are Panther's own, in Python: each becomes a detection rule that fits what
//! names it in the field [`RULE_FIELD`], as records of Panther's signals do.
//!
//! Different from Panther: it looks back from the time of a scheduled run, Weir looks at any stretch of event time of
//! that length.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::RuleError;
use super::file::RuleFile;

/// The field of a record that names the Panther rule that raised it.
pub const RULE_FIELD: &str = "p_rule_id";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PantherFile {
    #[serde(rename = "RuleID")]
    rule_id: String,
    display_name: Option<String>,
    #[serde(default)]
    description: String,
    severity: String,
    #[serde(default)]
    reports: BTreeMap<String, Vec<String>>,
    detection: Vec<Detection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detection {
    group: Vec<Step>,
    #[serde(default)]
    match_criteria: BTreeMap<String, Vec<Criterion>>,
    #[serde(rename = "LookbackWindowMinutes")]
    lookback_window_minutes: u32,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "RuleID")]
    rule_id: String,
    #[serde(rename = "MinMatchCount")]
    min_match_count: Option<u32>,
    #[serde(rename = "Absence", default)]
    absence: bool,
}

#[derive(Deserialize)]
struct Criterion {
    #[serde(rename = "GroupID")]
    group_id: String,
    #[serde(rename = "Match")]
    field: String,
}

/// Whether the document is one of Panther's correlation rules.
pub fn is_rule(document: &Value) -> bool {
    document.get("AnalysisType").and_then(Value::as_str) == Some("correlation_rule")
}

/// The detection rules that it refers to, and the correlation.
///
/// # Errors
/// When it is none, or says something that has no translation.
pub fn translated(document: &Value) -> Result<(Vec<RuleFile>, RuleFile), RuleError> {
    let file: PantherFile =
        serde_json::from_value(document.clone()).map_err(|error| RuleError::new(format!("a Panther rule: {error}")))?;
    let told = |what: String| RuleError::new(what).of(&file.rule_id);
    let [detection] = file.detection.as_slice() else {
        return Err(told(format!("{} detections; one is read", file.detection.len())));
    };
    let title = file.display_name.clone().unwrap_or_else(|| file.rule_id.clone());
    let rules = detection.group.iter().map(|step| detection_rule(&step.rule_id)).collect::<Result<_, _>>()?;
    let correlation = json!({
        "title": title,
        "id": file.rule_id,
        "description": file.description,
        "level": level(&file.severity).ok_or_else(|| told(format!("the severity {:?}", file.severity)))?,
        "tags": tags(&file.reports),
        "correlation": correlation(detection).map_err(|error| error.of(&file.rule_id))?,
    });
    Ok((rules, RuleFile::new(correlation)?))
}

/// A detection rule that fits what names the Panther rule `id`.
fn detection_rule(id: &str) -> Result<RuleFile, RuleError> {
    RuleFile::new(json!({
        "title": id,
        "id": id,
        "detection": { "named": { format!("{RULE_FIELD}|cased"): id.replace('\\', "\\\\") }, "condition": "named" },
    }))
}

fn correlation(detection: &Detection) -> Result<Value, RuleError> {
    let (mut present, absent): (Vec<&Step>, Vec<&Step>) = detection.group.iter().partition(|step| !step.absence);
    let kind = match absent.as_slice() {
        [] => "temporal",
        [_] => "absence",
        _ => return Err(RuleError::new("several absent groups have no translation")),
    };
    let counts: BTreeMap<&str, u32> =
        present.iter().filter_map(|step| Some((step.rule_id.as_str(), step.min_match_count?))).collect();
    if kind == "absence" && !counts.is_empty() {
        return Err(RuleError::new("counts beside an absence have no translation"));
    }
    present.extend(&absent);
    let rules: Vec<&str> = present.iter().map(|step| step.rule_id.as_str()).collect();
    let mut aliases: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, criteria) in &detection.match_criteria {
        for Criterion { group_id, field } in criteria {
            let step = present.iter().find(|step| step.id == *group_id);
            let step = step.ok_or_else(|| RuleError::new(format!("there is no group {group_id}")))?;
            aliases.entry(name).or_default().insert(&step.rule_id, field);
        }
    }
    let mut correlation = json!({
        "type": kind,
        "rules": rules,
        "group-by": detection.match_criteria.keys().collect::<Vec<_>>(),
        "aliases": aliases,
        "timespan": format!("{}m", detection.lookback_window_minutes),
        "counts": counts,
    });
    if kind == "absence"
        && let Some(members) = correlation.as_object_mut()
    {
        members.insert("direction".to_owned(), json!("around"));
    }
    Ok(correlation)
}

fn level(severity: &str) -> Option<&'static str> {
    Some(match severity.to_ascii_lowercase().as_str() {
        "info" => "informational",
        "low" => "low",
        "medium" => "medium",
        "high" => "high",
        "critical" => "critical",
        _ => return None,
    })
}

/// `TA0003:T1098` becomes `attack.t1098`.
fn tags(reports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mitre = reports.get("MITRE ATT&CK").into_iter().flatten();
    mitre.filter_map(|entry| Some(format!("attack.{}", entry.rsplit(':').next()?.to_lowercase()))).collect()
}
