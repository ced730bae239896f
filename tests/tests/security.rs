//! The promised ways to log in, seen against a real broker: TLS with SASL PLAIN, SCRAM and OAUTHBEARER, and
//! client certificates. What is refused is said in one line, soon, without the secret.

#![cfg(test)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;
use tests::broker::Secured;
use tests::kafka::{Kafka, Record, unique};
use tests::weir::{Running, weir, weir_ok};

/// How long a stage may take for one record, its start included.
const LIMIT: Duration = Duration::from_secs(40);
/// How long a command may take to say that it is refused: Weir's own limit of ten seconds, on a busy machine.
const REFUSAL_MAX: Duration = Duration::from_secs(25);

/// One way to log in, as a user would write it into the configuration.
#[derive(Clone)]
struct Login {
    brokers: String,
    client: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, PathBuf)>,
}

impl Login {
    fn sasl(secured: &Secured, mechanism: &str, user: &str, password: &str) -> Self {
        Self {
            brokers: secured.sasl.clone(),
            client: vec![
                ("security.protocol", "SASL_SSL".to_owned()),
                ("ssl.ca.location", secured.file("ca.pem").display().to_string()),
                ("sasl.mechanism", mechanism.to_owned()),
                ("sasl.username", user.to_owned()),
            ],
            secrets: vec![("sasl.password", secured.file(password))],
        }
    }

    fn certificate(secured: &Secured) -> Self {
        Self {
            brokers: secured.mtls.clone(),
            client: vec![
                ("security.protocol", "SSL".to_owned()),
                ("ssl.ca.location", secured.file("ca.pem").display().to_string()),
                ("ssl.certificate.location", secured.file("client.pem").display().to_string()),
                ("ssl.key.location", secured.file("client.key").display().to_string()),
            ],
            secrets: vec![("ssl.key.password", secured.file("client.key.password"))],
        }
    }

    /// The same with another value of `key`.
    fn with(mut self, key: &str, value: &Path) -> Self {
        for (_, known) in self.client.iter_mut().filter(|(name, _)| *name == key) {
            *known = value.display().to_string();
        }
        for (_, known) in self.secrets.iter_mut().filter(|(name, _)| *name == key) {
            *known = value.to_owned();
        }
        self
    }

    /// The same less whatever begins with one of `keys`.
    fn without(mut self, keys: &[&str]) -> Self {
        let stays = |name: &str| !keys.iter().any(|key| name.starts_with(key));
        self.client.retain(|(name, _)| stays(name));
        self.secrets.retain(|(name, _)| stays(name));
        self
    }

    /// Writes a configuration with this login into `folder`.
    fn config(&self, folder: &TempDir, prefix: &str) -> Result<PathBuf> {
        let mut text = format!(
            "[topics]\npartitions = 1\n[correlate]\nstate_dir = {:?}\n[[source]]\ntopic = \"{prefix}in\"\ngroup = \"ai\"\n\
             [kafka]\nbrokers = {:?}\ntopic_prefix = {prefix:?}\napplication = {prefix:?}\n[kafka.client]\n",
            folder.path().join("state"),
            self.brokers
        );
        for (key, value) in &self.client {
            writeln!(text, "{key:?} = {value:?}")?;
        }
        text.push_str("[kafka.secrets]\n");
        for (key, file) in &self.secrets {
            writeln!(text, "{key:?} = {{ file = {file:?} }}")?;
        }
        let path = folder.path().join("weir.toml");
        fs::write(&path, text)?;
        Ok(path)
    }

    /// No secret of this login stands in `text`.
    fn stays_out_of(&self, text: &str) -> Result<()> {
        for (key, file) in &self.secrets {
            let secret = fs::read_to_string(file)?;
            ensure!(!text.contains(secret.trim()), "{key} is shown in: {text}");
        }
        Ok(())
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Topics are planned and created, the configuration is printed, and a record goes through the detect stage.
fn round_trip(kafka: &Kafka, login: &Login) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let prefix = format!("{}.", unique("secured"));
    let config = login.config(&folder, &prefix)?;
    let path = config.display().to_string();
    for (command, expected) in [
        (&["topics", "plan", "--config", &path][..], "missing"),
        (&["topics", "apply", "--config", &path], "created"),
        (&["topics", "plan", "--config", &path], "exists"),
        (&["check", "--config", &path], "security.protocol"),
    ] {
        // A broker answers for a new topic a moment after it was created.
        let started = Instant::now();
        let output = loop {
            let output = said(&weir_ok(command)?);
            if output.contains(expected) || started.elapsed() > LIMIT {
                break output;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        ensure!(output.contains(expected), "{command:?}: {output}");
        login.stays_out_of(&output)?;
    }
    let running = Running::start(&config, "detect", "0", &folder.path().join("log"))?;
    let record = json!({ "id": "i-1", "request": { "messages": [{ "role": "user", "content": "Good morning" }] } });
    kafka.produce(&format!("{prefix}in"), [Record::new(record.to_string())])?;
    let read = kafka.read_until(&format!("{prefix}annotated"), LIMIT, |records| records.len() == 1);
    let log = running.log()?;
    read.with_context(|| log.clone())?;
    login.stays_out_of(&log)?;
    running.stop()
}

/// Every command that needs the broker ends with code 1 and one line that holds `reason`.
fn refused(login: &Login, reason: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = login.config(&folder, "refused.")?.display().to_string();
    for command in [&["topics", "plan", "--config", &path][..], &["run", "--config", &path]] {
        let started = Instant::now();
        let output = weir(command)?;
        let text = said(&output);
        ensure!(output.status.code() == Some(1) && text.lines().count() == 1, "{command:?}: {text}");
        ensure!(text.starts_with("weir: ") && text.contains(reason), "{command:?}: no {reason:?} in: {text}");
        ensure!(started.elapsed() < REFUSAL_MAX, "{command:?} took {:?}", started.elapsed());
        login.stays_out_of(&text)?;
    }
    Ok(())
}

#[test]
fn passwords_and_certificates_are_let_in() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let Some(secured) = Secured::of_the_broker() else { return Ok(()) };
    round_trip(&kafka, &Login::sasl(&secured, "PLAIN", "plainuser", "plain.password"))?;
    round_trip(&kafka, &Login::sasl(&secured, "SCRAM-SHA-512", "scramuser", "scram.password"))?;
    round_trip(&kafka, &Login::certificate(&secured))
}

#[test]
fn what_is_refused_is_said_in_one_line_without_the_secret() -> Result<()> {
    let Some(_kafka) = Kafka::connect()? else { return Ok(()) };
    let Some(secured) = Secured::of_the_broker() else { return Ok(()) };
    let wrong = tempfile::NamedTempFile::new()?;
    fs::write(wrong.path(), "not-the-password-0123456789")?;
    let plain = Login::sasl(&secured, "PLAIN", "plainuser", "plain.password");
    let scram = Login::sasl(&secured, "SCRAM-SHA-512", "scramuser", "scram.password");
    let certificate = Login::certificate(&secured);

    refused(&plain.clone().with("sasl.password", wrong.path()), "Invalid username or password")?;
    refused(&scram.with("sasl.password", wrong.path()), "invalid credentials")?;
    refused(&plain.clone().with("ssl.ca.location", &secured.file("stranger.pem")), "certificate verify failed")?;
    refused(&plain.with("ssl.ca.location", &secured.file("no-such.pem")), "ssl.ca.location")?;
    refused(&certificate.clone().without(&["ssl.certificate", "ssl.key"]), "certificate")?;
    refused(&certificate.with("ssl.key.password", wrong.path()), "ssl.key.location")
}

/// The token comes from an endpoint of the test's own, and the broker takes it unsigned: what is seen here is
/// that Weir fetches a token with its secret and that the broker reads who it is.
#[test]
fn tokens_are_fetched_and_let_in() -> Result<()> {
    let Some(kafka) = Kafka::connect()? else { return Ok(()) };
    let Some(secured) = Secured::of_the_broker() else { return Ok(()) };
    let secret = secured.secret("oauth.secret")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}/token", listener.local_addr()?);
    let expected = format!("Basic {}", STANDARD.encode(format!("oauthuser:{secret}")));
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that went away is asked again by itself.
            let _ = token(connection, &expected);
        }
    });
    let login = Login {
        brokers: secured.sasl.clone(),
        client: vec![
            ("security.protocol", "SASL_SSL".to_owned()),
            ("ssl.ca.location", secured.file("ca.pem").display().to_string()),
            ("sasl.mechanism", "OAUTHBEARER".to_owned()),
            ("sasl.oauthbearer.method", "oidc".to_owned()),
            ("sasl.oauthbearer.client.id", "oauthuser".to_owned()),
            ("sasl.oauthbearer.token.endpoint.url", endpoint),
        ],
        secrets: vec![("sasl.oauthbearer.client.secret", secured.file("oauth.secret"))],
    };
    round_trip(&kafka, &login)?;
    refused(&login.with("sasl.oauthbearer.client.secret", &secured.file("plain.password")), "invalid_client")
}

/// Answers one request for a token: 401 unless it brings the credentials.
fn token(mut connection: TcpStream, expected: &str) -> Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut known, mut length) = (false, 0);
    for line in reader.by_ref().lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        // The first line is the request's own.
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => known = value == expected,
            "content-length" => length = value.parse()?,
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": "oauthuser", "iat": now, "exp": now + 300 });
    let access_token = format!("{}.{}.", part(json!({ "alg": "none" })), part(claims));
    let (status, body) = if known {
        ("200 OK", json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 300 }))
    } else {
        ("401 Unauthorized", json!({ "error": "invalid_client" }))
    };
    let body = body.to_string();
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    Ok(())
}
