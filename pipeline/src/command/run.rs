//! `weir run`: the stages on Kafka until a signal says stop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::cli::{RunArgs, StageChoice};
use crate::config::{Config, FeedStore};
use crate::failure::Failure;
use crate::kafka::client::Client;
use crate::kafka::feeds::FeedTopics;
use crate::kafka::worker::preflight;
use crate::shutdown;
use crate::stages::Stages;

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong, the cluster cannot be reached, or a stage needs an operator.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    config.require_kafka()?;
    let shutdown = shutdown::on_signals()?;
    let (feeds, reload_secs) = (config.feeds.clone(), config.file.intel.reload_secs);
    let client = Client::new(&config, args.instance.as_deref());
    let stages = Stages::new(config, client, args.stage != StageChoice::Correlate, args.stage != StageChoice::Detect)?;
    preflight(stages.client(), &stages.topics())?;
    let topics = FeedTopics::open(stages.client(), &feeds, &shutdown)?;
    info!(brokers = stages.client().brokers(), indicators = feeds.current().len(), "started");
    thread::scope(|scope| {
        scope.spawn(|| keep_fresh(&feeds, reload_secs, &shutdown));
        scope.spawn(|| topics.follow(&feeds, &shutdown));
        let _stop = shutdown::OnDrop(&shutdown);
        run_until(&stages, &shutdown)
    })?;
    info!("stopped");
    Ok(())
}

/// How often the wait for the next look at the feeds asks whether to stop.
const STOP_LOOK: Duration = Duration::from_millis(200);

/// Reads feeds anew when their files change, until told to stop.
fn keep_fresh(feeds: &FeedStore, reload_secs: u64, shutdown: &AtomicBool) {
    let mut last = Instant::now();
    while reload_secs > 0 && !shutdown::requested(shutdown) {
        thread::sleep(STOP_LOOK);
        if last.elapsed() < Duration::from_secs(reload_secs) {
            continue;
        }
        last = Instant::now();
        match feeds.refresh() {
            Ok(None) => {}
            Ok(Some(loaded)) => info!(loaded.indicators, loaded.skipped, loaded.left_out, "feeds read anew"),
            Err(message) => warn!(message, "feeds stay as they were"),
        }
    }
}

/// Runs every worker on a thread of its own; the first that ends stops the others.
pub(super) fn run_until(stages: &Stages, shutdown: &Arc<AtomicBool>) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let workers: Vec<_> = stages
            .workers(shutdown)
            .into_iter()
            .map(|(name, work)| {
                let thread = thread::Builder::new().name(name);
                thread.spawn_scoped(scope, move || {
                    // However this worker ends, by an error or by a panic: half a process helps nobody.
                    let _stop = shutdown::OnDrop(shutdown);
                    work()
                })
            })
            .collect::<Result<_, _>>()?;
        let results: Vec<anyhow::Result<()>> = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker panicked"))))
            .collect();
        results.into_iter().collect()
    })
}
