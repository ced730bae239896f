//! Anthropic's activity feed of an organisation (Compliance API).
//!
//! Source: platform.claude.com/docs/en/manage-claude/compliance-activity-feed. Every activity is context: the
//! feed records what was done and judges nothing. Chats' contents are not part of it.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has_all, has_any, within};
use super::format::Format;
use super::things::{address, named, user};
use super::title::{Title, words};
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Anthropic activity feed (Compliance API)",
    recognised_by: "`organization_id` or `organization_uuid` with `type`, `created_at` and an `actor` whose `type` ends in `_actor`",
    native_id: "`id`",
    time: "`created_at`",
    severity: "always context",
    entities: "actor by user id and e-mail, or API key; ip; chat as session; MCP server as tool; members that were invited or changed; files, projects, artifacts; API and service keys",
};

/// Members that name a key, used or managed.
const KEYS: [&str; 4] = ["api_key_id", "admin_api_key_id", "service_key_id", "scoped_api_key_id"];

/// Reads Anthropic's activity feed.
pub(super) struct AnthropicActivity;

impl Reader for AnthropicActivity {
    fn name(&self) -> &'static str {
        "anthropic_activity"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has_all(record, &["type", "created_at"])
            && has_any(record, &["organization_id", "organization_uuid"])
            && within(record, "actor").is_some_and(|actor| discriminator(&actor, "type").ends_with("_actor"))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let activity = Node::new(root);
        let actor = activity.get("actor");
        let mut draft = Draft::context(self.name(), Group::Identity);
        draft.native_id = activity.get("id").text().map(Cow::into_owned);
        draft.time = activity.get("created_at").time();
        draft.vendor_tenant = activity.first(&["organization_id", "organization_uuid"]).text().map(Cow::into_owned);
        draft.add(user(&[actor.get("user_id"), actor.get("email_address")]));
        draft.add_ips_as(Role::Source, [actor.get("ip_address")]);
        for key in KEYS {
            draft.add_one(EntityKind::ApiKey, actor.get(key));
            draft.add_one(EntityKind::ApiKey, activity.get(key));
        }
        draft.add_one(EntityKind::Session, activity.get("claude_chat_id"));
        draft.add(named(EntityKind::Tool, activity.get("mcp_server_id"), activity.get("mcp_server_name")));
        draft.add(user(&[activity.get("deleted_user_id"), activity.get("deleted_user_email")]));
        // Who else is named by an address: invited, added, changed.
        for (_, other) in activity.members().filter(|(name, _)| name.ends_with("email")) {
            draft.add(user(&[address(other)]));
        }
        for resource in ["claude_file_id", "claude_project_id", "claude_artifact_id"] {
            draft.add_one(EntityKind::CloudResource, activity.get(resource));
        }
        if activity.get("target_type").text().is_some_and(|kind| kind.ends_with("member") || kind.ends_with("user")) {
            draft.add(user(&[activity.get("target_id")]));
        }
        let targets = ["mcp_server_name", "deleted_user_email", "target_id", "integration_type", "claude_chat_id"];
        draft.title = Title::of(words(&activity.get("type").text().unwrap_or("activity".into())))
            .by(&[actor.get("email_address"), actor.get("user_id"), actor.first(&KEYS), actor.get("type")])
            .on(&targets.map(|key| activity.get(key)))
            .from(&[actor.get("ip_address")])
            .done();
        draft.publish(record, context, out)
    }
}
