//! ASCII smuggling: text in code points that people do not see and models read.
//!
//! **Finds**, in any channel: Unicode tag characters that spell text (`tags`), runs of variation selectors
//! (`variation_selectors`), runs of zero-width characters that encode bits, also strewn between letters
//! (`zero_width`), bidirectional overrides (`bidi`). What they spell is a text of its own, which all other detectors
//! look at.
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
use crate::invisible::{in_bits, in_selectors, is_selector, longest_run};
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
    let (raw, removed) = (text.raw(), text.removed() as usize);
    let mut report = |subtype, score, severity, range: Range<usize>| {
        out.push(Sighting::new(message, subtype, score, severity, text.raw_span(range)));
    };
    if let Some((range, hidden)) = from_tags(raw) {
        let score = if hidden.len() >= 4 { 0.95 } else { 0.6 };
        report("tags", score, Severity::High, range);
    }
    // What is hidden was removed when the text was folded: fewer characters than a payload has need no look.
    if removed >= SELECTORS_MIN {
        if let Some((range, _)) = in_selectors(raw) {
            report("variation_selectors", 0.95, Severity::High, range);
        } else if let Some((range, _)) = longest_run(raw, is_selector).filter(|(_, length)| *length >= SELECTORS_MIN) {
            report("variation_selectors", 0.9, Severity::High, range);
        }
    }
    if removed >= ZERO_WIDTH_MIN / 2 {
        let run = longest_run(raw, is_zero_width).filter(|(_, length)| *length >= ZERO_WIDTH_MIN / 2);
        if let Some((range, _)) = in_bits(raw) {
            report("zero_width", 0.95, Severity::High, range);
        } else if let Some((range, length)) = run {
            report("zero_width", if length >= ZERO_WIDTH_MIN { 0.85 } else { 0.4 }, Severity::High, range);
        }
    }
    if let Some((at, c)) = raw.char_indices().find(|(_, c)| matches!(c, '\u{202D}' | '\u{202E}')) {
        report("bidi", 0.6, Severity::Medium, at..at + c.len_utf8());
    }
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{180E}')
}
