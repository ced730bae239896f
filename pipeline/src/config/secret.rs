//! Secrets: from files or environment variables, never inline, never printed.

use std::fs;

use schemas::Redacted;

use super::file::SecretFile;

/// Properties of librdkafka that carry secrets. Inline values of these are refused.
pub(super) const SECRET_PROPERTIES: [&str; 8] = [
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// A secret that was read.
pub type Secret = Redacted<String>;

impl SecretFile {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.env.is_none()
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// A message with the remedy when both or none are named, or when the one named holds nothing.
    pub fn read(&self) -> Result<Secret, String> {
        let text = match (&self.file, &self.env) {
            (Some(path), None) => {
                fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?
            }
            (None, Some(name)) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
            }
            _ => return Err("name either `file` or `env`".to_owned()),
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Secret::from(secret))
    }
}
