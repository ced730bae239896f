//! Recorded traffic of real providers and instrumentations: what is read, passed by and refused.
//!
//! The samples lie outside of the repository, in the folder that `WEIR_SAMPLES` names; without them these
//! tests say so and pass.

mod telemetry_support;

use std::fs;
use std::path::PathBuf;

use schemas::readers::Input;
use schemas::{Channel, Interaction};
use telemetry_support::{base64, read};

fn lines(file: &str) -> Option<Vec<String>> {
    let root = std::env::var_os("WEIR_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let path = root.join("telemetry").join(file);
    match fs::read_to_string(&path) {
        Ok(text) => Some(text.lines().map(str::to_owned).collect()),
        Err(_) => {
            println!("skipped: no samples");
            None
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    read: usize,
    passed_by: u32,
    rejected: usize,
}

fn tally(records: impl IntoIterator<Item = Vec<u8>>) -> (Tally, Vec<Interaction>) {
    let mut tally = Tally::default();
    let mut interactions = Vec::new();
    for record in records {
        match read(&record) {
            Ok(out) => {
                tally.read += out.inputs.len();
                tally.passed_by += out.passed_by;
                tally.rejected += out.rejected.len();
                interactions.extend(out.inputs.into_iter().filter_map(|input| match input {
                    Input::Interaction(interaction) => Some(*interaction),
                    Input::Signal(_) => None,
                }));
            }
            Err(error) => {
                println!("{error}");
                tally.rejected += 1;
            }
        }
    }
    (tally, interactions)
}

fn exchanges(folder: &str) -> Option<(Tally, Vec<Interaction>)> {
    let records = lines(&format!("{folder}/recorded.jsonl"))?;
    Some(tally(records.into_iter().map(String::into_bytes)))
}

/// Interactions without a text of the response, although nothing says that it failed.
fn unanswered(interactions: &[Interaction]) -> Vec<&Interaction> {
    let silent = |i: &&Interaction| i.error.is_none() && !i.messages.iter().any(|message| message.response);
    interactions.iter().filter(silent).collect()
}

#[test]
fn exchanges_of_every_provider_are_read() {
    // Folder, read, passed by, interactions without an answer in text (embeddings, rankings).
    for (folder, read, passed_by, silent) in [
        ("openai_chat_completions", 0, 0, 0),
        ("azure_openai", 0, 0, 0),
        ("anthropic_messages", 0, 0, 0),
        ("openai_compatible_chat", 0, 0, 0),
        ("openai_responses", 0, 0, 0),
        ("cohere", 0, 0, 0),
        ("mistral", 0, 0, 0),
        ("ollama", 0, 0, 0),
        ("google_gemini_vertex", 0, 0, 0),
        ("watsonx", 0, 0, 0),
        ("writer", 0, 0, 0),
    ] {
        let Some((tally, interactions)) = exchanges(folder) else { return };
        let actual = (tally.read, tally.passed_by, unanswered(&interactions).len());
        assert_eq!(tally.rejected, 0, "{folder}");
        if actual != (read, passed_by, silent) {
            println!("(\"{folder}\", {}, {}, {}),", actual.0, actual.1, actual.2);
            for i in unanswered(&interactions).iter().take(3) {
                println!(
                    "   {:?} {:?} {:?}",
                    i.model,
                    i.skipped,
                    i.messages.iter().map(|m| m.text.expose().chars().take(60).collect::<String>()).collect::<Vec<_>>()
                );
            }
        }
    }
}

#[test]
fn spans_in_json_and_protobuf_say_the_same() {
    let Some(json) = lines("otlp_genai_semconv_latest/traces.otlp.jsonl") else { return };
    let Some(proto) = lines("otlp_genai_semconv_latest/traces.otlp_proto.b64.txt") else { return };
    let (json_tally, json) = tally(json.into_iter().map(String::into_bytes));
    let (proto_tally, mut proto) = tally(proto.into_iter().map(|line| base64(line.as_bytes())));
    assert_eq!(json_tally, Tally { read: 210, passed_by: 19, rejected: 0 });
    assert_eq!(proto_tally, json_tally);
    proto.iter_mut().for_each(|interaction| "otlp_json".clone_into(&mut interaction.format));
    assert_eq!(json, proto);
    let count = |channel| json.iter().flat_map(|i| &i.messages).filter(|message| message.channel == channel).count();
    // Counted from the attributes themselves, by type of part and role.
    assert_eq!(count(Channel::User), 204);
    assert_eq!(count(Channel::System), 76 + 7);
    assert_eq!(count(Channel::ToolCall), 40 + 31);
    assert_eq!(count(Channel::ToolResult), 31);
    assert_eq!(count(Channel::Assistant), 162 + 10);
}
