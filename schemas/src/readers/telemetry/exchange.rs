//! The native format `exchange`: one JSON object an interaction, with the provider's own bodies.
//!
//! Stands first on the path of every gateway that records requests and responses. Only `request` must be
//! there. Fields of a wrong type count as absent and unknown fields are ignored: a record is refused only
//! when it is no JSON. The record is decoded in one pass, its bodies straight into what is looked for (see
//! [`super::body`]); of repeated members the last counts.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::body::{Body, RecordedResponse, Request};
use super::envelope::{Envelope, NamedField, UserField};
use super::lenient::{Pairs, Text, object, pass_over};
use super::logged::Logged;
use super::rpc;
use crate::readers::json::{decode, mend_surrogates, refuse_depth};
use crate::readers::{Context, Json, Object, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `exchange` records.
pub struct Exchange;

impl Reader for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    /// By `request`, whatever body it holds: a provider that nobody has heard of is read too. Okta's events
    /// have a `request` as well, the addresses that a request passed, and are known by what stands beside it.
    /// Gateways that log bodies as they were sent put the JSON into a string. Other logs have a `request` too, and
    /// show when they are read: nothing in theirs is an exchange with a model.
    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let is_object = |request: Json<'_>| ["{", "\"{"].iter().any(|start| request.get().starts_with(start));
        let request = record.field("request").is_some_and(is_object);
        request && !record.object().is_some_and(is_audit_event)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let values_max = context.limits.values_max;
        let (mut envelope, request, response) = decode::<Fields<'_>>(record.bytes, values_max)?.split();
        let encoded;
        let mut request = match request {
            RequestField::Object(request) => *request,
            RequestField::Encoded(text) => {
                encoded = mend_surrogates(&text).unwrap_or(text);
                embedded(&encoded, "request", values_max)?
            }
            RequestField::Absent => {
                return Err(ReadError::new(Reason::MissingField, "`request` is absent or no object"));
            }
        };
        let mut body = Body::default();
        request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        // An answer, or the error that came instead, says nothing about where the request lies.
        let logged_request;
        let mut answered = false;
        if body.says_nothing() {
            let logged: Logged<'_> = decode(record.bytes, values_max)?;
            let text = logged.request();
            logged_request = mend_surrogates(&text).map_or(text, Cow::Owned);
            if logged_request.trim_start().starts_with('{') {
                request = embedded(&logged_request, "request.body", values_max)?;
                request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
                let asked = body.messages.len();
                logged.collect_response(&mut body).map_err(|error| ReadError::json(&error))?;
                answered = body.messages.len() > asked;
                envelope = logged.complete(envelope);
            } else {
                rpc::collect(record.bytes, &mut body).map_err(|error| ReadError::json(&error))?;
                answered = !body.says_nothing();
            }
        }
        if !answered {
            response.collect(&mut body);
        }
        // Many a log has a `request`. One that names its model is of an exchange whose texts were left out, and an empty
        // one is nobody else's.
        let named = || [&envelope.model, &envelope.provider, &request.model].iter().any(|name| name.get().is_some());
        if body.says_nothing() && !named() && !record.field("request").is_some_and(is_empty) {
            let message = "`request` holds neither a text nor the name of a model";
            return Err(ReadError::new(Reason::UnrecognisedFormat, message));
        }
        envelope.publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

/// Whether an object has no members.
fn is_empty(object: Json<'_>) -> bool {
    object.get().strip_prefix('{').is_some_and(|members| members.trim_start() == "}")
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
    let present = |key: &&&str| object.get_in_any_case(key).is_some();
    AUDIT_KEYS.iter().filter(present).nth(1).is_some()
}

object! {
    /// The members of the record; `noted` is the time as other loggers and providers call it.
    Fields {
        "id" => id: Text<'a>,
        "time" => time: Text<'a>,
        "timestamp" | "@timestamp" | "created" | "created_at" | "processed_time" => noted: Text<'a>,
        "tenant" => tenant: Text<'a>,
        "application" => application: Text<'a>,
        "conversation_id" => conversation_id: Text<'a>,
        "traceparent" => traceparent: Text<'a>,
        "user" => user: UserField<'a>,
        "user_id" => user_id: Text<'a>,
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

impl<'a> Fields<'a> {
    /// What stands around the bodies, and the bodies.
    pub(super) fn split(self) -> (Envelope<'a>, RequestField<'a>, RecordedResponse<'a>) {
        let user = UserField { id: self.user.id.or(self.user_id), ..self.user };
        let envelope = Envelope {
            id: self.id,
            time: self.time.or(self.noted),
            tenant: self.tenant,
            application: self.application,
            conversation_id: self.conversation_id,
            traceparent: self.traceparent,
            user,
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            headers: self.headers,
            api_key_id: self.api_key_id,
            agent: self.agent,
            session_id: self.session_id,
            device: self.device,
            provider: self.provider,
            model: self.model,
            ..Envelope::default()
        };
        (envelope, self.request, self.response)
    }
}

/// The body of the request.
#[derive(Default)]
pub(super) enum RequestField<'a> {
    #[default]
    Absent,
    Object(Box<Request<'a>>),
    /// An object as JSON in a string.
    Encoded(String),
}

/// The request in the string `member`, held to the limits of a record: what is in a string escaped them.
fn embedded<'t>(json: &'t str, member: &str, values_max: usize) -> Result<Request<'t>, ReadError> {
    let within =
        |error: ReadError| ReadError::new(error.reason, format!("in the string `{member}`: {}", error.message));
    refuse_depth(json.as_bytes()).and_then(|()| decode(json.as_bytes(), values_max)).map_err(within)
}

impl<'a> Deserialize<'a> for RequestField<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'a> Visitor<'a> for Members {
            type Value = RequestField<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
                let request = Request::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RequestField::Object(Box::new(request)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let object = text.trim_start().starts_with('{');
                Ok(if object { RequestField::Encoded(text.to_owned()) } else { RequestField::Absent })
            }

            pass_over!(number, bool, null, list);
        }
        deserializer.deserialize_any(Members)
    }
}
