//! `weir check`: a configuration with every default filled in; a sample is described next door.

use std::io::{self, Write};

use crate::cli::CheckArgs;
use crate::config::Config;
use crate::failure::Failure;
use crate::logging::tell;

/// Runs the command.
///
/// # Errors
/// [`Failure::Usage`] for a configuration that does not hold; [`Failure::Run`] for a sample with a line
/// that no reader takes.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = super::config_or_defaults(args.config.as_deref())?;
    if args.config.is_some() {
        io::stdout().write_all(effective(&config)?.as_bytes())?;
        tell(format_args!("the configuration holds"));
    }
    match &args.sample {
        Some(path) => super::sample::describe_file(&config, path, args),
        None => Ok(()),
    }
}

/// The configuration with every default. Secrets are named by where they stand, never by what they are.
fn effective(config: &Config) -> anyhow::Result<String> {
    Ok(toml::to_string(&config.file)?)
}
