//! Auth0 tenant logs, bare as the Management API gives them under `data` as log streams
//! send them, or in EventBridge's envelope.
//!
//! Source: auth0.com/docs/deploy-monitor/logs/log-event-type-codes. Types are short codes, of which titles
//! spell out the ones that matter here. What Auth0's attack protection reports is an alert.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has, has_all, has_any, is_one_of, within};
use super::format::Format;
use super::shape::{Inner, Shape};
use super::things::{address, named, person, user};
use super::title::Title;
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::Group;

const FORMAT: Format = Format {
    vendor: "Auth0 tenant logs",
    recognised_by: "`type` and `date` with one of `client_id`, `user_id`, `connection`, `strategy`, and `log_id`; the same under `data`; EventBridge's `source` `aws.partner/auth0.com`",
    native_id: "`log_id`, else `_id`",
    time: "`date`",
    severity: "context, medium where Auth0's confidence in the login is low; blocked accounts and addresses and breached passwords are alerts, medium",
    entities: "user by id and e-mail, the administrator behind a Management API call; ip, client as application, session, token by `jti`",
};

/// Types with which attack protection reports that it stepped in.
const ALERTS: [&str; 7] = [
    "limit_mu",
    "limit_sul",
    "limit_wc",
    "pwd_leak",
    "reset_pwd_leak",
    "signup_pwd_leak",
    "gd_recovery_rate_limit_exceed",
];

/// Reads Auth0's logs.
pub(super) struct Auth0;

fn is_log<'v>(record: &impl Shape<'v>) -> bool {
    has_all(record, &["type", "date"]) && has_any(record, &["client_id", "user_id", "connection", "strategy"])
}

impl Reader for Auth0 {
    fn name(&self) -> &'static str {
        "auth0"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let inside = |data: Inner<'_>| {
            let marked = has(record, "log_id") || has_any(&data, &["log_id", "details", "connection", "strategy"]);
            marked && is_log(&data)
        };
        let bridged = discriminator(record, "source").starts_with("aws.partner/auth0.com") && has(record, "detail");
        bridged || (has(record, "log_id") && is_log(record)) || within(record, "data").is_some_and(inside)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let root = Node::new(root);
        let root = if root.get("detail").is_object() { root.get("detail") } else { root };
        let event = if root.get("date").exists() { root } else { root.get("data") };
        let kind = event.get("type").text().unwrap_or_default();
        let mut draft = match is_one_of(&kind, &ALERTS) {
            true => Draft::alert(self.name(), Group::Identity, Severity::Medium),
            false => Draft::context(self.name(), Group::Identity),
        };
        // How sure Auth0 is that the login is the user's own.
        if event.at("details.riskAssessment.confidence").is("low") {
            draft.severity = draft.severity.max(Severity::Medium);
        }
        let ids = [event.get("log_id"), root.get("log_id"), event.get("_id")];
        draft.native_id = ids.iter().find_map(|id| id.text()).map(Cow::into_owned);
        draft.time = event.get("date").time();
        draft.vendor_tenant = event.get("tenant_name").text().map(Cow::into_owned);
        let request = event.at("details.request");
        let admin = request.at("auth.user");
        draft.add(user(&[event.get("user_id"), address(event.get("user_name"))]));
        draft.add(person(&[admin.get("user_id"), admin.get("email")], admin.get("name")));
        draft.add(user(&[request.at("body.invitee.email")]));
        draft.add_ips_as(Role::Source, [event.get("ip"), request.get("ip")]);
        draft.add(named(EntityKind::Application, event.get("client_id"), event.get("client_name")));
        draft.add_one(EntityKind::Session, event.at("details.session_id"));
        draft.add_one(EntityKind::ApiKey, request.at("auth.credentials.jti"));
        let described = event.get("description");
        let what = match (described.text(), what(&kind)) {
            (_, Some(what)) => what.to_owned(),
            (Some(described), None) => described.into_owned(),
            (None, None) => format!("Auth0 event {kind}"),
        };
        let reason = if what.starts_with("Failed") { described } else { Node::absent() };
        draft.title = Title::of(what)
            .by(&[admin.get("email"), event.get("user_name"), event.get("user_id"), event.get("client_name")])
            .from(&[event.get("ip")])
            .outcome(&[reason])
            .done();
        draft.publish(record, context, out)
    }
}

fn what(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "s" => "Login",
        "slo" => "Logout",
        "ss" => "Sign-up",
        "f" => "Failed login",
        "fp" => "Failed login with a wrong password",
        "fu" => "Failed login of an unknown user",
        "seacft" | "sertft" => "Token exchange",
        "limit_mu" => "Address blocked after many failed logins",
        "limit_sul" => "User blocked after too many logins",
        "limit_wc" => "Account blocked after failed logins",
        "pwd_leak" => "Login with a breached password",
        "reset_pwd_leak" => "Password reset to a breached password",
        "signup_pwd_leak" => "Sign-up with a breached password",
        "gd_auth_rejected" => "Multi-factor request rejected by the user",
        "gd_auth_failed" => "Failed multi-factor authentication",
        "gd_auth_succeed" => "Multi-factor authentication",
        _ => return None,
    })
}
