//! Answers of vendors' APIs and incidents that hold several records, which are read each for itself.
//!
//! The usual collections are opened before any reader is asked. Here are lists that only their vendor's reader knows
//! for what they are. Elements are records and never such lists again.

use crate::readers::budget::ELEMENTS_MAX;
use crate::readers::error::Reason;
use crate::readers::json::{self, Json};
use crate::readers::{Context, Output, RawRecord, ReadError, Rejected};

/// Reads every element of `list` that `is_record` with `read`; one that cannot be read is rejected alone. An empty list
/// is counted as passed by, as an empty collection is.
///
/// # Errors
/// When `list` is no list, or one of too many elements.
pub(super) fn read_each(
    list: Json<'_>,
    is_record: impl Fn(&RawRecord<'_>) -> bool,
    read: impl Fn(&RawRecord<'_>, &Context<'_>, &mut Output) -> Result<(), ReadError>,
    context: &Context<'_>,
    out: &mut Output,
) -> Result<(), ReadError> {
    let elements = json::elements(list.get()).map_err(|error| ReadError::json(&error))?;
    if elements.len() > ELEMENTS_MAX {
        let message = format!("a list of {} elements, the limit is {ELEMENTS_MAX}", elements.len());
        return Err(ReadError::new(Reason::TooLarge, message));
    }
    out.passed_by = out.passed_by.saturating_add(u32::from(elements.is_empty()));
    for element in elements {
        let bytes = element.get().as_bytes();
        let record = RawRecord::new(bytes).within(context.limits);
        let result = if is_record(&record) {
            read(&record, context, out)
        } else {
            let message = "an element of the list has not the shape of its kind";
            Err(ReadError::new(Reason::UnrecognisedFormat, message))
        };
        if let Err(error) = result {
            out.rejected.push(Rejected { bytes: bytes.to_vec(), error });
        }
    }
    Ok(())
}
