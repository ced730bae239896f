//! 1Password's Events API: sign-in attempts, item usage, audit events.
//!
//! Source: developer.1password.com/docs/events-api/reference. Every event is context.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, has, has_all, has_any, has_object};
use super::format::Format;
use super::things::{self, person};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "1Password events: sign-in attempts, item usage, audit",
    recognised_by: "`uuid` and `timestamp` with `target_user` and `client`, with `vault_uuid` and `item_uuid`, or with `actor_uuid` and `object_type`",
    native_id: "`uuid`",
    time: "`timestamp`",
    severity: "always context",
    entities: "user, actor and member acted on by uuid and e-mail; ip, session, device, item",
};

/// Reads 1Password's events.
pub(super) struct Onepassword;

impl Reader for Onepassword {
    fn name(&self) -> &'static str {
        "onepassword"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let signin = has_object(record, "target_user") && has_any(record, &["client", "session_uuid"]);
        let usage = has_all(record, &["vault_uuid", "item_uuid"]);
        let audit = has_all(record, &["actor_uuid", "object_type"]);
        has_all(record, &["uuid", "timestamp"]) && (signin || usage || audit) && !has(record, "eventType")
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = event.get("uuid").text().map(Cow::into_owned);
        draft.time = event.get("timestamp").time();
        draft.vendor_tenant = event.get("account_uuid").text().map(Cow::into_owned);
        let actor = event.get("actor_details");
        for user in [event.get("target_user"), event.get("user")] {
            draft.add(person(&[user.get("uuid"), user.get("email")], user.get("name")));
        }
        draft.add(person(&[event.get("actor_uuid"), actor.get("email")], actor.get("name")));
        if event.get("object_type").is("user") {
            let object = event.get("object_details");
            draft.add(person(&[event.get("object_uuid"), object.get("email")], object.get("name")));
        }
        // Who was added to the group or the vault that is the object.
        let other = event.get("aux_details");
        draft.add(person(&[other.get("uuid"), other.get("email")], other.get("name")));
        let session = event.get("session");
        draft.add_ips_as(Role::Source, [event.at("client.ip_address"), session.get("ip")]);
        draft.add_one(EntityKind::Session, event.first(&["session_uuid", "session.uuid"]));
        draft.add(things::device(&[session.get("device_uuid")]));
        draft.add_one(EntityKind::CloudResource, event.get("item_uuid"));
        draft.title = title(event);
        draft.publish(record, context, out)
    }
}

fn title(event: Node<'_>) -> String {
    let ip = [event.at("client.ip_address"), event.at("session.ip")];
    let title = if event.get("target_user").exists() {
        Title::of("Sign-in to 1Password").by(&[event.at("target_user.email"), event.at("target_user.name")])
    } else if event.get("item_uuid").exists() {
        let action = event.get("action").text().map_or("Use".to_owned(), |action| words(&action));
        let by = [event.at("user.email"), event.at("user.name")];
        Title::of(format!("{action} of a 1Password item")).by(&by).on(&[event.get("item_uuid")])
    } else {
        let action = event.get("action").text().map_or("Change".to_owned(), |action| words(&action));
        let kind = event.get("object_type").text();
        Title::of(action)
            .with_text(" of 1Password ", kind.as_deref())
            .by(&[event.at("actor_details.email"), event.get("actor_uuid")])
            .on(&[event.at("object_details.email"), event.at("aux_details.email"), event.get("object_uuid")])
    };
    let failed = if event.get("category").is("success") { Node::absent() } else { event.first(&["type", "category"]) };
    title.from(&ip).outcome(&[failed]).done()
}
