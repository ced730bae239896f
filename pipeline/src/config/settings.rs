//! Detection settings of each tenant, with everything that a tenant's section leaves out filled in.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use detectors::{CustomTypes, HashKey, Settings, UserRules};
use schemas::TenantId;

use super::file::{ConfigFile, DetectionFile};

/// The settings of every tenant. Cheap to clone and to ask.
#[derive(Clone)]
pub struct TenantSettings {
    by_tenant: HashMap<TenantId, Arc<Settings>>,
    others: Arc<Settings>,
}

impl TenantSettings {
    pub(super) fn new(file: &ConfigFile) -> Result<Self, String> {
        let mut base = Settings::default();
        let key = &file.privacy.hash_key;
        if !key.is_empty() {
            let secret = key.read().map_err(|message| format!("[privacy] hash_key: {message}"))?;
            base.hash_key = HashKey::new(secret.expose().as_bytes().to_vec());
        }
        apply(&mut base, &file.detection, "detection")?;
        let mut by_tenant = HashMap::new();
        for (name, section) in &file.tenant {
            let mut settings = base.clone();
            apply(&mut settings, section, &format!("tenant.{name}"))?;
            by_tenant.insert(TenantId::from(name.as_str()), Arc::new(settings));
        }
        Ok(Self { by_tenant, others: Arc::new(base) })
    }

    /// The settings of `tenant`.
    pub fn of(&self, tenant: &TenantId) -> &Settings {
        self.by_tenant.get(tenant).unwrap_or(&self.others)
    }

    /// The same settings with every detector's raw score reported.
    pub fn with_scores(self) -> Self {
        let scored = |settings: &Arc<Settings>| Arc::new(Settings { scores: true, ..Settings::clone(settings) });
        Self {
            by_tenant: self.by_tenant.iter().map(|(tenant, settings)| (tenant.clone(), scored(settings))).collect(),
            others: scored(&self.others),
        }
    }

    /// The same for every tenant, with no detector running: the pipe alone, for measuring.
    pub fn without_detection() -> Self {
        let off = Settings { enabled: false, ..Settings::default() };
        Self { by_tenant: HashMap::new(), others: Arc::new(off) }
    }
}

fn apply(settings: &mut Settings, section: &DetectionFile, place: &str) -> Result<(), String> {
    settings.enabled = section.detection.unwrap_or(settings.enabled);
    settings.evidence = section.evidence.unwrap_or(settings.evidence);
    if let Some(path) = &section.credential_rules {
        settings.credential_rules = Some(compiled(path, place, "credential_rules", UserRules::parse)?);
    }
    if let Some(path) = &section.sensitive_types {
        settings.sensitive_types = Some(compiled(path, place, "sensitive_types", CustomTypes::parse)?);
    }
    for (name, detector) in &section.detectors {
        if let Some(threshold) = detector.threshold
            && !(0.0..=1.0).contains(&threshold)
        {
            return Err(format!("[{place}.detectors.{name}] threshold is {threshold}: it must be 0 to 1"));
        }
        let known: Vec<&str> = detectors::names().collect();
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            return Err(format!("[{place}.detectors.{name}]: no detector is called `{name}`: known are {known}"));
        }
        let known = settings.detectors.entry(name.clone()).or_default();
        known.enabled = detector.enabled.unwrap_or(known.enabled);
        known.threshold = detector.threshold.or(known.threshold);
    }
    Ok(())
}

/// What the file at `path` describes; a complaint names the key and the file, on one line.
fn compiled<T, E: Display>(
    path: &Path,
    place: &str,
    key: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Arc<T>, String> {
    let wrong = |what: String| format!("[{place}] {key}: {}: {}", path.display(), what.trim().replace('\n', " "));
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
    parse(&text).map(Arc::new).map_err(|error| wrong(error.to_string()))
}
