//! One alert out of the rows of one message.
//!
//! Defender streams an alert as a row of `AlertInfo` and one of `AlertEvidence` for each thing that took part, most
//! often in one message. They have one uid, so the correlator would fold them; folded here, an alert is one
//! signal on the topic as well, complete when it is first seen. Context records are never folded: two with one uid
//! in a message are a vendor's repetition, and whoever counts should see it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::draft::{TECHNIQUES_MAX, unite};
use crate::readers::Input;
use crate::signal::{Flag, Signal, SignalKind};

/// Folds the alerts with one uid among those of `inputs` that came at or after `from`.
pub(in crate::readers) fn fold_alerts(inputs: &mut Vec<Input>, from: usize, entities_max: usize) {
    let alert = |input: &Input| matches!(input, Input::Signal(signal) if signal.kind == SignalKind::Alert);
    if inputs.iter().skip(from).filter(|input| alert(input)).nth(1).is_none() {
        return;
    }
    let tail = inputs.split_off(from.min(inputs.len()));
    let mut places = BTreeMap::new();
    for input in tail {
        match input {
            Input::Signal(row) if row.kind == SignalKind::Alert => {
                let place = *places.entry(row.uid.clone()).or_insert(inputs.len());
                match inputs.get_mut(place) {
                    Some(Input::Signal(whole)) => fold(whole, *row, entities_max),
                    _ => inputs.push(Input::Signal(row)),
                }
            }
            other => inputs.push(other),
        }
    }
}

/// Adds `row` to `whole`. The title is that of the graver row, since rows of evidence bring no severity and often
/// no title, and of rows that are as grave the first in the order of letters, as the correlator has it where they come
/// in two messages; the time is the earliest.
fn fold(whole: &mut Signal, row: Signal, entities_max: usize) {
    if (row.severity, Reverse(&row.title)) > (whole.severity, Reverse(&whole.title)) {
        whole.title = row.title;
        whole.severity = row.severity;
    }
    whole.time = whole.time.min(row.time);
    whole.group = whole.group.of_both(row.group);
    whole.techniques.extend(row.techniques);
    whole.techniques.sort_unstable();
    whole.techniques.dedup();
    whole.techniques.truncate(TECHNIQUES_MAX);
    whole.flags.extend(row.flags);
    let mut room = true;
    for entity in row.entities {
        room &= unite(&mut whole.entities, entity);
    }
    if !room || whole.entities.len() > entities_max {
        whole.entities.truncate(entities_max);
        whole.flags.push(Flag::Truncated);
    }
    whole.flags.sort_unstable();
    whole.flags.dedup();
}
