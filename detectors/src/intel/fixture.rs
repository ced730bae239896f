//! A small made-up feed for the tests of this crate.

use std::sync::Arc;

use super::{Feeds, FeedsBuilder, Standing, parse};

/// An exit of Tor.
pub const TOR_EXIT: &str = "192.0.2.66";
/// An attacker's address.
pub const LISTED_IP: &str = "203.0.113.66";

const MALICIOUS: &str = "203.0.113.66\nlisted.example\nhttps://files.example/kit/login.html\n\
    d41d8cd98f00b204e9800998ecf8427e\nm@mail.example\n";

/// The feeds that cases and tests are asked with.
pub fn feeds() -> Arc<Feeds> {
    let mut builder = FeedsBuilder::default();
    let read = |text: &str| parse(text.as_bytes(), None).expect("a feed").indicators;
    builder.add("malicious", Standing::Malicious, Some(90), read(MALICIOUS));
    let agents = r#"{"Attribute":[{"type":"user-agent","value":"EvilBot/1.0"}]}"#;
    builder.add("agents", Standing::Malicious, Some(90), read(agents));
    builder.add("tor", Standing::Anonymizer, Some(90), read(TOR_EXIT));
    builder.add("allowed", Standing::Allowed, None, read("safe.listed.example"));
    builder.build()
}
