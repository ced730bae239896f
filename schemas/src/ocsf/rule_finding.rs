//! OCSF Detection Finding (2004): one match of a rule.
//!
//! The same class as an alert on one interaction; what differs is what it rests on. `finding_info.related_events`
//! lists the signals that made the match, `finding_info.analytic` names the rule, `unmapped.group` says of whom the
//! rule speaks. There is no score: a rule holds or does not.

use serde::Serialize;

use super::attack::Attack;
use super::observable::Observable;
use super::{Analytic, Classification, Metadata, Product, Resource, write_json};
use crate::entity::Entity;
use crate::incident::Activity;
use crate::rule_alert::RuleAlert;
use crate::severity::Severity;

#[derive(Serialize)]
struct RuleFinding<'a> {
    #[serde(flatten)]
    classification: Classification,
    time: i64,
    severity_id: u8,
    severity: &'static str,
    status_id: u8,
    status: &'static str,
    is_alert: bool,
    message: &'a str,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable<'a>>,
    unmapped: Unmapped<'a>,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: &'a str,
    desc: &'a str,
    created_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    analytic: Analytic<'a>,
    product: Product<'static>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_events: Vec<RelatedEvent<'a>>,
}

#[derive(Serialize)]
struct RelatedEvent<'a> {
    uid: &'a str,
}

#[derive(Serialize)]
struct Unmapped<'a> {
    group: Vec<GroupValue<'a>>,
    entities: &'a [Entity],
}

#[derive(Serialize)]
struct GroupValue<'a> {
    field: &'a str,
    value: &'a str,
}

/// Appends `alert` to `out` as an OCSF 1.8.0 Detection Finding, one line of JSON without the line's end.
pub fn write_rule_finding(alert: &RuleAlert, out: &mut Vec<u8>) {
    let group = alert.group.iter().map(|(field, value)| GroupValue { field, value });
    let finding = RuleFinding {
        classification: Classification::new(2004, "Detection Finding", Activity::Create),
        time: alert.time.millis(),
        severity_id: alert.severity.ocsf_id(),
        severity: alert.severity.caption(),
        status_id: 1,
        status: "New",
        is_alert: alert.severity > Severity::Informational,
        message: &alert.title,
        metadata: Metadata::new(&alert.tenant, alert.uid.to_string()),
        finding_info: FindingInfo {
            uid: alert.uid.as_str(),
            title: &alert.title,
            desc: &alert.description,
            created_time: alert.time.millis(),
            attacks: Attack::all(&alert.techniques),
            analytic: Analytic::rule(&alert.rule_id, &alert.rule_name, None),
            product: Product::WEIR,
            related_events: alert.signals.iter().map(|uid| RelatedEvent { uid: uid.as_str() }).collect(),
        },
        resources: Resource::all(&alert.entities),
        observables: Observable::of_record(&alert.entities),
        unmapped: Unmapped { group: group.collect(), entities: &alert.entities },
    };
    write_json(&finding, out);
}
