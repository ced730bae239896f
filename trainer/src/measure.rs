//! Figures: how well scores rank, and what is found at a given price.

/// A score with what it should have said.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// The probability.
    pub score: f32,
    /// Whether the text is an attack.
    pub attack: bool,
}

/// The chance that an attack scores above a benign text, ties counted half; `None` without both.
pub fn auc(scored: &[Scored]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let (mut attacks, mut benign, mut won) = (0.0, 0.0, 0.0);
    for group in sorted.chunk_by(|a, b| a.score == b.score) {
        let hits = group.iter().filter(|one| one.attack).count() as f64;
        let rest = group.len() as f64 - hits;
        won += hits * (benign + rest / 2.0);
        attacks += hits;
        benign += rest;
    }
    (attacks > 0.0 && benign > 0.0).then(|| won / (attacks * benign))
}

/// The lowest threshold that at most `share` of the benign scores reach.
pub fn threshold(benign: &[f32], share: f64) -> f32 {
    let mut sorted = benign.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let allowed = (benign.len() as f64 * share) as usize;
    sorted.get(allowed).map_or(f32::MIN, |score| score.next_up())
}

/// The share of `scores` that reach `threshold`.
pub fn share(scores: &[f32], threshold: f32) -> f64 {
    let hits = scores.iter().filter(|score| **score >= threshold).count();
    hits as f64 / scores.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_case() {
        let scored = [(0.9, true), (0.4, true), (0.4, false), (0.1, false)];
        let scored: Vec<_> = scored.iter().map(|(score, attack)| Scored { score: *score, attack: *attack }).collect();
        assert_eq!(auc(&scored), Some(0.875));
        assert_eq!(auc(&scored[..1]), None);
        let benign = [0.1, 0.2, 0.3, 0.4];
        let limit = threshold(&benign, 0.25);
        assert_eq!((limit > 0.3, limit < 0.4, share(&benign, limit)), (true, true, 0.25));
    }
}
