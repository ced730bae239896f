//! Alerts and incidents as the SOC receives them: OCSF 1.8.0 in plain JSON.
//!
//! Stands at the end of both stages: the detect stage writes [`Alert`](crate::Alert)s as Detection
//! Findings (class 2004), the correlate stage writes [`RuleAlert`](crate::RuleAlert)s as the same and
//! [`Incident`](crate::Incident)s as Incident Findings (class 2005). The word *finding* is OCSF's and appears nowhere else.
//!
//! No profile is used, so every record is valid against the bare class. What OCSF 1.8 has no place for
//! on these two classes (the AI context, since the profile `ai_operation` does not apply to them, and
//! the links between members) stands under `evidences[].data` and `unmapped`.
//!
//! Fields come in a fixed order and equal input gives equal bytes: consumers deduplicate on them.
//!
//! Deliberately absent: other renderings (ECS, STIX), reading OCSF (that is a reader's work).

mod attack;
mod detection_finding;
mod incident_finding;
mod observable;
mod rule_finding;

pub use detection_finding::write_detection_finding;
pub use incident_finding::write_incident_finding;
pub use rule_finding::write_rule_finding;

use serde::Serialize;

use crate::entity::{Entity, EntityKind};
use crate::ids::TenantId;
use crate::incident::Activity;
use crate::signal::Signal;

/// The OCSF release that both classes are written in.
pub const VERSION: &str = "1.8.0";
/// `metadata.product.name` and `vendor_name`.
pub const PRODUCT: &str = "Weir";

/// `category_uid` of the category Findings.
const CATEGORY_FINDINGS: u8 = 2;

/// The fields with which every OCSF record says what it is.
#[derive(Serialize)]
struct Classification {
    activity_id: u8,
    activity_name: &'static str,
    category_uid: u8,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
}

impl Classification {
    fn new(class_uid: u32, class_name: &'static str, activity: Activity) -> Self {
        let (activity_id, activity_name) = match activity {
            Activity::Create => (1, "Create"),
            Activity::Update => (2, "Update"),
            Activity::Close => (3, "Close"),
        };
        Self {
            activity_id,
            activity_name,
            category_uid: CATEGORY_FINDINGS,
            category_name: "Findings",
            class_uid,
            class_name,
            type_uid: class_uid * 100 + u32::from(activity_id),
            type_name: format!("{class_name}: {activity_name}"),
        }
    }
}

/// The product that reports a finding.
#[derive(Serialize)]
struct Product<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

impl<'a> Product<'a> {
    const WEIR: Self = Self { name: PRODUCT, vendor_name: Some(PRODUCT), version: Some(env!("CARGO_PKG_VERSION")) };

    /// Who reported `signal`: this product, or the source by its reader's name.
    fn of(signal: &'a Signal) -> Self {
        if signal.product == Signal::WEIR {
            return Self::WEIR;
        }
        Self { name: &signal.product, vendor_name: None, version: None }
    }
}

/// `metadata` of both classes.
#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product<'static>,
    tenant_uid: &'a str,
    uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_event_uid: Option<&'a str>,
}

impl<'a> Metadata<'a> {
    fn new(tenant: &'a TenantId, uid: String) -> Self {
        Self {
            version: VERSION,
            product: Product::WEIR,
            tenant_uid: tenant.as_str(),
            uid,
            correlation_uid: None,
            sequence: None,
            original_event_uid: None,
        }
    }
}

/// The rule that an alert comes from.
#[derive(Serialize)]
struct Analytic<'a> {
    uid: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    type_id: u8,
    #[serde(rename = "type")]
    type_name: &'static str,
}

impl<'a> Analytic<'a> {
    fn rule(uid: &'a str, name: &'a str, desc: Option<&'a str>) -> Self {
        Self { uid, name, desc, type_id: 1, type_name: "Rule" }
    }
}

/// What an alert speaks of as acted on.
#[derive(Serialize)]
struct Resource<'a> {
    uid: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> Resource<'a> {
    const KINDS: [EntityKind; 5] =
        [EntityKind::Agent, EntityKind::Application, EntityKind::CloudResource, EntityKind::Model, EntityKind::Tool];

    fn all(entities: &'a [Entity]) -> Vec<Self> {
        let listed = entities.iter().filter(|entity| Self::KINDS.contains(&entity.kind));
        let resource = |entity: &'a Entity| {
            Some(Self { uid: entity.ids.first()?, name: entity.label(), kind: entity.kind.as_str() })
        };
        listed.filter_map(resource).collect()
    }
}

/// Appends `record` to `out` as one line of JSON without the line's end.
fn write_json(record: &impl Serialize, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and neither do these shapes: their maps have text keys only.
    let written = serde_json::to_writer(out, record);
    debug_assert!(written.is_ok(), "{written:?}");
}
