//! Measures the detectors on sample data, where it is present, and holds them to their promises there.
//!
//! `cargo test -p detectors samples -- --nocapture` prints false positives and recall by channel. Without
//! the data the test prints `skipped: no samples` and passes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use schemas::{Channel, Message};
use serde::Deserialize;

use crate::cases::talk;
use crate::{Detectors, Settings};

#[derive(Deserialize)]
struct Row {
    text: String,
    label: u8,
    #[serde(default)]
    source: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    family: String,
}

fn samples() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    std::env::var_os("WEIR_SAMPLES").map_or_else(|| PathBuf::from(default), PathBuf::from)
}

/// The rows of a JSONL file, unpacked by `gzip` where it is packed.
fn rows(name: &str) -> Option<Vec<Row>> {
    let path = samples().join(name);
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    if !path.is_file() {
        return None;
    }
    let mut child = Command::new(if packed { "gzip" } else { "cat" })
        .args(packed.then_some("-dc"))
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let rows = lines.map(|line| serde_json::from_str(&line.expect("UTF-8")).expect("a row")).collect();
    child.wait().ok()?;
    Some(rows)
}

/// How often a benign text may raise its category, in percent.
const FALSE_POSITIVES_PERCENT_MAX: f64 = 3.0;

/// Where the curve is printed.
const THRESHOLDS: [f32; 5] = [0.2, 0.3, 0.4, 0.45, 0.5];

#[test]
fn injection_samples() {
    let Some(rows) = rows("injection/train.jsonl.gz") else { return println!("skipped: no samples") };
    let detectors = Detectors::new().expect("compiles");
    let settings = Settings { scores: true, ..Settings::default() };
    let mut counts: BTreeMap<(u8, &str, String, &'static str), (u32, u32)> = BTreeMap::new();
    let mut curve: BTreeMap<(&str, u8), [u32; THRESHOLDS.len() + 1]> = BTreeMap::new();
    let mut scored: BTreeMap<&str, Vec<(f32, u8)>> = BTreeMap::new();
    let dump = std::env::var("WEIR_SAMPLES_DUMP").unwrap_or_default();
    for row in &rows {
        let (channel, name) = match row.channel.as_str() {
            "document" => (Channel::Document, "indirect_injection"),
            "tool" => (Channel::ToolResult, "indirect_injection"),
            _ => (Channel::User, "jailbreak"),
        };
        let interaction = talk(vec![Message::request(channel, row.text.clone())]);
        let detection = detectors.annotate(&interaction, &settings);
        let score = detection.annotated.scores.as_ref().map_or(0.0, |scores| scores[name].value());
        scored.entry(name).or_default().push((score, row.label));
        for (at, threshold) in THRESHOLDS.iter().enumerate() {
            let count = curve.entry((channel.as_str(), row.label)).or_insert([0; THRESHOLDS.len() + 1]);
            count[at] += u32::from(score >= *threshold);
            count[THRESHOLDS.len()] += u32::from(at == 0);
        }
        let seen: Vec<&str> = detection.annotated.annotations.iter().map(|a| a.detector.as_str()).collect();
        for detector in crate::names() {
            let hit = u32::from(seen.contains(&detector));
            for source in [row.source.clone(), "(all)".to_owned()] {
                let count = counts.entry((row.label, channel.as_str(), source, detector)).or_default();
                *count = (count.0 + hit, count.1 + 1);
            }
        }
        if dump == format!("{}{name}", row.label) && (row.label == 0) == seen.contains(&name) {
            println!(
                "DUMP {} {:.200?} {:?}",
                row.source,
                row.text,
                detection
                    .annotated
                    .annotations
                    .iter()
                    .find(|a| a.detector == name)
                    .map(|a| (&a.subtype, a.score, a.span))
            );
        }
    }
    println!("share at thresholds {THRESHOLDS:?}: {curve:?}");
    for ((label, channel, source, detector), (hits, all)) in counts.iter().filter(|(_, count)| count.0 > 0) {
        println!(
            "{label} {channel:11} {source:22} {detector:20} {hits:6}/{all:6} {:6.2} %",
            100.0 * f64::from(*hits) / f64::from(*all)
        );
    }
    for (channel, name) in [("user", "jailbreak"), ("document", "indirect_injection"), ("tool", "indirect_injection")] {
        let share = |label| {
            counts
                .get(&(label, channel, "(all)".to_owned(), name))
                .map_or(0.0, |(hits, all)| 100.0 * f64::from(*hits) / f64::from(*all))
        };
        assert!(share(0) <= FALSE_POSITIVES_PERCENT_MAX, "{name} on {channel}: {:.2} %", share(0));
    }
    assert_as_published(&scored);
}

/// The figures of the model card's own data: how the weights that ship rank the samples they learned from.
#[derive(Deserialize)]
struct Published {
    shipped: Vec<Shipped>,
}

#[derive(Deserialize)]
struct Shipped {
    auc: f64,
    found: f64,
    false_positives: f64,
}

/// How far a share may be off: the trainer reads overlong texts in part, and sums in another order.
const PUBLISHED_OFF_MAX: f64 = 0.005;

/// Holds the scores of all samples to what the trainer wrote beside the weights.
fn assert_as_published(scored: &BTreeMap<&str, Vec<(f32, u8)>>) {
    let published: Published = serde_json::from_str(include_str!("../model/metrics.json")).expect("metrics");
    for (name, published) in ["jailbreak", "indirect_injection"].into_iter().zip(published.shipped) {
        let own = &scored[name];
        let raised = |label| {
            let all = own.iter().filter(|(_, own)| *own == label);
            all.clone().filter(|(score, _)| *score >= 0.5).count() as f64 / all.count() as f64
        };
        let figures = [(auc(own), published.auc), (raised(1), published.found), (raised(0), published.false_positives)];
        println!("{name}: AUC, found, false positives at 0.5, here and as published: {figures:.4?}");
        assert!(figures.iter().all(|(here, there)| (here - there).abs() <= PUBLISHED_OFF_MAX), "{name}: {figures:?}");
    }
}

/// The chance that an attack scores above a benign text, ties counted half.
fn auc(scored: &[(f32, u8)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut benign, mut attacks, mut won) = (0.0, 0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let hits = equal.iter().filter(|(_, label)| *label == 1).count() as f64;
        let rest = equal.len() as f64 - hits;
        won += hits * (benign + rest / 2.0);
        (attacks, benign) = (attacks + hits, benign + rest);
    }
    won / (attacks * benign)
}

/// The least recall of each file of secrets and the most of its negatives that may be hit, in percent.
const SECRETS: [(&str, f64, f64); 5] = [
    ("betterleaks_rules", 88.0, 5.0),
    ("detect_secrets_tests", 47.0, 5.0),
    ("gitleaks_rules", 96.0, 5.0),
    ("kingfisher_rules", 88.0, 5.0),
    ("noseyparker_rules", 82.0, 13.0),
];

/// A negative means that the rule which the row names must stay silent; what another rule sees in it is
/// counted apart.
#[test]
fn secret_samples() {
    let detectors = Detectors::new().expect("compiles");
    let dump = std::env::var("WEIR_SAMPLES_DUMP").unwrap_or_default();
    for (name, recall_min, negatives_max) in SECRETS {
        let Some(rows) = rows(&format!("secrets/{name}.jsonl")) else { return println!("skipped: no samples") };
        let (mut found, mut positives, mut hit, mut own, mut negatives, mut alerts) = (0, 0, 0, 0, 0, 0);
        for row in rows {
            let interaction = talk(vec![Message::request(Channel::Document, row.text.clone())]);
            let annotations = detectors.annotate(&interaction, &Settings::default()).annotated.annotations;
            let mine: Vec<_> = annotations.iter().filter(|a| a.detector == "credential_leak").collect();
            let seen = u32::from(!mine.is_empty());
            let family: String = row.family.chars().filter(char::is_ascii_alphanumeric).collect();
            match row.label {
                1 => (found, positives) = (found + seen, positives + 1),
                _ => {
                    let same = |subtype: &str| {
                        let subtype = subtype.replace('_', "");
                        subtype.contains(&family)
                            || family == "generic" && subtype.starts_with("named")
                            || family == "curl" && (subtype.starts_with("named") || subtype == "commandpassword")
                    };
                    own += u32::from(mine.iter().any(|a| same(&a.subtype)));
                    (hit, negatives) = (hit + seen, negatives + 1);
                    alerts += u32::from(mine.iter().any(|a| a.severity >= crate::policy::SEVERITY_MIN));
                }
            }
            if dump == format!("{}{name}", row.label) && (row.label == 0) == (seen == 1) {
                let kinds: Vec<_> = mine.iter().map(|a| (&a.subtype, a.span)).collect();
                println!("DUMP {} {:.230?} {kinds:?}", row.family, row.text);
            }
        }
        let share = |part: u32, all: u32| 100.0 * f64::from(part) / f64::from(all.max(1));
        println!(
            "{name}: found {found}/{positives} {:.1} %; of {negatives} negatives hit {hit} {:.1} %, by the named vendor or rule {own} {:.1} %, alerts {alerts}",
            share(found, positives),
            share(hit, negatives),
            share(own, negatives)
        );
        assert!(share(found, positives) >= recall_min && share(own, negatives) <= negatives_max, "{name}");
    }
}

/// How many of ten thousand ordinary texts may be taken to hold a credential; some of the samples do hold one.
const ORDINARY_PER_TEN_THOUSAND_MAX: f64 = 40.0;

#[test]
fn secrets_in_ordinary_text() {
    let detectors = Detectors::new().expect("compiles");
    let dump = std::env::var("WEIR_SAMPLES_DUMP").is_ok_and(|wanted| wanted == "ordinary");
    for name in ["injection/train.jsonl.gz", "pii/faker_prompts.jsonl", "pii/presidio_research_even_templates.jsonl"] {
        let Some(rows) = rows(name) else { return println!("skipped: no samples") };
        let (mut hit, mut alerts, mut all) = (0, 0, 0);
        for row in rows.into_iter().filter(|row| row.label == 0 || name.starts_with("pii")) {
            let interaction = talk(vec![Message::request(Channel::Document, row.text.clone())]);
            let annotations = detectors.annotate(&interaction, &Settings::default()).annotated.annotations;
            let mine: Vec<_> = annotations.iter().filter(|a| a.detector == "credential_leak").collect();
            all += 1;
            hit += u32::from(!mine.is_empty());
            alerts += u32::from(mine.iter().any(|a| a.severity >= crate::policy::SEVERITY_MIN));
            if let Some(first) = mine.first().filter(|_| dump) {
                let start = first.span.0.saturating_sub(40) as usize;
                let around: String = row.text.chars().skip(start).take(120).collect();
                println!("DUMP {} {around:?}", first.subtype);
            }
        }
        let share = |part: u32| 1e4 * f64::from(part) / f64::from(all.max(1));
        println!(
            "{name}: {hit} of {all} ordinary texts, {:.1} in ten thousand, {:.1} with an alert",
            share(hit),
            share(alerts)
        );
        assert!(share(alerts) <= ORDINARY_PER_TEN_THOUSAND_MAX, "{name}");
    }
}

/// Not a limit, since machines differ: prints what an ordinary interaction costs.
#[test]
fn cost_of_an_ordinary_interaction() {
    let detectors = Detectors::new().expect("compiles");
    let prose = "The quarterly report shows that revenue grew in three of four regions, while costs in logistics rose. Please check https://www.example.com/report. ";
    let messages = vec![
        Message::request(
            Channel::System,
            "You are a helpful assistant of the finance team. Answer briefly and name your sources.",
        ),
        Message::request(Channel::User, prose.repeat(4)),
        Message::response(Channel::Assistant, prose.repeat(5)),
    ];
    let bytes: usize = messages.iter().map(|message| message.text.expose().len()).sum();
    let interaction = talk(messages);
    assert!(detectors.annotate(&interaction, &Settings::default()).annotated.annotations.is_empty());
    const ROUNDS: u32 = 300;
    let settings = Settings::default();
    let batches = (0..20).map(|_| {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            std::hint::black_box(detectors.annotate(std::hint::black_box(&interaction), &settings));
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
    });
    // The best batch: what else the machine does only ever adds.
    println!("{bytes} bytes: {:.1} µs", batches.fold(f64::INFINITY, f64::min));
}
