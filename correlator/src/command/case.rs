//! What people decided about a component: a row of its own, so that a busy incident does not carry comments
//! through every signal.

use schemas::{CommandEntry, Incident, Suppressed};

use super::rows::CaseRow;
use crate::state::{ComponentId, decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::turn::Turn;

impl<S: Store> Turn<'_, S> {
    fn case_key(&self, id: ComponentId) -> Vec<u8> {
        self.key(Table::Case).number(id).done()
    }

    /// What was decided about a component.
    pub fn case(&self, id: ComponentId) -> Result<CaseRow, StoreError> {
        if !self.component(id).is_some_and(|component| component.steering.has_case) {
            return Ok(CaseRow::default());
        }
        self.db.get(&self.case_key(id))?.map_or(Ok(CaseRow::default()), |row| decode(&row))
    }

    /// Writes down what was decided.
    pub fn put_case(&mut self, id: ComponentId, case: &CaseRow) -> Result<(), StoreError> {
        if let Some(component) = self.component_mut(id) {
            component.steering.has_case = true;
        }
        let key = self.case_key(id);
        self.db.put(key, encode(case)?);
        Ok(())
    }

    /// Adds to a component's audit trail.
    pub fn enter(&mut self, id: ComponentId, entry: CommandEntry) -> Result<(), StoreError> {
        let mut case = self.case(id)?;
        case.handling.enter(entry);
        self.put_case(id, &case)
    }

    /// Makes one case of those of two components that become one under the number `whole`.
    pub fn join_cases(
        &mut self,
        survivor: ComponentId,
        loser: ComponentId,
        whole: ComponentId,
    ) -> Result<(), StoreError> {
        let is_known = |id| self.component(id).is_some_and(|component| component.steering.has_case);
        if !is_known(survivor) && !is_known(loser) {
            return Ok(());
        }
        let (mut case, other) = (self.case(survivor)?, self.case(loser)?);
        // Of an incident that somebody works on and one that nobody took, somebody works on the whole.
        case.status = case.status.max(other.status);
        case.handling.take_over(other.handling);
        self.forget_case(survivor);
        self.forget_case(loser);
        self.put_case(whole, &case)
    }

    /// Lets a case follow its component to another number.
    pub fn move_case(&mut self, from: ComponentId, to: ComponentId) -> Result<(), StoreError> {
        let row = self.db.get(&self.case_key(from))?;
        if let Some(row) = row {
            self.forget_case(from);
            let key = self.case_key(to);
            self.db.put(key, row.to_vec());
        }
        Ok(())
    }

    /// Forgets what was decided about a component that is gone.
    pub fn forget_case(&mut self, id: ComponentId) {
        let key = self.case_key(id);
        self.db.delete(key);
    }

    /// Says in a revision what people decided, and what correlation was kept from doing.
    pub fn tell_case(&mut self, id: ComponentId, incident: &mut Incident) -> Result<(), StoreError> {
        incident.related = self.related(id)?;
        if self.clock.suppresses {
            for member in &incident.members {
                let uid = &member.signal.uid;
                if let Some(rule) = self.suppressed_by(uid)? {
                    incident.suppressed.push(Suppressed { uid: uid.clone(), rule });
                }
            }
        }
        let case = self.case(id)?;
        if let Some(name) = &case.handling.name {
            incident.title.clone_from(name);
        }
        incident.status = case.status;
        incident.handling = case.handling;
        Ok(())
    }
}
