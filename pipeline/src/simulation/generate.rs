//! The whole simulation: a company, its days, and how its records arrive.

use fastrand::Rng;
use schemas::Timestamp;

use super::Record;
use super::background::background;
use super::campaign::campaigns;
use super::delivery::{Faults, deliver, through_hub};
use super::lookalike::lookalikes;
use super::organisation::Organisation;

/// What is simulated. The same settings make the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// When it begins; days are those of UTC from here on.
    pub start: Timestamp,
    /// Days, at least 1.
    pub days: u32,
    /// People, at least 1.
    pub users: u32,
    /// Attack campaigns.
    pub campaigns: u32,
    /// How records are delivered.
    pub faults: Faults,
    /// Of a hundred records, how many come from one farm of virtual desktops that all look the same.
    pub hub_percent: u32,
}

/// Every record, in the order in which they arrive.
pub fn generate(settings: &Settings) -> Vec<Record> {
    let Settings { seed, start, days, .. } = *settings;
    let company = Organisation::new(&mut Rng::with_seed(seed), settings.users as usize);
    let mut drafts = background(&company, seed, start, days);
    drafts.extend(lookalikes(&company, seed, start, days));
    drafts.extend(campaigns(&company, seed, start, days, settings.campaigns as usize));
    through_hub(&mut drafts, seed, settings.hub_percent);
    deliver(drafts, seed, settings.faults)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use schemas::Group;

    use super::*;
    use crate::config::{Config, Source};
    use crate::process::{Delivery, Processor};
    use crate::simulation::Stream;
    use crate::simulation::campaign::CAMPAIGNS;

    fn settings(seed: u64) -> Settings {
        let start = Timestamp::parse("2026-05-04T00:00:00Z").unwrap();
        Settings { seed, start, days: 2, users: 30, campaigns: 10, faults: Faults::Usual, hub_percent: 0 }
    }

    fn bodies(settings: &Settings) -> Vec<String> {
        generate(settings).into_iter().map(|record| record.body).collect()
    }

    #[test]
    fn the_seed_decides_every_byte() {
        assert_eq!(bodies(&settings(7)), bodies(&settings(7)));
        assert_ne!(bodies(&settings(7)), bodies(&settings(8)));
    }

    /// Every record is read, by the reader of its vendor, under the id that the truth gives it.
    #[test]
    fn readers_take_every_record_under_its_own_id() {
        let config = Config::defaults().unwrap();
        let processor = Processor::new(&config, config.tenants.clone()).unwrap();
        let source = Source { group: Group::Ai, format: None, tenancy: config.tenancy(None) };
        let mut products: BTreeSet<String> = BTreeSet::new();
        let records =
            [settings(1), Settings { faults: Faults::Harsh, hub_percent: 10, ..settings(2) }].map(|s| generate(&s));
        for record in records.iter().flatten() {
            let delivery = Delivery { time: Timestamp::default(), clamp_future: false, tenant: None };
            let outcome = processor.process(record.body.as_bytes(), &source, delivery);
            assert!(outcome.rejected.is_empty(), "{}: {:?}", record.body, outcome.rejected.first().map(|r| &r.error));
            assert!(!outcome.time_missing, "{}", record.body);
            let annotated: Vec<_> = outcome.interactions.iter().map(|processed| &processed.annotated).collect();
            let ids: Vec<&str> = match record.stream {
                Stream::Ai => annotated.iter().map(|annotated| annotated.id.as_str()).collect(),
                _ => outcome.signals.iter().map(|signal| signal.native_id.as_str()).collect(),
            };
            assert_eq!(ids, [record.truth.id.as_str()], "{}", record.body);
            products.extend(annotated.iter().map(|annotated| annotated.format.clone()));
            products.extend(outcome.signals.iter().map(|signal| signal.product.clone()));
        }
        for product in [
            "aws_cloudtrail",
            "aws_guardduty",
            "bedrock",
            "crowdstrike",
            "defender_alert",
            "defender_hunting",
            "entra_audit",
            "entra_risk",
            "entra_signin",
            "exchange",
            "github_audit",
            "google_workspace",
            "litellm",
            "office_activity",
            "okta",
            "otlp_json",
            "sysmon",
            "windows_event",
        ] {
            assert!(products.contains(product), "{product} is missing in {products:?}");
        }
    }

    /// What is true stands in the truth alone: a record that gave itself away would make every figure worthless.
    #[test]
    fn no_record_tells_the_truth_about_itself() {
        let records = generate(&settings(3));
        let words: BTreeSet<&str> = records
            .iter()
            .flat_map(|record| [record.truth.label.campaign.as_deref(), record.truth.label.benign])
            .flatten()
            .collect();
        assert!(words.len() > 10);
        for record in &records {
            assert!(!words.iter().any(|word| record.body.contains(word)), "{}", record.body);
        }
    }

    #[test]
    fn campaigns_spread_over_ai_identity_endpoint_and_cloud() {
        let mut streams: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for record in generate(&settings(1)) {
            if let (Some(campaign), Some(_)) = (record.truth.label.campaign, record.truth.label.step) {
                streams.entry(campaign).or_default().insert(record.stream);
            }
        }
        assert_eq!(streams.len(), CAMPAIGNS.len(), "every kind was played once");
        assert!(streams.values().all(|streams| streams.len() >= 2), "{streams:?}");
        assert_eq!(streams.values().flatten().collect::<BTreeSet<_>>().len(), 4);
    }
}
