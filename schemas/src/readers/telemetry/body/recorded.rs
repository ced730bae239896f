//! A response as a record holds it: a JSON document, its stream in a string or an array, or nothing.

use std::borrow::Cow;
use std::fmt;

use crate::readers::Json;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::lenient::pass_over;
use super::response::Response;
use super::{Body, stream};

/// A recorded response, decoded as far as its shape says what it is.
#[derive(Default)]
pub(in crate::readers::telemetry) enum RecordedResponse<'a> {
    #[default]
    Absent,
    Object(Box<Response<'a>>),
    Stream(Cow<'a, str>),
    Chunks(Vec<Json<'a>>),
}

impl<'a> Deserialize<'a> for RecordedResponse<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordedVisitor)
    }
}

struct RecordedVisitor;

impl<'a> Visitor<'a> for RecordedVisitor {
    type Value = RecordedResponse<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        let response = Response::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RecordedResponse::Object(Box::new(response)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(RecordedResponse::Stream(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(RecordedResponse::Stream(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut chunks = Vec::new();
        while let Some(chunk) = seq.next_element()? {
            chunks.push(chunk);
        }
        Ok(RecordedResponse::Chunks(chunks))
    }

    pass_over!(number, bool, null);
}

impl RecordedResponse<'_> {
    /// Adds what the response says.
    pub fn collect(self, body: &mut Body) {
        body.begin_response();
        match self {
            Self::Absent => {}
            Self::Object(response) => response.collect(body),
            Self::Stream(text) => stream::collect(&text, body),
            Self::Chunks(chunks) => stream::collect_chunks(chunks, body),
        }
    }
}

/// Adds what a response says that stands in a JSON value of its own.
///
/// # Errors
/// When the value does not decode.
pub fn read_response(raw: Json<'_>, body: &mut Body) -> Result<(), serde_json::Error> {
    serde_json::from_str::<RecordedResponse<'_>>(raw.get())?.collect(body);
    Ok(())
}
