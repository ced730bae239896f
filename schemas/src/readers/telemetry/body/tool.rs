//! Definitions of the tools that a request offers to the model.
//!
//! The model reads a tool's description like any other text, and those of remote tool servers are written by
//! others: a description is a document named after its tool. Only descriptions of tools are read, not those
//! of parameters within a tool's schema.

use super::super::lenient::{List, Text, object};
use super::Body;
use crate::interaction::Channel;

/// The most descriptions that one interaction keeps, the first ones; the rest is flagged. Twice as many as
/// OpenAI accepts, and few enough to leave the conversation its place.
const DESCRIPTIONS_MAX: usize = 256;

object! {
    /// A tool, or what a provider wraps around one or several: OpenAI `function`, Bedrock `toolSpec`, Gemini
    /// `functionDeclarations`. A remote server stands for the tools that it will name.
    ToolDefinition {
        "name" | "server_label" => name: Text<'a>,
        "description" | "server_description" => description: Text<'a>,
        "function" | "custom" | "toolSpec" | "functionDeclarations" | "function_declarations" | "tools"
            => inner: List<ToolDefinition<'a>>,
    }
}

/// Adds the descriptions, behind the request's other texts so that theirs keep their positions.
pub(super) fn collect_definitions(tools: List<ToolDefinition<'_>>, body: &mut Body) {
    let mut room = DESCRIPTIONS_MAX;
    tools.0.into_iter().for_each(|tool| tool.collect(&mut room, body));
}

impl ToolDefinition<'_> {
    fn collect(self, room: &mut usize, body: &mut Body) {
        if self.description.get().is_some() {
            match room.checked_sub(1) {
                Some(left) => {
                    *room = left;
                    body.push(Channel::Document, self.description.into_cow(), self.name.get());
                }
                None => body.truncated = true,
            }
        }
        self.inner.0.into_iter().for_each(|tool| tool.collect(room, body));
    }
}
