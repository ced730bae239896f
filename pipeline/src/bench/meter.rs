//! What a benchmark measures with: wall time, CPU time of this process, peak memory.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use crate::version;

/// How many rounds a benchmark runs; the median is reported.
pub const ROUNDS: usize = 5;

/// A stopwatch over wall and CPU time.
pub struct Meter {
    wall: Instant,
    cpu: Duration,
}

/// What one round took.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Wall time.
    pub wall: Duration,
    /// CPU time of all threads of this process, user and system.
    pub cpu: Duration,
}

impl Meter {
    /// Starts.
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    /// What passed since the start.
    pub fn read(&self) -> Reading {
        Reading { wall: self.wall.elapsed(), cpu: cpu().saturating_sub(self.cpu) }
    }
}

fn cpu() -> Duration {
    cpu_of(UsageWho::RUSAGE_SELF)
}

/// CPU time of this thread, user and system.
pub fn thread_cpu() -> Duration {
    cpu_of(UsageWho::RUSAGE_THREAD)
}

fn cpu_of(who: UsageWho) -> Duration {
    getrusage(who).map_or(Duration::ZERO, |usage| {
        let seconds = |time: nix::sys::time::TimeVal| {
            Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs())
        };
        seconds(usage.user_time()) + seconds(usage.system_time())
    })
}

/// The most memory that this process ever held, in MiB.
pub fn peak_rss_mib() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| usage.max_rss() as f64 / 1024.0)
}

/// The memory that this process holds now, in MiB; zero where the system does not say.
pub fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// The middle of `values`.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Says where and of what the figures are.
pub fn print_machine() {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("machine  {}, {cores} cores", model.trim_start_matches([' ', '\t', ':']));
    println!("commit   {}", version::commit());
}
