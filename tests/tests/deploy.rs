//! What `deploy/` offers is accepted by the product that it deploys.

#![cfg(test)]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pipeline::config::Config;

#[test]
fn every_configuration_is_valid_and_names_a_broker() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/config");
    let mut seen = 0;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let config = Config::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        let required = config.require_kafka().map_err(|error| anyhow::anyhow!("{error}"));
        required.with_context(|| path.display().to_string())?;
        seen += 1;
    }
    assert!(seen >= 2, "looked in the wrong place");
    Ok(())
}
