//! What happened to whom, in one line.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{Category, Entity, EntityKind, Group, Severity, SignalKind};

use super::Listed;
use crate::state::Component;

/// `Indirect injection and 2 more on user alice@contoso.example: AI, identity and endpoint activity`.
/// The threats are those of the listed AI alerts: the worst first, then the most frequent.
pub fn title(listed: &[Listed], component: &Component, entities: &[Entity]) -> String {
    let mut threats: BTreeMap<Category, (Severity, usize)> = BTreeMap::new();
    for opener in listed.iter().filter(|listed| listed.signal.kind == SignalKind::AiAlert) {
        let Some(category) = opener.signal.category else { continue };
        let (severity, count) = threats.entry(category).or_default();
        *severity = opener.signal.severity.max(*severity);
        *count += 1;
    }
    let first = threats.iter().max_by_key(|(category, worst)| (**worst, std::cmp::Reverse(**category)));
    let what = match (first, threats.len()) {
        (Some((category, _)), 1) => words(*category),
        (Some((category, _)), threats) => format!("{} and {} more", words(*category), threats - 1),
        (None, _) => match_of_a_rule(listed).unwrap_or("AI threat").to_owned(),
    };
    let whom = victim(entities.iter().filter(|entity| is_named_by_alert(entity, listed)))
        .or_else(|| victim(entities.iter()))
        .map(|(kind, label)| format!(" on {kind} {label}"))
        .unwrap_or_default();
    format!("{what}{whom}: {} activity", groups(&component.groups))
}

/// The title of the worst alert that a rule raised, for an incident that holds no other alert of Weir's.
fn match_of_a_rule(listed: &[Listed]) -> Option<&str> {
    let openers = listed.iter().map(|listed| &listed.signal).filter(|signal| signal.kind == SignalKind::AiAlert);
    openers
        .max_by_key(|signal| (signal.severity, std::cmp::Reverse((signal.time, &signal.uid))))
        .map(|s| s.title.as_str())
}

fn words(category: Category) -> String {
    let words = category.as_str().replace('_', " ");
    match category {
        Category::AsciiSmuggling => "ASCII smuggling".to_owned(),
        Category::MaliciousUrl => "Malicious URL".to_owned(),
        _ => {
            let mut letters = words.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// Whether an AI alert itself names the entity: records that joined later are many, and not what happened.
fn is_named_by_alert(entity: &Entity, listed: &[Listed]) -> bool {
    let alerts = listed.iter().filter(|listed| listed.signal.kind == SignalKind::AiAlert);
    alerts
        .flat_map(|listed| &listed.signal.entities)
        .any(|named| named.kind == entity.kind && named.ids.iter().any(|id| entity.ids.contains(id)))
}

/// Whom it happened to: the most shared of `entities` of the first kind of which there is one.
fn victim<'a>(entities: impl Iterator<Item = &'a Entity> + Clone) -> Option<(&'static str, &'a str)> {
    const KINDS: [(EntityKind, &str); 8] = [
        (EntityKind::User, "user"),
        (EntityKind::Mailbox, "mailbox"),
        (EntityKind::Device, "device"),
        (EntityKind::ApiKey, "API key"),
        (EntityKind::Agent, "agent"),
        (EntityKind::Application, "application"),
        (EntityKind::Session, "session"),
        (EntityKind::Ip, "address"),
    ];
    KINDS.iter().find_map(|(kind, word)| {
        let entity = entities.clone().find(|entity| entity.kind == *kind)?;
        Some((*word, readable(entity)))
    })
}

/// A name, else an address that people read, else an identifier.
fn readable(entity: &Entity) -> &str {
    let address = entity.ids.iter().find(|id| id.contains('@')).map(String::as_str);
    entity.name.as_deref().filter(|_| address.is_none()).or(address).unwrap_or_else(|| entity.label())
}

fn groups(groups: &BTreeSet<Group>) -> String {
    let word = |group: &Group| if *group == Group::Ai { "AI" } else { group.as_str() };
    let words: Vec<&str> = groups.iter().map(word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
