//! Which groups of a rule a signal belongs to, and what the rule takes from it for each.
//!
//! A person or a machine has many names, and records give one of them each. So a signal belongs to the group of every
//! name that it gives for a user or device, and of every *direct alias* of those ([`crate::identity`]): where one record
//! has the UPN, another the SID, and a third one said that both are one person, they meet in the groups of both names. A
//! match is named by the *chief* of its names, so that it is one match whichever group it is found in. A signal that came
//! before its names were known to be one is asked about again when they are; one that only sums know (usage, baselines)
//! counts under the other name from then on. Several users are as many as there are chiefs. Fields of the original
//! record are compared as they are.

use std::borrow::Cow;

use schemas::{EntityKind, Signal};

use super::attribute::{Attribute, Used};
use super::caller::caller;
use super::correlation::{Correlation, Measured, Test};
use super::memory::Event;
use crate::identity::by_chief;
use crate::store::{Store, StoreError};
use crate::turn::Turn;

/// The most groups that one signal belongs to: a person has several identifiers, a minute several requests.
const GROUPS_PER_SIGNAL_MAX: usize = 32;
/// Between the parts of a combination of values.
const AND: &str = " + ";

/// What a match is grouped by: the attribute, the kind of entity that it names, and the value.
pub type GroupPart<'r> = (&'r str, Option<EntityKind>, String);

impl<S: Store> Turn<'_, S> {
    /// The groups of a rule that a signal belongs to: every combination of the values by which the rule groups, those
    /// that it names itself first. Without a value there is none, since nothing is not the same as nothing.
    pub(super) fn groups(
        &mut self,
        rule: &Correlation,
        step: u16,
        signal: &Signal,
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let mut groups = vec![Vec::new()];
        for (_, attributes) in &rule.group_by {
            let values = self.names_in(attributes, step, signal)?;
            let all = groups.len() * values.len();
            let extended = groups.iter().flat_map(|group: &Vec<String>| {
                values.iter().map(|value| group.iter().cloned().chain([value.clone()]).collect())
            });
            groups = extended.take(GROUPS_PER_SIGNAL_MAX).collect();
            self.stats.rule_groups_dropped += (all - groups.len()) as u64;
        }
        Ok(groups)
    }

    /// The values of what a rule groups by, with the other names of whom they name.
    fn names_in(&self, attributes: &Measured, step: u16, signal: &Signal) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = values_of(attributes, step, signal).into_iter().map(Cow::into_owned).collect();
        if let Some(kind) = attributes.get(usize::from(step)).and_then(Attribute::entity_kind) {
            let own = names.len();
            for at in 0..own {
                let Some(name) = names.get(at) else { continue };
                for other in self.names_beside(kind, name)? {
                    if !names.contains(&other) {
                        names.push(other);
                    }
                }
            }
        }
        Ok(names)
    }

    /// The same group by the chief of each name.
    pub(super) fn by_chief_names<'r>(&self, group: Vec<GroupPart<'r>>) -> Result<Vec<GroupPart<'r>>, StoreError> {
        let chief = |(name, kind, value): GroupPart<'r>| {
            let value = kind.map_or(Ok(value.clone()), |kind| self.chief_name(kind, &value))?;
            Ok((name, kind, value))
        };
        group.into_iter().map(chief).collect()
    }

    /// What a rule takes from a signal for one of its groups.
    pub(super) fn events(
        &self,
        rule: &Correlation,
        step: u16,
        signal: &Signal,
        group: &[String],
    ) -> Result<Vec<Event>, StoreError> {
        let uid = if signal.facts.usage.is_some() { String::new() } else { signal.uid.to_string() };
        let event = Event { time: signal.time, uid, step, value: String::new(), number: 0.0, by: String::new() };
        let with = |value: String| Event { value, ..event.clone() };
        Ok(match &rule.test {
            Test::Count(_) | Test::Together { .. } | Test::Absent { .. } => vec![event],
            Test::Distinct(of, _) => self.things_in(of, step, signal)?.into_iter().map(with).collect(),
            Test::FirstSeen { of, .. } => combinations(of, step, signal).into_iter().map(with).collect(),
            Test::Sum(of, _) | Test::Average(of, _) | Test::Percentile(of, _, _) | Test::Baseline { of, .. } => {
                let by = if signal.facts.usage.is_some() { caller(signal) } else { String::new() };
                number(rule, of, step, signal, group).map(|number| Event { number, by, ..event }).into_iter().collect()
            }
        })
    }

    /// The values of which a rule counts how many there are: of an entity with several names the chief one.
    fn things_in(&self, of: &Measured, step: u16, signal: &Signal) -> Result<Vec<String>, StoreError> {
        let Some(Attribute::Entity(kind, which)) = of.get(usize::from(step)) else {
            return Ok(values_of(of, step, signal).into_iter().map(Cow::into_owned).collect());
        };
        let mut things = Vec::new();
        for entity in signal.entities.iter().filter(|entity| entity.kind == *kind && which.fits(entity)) {
            let chiefs = entity.ids.iter().map(|id| self.chief_name(*kind, id));
            things.extend(chiefs.collect::<Result<Vec<_>, _>>()?.into_iter().min_by(|a, b| by_chief(a, b)));
        }
        Ok(things)
    }
}

fn values_of<'s>(attributes: &Measured, step: u16, signal: &'s Signal) -> Vec<Cow<'s, str>> {
    attributes.get(usize::from(step)).map(|attribute| attribute.values(signal)).unwrap_or_default()
}

fn combinations(of: &[Measured], step: u16, signal: &Signal) -> Vec<String> {
    let mut combinations: Vec<String> = Vec::new();
    for (place, attributes) in of.iter().enumerate() {
        let values = values_of(attributes, step, signal);
        combinations = match place {
            0 => values.into_iter().map(Cow::into_owned).collect(),
            _ => combinations.iter().flat_map(|one| values.iter().map(move |v| format!("{one}{AND}{v}"))).collect(),
        };
        combinations.truncate(GROUPS_PER_SIGNAL_MAX);
    }
    combinations
}

/// The sum of the numbers in a signal. Where a rule groups usage by request, the requests of that group alone.
fn number(rule: &Correlation, of: &Measured, step: u16, signal: &Signal, group: &[String]) -> Option<f64> {
    let is = |attributes: &Measured, used: Used| attributes.get(usize::from(step)) == Some(&Attribute::Usage(used));
    let by_request = rule.group_by.iter().position(|(_, attributes)| is(attributes, Used::Request));
    if let (Some(place), true, Some(usage)) = (by_request, is(of, Used::Requests), &signal.facts.usage) {
        return usage.repeats.get(group.get(place)?).map(|count| *count as f64);
    }
    let numbers: Vec<f64> = values_of(of, step, signal).iter().filter_map(|value| value.trim().parse().ok()).collect();
    let sum: f64 = numbers.iter().filter(|number: &&f64| number.is_finite()).sum();
    (!numbers.is_empty()).then_some(sum)
}
