//! The arguments of a tool call as pairs of a name and a text, and what is wrong with single ones.
//!
//! A command in a field that should hold a command is for the rules of [`crate::tool_abuse`]; here are fields whose name
//! promises something small, such as a host or a file's name, and hold more. Bounded in bytes, fields and depth.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

use crate::addresses::{is_web, parts, url_at};
use crate::concept::Concept;
use crate::numeric_host;
use crate::view::Text;

/// The longest arguments that are read, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 << 10;
/// How many texts of a call are looked at.
const FIELDS_MAX: usize = 256;
/// How many URLs of a call are looked at.
const URLS_MAX: usize = 64;

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
pub fn shell_injection(text: &Text<'_>) -> bool {
    let raw = text.raw();
    if raw.len() > ARGUMENTS_BYTES_MAX || !raw.contains([';', '|', '&', '`', '$']) {
        return false;
    }
    let Ok(arguments) = serde_json::from_str::<Value>(raw) else { return false };
    let mut fields = Vec::new();
    collect("", &arguments, &mut fields);
    fields.iter().any(|(name, value)| SMALL.contains(&name.to_ascii_lowercase().as_str()) && holds_command(value))
}

fn collect<'v>(name: &'v str, value: &'v Value, fields: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) if fields.len() < FIELDS_MAX => fields.push((name, text)),
        Value::Array(list) => list.iter().for_each(|value| collect(name, value, fields)),
        Value::Object(object) => object.iter().for_each(|(name, value)| collect(name, value, fields)),
        _ => {}
    }
}

fn holds_command(value: &str) -> bool {
    let starts = value.match_indices([';', '|', '&', '`', '(']).filter_map(|(at, sign)| {
        let substitutes = sign != "(" || value.get(..at)?.ends_with('$');
        let rest = value.get(at + sign.len()..).filter(|_| substitutes)?;
        rest.trim_start_matches([' ', '|', '&']).split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
    });
    starts.take(FIELDS_MAX).any(|word| PROGRAMS.contains(&word))
}

/// Services that hand out a machine's credentials: AWS, Azure, Google and others; Alibaba; AWS over IPv6.
const METADATA_V4: [[u8; 4]; 2] = [[169, 254, 169, 254], [100, 100, 100, 200]];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Whether a URL of the call leads to a metadata service, in whatever notation.
pub fn asks_metadata(text: &Text<'_>) -> bool {
    let starts = text.hits.iter().filter(|hit| hit.concepts.has(Concept::Url)).take(URLS_MAX);
    let mut urls = starts.filter_map(|hit| url_at(text.raw(), text.raw_at(hit.start as usize)));
    urls.any(|url| {
        let parts = parts(url);
        is_web(&parts) && is_metadata(parts.host)
    })
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
}
