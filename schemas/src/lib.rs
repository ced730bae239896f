//! The vocabulary of Weir and its bytes.
//!
//! Everything that crosses a stage or leaves the product is defined here: what an application did
//! ([`Interaction`]), what a detector says about it ([`Annotation`]), what policy raises ([`Alert`]),
//! what the correlator joins ([`Signal`] and its [`Entity`]s), what the SOC receives ([`Incident`]) and what it
//! answers ([`Command`]).
//! Beside the types stand their bytes: one reader per input format ([`readers`]), the Avro schemas
//! ([`avro`]) and the OCSF writers ([`ocsf`]).
//!
//! Deliberately absent: I/O, clocks, randomness, detection and correlation logic.

pub mod alert;
pub mod annotation;
pub mod avro;
pub mod command;
pub mod entity;
pub mod facts;
pub mod handling;
pub mod ids;
pub mod incident;
pub mod interaction;
mod listed;
pub mod ocsf;
mod placeholder;
pub mod readers;
pub mod redacted;
pub mod rule_alert;
pub mod severity;
pub mod signal;
pub mod suppression;
pub mod time;

pub use alert::{Alert, Analytic, Outcome};
pub use annotation::{AnnotatedInteraction, Annotation, Category, Score};
pub use command::{Action, Command};
pub use entity::{Entity, EntityKind, Role, is_private_ip};
pub use facts::{Facts, Usage};
pub use handling::{Classification, CommandEntry, CommandOutcome, Comment, Determination, Handling};
pub use ids::{IncidentUid, InteractionId, SignalUid, TenantId};
pub use incident::{Activity, Incident, IncidentStatus, Link, LinkFactor, Member, Related, RelatedReason, Suppressed};
pub use interaction::{Channel, FilterVerdict, Interaction, Message, Skipped, Tokens, TraceContext, Who};
pub use redacted::Redacted;
pub use rule_alert::RuleAlert;
pub use severity::Severity;
pub use signal::{Flag, Group, Signal, SignalKind};
pub use suppression::{Condition, Pattern, Suppression};
pub use time::Timestamp;
