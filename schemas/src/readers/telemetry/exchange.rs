//! The native format `exchange`: one JSON object an interaction, with the provider's own bodies.
//!
//! Stands first on the path of every gateway that records requests and responses. Only `request` must be
//! there. Fields of a wrong type count as absent and unknown fields are ignored: a record is refused only
//! when it is no JSON. The record is decoded in one pass, its bodies straight into what is looked for (see
//! [`super::body`]); of repeated members the last counts.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use sha2::{Digest, Sha256};

use super::body::azure::SecurityContext;
use super::body::{Body, RecordedResponse, Request};
use super::lenient::{Pairs, Text, object, pass_over};
use crate::entity::{EntityKind, canonical_id};
use crate::ids::InteractionId;
use crate::interaction::{Channel, Interaction, Named, Skipped, TraceContext, User, Who};
use crate::readers::json::decode;
use crate::readers::{Context, Object, Output, RawRecord, ReadError, Reader, Reason};
use crate::signal::Flag;
use crate::time::Timestamp;

/// Reads `exchange` records.
pub struct Exchange;

impl Reader for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    /// By `request`, whatever body it holds: a provider that nobody has heard of is read too. Okta's events
    /// have a `request` as well, the addresses that a request passed, and are known by what stands beside it.
    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let request = record.field("request").is_some_and(|request| request.get().starts_with('{'));
        request && !record.object().is_some_and(is_audit_event)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let mut fields: Fields<'_> = decode(record.bytes)?;
        let Some(mut request) = std::mem::take(&mut fields.request).0 else {
            return Err(ReadError::new(Reason::MissingField, "`request` is absent or no object"));
        };
        let mut body = Body::default();
        request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        std::mem::take(&mut fields.response).collect(&mut body);
        finish(fields, request, body, record.bytes, context, out);
        Ok(())
    }
}

/// Members of Okta's events that no exchange has. Whatever the Okta reader recognises has two of them.
const AUDIT_KEYS: [&str; 8] = [
    "actor",
    "debugContext",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "securityContext",
];

/// Whether two of [`AUDIT_KEYS`] are there, in any case since lakes lower them. One alone may be a field that
/// an application adds to its exchanges.
fn is_audit_event(object: &Object<'_>) -> bool {
    let present = |key: &&&str| object.keys().any(|name| name.eq_ignore_ascii_case(key));
    AUDIT_KEYS.iter().filter(present).nth(1).is_some()
}

object! {
    /// The end user.
    UserField {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
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

object! {
    /// The members of the record.
    Fields {
        "id" => id: Text<'a>,
        "time" => time: Text<'a>,
        "tenant" => tenant: Text<'a>,
        "application" => application: Text<'a>,
        "conversation_id" => conversation_id: Text<'a>,
        "traceparent" => traceparent: Text<'a>,
        "user" => user: UserField<'a>,
        "source_ip" => source_ip: Text<'a>,
        "user_agent" => user_agent: Text<'a>,
        "headers" => headers: Pairs<Text<'a>>,
        "api_key_id" => api_key_id: Text<'a>,
        "agent" => agent: NamedField<'a>,
        "session_id" => session_id: Text<'a>,
        "device" => device: NamedField<'a>,
        "provider" => provider: Text<'a>,
        "model" => model: Text<'a>,
        "request" => request: RequestField<'a>,
        "response" => response: RecordedResponse<'a>,
    }
}

/// The body of the request, where it is an object.
#[derive(Default)]
pub(super) struct RequestField<'a>(Option<Request<'a>>);

impl<'a> Deserialize<'a> for RequestField<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'a> Visitor<'a> for Members {
            type Value = RequestField<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
                Request::deserialize(MapAccessDeserializer::new(map)).map(|request| RequestField(Some(request)))
            }

            pass_over!(text, number, bool, null, list);
        }
        deserializer.deserialize_any(Members)
    }
}

/// The value of a header, whatever the case of its name.
fn header<'h>(headers: &'h Pairs<Text<'_>>, name: &str) -> Option<&'h str> {
    headers.0.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.get())
}

fn finish(fields: Fields<'_>, request: Request<'_>, body: Body, bytes: &[u8], context: &Context<'_>, out: &mut Output) {
    let wordless = body.messages.is_empty() && body.filters.is_empty() && body.error.is_none();
    if wordless && body.skipped != Skipped::default() {
        out.passed_by += 1;
        return;
    }
    let mut flags = Vec::new();
    if body.truncated {
        flags.push(Flag::Truncated);
    }
    let id = match fields.id.owned() {
        Some(id) => InteractionId::new(id),
        None => {
            flags.push(Flag::DerivedId);
            InteractionId::new(content_id(bytes))
        }
    };
    let time = context.time(fields.time.get().and_then(Timestamp::parse), &mut flags);
    let model = body.model.or_else(|| fields.model.owned()).or_else(|| request.model.owned());
    let mut interaction = Interaction {
        id,
        time,
        tenant: context.tenant(fields.tenant.get(), None),
        format: "exchange".to_owned(),
        who: who(&fields, &request, context),
        provider: fields.provider.owned(),
        model,
        messages: body.messages,
        tokens: body.tokens,
        latency_ms: None,
        filters: body.filters,
        finish_reasons: body.finish_reasons,
        error: body.error,
        trace: fields
            .traceparent
            .get()
            .or_else(|| header(&fields.headers, "traceparent"))
            .and_then(TraceContext::parse),
        skipped: body.skipped,
        flags,
    };
    embedded_texts_are_documents(&mut interaction);
    keep_newest(&mut interaction, context.limits.messages_max);
    out.interaction(interaction);
}

/// Texts that are turned into vectors will be retrieved some day, and no model follows them now.
fn embedded_texts_are_documents(interaction: &mut Interaction) {
    if interaction.skipped.embeddings > 0 {
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
fn who(fields: &Fields<'_>, request: &Request<'_>, context: &Context<'_>) -> Who {
    let current = &request.security;
    let older = request.user.get().and_then(SecurityContext::from_user_field);
    let older = older.as_ref();
    Who {
        user: user(fields, request, older),
        application: fields
            .application
            .owned()
            .or_else(|| current.application.owned())
            .or_else(|| older.and_then(|older| older.application.owned())),
        agent: named(&fields.agent),
        source_ip: source_ip(fields, current, older, context),
        user_agent: fields
            .user_agent
            .owned()
            .or_else(|| header(&fields.headers, "user-agent").map(str::to_owned))
            .or_else(|| older.and_then(|older| header(&older.headers, "user-agent")).map(str::to_owned)),
        api_key_id: fields.api_key_id.owned(),
        conversation_id: fields
            .conversation_id
            .owned()
            .or_else(|| current.conversation.owned())
            .or_else(|| older.and_then(|older| older.conversation.owned())),
        session_id: fields.session_id.owned(),
        device: named(&fields.device),
    }
}

fn named(field: &NamedField<'_>) -> Option<Named> {
    let named = Named { id: field.id.owned(), name: field.name.owned() };
    (named != Named::default()).then_some(named)
}

/// The end user: the record's, else that of Azure's context, else the plain `user` of the request.
fn user(fields: &Fields<'_>, request: &Request<'_>, older: Option<&SecurityContext<'_>>) -> Option<User> {
    let from = |context: &SecurityContext<'_>| User {
        id: context.user.owned(),
        name: None,
        tenant_id: context.user_tenant.owned(),
        kind: context.kind(),
    };
    let own = &fields.user;
    let plain = || {
        let user = request.user.owned().filter(|_| older.is_none());
        user.or_else(|| request.safety_identifier.owned()).or_else(|| request.metadata.user_id.owned())
    };
    let candidates = [
        Some(User {
            id: own.id.owned(),
            name: own.name.owned(),
            tenant_id: own.tenant_id.owned(),
            kind: own.kind.owned(),
        }),
        Some(from(&request.security)),
        older.map(from),
    ];
    let known = candidates.into_iter().flatten().find(|user| user.id.is_some() || user.name.is_some());
    known.or_else(|| plain().map(|id| User { id: Some(id), ..User::default() }))
}

/// The end user's address. The older context's `SourceIP` comes last, since it may be a proxy's.
fn source_ip(
    fields: &Fields<'_>,
    current: &SecurityContext<'_>,
    older: Option<&SecurityContext<'_>>,
    context: &Context<'_>,
) -> Option<String> {
    let address = |text: &Text<'_>| text.get().and_then(|text| canonical_id(EntityKind::Ip, text));
    let forwarded =
        |headers: &Pairs<Text<'_>>| header(headers, "x-forwarded-for").and_then(|hops| context.client_ip(hops));
    address(&fields.source_ip)
        .or_else(|| address(&current.source_ip))
        .or_else(|| forwarded(&fields.headers))
        .or_else(|| older.and_then(|older| forwarded(&older.headers)))
        .or_else(|| older.and_then(|older| address(&older.source_ip)))
}
