//! Intune through Azure Monitor: audits (category `AuditLogs`, told from Entra's by their own fields), compliance
//! events (category `OperationalLogs`), and the reports of devices and of their compliance (`Devices`,
//! `DeviceComplianceOrg`), which say whose a device is.
//!
//! Source: learn.microsoft.com/azure/azure-monitor/reference/tables, IntuneAuditLogs, IntuneOperationalLogs,
//! IntuneDevices, IntuneDeviceComplianceOrg.

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, is_one_of};
use super::format::Format;
use super::things::{self, Account};
use crate::entity::EntityKind;
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Microsoft Intune through Azure Monitor: audits, compliance, reports of devices",
    recognised_by: "`category` `OperationalLogs` or `DeviceComplianceOrg`, `Devices` with the same `operationName`, or `AuditLogs` with `AuditEventId`; `Type` of a row of Log Analytics",
    native_id: "`AuditEventId`, `AlertId`",
    time: "`time`, `StartTimeUtc`, else `TimeGenerated`",
    severity: "always context; low where a device is not compliant",
    entities: "actor by object id and UPN, device by id, host name and FQDN, application, targets",
};

/// The most targets of one change that are looked at.
const TARGETS_MAX: usize = 64;

/// Reads Intune's records.
pub(super) struct Intune;

impl Reader for Intune {
    fn name(&self) -> &'static str {
        "intune"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let row = is_one_of(discriminator(record, "Type"), &["IntuneAuditLogs", "IntuneOperationalLogs"]);
        let streamed = discriminator(record, "category").eq_ignore_ascii_case("OperationalLogs");
        has(record, "properties") && (row || streamed) || is_report(record)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        read_value(record.value()?, record, context, out)
    }
}

/// Whether the record is a line of a report. A row of Log Analytics has the line's members among its own.
fn is_report(record: &RawRecord<'_>) -> bool {
    let category = discriminator(record, "category");
    let of_devices = || discriminator(record, "operationName").eq_ignore_ascii_case("Devices");
    let streamed = category.eq_ignore_ascii_case("DeviceComplianceOrg")
        || category.eq_ignore_ascii_case("Devices") && of_devices();
    streamed && has(record, "properties")
        || is_one_of(discriminator(record, "Type"), &["IntuneDevices", "IntuneDeviceComplianceOrg"])
}

/// Whether `properties` are those of an Intune audit.
pub(super) fn is_audit(properties: Node<'_>) -> bool {
    properties.get("AuditEventId").exists() || (properties.get("Actor").exists() && properties.get("Targets").exists())
}

/// Reads a decoded record of either category.
pub(super) fn read_value(
    root: &Value<'_>,
    record: &RawRecord<'_>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    let root = Node::new(root);
    let properties = root.get("properties").unfolded();
    let body = Node::new(&properties);
    let mut draft = Draft::context("intune", Group::Endpoint);
    // What a row of Log Analytics calls its tenant is the workspace.
    let tenant = body.get("AADTenantId").text().or_else(|| root.get("tenantId").text());
    draft.vendor_tenant = tenant.map(Into::into);
    draft.time = first_time(&[root.get("time"), body.get("StartTimeUtc"), root.get("TimeGenerated")]);
    if is_report(record) {
        report(if body.is_object() { body } else { root }, &mut draft);
    } else if is_audit(body) {
        audit(root, body, &mut draft);
    } else {
        compliance(body, &mut draft);
    }
    draft.publish(record, context, out)
}

fn audit(root: Node<'_>, body: Node<'_>, draft: &mut Draft) {
    draft.native_id = body.get("AuditEventId").text().map(Into::into);
    let actor = body.get("Actor");
    draft.add(things::user(&[actor.get("ObjectId"), actor.get("UPN")]));
    draft.add(things::microsoft_application(&[actor.get("Application")], actor.get("ApplicationName")));
    draft.title = root.get("operationName").text().unwrap_or("Intune change".into()).into();
    let managed = draft.title.ends_with("ManagedDevice");
    let names = body.get("TargetDisplayNames").items().map(Some).chain(std::iter::repeat(None));
    for (target, name) in body.get("TargetObjectIds").items().take(TARGETS_MAX).zip(names) {
        if managed {
            draft.add(things::device(&[target, name.unwrap_or(Node::absent())]));
        } else {
            draft.add_one(EntityKind::CloudResource, target);
        }
    }
    if let Some(who) = actor.get("UPN").text().or_else(|| root.get("identity").text()) {
        draft.title.push_str(&format!(" by {who}"));
    }
    if let Some(target) = body.get("TargetDisplayNames").items().find_map(Node::text) {
        draft.title.push_str(&format!(" on {target}"));
    }
}

/// A line of a report: a device and whose it is.
fn report(line: Node<'_>, draft: &mut Draft) {
    let ids = ["ReferenceId", "DeviceId", "SerialNumber"].map(|key| line.get(key));
    draft.add(things::device_in_domain(&ids, line.get("DeviceName"), Node::absent()));
    let ids = ["UserId", "UPN", "UserEmail"].map(|key| line.get(key));
    draft.add(things::user(&ids));
    let state = line.get("ComplianceState").text();
    let name = line.get("DeviceName").text().unwrap_or("a device".into());
    draft.title = format!("Intune device {name}");
    if let Some(state) = state {
        draft.title.push_str(&format!(": {state}"));
        if is_one_of(&state, &["not compliant", "noncompliant"]) {
            draft.severity = Severity::Low;
        }
    }
}

fn compliance(body: Node<'_>, draft: &mut Draft) {
    draft.native_id = body.get("AlertId").text().map(Into::into);
    // The device's display name carries the enrolment date; only the host name names it elsewhere.
    let ids = [body.get("IntuneDeviceId"), body.get("DeviceNetBiosName")];
    draft.add(things::device_in_domain(&ids, body.get("DeviceHostName"), body.get("DeviceDnsDomain")));
    let upn = body.get("UserName").text().zip(body.get("UPNSuffix").text());
    let upn = Value::from(upn.map(|(name, suffix)| format!("{name}@{suffix}")));
    let ids = [body.get("IntuneUserId"), Node::new(&upn)];
    let account =
        Account { ids: &ids, domain: Node::absent(), name: body.get("UserName"), display: body.get("UserDisplayName") };
    draft.add(account.entity());
    let what = body.first(&["AlertType", "OperationalLogCategory"]).text().unwrap_or("Intune event".into());
    let host = body.first(&["DeviceHostName", "DeviceName"]).text().unwrap_or("a device".into());
    draft.title = format!("{what}: {host}");
    if what.to_ascii_lowercase().contains("not compliant") {
        draft.severity = Severity::Low;
    }
}
