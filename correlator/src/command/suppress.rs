//! Alerts that are expected: rules of the configuration, rules that came by command, tests that the inventory
//! registers, and what is common ([`crate::habit`]).
//!
//! A suppressed alert joins a story as context: it is listed, with the rule's name or the reason, but it neither
//! opens an incident nor raises one, and it brings in nothing else: it is a far member. That is decided when it comes and stays so; a rule by command speaks of alerts that
//! happen after it. Of a vendor's alert that comes in parts the first part may have raised what the whole does
//! not; an AI alert comes whole.

use schemas::{Command, Signal, SignalKind, SignalUid, Suppression};

use super::rows::{SuppressionRow, Undo};
use super::{Halt, refuse};
use crate::config::RULES_MAX;
use crate::state::{decode, encode};
use crate::store::keys::Table;
use crate::store::{Store, StoreError};
use crate::turn::Turn;

impl<S: Store> Turn<'_, S> {
    fn suppressions(&self) -> Result<Vec<SuppressionRow>, StoreError> {
        if self.clock.suppressions == 0 {
            return Ok(Vec::new());
        }
        self.db.get(&self.key(Table::Suppression).done())?.map_or(Ok(Vec::new()), |row| decode(&row))
    }

    fn put_suppressions(&mut self, rows: &[SuppressionRow]) -> Result<(), StoreError> {
        self.clock.suppressions = rows.len() as u64;
        let key = self.key(Table::Suppression).done();
        self.db.put(key, encode(&rows)?);
        Ok(())
    }

    /// Adds the rule that a command brings; those that expired make room.
    pub(super) fn add_suppression(&mut self, command: &Command, rule: &Suppression) -> Result<Undo, Halt> {
        let mut rows = self.suppressions()?;
        let now = self.now();
        rows.retain(|row| row.rule.expires.is_none_or(|expires| expires > now));
        if rows.len() >= RULES_MAX {
            return refuse(format!("a tenant has at most {RULES_MAX} suppression rules by command"));
        }
        if let Err(why) = rule.check() {
            return refuse(why);
        }
        if rule.expires.is_some_and(|expires| expires <= command.time) {
            return refuse("it expires before it is given, and would cover nothing");
        }
        rows.push(SuppressionRow { name: command.id.clone(), from: command.time, rule: rule.clone() });
        self.put_suppressions(&rows)?;
        Ok(Undo::Suppress)
    }

    /// Takes a rule away.
    pub(super) fn remove_suppression(&mut self, name: &str) -> Result<(), StoreError> {
        let mut rows = self.suppressions()?;
        rows.retain(|row| row.name != name);
        self.put_suppressions(&rows)
    }

    /// The rule that an alert is suppressed by: the configuration's first, each in order of name; else the reason.
    fn suppressing(&self, signal: &Signal) -> Result<Option<String>, StoreError> {
        let configured = self.rules.config.suppression.iter().find(|(_, rule)| rule.covers(signal));
        if let Some((name, _)) = configured {
            return Ok(Some(name.clone()));
        }
        let given = self.suppressions()?;
        let given = given.into_iter().find(|row| row.from <= signal.time && row.rule.covers(signal));
        Ok(given.map(|row| row.name).or_else(|| self.rules.config.inventory.expected(signal)))
    }

    /// Makes an alert context where a rule suppresses it.
    pub fn suppress(&mut self, mut signal: Signal) -> Result<Signal, StoreError> {
        if signal.kind == SignalKind::Context {
            return Ok(signal);
        }
        let mut reason = self.suppressing(&signal)?;
        if reason.is_some() {
            self.stats.suppressed += 1;
        } else {
            // What a rule suppresses is no habit: it would stay common when the rule has expired.
            self.note_habit(&signal)?;
            reason = self.common(&signal)?;
            self.stats.common += u64::from(reason.is_some());
        }
        if let Some(rule) = reason {
            self.clock.suppresses = true;
            let row = self.key(Table::Suppressed).tail(signal.uid.as_str());
            self.db.put(row, rule.into_bytes());
            signal.kind = SignalKind::Context;
        }
        Ok(signal)
    }

    /// The rule that suppresses a signal which is there, or the reason.
    pub fn suppressed_by(&self, uid: &SignalUid) -> Result<Option<String>, StoreError> {
        if !self.clock.suppresses {
            return Ok(None);
        }
        let row = self.db.get(&self.key(Table::Suppressed).tail(uid.as_str()))?;
        Ok(row.map(|name| String::from_utf8_lossy(&name).into_owned()))
    }

    /// Forgets what people and rules said of a signal that is forgotten itself.
    pub fn forget_marks(&mut self, uid: &str) {
        for (table, any) in [(Table::Suppressed, self.clock.suppresses), (Table::Pin, self.clock.pins)] {
            if any {
                let row = self.key(table).tail(uid);
                self.db.delete(row);
            }
        }
    }
}
