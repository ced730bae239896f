//! The normalised view of an interaction: computed once, shared by every detector.
//!
//! Each message is a list of texts: the message itself, a reading of leet spelling where it is written
//! so, and what is encoded in it. Every text is folded ([`crate::fold`]) and passed once through the
//! lexicon, and knows the way back to positions in the original message. Linear: each byte is folded
//! once a layer, there are at most three decoding layers, and their bytes are bounded.
//!
//! Not here: any judgement about what was found.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use schemas::{Channel, Interaction};

use crate::bounds::{head, tail};
use crate::ciphers::ciphered;
use crate::concept::Concepts;
use crate::decode::{Encoding, encoded};
use crate::fold::{Folded, fold, unleet};
use crate::lexicon::{Hit, Lexicon};

/// How many bytes of a message are scanned: half from its start, half from its end. What lies between
/// is not looked at; readers refuse records much larger than this.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// How many bytes of decoded text one message may add, besides a quarter of its own length.
pub const DECODED_BYTES_MAX: usize = 64 << 10;
/// How deep encodings may nest.
pub const DECODE_DEPTH_MAX: usize = 3;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The message, or the start or end of an overlong one.
    Plain,
    /// The message with leet spelling undone.
    Leet,
    /// Something that was encoded in the message.
    Decoded(Encoding),
}

/// How raw positions lead to positions in the message.
#[derive(Clone, Copy, Debug)]
enum Anchor {
    /// Raw positions count from this scalar on.
    From(u32),
    /// The whole text stands for one span.
    Whole(u32, u32),
}

/// One text of a message.
#[derive(Debug)]
pub struct Text<'a> {
    /// What it is.
    pub layer: Layer,
    /// The hits of the lexicon, in order, positions in [`Self::folded`].
    pub hits: Vec<Hit>,
    /// Which concepts occur at all.
    pub concepts: Concepts,
    raw: Cow<'a, str>,
    folded: Folded,
    anchor: Anchor,
}

/// One message.
#[derive(Debug)]
pub struct MessageView<'a> {
    /// Its position in the interaction.
    pub index: u32,
    /// Its channel.
    pub channel: Channel,
    /// Whether the response brought it.
    pub response: bool,
    /// Its texts; the first is the message itself.
    pub texts: Vec<Text<'a>>,
    /// Whether a limit left a part of it, or of what is encoded in it, unread.
    pub unread: bool,
}

/// The view of one interaction.
#[derive(Debug)]
pub struct View<'a> {
    /// What is viewed.
    pub interaction: &'a Interaction,
    /// Its messages, in order.
    pub messages: Vec<MessageView<'a>>,
    /// How many bytes of it may still be searched for what addresses name or repeat.
    pub searched_bytes_left: Cell<usize>,
}

/// How many bytes of an interaction's texts are searched for what its addresses name or repeat, over and over: each
/// search goes through all of them, and there may be as many addresses as texts.
const SEARCHED_BYTES_MAX: usize = 64 * 1024 * 1024;

impl<'a> View<'a> {
    /// Computes the view.
    pub fn new(interaction: &'a Interaction, lexicon: &Lexicon) -> Self {
        let messages = interaction.messages.iter().zip(0..).map(|(message, index)| {
            let (texts, whole) = texts(message.text.expose(), lexicon);
            let (channel, response) = (message.channel, message.response);
            MessageView { index, channel, response, texts, unread: !whole }
        });
        Self { interaction, messages: messages.collect(), searched_bytes_left: Cell::new(SEARCHED_BYTES_MAX) }
    }

    /// The messages of any of `channels`.
    pub fn on<'v>(&'v self, channels: &'static [Channel]) -> impl Iterator<Item = &'v MessageView<'a>> {
        self.messages.iter().filter(move |message| channels.contains(&message.channel))
    }
}

impl<'a> Text<'a> {
    fn new(layer: Layer, raw: Cow<'a, str>, folded: Folded, anchor: Anchor, lexicon: &Lexicon) -> Self {
        let hits = lexicon.hits(&folded.text);
        let concepts = hits.iter().fold(Concepts::NONE, |all, hit| all.or(hit.concepts));
        Self { layer, hits, concepts, raw, folded, anchor }
    }

    /// The text as it was written, or as it was decoded.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The folded text.
    pub fn folded(&self) -> &str {
        &self.folded.text
    }

    /// How many invisible characters folding removed.
    pub fn removed(&self) -> u32 {
        self.folded.removed
    }

    /// The raw byte at which the folded byte `at` starts.
    pub fn raw_at(&self, at: usize) -> usize {
        match &self.folded.back {
            None => at.min(self.raw.len()),
            Some(back) => back.get(at).map_or(self.raw.len(), |place| *place as usize),
        }
    }

    /// The span in the message, in scalar values, of a range of folded bytes.
    pub fn span(&self, folded: Range<usize>) -> (u32, u32) {
        let end = self.raw_at(folded.end.saturating_sub(1)).max(self.raw_at(folded.start));
        let last = self.raw.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        self.raw_span(self.raw_at(folded.start)..end + last)
    }

    /// The span in the message, in scalar values, of a range of raw bytes; never empty for a text that is not.
    pub fn raw_span(&self, raw: Range<usize>) -> (u32, u32) {
        match self.anchor {
            Anchor::Whole(start, end) => (start, end),
            Anchor::From(base) => {
                let start = self.scalars(raw.start);
                (base + start, base + self.scalars(raw.end).max(start + 1))
            }
        }
    }

    /// [`Self::raw_span`] for ranges in the order of their starts, in one pass over the text.
    pub fn raw_spans(&self, ranges: &[Range<usize>]) -> Vec<(u32, u32)> {
        let Anchor::From(base) = self.anchor else {
            return ranges.iter().map(|range| self.raw_span(range.clone())).collect();
        };
        let count = |part: Range<usize>| self.raw.get(part).map_or(0, |part| part.chars().count() as u32);
        let (mut byte, mut scalar) = (0, base);
        let span = |range: &Range<usize>| {
            scalar += count(byte..range.start);
            byte = range.start;
            (scalar, scalar + count(range.clone()).max(1))
        };
        ranges.iter().map(span).collect()
    }

    /// Scalars before raw byte `at`. Counts from the start: detectors bound how many spans they report.
    fn scalars(&self, at: usize) -> u32 {
        if self.folded.back.is_none() {
            return at.min(self.raw.len()) as u32;
        }
        self.raw.get(..at).map_or_else(|| self.raw.chars().count(), |head| head.chars().count()) as u32
    }
}

/// The texts of one message, and whether they are all of it.
fn texts<'a>(text: &'a str, lexicon: &Lexicon) -> (Vec<Text<'a>>, bool) {
    let mut texts = Vec::with_capacity(1);
    for (base, piece) in pieces(text) {
        let folded = fold(piece);
        let leet = unleet(&folded);
        texts.push(Text::new(Layer::Plain, Cow::Borrowed(piece), folded, Anchor::From(base), lexicon));
        if let Some(leet) = leet {
            texts.push(Text::new(Layer::Leet, Cow::Borrowed(piece), leet, Anchor::From(base), lexicon));
        }
    }
    let decoded = add_decoded(&mut texts, DECODED_BYTES_MAX + text.len() / 4, lexicon);
    (texts, decoded && text.len() <= MESSAGE_BYTES_MAX)
}

/// The scanned parts of a message with the scalars before each: all of it, or its start and its end.
fn pieces(text: &str) -> Vec<(u32, &str)> {
    if text.len() <= MESSAGE_BYTES_MAX {
        return vec![(0, text)];
    }
    let (first, last) = (head(text, MESSAGE_BYTES_MAX / 2), tail(text, MESSAGE_BYTES_MAX / 2));
    let tail_start = text.len() - last.len();
    let before = text.get(..tail_start).map_or(0, |skipped| skipped.chars().count());
    vec![(0, first), (before as u32, last)]
}

/// Adds what is encoded in the texts, layer by layer, at most `left` bytes; whether that was all.
fn add_decoded(texts: &mut Vec<Text<'_>>, mut left: usize, lexicon: &Lexicon) -> bool {
    let (mut from, mut whole) = (0, true);
    for _ in 0..DECODE_DEPTH_MAX {
        let mut found = Vec::new();
        for text in texts.iter().skip(from).filter(|text| text.layer != Layer::Leet) {
            let (mut layers, all) = encoded(&text.raw, text.removed() > 0, left);
            layers.extend(ciphered(&text.raw, &text.hits, |at| text.raw_at(at as usize)));
            whole &= all;
            for (encoding, range, decoded) in layers {
                let Some(rest) = left.checked_sub(decoded.len()) else {
                    whole = false;
                    continue;
                };
                left = rest;
                let (start, end) = text.raw_span(range);
                let folded = fold(&decoded);
                let anchor = Anchor::Whole(start, end);
                found.push(Text::new(Layer::Decoded(encoding), Cow::Owned(decoded), folded, anchor, lexicon));
            }
        }
        from = texts.len();
        texts.extend(found);
    }
    whole
}
