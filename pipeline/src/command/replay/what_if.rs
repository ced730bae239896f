//! What a change of configuration does to incidents: two replays of one input, held against each other.
//!
//! Incidents of both runs belong together where they share an alert of an AI application, which every incident has.
//! What falls into one group is told as one change: an incident that is there only before was removed, only after
//! it was added, several that became one were merged, one that became several was split, and the rest is the same,
//! changed, or regrouped. Compared is where each story ended; incidents that were merged away are not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use schemas::{Group, Incident, IncidentUid, Severity, SignalUid};
use serde::Serialize;

use super::outputs::Output;

/// Changes that the summary names; the file has all.
const CHANGES_TOLD_MAX: usize = 20;

/// An incident as its last revision tells it.
#[derive(Clone, PartialEq, Serialize)]
pub struct Story {
    uid: IncidentUid,
    title: String,
    severity: Severity,
    priority: u8,
    members_total: u64,
    suppressed: usize,
    #[serde(skip)]
    alerts: BTreeSet<SignalUid>,
}

/// The incidents of a run.
#[derive(Default)]
pub struct Stories(BTreeMap<IncidentUid, Story>);

impl Stories {
    /// Takes a revision in; the last one of each incident stays.
    pub fn note(&mut self, incident: &Incident) {
        if incident.merged_into.is_some() {
            self.0.remove(&incident.uid);
            return;
        }
        let alerts = incident.members.iter().filter(|member| member.signal.group == Group::Ai);
        let story = Story {
            uid: incident.uid.clone(),
            title: incident.title.clone(),
            severity: incident.severity,
            priority: incident.priority,
            members_total: incident.members_total,
            suppressed: incident.suppressed.len(),
            alerts: alerts.map(|member| member.signal.uid.clone()).collect(),
        };
        self.0.insert(incident.uid.clone(), story);
    }
}

/// What became of the incidents of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Removed,
    Merged,
    Split,
    Regrouped,
    Changed,
    #[serde(skip)]
    Same,
}

/// One group.
#[derive(Serialize)]
pub struct Difference {
    change: Change,
    before: Vec<Story>,
    after: Vec<Story>,
}

/// All groups, in the order of their change, then of their uids.
pub fn difference(before: &Stories, after: &Stories) -> Vec<Difference> {
    let runs = [before, after];
    let mut holders: BTreeMap<&SignalUid, Vec<(usize, &IncidentUid)>> = BTreeMap::new();
    for (run, stories) in runs.iter().enumerate() {
        for story in stories.0.values() {
            story.alerts.iter().for_each(|alert| holders.entry(alert).or_default().push((run, &story.uid)));
        }
    }
    let mut seen: BTreeSet<(usize, &IncidentUid)> = BTreeSet::new();
    let mut found = Vec::new();
    for start in runs.iter().enumerate().flat_map(|(run, stories)| stories.0.keys().map(move |uid| (run, uid))) {
        let (mut waiting, mut group) = (vec![start], [Vec::new(), Vec::new()]);
        while let Some((run, uid)) = waiting.pop() {
            let story = runs.get(run).and_then(|stories| stories.0.get(uid));
            let Some(story) = story.filter(|_| seen.insert((run, uid))) else { continue };
            waiting.extend(story.alerts.iter().filter_map(|alert| holders.get(alert)).flatten());
            if let Some(side) = group.get_mut(run) {
                side.push(story.clone());
            }
        }
        let [mut before, mut after] = group;
        before.sort_by(|a, b| a.uid.cmp(&b.uid));
        after.sort_by(|a, b| a.uid.cmp(&b.uid));
        let change = match (before.as_slice(), after.as_slice()) {
            ([], []) => continue,
            ([], _) => Change::Added,
            (_, []) => Change::Removed,
            ([one], [other]) if one == other => Change::Same,
            ([_], [_]) => Change::Changed,
            (_, [_]) => Change::Merged,
            ([_], _) => Change::Split,
            _ => Change::Regrouped,
        };
        found.push(Difference { change, before, after });
    }
    found.sort_by_key(|difference| difference.change);
    found
}

/// Writes every group that is not the same, one a line.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, differences: &[Difference]) -> anyhow::Result<()> {
    let mut output = Output::create(path.to_owned())?;
    for difference in differences.iter().filter(|difference| difference.change != Change::Same) {
        output.line(difference)?;
    }
    output.finish()
}

/// The figures, and the first changes by name.
pub fn summary(changes: &Path, differences: &[Difference], suppressed: [u64; 2]) -> String {
    let count = |change: Change| differences.iter().filter(|difference| difference.change == change).count();
    let total = |side: fn(&Difference) -> &Vec<Story>| differences.iter().map(|d| side(d).len()).sum::<usize>();
    let (before, after) = (total(|d| &d.before), total(|d| &d.after));
    let [suppressed_before, suppressed_after] = suppressed;
    let mut text = format!(
        "what if {}: {before} incidents before, {after} after: {} added, {} removed, {} merged, {} split, {} regrouped, \
         {} changed, {} the same; {suppressed_before} alerts suppressed before, {suppressed_after} after",
        changes.display(),
        count(Change::Added),
        count(Change::Removed),
        count(Change::Merged),
        count(Change::Split),
        count(Change::Regrouped),
        count(Change::Changed),
        count(Change::Same),
    );
    let told = differences.iter().filter(|difference| difference.change != Change::Same);
    for difference in told.clone().take(CHANGES_TOLD_MAX) {
        let word = format!("{:?}", difference.change).to_lowercase();
        let titles: Vec<&str> = difference.before.iter().chain(&difference.after).map(|s| s.title.as_str()).collect();
        let first = titles.first().copied().unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "\n  {word}: {} ({} -> {})",
            printable(first),
            difference.before.len(),
            difference.after.len()
        );
    }
    if let Some(more @ 1..) = told.count().checked_sub(CHANGES_TOLD_MAX) {
        let _ = write!(text, "\n  and {more} more");
    }
    text
}

/// A title holds what attackers chose; a terminal must not obey it.
fn printable(title: &str) -> String {
    title.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}
