//! What a tenant decides about detection, already validated.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemas::Severity;

use crate::credential::user_rules::UserRules;
use crate::second_stage::SecondStage;
use crate::sensitive::custom::CustomTypes;

/// The secret that keys the hashes of secrets. Keep it for as long as records shall meet; whoever has it
/// can test guesses.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Vec<u8>);

impl HashKey {
    /// Wraps secret bytes; 32 or more are advised.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Whether it is one that somebody configured, and not the published default.
    pub fn is_secret(&self) -> bool {
        self.0 != Settings::HASH_KEY_DEFAULT
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(<redacted>)")
    }
}

/// A tenant's settings for one detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorSettings {
    /// Whether it runs.
    pub enabled: bool,
    /// From which score on its sightings count; `None` for the detector's own.
    pub threshold: Option<f32>,
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self { enabled: true, threshold: None }
    }
}

/// A tenant's settings for one kind of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// Whether it is raised.
    pub enabled: bool,
    /// Its severity; `None` for that of the annotations.
    pub severity: Option<Severity>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self { enabled: true, severity: None }
    }
}

/// A tenant's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether anything is detected at all; default true.
    pub enabled: bool,
    /// Whether annotations carry redacted excerpts; default false.
    pub evidence: bool,
    /// Whether every detector's raw score is reported; default false.
    pub scores: bool,
    /// The key of secrets' hashes. The default is a published constant: good for trying out, no secret.
    pub hash_key: HashKey,
    /// A user's own rules for credentials, as gitleaks reads them; default none.
    pub credential_rules: Option<Arc<UserRules>>,
    /// An operator's own sensitive information types; default none.
    pub sensitive_types: Option<Arc<CustomTypes>>,
    /// The operator's own domains in lower case, which links may imitate; default none.
    pub protected_domains: Vec<String>,
    /// What is asked where the learned scorer is in doubt; default none.
    pub second_stage: Option<SecondStage>,
    /// By detector name; a detector that is absent has [`DetectorSettings::default`].
    pub detectors: BTreeMap<String, DetectorSettings>,
    /// By id of the [catalogue](crate::catalogue); an alert that is absent has [`AlertSettings::default`].
    pub alerts: BTreeMap<String, AlertSettings>,
}

impl Settings {
    /// The score from which on a sighting counts: more likely right than wrong.
    pub const THRESHOLD_DEFAULT: f32 = 0.5;
    /// The key that is used where none is configured.
    pub const HASH_KEY_DEFAULT: &'static [u8] = b"weir: no hash key configured";

    /// The settings of the detector `name`.
    pub fn of(&self, name: &str) -> DetectorSettings {
        self.detectors.get(name).copied().unwrap_or_default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            evidence: false,
            scores: false,
            hash_key: HashKey::new(Self::HASH_KEY_DEFAULT),
            credential_rules: None,
            sensitive_types: None,
            protected_domains: Vec::new(),
            second_stage: None,
            detectors: BTreeMap::new(),
            alerts: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_key() {
        let settings = Settings { hash_key: HashKey::new(*b"topsecret"), ..Settings::default() };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("topsecret") && !shown.contains("116"), "{shown}");
    }
}
