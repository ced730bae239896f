//! Secrets in the arguments of commands: `curl -u user:password`, `mysql -ppassword`, `--password=...`.
//!
//! Long options name their value themselves. Short ones mean something else in every program, so the
//! program's name must stand before them on the same command.

use std::ops::Range;

use memchr::memmem;

use super::structured::is_usual;
use super::verify::{Look, look};
use super::{Kind, SECRETS_MAX, Secret};
use crate::bounds::{head, tail};

/// How a short option carries its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The argument is the secret.
    Value,
    /// Behind the first colon or per cent sign of the argument.
    Pair,
}

/// The programs, their options and how those carry a secret.
const OPTIONS: [(&str, &str, Form); 28] = [
    ("curl", "-u", Form::Pair),
    ("curl", "-U", Form::Pair),
    ("wget", "-u", Form::Pair),
    ("http", "-a", Form::Pair),
    ("mysql", "-p", Form::Value),
    ("mariadb", "-p", Form::Value),
    ("mysqldump", "-p", Form::Value),
    ("mysqladmin", "-p", Form::Value),
    ("mongo", "-p", Form::Value),
    ("mongosh", "-p", Form::Value),
    ("mongodump", "-p", Form::Value),
    ("redis-cli", "-a", Form::Value),
    ("sshpass", "-p", Form::Value),
    ("docker", "-p", Form::Value),
    ("podman", "-p", Form::Value),
    ("helm", "-p", Form::Value),
    ("az", "-p", Form::Value),
    ("sqlcmd", "-P", Form::Value),
    ("osql", "-P", Form::Value),
    ("bcp", "-P", Form::Value),
    ("psexec", "-p", Form::Value),
    ("winexe", "-U", Form::Pair),
    ("smbclient", "-U", Form::Pair),
    ("rpcclient", "-U", Form::Pair),
    ("ldapsearch", "-w", Form::Value),
    ("evil-winrm", "-p", Form::Value),
    ("crackmapexec", "-p", Form::Value),
    ("cf", "-p", Form::Value),
];

/// Long options whose argument is a secret, without their hyphens, and how it is carried.
const LONG: [(&str, Form); 17] = [
    ("password", Form::Value),
    ("passwd", Form::Value),
    ("pass", Form::Value),
    ("passphrase", Form::Value),
    ("pwd", Form::Value),
    ("Password", Form::Value),
    ("token", Form::Value),
    ("api-key", Form::Value),
    ("apikey", Form::Value),
    ("access-key", Form::Value),
    ("secret", Form::Value),
    ("secret-key", Form::Value),
    ("client-secret", Form::Value),
    ("auth-token", Form::Value),
    ("http-password", Form::Value),
    ("user", Form::Pair),
    ("proxy-user", Form::Pair),
];

/// How far before an option its program may stand, in bytes.
const COMMAND_BYTES: usize = 200;
/// The longest argument, in bytes.
const ARGUMENT_BYTES_MAX: usize = 256;

/// The secrets in the arguments of commands.
pub fn arguments(text: &str, found: &mut Vec<Secret>) {
    for space in memmem::find_iter(text.as_bytes(), b" -") {
        if found.len() >= SECRETS_MAX {
            break;
        }
        found.extend(argument(text, space + 1));
    }
}

/// The secret of the option at `at`.
fn argument(text: &str, at: usize) -> Option<Secret> {
    let window = head(text.get(at..)?, ARGUMENT_BYTES_MAX);
    if let Some(option) = window.strip_prefix("--").or_else(|| window.strip_prefix("-P").and(window.strip_prefix('-')))
    {
        let named =
            LONG.iter().find(|(name, _)| option.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '='])));
        if let Some((name, form)) = named {
            let start = window.len() - option.len() + name.len() + 1;
            return value(text, at + start, *form);
        }
    }
    let option = head(window, 2);
    if option.len() < 2 || !OPTIONS.iter().any(|(_, known, _)| *known == option) {
        return None;
    }
    let line = tail(text.get(..at)?, COMMAND_BYTES);
    let command =
        line.rsplit(['\n', ';', '|', '&']).find(|part| !part.trim().is_empty() && *part != "\\").unwrap_or(line);
    let has = |name: &str| {
        command.match_indices(name).any(|(at, _)| {
            let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
            let before = command.get(..at).and_then(|before| before.chars().next_back());
            let behind = command.get(at + name.len()..).and_then(|behind| behind.chars().next());
            !letter(before) && !letter(behind)
        })
    };
    let lower = command.to_ascii_lowercase();
    let (program, _, form) = OPTIONS
        .iter()
        .find(|(name, known, _)| *known == option && (has(name) || *name == "psexec" && lower.contains("psexec")))?;
    let glued = window.get(2..)?.chars().next()?;
    let start = match glued {
        ' ' | '=' => 3,
        // Only these take their password without a space, and a port or a path otherwise.
        _ if matches!(*program, "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "sqlcmd" | "bcp" | "curl") => 2,
        _ => return None,
    };
    if matches!(*program, "mysql" | "mysqldump" | "mysqladmin" | "mariadb") && start == 3 {
        return None;
    }
    // `docker -p 80:80` publishes ports; only a login takes a password.
    if matches!(*program, "docker" | "podman" | "helm" | "az" | "cf") && !command.contains("login") {
        return None;
    }
    value(text, at + start, *form)
}

/// The argument at `at`, when it can be a secret.
fn value(text: &str, at: usize, form: Form) -> Option<Secret> {
    let window = head(text.get(at..)?, ARGUMENT_BYTES_MAX);
    let blank = window.len() - window.trim_start_matches([' ', '=']).len();
    let window = window.get(blank..)?;
    let quote = window.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = window.get(quote.map_or(0, char::len_utf8)..)?;
    let end = inner.find(|c: char| match quote {
        Some(quote) => c == quote || c == '\n',
        None => c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '|'),
    });
    let argument = inner.get(..end.unwrap_or(inner.len()))?.trim_end_matches(['\\', ',', ')', '.']);
    let start = at + blank + quote.map_or(0, char::len_utf8);
    let (user, secret) = match form {
        Form::Value => ("", argument),
        Form::Pair => argument.split_once([':', '%'])?,
    };
    let variable = secret.starts_with(['$', '<', '[', '{', '%', '-', '(', '*', '/', '@'])
        || secret.contains("${")
        || secret.contains("{{");
    let usual = is_usual(secret) || secret == user || user.starts_with(['$', '<', '{']);
    let range: Range<usize> = start + argument.len() - secret.len()..start + argument.len();
    let shown = variable || usual || secret.len() < 4 || secret.contains(' ') || look(secret) == Look::Placeholder;
    (!shown).then_some(Secret { subtype: "command_password", score: 0.7, range, id: None, kind: Kind::Secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        arguments(text, &mut found);
        found.into_iter().map(|secret| &text[secret.range]).collect()
    }

    #[test]
    fn arguments_that_are_secrets() {
        for text in [
            "curl -u admin:V7kq2Lmz https://a.test",
            "curl -s -X POST --user 'bob:V7kq2Lmz' x",
            "mysql -h db -uroot -pV7kq2Lmz main",
            "sshpass -p V7kq2Lmz ssh root@h",
            "docker login -u bob -p V7kq2Lmz",
            "tool --password=V7kq2Lmz",
            "tool --api-key \"V7kq2Lmz\"",
            "Connect-VIServer -User a -Password V7kq2Lmz",
            "PsExec.exe \\\\h -u a -p V7kq2Lmz cmd",
            "smbclient //h/s -U bob%V7kq2Lmz",
            "sudo redis-cli -h h -a V7kq2Lmz ping",
        ] {
            assert_eq!(secrets(text), ["V7kq2Lmz"], "{text}");
        }
    }

    #[test]
    fn ports_users_and_variables_are_none() {
        for text in [
            "docker run -p 8080:80 nginx",
            "ssh -p 2222 h",
            "curl -u bob https://a.test",
            "curl -u \"$USER:$PASS\" x",
            "curl -u user:password x",
            "mysql -p main",
            "mkdir -p a/b/c1234",
            "tool --password",
            "tool --user=bob",
            "nmap -p 1-65535 h",
            "curl -u <user>:<password> x",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
    }
}
