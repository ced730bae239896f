//! Logs on standard error: text for a terminal, JSON otherwise. Content never reaches them.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use tracing_subscriber::EnvFilter;

/// One line on standard error to whoever runs a command. That nobody reads it any more, as with `2>&1 | head`, is
/// no failure.
pub fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Starts logging at `level`, unless `WEIR_LOG` has a filter such as `pipeline=debug,rdkafka=warn`.
pub fn init(level: &str) {
    let filter = EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // That nobody reads the log any more must not end production, nor may a report of it be tried.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    // A panic message can quote the text that it fell over: only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    // A second call, as in tests, leaves the first subscriber in place.
    let _ = if io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
}
