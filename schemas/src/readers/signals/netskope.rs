//! Netskope: alerts, application and page events, administrators' audit log.
//!
//! Source: docs.netskope.com (REST API events and alerts response descriptions). Alerts about threats and
//! about an account in other hands are alerts; violations of a policy that the customer wrote (`policy`,
//! `DLP`, `watchlist`, `Security Assessment`) and events are context. Applications stand here by name, which
//! everybody shares, and are not entities.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has, has_all, has_any};
use super::format::Format;
use super::things::{self, address, user};
use super::title::Title;
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Netskope: alerts, application and page events, administrators' audit",
    recognised_by: "`audit_log_event` with `type`; `alert_type` with `alert_name`; `_insertion_epoch_timestamp` with `type` and `access_method` or `app`",
    native_id: "`_id`",
    time: "`timestamp`",
    severity: "`severity` by its word; alerts of the types malware, malsite, anomaly, uba, compromised credential, c2, ctep, remediation are alerts, all else context",
    entities: "user by e-mail, client and server ips, device by id and host name, session, URL or domain, file by hash",
};

/// Types with which Netskope itself reports a threat; the others report a customer's policy.
const THREATS: [&str; 8] =
    ["anomaly", "c2", "compromised credential", "ctep", "malsite", "malware", "remediation", "uba"];

/// Reads Netskope's events.
pub(super) struct Netskope;

impl Reader for Netskope {
    fn name(&self) -> &'static str {
        "netskope"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let audit = has_all(record, &["audit_log_event", "type"]);
        let alert = has_all(record, &["alert_type", "alert_name"])
            && has_any(record, &["_id", "_insertion_epoch_timestamp", "access_method"]);
        let event =
            has_all(record, &["_insertion_epoch_timestamp", "type"]) && has_any(record, &["access_method", "app"]);
        (audit || alert || event) && !discriminator(record, "type").contains('.') && !has(record, "actor")
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let kind = event.get("alert_type").text().unwrap_or_default().to_ascii_lowercase();
        let mut draft = Draft::context(self.name(), Group::Cloud);
        if THREATS.contains(&kind.as_str()) {
            draft.kind = SignalKind::Alert;
            draft.severity = Severity::Medium;
        }
        draft.severity = severity(event).unwrap_or(draft.severity);
        draft.native_id = event.get("_id").text().map(Cow::into_owned);
        draft.time = first_time(&[event.get("timestamp"), event.get("_insertion_epoch_timestamp")]);
        draft.vendor_tenant = event.get("organization_id").text().map(Cow::into_owned);
        if !event.get("is_netskope_personnel").is_true() {
            // Without an address it is a client's IP address or the API's own account.
            draft.add(user(&["ur_normalized", "user", "userkey"].map(|key| address(event.get(key)))));
        }
        draft.add_ips_as(Role::Source, ["srcip", "src_ip", "userip"].map(|key| event.get(key)));
        draft.add_ips_as(Role::Destination, ["dstip", "dst_ip"].map(|key| event.get(key)));
        draft.add(things::device(&[event.get("nsdeviceuid"), event.get("hostname")]));
        draft.add_one(EntityKind::Session, event.get("app_session_id"));
        draft.add(things::url_or_domain(event.get("url")));
        for party in ["from_user", "to_user"] {
            draft.add(user(&[address(event.get(party))]));
        }
        let hashes = ["sha256", "local_sha256", "md5", "local_md5"].map(|hash| event.get(hash));
        draft.add_image(EntityKind::File, &hashes, event.get("file_path"), event.first(&["file_name", "object"]));
        let what = [event.get("audit_log_event"), event.get("alert_name"), event.get("activity")];
        draft.title = Title::new(&what, "Netskope event")
            .by(&[event.get("user"), event.get("ur_normalized")])
            .on(&[event.get("object"), event.get("app"), event.get("url")])
            .from(&["srcip", "src_ip", "userip"].map(|key| event.get(key)))
            .outcome(&[event.get("malware_name"), event.get("action")])
            .done();
        draft.publish(record, context, out)
    }
}

/// The alert's word. The number of administrators' audits, `severity_level`, is the same for a logout and for a
/// deleted policy and says nothing.
fn severity(event: Node<'_>) -> Option<Severity> {
    let word = event.get("severity").word().or_else(|| event.get("malware_severity").word())?;
    Some(Severity::from_word(&word)).filter(|severity| *severity > Severity::Unknown)
}
