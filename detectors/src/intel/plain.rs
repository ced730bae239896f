//! Plain lists: one value a line. Tor's exit lists in their long form are such lists with words in front.

use super::format::Parsed;
use super::indicator::{Indicator, Observable};

/// Lines of Tor's exit list that hold no address.
const TOR_WORDS: [&str; 3] = ["ExitNode", "Published", "LastStatus"];

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for line in text.lines() {
        let value = value(line);
        if value.is_empty()
            || TOR_WORDS.iter().any(|word| value.strip_prefix(word).is_some_and(|rest| rest.starts_with(' ')))
        {
            continue;
        }
        parsed.take(Observable::guess(value).map(|observable| Indicator {
            observable,
            confidence: None,
            valid_until: None,
        }));
    }
    parsed
}

/// What a line says: without comment, and without what a hosts file or Tor puts in front.
fn value(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';']) || line.starts_with("//") {
        return "";
    }
    let line = line.split(" #").next().unwrap_or(line).split('\t').next().unwrap_or(line).trim();
    let line = ["0.0.0.0 ", "127.0.0.1 "].iter().find_map(|hosts| line.strip_prefix(hosts)).unwrap_or(line);
    match line.strip_prefix("ExitAddress ") {
        Some(rest) => rest.split(' ').next().unwrap_or_default(),
        None => line.trim_matches(['"', ',']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_and_the_rest_counted() {
        let text = "# list\n\n198.51.100.7 # why\nevil.example\n0.0.0.0 ads.example\nno value here\n\
            ExitNode 0011\nPublished 2024-01-01 00:00:00\nExitAddress 203.0.113.9 2024-01-01 00:00:00\n";
        let parsed = parse(text);
        let expected = ["198.51.100.7", "evil.example", "ads.example", "203.0.113.9"];
        let found: Vec<_> = parsed.indicators.into_iter().map(|indicator| Some(indicator.observable)).collect();
        assert_eq!(found, expected.map(Observable::guess));
        assert_eq!(parsed.skipped, 1);
    }
}
