//! Times rsigma's correlation engine: `rsigma-peer RULES SIGNALS`.
//!
//! Signals that come before the clock runs are taken in first; reading JSON is not timed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use rsigma_eval::{CorrelationConfig, CorrelationEngine, JsonEvent, ProcessResultExt as _};
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;

/// CPU time of this process, which has one thread.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/schedstat").expect("schedstat");
    Duration::from_nanos(stat.split(' ').next().expect("a number").parse().expect("a number"))
}

fn main() {
    let [rules, signals] = [1, 2].map(|at| std::env::args().nth(at).expect("rsigma-peer RULES SIGNALS"));
    let rules = parse_sigma_yaml(&fs::read_to_string(rules).expect("the rules")).expect("rules");
    let mut engine = CorrelationEngine::new(CorrelationConfig::default());
    engine.add_collection(&rules).expect("rules that compile");
    let (mut busy, mut timed, mut matches) = (Duration::ZERO, 0_u64, 0);
    for line in BufReader::new(fs::File::open(signals).expect("the signals")).lines() {
        let signal: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let seconds = signal["time"].as_i64().expect("a time") / 1_000;
        let before = cpu();
        let found = engine.process_event_at(&JsonEvent::borrow(&signal), seconds);
        let spent = cpu() - before;
        if signal["timed"] == Value::Bool(true) {
            timed += 1;
            busy += spent;
            matches += found.correlation_count();
        }
    }
    let seconds = busy.as_secs_f64();
    println!("rsigma                   {:>9.0} signals/CPU-s  {:>6.1} µs each  {matches} matches", timed as f64 / seconds, seconds / timed as f64 * 1e6);
}
