//! The project's own broker beyond its plain listener: how to reach the secured ones, and one more Kafka
//! for a test that kills it.
//!
//! Both come from `tests/kafka/kafka`. A broker that somebody else runs has neither, and tests that need
//! them say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::kafka::{BROKERS_VARIABLE, Kafka, running_state, unique};
use crate::skipped;

/// What a test says that needs a broker which only the project starts.
const FOREIGN: &str = "the broker is not the project's own";

/// The listeners that ask who is there, and the files to answer with.
pub struct Secured {
    /// SASL over TLS: `host:port`.
    pub sasl: String,
    /// TLS with a client certificate: `host:port`.
    pub mtls: String,
    folder: PathBuf,
}

impl Secured {
    /// Those of the broker in use; `None`, and a line that says so, where it is not the project's own.
    pub fn of_the_broker() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let found = if variable(BROKERS_VARIABLE).is_some() {
            (|| {
                Some((
                    variable("KAFKA_SASL_BROKERS")?,
                    variable("KAFKA_MTLS_BROKERS")?,
                    variable("KAFKA_SECURITY_DIR")?,
                ))
            })()
        } else {
            (|| Some((running_state("sasl")?, running_state("mtls")?, format!("{}/security", running_state("dir")?))))()
        };
        if found.is_none() {
            skipped(FOREIGN);
        }
        found.map(|(sasl, mtls, folder)| Self { sasl, mtls, folder: PathBuf::from(folder) })
    }

    /// The path of a file that `tests/kafka/security` describes.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A secret that `tests/kafka/security` made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn secret(&self, name: &str) -> Result<String> {
        let path = self.file(name);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }
}

/// A Kafka of a test's own, stopped with its data removed when dropped.
pub struct OwnBroker {
    name: String,
}

impl OwnBroker {
    /// Starts one; `None`, and a line that says so, where the tests run on somebody else's broker.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Option<Self>> {
        if Secured::of_the_broker().is_none() {
            return Ok(None);
        }
        let broker = Self { name: unique("own") };
        broker.script("start")?;
        Ok(Some(broker))
    }

    /// A client of it.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn connect(&self) -> Result<Kafka> {
        let variables = self.script("env")?;
        let brokers = variables.lines().find_map(|line| line.strip_prefix("export KAFKA_BROKERS="));
        Kafka::at(brokers.context("the script names no broker")?)
    }

    /// SIGKILL; its data stays.
    ///
    /// # Errors
    /// When it is not running.
    pub fn crash(&self) -> Result<()> {
        self.script("crash").map(drop)
    }

    /// Starts it again on the same port and data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&self) -> Result<()> {
        self.script("resume").map(drop)
    }

    fn script(&self, command: &str) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/kafka");
        let output = Command::new(script)
            .arg(command)
            .env("WEIR_KAFKA", &self.name)
            .env("WEIR_KAFKA_OWNER", std::process::id().to_string())
            .env_remove(BROKERS_VARIABLE)
            .stdin(Stdio::null())
            .output()?;
        ensure!(output.status.success(), "kafka {command}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        // What cannot be stopped now is stopped when this process ends.
        let _ = self.script("stop");
    }
}
