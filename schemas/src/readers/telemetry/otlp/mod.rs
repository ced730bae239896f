//! OpenTelemetry traces: from spans to interactions, whatever the encoding and the dialect.
//!
//! The Collector's Kafka exporter puts many resources and spans into one message. [`json`] and [`proto`]
//! decode it into [`Span`]s; each span is then offered to the dialects, the ways in which instrumentations
//! write GenAI calls. A dialect is a file and a line in [`DIALECTS`]. Spans that no dialect knows belong to
//! other software: they are passed by and counted.
//!
//! Conventions name no end user for GenAI spans, so who took part is looked up in the span, then in its
//! parents within the same message, then in the resource.

mod json;
mod latest;
mod proto;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;

pub use json::OtlpJson;
pub use proto::OtlpProto;
use value::{Attributes, Value};

use super::body::Body;
use super::exchange::keep_newest;
use crate::entity::{EntityKind, canonical_id};
use crate::ids::InteractionId;
use crate::interaction::{Interaction, Named, TraceContext, User, Who};
use crate::readers::{Context, Output};
use crate::signal::Flag;
use crate::time::Timestamp;

/// One span, from either encoding.
#[derive(Default)]
struct Span<'a> {
    /// 32 lower-case hex digits, or nothing.
    trace_id: String,
    /// 16 lower-case hex digits, or nothing.
    span_id: String,
    parent_span_id: String,
    start_nanos: u64,
    end_nanos: u64,
    flags: u32,
    attributes: Attributes<'a>,
    /// The position of its resource in [`Trace::resources`].
    resource: usize,
}

/// Everything in one message.
#[derive(Default)]
struct Trace<'a> {
    resources: Vec<Attributes<'a>>,
    spans: Vec<Span<'a>>,
}

/// What a dialect makes of a span.
#[derive(Default)]
struct Call {
    body: Body,
    id: Option<String>,
    provider: Option<String>,
    /// The model that was asked for; the one that answered stands in the body.
    model: Option<String>,
    conversation: Option<String>,
    agent: Named,
    /// Whether a value was cut off by the exporter's length limit.
    truncated: bool,
}

/// One way of writing a GenAI call into a span.
trait Dialect: Sync {
    /// Whether the span is written in this dialect.
    fn recognises(&self, span: &Span<'_>) -> bool;

    /// What the span says; `None` where it holds nothing to look at.
    fn read(&self, span: &Span<'_>) -> Option<Call>;
}

/// Every dialect; the first that recognises a span reads it.
const DIALECTS: &[&dyn Dialect] = &[&latest::Latest];

/// How many parents are searched for who took part. Deeper chains exist only in loops.
const PARENTS_MAX: usize = 32;

/// Turns every GenAI span into an interaction.
fn read_trace(trace: &Trace<'_>, format: &str, context: &Context<'_>, out: &mut Output) {
    let by_id: HashMap<&str, &Span<'_>> = trace.spans.iter().map(|span| (span.span_id.as_str(), span)).collect();
    for span in &trace.spans {
        let dialect = DIALECTS.iter().find(|dialect| dialect.recognises(span));
        match dialect.and_then(|dialect| dialect.read(span)) {
            Some(call) => {
                let around = Around { span, by_id: &by_id, resource: trace.resources.get(span.resource) };
                out.interaction(interaction(call, &around, format, context));
            }
            None => out.passed_by += 1,
        }
    }
}

/// A span with what surrounds it.
struct Around<'t, 'a> {
    span: &'t Span<'a>,
    by_id: &'t HashMap<&'t str, &'t Span<'a>>,
    resource: Option<&'t Attributes<'a>>,
}

impl<'t> Around<'t, '_> {
    /// The first of `keys` that the span, else a parent, else the resource has as a text.
    fn text(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        let mut span = Some(self.span);
        for _ in 0..PARENTS_MAX {
            let Some(current) = span else { break };
            if let Some(text) = keys.iter().find_map(|key| current.attributes.text(key)) {
                return Some(text);
            }
            span = self.by_id.get(current.parent_span_id.as_str()).copied();
        }
        keys.iter().find_map(|key| self.resource?.text(key))
    }

    fn owned(&self, keys: &[&str]) -> Option<String> {
        self.text(keys).map(Cow::into_owned)
    }
}

fn interaction(call: Call, around: &Around<'_, '_>, format: &str, context: &Context<'_>) -> Interaction {
    let span = around.span;
    let mut flags = Vec::new();
    if call.truncated || call.body.truncated {
        flags.push(Flag::Truncated);
    }
    let id = call.id.or_else(|| (!span.span_id.is_empty()).then(|| span.span_id.clone())).unwrap_or_else(|| {
        flags.push(Flag::DerivedId);
        derived_id(&call.body, span)
    });
    let start = (span.start_nanos > 0).then(|| Timestamp::from_nanos(span.start_nanos)).flatten();
    let time = context.time(start, &mut flags);
    let latency = span.end_nanos.checked_sub(span.start_nanos).filter(|_| span.start_nanos > 0);
    let body = call.body;
    let mut interaction = Interaction {
        id: InteractionId::new(id),
        time,
        tenant: context.tenant(None, None),
        format: format.to_owned(),
        who: who(call.agent, call.conversation, around),
        provider: call.provider,
        model: body.model.or(call.model),
        messages: body.messages,
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

/// The id of a span without any: a hash of when it was and what was said.
fn derived_id(body: &Body, span: &Span<'_>) -> String {
    let mut content = span.start_nanos.to_be_bytes().to_vec();
    for message in &body.messages {
        content.extend_from_slice(message.text.expose().as_bytes());
        content.push(0);
    }
    super::exchange::content_id(&content)
}

fn trace_context(span: &Span<'_>) -> Option<TraceContext> {
    let sampled = span.flags & 1;
    TraceContext::parse(&format!("00-{}-{}-{sampled:02x}", span.trace_id, span.span_id))
}

fn who(agent: Named, conversation: Option<String>, around: &Around<'_, '_>) -> Who {
    let user = User {
        id: around.owned(&["enduser.id", "user.id"]),
        name: around.owned(&["user.name", "user.email"]),
        ..User::default()
    };
    Who {
        user: (user != User::default()).then_some(user),
        application: around.owned(&["service.name"]),
        agent: (agent != Named::default()).then_some(agent),
        source_ip: around.text(&["client.address"]).and_then(|ip| canonical_id(EntityKind::Ip, &ip)),
        user_agent: around.owned(&["user_agent.original"]),
        api_key_id: None,
        conversation_id: conversation.or_else(|| around.owned(&["gen_ai.conversation.id"])),
        session_id: around.owned(&["session.id"]),
        device: None,
    }
}
