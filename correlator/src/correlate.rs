//! The correlator itself: one signal in, revisions out.

use std::ops::ControlFlow;
use std::sync::Arc;

use schemas::{Command, Incident, IncidentUid, RuleAlert, Signal, SignalKind, TenantId, Timestamp};

use crate::command::Answer;
use crate::config::Config;
use crate::fold::{canonical, fold};
use crate::heads::Neighbours;
use crate::held::Held;
use crate::link::{Rules, millis};
use crate::link_key::names_user;
use crate::several::names_several;
use crate::sigma::Sigma;
use crate::state::{RedirectRow, decode};
use crate::stats::Stats;
use crate::store::keys::{Key, Parts, Table, tenants_range};
use crate::store::{Overlay, Store, StoreError};
use crate::turn::{Subject, Turn, in_order};

/// Redirects that are followed before giving up; each was a merge of two incidents.
const REDIRECTS_MAX: usize = 10_000;

/// Joins signals into incidents. One owner, one thread; state lives in `S`.
///
/// After an error the changes of the batch are incomplete: call [`Self::rollback`] or drop it.
pub struct Correlator<S> {
    rules: Rules,
    sigma: Sigma,
    db: Overlay<S>,
    held: Held,
    alerts: Vec<RuleAlert>,
    stats: Stats,
    stats_committed: Stats,
}

impl<S: Store> Correlator<S> {
    /// A correlator over what `store` holds. `config` should have passed [`Config::validate`].
    pub fn new(config: Config, store: S) -> Self {
        Self {
            rules: Rules::new(config),
            sigma: Sigma::default(),
            db: Overlay::new(store),
            held: Held::default(),
            alerts: Vec::new(),
            stats: Stats::default(),
            stats_committed: Stats::default(),
        }
    }

    /// The same correlator with rules that raise alerts.
    pub fn with_rules(self, sigma: Sigma) -> Self {
        Self { sigma, ..self }
    }

    /// Hands out the alerts that rules raised since this was called last, in the order in which they were raised.
    /// One that is handed out again under its uid replaces the earlier one.
    pub fn take_alerts(&mut self) -> Vec<RuleAlert> {
        std::mem::take(&mut self.alerts)
    }

    /// Takes a signal in and returns the revisions that it brings about, in the order of event time,
    /// those that close an incident into another before all others, then uid.
    pub fn process(&mut self, signal: Signal) -> Result<Vec<Incident>, StoreError> {
        let signal = canonical(signal);
        let mut turn = self.turn(signal.tenant.clone())?;
        turn.take(signal)?;
        turn.decide_rules()?;
        turn.mark_stale()?;
        turn.publish_changes()?;
        turn.run_timers()?;
        turn.end()
    }

    fn turn(&mut self, tenant: TenantId) -> Result<Turn<'_, S>, StoreError> {
        let Self { rules, sigma, db, held, alerts, stats, .. } = self;
        Turn::start(rules, sigma, db, held, stats, alerts, tenant)
    }

    /// Does what an analyst's command says, in its place among the signals.
    pub fn command(&mut self, command: &Command) -> Result<Answer, StoreError> {
        let mut turn = self.turn(command.tenant.clone())?;
        let refused = turn.obey(command)?;
        turn.publish_changes()?;
        turn.run_timers()?;
        Ok(Answer { revisions: turn.end()?, refused })
    }

    /// Publishes all changes that wait for their time, of every tenant, in the order of [`Self::process`].
    pub fn flush(&mut self) -> Result<Vec<Incident>, StoreError> {
        let mut revisions = Vec::new();
        for tenant in self.tenants()? {
            let mut turn = self.turn(tenant)?;
            turn.publish_waiting()?;
            revisions.extend(turn.end()?);
        }
        in_order(&mut revisions);
        Ok(revisions)
    }

    /// How many groups of rules wait for time to go on, which only signals bring about, before they say something: of
    /// what happened within the last minutes it may still be told that it was new, unusual or missing.
    pub fn undecided(&mut self) -> Result<u64, StoreError> {
        let mut waiting = 0;
        for tenant in self.tenants()? {
            let turn = self.turn(tenant)?;
            waiting += turn.undecided()?;
            turn.end()?;
        }
        Ok(waiting)
    }

    /// Whether changes wait for their time, which only signals or [`Self::flush`] bring about.
    pub fn has_waiting(&self) -> Result<bool, StoreError> {
        for tenant in self.tenants()? {
            let (from, to) = Key::new(Table::Due, tenant.as_str()).prefix_range();
            let mut waiting = false;
            self.db.scan(&from, &to, false, &mut |_, _| {
                waiting = true;
                ControlFlow::Break(())
            })?;
            if waiting {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let (from, to) = tenants_range();
        let mut tenants = Vec::new();
        self.db.scan(&from, &to, false, &mut |key, _| {
            tenants.extend(Parts::after(key, 1).name().map(TenantId::from));
            ControlFlow::Continue(())
        })?;
        Ok(tenants)
    }

    /// The uid under which the story of `uid` is found now; `None` where `uid` was closed as quiet.
    /// A uid that was never closed, or so long ago that it is forgotten, stands for itself.
    pub fn resolve(&self, tenant: &TenantId, uid: &IncidentUid) -> Result<Option<IncidentUid>, StoreError> {
        let mut uid = uid.clone();
        for _ in 0..REDIRECTS_MAX {
            let Some(row) = self.db.get(&Key::new(Table::Redirect, tenant.as_str()).tail(uid.as_str()))? else { break };
            match decode::<RedirectRow>(&row)?.merged_into {
                Some(next) => uid = next,
                None => return Ok(None),
            }
        }
        Ok(Some(uid))
    }

    /// Makes the changes since the last commit the state, together with the caller's `position`. After
    /// an error the store has to be opened again; what it holds is the last commit.
    pub fn commit(&mut self, position: &[u8]) -> Result<(), StoreError> {
        self.held.settle(self.db.held_back())?;
        self.db.commit(position)?;
        self.stats_committed = self.stats;
        Ok(())
    }

    /// Forgets the changes since the last commit.
    pub fn rollback(&mut self) {
        self.db.rollback();
        self.held = Held::default();
        self.alerts.clear();
        self.stats = self.stats_committed;
    }

    /// The position of the last commit: what the state reflects.
    pub fn position(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.position()
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The committed state.
    pub fn store(&self) -> &S {
        self.db.store()
    }
}

impl<S: Store> Turn<'_, S> {
    /// Takes one canonical signal of a source in.
    pub fn take(&mut self, signal: Signal) -> Result<(), StoreError> {
        self.stats.signals += 1;
        if self.horizon(&signal) <= self.clock.watermark {
            self.stats.late += 1;
            return Ok(());
        }
        self.clock.advance(&signal.product, signal.time, &self.rules.config);
        if signal.facts.usage.is_some() {
            self.stats.usage += 1;
            return self.ask_rules(&signal);
        }
        self.admit(signal)
    }

    /// Takes the alert of a rule in. It tells nothing of how far any source has come, since it was made here of what
    /// sources told before; one of long ago joins no incident any more.
    pub fn take_match(&mut self, signal: Signal) -> Result<(), StoreError> {
        self.stats.signals += 1;
        if self.horizon(&signal) <= self.clock.watermark { Ok(()) } else { self.admit(signal) }
    }

    fn horizon(&self, signal: &Signal) -> Timestamp {
        signal.time.saturating_add_millis(millis(self.rules.config.retention_secs))
    }

    fn admit(&mut self, signal: Signal) -> Result<(), StoreError> {
        let horizon = self.horizon(&signal);
        self.learn_leases(&signal)?;
        match self.signal_row(signal.uid.as_str())? {
            None => {
                self.expire_signal_at(horizon, signal.uid.as_str());
                let signal = self.with_device(signal)?;
                let signal = self.suppress(signal)?;
                self.insert(signal)
            }
            Some(row) => match row.signal {
                // What was suppressed stays so, whatever its other parts say.
                Some(known) if self.suppressed_by(&known.uid)?.is_some() => {
                    self.add_to(&known, &Signal { kind: SignalKind::Context, ..signal })
                }
                Some(known) => self.add_to(&known, &signal),
                None => {
                    self.stats.duplicates += 1;
                    Ok(())
                }
            },
        }
    }

    fn insert(&mut self, signal: Signal) -> Result<(), StoreError> {
        self.note_waiting(&signal);
        let (keys, dropped) = self.learn_and_keys_of(&signal)?;
        self.stats.keys_dropped += dropped as u64;
        let mut subject = Subject { signal: Arc::new(signal), residences: Vec::new(), keys: keys.into() };
        self.save(&subject);
        if subject.signal.kind == SignalKind::AiAlert {
            self.count_in(&subject, None, &Neighbours::of(&subject.signal))?;
        } else {
            self.post(&subject)?;
        }
        self.link(&mut subject)?;
        self.ask_rules(&subject.signal)
    }

    /// Folds `more` into a signal that is there and links what that changes.
    pub fn add_to(&mut self, known: &Signal, more: &Signal) -> Result<(), StoreError> {
        let mut signal = fold(known, more);
        if signal == *known {
            self.stats.duplicates += 1;
            return Ok(());
        }
        if signal.kind == SignalKind::Alert {
            signal = self.suppress(signal)?;
        }
        self.stats.folded += 1;
        self.learn(&signal)?;
        self.note_waiting(&signal);
        // What was learned may have brought it into a component.
        let Some(mut old) = self.subject(known.uid.as_str())? else { return Ok(()) };
        self.unpost(&old, &old.residences)?;
        self.settle(&mut old)?;
        let (keys, dropped) = self.keys_of(&signal)?;
        self.stats.keys_dropped += dropped as u64;
        let mut subject = Subject { signal: Arc::new(signal), residences: old.residences.clone(), keys: keys.into() };
        self.note_habit(&subject.signal)?;
        // Of somebody in particular it may no longer be linked to what others did in the same place, and of several
        // people it joins no stories any more.
        let named = names_user(&subject.keys) && !names_user(&old.keys);
        if named || (names_several(&subject.signal) && !names_several(&old.signal)) {
            self.doubt(&old.residences)?;
        }
        for residence in &old.residences {
            self.remove_member(residence.component, &old, residence.hops)?;
        }
        if subject.signal.kind == SignalKind::AiAlert && old.signal.kind != SignalKind::AiAlert {
            subject.residences.clear();
            self.count_in(&subject, None, &Neighbours::of(&subject.signal))?;
        } else {
            self.post(&subject)?;
        }
        for residence in subject.residences.clone() {
            self.add_member(residence.component, &subject, residence.hops)?;
        }
        self.save(&subject);
        self.link(&mut subject)?;
        self.ask_rules(&subject.signal)
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Entity, EntityKind, Group, Severity, SignalUid, Timestamp};

    use super::*;
    use crate::held::YOUNG_BYTES_MAX;
    use crate::store::MapStore;

    const HOUR_MS: i64 = 3_600_000;

    /// The signal `at` that happened at `millis` to a user with two names.
    fn signal(at: u64, millis: i64, names: [String; 2]) -> Signal {
        let alert = at.is_multiple_of(50);
        let tenant = TenantId::default();
        Signal {
            uid: SignalUid::derive(&tenant, "test", &at.to_string()),
            native_id: at.to_string(),
            tenant,
            time: Timestamp::from_millis(millis).expect("a time"),
            group: if alert { Group::Ai } else { Group::Identity },
            product: format!("product-{}", at % 200),
            kind: if alert { SignalKind::AiAlert } else { SignalKind::Context },
            title: "a title".to_owned(),
            severity: Severity::Medium,
            category: None,
            techniques: Vec::new(),
            entities: Entity::new(EntityKind::User, names.iter().map(String::as_str)).into_iter().collect(),
            flags: Vec::new(),
            facts: schemas::Facts::default(),
        }
    }

    /// Whatever comes, memory beside the store stays below its caps once a batch is committed, and so does what an
    /// incident keeps.
    fn is_bounded(count: u64, of: impl Fn(u64) -> Signal) -> Stats {
        let config = Config { members_per_incident_max: 300, ..Config::default() };
        let mut correlator = Correlator::new(config.clone(), MapStore::default());
        for at in 0..count {
            correlator.process(of(at)).expect("process");
            if at % 500 == 499 {
                correlator.commit(&at.to_be_bytes()).expect("commit");
                let most = correlator.held.most_bytes();
                // Two generations, and the batch that made the young one grow too large.
                assert!(most < 2 * YOUNG_BYTES_MAX + (4 << 20), "{most} bytes at {at}");
                let turn = correlator.turn(TenantId::default()).expect("a turn");
                assert!(turn.clock.sources.len() <= 64);
                turn.end().expect("end");
            }
        }
        let (from, to) = crate::store::keys::table_range(Table::Member);
        let mut members = 0;
        let mut count = |_: &[u8], _: &[u8]| {
            members += 1;
            ControlFlow::Continue(())
        };
        correlator.db.scan(&from, &to, false, &mut count).expect("scan");
        let incidents = correlator.stats().incidents_created + correlator.stats().candidates;
        assert!(members <= u64::from(config.members_per_incident_max) * incidents.max(1), "{members} rows");
        correlator.stats()
    }

    #[test]
    fn one_entity_in_every_signal_stays_below_the_caps() {
        let one = || "the-one@contoso.example".to_owned();
        let stats = is_bounded(5_000, |at| signal(at, at as i64 * 100, [one(), one()]));
        assert!(stats.members_counted_only > 0, "{stats:?}");
        let stats = is_bounded(5_000, |at| signal(at, at as i64 * 100, [one(), format!("own-{at}")]));
        assert!(stats.identities_ambiguous > 0, "{stats:?}");
    }

    #[test]
    fn new_entities_for_ever_stay_below_the_caps() {
        let stats =
            is_bounded(60_000, |at| signal(at, at as i64 * 100, [format!("u{at}@contoso.example"), format!("o-{at}")]));
        assert_eq!(stats.aliases, 60_000);
    }

    /// A clock that jumps to and fro, years at a time: what is late is dropped and counted, what is old goes.
    #[test]
    fn a_clock_that_jumps_stays_below_the_caps() {
        let hours = |at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as i64 % 80_000;
        let of = |at: u64| {
            let names = [format!("u{}@contoso.example", at % 300), format!("o-{}", at % 700)];
            signal(at, hours(at) * HOUR_MS, names)
        };
        let stats = is_bounded(20_000, of);
        assert!(stats.late > 0 && stats.signals == 20_000, "{stats:?}");
    }
}
