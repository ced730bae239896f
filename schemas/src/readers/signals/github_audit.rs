//! GitHub's audit log of an organisation or enterprise, as its API and its streaming write it.
//!
//! Source: docs.github.com/organizations/keeping-your-organization-secure (audit log events). Events are
//! context, except that GitHub reports a leaked secret with `secret_scanning_alert.create`. Webhooks are
//! another format: [`super::github_webhook`].

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, first_time, has_any, has_object, has_string, is_one_of};
use super::format::Format;
use super::things::{address, named, user};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "GitHub audit log",
    recognised_by: "`action` of the form `category.name`, or with a date, with `actor` as text and one of `org`, `business`, `repo`, `_document_id`, `operation_type`",
    native_id: "`_document_id`",
    time: "`@timestamp`, else `created_at`",
    severity: "context; a leaked secret (`secret_scanning_alert.create`) is an alert, medium",
    entities: "actor and user acted on by login and single sign-on identity, not bots; ip; token by its hash; OAuth application; repository",
};

/// Actions with which GitHub reports a threat.
const ALERTS: [&str; 2] = ["secret_scanning_alert.create", "secret_scanning_push_protection.bypass"];

/// Reads GitHub's audit log.
pub(super) struct GithubAudit;

impl Reader for GithubAudit {
    fn name(&self) -> &'static str {
        "github_audit"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let marks =
            ["org", "business", "repo", "_document_id", "operation_type", "actor_location", "programmatic_access_type"];
        // Old records of an organisation have the name without its category.
        let dated = has_any(record, &["created_at", "@timestamp", "at_sign_timestamp"]);
        has_string(record, "action")
            && (discriminator(record, "action").contains('.') || dated)
            && has_any(record, &["actor", "_document_id"])
            && !has_object(record, "actor")
            && has_any(record, &marks)
            && !has_any(record, &["eventName", "eventType", "factor"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let action = event.get("action").text().unwrap_or("event".into());
        let mut draft = match is_one_of(&action, &ALERTS) {
            true => Draft::alert(self.name(), Group::Cloud, Severity::Medium),
            false => Draft::context(self.name(), Group::Cloud),
        };
        draft.native_id = event.get("_document_id").text().map(Cow::into_owned);
        // Some lakes cannot have `@` in a key and spell it out.
        draft.time = first_time(&["@timestamp", "at_sign_timestamp", "created_at"].map(|key| event.get(key)));
        // What a person does for themselves touches all of their organisations.
        let org = event.get("org").items().next().unwrap_or(Node::absent());
        draft.vendor_tenant = event.get("business").text().or_else(|| org.text()).map(Cow::into_owned);
        let (nameid, name) = (event.get("external_identity_nameid"), event.get("external_identity_username"));
        if !event.get("actor_is_bot").is_true() {
            draft.add(login(event.get("actor"), &[nameid, address(name)]));
        }
        draft.add(login(event.get("user"), &[]));
        draft.add_ips_as(Role::Source, [event.get("actor_ip")]);
        draft.add_one(EntityKind::ApiKey, event.get("hashed_token"));
        draft.add_one(EntityKind::CloudResource, repository(event));
        let application = event.first(&["oauth_application_name", "oauth_application", "integration"]);
        draft.add(named(EntityKind::Application, event.get("oauth_application_id"), application));
        draft.title = Title::of(words(&action))
            .by(&[event.get("actor"), nameid])
            .on(&[repository(event), application, event.get("user"), org, event.get("business")])
            .from(&[event.get("actor_ip")])
            .done();
        draft.publish(record, context, out)
    }
}

fn repository<'v>(event: Node<'v>) -> Node<'v> {
    let repo = event.get("repo");
    if repo.text().is_some() { repo } else { event.get("repository") }
}

/// An account by its login, which is unique on GitHub, and by what single sign-on knows it as. Logins of
/// applications end in `[bot]`, and an application acts for everyone.
fn login(login: Node<'_>, identities: &[Node<'_>]) -> Option<Entity> {
    let name = login.text();
    if name.as_deref().is_some_and(|name| name.ends_with("[bot]")) {
        return None;
    }
    let ids: Vec<_> = std::iter::once(login).chain(identities.iter().copied()).collect();
    user(&ids).map(|user| user.named(name.as_deref()))
}
