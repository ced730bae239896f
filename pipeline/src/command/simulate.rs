//! `weir simulate`: what an estate reports, into files or into Kafka, and the truth about it into a file of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rdkafka::producer::{BaseProducer, Producer};
use schemas::Timestamp;

use crate::cli::SimulateArgs;
use crate::config::Config;
use crate::failure::Failure;
use crate::kafka::client::Client;
use crate::kafka::plain::{self, produce};
use crate::shutdown;
use crate::simulation::{Record, Settings, Stream, generate};

/// Runs the command.
///
/// # Errors
/// When the arguments contradict, or files or topics cannot be written.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let start = Timestamp::parse(&args.start)
        .ok_or_else(|| Failure::usage(format!("--start {:?} is no time: write 2026-05-04T00:00:00Z", args.start)))?;
    let settings = Settings {
        seed: args.seed,
        start,
        days: args.days,
        users: args.users,
        campaigns: args.campaigns,
        faults: args.faults,
        hub_percent: args.hub,
    };
    let records = first(generate(&settings), args.count);
    match (&args.out, &args.brokers) {
        (Some(directory), _) => into_files(records, directory)?,
        (None, Some(brokers)) => into_kafka(records, args, brokers)?,
        (None, None) => return Err(Failure::usage("name --out DIR or --brokers HOST:PORT")),
    }
    Ok(())
}

/// Those of `records` that come before one interaction more than `count`.
fn first(records: Vec<Record>, count: Option<u64>) -> impl Iterator<Item = Record> {
    let mut interactions = 0;
    records.into_iter().take_while(move |record| {
        interactions += u64::from(record.stream == Stream::Ai);
        count.is_none_or(|count| interactions <= count)
    })
}

/// The records as files, one a stream, and `truth.jsonl`.
///
/// # Errors
/// When a file cannot be written.
pub fn into_files(records: impl Iterator<Item = Record>, directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let create = |name: &str| -> anyhow::Result<BufWriter<File>> {
        let path = directory.join(name);
        Ok(BufWriter::new(File::create(&path).with_context(|| format!("cannot create {}", path.display()))?))
    };
    let mut files = BTreeMap::new();
    for stream in Stream::ALL {
        files.insert(stream, create(stream.file())?);
    }
    let mut truth = create("truth.jsonl")?;
    for record in records {
        if let Some(file) = files.get_mut(&record.stream) {
            writeln!(file, "{}", record.body).context("cannot write the traffic")?;
        }
        write_truth(&mut truth, &record)?;
    }
    for (_, mut file) in files {
        file.flush().context("cannot write the traffic")?;
    }
    truth.flush().context("cannot write the truth")
}

fn write_truth(file: &mut impl Write, record: &Record) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *file, &record.truth).context("cannot write the truth")?;
    file.write_all(b"\n").context("cannot write the truth")
}

fn into_kafka(records: impl Iterator<Item = Record>, args: &SimulateArgs, brokers: &str) -> Result<(), Failure> {
    let mut config = Config::defaults()?;
    config.file.kafka.brokers = brokers.to_owned();
    let producer: BaseProducer =
        Client::new(&config, None).without_transactions().producer("").create().context("cannot create a producer")?;
    let mut truth =
        BufWriter::new(File::create(&args.truth).with_context(|| format!("cannot create {}", args.truth.display()))?);
    let shutdown = shutdown::on_signals()?;
    let started = Instant::now();
    let rate = f64::from(args.rate);
    let mut sent = 0_u64;
    for record in records {
        if shutdown::requested(&shutdown) {
            break;
        }
        if record.stream == Stream::Ai {
            let due = Duration::from_secs_f64(sent as f64 / rate);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
            sent += 1;
        }
        produce(&producer, record.stream.topic(), record.body.as_bytes())?;
        write_truth(&mut truth, &record)?;
    }
    producer.flush(plain::TIMEOUT).with_context(|| format!("cannot reach Kafka at {brokers}"))?;
    truth.flush().context("cannot write the truth")?;
    Ok(())
}
