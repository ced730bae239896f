//! The rules that come with Weir: each has cases, and all of them go as they say.
#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;

use correlator::sigma::RuleSet;
use correlator::sigma::case::cases;
use correlator::sigma::shipped::RULES;

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
