//! One Windows event, whichever shipper wrote it.
//!
//! Shapes: rows of the Log Analytics tables `SecurityEvent` and `Event`, winlogbeat's `winlog`, the XML
//! rendered as JSON (`Event.System`, `Event.EventData`), flat objects as NXLog and Splunk make them of XML,
//! PowerShell's `Get-WinEvent | ConvertTo-Json`, whose data has no names and is not read, and Splunk's extraction of
//! the rendered text, which has names of its own (`Account_Name`, `Source_Network_Address`).

use std::borrow::Cow;

use super::fields::{Node, first_time};
use super::things::Account;
use crate::entity::Entity;
use crate::readers::EventTime;
use crate::readers::value::Value;

/// The most named values that are taken from one event's data.
const DATA_MAX: usize = 256;

/// One Windows event.
pub(super) struct WindowsRecord<'v> {
    root: Node<'v>,
    system: Node<'v>,
    data: Node<'v>,
    named: &'v Value<'v>,
    computer: Node<'v>,
    channel: Option<Cow<'v, str>>,
    provider: Option<Cow<'v, str>>,
}

/// The values that an event names within arrays or XML, as an object: `[{"@Name": "a", "#text": "b"}]`,
/// `<Data Name="a">b</Data>`.
pub(super) fn named_data<'v>(root: &'v Value<'v>) -> Value<'v> {
    let root = Node::new(root);
    let mut named = Vec::new();
    for place in ["Event.EventData.Data", "EventData.Data"] {
        for element in root.at(place).items().take(DATA_MAX) {
            let name = element.first(&["@Name", "Name", "#attributes.Name", "$.Name", "_attributes.Name"]).text();
            let text = element.first(&["#text", "text", "Value", "_", "content"]).word();
            if let (Some(name), Some(text)) = (name, text) {
                named.push((name, Value::from(text)));
            }
        }
    }
    for place in ["EventData", "EventData_string"] {
        if let Some(xml) = root.get(place).word().filter(|text| text.starts_with('<')) {
            named.extend(xml_data(&xml).take(DATA_MAX).map(|(name, text)| (name.into(), Value::from(text))));
        }
    }
    named.extend(rendered_data(root));
    Value::Object(named.into_iter().collect())
}

/// What Splunk extracts from the rendered text, under the names that the event's own data has. Who acted and whom
/// it was about have one label there, so that a list of two is the subject and the target.
fn rendered_data<'v>(root: Node<'v>) -> impl Iterator<Item = (Cow<'v, str>, Value<'v>)> {
    const SINGLE: [(&str, &str); 6] = [
        ("Source_Network_Address", "IpAddress"),
        ("Workstation_Name", "WorkstationName"),
        ("New_Process_Name", "NewProcessName"),
        ("Process_Name", "ProcessName"),
        ("Source_Address", "SourceAddress"),
        ("Destination_Address", "DestAddress"),
    ];
    const ACCOUNT: [(&str, &str); 3] =
        [("Account_Name", "UserName"), ("Account_Domain", "DomainName"), ("Security_ID", "UserSid")];
    let single = SINGLE.map(|(label, name)| (Cow::Borrowed(name), root.get(label)));
    let accounts = ACCOUNT.into_iter().flat_map(move |(label, name)| {
        let ends = ["Subject", "Target"].into_iter().zip(root.get(label).items());
        ends.map(move |(end, node)| (Cow::Owned(format!("{end}{name}")), node)).collect::<Vec<_>>()
    });
    let pairs = single.into_iter().chain(accounts);
    pairs.filter_map(|(name, node)| Some((name, Value::from(node.word()?))))
}

/// The pairs of `<Data Name="…">…</Data>`. A scanner suffices: the elements do not nest.
fn xml_data(xml: &str) -> impl Iterator<Item = (String, String)> + '_ {
    xml.split("<Data Name=").skip(1).filter_map(|element| {
        let quote = element.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (name, rest) = element.get(1..)?.split_once(quote)?;
        let (_, text) = rest.split_once('>')?;
        let text = text.split('<').next()?;
        Some((name.to_owned(), unescape(text)))
    })
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

impl<'v> WindowsRecord<'v> {
    /// `named` must be [`named_data`] of `root`.
    pub(super) fn new(root: &'v Value<'v>, named: &'v Value<'v>) -> Self {
        let root = Node::new(root);
        let system = root.first(&["Event.System", "System", "winlog"]);
        let data = root.first(&[
            "winlog.event_data",
            "winlog.user_data",
            "Event.EventData",
            "Event.UserData.LogFileCleared",
            "EventData",
            "event_data",
            "ExtraEventData",
        ]);
        let mut record = Self { root, system, data, named, computer: Node::absent(), channel: None, provider: None };
        record.computer = record.find_computer();
        record.channel = record.field(&["Channel", "channel", "EventLog", "LogName", "log_name"]);
        record.provider = record.find_provider();
        record
    }

    /// The value `key` of the event's own data.
    pub(super) fn data(&self, key: &str) -> Node<'v> {
        let mut places = [Node::new(self.named), self.data, self.root].into_iter().map(|place| place.get(key));
        places.find(|place| place.is_word()).unwrap_or(Node::absent())
    }

    /// The first of `keys` that the event's own data names.
    pub(super) fn first(&self, keys: &[&str]) -> Node<'v> {
        keys.iter().map(|key| self.data(key)).find(|place| place.is_text()).unwrap_or(Node::absent())
    }

    /// A field of the envelope, wherever the shipper puts it.
    fn field(&self, keys: &[&str]) -> Option<Cow<'v, str>> {
        let own = |key: &&str| self.system.at(key).text().or_else(|| self.system.at(key).get("#text").text());
        keys.iter().find_map(|key| own(key).or_else(|| self.root.at(key).text()))
    }

    pub(super) fn event_id(&self) -> u32 {
        let id =
            self.field(&["EventID", "event_id", "EventCode", "event.code", "EventID.Value", "EventID.value", "Id"]);
        id.and_then(|id| id.parse().ok()).unwrap_or_default()
    }

    pub(super) fn computer(&self) -> Node<'v> {
        self.computer
    }

    fn find_computer(&self) -> Node<'v> {
        let names = ["Computer", "computer_name", "ComputerName", "MachineName", "Hostname", "host.name", "host"];
        let system = names.iter().map(|name| self.system.at(name));
        let mut places = system.chain(names.iter().map(|name| self.root.at(name)));
        places.find(|place| place.is_text()).unwrap_or(Node::absent())
    }

    pub(super) fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    pub(super) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    fn find_provider(&self) -> Option<Cow<'v, str>> {
        self.field(&[
            "provider_name",
            "Provider.Name",
            "Provider.@Name",
            "Provider.#attributes.Name",
            "Provider.$.Name",
            "EventSourceName",
            "SourceName",
            "ProviderName",
            "Source",
            "source_name",
            "event.provider",
            "Provider",
        ])
    }

    pub(super) fn is_sysmon(&self) -> bool {
        let sysmon = |text: Option<&str>| text.is_some_and(|text| text.to_ascii_lowercase().contains("sysmon"));
        sysmon(self.provider()) || sysmon(self.channel())
    }

    /// The account in whose name the event was written; for a PowerShell script the one that ran it. Services write as
    /// the machine, which is nobody.
    pub(super) fn security_user(&self) -> Option<Entity> {
        const PLACES: [&str; 8] = [
            "Security.UserID",
            "Security.@UserID",
            "Security.#attributes.UserID",
            "Security.$.UserID",
            "user.identifier",
            "UserID",
            "UserId.Value",
            "Security_UserID",
        ];
        let sid = |text: &str| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("S-1-"));
        let own = PLACES.iter().map(|place| self.system.at(place));
        let mut places = own.chain(PLACES.iter().map(|place| self.root.at(place)));
        let id = places.find(|place| place.text().is_some_and(|text| sid(&text)))?;
        let writer = self.system.get("user");
        Account { ids: &[id], domain: writer.get("domain"), name: writer.get("name"), display: Node::absent() }.entity()
    }

    /// The event's number in its log.
    pub(super) fn record_id(&self) -> Option<Cow<'v, str>> {
        self.field(&["EventRecordID", "record_id", "EventRecordId", "RecordNumber", "RecordID", "RecordId"])
    }

    /// The id that the log store gave the event.
    pub(super) fn origin_id(&self) -> Option<Cow<'v, str>> {
        self.root.get("EventOriginId").text()
    }

    pub(super) fn time(&self) -> EventTime {
        const CREATED: [&str; 6] = [
            "TimeCreated.SystemTime",
            "TimeCreated.@SystemTime",
            "TimeCreated.#attributes.SystemTime",
            "TimeCreated.$.SystemTime",
            "time_created",
            "TimeCreated",
        ];
        const TIMES: [&str; 7] =
            ["TimeGenerated", "TimeCreated", "EventTime", "@timestamp", "UtcTime", "_time", "timestamp"];
        first_time(&CREATED.map(|key| self.system.at(key)))
            .or_else(|| self.data("UtcTime").time())
            .or_else(|| first_time(&TIMES.map(|key| self.root.get(key))))
    }

    /// The Log Analytics workspace.
    pub(super) fn tenant(&self) -> Option<String> {
        self.root.get("TenantId").text().map(Cow::into_owned)
    }

    /// The values of an event whose data has no names: AD FS audits write claims as a list of names and values.
    pub(super) fn unnamed_data(&self) -> Cow<'v, Value<'v>> {
        let places = [self.data, self.root.get("EventData_dynamic"), self.root.get("EventData")];
        places
            .iter()
            .map(|place| place.unfolded())
            .find(|data| matches!(**data, Value::Array(_)))
            .unwrap_or(Cow::Owned(Value::Null))
    }

    /// The whole data as text, for events that put pairs into prose.
    pub(super) fn prose(&self) -> Option<Cow<'v, str>> {
        ["EventData_string", "EventData", "ParameterXml", "Message"].iter().find_map(|key| self.root.get(key).text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_out_of_xml() {
        let xml = "<EventData><Data Name=\"User\">CORP\\eve</Data><Data Name='Image'>C:\\a&amp;b.exe</Data><Data/><Data Name=\"x";
        let pairs: Vec<_> = xml_data(xml).collect();
        assert_eq!(pairs, [("User".into(), "CORP\\eve".into()), ("Image".into(), "C:\\a&b.exe".into())]);
    }
}
