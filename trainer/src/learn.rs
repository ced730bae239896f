//! Learning the tables: logistic regression over windows, by AdaGrad, in one fixed order.
//!
//! Nobody labelled which sentence of a sample is the attack, so the learner finds out: in an attack the
//! highest window and the text as a whole should score high, in a benign text no window may. Where the
//! generator knows what carries an order, only windows that touch the order are called an attack. Each weight
//! is the sum of one that all channels share and one of the head's own, so channels learn from each other
//! without having to agree.
//!
//! Two learners look at different aspects of the same texts ([`crate::bag::Bags`]), and the mean of their tables is what
//! is learned (a logarithmic opinion pool: Sutton, Sindelar and McCallum, "Reducing Weight Undertraining in Structured
//! Discriminative Learning", 2006).

use detectors::model::{Evidence, HEADS, Head, TABLE_BITS, score};

use crate::bag::{Bag, Bags, Layered, Window};
use crate::random::Random;

/// How often each row is seen.
pub const EPOCHS: usize = 4;
/// The first step's length; later epochs take shorter ones.
const STEP: f32 = 0.35;
/// What AdaGrad starts its sums of squares from.
const SQUARES: f32 = 0.02;
/// How strongly weights are drawn to zero, in each update.
const SHRINK: f32 = 2e-6;

/// An attack in more chunks than this is an order in a document: what surrounds it says nothing.
const CHUNKS_MAX: usize = 6;

/// One slot: its shared weight and those of the heads, with their sums of squared gradients.
/// Aligned so that a slot never lies across two cache lines: fetching it is most of the work.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Slot {
    weights: [f32; HEADS + 1],
    squares: [f32; HEADS + 1],
}

/// The tables while they are learned.
pub struct Learner {
    slots: Vec<Slot>,
    biases: [f32; HEADS],
    step: f32,
}

/// What a row counts.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// The position of its bag.
    pub bag: usize,
    /// Whether it is an attack.
    pub attack: bool,
    /// How much it counts.
    pub weight: f32,
}

impl Learner {
    /// Learns `lessons` about `bags`.
    pub fn learn(bags: &Bags, lessons: &[Lesson], seed: u64) -> Self {
        let [first, others @ ..] = bags.parts.each_ref().map(|part| Self::learn_part(part, lessons, seed));
        others.into_iter().fold(first, Self::joined).divided(bags.parts.len() as f32)
    }

    fn learn_part(bags: &[Bag], lessons: &[Lesson], seed: u64) -> Self {
        let slot = Slot { weights: [0.0; HEADS + 1], squares: [SQUARES; HEADS + 1] };
        let mut learner = Self { slots: vec![slot; 1 << TABLE_BITS], biases: [0.0; HEADS], step: STEP };
        let mut order = lessons.to_vec();
        let mut random = Random::new(seed);
        for epoch in 0..EPOCHS {
            learner.step = STEP / (1.0 + epoch as f32 * 0.7);
            random.shuffle(&mut order);
            for lesson in &order {
                if let Some(bag) = bags.get(lesson.bag) {
                    learner.take(bag, lesson, epoch > 0);
                }
            }
        }
        learner
    }

    /// The sum of both tables.
    fn joined(mut self, other: Self) -> Self {
        for (own, other) in self.slots.iter_mut().zip(&other.slots) {
            own.weights.iter_mut().zip(other.weights).for_each(|(own, other)| *own += other);
        }
        self
    }

    fn divided(mut self, by: f32) -> Self {
        self.slots.iter_mut().flat_map(|slot| &mut slot.weights).for_each(|weight| *weight /= by);
        self
    }

    fn weight(&self, head: usize, slot: u32) -> f32 {
        self.slots.get(slot as usize).map_or(0.0, |slot| slot.weights[HEADS] + slot.weights[head])
    }

    fn take(&mut self, bag: &Bag, lesson: &Lesson, windows: bool) {
        let judged = bag.layers.iter().map(|layer| {
            let within = layer.order.filter(|_| lesson.attack).unwrap_or(layer.all());
            let keep = |window: Window| window.0 < within.1 && within.0 < window.1;
            (layer, layer.judge_where(|slot| self.weight(bag.head, slot), keep))
        });
        let best = judged.max_by(|a, b| a.1.0.window.total_cmp(&b.1.0.window));
        let Some((layer, (_, window))) = best else { return };
        let all = layer.all();
        if window == all {
            self.update(bag.head, layer, all, lesson.attack, lesson.weight);
        } else if lesson.attack && (layer.order.is_some() || layer.ends.len() > CHUNKS_MAX) {
            self.update(bag.head, layer, window, true, lesson.weight);
        } else {
            if windows || !lesson.attack {
                self.update(bag.head, layer, window, lesson.attack, lesson.weight);
            }
            if !lesson.attack && layer.ends.len() > CHUNKS_MAX {
                self.take_next(bag.head, layer, window, lesson.weight);
            }
            let whole = if windows { 0.35 } else { 1.0 };
            self.update(bag.head, layer, all, lesson.attack, lesson.weight * whole);
        }
    }

    /// The highest window of a long benign text beside `taken`: there are many that none may be high of.
    fn take_next(&mut self, head: usize, layer: &Layered, taken: Window, weight: f32) {
        let beside = |window: Window| window.1 <= taken.0 || taken.1 <= window.0;
        let (_, next) = layer.judge_where(|slot| self.weight(head, slot), beside);
        if beside(next) {
            self.update(head, layer, next, false, weight);
        }
    }

    fn update(&mut self, head: usize, layer: &Layered, window: Window, attack: bool, weight: f32) {
        let slots = layer.slots_of(window);
        let sum = slots.iter().map(|slot| self.weight(head, *slot)).sum();
        let odds = score(sum, slots.len() as u32) + self.biases[head];
        let wrong = 1.0 / (1.0 + (-odds).exp()) - if attack { 1.0 } else { 0.0 };
        let slope = wrong * weight * score(1.0, slots.len() as u32);
        self.biases[head] -= self.step * 0.02 * wrong * weight;
        for slot in slots {
            let Some(slot) = self.slots.get_mut(*slot as usize) else { continue };
            for own in [HEADS, head] {
                slot.squares[own] += slope * slope;
                let step = self.step / slot.squares[own].sqrt();
                slot.weights[own] -= step * slope + SHRINK * slot.weights[own];
            }
        }
    }

    /// What the tables say about `bag`: the evidence of the text that `head` holds the most dangerous.
    pub fn evidence(&self, bag: &Bag, head: &Head) -> Evidence {
        let judged = bag.layers.iter().map(|layer| layer.judge(|slot| self.weight(bag.head, slot)).0);
        judged.max_by(|a, b| head.probability(a).total_cmp(&head.probability(b))).unwrap_or_default()
    }

    /// The weights of one head.
    pub fn table(&self, head: usize) -> Vec<f32> {
        self.slots.iter().map(|slot| slot.weights[HEADS] + slot.weights[head]).collect()
    }
}
