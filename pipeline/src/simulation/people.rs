//! Who takes part: the users of a fictitious company, their devices, and its five applications.

use fastrand::Rng;

/// A person with a device.
#[derive(Clone, Debug)]
pub struct Person {
    /// `first.last@contoso.example`.
    pub upn: String,
    /// The object id in the directory.
    pub object_id: String,
    /// The display name.
    pub name: String,
    /// The device's id in the directory.
    pub device_id: String,
    /// The device's host name.
    pub host: String,
    /// The usual address, out of the documentation range of RFC 5737.
    pub ip: String,
}

/// An AI application.
#[derive(Clone, Copy, Debug)]
pub struct Application {
    /// The name.
    pub name: &'static str,
    /// The provider whose bodies it records.
    pub provider: Provider,
    /// The model.
    pub model: &'static str,
    /// Its instructions.
    pub system: &'static str,
}

/// Whose bodies an application records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// OpenAI chat completions.
    OpenAi,
    /// The same through Azure.
    AzureOpenAi,
    /// Anthropic messages.
    Anthropic,
}

/// The five applications.
pub const APPLICATIONS: [Application; 5] = [
    Application {
        name: "hr-copilot",
        provider: Provider::AzureOpenAi,
        model: "gpt-4o",
        system: "You help employees of Contoso with questions about leave, pay and benefits.",
    },
    Application {
        name: "support-desk",
        provider: Provider::OpenAi,
        model: "gpt-4o-mini",
        system: "You answer customers of Contoso politely and briefly, from the knowledge base only.",
    },
    Application {
        name: "code-assistant",
        provider: Provider::Anthropic,
        model: "claude-sonnet-4-5",
        system: "You help engineers of Contoso to write, review and explain code.",
    },
    Application {
        name: "finance-analyst",
        provider: Provider::AzureOpenAi,
        model: "gpt-4o",
        system: "You summarise reports and answer questions about the figures of Contoso.",
    },
    Application {
        name: "research-agent",
        provider: Provider::Anthropic,
        model: "claude-sonnet-4-5",
        system: "You search the web and internal documents and report what you find, with sources.",
    },
];

const FIRST: [&str; 16] = [
    "Amara", "Bruno", "Chen", "Daria", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Luca", "Mina",
    "Noor", "Oskar", "Priya",
];
const LAST: [&str; 12] =
    ["Abel", "Bianchi", "Costa", "Dahl", "Eriksen", "Fontaine", "Garcia", "Haas", "Ito", "Jansen", "Kumar", "Lindholm"];

/// The company's people: every pair of names once, in an order that the seed decides.
pub fn people(rng: &mut Rng) -> Vec<Person> {
    let mut all = Vec::with_capacity(FIRST.len() * LAST.len());
    for (i, first) in FIRST.iter().enumerate() {
        for (j, last) in LAST.iter().enumerate() {
            let number = i * LAST.len() + j;
            all.push(Person {
                upn: format!("{}.{}@contoso.example", first.to_lowercase(), last.to_lowercase()),
                object_id: uuid(rng),
                name: format!("{first} {last}"),
                device_id: uuid(rng),
                host: format!("ws-{number:03}.corp.contoso.example"),
                ip: format!("198.51.100.{}", number + 1),
            });
        }
    }
    rng.shuffle(&mut all);
    all
}

/// A version-4 UUID from the seed.
pub fn uuid(rng: &mut Rng) -> String {
    let (a, b) = (rng.u64(..), rng.u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 48) & 0x3fff,
        b & 0xffff_ffff_ffff
    )
}

/// One of `all`; there is always one.
pub fn pick<'a, T>(rng: &mut Rng, all: &'a [T]) -> Option<&'a T> {
    all.get(rng.usize(..all.len().max(1)))
}
