//! OpenTelemetry traces and logs: from spans and events to interactions, whatever the encoding and the dialect.
//!
//! The Collector's Kafka exporter puts many resources and spans into one message. [`json`] and [`proto`] decode
//! it into an [`Export`]; [`join`] gives the events of logs to their spans; each span is then offered to the
//! dialects, the ways in which instrumentations write GenAI calls. A dialect is a file and a line in
//! [`DIALECTS`]. Spans that no dialect knows belong to other software: they are passed by and counted.
//!
//! Frameworks wrap spans of agents, chains and workflows around those of models and repeat their texts: such a
//! wrapper is context, and [`wrapper`] says which ones are read all the same. Conventions name no end user for
//! GenAI spans; who took part is inherited from parents and the resource (see [`lineage`]).

mod agents;
mod chain;
mod events;
mod flat;
mod frameworks;
mod guardrail;
mod join;
mod json;
mod latest;
mod lineage;
mod openinference;
mod openllmetry;
mod proto;
mod sides;
mod spelt;
mod value;
mod vercel;
mod wrapper;

use std::borrow::Cow;

use guardrail::give_verdicts_to_calls;
pub use json::OtlpJson;
use lineage::{Lineage, Traits};
pub use proto::OtlpProto;
use value::{Attributes, Value};
use wrapper::Wanted;

use super::body::Body;
use super::envelope::keep_newest;
use crate::ids::InteractionId;
use crate::interaction::{Interaction, Tokens, TraceContext, Who};
use crate::readers::{Context, EventTime, Output};
use crate::signal::Flag;
use crate::time::Timestamp;

/// Something that happened within a span, or a log record.
#[derive(Default)]
struct Event<'a> {
    name: Cow<'a, str>,
    nanos: u64,
    attributes: Attributes<'a>,
    /// Only log records have one.
    body: Value<'a>,
}

impl Event<'_> {
    /// The event with the name that it has in an attribute, where exporters have no field for it yet.
    fn with_older_name(mut self) -> Self {
        if self.name.is_empty()
            && let Some(name) = self.attributes.owned("event.name")
        {
            self.name = Cow::Owned(name);
        }
        self
    }
}

/// The number in up to 16 bytes, the highest first.
fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Where a span or a log record stands; zero where it says nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Place {
    trace_id: u128,
    span_id: u64,
}

/// One span, from either encoding, or the events of one whose span is not in the message.
#[derive(Default)]
struct Span<'a> {
    place: Place,
    parent_span_id: u64,
    start_nanos: u64,
    /// Whether its start is something that is no time.
    start_unreadable: bool,
    end_nanos: u64,
    flags: u32,
    /// Whether its status is an error.
    failed: bool,
    /// Whether what it tells ran in another process: its kind is client or producer.
    remote: bool,
    attributes: Attributes<'a>,
    events: Vec<Event<'a>>,
    /// The position of its resource in [`Export::resources`].
    resource: usize,
    /// Whether only events of it are known.
    orphaned: bool,
    /// The position of the first event that speaks for the whole call, where one does; an agent framework may write
    /// one before it and one after it.
    details: Option<usize>,
}

impl<'a> Span<'a> {
    /// The value of an attribute: the span's, else that of an event that speaks for the whole call. Of a span
    /// that is not in the message, its first event does.
    fn get(&self, key: &str) -> Option<&Value<'a>> {
        let first = self.orphaned.then_some(0);
        let first = || self.events.get(first?)?.attributes.get(key);
        let details = || {
            let mut details = self.events.get(self.details?..)?.iter().filter(|event| event.name == events::DETAILS);
            details.find_map(|event| event.attributes.get(key))
        };
        self.attributes.get(key).or_else(details).or_else(first)
    }

    fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Value::text)
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(Cow::into_owned)
    }
}

/// One log record.
#[derive(Default)]
struct LogRecord<'a> {
    event: Event<'a>,
    place: Place,
    flags: u32,
    resource: usize,
    /// Whether it names a time that is none.
    time_unreadable: bool,
}

/// Everything in one message of Kafka, what an SDK exported at once.
#[derive(Default)]
struct Export<'a> {
    resources: Vec<Attributes<'a>>,
    spans: Vec<Span<'a>>,
    records: Vec<LogRecord<'a>>,
}

/// What a span stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    /// A call of a model.
    #[default]
    Model,
    /// A call of a tool, or a retrieval: what it says may be said again by the model's next call.
    Step,
    /// An agent, a chain or a workflow of this process around the spans of models.
    Wrapper,
    /// An agent that runs elsewhere, or something of an unknown kind: no span of a model need be seen for it.
    Outer,
    /// What a filter beside the model judged.
    Guardrail,
}

impl Role {
    /// Whether what it says is also said by the spans of models within it, where there are such spans.
    fn surrounds(self) -> bool {
        matches!(self, Self::Wrapper | Self::Outer)
    }
}

/// What a dialect makes of a span.
#[derive(Default)]
struct Call {
    body: Body,
    role: Role,
    id: Option<String>,
    provider: Option<String>,
    /// The model that was asked for; the one that answered stands in the body.
    model: Option<String>,
    conversation: Option<String>,
    /// Whether a value was cut off by the exporter's length limit.
    truncated: bool,
    /// Whether a wrapper holds what a retrieval or a tool brought, and no message with a role carries it.
    brought: bool,
}

impl Call {
    /// Whether there is anything to look at: texts, an error, or what the call cost.
    fn says_something(&self) -> bool {
        !self.body.messages.is_empty() || self.body.error.is_some() || self.body.tokens != Tokens::default()
    }
}

/// One way of writing a GenAI call into a span.
trait Dialect: Sync {
    /// Whether the span is written in this dialect.
    fn recognises(&self, span: &Span<'_>) -> bool;

    /// What the span says; `None` where it holds nothing to look at.
    fn read(&self, span: &Span<'_>) -> Option<Call>;
}

/// Every dialect. Spans may be written in two at once: the first that finds a text reads it, else the first
/// that makes anything of it.
const DIALECTS: &[&dyn Dialect] = &[
    &guardrail::Guardrail,
    &openinference::OpenInference,
    &latest::Latest,
    &openllmetry::OpenLlmetry,
    &events::Events,
    &vercel::Vercel,
    &frameworks::Frameworks,
    &agents::Agents,
];

/// Turns every GenAI span into an interaction.
fn read_export(mut export: Export<'_>, format: &str, context: &Context<'_>, out: &mut Output) {
    // A message of nothing is a record like any other: what became of it is counted.
    let nothing = export.spans.is_empty() && export.records.is_empty();
    out.passed_by = out.passed_by.saturating_add(u32::from(nothing));
    out.passed_by = out.passed_by.saturating_add(join::give_records_to_spans(&mut export, &mut out.carried));
    for span in &mut export.spans {
        span.details = span.events.iter().position(|event| event.name == events::DETAILS);
    }
    let mut calls: Vec<Option<Call>> = export.spans.iter().map(read_span).collect();
    let mut lineage = Lineage::new(&export);
    give_verdicts_to_calls(&export.spans, &lineage, &mut calls);
    let wanted = Wanted::new(&export.spans, &calls, context.lone_wrappers);
    for (position, call) in calls.iter().enumerate() {
        let spoken = call.as_ref().is_some_and(|call| call.role != Role::Step && !call.body.messages.is_empty());
        if spoken && wanted.has(position) {
            lineage.cover_parents(position);
        }
    }
    for (position, (span, call)) in export.spans.iter().zip(calls).enumerate() {
        match call {
            Some(call) if wanted.has(position) && !(call.role.surrounds() && lineage.is_covered(position)) => {
                let traits = lineage.traits(position);
                out.interaction(interaction(call, span, &traits, format, context));
            }
            _ => out.passed_by = out.passed_by.saturating_add(1),
        }
    }
}

fn read_span(span: &Span<'_>) -> Option<Call> {
    let mut known = None;
    for dialect in DIALECTS.iter().filter(|dialect| dialect.recognises(span)) {
        let call = dialect.read(span);
        if call.as_ref().is_some_and(|call| !call.body.messages.is_empty()) {
            known = call;
            break;
        }
        known = known.or(call);
    }
    let mut call = known?;
    call.provider =
        call.provider.or_else(|| span.owned("gen_ai.provider.name")).or_else(|| span.owned("gen_ai.system"));
    events::complete(span, &mut call);
    if call.role != Role::Guardrail {
        guardrail::add_findings(span, &mut call.body);
    }
    Some(call)
}

/// Token counts in the names that the GenAI conventions and OpenLLMetry have used over time.
fn tokens(span: &Span<'_>) -> Tokens {
    let count = |keys: &[&str]| keys.iter().find_map(|key| span.get(key).and_then(Value::count));
    Tokens {
        input: count(&["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"]),
        output: count(&["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"]),
        total: count(&["gen_ai.usage.total_tokens", "llm.usage.total_tokens"]),
        cached: count(&["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"]),
        reasoning: count(&["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"]),
    }
}

/// Why the span failed: what it says itself, else its exception, else that it did.
fn error(span: &Span<'_>) -> Option<String> {
    let exception = || {
        let exceptions = span.events.iter().rev().filter(|event| event.name == "exception");
        exceptions.into_iter().find_map(|event| event.attributes.owned("exception.type"))
    };
    let failed = || span.failed.then(|| exception().unwrap_or_else(|| "error".to_owned()));
    span.owned("error.type").or_else(failed)
}

fn interaction(
    call: Call,
    span: &Span<'_>,
    traits: &Traits<'_, '_>,
    format: &str,
    context: &Context<'_>,
) -> Interaction {
    let who = traits.who(call.conversation.clone(), context);
    let mut flags = Vec::new();
    if call.truncated || call.body.truncated {
        flags.push(Flag::Truncated);
    }
    // Log records have no id of their own, and several of one span may come in several messages.
    let own = (span.place.span_id != 0 && !span.orphaned).then(|| format!("{:016x}", span.place.span_id));
    let id = call.id.clone().or(own).unwrap_or_else(|| {
        flags.push(Flag::DerivedId);
        derived_id(&call, &who, span)
    });
    let start = (span.start_nanos > 0).then(|| Timestamp::from_nanos(span.start_nanos)).flatten();
    let start = if span.start_unreadable { EventTime::Unreadable } else { start.into() };
    let time = context.time(start, &mut flags);
    let latency = span.end_nanos.checked_sub(span.start_nanos).filter(|_| span.start_nanos > 0);
    let mut body = call.body;
    let tools_offered = body.take_tools_offered();
    let mut interaction = Interaction {
        id: InteractionId::new(id),
        time,
        tenant: context.tenant(None, traits.vendor_tenant().as_deref()),
        format: format.to_owned(),
        who,
        provider: call.provider,
        model: body.model.or(call.model),
        messages: body.messages,
        tools_offered,
        tokens: body.tokens,
        latency_ms: latency.map(|nanos| nanos / 1_000_000),
        filters: body.filters,
        finish_reasons: body.finish_reasons,
        error: body.error,
        trace: trace_context(span),
        skipped: body.skipped,
        flags,
    };
    keep_newest(&mut interaction, context.limits.messages_max);
    interaction
}

/// The id of a call without any: a hash of where and when it was, who took part, what it cost and what was said.
fn derived_id(call: &Call, who: &Who, span: &Span<'_>) -> String {
    let mut content = span.start_nanos.to_be_bytes().to_vec();
    if span.orphaned {
        content.extend(span.place.trace_id.to_be_bytes());
        content.extend(span.place.span_id.to_be_bytes());
    }
    let user = who.user.as_ref();
    let parts = [user.and_then(|user| user.id.as_ref()), user.and_then(|user| user.name.as_ref())];
    let parts = parts.into_iter().chain([&who.conversation_id, &who.session_id, &call.model].map(Option::as_ref));
    for part in parts {
        content.extend_from_slice(part.map_or(b"", |part| part.as_bytes()));
        content.push(0);
    }
    for count in [call.body.tokens.input, call.body.tokens.output] {
        content.extend(count.unwrap_or_default().to_be_bytes());
    }
    for message in &call.body.messages {
        content.extend_from_slice(message.text.expose().as_bytes());
        content.push(0);
    }
    super::envelope::content_id(&content)
}

fn trace_context(span: &Span<'_>) -> Option<TraceContext> {
    let Place { trace_id, span_id } = span.place;
    let known = trace_id != 0 && span_id != 0;
    known.then(|| TraceContext {
        trace_id: format!("{trace_id:032x}"),
        span_id: format!("{span_id:016x}"),
        sampled: span.flags & 1 == 1,
    })
}
