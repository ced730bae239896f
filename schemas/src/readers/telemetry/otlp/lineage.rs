//! Who took part in a call: what the span says, else its nearest parent in the message, else the resource.
//!
//! GenAI spans rarely name the end user or the client; the web framework's span around them does. What a span
//! inherits is worked out once and remembered, so that a message of deep or circular chains of parents costs
//! one step a span and no more.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Attributes, Export, Place, Span, Value};
use crate::entity::{EntityKind, canonical_id};
use crate::interaction::{Named, User, Who};
use crate::readers::Context;

/// What is inherited.
#[derive(Clone, Copy)]
enum Trait {
    UserId,
    UserName,
    AgentId,
    AgentName,
    Client,
    ForwardedFor,
    UserAgent,
    Conversation,
    Session,
}

const TRAITS: usize = 9;

/// The attributes that say it, the best first: those of the semantic conventions, of their older versions,
/// then those that instrumentations have made up.
const KEYS: [(Trait, &[&str]); TRAITS] = [
    (
        Trait::UserId,
        &[
            "enduser.id",
            "user.account_uuid",
            "user.id",
            "enduser.pseudo.id",
            "traceloop.association.properties.user_id",
            "langfuse.user.id",
            "langsmith.metadata.user_id",
            "ai.telemetry.metadata.userId",
            "ai.telemetry.metadata.user_id",
            "gen_ai.user",
            "user.account_id",
            "llm.user",
        ],
    ),
    // An address is a name that other sources know, too.
    (Trait::UserName, &["user.email", "user.name", "user.full_name"]),
    (Trait::AgentId, &["gen_ai.agent.id"]),
    (Trait::AgentName, &["gen_ai.agent.name", "agent.name"]),
    (Trait::Client, &["client.address", "http.client_ip"]),
    (Trait::ForwardedFor, &["http.request.header.x-forwarded-for"]),
    (Trait::UserAgent, &["user_agent.original", "http.user_agent"]),
    (
        Trait::Conversation,
        &[
            "gen_ai.conversation.id",
            "conversation.id",
            "traceloop.association.properties.conversation_id",
            "traceloop.association.properties.thread_id",
            "traceloop.association.properties.chat_id",
        ],
    ),
    (
        Trait::Session,
        &[
            "session.id",
            "traceloop.association.properties.session_id",
            "langfuse.session.id",
            "ai.telemetry.metadata.sessionId",
            "ai.telemetry.metadata.session_id",
            "mcp.session.id",
        ],
    ),
];

/// Everything inherited, by position in [`KEYS`], and the resource.
#[derive(Clone, Copy, Default)]
pub(super) struct Traits<'t, 'a> {
    values: [Option<&'t Value<'a>>; TRAITS],
    resource: Option<&'t Attributes<'a>>,
}

impl<'t, 'a> Traits<'t, 'a> {
    fn of(attributes: &'t Attributes<'a>) -> Self {
        let value = |keys: &[&str]| keys.iter().find_map(|key| attributes.get(key).filter(|value| !value.is_blank()));
        let mut values = KEYS.map(|(_, keys)| value(keys));
        // OpenLLMetry names the agent as it names every other entity.
        if let Some(name) = values.get_mut(Trait::AgentName as usize)
            && name.is_none()
            && attributes.text("traceloop.span.kind").is_some_and(|kind| kind == "agent")
        {
            *name = attributes.get("traceloop.entity.name");
        }
        Self { values, resource: None }
    }

    /// These, and where one is missing that of `parent`.
    fn or(self, parent: &Self) -> Self {
        let mut values = self.values;
        for (own, inherited) in values.iter_mut().zip(parent.values) {
            *own = own.or(inherited);
        }
        Self { values, resource: self.resource.or(parent.resource) }
    }

    fn text(&self, which: Trait) -> Option<Cow<'_, str>> {
        self.values.get(which as usize).copied().flatten().and_then(Value::text)
    }

    fn owned(&self, which: Trait) -> Option<String> {
        self.text(which).map(Cow::into_owned)
    }

    /// The tenant or account of the resource, for the configured table of vendors' ids.
    pub fn vendor_tenant(&self) -> Option<Cow<'_, str>> {
        let resource = self.resource?;
        resource.text("tenant.id").or_else(|| resource.text("cloud.account.id"))
    }

    /// The calling side. `conversation` is what the dialect took for it, where no convention names one.
    pub fn who(&self, conversation: Option<String>, context: &Context<'_>) -> Who {
        let user = User { id: self.owned(Trait::UserId), name: self.owned(Trait::UserName), ..User::default() };
        let agent = Named { id: self.owned(Trait::AgentId), name: self.owned(Trait::AgentName) };
        let client = || self.text(Trait::Client).and_then(|ip| canonical_id(EntityKind::Ip, &ip));
        let forwarded = || self.text(Trait::ForwardedFor).and_then(|hops| context.client_ip(&hops));
        Who {
            user: (user != User::default()).then_some(user),
            application: self.resource.and_then(|resource| resource.owned("service.name")),
            agent: (agent != Named::default()).then_some(agent),
            // A web framework's `client.address` is past proxies already where it is told to look past them.
            source_ip: client().or_else(forwarded),
            user_agent: self.owned(Trait::UserAgent),
            api_key_id: None,
            conversation_id: self.owned(Trait::Conversation).or(conversation),
            session_id: self.owned(Trait::Session),
            device: None,
        }
    }
}

/// The parents of every span, and what has been worked out about them.
pub(super) struct Lineage<'t, 'a> {
    export: &'t Export<'a>,
    parents: Vec<Option<usize>>,
    known: Vec<Option<Traits<'t, 'a>>>,
    covered: Vec<bool>,
    /// How many spans were looked at.
    steps: usize,
}

impl<'t, 'a> Lineage<'t, 'a> {
    pub fn new(export: &'t Export<'a>) -> Self {
        let spans = &export.spans;
        let by_place: HashMap<Place, usize> =
            spans.iter().enumerate().map(|(position, span)| (span.place, position)).collect();
        let parent = |span: &Span<'_>| {
            let place = Place { trace_id: span.place.trace_id, span_id: span.parent_span_id };
            (span.parent_span_id != 0).then(|| by_place.get(&place).copied()).flatten()
        };
        Self {
            export,
            parents: spans.iter().map(parent).collect(),
            known: vec![None; spans.len()],
            covered: vec![false; spans.len()],
            steps: 0,
        }
    }

    /// The position of the span around `span`, where it is in the message.
    pub fn parent(&self, span: usize) -> Option<usize> {
        self.parents.get(span).copied().flatten()
    }

    /// Notes of every span above `span` that something below it has texts.
    pub fn cover_parents(&mut self, span: usize) {
        let mut at = self.parent(span);
        while let Some(covered) = at.and_then(|position| self.covered.get_mut(position)) {
            self.steps += 1;
            if std::mem::replace(covered, true) {
                return;
            }
            at = at.and_then(|position| self.parent(position));
        }
    }

    /// Whether something below `span` has texts.
    pub fn is_covered(&self, span: usize) -> bool {
        self.covered.get(span).copied().unwrap_or(false)
    }

    /// What `span` says or inherits.
    pub fn traits(&mut self, span: usize) -> Traits<'t, 'a> {
        let mut path = Vec::new();
        let mut at = Some(span);
        let mut inherited = Traits::default();
        while let Some(position) = at {
            match self.known.get_mut(position) {
                Some(Some(known)) => {
                    inherited = *known;
                    break;
                }
                // Taken for known from here on, so that a circle of parents ends where it began.
                Some(unknown) => *unknown = Some(Traits::default()),
                None => break,
            }
            path.push(position);
            at = self.parent(position);
        }
        self.steps += path.len();
        for position in path.into_iter().rev() {
            if let Some(span) = self.export.spans.get(position) {
                let event = span.events.first().filter(|_| span.orphaned);
                let own = event.map(|event| Traits::of(&event.attributes)).unwrap_or_default();
                inherited = Traits::of(&span.attributes).or(&own).or(&inherited);
                // What a resource says counts last, and a parent's resource is another service's.
                inherited.resource = self.export.resources.get(span.resource);
            }
            if let Some(known) = self.known.get_mut(position) {
                *known = Some(inherited);
            }
        }
        match inherited.resource {
            Some(resource) => inherited.or(&Traits::of(resource)),
            None => inherited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: u64, parent: u64) -> Span<'static> {
        Span { place: Place { trace_id: 1, span_id: id }, parent_span_id: parent, ..Span::default() }
    }

    #[test]
    fn a_chain_of_parents_costs_one_step_a_span() {
        let mut spans: Vec<_> = (1..=20_000).map(|id| span(id, id - 1)).collect();
        let user = (Cow::Borrowed("enduser.id"), Value::Text("alice".into()));
        spans[0].attributes = Attributes::new(vec![user]);
        let export = Export { spans, ..Export::default() };
        let mut lineage = Lineage::new(&export);
        for position in (0..20_000).rev() {
            assert_eq!(lineage.traits(position).owned(Trait::UserId).as_deref(), Some("alice"));
        }
        assert_eq!(lineage.steps, 20_000);
        for position in 0..20_000 {
            lineage.cover_parents(position);
        }
        assert!(lineage.steps < 3 * 20_000, "{} steps", lineage.steps);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let export = Export { spans: vec![span(1, 2), span(2, 1), span(3, 3)], ..Export::default() };
        let mut lineage = Lineage::new(&export);
        for position in 0..3 {
            lineage.cover_parents(position);
            lineage.traits(position);
        }
        assert!(lineage.is_covered(0) && lineage.is_covered(1) && lineage.is_covered(2));
    }
}
