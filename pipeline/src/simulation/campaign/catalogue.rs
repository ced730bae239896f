//! The campaigns, as data.
//!
//! Each follows a reported case or technique; the names are those of MITRE ATLAS and ATT&CK where they have one.

use self::Act::{Ai as A, Cloud as C, Endpoint as E, Identity as I};
use self::By::{Attacker, Owner};
use crate::simulation::organisation::Team;

/// A kind of attack.
pub struct Campaign {
    /// Its name.
    pub name: &'static str,
    /// The application that it abuses.
    pub application: &'static str,
    /// Where the victim works.
    pub team: Team,
    /// What happens; a step comes after those that it needs.
    pub steps: &'static [Step],
}

/// One step.
pub struct Step {
    /// Its name, once in a campaign.
    pub name: &'static str,
    /// What it leaves in the logs.
    pub act: Act,
    /// The steps that must be over.
    pub after: &'static [&'static str],
    /// How long after them, in minutes, at least and at most.
    pub wait_mins: (u32, u32),
    /// In how many of a hundred campaigns it is left out, or seen by nobody.
    pub omitted_percent: u32,
    /// Whether it is done with the second account, from the second exit.
    pub pivoted: bool,
}

/// What a step leaves in the logs.
#[derive(Clone, Copy)]
pub enum Act {
    /// Exchanges with an application.
    Ai(Ai, By),
    /// Records of identity providers.
    Identity(Identity),
    /// Records of computers.
    Endpoint(Endpoint),
    /// Records of clouds and SaaS.
    Cloud(Cloud),
}

/// Who sits at the keyboard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The account's owner, where they always are.
    Owner,
    /// The attacker, from an exit of theirs.
    Attacker,
}

/// Exchanges with an application.
#[derive(Clone, Copy)]
pub enum Ai {
    /// A fetched document carries orders.
    Injection,
    /// The answer holds an access key.
    KeyDisclosure,
    /// A tool is called as the attacker wants.
    ToolAbuse,
    /// The model's rules are attacked.
    Jailbreak,
    /// The application's instructions are asked for.
    PromptExtraction,
    /// Tools, sources and credentials are asked for.
    Reconnaissance,
    /// The answer holds many people's data.
    BulkRetrieval,
    /// The answer holds the attacker's link.
    MaliciousLink,
    /// A false fact is planted.
    Poisoning,
}

/// Records of identity providers.
#[derive(Clone, Copy)]
pub enum Identity {
    /// Wrong passwords from the attacker's exit.
    FailedSignIns,
    /// A sign-in from the attacker's exit.
    ForeignSignIn,
    /// The same in the session of the owner.
    StolenSession,
    /// What the provider thinks of it.
    RiskDetection,
    /// The help desk resets somebody's factors.
    FactorReset,
    /// A session of Okta from the attacker's exit.
    OktaSession,
    /// The owner consents to an application.
    Consent,
    /// A service principal gets new credentials.
    PrincipalCredential,
    /// An account becomes administrator.
    RoleGranted,
}

/// Records of computers.
#[derive(Clone, Copy)]
pub enum Endpoint {
    /// Malware starts.
    MalwareStart,
    /// It talks to its master.
    CommandAndControl,
    /// An alert about stolen credentials.
    StealerAlert,
    /// An alert about the malware.
    MalwareAlert,
    /// The account logs on to a shared host.
    LateralLogon,
    /// A tool starts there.
    SharedHostProcess,
    /// An alert about tickets of service accounts.
    KerberosAlert,
    /// An alert about files that leave.
    DataLossAlert,
}

/// Records of clouds and SaaS.
#[derive(Clone, Copy)]
pub enum Cloud {
    /// The key's finder asks what it is good for.
    KeyDiscovery,
    /// Buckets are read.
    BucketTheft,
    /// A further key is made.
    KeyCreated,
    /// Models are called at the company's expense.
    ModelInvocations,
    /// GuardDuty's finding about the key.
    KeyFinding,
    /// A model's file is replaced.
    ModelReplaced,
    /// A mailbox is read.
    MailAccess,
    /// Mail is forwarded.
    InboxRule,
    /// Documents are downloaded.
    Downloads,
    /// A document that others read is changed.
    DocumentChanged,
    /// Repositories are cloned.
    Clones,
}

const fn step(name: &'static str, act: Act, after: &'static [&'static str], wait_mins: (u32, u32)) -> Step {
    Step { name, act, after, wait_mins, omitted_percent: 0, pivoted: false }
}

impl Step {
    const fn omitted(mut self, percent: u32) -> Self {
        self.omitted_percent = percent;
        self
    }

    const fn pivoted(mut self) -> Self {
        self.pivoted = true;
        self
    }
}

/// All kinds.
pub const CAMPAIGNS: [Campaign; 10] = [
    // Indirect injection (AML.T0051.001) into an agent that reads a page, credentials in its answer (AML.T0055).
    Campaign {
        name: "poisoned_page_key_theft",
        application: "research-agent",
        team: Team::Sales,
        steps: &[
            step("injection", A(Ai::Injection, Owner), &[], (1, 1)),
            step("disclosure", A(Ai::KeyDisclosure, Owner), &["injection"], (1, 5)),
            step("discovery", C(Cloud::KeyDiscovery), &["disclosure"], (3, 240)),
            step("finding", C(Cloud::KeyFinding), &["discovery"], (5, 30)).omitted(30),
            step("theft", C(Cloud::BucketTheft), &["discovery"], (10, 300)).pivoted(),
            step("persistence", C(Cloud::KeyCreated), &["discovery"], (10, 120)).omitted(40),
        ],
    },
    // A session cookie out of an infostealer (T1539), used to ask the assistant for what the mailbox owner may see.
    Campaign {
        name: "stolen_session_bulk_retrieval",
        application: "hr-copilot",
        team: Team::People,
        steps: &[
            step("stealer", E(Endpoint::MalwareStart), &[], (1, 1)),
            step("stealer_alert", E(Endpoint::StealerAlert), &["stealer"], (2, 20)).omitted(25),
            step("session", I(Identity::StolenSession), &["stealer"], (30, 720)),
            step("risk", I(Identity::RiskDetection), &["session"], (1, 10)).omitted(30),
            step("jailbreak", A(Ai::Jailbreak, Attacker), &["session"], (5, 40)),
            step("bulk_retrieval", A(Ai::BulkRetrieval, Attacker), &["jailbreak"], (2, 20)),
            step("mail", C(Cloud::MailAccess), &["session"], (10, 90)),
        ],
    },
    // The help desk is talked into a reset (T1621, T1656, as in Scattered Spider's intrusions); the assistant is asked where credentials lie.
    Campaign {
        name: "helpdesk_reset",
        application: "hr-copilot",
        team: Team::Finance,
        steps: &[
            step("reset", I(Identity::FactorReset), &[], (1, 1)),
            step("okta_session", I(Identity::OktaSession), &["reset"], (3, 60)),
            step("sign_in", I(Identity::ForeignSignIn), &["reset"], (3, 60)),
            step("reconnaissance", A(Ai::Reconnaissance, Attacker), &["okta_session", "sign_in"], (5, 60)),
            step("disclosure", A(Ai::KeyDisclosure, Attacker), &["reconnaissance"], (1, 15)),
            step("discovery", C(Cloud::KeyDiscovery), &["disclosure"], (5, 180)).omitted(20),
            step("role", I(Identity::RoleGranted), &["sign_in"], (30, 300)).omitted(40),
            step("theft", C(Cloud::BucketTheft), &["discovery"], (15, 400)),
        ],
    },
    // A leaked key is sold and used to call models (LLMjacking; T1496, AML.T0034).
    Campaign {
        name: "llmjacking",
        application: "code-assistant",
        team: Team::Engineering,
        steps: &[
            step("disclosure", A(Ai::KeyDisclosure, Owner), &[], (1, 1)),
            step("discovery", C(Cloud::KeyDiscovery), &["disclosure"], (20, 900)),
            step("invocations", C(Cloud::ModelInvocations), &["discovery"], (5, 120)),
            step("finding", C(Cloud::KeyFinding), &["invocations"], (10, 60)).omitted(20),
            step("resale", C(Cloud::ModelInvocations), &["invocations"], (60, 600)).pivoted(),
        ],
    },
    // A mail commands the assistant (as in EchoLeak, CVE-2025-32711): mailbox searched, rule set, link in the answer.
    Campaign {
        name: "mail_to_mailbox",
        application: "operations-agent",
        team: Team::Finance,
        steps: &[
            step("injection", A(Ai::Injection, Owner), &[], (1, 1)),
            step("tool", A(Ai::ToolAbuse, Owner), &["injection"], (1, 3)),
            step("rule", C(Cloud::InboxRule), &["tool"], (1, 20)),
            step("link", A(Ai::MaliciousLink, Owner), &["injection"], (2, 10)).omitted(40),
            step("mail", C(Cloud::MailAccess), &["rule"], (10, 600)),
        ],
    },
    // A package runs on a developer's computer and lets the assistant look for secrets (as s1ngularity did; T1195.002).
    Campaign {
        name: "poisoned_package",
        application: "code-assistant",
        team: Team::Engineering,
        steps: &[
            step("start", E(Endpoint::MalwareStart), &[], (1, 1)),
            step("beacon", E(Endpoint::CommandAndControl), &["start"], (1, 10)).omitted(30),
            step("alert", E(Endpoint::MalwareAlert), &["start"], (2, 30)),
            step("harvest", A(Ai::KeyDisclosure, Owner), &["start"], (3, 40)),
            step("clones", C(Cloud::Clones), &["harvest"], (20, 500)),
            step("discovery", C(Cloud::KeyDiscovery), &["harvest"], (20, 500)).omitted(30),
        ],
    },
    // A document in the knowledge base is changed (AML.T0070); who asks is sent to a page that leaves malware.
    Campaign {
        name: "knowledge_poisoning",
        application: "research-agent",
        team: Team::Support,
        steps: &[
            step("sign_in", I(Identity::ForeignSignIn), &[], (1, 1)),
            step("document", C(Cloud::DocumentChanged), &["sign_in"], (3, 40)),
            step("planted", A(Ai::Poisoning, Attacker), &["sign_in"], (5, 60)),
            step("link", A(Ai::MaliciousLink, Owner), &["document", "planted"], (60, 900)).pivoted(),
            step("malware", E(Endpoint::MalwareStart), &["link"], (1, 15)).pivoted(),
            step("alert", E(Endpoint::MalwareAlert), &["malware"], (2, 30)).pivoted(),
        ],
    },
    // Somebody who is about to leave asks the assistant for what they should not have (AML.T0024, T1567.002).
    Campaign {
        name: "insider_extraction",
        application: "finance-analyst",
        team: Team::Finance,
        steps: &[
            step("prompt", A(Ai::PromptExtraction, Owner), &[], (1, 1)),
            step("jailbreak", A(Ai::Jailbreak, Owner), &["prompt"], (3, 60)),
            step("bulk_retrieval", A(Ai::BulkRetrieval, Owner), &["jailbreak"], (2, 60)),
            step("downloads", C(Cloud::Downloads), &["prompt"], (10, 400)),
            step("data_loss", E(Endpoint::DataLossAlert), &["downloads", "bulk_retrieval"], (10, 300)).omitted(25),
        ],
    },
    // Consent phishing (T1528): the assistant's answer shows the link, the application reads mail as the user.
    Campaign {
        name: "consent_phishing",
        application: "research-agent",
        team: Team::Sales,
        steps: &[
            step("link", A(Ai::MaliciousLink, Owner), &[], (1, 1)),
            step("consent", I(Identity::Consent), &["link"], (2, 40)),
            step("credential", I(Identity::PrincipalCredential), &["consent"], (20, 400)).omitted(30),
            step("mail", C(Cloud::MailAccess), &["consent"], (10, 300)),
            step("jailbreak", A(Ai::Jailbreak, Attacker), &["consent"], (30, 500)),
        ],
    },
    // From a computer over a shared host to the account of the model registry; a model is replaced (AML.T0018, T1558.003).
    Campaign {
        name: "model_registry_tampering",
        application: "claims-triage",
        team: Team::Engineering,
        steps: &[
            step("malware", E(Endpoint::MalwareStart), &[], (1, 1)),
            step("alert", E(Endpoint::MalwareAlert), &["malware"], (2, 30)).omitted(30),
            step("lateral", E(Endpoint::LateralLogon), &["malware"], (20, 300)),
            step("tool", E(Endpoint::SharedHostProcess), &["lateral"], (2, 30)).omitted(30),
            step("kerberos", E(Endpoint::KerberosAlert), &["lateral"], (5, 60)),
            step("failures", I(Identity::FailedSignIns), &["kerberos"], (10, 120)).omitted(40),
            step("replaced", C(Cloud::ModelReplaced), &["kerberos"], (30, 500)),
            step("reconnaissance", A(Ai::Reconnaissance, Attacker), &["lateral"], (20, 300)),
            step("tested", A(Ai::Jailbreak, Attacker), &["replaced"], (10, 200)),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::simulation::people::APPLICATIONS;

    #[test]
    fn every_step_comes_after_those_that_it_needs() {
        for campaign in &CAMPAIGNS {
            let mut seen = BTreeSet::new();
            for step in campaign.steps {
                assert!(step.after.iter().all(|name| seen.contains(name)), "{}: {}", campaign.name, step.name);
                assert!(seen.insert(&step.name), "{}: {} stands twice", campaign.name, step.name);
                assert!(step.wait_mins.0 <= step.wait_mins.1);
            }
            assert!(APPLICATIONS.iter().any(|application| application.name == campaign.application));
        }
    }
}
