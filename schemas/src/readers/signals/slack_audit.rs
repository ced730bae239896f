//! Slack's audit logs of an Enterprise organisation.
//!
//! Source: docs.slack.dev/reference/audit-logs-api. Actions are context, except `anomaly`, with which Slack
//! reports what it finds suspicious itself.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, has_any, has_object, has_string, within};
use super::format::Format;
use super::things::{named, person};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Slack audit logs",
    recognised_by: "`action` with a `user` object in `actor` and `entity` or `context` objects",
    native_id: "`id`",
    time: "`date_create`",
    severity: "context; the action `anomaly` is an alert, medium",
    entities: "actor and user acted on by id and e-mail; ip, session, application, file and channel",
};

/// Reads Slack's audit logs.
pub(super) struct SlackAudit;

impl Reader for SlackAudit {
    fn name(&self) -> &'static str {
        "slack_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has_string(record, "action")
            && within(record, "actor").is_some_and(|actor| has_object(&actor, "user"))
            && (has_object(record, "entity") || has_object(record, "context"))
            && !has_any(record, &["eventType", "eventGroupID", "repository", "ts"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let (actor, place) = (event.get("actor"), event.get("context"));
        let mut draft = match event.get("action").is("anomaly") {
            true => Draft::alert(self.name(), Group::Identity, Severity::Medium),
            false => Draft::context(self.name(), Group::Identity),
        };
        draft.native_id = event.get("id").text().map(Cow::into_owned);
        draft.time = event.get("date_create").time();
        draft.vendor_tenant = place.at("location.id").text().map(Cow::into_owned);
        let user = actor.get("user");
        draft.add(slack_user(user));
        draft.add_ips_as(Role::Source, [place.get("ip_address")]);
        draft.add_one(EntityKind::Session, place.get("session_id"));
        // The application through which the actor did it.
        draft.add(named(EntityKind::Application, place.at("app.id"), place.at("app.name")));
        let entity = event.get("entity");
        let kind = entity.get("type").text().unwrap_or_default();
        let target = entity.get(&kind);
        draft.add(target_of(&kind, target));
        let details = event.get("details");
        // With an anomaly, where the session came from before: one of the two is not the user's.
        draft.add_ips_as(Role::Source, [details.get("previous_ip_address")]);
        let reason = details.first(&["reasons", "reason", "type"]).items().next().unwrap_or(Node::absent());
        let action = event.get("action").text().unwrap_or("event".into());
        draft.title = Title::of(words(&action))
            .by(&[user.get("email"), user.get("name"), user.get("id")])
            .on(&[target.get("email"), target.get("name"), target.get("title"), target.get("id")])
            .from(&[place.get("ip_address")])
            .outcome(&[reason])
            .done();
        draft.publish(record, context, out)
    }
}

fn slack_user(user: Node<'_>) -> Option<Entity> {
    // Slack's own bot stands in every workspace.
    person(&[user.get("id"), user.get("email")], user.get("name")).filter(|_| !user.get("id").is("USLACKBOT"))
}

/// What the action was done to. A workspace or an enterprise is the tenant, which all of its records share.
fn target_of(kind: &str, target: Node<'_>) -> Option<Entity> {
    match kind {
        "user" => slack_user(target),
        "app" => named(EntityKind::Application, target.get("id"), target.get("name")),
        "file" => named(EntityKind::CloudResource, target.get("id"), target.get("title")),
        "channel" => named(EntityKind::CloudResource, target.get("id"), target.get("name")),
        _ => None,
    }
}
