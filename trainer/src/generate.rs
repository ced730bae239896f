//! Writes labelled texts: attacks and benign twins that share their words and carriers.
//!
//! Each template of [`crate::templates`] is written several times. What stands in documents is put into
//! the carriers of `common` and into benign documents of the samples, at the start, in the middle and at
//! the end: orders to a model as attacks, words to people as their twins. Some texts are disguised.

use std::path::Path;

use anyhow::Result;
use schemas::Channel;

use crate::disguise::{disguise, typos};
use crate::random::Random;
use crate::row::Row;
use crate::templates::{COMMON, Families, Kind, Templates};

/// The source of generated rows.
pub const SOURCE: &str = "generated";
/// How often each template is written.
const TIMES: usize = 40;
/// How often each template of `common` is written in a language, and in the language of most samples.
const COMMON_TIMES: usize = 14;
const COMMON_TIMES_SAMPLED: usize = 90;
const SAMPLED_LANGUAGE: &str = "en";
/// How many attacks in a hundred are disguised, and how many other texts: to write oddly is no attack.
const DISGUISED_PERCENT: usize = 12;
const ODD_PERCENT: usize = 2;
/// How many texts in a hundred are mistyped.
const TYPOS_PERCENT: usize = 6;
/// How many bytes of a benign document carry an order.
const CARRIED_BYTES_MAX: usize = 2500;
/// How many documents in a hundred that carry something are several pages, and how many parts these have.
const PAGES_PERCENT: usize = 15;
const PAGES: usize = 4;
/// How many carried texts in a hundred a user has pasted.
const PASTED_PERCENT: usize = 25;
/// How many documents users paste that carry nothing.
const PASTES: usize = 6000;

/// Everything that is generated, carried partly by `samples`.
///
/// # Errors
/// When the templates cannot be read.
pub fn rows(samples: &[Row]) -> Result<Vec<Row>> {
    let templates = Templates::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"))?;
    let documents: Vec<&Row> = samples.iter().filter(|row| !row.attack && row.channel != Channel::User).collect();
    let questions: Vec<&Row> =
        samples.iter().filter(|row| !row.attack && row.channel == Channel::User && row.text.len() < 200).collect();
    let mut writer = Writer { templates: &templates, documents, questions, random: Random::new(11), rows: Vec::new() };
    for (name, language) in templates.languages() {
        writer.add_all(name, &language.families, TIMES);
        let times = if name == SAMPLED_LANGUAGE { COMMON_TIMES_SAMPLED } else { COMMON_TIMES };
        writer.add_all(name, templates.common(), times);
    }
    writer.add_tasks(samples);
    writer.add_pastes();
    Ok(writer.rows)
}

/// The sources whose benign texts are orders to an assistant.
const TASK_SOURCES: [&str; 4] = ["gpteacher", "neuralchemy", "self_instruct_t0", "vigogne_fr"];
/// The longest of them that is put into documents.
const TASK_BYTES_MAX: usize = 250;
/// How many are.
const TASKS: usize = 3000;

/// The families of benign texts that ask an assistant for something.
const REQUESTS: [&str; 9] =
    ["encoded", "everyday", "honest", "keys", "longprompt", "longrole", "prompting", "said", "topics"];

/// The families of attacks that only make sense in what is said to an assistant: their words stand in many documents.
const SPOKEN: [&str; 5] = ["agentuser", "hijack", "keeper", "muzzle", "tale"];

struct Writer<'a> {
    templates: &'a Templates,
    documents: Vec<&'a Row>,
    questions: Vec<&'a Row>,
    random: Random,
    rows: Vec<Row>,
}

impl Writer<'_> {
    fn add_all(&mut self, language: &str, families: &Families, times: usize) {
        for ((kind, family), lines) in families {
            for line in lines {
                for _ in 0..times {
                    self.add(language, *kind, family, line);
                }
            }
        }
    }

    fn add(&mut self, language: &str, kind: Kind, family: &str, line: &str) {
        let text = self.templates.write(language, line, &mut self.random);
        let attack = matches!(kind, Kind::Attack | Kind::Inject);
        let mut text = if self.random.percent(if attack { DISGUISED_PERCENT } else { ODD_PERCENT }) {
            disguise(&text, attack, &mut self.random)
        } else if self.random.percent(TYPOS_PERCENT) {
            typos(&text, 15, &mut self.random)
        } else {
            text
        };
        let row = Row {
            text: String::new(),
            attack,
            channel: Channel::User,
            source: SOURCE.to_owned(),
            parts: Vec::new(),
            family: family.to_owned(),
            language: language.to_owned(),
            carrier: "none".to_owned(),
            order: None,
        };
        match kind {
            Kind::Attack | Kind::Benign => {
                let mut own = row.clone();
                own.text = text.clone();
                if kind == Kind::Attack && self.random.percent(15) {
                    self.ask_first(&mut own);
                }
                self.rows.push(own);
                // What is an attack by a user is one from a document, too, and talk stays talk; but nobody asks
                // an assistant for something in a document, so honest requests are neither there.
                if !REQUESTS.contains(&family) && self.random.percent(40) {
                    let pasted = self.random.percent(PASTED_PERCENT);
                    if pasted || !SPOKEN.contains(&family) {
                        self.carry(row, text, pasted);
                    }
                }
            }
            Kind::Inject | Kind::Human => {
                if self.random.percent(10) {
                    let mut own = row.clone();
                    own.text = text.clone();
                    own.channel = Channel::Document;
                    self.rows.push(own);
                }
                if kind == Kind::Human && self.random.percent(20) {
                    let mut own = row.clone();
                    own.text = text.clone();
                    self.rows.push(own);
                }
                if kind == Kind::Inject && self.random.percent(20) {
                    text = text.trim().to_owned();
                }
                // An order to an assistant is a user's own to give, so none counts as an attack where users paste.
                let pasted = kind == Kind::Human && self.random.percent(PASTED_PERCENT);
                self.carry(row, text, pasted);
            }
        }
    }

    /// Tasks that users gave, where nobody should give any: in documents.
    fn add_tasks(&mut self, samples: &[Row]) {
        let tasks: Vec<&Row> = samples
            .iter()
            .filter(|row| !row.attack && TASK_SOURCES.contains(&row.source.as_str()) && row.text.len() < TASK_BYTES_MAX)
            .collect();
        for _ in 0..TASKS {
            let Some(task) = self.random.pick(&tasks) else { return };
            let row = Row {
                text: String::new(),
                attack: true,
                channel: Channel::Document,
                source: SOURCE.to_owned(),
                parts: vec![task.source.clone()],
                family: "foreign_task".to_owned(),
                language: "en".to_owned(),
                carrier: String::new(),
                order: None,
            };
            self.carry(row, task.text.clone(), false);
        }
    }

    /// Documents that users paste, some of them behind a question: ordinary, however long.
    fn add_pastes(&mut self) {
        for _ in 0..PASTES {
            let mut row = Row {
                text: String::new(),
                attack: false,
                channel: Channel::User,
                source: SOURCE.to_owned(),
                parts: Vec::new(),
                family: "pasted".to_owned(),
                language: "en".to_owned(),
                carrier: "document".to_owned(),
                order: None,
            };
            row.text = self.pages(&mut row.parts).into_iter().collect();
            if self.random.percent(50) {
                self.ask_first(&mut row);
                row.order = None;
            }
            self.rows.push(row);
        }
    }

    /// A benign document of the samples, or several in a row, with their sources added to `parts`.
    fn pages(&mut self, parts: &mut Vec<String>) -> Vec<char> {
        let count = if self.random.percent(PAGES_PERCENT) { PAGES } else { 1 };
        let mut text = Vec::new();
        for _ in 0..count {
            let Some(document) = self.random.pick(&self.documents) else { break };
            if !text.is_empty() {
                text.extend(['\n', '\n']);
            }
            text.extend(document.text.chars().take(CARRIED_BYTES_MAX));
            parts.push(document.source.clone());
        }
        text
    }

    /// An honest question before an attack.
    fn ask_first(&mut self, row: &mut Row) {
        if let Some(question) = self.random.pick(&self.questions) {
            let glue = [" ", "\n", "\n\n", ". "][self.random.below(4)];
            let before = format!("{}{glue}", question.text);
            row.order = Some(place(&before, &row.text));
            row.text = before + &row.text;
            row.parts.push(question.source.clone());
        }
    }

    /// Puts `text` into a carrier, or into a benign document; a user has `pasted` it, or something has brought it.
    fn carry(&mut self, mut row: Row, text: String, pasted: bool) {
        row.channel = match self.random.percent(50) {
            _ if pasted => Channel::User,
            true => Channel::Document,
            false => Channel::ToolResult,
        };
        if self.random.percent(55) {
            let carriers = self.templates.values(COMMON, "carrier").map_or(&[][..], Vec::as_slice);
            let Some(carrier) = self.random.pick(carriers) else { return };
            let (name, template) = carrier.split_once(": ").unwrap_or(("none", carrier));
            row.carrier = name.to_owned();
            let frame = self.templates.write(&row.language, template, &mut self.random);
            let payload = if name.starts_with("json") { escaped(&text) } else { text };
            let (before, after) = frame.split_once("{payload}").unwrap_or((&frame, ""));
            row.order = Some(place(before, &payload));
            row.text = format!("{before}{payload}{after}");
        } else {
            row.carrier = "document".to_owned();
            let body = self.pages(&mut row.parts);
            let (before, after) = self.parted(&body);
            row.order = Some(place(&before, &text));
            row.text = before + &text + &after;
        }
        self.rows.push(row);
    }

    /// What stands before and after an order in the middle or at one end of `body`.
    fn parted(&mut self, body: &[char]) -> (String, String) {
        let glue = ["\n", "\n\n", " ", ". "][self.random.below(4)];
        let at = match self.random.below(3) {
            0 => 0,
            1 => body.len(),
            _ => {
                let middle = self.random.below(body.len() + 1);
                body.iter().skip(middle).position(|c| *c == '\n' || *c == ' ').map_or(body.len(), |more| middle + more)
            }
        };
        let (before, after) = body.split_at(at.min(body.len()));
        let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
        (before + glue, glue.to_owned() + &after)
    }
}

/// Where `text` stands behind `before`, in scalars.
fn place(before: &str, text: &str) -> (u32, u32) {
    let start = before.chars().count() as u32;
    (start, start + text.chars().count() as u32)
}

fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}
