//! `weir run`: the stages on Kafka until a signal says stop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use tracing::info;

use crate::cli::{RunArgs, StageChoice};
use crate::config::Config;
use crate::failure::Failure;
use crate::kafka::client::Client;
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
    let client = Client::new(&config, args.instance.as_deref());
    let stages = Stages::new(config, client, args.stage != StageChoice::Correlate, args.stage != StageChoice::Detect)?;
    preflight(stages.client(), &stages.topics())?;
    info!(brokers = stages.client().brokers(), "started");
    run_until(&stages, &shutdown)?;
    info!("stopped");
    Ok(())
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
