//! What an analyst, or a playbook on their behalf, wants done with an incident.
//!
//! A command is a fact with an id and a time like any signal, and travels in the same log, so that a replay
//! repeats it. Its reader is [`crate::readers::command`]; who may write commands is the broker's to say.

use serde::{Deserialize, Serialize};

use crate::handling::{Classification, Determination};
use crate::ids::{IncidentUid, SignalUid, TenantId};
use crate::incident::IncidentStatus;
use crate::suppression::Suppression;
use crate::time::Timestamp;

/// The longest comment, in characters (Defender XDR's limit).
pub const COMMENT_CHARS_MAX: usize = 30_000;
/// Incidents that one command merges into another (Defender XDR's limit).
pub const MERGE_MAX: usize = 5;
/// Members that one command takes out of an incident.
pub const SPLIT_MEMBERS_MAX: usize = 1_000;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its id: a second command with the same one does nothing.
    pub id: String,
    /// When it was given.
    pub time: Timestamp,
    /// Whose incident it is about.
    pub tenant: TenantId,
    /// Who gave it.
    pub by: String,
    /// The incident, by any uid that it ever had; absent where the action names no incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentUid>,
    /// What is to be done.
    #[serde(flatten)]
    pub action: Action,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Action {
    /// Give it to somebody, or to nobody.
    Assign {
        /// Who.
        assignee: Option<String>,
    },
    /// Say what it was found to be.
    Classification {
        /// What; `None` takes it back.
        classification: Option<Classification>,
        /// What in particular; `None` leaves it.
        #[serde(default)]
        determination: Option<Determination>,
    },
    /// Add a comment.
    Comment {
        /// At most [`COMMENT_CHARS_MAX`] characters.
        comment: String,
    },
    /// Say what it was in particular.
    Determination {
        /// What; `None` takes it back.
        determination: Option<Determination>,
    },
    /// Let nothing join, merge or split it but a command; or let it again.
    Lock {
        /// Which.
        locked: bool,
    },
    /// Make other incidents part of it.
    Merge {
        /// At most [`MERGE_MAX`], by any uid that they ever had.
        incidents: Vec<IncidentUid>,
    },
    /// Give it a name.
    Name {
        /// Which; `None` for the one that correlation finds.
        name: Option<String>,
    },
    /// Make some of its members an incident of their own.
    Split {
        /// Which, by `finding_info_list[].uid`, at most [`SPLIT_MEMBERS_MAX`].
        members: Vec<SignalUid>,
    },
    /// Say where it stands.
    Status {
        /// Where.
        status: IncidentStatus,
    },
    /// Expect alerts from now on.
    Suppress {
        /// Which, why, until when; the command's id names the rule.
        suppression: Box<Suppression>,
    },
    /// Add tags and take some away.
    Tag {
        /// To add.
        tags: Vec<String>,
        /// To take away.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Take an earlier command back.
    Undo {
        /// The command's id.
        command: String,
    },
}

impl Action {
    /// The verb on the wire.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Assign { .. } => "assign",
            Self::Classification { .. } => "classification",
            Self::Comment { .. } => "comment",
            Self::Determination { .. } => "determination",
            Self::Lock { .. } => "lock",
            Self::Merge { .. } => "merge",
            Self::Name { .. } => "name",
            Self::Split { .. } => "split",
            Self::Status { .. } => "status",
            Self::Suppress { .. } => "suppress",
            Self::Tag { .. } => "tag",
            Self::Undo { .. } => "undo",
        }
    }
}
