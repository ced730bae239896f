//! Records from files and pipes, one a line, in bounded memory. A JSON document that is printed over several
//! lines, as portals export it, is one record too, and so is a Windows event in XML. What gzip has compressed, as stores
//! of objects deliver it, is read as what it was.
//!
//! A line longer than the limit is kept up to the limit and skipped to its end, so that one endless line
//! costs a dead letter and not the machine's memory. Files are read in the order of their names; the
//! length that a file has when it is opened is where it ends, so that one still being written is read
//! up to a point and a partial last line becomes a dead letter rather than a wait.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flate2::bufread::MultiGzDecoder;

/// The name of standard input on the command line.
pub const STDIN: &str = "-";

/// How many bytes are read at once.
const READ_BYTES: usize = 1 << 18;

/// How whatever gzip has compressed begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One line of an input.
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes without the line end, at most the limit.
    pub bytes: &'a [u8],
    /// How long it really is.
    pub len: usize,
}

/// A file, or standard input, that is read line by line.
pub struct Lines {
    /// How messages name it.
    pub name: String,
    reader: Box<dyn BufRead>,
    buffer: Vec<u8>,
    number: u64,
    bytes_max: usize,
    /// A line that was read to see whether a document goes on, and how long it really is.
    ahead: Option<(Vec<u8>, usize)>,
}

impl Lines {
    /// Opens `path`, or standard input for `-`.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path, bytes_max: usize) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let mut reader: Box<dyn BufRead> = if name == STDIN {
            Box::new(BufReader::with_capacity(READ_BYTES, io::stdin()))
        } else {
            let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
            let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
            if metadata.is_dir() {
                bail!("{name} is a directory: name a file in it");
            }
            // Pipes and devices have no length; only a regular file can grow under the reader.
            let len = if metadata.is_file() { metadata.len() } else { u64::MAX };
            Box::new(BufReader::with_capacity(READ_BYTES, file.take(len)))
        };
        if reader.fill_buf().with_context(|| format!("cannot read {name}"))?.starts_with(&GZIP) {
            reader = Box::new(BufReader::with_capacity(READ_BYTES, MultiGzDecoder::new(reader)));
        }
        Ok(Self { name, reader, buffer: Vec::new(), number: 0, bytes_max, ahead: None })
    }

    /// The next line that holds more than white space, or `None` at the end. A JSON document that is printed over
    /// several lines counts as one, with the number of its first.
    ///
    /// # Errors
    /// When reading fails.
    pub fn next_line(&mut self) -> anyhow::Result<Option<Line<'_>>> {
        loop {
            let Some((line, len)) = self.read_line()? else { return Ok(None) };
            self.buffer = line;
            self.number += 1;
            let number = self.number;
            let len = match closing(&self.buffer) {
                Some(end) => self.rest_of_document(end, len)?,
                None => len,
            };
            if is_around_events(&self.buffer) {
                continue;
            }
            if len > self.bytes_max || !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(Line { number, bytes: &self.buffer, len }));
            }
        }
    }

    /// The next line, at most `bytes_max` bytes of it, with its full length.
    fn read_line(&mut self) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let mut line = std::mem::take(&mut self.buffer);
        line.clear();
        let len = read_bounded_line(&mut *self.reader, &mut line, self.bytes_max)
            .with_context(|| format!("cannot read {} after line {}", self.name, self.number))?;
        Ok(len.map(|len| (line, len)))
    }

    /// Appends the lines up to the one that is nothing but `end`; returns the length of the whole. A line that
    /// is not indented belongs to no such document: what came before it is broken, and it is read by itself.
    fn rest_of_document(&mut self, end: &[u8], mut len: usize) -> anyhow::Result<usize> {
        loop {
            let mut line = Vec::new();
            let read = read_bounded_line(&mut *self.reader, &mut line, self.bytes_max)
                .with_context(|| format!("cannot read {} after line {}", self.name, self.number))?;
            let Some(read) = read else { return Ok(len) };
            // Within JSON a bracket that is indented closes something else. Texts within XML have lines as they like.
            let of_xml = end.starts_with(b"<");
            let ends = if of_xml { line.trim_ascii_end().ends_with(end) } else { line.trim_ascii_end() == end };
            let goes_on = if of_xml { !begins_record(&line) } else { line.first().is_none_or(u8::is_ascii_whitespace) };
            let goes_on = goes_on || ends;
            if !goes_on {
                self.ahead = Some((line, read));
                return Ok(len);
            }
            self.number += 1;
            len += 1 + read;
            let room = self.bytes_max.saturating_sub(self.buffer.len());
            self.buffer.extend(std::iter::once(b'\n').chain(line.iter().copied()).take(room));
            if ends {
                return Ok(len);
            }
        }
    }
}

/// How a document ends that is printed over several lines: one of JSON begins with a line that is nothing but its
/// bracket, which a record of JSON lines never is, and Windows events in XML with their tag.
fn closing(line: &[u8]) -> Option<&'static [u8]> {
    match line.trim_ascii_end() {
        b"{" => Some(b"}"),
        b"[" => Some(b"]"),
        text => (is_event(text) && !text.ends_with(b"</Event>") && !is_empty_tag(text)).then_some(b"</Event>"),
    }
}

/// Whether a line begins a Windows event in XML.
fn is_event(line: &[u8]) -> bool {
    let rest = line.trim_ascii_start().strip_prefix(b"<Event");
    rest.and_then(<[u8]>::first).is_some_and(|byte| matches!(byte, b' ' | b'>'))
}

/// Whether a line is one tag that closes itself.
fn is_empty_tag(line: &[u8]) -> bool {
    line.ends_with(b"/>") && line.iter().position(|byte| *byte == b'>') == line.len().checked_sub(1)
}

/// Whether a line begins a record of its own, so that an event which does not end takes no other with it.
fn begins_record(line: &[u8]) -> bool {
    is_event(line) || line.starts_with(b"{\"")
}

/// Whether a line is nothing but one tag, which begins with `name`.
fn is_lone_tag(line: &[u8], name: &[u8]) -> bool {
    let Some(rest) = line.trim_ascii().strip_prefix(name) else { return false };
    rest.first().is_some_and(|byte| matches!(byte, b' ' | b'>'))
        && !rest.ends_with(b"/>")
        && rest.iter().position(|byte| *byte == b'>') == rest.len().checked_sub(1)
}

/// Whether a line stands around Windows events in XML and says nothing of any.
fn is_around_events(line: &[u8]) -> bool {
    [&b"<?xml"[..], b"<Events", b"</Events"].iter().any(|name| is_lone_tag(line, name))
}

/// Appends at most `bytes_max` bytes of the next line to `buffer`; returns the line's full length, or
/// `None` at the end of the input.
fn read_bounded_line(reader: &mut dyn BufRead, buffer: &mut Vec<u8>, bytes_max: usize) -> io::Result<Option<usize>> {
    let mut len = 0;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok((len > 0).then_some(len));
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        let room = bytes_max.saturating_sub(buffer.len());
        buffer.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        len += part.len();
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            // An empty line is a line: the caller counts it.
            return Ok(Some(len));
        }
    }
}

/// The files that `path` stands for: itself, or the JSON files of a directory in the order of their names, compressed
/// or not. How many others lie there is said on standard error.
///
/// # Errors
/// When `path` does not exist, or is a directory without JSON files.
pub fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.as_os_str() == STDIN {
        return Ok(vec![path.to_owned()]);
    }
    let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut files, mut others) = (Vec::new(), 0);
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let file = entry.with_context(|| format!("cannot list {}", path.display()))?.path();
        if is_json(&file) && file.is_file() {
            files.push(file);
        } else {
            others += 1;
        }
    }
    if files.is_empty() {
        bail!("{} holds no file that ends in .json, .jsonl or .ndjson, nor one of them in .gz", path.display());
    }
    if others > 0 {
        crate::logging::tell(format_args!(
            "{}: {others} entries end in none of .json, .jsonl and .ndjson and are passed over",
            path.display()
        ));
    }
    files.sort_unstable();
    Ok(files)
}

/// Whether a file's name says that it holds JSON, compressed or not.
fn is_json(file: &Path) -> bool {
    const ENDINGS: [&str; 3] = [".json", ".jsonl", ".ndjson"];
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], bytes_max: usize) -> Vec<(u64, Vec<u8>, usize)> {
        let reader: Box<dyn BufRead> = Box::new(BufReader::with_capacity(4, io::Cursor::new(text.to_vec())));
        let mut lines = Lines { name: "test".into(), reader, buffer: Vec::new(), number: 0, bytes_max, ahead: None };
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().expect("readable") {
            all.push((line.number, line.bytes.to_vec(), line.len));
        }
        all
    }

    #[test]
    fn lines_are_numbered_as_an_editor_does() {
        let all = lines(b"a\n\n  \nbb\r\nccc", 100);
        assert_eq!(all, [(1, b"a".to_vec(), 1), (4, b"bb\r".to_vec(), 3), (5, b"ccc".to_vec(), 3)]);
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_is_read() {
        let all = lines(b"0123456789\nnext\n", 4);
        assert_eq!(all, [(1, b"0123".to_vec(), 10), (2, b"next".to_vec(), 4)]);
    }

    #[test]
    fn a_document_over_several_lines_is_one() {
        let all = lines(b"{\n  \"a\": {\n  }\n}\n{\"b\":1}\n[\r\n 1\r\n]\r\n", 100);
        let expected: [(u64, &[u8]); 3] = [(1, b"{\n  \"a\": {\n  }\n}"), (5, b"{\"b\":1}"), (6, b"[\r\n 1\r\n]\r")];
        assert_eq!(all.iter().map(|(number, bytes, _)| (*number, &**bytes)).collect::<Vec<_>>(), expected);
        assert!(all.iter().all(|(_, bytes, len)| bytes.len() == *len));
    }

    #[test]
    fn a_document_that_does_not_end_is_one_record_and_bounded() {
        assert_eq!(lines(b"{\n \"a\": 1,\n", 100), [(1, b"{\n \"a\": 1,".to_vec(), 10)]);
        assert_eq!(lines(b"{\n 12345678\n}\nnext\n", 6), [(1, b"{\n 123".to_vec(), 13), (4, b"next".to_vec(), 4)]);
    }

    #[test]
    fn a_bracket_by_itself_rejects_only_itself() {
        let all = lines(b"{\n{\"a\":1}\n[\n{\"b\":2}\n", 100);
        let texts: Vec<_> = all.iter().map(|(number, bytes, _)| (*number, &**bytes)).collect();
        let expected: [(u64, &[u8]); 4] = [(1, b"{"), (2, b"{\"a\":1}"), (3, b"["), (4, b"{\"b\":2}")];
        assert_eq!(texts, expected);
    }

    #[test]
    fn events_in_xml_over_several_lines_are_one_each() {
        let text = b"<?xml version=\"1.0\"?>\n<Events>\n <Event xmlns=\"x\">\n  <System/>\n </Event>\n</Events>\n<Event a='b'/>\n";
        let all = lines(text, 100);
        let texts: Vec<_> = all.iter().map(|(number, bytes, _)| (*number, &**bytes)).collect();
        let expected: [(u64, &[u8]); 2] =
            [(3, b" <Event xmlns=\"x\">\n  <System/>\n </Event>"), (7, b"<Event a='b'/>")];
        assert_eq!(texts, expected);
    }

    #[test]
    fn texts_within_an_event_have_lines_of_their_own_and_one_that_does_not_end_takes_no_other() {
        let text = b"<Event a='b'><System/>\n<Data>if (1)\n{\n}</Data></Event>\n<Event a='c'>\n cut\n{\"a\":1}\n";
        let texts: Vec<_> = lines(text, 100).into_iter().map(|(number, bytes, _)| (number, bytes)).collect();
        let expected: [(u64, &[u8]); 3] = [
            (1, b"<Event a='b'><System/>\n<Data>if (1)\n{\n}</Data></Event>"),
            (5, b"<Event a='c'>\n cut"),
            (7, b"{\"a\":1}"),
        ];
        assert_eq!(texts.iter().map(|(number, bytes)| (*number, &**bytes)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_no_line() {
        assert!(lines(b"", 4).is_empty());
        assert!(lines(b"\n\n", 4).is_empty());
    }
}
