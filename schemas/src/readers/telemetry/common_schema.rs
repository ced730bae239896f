//! What keeps a record of a schema that any product writes, models' among them, from the readers that go by members alone.

use crate::readers::RawRecord;

/// Whether a record is of such a schema: OCSF or ECS.
pub(super) fn is_of_schema(record: &RawRecord<'_>) -> bool {
    let is_object = || record.field("event").is_some_and(|event| event.get().starts_with('{'));
    record.has_any(&["class_uid", "ecs", "ecs.version", "event.kind"]) || is_object()
}
