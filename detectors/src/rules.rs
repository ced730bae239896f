//! Rules: concepts in order and near each other, each with a weight, summed into one score.
//!
//! A single word proves nothing: "ignore", "system" and "prompt" are everyday words. A rule asks for
//! several concepts within a few words. Independent rules that match add up as 1 - (1 - a)(1 - b), so
//! that several weak signs make a strong one and the score never leaves 0..1. Linear in the number of
//! hits: each start looks ahead a bounded number of bytes.

use std::ops::Range;

use crate::concept::Concepts;
use crate::decode::Encoding;
use crate::view::{Layer, Text};

/// Concepts in order.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The detector's finer distinction.
    pub subtype: &'static str,
    /// How much it proves alone, 0 to 1.
    pub weight: f32,
    /// What must follow on what: each step is met by any of its concepts.
    pub steps: &'static [Concepts],
    /// How many bytes may lie between one step and the next.
    pub gap_max: u32,
}

/// What the rules say about one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The subtype of the weightiest rule.
    pub subtype: &'static str,
    /// The sum over the rules that matched.
    pub score: f32,
    /// Where the weightiest rule matched, in folded bytes.
    pub range: Range<usize>,
    /// How many rules matched.
    pub rules: usize,
    /// Where those of them matched that ask for more than what texts about attacks quote, up to [`PLACES_MAX`].
    pub telling: Vec<Range<usize>>,
    /// The least that the text scores, whatever its words: 0, or more where its structure is one that nobody writes by
    /// accident, which ordinary words around it do not take back.
    pub floor: f32,
}

/// How many places of telling rules are kept; further ones add nothing.
pub const PLACES_MAX: usize = 64;

impl Verdict {
    /// The same of rules that ask for no more than what texts about attacks quote: they say what a text is like,
    /// and nothing about whether it means it.
    pub fn quotable(mut self) -> Self {
        self.telling.clear();
        self
    }

    /// The same of rules whose phrases warnings quote: telling where the phrase opens a sentence, a line or a value of
    /// `text`, as an order does, and not where it stands in a quotation or in the middle of a sentence.
    pub fn telling_at_opening(mut self, text: &Text<'_>) -> Self {
        self.telling.retain(|place| text.folded().get(..place.start).is_some_and(opens));
        self
    }

    /// The verdict of one rule that is no list of concepts, telling where it matched.
    pub fn of_one(subtype: &'static str, score: f32, range: Range<usize>) -> Self {
        Self { subtype, score, rules: 1, telling: vec![range.clone()], range, floor: 0.0 }
    }

    /// The same of a text that was written in characters which show nothing: nobody hides an order there by accident.
    pub fn hidden(self, layer: Layer) -> Self {
        let hidden = matches!(layer, Layer::Decoded(Encoding::Tags | Encoding::Selectors | Encoding::ZeroWidth));
        if hidden && !self.telling.is_empty() { self.at_least(HIDDEN_FLOOR) } else { self }
    }

    /// The same of a structure that gives a text at least `floor`, 0 to 1.
    pub fn at_least(self, floor: f32) -> Self {
        Self { floor, ..self }
    }
}

/// What an order in characters that show nothing scores at least.
const HIDDEN_FLOOR: f32 = 0.6;

/// Words that an order may begin with.
const SOFTENERS: [&str; 6] = ["please", "kindly", "just", "now", "so", "then"];

/// Whether something opens after `before`.
fn opens(before: &str) -> bool {
    let bare = |text: &str| text.trim_end_matches([' ', '\t', '*', '#', '-', '_', '(', ',']).len();
    let mut before = before.get(..bare(before)).unwrap_or_default();
    while let Some(rest) = SOFTENERS.iter().find_map(|word| before.strip_suffix(word)) {
        if rest.ends_with(char::is_alphanumeric) {
            return false;
        }
        before = rest.get(..bare(rest)).unwrap_or_default();
    }
    if let Some(rest) = before.strip_suffix(['"', '\'']) {
        // A value of JSON opens with a quote, and so does what somebody is said to have said.
        let key = rest.trim_end();
        return key.ends_with(['[', '{']) || key.strip_suffix(':').is_some_and(|key| key.ends_with(['"', '\'']));
    }
    before.is_empty() || before.ends_with(['.', '!', '?', '\n', ';', ':', '>', ']', '}', '|', '\u{3002}', '\u{964}'])
}

impl Rule {
    /// The places where the rule matches, in order.
    pub fn places(&self, text: &Text<'_>) -> impl Iterator<Item = Range<usize>> {
        let (first, rest) = self.steps.split_first().unwrap_or((&Concepts::NONE, &[]));
        let possible = self.steps.iter().all(|step| text.concepts.meets(*step));
        let hits = if possible { text.hits.as_slice() } else { &[] };
        let starts = hits.iter().enumerate().filter(|(_, hit)| hit.concepts.meets(*first));
        starts.filter_map(|(at, start)| {
            let (mut at, mut end, mut before) = (at, start.end, *first);
            let complete = rest.iter().all(|step| {
                // One phrase may meet two steps that ask for different things: "your instructions".
                let from = if step.meets(before) { at + 1 } else { at };
                let limit = end.saturating_add(self.gap_max);
                let near = hits.iter().enumerate().skip(from).take_while(|(_, hit)| hit.start <= limit);
                let found = near.into_iter().find(|(_, hit)| hit.concepts.meets(*step));
                found.is_some_and(|(found, hit)| {
                    (at, end, before) = (found, hit.end, *step);
                    true
                })
            });
            complete.then_some(start.start as usize..end as usize)
        })
    }
}

/// Applies `rules` to `text`; `None` where none matches.
pub fn judge(rules: &[Rule], text: &Text<'_>) -> Option<Verdict> {
    let mut best: Option<(&Rule, Range<usize>)> = None;
    let (mut doubt, mut count) = (1.0, 0);
    let mut telling = Vec::new();
    for rule in rules {
        let mut places = rule.places(text);
        let Some(range) = places.next() else { continue };
        let left = PLACES_MAX.saturating_sub(telling.len());
        telling.extend(std::iter::once(range.clone()).chain(places).take(left));
        doubt *= 1.0 - rule.weight;
        count += 1;
        if best.as_ref().is_none_or(|(other, _)| rule.weight > other.weight) {
            best = Some((rule, range));
        }
    }
    best.map(|(rule, range)| Verdict {
        subtype: rule.subtype,
        score: 1.0 - doubt,
        range,
        rules: count,
        telling,
        floor: 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_open_and_quotations_do_not() {
        for before in
            ["", "all right. ", "a line\n- ", "done! please ", "so, just ", "{\"text\": \"", "<!-- x --> ", "system: "]
        {
            assert!(opens(before), "{before:?}");
        }
        for before in
            ["the page says \"", "\"", "warnings such as ", "example: \"", "to be honest, ", "also please ", "also"]
        {
            assert!(!opens(before), "{before:?}");
        }
        assert!(!opens(&"please ".repeat(100_000).replacen("please", "x", 1)));
    }
}
