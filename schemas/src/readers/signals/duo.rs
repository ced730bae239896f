//! Cisco Duo: authentication, administrator, activity and telephony logs, Trust Monitor.
//!
//! Source: duo.com/docs/adminapi (Logs, Trust Monitor). What a user marked as fraud and what Trust Monitor
//! surfaces are alerts, all else is context.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{
    Node, discriminator, first_time, has, has_all, has_any, has_object, has_string, is_one_of, member,
};
use super::format::Format;
use super::page;
use super::things::{self, address, named, user};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Json, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Cisco Duo: authentication, administrator, activity and telephony logs, Trust Monitor",
    recognised_by: "`factor` and `result` with `access_device` or `auth_device`; `action` as text with `isotimestamp` and `username`; `activity_id` with `ts`; `telephony_id` with `ts`; `sekey` with `surfaced_auth` or `surfaced_timestamp`; the API's answers: `stat` with `response`",
    native_id: "`txid`, `activity_id`, `telephony_id`, `sekey`; administrator logs have none",
    time: "`isotimestamp`, else `timestamp`, `ts`, `surfaced_timestamp`",
    severity: "context; `result` `fraud` is an alert, high, and what Trust Monitor surfaces, medium",
    entities: "user by key and e-mail, else by name; administrator by e-mail; ip of the access device and of the phone; device by endpoint key and host name, phone by its key; application",
};

/// Reads Duo's logs.
pub(super) struct Duo;

impl Reader for Duo {
    fn name(&self) -> &'static str {
        "duo"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_event(record) || answered(record).is_some()
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        match answered(record) {
            Some(records) => page::read_each(records, is_event, read_event, context, out),
            None => read_event(record, context, out),
        }
    }
}

fn is_event(record: &RawRecord<'_>) -> bool {
    let login = has_all(record, &["factor", "result"]) && has_any(record, &["access_device", "auth_device"]);
    let admin = has_string(record, "action") && has_all(record, &["isotimestamp", "username"]);
    let activity = has_all(record, &["activity_id", "ts", "actor"]) && has_object(record, "action");
    let surfaced =
        has(record, "sekey") && has_any(record, &["surfaced_auth", "surfaced_timestamp", "surfacing_timestamp"]);
    login || admin || activity || surfaced || has_all(record, &["telephony_id", "ts", "context"])
}

fn read_event(record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
    let root = record.value()?;
    let event = Node::new(root);
    let surfaced = event.get("sekey").exists();
    let login = if surfaced { event.get("surfaced_auth") } else { event };
    let mut draft = Draft::context("duo", Group::Identity);
    let fraud = login.get("result").is("fraud");
    if fraud || surfaced {
        draft.kind = SignalKind::Alert;
        draft.severity = if fraud { Severity::High } else { Severity::Medium };
    }
    draft.native_id = event.first(&["sekey", "telephony_id", "txid", "activity_id"]).text().map(Cow::into_owned);
    let surfacing = event.first(&["surfaced_timestamp", "surfacing_timestamp"]);
    draft.time = first_time(&[login.get("isotimestamp"), login.get("timestamp"), event.get("ts"), surfacing]);
    draft.vendor_tenant = event.get("akey").text().map(Cow::into_owned);
    add_parties(event, login, &mut draft);
    draft.title = if event.get("username").exists() { change(event) } else { title(event, login, surfaced) };
    draft.publish(record, context, out)
}

/// The records of an answer of the Admin API.
fn answered<'a>(record: &RawRecord<'a>) -> Option<Json<'a>> {
    const LISTS: [&str; 3] = ["authlogs", "events", "items"];
    let response = member(record, "response").filter(|_| discriminator(record, "stat") == "OK")?;
    let list = |json: &Json<'_>| json.get().starts_with('[');
    let within = || {
        let answer = RawRecord::new(response.get().as_bytes());
        LISTS.iter().find_map(|key| member(&answer, key)).filter(list)
    };
    Some(response).filter(list).or_else(within)
}

fn add_parties(event: Node<'_>, login: Node<'_>, draft: &mut Draft) {
    let account = login.get("user");
    let known = user(&[account.get("key"), address(account.get("name")), login.get("email")]);
    // A bare name is not unique in an estate: it serves only where there is nothing else.
    draft.add(known.or_else(|| user(&[account.get("name")])));
    // Administrators and what they change stand in the log by display name, unless that is an address.
    let description = event.get("description").unfolded();
    let description = Node::new(&description);
    draft.add(user(&[address(event.get("username")), address(description.get("email"))]));
    draft.add(user(&[address(event.get("object")), description.get("user_id")]));
    draft.add_ips_as(Role::Source, [description.get("ip_address")]);
    for party in [event.get("actor"), event.get("target")] {
        if party.get("type").text().is_some_and(|kind| is_one_of(&kind, &["user", "admin"])) {
            let details = party.get("details").unfolded();
            let email = Node::new(&details).get("email");
            draft.add(user(&[party.get("key"), address(party.get("name")), address(email)]));
        }
    }
    // Who let whom in without a second factor.
    for party in [event.get("enabled_by"), event.get("enabled_for")] {
        draft.add(user(&[party.get("key"), address(party.get("name"))]));
    }
    for device in [login.get("access_device"), login.get("auth_device")] {
        draft.add_ips_as(Role::Source, [device.get("ip"), device.at("ip.address")]);
    }
    let access = login.get("access_device");
    draft.add(things::device(&[access.get("epkey"), access.get("hostname")]));
    // The phone or key with which the second factor was given.
    draft.add_one(EntityKind::Device, login.at("auth_device.key"));
    let application = login.get("application");
    draft.add(named(EntityKind::Application, application.get("key"), application.get("name")));
}

/// An administrator's change.
fn change(event: Node<'_>) -> String {
    let action = event.get("action").text().unwrap_or("Duo change".into());
    Title::of(words(&action)).by(&[event.get("username")]).on(&[event.get("object")]).done()
}

fn title(event: Node<'_>, login: Node<'_>, surfaced: bool) -> String {
    let access = login.get("access_device");
    if event.get("activity_id").exists() {
        let action = event.at("action.name").text().unwrap_or("Duo activity".into());
        let by = [event.at("actor.name"), event.at("actor.key")];
        let from = [access.get("ip"), access.at("ip.address")];
        return Title::of(words(&action)).by(&by).on(&[event.at("target.name")]).from(&from).done();
    }
    if event.get("enabled_for").exists() {
        let (by, on) = ([event.at("enabled_by.name")], [event.at("enabled_for.name")]);
        return Title::of("Duo bypass enabled").by(&by).on(&on).done();
    }
    if event.get("telephony_id").exists() {
        let kind = event.get("type").text().unwrap_or("message".into());
        return Title::of(format!("Duo telephony: {kind}"))
            .on(&[event.get("phone")])
            .outcome(&[event.get("context")])
            .done();
    }
    let what = if surfaced { "Unusual Duo authentication" } else { "Duo authentication" };
    let explained = event.get("explanations").items().next().map_or(Node::absent(), |reason| reason.get("summary"));
    Title::of(what)
        .by(&[login.at("user.name"), login.get("email")])
        .with_text(" to ", login.at("application.name").text().as_deref())
        .from(&[access.get("ip")])
        .outcome(&[explained, login.get("result")])
        .with_text(" (", login.get("reason").text().map(|reason| format!("{reason})")).as_deref())
        .done()
}
