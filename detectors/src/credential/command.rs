//! Secrets in the arguments of commands: `curl -u user:password`, `mysql -ppassword`, `--password=...`.
//!
//! Long options name their value themselves. Short ones mean something else in every program, so the
//! program's name must stand before them on the same command.

use std::ops::Range;

use memchr::memchr_iter;

use super::likely::made;
use super::names::{Word, name_word};
use super::structured::is_usual;
use super::verify::{Look, look};
use super::{Budget, Kind, SECRETS_MAX, Secret};
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
const OPTIONS: [(&str, &str, Form); 30] = [
    ("curl", "-u", Form::Pair),
    ("curl", "-U", Form::Pair),
    ("wget", "-u", Form::Pair),
    ("7z", "-p", Form::Value),
    ("zip", "-P", Form::Value),
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

/// How far before an option its program may stand, in bytes.
const COMMAND_BYTES: usize = 200;
/// The longest argument, in bytes.
const ARGUMENT_BYTES_MAX: usize = 256;

/// The secrets in the arguments of commands.
pub fn arguments(text: &str, budget: &mut Budget, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    let behind_blank = |at: &usize| {
        at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_whitespace() || *b == b'`')
    };
    for at in memchr_iter(b'-', bytes).filter(behind_blank) {
        if found.len() >= SECRETS_MAX || !budget.spend(150) {
            break;
        }
        found.extend(argument(text, at, budget));
    }
}

/// The secret of the option at `at`.
fn argument(text: &str, at: usize, budget: &mut Budget) -> Option<Secret> {
    let window = head(text.get(at..)?, ARGUMENT_BYTES_MAX);
    let hyphens = window.bytes().take_while(|b| *b == b'-').count();
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let name = window.bytes().skip(hyphens).take(40).take_while(is_part).count();
    if name >= 4 && window.as_bytes().get(hyphens + name).is_some_and(|b| matches!(b, b' ' | b'=')) {
        let range = at + hyphens..at + hyphens + name;
        let form = match name_word(text.as_bytes(), range.clone()) {
            _ if matches!(text.get(range.clone())?, "user" | "proxy-user") => Some(Form::Pair),
            Some(Word::Password | Word::Token) => Some(Form::Value),
            _ => None,
        };
        if let Some(form) = form {
            return value(text, range.end + 1, form);
        }
    }
    let option = head(window, 2);
    if option.len() < 2 || !OPTIONS.iter().any(|(_, known, _)| *known == option) {
        return None;
    }
    if !budget.spend(4000) {
        return None;
    }
    let command = command_before(text, at)?;
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
        _ if matches!(
            *program,
            "7z" | "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "sqlcmd" | "bcp" | "curl"
        ) =>
        {
            2
        }
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

/// The command up to `at`, over lines that a backslash joins.
fn command_before(text: &str, at: usize) -> Option<&str> {
    let window = tail(text.get(..at)?, COMMAND_BYTES);
    let bytes = window.as_bytes();
    let ends = |place: &usize| match bytes.get(*place) {
        Some(b'\n') => !bytes.get(..*place).is_some_and(|before| before.trim_ascii_end().ends_with(b"\\")),
        Some(b';' | b'|') => true,
        _ => false,
    };
    let start = (0..bytes.len()).rev().find(ends).map_or(0, |place| place + 1);
    window.get(start..)
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
    // The password of a pair may have quotes of its own: `name:'password'`.
    let quoted = inner.get(argument.len()..).is_some_and(|rest| rest.starts_with(['\'', '"']));
    if form == Form::Pair && quote.is_none() && quoted && argument.ends_with(':') {
        return value(text, start + argument.len(), Form::Value);
    }
    // And both parts may be quoted, also in the braces of a manual: `"{name}":"{password}"`.
    let second = inner.get(argument.len()..).filter(|_| form == Form::Pair && quote.is_some());
    if second.is_some_and(|rest| rest.starts_with("\":\"") || rest.starts_with("':'")) {
        return value(text, start + argument.len() + 2, Form::Value);
    }
    let argument = argument.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(argument);
    let start = if inner.starts_with('{') && !argument.starts_with('{') { start + 1 } else { start };
    let (user, secret) = match form {
        Form::Value => ("", argument),
        Form::Pair => match argument.split_once([':', '%'])? {
            // A key that serves as the name needs no password.
            (key, "") if made(key).digits && made(key).mixed && key.len() >= 8 => {
                let variable = key.starts_with(['$', '<', '{', '[']) || look(key) != Look::Plausible;
                let range = start..start + key.len();
                let secret = Secret { subtype: "command_password", score: 0.6, range, id: None, kind: Kind::Secret };
                return (!variable).then_some(secret);
            }
            pair => pair,
        },
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
        arguments(text, &mut Budget::of(text), &mut found);
        found.into_iter().map(|secret| text.get(secret.range).unwrap_or_default()).collect()
    }

    #[test]
    fn arguments_that_are_secrets() {
        for text in [
            "curl -u admin:V7kq2Lmz https://a.test",
            "curl -s -X POST --user 'bob:V7kq2Lmz' x",
            "mysql -h db -uroot -pV7kq2Lmz main",
            "sshpass -p V7kq2Lmz ssh root@h",
            "docker login -u bob -p V7kq2Lmz",
            "7z x a.7z -pV7kq2Lmz",
            "zip -P V7kq2Lmz a.zip b",
            "tool --password=V7kq2Lmz",
            "tool --api-key \"V7kq2Lmz\"",
            "Connect-VIServer -User a -Password V7kq2Lmz",
            "PsExec.exe \\\\h -u a -p V7kq2Lmz cmd",
            "smbclient //h/s -U bob%V7kq2Lmz",
            "sudo redis-cli -h h -a V7kq2Lmz ping",
            "curl -u \"V7kq2Lmz:\" https://a.test",
            "curl --user \"{bob}\":\"{V7kq2Lmz}\" https://a.test",
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
            "curl -u api_user: x",
            "curl --user \"{name}\":\"{password}\" x",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
    }
}
