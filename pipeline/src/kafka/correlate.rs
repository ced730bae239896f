//! The correlate stage on Kafka: one correlator and one RocksDB for each owned partition of signals.
//!
//! State is written after the commit, in one batch with the offset that it reflects. When a partition
//! is assigned and the two do not agree, [`super::restore`] rebuilds the state from the retained signals.
//!
//! Time moves only with input, so that a rebuilt correlator repeats itself to the byte. Where revisions
//! wait for time to pass and no signal comes, the stage writes a *tick* to its own input: an empty
//! record, which flushes what waits, now and at every replay of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::anyhow;
use correlator::{Answer, StoreError};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{Incident, RuleAlert, ocsf};
use tracing::{info, warn};

use super::assignment::Assigned;
use super::client::Client;
use super::output::{self, Event, JSON, Topics};
use super::partition::{PartitionState, RecordError, apply, tick};
use super::restore::{self, Interrupted};
use super::stage::{Positions, Stage, StageError};
use super::transaction::{TransactionError, Transactions};
use crate::config::{Config, Rulebook};
use crate::dead_letter::{COMMAND_REFUSED, STAGE_CORRELATE};
use crate::framing::Framing;
use crate::schema_registry::RegistryError;

/// `ce_source` of everything that this stage writes.
const SOURCE: &str = "/weir/correlate";
/// `ce_type` of alerts, which is that of the detect stage.
const ALERT_TYPE: &str = "io.weir.alert.v1";
/// `ce_type` of incidents.
const INCIDENT_TYPE: &str = "io.weir.incident.v1";
/// The reason of a signal that comes too late.
const LATE: (&str, &str) =
    ("late", "its time lies further back than [correlation] retention_secs reaches: what it belongs to is forgotten");
/// The reason code of a revision that Kafka refuses for its size.
const OUTPUT_TOO_LARGE: (&str, &str) = ("output_too_large", "a revision or an alert is larger than Kafka takes");

/// The stage's name in groups and transactional ids.
pub const NAME: &str = "correlate";

/// The stage in one worker.
pub struct CorrelateStage<'a> {
    /// Ends a rebuild.
    shutdown: &'a AtomicBool,
    client: Client,
    topics: Topics,
    framing: Arc<Framing>,
    rules: Rulebook,
    state_dir: PathBuf,
    dead_letter_bytes_max: usize,
    partitions: BTreeMap<i32, PartitionState>,
    payload: Vec<u8>,
}

impl<'a> CorrelateStage<'a> {
    /// A worker's own stage.
    pub fn new(
        config: &Config,
        client: Client,
        topics: Topics,
        framing: Arc<Framing>,
        shutdown: &'a AtomicBool,
    ) -> Self {
        Self {
            shutdown,
            client,
            topics,
            framing,
            rules: config.rulebook.clone(),
            state_dir: config.file.correlate.state_dir.clone(),
            dead_letter_bytes_max: config.file.limits.dead_letter_bytes_max,
            partitions: BTreeMap::new(),
            payload: Vec::new(),
        }
    }

    fn state(&mut self, partition: i32) -> Result<&mut PartitionState, StageError> {
        self.partitions
            .get_mut(&partition)
            .ok_or_else(|| StageError::Fatal(anyhow!("a record of partition {partition}, which is not owned")))
    }

    /// What a failing store means. Damage is mended by what the broker retains; for the rest an operator must look.
    fn store_error(&mut self, partition: i32, error: StoreError) -> StageError {
        if !error.is_damage() {
            return StageError::Fatal(error.into());
        }
        // Closed before its files go.
        self.partitions.remove(&partition);
        match restore::discard(&self.topics.signals, partition, &self.state_dir, &error) {
            Ok(()) => StageError::Restart(error.into()),
            Err(error) => StageError::Fatal(error),
        }
    }

    fn publish(
        &mut self,
        incidents: &[Incident],
        message: &BorrowedMessage<'_>,
        output: &Transactions,
    ) -> Result<(), StageError> {
        for incident in incidents {
            let sent = self.publish_one(incident, output);
            match sent {
                Err(StageError::TooLarge) => {
                    warn!(incident = %incident.uid, "a revision or an alert is larger than Kafka takes");
                    self.dead_letter(message, OUTPUT_TOO_LARGE, output)?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn publish_alerts(
        &mut self,
        alerts: &[RuleAlert],
        message: &BorrowedMessage<'_>,
        output: &Transactions,
    ) -> Result<(), StageError> {
        for alert in alerts {
            self.payload.clear();
            ocsf::write_rule_finding(alert, &mut self.payload);
            let (id, time) = (alert.uid.as_str(), alert.time.to_string());
            let event =
                Event { id, kind: ALERT_TYPE, source: SOURCE, time: &time, content_type: JSON, traceparent: None };
            let sent = output::send(output, &self.topics.alerts, alert.tenant.as_str(), &self.payload, &event);
            match sent.map_err(StageError::from) {
                Err(StageError::TooLarge) => {
                    warn!(alert = id, "an alert is larger than Kafka takes");
                    self.dead_letter(message, OUTPUT_TOO_LARGE, output)?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn publish_one(&mut self, incident: &Incident, output: &Transactions) -> Result<(), StageError> {
        self.payload.clear();
        ocsf::write_incident_finding(incident, &mut self.payload);
        let id = format!("{}/{}", incident.uid, incident.revision);
        let time = incident.time.to_string();
        let event =
            Event { id: &id, kind: INCIDENT_TYPE, source: SOURCE, time: &time, content_type: JSON, traceparent: None };
        for topic in [&self.topics.incidents, &self.topics.latest] {
            output::send(output, topic, incident.uid.as_str(), &self.payload, &event)?;
        }
        Ok(())
    }

    fn dead_letter(
        &self,
        message: &BorrowedMessage<'_>,
        error: (&str, &str),
        output: &Transactions,
    ) -> Result<(), StageError> {
        let bytes = message.payload().unwrap_or_default();
        let (topic, bytes_max) = (&self.topics.dead_letters, self.dead_letter_bytes_max);
        Ok(output::dead_letter(output, topic, message, bytes, error, STAGE_CORRELATE, bytes_max)?)
    }
}

/// A broker or a registry that does not answer is tried again with new clients; anything else needs an operator.
fn restore_error(error: anyhow::Error) -> StageError {
    match error.downcast::<KafkaError>() {
        Ok(error) => TransactionError::Recreate(error).into(),
        Err(error) if error.is::<RegistryError>() || error.is::<Interrupted>() => StageError::Restart(error),
        // Found while rebuilding: the next life discards it and rebuilds from nothing.
        Err(error) if error.downcast_ref::<StoreError>().is_some_and(StoreError::is_damage) => {
            StageError::Restart(error)
        }
        Err(error) => StageError::Fatal(error),
    }
}

impl Stage for CorrelateStage<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn inputs(&self) -> Vec<String> {
        vec![self.topics.signals.clone()]
    }

    fn assigned(&mut self, partitions: &[Assigned]) -> Result<(), StageError> {
        for assigned in partitions {
            let state =
                restore::state(assigned, &self.client, &self.framing, &self.rules, &self.state_dir, self.shutdown)
                    .map_err(restore_error)?;
            self.partitions.insert(assigned.partition, state);
        }
        Ok(())
    }

    fn revoked(&mut self) {
        // Dropping closes RocksDB, so that the next owner on this machine can open it.
        self.partitions.clear();
    }

    fn record(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError> {
        let framing = Arc::clone(&self.framing);
        let state = self.state(message.partition())?;
        let late = state.stats().late;
        let applied = apply(state, message, &framing);
        let is_late = state.stats().late > late;
        let alerts = state.take_alerts();
        match applied {
            Ok(Answer { revisions, refused }) => {
                // A late signal brings nothing itself, and what was due anyhow is told in its turn.
                self.publish_alerts(&alerts, message, output)?;
                self.publish(&revisions, message, output)?;
                if is_late {
                    return self.dead_letter(message, LATE, output);
                }
                match refused {
                    Some(why) => self.dead_letter(message, (COMMAND_REFUSED, &why), output),
                    None => Ok(()),
                }
            }
            Err(RecordError::Unreadable(reason, why)) => self.dead_letter(message, (reason.code(), &why), output),
            Err(RecordError::Registry(error)) => Err(StageError::Restart(error.into())),
            Err(RecordError::Store(error)) => Err(self.store_error(message.partition(), error)),
        }
    }

    fn idle(&mut self, output: &mut Transactions) -> Result<(), StageError> {
        let owned: Vec<i32> = self.partitions.keys().copied().collect();
        for partition in owned {
            let waiting = self.state(partition)?.has_waiting();
            if waiting.map_err(|error| self.store_error(partition, error))? {
                info!(partition, "a tick moves waiting revisions on");
                output.begin()?;
                output.send(tick(&self.topics.signals, partition))?;
            }
        }
        Ok(())
    }

    fn committed(&mut self, positions: &Positions) -> Result<(), StageError> {
        for ((topic, partition), offset) in positions {
            let position = restore::position(topic, *partition, *offset);
            if let Err(error) = self.state(*partition)?.commit(&position) {
                return Err(self.store_error(*partition, error));
            }
        }
        Ok(())
    }

    fn aborted(&mut self) {
        for state in self.partitions.values_mut() {
            state.rollback();
        }
    }
}
