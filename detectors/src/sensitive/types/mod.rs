//! The table of sensitive information types, by region, and the words for it in the README.
//!
//! Ids are `country_number`, with the country as in ISO 3166, or the number alone where no country issues it. A new
//! type is a row in the file of its region; its check digits stand below the table.

mod americas;
mod asia;
mod eastern_europe;
mod northern_europe;
mod oceania_africa;
mod southern_europe;
mod vat;
mod western_europe;
pub mod worldwide;

use super::information_type::InformationType;

/// The tables. Of two types that fit a number equally well the one that stands first is reported.
const TABLES: [&[InformationType]; 9] = [
    worldwide::TYPES,
    western_europe::TYPES,
    northern_europe::TYPES,
    southern_europe::TYPES,
    eastern_europe::TYPES,
    americas::TYPES,
    asia::TYPES,
    oceania_africa::TYPES,
    vat::TYPES,
];

/// Every type.
pub fn all() -> impl Iterator<Item = &'static InformationType> {
    TABLES.iter().flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use super::*;
    use crate::sensitive::information_type::Check;

    /// What compliance officers read: every type with what proves it.
    fn table() -> String {
        let mut table = "| type | id | family | proof | without words |\n|---|---|---|---|---|\n".to_owned();
        for kind in all() {
            let proof = match kind.check {
                Check::Digits(_) => "check digits",
                Check::Rules(_) => "rules",
                Check::Words => "words",
            };
            let alone = kind
                .alone
                .filter(|_| !kind.worded)
                .map_or("no match".to_owned(), |alone| format!("{:.2}", alone.score()));
            let (name, id, family) = (kind.name, kind.id, kind.family.as_str());
            writeln!(table, "| {name} | `{id}` | {family} | {proof} | {alone} |").expect("a string");
        }
        table
    }

    #[test]
    fn the_readme_lists_every_type() {
        let readme = include_str!("../README.md");
        let listed =
            readme.split_once("<!-- types -->\n").and_then(|(_, rest)| rest.split_once("<!-- end of types -->"));
        let table = table();
        assert_eq!(listed.map(|(table, _)| table), Some(table.as_str()), "put this into README.md:\n{table}");
    }

    #[test]
    fn at_least_forty_countries_issue_numbers() {
        let prefixes: BTreeSet<&str> =
            all().filter_map(|kind| kind.id.split_once('_')).map(|(prefix, _)| prefix).collect();
        assert!(prefixes.iter().filter(|prefix| prefix.len() == 2).count() >= 40, "{prefixes:?}");
    }
}
