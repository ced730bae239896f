//! Definitions of the tools that a request offers to the model.
//!
//! The model reads a tool's description like any other text, and those of remote tool servers are written by
//! others: a description is a document named after its tool, and those of its parameters are another. Names, defaults
//! and permitted values within a schema are not read.

use super::super::lenient::{List, Raw, Text, object};
use super::Body;
use super::leaves::descriptions;
use crate::interaction::Channel;

/// The most descriptions that one interaction keeps, the first ones; the rest is flagged. Twice as many as
/// OpenAI accepts, and few enough to leave the conversation its place.
const DESCRIPTIONS_MAX: usize = 256;

/// The tools that a request offers, by name.
#[derive(Default)]
pub(super) struct Offered {
    names: Vec<String>,
    /// Whether something is offered whose tools are not named: a remote server, a provider's own tool, too many.
    unnamed: bool,
}

impl Offered {
    /// The names; none where they are not all.
    pub fn names(self) -> Vec<String> {
        if self.unnamed { Vec::new() } else { self.names }
    }

    fn add(&mut self, tool: &ToolDefinition<'_>) {
        let own = tool.kind.get().is_none_or(|kind| ["function", "custom"].contains(&kind));
        match tool.name.get() {
            // What stands around others offers nothing itself.
            None if !tool.inner.0.is_empty() => {}
            Some(name) if own && tool.server.get().is_none() && self.names.len() < DESCRIPTIONS_MAX => {
                self.names.push(name.to_owned());
            }
            _ => self.unnamed = true,
        }
    }
}

object! {
    /// A tool, or what a provider wraps around one or several: OpenAI `function`, Bedrock `toolSpec`, Gemini
    /// `functionDeclarations`. A remote server stands for the tools that it will name.
    ToolDefinition {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "server_label" => server: Text<'a>,
        "description" | "server_description" => description: Text<'a>,
        "parameters" | "input_schema" | "inputSchema" | "parametersJsonSchema" | "parameters_json_schema"
            => schema: Raw<'a>,
        "function" | "custom" | "toolSpec" | "functionDeclarations" | "function_declarations" | "tools"
            => inner: List<ToolDefinition<'a>>,
    }
}

/// Adds the descriptions, behind the request's other texts so that theirs keep their positions.
pub(super) fn collect_definitions(tools: List<ToolDefinition<'_>>, body: &mut Body) {
    let mut room = DESCRIPTIONS_MAX;
    tools.0.into_iter().for_each(|tool| tool.collect(&mut room, body));
}

/// Adds the descriptions of tools that stand among settings of how to use tools.
pub(super) fn collect_settings(settings: List<ToolDefinition<'_>>, body: &mut Body) {
    collect_definitions(List(settings.0.into_iter().flat_map(|settings| settings.inner.0).collect()), body);
}

impl ToolDefinition<'_> {
    fn collect(self, room: &mut usize, body: &mut Body) {
        body.offered.add(&self);
        let name = self.name.get().or(self.server.get());
        let texts = [self.description.into_cow(), descriptions(self.schema).into()];
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            match room.checked_sub(1) {
                Some(left) => {
                    *room = left;
                    body.push(Channel::Document, text, name);
                }
                None => body.truncated = true,
            }
        }
        self.inner.0.into_iter().for_each(|tool| tool.collect(room, body));
    }
}
