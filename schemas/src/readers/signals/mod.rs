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
mod carbon_black;
mod cloudflare;
mod crowdstrike;
mod crowdstrike_alert;
mod defender_alert;
mod defender_endpoint;
mod defender_evidence;
mod defender_hunting;
mod draft;
mod duo;
mod ecs;
mod entra;
mod entra_audit;
mod entra_provisioning;
mod entra_risk;
mod entra_signin;
mod fields;
mod fold;
mod format;
mod gcp_audit;
mod github_audit;
mod github_webhook;
mod google_workspace;
mod graph_activity;
mod intune;
mod kubernetes_audit;
mod mapping;
mod netskope;
mod notion_audit;
mod ocsf;
mod ocsf_observable;
mod office_activity;
mod okta;
mod onelogin;
mod onepassword;
mod openai_audit;
mod osquery;
mod page;
mod product_group;
mod push_security;
mod security_alert;
mod sentinelone;
mod sentinelone_unified;
mod shape;
mod slack_audit;
mod tailscale;
mod teleport;
mod things;
mod title;
mod windows_event;
mod windows_files;
mod windows_shape;
mod windows_titles;
mod zscaler;

pub(super) use fold::fold_alerts;
pub use format::{Format, table};
pub use mapping::{AlertFile, EntityFile, KindFile, Mapping, MappingError, MappingFile, TimeFormat};

use super::Reader;

/// Every reader of signals, alphabetically.
pub const READERS: &[&dyn Reader] = &[
    &anthropic_activity::AnthropicActivity,
    &auth0::Auth0,
    &aws_cloudtrail::AwsCloudtrail,
    &aws_guardduty::AwsGuardduty,
    &azure_activity::AzureActivity,
    &carbon_black::CarbonBlack,
    &cloudflare::Cloudflare,
    &crowdstrike::Crowdstrike,
    &crowdstrike_alert::CrowdstrikeAlert,
    &defender_alert::DefenderAlert,
    &defender_hunting::DefenderHunting,
    &duo::Duo,
    &ecs::Ecs,
    &entra_audit::EntraAudit,
    &entra_provisioning::EntraProvisioning,
    &entra_risk::EntraRisk,
    &entra_signin::EntraSignin,
    &gcp_audit::GcpAudit,
    &github_audit::GithubAudit,
    &github_webhook::GithubWebhook,
    &google_workspace::GoogleWorkspace,
    &graph_activity::GraphActivity,
    &intune::Intune,
    &kubernetes_audit::KubernetesAudit,
    &netskope::Netskope,
    &notion_audit::NotionAudit,
    &ocsf::Ocsf,
    &office_activity::OfficeActivity,
    &okta::Okta,
    &onelogin::Onelogin,
    &onepassword::Onepassword,
    &openai_audit::OpenaiAudit,
    &osquery::Osquery,
    &push_security::PushSecurity,
    &security_alert::SecurityAlert,
    &sentinelone::Sentinelone,
    &slack_audit::SlackAudit,
    &tailscale::Tailscale,
    &teleport::Teleport,
    &windows_event::WindowsEvent,
    &zscaler::Zscaler,
];
