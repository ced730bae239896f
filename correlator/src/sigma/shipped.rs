//! The rules that come with Weir, with their cases.
//!
//! Every file of `correlator/rules` stands in this list, with a file of cases beside it that raises each of its rules
//! and keeps them silent; a test fails where one is missing.

/// One file of rules.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// The file's name without its ending.
    pub name: &'static str,
    /// The rules.
    pub rules: &'static str,
    /// Their cases.
    pub cases: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped {
            name: $name,
            rules: include_str!(concat!("../../rules/", $name, ".yml")),
            cases: include_str!(concat!("../../rules/", $name, ".test.yml")),
        }),*]
    };
}

/// Every file of rules, alphabetically.
pub const RULES: &[Shipped] = shipped![
    "access_anomaly",
    "blocks",
    "jailbreak",
    "kubernetes_exposure",
    "management_operation",
    "sensitive_data",
    "stories",
    "tool_invocation",
    "wallet_attack",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::sigma::RuleSet;
    use crate::sigma::case::cases;

    fn all() -> Arc<RuleSet> {
        let files = RULES.iter().map(|shipped| (shipped.name, shipped.rules));
        Arc::new(RuleSet::new(files, &BTreeSet::new()).expect("the shipped rules hold"))
    }

    #[test]
    fn every_case_goes_as_it_says() {
        let rules = all();
        let wrong: Vec<String> = RULES
            .iter()
            .flat_map(|shipped| cases(shipped.cases).expect(shipped.name))
            .filter_map(|case| case.run(&rules).err().map(|error| error.to_string()))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_rule_is_raised_by_a_case_and_every_file_has_a_silent_one() {
        let mut raised = BTreeSet::new();
        for shipped in RULES {
            let cases = cases(shipped.cases).expect(shipped.name);
            assert!(cases.iter().any(|case| case.raises().is_empty()), "{} has no silent case", shipped.name);
            raised.extend(cases.iter().flat_map(|case| case.raises().to_vec()));
        }
        let rules = all();
        for heading in rules.raising() {
            assert!(raised.contains(&heading.name), "no case raises {}", heading.name);
            assert!(heading.id.len() == 36 && !heading.description.is_empty() && !heading.techniques.is_empty());
        }
    }

    #[test]
    fn every_file_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let files = std::fs::read_dir(folder).expect("the folder");
        let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
        let found: BTreeSet<String> = names.collect();
        let listed = RULES.iter().flat_map(|s| [format!("{}.yml", s.name), format!("{}.test.yml", s.name)]).collect();
        assert_eq!(found, listed);
    }
}
