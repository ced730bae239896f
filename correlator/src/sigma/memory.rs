//! What one correlation rule remembers of one group, and when it has to be looked at again.
//!
//! Pure: events and a clock in, matches out. Three kinds: a [`Window`] of events for everything that compares records
//! within a timespan, and the two of [`super::habit`] for what is new or unusual. What a memory says depends on the
//! events that it was given and on the watermark when it was asked to decide, not on their order, within the
//! configured lateness and below its bounds.

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use super::correlation::{Correlation, Test};
use super::habit::{Baseline, Seen};
use super::window::Window;

/// The most signals that a match names, the earliest first.
pub const MEMBERS_MAX: usize = 32;

/// What a rule takes from one signal for one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    #[serde(rename = "t")]
    pub time: Timestamp,
    /// The signal; empty for usage signals, which are sums: of those only time and value tell one from another.
    #[serde(rename = "u")]
    pub uid: String,
    /// Which of the rule's rules it fits.
    #[serde(rename = "s")]
    pub step: u16,
    /// The value that the rule looks at, where it is text.
    #[serde(rename = "v", default)]
    pub value: String,
    /// The value, where it is a number.
    #[serde(rename = "n", default)]
    pub number: f64,
    /// Who brought it, where the rule adds up what is used; kept apart from the event.
    #[serde(skip)]
    pub by: String,
}

/// Time, and how long things wait for it, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Up to when the sources have told their part ([`crate::clock`]).
    pub watermark: Timestamp,
    /// How long a decision waits for late records.
    pub lateness: i64,
    /// How long events are kept beyond their timespan, so that late ones revise.
    pub memory: i64,
}

impl Clock {
    /// Whether everything up to `time` has come.
    pub fn has_passed(&self, time: Timestamp) -> bool {
        time.saturating_add_millis(self.lateness) <= self.watermark
    }

    /// When everything up to `time` has come.
    pub fn passes(&self, time: Timestamp) -> Timestamp {
        time.saturating_add_millis(self.lateness)
    }
}

/// A condition that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What tells this match from others of the same rule and group.
    pub identity: String,
    /// When it first held.
    pub time: Timestamp,
    /// The signals that made it, bounded.
    pub members: Vec<String>,
    /// Who brought most of what it adds up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What came of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What holds now and did not, or holds otherwise.
    pub found: Vec<Found>,
    /// Whether the event came after its window was decided.
    pub late: bool,
    /// Whether a bound cut something off.
    pub dropped: bool,
}

/// What a rule remembers of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Memory {
    /// Events within a timespan.
    Window(Window),
    /// Values and when they came.
    Seen(Seen),
    /// Sums of past timespans.
    Baseline(Baseline),
}

impl Memory {
    /// An empty one for `rule`.
    pub fn new(rule: &Correlation) -> Self {
        match rule.test {
            Test::FirstSeen { .. } => Self::Seen(Seen::default()),
            Test::Baseline { .. } => Self::Baseline(Baseline::default()),
            _ => Self::Window(Window::default()),
        }
    }

    /// Takes an event in.
    pub fn take(&mut self, rule: &Correlation, event: Event, clock: &Clock) -> Taken {
        match self {
            Self::Window(window) => window.take(rule, event, clock),
            Self::Seen(seen) => seen.take(rule, event, clock),
            Self::Baseline(baseline) => baseline.take(rule, &event, clock),
        }
    }

    /// Decides what the watermark has passed and forgets what is of no use any more.
    pub fn decide(&mut self, rule: &Correlation, clock: &Clock) -> Vec<Found> {
        match self {
            Self::Window(window) => window.decide(rule, clock),
            Self::Seen(seen) => seen.decide(rule, clock),
            Self::Baseline(baseline) => baseline.decide(rule, clock),
        }
    }

    /// Whether it waits for time to go on before it says something.
    pub fn awaits(&self, rule: &Correlation) -> bool {
        match self {
            Self::Window(window) => window.awaits(rule),
            Self::Seen(seen) => seen.awaits(),
            Self::Baseline(baseline) => baseline.awaits(),
        }
    }

    /// When it should be asked to decide; `None` where nothing is left in it.
    pub fn due(&self, rule: &Correlation, clock: &Clock) -> Option<Timestamp> {
        match self {
            Self::Window(window) => window.due(rule, clock),
            Self::Seen(seen) => seen.due(rule, clock),
            Self::Baseline(baseline) => baseline.due(rule, clock),
        }
    }
}

/// The multiple of `timespan` in which `time` lies.
pub fn bucket(time: Timestamp, timespan: i64) -> i64 {
    time.millis().div_euclid(timespan.max(1))
}

/// Where the multiple of that number begins.
pub fn start_of(bucket: i64, timespan: i64) -> Timestamp {
    Timestamp::default().saturating_add_millis(bucket.saturating_mul(timespan))
}
