//! Measures how the learned scorer does on what it has not seen: each source of the samples, each family,
//! language and carrier of the generator is left out of training once and scored by what was learned from
//! the rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::bag::Bags;
use crate::learn::{Learner, Lesson};
use crate::measure::{Scored, auc, share, threshold};
use crate::odds::{self, Known};
use crate::row::Row;
use detectors::model::{Evidence, HEADS, Head};

/// Sources that are left out together: those that hold versions of the same texts, each time with some that
/// have only benign texts, so that attacks and what they are measured against are both unseen.
const FOLDS: &[&[&str]] = &[
    &["bipia_train", "gpteacher"],
    &["deepset", "ms_docs", "neuralchemy"],
    &[
        "garak_misc",
        "giskard_injections",
        "gptfuzzer_templates",
        "inthewild_jailbreaks",
        "oss_files",
        "pyrit_templates",
        "self_reminder_jb",
        "walledeval_templates",
    ],
    &["self_instruct_t0", "tau_bench"],
    &["slabs", "vigogne_fr"],
    &["xquad_train", "yanismiraoui_multi"],
];

/// The price at which recall is measured.
const FALSE_POSITIVES: f64 = 0.01;

/// What is left out together with `source`.
pub fn fold_of(source: &str) -> String {
    let fold = FOLDS.iter().find(|fold| fold.contains(&source));
    fold.map_or_else(|| source.to_owned(), |fold| fold.join("+"))
}

/// How much each row counts: the root of its source's share, so that large sources do not drown small ones. Padded
/// texts are never learned from.
pub fn weights(rows: &[Row]) -> Vec<f32> {
    let key = |row: &Row| (row.source.clone(), row.attack, detectors::model::head_of(row.channel));
    let mut counts: BTreeMap<_, u32> = BTreeMap::new();
    for row in rows {
        *counts.entry(key(row)).or_default() += 1;
    }
    let weight = |row: &Row| {
        let count = counts.get(&key(row)).copied().unwrap_or(1) as f32;
        match row.source.as_str() {
            crate::padding::SOURCE => 0.0,
            crate::generate::SOURCE => 1.0,
            _ => (1500.0 / count).sqrt().clamp(0.3, 3.0),
        }
    };
    rows.iter().map(weight).collect()
}

/// The evidence for every row of one fold, learned from the other rows.
pub fn unseen(
    rows: &[Row],
    bags: &Bags,
    weights: &[f32],
    out: impl Fn(&Row) -> bool,
    heads: &[Head; HEADS],
) -> Vec<(usize, Evidence)> {
    let learner = Learner::learn(bags, &lessons(rows, weights, |row| !out(row)), 7);
    let scored = rows.iter().zip(&bags.all).enumerate().filter(|(_, (row, _))| out(row));
    scored.map(|(at, (_, bag))| (at, learner.evidence(bag, &heads[bag.head]))).collect()
}

/// What is learned of `rows`: those that are `taken` and count.
pub fn lessons(rows: &[Row], weights: &[f32], taken: impl Fn(&Row) -> bool) -> Vec<Lesson> {
    let known = rows.iter().zip(weights).enumerate().filter(|(_, (row, weight))| **weight > 0.0 && taken(row));
    known.map(|(bag, (row, weight))| Lesson { bag, attack: row.attack, weight: *weight }).collect()
}

/// The groups of rows by `key`, those without one left aside.
pub fn keys(rows: &[Row], key: impl Fn(&Row) -> Option<String>) -> BTreeSet<String> {
    rows.iter().filter_map(key).collect()
}

/// How many parts of the generated texts are left out in turn: leaving out one group at a time would take hours.
pub const PARTS: usize = 5;
/// How many of them are enough to fit the heads.
pub const PARTS_FITTED: usize = 1;

/// Which of the parts each group of `key` belongs to, and of which `most` are left out.
pub fn parts(rows: &[Row], key: impl Fn(&Row) -> Option<String>, most: usize) -> BTreeMap<String, String> {
    let parts = keys(rows, key).into_iter().enumerate().map(|(at, key)| (key, at % PARTS));
    parts.filter(|(_, part)| *part < most).map(|(key, part)| (key, part.to_string())).collect()
}

/// Rows with what unseen scoring made of them.
pub struct Judged<'r> {
    /// The row.
    pub row: &'r Row,
    /// What is known of it.
    pub evidence: Evidence,
    /// The table that judged it.
    pub head: usize,
}

/// How much the generated texts count when heads are fitted: enough that something short is known of documents; more
/// drowns the two sources of attacks that documents have, and makes the heads depend on which families come first.
const GENERATED_SHARE: f64 = 0.03;

/// Fits each head on what it had not seen, sources, the same padded and families of generated texts, and settles it
/// on the sources:
/// generated benign texts are made to look like attacks, and would ask for more than the world does.
pub fn heads(sources: &[Judged<'_>], padded: &[Judged<'_>], families: &[Judged<'_>]) -> [Head; HEADS] {
    let mut counts: BTreeMap<(usize, &str, bool), f64> = BTreeMap::new();
    for one in sources.iter().chain(padded).chain(families) {
        *counts.entry((one.head, one.row.source.as_str(), one.row.attack)).or_default() += 1.0;
    }
    let known = |judged: &[Judged<'_>], head: usize| -> Vec<Known> {
        let own = judged.iter().filter(|one| one.head == head);
        own.map(|one| {
            let count = counts.get(&(head, one.row.source.as_str(), one.row.attack)).copied().unwrap_or(1.0);
            let share = if one.row.source == crate::generate::SOURCE { GENERATED_SHARE } else { 1.0 };
            Known { evidence: one.evidence.clone(), attack: one.row.attack, weight: share / count.sqrt() }
        })
        .collect()
    };
    std::array::from_fn(|head| {
        let of_sources = known(sources, head);
        let all = [of_sources.clone(), known(padded, head), known(families, head)].concat();
        odds::settle(odds::fit(head, &all), &of_sources)
    })
}

/// One line of a table: what is left out and how it fared.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Line {
    /// `direct` or `indirect`.
    pub head: &'static str,
    /// What was left out.
    pub left_out: String,
    /// Its attacks.
    pub attacks: usize,
    /// Its benign texts.
    pub benign: usize,
    /// Its attacks against all benign texts, or its benign texts against all attacks.
    pub auc: Option<f64>,
    /// The share of its attacks found at 1 % false positives over all benign texts.
    pub recall: f64,
    /// The share of its attacks at or above a half.
    pub raised: f64,
    /// The share of its benign texts at or above the threshold of 1 %.
    pub false_positives: f64,
}

const HEAD_NAMES: [&str; HEADS] = ["direct", "indirect"];

/// The table by `key`.
pub fn table(judged: &[Judged<'_>], heads: &[Head; HEADS], key: impl Fn(&Row) -> Option<String>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (head, name) in HEAD_NAMES.iter().enumerate() {
        let own: Vec<(&Judged<'_>, f32)> = judged
            .iter()
            .filter(|one| one.head == head)
            .map(|one| (one, heads[head].probability(&one.evidence)))
            .collect();
        let scores =
            |attack: bool| own.iter().filter(move |(one, _)| one.row.attack == attack).map(|(_, score)| *score);
        let (all_benign, all_attacks): (Vec<f32>, Vec<f32>) = (scores(false).collect(), scores(true).collect());
        let limit = threshold(&all_benign, FALSE_POSITIVES);
        let mut groups: BTreeMap<String, [Vec<f32>; 2]> = BTreeMap::new();
        for (one, score) in &own {
            for key in key(one.row).into_iter().chain(["(all)".to_owned()]) {
                groups.entry(key).or_default()[usize::from(one.row.attack)].push(*score);
            }
        }
        for (left_out, [benign, attacks]) in groups {
            let against = |attacks: &[f32], benign: &[f32]| {
                let scored =
                    attacks.iter().map(|score| (*score, true)).chain(benign.iter().map(|score| (*score, false)));
                auc(&scored.map(|(score, attack)| Scored { score, attack }).collect::<Vec<_>>())
            };
            lines.push(Line {
                head: name,
                left_out,
                attacks: attacks.len(),
                benign: benign.len(),
                auc: if attacks.is_empty() { against(&all_attacks, &benign) } else { against(&attacks, &all_benign) },
                recall: share(&attacks, limit),
                raised: share(&attacks, 0.5),
                false_positives: share(&benign, limit),
            });
        }
    }
    lines
}

/// A table as Markdown.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = "| head | left out | attacks | benign | AUC | recall at 1 % | raised | benign at 1 % |\n".to_owned();
    text.push_str("|---|---|--:|--:|--:|--:|--:|--:|\n");
    let percent = |share: f64, of: usize| if of == 0 { String::new() } else { format!("{:.1} %", 100.0 * share) };
    for line in lines {
        let auc = line.auc.map_or(String::new(), |auc| format!("{auc:.3}"));
        text.push_str(&format!(
            "| {} | {} | {} | {} | {auc} | {} | {} | {} |\n",
            line.head,
            line.left_out,
            line.attacks,
            line.benign,
            percent(line.recall, line.attacks),
            percent(line.raised, line.attacks),
            percent(line.false_positives, line.benign),
        ));
    }
    text
}
