//! Signals, random worlds and the obvious twin that the tests share.
#![allow(dead_code, reason = "every test binary uses its own part")]

pub mod counting;
pub mod desk;
pub mod twin;

use correlator::{Correlator, MapStore};
use schemas::{
    Activity, Category, Entity, EntityKind, Group, Incident, IncidentUid, Severity, Signal, SignalKind, SignalUid,
    TenantId, Timestamp,
};
use std::collections::BTreeMap;

/// An instant in May 2026, when nothing happened yet.
pub const START: i64 = 1_777_593_600_000;
pub const HOUR: i64 = 3_600_000;

/// A signal of tenant `acme` at `START + millis`.
pub fn signal(uid: &str, kind: SignalKind, millis: i64, entities: &[(EntityKind, &str)]) -> Signal {
    let (group, category, severity) = match kind {
        SignalKind::AiAlert => (Group::Ai, Some(Category::Jailbreak), Severity::High),
        SignalKind::Alert => (Group::Endpoint, None, Severity::High),
        SignalKind::Context => (Group::Identity, None, Severity::Informational),
    };
    Signal {
        uid: SignalUid::from(uid),
        native_id: uid.to_owned(),
        tenant: TenantId::from("acme"),
        time: Timestamp::from_millis(START + millis).expect("a time"),
        group,
        product: "test".to_owned(),
        kind,
        title: format!("title of {uid}"),
        severity,
        category,
        techniques: Vec::new(),
        entities: entities.iter().filter_map(|(kind, id)| Entity::new(*kind, [*id])).collect(),
        flags: Vec::new(),
        facts: schemas::Facts::default(),
    }
}

/// A fixed-seed generator (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// All revisions of a run over a map, flush included.
pub fn run(signals: &[Signal]) -> Vec<Incident> {
    run_with(&correlator::Config::default(), signals)
}

/// The same with a configuration.
pub fn run_with(config: &correlator::Config, signals: &[Signal]) -> Vec<Incident> {
    let mut correlator = Correlator::new(config.clone(), MapStore::default());
    let mut revisions = Vec::new();
    for signal in signals {
        revisions.extend(correlator.process(signal.clone()).expect("a map cannot fail"));
    }
    revisions.extend(correlator.flush().expect("a map cannot fail"));
    check_revisions(&revisions);
    revisions
}

/// Revisions count from 1 without gaps, start with Create, end with Close, and merges resolve.
pub fn check_revisions(revisions: &[Incident]) {
    let mut last: BTreeMap<IncidentUid, &Incident> = BTreeMap::new();
    for incident in revisions {
        let before = last.insert(incident.uid.clone(), incident);
        assert_eq!(incident.revision, before.map_or(1, |before| before.revision + 1), "{}", incident.uid);
        match before {
            None => assert_eq!(incident.activity, Activity::Create),
            Some(before) => {
                // After its end only people say something more.
                let said = incident.handling.commands_total > before.handling.commands_total;
                let told = incident.activity == Activity::Close && before.merged_into.is_none() && said;
                assert!(before.activity != Activity::Close || told, "{} goes on after its end", incident.uid);
                assert_ne!(incident.activity, Activity::Create);
                let same = Incident {
                    revision: before.revision,
                    time: before.time,
                    activity: before.activity,
                    ..incident.clone()
                };
                assert_ne!(&same, before, "a revision without news");
            }
        }
        assert!(incident.merged_into.is_none() || incident.activity == Activity::Close);
    }
    for incident in last.values() {
        if let Some(survivor) = &incident.merged_into {
            let survivor = last.get(survivor).expect("a survivor that was published");
            assert!(survivor.absorbed.contains(&incident.uid), "the survivor does not list {}", incident.uid);
        }
    }
}

/// The last revisions of the incidents that are open and were not withdrawn.
pub fn open(revisions: &[Incident]) -> Vec<Incident> {
    let mut last: BTreeMap<IncidentUid, Incident> = BTreeMap::new();
    for incident in revisions {
        last.insert(incident.uid.clone(), incident.clone());
    }
    last.into_values().filter(|incident| incident.activity != Activity::Close && !incident.withdrawn).collect()
}

/// What must not depend on the order of arrival: all but numbers, times of publication and history.
pub fn essence(mut incidents: Vec<Incident>) -> Vec<Incident> {
    for incident in &mut incidents {
        incident.revision = 0;
        incident.activity = Activity::Update;
        incident.time = Timestamp::default();
        incident.absorbed.clear();
    }
    incidents.sort_by(|a, b| a.uid.cmp(&b.uid));
    incidents
}
