//! Zscaler Internet Access through its Nanolog Streaming Service: web, firewall, DNS and tunnel traffic, and
//! the administrators' audit log, in the `event` of its JSON feeds.
//!
//! Source: help.zscaler.com/zia (NSS feed output formats). Feeds are configured field by field: read are the names in
//! Zscaler's own templates, those in its partners' and those of its variables. Traffic in which Zscaler names a threat
//! is an alert. Private Access logs are not read.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has_all, has_any, has_object, within};
use super::format::Format;
use super::shape::Inner;
use super::things::{self, address, url_or_domain, user};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::value::Value;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Zscaler Internet Access (NSS): web, firewall, DNS, tunnels, administrators' audit",
    recognised_by: "`sourcetype` `zscalernss-*` with an `event` object; `event` with `auditlogtype` and `adminid`",
    native_id: "`recordid`, `event_id`; firewall traffic has none",
    time: "`datetime`, else `epochtime`, else `time`",
    severity: "`threatseverity` by its word, else `pagerisk` 0 to 100; an alert where a threat is named, all else context",
    entities: "user or administrator by login, client ips and server ip, device by owner's host name, URL or domain (DNS: the one asked for), file by hash",
};

/// Where the client's addresses stand.
const CLIENT: [&str; 11] = [
    "ClientIP",
    "clientpublicIP",
    "csip",
    "clt_sip",
    "tsip",
    "cip",
    "cintip",
    "cltip",
    "cltintip",
    "cltpubip",
    "sourceip",
];

/// Where the other end's addresses stand. A firewall's `sdip` is where the connection went beyond Zscaler; what a name
/// resolved to may be a name, too.
const SERVER: [&str; 9] = ["serverip", "cdip", "sdip", "res", "dns_resp", "srv_dip", "sip", "destinationip", "destvip"];

/// Reads Zscaler's feeds.
pub(super) struct Zscaler;

impl Reader for Zscaler {
    fn name(&self) -> &'static str {
        "zscaler"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let audit = |event: Inner<'_>| {
            has_all(&event, &["auditlogtype", "adminid"]) && has_any(&event, &["action", "recordid"])
        };
        let named = discriminator(record, "sourcetype").starts_with("zscaler") && has_object(record, "event");
        named || within(record, "event").is_some_and(audit)
    }

    fn stands_under_event(&self) -> bool {
        true
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root).get("event");
        let audit = event.get("auditlogtype").exists();
        let mut draft = Draft::context(self.name(), if audit { Group::Identity } else { Group::Cloud });
        let threat = event.first(&["threatname", "malwarename"]);
        if threat.text().is_some() {
            draft.kind = SignalKind::Alert;
            draft.severity = severity(event);
        }
        let id = event.first(&["recordid", "event_id"]);
        draft.native_id = id.text().map(Cow::into_owned);
        // Records are counted from 1 in each of the log's kinds.
        let time = event.get("time").text().unwrap_or_default();
        draft.unique_id = id.text().map(|id| format!("{id} {time}"));
        draft.time = first_time(&["datetime", "epochtime", "time"].map(|key| event.get(key)));
        for login in ["login", "user", "adminid"] {
            draft.add(user(&[address(Node::new(&unescaped(event.get(login))))]));
        }
        draft.add(user(&[event.at("postaction.email"), event.at("preaction.email")]));
        draft.add_ips_as(Role::Source, CLIENT.map(|key| event.get(key)));
        draft.add_ips_as(Role::Destination, SERVER.map(|key| event.get(key)));
        draft.add(things::device(&[Node::new(&unescaped(event.get("devicehostname")))]));
        let url = event.first(&["url", "eurl", "hostname", "host", "req", "dns_req"]);
        draft.add(url_or_domain(url));
        let hashes = [event.get("sha256"), event.get("bamd5"), event.get("md5")];
        draft.add_image(EntityKind::File, &hashes, Node::absent(), event.first(&["filename", "upload_filename"]));
        draft.title = if audit { change(event) } else { traffic(event, threat, url) };
        draft.publish(record, context, out)
    }
}

/// The text at `node` with its `%40` as `@`: so feeds write what would break their own format.
fn unescaped(node: Node<'_>) -> Value<'_> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let decoded = |text: &str| {
        let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
        while let [byte, tail @ ..] = rest {
            let pair = match tail {
                [high, low, after @ ..] if *byte == b'%' => digit(high).zip(digit(low)).zip(Some(after)),
                _ => None,
            };
            let (byte, after) = pair.map_or((*byte, tail), |((high, low), after)| (16 * high + low, after));
            bytes.push(byte);
            rest = after;
        }
        String::from_utf8(bytes).ok()
    };
    let text = node.text();
    let plain = text.as_deref().filter(|text| text.contains('%')).and_then(decoded);
    plain.map_or_else(|| Value::from(text), Value::from)
}

/// What Zscaler thinks of the threat, else of the page.
fn severity(event: Node<'_>) -> Severity {
    // `Critical (90-100)`
    let word = event.get("threatseverity").word().unwrap_or_default();
    let word = Severity::from_word(word.split_whitespace().next().unwrap_or_default());
    match event.get("pagerisk").number() {
        _ if word > Severity::Informational => word,
        Some(risk) if risk >= 75.0 => Severity::High,
        Some(risk) if risk < 25.0 => Severity::Low,
        _ => Severity::Medium,
    }
}

fn change(event: Node<'_>) -> String {
    let action = event.get("action").text().map_or("Change".to_owned(), |action| words(&action));
    let category = event.first(&["subcategory", "category"]).text().map(|category| words(&category).to_lowercase());
    let failed = if event.get("result").is("SUCCESS") { Node::absent() } else { event.get("result") };
    Title::of(action)
        .with_text(" of ", category.as_deref())
        .by(&[event.get("adminid")])
        .on(&[event.get("resource")])
        .from(&[event.get("clientip")])
        .outcome(&[failed])
        .done()
}

fn traffic(event: Node<'_>, threat: Node<'_>, url: Node<'_>) -> String {
    // A tunnel's record says what befell it; a name's resolution has an action for either way.
    Title::new(&["action", "reqaction", "event", "Recordtype"].map(|key| event.get(key)), "Traffic")
        .by(&[Node::new(&unescaped(event.first(&["login", "user"])))])
        .with_text(" to ", url.text().or_else(|| event.first(&["serverip", "cdip", "destinationip"]).text()).as_deref())
        .from(&["clientpublicIP", "ClientIP", "csip", "clt_sip", "cip", "cltip", "sourceip"].map(|key| event.get(key)))
        .outcome(&[threat])
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_unescaped() {
        for (written, meant) in [
            ("jdoe%40corp.example", "jdoe@corp.example"),
            ("J%c3%BCrgen%20M", "J\u{fc}rgen M"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%4", "%zz%4"),
            ("%ff%40", "%ff%40"),
        ] {
            assert_eq!(unescaped(Node::new(&written.into())), Value::from(meant), "{written}");
        }
        assert_eq!(unescaped(Node::absent()), Value::Null);
    }
}
