//! From configuration to librdkafka's properties.
//!
//! Anything that librdkafka knows can be set in `[kafka.client]`: TLS, SASL (PLAIN, SCRAM, OAUTHBEARER),
//! mTLS. What exactly-once rests on is set here, last, and refused there.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;

use super::TRANSACTION_TIMEOUT_MS;
use crate::config::{Config, Secret};

/// How to reach a cluster, and under which names.
#[derive(Clone)]
pub struct Client {
    brokers: String,
    properties: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    application: String,
    instance: String,
    /// Whether the broker has transactions; the in-process one of the demo has none.
    pub transactional: bool,
}

impl Client {
    /// The cluster of `config`, under `instance` where the command line names one.
    pub fn new(config: &Config, instance: Option<&str>) -> Self {
        let kafka = &config.file.kafka;
        Self {
            brokers: kafka.brokers.clone(),
            properties: kafka.client.clone(),
            secrets: config.kafka_secrets.clone(),
            application: kafka.application.clone(),
            instance: instance.unwrap_or(&kafka.instance).to_owned(),
            transactional: true,
        }
    }

    /// The same names on a broker without transactions: at least once.
    pub fn without_transactions(mut self) -> Self {
        self.transactional = false;
        self
    }

    /// The same cluster under another application's names.
    pub fn with_application(mut self, application: &str) -> Self {
        application.clone_into(&mut self.application);
        self
    }

    /// The addresses, for messages.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The consumer group of `stage`.
    pub fn group(&self, stage: &str) -> String {
        format!("{}.{stage}", self.application)
    }

    /// The transactional id of a worker: stable over restarts, so that a restarted worker ends the open
    /// transaction of the dead one at once instead of waiting for its timeout.
    pub fn transactional_id(&self, stage: &str, worker: usize) -> String {
        format!("{}.{stage}.{}.{worker}", self.application, self.instance)
    }

    /// What every client has in common.
    pub fn base(&self) -> ClientConfig {
        self.over(ClientConfig::new())
    }

    /// `config` with what every client has in common set over it.
    fn over(&self, mut config: ClientConfig) -> ClientConfig {
        config.set("client.id", "weir").set("socket.keepalive.enable", "true");
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        for (key, value) in &self.secrets {
            config.set(key, value.expose());
        }
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    /// A member of `stage`'s consumer group.
    pub fn group_consumer(&self, stage: &str) -> ClientConfig {
        let mut config = self.reader();
        config.set("group.id", self.group(stage));
        config
    }

    /// A reader of committed records, outside any group until a group id is set.
    pub fn reader(&self) -> ClientConfig {
        let mut defaults = ClientConfig::new();
        // Memory: at most 32 MiB prefetched. The default back-off of 1 s shows as gaps of 1 s under load.
        defaults
            .set("queued.max.messages.kbytes", "32768")
            .set("queued.min.messages", "20000")
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.wait.max.ms", "50")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "1000")
            // A correlator that rebuilds its state does not poll meanwhile.
            .set("max.poll.interval.ms", "900000")
            // Eager: after any rebalance every partition starts at its committed offset, one case to reason about.
            .set("partition.assignment.strategy", "range");
        self.own(
            defaults,
            &[
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("isolation.level", "read_committed"),
                ("auto.offset.reset", "error"),
            ],
        )
    }

    /// A producer, transactional under `transactional_id` where the broker can.
    pub fn producer(&self, transactional_id: &str) -> ClientConfig {
        let mut defaults = ClientConfig::new();
        defaults
            .set("linger.ms", "20")
            .set("compression.type", "lz4")
            .set("batch.size", "1000000")
            .set("queue.buffering.max.kbytes", "65536")
            .set("delivery.report.only.error", "true")
            .set("partitioner", "murmur2_random")
            .set("socket.timeout.ms", "10000")
            .set("message.timeout.ms", "12000");
        let timeout = TRANSACTION_TIMEOUT_MS.to_string();
        let mut own = vec![("enable.idempotence", "true")];
        if self.transactional {
            own.extend([("transactional.id", transactional_id), ("transaction.timeout.ms", timeout.as_str())]);
        }
        self.own(defaults, &own)
    }

    /// `defaults`, over them what the user set, over that what must hold.
    fn own(&self, defaults: ClientConfig, own: &[(&str, &str)]) -> ClientConfig {
        let mut config = self.over(defaults);
        for (key, value) in own {
            config.set(key.to_string(), value.to_string());
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    fn client(kafka: &str) -> Client {
        let config = Config::parse(&format!("[kafka]\nbrokers = \"127.0.0.1:9\"\n{kafka}")).unwrap();
        Client::new(&config, None)
    }

    /// librdkafka refuses at once what it was not built with, so creating a client shows what is supported.
    #[test]
    fn every_promised_security_mechanism_is_built_in() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "hunter2").unwrap();
        let password = format!("[kafka.secrets]\n\"sasl.password\" = {{ file = {:?} }}\n", secret.path());
        let sasl = |mechanism: &str| {
            format!(
                "[kafka.client]\n\"security.protocol\" = \"SASL_SSL\"\n\"sasl.mechanism\" = \"{mechanism}\"\n\
                 \"sasl.username\" = \"weir\"\n{password}"
            )
        };
        let oidc = "[kafka.client]\n\"security.protocol\" = \"SASL_SSL\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n\
                    \"sasl.oauthbearer.method\" = \"oidc\"\n\"sasl.oauthbearer.client.id\" = \"weir\"\n\
                    \"sasl.oauthbearer.token.endpoint.url\" = \"https://127.0.0.1:9/token\"\n";
        let tls = "[kafka.client]\n\"security.protocol\" = \"SSL\"\n".to_owned();
        for kafka in [sasl("PLAIN"), sasl("SCRAM-SHA-256"), sasl("SCRAM-SHA-512"), tls] {
            let created: Result<BaseConsumer, _> = client(&kafka).group_consumer("detect").create();
            assert!(created.is_ok(), "{kafka}: {:?}", created.err());
        }
        // Without its secret OIDC is refused for that alone: the method itself is known.
        let refused: Result<BaseConsumer, _> = client(oidc).group_consumer("detect").create();
        let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("sasl.oauthbearer.client.secret"), "{message}");
    }

    #[test]
    fn every_client_gets_the_secrets_and_what_the_user_sets_over_the_defaults() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "hunter2").unwrap();
        let client = client(&format!(
            "[kafka.client]\n\"linger.ms\" = \"7\"\n\"session.timeout.ms\" = \"7000\"\n\
             [kafka.secrets]\n\"sasl.password\" = {{ file = {:?} }}\n",
            secret.path()
        ));
        for config in [client.base(), client.reader(), client.group_consumer("detect"), client.producer("id")] {
            assert_eq!(config.get("sasl.password"), Some("hunter2"));
        }
        assert_eq!(client.producer("id").get("linger.ms"), Some("7"));
        assert_eq!(client.reader().get("session.timeout.ms"), Some("7000"));
    }

    #[test]
    fn what_exactly_once_rests_on_cannot_be_overridden() {
        let config = client("").group_consumer("detect");
        assert_eq!(config.get("isolation.level"), Some("read_committed"));
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
        assert_eq!(config.get("group.id"), Some("weir.detect"));
        let config = client("").producer("weir.detect.0.1");
        assert_eq!(config.get("transactional.id"), Some("weir.detect.0.1"));
        assert_eq!(config.get("transaction.timeout.ms"), Some("15000"));
    }
}
