//! What terms of the lexicon mean, and sets of such meanings.

/// Declares the concepts with the list of all and their names, so that none can be forgotten in either.
macro_rules! concepts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a term means. One bit each, so fewer than 128.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Concept {
            $($(#[$doc])* $name,)*
        }

        impl Concept {
            /// Every concept.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name under which the files of terms list it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

concepts! {
    /// To ignore, forget, override.
    Override,
    /// Previous, above, given before.
    Prior,
    /// Your, all, any.
    Your,
    /// Instructions, rules, guidelines.
    Instruction,
    /// "Everything above", "the text before".
    PriorText,
    /// To bypass, disable, circumvent.
    Disable,
    /// Without, free of, no.
    Without,
    /// Safety, guardrails, filters, ethics.
    Safety,
    /// Unrestricted, uncensored, amoral.
    Unrestricted,
    /// You are now, act as, pretend to be.
    Role,
    /// Outside of, exempt from.
    Beyond,
    /// Names of known jailbreaks and made-up modes.
    Mode,
    /// A made-up mode that also has an honest meaning.
    WeakMode,
    /// Tokens of chat templates.
    Template,
    /// The start of a line in a pretended conversation.
    Turn,
    /// "Never refuse", "no disclaimers".
    NoRefusal,
    /// "Stay in character", "two responses".
    Persona,
    /// Decode, decipher.
    Decode,
    /// Base64, rot13 and the like.
    Cipher,
    /// Words of orders in ROT13.
    Rotated,
    /// Words of orders spelled backwards.
    Reversed,
    /// Follow it, execute it.
    Obey,
    /// Show, reveal, repeat.
    Show,
    /// The system prompt, the instructions given to the model.
    Prompt,
    /// The start of a question or request about a subject: explain, what is, how do I prevent.
    About,
    /// An AI or assistant that is addressed.
    Assistant,
    /// To send, reply, include, call.
    Act,
    /// "In your response", "your answer".
    Answer,
    /// "Do not tell the user", silently.
    Secretly,
    /// Styles and markup that hide text.
    Hidden,
    /// Memory of the assistant as a target.
    Memory,
    /// To remember, to store.
    Remember,
    /// Authority that a document claims: "system update", "new instructions".
    Authority,
    /// Tool, function, API.
    Tool,
    /// How an access key id starts.
    Credential,
    /// Words that name a secret.
    SecretWord,
    /// Whenever, every time.
    Whenever,
    /// Always answer, must respond.
    Always,
    /// Asked, sees, mentions.
    Trigger,
    /// As a fact, as true.
    Fact,
    /// Training data, fine-tuning, knowledge base.
    Training,
    /// Poison, backdoor, trigger phrase.
    Poison,
    /// The start of a URL.
    Url,
    /// A Markdown image.
    Image,
    /// Which, what, list.
    Ask,
    /// What an attacker maps: tools, model version, endpoints, permissions.
    Surface,
    /// "You have", "can you access", "available to you".
    YouHave,
    /// Commands that destroy.
    Destroy,
    /// Commands that fetch.
    Fetch,
    /// "| sh".
    PipeShell,
    /// Reverse shells.
    ReverseShell,
    /// Paths of credentials.
    SecretPath,
    /// Cloud metadata services.
    Metadata,
    /// SQL that destroys.
    SqlDestroy,
    /// Rules that forward or delete mail.
    MailRule,
    /// Up the directory tree.
    Traversal,
    /// To send data out of a host.
    Upload,
    /// Permanently, for all future conversations.
    Lasting,
    /// What is worth money or access: approval limits, bank details, trusted partners.
    Stake,
    /// No longer required, was lifted, is now.
    Changed,
    /// To rate, to label.
    Rate,
    /// What a rating says in somebody's favour: five stars, as safe.
    Rating,
    /// What outlasts a conversation.
    Conversations,
    /// To put something else in the place of what is known.
    Overwrite,
    /// An order to know something else.
    NewKnowledge,
    /// Those who grade or review, addressed.
    Judge,
    /// What models ought to do.
    ModelsMust,
    /// To say so.
    Claim,
    /// To show, in languages whose verb follows what is shown.
    ShowBehind,
}

/// A set of concepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concepts(u128);

impl Concepts {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of `concepts`.
    pub const fn of(concepts: &[Concept]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < concepts.len() {
            bits |= 1 << concepts[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// Whether the sets share a member.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `concept` is a member.
    pub const fn has(self, concept: Concept) -> bool {
        self.0 & (1 << concept as u8) != 0
    }

    /// The positions of the members in [`Concept::ALL`], ascending.
    pub fn bits(self) -> impl Iterator<Item = u32> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (bit < u128::BITS).then_some(bit)
        })
    }

    /// Members of either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
