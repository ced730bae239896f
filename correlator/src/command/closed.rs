//! Commands about incidents that are over and whose state is gone.
//!
//! An incident that was closed as quiet leaves what was told of it last, for `retention_secs`. So people may still say
//! what it was, whose it is and what they think of it, and each of it is a further revision. What it takes the members
//! for (to take it up again, to merge, split or lock it) is rejected: they are not linked any more, and a story of the same actors
//! that goes on is a new incident that continues it. What was said then is not taken back; the opposite can be said.

use schemas::{Action, Command, Incident};

use super::rows::{CommandRow, Undo};
use super::{Halt, change, entry, refuse};
use crate::link::millis;
use crate::state::{RedirectRow, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::timers::Aged;
use crate::turn::Turn;

/// Redirects that are followed before giving up.
const REDIRECTS_MAX: usize = 1_000;
const OVER: &str = "the incident was closed as quiet and its state is gone: a story that goes on is a new incident";

impl<S: Store> Turn<'_, S> {
    /// Keeps what was told last of an incident whose state goes.
    pub fn keep_closed(&mut self, last: &Incident) -> Result<(), StoreError> {
        self.db.put(self.key(Table::Closed).tail(last.uid.as_str()), encode(last)?);
        let due = self.clock.watermark.saturating_add_millis(millis(self.rules.config.retention_secs));
        self.expire_at(due, Aged::Closed, last.uid.as_str());
        Ok(())
    }

    /// Forgets it.
    pub fn forget_closed(&mut self, uid: &str) {
        let row = self.key(Table::Closed).tail(uid);
        self.db.delete(row);
    }

    /// The incident that a command is about, where all that is left of it is what was told last.
    pub(super) fn closed_incident(&self, command: &Command) -> Result<Option<Incident>, StoreError> {
        let Some(mut uid) = command.incident.clone() else { return Ok(None) };
        if matches!(command.action, Action::Undo { .. } | Action::Suppress { .. }) {
            return Ok(None);
        }
        for _ in 0..REDIRECTS_MAX {
            if let Some(row) = self.db.get(&self.key(Table::Closed).tail(uid.as_str()))? {
                return Ok(Some(decode(&row)?));
            }
            let Some(row) = self.db.get(&self.key(Table::Redirect).tail(uid.as_str()))? else { break };
            let Some(next) = decode::<RedirectRow>(&row)?.merged_into else { break };
            uid = next;
        }
        Ok(None)
    }

    /// Does what a command says to an incident that is over, and tells it.
    pub(super) fn obey_after_close(&mut self, mut incident: Incident, command: &Command) -> Result<(), StoreError> {
        let outcome = match decide(&mut incident, command) {
            Ok(()) => None,
            Err(Halt::Refused(why)) => Some(why),
            Err(Halt::Store(error)) => return Err(error),
        };
        self.stats.commands_rejected += u64::from(outcome.is_some());
        let verb = command.action.verb().to_owned();
        self.remember_command(command, CommandRow { component: None, verb, undo: Undo::Nothing, undone: false })?;
        incident.handling.enter(entry(command, outcome));
        incident.revision = incident.revision.saturating_add(1);
        incident.time = self.now();
        self.keep_closed(&incident)?;
        self.hand_out(incident);
        Ok(())
    }
}

fn decide(incident: &mut Incident, command: &Command) -> Result<(), Halt> {
    match &command.action {
        Action::Status { status } if status.is_over() => incident.status = *status,
        Action::Status { .. } | Action::Merge { .. } | Action::Split { .. } | Action::Lock { .. } => {
            return refuse(OVER);
        }
        _ => {
            let mut handling = incident.handling.clone();
            change(&mut handling, command)?;
            incident.handling = handling;
        }
    }
    if let Some(name) = &incident.handling.name {
        incident.title.clone_from(name);
    }
    Ok(())
}
