//! A client of a schema registry that speaks Confluent's interface: Confluent's own, Apicurio, Karapace, Redpanda.
//!
//! Four requests, one after the other, blocking: look a schema up, register it, set its compatibility, ask
//! what an id means. Bounded in time and size, no redirects (an address that is configured is an address
//! that is meant), and no credentials in any message. What is framed with the ids is told in
//! [`crate::framing`]; schema references and formats other than Avro are not read.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body, http};

use crate::config::{RegistryConfig, Secret};

/// The longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// The longest text of the registry's own that is told.
const MESSAGE_CHARS_MAX: usize = 200;
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";
/// Any version since the first must be readable by the newest: topics keep records for weeks.
const COMPATIBILITY: &str = "BACKWARD_TRANSITIVE";

/// Why the registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It does not answer, or not in its right mind: the same may work later.
    #[error("cannot reach the schema registry at {url}: {why}")]
    Unreachable {
        /// Its address.
        url: String,
        /// What happened.
        why: String,
    },
    /// It refuses: credentials, rights, an incompatible schema.
    #[error("the schema registry at {url} refuses {what}: {why}")]
    Refused {
        /// Its address.
        url: String,
        /// The request.
        what: String,
        /// Its own words.
        why: String,
    },
}

/// A registry's client.
pub struct SchemaRegistry {
    agent: Agent,
    url: String,
    authorization: Option<Secret>,
}

impl SchemaRegistry {
    /// A client of the registry of `config`; does not reach out yet.
    ///
    /// # Errors
    /// When the file of certificates cannot be used.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        let roots = match &config.ca {
            None => RootCerts::PlatformVerifier,
            Some(path) => certificates(path)?,
        };
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls)
            .build()
            .into();
        Ok(Self { agent, url: config.url.clone(), authorization: config.authorization.clone() })
    }

    /// The id under which `subject` holds `schema`; `None` where it does not.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn lookup(&self, subject: &str, schema: &str) -> Result<Option<u32>, RegistryError> {
        let what = format!("to look up {subject}");
        let answer = self.post(&format!("subjects/{subject}"), &json!({ "schema": schema }), &what)?;
        match answer {
            Answer::NotFound => Ok(None),
            Answer::Value(value) => self.id(&value).map(Some),
        }
    }

    /// Registers `schema` under `subject`, from then on compatible with every earlier version; returns its id.
    ///
    /// # Errors
    /// [`RegistryError`], for instance when the schema is not compatible.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let what = format!("the schema of {subject}");
        let answer = self.post(&format!("subjects/{subject}/versions"), &json!({ "schema": schema }), &what)?;
        let id = self.id(&self.present(answer, &what)?)?;
        // Afterwards, since not every registry knows the settings of a subject that does not exist yet.
        let what = format!("{COMPATIBILITY} for {subject}");
        let request = self.agent.put(self.address(&format!("config/{subject}")));
        let body = json!({ "compatibility": COMPATIBILITY }).to_string();
        let sent = self.headers(request).content_type(CONTENT_TYPE).send(body);
        self.present(self.answer(sent, &what)?, &what)?;
        Ok(id)
    }

    /// The text of the Avro schema with `id`; `None` where there is none, or one of another format.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn schema(&self, id: u32) -> Result<Option<String>, RegistryError> {
        let request = self.agent.get(self.address(&format!("schemas/ids/{id}")));
        match self.answer(self.headers(request).call(), &format!("schema {id}"))? {
            Answer::NotFound => Ok(None),
            Answer::Value(value) => {
                // Avro is the one format that goes without saying.
                let is_avro = value.get("schemaType").is_none_or(|format| format == "AVRO");
                Ok(value.get("schema").and_then(Value::as_str).filter(|_| is_avro).map(str::to_owned))
            }
        }
    }

    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    fn headers<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("Accept", CONTENT_TYPE);
        match &self.authorization {
            Some(authorization) => request.header("Authorization", authorization.expose()),
            None => request,
        }
    }

    fn post(&self, path: &str, body: &Value, what: &str) -> Result<Answer, RegistryError> {
        let request = self.headers(self.agent.post(self.address(path)));
        self.answer(request.content_type(CONTENT_TYPE).send(body.to_string()), what)
    }

    fn answer(&self, sent: Result<http::Response<Body>, ureq::Error>, what: &str) -> Result<Answer, RegistryError> {
        let mut response = sent.map_err(|error| self.unreachable(&error.to_string()))?;
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = read.map_err(|error| self.unreachable(&error.to_string()))?;
        let value = serde_json::from_str::<Value>(&text).ok();
        match (status, value) {
            (200..=299, Some(value)) => Ok(Answer::Value(value)),
            // A registry says in JSON what it does not have; anything else is not a registry.
            (404, Some(value)) if value.get("error_code").is_some() => Ok(Answer::NotFound),
            (400..=499, value) if status != 408 && status != 429 => {
                let message = value.as_ref().and_then(|value| value.get("message")).and_then(Value::as_str);
                let why = format!("HTTP {status} {}", shown(message.unwrap_or_default()));
                Err(RegistryError::Refused {
                    url: self.url.clone(),
                    what: what.to_owned(),
                    why: why.trim_end().to_owned(),
                })
            }
            _ => {
                Err(self
                    .unreachable(&format!("it answers with HTTP {status} where a schema registry answers with JSON")))
            }
        }
    }

    fn present(&self, answer: Answer, what: &str) -> Result<Value, RegistryError> {
        match answer {
            Answer::Value(value) => Ok(value),
            Answer::NotFound => Err(RegistryError::Refused {
                url: self.url.clone(),
                what: what.to_owned(),
                why: "it does not know it".to_owned(),
            }),
        }
    }

    fn id(&self, value: &Value) -> Result<u32, RegistryError> {
        let id = value.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| self.unreachable("it answers without an id"))
    }

    fn unreachable(&self, why: &str) -> RegistryError {
        RegistryError::Unreachable { url: self.url.clone(), why: shown(why) }
    }
}

/// What the registry answered.
enum Answer {
    Value(Value),
    NotFound,
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS_MAX).collect()
}

/// The value of `Authorization` for a user.
pub(crate) fn basic(username: &str, password: &Secret) -> Secret {
    Secret::from(format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose()))))
}

/// The value of `Authorization` for a token.
pub(crate) fn bearer(token: &Secret) -> Secret {
    Secret::from(format!("Bearer {}", token.expose()))
}

fn certificates(path: &Path) -> anyhow::Result<RootCerts> {
    let complaint = |why: String| anyhow::anyhow!("[schema_registry] ca: {}: {why}", path.display());
    let pem = fs::read(path).map_err(|error| complaint(format!("cannot read it: {error}")))?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(complaint("it holds no certificate in PEM".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}
