//! `weir check`: a configuration with every default filled in; a sample is described next door.

use std::io::{self, Write};

use crate::cli::CheckArgs;
use crate::config::{Config, run_cases};
use crate::failure::Failure;
use crate::logging::tell;

/// How a test is registered, in JSONL.
const TEST_ASSET: &str = r#"{"kind": "user", "ids": ["svc-redteam"], "expected": "authorised_test"}"#;

/// Runs the command.
///
/// # Errors
/// [`Failure::Usage`] for a configuration that does not hold; [`Failure::Run`] for a sample with a line
/// that no reader takes.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    if args.config.is_some() {
        // Who asks about a sample wants to see that.
        if args.sample.is_none() {
            io::stdout().write_all(effective(&config)?.as_bytes())?;
        }
        tell(format_args!("the configuration holds"));
        check_rules(&config)?;
        if !config.file.correlation.inventory.registers_tests() {
            // An estate without tests is rare, and what they do looks like what they play.
            tell(format_args!(
                "the [inventory] registers no tests: what a red team, a scanner or a sandbox does opens incidents. A line \
                 of its `file`: {TEST_ASSET}"
            ));
        }
    }
    match &args.sample {
        Some(path) => super::sample::describe_file(&config, path, args),
        None => Ok(()),
    }
}

/// Runs the cases beside the rules.
fn check_rules(config: &Config) -> Result<(), Failure> {
    let rules = &config.rulebook.rules;
    let report = run_cases(&config.file, rules).map_err(|message| Failure::usage(format!("[rules] {message}")))?;
    report.wrong.iter().for_each(|wrong| tell(format_args!("{wrong}")));
    let (raising, run, wrong) = (rules.raising().count(), report.run, report.wrong.len());
    tell(format_args!("{raising} rules raise alerts; {run} cases, {wrong} of which went otherwise"));
    if wrong > 0 { Err(Failure::Run(anyhow::anyhow!("{wrong} cases of rules went otherwise"))) } else { Ok(()) }
}

/// The configuration with every default. Secrets are named by where they stand, never by what they are.
fn effective(config: &Config) -> anyhow::Result<String> {
    Ok(toml::to_string(&config.file)?)
}

#[cfg(test)]
mod tests {
    use correlator::{Asset, Inventory};

    use super::*;

    #[test]
    fn what_is_recommended_registers_a_test() {
        let asset: Asset = serde_json::from_str(TEST_ASSET).expect("an asset");
        assert!(Inventory::new(vec![asset]).expect("an inventory").registers_tests());
    }
}
