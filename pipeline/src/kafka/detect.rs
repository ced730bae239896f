//! The detect stage on Kafka: whatever comes of a record goes to the topic that is made for it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rdkafka::message::{BorrowedMessage, Message};
use schemas::readers::{Reason, Rejected};
use schemas::{Command, Signal, Timestamp, ocsf};
use tracing::warn;

use super::assignment::Assigned;
use super::output::{self, AVRO, Event, JSON, Topics};
use super::stage::{Positions, Stage, StageError};
use super::transaction::Transactions;
use crate::config::{Config, Source, TenantSettings};
use crate::dead_letter::STAGE_DETECT;
use crate::framing::{FrameError, Framing};
use crate::process::{Delivery, Processed, Processor};
use crate::usage::Fold;

/// `ce_source` of everything that this stage writes.
const SOURCE: &str = "/weir/detect";
/// The reason code of an output that Kafka refuses for its size.
const OUTPUT_TOO_LARGE: (&str, &str) = ("output_too_large", "what came of this record is larger than Kafka takes");

/// The stage's name in groups and transactional ids.
pub const NAME: &str = "detect";

/// What the workers of one process share.
pub struct Shared {
    processor: Processor,
    sources: HashMap<String, Source>,
    topics: Topics,
    framing: Arc<Framing>,
    dead_letter_bytes_max: usize,
}

impl Shared {
    /// The stage as `config` wants it.
    ///
    /// # Errors
    /// When the detectors cannot be compiled.
    pub fn new(config: Config, topics: Topics, framing: Arc<Framing>) -> anyhow::Result<Arc<Self>> {
        let tenants = config.tenants.clone();
        Self::with_settings(config, topics, tenants, framing)
    }

    /// The stage with other detection settings than `config` names.
    ///
    /// # Errors
    /// When the detectors cannot be compiled.
    pub fn with_settings(
        config: Config,
        topics: Topics,
        tenants: TenantSettings,
        framing: Arc<Framing>,
    ) -> anyhow::Result<Arc<Self>> {
        let processor = Processor::new(&config, tenants)?;
        let dead_letter_bytes_max = config.file.limits.dead_letter_bytes_max;
        let sources = config.inputs.into_iter().map(|input| (input.topic, input.source)).collect();
        Ok(Arc::new(Self { processor, sources, topics, framing, dead_letter_bytes_max }))
    }
}

impl Shared {
    /// The record as its reader knows it. Only Avro has a registry's frame: where the source names another
    /// format the registry is not asked.
    fn unframed<'a>(&self, bytes: &'a [u8], source: &Source) -> Result<Cow<'a, [u8]>, FrameError> {
        match source.format {
            Some(reader) if reader.name() != "avro" => Ok(Cow::Borrowed(bytes)),
            _ => self.framing.unframe(bytes),
        }
    }
}

/// The stage in one worker. Keeps nothing between batches but buffers.
pub struct DetectStage {
    shared: Arc<Shared>,
    payload: Vec<u8>,
    /// What the batch under way used.
    usage: Fold,
}

impl DetectStage {
    /// A worker's own stage.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, payload: Vec::new(), usage: Fold::default() }
    }

    fn interaction(&mut self, processed: &Processed, output: &Transactions) -> Result<(), StageError> {
        let annotated = &processed.annotated;
        let time = annotated.time.to_string();
        let traceparent = processed.traceparent.as_deref();
        let tenant = annotated.tenant.as_str();
        let topics = &self.shared.topics;
        self.payload.clear();
        self.shared.framing.encode(annotated, &mut self.payload).map_err(fatal)?;
        let event = Event {
            id: annotated.id.as_str(),
            kind: "io.weir.annotated.v1",
            source: SOURCE,
            time: &time,
            content_type: AVRO,
            traceparent,
        };
        // Alerts and signals go out even where the annotated interaction is too large for its topic.
        let sent = output::send(output, &topics.annotated, tenant, &self.payload, &event).map_err(StageError::from);
        if !matches!(sent, Ok(()) | Err(StageError::TooLarge)) {
            return sent;
        }
        for (alert, signal) in processed.alerts.iter().zip(&processed.signals) {
            self.payload.clear();
            ocsf::write_detection_finding(alert, &mut self.payload);
            let event = Event {
                id: alert.uid.as_str(),
                kind: "io.weir.alert.v1",
                content_type: JSON,
                ..event_at(&time, traceparent)
            };
            output::send(output, &topics.alerts, tenant, &self.payload, &event)?;
            send_signal(signal, &self.shared, &mut self.payload, traceparent, output)?;
        }
        sent
    }

    fn outputs(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError> {
        let shared = Arc::clone(&self.shared);
        let Some(source) = shared.sources.get(message.topic()) else {
            return Err(StageError::Fatal(anyhow::anyhow!("a record of {}, which is no input", message.topic())));
        };
        let delivery = Delivery {
            time: message.timestamp().to_millis().and_then(Timestamp::from_millis).unwrap_or_default(),
            clamp_future: message.timestamp().to_millis().is_some(),
            tenant: output::header_text(message.headers(), "weir-tenant"),
        };
        let original = message.payload().unwrap_or_default();
        let bytes = match shared.unframed(original, source) {
            Ok(bytes) => bytes,
            Err(FrameError::Registry(error)) => return Err(StageError::Restart(error.into())),
            Err(FrameError::Unknown(why)) => {
                return self.dead_letter(message, original, (Reason::UnknownSchema.code(), &why), output);
            }
        };
        let outcome = shared.processor.process(&bytes, source, delivery);
        if outcome.faults > 0 {
            // The record's place, never its content.
            warn!(
                topic = message.topic(),
                partition = message.partition(),
                offset = message.offset(),
                "a detector panicked"
            );
        }
        for (number, mut processed) in outcome.interactions.into_iter().enumerate() {
            let sent = self.interaction(&processed, output);
            self.or_dead_letter(sent, message, output)?;
            if let Some(contribution) = processed.usage.take() {
                let place = || format!("{}/{}@{}#{number}", message.topic(), message.partition(), message.offset());
                self.usage.add(contribution, place);
            }
        }
        for signal in &outcome.signals {
            let sent = send_signal(signal, &shared, &mut self.payload, None, output);
            self.or_dead_letter(sent, message, output)?;
        }
        for command in &outcome.commands {
            let sent = send_command(command, &shared, &mut self.payload, output);
            self.or_dead_letter(sent, message, output)?;
        }
        for Rejected { bytes: rejected, error } in &outcome.rejected {
            // What came in a registry's frame is kept in it.
            let bytes = if matches!(bytes, Cow::Owned(_)) { original } else { rejected };
            self.dead_letter(message, bytes, output::reason(error), output)?;
        }
        Ok(())
    }

    /// An output that is too large must not stop the partition: the original goes to the dead letters.
    fn or_dead_letter(
        &self,
        sent: Result<(), StageError>,
        message: &BorrowedMessage<'_>,
        output: &Transactions,
    ) -> Result<(), StageError> {
        match sent {
            Err(StageError::TooLarge) => {
                self.dead_letter(message, message.payload().unwrap_or_default(), OUTPUT_TOO_LARGE, output)
            }
            other => other,
        }
    }

    fn dead_letter(
        &self,
        message: &BorrowedMessage<'_>,
        bytes: &[u8],
        error: (&str, &str),
        output: &Transactions,
    ) -> Result<(), StageError> {
        let shared = &self.shared;
        let (topic, bytes_max) = (&shared.topics.dead_letters, shared.dead_letter_bytes_max);
        Ok(output::dead_letter(output, topic, message, bytes, error, STAGE_DETECT, bytes_max)?)
    }
}

fn event_at<'a>(time: &'a str, traceparent: Option<&'a str>) -> Event<'a> {
    Event { id: "", kind: "", source: SOURCE, time, content_type: AVRO, traceparent }
}

fn send_signal(
    signal: &Signal,
    shared: &Shared,
    payload: &mut Vec<u8>,
    traceparent: Option<&str>,
    output: &Transactions,
) -> Result<(), StageError> {
    payload.clear();
    shared.framing.encode(signal, payload).map_err(fatal)?;
    let time = signal.time.to_string();
    let event = Event { id: signal.uid.as_str(), kind: SIGNAL_TYPE, ..event_at(&time, traceparent) };
    Ok(output::send(output, &shared.topics.signals, signal.tenant.as_str(), payload, &event)?)
}

/// Commands go where signals go, so that both have one order. They are few and nested, hence JSON.
fn send_command(
    command: &Command,
    shared: &Shared,
    payload: &mut Vec<u8>,
    output: &Transactions,
) -> Result<(), StageError> {
    payload.clear();
    serde_json::to_writer(&mut *payload, command).map_err(fatal)?;
    let time = command.time.to_string();
    let event = Event { id: &command.id, kind: COMMAND_TYPE, content_type: JSON, ..event_at(&time, None) };
    Ok(output::send(output, &shared.topics.signals, command.tenant.as_str(), payload, &event)?)
}

/// `ce_type` of signals.
pub const SIGNAL_TYPE: &str = "io.weir.signal.v1";
/// `ce_type` of commands.
pub const COMMAND_TYPE: &str = "io.weir.command.v1";

fn fatal(error: impl Into<anyhow::Error>) -> StageError {
    StageError::Fatal(error.into())
}

impl Stage for DetectStage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn inputs(&self) -> Vec<String> {
        self.shared.sources.keys().cloned().collect()
    }

    fn assigned(&mut self, _partitions: &[Assigned]) -> Result<(), StageError> {
        Ok(())
    }

    fn revoked(&mut self) {}

    fn record(&mut self, message: &BorrowedMessage<'_>, output: &Transactions) -> Result<(), StageError> {
        self.outputs(message, output)
    }

    fn ending(&mut self, output: &Transactions) -> Result<(), StageError> {
        let shared = Arc::clone(&self.shared);
        for mut signal in self.usage.take() {
            if shared.processor.note_usage(&mut signal) {
                send_signal(&signal, &shared, &mut self.payload, None, output)?;
            }
        }
        Ok(())
    }

    fn committed(&mut self, _positions: &Positions) -> Result<(), StageError> {
        Ok(())
    }

    fn aborted(&mut self) {
        self.usage.clear();
    }
}
