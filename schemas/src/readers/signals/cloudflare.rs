//! Cloudflare Logpush: HTTP requests, firewall events, Access requests and account audits.
//!
//! Source: developers.cloudflare.com/logs/logpush/logpush-job/datasets. Firewall events of Cloudflare's own
//! rules are alerts; those of a customer's rules, requests, Access and audits are context. The zone's own host
//! names and URLs are not entities: every visitor shares them.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, first_time, has_all, has_any, is_one_of};
use super::format::Format;
use super::things::{person, user};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Cloudflare Logpush: HTTP requests, firewall events, Access requests, account audits",
    recognised_by: "`RayID` with `ClientIP` and `EdgeStartTimestamp`, `Datetime` or `ClientRequestHost`; `AppDomain` with `Email` and `RayID`; `ActionType` with `ActorID` or `ActorEmail` and `When`",
    native_id: "`RayID` (unique with dataset and rule), `ID` of audits",
    time: "`EdgeStartTimestamp`, `Datetime`, `CreatedAt`, `When`",
    severity: "firewall events in which managed rules, DDoS or bot protection or an address's reputation stepped in are alerts: low, and medium where a prompt injection score of at most 19 says that a request to a model is likely an attack; all else context",
    entities: "client ip; user of Access and actor of audits by id and e-mail; application of Access; API token",
};

/// Sources of firewall events that are Cloudflare's judgement, not a customer's rule.
const JUDGEMENTS: [&str; 6] = ["botFight", "botManagement", "firewallManaged", "l7ddos", "securityLevel", "waf"];

/// The highest prompt injection score, of 1 to 99, that Cloudflare calls a high likelihood of an attack: low is
/// bad, and 100 means that nothing was scored.
const INJECTION_SCORE_MAX: f64 = 19.0;

/// What Logpush writes in one record.
enum Dataset {
    Access,
    Audit,
    Firewall,
    Http,
}

/// Reads Cloudflare's logs.
pub(super) struct Cloudflare;

impl Reader for Cloudflare {
    fn name(&self) -> &'static str {
        "cloudflare"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let edge = has_all(record, &["RayID", "ClientIP"])
            && has_any(record, &["EdgeStartTimestamp", "Datetime", "ClientRequestHost"]);
        let access = has_all(record, &["RayID", "AppDomain", "Email"]);
        let audit = has_all(record, &["ActionType", "When"]) && has_any(record, &["ActorID", "ActorEmail"]);
        edge || access || audit
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let dataset = dataset(event);
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.first(&["RayID", "ID"]).text().map(Cow::into_owned);
        draft.time = first_time(&["EdgeStartTimestamp", "Datetime", "CreatedAt", "When"].map(|key| event.get(key)));
        draft.vendor_tenant = event.first(&["OwnerID", "ZoneID", "ZoneName"]).text().map(Cow::into_owned);
        draft.add_ips_as(Role::Source, ["ClientIP", "IPAddress", "ActorIP"].map(|key| event.get(key)));
        if likely_injection(event) {
            draft.kind = SignalKind::Alert;
            draft.severity = Severity::Medium;
        }
        let part = match dataset {
            Dataset::Http => http(event, &mut draft),
            Dataset::Firewall => firewall(event, &mut draft),
            Dataset::Access => access(event, &mut draft),
            Dataset::Audit => audit(event, &mut draft),
        };
        draft.unique_id = draft.native_id.as_deref().map(|id| format!("{part} {id}"));
        draft.publish(record, context, out)
    }
}

fn dataset(event: Node<'_>) -> Dataset {
    if event.get("When").exists() && event.get("ActionType").exists() {
        Dataset::Audit
    } else if event.get("AppDomain").exists() && event.get("Email").exists() {
        Dataset::Access
    } else if event.get("Action").exists() && event.get("Source").exists() {
        Dataset::Firewall
    } else {
        Dataset::Http
    }
}

fn likely_injection(event: Node<'_>) -> bool {
    event.get("FirewallForAIInjectionScore").number().is_some_and(|score| (1.0..=INJECTION_SCORE_MAX).contains(&score))
}

/// Each of these fills what is its dataset's own and says what tells its records from others of the same ray.
fn http(event: Node<'_>, draft: &mut Draft) -> String {
    let what = if likely_injection(event) { "Likely prompt injection" } else { "HTTP request" };
    draft.title = Title::of(what)
        .with_text(" ", event.get("ClientRequestMethod").text().as_deref())
        .with_text(" ", place(event).as_deref())
        .from(&[event.get("ClientIP")])
        .outcome(&[event.get("EdgeResponseStatus")])
        .done();
    "http".to_owned()
}

fn firewall(event: Node<'_>, draft: &mut Draft) -> String {
    let source = event.get("Source").text().unwrap_or_default();
    // `log`, `skip` and `allow` let the request through.
    let stepped_in = !is_one_of(&event.get("Action").text().unwrap_or_default(), &["log", "skip", "allow"]);
    if stepped_in && is_one_of(&source, &JUDGEMENTS) {
        draft.kind = SignalKind::Alert;
        draft.severity = draft.severity.max(Severity::Low);
    }
    let action = event.get("Action").text().map_or("Firewall".to_owned(), |action| words(&action));
    let what =
        if likely_injection(event) { format!("Likely prompt injection, {}", action.to_lowercase()) } else { action };
    draft.title = Title::of(what)
        .with_text(" by ", Some(&*source).filter(|source| !source.is_empty()))
        .with_text(" of ", place(event).as_deref())
        .from(&[event.get("ClientIP")])
        .outcome(&[event.get("Description")])
        .done();
    let rule = [event.get("RuleID"), event.get("MatchIndex")];
    format!("firewall {}", rule.iter().filter_map(|part| part.word()).collect::<Vec<_>>().join(" "))
}

fn access(event: Node<'_>, draft: &mut Draft) -> String {
    draft.add(user(&[event.get("UserUID"), event.get("Email")]));
    draft.add_one(EntityKind::Application, event.get("AppUUID"));
    draft.group = Group::Identity;
    let denied = event.get("Allowed").is_false();
    draft.title = Title::of(if denied { "Access denied" } else { "Access" })
        .with_text(" to ", event.get("AppDomain").text().as_deref())
        .by(&[event.get("Email")])
        .from(&[event.get("IPAddress")])
        .done();
    "access".to_owned()
}

fn audit(event: Node<'_>, draft: &mut Draft) -> String {
    draft.add(person(&[event.get("ActorID"), event.get("ActorEmail")], Node::absent()));
    draft.group = Group::Identity;
    let resource = event.get("ResourceType");
    if resource.text().is_some_and(|kind| kind.to_ascii_lowercase().contains("token")) {
        draft.add_one(EntityKind::ApiKey, event.get("ResourceID"));
    }
    let failed = if event.get("ActionResult").is_false() { Some("failed") } else { None };
    let action = event.get("ActionType").text().map_or("Change".to_owned(), |action| words(&action));
    draft.title = Title::of(action)
        .with_text(" of ", resource.text().as_deref())
        .by(&[event.get("ActorEmail"), event.get("ActorID")])
        .from(&[event.get("ActorIP")])
        .with_text(": ", failed)
        .done();
    "audit".to_owned()
}

/// Host and path of a request. The query is left out: it is content.
fn place(event: Node<'_>) -> Option<String> {
    let host = event.get("ClientRequestHost").text()?;
    let path = event.first(&["ClientRequestPath", "ClientRequestURI"]).word().unwrap_or_default();
    Some(format!("{host}{}", path.split('?').next().unwrap_or_default()))
}
