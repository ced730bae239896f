//! The path of one record through the detect stage, on one screen.
//!
//! ```text
//! bytes ─ read ─┬─ interaction ─ annotate ─┬─ annotated interaction
//!               │                          ├─ policy ─ alerts ─ rules ─ signals
//!               │                          └─ usage, added up ─ rules ─ signals
//!               ├─ signal of a vendor ──────────────────────── rules ─ signals
//!               ├─ command of an analyst ────────────────────── signals
//!               └─ error ────────────────────────────────────── dead letters
//! ```
//!
//! Stateless: everything that is said about a record follows from its bytes, its surroundings and the
//! configuration. Every command goes through here: `run`, `replay`, `detect`, `demo`, the benchmarks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use correlator::sigma::RuleSet;
use correlator::sigma::attribute::ALERT_FIELDS;
use detectors::{Detectors, LexiconError};
use schemas::readers::{self, Context, Input, Limits, Network, Output, ReadError, Reason, Rejected};
use schemas::{Alert, AnnotatedInteraction, Annotation, Command, Flag, Interaction, Signal, Timestamp};

use crate::config::{Config, FeedStore, Source, TenantSettings};
use crate::usage;

/// What the carrier says about one record.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// When the broker took it.
    pub time: Timestamp,
    /// Whether that time is a clock's, against which times in the future and far in the past show.
    pub clamp_future: bool,
    /// The header `weir-tenant`.
    pub tenant: Option<&'a str>,
}

impl Delivery<'_> {
    /// A record from a file. No broker took it: without an instant `as_of` which it is read, no time is in the
    /// future or late, since only a clock could say so, and what is said must not depend on when it is asked.
    pub fn from_file(as_of: Option<Timestamp>) -> Self {
        Self { time: as_of.unwrap_or_default(), clamp_future: as_of.is_some(), tenant: None }
    }
}

/// One interaction and what came of it.
pub struct Processed {
    /// Its metadata with its annotations.
    pub annotated: AnnotatedInteraction,
    /// What policy raises.
    pub alerts: Vec<Alert>,
    /// The same as signals, with the rules that they fit.
    pub signals: Vec<Signal>,
    /// What it adds to what is used, where rules ask for that.
    pub usage: Option<Signal>,
    /// The application's `traceparent`, carried on.
    pub traceparent: Option<String>,
}

/// Everything that came of one record. Reused from record to record.
#[derive(Default)]
pub struct Outcome {
    /// Interactions, in the order in which the record holds them.
    pub interactions: Vec<Processed>,
    /// Signals of vendors, likewise.
    pub signals: Vec<Signal>,
    /// Commands of analysts.
    pub commands: Vec<Command>,
    /// Parts of the record that could not be read, or all of it.
    pub rejected: Vec<Rejected>,
    /// Parts that were recognised and hold nothing to look at.
    pub passed_by: u32,
    /// Detectors that panicked: their say is missing from the annotations.
    pub faults: u32,
    /// Whether a part had no time of its own, or none that can be read.
    pub time_missing: bool,
}

/// The detect stage less its carrier.
pub struct Processor {
    detectors: Detectors,
    tenants: TenantSettings,
    feeds: FeedStore,
    proxies: Vec<Network>,
    lone_wrappers: bool,
    limits: Limits,
    rules: Arc<RuleSet>,
    counts_usage: bool,
}

impl Processor {
    /// The stage as `config` wants it, with the detection settings `tenants`.
    ///
    /// # Errors
    /// When the detectors' own terms cannot be compiled, which a test rules out.
    pub fn new(config: &Config, tenants: TenantSettings) -> Result<Self, LexiconError> {
        let detectors = Detectors::new()?;
        let rules = Arc::clone(&config.rulebook.rules);
        let counts_usage = config.file.rules.usage && rules.asks_about(usage::PRODUCT);
        Ok(Self {
            detectors,
            tenants,
            feeds: config.feeds.clone(),
            proxies: config.proxies.clone(),
            lone_wrappers: config.file.telemetry.lone_wrappers,
            limits: config.limits,
            rules,
            counts_usage,
        })
    }

    /// Writes into a usage signal which rules it fits; false where none asks for it.
    pub fn note_usage(&self, signal: &mut Signal) -> bool {
        self.rules.note(signal);
        !signal.facts.rules.is_empty()
    }

    /// Everything that comes of one record. A record that makes Weir panic is a dead letter like any other
    /// that cannot be read: it must not stop the partition.
    pub fn process(&self, bytes: &[u8], source: &Source, delivery: Delivery<'_>) -> Outcome {
        // Nothing outlives the call that a panic could leave half changed.
        catch_unwind(AssertUnwindSafe(|| self.process_or_panic(bytes, source, delivery))).unwrap_or_else(|_| {
            let error = ReadError::new(Reason::Panicked, "reading this record failed within Weir: please report it");
            Outcome { rejected: vec![Rejected { bytes: bytes.to_vec(), error }], ..Outcome::default() }
        })
    }

    fn process_or_panic(&self, bytes: &[u8], source: &Source, delivery: Delivery<'_>) -> Outcome {
        let context = Context {
            group: source.group,
            broker_time: delivery.time,
            envelope_time: None,
            clamp_future: delivery.clamp_future,
            tenant_header: delivery.tenant,
            tenancy: &source.tenancy,
            proxies: &self.proxies,
            lone_wrappers: self.lone_wrappers,
            limits: self.limits,
            watch: Some(self.rules.watch()),
        };
        let mut read = Output::default();
        let result = readers::read(bytes, source.format, &context, &mut read);
        let mut outcome = Outcome { rejected: read.rejected, passed_by: read.passed_by, ..Outcome::default() };
        if let Err(error) = result {
            outcome.rejected.push(Rejected { bytes: bytes.to_vec(), error });
        }
        for input in read.inputs {
            match input {
                Input::Interaction(interaction) => self.interaction(&interaction, &mut outcome),
                Input::Signal(mut signal) => {
                    self.rules.note(&mut signal);
                    outcome.time_missing |= lacks_time(&signal.flags);
                    outcome.signals.push(*signal);
                }
                Input::Command { command, timeless } => {
                    outcome.time_missing |= timeless;
                    outcome.commands.push(*command);
                }
            }
        }
        outcome
    }

    fn interaction(&self, interaction: &Interaction, outcome: &mut Outcome) {
        let settings = self.tenants.of(&interaction.tenant, interaction.who.application.as_deref());
        // What the feeds hold at this moment decides: a later reload changes nothing that was said.
        let detection = self.detectors.annotate_with(interaction, settings, &self.feeds.current());
        let alerts = detectors::policy::alerts(interaction, &detection.annotated, settings);
        outcome.time_missing |= lacks_time(&interaction.flags);
        outcome.faults += detection.faults.len() as u32;
        let traceparent = interaction
            .trace
            .as_ref()
            .map(|trace| format!("00-{}-{}-{:02x}", trace.trace_id, trace.span_id, u8::from(trace.sampled)));
        let usage = if self.counts_usage { usage::contribution(interaction, &detection.annotated) } else { None };
        let mut signals: Vec<Signal> = alerts.iter().map(|alert| self.signal(alert)).collect();
        // Alerts of one interaction have all in common but their uid: the one that names the incident goes first.
        signals.sort_unstable_by(|one, other| one.uid.cmp(&other.uid));
        outcome.interactions.push(Processed { annotated: detection.annotated, alerts, signals, usage, traceparent });
    }

    /// The alert as a signal; what rules may ask of it beyond that stands in its facts ([`ALERT_FIELDS`]).
    fn signal(&self, alert: &Alert) -> Signal {
        let mut signal = Signal::from(alert);
        let values = |of: fn(&Annotation) -> &str| alert.annotations.iter().map(move |one| of(one).to_owned());
        let outcome = match alert.outcome {
            schemas::Outcome::Blocked => "blocked",
            schemas::Outcome::Detected => "detected",
        };
        let [channel, detector, ended, subtype] = ALERT_FIELDS;
        signal.facts.set(channel, values(|annotation| annotation.channel.as_str()));
        signal.facts.set(detector, values(|annotation| &annotation.detector));
        signal.facts.set(ended, [outcome.to_owned()]);
        signal.facts.set(subtype, values(|annotation| &annotation.subtype));
        self.rules.note(&mut signal);
        signal
    }
}

/// Whether the broker's time counts for want of the record's own.
fn lacks_time(flags: &[Flag]) -> bool {
    flags.iter().any(|flag| matches!(flag, Flag::BrokerTime | Flag::InvalidTime))
}
