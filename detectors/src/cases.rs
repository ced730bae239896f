//! Behaviour tests as data: `tests/cases/<detector>/*.json`, one list of cases a file; the README there says how they are
//! written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine;
use schemas::interaction::User;
use schemas::{Channel, Interaction, InteractionId, Message, Severity, TenantId, Timestamp};
use serde::Deserialize;

use crate::{Detectors, Settings};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    user_agent: Option<String>,
    #[serde(default)]
    source_ip: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    tools_offered: Vec<String>,
    messages: Vec<CaseMessage>,
    expected: BTreeSet<String>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    entities: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseMessage {
    channel: Channel,
    text: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    response: bool,
}

/// An interaction of `messages` with nothing else known.
pub fn interaction(id: InteractionId, tenant: TenantId, time: Timestamp, messages: Vec<Message>) -> Interaction {
    Interaction {
        id,
        time,
        tenant,
        format: "exchange".to_owned(),
        who: Default::default(),
        provider: None,
        model: None,
        messages,
        tools_offered: Vec::new(),
        tokens: Default::default(),
        latency_ms: None,
        filters: Vec::new(),
        finish_reasons: Vec::new(),
        error: None,
        trace: None,
        skipped: Default::default(),
        flags: Vec::new(),
    }
}

/// An interaction of `messages` for tests that need no more.
pub fn talk(messages: Vec<Message>) -> Interaction {
    interaction(InteractionId::from("case"), TenantId::default(), Timestamp::default(), messages)
}

fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (kind, body) = after.split_once('}').map_or((None, ""), |(inner, _)| {
            inner.split_once(':').map_or((None, ""), |(kind, body)| (Some(kind), body))
        });
        let written: Option<String> = match kind {
            Some("tags") => Some(body.bytes().filter_map(|b| char::from_u32(0xE0000 + u32::from(b))).collect()),
            Some("base64") => Some(base64::engine::general_purpose::STANDARD.encode(body)),
            Some("zw") => Some(
                body.bytes()
                    .flat_map(|b| (0..8).map(move |i| if b >> i & 1 == 1 { '\u{200B}' } else { '\u{200C}' }))
                    .collect(),
            ),
            Some("join") => Some(body.replace('|', "")),
            Some("vs") => Some(body.bytes().filter_map(|b| char::from_u32(0xE0100 + u32::from(b))).collect()),
            _ => None,
        };
        match written {
            Some(written) => {
                out.push_str(&written);
                rest = after.split_once('}').map_or("", |(_, tail)| tail);
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn cases_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/cases")
}

#[test]
fn every_detector_has_cases_and_every_directory_a_detector() {
    let folders = std::fs::read_dir(cases_dir()).expect("tests/cases").map(|entry| entry.expect("entry"));
    let folders = folders.filter(|entry| entry.path().is_dir());
    let dirs: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    assert_eq!(dirs, crate::names().map(str::to_owned).collect());
    let listed: Vec<_> = crate::names().collect();
    assert!(listed.is_sorted(), "alphabetical");
    for detector in crate::DETECTORS {
        assert_eq!(detector.name(), detector.category().as_str());
    }
}

#[test]
fn detectors_say_what_the_cases_expect() {
    let detectors = Detectors::new().expect("compiles");
    let mut wrong = Vec::new();
    for name in crate::names() {
        let mut kinds = (false, false);
        for file in std::fs::read_dir(cases_dir().join(name)).expect("a directory") {
            let path = file.expect("entry").path();
            let text = std::fs::read_to_string(&path).expect("readable");
            let cases: Vec<Case> =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for case in cases {
                kinds = (kinds.0 || case.expected.is_empty(), kinds.1 || !case.expected.is_empty());
                wrong.extend(check(&detectors, name, &case));
            }
        }
        assert_eq!(kinds, (true, true), "{name} needs attacks and benign twins");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is wrong with one case, if anything.
fn check(detectors: &Detectors, name: &str, case: &Case) -> Option<String> {
    let message = |m: &CaseMessage| {
        let message = Message::request(m.channel, expand(&m.text)).named(m.name.clone());
        Message { response: m.response, ..message }
    };
    let mut interaction = talk(case.messages.iter().map(message).collect());
    interaction.who.user_agent = case.user_agent.clone();
    interaction.who.source_ip = case.source_ip.clone();
    interaction.who.user = case.user.clone().map(|id| User { id: Some(id), ..User::default() });
    interaction.tools_offered = case.tools_offered.clone();
    let settings = Settings { scores: true, ..Settings::default() };
    let detection = detectors.annotate_with(&interaction, &settings, &crate::intel::fixture::feeds());
    let own: Vec<_> = detection.annotated.annotations.iter().filter(|a| a.detector == name).collect();
    let found: BTreeSet<String> = own.iter().map(|a| a.subtype.clone()).collect();
    let score = detection.annotated.scores.as_ref().and_then(|scores| scores.get(name));
    if found != case.expected {
        return Some(format!("{name}: {}: expected {:?}, found {found:?}, score {score:?}", case.name, case.expected));
    }
    if case.severity.is_some() && own.iter().map(|a| a.severity).max() != case.severity {
        return Some(format!("{name}: {}: severity {:?}", case.name, own.iter().map(|a| a.severity).max()));
    }
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entity in own.iter().flat_map(|a| &a.entities) {
        named.entry(entity.kind.as_str().to_owned()).or_default().extend(entity.ids.iter().cloned());
    }
    let expected = case.entities.as_ref().filter(|expected| **expected != named);
    expected.map(|expected| format!("{name}: {}: entities {expected:?}, found {named:?}", case.name))
}
