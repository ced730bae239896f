//! The rules that come with Weir, with their cases.
//!
//! Every file of `correlator/rules` stands in this list, with a file of cases beside it that raises each of its rules
//! and keeps them silent; `tests/shipped.rs` fails where one is missing.

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
