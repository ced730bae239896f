//! What two signals share, kind by kind, and which sums follow from it. [`crate::link`] says what each is worth.

use schemas::EntityKind;

use crate::link_key::LinkKey;

/// The kinds, by which worths are laid out.
pub const KINDS: usize = EntityKind::ALL.len();
/// Of each pair one implies the other, one fact that counts once: an agent its application, a URL its domain.
const IMPLIED: [(EntityKind, EntityKind); 2] =
    [(EntityKind::Agent, EntityKind::Application), (EntityKind::Url, EntityKind::Domain)];
/// Of each pair both are one thing, which counts once where it is a hub: the machine, the person, the program.
const DEPENDENT: [(EntityKind, EntityKind); 3] = [
    (EntityKind::Device, EntityKind::Ip),
    (EntityKind::Mailbox, EntityKind::User),
    (EntityKind::File, EntityKind::Process),
];
/// Kinds in which one thing acts: what it does one after another is one sequence.
const ACTORS: [EntityKind; 5] =
    [EntityKind::User, EntityKind::Mailbox, EntityKind::Session, EntityKind::ApiKey, EntityKind::Device];
/// Kinds of what is read and changed, and may carry orders.
const ARTEFACTS: [EntityKind; 3] = [EntityKind::File, EntityKind::Url, EntityKind::CloudResource];
/// Kinds that are evidence independent of the other groups. An application, a tool or a model is everyone's.
const INDEPENDENT: [&[EntityKind]; 8] = [
    &[EntityKind::User, EntityKind::Mailbox],
    &[EntityKind::Session],
    &[EntityKind::ApiKey],
    &[EntityKind::Device, EntityKind::Ip],
    &[EntityKind::File, EntityKind::Process],
    &[EntityKind::Url, EntityKind::Domain],
    &[EntityKind::CloudResource],
    &[EntityKind::Agent],
];

/// The best shared key of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// What it adds to the strength, in thousandths, as all that follow.
    pub sum: u32,
    /// What of that it adds for being rare.
    pub rarity: u32,
    /// Its weight.
    pub weight: u32,
    /// What its spread leaves.
    pub share: u32,
    /// What the distance in time leaves.
    pub recency: u32,
    /// Whether one side only mentions it.
    pub mentioned: bool,
    /// Whether each side has a name of its own for it.
    pub alias: bool,
    /// Whether it is a hub.
    pub hub: bool,
}

/// What two signals share, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    all: [Worth; KINDS],
    solid: [u32; KINDS],
    sequence: u32,
    repeat: u32,
    counted: u32,
    strangers: bool,
}

impl Evidence {
    /// The strength of the link.
    pub fn all(&self) -> u32 {
        self.all.iter().map(|worth| worth.sum).sum::<u32>() + self.bonus() + self.counted
    }

    /// The strength without what a rare address is worth beyond an ordinary one: nothing between people who have
    /// only a place in common.
    pub fn plain(&self) -> u32 {
        let sum = self.all.iter().map(|worth| worth.sum - worth.rarity).sum::<u32>() + self.bonus();
        if self.strangers { 0 } else { sum }
    }

    /// Whether a rare address is among what is shared.
    pub fn has_rare(&self) -> bool {
        self.all.iter().any(|worth| worth.rarity > 0)
    }

    /// The same between people who have only a place in common: it may attach and makes no two stories one.
    pub fn of_strangers(self) -> Self {
        Self { solid: [0; KINDS], strangers: true, ..self }
    }

    /// What techniques in the order of an attack add to it.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// The same with what techniques in the order of an attack add.
    pub fn in_sequence(self, bonus: u32) -> Self {
        Self { sequence: bonus, ..self }
    }

    /// What it adds that both are the same threat from one address.
    pub fn repeat(&self) -> u32 {
        self.repeat
    }

    /// The same with what that adds.
    pub fn repeated(self, bonus: u32) -> Self {
        Self { repeat: bonus, ..self }
    }

    /// What it adds that one is a rule's match and counts the other.
    pub fn counted(&self) -> u32 {
        self.counted
    }

    /// The same with what that adds.
    pub fn counting(self, worth: u32) -> Self {
        Self { counted: worth, ..self }
    }

    fn bonus(&self) -> u32 {
        self.sequence + self.repeat
    }

    /// Whether it may make two stories one.
    pub fn joins(&self, threshold: u32) -> bool {
        let counts = |kind: &EntityKind| self.solid.get(*kind as usize).is_some_and(|sum| *sum > 0);
        let groups = INDEPENDENT.iter().filter(|group| group.iter().any(counts)).count();
        let causal = ACTORS.iter().any(counts) || (groups == 1 && self.bonus() > 0);
        let strong = self.solid.iter().sum::<u32>() + self.bonus() >= threshold;
        strong && groups > 0 && (causal || groups >= 2)
    }

    /// Whether something that is read and changed is solidly shared.
    pub fn has_artefact(&self) -> bool {
        ARTEFACTS.iter().any(|kind| self.solid.get(*kind as usize).is_some_and(|sum| *sum > 0))
    }

    /// The kinds that count, with what they are worth.
    pub fn kinds(&self) -> impl Iterator<Item = (EntityKind, Worth)> {
        EntityKind::ALL.into_iter().zip(self.all).filter(|(_, worth)| worth.sum > 0)
    }

    /// Counts a shared key, `solid` where it may make two stories one.
    pub fn count(&mut self, key: &LinkKey, worth: Worth, solid: bool) {
        let at = key.kind as usize;
        let better = |best: &&mut Worth| (best.sum, worth.alias) < (worth.sum, best.alias);
        if let Some(best) = self.all.get_mut(at).filter(better) {
            *best = worth;
        }
        if let Some(best) = self.solid.get_mut(at).filter(|_| solid) {
            *best = (worth.sum - worth.rarity).max(*best);
        }
    }

    /// Counts what one thing is called twice once, where that is a hub.
    pub fn without_dependent(mut self) -> Self {
        for (one, other) in DEPENDENT.map(|(one, other)| (one as usize, other as usize)) {
            let of = |at: usize| self.all.get(at).copied().unwrap_or_default();
            if of(one).hub || of(other).hub {
                let lesser = if of(one).sum < of(other).sum { one } else { other };
                if let Some(worth) = self.all.get_mut(lesser) {
                    *worth = Worth::default();
                }
            }
        }
        self
    }

    /// Counts what follows from something else that is shared once.
    pub fn without_implied(mut self) -> Self {
        for (one, other) in IMPLIED.map(|(one, other)| (one as usize, other as usize)) {
            let sum = |at: usize| self.all.get(at).map_or(0, |worth| worth.sum);
            let lesser = if sum(one) < sum(other) { one } else { other };
            if let Some(worth) = self.all.get_mut(lesser) {
                *worth = Worth::default();
            }
            let solid = |at: usize| self.solid.get(at).copied().unwrap_or(0);
            let lesser = if solid(one) < solid(other) { one } else { other };
            if let Some(sum) = self.solid.get_mut(lesser) {
                *sum = 0;
            }
        }
        self
    }
}

/// Whether one thing of the kind acts, so that what it does one after another is one sequence.
pub fn is_actor(kind: EntityKind) -> bool {
    ACTORS.contains(&kind)
}
