//! The records of a sample: lines of text, or messages of a binary format.
//!
//! A binary message may hold any byte, line ends included, so that lines mean nothing there: a file is one message,
//! as a console consumer saves it, or has a message a line in base64. Such a file is held in memory, up to
//! [`BYTES_MAX`].

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::lines::{Line, Lines, STDIN};

/// The largest file of binary messages, in bytes.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A sample that is read record by record.
pub(super) enum SampleFile {
    Lines(Lines),
    Messages { name: String, messages: std::vec::IntoIter<(u64, Vec<u8>)>, current: Vec<u8> },
}

impl SampleFile {
    /// Opens `path`, or standard input for `-`, as messages where the format is `binary`.
    ///
    /// # Errors
    /// When the file cannot be opened, or is too large to be held.
    pub fn open(path: &Path, binary: bool, bytes_max: usize) -> anyhow::Result<Self> {
        if !binary {
            return Lines::open(path, bytes_max).map(Self::Lines);
        }
        let name = path.display().to_string();
        let reader: Box<dyn Read> = match name.as_str() {
            STDIN => Box::new(io::stdin()),
            _ => Box::new(File::open(path).with_context(|| format!("cannot open {name}"))?),
        };
        let mut bytes = Vec::new();
        reader.take(BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
        if bytes.len() as u64 > BYTES_MAX {
            bail!("{name} is larger than {BYTES_MAX} bytes: name a smaller sample");
        }
        Ok(Self::Messages { name, messages: messages(bytes).into_iter(), current: Vec::new() })
    }

    /// How messages name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Lines(lines) => &lines.name,
            Self::Messages { name, .. } => name,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// When reading fails.
    pub fn next_record(&mut self) -> anyhow::Result<Option<Line<'_>>> {
        match self {
            Self::Lines(lines) => lines.next_line(),
            Self::Messages { messages, current, .. } => {
                let Some((number, bytes)) = messages.next() else { return Ok(None) };
                *current = bytes;
                Ok(Some(Line { number, len: current.len(), bytes: current }))
            }
        }
    }
}

/// The messages in `bytes`, with their lines: those in base64 where every line is, else all of it as one.
fn messages(bytes: Vec<u8>) -> Vec<(u64, Vec<u8>)> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1_u64..);
    let lines = lines.filter(|(line, _)| !line.is_empty());
    let decoded = lines.map(|(line, number)| STANDARD.decode(line).map(|message| (number, message)));
    match decoded.collect::<Result<Vec<_>, _>>() {
        Ok(messages) if !messages.is_empty() => messages,
        _ if bytes.is_empty() => Vec::new(),
        _ => vec![(1, bytes)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_file_is_one_message_and_lines_of_base64_are_one_each() {
        assert_eq!(messages(b"\x0a\x02\x0a\x00".to_vec()), [(1, b"\x0a\x02\x0a\x00".to_vec())]);
        assert_eq!(messages(b"CgIKAA==\r\n\nCgA=\n".to_vec()), [(1, vec![10, 2, 10, 0]), (3, vec![10, 0])]);
        assert_eq!(messages(b"CgIKAA==\nno base64!\n".to_vec()), [(1, b"CgIKAA==\nno base64!\n".to_vec())]);
        assert!(messages(Vec::new()).is_empty());
    }
}
