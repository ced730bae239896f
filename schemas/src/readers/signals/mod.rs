//! Readers of identity, endpoint and cloud records, one file a vendor format.
//!
//! All of them walk a decoded tree with `fields`, name users, devices and files with `things` and
//! fill a `draft::Draft`, which owns what every signal has in common: uid, tenant, time, bounds.
//! Volume here is a thousandth of the telemetry's, so a tree per record is affordable.

mod anthropic_activity;
mod auth0;
mod aws;
mod aws_cloudtrail;
mod aws_guardduty;
mod azure_activity;
mod cloudflare;
mod defender_alert;
mod defender_evidence;
mod defender_hunting;
mod draft;
mod duo;
mod entra;
mod entra_audit;
mod entra_risk;
mod entra_signin;
mod fields;
mod format;
mod gcp_audit;
mod github_audit;
mod github_webhook;
mod google_workspace;
mod intune;
mod kubernetes_audit;
mod netskope;
mod notion_audit;
mod office_activity;
mod okta;
mod onelogin;
mod onepassword;
mod openai_audit;
mod push_security;
mod slack_audit;
mod tailscale;
mod teleport;
mod things;
mod title;
mod windows_event;
mod windows_shape;
mod windows_titles;
mod zscaler;

use super::Reader;
pub use format::{Format, table};

/// Every reader of signals, alphabetically.
pub const READERS: &[&dyn Reader] = &[
    &anthropic_activity::AnthropicActivity,
    &auth0::Auth0,
    &aws_cloudtrail::AwsCloudtrail,
    &aws_guardduty::AwsGuardduty,
    &azure_activity::AzureActivity,
    &cloudflare::Cloudflare,
    &defender_alert::DefenderAlert,
    &defender_hunting::DefenderHunting,
    &duo::Duo,
    &entra_audit::EntraAudit,
    &entra_risk::EntraRisk,
    &entra_signin::EntraSignin,
    &gcp_audit::GcpAudit,
    &github_audit::GithubAudit,
    &github_webhook::GithubWebhook,
    &google_workspace::GoogleWorkspace,
    &intune::Intune,
    &kubernetes_audit::KubernetesAudit,
    &netskope::Netskope,
    &notion_audit::NotionAudit,
    &office_activity::OfficeActivity,
    &okta::Okta,
    &onelogin::Onelogin,
    &onepassword::Onepassword,
    &openai_audit::OpenaiAudit,
    &push_security::PushSecurity,
    &slack_audit::SlackAudit,
    &tailscale::Tailscale,
    &teleport::Teleport,
    &windows_event::WindowsEvent,
    &zscaler::Zscaler,
];
