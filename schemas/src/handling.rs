//! What people decided about an incident: the part of a revision that no correlation computes.
//!
//! The words are Microsoft Graph's (`microsoft.graph.security.incident`) in snake case, so that a SIEM that
//! already keeps verdicts can keep these. Every list is bounded: the newest entries stay, and a total says
//! how many there were.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The most comments that an incident keeps, the newest.
pub const COMMENTS_MAX: usize = 32;
/// The most bytes of text that they have together; of the newest at least one is kept.
pub const COMMENTS_BYTES_MAX: usize = 120_000;
/// The most entries of the audit trail, the newest.
pub const COMMANDS_MAX: usize = 64;
/// The most tags, the first in their order.
pub const TAGS_MAX: usize = 32;

/// What an analyst found an incident to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// Something bad happened, or was tried.
    TruePositive,
    /// Nothing of the kind happened.
    FalsePositive,
    /// It happened and is meant to: a test, a known application.
    InformationalExpectedActivity,
}

/// What it was in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Determination {
    /// A persistent attacker; deprecated in Graph.
    Apt,
    /// Nothing bad was found.
    Clean,
    /// Somebody else acted as this user.
    CompromisedUser,
    /// The user says that it was them.
    ConfirmedUserActivity,
    /// Nobody can tell.
    InsufficientData,
    /// An application of the business does that.
    LineOfBusinessApplication,
    /// The user did it, and meant harm.
    MaliciousUserActivity,
    /// Harmful software.
    Malware,
    /// An attack of several stages.
    MultiStagedAttack,
    /// Something else.
    Other,
    /// Somebody was lured.
    Phishing,
    /// The security team at work; deprecated in Graph.
    SecurityPersonnel,
    /// A test of defences.
    SecurityTesting,
    /// Software that nobody wanted.
    UnwantedSoftware,
}

impl Determination {
    /// Whether it says more of the classification, as Graph has them together: a false positive is no malware.
    pub fn fits(self, classification: Classification) -> bool {
        use Classification::{FalsePositive, InformationalExpectedActivity, TruePositive};
        match self {
            Self::Apt
            | Self::CompromisedUser
            | Self::MaliciousUserActivity
            | Self::Malware
            | Self::MultiStagedAttack
            | Self::Phishing
            | Self::UnwantedSoftware => classification == TruePositive,
            Self::Clean | Self::InsufficientData => classification == FalsePositive,
            Self::ConfirmedUserActivity
            | Self::LineOfBusinessApplication
            | Self::SecurityPersonnel
            | Self::SecurityTesting => classification == InformationalExpectedActivity,
            Self::Other => true,
        }
    }
}

/// A comment of an analyst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// When.
    pub time: Timestamp,
    /// The command that brought it.
    pub command: String,
    /// Who.
    pub by: String,
    /// What; empty where it was taken back.
    pub text: String,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandOutcome {
    /// It was done.
    Applied,
    /// It was not done; the reason stands beside it.
    Rejected,
    /// It was done, and taken back by a later command.
    Undone,
}

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEntry {
    /// When.
    pub time: Timestamp,
    /// The command's id.
    pub id: String,
    /// Who.
    pub by: String,
    /// What was asked for.
    pub verb: String,
    /// What became of it.
    pub outcome: CommandOutcome,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything that people decided about an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handling {
    /// Who deals with it.
    pub assignee: Option<String>,
    /// What it was found to be.
    pub classification: Option<Classification>,
    /// What it was in particular.
    pub determination: Option<Determination>,
    /// Words of the analysts' own.
    pub tags: BTreeSet<String>,
    /// The name that an analyst gave it; no merge and no new member overwrites it.
    pub name: Option<String>,
    /// Whether nothing may join, merge or split it but a command.
    pub locked: bool,
    /// The newest comments, in order of time.
    pub comments: Vec<Comment>,
    /// How many there were.
    pub comments_total: u64,
    /// The newest commands, applied and rejected, in order of time.
    pub commands: Vec<CommandEntry>,
    /// How many there were.
    pub commands_total: u64,
}

impl Handling {
    /// Adds a comment; the oldest beyond the bounds go, and stay counted.
    pub fn comment(&mut self, comment: Comment) {
        self.comments_total += 1;
        self.comments.push(comment);
        self.bound();
    }

    /// Adds an entry to the audit trail, likewise.
    pub fn enter(&mut self, entry: CommandEntry) {
        self.commands_total += 1;
        self.commands.push(entry);
        self.bound();
    }

    /// Takes over what was decided about an incident that was merged into this one. What this one has itself stays.
    pub fn take_over(&mut self, other: Self) {
        self.assignee = self.assignee.take().or(other.assignee);
        self.classification = self.classification.or(other.classification);
        self.determination = self.determination.or(other.determination);
        self.name = self.name.take().or(other.name);
        self.locked |= other.locked;
        self.tags.extend(other.tags);
        self.comments.extend(other.comments);
        self.comments_total += other.comments_total;
        // A merge stands in both trails and is one command.
        let twice = other.commands.iter().filter(|theirs| self.commands.iter().any(|own| own.id == theirs.id)).count();
        self.commands_total += other.commands_total.saturating_sub(twice as u64);
        self.commands.extend(other.commands);
        self.commands.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        self.commands.dedup_by(|later, first| later.id == first.id);
        self.comments.sort_by(|a, b| (a.time, &a.command).cmp(&(b.time, &b.command)));
        self.bound();
    }

    fn bound(&mut self) {
        let surplus = self.comments.len().saturating_sub(COMMENTS_MAX);
        self.comments.drain(..surplus);
        while self.comments.len() > 1 && self.comments.iter().map(|c| c.text.len()).sum::<usize>() > COMMENTS_BYTES_MAX
        {
            self.comments.remove(0);
        }
        let surplus = self.commands.len().saturating_sub(COMMANDS_MAX);
        self.commands.drain(..surplus);
        while self.tags.len() > TAGS_MAX {
            self.tags.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(at: i64, text: &str) -> Comment {
        let time = Timestamp::from_millis(at).expect("a time");
        Comment { time, command: format!("c-{at}"), by: "ann".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_newest_comments_stay_and_all_are_counted() {
        let mut handling = Handling::default();
        (0..100).for_each(|at| handling.comment(comment(at, "x")));
        assert_eq!((handling.comments.len(), handling.comments_total), (COMMENTS_MAX, 100));
        assert_eq!(handling.comments.last().map(|c| c.command.as_str()), Some("c-99"));
        let long = "é".repeat(30_000);
        (100..110).for_each(|at| handling.comment(comment(at, &long)));
        assert_eq!((handling.comments.len(), handling.comments_total), (2, 110));
    }

    #[test]
    fn a_merge_keeps_what_both_have_and_prefers_the_survivor() {
        let mut survivor = Handling { name: Some("ours".to_owned()), ..Handling::default() };
        let mut other =
            Handling { name: Some("theirs".to_owned()), assignee: Some("bob".to_owned()), ..Handling::default() };
        survivor.comment(comment(2, "later"));
        other.comment(comment(1, "earlier"));
        other.tags.insert("red".to_owned());
        survivor.take_over(other);
        assert_eq!((survivor.name.as_deref(), survivor.assignee.as_deref()), (Some("ours"), Some("bob")));
        assert_eq!(survivor.comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["earlier", "later"]);
        assert!(survivor.tags.contains("red") && survivor.comments_total == 2);
    }
}
