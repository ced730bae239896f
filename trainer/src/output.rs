//! What training leaves: the tables in small integers, the numbers of the second model, the model card and
//! the figures.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use detectors::model::{EVIDENCES, HEADS, Head, TABLE_BITS, fingerprint};

use crate::holdout::{Line, markdown};
use crate::learn::Learner;
use crate::odds::BENIGN_SHARE;

/// The share of weights that are small enough to be told apart; the few larger ones are cut.
const KEPT: f64 = 0.9995;

/// Writes everything to `folder`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    learner: &Learner,
    heads: &[Head; HEADS],
    report: &[(&str, Vec<Line>)],
    (samples, generated, languages): (usize, usize, usize),
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut tables = Vec::with_capacity(HEADS << TABLE_BITS);
    let mut shape = format!("Shape {{\n    fingerprint: {:#010x},\n    heads: [\n", fingerprint());
    for (at, head) in heads.iter().enumerate() {
        let weights = learner.table(at);
        let scale = scale(&weights);
        tables.extend(weights.iter().map(|weight| (weight / scale).round().clamp(-127.0, 127.0) as i8 as u8));
        let (bias, weights) = (head.bias, head.weights);
        writeln!(shape, "        Head {{ scale: {scale:?}, bias: {bias:?}, weights: {weights:?} }},")?;
    }
    shape.push_str("    ],\n}\n");
    std::fs::write(folder.join("weights.bin"), tables)?;
    std::fs::write(folder.join("shape.in"), shape)?;
    let metrics = serde_json::json!({
        "samples": samples,
        "generated": generated,
        "left_out_by": report.iter().map(|(name, lines)| (*name, lines)).collect::<std::collections::BTreeMap<_, _>>(),
    });
    std::fs::write(folder.join("metrics.json"), serde_json::to_string_pretty(&metrics)? + "\n")?;
    let figures = [
        ("{samples}", samples.to_string()),
        ("{generated}", generated.to_string()),
        ("{languages}", languages.to_string()),
        ("{bits}", TABLE_BITS.to_string()),
        ("{evidences}", (EVIDENCES + 1).to_string()),
        ("{share}", format!("{:.2} %", 100.0 * BENIGN_SHARE)),
    ];
    let card = figures.iter().fold(include_str!("card.md").to_owned(), |card, (name, figure)| card.replace(name, figure));
    let tables = report.iter().fold(String::new(), |text, (name, lines)| {
        format!("{text}### Left out by {name}\n\n{}\n", markdown(lines))
    });
    std::fs::write(folder.join("README.md"), card.replace("{tables}\n", &tables))?;
    Ok(())
}

/// What one step is worth so that [`KEPT`] of the weights that say anything fit into a byte.
fn scale(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let last = (sizes.len() as f64 * KEPT) as usize;
    sizes.get(last.min(sizes.len().saturating_sub(1))).map_or(1.0, |size| size / 127.0)
}
