//! Readers of identity, endpoint and cloud records, one file a vendor format.
//!
//! All of them walk a decoded tree with `fields`, name users, devices and files with `things` and
//! fill a `draft::Draft`, which owns what every signal has in common: uid, tenant, time, bounds.
//! Volume here is a thousandth of the telemetry's, so a tree per record is affordable.

mod aws;
mod aws_cloudtrail;
mod aws_guardduty;
mod defender_alert;
mod defender_evidence;
mod defender_hunting;
mod draft;
mod entra;
mod entra_audit;
mod entra_risk;
mod entra_signin;
mod fields;
mod format;
mod intune;
mod office_activity;
mod okta;
mod things;
mod windows_event;
mod windows_shape;
mod windows_titles;

use super::Reader;
pub use format::{Format, table};

/// Every reader of signals, alphabetically.
pub const READERS: &[&dyn Reader] = &[
    &aws_cloudtrail::AwsCloudtrail,
    &aws_guardduty::AwsGuardduty,
    &defender_alert::DefenderAlert,
    &defender_hunting::DefenderHunting,
    &entra_audit::EntraAudit,
    &entra_risk::EntraRisk,
    &entra_signin::EntraSignin,
    &intune::Intune,
    &office_activity::OfficeActivity,
    &okta::Okta,
    &windows_event::WindowsEvent,
];
