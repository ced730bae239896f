//! The signal readers against real records of vendors: what they cover must be read, every record by one
//! reader. The samples are not part of the repository; `WEIR_SAMPLES` names their folder, and where it is
//! missing these tests say so and pass.
#![cfg(test)]

use std::path::{Path, PathBuf};

use schemas::readers::{self, Context, Input, Limits, Output, Tenancy};
use schemas::{EntityKind, Flag, Group, Signal, Timestamp};

/// The folder of a sample, or `None` with a word on it where there are no samples.
fn samples(folder: &str) -> Option<PathBuf> {
    let root = std::env::var("WEIR_SAMPLES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let folder = Path::new(&root).join(folder);
    if !folder.is_dir() {
        println!("skipped: no samples in {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The records in the JSON files of `folder`, out of the test rows that wrap some of them.
fn records(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "json" || end == "jsonl"));
    files.sort();
    let mut records = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("text");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            records.push(row.get("log").unwrap_or(&row).to_string());
        }
    }
    records
}

struct Read {
    signals: Vec<Signal>,
    rejected: Vec<String>,
}

fn read(folder: &str) -> Option<Read> {
    let tenancy = Tenancy::default();
    let context = Context {
        group: Group::Identity,
        broker_time: Timestamp::from_millis(1_800_000_000_000).expect("in range"),
        clamp_future: false,
        tenant_header: None,
        tenancy: &tenancy,
        proxies: &[],
        limits: Limits::default(),
    };
    let mut read = Read { signals: Vec::new(), rejected: Vec::new() };
    for record in records(&samples(folder)?) {
        let mut out = Output::default();
        match readers::read(record.as_bytes(), None, &context, &mut out) {
            Ok(()) => assert!(out.rejected.is_empty(), "{folder}: not a collection"),
            Err(error) => read.rejected.push(format!("{error}: {record}")),
        }
        for input in out.inputs {
            match input {
                Input::Signal(signal) => read.signals.push(*signal),
                Input::Interaction(_) => panic!("{folder}: an interaction out of {record}"),
            }
        }
    }
    if std::env::var_os("WEIR_SHOW").is_some() {
        for signal in &read.signals {
            println!("{}", serde_json::to_string(signal).expect("JSON"));
        }
    }
    println!("{folder}: {} read, {} rejected", read.signals.len(), read.rejected.len());
    Some(read)
}

/// `(folder, records)`: every one of them must be read.
const COVERED: [(&str, usize); 13] = [
    ("signals/otrf_golden_saml", 52),
    ("signals/panther_aws_cloudtrail", 231),
    ("signals/panther_aws_guardduty", 4),
    ("signals/panther_azure_signin", 24),
    ("signals/panther_carbonblack", 8),
    ("signals/panther_crowdstrike", 52),
    ("signals/panther_intune", 3),
    ("signals/panther_microsoft", 13),
    ("signals/panther_microsoft_defender", 1),
    ("signals/panther_okta", 33),
    ("signals/panther_osquery", 19),
    ("signals/panther_sentinelone", 6),
    ("telemetry/aws_cloudtrail_bedrock", 3),
];

#[test]
fn every_record_of_a_covered_format_is_read() {
    for (folder, count) in COVERED {
        let Some(read) = read(folder) else { continue };
        assert!(read.rejected.is_empty(), "{folder}: {:#?}", read.rejected);
        assert_eq!(read.signals.len(), count, "{folder}");
        for signal in &read.signals {
            assert!(!signal.title.is_empty() && !signal.title.contains('\n'), "{folder}: {signal:?}");
            let derived = signal.flags.contains(&Flag::DerivedId);
            assert_eq!(derived, signal.native_id.len() == 64, "{folder}: {}", signal.native_id);
        }
    }
}

/// One recorded attack across identity, endpoint and cloud: what its records share is what will link them.
#[test]
fn a_recorded_attack_shares_its_users_and_devices() {
    let Some(read) = read("signals/otrf_golden_saml") else { return };
    let with = |kind: EntityKind, id: &str| -> Vec<Group> {
        let names = |signal: &&Signal| {
            signal.entities.iter().any(|entity| entity.kind == kind && entity.ids.iter().any(|known| known == id))
        };
        let mut groups: Vec<_> = read.signals.iter().filter(names).map(|signal| signal.group).collect();
        groups.sort();
        groups.dedup();
        groups
    };
    let local = [Group::Identity, Group::Endpoint];
    assert_eq!(with(EntityKind::User, "pgustavo@simulandlabs.com"), [Group::Identity, Group::Cloud]);
    // The object id, which is all that an application may know of its user, reaches their opened mailbox.
    let mailboxes = read.signals.iter().filter(|signal| {
        let has = |kind, id: &str| signal.entities.iter().any(|e| e.kind == kind && e.ids.iter().any(|own| own == id));
        has(EntityKind::Mailbox, "pgustavo@simulandlabs.com")
            && has(EntityKind::User, "aead923d-498b-4f64-a66c-2af91447a8b6")
    });
    assert_eq!(mailboxes.count(), 1);
    assert_eq!(with(EntityKind::User, "s-1-5-21-2490359158-13971675-3780420524-1105"), local);
    for device in ["adfs01", "adfs01.simulandlabs.com", "dc01"] {
        assert_eq!(with(EntityKind::Device, device), local, "{device}");
    }
    assert_eq!(with(EntityKind::Application, "5a95e683-08ad-424e-a441-1d1aec52c02c"), [Group::Cloud]);
    // Bare names, machine accounts, Exchange's and Graph's ids stand in these records and name no one.
    for nobody in ["wardog", "adfs01$", "simulandlabs\\adfs01$", "00000003-0000-0000-c000-000000000000"] {
        assert!(with(EntityKind::User, nobody).is_empty(), "{nobody}");
    }
    assert!(with(EntityKind::Process, "de96a6e69944335375dc1ac238336066889d9ffc7d73628ef4fe1b1b160ab32c").is_empty());
}
