//! Spans and events of guardrails: what a filter beside the model judged about a call.
//!
//! Source: the proposal of `run_guardrail` spans (open-telemetry/semantic-conventions-genai, pull requests 262 and
//! 427) and the drafts before it, which had other prefixes. A guardrail's span is the child of what it guards, or
//! stands beside it; a finding may also be an event. The texts are the guarded call's: nothing is repeated here.
//! Its verdict goes to that call where the message holds it, and stands alone otherwise.

use std::collections::HashMap;

use super::super::body::Body;
use super::lineage::Lineage;
use super::{Call, Dialect, Event, Role, Span, Value};
use crate::interaction::FilterVerdict;

pub(super) struct Guardrail;

const OPERATIONS: [&str; 2] = ["run_guardrail", "apply_guardrail"];

/// Events that say what a guardrail found.
const FINDINGS: [&str; 2] = ["gen_ai.guardrail.security.finding", "gen_ai.security.finding"];

/// Each attribute in its current name, then in those of drafts.
const VERDICT: [&str; 3] =
    ["gen_ai.guardrail.verdict.type", "gen_ai.security.verdict.type", "gen_ai.security.decision.type"];
const ACTION: [&str; 2] = ["gen_ai.guardrail.action.type", "gen_ai.security.action.type"];
const TARGET: [&str; 2] = ["gen_ai.guardrail.target.type", "gen_ai.security.target.type"];
const SEVERITY: [&str; 2] = ["gen_ai.guardrail.security.risk.severity", "gen_ai.security.risk.severity"];
/// What was looked for: the kind of risk, else the policy, else the guardrail itself.
const CATEGORY: [&str; 8] = [
    "gen_ai.guardrail.security.risk.category",
    "gen_ai.security.risk.category",
    "gen_ai.security.risk.finding",
    "gen_ai.guardrail.security.policy.name",
    "gen_ai.security.policy.name",
    "gen_ai.guardrail.component.name",
    "gen_ai.security.guardrail.name",
    "gen_ai.guardian.name",
];

/// What is done to keep an exchange from going on as it was.
const BLOCKING: [&str; 6] = ["block", "deny", "modify", "redact", "reject", "terminate"];

impl Dialect for Guardrail {
    fn recognises(&self, span: &Span<'_>) -> bool {
        let operation = span.text("gen_ai.operation.name");
        operation.is_some_and(|name| OPERATIONS.contains(&name.as_ref()))
            || span.orphaned && span.events.iter().all(is_finding)
    }

    fn read(&self, span: &Span<'_>) -> Option<Call> {
        let mut call = Call { role: Role::Guardrail, provider: span.owned("gen_ai.provider.name"), ..Call::default() };
        if !span.orphaned {
            call.body.filters.extend(verdicts(|key| span.attributes.get(key)));
        }
        add_findings(span, &mut call.body);
        (!call.body.filters.is_empty()).then_some(call)
    }
}

/// Whether the event is a guardrail's finding.
pub(super) fn is_finding(event: &Event<'_>) -> bool {
    FINDINGS.contains(&event.name.as_ref())
}

/// Adds what the span's events say that guardrails found. A finding of a verdict that is known already says more
/// of the same, so that each category counts once.
pub(super) fn add_findings(span: &Span<'_>, body: &mut Body) {
    for event in span.events.iter().filter(|event| is_finding(event)) {
        for verdict in verdicts(|key| event.attributes.get(key)) {
            if !body.filters.contains(&verdict) {
                body.filters.push(verdict);
            }
        }
    }
}

/// The verdict of one guardrail, for each category that it names. Without a verdict there is none.
fn verdicts<'s, 'a: 's>(get: impl Fn(&str) -> Option<&'s Value<'a>>) -> Vec<FilterVerdict> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| get(key)?.text()).map(|text| text.to_ascii_lowercase());
    let Some(verdict) = first(&VERDICT) else { return Vec::new() };
    let detected = !["allow", "none", "pass"].contains(&verdict.as_str());
    let action = first(&ACTION).unwrap_or_else(|| verdict.clone());
    let filtered = detected && BLOCKING.contains(&action.as_str());
    let response = first(&TARGET).is_some_and(|target| ["output", "response"].iter().any(|side| target.contains(side)));
    let severity = SEVERITY.iter().find_map(|key| get(key)?.text()).map(|text| text.into_owned());
    let mut categories = CATEGORY.iter().find_map(|key| Some(get(key)?.texts()).filter(|all| !all.is_empty()));
    let categories = categories.take().unwrap_or_else(|| vec!["guardrail".to_owned()]);
    let verdict = |category| FilterVerdict { category, detected, filtered, severity: severity.clone(), response };
    categories.into_iter().map(verdict).collect()
}

/// Moves each verdict to the call that it is about: the parent of the guardrail's span, else the only model's call
/// of its trace in the message.
pub(super) fn give_verdicts_to_calls(spans: &[Span<'_>], lineage: &Lineage<'_, '_>, calls: &mut [Option<Call>]) {
    let role = |calls: &[Option<Call>], at: usize| calls.get(at)?.as_ref().map(|call| call.role);
    if !calls.iter().flatten().any(|call| call.role == Role::Guardrail) {
        return;
    }
    // The only call of each trace, or none where there are several.
    let mut only: HashMap<u128, Option<usize>> = HashMap::new();
    for (position, span) in spans.iter().enumerate().filter(|(position, _)| role(calls, *position) == Some(Role::Model))
    {
        only.entry(span.place.trace_id).and_modify(|known| *known = None).or_insert(Some(position));
    }
    for (position, span) in spans.iter().enumerate() {
        if role(calls, position) != Some(Role::Guardrail) {
            continue;
        }
        let guarded = |at: &usize| matches!(role(calls, *at), Some(Role::Model | Role::Step));
        let alone = || only.get(&span.place.trace_id).copied().flatten().filter(|_| span.place.trace_id != 0);
        let Some(target) = lineage.parent(position).filter(guarded).or_else(alone) else { continue };
        let Some(verdicts) = calls.get_mut(position).and_then(Option::take).map(|call| call.body.filters) else {
            continue;
        };
        if let Some(call) = calls.get_mut(target).and_then(Option::as_mut) {
            call.body.filters.extend(verdicts);
        }
    }
}
