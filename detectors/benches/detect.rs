//! What detection costs: the view, each detector by itself, those without the learned scorer, all together.
//!
//! `cargo bench --profile dev --workspace --locked --bench detect -- FILTER`. Over prose of 1.5 KB, over a document of 1 MB,
//! over recorded telemetry where `WEIR_SAMPLES` names a folder that holds some, and over texts that are made to be
//! slow. Criterion prints the CPU time of one pass over all texts of a corpus and their bytes a second; wall time
//! would show what else the machine does.
//!
//! Not here: reading records and writing annotations, which `weir bench detect` measures.
#![allow(missing_docs, reason = "nobody links a benchmark")]

mod pieces;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput};
use detectors::intel::Feeds;
use detectors::{DETECTORS, Detector, Detectors, Lexicon, Scene, Settings, Sightings, View};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use pieces::{BAIT_OF_CREDENTIALS, BAIT_OF_OTHERS, BAIT_OF_SENSITIVE, ORDINARY, fill};
use schemas::readers::{self, Context, Input, Limits, Output, Tenancy};
use schemas::signal::Group;
use schemas::{Channel, Interaction, Timestamp};

/// An interaction of ordinary size, in bytes of text.
const ORDINARY_BYTES: usize = 1500;
/// A long document, in bytes.
const LONG_BYTES: usize = 1 << 20;
/// How long a text is that is made to be slow, in bytes: too short for most of the limits that would end a search.
const BAIT_BYTES: usize = 1 << 14;
/// The detectors that go without the learned scorer and are held to a goal together.
const WITHOUT_MODEL: [&str; 4] = ["ascii_smuggling", "credential_leak", "malicious_url", "sensitive_data"];

/// CPU time of this thread, user and system.
struct CpuTime;

impl CpuTime {
    fn now() -> Duration {
        let micros = |time: TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
        let used = getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |u| micros(u.user_time()) + micros(u.system_time()));
        Duration::from_micros(used.unsigned_abs())
    }
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }

    fn end(&self, start: Duration) -> Duration {
        Self::now().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Interactions that are looked at in one pass.
struct Corpus {
    name: String,
    interactions: Vec<Interaction>,
}

impl Corpus {
    fn of_text(name: impl Into<String>, channel: Channel, text: &str) -> Option<Self> {
        let request = serde_json::json!({"messages": [{"role": "user", "content": text}]});
        let record = serde_json::json!({"id": "bench", "tenant": "bench", "request": request}).to_string();
        let mut interactions = read(record.as_bytes());
        for message in interactions.iter_mut().flat_map(|interaction| &mut interaction.messages) {
            message.channel = channel;
        }
        (!interactions.is_empty()).then(|| Self { name: name.into(), interactions })
    }

    /// What applications recorded; `None` where there are no samples.
    fn telemetry() -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("WEIR_SAMPLES")?).join("telemetry");
        let mut files = Vec::new();
        files_below(&root, &mut files);
        files.sort();
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let interactions: Vec<_> =
            texts.flat_map(|text| text.lines().flat_map(|line| read(line.as_bytes())).collect::<Vec<_>>()).collect();
        (!interactions.is_empty()).then(|| Self { name: "telemetry".to_owned(), interactions })
    }

    fn bytes(&self) -> u64 {
        let messages = self.interactions.iter().flat_map(|interaction| &interaction.messages);
        messages.map(|message| message.text.expose().len() as u64).sum()
    }
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "jsonl") {
            files.push(path);
        }
    }
}

/// The interactions of a record; none where it is something else.
fn read(record: &[u8]) -> Vec<Interaction> {
    let context = Context {
        group: Group::Ai,
        broker_time: Timestamp::default(),
        envelope_time: None,
        clamp_future: false,
        tenant_header: None,
        tenancy: &Tenancy::default(),
        proxies: &[],
        lone_wrappers: false,
        limits: Limits::default(),
        watch: None,
    };
    let mut out = Output::default();
    _ = readers::read(record, None, &context, &mut out);
    let interaction = |input| match input {
        Input::Interaction(interaction) => Some(*interaction),
        Input::Signal(_) | Input::Command { .. } => None,
    };
    out.inputs.into_iter().filter_map(interaction).collect()
}

/// One pass of some detectors over views that are there already.
fn look(views: &[View<'_>], list: &[&'static dyn Detector], settings: &Settings, feeds: &Feeds) {
    for view in views {
        for detector in list {
            let mut out = Sightings::default();
            detector.detect(&Scene { view, settings, feeds }, &mut out);
            black_box(out);
        }
    }
}

/// Everything over one corpus.
fn measure(criterion: &mut Criterion<CpuTime>, corpus: &Corpus, detectors: &Detectors, lexicon: &Lexicon) {
    let (settings, feeds) = (Settings::default(), Feeds::default());
    let mut group = criterion.benchmark_group(&corpus.name);
    group.throughput(Throughput::Bytes(corpus.bytes()));
    let views = || corpus.interactions.iter().map(|interaction| View::new(interaction, lexicon));
    group.bench_function("view", |bencher| bencher.iter(|| views().for_each(|view| _ = black_box(view))));
    let built: Vec<_> = views().collect();
    for detector in DETECTORS {
        let list = [*detector];
        group.bench_function(detector.name(), |bencher| bencher.iter(|| look(&built, &list, &settings, &feeds)));
    }
    let list: Vec<_> = DETECTORS.iter().copied().filter(|d| WITHOUT_MODEL.contains(&d.name())).collect();
    group.bench_function("without_model", |bencher| bencher.iter(|| look(&built, &list, &settings, &feeds)));
    group.bench_function("all", |bencher| {
        bencher.iter(|| {
            for interaction in &corpus.interactions {
                black_box(detectors.annotate(interaction, &settings));
            }
        });
    });
    group.finish();
}

/// The search that a text is bait for.
fn measure_bait(criterion: &mut Criterion<CpuTime>, lexicon: &Lexicon) {
    let (settings, feeds) = (Settings::default(), Feeds::default());
    for (name, pieces) in [("sensitive_data", BAIT_OF_SENSITIVE), ("credential_leak", BAIT_OF_CREDENTIALS)] {
        let mut group = criterion.benchmark_group(format!("bait/{name}"));
        let list: Vec<_> = DETECTORS.iter().copied().filter(|detector| detector.name() == name).collect();
        for piece in pieces {
            let Some(corpus) = Corpus::of_text("", Channel::User, &fill(piece, BAIT_BYTES)) else { continue };
            let built: Vec<_> = corpus.interactions.iter().map(|interaction| View::new(interaction, lexicon)).collect();
            group.throughput(Throughput::Bytes(corpus.bytes()));
            group.bench_function(format!("{piece:?}"), |bencher| {
                bencher.iter(|| look(&built, &list, &settings, &feeds));
            });
        }
        group.finish();
    }
}

/// All detectors over every bait.
fn measure_all_over_bait(criterion: &mut Criterion<CpuTime>, detectors: &Detectors) {
    let settings = Settings::default();
    let mut group = criterion.benchmark_group("bait/all");
    for piece in [BAIT_OF_SENSITIVE, BAIT_OF_CREDENTIALS, BAIT_OF_OTHERS].concat() {
        let Some(corpus) = Corpus::of_text("", Channel::Document, &fill(piece, BAIT_BYTES)) else { continue };
        group.throughput(Throughput::Bytes(corpus.bytes()));
        group.bench_function(format!("{piece:?}"), |bencher| {
            bencher.iter(|| corpus.interactions.iter().for_each(|i| _ = black_box(detectors.annotate(i, &settings))));
        });
    }
    group.finish();
}

fn main() {
    let criterion = Criterion::default().with_measurement(CpuTime).warm_up_time(Duration::from_millis(300));
    let mut criterion = criterion.measurement_time(Duration::from_secs(1)).sample_size(10).configure_from_args();
    let (Ok(detectors), Ok(lexicon)) = (Detectors::new(), Lexicon::new()) else { return };
    let ordinary = ORDINARY.iter().flat_map(|(name, piece)| {
        let short = Corpus::of_text(format!("{name}_1.5kB"), Channel::User, &fill(piece, ORDINARY_BYTES));
        let long = Corpus::of_text(format!("{name}_1MB"), Channel::Document, &fill(piece, LONG_BYTES));
        short.into_iter().chain(long)
    });
    for corpus in ordinary.chain(Corpus::telemetry()) {
        measure(&mut criterion, &corpus, &detectors, &lexicon);
    }
    measure_bait(&mut criterion, &lexicon);
    measure_all_over_bait(&mut criterion, &detectors);
    criterion.final_summary();
}
