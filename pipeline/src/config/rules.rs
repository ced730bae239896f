//! The rules in force: those that come with Weir and those of the configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use correlator::sigma::{Limits, RuleSet, Sigma, case, shipped};
use correlator::{Correlator, Store};

use super::file::{ConfigFile, RulesFile};

/// What a correlator works by.
#[derive(Clone)]
pub struct Rulebook {
    correlation: correlator::Config,
    limits: Limits,
    /// The rules.
    pub rules: Arc<RuleSet>,
}

impl Rulebook {
    pub(super) fn new(file: &ConfigFile) -> Result<Self, String> {
        let RulesFile { lateness_secs, memory_secs, groups_max, .. } = file.rules;
        for (key, secs) in [("lateness_secs", lateness_secs), ("memory_secs", memory_secs)] {
            if secs > SECS_MAX {
                return Err(format!("[rules] {key} is {secs}: it must be at most {SECS_MAX}, a month"));
            }
        }
        let disabled: BTreeSet<String> = file.rules.disable.iter().cloned().collect();
        let own = texts(&file.rules.paths, false)?;
        for path in &file.rules.paths {
            if texts(std::slice::from_ref(path), false)?.is_empty() {
                return Err(format!(
                    "[rules] paths: {} holds no rules, which are files *.yml and *.yaml",
                    path.display()
                ));
            }
        }
        let mut files: Vec<(&str, &str)> = shipped_files(file).collect();
        files.extend(own.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let rules = RuleSet::new(files, &disabled).map_err(|error| format!("[rules] {error}"))?;
        Ok(Self {
            correlation: file.correlation.clone(),
            limits: Limits { lateness_secs, memory_secs, groups_max },
            rules: Arc::new(rules),
        })
    }

    /// A correlator over `store` that works by these rules.
    pub fn correlator<S: Store>(&self, store: S) -> Correlator<S> {
        let sigma = Sigma { rules: Arc::clone(&self.rules), limits: self.limits };
        Correlator::new(self.correlation.clone(), store).with_rules(sigma)
    }
}

/// A month: nobody waits longer for a record.
const SECS_MAX: u64 = 31 * 86_400;

fn shipped_files(file: &ConfigFile) -> impl Iterator<Item = (&'static str, &'static str)> {
    let shipped = if file.rules.shipped { shipped::RULES } else { &[] };
    shipped.iter().map(|shipped| (shipped.name, shipped.rules))
}

/// What came of the cases beside the rules.
#[derive(Default)]
pub struct CaseReport {
    /// How many were run.
    pub run: usize,
    /// Those that went otherwise, with the file and what happened.
    pub wrong: Vec<String>,
}

/// Runs the cases beside the rules: those of the shipped rules over these, those of the configured ones over these
/// where they stand by themselves, else over `all`. So nobody's case is upset by somebody else's rule.
///
/// # Errors
/// When a file cannot be read or holds no cases.
pub fn run_cases(file: &ConfigFile, all: &Arc<RuleSet>) -> Result<CaseReport, String> {
    let mut report = CaseReport::default();
    let shipped: Vec<(&str, &str)> = shipped_files(file).collect();
    let shipped = Arc::new(RuleSet::new(shipped, &BTreeSet::new()).map_err(|error| error.to_string())?);
    let mut cases = shipped::RULES.iter().filter(|_| file.rules.shipped).map(|shipped| (shipped.name, shipped.cases));
    cases.try_for_each(|(name, text)| report.run(name, text, &shipped))?;
    let own = texts(&file.rules.paths, false)?;
    let alone = RuleSet::new(own.iter().map(|(name, text)| (name.as_str(), text.as_str())), &BTreeSet::new());
    let rules = alone.map_or_else(|_| Arc::clone(all), Arc::new);
    texts(&file.rules.paths, true)?.iter().try_for_each(|(name, text)| report.run(name, text, &rules))?;
    Ok(report)
}

impl CaseReport {
    fn run(&mut self, name: &str, text: &str, rules: &Arc<RuleSet>) -> Result<(), String> {
        for case in case::cases(text).map_err(|error| format!("{name}: {error}"))? {
            self.run += 1;
            self.wrong.extend(case.run(rules).err().map(|error| format!("{name}: {error}")));
        }
        Ok(())
    }
}

/// The files of rules, or of cases, below `paths` in the order of their names, with their texts.
fn texts(paths: &[PathBuf], cases: bool) -> Result<Vec<(String, String)>, String> {
    let mut texts = Vec::new();
    for path in paths {
        let mut files = Vec::new();
        let unreadable = |error| format!("[rules] paths: cannot read {}: {error}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(path).map_err(unreadable)? {
                files.push(entry.map_err(unreadable)?.path());
            }
            files.retain(|file| is_yaml(file));
            files.sort_unstable();
        } else {
            files.push(path.clone());
            files.extend(Some(path.with_extension("test.yml")).filter(|beside| beside.is_file()));
        }
        for file in files.into_iter().filter(|file| holds_cases(file) == cases) {
            let text = fs::read_to_string(&file).map_err(unreadable)?;
            texts.push((file.display().to_string(), text));
        }
    }
    Ok(texts)
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
}

fn holds_cases(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".test.yml") || name.ends_with(".test.yaml")
}
