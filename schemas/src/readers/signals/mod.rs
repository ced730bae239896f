//! Readers of identity, endpoint and cloud records, one file a vendor format.
//!
//! All of them walk a decoded tree with `fields`, name users, devices and files with `things` and
//! fill a `draft::Draft`, which owns what every signal has in common: uid, tenant, time, bounds.
//! Volume here is a thousandth of the telemetry's, so a tree per record is affordable.

mod aws;
mod aws_cloudtrail;
mod aws_guardduty;
mod carbon_black;
mod crowdstrike;
mod crowdstrike_alert;
mod defender_alert;
mod defender_evidence;
mod defender_hunting;
mod draft;
mod ecs;
mod entra;
mod entra_audit;
mod entra_risk;
mod entra_signin;
mod fields;
mod fold;
mod intune;
mod mapping;
mod ocsf;
mod ocsf_observable;
mod office_activity;
mod okta;
mod osquery;
mod sentinelone;
mod things;
mod windows_event;
mod windows_shape;
mod windows_titles;

pub use mapping::{AlertFile, EntityFile, KindFile, Mapping, MappingError, MappingFile, TimeFormat};

pub(super) use fold::fold_alerts;

use super::Reader;

/// Every reader of signals, alphabetically.
pub const READERS: &[&dyn Reader] = &[
    &aws_cloudtrail::AwsCloudtrail,
    &aws_guardduty::AwsGuardduty,
    &carbon_black::CarbonBlack,
    &crowdstrike::Crowdstrike,
    &crowdstrike_alert::CrowdstrikeAlert,
    &defender_alert::DefenderAlert,
    &defender_hunting::DefenderHunting,
    &ecs::Ecs,
    &entra_audit::EntraAudit,
    &entra_risk::EntraRisk,
    &entra_signin::EntraSignin,
    &intune::Intune,
    &ocsf::Ocsf,
    &office_activity::OfficeActivity,
    &okta::Okta,
    &osquery::Osquery,
    &sentinelone::Sentinelone,
    &windows_event::WindowsEvent,
];
