//! Taking commands back.
//!
//! What a command replaced comes back only where nothing of its kind came since: else nobody could say what the
//! state after it is. A merge is taken back by letting correlation link the members as if it had never been, which
//! gives the parts new uids, since that of an incident that was merged away is never used again.

use schemas::{CommandEntry, CommandOutcome, Handling, SignalUid};

use super::rows::Undo;
use super::{Halt, refuse};
use crate::state::ComponentId;
use crate::store::{Store, StoreError};
use crate::turn::Turn;

impl<S: Store> Turn<'_, S> {
    pub(super) fn undo(&mut self, about: Option<ComponentId>, name: &str) -> Result<Undo, Halt> {
        let Some(mut row) = self.command_row(name)? else { return refuse("no such command is remembered") };
        if row.undone {
            return refuse("the command was taken back already");
        }
        if row.undo == Undo::Suppress {
            self.remove_suppression(name)?;
        } else {
            let Some(id) = about else { return refuse("the command's incident is over and its state is gone") };
            self.undo_in(id, name, &row.verb, row.undo.clone())?;
            if let Some(id) = self.find(id)? {
                self.mark_undone(id, name)?;
            }
        }
        row.undone = true;
        self.put_command_row(name, &row)?;
        Ok(Undo::Nothing)
    }

    fn undo_in(&mut self, id: ComponentId, name: &str, verb: &str, undo: Undo) -> Result<(), Halt> {
        let mut case = self.case(id)?;
        let handling = &mut case.handling;
        let replaces = !matches!(undo, Undo::Comment | Undo::Nothing | Undo::Merge | Undo::Split { .. });
        if replaces && !is_newest(handling, name, verb) {
            return refuse("a later command of the same kind came since: take that one back first");
        }
        match undo {
            Undo::Assign(before) => handling.assignee = before,
            Undo::Comment => {
                handling.comments.iter_mut().filter(|c| c.command == name).for_each(|c| c.text.clear());
            }
            Undo::Name(before) => handling.name = before,
            Undo::Tags { added, removed } => {
                handling.tags.retain(|tag| !added.contains(tag));
                handling.tags.extend(removed);
            }
            Undo::Verdict(classification, determination) => {
                (handling.classification, handling.determination) = (classification, determination);
            }
            Undo::Lock(before) => {
                self.set_lock(id, before)?;
                return Ok(());
            }
            Undo::Status(before) => return self.set_status(id, before).map(drop),
            Undo::Merge => return self.undo_merge(id, name),
            Undo::Split { members, into } => return self.undo_split(id, into, name, &members),
            Undo::Nothing | Undo::Suppress => return refuse("there is nothing to take back"),
        }
        self.put_case(id, &case)?;
        Ok(self.reconsider(id)?)
    }

    fn undo_merge(&mut self, id: ComponentId, name: &str) -> Result<(), Halt> {
        let relink_max = self.rules.config.relink_members_max;
        let Some(component) = self.component_mut(id) else { return Ok(()) };
        if component.steering.closed {
            return refuse("the incident is closed");
        }
        if component.steering.shaped != [name] {
            return refuse("the incident was merged or split by hand since: take that back first");
        }
        if component.members_total > relink_max || u64::from(component.members_kept) != component.members_total {
            return refuse(format!("more than {relink_max} members are not linked anew"));
        }
        component.steering.shaped.clear();
        component.stale = true;
        Ok(())
    }

    fn undo_split(
        &mut self,
        id: ComponentId,
        into: ComponentId,
        name: &str,
        members: &[SignalUid],
    ) -> Result<(), Halt> {
        let Some(part) = self.find(into)?.filter(|part| *part != id) else {
            return refuse("both parts are one incident again, or one is over and its state is gone");
        };
        for id in [id, part] {
            let Some(steering) = self.component(id).map(|component| &component.steering) else { continue };
            if steering.closed {
                return refuse("one of both parts is closed: reopen it first");
            }
            if steering.shaped.last().is_none_or(|last| last != name) {
                return refuse("a part was merged or split by hand since: take that back first");
            }
        }
        if let Some(reason) = self.barrier(id, part, true)? {
            return refuse(super::reshape::why_not(reason));
        }
        self.bring_together(id, part)?;
        members.iter().for_each(|uid| self.unpin(uid));
        let whole = self.union(id, part)?;
        if let Some(component) = self.component_mut(whole) {
            component.steering.shaped.retain(|shaped| shaped != name);
            // What turned out to be everybody's meanwhile is looked at now.
            component.stale |= component.steering.shaped.is_empty();
        }
        Ok(())
    }

    fn mark_undone(&mut self, id: ComponentId, name: &str) -> Result<(), StoreError> {
        let mut case = self.case(id)?;
        for entry in case.handling.commands.iter_mut().filter(|entry| entry.id == name) {
            entry.outcome = CommandOutcome::Undone;
        }
        self.put_case(id, &case)
    }
}

/// Whether no command of the same kind was applied after the one called `name`.
fn is_newest(handling: &Handling, name: &str, verb: &str) -> bool {
    let same = |entry: &&CommandEntry| entry.outcome == CommandOutcome::Applied && kind(&entry.verb) == kind(verb);
    handling.commands.iter().rfind(same).is_some_and(|entry| entry.id == name)
}

/// Verbs that set the same thing are of one kind.
fn kind(verb: &str) -> &str {
    if verb == "determination" { "classification" } else { verb }
}
