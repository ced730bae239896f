//! What a replay told: its incidents as a SIEM knows them in the end, and which interactions were alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::overlap::Residences;

/// A member of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The record's own id.
    pub id: String,
    /// Whether it is an alert, Weir's or a vendor's.
    pub alert: bool,
    /// Steps from the nearest alert that opens incidents.
    pub hops: u64,
    /// How strongly it is linked; that of the first alert is not known.
    pub strength: f64,
}

/// The last revision of an incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incident {
    /// Its revision.
    pub revision: u64,
    /// The members that it lists.
    pub members: Vec<Member>,
    /// All members.
    pub members_total: u64,
    /// The incident that it became part of.
    pub merged_into: Option<String>,
    /// Whether it was taken back: somebody had to look at it, and it tells of nothing.
    pub withdrawn: bool,
}

/// Everything that a replay told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Incidents by uid.
    pub incidents: BTreeMap<String, Incident>,
    /// The interactions that raised an alert.
    pub alerted: BTreeSet<String>,
    /// Alerts.
    pub alerts: u64,
}

impl Told {
    /// Reads the files of a replay.
    ///
    /// # Errors
    /// When a file cannot be read or is not what a replay writes.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut told = Self::default();
        each_line(&folder.join("incidents.jsonl"), |line| told.revision(line).context("an incident without its uid"))?;
        each_line(&folder.join("alerts.jsonl"), |line| {
            told.alerts += 1;
            told.alerted.extend(text(line, "/metadata/original_event_uid"));
            Ok(())
        })?;
        Ok(told)
    }

    fn revision(&mut self, line: &Value) -> Option<()> {
        let uid = text(line, "/metadata/correlation_uid")?;
        let revision = line.pointer("/metadata/sequence")?.as_u64()?;
        let incident = self.incidents.entry(uid).or_default();
        if revision >= incident.revision {
            *incident = Incident {
                revision,
                members: members(line),
                members_total: line.pointer("/unmapped/members_total")?.as_u64()?,
                merged_into: text(line, "/unmapped/merged_into"),
                withdrawn: line.get("status_detail").is_some(),
            };
        }
        Some(())
    }

    /// Incidents that were not merged into another.
    pub fn standing(&self) -> impl Iterator<Item = (&String, &Incident)> {
        self.incidents.iter().filter(|(_, incident)| incident.merged_into.is_none())
    }

    /// Where each record is told of: of several incidents, the one that it is nearest to.
    pub fn homes(&self) -> BTreeMap<&str, &str> {
        let mut best: BTreeMap<&str, (&Member, &str)> = BTreeMap::new();
        for (uid, incident) in self.standing().filter(|(_, incident)| !incident.withdrawn) {
            for member in &incident.members {
                let nearer = |known: &Member| {
                    (known.hops, -known.strength).partial_cmp(&(member.hops, -member.strength))
                        == Some(std::cmp::Ordering::Greater)
                };
                match best.get(member.id.as_str()) {
                    Some((known, _)) if !nearer(known) => {}
                    _ => {
                        best.insert(&member.id, (member, uid));
                    }
                }
            }
        }
        best.into_iter().map(|(id, (_, uid))| (id, uid)).collect()
    }

    /// All incidents in which each record is told of.
    pub fn residences(&self) -> Residences<'_> {
        let mut residences = Residences::new();
        for (uid, incident) in self.standing().filter(|(_, incident)| !incident.withdrawn) {
            for member in &incident.members {
                residences.entry(member.id.as_str()).or_default().insert(uid);
            }
        }
        residences
    }

    /// The share of uids that lead to an incident that stands, over as many merges as it takes.
    pub fn survival(&self) -> f64 {
        let resolves = |uid: &String| {
            let mut uid = uid;
            for _ in 0..=self.incidents.len() {
                match self.incidents.get(uid) {
                    None => return false,
                    Some(Incident { merged_into: None, .. }) => return true,
                    Some(Incident { merged_into: Some(next), .. }) => uid = next,
                }
            }
            false
        };
        let resolved = self.incidents.keys().filter(|uid| resolves(uid)).count();
        if self.incidents.is_empty() { 1.0 } else { resolved as f64 / self.incidents.len() as f64 }
    }
}

fn members(line: &Value) -> Vec<Member> {
    let list = |at: &str| line.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let links: BTreeMap<&str, &Value> =
        list("/unmapped/links").iter().filter_map(|link| Some((link.get("uid")?.as_str()?, link))).collect();
    let context: BTreeSet<&str> = list("/unmapped/context").iter().filter_map(Value::as_str).collect();
    let member = |info: &Value| {
        let uid = info.get("uid")?.as_str()?;
        let link = links.get(uid);
        Some(Member {
            id: text(info, "/related_events/0/uid")?,
            alert: !context.contains(uid),
            hops: link.and_then(|link| link.get("hops")?.as_u64()).unwrap_or(0),
            strength: link.and_then(|link| link.get("strength")?.as_f64()).unwrap_or(0.0),
        })
    };
    list("/finding_info_list").iter().filter_map(member).collect()
}

fn text(value: &Value, at: &str) -> Option<String> {
    value.pointer(at)?.as_str().map(str::to_owned)
}

fn each_line(path: &Path, mut visit: impl FnMut(&Value) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    for line in BufReader::new(file).lines() {
        visit(&serde_json::from_str(&line?).with_context(|| format!("{} holds no JSON", path.display()))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(revisions: &[Value]) -> Told {
        let mut told = Told::default();
        for revision in revisions {
            told.revision(revision).unwrap();
        }
        told
    }

    fn revision(uid: &str, sequence: u64, members: &[(&str, u64)], merged_into: Option<&str>) -> Value {
        let infos: Vec<Value> = members
            .iter()
            .map(|(id, _)| json!({ "uid": format!("s-{id}"), "related_events": [{ "uid": id }] }))
            .collect();
        let links: Vec<Value> = members
            .iter()
            .map(|(id, hops)| json!({ "uid": format!("s-{id}"), "hops": hops, "strength": 1.0 }))
            .collect();
        json!({
            "metadata": { "correlation_uid": uid, "sequence": sequence },
            "finding_info_list": infos,
            "unmapped": {
                "links": links, "context": [], "members_total": members.len(), "merged_into": merged_into },
        })
    }

    #[test]
    fn the_last_revision_counts_and_a_record_lives_where_it_is_nearest() {
        let told = told(&[
            revision("i1", 2, &[("a", 0), ("b", 1)], None),
            revision("i1", 1, &[("a", 0)], None),
            revision("i2", 1, &[("b", 2), ("c", 0)], None),
        ]);
        assert_eq!(told.homes(), [("a", "i1"), ("b", "i1"), ("c", "i2")].into());
    }

    #[test]
    fn uids_resolve_through_merges_and_a_broken_chain_shows() {
        let whole =
            [revision("i1", 1, &[], Some("i2")), revision("i2", 1, &[], Some("i3")), revision("i3", 1, &[], None)];
        assert!((told(&whole).survival() - 1.0).abs() < 1e-12);
        assert!((told(&whole[..2]).survival()).abs() < 1e-12, "i3 was never told of");
        let circle = [revision("i1", 1, &[], Some("i2")), revision("i2", 1, &[], Some("i1"))];
        assert!(told(&circle).survival().abs() < 1e-12);
    }
}
