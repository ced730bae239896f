//! How rows are named: one byte for the table, the tenant with its length, then the table's parts.
//!
//! Numbers are big-endian, so that rows of a table stand in the order of their times. Names inside a
//! key carry their length, so that no two lists of parts share a key; a signal's uid stands last and
//! bare, so that rows with the same time stand in the order of their uids.
//!
//! Keys are most of what a signal costs on disk, and bytes are rewritten by every compaction: lengths take
//! one byte as a rule, times six, and a uid that is a UUID in text its sixteen bytes.

use schemas::SignalUid;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The last instant that a key can name.
const TIME_MAX: i64 = (1 << 48) - 1;
/// What a uid at the end of a key is written as.
const UID_BYTES: u8 = 0;
const UID_TEXT: u8 = 1;

/// The tables. The bytes are part of the state's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Merged-away components, by the component that holds them now.
    Alias,
    /// What people decided about an incident, by component.
    Case,
    /// Incidents that are over and whose state is gone, as they were told last.
    Closed,
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
    /// Which devices claimed a private address, by stretch of time.
    Lease,
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
    /// The byte with which its keys start.
    pub fn code(self) -> u8 {
        match self {
            Self::Alias => b'A',
            Self::Case => b'V',
            Self::Closed => b'F',
            Self::Command => b'B',
            Self::Component => b'C',
            Self::Due => b'D',
            Self::Expiry => b'X',
            Self::Head => b'K',
            Self::Habit => b'H',
            Self::Incident => b'I',
            Self::Identity => b'J',
            Self::Lease => b'L',
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// The start of every key of `tenant` in `table`.
    pub fn new(table: Table, tenant: &str) -> Self {
        let mut key = Vec::with_capacity(96);
        key.push(table.code());
        Self(key).name(tenant)
    }

    /// What goes on from `bytes`.
    pub fn after(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// A name with its length before it, in groups of seven bits, the lowest first (LEB128).
    pub fn name(mut self, name: &str) -> Self {
        let mut length = name.len();
        while length >= 0x80 {
            self.0.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
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

    /// Milliseconds since the epoch, in six bytes, which last beyond the year 9999; what lies before or
    /// beyond counts as the first or the last instant.
    pub fn time(mut self, millis: i64) -> Self {
        let millis = millis.clamp(0, TIME_MAX);
        self.0.extend(millis.to_be_bytes().into_iter().skip(2));
        self
    }

    /// A signal's uid as the last part: a UUID in its canonical text as its bytes, any other text as it is.
    pub fn uid(mut self, uid: &str) -> Vec<u8> {
        match uuid_bytes(uid) {
            Some(bytes) => {
                self.0.push(UID_BYTES);
                self.0.extend_from_slice(&bytes);
                self.0
            }
            None => self.byte(UID_TEXT).tail(uid),
        }
    }

    /// A signal's uid of which others may follow.
    pub fn one_of_uids(mut self, uid: &str) -> Self {
        match uuid_bytes(uid) {
            Some(bytes) => {
                self.0.push(UID_BYTES);
                self.0.extend_from_slice(&bytes);
                self
            }
            None => self.byte(UID_TEXT).name(uid),
        }
    }

    /// The last part, without a length.
    pub fn tail(mut self, name: &str) -> Vec<u8> {
        self.0.extend_from_slice(name.as_bytes());
        self.0
    }

    /// How many bytes it has so far.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// What it is so far.
    pub fn bytes(&self) -> &[u8] {
        &self.0
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

/// The bytes of a UUID that stands in its canonical text; every signal asks for them several times.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; Hyphenated::LENGTH] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    let mut nibbles = 0;
    for (at, byte) in text.iter().enumerate() {
        let nibble = match byte {
            b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        let into = bytes.get_mut(nibbles / 2)?;
        *into = *into << 4 | nibble;
        nibbles += 1;
    }
    (nibbles == 32).then_some(bytes)
}

/// The uid that was written as these bytes.
fn uuid_text(bytes: &[u8]) -> Option<SignalUid> {
    let uid = Uuid::from_slice(bytes).ok()?;
    Some(SignalUid::from(&*uid.as_hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH])))
}

/// The part of a key that all rows of one list have in common: postings of one link key, claims of one address. `None`
/// where `key` is of neither or ends before.
pub fn list_name(key: &[u8]) -> Option<&[u8]> {
    let mut parts = Parts::after(key, 1);
    let table = *key.first()?;
    parts.named().filter(|_| table == Table::Lease.code() || table == Table::Posting.code())?;
    if table == Table::Posting.code() {
        parts.byte()?;
    }
    parts.named()?;
    key.get(..key.len() - parts.0.len())
}

/// Whether every signal writes a row like this one, and hardly anybody asks for it soon.
pub fn is_mostly_unread(key: &[u8]) -> bool {
    [Table::Lease, Table::Posting, Table::Signal].into_iter().any(|table| key.first() == Some(&table.code()))
}

/// What names all rows that are asked for together with this one, of those that are mostly unread: its list, or of a
/// signal the row itself.
pub fn asked_as(key: &[u8]) -> Option<&[u8]> {
    if key.first() == Some(&Table::Signal.code()) { Some(key) } else { list_name(key) }
}

/// All tenants' rows of `table`.
pub fn table_range(table: Table) -> (Vec<u8>, Vec<u8>) {
    Key(vec![table.code()]).prefix_range()
}

/// All tenants' rows of [`Table::Tenant`].
pub fn tenants_range() -> (Vec<u8>, Vec<u8>) {
    table_range(Table::Tenant)
}

/// Reads the parts of a key back, from the end of a known prefix on.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// The parts of `key` after the first `prefix` bytes.
    pub fn after(key: &'a [u8], prefix: usize) -> Self {
        Self(key.get(prefix..).unwrap_or_default())
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        let (bytes, rest) = self.0.split_first_chunk::<6>()?;
        self.0 = rest;
        Some(bytes.iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte)))
    }

    /// The next name.
    pub fn name(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.named()?).ok()
    }

    /// The bytes of the next name.
    fn named(&mut self) -> Option<&'a [u8]> {
        let mut length = 0_usize;
        for shift in (0..28).step_by(7) {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let (name, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                return Some(name);
            }
        }
        None
    }

    /// What is left, as a signal's uid.
    pub fn uid(mut self) -> Option<SignalUid> {
        match self.byte()? {
            UID_BYTES => uuid_text(self.0),
            UID_TEXT => self.tail().map(SignalUid::from),
            _ => None,
        }
    }

    /// The next of several uids.
    pub fn one_of_uids(&mut self) -> Option<SignalUid> {
        match self.byte()? {
            UID_BYTES => {
                let (bytes, rest) = self.0.split_first_chunk::<16>()?;
                self.0 = rest;
                uuid_text(bytes)
            }
            UID_TEXT => self.name().map(SignalUid::from),
            _ => None,
        }
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
        for length in [0, 1, 127, 128, 1_024, 70_000] {
            let long = "x".repeat(length);
            let key = Key::new(Table::Head, &long).done();
            assert_eq!(Parts::after(&key, 1).name(), Some(long.as_str()));
        }
    }

    /// Only the text that a UUID is read back to is written as its bytes.
    #[test]
    fn uids_come_back_as_they_were() {
        let uuid = "0b4c1f6e-9c3d-5a51-8f27-d0a0b5a4f3c2";
        let upper = uuid.to_uppercase();
        let braced = format!("{{{uuid}}}");
        let moved = "0b4c1f6e9-c3d-5a51-8f27-d0a0b5a4f3c2";
        let bare = "0b4c1f6e9c3d5a518f27d0a0b5a4f3c2";
        let (filled, longer) = (format!("{bare:a<36}"), format!("{uuid}f"));
        for uid in [uuid, &upper, &braced, moved, bare, &filled, &longer, "", "s1", "é", &"é".repeat(18)] {
            let key = Key::new(Table::Signal, "t").uid(uid);
            assert_eq!(Parts::after(&key, 3).uid(), Some(SignalUid::from(uid)));
            assert_eq!(key.get(3), Some(if uid == uuid { &UID_BYTES } else { &UID_TEXT }), "{uid}");
        }
        assert_eq!(Key::new(Table::Signal, "t").uid(uuid).len(), 3 + 17);
    }

    #[test]
    fn keys_stand_in_the_order_of_time_then_uid() {
        let key = |time, uid| Key::new(Table::Posting, "t").name("ip").time(time).tail(uid);
        let sorted = [key(0, "z"), key(1, "a"), key(255, ""), key(256, "a"), key(256, "ab"), key(256, "b")];
        assert!(sorted.is_sorted());
    }

    #[test]
    fn no_tenant_reaches_into_another() {
        for (one, other) in [("a", "ab"), ("a", "a\0"), ("", "\0\0\0\0"), ("a\u{1}", "a"), ("\u{1}", "")] {
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
            assert_eq!(Parts::after(&key, 0).name(), None);
            let mut parts = Parts::after(&key, 1);
            let _ = (parts.name(), parts.number(), parts.byte(), parts.time(), parts.uid(), parts.tail());
        }
    }
}
