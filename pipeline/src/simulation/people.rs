//! The names and applications of the fictitious company.

use fastrand::Rng;

/// An AI application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// The name.
    pub name: &'static str,
    /// The provider whose bodies it records.
    pub provider: Provider,
    /// How its telemetry is written.
    pub carrier: Carrier,
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

/// How an application's telemetry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The native JSON of the contract.
    Exchange,
    /// LiteLLM's StandardLoggingPayload.
    LiteLlm,
    /// OpenTelemetry spans.
    Otlp,
    /// Amazon Bedrock's invocation log.
    Bedrock,
}

/// The sandbox of the red team.
pub const SANDBOX: &str = "redteam-sandbox";

/// The applications; the demo's traffic uses the first five.
pub const APPLICATIONS: [Application; 8] = [
    Application {
        name: "hr-copilot",
        provider: Provider::AzureOpenAi,
        carrier: Carrier::Exchange,
        model: "gpt-4o",
        system: "You help employees of Contoso with questions about leave, pay and benefits.",
    },
    Application {
        name: "support-desk",
        provider: Provider::OpenAi,
        carrier: Carrier::Otlp,
        model: "gpt-4o-mini",
        system: "You answer customers of Contoso politely and briefly, from the knowledge base only.",
    },
    Application {
        name: "code-assistant",
        provider: Provider::Anthropic,
        carrier: Carrier::LiteLlm,
        model: "claude-sonnet-4-5",
        system: "You help engineers of Contoso to write, review and explain code.",
    },
    Application {
        name: "finance-analyst",
        provider: Provider::AzureOpenAi,
        carrier: Carrier::Exchange,
        model: "gpt-4o",
        system: "You summarise reports and answer questions about the figures of Contoso.",
    },
    Application {
        name: "research-agent",
        provider: Provider::Anthropic,
        carrier: Carrier::Exchange,
        model: "claude-sonnet-4-5",
        system: "You search the web and internal documents and report what you find, with sources.",
    },
    Application {
        name: "operations-agent",
        provider: Provider::OpenAi,
        carrier: Carrier::Exchange,
        model: "gpt-4o",
        system: "You run maintenance tasks for Contoso's engineers with the tools that you are given.",
    },
    Application {
        name: "claims-triage",
        provider: Provider::Anthropic,
        carrier: Carrier::Bedrock,
        model: "anthropic.claude-3-haiku-20240307-v1:0",
        system: "You sort insurance claims of Contoso's customers and explain the decision.",
    },
    Application {
        name: SANDBOX,
        provider: Provider::AzureOpenAi,
        carrier: Carrier::Exchange,
        model: "gpt-4o",
        system: "You are a test deployment of Contoso's assistants.",
    },
];

/// The application of a name; the first where there is none.
pub fn application(name: &str) -> &'static Application {
    APPLICATIONS.iter().find(|application| application.name == name).unwrap_or(&APPLICATIONS[0])
}

/// First and last names, of which every pair is a person.
pub const NAMES: Names = Names {
    first: [
        "Amara", "Bruno", "Chen", "Daria", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Luca", "Mina",
        "Noor", "Oskar", "Priya",
    ],
    last: [
        "Abel", "Bianchi", "Costa", "Dahl", "Eriksen", "Fontaine", "Garcia", "Haas", "Ito", "Jansen", "Kumar",
        "Lindholm", "Moreau", "Novak", "Okafor", "Petrov",
    ],
};

/// As many first names as last names.
pub struct Names {
    first: [&'static str; 16],
    last: [&'static str; 16],
}

impl Names {
    /// How many people of different names there are.
    pub const fn pairs(&self) -> usize {
        self.first.len() * self.last.len()
    }

    /// The pair of a number below [`Self::pairs`].
    pub fn pair(&self, number: usize) -> (&'static str, &'static str) {
        let part = |names: &[&'static str], at: usize| names.get(at % names.len()).copied().unwrap_or_default();
        (part(&self.first, number / self.first.len()), part(&self.last, number))
    }
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
