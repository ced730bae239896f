//! What training leaves: the tables in small integers, the numbers of the second model, the model card and
//! the figures.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use detectors::model::{EVIDENCES, HEADS, Head, TABLE_BITS, fingerprint};

use crate::bag::Bag;
use crate::holdout::{Line, markdown};
use crate::learn::Learner;
use crate::measure::{Scored, auc, share};
use crate::odds::BENIGN_SHARE;
use crate::row::Row;

/// The share of weights that are small enough to be told apart; the few larger ones are cut.
const KEPT: f64 = 0.9995;

/// How the tables that ship do on the samples, which they were trained on: no measure of quality, but what
/// scoring the samples must give again.
#[derive(Debug, serde::Serialize)]
struct Shipped {
    auc: Option<f64>,
    found: f64,
    false_positives: f64,
}

/// Small integers as a table.
struct Table {
    weights: Vec<i8>,
    scale: f32,
}

impl Table {
    fn new(weights: &[f32]) -> Self {
        let scale = scale(weights);
        let small = weights.iter().map(|weight| (weight / scale).round().clamp(-127.0, 127.0) as i8);
        Self { weights: small.collect(), scale }
    }

    fn probability(&self, head: &Head, bag: &Bag) -> f32 {
        let weight = |slot: u32| self.weights.get(slot as usize).map_or(0.0, |weight| f32::from(*weight) * self.scale);
        let scores = bag.layers.iter().map(|layer| head.probability(&layer.judge(weight).0).max(layer.floor));
        scores.fold(0.0, f32::max)
    }
}

/// What `table` makes of the samples of `head`.
fn shipped(table: &Table, head: &Head, at: usize, samples: &[(&Row, &Bag)]) -> Shipped {
    let own = samples.iter().filter(|(_, bag)| bag.head == at);
    let scored: Vec<Scored> =
        own.map(|(row, bag)| Scored { score: table.probability(head, bag), attack: row.attack }).collect();
    let scores =
        |attack: bool| -> Vec<f32> { scored.iter().filter(|one| one.attack == attack).map(|one| one.score).collect() };
    Shipped { auc: auc(&scored), found: share(&scores(true), 0.5), false_positives: share(&scores(false), 0.5) }
}

/// Writes everything to `folder`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    learner: &Learner,
    heads: &[Head; HEADS],
    report: &[(&str, Vec<Line>)],
    samples: &[(&Row, &Bag)],
    (generated, languages): (usize, usize),
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut known = Vec::with_capacity(HEADS);
    let mut tables = Vec::with_capacity(HEADS << TABLE_BITS);
    let mut shape = format!("Shape {{\n    fingerprint: {:#010x},\n    heads: [\n", fingerprint());
    for (at, head) in heads.iter().enumerate() {
        let table = Table::new(&learner.table(at));
        tables.extend(table.weights.iter().map(|weight| weight.cast_unsigned()));
        known.push(shipped(&table, head, at, samples));
        let (scale, bias, weights) = (table.scale, head.bias, head.weights);
        writeln!(shape, "        Head {{ scale: {scale:?}, bias: {bias:?}, weights: {weights:?} }},")?;
    }
    shape.push_str("    ],\n}\n");
    std::fs::write(folder.join("weights.bin"), tables)?;
    std::fs::write(folder.join("shape.in"), shape)?;
    let metrics = serde_json::json!({
        "samples": samples.len(),
        "shipped": known,
        "generated": generated,
        "tables": report.iter().map(|(name, lines)| (*name, lines)).collect::<std::collections::BTreeMap<_, _>>(),
    });
    std::fs::write(folder.join("metrics.json"), serde_json::to_string_pretty(&metrics)? + "\n")?;
    let figures = [
        ("{samples}", samples.len().to_string()),
        ("{generated}", generated.to_string()),
        ("{languages}", languages.to_string()),
        ("{bits}", TABLE_BITS.to_string()),
        ("{evidences}", (EVIDENCES + 1).to_string()),
        ("{share}", format!("{:.2} %", 100.0 * BENIGN_SHARE)),
    ];
    let card =
        figures.iter().fold(include_str!("card.md").to_owned(), |card, (name, figure)| card.replace(name, figure));
    let tables = report
        .iter()
        .fold(String::new(), |text, (name, lines)| format!("{text}### {}\n\n{}\n", heading(name), markdown(lines)));
    std::fs::write(folder.join("README.md"), card.replace("{tables}\n", &tables))?;
    Ok(())
}

/// `name` with a capital letter.
fn heading(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// What one step is worth so that [`KEPT`] of the weights that say anything fit into a byte.
fn scale(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let last = (sizes.len() as f64 * KEPT) as usize;
    sizes.get(last.min(sizes.len().saturating_sub(1))).map_or(1.0, |size| size / 127.0)
}
