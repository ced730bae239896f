//! How rows are named: one byte for the table, the tenant with its length, then the table's parts.
//!
//! Numbers are big-endian, so that rows of a table stand in the order of their times. Names inside a
//! key carry their length, so that no two lists of parts share a key; a signal's uid stands last and
//! bare, so that rows with the same time stand in the order of their uids.

/// The tables. The bytes are part of the state's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Merged-away components, by the component that holds them now.
    Alias,
    /// What people decided about an incident, by component.
    Case,
    /// Commands that were given, by id.
    Command,
    /// Components: openers that belong together with all that joined them.
    Component,
    /// Components with changes that are not published, by the time at which they are due.
    Due,
    /// Things to be removed, by time.
    Expiry,
    /// Counters of a link key.
    Head,
    /// On which days an alert was raised about an actor.
    Habit,
    /// Uids that incidents were published under, with their component.
    Incident,
    /// Names of users and devices, with what other names stand beside them.
    Identity,
    /// Members of a component, the most telling first.
    Member,
    /// Signals that an analyst put where they are.
    Pin,
    /// Signals that have a link key, by class and time.
    Posting,
    /// Open components, by the time at which they may have become quiet.
    Quiet,
    /// Uids of incidents that were closed, and where they went.
    Redirect,
    /// What rules remember of a group, by the time at which to look at it.
    RuleDue,
    /// What rules remember of a group.
    RuleMemory,
    /// Signals.
    Signal,
    /// Signals that a rule suppresses, with the rule's name.
    Suppressed,
    /// Suppression rules that came by command, one row.
    Suppression,
    /// What closed incidents leave behind, by actor.
    Trace,
    /// The tenants themselves; the only table whose rows are found without knowing the tenant.
    Tenant,
}

impl Table {
    fn code(self) -> u8 {
        match self {
            Self::Alias => b'A',
            Self::Case => b'V',
            Self::Command => b'B',
            Self::Component => b'C',
            Self::Due => b'D',
            Self::Expiry => b'X',
            Self::Head => b'K',
            Self::Habit => b'H',
            Self::Incident => b'I',
            Self::Identity => b'J',
            Self::Member => b'M',
            Self::Pin => b'N',
            Self::Posting => b'P',
            Self::Quiet => b'Q',
            Self::Redirect => b'U',
            Self::RuleDue => b'E',
            Self::RuleMemory => b'G',
            Self::Signal => b'S',
            Self::Suppressed => b'Y',
            Self::Suppression => b'Z',
            Self::Tenant => b'T',
            Self::Trace => b'R',
        }
    }
}

/// A key under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// The start of every key of `tenant` in `table`.
    pub fn new(table: Table, tenant: &str) -> Self {
        let mut key = Vec::with_capacity(96);
        key.push(table.code());
        Self(key).name(tenant)
    }

    /// A name with its length before it.
    pub fn name(mut self, name: &str) -> Self {
        self.0.extend_from_slice(&(name.len() as u32).to_be_bytes());
        self.0.extend_from_slice(name.as_bytes());
        self
    }

    /// A small number.
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// A number that orders.
    pub fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Milliseconds since the epoch; what lies before it counts as the epoch.
    pub fn time(self, millis: i64) -> Self {
        self.number(millis.max(0) as u64)
    }

    /// The last part, without a length.
    pub fn tail(mut self, name: &str) -> Vec<u8> {
        self.0.extend_from_slice(name.as_bytes());
        self.0
    }

    /// The key as it stands.
    pub fn done(self) -> Vec<u8> {
        self.0
    }

    /// The keys that start with this one: from it (included) to the returned end (excluded).
    pub fn prefix_range(self) -> (Vec<u8>, Vec<u8>) {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        (self.0, end)
    }
}

/// All tenants' rows of [`Table::Tenant`].
pub fn tenants_range() -> (Vec<u8>, Vec<u8>) {
    Key(vec![Table::Tenant.code()]).prefix_range()
}

/// Reads the parts of a key back, from the end of a known prefix on.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// The parts of `key` after the first `prefix` bytes.
    pub fn after(key: &'a [u8], prefix: usize) -> Self {
        Self(key.get(prefix..).unwrap_or_default())
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*bytes))
    }

    /// The next time, in milliseconds.
    pub fn time(&mut self) -> Option<i64> {
        i64::try_from(self.number()?).ok()
    }

    /// The next name.
    pub fn name(&mut self) -> Option<&'a str> {
        let (bytes, rest) = self.0.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(u32::from_be_bytes(*bytes) as usize)?;
        self.0 = rest;
        std::str::from_utf8(name).ok()
    }

    /// What is left, as text.
    pub fn tail(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let prefix = Key::new(Table::Posting, "té\0nant").name("user").name("alice@contoso.example");
        let start = prefix.clone().done().len();
        let key = prefix.byte(2).time(1_767_225_600_000).tail("uid-1");
        let mut parts = Parts::after(&key, 1);
        assert_eq!(parts.name(), Some("té\0nant"));
        assert_eq!((parts.name(), parts.name()), (Some("user"), Some("alice@contoso.example")));
        let mut parts = Parts::after(&key, start);
        assert_eq!((parts.byte(), parts.time(), parts.tail()), (Some(2), Some(1_767_225_600_000), Some("uid-1")));
    }

    #[test]
    fn keys_stand_in_the_order_of_time_then_uid() {
        let key = |time, uid| Key::new(Table::Posting, "t").name("ip").time(time).tail(uid);
        let sorted = [key(0, "z"), key(1, "a"), key(255, ""), key(256, "a"), key(256, "ab"), key(256, "b")];
        assert!(sorted.is_sorted());
    }

    #[test]
    fn no_tenant_reaches_into_another() {
        for (one, other) in [("a", "ab"), ("a", "a\0"), ("", "\0\0\0\0"), ("a\u{1}", "a")] {
            let (from, to) = Key::new(Table::Signal, one).prefix_range();
            let foreign = Key::new(Table::Signal, other).tail("uid");
            assert!(!(from <= foreign && foreign < to), "{one:?} {other:?}");
            let own = Key::new(Table::Signal, one).tail("uid");
            assert!(from <= own && own < to);
        }
    }

    #[test]
    fn a_damaged_key_is_no_panic() {
        for length in 0..12 {
            let key = vec![0xff; length];
            let mut parts = Parts::after(&key, 1);
            let _ = (parts.name(), parts.number(), parts.byte(), parts.time(), parts.tail());
        }
    }
}
