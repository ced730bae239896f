//! Padding: attacks inside long ordinary texts, and the same texts without them.
//!
//! Somebody who pastes pages around one line of attack must not go unseen, so what is left out of training is also
//! judged in this shape. Attack and padding are of the same fold ([`crate::holdout`]), so both are unseen; nothing
//! is ever learned from these texts, only the second model is fitted on what the tables make of them.

use std::collections::BTreeMap;

use schemas::Channel;

use crate::generate;
use crate::holdout::fold_of;
use crate::random::Random;
use crate::row::Row;

/// The source of padded rows.
pub const SOURCE: &str = "padded";
/// How long the padding is, in bytes, and what that is called.
const LENGTHS: [(usize, &str); 3] = [(2_000, "2 kB"), (8_000, "8 kB"), (32_000, "32 kB")];
/// How many attacks of a fold are padded for each length and channel.
const TIMES: usize = 24;
/// The longest attack that is padded, in bytes: longer ones are no single line.
const ATTACK_BYTES_MAX: usize = 400;

/// Each fold's attacks within its benign texts, on the channels of users and of documents.
pub fn rows(samples: &[Row]) -> Vec<Row> {
    let mut folds: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in samples.iter().filter(|row| row.source != generate::SOURCE) {
        folds.entry(fold_of(&row.source)).or_default().push(row);
    }
    let mut random = Random::new(23);
    let mut padded = Vec::new();
    for rows in folds.values() {
        let attacks: Vec<&Row> =
            rows.iter().copied().filter(|row| row.attack && row.text.len() <= ATTACK_BYTES_MAX).collect();
        let benign = |documents: bool| -> Vec<&Row> {
            rows.iter().copied().filter(|row| !row.attack && (row.channel != Channel::User) == documents).collect()
        };
        let documents = Some(benign(true)).filter(|rows| !rows.is_empty()).unwrap_or_else(|| benign(false));
        for channel in [Channel::User, Channel::Document] {
            for (at, (bytes, name)) in (0..TIMES).flat_map(|at| LENGTHS.map(|length| (at, length))) {
                let Some(body) = body(&documents, bytes, &mut random) else { continue };
                if let Some(attack) = random.pick(&attacks) {
                    padded.push(row(&within(&body, &attack.text, at), true, channel, name, &attack.source));
                }
                padded.push(row(&body.join("\n\n"), false, channel, name, &documents[0].source));
            }
        }
    }
    padded
}

/// Texts that are `bytes` long together, some of them more than once where there are few.
fn body<'r>(texts: &[&'r Row], bytes: usize, random: &mut Random) -> Option<Vec<&'r str>> {
    let mut body = Vec::new();
    let mut length = 0;
    while length < bytes {
        let text = random.pick(texts)?.text.as_str();
        length += text.len().max(1);
        body.push(text);
    }
    Some(body)
}

/// `attack` before, between or behind the texts of `body`, by turns.
fn within(body: &[&str], attack: &str, turn: usize) -> String {
    let place = match turn % 3 {
        0 => 0,
        1 => body.len() / 2,
        _ => body.len(),
    };
    let (before, after) = body.split_at(place);
    [before, &[attack], after].concat().join(if turn.is_multiple_of(2) { "\n\n" } else { " " })
}

fn row(text: &str, attack: bool, channel: Channel, length: &str, part: &str) -> Row {
    Row {
        text: text.to_owned(),
        attack,
        channel,
        source: SOURCE.to_owned(),
        parts: vec![part.to_owned()],
        family: length.to_owned(),
        language: String::new(),
        carrier: "none".to_owned(),
        order: None,
    }
}
