//! Threat intelligence from files and compacted topics.
//!
//! Files are read when the configuration is, and again when one of them changes; what topics say is told by whoever
//! follows them ([`crate::kafka::feeds`]), and kept here. The store is what the detect stage asks for the feeds as they
//! stand now; a reload that fails keeps what there was. Commands that end by themselves read the files once, and no
//! topics.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use detectors::intel::{FEED_BYTES_MAX, Feeds, FeedsBuilder, Format, Standing, parse};

use super::feed_table::FeedTable;
use super::file::{FeedFile, IntelFile};

/// Where a feed is.
#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Topic(String),
}

/// One feed, checked.
#[derive(Clone, Debug)]
struct Source {
    place: Place,
    format: Option<Format>,
    standing: Standing,
    confidence: Option<u8>,
}

/// What tells that a file has changed.
type Stamp = Option<(SystemTime, u64)>;

/// What topics said so far.
#[derive(Debug, Default)]
struct Tables {
    by_topic: BTreeMap<String, FeedTable>,
    /// Those of topics that are read once more, up to their ends.
    anew: BTreeMap<String, FeedTable>,
    /// Whether they said something that no look-up knows yet.
    changed: bool,
}

/// The feeds as they stand. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct FeedStore {
    sources: Arc<Vec<Source>>,
    stamps: Arc<Mutex<Vec<Stamp>>>,
    tables: Arc<Mutex<Tables>>,
    /// Held while the feeds are put together, so that an older state never takes the place of a newer one.
    reloading: Arc<Mutex<()>>,
    current: Arc<RwLock<Arc<Feeds>>>,
}

/// What a reading of all feeds gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Indicators in memory.
    pub indicators: usize,
    /// Entries that were not understood, or speak of what no record holds.
    pub skipped: usize,
    /// Indicators that the limit kept out.
    pub left_out: usize,
}

impl FeedStore {
    pub(super) fn new(file: &IntelFile) -> Result<Self, String> {
        let sources = file.feed.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        let store = Self { sources: Arc::new(sources), ..Self::default() };
        store.reload()?;
        Ok(store)
    }

    /// The feeds as they stand now.
    pub fn current(&self) -> Arc<Feeds> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The topics that feeds name, each once.
    pub fn topics(&self) -> Vec<&str> {
        let names = self.sources.iter().filter_map(|source| match &source.place {
            Place::Topic(name) => Some(name.as_str()),
            Place::File(_) => None,
        });
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Takes a record of a feed's topic; look-ups know it after [`Self::refresh`].
    pub fn apply(&self, topic: &str, key: Option<&[u8]>, value: Option<&[u8]>) {
        let named = |source: &&Source| matches!(&source.place, Place::Topic(name) if name == topic);
        let Some(source) = self.sources.iter().find(named) else { return };
        let mut tables = self.tables();
        if let Some(table) = tables.anew.get_mut(topic) {
            return table.apply(key, value, source.format);
        }
        tables.by_topic.entry(topic.to_owned()).or_default().apply(key, value, source.format);
        tables.changed = true;
    }

    /// A topic is read from its beginning once more: what it says goes into a table of its own, so that nobody goes
    /// by half of it, until [`Self::end_anew`].
    pub fn begin_anew(&self, topic: &str) {
        self.tables().anew.insert(topic.to_owned(), FeedTable::default());
    }

    /// What a topic said since [`Self::begin_anew`] takes the place of what it said before.
    pub fn end_anew(&self, topic: &str) {
        let mut tables = self.tables();
        if let Some(table) = tables.anew.remove(topic) {
            tables.by_topic.insert(topic.to_owned(), table);
            tables.changed = true;
        }
    }

    /// Puts the feeds together anew where a file or a topic has changed; `None` where none has.
    ///
    /// # Errors
    /// When a file cannot be read or is no feed: then what there was stays until it is, and what topics said
    /// meanwhile counts from the first refresh on that succeeds.
    pub fn refresh(&self) -> Result<Option<Loaded>, String> {
        let _alone = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let files = *self.stamps.lock().unwrap_or_else(PoisonError::into_inner) != self.stamps_now();
        let topics = std::mem::take(&mut self.tables().changed);
        if !files && !topics {
            return Ok(None);
        }
        self.reload().map(Some).inspect_err(|_| self.tables().changed |= topics)
    }

    fn reload(&self) -> Result<Loaded, String> {
        // Taken first: what changes while it is read is read again.
        let stamps = self.stamps_now();
        let (mut builder, mut skipped, mut left_out) = (FeedsBuilder::default(), 0, 0);
        for source in self.sources.iter() {
            match &source.place {
                Place::File(path) => {
                    let parsed = read(path, source.format)?;
                    skipped += parsed.skipped;
                    builder.add(&path.to_string_lossy(), source.standing, source.confidence, parsed.indicators);
                }
                Place::Topic(name) => {
                    let tables = self.tables();
                    let Some(table) = tables.by_topic.get(name) else { continue };
                    (skipped, left_out) = (skipped + table.skipped, left_out + table.left_out);
                    builder.add(name, source.standing, source.confidence, table.indicators());
                }
            }
        }
        let feeds = builder.build();
        let loaded = Loaded { indicators: feeds.len(), skipped, left_out: left_out + feeds.left_out() };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = feeds;
        *self.stamps.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
        Ok(loaded)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stamps_now(&self) -> Vec<Stamp> {
        let stamp = |source: &Source| {
            let Place::File(path) = &source.place else { return None };
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        self.sources.iter().map(stamp).collect()
    }
}

fn read(path: &Path, format: Option<Format>) -> Result<detectors::intel::Parsed, String> {
    let wrong = |what: String| format!("[[intel.feed]] {}: {what}", path.display());
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if length > FEED_BYTES_MAX as u64 {
        return Err(wrong(format!("it has {length} bytes: at most {FEED_BYTES_MAX} are read")));
    }
    let bytes = fs::read(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
    parse(&bytes, format).map_err(|error| wrong(error.to_string()))
}

fn source(file: &FeedFile) -> Result<Source, String> {
    let (place, name) = match (&file.path, &file.topic) {
        (Some(path), None) => (Place::File(path.clone()), path.display().to_string()),
        (None, Some(topic)) => (Place::Topic(topic.clone()), topic.clone()),
        (None, None) => return Err("[[intel.feed]]: names neither `path` nor `topic`: it needs one".to_owned()),
        (Some(_), Some(topic)) => {
            return Err(format!("[[intel.feed]] {topic}: names `path` and `topic`: make two feeds of it"));
        }
    };
    let wrong = |what: String| format!("[[intel.feed]] {name}: {what}");
    let format = match file.format.as_str() {
        super::file::AUTO => None,
        name => Some(Format::named(name).ok_or_else(|| {
            wrong(format!("no format is called `{name}`: use `auto`, `abuse_ch`, `misp`, `plain` or `stix`"))
        })?),
    };
    let standing = match file.list.as_str() {
        "malicious" => Standing::Malicious,
        "anonymizer" => Standing::Anonymizer,
        "allow" => Standing::Allowed,
        other => return Err(wrong(format!("list is `{other}`: use `malicious`, `anonymizer` or `allow`"))),
    };
    if let Some(confidence) = file.confidence.filter(|confidence| *confidence > 100) {
        return Err(wrong(format!("confidence is {confidence}: it must be 0 to 100")));
    }
    Ok(Source { place, format, standing, confidence: file.confidence })
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;

    use super::*;

    fn feed(path: &std::path::Path) -> FeedFile {
        let path = Some(path.to_owned());
        FeedFile { path, topic: None, format: "auto".into(), list: "malicious".into(), confidence: None }
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        fs::write(&path, "a.example\n").unwrap();
        let store = FeedStore::new(&IntelFile { feed: vec![feed(&path)], ..IntelFile::default() }).unwrap();
        let asked = store.clone();
        let knows = |host: &str| asked.current().host(host, Timestamp::default()).is_some();
        assert!(knows("a.example"));
        assert_eq!(store.refresh(), Ok(None));
        fs::write(&path, "b.example\nc.example\n").unwrap();
        assert_eq!(store.refresh(), Ok(Some(Loaded { indicators: 2, skipped: 0, left_out: 0 })));
        assert!(knows("b.example") && !knows("a.example"));
        fs::write(&path, [0xFF, 0xFE]).unwrap();
        assert!(store.refresh().unwrap_err().contains("list.txt"));
        assert!(knows("b.example"));
        fs::remove_file(&path).unwrap();
        assert!(store.refresh().is_err() && knows("b.example"));
    }

    #[test]
    fn what_is_wrong_is_named_with_the_remedy() {
        let path = std::path::Path::new("/nowhere/list.txt");
        let wrong =
            |feed: FeedFile| FeedStore::new(&IntelFile { feed: vec![feed], ..IntelFile::default() }).unwrap_err();
        assert!(wrong(feed(path)).contains("cannot read it"));
        assert!(wrong(FeedFile { format: "csv".into(), ..feed(path) }).contains("abuse_ch"));
        assert!(wrong(FeedFile { list: "block".into(), ..feed(path) }).contains("anonymizer"));
        assert!(wrong(FeedFile { confidence: Some(101), ..feed(path) }).contains("0 to 100"));
        assert!(wrong(FeedFile { path: None, ..feed(path) }).contains("neither `path` nor `topic`"));
        assert!(wrong(FeedFile { topic: Some("intel".into()), ..feed(path) }).contains("two feeds"));
    }

    #[test]
    fn what_a_topic_says_counts_from_the_next_refresh_on() {
        let feed = FeedFile { path: None, topic: Some("intel".into()), ..feed(std::path::Path::new("")) };
        let store = FeedStore::new(&IntelFile { feed: vec![feed], ..IntelFile::default() }).unwrap();
        let knows = |host: &str| store.current().host(host, Timestamp::default()).is_some();
        assert_eq!((store.topics(), store.refresh()), (vec!["intel"], Ok(None)));
        store.apply("intel", Some(b"1"), Some(br#"{"value": "a.example"}"#));
        store.apply("other", Some(b"1"), Some(br#"{"value": "b.example"}"#));
        assert!(!knows("a.example"));
        assert_eq!(store.refresh(), Ok(Some(Loaded { indicators: 1, skipped: 0, left_out: 0 })));
        assert!(knows("a.example") && !knows("b.example"));
        store.apply("intel", Some(b"1"), None);
        assert!(store.refresh().unwrap().is_some() && !knows("a.example"));
        assert_eq!(store.refresh(), Ok(None));
    }

    #[test]
    fn what_a_topic_says_while_a_file_is_broken_counts_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        fs::write(&path, "a.example\n").unwrap();
        let topic = FeedFile { path: None, topic: Some("intel".into()), ..feed(&path) };
        let store = FeedStore::new(&IntelFile { feed: vec![feed(&path), topic], ..IntelFile::default() }).unwrap();
        let knows = |host: &str| store.current().host(host, Timestamp::default()).is_some();
        store.apply("intel", Some(b"1"), Some(br#"{"value": "b.example"}"#));
        let made = fs::metadata(&path).unwrap().modified().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(store.refresh().is_err() && !knows("b.example"));
        // The file is as it was: only the topic tells of a change.
        fs::write(&path, "a.example\n").unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(made).unwrap();
        assert!(store.refresh().unwrap().is_some() && knows("a.example") && knows("b.example"));
    }

    #[test]
    fn a_topic_that_is_read_anew_counts_as_it_was_up_to_its_end() {
        let feed = FeedFile { path: None, topic: Some("intel".into()), ..feed(std::path::Path::new("")) };
        let store = FeedStore::new(&IntelFile { feed: vec![feed], ..IntelFile::default() }).unwrap();
        let knows = |host: &str| store.current().host(host, Timestamp::default()).is_some();
        store.apply("intel", Some(b"1"), Some(br#"{"value": "a.example"}"#));
        store.refresh().unwrap();
        store.begin_anew("intel");
        store.apply("intel", Some(b"2"), Some(br#"{"value": "b.example"}"#));
        assert_eq!(store.refresh(), Ok(None));
        assert!(knows("a.example") && !knows("b.example"));
        store.end_anew("intel");
        store.refresh().unwrap();
        assert!(knows("b.example") && !knows("a.example"));
    }
}
