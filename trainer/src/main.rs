//! Trains the learned scorer of the detectors: `cargo run -p trainer --locked -- [--samples FILE] [--out DIR]`.
//!
//! Reads labelled samples, writes more of its own making ([`generate`]), measures what generalises
//! ([`holdout`]), learns from everything ([`learn`]) and writes weights, the model card and the figures.
//! The same samples and templates give the same bytes on the same platform. Nothing that ships depends on this crate.
#![allow(clippy::print_stdout, reason = "a command")]

mod bag;
mod disguise;
mod generate;
mod holdout;
mod learn;
mod measure;
mod odds;
mod output;
mod padding;
mod probe;
mod random;
mod row;
mod templates;

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use detectors::Lexicon;

use crate::bag::{Bag, Bags};
use crate::holdout::{Judged, fold_of};
use crate::learn::Learner;
use crate::row::Row;

/// What generated texts are grouped by.
type Key = fn(&Row) -> &str;

struct Options {
    samples: PathBuf,
    probes: PathBuf,
    out: PathBuf,
    /// Also leaves out all families, languages and carriers, which takes long.
    thorough: bool,
    /// Only measures, writes nothing.
    dry: bool,
    /// Prints the texts that were judged worst, this many a group.
    show: usize,
}

fn options() -> Result<Options> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        samples: root.join("../../shared/data/injection/train.jsonl.gz"),
        probes: root.join("probes"),
        out: root.join("../detectors/model"),
        thorough: false,
        dry: false,
        show: 0,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--samples" => options.samples = value()?.into(),
            "--out" => options.out = value()?.into(),
            "--thorough" => options.thorough = true,
            "--dry" => options.dry = true,
            "--show" => options.show = value()?.parse()?,
            _ => bail!("{argument}: known are --samples FILE, --out DIR, --thorough, --dry, --show N"),
        }
    }
    Ok(options)
}

fn main() -> Result<()> {
    let options = options()?;
    let mut rows = distinct(row::read(&options.samples)?);
    let samples = rows.len();
    rows.extend(generate::rows(&rows)?);
    let generated = rows.len() - samples;
    rows.extend(padding::rows(&rows));
    println!("{samples} samples, {generated} generated, {} padded", rows.len() - samples - generated);
    let lexicon = Lexicon::new()?;
    let bags = Bags::new(&rows, &lexicon);
    let weights = holdout::weights(&rows);

    let by_source = |row: &Row| row.parts.iter().map(|part| fold_of(part)).collect();
    let unseen = judged(&rows, &bags, &weights, source_fold, by_source);
    let (padded, sources): (Vec<_>, Vec<_>) = unseen.into_iter().partition(|one| one.row.source == padding::SOURCE);
    let own = |key: Key| {
        move |row: &Row| (row.source == generate::SOURCE).then(|| key(row).to_owned()).filter(|key| !key.is_empty())
    };
    let by_parts = |key: Key, most: usize| {
        let parts = holdout::parts(&rows, own(key), most);
        let part = |row: &Row| own(key)(row).and_then(|key| parts.get(&key).cloned());
        judged(&rows, &bags, &weights, part, |_| Vec::new())
    };
    let families = by_parts(|row| &row.family, holdout::PARTS_FITTED);
    let heads = holdout::heads(&sources, &padded, &families);
    println!("{heads:#?}");
    let mut report = vec![
        ("left out by source", holdout::table(&sources, &heads, |row| Some(row.source.clone()))),
        ("left out by source, padded", holdout::table(&padded, &heads, |row| Some(row.family.clone()))),
    ];
    if options.show > 0 {
        show(&sources, &heads, options.show);
        show(&padded, &heads, options.show);
    }
    if options.thorough {
        let keys: [(&str, Key); 3] = [
            ("left out by family", |row| &row.family),
            ("left out by language", |row| &row.language),
            ("left out by carrier", |row| &row.carrier),
        ];
        for (name, key) in keys {
            report.push((name, holdout::table(&by_parts(key, holdout::PARTS), &heads, own(key))));
        }
    } else {
        report.push(("left out by family", holdout::table(&families, &heads, own(|row| &row.family))));
    }
    let learner = Learner::learn(&bags, &holdout::lessons(&rows, &weights, |_| true), 7);
    let probe = probe::read(&options.probes)?;
    let judged = probed(&probe, &learner, &heads, &lexicon);
    let group = |row: &Row| Some(format!("{} {}", if row.attack { "attack" } else { "benign" }, row.family));
    report.push(("probe by group", holdout::table(&judged, &heads, group)));
    report.push(("probe by language", holdout::table(&judged, &heads, |row| Some(row.language.clone()))));
    for (name, lines) in &report {
        println!("{name}\n{}", holdout::markdown(lines));
    }
    if options.show > 0 {
        show(&judged, &heads, options.show);
    }
    if !options.dry {
        let languages = holdout::keys(&rows, |row| Some(row.language.clone()).filter(|language| !language.is_empty()));
        let own: Vec<(&Row, &Bag)> = rows.iter().zip(&bags.all).take(samples).collect();
        output::write(&options.out, &learner, &heads, &report, &own, (generated, languages.len()))?;
    }
    Ok(())
}

/// What is left out together with a row of the samples, or with the texts that pad it.
fn source_fold(row: &Row) -> Option<String> {
    match row.source.as_str() {
        generate::SOURCE => None,
        padding::SOURCE => row.parts.first().map(|part| fold_of(part)),
        source => Some(fold_of(source)),
    }
}

/// Every group of `key` judged by what was learned without it, and without texts that its sources carry.
fn judged<'r>(
    rows: &'r [Row],
    bags: &Bags,
    weights: &[f32],
    key: impl Fn(&Row) -> Option<String>,
    parts: impl Fn(&Row) -> Vec<String>,
) -> Vec<Judged<'r>> {
    let first = [odds::FIRST; detectors::model::HEADS];
    let mut all = Vec::new();
    for group in holdout::keys(rows, &key) {
        let out = |row: &Row| key(row).as_ref() == Some(&group);
        let skip = |row: &Row| out(row) || parts(row).contains(&group);
        for (at, evidence) in holdout::unseen(rows, bags, weights, skip, &first) {
            all.extend(rows.get(at).filter(|row| out(row)).map(|row| Judged {
                row,
                evidence,
                head: detectors::model::head_of(row.channel),
            }));
        }
    }
    all
}

/// The probe as what ships judges it.
fn probed<'r>(
    rows: &'r [Row],
    learner: &Learner,
    heads: &[detectors::model::Head; detectors::model::HEADS],
    lexicon: &Lexicon,
) -> Vec<Judged<'r>> {
    let judge = |row: &'r Row| {
        let bag = Bag::new(row, lexicon, None);
        Judged { row, evidence: learner.evidence(&bag, &heads[bag.head]), head: bag.head }
    };
    rows.iter().map(judge).collect()
}

/// The rows without those whose text came before.
fn distinct(rows: Vec<Row>) -> Vec<Row> {
    let mut seen = HashSet::new();
    let key = |row: &Row| row.text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    rows.into_iter().filter(|row| seen.insert(key(row))).collect()
}

/// Prints the worst judged texts of each source.
fn show(judged: &[Judged<'_>], heads: &[detectors::model::Head; 2], most: usize) {
    let mut worst: Vec<(&str, bool, f32, &str)> = judged
        .iter()
        .map(|one| {
            (one.row.source.as_str(), one.row.attack, heads[one.head].probability(&one.evidence), one.row.text.as_str())
        })
        .collect();
    worst.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(if a.1 { a.2.total_cmp(&b.2) } else { b.2.total_cmp(&a.2) }));
    for group in worst.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let step = (group.len() / 4 / most.max(1)).max(1);
        for (source, attack, score, text) in group.iter().step_by(step).take(most) {
            println!("SHOW {source} attack={attack} {score:.3} {:?}", text.chars().take(260).collect::<String>());
        }
    }
}
