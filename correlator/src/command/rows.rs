//! The rows that commands leave: what people decided, and how to take a command back.

use schemas::{Classification, Determination, Handling, IncidentStatus, SignalUid, Suppression, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state::ComponentId;

/// What people decided about one component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseRow {
    /// Where it stands.
    pub status: IncidentStatus,
    /// The rest.
    pub handling: Handling,
}

/// A command that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandRow {
    /// The component that it was about; the number may be an old one.
    pub component: Option<ComponentId>,
    /// What it asked for.
    pub verb: String,
    /// What it takes to undo it.
    pub undo: Undo,
    /// Whether that was done.
    pub undone: bool,
}

/// What was there before a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Undo {
    /// Whose it was.
    Assign(Option<String>),
    /// Nothing: a comment is taken out.
    Comment,
    /// Whether it was locked.
    Lock(bool),
    /// What correlation makes of the members by itself.
    Merge,
    /// How it was called.
    Name(Option<String>),
    /// Nothing was done, or what was done is itself an undo.
    Nothing,
    /// These members were in the component that the command was about.
    Split {
        /// The members.
        members: Vec<SignalUid>,
        /// Where they are since.
        into: ComponentId,
    },
    /// Where it stood.
    Status(IncidentStatus),
    /// No such rule.
    Suppress,
    /// These tags were added, and those taken away.
    Tags {
        /// Added.
        added: Vec<String>,
        /// Taken away.
        removed: Vec<String>,
    },
    /// What it was found to be.
    Verdict(Option<Classification>, Option<Determination>),
}

/// A suppression rule that came by command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuppressionRow {
    /// The command's id.
    pub name: String,
    /// Alerts before this instant are not suppressed.
    pub from: Timestamp,
    /// The rule.
    pub rule: Suppression,
}
