//! How well one partition of things agrees with another.

use std::collections::BTreeMap;

/// Pairs of `count` things.
pub fn pairs(count: u64) -> f64 {
    count as f64 * (count as f64 - 1.0) / 2.0
}

/// The adjusted Rand index (Hubert and Arabie 1985) of things that are labelled twice: 1 where both say the same,
/// about 0 where they agree by chance only. Two partitions of which neither joins or neither parts anything agree.
pub fn adjusted_rand<A: Ord + Copy, B: Ord + Copy>(labels: &[(A, B)]) -> f64 {
    let mut cells: BTreeMap<(A, B), u64> = BTreeMap::new();
    let (mut rows, mut columns): (BTreeMap<A, u64>, BTreeMap<B, u64>) = Default::default();
    for (a, b) in labels {
        *cells.entry((*a, *b)).or_default() += 1;
        *rows.entry(*a).or_default() += 1;
        *columns.entry(*b).or_default() += 1;
    }
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.map(pairs).sum::<f64>();
    let both = sum(&mut cells.into_values());
    let (of_a, of_b) = (sum(&mut rows.into_values()), sum(&mut columns.into_values()));
    let all = pairs(labels.len() as u64);
    let expected = if all > 0.0 { of_a * of_b / all } else { 0.0 };
    let most = f64::midpoint(of_a, of_b);
    if (most - expected).abs() < f64::EPSILON { 1.0 } else { (both - expected) / (most - expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_partitions_agree_whatever_their_names() {
        assert!((adjusted_rand(&[(1, 'x'), (1, 'x'), (2, 'y'), (3, 'z')]) - 1.0).abs() < 1e-12);
        assert!((adjusted_rand::<u8, u8>(&[]) - 1.0).abs() < 1e-12);
        assert!((adjusted_rand(&[(1, 1), (1, 1)]) - 1.0).abs() < 1e-12);
    }

    /// The example of Hubert and Arabie's definition, worked by hand: cells {2, 1, 2, 1} in 6 things, rows of 3
    /// and 3, columns of 2, 3 and 1: 2 pairs in both, 6 and 4 in each, 15 in all, 1.6 expected, 5 at most.
    #[test]
    fn a_partial_agreement_lies_between() {
        let labels = [(1, 1), (1, 1), (1, 2), (2, 2), (2, 2), (2, 3)];
        assert!((adjusted_rand(&labels) - (2.0 - 1.6) / (5.0 - 1.6)).abs() < 1e-12);
    }
}
