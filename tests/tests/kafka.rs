//! The test crate's own Kafka: what end-to-end tests rely on must itself be right.

#![cfg(test)]

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tests::kafka::{Kafka, Record, unique};

#[test]
fn records_come_back_as_they_went_in() -> anyhow::Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let topic = kafka.topic("round-trip", 3)?;
    let tombstone = Record { key: Some(b"k".to_vec()), ..Record::default() };
    let full = Record {
        partition: Some(2),
        timestamp_ms: Some(1_700_000_000_000),
        headers: vec![("weir-tenant".to_owned(), b"acme".to_vec())],
        ..Record::new("value").key("k")
    };
    kafka.produce(&topic, [full.clone(), tombstone, Record::new("third")])?;
    let records = kafka.read_committed(&topic)?;
    assert_eq!(records.len(), 3);
    assert!(records.contains(&full), "{records:?}");
    assert_eq!(records.iter().filter(|record| record.value.is_none()).count(), 1);
    let longer = kafka.read_until(&topic, Duration::from_secs(20), |records| records.len() == 3)?;
    assert_eq!(longer.len(), 3);
    Ok(())
}

#[test]
fn only_committed_records_are_read() -> anyhow::Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let topic = kafka.topic("transactions", 1)?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("transactional.id", unique("transactions"))
        .create()?;
    let wait = Duration::from_secs(20);
    producer.init_transactions(wait)?;
    for (value, commit) in [("kept", true), ("dropped", false)] {
        producer.begin_transaction()?;
        producer.send(BaseRecord::<(), str>::to(&topic).payload(value)).map_err(|(error, _)| error)?;
        producer.flush(wait)?;
        if commit { producer.commit_transaction(wait)? } else { producer.abort_transaction(wait)? }
    }
    let values: Vec<_> = kafka.read_committed(&topic)?.into_iter().filter_map(|record| record.value).collect();
    assert_eq!(values, [b"kept"]);
    Ok(())
}

#[test]
fn a_wait_ends_and_says_what_it_waited_for() -> anyhow::Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let topic = kafka.topic("nothing", 1)?;
    let error = kafka.read_until(&topic, Duration::from_millis(300), |records| !records.is_empty());
    assert!(error.is_err_and(|error| error.to_string().contains("0 records")));
    assert!(kafka.read_committed("no-such-topic").is_err());
    Ok(())
}
