//! The detect stage without its carrier: bytes in, annotated interaction, alerts and signals out.

use std::time::Instant;

use schemas::{Group, Timestamp};

use super::meter::{Meter, ROUNDS, median, peak_rss_mib};
use crate::config::{Config, Source, TenantSettings};
use crate::failure::Failure;
use crate::process::{Delivery, Processor};
use crate::simulation::Stream;
use crate::simulation::traffic::Traffic;

/// The start of simulated time; any will do.
const START_MILLIS: i64 = 1_777_600_000_000;

/// Interactions as the simulated applications record them, no two alike.
pub(super) fn interactions(count: u64) -> impl Iterator<Item = String> {
    let start = Timestamp::from_millis(START_MILLIS).unwrap_or_default();
    let traffic = Traffic::new(1, start, 50).filter(|record| record.stream == Stream::Ai);
    traffic.map(|record| record.body).take(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Runs the benchmark over `count` interactions.
///
/// # Errors
/// When the default configuration does not hold.
pub fn run(count: u64) -> Result<(), Failure> {
    let config = Config::defaults()?;
    let bodies: Vec<String> = interactions(count).collect();
    let bytes: usize = bodies.iter().map(String::len).sum();
    println!(
        "method   {count} simulated interactions of {} bytes on average, 1 % of them attacks, one thread, median of {ROUNDS} rounds",
        bytes / bodies.len().max(1)
    );
    let source = Source { group: Group::Ai, format: None, tenancy: config.tenancy(None) };
    let variants = [("all detectors", config.tenants.clone()), ("detectors off", TenantSettings::without_detection())];
    for (name, tenants) in variants {
        let processor = Processor::new(&config, tenants)?;
        let mut alerts = 0;
        let rounds = (0..ROUNDS).map(|_| {
            let meter = Meter::start();
            alerts = bodies.iter().map(|body| process(&processor, body, &source)).sum();
            meter.read().cpu.as_secs_f64()
        });
        let cpu = median(rounds.collect());
        println!(
            "{name:<14} {:>9.0} interactions/CPU-s  {:>6.1} MB/s  {:>6.2} µs each  {alerts} alerts",
            count as f64 / cpu,
            bytes as f64 / cpu / 1e6,
            cpu / count as f64 * 1e6,
        );
        let [half, most] = micros_of_single_ones(&processor, &bodies, &source);
        println!("{:<14} half of them within {half:.1} µs, 99 of 100 within {most:.1} µs", "");
    }
    println!("peak RSS {:.0} MiB, the input included", peak_rss_mib());
    Ok(())
}

/// Within how many microseconds of wall time a half and 99 of 100 interactions are done, each taken by itself and the
/// best of its rounds: what else the machine does only ever adds.
fn micros_of_single_ones(processor: &Processor, bodies: &[String], source: &Source) -> [f64; 2] {
    let best = |body: &String| {
        let rounds = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            std::hint::black_box(process(processor, body, source));
            start.elapsed().as_secs_f64() * 1e6
        });
        rounds.fold(f64::INFINITY, f64::min)
    };
    let mut micros: Vec<f64> = bodies.iter().map(best).collect();
    micros.sort_by(f64::total_cmp);
    [50, 99].map(|percent| micros.get(micros.len() * percent / 100).copied().unwrap_or_default())
}

fn process(processor: &Processor, body: &str, source: &Source) -> usize {
    let delivery = Delivery { time: Timestamp::default(), clamp_future: false, tenant: None };
    let outcome = processor.process(body.as_bytes(), source, delivery);
    outcome.interactions.iter().map(|processed| processed.alerts.len()).sum()
}
