//! The inventory of the estate as the operator writes it: a TOML file of `[[asset]]` tables, or JSONL with an
//! asset a line where the file's name ends so. What assets mean is [`correlator::inventory`]'s.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use correlator::{Asset, Inventory};
use serde::Deserialize;

/// The largest inventory: a million assets of a quarter kilobyte.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assets {
    #[serde(default)]
    asset: Vec<Asset>,
}

/// Reads the inventory at `path`; an empty path means that there is none.
///
/// # Errors
/// A message that names the file, the place in it and what is wrong.
pub(super) fn read(path: &Path) -> Result<Arc<Inventory>, String> {
    if path.as_os_str().is_empty() {
        return Ok(Arc::default());
    }
    let about = |what: String| format!("[inventory] file {}: {what}", path.display());
    let bytes = fs::metadata(path).map_err(|error| about(error.to_string()))?.len();
    if bytes > BYTES_MAX {
        return Err(about(format!("{bytes} bytes: at most {BYTES_MAX} are read")));
    }
    let text = fs::read_to_string(path).map_err(|error| about(error.to_string()))?;
    let is_jsonl = path.extension().is_some_and(|extension| extension == "jsonl");
    let assets = if is_jsonl { of_jsonl(&text) } else { of_toml(&text) }.map_err(about)?;
    Ok(Arc::new(Inventory::new(assets).map_err(about)?))
}

fn of_toml(text: &str) -> Result<Vec<Asset>, String> {
    let assets: Assets = toml::from_str(text).map_err(|error| super::on_one_line(text, &error))?;
    Ok(assets.asset)
}

fn of_jsonl(text: &str) -> Result<Vec<Asset>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let read =
        |(number, line): (usize, &str)| serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"));
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<Arc<Inventory>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, text).expect("write");
        read(&path)
    }

    #[test]
    fn both_forms_say_the_same() {
        let toml = "[[asset]]\nkind = \"user\"\nids = [\"svc\"]\nshared_as = \"service_account\"\ncriticality = 0.5\n";
        let jsonl = "{\"kind\":\"user\",\"ids\":[\"svc\"],\"shared_as\":\"service_account\",\"criticality\":0.5}\n\n";
        let inventory = read_as("a.toml", toml).expect("an inventory");
        assert_eq!((inventory.len(), &inventory), (1, &read_as("a.jsonl", jsonl).expect("an inventory")));
        assert!(read(Path::new("")).expect("none").is_empty());
    }

    #[test]
    fn mistakes_name_the_file_and_the_place() {
        for (name, text, part) in [
            ("a.toml", "[[asset]]\nkind = \"user\"\nids = [\"a\"]\ncolour = 1\n", "colour"),
            ("a.toml", "[[asset]]\nkind = \"person\"\nids = [\"a\"]\n", "line 2"),
            ("a.jsonl", "{\"kind\":\"user\",\"ids\":[\"a\"]}\n{", "line 2"),
            ("a.jsonl", "{\"kind\":\"user\",\"ids\":[\"n/a\"]}", "asset 1"),
            ("a.jsonl", &"[".repeat(100_000), "line 1"),
        ] {
            let error = read_as(name, text).expect_err(part);
            assert!(error.starts_with("[inventory] file ") && error.contains(part), "{error}");
        }
        assert!(read(Path::new("/nonexistent")).is_err());
    }
}
