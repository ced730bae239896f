//! A user's own rules, written for gitleaks: the text of its configuration, checked and compiled.
//!
//! Read are `[[rules]]` with `id`, `regex`, `keywords`, `entropy`, `secretGroup` and `allowlists` (also the older
//! `allowlist`), and the global allowlists with `targetRules`. A regular expression runs only over a text that
//! holds one of the rule's keywords, all of which are found in one pass; a rule without keywords runs always.
//! `extend.useDefault` means the formats that are built in. Rules about paths alone, and paths and commits in
//! allowlists, have no meaning for text and are left out. The crate reads no files: the text comes in
//! [`crate::Settings`].

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::verify::entropy_bits;
use super::{Kind, Secret};

/// The longest configuration, in bytes.
pub const SOURCE_BYTES_MAX: usize = 1 << 20;
/// The most rules.
pub const RULES_MAX: usize = 1000;
/// The largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 2 << 20;
/// How many matches of one rule in one text are looked at.
const MATCHES_MAX: usize = 64;
/// How sure a user's rule is: it counts, and what is built in counts more.
const SCORE: f32 = 0.8;

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserRulesError {
    /// Too long to be read.
    #[error("the rules have {0} bytes, more than {SOURCE_BYTES_MAX}")]
    Long(usize),
    /// Too many rules.
    #[error("there are {0} rules, more than {RULES_MAX}")]
    Many(usize),
    /// No TOML, or none of gitleaks.
    #[error("the rules cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A rule without a name.
    #[error("rule {0} has no id")]
    NoId(usize),
    /// Two rules of one name.
    #[error("two rules have the id {0:?}")]
    Repeated(String),
    /// Another file, which this crate cannot read.
    #[error("extend.path is not supported: put the rules into one file")]
    Extend,
    /// A regular expression that does not compile.
    #[error("rule {rule:?}: {regex:?} is no regular expression: {reason}")]
    Regex {
        /// The rule, or what stands for the global allowlists.
        rule: String,
        /// As written.
        regex: String,
        /// What the compiler says.
        reason: String,
    },
    /// A group that the regular expression does not have.
    #[error("rule {rule:?}: secretGroup is {group}, but the regex has {groups} groups")]
    Group {
        /// The rule.
        rule: String,
        /// The group asked for.
        group: usize,
        /// How many there are.
        groups: usize,
    },
    /// The keywords do not compile.
    #[error("the keywords do not compile: {0}")]
    Keywords(#[from] aho_corasick::BuildError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    #[serde(default)]
    extend: Option<ExtendFile>,
    #[serde(default)]
    rules: Vec<RuleFile>,
    #[serde(default)]
    allowlist: Option<AllowlistFile>,
    #[serde(default)]
    allowlists: Vec<AllowlistFile>,
}

#[derive(Deserialize)]
struct ExtendFile {
    #[serde(default)]
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleFile {
    #[serde(default)]
    id: String,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    entropy: f32,
    #[serde(default)]
    secret_group: usize,
    #[serde(default)]
    allowlist: Option<AllowlistFile>,
    #[serde(default)]
    allowlists: Vec<AllowlistFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowlistFile {
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    stopwords: Vec<String>,
    #[serde(default)]
    regex_target: String,
    #[serde(default)]
    condition: String,
    #[serde(default)]
    target_rules: Vec<String>,
}

/// What an allowlist compares.
#[derive(Clone, Copy, Debug)]
enum Target {
    Secret,
    Match,
    Line,
}

#[derive(Debug)]
struct Allowlist {
    regexes: Vec<Regex>,
    stopwords: Vec<String>,
    target: Target,
    all: bool,
}

#[derive(Debug)]
struct Rule {
    regex: Regex,
    entropy: f32,
    group: usize,
    always: bool,
    allowlists: Vec<Allowlist>,
}

/// A user's compiled rules. Equal when they were written alike.
#[derive(Debug)]
pub struct UserRules {
    source: String,
    rules: Vec<Rule>,
    keywords: AhoCorasick,
    /// For each keyword the rules that it starts.
    starts: Vec<Vec<usize>>,
    allowlists: Vec<Allowlist>,
}

impl PartialEq for UserRules {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl UserRules {
    /// Compiles the text of a gitleaks configuration.
    ///
    /// # Errors
    /// Says which rule is wrong and how.
    pub fn parse(source: &str) -> Result<Self, UserRulesError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(UserRulesError::Long(source.len()));
        }
        let file: ConfigFile = toml::from_str(source)?;
        if file.extend.is_some_and(|extend| extend.path.is_some()) {
            return Err(UserRulesError::Extend);
        }
        if file.rules.len() > RULES_MAX {
            return Err(UserRulesError::Many(file.rules.len()));
        }
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let (mut rules, mut starts) = (Vec::new(), BTreeMap::<String, Vec<usize>>::new());
        for (number, rule) in (1..).zip(file.rules) {
            if rule.id.is_empty() {
                return Err(UserRulesError::NoId(number));
            }
            if names.contains_key(&rule.id) {
                return Err(UserRulesError::Repeated(rule.id));
            }
            names.insert(rule.id.clone(), rules.len());
            let keywords = rule.keywords.clone();
            if let Some(compiled) = compiled_rule(rule)? {
                for keyword in keywords.iter().filter(|keyword| !keyword.is_empty()) {
                    starts.entry(keyword.to_ascii_lowercase()).or_default().push(rules.len());
                }
                rules.push(compiled);
            } else {
                names.retain(|_, place| *place != rules.len());
            }
        }
        let mut allowlists = Vec::new();
        for list in file.allowlist.into_iter().chain(file.allowlists) {
            let targets = list.target_rules.clone();
            if targets.is_empty() {
                allowlists.push(compiled_list("allowlists", list)?);
                continue;
            }
            for rule in targets.iter().filter_map(|name| names.get(name)) {
                if let Some(rule) = rules.get_mut(*rule) {
                    rule.allowlists.push(compiled_list("allowlists", list.copy())?);
                }
            }
        }
        let keywords =
            AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(starts.keys())?;
        Ok(Self { source: source.to_owned(), rules, keywords, starts: starts.into_values().collect(), allowlists })
    }

    /// What the rules find in a text.
    pub fn secrets(&self, text: &str, found: &mut Vec<Secret>) {
        let mut wanted = vec![false; self.rules.len()];
        for (wanted, rule) in wanted.iter_mut().zip(&self.rules) {
            *wanted = rule.always;
        }
        for hit in self.keywords.find_overlapping_iter(text) {
            for rule in self.starts.get(hit.pattern().as_usize()).into_iter().flatten() {
                if let Some(wanted) = wanted.get_mut(*rule) {
                    *wanted = true;
                }
            }
        }
        for (rule, _) in self.rules.iter().zip(&wanted).filter(|(_, wanted)| **wanted) {
            self.of_rule(rule, text, found);
        }
    }

    fn of_rule(&self, rule: &Rule, text: &str, found: &mut Vec<Secret>) {
        for groups in rule.regex.captures_iter(text).take(MATCHES_MAX) {
            let Some(whole) = groups.get(0) else { continue };
            // As gitleaks does it: the group asked for, else the first that took part, else everything.
            let part = match rule.group {
                0 => groups.iter().skip(1).flatten().find(|group| !group.is_empty()).or(Some(whole)),
                group => groups.get(group),
            };
            let Some(secret) = part.filter(|part| !part.is_empty()) else { continue };
            let line = line_of(text, whole.range());
            let allowed = rule.allowlists.iter().chain(&self.allowlists);
            let enough = rule.entropy <= 0.0 || entropy_bits(secret.as_str()) > rule.entropy;
            if enough && !allowed.into_iter().any(|list| list.allows(secret.as_str(), whole.as_str(), line)) {
                found.push(Secret {
                    subtype: "user_rule",
                    score: SCORE,
                    range: secret.range(),
                    id: None,
                    kind: Kind::Secret,
                });
            }
        }
    }
}

impl AllowlistFile {
    fn copy(&self) -> Self {
        Self {
            regexes: self.regexes.clone(),
            stopwords: self.stopwords.clone(),
            regex_target: self.regex_target.clone(),
            condition: self.condition.clone(),
            target_rules: Vec::new(),
        }
    }
}

impl Allowlist {
    fn allows(&self, secret: &str, whole: &str, line: &str) -> bool {
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => whole,
            Target::Line => line,
        };
        let lower = secret.to_lowercase();
        let by_regex = self.regexes.iter().any(|regex| regex.is_match(target));
        let by_word = self.stopwords.iter().any(|word| lower.contains(word));
        match self.all {
            true => {
                (by_regex || self.regexes.is_empty()) && (by_word || self.stopwords.is_empty()) && (by_regex || by_word)
            }
            false => by_regex || by_word,
        }
    }
}

/// The lines that a match touches.
fn line_of(text: &str, range: std::ops::Range<usize>) -> &str {
    let start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(range.end..).and_then(|behind| behind.find('\n')).map_or(text.len(), |at| range.end + at);
    text.get(start..end).unwrap_or_default()
}

/// A rule; `None` for one that is about paths alone.
fn compiled_rule(file: RuleFile) -> Result<Option<Rule>, UserRulesError> {
    let Some(written) = file.regex.filter(|regex| !regex.is_empty()) else { return Ok(None) };
    let regex = compiled(&file.id, &written)?;
    if file.secret_group >= regex.captures_len() {
        let groups = regex.captures_len() - 1;
        return Err(UserRulesError::Group { rule: file.id, group: file.secret_group, groups });
    }
    let lists = file.allowlist.into_iter().chain(file.allowlists);
    let allowlists = lists.map(|list| compiled_list(&file.id, list)).collect::<Result<_, _>>()?;
    let always = file.keywords.iter().all(String::is_empty);
    Ok(Some(Rule { regex, entropy: file.entropy, group: file.secret_group, always, allowlists }))
}

fn compiled_list(rule: &str, file: AllowlistFile) -> Result<Allowlist, UserRulesError> {
    let target = match file.regex_target.as_str() {
        "match" => Target::Match,
        "line" => Target::Line,
        _ => Target::Secret,
    };
    Ok(Allowlist {
        regexes: file.regexes.iter().map(|regex| compiled(rule, regex)).collect::<Result<_, _>>()?,
        stopwords: file.stopwords.iter().map(|word| word.to_lowercase()).collect(),
        target,
        all: file.condition.eq_ignore_ascii_case("and"),
    })
}

fn compiled(rule: &str, written: &str) -> Result<Regex, UserRulesError> {
    RegexBuilder::new(written).size_limit(REGEX_BYTES_MAX).build().map_err(|error| UserRulesError::Regex {
        rule: rule.to_owned(),
        regex: written.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
title = "contoso"
[extend]
useDefault = true
[[rules]]
id = "contoso-key"
description = "Contoso's keys"
regex = '''ctso-([a-z0-9]{12})'''
keywords = ["CTSO-"]
entropy = 2.5
[[rules.allowlists]]
stopwords = ["dontuse"]
[[rules]]
id = "badge"
regex = '''badge (?P<kind>\w) (\d{6})'''
secretGroup = 2
keywords = ["badge"]
[[rules]]
id = "paths"
path = '''\.env$'''
[[allowlists]]
targetRules = ["badge"]
regexTarget = "line"
regexes = ['''training''']
"#;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        UserRules::parse(RULES).expect("parses").secrets(text, &mut found);
        found.into_iter().map(|secret| text.get(secret.range).unwrap_or_default()).collect()
    }

    #[test]
    fn rules_find_what_they_say() {
        assert_eq!(found("use ctso-k3q7zb9xw2mt and badge x 481516"), ["k3q7zb9xw2mt", "481516"]);
        assert!(found("ctso-aaaaaaaaaaaa ctso-dontuse1234 nothing").is_empty());
        assert_eq!(found("badge x 123456 in training\nbadge y 654321"), ["654321"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| UserRules::parse(text).expect_err("wrong").to_string();
        assert!(error("rules = 3").starts_with("the rules cannot be read"), "{}", error("rules = 3"));
        assert_eq!(error("[[rules]]\nregex = 'a'"), "rule 1 has no id");
        assert_eq!(error("[[rules]]\nid='a'\nregex='x'\n[[rules]]\nid='a'\nregex='y'"), "two rules have the id \"a\"");
        assert!(error("[[rules]]\nid='a'\nregex='(x'").contains("rule \"a\": \"(x\" is no regular expression"));
        assert_eq!(
            error("[[rules]]\nid='a'\nregex='(x)'\nsecretGroup=2"),
            "rule \"a\": secretGroup is 2, but the regex has 1 groups"
        );
        assert!(error("[extend]\npath='b.toml'").contains("extend.path"));
        assert!(UserRules::parse(&" ".repeat(SOURCE_BYTES_MAX + 1)).is_err());
    }
}
