//! Readers of identity, endpoint and cloud records, one file a vendor format.
//!
//! All of them walk a decoded tree with [`fields`], name users, devices and files with [`things`] and
//! fill a [`draft::Draft`], which owns what every signal has in common: uid, tenant, time, bounds.
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
mod intune;
mod office_activity;
mod okta;
mod things;
mod windows_event;
mod windows_shape;
mod windows_titles;

use super::Reader;

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::{Map, Value};

    use crate::readers::{RawRecord, all, json};

    fn recognising(text: &str) -> Vec<&'static str> {
        let Ok(json::Top::Object(object)) = json::top_level(text.as_bytes()) else { panic!("no object: {text}") };
        let record = RawRecord { bytes: text.as_bytes(), object: Some(object) };
        all().filter(|reader| reader.recognises(&record)).map(|reader| reader.name()).collect()
    }

    #[test]
    fn one_reader_recognises_each_case() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/signals");
        for reader in super::READERS.iter().map(|reader| reader.name()) {
            let files = fs::read_dir(folder.join(reader)).expect("cases").map(|entry| entry.expect("a file").path());
            for file in files.filter(|file| file.to_string_lossy().ends_with(".in.json")) {
                let text = fs::read_to_string(&file).expect("text");
                assert_eq!(recognising(&text), [reader], "{}", file.display());
                // Lakes lower the keys of the outermost level; `event` in lower case is another vendor's wrapper.
                let case: Map<String, Value> = serde_json::from_str(&text).expect("an object");
                let lowered: Map<_, _> = case.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
                if !lowered.contains_key("event") {
                    assert_eq!(recognising(&Value::from(lowered).to_string()), [reader], "{} lowered", file.display());
                }
            }
        }
    }
}
