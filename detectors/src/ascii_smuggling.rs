//! ASCII smuggling: text in code points that people do not see and models read.
//!
//! **Finds**, in any channel: Unicode tag characters that spell text (`tags`), runs of variation selectors
//! (`variation_selectors`), runs of zero-width characters that encode bits (`zero_width`), bidirectional
//! overrides (`bidi`).
//!
//! **Why**: the reader approves what they see, the model obeys what they do not; and an answer can carry
//! data out invisibly (Rehberger, "ASCII Smuggler", 2024; Boucher and Anderson, "Trojan Source", 2021).
//!
//! **Example**: "Please summarise" followed by 40 characters from U+E0020 on.
//!
//! **Does not find**: homoglyphs (the view undoes them), white text on white (see `indirect_injection`).
//! Silent on purpose: emoji flags and joined emoji, single variation selectors, U+200C and U+200D between
//! letters as Persian and Indic scripts need them, a byte order mark, directional isolates and marks.
//!
//! **References**: MITRE ATLAS AML.T0068 (LLM Prompt Obfuscation); OWASP LLM01:2025; Unicode UAX 9, UTS 39, UTS 51.

use std::ops::Range;

use schemas::{Category, Severity};

use crate::decode::from_tags;
use crate::detector::{Detector, Scene, Sighting, Sightings};
use crate::view::{Layer, MessageView, Text};

/// See the file's head.
#[derive(Debug)]
pub struct AsciiSmuggling;

/// The shortest run of variation selectors that carries data. Emoji and ideographs have one each.
const SELECTORS_MIN: usize = 4;
/// The shortest run of zero-width characters that carries data: two bytes of bits.
const ZERO_WIDTH_MIN: usize = 16;

impl Detector for AsciiSmuggling {
    fn name(&self) -> &'static str {
        "ascii_smuggling"
    }

    fn category(&self) -> Category {
        Category::AsciiSmuggling
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0068"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        for message in &scene.view.messages {
            for text in message.texts.iter().filter(|text| text.layer == Layer::Plain && text.removed() > 0) {
                look(message, text, out);
            }
        }
    }
}

fn look(message: &MessageView<'_>, text: &Text<'_>, out: &mut Sightings) {
    let raw = text.raw();
    let mut report = |subtype, score, severity, range: Range<usize>| {
        out.push(Sighting::new(message, subtype, score, severity, text.raw_span(range)));
    };
    if let Some((range, hidden)) = from_tags(raw) {
        let score = if hidden.len() >= 4 { 0.95 } else { 0.6 };
        report("tags", score, Severity::High, range);
    }
    if let Some((_, range)) = longest_run(raw, is_selector).filter(|(length, _)| *length >= SELECTORS_MIN) {
        report("variation_selectors", 0.9, Severity::High, range);
    }
    if let Some((length, range)) = longest_run(raw, is_zero_width).filter(|(length, _)| *length >= ZERO_WIDTH_MIN / 2) {
        report("zero_width", if length >= ZERO_WIDTH_MIN { 0.85 } else { 0.4 }, Severity::High, range);
    }
    if let Some((at, c)) = raw.char_indices().find(|(_, c)| matches!(c, '\u{202D}' | '\u{202E}')) {
        report("bidi", 0.6, Severity::Medium, at..at + c.len_utf8());
    }
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{180E}')
}

/// The longest run of characters that satisfy `belongs`: how many, and where in bytes.
fn longest_run(raw: &str, belongs: fn(char) -> bool) -> Option<(usize, Range<usize>)> {
    let mut best: Option<(usize, Range<usize>)> = None;
    let mut run: Option<(usize, Range<usize>)> = None;
    for (at, c) in raw.char_indices() {
        run = belongs(c).then(|| {
            let (length, start) = run.take().map_or((0, at), |(length, range)| (length, range.start));
            (length + 1, start..at + c.len_utf8())
        });
        if let Some((length, range)) = &run
            && best.as_ref().is_none_or(|(most, _)| length > most)
        {
            best = Some((*length, range.clone()));
        }
    }
    best
}
