//! Tailscale's configuration audit and network flow logs, bare or under `event` as log streaming sends them.
//!
//! Source: tailscale.com/kb/1203/audit-logging, tailscale.com/kb/1219/network-flow-logs. Every event is context. Of
//! flows the tailnet's own addresses and those behind its routers are read, not the wire beneath it.

use super::draft::Draft;
use super::fields::{Node, first_time, has, has_all, has_any, has_object, within};
use super::format::Format;
use super::shape::Shape;
use super::things::{self, address, person, user};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Tailscale configuration audit and network flow logs",
    recognised_by: "`eventGroupID` with `action` and an `actor` object, or `nodeId` with `virtualTraffic`, `subnetTraffic`, `exitTraffic` or `physicalTraffic`; at the top or under `event`",
    native_id: "`eventGroupID`, unique with target, property and action; flows have none",
    time: "`eventTime`, `start`, else the wrapper's `time`",
    severity: "always context",
    entities: "actor and target users by id and login, nodes as devices, API and auth keys; both ends of flows",
};

/// Reads Tailscale's audit log.
pub(super) struct Tailscale;

/// The most flows of each kind in one record that are looked at.
const FLOWS_MAX: usize = 64;

fn is_event<'v>(record: &impl Shape<'v>) -> bool {
    let audit = has_all(record, &["eventGroupID", "action"]) && has_object(record, "actor");
    let flow = ["virtualTraffic", "subnetTraffic", "exitTraffic", "physicalTraffic"];
    audit || (has(record, "nodeId") && has_any(record, &flow))
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

    fn stands_under_event(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let event = if root.get("event").is_object() { root.get("event") } else { root };
        if event.get("nodeId").exists() {
            return flow(event, root).publish(record, context, out);
        }
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

/// What a node sent and received within some seconds.
fn flow(event: Node<'_>, root: Node<'_>) -> Draft {
    let mut draft = Draft::context("tailscale", Group::Cloud);
    draft.time = first_time(&[event.get("start"), event.get("logged"), root.get("time")]);
    let own = event.get("srcNode");
    draft.add(things::device(&[event.get("nodeId"), own.get("name")]));
    draft.add(user(&[address(own.get("user"))]));
    for node in event.get("dstNodes").items().take(FLOWS_MAX) {
        draft.add(things::device(&[node.get("nodeId"), node.get("name")]));
        draft.add(user(&[address(node.get("user"))]));
    }
    let kinds = ["virtualTraffic", "subnetTraffic", "exitTraffic"].map(|kind| event.get(kind));
    let mut ends: [(_, _, Vec<String>); 2] =
        [("src", Role::Source, Vec::new()), ("dst", Role::Destination, Vec::new())];
    for flow in kinds.iter().flat_map(|flows| flows.items().take(FLOWS_MAX)) {
        for (key, role, known) in &mut ends {
            let Some(end) = flow.get(key).text() else { continue };
            let host = host_of(&end);
            // Flows differ in their ports more than in their hosts.
            if !known.iter().any(|known| known == host) {
                draft.add_ips_as(*role, [flow.get(key)]);
                known.push(host.to_owned());
            }
        }
    }
    let far = kinds.iter().find_map(|flows| flows.items().find_map(|flow| flow.get("dst").text()));
    draft.title = Title::of("Network flow")
        .with_text(" of ", own.get("name").text().or_else(|| event.get("nodeId").text()).as_deref())
        .with_text(" to ", far.as_deref())
        .done();
    draft
}

/// An end of a flow without its port.
fn host_of(end: &str) -> &str {
    // To look for two letters takes several times as long as for one, and most addresses are of IPv4.
    let bracketed = if end.contains(']') { end.split_once("]:") } else { None };
    match (bracketed, end.split_once(':')) {
        (Some((host, _)), _) => host,
        (None, Some((host, port))) if !port.contains(':') => host,
        _ => end,
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
