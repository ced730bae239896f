//! All rules that are in force, and who rests on whom.
//!
//! A rule that another one refers to raises no alert of its own, unless that other one says `generate`. Rules on
//! which nothing that raises alerts rests are not asked at all, so a rule that is switched off costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemas::facts::RULES_MAX;
use schemas::readers::Watch;
use schemas::{EntityKind, Signal};
use serde_json::Value;

use super::attribute::{Attribute, CHANNEL, OUTCOME};
use super::correlation::{Correlation, Heading};
use super::detection::Detection;
use super::file::{RuleFile, documents};
use super::panther;

/// How many rules may rest on each other in a row.
const DEPTH_MAX: usize = 8;

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError(String);

impl RuleError {
    /// An error that says `what`.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same, of `whom`.
    pub fn of(self, whom: &str) -> Self {
        Self(format!("{whom}: {}", self.0))
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuleError {}

/// A detection rule among others.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) heading: Heading,
    pub(super) detection: Detection,
    /// Whether it raises alerts.
    pub(super) raises: bool,
}

/// A correlation rule among others.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) rule: Correlation,
    /// Whether it raises alerts.
    pub(super) raises: bool,
}

/// All rules that are in force.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    detections: Vec<Asked>,
    /// Detection rules by the product that they look at.
    by_product: BTreeMap<String, Vec<usize>>,
    of_any_product: Vec<usize>,
    detections_by_name: BTreeMap<String, usize>,
    correlations: Vec<Kept>,
    correlations_by_name: BTreeMap<String, usize>,
    /// Where a rule is a step: which correlation, which step.
    steps: BTreeMap<String, Vec<(usize, u16)>>,
    /// What correlation rules need of the records that a rule fits.
    carried: BTreeMap<String, BTreeSet<String>>,
    watch: Watch,
}

/// Rules as they are collected, by name, before it is known who rests on whom.
#[derive(Default)]
struct Collected {
    detections: BTreeMap<String, (Heading, Detection)>,
    correlations: BTreeMap<String, Correlation>,
    /// Names by id.
    names: BTreeMap<String, String>,
}

impl RuleSet {
    /// The rules of `files`, each a name for people and its text, less those that `disabled` names by id or name.
    ///
    /// # Errors
    /// When a file, a rule, or what rules say of each other does not hold, or nobody has a name that is disabled.
    pub fn new<'f>(
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
        disabled: &BTreeSet<String>,
    ) -> Result<Self, RuleError> {
        let mut collected = Collected::default();
        for (name, text) in files {
            let documents = documents(text).map_err(|error| error.of(name))?;
            for document in documents {
                collected.add(document).map_err(|error| error.of(name))?;
            }
        }
        collected.resolve()?;
        collected.refuse_circles()?;
        if let Some(name) = disabled.iter().find(|name| !collected.names.contains_key(*name)) {
            return Err(RuleError::new(format!("disable: there is no rule {name}")));
        }
        Ok(collected.in_force(disabled))
    }

    /// What readers have to take from records for these rules.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Whether a detection rule looks at the records of `product` by name.
    pub fn asks_about(&self, product: &str) -> bool {
        self.by_product.contains_key(product)
    }

    /// Whether a rule groups by entities of the kind.
    pub(super) fn groups_by(&self, kind: EntityKind) -> bool {
        self.correlations.iter().any(|kept| kept.rule.group_kinds().any(|of| of == Some(kind)))
    }

    /// The rules that raise alerts.
    pub fn raising(&self) -> impl Iterator<Item = &Heading> {
        let detections = self.detections.iter().filter(|asked| asked.raises).map(|asked| &asked.heading);
        detections.chain(self.correlations.iter().filter(|kept| kept.raises).map(|kept| &kept.rule.heading))
    }

    /// Writes into the signal's facts which detection rules it fits, and keeps of its fields those that correlation
    /// rules need.
    pub fn note(&self, signal: &mut Signal) {
        let of_product = self.by_product.get(&signal.product).into_iter().flatten();
        let asked = of_product.chain(&self.of_any_product).filter_map(|number| self.detections.get(*number));
        let fitting = asked.filter(|asked| asked.detection.fits(signal));
        let mut rules: Vec<String> = fitting.map(|asked| asked.heading.name.clone()).collect();
        rules.sort_unstable();
        rules.truncate(RULES_MAX);
        let carried = |field: &String| {
            // How an attempt ended and in whose words it stands counts whatever rules there are.
            [CHANNEL, OUTCOME].contains(&field.as_str())
                || rules.iter().any(|rule| self.carried.get(rule).is_some_and(|fields| fields.contains(field)))
        };
        signal.facts.fields.retain(|field, _| carried(field));
        signal.facts.rules = rules;
    }

    pub(super) fn detection(&self, name: &str) -> Option<&Asked> {
        self.detections_by_name.get(name).and_then(|number| self.detections.get(*number))
    }

    pub(super) fn correlation(&self, name: &str) -> Option<&Kept> {
        self.correlations_by_name.get(name).and_then(|number| self.correlations.get(*number))
    }

    /// The correlations of which the rule `name` is a step.
    pub(super) fn steps_of(&self, name: &str) -> impl Iterator<Item = (&Kept, u16)> {
        let steps = self.steps.get(name).into_iter().flatten();
        steps.filter_map(|(number, step)| Some((self.correlations.get(*number)?, *step)))
    }
}

impl Collected {
    fn add(&mut self, document: Value) -> Result<(), RuleError> {
        if panther::is_rule(&document) {
            let (detections, correlation) = panther::translated(&document)?;
            detections.into_iter().try_for_each(|file| self.add_once(&file))?;
            return self.add_rule(&correlation);
        }
        self.add_rule(&RuleFile::new(document)?)
    }

    /// Adds a rule that several others bring along.
    fn add_once(&mut self, file: &RuleFile) -> Result<(), RuleError> {
        if self.names.contains_key(file.name()?) { Ok(()) } else { self.add_rule(file) }
    }

    fn add_rule(&mut self, file: &RuleFile) -> Result<(), RuleError> {
        let heading = Heading::new(file)?;
        if let Some(taken) = [&heading.id, &heading.name].into_iter().find(|name| self.names.contains_key(*name)) {
            return Err(RuleError::new(format!("{}: another rule is called {taken}", heading.title)));
        }
        for known_as in [&heading.id, &heading.name] {
            self.names.insert(known_as.clone(), heading.name.clone());
        }
        if file.correlation.is_some() {
            self.correlations.insert(heading.name.clone(), Correlation::new(file)?);
        } else {
            self.detections.insert(heading.name.clone(), (heading, Detection::new(file)?));
        }
        Ok(())
    }

    /// Names instead of ids, and an error where a rule is not there.
    fn resolve(&mut self) -> Result<(), RuleError> {
        for rule in self.correlations.values_mut() {
            for step in &mut rule.steps {
                let Some(name) = self.names.get(step.as_str()) else {
                    return Err(RuleError::new(format!("there is no rule {step}")).of(&rule.heading.title));
                };
                step.clone_from(name);
            }
        }
        Ok(())
    }

    fn refuse_circles(&self) -> Result<(), RuleError> {
        // Each round settles the rules that rest on settled ones only.
        let mut settled: BTreeSet<&str> = self.detections.keys().map(String::as_str).collect();
        for _ in 0..DEPTH_MAX {
            let ripe = |rule: &&Correlation| rule.steps.iter().all(|step| settled.contains(step.as_str()));
            let more: Vec<&str> =
                self.correlations.values().filter(ripe).map(|rule| rule.heading.name.as_str()).collect();
            settled.extend(more);
        }
        match self.correlations.values().find(|rule| !settled.contains(rule.heading.name.as_str())) {
            None => Ok(()),
            Some(rule) => {
                let what = format!("it rests on itself, or on more than {DEPTH_MAX} rules in a row");
                Err(RuleError::new(what).of(&rule.heading.title))
            }
        }
    }

    fn in_force(self, disabled: &BTreeSet<String>) -> RuleSet {
        let off = |heading: &Heading| disabled.contains(&heading.id) || disabled.contains(&heading.name);
        // Also where the rule above is switched off: its parts would otherwise begin to raise alerts by themselves.
        let above = self.correlations.values().filter(|rule| !rule.generate);
        let silent: BTreeSet<&str> = above.flat_map(|rule| &rule.steps).map(String::as_str).collect();
        let raises = |heading: &Heading| !off(heading) && !silent.contains(heading.name.as_str());
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let headings = self
            .detections
            .values()
            .map(|(heading, _)| heading)
            .chain(self.correlations.values().map(|rule| &rule.heading));
        let mut waiting: Vec<String> =
            headings.filter(|heading| raises(heading)).map(|heading| heading.name.clone()).collect();
        while let Some(name) = waiting.pop() {
            waiting.extend(self.correlations.get(&name).into_iter().flat_map(|rule| rule.steps.clone()));
            needed.insert(name);
        }
        let mut set = RuleSet::default();
        for (heading, detection) in self.detections.values().filter(|(heading, _)| needed.contains(&heading.name)) {
            set.add_detection(Asked {
                heading: heading.clone(),
                detection: detection.clone(),
                raises: raises(heading),
            });
        }
        for rule in self.correlations.values().filter(|rule| needed.contains(&rule.heading.name)) {
            set.add_correlation(Kept { rule: rule.clone(), raises: raises(&rule.heading) });
        }
        set.watch_carried();
        set
    }
}

impl RuleSet {
    fn add_detection(&mut self, asked: Asked) {
        let number = self.detections.len();
        if asked.detection.products.is_empty() {
            self.of_any_product.push(number);
        }
        for product in &asked.detection.products {
            self.by_product.entry(product.clone()).or_default().push(number);
        }
        for field in asked.detection.fields() {
            watch(&mut self.watch, &asked.detection, field);
        }
        self.detections_by_name.insert(asked.heading.name.clone(), number);
        self.detections.push(asked);
    }

    fn add_correlation(&mut self, kept: Kept) {
        let number = self.correlations.len();
        for (step, name) in (0..).zip(&kept.rule.steps) {
            self.steps.entry(name.clone()).or_default().push((number, step));
            let attributes = kept.rule.group_by.iter().map(|(_, attributes)| attributes).chain(kept.rule.measured());
            let fields =
                attributes.filter_map(|attributes| attributes.get(usize::from(step))).filter_map(Attribute::field);
            self.carried.entry(name.clone()).or_default().extend(fields.map(str::to_owned));
        }
        self.correlations_by_name.insert(kept.rule.heading.name.clone(), number);
        self.correlations.push(kept);
    }

    /// What correlation rules need of records is asked for where the detection rule looks.
    fn watch_carried(&mut self) {
        for asked in &self.detections {
            for field in self.carried.get(&asked.heading.name).into_iter().flatten() {
                watch(&mut self.watch, &asked.detection, field);
            }
        }
    }
}

/// Has readers take a field where a detection rule looks.
fn watch(watch: &mut Watch, detection: &Detection, field: &str) {
    if detection.products.is_empty() {
        watch.add(None, field);
    }
    detection.products.iter().for_each(|product| watch.add(Some(product), field));
}
