//! OpenAI's audit log of an organisation (`/v1/organization/audit_logs`).
//!
//! Source: platform.openai.com/docs/api-reference/audit-logs. What an event is about stands under a member
//! called after its type; lakes write `_` for the dots in it. Every event is context: OpenAI judges none.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has_all, has_object};
use super::format::Format;
use super::things::{self, person};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "OpenAI organisation audit log",
    recognised_by: "`object` `organization.audit_log`, or `effective_at` with `type` and `actor`",
    native_id: "`id`",
    time: "`effective_at`",
    severity: "always context",
    entities: "actor by user id and e-mail, ip, API key ids (used, created, deleted), service accounts, users that were added or removed",
};

/// Reads OpenAI's audit log.
pub(super) struct OpenaiAudit;

impl Reader for OpenaiAudit {
    fn name(&self) -> &'static str {
        "openai_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let named = discriminator(record, "object") == "organization.audit_log";
        has_all(record, &["type", "actor"])
            && (named || (has_all(record, &["effective_at"]) && has_object(record, "actor")))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let kind = event.get("type").text().unwrap_or("event".into());
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = event.get("id").text().map(Cow::into_owned);
        draft.time = event.get("effective_at").time();
        let actor = event.get("actor");
        let (session, key) = (actor.get("session"), actor.get("api_key"));
        for user in [session.get("user"), key.get("user")] {
            draft.add(person(&[user.get("id"), user.get("email")], user.get("name")));
        }
        draft.add(things::user(&[key.at("service_account.id")]));
        draft.add_one(EntityKind::ApiKey, key.get("id"));
        draft.add_ips_as(Role::Source, [session.get("ip_address")]);
        let payload = [event.get(&kind), event.get(&kind.replace('.', "_"))].into_iter().find(|node| node.is_object());
        let payload = payload.unwrap_or(Node::absent());
        let target = target(&kind, payload);
        draft.title = Title::of(words(&kind))
            .by(&[session.at("user.email"), key.at("user.email"), key.at("service_account.id"), key.get("id")])
            .with_text(" on ", target.as_ref().map(Entity::label))
            .from(&[session.get("ip_address")])
            .outcome(&[payload.get("error_message"), payload.get("error_code")])
            .done();
        draft.add(target);
        draft.publish(record, context, out)
    }
}

/// What the event is about, where other records know it by the same id.
fn target(kind: &str, payload: Node<'_>) -> Option<Entity> {
    let id = payload.get("id");
    match kind.split('.').next().unwrap_or_default() {
        "api_key" => Entity::new(EntityKind::ApiKey, [&*id.text()?]),
        "user" | "service_account" => things::user(&[id, payload.at("data.email")]),
        "invite" => things::user(&[payload.at("data.email")]),
        "role" => things::user(&[payload.get("principal_id")]).filter(|_| payload.get("principal_type").is("user")),
        _ => None,
    }
}
