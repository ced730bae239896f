//! What stands around the bodies of an exchange, and how it becomes an interaction.
//!
//! Gateways and providers wrap the same bodies into records of their own. Each reader fills an [`Envelope`] with
//! what its record says; from there the path is one: who took part is looked up in the envelope and then in the
//! request's body, what has no words is passed by, and what had to be assumed is flagged.

use std::borrow::Cow;

use crate::readers::Json;
use sha2::{Digest, Sha256};

use super::body::azure::SecurityContext;
use super::body::{Body, Request};
use super::lenient::{Pairs, Text, object};
use crate::entity::{EntityKind, canonical_id};
use crate::ids::InteractionId;
use crate::interaction::{Channel, Interaction, Named, Skipped, TraceContext, User, Who};
use crate::readers::{Context, EventTime, Output};
use crate::signal::Flag;

object! {
    /// The end user.
    UserField {
        "id" => id: Text<'a>,
        "name" | "username" => name: Text<'a>,
        "tenant_id" => tenant_id: Text<'a>,
        "type" => kind: Text<'a>,
    }
    text => id
}

object! {
    /// An agent or a device; a bare string is its name.
    NamedField {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
    }
    text => name
}

/// What a record says around the bodies.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub id: Text<'a>,
    pub time: Text<'a>,
    /// The vendor's id of the tenant, organisation or account.
    pub vendor_tenant: Text<'a>,
    /// Milliseconds from request to the end of the response.
    pub latency_ms: Option<u64>,
    pub tenant: Text<'a>,
    pub application: Text<'a>,
    pub conversation_id: Text<'a>,
    pub traceparent: Text<'a>,
    pub user: UserField<'a>,
    pub source_ip: Text<'a>,
    pub user_agent: Text<'a>,
    pub headers: Pairs<Text<'a>>,
    pub api_key_id: Text<'a>,
    pub agent: NamedField<'a>,
    pub session_id: Text<'a>,
    pub device: NamedField<'a>,
    pub provider: Text<'a>,
    pub model: Text<'a>,
}

/// A short text, without a parser where it has no escapes.
pub(super) fn text(raw: Json<'_>) -> Result<Text<'_>, serde_json::Error> {
    let json = raw.get();
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Text(Some(Cow::Borrowed(plain)))),
        _ => serde_json::from_str(json),
    }
}

/// The value of a header, whatever the case of its name.
fn header<'h>(headers: &'h Pairs<Text<'_>>, name: &str) -> Option<&'h str> {
    headers.0.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.get())
}

impl Envelope<'_> {
    /// Makes an interaction of what was read. `bytes` are those of the record, for an id where it brings none.
    pub fn publish(
        self,
        format: &str,
        request: &Request<'_>,
        body: Body,
        bytes: &[u8],
        context: &Context<'_>,
        out: &mut Output,
    ) {
        let wordless = body.messages.is_empty() && body.filters.is_empty() && body.error.is_none();
        if wordless && body.skipped != Skipped::default() {
            out.passed_by = out.passed_by.saturating_add(1);
            return;
        }
        let mut interaction = interaction(&self, format, request, body, bytes, context);
        embedded_texts_are_documents(&mut interaction);
        keep_newest(&mut interaction, context.limits.messages_max);
        out.interaction(interaction);
    }
}

fn interaction(
    envelope: &Envelope<'_>,
    format: &str,
    request: &Request<'_>,
    mut body: Body,
    bytes: &[u8],
    context: &Context<'_>,
) -> Interaction {
    let mut flags = Vec::new();
    if body.truncated {
        flags.push(Flag::Truncated);
    }
    let own = EventTime::parse(envelope.time.get());
    let id = match envelope.id.owned() {
        Some(id) => InteractionId::new(id),
        None => {
            flags.push(Flag::DerivedId);
            InteractionId::new(context.derived_id(content_id(bytes), own))
        }
    };
    let time = context.time(own, &mut flags);
    let tools_offered = body.take_tools_offered();
    let who = who(envelope, request, context);
    let model = body.model.or_else(|| envelope.model.owned()).or_else(|| request.model.owned());
    Interaction {
        id,
        time,
        tenant: context.tenant(envelope.tenant.get(), envelope.vendor_tenant.get()),
        format: format.to_owned(),
        who: Who { conversation_id: who.conversation_id.or(body.conversation), ..who },
        provider: envelope.provider.owned(),
        model,
        messages: body.messages,
        tools_offered,
        tokens: body.tokens,
        latency_ms: envelope.latency_ms.or(body.latency_ms),
        filters: body.filters,
        finish_reasons: body.finish_reasons,
        error: body.error,
        trace: envelope
            .traceparent
            .get()
            .or_else(|| header(&envelope.headers, "traceparent"))
            .and_then(TraceContext::parse),
        skipped: body.skipped,
        flags,
    }
}

/// Texts that are turned into vectors will be retrieved some day, and no model follows them now.
fn embedded_texts_are_documents(interaction: &mut Interaction) {
    // So providers call the models that do it.
    let is_for_vectors = interaction.model.as_ref().is_some_and(|model| model.contains("embed"));
    if interaction.skipped.embeddings > 0 || is_for_vectors {
        let texts = interaction.messages.iter_mut().filter(|message| message.channel == Channel::User);
        texts.for_each(|message| message.channel = Channel::Document);
    }
}

/// Drops the oldest messages beyond `max` and says so.
pub(super) fn keep_newest(interaction: &mut Interaction, max: usize) {
    let surplus = interaction.messages.len().saturating_sub(max);
    if surplus > 0 {
        interaction.messages.drain(..surplus);
        if !interaction.flags.contains(&Flag::Truncated) {
            interaction.flags.push(Flag::Truncated);
        }
    }
}

/// The id of a record that brings none: the first 32 hex digits of the SHA-256 of its bytes.
pub(super) fn content_id(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    let digit = |nibble: u8| char::from(*DIGITS.get(usize::from(nibble)).unwrap_or(&b'0'));
    digest.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Who took part. What the record itself says wins over what the request's body says, and the current
/// form of Azure's context over the older one.
fn who(envelope: &Envelope<'_>, request: &Request<'_>, context: &Context<'_>) -> Who {
    let current = &request.security;
    let older = request.user.get().and_then(SecurityContext::from_user_field);
    let older = older.as_ref();
    Who {
        user: user(envelope, request, older),
        application: envelope
            .application
            .owned()
            .or_else(|| current.application.owned())
            .or_else(|| older.and_then(|older| older.application.owned())),
        agent: named(&envelope.agent).or_else(|| request.agent.owned().map(|id| Named { id: Some(id), name: None })),
        source_ip: source_ip(envelope, current, older, context),
        user_agent: envelope
            .user_agent
            .owned()
            .or_else(|| header(&envelope.headers, "user-agent").map(str::to_owned))
            .or_else(|| older.and_then(|older| header(&older.headers, "user-agent")).map(str::to_owned)),
        api_key_id: envelope.api_key_id.owned(),
        conversation_id: envelope
            .conversation_id
            .owned()
            .or_else(|| current.conversation.owned())
            .or_else(|| older.and_then(|older| older.conversation.owned()))
            .or_else(|| request.conversation.id.owned()),
        session_id: envelope.session_id.owned().or_else(|| {
            let (_, session) = coding_agent(request.metadata.user_id.get()?)?;
            Some(session.to_owned())
        }),
        device: named(&envelope.device),
    }
}

fn named(field: &NamedField<'_>) -> Option<Named> {
    let named = Named { id: field.id.owned(), name: field.name.owned() };
    (named != Named::default()).then_some(named)
}

/// The end user: the record's, else that of Azure's context, else the plain `user` of the request.
fn user(envelope: &Envelope<'_>, request: &Request<'_>, older: Option<&SecurityContext<'_>>) -> Option<User> {
    let from = |context: &SecurityContext<'_>| User {
        id: context.user.owned(),
        name: None,
        tenant_id: context.user_tenant.owned(),
        kind: context.kind(),
    };
    // The current form's id is an Entra object id by its definition.
    let entra = || request.security.user.get().map(|_| "entra".to_owned());
    let own = &envelope.user;
    let plain = || {
        let user = request.user.owned().filter(|_| older.is_none());
        let attached = || {
            let id = request.metadata.user_id.get()?;
            Some(coding_agent(id).map_or(id, |(account, _)| account).to_owned())
        };
        user.or_else(|| request.safety_identifier.owned()).or_else(attached)
    };
    let candidates = [
        Some(User {
            id: own.id.owned(),
            name: own.name.owned(),
            tenant_id: own.tenant_id.owned(),
            kind: own.kind.owned(),
        }),
        Some(User { kind: request.security.kind().or_else(entra), ..from(&request.security) }),
        older.map(from),
    ];
    let known = candidates.into_iter().flatten().find(|user| user.id.is_some() || user.name.is_some());
    known.or_else(|| plain().map(|id| User { id: Some(id), ..User::default() }))
}

/// The account and the session in what Claude Code writes as one id, `user_HASH_account_UUID_session_UUID`: of which
/// each session would be another user. Who has no account is known by the hash.
fn coding_agent(id: &str) -> Option<(&str, &str)> {
    let (hash, rest) = id.strip_prefix("user_")?.split_once("_account_")?;
    let (account, session) = rest.split_once("_session_")?;
    Some((if account.is_empty() { hash } else { account }, session))
}

/// Headers in which a proxy names the one client that it saw, after the lists of hops.
const CLIENT_HEADERS: [&str; 4] = ["true-client-ip", "cf-connecting-ip", "x-real-ip", "x-client-ip"];

/// The client behind the proxies, out of whatever headers these write: lists of hops first, in which the
/// configured proxies are known, then those that name a single address.
fn forwarded(headers: &Pairs<Text<'_>>, context: &Context<'_>) -> Option<String> {
    let hops = |name| header(headers, name).and_then(|hops| context.client_ip(hops));
    let one = |name: &&str| header(headers, name).and_then(|address| canonical_id(EntityKind::Ip, address));
    hops("x-forwarded-for")
        .or_else(|| header(headers, "forwarded").and_then(|hops| context.client_ip(&rfc_7239_hops(hops))))
        .or_else(|| hops("x-forwarded"))
        .or_else(|| hops("forwarded-for"))
        .or_else(|| CLIENT_HEADERS.iter().find_map(one))
}

/// The `for` parameters of a `Forwarded` header (RFC 7239, section 5.2), as a list of hops.
fn rfc_7239_hops(header: &str) -> String {
    let parameters = header.split([',', ';']).filter_map(|parameter| parameter.trim().split_once('='));
    let hops = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("for"));
    hops.map(|(_, node)| node.trim_matches('"')).collect::<Vec<_>>().join(",")
}

/// The end user's address. The older context's `SourceIP` comes last, since it may be a proxy's.
fn source_ip(
    envelope: &Envelope<'_>,
    current: &SecurityContext<'_>,
    older: Option<&SecurityContext<'_>>,
    context: &Context<'_>,
) -> Option<String> {
    let address = |text: &Text<'_>| text.get().and_then(|text| canonical_id(EntityKind::Ip, text));
    address(&envelope.source_ip)
        .or_else(|| address(&current.source_ip))
        .or_else(|| forwarded(&envelope.headers, context))
        .or_else(|| older.and_then(|older| forwarded(&older.headers, context)))
        .or_else(|| older.and_then(|older| address(&older.source_ip)))
}
