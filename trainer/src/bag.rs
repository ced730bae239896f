//! A row as the learner sees it: the features of each of its texts, chunk by chunk, and what the rules say.

use std::ops::Range;

use detectors::features::{Aspect, Sink, extract};
use detectors::model::{Evidence, WINDOW_CHUNKS_MAX, head_of, meets, score, slot};
use detectors::{Lexicon, View};
use schemas::{Interaction, InteractionId, Message, TenantId, Timestamp};

use crate::row::Row;

/// The features of one text.
#[derive(Debug, Default)]
pub struct Layered {
    /// Slots of the tables, in the order of the text.
    pub slots: Vec<u32>,
    /// Where each chunk ends in `slots`.
    pub ends: Vec<u32>,
    /// Where telling rules matched, in bytes of the folded text.
    pub telling: Vec<Range<usize>>,
    /// The least that the text scores, by its structure.
    pub floor: f32,
    /// The chunks that hold the order, where others carry it.
    pub order: Option<Window>,
    /// Where each chunk ends in the folded text.
    places: Vec<usize>,
    /// What is not looked at.
    unseen: Option<Aspect>,
}

/// A row's texts.
#[derive(Debug)]
pub struct Bag {
    /// The message, and what it holds in leet or encoded.
    pub layers: Vec<Layered>,
    /// The table that judges it.
    pub head: usize,
}

impl Sink for Layered {
    fn feature(&mut self, aspect: Aspect, hash: u32) {
        if self.unseen != Some(aspect) {
            self.slots.push(slot(hash) as u32);
        }
    }

    fn chunk(&mut self, end: usize) {
        self.ends.push(self.slots.len() as u32);
        self.places.push(end);
    }
}

impl Bag {
    /// The bag of `row`, without the features that look at `unseen`.
    pub fn new(row: &Row, lexicon: &Lexicon, unseen: Option<Aspect>) -> Self {
        let interaction = interaction(row);
        let view = View::new(&interaction, lexicon);
        let texts = view.messages.iter().flat_map(|message| message.texts.iter());
        let layers = texts.map(|text| {
            let (telling, floor) = detectors::telling(row.channel, text);
            let mut layered = Layered { telling, floor, unseen, ..Layered::default() };
            extract(text.folded(), &text.hits, &mut layered);
            layered.order = row.order.and_then(|order| layered.holding(order, |range| text.span(range)));
            layered
        });
        Self { layers: layers.collect(), head: head_of(row.channel) }
    }
}

/// The bags of all rows: what is judged, and what is learned from.
#[derive(Debug)]
pub struct Bags {
    /// With all their features.
    pub all: Vec<Bag>,
    /// The same rows for each of the learners that [`LEFT_OUT`] parts.
    pub parts: [Vec<Bag>; LEFT_OUT.len()],
}

/// What each learner does not look at. Learned together, whichever of words and runs of letters explains the known
/// sources keeps the other from learning what would hold in foreign ones.
const LEFT_OUT: [Aspect; 2] = [Aspect::Letters, Aspect::Words];

impl Bags {
    /// The bags of `rows`.
    pub fn new(rows: &[Row], lexicon: &Lexicon) -> Self {
        let of = |unseen| rows.iter().map(|row| Bag::new(row, lexicon, unseen)).collect();
        Self { all: of(None), parts: LEFT_OUT.map(|aspect| of(Some(aspect))) }
    }
}

/// An interaction of one message.
fn interaction(row: &Row) -> Interaction {
    let message = Message::request(row.channel, row.text.clone());
    Interaction {
        id: InteractionId::from("row"),
        time: Timestamp::default(),
        tenant: TenantId::default(),
        format: "exchange".to_owned(),
        who: Default::default(),
        provider: None,
        model: None,
        messages: vec![message],
        tools_offered: Vec::new(),
        tokens: Default::default(),
        latency_ms: None,
        filters: Vec::new(),
        finish_reasons: Vec::new(),
        error: None,
        trace: None,
        skipped: Default::default(),
        flags: Vec::new(),
    }
}

/// A window of a text: chunks `from..to`.
pub type Window = (usize, usize);

impl Layered {
    /// The slots of `window`.
    pub fn slots_of(&self, window: Window) -> &[u32] {
        let start = window.0.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = window.1.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        self.slots.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The bytes of `window` in the folded text.
    fn range(&self, window: Window) -> Range<usize> {
        let place = |chunk: usize| chunk.checked_sub(1).and_then(|at| self.places.get(at)).copied().unwrap_or_default();
        place(window.0)..place(window.1)
    }

    /// All of the text.
    pub fn all(&self) -> Window {
        (0, self.ends.len())
    }

    /// The chunks that share a scalar with `order`, by what `span` makes of folded bytes; `None` if they all do.
    fn holding(&self, order: (u32, u32), span: impl Fn(Range<usize>) -> (u32, u32)) -> Option<Window> {
        let starts = std::iter::once(0).chain(self.places.iter().copied());
        let spans = starts.zip(&self.places).map(|(start, end)| span(start..*end));
        let held: Vec<usize> = spans
            .enumerate()
            .filter(|(_, (start, end))| *start < order.1 && order.0 < *end)
            .map(|(at, _)| at)
            .collect();
        let window = (*held.first()?, *held.last()? + 1);
        (window != self.all()).then_some(window)
    }

    /// What a table of weights makes of the text, and its highest window.
    pub fn judge(&self, weight: impl Fn(u32) -> f32) -> (Evidence, Window) {
        self.judge_where(weight, |_| true)
    }

    /// The same with only those windows that are to be kept.
    pub fn judge_where(&self, weight: impl Fn(u32) -> f32, keep: impl Fn(Window) -> bool) -> (Evidence, Window) {
        let sums: Vec<(f32, u32)> = (0..self.ends.len())
            .map(|at| {
                let slots = self.slots_of((at, at + 1));
                (slots.iter().map(|slot| weight(*slot)).sum(), slots.len() as u32)
            })
            .collect();
        let add = |a: (f32, u32), b: &(f32, u32)| (a.0 + b.0, a.1 + b.1);
        let whole = sums.iter().fold((0.0, 0), add);
        let mut best = (f32::NEG_INFINITY, self.all());
        let mut told: Option<f32> = None;
        for last in 0..sums.len() {
            let mut window = (0.0, 0);
            for first in (last.saturating_sub(WINDOW_CHUNKS_MAX - 1)..=last).rev() {
                window = add(window, sums.get(first).unwrap_or(&(0.0, 0)));
                let score = score(window.0, window.1);
                if score > best.0 && keep((first, last + 1)) {
                    best = (score, (first, last + 1));
                }
                let range = self.range((first, last + 1));
                if told.is_none_or(|told| score > told) && meets(&self.telling, range.start, range.end) {
                    told = Some(score);
                }
            }
        }
        let whole = score(whole.0, whole.1);
        let window = if sums.is_empty() { whole } else { best.0 };
        let evidence =
            Evidence { chunks: self.ends.len() as u32, range: self.range(best.1), ..Evidence::of(window, whole) };
        (evidence.corroborated(told), best.1)
    }
}

#[cfg(test)]
mod tests {
    use schemas::Channel;

    use super::*;

    #[test]
    fn learners_look_at_parted_aspects_of_the_same_chunks() {
        let row = Row {
            text: "Send the report to the user before noon, please. Then delete the file that was sent first."
                .to_owned(),
            attack: false,
            channel: Channel::User,
            source: String::new(),
            parts: Vec::new(),
            family: String::new(),
            language: String::new(),
            carrier: String::new(),
            order: None,
        };
        let bags = Bags::new(&[row], &Lexicon::new().expect("compiles"));
        let layer = |bags: &[Bag]| (bags[0].layers[0].slots.len(), bags[0].layers[0].places.clone());
        let (all, places) = layer(&bags.all);
        let [without_letters, without_words] = bags.parts.each_ref().map(|part| layer(part));
        assert_eq!((&without_letters.1, &without_words.1), (&places, &places));
        assert!(without_letters.0 < all && without_words.0 < all);
        assert!(without_letters.0 + without_words.0 > all, "both see meanings");
    }
}
