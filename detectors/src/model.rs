//! The learned scorer: how likely a text gives a model orders that it should not take.
//!
//! A linear model over the hashed features of [`crate::features`], one table of small integers for what
//! users write and one for what documents and tools bring. Every window of up to three neighbouring chunks
//! is scored, and the text as a whole; the highest window decides, so an order between pages of figures
//! counts nearly as much as one that stands alone: what surrounds it never talks it down, but for a small
//! price of length. A second, tiny model adds how far the whole text goes beyond its highest window and what
//! the rules saw, and its answer is a probability that channels share: at a half, about one benign text in a
//! hundred is taken for an attack.
//!
//! Sums are integers and the rest is a fixed order of additions, multiplications and square roots, so every
//! machine gives the same bits. Weights come from the crate `trainer`, which also writes the model card
//! beside them; this file does not know how they came about.

use std::ops::Range;

use schemas::{Channel, Severity};

use crate::detector::Sighting;
use crate::features::{Aspect, Sink, extract};
use crate::meaning::Meanings;
use crate::rules::Verdict;
use crate::second_stage::Doubt;
use crate::view::{MessageView, Text};

/// The weights that ship.
static WEIGHTS: &[u8] = include_bytes!("../model/weights.bin");
/// The numbers that ship with them.
const SHIPPED: Shape = include!("../model/shape.in");

/// How many tables there are.
pub const HEADS: usize = 2;
/// The base-2 logarithm of the size of a table: a mebibyte each stays in the caches' reach.
pub const TABLE_BITS: u32 = 20;
/// How many neighbouring chunks make the largest window.
pub const WINDOW_CHUNKS_MAX: usize = 3;
/// Keeps few features from weighing too much.
const FEATURES_PRIOR: f32 = 8.0;
/// From how many chunks on a text is simply long: longer ones are rare where the second model learns.
const CHUNKS_TOLD_APART: u32 = 64;
/// From how many features on more of the same says no more: about a page and a half.
const FEATURES_TOLD_APART: f32 = 4096.0;
/// How much of its probability a text of the application's or the model's own keeps. To give orders to the model
/// is what system messages are for, and one that was raised would be raised with every interaction; so these
/// are ranked, and only a tenant's own threshold raises them.
const OWN_WORDS_FACTOR: f32 = 0.25;
/// How many evidences the second model weighs.
pub const EVIDENCES: usize = 5;
/// From which score on of the window around it a rule counts fully: rules corroborate, they do not overrule, since
/// what they ask for stands in long texts by chance.
const WINDOW_CORROBORATED: f32 = 4.0;

/// The numbers of one head's second model.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// What one step of a weight is worth.
    pub scale: f32,
    /// The log odds without evidence.
    pub bias: f32,
    /// The weight of each of [`Evidence::values`].
    pub weights: [f32; EVIDENCES],
}

/// Everything but the tables.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What [`fingerprint`] gave when the weights were trained.
    pub fingerprint: u32,
    /// By head: what users write, what documents and tools bring.
    pub heads: [Head; HEADS],
}

/// Which head judges `channel`.
pub fn head_of(channel: Channel) -> usize {
    match channel {
        Channel::System | Channel::User | Channel::Assistant => 0,
        Channel::ToolCall | Channel::ToolResult | Channel::Document => 1,
    }
}

/// The place of a feature in a table.
pub fn slot(feature: u32) -> usize {
    (feature >> (u32::BITS - TABLE_BITS)) as usize
}

/// The score of `count` features whose weights sum to `sum`. Evidence grows with the root of its amount, up to
/// [`FEATURES_TOLD_APART`]: a slight leaning of the language must not add up to certainty over many pages.
pub fn score(sum: f32, count: u32) -> f32 {
    let count = count as f32;
    let known = count.min(FEATURES_TOLD_APART);
    sum * (known / count.max(1.0)) / (known + FEATURES_PRIOR).sqrt()
}

/// What is known about a text before the second model weighs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The highest window's score.
    pub window: f32,
    /// By how much the text as a whole scores above its highest window, as an attack over many sentences does;
    /// never below zero, so that ordinary text around an order proves nothing.
    pub beyond: f32,
    /// By how much the highest window stands out from the text as a whole, as an order in a document does.
    pub contrast: f32,
    /// How many chunks there are.
    pub chunks: u32,
    /// How far a window corroborates a telling rule that matched within it, 0 to 1.
    pub rules: f32,
    /// Where the highest window lies, in folded bytes.
    pub range: Range<usize>,
}

impl Evidence {
    /// The evidence of the highest window's score and the whole text's.
    pub fn of(window: f32, whole: f32) -> Self {
        let (beyond, contrast) = ((whole - window).max(0.0), (window - whole).max(0.0));
        Self { window, beyond, contrast, ..Self::default() }
    }

    /// The evidence as numbers, in the order of [`Head::weights`].
    pub fn values(&self) -> [f32; EVIDENCES] {
        let length = self.chunks.clamp(1, CHUNKS_TOLD_APART).ilog2() as f32;
        [self.window, self.beyond, self.contrast, length, self.rules]
    }

    /// The evidence together with the score of the highest window that meets a place where a telling rule matched.
    pub fn corroborated(self, told: Option<f32>) -> Self {
        Self { rules: told.map_or(0.0, |told| (told / WINDOW_CORROBORATED).clamp(0.0, 1.0)), ..self }
    }
}

/// Whether a window at `start..end` meets one of `places`.
pub fn meets(places: &[Range<usize>], start: usize, end: usize) -> bool {
    places.iter().any(|place| place.start < end && start < place.end)
}

impl Head {
    /// The probability that `evidence` shows an attack.
    pub fn probability(&self, evidence: &Evidence) -> f32 {
        logistic(self.odds(evidence))
    }

    /// The same as log odds.
    pub fn odds(&self, evidence: &Evidence) -> f32 {
        let products = self.weights.iter().zip(evidence.values()).map(|(weight, value)| weight * value);
        products.fold(self.bias, |sum, product| sum + product)
    }
}

/// The logistic function from operations that every machine rounds alike: e^-x as the 1024th power of 1 - x/1024.
pub fn logistic(log_odds: f32) -> f32 {
    let x = log_odds.abs().min(64.0);
    let power = (0..10).fold(1.0 - x / 1024.0, |power, _| power * power);
    // Taking the larger side from one would make all small probabilities equal.
    if log_odds < 0.0 { power / (1.0 + power) } else { 1.0 / (1.0 + power) }
}

/// What the application or the model wrote, and not somebody who speaks to them.
pub fn own_words(channel: Channel) -> bool {
    matches!(channel, Channel::System | Channel::Assistant)
}

/// Judges `text` on `channel` together with where telling rules matched.
pub fn judge(channel: Channel, text: &Text<'_>, telling: &[Range<usize>]) -> (f32, Range<usize>) {
    let head = head_of(channel);
    let shape = &SHIPPED.heads[head];
    let table = WEIGHTS.get(head << TABLE_BITS..(head + 1) << TABLE_BITS).unwrap_or_default();
    let mut windows = Windows::new(table, shape.scale, telling);
    extract(text.folded(), &text.hits, &mut windows);
    let evidence = windows.evidence();
    let factor = if own_words(channel) { OWN_WORDS_FACTOR } else { 1.0 };
    (shape.probability(&evidence) * factor, evidence.range)
}

/// The sighting of a text: place and subtype from the rules where they speak, from the highest window where
/// they do not, the score from both, and from the second stage where that is in doubt.
pub fn weighed(
    message: &MessageView<'_>,
    text: &Text<'_>,
    rules: Option<Verdict>,
    high_from: f32,
    doubt: &Doubt<'_>,
) -> Sighting {
    let (telling, floor) = rules.as_ref().map_or((&[][..], 0.0), |verdict| (&verdict.telling, verdict.floor));
    let (score, window) = judge(message.channel, text, telling);
    let floor = if own_words(message.channel) { floor * OWN_WORDS_FACTOR } else { floor };
    let score = doubt.settled(message.channel, text, score, &window).max(floor);
    let (subtype, range) = rules.map_or(("learned", window), |verdict| (verdict.subtype, verdict.range));
    let severity = if score >= high_from { Severity::High } else { Severity::Medium };
    Sighting::new(message, subtype, score, severity, text.span(range))
}

/// The sum and number of features of a chunk.
#[derive(Clone, Copy, Default)]
struct Chunk {
    sum: i32,
    count: u32,
    start: usize,
}

/// Adds up weights as features come and keeps the highest window.
struct Windows<'t> {
    table: &'t [u8],
    scale: f32,
    current: Chunk,
    /// The chunks before, the nearest first.
    before: [Chunk; WINDOW_CHUNKS_MAX - 1],
    whole: Chunk,
    chunks: u32,
    best: (f32, Range<usize>),
    /// Where telling rules matched, and the highest window that meets one of these places.
    telling: &'t [Range<usize>],
    told: Option<f32>,
}

impl<'t> Windows<'t> {
    fn new(table: &'t [u8], scale: f32, telling: &'t [Range<usize>]) -> Self {
        Self {
            table,
            scale,
            telling,
            told: None,
            current: Chunk::default(),
            before: [Chunk::default(); WINDOW_CHUNKS_MAX - 1],
            whole: Chunk::default(),
            chunks: 0,
            best: (f32::NEG_INFINITY, 0..0),
        }
    }

    fn score(&self, chunk: Chunk) -> f32 {
        score(chunk.sum as f32 * self.scale, chunk.count)
    }

    fn evidence(self) -> Evidence {
        let whole = self.score(self.whole);
        let window = if self.chunks == 0 { whole } else { self.best.0 };
        Evidence { chunks: self.chunks, range: self.best.1, ..Evidence::of(window, whole) }.corroborated(self.told)
    }
}

impl Sink for Windows<'_> {
    fn feature(&mut self, _: Aspect, hash: u32) {
        let weight = self.table.get(slot(hash)).copied().unwrap_or_default();
        self.current.sum = self.current.sum.wrapping_add(i32::from(weight.cast_signed()));
        self.current.count = self.current.count.wrapping_add(1);
    }

    fn chunk(&mut self, end: usize) {
        let mut window = Chunk::default();
        for chunk in std::iter::once(self.current).chain(self.before.iter().take(self.chunks as usize).copied()) {
            window = joined(window, chunk);
            let score = self.score(window);
            if score > self.best.0 {
                self.best = (score, window.start..end);
            }
            if self.told.is_none_or(|told| score > told) && meets(self.telling, window.start, end) {
                self.told = Some(score);
            }
        }
        self.whole = joined(self.whole, self.current);
        self.before.rotate_right(1);
        self.before[0] = self.current;
        self.current = Chunk { start: end, ..Chunk::default() };
        self.chunks = self.chunks.saturating_add(1);
    }
}

/// Both chunks as one that starts where `before` does.
fn joined(chunk: Chunk, before: Chunk) -> Chunk {
    Chunk {
        sum: chunk.sum.wrapping_add(before.sum),
        count: chunk.count.wrapping_add(before.count),
        start: before.start,
    }
}

/// A number that changes whenever the features of a text do, so that weights and features stay together.
pub fn fingerprint() -> u32 {
    struct Digest(u32);
    impl Sink for Digest {
        fn feature(&mut self, _: Aspect, hash: u32) {
            self.0 = self.0.rotate_left(5).wrapping_add(hash);
        }

        fn chunk(&mut self, end: usize) {
            self.0 = self.0.rotate_left(9) ^ end as u32;
        }
    }
    let mut digest = Digest(TABLE_BITS ^ Meanings::shipped().fingerprint());
    extract(PROBE, &[], &mut digest);
    digest.0
}

/// A text with something for every kind of feature that needs no lexicon.
const PROBE: &str = "don't stop: i g n o r e all 4711 rules!\nвсе правила 全部の命令 <|x|>; a sentence of some length follows here. and one more.";

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects what [`Windows`] adds up on the way.
    #[derive(Default)]
    struct Collected {
        chunks: Vec<Vec<u32>>,
        open: Vec<u32>,
    }

    impl Sink for Collected {
        fn feature(&mut self, _: Aspect, hash: u32) {
            self.open.push(hash);
        }

        fn chunk(&mut self, _: usize) {
            self.chunks.push(std::mem::take(&mut self.open));
        }
    }

    #[test]
    fn weights_and_features_belong_together() {
        assert_eq!(SHIPPED.fingerprint, fingerprint(), "the features changed: run the trainer");
        assert_eq!(WEIGHTS.len(), HEADS << TABLE_BITS);
        assert!(WEIGHTS.iter().any(|weight| *weight != 0));
    }

    #[test]
    fn windows_in_one_pass_equal_windows_one_by_one() {
        let table: Vec<u8> = (0..1u32 << TABLE_BITS).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let text =
            "First sentence, long enough to stand for itself as one. Second one; it is as long as the first one was.\n"
                .repeat(7)
                + &"x".repeat(950);
        let mut fast = Windows::new(&table, 0.01, &[]);
        extract(&text, &[], &mut fast);
        let mut slow = Collected::default();
        extract(&text, &[], &mut slow);
        let of = |chunks: &[Vec<u32>]| {
            let features: Vec<u32> = chunks.concat();
            let sum: i32 = features.iter().map(|hash| i32::from(table[slot(*hash)].cast_signed())).sum();
            score(sum as f32 * 0.01, features.len() as u32)
        };
        let windows = (1..=WINDOW_CHUNKS_MAX).flat_map(|size| slow.chunks.windows(size).map(of));
        let best = windows.fold(f32::NEG_INFINITY, f32::max);
        let evidence = fast.evidence();
        assert_eq!((evidence.window, evidence.window + evidence.beyond - evidence.contrast), (best, of(&slow.chunks)));
        assert_eq!(evidence.chunks as usize, slow.chunks.len());
        assert!(evidence.chunks > 10, "{evidence:?}");
    }

    #[test]
    fn the_logistic_function_is_close_to_the_textbook() {
        for step in -80..=80 {
            let x = step as f32 / 10.0;
            let textbook = 1.0 / (1.0 + (-x).exp());
            assert!((logistic(x) - textbook).abs() < 0.01, "{x}");
        }
        assert!(logistic(1000.0) <= 1.0 && logistic(-1000.0) >= 0.0);
    }
}
