//! One flag that says stop. The first signal sets it; a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

/// The exit code of a process that is interrupted twice: 128 + SIGINT, as shells write it.
const INTERRUPTED: i32 = 130;

/// A flag that SIGINT, SIGTERM and SIGQUIT set.
///
/// # Errors
/// When a signal cannot be handled.
pub fn on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let shutdown = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        // In this order: the second signal finds the flag set by the first.
        flag::register_conditional_shutdown(*signal, INTERRUPTED, Arc::clone(&shutdown))
            .and_then(|_| flag::register(*signal, Arc::clone(&shutdown)))
            .context("cannot handle signals")?;
    }
    Ok(shutdown)
}

/// Sets the flag.
pub fn now(shutdown: &AtomicBool) {
    shutdown.store(true, Ordering::Relaxed);
}

/// Sets the flag when dropped.
pub struct OnDrop<'a>(pub &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        now(self.0);
    }
}

/// Whether the flag is set.
pub fn requested(shutdown: &AtomicBool) -> bool {
    shutdown.load(Ordering::Relaxed)
}
