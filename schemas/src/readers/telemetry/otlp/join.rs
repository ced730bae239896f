//! Log records and their spans: the events of a call are given to its span, or stand for it.
//!
//! Conventions up to 1.36 write each message of a conversation as a log record that names its span. Collectors
//! write traces and logs to different topics, so that the span is hardly ever in the same message: the events
//! that name one span are then read together, as far as they come together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Event, Export, LogRecord, Place, Span, Value, events};
use crate::readers::Carried;
use crate::readers::shipped::record_in;
use crate::time::Timestamp;

/// Gives the records of GenAI calls to their spans, makes spans of the rest of them, and tells how many
/// records belong to other software. Of those, whatever was written as JSON goes to `carried`: collectors read files
/// and queues of vendors, and have each line as a record's body.
pub(super) fn give_records_to_spans(export: &mut Export<'_>, carried: &mut Vec<Carried>) -> u32 {
    let records = std::mem::take(&mut export.records);
    if records.is_empty() {
        return 0;
    }
    let mut by_place: HashMap<Place, usize> =
        export.spans.iter().enumerate().map(|(position, span)| (span.place, position)).collect();
    let mut others = 0_u32;
    for record in records {
        if !events::is_of_genai(&record.event) {
            match document(&record.event) {
                Some(text) => carried.push(Carried { text, written: written(&record.event) }),
                None => others = others.saturating_add(1),
            }
            continue;
        }
        if record.place.span_id == 0 {
            export.spans.push(orphan(record));
            continue;
        }
        match by_place.entry(record.place) {
            Entry::Occupied(known) => {
                if let Some(span) = export.spans.get_mut(*known.get()) {
                    span.events.push(record.event);
                }
            }
            Entry::Vacant(unknown) => {
                unknown.insert(export.spans.len());
                export.spans.push(orphan(record));
            }
        }
    }
    others
}

/// When a log record was written, where it says so.
fn written(event: &Event<'_>) -> Option<Timestamp> {
    Timestamp::from_nanos(event.nanos).filter(|time| *time > Timestamp::default())
}

/// What may be a record of somebody else's in a record's body, written out or structured.
fn document(event: &Event<'_>) -> Option<String> {
    match &event.body {
        Value::Text(text) => record_in(text).map(str::to_owned),
        body @ Value::Map(_) => Some(body.json().into_owned()),
        _ => None,
    }
}

/// A span of which only an event is known.
fn orphan(record: LogRecord<'_>) -> Span<'_> {
    Span {
        place: record.place,
        start_nanos: record.event.nanos,
        start_unreadable: record.time_unreadable,
        flags: record.flags,
        events: vec![record.event],
        resource: record.resource,
        orphaned: true,
        ..Span::default()
    }
}
