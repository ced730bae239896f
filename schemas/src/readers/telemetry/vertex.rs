//! `vertex`: request-response logs of Vertex AI, rows of the BigQuery table that it writes.
//!
//! Source: cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging. Columns of type JSON
//! come as objects, or as strings of JSON where a row was exported as text. `full_request` and `full_response` are
//! the bodies of Gemini, or of the partner's model; where a row has neither, `request_payload` and
//! `response_payload` hold them in pieces. The calling principal stands in Google's audit log, not here; `otel_log`
//! repeats the bodies.

use std::borrow::Cow;

use crate::readers::Json;

use super::body::{Body, Request, read_response};
use super::envelope::{Envelope, text};
use super::lenient::{Text, object};
use crate::interaction::Channel;
use crate::readers::json::{mend_surrogates, refuse_crowds, refuse_depth};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason};

/// Reads `vertex` records.
pub struct Vertex;

/// Columns with bodies, and some that stand beside them in every row.
const BODIES: [&str; 4] = ["full_request", "full_response", "fullRequest", "request_payload"];
const MARKS: [&str; 4] = ["api_method", "apiMethod", "deployed_model_id", "logging_time"];

impl Reader for Vertex {
    fn name(&self) -> &'static str {
        "vertex"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        record.has_any(&BODIES) && record.has_any(&MARKS)
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let values_max = context.limits.values_max;
        refuse_crowds(record.bytes, values_max)?;
        let Some(object) = record.object() else {
            return Err(ReadError::new(Reason::MalformedJson, "not a JSON object"));
        };
        let mut row = Row::default();
        for (key, value) in object.members() {
            row.set(key, value).map_err(|error| ReadError::json(&error))?;
        }
        let mut body = Body::default();
        let asked = row.request.map(|raw| embedded(raw, values_max)).transpose()?;
        let mut request = match asked.as_deref().filter(|asked| asked.starts_with('{')) {
            Some(asked) => serde_json::from_str(asked).map_err(|error| ReadError::json(&error))?,
            None => Request::default(),
        };
        request.collect(&mut body).map_err(|error| ReadError::json(&error))?;
        if body.messages.is_empty() {
            row.request_pieces.iter().for_each(|piece| collect_request_piece(piece, &mut body));
        }
        body.begin_response();
        let asked = body.messages.len();
        if let Some(raw) = row.response {
            read_response(raw, &mut body).map_err(|error| ReadError::json(&error))?;
        }
        if body.messages.len() == asked && body.error.is_none() {
            row.response_pieces.iter().try_for_each(|piece| collect_response_piece(piece, &mut body))?;
        }
        row.envelope().publish(self.name(), &request, body, record.bytes, context, out);
        Ok(())
    }
}

object! {
    /// What the caller noted.
    Metadata {
        "user_id" => user: Text<'a>,
    }
}

/// The columns that say something here.
#[derive(Default)]
struct Row<'a> {
    envelope: Envelope<'a>,
    endpoint: Text<'a>,
    model: Text<'a>,
    user: Option<String>,
    request: Option<Json<'a>>,
    response: Option<Json<'a>>,
    request_pieces: Vec<Cow<'a, str>>,
    response_pieces: Vec<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn set(&mut self, key: &str, value: Json<'a>) -> Result<(), serde_json::Error> {
        let given = || Some(value).filter(|value| !matches!(value.get(), "null" | "\"\"" | "{}" | "\"{}\""));
        match key {
            "request_id" | "requestId" => self.envelope.id = text(value)?,
            "logging_time" | "loggingTime" => self.envelope.time = text(value)?,
            "endpoint" => self.endpoint = text(value)?,
            "model" => self.model = text(value)?,
            "metadata" => {
                let metadata = unquoted(value);
                let metadata = serde_json::from_str::<Metadata<'_>>(&metadata).unwrap_or_default();
                self.user = metadata.user.owned();
            }
            "full_request" | "fullRequest" => self.request = given(),
            "full_response" | "fullResponse" => self.response = given(),
            "request_payload" | "requestPayload" => self.request_pieces = pieces(value),
            "response_payload" | "responsePayload" => self.response_pieces = pieces(value),
            _ => {}
        }
        Ok(())
    }

    fn envelope(self) -> Envelope<'a> {
        let Self { envelope, endpoint, model, user, .. } = self;
        let path = |name: &str| segment_after(&model, name).or_else(|| segment_after(&endpoint, name));
        let provider =
            path("publishers").map(|publisher| if publisher == "google" { "gemini".into() } else { publisher });
        let mut envelope = Envelope {
            vendor_tenant: Text(path("projects").map(Cow::Owned)),
            application: Text(segment_after(&endpoint, "endpoints").map(Cow::Owned)),
            provider: Text(provider.map(Cow::Owned)),
            model: Text(path("models").map(Cow::Owned)).or(model),
            ..envelope
        };
        envelope.user.id = Text(user.map(Cow::Owned));
        envelope
    }
}

/// What follows the segment `name` in the path of a resource: `projects/PROJECT/locations/...`.
fn segment_after(path: &Text<'_>, name: &str) -> Option<String> {
    let mut segments = path.get()?.split('/').skip_while(|segment| *segment != name);
    segments.nth(1).filter(|segment| !segment.is_empty()).map(str::to_owned)
}

/// The strings of a repeated column; of other values their JSON.
fn pieces(value: Json<'_>) -> Vec<Cow<'_, str>> {
    let elements: Vec<Json<'_>> = serde_json::from_str(value.get()).unwrap_or_default();
    elements.into_iter().map(unquoted).filter(|piece| !piece.is_empty()).collect()
}

fn unquoted(value: Json<'_>) -> Cow<'_, str> {
    text(value).ok().filter(|_| value.get().starts_with('"')).map_or(Cow::Borrowed(value.get()), Text::into_cow)
}

/// A body, out of its string where it stands in one, which is then held to the limits of a record.
fn embedded(value: Json<'_>, values_max: usize) -> Result<Cow<'_, str>, ReadError> {
    let text = unquoted(value);
    if matches!(text, Cow::Owned(_)) {
        refuse_depth(text.as_bytes())?;
        refuse_crowds(text.as_bytes(), values_max)?;
    }
    Ok(mend_surrogates(&text).map_or(text, Cow::Owned))
}

/// Adds a piece of the request: a body, or what a user wrote.
fn collect_request_piece(piece: &str, body: &mut Body) {
    let known = body.messages.len();
    if piece.starts_with('{')
        && let Ok(mut request) = serde_json::from_str::<Request<'_>>(piece)
    {
        // What fails here has added nothing, and is a text below.
        let _ = request.collect(body);
    }
    if body.messages.len() == known {
        body.push(Channel::User, piece.into(), None);
    }
}

fn collect_response_piece(piece: &str, body: &mut Body) -> Result<(), ReadError> {
    let quoted = serde_json::Value::from(piece).to_string();
    let raw: Json<'_> = serde_json::from_str(&quoted).map_err(|error| ReadError::json(&error))?;
    read_response(raw, body).map_err(|error| ReadError::json(&error))
}
