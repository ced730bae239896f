//! Suspicious access: the caller's client is a known attack tool, or comes from where attackers do.
//!
//! **Finds**: user agents of LLM red-team tools and of scanners (`llm_attack_tool`, `scanner`), user agents that are
//! none but code (`payload_user_agent`), that claim to be a browser and name a library or two platforms
//! (`forged_user_agent`), that feeds list (`listed_user_agent`), addresses of anonymisers such as exits of Tor (`anonymized_ip`) and other addresses
//! that feeds list (`suspicious_ip`).
//!
//! **Why**: a tool that names itself is either an authorised test that the SOC should know about, or an
//! attacker in a hurry; an application for employees is seldom used through Tor. It costs nothing to look.
//!
//! **Example**: `garak/0.9 (LLM vulnerability scanner)`.
//!
//! **Does not find**: tools that name themselves otherwise, places and times that do not fit (they need
//! memory: correlation rules). Without feeds, addresses say nothing.
//!
//! **References**: MITRE ATLAS AML.T0040 (AI Model Inference API Access), ATT&CK T1595 (Active Scanning);
//! the tools' own documentation.

use schemas::{Category, Channel, Severity};

use crate::bounds::head;
use crate::detector::{Detector, Scene, Sighting, Sightings};
use crate::intel::{Observable, Standing};

/// See the file's head.
#[derive(Debug)]
pub struct SuspiciousAccess;

/// Tools that attack models, by a part of their user agent in lower case.
const LLM_TOOLS: [&str; 13] = [
    "agentic_security",
    "ai-infra-guard",
    "deepteam",
    "fuzzyai",
    "garak",
    "giskard",
    "houyi",
    "llm-attacks",
    "llmfuzzer",
    "promptfoo",
    "promptmap",
    "pyrit",
    "spikee",
];
/// Scanners and attack proxies.
const SCANNERS: [&str; 30] = [
    "sqlmap",
    "nuclei",
    "burpsuite",
    "burp suite",
    "burpcollaborator",
    "nikto",
    "wpscan",
    "dirbuster",
    "gobuster",
    "ffuf",
    "masscan",
    "zgrab",
    "nmap scripting engine",
    "acunetix",
    "owasp zap",
    "feroxbuster",
    "arachni",
    "commix",
    "dirsearch",
    "fuzz faster u fool",
    "hydra",
    "jaeles",
    "metasploit",
    "nessus",
    "openvas",
    "qualysguard",
    "skipfish",
    "w3af",
    "wapiti",
    "wfuzz",
];
/// Programs and libraries that no browser names.
const LIBRARIES: [&str; 11] = [
    "aiohttp",
    "curl",
    "go-http-client",
    "libwww-perl",
    "node-fetch",
    "powershell",
    "python",
    "python-httpx",
    "python-requests",
    "python-urllib",
    "wget",
];
/// Platforms of which a browser runs on one.
const PLATFORMS: [&str; 5] = ["android", "iphone", "macintosh", "windows nt", "x11"];
/// Code that a client hopes for somebody's log or page to run.
const PAYLOADS: [&str; 8] =
    ["${jndi:", "() { :;}", "() { :; }", "<script", "<?php", "{{7*7}}", "' or '1'='1", "../../"];
/// The longest user agent that is looked at, in bytes.
const USER_AGENT_BYTES_MAX: usize = 1024;

impl Detector for SuspiciousAccess {
    fn name(&self) -> &'static str {
        "suspicious_access"
    }

    fn category(&self) -> Category {
        Category::SuspiciousAccess
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0040", "T1595"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        let signs = [address(scene), client(scene)];
        for (subtype, score, severity) in signs.into_iter().flatten() {
            // The access is not a text: the sighting stands at the first message with an empty span.
            out.push(Sighting {
                subtype,
                score,
                severity,
                message_index: 0,
                channel: scene.view.messages.first().map_or(Channel::User, |message| message.channel),
                span: (0, 0),
                value_hashes: Vec::new(),
                entities: Vec::new(),
                masks: Vec::new(),
                left_to: None,
            });
        }
    }
}

/// What the feeds say about where the caller is.
fn address(scene: &Scene<'_>) -> Option<(&'static str, f32, Severity)> {
    let interaction = scene.view.interaction;
    let address = interaction.who.source_ip.as_deref()?.parse().ok()?;
    let listed = scene.feeds.address(address, interaction.time)?;
    let subtype = if listed.standing == Standing::Anonymizer { "anonymized_ip" } else { "suspicious_ip" };
    Some((subtype, listed.score(), Severity::High))
}

/// What the caller's client is known for.
fn client(scene: &Scene<'_>) -> Option<(&'static str, f32, Severity)> {
    let interaction = scene.view.interaction;
    let agent = head(interaction.who.user_agent.as_ref()?, USER_AGENT_BYTES_MAX).to_lowercase();
    let named = |tools: &[&str]| tools.iter().any(|tool| names(&agent, tool));
    if named(&LLM_TOOLS) {
        return Some(("llm_attack_tool", 0.9, Severity::Medium));
    }
    let listed = Observable::user_agent(&agent).and_then(|agent| scene.feeds.exact(&agent, interaction.time));
    if let Some(listed) = listed {
        return Some(("listed_user_agent", listed.score(), Severity::Medium));
    }
    if PAYLOADS.iter().any(|payload| agent.contains(payload)) {
        return Some(("payload_user_agent", 0.9, Severity::Medium));
    }
    if named(&SCANNERS) {
        return Some(("scanner", 0.8, Severity::Low));
    }
    is_forged(&agent).then_some(("forged_user_agent", 0.55, Severity::Low))
}

/// Whether a client says that it is a browser and something else as well. Robots that name themselves in a browser's
/// words (`compatible;`) and applications around a browser do not pretend.
fn is_forged(agent: &str) -> bool {
    let browser = agent.starts_with("mozilla/") && !agent.contains("compatible;") && !agent.contains("+http");
    let platforms = PLATFORMS.iter().filter(|platform| agent.contains(**platform)).count();
    browser && (platforms > 1 || LIBRARIES.iter().any(|library| names(agent, library)))
}

/// Whether `agent` holds `tool` as a word of its own.
fn names(agent: &str, tool: &str) -> bool {
    agent.match_indices(tool).any(|(at, _)| {
        let before = agent.get(..at).and_then(|text| text.chars().next_back());
        let after = agent.get(at + tool.len()..).and_then(|text| text.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}
