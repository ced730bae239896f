//! The programs and files of Windows events, and the ways in which events write their paths and hashes.
//!
//! Source: learn.microsoft.com/sysinternals/downloads/sysmon, learn.microsoft.com/windows/security/threat-protection/auditing
//! and the page on Defender Antivirus' events. Which file is the system's own is decided in [`super::things`].

use super::draft::Draft;
use super::fields::Node;
use super::windows_shape::WindowsRecord;
use crate::entity::EntityKind;
use crate::readers::value::Value;

/// The most paths that are taken of one field; an archive's findings list each file within.
const PATHS_MAX: usize = 16;

/// Adds the processes and files of `event`, whose number is `id`.
pub(super) fn add_files(event: &WindowsRecord<'_>, id: u32, sysmon: bool, draft: &mut Draft) {
    let hashes = hashes_in(&event.first(&["Hashes", "Hash"]).word().unwrap_or_default());
    let hashes: Vec<Node<'_>> = hashes.iter().map(Node::new).collect();
    let image = event.first(&["Image", "NewProcessName", "ProcessName", "SourceImage", "Application"]);
    // The hashes of an event are those of the file that it is about: the process only when it starts.
    let process_hashes = if sysmon && id == 1 { hashes.as_slice() } else { &[] };
    draft.add_image(EntityKind::Process, process_hashes, image, Node::absent());
    // A program that starts another, or reaches into it, where neither is the system's.
    for other in ["ParentImage", "ParentProcessName", "TargetImage"] {
        draft.add_image(EntityKind::Process, &[], event.data(other), Node::absent());
    }
    let about_file = sysmon && matches!(id, 6 | 7 | 15 | 23 | 26..=29);
    let file_hashes = if about_file { hashes.as_slice() } else { &[] };
    for path in paths(event, id, sysmon) {
        let path = Value::from(path);
        draft.add_image(EntityKind::File, file_hashes, Node::new(&path), Node::absent());
    }
}

/// The files that an event is about.
fn paths(event: &WindowsRecord<'_>, id: u32, sysmon: bool) -> Vec<String> {
    let text = |key: &str| event.data(key).text().map(String::from);
    let of_file = || event.data("ObjectType").is("File");
    let single = match id {
        4697 if !sysmon => text("ServiceFileName").and_then(|command| program_of(&command)),
        7045 if !sysmon => text("ImagePath").and_then(|command| program_of(&command)),
        4656 | 4663 if !sysmon && of_file() => text("ObjectName"),
        _ => text("ImageLoaded").or_else(|| text("TargetFilename")),
    };
    match single {
        Some(path) => vec![path],
        None => scanned_paths(&text("Path").unwrap_or_default()),
    }
}

/// Sysmon's `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`. An import hash is shared by unrelated files and so is none of them.
fn hashes_in(hashes: &str) -> Vec<Value<'static>> {
    let of_content = |pair: &str| {
        let (algorithm, hash) = pair.trim().split_once('=')?;
        let known = ["MD5", "SHA1", "SHA256"].iter().any(|known| algorithm.eq_ignore_ascii_case(known));
        known.then(|| Value::from(hash.to_owned()))
    };
    hashes.split(',').take(PATHS_MAX).filter_map(of_content).collect()
}

/// The files of Defender Antivirus' `containerfile:_C:\a.zip; file:_C:\a.zip->b.exe`: what lies within an archive has no
/// place of its own. A path without a kind before it is a file's; other kinds (`process:_`, `regkey:_`) are none.
fn scanned_paths(text: &str) -> Vec<String> {
    const KINDS: [&str; 3] = ["file", "containerfile", "webfile"];
    let path_of = |resource: &str| {
        let path = match resource.split_once(":_") {
            Some((kind, path)) if KINDS.contains(&kind.trim()) => path,
            Some(_) => return None,
            None => resource,
        };
        // A downloaded file has where it came from behind a bar.
        let path = path.split("->").next()?.split('|').next()?.trim();
        (!path.is_empty()).then(|| path.to_owned())
    };
    let mut paths: Vec<String> = text.split("; ").take(PATHS_MAX).filter_map(path_of).collect();
    paths.dedup();
    paths
}

/// The program of a command line, where it says in full where that lies.
fn program_of(command: &str) -> Option<String> {
    const ENDS: [&str; 3] = [".exe", ".sys", ".dll"];
    let command = command.trim();
    let path = match command.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => {
            // Without quotes a path may have spaces: it ends behind the first thing that ends like a program.
            let lower = command.to_ascii_lowercase();
            let end = ENDS.iter().filter_map(|end| lower.find(end).map(|at| at + end.len())).min();
            match end {
                Some(end) => command.get(..end)?,
                None => command.split_whitespace().next()?,
            }
        }
    };
    let rooted = path.starts_with('\\') || path.get(1..3) == Some(":\\");
    rooted.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_content() {
        let found = hashes_in("SHA1=A1, MD5=B2,SHA256=C3,IMPHASH=D4,,SHA1");
        assert_eq!(found, ["A1", "B2", "C3"].map(Value::from));
        assert_eq!(hashes_in(""), []);
    }

    #[test]
    fn scanned_paths_lose_what_stands_around_them() {
        for (text, expected) in [
            ("file:_C:\\Users\\bob\\x.exe", vec!["C:\\Users\\bob\\x.exe"]),
            ("containerfile:_C:\\a.zip; file:_C:\\a.zip->in\\b.exe; file:_C:\\a.zip->c.exe", vec!["C:\\a.zip"]),
            ("webfile:_C:\\d\\e.com|https://e.example/|pid:1,ProcessStart:1", vec!["C:\\d\\e.com"]),
            ("process:_pid:7,ProcessStart:1; regkey:_HKLM\\x; file:_D:\\f.exe", vec!["D:\\f.exe"]),
            ("C:\\plain.exe", vec!["C:\\plain.exe"]),
            ("", vec![]),
        ] {
            assert_eq!(scanned_paths(text), expected, "{text}");
        }
    }

    #[test]
    fn programs_end_where_their_arguments_begin() {
        for (command, expected) in [
            ("\"C:\\Users\\bob\\my tool.exe\" -k x", Some("C:\\Users\\bob\\my tool.exe")),
            ("C:\\Users\\bob\\my tool.EXE -k x.exe", Some("C:\\Users\\bob\\my tool.EXE")),
            ("C:\\tmp\\run x", Some("C:\\tmp\\run")),
            ("\\??\\C:\\tmp\\d.sys", Some("\\??\\C:\\tmp\\d.sys")),
            ("%COMSPEC% /c echo C:\\x.exe", None),
            ("System32\\drivers\\d.sys", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(program_of(command).as_deref(), expected, "{command}");
        }
    }
}
