//! Analysts' commands, one JSON object each.
//!
//! The only reader that is never asked by a record's shape: a source must name the format `command`. Whoever
//! may write telemetry must not be able to close an incident about it.
//!
//! Unknown fields are ignored, what a verb needs must be there, and a value that means nothing refuses the
//! record: a command that is half understood is worse than one that comes back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

use super::json::decode;
use super::{Context, Output, RawRecord, ReadError, Reader, Reason};
use crate::command::{Action, COMMENT_CHARS_MAX, Command, MERGE_MAX, SPLIT_MEMBERS_MAX};
use crate::ids::{IncidentUid, NAMESPACE, SignalUid};
use crate::incident::IncidentStatus;
use crate::suppression::{Condition, Suppression};
use crate::time::Timestamp;

/// The longest id, name, tag or person, in characters.
const NAME_CHARS_MAX: usize = 256;
/// Tags that one command adds or takes away.
const TAGS_PER_COMMAND_MAX: usize = 32;

/// Reads commands.
pub struct CommandReader;

impl Reader for CommandReader {
    fn name(&self) -> &'static str {
        "command"
    }

    fn recognises(&self, _record: &RawRecord<'_>) -> bool {
        false
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let written: Written = decode(record.bytes, context.limits.values_max)?;
        let mut flags = Vec::new();
        let own = match &written.time {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(Timestamp::parse(text).ok_or_else(|| invalid("time"))?),
            Some(Value::Number(n)) => {
                Some(n.as_f64().and_then(Timestamp::from_epoch_number).ok_or_else(|| invalid("time"))?)
            }
            Some(_) => return Err(invalid("time")),
        };
        let command = Command {
            id: match &written.id {
                Some(id) => name("id", id)?,
                None => Uuid::new_v5(&NAMESPACE, record.bytes).hyphenated().to_string(),
            },
            time: context.time(own, &mut flags),
            tenant: context.tenant(written.tenant.as_deref(), None),
            by: name("by", written.by.as_deref().ok_or_else(|| missing("by"))?)?,
            incident: written.incident.as_deref().map(|uid| name("incident", uid)).transpose()?.map(incident),
            action: written.action()?,
        };
        let nameless = matches!(command.action, Action::Suppress { .. } | Action::Undo { .. });
        if command.incident.is_none() && !nameless {
            return Err(missing("incident"));
        }
        out.command(command, own.is_none() && context.envelope_time.is_none());
        Ok(())
    }
}

/// A uid as it is published: some consoles show UUIDs in capitals.
fn incident(uid: String) -> IncidentUid {
    IncidentUid::new(uid.to_ascii_lowercase())
}

/// A command as written; what a verb does not use is ignored.
#[derive(Deserialize)]
struct Written {
    id: Option<String>,
    time: Option<Value>,
    tenant: Option<String>,
    by: Option<String>,
    incident: Option<String>,
    verb: Option<String>,
    #[serde(default, deserialize_with = "present")]
    assignee: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    classification: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    determination: Option<Option<String>>,
    comment: Option<String>,
    locked: Option<bool>,
    incidents: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    name: Option<Option<String>>,
    members: Option<Vec<String>>,
    status: Option<String>,
    when: Option<Value>,
    reason: Option<String>,
    expires: Option<Value>,
    tags: Option<Vec<String>>,
    remove: Option<Vec<String>>,
    command: Option<String>,
}

/// `null` is something else than nothing: it takes a value back.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl Written {
    fn action(&self) -> Result<Action, ReadError> {
        Ok(match self.verb.as_deref().ok_or_else(|| missing("verb"))? {
            "assign" => Action::Assign { assignee: nullable("assignee", &self.assignee)? },
            "classification" => Action::Classification {
                classification: word("classification", &self.classification)?,
                determination: match &self.determination {
                    None => None,
                    written => word("determination", written)?,
                },
            },
            "comment" => Action::Comment { comment: comment(self.comment.as_deref())? },
            "determination" => Action::Determination { determination: word("determination", &self.determination)? },
            "lock" => Action::Lock { locked: self.locked.unwrap_or(true) },
            "merge" => {
                let incidents = names("incidents", self.incidents.as_deref(), MERGE_MAX)?;
                Action::Merge { incidents: incidents.into_iter().map(incident).collect() }
            }
            "name" => Action::Name { name: nullable("name", &self.name)? },
            "split" => {
                let members = names("members", self.members.as_deref(), SPLIT_MEMBERS_MAX)?;
                Action::Split {
                    members: members.into_iter().map(|uid| SignalUid::new(uid.to_ascii_lowercase())).collect(),
                }
            }
            "status" => {
                let status = Some(self.status.clone());
                let status: Option<IncidentStatus> = word("status", &status)?;
                Action::Status { status: status.ok_or_else(|| missing("status"))? }
            }
            "suppress" => Action::Suppress { suppression: Box::new(self.suppression()?) },
            "tag" => {
                let list = |key, list: &Option<Vec<String>>| match list {
                    Some(list) => names(key, Some(list), TAGS_PER_COMMAND_MAX),
                    None => Ok(Vec::new()),
                };
                if self.tags.is_none() && self.remove.is_none() {
                    return Err(missing("tags"));
                }
                Action::Tag { tags: list("tags", &self.tags)?, remove: list("remove", &self.remove)? }
            }
            "undo" => {
                let command = self.command.as_deref().ok_or_else(|| missing("command"))?;
                Action::Undo { command: name("command", command)? }
            }
            _ => return Err(ReadError::new(Reason::InvalidField, format!("`verb` is none of {VERBS}"))),
        })
    }

    fn suppression(&self) -> Result<Suppression, ReadError> {
        let when = self.when.clone().ok_or_else(|| missing("when"))?;
        let expires = match &self.expires {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(Timestamp::parse(text).ok_or_else(|| invalid("expires"))?),
            Some(_) => return Err(invalid("expires")),
        };
        let reason = self.reason.as_deref().ok_or_else(|| missing("reason"))?;
        let suppression = Suppression {
            when: serde_json::from_value::<Condition>(when).map_err(|_| invalid("when"))?,
            reason: comment(Some(reason))?,
            tenant: None,
            expires,
            enabled: true,
        };
        let faulty = |what: String| ReadError::new(Reason::InvalidField, what);
        suppression.check().map_err(faulty)?;
        Ok(suppression)
    }
}

const VERBS: &str = "assign, classification, comment, determination, lock, merge, name, split, status, suppress, \
                     tag, undo";

fn missing(key: &str) -> ReadError {
    ReadError::new(Reason::MissingField, format!("`{key}` is absent"))
}

fn invalid(key: &str) -> ReadError {
    ReadError::new(Reason::InvalidField, format!("`{key}` has no value that it may have"))
}

/// A text that names something: neither empty nor long.
fn name(key: &str, text: &str) -> Result<String, ReadError> {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(NAME_CHARS_MAX).is_some() {
        let message = format!("`{key}` is empty or longer than {NAME_CHARS_MAX} characters");
        return Err(ReadError::new(Reason::InvalidField, message));
    }
    Ok(text.to_owned())
}

fn names(key: &str, list: Option<&[String]>, max: usize) -> Result<Vec<String>, ReadError> {
    let list = list.ok_or_else(|| missing(key))?;
    if list.is_empty() || list.len() > max {
        return Err(ReadError::new(Reason::InvalidField, format!("`{key}` must have 1 to {max} elements")));
    }
    list.iter().map(|text| name(key, text)).collect()
}

/// A name, or `null`.
fn nullable(key: &str, written: &Option<Option<String>>) -> Result<Option<String>, ReadError> {
    let written = written.as_ref().ok_or_else(|| missing(key))?;
    written.as_deref().map(|text| name(key, text)).transpose()
}

/// A word of a closed list in snake case or, as Graph writes it, camel case; `null` and `unknown` are nothing.
fn word<T: DeserializeOwned>(key: &str, written: &Option<Option<String>>) -> Result<Option<T>, ReadError> {
    let Some(text) = written.as_ref().ok_or_else(|| missing(key))? else { return Ok(None) };
    if text == "unknown" {
        return Ok(None);
    }
    let mut snake = String::new();
    for letter in text.chars().take(NAME_CHARS_MAX) {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    serde_json::from_value(Value::String(snake)).map(Some).map_err(|_| invalid(key))
}

fn comment(text: Option<&str>) -> Result<String, ReadError> {
    let text = text.ok_or_else(|| missing("comment"))?;
    if text.trim().is_empty() || text.chars().nth(COMMENT_CHARS_MAX).is_some() {
        let message = format!("a comment or reason is empty or longer than {COMMENT_CHARS_MAX} characters");
        return Err(ReadError::new(Reason::InvalidField, message));
    }
    Ok(text.to_owned())
}
