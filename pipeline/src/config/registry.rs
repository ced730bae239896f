//! `[schema_registry]`, checked.

use std::net::IpAddr;
use std::path::PathBuf;

use super::file::SchemaRegistryFile;
use super::secret::Secret;
use crate::schema_registry::{basic, bearer};

/// How to reach the schema registry.
#[derive(Clone)]
pub struct RegistryConfig {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The header `Authorization`.
    pub authorization: Option<Secret>,
    /// The certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

impl RegistryConfig {
    /// The registry of `file`; `None` where none is configured.
    ///
    /// # Errors
    /// A message that names the key and the remedy.
    pub(super) fn of(file: &SchemaRegistryFile) -> Result<Option<Self>, String> {
        let url = file.url.trim().trim_end_matches('/');
        let authorization = authorization(file).map_err(|message| format!("[schema_registry] {message}"))?;
        if url.is_empty() {
            return match authorization.is_some() || file.ca.is_some() {
                true => Err("[schema_registry] url is not set: name the registry, or remove the section".to_owned()),
                false => Ok(None),
            };
        }
        let (clear, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err("[schema_registry] url must begin with https:// or http://".to_owned()),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            // Not quoted: it holds a password.
            return Err("[schema_registry] url holds credentials: move them to `username` and `password`".to_owned());
        }
        if clear && authorization.is_some() && !is_loopback(authority) {
            return Err("[schema_registry] credentials would travel in the clear: use https:// in url".to_owned());
        }
        Ok(Some(Self { url: url.to_owned(), authorization, ca: file.ca.clone() }))
    }
}

fn authorization(file: &SchemaRegistryFile) -> Result<Option<Secret>, String> {
    match (file.username.as_str(), file.password.is_empty(), file.token.is_empty()) {
        ("", true, true) => Ok(None),
        ("", true, false) => file.token.read().map(|token| Some(bearer(&token))).map_err(|why| format!("token: {why}")),
        ("", false, _) => Err("password has no `username`".to_owned()),
        (_, true, _) => Err("username has no `password`: name its `file` or `env`".to_owned()),
        (_, false, false) => Err("username and token exclude each other: keep one".to_owned()),
        (username, false, true) => file
            .password
            .read()
            .map(|password| Some(basic(username, &password)))
            .map_err(|why| format!("password: {why}")),
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn complaint(section: &str) -> String {
        Config::parse(&format!("[schema_registry]\n{section}")).err().unwrap_or_default()
    }

    #[test]
    fn what_does_not_hold_is_named_and_no_secret_is_quoted() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "hunter2").unwrap();
        let file = format!("{{ file = {:?} }}", secret.path());
        for (section, expected) in [
            ("url = \"ftp://registry.example.com\"".to_owned(), "https://"),
            ("url = \"https://user:hunter2@registry.example.com\"".to_owned(), "holds credentials"),
            ("ca = \"/etc/ca.pem\"".to_owned(), "url is not set"),
            ("url = \"https://r.example.com\"\nusername = \"weir\"".to_owned(), "no `password`"),
            (format!("url = \"https://r.example.com\"\npassword = {file}"), "no `username`"),
            (format!("url = \"http://r.example.com\"\ntoken = {file}"), "in the clear"),
            (format!("url = \"http://127.0.0.1.example.com\"\ntoken = {file}"), "in the clear"),
            (
                format!("url = \"https://r.example.com\"\nusername = \"w\"\npassword = {file}\ntoken = {file}"),
                "exclude",
            ),
        ] {
            let message = complaint(&section);
            assert!(message.contains("[schema_registry]") && message.contains(expected), "{section}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn credentials_become_one_header_and_are_not_printed() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "hunter2\n").unwrap();
        let section = format!(
            "[schema_registry]\nurl = \"http://[::1]:8081/\"\nusername = \"weir\"\npassword = {{ file = {:?} }}",
            secret.path()
        );
        let config = Config::parse(&section).unwrap();
        let registry = config.registry.unwrap();
        assert_eq!(registry.url, "http://[::1]:8081");
        let header = registry.authorization.unwrap();
        assert_eq!(header.expose(), "Basic d2VpcjpodW50ZXIy");
        assert!(!format!("{header:?}").contains("d2Vpcjpod"));
        assert!(Config::parse("").unwrap().registry.is_none());
    }
}
