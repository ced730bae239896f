//! Any bytes at one reader, or at the choice between them.
//!
//! The environment variable `WEIR_FUZZ_READER` names the reader; without it, the shape of the bytes decides as
//! it does for a source of format `auto`. Whatever the bytes are, reading must not panic, must say the same
//! twice, must account for the record, and must yield only what survives the way to a topic and back.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use schemas::readers::{self, Context, Input, Limits, Output, Reader, Tenancy};
use schemas::{Group, Timestamp, avro};

static READER: LazyLock<Option<&'static dyn Reader>> = LazyLock::new(|| {
    let name = std::env::var("WEIR_FUZZ_READER").ok()?;
    Some(readers::by_name(&name).unwrap_or_else(|| panic!("no reader is called {name}")))
});

static TENANCY: LazyLock<Tenancy> = LazyLock::new(Tenancy::default);

fn read(bytes: &[u8]) -> (bool, Output) {
    let context = Context {
        group: Group::Ai,
        broker_time: Timestamp::default(),
        envelope_time: None,
        clamp_future: true,
        tenant_header: None,
        tenancy: &TENANCY,
        proxies: &[],
        lone_wrappers: true,
        limits: Limits::default(),
        watch: None,
    };
    let mut out = Output::default();
    let read = readers::read(bytes, *READER, &context, &mut out).is_ok();
    (read, out)
}

fn survives(input: &Input) {
    let mut bytes = Vec::new();
    match input {
        Input::Interaction(interaction) => {
            avro::encode(&**interaction, &mut bytes).expect("an interaction has an Avro form");
            assert!(avro::decode::<schemas::Interaction>(&bytes).as_ref() == Ok(&**interaction));
        }
        Input::Signal(signal) => {
            avro::encode(&**signal, &mut bytes).expect("a signal has an Avro form");
            assert!(avro::decode::<schemas::Signal>(&bytes).as_ref() == Ok(&**signal));
        }
        Input::Command { command, .. } => assert!(!command.id.is_empty() && !command.by.is_empty()),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (ok, out) = read(bytes);
    assert_eq!(format!("{out:?}"), format!("{:?}", read(bytes).1), "reading twice gives two results");
    if !ok {
        assert!(out.inputs.is_empty(), "a record that cannot be read leaves nothing behind");
    }
    out.inputs.iter().for_each(survives);
});
