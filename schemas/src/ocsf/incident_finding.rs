//! OCSF Incident Finding (2005): one revision of an incident, a full snapshot.
//!
//! Why a member belongs stands twice: in words in its `desc`, and for machines in `unmapped.links`, which in the
//! order of event time is the attack story: a tree whose root is the first alert.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use serde::Serialize;

use super::attack::Attack;
use super::observable::Observable;
use super::{Classification as Class, Metadata, Product, write_json};
use crate::entity::Entity;
use crate::handling::{Classification, CommandEntry, Comment, Determination, Handling};
use crate::ids::{IncidentUid, SignalUid};
use crate::incident::{
    EntityPart, Incident, IncidentStatus, Link, LinkFactor, Member, PriorityFactor, Related, Suppressed,
};
use crate::signal::{Group, Signal, SignalKind};

/// Shared entities that the words name; the rest is counted, and `unmapped.links` has all.
const SHARED_IN_WORDS_MAX: usize = 3;
/// Why an incident is resolved that nobody dealt with.
const WITHDRAWN: &str = "Withdrawn: later records explain it";

#[derive(Serialize)]
struct IncidentFinding<'a> {
    #[serde(flatten)]
    classification: Class,
    time: i64,
    start_time: i64,
    end_time: i64,
    severity_id: u8,
    severity: &'static str,
    priority_id: u8,
    priority: &'static str,
    status_id: u8,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_suspected_breach: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    message: &'a str,
    desc: String,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<Assignee<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee_group: Option<Assignee<'static>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    finding_info_list: Vec<FindingInfo<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable<'a>>,
    unmapped: Unmapped<'a>,
}

/// OCSF wants a person or a group from the first revision on, when nobody has taken the incident yet.
#[derive(Serialize)]
struct Assignee<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: &'a str,
    desc: String,
    created_time: i64,
    types: Vec<&'static str>,
    data_sources: [&'a str; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    product: Product<'a>,
    related_events: [RelatedEvent<'a>; 1],
}

#[derive(Serialize)]
struct RelatedEvent<'a> {
    uid: &'a str,
    title: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    created_time: i64,
    severity_id: u8,
    severity: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observables: Vec<Observable<'a>>,
}

#[derive(Serialize)]
struct Unmapped<'a> {
    priority: u8,
    priority_factors: &'a [PriorityFactor],
    members_total: u64,
    context: Vec<&'a SignalUid>,
    links: Vec<LinkRecord<'a>>,
    entities: &'a [Entity],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    parts: &'a [EntityPart],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    absorbed: &'a [IncidentUid],
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<&'a IncidentUid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continues: Option<&'a IncidentUid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split_from: Option<&'a IncidentUid>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    related: &'a [Related],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    suppressed: &'a [Suppressed],
    #[serde(flatten)]
    handling: Handled<'a>,
}

/// What people decided, as far as OCSF has no place for it; nothing where nobody did.
#[derive(Serialize)]
struct Handled<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    classification: Option<Classification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    determination: Option<Determination>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    tags: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    locked: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    comments: &'a [Comment],
    #[serde(skip_serializing_if = "Option::is_none")]
    comments_total: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    commands: &'a [CommandEntry],
    #[serde(skip_serializing_if = "Option::is_none")]
    commands_total: Option<u64>,
}

impl<'a> Handled<'a> {
    fn of(handling: &'a Handling) -> Self {
        let some = |total: u64| (total > 0).then_some(total);
        Self {
            classification: handling.classification,
            determination: handling.determination,
            tags: &handling.tags,
            name: handling.name.as_deref(),
            locked: handling.locked,
            comments: &handling.comments,
            comments_total: some(handling.comments_total),
            commands: &handling.commands,
            commands_total: some(handling.commands_total),
        }
    }
}

#[derive(Serialize)]
struct LinkRecord<'a> {
    time: i64,
    uid: &'a SignalUid,
    to: &'a SignalUid,
    strength: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<f32>,
    distance_ms: i64,
    hops: u8,
    shared: &'a [Entity],
    factors: &'a [LinkFactor],
}

/// Appends `incident` to `out` as an OCSF 1.8.0 Incident Finding, one line of JSON without the line's end.
pub fn write_incident_finding(incident: &Incident, out: &mut Vec<u8>) {
    let (status_id, status) = status(incident.status);
    let verdict = verdict(&incident.handling);
    let assignee = incident.handling.assignee.as_deref();
    let (priority_id, priority) = priority(incident.priority);
    let finding = IncidentFinding {
        classification: Class::new(2005, "Incident Finding", incident.activity),
        time: incident.time.millis(),
        start_time: incident.first_time.millis(),
        end_time: incident.last_time.millis(),
        severity_id: incident.severity.ocsf_id(),
        severity: incident.severity.caption(),
        priority_id,
        priority,
        status_id,
        status,
        status_detail: incident.withdrawn.then_some(WITHDRAWN),
        verdict_id: verdict.map(|(id, _, _)| id),
        verdict: verdict.map(|(_, caption, _)| caption),
        is_suspected_breach: verdict.and_then(|(_, _, breach)| breach),
        comment: incident.handling.comments.iter().rev().map(|c| c.text.as_str()).find(|text| !text.is_empty()),
        message: &incident.title,
        desc: summary(incident),
        metadata: metadata(incident),
        assignee: assignee.map(|name| Assignee { name }),
        assignee_group: assignee.is_none().then_some(Assignee { name: "Unassigned" }),
        attacks: Attack::all(&incident.techniques),
        finding_info_list: members(incident),
        observables: Observable::of_record(&incident.entities),
        unmapped: unmapped(incident),
    };
    write_json(&finding, out);
}

fn status(status: IncidentStatus) -> (u8, &'static str) {
    match status {
        IncidentStatus::New => (1, "New"),
        IncidentStatus::InProgress => (2, "In Progress"),
        IncidentStatus::OnHold => (3, "On Hold"),
        IncidentStatus::Resolved => (4, "Resolved"),
        IncidentStatus::Closed => (5, "Closed"),
    }
}

/// OCSF's verdict, and whether that suspects a breach. Of what is expected, a test has a verdict of its own; a
/// determination that says that nobody knows wins over the classification.
fn verdict(handling: &Handling) -> Option<(u8, &'static str, Option<bool>)> {
    let determination = handling.determination;
    if determination == Some(Determination::InsufficientData) {
        return Some((7, "Insufficient Data", None));
    }
    let is_test = matches!(determination, Some(Determination::SecurityTesting | Determination::SecurityPersonnel));
    handling.classification.map(|classification| match classification {
        Classification::FalsePositive => (1, "False Positive", Some(false)),
        Classification::TruePositive => (2, "True Positive", Some(!is_test)),
        Classification::InformationalExpectedActivity if is_test => (6, "Test", Some(false)),
        Classification::InformationalExpectedActivity => (5, "Benign", Some(false)),
    })
}

/// OCSF's four grades of a priority from 0 to 100, a quarter each.
fn priority(points: u8) -> (u8, &'static str) {
    match points {
        0..25 => (1, "Low"),
        25..50 => (2, "Medium"),
        50..75 => (3, "High"),
        _ => (4, "Critical"),
    }
}

fn metadata(incident: &Incident) -> Metadata<'_> {
    Metadata {
        correlation_uid: Some(incident.uid.as_str()),
        sequence: Some(incident.revision),
        // The uid of this revision, since OCSF wants one an event; the incident's is the correlation uid.
        ..Metadata::new(&incident.tenant, format!("{}:{}", incident.uid, incident.revision))
    }
}

/// One sentence: how much of what, and for how long.
fn summary(incident: &Incident) -> String {
    let listed = incident.members.len();
    // What a rule concluded from records is none.
    let matches = incident.members.iter().filter(|member| member.signal.is_match()).count();
    let mut text = match incident.members_total.saturating_sub(matches as u64) {
        1 => "1 record".to_owned(),
        records => format!("{records} records"),
    };
    if incident.members_total != listed as u64 {
        // Infallible: writing into a String.
        let _ = write!(text, " ({} listed)", listed.saturating_sub(matches));
    }
    let groups = [Group::Ai, Group::Identity, Group::Endpoint, Group::Cloud, Group::Model];
    let mut separator = ": ";
    for group in groups {
        let of_group = |member: &&Member| member.signal.group == group && !member.signal.is_match();
        let count = incident.members.iter().filter(of_group).count();
        if count > 0 {
            let _ = write!(text, "{separator}{count} {}", group.as_str());
            separator = ", ";
        }
    }
    match matches {
        0 => {}
        1 => text.push_str("; 1 alert of a rule"),
        _ => {
            let _ = write!(text, "; {matches} alerts of rules");
        }
    }
    let span = incident.last_time.abs_diff(incident.first_time);
    if span > 0 {
        let _ = write!(text, ", within {}", duration(span));
    }
    text
}

fn members(incident: &Incident) -> Vec<FindingInfo<'_>> {
    let titles: HashMap<&SignalUid, &str> =
        incident.members.iter().map(|member| (&member.signal.uid, member.signal.title.as_str())).collect();
    let openers = incident.members.iter().filter(|member| member.hops == 0);
    let first = openers.min_by_key(|member| (member.signal.time, &member.signal.uid)).map(|member| &member.signal.uid);
    incident.members.iter().map(|member| finding_info(member, first, &titles)).collect()
}

fn finding_info<'a>(
    member: &'a Member,
    first: Option<&SignalUid>,
    titles: &HashMap<&SignalUid, &str>,
) -> FindingInfo<'a> {
    let signal = &member.signal;
    let desc = match &member.link {
        Some(link) => reason(link, titles.get(&link.to).copied()),
        None if first == Some(&signal.uid) => "The first alert of the story".to_owned(),
        None => "Put here by an analyst".to_owned(),
    };
    FindingInfo {
        uid: signal.uid.as_str(),
        title: &signal.title,
        desc,
        created_time: signal.time.millis(),
        types: types(signal),
        data_sources: [signal.group.as_str(), &signal.product],
        attacks: Attack::all(&signal.techniques),
        product: Product::of(signal),
        related_events: [RelatedEvent {
            uid: &signal.native_id,
            title: &signal.title,
            kind: &signal.product,
            created_time: signal.time.millis(),
            severity_id: signal.severity.ocsf_id(),
            severity: signal.severity.caption(),
            observables: Observable::of_member(&signal.entities),
        }],
    }
}

/// What the member may do to an incident, and the threat where it is one of Weir's alerts.
fn types(signal: &Signal) -> Vec<&'static str> {
    let kind = match signal.kind {
        SignalKind::AiAlert => "ai_alert",
        SignalKind::Alert => "alert",
        SignalKind::Context => "context",
    };
    std::iter::once(kind).chain(signal.category.map(|category| category.as_str())).collect()
}

/// A link in words: `Linked to "Sign-in" through user alice@contoso.example, 4 min after it, strength 1.00`.
fn reason(link: &Link, title: Option<&str>) -> String {
    // A member that the bounded list leaves out is known by its uid alone.
    let mut text = match title {
        Some(title) => format!("Linked to \"{title}\""),
        None => format!("Linked to {}", link.to),
    };
    let mut separator = " through ";
    for entity in link.shared.iter().take(SHARED_IN_WORDS_MAX) {
        let kind = entity.kind.as_str().replace('_', " ");
        // Infallible: writing into a String.
        let _ = write!(text, "{separator}{kind} {}", entity.label());
        let alias = |factor: &LinkFactor| factor.alias && factor.kind == entity.kind;
        if link.factors.iter().any(alias) {
            text.push_str(" under another name");
        }
        separator = " and ";
    }
    if let Some(more @ 1..) = link.shared.len().checked_sub(SHARED_IN_WORDS_MAX) {
        let _ = write!(text, " and {more} more");
    }
    let _ = match link.distance_ms {
        0 => write!(text, ", at the same time"),
        ms @ 1.. => write!(text, ", {} after it", duration(ms)),
        ms => write!(text, ", {} before it", duration(ms.saturating_neg())),
    };
    if link.sequence > 0.0 {
        text.push_str(", techniques in the order of an attack");
    }
    if link.repeat > 0.0 {
        text.push_str(", the same threat again");
    }
    if link.counted > 0.0 {
        text.push_str(", counted by the rule");
    }
    let _ = write!(text, ", strength {:.2}", link.strength);
    text
}

/// A length of time to two figures or so, in the largest unit that it fills twice.
fn duration(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = UNITS.iter().find(|(size, _)| ms >= 2 * size);
    unit.map_or_else(|| format!("{ms} ms"), |(size, name)| format!("{} {name}", ms / size))
}

fn unmapped(incident: &Incident) -> Unmapped<'_> {
    let context = incident.members.iter().filter(|member| member.signal.kind == SignalKind::Context);
    let links = incident.members.iter().filter_map(|member| {
        let link = member.link.as_ref()?;
        Some(LinkRecord {
            time: member.signal.time.millis(),
            uid: &member.signal.uid,
            to: &link.to,
            strength: link.strength,
            sequence: (link.sequence > 0.0).then_some(link.sequence),
            repeat: (link.repeat > 0.0).then_some(link.repeat),
            counted: (link.counted > 0.0).then_some(link.counted),
            distance_ms: link.distance_ms,
            hops: member.hops,
            shared: &link.shared,
            factors: &link.factors,
        })
    });
    Unmapped {
        priority: incident.priority,
        priority_factors: &incident.priority_factors,
        members_total: incident.members_total,
        context: context.map(|member| &member.signal.uid).collect(),
        links: links.collect(),
        entities: &incident.entities,
        parts: &incident.parts,
        absorbed: &incident.absorbed,
        merged_into: incident.merged_into.as_ref(),
        continues: incident.continues.as_ref(),
        split_from: incident.split_from.as_ref(),
        related: &incident.related,
        suppressed: &incident.suppressed,
        handling: Handled::of(&incident.handling),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::EntityKind;

    fn shared(ids: &[&str]) -> Vec<Entity> {
        ids.iter().filter_map(|id| Entity::new(EntityKind::User, [*id])).collect()
    }

    #[test]
    fn a_link_reads_as_a_sentence() {
        let link = |ids: &[&str], distance_ms| Link {
            to: "t".into(),
            shared: shared(ids),
            factors: Vec::new(),
            sequence: 0.0,
            repeat: 0.0,
            counted: 0.0,
            strength: 1.0,
            distance_ms,
        };
        assert_eq!(
            reason(&link(&["a@x.example"], 240_000), Some("Sign-in")),
            "Linked to \"Sign-in\" through user a@x.example, 4 min after it, strength 1.00"
        );
        assert_eq!(
            reason(&link(&["a", "b", "c", "d", "e"], -90_000), None),
            "Linked to t through user a and user b and user c and 2 more, 90 s before it, strength 1.00"
        );
        assert_eq!(reason(&link(&[], 0), None), "Linked to t, at the same time, strength 1.00");
    }

    #[test]
    fn durations_name_one_unit() {
        for (ms, expected) in
            [(0, "0 ms"), (1_999, "1999 ms"), (2_000, "2 s"), (7_200_000, "2 h"), (200_000_000, "2 d")]
        {
            assert_eq!(duration(ms), expected);
        }
        assert_eq!(duration(i64::MAX), "106751991167 d");
    }
}
