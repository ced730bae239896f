//! Microsoft Defender XDR alerts as Microsoft Graph gives them (`security/alerts_v2`).
//!
//! - Recognised by `title` with `createdDateTime` or `firstActivityDateTime`, and one of `serviceSource`,
//!   `detectionSource`, `alertWebUrl`, `providerAlertId`.
//! - Native id: `id`. Time: `firstActivityDateTime`, else `createdDateTime`. Severity: `severity`.
//! - Every record is an alert; its service decides the part of the estate.
//! - Entities: by the evidence's types.
//!
//! Source: learn.microsoft.com/graph/api/resources/security-alert. What an alert is about stands in
//! [`super::defender_evidence`]; where products' own APIs write it, in [`super::defender_endpoint`]. The older
//! `security/alerts` are not read.

use super::defender_evidence::add_evidence;
use super::draft::Draft;
use super::fields::{Node, first_time, has, has_all, has_any, member};
use super::format::Format;
use super::{defender_endpoint, page};
use crate::readers::{Context, Json, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

/// The product of every Defender XDR alert, however it came: its id is the same in Graph and hunting.
pub(super) const PRODUCT: &str = "defender_alert";

const FORMAT: Format = Format {
    vendor: "Microsoft Defender XDR alerts (Graph `security/alerts_v2`, alone or within `security/incidents`; the own APIs of Defender for Endpoint and Defender XDR)",
    recognised_by: "`title`, `createdDateTime` or `firstActivityDateTime`, `serviceSource` or `detectionSource`; `title`, `alertCreationTime`, `machineId` or `detectionSource`; `title`, `alertId`, `creationTime` and `serviceSource`; an incident's `incidentWebUrl` or `incidentName` with a list of `alerts`",
    native_id: "`id`, `alertId`",
    time: "`firstActivityDateTime`, else `createdDateTime`; `firstEventTime`, else `alertCreationTime`; `firstActivity`, else `creationTime`",
    severity: "`severity` by its word; always an alert; `mitreTechniques`",
    entities: "everything in `evidence`: users, devices, ips, files, processes, URLs, mailboxes, applications, agents, sessions, models",
};

/// When an alert was, in Graph's words and in those of the products' own APIs.
const TIMES: [&str; 6] = [
    "firstActivityDateTime",
    "createdDateTime",
    "firstEventTime",
    "alertCreationTime",
    "firstActivity",
    "creationTime",
];

/// Reads Defender XDR alerts.
pub(super) struct DefenderAlert;

impl Reader for DefenderAlert {
    fn name(&self) -> &'static str {
        PRODUCT
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_alert(record) || alerts_of_incident(record).is_some()
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        match alerts_of_incident(record) {
            Some(alerts) => page::read_each(alerts, is_alert, read_alert, context, out),
            None => read_alert(record, context, out),
        }
    }
}

fn is_alert(record: &RawRecord<'_>) -> bool {
    let graph = has_any(record, &["createdDateTime", "firstActivityDateTime"])
        && has_any(record, &["serviceSource", "detectionSource", "alertWebUrl", "providerAlertId"]);
    let endpoint = has(record, "alertCreationTime") && has_any(record, &["machineId", "detectionSource"]);
    let own = has_all(record, &["alertId", "creationTime", "serviceSource"]);
    has(record, "title") && (graph || endpoint || own)
}

fn read_alert(record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
    let root = record.value()?;
    let alert = Node::new(root);
    let service = alert.first(&["serviceSource", "detectionSource"]).text().unwrap_or_default();
    let severity = Severity::from_word(&alert.get("severity").word().unwrap_or_default());
    let mut draft = Draft::alert(PRODUCT, group_of(&service, context.group), severity);
    draft.native_id = alert.first(&["id", "alertId"]).text().map(Into::into);
    draft.time = first_time(&TIMES.map(|key| alert.get(key)));
    draft.vendor_tenant = alert.first(&["tenantId", "aadTenantId"]).text().map(Into::into);
    draft.add_techniques_at(alert.get("mitreTechniques"));
    if alert.first(&["alertCreationTime", "creationTime"]).exists() {
        defender_endpoint::add_things(alert, &mut draft);
    } else {
        alert.get("evidence").items().for_each(|evidence| add_evidence(evidence, &mut draft));
    }
    let title = alert.first(&["title", "category"]).text();
    draft.title = title.unwrap_or("Defender alert".into()).into_owned();
    draft.publish(record, context, out)
}

/// The alerts of an incident that was asked for with them.
fn alerts_of_incident<'a>(record: &RawRecord<'a>) -> Option<Json<'a>> {
    let alerts = member(record, "alerts").filter(|alerts| alerts.get().starts_with('['))?;
    has_any(record, &["incidentWebUrl", "incidentName", "redirectIncidentId"]).then_some(alerts)
}

/// The part of the estate that a Defender service watches, by its name in Graph (`microsoftDefenderForIdentity`)
/// or in hunting (`Microsoft Defender for Identity`).
pub(super) fn group_of(service: &str, otherwise: Group) -> Group {
    let service: String = service.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let is = |words: &[&str]| words.iter().any(|word| service.contains(word));
    if is(&["foridentity", "identityprotection"]) {
        Group::Identity
    } else if is(&["forendpoint", "windowsdefender"]) {
        Group::Endpoint
    } else if is(&["office365", "cloudapp", "forcloud", "dataloss", "purview", "appgovernance"]) {
        Group::Cloud
    } else {
        otherwise
    }
}
