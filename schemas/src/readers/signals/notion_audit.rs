//! Notion's audit log, bare or under `event` as its SIEM integrations send it.
//!
//! Source: notion.com/help/audit-log. Every event is context.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, has_all, within};
use super::format::Format;
use super::shape::Shape;
use super::things::person;
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Notion audit log",
    recognised_by: "`workspace_id`, `timestamp`, `type` and an `actor` with `object`, at the top or under `event`",
    native_id: "`id`",
    time: "`timestamp`",
    severity: "always context",
    entities: "actor and person acted on by id and e-mail; ip; page or database; integration as application",
};

/// Reads Notion's audit log.
pub(super) struct NotionAudit;

fn is_event<'v>(record: &impl Shape<'v>) -> bool {
    has_all(record, &["workspace_id", "type", "timestamp"])
        && within(record, "actor").is_some_and(|actor| has_all(&actor, &["id", "object"]))
}

impl Reader for NotionAudit {
    fn name(&self) -> &'static str {
        "notion_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_event(record) || within(record, "event").is_some_and(|event| is_event(&event))
    }

    fn stands_under_event(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let event = if root.get("workspace_id").exists() { root } else { root.get("event") };
        let (actor, details) = (event.get("actor"), event.get("details"));
        let kind = event.get("type").text().unwrap_or("event".into());
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.get("id").text().map(Cow::into_owned);
        draft.time = event.get("timestamp").time();
        draft.vendor_tenant = event.get("workspace_id").text().map(Cow::into_owned);
        draft.add(party(actor));
        draft.add_ips_as(Role::Source, [event.get("ip_address")]);
        // Older records keep the details under a member called after the type.
        for details in [details, event.get(&kind)] {
            for target in [details.get("entity"), details.get("target")] {
                draft.add(party(target));
                draft.add_one(EntityKind::CloudResource, target.get("page_id"));
                draft.add_one(EntityKind::CloudResource, target.get("database_id"));
            }
        }
        draft.title = Title::of(words(&kind))
            .by(&[actor.at("person.email"), actor.get("name"), actor.get("id")])
            .on(&["entity.person.email", "target.person.email", "target.page_id", "target.database_id"]
                .map(|path| if details.at(path).exists() { details.at(path) } else { event.get(&kind).at(path) }))
            .from(&[event.get("ip_address")])
            .done();
        draft.publish(record, context, out)
    }
}

/// A person by id and e-mail address, an integration by its id.
fn party(party: Node<'_>) -> Option<Entity> {
    match party.get("type").text()?.as_ref() {
        "person" => person(&[party.get("id"), party.at("person.email")], party.get("name")),
        "bot" => Entity::new(EntityKind::Application, [&*party.get("id").text()?]),
        _ => None,
    }
}
