//! What the provider's own filter says about a category.
//!
//! Policy asks: a block turns an alert into one of its own kind, and a verdict on an attack alone raises one, so that
//! the SOC does not see less where protection is stronger. Attacks are jailbreaks, prompt attacks and indirect attacks,
//! in whatever words the provider has. Content policy is none and raises nothing: hate, violence, sexual content,
//! self-harm, protected material, recitation, safety or a content filter without a name, a model's own refusal. Those
//! exchanges count as refused in the usage signals, which rules about repeats read. A verdict on personal data marks
//! the alert that a detector raises for them as blocked, and raises none.

use schemas::{Category, Interaction, Outcome};

/// The words in which providers name the filters that answer to a category.
fn words(category: Category) -> &'static [&'static str] {
    match category {
        Category::Jailbreak => &["jailbreak", "prompt_attack", "prompt_injection", "user_prompt"],
        Category::IndirectInjection => &["indirect_attack", "indirect_injection", "xpia", "document_attack"],
        Category::CredentialLeak | Category::SensitiveData => {
            &["personally_identifiable_information", "pii", "sensitive_information"]
        }
        _ => &[],
    }
}

/// The verdict of the filters for `category`: blocked if one of them blocked, detected if one of them saw something;
/// `None` where none of them did.
pub fn verdict(interaction: &Interaction, category: Category) -> Option<Outcome> {
    let words = words(category);
    if words.is_empty() {
        return None;
    }
    let answers = |name: &str| {
        let name = name.to_ascii_lowercase().replace([' ', '-'], "_");
        words.iter().any(|word| name.contains(word))
    };
    let seen = interaction.filters.iter().filter(|verdict| verdict.detected || verdict.filtered);
    let outcomes = seen.filter(|verdict| answers(&verdict.category)).map(|verdict| match verdict.filtered {
        true => Outcome::Blocked,
        false => Outcome::Detected,
    });
    outcomes.reduce(|one, other| if other == Outcome::Blocked { other } else { one })
}

/// Whether the whole exchange failed in the content filter, whatever it saw.
pub fn failed(interaction: &Interaction) -> bool {
    interaction.error.as_deref().is_some_and(|error| error.eq_ignore_ascii_case("content_filter"))
}
