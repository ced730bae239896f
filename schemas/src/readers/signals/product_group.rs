//! The part of the estate that a security product watches, by its name: for schemas that are everybody's, whose findings
//! do not say it.
//!
//! Only products that watch one part stand here, and words that name the part itself. A source's group, from the
//! configuration, is what remains for the others.

use crate::signal::Group;

/// Words within names of products, those of a part before those of a vendor that has several: Defender for Identity is
/// no endpoint product, and Amazon's all watch its cloud.
const PRODUCTS: [(Group, &[&str]); 3] = [
    (
        Group::Identity,
        &["auth0", "duo", "entra", "identity", "azure active directory", "jumpcloud", "okta", "onelogin"],
    ),
    (
        Group::Endpoint,
        &[
            "carbon black",
            "endpoint",
            "crowdstrike",
            "falcon",
            "osquery",
            "sentinel_one",
            "sentinelone",
            "sysmon",
            "windows",
        ],
    ),
    (
        Group::Cloud,
        &[
            "aws",
            "azure",
            "cloud",
            "gcp",
            "github",
            "google_workspace",
            "guardduty",
            "kubernetes",
            "macie",
            "o365",
            "office 365",
            "salesforce",
            "security hub",
            "slack",
            "wiz",
        ],
    ),
];

/// The part that the product called `name` watches.
pub(super) fn of(name: &str) -> Option<Group> {
    let name = name.to_ascii_lowercase();
    let watches = |words: &[&str]| words.iter().any(|word| is_within(&name, word));
    PRODUCTS.iter().find(|(_, words)| watches(words)).map(|(group, _)| *group)
}

/// Whether `word` begins where a word of `name` begins: `duo` is no part of `residuous`.
fn is_within(name: &str, word: &str) -> bool {
    let begins =
        |at: usize| name.get(..at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    name.match_indices(word).any(|(at, _)| begins(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_watch_what_their_names_say() {
        for (name, group) in [
            ("Microsoft Defender for Identity", Some(Group::Identity)),
            ("Microsoft Defender for Endpoint", Some(Group::Endpoint)),
            ("azure.identity_protection", Some(Group::Identity)),
            ("okta.system", Some(Group::Identity)),
            ("Falcon", Some(Group::Endpoint)),
            ("GuardDuty", Some(Group::Cloud)),
            ("AWS Security Hub", Some(Group::Cloud)),
            ("Residuous", None),
            ("Suricata", None),
            ("", None),
        ] {
            assert_eq!(of(name), group, "{name}");
        }
    }
}
