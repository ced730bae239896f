//! The catalogue: what raises alerts, under ids that stay, with what an analyst needs to act on each.
//!
//! Policy asks it which entry an alert is of; whoever writes suppressions, tickets or reports goes by the ids. An
//! entry is chosen by the surest annotation, so that one interaction and category stay one alert. What needs
//! memory is no entry: [`STATEFUL`] says which of Defender's alerts the correlator's rules serve.
//!
//! Not here: thresholds and severities of single annotations, which their detectors know.

mod defender;
mod threats;

use schemas::{Annotation, Category, Channel, Severity};

pub use defender::{DEFENDER, DefenderAlert, STATEFUL};
pub use threats::THREATS;

/// A category of threat with what may raise it.
#[derive(Debug)]
pub struct Threat {
    /// The category.
    pub category: Category,
    /// What to do about it, for whoever takes the alert.
    pub remediation: &'static str,
    /// Entries of the OWASP Top 10 for LLM Applications, 2025.
    pub owasp: &'static [&'static str],
    /// What may raise it; the last is raised by anything.
    pub entries: &'static [Entry],
}

/// One kind of alert.
#[derive(Debug)]
pub struct Entry {
    /// `weir.<category>.<kind>`; never changed, never used for something else.
    pub id: &'static str,
    /// What an alert of it rests on.
    pub raised_by: RaisedBy,
    /// What it is called, for one line.
    pub title: &'static str,
    /// What it means and why it matters.
    pub description: &'static str,
    /// Its usual severity, and the one of alerts that rest on the provider's verdict alone; where there are
    /// annotations, theirs decides.
    pub severity: Severity,
    /// MITRE ATLAS and ATT&CK ids beside those of the detector.
    pub techniques: &'static [&'static str],
    /// The alerts of Microsoft Defender for AI services that say the same of a plain application and of an agent,
    /// if any do.
    pub defender: Option<[&'static str; 2]>,
}

/// What an alert rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RaisedBy {
    /// The provider's filter stopped it.
    Block,
    /// An annotation with one of these subtypes.
    Subtype(&'static [&'static str]),
    /// An annotation on one of these channels.
    Channel(&'static [Channel]),
    /// Whatever else the category holds.
    Rest,
}

impl Threat {
    /// The threat of `category`.
    pub fn of(category: Category) -> &'static Self {
        // One a category and in their order, which a test holds.
        &THREATS[category as usize]
    }

    /// What an alert that rests on `surest` is of; without an annotation the provider's verdict is all there is.
    pub fn entry(&'static self, surest: Option<&Annotation>, blocked: bool) -> &'static Entry {
        let raises = |entry: &&'static Entry| match (entry.raised_by, surest) {
            (RaisedBy::Block, _) => blocked,
            (RaisedBy::Subtype(subtypes), Some(surest)) => subtypes.contains(&surest.subtype.as_str()),
            (RaisedBy::Channel(channels), Some(surest)) => channels.contains(&surest.channel),
            (RaisedBy::Rest, _) => true,
            _ => false,
        };
        let rest = &self.entries[self.entries.len() - 1];
        self.entries.iter().find(raises).unwrap_or(rest)
    }
}

impl Entry {
    const fn new(
        id: &'static str,
        raised_by: RaisedBy,
        title: &'static str,
        description: &'static str,
        severity: Severity,
    ) -> Self {
        Self { id, raised_by, title, description, severity, techniques: &[], defender: None }
    }

    const fn techniques(self, techniques: &'static [&'static str]) -> Self {
        Self { techniques, ..self }
    }

    const fn defender(self, application: &'static str, agent: &'static str) -> Self {
        Self { defender: Some([application, agent]), ..self }
    }

    /// Defender's id for it, where an agent took part or did not.
    pub fn defender_id(&self, agent: bool) -> Option<&'static str> {
        self.defender.map(|[application, of_agent]| if agent { of_agent } else { application })
    }
}

/// Every entry, in the order of the categories.
pub fn entries() -> impl Iterator<Item = (&'static Threat, &'static Entry)> {
    THREATS.iter().flat_map(|threat| threat.entries.iter().map(move |entry| (threat, entry)))
}

#[cfg(test)]
mod tests;
