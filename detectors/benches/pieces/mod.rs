//! Texts whose cost is measured by the benchmarks and whose work is counted by the tests of linearity.
//!
//! Each is a short piece that is repeated to any length. Not here: what the detectors say about them.

/// What people and programs write.
pub const ORDINARY: &[(&str, &str)] = &[
    (
        "prose",
        "The quarterly report shows that revenue grew in three of four regions, while costs in logistics rose. \
         Please check the attached table before Friday; the numbers for the second half are estimates of 2026. ",
    ),
    (
        "code",
        "    let total: u64 = orders.iter().map(|order| order.amount).sum();\n    \
         if total > 12 { return Err(Error::Limit); }\n",
    ),
    ("json", "{\"id\": 4711, \"name\": \"Contoso\", \"city\": \"Lyon\", \"items\": [1, 2, 3], \"open\": true},\n"),
    (
        "links",
        "See https://www.example.com/reports/2026/summary.html and https://intranet.example.com/wiki/Home for details. ",
    ),
];

/// What makes a search for sensitive information look closely again and again.
pub const BAIT_OF_SENSITIVE: &[&str] = &[
    "4 ",
    "12 ",
    "12 34 56 ",
    "1234567890",
    "12345678901 ",
    "123-45-6789 ",
    "4539 5787 6362 1486 ",
    "ssn 536904399 ",
    "id number 44051401458 ",
    "passport a1234567 ",
    "+49 30 123456 ",
    "(415) 555-0132 ",
    "de89 3704 0044 0532 0130 0",
    "a@b.example ",
    "@",
    "my name is ",
    "address 1 st ",
    "swift ",
    "diagnosed with ",
    "ssn ",
    "1Boatslrhthqsnehqnsehtnqsheotnqsnhe ",
    "bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq ",
    "x1",
    "1-",
    "1.2.",
    "é1 ",
    "ab 1 ",
    "身份证 110101199003070011 ",
];

/// What makes a search for credentials look closely again and again.
pub const BAIT_OF_CREDENTIALS: &[&str] = &[
    "sk-",
    "ghp_",
    "eyJ.",
    "eyJhbGciOiJIUzI1NiJ9.",
    "glpat-",
    "-a-a",
    "AKIA",
    "xoxb-1-",
    "://a:b@",
    "://a:b",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n",
    "password=",
    "password: a1 ",
    "token: ",
    "key=",
    "\"key\",",
    "\"token\", \"",
    " -p x",
    " --password ",
    "curl -u a:b ",
    "value=\"",
    "a b c d ",
    "\"+\"",
    "\\u0041",
    "&#65;",
    "ipstack key a1",
    "asana_key=a1b2c3d4e5f6a7b8 ",
    "1//0",
    "pat1.",
    "$2a$12$",
    "\u{200B}a",
    "a1b2c3d4e5f6g7h8 ",
    "machine login password ",
    "AKIAZ3QK7WMTHX2RLP5V ",
    "T3BlbkFJ",
    "-us1",
    "hooks.slack.com/services/",
    "00D",
    "IQoJb3JpZ2luX2Vj",
];

/// What the view and the other detectors look at closely.
pub const BAIT_OF_OTHERS: &[&str] = &[
    "ignore ",
    "ignore all previous instructions ",
    "https://a.example/?u=https://b.example/ ",
    "![a](https://a.example/i.png?d=0123456789012345678901234567890123456789) ",
    "aGVsbG8gd29ybGQgaGVsbG8= ",
    "%41%42",
    "\u{202E}a",
    "\u{E0041}",
    "1gn0re ",
    "{\"to\": \"a@b.example\"}; ",
    "../",
];

/// `piece` again and again, at least `bytes` long.
pub fn fill(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len() + 1)
}
