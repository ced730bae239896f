//! What applications use, added up: one signal a caller, application, model and minute of event
//! time.
//!
//! Every interaction contributes one; a [`Fold`] adds up those of a batch, so that rules about volume and access see
//! all traffic at a fraction of its number. How a minute is spread over batches does not matter, since rules add up
//! what they get. Content leaves no trace but a hash of the request and the names of tools and of types of data.

use std::collections::BTreeMap;

use schemas::facts::USAGE_NAMES_MAX;
use schemas::{
    AnnotatedInteraction, Category, Channel, Entity, Facts, Group, Interaction, Severity, Signal, SignalKind,
    SignalUid, TenantId, Timestamp, Usage,
};
use sha2::{Digest, Sha256};

/// The product of usage signals, by which rules name them.
pub const PRODUCT: &str = "weir_usage";

const MINUTE_MILLIS: i64 = 60_000;
/// The longest family of a user agent, in characters.
const CLIENT_CHARS_MAX: usize = 64;
/// The longest name of a tool, in bytes; a longer one is content.
const NAME_BYTES_MAX: usize = 128;
/// What providers call an answer that their filter or the model withheld.
const REFUSED: [&str; 10] = [
    "blocklist",
    "content_filter",
    "content_filtered",
    "guardrail_intervened",
    "image_safety",
    "model_armor",
    "prohibited_content",
    "refusal",
    "safety",
    "spii",
];

/// What `interaction` contributes; `None` where it names neither application nor caller.
pub fn contribution(interaction: &Interaction, annotated: &AnnotatedInteraction) -> Option<Signal> {
    let who = &interaction.who;
    let entities = detectors::policy::callers(interaction);
    if entities.is_empty() {
        return None;
    }
    let minute = interaction.time.millis() - interaction.time.millis().rem_euclid(MINUTE_MILLIS);
    let usage = Usage {
        requests: 1,
        input_tokens: count(interaction.tokens.input),
        output_tokens: count(interaction.tokens.output),
        refusals: i64::from(is_refused(interaction)),
        errors: i64::from(interaction.error.is_some()),
        client: who.user_agent.as_deref().and_then(client),
        auth: auth(who.api_key_id.is_some(), who.user.is_some()).map(str::to_owned),
        tools: tools(interaction),
        sensitive: sensitive(interaction, annotated),
        repeats: request_hash(interaction).map(|hash| (hash, 1)).into_iter().collect(),
    };
    let mut signal = blank(interaction.tenant.clone(), Timestamp::from_millis(minute).unwrap_or_default(), entities);
    signal.facts.usage = Some(usage);
    Some(signal)
}

fn count(tokens: Option<u64>) -> i64 {
    i64::try_from(tokens.unwrap_or_default()).unwrap_or(i64::MAX)
}

fn is_refused(interaction: &Interaction) -> bool {
    let said = |reason: &String| REFUSED.iter().any(|refused| reason.eq_ignore_ascii_case(refused));
    interaction.filters.iter().any(|verdict| verdict.filtered) || interaction.finish_reasons.iter().any(said)
}

fn auth(key: bool, user: bool) -> Option<&'static str> {
    match (key, user) {
        (true, true) => Some("both"),
        (true, false) => Some("api_key"),
        (false, true) => Some("user"),
        (false, false) => None,
    }
}

/// The names in a user agent without versions and remarks: `python-requests`, `mozilla applewebkit chrome safari`. A
/// browser's update is no new client.
fn client(user_agent: &str) -> Option<String> {
    let mut family = String::new();
    let mut depth = 0_usize;
    for word in user_agent.split_whitespace().take(64) {
        let opened = depth + word.matches('(').count();
        depth = opened.saturating_sub(word.matches(')').count());
        let name = word.split('/').next().unwrap_or_default();
        if opened > 0 || name.is_empty() || name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
            continue;
        }
        if !family.is_empty() {
            family.push(' ');
        }
        family.extend(name.chars().flat_map(char::to_lowercase).take(CLIENT_CHARS_MAX));
    }
    let family: String = family.chars().take(CLIENT_CHARS_MAX).collect();
    (!family.is_empty()).then_some(family)
}

fn tools(interaction: &Interaction) -> Vec<String> {
    let calls = interaction.messages.iter().filter(|message| message.response && message.channel == Channel::ToolCall);
    bounded(calls.filter_map(|message| message.name.as_deref()).map(str::to_lowercase))
}

/// The types of sensitive data in what the application answered.
fn sensitive(interaction: &Interaction, annotated: &AnnotatedInteraction) -> Vec<String> {
    let answered = |index: u32| interaction.messages.get(index as usize).is_some_and(|message| message.response);
    let found = annotated
        .annotations
        .iter()
        .filter(|annotation| annotation.category == Category::SensitiveData && answered(annotation.message_index));
    bounded(found.map(|annotation| annotation.subtype.clone()))
}

fn bounded(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.filter(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(USAGE_NAMES_MAX);
    names
}

/// Eight digits of the hash of what was asked: equal requests have it in common, others by a rare accident.
fn request_hash(interaction: &Interaction) -> Option<String> {
    let mut hash = Sha256::new();
    let mut asked = false;
    for message in interaction.messages.iter().filter(|message| !message.response) {
        let text = message.text.expose();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
        asked |= !text.is_empty();
    }
    let digest = hash.finalize();
    asked.then(|| digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect())
}

/// What tells one signal from another: all but the sums.
type Key = (TenantId, Timestamp, Vec<Entity>, Option<String>, Option<String>);

/// Contributions, added up.
#[derive(Default)]
pub struct Fold {
    open: BTreeMap<Key, (String, Usage)>,
}

impl Fold {
    /// Adds a contribution from `place`, which is its own alone.
    pub fn add(&mut self, contribution: Signal, place: impl FnOnce() -> String) {
        let Some(usage) = contribution.facts.usage else { return };
        let key =
            (contribution.tenant, contribution.time, contribution.entities, usage.client.clone(), usage.auth.clone());
        match self.open.get_mut(&key) {
            Some((_, sum)) => add(sum, usage),
            None => {
                self.open.insert(key, (place(), usage));
            }
        }
    }

    /// Adds a contribution where all of its minute comes before anything is handed out.
    pub fn add_as_a_whole(&mut self, contribution: Signal) {
        let place =
            format!("{:?}", (&contribution.entities, &contribution.facts.usage.as_ref().map(|u| (&u.client, &u.auth))));
        self.add(contribution, || place);
    }

    /// Hands out the signals and starts anew.
    pub fn take(&mut self) -> impl Iterator<Item = Signal> + use<> {
        std::mem::take(&mut self.open).into_iter().map(|((tenant, time, entities, ..), (place, usage))| {
            let mut signal = blank(tenant, time, entities);
            // The place of its first contribution is this signal's alone: no other one holds that contribution.
            let native_id = format!("{}/{place}", time.millis());
            signal.uid = SignalUid::derive(&signal.tenant, PRODUCT, &native_id);
            signal.native_id = native_id;
            signal.facts.usage = Some(usage);
            signal
        })
    }

    /// Forgets what was added.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}

fn blank(tenant: TenantId, time: Timestamp, entities: Vec<Entity>) -> Signal {
    Signal {
        uid: SignalUid::from(""),
        native_id: String::new(),
        tenant,
        time,
        group: Group::Ai,
        product: PRODUCT.to_owned(),
        kind: SignalKind::Context,
        title: "AI usage".to_owned(),
        severity: Severity::Informational,
        category: None,
        techniques: Vec::new(),
        entities,
        flags: Vec::new(),
        facts: Facts::default(),
    }
}

fn add(sum: &mut Usage, more: Usage) {
    sum.requests = sum.requests.saturating_add(more.requests);
    sum.input_tokens = sum.input_tokens.saturating_add(more.input_tokens);
    sum.output_tokens = sum.output_tokens.saturating_add(more.output_tokens);
    sum.refusals = sum.refusals.saturating_add(more.refusals);
    sum.errors = sum.errors.saturating_add(more.errors);
    sum.tools = bounded(std::mem::take(&mut sum.tools).into_iter().chain(more.tools));
    sum.sensitive = bounded(std::mem::take(&mut sum.sensitive).into_iter().chain(more.sensitive));
    for (hash, times) in more.repeats {
        *sum.repeats.entry(hash).or_default() += times;
    }
    // The smallest stay, whatever the order: one that stays at the end was never among the largest.
    while sum.repeats.len() > USAGE_NAMES_MAX {
        sum.repeats.pop_last();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_families() {
        for (user_agent, family) in [
            ("python-requests/2.31.0", Some("python-requests")),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
                Some("mozilla applewebkit chrome safari"),
            ),
            ("OpenAI/Python 1.2.3", Some("openai")),
            ("", None),
            ("((((", None),
            (" / / ", None),
        ] {
            assert_eq!(client(user_agent).as_deref(), family, "{user_agent}");
        }
        assert!(client(&"é".repeat(10_000)).is_none());
        assert_eq!(client(&"a".repeat(10_000)).map(|family| family.len()), Some(CLIENT_CHARS_MAX));
    }

    fn one(hash: &str) -> Signal {
        let entities = Entity::new(schemas::EntityKind::Application, ["hr"]).into_iter().collect();
        let mut signal = blank(TenantId::default(), Timestamp::default(), entities);
        let repeats = BTreeMap::from([(hash.to_owned(), 1)]);
        signal.facts.usage = Some(Usage { requests: 1, input_tokens: 10, repeats, ..Usage::default() });
        signal
    }

    #[test]
    fn sums_are_the_same_however_batches_fall() {
        let total = |batches: &[usize]| {
            let (mut fold, mut sum, mut at) = (Fold::default(), Usage::default(), 0);
            for batch in batches {
                for _ in 0..*batch {
                    fold.add(one(&format!("{:x}", at % 3)), || at.to_string());
                    at += 1;
                }
                fold.take().filter_map(|signal| signal.facts.usage).for_each(|usage| add(&mut sum, usage));
            }
            sum
        };
        assert_eq!(total(&[12]), total(&[1, 5, 6]));
        assert_eq!(total(&[12]).repeats["0"], 4);
    }

    #[test]
    fn what_is_forgotten_is_not_sent_and_uids_are_of_places() {
        let mut fold = Fold::default();
        fold.add(one("a"), || "ai/0@7".to_owned());
        fold.clear();
        assert_eq!(fold.take().count(), 0);
        let mut uid = |place: &str| {
            fold.add(one("a"), || place.to_owned());
            fold.add(one("a"), || "ai/0@99".to_owned());
            fold.take().map(|signal| signal.uid).collect::<Vec<_>>()
        };
        assert_eq!(uid("ai/0@7"), uid("ai/0@7"));
        assert_ne!(uid("ai/0@7"), uid("ai/0@8"));
    }
}
