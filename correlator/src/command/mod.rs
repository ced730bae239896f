//! Analysts' commands, in the order in which they stand in the log.
//!
//! A command does what it says to the incident as it stands when the command comes; nothing of it waits. Live,
//! that is its place among the signals; in a replay of files, its time. Both agree where a command comes after
//! what it speaks of, in the log and by time, which is how people work. No
//! revision after it is older than it; it moves no watermark, since a person is no source that could lag. The same id again does nothing, so a log that holds a command twice means it once.
//!
//! Every command stands in the audit trail of its incident, with what became of it. One that names no incident
//! that is there is refused to the caller, who has its bytes.
//!
//! [`case`] keeps what people decided, [`closed`] what they say of what is over, [`reshape`] merges and splits, [`suppress`] keeps rules about expected
//! alerts, [`undo`] takes back.

mod case;
mod closed;
mod reshape;
mod rows;
mod suppress;
mod undo;

use schemas::handling::TAGS_MAX;
use schemas::{
    Action, Classification, Command, CommandEntry, CommandOutcome, Comment, Determination, Handling, Incident,
    IncidentStatus, IncidentUid,
};

use self::rows::{CommandRow, Undo};
use crate::link::millis;
use crate::state::{ComponentId, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::Turn;

/// What came of a command.
#[derive(Debug, Default)]
pub struct Answer {
    /// The revisions that it brings about, in the order of [`crate::Correlator::process`].
    pub revisions: Vec<Incident>,
    /// Why it was not done, where no incident is there to say so.
    pub refused: Option<String>,
}

/// Why a command stops.
enum Halt {
    /// It cannot be done; the reason is for people.
    Refused(String),
    /// The state cannot be read or written.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Halt> {
    Err(Halt::Refused(why.into()))
}

impl<S: Store> Turn<'_, S> {
    /// Does what a command says. The answer is why not, where no incident can say so itself.
    pub fn obey(&mut self, command: &Command) -> Result<Option<String>, StoreError> {
        self.stats.commands += 1;
        self.clock.commanded = self.clock.commanded.max(command.time);
        if self.command_row(&command.id)?.is_some() {
            self.stats.duplicates += 1;
            return Ok(None);
        }
        let about = self.about(command)?;
        if about.is_none()
            && let Some(incident) = self.closed_incident(command)?
        {
            self.obey_after_close(incident, command)?;
            return Ok(None);
        }
        let (outcome, undo) = match self.apply(about, command) {
            Ok(undo) => (None, undo),
            Err(Halt::Refused(why)) => (Some(why), Undo::Nothing),
            Err(Halt::Store(error)) => return Err(error),
        };
        self.stats.commands_rejected += u64::from(outcome.is_some());
        let about = about.map_or(Ok(None), |id| self.find(id))?;
        let row = CommandRow { component: about, verb: command.action.verb().to_owned(), undo, undone: false };
        self.remember_command(command, row)?;
        let Some(id) = about else { return Ok(outcome) };
        self.enter(id, entry(command, outcome))?;
        self.publish_at_once(id);
        Ok(None)
    }

    /// Remembers that a command was given, so that its repetition does nothing.
    fn remember_command(&mut self, command: &Command, row: CommandRow) -> Result<(), StoreError> {
        self.put_command_row(&command.id, &row)?;
        let until = self.clock.watermark.saturating_add_millis(millis(self.rules.config.redirect_secs));
        self.expire_at(until, Aged::Command, &command.id);
        Ok(())
    }

    /// The component that a command is about; of an undo, that of the command which it takes back.
    fn about(&mut self, command: &Command) -> Result<Option<ComponentId>, StoreError> {
        match (&command.incident, &command.action) {
            (_, Action::Undo { command }) => match self.command_row(command)?.and_then(|row| row.component) {
                Some(id) => self.find(id),
                None => Ok(None),
            },
            (_, Action::Suppress { .. }) | (None, _) => Ok(None),
            (Some(uid), _) => self.component_of(uid),
        }
    }

    /// The component that was ever published under a uid, where it is still there.
    fn component_of(&mut self, uid: &IncidentUid) -> Result<Option<ComponentId>, StoreError> {
        match self.db.get(&self.key(Table::Incident).tail(uid.as_str()))? {
            Some(row) => self.find(decode(&row)?),
            None => Ok(None),
        }
    }

    fn apply(&mut self, about: Option<ComponentId>, command: &Command) -> Result<Undo, Halt> {
        match &command.action {
            Action::Suppress { suppression } => return self.add_suppression(command, suppression),
            Action::Undo { command: id } => return self.undo(about, id),
            _ => {}
        }
        let Some(id) = about else { return refuse(NO_INCIDENT) };
        match &command.action {
            Action::Merge { incidents } => self.merge(id, &command.id, incidents),
            Action::Split { members } => self.split(id, command, members),
            Action::Status { status } => self.set_status(id, *status),
            Action::Lock { locked } => Ok(self.set_lock(id, *locked)?),
            _ => self.decide(id, command),
        }
    }

    /// What changes only what people know of an incident.
    fn decide(&mut self, id: ComponentId, command: &Command) -> Result<Undo, Halt> {
        let mut case = self.case(id)?;
        let undo = change(&mut case.handling, command)?;
        self.put_case(id, &case)?;
        self.reconsider(id)?;
        Ok(undo)
    }

    fn set_lock(&mut self, id: ComponentId, locked: bool) -> Result<Undo, StoreError> {
        let mut case = self.case(id)?;
        let before = std::mem::replace(&mut case.handling.locked, locked);
        self.put_case(id, &case)?;
        if let Some(component) = self.component_mut(id) {
            component.steering.locked = locked;
            // What turned out to be everybody's meanwhile is looked at now.
            component.stale |= before && !locked;
        }
        self.reconsider(id)?;
        Ok(Undo::Lock(before))
    }

    fn set_status(&mut self, id: ComponentId, status: IncidentStatus) -> Result<Undo, Halt> {
        let mut case = self.case(id)?;
        let before = std::mem::replace(&mut case.status, status);
        match (before.is_over(), status.is_over()) {
            (false, true) => {
                self.settle_name(id)?;
                self.put_case(id, &case)?;
                self.close_by_command(id)?;
            }
            (true, false) => {
                self.put_case(id, &case)?;
                self.reopen(id)?;
            }
            _ => self.put_case(id, &case)?,
        }
        Ok(Undo::Status(before))
    }

    /// Publishes what waits under another uid, so that the last revision has the right one.
    pub fn settle_name(&mut self, id: ComponentId) -> Result<(), StoreError> {
        let named = self.component(id).map(|c| c.first.uid.clone());
        let known = self.component(id).and_then(|c| c.published.as_ref()).map(|published| published.named.clone());
        if named != known { self.publish(id) } else { Ok(()) }
    }

    /// Ends an incident: it stays as it is, and what would have joined it opens another one that continues it.
    fn close_by_command(&mut self, id: ComponentId) -> Result<(), StoreError> {
        let Some(uid) = self.component(id).and_then(|c| c.published.as_ref()).map(|p| p.uid.clone()) else {
            return Ok(());
        };
        if let Some(component) = self.component_mut(id) {
            component.steering.closed = true;
        }
        self.stats.incidents_closed += 1;
        let last = self.compose(id, uid)?;
        self.put_redirect(&last.uid, None)?;
        self.leave_traces(id, &last)
    }

    /// Takes a closed story up again. Its uid had its last revision, so it goes on as a new incident.
    fn reopen(&mut self, id: ComponentId) -> Result<(), StoreError> {
        if let Some(component) = self.component_mut(id) {
            component.steering.closed = false;
            // What came meanwhile and found it closed is looked for again.
            component.stale = true;
            let closed = component.published.take();
            component.continues = closed.map(|closed| (component.last_time, closed.uid)).or(component.continues.take());
        }
        self.reconsider(id)
    }

    fn publish_at_once(&mut self, id: ComponentId) {
        self.dirty.insert(id);
        self.urgent.insert(id);
    }

    fn command_row(&self, id: &str) -> Result<Option<CommandRow>, StoreError> {
        let row = self.db.get(&self.key(Table::Command).tail(id))?;
        row.map(|bytes| decode(&bytes)).transpose()
    }

    fn put_command_row(&mut self, id: &str, row: &CommandRow) -> Result<(), StoreError> {
        self.db.put(self.key(Table::Command).tail(id), encode(row)?);
        Ok(())
    }

    /// Forgets a command; its id may be used again then.
    pub fn forget_command(&mut self, id: &str) {
        let row = self.key(Table::Command).tail(id);
        self.db.delete(row);
    }
}

const NO_INCIDENT: &str = "no incident is there under this uid: it never was, or it is over and its state is gone";

fn entry(command: &Command, reason: Option<String>) -> CommandEntry {
    CommandEntry {
        time: command.time,
        id: command.id.clone(),
        by: command.by.clone(),
        verb: command.action.verb().to_owned(),
        outcome: if reason.is_some() { CommandOutcome::Rejected } else { CommandOutcome::Applied },
        reason,
    }
}

/// Refuses a verdict whose parts contradict each other.
fn agree(classification: Option<Classification>, determination: Option<Determination>) -> Result<(), Halt> {
    match classification.zip(determination) {
        Some((classification, determination)) if !determination.fits(classification) => {
            refuse("the determination belongs to another classification")
        }
        _ => Ok(()),
    }
}

/// Changes what people know of an incident as a command says; how to take that back.
fn change(handling: &mut Handling, command: &Command) -> Result<Undo, Halt> {
    Ok(match &command.action {
        Action::Assign { assignee } => Undo::Assign(std::mem::replace(&mut handling.assignee, assignee.clone())),
        Action::Classification { classification, determination } => {
            let before = Undo::Verdict(handling.classification, handling.determination);
            let fits = |determination: &Determination| classification.is_some_and(|known| determination.fits(known));
            let kept = determination.or(handling.determination.filter(fits));
            agree(*classification, kept)?;
            (handling.classification, handling.determination) = (*classification, kept);
            before
        }
        Action::Determination { determination } => {
            let before = Undo::Verdict(handling.classification, handling.determination);
            agree(handling.classification, *determination)?;
            handling.determination = *determination;
            before
        }
        Action::Comment { comment } => {
            let by = command.by.clone();
            handling.comment(Comment { time: command.time, command: command.id.clone(), by, text: comment.clone() });
            Undo::Comment
        }
        Action::Name { name } => Undo::Name(std::mem::replace(&mut handling.name, name.clone())),
        Action::Tag { tags, remove } => {
            let removed = remove.iter().filter(|tag| handling.tags.remove(*tag)).cloned().collect();
            let added = tags.iter().filter(|tag| handling.tags.insert((*tag).clone())).cloned().collect();
            if handling.tags.len() > TAGS_MAX {
                return refuse(format!("an incident has at most {TAGS_MAX} tags"));
            }
            Undo::Tags { added, removed }
        }
        _ => Undo::Nothing,
    })
}
