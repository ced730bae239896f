//! Changes in the order in which they came, in one piece of memory.
//!
//! A signal writes half a dozen rows, and a batch has thousands of signals: a piece of memory for each key and each
//! value would cost more than to write what they say. Buffers stay when they are emptied, since every batch fills them.

/// Where a change stands in the bytes: its key, then its value.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    key: usize,
    /// Absent where the key goes.
    value: Option<usize>,
}

/// Changes; of several of one key the last counts.
#[derive(Debug, Default)]
pub struct LooseChanges {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// A key, and its new value or `None` where it goes.
pub type Change<'a> = (&'a [u8], Option<&'a [u8]>);

fn change(bytes: &[u8], Place { at, key, value }: Place) -> Change<'_> {
    let from = bytes.get(at..).unwrap_or_default();
    let (key, rest) = from.split_at_checked(key).unwrap_or_default();
    (key, value.map(|length| rest.get(..length).unwrap_or_default()))
}

impl LooseChanges {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Adds one.
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.places.push(Place { at: self.bytes.len(), key: key.len(), value: value.map(<[u8]>::len) });
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
    }

    /// The change at a place, counted from zero.
    pub fn get(&self, at: usize) -> Option<Change<'_>> {
        self.places.get(at).map(|place| change(&self.bytes, *place))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        self.places.iter().map(|place| change(&self.bytes, *place))
    }

    /// Puts those from the place `from` on in the order of their keys; of several of one key the last stays the last.
    pub fn sort_from(&mut self, from: usize) {
        let Self { bytes, places } = self;
        let key = |place: &Place| change(bytes, *place).0;
        places.get_mut(from..).unwrap_or_default().sort_by(|a, b| key(a).cmp(key(b)));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_in_order_and_sorted_with_the_last_of_a_key_last() {
        let mut changes = LooseChanges::default();
        changes.push(b"z", Some(b"first"));
        let rows: [Change<'_>; 4] = [(b"b", Some(b"1")), (b"a", None), (b"b", Some(b"")), (b"", Some(b"empty"))];
        rows.iter().for_each(|(key, value)| changes.push(key, *value));
        assert_eq!(changes.iter().skip(1).collect::<Vec<_>>(), rows);
        changes.sort_from(1);
        let sorted: [Change<'_>; 5] =
            [(b"z", Some(b"first")), (b"", Some(b"empty")), (b"a", None), (b"b", Some(b"1")), (b"b", Some(b""))];
        assert_eq!(changes.iter().collect::<Vec<_>>(), sorted);
        assert_eq!((changes.get(2), changes.get(5), changes.count()), (Some(sorted[2]), None, 5));
        changes.clear();
        assert_eq!(changes.iter().next(), None);
    }
}
