//! A plain signal for the tests of this room.

use schemas::{Facts, Group, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp};

/// A context signal without entities, `secs` after an hour's start in May 2026.
pub fn signal(uid: &str, secs: i64) -> Signal {
    const START: i64 = 1_777_593_600_000;
    Signal {
        uid: SignalUid::from(uid),
        native_id: uid.to_owned(),
        tenant: TenantId::from("acme"),
        time: Timestamp::from_millis(START + secs * 1_000).expect("a time"),
        group: Group::Identity,
        product: "test".to_owned(),
        kind: SignalKind::Context,
        title: String::new(),
        severity: Severity::Informational,
        category: None,
        techniques: Vec::new(),
        entities: Vec::new(),
        flags: Vec::new(),
        facts: Facts::default(),
    }
}
