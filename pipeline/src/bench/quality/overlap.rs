//! Pairwise precision and recall where a record counts in every incident that it stands in.
//!
//! The other figures put each record where it is nearest, as an analyst looks at it first. But a record from an exit
//! that two attackers rent stands in the incidents of both, and which of them is nearer is chance. Here, as Banerjee,
//! Krumpelman, Basu, Mooney and Ghosh define it for clusters that overlap (Model-based Overlapping Clustering, KDD
//! 2005), two records belong together where they share an incident, whichever. What that gains in recall it pays for in
//! precision: the record is the other campaign's guest too.

use std::collections::{BTreeMap, BTreeSet};

use super::clustering::pairs;

/// In which incidents a record stands.
pub type Residences<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Precision and recall of a campaign, of `items` by id and campaign; `None` where there is no pair to judge by.
pub fn pairwise(campaign: &str, items: &[(&str, &str)], residences: &Residences<'_>) -> [Option<f64>; 2] {
    let of = |id: &str| residences.get(id);
    let share = |a: &str, b: &str| of(a).zip(of(b)).is_some_and(|(a, b)| !a.is_disjoint(b));
    let (own, others): (Vec<_>, Vec<_>) = items.iter().partition(|(_, of)| *of == campaign);
    let (mut together, mut foreign) = (0_u64, 0_u64);
    for (at, (one, _)) in own.iter().enumerate() {
        together += own.iter().skip(at + 1).filter(|(other, _)| share(one, other)).count() as u64;
        foreign += others.iter().filter(|(other, _)| share(one, other)).count() as u64;
    }
    let said = together + foreign;
    let precision = (said > 0).then(|| together as f64 / said as f64);
    [precision, (own.len() > 1).then(|| together as f64 / pairs(own.len() as u64))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two campaigns of three and two records one of each stands in both incidents.
    #[test]
    fn who_stands_in_two_incidents_is_found_in_both_and_a_guest_in_one() {
        let residences: Residences<'_> =
            [("a1", &["x"][..]), ("a2", &["x"]), ("a3", &["x", "y"]), ("b1", &["y"]), ("b2", &["x", "y"])]
                .map(|(id, incidents)| (id, incidents.iter().copied().collect()))
                .into();
        let items = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c"), ("c2", "c")];
        // Of a: its 3 pairs, and 3 with b2 and one of a3 with b1.
        assert_eq!(pairwise("a", &items, &residences), [Some(3.0 / 7.0), Some(1.0)]);
        assert_eq!(pairwise("b", &items, &residences), [Some(1.0 / 5.0), Some(1.0)]);
        assert_eq!(pairwise("c", &items, &residences), [None, Some(0.0)], "in no incident");
        assert_eq!(pairwise("d", &items, &residences), [None, None]);
    }
}
