//! How numbers are written: the forms of the table, compiled, and looked up by length.
//!
//! A number is told from others by four facts that are cheap to compare: how long it is, where its letters
//! stand, where its digits stand, and where separators part it. Not here: cutting a text into numbers
//! ([`super::candidate`]).

use std::sync::LazyLock;

use super::candidate::Compact;
use super::information_type::InformationType;
use super::types;
use crate::work::work;

/// The longest number of the table, in characters without separators.
pub const NUMBER_BYTES_MAX: usize = 20;

/// A compiled form.
#[derive(Clone, Debug)]
struct Form {
    /// Where letters must stand, a bit a character.
    letters: u32,
    /// Where digits must stand.
    digits: u32,
    /// Before which characters a separator may stand.
    separators: u32,
    /// Before which one must stand.
    required: u32,
    /// Characters that are given.
    given: Vec<(usize, u8)>,
    /// The type, by its place in [`Forms::types`].
    of: u16,
}

/// Every type and its forms.
#[derive(Debug)]
pub struct Forms {
    /// The types, in the order of the table.
    pub types: Vec<&'static InformationType>,
    /// By length, those that fit digits alone and those that want letters.
    by_length: Vec<[Group; 2]>,
}

/// Forms by whether separators part what they fit: most groups of digits in a text are told by that.
#[derive(Debug, Default)]
struct Group {
    /// Where any form allows a separator.
    separators: u32,
    /// Those that fit what nothing parts.
    plain: Vec<Form>,
    /// Those that fit what is parted.
    parted: Vec<Form>,
}

/// The table, compiled at first use.
pub static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let types: Vec<_> = types::all().collect();
    let mut by_length: Vec<[Group; 2]> = (0..=NUMBER_BYTES_MAX).map(|_| Default::default()).collect();
    for (of, written) in (0..).zip(&types).flat_map(|(of, kind)| kind.forms.iter().map(move |form| (of, form))) {
        let (length, form) = compiled(written, of);
        let lettered = form.letters != 0 || form.given.iter().any(|(_, c)| c.is_ascii_alphabetic());
        let free = form.letters | form.digits | form.given.iter().fold(0, |all, (at, _)| all | 1 << at);
        for (with_letters, group) in by_length.get_mut(length).into_iter().flatten().enumerate() {
            // What fits digits and letters alike stands in both.
            if with_letters == 1 && (lettered || free.count_ones() < length as u32) || with_letters == 0 && !lettered {
                group.add(&form);
            }
        }
    }
    Forms { types, by_length }
});

impl Group {
    fn add(&mut self, form: &Form) {
        self.separators |= form.separators;
        if form.required == 0 {
            self.plain.push(form.clone());
        }
        if form.separators != 0 {
            self.parted.push(form.clone());
        }
    }

    fn forms(&self, separators: u32) -> &[Form] {
        match separators {
            0 => &self.plain,
            _ if separators & !self.separators == 0 => &self.parted,
            _ => &[],
        }
    }
}

fn compiled(written: &str, of: u16) -> (usize, Form) {
    let mut form = Form { letters: 0, digits: 0, separators: 0, required: 0, given: Vec::new(), of };
    let mut length = 0;
    for c in written.bytes() {
        let bit = 1_u32 << length.min(31);
        match c {
            b'-' | b'=' => {
                form.separators |= bit;
                form.required |= if c == b'=' { bit } else { 0 };
                continue;
            }
            b'#' => form.digits |= bit,
            b'@' => form.letters |= bit,
            b'?' => {}
            given => form.given.push((length, given)),
        }
        length += 1;
    }
    (length, form)
}

impl Forms {
    /// The types, by place, that a number may be of by its form alone.
    pub fn matching<'f>(&'f self, number: &'f Compact) -> impl Iterator<Item = u16> + 'f {
        let groups = self.by_length.get(number.len()).map_or(&[][..], |groups| groups.as_slice());
        let group = groups.get(usize::from(number.letters() != 0));
        let forms = group.map_or(&[][..], |group| group.forms(number.separators()));
        work(1 + forms.len());
        forms.iter().filter(|form| form.fits(number)).map(|form| form.of)
    }

    /// The place of the type that is called `id`.
    pub fn place(&self, id: &str) -> Option<u16> {
        self.types.iter().position(|kind| kind.id == id).map(|at| at as u16)
    }
}

impl Form {
    fn fits(&self, number: &Compact) -> bool {
        let bytes = number.bytes();
        number.separators() & !self.separators == 0
            && number.separators() & self.required == self.required
            && number.letters() & self.digits == 0
            && number.letters() & self.letters == self.letters
            && self.given.iter().all(|(at, c)| bytes.get(*at) == Some(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_fits_and_every_type_can_be_found() {
        for kind in &FORMS.types {
            for form in kind.forms {
                let length = form.bytes().filter(|c| !b"-=".contains(c)).count();
                assert!(length <= NUMBER_BYTES_MAX, "{}: {form}", kind.id);
                assert!(form.bytes().all(|c| b"#@?-=".contains(&c) || c.is_ascii_lowercase() || c.is_ascii_digit()));
            }
            assert!(!kind.source.is_empty() && !kind.name.is_empty(), "{}", kind.id);
            let by_itself = kind.alone.is_some() || kind.forms.is_empty();
            assert!(by_itself || !kind.words.is_empty(), "{}: nothing can tell it", kind.id);
        }
        let mut ids: Vec<_> = FORMS.types.iter().map(|kind| kind.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), FORMS.types.len(), "ids are unique");
    }
}
