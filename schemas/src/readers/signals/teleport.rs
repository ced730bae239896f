//! Teleport's audit events.
//!
//! Source: goteleport.com/docs/reference/audit-events. Every event is context; the last letter of an event's
//! code is its severity. Recorded commands stand in titles by their program only.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has_any, has_string, is_one_of};
use super::format::Format;
use super::things::{self, address, user};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Teleport audit events",
    recognised_by: "`event` with a `code` like `T1000I`, `time` and one of `uid`, `ei`, `cluster_name`",
    native_id: "`uid`",
    time: "`time`",
    severity: "the last letter of `code`: I informational, W low, E medium; always context",
    entities: "user, impersonator, participants and user acted on; remote and connected ips; session; node and trusted device; application, database; program outside system folders",
};

/// The most participants of a session that are looked at.
const PARTICIPANTS_MAX: usize = 64;

/// Reads Teleport's audit events.
pub(super) struct Teleport;

impl Reader for Teleport {
    fn name(&self) -> &'static str {
        "teleport"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has_string(record, "event")
            && is_code(discriminator(record, "code"))
            && has_string(record, "time")
            && has_any(record, &["uid", "ei", "cluster_name"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = event.get("uid").text().map(Cow::into_owned);
        draft.time = event.get("time").time();
        draft.vendor_tenant = event.get("cluster_name").text().map(Cow::into_owned);
        draft.severity = severity(&event.get("code").text().unwrap_or_default());
        let who = event.first(&["user", "identity.user"]);
        // What single sign-on says of a user whom Teleport does not know yet.
        let claimed = address(event.at("attributes.email"));
        let whom = if is_about_a_user(event) { event.get("name") } else { event.at("target.user") };
        let impersonators = [event.at("identity.impersonator"), event.get("impersonator")];
        let people = [who, claimed, whom].into_iter().chain(impersonators);
        for person in people.chain(event.get("participants").items().take(PARTICIPANTS_MAX)) {
            draft.add(user(&[person]));
        }
        // The event's own key has a dot in it, which some lakes cannot have.
        let remote = event.first_of(&["addr.remote", "addr_remote"]);
        draft.add_ips_as(Role::Source, [remote, event.get("src_addr"), event.at("identity.client_ip")]);
        draft.add_ips_as(Role::Destination, [event.get("dst_addr")]);
        draft.add_one(EntityKind::Session, event.get("sid"));
        draft.add(things::device(&[event.get("server_id"), event.get("server_hostname")]));
        // The user's own device, where Teleport knows it for a trusted one.
        for (device, [id, tag]) in [
            (event.get("identity"), ["device_id", "device_asset_tag"]),
            (event.get("trusted_device"), ["device_id", "asset_tag"]),
        ] {
            draft.add(things::device(&[device.get(id), device.get(tag)]));
        }
        draft.add_one(EntityKind::Application, event.first(&["app_name", "identity.route_to_app.name"]));
        draft.add_one(EntityKind::CloudResource, event.get("db_uri"));
        draft.add_image(EntityKind::Process, &[], event.get("path"), event.get("program"));
        let name = event.get("event").text().map_or("Event".to_owned(), |name| words(&name));
        let end = if event.get("success").is_false() { Some("failed") } else { None };
        let targets = ["server_hostname", "app_name", "db_service", "kubernetes_cluster", "name", "server_id"];
        draft.title = Title::of(name)
            .with_text(" of ", event.get("program").text().as_deref())
            .by(&[who, claimed, event.get("updated_by")])
            .on(&[&[event.at("target.user")], targets.map(|key| event.get(key)).as_slice()].concat())
            .from(&[remote, event.at("identity.client_ip")])
            .with_text(": ", end)
            .with_text(": ", event.get("error").text().as_deref())
            .done();
        draft.publish(record, context, out)
    }
}

/// Whether `name` is that of a user who was made, changed or removed.
fn is_about_a_user(event: Node<'_>) -> bool {
    event.get("event").text().is_some_and(|name| is_one_of(&name, &["user.create", "user.delete", "user.update"]))
}

/// `T1000I`, `TAP01W`: letters, digits and a severity.
fn is_code(code: &str) -> bool {
    (4..=8).contains(&code.len())
        && code.starts_with(['T', 't'])
        && code.ends_with(['I', 'W', 'E', 'i', 'w', 'e'])
        && code.chars().any(|c| c.is_ascii_digit())
        && code.chars().all(|c| c.is_ascii_alphanumeric())
}

fn severity(code: &str) -> Severity {
    match code.chars().last().map(|letter| letter.to_ascii_uppercase()) {
        Some('W') => Severity::Low,
        Some('E') => Severity::Medium,
        _ => Severity::Informational,
    }
}
