//! What the tests of the telemetry readers share: surroundings of a record, and a short way to read one.
#![allow(dead_code, reason = "each test binary uses its part")]

use base64::Engine;
use schemas::readers::{self, Context, Input, Limits, Output, RawRecord, ReadError, Tenancy};
use schemas::signal::Group;
use schemas::{Interaction, Timestamp};

/// The broker's time in tests: 2026-05-01T12:00:00Z.
pub const BROKER_MILLIS: i64 = 1_777_636_800_000;

#[derive(Default)]
pub struct Surroundings {
    pub tenancy: Tenancy,
    pub lone_wrappers: bool,
    pub limits: Limits,
}

impl Surroundings {
    pub fn context(&self) -> Context<'_> {
        Context {
            group: Group::Ai,
            broker_time: Timestamp::from_millis(BROKER_MILLIS).expect("in range"),
            envelope_time: None,
            clamp_future: true,
            tenant_header: None,
            tenancy: &self.tenancy,
            proxies: &[],
            lone_wrappers: self.lone_wrappers,
            limits: self.limits,
            watch: None,
        }
    }
}

pub fn interactions(out: Output) -> Vec<Interaction> {
    let only = |input| match input {
        Input::Interaction(interaction) => *interaction,
        Input::Signal(signal) => panic!("a signal from telemetry: {signal:?}"),
        Input::Command { command, .. } => panic!("a command from telemetry: {command:?}"),
    };
    out.inputs.into_iter().map(only).collect()
}

pub fn read(bytes: &[u8]) -> Result<Output, ReadError> {
    let mut out = Output::default();
    readers::read(bytes, None, &Surroundings::default().context(), &mut out).map(|()| out)
}

/// The only interaction of a record.
pub fn read_one(bytes: &[u8]) -> Interaction {
    let mut read = interactions(read(bytes).unwrap_or_else(|error| panic!("{error}")));
    assert_eq!(read.len(), 1);
    read.remove(0)
}

/// Channel and text of every message.
pub fn texts(interaction: &Interaction) -> Vec<(&'static str, &str)> {
    interaction.messages.iter().map(|m| (m.channel.as_str(), m.text.expose().as_str())).collect()
}

pub fn base64(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

pub fn record(bytes: &[u8]) -> RawRecord<'_> {
    RawRecord::new(bytes)
}
