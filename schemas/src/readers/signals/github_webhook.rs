//! GitHub's webhooks, whatever their event: pushes, pull requests, comments, workflow runs.
//!
//! Source: docs.github.com/webhooks/webhook-events-and-payloads. The event's name and the delivery's id are
//! HTTP headers and not part of the record, so that its id is the content's hash. Only leaked secrets are alerts. Texts
//! (titles, comments, commit messages) are not read here: they are input of agents, not signals.

use super::draft::Draft;
use super::fields::{Node, first_time, has, has_any, has_string, is_one_of, within};
use super::format::Format;
use super::things::{address, user};
use super::title::{Title, words};
use crate::entity::{Entity, EntityKind};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "GitHub webhooks",
    recognised_by: "a `repository` object with `full_name`, and one of `sender`, `action`, `ref`, `pages`; `action` with `sender` and `organization`, both by `login`",
    native_id: "none: the delivery's id is an HTTP header; a hash of the content",
    time: "the newest of the object's own times (`updated_at`, `created_at`, `head_commit.timestamp`), else the broker's",
    severity: "context; a leaked secret that GitHub has found is an alert, medium",
    entities: "sender, pusher, member and who let a secret through by login and e-mail, neither bots nor GitHub; repository",
};

/// What a webhook may be about, under a member of that name.
const OBJECTS: [&str; 9] =
    ["alert", "comment", "review", "workflow_run", "workflow_job", "pull_request", "issue", "release", "deployment"];

/// Reads GitHub's webhooks.
pub(super) struct GithubWebhook;

impl Reader for GithubWebhook {
    fn name(&self) -> &'static str {
        "github_webhook"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let repository = || within(record, "repository").is_some_and(|it| has_string(&it, "full_name"));
        let logged = |member| within(record, member).is_some_and(|account| has_string(&account, "login"));
        // What happens to an organisation has no repository.
        let organisation = || has(record, "action") && logged("sender") && logged("organization");
        let named = has_any(record, &["sender", "action", "ref", "pages"]) && !has_string(record, "actor");
        named && (repository() || organisation())
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let object = OBJECTS.iter().find(|name| event.get(name).is_object());
        let body = object.map_or(Node::absent(), |name| event.get(name));
        let mut draft = match is_leak(event) {
            true => Draft::alert(self.name(), Group::Cloud, Severity::Medium),
            false => Draft::context(self.name(), Group::Cloud),
        };
        draft.time = first_time(&[body.get("updated_at"), body.get("created_at"), event.at("head_commit.timestamp")]);
        draft.vendor_tenant = event.first(&["organization.login", "repository.owner.login"]).text().map(Into::into);
        let (sender, pusher) = (event.get("sender"), event.get("pusher"));
        let author = body.get("user");
        draft.add(account(sender));
        draft.add(account(author));
        // GitHub itself is the sender of what it finds: a secret stands there by someone's choice.
        let bypassed = body.get("push_protection_bypassed_by");
        draft.add(account(bypassed));
        let member = [event.get("member"), event.at("membership.user")].into_iter().find(|member| member.is_object());
        let member = member.unwrap_or(Node::absent());
        draft.add(account(member));
        let own = pusher.get("name").text() == sender.get("login").text();
        draft.add(user(&[address(pusher.get("email")), if own { sender.get("login") } else { Node::absent() }]));
        draft.add_one(EntityKind::CloudResource, event.at("repository.full_name"));
        let what = match object {
            Some(_) if draft.kind == SignalKind::Alert => "leaked secret",
            Some(name) => name,
            None if event.get("commits").exists() => "push",
            None if event.get("membership").exists() => "organization",
            None if member.exists() => "member",
            None => "webhook",
        };
        draft.title = Title::of(words(what))
            .with_text(" ", event.get("action").text().as_deref())
            .by(&[bypassed.get("login"), sender.get("login"), author.get("login"), pusher.get("name")])
            .on(&[member.get("login"), event.at("repository.full_name"), event.at("organization.login")])
            .outcome(&[body.get("conclusion"), body.first(&["secret_type_display_name", "secret_type"])])
            .done();
        draft.publish(record, context, out)
    }
}

/// A leaked secret that GitHub has just found, or found to be public.
fn is_leak(event: Node<'_>) -> bool {
    let found = event.get("action").text().is_some_and(|action| is_one_of(&action, &["created", "publicly_leaked"]));
    found && event.at("alert.secret_type").exists()
}

fn account(account: Node<'_>) -> Option<Entity> {
    let login = account.get("login");
    // GitHub itself acts as an organisation.
    let bot = account.get("type").text().is_some_and(|kind| !kind.eq_ignore_ascii_case("User"))
        || login.text().is_some_and(|login| login.ends_with("[bot]"));
    user(&[login]).filter(|_| !bot)
}
