//! One replay against the truth.
//!
//! The *items* of a campaign are its records that became signals: what vendors wrote, and interactions that raised
//! an alert. Each is in one incident, the one that it is nearest to, or in none, and then by itself. Campaigns of
//! which the detectors saw no interaction at all have nothing that opens an incident; they are counted, and left
//! out of the figures of campaigns.

use std::collections::{BTreeMap, BTreeSet};

use super::clustering::{adjusted_rand, pairs};
use super::overlap::pairwise;
use super::story::{Incident, Told};
use crate::simulation::{Label, Record, Stream};

/// Incidents without a record of an attack.
pub const BENIGN: &str = "benign incidents a day";
/// The same where the inventory says what tests.
pub const BENIGN_REGISTERED: &str = "benign incidents a day, tests registered";

const PRECISION_WHEREVER: &str = "precision, wherever a record stands";
const RECALL_WHEREVER: &str = "recall, wherever a record stands";

/// What is reported, in this order, with the goal where there is one.
pub const FIGURES: [(&str, &str); 25] = [
    ("pairwise precision, macro per campaign", "≥ 0.98"),
    ("pairwise recall, macro per campaign", "≥ 0.98"),
    ("ARI, macro per campaign", "≥ 0.98"),
    ("ARI over all attack records", "≥ 0.98"),
    (PRECISION_WHEREVER, ""),
    (RECALL_WHEREVER, ""),
    ("share of steps in the best incident", ""),
    ("fragments per campaign", "1"),
    ("share of items in no incident", "0"),
    ("contamination of the best incident", "0"),
    ("everyday records in the best incident", ""),
    (BENIGN, "≤ 0.1"),
    (BENIGN_REGISTERED, "≤ 0.1"),
    ("lone attacks' incidents a day", ""),
    ("incidents a day", ""),
    ("of these, withdrawn a day", ""),
    ("alerts per campaign's incident", ""),
    ("largest incident, share of all signals", "≤ 0.05"),
    ("id survival", "1"),
    ("ARI, as delivered against in order", "1"),
    ("ARI, 6 h of jitter against in order", "1"),
    ("detectors: share of attack interactions alerted", ""),
    ("detectors: share of campaigns without any alert", ""),
    ("detectors: benign interactions alerted a day", ""),
    ("signals", ""),
];

/// The figures of one replay.
#[derive(Clone, Debug, Default)]
pub struct Score {
    figures: BTreeMap<&'static str, f64>,
}

impl Score {
    /// Notes a figure.
    pub fn set(&mut self, name: &'static str, value: f64) {
        self.figures.insert(name, value);
    }

    /// A figure.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// Compares what was told of `records`, which span `days`.
    pub fn of(records: &[Record], told: &Told, days: u32) -> Self {
        let truth = Truth::of(records, told);
        let homes = told.homes();
        let mut score = Self::default();
        score.campaigns(&truth, told, &homes);
        score.load(&truth, told, f64::from(days));
        score.detectors(&truth, told, f64::from(days));
        score.set("id survival", told.survival());
        score
    }

    fn campaigns(&mut self, truth: &Truth<'_>, told: &Told, homes: &BTreeMap<&str, &str>) {
        let items = truth.items();
        let placed: Vec<(&str, Home<'_>)> =
            items.iter().map(|(id, campaign)| (*campaign, Home::of(id, homes))).collect();
        self.set("ARI over all attack records", adjusted_rand(&placed));
        let campaigns: BTreeSet<&str> = placed.iter().map(|(name, _)| *name).filter(|name| !is_lone(name)).collect();
        let (campaigns, unseen): (Vec<&str>, Vec<&str>) =
            campaigns.into_iter().partition(|name| truth.is_alerted(name, told));
        let share = unseen.len() as f64 / f64::max((campaigns.len() + unseen.len()) as f64, 1.0);
        self.set("detectors: share of campaigns without any alert", share);
        let mut sums: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
        let residences = told.residences();
        for name in campaigns {
            let wherever = [PRECISION_WHEREVER, RECALL_WHEREVER].into_iter().zip(pairwise(name, &items, &residences));
            let wherever = wherever.filter_map(|(figure, value)| Some((figure, value?)));
            for (figure, value) in campaign(name, &placed, truth, told, homes).into_iter().chain(wherever) {
                let (sum, count) = sums.entry(figure).or_default();
                (*sum, *count) = (*sum + value, *count + 1.0);
            }
        }
        for (figure, (sum, count)) in sums {
            self.set(figure, sum / count);
        }
    }

    /// What an analyst has to look at.
    fn load(&mut self, truth: &Truth<'_>, told: &Told, days: f64) {
        let (mut benign, mut lone, mut alerts, mut of_campaigns) = (0.0, 0.0, 0.0, 0.0);
        let (mut all, mut largest) = (0.0, 0);
        for (_, incident) in told.standing() {
            let labels: Vec<&Label> = incident.members.iter().filter_map(|member| truth.label(&member.id)).collect();
            all += 1.0;
            largest = largest.max(incident.members_total);
            if !labels.iter().any(|label| label.attack) {
                benign += 1.0;
            } else if labels.iter().any(|label| label.attack && label.step.is_some()) {
                of_campaigns += 1.0;
                alerts += incident.members.iter().filter(|member| member.alert).count() as f64;
            } else {
                lone += 1.0;
            }
        }
        let vendors = truth.labels.values().filter(|(_, stream)| *stream != Stream::Ai).count() as f64;
        let signals = vendors + told.alerts as f64;
        self.set(BENIGN, benign / days);
        self.set("lone attacks' incidents a day", lone / days);
        self.set("incidents a day", all / days);
        let withdrawn = told.standing().filter(|(_, incident)| incident.withdrawn).count();
        self.set("of these, withdrawn a day", withdrawn as f64 / days);
        if of_campaigns > 0.0 {
            self.set("alerts per campaign's incident", alerts / of_campaigns);
        }
        self.set("largest incident, share of all signals", largest as f64 / f64::max(signals, 1.0));
        self.set("signals", signals);
    }

    fn detectors(&mut self, truth: &Truth<'_>, told: &Told, days: f64) {
        let interactions = truth.labels.iter().filter(|(_, (_, stream))| *stream == Stream::Ai);
        let (mut attacks, mut found, mut benign) = (0.0, 0.0, 0.0);
        for (id, (label, _)) in interactions {
            let alerted = f64::from(u8::from(told.alerted.contains(*id)));
            if label.attack {
                (attacks, found) = (attacks + 1.0, found + alerted);
            } else {
                benign += alerted;
            }
        }
        self.set("detectors: share of attack interactions alerted", found / f64::max(attacks, 1.0));
        self.set("detectors: benign interactions alerted a day", benign / days);
    }
}

/// Where an item is: in an incident, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home<'a> {
    Incident(&'a str),
    Nowhere(&'a str),
}

impl<'a> Home<'a> {
    fn of(id: &'a str, homes: &BTreeMap<&str, &'a str>) -> Self {
        homes.get(id).map_or(Self::Nowhere(id), |uid| Self::Incident(uid))
    }
}

fn is_lone(campaign: &str) -> bool {
    campaign.starts_with("single-")
}

/// What is true about the records that a replay could see.
struct Truth<'a> {
    labels: BTreeMap<&'a str, (&'a Label, Stream)>,
    seen: BTreeSet<&'a str>,
}

impl<'a> Truth<'a> {
    fn of(records: &'a [Record], told: &Told) -> Self {
        let entry = |record: &'a Record| (record.truth.id.as_str(), (&record.truth.label, record.stream));
        let labels: BTreeMap<_, _> = records.iter().map(entry).collect();
        let seen = labels.iter().filter(|(id, (_, stream))| *stream != Stream::Ai || told.alerted.contains(**id));
        let seen = seen.map(|(id, _)| *id).collect();
        Self { labels, seen }
    }

    fn label(&self, id: &str) -> Option<&'a Label> {
        self.labels.get(id).map(|(label, _)| *label)
    }

    /// Whether an interaction of the campaign raised an alert.
    fn is_alerted(&self, campaign: &str, told: &Told) -> bool {
        let of_campaign = |id: &String| self.label(id).and_then(|label| label.campaign.as_deref()) == Some(campaign);
        told.alerted.iter().any(of_campaign)
    }

    /// The attack records that became signals, each with its campaign.
    fn items(&self) -> Vec<(&'a str, &'a str)> {
        let of_attack = |id: &&'a str| {
            let label = self.label(id).filter(|label| label.attack)?;
            Some((*id, label.campaign.as_deref()?))
        };
        self.seen.iter().filter_map(of_attack).collect()
    }
}

/// The figures of one campaign.
///
/// *Recall*: of the pairs of its items, the share in one incident. *Precision*: of the pairs of an attack item in
/// one incident of which one is its, the share of which both are. *ARI*: of the partition into its items and all
/// others against that into its best incident and all else, so that both a missing part and a foreign one cost.
fn campaign(
    name: &str,
    placed: &[(&str, Home<'_>)],
    truth: &Truth<'_>,
    told: &Told,
    homes: &BTreeMap<&str, &str>,
) -> Vec<(&'static str, f64)> {
    let mut own: BTreeMap<Home<'_>, u64> = BTreeMap::new();
    let mut all: BTreeMap<Home<'_>, u64> = BTreeMap::new();
    for (campaign, home) in placed {
        *all.entry(*home).or_default() += 1;
        *own.entry(*home).or_default() += u64::from(*campaign == name);
    }
    let size: u64 = own.values().sum();
    let together: f64 = own.values().map(|count| pairs(*count)).sum();
    let foreign: u64 = own.iter().map(|(home, count)| count * (all.get(home).unwrap_or(count) - count)).sum();
    let incidents = own.iter().filter(|(home, count)| **count > 0 && matches!(home, Home::Incident(_)));
    let best = incidents.clone().max_by_key(|(_, count)| **count).map(|(home, _)| *home);
    let binary: Vec<(bool, bool)> =
        placed.iter().map(|(campaign, home)| (*campaign == name, Some(*home) == best)).collect();
    let nowhere: u64 = own.iter().filter(|(home, _)| matches!(home, Home::Nowhere(_))).map(|(_, count)| count).sum();
    let mut figures = vec![
        ("ARI, macro per campaign", adjusted_rand(&binary)),
        ("fragments per campaign", incidents.count() as f64),
        ("share of items in no incident", nowhere as f64 / f64::max(size as f64, 1.0)),
        ("share of steps in the best incident", steps(name, best, truth, homes)),
    ];
    if size > 1 {
        figures.push(("pairwise recall, macro per campaign", together / pairs(size)));
    }
    if together + foreign as f64 > 0.0 {
        figures.push(("pairwise precision, macro per campaign", together / (together + foreign as f64)));
    }
    if let Some(Home::Incident(uid)) = best
        && let Some(incident) = told.incidents.get(uid)
    {
        let (foreign, everyday) = strangers(name, incident, truth);
        figures.extend([
            ("contamination of the best incident", foreign),
            ("everyday records in the best incident", everyday),
        ]);
    }
    figures
}

/// The share of a campaign's steps, of those that became signals, of which its best incident tells.
fn steps(name: &str, best: Option<Home<'_>>, truth: &Truth<'_>, homes: &BTreeMap<&str, &str>) -> f64 {
    let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
    for id in &truth.seen {
        let Some(label) = truth.label(id).filter(|label| label.campaign.as_deref() == Some(name)) else { continue };
        seen.insert(label.step);
        if Some(Home::of(id, homes)) == best {
            told.insert(label.step);
        }
    }
    told.len() as f64 / f64::max(seen.len() as f64, 1.0)
}

/// Of an incident's members, the share that are of other attacks or of what only resembles one, and the share of
/// everyday records, which are those of the people in it.
fn strangers(name: &str, incident: &Incident, truth: &Truth<'_>) -> (f64, f64) {
    let (mut foreign, mut everyday) = (0.0, 0.0);
    for label in incident.members.iter().filter_map(|member| truth.label(&member.id)) {
        if label.attack && label.campaign.as_deref() == Some(name) {
            continue;
        }
        if label.attack || label.benign.is_some() { foreign += 1.0 } else { everyday += 1.0 }
    }
    let members = f64::max(incident.members.len() as f64, 1.0);
    (foreign / members, everyday / members)
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;

    use super::*;
    use crate::bench::quality::story::Member;

    fn record(id: &str, stream: Stream, label: Label) -> Record {
        Record::new(stream, id.to_owned(), Timestamp::default(), String::new(), label)
    }

    fn step(campaign: &str, step: &'static str) -> Label {
        Label { attack: true, campaign: Some(campaign.to_owned()), step: Some(step), ..Label::default() }
    }

    fn told(incidents: &[(&str, &[&str])], alerted: &[&str]) -> Told {
        let member = |id: &&str| Member { id: (*id).to_owned(), alert: true, hops: 0, strength: 0.0 };
        let incident = |ids: &[&str]| Incident {
            revision: 1,
            members: ids.iter().map(member).collect(),
            members_total: ids.len() as u64,
            merged_into: None,
            withdrawn: false,
        };
        Told {
            incidents: incidents.iter().map(|(uid, ids)| ((*uid).to_owned(), incident(ids))).collect(),
            alerted: alerted.iter().map(|id| (*id).to_owned()).collect(),
            alerts: alerted.len() as u64,
        }
    }

    fn records() -> Vec<Record> {
        let cloud = Stream::Cloud;
        vec![
            record("a1", cloud, step("a", "one")),
            record("a2", cloud, step("a", "two")),
            record("a3", Stream::Ai, step("a", "three")),
            record("b1", cloud, step("b", "one")),
            record("b2", Stream::Ai, step("b", "two")),
            record("n1", cloud, Label::background()),
            record("n2", Stream::Ai, Label::lookalike("red_team_sandbox")),
        ]
    }

    fn assert_figure(score: &Score, name: &str, wanted: f64) {
        assert!(FIGURES.iter().any(|(known, _)| *known == name), "{name} is not reported");
        let value = score.get(name).unwrap();
        assert!((value - wanted).abs() < 1e-9, "{name}: {value}, not {wanted}");
    }

    #[test]
    fn a_perfect_answer_has_perfect_figures() {
        let told = told(&[("i1", &["a1", "a2", "a3"]), ("i2", &["b1", "b2"])], &["a3", "b2"]);
        let score = Score::of(&records(), &told, 1);
        for (name, wanted) in [
            ("pairwise precision, macro per campaign", 1.0),
            ("pairwise recall, macro per campaign", 1.0),
            ("ARI, macro per campaign", 1.0),
            ("ARI over all attack records", 1.0),
            ("fragments per campaign", 1.0),
            ("contamination of the best incident", 0.0),
            ("benign incidents a day", 0.0),
            ("detectors: share of attack interactions alerted", 1.0),
            ("id survival", 1.0),
        ] {
            assert_figure(&score, name, wanted);
        }
    }

    /// Both campaigns in one incident: all of their pairs are found, and of ten pairs four are right. A look-alike
    /// by itself is a benign incident.
    #[test]
    fn what_is_joined_wrongly_costs_precision_and_not_recall() {
        let told = told(&[("i1", &["a1", "a2", "a3", "b1", "b2", "n1"]), ("i2", &["n2"])], &["a3", "b2", "n2"]);
        let score = Score::of(&records(), &told, 2);
        assert_figure(&score, "pairwise recall, macro per campaign", 1.0);
        // Of a: 3 pairs of its own, 6 with b; of b: 1 and 6.
        assert_figure(&score, "pairwise precision, macro per campaign", f64::midpoint(3.0 / 9.0, 1.0 / 7.0));
        assert_figure(&score, "ARI over all attack records", 0.0);
        assert_figure(&score, "contamination of the best incident", f64::midpoint(2.0 / 6.0, 3.0 / 6.0));
        assert_figure(&score, "everyday records in the best incident", 1.0 / 6.0);
        assert_figure(&score, "benign incidents a day", 0.5);
        assert_figure(&score, "detectors: benign interactions alerted a day", 0.5);
    }

    /// What the detectors miss is no item, and a campaign of which they miss everything is counted apart; what no
    /// incident tells of is by itself.
    #[test]
    fn missed_interactions_are_not_the_correlators_fault() {
        let told = told(&[("i1", &["a1"]), ("i2", &["b1", "b2"])], &["b2"]);
        let score = Score::of(&records(), &told, 1);
        assert_figure(&score, "detectors: share of attack interactions alerted", 0.5);
        assert_figure(&score, "detectors: share of campaigns without any alert", 0.5);
        assert_figure(&score, "pairwise recall, macro per campaign", 1.0);
        let told = Told { alerted: ["a3", "b2"].map(str::to_owned).into(), ..told };
        let score = Score::of(&records(), &told, 1);
        assert_figure(&score, "pairwise recall, macro per campaign", f64::midpoint(0.0, 1.0));
        assert_figure(&score, "share of items in no incident", f64::midpoint(2.0 / 3.0, 0.0));
        assert_figure(&score, "share of steps in the best incident", f64::midpoint(1.0 / 3.0, 1.0));
    }
}
