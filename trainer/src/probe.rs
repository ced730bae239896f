//! The probe: attacks and benign twins that nobody learns from, the judge of what training makes.
//!
//! The files of `probes/` were written before their author had read the templates, and no template is
//! written from them; so they show what the samples' own sources cannot: channels, languages and phrasings that
//! neither the samples nor the generator know. Benign texts share the carriers and the words of the
//! attacks, so 1 % of them is a hard price.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use schemas::Channel;
use serde::Deserialize;

use crate::row::Row;

/// The source of probe rows.
pub const SOURCE: &str = "probe";
const FILES: [&str; 2] = ["direct.jsonl", "indirect.jsonl"];

#[derive(Deserialize)]
struct Line {
    text: String,
    label: u8,
    group: String,
    language: String,
    channel: String,
    carrier: String,
}

/// The rows of the probe.
///
/// # Errors
/// When a file of `folder` cannot be read or a line is no row.
pub fn read(folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in FILES {
        let path = folder.join(name);
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        for line in BufReader::new(file).lines() {
            rows.push(row(&line?).with_context(|| path.display().to_string())?);
        }
    }
    Ok(rows)
}

fn row(line: &str) -> Result<Row> {
    let line: Line = serde_json::from_str(line)?;
    let channel = match line.channel.as_str() {
        "document" => Channel::Document,
        "tool" => Channel::ToolResult,
        "user" => Channel::User,
        other => anyhow::bail!("{other:?} is no channel"),
    };
    Ok(Row {
        text: line.text,
        attack: line.label == 1,
        channel,
        source: SOURCE.to_owned(),
        parts: Vec::new(),
        family: line.group,
        language: line.language,
        carrier: line.carrier,
        order: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_attacks_and_benign_texts_of_many_languages() {
        let rows = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("probes")).expect("readable");
        let count = |attack| rows.iter().filter(|row| row.attack == attack).count();
        assert!(count(true) >= 500 && count(false) >= 600, "{} and {}", count(true), count(false));
        let languages: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.language.as_str()).collect();
        assert!(languages.len() >= 14, "{languages:?}");
        assert!(rows.iter().all(|row| row.text.len() <= 4096));
    }

    #[test]
    fn a_wrong_line_is_an_error() {
        assert!(row("{").is_err());
        let line = |channel: &str| {
            format!(r#"{{"text":"a","label":1,"group":"g","language":"en","channel":"{channel}","carrier":"none"}}"#)
        };
        assert!(row(&line("user")).is_ok_and(|row| row.attack && row.channel == Channel::User));
        assert!(row(&line("radio")).is_err());
    }
}
