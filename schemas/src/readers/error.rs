//! Why a record could not be read.

use std::fmt;

/// The reason code of a dead letter. The names are part of the contract with operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A part of the record lies elsewhere, and only its place is known.
    BodyElsewhere,
    /// Nothing to read.
    Empty,
    /// A field is present and says something impossible.
    InvalidField,
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// Avro that does not decode.
    MalformedAvro,
    /// JSON that does not parse.
    MalformedJson,
    /// Protobuf that does not decode.
    MalformedProtobuf,
    /// XML that does not parse, or that declares types or entities.
    MalformedXml,
    /// A field without which the record means nothing is absent.
    MissingField,
    /// Reading panicked: a fault of Weir's, kept from stopping the partition.
    Panicked,
    /// Nested deeper than the parser goes.
    TooDeep,
    /// Larger than the limit.
    TooLarge,
    /// Avro of a schema that this version does not know.
    UnknownSchema,
    /// No reader recognises the shape.
    UnrecognisedFormat,
}

impl Reason {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::BodyElsewhere => "body_elsewhere",
            Self::Empty => "empty",
            Self::InvalidField => "invalid_field",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::MalformedAvro => "malformed_avro",
            Self::MalformedJson => "malformed_json",
            Self::MalformedProtobuf => "malformed_protobuf",
            Self::MalformedXml => "malformed_xml",
            Self::MissingField => "missing_field",
            Self::Panicked => "panicked",
            Self::TooDeep => "too_deep",
            Self::TooLarge => "too_large",
            Self::UnknownSchema => "unknown_schema",
            Self::UnrecognisedFormat => "unrecognised_format",
        }
    }
}

/// A record that could not be read. The message names fields and positions, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The code.
    pub reason: Reason,
    /// What is wrong and where, for people.
    pub message: String,
}

impl ReadError {
    /// An error with a message for people, free of content.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The error for a JSON document that serde_json refuses: the class of the fault and its position,
    /// without serde's own words, which quote values.
    pub fn json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        if text.starts_with("recursion limit exceeded") {
            return Self::new(Reason::TooDeep, format!("nested too deeply at line {line} column {column}"));
        }
        let what = match error.classify() {
            serde_json::error::Category::Eof => "ends too early",
            serde_json::error::Category::Data => "a value has the wrong type",
            // What other languages write and JSON has not; serde's phrases for these quote nothing.
            _ if text.starts_with("control character") => "a control character that is not escaped",
            _ if text.starts_with("expected value") => "no JSON value, such as NaN or a word without quotes,",
            _ => "not valid JSON",
        };
        Self::new(Reason::MalformedJson, format!("{what} at line {line} column {column}"))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.code(), self.message)
    }
}

impl std::error::Error for ReadError {}
