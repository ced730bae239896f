//! A plain signal for the tests of this room.

use schemas::{Signal, TenantId, Timestamp};

use super::case::{START_MILLIS, blank};

/// A context signal without entities, `secs` after the start of all cases.
pub fn signal(uid: &str, secs: i64) -> Signal {
    let time = Timestamp::from_millis(START_MILLIS + secs * 1_000).expect("a time");
    Signal { tenant: TenantId::from("acme"), product: "test".to_owned(), ..blank(uid, time) }
}
