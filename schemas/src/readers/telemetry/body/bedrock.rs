//! What Amazon Bedrock adds to answers: the verdicts of guardrails, and the steps of its agents.
//!
//! Guardrails stand in `trace` (Converse), `amazon-bedrock-trace` (InvokeModel) and `assessments`
//! (ApplyGuardrail). The words that a guardrail matched are content and stay where they were; the verdict says
//! which rule matched.

use super::super::lenient::{List, Pairs, Raw, Switch, Text, object};
use super::Body;
use super::leaves::leaves;
use super::part::{Content, Part};
use crate::interaction::{Channel, FilterVerdict};

object! {
    /// One rule of a guardrail and what it did.
    Rule {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "confidence" => confidence: Text<'a>,
        "action" => action: Text<'a>,
        "detected" => detected: Switch,
    }
}

object! {
    /// The rules of one policy, under the names that the policies give them.
    Policy {
        "topics" | "filters" | "customWords" | "piiEntities" => rules: List<Rule<'a>>,
        "managedWordLists" | "regexes" => more: List<Rule<'a>>,
    }
}

object! {
    /// What a guardrail found, policy by policy.
    Assessment {
        "topicPolicy" => topics: Policy<'a>,
        "contentPolicy" => content: Policy<'a>,
        "wordPolicy" => words: Policy<'a>,
        "sensitiveInformationPolicy" => sensitive: Policy<'a>,
        "contextualGroundingPolicy" => grounding: Policy<'a>,
    }
}

impl Assessment<'_> {
    /// Adds a verdict for each rule that matched.
    pub fn collect(self, response: bool, body: &mut Body) {
        let policies = [
            ("topic", self.topics),
            ("", self.content),
            ("word", self.words),
            ("sensitive_information", self.sensitive),
            ("", self.grounding),
        ];
        for (policy, found) in policies {
            found.rules.0.into_iter().chain(found.more.0).for_each(|rule| rule.collect(policy, response, body));
        }
    }
}

impl Rule<'_> {
    /// The names of topics and regexes are their owner's, the types of the others Amazon's.
    fn collect(self, policy: &str, response: bool, body: &mut Body) {
        let kind = if policy == "topic" { self.name.or(self.kind) } else { self.kind.or(self.name) };
        let category = match (policy, kind.get()) {
            ("", Some(kind)) => kind.to_owned(),
            (policy, Some(kind)) => format!("{policy}/{kind}"),
            (policy, None) => policy.to_owned(),
        };
        if category.is_empty() {
            return;
        }
        let action = self.action.get().unwrap_or_default();
        let acted = !["", "NONE"].contains(&action);
        let detected = self.detected.0.unwrap_or(acted) || acted;
        let severity = self.confidence.owned();
        body.judge(FilterVerdict { category, detected, filtered: action == "BLOCKED", severity, response });
    }
}

object! {
    /// What a guardrail saw on the way in and out, under the guardrail's id.
    GuardrailTrace {
        "inputAssessment" | "input" => input: Pairs<Assessment<'a>>,
        "outputAssessments" => outputs: Raw<'a>,
        "outputs" => listed: List<Pairs<Assessment<'a>>>,
        "inputAssessments" => agent_input: List<Assessment<'a>>,
        "modelOutput" => withheld: List<Text<'a>>,
    }
}

object! {
    /// What Bedrock tells of how an answer came about.
    Trace {
        "guardrail" | "guardrailTrace" => guardrail: GuardrailTrace<'a>,
        "preProcessingTrace" | "orchestrationTrace" | "postProcessingTrace" | "routingClassifierTrace" => step: Step<'a>,
        "trace" => nested: List<Trace<'a>>,
    }
}

impl Trace<'_> {
    /// Adds verdicts and steps. What the model said before a guardrail withheld or masked it is an answer too.
    pub fn collect(self, body: &mut Body) {
        let guardrail = self.guardrail;
        guardrail.input.0.into_iter().for_each(|(_, input)| input.collect(false, body));
        guardrail.agent_input.0.into_iter().for_each(|input| input.collect(false, body));
        let listed = guardrail.listed.0.into_iter().flat_map(|outputs| outputs.0).map(|(_, output)| output);
        assessments(guardrail.outputs).into_iter().chain(listed).for_each(|output| output.collect(true, body));
        for text in guardrail.withheld.0 {
            body.push(Channel::Assistant, text.into_cow(), None);
        }
        self.step.collect(body);
        self.nested.0.into_iter().for_each(|nested| nested.collect(body));
    }
}

/// What was found in answers: by guardrail and answer, or, of agents, by answer alone.
fn assessments(outputs: Raw<'_>) -> Vec<Assessment<'_>> {
    let Some(json) = outputs.0.map(|raw| raw.get()) else { return Vec::new() };
    if json.starts_with('[') {
        return serde_json::from_str::<List<Assessment<'_>>>(json).unwrap_or_default().0;
    }
    let guardrails = serde_json::from_str::<Pairs<List<Assessment<'_>>>>(json).unwrap_or_default();
    guardrails.0.into_iter().flat_map(|(_, outputs)| outputs.0).collect()
}

object! {
    /// A step of an agent.
    Step {
        "rationale" => rationale: Content<'a>,
        "invocationInput" => asked: Invocation<'a>,
        "observation" => observed: Observation<'a>,
    }
}

object! {
    /// What an agent asks a tool, a knowledge base, or another agent.
    Invocation {
        "actionGroupInvocationInput" => action: List<Action<'a>>,
        "knowledgeBaseLookupInput" | "codeInterpreterInvocationInput" | "agentCollaboratorInvocationInput"
            => other: List<Action<'a>>,
    }
}

object! {
    /// A call of an action: what it is called, and with what.
    Action {
        "function" | "actionGroupName" | "agentCollaboratorName" => name: Text<'a>,
        "actionGroupType" | "executionType" | "verb" | "apiPath" | "knowledgeBaseId" | "invocationId" => place: Text<'a>,
    }
    rest => rest
}

object! {
    /// What came back.
    Observation {
        "actionGroupInvocationOutput" | "codeInterpreterInvocationOutput" | "agentCollaboratorInvocationOutput"
            => output: List<Output<'a>>,
        "knowledgeBaseLookupOutput" => found: Found<'a>,
        "finalResponse" => answer: Content<'a>,
    }
}

object! {
    /// The output of a tool.
    Output {
        "agentCollaboratorName" => name: Text<'a>,
    }
    rest => rest
}

object! {
    /// The references that a knowledge base gave.
    Found {
        "retrievedReferences" => references: List<Part<'a>>,
    }
}

impl Step<'_> {
    fn collect(self, body: &mut Body) {
        self.rationale.collect(Channel::Assistant, None, body);
        for action in self.asked.action.0.into_iter().chain(self.asked.other.0) {
            let arguments = leaves(&action.rest);
            body.push_call(None, action.name.get(), arguments.into());
        }
        for output in self.observed.output.0 {
            body.push(Channel::ToolResult, leaves(&output.rest).into(), output.name.get());
        }
        self.observed.found.references.0.into_iter().for_each(|reference| reference.collect_document(body));
        self.observed.answer.collect(Channel::Assistant, None, body);
    }
}
