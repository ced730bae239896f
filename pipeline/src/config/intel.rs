//! Threat intelligence from files: read when the configuration is, and again when one of them changes.
//!
//! The store is what the detect stage asks for the feeds as they stand now; a reload that fails keeps what there was.
//! Commands that end by themselves read the files once.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use detectors::intel::{FEED_BYTES_MAX, Feeds, FeedsBuilder, Format, Standing, parse};

use super::file::{FeedFile, IntelFile};

/// One feed, checked.
#[derive(Clone, Debug)]
struct Source {
    path: PathBuf,
    format: Option<Format>,
    standing: Standing,
    confidence: Option<u8>,
}

/// What tells that a file has changed.
type Stamp = Option<(SystemTime, u64)>;

/// The feeds as they stand. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct FeedStore {
    sources: Arc<Vec<Source>>,
    stamps: Arc<Mutex<Vec<Stamp>>>,
    current: Arc<RwLock<Arc<Feeds>>>,
}

/// What a reading of all files gave.
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

    /// Reads all files anew where one has changed; `None` where none has.
    ///
    /// # Errors
    /// When a file cannot be read or is no feed: then what there was stays until it is.
    pub fn refresh(&self) -> Result<Option<Loaded>, String> {
        let changed = *self.stamps.lock().unwrap_or_else(PoisonError::into_inner) != self.stamps_now();
        if changed { self.reload().map(Some) } else { Ok(None) }
    }

    fn reload(&self) -> Result<Loaded, String> {
        // Taken first: what changes while it is read is read again.
        let stamps = self.stamps_now();
        let (mut builder, mut skipped) = (FeedsBuilder::default(), 0);
        for source in self.sources.iter() {
            let wrong = |what: String| format!("[[intel.feed]] {}: {what}", source.path.display());
            let length = fs::metadata(&source.path).map_or(0, |metadata| metadata.len());
            if length > FEED_BYTES_MAX as u64 {
                return Err(wrong(format!("it has {length} bytes: at most {FEED_BYTES_MAX} are read")));
            }
            let bytes = fs::read(&source.path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
            let parsed = parse(&bytes, source.format).map_err(|error| wrong(error.to_string()))?;
            skipped += parsed.skipped;
            builder.add(&source.path.to_string_lossy(), source.standing, source.confidence, parsed.indicators);
        }
        let feeds = builder.build();
        let loaded = Loaded { indicators: feeds.len(), skipped, left_out: feeds.left_out() };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = feeds;
        *self.stamps.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
        Ok(loaded)
    }

    fn stamps_now(&self) -> Vec<Stamp> {
        let stamp = |source: &Source| {
            let metadata = fs::metadata(&source.path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        self.sources.iter().map(stamp).collect()
    }
}

fn source(file: &FeedFile) -> Result<Source, String> {
    let wrong = |what: String| format!("[[intel.feed]] {}: {what}", file.path.display());
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
    Ok(Source { path: file.path.clone(), format, standing, confidence: file.confidence })
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;

    use super::*;

    fn feed(path: &std::path::Path) -> FeedFile {
        FeedFile { path: path.to_owned(), format: "auto".into(), list: "malicious".into(), confidence: None }
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
    }
}
