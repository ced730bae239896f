//! Rules at work on one tenant: which groups a signal belongs to, what each remembers, what is raised.
//!
//! State is two tables: what a rule remembers of a group, and when to look at it again. Everything is bounded: groups
//! of one signal, groups of a tenant, events of a group, looks in one turn.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use schemas::{Entity, EntityKind, Group, RuleAlert, Signal, SignalUid, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::caller::entity;
use super::correlation::{Correlation, Heading, Test};
use super::memory::{Clock, Event, Found, MEMBERS_MAX, Memory};
use super::rule_set::{Kept, RuleSet};
use crate::fold::canonical;
use crate::link::millis;
use crate::state::{decode, encode};
use crate::store::keys::{Parts, Table};
use crate::store::{Store, StoreError};
use crate::turn::{Subject, Turn, earliest};

/// Memories that are looked at in one turn.
const LOOKS_PER_TURN: usize = 64;
/// The most entities that a match takes from its signals.
const ENTITIES_MAX: usize = 16;

/// What bounds rules in time and space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a decision waits for late records, in seconds of event time.
    pub lateness_secs: u64,
    /// How long events are kept beyond their timespan, so that late ones revise, in seconds.
    pub memory_secs: u64,
    /// The most groups of a tenant, over all rules. Further ones are not followed and counted.
    pub groups_max: u64,
}

impl Limits {
    /// Cloud providers deliver most audit records within a quarter of an hour.
    pub const LATENESS_SECS: u64 = 15 * 60;
    /// A topic that is read from its start is read faster than others by hours.
    pub const MEMORY_SECS: u64 = 6 * 3_600;
    /// About half a gigabyte on disk.
    pub const GROUPS_MAX: u64 = 1_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self { lateness_secs: Self::LATENESS_SECS, memory_secs: Self::MEMORY_SECS, groups_max: Self::GROUPS_MAX }
    }
}

/// Rules and what bounds them.
#[derive(Debug, Default)]
pub struct Sigma {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Their bounds.
    pub limits: Limits,
}

/// What a rule remembers of one group.
#[derive(Serialize, Deserialize)]
struct MemoryRow {
    /// The group's values.
    group: Vec<String>,
    /// Its row in the table of looks.
    due: Option<Timestamp>,
    memory: Memory,
}

/// A memory to look at: its row in the table of looks, its rule, the name of its group.
struct Look {
    key: Vec<u8>,
    rule: String,
    group: String,
}

/// A match before it is an alert.
struct Matched<'r> {
    heading: &'r Heading,
    raises: bool,
    /// Whether other rules may be over it: they see what a detection rule fits, not also the alert on that.
    feeds: bool,
    /// What it groups by, with the entity's kind and the value.
    group: Vec<(&'r str, Option<EntityKind>, String)>,
    found: Found,
    /// Up to when it had to wait.
    known: Timestamp,
}

/// What rules found and have not raised yet.
#[derive(Default)]
pub struct Matches<'r>(Vec<Matched<'r>>);

impl<'a, S: Store> Turn<'a, S> {
    /// Asks the rules about a signal that has come, and takes in what they raise.
    pub fn ask_rules(&mut self, signal: &Signal) -> Result<(), StoreError> {
        let sigma = &self.sigma.rules;
        let mut matched = Vec::new();
        for name in &signal.facts.rules {
            if let Some(asked) = sigma.detection(name).filter(|asked| asked.raises) {
                let members = vec![signal.uid.to_string()];
                let found = Found { identity: signal.uid.to_string(), time: signal.time, members, by: None };
                let heading = &asked.heading;
                let (group, known) = (Vec::new(), signal.time);
                matched.push(Matched { heading, raises: true, feeds: false, group, found, known });
            }
            for (kept, step) in sigma.steps_of(name) {
                self.ask_rule(kept, step, signal, &mut matched)?;
            }
        }
        self.raise(matched)
    }

    /// Asks again about a signal that turned out to name somebody by another name too. Memories that add up what comes
    /// would count it twice, and learn the new name from here on.
    pub fn ask_again(
        &mut self,
        uid: &SignalUid,
        kind: EntityKind,
        matched: &mut Matches<'a>,
    ) -> Result<(), StoreError> {
        if !self.sigma.rules.groups_by(kind) {
            return Ok(());
        }
        let Some(Subject { signal, .. }) = self.subject(uid.as_str())? else { return Ok(()) };
        let late = self.stats.rule_events_late;
        for name in &signal.facts.rules {
            for (kept, step) in self.sigma.rules.steps_of(name) {
                let groups_by_it = kept.rule.group_kinds().any(|of| of == Some(kind));
                let adds_up = matches!(kept.rule.test, Test::Baseline { .. } | Test::Distinct(..));
                if groups_by_it && !adds_up {
                    self.ask_rule(kept, step, &signal, &mut matched.0)?;
                }
            }
        }
        // What was decided before the name was known did not come late.
        self.stats.rule_events_late = late;
        Ok(())
    }

    /// Takes in what [`Self::ask_again`] found.
    pub fn raise_matches(&mut self, matched: Matches<'a>) -> Result<(), StoreError> {
        self.raise(matched.0)
    }

    fn ask_rule(
        &mut self,
        kept: &'a Kept,
        step: u16,
        signal: &Signal,
        matched: &mut Vec<Matched<'a>>,
    ) -> Result<(), StoreError> {
        let rule = &kept.rule;
        for group in self.groups(rule, step, signal)? {
            let events = self.events(rule, step, signal, &group)?;
            if events.is_empty() {
                continue;
            }
            for found in self.remember(rule, &group, events)? {
                // A person's identifiers are groups of their own; that both say the same is said once.
                let is_same = |other: &Matched<'_>| other.heading.id == rule.heading.id && other.found == found;
                let known = |other: &Matched<'_>| is_same(other) && !found.members.is_empty();
                if !matched.iter().any(known) {
                    matched.push(matching(kept, group.clone(), found, &self.rule_clock()));
                }
            }
        }
        Ok(())
    }

    /// Takes events into the memory of a group.
    fn remember(&mut self, rule: &Correlation, group: &[String], events: Vec<Event>) -> Result<Vec<Found>, StoreError> {
        let clock = self.rule_clock();
        let name = group_name(group);
        let key = self.key(Table::RuleMemory).name(&rule.heading.name).tail(&name);
        let row: Option<MemoryRow> = self.db.get(&key)?.map(|bytes| decode(&bytes)).transpose()?;
        let mut row = match row {
            Some(row) => row,
            None if self.clock.rule_groups >= self.sigma.limits.groups_max => {
                self.stats.rule_groups_dropped += 1;
                return Ok(Vec::new());
            }
            None => {
                self.clock.rule_groups += 1;
                MemoryRow { group: group.to_vec(), due: None, memory: Memory::new(rule) }
            }
        };
        let mut found = Vec::new();
        for event in events {
            let taken = row.memory.take(rule, event, &clock);
            self.stats.rule_events_late += u64::from(taken.late);
            self.stats.rule_events_dropped += u64::from(taken.dropped);
            found.extend(taken.found);
        }
        let due = row.memory.due(rule, &clock);
        // A look that comes too early costs less than moving it for every event.
        let due = due.map(|due| row.due.map_or(due, |known| known.min(due)));
        self.put_memory(rule, &name, row, due)?;
        Ok(found)
    }

    /// Writes a memory down with the time of the next look; without one it is forgotten.
    fn put_memory(
        &mut self,
        rule: &Correlation,
        name: &str,
        row: MemoryRow,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let look = |due: Timestamp| (due.millis(), rule.heading.name.as_str());
        if let Some((time, rule_name)) = row.due.filter(|known| Some(*known) != due).map(look) {
            let key = self.key(Table::RuleDue).time(time).name(rule_name).tail(name);
            self.db.delete(key);
        }
        let key = self.key(Table::RuleMemory).name(&rule.heading.name).tail(name);
        let Some(due) = due else {
            self.clock.rule_groups = self.clock.rule_groups.saturating_sub(1);
            self.db.delete(key);
            return Ok(());
        };
        if row.due != Some(due) {
            let (time, rule_name) = look(due);
            let key = self.key(Table::RuleDue).time(time).name(rule_name).tail(name);
            self.db.put(key, Vec::new());
            self.clock.rules_from = earliest(self.clock.rules_from, due);
        }
        self.db.put(key, encode(&MemoryRow { due: Some(due), ..row })?);
        Ok(())
    }

    /// Decides what the watermark has passed, and takes in what that raises.
    pub fn decide_rules(&mut self) -> Result<(), StoreError> {
        if self.clock.rules_from.is_none_or(|from| from > self.clock.decidable) {
            return Ok(());
        }
        let (looks, next) = self.looks()?;
        self.clock.rules_from = next;
        let mut matched = Vec::new();
        for Look { key, rule, group } in looks {
            self.db.delete(key);
            self.look(&rule, &group, &mut matched)?;
        }
        self.raise(matched)
    }

    /// The looks that are due, and when the next one is.
    fn looks(&self) -> Result<(Vec<Look>, Option<Timestamp>), StoreError> {
        let prefix = self.key(Table::RuleDue);
        let skip = prefix.clone().done().len();
        let (from, to) = prefix.prefix_range();
        let (mut looks, mut next) = (Vec::new(), None);
        self.db.scan(&from, &to, false, &mut |key, _| {
            let mut parts = Parts::after(key, skip);
            let time = parts.time().and_then(Timestamp::from_millis);
            if time.is_some_and(|time| time > self.clock.decidable) || looks.len() >= LOOKS_PER_TURN {
                next = time;
                return ControlFlow::Break(());
            }
            let rule = parts.name().unwrap_or_default().to_owned();
            looks.push(Look { key: key.to_vec(), rule, group: parts.tail().unwrap_or_default().to_owned() });
            ControlFlow::Continue(())
        })?;
        Ok((looks, next))
    }

    /// How many groups wait for time to go on before their rule says something of them.
    pub fn undecided(&self) -> Result<u64, StoreError> {
        let (from, to) = self.key(Table::RuleMemory).prefix_range();
        let mut rows = Vec::new();
        let skip = self.key(Table::RuleMemory).done().len();
        self.db.scan(&from, &to, false, &mut |key, bytes| {
            let kept = Parts::after(key, skip).name().and_then(|name| self.sigma.rules.correlation(name));
            rows.extend(kept.map(|kept| decode(bytes).map(|row: MemoryRow| row.memory.awaits(&kept.rule))));
            ControlFlow::Continue(())
        })?;
        let waiting = rows.into_iter().collect::<Result<Vec<bool>, StoreError>>()?;
        Ok(waiting.into_iter().filter(|waits| *waits).count() as u64)
    }

    fn look(&mut self, rule_name: &str, name: &str, matched: &mut Vec<Matched<'a>>) -> Result<(), StoreError> {
        let key = self.key(Table::RuleMemory).name(rule_name).tail(name);
        let Some(bytes) = self.db.get(&key)? else { return Ok(()) };
        let row: MemoryRow = decode(&bytes)?;
        let Some(kept) = self.sigma.rules.correlation(rule_name) else {
            // The rule is gone since.
            self.clock.rule_groups = self.clock.rule_groups.saturating_sub(1);
            self.db.delete(key);
            return Ok(());
        };
        let clock = self.rule_clock();
        let mut row = MemoryRow { due: None, ..row };
        for found in row.memory.decide(&kept.rule, &clock) {
            matched.push(matching(kept, row.group.clone(), found, &clock));
        }
        let due = row.memory.due(&kept.rule, &clock);
        self.put_memory(&kept.rule, name, row, due)
    }

    fn rule_clock(&self) -> Clock {
        let Limits { lateness_secs, memory_secs, .. } = self.sigma.limits;
        Clock { watermark: self.clock.decidable, lateness: millis(lateness_secs), memory: millis(memory_secs) }
    }

    /// Hands matches out as alerts and takes them in as signals, which other rules may ask about.
    fn raise(&mut self, matched: Vec<Matched<'a>>) -> Result<(), StoreError> {
        let mut raised: Vec<RuleAlert> = Vec::new();
        for Matched { heading, raises, feeds, group, found, known } in matched {
            let group = self.by_chief_names(group)?;
            let part = self.part_of_estate(&found.members)?;
            let alert = self.alert(heading, group, found, known)?;
            if raised.contains(&alert) {
                continue;
            }
            raised.push(alert.clone());
            let mut signal = canonical(Signal::from(&alert));
            signal.group = part;
            // What a rule groups by is what rules over it may ask of its match.
            for (name, value) in &alert.group {
                signal.facts.set(name, [value.clone()]);
            }
            if !feeds {
                signal.facts.rules.clear();
            }
            if raises {
                self.stats.rule_alerts += 1;
                self.alerts.push(alert);
                self.take_match(signal)?;
            } else {
                self.ask_rules(&signal)?;
            }
        }
        Ok(())
    }

    fn alert(
        &self,
        heading: &Heading,
        group: Vec<(&str, Option<EntityKind>, String)>,
        found: Found,
        known: Timestamp,
    ) -> Result<RuleAlert, StoreError> {
        let values: Vec<String> = group.iter().map(|(_, _, value)| value.clone()).collect();
        let native_id = format!("{}/{}/{}", heading.id, group_name(&values), found.identity);
        let mut entities = self.shared_entities(&found.members)?;
        let of_group = group.iter().filter_map(|(_, kind, value)| Entity::new((*kind)?, [value.as_str()]));
        for entity in of_group.chain(found.by.as_deref().and_then(entity)) {
            if !entities.iter().any(|known| is_same(known, &entity)) {
                entities.push(entity);
            }
        }
        entities.sort_unstable();
        Ok(RuleAlert {
            uid: SignalUid::derive(&self.tenant, "weir_rule", &native_id),
            tenant: self.tenant.clone(),
            time: found.time,
            known,
            rule_id: heading.id.clone(),
            rule_name: heading.name.clone(),
            title: heading.title.clone(),
            description: heading.description.clone(),
            severity: heading.severity,
            techniques: heading.techniques.clone(),
            group: group.into_iter().map(|(name, _, value)| (name.to_owned(), value)).collect(),
            entities,
            signals: found.members.iter().map(|uid| SignalUid::from(uid.as_str())).collect(),
        })
    }

    /// Of which part of the estate a match over these signals is: of AI where one of them is, or all are usage.
    fn part_of_estate(&self, members: &[String]) -> Result<Group, StoreError> {
        let mut parts = BTreeSet::new();
        for uid in members {
            parts.extend(self.signal_row(uid)?.and_then(|row| row.signal).map(|signal| signal.group));
        }
        Ok(parts.first().copied().unwrap_or(Group::Ai))
    }

    /// Who and what took part in all of these signals, as far as they are still known: what only some of them name
    /// belongs to those.
    fn shared_entities(&self, members: &[String]) -> Result<Vec<Entity>, StoreError> {
        let mut shared: Option<Vec<Entity>> = None;
        for uid in members.iter().take(MEMBERS_MAX) {
            let Some(signal) = self.signal_row(uid)?.and_then(|row| row.signal) else { continue };
            let entities: Vec<Entity> = signal.entities.iter().filter(|entity| !entity.mentioned).cloned().collect();
            shared = Some(match shared {
                None => entities,
                Some(before) => before.into_iter().filter(|known| entities.iter().any(|e| is_same(known, e))).collect(),
            });
        }
        let mut shared = shared.unwrap_or_default();
        shared.truncate(ENTITIES_MAX);
        Ok(shared)
    }
}

fn is_same(a: &Entity, b: &Entity) -> bool {
    a.kind == b.kind && a.ids.iter().any(|id| b.ids.contains(id))
}

fn matching<'r>(kept: &'r Kept, group: Vec<String>, found: Found, clock: &Clock) -> Matched<'r> {
    let names = kept.rule.group_by.iter().map(|(name, _)| name.as_str());
    let group = names.zip(kept.rule.group_kinds()).zip(group).map(|((name, kind), value)| (name, kind, value));
    let known = kept.rule.known(found.time, clock.lateness);
    Matched { heading: &kept.rule.heading, raises: kept.raises, feeds: true, group: group.collect(), found, known }
}

/// A name for the values of a group that is as long for all.
fn group_name(group: &[String]) -> String {
    let mut parts = Vec::new();
    for value in group {
        parts.extend_from_slice(&(value.len() as u64).to_be_bytes());
        parts.extend_from_slice(value.as_bytes());
    }
    Uuid::new_v5(&schemas::ids::NAMESPACE, &parts).simple().to_string()
}
