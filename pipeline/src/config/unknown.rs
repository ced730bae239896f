//! Keys that nobody reads: refused, each with the nearest key that exists.
//!
//! A misspelt key that is silently ignored is a detector that silently stays off.

use serde::Serialize;
use serde_json::Value;

use super::file::{AlertFile, ConfigFile, DetectionFile, DetectorFile, FeedFile, SecretFile, SourceFile};

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be proposed for the other.
const LIKENESS_MIN: f64 = 0.7;

/// Parses `text`, collecting the paths of keys that nobody reads.
pub(super) fn parse(text: &str) -> Result<(ConfigFile, Vec<String>), toml::de::Error> {
    let mut unknown = Vec::new();
    let file = serde_ignored::deserialize(toml::Deserializer::parse(text)?, |path| unknown.push(path.to_string()))?;
    Ok((file, unknown))
}

/// The message for the unknown key at `path`, such as `detect.worker`.
pub(super) fn message(path: &str) -> String {
    let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
    let place = if table.is_empty() { "at the top level".to_owned() } else { format!("in [{table}]") };
    let known = known_keys(table);
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    match nearest {
        Some((_, name)) => format!("unknown key `{key}` {place}: did you mean `{name}`?"),
        None => format!("unknown key `{key}` {place}: known are {}", known.join(", ")),
    }
}

/// The keys of the table at `path`, read off the default configuration so that the list cannot age.
fn known_keys(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
    let value = match parts.as_slice() {
        ["source", _] => {
            tree(&SourceFile { topic: String::new(), group: schemas::Group::Ai, format: String::new(), tenant: None })
        }
        ["tenant", _] => tree(&DetectionFile::default()),
        ["tenant", _, "applications", _] | ["detection", "applications", _] => tree(&DetectionFile::default()),
        ["tenant" | "detection", .., "detectors", _] => tree(&DetectorFile::default()),
        // An id has three parts.
        ["tenant" | "detection", .., "alerts", _, _, _] => tree(&AlertFile::default()),
        ["intel", "feed", _] => {
            let (format, list) = (String::new(), String::new());
            tree(&FeedFile { path: None, topic: None, format, list, confidence: None })
        }
        ["kafka", "secrets", _] => tree(&SecretFile::default()),
        parts => parts
            .iter()
            .fold(tree(&ConfigFile::default()), |value, part| value.get(part).cloned().unwrap_or(Value::Null)),
    };
    value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

fn tree(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
