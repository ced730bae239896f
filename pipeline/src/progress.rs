//! Progress on standard error, for people only: nothing where it is no terminal, nothing for short work.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line is redrawn, and how long work must last to show one.
const INTERVAL: Duration = Duration::from_millis(500);
/// How many ticks pass between looks at the clock.
const TICKS_PER_LOOK: u64 = 256;

/// A line that counts.
pub struct Progress {
    what: String,
    shown: bool,
    terminal: bool,
    ticks: u64,
    last: Instant,
}

impl Progress {
    /// Counts `what`.
    pub fn new(what: &str) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { what: what.to_owned(), shown: false, terminal, ticks: 0, last: Instant::now() }
    }

    /// One more.
    pub fn tick(&mut self) {
        self.ticks += 1;
        if self.terminal && self.ticks.is_multiple_of(TICKS_PER_LOOK) && self.last.elapsed() >= INTERVAL {
            self.last = Instant::now();
            self.shown = true;
            // A terminal that went away is no reason to stop the work.
            let _ = write!(io::stderr(), "\r\x1b[K{}: {} records", self.what, self.ticks);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
