//! OneLogin events, as its API and its event broadcaster write them.
//!
//! Source: developers.onelogin.com/api-docs/1/events/event-resource. An event's type is a number, whose
//! catalogue the account can change; titles name the commonest. Always context: OneLogin's risk score is its
//! severity.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, first_time, has, has_any};
use super::format::Format;
use super::things::{address, named, user};
use super::title::Title;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "OneLogin events",
    recognised_by: "`event_type_id` with one of `user_id`, `actor_user_id`, `account_id`, `app_id`, `ipaddr`",
    native_id: "`id`, else `uuid`",
    time: "`created_at`, else `event_timestamp`",
    severity: "`risk_score` 0 to 100 in OneLogin's four bands; always context",
    entities: "actor, who acts in their place and user acted on by id (and name where it is an address), ip, application, API client, device",
};

/// Reads OneLogin events.
pub(super) struct Onelogin;

impl Reader for Onelogin {
    fn name(&self) -> &'static str {
        "onelogin"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has(record, "event_type_id")
            && has_any(record, &["user_id", "actor_user_id", "account_id", "app_id", "app_name", "ipaddr"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = event.first(&["id", "uuid"]).text().map(Cow::into_owned);
        draft.time = first_time(&[event.get("created_at"), event.get("event_timestamp")]);
        draft.vendor_tenant = event.get("account_id").text().map(Cow::into_owned);
        draft.severity = severity(event.get("risk_score").number());
        let (actor, target) = (event.get("actor_user_name"), event.get("user_name"));
        draft.add(person(event.get("actor_user_id"), actor));
        draft.add(person(event.get("user_id"), target));
        draft.add(user(&[event.get("assuming_acting_user_id")]));
        draft.add_one(EntityKind::ApiKey, event.get("client_id"));
        draft.add_ips_as(Role::Source, [event.get("ipaddr")]);
        draft.add(named(EntityKind::Application, event.get("app_id"), event.get("app_name")));
        draft.add_one(EntityKind::Device, event.get("otp_device_id"));
        let kind = event.get("event_type_id").word().unwrap_or_default();
        draft.title = Title::of(what(&kind))
            .by(&[actor, target, event.get("actor_system")])
            .on(&[target])
            .with_text(" at ", event.get("app_name").text().as_deref())
            .from(&[event.get("ipaddr")])
            .outcome(&[event.get("error_description")])
            .done();
        draft.publish(record, context, out)
    }
}

fn person(id: Node<'_>, name: Node<'_>) -> Option<Entity> {
    user(&[id, address(name)]).map(|user| user.named(name.text().as_deref()))
}

/// OneLogin's bands: none, low, medium, high.
fn severity(score: Option<f64>) -> Severity {
    match score {
        Some(score) if score >= 75.0 => Severity::High,
        Some(score) if score >= 50.0 => Severity::Medium,
        Some(score) if score >= 25.0 => Severity::Low,
        _ => Severity::Informational,
    }
}

fn what(kind: &str) -> String {
    let known = match kind {
        "5" => "Login to OneLogin",
        "6" => "Failed login to OneLogin",
        "8" => "Login to application",
        "11" => "Password changed",
        _ => return format!("OneLogin event {kind}"),
    };
    known.to_owned()
}
