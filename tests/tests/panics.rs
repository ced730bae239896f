//! A record that makes Weir panic while it is read: the stage goes on, and the record is a dead letter.
//!
//! The panic comes from a reader of the test's own, put into the stage over the library: the product has no
//! switch for it.

#![cfg(test)]

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use pipeline::config::Config;
use pipeline::kafka::client::Client;
use pipeline::stages::Stages;
use schemas::readers::{self, Context, Output, RawRecord, ReadError, Reader, Reason};
use serde_json::json;
use tests::kafka::{Kafka, Record, unique};

const LIMIT: Duration = Duration::from_secs(40);
/// What the reader falls over.
const LAST_STRAW: &str = "the last straw";

/// Reads exchanges, and panics where one holds [`LAST_STRAW`].
struct Fragile;

impl Reader for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn recognises(&self, _record: &RawRecord<'_>) -> bool {
        true
    }

    #[allow(clippy::panic, reason = "it is what this reader is for")]
    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let missing = || ReadError::new(Reason::UnrecognisedFormat, "there is no such reader");
        readers::by_name("exchange").ok_or_else(missing)?.read(record, context, out)?;
        // After something was read, so that a half that survives would show.
        if String::from_utf8_lossy(record.bytes).contains(LAST_STRAW) {
            panic!("{LAST_STRAW}");
        }
        Ok(())
    }
}

fn exchange(id: &str, text: &str) -> String {
    json!({ "id": id, "request": { "messages": [{ "role": "user", "content": text }] } }).to_string()
}

#[test]
fn a_panic_while_reading_is_a_dead_letter_and_the_stage_goes_on() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let prefix = format!("{}.", unique("panics"));
    for topic in ["in", "commands", "annotated", "alerts", "signals", "dead-letters"] {
        kafka.create_topic(&format!("{prefix}{topic}"), 1, &[])?;
    }
    let text = format!(
        "[kafka]\nbrokers = {:?}\ntopic_prefix = {prefix:?}\napplication = {prefix:?}\n\
         [[source]]\ntopic = \"{prefix}in\"\ngroup = \"ai\"\n",
        kafka.brokers
    );
    let mut config = Config::parse(&text).map_err(anyhow::Error::msg)?;
    for input in config.inputs.iter_mut().filter(|input| input.topic.ends_with(".in")) {
        input.source.format = Some(&Fragile);
    }
    let client = Client::new(&config, None);
    let stages = Stages::new(config, client, true, false)?;
    let straw = exchange("i-2", LAST_STRAW);
    let records = [exchange("i-1", "Good morning"), straw.clone(), exchange("i-3", "Good evening")];
    kafka.produce(&format!("{prefix}in"), records.map(Record::new))?;

    let shutdown = AtomicBool::new(false);
    std::thread::scope(|scope| -> Result<()> {
        // However this ends, the workers end too.
        let _stop = pipeline::shutdown::OnDrop(&shutdown);
        let workers: Vec<_> = stages.workers(&shutdown).into_iter().map(|(_, work)| scope.spawn(work)).collect();
        let annotated = kafka.read_until(&format!("{prefix}annotated"), LIMIT, |records| records.len() == 2)?;
        ensure!(annotated.len() == 2, "the records around it are read");
        let letters = kafka.read_until(&format!("{prefix}dead-letters"), LIMIT, |records| records.len() == 1)?;
        let letter = letters.first().context("no dead letter")?;
        ensure!(letter.header("reason") == Some(b"panicked".as_slice()), "{letter:?}");
        ensure!(letter.header("source_offset") == Some(b"1".as_slice()), "{letter:?}");
        ensure!(letter.value.as_deref() == Some(straw.as_bytes()), "the original bytes");
        let message = letter.header("message").map(String::from_utf8_lossy).unwrap_or_default();
        ensure!(!message.contains(LAST_STRAW), "the panic's own words stay inside: {message}");
        pipeline::shutdown::now(&shutdown);
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a panic"))))
    })
}
