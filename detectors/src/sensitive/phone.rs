//! Telephone numbers: E.164 by the country code's plan, the North American plan by its grouping, and national
//! numbers where a word beside them says what they are.
//!
//! The crate `phonenumber` was weighed and left: it carries the metadata of every plan and a regular expression a
//! region, looks at one string at a time, and costs microseconds for each number of a log. Here one pass over the
//! digits decides. The price is that within a country any grouping and any area is believed.
//!
//! Source: ITU-T E.164 and the ITU's list of country codes; NANPA for area and exchange codes.

use std::ops::Range;

use crate::work::work;

/// What a number shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A plus sign, a country code and as many digits as its plan has.
    International,
    /// Three, three and four digits as North America writes them.
    NorthAmerican,
    /// Digits that a word must explain.
    National,
}

/// The most digits of a number (E.164).
const DIGITS_MAX: usize = 15;
/// How many digits a national number has.
const NATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 7..=12;
/// The most groups in which a number is written.
const GROUPS_MAX: usize = 8;
/// The longest extension behind `x`, in digits.
const EXTENSION_DIGITS_MAX: usize = 6;

/// Country codes of one and two digits with the least and the most digits behind them.
const PLANS: [(u32, usize, usize); 46] = [
    (1, 10, 10),
    (7, 10, 10),
    (20, 8, 10),
    (27, 9, 9),
    (30, 10, 10),
    (31, 9, 9),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 6, 11),
    (40, 9, 9),
    (41, 9, 9),
    (43, 7, 13),
    (44, 9, 10),
    (45, 8, 8),
    (46, 7, 10),
    (47, 8, 8),
    (48, 9, 9),
    (49, 6, 12),
    (51, 8, 9),
    (52, 10, 10),
    (53, 6, 8),
    (54, 10, 11),
    (55, 10, 11),
    (56, 9, 9),
    (57, 8, 10),
    (58, 10, 10),
    (60, 8, 10),
    (61, 9, 9),
    (62, 8, 12),
    (63, 8, 10),
    (64, 8, 10),
    (65, 8, 8),
    (66, 8, 9),
    (81, 9, 10),
    (82, 8, 10),
    (84, 9, 10),
    (86, 10, 11),
    (90, 10, 10),
    (91, 10, 10),
    (92, 9, 10),
    (93, 9, 9),
    (94, 9, 9),
    (95, 7, 10),
    (98, 10, 10),
];

/// The number whose first digits are the atom at `atom`, in a folded text.
pub fn at(text: &[u8], atom: usize) -> Option<(Range<usize>, Form)> {
    let before = |at: usize| at.checked_sub(1).and_then(|at| text.get(at)).copied();
    let bracket = usize::from(before(atom) == Some(b'('));
    let plus = usize::from(before(atom - bracket) == Some(b'+'));
    let start = atom - bracket - plus;
    let glued = before(start).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'%' | b'@'));
    let inner = plus == 0 && bracket == 0 && !super::candidate::begins(text, atom);
    if glued || inner {
        return None;
    }
    // Most numbers of a text are short and stand alone: a glance at what follows them spares the reading.
    let run = text.get(atom..).unwrap_or_default().iter().take(DIGITS_MAX).take_while(|b| b.is_ascii_digit()).count();
    let ends = text.get(atom + run).is_none_or(|b| !is_separator(*b));
    if ends && run < *NATIONAL_DIGITS.start() {
        return None;
    }
    let groups = Groups::read(text, atom, plus == 1);
    work(groups.count + groups.groups);
    let (end, form) = if plus == 1 {
        (groups.end_of_plan(groups.digits())?, Form::International)
    } else if let Some(end) = groups.exit_code().and_then(|rest| groups.end_of_plan(rest)) {
        (end, Form::International)
    } else if groups.north_american() {
        (groups.end()?, if groups.told || bracket == 1 { Form::NorthAmerican } else { Form::National })
    } else {
        (groups.national().then(|| groups.end())??, Form::National)
    };
    let end = extension(text, end);
    super::candidate::ends(text, end).then_some((start..end, form))
}

/// Digits as they stand in groups, without a byte on the heap: most numbers of a text are no telephone's.
#[derive(Debug, Default)]
struct Groups {
    digits: [u8; DIGITS_MAX],
    count: usize,
    /// How many digits there are at the end of each group, and where it ends.
    ends: [(usize, usize); GROUPS_MAX],
    groups: usize,
    /// Whether something else than a space stands between groups, and whether nothing but dots does.
    told: bool,
    dots: bool,
}

impl Groups {
    fn read(text: &[u8], start: usize, international: bool) -> Self {
        let mut groups = Self { dots: true, ..Self::default() };
        let (mut at, mut before) = (start, if start > 0 { text.get(start - 1).copied() } else { None });
        loop {
            // A zero in brackets is dialled inside the country only.
            if international && before == Some(b'(') && text.get(at..at + 2) == Some(b"0)") {
                at += 2;
            }
            let rest = text.get(at..).unwrap_or_default();
            let run = rest.iter().take(DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
            if groups.count + run > DIGITS_MAX || groups.groups == GROUPS_MAX {
                return groups;
            }
            if run > 0 {
                groups.digits[groups.count..groups.count + run].copy_from_slice(&rest[..run]);
                groups.count += run;
                at += run;
                groups.ends[groups.groups] = (groups.count, at);
                groups.groups += 1;
            }
            let rest = text.get(at..).unwrap_or_default();
            let gap = rest.iter().take(3).take_while(|b| is_separator(**b)).count();
            if gap == 0 || gap > 2 || !rest.get(gap).is_some_and(u8::is_ascii_digit) {
                return groups;
            }
            for b in &rest[..gap] {
                groups.told |= *b != b' ';
                groups.dots &= *b == b'.';
                before = Some(*b);
            }
            at += gap;
        }
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    fn ends(&self) -> &[(usize, usize)] {
        self.ends.get(..self.groups).unwrap_or_default()
    }

    fn end(&self) -> Option<usize> {
        self.ends().last().map(|(_, end)| *end)
    }

    /// How many digits each group has; 0 behind the last.
    fn lengths(&self) -> [usize; GROUPS_MAX] {
        let mut lengths = [0; GROUPS_MAX];
        let mut before = 0;
        for (length, (digits, _)) in lengths.iter_mut().zip(self.ends()) {
            *length = digits - std::mem::replace(&mut before, *digits);
        }
        lengths
    }

    /// The digits behind `00`, which dials abroad nearly everywhere.
    fn exit_code(&self) -> Option<&[u8]> {
        self.digits().strip_prefix(b"00").filter(|rest| rest.first() != Some(&b'0'))
    }

    /// Where the longest number ends that `digits`, the last of the read ones, make by their country's plan.
    fn end_of_plan(&self, digits: &[u8]) -> Option<usize> {
        let skipped = self.count - digits.len();
        let (code, least, most) = plan(digits)?;
        let fits = |count: usize| (code + least..=code + most).contains(&count);
        self.ends().iter().rev().find(|(count, _)| fits(count.saturating_sub(skipped))).map(|(_, end)| *end)
    }

    /// Neither area nor exchange begins with 0 or 1.
    fn north_american(&self) -> bool {
        let lengths = self.lengths();
        let shape = lengths.starts_with(&[3, 3, 4, 0])
            || lengths.starts_with(&[1, 3, 3, 4, 0]) && self.digits().first() == Some(&b'1');
        let ten = self.count.checked_sub(10).and_then(|at| self.digits().get(at..)).unwrap_or_default();
        shape && [ten.first(), ten.get(3)].iter().all(|b| b.is_some_and(|b| *b >= b'2'))
    }

    /// Neither a date nor an address of a network.
    fn national(&self) -> bool {
        let lengths = self.lengths();
        let date = lengths.starts_with(&[4, 2, 2, 0]) || lengths.starts_with(&[2, 2, 4, 0]);
        let ip = self.groups == 4 && self.dots;
        NATIONAL_DIGITS.contains(&self.count) && !date && !ip
    }
}

fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b'-' | b'.' | b'/' | b'(' | b')')
}

/// How many digits the country code has, and the least and most behind it.
fn plan(digits: &[u8]) -> Option<(usize, usize, usize)> {
    let code = |count: usize| digits.get(..count).map(|code| super::checks::value(code) as u32);
    let known = |count: usize| {
        let wanted = code(count)?;
        PLANS.iter().find(|(code, ..)| *code == wanted).map(|(_, least, most)| (count, *least, *most))
    };
    // What is no code of one or two digits begins one of three.
    let three =
        matches!(code(2)?, 21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99);
    known(1).or_else(|| known(2)).or(three.then_some((3, 6, 11)))
}

/// The end with an extension, as in `x4021`.
fn extension(text: &[u8], end: usize) -> usize {
    let digits = |at: usize| text.get(at..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let gap = usize::from(text.get(end) == Some(&b' '));
    let mark = match text.get(end + gap..) {
        Some([b'e', b'x', b't', b'.', ..]) => 4,
        Some([b'e', b'x', b't', ..]) => 3,
        Some([b'x', ..]) => 1,
        _ => return end,
    };
    let start = end + gap + mark + usize::from(text.get(end + gap + mark) == Some(&b' '));
    if (1..=EXTENSION_DIGITS_MAX).contains(&digits(start)) { start + digits(start) } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_plans() {
        use Form::{International, National, NorthAmerican};
        let cases = [
            ("+34874 26 99 10", International),
            ("+49(0)3633 63953", International),
            ("+46 (0)8 024 589 21", International),
            ("+1 202-555-0117", International),
            ("0049 30 901820", International),
            ("(415) 555-0132", NorthAmerican),
            ("591-378-8482 x888", NorthAmerican),
            ("868.303.6014x445", NorthAmerican),
            ("1-800-555-0199", NorthAmerican),
            ("024 971 50 30", National),
            ("01174960068", National),
        ];
        for (number, form) in cases {
            let first = number.find(|c: char| c.is_ascii_digit()).unwrap_or_default();
            assert_eq!(at(number.as_bytes(), first), Some((0..number.len(), form)), "{number}");
        }
        for text in ["2026-05-01", "10.0.22.17", "12345", "1234567890123456", "+0 1234567", "192.168.100.200"] {
            let first = text.find(|c: char| c.is_ascii_digit()).unwrap_or_default();
            assert_eq!(at(text.as_bytes(), first), None, "{text}");
        }
    }
}
