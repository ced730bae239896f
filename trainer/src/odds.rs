//! The second model: what windows, what lies beyond them, length and rules weigh against each other.
//!
//! It is fitted on texts of sources and families that the tables had not seen, so that it trusts them as far as they
//! can be trusted on what comes. Its bias is then moved until a half is reached by [`BENIGN_SHARE`] of
//! the benign texts, each source counting alike.

use detectors::model::{EVIDENCES, Evidence, HEADS, Head};

/// How many benign texts may reach a half.
pub const BENIGN_SHARE: f64 = 0.0075;
const ROUNDS: usize = 400;
const STEP: f64 = 0.5;
/// The highest price of a doubling in log odds: twice as many windows are twice as likely to hold a high one by chance.
const LENGTH_MAX: f64 = std::f64::consts::LN_2;
/// The most that a rule adds to each head, in log odds: rules were written by people who had read the samples, so even
/// what is left out trusts them more than the world should. Documents have few signs beside them.
const RULES_MAX: [f64; HEADS] = [2.5, 4.5];

/// Between what each weight of `head` stays: no evidence of an attack speaks against one, and length costs no more than
/// chance explains, so that no attack drowns in ordinary text, however rare that is where this is fitted.
fn bounds(head: usize) -> [(f64, f64); EVIDENCES] {
    let rules = RULES_MAX.get(head).copied().unwrap_or_default();
    [(0.0, f64::MAX), (0.0, f64::MAX), (0.0, f64::MAX), (-LENGTH_MAX, 0.0), (0.0, rules)]
}

/// Evidence with what it should have shown.
#[derive(Clone, Debug)]
pub struct Known {
    /// The evidence.
    pub evidence: Evidence,
    /// Whether it was an attack.
    pub attack: bool,
    /// How much it counts.
    pub weight: f64,
}

/// A head before anything is fitted.
pub const FIRST: Head = Head { scale: 1.0, bias: -4.0, weights: [1.0, 0.0, 0.0, 0.0, 4.0] };

/// Fits `head` on `known` by gradient descent over values of equal spread.
pub fn fit(head: usize, known: &[Known]) -> Head {
    let bounds = bounds(head);
    let total: f64 = known.iter().map(|one| one.weight).sum();
    let spread: Vec<f64> = (0..EVIDENCES)
        .map(|at| {
            let square = |one: &Known| one.weight * f64::from(one.evidence.values()[at]).powi(2);
            (known.iter().map(square).sum::<f64>() / total.max(1e-9)).sqrt().max(1e-6)
        })
        .collect();
    let (mut bias, mut weights, mut squares) = (0.0, [0.0; EVIDENCES], [1e-3; EVIDENCES + 1]);
    for _ in 0..ROUNDS {
        let mut slope = [0.0; EVIDENCES + 1];
        for one in known {
            let values = one.evidence.values();
            let at = |at: usize| f64::from(values[at]) / spread[at];
            let odds: f64 = bias + (0..EVIDENCES).map(|i| weights[i] * at(i)).sum::<f64>();
            let wrong = (1.0 / (1.0 + (-odds).exp()) - if one.attack { 1.0 } else { 0.0 }) * one.weight / total;
            (0..EVIDENCES).for_each(|i| slope[i] += wrong * at(i));
            slope[EVIDENCES] += wrong;
        }
        for (square, slope) in squares.iter_mut().zip(slope) {
            *square += slope * slope;
        }
        (0..EVIDENCES).for_each(|i| {
            let (low, high) = (bounds[i].0 * spread[i], bounds[i].1 * spread[i]);
            weights[i] = (weights[i] - STEP * slope[i] / squares[i].sqrt()).clamp(low, high);
        });
        bias -= STEP * slope[EVIDENCES] / squares[EVIDENCES].sqrt();
    }
    let mut weights_out = [0.0; EVIDENCES];
    (0..EVIDENCES).for_each(|i| weights_out[i] = (weights[i] / spread[i]) as f32);
    Head { scale: 1.0, bias: bias as f32, weights: weights_out }
}

/// Moves the bias of `head` until [`BENIGN_SHARE`] of the benign weight in `known` reaches a half.
pub fn settle(mut head: Head, known: &[Known]) -> Head {
    let odds = |one: &Known| head.odds(&one.evidence);
    let mut benign: Vec<(f32, f64)> =
        known.iter().filter(|one| !one.attack).map(|one| (odds(one), one.weight)).collect();
    benign.sort_by(|a, b| b.0.total_cmp(&a.0));
    let allowed = benign.iter().map(|(_, weight)| weight).sum::<f64>() * BENIGN_SHARE;
    let mut seen = 0.0;
    let limit = benign.iter().find(|(_, weight)| {
        seen += weight;
        seen > allowed
    });
    head.bias -= limit.map_or(0.0, |(odds, _)| *odds + 1e-3);
    head
}
