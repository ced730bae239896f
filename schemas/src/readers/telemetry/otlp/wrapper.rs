//! Which spans around other spans are interactions of their own.
//!
//! A framework's span of an agent, a chain or a workflow repeats what the spans of its models tell. It ends after
//! them, so that exporters and collectors often put it into a later message: that a message holds the wrapper alone
//! does not mean that nothing else tells its texts. Read there, each conversation would count twice, and a reader
//! that keeps nothing between records cannot know better. By its kind such a span promises spans of models, and is
//! therefore context in either order: passed by, counted, and what it says about agent, user and session inherited.
//!
//! Three kinds are read, each only where no span of a model in its trace within the message has texts:
//!
//! - An agent that runs elsewhere (the span's kind is client), and a span of unknown kind: no model's span need exist.
//! - One that holds what a retrieval or a tool brought and no message with a role carries: a model's span has it in
//!   the prompt of the user, if at all, and only here does it have its channel. A retriever's or a tool's own span
//!   beside it tells the same.
//! - Any of them where the configuration says that models are not instrumented ([`Context::lone_wrappers`]).
//!
//! Of several within each other the innermost is read, which tells most.
//!
//! [`Context::lone_wrappers`]: crate::readers::Context::lone_wrappers

use std::collections::HashSet;

use super::{Call, Role, Span};
use crate::interaction::Channel;

/// What is read of a message, by position of the spans.
pub(super) struct Wanted(Vec<bool>);

impl Wanted {
    pub fn new(spans: &[Span<'_>], calls: &[Option<Call>], lone_wrappers: bool) -> Self {
        let (mut told, mut brought) = (HashSet::new(), HashSet::new());
        for (span, call) in spans.iter().zip(calls) {
            let Some(call) = call.as_ref().filter(|call| !call.body.messages.is_empty()) else { continue };
            match call.role {
                Role::Model => drop(told.insert(span.place.trace_id)),
                Role::Step if call.body.messages.iter().any(is_brought) => drop(brought.insert(span.place.trace_id)),
                _ => {}
            }
        }
        // Spans without a trace have nothing in common.
        let alone =
            |set: &HashSet<u128>, span: &Span<'_>| span.place.trace_id == 0 || !set.contains(&span.place.trace_id);
        let wanted = |(span, call): (&Span<'_>, &Option<Call>)| {
            let Some(call) = call else { return false };
            let untold = || alone(&told, span);
            match call.role {
                Role::Model | Role::Step | Role::Guardrail => true,
                Role::Outer => untold(),
                Role::Wrapper => untold() && (lone_wrappers || call.brought && alone(&brought, span)),
            }
        };
        Self(spans.iter().zip(calls).map(wanted).collect())
    }

    /// Whether the call of the span at `position` is an interaction, unless one within it tells the same.
    pub fn has(&self, position: usize) -> bool {
        self.0.get(position).copied().unwrap_or(false)
    }
}

fn is_brought(message: &crate::interaction::Message) -> bool {
    matches!(message.channel, Channel::Document | Channel::ToolResult)
}
