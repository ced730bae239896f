//! A labelled text, and where texts come from: the sample file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use schemas::Channel;
use serde::Deserialize;

/// One labelled text.
#[derive(Clone, Debug)]
pub struct Row {
    /// The text.
    pub text: String,
    /// Whether it is an attack.
    pub attack: bool,
    /// Where it stands in an interaction.
    pub channel: Channel,
    /// Who wrote it: a source of the sample file, or `generated`.
    pub source: String,
    /// The sources whose texts are part of this one.
    pub parts: Vec<String>,
    /// The kind of attack or of benign text.
    pub family: String,
    /// The language, where it is known.
    pub language: String,
    /// What carries the text: `none`, or the kind of document.
    pub carrier: String,
    /// Where in the text the order stands, in scalars, if something carries it and that is known.
    pub order: Option<(u32, u32)>,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    label: u8,
    category: String,
    source: String,
    channel: String,
}

/// The rows of a gzip-packed JSONL file.
///
/// # Errors
/// When the file cannot be read or a line is no row.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let rows = lines.map(|line| {
        let line: Line = serde_json::from_str(&line?)?;
        let channel = match line.channel.as_str() {
            "document" => Channel::Document,
            "tool" => Channel::ToolResult,
            _ => Channel::User,
        };
        Ok(Row {
            text: line.text,
            attack: line.label == 1,
            channel,
            source: line.source,
            parts: Vec::new(),
            family: line.category,
            language: String::new(),
            carrier: "none".to_owned(),
            order: None,
        })
    });
    rows.collect()
}
