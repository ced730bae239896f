//! Log records that hold both sides of a call: `{"input":{"messages":[...]},"output":{"messages":[...]}}`.
//!
//! Amazon's distribution of OpenTelemetry, with which Bedrock AgentCore observes agents, takes the texts of whatever
//! dialect out of the spans and writes them so, each message with its role. Its content is a text, or an object with the
//! text in `content` or `message`, and that text may be the JSON of the framework's parts.
//! Source: github.com/aws-observability/aws-otel-python-instrumentation, `llo_handler.py`.

use super::super::body::Body;
use super::super::lenient::{List, Raw, Text, object};
use super::{Event, Value};
use crate::interaction::Channel;

object! {
    /// The sides of a call.
    Sides {
        "input" => input: Side<'a>,
        "output" => output: Side<'a>,
    }
}

object! {
    /// What was said on one side.
    Side {
        "messages" => messages: List<Turn<'a>>,
    }
}

object! {
    /// A message.
    Turn {
        "role" => role: Text<'a>,
        "content" => content: Raw<'a>,
    }
}

object! {
    /// Its content, where more than the text is told.
    Content {
        "content" | "message" => content: Raw<'a>,
        "finish_reason" => finish_reason: Text<'a>,
    }
}

/// Whether a log record's body has sides.
pub(super) fn are_in(event: &Event<'_>) -> bool {
    let Value::Map(members) = &event.body else { return false };
    let has_messages = |side: &Value<'_>| match side {
        Value::Map(members) => {
            members.iter().any(|(name, value)| name == "messages" && matches!(value, Value::List(_)))
        }
        _ => false,
    };
    members.iter().any(|(name, side)| ["input", "output"].contains(&name.as_ref()) && has_messages(side))
}

/// Adds what the model was asked.
pub(super) fn collect_input(event: &Event<'_>, body: &mut Body) {
    collect(event, |sides| sides.input, Channel::User, body);
}

/// Adds what it answered.
pub(super) fn collect_output(event: &Event<'_>, body: &mut Body) {
    collect(event, |sides| sides.output, Channel::Assistant, body);
}

fn collect(event: &Event<'_>, side: impl Fn(Sides<'_>) -> Side<'_>, default: Channel, body: &mut Body) {
    let json = event.body.json();
    // A map that was decoded from the message decodes again.
    let Ok(sides) = serde_json::from_str::<Sides<'_>>(&json) else { return };
    for turn in side(sides).messages.0 {
        let told: Content<'_> = turn.content.0.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        body.finish_reasons.extend(told.finish_reason.owned());
        let text = told.content.or(turn.content).text();
        let is_parts = text.starts_with("[{") && serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        let content = if is_parts { text } else { serde_json::Value::from(text).to_string().into() };
        let role = serde_json::Value::from(turn.role.get());
        // A message of what decodes decodes.
        let _ = body.collect_messages(&format!(r#"{{"role":{role},"content":{content}}}"#), default);
    }
}
