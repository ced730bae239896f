//! Detection settings of each tenant, with everything that a tenant's section leaves out filled in.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use detectors::{CustomTypes, HashKey, Settings, UserRules};
use schemas::{Severity, TenantId};

use super::file::{ConfigFile, DetectionFile};
use crate::second_stage;

/// The settings of every tenant. Cheap to clone and to ask.
#[derive(Clone)]
pub struct TenantSettings {
    by_tenant: HashMap<TenantId, Sections>,
    others: Sections,
}

/// The settings of one tenant: its applications', and those of all others.
#[derive(Clone)]
struct Sections {
    by_application: HashMap<String, Arc<Settings>>,
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
        base.second_stage = second_stage::load(&file.second_stage)?;
        apply(&mut base, &file.detection, "detection")?;
        let mut by_tenant = HashMap::new();
        for (name, section) in &file.tenant {
            let place = format!("tenant.{name}");
            let mut settings = base.clone();
            apply(&mut settings, section, &place)?;
            // An application's section of all tenants holds for this one, too, unless it has its own.
            let mut applications = file.detection.applications.clone();
            applications.extend(section.applications.clone());
            let sections = Sections::new(settings, &applications, &place)?;
            by_tenant.insert(TenantId::from(name.as_str()), sections);
        }
        Ok(Self { by_tenant, others: Sections::new(base, &file.detection.applications, "detection")? })
    }

    /// The settings of `tenant` for its `application`.
    pub fn of(&self, tenant: &TenantId, application: Option<&str>) -> &Settings {
        let sections = self.by_tenant.get(tenant).unwrap_or(&self.others);
        let own = application.and_then(|application| sections.by_application.get(application));
        own.unwrap_or(&sections.others)
    }

    /// The same settings with every detector's raw score reported.
    pub fn with_scores(self) -> Self {
        Self {
            by_tenant: self.by_tenant.into_iter().map(|(tenant, sections)| (tenant, sections.with_scores())).collect(),
            others: self.others.with_scores(),
        }
    }

    /// The same for every tenant, with no detector running: the pipe alone, for measuring.
    pub fn without_detection() -> Self {
        let off = Settings { enabled: false, ..Settings::default() };
        let others = Sections { by_application: HashMap::new(), others: Arc::new(off) };
        Self { by_tenant: HashMap::new(), others }
    }
}

impl Sections {
    fn new(tenant: Settings, applications: &BTreeMap<String, DetectionFile>, place: &str) -> Result<Self, String> {
        let mut by_application = HashMap::new();
        for (name, section) in applications {
            let place = format!("{place}.applications.{name}");
            if !section.applications.is_empty() {
                return Err(format!("[{place}.applications]: an application has no applications: leave it out"));
            }
            let mut settings = tenant.clone();
            apply(&mut settings, section, &place)?;
            by_application.insert(name.clone(), Arc::new(settings));
        }
        Ok(Self { by_application, others: Arc::new(tenant) })
    }

    fn with_scores(self) -> Self {
        let scored = |settings: Arc<Settings>| Arc::new(Settings { scores: true, ..Settings::clone(&settings) });
        let by_application = self.by_application.into_iter().map(|(name, own)| (name, scored(own))).collect();
        Self { by_application, others: scored(self.others) }
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
    if let Some(domains) = &section.protected_domains {
        let domains: Vec<String> = domains.iter().map(|domain| domain.trim().to_lowercase()).collect();
        if let Some(domain) = domains.iter().find(|domain| !detectors::is_domain(domain)) {
            let remedy = "it must be a host name with a domain of your own, as `contoso.com`";
            return Err(format!("[{place}] protected_domains: `{domain}` is no domain: {remedy}"));
        }
        settings.protected_domains = domains;
    }
    for (id, alert) in &section.alerts {
        if !detectors::catalogue::entries().any(|(_, entry)| entry.id == id) {
            let remedy = "the catalogue is in detectors/src/catalogue/threats.rs, as `\"weir.jailbreak.role_play\"`";
            return Err(format!("[{place}.alerts.{id}]: no alert is called `{id}`: {remedy}"));
        }
        let severity = alert.severity.as_deref().map(Severity::from_word);
        if severity == Some(Severity::Unknown) {
            let levels = "informational, low, medium, high or critical";
            return Err(format!("[{place}.alerts.{id}] severity is no severity: it must be {levels}"));
        }
        let known = settings.alerts.entry(id.clone()).or_default();
        known.enabled = alert.enabled.unwrap_or(known.enabled);
        known.severity = severity.or(known.severity);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_domains_are_domains() {
        let of = |domain: &str| {
            let protected_domains = Some(vec![domain.to_owned()]);
            let section = DetectionFile { protected_domains, ..DetectionFile::default() };
            apply(&mut Settings::default(), &section, "detection")
        };
        assert_eq!(of(" Contoso.Example "), Ok(()));
        for domain in ["com", "co.uk", "not a domain!", "", "https://contoso.com", "10.0.0.1"] {
            assert!(of(domain).is_err_and(|error| error.contains("protected_domains")), "{domain}");
        }
    }
}
