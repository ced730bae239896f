//! Whether the cluster answers, and if not, why: in one line, and no later than the cause is known.
//!
//! librdkafka tries for ever and tells its reasons beside the call that fails, as errors and as log lines.
//! Here the most telling reason is kept and becomes part of the one error. Only for the first contact of a
//! command: the stages' own clients try on by themselves, as a broker that restarts needs it.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::anyhow;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use tracing::debug;

use super::client::Client;

/// How long each try waits for an answer: first as long as a refusal takes to show, then as long as a slow
/// network takes. A try that ends too early would cost the connection.
const TRIES: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
/// How long to listen for reasons after a try, and how many to hear at most.
const LISTEN: Duration = Duration::from_millis(50);
const REASONS_MAX: usize = 32;
/// The longest reason that is told: brokers may say what they like.
const REASON_CHARS_MAX: usize = 300;

/// What librdkafka says beside the point.
#[derive(Default)]
struct Reasons {
    heard: Mutex<Option<Reason>>,
}

struct Reason {
    /// Credentials or certificates: the same again would end the same.
    refused: bool,
    text: String,
}

impl Reasons {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Reason>> {
        self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn hear(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        let refused = matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL));
        let mut heard = self.lock();
        // "All brokers are down" follows from what was said before it, and a refusal explains most.
        let says_more = match heard.as_ref() {
            None => code != Some(RDKafkaErrorCode::AllBrokersDown),
            Some(known) => refused && !known.refused,
        };
        if says_more {
            let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            *heard = Some(Reason { refused, text: shown.take(REASON_CHARS_MAX).collect() });
        }
    }
}

impl ClientContext for Reasons {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        debug!(target: "librdkafka", facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for Reasons {}

/// A client that only asks.
pub struct Probe<'a> {
    client: &'a Client,
    consumer: BaseConsumer<Reasons>,
}

impl<'a> Probe<'a> {
    /// A client for `client`'s cluster; does not wait for it.
    ///
    /// # Errors
    /// When librdkafka refuses a property: a file that is missing, a value that it does not know.
    pub fn new(client: &'a Client) -> anyhow::Result<Self> {
        let consumer = client.reader().create_with_context(Reasons::default());
        Ok(Self { client, consumer: consumer.map_err(unusable)? })
    }

    /// What the cluster says about `topic`, or about all topics.
    ///
    /// # Errors
    /// Why it does not answer: soon where it refuses, else after the last of [`TRIES`].
    pub fn metadata(&self, topic: Option<&str>) -> anyhow::Result<Metadata> {
        let mut why = anyhow!("it was not asked");
        for limit in TRIES {
            match self.consumer.fetch_metadata(topic, limit) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => why = error.into(),
            }
            // What went wrong is told in passing, by polling. A record cannot come: nothing is subscribed to.
            let mut heard = 0;
            while heard < REASONS_MAX && self.consumer.poll(LISTEN).is_some() {
                heard += 1;
            }
            if let Some(reason) = self.consumer.context().lock().as_ref() {
                why = anyhow!("{}", reason.text);
                if reason.refused {
                    break;
                }
            }
        }
        Err(why.context(format!("cannot reach Kafka at {}", self.client.brokers())))
    }
}

/// Why librdkafka takes no such configuration. Without the value: a secret under a misspelt key is still one.
fn unusable(error: KafkaError) -> anyhow::Error {
    match error {
        KafkaError::ClientConfig(_, why, key, _) => anyhow!("[kafka.client] {key} cannot be used: {why}"),
        other => anyhow::Error::from(other).context("[kafka.client] cannot be used"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_secret_under_a_misspelt_key_is_not_told() {
        let config = "[kafka]\nbrokers = \"127.0.0.1:9\"\n[kafka.client]\n\"sasl.pasword\" = \"hunter2\"\n";
        let client = Client::new(&Config::parse(config).unwrap(), None);
        let message = Probe::new(&client).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(message.contains("sasl.pasword") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_refusal_is_told_rather_than_what_follows_from_it() {
        let reasons = Reasons::default();
        reasons.hear(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        assert!(reasons.lock().is_none());
        reasons.hear(Some(RDKafkaErrorCode::BrokerTransportFailure), "Connect to 127.0.0.1:9 failed");
        reasons.hear(Some(RDKafkaErrorCode::Authentication), "Invalid\nuser\u{1b}[2J");
        reasons.hear(Some(RDKafkaErrorCode::SSL), "later");
        let heard = reasons.lock();
        assert_eq!(heard.as_ref().map(|reason| reason.text.as_str()), Some("Invalid user [2J"));
    }
}
