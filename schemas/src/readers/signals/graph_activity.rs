//! Microsoft Graph activity: every request that anyone made of Microsoft Graph, streamed by Azure Monitor or as rows of
//! the Log Analytics table `MicrosoftGraphActivityLogs`.
//!
//! Source: learn.microsoft.com/azure/azure-monitor/reference/tables/microsoftgraphactivitylogs. Every request is context.
//! Defender's own table of the same requests, `GraphApiAuditEvents`, is [`super::defender_hunting`]'s.

use std::borrow::Cow;

use super::draft::Draft;
use super::entra::{EntraRecord, is_table};
use super::fields::Node;
use super::format::Format;
use super::things;
use super::title::Title;
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const TABLE: &str = "MicrosoftGraphActivityLogs";
/// How long a GUID is as text.
const GUID_CHARS: usize = 36;

const FORMAT: Format = Format {
    vendor: "Microsoft Graph activity: Azure Monitor, Log Analytics",
    recognised_by: "`category` or `Type` `MicrosoftGraphActivityLogs`",
    native_id: "`RequestId`",
    time: "`TimeGenerated`, else the envelope's `time`",
    severity: "always context",
    entities: "caller by object id, application and service principal, ip, session, device; the user whose data the request names",
};

/// Reads Microsoft Graph activity.
pub(super) struct GraphActivity;

impl Reader for GraphActivity {
    fn name(&self) -> &'static str {
        "graph_activity"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        is_table(record, |name| name.eq_ignore_ascii_case(TABLE))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let properties = Node::new(root).get("properties").unfolded();
        let request = EntraRecord::new(root, &properties);
        let body = request.body;
        let mut draft = Draft::context(self.name(), Group::Cloud);
        draft.native_id = body.get("RequestId").text().map(Cow::into_owned);
        draft.time = request.time(&["TimeGenerated"]);
        draft.vendor_tenant = request.tenant();
        draft.add(things::user(&[body.get("UserId"), body.get("UserPrincipalObjectID")]));
        let application = [body.get("AppId"), body.get("ServicePrincipalId")];
        draft.add(things::microsoft_application(&application, Node::absent()));
        let address = [body.get("IPAddress"), request.envelope.get("callerIpAddress")];
        draft.add_ips_as(Role::Source, address);
        draft.add_one(EntityKind::Session, body.first(&["SessionId", "C_Sid"]));
        draft.add_one(EntityKind::Device, body.first(&["DeviceId", "C_DeviceId"]));
        let uri = body.get("RequestUri").text().unwrap_or_default();
        let path = path_of(&uri);
        draft.add(named_user(path));
        let code = body.get("ResponseStatusCode").number().filter(|code| *code >= 400.0);
        draft.title = Title::new(&[body.get("RequestMethod")], "Request")
            .with_text(" ", Some(path).filter(|path| !path.is_empty()))
            .by(&[body.get("UserId"), body.get("ServicePrincipalId"), body.get("AppId")])
            .from(&address)
            .with_text(": ", code.map(|code| code.to_string()).as_deref())
            .done();
        draft.publish(record, context, out)
    }
}

/// The path of a request's URI. The query is left out: it is content.
fn path_of(uri: &str) -> &str {
    let path = uri.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    path.unwrap_or(uri).split('?').next().unwrap_or_default()
}

/// Whose data a path is about, as far as it names them by object id or UPN: `/v1.0/users/ID/messages`,
/// `/v1.0/users('ID')`.
fn named_user(path: &str) -> Option<Entity> {
    let mut steps = path.split('/');
    let id = steps.find_map(|step| {
        step.strip_prefix("users('").and_then(|id| id.strip_suffix("')")).or_else(|| (step == "users").then_some(""))
    })?;
    let id = if id.is_empty() { steps.next()? } else { id };
    (id.contains('@') || id.len() == GUID_CHARS).then(|| Entity::new(EntityKind::User, [id]))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_whose_data_it_is() {
        for (uri, path, user) in [
            (
                "https://graph.example/v1.0/users/ada@contoso.example/messages?$top=5",
                "/v1.0/users/ada@contoso.example/messages",
                Some("ada@contoso.example"),
            ),
            ("/beta/users('ada@contoso.example')", "/beta/users('ada@contoso.example')", Some("ada@contoso.example")),
            ("https://graph.example/v1.0/users", "/v1.0/users", None),
            ("https://graph.example/v1.0/users/delta", "/v1.0/users/delta", None),
            ("https://graph.example", "https://graph.example", None),
            ("", "", None),
        ] {
            assert_eq!(path_of(uri), path, "{uri}");
            assert_eq!(named_user(path).map(|user| user.ids), user.map(|id| vec![id.to_owned()]), "{uri}");
        }
    }
}
