//! Sets of sensitive information types, so that words can be asked about many types at once.

/// How many types the table may have; a test holds it to that.
pub const TYPES_MAX: usize = 256;

/// A set of types, by their places in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeSet([u64; TYPES_MAX / 64]);

impl TypeSet {
    /// Adds a type; a place beyond the table is none.
    pub fn insert(&mut self, place: u16) {
        if let Some(part) = self.0.get_mut(usize::from(place) / 64) {
            *part |= 1 << (place % 64);
        }
    }

    /// Whether the type at `place` is a member.
    pub fn has(&self, place: u16) -> bool {
        self.0.get(usize::from(place) / 64).is_some_and(|part| part >> (place % 64) & 1 == 1)
    }

    /// The members of both.
    pub fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// The members that are none of `other`.
    pub fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; TYPES_MAX / 64]
    }

    /// The members, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        (0..).zip(self.0).flat_map(|(at, mut part): (u16, u64)| {
            std::iter::from_fn(move || {
                let bit = part.trailing_zeros();
                part &= part.wrapping_sub(1);
                (bit < u64::BITS).then_some(at * 64 + bit as u16)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::form::FORMS;

    #[test]
    fn members_come_in_order() {
        let of = |places: &[u16]| {
            let mut set = TypeSet::default();
            places.iter().for_each(|place| set.insert(*place));
            set
        };
        let set = of(&[200, 0, 64, 63, 999]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 200]);
        assert!(set.has(63) && !set.has(62) && !set.has(999));
        assert_eq!(set.without(&of(&[0, 63])), of(&[64, 200]));
        assert_eq!(set.and(&of(&[0, 1])), of(&[0]));
        assert!(set.and(&of(&[1])).is_empty());
    }

    #[test]
    fn the_table_fits() {
        assert!(FORMS.types.len() <= TYPES_MAX, "{}", FORMS.types.len());
    }
}
