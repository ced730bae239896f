//! What the demo shows: a line of throughput that renews itself, incidents as they grow, and at the end
//! the whole story. Where there is no terminal, plain lines.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crossterm::style::Stylize as _;
use serde_json::Value;

/// How often throughput is shown: on a terminal, and in plain lines.
const REDRAW: Duration = Duration::from_millis(200);
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// The demo's view.
pub struct Screen {
    terminal: bool,
    last: Option<Instant>,
    incidents: HashMap<String, u64>,
}

impl Screen {
    /// A view of standard output.
    pub fn new() -> Self {
        Self { terminal: io::stdout().is_terminal(), last: None, incidents: HashMap::new() }
    }

    /// Prints a line for good.
    pub fn line(&self, text: &str) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        // Whoever closed the pipe has seen enough; the demo still ends by itself.
        let _ = writeln!(io::stdout(), "{clear}{text}");
    }

    /// Shows how much has gone through.
    pub fn throughput(&mut self, records: u64, elapsed: Duration) {
        let every = if self.terminal { REDRAW } else { PLAIN_EVERY };
        if self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last = Some(Instant::now());
        let rate = records as f64 / elapsed.as_secs_f64().max(0.001);
        let text = format!(
            "{:>5.1} s  {records:>6} records  {rate:>5.0}/s  {:>3} incidents",
            elapsed.as_secs_f64(),
            self.incidents.len()
        );
        if self.terminal {
            let _ = write!(io::stdout(), "\r\x1b[K{}", text.dim());
            let _ = io::stdout().flush();
        } else {
            self.line(&text);
        }
    }

    /// Shows that an incident began or grew.
    pub fn incident(&mut self, incident: &Value) {
        let uid = text(incident, &["metadata", "correlation_uid"]).unwrap_or_default();
        let members = members(incident).len() as u64;
        let known = self.incidents.insert(uid.to_owned(), members);
        // A lone alert is told once; an incident that joins sources is told at every step.
        if known == Some(members) {
            return;
        }
        let verb = if known.is_none() { "opened" } else { "grew to" };
        let severity = text(incident, &["severity"]).unwrap_or_default();
        let title = text(incident, &["finding_info_list", "0", "title"]).unwrap_or_default();
        let name = text(incident, &["message"]).unwrap_or(title);
        let line = format!("incident {} {verb} {members}: [{severity}] {name}", uid.get(..8).unwrap_or(uid));
        self.line(&if self.terminal && members > 1 { line.yellow().to_string() } else { line });
    }

    /// Tells a whole incident: what happened, in which order, why it belongs together.
    pub fn story(&self, incident: &Value) {
        let heading = |text: &str| if self.terminal { text.bold().to_string() } else { text.to_owned() };
        let field = |path: &[&str]| text(incident, path).unwrap_or("-").to_owned();
        self.line("");
        self.line(&heading(&format!("Incident {}", field(&["metadata", "correlation_uid"]))));
        self.line(&format!("  what       {}", field(&["message"])));
        let priority = incident.pointer("/unmapped/priority").and_then(Value::as_u64).unwrap_or_default();
        let revision = incident.pointer("/metadata/sequence").and_then(Value::as_u64).unwrap_or_default();
        self.line(&format!("  severity   {}, priority {priority} of 100, revision {revision}", field(&["severity"])));
        self.line(&heading("  the story, in order of time"));
        for (index, member) in members(incident).iter().enumerate() {
            let time = member.get("created_time").and_then(Value::as_i64).and_then(schemas::Timestamp::from_millis);
            let time = time.map(|time| time.to_string()).unwrap_or_default();
            let source = text(member, &["data_sources", "0"]).unwrap_or("-");
            let title = text(member, &["title"]).unwrap_or("-");
            self.line(&format!("  {:>2}. {time}  {source:<8}  {title}", index + 1));
            if let Some(why) = text(member, &["desc"]) {
                self.line(&format!("      why: {why}"));
            }
            if let Some(id) = text(member, &["related_events", "0", "uid"]) {
                self.line(&format!("      record: {id}"));
            }
        }
        self.line("");
    }
}

fn members(incident: &Value) -> &[Value] {
    incident.get("finding_info_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The text at `path`; numbers index arrays.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter()
        .try_fold(value, |value, key| match key.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(key),
        })?
        .as_str()
}
