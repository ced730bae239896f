//! Templates: files in `templates/`, one a language, from which texts are written.
//!
//! A file has sections. `[attack FAMILY]` and `[benign FAMILY]` list what users write, `[inject FAMILY]` and
//! `[human FAMILY]` what stands in documents for a model and for people, `[slot NAME]` values. The families of
//! `common` are written in every language, from slots that each of them fills. Each line is
//! one template: `{name}` stands for a line of a slot, of this file or of `common`; `(a|b)` for one of its
//! alternatives, which may be empty and nest; `{base64:name}` for a line of a slot in one of
//! [`crate::disguise::ENCODINGS`]; `\n` for a line break. Lines that start with `#` are comments.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::disguise::{ENCODINGS, Encode};
use crate::random::Random;

/// How deep slots may nest.
const DEPTH_MAX: usize = 8;
/// The file whose slots all others may use.
pub const COMMON: &str = "common";

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Attacks by users.
    Attack,
    /// What users write otherwise.
    Benign,
    /// Orders to a model inside documents.
    Inject,
    /// What documents say to people.
    Human,
}

/// Templates by kind and family.
pub type Families = BTreeMap<(Kind, String), Vec<String>>;

/// One file.
#[derive(Debug, Default)]
pub struct Language {
    /// Templates by kind and family.
    pub families: Families,
    slots: BTreeMap<String, Vec<String>>,
}

/// All files, by language.
#[derive(Debug)]
pub struct Templates(BTreeMap<String, Language>);

impl Templates {
    /// Reads the files of `folder`.
    ///
    /// # Errors
    /// When a file cannot be read, or a line is in no section, or a slot has no values.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path)?;
            files.insert(name, parse(&text).with_context(|| path.display().to_string())?);
        }
        let templates = Self(files);
        templates.check()?;
        Ok(templates)
    }

    /// The languages, alphabetically.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &Language)> {
        self.0.iter().filter(|(name, _)| *name != COMMON).map(|(name, language)| (name.as_str(), language))
    }

    /// The templates that every language fills from its own slots.
    pub fn common(&self) -> &Families {
        static NONE: Families = Families::new();
        self.0.get(COMMON).map_or(&NONE, |common| &common.families)
    }

    /// Whether every slot that a template names exists; those of `common` must in every language.
    fn check(&self) -> Result<()> {
        for (name, language) in &self.0 {
            let lines = language.families.values().chain(language.slots.values()).flatten();
            for (line, slot) in lines.flat_map(|line| slots(line).map(move |slot| (line, slot))) {
                let users = self.0.keys().filter(|user| *user != COMMON && (name == COMMON || *user == name));
                for user in users {
                    ensure!(self.values(user, slot).is_some(), "{user}: no slot {slot} for {line:?}");
                }
            }
        }
        Ok(())
    }

    /// The values of a slot.
    pub fn values(&self, language: &str, slot: &str) -> Option<&Vec<String>> {
        let own = self.0.get(language).and_then(|language| language.slots.get(slot));
        own.or_else(|| self.0.get(COMMON)?.slots.get(slot))
    }

    /// Writes a text from `template`; `{payload}` stays for the caller.
    pub fn write(&self, language: &str, template: &str, random: &mut Random) -> String {
        self.expand(language, template, random, 0).replace("\\n", "\n")
    }

    fn expand(&self, language: &str, template: &str, random: &mut Random, depth: usize) -> String {
        let chosen = choose(template, random);
        let (mut text, mut rest) = (String::new(), chosen.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let slot = after.split_once('}').and_then(|(name, _)| {
                let (encode, name) = encoding(name);
                Some((encode, self.values(language, name)?))
            });
            match slot.filter(|_| depth < DEPTH_MAX) {
                Some((encode, values)) => {
                    let value = random.pick(values).cloned().unwrap_or_default();
                    let value = self.expand(language, &value, random, depth + 1);
                    text.push_str(&encode.map_or_else(|| value.clone(), |encode| encode(&value)));
                    rest = after.split_once('}').map_or("", |(_, rest)| rest);
                }
                None => {
                    text.push('{');
                    rest = after;
                }
            }
        }
        text + rest
    }
}

/// How a slot is to be encoded, and its name.
fn encoding(slot: &str) -> (Option<Encode>, &str) {
    let known = slot.split_once(':').and_then(|(encoding, name)| {
        let (_, encode) = ENCODINGS.iter().find(|(own, _)| *own == encoding)?;
        Some((Some(*encode), name))
    });
    known.unwrap_or((None, slot))
}

/// The slots that a template names.
fn slots(template: &str) -> impl Iterator<Item = &str> {
    let names = template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| encoding(name).1);
    // Other braces are code or data.
    let plain = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()) && *name != "payload";
    names.filter(plain)
}

/// Takes one alternative of every `(a|b)`; brackets without a bar stay as they are.
fn choose(template: &str, random: &mut Random) -> String {
    // The innermost bracket is the last one opened before the first one closed, so one stack is enough.
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let mut text = String::new();
    for c in template.chars() {
        match c {
            '(' => open.push((std::mem::take(&mut text), Vec::new())),
            '|' if !open.is_empty() => {
                let piece = std::mem::take(&mut text);
                open.iter_mut().rev().take(1).for_each(|(_, pieces)| pieces.push(piece.clone()));
            }
            ')' => match open.pop() {
                Some((before, mut pieces)) => {
                    let last = std::mem::take(&mut text);
                    let inner = if pieces.is_empty() {
                        format!("({last})")
                    } else {
                        pieces.push(last);
                        random.pick(&pieces).cloned().unwrap_or_default()
                    };
                    text = before + &inner;
                }
                None => text.push(c),
            },
            _ => text.push(c),
        }
    }
    open.into_iter().rev().fold(text, |text, (before, pieces)| format!("{before}({}{text}", pieces.concat()))
}

fn parse(text: &str) -> Result<Language> {
    let mut language = Language::default();
    let mut section: Option<&mut Vec<String>> = None;
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let head = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|head| head.split_once(' '));
        let kind = head.and_then(|(kind, name)| {
            let kind = match kind {
                "attack" => Some(Kind::Attack),
                "benign" => Some(Kind::Benign),
                "inject" => Some(Kind::Inject),
                "human" => Some(Kind::Human),
                "slot" => None,
                _ => return None,
            };
            Some((kind, name.to_owned()))
        });
        match (kind, &mut section) {
            (Some((Some(kind), family)), _) => section = Some(language.families.entry((kind, family)).or_default()),
            (Some((None, slot)), _) => section = Some(language.slots.entry(slot).or_default()),
            (None, Some(lines)) => lines.push(line.to_owned()),
            (None, None) => bail!("{line:?} stands in no section"),
        }
    }
    Ok(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_nest_and_plain_brackets_stay() {
        let texts: std::collections::BTreeSet<String> =
            (0..200).map(|seed| choose("f(x) (a|b (c|d)|)!", &mut Random::new(seed))).collect();
        let expected = ["f(x) !", "f(x) a!", "f(x) b c!", "f(x) b d!"];
        assert_eq!(texts.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(choose("open (a|b", &mut Random::new(1)), "open (ab");
    }

    #[test]
    fn slots_are_written_plainly_or_encoded() {
        let templates = Templates(BTreeMap::from([("en".to_owned(), parse("[slot x]\nhi\n").expect("a slot"))]));
        let text = templates.write("en", "{x} {base64:x} {hex:x} {rot:x} {reversed:x} {morse:x}", &mut Random::new(1));
        assert_eq!(text, "hi aGk= 6869 uv ih {morse:x}");
        assert_eq!(slots("{x} {base64:y} {morse:x} {\"id\": 1}").collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn the_files_are_complete() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let templates = Templates::read(&folder).expect("readable");
        assert!(templates.languages().count() >= 14);
        for (name, language) in templates.languages() {
            for kind in [Kind::Attack, Kind::Benign, Kind::Inject, Kind::Human] {
                let mut families = language.families.keys().chain(templates.common().keys());
                assert!(families.any(|(own, _)| *own == kind), "{name} lacks {kind:?}");
            }
        }
    }
}
