//! Which values of a record stand nowhere in what was read of it.
//!
//! For people who try a sample: a name among them may be a field that matters to them. A hint, no proof: values
//! are compared, not the reader's steps watched. So what a reader recoded (the pieces of a stream, JSON within
//! text) and what only says how to read the rest (roles, types) is named too, and a short value that also stands
//! elsewhere is not. Nothing here judges.

use std::collections::HashSet;

use schemas::readers::{Input, parse_json};
use schemas::{Entity, Interaction, Signal, Timestamp};
use serde_json::Value;

/// The most values that are looked at, and the most text that they are looked for in: a record may hold
/// megabytes, and the answer is a line.
const VALUES_MAX: usize = 2000;
const TAKEN_BYTES_MAX: usize = 256 * 1024;
/// The most fields that are named.
const NAMED_MAX: usize = 8;

/// What was left of one record.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    /// Paths of the values, of array elements by the array, each once, in the order written.
    fields: Vec<String>,
}

impl Leftover {
    /// What `inputs` do not hold of the JSON record `bytes`.
    pub(super) fn of(bytes: &[u8], inputs: &[Input]) -> Self {
        let Ok(record) = parse_json(bytes) else { return Self::default() };
        let taken = Taken::of(inputs);
        let mut walk = Walk { taken: &taken, values: 0, named: HashSet::new(), fields: Vec::new() };
        walk.value(&record, &mut String::new());
        Self { fields: walk.fields }
    }

    /// The fields by name, the first few; `None` where nothing was left.
    pub(super) fn describe(&self) -> Option<String> {
        if self.fields.is_empty() {
            return None;
        }
        let more = self.fields.len().saturating_sub(NAMED_MAX);
        let mut text = self.fields.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        Some(text)
    }
}

/// Everything that was read, as text.
#[derive(Default)]
struct Taken {
    /// In lower case, since ids are.
    text: String,
    times: HashSet<Timestamp>,
    numbers: HashSet<u64>,
}

impl Taken {
    fn of(inputs: &[Input]) -> Self {
        let mut taken = Self::default();
        for input in inputs {
            match input {
                Input::Interaction(interaction) => taken.interaction(interaction),
                Input::Signal(signal) => taken.signal(signal),
                Input::Command { command, .. } => {
                    taken.add(&serde_json::to_string(command).unwrap_or_default());
                    taken.times.insert(command.time);
                }
            }
        }
        taken
    }

    fn add(&mut self, text: &str) {
        if self.text.len() < TAKEN_BYTES_MAX {
            self.text.push_str(&text.to_lowercase());
            self.text.push('\n');
        }
    }

    fn interaction(&mut self, interaction: &Interaction) {
        for message in &interaction.messages {
            self.add(message.text.expose());
            message.name.iter().for_each(|name| self.add(name));
        }
        // What is left of it is metadata, which its JSON shows whole.
        let metadata = Interaction { messages: Vec::new(), ..interaction.clone() };
        self.add(&serde_json::to_string(&metadata).unwrap_or_default());
        let tokens = &interaction.tokens;
        let counts = [tokens.input, tokens.output, tokens.total, tokens.cached, tokens.reasoning];
        self.numbers.extend(counts.into_iter().flatten());
        self.times.insert(interaction.time);
    }

    fn signal(&mut self, signal: &Signal) {
        let of_entity = |entity: &Entity| entity.ids.iter().cloned().chain(entity.name.clone()).collect::<Vec<_>>();
        for text in signal.entities.iter().flat_map(of_entity).chain(signal.techniques.iter().cloned()) {
            self.add(&text);
        }
        self.add(&signal.title);
        self.add(&signal.native_id);
        self.add(signal.severity.caption());
        self.times.insert(signal.time);
    }

    fn has(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                let text = text.trim();
                let known = || self.text.contains(&text.to_lowercase());
                text.is_empty() || known() || Timestamp::parse(text).is_some_and(|time| self.times.contains(&time))
            }
            Value::Number(number) => {
                let time = || Timestamp::parse(&number.to_string()).is_some_and(|time| self.times.contains(&time));
                // Ids may be numbers; short ones stand in every text.
                let id = || Some(number.to_string()).is_some_and(|id| id.len() > 3 && self.text.contains(&id));
                number.as_u64().is_some_and(|number| self.numbers.contains(&number)) || id() || time()
            }
            _ => true,
        }
    }
}

struct Walk<'t> {
    taken: &'t Taken,
    values: usize,
    named: HashSet<String>,
    fields: Vec<String>,
}

impl Walk<'_> {
    /// Looks at `value`, which stands at `path`. As deep as the parser went, which has a limit.
    fn value(&mut self, value: &Value, path: &mut String) {
        self.values += 1;
        if self.values > VALUES_MAX {
            return;
        }
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| self.value(element, path)),
            Value::Object(members) => {
                for (key, member) in members {
                    let end = path.len();
                    if end > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                    self.value(member, path);
                    path.truncate(end);
                }
            }
            leaf if !self.taken.has(leaf) && self.named.insert(path.clone()) => self.fields.push(path.clone()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::Group;
    use schemas::readers::{self, Output};

    use super::*;
    use crate::config::Config;

    fn left_of(record: &Value) -> Vec<String> {
        let config = Config::defaults().expect("the defaults hold");
        let tenancy = config.tenancy(None);
        let context = config.context_of_files(Group::Ai, &tenancy);
        let bytes = record.to_string();
        let mut out = Output::default();
        readers::read(bytes.as_bytes(), None, &context, &mut out).expect("reads");
        Leftover::of(bytes.as_bytes(), &out.inputs).fields
    }

    #[test]
    fn what_was_taken_is_not_left() {
        let record = serde_json::json!({
            "id": "i-1", "time": "2026-05-01T12:00:00Z", "user": { "id": "Anna@Contoso.example" },
            "request": { "model": "m-1", "messages": [{ "role": "user", "content": "Hello there" }] },
            "response": { "choices": [{ "message": { "role": "assistant", "content": "Good day" } }],
                "usage": { "prompt_tokens": 12345, "completion_tokens": 54321 } } });
        let left = left_of(&record);
        assert!(left.iter().all(|path| path.ends_with(".role")), "{left:?}");
    }

    #[test]
    fn what_nobody_reads_is_named_once() {
        let record = serde_json::json!({
            "id": "i-1", "time": 1_777_636_800_000_i64, "cost_centre": "cc-4711",
            "labels": [{ "team": "blue-whale" }, { "team": "red-fox" }],
            "request": { "prompt": "Hello", "temperature": 0.25 } });
        assert_eq!(left_of(&record), ["cost_centre", "labels.team", "request.temperature"]);
    }

    #[test]
    fn the_list_is_short() {
        let fields = (0..20).map(|n| format!("f{n}")).collect();
        assert_eq!(Leftover { fields }.describe().as_deref(), Some("f0, f1, f2, f3, f4, f5, f6, f7 and 12 more"));
        assert_eq!(Leftover::default().describe(), None);
    }
}
