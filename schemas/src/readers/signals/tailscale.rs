//! Tailscale's configuration audit log, bare or under `event` as log streaming sends it.
//!
//! Source: tailscale.com/kb/1203/audit-logging. Every event is context. Network flow logs are not read.

use super::draft::Draft;
use super::fields::{Node, first_time, has_all, has_object, within};
use super::format::Format;
use super::things::{self, person};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Tailscale configuration audit log",
    recognised_by: "`eventGroupID` with `action` and an `actor` object, at the top or under `event`",
    native_id: "`eventGroupID`; unique with target, property and action",
    time: "`eventTime`, else the wrapper's `time`",
    severity: "always context",
    entities: "actor and target users by id and login, nodes as devices, API and auth keys",
};

/// Reads Tailscale's audit log.
pub(super) struct Tailscale;

fn is_event(record: &RawRecord<'_>) -> bool {
    has_all(record, &["eventGroupID", "action"]) && has_object(record, "actor")
}

impl Reader for Tailscale {
    fn name(&self) -> &'static str {
        "tailscale"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_event(record) || within(record, "event").is_some_and(|event| is_event(&event))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let event = if root.get("eventGroupID").exists() { root } else { root.get("event") };
        let (actor, target) = (event.get("actor"), event.get("target"));
        let mut draft = Draft::context(self.name(), Group::Identity);
        let group = event.get("eventGroupID").text();
        draft.native_id = group.as_deref().map(str::to_owned);
        // One change of a user's may be several events of one group.
        let parts = [target.get("id"), target.get("property"), event.get("action")];
        let parts: Vec<_> = parts.iter().filter_map(|part| part.text()).collect();
        draft.unique_id = group.map(|group| format!("{group} {}", parts.join(" ")));
        draft.time = first_time(&[event.get("eventTime"), root.get("time"), root.at("fields.recorded")]);
        draft.add(party(actor));
        draft.add(party(target));
        let action = event.get("action").text().map_or("Change".to_owned(), |action| words(&action));
        draft.title = Title::of(action)
            .with_text(" ", target.first(&["property", "type"]).text().as_deref())
            .by(&[actor.get("loginName"), actor.get("displayName"), actor.get("id")])
            .on(&[target.get("name"), target.get("id")])
            .outcome(&[event.get("error")])
            .done();
        draft.publish(record, context, out)
    }
}

/// The actor or the target. The tailnet itself is the tenant, which all of its records share.
fn party(party: Node<'_>) -> Option<Entity> {
    let (id, name) = (party.get("id"), party.first(&["loginName", "name"]));
    match party.get("type").text()?.to_ascii_uppercase().as_str() {
        "USER" => person(&[id, things::address(name)], party.get("displayName")),
        "NODE" => things::device(&[id, name]),
        "API_KEY" | "AUTH_KEY" | "OAUTH_CLIENT" => Entity::new(EntityKind::ApiKey, [&*id.text()?]),
        _ => None,
    }
}
