//! What happened to whom, in one line.

use std::collections::{BTreeMap, BTreeSet};

use schemas::incident::{EntityPart, Part};
use schemas::{Category, Entity, EntityKind, Group, Severity, Signal, SignalKind};

use super::Listed;
use crate::state::Component;

/// `Indirect injection and 2 more on user alice@contoso.example by address 203.0.113.9: AI and identity activity`.
///
/// What happened: the story that a rule recognised, where that is worse than each part of it; else the threats of the
/// listed AI alerts, the worst first, then the most frequent. To whom: a victim before others. By whom: where that is
/// somebody else, the first attacker.
pub fn title(listed: &[Listed], component: &Component, entities: &[Entity], parts: &[EntityPart]) -> String {
    let mut threats: BTreeMap<Category, (Severity, usize)> = BTreeMap::new();
    for opener in listed.iter().filter(|listed| listed.signal.kind == SignalKind::AiAlert) {
        let Some(category) = opener.signal.category else { continue };
        let (severity, count) = threats.entry(category).or_default();
        *severity = opener.signal.severity.max(*severity);
        *count += 1;
    }
    let first = threats.iter().max_by_key(|(category, worst)| (**worst, std::cmp::Reverse(**category)));
    let story = match_of_a_rule(listed);
    let worse = story.filter(|story| first.is_none_or(|(_, (severity, _))| story.severity > *severity));
    let what = match (first, threats.len()) {
        _ if worse.is_some() => worse.map(short).unwrap_or_default(),
        (Some((category, _)), 1) => words(*category),
        (Some((category, _)), threats) => format!("{} and {} more", words(*category), threats - 1),
        (None, _) => "AI threat".to_owned(),
    };
    let part = |entity: &Entity| {
        let own = parts.iter().find(|part| part.kind == entity.kind && entity.ids.first() == Some(&part.id));
        own.map(|part| part.part)
    };
    let whom = victim(entities.iter().filter(|entity| is_named_by_alert(entity, listed)), &part)
        .or_else(|| victim(entities.iter(), &part));
    // Whoever does it all alone is named once.
    let by_other = whom.is_some_and(|whom| part(whom.1) != Some(Part::Attacker));
    let by = attacker(entities.iter().filter(|entity| by_other && part(entity) == Some(Part::Attacker)));
    let named = |preposition: &str, who: Option<(&str, &Entity)>| {
        who.map(|(kind, entity)| format!(" {preposition} {kind} {}", readable(entity))).unwrap_or_default()
    };
    format!("{what}{}{}: {} activity", named("on", whom), named("by", by), groups(&component.groups))
}

/// The worst alert that a rule raised.
fn match_of_a_rule(listed: &[Listed]) -> Option<&Signal> {
    let openers = listed.iter().map(|listed| &listed.signal).filter(|signal| signal.kind == SignalKind::AiAlert);
    let matches = openers.filter(|signal| signal.category.is_none());
    matches.max_by_key(|signal| (signal.severity, std::cmp::Reverse((signal.time, &signal.uid))))
}

/// A rule's title up to where it goes into details.
fn short(signal: &Signal) -> String {
    signal.title.split(": ").next().unwrap_or_default().to_owned()
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

/// Whom it happened to: of the first kind of which there is one, the most shared of `entities` that is a victim, else
/// the most shared.
fn victim<'a>(
    entities: impl Iterator<Item = &'a Entity> + Clone,
    part: &impl Fn(&Entity) -> Option<Part>,
) -> Option<(&'static str, &'a Entity)> {
    const KINDS: [(EntityKind, &str); 9] = [
        (EntityKind::User, "user"),
        (EntityKind::Mailbox, "mailbox"),
        (EntityKind::Device, "device"),
        (EntityKind::ApiKey, "API key"),
        (EntityKind::Agent, "agent"),
        (EntityKind::Application, "application"),
        (EntityKind::Session, "session"),
        (EntityKind::Ip, "address"),
        (EntityKind::Model, "model"),
    ];
    KINDS.iter().find_map(|(kind, word)| {
        let mut of_kind = entities.clone().filter(|entity| entity.kind == *kind);
        let victim = of_kind.clone().find(|entity| part(entity) == Some(Part::Victim));
        victim.or_else(|| of_kind.next()).map(|entity| (*word, entity))
    })
}

/// Who did it: the most shared of `attackers` of the first kind of which there is one.
fn attacker<'a>(attackers: impl Iterator<Item = &'a Entity> + Clone) -> Option<(&'static str, &'a Entity)> {
    const KINDS: [(EntityKind, &str); 3] =
        [(EntityKind::User, "user"), (EntityKind::ApiKey, "API key"), (EntityKind::Ip, "address")];
    KINDS.iter().find_map(|(kind, word)| Some((*word, attackers.clone().find(|entity| entity.kind == *kind)?)))
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
