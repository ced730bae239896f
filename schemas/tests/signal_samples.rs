//! The signal readers against records of vendors: of each folder it is known exactly how many are read, passed
//! by and rejected. The samples are not part of the repository; `WEIR_SAMPLES` names their folder, and where it
//! is missing these tests say so and pass.
#![cfg(test)]

use std::path::{Path, PathBuf};

use schemas::readers::{self, Context, Input, Limits, Output, RawRecord, Tenancy};
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
    passed_by: u32,
    rejected: Vec<String>,
}

fn read(folder: &str) -> Option<Read> {
    let tenancy = Tenancy::default();
    let context = Context {
        group: Group::Identity,
        broker_time: Timestamp::from_millis(1_800_000_000_000).expect("in range"),
        envelope_time: None,
        clamp_future: false,
        tenant_header: None,
        tenancy: &tenancy,
        proxies: &[],
        lone_wrappers: false,
        limits: Limits::default(),
        watch: None,
    };
    let mut read = Read { signals: Vec::new(), passed_by: 0, rejected: Vec::new() };
    for record in records(&samples(folder)?) {
        let mut out = Output::default();
        match readers::read(record.as_bytes(), None, &context, &mut out) {
            Ok(()) => assert!(out.rejected.is_empty(), "{folder}: not a collection"),
            Err(error) => read.rejected.push(format!("{error}: {record}")),
        }
        read.passed_by += out.passed_by;
        for input in out.inputs {
            match input {
                Input::Signal(signal) => read.signals.push(*signal),
                Input::Interaction(_) | Input::Command { .. } => panic!("{folder}: no signal out of {record}"),
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

/// `(folder, read, passed by, rejected)`, exactly.
const COUNTS: [(&str, usize, u32, usize); 34] = [
    ("signals/otrf_golden_saml", 52, 0, 0),
    ("signals/panther_anthropic", 19, 0, 0),
    ("signals/panther_auth0", 29, 0, 0),
    ("signals/panther_aws_cloudtrail", 231, 0, 0),
    ("signals/panther_aws_guardduty", 4, 0, 0),
    ("signals/panther_azure_activity", 107, 0, 0),
    ("signals/panther_azure_signin", 24, 0, 0),
    ("signals/panther_carbonblack", 8, 0, 0),
    ("signals/panther_cloudflare", 4, 0, 0),
    ("signals/panther_crowdstrike", 52, 0, 0),
    ("signals/panther_duo", 21, 0, 0),
    ("signals/panther_github", 89, 0, 0),
    ("signals/panther_gravitational_teleport", 13, 0, 0),
    ("signals/panther_gsuite_activityevent", 69, 0, 0),
    ("signals/panther_gsuite_reports", 10, 0, 0),
    ("signals/panther_intune", 3, 0, 0),
    ("signals/panther_kubernetes", 119, 0, 0),
    ("signals/panther_microsoft", 13, 0, 0),
    ("signals/panther_microsoft_defender", 1, 0, 0),
    ("signals/panther_netskope", 5, 0, 0),
    ("signals/panther_notion", 16, 0, 0),
    ("signals/panther_okta", 33, 0, 0),
    ("signals/panther_onelogin", 13, 0, 0),
    ("signals/panther_onepassword", 3, 0, 0),
    ("signals/panther_openai", 17, 0, 0),
    ("signals/panther_osquery", 19, 0, 0),
    ("signals/panther_push_security", 13, 0, 0),
    ("signals/panther_sentinelone", 6, 0, 0),
    ("signals/panther_slack", 33, 0, 0),
    ("signals/panther_tailscale", 3, 0, 0),
    ("signals/panther_zscaler", 15, 0, 0),
    ("telemetry/anthropic_activity_log", 19, 0, 0),
    ("telemetry/aws_cloudtrail_bedrock", 3, 0, 0),
    ("telemetry/openai_audit_log", 17, 0, 0),
];

#[test]
fn every_folder_gives_what_it_holds() {
    for (folder, count, passed_by, rejected) in COUNTS {
        let Some(read) = read(folder) else { continue };
        let found = (read.signals.len(), read.passed_by, read.rejected.len());
        assert_eq!(found, (count, passed_by, rejected), "{folder}: {:#?}", read.rejected);
        for signal in &read.signals {
            assert!(!signal.title.is_empty() && !signal.title.contains('\n'), "{folder}: {signal:?}");
            let derived = signal.flags.contains(&Flag::DerivedId);
            assert_eq!(derived, signal.native_id.len() == 64, "{folder}: {}", signal.native_id);
        }
    }
}

/// The lines of the files in `folder` that are JSON, out of the test rows that wrap some of them.
fn lines(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let texts: Vec<String> = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let rows = texts.iter().flat_map(|text| text.lines()).map(serde_json::from_str::<serde_json::Value>);
    rows.flatten().map(|row| row.get("log").unwrap_or(&row).to_string()).collect()
}

/// Whatever a vendor writes, the order of the list of readers decides nothing: at most one claims a record.
#[test]
fn no_record_is_claimed_twice() {
    for kind in ["signals", "telemetry"] {
        let Some(root) = samples(kind) else { continue };
        let mut folders: Vec<_> = std::fs::read_dir(root).expect("a folder").flatten().map(|e| e.path()).collect();
        folders.retain(|path| path.is_dir());
        let mut seen = 0;
        for folder in folders {
            for record in lines(&folder) {
                let raw = RawRecord::new(record.as_bytes());
                let claims: Vec<_> =
                    readers::all().filter(|reader| reader.recognises(&raw)).map(|reader| reader.name()).collect();
                assert!(claims.len() <= 1, "{}: {claims:?} claim {record}", folder.display());
                seen += 1;
            }
        }
        assert!(seen > 0, "no records of {kind}");
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
