//! The JSON Schemas of the OCSF classes that Weir publishes, to validate real output against.
//!
//! `tests/setup ocsf` makes them from the compiled OCSF 1.8.0 schema.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jsonschema::Validator;
use serde_json::Value;

use crate::{cache_dir, skipped};

/// The variable with which `make test` names the folder of the schemas.
const FOLDER_VARIABLE: &str = "WEIR_OCSF_SCHEMAS";

/// Validators of OCSF 1.8.0 classes 2004 and 2005.
pub struct OcsfSchemas {
    detection_finding: Validator,
    incident_finding: Validator,
}

impl OcsfSchemas {
    /// The schemas of the set-up; `None`, and a line that says so, where no set-up was run.
    ///
    /// # Errors
    /// Schemas that are named but cannot be read: under `make test` a validation never passes by absence.
    pub fn load() -> Result<Option<Self>> {
        if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
            return Self::read(Path::new(&folder)).map(Some);
        }
        let folder = cache_dir().map(|cache| cache.join("ocsf/1.8.0"));
        match folder.filter(|folder| folder.join("incident_finding.json").exists()) {
            Some(folder) => Self::read(&folder).map(Some),
            None => {
                skipped("no OCSF schemas (tests/setup ocsf)");
                Ok(None)
            }
        }
    }

    fn read(folder: &Path) -> Result<Self> {
        let class = |name: &str| -> Result<Validator> {
            let path = folder.join(name);
            let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let schema: Value = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
            jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
        };
        Ok(Self {
            detection_finding: class("detection_finding.json")?,
            incident_finding: class("incident_finding.json")?,
        })
    }

    /// What is wrong with `record`, each with its place; empty when it is valid.
    pub fn errors(&self, record: &Value) -> Vec<String> {
        let class = match record.get("class_uid").and_then(Value::as_u64) {
            Some(2004) => &self.detection_finding,
            Some(2005) => &self.incident_finding,
            other => return vec![format!("class_uid: {other:?} is neither 2004 nor 2005")],
        };
        class.iter_errors(record).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Reads one JSON record and refuses it unless it is valid.
    ///
    /// # Errors
    /// Everything that is wrong with it, and the record.
    pub fn check(&self, record: &[u8]) -> Result<Value> {
        let value: Value = serde_json::from_slice(record).context("not JSON")?;
        let errors = self.errors(&value);
        if !errors.is_empty() {
            bail!("not valid OCSF: {}\n{value:#}", errors.join("; "));
        }
        Ok(value)
    }
}
