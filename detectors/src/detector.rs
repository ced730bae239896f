//! What a detector is, what it is given, and what it reports.

use schemas::{Category, Channel, Entity, EntityKind, Severity};

use crate::hash;
use crate::intel::Feeds;
use crate::settings::Settings;
use crate::view::{MessageView, Text, View};

/// The stateless half of the product, one threat at a time: an interaction's view in, sightings out.
///
/// A detector keeps nothing between interactions, does no I/O, reads no clock and cannot fail. It
/// reports what it sees with an honest score, also below its threshold: policy decides what counts.
pub trait Detector: Send + Sync {
    /// The name in configuration and on the wire, equal to the file's.
    fn name(&self) -> &'static str;
    /// The threat that it looks for.
    fn category(&self) -> Category;
    /// From which score on a sighting becomes an annotation, unless the tenant's settings say otherwise.
    fn threshold(&self) -> f32 {
        Settings::THRESHOLD_DEFAULT
    }
    /// MITRE ATLAS and ATT&CK ids of everything that it reports.
    fn techniques(&self) -> &'static [&'static str];
    /// Looks at one interaction.
    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings);
}

/// What a detector is given.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The interaction, normalised.
    pub view: &'a View<'a>,
    /// The tenant's settings.
    pub settings: &'a Settings,
    /// What threat intelligence knows at this moment.
    pub feeds: &'a Feeds,
}

impl Scene<'_> {
    /// The entity that stands for a secret: a keyed hash, so that two records with the same secret meet
    /// and nobody without the key can test a guess. The tenant goes into the hash, so tenants never meet.
    pub fn secret_entity(&self, secret: &str) -> Option<Entity> {
        let id = hash::value_hash(secret, &self.settings.hash_key, &self.view.interaction.tenant)?;
        Entity::new(EntityKind::ApiKey, [id.as_str()])
    }

    /// The keyed hash by which `value` is recognised elsewhere; of a secret that of [`Self::secret_entity`]. `None`
    /// without a configured key: there are so few card or identity numbers that with a published key anyone could
    /// try all of them.
    pub fn value_hash(&self, value: &str) -> Option<String> {
        let key = Some(&self.settings.hash_key).filter(|key| key.is_secret())?;
        hash::value_hash(value, key, &self.view.interaction.tenant)
    }
}

/// What must not be shown in an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// A secret.
    Credential,
    /// Sensitive information, of the type that is called so.
    Sensitive(&'static str),
}

/// One thing that a detector saw, before thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The finer distinction.
    pub subtype: &'static str,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// How bad it is if true.
    pub severity: Severity,
    /// The message's position in the interaction.
    pub message_index: u32,
    /// The message's channel.
    pub channel: Channel,
    /// Scalar values of the message, end exclusive.
    pub span: (u32, u32),
    /// Keyed hashes of the values in it.
    pub value_hashes: Vec<String>,
    /// What it names that other records may share.
    pub entities: Vec<Entity>,
    /// Parts of the message that no excerpt may show, in scalar values.
    pub masks: Vec<(u32, u32, Mask)>,
    /// The detector whose annotation of the same message says all that this one would; then only the score counts.
    pub left_to: Option<&'static str>,
}

impl Sighting {
    /// A sighting in `message`, without entities or masks.
    pub fn new(
        message: &MessageView<'_>,
        subtype: &'static str,
        score: f32,
        severity: Severity,
        span: (u32, u32),
    ) -> Self {
        Self {
            subtype,
            score,
            severity,
            message_index: message.index,
            channel: message.channel,
            span,
            value_hashes: Vec::new(),
            entities: Vec::new(),
            masks: Vec::new(),
            left_to: None,
        }
    }

    /// The same with `entities` added.
    pub fn naming(mut self, entities: impl IntoIterator<Item = Entity>) -> Self {
        self.entities.extend(entities);
        self
    }

    /// The same with the hashes of its values: the first [`VALUE_HASHES_MAX`] of them, since each costs as much as a
    /// short text takes to search.
    pub fn of_values(mut self, hashes: impl Iterator<Item = String>) -> Self {
        self.value_hashes = hashes.take(VALUE_HASHES_MAX).collect();
        self.value_hashes.sort_unstable();
        self.value_hashes.dedup();
        self
    }

    /// The same, left to `detector` where that annotates the message.
    pub fn left_to(mut self, detector: Option<&'static str>) -> Self {
        self.left_to = detector;
        self
    }

    /// The same with its own span masked in excerpts.
    pub fn masked(mut self, mask: Mask) -> Self {
        self.masks.push((self.span.0, self.span.1, mask));
        self
    }
}

/// The most values of a list whose hashes an annotation carries.
pub const VALUE_HASHES_MAX: usize = 32;

/// The most sightings that one detector reports for one message. A text with thousands of card numbers
/// is one leak, and every further span costs a count from the start of the text.
pub const SIGHTINGS_PER_MESSAGE_MAX: usize = 32;

/// The most sightings that one detector reports for one interaction.
pub const SIGHTINGS_PER_INTERACTION_MAX: usize = 512;

/// What one detector reports about one interaction.
#[derive(Debug, Default)]
pub struct Sightings {
    list: Vec<Sighting>,
    cut: bool,
    unread: bool,
}

impl Sightings {
    /// Adds `sighting`, unless its message or the interaction is full.
    pub fn push(&mut self, sighting: Sighting) {
        if self.room(sighting.message_index) {
            self.list.push(sighting);
        }
    }

    /// Whether the message may get another sighting; what comes after is left out, in the order of the text.
    pub fn room(&mut self, message_index: u32) -> bool {
        let same = self.list.iter().rev().take(SIGHTINGS_PER_MESSAGE_MAX);
        let message_full = same.filter(|s| s.message_index == message_index).count() >= SIGHTINGS_PER_MESSAGE_MAX;
        let full = message_full || self.list.len() >= SIGHTINGS_PER_INTERACTION_MAX;
        self.cut |= full;
        !full
    }

    /// Notes that a limit ended the search, so that there may be more than was reported.
    pub fn cut_off(&mut self) {
        self.cut = true;
    }

    /// Notes that a limit left something unread, where nothing that must be hidden is looked for.
    pub fn unread(&mut self) {
        self.unread = true;
    }

    /// Whether a limit ended the search, whatever it was for.
    pub fn is_incomplete(&self) -> bool {
        self.cut || self.unread
    }

    /// Whether there may be more than was reported. Then nobody knows everything that an excerpt must hide.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Everything reported.
    pub fn into_inner(self) -> Vec<Sighting> {
        self.list
    }
}

/// Below this score a sighting only ranks its interaction, so one for all messages is enough: what is hardly
/// suspicious must not use up the room of what is.
const WORTH_A_PLACE: f32 = 0.05;

/// Reports for every message of `channels` what `look` thinks worst of its texts; of those that are not worth
/// a place only the worst, and only where nothing else is reported. Where there are too many, the worst.
pub fn best_of_messages(
    view: &View<'_>,
    channels: &'static [Channel],
    look: impl Fn(&MessageView<'_>, &Text<'_>) -> Sighting,
    out: &mut Sightings,
) {
    let worse = |a: Sighting, b: Sighting| if b.score > a.score { b } else { a };
    let mut rest: Option<Sighting> = None;
    let mut found: Vec<Sighting> = Vec::new();
    for message in view.on(channels) {
        let texts = message.texts.iter().filter(|text| !text.folded().is_empty());
        let Some(best) = texts.map(|text| look(message, text)).reduce(worse) else { continue };
        if best.score >= WORTH_A_PLACE {
            found.push(best);
        } else {
            rest = Some(match rest {
                Some(rest) => worse(rest, best),
                None => best,
            });
        }
    }
    found.extend(rest.filter(|_| found.is_empty()));
    if found.len() > SIGHTINGS_PER_INTERACTION_MAX {
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(SIGHTINGS_PER_INTERACTION_MAX);
        found.sort_by_key(|sighting| sighting.message_index);
        out.unread();
    }
    found.into_iter().for_each(|sighting| out.push(sighting));
}

/// The messages of `channels` with each of their texts.
pub fn texts_on<'v, 'a>(
    view: &'v View<'a>,
    channels: &'static [Channel],
) -> impl Iterator<Item = (&'v MessageView<'a>, &'v Text<'a>)> {
    view.on(channels).flat_map(|message| message.texts.iter().map(move |text| (message, text)))
}
